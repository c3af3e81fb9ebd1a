// What an account may do by its margin, its day and its executions (METHOD 3.6, 3.15), by hand, on
// the engine and on the naive model.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::states_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;
using State = risk::MarginState;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

template <class Subject>
class States : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(States, Subjects);

// Coins at 100 dollars: one asks for 16.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
  }
  // As much money as makes this equity.
  void equity(std::int64_t quanta) {
    this->balance(0, kUsd, quanta - this->margin(0).equity);
    ASSERT_EQ(this->margin(0).equity, quanta);
  }
  State recheck() {
    const auto change = this->subject.apply(Recheck{{this->now}, {0}, {}});
    EXPECT_EQ(change.after, this->subject.state({0}));
    return change.after;
  }
  State recheck_at(std::int64_t quanta) {
    equity(quanta);
    return recheck();
  }
  void control(ControlScope scope, std::uint32_t target, ControlAction action) {
    this->subject.apply(Control{{this->now}, target, {}, scope, action, {}});
  }
};

BandParameters initial(State state, std::int64_t enter_ppm, std::int64_t exit_ppm) {
  return {state, MarginBasis::Initial, enter_ppm, exit_ppm};
}
BandParameters maintenance(State state, std::int64_t enter_ppm, std::int64_t exit_ppm) {
  return {state, MarginBasis::Maintenance, enter_ppm, exit_ppm};
}

// --- instruments

// A close-only word after a halt opened the instrument to closes again.
TYPED_TEST(States, WhatIsHaltedStaysSoWhenItBecomesCloseOnly) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  const auto tell = [&](ControlAction action) {
    w.control(ControlScope::Instrument, kBtcPerp.value, action);
  };
  const auto close = [&] { return w.sell(0, kBtcPerp, 1, 100).reason; };
  tell(ControlAction::CloseOnly);
  EXPECT_EQ(close(), None);
  tell(ControlAction::Suspend);
  EXPECT_EQ(close(), InstrumentHalted);
  tell(ControlAction::CloseOnly);
  EXPECT_EQ(close(), InstrumentHalted);
  tell(ControlAction::Resume);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, None);
}

// --- bands

