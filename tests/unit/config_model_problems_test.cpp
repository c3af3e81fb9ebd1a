// What is wrong with a margin model: tests/data/model with one thing changed.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_model_problems_test {
namespace {

using test::add;
using test::after;
using test::at;
using test::Change;
using test::drop;
using test::Row;
using test::set;
using test::Texts;

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

void expect(const std::vector<Row>& rows) { test::expect_problems(test::samples()[1], rows); }

// --- assets.json

TEST(ConfigModelProblems, OfAssets) {
  const std::string f = "assets.json";
  const Change static_usdc{kSet, f, "assets.USDC.scenario_mode", "\"static\""};
  expect({
      drop(f, "risk_currency"),
      set(f, "risk_currency", "[]", "must be an object"),
      set(f, "assets.BTC.tiers_in", "\"lots\"", "must be \"asset\" or \"value\""),
      // By value, in the risk currency's three decimals.
      set(f, "assets.USDC.haircut_tiers[0].upto", "\"0.0001\"", "more than 3 digits"),
      set(f, "assets.USDC.maintenance_haircut_tiers", "[]", "must end with a tier whose upto"),
      set(f, "assets.USDC.maintenance_haircut_tiers[0].haircut", "\"0.02\"", "must be at least"),
      // Its falls are in no scenario: it is cut in full, and there is nothing residual.
      add(f, "assets.ETH.haircut_tiers[0].residual_haircut", "\"0\"", "is no key that is known"),
      set(f, "assets.ETH.haircut_tiers[0].haircut", "\"0.423471\"", "must be at least 0.423472"),
      drop(f, "assets.USDC.haircut_tiers[0].residual_haircut"),
      // It would rise too.
      at("instruments.json", "instruments.BTC-P.settlement",
         set(f, "assets.USDC.factor", "\"EUR\"", "rises by 0.02 in one")),
      set(f, "assets.USDC.borrow.initial", "\"1.1\"", "must be from 0 to 1"),
      set(f, "assets.USDC.borrow.maintenance", "\"-0.1\"", "must be from 0 to 1"),
      set(f, "assets.USDC.borrow.pool_max", "\"0.0000001\"", "more than 6 digits"),
      drop(f, "assets.USDC.borrow.pool_max"),
      set(f, "assets.USDC.share.max", "\"1\"", "must be from 0 to 0.999999"),
      set(f, "assets.USDC.share.free", "\"0.0001\"", "more than 3 digits"),
      at("assets.USDC.share", set(f, "assets.USDC.scenario_mode", "\"both\"",
                                  "must not be there, since scenario_mode counts rises", 2)),
  });
}

TEST(ConfigModelProblems, OfSharesOfNothing) {
  Texts texts = test::read_model();
  for (const std::string asset : {"USD", "BTC", "ETH"}) {
    test::apply(texts, {kSet, "assets.json", "assets." + asset + ".scenario_mode", "\"static\""});
    test::apply(texts, {kAdd, "assets.json", "assets." + asset + ".share",
                        R"({"max": "0.5", "free": "0"})"});
  }
  test::apply(texts, {kSet, "assets.json", "assets.BTC.haircut_tiers",
                      R"([{"upto": null, "haircut": "0.5"}])"});
  const LoadResult result = load_model_texts(texts);
  ASSERT_EQ(result.problems.size(), 1u) << test::problems_text(result);
  EXPECT_EQ(result.problems[0].path, "assets");
  EXPECT_EQ(result.problems[0].what,
            "must have an asset without a share cap, whose value the caps refer to");
}

// What is capped opens with each gain, and must not fall by more than it opens.
TEST(ConfigModelProblems, OfSharesThatFallBeyondTheirWorth) {
  const auto is_refused = [](const char* joint_mult) {
    Texts texts = test::read_model();
    test::apply(texts, {kSet, "assets.json", "assets.USDC.factor", "\"BTC\""});
    test::apply(texts, {kSet, "margin.json", "joint_mult", joint_mult});
    const LoadResult result = load_model_texts(texts);
    return std::any_of(result.problems.begin(), result.problems.end(), [](const Problem& problem) {
      return problem.path == "assets.USDC.share" &&
             problem.what.find("more of a fall than the asset is worth") != std::string::npos;
    });
  };
  EXPECT_FALSE(is_refused("\"2.69\""));  // of 0.371695
  EXPECT_TRUE(is_refused("\"2.7\""));
}

// A unit of one asset in the unit of all must fit 64 bits.
TEST(ConfigModelProblems, OfAssetsWithTooDifferentUnits) {
  Texts texts = test::read_model();
  test::apply(texts, {kSet, "assets.json", "risk_currency.decimals", "9"});
  test::apply(texts, {kSet, "assets.json", "assets.ETH.decimals", "12"});
  test::apply(texts, {kSet, "assets.json", "assets.ETH.index_decimals", "9"});
  test::apply(texts, {kSet, "assets.json", "assets.ETH.index_max", "\"1000\""});
  test::apply(texts, {kSet, "assets.json", "assets.USD.decimals", "0"});
  EXPECT_NE(
      test::problems_text(load_model_texts(texts)).find("assets.json: assets.USD: {\"decimals\":0"),
      std::string::npos);
  EXPECT_NE(test::problems_text(load_model_texts(texts))
                .find("decimals and index_decimals together are more than 18 below those of "
                      "another asset"),
            std::string::npos);
}

// --- instruments.json

TEST(ConfigModelProblems, OfKinds) {
  const std::string f = "instruments.json";
  const std::string i = "instruments.";
  expect({
      set(f, i + "SPY.kind", "\"swap\"",
          "must be \"perpetual\" or \"future\" or \"equity\" or \"fx\" or \"inverse_perpetual\" or "
          "\"inverse_future\" or \"option\" or \"spot\""),
      // What a kind has not.
      add(f, i + "SPY.contract", "\"1\"", "is no key that is known"),
      add(f, i + "SPY.base", "\"BTC\"", "is no key that is known"),
      add(f, i + "SPY.expiry", "\"2026-03-27T08:00:00Z\"", "is no key that is known"),
      add(f, i + "SPY.strike", "\"1\"", "is no key that is known"),
      add(f, i + "SPY.lot_value_max", "\"1\"", "is no key that is known"),
      add(f, i + "SPY.reference_ratio", "\"1\"", "is no key that is known"),
      add(f, i + "SPY.long_value", "true", "is no key that is known"),
      add(f, i + "BTC-PERP.multiplier", "\"1\"", "is no key that is known"),
      add(f, i + "BTC-USDC.multiplier", "\"1\"", "is no key that is known"),
      // What it must have.
      drop(f, i + "BTC-PERP.contract"),
      drop(f, i + "BTC-MAR.expiry"),
      drop(f, i + "SOL-MAR.expiry"),
      drop(f, i + "BTC-P.strike"),
      drop(f, i + "BTC-P.option_type"),
      drop(f, i + "BTC-P.premium"),
      drop(f, i + "BTC-P.lot_value_max"),
      drop(f, i + "BTC-USDC.base"),
  });
}

TEST(ConfigModelProblems, OfTerms) {
  const std::string f = "instruments.json";
  const std::string i = "instruments.";
  expect({
      set(f, i + "SOL-MAR.expiry", "\"2026-02-30T08:00:00Z\"", "must be a UTC time such as"),
      set(f, i + "SOL-MAR.expiry", "\"2026-03-27T08:00:00\"", "must be a UTC time such as"),
      set(f, i + "BTC-P.strike", "\"0\"", "must be from 0.000000001"),
      set(f, i + "BTC-P.option_type", "\"straddle\"", "must be \"call\" or \"put\""),
      set(f, i + "BTC-P.premium", "\"later\"", "must be \"upfront\" or \"futures_style\""),
      add(f, i + "BTC-P.long_value", "false",
          "must be true, since the premium is not paid upfront"),
      set(f, i + "BTC-C.risk", "\"factor\"", "must be \"table\", since it is an option"),
      at(i + "BTC-C.premium",
         set(f, i + "BTC-C.settlement", "\"USDC\"", "must then be static, without haircut")),
      add(f, i + "SPY.risk", "\"table\"", "must be \"factor\": only options and futures have"),
      set(f, i + "SOL-MAR.risk", "\"vectors\"", "must be \"factor\" or \"table\""),
      set(f, i + "BTC-USDC.base", "\"XBT\"", "must be the name of an asset"),
      set(f, i + "BTC-USDC.base", "\"USD\"", "must be another asset than the settlement"),
      at(i + "BTC-USDC.settlement",
         set(f, i + "BTC-USDC.settlement", "\"USDC\"", "what spot is paid in must count in full")),
      set(f, i + "ETH-PERP.open_interest_max", "\"0.05\"", "more than 1 digits"),
  });
}

TEST(ConfigModelProblems, OfLots) {
  const std::string f = "instruments.json";
  expect({
      // 0.0000001 dollars of ten decimals at a mark of one tenth is 1e-7 * 10 * 1e10.
      after({{kSet, f, "instruments.BTC-PERP.contract", "\"0.000000001\""},
             {kSet, "assets.json", "assets.BTC.decimals", "8"}},
            at("instruments.BTC-PERP.lot",
               set(f, "instruments.BTC-PERP.lot", "\"0.001\"",
                   "one lot at a price of one mark unit is 1/1000 units of BTC: lot * contract * "
                   "10^mark_decimals must be a whole number of units",
                   3))),
      after({{kSet, "assets.json", "assets.BTC.decimals", "3"},
             {kSet, f, "instruments.BTC-PERP.contract", "\"100000000\""},
             {kSet, f, "instruments.BTC-MAR.contract", "\"1000000000\""}},
            at("instruments.BTC-USDC.lot",
               set(f, "instruments.BTC-PERP.contract", "\"1000000000\"",
                   "one lot is 1/10 units of BTC, and must be a whole number of them"))),
      // 100 dollars of 1,000,000 in a coin of 8 decimals is 10,000 units.
      {{kSet, "assets.json", "assets.BTC.decimals", "8"},
       "instruments.BTC-PERP.contract",
       "\"100\"",
       "a lot is 10000 units of BTC at price_max, and 3 units, which are held for rounding, are "
       "more than 0.1 bp of that: give the asset more decimals, or make the lot larger",
       2,
       {},
       f},
      set(f, "instruments.BTC-P.lot_value_max", "\"0.000049999\"",
          "half a unit of its integers, 10^-9 of the risk currency, is more than 0.1 bp of it"),
      set(f, "instruments.BTC-P.lot_value_max", "\"0.0000000001\"", "more than 9 digits"),
      set(f, "instruments.BTC-P.lot_value_max", "\"2305843009.213693953\"", "must be from"),
  });
}

TEST(ConfigModelProblems, OfSettlement) {
  const std::string f = "instruments.json";
  expect({
      // USDC falls only, so every group may settle in it; BTC rises, and is of its own group.
      {{kSet, f, "instruments.SOL-MAR.settlement", "\"BTC\""},
       "instruments.SOL-MAR.settlement",
       "\"BTC\"",
       "moves in scenarios and rises by 0.16 in one, with a factor of another group"},
      // 0.371695 of what is there, and nearly three times as much required.
      {{kSet, "margin.json", "joint_mult", "\"2.7\""},
       "instruments.BTC-PERP.settlement",
       "\"BTC\"",
       "falls by 0.371695 in a scenario, of which the multipliers and the weights of summed sets "
       "require more than it is worth",
       3,
       {},
       f},
      {{kSet, "assets.json", "assets.BTC.tiers_in", "\"value\""},
       "instruments.BTC-PERP.settlement",
       "\"BTC\"",
       "has haircut tiers by value and counts rises",
       3,
       {},
       f},
      {{kSet, "margin.json", "maintenance_group_mult", "\"9.9\""},
       "instruments.BTC-MAR.settlement",
       "\"BTC\"",
       "falls by 0.371695",
       3,
       {},
       f},
  });
}

// What is just enough is taken.
TEST(ConfigModelProblems, DrawTheLinesExactly) {
  const auto problems = [](const std::vector<Change>& changes) {
    Texts texts = test::read_model();
    for (const Change& change : changes) test::apply(texts, change);
    return test::problems_text(load_model_texts(texts));
  };
  // 3 units of 300,000 are 0.1 bp: 30 dollars at 1,000,000 in a coin of ten decimals.
  const std::string contract = "instruments.BTC-PERP.contract";
  EXPECT_EQ(problems({{kSet, "instruments.json", contract, "\"30\""}}), "");
  EXPECT_NE(problems({{kSet, "instruments.json", contract, "\"29.999\""}}), "");
  // Half of one of 50,000.
  const std::string most = "instruments.BTC-P.lot_value_max";
  EXPECT_EQ(problems({{kSet, "instruments.json", most, "\"0.00005\""}}), "");
  // At the edge a damped move counts in full.
  const std::string moves = "sets.range.groups.bitcoin.grid.damped.moves";
  EXPECT_EQ(problems({{kSet, "margin.json", moves, "[\"0.16\"]"}}), "");
  // Falls that are in no scenario take nothing of what is paid.
  EXPECT_EQ(problems({{kSet, "margin.json", "joint_mult", "\"2.7\""},
                      {kSet, "assets.json", "assets.BTC.scenario_mode", "\"upside_only\""},
                      {kSet, "assets.json", "assets.BTC.haircut_tiers",
                       R"([{"upto": null, "haircut": "0.5"}])"}}),
            "");
}

TEST(ConfigModelProblems, OfReferences) {
  const std::string f = "instruments.json";
  const std::string reference = "instruments.BTC-C.reference";
  expect({
      set(f, reference, "\"DOGE\"", "must be the name of an instrument"),
      set(f, reference, "\"SPY\"", "must be an instrument of the same risk group"),
      set(f, reference, "\"BTC-C\"", "must not have a reference itself"),
      at(reference, add(f, "instruments.BTC-USDC.reference", "\"BTC-MAR\"",
                        "must not have a reference itself")),
      set(f, "instruments.BTC-C.reference_ratio", "\"0\"", "must be from 0.000001 to 1000000"),
  });
}

// --- margin.json

// A lag state moves one factor; two may move apart.
TEST(ConfigModelProblems, OfTablesThatMayLagOnTwoFactors) {
  const auto told = [](const char* table_move_max) {
    Texts texts = test::read_model();
    for (const std::string future : {"SOL-MAR", "ETH-PERP"}) {
      const std::string path = "instruments." + future;
      const auto change = future == "SOL-MAR" ? kSet : kAdd;
      test::apply(texts, {change, "instruments.json", path + ".risk", "\"table\""});
      test::apply(texts, {kAdd, "instruments.json", path + ".lot_value_max", "\"1000\""});
    }
    test::apply(texts, {kSet, "instruments.json", "instruments.ETH-PERP.kind", "\"future\""});
    test::apply(texts, {kAdd, "instruments.json", "instruments.ETH-PERP.expiry",
                        "\"2026-03-27T08:00:00Z\""});
    test::apply(texts, {kAdd, "margin.json", "groups.alts.table_age_max_ms", "5000"});
    test::apply(texts, {kAdd, "margin.json", "groups.alts.table_move_max", table_move_max});
    return test::problems_text(load_model_texts(texts));
  };
  EXPECT_EQ(told("\"0\"").find("table_move_max"), std::string::npos) << told("\"0\"");
  EXPECT_NE(told("\"0.01\"")
                .find("groups.alts.table_move_max: must be 0: ETH-PERP and SOL-MAR "
                      "have table risk of two factors, which may move apart"),
            std::string::npos)
      << told("\"0.01\"");
}

TEST(ConfigModelProblems, OfTablesThatTheGateBuilds) {
  const std::string f = "margin.json";
  const std::string rebuild = "groups.bitcoin.table_rebuild";
  const std::string room = "must leave room";
  expect({
      drop(f, rebuild + ".anchor"),
      set(f, rebuild + ".anchor", "\"DOGE\"", "must be the name of an instrument of the group"),
      set(f, rebuild + ".anchor", "\"SPY\"", "must be the name of an instrument of the group"),
      set(f, rebuild + ".anchor", "\"BTC-C\"", "without table risk"),
      set(f, rebuild + ".age_ms", "0", "must be a whole number from 1 to 1000000000"),
      // 4,000 for the volatilities and 1,000 are the table's 5,000.
      set(f, rebuild + ".age_ms", "1001", room),
      at(rebuild + ".age_ms", set(f, rebuild + ".volatility_age_max_ms", "4001", room)),
      at(rebuild + ".age_ms", set(f, rebuild + ".price_age_max_ms", "4001", room)),
      at(rebuild + ".age_ms", set(f, "groups.bitcoin.table_age_max_ms", "4999", room)),
      set(f, rebuild + ".pause_ms", "-1", "must be a whole number from 0 to 1000000000"),
      set(f, rebuild + ".pause_ms", "1001", "must not be more than age_ms"),
      set(f, rebuild + ".price_move", "\"0\"", "must be from 0.000001 to 0.5"),
      set(f, rebuild + ".price_move", "\"0.005\"", "must be below table_move_max"),
      set(f, rebuild + ".volatility_move", "\"0\"", "must be from 0.000001 to 10"),
      set(f, rebuild + ".price_age_max_ms", "0", "must be a whole number from 1 to 1000000000"),
      set(f, rebuild + ".volatility_age_max_ms", "0", "must be a whole number from 1"),
      set(f, rebuild + ".basis_max", "\"1.000001\"", "must be from 0.000001 to 1"),
      drop(f, rebuild + ".basis_max"),
      add(f, rebuild + ".smile", "\"svi\"", "is no key that is known"),
  });
}

// Of a group whose table has rows of something else, or none.
TEST(ConfigModelProblems, OfTablesThatTheGateCannotBuild) {
  const auto told = [](const std::string& group, const std::string& anchor) {
    Texts texts = test::read_model();
    test::apply(texts, {kAdd, "margin.json", "groups." + group + ".table_rebuild",
                        R"({"anchor": ")" + anchor + R"(", "age_ms": 1, "pause_ms": 0,
                            "price_move": "0.01", "volatility_move": "0.01", "price_age_max_ms": 1,
                            "volatility_age_max_ms": 1, "basis_max": "0.1"})"});
    return test::problems_text(load_model_texts(texts));
  };
  const std::string grain = told("grain", "WHEAT-MAR");
  EXPECT_NE(grain.find("groups.grain.table_rebuild: must not be there: WHEAT-MAR has table risk, "
                       "and is no option"),
            std::string::npos)
      << grain;
  const std::string alts = told("alts", "ETH-PERP");
  EXPECT_NE(
      alts.find("groups.alts.table_rebuild: must not be there: nothing of the group has table "
                "risk"),
      std::string::npos)
      << alts;
}

TEST(ConfigModelProblems, OfGroups) {
  const std::string f = "margin.json";
  const std::string volatility = "groups.bitcoin.volatility";
  expect({
      set(f, "groups.bitcoin.gain_cap", "\"-1\"", "must be from 0"),
      set(f, "groups.bitcoin.table_age_max_ms", "0", "must be a whole number from 1 to 1000000000"),
      drop(f, "groups.grain.table_age_max_ms", "is missing: WHEAT-MAR has table risk"),
      drop(f, "groups.bitcoin.table_move_max", "is missing: BTC-C is an option"),
      set(f, "groups.bitcoin.table_move_max", "\"0.500001\"", "must be from 0 to 0.5"),
      set(f, "groups.bitcoin.table_move_max", "\"-0.000001\"", "must be from 0 to 0.5"),
      drop(f, volatility, "is missing: columns move the volatility, and BTC-C is an option"),
      set(f, volatility + ".up", "\"10.1\"", "must be from 0 to 10"),
      set(f, volatility + ".down", "\"1.1\"", "must be from 0 to 1"),
      set(f, volatility + ".short_power", "\"-0.1\"", "must be from 0 to 1"),
      set(f, volatility + ".long_power", "\"1.1\"", "must be from 0 to 1"),
      set(f, volatility + ".pivot_days", "0", "must be a whole number from 1 to 3650"),
      set(f, volatility + ".floor_up", "\"11\"", "must be from 0 to 10"),
      drop(f, volatility + ".floor_up"),
      {{kSet, f, "groups.stable.factors", "[\"USDC\", \"weight\"]"},
       "groups.stable.factors",
       "",
       "must not name a factor \"weight\""},
      {{kSet, f, "groups.stable.factors", "[\"USDC\", \"volatility\"]"},
       "groups.stable.factors",
       "",
       "must not name a factor \"volatility\""},
  });
}

TEST(ConfigModelProblems, OfSets) {
  const std::string f = "margin.json";
  expect({
      at("sets.tail.tail", set(f, "sets.tail.measure", "\"worst\"", "is no key that is known", 2)),
      at("sets.tail.groups.equity.columns",
         set(f, "sets.tail.measure", "\"worst\"", "a column in which nothing moves", 2)),
      drop(f, "sets.tail.tail"),
      set(f, "sets.tail.tail", "\"0\"", "must be from 0.000001 to 1"),
      set(f, "sets.tail.tail", "\"1.000001\"", "must be from 0.000001 to 1"),
      set(f, "sets.tail.requirement", "\"none\"",
          "must be \"both\" or \"initial\" or \"maintenance\""),
      set(f, "sets.tail.combine_weight", "\"11\"", "must be from 0 to 10"),
      add(f, "sets.break.combine_weight", "\"1\"", "not be there, since combine_joint is not sum"),
      {{kSet, f, "combine_groups", "\"max\""},
       "sets.range.combine_weight",
       "\"0.75\"",
       "must not be there, since combine_groups is not sum",
       2},
      set(f, "combine_joint", "\"mean\"", "must be \"max\" or \"sum\""),
      set(f, "maintenance_group_mult", "\"0\"", "must be from 0.000001 to 10"),
      set(f, "maintenance_joint_mult", "\"10.1\"", "must be from 0.000001 to 10"),
      // A joint set has columns or a history, never a grid.
      add(f, "sets.break.grid", R"({"range":"0.1","points":3})", "is no key that is known"),
      at("sets.break.columns", add(f, "sets.break.history", R"({"file":"returns.csv","columns":4})",
                                   "is no key that is known")),
      // Beside a grid nothing else is read.
      add(f, "sets.range.groups.bitcoin.columns", "{}", "is no key that is known"),
  });
}

TEST(ConfigModelProblems, OfWeightsByGroup) {
  const std::string f = "margin.json";
  const std::string depeg = "sets.break.columns.depeg.weight";
  expect({
      set(f, depeg + ".stable", "\"0\"", "must be from 0.000001 to 1"),
      set(f, depeg + ".stable", "\"1.1\"", "must be from 0.000001 to 1"),
      add(f, depeg + ".USDC", "\"1\"", "there is no risk group of this name"),
      // A group's own columns have one weight.
      set(f, "sets.range.groups.grain.columns.down.weight", R"({"grain":"1"})",
          "must be decimal text"),
  });
}

TEST(ConfigModelProblems, OfColumns) {
  const std::string f = "margin.json";
  const std::string grid = "sets.range.groups.bitcoin.grid";
  const std::string alts = "sets.range.groups.alts.grid";
  const std::string columns = "sets.range.groups.grain.columns";
  expect({
      set(f, grid + ".volatility", "[]", "must not be empty"),
      at(grid + ".volatility[1]",
         set(f, grid + ".volatility", R"(["up", "up"])", "is there twice")),
      at(grid + ".volatility[0]",
         set(f, grid + ".volatility", R"(["higher"])", "must be \"down\" or \"same\" or \"up\"")),
      set(f, grid + ".damped.moves", "[]", "must not be empty"),
      at(grid + ".damped.moves[0]",
         set(f, grid + ".damped.moves", R"(["-1.1"])", "must be from -1 to 10")),
      at(grid + ".damped.moves[0]",
         set(f, grid + ".damped.moves", "[1]", "must be decimal text such as")),
      set(f, grid + ".damped.moves", R"(["0.159999"])",
          "the move 0.159999 is not beyond the grid's edge"),
      set(f, alts + ".damped.moves", R"(["0"])", "the move 0 is not beyond the grid's edge"),
      set(f, grid + ".damped.weight", "\"1.1\"", "must be from 0.000001 to 1"),
      set(f, grid + ".damped.weight", "\"corner\"", "is not a number"),
      set(f, alts + ".damped.weight", "\"edge\"",
          "must be a share, since the factors' ranges have different edges"),
      set(f, grid + ".damped.volatility", "\"all\"", "must be \"down\" or \"same\" or \"up\""),
      set(f, columns + ".up.volatility", "1", "must be \"down\" or \"same\" or \"up\", not a"),
      set(f, columns + ".extreme.weight", "\"0\"", "must be from 0.000001 to 1"),
      at(columns, drop(f, columns + ".unchanged", "must have a column in which nothing moves")),
      {{kAdd, f, "sets.range.groups.grain.columns. x", "{\"WHEAT\": \"0\"}"},
       "=",
       "",
       "a name must have 1 to 32 printable ASCII characters"},
  });
}

// A grid moves factors together: only sets of the same requirement that are enforced can move them
// apart.
TEST(ConfigModelProblems, OfFactorsThatNothingMovesApart) {
  const std::string f = "margin.json";
  const auto told = [&](const std::string& requirement, Row row) {
    row.what = "a grid moves ETH and SOL together, so a per-group set that is enforced in the " +
               requirement + " requirement must also have columns";
    return at("groups.alts", std::move(row));
  };
  expect({
      told("initial", drop(f, "sets.apart.groups.alts.columns.sol_up")),
      told("initial", set(f, "sets.apart.action", "\"warn\"", "")),
      told("maintenance", add(f, "sets.apart.requirement", "\"initial\"", "")),
      told("initial", add(f, "sets.apart.requirement", "\"maintenance\"", "")),
  });
  // In a set that decides nothing a grid does no harm.
  Texts texts = test::read_model();
  test::apply(texts, {kSet, f, "sets.range.action", "\"report\""});
  test::apply(texts, {kSet, f, "sets.apart.action", "\"report\""});
  EXPECT_EQ(test::problems_text(load_model_texts(texts)).find("moves ETH and SOL"),
            std::string::npos);
}

TEST(ConfigModelProblems, OfTooManyColumnsAndSets) {
  const std::string f = "margin.json";
  const std::string grid = "sets.range.groups.bitcoin.grid.points";
  Texts texts = test::read_model();
  test::apply(texts, {kSet, f, grid, "201"});
  test::apply(texts, {kSet, f, "sets.range.groups.bitcoin.grid.range", "\"0.5\""});
  test::apply(texts, {kRemove, f, "sets.range.groups.bitcoin.grid.damped", ""});
  Json document = parse_json(texts[f]).json;
  const std::string more = to_text(*test::find(document, "sets.range"));
  test::apply(texts, {kAdd, f, "sets.again", more});
  EXPECT_NE(test::problems_text(load_model_texts(texts))
                .find("has 1220 columns in all sets together, more than 1024"),
            std::string::npos)
      << test::problems_text(load_model_texts(texts));
  Texts sets = test::read_model();
  const std::string small =
      R"({"scope": "per_group", "measure": "worst", "action": "report",
          "groups": {"grain": {"columns": {"x": {"WHEAT": "0"}}}}})";
  for (int i = 0; i < 12; ++i) {
    test::apply(sets, {kAdd, f, "sets.s" + std::to_string(i), small});
  }
  EXPECT_NE(test::problems_text(load_model_texts(sets)).find("has more than 16 sets"),
            std::string::npos);
}

