// Recorded sessions of the venues, end to end, against a scan of their text that knows no JSON.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "feeds/black76.h"
#include "feeds/dialects/deribit_instruments.h"
#include "feeds/session_player.h"
#include "tests/support/feed_frames.h"
#include "tests/support/json_frames.h"

namespace portcullis::feeds::feed_recordings_test {
namespace {

using test::shown;

#define REQUIRE_DATA() \
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set"

RecordedSession session_of(const std::string& name) {
  return read_session_file(std::filesystem::path(test::data_folder()) / "feeds" / name);
}

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

// What stands behind `name` in a frame, as far as the next comma or bracket.
std::string value_of(std::string_view frame, const std::string& name) {
  const std::size_t at = frame.find("\"" + name + "\":");
  if (at == std::string_view::npos) return "";
  const std::string_view rest = frame.substr(at + name.size() + 3);
  std::string value(rest.substr(0, rest.find_first_of(",}]")));
  std::erase(value, '"');
  return value;
}

// Without the zeros behind the point; a 0 is "absent" where that is what it means.
std::string plain(std::string value, bool zero_is_absent) {
  if (value.find('.') != std::string::npos) {
    while (value.back() == '0') value.pop_back();
    if (value.back() == '.') value.pop_back();
  }
  return value == "0" && zero_is_absent ? "absent" : value;
}

TEST(Recordings, DeribitTickersAreAllThere) {
  REQUIRE_DATA();
  const RecordedSession session = session_of("DERIBIT.ws.1.0");
  EXPECT_TRUE(session.problems.empty());
  const std::string_view text(session.text.data(), session.text.size());
  EXPECT_EQ(session.counts.connected, 1U);
  EXPECT_EQ(session.counts.sent, 1U);
  EXPECT_EQ(session.counts.received, count_of(text, "\n") - 3);  // and one empty line

  struct Named {
    MarketField field;
    std::string name;
    bool zero_is_absent;
  };
  const std::vector<Named> fields = {{MarketField::Mark, "mark_price", false},
                                     {MarketField::Index, "index_price", true},
                                     {MarketField::Last, "last_price", true},
                                     {MarketField::BestBid, "best_bid_price", true},
                                     {MarketField::BestAsk, "best_ask_price", true},
                                     {MarketField::Underlying, "underlying_price", true},
                                     {MarketField::Delta, "delta", false},
                                     {MarketField::Gamma, "gamma", false},
                                     {MarketField::Vega, "vega", false},
                                     {MarketField::Theta, "theta", false},
                                     {MarketField::Rho, "rho", false},
                                     {MarketField::InterestRate, "interest_rate", false},
                                     {MarketField::OpenInterest, "open_interest", false}};
  FeedDecoder decoder(Dialect::Deribit);
  std::map<std::string, std::uint64_t> by_symbol;
  std::size_t zeros = 0;
  SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
    const bool is_ticker = row.frame.find("\"channel\":\"ticker.") != std::string_view::npos;
    ASSERT_EQ(frame.updates.size(), is_ticker ? 1U : 0U) << row.line;
    if (!is_ticker) return;
    const MarketUpdate& update = frame.updates[0];
    EXPECT_EQ(update.symbol, value_of(row.frame, "instrument_name"));
    EXPECT_EQ(std::to_string(update.source_time_ns / 1'000'000), value_of(row.frame, "timestamp"));
    EXPECT_EQ(update.arrival_ns, row.time_ns);
    for (const Named& named : fields) {
      EXPECT_EQ(shown(update, named.field),
                plain(value_of(row.frame, named.name), named.zero_is_absent))
          << row.line << " " << named.name;
      if (named.zero_is_absent && !update[named.field]) ++zeros;
    }
    EXPECT_NEAR(to_double(*update[MarketField::MarkIv]),
                std::strtod(value_of(row.frame, "mark_iv").c_str(), nullptr) / 100, 1e-12);
    EXPECT_FALSE(update[MarketField::FundingRate]);
    ++by_symbol[std::string(update.symbol)];
  });
  std::uint64_t all = 0;
  for (const SymbolFeed* const feed : decoder.symbols()) {
    const std::string symbol(feed->last.symbol);
    EXPECT_EQ(feed->counts[UpdateOutcome::Taken], by_symbol[symbol]);
    // The request and the reply name it too.
    EXPECT_EQ(feed->counts[UpdateOutcome::Taken],
              count_of(text, "\"channel\":\"ticker." + symbol + ".raw\",\"data\""));
    all += feed->counts[UpdateOutcome::Taken];
  }
  EXPECT_EQ(by_symbol.size(), 10U);
  EXPECT_EQ(all, 89U);
  EXPECT_EQ(decoder.counts().updates.zeros, zeros);
  EXPECT_EQ(zeros, 20U);
  EXPECT_EQ(decoder.counts()[FrameKind::Updates], 89U);
  EXPECT_EQ(decoder.counts()[FrameKind::Reply], 1U);
  EXPECT_EQ(decoder.counts()[FrameKind::Other], 46U);
  EXPECT_EQ(decoder.counts()[FrameKind::Malformed], 0U);
}

