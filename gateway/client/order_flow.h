// Generated orders for a deployment: the statistics of a real book (order_statistics.h) spread over
// its accounts and instruments, and mixed with everything else that clients send.
//
// The generator lives in the seconds of the book that its statistics come from; those are then
// compressed so that the run has the rate asked for. Prices follow a random walk of each factor
// with the book's volatility per second, and orders are priced by them. What the book does not tell
// is chosen here, and so are:
//  - Accounts come in proportion to the rate that they are given, at most kRateMax each. Every
//    fourth is eager: its orders are larger and mostly of one side, so that it runs into its
//    limits.
//  - 100 shares are clip / kClipsPerHundred of the account in the instrument.
//  - An order whose end the book does not show is cancelled when its owner has more than
//    kRestingMax in the instrument, the oldest first.
//  - kWrongShare of the entries are wrong in one of the ways of Wrong, each session sends two
//    malformed messages (a third would end the connection) and some queries, and there are mass
//    cancels and a disable with its enable.
#pragma once

#include <cstdint>

#include "gateway/client/market.h"
#include "gateway/client/plan.h"

namespace portcullis::gateway::client {

struct FlowSettings {
  std::uint64_t seed = 1;
  std::uint64_t messages = 0;
  double rate_per_s = 0;  // on average
};

inline constexpr std::int64_t kRateMax =
    2'000;  // orders a second that count for an account's share
inline constexpr std::int64_t kClipsPerHundred = 40;
inline constexpr std::int64_t kEagerFactor = 5;
inline constexpr std::size_t kRestingMax = 8;
inline constexpr double kWrongShare = 0.02;
inline constexpr double kPostOnlyShare = 0.1;    // of resting orders
inline constexpr double kMarketShare = 0.02;     // of marketable orders: without a limit
inline constexpr double kAllOrNoneShare = 0.02;  // of marketable orders

// Messages begin so long after the first prices, so that the gate knows prices when they come.
inline constexpr std::int64_t kLeadInNs = 100'000'000;
// A price is told at least so often, so that it does not become stale.
inline constexpr std::int64_t kMarkStepNs = 5'000'000;
inline constexpr std::int64_t kMarkSilenceNs = 250'000'000;

enum class Wrong : std::uint8_t {
  UnknownSymbol,
  BeyondCollar,
  OffTick,
  NoQuantity,
  BeyondClip,
  ForeignFirm,
  BadSide,
  BadDisplay,
  BadTimeInForce,
  BadPrice,
  Pegged,
  RepeatedNumber,
  CancelOfNothing,
  ReplaceOfNothing,
};
inline constexpr std::uint64_t kWrongCount = 14;

// The same seed gives the same plan. Throws std::invalid_argument for settings that cannot work.
[[nodiscard]] Plan generate_orders(const Market& market, const FlowSettings& settings);

}  // namespace portcullis::gateway::client
