// The worked examples and counterexamples of the margin method that need nothing but linear
// instruments and spot, run on the engine and on the naive model: golden cases, the requirement, open
// orders and exits (METHOD 3.4 to 3.6). Amounts in comments are dollars; in code micro-dollars (usd()).
// By number: E5, E11, the future of E12, E23; G1, G2, G9. The other published examples are in
// method_published_test.cpp, those of other features in method_rules_test.cpp. The engine has no means
// for G1 at full value: collateral moves by its haircut value.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"
#include "tests/support/paths.h"

namespace portcullis::support::method_examples_test {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }
constexpr std::int64_t coins(std::int64_t count) { return count * 100'000'000; }

template <class Subject>
class MethodExamples : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(MethodExamples, Subjects);

// small_parameters() with the dollar and the coins priced.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters, std::int64_t btc = 100'000)
      : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    this->index(kBtc, btc);
    this->mark(kBtcPerp, btc);
    this->mark(kBtcDated, btc);
    this->mark(kEthPerp, 4'000);
  }
};

// One group, one quantum for everything: a lot gains one unit a mark, marks are 100, index and
// denominator 1. Tests give it factors and shocks.
Parameters unit_parameters(std::uint32_t factors, std::vector<std::int32_t> shocks) {
  Parameters p = small_parameters();
  p.wide_denominator = 1;
  p.assets.resize(1);
  p.assets[0].wide_per_index = 1;
  const InstrumentParameters like = p.instruments[0];
  p.instruments.clear();
  for (std::uint32_t f = 0; f < factors; ++f) {
    InstrumentParameters i = like;
    i.factor = FactorIndex{f};
    i.units_per_lot_mark = 1;
    p.instruments.push_back(i);
  }
  p.factor_count = factors;
  GroupParameters group;
  group.factor_count = factors;
  group.column_count = static_cast<std::uint32_t>(shocks.size()) / factors;
  group.shock_ppm = std::move(shocks);
  p.groups = {group};
  p.sets = {per_group_set(1, 0, group.column_count)};
  p.profiles = {wide_profile(factors)};
  for (SessionParameters& s : p.sessions) s.instruments.assign(factors, true);
  return p;
}

template <class Subject>
struct UnitWorld : Driver<Subject> {
  explicit UnitWorld(const Parameters& parameters) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
      this->mark(InstrumentIndex{i}, 100);
    }
  }
};

// The golden cases are exact fractions as text; those used here are whole dollars.
std::int64_t golden(std::string_view pointer) {
  simdjson::dom::parser parser;
  const simdjson::dom::element cases =
      parser.load(test::source_dir() + "/tests/data/golden_cases.json");
  return std::stoll(std::string(std::string_view(cases.at_pointer(pointer))));
}

// --- collateral (G1, METHOD 3.8)

