// From the configuration to the settings of live sources: what is subscribed to, and what stands where
// the configuration says nothing.
#include "feeds/live/live_settings.h"

#include <gtest/gtest.h>

#include "tests/support/example_config.h"

namespace portcullis::feeds::live_settings_test {
namespace {

using test::Change;
using Symbols = std::vector<std::string>;

config::Deployment deployment_with(const std::vector<Change>& changes = {}) {
  test::Texts texts = test::read_example_with_live_sources();
  for (const Change& change : changes) test::apply(texts, change);
  config::LoadResult loaded = config::load_texts(texts, test::example_folder());
  EXPECT_EQ(test::problems_text(loaded), "");
  return std::move(loaded.deployment);
}

const LiveSourceSettings& named(const std::vector<LiveSourceSettings>& live,
                                std::string_view name) {
  for (const LiveSourceSettings& source : live) {
    if (source.name == name) return source;
  }
  throw std::out_of_range(std::string(name));
}
const WebSocketSourceSettings& stream(const LiveSourceSettings& source) {
  return std::get<WebSocketSourceSettings>(source.kind);
}

TEST(LiveSettings, TheReferencesSayWhatIsSubscribedTo) {
  const config::Deployment deployment = deployment_with();
  const std::vector<LiveSourceSettings> live = live_sources(deployment);
  ASSERT_EQ(live.size(), 4U);
  for (const LiveSourceSettings& source : live) {
    EXPECT_EQ(deployment.names.sources.name(source.source), source.name);
  }
  // Each once, by the stream that says it: the index comes with the mark, a mid and a last do not.
  const ConversationSettings& binance = stream(named(live, "binance")).conversation;
  EXPECT_EQ(binance.dialect, Dialect::Binance);
  EXPECT_EQ(binance.symbols, (Symbols{"ETHUSDT", "BTCUSDT"}));
  EXPECT_EQ(binance.books, Symbols{"BTCUSDT"});
  EXPECT_EQ(binance.trades, Symbols{"ETHUSDT"});
  // All else is in their tickers.
  const ConversationSettings& deribit = stream(named(live, "deribit")).conversation;
  EXPECT_EQ(deribit.dialect, Dialect::Deribit);
  EXPECT_EQ(deribit.symbols, (Symbols{"BTC-PERPETUAL", "ETH-PERPETUAL"}));
  const ConversationSettings& bybit = stream(named(live, "bybit")).conversation;
  EXPECT_EQ(bybit.dialect, Dialect::Bybit);
  EXPECT_EQ(bybit.symbols, (Symbols{"BTCUSDT", "ETHUSDT", "1000ETHUSDT"}));
  for (const ConversationSettings* const settings : {&deribit, &bybit}) {
    EXPECT_TRUE(settings->books.empty() && settings->trades.empty());
  }
}

TEST(LiveSettings, WhatIsAskedOfContractsIsSubscribedToOnce) {
  config::Deployment deployment = deployment_with();
  config::FundingSettings funding;
  funding.source = deployment.names.sources.find("binance");
  funding.symbol = "SOLUSDT";
  deployment.feed.fundings.push_back(funding);
  config::OpenInterestSettings interest;
  interest.source = deployment.names.sources.find("bybit");
  interest.symbol = "BTCUSDT";
  deployment.feed.open_interests.push_back(interest);
  const std::vector<LiveSourceSettings> live = live_sources(deployment);
  EXPECT_EQ(stream(named(live, "binance")).conversation.symbols,
            (Symbols{"ETHUSDT", "BTCUSDT", "SOLUSDT"}));
  EXPECT_EQ(stream(named(live, "bybit")).conversation.symbols,
            (Symbols{"BTCUSDT", "ETHUSDT", "1000ETHUSDT"}));
}

TEST(LiveSettings, WhatIsNotConfiguredIsTheDefault) {
  const std::vector<LiveSourceSettings> live = live_sources(deployment_with());
  const WebSocketSourceSettings& bybit = stream(named(live, "bybit"));
  EXPECT_EQ(bybit.host, "stream.bybit.com");
  EXPECT_EQ(bybit.port, 443);
  EXPECT_EQ(bybit.path, "/v5/public/linear");
  ASSERT_TRUE(bybit.tls);
  EXPECT_EQ(bybit.tls->authorities, "");
  EXPECT_EQ(bybit.conversation.interval, "");
  EXPECT_FALSE(bybit.conversation.topics_in_path);
  EXPECT_EQ(bybit.conversation.limits.ahead_max_ns, 2'000'000'000);
  const ConversationSettings defaults;
  const ConversationSettings& set = bybit.conversation;
  EXPECT_EQ(set.connect_ns, defaults.connect_ns);
  EXPECT_EQ(set.silence_ns, defaults.silence_ns);
  EXPECT_EQ(set.updates_silence_ns, defaults.updates_silence_ns);
  EXPECT_EQ(set.back_off_first_ns, defaults.back_off_first_ns);
  EXPECT_EQ(set.back_off_cap_ns, defaults.back_off_cap_ns);
  for (const auto& [name, interval] : std::initializer_list<std::pair<std::string, std::string>>{
           {"deribit", "100ms"}, {"binance", "1s"}}) {
    const auto without = live_sources(deployment_with(
        {{Change::Kind::Remove, "feeds.json", "sources." + name + ".interval", ""}}));
    EXPECT_EQ(stream(named(without, name)).conversation.interval, interval);
  }
  const auto lines = std::get<LineSourceSettings>(
      named(live_sources(deployment_with({{Change::Kind::Set, "feeds.json", "sources.own.listen",
                                           R"({"address": "127.0.0.1", "port": 0})"}})),
            "own")
          .kind);
  EXPECT_EQ(lines.silence_ns, LineSourceSettings{}.silence_ns);
  EXPECT_EQ(lines.publishers, Symbols{});
  EXPECT_EQ(lines.port, 0);
}

TEST(LiveSettings, WhatIsConfiguredStands) {
  const std::vector<LiveSourceSettings> live = live_sources(deployment_with({
      {Change::Kind::Set, "feeds.json", "sources.deribit.connect_ms", "11"},
      {Change::Kind::Set, "feeds.json", "sources.deribit.silence_ms", "12"},
      {Change::Kind::Set, "feeds.json", "sources.deribit.prices_silence_ms", "13"},
      {Change::Kind::Set, "feeds.json", "sources.deribit.reconnect_ms_min", "14"},
      {Change::Kind::Set, "feeds.json", "sources.deribit.reconnect_ms_max", "15"},
      {Change::Kind::Set, "feeds.json", "sources.deribit.authorities_file", R"("own.pem")"},
      {Change::Kind::Set, "feeds.json", "sources.binance.interval", R"("3s")"},
      {Change::Kind::Set, "feeds.json", "sources.bybit.url", R"("ws://[::1]:81/x")"},
      {Change::Kind::Set, "feeds.json", "sources.own.listen",
       R"({"address": "0.0.0.0", "port": 7, "publishers": ["10.0.0.1"], "silence_ms": 16})"},
  }));
  const WebSocketSourceSettings& deribit = stream(named(live, "deribit"));
  EXPECT_EQ(deribit.conversation.connect_ns, 11'000'000);
  EXPECT_EQ(deribit.conversation.silence_ns, 12'000'000);
  EXPECT_EQ(deribit.conversation.updates_silence_ns, 13'000'000);
  EXPECT_EQ(deribit.conversation.back_off_first_ns, 14'000'000);
  EXPECT_EQ(deribit.conversation.back_off_cap_ns, 15'000'000);
  EXPECT_EQ(deribit.tls->authorities, (test::example_folder() / "own.pem").string());
  EXPECT_EQ(stream(named(live, "binance")).conversation.interval, "");  // the venue's word for it
  const WebSocketSourceSettings& bybit = stream(named(live, "bybit"));
  EXPECT_EQ(bybit.host, "::1");
  EXPECT_EQ(bybit.port, 81);
  EXPECT_FALSE(bybit.tls);
  const auto& lines = std::get<LineSourceSettings>(named(live, "own").kind);
  EXPECT_EQ(lines.address, "0.0.0.0");
  EXPECT_EQ(lines.port, 7);
  EXPECT_EQ(lines.publishers, Symbols{"10.0.0.1"});
  EXPECT_EQ(lines.silence_ns, 16'000'000);
  EXPECT_EQ(lines.lines.ahead_max_ns, 500'000'000);
}

TEST(LiveSettings, OneEndOfTheBackOffAloneMovesTheOther) {
  const auto with = [](const std::string& key, const std::string& ms) {
    const auto live = live_sources(
        deployment_with({{Change::Kind::Add, "feeds.json", "sources.bybit." + key, ms}}));
    return stream(named(live, "bybit")).conversation;
  };
  const ConversationSettings shortest = with("reconnect_ms_max", "100");
  EXPECT_EQ(shortest.back_off_first_ns, 100'000'000);
  EXPECT_EQ(shortest.back_off_cap_ns, 100'000'000);
  const ConversationSettings longest = with("reconnect_ms_min", "40000");
  EXPECT_EQ(longest.back_off_first_ns, 40'000'000'000);
  EXPECT_EQ(longest.back_off_cap_ns, 40'000'000'000);
}

// What the loader lets pass the sources can work with.
TEST(LiveSettings, HaveNoProblem) {
  for (const LiveSourceSettings& source : live_sources(deployment_with())) {
    if (const auto* const venue = std::get_if<WebSocketSourceSettings>(&source.kind)) {
      EXPECT_EQ(problem_of(*venue), "") << source.name;
    } else {
      LineSourceSettings lines = std::get<LineSourceSettings>(source.kind);
      lines.lines.name = source.name;
      EXPECT_EQ(problem_of(lines), "") << source.name;
    }
  }
}

TEST(LiveSettings, RecordedSourcesAreNone) {
  config::LoadResult loaded =
      config::load_texts(test::read_example_with_references(), test::example_folder());
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(live_sources(loaded.deployment).empty());
}

}  // namespace
}  // namespace portcullis::feeds::live_settings_test
