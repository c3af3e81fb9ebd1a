// Every relation that config/ checks: the shipped example with one thing changed, and the problem
// that must be told, with its path and value.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_problems_test {
namespace {

using test::add;
using test::Change;
using test::Row;
using test::set;
using test::Texts;

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

void expect(const std::vector<Row>& rows) { test::expect_problems(test::samples()[0], rows); }

TEST(ConfigProblems, OfAssets) {
  const std::string f = "assets.json";
  const std::string tier = "assets.BTC.haircut_tiers";
  expect({
      set(f, "risk_currency.decimals", "10", "from 0 to 9"),
      set(f, "assets.BTC.decimals", "13", "from 0 to 12"),
      set(f, "assets.BTC.index_decimals", "11", "at most 16"),
      set(f, "assets.BTC.index_max", "\"0\"", "must be from 0.01"),
      set(f, "assets.BTC.index_max", "\"1000000000000000\"", "more than 2^60 quanta"),
      set(f, "assets.BTC.debt_addon", "\"-0.1\"", "must be from 0 to 10"),
      set(f, "assets.BTC.debt_addon", "0.1", "must be decimal text"),
      set(f, "assets.BTC.scenario_mode", "\"other\"",
          "must be \"static\" or \"both\" or \"downside_only\" or \"upside_only\""),
      set(f, "assets.BTC.factor", "null", "must be there"),
      set(f, "assets.BTC.factor", "\"XRP\"", "must be the name of a factor"),
      add(f, "assets.BTC.interest", "\"0.05\"", "is not supported yet"),
      set(f, tier, "[]", "must end with a tier whose upto is null"),
      set(f, tier + "[0].upto", "\"-1\"", "must be from 0.00000001"),
      set(f, tier + "[0].upto", "\"0.000000001\"", "more than 8 digits"),
      {{kSet, f, tier + "[0].upto", "null"}, tier + "[1]", "", "has no end already"},
      {{kSet, f, tier + "[1].upto", "\"1000\""},
       tier,
       "",
       "must end with a tier whose upto is null"},
      set(f, tier + "[0].haircut", "\"1.1\"", "must be from 0 to 1"),
      // 0.05 and the 0.371695 of the joint set.
      set(f, tier + "[0].haircut", "\"0.421694\"", "must be at least 0.421695"),
      set(f, tier + "[1].residual_haircut", "\"0.04\"", "not be less than that of the tier before"),
  });
}

TEST(ConfigProblems, OfTiersInWrongOrder) {
  Texts texts = test::read_example();
  test::apply(texts, {kSet, "assets.json", "assets.BTC.haircut_tiers",
                      R"([{"upto": "500", "haircut": "0.45", "residual_haircut": "0.05"},
                          {"upto": "500", "haircut": "0.5", "residual_haircut": "0.1"},
                          {"upto": null, "haircut": "0.6", "residual_haircut": "0.2"}])"});
  EXPECT_EQ(
      test::problems_text(load_texts(texts, "")),
      "assets.json: assets.BTC.haircut_tiers[1].upto: \"500\": must be more than that of the tier "
      "before it\n");
}

TEST(ConfigProblems, OfInstruments) {
  const std::string f = "instruments.json";
  expect({
      set(f, "instruments.AMZN.kind", "\"stock\"", "must be \"perpetual\" or"),
      set(f, "instruments.AMZN.settlement", "\"EUR\"", "must be the name of an asset"),
      set(f, "instruments.AMZN.settlement", "\"BTC\"",
          "moves in scenarios and rises by 0.3 in one, with a factor of another group"),
      set(f, "instruments.AMZN.factor", "\"AAPL\"", "must be the name of a factor"),
      set(f, "instruments.AMZN.multiplier", "\"0\"", "must be from 0.000000001"),
      set(f, "instruments.AMZN.tick", "\"0\"", "must be from 0.0001"),
      set(f, "instruments.AMZN.tick", "\"0.00001\"", "more than 4 digits"),
      set(f, "instruments.AMZN.price_max", "\"10000.001\"", "must be a whole number of ticks"),
      set(f, "instruments.AMZN.maker_fee_ppm", "1000001",
          "must be a whole number from -1000000 to 1000000"),
      set(f, "instruments.AMZN.taker_fee_ppm", "\"30\"", "must be a whole number"),
      add(f, "instruments.AMZN.expiry", "\"2026-03-27T08:00:00Z\"", "is no key that is known"),
      add(f, "instruments.AMZN.funding", "\"0\"", "is not supported yet"),
      // 0.001 shares * 0.0001 is a tenth of a unit of USDC.
      set(f, "instruments.AMZN.lot", "\"0.001\"", "gains 1/10 units of USDC", 4),
      set(f, "instruments.AMZN.venue.symbol", "\"AMAZONCOM\"", "1 to 8 printable ASCII"),
      {{kSet, f, "instruments.AMZN.venue.symbol", "\"EURUSD\""},
       "instruments.EUR/USD",
       "",
       "another instrument has this venue symbol"},
      set(f, "instruments.AMZN.venue.price_scale", "\"0\"", "positive decimal text"),
      set(f, "instruments.AMZN.venue.price_scale", "\"3\"", "a tick is 100/3 wire units"),
      set(f, "instruments.AMZN.venue.price_scale", "\"1000\"", "a tick is 1/10 wire units"),
      set(f, "instruments.AMZN.venue.price_scale", "\"0.01\"", "price_max does not fit the wire"),
      set(f, "instruments.AMZN.venue.quantity_scale", "\"2\"", "a lot is 1/2 wire units"),
      set(f, "instruments.AMZN.venue.quantity_scale", "\"0.000001\"",
          "a lot is 1000000 wire units"),
  });
}

// Collateral that moves in scenarios in none of which it falls counted in full.
TEST(ConfigProblems, OfMovingCollateralThatNeverFalls) {
  Texts texts = test::read_example();
  test::apply(texts,
              {kAdd, "margin.json", "groups.gold", "{\"factors\": [\"XAU\"], \"kappa\": \"0\"}"});
  test::apply(texts, {kSet, "assets.json", "assets.ETH.factor", "\"XAU\""});
  const std::string told =
      "assets.json: assets.ETH.factor: \"XAU\": falls in no scenario, so nothing but the residual "
      "haircut would be cut\n";
  EXPECT_EQ(test::problems_text(load_texts(texts, test::example_folder())), told);
}

// Fees are counted in units of the settlement asset, in 64 bits: one that did not fit was cut off.
TEST(ConfigProblems, OfLotsWorthMoreThanCanBeCounted) {
  expect({
      {{kSet, "instruments.json", "instruments.AMZN.multiplier", "\"1000000000\""},
       "instruments.AMZN.lot",
       "\"1\"",
       "one lot is worth more than 2^60 units of USDC, or 2^60 quanta"},
  });
}

TEST(ConfigProblems, OfTheMarginModel) {
  const std::string f = "margin.json";
  const std::string grid = "sets.range.groups.crypto.grid";
  const std::string apart = "sets.apart.groups.crypto.columns";
  const std::string extreme = "sets.extreme.columns";
  expect({
      set(f, "groups.fx.kappa", "\"1.000001\"", "must be from 0 to 1"),
      {{kSet, f, "groups.fx.factors", "[\"EUR\", \"AMZN\"]"}, "=", "", "in another group already"},
      set(f, "groups.fx.factors", "[]", "must have 1 to 64 factors", 3),
      {{kSet, f, "groups.fx.factors", "[\"EUR\", \"EUR\"]"},
       "groups.fx.factors[1]",
       "\"EUR\"",
       "is there twice"},
      set(f, "group_mult", "\"0\"", "must be from 0.000001 to 10"),
      set(f, "joint_mult", "\"11\"", "must be from 0.000001 to 10"),
      set(f, "sets.range.measure", "\"var\"", "must be \"worst\" or \"es\""),
      set(f, "sets.range.action", "\"ignore\"", "must be \"enforce\" or \"warn\" or \"report\""),
      set(f, "sets.range.scope", "\"global\"", "must be \"per_group\" or \"joint\""),
      add(f, "sets.range.weight", "\"1\"", "is no key that is known here"),
      set(f, "sets.range.groups", "{}", "must not be empty"),
      add(f, "sets.range.groups.metals", "{}", "there is no risk group of this name"),
      set(f, grid + ".points", "8", "must be odd"),
      set(f, grid + ".points", "1", "from 3 to 201"),
      set(f, grid + ".range.BTC", "\"1.1\"", "must be from 0.000001 to 1"),
      {{kSet, f, grid + ".range.BTC", "\"0.160001\""},
       grid + ".range",
       "",
       "the range 0.160001 of BTC is no whole number of ppm in 4 steps"},
      {{kSet, f, grid + ".range", "\"0.16\""}, grid + ".range", "\"0.16\"", "must be an object"},
      {{kRemove, f, apart + ".unchanged", ""}, apart, "", "a column in which nothing moves"},
      {{kRemove, f, apart + ".btc_up_eth_down", ""},
       "groups.crypto",
       "",
       "a grid moves BTC and ETH together"},
      set(f, apart + ".btc_up_eth_down.BTC", "\"-1.5\"", "must be from -1 to 10"),
      {{kRemove, f, apart + ".btc_up_eth_down.BTC", ""}, "=", "", "is missing"},
      add(f, apart + ".btc_up_eth_down.AMZN", "\"0\"", "is no key that is known here"),
      {{kRemove, f, extreme + ".usdc_depeg.default", ""},
       extreme + ".usdc_depeg.AMZN",
       "",
       "is missing",
       2},
      set(f, extreme, "{}", "must not be empty"),
      set(f, "sets.extreme.weight", "\"1.1\"", "must be from 0 to 1"),
  });
}

TEST(ConfigProblems, OfFeeds) {
  const std::string f = "feeds.json";
  expect({
      set(f, "recording.format", "\"parquet\"", "must be \"csv\" or \"jsonl\""),
      set(f, "recording.speed", "\"-1\"", "must be from 0"),
      {{kSet, f, "recording", R"({"file": "m", "format": "csv", "speed": "0", "repeat": true})"},
       "recording.repeat",
       "true",
       "must be false where speed is 0"},
      set(f, "conflation_ms", "-1", "must be a whole number from 0"),
      set(f, "queue_slots", "1", "must be a whole number from 64"),
      {{kRemove, f, "instruments.AMZN", ""}, "=", "", "is missing"},
      {{kRemove, f, "instruments.AMZN.symbol", ""}, "=", "", "is missing"},
      set(f, "instruments.AMZN.max_age_ms", "0", "must be a whole number from 1"),
      {{kSet, f, "instruments.AMZN", "{\"no_feed\": false}"},
       "instruments.AMZN.no_feed",
       "false",
       "must be true, or not be there"},
      add(f, "instruments.TSLA", "{}", "there is no instrument of this name"),
      {{kSet, f, "assets.USDC", "{\"fixed\": \"3\"}"},
       "assets.USDC.fixed",
       "\"3\"",
       "must be from 0.000001 to 1.5"},
      {{kAdd, f, "assets.USDC.fixed", "\"1\""},
       "assets.USDC.symbol",
       "",
       "is no key that is known",
       2},
  });
}

TEST(ConfigProblems, OfSessions) {
  const std::string f = "sessions.json";
  const std::string alias = "alias_sets.venue.AMZN";
  expect({
      set(f, "sessions.BRAVO1.member", "\"nobody\"", "must be the name of a member"),
      set(f, "sessions.BRAVO1.member", "\"bravo-house\"", "must be the name of a member"),
      {{kSet, f, "sessions.BRAVO1.accounts", "[\"bravo-1\", \"alpha-1\"]"},
       "sessions.BRAVO1.accounts",
       "[\"bravo-1\",\"alpha-1\"]",
       "the account alpha-1 belongs to another member, alpha"},
      {{kSet, f, "sessions.BRAVO1.accounts", "[\"bravo-1\", \"x\"]"},
       "sessions.BRAVO1.accounts[1]",
       "\"x\"",
       "must be the name of an account"},
      {{kSet, f, "sessions.BRAVO1.accounts", "[\"bravo-1\", \"bravo-1\"]"},
       "sessions.BRAVO1.accounts[1]",
       "",
       "is there twice"},
      set(f, "sessions.BRAVO1.default_account", "\"bravo-house\"", "one of the session's accounts"),
      set(f, "sessions.BRAVO1.alias_set", "\"none\"", "must be the name of an alias set"),
      {{kSet, f, "sessions.BRAVO1.instruments", "[\"TSLA\"]"},
       "sessions.BRAVO1.instruments[0]",
       "\"TSLA\"",
       "must be the name of an instrument"},
      {{kAdd, f, "sessions.BRAVO1.password_file", "\"secret\""},
       "sessions.BRAVO1.password_file",
       "",
       "beside password_env",
       2},
      {{kAdd, f, "sessions.BRAVO1.password_hash", "\"scrypt$1$1$1$x$y\""},
       "=",
       "",
       "beside password_env",
       2},
      {{kAdd, f, "sessions.BRAVO1.password", "\"sesame\""}, "=", "", "is no key that is known"},
      {{kSet, f, "sessions.BRAVO1.actions", "[\"enter\", \"fly\"]"},
       "sessions.BRAVO1.actions[1]",
       "\"fly\"",
       "must be \"enter\" or \"replace\" or \"cancel\" or \"mass_cancel\" or \"disable\""},
      {{kSet, f, "sessions.BRAVO1.actions", "[\"enter\", \"enter\"]"},
       "sessions.BRAVO1.actions[1]",
       "",
       "is there twice"},
      set(f, "sessions.BRAVO1.disconnect_grace_ms", "-1", "must be a whole number from 0"),
      set(f, "sessions.BRAVO1.dead_man_ms", "86400001", "must be a whole number from 0"),
      set(f, "sessions.BRAVO1.duplicate_login", "\"both\"",
          "must be \"newest_wins\" or \"refuse\""),
      set(f, "sessions.BRAVO1.slow_consumer", "\"hope\"", "must be \"wait\" or \"disconnect\""),
      {{kAdd, f, "sessions.TOOLONG", "{}"}, "=", "", "1 to 6 letters and digits", 15},
      {{kAdd, f, "sessions.A B", "{}"}, "=", "", "1 to 6 letters and digits", 15},
      set(f, "sessions.BRAVO1.rate.burst", "0", "must be a whole number from 1"),
      set(f, alias + ".instrument", "\"TSLA\"", "must be the name of an instrument"),
      set(f, alias + ".instrument", "\"BTC-PERP\"", "another symbol stands for it", 3),
      set(f, alias + ".price_scale", "\"7\"", "a tick is 100/7 wire units"),
      set(f, alias + ".quantity_scale", "\"3\"", "a lot is 1/3 wire units"),
      {{kAdd, f, "alias_sets.venue.TOOLONGSY",
        "{\"instrument\": \"AMZN\", \"price_scale\": \"1\", \"quantity_scale\": \"1\"}"},
       "=",
       "",
       "1 to 8 characters",
       2},
      {{kRemove, f, "alias_sets.venue.EURUSD", ""},
       "sessions.ALPHA1.alias_set",
       "\"venue\"",
       "has no symbol for EUR/USD",
       4},
  });
}

TEST(ConfigProblems, OfTheProcess) {
  const std::string f = "process.json";
  expect({
      set(f, "gateway.address", "\"localhost\"", "must be an IP address"),
      set(f, "gateway.port", "65536", "from 0 to 65535"),
      set(f, "gateway.waiting", "\"sleep\"", "must be \"backoff\" or \"spin\" or \"block\""),
      set(f, "gateway.silence_timeout_ms", "1500", "at least twice heartbeat_ms"),
      set(f, "gateway.slow_consumer_bytes", "1", "must be a whole number from 65536"),
      set(f, "gateway.unauthenticated_max", "0", "must be a whole number from 1"),
      set(f, "gateway.connections_per_address_max", "0", "must be a whole number from 1"),
      set(f, "gateway.login_attempts_max", "0", "must be a whole number from 1"),
      set(f, "gateway.login_window_ms", "0", "must be a whole number from 1"),
      set(f, "gateway.lockout_ms", "0", "must be a whole number from 1"),
      set(f, "venue.port", "0", "from 1 to 65535"),
      {{kAdd, f, "venue.shared_memory", R"({"path": "x", "ring_bytes": 5000})"},
       "venue.shared_memory.ring_bytes",
       "5000",
       "must be a power of two",
       1,
       {{kRemove, f, "venue.address", ""}, {kRemove, f, "venue.port", ""}}},
      {{kAdd, f, "venue.shared_memory", R"({"path": "x", "ring_bytes": 4096})"},
       "venue.port",
       "",
       "is no key that is known",
       2},
      {{kAdd, f, "venue.password_hash", "\"x\""}, "=", "", "is no key that is known"},
      set(f, "venue.user", "\"TOOLONG\"", "1 to 6 printable ASCII"),
      set(f, "venue.firm", "\"ALP1\"", "must not be that of an account, as it is of alpha-1"),
      set(f, "venue.fence_symbol", "\"AMZN\"", "as it is of AMZN"),
      set(f, "venue.reconnect_ms_max", "10", "not be less than reconnect_ms_min"),
      set(f, "venue.lost_session", "\"hope\"", "must be \"ask\" or \"orders_dead\""),
      set(f, "venue.unresolved", "\"resend\"", "is not supported yet"),
      set(f, "venue.suspense_account", "\"nobody\"", "must be the name of an account, or null"),
      set(f, "journal.ring_bytes", "1048577", "must be a power of two"),
      set(f, "journal.segment_bytes", "4294967296", "must be a whole number from"),
      set(f, "journal.disk_budget_bytes", "-1", "must be a whole number from 0"),
      set(f, "journal.disk_budget_bytes", "400000000", "at least four times segment_bytes"),
      set(f, "journal.durability", "\"replicated\"", "is not supported yet"),
      set(f, "capacities.orders", "0", "must be a whole number from 1"),
  });
}

// One change in each of six files: all are told, each with its file.
TEST(ConfigProblems, AreAllToldAtOnce) {
  Texts texts = test::read_example();
  test::apply(texts, {kSet, "assets.json", "assets.ETH.debt_addon", "\"-1\""});
  test::apply(texts, {kSet, "instruments.json", "instruments.AMZN.tick", "\"0\""});
  test::apply(texts, {kSet, "margin.json", "groups.fx.kappa", "\"2\""});
  test::apply(texts, {kAdd, "feeds.json", "extra", "1"});
  test::apply(texts, {kRemove, "limits.json", "profiles.small.instruments.AMZN.clip", ""});
  test::apply(texts, {kSet, "sessions.json", "sessions.ALPHA1.default_account", "\"charlie-1\""});
  test::apply(texts, {kSet, "process.json", "journal.ring_bytes", "3000000"});
  EXPECT_EQ(
      test::problems_text(load_texts(texts, "")),
      "margin.json: groups.fx.kappa: \"2\": must be from 0 to 1\n"
      "assets.json: assets.ETH.debt_addon: \"-1\": must be from 0 to 10\n"
      "instruments.json: instruments.AMZN.tick: \"0\": must be from 0.0001 to "
      "115292150460684.6976\n"
      "feeds.json: extra: 1: is no key that is known here\n"
      "limits.json: profiles.small.instruments.AMZN.clip: is missing\n"
      "sessions.json: sessions.ALPHA1.default_account: \"charlie-1\": must be one of the session's "
      "accounts\n"
      "process.json: journal.ring_bytes: 3000000: must be a power of two\n");
}

TEST(ConfigProblems, OfFilesThatAreNotThereOrNoJson) {
  Texts texts = test::read_example();
  texts.erase("limits.json");
  texts["margin.json"] = "{\n\"groups\": {},\n}";
  const LoadResult result = load_texts(texts, "");
  ASSERT_EQ(result.problems.size(), 2u) << test::problems_text(result);
  EXPECT_EQ(to_text(result.problems[1]), "limits.json: cannot be read");
  EXPECT_TRUE(to_text(result.problems[0]).starts_with("margin.json: line 3: is no JSON"));
  EXPECT_EQ(load("/does/not/exist").problems.size(), 7u);
}

// The places of the groups' columns are counted in 32 bits: with more, accounts shared vectors.
TEST(ConfigProblems, OfGroupSlotsWhoseColumnsCannotBeToldApart) {
  const auto problems = [](const std::string& slots) {
    Texts texts = test::read_example();
    test::apply(texts, {kSet, "margin.json", "sets.range.groups.equity.grid.points", "201"});
    test::apply(texts, {kSet, "process.json", "capacities.group_slots", slots});
    return test::problems_text(load_texts(texts, test::example_folder()));
  };
  EXPECT_EQ(problems("20000000"), "");
  EXPECT_EQ(problems("200000000"),
            "process.json: capacities.group_slots: 200000000: must be at most 20951059 with the "
            "columns of "
            "margin.json\n");
}

// With some thousands of sessions the venue's start of day was a record for which there was no
// room, and ended the process.
TEST(ConfigProblems, SessionsHaveALimit) {
  Texts texts = test::read_example();
  config::Json document = parse_json(texts["sessions.json"]).json;
  const std::string session = to_text(*test::find(document, "sessions.BRAVO1"));
  const std::size_t there = load_texts(texts, test::example_folder()).deployment.sessions.size();
  std::string added;
  for (std::size_t n = there; n < kSessionsMax; ++n) {
    added += "\"S" + std::to_string(n) + "\": " + session + ",";
  }
  const auto problems = [&](const std::string& more) {
    Texts changed = texts;
    std::string& text = changed["sessions.json"];
    const std::string_view open = "\"sessions\": {";
    text.insert(text.find(open) + open.size(), more);
    return test::problems_text(load_texts(changed, test::example_folder()));
  };
  EXPECT_EQ(problems(added), "");
  EXPECT_EQ(problems(added + "\"LAST\": " + session + ","),
            "sessions.json: sessions: 1001: must be at most 1000\n");
}

}  // namespace
}  // namespace portcullis::config::config_problems_test
