// `portcullis margin` on tests/data/small, a model to compute by hand: BTC falls by 20 % in its group
// and by 30 % in the joint set, SPY by 10 % in both.
#include "gateway/commands/margin.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/json.h"
#include "tests/support/command_line.h"
#include "tests/support/example_config.h"
#include "tests/support/paths.h"

namespace portcullis::gateway::margin_command_test {
namespace {

using test::Outcome;

std::string small_folder() { return test::source_dir() + "/tests/data/small"; }

// The command with `input` on its standard input.
Outcome run(const std::string& input, std::vector<std::string> more = {"--json"},
            const std::string& file = "-", const std::string& folder = small_folder()) {
  std::vector<std::string> arguments{"margin", "--config", folder, "--portfolio", file};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return test::run_command(add_margin_command, arguments, input);
}

// The text at a path of the one answer; "-" for null.
std::string at(const std::string& answer, std::string_view path) {
  config::Json json = config::parse_json(answer).json;
  const config::Json* const found = test::find(json, path);
  if (found == nullptr) return "nothing at " + std::string(path);
  if (found->kind == config::Json::Kind::Null) return "-";
  return found->kind == config::Json::Kind::Text ? found->text : config::to_text(*found);
}

// 100 dollars, and two BTC-PERP that have gained 20.
std::string portfolio(const std::string& more = "", const std::string& name = "long") {
  return fmt::format(
      R"({{"name":"{}","assets":{{"USD":{{"index":"1","balance":"100"}}}},)"
      R"("instruments":{{"BTC-PERP":{{"mark":"100","position":2,"entry":"90"}},"SPY":{{"mark":"50"}}}})"
      "{}}}\n",
      name, more);
}

std::string what_if(const std::string& orders) {
  return portfolio(R"(,"what_if":[)" + orders + "]");
}

std::string order(const std::string& side, int quantity, const std::string& price,
                  const std::string& more = "") {
  return fmt::format(R"({{"instrument":"BTC-PERP","side":"{}","quantity":{},"price":"{}"{}}})",
                     side, quantity, price, more);
}

TEST(MarginCommand, TellsWhatIsRequiredAndWhy) {
  const Outcome outcome = run(portfolio());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.errors, "");
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"name", "long"},
           {"account", "alpha"},
           {"state", "normal"},
           {"leverage.gross_notional", "200"},
           {"leverage.ratio", "1.666667"},
           {"leverage.max", "50"},
           {"assets.USD.amount", "120"},
           {"initial.equity", "120"},
           {"initial.requirement", "60"},
           {"initial.available", "60"},
           {"initial.ratio", "2"},
           {"initial.scopes.groups", "40"},
           {"initial.scopes.joint", "60"},
           {"initial.binding.scope", "joint"},
           {"initial.binding.group", "-"},
           {"initial.binding.set", "crash"},
           {"initial.binding.column", "0"},
           {"initial.binding.scenario", "both fall"},
           {"initial.groups.crypto.sets.range", "40"},
           {"maintenance.requirement", "30"},
       }) {
    EXPECT_EQ(at(outcome.out, path), text) << path;
  }
}

TEST(MarginCommand, AddOnsWarningsAndTheGroupThatBinds) {
  // 30 SPY at 50: 1500 fall by 150; 500 of them beyond 1000 are charged 250. In a warning, by 750.
  const Outcome outcome = run(
      R"({"name":"x","account":"beta","assets":{"USD":{"index":1,"balance":500}},
          "instruments":{"SPY":{"mark":50,"position":30,"cash":-1500}},"detail":["vectors"]})");
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"account", "beta"},
           {"initial.requirement", "400"},
           {"initial.groups.equity.add_ons.size", "250"},
           {"initial.binding.scope", "groups"},
           {"initial.binding.group", "equity"},
           {"initial.binding.scenario", "down"},
           {"initial.with_warnings.requirement", "1000"},
           {"initial.with_warnings.available", "-500"},
           {"initial.vectors.groups.equity.worse[1].low", "-750"},
           {"initial.vectors.joint.crash[1].scenario", "SPY alone"},
           {"initial.vectors.joint.crash[1].low", "-300"},
           // Without the add-on and at half the multiplier the joint set's fall is the larger one.
           {"maintenance.requirement", "150"},
           {"maintenance.binding.set", "crash"},
       }) {
    EXPECT_EQ(at(outcome.out, path), text) << path;
  }
}

