// Who a refusal names and with which arithmetic, at every level of the tree (on the engine: the model
// has none). The order of the reasons is in reject_precedence_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::reject_arithmetic_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

// A coin at 100 dollars; a profile for every level from the account up to the venue.
constexpr std::uint32_t kLevels = 4;
constexpr std::array<NodeLevel, kLevels> kUpwards = {NodeLevel::Account, NodeLevel::Group,
                                                     NodeLevel::Member, NodeLevel::Venue};
constexpr std::array<std::uint32_t, kLevels> kNodes = {0, kGroup.value, kMember.value,
                                                       kVenue.value};

Parameters parameters_by_level() {
  Parameters p = small_parameters();
  p.profiles.assign(kLevels, p.profiles[0]);
  p.nodes[kGroup.value].profile = 1;
  p.nodes[kMember.value].profile = 2;
  p.nodes[kVenue.value].profile = 3;
  p.accounts[1].profile = kLevels;  // not account 0's
  p.profiles.push_back(p.profiles[0]);
  return p;
}

struct LevelWorld : Driver<Engine> {
  explicit LevelWorld(const Parameters& p) : Driver<Engine>(p) {
    index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) mark(i, 100);
    balance(0, kUsd, usd(1'000'000));
    balance(1, kUsd, usd(1'000'000));
  }
  Decision decide(NewOrder o) {
    o.client_ref = ++client_ref;
    return subject.submit(o);
  }
  Decision decide(Side side, std::int64_t lots) {
    return decide(order(0, kBtcPerp, side, lots, 100));
  }
};

struct LimitCase {
  const char* name;
  RejectReason reason;
  Side side;
  std::int64_t unit;    // of the arithmetic, in a lot
  std::int64_t others;  // lots that account 1 uses of the limit of a node
  void (*tighten)(LimitProfile& profile, std::int64_t lots);
};

InstrumentLimits& perp(LimitProfile& profile) { return profile.instruments[kBtcPerp.value]; }

constexpr std::int64_t kLot = usd(100);
const LimitCase kLimitCases[] = {
    {"clip", ClipSize, Side::Buy, 1, 0,
     [](LimitProfile& p, std::int64_t lots) { perp(p).clip = {lots}; }},
    {"notional of an order", MaxNotional, Side::Sell, kLot, 0,
     [](LimitProfile& p, std::int64_t lots) { perp(p).notional_max = {lots * kLot}; }},
    {"long", LongLimit, Side::Buy, 1, 3,
     [](LimitProfile& p, std::int64_t lots) { perp(p).long_max = {lots}; }},
    {"short", ShortLimit, Side::Sell, 1, 2,
     [](LimitProfile& p, std::int64_t lots) { perp(p).short_max = {lots}; }},
    {"gross notional of the instrument", GrossNotional, Side::Sell, kLot, 3,
     [](LimitProfile& p, std::int64_t lots) { perp(p).gross_notional_max = {lots * kLot}; }},
    {"gross notional of all", GrossNotional, Side::Buy, kLot, 3 + 4,
     [](LimitProfile& p, std::int64_t lots) { p.gross_notional_max = {lots * kLot}; }},
};

// Account 1 is long 3 with 5 on offer: of both it uses 3 long, 2 short and 3 gross, and 4 gross in
// the other coin.
void trade_beside(LevelWorld& w) {
  w.position(1, kBtcPerp, 3, 100);
  w.sell(1, kBtcPerp, 5, 100);
  w.position(1, kEthPerp, -4, 100);
}

TEST(RejectArithmetic, TheFirstCrossedLevelIsNamedWithWhatIsLeftThere) {
  constexpr std::int64_t kLimit = 20;
  for (const LimitCase& limit : kLimitCases) {
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      SCOPED_TRACE(std::string(limit.name) + ", level " + std::to_string(level));
      Parameters p = parameters_by_level();
      for (std::uint32_t up = level; up < kLevels; ++up) limit.tighten(p.profiles[up], kLimit);
      LevelWorld w(p);
      trade_beside(w);
      const std::int64_t used = level == 0 ? 0 : limit.others;
      const std::int64_t fits = kLimit - used;
      for (const std::int64_t lots : {fits + 1, 3 * kLimit}) {
        const Decision refused = w.decide(limit.side, lots);
        EXPECT_EQ(refused.reason, limit.reason);
        EXPECT_EQ(refused.level, kUpwards[level]);
        EXPECT_EQ(refused.node, kNodes[level]);
        EXPECT_EQ(refused.limit, kLimit * limit.unit);
        EXPECT_EQ(refused.needed, lots * limit.unit);
        EXPECT_EQ(refused.available, fits * limit.unit);
        EXPECT_EQ(refused.shortfall, (lots - fits) * limit.unit);
        // A stricter limit further up allows less.
        EXPECT_EQ(refused.largest_passing, Lots{kLimit - limit.others});
      }
      const std::int64_t most = kLimit - limit.others;
      EXPECT_EQ(w.decide(limit.side, most + 1).reason, limit.reason);
      EXPECT_EQ(w.decide(limit.side, most).reason, None);
    }
  }
}

