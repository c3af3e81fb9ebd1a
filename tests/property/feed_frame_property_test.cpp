// The same update, written in any way that JSON allows, is the same update.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/support/feed_frames.h"
#include "tests/support/random_world.h"

namespace portcullis::feeds::feed_frame_property_test {
namespace {

using config::ExactDecimal;
using support::test_scale;
using support::test_seed;

struct Named {
  MarketField field;
  std::string_view name;
};
constexpr std::array kDeribit =
    std::to_array<Named>({{MarketField::Mark, "mark_price"},
                          {MarketField::Index, "index_price"},
                          {MarketField::Last, "last_price"},
                          {MarketField::BestBid, "best_bid_price"},
                          {MarketField::BestAsk, "best_ask_price"},
                          {MarketField::Underlying, "underlying_price"},
                          {MarketField::InterestRate, "interest_rate"},
                          {MarketField::FundingRate, "current_funding"},
                          {MarketField::PastFunding8h, "funding_8h"},
                          {MarketField::OpenInterest, "open_interest"}});
constexpr std::array kBinance = std::to_array<Named>({{MarketField::Mark, "p"},
                                                      {MarketField::Index, "i"},
                                                      {MarketField::PredictedFundingRate, "r"}});
constexpr std::array kBinanceBook =
    std::to_array<Named>({{MarketField::BestBid, "b"}, {MarketField::BestAsk, "a"}});
constexpr std::array kBinanceTrade = std::to_array<Named>({{MarketField::Last, "p"}});
constexpr std::array kBybit =
    std::to_array<Named>({{MarketField::Mark, "markPrice"},
                          {MarketField::Index, "indexPrice"},
                          {MarketField::Last, "lastPrice"},
                          {MarketField::BestBid, "bid1Price"},
                          {MarketField::BestAsk, "ask1Price"},
                          {MarketField::PredictedFundingRate, "fundingRate"},
                          {MarketField::OpenInterest, "openInterest"}});

bool is_signed(MarketField field) {
  return field == MarketField::InterestRate || field == MarketField::FundingRate ||
         field == MarketField::PastFunding8h || field == MarketField::PredictedFundingRate;
}

// What an update says, before it is written down.
struct Said {
  std::vector<std::pair<std::string_view, ExactDecimal>> numbers{};
  MarketUpdate update{};  // what must come of it
};

class Writing {
 public:
  explicit Writing(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool now_and_then(std::uint64_t n) { return below(n) == 0; }

  ExactDecimal number(bool is_signed) {
    const std::uint64_t digits = 1 + below(18);
    std::int64_t value = 1 + static_cast<std::int64_t>(below(9));
    for (std::uint64_t i = 1; i < digits; ++i)
      value = value * 10 + static_cast<std::int64_t>(below(10));
    int scale = static_cast<int>(below(30));
    for (; scale > 0 && value % 10 == 0; --scale) value /= 10;
    if (is_signed && now_and_then(2)) value = -value;
    return {value, scale};
  }

  // One of the ways to write it: with zeros behind it, an exponent, as text or as a number.
  std::string written(const ExactDecimal& number) {
    std::string digits = std::to_string(number.digits < 0 ? -number.digits : number.digits);
    int exponent = -number.scale;
    const std::uint64_t zeros = std::min<std::uint64_t>(below(3), 30 - digits.size());
    digits.append(zeros, '0');
    exponent -= static_cast<int>(zeros);
    // A point somewhere, and the exponent makes up for it.
    std::string text;
    const bool with_exponent = now_and_then(3);
    if (with_exponent) {
      const std::uint64_t whole = 1 + below(digits.size());
      text = digits.substr(0, whole);
      const std::string fraction = digits.substr(whole);
      exponent += static_cast<int>(fraction.size());
      if (!fraction.empty()) text += "." + fraction;
      text += (now_and_then(2) ? "e" : "E");
      if (exponent >= 0 && now_and_then(2)) text += "+";
      text += std::to_string(exponent);
    } else if (exponent >= 0) {
      text = digits + std::string(static_cast<std::size_t>(exponent), '0');
    } else {
      const auto places = static_cast<std::size_t>(-exponent);
      if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
      text = digits.substr(0, digits.size() - places) + "." + digits.substr(digits.size() - places);
    }
    if (number.digits < 0) text.insert(0, "-");
    return now_and_then(2) ? "\"" + text + "\"" : text;
  }

  // Members in any order, with white space and members that nobody knows between them.
  std::string object(std::vector<std::string> members) {
    for (std::uint64_t i = below(4); i > 0; --i) members.push_back(unknown(i));
    std::shuffle(members.begin(), members.end(), random_);
    std::string text = "{";
    for (std::size_t i = 0; i < members.size(); ++i) {
      text += space() + (i == 0 ? "" : ",") + space() + members[i];
    }
    return text + space() + "}";
  }

  std::string member(std::string_view name, std::string_view value) {
    // A letter of the name may be escaped.
    std::string key(name);
    if (now_and_then(8)) key = fmt::format("\\u{:04x}{}", key[0], key.substr(1));
    return fmt::format("\"{}\"{}:{}{}", key, space(), space(), value);
  }

  std::string absence() {
    constexpr std::array<std::string_view, 4> kAbsences = {"null", "\"\"", "\"-\"", "\"NaN\""};
    return std::string(kAbsences[below(kAbsences.size())]);
  }

 private:
  std::string space() {
    std::string text;
    while (now_and_then(4)) text += " \t\n\r"[below(4)];
    return text;
  }
  std::string unknown(std::uint64_t i) {
    constexpr std::array<std::string_view, 7> kValues = {
        "null",
        "true",
        "-1.5e7",
        "\"mark_price\\\":1\"",
        "[]",
        R"([{"p":"2"},[1,2]])",
        R"({"markPrice":"7","data":{"mark_price":7}})"};
    return fmt::format("\"unknown{}\"{}:{}", i, space(), kValues[below(kValues.size())]);
  }

  std::mt19937_64 random_;
};

template <std::size_t kCount>
Said say(Writing& writing, const std::array<Named, kCount>& names,
         std::vector<std::string>& members) {
  Said said;
  for (const Named& named : names) {
    if (writing.now_and_then(4)) continue;
    if (writing.now_and_then(6)) {
      members.push_back(writing.member(named.name, writing.absence()));
      continue;
    }
    const ExactDecimal number = writing.number(is_signed(named.field));
    said.update[named.field] = number;
    members.push_back(writing.member(named.name, writing.written(number)));
  }
  return said;
}

// One event of Binance, single, as a list or within an envelope.
template <std::size_t kCount>
std::string binance_event(Writing& writing, const std::array<Named, kCount>& names,
                          std::string_view event, const std::string& time, const MarketUpdate& head,
                          std::vector<std::string> others, MarketUpdate& said) {
  std::vector<std::string> members = std::move(others);
  said = say(writing, names, members).update;
  said.symbol = head.symbol;
  said.kind = head.kind;
  said.source_time_ns = head.source_time_ns;
  said.next_funding_ns = head.next_funding_ns;
  members.push_back(writing.member("e", fmt::format("\"{}\"", event)));
  members.push_back(writing.member("E", time));
  members.push_back(writing.member("s", fmt::format("\"{}\"", head.symbol)));
  return writing.object(members);
}

std::string in_an_envelope(Writing& writing, std::string text) {
  if (writing.now_and_then(3)) text = "[" + text + "]";
  if (!writing.now_and_then(3)) return text;
  return writing.object(
      {writing.member("stream", "\"btcusdt@something\""), writing.member("data", text)});
}

void expect_same(const FeedFrame& frame, const MarketUpdate& said, const std::string& text) {
  ASSERT_EQ(frame.updates.size(), 1U) << test::shown(frame) << "\n" << text;
  const MarketUpdate& update = frame.updates[0];
  ASSERT_EQ(update.symbol, said.symbol);
  ASSERT_TRUE(update.says_the_same(said)) << test::shown(update) << "\n"
                                          << test::shown(said) << "\n"
                                          << text;
}

TEST(FeedFrames, AreTheSameHoweverTheyAreWritten) {
  Writing writing(test_seed(21));
  const std::int64_t rounds = test_scale(20'000);
  for (std::int64_t round = 0; round < rounds; ++round) {
    const std::int64_t ms = 1'600'000'000'000 + static_cast<std::int64_t>(writing.below(1'000'000));
    const std::string time =
        writing.now_and_then(2) ? std::to_string(ms) : fmt::format("\"{}\"", ms);
    {
      std::vector<std::string> members;
      Said said = say(writing, kDeribit, members);
      said.update.symbol = "BTC-PERPETUAL";
      said.update.source_time_ns = ms * 1'000'000;
      members.push_back(writing.member("timestamp", time));
      members.push_back(writing.member("instrument_name", "\"BTC-PERPETUAL\""));
      const std::string params =
          writing.object({writing.member("channel", "\"ticker.BTC-PERPETUAL.raw\""),
                          writing.member("data", writing.object(members))});
      const std::string text = writing.object({writing.member("jsonrpc", "\"2.0\""),
                                               writing.member("method", "\"subscription\""),
                                               writing.member("params", params)});
      test::FeedFrames decode(Dialect::Deribit);
      expect_same(decode(text), said.update, text);
    }
    {
      MarketUpdate head{.symbol = "BTCUSDT", .source_time_ns = ms * 1'000'000};
      std::vector<std::string> others;
      if (writing.now_and_then(2)) {
        others.push_back(writing.member("T", "1700006400000"));
        head.next_funding_ns = 1'700'006'400'000'000'000;
      }
      MarketUpdate said;
      const std::string text = in_an_envelope(
          writing,
          binance_event(writing, kBinance, "markPriceUpdate", time, head, std::move(others), said));
      test::FeedFrames decode(Dialect::Binance);
      expect_same(decode(text), said, text);
    }
    {
      // What is another's member means nothing here.
      MarketUpdate head{
          .symbol = "BTCUSDT", .kind = UpdateKind::Book, .source_time_ns = ms * 1'000'000};
      MarketUpdate said;
      const std::string text = in_an_envelope(
          writing, binance_event(writing, kBinanceBook, "bookTicker", time, head,
                                 {writing.member("T", time), writing.member("p", "\"x\""),
                                  writing.member("u", "600859600576")},
                                 said));
      test::FeedFrames decode(Dialect::Binance);
      expect_same(decode(text), said, text);
    }
    {
      MarketUpdate head{
          .symbol = "BTCUSDT", .kind = UpdateKind::Trade, .source_time_ns = ms * 1'000'000};
      MarketUpdate said;
      const std::string text = in_an_envelope(
          writing, binance_event(writing, kBinanceTrade, "aggTrade", time, head,
                                 {writing.member("T", time), writing.member("a", "16599292"),
                                  writing.member("b", "[[\"1\",\"2\"]]")},
                                 said));
      test::FeedFrames decode(Dialect::Binance);
      expect_same(decode(text), said, text);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// The streams of a few symbols in any order and with any times, against a plain model: what was last
// of each stream.
TEST(FeedFrames, StreamsOfASymbolDoNotDisturbEachOther) {
  Writing writing(test_seed(23));
  constexpr std::array<std::string_view, 3> kSymbols = {"BTCUSDT", "ETHUSDT", "1000SHIBUSDT"};
  const std::int64_t rounds = test_scale(300);
  std::uint64_t taken = 0;
  std::uint64_t late = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    test::FeedFrames decode(Dialect::Binance);
    std::map<std::pair<std::string_view, UpdateKind>, MarketUpdate> model;
    for (int step = 0; step < 60; ++step) {
      const std::int64_t ms = 1'600'000'000'000 + static_cast<std::int64_t>(writing.below(40));
      const auto kind = static_cast<UpdateKind>(writing.below(3));
      const MarketUpdate head{.symbol = kSymbols[writing.below(kSymbols.size())],
                              .kind = kind,
                              .source_time_ns = ms * 1'000'000};
      const std::string time = std::to_string(ms);
      MarketUpdate said;
      std::string text;
      switch (kind) {
        case UpdateKind::Ticker:
          text = binance_event(writing, kBinance, "markPriceUpdate", time, head, {}, said);
          break;
        case UpdateKind::Book:
          text = binance_event(writing, kBinanceBook, "bookTicker", time, head, {}, said);
          break;
        case UpdateKind::Trade:
          text = binance_event(writing, kBinanceTrade, "aggTrade", time, head, {}, said);
          break;
      }
      const auto last = model.find({head.symbol, kind});
      const bool is_late = last != model.end() && last->second.source_time_ns > said.source_time_ns;
      const bool is_same = last != model.end() && last->second.says_the_same(said);
      const FeedFrame& frame = decode(text);
      if (is_late || is_same) {
        ASSERT_TRUE(frame.updates.empty()) << text;
      } else {
        expect_same(frame, said, text);
        model[{head.symbol, kind}] = said;
      }
      ++(is_late ? late : taken);
      for (const auto& [of, update] : model) {
        const SymbolFeed* const feed = decode->find(of.first, of.second);
        ASSERT_NE(feed, nullptr);
        ASSERT_TRUE(feed->last.says_the_same(update)) << text;
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(taken, static_cast<std::uint64_t>(rounds));
  EXPECT_GT(late, static_cast<std::uint64_t>(rounds));
}

// Snapshot and deltas against a plain model: a map of what was said last.
TEST(FeedFrames, DeltasGiveWhatSnapshotsWould) {
  Writing writing(test_seed(22));
  const std::int64_t rounds = test_scale(2'000);
  for (std::int64_t round = 0; round < rounds; ++round) {
    test::FeedFrames decode(Dialect::Bybit);
    MarketUpdate model;
    model.symbol = "BTCUSDT";
    std::int64_t ms = 1'600'000'000'000;
    std::uint64_t sequence = 1'000;
    for (int step = 0; step < 10; ++step) {
      const bool is_delta = step > 0 && !writing.now_and_then(5);
      if (!is_delta) model.values = {};
      ms += 1 + static_cast<std::int64_t>(writing.below(200));
      sequence += writing.below(3);
      std::vector<std::string> members = {writing.member("symbol", "\"BTCUSDT\"")};
      for (const Named& named : kBybit) {
        if (is_delta && writing.now_and_then(2)) continue;
        if (writing.now_and_then(6)) {
          model[named.field].reset();
          members.push_back(writing.member(named.name, writing.absence()));
          continue;
        }
        const ExactDecimal number = writing.number(is_signed(named.field));
        model[named.field] = number;
        members.push_back(writing.member(named.name, writing.written(number)));
      }
      model.source_time_ns = ms * 1'000'000;
      const std::string text = writing.object(
          {writing.member("topic", "\"tickers.BTCUSDT\""),
           writing.member("type", is_delta ? "\"delta\"" : "\"snapshot\""),
           writing.member("cs", std::to_string(sequence)), writing.member("ts", std::to_string(ms)),
           writing.member("data", writing.object(members))});
      expect_same(decode(text), model, text);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace portcullis::feeds::feed_frame_property_test
