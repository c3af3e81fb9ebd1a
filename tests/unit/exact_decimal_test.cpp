// Decimals at their own scale.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "config/decimal.h"

namespace portcullis::config::exact_decimal_test {
namespace {

using enum DecimalError;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(ExactDecimal, HasOneFormForEachNumber) {
  struct Row {
    std::string_view text;
    bool json;
    std::int64_t digits;
    int scale;
  };
  for (const Row& row : std::vector<Row>{
           {"0", true, 0, 0},
           {"-0.000", true, 0, 0},
           {"0e-99", true, 0, 0},
           {"1500", true, 1'500, 0},
           {"1500.00", true, 1'500, 0},
           {"15e2", true, 1'500, 0},
           {"0.00150", true, 15, 4},
           {"1.5e-3", true, 15, 4},
           {"150E-5", true, 15, 4},
           {"-11794.15000000", true, -1'179'415, 2},
           {"007.50", false, 75, 1},
           {"1e-7", false, 1, 7},
           {"9223372036854775807", true, kMax, 0},
           {"-9223372036854775807", true, -kMax, 0},
           {"9223372036854775807e-60", true, kMax, 60},
           {"2.220446049250313e-16", true, 2'220'446'049'250'313, 31},
           {"1000000000000000000", true, 1'000'000'000'000'000'000, 0},
           {"0.000000000000000000000000000000000000000000000000000001", true, 1, 54},
       }) {
    const ExactResult result = parse_exact(row.text, row.json);
    EXPECT_EQ(result.error, None) << row.text;
    EXPECT_EQ(result.number.digits, row.digits) << row.text;
    EXPECT_EQ(result.number.scale, row.scale) << row.text;
  }
}

TEST(ExactDecimal, RefusesWhatItDoesNotHold) {
  struct Row {
    std::string_view text;
    bool json;
    DecimalError error;
  };
  for (const Row& row : std::vector<Row>{
           {"", true, Empty},
           {"-", true, NotANumber},
           {"007.5", true, NotANumber},
           {"+7", false, NotANumber},
           {"7.", false, NotANumber},
           {"1e", false, NotANumber},
           {"NaN", false, NotANumber},
           {" 1", false, NotANumber},
           {"9223372036854775808", true, OutOfRange},
           {"-9223372036854775808", true, OutOfRange},  // its magnitude is one too many
           {"0.9223372036854775808", true, OutOfRange},
           {"1e19", true, OutOfRange},
           {"10000000000000000000", true, OutOfRange},
           {"1e99999999999999999999", true, OutOfRange},
           {"1e-61", true, OutOfRange},
           {"1e-99999999999999999999", true, OutOfRange},
           {"11111111111111111111111111111111111111111111111111111111111111111", true, OutOfRange},
       }) {
    EXPECT_EQ(parse_exact(row.text, row.json).error, row.error) << row.text;
  }
}

TEST(ExactDecimal, GoesToUnits) {
  EXPECT_EQ(at_scale({15, 1}, 3).value, 1'500);
  EXPECT_EQ(at_scale({-15, 1}, 1).value, -15);
  EXPECT_EQ(at_scale({0, 0}, 18).value, 0);
  EXPECT_TRUE(at_scale({15, 1}, 3).ok());
  const Decimal cut = at_scale({-1'259, 3}, 1);
  EXPECT_EQ(cut.value, -12);
  EXPECT_EQ(cut.error, TooManyDigits);
  EXPECT_EQ(at_scale({1, 60}, 0).error, TooManyDigits);
  EXPECT_EQ(at_scale({kMax, 0}, 1).error, OutOfRange);
  EXPECT_EQ(at_scale({kMax, 0}, 1).value, 0);
}

TEST(ExactDecimal, IsWrittenShortest) {
  EXPECT_EQ(to_decimal(ExactDecimal{15, 4}), "0.0015");
  EXPECT_EQ(to_decimal(ExactDecimal{-1'500, 0}), "-1500");
  EXPECT_EQ(to_decimal(ExactDecimal{1, 60}), "0." + std::string(59, '0') + "1");
}

}  // namespace
}  // namespace portcullis::config::exact_decimal_test
