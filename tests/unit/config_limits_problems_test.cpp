// What is wrong with limits.json, alone and beside the margin model: profiles, the tree, accounts,
// collars and the room that sums need.
#include <gtest/gtest.h>

#include "config/head_room.h"
#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_limits_problems_test {
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

const std::string kLimits = "limits.json";

void expect(const std::vector<Row>& rows) { test::expect_problems(test::samples()[0], rows); }
void expect_of_model(const std::vector<Row>& rows) {
  test::expect_problems(test::samples()[1], rows);
}

TEST(ConfigLimitsProblems, OfProfiles) {
  const std::string amzn = "profiles.client.instruments.AMZN";
  const std::string btc = "profiles.client.instruments.BTC-PERP";
  expect({
      set(kLimits, "version", "0", "must be a whole number from 1"),
      set(kLimits, "profiles.client.gross_notional_max", "\"0.00001\"", "more than 4 digits"),
      set(kLimits, "profiles.client.gross_notional_max", "\"200000000000000\"",
          "must be from 0 to 115292150460684"),
      set(kLimits, "profiles.client.open_orders_max", "-1", "must be a whole number from 0"),
      set(kLimits, "profiles.client.leverage_max", "10", "must be decimal text"),
      set(kLimits, "profiles.client.daily_loss_max", "\"-1\"", "must be from 0 to 115292150460684"),
      drop(kLimits, "profiles.client.daily_loss_max"),
      add(kLimits, "profiles.client.warnings", "{}", "is not supported yet"),
      drop(kLimits, amzn),
      drop(kLimits, amzn + ".clip"),
      set(kLimits, amzn + ".clip", "\"0.5\"", "more than 0 digits"),
      set(kLimits, "profiles.client.instruments.EUR/USD.clip", "\"1500\"",
          "a whole number of lots of 1000"),
      set(kLimits, amzn + ".long_max", "\"-1\"", "must be from 0"),
      set(kLimits, amzn + ".notional_max", "250000", "must be decimal text"),
      set(kLimits, amzn + ".restricted", "\"no\"", "must be true or false"),
      set(kLimits, btc + ".collar", "\"1.1\"", "must be from 0 to 1"),
      add(kLimits, btc + ".open_interest_share", "\"1.01\"", "must be from 0 to 1"),
      add(kLimits, btc + ".concentration", "{}", "is not supported yet"),
      add(kLimits, btc + ".leverage_max", "\"5\"", "is not supported yet"),
  });
}

TEST(ConfigLimitsProblems, OfLeverageBrackets) {
  const std::string brackets = "profiles.trader.leverage_brackets";
  expect_of_model({
      set(kLimits, brackets, "[]", "must end with a tier whose upto is null"),
      set(kLimits, brackets + "[0].upto", "\"0\"", "must be from 0.001 to"),
      set(kLimits, brackets + "[1].upto", "\"1000000\"",
          "must be more than that of the tier before it"),
      at(brackets + "[2]", set(kLimits, brackets + "[1].upto", "null", "has no end already")),
      set(kLimits, brackets + "[1].max", "\"20.000001\"",
          "not be more than that of the bracket before"),
      set(kLimits, brackets + "[0].max", "\"1000.000001\"", "must be from 0 to 1000"),
      after({{kSet, kLimits, "accounts.maker.profile", "\"other\""},
             {kSet, kLimits, "accounts.maker-x.profile", "\"other\""},
             {kSet, kLimits, "accounts.cash.profile", "\"other\""}},
            at("profiles.trader.leverage_brackets",
               set(kLimits, "profiles.trader.leverage_max", "null",
                   "must not be there, since leverage_max is null", 4))),
  });
}