// With the limit of one level only, the order at the limit passes and one lot more does not.
TEST(RejectArithmetic, AtTheLimitOfEveryLevelPassesAndALotMoreDoesNot) {
  constexpr std::int64_t kLimit = 20;
  for (const LimitCase& limit : kLimitCases) {
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      SCOPED_TRACE(std::string(limit.name) + ", level " + std::to_string(level));
      Parameters p = parameters_by_level();
      limit.tighten(p.profiles[level], kLimit);
      LevelWorld w(p);
      trade_beside(w);
      const std::int64_t fits = kLimit - (level == 0 ? 0 : limit.others);
      const Decision refused = w.decide(limit.side, fits + 1);
      EXPECT_EQ(refused.reason, limit.reason);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.largest_passing, Lots{fits});
      EXPECT_EQ(w.decide(limit.side, fits).reason, None);
    }
  }
}

TEST(RejectArithmetic, OpenOrdersAreCountedAtEveryLevel) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) p.profiles[up].open_orders_max = 2;
    LevelWorld w(p);
    if (level != 0) w.buy(1, kEthPerp, 1, 100);
    for (int own = level == 0 ? 2 : 1; own > 0; --own)
      EXPECT_EQ(w.decide(Side::Buy, 1).reason, None);
    const Decision refused = w.decide(Side::Buy, 1);
    EXPECT_EQ(refused.reason, OpenOrders);
    EXPECT_EQ(refused.level, kUpwards[level]);
    EXPECT_EQ(refused.node, kNodes[level]);
    EXPECT_EQ(refused.limit, 2);
    EXPECT_EQ(refused.needed, 1);
    EXPECT_EQ(refused.available, 0);
    EXPECT_EQ(refused.shortfall, 1);
  }
}

TEST(RejectArithmetic, TheCollarOfEveryLevelIsNamedInTicks) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) perp(p.profiles[up]).collar_ppm = 50'000;
    LevelWorld w(p);
    for (const Side side : {Side::Buy, Side::Sell}) {
      const int sign = sign_of(side);
      const Decision refused = w.decide(w.order(0, kBtcPerp, side, 1, 100 + 8 * sign));
      EXPECT_EQ(refused.reason, PriceCollar);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.limit, 100 + 5 * sign);
      EXPECT_EQ(refused.shortfall, 3);
      EXPECT_EQ(w.decide(w.order(0, kBtcPerp, side, 1, 100 + 6 * sign)).reason, PriceCollar);
      EXPECT_EQ(w.decide(w.order(0, kBtcPerp, side, 1, 100 + 5 * sign)).reason, None);
    }
  }
}

// Narrower upwards, and at the last level the narrowest: of the reference at 1,000, or of ticks.
TEST(RejectArithmetic, AnOptionsCollarIsTheLargestOfTheThreeAtEachLevel) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    p.instruments[kBtcDated.value].reference = kBtcPerp;
    for (std::uint32_t up = level; up < kLevels; ++up) {
      InstrumentLimits& limits = p.profiles[up].instruments[kBtcDated.value];
      limits.collar_ppm = 20'000;
      if (up % 2 == 0) {
        limits.collar_underlying_ppm = 5'000;
      } else {
        limits.collar_ticks = 5;
      }
    }
    LevelWorld w(p);
    w.mark(kBtcPerp, 1'000);
    for (const Side side : {Side::Buy, Side::Sell}) {
      const int sign = sign_of(side);
      const Decision refused = w.decide(w.order(0, kBtcDated, side, 1, 100 + 8 * sign));
      EXPECT_EQ(refused.reason, PriceCollar);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.limit, 100 + 5 * sign);
      EXPECT_EQ(refused.needed, side == Side::Buy ? 108 : 95);
      EXPECT_EQ(refused.available, side == Side::Buy ? 105 : 92);
      EXPECT_EQ(refused.shortfall, 3);
      EXPECT_EQ(w.decide(w.order(0, kBtcDated, side, 1, 100 + 6 * sign)).reason, PriceCollar);
      EXPECT_EQ(w.decide(w.order(0, kBtcDated, side, 1, 100 + 5 * sign)).reason, None);
    }
  }
}

