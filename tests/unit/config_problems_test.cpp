// Every relation that config/ checks: the shipped example with one thing changed, and the problem
// that must be told, with its path and value.
#include <gtest/gtest.h>

#include <algorithm>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config {
namespace {

using test::Change;
using test::Texts;

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

struct Row {
  Change change;
  std::string path;       // of the problem, in the same file; "=": that of the change
  std::string value;      // of the problem; "=": that of the change; empty: not looked at
  std::string what;       // which the problem's text contains
  std::size_t count = 1;  // of problems: one mistake is one problem, but where a name goes lost
};

void expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    Texts texts = test::read_example();
    test::apply(texts, row.change);
    const LoadResult result = load_texts(texts, test::example_folder());
    const std::string path = row.path == "=" ? row.change.path : row.path;
    const std::string value = row.value == "=" ? row.change.value : row.value;
    const auto fits = [&](const Problem& problem) {
      return problem.file == row.change.file && problem.path == path &&
             (value.empty() || problem.value == value) &&
             problem.what.find(row.what) != std::string::npos;
    };
    EXPECT_TRUE(std::any_of(result.problems.begin(), result.problems.end(), fits))
        << row.change.path << " = " << row.change.value << ": expected: " << row.what << "\nwas:\n"
        << test::problems_text(result);
    EXPECT_EQ(result.problems.size(), row.count)
        << row.change.path << " = " << row.change.value << "\n"
        << test::problems_text(result);
  }
}

Row set(std::string file, std::string path, std::string value, std::string what,
        std::size_t count = 1) {
  return {
      {kSet, std::move(file), std::move(path), std::move(value)}, "=", "=", std::move(what), count};
}
Row add(std::string file, std::string path, std::string value, std::string what) {
  return {{kAdd, std::move(file), std::move(path), std::move(value)}, "=", "=", std::move(what)};
}

TEST(ConfigProblems, OfAssets) {
  const std::string f = "assets.json";
  const std::string tier = "assets.BTC.haircut_tiers";
  expect({
      set(f, "risk_currency.decimals", "10", "from 0 to 9"),
      set(f, "assets.BTC.decimals", "13", "from 0 to 12"),
      set(f, "assets.BTC.index_decimals", "11", "at most 18"),
      set(f, "assets.BTC.index_max", "\"0\"", "must be from 0.01"),
      set(f, "assets.BTC.index_max", "\"10000000000000\"", "more than 2^60 quanta"),
      set(f, "assets.BTC.debt_addon", "\"-0.1\"", "must be from 0 to 10"),
      set(f, "assets.BTC.debt_addon", "0.1", "must be decimal text"),
      set(f, "assets.BTC.scenario_mode", "\"downside_only\"", "is not supported yet"),
      set(f, "assets.BTC.scenario_mode", "\"other\"", "must be \"static\" or \"both\""),
      set(f, "assets.BTC.factor", "null", "must be there"),
      set(f, "assets.BTC.factor", "\"XRP\"", "must be the name of a factor"),
      add(f, "assets.BTC.share_cap", "\"0.5\"", "is not supported yet"),
      set(f, tier, "[]", "must end with a tier whose upto is null"),
      set(f, tier + "[0].upto", "\"-1\"", "must be from 0.00000001"),
      set(f, tier + "[0].upto", "\"0.000000001\"", "more than 8 digits"),
      {{kSet, f, tier + "[0].upto", "null"}, tier + "[1]", "", "has no end already"},
      {{kSet, f, tier + "[1].upto", "\"1000\""},
       tier,
       "",
       "must end with a tier whose upto is null"},
      set(f, tier + "[0].haircut", "\"1.1\"", "must be from 0 to 1"),
      // 0.05 and the 0.16 of the grid.
      set(f, tier + "[0].haircut", "\"0.2\"", "must be at least 0.21"),
      set(f, tier + "[1].residual_haircut", "\"0.04\"", "not be less than that of the tier before"),
  });
}

TEST(ConfigProblems, OfTiersInWrongOrder) {
  Texts texts = test::read_example();
  test::apply(texts, {kSet, "assets.json", "assets.BTC.haircut_tiers",
                      R"([{"upto": "500", "haircut": "0.25", "residual_haircut": "0.05"},
                          {"upto": "500", "haircut": "0.3", "residual_haircut": "0.1"},
                          {"upto": null, "haircut": "0.5", "residual_haircut": "0.2"}])"});
  EXPECT_EQ(
      test::problems_text(load_texts(texts, "")),
      "assets.json: assets.BTC.haircut_tiers[1].upto: \"500\": must be more than that of the tier "
      "before it\n");
}

