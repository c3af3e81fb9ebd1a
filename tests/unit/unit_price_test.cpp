// From a source's decimals to our units: exact, or rounded half away from zero, or out of range; and
// the same as with integers that have no end.
#include "feeds/board/unit_price.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <limits>
#include <random>

#include "tests/support/seed.h"

namespace portcullis::feeds::unit_price_test {
namespace {

using config::ExactDecimal;
using config::Ratio;
using Big = boost::multiprecision::cpp_int;

ExactDecimal number(std::string_view text) {
  const config::ExactResult result = config::parse_exact(text, false);
  EXPECT_TRUE(result.ok()) << text;
  return result.number;
}

TEST(UnitPrice, IsExactWhereItCanBe) {
  struct Row {
    std::string_view number;
    Ratio multiplier;
    int decimals;
    UnitPrice expected;
  };
  constexpr Ratio kOne{1, 1};
  for (const Row& row : std::initializer_list<Row>{
           {"60000.5", kOne, 1, {600'005, false, false}},
           {"60000.5", kOne, 3, {60'000'500, false, false}},
           {"0.00000001", kOne, 8, {1, false, false}},
           {"60000.5", kOne, 0, {60'001, true, false}},  // half away from zero
           {"-60000.5", kOne, 0, {-60'001, true, false}},
           {"60000.49", kOne, 0, {60'000, true, false}},
           {"0.0004", kOne, 3, {0, true, false}},
           {"100", {1, 3}, 0, {33, true, false}},
           {"99", {1, 3}, 0, {33, false, false}},
           {"0.5", {1'000, 1}, 0, {500, false, false}},
           {"9223372036854775807", kOne, 0, {9'223'372'036'854'775'807, false, false}},
           {"9223372036854775807", kOne, 1, {0, false, true}},
           {"9223372036854775807", {10, 1}, 0, {0, false, true}},
           {"9223372036854775807", {1'000'000'000, 1}, 12, {0, false, true}},
           {"1e-40", kOne, 0, {0, false, true}},
       }) {
    EXPECT_EQ(unit_price(number(row.number), row.multiplier, row.decimals), row.expected)
        << row.number << " " << config::to_text(row.multiplier) << " " << row.decimals;
  }
}

TEST(UnitPrice, OfBidAndAskIsRoundedOnce) {
  const Ratio one{1, 1};
  EXPECT_EQ(unit_mid(number("100"), number("101"), one, 1), (UnitPrice{1'005, false, false}));
  EXPECT_EQ(unit_mid(number("100"), number("101"), one, 0), (UnitPrice{101, true, false}));
  EXPECT_EQ(unit_mid(number("0.1"), number("0.00003"), one, 6), (UnitPrice{50'015, false, false}));
  EXPECT_EQ(unit_mid(number("9223372036854775807"), number("9223372036854775807"), one, 0),
            (UnitPrice{9'223'372'036'854'775'807, false, false}));
  EXPECT_EQ(unit_mid(number("9223372036854775807"), number("1e-40"), one, 0),
            (UnitPrice{0, false, true}));
}

Big power(int exponent) {
  return boost::multiprecision::pow(Big(10), static_cast<unsigned>(exponent));
}

ExactDecimal random_number(std::mt19937_64& random) {
  const int bits = static_cast<int>(random() % 63) + 1;
  const auto digits = static_cast<std::int64_t>(random() >> (64 - bits));
  return {random() % 2 == 0 ? digits : -digits, static_cast<std::int32_t>(random() % 20)};
}

// numerator / denominator, as far as `got` says.
void expect_rounded(const UnitPrice& got, const Big& numerator, const Big& denominator) {
  const Big magnitude = numerator < 0 ? Big(-numerator) : numerator;
  Big expected = (2 * magnitude + denominator) / (2 * denominator);
  if (numerator < 0) expected = -expected;
  const bool fits = expected <= std::numeric_limits<std::int64_t>::max() &&
                    expected >= std::numeric_limits<std::int64_t>::min();
  if (got.out_of_range) {
    // Also where only the way there is too long: not for any price and unit of a market.
    EXPECT_TRUE(!fits || magnitude > (Big(1) << 126) || denominator > (Big(1) << 120));
    return;
  }
  EXPECT_EQ(Big(got.value), expected);
  EXPECT_EQ(got.rounded, magnitude % denominator != 0);
}

TEST(UnitPrice, IsThatOfIntegersWithoutEnd) {
  std::mt19937_64 random(test::seed());
  int in_range = 0;
  for (int i = 0; i < 20'000; ++i) {
    const ExactDecimal a = random_number(random);
    const ExactDecimal b = random_number(random);
    const int decimals = static_cast<int>(random() % 13);
    const Ratio multiplier{static_cast<std::int64_t>(random() % config::kMultiplierMax) + 1,
                           static_cast<std::int64_t>(random() % config::kMultiplierMax) + 1};
    const Big numerator(static_cast<std::int64_t>(multiplier.numerator));
    const Big denominator(static_cast<std::int64_t>(multiplier.denominator));
    const UnitPrice one = unit_price(a, multiplier, decimals);
    expect_rounded(one, a.digits * numerator * power(decimals), power(a.scale) * denominator);
    in_range += one.out_of_range ? 0 : 1;
    const Big left = a.digits * power(b.scale);
    const Big right = b.digits * power(a.scale);
    expect_rounded(unit_mid(a, b, multiplier, decimals),
                   (left + right) * numerator * power(decimals),
                   power(a.scale + b.scale) * denominator * 2);
    EXPECT_EQ(is_less(a, b), left < right);
  }
  EXPECT_GT(in_range, 10'000);
}

}  // namespace
}  // namespace portcullis::feeds::unit_price_test
