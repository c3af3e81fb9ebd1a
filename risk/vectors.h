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

// What is kept of a gain that offsets other groups: min(floor(gain * kappa), cap); a loss counts in full.
struct GainHaircut {
  std::uint64_t kappa = 0;  // times 2^64; not used where `full`
  bool full = true;
  std::int64_t cap = std::numeric_limits<std::int64_t>::max();
};

// The passes over columns, written once (vector_passes.h) and compiled for several kinds of processors:
// results are the same, to the bit. `out` may be where an input is; else they do not overlap.
struct VectorCode {
  const char* name;
  // out[c] = in[c] + (row[c] >= 0 ? up : down) * row[c] + constant
  void (*add_row)(std::int64_t* out, const std::int64_t* in, const std::int32_t* row,
                  std::size_t columns, std::int64_t up, std::int64_t down, std::int64_t constant);
  // sums[c] += haircut(vector[c]), and -=
  void (*add_gains)(std::int64_t* sums, const std::int64_t* vector, std::size_t columns,
                    const GainHaircut& haircut);
  void (*take_gains)(std::int64_t* sums, const std::int64_t* vector, std::size_t columns,
                     const GainHaircut& haircut);
  // out[c] = in[c] - haircut(old[c]) + haircut(now[c])
  void (*change_gains)(std::int64_t* out, const std::int64_t* in, const std::int64_t* old,
                       const std::int64_t* now, std::size_t columns, const GainHaircut& haircut);
  // low[c] = the least of column c in all lag states. `low` may be where `raw` is.
  void (*fold)(std::int64_t* low, const std::int64_t* raw, std::size_t columns);
  // The least of 0 and all columns.
  std::int64_t (*least)(const std::int64_t* vector, std::size_t columns);
  // The sum of the `whole` least columns, and the next one. REQUIRES whole < columns <= kColumnsMax.
  struct Tail {
    Int128 sum = 0;
    std::int64_t next = 0;
    bool operator==(const Tail&) const = default;
  };
  Tail (*tail)(const std::int64_t* vector, std::size_t columns, std::size_t whole);
};

// Those that this machine can run, the plainest first and the best last.
[[nodiscard]] std::span<const VectorCode* const> vector_codes() noexcept;
// The one in use: the best, chosen before main(). A test may choose another while no engine runs.
extern const VectorCode* vector_code;

// Brings the row of a Table instrument in a vector from some lots to others, and with it the reserve
// for the rounding of its integers.
inline void move_lots(std::int64_t* vector, const std::int32_t* row, std::size_t columns,
                      const InstrumentParameters& instrument, const Reachable& before,
                      const Reachable& now) noexcept {
  const auto in_fines = [&](Lots lots) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lots.raw) *
                                     static_cast<std::uint64_t>(instrument.vector_unit));
  };
  vector_code->add_row(vector, vector, row, columns, in_fines(now.low - before.low),
                       in_fines(now.high - before.high),
                       static_cast<std::int64_t>(table_reserve(instrument, before) -
                                                 table_reserve(instrument, now)));
}

// max(0, the largest loss)
inline std::int64_t worst_loss(Vector vector) noexcept {
  return -std::max(vector_code->least(vector.data(), vector.size()),
                   -std::numeric_limits<std::int64_t>::max());
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
