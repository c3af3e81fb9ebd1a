// A venue that begins anew tells executions that were booked already: one that was restored from an
// older stream, once an operator has said that the orders there are dead (ORDERLIFE 2).
#include <gtest/gtest.h>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::retold_trades_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using risk::Anomaly;

constexpr const char* kVenue = "VENUE00001";  // the name it has in every GateWorld

Change trades_remembered(const char* count) {
  return {Change::Kind::Set, "process.json", "capacities.trades", count};
}

class RetoldTrades : public ::testing::Test {
 protected:
  void begin(const std::vector<Change>& changes = {}) {
    world_ = std::make_unique<GateWorld>(changes);
    bravo_ = world_->session("BRAVO1");
  }
  GateWorld& w() { return *world_; }
  // An order of two that is executed at once, whole.
  void trade(std::uint32_t number, std::uint64_t match) {
    ASSERT_EQ(w().enter(bravo_, {.number = number, .quantity = 2}).number, number);
    w().say(accepted(number, {.quantity = 2, .firm = "BRV1"}));
    w().say(executed(number, 2, kAmznPrice, match));
  }
  // The venue is there again with these messages in its stream, and what was there is dead.
  void restore(const std::vector<ouch::OutboundMessage>& stream, const char* session = kVenue) {
    w().replace_venue(session);
    w().connect();
    ASSERT_EQ(w().gate().link(), gate::LinkState::Lost);
    w().orders_are_dead();
    w().deliver();
    w().owed(bravo_);
    for (const ouch::OutboundMessage& message : stream) w().say(message);
    ASSERT_TRUE(w().connect());
    ASSERT_EQ(w().gate().link(), gate::LinkState::Up);
  }
  std::int64_t position() { return w().position("bravo-1", "AMZN"); }

  std::unique_ptr<GateWorld> world_;
  risk::SessionIndex bravo_;
};

// The number of the order was still known, so that the execution was booked once more, as one that
// came late, and its client was told of it again.
TEST_F(RetoldTrades, AMatchThatIsToldAgainIsBookedOnce) {
  for (const char* session : {kVenue, "VENUE00002"}) {
    begin();
    w().enter(bravo_, {.number = 1});
    w().say(accepted(1, {.firm = "BRV1"}));
    w().say(executed(1, 40, kAmznPrice, 7));
    restore({accepted(1, {.firm = "BRV1"}), executed(1, 40, kAmznPrice, 7)}, session);
    EXPECT_EQ(position(), 40);
    EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 1U);
    EXPECT_TRUE(w().is_close_only("bravo-1"));
    EXPECT_FALSE(w().is_close_only("bravo-2"));
    EXPECT_EQ(w().owed(bravo_), Lines{});
    // What it tells of the same order under another match number is new here.
    w().say(executed(1, 10, kAmznPrice, 8));
    EXPECT_EQ(position(), 50);
    EXPECT_EQ(w().owed(bravo_), Lines{"E 1 10@2200000 A #8"});
    EXPECT_EQ(w().check(), "");
    w().kill();
    EXPECT_EQ(position(), 50);
    EXPECT_EQ(w().check(), "");
  }
}

// The same match number is another trade where it is of another order.
TEST_F(RetoldTrades, AMatchNumberOfAnotherOrderIsAnotherTrade) {
  begin();
  trade(1, 7);
  trade(2, 7);
  EXPECT_EQ(position(), 4);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 0U);
  restore({});
  w().enter(bravo_, {.number = 3, .quantity = 2});
  const std::uint32_t number = w().engine().next_number() - 1;
  w().say(accepted(number, {.quantity = 2, .firm = "BRV1"}));
  w().say(executed(number, 2, kAmznPrice, 7));
  EXPECT_EQ(position(), 6);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 0U);
  EXPECT_FALSE(w().is_close_only("bravo-1"));
  EXPECT_EQ(w().check(), "");
}

