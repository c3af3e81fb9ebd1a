// One test for each bug that the engine has had, named after it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::engine_regression_test {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

// A line in an asset that has no index is risk nobody can see, even while nothing is gained or lost
// in that asset: with X = 0 the account was taken for fresh.
TEST(EngineRegression, ALineWhoseSettlementAssetIsUnpricedIsStaleWithNothingHeldInIt) {
  Parameters p = small_parameters();
  p.instruments[kEthPerp.value].settlement = kBtc;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100'000);
  w.mark(kEthPerp, 4'000);
  w.balance(0, kUsd, usd(1'000'000));
  w.position(0, kEthPerp, 1'000, 4'000);  // no gain: X of the coin is 0
  EXPECT_TRUE(w.subject.margin(AccountIndex{0}, {w.now}).stale);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::StaleRiskTable);
  w.index(kBtc, 100'000);
  EXPECT_FALSE(w.subject.margin(AccountIndex{0}, {w.now}).stale);
  w.now += kHour + 1;
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100'000);
  w.mark(kEthPerp, 4'000);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::StaleRiskTable);
}

// Room for a line asked for two group slots although none was missing.
TEST(EngineRegression, ANewLineNeedsOnlyTheGroupSlotsThatAreMissing) {
  Parameters p = small_parameters();
  p.capacities.group_slots = 2;  // account 0 in both groups
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) w.mark(i, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
  EXPECT_TRUE(w.buy(0, kEthPerp, 1, 1'000).accepted());
  EXPECT_TRUE(w.buy(0, kBtcDated, 1, 1'000).accepted());
  w.balance(1, kUsd, usd(1'000'000));
  EXPECT_EQ(w.buy(1, kBtcDated, 1, 1'000).reason, RejectReason::OrderCapacity);
}

// A minimum quantity belongs to immediate-or-cancel; with fill-or-kill it was let through.
TEST(EngineRegression, AMinimumQuantityWithFillOrKillIsRefused) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  NewOrder order = w.order(0, kBtcPerp, Side::Buy, 5, 1'000);
  order.min_quantity = {2};
  order.time_in_force = TimeInForce::FillOrKill;
  EXPECT_EQ(w.enter(order).reason, RejectReason::InvalidMinQty);
  order.time_in_force = TimeInForce::ImmediateOrCancel;
  EXPECT_TRUE(w.enter(order).accepted());
}

// A reducing limit order skips the collar while the mark is stale or missing; a missing index of
// the settlement asset says nothing about the mark.
TEST(EngineRegression, TheCollarHoldsWhileOnlyTheIndexIsMissing) {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 10'000;
  Driver<Engine> w(p);
  w.mark(kBtcPerp, 1'000);
  w.position(0, kBtcPerp, 5, 1'000);
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 989).reason, RejectReason::PriceCollar);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 990).accepted());
  w.now += kHour + 1;  // the mark is stale: no collar
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 500).accepted());
}

// The session is exhausted when fewer than a million numbers remain; at a million it was so
// already.
TEST(EngineRegression, AMillionNumbersLeftAreEnough) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  w.subject.raise_next_number(0xFFFFFFFF - 1'000'000 + 1);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::SessionExhausted);
}

// With the mark below the first tick the collar price of a market buy is 0, and it was sent at
// that.
TEST(EngineRegression, AMarketOrderWithoutATickInsideTheCollarIsRefused) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].marks_per_tick = 10;
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 100'000;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 9);
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_EQ(w.market(0, kBtcPerp, Side::Buy, 1).reason, RejectReason::PriceCollar);
  EXPECT_EQ(w.market(0, kBtcPerp, Side::Sell, 1).price, 1);
  w.mark(kBtcPerp, 10);
  EXPECT_EQ(w.market(0, kBtcPerp, Side::Buy, 1).price, 1);
}

