#include "config/ratio.h"

#include <limits>
#include <utility>

#include "config/decimal.h"

namespace portcullis::config {

namespace {

using risk::Int128;

Int128 greatest_common_divisor(Int128 a, Int128 b) {
  while (b != 0) {
    a %= b;
    std::swap(a, b);
  }
  return a;
}

std::optional<Ratio> parse_decimal_ratio(std::string_view text) {
  const Decimal decimal = parse_decimal(text, 0);
  if (decimal.ok()) {
    if (decimal.value <= 0) return std::nullopt;
    return Ratio{decimal.value, 1};
  }
  if (decimal.error != DecimalError::TooManyDigits) return std::nullopt;
  const auto places = static_cast<int>(text.size() - text.find('.') - 1);
  if (places > kDecimalScaleMax) return std::nullopt;
  // The digits without the point are the numerator.
  std::string digits(text);
  digits.erase(digits.find('.'), 1);
  const Decimal numerator = parse_decimal(digits, 0);
  if (!numerator.ok() || numerator.value <= 0) return std::nullopt;
  return std::optional(Ratio{numerator.value, 1}) * power_of_ten(-places);
}

}  // namespace

std::optional<std::int64_t> Ratio::whole() const {
  if (denominator != 1 || numerator > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(numerator);
}

std::optional<Ratio> parse_ratio(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return parse_decimal_ratio(text);
  return parse_decimal_ratio(text.substr(0, slash)) / parse_decimal_ratio(text.substr(slash + 1));
}

std::optional<Ratio> power_of_ten(int exponent) {
  if (exponent < -36 || exponent > 36) return std::nullopt;
  Int128 power = 1;
  for (int i = 0; i < (exponent < 0 ? -exponent : exponent); ++i) power *= 10;
  return exponent < 0 ? Ratio{1, power} : Ratio{power, 1};
}

std::optional<Ratio> operator*(const std::optional<Ratio>& a, const std::optional<Ratio>& b) {
  if (!a || !b) return std::nullopt;
  // Cancelled crosswise first, so that only a result that does not fit overflows.
  const Int128 first = greatest_common_divisor(a->numerator, b->denominator);
  const Int128 second = greatest_common_divisor(b->numerator, a->denominator);
  Ratio product;
  if (__builtin_mul_overflow(a->numerator / first, b->numerator / second, &product.numerator) ||
      __builtin_mul_overflow(a->denominator / second, b->denominator / first,
                             &product.denominator)) {
    return std::nullopt;
  }
  return product;
}

std::optional<Ratio> operator/(const std::optional<Ratio>& a, const std::optional<Ratio>& b) {
  if (!b) return std::nullopt;
  return a * std::optional<Ratio>(Ratio{b->denominator, b->numerator});
}

std::string to_text(const Ratio& ratio) {
  std::string text = to_decimal(ratio.numerator, 0);
  // Appended in two steps: GCC 12 warns falsely (-Wrestrict) about "/" + a string.
  if (ratio.denominator != 1) text.append("/").append(to_decimal(ratio.denominator, 0));
  return text;
}

}  // namespace portcullis::config
