// What an exit is, and that it stays open (METHOD 3.6, ORDERLIFE 6), on the engine and on the naive
// model. That a close pays its own fee and spread, that open exits pay for themselves together (E2
// alone) and that the cost of an order follows the mark is in method_examples_test.cpp.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::exit_test {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

template <class Subject>
class Exit : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(Exit, Subjects);

// Coins at 100 dollars: one reserves 16 dollars.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters = small_parameters()) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
  }
  void close_only() {
    this->subject.apply(
        Control{{this->now}, 0, {}, ControlScope::Account, ControlAction::CloseOnly, {}});
  }
  void equity(std::int64_t dollars) {
    this->balance(0, kUsd, usd(dollars) - this->margin(0).equity);
    ASSERT_EQ(this->margin(0).equity, usd(dollars));
  }
};

// --- the three conditions of leg 2

// Part of the requirement is each group's alone: long 10 and short 12 of one coin are worst when it
// rises, long 10 of the other makes the joint column in which both fall the worst. A sale of one
// filled frees 6, but as an open order it helps nowhere and takes 2 more.
TYPED_TEST(Exit, AnOpenOrderThatRaisesTheRequirementIsNone) {
  Parameters p = small_parameters();
  for (GroupParameters& group : p.groups) group.column_count = 2;
  p.groups[0].shock_ppm = {-100'000, 100'000};
  p.groups[1].shock_ppm = {-100'000, 0};
  SetParameters joint = per_group_set(2, 0, 2);
  joint.scope = SetScope::Joint;
  joint.joint_weight_ppm = 800'000;
  p.sets = {joint};
  const auto fill = [](World<TypeParam>& w, std::int64_t dollars) {
    w.position(0, kBtcPerp, 10, 100);
    w.position(0, kBtcDated, -12, 100);
    w.position(0, kEthPerp, 10, 100);
    w.equity(dollars);
  };
  World<TypeParam> rich(p);
  fill(rich, 1'000);
  EXPECT_EQ(rich.margin(0).requirement, usd(88));  // 0.8 * 80 + 0.2 * (20 + 100)
  const Answer sale = rich.sell(0, kBtcPerp, 1, 100);
  EXPECT_EQ(rich.margin(0).requirement, usd(90));  // E1
  rich.fill(sale.number, 1, 100);
  EXPECT_EQ(rich.margin(0).requirement, usd(82));  // E2 and E3, without orders the same
  World<TypeParam> poor(p);
  fill(poor, 80);
  EXPECT_EQ(poor.sell(0, kBtcPerp, 1, 100).reason, RejectReason::Margin);

  p.sets[0].joint_weight_ppm = kPpm;  // nothing alone: 80 as an open order, 70 filled
  World<TypeParam> jointly(p);
  fill(jointly, 70);
  EXPECT_EQ(jointly.margin(0).available, -usd(10));
  const Answer exit = jointly.sell(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(exit.accepted());
  EXPECT_TRUE(exit.exit);
}

// Short 10 of a coin, as long 10 and short 20, with a deep bid for 30 resting: the worst outcome is
// the bid's, and on that bound a sale of four more is free, open (320) and filled (256), and uses
// nothing more of the line that it sells from. The positions alone go from -10 to -74.
TYPED_TEST(Exit, AFillThatNeedsMoreOnPositionsAloneIsNone) {
  World<TypeParam> poor;
  World<TypeParam> rich;
  for (World<TypeParam>* w : {&poor, &rich}) {
    w->balance(0, kUsd, usd(1'000));
    w->position(0, kBtcPerp, 10, 100);
    w->position(0, kBtcDated, -20, 100);
    EXPECT_TRUE(w->buy(0, kBtcDated, 30, 90).accepted());
    EXPECT_EQ(w->margin(0).requirement, usd(320));
  }
  poor.equity(150);
  EXPECT_EQ(poor.sell(0, kBtcPerp, 4, 100).reason, RejectReason::Margin);
  const Answer sale = rich.sell(0, kBtcPerp, 4, 100);
  EXPECT_EQ(rich.margin(0).requirement, usd(320));  // E1
  rich.fill(sale.number, 4, 100);
  EXPECT_EQ(rich.margin(0).requirement, usd(256));  // E2
  World<TypeParam> alone;
  alone.position(0, kBtcPerp, 10, 100);
  alone.position(0, kBtcDated, -20, 100);
  alone.equity(150);
  EXPECT_EQ(alone.margin(0).available, -usd(10));
  alone.position(0, kBtcPerp, -4, 100);
  EXPECT_EQ(alone.margin(0).available, -usd(74));  // E3
}

// A smaller replace of an order that opens a position reserves no more than before, and is none.
TYPED_TEST(Exit, ASmallerReplaceOfAnOpeningOrderIsNone) {
  World<TypeParam> w;
  w.balance(0, kUsd, usd(480));
  const Answer bid = w.buy(0, kBtcPerp, 30, 100);
  ASSERT_TRUE(bid.accepted());
  EXPECT_TRUE(w.replace(bid.client_ref, 20, 100).accepted());
  w.equity(470);
  EXPECT_EQ(w.replace(bid.client_ref, 20, 100).reason, RejectReason::Margin);
  EXPECT_TRUE(w.cancel(bid.client_ref, 20).accepted());
}

// --- an order replaced in flight

// Buy 10 at 101 and, in its place, 15 at 100.5, with the mark at 100: the larger leaves with the
// larger open loss are 250, but 10 may fill at 101 and 5 more at 100.5, which is 252.5.
TYPED_TEST(Exit, AReplaceInFlightHoldsMoreThanLargestLeavesAndLargestLoss) {
  World<TypeParam> w;
  w.mark(kBtcPerp, 1'000);  // tenths
  w.balance(0, kUsd, usd(10'000));
  const Answer first = w.buy(0, kBtcPerp, 10, 1'010);
  w.venue(VenueEventType::Accepted, first.number, 10, 1'010);
  const Answer second = w.replace(first.client_ref, 15, 1'005);
  ASSERT_TRUE(second.accepted());
  const std::int64_t promised = w.margin(0).available;
  EXPECT_EQ(promised, usd(10'000 - 2'550));  // one order of 15 at 101
  w.fill(first.number, 9, 1'010);
  w.venue(VenueEventType::Replaced, second.number, 6, 1'005, first.number);
  w.fill(second.number, 6, 1'005);
  EXPECT_EQ(w.margin(0).available, usd(10'000 - 2'520));  // the tenth fill would have made it 2,525
  EXPECT_LT(w.margin(0).available, usd(10'000 - 2'500));
  EXPECT_GE(w.margin(0).available, promised);
}

// --- close-only

TYPED_TEST(Exit, CloseOnlyLetsExitsPassAndNothingElse) {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 50'000;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000'000));
  w.position(0, kBtcPerp, 10, 100);
  const Answer bid = w.buy(0, kEthPerp, 5, 100);
  w.close_only();
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::CloseOnly);
  EXPECT_EQ(w.sell(0, kEthPerp, 1, 100).reason, RejectReason::CloseOnly);
  EXPECT_EQ(w.sell(0, kBtcPerp, 11, 100).reason, RejectReason::CloseOnly);  // a flip
  EXPECT_TRUE(w.sell(0, kBtcPerp, 6, 100).accepted());
  EXPECT_EQ(w.sell(0, kBtcPerp, 5, 100).reason, RejectReason::CloseOnly);  // with what rests
  EXPECT_TRUE(w.market(0, kBtcPerp, Side::Sell, 4).accepted());
  // A smaller bid is still one that opens a position; a cancel of a part is not an order.
  EXPECT_EQ(w.replace(bid.client_ref, 4, 100).reason, RejectReason::CloseOnly);
  EXPECT_TRUE(w.cancel(bid.client_ref, 4).accepted());
  EXPECT_TRUE(w.cancel(bid.client_ref).accepted());
}

// What lowers a position and yet raises the requirement is no exit: one leg of a hedge.
TYPED_TEST(Exit, CloseOnlyKeepsALegOfAHedge) {
  World<TypeParam> w;
  w.balance(0, kUsd, usd(1'000'000));
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  w.close_only();
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, RejectReason::CloseOnly);
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 100).reason, RejectReason::CloseOnly);
  w.position(0, kBtcPerp, 5, 100);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 5, 100).accepted());
}

// --- limits below what is used

TYPED_TEST(Exit, ALimitBelowThePositionTrapsNobody) {
  struct Case {
    RejectReason reason;
    void (*lower)(LimitProfile& profile);
  };
  const Case cases[] = {
      {RejectReason::LongLimit,
       [](LimitProfile& p) { p.instruments[kBtcPerp.value].long_max = {5}; }},
      {RejectReason::GrossNotional,
       [](LimitProfile& p) { p.instruments[kBtcPerp.value].gross_notional_max = {usd(500)}; }},
      {RejectReason::GrossNotional, [](LimitProfile& p) { p.gross_notional_max = {usd(500)}; }},
      {RejectReason::Leverage, [](LimitProfile& p) { p.leverage_max_ppm = 1; }},
  };
  for (const Case& lowered : cases) {
    for (const bool at_venue : {false, true}) {
      if (at_venue && lowered.reason == RejectReason::Leverage) continue;  // of accounts only
      Parameters p = small_parameters();
      p.profiles.push_back(p.profiles[0]);
      lowered.lower(p.profiles[1]);
      (at_venue ? p.nodes[kVenue.value].profile : p.accounts[0].profile) = 1;
      World<TypeParam> w(p);
      w.balance(0, kUsd, usd(1'000));
      w.position(0, kBtcPerp, 10, 100);
      EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, lowered.reason);
      EXPECT_TRUE(w.sell(0, kBtcPerp, 4, 100).accepted());
      EXPECT_TRUE(w.sell(0, kBtcPerp, 6, 100).accepted());
    }
  }
}

// --- rates

TYPED_TEST(Exit, BeyondTheSecondBudgetAnExitIsRefusedAndTheSessionIsAtFault) {
  Parameters p = small_parameters();
  p.accounts[0].rate = {.per_second = 1, .burst = 1, .exit_per_second = 1, .exit_burst = 2};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  const Answer bid = w.buy(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(bid.accepted());
  const Answer increase = w.buy(0, kBtcPerp, 1, 100);
  EXPECT_EQ(increase.reason, RejectReason::Rate);
  EXPECT_FALSE(increase.disconnect);  // refused, no more
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
  const Answer exit = w.sell(0, kBtcPerp, 1, 100);
  EXPECT_EQ(exit.reason, RejectReason::Rate);
  EXPECT_TRUE(exit.disconnect);
  const Answer cancel = w.cancel(bid.client_ref);
  EXPECT_EQ(cancel.reason, RejectReason::Rate);
  EXPECT_TRUE(cancel.disconnect);
  w.now += kSecondNs;
  EXPECT_TRUE(w.cancel(bid.client_ref).accepted());
}

// --- prices that cannot be trusted

// On a stale mark the position alone decides: a leg of a hedge goes too, at any price, and nothing
// that could turn the position round.
TYPED_TEST(Exit, OnStalePricesExitsAreJudgedByPositionAlone) {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 50'000;
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  w.equity(-1);
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, RejectReason::Margin);
  w.now += kHour + 1;
  w.index(kUsd, 1);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::StaleReferencePrice);
  EXPECT_EQ(w.sell(0, kBtcPerp, 11, 100).reason, RejectReason::StaleReferencePrice);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 3, 1).accepted());  // no collar
  const Answer market = w.market(0, kBtcPerp, Side::Sell, 3);
  EXPECT_TRUE(market.accepted());
  EXPECT_EQ(market.price, 95);  // the last good mark and the collar
  EXPECT_EQ(w.sell(0, kBtcPerp, 5, 100).reason, RejectReason::StaleReferencePrice);  // 6 rest
  EXPECT_TRUE(w.sell(0, kBtcPerp, 4, 100).accepted());
  w.close_only();
  EXPECT_TRUE(w.buy(0, kBtcDated, 10, 100).accepted());
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 100).reason, RejectReason::CloseOnly);
}

// With the instrument's own mark fresh but another of the account's prices stale the collar holds.
TYPED_TEST(Exit, WithAnotherPriceStaleTheCollarHolds) {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 50'000;
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  w.equity(-1);
  w.now += kHour + 1;
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::StaleRiskTable);
  EXPECT_EQ(w.sell(0, kBtcPerp, 11, 100).reason, RejectReason::StaleRiskTable);
  EXPECT_EQ(w.sell(0, kBtcPerp, 10, 94).reason, RejectReason::PriceCollar);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 10, 95).accepted());
}

TYPED_TEST(Exit, WhereNothingWasEverPricedOnlyReducersPass) {
  Driver<TypeParam> w(small_parameters());
  w.position(0, kBtcPerp, -10, 100);
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, RejectReason::NoReferencePrice);
  EXPECT_EQ(w.buy(0, kBtcPerp, 11, 100).reason, RejectReason::NoReferencePrice);
  EXPECT_EQ(w.buy(0, kEthPerp, 1, 100).reason, RejectReason::NoReferencePrice);
  EXPECT_EQ(w.market(0, kBtcPerp, Side::Buy, 1).reason, RejectReason::NoReferencePrice);
  const Answer bid = w.buy(0, kBtcPerp, 6, 100);
  EXPECT_TRUE(bid.accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, RejectReason::NoReferencePrice);  // 6 rest
  EXPECT_EQ(w.replace(bid.client_ref, 11, 100).reason, RejectReason::NoReferencePrice);
  EXPECT_TRUE(w.replace(bid.client_ref, 10, 100).accepted());
}

}  // namespace
}  // namespace portcullis::support::exit_test
