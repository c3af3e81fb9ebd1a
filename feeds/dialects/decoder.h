// From the text of a venue's WebSocket frame to market updates, read strictly: the dialects of
//
//   Deribit  notifications of ticker.NAME.INTERVAL, of options, futures and perpetuals (JSON-RPC)
//   Binance  markPriceUpdate, bookTicker and aggTrade of its futures, single and as a list
//            (!markPrice@arr), also within the envelope of a combined stream
//   Bybit    tickers.SYMBOL of its v5 interface, snapshots and deltas
//
// A frame is of one kind, and counted as that. What is none of ours is Other, and no fault. A frame
// that is not JSON, whose envelope says something twice, or is too long is Malformed.
//
// An update is taken whole or not at all; the last good one stays, with its age. It is refused, and
// counted under the reason, where
//   - a field is wrong (Fault, which names it): no number; a negative price, volatility or open
//     interest; more digits than 64 bits hold; there twice; of another symbol than its channel; or
//     the symbol or the source's time is missing;
//   - the source's time is before that of the last of its symbol and kind (OutOfOrder), so are, of
//     deltas, older sequence numbers (Bybit's cs);
//   - the source's time is ahead of the arrival by more than ahead_max_ns (Future): taken, it would
//     make all that follow look old;
//   - it says the same at the same time as the last (Duplicate);
//   - it is a delta, and there is no snapshot that it belongs to (NoSnapshot);
//   - there are symbols_max other symbols of its kind already (TooManySymbols).
// Whether a price can be true (its size, its jump, a bid above the ask, its age) is for the rules of
// prices, which know the instrument; here is only what can be said of any.
//
// The kinds of updates of a symbol (UpdateKind) know nothing of each other: each has its own order,
// duplicates and last good one, and is told with its own time and fields alone. Binance's streams come
// from different parts of the venue, and how their times stand to each other means nothing.
//
// Bybit's deltas name what has changed; the rest stays as it was, and is said again as of the delta's
// time. So an update of Bybit's that is refused, unless as a duplicate, leaves a hole: from then on the
// symbol has no snapshot, and deltas do not count until the next one (the client subscribes again). A
// malformed frame may have been the delta of any symbol, and leaves a hole in all. cs grows, but not
// by one, so a delta that never came cannot be seen; TCP sees to that. With a new connection snapshots
// come anew.
//
// One thread. No exception, no floating point. Once every symbol was seen, only the text of a problem
// allocates.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "feeds/dialects/market_update.h"

namespace portcullis::feeds {

enum class Dialect : std::uint8_t { Deribit, Binance, Bybit };
inline constexpr std::array<std::string_view, 3> kDialectNames = {"deribit", "binance", "bybit"};
[[nodiscard]] std::optional<Dialect> dialect_named(std::string_view name);
// The kind of update that says it, where the dialect has the field at all.
[[nodiscard]] UpdateKind kind_with(Dialect dialect, MarketField field);

// Readable bytes that must follow a frame; their content does not matter.
inline constexpr std::size_t kFeedFramePadding = simdjson::SIMDJSON_PADDING;

enum class FrameKind : std::uint8_t {
  Updates,      // of which none may have been taken
  Heartbeat,    // the source is alive
  TestRequest,  // ... and wants an answer (Deribit: public/test)
  Reply,        // to a request
  Error,        // to a request, or of the source
  Other,        // none of ours
  Malformed,
};
inline constexpr std::array<std::string_view, 7> kFrameKindNames = {
    "updates", "heartbeats", "test_requests", "replies", "errors", "others", "malformed"};

enum class UpdateOutcome : std::uint8_t {
  Taken,
  Fault,
  OutOfOrder,
  Duplicate,
  Future,
  NoSnapshot,
  TooManySymbols,
};
inline constexpr std::array<std::string_view, 7> kOutcomeNames = {
    "taken", "faults", "out_of_order", "duplicates", "future", "no_snapshot", "too_many_symbols"};

struct UpdateCounts {
  std::array<std::uint64_t, kOutcomeNames.size()> outcomes{};  // of updates, each under one
  std::uint64_t zeros = 0;                                     // values of 0 taken for an absence
  [[nodiscard]] std::uint64_t operator[](UpdateOutcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)];
  }
};