TEST(RejectArithmetic, RestrictedNamesTheFirstLevelThatHasItOnItsList) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) perp(p.profiles[up]).restricted = true;
    LevelWorld w(p);
    const Decision refused = w.decide(Side::Buy, 1);
    EXPECT_EQ(refused.reason, Restricted);
    EXPECT_EQ(refused.level, kUpwards[level]);
    EXPECT_EQ(refused.node, kNodes[level]);
  }
}

TEST(RejectArithmetic, KilledSuspendedAndCloseOnlyNameWhereTheyWereSet) {
  constexpr std::array<std::pair<ControlAction, RejectReason>, 3> kActions = {
      {{ControlAction::Kill, Killed},
       {ControlAction::Suspend, Suspended},
       {ControlAction::CloseOnly, CloseOnly}}};
  for (const auto& [action, reason] : kActions) {
    LevelWorld w(parameters_by_level());
    const auto set = [&w, action = action](ControlScope scope, std::uint32_t target) {
      w.subject.apply(Control{{w.now}, target, {}, scope, action, {}});
      return w.decide(Side::Buy, 1);
    };
    // From the venue downwards, each nearer than the one before.
    for (std::uint32_t level = kLevels; level-- > 0;) {
      const Decision refused =
          set(level == 0 ? ControlScope::Account : ControlScope::Node, kNodes[level]);
      EXPECT_EQ(refused.reason, reason);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
    }
    const Decision refused = set(ControlScope::Session, 0);
    EXPECT_EQ(refused.reason, reason);
    EXPECT_EQ(refused.level, NodeLevel::Session);
    EXPECT_EQ(refused.node, 0U);
  }
}

TEST(RejectArithmetic, EntitlementAndRatesNameTheSession) {
  Parameters p = parameters_by_level();
  p.sessions[1].accounts = {AccountIndex{1}};
  p.sessions[1].rate = {.per_second = 4, .burst = 2, .exit_per_second = 4, .exit_burst = 2};
  LevelWorld w(p);
  NewOrder o = w.order(0, kBtcPerp, Side::Buy, 1, 100);
  o.session = {1};
  const Decision foreign = w.decide(o);  // takes a token
  EXPECT_EQ(foreign.reason, NotEntitled);
  EXPECT_EQ(foreign.level, NodeLevel::Session);
  EXPECT_EQ(foreign.node, 1U);
  o.account = {1};
  EXPECT_EQ(w.decide(o).reason, None);
  const Decision fast = w.decide(o);
  EXPECT_EQ(fast.reason, Rate);
  EXPECT_EQ(fast.level, NodeLevel::Session);
  EXPECT_EQ(fast.node, 1U);
  EXPECT_EQ(fast.shortfall, kSecondNs / 4);
  o.time = {w.now + kSecondNs / 4 - 1};
  EXPECT_EQ(w.decide(o).shortfall, 1);
  o.time = {w.now + kSecondNs / 4};
  EXPECT_EQ(w.decide(o).reason, None);
}

