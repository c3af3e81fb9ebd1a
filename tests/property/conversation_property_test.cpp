// A conversation with a venue that does anything at any time, and then does well: it keeps to the rules
// of its connection, is never busy, says no more than it may, and is Live in the end.
#include "feeds/live/conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/feed_frames.h"
#include "tests/support/random_world.h"

namespace portcullis::feeds::conversation_property_test {
namespace {

using support::test_scale;
using support::test_seed;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

class RandomVenue : private Link {
 public:
  RandomVenue(Dialect dialect, std::uint64_t seed) : random_(seed) {
    settings_.dialect = dialect;
    if (dialect != Dialect::Bybit) settings_.interval = "1s";
    settings_.topics_in_path = dialect == Dialect::Binance && draw(2) == 0;
    for (int n = 0; n < 23; ++n) {
      std::string symbol = "S" + std::to_string(n);
      if (dialect == Dialect::Binance && n % 3 == 0) settings_.books.push_back(symbol);
      if (dialect == Dialect::Binance && n % 4 == 0) settings_.trades.push_back(symbol);
      settings_.symbols.push_back(std::move(symbol));
    }
    EXPECT_EQ(problem_of(settings_), "");
    talk_.emplace(settings_, static_cast<Link&>(*this),
                  Conversation::Listener{.on_update = [this](const MarketUpdate&) { ++updates_; },
                                         .on_event = [this](SourceState state, bool,
                                                            std::string_view) { enter(state); }},
                  seed);
  }