TEST(ConfigLimitsProblems, OfTheTree) {
  expect({
      set(kLimits, "venue.profile", "\"none\"", "must be the name of a profile"),
      set(kLimits, "members.alpha.profile", "\"none\"", "must be the name of a profile"),
      set(kLimits, "groups.alpha-making.member", "\"nobody\"", "must be the name of a member"),
      set(kLimits, "groups.alpha-making.member", "\"demo\"", "must be the name of a member"),
      at("members.alpha", set(kLimits, "venue.name", "\"alpha\"", "has this name", 5)),
      {{kAdd, kLimits, "groups.alpha", "{\"member\": \"bravo\", \"profile\": \"group\"}"},
       "groups.alpha",
       "",
       "has this name"},
  });
}

TEST(ConfigLimitsProblems, OfAccounts) {
  expect({
      set(kLimits, "accounts.alpha-1.group", "\"alpha\"", "must be the name of a group"),
      // Neither leverage_max nor daily_loss_max.
      set(kLimits, "accounts.alpha-1.profile", "\"member\"", "must have a leverage_max", 3),
      at("accounts.alpha-2.firm",
         set(kLimits, "accounts.alpha-1.firm", "\"ALP2\"", "another account has it")),
      set(kLimits, "accounts.alpha-1.firm", "\"ALPHA\"", "1 to 4 printable ASCII"),
      set(kLimits, "accounts.alpha-1.firm", "\"\"", "1 to 4 printable ASCII"),
      set(kLimits, "accounts.alpha-1.rate.per_second", "0",
          "must be a whole number from 1 to 1000000000"),
      set(kLimits, "accounts.alpha-1.rate.exit_burst", "1000001",
          "must be a whole number from 1 to 1000000"),
      drop(kLimits, "accounts.alpha-1.executions"),
      set(kLimits, "accounts.alpha-1.executions.interval_ms", "0", "from 1 to 86400000"),
      set(kLimits, "accounts.alpha-1.executions.burst", "0", "from 1 to 1000000000"),
      add(kLimits, "accounts.alpha-1.cash_only", "1", "must be true or false"),
      at("accounts.suspense.profile", set(kLimits, "profiles.suspense.daily_loss_max", "null",
                                          "must have a daily_loss_max, since an account has it")),
  });
}

TEST(ConfigLimitsProblems, OfIsolatedAccountsAndProtections) {
  const std::string from = "accounts.maker-x.isolated_from";
  const std::string protections = "accounts.maker.protections";
  expect_of_model({
      set(kLimits, from, "\"nobody\"", "must be the name of an account"),
      set(kLimits, from, "\"maker-x\"", "must be another account"),
      drop(kLimits, from),
      drop(kLimits, "accounts.maker-x.isolated_in"),
      set(kLimits, "accounts.maker-x.isolated_in", "\"DOGE\"", "must be the name of an instrument"),
      at(from, after({{kAdd, kLimits, "accounts.maker.isolated_from", "\"cash\""}},
                     add(kLimits, "accounts.maker.isolated_in", "\"SPY\"",
                         "must not be isolated itself"))),
      set(kLimits, protections + "[0].group", "\"metals\"", "must be the name of a risk group"),
      set(kLimits, protections + "[0].group", "\"alts\"", "has no instrument with table risk"),
      set(kLimits, protections + "[0].lots", "-1", "must be a whole number from 0"),
      {{kSet, kLimits, protections,
        R"([{"group": "bitcoin", "lots": 1}, {"group": "bitcoin", "lots": 2}])"},
       protections + "[1].group",
       "\"bitcoin\"",
       "has a protection already"},
  });
}

// --- collars (METHOD 3.6)