TEST(MarginCommand, OpenOrdersCountAtTheirWorst) {
  const std::string orders =
      order("buy", 2, "104") + "," + order("sell", 5, "98") + "," + order("buy", 1, "100");
  const Outcome outcome = run(portfolio(R"(,"orders":[)" + orders + "]"));
  EXPECT_EQ(at(outcome.out, "assets.USD.costs"), "18");      // 2 * 4 and 5 * 2
  EXPECT_EQ(at(outcome.out, "initial.costs"), "22.5");       // a debt would count 1.25 times
  EXPECT_EQ(at(outcome.out, "initial.requirement"), "150");  // of 5 lots
  EXPECT_EQ(at(outcome.out, "initial.available"), "-52.5");
  EXPECT_EQ(at(outcome.out, "state"), "restricted");
  EXPECT_EQ(at(outcome.out, "maintenance.requirement"), "30");
  EXPECT_EQ(at(outcome.out, "leverage.gross_notional"), "500");
}

TEST(MarginCommand, WhatIfOrdersAreJudgedByEveryCheck) {
  const Outcome outcome = run(what_if(order("buy", 1, "101") + "," + order("buy", 4, "100") + "," +
                                      order("buy", 11, "100") + "," + order("buy", 1, "105.5") +
                                      "," + order("sell", 3, "100", R"(,"reduce_only":true)")));
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"what_if[0].leg", "margin"},
           {"what_if[0].needed", "31.25"},
           {"what_if[0].available_after", "28.75"},
           {"what_if[0].decision.accepted", "true"},
           {"what_if[1].leg", "-"},
           {"what_if[1].shortfall", "60"},
           {"what_if[1].decision.reason", "margin"},
           {"what_if[1].decision.level", "account"},
           {"what_if[1].decision.of", "alpha"},
           {"what_if[1].decision.unit", "value"},
           {"what_if[1].decision.needed", "120"},
           {"what_if[1].decision.available", "60"},
           {"what_if[1].decision.shortfall", "60"},
           {"what_if[1].decision.largest_passing", "2"},
           {"what_if[1].decision.binding.set", "crash"},
           {"what_if[1].decision.binding.scenario", "both fall"},
           {"what_if[2].decision.reason", "clip_size"},
           {"what_if[2].decision.unit", "quantity"},
           {"what_if[2].decision.limit", "10"},
           {"what_if[2].decision.shortfall", "1"},
           {"what_if[3].leg", "margin"},
           {"what_if[3].decision.reason", "price_collar"},
           {"what_if[3].decision.unit", "price"},
           {"what_if[3].decision.limit", "105"},
           {"what_if[3].decision.largest_passing", "-"},
           {"what_if[4].leg", "margin"},
           {"what_if[4].decision.reason", "reduce_only"},
           {"what_if[4].decision.level", "-"},
       }) {
    EXPECT_EQ(at(outcome.out, path), text) << path;
  }
}

TEST(MarginCommand, AnExitPassesAtAnySignOfWhatIsAvailable) {
  const Outcome outcome = run(
      R"({"name":"short of it","assets":{"USD":{"index":"1","balance":"0"}},
          "instruments":{"BTC-PERP":{"mark":"100","position":"2","entry":"100"}},
          "what_if":[{"instrument":"BTC-PERP","side":"sell","quantity":"1","price":"100"},
                     {"instrument":"BTC-PERP","side":"buy","quantity":"1","price":"90"}]})");
  EXPECT_EQ(at(outcome.out, "state"), "liquidation");
  EXPECT_EQ(at(outcome.out, "what_if[0].leg"), "exit");
  EXPECT_EQ(at(outcome.out, "what_if[0].decision.accepted"), "true");
  EXPECT_EQ(at(outcome.out, "what_if[0].decision.exit"), "true");
  EXPECT_EQ(at(outcome.out, "what_if[1].decision.accepted"), "false");
}

