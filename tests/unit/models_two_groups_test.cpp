// The example models under config/models: each loads, and asks of a portfolio in two risk groups what
// its public rule asks, worked out here by hand. The figures are such that a maximum, a multiplier, a
// floor or an offset in another place would give others; those are named beside them.
//
// Where risk comes from a table, half of the table's unit is held for its rounding: with all of it
// rounded up, a cent more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <numeric>

#include "config/decimal.h"
#include "config/history.h"
#include "tests/support/example_config.h"
#include "tests/support/shipped_models.h"

namespace portcullis::test::models_two_groups_test {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

void expect(const config::Json& answer, const Rows& rows) {
  for (const auto& [path, text] : rows) EXPECT_EQ(text_at(answer, path), text) << path;
}

// A list of JSON numbers.
std::string list(const std::vector<int>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

TEST(Models, AreTheSixThatAreNamed) {
  EXPECT_EQ(shipped_models(), (std::vector<std::string>{"bybit_uta", "deribit_pm", "es_frtb",
                                                        "hyperliquid", "okx_pm", "span"}));
}

TEST(Models, LoadAndSayWhereTheyComeFrom) {
  for (const std::string& model : shipped_models()) {
    const config::Deployment& deployment = shipped_model(model);
    EXPECT_EQ(risk::first_problem(deployment.parameters), nullptr) << model;
    EXPECT_GE(deployment.parameters.groups.size(), 2u) << model;
    EXPECT_GE(deployment.instruments.size(), 3u) << model;
    EXPECT_LE(deployment.instruments.size(), 8u) << model;
    const std::string readme = read_file(shipped_folder(model) / "README.md");
    for (const std::string part : {"## Source", "## What it expresses", "## What it leaves out"})
      EXPECT_NE(readme.find(part), std::string::npos) << model << ": " << part;
    // Its portfolio is answered, and is in two groups at least.
    const config::Json answer =
        margin_answer(model, read_file(shipped_folder(model) / "portfolio.json"));
    const config::Json* const groups = answer.find("initial")->find("groups");
    EXPECT_GE(groups->members.size(), 2u) << model;
    EXPECT_EQ(text_at(answer, "what_if[0].decision.accepted"), "false") << model;
    EXPECT_EQ(text_at(answer, "what_if[1].decision.accepted"), "true") << model;
  }
}

// Both buckets in one cell of the risk matrix, a gain of BTC's offsets nothing and one of ETH's 0.6:
//   -16 % and -18 %   BTC 30,000,000 loses 4,800,000; ETH -8,000,000 and stETH of 400,000, 370,000
//                     after the haircut of 7.5 %, gain 7,630,000 * 0.18 = 1,373,400, of which 824,040
//                     offset: 3,975,960
//   +16 % and +18 %   BTC's gain is nothing: 1,373,400
// roll shock 30,000,000 * 1 % + 8,000,000 * 0.5 % = 340,000; delta shock of BTC: 10,000,000 above the
// threshold are 100 coins, 100 * 0.00005 = 0.5 % of 30,000,000 = 150,000; ETH is below it.
//   IM = 3,975,960 + 340,000 + 150,000
//   MM = 0.8 * (4,800,000 - 0.6 * 7,600,000 * 0.18 + 490,000) = 0.8 * 4,469,200: without a haircut
// With the multiplier on the worst case alone MM were 3,673,360; each bucket alone would ask for
// 6,173,400 and all of the gain for 3,426,600, before the shocks. 0.6 is a binary fraction, rounded
// down: a cent more.
TEST(Models, DeribitOffsetsInsideAndMultipliesTheShocksToo) {
  const config::Json answer = margin_answer("deribit_pm", R"({
      "name": "two buckets",
      "assets": {"USDC": {"index": 1, "balance": 5000000}, "BTC": {"index": 100000},
                 "STETH": {"index": 4000, "balance": 100}},
      "instruments": {"BTC_USDC-PERPETUAL": {"mark": 100000, "position": 300, "entry": 100000},
                      "ETH_USDC-PERPETUAL": {"mark": 4000, "position": -2000, "entry": 4000}}})");
  expect(answer, {{"initial.equity", "5370000"},
                  {"initial.requirement", "4465960.01"},
                  {"initial.scopes.groups", "0"},
                  {"initial.groups.btc.sets.risk_matrix", "4800000"},
                  {"initial.groups.eth.sets.risk_matrix", "1373400"},
                  {"initial.groups.btc.add_ons.btc_roll_near", "300000"},
                  {"initial.groups.eth.add_ons.eth_roll", "40000"},
                  {"initial.groups.btc.add_ons.btc_delta_shock", "150000"},
                  {"initial.groups.eth.add_ons.eth_delta_shock", "0"},
                  {"initial.binding.scope", "joint"},
                  {"initial.binding.scenario", "step -4, volatility down"},
                  {"maintenance.equity", "5400000"},
                  {"maintenance.requirement", "3575360.01"}});
}

// Delta shock (METHOD 1.1): D1 the deltas of long options, D2 those of futures and of short options;
// long options may take D2 to 0 and no further. BTC is at 100,000, an option lot is 0.1 of it.
TEST(Models, DeribitLongOptionsReduceTheDeltaShockAndShortOnesAreInIt) {
  const auto shock = [](int futures, int calls, int delta_of_call) {
    const std::vector<int> vector(35, 0);
    return text_at(
        margin_answer(
            "deribit_pm",
            fmt::format(
                R"({{"name": "x", "assets": {{"USDC": {{"index": 1, "balance": 1}}, "BTC": {{"index": 100000}}}},
                "instruments": {{"BTC_USDC-PERPETUAL": {{"mark": 100000, "position": {}, "entry": 100000}},
                  "BTC-25DEC26-100000-C": {{"mark": "0.05", "position": {}, "entry": "0.05", "delta": {},
                                            "vector": {}}}}}}})",
                futures, calls, delta_of_call, list(vector))),
        "initial.groups.btc.add_ons.btc_delta_shock");
  };
  // -300 and 1,000 lots short at 5,000: D2 = -30,000,000 - 5,000,000; 15,000,000 above the threshold
  // are 150 coins: 0.75 % of 35,000,000.
  EXPECT_EQ(shock(-300, -100, 5'000), "262500");
  // 1,000 lots long: D1 = 5,000,000 of D2 = -30,000,000; 50 coins: 0.25 % of 25,000,000.
  EXPECT_EQ(shock(-300, 100, 5'000), "62500");
  // Long options beside long futures: D1 + D2 were more, and D2 it stays: 100 coins.
  EXPECT_EQ(shock(300, 100, 5'000), "150000");
  // 50 coins of futures and long options of 300: not beyond 0.
  EXPECT_EQ(shock(-50, 6'000, 5'000), "0");
  // 2,500 coins: 2,300 above the threshold would be 11.5 %, and the most is 10 %.
  EXPECT_EQ(shock(2'500, 0, 0), "25000000");
}

// The maximum is inside the risk unit (METHOD 3.4): BTC loses 100 in MR1 and 60 in MR6, ETH 50 and 90.
//   MMR = max(100, 60) + max(50, 90) = 190, not max(150, 150); IMR = 1.3 * 190 = 247
TEST(Models, OkxTakesTheMaximumInEachRiskUnit) {
  std::vector<int> btc(24, 0);  // 7 * 3 columns of MR1, then MR6's: unchanged, down, up
  std::vector<int> eth(24, 0);
  btc[0] = -100, btc[22] = -60;
  eth[0] = -50, eth[22] = -90;
  const config::Json answer = margin_answer(
      "okx_pm", fmt::format(
                    R"({{"name": "two units", "assets": {{"USDT": {{"index": 1, "balance": 1000}},
                "BTC": {{"index": 100000}}, "ETH": {{"index": 4000}}}},
              "instruments": {{"BTC-USDT-SWAP": {{"mark": 100000}}, "ETH-USDT-SWAP": {{"mark": 4000}},
                "BTC-USD-261225-100000-C": {{"mark": "0.05", "position": 1, "entry": "0.05", "vector": {}}},
                "ETH-USD-261225-4000-P": {{"mark": "0.05", "position": 1, "entry": "0.05", "vector": {}}}}}}})",
                    list(btc), list(eth)));
  expect(answer, {{"initial.equity", "1000"},
                  {"maintenance.groups.btc.sets.mr1", "100.00005"},  // half of 0.0001
                  {"maintenance.groups.btc.sets.mr6", "60.00005"},
                  {"maintenance.groups.eth.sets.mr1", "50.00005"},
                  {"maintenance.groups.eth.sets.mr6", "90.00005"},
                  {"maintenance.requirement", "190.01"},
                  {"initial.requirement", "247.01"}});
}

// So is the floor. BTC is hedged: 15,000,000 long in USDT, as much short in coin; nothing in MR1 and
// MR6, and MR7's raw charge is 30,000,000 * 0.1 % = 30,000: 10,000 + 20,000 * 2 = 50,000 (E8). ETH
// -4,000,000: MR1 12 % = 480,000, MR6 half of 24 % as much, MR7 4,000.
//   MMR = max(0, 50,000) + max(480,000, 4,000) = 530,000, not max(480,000, 54,000)
//   IMR = 1.3 * 530,000 = 689,000
// 9,000,000 of BETH count 2M * 0.95 + 2M * 0.85 + 4M * 0.5 = 5,600,000 (E11).
TEST(Models, OkxHasItsMinimumChargeInEachRiskUnit) {
  const config::Json answer = margin_answer("okx_pm", R"({
      "name": "two units",
      "assets": {"USDT": {"index": 1}, "BTC": {"index": 100000}, "BETH": {"index": 4000, "balance": 2250}},
      "instruments": {"BTC-USDT-SWAP": {"mark": 100000, "position": 15000, "entry": 100000},
                      "BTC-USD-SWAP": {"mark": 100000, "position": -150000, "entry": 100000},
                      "ETH-USDT-SWAP": {"mark": 4000, "position": -10000, "entry": 4000}}})");
  expect(answer, {{"initial.equity", "5600000"},
                  {"maintenance.groups.btc.sets.mr1", "0"},
                  {"maintenance.groups.btc.floor", "50000"},
                  {"maintenance.groups.btc.requirement", "50000"},
                  {"maintenance.groups.eth.sets.mr1", "480000"},
                  {"maintenance.groups.eth.sets.mr6", "480000"},
                  {"maintenance.groups.eth.floor", "4000"},
                  {"maintenance.requirement", "530000"},
                  {"initial.requirement", "689000"}});
}

// BTC: +400,000 in the perpetual and -300,000 in the December future lose 10,000 at -10 %, where a
// short option (100 lots of 0.01) gains 2,000: 8,000. Short option 1 % of 100,000; delta spread: the
// perpetual's 400,000 against December's 300,000 + 100 * 500: 350,000 * 3.5754 % = 12,513.90;
// perpetual and future 0.2 % of 700,000: 22,913.90. ETH -200,000: 20,000 + 400.
//   MM = 22,913.90 + 20,400 = 43,313.90; IM = 1.2 * MM = 51,976.68: the factor is on the contingencies
//   too; with them outside of it 1.2 * 28,000 + 15,313.90 = 48,913.90
// 100,000 of which 20,000 borrowed, at 10 % and 4 %; the premium received is owed again.
TEST(Models, BybitMultipliesTheContingenciesToo) {
  std::vector<int> call;
  for (const int gain : {-20, -16, -12, -8, -4, 0, 10, 20, 30, 40, 60})
    call.insert(call.end(), 3, gain);
  const config::Json answer = margin_answer(
      "bybit_uta",
      fmt::format(
          R"({{"name": "two coins", "assets": {{"USDT": {{"index": 1, "balance": 100000, "borrowed": 20000}},
                "USDC": {{"index": 1}}}},
              "instruments": {{"BTCUSDT": {{"mark": 100000, "position": 4, "entry": 100000}},
                "BTC-25DEC26": {{"mark": 100000, "position": -3, "entry": 100000}},
                "BTC-25DEC26-100000-C": {{"mark": 6000, "position": -1, "entry": 6000, "delta": 500,
                                          "vector": {}}},
                "ETHUSDT": {{"mark": 4000, "position": -50, "entry": 4000}}}}}})",
          list(call)));
  expect(answer, {{"option_value", "-6000"},
                  {"initial.equity", "78000"},
                  {"maintenance.equity", "79200"},
                  {"maintenance.groups.btc.sets.stress", "8000.005"},
                  {"maintenance.groups.btc.add_ons.short_options", "1000"},
                  {"maintenance.groups.btc.add_ons.delta_spread", "12513.9"},
                  {"maintenance.groups.btc.add_ons.perpetuals_and_futures", "1400"},
                  {"maintenance.groups.eth.requirement", "20400"},
                  {"maintenance.requirement", "43313.91"},
                  {"initial.requirement", "51976.69"}});
}