TEST(RejectArithmetic, LeverageIsNamedInDollars) {
  Parameters p = parameters_by_level();
  p.profiles[0].leverage_max_ppm = 2 * kPpm;
  LevelWorld w(p);
  w.balance(0, kUsd, usd(500) - usd(1'000'000));
  w.position(0, kEthPerp, 3, 100);
  const Decision refused = w.decide(Side::Buy, 9);
  EXPECT_EQ(refused.reason, Leverage);
  EXPECT_EQ(refused.level, NodeLevel::Account);
  EXPECT_EQ(refused.node, 0U);
  EXPECT_EQ(refused.limit, usd(1'000));
  EXPECT_EQ(refused.needed, usd(900));
  EXPECT_EQ(refused.available, usd(700));
  EXPECT_EQ(refused.shortfall, usd(200));
  EXPECT_EQ(refused.largest_passing, Lots{7});
  EXPECT_EQ(w.decide(Side::Buy, 8).reason, Leverage);
  EXPECT_EQ(w.decide(Side::Buy, 7).reason, None);
}

TEST(RejectArithmetic, MarginIsNamedInDollarsWithItsScenario) {
  LevelWorld w(parameters_by_level());
  w.balance(0, kUsd, usd(208) - usd(1'000'000));
  w.position(0, kEthPerp, 3, 100);
  ASSERT_EQ(w.margin(0).available, usd(160));
  const Decision refused = w.decide(Side::Sell, 12);
  EXPECT_EQ(refused.reason, Margin);
  EXPECT_EQ(refused.level, NodeLevel::Account);
  EXPECT_EQ(refused.node, 0U);
  EXPECT_EQ(refused.limit, 0);
  EXPECT_EQ(refused.needed, usd(12 * 16));
  EXPECT_EQ(refused.available, usd(160));
  EXPECT_EQ(refused.shortfall, usd(32));
  EXPECT_EQ(refused.set, 0U);
  EXPECT_EQ(refused.group, 0U);     // the coin that is sold
  EXPECT_EQ(refused.scenario, 8U);  // +16 %
  EXPECT_EQ(refused.largest_passing, Lots{10});
  EXPECT_EQ(w.decide(Side::Sell, 11).reason, Margin);
  EXPECT_EQ(w.decide(Side::Sell, 10).reason, None);
  EXPECT_EQ(w.margin(0).available, 0);
}

TEST(RejectArithmetic, ReduceOnlyNamesWhatMayBeClosed) {
  LevelWorld w(parameters_by_level());
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.decide(Side::Sell, 4).reason, None);
  NewOrder o = w.order(0, kBtcPerp, Side::Sell, 9, 100);
  o.flags = kReduceOnly;
  const Decision refused = w.decide(o);
  EXPECT_EQ(refused.reason, ReduceOnly);
  EXPECT_EQ(refused.limit, 6);
  EXPECT_EQ(refused.needed, 9);
  EXPECT_EQ(refused.available, 6);
  EXPECT_EQ(refused.shortfall, 3);
  EXPECT_EQ(refused.largest_passing, Lots{6});
  o.quantity = {7};
  EXPECT_EQ(w.decide(o).reason, ReduceOnly);
  o.quantity = {6};
  EXPECT_EQ(w.decide(o).reason, None);
}

TEST(RejectArithmetic, AShareOfOpenInterestIsNamedWhereItIsCrossed) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up)
      perp(p.profiles[up]).open_interest_share_ppm = 100'000;
    LevelWorld w(p);
    w.subject.apply(OpenInterestUpdate{{w.now}, {109}, kBtcPerp, {}});
    trade_beside(w);
    for (const auto& [side, others] : {std::pair{Side::Buy, 3}, std::pair{Side::Sell, 2}}) {
      const std::int64_t fits = 10 - (level == 0 ? 0 : others);
      const Decision refused = w.decide(side, fits + 4);
      EXPECT_EQ(refused.reason, OpenInterest);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.limit, 10);
      EXPECT_EQ(refused.needed, fits + 4);
      EXPECT_EQ(refused.available, fits);
      EXPECT_EQ(refused.shortfall, 4);
      EXPECT_EQ(refused.largest_passing, Lots{10 - others});
    }
  }
}

TEST(RejectArithmetic, OpenInterestIsNamedInLots) {
  Parameters p = parameters_by_level();
  p.instruments[kBtcPerp.value].open_interest_max = {30};
  LevelWorld w(p);
  w.subject.apply(OpenInterestUpdate{{w.now}, {25}, kBtcPerp, {}});
  w.position(0, kBtcPerp, 3, 100);
  const Decision refused = w.decide(Side::Sell, 10);  // 7 short
  EXPECT_EQ(refused.reason, OpenInterest);
  EXPECT_EQ(refused.limit, 30);
  EXPECT_EQ(refused.needed, 7);
  EXPECT_EQ(refused.available, 5);
  EXPECT_EQ(refused.shortfall, 2);
  EXPECT_EQ(refused.largest_passing, Lots{8});
}

TEST(RejectArithmetic, TheLossOfTheDayIsNamedInDollars) {
  Parameters p = parameters_by_level();
  p.profiles[0].daily_loss_max = {usd(40)};
  LevelWorld w(p);
  w.position(0, kEthPerp, 10, 100);
  w.mark(kEthPerp, 95);
  const Decision crossed = w.decide(Side::Buy, 1);
  EXPECT_EQ(crossed.reason, DailyLoss);
  EXPECT_EQ(crossed.level, NodeLevel::Account);
  EXPECT_EQ(crossed.node, 0U);
  EXPECT_EQ(crossed.limit, usd(40));
  EXPECT_EQ(crossed.needed, usd(50));
  EXPECT_EQ(crossed.available, usd(40));
  EXPECT_EQ(crossed.shortfall, usd(10));
  EXPECT_TRUE(w.subject.apply(Recheck{{w.now}, {0}, {}}).day_closed);
  w.mark(kEthPerp, 105);  // won back, but the day stays closed
  const Decision closed = w.decide(Side::Buy, 1);
  EXPECT_EQ(closed.reason, DailyLoss);
  EXPECT_EQ(closed.limit, usd(40));
  EXPECT_GT(closed.shortfall, 0);
  EXPECT_EQ(closed.shortfall, closed.needed - closed.available);
}

