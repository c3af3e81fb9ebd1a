// What of a configuration may change while the gate runs: the shipped example with one thing changed.
#include "config/reload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_reload_test {
namespace {

using test::Change;
using test::Texts;

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;

Deployment loaded(Texts texts, const std::vector<Change>& changes) {
  for (const Change& change : changes) test::apply(texts, change);
  LoadResult result = load_texts(texts, "");
  EXPECT_TRUE(result.ok()) << test::problems_text(result);
  return std::move(result.deployment);
}
// Of the change from the example to the example so changed, a line each.
std::vector<std::string> problems(const std::vector<Change>& changes,
                                  const Texts& texts = test::read_example()) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems_of_reload(loaded(texts, {}), loaded(texts, changes)))
    lines.push_back(to_text(problem));
  return lines;
}

TEST(ConfigReload, WhatIsTheSameHasNoProblem) {
  EXPECT_EQ(problems({}), std::vector<std::string>());
}

TEST(ConfigReload, WhatIsHotMayChange) {
  const std::string amzn = "profiles.client.instruments.AMZN.";
  const Change hot[] = {
      {kSet, "limits.json", "version", "2"},
      {kSet, "limits.json", amzn + "clip", "\"10\""},
      {kSet, "limits.json", amzn + "collar", "\"0.02\""},
      {kSet, "limits.json", amzn + "restricted", "true"},
      {kSet, "limits.json", "profiles.client.leverage_max", "\"2\""},
      {kSet, "limits.json", "accounts.alpha-1.profile", "\"small\""},
      {kSet, "limits.json", "accounts.alpha-1.rate.burst", "7"},
      {kSet, "limits.json", "accounts.alpha-1.executions.burst", "7"},
      {kAdd, "limits.json", "warnings", R"({"levels_percent":[50]})"},
      {kSet, "instruments.json", "instruments.AMZN.taker_fee_ppm", "31"},
      {kSet, "instruments.json", "instruments.AMZN.market_orders", "false"},
      {kAdd, "instruments.json", "instruments.AMZN.open_interest_max", "\"1000\""},
      {kSet, "margin.json", "group_mult", "\"1.5\""},
      {kSet, "margin.json", "groups.crypto.kappa", "\"0.4\""},
      {kSet, "margin.json", "sets.range.groups.equity.grid.range", "\"0.12\""},
      {kSet, "margin.json", "sets.extreme.weight", "\"0.9\""},
      {kAdd, "margin.json", "exit_allowance", "\"0.2\""},
      {kAdd, "margin.json", "leverage_equity", "\"plain\""},
  };
  for (const Change& change : hot)
    EXPECT_EQ(problems({change}), std::vector<std::string>()) << change.path;
}

TEST(ConfigReload, WhatIsFixedAtStartIsRefusedByName) {
  struct Row {
    Change change;
    std::string starts;  // of the problem
  };
  const Row rows[] = {
      {{kSet, "process.json", "capacities.orders", "77"}, "process.json: capacities.orders: 77: "},
      {{kSet, "process.json", "gateway.port", "77"}, "process.json: gateway.port: 77: "},
      {{kSet, "feeds.json", "conflation_ms", "77"}, "feeds.json: conflation_ms: 77: "},
      {{kSet, "instruments.json", "instruments.AMZN.tick", "\"0.02\""},
       "instruments.json: instruments.AMZN.tick: \"0.02\": "},
      {{kSet, "instruments.json", "instruments.AMZN.price_max", "\"9000\""},
       "instruments.json: instruments.AMZN.price_max: \"9000\": "},
      {{kSet, "assets.json", "assets.USDC.index_max", "\"1.3\""},
       "assets.json: assets.USDC.index_max: \"1.3\": "},
      {{kSet, "limits.json", "accounts.alpha-1.firm", "\"ZZZZ\""},
       "limits.json: accounts.alpha-1.firm: \"ZZZZ\": "},
      {{kAdd, "margin.json", "sets.extreme.requirement", "\"initial\""},
       "margin.json: extreme: another part in the maintenance requirement: "},
      {{kSet, "margin.json", "sets.range.groups.equity.grid.points", "9"},
       "margin.json: equity: another number of scenarios: "},
  };
  for (const Row& row : rows) {
    const std::vector<std::string> told = problems({row.change});
    ASSERT_FALSE(told.empty()) << row.change.path;
    EXPECT_TRUE(std::any_of(told.begin(), told.end(),
                            [&](const std::string& problem) {
                              return problem.starts_with(row.starts) &&
                                     problem.find("can change only where the gate starts") !=
                                         problem.npos;
                            }))
        << row.change.path << ": " << told[0];
  }
}

TEST(ConfigReload, EveryProblemIsTold) {
  const std::vector<std::string> told = problems({{kSet, "process.json", "gateway.port", "77"},
                                                  {kSet, "feeds.json", "conflation_ms", "77"},
                                                  {kSet, "margin.json", "group_mult", "\"1.5\""}});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0].starts_with("feeds.json: conflation_ms")) << told[0];
  EXPECT_TRUE(told[1].starts_with("process.json: gateway.port")) << told[1];
}

// Things are numbered in the order of the files.
TEST(ConfigReload, AnotherOrderOfNamesIsRefused) {
  const Deployment running = loaded(test::read_example(), {});
  Texts texts = test::read_example();
  JsonResult file = parse_json(texts["sessions.json"]);
  for (JsonMember& member : file.json.members)
    if (member.name == "sessions") std::swap(member.value.members[0], member.value.members[1]);
  texts["sessions.json"] = to_text(file.json);
  const std::vector<Problem> told = problems_of_reload(running, loaded(texts, {}));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].file, "sessions.json");
  EXPECT_EQ(told[0].what, "can change only where the gate starts: they stand in another order");
}

// The door for JSON clients knows of fees by itself.
TEST(ConfigReload, FeesOfWhatJsonClientsTradeAreFixed) {
  const Texts texts = test::read_example_with_json_clients();
  const std::vector<std::string> told =
      problems({{kSet, "instruments.json", "instruments.BTC-PERP.taker_fee_ppm", "1234"}}, texts);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].starts_with("instruments.json: instruments.BTC-PERP: another fee"))
      << told[0];
}

}  // namespace
}  // namespace portcullis::config::config_reload_test
