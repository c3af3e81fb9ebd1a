// Models that are not shipped, written as README.md says: the nearest folder under config/models with
// other keys, and no code. The figures are the venues' own rules, worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "config/decimal.h"
#include "config/history.h"
#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/shipped_models.h"

namespace portcullis::test::models_others_test {
namespace {

// A shipped model's files, to be changed.
class Model {
 public:
  explicit Model(const std::string& nearest) {
    for (const auto& entry : std::filesystem::directory_iterator(shipped_folder(nearest)))
      texts_[entry.path().filename().string()] = read_file(entry.path());
  }
  void set(const std::string& file, const std::string& path, const std::string& value) {
    apply(texts_, {Change::Kind::Set, file + ".json", path, value});
  }
  void add(const std::string& file, const std::string& path, const std::string& value) {
    apply(texts_, {Change::Kind::Add, file + ".json", path, value});
  }
  // One more instrument, as another one is but for these members.
  void add_like(const std::string& other, const std::string& name,
                const std::vector<std::pair<std::string, std::string>>& members) {
    config::Json document = config::parse_json(texts_["instruments.json"]).json;
    add("instruments", "instruments." + name,
        config::to_text(*find(document, "instruments." + other)));
    for (const auto& [key, value] : members) {
      const std::string path = "instruments." + name + "." + key;
      const bool is_there = find(document, "instruments." + other + "." + key) != nullptr;
      (is_there ? set("instruments", path, value) : add("instruments", path, value));
    }
    for (const std::string profile : {"house", "trader"}) {
      const std::string path = "profiles." + profile + ".instruments.";
      config::Json limits = config::parse_json(texts_["limits.json"]).json;
      add("limits", path + name, config::to_text(*find(limits, path + other)));
    }
  }
  void expect(const std::string& portfolio,
              const std::vector<std::pair<std::string, std::string>>& rows) const {
    const config::LoadResult loaded = config::load_model_texts(texts_);
    ASSERT_EQ(problems_text(loaded), "");
    ASSERT_EQ(risk::first_problem(loaded.deployment.parameters), nullptr);
    const config::Json answer = margin_answer(loaded.deployment, portfolio);
    for (const auto& [path, text] : rows) EXPECT_EQ(text_at(answer, path), text) << path;
  }

 private:
  Texts texts_;
};

// uniMMR = adjusted equity / maintenance. Two BTC at 100,000 in brackets of 0.4 % to 50,000 and 0.5 %
// above, less the cum of 50: 950. A BTC of collateral counts 95 %, an owed dollar counts in full.
// Orders are refused below 1.2: with 44,000 owed and 50,000 of loss beside the coin it is 1.05.
TEST(OtherModels, BinancePortfolioMargin) {
  Model model("hyperliquid");
  model.add("assets", "assets.BTC", R"({
      "decimals": 8, "index_decimals": 0, "index_max": "1000000", "debt_addon": "0",
      "scenario_mode": "static", "factor": null,
      "haircut_tiers": [{ "upto": null, "haircut": "0.05" }],
      "borrow": { "initial": "0.1", "maintenance": "0.1", "pool_max": "1000" } })");
  const std::string brackets =
      R"([{ "upto": "50000", "rate": "0.004" }, { "upto": null, "rate": "0.005" }])";
  model.set("margin", "add_ons.btc_tiers.initial", brackets);
  model.set("margin", "add_ons.btc_tiers.maintenance", brackets);
  // Closing frees the first bracket's rate, less the fee of 0.045 %.
  for (const std::string profile : {"house", "trader"})
    model.set("limits", "profiles." + profile + ".instruments.BTC.collar", R"("0.0035")");
  model.set("margin", "bands", R"([
      { "state": "warned", "basis": "maintenance", "enter": "1.5", "exit": "1.5" },
      { "state": "restricted", "basis": "maintenance", "enter": "1.2", "exit": "1.2" },
      { "state": "liquidation", "basis": "maintenance", "enter": "1.05", "exit": "1.05" },
      { "state": "bankrupt", "basis": "maintenance", "enter": "1", "exit": "1" }])");
  const auto portfolio = [](const std::string& dollars) {
    return R"({"name": "p", "assets": {"USDC": {"index": 1, "balance": )" + dollars +
           R"(}, "BTC": {"index": 100000, "balance": 1}},
               "instruments": {"BTC": {"mark": 100000, "position": 2, "entry": 100000},
                               "ETH": {"mark": 4000}, "SOL": {"mark": 150}, "ARB": {"mark": 0.4}}})";
  };
  model.expect(portfolio("-93575"), {{"maintenance.equity", "1425"},
                                     {"maintenance.requirement", "950"},
                                     {"maintenance.ratio", "1.5"},
                                     {"state", "normal"}});
  model.expect(portfolio("-93576"), {{"state", "warned"}});
  model.expect(portfolio("-93860"), {{"maintenance.ratio", "1.2"}, {"state", "warned"}});
  model.expect(portfolio("-93861"), {{"state", "restricted"}});
  model.expect(portfolio("-94003"), {{"state", "liquidation"}});
  model.expect(portfolio("-94051"), {{"state", "bankrupt"}});
  // A loan of a coin: minus its 10 %, of 2 coins had 1 counts.
  model.expect(R"({"name": "p", "assets": {"USDC": {"index": 1, "balance": 0},
                   "BTC": {"index": 100000, "balance": 2, "borrowed": 1}},
                   "instruments": {"BTC": {"mark": 100000}, "ETH": {"mark": 4000},
                                   "SOL": {"mark": 150}, "ARB": {"mark": 0.4}}})",
               {{"maintenance.equity", "85000"}});
}