// Tiers are marginal, and each coin's own (E14):
//   BTC 200M: IM 150M / 40 + 50M / 20 = 6,250,000, MM half of it
//   ETH 120M: IM 100M / 25 + 20M / 15 = 5,333,333.3, MM half of it; a fifteenth is rounded up, to
//   0.066667 and 0.033334
// Together 320M would pay BTC's 150M / 40 + 170M / 20 = 12,250,000.
TEST(Models, HyperliquidsTiersAreEachCoinsOwn) {
  const auto answer = [](int balance) {
    return margin_answer("hyperliquid", fmt::format(R"({{
      "name": "two coins", "assets": {{"USDC": {{"index": 1, "balance": {}}}}},
      "instruments": {{"BTC": {{"mark": 100000, "position": 2000, "entry": 100000}},
                       "ETH": {{"mark": 4000, "position": -30000, "entry": 4000}}}}}})",
                                                    balance));
  };
  expect(answer(5'791'680), {{"initial.equity", "5791680"},
                             {"initial.groups.btc.requirement", "6250000"},
                             {"initial.groups.eth.requirement", "5333340"},
                             {"initial.requirement", "11583340"},
                             {"maintenance.groups.btc.requirement", "3125000"},
                             {"maintenance.groups.eth.requirement", "2666680"},
                             {"maintenance.requirement", "5791680"},
                             {"state", "restricted"}});
  EXPECT_EQ(text_at(answer(11'583'340), "state"), "normal");
  EXPECT_EQ(text_at(answer(5'791'679), "state"), "liquidation");
  // The backstop: below two thirds of 5,791,680 = 3,861,120.
  EXPECT_EQ(text_at(answer(3'861'130), "state"), "liquidation");
  EXPECT_EQ(text_at(answer(3'861'110), "state"), "bankrupt");
}

