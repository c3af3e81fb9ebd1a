// Recorded sessions through a socket: what comes of them is what comes of their files.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "feeds/session_player.h"
#include "tests/support/json_frames.h"
#include "tests/support/live_sources.h"
#include "tests/support/paths.h"

namespace portcullis::feeds::live_recordings_test {
namespace {

using test::deribit;
using test::FeedVenue;
using test::kPatience;
using test::Lines;
using test::Live;
using test::shown;
using test::ticker;
using test::to;
using test::VenueConnection;
using test::VenueWords;

struct Recording {
  std::string name;
  ConversationSettings settings;
  VenueWords words;
};

RecordedSession session_of(const std::filesystem::path& file) {
  RecordedSession session = read_session_file(file);
  EXPECT_TRUE(session.problems.empty()) << file;
  return session;
}

// Updates through a socket are those of the session played from its file, and so are the counts.
void expect_the_same(const std::filesystem::path& file, const Recording& recording) {
  const RecordedSession session = session_of(file);
  FeedDecoder decoder(recording.settings.dialect);
  Lines expected;
  SessionPlayer(session, decoder).play_all([&](const SessionRow&, const FeedFrame& frame) {
    for (const MarketUpdate& update : frame.updates) expected.push_back(shown(update));
  });
  std::atomic<bool> played{false};
  FeedVenue venue({[&](VenueConnection& connection) {
    connection.upgrade();
    if (!recording.settings.topics_in_path) {
      const ConversationSettings& settings = recording.settings;
      connection.serve_subscriptions(
          recording.words,
          settings.symbols.size() + settings.books.size() + settings.trades.size());
    }
    played = connection.play(session);
    connection.send_text("the end");  // no JSON
    connection.hold(recording.words);
  }});
  Live live({{"venue", to(venue, recording.settings)}});
  ASSERT_TRUE(live.wait_for_updates(expected.size()));
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (live.counters().malformed == 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(played);
  EXPECT_EQ(live.told().updates, expected);
  EXPECT_EQ(live.status(0).outcomes.outcomes, decoder.counts().updates.outcomes);
  EXPECT_EQ(live.counters().updates, expected.size());
  EXPECT_EQ(live.counters().malformed, 1U);
  EXPECT_GE(live.counters().messages, session.counts.received + 1);
  EXPECT_EQ(live.told().states, (Lines{"connecting", "live"}));
}

TEST(LiveRecordings, SmallSessionsGiveWhatTheirFilesDo) {
  const std::filesystem::path folder = test::source_dir() + "/tests/data/feeds";
  expect_the_same(folder / "deribit.session", {"deribit",
                                               {.dialect = Dialect::Deribit,
                                                .symbols = {"BTC-PERPETUAL", "BTC-29DEC23-40000-C"},
                                                .interval = "100ms"},
                                               VenueWords::Deribit});
  for (const bool in_path : {false, true}) {
    expect_the_same(folder / "binance.session", {"binance",
                                                 {.dialect = Dialect::Binance,
                                                  .symbols = {"BTCUSDT", "ETHUSDT"},
                                                  .books = {"BTCUSDT"},
                                                  .trades = {"ETHUSDT"},
                                                  .interval = "1s",
                                                  .topics_in_path = in_path},
                                                 VenueWords::Binance});
  }
  expect_the_same(
      folder / "bybit.session",
      {"bybit", {.dialect = Dialect::Bybit, .symbols = {"BTCUSDT", "ETHUSDT"}}, VenueWords::Bybit});
}

TEST(LiveRecordings, RecordedSessionsGiveWhatTheirFilesDo) {
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const std::filesystem::path folder = std::filesystem::path(test::data_folder()) / "feeds";
  std::vector<std::string> options;
  const RecordedSession session = session_of(folder / "DERIBIT.ws.1.0");
  for (const SessionRow& row : session.rows) {
    if (row.kind != SessionRowKind::Sent) continue;
    constexpr std::string_view kName = "\"ticker.";
    for (std::size_t at = row.frame.find(kName); at != std::string_view::npos;
         at = row.frame.find(kName, at + 1)) {
      const std::string_view rest = row.frame.substr(at + kName.size());
      options.emplace_back(rest.substr(0, rest.find('.')));
    }
  }
  ASSERT_EQ(options.size(), 10U);
  expect_the_same(folder / "DERIBIT.ws.1.0",
                  {"deribit",
                   {.dialect = Dialect::Deribit, .symbols = std::move(options), .interval = "raw"},
                   VenueWords::Deribit});
  const std::vector<std::string> coins = {"SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"};
  for (const bool in_path : {false, true}) {
    expect_the_same(
        folder / "BINANCE_FUTURES.ws.1.0",
        {"binance",
         {.dialect = Dialect::Binance, .books = coins, .trades = coins, .topics_in_path = in_path},
         VenueWords::Binance});
  }
  // It has nothing of ours in it, and does no harm.
  expect_the_same(folder / "BYBIT.ws.26.0",
                  {"bybit", {.dialect = Dialect::Bybit, .symbols = {"BTCUSD"}}, VenueWords::Bybit});
}

}  // namespace
}  // namespace portcullis::feeds::live_recordings_test
