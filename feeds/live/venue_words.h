// What a client says to a venue, in the venue's words.
//
//   Deribit  public/subscribe of ticker.NAME.INTERVAL; public/set_heartbeat once, from when on the
//            venue's test_request is answered with public/test. A channel that does not exist is left
//            out of the reply, without an error.
//   Binance  name@markPrice@INTERVAL, name@bookTicker and name@aggTrade by SUBSCRIBE, or in the path
//            of a combined stream. It pings by WebSocket. What does not exist is silent.
//   Bybit    op subscribe of tickers.NAME, at most ten a request, which is refused whole where one of
//            them is wrong; op ping every 20 s. To subscribe again is to unsubscribe first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "feeds/dialects/decoder.h"

namespace portcullis::feeds {

// `interval` is how often the venue is to speak: Deribit "raw", "100ms" or "agg2", Binance "1s" or ""
// (3 s), Bybit none; it is of tickers alone. Only Binance has other kinds.
[[nodiscard]] std::string topic_of(Dialect dialect, std::string_view symbol, UpdateKind kind,
                                   std::string_view interval);

// The topics as the query of a path: "streams=a/b".
[[nodiscard]] std::string streams_query(std::span<const std::string_view> topics);

[[nodiscard]] std::string subscribe_request(Dialect dialect, std::uint64_t id,
                                            std::span<const std::string_view> topics);
[[nodiscard]] std::string unsubscribe_request(Dialect dialect, std::uint64_t id,
                                              std::span<const std::string_view> topics);

// Said once when the connection stands; empty: nothing.
[[nodiscard]] std::string greeting(Dialect dialect, std::uint64_t id);
// Said every ping_interval_ns; empty and 0: nothing.
[[nodiscard]] std::string ping_request(Dialect dialect, std::uint64_t id);
[[nodiscard]] std::int64_t ping_interval_ns(Dialect dialect);
// To Deribit's test_request.
[[nodiscard]] std::string test_answer(std::uint64_t id);

[[nodiscard]] std::size_t topics_per_request(Dialect dialect);
// A symbol says everything once, and then what changes.
[[nodiscard]] constexpr bool has_snapshots(Dialect dialect) { return dialect == Dialect::Bybit; }
// Whether the reply to a subscription says that the topic is among those subscribed to.
[[nodiscard]] bool is_in_reply(Dialect dialect, std::string_view reply, std::string_view topic);

}  // namespace portcullis::feeds