constexpr std::array<int, 16> kFuture{0,     0,     3330,  3330,  -3330,  -3330,  6670, 6670,
                                      -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000};
constexpr std::array<int, 16> kCall{460,   -610,  2640, 1730, -1270, -2340, 5210, 4540,
                                    -2540, -3430, 8060, 7640, -3380, -3990, 3130, -1500};

// McMillan's covered write (E12): 6,620, above a short option minimum of 100. Corn: ten puts that lose
// 15 each at most, so that the minimum of 20 each stands: 200.
//   6,620 + max(150, 10 * 20) = 6,820; over both commodities max(6,770, 300) = 6,770
// With a calendar of ten (225,000 of delta on either side, 1 %, arrays that cancel) 150 + 2,250 are
// more than 200: 6,620 + 2,400 = 9,020. Premiums received are owed: equity is the balance.
TEST(Models, SpanHasItsMinimumInEachCommodity) {
  const std::vector<int> future(kFuture.begin(), kFuture.end());
  const std::vector<int> call(kCall.begin(), kCall.end());
  std::vector<int> put(16, -5);
  put[13] = 15;
  std::vector<int> corn(16, 0);
  corn[12] = -1350, corn[10] = 1350;
  const auto answer = [&](int spreads) {
    return margin_answer(
        "span",
        fmt::format(
            R"({{"name": "two commodities", "assets": {{"USD": {{"index": 1, "balance": 10000}}}},
              "instruments": {{
                "SPZ6": {{"mark": 400, "position": 1, "entry": 400, "delta": 200000, "vector": {0}}},
                "SPZ6-410-C": {{"mark": 9, "position": -1, "entry": 9, "delta": 90000, "vector": {1}}},
                "ZCH7": {{"mark": 450, "position": {4}, "entry": 450, "delta": 22500, "vector": {2}}},
                "ZCN7": {{"mark": 450, "position": {5}, "entry": 450, "delta": 22500, "vector": {2}}},
                "ZCH7-450-P": {{"mark": 1, "position": -10, "entry": 1, "vector": {3}}}}}}})",
            list(future), list(call), list(corn), list(put), -spreads, spreads));
  };
  const config::Json alone = answer(0);
  expect(alone, {{"initial.equity", "10000"},
                 {"initial.groups.sp500.floor", "100"},
                 {"initial.binding.scenario", "13: -3/3, volatility up"},
                 {"initial.groups.corn.floor", "200"},
                 {"initial.groups.corn.requirement", "200"},
                 {"initial.requirement", "6820.01"},
                 {"maintenance.requirement", "6820.01"}});
  expect(answer(10), {{"initial.groups.corn.add_ons.corn_intracommodity", "2250"},
                      {"initial.requirement", "9020.01"}});
}

