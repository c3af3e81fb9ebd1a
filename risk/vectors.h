// Vectors: gains and losses by scenario column, in fines (1e-6 quanta). They are sums of whole
// numbers, so that a part can be added and taken off again without a trace. The sums are modulo
// 2^64: an account of which one could leave 63 bits is out of range (GroupSlot::span), and its
// vectors are not looked at until it is back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "risk/parameters.h"
#include "risk/state.h"
#include "risk/types.h"

namespace portcullis::risk {

using Vector = std::span<const std::int64_t>;

inline constexpr std::uint32_t kColumnsMax = 1024;  // of one group's table, and of all joint sets
inline constexpr std::uint32_t kRawColumnsMax = kColumnsMax * kLagStates;
// No sum of a vector's parts is larger, in fines.
inline constexpr Int128 kSpanMax = Int128{1} << 61;

// Modulo 2^64, like all sums of vectors' parts.
constexpr std::int64_t wrapped_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr std::int64_t wrapped_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// vector[c] += (row[c] >= 0 ? up : down) * row[c] + constant
inline void add_row(std::int64_t* vector, const std::int32_t* row, std::size_t columns,
                    std::int64_t up, std::int64_t down, std::int64_t constant = 0) noexcept {
  const auto up_bits = static_cast<std::uint64_t>(up);
  const auto down_bits = static_cast<std::uint64_t>(down);
  for (std::size_t c = 0; c < columns; ++c) {
    const auto move = static_cast<std::uint64_t>(std::int64_t{row[c]});
    const std::uint64_t part = (row[c] >= 0 ? up_bits : down_bits) * move;
    vector[c] = wrapped_sum(wrapped_sum(vector[c], constant), static_cast<std::int64_t>(part));
  }
}

// Brings the row of a Table instrument in a vector from some lots to others, and with it the reserve
// for the rounding of its integers.
inline void move_lots(std::int64_t* vector, const std::int32_t* row, std::size_t columns,
                      const InstrumentParameters& instrument, const Reachable& before,
                      const Reachable& now) noexcept {
  const auto in_fines = [&](Lots lots) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lots.raw) *
                                     static_cast<std::uint64_t>(instrument.vector_unit));
  };
  add_row(vector, row, columns, in_fines(now.low - before.low), in_fines(now.high - before.high),
          static_cast<std::int64_t>(table_reserve(instrument, before) -
                                    table_reserve(instrument, now)));
}

// low[c] = the least of column c in all lag states. `low` may be where `raw` is.
inline void fold(std::int64_t* low, const std::int64_t* raw, std::size_t columns) noexcept {
  static_assert(kLagStates == 3);
  const std::int64_t* down = raw + columns;
  const std::int64_t* up = down + columns;
  for (std::size_t c = 0; c < columns; ++c) low[c] = std::min({raw[c], down[c], up[c]});
}

// A gain that offsets other groups: rounded down, capped; a loss in full.
struct GainHaircut {
  std::uint64_t kappa = 0;  // times 2^64; not used where `full`
  bool full = true;
  std::int64_t cap = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] std::int64_t operator()(std::int64_t x) const noexcept {
    __extension__ using Unsigned128 = unsigned __int128;
    const auto gain = static_cast<std::uint64_t>(std::max<std::int64_t>(0, x));
    const auto kept = full ? gain : static_cast<std::uint64_t>(Unsigned128{gain} * kappa >> 64);
    return std::min(x, std::int64_t{0}) + std::min(static_cast<std::int64_t>(kept), cap);
  }
};

// sums[c] += sign * haircut(vector[c])
inline void add_gains(std::int64_t* sums, const std::int64_t* vector, std::size_t columns,
                      const GainHaircut& haircut, int sign) noexcept {
  for (std::size_t c = 0; c < columns; ++c) {
    const std::int64_t part = haircut(vector[c]);
    sums[c] = sign > 0 ? wrapped_sum(sums[c], part) : wrapped_difference(sums[c], part);
  }
}

// max(0, the largest loss)
inline std::int64_t worst_loss(Vector vector) noexcept {
  std::int64_t worst = 0;
  for (const std::int64_t x : vector) worst = std::min(worst, x);
  return -std::max(worst, -std::numeric_limits<std::int64_t>::max());
}

// METHOD 3.7, rounded up to a fine: the mean over the worst columns * tail of the losses, the last
// one by its part; never below 0. REQUIRES at most kColumnsMax columns.
std::int64_t expected_shortfall(Vector vector, std::int64_t tail_numerator,
                                std::int64_t tail_denominator) noexcept;

inline std::int64_t loss_of(Vector vector, const SetParameters& set) noexcept {
  return set.measure == SetMeasure::Worst
             ? worst_loss(vector)
             : expected_shortfall(vector, set.tail_numerator, set.tail_denominator);
}

}  // namespace portcullis::risk