TEST(MarginCommand, AnEntryIsExactToItsLastDigit) {
  const auto amount = [](const std::string& instrument, const std::string& holding) {
    const Outcome outcome =
        run(fmt::format(R"({{"name":"x","assets":{{"USD":{{"index":1}},"BTC":{{"index":100}}}},)"
                        R"("instruments":{{"{}":{{{}}}}}}})",
                        instrument, holding));
    return at(outcome.out, instrument == "BTC-INV" ? "assets.BTC.amount" : "assets.USD.amount");
  };
  // 3 * (100 - 33.333333333333333333), and a cent less on the other side of it.
  EXPECT_EQ(amount("BTC-PERP", R"("mark":100,"position":3,"entry":33.3333333333333333)"), "200");
  EXPECT_EQ(amount("BTC-PERP", R"("mark":100,"position":3,"entry":"33.333333333333333333")"),
            "nothing at assets.USD.amount");  // more digits than fit: refused
  EXPECT_EQ(amount("BTC-PERP", R"("mark":100,"position":-3,"entry":33.3333333333333333)"),
            "-200.01");
  EXPECT_EQ(amount("BTC-PERP", R"("mark":100,"position":-3,"cash":"100.00")"), "-200");
  // 100 dollars a lot: bought at 50 and worth 1 coin at 100.
  EXPECT_EQ(amount("BTC-INV", R"("mark":100,"position":2,"entry":50)"), "2");
  EXPECT_EQ(amount("BTC-INV", R"("mark":100,"position":-1,"entry":30)"), "-2.33333334");
}

TEST(MarginCommand, OptionsWithoutAVectorArePriced) {
  const std::string option =
      R"({"name":"x","time":"2029-12-27T08:00:00Z","assets":{"USD":{"index":1,"balance":100}},)"
      R"("instruments":{"BTC-CALL":{"mark":9.5,"position":-1,"cash":9.5,"forward":100,"volatility":0}}})";
  // Without volatility a call at the money is worth nothing, or the 20 that the forward rises by; and
  // where the table lags by a hundredth, 1 at 101, and 21.2 at 121.2.
  const Outcome outcome = run(option);
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(at(outcome.out, "initial.groups.crypto.sets.range"), "20.200005");  // and half a unit
  EXPECT_EQ(at(outcome.out, "initial.binding.scenario"), "up");
  EXPECT_EQ(at(outcome.out, "option_value"), "-9.5");

  std::string bad = option;
  bad.replace(bad.find("2029-12-27T08:00:00Z"), 20, "2029-12-27");
  EXPECT_NE(run(bad).errors.find("time: \"2029-12-27\": must be a UTC time"), std::string::npos);
  bad = option;
  bad.replace(bad.find("\"time\":\"2029-12-27T08:00:00Z\","), 30, "");
  EXPECT_NE(run(bad).errors.find("forward: \"100\": needs the portfolio's time"),
            std::string::npos);
  bad = option;
  bad.replace(bad.find("\"forward\":100"), 13, "\"forward\":9999");
  EXPECT_EQ(run(bad).errors,
            "line 1, x: instruments.BTC-CALL.forward: BTC-CALL, column 1: the gain is larger than "
            "vector_cap\n");
}

// BTC counts in full, a dollar owed 1.25, a coin owed 1.1.
std::string spot_portfolio(const std::string& account, const std::string& dollars,
                           const std::string& coins, const std::string& more) {
  return fmt::format(
      R"({{"name":"x","account":"{}","assets":{{"USD":{{"index":1,"balance":{}}},)"
      R"("BTC":{{"index":100,"balance":{}}}}},"instruments":{{"BTC-USD":{{"mark":100}},)"
      R"("BTC-PERP":{{"mark":100,"position":{},"entry":100}}}},{}}})",
      account, dollars, coins, account == "alpha" ? "-" + coins : "0", more);
}

std::string spot_order(const std::string& side, int quantity, const std::string& price) {
  return fmt::format(R"({{"instrument":"BTC-USD","side":"{}","quantity":{},"price":"{}"}})", side,
                     quantity, price);
}

TEST(MarginCommand, SpotHasAMarkAndNoPosition) {
  EXPECT_EQ(run(R"({"name":"x","instruments":{"BTC-USD":{"mark":"100"}}})").code, 0);
  EXPECT_EQ(run(R"({"name":"x","instruments":{"BTC-USD":{"mark":"100","position":"1"}}})").errors,
            "line 1, x: instruments.BTC-USD.position: \"1\": is no key that is known here\n");
}