struct FeedCounts {
  std::array<std::uint64_t, kFrameKindNames.size()> frames{};  // each under one kind
  UpdateCounts updates{};
  [[nodiscard]] std::uint64_t operator[](FrameKind kind) const {
    return frames[static_cast<std::size_t>(kind)];
  }
};

// What the decoder knows of a symbol and one kind of its updates. The updates of these counts are those
// of known symbols: one becomes known by its first good update of the kind.
struct SymbolFeed {
  MarketUpdate last{};
  std::uint64_t sequence = 0;  // Bybit's cs of the last
  bool has_snapshot = false;   // deltas can be applied to `last`
  UpdateCounts counts{};
};

struct FeedFrame {
  FrameKind kind = FrameKind::Other;
  std::vector<MarketUpdate> updates{};  // those taken
  // Of Malformed and Error, and of the first update with a fault: "mark_price is not a number".
  std::string problem{};
  std::string_view reply_to{};     // of Reply and Error, the id of the request; empty: none
  std::int64_t error_code = 0;     // of Error; 0: none
  bool has_hole = false;           // some symbol has lost its snapshot by this frame
  std::string_view no_snapshot{};  // of the first delta that no snapshot belongs to, its symbol
};

struct FeedDecoderLimits {
  std::size_t frame_bytes_max = std::size_t{1} << 20;
  std::size_t symbols_max = 16'384;           // of each kind
  std::int64_t ahead_max_ns = 2'000'000'000;  // clocks differ
};

struct ParsedFrame;  // parse.h
struct ParsedUpdate;

class FeedDecoder {
 public:
  explicit FeedDecoder(Dialect dialect, const FeedDecoderLimits& limits = {});
  FeedDecoder(const FeedDecoder&) = delete;
  FeedDecoder& operator=(const FeedDecoder&) = delete;
  ~FeedDecoder();

  // `frame` must be followed by kFeedFramePadding readable bytes. The result and what it points to
  // (into the frame and into this) stay as they are until the next call.
  const FeedFrame& decode(std::string_view frame, std::int64_t arrival_ns);

  // A new connection: snapshots come anew.
  void connected();

  [[nodiscard]] Dialect dialect() const { return dialect_; }
  [[nodiscard]] const FeedCounts& counts() const { return counts_; }
  // Null: not known.
  [[nodiscard]] const SymbolFeed* find(std::string_view symbol,
                                       UpdateKind kind = UpdateKind::Ticker) const;
  // By name, then kind.
  [[nodiscard]] std::vector<const SymbolFeed*> symbols() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  using Symbols = std::unordered_map<std::string, SymbolFeed, Hash, std::equal_to<>>;

  [[nodiscard]] bool parse(std::string_view frame);
  void take(const ParsedUpdate& item, std::int64_t arrival_ns);
  // With Taken `update` is what it says. `feed` is that of its symbol and kind, null where it is not
  // known.
  [[nodiscard]] UpdateOutcome judge(const ParsedUpdate& item, const SymbolFeed* feed,
                                    std::int64_t arrival_ns, MarketUpdate& update,
                                    std::uint32_t& zeros);
  void forget_snapshots();

  const Dialect dialect_;
  const FeedDecoderLimits limits_;
  simdjson::ondemand::parser parser_;
  std::unique_ptr<ParsedFrame> parsed_;
  std::array<Symbols, kUpdateKindNames.size()> symbols_;  // by kind
  FeedCounts counts_;
  FeedFrame frame_;
};

}  // namespace portcullis::feeds
