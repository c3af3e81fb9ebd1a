#include "feeds/live/venue_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "risk/types.h"

namespace portcullis::feeds {

namespace {

using risk::kSecondNs;
constexpr int kHeartbeatSeconds = 10;  // the least that Deribit takes

// ["a","b"]: names have no characters that JSON would write otherwise.
std::string list_of(std::span<const std::string_view> topics) {
  return topics.empty() ? "[]" : fmt::format(R"(["{}"])", fmt::join(topics, R"(",")"));
}

std::string request(Dialect dialect, std::string_view verb, std::uint64_t id,
                    std::span<const std::string_view> topics) {
  switch (dialect) {
    case Dialect::Deribit:
      return fmt::format(
          R"({{"jsonrpc":"2.0","id":{},"method":"public/{}","params":{{"channels":{}}}}})", id,
          verb, list_of(topics));
    case Dialect::Binance: {
      std::string upper(verb);
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      return fmt::format(R"({{"method":"{}","params":{},"id":{}}})", upper, list_of(topics), id);
    }
    case Dialect::Bybit:
      return fmt::format(R"({{"req_id":"{}","op":"{}","args":{}}})", id, verb, list_of(topics));
  }
  return {};
}

}  // namespace

std::string topic_of(Dialect dialect, std::string_view symbol, UpdateKind kind,
                     std::string_view interval) {
  switch (dialect) {
    case Dialect::Deribit:
      return fmt::format("ticker.{}.{}", symbol, interval);
    case Dialect::Binance: {
      std::string lower(symbol);
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      switch (kind) {
        case UpdateKind::Ticker:
          return fmt::format("{}@markPrice{}{}", lower, interval.empty() ? "" : "@", interval);
        case UpdateKind::Book:
          return lower + "@bookTicker";
        case UpdateKind::Trade:
          return lower + "@aggTrade";
      }
      break;
    }
    case Dialect::Bybit:
      return fmt::format("tickers.{}", symbol);
  }
  return {};
}

std::string streams_query(std::span<const std::string_view> topics) {
  return fmt::format("streams={}", fmt::join(topics, "/"));
}

std::string subscribe_request(Dialect dialect, std::uint64_t id,
                              std::span<const std::string_view> topics) {
  return request(dialect, "subscribe", id, topics);
}

std::string unsubscribe_request(Dialect dialect, std::uint64_t id,
                                std::span<const std::string_view> topics) {
  return request(dialect, "unsubscribe", id, topics);
}

std::string greeting(Dialect dialect, std::uint64_t id) {
  if (dialect != Dialect::Deribit) return {};
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"public/set_heartbeat","params":{{"interval":{}}}}})",
      id, kHeartbeatSeconds);
}

std::string ping_request(Dialect dialect, std::uint64_t id) {
  if (dialect != Dialect::Bybit) return {};
  return fmt::format(R"({{"req_id":"{}","op":"ping"}})", id);
}

std::int64_t ping_interval_ns(Dialect dialect) {
  return dialect == Dialect::Bybit ? 20 * kSecondNs : 0;
}

std::string test_answer(std::uint64_t id) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"public/test","params":{{}}}})", id);
}

std::size_t topics_per_request(Dialect dialect) {
  switch (dialect) {
    case Dialect::Deribit:
      return 100;
    case Dialect::Binance:
      return 100;
    case Dialect::Bybit:
      return 10;
  }
  return 1;
}

bool is_in_reply(Dialect dialect, std::string_view reply, std::string_view topic) {
  if (dialect != Dialect::Deribit) return true;
  return reply.find(fmt::format(R"("{}")", topic)) != std::string_view::npos;
}

}  // namespace portcullis::feeds
