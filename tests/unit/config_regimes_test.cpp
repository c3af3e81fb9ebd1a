// Regimes in margin.json: what is wrong with them, and what parameters are made of a choice.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_regimes_test {
namespace {

using test::Change;
using test::Texts;

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

const std::string kRegimes = R"({
  "BTC": {"mark": "BTC-PERP", "period_ms": 60000, "half_life_ms": 3600000, "warm_up": 5,
    "up_after_ms": 0, "down_after_ms": 60000, "gap_max_ms": 600000, "step_max": "2",
    "levels": [
      {"name": "calm", "enter": "0", "leave": "0", "shock": "1"},
      {"name": "usual", "enter": "0.6", "leave": "0.5", "shock": "1.25"},
      {"name": "wild", "enter": "1.2", "leave": "1", "shock": "1.5", "leverage_cap": "3"}]},
  "EUR": {"mark": "EUR/USD", "period_ms": 60000, "half_life_ms": 3600000, "warm_up": 5,
    "up_after_ms": 0, "down_after_ms": 60000, "gap_max_ms": 600000, "step_max": "2",
    "levels": [
      {"name": "calm", "enter": "0", "leave": "0", "shock": "1", "leverage_cap": "9"},
      {"name": "wild", "enter": "0.3", "leave": "0.2", "shock": "1.5", "leverage_cap": "5"}]}})";

LoadResult load_with(const std::vector<Change>& changes, const std::string& regimes = kRegimes) {
  Texts texts = test::read_example();
  // Haircuts cover what collateral may fall in the wildest regimes.
  test::apply(texts, {kSet, "assets.json", "assets.BTC.haircut_tiers[0].haircut", "\"0.95\""});
  test::apply(texts, {kSet, "assets.json", "assets.BTC.haircut_tiers[1].haircut", "\"0.95\""});
  test::apply(texts, {kAdd, "margin.json", "regimes", regimes});
  for (const Change& change : changes) test::apply(texts, change);
  return load_texts(texts, "");
}
Deployment loaded(const RegimeChoice& choice) {
  const LoadResult all = load_with({});
  EXPECT_TRUE(all.ok()) << test::problems_text(all);
  LoadResult chosen = with_regimes(all.deployment.canonical_text, "", choice);
  EXPECT_TRUE(chosen.ok()) << test::problems_text(chosen);
  return std::move(chosen.deployment);
}
RegimeChoice choice(std::uint8_t btc, std::uint8_t eur) {
  RegimeChoice regimes = last_regimes();
  regimes[0] = btc;
  regimes[1] = eur;
  return regimes;
}
std::int32_t shock(const Deployment& deployment, const std::string& factor, std::size_t column) {
  const risk::FactorIndex index = deployment.names.factors.find(factor);
  for (const risk::GroupParameters& group : deployment.parameters.groups) {
    if (index.value < group.first_factor || index.value - group.first_factor >= group.factor_count)
      continue;
    return group
        .shock_ppm[std::size_t{index.value - group.first_factor} * group.column_count + column];
  }
  return 0;
}

