// Sources and references of feeds.json: what is read, and what is wrong with it. Above all: what
// collateral is worth is not made of one venue's own book, unless the configuration says so.
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/stream_url.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_references_test {
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

TEST(ConfigReferences, TheExampleWithLiveSourcesIsRead) {
  const LoadResult result =
      load_texts(test::read_example_with_live_sources(), test::example_folder());
  ASSERT_TRUE(result.ok()) << test::problems_text(result);
  const Deployment& d = result.deployment;
  ASSERT_EQ(d.feed.sources.size(), 4U);
  const SourceSettings& own = d.feed.sources[0];
  ASSERT_TRUE(own.listen && !own.stream);
  EXPECT_EQ(own.file, "");
  EXPECT_EQ(own.listen->address, "127.0.0.1");
  EXPECT_EQ(own.listen->port, 26'410);
  EXPECT_EQ(own.listen->publishers, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(own.listen->silence_ns, 30'000'000'000);
  EXPECT_EQ(own.ahead_max_ns, 500'000'000);

  const SourceSettings& bybit = d.feed.sources[2];
  ASSERT_TRUE(bybit.stream && !bybit.listen);
  EXPECT_EQ(bybit.stream->host, "stream.bybit.com");
  EXPECT_EQ(bybit.stream->port, 443);
  EXPECT_EQ(bybit.stream->path, "/v5/public/linear");
  EXPECT_TRUE(bybit.stream->is_encrypted);
  EXPECT_EQ(bybit.stream->interval, "");
  EXPECT_EQ(bybit.stream->authorities_file, "");
  EXPECT_FALSE(bybit.stream->connect_ns || bybit.stream->silence_ns ||
               bybit.stream->prices_silence_ns || bybit.stream->reconnect_ns_min ||
               bybit.stream->reconnect_ns_max);

  const StreamSettings& deribit = *d.feed.sources[3].stream;
  EXPECT_EQ(deribit.interval, "100ms");
  EXPECT_EQ(deribit.authorities_file, "/etc/ssl/certs/ca-certificates.crt");
  EXPECT_EQ(deribit.connect_ns, 10'000'000'000);
  EXPECT_EQ(deribit.silence_ns, 15'000'000'000);
  EXPECT_EQ(deribit.prices_silence_ns, 60'000'000'000);
  EXPECT_EQ(deribit.reconnect_ns_min, 500'000'000);
  EXPECT_EQ(deribit.reconnect_ns_max, 30'000'000'000);

  const LoadResult again = load_canonical(d.canonical_text, d.folder);
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
  EXPECT_EQ(again.deployment.feed.sources[3].stream->url, "wss://www.deribit.com:443/ws/api/v2");
}

TEST(ConfigReferences, UrlsOfStreams) {
  struct Good {
    std::string text;
    bool is_encrypted;
    std::string host;
    std::uint16_t port;
    std::string path;
  };
  for (const Good& good :
       std::initializer_list<Good>{{"wss://a.b-c.com/x/y", true, "a.b-c.com", 443, "/x/y"},
                                   {"wss://host", true, "host", 443, "/"},
                                   {"wss://host:8443", true, "host", 8'443, "/"},
                                   {"ws://127.0.0.1/", false, "127.0.0.1", 80, "/"},
                                   {"ws://[::1]:65535/a:b", false, "::1", 65'535, "/a:b"},
                                   {"wss://[2001:db8::7]/s", true, "2001:db8::7", 443, "/s"}}) {
    const std::optional<StreamUrl> url = parse_stream_url(good.text);
    ASSERT_TRUE(url) << good.text;
    EXPECT_EQ(url->is_encrypted, good.is_encrypted) << good.text;
    EXPECT_EQ(url->host, good.host);
    EXPECT_EQ(url->port, good.port);
    EXPECT_EQ(url->path, good.path);
  }
  for (const std::string& bad :
       std::initializer_list<std::string>{"",
                                          "host",
                                          "https://host/",
                                          "WSS://host/",
                                          "wss:/host",
                                          "wss://",
                                          "wss:///x",
                                          "wss://:443/",
                                          "wss://host:/",
                                          "wss://host:0/",
                                          "wss://host:65536/",
                                          "wss://host:-1/",
                                          "wss://host:+1/",
                                          "wss://host:4 3/",
                                          "wss://host:443x/",
                                          "wss://host:1:2/",
                                          "wss://u:p@host/",
                                          "wss://ho st/",
                                          "wss://host/a b",
                                          "wss://host/?a=b",
                                          "wss://host/#a",
                                          "wss://host?a",
                                          "wss://[::1",
                                          "wss://[::1]x/",
                                          "wss://[host]/",
                                          "wss://[1.2.3.4]/",
                                          "wss://[]/",
                                          "wss://::1/",
                                          "wss://" + std::string(254, 'a') + "/",
                                          "wss://host/" + std::string(256, 'a')}) {
    EXPECT_FALSE(parse_stream_url(bad)) << bad;
  }
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
      add(kFile, "sources.own.url", "\"wss://x\"", "must not be there beside file"),
      add(kFile, "sources.own.listen", "{}", "must not be there beside file"),
      // Of what is played no connection is made.
      add(kFile, "sources.binance.interval", "\"1s\"", "is no key that is known"),
      add(kFile, "sources.binance.silence_ms", "1000", "is no key that is known"),
      set(kFile, "sources.own.venue", "\"\"", "must be text"),
      drop(kFile, "sources.own.file"),
      at(kPerp + ".sources[0].source",
         {{kRemove, kFile, "sources.own", ""}, "", "\"own\"", "must be the name of a source"}),
      at("sources", {{kSet, kFile, "sources", "{}"}, "", "", "must not be empty", 13}),
  });
}

TEST(ConfigReferences, ProblemsOfLiveSources) {
  static const test::Sample sample{
      test::read_example_with_live_sources(), {kFile}, [](const Texts& texts) {
        return load_texts(texts, test::example_folder());
      }};
  const std::string own = "sources.own.listen";
  test::expect_problems(
      sample,
      {
          set(kFile, "sources.bybit.url", "\"stream.bybit.com\"", "must be wss://host"),
          set(kFile, "sources.bybit.url", "\"ws://stream.bybit.com/\"", "only to the loopback"),
          set(kFile, "sources.bybit.url", "\"ws://128.0.0.1/\"", "only to the loopback"),
          set(kFile, "sources.bybit.url", "\"ws://[::2]/\"", "only to the loopback"),
          set(kFile, "sources.bybit.url", "\"\"", "must be text"),
          at("sources.bybit.file", drop(kFile, "sources.bybit.url")),
          add(kFile, "sources.bybit.interval", "\"1s\"", "only deribit and binance"),
          set(kFile, "sources.binance.interval", "\"100ms\"", "\"1s\" or \"3s\" for binance"),
          set(kFile, "sources.deribit.interval", "\"1s\"", "or \"raw\" for deribit"),
          set(kFile, "sources.deribit.connect_ms", "0", "must be a whole number from 1 to"),
          set(kFile, "sources.deribit.reconnect_ms_max", "499", "not be less than"),
          at("sources.deribit.authorities_file",
             set(kFile, "sources.deribit.url", "\"ws://localhost:1/\"", "nothing is encrypted")),
          add(kFile, "sources.deribit.listen", "{}", "must not be there beside url"),
          // What nothing is subscribed to of.
          at("sources.another",
             add(kFile, "sources.another",
                 R"({"venue":"x","dialect":"bybit","url":"wss://x/","ahead_max_ms":0})",
                 "must be a source of a reference")),
          set(kFile, "assets.BTC.reference.sources[1].symbol", "\"BTC USDT\"", "for a stream"),
          set(kFile, "assets.BTC.reference.sources[1].symbol", "\"BTC/USDT\"", "for a stream"),

          set(kFile, own + ".address", "\"localhost\"", "must be an IP address"),
          set(kFile, own + ".port", "65536", "must be a whole number from 0 to 65535"),
          set(kFile, own + ".publishers", "[]", "must not be empty"),
          set(kFile, own + ".publishers", "[\"somebody\"]", "must be IP addresses"),
          at(own + ".publishers[1]",
             set(kFile, own + ".publishers", "[\"10.0.0.1\",\"10.0.0.1\"]", "is there twice")),
          after(
              {{kSet, kFile, own + ".address", "\"0.0.0.0\""}},
              at(own + ".address", drop(kFile, own + ".publishers", "anybody could name prices"))),
          set(kFile, own + ".silence_ms", "3600001", "must be a whole number from 1 to"),
          drop(kFile, own + ".port"),
          set(kFile, "assets.USDC.reference.sources[0].symbol", "\"US DC\"", "have no spaces"),
          set(kFile, "assets.USDC.reference.sources[0].field", "\"index\"",
              "for a source of lines"),
          after({{kRemove, kFile, "sources.deribit", ""}},
                at("sources.deribit.listen",
                   add(kFile, "sources.deribit",
                       R"({"venue":"deribit","dialect":"deribit","ahead_max_ms":0,
                           "listen":{"address":"127.0.0.1","port":0}})",
                       "must not be there but for lines"))),
          after({{kRemove, kFile, "sources.own", ""}},
                at("sources.own.url",
                   add(kFile, "sources.own",
                       R"({"venue":"own","dialect":"lines","url":"wss://x/","ahead_max_ms":0})",
                       "must not be there for lines"))),
          at("sources.two words.listen", add(kFile, "sources.two words",
                                             R"({"venue":"own","dialect":"lines","ahead_max_ms":0,
                     "listen":{"address":"127.0.0.1","port":0}})",
                                             "whose name has no spaces")),
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
}  // namespace portcullis::config::config_references_test