TEST(ConfigModelProblems, OfHistories) {
  const std::string f = "margin.json";
  const std::string history = "sets.days.history";
  expect({
      set(f, history + ".columns", "0", "must be a whole number from 1 to 1024"),
      set(f, history + ".columns", "9", "the file has 8 days"),
      set(f, history + ".file", "\"returns.txt\"", "must be the name of a .csv file beside"),
      set(f, history + ".file", "\"../returns.csv\"", "must be the name of a .csv file beside"),
      set(f, history + ".file", "\"none.csv\"", "cannot be read"),
      at("sets.apart.groups.alts.history.file",
         set(f, "sets.apart.groups.alts", R"({"history": {"file": "spy.csv", "columns": 1}})",
             "cannot be read")),
  });
  const auto problems = [&](const std::string& text) {
    Texts texts = test::read_model();
    texts["other.csv"] = text;
    test::apply(texts, {kSet, f, "sets.tail.groups.bitcoin.history",
                        R"({"file": "other.csv", "columns": 1})"});
    return test::problems_text(load_model_texts(texts));
  };
  const std::string at_file = "margin.json: sets.tail.groups.bitcoin.history.file: \"other.csv\": ";
  EXPECT_EQ(problems("date,BTC\n2026-01-01,5\n"), "");
  EXPECT_EQ(problems("date,BTC,LTC\nx,5,6\n"), at_file + "line 1: there is no factor LTC\n");
  EXPECT_EQ(problems("date,ETH\nx,5\n"), at_file + "line 1: names no factor of the group\n");
  EXPECT_EQ(problems("date,BTC\nx,5,6\n"), at_file + "line 2: has 3 values and not 2\n");
}