TEST(ConfigLimitsProblems, OfOptionCollars) {
  const std::string call = "profiles.trader.instruments.BTC-C";
  const std::string perp = "profiles.trader.instruments.ETH-PERP";
  expect_of_model({
      set(kLimits, call + ".collar_underlying", "\"1.1\"", "must be from 0 to 1"),
      set(kLimits, call + ".collar_ticks", "-1", "must be a whole number from 0"),
      // The tick is 0.5 and price_max 500,000.
      set(kLimits, call + ".collar_ticks", "1000001", "is more than price_max"),
      add(kLimits, perp + ".collar_underlying", "\"0.01\"",
          "must be 0, since the instrument is not linear with a reference"),
      add(kLimits, "profiles.trader.instruments.BTC-PERP.collar_underlying", "\"0.01\"",
          "must be 0, since the instrument is not linear with a reference"),
      // Of 0.05 ticks 800,000 are 0.4 of price_max, and less nowhere; closing frees 0.325.
      at(perp + ".collar", add(kLimits, perp + ".collar_ticks", "800000", "(0.40")),
  });
}

std::string collar_problems(const std::vector<Change>& changes, const std::string& instrument,
                            const std::string& collar) {
  Texts texts = test::read_example();
  test::apply(texts, {kSet, "assets.json", "assets.USDC.debt_addon", "\"0\""});
  test::apply(texts,
              {kSet, "instruments.json", "instruments." + instrument + ".taker_fee_ppm", "0"});
  test::apply(texts,
              {kSet, "instruments.json", "instruments." + instrument + ".maker_fee_ppm", "0"});
  for (const Change& change : changes) test::apply(texts, change);
  test::apply(texts, {kSet, kLimits, "profiles.client.instruments." + instrument + ".collar",
                      quote(collar)});
  return test::problems_text(load_texts(texts, ""));
}

// A collar exactly as wide as the shock pays for is refused, one ppm less is taken.
TEST(ConfigLimitsProblems, DrawTheCollarsLineExactly) {
  EXPECT_EQ(collar_problems({}, "AMZN", "0.179999"), "");
  EXPECT_EQ(collar_problems({}, "AMZN", "0.18"),
            "limits.json: profiles.client.instruments.AMZN.collar: \"0.18\": is wider than the "
            "shock pays for: collar and fee (0.18), times 1 + the debt add-on of the settlement "
            "asset (0), must be less than what the set range frees: its multiplier times the "
            "smaller adverse move (0.18)\n");
}

// Any set can be the one that binds: the collar must be paid for by the least.
TEST(ConfigLimitsProblems, EverySetMustPayForTheCollar) {
  // "apart" moves BTC by 0.08 at the most, 1.2 times as much is required.
  EXPECT_EQ(collar_problems({}, "BTC-PERP", "0.095999"), "");
  EXPECT_NE(collar_problems({}, "BTC-PERP", "0.096").find("what the set apart frees"),
            std::string::npos);
  // Where they are summed, all of them pay: 1.2 * (0.16 + 0.08), and with half of a set its half.
  const Change sum{kAdd, "margin.json", "combine_groups", "\"sum\""};
  EXPECT_EQ(collar_problems({sum}, "BTC-PERP", "0.287999"), "");
  EXPECT_NE(collar_problems({sum}, "BTC-PERP", "0.288").find("what the sets together frees"),
            std::string::npos);
  const Change half{kAdd, "margin.json", "sets.apart.combine_weight", "\"0.5\""};
  EXPECT_EQ(collar_problems({sum, half}, "BTC-PERP", "0.239999"), "");
  EXPECT_NE(collar_problems({sum, half}, "BTC-PERP", "0.24"), "");
}

// Sets that decide nothing, or not in the initial requirement, pay for nothing.
TEST(ConfigLimitsProblems, OnlyEnforcedSetsPayForACollar) {
  const std::string second =
      R"({"scope": "per_group", "measure": "worst", "action": "ACTION", "requirement": "PART",
          "groups": {"equity": {"columns": {"no": {"default": "0"}, "up": {"AMZN": "0.01"},
                                            "down": {"AMZN": "-0.01"}}}}})";
  const auto with = [&](std::string_view action, std::string_view part) {
    std::string text = second;
    text.replace(text.find("ACTION"), 6, action);
    text.replace(text.find("PART"), 4, part);
    return collar_problems({{kAdd, "margin.json", "sets.second", text}}, "AMZN", "0.1");
  };
  EXPECT_EQ(with("report", "both"), "");
  EXPECT_EQ(with("warn", "both"), "");
  EXPECT_EQ(with("enforce", "maintenance"), "");
  EXPECT_NE(with("enforce", "initial").find("what the set second frees"), std::string::npos);
}