TEST(MarginCommand, ASpotBuyBringsWhatMayFall) {
  const std::string orders = "[" + spot_order("buy", 1, "104") + "]";
  const Outcome open = run(spot_portfolio("beta", "100", "0", R"("orders":)" + orders));
  EXPECT_EQ(at(open.out, "assets.USD.costs"), "24");        // the coin pays for 80 of debt
  EXPECT_EQ(at(open.out, "initial.costs"), "30");           // which counts 1.25 times
  EXPECT_EQ(at(open.out, "initial.requirement"), "30");     // 30 % of the coin
  EXPECT_EQ(at(open.out, "maintenance.requirement"), "0");  // of what there is
  const Outcome asked = run(spot_portfolio("beta", "100", "0", R"("what_if":)" + orders));
  EXPECT_EQ(at(asked.out, "what_if[0].leg"), "margin");
  EXPECT_EQ(at(asked.out, "what_if[0].available_after"), "40");
  EXPECT_EQ(at(asked.out, "what_if[0].needed"), "60");
  EXPECT_EQ(at(asked.out, "what_if[0].decision.accepted"), "true");
}

TEST(MarginCommand, ASpotSellTakesFromTheRiseThatBacksAPerpetual) {
  // Two coins beside two short: nothing is required. One of them sold may be owed, at 110 for 100.
  const std::string orders = "[" + spot_order("sell", 1, "100") + "]";
  const Outcome open = run(spot_portfolio("alpha", "0", "2", R"("orders":)" + orders));
  EXPECT_EQ(at(open.out, "assets.USD.costs"), "8");
  EXPECT_EQ(at(open.out, "initial.costs"), "10");
  EXPECT_EQ(at(open.out, "initial.requirement"), "20");  // one coin less for a rise of 20 %
  EXPECT_EQ(at(open.out, "initial.binding.scenario"), "up");
  const Outcome asked = run(spot_portfolio("alpha", "0", "2", R"("what_if":)" + orders));
  EXPECT_EQ(at(asked.out, "what_if[0].available_after"), "170");
  EXPECT_EQ(at(asked.out, "what_if[0].needed"), "30");
  EXPECT_EQ(at(asked.out, "what_if[0].decision.accepted"), "true");
}

TEST(MarginCommand, ACashAccountMayNotSpendTheSameCashTwice) {
  const Outcome outcome =
      run(spot_portfolio("till", "250", "0",
                         R"("orders":[)" + spot_order("buy", 1, "100") + R"(],"what_if":[)" +
                             spot_order("buy", 1, "104") + "," + spot_order("buy", 2, "100") + "," +
                             spot_order("sell", 1, "100") + "," + order("buy", 1, "100") + "]"));
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"what_if[0].leg", "cash"},  // 100 and 104 of 250
           {"what_if[0].shortfall", "0"},
           {"what_if[0].decision.accepted", "true"},
           {"what_if[1].leg", "-"},
           {"what_if[1].shortfall", "50"},
           {"what_if[1].decision.reason", "margin"},
           {"what_if[1].decision.needed", "200"},
           {"what_if[1].decision.available", "150"},
           {"what_if[1].decision.shortfall", "50"},
           {"what_if[1].decision.largest_passing", "1"},
           {"what_if[2].leg", "-"},  // the coin that the buy may bring is not there yet
           {"what_if[2].shortfall", "100"},
           {"what_if[2].decision.reason", "margin"},
           {"what_if[3].leg", "-"},
           {"what_if[3].shortfall", "0"},
           {"what_if[3].decision.reason", "not_entitled"},
       }) {
    EXPECT_EQ(at(outcome.out, path), text) << path;
  }
}

TEST(MarginCommand, CashAloneDecidesWhereTheMarginDoesNot) {
  // Short of margin by the borrowed coin, and yet the 100 dollars are there.
  const std::string what_if = R"("what_if":[)" + spot_order("buy", 1, "100") + "]";
  const Outcome outcome = run(spot_portfolio("till", "100", "-2", what_if));
  EXPECT_EQ(at(outcome.out, "what_if[0].leg"), "cash");
  EXPECT_EQ(at(outcome.out, "what_if[0].available_after").substr(0, 1), "-");
  EXPECT_EQ(at(outcome.out, "what_if[0].decision.accepted"), "true");
  const Outcome text = run(spot_portfolio("till", "99", "0", what_if), {});
  EXPECT_NE(text.out.find("    cash alone: missing 1.00\n"), std::string::npos) << text.out;
}