TEST(ConfigModelProblems, OfBandsAndExits) {
  const std::string f = "margin.json";
  expect({
      set(f, "bands[0].state", "\"normal\"", "must be \"warned\" or \"restricted\""),
      set(f, "bands[1].state", "\"warned\"", "has a band already"),
      set(f, "bands[0].basis", "\"equity\"", "must be \"initial\" or \"maintenance\""),
      set(f, "bands[0].enter", "\"101\"", "must be from 0 to 100", 1),
      set(f, "bands[0].exit", "\"1.199999\"", "must not be less than enter"),
      drop(f, "bands[0].exit"),
      set(f, "exit_allowance", "\"1.1\"", "must be from 0 to 1"),
      set(f, "transfer_notional", "\"-0.1\"", "must be from 0 to 1"),
      set(f, "maintenance_includes_orders", "0", "must be true or false"),
      set(f, "liquidation_lock", "\"no\"", "must be true or false"),
      // BTC is the base of a spot instrument, and counts 0.8 initially in its last tier.
      {{kAdd, "assets.json", "assets.BTC.maintenance_haircut_tiers",
        R"([{"upto": null, "haircut": "0.9", "residual_haircut": "0.5"}])"},
       "instruments.BTC-USDC.base",
       "\"BTC\"",
       "counts less in its last tier for maintenance (0.5) than initially (0.8)",
       1,
       {},
       "instruments.json"},
      {{kSet, "assets.json", "assets.USD.borrow",
        R"({"initial": "0.1", "maintenance": "0.100001", "pool_max": "1"})"},
       "instruments.BTC-USDC.settlement",
       "\"USD\"",
       "has a higher borrow rate for maintenance (0.100001) than initially (0.1)",
       2,  // and of the option that is paid upfront
       {{kAdd, "assets.json", "assets.USD.borrow",
         R"({"initial": "0.1", "maintenance": "0.1", "pool_max": "1"})"}},
       "instruments.json"},
      set(f, "leverage_equity", "\"full\"", "must be \"haircut\" or \"plain\""),
      set(f, "leverage_options", "\"delta\"", "must be \"underlying\" or \"premium\""),
      set(f, "leverage_spot", "1", "must be true or false"),
  });
}

