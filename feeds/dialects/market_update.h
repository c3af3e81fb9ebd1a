// What one source said about one of its instruments, in the same words for every source.
//
// Numbers are exact and as the source wrote them, or absent: an absence is never a zero. Absent is
// what is missing, null, "", "-" or "NaN". Of what can be no zero (all prices, and volatilities) a 0
// is an absence too: so sources write that there is none. But an option may be worth nothing: its
// mark may be 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/decimal.h"

namespace portcullis::feeds {

enum class MarketField : std::uint8_t {
  // Prices, in what the source quotes the instrument in: a Deribit option of BTC in BTC.
  Mark,
  Index,  // of the underlying asset
  Last,   // trade
  BestBid,
  BestAsk,
  // The forward of an option's expiry.
  Underlying,
  // A year's volatility at the mark: 0.6 is 60 %, also where the source writes percent.
  MarkIv,
  // Greeks as the source has them: of one underlying, vega of a point of volatility, theta of a day.
  Delta,
  Gamma,
  Vega,
  Theta,
  Rho,
  // With which the source works out the volatility of an option; in its own units.
  InterestRate,
  // Of a perpetual, as parts of its value. The rate at which funding accrues now, over 8 hours
  // (Deribit, which settles all the time).
  FundingRate,
  // The rate that will be settled at next_funding_ns, as it is estimated now (Binance, Bybit).
  PredictedFundingRate,
  // What was settled in the last 8 hours (Deribit).
  PastFunding8h,
  // In the source's contracts or coins.
  OpenInterest,
};
inline constexpr std::size_t kMarketFieldCount = 17;

// "mark", "best_bid", ...: by field.
inline constexpr std::array<std::string_view, kMarketFieldCount> kMarketFieldNames = {
    "mark",
    "index",
    "last",
    "best_bid",
    "best_ask",
    "underlying",
    "mark_iv",
    "delta",
    "gamma",
    "vega",
    "theta",
    "rho",
    "interest_rate",
    "funding_rate",
    "predicted_funding_rate",
    "past_funding_8h",
    "open_interest"};

// What a source says of a symbol at once. Each kind has fields of its own, of which an update says all,
// and says nothing of the others': they are absent from it, and no news.
enum class UpdateKind : std::uint8_t {
  Ticker,  // Deribit's and Bybit's have every field; Binance's the mark, the index and the funding
  Book,    // Binance: best bid and ask
  Trade,   // Binance: last
};
inline constexpr std::array<std::string_view, 3> kUpdateKindNames = {"ticker", "book", "trade"};

struct MarketUpdate {
  std::string_view symbol{};  // the source's own; lives as long as the decoder
  UpdateKind kind = UpdateKind::Ticker;
  std::int64_t source_time_ns = 0;  // epoch, by the source's clock
  std::int64_t arrival_ns = 0;      // epoch, by ours
  std::array<std::optional<config::ExactDecimal>, kMarketFieldCount> values{};
  std::optional<std::int64_t> next_funding_ns{};  // epoch

  [[nodiscard]] const std::optional<config::ExactDecimal>& operator[](MarketField field) const {
    return values[static_cast<std::size_t>(field)];
  }
  [[nodiscard]] std::optional<config::ExactDecimal>& operator[](MarketField field) {
    return values[static_cast<std::size_t>(field)];
  }
  // In its kind, the numbers and the source's time, whenever it arrived.
  [[nodiscard]] bool says_the_same(const MarketUpdate& other) const {
    return kind == other.kind && source_time_ns == other.source_time_ns && values == other.values &&
           next_funding_ns == other.next_funding_ns;
  }
};

// Only for the option pricer (black76.h), which is floating point itself: the nearest double, or one
// next to it.
[[nodiscard]] double to_double(const config::ExactDecimal& number);

}  // namespace portcullis::feeds