TEST(MarginCommand, SeveralPortfoliosOnePerLineOrInAList) {
  const std::string two = portfolio("", "one") + portfolio("", "two");
  const Outcome lines = run(two);
  EXPECT_EQ(lines.code, 0);
  EXPECT_EQ(lines.out.find("{\"name\":\"one\""), 0u);
  const std::size_t second = lines.out.find("\n{\"name\":\"two\"");
  ASSERT_NE(second, std::string::npos);
  std::string list = "[" + portfolio("", "one") + "," + portfolio("", "two") + "]";
  EXPECT_EQ(run(list).out, lines.out);
}

TEST(MarginCommand, EveryProblemIsNamedAndTheOthersAreAnswered) {
  const Outcome outcome = run(
      portfolio("", "first") +
      "{\"name\":\"second\",\"assets\":{\"USD\":{\"balance\":\"0.001\"},\"GBP\":{}},\"orders\":\n"
      "  "
      "[{\"instrument\":\"BTC-PERP\",\"side\":\"hold\",\"quantity\":\"0\",\"price\":\"100.2\"}]}\n"
      "{\"name\":\"third\"\n" +
      R"({"name":"fourth","assets":{"USD":{"index":"1"}},"instruments":{"BTC-PERP":{"position":"1","entry":"1"}}})"
      "\n" +
      portfolio("", "fifth"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(
      outcome.errors,
      "line 2, second: assets.USD.balance: \"0.001\": has more than 2 digits behind the point\n"
      "line 2, second: assets.GBP: {}: the configuration has no such asset\n"
      "line 2, second: orders[0].side: \"hold\": must be \"buy\" or \"sell\"\n"
      "line 2, second: orders[0].quantity: \"0\": must be above 0\n"
      "line 2, second: orders[0].price: \"100.2\": must be a whole number of ticks of 0.5\n"
      "line 4: is no JSON: The JSON document has an improper structure: missing or superfluous "
      "commas, braces, missing keys, etc.\n"
      "line 5, fourth: instruments.BTC-PERP.mark: is missing\n");
  EXPECT_NE(outcome.out.find("{\"name\":\"first\""), std::string::npos);
  EXPECT_NE(outcome.out.find("\n{\"name\":\"fifth\""), std::string::npos);
}

// What is refused, each in a portfolio that is right otherwise.
TEST(MarginCommand, WhatIsRefusedInAPortfolio) {
  struct Row {
    std::string portfolio;
    std::string error;
  };
  const auto with = [](const std::string& instruments) {
    return R"({"name":"x","assets":{"USD":{"index":1,"balance":1}},"instruments":{)" + instruments +
           "}}";
  };
  for (const Row& row : std::vector<Row>{
           {R"({"account":"alpha"})", "line 1: name: is missing"},
           {R"({"name":"x","account":"gamma"})",
            "account: \"gamma\": must be the name of an account"},
           {R"({"name":"x","wanted":1})", "wanted: \"1\": is no key that is known here"},
           {R"({"name":"x","detail":["all"]})", "may only name \"vectors\""},
           {R"({"name":"x","assets":{"USD":{"balance":"1"}}})", "assets.USD.index: is missing"},
           {R"({"name":"x","assets":{"USD":{"index":"2"}}})",
            "assets.USD.index: \"2\": must be from"},
           {R"({"name":"x","assets":{"USD":{"index":1,"borrowed":-1}}})",
            "assets.USD.borrowed: \"-1\": must be from 0"},
           {R"({"name":"x","assets":{"USD":{"index":1,"balance":"99999999999999999"}}})",
            "assets.USD.balance: \"99999999999999999\": is out of range"},
           {R"({"name":"x","assets":{"USD":{"index":1,"balance":"19999999999999999"}}})",
            "is worth more than 2^60 quanta at index_max"},
           {with(R"("BTC-PERP":{"mark":100,"position":"0.5","entry":1})"),
            "position: \"0.5\": has more than 0 digits behind the point"},
           {with(R"("BTC-PERP":{"mark":100,"position":"99999999999999","entry":1})"),
            "is worth more than 2^60 quanta at price_max"},
           {with(R"("BTC-PERP":{"mark":1001})"), "mark: \"1001\": must be from 0.01 to 1000"},
           {with(R"("BTC-PERP":{"mark":1e2})"), "mark: \"1e2\": is not a number"},
           {with(R"("BTC-PERP":{"mark":100,"position":1})"), "entry: is missing"},
           {with(R"("BTC-PERP":{"mark":100,"position":1,"entry":0})"), "must be above 0"},
           {with(R"("BTC-PERP":{"mark":100,"position":1,"entry":1,"cash":1})"),
            "entry: \"1\": must not be there beside cash"},
           {with(R"("BTC-PERP":{"mark":100,"position":1,"entry":1,"delta":1})"),
            "delta: \"1\": is no key that is known here"},
           {with(R"("BTC-PERP":{"mark":100,"open_interest":-1})"), "must not be negative"},
           {with(R"("BTC-CALL":{"mark":100,"position":1,"cash":0})"),
            "vector: is missing, and so is the forward to price it from"},
           {with(R"("BTC-CALL":{"mark":100,"position":1,"cash":0,"vector":[1]})"),
            "must have 5 values, one for each column of the group crypto"},
           {with(R"("BTC-CALL":{"mark":100,"position":1,"cash":0,"vector":[0,0,501,0,0]})"),
            "vector[2]: \"501\": must be from -500 to 500"},
           {with(R"("BTC-INV":{"mark":100,"position":1,"cash":0})"),
            "assets.BTC.index: is missing: BTC-INV is settled in it"},
           {R"({"name":"x","assets":{"USD":{"index":1}},"instruments":{"BTC-USD":{"mark":100}},
                "orders":[)" +
                spot_order("buy", 1, "100") + "]}",
            "assets.BTC.index: is missing: BTC-USD trades it"},
           {R"({"name":"x","orders":[{"instrument":"BTC-USD","side":"buy","quantity":1,"price":100,
                "exit":true}]})",
            "orders[0].exit: true: must be false: no spot order is an exit"},
           {R"({"name":"x","orders":[{"instrument":"BTC-USD","side":"buy","quantity":1000000000000,
                "price":100}]})",
            "is more BTC than fits 2^60 quanta at index_max"},
           {what_if(order("buy", 1, "1000.5")), "price: \"1000.5\": must be from 0.5 to 1000"},
           {what_if(order("buy", 1, "100", R"(,"exit":true)")), "what_if[0].exit: true"},
           {"", "there is no portfolio"},
       }) {
    const Outcome outcome = run(row.portfolio);
    EXPECT_EQ(outcome.code, 1) << row.portfolio;
    EXPECT_EQ(outcome.out, "") << row.portfolio;
    EXPECT_NE(outcome.errors.find(row.error), std::string::npos) << row.error << "\nis not in\n"
                                                                 << outcome.errors;
  }
}