TEST(ConfigRegimes, TheFactorsMovesAreMultipliedAndNoOthers) {
  const Deployment calm = loaded(choice(0, 0));
  EXPECT_EQ(shock(calm, "BTC", 0), -160'000);
  EXPECT_EQ(shock(calm, "ETH", 0), -200'000);
  const Deployment usual = loaded(choice(1, 0));
  EXPECT_EQ(shock(usual, "BTC", 0), -200'000);
  EXPECT_EQ(shock(usual, "ETH", 0), -200'000);
  EXPECT_EQ(shock(usual, "EUR", 0), -40'000);
  EXPECT_EQ(usual.groups[0].columns[0].moves_ppm[0], -200'000);  // what risk tables are built of
  const Deployment wild = loaded(choice(2, 1));
  EXPECT_EQ(shock(wild, "BTC", 0), -240'000);
  EXPECT_EQ(shock(wild, "EUR", 0), -60'000);
  // Away from zero: 1.25 * 371,695.
  const std::size_t joint = usual.parameters.sets.back().first_column[0];
  EXPECT_EQ(shock(calm, "BTC", joint), -371'695);
  EXPECT_EQ(shock(usual, "BTC", joint), -464'619);
}

TEST(ConfigRegimes, WithoutAChoiceTheLastOnesAreInForce) {
  const LoadResult result = load_with({});
  ASSERT_TRUE(result.ok()) << test::problems_text(result);
  EXPECT_EQ(result.deployment.regime_choice, choice(2, 1));
  EXPECT_EQ(shock(result.deployment, "BTC", 0), -240'000);
  EXPECT_EQ(loaded(choice(77, kLastRegime)).regime_choice, choice(2, 1));
}

TEST(ConfigRegimes, TheLowestLeverageCapHoldsForEverybody) {
  const auto most = [](const Deployment& deployment) {
    std::int64_t highest = 0;
    for (const risk::LimitProfile& profile : deployment.parameters.profiles)
      highest = std::max(highest, profile.leverage_max_ppm);
    return highest;
  };
  EXPECT_EQ(most(loaded(choice(1, 0))), 9 * risk::kPpm);
  EXPECT_EQ(most(loaded(choice(1, 1))), 5 * risk::kPpm);
  EXPECT_EQ(most(loaded(choice(2, 0))), 3 * risk::kPpm);
}

// One text, one choice, one set of parameters.
TEST(ConfigRegimes, TheTextIsThatOfTheFilesWhateverIsChosen) {
  const Deployment calm = loaded(choice(0, 0));
  const Deployment wild = loaded(choice(2, 1));
  EXPECT_EQ(calm.canonical_text, wild.canonical_text);
  EXPECT_EQ(calm.canonical_hash, wild.canonical_hash);
}

TEST(ConfigRegimes, WhatIsWrongIsTold) {
  struct Row {
    Change change;
    std::string path;
    std::string what;
  };
  const std::string btc = "regimes.BTC.";
  const Row rows[] = {
      {{kSet, "margin.json", btc + "mark", "\"AMZN\""},
       btc + "mark",
       "an instrument of the factor"},
      {{kSet, "margin.json", btc + "period_ms", "0"}, btc + "period_ms", "must be a whole number"},
      {{kSet, "margin.json", btc + "half_life_ms", "59999"},
       btc + "half_life_ms",
       "must not be less than period_ms"},
      {{kSet, "margin.json", btc + "gap_max_ms", "59999"},
       btc + "gap_max_ms",
       "must not be less than period_ms"},
      {{kSet, "margin.json", btc + "step_max", "\"0.9\""}, btc + "step_max", "must be from 1"},
      {{kSet, "margin.json", btc + "step_max", "\"1.1\""},
       btc + "levels[1].shock",
       "must be at most 1.1"},
      {{kSet, "margin.json", btc + "levels[0].enter", "\"0.1\""},
       btc + "levels[0].enter",
       "must be from 0 to 0"},
      {{kSet, "margin.json", btc + "levels[1].leave", "\"0.6\""},
       btc + "levels[1].leave",
       "must be less than enter"},
      {{kSet, "margin.json", btc + "levels[2].enter", "\"0.55\""},
       btc + "levels[2].enter",
       "must be more than that of the level before"},
      {{kSet, "margin.json", btc + "levels[1].shock", "\"0.9\""},
       btc + "levels[1].shock",
       "must not be less than that of the level before"},
      {{kSet, "margin.json", "regimes.EUR.levels[1].leverage_cap", "\"10\""},
       "regimes.EUR.levels[1].leverage_cap",
       "must not be more than that of the level before"},
      {{kSet, "margin.json", btc + "levels[1].name", "\"calm\""},
       btc + "levels[1].name",
       "is there twice"},
      {{kRemove, "margin.json", btc + "warm_up", ""}, btc + "warm_up", "is missing"},
      {{kAdd, "margin.json", btc + "colour", "1"}, btc + "colour", ""},
      {{kAdd, "margin.json", "regimes.GOLD", "{}"}, "regimes.GOLD", "no factor of this name"},
  };
  for (const Row& row : rows) {
    const LoadResult result = load_with({row.change});
    const auto fits = [&](const Problem& problem) {
      return problem.file == "margin.json" && problem.path == row.path &&
             problem.what.find(row.what) != problem.what.npos;
    };
    EXPECT_TRUE(std::any_of(result.problems.begin(), result.problems.end(), fits))
        << row.change.path << "\n"
        << test::problems_text(result);
  }
}

// What would be wrong in some regime is wrong now.
TEST(ConfigRegimes, EveryLevelIsTried) {
  // In the calm a collar of 5 % is more than closing pays for.
  std::string calm = kRegimes;
  const std::string from = R"("enter": "0", "leave": "0", "shock": "1"},)";
  calm.replace(calm.find(from), from.size(), R"("enter": "0", "leave": "0", "shock": "0.2"},)");
  const LoadResult result =
      load_with({{kSet, "margin.json", "regimes.BTC.step_max", "\"10\""}}, calm);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.problems[0].what.find("in the regimes of level 1"), std::string::npos)
      << test::problems_text(result);
}

}  // namespace
}  // namespace portcullis::config::config_regimes_test
