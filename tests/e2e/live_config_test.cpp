// From feeds.json through the sockets to reference prices: the shipped example with live sources, its
// venues on the loopback.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "feeds/board/price_board.h"
#include "feeds/epoch_clock.h"
#include "feeds/live/live_settings.h"
#include "tests/support/example_config.h"
#include "tests/support/feed_venue.h"
#include "tests/support/raw_peer.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::live_config_test {
namespace {

using test::Change;
using test::FeedVenue;
using test::VenueConnection;
using test::VenueWords;
using Topics = std::vector<std::string>;

constexpr auto kPatience = std::chrono::seconds(30);  // only a failure takes so long

std::int64_t now_ms() { return epoch_ns() / 1'000'000; }

// What a venue says of a symbol, as of now.
std::string deribit_ticker(std::string_view name, std::string_view fields) {
  return fmt::format(
      R"({{"method":"subscription","params":{{"channel":"ticker.{}.100ms","data":{{"timestamp":{},{}}}}}}})",
      name, now_ms(), fields);
}
std::string binance_event(std::string_view kind, std::string_view symbol, std::string_view fields) {
  return fmt::format(R"({{"e":"{}","E":{},"s":"{}",{}}})", kind, now_ms(), symbol, fields);
}
std::string bybit_snapshot(std::string_view symbol, std::string_view fields) {
  return fmt::format(R"({{"topic":"tickers.{}","type":"snapshot","cs":1,"ts":{},"data":{{{}}}}})",
                     symbol, now_ms(), fields);
}

// A venue that takes subscriptions, tells them, says its prices and goes on.
class Venue {
 public:
  Venue(VenueWords words, std::size_t topics, std::function<void(VenueConnection&)> say)
      : server_({[this, words, topics, say = std::move(say)](VenueConnection& connection) {
          connection.upgrade();
          if (!connection.serve_subscriptions(words, topics)) return;
          {
            const std::lock_guard lock(mutex_);
            path_ = connection.request_head().substr(0, connection.request_head().find('\r'));
            topics_ = connection.subscribed;
          }
          say(connection);
          connection.hold(words);
        }}) {}

  [[nodiscard]] std::string url(std::string_view path) const {
    return fmt::format("\"ws://127.0.0.1:{}{}\"", server_.port(), path);
  }
  Topics topics() {
    const std::lock_guard lock(mutex_);
    return topics_;
  }
  std::string path() {
    const std::lock_guard lock(mutex_);
    return path_;
  }

 private:
  std::mutex mutex_;
  Topics topics_;
  std::string path_;
  FeedVenue server_;  // last: its thread writes to what is above
};

// The board as a process has it: told by the sources' thread, looked at by another.
class Board {
 public:
  explicit Board(const config::Deployment& deployment)
      : deployment_(deployment),
        settings_(live_sources(deployment)),
        board_(deployment, {.price = [this](const PriceUpdate& price) { told_.push_back(price); }}),
        sources_(settings_,
                 {.on_update =
                      [this](std::uint32_t number, const MarketUpdate& update) {
                        const std::lock_guard lock(mutex_);
                        board_.take(settings_[number].source, update, epoch_ns());
                        changed_.notify_all();
                      },
                  .on_event = [](const SourceEvent&) {}},
                 test::seed()) {
    sources_.start();
  }
  ~Board() { sources_.stop(); }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // False: it was never published as such.
  bool wait_for_mark(std::string_view instrument, std::int64_t price) {
    return wait_for(PriceUpdate::Kind::Mark, deployment_.names.instruments.find(instrument).value,
                    price);
  }
  bool wait_for_index(std::string_view asset, std::int64_t price) {
    return wait_for(PriceUpdate::Kind::Index, deployment_.names.assets.find(asset).value, price);
  }
  [[nodiscard]] std::uint16_t port_of(std::string_view name) const {
    for (std::uint32_t i = 0; i < settings_.size(); ++i) {
      if (settings_[i].name == name) return sources_.port(i);
    }
    return 0;
  }

 private:
  bool wait_for(PriceUpdate::Kind kind, std::uint32_t index, std::int64_t price) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      return std::any_of(told_.begin(), told_.end(), [&](const PriceUpdate& told) {
        return told.kind == kind && told.index == index && told.price == price;
      });
    });
  }

  const config::Deployment& deployment_;
  const std::vector<LiveSourceSettings> settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<PriceUpdate> told_;
  PriceBoard board_;
  LiveFeeds sources_;
};