// What was broken is not booked: told again it is, and can be broken again.
TEST_F(RetoldTrades, ABrokenMatchThatIsToldAgainIsBrokenAgain) {
  begin();
  w().enter(bravo_, {.number = 1});
  w().say(accepted(1, {.firm = "BRV1"}));
  w().say(executed(1, 40, kAmznPrice, 7));
  w().say(broken(1, 7));
  EXPECT_EQ(position(), 0);
  restore({executed(1, 40, kAmznPrice, 7)});
  EXPECT_EQ(position(), 40);
  w().say(broken(1, 7));
  EXPECT_EQ(position(), 0);
  EXPECT_EQ(w().check(), "");
}

// Which executions of an order there were is remembered of the newest only: of the others it cannot
// be known whether they are told again. They are not booked, and somebody has to look.
TEST_F(RetoldTrades, AMatchThatIsNotRememberedAnyMoreIsNotBookedAgain) {
  begin({trades_remembered("16")});
  w().enter(bravo_, {.number = 1});
  w().say(accepted(1, {.firm = "BRV1"}));
  for (std::uint64_t match = 1; match <= 20; ++match) w().say(executed(1, 2, kAmznPrice, match));
  ASSERT_EQ(position(), 40);
  restore({executed(1, 2, kAmznPrice, 1), executed(1, 2, kAmznPrice, 20)});
  EXPECT_EQ(position(), 40);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 2U);
  EXPECT_TRUE(w().is_close_only("bravo-1"));
  // The link is up: what comes now is new, and the venue is right about trades.
  w().say(executed(1, 3, kAmznPrice, 21));
  EXPECT_EQ(position(), 43);
  EXPECT_EQ(w().check(), "");
  w().kill();
  EXPECT_EQ(position(), 43);
}

// Nor where the number is not remembered either: the order is adopted, for it may live there, and its
// executions found nothing that told against them.
TEST_F(RetoldTrades, AnOrderThatIsNotRememberedAnyMoreDoesNotTradeAgain) {
  begin({trades_remembered("16")});
  for (std::uint32_t number = 1; number <= 40; ++number) trade(number, number);
  ASSERT_EQ(position(), 80);
  ASSERT_EQ(w().engine().find_number(1), nullptr);
  restore({accepted(1, {.firm = "BRV1"}), executed(1, 60, kAmznPrice, 1)});
  EXPECT_EQ(position(), 80);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 1U);
  EXPECT_TRUE(w().is_close_only("bravo-1"));
  ASSERT_NE(w().engine().find_number(1), nullptr);
  const risk::NumberRecord& adopted = *w().engine().find_number(1);
  EXPECT_EQ(w().engine().order({adopted.order}).reserved.raw, 100) << "it may live there";
  w().say(executed(1, 40, kAmznPrice, 41));
  EXPECT_EQ(position(), 120);
  EXPECT_EQ(w().check(), "");
}

// An order that was never one of ours can be told of for the first time only.
TEST_F(RetoldTrades, TheOrdersOfANewNumberTradeWhereverTheirStreamBegins) {
  begin({trades_remembered("16")});
  for (std::uint32_t number = 1; number <= 40; ++number) trade(number, number);
  restore({accepted(70, {.firm = "BRV1"}), executed(70, 60, kAmznPrice, 1)});
  EXPECT_EQ(position(), 140);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 0U);
  EXPECT_EQ(w().check(), "");
}

// A snapshot holds what decides it.
TEST_F(RetoldTrades, ASnapshotKnowsWhatIsNotRememberedAnyMore) {
  begin({trades_remembered("16")});
  w().follow(1);
  for (std::uint32_t number = 1; number <= 40; ++number) trade(number, number);
  w().enter(bravo_, {.number = 41});
  w().say(accepted(41, {.firm = "BRV1"}));
  for (std::uint64_t match = 41; match <= 60; ++match) w().say(executed(41, 2, kAmznPrice, match));
  w().kill();
  ASSERT_GT(w().from_snapshot(), 0U);
  w().price();
  restore({accepted(1, {.firm = "BRV1"}), executed(1, 60, kAmznPrice, 1),
           executed(41, 2, kAmznPrice, 41)});
  EXPECT_EQ(position(), 120);
  EXPECT_EQ(w().anomalies(Anomaly::Duplicate), 2U);
}

}  // namespace
}  // namespace portcullis::test::retold_trades_test
