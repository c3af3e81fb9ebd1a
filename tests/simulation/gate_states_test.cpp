// Margin states and the day's loss in the gate: looked at again by records of the journal, so that a
// process that begins anew, and a replay, see what the first one saw.
#include <gtest/gtest.h>

#include "tests/support/gate_world.h"

namespace portcullis::test::gate_states_test {
namespace {

using namespace portcullis::risk;
using gateway::ouch::InboundMessage;

// Every account has had its turn.
void look_at_all(GateWorld& w) {
  const auto accounts = w.deployment().parameters.accounts.size();
  for (std::size_t slice = 0; slice <= accounts / gateway::gate::kRecheckSlice; ++slice) {
    w.now_ns += kSecondNs;
    EXPECT_TRUE(w.gate().recheck(w.now_ns));
    EXPECT_FALSE(w.gate().recheck(w.now_ns)) << "it is not time yet";
    w.deliver();
  }
}

AccountIndex account(const GateWorld& w, std::string_view name) {
  return w.deployment().names.accounts.find(name);
}

TEST(GateStates, AnAccountThatLosesItsMarginIsRestrictedUntilItHasItBack) {
  GateWorld w;
  const AccountIndex a = account(w, "bravo-1");
  const auto bravo = w.session("BRAVO1");
  const InstrumentIndex btc = w.deployment().names.instruments.find("BTC-PERP");
  const Mark mark = w.engine().mark(btc);
  look_at_all(w);
  EXPECT_EQ(w.engine().state(a), MarginState::Normal);

  // A position that its equity carries, and then no more.
  while (w.engine().margin(a, {w.now_ns}).available.raw >
         w.engine().margin(a, {w.now_ns}).equity.raw / 2) {
    ASSERT_TRUE(w.gate().load(LoadPosition{{w.now_ns}, {1'000}, {mark.raw / 5}, a, btc}));
  }
  ASSERT_GE(w.engine().margin(a, {w.now_ns}).available.raw, 0);
  Mark low = mark;
  while (w.engine().margin(a, {w.now_ns}).available.raw >= 0) {
    low.raw -= mark.raw / 50;
    ASSERT_GT(low.raw, 0);
    w.mark(btc, low);
  }
  EXPECT_EQ(w.engine().state(a), MarginState::Normal) << "a price alone changes no state";
  look_at_all(w);
  EXPECT_GE(w.engine().state(a), MarginState::Restricted);
  EXPECT_GE(w.counters().state_changes, 1u);

  // Kept by a process that begins anew; and the same by a replay.
  w.kill();
  ASSERT_TRUE(w.connect());
  EXPECT_GE(w.engine().state(a), MarginState::Restricted);
  EXPECT_EQ(w.check(), "");

  // The margin is there again, but nobody has looked: the state says no.
  w.mark(btc, mark);
  const Decision refused = w.enter(bravo, {.number = 1});
  EXPECT_EQ(refused.reason, RejectReason::MarginState);
  EXPECT_GT(refused.shortfall, 0);
  look_at_all(w);
  EXPECT_EQ(w.engine().state(a), MarginState::Normal);
  w.pass_time(1);  // with fresh prices
  EXPECT_EQ(w.enter(bravo, {.number = 2}).reason, RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

// It does not wait for its turn in the round.
TEST(GateStates, AnAccountThatPricesBringToAnEdgeIsLookedAtAtOnce) {
  GateWorld w;
  const AccountIndex a = account(w, "bravo-1");
  const InstrumentIndex btc = w.deployment().names.instruments.find("BTC-PERP");
  const Mark mark = w.engine().mark(btc);
  const auto look_at_due = [&] {
    int slices = 0;
    for (; w.gate().recheck_due(w.now_ns); ++slices) {
      EXPECT_FALSE(w.gate().recheck_due(w.now_ns)) << "it is not time yet";
      w.now_ns += kSecondNs / 1'000;
    }
    w.deliver();
    return slices;
  };
  while (w.engine().margin(a, {w.now_ns}).available.raw >
         w.engine().margin(a, {w.now_ns}).equity.raw / 2) {
    ASSERT_TRUE(w.gate().load(LoadPosition{{w.now_ns}, {1'000}, {mark.raw / 5}, a, btc}));
  }
  EXPECT_GT(look_at_due(), 0);  // it has traded
  EXPECT_EQ(look_at_due(), 0);
  w.mark(btc, {mark.raw + mark.raw / 10'000});  // too little to matter
  EXPECT_EQ(look_at_due(), 0);
  Mark low = mark;
  while (w.engine().margin(a, {w.now_ns}).available.raw >= 0) {
    low.raw -= mark.raw / 50;
    w.mark(btc, low);
  }
  EXPECT_EQ(w.engine().state(a), MarginState::Normal);
  EXPECT_GT(look_at_due(), 0);
  EXPECT_GE(w.engine().state(a), MarginState::Restricted);
  EXPECT_EQ(w.counters().state_changes, 1u);

  w.mark(btc, mark);
  EXPECT_GT(look_at_due(), 0);
  EXPECT_EQ(w.engine().state(a), MarginState::Normal);
  EXPECT_EQ(w.check(), "");
  w.kill();
  ASSERT_TRUE(w.connect());
  EXPECT_EQ(w.engine().state(a), MarginState::Normal);
}

TEST(GateStates, ADaysLossClosesUntilTheNextDay) {
  GateWorld w({{Change::Kind::Set, "limits.json", "profiles.client.daily_loss_max", "\"1000\""}});
  const AccountIndex a = account(w, "bravo-1");
  const auto bravo = w.session("BRAVO1");
  const InstrumentIndex btc = w.deployment().names.instruments.find("BTC-PERP");
  const Mark mark = w.engine().mark(btc);
  ASSERT_TRUE(w.gate().load(LoadPosition{{w.now_ns}, {1'000}, {mark.raw / 5}, a, btc}));
  look_at_all(w);  // the day begins
  EXPECT_EQ(w.enter(bravo, {.number = 1}).reason, RejectReason::None);

  // One coin loses 1,001 dollars, then finds them again: the day stays closed.
  w.mark(btc, {mark.raw - 10'010});
  EXPECT_EQ(w.enter(bravo, {.number = 2}).reason, RejectReason::DailyLoss);
  look_at_all(w);
  EXPECT_EQ(w.counters().days_closed, 1u);
  w.mark(btc, mark);
  EXPECT_EQ(w.enter(bravo, {.number = 3}).reason, RejectReason::DailyLoss);
  w.kill();
  ASSERT_TRUE(w.connect());
  EXPECT_EQ(w.enter(bravo, {.number = 4}).reason, RejectReason::DailyLoss);

  w.pass_time(24 * 3'600 * kSecondNs);
  look_at_all(w);
  EXPECT_EQ(w.enter(bravo, {.number = 5}).reason, RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

}  // namespace
}  // namespace portcullis::test::gate_states_test