// The example with these venues, slow machines and primaries that return at once.
test::Texts example_with(const std::string& binance, const std::string& bybit,
                         const std::string& deribit) {
  using enum Change::Kind;
  test::Texts texts = test::read_example_with_live_sources();
  const std::string file = "feeds.json";
  test::apply(texts, {Set, file, "sources.binance.url", binance});
  test::apply(texts, {Set, file, "sources.bybit.url", bybit});
  test::apply(texts, {Set, file, "sources.deribit.url", deribit});
  test::apply(texts, {Remove, file, "sources.deribit.authorities_file", ""});
  test::apply(texts, {Set, file, "sources.own.listen.port", "0"});
  for (const std::string price :
       {"instruments.BTC-PERP", "instruments.ETH-PERP", "assets.BTC", "assets.ETH"}) {
    test::apply(texts, {Set, file, price + ".max_age_ms", "600000"});
    test::apply(texts, {Set, file, price + ".reference.max_age_ms", "600000"});
  }
  for (const std::string price : {"instruments.BTC-PERP", "assets.ETH"}) {
    test::apply(texts, {Set, file, price + ".reference.return_after_ms", "0"});
  }
  return texts;
}

TEST(LiveConfig, ADeploymentsStreamsAndPublisherMakeItsPrices) {
  Venue binance(VenueWords::Binance, 4, [](VenueConnection& connection) {
    connection.send_text(
        binance_event("markPriceUpdate", "BTCUSDT", R"("p":"60000.5","i":"60001")"));
    connection.send_text(binance_event("bookTicker", "BTCUSDT", R"("b":"60010","a":"60012.4")"));
    connection.send_text(binance_event("markPriceUpdate", "ETHUSDT", R"("p":"3000","i":"3001")"));
    connection.send_text(binance_event("aggTrade", "ETHUSDT", R"("p":"3002.25","a":7)"));
  });
  Venue bybit(VenueWords::Bybit, 3, [](VenueConnection& connection) {
    connection.send_text(bybit_snapshot("BTCUSDT", R"("markPrice":"60020","indexPrice":"60003")"));
    connection.send_text(bybit_snapshot("ETHUSDT", R"("markPrice":"3002")"));
    connection.send_text(bybit_snapshot("1000ETHUSDT", R"("lastPrice":"3002250")"));
  });
  Venue deribit(VenueWords::Deribit, 2, [](VenueConnection& connection) {
    connection.send_text(deribit_ticker(
        "BTC-PERPETUAL", R"("index_price":60002,"best_bid_price":60011,"best_ask_price":60013)"));
    connection.send_text(
        deribit_ticker("ETH-PERPETUAL", R"("mark_price":3001,"index_price":3002.5)"));
  });

  const config::LoadResult loaded = config::load_texts(
      example_with(binance.url("/ws"), bybit.url("/v5/public/linear"), deribit.url("/ws/api/v2")),
      test::example_folder());
  ASSERT_EQ(test::problems_text(loaded), "");
  Board board(loaded.deployment);
  EXPECT_TRUE(board.wait_for_mark("ETH-PERP", 300'100));  // the median of three marks
  EXPECT_TRUE(board.wait_for_index("BTC", 6'000'200));    // ... of three indexes
  EXPECT_TRUE(board.wait_for_index("ETH", 300'250));      // Deribit's; Binance's last agrees
  EXPECT_TRUE(board.wait_for_mark("BTC-PERP", 600'112));  // Binance's mid
  // Its own mark, once there is one; the index line of that name is another price, of nothing.
  test::RawPeer publisher(board.port_of("own"));
  ASSERT_TRUE(publisher.send(fmt::format(
      "source own\nindex BTC-PERP 60007 {0}\nmark BTC-PERP 60005.5 {0}\nindex USDC 0.9997 {0}\n",
      epoch_ns())));
  EXPECT_TRUE(board.wait_for_mark("BTC-PERP", 600'055));
  EXPECT_TRUE(board.wait_for_index("USDC", 999'700));

  EXPECT_EQ(binance.topics(), (Topics{"ethusdt@markPrice@1s", "btcusdt@markPrice@1s",
                                      "btcusdt@bookTicker", "ethusdt@aggTrade"}));
  EXPECT_EQ(bybit.topics(), (Topics{"tickers.BTCUSDT", "tickers.ETHUSDT", "tickers.1000ETHUSDT"}));
  EXPECT_EQ(deribit.topics(), (Topics{"ticker.BTC-PERPETUAL.100ms", "ticker.ETH-PERPETUAL.100ms"}));
  EXPECT_EQ(binance.path(), "GET /ws HTTP/1.1");
  EXPECT_EQ(bybit.path(), "GET /v5/public/linear HTTP/1.1");
  EXPECT_EQ(deribit.path(), "GET /ws/api/v2 HTTP/1.1");
}

}  // namespace
}  // namespace portcullis::feeds::live_config_test