TEST(RejectArithmetic, LeverageIsThatOfTheSmallestOfItsLimits) {
  Parameters p = parameters_by_level();
  p.profiles[0].leverage_max_ppm = 9 * kPpm;
  p.profiles[0].leverage_brackets = {{{usd(900)}, 8 * kPpm}, {{kValueMax}, 7 * kPpm}};
  LevelWorld w(p);
  w.balance(0, kUsd, usd(100) - usd(1'000'000));
  for (const auto& [lots, times] : {std::pair{9, 8}, std::pair{10, 7}}) {
    const Decision refused = w.decide(Side::Buy, lots);
    EXPECT_EQ(refused.reason, Leverage);
    EXPECT_EQ(refused.limit, usd(100 * times));
    EXPECT_EQ(refused.shortfall, usd(100 * (lots - times)));
    EXPECT_GT(refused.largest_passing, Lots{0});
  }
  w.subject.apply(LeverageCap{{w.now}, 6 * kPpm});
  EXPECT_EQ(w.decide(Side::Buy, 9).limit, usd(600));
}

// 200 dollars of 160 in a band that is left at 150 %: 125 % is what there is.
TEST(RejectArithmetic, AStateIsNamedByTheRatioThatItIsLeftAt) {
  Parameters p = parameters_by_level();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, 1'500'000}};
  LevelWorld w(p);
  w.balance(0, kUsd, usd(150) - usd(1'000'000));
  w.position(0, kBtcPerp, 10, 100);
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  w.balance(0, kUsd, usd(50));
  const Decision order = w.decide(Side::Buy, 2);
  const Decision transfer = w.subject.decide(Transfer{{w.now}, usd(1), {0}, {}, kUsd, {}});
  for (const Decision& refused : {order, transfer}) {
    EXPECT_EQ(refused.reason, RejectReason::MarginState);
    EXPECT_EQ(refused.node, 0U);
    EXPECT_EQ(refused.limit, 1'500'000);
    EXPECT_EQ(refused.needed, 1'500'000);
  }
  EXPECT_EQ(order.available, 1'250'000);
  EXPECT_EQ(order.shortfall, 250'000);
  EXPECT_EQ(transfer.available, 1'243'750);  // of 199
  EXPECT_EQ(transfer.shortfall, 256'250);
}

// 40 of 100 have been borrowed by another account; 70 more are asked for, at two dollars each.
TEST(RejectArithmetic, WhatCannotBeBorrowedIsNamedInTheRiskCurrency) {
  Parameters p = parameters_by_level();
  p.assets[kBtc.value].wide_per_index = 100;  // a unit is worth a quantum
  p.assets[kBtc.value].borrow_max = {100};
  LevelWorld w(p);
  w.index(kBtc, 2);
  w.subject.apply(Interest{{w.now}, 40, {1}, kBtc});
  const Decision transfer = w.subject.decide(Transfer{{w.now}, 70, {0}, {}, kBtc, {}});
  const Decision loan = w.subject.decide(Borrow{{w.now}, 70, {0}, kBtc});
  for (const Decision& refused : {transfer, loan}) {
    EXPECT_EQ(refused.reason, BorrowLimit);
    EXPECT_EQ(refused.node, 0U);
    EXPECT_EQ(refused.limit, 200);
    EXPECT_EQ(refused.needed, 140);
    EXPECT_EQ(refused.available, 120);
    EXPECT_EQ(refused.shortfall, 20);
  }
}

TEST(RejectArithmetic, AWithdrawalIsShortOfWhatItWouldTakeTooMuch) {
  LevelWorld w(parameters_by_level());
  w.balance(0, kUsd, usd(200) - usd(1'000'000));
  w.position(0, kBtcPerp, 10, 100);
  const Decision refused = w.subject.decide(Transfer{{w.now}, usd(45), {0}, {1}, kUsd, {}});
  EXPECT_EQ(refused.reason, Margin);
  EXPECT_EQ(refused.shortfall, usd(5));
  EXPECT_EQ(refused.shortfall, refused.needed - refused.available);
}

}  // namespace
}  // namespace portcullis::support::reject_arithmetic_test
