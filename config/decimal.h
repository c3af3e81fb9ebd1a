// Exact decimal text <-> integers. The one way from text to money, quantities and prices, for
// configuration, feeds and text protocols alike: no floating point, nothing rounded, no allocation
// on the way in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "risk/types.h"

namespace portcullis::config {

enum class DecimalError : std::uint8_t {
  None,
  Empty,
  NotANumber,     // not [-]digits[.digits]; no sign +, no spaces, no bare point
  TooManyDigits,  // finer than the scale: a digit other than 0 behind the last place
  OutOfRange,     // does not fit 64 bits, or more than kDecimalTextMax characters
};
inline constexpr std::size_t kDecimalTextMax = 64;
inline constexpr int kDecimalScaleMax = 18;
inline constexpr int kPpmScale = 6;    // a share as decimal text -> ppm
inline constexpr int kFinesScale = 6;  // a fine is 1e-6 quanta

// "is empty", "is not a number", ...: for messages.
[[nodiscard]] std::string_view describe(DecimalError error);

struct Decimal {
  // text * 10^scale. With TooManyDigits that number cut off towards zero, for callers that may
  // round (a feed's price); otherwise 0 when there is an error.
  std::int64_t value = 0;
  DecimalError error = DecimalError::None;
  [[nodiscard]] bool ok() const { return error == DecimalError::None; }
};

// REQUIRES: 0 <= scale <= kDecimalScaleMax, for all of these. Leading and trailing zeros do not
// matter: "007.500" at scale 1 is 75.
[[nodiscard]] Decimal parse_decimal(std::string_view text, int scale) noexcept;

// The same for a number as JSON writes it: no leading zeros, and an exponent may follow ("1.5e-3").
[[nodiscard]] Decimal parse_json_number(std::string_view text, int scale) noexcept;

// Whether it is such a number, of whatever length and size.
[[nodiscard]] bool is_json_number(std::string_view text) noexcept;

// The shortest text that parses to `value` at `scale`: no trailing zeros behind the point.
[[nodiscard]] std::string to_decimal(risk::Int128 value, int scale);

// A number at its own scale: digits * 10^-scale, the scale as small as can be and never negative, so
// that equal numbers are equal here. For numbers whose units are not known when they are read.
struct ExactDecimal {
  std::int64_t digits = 0;
  std::int32_t scale = 0;
  friend bool operator==(const ExactDecimal&, const ExactDecimal&) = default;
};
inline constexpr int kExactScaleMax = 60;

struct ExactResult {
  ExactDecimal number;
  DecimalError error = DecimalError::None;  // never TooManyDigits
  [[nodiscard]] bool ok() const { return error == DecimalError::None; }
};

// Decimal text, which an exponent may follow. With `json` as JSON writes it: no leading zeros.
// OutOfRange: its digits do not fit 64 bits, or reach further behind the point than kExactScaleMax.
[[nodiscard]] ExactResult parse_exact(std::string_view text, bool json) noexcept;

// In units of 10^-scale, with the errors of parse_decimal. REQUIRES: scale as there.
[[nodiscard]] Decimal at_scale(const ExactDecimal& number, int scale) noexcept;

[[nodiscard]] std::string to_decimal(const ExactDecimal& number);

}  // namespace portcullis::config