// A class's positions, in dollars, by column of returns.csv.
using Class = std::vector<std::pair<std::string, std::int64_t>>;

// The sum of the five worst losses, 2.5 % of 200 days, in millionths of a dollar.
std::int64_t five_worst(const config::History& history, const Class& positions) {
  std::vector<std::int64_t> losses;
  for (const config::History::Day& day : history.days) {
    std::int64_t gain = 0;
    for (const auto& [factor, dollars] : positions) {
      const auto at = std::find(history.names.begin(), history.names.end(), factor);
      gain += dollars * day.returns_ppm[static_cast<std::size_t>(at - history.names.begin())];
    }
    losses.push_back(-gain);
  }
  std::sort(losses.rbegin(), losses.rend());
  return std::accumulate(losses.begin(), losses.begin() + 5, std::int64_t{0});
}

// The days behind the first follow the rule that the folder's README.md gives.
TEST(Models, FrtbsSyntheticDaysAreWhatTheirRuleSays) {
  const std::map<std::string, std::pair<std::int64_t, std::int64_t>> rules{
      {"BTC", {35'000, 6}}, {"ETH", {45'000, 6}}, {"SPY", {11'000, 8}}, {"QQQ", {13'000, 8}},
      {"EEM", {12'000, 7}}, {"IEF", {4'000, -3}}, {"GLD", {9'000, 2}},  {"DBC", {12'000, 4}}};
  std::uint64_t state = 20'200'312;
  const auto normal = [&] {
    std::int64_t sum = -6'000'000;
    for (int draw = 0; draw < 12; ++draw) {
      state = 6'364'136'223'846'793'005u * state + 1'442'695'040'888'963'407u;
      sum += static_cast<std::int64_t>((state >> 33) % 1'000'000);
    }
    return sum;
  };
  const config::History history =
      config::parse_history(read_file(shipped_folder("es_frtb") / "returns.csv"));
  for (std::size_t k = 1; k < history.days.size(); ++k) {
    EXPECT_EQ(history.days[k].date, fmt::format("synthetic {:03}", k));
    const std::int64_t common = normal();
    for (std::size_t f = 0; f < history.names.size(); ++f) {
      const auto& [volatility, share] = rules.at(history.names[f]);
      const std::int64_t moved = volatility * (share * common + (10 - std::abs(share)) * normal());
      const std::int64_t floor = moved / 10'000'000 - (moved % 10'000'000 < 0 ? 1 : 0);
      ASSERT_EQ(history.days[k].returns_ppm[f], floor) << k << " " << history.names[f];
    }
  }
}

