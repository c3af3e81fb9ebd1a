// Sources and references of feeds.json: what is read, and what is wrong with it. Above all: what
// collateral is worth is not made of one venue's own book, unless the configuration says so.
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config {
namespace {

using test::add;
using test::after;
using test::at;
using test::drop;
using test::Row;
using test::set;
using test::Texts;

constexpr auto kSet = test::Change::Kind::Set;
constexpr auto kRemove = test::Change::Kind::Remove;
constexpr auto kAdd = test::Change::Kind::Add;
const std::string kFile = "feeds.json";
const std::string kBtc = "assets.BTC.reference";
const std::string kUsdc = "assets.USDC.reference";
const std::string kPerp = "instruments.BTC-PERP.reference";

void expect(const std::vector<Row>& rows) {
  static const test::Sample sample{
      test::read_example_with_references(), {kFile}, [](const Texts& texts) {
        return load_texts(texts, test::example_folder());
      }};
  test::expect_problems(sample, rows);
}

TEST(ConfigReferences, TheExampleIsRead) {
  const LoadResult result =
      load_texts(test::read_example_with_references(), test::example_folder());
  ASSERT_TRUE(result.ok()) << test::problems_text(result);
  const Deployment& d = result.deployment;
  ASSERT_EQ(d.feed.sources.size(), 5U);
  const SourceIndex bybit = d.names.sources.find("bybit");
  const SourceSettings& source = d.feed.sources[bybit.value];
  EXPECT_EQ(source.dialect, SourceDialect::Bybit);
  EXPECT_EQ(source.venue, "bybit");
  EXPECT_EQ(source.file, test::example_folder() / "bybit.session");
  EXPECT_EQ(source.ahead_max_ns, 2'000'000'000);

  ASSERT_EQ(d.feed.references.size(), 4U);
  const ReferenceSettings& mark = d.feed.references[0];
  EXPECT_EQ(mark.instrument, d.names.instruments.find("BTC-PERP"));
  EXPECT_FALSE(mark.asset.exists());
  EXPECT_EQ(mark.decimals, 1);
  EXPECT_EQ(mark.price_min, 1'000);
  EXPECT_EQ(mark.price_max, 10'000'000);
  EXPECT_EQ(mark.return_after_ns, 30'000'000'000);
  EXPECT_EQ(d.instruments[mark.instrument.value].feed_symbol, "");

  const ReferenceSettings& eth = d.feed.references[3];
  EXPECT_EQ(eth.asset, d.names.assets.find("ETH"));
  EXPECT_FALSE(eth.instrument.exists());
  EXPECT_EQ(eth.rule, ReferenceRule::PrimaryWithFallback);
  EXPECT_EQ(eth.min_sources, 2U);
  EXPECT_EQ(eth.max_age_ns, 10'000'000'000);
  EXPECT_EQ(eth.divergence_ppm, 10'000);
  EXPECT_EQ(eth.jump_ppm, 100'000);
  EXPECT_EQ(eth.jump_updates, 5U);
  EXPECT_FALSE(eth.jump_another);
  EXPECT_EQ(eth.price_min, 1'000);
  ASSERT_EQ(eth.sources.size(), 3U);
  EXPECT_EQ(eth.sources[2].source, bybit);
  EXPECT_EQ(eth.sources[2].symbol, "1000ETHUSDT");
  EXPECT_EQ(eth.sources[2].field, SourceField::Last);
  EXPECT_EQ(eth.sources[2].role, SourceRole::Voter);
  EXPECT_EQ(eth.sources[2].multiplier, (Ratio{1, 1'000}));
  EXPECT_EQ(d.parameters.assets[eth.asset.value].index_age_max_ns, 60'000'000'000);

  const LoadResult again = load_canonical(d.canonical_text, d.folder);
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
  EXPECT_EQ(again.deployment.feed.references.size(), 4U);
}

TEST(ConfigReferences, WithoutSourcesThereAreNone) {
  const LoadResult result = load(test::example_folder());
  EXPECT_TRUE(result.deployment.feed.sources.empty());
  EXPECT_TRUE(result.deployment.feed.references.empty());
}

// 10 October 2025 by configuration: what it says at load.
TEST(ConfigReferences, CollateralIsNotPricedFromOneVenuesBookByAccident) {
  Texts texts = test::read_example_with_references();
  test::apply(texts, {kRemove, kFile, kUsdc + ".own_book_alone", ""});
  EXPECT_EQ(
      test::problems_text(load_texts(texts, test::example_folder())),
      "feeds.json: assets.USDC.reference.sources: "
      "[{\"source\":\"stable\",\"symbol\":\"USDC\",\"field\":\"price\",\"role\":\"voter\"}]: are "
      "all of the venue own: its own book alone would say what collateral is worth. If it "
      "shall, say so with own_book_alone: \"I accept that collateral is priced from one "
      "venue's own book\"\n");
  const std::string accepted = "\"" + std::string(kOwnBookAlone) + "\"";
  const std::string book =
      R"([{"source": "own", "symbol": "USDC", "field": "price", "role": "primary"},
          {"source": "stable", "symbol": "USDC", "field": "price", "role": "fallback"}])";
  expect({
      // Two sources, and yet one venue.
      after({{kRemove, kFile, kUsdc + ".own_book_alone", ""},
             {kSet, kFile, kUsdc + ".rule", "\"primary_with_fallback\""},
             {kAdd, kFile, kUsdc + ".return_after_ms", "0"}},
            at(kUsdc + ".sources",
               {{kSet, kFile, kUsdc + ".sources", book}, "", "", "are all of the venue own"})),
      // Several venues, of which one is enough.
      set(kFile, kBtc + ".min_sources", "1", "lets one venue alone make the price"),
      // These words and no others.
      set(kFile, kUsdc + ".own_book_alone", "\"yes\"", "must be \"I accept that"),
      set(kFile, kUsdc + ".own_book_alone", "true", "must be \"I accept that"),
      set(kFile, kUsdc + ".own_book_alone",
          "\"i accept that collateral is priced from one venue's own book\"", "must be \"I accept"),
      // Not in advance: it would stand there on the day when it becomes true.
      add(kFile, kBtc + ".own_book_alone", accepted, "must not be there"),
      // Positions are at marks, which may be a venue's own.
      add(kFile, kPerp + ".own_book_alone", accepted, "is no key that is known"),
  });
  test::apply(texts, {kAdd, kFile, kUsdc + ".own_book_alone", accepted});
  test::apply(texts, {kSet, kFile, kPerp + ".min_sources", "1"});
  EXPECT_EQ(test::problems_text(load_texts(texts, test::example_folder())), "");
  test::apply(texts, {kSet, kFile, kBtc + ".min_sources", "1"});
  test::apply(texts, {kAdd, kFile, kBtc + ".own_book_alone", accepted});
  EXPECT_EQ(test::problems_text(load_texts(texts, test::example_folder())), "");
}

TEST(ConfigReferences, ProblemsOfSources) {
  expect({
      set(kFile, "sources.own.dialect", "\"okx\"", "must be \"deribit\" or"),
      set(kFile, "sources.own.ahead_max_ms", "60001", "must be a whole number from 0 to 60000"),
      add(kFile, "sources.own.url", "\"wss://x\"", "is not supported yet"),
      set(kFile, "sources.own.venue", "\"\"", "must be text"),
      drop(kFile, "sources.own.file"),
      at(kPerp + ".sources[0].source",
         {{kRemove, kFile, "sources.own", ""}, "", "\"own\"", "must be the name of a source"}),
      at("sources", {{kSet, kFile, "sources", "{}"}, "", "", "must not be empty", 11}),
  });
}

TEST(ConfigReferences, ProblemsOfReferences) {
  const std::string voter =
      R"({"source": "own", "symbol": "X", "field": "price", "role": "voter"})";
  std::string seventeen = "[" + voter;
  for (int i = 0; i < 16; ++i) seventeen += "," + voter;
  expect({
      set(kFile, kBtc + ".rule", "\"mean\"", "must be \"median\" or"),
      set(kFile, kBtc + ".sources", "[]", "must be 1 to 16"),
      {{kSet, kFile, kBtc + ".sources", seventeen + "]"}, "=", "", "must be 1 to 16"},
      set(kFile, kBtc + ".sources[0].field", "\"mark_price\"", "must be \"mark\" or"),
      set(kFile, kBtc + ".sources[0].field", "\"price\"", "which only lines have"),
      set(kFile, kUsdc + ".sources[0].field", "\"mark\"", "for a source of lines"),
      add(kFile, kUsdc + ".sources[0].price_multiplier", "\"2\"", "must not be there"),
      add(kFile, kBtc + ".sources[0].price_multiplier", "\"0\"", "must be"),
      add(kFile, kBtc + ".sources[0].price_multiplier", "\"1000000001\"",
          "fraction of numbers up to"),
      at(kBtc + ".sources",
         set(kFile, kBtc + ".sources[0].role", "\"primary\"", "must all have the role voter")),
      at(kPerp + ".sources",
         set(kFile, kPerp + ".sources[0].role", "\"fallback\"", "begin with the one primary")),
      at(kPerp + ".sources",
         set(kFile, kPerp + ".sources[1].role", "\"primary\"", "begin with the one primary")),
      at(kPerp + ".sources",
         set(kFile, kPerp + ".sources[1].role", "\"voter\"", "must have a fallback")),
      at(kBtc + ".sources",
         set(kFile, kBtc + ".sources[0].source", "\"bybit\"", "have bybit twice")),
      after({{kSet, kFile, kBtc + ".sources[0].symbol", "\"ETHUSDT\""}},
            at(kBtc + ".sources", set(kFile, kBtc + ".sources[0].source", "\"bybit\"",
                                      "one venue each for a median, and bybit"))),
      set(kFile, kBtc + ".min_sources", "4", "must be at most 3"),
      set(kFile, kBtc + ".min_sources", "0", "must be a whole number from 1"),
      at(kBtc + ".jump.confirm_another",
         set(kFile, kBtc + ".min_sources", "3", "no more than min_sources")),
      set(kFile, kBtc + ".max_age_ms", "60001", "must be at most 60000"),
      set(kFile, kBtc + ".divergence_max", "\"1.1\"", "must be from 0 to 1"),
      set(kFile, kBtc + ".price_min", "\"0\"", "must be from 0.01"),
      set(kFile, kBtc + ".price_min", "\"1000001\"", "not be more than the highest price"),
      set(kFile, kBtc + ".jump.max", "\"0\"", "must be from 0.000001"),
      at(kBtc + ".jump", {{kSet, kFile, kBtc + ".jump",
                           R"({"max": "0.1", "confirm_updates": 0, "confirm_another": false})"},
                          "",
                          "",
                          "or it never ends"}),
      drop(kFile, kPerp + ".return_after_ms"),
      add(kFile, kBtc + ".return_after_ms", "1", "is no key that is known"),
      drop(kFile, kBtc + ".jump"),
      drop(kFile, kBtc + ".sources"),
      add(kFile, "assets.BTC.symbol", "\"BTC\"", "is no key that is known"),
      add(kFile, "instruments.BTC-PERP.symbol", "\"BTC\"", "is no key that is known"),
      set(kFile, kBtc, "7", "must be an object"),
  });
}

}  // namespace
}  // namespace portcullis::config
