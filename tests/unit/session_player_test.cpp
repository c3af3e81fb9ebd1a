// A session under a clock that the test moves.
#include "feeds/session_player.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds::session_player_test {
namespace {

using test::shown;

std::string event(std::string_view symbol, std::string_view mark, std::int64_t time_ms) {
  return fmt::format(R"({{"e":"markPriceUpdate","E":{},"s":"{}","p":"{}"}})", time_ms, symbol,
                     mark);
}

// Times in seconds around 100 s after the epoch.
std::string story() {
  return "wss://venue/ws <-> 99\n"
         "wss://venue/ws <- 99.5: {\"id\":1}\n"
         "100: " +
         event("A", "10", 99'900) + "\n" + "101: " + event("B", "20", 100'900) + "\n" +
         "101: " + event("A", "11", 100'950) + "\n" + "100.5: " + event("B", "21", 101'000) +
         "\n" +  // the recorder's clock went back
         "103: " + event("A", "12", 102'900) + "\n";
}

struct Playing {
  RecordedSession session = parse_session(story(), "story");
  FeedDecoder decoder{Dialect::Binance};
  SessionPlayer player{session, decoder};
  std::vector<std::string> heard{};

  std::size_t until(double seconds) {
    heard.clear();
    return player.play_until(static_cast<std::int64_t>(seconds * 1e9),
                             [&](const SessionRow&, const FeedFrame& frame) {
                               for (const MarketUpdate& update : frame.updates)
                                 heard.push_back(shown(update));
                             });
  }
};
using Heard = std::vector<std::string>;

TEST(SessionPlayer, PlaysWhatIsDue) {
  Playing play;
  EXPECT_EQ(play.player.next_due_ns(), 99'000'000'000);
  EXPECT_EQ(play.until(98.9), 0U);
  EXPECT_EQ(play.until(99.5), 2U);  // connected, sent
  EXPECT_EQ(play.heard, Heard{});
  EXPECT_EQ(play.player.next_due_ns(), 100'000'000'000);
  EXPECT_EQ(play.until(100), 1U);
  EXPECT_EQ(play.heard, (Heard{"A mark=10 @99900"}));
  EXPECT_EQ(play.until(100.999), 0U);
  // The row whose time is before the one above it comes with that, and not before.
  EXPECT_EQ(play.until(101), 3U);
  EXPECT_EQ(play.heard, (Heard{"B mark=20 @100900", "A mark=11 @100950", "B mark=21 @101000"}));
  EXPECT_EQ(play.decoder.find("B")->last.arrival_ns, 101'000'000'000);
  EXPECT_EQ(play.until(1000), 1U);
  EXPECT_EQ(play.player.next_due_ns(), std::nullopt);
  EXPECT_EQ(play.until(2000), 0U);
  EXPECT_EQ(play.decoder.find("A")->counts[UpdateOutcome::Taken], 3U);
  EXPECT_EQ(play.decoder.find("B")->counts[UpdateOutcome::Taken], 2U);
}

TEST(SessionPlayer, StepsAndAllAtOnceAreTheSame) {
  Playing steps;
  Heard all;
  for (double time = 98; time < 104; time += 0.1) {
    steps.until(time);
    all.insert(all.end(), steps.heard.begin(), steps.heard.end());
  }
  Playing once;
  EXPECT_EQ(once.player.play_all([&](const SessionRow&, const FeedFrame& frame) {
    for (const MarketUpdate& update : frame.updates) once.heard.push_back(shown(update));
  }),
            7U);
  EXPECT_EQ(all, once.heard);
  EXPECT_EQ(all.size(), 5U);
}

TEST(SessionPlayer, ConnectionsEndSnapshots) {
  const std::string snapshot =
      R"({"topic":"tickers.X","type":"snapshot","cs":1,"ts":1000,"data":{"markPrice":"5"}})";
  const std::string delta =
      R"({"topic":"tickers.X","type":"delta","cs":2,"ts":1001,"data":{"lastPrice":"6"}})";
  const RecordedSession session =
      parse_session("2: " + snapshot + "\nwss://v <-> 3\n4: " + delta, "s");
  FeedDecoder decoder(Dialect::Bybit);
  SessionPlayer(session, decoder).play_all([](const SessionRow&, const FeedFrame&) {});
  EXPECT_EQ(decoder.counts().updates[UpdateOutcome::NoSnapshot], 1U);
}

TEST(SessionPlayer, DecoderMayGoOnWithTheNextSession) {
  const RecordedSession first = parse_session("100: " + event("A", "10", 99'900), "s");
  const RecordedSession second = parse_session(
      "100: " + event("A", "10", 99'900) + "\n101: " + event("A", "11", 100'900), "s");
  FeedDecoder decoder(Dialect::Binance);
  SessionPlayer(first, decoder).play_all([](const SessionRow&, const FeedFrame&) {});
  SessionPlayer(second, decoder).play_all([](const SessionRow&, const FeedFrame&) {});
  EXPECT_EQ(decoder.counts().updates[UpdateOutcome::Duplicate], 1U);
  EXPECT_EQ(decoder.counts().updates[UpdateOutcome::Taken], 2U);
}

}  // namespace
}  // namespace portcullis::feeds::session_player_test