// Expected shortfall of one on the factor: of 6 days the worst 2.4, down (109424 + 95677 + 0.4 *
// 78094) / 2.4, up (85486 + 51745 - 0.4 * 48748) / 2.4 = 49054.9; rounded down.
TEST(ConfigLimitsProblems, ExpectedShortfallPaysForACollarByItsMean) {
  const auto problems = [](const std::string& collar) {
    Texts texts = test::read_model();
    const auto change = [&](Change::Kind kind, const std::string& file, const std::string& path,
                            const std::string& value) {
      test::apply(texts, {kind, file, path, value});
    };
    change(kSet, "margin.json", "sets.apart.groups",
           R"({"equity": {"history": {"file": "returns.csv", "columns": 6}}})");
    change(kRemove, "margin.json", "sets.range.groups.alts", "");
    change(kSet, "margin.json", "sets.apart.measure", "\"es\"");
    change(kAdd, "margin.json", "sets.apart.tail", "\"0.4\"");
    change(kSet, "instruments.json", "instruments.SPY.taker_fee_ppm", "0");
    change(kSet, "margin.json", "group_mult", "\"1\"");
    for (const std::string name : {"ETH-PERP", "SOL-MAR", "EUR/USD"}) {
      for (const std::string profile : {"house", "trader"}) {
        change(kSet, kLimits, "profiles." + profile + ".instruments." + name + ".collar", "\"0\"");
        change(kSet, "instruments.json", "instruments." + name + ".taker_fee_ppm", "0");
        change(kSet, "instruments.json", "instruments." + name + ".maker_fee_ppm", "0");
      }
    }
    change(kSet, kLimits, "profiles.trader.instruments.SPY.collar", quote(collar));
    std::string lines;
    for (const Problem& problem : load_model_texts(texts).problems) {
      if (problem.path.find("SPY") != std::string::npos) lines += to_text(problem) + "\n";
    }
    return lines;
  };
  EXPECT_EQ(problems("0.049053"), "");
  EXPECT_NE(problems("0.049054").find("smaller adverse move (0.049054)"), std::string::npos)
      << problems("0.049054");
}

// In the coin a price lower by the collar costs collar / (1 - collar).
TEST(ConfigLimitsProblems, AnInverseCollarCostsMoreInTheCoin) {
  // 1.3 * 0.75 * 0.16 of the only enforced per-group set: 0.156 = c / (1 - c), c = 0.134948...
  const auto problems = [](const std::string& collar) {
    Texts texts = test::read_model();
    test::apply(texts, {kSet, "assets.json", "assets.BTC.debt_addon", "\"0\""});
    test::apply(texts, {kSet, "instruments.json", "instruments.BTC-PERP.taker_fee_ppm", "0"});
    test::apply(texts,
                {kSet, kLimits, "profiles.trader.instruments.BTC-PERP.collar", quote(collar)});
    return test::problems_text(load_model_texts(texts));
  };
  EXPECT_EQ(problems("0.134948"), "");
  EXPECT_NE(problems("0.134949").find("over 1 - collar"), std::string::npos);
  EXPECT_NE(problems("1"), "");
}

