// From the frames of venues through their decoders to reference prices: the shipped example, and
// recorded sessions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "feeds/board/price_board.h"
#include "feeds/session_player.h"
#include "tests/support/board_world.h"
#include "tests/support/example_config.h"
#include "tests/support/feed_frames.h"
#include "tests/support/json_frames.h"

namespace portcullis::feeds::price_board_feeds_test {
namespace {

using test::BoardWorld;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStartMs = 1'700'000'000'000;

std::size_t number_of(const PriceBoard& board, std::string_view name) {
  for (std::size_t i = 0; i < board.reference_count(); ++i) {
    if (board.name(i) == name) return i;
  }
  ADD_FAILURE() << name;
  return 0;
}

// The example's sources, each with its decoder.
class Venues {
 public:
  Venues() {
    config::LoadResult loaded =
        config::load_texts(test::read_example_with_references(), test::example_folder());
    EXPECT_EQ(test::problems_text(loaded), "");
    deployment_ = std::move(loaded.deployment);
    board_ = std::make_unique<PriceBoard>(deployment_, PriceBoard::Sinks{});
  }

  // The index that each of the three says; empty: it says nothing.
  void say(std::int64_t ms, std::string_view deribit, std::string_view binance,
           std::string_view bybit) {
    take(
        "deribit", deribit_, ms, deribit,
        R"({{"method":"subscription","params":{{"channel":"ticker.BTC-PERPETUAL.100ms","data":{{"timestamp":{},"index_price":{},"mark_price":1}}}}}})");
    take("binance", binance_, ms, binance,
         R"({{"e":"markPriceUpdate","E":{},"s":"BTCUSDT","p":"1","i":"{}"}})");
    take(
        "bybit", bybit_, ms, bybit,
        R"({{"topic":"tickers.BTCUSDT","type":"snapshot","cs":1,"ts":{},"data":{{"indexPrice":"{}"}}}})");
  }
  PriceBoard& board() { return *board_; }

 private:
  void take(std::string_view source, test::FeedFrames& frames, std::int64_t ms,
            std::string_view index, std::string_view form) {
    if (index.empty()) return;
    const std::int64_t now = (kStartMs + ms) * kMs;
    const FeedFrame& frame = frames(fmt::format(fmt::runtime(form), kStartMs + ms, index), now);
    ASSERT_EQ(frame.updates.size(), 1U) << frame.problem;
    board_->take(deployment_.names.sources.find(source), frame.updates[0], now);
  }