// The recording's options are in the list; with their terms, and forward and volatility of the feed,
// the pricer gives the venue's own marks.
TEST(Recordings, DeribitMarksAreThoseOfThePricer) {
  REQUIRE_DATA();
  std::map<std::string, OptionDescription, std::less<>> terms;
  const RecordedSession lists = session_of("DERIBIT.0");
  for (const SessionRow& row : lists.rows) {
    for (OptionDescription& option : read_deribit_instruments(row.frame).options) {
      terms.emplace(option.name, option);
    }
  }
  const RecordedSession session = session_of("DERIBIT.ws.1.0");
  FeedDecoder decoder(Dialect::Deribit);
  std::vector<double> errors;
  SessionPlayer(session, decoder).play_all([&](const SessionRow&, const FeedFrame& frame) {
    for (const MarketUpdate& update : frame.updates) {
      const auto found = terms.find(update.symbol);
      ASSERT_NE(found, terms.end()) << update.symbol;
      const OptionDescription& option = found->second;
      const double forward = to_double(*update[MarketField::Underlying]);
      const Black76 price = black76({.kind = option.kind,
                                     .forward = forward,
                                     .strike = to_double(option.strike),
                                     .years = years_between(risk::Timestamp{update.source_time_ns},
                                                            risk::Timestamp{option.expiry_ns}),
                                     .volatility = to_double(*update[MarketField::MarkIv])});
      errors.push_back(std::abs(price.price / forward - to_double(*update[MarketField::Mark])));
    }
  });
  ASSERT_EQ(errors.size(), 89U);
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[errors.size() / 2], 2e-6);
  EXPECT_LT(errors.back(), 3e-4);
}

TEST(Recordings, DeribitInstrumentsAreDescribed) {
  REQUIRE_DATA();
  const RecordedSession session = session_of("DERIBIT.0");
  EXPECT_TRUE(session.problems.empty());
  EXPECT_EQ(session.counts.http_replies, 4U);
  EXPECT_EQ(session.counts.configuration, 1U);
  std::size_t options = 0;
  std::uint64_t others = 0;
  for (const SessionRow& row : session.rows) {
    ASSERT_EQ(row.kind, SessionRowKind::HttpReply);
    EXPECT_TRUE(row.url.starts_with("https://www.deribit.com/api/v2/public/get_instruments?"));
    const DeribitInstruments list = read_deribit_instruments(row.frame);
    EXPECT_EQ(list.problems, std::vector<std::string>{}) << row.line;
    EXPECT_EQ(list.options.size(), count_of(row.frame, "\"kind\":\"option\""));
    EXPECT_EQ(list.others, count_of(row.frame, "\"kind\":\"future\""));
    for (const OptionDescription& option : list.options) {
      EXPECT_TRUE(option.pays_in_coin()) << option.name;
      EXPECT_EQ(option.expiry_ns % 86'400'000'000'000, 8 * 3'600'000'000'000) << option.name;
    }
    options += list.options.size();
    others += list.others;
  }
  EXPECT_EQ(options, 980U);
  EXPECT_EQ(others, 37U);
}

