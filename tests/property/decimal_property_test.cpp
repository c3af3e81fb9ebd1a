// Decimal text against arithmetic on long digit strings: slow, obvious, and without integers.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "config/decimal.h"
#include "tests/support/seed.h"

namespace portcullis::config::decimal_property_test {
namespace {

// What text * 10^shift is, as digits without leading zeros, or "fraction" when it is not whole.
std::string shifted(std::string whole, std::string fraction, int shift) {
  for (; shift > 0; --shift) {
    whole += fraction.empty() ? '0' : fraction.front();
    if (!fraction.empty()) fraction.erase(0, 1);
  }
  for (; shift < 0; ++shift) {
    fraction.insert(fraction.begin(), whole.empty() ? '0' : whole.back());
    if (!whole.empty()) whole.pop_back();
  }
  if (fraction.find_first_not_of('0') != std::string::npos) return "fraction";
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  return whole.empty() ? "0" : whole;
}

// Digit strings compare like numbers when they are equally long.
bool fits(const std::string& digits, bool negative) {
  const std::string limit = negative ? "9223372036854775808" : "9223372036854775807";
  return digits.size() < limit.size() || (digits.size() == limit.size() && digits <= limit);
}

TEST(DecimalProperty, AgreesWithDigitStrings) {
  std::mt19937_64 random(test::seed());
  const auto digits = [&](std::size_t count) {
    std::string text;
    // Often nines, zeros and the digits of the limits: the edges are there.
    constexpr std::string_view kEdge = "9223372036854775808";
    const auto kind = random() % 4;
    for (std::size_t i = 0; i < count; ++i) {
      if (kind == 0)
        text += kEdge[i % kEdge.size()];
      else if (kind == 1)
        text += random() % 3 == 0 ? '9' : '0';
      else
        text += static_cast<char>('0' + random() % 10);
    }
    return text;
  };
  int agreed = 0;
  int exactly = 0;
  for (int i = 0; i < 300'000; ++i) {
    const bool negative = random() % 2 == 0;
    const std::string whole = digits(1 + random() % 22);
    const std::string fraction = digits(random() % 22);
    const int scale = static_cast<int>(random() % 19);
    const bool json = random() % 2 == 0;
    const int exponent = json ? static_cast<int>(random() % 41) - 20 : 0;
    std::string text = (negative ? "-" : "") + whole;
    if (!fraction.empty()) text.append(".").append(fraction);
    if (json && exponent != 0) text.append("e").append(std::to_string(exponent));
    const bool leading_zero = whole.size() > 1 && whole.front() == '0';
    const Decimal decimal = json ? parse_json_number(text, scale) : parse_decimal(text, scale);
    const ExactResult exact = parse_exact(text, json);
    if (json && leading_zero) {
      ASSERT_EQ(decimal.error, DecimalError::NotANumber) << text;
      ASSERT_EQ(exact.error, DecimalError::NotANumber) << text;
      continue;
    }
    // At its own scale it is the same number, unless its digits alone are too many.
    if (exact.ok()) {
      const Decimal same = at_scale(exact.number, scale);
      ASSERT_EQ(same.value, decimal.value) << text << " at " << scale;
      ASSERT_EQ(same.error, decimal.error) << text << " at " << scale;
      ++exactly;
    } else {
      ASSERT_EQ(exact.error, DecimalError::OutOfRange) << text;
      ASSERT_GT(whole.size() + fraction.size() + static_cast<std::size_t>(std::max(exponent, 0)),
                18U)
          << text;
    }
    const std::string expected = shifted(whole, fraction, scale + exponent);
    if (expected == "fraction") {
      ASSERT_FALSE(decimal.ok()) << text << " at " << scale;
    } else if (!fits(expected, negative)) {
      ASSERT_EQ(decimal.error, DecimalError::OutOfRange) << text << " at " << scale;
    } else {
      ASSERT_TRUE(decimal.ok()) << text << " at " << scale;
      const std::string sign = negative && expected != "0" ? "-" : "";
      ASSERT_EQ(std::to_string(decimal.value), sign + expected) << text << " at " << scale;
      ++agreed;
    }
  }
  EXPECT_GT(agreed, 10'000);
  EXPECT_GT(exactly, 10'000);
}

TEST(DecimalProperty, TextAndBackIsTheSame) {
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 300'000; ++i) {
    const auto digits = static_cast<std::int64_t>(random() >> (random() % 64));
    const std::int64_t value = random() % 2 == 0 ? digits : -digits;
    const int scale = static_cast<int>(random() % 19);
    const std::string text = to_decimal(value, scale);
    const Decimal decimal = parse_decimal(text, scale);
    ASSERT_TRUE(decimal.ok()) << text;
    ASSERT_EQ(decimal.value, value) << text;
    // Shortest: one place less does not hold it.
    if (const auto point = text.find('.'); point != std::string::npos) {
      const int places = static_cast<int>(text.size() - point - 1);
      ASSERT_EQ(parse_decimal(text, places - 1).error, DecimalError::TooManyDigits) << text;
    }
  }
}

}  // namespace
}  // namespace portcullis::config::decimal_property_test