TEST(ConfigProblems, OfInstruments) {
  const std::string f = "instruments.json";
  expect({
      set(f, "instruments.AMZN.kind", "\"option\"", "is not supported yet"),
      set(f, "instruments.AMZN.kind", "\"stock\"", "must be \"perpetual\" or"),
      set(f, "instruments.AMZN.settlement", "\"EUR\"", "must be the name of an asset"),
      set(f, "instruments.AMZN.settlement", "\"BTC\"", "rises by 0.3 in one"),
      set(f, "instruments.AMZN.factor", "\"AAPL\"", "must be the name of a factor"),
      set(f, "instruments.AMZN.multiplier", "\"0\"", "must be from 0.000000001"),
      set(f, "instruments.AMZN.tick", "\"0\"", "must be from 0.0001"),
      set(f, "instruments.AMZN.tick", "\"0.00001\"", "more than 4 digits"),
      set(f, "instruments.AMZN.price_max", "\"10000.001\"", "must be a whole number of ticks"),
      set(f, "instruments.AMZN.maker_fee_ppm", "1000001",
          "must be a whole number from -1000000 to 1000000"),
      set(f, "instruments.AMZN.taker_fee_ppm", "\"30\"", "must be a whole number"),
      add(f, "instruments.AMZN.expiry", "\"2026-03-27\"", "is not supported yet"),
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
      set(f, "groups.fx.factors", "[]", "must have 1 to 64 factors", 4),
      {{kSet, f, "groups.fx.factors", "[\"EUR\", \"EUR\"]"},
       "groups.fx.factors[1]",
       "\"EUR\"",
       "is there twice"},
      add(f, "groups.fx.floor", "\"1\"", "is not supported yet"),
      add(f, "groups.fx.add_ons", "[]", "is not supported yet"),
      add(f, "add_ons", "{}", "is not supported yet"),
      set(f, "group_mult", "\"0\"", "must be from 0.000001 to 10"),
      set(f, "joint_mult", "\"11\"", "must be from 0.000001 to 10"),
      set(f, "sets.range.measure", "\"es\"", "is not supported yet"),
      set(f, "sets.range.action", "\"warn\"", "is not supported yet"),
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
       "must be from 0.000001 to 2"},
      {{kAdd, f, "assets.USDC.fixed", "\"1\""},
       "assets.USDC.symbol",
       "",
       "is no key that is known",
       2},
  });
}

TEST(ConfigProblems, OfLimits) {
  const std::string f = "limits.json";
  const std::string amzn = "profiles.client.instruments.AMZN";
  const std::string btc = "profiles.client.instruments.BTC-PERP";
  expect({
      set(f, "version", "0", "must be a whole number from 1"),
      set(f, "profiles.client.gross_notional_max", "\"0.0000001\"", "more than 6 digits"),
      set(f, "profiles.client.gross_notional_max", "\"2000000000000\"",
          "must be from 0 to 1152921504606"),
      set(f, "profiles.client.open_orders_max", "-1", "must be a whole number from 0"),
      set(f, "profiles.client.leverage_max", "10", "must be decimal text"),
      add(f, "profiles.client.daily_loss_max", "\"1\"", "is not supported yet"),
      {{kRemove, f, amzn, ""}, "=", "", "is missing"},
      {{kRemove, f, amzn + ".clip", ""}, "=", "", "is missing"},
      set(f, amzn + ".clip", "\"0.5\"", "more than 0 digits"),
      set(f, "profiles.client.instruments.EUR/USD.clip", "\"1500\"",
          "a whole number of lots of 1000"),
      set(f, amzn + ".long_max", "\"-1\"", "must be from 0"),
      set(f, amzn + ".notional_max", "250000", "must be decimal text"),
      set(f, amzn + ".restricted", "\"no\"", "must be true or false"),
      // Closing at the collar must cost less than 1.2 * 0.15 / 1.05, fee included.
      set(f, amzn + ".collar", "\"0.1714\"", "wider than the shock pays for"),
      set(f, btc + ".collar", "\"1.1\"", "must be from 0 to 1"),
      {{kSet, f, btc + ".long_max", "\"1000000\""},
       "profiles.client.instruments",
       "",
       "most of it in BTC-PERP, and 2^60 is the most that can be summed"},
      set(f, "venue.profile", "\"none\"", "must be the name of a profile"),
      set(f, "members.alpha.profile", "\"none\"", "must be the name of a profile"),
      set(f, "groups.alpha-making.member", "\"nobody\"", "must be the name of a member"),
      set(f, "groups.alpha-making.member", "\"demo\"", "must be the name of a member"),
      {{kSet, f, "venue.name", "\"alpha\""}, "members.alpha", "", "has this name", 5},
      {{kAdd, f, "groups.alpha", "{\"member\": \"bravo\", \"profile\": \"group\"}"},
       "groups.alpha",
       "",
       "has this name"},
      set(f, "accounts.alpha-1.group", "\"alpha\"", "must be the name of a group"),
      set(f, "accounts.alpha-1.profile", "\"member\"", "must have a leverage_max"),
      {{kSet, f, "accounts.alpha-1.firm", "\"ALP2\""},
       "accounts.alpha-2.firm",
       "",
       "another account has it"},
      set(f, "accounts.alpha-1.firm", "\"ALPHA\"", "1 to 4 printable ASCII"),
      set(f, "accounts.alpha-1.firm", "\"\"", "1 to 4 printable ASCII"),
      set(f, "accounts.alpha-1.rate.per_second", "0",
          "must be a whole number from 1 to 1000000000"),
      set(f, "accounts.alpha-1.rate.exit_burst", "1000001",
          "must be a whole number from 1 to 1000000"),
      add(f, "accounts.alpha-1.mode", "\"isolated\"", "is not supported yet"),
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
       "\"secret\"",
       "beside password_env",
       2},
      add(f, "sessions.BRAVO1.password_sha256", "\"00\"", "is not supported yet"),
      {{kAdd, f, "sessions.TOOLONG", "{}"}, "=", "", "1 to 6 letters and digits", 10},
      {{kAdd, f, "sessions.A B", "{}"}, "=", "", "1 to 6 letters and digits", 10},
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
      set(f, "venue.port", "0", "from 1 to 65535"),
      set(f, "venue.user", "\"TOOLONG\"", "1 to 6 printable ASCII"),
      set(f, "venue.firm", "\"ALP1\"", "must not be that of an account, as it is of alpha-1"),
      set(f, "venue.fence_symbol", "\"AMZN\"", "as it is of AMZN"),
      set(f, "venue.reconnect_ms_max", "10", "not be less than reconnect_ms_min"),
      set(f, "venue.lost_session", "\"hope\"", "must be \"ask\" or \"orders_dead\""),
      set(f, "venue.unresolved", "\"resend\"", "is not supported yet"),
      set(f, "venue.suspense_account", "\"nobody\"", "must be the name of an account, or null"),
      set(f, "journal.ring_bytes", "1048577", "must be a power of two"),
      set(f, "journal.segment_bytes", "4294967296", "must be a whole number from"),
      set(f, "journal.durability", "\"fsync\"", "is not supported yet"),
      set(f, "capacities.orders", "0", "must be a whole number from 1"),
  });
}

