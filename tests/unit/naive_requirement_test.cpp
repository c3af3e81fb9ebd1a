// The naive model by itself: scenario sets, add-ons and the exit leg, in small cases computed by
// hand from METHOD 3 and its published examples, in whole dollars.
#include <gtest/gtest.h>

#include "tests/support/dollar_world.h"

namespace portcullis::support::naive_requirement_test {
namespace {

using namespace portcullis::risk;

// --- scenario sets (METHOD 3.4, 3.7)

// E17, G3: 252 columns at 98 %, the losses 10, 9, 8, ...: five of them and 0.04 of the next.
TEST(NaiveRequirement, ExpectedShortfallTakesPartOfTheNextColumn) {
  Parameters p = dollar_parameters();
  std::vector<std::int32_t> shocks(252, -3);
  for (int loss = 10; loss >= 4; --loss) shocks[static_cast<std::size_t>(loss) * 20] = -loss;
  set_columns(p, shocks);
  p.sets[0].measure = SetMeasure::ExpectedShortfall;
  p.sets[0].tail_numerator = 2;
  p.sets[0].tail_denominator = 100;
  const auto requirement = [](const Parameters& parameters, std::int64_t lots) {
    DollarWorld w(parameters);
    w.mark(kBtcPerp, 1'000'000);
    w.position(0, kBtcPerp, lots, 1'000'000);
    return w.requirement();
  };
  EXPECT_EQ(requirement(p, 42), 335);
  EXPECT_EQ(requirement(p, 1), 8);    // 7.976
  EXPECT_EQ(requirement(p, -42), 0);  // it gains in every column
  p.sets[0].tail_numerator = 1;
  p.sets[0].tail_denominator = 1'000;  // of a quarter of a column: the worst
  EXPECT_EQ(requirement(p, 42), 420);
  p.sets[0].tail_denominator = 1;  // the mean: 245 of 3, and 49
  EXPECT_EQ(requirement(p, 252), 245 * 3 + 49);
  p.sets[0].scope = SetScope::Joint;
  p.sets[0].tail_numerator = 2;
  p.sets[0].tail_denominator = 100;
  EXPECT_EQ(requirement(p, 42), 335);
}

// 25 % of one set and 75 % of another instead of the larger: 100 and 60 make 70.
TEST(NaiveRequirement, SetsMayBeSummedByWeight) {
  Parameters p = dollar_parameters();
  set_columns(p, {-100'000, -60'000});
  p.sets = {per_group_set(2, 0, 1), per_group_set(2, 1, 1)};
  p.sets[0].weight_ppm = 250'000;
  p.sets[1].weight_ppm = 750'000;
  const auto requirement = [&] {
    DollarWorld w(p, 1'000);
    w.position(0, kBtcPerp, 1, 1'000);
    return w.requirement();
  };
  EXPECT_EQ(requirement(), 100);
  p.per_group.combine = Combine::Sum;
  EXPECT_EQ(requirement(), 70);
  for (SetParameters& set : p.sets) set.scope = SetScope::Joint;
  EXPECT_EQ(requirement(), 100);
  p.joint.combine = Combine::Sum;
  EXPECT_EQ(requirement(), 70);
  p.joint.maintenance_mult_ppm = 500'000;
  DollarWorld w(p, 1'000);
  w.position(0, kBtcPerp, 1, 1'000);
  EXPECT_EQ(w.maintenance(), (Maintenance{0, 35}));
}

TEST(NaiveRequirement, OnlyEnforcedSetsCountAndEachWhereItBelongs) {
  Parameters p = dollar_parameters();
  set_columns(p, {-10'000, -20'000, -40'000, -80'000, -160'000});
  p.sets.clear();
  for (std::uint32_t k = 0; k < 5; ++k) p.sets.push_back(per_group_set(2, k, 1));
  p.sets[1].initial = false;
  p.sets[2].maintenance = false;
  p.sets[3].action = SetAction::Warn;
  p.sets[4].action = SetAction::Report;
  p.per_group.maintenance_mult_ppm = 500'000;
  DollarWorld w(p, 1'000);
  w.position(0, kBtcPerp, 1, 1'000);
  EXPECT_EQ(w.requirement(), 40);
  EXPECT_EQ(w.maintenance(), (Maintenance{0, 10}));
}

TEST(NaiveRequirement, MaintenanceIsThatOfThePositionsUnlessOrdersCount) {
  Parameters p = dollar_parameters();
  p.assets[kUsd.value].maintenance_haircut = {{kUnlimited, 900'000}};
  const auto maintenance = [&] {
    DollarWorld w(p, 1'000);
    w.balance(0, kUsd, 10'000);
    w.position(0, kBtcPerp, 1, 1'000);
    EXPECT_TRUE(w.buy(0, kBtcPerp, 2, 1'010).accepted());
    EXPECT_EQ(w.margin(0), (Figures{10'000, 20, 480, 9'500}));
    return w.maintenance();
  };
  EXPECT_EQ(maintenance(), (Maintenance{9'000, 160}));
  p.maintenance_includes_orders = true;
  EXPECT_EQ(maintenance(), (Maintenance{8'980, 480}));
}

// A gain of 100 in one group against a loss of 100 in the other.
TEST(NaiveRequirement, GainsOffsetByABinaryFractionUpToACap) {
  Parameters p = dollar_parameters();
  set_columns(p, {-100'000});
  p.sets[0].scope = SetScope::Joint;
  const auto requirement = [&] {
    DollarWorld w(p, 1'000);
    w.position(0, kBtcPerp, 1, 1'000);
    w.position(0, kEthPerp, -1, 1'000);
    return w.requirement();
  };
  EXPECT_EQ(requirement(), 0);
  p.groups[1].gain_cap = {20};
  EXPECT_EQ(requirement(), 80);
  p.groups[1].gain_cap = {kValueMax};
  p.groups[1].kappa_ppm = 500'000;  // exact
  EXPECT_EQ(requirement(), 50);
  p.groups[1].kappa_ppm = 600'000;  // a fine less than 60, so a fine more than 40
  EXPECT_EQ(requirement(), 41);
  p.groups[1].gain_cap = {60};
  EXPECT_EQ(requirement(), 41);
  p.groups[1].gain_cap = {59};
  EXPECT_EQ(requirement(), 41);
  p.groups[1].gain_cap = {58};
  EXPECT_EQ(requirement(), 42);
}

// --- what lots are worth

TEST(NaiveRequirement, TheNotionalOfAnInverseLotIsTheNearest) {
  Parameters p = dollar_parameters();
  p.wide_denominator = 1;
  p.assets.resize(1);
  p.assets[0].wide_per_index = 1;
  p.instruments[0].payoff = Payoff::Inverse;
  p.instruments[0].units_per_lot_mark = 5;
  set_columns(p, {-1'000'000});
  const auto loss = [&](std::int64_t mark) {
    Driver<NaiveModel> w(p);
    w.index(kUsd, 1);
    w.mark(kBtcPerp, mark);
    w.position(0, kBtcPerp, 100, mark);
    return w.margin(0).requirement;
  };
  EXPECT_EQ(loss(2), 300);  // 2.5
  EXPECT_EQ(loss(3), 200);  // 1.67
  EXPECT_EQ(loss(4), 100);  // 1.25
}

// An option's notional is that of a tenth of a coin.
TEST(NaiveRequirement, AReferenceGivesTheNotional) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].reference = kBtcPerp;
  p.instruments[option.value].reference_lots_ppm = 100'000;
  for (LimitProfile& profile : p.profiles) {
    profile.instruments[option.value].notional_max = {20'000};
    profile.instruments[option.value].gross_notional_max = {30'000};
  }
  DollarWorld w(p);
  ASSERT_TRUE(w.subject.publish(w.table({0})));
  w.balance(0, kUsd, 1'000'000);
  w.mark(option, 5);
  EXPECT_EQ(w.buy(0, option, 3, 5).reason, RejectReason::MaxNotional);
  EXPECT_TRUE(w.buy(0, option, 2, 5).accepted());
  EXPECT_EQ(w.buy(0, option, 2, 5).reason, RejectReason::GrossNotional);
  EXPECT_TRUE(w.buy(0, option, 1, 5).accepted());
  w.now += kHour;  // the reference's mark is not told again
  w.index(kUsd, 1);
  w.mark(option, 5);
  ASSERT_TRUE(w.subject.publish(w.table({0})));
  EXPECT_FALSE(w.stale());
  w.now += 1;
  EXPECT_TRUE(w.stale());
}

// Ten times the equity up to a gross notional of 50,000, and twice beyond it.
TEST(NaiveRequirement, LeverageFallsByBrackets) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  p.profiles[0].leverage_brackets = {{Value{50'000}, 10 * kPpm}, {Value{kValueMax}, 2 * kPpm}};
  DollarWorld w(p, 1'000);
  w.balance(0, kUsd, 5'000);
  EXPECT_EQ(w.buy(0, kBtcPerp, 51, 1'000).reason, RejectReason::Leverage);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 50, 1'000).accepted());
  w.balance(0, kUsd, 20'500);
  EXPECT_EQ(w.buy(0, kBtcPerp, 2, 1'000).reason, RejectReason::Leverage);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1'000).accepted());
}

// --- add-ons (METHOD 3.11)

std::vector<MarginTier> flat(std::int64_t rate_ppm) { return {{Value{kValueMax}, rate_ppm}}; }

std::uint32_t add_driver(Parameters& p, Measure measure, Reach reach,
                         const std::vector<InstrumentIndex>& instruments,
                         std::int64_t dollars_a_lot = 0) {
  DriverParameters driver;
  driver.measure = measure;
  driver.reach = reach;
  for (const InstrumentIndex i : instruments) {
    driver.terms.push_back({i, Wide{Int128{dollars_a_lot} * p.wide_denominator}});
  }
  p.groups[0].drivers.push_back(driver);
  return static_cast<std::uint32_t>(p.groups[0].drivers.size() - 1);
}

AddOnParameters& add_on(Parameters& p, const std::vector<std::uint32_t>& drivers,
                        const std::vector<MarginTier>& initial,
                        const std::vector<MarginTier>& maintenance = {}) {
  AddOnParameters a;
  a.drivers = drivers;
  a.initial = initial;
  a.maintenance = maintenance;
  p.groups[0].add_ons.push_back(a);
  return p.groups[0].add_ons.back();
}

// E8: OKX's minimum charge of 30,000 as it is comes to 50,000 by its multipliers, more than 40,000.
TEST(NaiveRequirement, AFloorIsTheLeastThatAGroupAsks) {
  Parameters p = dollar_parameters();
  std::vector<MarginTier> multipliers;
  constexpr std::int64_t kUpto[] = {10'000, 70'000, 170'000, 300'000, 470'000, 700'000, kValueMax};
  constexpr std::int64_t kTimes[] = {1, 2, 4, 6, 8, 10, 12};
  for (int i = 0; i < 7; ++i) multipliers.push_back({Value{kUpto[i]}, kTimes[i] * kPpm});
  const std::uint32_t raw = add_driver(p, Measure::Lot, Reach::Gross, {kBtcPerp}, 3'000);
  add_on(p, {raw}, multipliers).place = AddOnPlace::Floor;
  DollarWorld w(p, 25'000);
  w.position(0, kBtcPerp, 10, 25'000);
  EXPECT_EQ(w.requirement(), 50'000);
  EXPECT_EQ(w.maintenance().requirement, 40'000);  // it is none of the maintenance margin
  w.position(0, kBtcPerp, -4, 25'000);             // 18,000 come to 26,000
  EXPECT_EQ(w.requirement(), 26'000);
  w.position(0, kBtcPerp, -3, 25'000);  // 9,000 to 9,000, and the scenarios ask 12,000
  EXPECT_EQ(w.requirement(), 12'000);
}

// E14: Hyperliquid's maintenance tiers of BTC; half of the initial ones.
TEST(NaiveRequirement, TiersAreMarginal) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const std::uint32_t notional = add_driver(p, Measure::Notional, Reach::Gross, {kBtcPerp});
  add_on(p, {notional}, {{Value{150'000'000}, 25'000}, {Value{kValueMax}, 50'000}},
         {{Value{150'000'000}, 12'500}, {Value{kValueMax}, 25'000}});
  const auto maintenance = [&](std::int64_t millions) {
    DollarWorld w(p);
    w.position(0, kBtcPerp, -10 * millions, 100'000);
    EXPECT_EQ(w.requirement(), 2 * w.maintenance().requirement);
    return w.maintenance().requirement;
  };
  EXPECT_EQ(maintenance(100), 1'250'000);
  EXPECT_EQ(maintenance(150), 1'875'000);
  EXPECT_EQ(maintenance(200), 3'125'000);
}

// E3: 2 % and 0.005 % for each coin; 1 % and the same for maintenance.
TEST(NaiveRequirement, ARateThatRisesWithThePosition) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const std::uint32_t notional = add_driver(p, Measure::Notional, Reach::Net, {kBtcPerp});
  add_on(p, {notional}, flat(20'000), flat(10'000));
  AddOnParameters& rise = add_on(p, {notional}, flat(kPpm), flat(kPpm));
  rise.function = AddOnFunction::Ramp;
  rise.per = kBtc;
  rise.per_units = 100'000'000;
  rise.slope_ppm = 50;
  rise.most_ppm = 20'000;
  const auto initial = [&](std::int64_t lots) {
    DollarWorld w(p);
    w.position(0, kBtcPerp, lots, 100'000);
    return w.requirement();
  };
  EXPECT_EQ(initial(25), 53'125);
  EXPECT_EQ(initial(-350), 1'312'500);
  EXPECT_EQ(initial(400), 1'600'000);
  EXPECT_EQ(initial(500), 2'000'000);  // no more than 2 % on top
  DollarWorld w(p);
  w.position(0, kBtcPerp, 25, 100'000);
  EXPECT_EQ(w.maintenance().requirement, 28'125);
}

// Deribit's delta shock: beyond 20 million the rate rises by 0.005 % for each coin, to 10 %; long
// options of opposite sign reduce what counts, and add nothing.
TEST(NaiveRequirement, ARampIsReducedByWhatSurelyOffsets) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].vector_unit = 1;
  const std::uint32_t futures = add_driver(p, Measure::Delta, Reach::Net, {kBtcPerp});
  const std::uint32_t options = add_driver(p, Measure::Delta, Reach::LongNet, {option});
  AddOnParameters& shock = add_on(p, {futures, options}, flat(kPpm));
  shock.function = AddOnFunction::Ramp;
  shock.place = AddOnPlace::Floor;  // alone: the table's rounding stays under it
  shock.threshold = {20'000'000};
  shock.per = kBtc;
  shock.per_units = 100'000'000;
  shock.slope_ppm = 50;
  shock.most_ppm = 100'000;
  const auto world = [&](std::int64_t perps, std::int64_t lots, std::int64_t delta) {
    DollarWorld w(p);
    EXPECT_TRUE(w.subject.publish(w.table({0}, {{delta, 0, 0, 0}})));
    w.balance(0, kUsd, 100'000'000);
    w.position(0, kBtcPerp, perps, 100'000);
    w.position(0, option, lots, 100'000);
    return w;
  };
  EXPECT_EQ(world(-200, 0, 100'000).requirement(), 0);
  EXPECT_EQ(world(-1'200, 0, 100'000).requirement(), 6'000'000);
  EXPECT_EQ(world(2'200, 0, 100'000).requirement(), 22'000'000);
  EXPECT_EQ(world(3'200, 0, 100'000).requirement(), 32'000'000);
  EXPECT_EQ(world(-1'200, 300, 100'000).requirement(), 3'150'000);
  EXPECT_EQ(world(-1'200, 1'500, 100'000).requirement(), 1);  // all of it, but for the rounding
  EXPECT_EQ(world(-1'200, 300, -100'000).requirement(), 6'000'000);
  EXPECT_EQ(world(1'200, 300, -100'000).requirement(), 3'150'000);
  DollarWorld w = world(-1'200, 300, 100'000);
  ASSERT_TRUE(w.sell(0, option, 200, 100'000).accepted());  // 100 are sure to stay
  EXPECT_EQ(w.requirement(), 4'950'000);                    // 110 million, 900 coins beyond
  w = world(-1'200, 300, 100'000);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 3'600, 100'000).accepted());  // 240 million the other way
  EXPECT_EQ(w.requirement(), 24'000'000);
}

// E1: one per cent of the delta of each expiry, in units of 1e-11 coins.
TEST(NaiveRequirement, RollShockIsSummedOverExpiries) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const std::uint32_t perp = add_driver(p, Measure::Lot, Reach::Net, {kBtcPerp}, 100);
  const std::uint32_t june = add_driver(p, Measure::Lot, Reach::Net, {kBtcDated}, 100);
  add_on(p, {perp, june}, flat(10'000));
  DollarWorld w(p);
  w.position(0, kBtcPerp, 314'538'364, 100'000);
  w.position(0, kBtcDated, -1'187'534, 100'000);
  EXPECT_EQ(w.requirement(), 315'725'898);
}

// Long 10 March; to sell 10 March and 10 June: with none and with both filled nothing is hedged,
// with half of it everything.
TEST(NaiveRequirement, HedgedAmountsAreTheirMostAlongTheWay) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const std::uint32_t march = add_driver(p, Measure::Notional, Reach::Net, {kBtcPerp});
  const std::uint32_t june = add_driver(p, Measure::Notional, Reach::Net, {kBtcDated});
  add_on(p, {march, june}, flat(kPpm)).function = AddOnFunction::Hedged;
  const auto requirement = [&](std::int64_t first, std::int64_t second) {
    DollarWorld w(p, 1);
    w.position(0, kBtcPerp, first, 1);
    w.position(0, kBtcDated, second, 1);
    return w.requirement();
  };
  EXPECT_EQ(requirement(10, 0), 0);
  EXPECT_EQ(requirement(5, -5), 5);
  EXPECT_EQ(requirement(10, -10), 10);
  EXPECT_EQ(requirement(0, -10), 0);
  DollarWorld w(p, 1);
  w.balance(0, kUsd, 100);
  w.position(0, kBtcPerp, 10, 1);
  ASSERT_TRUE(w.sell(0, kBtcPerp, 10, 1).accepted());
  EXPECT_EQ(w.requirement(), 0);
  ASSERT_TRUE(w.sell(0, kBtcDated, 10, 1).accepted());
  EXPECT_EQ(w.requirement(), 10);
}

// Two lots held, one to buy and seven to sell, ten dollars a lot: between -5 and 3.
TEST(NaiveRequirement, EachReachHasItsEnds) {
  struct Row {
    Reach reach;
    std::int64_t dollars_a_lot, with_orders, held;
  };
  constexpr Row kRows[] = {
      {Reach::Net, 10, 50, 20},      {Reach::Net, -10, 50, 20},    {Reach::LongNet, 10, 30, 20},
      {Reach::LongNet, -10, 30, 20}, {Reach::ShortNet, 10, 50, 0}, {Reach::ShortNet, -10, 50, 0},
      {Reach::Gross, -10, 50, 20},   {Reach::Long, 10, 30, 20},    {Reach::Long, -10, 30, 20},
      {Reach::Short, 10, 50, 0},     {Reach::Payable, 10, 30, 20}, {Reach::Payable, -10, 50, 0},
  };
  for (const Row& row : kRows) {
    Parameters p = dollar_parameters();
    set_columns(p, {0});
    add_on(p, {add_driver(p, Measure::Lot, row.reach, {kBtcPerp}, row.dollars_a_lot)}, flat(kPpm),
           flat(kPpm));
    DollarWorld w(p, 1);
    w.balance(0, kUsd, 1'000);
    w.position(0, kBtcPerp, 2, 1);
    EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 1).accepted());
    EXPECT_TRUE(w.sell(0, kBtcPerp, 7, 1).accepted());
    EXPECT_EQ(w.requirement(), row.with_orders) << int(row.reach) << " " << row.dollars_a_lot;
    EXPECT_EQ(w.maintenance().requirement, row.held) << int(row.reach) << " " << row.dollars_a_lot;
  }
}

TEST(NaiveRequirement, EachMeasureHasItsSource) {
  struct Row {
    Measure measure;
    std::int64_t of_option, of_perpetual;
  };
  constexpr Row kRows[] = {
      {Measure::Notional, 10, 100},
      {Measure::Delta, 7, 100},
      {Measure::Premium, 9, 100},
      {Measure::Funding, 4, 6},
      {Measure::Lot, 2, 2},
      {Measure::Vega, 3, 0},
      {Measure::InitialCharge, 11, 0},
      {Measure::MaintenanceCharge, 5, 0},
  };
  for (const Row& row : kRows) {
    for (const bool of_option : {true, false}) {
      Parameters p = dollar_parameters();
      set_columns(p, {0});
      const InstrumentIndex option = add_row(p);
      p.instruments[option.value].reference = kBtcPerp;
      p.instruments[option.value].reference_lots_ppm = 100'000;
      const InstrumentIndex which = of_option ? option : kBtcPerp;
      add_on(p, {add_driver(p, row.measure, Reach::Net, {which}, 2)}, flat(kPpm)).place =
          AddOnPlace::Floor;
      DollarWorld w(p, 100);
      ASSERT_TRUE(w.subject.publish(w.table({0}, {{7, 3, 11, 5}})));
      w.mark(option, 9);
      w.subject.apply(FundingUpdate{{w.now}, 0, 4'000'000'000, option, {}});
      w.subject.apply(FundingUpdate{{w.now}, 0, 6'000'000'000, kBtcPerp, {}});
      w.position(0, which, 1, 9);
      // Half a dollar of the table's rounding is under all of the option's.
      EXPECT_EQ(w.requirement(), of_option ? row.of_option : row.of_perpetual)
          << int(row.measure) << " " << of_option;
    }
  }
}

// E4: Bybit's short put asks 2,315 to open and 938 to hold, by the measures of its table.
TEST(NaiveRequirement, AShortOptionMinimumIsAFloorByItsTable) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex put = add_row(p);
  add_on(p, {add_driver(p, Measure::InitialCharge, Reach::Short, {put})}, flat(kPpm)).place =
      AddOnPlace::Floor;
  add_on(p, {add_driver(p, Measure::MaintenanceCharge, Reach::Short, {put})}, {}, flat(kPpm))
      .place = AddOnPlace::Floor;
  DollarWorld w(p);
  ASSERT_TRUE(w.subject.publish(w.table({-100}, {{0, 0, 2'315, 938}})));
  w.position(0, put, -1, 280);
  EXPECT_EQ(w.requirement(), 2'315);
  EXPECT_EQ(w.maintenance().requirement, 938);
  w.position(0, put, 2, 280);
  EXPECT_EQ(w.requirement(), 101);  // long, it loses in its column at most
}

// E21: half-way up the open interest a base of 10 % is 55 %.
TEST(NaiveRequirement, OpenInterestDrawsAChargeUpToTheWholeAmount) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  AddOnParameters& a = add_on(p, {add_driver(p, Measure::Notional, Reach::Gross, {kBtcPerp})},
                              flat(100'000), flat(100'000));
  a.ramped_by = kBtcPerp;
  a.open_interest_low = {100};
  a.open_interest_high = {300};
  DollarWorld w(p, 1'000);
  w.position(0, kBtcPerp, -1, 1'000);
  EXPECT_EQ(w.requirement(), 100);
  constexpr std::pair<std::int64_t, std::int64_t> kRows[] = {
      {100, 100}, {200, 550}, {299, 996}, {300, 1'000}, {9'999, 1'000}};
  for (const auto& [open, initial] : kRows) {
    w.subject.apply(OpenInterestUpdate{{w.now}, {open}, kBtcPerp, {}});
    EXPECT_EQ(w.requirement(), initial) << open;  // 995.5 is rounded up
    EXPECT_EQ(w.maintenance().requirement, 100);
  }
}

// A loss of 100 and a charge of 10 in each place; the multipliers are 1.3, and 1.5 of the joint part.
TEST(NaiveRequirement, AnAddOnCountsWhereItsPlaceIs) {
  const auto requirement = [](AddOnPlace place, std::int64_t charge, bool joint_set) {
    Parameters p = dollar_parameters();
    set_columns(p, {-100'000});
    p.per_group.initial_mult_ppm = 1'300'000;
    p.joint.initial_mult_ppm = 1'500'000;
    if (joint_set) {
      p.sets.push_back(p.sets[0]);
      p.sets[1].scope = SetScope::Joint;
    }
    const std::uint32_t lot = add_driver(p, Measure::Lot, Reach::Gross, {kBtcPerp}, charge);
    add_on(p, {lot}, flat(kPpm)).place = place;
    DollarWorld w(p, 1'000);
    w.position(0, kBtcPerp, 1, 1'000);
    return w.requirement();
  };
  EXPECT_EQ(requirement(AddOnPlace::Group, 10, false), 143);
  EXPECT_EQ(requirement(AddOnPlace::Floor, 10, false), 130);
  EXPECT_EQ(requirement(AddOnPlace::Floor, 110, false), 143);
  EXPECT_EQ(requirement(AddOnPlace::Joint, 10, false), 130);
  EXPECT_EQ(requirement(AddOnPlace::Joint, 100, false), 150);
  EXPECT_EQ(requirement(AddOnPlace::Outside, 10, false), 140);
  EXPECT_EQ(requirement(AddOnPlace::Group, 10, true), 150);
  EXPECT_EQ(requirement(AddOnPlace::Joint, 10, true), 165);
  EXPECT_EQ(requirement(AddOnPlace::Outside, 10, true), 160);
}

// OKX: in two groups the sets and add-ons are put together inside each: 100 + 10 against a floor of
// 60, and 50 + 10 against one of 90, make 200; outside they would make 150 + 20.
TEST(NaiveRequirement, FloorsAreTakenInsideEachGroup) {
  Parameters p = dollar_parameters();
  set_columns(p, {-100'000});
  p.groups[1].shock_ppm = {-50'000};
  const std::int64_t floors[] = {60, 90};
  for (std::uint32_t g = 0; g < 2; ++g) {
    GroupParameters& group = p.groups[g];
    const InstrumentIndex i = g == 0 ? kBtcPerp : kEthPerp;
    for (const std::int64_t charge : {std::int64_t{10}, floors[g]}) {
      DriverParameters driver;
      driver.measure = Measure::Lot;
      driver.reach = Reach::Gross;
      driver.terms = {{i, Wide{Int128{charge} * p.wide_denominator}}};
      AddOnParameters a;
      a.place = charge == 10 ? AddOnPlace::Group : AddOnPlace::Floor;
      a.drivers = {static_cast<std::uint32_t>(group.drivers.size())};
      a.initial = flat(kPpm);
      group.drivers.push_back(driver);
      group.add_ons.push_back(a);
    }
  }
  DollarWorld w(p, 1'000);
  w.position(0, kBtcPerp, 1, 1'000);
  w.position(0, kEthPerp, 1, 1'000);
  EXPECT_EQ(w.requirement(), 200);
}

// --- the exit leg (METHOD 3.6): a sale of one of ten at 100 frees 16

// What a cost takes from E is more than the cost where it lowers a share cap or becomes a debt.
TEST(NaiveRequirement, AnExitPaysForAllThatItsCostTakes) {
  const auto passes = [](const Parameters& p, std::int64_t price) {
    DollarWorld w(p, 1);
    w.mark(kBtcPerp, 100);
    w.balance(0, kUsd, 70);
    w.balance(0, kBtc, 1'000);
    w.position(0, kBtcPerp, 10, 100);
    EXPECT_LT(w.margin(0).available, 0);
    return w.sell(0, kBtcPerp, 1, price).exit;
  };
  Parameters p = dollar_parameters();
  AssetParameters& token = p.assets[kBtc.value];
  in_dollars(token);
  token.share_ppm = 0;  // nothing of it counts
  EXPECT_TRUE(passes(p, 84));
  EXPECT_FALSE(passes(p, 83));
  token.share_ppm = 500'000;  // of 140 the half
  EXPECT_TRUE(passes(p, 92));
  EXPECT_FALSE(passes(p, 91));
  token.share_ppm = 0;
  p.assets[kUsd.value].debt_addon_ppm = 100'000;
  p.assets[kUsd.value].borrow_initial_ppm = 500'000;
  EXPECT_TRUE(passes(p, 90));  // 10 and 6 more
  EXPECT_FALSE(passes(p, 89));
}

// Twelve short, hedged by ten coins; a coin bought in coins frees 16,000, less 16 % of what it costs
// in coins, for that hedges no more.
Parameters hedged_by_coins() {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  p.instruments[kBtcDated.value].settlement = kBtc;
  p.instruments[kBtcDated.value].units_per_lot_mark = 1'000;
  return p;
}
DollarWorld twelve_short(const Parameters& p) {
  DollarWorld w(p);
  w.balance(0, kBtc, 1'000'000'000);
  w.position(0, kBtcPerp, -10, 100'000);
  w.position(0, kBtcDated, -2, 100'000);
  return w;
}

TEST(NaiveRequirement, AnExitPaidInTheHedgeLosesPartOfIt) {
  const auto passes = [](std::int64_t price) {
    DollarWorld w = twelve_short(hedged_by_coins());
    w.balance(0, kUsd, -1'000'000);
    EXPECT_EQ(w.margin(0), (Figures{0, 0, 32'000, -32'000}));
    return w.buy(0, kBtcDated, 1, price).exit;
  };
  EXPECT_TRUE(passes(113'793));
  EXPECT_FALSE(passes(113'794));
}

// Behind an open exit that costs 7,000: of 7,880 that are left, since what that cost takes of the
// coins' rise, 1,120, frees nothing.
TEST(NaiveRequirement, ASecondExitPaysForTheFirstAndForItsHedge) {
  const auto passes = [](std::int64_t price) {
    DollarWorld w = twelve_short(hedged_by_coins());
    w.balance(0, kUsd, -1'000'000);
    EXPECT_TRUE(w.buy(0, kBtcDated, 1, 107'000).exit);
    EXPECT_EQ(w.margin(0), (Figures{0, 7'000, 33'120, -40'120}));
    return w.buy(0, kBtcDated, 1, price).exit;
  };
  EXPECT_TRUE(passes(106'793));
  EXPECT_FALSE(passes(106'794));
}

// An ask for a third lot is charged 10,000 more: with it the exit frees 26,000, without it 16,000.
TEST(NaiveRequirement, AnExitMustBeOneByThePositionsAlone) {
  Parameters p = hedged_by_coins();
  const std::uint32_t gross = add_driver(p, Measure::Notional, Reach::Gross, {kBtcDated});
  add_on(p, {gross}, {{Value{200'000}, 0}, {Value{kValueMax}, 100'000}});
  const auto passes = [&](std::int64_t price) {
    DollarWorld w = twelve_short(p);
    EXPECT_TRUE(w.sell(0, kBtcDated, 1, 100'000).accepted());
    w.balance(0, kUsd, -1'000'000);
    EXPECT_EQ(w.margin(0), (Figures{0, 0, 58'000, -58'000}));
    return w.buy(0, kBtcDated, 1, price).exit;
  };
  EXPECT_TRUE(passes(113'793));
  EXPECT_FALSE(passes(113'794));
}

// Raising the price of a bid for what has no value costs its premium: it is no exit.
TEST(NaiveRequirement, ADearerBidForWhatHasNoValueIsNoExit) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  p.instruments[kBtcPerp.value].upfront = true;
  p.instruments[kBtcPerp.value].long_value = false;
  DollarWorld w(p, 100);
  w.balance(0, kUsd, 1'000);
  const Answer bid = w.buy(0, kBtcPerp, 5, 90);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000, 450, 0, 550}));
  w.balance(0, kUsd, -600);
  EXPECT_EQ(w.replace(bid.client_ref, 5, 95).reason, RejectReason::Margin);
}

}  // namespace
}  // namespace portcullis::support::naive_requirement_test