// A group in no enforced per-group set is held to the joint sets; without any, add-ons are its
// margin.
TEST(ConfigLimitsProblems, JointSetsPayForACollarWhereNoOthersDo) {
  const auto with = [](const std::string& joint) {
    return collar_problems({{kRemove, "margin.json", "sets.range.groups.equity", ""},
                            {kSet, "margin.json", "sets.extreme.columns", joint},
                            {kSet, "assets.json", "assets.USDC.scenario_mode", "\"static\""},
                            {kSet, "assets.json", "assets.USDC.haircut_tiers",
                             R"([{"upto": null, "haircut": "0.05"}])"}},
                           "AMZN", "0.05");
  };
  // joint_mult 0.5.
  EXPECT_EQ(with(R"({"down": {"AMZN": "-0.11", "default": "0"},
                     "up": {"AMZN": "0.12", "default": "0"}})"),
            "");
  EXPECT_NE(with(R"({"down": {"AMZN": "-0.11", "default": "0"},
                     "up": {"AMZN": "0.1", "default": "0"}})")
                .find("what the set extreme frees: its multiplier times the smaller adverse move "
                      "(0.05)"),
            std::string::npos);
}

// AMZN's collar where no enforced set has its group, with these add-ons; the others' collars are 0.
std::string collar_with_add_ons(const std::string& add_ons, const std::string& collar,
                                const std::vector<Change>& more = {}) {
  std::vector<Change> changes{
      {kRemove, "margin.json", "sets.range.groups.equity", ""},
      {kSet, "margin.json", "sets.extreme.action", "\"report\""},
      {kSet, "assets.json", "assets.USDC.scenario_mode", "\"static\""},
      {kSet, "assets.json", "assets.USDC.haircut_tiers", R"([{"upto": null, "haircut": "0.05"}])"},
      {kAdd, "margin.json", "add_ons", "{" + add_ons + "}"}};
  for (const std::string profile : {"venue", "member", "group", "maker", "small"}) {
    changes.push_back({kSet, kLimits, "profiles." + profile + ".instruments.AMZN.collar", "\"0\""});
  }
  changes.insert(changes.end(), more.begin(), more.end());
  return collar_problems(changes, "AMZN", collar);
}

std::string add_on(const std::string& name, const std::string& place, const std::string& rates,
                   const std::string& reach = "gross", const std::string& measure = "notional") {
  return "\"" + name + R"(": {"groups": ["equity"], "function": "tiers", "place": ")" + place +
         R"(", "of": {}, "measure": ")" + measure + R"(", "reach": ")" + reach + R"(", )" + rates +
         "}";
}
std::string initial(const std::string& rate) {
  return R"("initial": [{"upto": "1000", "rate": ")" + rate +
         R"("}, {"upto": null, "rate": "0.9"}], "maintenance": [{"upto": null, "rate": "0.9"}])";
}

// Without any, the first tiers' rates pay, by place times its multiplier: 1.2 of groups, 0.5 joint.
TEST(ConfigLimitsProblems, AddOnsPayForACollarWhereNoSetsDo) {
  struct Shape {
    std::string add_ons;
    std::string widest;
    std::string wider;
  };
  const std::vector<Shape> shapes{
      {add_on("a", "group", initial("0.05")), "0.059999", "0.06"},
      {add_on("a", "floor", initial("0.05")), "0.059999", "0.06"},
      {add_on("a", "joint", initial("0.05")), "0.024999", "0.025"},
      {add_on("a", "outside", initial("0.05")), "0.049999", "0.05"},
      {add_on("a", "group", initial("0.05"), "net", "delta"), "0.059999", "0.06"},
      // What is charged together adds up; of what is compared the larger pays.
      {add_on("a", "group", initial("0.05")) + "," + add_on("b", "group", initial("0.01"), "net"),
       "0.071999", "0.072"},
      {add_on("a", "group", initial("0.02")) + "," + add_on("b", "floor", initial("0.05")),
       "0.059999", "0.06"},
      {add_on("a", "joint", initial("0.2")) + "," + add_on("b", "floor", initial("0.05")),
       "0.099999", "0.1"},
      {add_on("a", "joint", initial("0.2")) + "," + add_on("b", "outside", initial("0.05")),
       "0.149999", "0.15"},
      // The side that frees less.
      {add_on("a", "group", initial("0.05"), "long") + "," +
           add_on("b", "group", initial("0.03"), "short"),
       "0.035999", "0.036"},
      {add_on("a", "group", initial("0.05"), "long_net"), "0", "0.000001"},
      {add_on("a", "group", initial("0.05"), "short_net"), "0", "0.000001"},
      {add_on("a", "group", initial("0.05"), "payable"), "0", "0.000001"},
      // Nothing is charged.
      {"", "0", "0.000001"},
      {add_on("a", "group", initial("0")), "0", "0.000001"},
      {add_on("a", "group", R"("maintenance": [{"upto": null, "rate": "0.9"}])"), "0", "0.000001"},
  };
  for (const Shape& shape : shapes) {
    EXPECT_EQ(collar_with_add_ons(shape.add_ons, shape.widest), "") << shape.add_ons;
    EXPECT_NE(collar_with_add_ons(shape.add_ons, shape.wider).find("what add-ons alone free"),
              std::string::npos)
        << shape.add_ons;
  }
}

