// What METHOD section 3 derives where the obvious formula is wrong, by its paragraph: equity,
// collateral, tables, measures and add-ons, on the engine and on the naive model, in whole dollars.
// Orders and exits are in method_examples_test.cpp, published examples in method_published_test.cpp.
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/method_world.h"
#include "tests/support/random_world.h"

namespace portcullis::support::method_rules_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class MethodRules : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(MethodRules, Subjects);

constexpr std::int64_t kMillion = 1'000'000;

// --- 3.2 equity

// In a portfolio mode a long option counts at its mark and offsets a loss. In a cross mode a buy
// costs its limit and fee in full, and neither value nor offset comes back; short lots always count.
TYPED_TEST(MethodRules, ALongOptionCountsOnlyWhereItHasValue) {
  const auto world = [](bool long_value) {
    Parameters p = dollar_parameters();
    set_columns(p, {-160'000, 160'000});
    InstrumentParameters& option = p.instruments[add_row(p).value];
    option.upfront = true;
    option.long_value = long_value;
    option.vector_unit = 10'000;
    option.fee_ppm = 10'000;
    return p;
  };
  const InstrumentIndex option{3};
  for (const bool long_value : {true, false}) {
    MethodWorld<TypeParam> w(world(long_value));
    w.publish({1'600, -800});  // a put: 16 where it falls, 8 where it rises
    w.balance(0, kUsd, 1'000);
    w.position(0, kBtcPerp, 1, 100);
    EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 16, 984}));
    const Answer bid = w.buy(0, option, 1, 20);
    ASSERT_TRUE(bid.accepted());
    // A lot is worth 100 at its mark, and 20 and the fee are paid for it.
    EXPECT_EQ(w.margin(0).costs, long_value ? 0 : 21);
    w.fill(bid.number, 1, 20);
    w.mark(option, 30);
    EXPECT_EQ(w.margin(0),
              long_value ? (Figures{979 + 30, 0, 1, 1'008}) : (Figures{979, 0, 16, 963}));
    w.position(0, option, -2, 30);  // short one: owed 30, and 8 where it rises
    EXPECT_EQ(w.equity(), 979 + 60 - 30);
    EXPECT_EQ(w.requirement(), 33);
  }
}

// --- 3.3 tables and vectors

// N * m is right only where the entry is the mark: 1,000,000 dollars of an inverse perpetual from
// 65,000, with the mark at 130,000 and down 16 %, lose 320,000, for the coins won fall too.
TYPED_TEST(MethodRules, AnInverseLineLosesOnTheCoinsItHasWon) {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  InstrumentParameters& inverse = p.instruments[kBtcDated.value];
  inverse.payoff = Payoff::Inverse;
  inverse.settlement = kBtc;
  inverse.units_per_lot_mark = 100'000'000;
  MethodWorld<TypeParam> w(p, 130'000);
  w.index(kBtc, 130'000);
  w.position(0, kBtcDated, 1'000'000, 65'000);
  EXPECT_EQ(w.margin(0), (Figures{999'999, 0, 320'000, 679'999}));
}

// The j-th points of two grids are no scenario: long 1,000,000 of BTC and short as much ETH would be
// charged the difference of the ranges, 20,000, where one day took 307,491 (2021-01-04).
TYPED_TEST(MethodRules, GridsOfDifferentFactorsAreCombinedPerGroup) {
  Parameters p = dollar_parameters();
  set_columns(p, {-160'000, 0, 160'000});
  p.groups[1].shock_ppm = {-180'000, 0, 180'000};
  const auto requirement = [&] {
    MethodWorld<TypeParam> w(p, kMillion);
    w.position(0, kBtcPerp, 1, kMillion);
    w.position(0, kEthPerp, -1, kMillion);
    return w.requirement();
  };
  EXPECT_EQ(requirement(), 340'000);
  p.sets[0].scope = SetScope::Joint;
  EXPECT_EQ(requirement(), 20'000);
  p.groups[0].shock_ppm[1] = 102'414;  // a column that is joint by construction
  p.groups[1].shock_ppm[1] = 409'905;
  EXPECT_EQ(requirement(), 307'491);
}

// Integers per lot hide what is rounded: with a micro-dollar for a unit the reserve on 1,000,000
// dollars of a coin at 0.000012 is 41,667, and on a stablecoin by millionths 500,000, of which a
// depeg of 5 % rounds to nothing. As exposures the coin asks for its 5 %.
TYPED_TEST(MethodRules, RoundedTablesNeedAReserveThatExposuresDoNot) {
  Parameters p = small_parameters();  // micro-dollars
  p.assets[kBtc.value].haircut = {{kUnlimited, kPpm}};
  set_columns(p, {-50'000});
  for (InstrumentParameters& i : p.instruments) i.units_per_lot_mark = 1;
  const InstrumentIndex rounded = add_row(p);
  p.instruments[rounded.value].units_per_lot_mark = 1;
  p.instruments[rounded.value].vector_unit = kPpm;
  p.instruments[rounded.value].vector_cap = 1;
  const auto world = [&](InstrumentIndex i, std::int64_t lots, std::int64_t mark,
                         std::int32_t gain) {
    MethodWorld<TypeParam> w(p, mark);
    w.publish({gain});
    w.position(0, i, lots, mark);
    return w.requirement();
  };
  constexpr std::int64_t kCoins = 83'333'333'334;
  EXPECT_EQ(world(rounded, kCoins, 12, 0), 41'666'666'667);
  EXPECT_EQ(world(rounded, 1'000'000'000'000, 1, 0), 500'000'000'000);
  EXPECT_EQ(world(kBtcPerp, kCoins, 12, 0), 50'000'000'001);
  EXPECT_EQ(world(kBtcPerp, 1'000'000'000'000, 1, 0), 50'000'000'000);
}

// The reserve is half a unit for each lot at the larger end of what a line may become, summed over
// the lines and not netted.
TYPED_TEST(MethodRules, TheReserveCountsTheLargerEndOfEachLine) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex a = add_row(p);
  const InstrumentIndex b = add_row(p);
  MethodWorld<TypeParam> w(p);
  w.publish({0, 0});
  w.balance(0, kUsd, 10'000);
  w.position(0, a, 10, 100);
  w.position(0, b, -4, 100);
  EXPECT_EQ(w.requirement(), 7);
  ASSERT_TRUE(w.buy(0, a, 5, 100).accepted());
  EXPECT_EQ(w.requirement(), 10);  // 15 and 4 halves, rounded up
  ASSERT_TRUE(w.sell(0, a, 12, 100).accepted());
  EXPECT_EQ(w.requirement(), 10);  // -2 is nearer
  ASSERT_TRUE(w.sell(0, a, 14, 100).accepted());
  EXPECT_EQ(w.requirement(), 10);  // -16
  ASSERT_TRUE(w.buy(0, b, 8, 100).accepted());
  EXPECT_EQ(w.requirement(), 10);
  ASSERT_TRUE(w.sell(0, b, 1, 100).accepted());
  EXPECT_EQ(w.requirement(), 11);  // 16 and 5
}

// --- 3.7 expected shortfall, value at risk

// G6: P = (8, -8, 8) and x = (20, 12, -16). The second worst is -8 of nothing filled, 0 of half and
// -4 of all: a half fill needs more than both. The sum of the two worst is 0, 2 and 4.
TYPED_TEST(MethodRules, ExpectedShortfallIsConvexWhereTheSecondWorstIsNot) {
  Parameters p = columns_world({{80'000, -80'000, 80'000}, {100'000, 60'000, -80'000}});
  p.sets[0].measure = SetMeasure::ExpectedShortfall;
  p.sets[0].tail_numerator = 2;
  p.sets[0].tail_denominator = 3;
  const auto sum_of_two = [&](std::int64_t filled) {
    MethodWorld<TypeParam> w(p);
    w.position(0, InstrumentIndex{0}, 1, 100);
    w.position(0, InstrumentIndex{1}, filled, 100);
    return 2 * w.requirement();
  };
  EXPECT_EQ(sum_of_two(0), 0);
  EXPECT_EQ(sum_of_two(1), 2);
  EXPECT_EQ(sum_of_two(2), 4);
  // As an open order: the worst of all fills in every column, (8, -8, -8): 8 and 8.
  MethodWorld<TypeParam> w(p);
  w.balance(0, kUsd, 1'000);
  w.position(0, InstrumentIndex{0}, 1, 100);
  ASSERT_TRUE(w.buy(0, InstrumentIndex{1}, 2, 100).accepted());
  EXPECT_EQ(w.requirement(), 8);
}

// --- 3.8 collateral in scenarios

// 9,000,000 of BETH against a short of as much. Above 8,000,000 nothing counts, so a rise of 16 % is
// all loss: 1,440,000. To scale the 5,600,000 that counts by the rise would leave 544,000.
TYPED_TEST(MethodRules, ARiseIsCountedAtTheTierThatItReaches) {
  Parameters p = dollar_parameters();
  AssetParameters& beth = p.assets[kBtc.value];
  in_dollars(beth);
  beth.mode = CollateralMode::Both;
  beth.factor = FactorIndex{0};
  beth.haircut = {{Amount{2 * kMillion}, 950'000},
                  {Amount{4 * kMillion}, 850'000},
                  {Amount{8 * kMillion}, 500'000},
                  {kUnlimited, 0}};
  for (const bool by_value : {true, false}) {
    beth.tiers_by_value = by_value;
    MethodWorld<TypeParam> w(p, kMillion);
    w.balance(0, kBtc, 9 * kMillion);
    w.position(0, kBtcPerp, -9, kMillion);
    EXPECT_EQ(w.equity(), 5'600'000);
    EXPECT_EQ(w.requirement(), by_value ? 1'440'000 : 544'000);
  }
}

// Ten coins, or a debt of ten, beside ten of a perpetual either way, at 16 % both ways: what moves.
TYPED_TEST(MethodRules, TheModeSaysWhichMovesOfCollateralCount) {
  struct Case {
    CollateralMode mode;
    std::int64_t held_long, held_short, owed_long, owed_short;
  };
  constexpr Case kCases[] = {
      {CollateralMode::Static, 160, 160, 160, 160},
      {CollateralMode::Both, 320, 0, 0, 320},
      {CollateralMode::DownsideOnly, 320, 160, 160, 320},
      {CollateralMode::UpsideOnly, 160, 0, 160, 320},
  };
  for (const Case& c : kCases) {
    Parameters p = dollar_parameters();
    in_dollars(p.assets[kBtc.value]);
    p.assets[kBtc.value].mode = c.mode;
    if (c.mode != CollateralMode::Static) p.assets[kBtc.value].factor = FactorIndex{0};
    const auto requirement = [&](std::int64_t coins, std::int64_t lots) {
      MethodWorld<TypeParam> w(p);
      w.balance(0, kBtc, 100 * coins);
      w.position(0, kBtcPerp, lots, 100);
      return w.requirement();
    };
    EXPECT_EQ(requirement(10, 10), c.held_long) << int(c.mode);
    EXPECT_EQ(requirement(10, -10), c.held_short) << int(c.mode);
    EXPECT_EQ(requirement(-10, 10), c.owed_long) << int(c.mode);
    EXPECT_EQ(requirement(-10, -10), c.owed_short) << int(c.mode);
  }
}

// At most share / (1 - share) of what the uncapped assets are worth, and an allowance, counts of a
// capped one; and no more than that falls.
// A venue may take scenario losses out of the settlement balance, so that they cost what the balance
// counts for: value[s] = C(X + V[s]). A loss in full asks for no less than that, since C nowhere rises
// by more than one; but for debts with an add-on, which a multiplier of as much makes good.
TYPED_TEST(MethodRules, ALossInFullIsABoundOfOneThroughTheHaircut) {
  constexpr std::int64_t kAddOn = 500'000;
  for (const std::int64_t addon : {std::int64_t{0}, kAddOn}) {
    for (const bool is_multiplied : {false, true}) {
      Parameters p = dollar_parameters();
      set_columns(p, {-160'000, 0, 160'000});
      AssetParameters& usd = p.assets[kUsd.value];
      usd.haircut = {{Amount{1'000}, 900'000}, {kUnlimited, 500'000}};
      usd.maintenance_haircut = {};
      usd.debt_addon_ppm = addon;
      if (is_multiplied) p.per_group.initial_mult_ppm = kPpm + addon;
      std::int64_t above = 0;
      for (const std::int64_t held : {-3'000, -1, 0, 400, 1'000, 5'000}) {
        for (const std::int64_t coins : {-100, -7, 0, 30, 250}) {
          MethodWorld<TypeParam> w(p);
          w.balance(0, kUsd, held);
          w.position(0, kBtcPerp, coins, 100);
          const auto counts = [&](std::int64_t x) {
            return x < 0 ? x * (kPpm + addon) / kPpm
                         : std::min<std::int64_t>(x, 1'000) * 9 / 10 +
                               std::max<std::int64_t>(0, x - 1'000) / 2;
          };
          const std::int64_t lost = std::abs(coins) * 16;
          if (w.available() > std::min(counts(held), counts(held - lost))) ++above;
        }
      }
      EXPECT_EQ(above > 0, addon > 0 && !is_multiplied);
    }
  }
}

TYPED_TEST(MethodRules, AShareCapCountsNoMoreThanItsShare) {
  Parameters p = dollar_parameters();
  AssetParameters& token = p.assets[kBtc.value];
  in_dollars(token);
  token.mode = CollateralMode::DownsideOnly;
  token.factor = FactorIndex{0};
  token.share_ppm = 200'000;  // a quarter of the rest
  token.share_free = Value{50};
  MethodWorld<TypeParam> w(p);
  w.balance(0, kBtc, 10'000);
  EXPECT_EQ(w.margin(0), (Figures{50, 0, 8, 42}));
  w.balance(0, kUsd, 1'000);
  EXPECT_EQ(w.margin(0), (Figures{1'300, 0, 48, 1'252}));
  w.balance(0, kBtc, -9'800);  // 200 are less than the cap
  EXPECT_EQ(w.margin(0), (Figures{1'200, 0, 32, 1'168}));
}

// What is borrowed is owed with its add-on and needs margin; what is lent out is not had.
TYPED_TEST(MethodRules, ADebtCountsInFullAndNeedsMargin) {
  Parameters p = dollar_parameters();
  AssetParameters& coin = p.assets[kBtc.value];
  in_dollars(coin);
  coin.haircut = {{kUnlimited, 900'000}};
  coin.debt_addon_ppm = 100'000;
  coin.borrow_initial_ppm = 200'000;
  coin.borrow_maintenance_ppm = 100'000;
  MethodWorld<TypeParam> w(p);
  w.balance(0, kBtc, 1'000);
  w.owe(kBtc, 400);
  EXPECT_EQ(w.equity(), 540 - 80);              // 90 % of 600, and 20 % of what is owed
  EXPECT_EQ(w.maintenance().equity, 600 - 40);  // without haircut
  w.balance(0, kBtc, -1'000);
  EXPECT_EQ(w.equity(), -440 - 80);
  w.balance(0, kBtc, -100);  // overdrawn by 500 in all
  EXPECT_EQ(w.equity(), -550 - 100);
}

// --- 3.9 tables

// A table over the cap that room was proved for, of other parameters, older than the last or of another
// form is not taken: the last one stands, and when it is too old nothing that adds risk passes.
TYPED_TEST(MethodRules, ATableThatIsNotValidIsNotTaken) {
  Parameters p = dollar_parameters();
  set_columns(p, {0, 0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].vector_cap = 10;
  p.groups[0].table_age_max_ns = kHour / 2;
  MethodWorld<TypeParam> w(p);
  w.balance(0, kUsd, 1'000);
  w.publish({-10, 10});
  w.position(0, option, 2, 100);
  const auto is_taken = [&](auto change) {
    RiskTable table = w.tables.front();
    table.id = 2;
    table.gains = {-9, 9};
    change(table);
    table.facts = facts_of(table, row_scales(w.subject.parameters(), table.group), nullptr);
    w.tables.push_back(table);
    const TableUpdate update{{w.now}, table.id, table.group, {}};
    if constexpr (MethodWorld<TypeParam>::kModel) {
      return w.subject.publish(w.tables.back(), update.time);
    } else {
      return w.subject.apply(update, w.tables.back());
    }
  };
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.gains = {-11, 0}; }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.gains = {0, 11}; }));
  EXPECT_FALSE(is_taken([](RiskTable& t) {
    t.gains = {std::numeric_limits<std::int32_t>::min(), 0};
  }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.gains = {0}; }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.measures.clear(); }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { ++t.parameter_version; }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.group = {7}; }));
  EXPECT_FALSE(is_taken([](RiskTable& t) { t.id = 1; }));
  EXPECT_EQ(w.requirement(), 21);  // 20, and half a dollar for each lot
  w.now += kHour / 2;
  w.index(kUsd, 1);
  EXPECT_TRUE(w.buy(0, option, 1, 100).accepted());
  w.now += 1;
  EXPECT_EQ(w.buy(0, option, 1, 100).reason, RejectReason::StaleRiskTable);
  EXPECT_TRUE(w.sell(0, option, 1, 100).accepted());
  EXPECT_TRUE(is_taken([&](RiskTable& t) { t.as_of = {w.now}; }));
  EXPECT_TRUE(w.buy(0, option, 1, 100).accepted());
}

// --- 3.9 the bound

// What is left over the loss of a lot is no bound: it knows nothing of a multiplier, of a tier that the
// order reaches, nor of its cost. A lot loses 10, and 10 are left.
TYPED_TEST(MethodRules, WhatIsLeftOverTheLossOfALotIsNoBound) {
  const auto passes = [](auto change, std::int64_t left, std::int64_t price) {
    Parameters p = columns_world({{-100'000, 100'000}});
    change(p);
    MethodWorld<TypeParam> w(p);
    w.balance(0, kUsd, left);
    return w.buy(0, InstrumentIndex{0}, 1, price).accepted();
  };
  const auto plain = [](Parameters&) {};
  const auto multiplied = [](Parameters& p) { p.per_group.initial_mult_ppm = 1'300'000; };
  const auto tiered = [](Parameters& p) {
    add_on(p, 0, {add_driver(p, 0, Measure::Notional, Reach::Gross, {InstrumentIndex{0}})},
           {{Value{50}, 0}, {Value{kValueMax}, 100'000}});
  };
  EXPECT_TRUE(passes(plain, 10, 100));
  EXPECT_FALSE(passes(plain, 9, 100));
  EXPECT_FALSE(passes(multiplied, 10, 100));
  EXPECT_TRUE(passes(multiplied, 13, 100));
  EXPECT_FALSE(passes(tiered, 10, 100));
  EXPECT_TRUE(passes(tiered, 15, 100));
  EXPECT_FALSE(passes(plain, 10, 107));
  EXPECT_TRUE(passes(plain, 17, 107));
}

// --- 3.10 fixed point

// Nothing that was rounded is ever added up: 300 times the same position, traded in other parts and at
// other prices, at marks of every size, asks for the same to the last unit.
TYPED_TEST(MethodRules, RoundedProductsAreNeverAccumulated) {
  Rng rng(test_seed(310));
  Parameters p = columns_world({{-160'000, 123'457, 77'777}, {-371'695, 1, 333'333}});
  p.wide_denominator = 999'983'000;  // a unit of USD is worth a thousandth and a little more
  for (AssetParameters& a : p.assets) a.wide_per_index = 1'000'003;
  p.instruments[1].units_per_lot_mark = 7;
  for (int run = 0; run < 300; ++run) {
    MethodWorld<TypeParam> by_parts(p);
    MethodWorld<TypeParam> at_once(p);
    for (const InstrumentIndex i : {InstrumentIndex{0}, InstrumentIndex{1}}) {
      std::int64_t lots = 0;
      std::int64_t paid = 0;
      for (int part = 0; part < 8; ++part) {
        const std::int64_t traded = rng.between(-999, 999);
        const std::int64_t price = rng.between(50, 150);
        by_parts.position(0, i, traded, price);
        by_parts.mark(i, rng.between(50, 150));
        EXPECT_GE(by_parts.requirement(), 0);  // valued on the way
        lots += traded;
        paid += traded * price;
      }
      const std::int64_t mark = rng.between(50, 150);
      by_parts.mark(i, mark);
      at_once.mark(i, mark);
      at_once.position(0, i, lots, 1);
      at_once.balance(0, kUsd, (lots - paid) * p.instruments[i.value].units_per_lot_mark);
    }
    EXPECT_EQ(by_parts.margin(0), at_once.margin(0)) << run;
  }
}

// A unit is a third of a quantum, a lot costs one unit of fee: as they fill, thirds go over from C to E.
// With E rounded down and C up, each on its own, two thirds and one would make R fall by a quantum.
TYPED_TEST(MethodRules, EquityAndCostsAreRoundedTogether) {
  Parameters p = columns_world({{0}});
  p.wide_denominator = 3;
  p.assets[kUsd.value].wide_per_index = 1;
  p.instruments.resize(1);
  p.instruments[0].fee_ppm = 1;  // rounded up to a unit
  MethodWorld<TypeParam> w(p);
  w.balance(0, kUsd, 9);
  const Answer bid = w.buy(0, InstrumentIndex{0}, 3, 100);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0), (Figures{3, 1, 0, 2}));
  for (const std::int64_t equity : {2, 2, 2}) {
    w.fill(bid.number, 1, 100);
    EXPECT_EQ(w.equity(), equity);
    EXPECT_EQ(w.available(), 2);
  }
}

// --- 3.11 add-ons

// Gross minus net is not convex: long 10 of March, with sells of 10 of March and of June open. It is 0
// where neither fills and where both do, and 10, twice the 5 that are hedged, where both half fill.
// What is held is the most along the way: the 10 that are hedged where June alone fills.
TYPED_TEST(MethodRules, HedgedAmountsAreTheirMostAlongTheWay) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  constexpr InstrumentIndex kMarch = kBtcPerp;
  constexpr InstrumentIndex kJune = kBtcDated;
  add_on(p, 0,
         {add_driver(p, 0, Measure::Lot, Reach::Net, {kMarch}, 1),
          add_driver(p, 0, Measure::Lot, Reach::Net, {kJune}, 1)},
         flat_rate(kPpm))
      .function = AddOnFunction::Hedged;
  const auto after = [&](std::int64_t march, std::int64_t june) {
    MethodWorld<TypeParam> w(p);
    w.balance(0, kUsd, 1'000);
    w.position(0, kMarch, 10, 100);
    const Answer a = w.sell(0, kMarch, 10, 100);
    const Answer b = w.sell(0, kJune, 10, 100);
    EXPECT_TRUE(a.accepted() && b.accepted());
    EXPECT_EQ(w.requirement(), 10);
    if (march > 0) w.fill(a.number, march, 100);
    if (june > 0) w.fill(b.number, june, 100);
    EXPECT_LE(w.requirement(), 10);
    for (const auto& [number, left] : {std::pair{a.number, 10 - march}, {b.number, 10 - june}}) {
      if (left > 0) w.venue(VenueEventType::Canceled, number, left);
    }
    return w.requirement();
  };
  EXPECT_EQ(after(0, 0), 0);
  EXPECT_EQ(after(5, 5), 5);
  EXPECT_EQ(after(10, 10), 0);
  EXPECT_EQ(after(0, 10), 10);
}

// --- 3.12 correlation breakdown

// Long 1,000,000 of BTC, short as much ETH. Together they ask for next to nothing; a gain haircut
// keeps a part of each leg, a break column (BTC down, ETH up) all of both, and a weight of 0.8 leaves
// a fifth of each leg alone.
TYPED_TEST(MethodRules, GainHaircutsAndBreakColumnsAgainstCorrelation) {
  Parameters p = dollar_parameters();
  set_columns(p, {-160'000, 160'000});
  p.groups[1].shock_ppm = {-180'000, 180'000};
  p.sets[0].scope = SetScope::Joint;
  const auto requirement = [&] {
    MethodWorld<TypeParam> w(p, kMillion);
    w.position(0, kBtcPerp, 1, kMillion);
    w.position(0, kEthPerp, -1, kMillion);
    return w.requirement();
  };
  EXPECT_EQ(requirement(), 20'000);
  for (GroupParameters& g : p.groups) g.kappa_ppm = 500'000;
  EXPECT_EQ(requirement(), 100'000);  // 180,000 less half of 160,000
  for (GroupParameters& g : p.groups) g.gain_cap = Value{30'000};
  EXPECT_EQ(requirement(), 150'000);
  for (GroupParameters& g : p.groups) g.kappa_ppm = 0;
  EXPECT_EQ(requirement(), 180'000);
  for (GroupParameters& g : p.groups) g.kappa_ppm = kPpm, g.gain_cap = Value{kValueMax};
  p.sets[0].joint_weight_ppm = 800'000;  // EMIR, article 27
  EXPECT_EQ(requirement(), 84'000);      // 0.8 * 20,000 + 0.2 * 340,000
  p.sets[0].joint_weight_ppm = kPpm;
  p.groups[0].shock_ppm[0] = -160'000;
  p.groups[1].shock_ppm[0] = 180'000;
  EXPECT_EQ(requirement(), 340'000);
}

// The ready-made stress column, 2020-03-12.
TYPED_TEST(MethodRules, ADayOfStressIsAColumn) {
  Parameters p = dollar_parameters();
  set_columns(p, {-371'695});
  p.groups[1].shock_ppm = {-423'472};
  p.sets[0].scope = SetScope::Joint;
  MethodWorld<TypeParam> w(p, kMillion);
  w.position(0, kBtcPerp, 1, kMillion);
  EXPECT_EQ(w.requirement(), 371'695);
  w.position(0, kEthPerp, 1, kMillion);
  EXPECT_EQ(w.requirement(), 371'695 + 423'472);
}

}  // namespace
}  // namespace portcullis::support::method_rules_test