// One change in each of six files: all are told, each with its file.
TEST(ConfigProblems, AreAllToldAtOnce) {
  Texts texts = test::read_example();
  test::apply(texts, {kSet, "assets.json", "assets.ETH.debt_addon", "\"-1\""});
  test::apply(texts, {kSet, "instruments.json", "instruments.AMZN.kind", "\"option\""});
  test::apply(texts, {kSet, "margin.json", "groups.fx.kappa", "\"2\""});
  test::apply(texts, {kAdd, "feeds.json", "extra", "1"});
  test::apply(texts, {kRemove, "limits.json", "profiles.small.instruments.AMZN.clip", ""});
  test::apply(texts, {kSet, "sessions.json", "sessions.ALPHA1.default_account", "\"charlie-1\""});
  test::apply(texts, {kSet, "process.json", "journal.ring_bytes", "3000000"});
  EXPECT_EQ(
      test::problems_text(load_texts(texts, "")),
      "margin.json: groups.fx.kappa: \"2\": must be from 0 to 1\n"
      "assets.json: assets.ETH.debt_addon: \"-1\": must be from 0 to 10\n"
      "instruments.json: instruments.AMZN.kind: \"option\": is not supported yet; must be "
      "\"perpetual\" or "
      "\"future\" or \"equity\" or \"fx\"\n"
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

// The engine takes no larger exposure than all scenarios together can move within 64 bits; limits
// that allow more were taken, and then orders within them refused.
TEST(ConfigProblems, OfLimitsBeyondWhatTheScenariosCanMove) {
  const auto problems = [](const std::string& long_max) {
    Texts texts = test::read_example();
    test::apply(texts, {kSet, "margin.json", "sets.range.groups.equity.grid.range", "\"0.999\""});
    test::apply(texts, {kSet, "margin.json", "sets.range.groups.fx.grid.range", "\"1\""});
    test::apply(texts,
                {kSet, "limits.json", "profiles.client.instruments.AMZN.long_max", long_max});
    return test::problems_text(load_texts(texts, test::example_folder()));
  };
  EXPECT_EQ(problems("\"30000000\""), "");
  EXPECT_NE(problems("\"47000000\"")
                .find("allow positions in AMZN worth 940000000000000000 quanta at price_max and "
                      "index_max, and"),
            std::string::npos);
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

// A collar exactly as wide as the shock pays for is refused, one ppm less is taken.
TEST(ConfigProblems, DrawTheCollarsLineExactly) {
  const auto problems = [](const std::string& collar) {
    Texts texts = test::read_example();
    test::apply(texts, {kSet, "assets.json", "assets.USDC.debt_addon", "\"0\""});
    test::apply(texts, {kSet, "instruments.json", "instruments.AMZN.taker_fee_ppm", "0"});
    test::apply(texts, {kSet, "limits.json", "profiles.client.instruments.AMZN.collar", collar});
    return test::problems_text(load_texts(texts, ""));
  };
  EXPECT_EQ(problems("\"0.179999\""), "");
  EXPECT_NE(problems("\"0.18\""), "");
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
}  // namespace portcullis::config
