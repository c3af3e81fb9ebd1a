// Every REQUIRES of risk/parameters.h is seen by first_problem(): the parameters of a margin model
// with every key, and one relation broken.
#include <gtest/gtest.h>

#include <functional>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/fixtures.h"

namespace portcullis::config::config_parameters_test {
namespace {

using namespace risk;

struct Break {
  const char* problem;
  std::function<void(Parameters&)> change;
};

constexpr std::uint32_t kEth = 4;
constexpr std::uint32_t kSol = 5;
constexpr std::uint32_t kSpy = 6;
constexpr std::uint32_t kCall = 2;
constexpr std::uint32_t kPut = 3;
constexpr std::uint32_t kSpot = 9;

const Parameters& model() {
  static const LoadResult result = load_model(test::model_folder());
  EXPECT_EQ(test::problems_text(result), "");
  return result.deployment.parameters;
}

void expect(const std::vector<Break>& breaks) {
  for (const Break& one : breaks) {
    Parameters parameters = model();
    ASSERT_EQ(first_problem(parameters), nullptr);
    one.change(parameters);
    const char* const problem = first_problem(parameters);
    EXPECT_STREQ(problem == nullptr ? "none" : problem, one.problem);
  }
}

TEST(FirstProblem, OfAssets) {
  expect({
      {"wide_denominator must be 1..1e12", [](Parameters& p) { p.wide_denominator = 0; }},
      {"needs an asset", [](Parameters& p) { p.assets.clear(); }},
      {"asset: wide_per_index must be > 0", [](Parameters& p) { p.assets[0].wide_per_index = 0; }},
      {"asset: needs a haircut tier", [](Parameters& p) { p.assets[0].haircut.clear(); }},
      {"asset: the last haircut tier must be unlimited",
       [](Parameters& p) {
         p.assets[1].haircut[1].upto = Amount{1} + p.assets[1].haircut[0].upto;
       }},
      {"asset: haircut rate must be 0..1",
       [](Parameters& p) { p.assets[1].maintenance_haircut[0].rate_ppm = kPpm + 1; }},
      {"asset: haircut tiers must rise",
       [](Parameters& p) {
         p.assets[1].haircut.insert(p.assets[1].haircut.begin(), p.assets[1].haircut[0]);
       }},
      {"asset: haircut rates must fall",
       [](Parameters& p) { p.assets[1].haircut[0].rate_ppm = 0; }},
      {"asset: debt add-on must be 0..10", [](Parameters& p) { p.assets[0].debt_addon_ppm = -1; }},
      {"asset: borrow rates must be 0..1",
       [](Parameters& p) { p.assets[0].borrow_initial_ppm = kPpm + 1; }},
      {"asset: borrow rates must be 0..1",
       [](Parameters& p) { p.assets[0].borrow_maintenance_ppm = -1; }},
      {"asset: borrow_max must be >= 0", [](Parameters& p) { p.assets[0].borrow_max.raw = -1; }},
      {"asset: moving collateral needs a factor",
       [](Parameters& p) { p.assets[1].factor = FactorIndex{}; }},
      {"asset: share must be 0..1, and share_free a value",
       [](Parameters& p) { p.assets[1].share_ppm = -1; }},
      {"asset: share must be 0..1, and share_free a value",
       [](Parameters& p) { p.assets[1].share_free.raw = kValueMax + 1; }},
      {"asset: a capped asset counts no rises", [](Parameters& p) { p.assets[2].share_ppm = 1; }},
      {"asset: some asset must be uncapped",
       [](Parameters& p) {
         for (AssetParameters& asset : p.assets) {
           asset.share_ppm = 1;
           asset.mode = CollateralMode::Static;
         }
       }},
      {"asset: a scenario takes more of what is capped than it is worth",
       [](Parameters& p) {
         p.assets[1].factor = p.assets[2].factor;
         p.joint.maintenance_mult_ppm = 2'700'000;
       }},
      {"asset: index_age_max must be > 0", [](Parameters& p) { p.assets[0].index_age_max_ns = 0; }},
  });
}

TEST(FirstProblem, OfInstruments) {
  expect({
      {"instrument: unknown factor",
       [](Parameters& p) { p.instruments[0].factor = FactorIndex{99}; }},
      {"instrument: unknown settlement asset",
       [](Parameters& p) { p.instruments[0].settlement = AssetIndex{}; }},
      {"instrument: settled in an asset that a scenario raises, of another group",
       [](Parameters& p) { p.instruments[kSpy].settlement = AssetIndex{2}; }},
      // A debt rises, whatever the mode.
      {"instrument: settled in an asset that a scenario raises, of another group",
       [](Parameters& p) {
         p.assets[2].mode = CollateralMode::DownsideOnly;
         p.instruments[kSpy].settlement = AssetIndex{2};
       }},
      {"instrument: settled in an asset of which a scenario takes more than it is worth",
       [](Parameters& p) { p.joint.maintenance_mult_ppm = 2'700'000; }},
      // Where sets are summed their weights add up: 0.371695 of 4.
      {"instrument: settled in an asset of which a scenario takes more than it is worth",
       [](Parameters& p) {
         p.joint.combine = Combine::Sum;
         for (SetParameters& set : p.sets) {
           if (set.scope == SetScope::Joint) set.weight_ppm = 4 * kPpm;
         }
       }},
      {"instrument: settled in an asset with tiers by value, whose rises count",
       [](Parameters& p) { p.assets[2].tiers_by_value = true; }},
      {"instrument: marks_per_tick must be > 0",
       [](Parameters& p) { p.instruments[0].marks_per_tick = 0; }},
      {"instrument: units_per_lot_mark must be > 0",
       [](Parameters& p) { p.instruments[0].units_per_lot_mark = 0; }},
      {"instrument: fee must be 0..1", [](Parameters& p) { p.instruments[0].fee_ppm = -1; }},
      {"instrument: mark_age_max must be > 0",
       [](Parameters& p) { p.instruments[0].mark_age_max_ns = 0; }},
      {"instrument: a premium paid upfront is linear",
       [](Parameters& p) { p.instruments[0].upfront = true; }},
      {"instrument: spot needs a base asset other than its settlement",
       [](Parameters& p) { p.instruments[kSpot].base = AssetIndex{}; }},
      {"instrument: spot needs a base asset other than its settlement",
       [](Parameters& p) { p.instruments[kSpot].base = p.instruments[kSpot].settlement; }},
      {"instrument: base_per_lot must be > 0",
       [](Parameters& p) { p.instruments[kSpot].base_per_lot = 0; }},
      {"instrument: unknown reference",
       [](Parameters& p) { p.instruments[0].reference = InstrumentIndex{99}; }},
      {"instrument: its reference is of another group",
       [](Parameters& p) { p.instruments[0].reference = InstrumentIndex{kSpy}; }},
      {"instrument: references come back to themselves",
       [](Parameters& p) {
         p.instruments[0].reference = InstrumentIndex{1};
         p.instruments[1].reference = InstrumentIndex{0};
       }},
      {"instrument: reference_lots must be > 0",
       [](Parameters& p) { p.instruments[0].reference_lots_ppm = 0; }},
      {"instrument: open_interest_max must be >= 0",
       [](Parameters& p) { p.instruments[0].open_interest_max.raw = -1; }},
      {"instrument: spot has no table risk",
       [](Parameters& p) { p.instruments[kSpot].risk = RiskSource::Table; }},
      {"instrument: its row is not in the group's table",
       [](Parameters& p) { p.instruments[kCall].row = 2; }},
      {"instrument: another one has its row",
       [](Parameters& p) { p.instruments[kCall].row = p.instruments[kPut].row; }},
      {"instrument: vector_unit must be > 0",
       [](Parameters& p) { p.instruments[kCall].vector_unit = 0; }},
      {"instrument: vector_cap must be 1..2^28",
       [](Parameters& p) { p.instruments[kPut].vector_cap = (1 << 28) + 1; }},
  });
  // Falls that do not count take nothing.
  Parameters upside = model();
  upside.assets[2].mode = CollateralMode::UpsideOnly;
  upside.joint.maintenance_mult_ppm = 2'700'000;
  EXPECT_EQ(first_problem(upside), nullptr);
  // A chain that ends is one.
  Parameters chain = model();
  chain.instruments[0].reference = InstrumentIndex{1};
  chain.instruments[1].reference = InstrumentIndex{kSpot};
  EXPECT_EQ(first_problem(chain), nullptr);
}

TEST(FirstProblem, OfGroupsAndAddOns) {
  const auto add_on = [](Parameters& p, std::size_t i) -> AddOnParameters& {
    return p.groups[0].add_ons[i];  // size, roll (hedged), delta (ramp), short_options
  };
  expect({
      {"group: factors must be dense", [](Parameters& p) { p.groups[1].first_factor = 2; }},
      {"group: factors must be dense", [](Parameters& p) { p.groups.back().factor_count = 0; }},
      {"factor_count must be the sum over groups", [](Parameters& p) { p.factor_count = 99; }},
      {"group: at most 1024 columns", [](Parameters& p) { p.groups[0].column_count = 1025; }},
      {"group: a shock for every factor and column",
       [](Parameters& p) { p.groups[0].shock_ppm.pop_back(); }},
      {"group: shock must be -1..10", [](Parameters& p) { p.groups[0].shock_ppm[0] = -1'000'001; }},
      {"group: kappa must be 0..1", [](Parameters& p) { p.groups[0].kappa_ppm = kPpm + 1; }},
      {"group: gain_cap must be a value", [](Parameters& p) { p.groups[0].gain_cap.raw = -1; }},
      {"group: table_age_max must be > 0 where there are rows",
       [](Parameters& p) { p.groups[0].table_age_max_ns = 0; }},
      {"group: table_move_max must be 0..0.5",
       [](Parameters& p) { p.groups[0].table_move_max_ppm = -1; }},
      {"group: table_move_max must be 0..0.5",
       [](Parameters& p) { p.groups[0].table_move_max_ppm = kPpm / 2 + 1; }},
      {"group: where its tables may lag, its table instruments have one factor",
       [](Parameters& p) {
         p.groups[1].row_count = 2;
         p.groups[1].table_age_max_ns = 1;
         p.groups[1].table_move_max_ppm = 1;
         for (const std::uint32_t i : {kEth, kSol}) {
           p.instruments[i].risk = RiskSource::Table;
           p.instruments[i].row = i - kEth;
           p.instruments[i].vector_unit = p.instruments[i].vector_cap = 1;
         }
       }},
      {"driver: unknown instrument",
       [](Parameters& p) { p.groups[0].drivers[0].terms[0].instrument = InstrumentIndex{}; }},
      {"driver: an instrument of another group",
       [](Parameters& p) { p.groups[0].drivers[0].terms[0].instrument = {kSpy}; }},
      {"driver: what the table measures needs table risk",
       [](Parameters& p) { p.groups[0].drivers[0].measure = Measure::Vega; }},
      {"add-on: needs a driver", [&](Parameters& p) { add_on(p, 0).drivers.clear(); }},
      {"add-on: unknown driver", [&](Parameters& p) { add_on(p, 0).drivers[0] = 99; }},
      {"add-on: hedged drivers are net",
       [](Parameters& p) { p.groups[0].drivers[5].reach = Reach::Gross; }},
      {"add-on: the drivers of a ramp are net, short net or long net",
       [](Parameters& p) { p.groups[0].drivers[7].reach = Reach::Gross; }},
      {"group: each driver is in one add-on",
       [&](Parameters& p) { add_on(p, 2).drivers.push_back(8); }},
      {"add-on: a ramp needs its asset, and values that are not negative",
       [&](Parameters& p) { add_on(p, 2).per = AssetIndex{}; }},
      {"add-on: a ramp needs its asset, and values that are not negative",
       [&](Parameters& p) { add_on(p, 2).per_units = 0; }},
      {"add-on: a ramp needs its asset, and values that are not negative",
       [&](Parameters& p) { add_on(p, 2).threshold.raw = -1; }},
      {"add-on: a ramp needs its asset, and values that are not negative",
       [&](Parameters& p) { add_on(p, 2).slope_ppm = -1; }},
      {"add-on: a ramp needs its asset, and values that are not negative",
       [&](Parameters& p) { add_on(p, 2).most_ppm = -1; }},
      {"add-on: the last tier must be unlimited",
       [&](Parameters& p) { add_on(p, 0).initial.pop_back(); }},
      {"add-on: rate must be 0..100",
       [&](Parameters& p) { add_on(p, 0).maintenance[0].rate_ppm = 100'000'001; }},
      {"add-on: tiers must rise",
       [&](Parameters& p) { add_on(p, 0).initial[0].upto = Value{kValueMax}; }},
      {"add-on: rates must rise", [&](Parameters& p) { add_on(p, 0).initial[1].rate_ppm = 0; }},
      {"add-on: unknown instrument",
       [&](Parameters& p) { add_on(p, 0).ramped_by = InstrumentIndex{99}; }},
      {"add-on: open interest ramps tiers",
       [&](Parameters& p) { add_on(p, 1).ramped_by = InstrumentIndex{0}; }},
      {"add-on: open interest must rise from low to high",
       [&](Parameters& p) { add_on(p, 0).open_interest_high = add_on(p, 0).open_interest_low; }},
      {"add-on: open interest must rise from low to high",
       [&](Parameters& p) { add_on(p, 0).open_interest_low.raw = -1; }},
  });
}

TEST(FirstProblem, OfSetsAndBands) {
  expect({
      {"at most 16 scenario sets",
       [](Parameters& p) {
         while (p.sets.size() <= 16) p.sets.push_back(p.sets[0]);
       }},
      {"set: needs columns for every group",
       [](Parameters& p) { p.sets[0].column_count.pop_back(); }},
      {"set: columns beyond the group's table",
       [](Parameters& p) { p.sets[0].first_column[0] = 1'000; }},
      {"set: a joint set has the same columns in every group",
       [](Parameters& p) { p.sets[3].column_count[0] = 1; }},
      {"set: joint weight must be 0..1", [](Parameters& p) { p.sets[3].joint_weight_ppm = -1; }},
      {"set: tail must be above 0 and at most 1, in millionths at the finest",
       [](Parameters& p) { p.sets[2].tail_numerator = 0; }},
      {"set: tail must be above 0 and at most 1, in millionths at the finest",
       [](Parameters& p) { p.sets[2].tail_numerator = p.sets[2].tail_denominator + 1; }},
      {"set: tail must be above 0 and at most 1, in millionths at the finest",
       [](Parameters& p) { p.sets[2].tail_denominator = 1'000'001; }},
      {"set: weight must be 0..10", [](Parameters& p) { p.sets[0].weight_ppm = 10'000'001; }},
      {"group_mult and joint_mult must be 0..10",
       [](Parameters& p) { p.per_group.maintenance_mult_ppm = -1; }},
      {"group_mult and joint_mult must be 0..10",
       [](Parameters& p) { p.joint.initial_mult_ppm = 10'000'001; }},
      {"band: normal is the state without one",
       [](Parameters& p) { p.bands[0].state = MarginState::Normal; }},
      {"band: each state at most once", [](Parameters& p) { p.bands[0].state = p.bands[1].state; }},
      {"band: enter must be 0..100", [](Parameters& p) { p.bands[0].enter_ppm = -1; }},
      {"band: exit must not be below enter",
       [](Parameters& p) { p.bands[0].exit_ppm = p.bands[0].enter_ppm - 1; }},
      {"exit_allowance must be 0..1", [](Parameters& p) { p.exit_allowance_ppm = kPpm + 1; }},
      {"transfer_notional must be 0..1", [](Parameters& p) { p.transfer_notional_ppm = -1; }},
  });
}

// The model has maintenance that includes orders, spot of asset 2 for 0, and a premium paid in 0.
TEST(FirstProblem, OfMaintenanceThatIncludesOrders) {
  constexpr const char* kProblem =
      "instrument: maintenance includes orders, and its fills may take more of it than they cost";
  expect({
      {kProblem,
       [](Parameters& p) {
         p.assets[2].maintenance_haircut = {{kUnlimited, 799'999}};
       }},
      {"none",
       [](Parameters& p) {
         p.assets[2].maintenance_haircut = {{kUnlimited, 800'000}};
       }},
      {kProblem, [](Parameters& p) { p.assets[2].borrow_maintenance_ppm = 1; }},
      {kProblem, [](Parameters& p) { p.assets[0].borrow_maintenance_ppm = 1; }},
      {"none",
       [](Parameters& p) {
         p.assets[0].borrow_initial_ppm = p.assets[0].borrow_maintenance_ppm = 10'000;
       }},
      {kProblem,
       [](Parameters& p) {
         p.instruments[kSpot].payoff = Payoff::Linear;  // the premium alone
         p.assets[0].borrow_maintenance_ppm = 1;
       }},
      {"none",
       [](Parameters& p) {
         p.maintenance_includes_orders = false;
         p.assets[2].maintenance_haircut = {{kUnlimited, 0}};
         p.assets[2].borrow_maintenance_ppm = 1;
       }},
  });
}

TEST(FirstProblem, OfLimitsAndAccounts) {
  expect({
      {"profile: limits for every instrument",
       [](Parameters& p) { p.profiles[0].instruments.pop_back(); }},
      {"profile: open_interest_share must be 0..1",
       [](Parameters& p) { p.profiles[0].instruments[0].open_interest_share_ppm = kPpm + 1; }},
      {"profile: collar and collar_underlying must be 0..1",
       [](Parameters& p) { p.profiles[0].instruments[0].collar_ppm = kPpm + 1; }},
      {"profile: collar and collar_underlying must be 0..1",
       [](Parameters& p) { p.profiles[0].instruments[0].collar_underlying_ppm = -1; }},
      {"profile: collar_underlying needs a linear instrument with a reference",
       [](Parameters& p) { p.profiles[0].instruments[0].collar_underlying_ppm = 1; }},
      {"profile: collar_ticks must be >= 0, and fit",
       [](Parameters& p) { p.profiles[0].instruments[0].collar_ticks = -1; }},
      {"profile: collar_ticks must be >= 0, and fit",
       [](Parameters& p) {
         p.instruments[0].marks_per_tick = kValueMax / 2;
         p.profiles[0].instruments[0].collar_ticks = 3;
       }},
      {"profile: the last leverage bracket must be unlimited",
       [](Parameters& p) { p.profiles[1].leverage_brackets.pop_back(); }},
      {"profile: leverage must be >= 0",
       [](Parameters& p) { p.profiles[1].leverage_brackets[2].max_ppm = -1; }},
      {"profile: leverage brackets must rise",
       [](Parameters& p) { p.profiles[1].leverage_brackets[1].upto = Value{1}; }},
      {"profile: leverage must fall",
       [](Parameters& p) { p.profiles[1].leverage_brackets[2].max_ppm = 1'000'000'000; }},
      {"profile: daily_loss_max must be >= 0",
       [](Parameters& p) { p.profiles[1].daily_loss_max.raw = -1; }},
      {"node 0 is the venue", [](Parameters& p) { p.nodes.clear(); }},
      {"node: parents come before children",
       [](Parameters& p) { p.nodes[1].parent = NodeIndex{1}; }},
      {"node: unknown profile", [](Parameters& p) { p.nodes[1].profile = 9; }},
      {"node: at most six levels above the accounts",
       [](Parameters& p) {
         for (std::uint32_t n = 0; n < 6; ++n) {
           p.nodes.push_back(
               {NodeLevel::Group, NodeIndex{static_cast<std::uint32_t>(p.nodes.size()) - 1}, 0});
         }
       }},
      {"account: unknown node", [](Parameters& p) { p.accounts[0].parent = NodeIndex{9}; }},
      {"account: unknown profile", [](Parameters& p) { p.accounts[0].profile = 9; }},
      {"account: rate out of range", [](Parameters& p) { p.accounts[0].rate.burst = 0; }},
      {"account: executions must be > 0",
       [](Parameters& p) { p.accounts[0].executions.interval_ns = 0; }},
      {"account: executions must be > 0",
       [](Parameters& p) { p.accounts[0].executions.burst = 0; }},
      {"account: isolated from an account and in an instrument, or neither",
       [](Parameters& p) { p.accounts[1].isolated_in = InstrumentIndex{}; }},
      {"account: isolated from an unknown account or instrument",
       [](Parameters& p) { p.accounts[1].isolated_from = AccountIndex{9}; }},
      {"account: isolated from an unknown account or instrument",
       [](Parameters& p) { p.accounts[1].isolated_in = InstrumentIndex{99}; }},
      {"account: isolated from an isolated one",
       [](Parameters& p) { p.accounts[1].isolated_from = AccountIndex{1}; }},
      {"account: protection of no group",
       [](Parameters& p) { p.accounts[0].protections[0].group = GroupIndex{}; }},
      {"account: protection's lots must be >= 0",
       [](Parameters& p) { p.accounts[0].protections[0].lots.raw = -1; }},
      {"account: two protections of a group",
       [](Parameters& p) { p.accounts[0].protections.push_back(p.accounts[0].protections[0]); }},
      {"capacities must be 1..2^28", [](Parameters& p) { p.capacities.orders = 0; }},
      {"group_slots: too many for the groups' columns",
       [](Parameters& p) { p.capacities.group_slots = 1 << 28; }},
  });
}

// Exposures are counted by 32 bits as columns are, and there is one for each driver: a first exposure
// began again at 0 where drivers were more than columns.
TEST(FirstProblem, ManyDriversLeaveLessGroupSlots) {
  Parameters p = support::small_parameters();
  EXPECT_EQ(group_slots_max(p), kNone32 / 9);  // columns
  p.groups[1].drivers.resize(2'000);
  EXPECT_EQ(group_slots_max(p), kNone32 / 2'001);
  p.capacities.group_slots = kNone32 / 2'001;
  EXPECT_EQ(first_problem(p), nullptr);
  ++p.capacities.group_slots;
  EXPECT_STREQ(first_problem(p), "group_slots: too many for the groups' columns");
}

TEST(FirstProblem, OfSessions) {
  const LoadResult example = load(test::example_folder());
  ASSERT_TRUE(example.ok());
  const auto problem = [&](const std::function<void(SessionParameters&)>& change) {
    Parameters p = example.deployment.parameters;
    change(p.sessions[0]);
    const char* const found = first_problem(p);
    return std::string(found == nullptr ? "none" : found);
  };
  EXPECT_EQ(problem([](SessionParameters& s) { s.member = NodeIndex{}; }),
            "session: unknown member");
  EXPECT_EQ(problem([](SessionParameters& s) {
              s.accounts = {AccountIndex{1}, AccountIndex{0}};
            }),
            "session: accounts sorted, each once");
  EXPECT_EQ(problem([](SessionParameters& s) {
              s.accounts = {AccountIndex{0}, AccountIndex{0}};
            }),
            "session: accounts sorted, each once");
  EXPECT_EQ(problem([](SessionParameters& s) { s.accounts = {AccountIndex{99}}; }),
            "session: unknown account");
  EXPECT_EQ(problem([](SessionParameters& s) { s.instruments.pop_back(); }),
            "session: entitlements for every instrument");
  EXPECT_EQ(problem([](SessionParameters& s) { s.rate.per_second = 0; }),
            "session: rate out of range");
}

}  // namespace
}  // namespace portcullis::config::config_parameters_test