// A replace's total counts executed lots, not cancelled ones: after a partial cancel it was judged
// by less than it then reserved, and a limit leaked; one below what had been cancelled was refused.
TEST(EngineRegression, AReplaceAfterAPartialCancelIsJudgedByAllThatItReserves) {
  Parameters p = small_parameters();
  p.profiles[0].instruments[kBtcPerp.value].long_max = Lots{10};
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  const Answer first = w.buy(0, kBtcPerp, 10, 1'000);
  w.venue(VenueEventType::Accepted, first.number, 10, 1'000);
  w.venue(VenueEventType::Canceled, first.number, 5);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 5, 1'000).accepted());
  EXPECT_EQ(w.replace(first.client_ref, 10, 1'000).reason, RejectReason::LongLimit);
  EXPECT_TRUE(w.replace(first.client_ref, 4, 1'000).accepted());
}

// Of two sessions that suspended one account only the first was remembered: when that one resumed,
// the account traded on although the other still had it suspended.
TEST(EngineRegression, EachSessionsSuspensionHoldsUntilItLiftsItItself) {
  Parameters p = small_parameters();
  p.sessions[1].accounts = {AccountIndex{1}};
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(1, kUsd, usd(1'000'000));
  const auto control = [&](SessionIndex by, std::uint32_t account, ControlAction action) {
    w.subject.apply(Control{{w.now}, account, by, ControlScope::Account, action, {}});
  };
  const auto reason = [&] { return w.buy(1, kBtcPerp, 1, 1'000).reason; };
  const std::uint64_t before = w.subject.state_hash();
  control({0}, 1, ControlAction::Suspend);
  control({1}, 1, ControlAction::Suspend);
  const std::uint64_t both = w.subject.state_hash();
  control({0}, 1, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::Suspended);
  EXPECT_NE(w.subject.state_hash(), both);
  control({1}, 1, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::None);
  control({0}, 1, ControlAction::Suspend);
  control({1}, 1, ControlAction::Suspend);
  control({}, 1, ControlAction::Resume);  // the operator lifts all of them
  EXPECT_EQ(reason(), RejectReason::None);
  control({1}, 0, ControlAction::Suspend);  // an account that the session may not use
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::None);
  EXPECT_NE(w.subject.state_hash(), before);
  EXPECT_EQ(w.subject.verify(), nullptr);
}

// Costs and gains of fills change what an account has of the asset they are paid in. Where that
// rises in a scenario, the gain on it covered a short position, and a fill's cost took a part of
// that cover away which nothing had been held for: R fell by more than was reserved.
TEST(EngineRegression, AnAssetThatRisesInAScenarioCannotBeTheOneThatGainsArePaidIn) {
  Parameters p = small_parameters();
  p.instruments[kEthPerp.value].settlement = kBtc;
  EXPECT_EQ(first_problem(p), nullptr);  // static
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  ASSERT_NE(first_problem(p), nullptr);
  for (std::int32_t& shock : p.groups[0].shock_ppm) shock = std::min(shock, -shock);
  EXPECT_EQ(first_problem(p), nullptr);  // it only falls, by 16 % at most
  p.per_group.initial_mult_ppm = 6'250'000;
  EXPECT_EQ(first_problem(p), nullptr);
  p.per_group.initial_mult_ppm =
      6'250'001;  // a gain would lose more in a scenario than it is worth
  EXPECT_NE(first_problem(p), nullptr);
}

// The loader takes a leverage of 1,000 and 12 digits below the quantum; with a large balance the
// product of both left 128 bits, and the order was refused.
TEST(EngineRegression, ALeverageLimitBeyondAllNumbersIsNone) {
  Parameters p = small_parameters();
  p.wide_denominator = 1'000'000'000'000;
  p.assets[kUsd.value].wide_per_index = p.wide_denominator;
  p.profiles[0].leverage_max_ppm = 1'000 * kPpm;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, kValueMax / 2);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
  w.balance(0, kUsd, -kValueMax / 2);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::Leverage);
  w.balance(0, kUsd, -kValueMax / 2);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::Leverage);
}

// A balance of an asset that moves takes a place in its group; without one the process ended.
TEST(EngineRegression, ABalanceThatDoesNotFitIsRefused) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  p.capacities.group_slots = 1;
  Engine engine(p);
  EXPECT_TRUE(engine.apply(LoadBalance{{}, 5, {0}, kBtc}));
  EXPECT_FALSE(engine.apply(LoadBalance{{}, 5, {1}, kBtc}));
  EXPECT_EQ(engine.balance({1}, kBtc).raw, 0);
  EXPECT_TRUE(engine.apply(LoadBalance{{}, 5, {1}, kUsd}));
  EXPECT_TRUE(engine.apply(LoadBalance{{}, 5, {0}, kBtc}));
}

// What reduces passes while a figure is out of range: with an exposure beyond what the vectors hold
// neither leg can be worked out, and a position that large could not be closed.
template <class Subject>
class EngineRange : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(EngineRange, Subjects);

TYPED_TEST(EngineRange, AnExposureOutOfRangeCanBeReduced) {
  Parameters p = small_parameters();
  for (LimitProfile& profile : p.profiles) {
    for (InstrumentLimits& limits : profile.instruments)
      limits.notional_max = limits.gross_notional_max = {INT64_MAX};
    profile.gross_notional_max = {INT64_MAX};
  }
  Driver<TypeParam> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100'000);
  w.balance(0, kUsd, kValueMax / 2);
  w.position(0, kBtcPerp, 20'000'000, 100'000);  // 2e18 quanta, beyond 2^60
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::ArithmeticRange);
  EXPECT_EQ(w.sell(0, kEthPerp, 1, 100'000).reason, RejectReason::NoReferencePrice);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1'000'000, 100'000).accepted());
  // With the sale that rests all of it would flip the position.
  EXPECT_EQ(w.sell(0, kBtcPerp, 20'000'000, 100'000).reason, RejectReason::ArithmeticRange);
  w.subject.apply(Control{{w.now}, 0, {}, ControlScope::Account, ControlAction::CloseOnly, {}});
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::CloseOnly);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1'000'000, 100'000).accepted());
  EXPECT_EQ(w.sell(0, kBtcPerp, 20'000'000, 100'000).reason, RejectReason::CloseOnly);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 18'000'000, 100'000).accepted());
}

// A minimum quantity in a replace is found by the decoder, and was named before a quantity that is
// none.
TEST(EngineRegression, TheMinimumOfAReplaceIsNamedAfterItsQuantity) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  const Answer first = w.buy(0, kBtcPerp, 5, 1'000);
  ReplaceOrder replace = w.replacement(first.client_ref, 5, 0);
  replace.unsupported = RejectReason::InvalidMinQty;
  replace.flags = kOffLot;
  const auto decide = [&] {
    replace.client_ref = ++w.client_ref;
    return w.subject.submit(replace);
  };
  replace.time_in_force = TimeInForce::ImmediateOrCancel;
  EXPECT_EQ(decide().reason, RejectReason::ReplaceNotAllowed);
  replace.time_in_force = TimeInForce::Day;
  EXPECT_EQ(decide().reason, RejectReason::InvalidQuantity);
  replace.flags = 0;
  const Decision decision = decide();
  EXPECT_EQ(decision.reason, RejectReason::InvalidMinQty);
  EXPECT_GT(decision.shortfall, 0);
  EXPECT_EQ(decision.largest_passing, Lots{0});
  replace.unsupported = RejectReason::None;
  EXPECT_EQ(decide().reason, RejectReason::PriceTick);
}

// A minimum quantity was refused against a limit that is not its own, and a smaller quantity was
// offered, which repairs nothing.
TEST(EngineRegression, AMinimumQuantityIsRefusedWithItsShortfall) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  NewOrder order = w.order(0, kBtcPerp, Side::Buy, 5, 1'000);
  const auto decide = [&](TimeInForce life, std::int64_t least) {
    order.time_in_force = life;
    order.min_quantity = {least};
    order.client_ref = ++w.client_ref;
    return w.subject.submit(order);
  };
  const Decision day = decide(TimeInForce::Day, 2);
  EXPECT_EQ(day.reason, RejectReason::InvalidMinQty);
  EXPECT_EQ(day.limit, 0);
  EXPECT_EQ(day.shortfall, 2);
  const Decision above = decide(TimeInForce::ImmediateOrCancel, 7);
  EXPECT_EQ(above.reason, RejectReason::InvalidMinQty);
  EXPECT_EQ(above.limit, 5);
  EXPECT_EQ(above.shortfall, 2);
  EXPECT_EQ(above.largest_passing, Lots{0});  // no smaller quantity repairs it
}

// Refusals for want of room, numbers, tokens or fresh prices said nothing of their arithmetic,
// although the table of reasons gives it a unit.
TEST(EngineRegression, EveryReasonWithAUnitHasAShortfall) {
  struct Case {
    RejectReason reason;
    std::int64_t limit;
    std::int64_t shortfall;
  };
  Parameters p = small_parameters();
  p.capacities.orders = 1;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.mark(kEthPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  const auto expect = [&](std::int64_t lots, const Case& expected) {
    NewOrder order = w.order(0, kBtcPerp, Side::Buy, lots, 1'000);
    order.client_ref = ++w.client_ref;
    const Decision decision = w.subject.submit(order);
    EXPECT_EQ(decision.reason, expected.reason);
    EXPECT_EQ(decision.limit, expected.limit);
    EXPECT_EQ(decision.shortfall, expected.shortfall);
  };
  const Answer only = w.buy(0, kBtcPerp, 1, 1'000);
  ASSERT_TRUE(only.accepted());
  expect(1, {RejectReason::OrderCapacity, 1, 1});
  w.venue(VenueEventType::Canceled, only.number, 1);
  w.subject.raise_next_number(0xFFFFFFFF - 999'998);
  expect(1, {RejectReason::SessionExhausted, 1'000'000, 1});
  w.now += kHour / 2;
  w.mark(kBtcPerp, 1'000);
  w.position(0, kEthPerp, 1, 1'000);
  w.now += kHour / 2 + 7;
  w.index(kUsd, 1);
  expect(1, {RejectReason::StaleRiskTable, w.now - 7, 7});  // the other instrument's mark
}

TEST(EngineRegression, ARefusalForItsRateSaysWhenTheNextTokenIsThere) {
  Parameters p = small_parameters();
  p.accounts[0].rate = {.per_second = 10, .burst = 3, .exit_per_second = 5, .exit_burst = 1};
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  w.position(0, kBtcPerp, 9, 1'000);
  const auto enter = [&](Side side) {
    NewOrder order = w.order(0, kBtcPerp, side, 1, 1'000);
    order.client_ref = ++w.client_ref;
    return w.subject.submit(order);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(enter(Side::Buy).reason, RejectReason::None);
  w.now += 30'000'000;
  const Decision refused = enter(Side::Buy);
  EXPECT_EQ(refused.reason, RejectReason::Rate);
  EXPECT_EQ(refused.level, NodeLevel::Account);
  EXPECT_EQ(refused.node, 0U);
  EXPECT_EQ(refused.limit, 200'000'000);  // three at once, then one each tenth of a second
  EXPECT_EQ(refused.shortfall, 70'000'000);
  EXPECT_EQ(enter(Side::Sell).reason, RejectReason::None);  // from the second budget
  const Decision exit = enter(Side::Sell);
  EXPECT_EQ(exit.reason, RejectReason::Rate);
  EXPECT_EQ(exit.disconnect, 1);
  EXPECT_EQ(exit.shortfall, kSecondNs / 5);
  const Decision cancel = w.subject.submit(CancelOrder{{w.now}, {0}, {0}, 1});
  EXPECT_EQ(cancel.reason, RejectReason::Rate);
  EXPECT_EQ(cancel.level, NodeLevel::Account);  // the session's budget is not empty
  EXPECT_EQ(cancel.shortfall, kSecondNs / 5);
  w.now += kSecondNs / 5 - 1;
  EXPECT_EQ(w.subject.submit(CancelOrder{{w.now}, {0}, {0}, 1}).shortfall, 1);
  w.now += 1;
  EXPECT_EQ(w.subject.submit(CancelOrder{{w.now}, {0}, {0}, 1}).reason, RejectReason::None);
}

// Of a type, a life and a flag that are all wrong the list names the life first; a market order
// that the instrument does not take was named before it, and so was a replace that is none.
TEST(EngineRegression, LifeAndFlagsComeBeforeMarketOrdersAndReplaces) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcDated, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  NewOrder order = w.order(0, kBtcDated, Side::Buy, 5, 1'000);
  order.ord_type = OrdType::Market;
  order.flags = kPostOnly;
  EXPECT_EQ(w.enter(order).reason, RejectReason::UnsupportedTimeInForce);
  order.time_in_force = TimeInForce::ImmediateOrCancel;
  EXPECT_EQ(w.enter(order).reason, RejectReason::UnsupportedFlag);
  order.flags = 0;
  EXPECT_EQ(w.enter(order).reason, RejectReason::MarketOrderNotAllowed);

  const Answer first = w.buy(0, kBtcDated, 5, 1'000);
  ReplaceOrder replace = w.replacement(first.client_ref, 4, 1'000);
  replace.ord_type = OrdType::Market;
  replace.flags = kPostOnly;
  EXPECT_EQ(w.enter(replace).reason, RejectReason::UnsupportedTimeInForce);
  replace.time_in_force = TimeInForce::ImmediateOrCancel;
  EXPECT_EQ(w.enter(replace).reason, RejectReason::UnsupportedFlag);
  replace.flags = 0;
  EXPECT_EQ(w.enter(replace).reason, RejectReason::MarketOrderNotAllowed);
  replace.ord_type = OrdType::Limit;
  EXPECT_EQ(w.enter(replace).reason, RejectReason::ReplaceNotAllowed);
}

// One order of 10 at 1,000 of account 0, accepted, and what the venue does to it.
struct OneOrder : Driver<Engine> {
  OneOrder() : Driver(small_parameters()) {
    index(kUsd, 1);
    mark(kBtcPerp, 1'000);
    balance(0, kUsd, usd(1'000'000));
    answer = buy(0, kBtcPerp, 10, 1'000);
    head = answer.number;
    venue(VenueEventType::Accepted, head, 10, 1'000);
  }
  [[nodiscard]] const Order& state() const {
    return subject.order({subject.find_number(head)->order});
  }
  bool is_disputed() { return buy(0, kBtcPerp, 1, 1'000).reason == RejectReason::CloseOnly; }
  Answer answer;
  std::uint32_t head = 0;
};

// A replace that executed, though the venue never said Replaced, left its original as the head: it
// never ended, and held what no venue had any more.
TEST(EngineRegression, AReplaceThatExecutesIsTheHeadThoughNobodySaidSo) {
  for (const VenueEventType type : {VenueEventType::Executed, VenueEventType::Canceled}) {
    OneOrder w;
    const std::uint32_t second = w.replace(w.answer.client_ref, 6, 1'001).number;
    const std::uint32_t sibling = w.replace(w.answer.client_ref, 20, 1'002).number;
    VenueOutcome outcome = w.venue(type, second, 2, 1'001);
    EXPECT_EQ(outcome.anomaly, Anomaly::AcceptedDifferently);
    EXPECT_EQ(outcome.leaves.raw, 4);
    w.head = second;
    EXPECT_EQ(w.state().head, second);
    EXPECT_EQ(w.state().reserved.raw, 4);  // the sibling cannot come any more
    EXPECT_EQ(w.subject.find_number(sibling)->order, kNil);
    EXPECT_TRUE(w.venue(type, second, 4, 1'001).ended);
    EXPECT_EQ(w.subject.live_orders(), 0U);
    EXPECT_FALSE(w.is_disputed());
    EXPECT_EQ(w.subject.verify(), nullptr);
  }
}

// Two executions of an order under one match number: the first was forgotten, so that only one of
// them could be broken, and trading went on; then both were booked, though they are one.
TEST(EngineRegression, AMatchNumberThatComesTwiceIsBookedOnceAndMakesTheAccountCloseOnly) {
  OneOrder w;
  w.fill(w.head, 2, 1'000);
  --w.match;
  EXPECT_EQ(w.venue(VenueEventType::Executed, w.head, 2, 1'000).anomaly, Anomaly::Duplicate);
  EXPECT_EQ(w.subject.position({0}, kBtcPerp).raw, 2);
  EXPECT_EQ(w.state().cum.raw, 2);
  EXPECT_TRUE(w.is_disputed());
}

// The venue took off more than was counted here, so it had more in its book: trading went on.
TEST(EngineRegression, ACancelOfMoreThanIsLeftMakesTheAccountCloseOnly) {
  for (const VenueEventType type : {VenueEventType::Canceled, VenueEventType::AiqCanceled}) {
    OneOrder w;
    EXPECT_EQ(w.venue(type, w.head, 11).anomaly, Anomaly::Overfill);
    EXPECT_EQ(w.subject.live_orders(), 0U);
    EXPECT_TRUE(w.is_disputed());
  }
}

// Rejected after it was accepted: dead there and counted here, and trading went on.
TEST(EngineRegression, ARejectOfAnAcceptedOrderMakesItsAccountCloseOnly) {
  OneOrder w;
  EXPECT_EQ(w.venue(VenueEventType::Rejected, w.head).anomaly, Anomaly::Duplicate);
  EXPECT_EQ(w.state().reserved.raw, 10);
  EXPECT_TRUE(w.is_disputed());
}

// A second Accepted or Replaced was overlooked even where it spoke of more than the first.
TEST(EngineRegression, AnOrderAcceptedAgainOnOtherTermsMakesItsAccountCloseOnly) {
  using enum VenueEventType;
  {
    OneOrder w;
    EXPECT_EQ(w.venue(Accepted, w.head, 10, 1'000).anomaly, Anomaly::Duplicate);
    EXPECT_FALSE(w.is_disputed());
    w.venue(Accepted, w.head, 11, 1'000);
    EXPECT_TRUE(w.is_disputed());
  }
  {
    OneOrder w;
    w.venue(Accepted, w.head, 10, 1'001);
    EXPECT_TRUE(w.is_disputed());
  }
  {
    OneOrder w;  // a replace that has become an order beside its original
    w.venue(Accepted, w.replace(w.answer.client_ref, 10, 1'000).number, 10, 1'000);
    EXPECT_TRUE(w.is_disputed());
  }
  {
    OneOrder w;
    const std::uint32_t second = w.replace(w.answer.client_ref, 20, 1'000).number;
    w.venue(Replaced, second, 20, 1'000, w.head);
    EXPECT_EQ(w.venue(Replaced, second, 20, 1'000, w.head).anomaly, Anomaly::Duplicate);
    EXPECT_FALSE(w.is_disputed());
    w.venue(Replaced, second, 21, 1'000, w.head);
    EXPECT_TRUE(w.is_disputed());
  }
  {
    OneOrder w;  // a new order that is answered as a replace, of whatever else
    w.venue(Replaced, w.buy(0, kBtcPerp, 10, 1'000).number, 10, 1'000, w.head);
    EXPECT_TRUE(w.is_disputed());
  }
}

// After an Accepted or a Rejected that did not fit, the outcome said that nothing was left of the
// order, which was live.
TEST(EngineRegression, AnOutcomeSaysWhatIsLeftOfTheOrderWhateverTheEvent) {
  using enum VenueEventType;
  for (const VenueEventType type : {Accepted, Replaced, Rejected}) {
    OneOrder w;
    w.fill(w.head, 3, 1'000);
    EXPECT_EQ(w.venue(type, w.head, 10, 1'000).leaves.raw, 7);
  }
  OneOrder w;
  EXPECT_EQ(w.venue(Canceled, w.head, 10).leaves.raw, 0);
}

// A replace that took the place of some other order than its own: its original, which may live on,
// was no longer counted.
TEST(EngineRegression, AReplaceOfAnotherOrderMakesItsAccountCloseOnly) {
  OneOrder w;
  const std::uint32_t second = w.replace(w.answer.client_ref, 20, 1'000).number;
  EXPECT_EQ(w.venue(VenueEventType::Replaced, second, 20, 1'000, 77).anomaly,
            Anomaly::AcceptedDifferently);
  EXPECT_TRUE(w.is_disputed());
}

// An order naming an account that its session may not use was refused, but took a token of that
// account: anybody could spend another member's rate, and what its exits had left too.
template <class Subject>
void refused_orders_leave_the_rate_of_accounts_of_others() {
  Parameters p = small_parameters();
  p.accounts[0].rate = {1, 1, 1, 1};
  p.sessions[1].accounts = {AccountIndex{1}};
  Driver<Subject> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  w.position(0, kBtcPerp, 10, 1'000);
  for (const Side side : {Side::Buy, Side::Sell, Side::Sell}) {
    NewOrder foreign = w.order(0, kBtcPerp, side, 1, 1'000);
    foreign.session = {1};
    EXPECT_EQ(w.enter(foreign).reason, RejectReason::NotEntitled);
  }
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 1'000).accepted());  // an exit, from the second bucket
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 1'000).reason, RejectReason::Rate);
}
TEST(EngineRegression, AnOrderForAnAccountOfOthersDoesNotSpendItsRate) {
  refused_orders_leave_the_rate_of_accounts_of_others<Engine>();
  refused_orders_leave_the_rate_of_accounts_of_others<NaiveModel>();
}

// A price from a source whose clock is ahead stayed fresh for so much longer.
template <class Subject>
void prices_from_the_future_age_from_now() {
  Driver<Subject> w(small_parameters());
  w.balance(0, kUsd, usd(1'000'000));
  w.index(kUsd, 1);
  const Timestamp ahead{w.now + 100 * kHour};
  w.subject.apply(MarkUpdate{{w.now}, ahead, {1'000}, kBtcPerp, {}});
  w.now += kHour;
  w.index(kUsd, 1);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
  w.now += 1;
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::StaleReferencePrice);
  w.subject.apply(IndexUpdate{{w.now}, {w.now + 100 * kHour}, 1, kUsd, {}});
  w.now += kHour + 1;
  w.mark(kBtcPerp, 1'000);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::StaleRiskTable);
}
TEST(EngineRegression, APriceFromTheFutureBecomesStaleLikeOneFromNow) {
  prices_from_the_future_age_from_now<Engine>();
  prices_from_the_future_age_from_now<NaiveModel>();
}

// A venue that named the last number there is made ours begin again: with the first fences after
// it, or at once where it was adopted. Orders were then sent under numbers that it had long
// processed.
TEST(EngineRegression, NumbersDoNotBeginAgainAfterTheLast) {
  constexpr std::uint32_t kLast = 0xFFFFFFFF;
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  AdoptOrder found;
  found.time = {w.now};
  found.price = {1'000};
  found.quantity = {1};
  found.account = {0};
  found.instrument = kBtcPerp;
  found.number = kLast;
  EXPECT_TRUE(w.subject.apply(found));
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::SessionExhausted);
  for (int fence = 0; fence < 3; ++fence) EXPECT_EQ(w.subject.take_number(), kLast);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 1'000).reason, RejectReason::SessionExhausted);
  EXPECT_EQ(w.subject.verify(), nullptr);
}

// A replace asks for a total, executed lots included; the refusal named the lots that would have
// been left, which as a total asked for fewer than would have passed.
TEST(EngineRegression, TheLargestPassingQuantityOfAReplaceIsATotal) {
  Parameters p = small_parameters();
  p.profiles[0].instruments[kBtcPerp.value].long_max = Lots{20};
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000'000));
  const Answer first = w.buy(0, kBtcPerp, 10, 1'000);
  w.venue(VenueEventType::Accepted, first.number, 10, 1'000);
  w.fill(first.number, 8, 1'000);
  ReplaceOrder replace;
  replace.time = {w.now};
  replace.total = {30};
  replace.price = {1'000};
  replace.session = {0};
  replace.original_ref = first.client_ref;
  replace.client_ref = first.client_ref + 1;
  const Decision refused = w.subject.submit(replace);
  EXPECT_EQ(refused.reason, RejectReason::LongLimit);
  EXPECT_EQ(refused.largest_passing, Lots{20});
  w.client_ref = replace.client_ref;
  EXPECT_TRUE(w.replace(first.client_ref, 20, 1'000).accepted());
}

// An exposure that does not fit is cut off, and with it the requirement: the report showed an
// account with something left, and nothing said that its figures were not the whole.
TEST(EngineRegression, AMarginReportSaysWhenItsFiguresAreCutOff) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000'000);
  w.balance(0, kUsd, kValueMax / 2);
  w.position(0, kBtcPerp, 10, 1'000'000);
  EXPECT_TRUE(w.subject.margin({0}, {w.now}).in_range);
  w.position(0, kBtcPerp, 10'000'000, 1'000'000);
  const MarginReport cut_off = w.subject.margin({0}, {w.now});
  EXPECT_GT(cut_off.available.raw, 0);
  EXPECT_FALSE(cut_off.in_range);
}

// A partial cancel was remembered for as long as its order lived: after a reconnect it was sent
// again for a replacement that the client had asked for later, and took off what that had added.
TEST(EngineRegression, AnAnsweredPartialCancelIsForgotten) {
  OneOrder w;
  const std::uint32_t first = w.answer.client_ref;
  const auto order = [&] { return w.subject.order(w.subject.next_order(0, 1'000)); };
  EXPECT_TRUE(w.cancel(first, 5).accepted());
  EXPECT_EQ(order().cancel_to.raw, 5);
  // Replaced before the venue has answered: the new number is not meant.
  const Answer second = w.replace(first, 20, 1'000);
  w.venue(VenueEventType::Canceled, w.head, 5);
  EXPECT_EQ(order().cancel_to.raw, -1);
  w.venue(VenueEventType::Replaced, second.number, 20, 1'000, w.head);
  EXPECT_EQ(order().cancel_to.raw, -1);
  // Asked for while a replace is in flight: that is meant too, and the answer for it is awaited.
  const Answer third = w.replace(second.client_ref, 30, 1'000);
  EXPECT_TRUE(w.cancel(third.client_ref, 8).accepted());
  w.venue(VenueEventType::Replaced, third.number, 30, 1'000, second.number);
  EXPECT_EQ(order().cancel_to.raw, 8);
  w.venue(VenueEventType::Canceled, third.number, 22);
  EXPECT_EQ(order().cancel_to.raw, -1);
}

// Of two partial cancels for one number the lower holds; one for a later number was cut to the
// earlier one's total.
TEST(EngineRegression, APartialCancelOfALaterNumberIsItsOwn) {
  OneOrder w;
  const std::uint32_t first = w.answer.client_ref;
  const auto cancel_to = [&] {
    return w.subject.order(w.subject.next_order(0, 1'000)).cancel_to.raw;
  };
  w.cancel(first, 5);
  w.cancel(first, 7);
  EXPECT_EQ(cancel_to(), 5);
  const Answer second = w.replace(first, 20, 1'000);
  w.cancel(second.client_ref, 15);
  EXPECT_EQ(cancel_to(), 15);
  w.cancel(second.client_ref, 0);
  w.cancel(w.replace(second.client_ref, 40, 1'000).client_ref, 30);
  EXPECT_EQ(cancel_to(), 0);  // all of it is to go
}

// Room was looked for one side after the other: with a line left for one of them, the engine stopped.
TEST(EngineRegression, APositionTransferNeedsRoomForBothSides) {
  Parameters p = small_parameters();
  p.capacities.positions = 1;
  Driver<Engine> lines(p);
  EXPECT_FALSE(
      lines.subject.apply(PositionTransfer{{lines.now}, {1}, {100}, {0}, {1}, kBtcPerp, {}}));
  EXPECT_EQ(lines.subject.position({1}, kBtcPerp), Lots{0});
  p = small_parameters();
  p.capacities.group_slots = 1;
  Driver<Engine> slots(p);
  EXPECT_FALSE(
      slots.subject.apply(PositionTransfer{{slots.now}, {1}, {100}, {0}, {1}, kBtcPerp, {}}));
  p.capacities.group_slots = 2;
  Driver<Engine> both(p);
  EXPECT_TRUE(both.subject.apply(PositionTransfer{{both.now}, {1}, {100}, {0}, {1}, kBtcPerp, {}}));
  EXPECT_EQ(both.subject.position({0}, kBtcPerp), Lots{-1});
  EXPECT_EQ(both.subject.position({1}, kBtcPerp), Lots{1});
}

// A replace booked the larger of what it makes worse and what its chain had booked. What the chain
// had made worse was counted as there already, so that by replaces of one lot more each an account
// wound down without an end. Twenty dollars are allowed, and each lot of one leg takes sixteen.
TEST(EngineRegression, AReplaceBooksWhatItMakesWorseOnTopOfItsChain) {
  Parameters p = small_parameters();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
  p.exit_allowance_ppm = 500'000;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.mark(kBtcDated, 100);
  w.balance(0, kUsd, -usd(1));
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  const Answer sale = w.sell(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(sale.accepted());
  EXPECT_EQ(w.replace(sale.client_ref, 2, 100).reason, RejectReason::Margin);
  EXPECT_EQ(w.replace(sale.client_ref, 1, 96).reason,
            RejectReason::None);  // the four that are left
  EXPECT_EQ(w.replace(sale.client_ref, 1, 95).reason, RejectReason::Margin);
  EXPECT_EQ(w.margin(0).requirement, usd(16));
}

// With a long interval the time at which the bucket is full again left its integer, and the throttle
// was open once more.
TEST(EngineRegression, AThrottleWithALongIntervalHolds) {
  Parameters p = small_parameters();
  p.accounts[0].executions = {.interval_ns = std::int64_t{1} << 62, .burst = 2};
  ASSERT_EQ(first_problem(p), nullptr);
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.balance(0, kUsd, usd(1'000));
  const Answer bid = w.buy(0, kBtcPerp, 5, 100);
  for (const RejectReason reason :
       {RejectReason::None, RejectReason::None, RejectReason::RepeatedExecution}) {
    w.fill(bid.number, 1, 100);
    EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, reason);
  }
}

// Where there was no mark yet a split realised what had been paid, and nothing of what that was worth:
// ten lots at 100, and then 20 at 50, were a loss of 1,000.
TEST(EngineRegression, ASplitBeforeTheFirstMarkLosesNothing) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_TRUE(w.subject.apply(Split{{w.now}, {50}, 2, 1, kBtcPerp, {}}));
  EXPECT_EQ(w.subject.position({0}, kBtcPerp), Lots{20});
  EXPECT_EQ(w.margin(0).equity, 0);
  w.mark(kBtcPerp, 51);
  EXPECT_EQ(w.margin(0).equity, usd(20));
}

// A position that left its integer by a split came out as any number.
TEST(EngineRegression, ASplitThatDoesNotFitIsNone) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.position(0, kBtcPerp, 100'000'000'000'000, 100);
  EXPECT_FALSE(w.subject.apply(Split{{w.now}, {1}, 1'000'000, 1, kBtcPerp, {}}));
  EXPECT_EQ(w.subject.position({0}, kBtcPerp), Lots{100'000'000'000'000});
  EXPECT_TRUE(w.subject.apply(Split{{w.now}, {1}, 1'000, 1, kBtcPerp, {}}));
}

// Reasons are declared in order of precedence; close-only of an instrument was named after them.
TEST(EngineRegression, CloseOnlyOfAnInstrumentComesBeforeEntitlement) {
  Parameters p = small_parameters();
  p.sessions[0].accounts = {AccountIndex{1}};
  Driver<Engine> w(p);
  w.subject.apply(
      Control{{w.now}, kBtcPerp.value, {}, ControlScope::Instrument, ControlAction::CloseOnly, {}});
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::CloseOnly);
  EXPECT_EQ(w.buy(0, kEthPerp, 1, 100).reason, RejectReason::NotEntitled);
}

// A transfer that was refused kept the room that it was tried in, on the engine that decided it and
// not on one that is told the decision.
TEST(EngineRegression, ARefusedTransferTakesNoRoom) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  p.capacities.group_slots = 1;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.index(kBtc, 100'000);
  w.balance(0, kUsd, usd(1'000));
  EXPECT_EQ(w.settle(Transfer{{w.now}, 5, {0}, {}, kBtc, {}}), RejectReason::BorrowLimit);
  EXPECT_EQ(w.settle(Transfer{{w.now}, 5, {0}, {1}, kBtc, {}}), RejectReason::BorrowLimit);
  EXPECT_EQ(w.settle(Borrow{{w.now}, 5, {0}, kBtc}), RejectReason::BorrowLimit);
  EXPECT_EQ(w.subject.verify(), nullptr);
  EXPECT_TRUE(w.subject.apply(LoadBalance{{w.now}, 5, {1}, kBtc}));
  EXPECT_EQ(w.margin(1).available, 4'750 - 760);  // 95 % of 5,000, of which 16 % may be lost
  EXPECT_EQ(w.subject.verify(), nullptr);
}

// The times of a withdrawal on stale prices did not fit a value in quanta: both were cut off to the
// same, and nothing was short.
TEST(EngineRegression, AWithdrawalOnStalePricesIsShortOfTime) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.balance(0, kUsd, usd(10));
  w.now += kHour + 5;
  Decision refused = w.subject.decide(Transfer{{w.now}, 1, {0}, {}, kUsd, {}});
  EXPECT_EQ(refused.reason, RejectReason::StaleRiskTable);
  EXPECT_EQ(refused.shortfall, 5);
  EXPECT_EQ(refused.needed, w.now);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.position(0, kBtcPerp, 1, 100);
  w.now += kHour - 3;
  w.index(kUsd, 1);
  w.now += 10;  // of the position
  refused = w.subject.decide(Transfer{{w.now}, 1, {0}, {}, kUsd, {}});
  EXPECT_EQ(refused.reason, RejectReason::StaleRiskTable);
  EXPECT_EQ(refused.shortfall, 7);
}

// A position that was loaded paid the funding of all the time before it was there.
TEST(EngineRegression, ALoadedPositionOwesNoFundingFromBefore) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 1'000);
  w.balance(0, kUsd, usd(1'000));
  const auto pay = [&] {  // three dollars a long lot
    w.subject.apply(FundingUpdate{{w.now}, usd(3) * kFundingScale, 0, kBtcPerp, {}});
  };
  pay();
  w.position(0, kBtcPerp, 2, 1'000);
  EXPECT_EQ(w.margin(0).equity, usd(1'000));
  pay();
  EXPECT_EQ(w.margin(0).equity, usd(994));
}

}  // namespace
}  // namespace portcullis::support::engine_regression_test