TYPED_TEST(MethodExamples, StaticCollateralIsChargedBesideTheShort) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kBtc, coins(10));
  w.position(0, kBtcPerp, -10, 100'000);
  EXPECT_EQ(w.margin(0), (Figures{usd(golden("/0/outputs/static/equity")), 0,
                                  usd(golden("/0/outputs/static/margin")),
                                  usd(golden("/0/outputs/static/available"))}));
  EXPECT_EQ(w.margin(0).requirement, usd(160'000));
}

TYPED_TEST(MethodExamples, CollateralThatMovesInTheScenarioHedgesTheShort) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  World<TypeParam> w(p);
  w.balance(0, kBtc, coins(10));
  w.position(0, kBtcPerp, -10, 100'000);
  const std::string base = "/0/outputs/in_scenario_haircut_value_moves";
  EXPECT_EQ(w.margin(0), (Figures{usd(golden(base + "/equity")), 0, usd(golden(base + "/margin")),
                                  usd(golden(base + "/available"))}));
  EXPECT_EQ(w.margin(0).requirement, usd(8'000));
}

// METHOD 2, E5 and E11: tiers are marginal.
TYPED_TEST(MethodExamples, HaircutTiersAreMarginal) {
  Parameters p = small_parameters();
  const auto tier = [](std::int64_t upto, std::int64_t rate) {
    return HaircutTier{Amount{upto}, rate};
  };
  p.assets[kUsd.value].haircut = {tier(usd(2'000'000), 950'000),
                                  tier(usd(4'000'000), 850'000),
                                  tier(usd(8'000'000), 500'000),
                                  {kUnlimited, 0}};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_EQ(w.margin(0).equity, usd(950'000));
  w.balance(0, kUsd, usd(2'000'000));
  EXPECT_EQ(w.margin(0).equity, usd(2'750'000));
  w.balance(0, kUsd, usd(5'000'000));
  EXPECT_EQ(w.margin(0).equity, usd(5'600'000));
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_EQ(w.margin(0).equity, usd(5'600'000));

  p.assets[kUsd.value].haircut = {
      tier(usd(100'000), 975'000), tier(usd(500'000), 970'000), {kUnlimited, 965'000}};
  World<TypeParam> bitget(p);
  bitget.balance(0, kUsd, usd(600'000));
  EXPECT_EQ(bitget.margin(0).equity, usd(582'000));
}

// G9: five coins bought at 100,000 with a fee of 10 basis points, as the balances before and after.
TYPED_TEST(MethodExamples, AConversionCostsTheHaircutAndTheFee) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].haircut = {{kUnlimited, 920'000}};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_EQ(w.margin(0).equity, usd(golden("/5/outputs/before")));
  w.balance(0, kUsd, -usd(500'500));
  w.balance(0, kBtc, coins(5));
  EXPECT_EQ(w.margin(0).equity, usd(golden("/5/outputs/after")));
}

// G9 as the order that it is: its cost is what the exchange takes, whatever fills.
TYPED_TEST(MethodExamples, ASpotOrderCostsTheHaircutAndTheFee) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].haircut = {{kUnlimited, 920'000}};
  InstrumentParameters& spot = p.instruments[kBtcDated.value];
  spot.payoff = Payoff::Spot;
  spot.base = kBtc;
  spot.base_per_lot = coins(1);
  spot.fee_ppm = 1'000;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000'000));
  const Answer bid = w.buy(0, kBtcDated, 5, 100'000);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0).equity, usd(golden("/5/outputs/before")));
  EXPECT_EQ(w.margin(0).available, usd(golden("/5/outputs/after")));
  w.fill(bid.number, 2, 100'000);
  EXPECT_EQ(w.margin(0).available, usd(golden("/5/outputs/after")));
  w.fill(bid.number, 3, 100'000);
  EXPECT_EQ(w.margin(0).equity, usd(golden("/5/outputs/after")));
}

TYPED_TEST(MethodExamples, DebtCountsInFullAndItsAddOn) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].debt_addon_ppm = 100'000;
  World<TypeParam> w(p);
  w.balance(0, kBtc, -coins(1));
  EXPECT_EQ(w.margin(0).equity, -usd(110'000));
}

// --- the requirement (METHOD 3.4)

// OKX takes the worst of its tests inside each unit: 100 or 60 and 50 or 90 make 190, not 150.
TYPED_TEST(MethodExamples, TheWorstSetIsTakenInsideEachGroup) {
  Parameters p = small_parameters();
  for (GroupParameters& g : p.groups) g.column_count = 2;
  p.groups[0].shock_ppm = {-100'000, -60'000};
  p.groups[1].shock_ppm = {-50'000, -90'000};
  p.sets = {per_group_set(2, 0, 1), per_group_set(2, 1, 1)};
  World<TypeParam> w(p);
  w.mark(kBtcPerp, 1'000);
  w.mark(kEthPerp, 1'000);
  w.position(0, kBtcPerp, 1, 1'000);
  w.position(0, kEthPerp, 1, 1'000);
  EXPECT_EQ(w.margin(0).requirement, usd(190));
}

TYPED_TEST(MethodExamples, JointColumnsOffsetGroupsByKappaAndWeight) {
  Parameters p = small_parameters();
  for (GroupParameters& g : p.groups) {
    g.column_count = 2;
    g.kappa_ppm = 500'000;
  }
  p.groups[0].shock_ppm = {-100'000, 100'000};
  p.groups[1].shock_ppm = {-100'000, 100'000};
  SetParameters joint = per_group_set(2, 0, 2);
  joint.scope = SetScope::Joint;
  p.sets = {joint};
  // Long 1,000 and short 600: alone 100 and 60; together, with half of a gain: max(100 - 30, 60 -
  // 50).
  World<TypeParam> all_joint(p);
  all_joint.position(0, kBtcPerp, 1, 100'000);
  all_joint.mark(kBtcPerp, 1'000);
  all_joint.mark(kEthPerp, 600);
  all_joint.position(0, kEthPerp, -1, 600);
  EXPECT_EQ(all_joint.margin(0).requirement, usd(70));

  p.sets[0].joint_weight_ppm = 500'000;
  World<TypeParam> half(p);
  half.mark(kBtcPerp, 1'000);
  half.mark(kEthPerp, 600);
  half.position(0, kBtcPerp, 1, 1'000);
  half.position(0, kEthPerp, -1, 600);
  EXPECT_EQ(half.margin(0).requirement, usd(115));  // (70 + 160) / 2
}

// E12: a future with a scan range of 20 points, 500 dollars each, in sixteen columns; the extreme
// move is two ranges at a cover of 35 %, 7,000 dollars, and does not bind.
TYPED_TEST(MethodExamples, AFutureIsScannedOverSixteenColumns) {
  constexpr std::int32_t kRange = 50'000;  // 20 of 400 points
  std::vector<std::int32_t> shocks;
  for (const std::int32_t third : {0, 1, -1, 2, -2, 3, -3}) {
    shocks.insert(shocks.end(), 2, third * kRange / 3);  // volatility up and down
  }
  for (const std::int32_t extreme : {2, -2}) shocks.push_back(extreme * kRange * 35 / 100);
  ASSERT_EQ(shocks.size(), 16U);
  for (const std::int64_t lots : {1, -1}) {
    Parameters p = unit_parameters(1, shocks);
    p.instruments[0].units_per_lot_mark = 500;
    UnitWorld<TypeParam> w(p);
    w.mark(InstrumentIndex{0}, 400);
    w.position(0, InstrumentIndex{0}, lots, 400);
    EXPECT_EQ(w.margin(0).requirement, 10'000);
  }
  Parameters p = unit_parameters(1, {shocks[14], shocks[15]});
  p.instruments[0].units_per_lot_mark = 500;
  UnitWorld<TypeParam> extreme(p);
  extreme.mark(InstrumentIndex{0}, 400);
  extreme.position(0, InstrumentIndex{0}, 1, 400);
  EXPECT_EQ(extreme.margin(0).requirement, 7'000);
}

// E23: beyond 16 % a move counts by 16 % over itself; a weighted loss of a linear position is that
// of a damped shock, and no tail asks for more than the last full one.
TYPED_TEST(MethodExamples, DampedTailsAskForNoMoreThanTheLastFullColumn) {
  struct Tail {
    std::int64_t move_ppm;
    std::int64_t weight_ppm;  // as published
    std::int64_t requirement;
  };
  constexpr Tail kTails[] = {
      {500'000, 320'000, 160'000},  {1'000'000, 160'000, 160'000}, {2'000'000, 80'000, 160'000},
      {3'000'000, 53'300, 159'900}, {4'000'000, 40'000, 160'000},  {5'000'000, 32'000, 160'000},
      {-660'000, 240'000, 158'400}, {-330'000, 480'000, 158'400},
  };
  std::vector<std::int32_t> all = {-160'000, 160'000};
  for (const Tail& tail : kTails) {
    const auto shock = static_cast<std::int32_t>(tail.move_ppm * tail.weight_ppm / kPpm);
    all.push_back(shock);
    UnitWorld<TypeParam> w(unit_parameters(1, {shock}));
    w.position(0, InstrumentIndex{0}, tail.move_ppm < 0 ? 10'000 : -10'000, 100);
    EXPECT_EQ(w.margin(0).requirement, tail.requirement);
  }
  for (const std::int64_t lots : {10'000, -10'000}) {
    UnitWorld<TypeParam> w(unit_parameters(1, all));
    w.position(0, InstrumentIndex{0}, lots, 100);
    EXPECT_EQ(w.margin(0).requirement, 160'000);
  }
}

// With rounded amounts per lot a depeg of 5 % on a coin of a hundred-thousandth of a dollar is
// nothing.
TYPED_TEST(MethodExamples, TinyLotsKeepTheirRisk) {
  Parameters p = small_parameters();
  p.groups[0].column_count = 1;
  p.groups[0].shock_ppm = {-50'000};
  p.groups[1] = p.groups[0];
  p.groups[1].first_factor = 1;
  p.sets = {per_group_set(2, 0, 1)};
  p.instruments[0].units_per_lot_mark = 1;
  World<TypeParam> w(p);
  w.mark(kBtcPerp, 10);  // a lot is worth ten micro-dollars
  w.position(0, kBtcPerp, 100'000'000'000, 10);
  EXPECT_EQ(w.margin(0).requirement, usd(50'000));
}

// --- open orders (METHOD 3.5)

// G2: P = (-100, 0, 100, 40), A = (30, 0, -30, -12), B = (-50, 0, 50, 20), C = (-10, -10, -10,
// -10).
TYPED_TEST(MethodExamples, ThreeOpenOrdersCountAtTheirWorstSubset) {
  const std::int32_t m = 10'000;
  UnitWorld<TypeParam> w(
      unit_parameters(2, {-10 * m, 0, 10 * m, 4 * m, -10 * m, -10 * m, -10 * m, -10 * m}));
  constexpr InstrumentIndex kMain{0};
  constexpr InstrumentIndex kOther{1};
  w.balance(0, kUsd, 170);
  w.position(0, kMain, 10, 100);
  EXPECT_EQ(w.margin(0), (Figures{170, 0, 100, 70}));
  EXPECT_TRUE(w.sell(0, kMain, 3, 100).accepted());
  EXPECT_TRUE(w.buy(0, kMain, 5, 100).accepted());
  EXPECT_TRUE(w.buy(0, kOther, 1, 100).accepted());
  EXPECT_EQ(w.margin(0), (Figures{170, 0, 160, 10}));  // low = (-160, -10, 60, 18)
  EXPECT_EQ(w.buy(0, kMain, 2, 100).reason, RejectReason::Margin);
  EXPECT_TRUE(w.buy(0, kMain, 1, 100).accepted());
  EXPECT_EQ(w.margin(0).available, 0);
}

// The worst of the two is no bound: buy 10 at 101, replaced to 15 at 100, mark 100, -16 %: each
// alone makes -170 and -240; but 10 may fill at 101 and 5 more at 100, which is -250.
TYPED_TEST(MethodExamples, AReplaceInFlightCountsAsItsWorstMixture) {
  UnitWorld<TypeParam> w(unit_parameters(1, {-160'000, 0, 160'000}));
  w.balance(0, kUsd, 1'000);
  const InstrumentIndex i{0};
  const Answer first = w.buy(0, i, 10, 101);
  ASSERT_TRUE(first.accepted());
  EXPECT_EQ(w.margin(0).available, 1'000 - 170);
  w.venue(VenueEventType::Accepted, first.number, 10, 101);
  const Answer second = w.replace(first.client_ref, 15, 100);
  ASSERT_TRUE(second.accepted());
  const std::int64_t promised = w.margin(0).available;
  EXPECT_EQ(promised, 1'000 - 255);  // one order of 15 at 101
  w.fill(first.number, 10, 101);  // in the race window: the head is gone, and the replace with it
  EXPECT_EQ(w.margin(0).available, 1'000 - 170);

  UnitWorld<TypeParam> mixed(unit_parameters(1, {-160'000, 0, 160'000}));
  mixed.balance(0, kUsd, 1'000);
  const Answer a = mixed.buy(0, i, 10, 101);
  const Answer b = mixed.replace(a.client_ref, 15, 100);
  mixed.fill(a.number, 9, 101);
  EXPECT_GE(mixed.margin(0).available, promised);
  mixed.venue(VenueEventType::Replaced, b.number, 6, 100, a.number);
  EXPECT_GE(mixed.margin(0).available, promised);
  mixed.fill(b.number, 6, 100);
  EXPECT_EQ(mixed.margin(0).available, 1'000 - 249);
  EXPECT_GE(mixed.margin(0).available, promised);
}

// The cost of an open order follows the mark; frozen at entry it would leak 40,000 here.
TYPED_TEST(MethodExamples, TheCostOfAnOrderFollowsTheMark) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, usd(1'000'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 100'000);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0).costs, 0);
  w.mark(kBtcPerp, 96'000);
  EXPECT_EQ(w.margin(0).costs, usd(40'000));
  const std::int64_t promised = w.margin(0).available;
  w.fill(bid.number, 10, 100'000);
  EXPECT_EQ(w.margin(0).costs, 0);
  EXPECT_EQ(w.margin(0).available, promised);
}

// A bid far below the mark is certain to gain if it fills, and costs nothing but its move.
TYPED_TEST(MethodExamples, ABidBelowTheMarkCostsItsMoveOnly) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, usd(1'000'000));
  ASSERT_TRUE(w.buy(0, kBtcPerp, 10, 90'000).accepted());
  EXPECT_EQ(w.margin(0), (Figures{usd(1'000'000), 0, usd(160'000), usd(840'000)}));
}

// Costs stay outside the multiplier: inside it this bid would be held at 78,000, and its fill takes
// 108,000.
TYPED_TEST(MethodExamples, TheMultiplierTakesTheMoveAndNotThePrice) {
  Parameters p = small_parameters();
  p.per_group.initial_mult_ppm = 1'300'000;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 90'000);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0).available, usd(1'000'000 - 208'000));
  w.fill(bid.number, 10, 90'000);
  EXPECT_EQ(w.margin(0).available, usd(1'000'000 - 108'000));
}

TYPED_TEST(MethodExamples, AFillByPartsReleasesExactlyItsFee) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].fee_ppm = 333;  // 33.3 dollars a coin at 100,000
  p.instruments[kBtcPerp.value].units_per_lot_mark =
      7;  // 233.1 micro-dollars a lot: 234 rounded up
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000));
  const Answer bid = w.buy(0, kBtcPerp, 10, 100'000);
  ASSERT_TRUE(bid.accepted());
  const Figures before = w.margin(0);
  EXPECT_EQ(before.costs, 2'340);
  std::int64_t filled = 0;
  for (const std::int64_t part : {3, 1, 4, 2}) {
    w.fill(bid.number, part, 100'000);
    filled += part;
    const Figures after = w.margin(0);
    EXPECT_EQ(after.costs, 2'340 - 234 * filled);
    EXPECT_EQ(after.equity, before.equity - 234 * filled);
    EXPECT_EQ(after.available, before.available);
  }
}

TYPED_TEST(MethodExamples, RealisingChangesNothing) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].fee_ppm = 777;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(2'000'000));
  w.balance(0, kBtc, coins(1) + 12'345);
  for (const std::int64_t lots : {3, 5, 7}) {
    const Answer bid = w.buy(0, kBtcPerp, lots, 100'000 + lots);
    ASSERT_TRUE(bid.accepted());
    w.fill(bid.number, lots, 100'000 + lots - 1);
  }
  const Answer offer = w.sell(0, kBtcPerp, 4, 99'000);
  w.fill(offer.number, 2, 99'001);
  w.mark(kBtcPerp, 98'765);
  const Figures before = w.margin(0);
  w.subject.realise(AccountIndex{0});
  EXPECT_EQ(w.margin(0), before);
  w.subject.realise(AccountIndex{0});
  EXPECT_EQ(w.margin(0), before);
}

// --- exits (METHOD 3.6)

// R' >= R would pass none of these: each lowers R by its own fee and spread.
TYPED_TEST(MethodExamples, EveryMarketCloseOfABreachedAccountPasses) {
  Parameters p = small_parameters();
  for (InstrumentParameters& i : p.instruments) i.fee_ppm = 500;
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 20'000;
  int closes = 0;
  for (std::int64_t held = -20; held <= 20; ++held) {
    if (held == 0) continue;
    for (std::int64_t lots = 1; lots <= std::abs(held); ++lots) {
      World<TypeParam> w(p);
      w.balance(0, kUsd, -usd(1'000'000));
      w.position(0, kBtcPerp, held, 100'000);
      w.position(0, kEthPerp, 30, 4'000);
      const Answer close = w.market(0, kBtcPerp, held > 0 ? Side::Sell : Side::Buy, lots);
      EXPECT_TRUE(close.accepted()) << held << " " << lots;
      EXPECT_TRUE(close.exit);
      EXPECT_EQ(close.price, held > 0 ? 98'000 : 102'000);
      ++closes;
    }
  }
  EXPECT_EQ(closes, 420);
}

TYPED_TEST(MethodExamples, TheFeeOfACloseDoesNotMakeItFail) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].fee_ppm = 1'000;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(160'000) - 1);
  w.position(0, kBtcPerp, 10, 100'000);
  ASSERT_EQ(w.margin(0).available, -1);
  const Answer close = w.sell(0, kBtcPerp, 10, 100'000);
  ASSERT_TRUE(close.accepted());
  EXPECT_TRUE(close.exit);
  EXPECT_EQ(w.margin(0).available, -1 - usd(1'000));
  w.fill(close.number, 10, 100'000);
  EXPECT_EQ(w.margin(0).available, usd(159'000) - 1);
}

// Exits that are open already have promised their cost: together they may not spend more than they
// free.
TYPED_TEST(MethodExamples, OpenExitsPayForThemselvesTogether) {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 150'000;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(100'000));
  w.position(0, kBtcPerp, 10, 100'000);
  // A sale of one at 85,000 costs 15,000 and frees 16,000.
  const Answer first = w.sell(0, kBtcPerp, 1, 85'000);
  ASSERT_TRUE(first.accepted());
  EXPECT_TRUE(first.exit);
  // The second frees 16,000 too, but the first is not filled yet: 30,000 of cost against 16,000.
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 85'000).reason, RejectReason::Margin);
  w.fill(first.number, 1, 85'000);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 85'000).accepted());
}

// Short 10 with a deep resting bid for 30: on the bound alone a larger short would look free, since
// the worst case is the bid's. The positions alone (E3) show that it is not.
TYPED_TEST(MethodExamples, ADeepRestingBidHidesNoLargerShort) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, usd(320'000));
  w.position(0, kBtcPerp, -10, 100'000);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 30, 90'000).accepted());
  ASSERT_EQ(w.margin(0), (Figures{usd(320'000), 0, usd(320'000), 0}));
  w.balance(0, kUsd, -usd(10));
  ASSERT_EQ(w.margin(0).available, -usd(10));
  EXPECT_EQ(w.sell(0, kBtcPerp, 10, 100'000).reason, RejectReason::Margin);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::Margin);  // on top of the bid
}

// The largest quantity that passes is found by trying. By the closed form, what is left over what a lot
// loses, 18 would; but there are two tests, which are added up, so that a lot asks for twice as much.
TEST(MethodOnEngine, TheLargestPassingQuantityIsFoundByTheChecksThemselves) {
  Parameters p = small_parameters();
  p.sets.push_back(p.sets[0]);
  p.per_group.combine = Combine::Sum;
  World<Engine> w(p, 100);
  w.mark(kBtcPerp, 100);
  w.balance(0, kUsd, usd(288));
  NewOrder order = w.order(0, kBtcPerp, Side::Buy, 30, 100);
  order.client_ref = 1;
  const Decision decision = w.subject.submit(order);
  EXPECT_EQ(decision.reason, RejectReason::Margin);
  EXPECT_EQ(decision.largest_passing, Lots{9});
  order.quantity = {10};
  order.client_ref = 2;
  EXPECT_EQ(w.subject.submit(order).reason, RejectReason::Margin);
  order.quantity = {9};
  order.client_ref = 3;
  EXPECT_EQ(w.subject.submit(order).disposition, Disposition::Forward);
}

// A hedged book without equity has no exit by single legs: closing either worsens the worst case,
// and without an allowance both closes are refused honestly.
TYPED_TEST(MethodExamples, AHedgedBookWithoutEquityIsRefusedHonestly) {
  World<TypeParam> w(small_parameters());
  w.balance(0, kUsd, -usd(1));
  w.position(0, kBtcPerp, 10, 100'000);
  w.position(0, kBtcDated, -10, 100'000);
  ASSERT_EQ(w.margin(0), (Figures{-usd(1), 0, 0, -usd(1)}));
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100'000).reason, RejectReason::Margin);
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 100'000).reason, RejectReason::Margin);
}

}  // namespace
}  // namespace portcullis::support::method_examples_test