// What another measure or function frees is not known here.
TEST(ConfigLimitsProblems, ACollarIsTakenWhereWhatAddOnsFreeIsNotKnown) {
  const std::string lots = R"("per_lot": "1", )" + initial("0.5");
  EXPECT_EQ(collar_with_add_ons(add_on("a", "group", lots, "gross", "lot"), "0.9"), "");
  EXPECT_EQ(collar_with_add_ons(add_on("a", "group", initial("0.05")) + "," +
                                    add_on("b", "floor", lots, "gross", "lot"),
                                "0.9"),
            "");
  EXPECT_EQ(collar_with_add_ons(
                R"("a": {"groups": ["equity"], "function": "hedged", "place": "group", "of": {},
                    "measure": "notional", "reach": "net",
                    "initial": [{"upto": null, "rate": "0.1"}]})",
                "0.9"),
            "");
  // A mistake in the add-ons is told alone.
  EXPECT_EQ(collar_with_add_ons(add_on("a", "nowhere", initial("0.05")), "0.9").find("collar"),
            std::string::npos);
}

// --- sums

TEST(ConfigLimitsProblems, OfPositionsWorthMoreThanCanBeSummed) {
  expect({
      // No account has the profile, so it is about values alone.
      at("profiles.venue.instruments",
         set(kLimits, "profiles.venue.instruments.BTC-PERP.long_max", "\"200000000\"",
             "most of it in BTC-PERP, and 2^60 is the most that can be summed")),
  });
}