// IM = max(SCAN, min delta) + fee and funding provision; MM = half of the first, and the provisions.
TEST(OtherModels, Paradex) {
  Model model("hyperliquid");
  model.set("assets", "risk_currency.decimals", "2");
  model.add_like("BTC", "BTC-DEC",
                 {{"kind", R"("future")"},
                  {"expiry", R"("2026-12-25T08:00:00Z")"},
                  {"venue", R"({ "symbol": "BTCDEC", "price_scale": "10",
                                                   "quantity_scale": "0.00001" })"}});
  model.set("margin", "sets", R"({ "scan": {
      "scope": "per_group", "measure": "worst", "action": "enforce",
      "groups": { "btc": { "grid": {
          "range": "0.16", "points": 9,
          "damped": { "moves": ["-0.66", "-0.33", "0.5", "1", "2", "3", "4", "5"],
                      "weight": "edge" } } } } } })");
  model.add("margin", "maintenance_group_mult", R"("0.5")");
  const auto add_on = [](const std::string& function, const std::string& place,
                         const std::string& measure, const std::string& reach,
                         const std::string& each, const std::string& rate) {
    const std::string tiers = R"([{ "upto": null, "rate": ")" + rate + R"(" }])";
    return R"({ "groups": ["btc"], "of": {}, "function": ")" + function + R"(", "place": ")" +
           place + R"(", "measure": ")" + measure + R"(", "reach": ")" + reach + R"(", "each": ")" +
           each + R"(", "initial": )" + tiers + R"(, "maintenance": )" + tiers + "}";
  };
  model.set("margin", "add_ons",
            R"({ "net_delta": )" + add_on("tiers", "floor", "delta", "net", "all", "0.02") +
                R"(, "hedged_delta": )" +
                add_on("hedged", "floor", "delta", "net", "instrument", "0.01") + R"(, "fees": )" +
                add_on("tiers", "outside", "notional", "gross", "instrument", "0.0005") +
                R"(, "others": { "groups": ["eth", "sol", "arb"], "of": {}, "function": "tiers",
                    "place": "group", "measure": "notional", "reach": "gross", "each": "instrument",
                    "initial": [{ "upto": null, "rate": "0.05" }], "maintenance": null } })");
  const auto portfolio = [](const std::string& perpetual, const std::string& future) {
    return R"({"name": "p", "assets": {"USDC": {"index": 1, "balance": 100000}}, "instruments": {
        "BTC": {"mark": 100000, "position": )" +
           perpetual + R"(, "entry": 100000},
        "BTC-DEC": {"mark": 100000, "position": )" +
           future + R"(, "entry": 100000},
        "ETH": {"mark": 4000}, "SOL": {"mark": 150}, "ARB": {"mark": 0.4}}})";
  };
  model.expect(portfolio("1", "0"),
               {{"initial.requirement", "16050"}, {"maintenance.requirement", "8050"}});
  // Hedged, the scan is 0: 1 % of the hedged delta, and the fees of both.
  model.expect(portfolio("1", "-1"),
               {{"initial.requirement", "1100"}, {"maintenance.requirement", "600"}});
  // 2 % of the half that is not, 1 % of the half that is: less than the scan.
  model.expect(portfolio("1", "-0.5"), {{"initial.requirement", "8075"},
                                        {"maintenance.requirement", "4075"},
                                        {"initial.groups.btc.floor", "1500"}});
}

