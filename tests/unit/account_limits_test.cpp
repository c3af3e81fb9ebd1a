// Limits beside the margin (METHOD 3.15, ORDERLIFE 6): the day's loss, executions one after another,
// open interest, leverage, warnings, and what an instrument is open for; by hand, on the engine and
// on the naive model.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::account_limits_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

template <class Subject>
class AccountLimits : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(AccountLimits, Subjects);

// Coins at 100 dollars: one asks for 16.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
  }
  bool recheck_closes() { return this->subject.apply(Recheck{{this->now}, {0}, {}}).day_closed; }
  void start_day() { this->subject.apply(DayStart{{this->now}, {0}, {}}); }
  void control(ControlScope scope, std::uint32_t target, ControlAction action) {
    this->subject.apply(Control{{this->now}, target, {}, scope, action, {}});
  }
  void resume() { control(ControlScope::Account, 0, ControlAction::Resume); }
  void open_interest(std::int64_t lots) {
    this->subject.apply(OpenInterestUpdate{{this->now}, {lots}, kBtcPerp, {}});
  }
  void leverage_cap(std::int64_t max_ppm) {
    this->subject.apply(LeverageCap{{this->now}, max_ppm});
  }
  RejectReason transfer(AccountIndex from, AccountIndex to, AssetIndex asset, std::int64_t units) {
    return this->settle(Transfer{{this->now}, units, from, to, asset, {}});
  }
  RejectReason buy_one() { return this->buy(0, kBtcPerp, 1, 100).reason; }
  RejectReason sell_one() { return this->sell(0, kBtcPerp, 1, 100).reason; }
};

// --- the day's loss

Parameters day_parameters(std::int64_t dollars) {
  Parameters p = small_parameters();
  p.profiles[0].daily_loss_max = {usd(dollars)};
  return p;
}

