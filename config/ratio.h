// Exact positive fractions, for scales and unit conversions while a configuration is loaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "risk/types.h"

namespace portcullis::config {

// numerator / denominator in lowest terms, both positive. Operations whose result does not fit are
// none, as are operations on none: a chain of them is checked once, at its end.
struct Ratio {
  risk::Int128 numerator = 1;
  risk::Int128 denominator = 1;
  friend bool operator==(const Ratio&, const Ratio&) = default;

  // A positive whole number that fits 64 bits, or none.
  [[nodiscard]] std::optional<std::int64_t> whole() const;
};

// From positive decimal text with at most 18 digits on either side of the point ("0.001"), or from
// two such texts ("1/32"); none for anything else.
[[nodiscard]] std::optional<Ratio> parse_ratio(std::string_view text);
// 10^exponent, for -36 <= exponent <= 36.
[[nodiscard]] std::optional<Ratio> power_of_ten(int exponent);

[[nodiscard]] std::optional<Ratio> operator*(const std::optional<Ratio>& a,
                                             const std::optional<Ratio>& b);
[[nodiscard]] std::optional<Ratio> operator/(const std::optional<Ratio>& a,
                                             const std::optional<Ratio>& b);

// "5", "1/20": for messages.
[[nodiscard]] std::string to_text(const Ratio& ratio);

}  // namespace portcullis::config
