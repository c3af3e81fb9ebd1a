// The shipped example: it loads, and it means what it says.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/load.h"
#include "config/state_file.h"
#include "risk/engine.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_example_test {
namespace {

using test::Change;
using test::Texts;

const LoadResult& example() {
  static const LoadResult result = load(test::example_folder());
  return result;
}

TEST(ExampleConfig, LoadsWithoutProblems) {
  EXPECT_EQ(test::problems_text(example()), "");
  EXPECT_EQ(risk::first_problem(example().deployment.parameters), nullptr);
}

TEST(ExampleConfig, HasWhatTheDemoNeeds) {
  const Deployment& d = example().deployment;
  EXPECT_EQ(d.names.assets.names(), (std::vector<std::string>{"USDC", "BTC", "ETH"}));
  EXPECT_EQ(d.names.instruments.names(),
            (std::vector<std::string>{"BTC-PERP", "ETH-PERP", "AMZN", "EUR/USD"}));
  EXPECT_EQ(d.gateway.address, "127.0.0.1");
  EXPECT_EQ(d.venue.address, "127.0.0.1");
  EXPECT_GE(d.accounts.size(), 12u);
  const auto carries_several = [&](std::size_t session) {
    return d.parameters.sessions[session].accounts.size() > 1;
  };
  EXPECT_TRUE(carries_several(d.names.sessions.find("ALPHA1").value));
  EXPECT_FALSE(carries_several(d.names.sessions.find("ALPHA2").value));
}

// All by hand from the files.
TEST(ExampleConfig, TurnsUnitsIntoExactIntegers) {
  const Deployment& d = example().deployment;
  const risk::Parameters& p = d.parameters;
  EXPECT_EQ(p.version, 1u);
  // USDC: 6 + 6 decimals against 4 of the risk currency.
  EXPECT_EQ(p.wide_denominator, 100'000'000);
  EXPECT_EQ(p.assets[0].wide_per_index, 1);
  EXPECT_EQ(p.assets[1].wide_per_index, 100);
  // 1 BTC at 64,000.00 is 64,000 dollars.
  EXPECT_EQ(risk::Int128{100'000'000} * 6'400'000 * p.assets[1].wide_per_index / p.wide_denominator,
            640'000'000);

  const risk::InstrumentParameters& btc = p.instruments[0];
  EXPECT_EQ(btc.marks_per_tick, 5);        // 0.5 / 0.1
  EXPECT_EQ(btc.units_per_lot_mark, 100);  // 0.001 * 0.1 USDC
  EXPECT_EQ(btc.fee_ppm, 400);
  EXPECT_EQ(p.instruments[2].fee_ppm, 30);
  EXPECT_EQ(p.instruments[3].units_per_lot_mark, 10'000);  // 1000 * 0.00001 USDC
  EXPECT_EQ(d.instruments[0].venue.price_per_tick, 500);   // 0.5 / (10 * 0.0001)
  EXPECT_EQ(d.instruments[0].venue.quantity_per_lot, 1);
  EXPECT_EQ(d.instruments[3].venue.price_per_tick, 1);
  EXPECT_EQ(std::string(d.instruments[3].venue.symbol.data(), 8), "EURUSD  ");

  // CHARL1 calls them otherwise and counts finer.
  const SessionSettings& session = d.sessions[d.names.sessions.find("CHARL1").value];
  const Alias& alias = session.aliases[0];
  EXPECT_EQ(std::string(alias.symbol.data(), 8), "XBTUSD  ");
  EXPECT_EQ(alias.price_per_tick, 50);        // 0.5 / (100 * 0.0001)
  EXPECT_EQ(alias.quantity_per_lot, 10);      // 0.001 / 0.0001
  EXPECT_EQ(alias.quantity_max.raw, 99'999);  // 999,999 / 10, less than the venue's 999,999
  EXPECT_EQ(alias.price_max.raw, 3'999'999);  // the venue's 1,999,999,999 / 500

  const risk::InstrumentLimits& client =
      p.profiles[d.names.profiles.find("client").value].instruments[0];
  EXPECT_EQ(client.clip.raw, 2'000);
  EXPECT_EQ(client.long_max.raw, 10'000);
  EXPECT_EQ(client.notional_max.raw, 1'500'000'000);
  EXPECT_EQ(client.collar_ppm, 30'000);
}

TEST(ExampleConfig, LaysOutTheScenarioTables) {
  const Deployment& d = example().deployment;
  const risk::Parameters& p = d.parameters;
  ASSERT_EQ(p.groups.size(), 4u);
  const risk::GroupParameters& crypto = p.groups[0];
  EXPECT_EQ(crypto.factor_count, 2u);
  EXPECT_EQ(crypto.column_count, 9u + 3 + 4);
  EXPECT_EQ(crypto.kappa_ppm, 500'000);
  const std::vector<std::int32_t> btc(crypto.shock_ppm.begin(), crypto.shock_ppm.begin() + 16);
  EXPECT_EQ(btc, (std::vector<std::int32_t>{-160'000, -120'000, -80'000, -40'000, 0, 40'000, 80'000,
                                            120'000, 160'000, 0, 80'000, -80'000, -371'695, 300'000,
                                            -200'000, -50'000}));
  const std::vector<std::int32_t> eth(crypto.shock_ppm.begin() + 16, crypto.shock_ppm.end());
  EXPECT_EQ(eth, (std::vector<std::int32_t>{-200'000, -150'000, -100'000, -50'000, 0, 50'000,
                                            100'000, 150'000, 200'000, 0, -100'000, 100'000,
                                            -423'472, 400'000, -250'000, -70'000}));
  EXPECT_EQ(p.groups[3].shock_ppm, (std::vector<std::int32_t>{0, 0, 0, -50'000}));
  ASSERT_EQ(p.sets.size(), 3u);
  EXPECT_EQ(p.sets[0].column_count, (std::vector<std::uint32_t>{9, 7, 5, 0}));
  EXPECT_EQ(p.sets[1].first_column, (std::vector<std::uint32_t>{9, 7, 5, 0}));
  EXPECT_EQ(p.sets[2].scope, risk::SetScope::Joint);
  EXPECT_EQ(p.sets[2].first_column, (std::vector<std::uint32_t>{12, 7, 5, 0}));
  EXPECT_EQ(p.sets[2].column_count, (std::vector<std::uint32_t>{4, 4, 4, 4}));
  EXPECT_EQ(p.sets[2].joint_weight_ppm, 800'000);
  EXPECT_EQ(d.names.sets[2].name, "extreme");
  EXPECT_EQ(d.names.sets[2].columns.size(), 1u);
  EXPECT_EQ(d.names.sets[2].columns[0][3], "usdc_depeg");
  EXPECT_EQ(d.names.sets[0].columns[0][0], "BTC -0.16, ETH -0.2");
}

TEST(ExampleConfig, TakesCollateralWithTheHaircutThatItsModeHas) {
  const risk::Parameters& p = example().deployment.parameters;
  EXPECT_EQ(p.assets[1].mode, risk::CollateralMode::Both);
  ASSERT_EQ(p.assets[1].haircut.size(), 2u);
  EXPECT_EQ(p.assets[1].haircut[0].rate_ppm, 950'000);
  EXPECT_EQ(p.assets[1].haircut[0].upto, risk::Amount{50'000'000'000});
  EXPECT_EQ(p.assets[1].haircut[1].upto, risk::kUnlimited);
}

// The engine takes the parameters and the state, and nobody begins the day under water.
TEST(ExampleConfig, StartsEveryAccountWithMargin) {
  const Deployment& d = example().deployment;
  const StateFile state = load_state_file(test::example_folder() / "demo-state.json", d);
  ASSERT_TRUE(state.problems.empty()) << to_text(state.problems.front());
  EXPECT_EQ(state.by, "operations");
  EXPECT_EQ(state.as_of.ns, 1'767'571'200'000'000'000);
  risk::Engine engine(d.parameters);
  const risk::Timestamp now{state.as_of.ns};
  const auto mark = [&](std::string_view name, std::string_view price) {
    const auto index = d.names.instruments.find(name);
    risk::MarkUpdate update;
    update.time = update.as_of = now;
    update.instrument = index;
    update.mark = {parse_decimal(price, d.instruments[index.value].mark_decimals).value};
    engine.apply(update);
  };
  const auto price = [&](std::string_view name, std::string_view text) {
    const auto asset = d.names.assets.find(name);
    risk::IndexUpdate update;
    update.time = update.as_of = now;
    update.asset = asset;
    update.index = parse_decimal(text, d.assets[asset.value].index_decimals).value;
    engine.apply(update);
  };
  price("USDC", "1");
  price("BTC", "64000");
  price("ETH", "3200");
  mark("BTC-PERP", "64010.5");
  mark("ETH-PERP", "3200.1");
  mark("AMZN", "222.5");
  mark("EUR/USD", "1.085");
  for (const risk::LoadBalance& load : state.balances) engine.apply(load);
  for (const risk::LoadPosition& load : state.positions) ASSERT_TRUE(engine.apply(load));
  for (std::uint32_t a = 0; a < d.accounts.size(); ++a) {
    const risk::MarginReport report = engine.margin({a}, now);
    const bool has_state = std::any_of(state.balances.begin(), state.balances.end(),
                                       [a](const auto& load) { return load.account.value == a; });
    if (!has_state) continue;
    EXPECT_GT(report.available.raw, 0) << d.names.accounts.names()[a];
  }
  EXPECT_EQ(engine.verify(), nullptr);
}

TEST(ExampleConfig, CanonicalTextLoadsToTheSame) {
  const Deployment& d = example().deployment;
  const LoadResult again = load_canonical(d.canonical_text, test::example_folder());
  EXPECT_EQ(test::problems_text(again), "");
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
  EXPECT_EQ(again.deployment.canonical_hash, d.canonical_hash);
  EXPECT_EQ(again.deployment.parameters.groups[0].shock_ppm, d.parameters.groups[0].shock_ppm);

  Texts texts = test::read_example();
  texts["margin.json"] = "\n\n" + texts["margin.json"] + "\n";
  EXPECT_EQ(load_texts(texts, "").deployment.canonical_hash, d.canonical_hash);
  test::apply(texts, {Change::Kind::Set, "limits.json", "version", "2"});
  EXPECT_NE(load_texts(texts, "").deployment.canonical_hash, d.canonical_hash);
  EXPECT_FALSE(load_canonical("{}", "").ok());
  EXPECT_FALSE(load_canonical("no json", "").ok());
}

TEST(ExampleConfig, RelativePathsAreTakenFromTheFolder) {
  const Deployment& d = example().deployment;
  EXPECT_EQ(d.journal.directory, test::example_folder() / "journal");
  EXPECT_EQ(d.journal.ring_directory, "/dev/shm");
  EXPECT_EQ(d.feed.file, test::example_folder() / "marks.csv");
}

// --- config/examples/options

std::string problems_of_options(const std::vector<Change>& changes) {
  Texts texts = test::read_example_with_options();
  for (const Change& change : changes) test::apply(texts, change);
  return test::problems_text(load_texts(texts, test::example_folder()));
}

TEST(OptionsExample, Loads) { EXPECT_EQ(problems_of_options({}), ""); }

TEST(OptionsExample, WhatATableIsBuiltOfHasAReference) {
  using enum Change::Kind;
  EXPECT_EQ(
      problems_of_options({{Set, "feeds.json", "instruments.BTC-PERP",
                            R"({"symbol": "BTC-PERP", "max_age_ms": 1000})"}}),
      "feeds.json: instruments.BTC-PERP.reference: is missing: the gate builds the risk table "
      "of crypto\n");
  EXPECT_EQ(problems_of_options(
                {{Set, "feeds.json", "instruments.BTC-24SEP21-8000-P", R"({"no_feed": true})"}}),
            "feeds.json: instruments.BTC-24SEP21-8000-P.reference: is missing: the gate builds the "
            "risk table of crypto\n");
  EXPECT_EQ(problems_of_options(
                {{Set, "feeds.json", "assets.BTC", R"({"symbol": "BTC", "max_age_ms": 1000})"}}),
            "feeds.json: assets.BTC.reference: is missing: the gate builds the risk table of "
            "crypto\n");
}

TEST(OptionsExample, AnOptionsFirstSourceTellsVolatilities) {
  using enum Change::Kind;
  EXPECT_EQ(
      problems_of_options(
          {{Add, "feeds.json", "sources.binance",
            R"({"venue": "binance", "dialect": "binance", "file": "b", "ahead_max_ms": 0})"},
           {Set, "feeds.json", "instruments.BTC-24SEP21-8000-P.reference.sources[0].source",
            R"("binance")"}}),
      "feeds.json: instruments.BTC-24SEP21-8000-P.reference: must have a first source that tells "
      "volatilities, of the dialect deribit: the gate builds the risk table of crypto\n");
}

// Where sources price everything there is no recording.
TEST(OptionsExample, ARecordingIsThereForWhatHasASymbolInIt) {
  using enum Change::Kind;
  EXPECT_EQ(
      problems_of_options({{Set, "feeds.json", "recording", R"({"speed": "1", "repeat": false})"}}),
      "feeds.json: recording.file: is missing: ETH-PERP has a symbol in it\n");
}

}  // namespace
}  // namespace portcullis::config::config_example_test