TYPED_TEST(AccountLimits, ALossUpToTheLimitIsNone) {
  World<TypeParam> w(day_parameters(50));
  w.balance(0, kUsd, usd(10'000));
  w.position(0, kBtcPerp, 10, 100);
  w.mark(kBtcPerp, 95);
  EXPECT_FALSE(w.recheck_closes());
  EXPECT_EQ(w.buy_one(), None);
  w.subject.apply(Interest{{w.now}, 1, {0}, kUsd});  // a micro-dollar more
  EXPECT_EQ(w.buy_one(), DailyLoss);
  EXPECT_EQ(w.buy(0, kEthPerp, 1, 100).reason, DailyLoss);
  EXPECT_EQ(w.sell_one(), None);  // an exit
  w.mark(kBtcPerp, 96);
  EXPECT_EQ(w.buy_one(), None);  // nobody has looked
}

TYPED_TEST(AccountLimits, ACrossedDayStaysClosedUntilTheNext) {
  World<TypeParam> w(day_parameters(50));
  w.balance(0, kUsd, usd(10'000));
  w.position(0, kBtcPerp, 10, 100);
  w.mark(kBtcPerp, 94);
  EXPECT_TRUE(w.recheck_closes());
  EXPECT_FALSE(w.recheck_closes());  // it is already
  w.mark(kBtcPerp, 120);
  EXPECT_EQ(w.buy_one(), DailyLoss);
  w.start_day();  // counts from 10,200
  EXPECT_EQ(w.buy_one(), None);
  w.mark(kBtcPerp, 114);
  EXPECT_EQ(w.buy_one(), DailyLoss);
  w.start_day();
  EXPECT_EQ(w.buy_one(), None);
  w.mark(kBtcPerp, 80);
  EXPECT_TRUE(w.recheck_closes());
  w.resume();
  EXPECT_EQ(w.buy_one(), DailyLoss);  // the flag is gone, the loss is not
  w.mark(kBtcPerp, 114);
  EXPECT_EQ(w.buy_one(), None);
}

// Money that comes or goes is neither a loss nor a gain; an index that moves is.
TYPED_TEST(AccountLimits, TransfersAreNoLoss) {
  World<TypeParam> w(day_parameters(50));
  w.balance(1, kUsd, usd(1'000));
  w.balance(0, kUsd, usd(10'000));
  EXPECT_EQ(w.transfer({0}, {}, kUsd, usd(3'000)), None);
  EXPECT_EQ(w.transfer({0}, {1}, kUsd, usd(3'000)), None);
  EXPECT_EQ(w.buy_one(), None);
  w.position(0, kBtcPerp, 10, 106);  // a loss of 60
  EXPECT_EQ(w.buy_one(), DailyLoss);
  EXPECT_EQ(w.transfer({}, {0}, kUsd, usd(100)), None);
  EXPECT_EQ(w.transfer({1}, {0}, kUsd, usd(100)), None);
  w.balance(0, kUsd, usd(100));
  EXPECT_EQ(w.buy_one(), DailyLoss);
  w.start_day();
  EXPECT_EQ(w.buy_one(), None);

  // Half a coin at 2,000 dollars, without its haircut, is 1,000.
  w.index(kBtc, 2'000);
  EXPECT_EQ(w.transfer({}, {0}, kBtc, 50'000'000), None);
  EXPECT_FALSE(w.recheck_closes());
  w.index(kBtc, 1'900);
  EXPECT_FALSE(w.recheck_closes());  // 50
  w.index(kBtc, 1'899);
  EXPECT_TRUE(w.recheck_closes());
}

// What comes while it has no price counts as nothing then.
TYPED_TEST(AccountLimits, WhatIsUnpricedAsItComesCountsAsNothing) {
  World<TypeParam> w(day_parameters(50));
  w.balance(0, kBtc, 100'000'000);
  w.balance(0, kUsd, usd(500));
  w.index(kBtc, 1'000);
  w.position(0, kBtcPerp, 10, 205);  // a loss of 1,050 against a coin of 1,000
  EXPECT_FALSE(w.recheck_closes());
  w.position(0, kBtcPerp, 1, 101);
  EXPECT_TRUE(w.recheck_closes());
}

// A loan is no gain, and what was paid for an option is in its value.
TYPED_TEST(AccountLimits, LoansAndPremiumsAreNoLoss) {
  Parameters p = day_parameters(50);
  p.assets[kUsd.value].borrow_max = {usd(10'000)};
  p.instruments[kBtcDated.value].upfront = true;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(5'000));
  EXPECT_EQ(w.settle(Borrow{{w.now}, usd(1'000), {0}, kUsd}), None);
  const Answer bid = w.buy(0, kBtcDated, 10, 100);
  ASSERT_TRUE(bid.accepted());
  w.fill(bid.number, 10, 100);
  EXPECT_FALSE(w.recheck_closes());
  EXPECT_EQ(w.settle(Borrow{{w.now}, -usd(1'000), {0}, kUsd}), None);
  EXPECT_FALSE(w.recheck_closes());
  w.mark(kBtcDated, 95);
  EXPECT_FALSE(w.recheck_closes());
  w.mark(kBtcDated, 94);
  EXPECT_TRUE(w.recheck_closes());
}

// On stale prices there is no loss to speak of, but a day that is closed stays closed, and exits go
// by position.
TYPED_TEST(AccountLimits, OnStalePricesOnlyAClosedDayCounts) {
  World<TypeParam> w(day_parameters(50));
  w.balance(0, kUsd, usd(10'000));
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  w.mark(kBtcPerp, 94);
  const auto age = [&] {
    w.now += kHour + 1;
    w.index(kUsd, 1);
    w.mark(kBtcPerp, 94);  // and not the other one
  };
  EXPECT_EQ(w.sell_one(), DailyLoss);  // a leg of a hedge is no exit
  age();
  EXPECT_EQ(w.sell_one(), None);
  EXPECT_EQ(w.buy_one(), StaleRiskTable);
  w.mark(kBtcDated, 100);
  EXPECT_TRUE(w.recheck_closes());
  EXPECT_EQ(w.sell_one(), DailyLoss);
  age();
  EXPECT_EQ(w.sell_one(), None);
}

// --- executions one after another

Parameters throttle_parameters(std::int64_t burst) {
  Parameters p = small_parameters();
  p.accounts[0].executions = {.interval_ns = kSecondNs, .burst = burst};
  return p;
}

TYPED_TEST(AccountLimits, ExecutionsFasterThanTheThrottleStopWhatAddsRisk) {
  World<TypeParam> w(throttle_parameters(2));
  w.balance(0, kUsd, usd(10'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 100);
  w.fill(bid.number, 1, 100);
  w.fill(bid.number, 1, 100);
  EXPECT_EQ(w.buy_one(), None);  // two at once
  w.now += kSecondNs - 1;
  EXPECT_EQ(w.buy_one(), None);
  w.now += 1;
  w.fill(bid.number, 1, 100);  // a token has come back
  EXPECT_EQ(w.buy_one(), None);
  w.fill(bid.number, 1, 100);
  EXPECT_EQ(w.buy_one(), RepeatedExecution);
  EXPECT_EQ(w.sell(0, kEthPerp, 1, 100).reason, RepeatedExecution);
  EXPECT_EQ(w.sell_one(), None);
  w.now += kHour / 2;
  EXPECT_EQ(w.buy_one(), RepeatedExecution);  // until a person has looked
  w.resume();
  EXPECT_EQ(w.buy_one(), None);
  // The other account has its own.
  w.balance(1, kUsd, usd(10'000));
  EXPECT_EQ(w.buy(1, kBtcPerp, 1, 100).reason, None);
}

TYPED_TEST(AccountLimits, ResumeGivesTheWholeBurst) {
  World<TypeParam> w(throttle_parameters(2));
  w.balance(0, kUsd, usd(10'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 100);
  w.fill(bid.number, 1, 100);
  w.fill(bid.number, 1, 100);
  w.resume();
  w.fill(bid.number, 1, 100);
  w.fill(bid.number, 1, 100);
  EXPECT_EQ(w.buy_one(), None);
  w.fill(bid.number, 1, 100);
  EXPECT_EQ(w.buy_one(), RepeatedExecution);
}

// Only executions of live orders count: not a late one, nor a position that is given over.
TYPED_TEST(AccountLimits, WhatNoOrderOfTheAccountDidIsNotCounted) {
  World<TypeParam> w(throttle_parameters(1));
  w.balance(0, kUsd, usd(10'000));
  const Answer bid = w.buy(0, kBtcPerp, 1, 100);
  w.venue(VenueEventType::Canceled, bid.number, 1);
  w.fill(bid.number, 1, 100);                                  // late
  w.control(ControlScope::Account, 0, ControlAction::Resume);  // it was disputed
  w.fill(bid.number, 1, 100);
  w.subject.apply(PositionTransfer{{w.now}, {1}, {100}, {1}, {0}, kBtcPerp, {}});
  const Answer second = w.buy(0, kEthPerp, 3, 100);
  EXPECT_EQ(second.reason, CloseOnly);  // disputed once more
  w.resume();
  const Answer third = w.buy(0, kEthPerp, 3, 100);
  w.fill(third.number, 1, 100);
  EXPECT_EQ(w.buy_one(), None);
  w.fill(third.number, 1, 100);
  EXPECT_EQ(w.buy_one(), RepeatedExecution);
}

// After the rate and before the overload.
TYPED_TEST(AccountLimits, RepeatedExecutionStandsBetweenRateAndOverload) {
  Parameters p = throttle_parameters(1);
  p.accounts[0].rate = {.per_second = 1, .burst = 2, .exit_per_second = 1, .exit_burst = 1};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 100);
  w.fill(bid.number, 1, 100);
  w.fill(bid.number, 1, 100);
  NewOrder o = w.order(0, kBtcPerp, Side::Buy, 1, 100);
  o.flags = kOverloaded;
  EXPECT_EQ(w.enter(o).reason, RepeatedExecution);
  EXPECT_EQ(w.enter(o).reason, Rate);
}

// --- open interest

TYPED_TEST(AccountLimits, OpenInterestHasAMost) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].open_interest_max = {20};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10'000));
  w.open_interest(15);
  EXPECT_EQ(w.buy(0, kBtcPerp, 6, 100).reason, OpenInterest);
  const Answer bid = w.buy(0, kBtcPerp, 5, 100);
  EXPECT_EQ(bid.reason, None);
  // Not its own orders are counted against it, but what the venue says there is.
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, None);
  w.fill(bid.number, 5, 100);
  w.open_interest(20);
  EXPECT_EQ(w.buy_one(), OpenInterest);
  EXPECT_EQ(w.sell(0, kBtcPerp, 5, 100).reason, None);  // grows nothing
  EXPECT_EQ(w.sell_one(), OpenInterest);                // that would be short
  EXPECT_EQ(w.buy(0, kEthPerp, 100, 100).reason, None);
}

// A sale of ten from long three grows the short side by seven.
TYPED_TEST(AccountLimits, TheSideThatGrowsMoreIsCountedAgainstItsShare) {
  Parameters p = small_parameters();
  p.profiles.push_back(p.profiles[0]);
  p.profiles[1].instruments[kBtcPerp.value].open_interest_share_ppm = 250'000;
  p.accounts[0].profile = 1;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10'000));
  w.balance(1, kUsd, usd(10'000));
  EXPECT_EQ(w.buy_one(), OpenInterest);  // of nothing there is no share
  EXPECT_EQ(w.buy(1, kBtcPerp, 50, 100).reason, None);
  w.open_interest(31);  // 7.75
  EXPECT_EQ(w.buy(0, kBtcPerp, 8, 100).reason, OpenInterest);
  w.position(0, kBtcPerp, 3, 100);
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, OpenInterest);
  EXPECT_EQ(w.sell(0, kBtcPerp, 11, 100).reason, OpenInterest);
  const Answer offer = w.sell(0, kBtcPerp, 10, 100);
  EXPECT_EQ(offer.reason, None);
  EXPECT_EQ(w.sell_one(), OpenInterest);
  EXPECT_EQ(w.replace(offer.client_ref, 11, 100).reason, OpenInterest);
  EXPECT_EQ(w.replace(offer.client_ref, 10, 101).reason, None);  // grows nothing
  EXPECT_EQ(w.buy(0, kBtcPerp, 4, 100).reason, None);
  EXPECT_EQ(w.buy_one(), OpenInterest);
}

// At each level what all of its accounts have of the side; the account first, then upwards.
TYPED_TEST(AccountLimits, AShareIsThatOfAllAccountsOfALevel) {
  Parameters p = small_parameters();
  p.profiles.push_back(p.profiles[0]);
  p.profiles[1].instruments[kBtcPerp.value].open_interest_share_ppm = 500'000;
  p.nodes[kMember.value].profile = 1;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10'000));
  w.balance(1, kUsd, usd(10'000));
  w.open_interest(20);
  EXPECT_EQ(w.buy(1, kBtcPerp, 6, 100).reason, None);
  EXPECT_EQ(w.sell(1, kBtcPerp, 3, 100).reason, None);
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, OpenInterest);
  EXPECT_EQ(w.buy(0, kBtcPerp, 4, 100).reason, None);
  EXPECT_EQ(w.sell(0, kBtcPerp, 8, 100).reason, OpenInterest);
  EXPECT_EQ(w.sell(0, kBtcPerp, 7, 100).reason, None);
}

// --- leverage

TYPED_TEST(AccountLimits, TheBracketIsThatOfTheNotionalAfterTheOrder) {
  Parameters p = small_parameters();
  p.profiles[0].leverage_max_ppm = 10 * kPpm;
  p.profiles[0].leverage_brackets = {
      {{usd(500)}, 20 * kPpm}, {{usd(900)}, 8 * kPpm}, {{kValueMax}, 5 * kPpm}};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(40));
  EXPECT_EQ(w.buy(0, kBtcPerp, 4, 100).reason, RejectReason::Margin);  // 400 is ten times: not 20
  w.balance(0, kUsd, usd(8));
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, Leverage);  // 500 of 480
  w.balance(0, kUsd, usd(152));                            // 200
  EXPECT_EQ(w.buy(0, kBtcPerp, 10, 100).reason, None);     // 1,000 in the last, five times
  EXPECT_EQ(w.buy_one(), Leverage);
}

TYPED_TEST(AccountLimits, ACapHoldsForAllUntilItIsToldOtherwise) {
  Parameters p = small_parameters();
  p.profiles[0].leverage_max_ppm = 5 * kPpm;
  p.profiles[0].leverage_brackets = {{{kValueMax}, 4 * kPpm}};
  World<TypeParam> w(p);
  for (const std::uint32_t account : {0U, 1U}) w.balance(account, kUsd, usd(1'000));
  const auto most = [&] {
    for (std::int64_t lots = 60; lots > 0; --lots) {
      const Answer bid = w.buy(1, kEthPerp, lots, 100);
      if (!bid.accepted()) continue;
      w.venue(VenueEventType::Rejected, bid.number);
      return lots;
    }
    return std::int64_t{0};
  };
  EXPECT_EQ(most(), 40);
  w.leverage_cap(3'500'000);
  EXPECT_EQ(most(), 35);
  w.leverage_cap(0);
  EXPECT_EQ(most(), 0);
  w.leverage_cap(100 * kPpm);
  EXPECT_EQ(most(), 40);
}

// --- warnings

// A wider grid that only warns: 20 % where 16 % is enforced.
TYPED_TEST(AccountLimits, AnOrderThatTheWarningSetsWouldRefuseIsMarked) {
  Parameters p = small_parameters();
  for (GroupParameters& g : p.groups) {
    g.column_count = 3;
    g.shock_ppm = {-160'000, 160'000, -200'000};
  }
  p.sets = {per_group_set(2, 0, 2), per_group_set(2, 2, 1)};
  p.sets[1].action = SetAction::Warn;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(200));
  EXPECT_FALSE(w.buy(0, kBtcPerp, 10, 100).warned);
  const Answer eleven = w.buy(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(eleven.accepted() && eleven.warned);
  EXPECT_EQ(w.margin(0).requirement, usd(176));  // the warning asks for nothing
  EXPECT_EQ(w.buy(0, kBtcPerp, 2, 100).reason, RejectReason::Margin);
  // An exit is not marked: it is accepted whatever the sets say.
  w.balance(0, kUsd, -usd(100));
  w.position(0, kBtcPerp, 10, 100);
  const Answer exit = w.sell(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(exit.accepted() && exit.exit);
  EXPECT_FALSE(exit.warned);

  p.sets[1].action = SetAction::Report;
  World<TypeParam> reported(p);
  reported.balance(0, kUsd, usd(176));
  EXPECT_FALSE(reported.buy(0, kBtcPerp, 11, 100).warned);
}

// --- what an instrument is open for

TYPED_TEST(AccountLimits, AnInstrumentIsHaltedClosedOrOpenAgain) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, usd(10'000));
  w.position(0, kBtcPerp, 10, 100);
  w.position(0, kBtcDated, -10, 100);
  const auto tell = [&](ControlAction action) {
    w.control(ControlScope::Instrument, kBtcPerp.value, action);
  };
  for (const ControlAction halt : {ControlAction::Kill, ControlAction::Suspend}) {
    tell(halt);
    EXPECT_EQ(w.buy_one(), InstrumentHalted);
    EXPECT_EQ(w.sell_one(), InstrumentHalted);
    EXPECT_EQ(w.buy(0, kBtcDated, 1, 100).reason, None);
    tell(ControlAction::Resume);
    EXPECT_EQ(w.buy_one(), None);
  }
  tell(ControlAction::CloseOnly);
  EXPECT_EQ(w.buy_one(), CloseOnly);
  EXPECT_EQ(w.sell_one(), None);  // by its position: a leg of a hedge, and no exit
  EXPECT_EQ(w.sell(0, kBtcPerp, 10, 100).reason, CloseOnly);  // more than is held
  tell(ControlAction::Kill);
  EXPECT_EQ(w.sell_one(), InstrumentHalted);
  tell(ControlAction::Resume);
  EXPECT_EQ(w.buy_one(), None);
  w.subject.apply(Expire{{w.now}, {100}, kBtcPerp, {}});
  tell(ControlAction::Resume);
  EXPECT_EQ(w.buy_one(), InstrumentHalted);
  tell(ControlAction::CloseOnly);
  EXPECT_EQ(w.buy_one(), InstrumentHalted);
}

}  // namespace
}  // namespace portcullis::support::account_limits_test
