// The model's arithmetic: products are exact, and one that leaves 128 bits stops the test instead
// of wrapping.
#pragma once

#include "risk/types.h"

namespace portcullis::support {

using risk::Int128;

// Funding is told in parts of a settlement unit.
inline constexpr std::int64_t kFundingParts = 1'000'000'000;

inline Int128 times(Int128 a, Int128 b) {
  Int128 product = 0;
  PORTCULLIS_ASSERT(!__builtin_mul_overflow(a, b, &product));
  return product;
}
template <class... Rest>
Int128 times(Int128 a, Int128 b, Rest... rest) {
  return times(times(a, b), rest...);
}

inline Int128 magnitude(Int128 a) { return a < 0 ? -a : a; }

// floor(a * b / d) for 0 <= a < 2^126, b >= 0 and 0 < d < 2^125, by long multiplication: exact even where a * b
// leaves 128 bits. `exact` tells whether nothing was left over.
inline Int128 product_over(Int128 a, Int128 b, Int128 d, bool& exact) {
  PORTCULLIS_ASSERT(a >= 0 && a < Int128{1} << 126 && b >= 0 && d > 0 && d < Int128{1} << 125);
  Int128 quotient = 0;
  Int128 rest = 0;
  for (int bit = 126; bit >= 0; --bit) {
    PORTCULLIS_ASSERT(quotient < Int128{1} << 125);
    const bool set = (b >> bit & 1) != 0;
    quotient = 2 * quotient + (set ? a / d : 0);
    rest = 2 * rest + (set ? a % d : 0);
    quotient += rest / d;
    rest %= d;
  }
  exact = rest == 0;
  return quotient;
}
inline Int128 floor_of(Int128 a, Int128 b, Int128 d) {
  bool exact = false;
  const Int128 quotient = product_over(magnitude(a), b, d, exact);
  return a >= 0 ? quotient : exact ? -quotient : -quotient - 1;
}
inline Int128 ceil_of(Int128 a, Int128 b, Int128 d) { return -floor_of(-a, b, d); }

}  // namespace portcullis::support
