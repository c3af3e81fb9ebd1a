#include "feeds/board/unit_price.h"

#include <algorithm>
#include <limits>

namespace portcullis::feeds {

namespace {

using config::ExactDecimal;
using risk::Int128;

// value * 10^power; false when that does not fit.
bool times_power(Int128& value, int power) {
  for (int i = 0; i < power; ++i) {
    if (__builtin_mul_overflow(value, Int128{10}, &value)) return false;
  }
  return true;
}

constexpr UnitPrice kOutOfRange{.value = 0, .rounded = false, .out_of_range = true};

// digits * 10^-scale * multiplier / parts.
UnitPrice convert(Int128 digits, int scale, int parts, const config::Ratio& multiplier,
                  int decimals) {
  Int128 numerator = digits;
  Int128 denominator = multiplier.denominator * parts;
  if (__builtin_mul_overflow(numerator, multiplier.numerator, &numerator) ||
      !times_power(numerator, decimals - scale) || !times_power(denominator, scale - decimals)) {
    return kOutOfRange;
  }
  const Int128 quotient = risk::nearest_div(numerator, denominator);
  if (quotient > std::numeric_limits<std::int64_t>::max() ||
      quotient < std::numeric_limits<std::int64_t>::min()) {
    return kOutOfRange;
  }
  return {static_cast<std::int64_t>(quotient), numerator % denominator != 0, false};
}

}  // namespace

UnitPrice unit_price(const ExactDecimal& number, const config::Ratio& multiplier,
                     int decimals) noexcept {
  return convert(number.digits, number.scale, 1, multiplier, decimals);
}

UnitPrice unit_mid(const ExactDecimal& bid, const ExactDecimal& ask,
                   const config::Ratio& multiplier, int decimals) noexcept {
  const int scale = std::max(bid.scale, ask.scale);
  Int128 low = bid.digits;
  Int128 high = ask.digits;
  if (!times_power(low, scale - bid.scale) || !times_power(high, scale - ask.scale) ||
      __builtin_add_overflow(low, high, &low)) {
    return kOutOfRange;
  }
  return convert(low, scale, 2, multiplier, decimals);
}

bool is_less(const ExactDecimal& a, const ExactDecimal& b) noexcept {
  const int scale = std::max(a.scale, b.scale);
  Int128 left = a.digits;
  Int128 right = b.digits;
  // Of the two only one is scaled up; what does not fit is further from zero than the other.
  if (!times_power(left, scale - a.scale)) return a.digits < 0;
  if (!times_power(right, scale - b.scale)) return b.digits > 0;
  return left < right;
}

}  // namespace portcullis::feeds
