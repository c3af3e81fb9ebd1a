#include "config/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "config/ratio.h"

namespace portcullis::config::decimal_test {
namespace {

using enum DecimalError;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

struct Row {
  std::string_view text;
  int scale;
  std::int64_t value;
  DecimalError error;
};

TEST(Decimal, ReadsExactlyWhatIsWritten) {
  const std::vector<Row> rows{
      {"0", 0, 0, None},
      {"-0", 4, 0, None},
      {"0.000", 2, 0, None},
      {"1", 6, 1'000'000, None},
      {"0.1", 1, 1, None},
      {"0.1", 18, 100'000'000'000'000'000, None},
      {"0.3", 1, 3, None},
      {"64250.5", 4, 642'505'000, None},
      {"-64250.50000", 1, -642'505, None},
      {"007.500", 1, 75, None},
      {"0.00000001", 8, 1, None},
      {"92233720368.54775807", 8, kMax, None},
      {"9223372036854775807", 0, kMax, None},
      {"-9223372036854775808", 0, kMin, None},
      {"-9.223372036854775808", 18, kMin, None},
      // More digits than 64 bits hold, but zeros.
      {"00000000000000000000000000000012.3400000000000000000000000", 2, 1'234, None},
      {"", 2, 0, Empty},
      {"-", 2, 0, NotANumber},
      {".", 2, 0, NotANumber},
      {".5", 2, 0, NotANumber},
      {"5.", 2, 0, NotANumber},
      {"+5", 2, 0, NotANumber},
      {" 5", 2, 0, NotANumber},
      {"5 ", 2, 0, NotANumber},
      {"5,0", 2, 0, NotANumber},
      {"1_000", 2, 0, NotANumber},
      {"--5", 2, 0, NotANumber},
      {"5.0.0", 2, 0, NotANumber},
      {"0x10", 2, 0, NotANumber},
      {"1e3", 2, 0, NotANumber},
      {"nan", 2, 0, NotANumber},
      {"inf", 2, 0, NotANumber},
      {std::string_view("1\0", 2), 2, 0, NotANumber},
      {"\xD9\xA1", 0, 0, NotANumber},  // an Arabic digit
      {"0.001", 2, 0, TooManyDigits},
      {"1.239", 2, 123, TooManyDigits},
      {"-1.239", 2, -123, TooManyDigits},
      {"1.000000000000000000000000001", 2, 100, TooManyDigits},
      {"9223372036854775808", 0, 0, OutOfRange},
      {"-9223372036854775809", 0, 0, OutOfRange},
      {"92233720368547758.08", 2, 0, OutOfRange},
      {"9223372036854775807", 1, 0, OutOfRange},
      {"99999999999999999999999999999999", 0, 0, OutOfRange},
      {"10", 18, 0, OutOfRange},
      {std::string_view("11111111111111111111111111111111111111111111111111111111111111111"), 0, 0,
       OutOfRange},
  };
  for (const Row& row : rows) {
    const Decimal decimal = parse_decimal(row.text, row.scale);
    EXPECT_EQ(decimal.value, row.value) << row.text << " at " << row.scale;
    EXPECT_EQ(decimal.error, row.error) << row.text << " at " << row.scale;
  }
}

TEST(Decimal, ReadsTheNumbersOfJson) {
  const std::vector<Row> rows{
      {"0", 2, 0, None},
      {"2973.55", 2, 297'355, None},
      {"6.4e4", 0, 64'000, None},
      {"1E+2", 1, 1'000, None},
      {"1.5e-3", 4, 15, None},
      {"-6.26e-11", 13, -626, None},
      {"1500e-3", 1, 15, None},
      {"1e-19", 18, 0, TooManyDigits},
      {"0e99999999999999999999", 2, 0, None},
      {"1e99999999999999999999", 2, 0, OutOfRange},
      {"1e-99999999999999999999", 2, 0, TooManyDigits},
      {"007", 2, 0, NotANumber},
      {"1e", 2, 0, NotANumber},
      {"1e+", 2, 0, NotANumber},
      {"1e5.0", 2, 0, NotANumber},
      {"e5", 2, 0, NotANumber},
      {"\"5\"", 2, 0, NotANumber},
  };
  for (const Row& row : rows) {
    const Decimal decimal = parse_json_number(row.text, row.scale);
    EXPECT_EQ(decimal.value, row.value) << row.text << " at " << row.scale;
    EXPECT_EQ(decimal.error, row.error) << row.text << " at " << row.scale;
  }
}

TEST(Decimal, WritesTheShortestText) {
  EXPECT_EQ(to_decimal(0, 0), "0");
  EXPECT_EQ(to_decimal(0, 18), "0");
  EXPECT_EQ(to_decimal(100, 2), "1");
  EXPECT_EQ(to_decimal(150, 2), "1.5");
  EXPECT_EQ(to_decimal(1, 8), "0.00000001");
  EXPECT_EQ(to_decimal(-1, 2), "-0.01");
  EXPECT_EQ(to_decimal(kMax, 0), "9223372036854775807");
  EXPECT_EQ(to_decimal(kMin, 18), "-9.223372036854775808");
  EXPECT_EQ(to_decimal(risk::Int128{1} << 100, 0), "1267650600228229401496703205376");
  EXPECT_EQ(to_decimal(-(risk::Int128{1} << 100), 3), "-1267650600228229401496703205.376");
}

TEST(Decimal, EveryErrorIsDescribed) {
  for (const DecimalError error : {None, Empty, NotANumber, TooManyDigits, OutOfRange}) {
    EXPECT_FALSE(describe(error).empty());
  }
}

TEST(Ratio, ReadsDecimalsAndFractionsInLowestTerms) {
  EXPECT_EQ(parse_ratio("1"), (Ratio{1, 1}));
  EXPECT_EQ(parse_ratio("0.001"), (Ratio{1, 1'000}));
  EXPECT_EQ(parse_ratio("5.10"), (Ratio{51, 10}));
  EXPECT_EQ(parse_ratio("1/32"), (Ratio{1, 32}));
  EXPECT_EQ(parse_ratio("10/4"), (Ratio{5, 2}));
  EXPECT_EQ(parse_ratio("0.5/0.125"), (Ratio{4, 1}));
  for (const std::string_view wrong : {"", "0", "-1", "1/0", "0/1", "1/", "/2", "1/2/3", "x", "1e3",
                                       "0.0000000000000000001", "99999999999999999999"}) {
    EXPECT_EQ(parse_ratio(wrong), std::nullopt) << wrong;
  }
}

TEST(Ratio, MultipliesAndDividesExactlyOrNotAtAll) {
  EXPECT_EQ(parse_ratio("2/3") * parse_ratio("3/4"), (Ratio{1, 2}));
  EXPECT_EQ(parse_ratio("2/3") / parse_ratio("4/3"), (Ratio{1, 2}));
  EXPECT_EQ(power_of_ten(20) * power_of_ten(19), std::nullopt);
  EXPECT_EQ(power_of_ten(30) * power_of_ten(-30), (Ratio{1, 1}));
  EXPECT_EQ(power_of_ten(-37), std::nullopt);
  EXPECT_EQ(std::optional<Ratio>() * power_of_ten(0), std::nullopt);
  EXPECT_EQ(power_of_ten(0) / std::optional<Ratio>(), std::nullopt);
}

TEST(Ratio, KnowsWholeNumbers) {
  EXPECT_EQ((Ratio{5, 1}).whole(), 5);
  EXPECT_EQ((Ratio{5, 2}).whole(), std::nullopt);
  EXPECT_EQ((Ratio{risk::Int128{kMax} + 1, 1}).whole(), std::nullopt);
  EXPECT_EQ(to_text(Ratio{5, 1}), "5");
  EXPECT_EQ(to_text(Ratio{1, 20}), "1/20");
}

}  // namespace
}  // namespace portcullis::config::decimal_test
