// The order store beside the engine: fed with the records of random stories, it must have every
// order that a client has at the venue, number by number, and executions that make up the positions.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "gateway/json/order_store.h"
#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test::order_store_test {
namespace {

namespace gate = gateway::gate;
namespace journal = gateway::journal;
using gateway::json::Execution;
using gateway::json::Order;
using gateway::json::OrderStore;
using gateway::json::OrderStoreLimits;
using support::test_scale;
using support::test_seed;

// As much as a story has.
constexpr OrderStoreLimits kAll{.closed_per_account = 100'000, .executions_per_account = 100'000};

class Beside {
 public:
  Beside(GateWorld& world, bool sound) : world_(world), sound_(sound) { begin(); }

  void look() {
    // Killed, and what was behind the cut is gone.
    if (world_.starts() != starts_) begin();
    world_.for_each_record(store_->sequence(), [&](const journal::RecordView& view) {
      store_->take(view);
      gate::RecordType type = static_cast<gate::RecordType>(view.type);
      risk::LoadPosition load;
      if (type == gate::RecordType::LoadPosition && journal::read_command(view, load))
        loaded_[{load.account.value, load.instrument.value}] += load.lots.raw;
    });
    compare_orders();
    if (sound_) compare_positions();
    if (++looks_ % 64 == 0) save_and_load();
  }

  [[nodiscard]] std::uint64_t orders_seen() const { return orders_seen_; }

 private:
  void begin() {
    starts_ = world_.starts();
    store_ = std::make_unique<OrderStore>(world_.deployment(), kAll);
    loaded_.clear();
  }

  void compare_orders() {
    std::size_t count = 0;
    const std::uint32_t capacity = world_.deployment().parameters.capacities.orders;
    for (risk::OrderIndex at = world_.engine().next_order(0, capacity); at.exists();
         at = world_.engine().next_order(at.value + 1, capacity)) {
      const risk::Order& theirs = world_.engine().order(at);
      if (!theirs.session.exists()) continue;  // nobody's
      ++count;
      compare(theirs);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(store_->open_count(), count) << "record " << store_->sequence();
    orders_seen_ += count;
  }

  void compare(const risk::Order& theirs) {
    const risk::NumberRecord& head = *world_.engine().find_number(theirs.head);
    SCOPED_TRACE("record " + std::to_string(store_->sequence()) + ", session " +
                 std::to_string(head.session.value) + ", number " +
                 std::to_string(head.client_ref));
    const Order* ours = store_->find(head.session, head.client_ref);
    ASSERT_NE(ours, nullptr);
    EXPECT_TRUE(is_open(ours->status));
    EXPECT_EQ(ours->head, head.client_ref);
    EXPECT_EQ(ours->number, theirs.head);
    EXPECT_EQ(ours->account, theirs.account);
    EXPECT_EQ(ours->instrument, theirs.instrument);
    EXPECT_EQ(ours->side == risk::Side::Buy, theirs.side == risk::Side::Buy);
    EXPECT_EQ(ours->quantity, theirs.total);
    EXPECT_EQ(ours->counted, theirs.cum);
    EXPECT_EQ(ours->cancelled, theirs.cancelled);
    EXPECT_EQ(ours->price, theirs.price);
    EXPECT_EQ(ours->acknowledged, theirs.acknowledged != 0);
    ASSERT_EQ(ours->pending_count, theirs.pending_count);
    for (std::uint8_t p = 0; p < theirs.pending_count; ++p) {
      const auto* const found =
          std::find_if(ours->pending.begin(), ours->pending.begin() + ours->pending_count,
                       [&](const auto& o) { return o.number == theirs.pending[p].number; });
      ASSERT_NE(found, ours->pending.begin() + ours->pending_count) << theirs.pending[p].number;
      EXPECT_EQ(found->quantity, theirs.pending[p].total);
      EXPECT_EQ(found->price, theirs.pending[p].price);
      // Whoever amends or cancels it next names a number that lives.
      EXPECT_NE(world_.engine().find_client(head.session, found->client_ref), nullptr);
    }
    EXPECT_NE(world_.engine().find_client(head.session, ours->newest()), nullptr);
  }

  void compare_positions() {
    const config::Deployment& d = world_.deployment();
    for (std::uint32_t a = 0; a < d.accounts.size(); ++a) {
      std::map<std::uint32_t, std::int64_t> sums;
      store_->each_execution({a}, [&](const Execution& e) {
        if (!e.broken) sums[e.instrument.value] += risk::sign_of(e.side) * e.quantity.raw;
        return true;
      });
      for (std::uint32_t i = 0; i < d.instruments.size(); ++i) {
        const auto loaded = loaded_.find({a, i});
        EXPECT_EQ(sums[i] + (loaded == loaded_.end() ? 0 : loaded->second),
                  world_.engine().position({a}, {i}).raw)
            << "record " << store_->sequence() << ", account " << a << ", instrument " << i;
      }
    }
  }

  // A store that was saved and loaded is as good as the one that has seen everything.
  void save_and_load() {
    std::vector<std::byte> before;
    store_->save(before);
    auto loaded = std::make_unique<OrderStore>(world_.deployment(), kAll);
    ASSERT_EQ(loaded->load(before), "");
    std::vector<std::byte> after;
    loaded->save(after);
    ASSERT_EQ(before, after);
    store_ = std::move(loaded);
  }

  GateWorld& world_;
  const bool sound_;
  std::unique_ptr<OrderStore> store_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> loaded_;
  int starts_ = 0;
  int looks_ = 0;
  std::uint64_t orders_seen_ = 0;
};

void compare_all(GateAudit::Venue venue) {
  std::vector<std::unique_ptr<Beside>> all;
  const std::int64_t worlds = test_scale(8);
  const bool is_sound = venue == GateAudit::Venue::Sound;
  // What an operator says of positions is no execution.
  run_random_gates(venue, test_seed(7), worlds, 2'000,
                   {.facts = !is_sound, .watch = [&](GateWorld& world) {
                      all.push_back(std::make_unique<Beside>(world, is_sound));
                      return [beside = all.back().get()] { beside->look(); };
                    }});
  std::uint64_t seen = 0;
  for (const auto& beside : all) seen += beside->orders_seen();
  EXPECT_GT(seen, static_cast<std::uint64_t>(worlds) * 1'000);
}

TEST(OrderStoreBesideTheEngine, HasEveryOrderAndPositionWithASoundVenue) {
  compare_all(GateAudit::Venue::Sound);
}

TEST(OrderStoreBesideTheEngine, HasEveryOrderWithAHostileVenue) {
  compare_all(GateAudit::Venue::Hostile);
}

}  // namespace
}  // namespace portcullis::test::order_store_test
