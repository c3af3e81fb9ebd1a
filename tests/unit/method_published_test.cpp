// The published worked examples of METHOD section 2, on the engine and on the naive model, in whole
// dollars unless said otherwise. E5, E23 and the future of E12 alone are in method_examples_test.cpp;
// what is derived in section 3 is in method_rules_test.cpp.
#include <gtest/gtest.h>

#include "tests/support/method_world.h"

namespace portcullis::support::method_published_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class MethodPublished : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(MethodPublished, Subjects);

// E1, Deribit's API: long 0.314538364 BTC in the perpetual and short 0.001187534 in the June future.
// The quantum is 1e-9 BTC, and a lot of each is as much as is held, so that a row of the explicit
// array holds q * (1 - 1 / (1 + m)) to a quarter of a quantum. Roll shock is 1 % of each expiry; what
// the venue asks for market-maker protection and open orders beside them is initial only.
TYPED_TEST(MethodPublished, E1DeribitRiskMatrix) {
  constexpr std::int64_t kPerp = 314'538'364;
  constexpr std::int64_t kJune = 1'187'534;
  constexpr std::int64_t kRange[] = {-16, -12, -8, -4, 0, 4, 8, 12, 16};  // per cent
  Parameters p = dollar_parameters();
  set_columns(p, std::vector<std::int32_t>(9, 0));
  const InstrumentIndex perp = add_row(p);
  const InstrumentIndex june = add_row(p);
  for (const InstrumentIndex i : {perp, june}) {
    p.instruments[i.value].vector_unit = 250'000;
    p.instruments[i.value].vector_cap = 1 << 28;
  }
  p.per_group.maintenance_mult_ppm = 800'000;
  add_on(p, 0,
         {add_driver(p, 0, Measure::Lot, Reach::Net, {perp}, kPerp),
          add_driver(p, 0, Measure::Lot, Reach::Net, {june}, kJune)},
         flat_rate(10'000), flat_rate(10'000));
  add_on(p, 0,
         {add_driver(p, 0, Measure::Lot, Reach::Gross, {perp}, 60'000'000),
          add_driver(p, 0, Measure::Lot, Reach::Gross, {perp}, 18'212)},
         flat_rate(kPpm))
      .place = AddOnPlace::Outside;
  MethodWorld<TypeParam> w(p);
  std::vector<std::int32_t> gains;
  for (const std::int64_t held : {kPerp, kJune}) {
    for (const std::int64_t m : kRange) {  // four quarters of a quantum, to the nearest
      const Int128 exact = Int128{8} * held * m;
      gains.push_back(static_cast<std::int32_t>(floor_div(exact / (100 + m) + 1, 2)));
    }
  }
  EXPECT_EQ(gains[0], -239'648'277);  // -0.0599120693
  w.publish(gains);
  w.position(0, perp, 1, 100);
  w.position(0, june, -1, 100);
  // Published: 0.06284313098, 0.122861343 and 0.050274504784. Here the rounding of the arrays, a
  // quarter of a quantum, is part of it, and the sum is rounded up.
  EXPECT_EQ(w.requirement(), 62'843'132 + 60'000'000 + 18'212);
  EXPECT_EQ(w.requirement(), 122'861'343 + 1);
  EXPECT_EQ(w.maintenance().requirement, 50'274'504 + 2);
}

// E3, Deribit's linear perpetuals: 2 % and 0.005 % for each BTC, half of the first for maintenance;
// 4 % and 0.0005 % for each SOL, at 200.
TYPED_TEST(MethodPublished, E3DeribitLinearPerpetuals) {
  constexpr InstrumentIndex kPerp{0};
  const auto figures = [&](std::int64_t base_ppm, std::int64_t slope_ppm, std::int64_t price,
                           std::int64_t lots) {
    Parameters p = columns_world({{0}});
    p.wide_denominator = 100'000'000;  // the quantum is a thousandth of a dollar
    for (AssetParameters& a : p.assets) a.wide_per_index = p.wide_denominator * 1'000;
    add_on(p, 0, {add_driver(p, 0, Measure::Notional, Reach::Net, {kPerp})}, flat_rate(base_ppm),
           flat_rate(base_ppm / 2));
    AddOnParameters& rise = add_on(p, 0, {add_driver(p, 0, Measure::Notional, Reach::Net, {kPerp})},
                                   flat_rate(kPpm), flat_rate(kPpm));
    rise.function = AddOnFunction::Ramp;
    rise.per = kBtc;  // the coin
    rise.slope_ppm = slope_ppm;
    rise.most_ppm = kPpm;
    MethodWorld<TypeParam> w(p, price);
    w.index(kBtc, price);
    w.position(0, kPerp, lots, price);
    return std::pair{w.requirement(), w.maintenance().requirement};
  };
  EXPECT_EQ(figures(20'000, 50, 100'000, 25).first, 53'125'000);  // 0.53125 BTC
  EXPECT_EQ(figures(20'000, 50, 100'000, 25).second, 28'125'000);
  EXPECT_EQ(figures(20'000, 50, 100'000, -350).first, 1'312'500'000);
  EXPECT_EQ(figures(40'000, 5, 200, 25).first, 200'625);
  EXPECT_EQ(figures(40'000, 5, 200, -6'000).first, 84'000'000);
}

// E4, Bybit's short put at 290, S 20,250 and K 18,500: 2,315 to open it and 938 to hold it, as its
// measures say; it is a floor of what the scenarios ask.
TYPED_TEST(MethodPublished, E4BybitShortPut) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex put = add_row(p);
  add_on(p, 0, {add_driver(p, 0, Measure::InitialCharge, Reach::Short, {put})}, flat_rate(kPpm))
      .place = AddOnPlace::Floor;
  add_on(p, 0, {add_driver(p, 0, Measure::MaintenanceCharge, Reach::Short, {put})}, {},
         flat_rate(kPpm))
      .place = AddOnPlace::Floor;
  constexpr std::int64_t kMark = 290;
  const std::int64_t out_of_the_money = 20'250 - 18'500;
  const std::int64_t initial = std::max(3'037 - out_of_the_money, std::int64_t{2'025}) + kMark;
  const std::int64_t maintenance = 607 + kMark + 41;  // 607.5 and 40.5
  MethodWorld<TypeParam> w(p, kMark);
  w.publish({-400}, {{0, 0, initial, maintenance}});
  w.position(0, put, -1, 280);
  EXPECT_EQ(w.requirement(), 2'315);
  EXPECT_EQ(w.maintenance().requirement, 938);
  w.position(0, put, -2, 280);
  EXPECT_EQ(w.requirement(), 3 * 2'315);
  w.position(0, put, 4, 280);  // long: no charge, but what its column takes
  EXPECT_EQ(w.requirement(), 401);
  EXPECT_EQ(w.maintenance().requirement, 401);
}

// E8, OKX's minimum charge: 30,000 as it is comes to 50,000 by its multipliers, more than 40,000.
TYPED_TEST(MethodPublished, E8OkxMinimumCharge) {
  Parameters p = dollar_parameters();
  std::vector<MarginTier> multipliers;
  constexpr std::int64_t kUpto[] = {10'000, 70'000, 170'000, 300'000, 470'000, 700'000, kValueMax};
  constexpr std::int64_t kTimes[] = {1, 2, 4, 6, 8, 10, 12};
  for (int i = 0; i < 7; ++i) multipliers.push_back({Value{kUpto[i]}, kTimes[i] * kPpm});
  add_on(p, 0, {add_driver(p, 0, Measure::Lot, Reach::Gross, {kBtcPerp}, 3'000)}, multipliers)
      .place = AddOnPlace::Floor;
  MethodWorld<TypeParam> w(p, 25'000);
  w.position(0, kBtcPerp, 10, 25'000);
  EXPECT_EQ(w.requirement(), 50'000);
  EXPECT_EQ(w.maintenance().requirement, 40'000);
}

// E10, OKX's aggregator, in cents: the sum of the tests against the minimum charge.
TYPED_TEST(MethodPublished, E10OkxAggregator) {
  const auto requirement = [](std::int64_t basis, std::int64_t minimum) {
    Parameters p = dollar_parameters();
    set_columns(p, {0});
    add_on(p, 0, {add_driver(p, 0, Measure::Lot, Reach::Gross, {kBtcPerp}, basis)},
           flat_rate(kPpm));
    add_on(p, 0, {add_driver(p, 0, Measure::Lot, Reach::Gross, {kBtcPerp}, minimum)},
           flat_rate(kPpm))
        .place = AddOnPlace::Floor;
    MethodWorld<TypeParam> w(p);
    w.position(0, kBtcPerp, 1, 100);
    return w.requirement();
  };
  EXPECT_EQ(requirement(805'332, 302'017), 805'332);
  EXPECT_EQ(requirement(0, 302'087), 302'087);
}

// E11, OKX's BETH: tiers of its value, whatever a unit costs.
TYPED_TEST(MethodPublished, E11OkxTiersOfBeth) {
  Parameters p = dollar_parameters();
  AssetParameters& beth = p.assets[kBtc.value];
  in_dollars(beth);
  beth.haircut = okx_beth_tiers();
  for (const bool by_value : {false, true}) {
    for (const std::int64_t index : {1, 2'500}) {
      beth.tiers_by_value = by_value;
      const auto counts = [&](std::int64_t millions) {
        MethodWorld<TypeParam> w(p);
        w.index(kBtc, index);
        w.balance(0, kBtc, millions * 1'000'000 / (by_value ? index : 1));
        return w.equity() / (by_value ? 1 : index);
      };
      EXPECT_EQ(counts(1), 950'000);
      EXPECT_EQ(counts(3), 2'750'000);
      EXPECT_EQ(counts(8), 5'600'000);
      EXPECT_EQ(counts(9), 5'600'000);
    }
  }
}

// E12, SPAN (McMillan, chapter 34): arrays of sixteen for a future with a scan range of 20 points at
// 500 dollars, and for a December 410 call; one array is added to the other.
TYPED_TEST(MethodPublished, E12SpanArrays) {
  const std::vector<std::int32_t> future = {0,       0,       3'330,  3'330,  -3'330, -3'330,
                                            6'670,   6'670,   -6'670, -6'670, 10'000, 10'000,
                                            -10'000, -10'000, 7'000,  -7'000};
  const std::vector<std::int32_t> call = {460,    -610,   2'640,  1'730,  -1'270, -2'340,
                                          5'210,  4'540,  -2'540, -3'430, 8'060,  7'640,
                                          -3'380, -3'990, 3'130,  -1'500};
  Parameters p = dollar_parameters();
  set_columns(p, std::vector<std::int32_t>(16, 0));
  const InstrumentIndex sp = add_row(p);
  const InstrumentIndex dec410 = add_row(p);
  for (const InstrumentIndex i : {sp, dec410}) {
    p.instruments[i.value].vector_unit = 10'000;  // a cent
    p.instruments[i.value].vector_cap = 1'000'000;
  }
  const auto requirement = [&](std::int64_t futures, std::int64_t calls) {
    MethodWorld<TypeParam> w(p);
    std::vector<std::int32_t> gains;
    for (const auto& array : {future, call}) {
      for (const std::int32_t dollars : array) gains.push_back(dollars * 100);
    }
    w.publish(gains);
    w.position(0, sp, futures, 100);
    w.position(0, dec410, calls, 100);
    return w.requirement();
  };
  // A dollar more: the arrays are to the cent, and half a cent may be hidden in each.
  EXPECT_EQ(requirement(1, 0), 10'000 + 1);
  EXPECT_EQ(requirement(-1, 0), 10'000 + 1);
  EXPECT_EQ(requirement(0, 1), 3'990 + 1);
  EXPECT_EQ(requirement(0, -1), 8'060 + 1);
  EXPECT_EQ(requirement(1, -1), 6'620 + 1);   // a covered write: down three thirds, volatility up
  EXPECT_EQ(requirement(3, -5), 13'500 + 1);  // a ratio write: down by the extreme move
}

// E14, Hyperliquid's tiers of BTC: half of the initial rate at the tier's leverage, 40 and 20.
TYPED_TEST(MethodPublished, E14HyperliquidTiers) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  add_on(p, 0, {add_driver(p, 0, Measure::Notional, Reach::Gross, {kBtcPerp})},
         {{Value{150'000'000}, 25'000}, {Value{kValueMax}, 50'000}},
         {{Value{150'000'000}, 12'500}, {Value{kValueMax}, 25'000}});
  const auto maintenance = [&](std::int64_t millions) {
    MethodWorld<TypeParam> w(p, 100'000);
    w.position(0, kBtcPerp, -10 * millions, 100'000);
    EXPECT_EQ(w.requirement(), 2 * w.maintenance().requirement);
    return w.maintenance().requirement;
  };
  EXPECT_EQ(maintenance(100), 1'250'000);
  EXPECT_EQ(maintenance(150), 1'875'000);
  EXPECT_EQ(maintenance(200), 3'125'000);
}

// A position that loses losses[k] thousandths in one column each, and nothing in the rest of
// `columns`; what it requires where the tail is numerator / denominator of them.
template <class Subject>
std::int64_t shortfall(const std::vector<std::int32_t>& losses, std::size_t columns,
                       std::int64_t numerator, std::int64_t denominator, std::int64_t lots = 1) {
  std::vector<std::int32_t> shocks(columns, 0);
  for (std::size_t k = 0; k < losses.size(); ++k) shocks[(k * 37 + 5) % columns] = -losses[k];
  Parameters p = columns_world({shocks});
  p.sets[0].measure = SetMeasure::ExpectedShortfall;
  p.sets[0].tail_numerator = numerator;
  p.sets[0].tail_denominator = denominator;
  MethodWorld<Subject> w(p, 1'000'000);
  w.position(0, InstrumentIndex{0}, lots, 1'000'000);
  return w.requirement();
}

// E16, Hull: 500 scenarios at 99 %. The value at risk, 602.968, is the fifth worst; the four beyond
// it add up to 3,147.424. Their mean is 786.856; the mean of the five worst is what METHOD 3.7 takes.
TYPED_TEST(MethodPublished, E16HullTwoConventions) {
  const std::vector<std::int32_t> losses = {602'968, 922'484, 653'542, 858'423, 712'975, 500'000};
  EXPECT_EQ(shortfall<TypeParam>(losses, 500, 1, 100), 750'079);  // 750.0784
  EXPECT_EQ(shortfall<TypeParam>(losses, 500, 4, 500), 786'856);
  EXPECT_EQ(shortfall<TypeParam>(losses, 500, 1, 500), 922'484);
}

// E17 and G3, Bionic Turtle: 252 columns at 98 %, a tail of 5.04: 335 / 42.
TYPED_TEST(MethodPublished, E17AFractionalTail) {
  const std::vector<std::int32_t> losses = {4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(shortfall<TypeParam>(losses, 252, 2, 100, 42), 335);
  EXPECT_EQ(shortfall<TypeParam>(losses, 252, 2, 100), 8);  // 7.976
}

// E20, OKX's step tables: 0.81 in the 4th tier, 0.55 in the 10th and 0.01 in the 28th; the steps
// between them, and a tier's size, are made up here.
TYPED_TEST(MethodPublished, E20OkxStepTables) {
  constexpr std::int64_t kTier = 100'000;
  Parameters p = dollar_parameters();
  std::vector<HaircutTier>& tiers = p.assets[kUsd.value].haircut;
  tiers.clear();
  std::int64_t rate = 900'000;
  for (int tier = 1; tier <= 28; ++tier) {
    tiers.push_back({Amount{tier * kTier}, rate});
    rate -= tier < 4 ? 30'000 : tier < 8 ? 40'000 : tier < 10 ? 50'000 : 30'000;
  }
  tiers.push_back({kUnlimited, 0});
  const auto of_tier = [&](std::int64_t tier) {  // what the whole of it counts for
    MethodWorld<TypeParam> w(p);
    w.balance(0, kUsd, (tier - 1) * kTier);
    const std::int64_t before = w.equity();
    w.balance(0, kUsd, kTier);
    return w.equity() - before;
  };
  EXPECT_EQ(of_tier(4), 81'000);
  EXPECT_EQ(of_tier(10), 55'000);
  EXPECT_EQ(of_tier(28), 1'000);
  EXPECT_EQ(of_tier(29), 0);
}

// E21, dYdX: with the open interest half-way up, a base of 10 % is 55 %.
TYPED_TEST(MethodPublished, E21DydxOpenInterest) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  AddOnParameters& a = add_on(p, 0, {add_driver(p, 0, Measure::Notional, Reach::Gross, {kBtcPerp})},
                              flat_rate(100'000), flat_rate(50'000));
  a.ramped_by = kBtcPerp;
  a.open_interest_low = {20'000};
  a.open_interest_high = {50'000};
  MethodWorld<TypeParam> w(p, 1'000);
  w.position(0, kBtcPerp, -1, 1'000);
  for (const auto& [lots, initial] : {std::pair<std::int64_t, std::int64_t>{0, 100},
                                      {20'000, 100},
                                      {35'000, 550},
                                      {50'000, 1'000},
                                      {90'000, 1'000}}) {
    w.open_interest(kBtcPerp, lots);
    EXPECT_EQ(w.requirement(), initial) << lots;
    EXPECT_EQ(w.maintenance().requirement, 50) << lots;  // unchanged
  }
}

// G8: long 1,000,000 dollars of an inverse perpetual from 65,000, down 16 %. It loses 800/273 coins:
// N * m at the new price, and 4,000,000/21 dollars at the old one. With its coin in the scenario it
// asks for N * m, as a linear one does.
TYPED_TEST(MethodPublished, G8InverseAgainstLinear) {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  InstrumentParameters& inverse = p.instruments[kBtcDated.value];
  inverse.payoff = Payoff::Inverse;
  inverse.settlement = kBtc;
  inverse.units_per_lot_mark = 100'000'000;  // a lot is a dollar
  MethodWorld<TypeParam> w(p, 65'000);
  w.index(kBtc, 65'000);
  w.position(0, kBtcDated, 1'000'000, 65'000);
  EXPECT_EQ(w.margin(0), (Figures{-1, 0, 160'000, -160'001}));  // coins come in units of 1e-8
  w.mark(kBtcDated, 54'600);
  EXPECT_EQ(w.equity(), -190'477);  // 4,000,000 / 21: of -293,040,294 units of 1e-8
  w.index(kBtc, 54'600);
  EXPECT_EQ(w.equity(), -160'001);
  MethodWorld<TypeParam> linear(p, 65'000);
  linear.index(kBtc, 65'000);
  linear.mark(kBtcPerp, 50'000);
  linear.position(0, kBtcPerp, 20, 50'000);  // 1,000,000
  EXPECT_EQ(linear.margin(0), (Figures{0, 0, 160'000, -160'000}));
}

}  // namespace
}  // namespace portcullis::support::method_published_test