TEST(MarginCommand, FiguresThatDoNotFitAreRefused) {
  const Outcome outcome = run(R"({"name":"x","assets":{"USD":{"index":1}},
              "instruments":{"SPY":{"mark":1000,"position":"9000000000000","cash":0}}})");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.errors,
            "line 1, x: is out of range: some figure does not fit the engine's integers\n");
}

TEST(MarginCommand, TablesForPeople) {
  const Outcome outcome = run(what_if(order("buy", 4, "100")), {});
  EXPECT_EQ(outcome.code, 0);
  for (const std::string line : {
           "long: account alpha, normal\n",
           "  USD                                                      120.00                   "
           "0.00"
           "                 120.00                 120.00\n",
           "  requirement                                               60.00                  "
           "30.00\n",
           "  leverage                                               1.666667             at most "
           "50\n",
           "      set range                                             40.00                  "
           "40.00\n",
           "  initial comes from the joint sets: set crash, scenario 0 (both fall)\n",
           "  buy 4 BTC-PERP at 100: refused, margin\n"
           "    at account alpha, as value: limit 0.00, needed 120.00, available 60.00, shortfall "
           "60.00\n"
           "    largest quantity that passes: 2\n"
           "    by set crash, scenario 0 (both fall)\n",
       }) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "is not in\n" << outcome.out;
  }
  const Outcome large = run(
      R"({"name":"x","assets":{"USD":{"index":1,"balance":"-1234567.8"}},"detail":["vectors"]})",
      {});
  EXPECT_NE(large.out.find(" -1,234,567.80"), std::string::npos) << large.out;
}

TEST(MarginCommand, FilesThatCannotBeRead) {
  EXPECT_EQ(run("", {"--json"}, "/does/not/exist").errors, "/does/not/exist: cannot be read\n");
  const Outcome outcome = run(portfolio(), {}, "-", "/does/not/exist");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("margin.json: cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::gateway::margin_command_test