// Ten coins: 160 dollars at first, 80 to be held.
Parameters four_bands() {
  Parameters p = small_parameters();
  p.per_group.maintenance_mult_ppm = 500'000;
  p.bands = {
      initial(State::Warned, 1'500'000, 1'600'000), initial(State::Restricted, kPpm, 1'250'000),
      maintenance(State::Liquidation, kPpm, 1'200'000), maintenance(State::Bankrupt, 0, 100'000)};
  return p;
}

TYPED_TEST(States, ABandIsEnteredBelowAndLeftAtItsRatios) {
  World<TypeParam> w(four_bands());
  w.balance(0, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.recheck_at(usd(240)), State::Normal);  // 150 % is not below
  EXPECT_EQ(w.recheck_at(usd(240) - 1), State::Warned);
  EXPECT_EQ(w.recheck_at(usd(256) - 1), State::Warned);
  EXPECT_EQ(w.recheck_at(usd(256)), State::Normal);  // 160 %
  EXPECT_EQ(w.recheck_at(usd(160)), State::Warned);
  EXPECT_EQ(w.recheck_at(usd(160) - 1), State::Restricted);
  EXPECT_EQ(w.recheck_at(usd(200) - 1), State::Restricted);
  EXPECT_EQ(w.recheck_at(usd(200)), State::Warned);  // 125 %, and still below 150 %
  EXPECT_EQ(w.recheck_at(usd(80)), State::Restricted);
  EXPECT_EQ(w.recheck_at(usd(80) - 1), State::Liquidation);
  EXPECT_EQ(w.recheck_at(usd(96) - 1), State::Liquidation);
  EXPECT_EQ(w.recheck_at(usd(96)), State::Restricted);
  EXPECT_EQ(w.recheck_at(0), State::Liquidation);
  EXPECT_EQ(w.recheck_at(-1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(usd(8) - 1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(usd(8)), State::Liquidation);
  // From the worst to the best at once; whoever is in a worse state is in the better ones too.
  EXPECT_EQ(w.recheck_at(-1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(usd(190)), State::Restricted);
  EXPECT_EQ(w.recheck_at(-1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(usd(250)), State::Warned);
  EXPECT_EQ(w.recheck_at(-1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(usd(256)), State::Normal);
}

// Orders are in the initial ratio, with their costs; in the maintenance ratio where it says so.
TYPED_TEST(States, OrdersCountInARatioAsTheyDoInItsRequirement) {
  for (const bool includes_orders : {false, true}) {
    Parameters p = four_bands();
    p.maintenance_includes_orders = includes_orders;
    World<TypeParam> w(p);
    w.balance(0, kUsd, usd(1'000));
    w.position(0, kBtcPerp, 10, 100);
    ASSERT_TRUE(w.buy(0, kBtcPerp, 10, 102).accepted());  // 320 in all, 160 to be held; 20 of costs
    EXPECT_EQ(w.recheck_at(usd(532)), State::Normal);     // less the costs 160 %
    EXPECT_EQ(w.recheck_at(usd(500) - 1), State::Warned);
    EXPECT_EQ(w.recheck_at(usd(340) - 1), State::Restricted);
    EXPECT_EQ(w.recheck_at(usd(180) - 1), includes_orders ? State::Liquidation : State::Restricted);
    EXPECT_EQ(w.recheck_at(usd(80) - 1), State::Liquidation);
  }
}

// Where nothing is required the sign of the equity decides.
TYPED_TEST(States, WithoutARequirementTheSignOfTheEquityDecides) {
  World<TypeParam> w(four_bands());
  EXPECT_EQ(w.recheck_at(0), State::Normal);
  EXPECT_EQ(w.recheck_at(-1), State::Bankrupt);
  EXPECT_EQ(w.recheck_at(0), State::Normal);
}

TYPED_TEST(States, AStateChangesByARecheckAloneAndNotOnStalePrices) {
  World<TypeParam> w(four_bands());
  w.balance(0, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  w.equity(usd(100));
  EXPECT_EQ(w.subject.state({0}), State::Normal);
  w.now += kHour + 1;
  EXPECT_EQ(w.recheck(), State::Normal);  // the mark and the index are old
  w.index(kUsd, 1);
  EXPECT_EQ(w.recheck(), State::Normal);  // the mark is
  w.mark(kBtcPerp, 100);
  EXPECT_EQ(w.recheck(), State::Restricted);
  // The clock does not run backwards: an early recheck sees what is old now.
  w.now += kHour + 1;
  w.index(kUsd, 1);
  w.balance(0, kUsd, usd(1'000));
  w.subject.apply(Recheck{{w.now - kHour}, {0}, {}});
  EXPECT_EQ(w.subject.state({0}), State::Restricted);
  w.mark(kBtcPerp, 100);
  EXPECT_EQ(w.recheck(), State::Normal);
  // Nor where its figures do not fit.
  w.balance(0, kUsd, usd(1'000) - w.margin(0).equity - usd(900));
  w.position(0, kEthPerp, 1'000'000'000'000, 100);
  EXPECT_EQ(w.recheck(), State::Normal);
  w.position(0, kEthPerp, -1'000'000'000'000, 100);
  EXPECT_EQ(w.recheck(), State::Restricted);
}

// --- restricted: exits only

Parameters restricted_parameters() {
  Parameters p = small_parameters();
  p.bands = {initial(State::Restricted, kPpm, 2 * kPpm)};
  return p;
}

TYPED_TEST(States, ARestrictedAccountIsLeftItsExits) {
  World<TypeParam> w(restricted_parameters());
  w.balance(0, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  const Answer bid = w.buy(0, kEthPerp, 1, 100);
  EXPECT_EQ(w.recheck_at(usd(170)), State::Restricted);  // of 176
  w.equity(usd(300));  // enough again, but it has to be looked at, and then it takes 352
  EXPECT_EQ(w.recheck(), State::Restricted);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::MarginState);
  EXPECT_EQ(w.buy(0, kBtcPerp, 7, 100).reason, RejectReason::MarginState);  // 288
  EXPECT_EQ(w.buy(0, kBtcPerp, 8, 100).reason, RejectReason::Margin);       // 304
  EXPECT_EQ(w.sell(0, kEthPerp, 2, 100).reason, RejectReason::MarginState);
  EXPECT_EQ(w.replace(bid.client_ref, 2, 100).reason, RejectReason::MarginState);
  const Answer sale = w.sell(0, kBtcPerp, 4, 100);
  EXPECT_TRUE(sale.accepted());
  EXPECT_TRUE(sale.exit);
  EXPECT_TRUE(w.cancel(bid.client_ref).accepted());
  w.fill(sale.number, 4, 100);
  w.venue(VenueEventType::Canceled, bid.number, 1);
  EXPECT_EQ(w.recheck(), State::Normal);  // 300 of 96
  const Answer rest = w.sell(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(rest.accepted());
  EXPECT_FALSE(rest.exit);  // by its margin
}

TYPED_TEST(States, WarnedIsNotRestricted) {
  Parameters p = small_parameters();
  p.bands = {initial(State::Warned, 10 * kPpm, 10 * kPpm)};
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.recheck_at(usd(500)), State::Warned);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
}

TYPED_TEST(States, ALockedLiquidationRefusesExitsToo) {
  Parameters p = small_parameters();
  p.bands = {initial(State::Restricted, kPpm, kPpm), initial(State::Liquidation, 500'000, kPpm)};
  for (const bool lock : {false, true}) {
    p.liquidation_lock = lock;
    World<TypeParam> w(p);
    w.balance(0, kUsd, usd(1'000));
    w.position(0, kBtcPerp, 10, 100);
    const Answer offer = w.sell(0, kBtcPerp, 1, 110);
    EXPECT_EQ(w.recheck_at(usd(80)), State::Restricted);
    EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
    EXPECT_EQ(w.recheck_at(usd(79)), State::Liquidation);
    EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, lock ? LiquidationLock : None);
    EXPECT_EQ(w.replace(offer.client_ref, 1, 105).reason, lock ? LiquidationLock : None);
    EXPECT_TRUE(w.cancel(offer.client_ref).accepted());
    // What has been closed comes first.
    w.control(ControlScope::Account, 0, ControlAction::CloseOnly);
    EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, CloseOnly);
    EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, lock ? LiquidationLock : None);
  }
}

// --- the wind-down allowance

// Long ten and short ten of the same coin without equity: nothing is required, and closing a lot of
// either leg takes 16. A fiftieth of the notional is 40 dollars, and half of that is allowed.
template <class Subject>
struct Hedged : World<Subject> {
  static Parameters parameters(std::int64_t allowance_ppm) {
    Parameters p = small_parameters();
    p.bands = {initial(State::Restricted, kPpm, kPpm)};
    p.exit_allowance_ppm = allowance_ppm;
    return p;
  }
  explicit Hedged(std::int64_t allowance_ppm = 500'000)
      : World<Subject>(parameters(allowance_ppm)) {
    this->position(0, kBtcPerp, 10, 100);
    this->position(0, kBtcDated, -10, 100);
    EXPECT_EQ(this->recheck_at(-1), State::Restricted);
  }
  Answer sell_one(std::int64_t price = 100) { return this->sell(0, kBtcPerp, 1, price); }
};

TYPED_TEST(States, TheAllowanceIsHowMuchWorseTheWorstMayBe) {
  Hedged<TypeParam> none(0);
  EXPECT_EQ(none.sell_one().reason, RejectReason::Margin);

  Hedged<TypeParam> w;
  const Answer sale = w.sell_one(98);
  EXPECT_TRUE(sale.accepted());
  EXPECT_TRUE(sale.exit);
  EXPECT_EQ(sale.allowance, usd(18));  // 16, and two that it loses when it fills
  EXPECT_EQ(w.sell_one().reason, RejectReason::Margin);
  // The other leg takes nothing more: the worst outcome is that of the sale.
  const Answer other = w.buy(0, kBtcDated, 1, 100);
  EXPECT_TRUE(other.accepted());
  EXPECT_TRUE(other.exit);
  EXPECT_EQ(other.allowance, usd(18));
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 100).reason, RejectReason::Margin);
}

TYPED_TEST(States, ToTheLastQuantumOfTheAllowance) {
  for (const auto& [price, accepted] : {std::pair{96, true}, std::pair{95, false}}) {
    Hedged<TypeParam> w;  // 16 and four
    EXPECT_EQ(w.sell_one(price).accepted(), accepted);
  }
  Hedged<TypeParam> less(499'999);  // 19.99996
  EXPECT_FALSE(less.sell_one(96).accepted());
}

TYPED_TEST(States, AnOrderThatEndsWithoutATradeGivesItsAllowanceBack) {
  Hedged<TypeParam> w;
  for (const VenueEventType end : {VenueEventType::Canceled, VenueEventType::Rejected}) {
    const Answer sale = w.sell_one();
    EXPECT_TRUE(sale.accepted());
    EXPECT_FALSE(w.sell_one().accepted());
    w.venue(end, sale.number, 1);
  }
  const Answer two = w.sell(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(two.accepted());
  w.fill(two.number, 1, 100);
  EXPECT_FALSE(w.sell_one().accepted());                // what was traded is used
  EXPECT_TRUE(w.buy(0, kBtcDated, 1, 100).accepted());  // and needs none
}

TYPED_TEST(States, WhatAnExitHasCostIsSpentOfTheAllowance) {
  Hedged<TypeParam> w(kPpm);  // 40
  const Answer sale = w.sell(0, kBtcPerp, 2, 98);
  EXPECT_EQ(sale.allowance, usd(36));
  w.fill(sale.number, 1, 97);  // 3 are spent, and 16 required
  w.venue(VenueEventType::Canceled, sale.number, 1);
  EXPECT_EQ(w.sell_one(96).allowance, usd(39));  // 32 and 3 and 4
  EXPECT_FALSE(w.sell_one(100).accepted());
}

// Found by review: what a cancelled order gives back was marginal to orders that may go as well. Closes
// of both legs by turns, where those of one leg go, must not leave more than the allowance.
TYPED_TEST(States, WhatOrdersThatGoMadeRoomForIsNotLeftBehind) {
  Hedged<TypeParam> w;
  const Answer sale = w.sell_one();
  const Answer hedge = w.buy(0, kBtcDated, 1, 100);
  EXPECT_TRUE(sale.accepted());
  EXPECT_TRUE(hedge.accepted());
  w.fill(sale.number, 1, 100);
  w.venue(VenueEventType::Canceled, hedge.number, 1);
  EXPECT_FALSE(w.sell_one().accepted());  // 16 required, 32 with it, and 20 allowed
  EXPECT_TRUE(w.buy(0, kBtcDated, 1, 100).accepted());
}

TYPED_TEST(States, AReplaceIsJudgedByAllThatItsChainMayDo) {
  Hedged<TypeParam> w(kPpm);
  const Answer sale = w.sell_one();
  EXPECT_EQ(sale.allowance, usd(16));
  const Answer larger = w.replace(sale.client_ref, 2, 100);
  EXPECT_TRUE(larger.accepted());
  EXPECT_EQ(larger.allowance, usd(32));
  EXPECT_EQ(w.replace(sale.client_ref, 3, 100).reason, RejectReason::Margin);
  const Answer smaller = w.replace(sale.client_ref, 1, 96);  // of the two in flight at the worst
  EXPECT_EQ(smaller.allowance, usd(40));
  EXPECT_FALSE(w.replace(sale.client_ref, 1, 95).accepted());
  w.venue(VenueEventType::Canceled, sale.number, 1);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 2, 96).accepted());  // all 40 again
}

TYPED_TEST(States, TheAllowanceIsFixedWhereItIsEnteredAndGoneWhereItIsLeft) {
  Hedged<TypeParam> w;
  for (const InstrumentIndex i : {kBtcPerp, kBtcDated}) w.mark(i, 1'000);
  EXPECT_EQ(w.recheck_at(-1), State::Restricted);
  EXPECT_FALSE(w.sell_one(1'000).accepted());  // 160 of 20: not set anew by another recheck
  for (const InstrumentIndex i : {kBtcPerp, kBtcDated}) w.mark(i, 100);
  const Answer sale = w.sell_one();
  EXPECT_EQ(sale.allowance, usd(16));
  EXPECT_EQ(w.recheck_at(usd(16)), State::Normal);
  const Answer more = w.sell_one(99);
  EXPECT_EQ(more.reason, RejectReason::Margin);  // a normal account has none
  EXPECT_EQ(w.recheck_at(usd(1)), State::Restricted);
  // A fiftieth is 40 again, and 16 are required as it becomes restricted.
  EXPECT_EQ(w.sell_one(96).allowance, usd(20));
  w.venue(VenueEventType::Canceled, sale.number, 1);
  EXPECT_FALSE(w.sell_one(99).accepted());
}

// Where more is required than a fiftieth of the notional, that counts.
TYPED_TEST(States, TheAllowanceIsAShareOfWhatIsRequired) {
  Parameters p = small_parameters();
  p.bands = {initial(State::Restricted, kPpm, kPpm)};
  p.exit_allowance_ppm = 100'000;
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kEthPerp, -30, 100);
  EXPECT_EQ(w.recheck_at(usd(639)), State::Restricted);  // of 640: 64 are allowed
  // A sale at a loss of 23, seven more than it frees; of three at 26 each, thirty more.
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 77).allowance, usd(7));
  EXPECT_EQ(w.sell(0, kBtcPerp, 3, 74).allowance, usd(53));  // and the 23 of the other
  EXPECT_FALSE(w.sell(0, kBtcPerp, 1, 76).accepted());
}

// What close-only and the day mean by an exit is one by the allowance too.
TYPED_TEST(States, AnExitByTheAllowanceIsOneForCloseOnlyAndTheDay) {
  Hedged<TypeParam> closed;
  closed.control(ControlScope::Account, 0, ControlAction::CloseOnly);
  EXPECT_EQ(closed.buy(0, kBtcPerp, 1, 100).reason, CloseOnly);
  EXPECT_EQ(closed.sell_one().allowance, usd(16));
  EXPECT_EQ(closed.sell_one().reason, CloseOnly);

  Parameters p = Hedged<TypeParam>::parameters(500'000);
  p.profiles[0].daily_loss_max = {0};
  World<TypeParam> day(p);
  day.position(0, kBtcPerp, 10, 101);
  day.position(0, kBtcDated, -10, 100);
  EXPECT_EQ(day.recheck(), State::Restricted);
  EXPECT_EQ(day.buy(0, kBtcPerp, 1, 100).reason, DailyLoss);
  EXPECT_EQ(day.sell(0, kBtcPerp, 1, 100).allowance, usd(16));
  EXPECT_EQ(day.sell(0, kBtcPerp, 1, 100).reason, DailyLoss);
}

}  // namespace
}  // namespace portcullis::support::states_test
