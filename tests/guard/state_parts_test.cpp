// Every member of a state that is saved is named where it is saved: one that has been added and not
// named leaves a hole.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/gate/gate_parts.h"
#include "risk/engine_parts.h"
#include "tests/support/gate_world.h"
#include "tests/support/random_world.h"

namespace portcullis {
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
  template <class T>
  void first(const std::vector<T>& values, std::size_t) {
    see(values);
  }
  template <class T>
  void all(const std::vector<T>& values) {
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

}  // namespace
}  // namespace portcullis
