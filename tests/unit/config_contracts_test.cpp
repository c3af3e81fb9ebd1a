// What feeds.json says of contracts beside their prices: what is read, and what is wrong with it.
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_contracts_test {
namespace {

using test::add;
using test::drop;
using test::Row;
using test::set;
using test::Texts;

constexpr auto kAdd = test::Change::Kind::Add;
const std::string kFile = "feeds.json";
const std::string kBtc = "instruments.BTC-PERP.funding";
const std::string kEth = "instruments.ETH-PERP.funding";
const std::string kOpen = "instruments.BTC-PERP.open_interest";

void expect(const std::vector<Row>& rows) {
  static const test::Sample sample{
      test::read_example_with_fundings(), {kFile}, [](const Texts& texts) {
        return load_texts(texts, test::example_folder());
      }};
  test::expect_problems(sample, rows);
}

TEST(ConfigContracts, TheExampleIsRead) {
  const LoadResult result = load_texts(test::read_example_with_fundings(), test::example_folder());
  ASSERT_TRUE(result.ok()) << test::problems_text(result);
  const Deployment& d = result.deployment;
  ASSERT_EQ(d.feed.fundings.size(), 2U);
  const FundingSettings& btc = d.feed.fundings[0];
  EXPECT_EQ(btc.instrument, d.names.instruments.find("BTC-PERP"));
  EXPECT_EQ(btc.source, d.names.sources.find("binance"));
  EXPECT_EQ(btc.symbol, "BTCUSDT");
  EXPECT_EQ(btc.style, FundingStyle::AtSettlement);
  EXPECT_EQ(btc.interval_ns, 28'800'000'000'000);
  EXPECT_EQ(btc.age_max_ns, 60'000'000'000);
  EXPECT_EQ(btc.period_ns, 10'000'000'000);
  EXPECT_EQ(btc.rate_max_ppm, 30'000);
  EXPECT_EQ(d.feed.fundings[1].style, FundingStyle::Continuous);
  ASSERT_EQ(d.feed.open_interests.size(), 1U);
  const OpenInterestSettings& open = d.feed.open_interests[0];
  EXPECT_EQ(open.instrument, btc.instrument);
  EXPECT_EQ(open.source, d.names.sources.find("bybit"));
  EXPECT_EQ(open.multiplier, (Ratio{1, 1}));
  EXPECT_EQ(open.period_ns, 60'000'000'000);

  const LoadResult again = load_canonical(d.canonical_text, d.folder);
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
  EXPECT_EQ(again.deployment.feed.fundings.size(), 2U);
  EXPECT_EQ(again.deployment.feed.open_interests.size(), 1U);
}

TEST(ConfigContracts, WithoutThemThereAreNone) {
  const LoadResult result = load(test::example_folder());
  EXPECT_TRUE(result.deployment.feed.fundings.empty());
  EXPECT_TRUE(result.deployment.feed.open_interests.empty());
}

TEST(ConfigContracts, ProblemsOfFunding) {
  const std::string of_deribit =
      R"({"source": "deribit", "symbol": "X", "style": "continuous", "interval_ms": 28800000,
          "max_age_ms": 60000, "period_ms": 10000, "rate_max": "0.03"})";
  expect({
      set(kFile, kBtc + ".source", "\"okx\"", "must be the name of a source"),
      set(kFile, kBtc + ".source", "\"own\"", "must not be a source of lines"),
      set(kFile, kBtc + ".symbol", "\"\"", "must be text"),
      set(kFile, kBtc + ".style", "\"hourly\"", "must be \"at_settlement\" or"),
      set(kFile, kBtc + ".style", "\"continuous\"", "must be \"at_settlement\" for this source"),
      set(kFile, kEth + ".style", "\"at_settlement\"", "must be \"continuous\" for a source of"),
      set(kFile, kEth + ".interval_ms", "3600000", "must be 28800000"),
      set(kFile, kBtc + ".interval_ms", "999", "must be a whole number from 1000"),
      set(kFile, kBtc + ".max_age_ms", "0", "must be a whole number from 1"),
      set(kFile, kBtc + ".period_ms", "86400001", "must be a whole number from 1 to 86400000"),
      set(kFile, kBtc + ".rate_max", "\"1.1\"", "must be from 0.000001 to 1"),
      set(kFile, kBtc + ".rate_max", "0.03", "must be"),
      drop(kFile, kBtc + ".interval_ms"),
      drop(kFile, kBtc + ".rate_max"),
      add(kFile, kBtc + ".cap", "\"1\"", "is no key that is known"),
      set(kFile, kBtc, "7", "must be an object"),
      {{kAdd, kFile, "instruments.EUR/USD.funding", of_deribit},
       "=",
       "",
       "must stand beside a reference",
       2},
      {{kAdd, kFile, "instruments.AMZN.funding", of_deribit},
       "=",
       "",
       "only perpetual contracts",
       2},
  });
}

TEST(ConfigContracts, ProblemsOfOpenInterest) {
  expect({
      set(kFile, kOpen + ".source", "\"stable\"", "must not be a source of lines"),
      set(kFile, kOpen + ".source", "\"binance\"", "whose stream does not tell it"),
      set(kFile, kOpen + ".quantity_multiplier", "\"0\"", "must be"),
      set(kFile, kOpen + ".quantity_multiplier", "\"1000000001\"", "fraction of numbers up to"),
      set(kFile, kOpen + ".period_ms", "0", "must be a whole number from 1"),
      drop(kFile, kOpen + ".period_ms"),
      drop(kFile, kOpen + ".symbol"),
  });
}

}  // namespace
}  // namespace portcullis::config::config_contracts_test
