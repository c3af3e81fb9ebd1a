// A saved order store that is not what was saved: every byte changed, every length. It is refused with a
// reason, and the store is as it was; or it is another store, which saves what it was given, answers,
// and takes the records that follow.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "gateway/json/order_store.h"
#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test::order_store_damage_test {
namespace {

namespace journal = gateway::journal;
using gateway::json::Execution;
using gateway::json::Order;
using gateway::json::OrderStore;
using gateway::json::OrderStoreLimits;
using gateway::json::text_of;
using support::Rng;
using support::test_scale;
using support::test_seed;

// Small, so that every byte can have its turn.
constexpr OrderStoreLimits kFew{.closed_per_account = 3, .executions_per_account = 4};

std::vector<std::byte> saved(const OrderStore& store) {
  std::vector<std::byte> bytes;
  store.save(bytes);
  return bytes;
}

// Everything that is asked of a store. The sum keeps the compiler from leaving it out.
std::size_t ask_everything(const OrderStore& store, const config::Deployment& deployment) {
  std::size_t sum = 0;
  for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a) {
    const auto ask = [&](const Order& order) {
      const std::string_view link(order.link.data(), strnlen(order.link.data(), order.link.size()));
      sum += store.find(order.session, order.newest()) != nullptr ? 1U : 0U;
      sum += store.find_by_id({a}, text_of(order.id)) != nullptr ? 1U : 0U;
      sum += store.find_by_link({a}, link) != nullptr ? 1U : 0U;
      sum += store.target_by_id({a}, text_of(order.id)).known ? 1U : 0U;
      sum += store.target_by_link({a}, link).known ? 1U : 0U;
      return true;
    };
    store.each_open({a}, ask);
    store.each_closed({a}, ask);
    store.each_execution({a}, [&](const Execution& execution) {
      sum += execution_id(execution).size();
      return true;
    });
  }
  return sum + store.open_count() + store.unattributed();
}

class Damage {
 public:
  Damage(GateWorld& world, std::uint64_t seed) : world_(world), rng_(seed) {}

  // Once something has been saved, and records have come behind it.
  void look() {
    if (done_ || ++looks_ < 300) return;
    // A process that is killed may take records with it.
    if (good_.empty() || world_.starts() != starts_) {
      OrderStore store(world_.deployment(), kFew);
      feed(store);
      good_ = saved(store);
      saved_at_ = looks_;
      starts_ = world_.starts();
    }
    if (looks_ < saved_at_ + 20) return;
    every_byte_changed();
    every_length();
    done_ = true;
  }
  [[nodiscard]] bool is_done() const { return done_; }
  [[nodiscard]] std::size_t loaded() const { return loaded_; }
  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  void feed(OrderStore& store) {
    world_.for_each_record(store.sequence(),
                           [&](const journal::RecordView& view) { store.take(view); });
  }
  // A store with something in it that must not be lost.
  void try_to_load(std::span<const std::byte> bytes, bool go_on) {
    OrderStore store(world_.deployment(), kFew);
    ASSERT_EQ(store.load(good_), "");
    const std::string why = store.load(bytes);
    if (!why.empty()) {
      ++refused_;
      EXPECT_TRUE(why.starts_with("is ") || why.starts_with("has ")) << why;
      ASSERT_EQ(saved(store), good_) << why;
      return;
    }
    ++loaded_;
    const std::vector<std::byte> again = saved(store);
    ASSERT_TRUE(std::ranges::equal(again, bytes));
    EXPECT_GT(ask_everything(store, world_.deployment()), 0U);
    if (!go_on) return;
    feed(store);
    ask_everything(store, world_.deployment());
    // What it has become can be saved and loaded too.
    OrderStore other(world_.deployment(), kFew);
    const std::vector<std::byte> later = saved(store);
    EXPECT_EQ(other.load(later), "");
    EXPECT_EQ(saved(other), later);
  }
  void every_byte_changed() {
    for (std::size_t at = 0; at < good_.size() && !testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE("byte " + std::to_string(at) + " of " + std::to_string(good_.size()));
      std::vector<std::byte> bytes = good_;
      bytes[at] ^= std::byte{1} << rng_.between(0, 7);
      try_to_load(bytes, at % 8 == 0);
      bytes = good_;
      bytes[at] = ~bytes[at];
      try_to_load(bytes, at % 8 == 0);
    }
  }
  void every_length() {
    for (std::size_t size = 0; size < good_.size() && !testing::Test::HasFailure(); ++size) {
      SCOPED_TRACE(std::to_string(size) + " bytes of " + std::to_string(good_.size()));
      OrderStore store(world_.deployment(), kFew);
      EXPECT_NE(store.load(std::span(good_).first(size)), "");
      EXPECT_EQ(store.open_count(), 0U);
    }
    std::vector<std::byte> longer = good_;
    longer.push_back({});
    OrderStore store(world_.deployment(), kFew);
    EXPECT_EQ(store.load(longer), "has something behind its end");
  }

  GateWorld& world_;
  Rng rng_;
  std::vector<std::byte> good_;
  int looks_ = 0;
  int saved_at_ = 0;
  int starts_ = 0;
  bool done_ = false;
  std::size_t loaded_ = 0;
  std::size_t refused_ = 0;
};

TEST(OrderStoreDamage, IsRefusedOrIsAnotherStore) {
  const std::uint64_t seed = test_seed(12);
  std::vector<std::unique_ptr<Damage>> all;
  run_random_gates(GateAudit::Venue::Sound, seed, test_scale(4), 600,
                   {.watch = [&](GateWorld& world) {
                     all.push_back(std::make_unique<Damage>(world, seed));
                     return [damage = all.back().get()] { damage->look(); };
                   }});
  std::size_t loaded = 0;
  std::size_t refused = 0;
  std::size_t done = 0;
  for (const auto& damage : all) {
    loaded += damage->loaded();
    refused += damage->refused();
    done += damage->is_done() ? 1U : 0U;
  }
  std::printf("%zu worlds: %zu refused, %zu loaded\n", done, refused, loaded);
  EXPECT_GT(done, 0U);
  EXPECT_GT(refused, 1'000 * done);
  EXPECT_GT(loaded, 1'000 * done);
}

}  // namespace
}  // namespace portcullis::test::order_store_damage_test