  // Whatever comes.
  void run(int steps) {
    talk_->start(now_);
    for (int n = 0; n < steps && !testing::Test::HasFailure(); ++n) {
      switch (draw(12)) {
        case 0:
          pass(static_cast<std::int64_t>(draw(20'000)) * kMs);
          break;
        case 1:
          end();
          break;
        case 2:
          hear(garbage());
          break;
        case 3:
          if (!asked_.empty()) refuse();
          break;
        case 4:
          if (is_open_) talk_->on_control(now_);
          break;
        case 5:
        case 6:
          if (is_opening_) open_it();
          break;
        case 7:
          pass(static_cast<std::int64_t>(draw(2'000)) * kMs);
          break;
        case 8:
          answer_all();
          break;
        case 9:
          if (settings_.dialect == Dialect::Binance) {
            hear(draw(2) == 0 ? book(draw(23)) : trade(draw(23)));
            break;
          }
          [[fallthrough]];
        default:
          hear(ticker(draw(23), draw(3) != 0, static_cast<std::int64_t>(draw(3))));
      }
      check();
    }
  }

  // From here on it does what it should.
  void recover() {
    for (int n = 0; n < 120; ++n) {
      if (is_opening_) open_it();
      answer_all();
      // Bybit's snapshots come with their subscriptions only.
      for (std::uint64_t s = 0; s < 23; ++s) hear(ticker(s, true, 1));
      if (settings_.dialect == Dialect::Binance) {
        for (std::uint64_t s = 0; s < 23; ++s) {
          if (s % 3 == 0) hear(book(s));
          if (s % 4 == 0) hear(trade(s));
        }
      }
      pass(kSecond);
      check();
    }
    EXPECT_EQ(talk_->state(), SourceState::Live);
    for (const std::string& symbol : settings_.symbols) {
      const SymbolFeed* const feed = talk_->decoder().find(symbol);
      ASSERT_NE(feed, nullptr) << symbol;
      EXPECT_TRUE(feed->has_snapshot) << symbol;
    }
    for (const std::string& symbol : settings_.books) {
      EXPECT_NE(talk_->decoder().find(symbol, UpdateKind::Book), nullptr) << symbol;
    }
    for (const std::string& symbol : settings_.trades) {
      EXPECT_NE(talk_->decoder().find(symbol, UpdateKind::Trade), nullptr) << symbol;
    }
    talk_->stop(now_);
    EXPECT_FALSE(is_open_ || is_opening_);
    EXPECT_EQ(talk_->next_due_ns(), std::numeric_limits<std::int64_t>::max());
  }

  [[nodiscard]] const SourceCounters& counters() const { return talk_->counters(); }

 private:
  void open() override {
    EXPECT_FALSE(is_open_ || is_opening_);
    is_opening_ = true;
  }
  void send(std::string text) override {
    EXPECT_TRUE(is_open_);
    if (text.find("ubscribe\"") == std::string::npos && text.find("SUBSCRIBE") == std::string::npos)
      return;
    if (text.find("unsubscribe") != std::string::npos) return;
    EXPECT_TRUE(asked_.empty()) << "two subscriptions at once";
    asked_ = text;
    ++asked_times_;
  }
  void ping() override { EXPECT_TRUE(is_open_); }
  void close() override {
    EXPECT_TRUE(is_open_ || is_opening_);
    gone();
  }
  [[nodiscard]] std::string_view stage() const override { return "name"; }

  void gone() {
    is_open_ = is_opening_ = false;
    asked_.clear();
  }
  void enter(SourceState state) { state_ = state; }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  void check() {
    EXPECT_EQ(talk_->state(), state_);
    if (state_ == SourceState::Live) {
      EXPECT_TRUE(is_open_);
    }
    if (state_ == SourceState::Waiting) {
      EXPECT_FALSE(is_open_ || is_opening_);
    }
    EXPECT_LE(talk_->counters().connects + talk_->counters().failures,
              2 * talk_->counters().attempts);
    EXPECT_EQ(talk_->counters().updates, updates_);
  }

  void pass(std::int64_t ns) {
    const std::int64_t end = now_ + ns;
    int steps = 0;
    while (talk_->next_due_ns() <= end) {
      now_ = std::max(now_, talk_->next_due_ns());
      talk_->step(now_);
      ASSERT_GT(talk_->next_due_ns(), now_) << "what is due is not done";
      ASSERT_LT(++steps, 1'000);
    }
    now_ = end;
  }
  void hear(std::string_view frame) {
    if (!is_open_) return;
    bytes_.assign(frame);
    bytes_.append(kFeedFramePadding, '"');
    talk_->on_message({bytes_.data(), frame.size()}, now_);
  }
  void open_it() {
    is_opening_ = false;
    is_open_ = true;
    talk_->on_open(now_);
  }
  void end() {
    if (!is_open_ && !is_opening_) return;
    gone();
    talk_->on_closed("lost", now_);
  }

  // Of the request; Bybit's is text.
  std::string id() const {
    const std::string name = settings_.dialect == Dialect::Bybit ? "\"req_id\":\"" : "\"id\":";
    const std::size_t at = asked_.find(name) + name.size();
    return asked_.substr(at, asked_.find_first_of("\",}", at) - at);
  }
  void answer_all() {
    for (int n = 0; n < 40 && !asked_.empty(); ++n) {
      const std::string of = id();
      const std::size_t from = asked_.find('[');
      const std::string topics = asked_.substr(from, asked_.find(']') + 1 - from);
      asked_.clear();
      switch (settings_.dialect) {
        case Dialect::Deribit:
          hear(R"({"jsonrpc":"2.0","id":)" + of + R"(,"result":)" + topics + "}");
          break;
        case Dialect::Binance:
          hear(R"({"result":null,"id":)" + of + "}");
          break;
        case Dialect::Bybit:
          hear(R"({"success":true,"ret_msg":"","req_id":")" + of + R"(","op":"subscribe"})");
          for (std::uint64_t s = 0; s < 23; ++s) {
            if (topics.find("tickers.S" + std::to_string(s) + "\"") != std::string::npos) {
              hear(ticker(s, false, 0));
            }
          }
      }
    }
  }
  void refuse() {
    const std::string of = id();
    asked_.clear();
    if (settings_.dialect == Dialect::Bybit) {
      hear(R"({"success":false,"ret_msg":"no","req_id":")" + of + R"(","op":"subscribe"})");
    } else {
      hear(R"({"id":)" + of + R"(,"error":{"code":-1,"message":"no"}})");
    }
  }
  std::string garbage() {
    std::string text;
    for (std::uint64_t n = draw(20); n > 0; --n) text += static_cast<char>(draw(256));
    return text;
  }
  std::string event(std::uint64_t symbol, std::string_view kind, const std::string& fields) {
    return R"({"e":")" + std::string(kind) + R"(","E":)" + std::to_string(now_ / kMs) +
           R"(,"s":"S)" + std::to_string(symbol) + R"(",)" + fields + "}";
  }
  std::string book(std::uint64_t symbol) {
    return event(symbol, "bookTicker", R"("b":"1","a":")" + std::to_string(2 + draw(100)) + "\"");
  }
  std::string trade(std::uint64_t symbol) {
    return event(symbol, "aggTrade", R"("p":")" + std::to_string(1 + draw(100)) + "\"");
  }
  std::string ticker(std::uint64_t symbol, bool delta, std::int64_t ahead_ms) {
    const std::string name = "S" + std::to_string(symbol);
    const std::string ms = std::to_string(now_ / kMs + ahead_ms);
    const std::string price = std::to_string(1 + draw(1'000'000));
    switch (settings_.dialect) {
      case Dialect::Deribit:
        return R"({"method":"subscription","params":{"channel":"ticker.)" + name +
               R"(.1s","data":{"timestamp":)" + ms + R"(,"mark_price":)" + price + "}}}";
      case Dialect::Binance:
        return R"({"e":"markPriceUpdate","E":)" + ms + R"(,"s":")" + name + R"(","p":")" + price +
               R"("})";
      case Dialect::Bybit:
        break;
    }
    return R"({"topic":"tickers.)" + name + R"(","type":")" + (delta ? "delta" : "snapshot") +
           R"(","cs":)" + ms + R"(,"ts":)" + ms + R"(,"data":{"markPrice":")" + price + R"("}})";
  }

  ConversationSettings settings_;
  std::mt19937_64 random_;
  std::optional<Conversation> talk_;
  std::int64_t now_ = test::kArrivalNs;
  SourceState state_ = SourceState::Stopped;
  bool is_opening_ = false;
  bool is_open_ = false;
  std::string asked_;  // what waits for a reply
  std::uint64_t asked_times_ = 0;
  std::uint64_t updates_ = 0;
  std::string bytes_;
};

TEST(ConversationProperty, WhateverTheVenueDoesItComesBack) {
  const std::uint64_t seed = test_seed(1);
  const auto rounds = static_cast<int>(test_scale(400));
  SourceCounters all;
  for (int n = 0; n < rounds && !HasFailure(); ++n) {
    SCOPED_TRACE(n);
    RandomVenue venue(static_cast<Dialect>(n % 3), seed + static_cast<std::uint64_t>(n));
    venue.run(300);
    venue.recover();
    all.connects += venue.counters().connects;
    all.gaps += venue.counters().gaps;
    all.unsubscribed += venue.counters().unsubscribed;
    all.silences += venue.counters().silences;
  }
  // It was tried.
  const auto enough = static_cast<std::uint64_t>(rounds);
  EXPECT_GT(all.connects, enough);
  EXPECT_GT(all.gaps, enough / 4);
  EXPECT_GT(all.unsubscribed, enough / 4);
  EXPECT_GT(all.silences, enough / 20);
}

}  // namespace
}  // namespace portcullis::feeds::conversation_property_test