// IM = worst of 23 and 8 damped, MM 0.8 of it; contingencies beside both: of perpetuals 2 % and 1.5 %, of
// naked shorts by strike 0.5 % and 0.3 % of the underlying.
TEST(OtherModels, DerivePmrm) {
  Model model("bybit_uta");
  std::string columns = R"("-18": {"BTC": "-0.18", "volatility": "up"},
                           "+18": {"BTC": "0.18", "volatility": "up"})";
  for (const std::string move : {"-0.135", "-0.09", "-0.045", "0", "0.045", "0.09", "0.135"}) {
    for (const std::string volatility : {"up", "down", "same"}) {
      const std::string shift =
          volatility == "same" ? "" : R"(, "volatility": ")" + volatility + R"(")";
      columns += R"(, ")" + move + volatility + R"(": {"BTC": ")" + move + R"(")" + shift + "}";
    }
  }
  for (const auto& [move, weight] :
       std::vector<std::pair<std::string, std::string>>{{"-0.66", "0.21"},
                                                        {"-0.33", "0.42"},
                                                        {"0.5", "0.27"},
                                                        {"1", "0.13"},
                                                        {"2", "0.07"},
                                                        {"3", "0.05"},
                                                        {"4", "0.03"},
                                                        {"5", "0.03"}}) {
    columns += R"(, "tail )" + move + R"(": {"BTC": ")" + move +
               R"(", "volatility": "up", "weight": ")" + weight + R"("})";
  }
  model.set("margin", "sets",
            R"({ "pmrm": { "scope": "per_group", "measure": "worst",
      "action": "enforce", "groups": { "btc": { "columns": {)" +
                columns + R"(} }, "eth": { "grid": { "range": "0.18", "points": 9 } } } } })");
  model.set("margin", "group_mult", R"("1")");
  model.set("margin", "maintenance_group_mult", R"("0.8")");
  for (const std::string coin : {"BTC", "ETH"}) {  // coins fall in the scenarios
    model.set("assets", "assets." + coin + ".haircut_tiers",
              R"([{ "upto": null, "haircut": "0.2", "residual_haircut": "0.02" }])");
  }
  model.set("margin", "add_ons", R"({
      "perpetuals": { "groups": ["btc"], "function": "tiers", "place": "outside",
          "of": { "kinds": ["perpetual"] }, "measure": "notional", "reach": "gross",
          "initial": [{ "upto": null, "rate": "0.02" }],
          "maintenance": [{ "upto": null, "rate": "0.015" }] },
      "naked_shorts": { "groups": ["btc"], "function": "tiers", "place": "outside",
          "of": { "kinds": ["option"] }, "measure": "notional", "reach": "short", "each": "strike",
          "initial": [{ "upto": null, "rate": "0.005" }],
          "maintenance": [{ "upto": null, "rate": "0.003" }] } })");
  const auto portfolio = [](const std::string& perpetual, const std::string& option) {
    std::string zeros = R"("0")";
    for (int column = 1; column < 31; ++column) zeros += R"(,"0")";
    return R"({"name": "p", "assets": {"USDT": {"index": 1, "balance": 100000}}, "instruments": {
        "BTCUSDT": {"mark": 100000, "position": )" +
           perpetual + R"(, "entry": 100000},
        "BTC-25DEC26-100000-C": {"mark": 9000, "position": )" +
           option + R"(, "entry": 9000, "vector": [)" + zeros + "]}}}";
  };
  model.expect(portfolio("1", "0"), {{"initial.requirement", "20000"},  // 18,000 and 2,000
                                     {"maintenance.requirement", "15900"},
                                     {"initial.binding.scenario", "-18"}});
  model.expect(portfolio("-1", "0"),
               {{"initial.requirement", "20000"}, {"initial.binding.scenario", "+18"}});
  model.expect(portfolio("1", "-2"),
               {{"initial.scopes.outside", "3000"}, {"maintenance.scopes.outside", "2100"}});
  model.expect(portfolio("1", "2"), {{"initial.scopes.outside", "2000"}});
}

// Article 27: at least 0.8 of all together and 0.2 of the classes alone, each the mean of the two worst of
// 200 days; Article 28: 25 % on top.
TEST(OtherModels, EmirWeighted) {
  Model model("es_frtb");
  model.set("margin", "sets.imcc.weight", R"("0.8")");
  model.set("margin", "sets.imcc.tail", R"("0.01")");
  model.set("margin", "joint_mult", R"("1.25")");
  const config::History history =
      config::parse_history(read_file(shipped_folder("es_frtb") / "returns.csv"));
  ASSERT_EQ(history.days.size(), 200u);
  const auto of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(history.names.begin(), history.names.end(), name) -
                                    history.names.begin());
  };
  const auto two_worst = [&](std::int64_t bitcoin, std::int64_t shares) {
    std::vector<std::int64_t> losses;
    for (const config::History::Day& day : history.days)
      losses.push_back(-bitcoin * day.returns_ppm[of("BTC")] - shares * day.returns_ppm[of("SPY")]);
    std::sort(losses.rbegin(), losses.rend());
    return losses[0] + losses[1];
  };
  const std::int64_t together = two_worst(500'000, -650'000);
  const std::int64_t alone = two_worst(500'000, 0) + two_worst(0, -650'000);
  ASSERT_LT(together, alone);
  // In cents, rounded up: 1.25 / 2 * (0.8 * together + 0.2 * alone) / 10,000.
  const std::int64_t cents = (8 * together + 2 * alone) * 125;
  model.expect(
      R"({"name": "p", "assets": {"USD": {"index": 1, "balance": 1000000}}, "instruments": {
                   "BTC-PERP": {"mark": 100000, "position": 5, "entry": 100000},
                   "SPY": {"mark": 650, "position": -1000, "entry": 650}}})",
      {{"initial.requirement", config::to_decimal((cents + 20'000'000 - 1) / 20'000'000, 2)}});
}

}  // namespace
}  // namespace portcullis::test::models_others_test
