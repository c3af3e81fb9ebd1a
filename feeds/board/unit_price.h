// From a source's decimal price to the integer unit of a reference.
#pragma once

#include <cstdint>

#include "config/decimal.h"
#include "config/price_references.h"
#include "config/ratio.h"

namespace portcullis::feeds {

struct UnitPrice {
  std::int64_t value = 0;
  bool rounded = false;       // half away from zero; otherwise it is exact
  bool out_of_range = false;  // it does not fit 64 bits, or the way to it not 128; the value is 0
  friend bool operator==(const UnitPrice&, const UnitPrice&) = default;
};

// number * multiplier, in units of 10^-decimals. REQUIRES: multiplier of numbers up to
// config::kMultiplierMax, 0 <= decimals <= config::kDecimalScaleMax.
[[nodiscard]] UnitPrice unit_price(const config::ExactDecimal& number,
                                   const config::Ratio& multiplier, int decimals) noexcept;

// The same of (bid + ask) / 2, rounded once.
[[nodiscard]] UnitPrice unit_mid(const config::ExactDecimal& bid, const config::ExactDecimal& ask,
                                 const config::Ratio& multiplier, int decimals) noexcept;

[[nodiscard]] bool is_less(const config::ExactDecimal& a, const config::ExactDecimal& b) noexcept;

}  // namespace portcullis::feeds
