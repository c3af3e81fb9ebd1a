// Whether a reference price can be trusted, and what is told when that changes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "feeds/price_update.h"

namespace portcullis::feeds {

// Only with Good is a price safe: with any other the last good one is kept, collars freeze at it, and
// what adds risk is refused.
enum class PriceState : std::uint8_t {
  Good,
  Thin,      // fewer venues than min_sources have a price that is not too old
  Diverged,  // so many have one, but fewer than min_sources agree
  Jumped,    // a move beyond the limit, which nothing has confirmed yet
  Stale,     // all that could give the price are too old
  Missing,   // none of them has ever given one
};
inline constexpr std::array<std::string_view, 6> kPriceStateNames = {"good",   "thin",  "diverged",
                                                                     "jumped", "stale", "missing"};

// Told after the price that it speaks of: a reference is never safe at an older price.
struct PriceStateChange {
  PriceUpdate::Kind kind = PriceUpdate::Kind::Mark;
  std::uint32_t index = 0;  // of the instrument or asset
  PriceState state = PriceState::Missing;
  std::int64_t time_ns = 0;  // epoch
  friend bool operator==(const PriceStateChange&, const PriceStateChange&) = default;
};
static_assert(std::is_trivially_copyable_v<PriceStateChange>);

}  // namespace portcullis::feeds