// Best bids and asks, and trades; no mark prices were recorded. Each stream's updates are those of its
// frames, but for those that repeat the last price of the same millisecond.
TEST(Recordings, BinanceBooksAndTradesAreAllThere) {
  REQUIRE_DATA();
  const RecordedSession session = session_of("BINANCE_FUTURES.ws.1.0");
  EXPECT_TRUE(session.problems.empty());
  struct Named {
    UpdateKind kind;
    std::string stream;
    std::vector<std::pair<MarketField, std::string>> fields;
  };
  const std::vector<Named> kinds = {{UpdateKind::Book,
                                     "@bookTicker\"",
                                     {{MarketField::BestBid, "b"}, {MarketField::BestAsk, "a"}}},
                                    {UpdateKind::Trade, "@aggTrade\"", {{MarketField::Last, "p"}}}};
  FeedDecoder decoder(Dialect::Binance);
  std::map<std::string, std::string> said;  // last, by stream
  std::map<std::string, std::uint64_t> frames;
  std::size_t repeated = 0;
  SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Named& named) {
      return row.frame.find(named.stream) != std::string_view::npos;
    });
    EXPECT_EQ(frame.kind, kind == kinds.end() ? FrameKind::Other : FrameKind::Updates) << row.line;
    if (kind == kinds.end()) return;
    std::string now = value_of(row.frame, "E");
    for (const auto& [field, name] : kind->fields) now += " " + value_of(row.frame, name);
    std::string& last = said[value_of(row.frame, "stream")];
    ++frames[value_of(row.frame, "s") + kind->stream];
    const bool is_news = std::exchange(last, now) != now;
    ASSERT_EQ(frame.updates.size(), is_news ? 1U : 0U) << row.line;
    if (!is_news) {
      ++repeated;
      return;
    }
    const MarketUpdate& update = frame.updates[0];
    EXPECT_EQ(update.kind, kind->kind);
    EXPECT_EQ(update.symbol, value_of(row.frame, "s"));
    EXPECT_EQ(std::to_string(update.source_time_ns / 1'000'000), value_of(row.frame, "E"));
    std::size_t there = 0;
    for (const auto& value : update.values) {
      if (value) ++there;
    }
    EXPECT_EQ(there, kind->fields.size()) << row.line;
    for (const auto& [field, name] : kind->fields) {
      EXPECT_EQ(shown(update, field), plain(value_of(row.frame, name), true)) << row.line;
    }
  });
  const UpdateCounts& counts = decoder.counts().updates;
  EXPECT_EQ(counts[UpdateOutcome::Taken], 613U + 91U - repeated);
  EXPECT_EQ(counts[UpdateOutcome::Duplicate], repeated);
  EXPECT_EQ(repeated, 32U);
  EXPECT_EQ(counts.zeros, 0U);
  EXPECT_EQ(decoder.counts()[FrameKind::Updates], 613U + 91U);
  EXPECT_EQ(decoder.counts()[FrameKind::Other], session.counts.received - 613U - 91U);
  const std::string_view text(session.text.data(), session.text.size());
  EXPECT_EQ(session.counts.received, count_of(text, "{\"stream\":\""));
  EXPECT_EQ(session.counts.received, 1535U);

  const std::vector<const SymbolFeed*> symbols = decoder.symbols();
  ASSERT_EQ(symbols.size(), 8U);
  for (const SymbolFeed* const feed : symbols) {
    const std::string symbol(feed->last.symbol);
    const bool is_book = feed->last.kind == UpdateKind::Book;
    EXPECT_EQ(feed->counts[UpdateOutcome::Taken] + feed->counts[UpdateOutcome::Duplicate],
              frames[symbol + kinds[is_book ? 0 : 1].stream])
        << symbol;
  }
}

// It is of the interface before the fifth.
TEST(Recordings, FramesOfOthersAreOthers) {
  REQUIRE_DATA();
  const RecordedSession bybit = session_of("BYBIT.ws.26.0");
  EXPECT_TRUE(bybit.problems.empty());
  FeedDecoder bybit_decoder(Dialect::Bybit);
  SessionPlayer(bybit, bybit_decoder).play_all([](const SessionRow&, const FeedFrame&) {});
  const std::string_view text(bybit.text.data(), bybit.text.size());
  EXPECT_EQ(bybit_decoder.counts()[FrameKind::Other], count_of(text, ": {\"topic\":\""));
  EXPECT_EQ(bybit_decoder.counts()[FrameKind::Reply], count_of(text, ": {\"success\":true"));
  EXPECT_EQ(bybit_decoder.counts()[FrameKind::Other], 1094U);
  EXPECT_EQ(bybit_decoder.counts()[FrameKind::Reply], 4U);
}

// No dialect makes something of another's frames.
TEST(Recordings, NoDialectTakesAnothersFrames) {
  REQUIRE_DATA();
  for (const std::string_view name :
       {"DERIBIT.ws.1.0", "BINANCE_FUTURES.ws.1.0", "BYBIT.ws.26.0"}) {
    const RecordedSession session = session_of(std::string(name));
    for (const Dialect dialect : {Dialect::Deribit, Dialect::Binance, Dialect::Bybit}) {
      if (dialect == Dialect::Deribit && name.starts_with("DERIBIT")) continue;
      if (dialect == Dialect::Binance && name.starts_with("BINANCE")) continue;
      FeedDecoder decoder(dialect);
      SessionPlayer(session, decoder).play_all([](const SessionRow&, const FeedFrame&) {});
      EXPECT_EQ(decoder.counts()[FrameKind::Updates], 0U) << name;
      EXPECT_EQ(decoder.counts()[FrameKind::Malformed], 0U) << name;
    }
  }
}

// y_ is JSON, n_ is not; what is neither object nor list is no message.
TEST(Recordings, SuiteOfJsonIsJudgedAsSuch) {
  REQUIRE_DATA();
  std::size_t files = 0;
  test::each_file_of_the_suite([&](const std::string& name, const std::string& text) {
    if (name.starts_with("i_")) return;
    ++files;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool is_message =
        first != std::string::npos && (text[first] == '{' || text[first] == '[');
    // As Binance knows lists too.
    test::FeedFrames decode(Dialect::Binance);
    const bool is_json = name.starts_with("y_");
    EXPECT_EQ(decode(text).kind != FrameKind::Malformed, is_json && is_message) << name;
  });
  EXPECT_GT(files, 200U);
}

}  // namespace
}  // namespace portcullis::feeds::feed_recordings_test