TEST(ConfigModelProblems, OfAddOns) {
  const std::string f = "margin.json";
  expect({
      set(f, "add_ons", "[]", "must be an object"),
      set(f, "add_ons.size", "1", "must be an object"),
      set(f, "add_ons.size.groups", "[]", "must not be empty"),
      at("add_ons.size.groups[0]",
         set(f, "add_ons.size.groups", "[\"metals\"]", "must be the name of a risk group")),
      set(f, "add_ons.size.function", "\"square\"", "must be \"tiers\" or \"hedged\" or \"ramp\""),
      set(f, "add_ons.size.place", "\"inside\"", "must be \"group\" or \"floor\" or"),
      set(f, "add_ons.size.measure", "\"gamma\"", "must be \"notional\" or \"delta\" or"),
      set(f, "add_ons.size.reach", "\"far\"", "must be \"net\" or \"long_net\" or \"short_net\""),
      set(f, "add_ons.size.each", "\"lot\"", "must be \"all\" or \"instrument\" or \"expiry\""),
      at("add_ons.size.of.kinds[0]",
         set(f, "add_ons.size.of.kinds", "[\"spot\"]", "must be \"perpetual\" or \"future\"")),
      at("add_ons.size.of.factors[0]",
         set(f, "add_ons.size.of.factors", "[\"DOGE\"]", "must be the name of a factor")),
      at("add_ons.contracts.of.instruments[0]",
         set(f, "add_ons.contracts.of.instruments", "[\"DOGE\"]",
             "must be the name of an instrument")),
      drop(f, "add_ons.size.of"),
      at("add_ons.size.of",
         set(f, "add_ons.size.of.factors", "[\"BTC\"]", "selects no instrument of the group alts")),
      at("add_ons.contracts.of", set(f, "add_ons.contracts.of.instruments", "[\"BTC-USDC\"]",
                                     "selects no instrument of the group grain")),
      at("add_ons.size.of",
         set(f, "add_ons.size.each", "\"strike\"", "selects BTC-PERP, which has no strike", 2)),
      at("add_ons.size.of", set(f, "add_ons.size.measure", "\"vega\"",
                                "selects BTC-PERP, which has no table risk", 2)),
      at("add_ons.size.of", set(f, "add_ons.size.measure", "\"maintenance_charge\"",
                                "selects ETH-PERP, which has no table risk", 2)),
      at("add_ons.size.of",
         set(f, "add_ons.size.measure", "\"premium\"", "selects BTC-PERP, which is not linear")),
      drop(f, "add_ons.contracts.per_lot"),
      set(f, "add_ons.contracts.per_lot", "\"-1\"", "must be from 0"),
      add(f, "add_ons.size.per_lot", "\"1\"", "is no key that is known"),
      add(f, "add_ons.size.slope", "\"1\"", "is no key that is known"),
  });
}

