// Replays a LOBSTER message file: the order events of one stock and one day, rebuilt from Nasdaq's
// feed. Lines of Time,Type,OrderId,Size,Price,Direction, with or without a header line: seconds
// since midnight with decimals, price in 1/10,000 of a dollar, direction 1 for a buy and -1 for a
// sell (of the resting order). Source: lobsterdata.com, "output structure".
//
//   1 new             -> enter
//   2 partial cancel  -> cancel to the new total
//   3 deletion        -> cancel
//   4 execution       -> an opposite IOC of that size and price from the taker's account
//   5 hidden execution, and 2, 3, 4 of an order that the file did not enter before -> skipped
//
// A row that is no such line, is older than the one before it, enters an order that is there, or
// has a price or size that the instrument does not have is skipped too. Every row is counted under
// one of these. Accounts: the taker is the trader with the largest
// clip in the instrument (of several, the last). A new order belongs to one of the others: to the
// first for kFirstShare of 16 of the order ids, so that it runs into its limits, and else to any
// alike, by a hash of the id. Prices of executions, hidden ones too, are the marks of the
// instrument; the other symbols stand still at their opening.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "gateway/client/market.h"
#include "gateway/client/plan.h"

namespace portcullis::gateway::client {

inline constexpr std::uint64_t kFirstShare = 4;
inline constexpr double kSpeedMin = 0.001;
inline constexpr std::size_t kProblemsMax = 20;

struct LobsterSettings {
  risk::InstrumentIndex instrument;
  double speed = 0;  // seconds of the file in a second of the run
};

// Throws std::runtime_error when the file cannot be read or replayed there, and
// std::invalid_argument for settings that cannot work.
[[nodiscard]] Plan replay_lobster(const Market& market, const std::filesystem::path& file,
                                  const LobsterSettings& settings);

// The same from text; `name` stands for the file in problems.
[[nodiscard]] Plan replay_lobster_text(const Market& market, std::string_view text,
                                       std::string_view name, const LobsterSettings& settings);

}  // namespace portcullis::gateway::client
