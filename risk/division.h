// Division by a number that stays, exact, without a division instruction: an estimate by the number's
// inverse, which is put right.
#pragma once

#include <bit>
#include <cstdint>

#include "risk/types.h"

namespace portcullis::risk {

__extension__ using Unsigned128 = unsigned __int128;

class Divisor {
 public:
  // REQUIRES 0 < by <= 2^62.
  constexpr explicit Divisor(std::int64_t by)
      : by_(static_cast<std::uint64_t>(by)),
        shift_(static_cast<std::int64_t>(std::bit_width(by_)) - 1),
        inverse_(static_cast<std::uint64_t>(((Unsigned128{1} << (64 + shift_)) - 1) / by_)) {}

  // floor_div(a, by) and ceil_div(a, by).
  [[nodiscard]] constexpr Int128 floor(Int128 a) const noexcept { return rounded(a, false); }
  [[nodiscard]] constexpr Int128 ceil(Int128 a) const noexcept { return rounded(a, true); }

 private:
  // To the side of 0 that is asked for.
  [[nodiscard]] constexpr Int128 rounded(Int128 a, bool up) const noexcept {
    const bool is_negative = a < 0;
    const Unsigned128 amount =
        is_negative ? Unsigned128{0} - static_cast<Unsigned128>(a) : static_cast<Unsigned128>(a);
    Unsigned128 quotient = 0;
    Unsigned128 rest = 0;
    const Unsigned128 leading = amount >> shift_;
    if (leading >> 64 == 0) [[likely]] {
      // At most 3 too low.
      quotient = leading * inverse_ >> 64;
      rest = amount - quotient * by_;
      while (rest >= by_) rest -= by_, ++quotient;
    } else {
      quotient = amount / by_;
      rest = amount - quotient * by_;
    }
    if (rest != 0 && up != is_negative) ++quotient;  // away from 0
    return static_cast<Int128>(is_negative ? Unsigned128{0} - quotient : quotient);
  }

  std::uint64_t by_;
  std::int64_t shift_;
  std::uint64_t inverse_;  // 2^(64 + shift) / by, rounded down
};

// By a million.
inline constexpr Divisor kByPpm{kPpm};

}  // namespace portcullis::risk