// IMCC = 0.5 * ES(all classes together) + 0.5 * the sum of the classes' ES, each the mean of the five
// worst of 200 days; 1.5 times that is the initial requirement. Without the weight the sum of the
// classes would stand (0.5 of it more than all together), with the weight at 1 the diversified one.
TEST(Models, FrtbWeighsTheClassesTogetherAndAlone) {
  const config::Json answer = margin_answer("es_frtb", R"({
      "name": "four classes", "assets": {"USD": {"index": 1, "balance": 250000}},
      "instruments": {"BTC-PERP": {"mark": 100000, "position": 5, "entry": 100000},
                      "ETH-PERP": {"mark": 4000, "position": -50, "entry": 4000},
                      "SPY": {"mark": 650, "position": 1000, "entry": 650},
                      "IEF": {"mark": 100, "position": 5000, "entry": 100},
                      "GLD": {"mark": 400, "position": -400, "entry": 400}}})");
  const std::vector<Class> classes{{{"BTC", 500'000}, {"ETH", -200'000}},
                                   {{"SPY", 650'000}},
                                   {{"IEF", 500'000}},
                                   {{"GLD", -160'000}}};
  const config::History history =
      config::parse_history(read_file(shipped_folder("es_frtb") / "returns.csv"));
  ASSERT_EQ(history.days.size(), 200u);
  EXPECT_EQ(history.days[0].date, "2020-03-12");
  std::int64_t alone = 0;
  Class all;
  for (const Class& one : classes) {
    alone += five_worst(history, one);
    all.insert(all.end(), one.begin(), one.end());
  }
  const std::int64_t together = five_worst(history, all);
  EXPECT_LT(together, alone);
  // In cents, rounded up: (together / 5 * 0.5 + alone / 5 * 0.5) / 10,000.
  const auto cents = [](std::int64_t numerator, std::int64_t denominator) {
    return config::to_decimal((numerator + denominator - 1) / denominator, 2);
  };
  EXPECT_EQ(cents(together + alone, 100'000), "60131.6");
  expect(answer, {{"initial.equity", "250000"},
                  {"maintenance.requirement", cents(together + alone, 100'000)},
                  {"initial.requirement", cents(3 * (together + alone), 200'000)},
                  {"initial.scopes.groups", "0"},
                  {"initial.binding.set", "imcc"}});
  // 2020-03-12 warns: BTC loses 185,847.50, ETH gains 84,694.40, SPY loses 62,190.05, IEF gains 254,
  // gold gains 6,382.08: 156,707.07, times 1.5 = 235,060.605.
  EXPECT_EQ(text_at(answer, "initial.with_warnings.requirement"), "235060.61");
}

}  // namespace
}  // namespace portcullis::test::models_two_groups_test