  config::Deployment deployment_;
  std::unique_ptr<PriceBoard> board_;
  test::FeedFrames deribit_{Dialect::Deribit};
  test::FeedFrames binance_{Dialect::Binance};
  test::FeedFrames bybit_{Dialect::Bybit};
};

TEST(PriceBoardFeeds, TheExampleMakesAnIndexOfThreeVenues) {
  Venues venues;
  const ReferenceStatus& btc = venues.board().status(number_of(venues.board(), "index of BTC"));
  venues.say(0, "60000.126", "", "");
  EXPECT_EQ(btc.state, PriceState::Thin);
  venues.say(1, "", "60010.5", "");
  EXPECT_EQ(btc.state, PriceState::Good);
  venues.say(2, "", "", "60005");
  EXPECT_EQ(btc.price, 6'000'500);
  EXPECT_EQ(btc.as_of_ns, kStartMs * kMs);
  // One falls to two thirds, and nothing happens; then another, and nobody is believed.
  venues.say(3, "", "", "40000");
  EXPECT_EQ(btc.state, PriceState::Good);
  EXPECT_EQ(btc.price, 6'000'532);  // the mean of 60000.13, rounded, and 60010.5
  venues.say(4, "", "50000", "");
  EXPECT_EQ(btc.state, PriceState::Diverged);
  EXPECT_EQ(btc.price, 6'000'532);
  venues.board().step((kStartMs + 20'000) * kMs);
  EXPECT_EQ(btc.state, PriceState::Stale);
}

#define REQUIRE_DATA() \
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set"

RecordedSession session_of(const std::string& name) {
  return read_session_file(std::filesystem::path(test::data_folder()) / "feeds" / name);
}

// A recorded morning of options: each says the index of its coin, and its own mark in that coin.
TEST(PriceBoardFeeds, DeribitsRecordingGivesPlausiblePrices) {
  REQUIRE_DATA();
  struct Wanted {
    std::string name;
    std::string symbol;
    config::SourceField field;
    int decimals;
    std::int64_t low;
    std::int64_t high;
  };
  const std::vector<Wanted> wanted = {
      {"BTC", "BTC-24SEP21-8000-P", config::SourceField::Index, 2, 3'100'000, 3'400'000},
      {"ETH", "ETH-27AUG21-4000-P", config::SourceField::Index, 2, 190'000, 220'000},
      {"PUT", "BTC-24SEP21-34000-P", config::SourceField::Mark, 4, 500, 5'000}};
  BoardWorld world;
  const config::SourceIndex source =
      world.add_source("deribit", "deribit", config::SourceDialect::Deribit, 2'000 * kMs);
  for (const Wanted& one : wanted) {
    config::ReferenceSettings& rules =
        world.add_index(one.name, {{.source = source, .symbol = one.symbol, .field = one.field}});
    rules.decimals = one.decimals;
    rules.max_age_ns = 5'000 * kMs;
  }
  world.start();
  const RecordedSession session = session_of("DERIBIT.ws.1.0");
  FeedDecoder decoder(Dialect::Deribit);
  std::int64_t last_ns = 0;
  SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
    last_ns = row.time_ns;
    for (const MarketUpdate& update : frame.updates) {
      world.board->take(source, update, row.time_ns);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (update.symbol != wanted[i].symbol) continue;
        // What the recording says, by the nearest double.
        const MarketField field =
            wanted[i].field == config::SourceField::Index ? MarketField::Index : MarketField::Mark;
        const double said = to_double(*update[field]);
        const ReferenceStatus& status = world.board->status(i);
        EXPECT_EQ(status.state, PriceState::Good) << row.line;
        EXPECT_NEAR(static_cast<double>(status.price), said * std::pow(10, wanted[i].decimals),
                    0.5001);
        EXPECT_EQ(status.as_of_ns, std::min(update.source_time_ns, row.time_ns));
      }
    }
  });
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ReferenceStatus& status = world.board->status(i);
    EXPECT_GT(status.price, wanted[i].low) << wanted[i].name;
    EXPECT_LT(status.price, wanted[i].high) << wanted[i].name;
    EXPECT_GT(status.counts.published, 1U);
    EXPECT_EQ(status.counts.jumps, 0U);
  }
  const SourceCounts& counts = world.board->counts(source);
  EXPECT_EQ(counts[PriceOutcome::Taken], 31U + 7U + 5U);
  EXPECT_EQ(counts.unused, 89U - 31U - 7U - 5U);
  world.board->step(last_ns + 60'000 * kMs);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(world.board->status(i).state, PriceState::Stale);
    EXPECT_GT(world.board->status(i).price, 0);
  }
}

// Mid and last of a recorded minute: each update gives its own, and leaves the other as it was.
TEST(PriceBoardFeeds, BinancesRecordingGivesMidAndLast) {
  REQUIRE_DATA();
  BoardWorld world;
  const config::SourceIndex source =
      world.add_source("binance", "binance", config::SourceDialect::Binance, 2'000 * kMs);
  for (const config::SourceField field : {config::SourceField::Mid, config::SourceField::Last}) {
    config::ReferenceSettings& rules =
        world.add_index(field == config::SourceField::Mid ? "MID" : "LAST",
                        {{.source = source, .symbol = "SUSHIUSDT", .field = field}});
    rules.decimals = 5;  // half a tick too
    rules.max_age_ns = 60'000 * kMs;
  }
  world.start();
  const ReferenceStatus& mid = world.board->status(0);
  const ReferenceStatus& last = world.board->status(1);
  const RecordedSession session = session_of("BINANCE_FUTURES.ws.1.0");
  FeedDecoder decoder(Dialect::Binance);
  std::size_t books = 0;
  std::size_t trades = 0;
  SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
    for (const MarketUpdate& update : frame.updates) {
      const std::int64_t mid_before = mid.price;
      const std::int64_t last_before = last.price;
      world.board->take(source, update, row.time_ns);
      if (update.symbol != "SUSHIUSDT") continue;
      const bool is_book = update.kind == UpdateKind::Book;
      const ReferenceStatus& moved = is_book ? mid : last;
      const double said = is_book ? (to_double(*update[MarketField::BestBid]) +
                                     to_double(*update[MarketField::BestAsk])) /
                                        2
                                  : to_double(*update[MarketField::Last]);
      EXPECT_NEAR(static_cast<double>(moved.price), said * 1e5, 1e-6) << row.line;
      EXPECT_EQ(moved.as_of_ns, update.source_time_ns);
      EXPECT_EQ(moved.state, PriceState::Good);
      EXPECT_EQ(is_book ? last.price : mid.price, is_book ? last_before : mid_before);
      ++(is_book ? books : trades);
    }
  });
  EXPECT_EQ(books, 305U - 18U);  // which repeat themselves
  EXPECT_EQ(trades, 40U - 1U);
  const SourceCounts& counts = world.board->counts(source);
  EXPECT_EQ(counts[PriceOutcome::Taken], books + trades);
  EXPECT_EQ(counts[PriceOutcome::Absent], books + trades);  // of the other reference
  EXPECT_EQ(counts.rounded, 0U);
}

// Neither has marks: no price is made of what is none.
TEST(PriceBoardFeeds, RecordingsWithoutMarksMakeNoMark) {
  REQUIRE_DATA();
  struct Recording {
    std::string file;
    Dialect dialect;
    std::string symbol;
  };
  for (const Recording& recording :
       std::initializer_list<Recording>{{"BINANCE_FUTURES.ws.1.0", Dialect::Binance, "SUSHIUSDT"},
                                        {"BYBIT.ws.26.0", Dialect::Bybit, "BTCUSD"}}) {
    BoardWorld world;
    const config::SourceIndex source = world.add_source("venue", "venue");
    world.add_index("X", {{.source = source, .symbol = recording.symbol}});
    world.start();
    const RecordedSession session = session_of(recording.file);
    FeedDecoder decoder(recording.dialect);
    SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
      for (const MarketUpdate& update : frame.updates) {
        world.board->take(source, update, row.time_ns);
      }
      world.board->step(row.time_ns);
    });
    EXPECT_GT(session.rows.size(), 100U);
    EXPECT_EQ(world.look(), "") << recording.file;
    EXPECT_EQ(world.board->status(0).state, PriceState::Missing);
  }
}

}  // namespace
}  // namespace portcullis::feeds::price_board_feeds_test