TEST(ConfigModelProblems, OfCharges) {
  const std::string f = "margin.json";
  const std::string size = "add_ons.size";
  expect({
      set(f, size + ".initial", "[]", "must end with a tier whose upto is null"),
      set(f, size + ".initial[0].upto", "\"0.0001\"", "more than 3 digits"),
      set(f, size + ".initial[1].rate", "\"0.004999\"", "must not be less than that of the tier"),
      set(f, size + ".initial[1].rate", "\"100.1\"", "must be from 0 to 100"),
      at("add_ons.roll", set(f, "add_ons.roll.initial", "null",
                             "must have a charge: initial, maintenance or both")),
      set(f, size + ".ramp_open_interest.instrument", "\"DOGE\"", "must be the name of an"),
      set(f, size + ".ramp_open_interest.low", "\"0.05\"", "more than 1 digits"),
      set(f, size + ".ramp_open_interest.high", "\"1000\"", "must be more than low"),
      at(size + ".ramp_open_interest",
         set(f, size + ".initial", "null", "must not be there without an initial charge")),
      // Hedged and ramp.
      set(f, "add_ons.roll.reach", "\"gross\"", "must be \"net\", since the function is hedged"),
      add(f, "add_ons.roll.ramp_open_interest", "{}", "is no key that is known"),
      set(f, "add_ons.delta.reach", "\"long\"", "must be \"net\" or \"short_net\", since"),
      set(f, "add_ons.delta.each", "\"expiry\"", "must be \"all\", since the function is ramp"),
      set(f, "add_ons.delta.initial", R"([{"upto":"1","rate":"1"},{"upto":null,"rate":"1"}])",
          "must be one tier, since the function is ramp"),
      set(f, "add_ons.delta.threshold", "\"-1\"", "must be from 0"),
      set(f, "add_ons.delta.per", "\"DOGE\"", "must be the name of an asset"),
      set(f, "add_ons.delta.slope", "\"1.1\"", "must be from 0 to 1"),
      set(f, "add_ons.delta.most", "\"10.1\"", "must be from 0 to 10"),
      at("add_ons.delta.offset.kinds[0]",
         set(f, "add_ons.delta.offset.kinds", "[\"bond\"]", "must be \"perpetual\" or")),
      at("add_ons.delta.offset", set(f, "add_ons.delta.offset.kinds", "[\"fx\"]",
                                     "selects no instrument of the group bitcoin")),
      at("add_ons.delta.short_of", set(f, "add_ons.delta.short_of.kinds", "[\"fx\"]",
                                       "selects no instrument of the group bitcoin")),
      add(f, "add_ons.size.short_of", "{}", "is no key that is known"),
  });
}

