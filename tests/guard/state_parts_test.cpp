// Every member of a state that is saved is named where it is saved: one that has been added and not
// named leaves a hole.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <type_traits>
#include <vector>

#include "gateway/gate/gate_parts.h"
#include "risk/engine_parts.h"
#include "tests/support/engine_subject.h"
#include "tests/support/gate_world.h"
#include "tests/support/random_world.h"

namespace portcullis::state_parts_test {
namespace {

// Takes the names like the classes of saved_state.h, and looks where the members are.
class Members {
 public:
  Members(const void* object, std::size_t size)
      : begin_(reinterpret_cast<std::uintptr_t>(object)), size_(size) {}

  template <class T>
  void one(const T& value) {
    see(value);
  }
  template <class T, class A>
  void first(const std::vector<T, A>& values, std::size_t) {
    see(values);
  }
  template <class T, class A>
  void all(const std::vector<T, A>& values) {
    see(values);
  }
  template <class T>
  void same(const T& value) {
    see(value);
  }
  template <class T>
  void rebuilt(const T& value) {
    see(value);
  }
  template <class T>
  void fixed(const T& value) {
    see(value);
  }

  // Where the first member begins, and behind the last one, from the object's address.
  [[nodiscard]] std::size_t first_at() const { return first_; }
  [[nodiscard]] std::size_t end() const { return at_; }
  [[nodiscard]] int count() const { return count_; }

 private:
  template <class T>
  void see(const T& value) {
    const auto address = reinterpret_cast<std::uintptr_t>(&value);
    if (address < begin_ || address >= begin_ + size_) return;  // no member: a part of one, a count
    const std::size_t offset = address - begin_;
    if (count_ == 0) first_ = at_ = offset;
    const std::size_t expected = (at_ + alignof(T) - 1) / alignof(T) * alignof(T);
    EXPECT_EQ(offset, expected) << "a member before number " << count_ + 1 << ", of " << sizeof(T)
                                << " bytes, is not named, or not in its place";
    at_ = offset + sizeof(T);
    ++count_;
  }

  std::uintptr_t begin_;
  std::size_t size_;
  std::size_t first_ = 0;
  std::size_t at_ = 0;
  int count_ = 0;
};

// Takes the names likewise, and what each member holds, saved or not, where it is plain bytes.
class Contents {
 public:
  struct Member {
    const void* address = nullptr;
    std::vector<std::byte> bytes{};
  };
  template <class T>
  void one(const T& value) {
    keep(value);
  }
  template <class T, class A>
  void first(const std::vector<T, A>& values, std::size_t count) {
    members.push_back({&values, bytes_of(std::span(values).first(count))});
  }
  template <class T, class A>
  void all(const std::vector<T, A>& values) {
    keep(values);
  }
  template <class T>
  void same(const T& value) {
    keep(value);
  }
  template <class T>
  void rebuilt(const T& value) {
    keep(value);
  }
  template <class T>
  void fixed(const T& value) {
    keep(value);
  }
  std::vector<Member> members{};

 private:
  template <class T>
  static std::vector<std::byte> bytes_of(std::span<const T> values) {
    const std::span<const std::byte> bytes = std::as_bytes(values);
    return {bytes.begin(), bytes.end()};
  }
  template <class T>
  void keep(const T& value) {
    members.push_back({&value, {}});
    if constexpr (std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>)
      members.back().bytes = bytes_of(std::span(&value, 1));
  }
  template <class T, class A>
  void keep(const std::vector<T, A>& values) {
    members.push_back({&values, {}});
    if constexpr (std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> &&
                  !std::is_same_v<T, bool>)
      members.back().bytes = bytes_of(std::span(values));
  }
};

std::size_t padded(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

TEST(StateParts, NameEveryMemberOfTheEngine) {
  support::Rng rng(1);
  const auto engine = std::make_unique<risk::Engine>(support::random_parameters(rng));
  Members members(engine.get(), sizeof(risk::Engine));
  risk::Engine::for_each_part(*engine, members);
  EXPECT_EQ(members.first_at(), 0u);
  EXPECT_EQ(padded(members.end(), alignof(risk::Engine)), sizeof(risk::Engine));
  EXPECT_GT(members.count(), 80);
}

TEST(StateParts, NameEveryMemberOfTheGate) {
  const config::Deployment deployment = test::small_deployment();
  const auto gate = std::make_unique<gateway::gate::Gate>(deployment, nullptr);
  Members members(gate.get(), sizeof(gateway::gate::Gate));
  gateway::gate::Gate::for_each_part(*gate, members);
  EXPECT_EQ(members.first_at(), sizeof(void*));  // behind a reference, which has no address
  EXPECT_EQ(padded(members.end(), alignof(gateway::gate::Gate)), sizeof(gateway::gate::Gate));
  EXPECT_GE(members.count(), 40);
}

// A member that is not saved, though it should be, is another one in a loaded engine, whether or not a
// decision ever shows it.
TEST(StateParts, ALoadedEngineHoldsWhatTheSavedOneDoes) {
  support::Rng seeds(support::test_seed(13));
  for (std::int64_t world = support::test_scale(30); world > 0; --world) {
    support::Rng rng(seeds.next());
    const risk::Parameters parameters = support::random_parameters(rng);
    support::NaiveModel model(parameters);
    support::CommandSource source(model, rng.next());
    std::deque<risk::RiskTable> tables;
    support::Subject saved(parameters);
    const auto step = [&](const support::Command& command) {
      const risk::RiskTable* table = nullptr;
      if (const auto* publish = std::get_if<support::PublishTable>(&command))
        table = &tables.emplace_back(support::table_of(*publish, parameters));
      support::tell(model, command);
      saved.tell(command, table);
    };
    for (const support::Command& command : source.opening()) step(command);
    for (int i = 0; i < 400; ++i) step(source.next());
    std::vector<std::byte> bytes(saved.engine->saved_bytes());
    saved.engine->save(bytes);
    const auto loaded = std::make_unique<risk::Engine>(parameters);
    ASSERT_EQ(loaded->load(bytes, saved.in_force), nullptr);
    Contents ours;
    Contents theirs;
    risk::Engine::for_each_part(*saved.engine, ours);
    risk::Engine::for_each_part(*loaded, theirs);
    ASSERT_EQ(ours.members.size(), theirs.members.size());
    // What is between the members of their elements is anything, and scratch means nothing.
    const std::set<const void*> not_compared{&saved.engine->gain_haircuts_, &saved.engine->uses_,
                                             &saved.engine->scratch_};
    for (std::size_t m = 0; m < ours.members.size(); ++m) {
      if (not_compared.contains(ours.members[m].address)) continue;
      EXPECT_TRUE(ours.members[m].bytes == theirs.members[m].bytes)
          << "member number " << m + 1 << " of for_each_part";
    }
    // Theirs are no plain bytes.
    for (std::size_t p = 0; p < saved.engine->protections_.size(); ++p) {
      EXPECT_EQ(saved.engine->protections_[p].in_vector, loaded->protections_[p].in_vector);
      EXPECT_TRUE(saved.engine->protections_[p].span == loaded->protections_[p].span);
    }
  }
}

}  // namespace
}  // namespace portcullis::state_parts_test