// 2^61 millionths of a quantum is what sums of scenarios have room for. Of the client's limits: in
// fines 371695 * 1.5 * 1e4 * 10 * 1e6 for BTC-PERP, and so on; AMZN takes what is left.
TEST(ConfigLimitsProblems, DrawTheLineOfScenarioSumsExactly) {
  const risk::Int128 others = risk::Int128{371'695} * 150'000'000'000 +  // 10 BTC at 1,000,000
                              risk::Int128{423'472} * 150'000'000'000 +  // 100 ETH at 100,000
                              risk::Int128{50'000} * 600'000'000'000;    // 4,000,000 EUR at 10
  const risk::Int128 of_a_share = risk::Int128{150'000} * 150'000'000;   // 10,000 * 1.5 dollars
  const auto most = static_cast<std::int64_t>((risk::Int128{kFinesMax} - others) / of_a_share);
  const auto problems = [](std::int64_t shares) {
    Texts texts = test::read_example();
    test::apply(texts, {kSet, kLimits, "profiles.client.instruments.AMZN.long_max",
                        quote(std::to_string(shares))});
    return test::problems_text(load_texts(texts, test::example_folder()));
  };
  EXPECT_EQ(problems(most), "");
  const std::string beyond = problems(most + 1);
  EXPECT_TRUE(beyond.starts_with(
      "limits.json: profiles.client.instruments: long_max and short_max allow an account to gain "
      "or lose 23058"))
      << beyond;
  EXPECT_TRUE(beyond.ends_with(
      "millionths of a quantum or more in scenarios at price_max and index_max, most of it in "
      "AMZN, and 2^61 is the most that can be summed: lower risk_currency.decimals, or the "
      "limits\n"))
      << beyond;
}

// Table risk takes what its integers can be at the most.
TEST(ConfigLimitsProblems, TableRiskCountsByItsLargestInteger) {
  const auto problems = [](const std::string& lots) {
    Texts texts = test::read_model();
    for (const std::string path : {".long_max", ".short_max"}) {
      test::apply(texts, {kSet, kLimits, "profiles.trader.instruments.WHEAT-MAR" + path,
                          path == ".long_max" ? "\"0\"" : quote(lots)});
    }
    return test::problems_text(load_model_texts(texts));
  };
  // A lot's largest integer is 26843546 units of 1e5 fines; the other instruments take little.
  EXPECT_EQ(problems("820000"), "");
  EXPECT_NE(problems("860000").find("most of it in WHEAT-MAR, and 2^61"), std::string::npos);
}

// What a protection lets fill comes on top of the positions, by the instrument that can lose most.
TEST(ConfigLimitsProblems, ProtectionsCountBesidePositions) {
  const auto problems = [](const std::string& held, const std::string& lots) {
    Texts texts = test::read_model();
    for (const std::string path : {".long_max", ".short_max"}) {
      test::apply(texts, {kSet, kLimits, "profiles.trader.instruments.WHEAT-MAR" + path,
                          path == ".long_max" ? "\"0\"" : quote(held)});
    }
    test::apply(texts, {kSet, kLimits, "accounts.maker.protections",
                        R"([{"group": "grain", "lots": )" + lots + "}]"});
    return test::problems_text(load_model_texts(texts));
  };
  EXPECT_EQ(problems("0", "820000"), "");
  EXPECT_EQ(problems("420000", "400000"), "");
  for (const std::string& beyond : {problems("0", "860000"), problems("430000", "430000")}) {
    EXPECT_TRUE(beyond.starts_with(
        "limits.json: accounts.maker.protections: with the positions that its profile allows its "
        "lots can lose 240"))
        << beyond;
  }
}

TEST(ConfigHeadRoom, ValuesAtTheBelievedPrices) {
  const LoadResult result = load_model(test::model_folder());
  ASSERT_TRUE(result.ok());
  const Deployment& d = result.deployment;
  const auto instrument = [&](std::string_view name) { return d.names.instruments.find(name); };
  const std::int64_t usd = 1'000;  // quanta
  EXPECT_EQ(value_max(d, instrument("SPY"), {3}), 30'000 * usd);
  EXPECT_EQ(value_max(d, instrument("SPY"), {0}), 0);
  // 100 dollars a lot, at a mark of half the index.
  EXPECT_EQ(value_max(d, instrument("BTC-PERP"), {7}), 7 * 200 * usd);
  // 0.01 at 500,000; its notional is that of 0.01 lots of 0.0001 coins, in dollars.
  EXPECT_EQ(value_max(d, instrument("BTC-C"), {1}), 5'000 * usd);
  EXPECT_EQ(notional_max(d, instrument("BTC-C"), {1}), usd);
  EXPECT_EQ(notional_max(d, instrument("SPY"), {1}), 10'000 * usd);
  EXPECT_EQ(value_max(d, instrument("SPY"), {std::int64_t{1} << 60}), std::nullopt);
  EXPECT_EQ(notional_max(d, instrument("BTC-C"), {std::int64_t{1} << 60}), std::nullopt);
  EXPECT_EQ(gain_max(d, instrument("SPY"), {2}, 100'000), 2 * 10'000 * usd * 100'000);
  EXPECT_EQ(gain_max(d, instrument("BTC-C"), {2}, 0), 2 * 100'000 * std::int64_t{100'000'000});
  EXPECT_EQ(gain_max(d, instrument("BTC-C"), {1'000'000}, 0), std::nullopt);
}

}  // namespace
}  // namespace portcullis::config::config_limits_problems_test