// --- the model as a whole

TEST(ConfigModelProblems, AreAllToldAtOnce) {
  Texts texts = test::read_model();
  test::apply(texts, {kSet, "assets.json", "assets.ETH.debt_addon", "\"-1\""});
  test::apply(texts, {kSet, "margin.json", "groups.stable.kappa", "\"2\""});
  test::apply(texts, {kSet, "margin.json", "add_ons.size.place", "\"here\""});
  test::apply(texts, {kSet, "instruments.json", "instruments.SPY.tick", "\"0\""});
  test::apply(texts, {kRemove, "limits.json", "accounts.cash.executions", ""});
  EXPECT_EQ(test::problems_text(load_model_texts(texts)),
            "margin.json: groups.stable.kappa: \"2\": must be from 0 to 1\n"
            "assets.json: assets.ETH.debt_addon: \"-1\": must be from 0 to 10\n"
            "instruments.json: instruments.SPY.tick: \"0\": must be from 0.01 to "
            "11529215046068469.76\n"
            "margin.json: add_ons.size.place: \"here\": must be \"group\" or \"floor\" or "
            "\"joint\" or \"outside\"\n"
            "limits.json: accounts.cash.executions: is missing\n");
  EXPECT_EQ(load_model("/does/not/exist").problems.size(), 4u);
}

}  // namespace
}  // namespace portcullis::config::config_model_problems_test
