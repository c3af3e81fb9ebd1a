#include "feeds/calibration/tail.h"

#include <gtest/gtest.h>

#include <cmath>

#include "feeds/calibration/dependence.h"
#include "feeds/calibration/volatility.h"

namespace portcullis::feeds::calibration::calibration_tail_test {
namespace {

using Values = std::vector<double>;

const Values kReturns{0.01, -0.05, 0.02, -0.10, 0.03, -0.02, 0.00, 0.04, -0.01, 0.05};

TEST(CalibrationTail, LossesAreOfOneSideTheWorstFirst) {
  EXPECT_EQ(losses_of({0.5, -0.25, 0}, Side::Down), (Values{0.25, 0, -0.5}));
  EXPECT_EQ(losses_of({0.5, -0.25, 0}, Side::Up), (Values{0.5, 0, -0.25}));
}

// By hand: losses 10, 5, 2, 1, 0, -1, ... percent.
TEST(CalibrationTail, IsTheMeanOfTheWorstWithTheirFraction) {
  const Values losses = losses_of(kReturns, Side::Down);
  const auto es = [&](std::int64_t tail) { return expected_shortfall(losses, tail); };
  const auto var = [&](std::int64_t tail) { return value_at_risk(losses, tail); };
  EXPECT_DOUBLE_EQ(es(200'000), (0.10 + 0.05) / 2);
  EXPECT_DOUBLE_EQ(var(200'000), 0.02);  // two of ten are worse
  EXPECT_DOUBLE_EQ(es(250'000), (0.10 + 0.05 + 0.5 * 0.02) / 2.5);
  EXPECT_DOUBLE_EQ(var(250'000), 0.02);
  EXPECT_DOUBLE_EQ(var(199'999), 0.05);
  EXPECT_DOUBLE_EQ(es(100'000), 0.10);
  EXPECT_DOUBLE_EQ(var(100'000), 0.05);
  EXPECT_DOUBLE_EQ(es(10'000), 0.10);  // less than one: the worst
  EXPECT_DOUBLE_EQ(var(10'000), 0.10);
  EXPECT_DOUBLE_EQ(
      es(999'999),
      (0.10 + 0.05 + 0.02 + 0.01 + 0 - 0.01 - 0.02 - 0.03 - 0.04 - 0.99999 * 0.05) / 9.99999);
  // Of the other side: 5, 4, 3 percent.
  const Values rises = losses_of(kReturns, Side::Up);
  EXPECT_DOUBLE_EQ(expected_shortfall(rises, 250'000), (0.05 + 0.04 + 0.5 * 0.03) / 2.5);
  // Where all gain, the tail is below zero.
  EXPECT_DOUBLE_EQ(expected_shortfall({-0.01, -0.02}, 500'000), -0.01);
}

TEST(CalibrationTail, StressedObservationsHaveTheirWeight) {
  const Values calm{0.04, 0.03, 0.02, 0.01};
  const Values stressed{0.20, 0.02};
  // A quarter of the weight: 0.125 for each stressed loss, 0.1875 for each calm one. The tail of a
  // quarter is the 0.20 and two thirds of the 0.04.
  EXPECT_DOUBLE_EQ(mixed_shortfall(calm, stressed, 250'000, 250'000),
                   (0.125 * 0.20 + 0.125 * 0.04) / 0.25);
  EXPECT_DOUBLE_EQ(mixed_shortfall(calm, stressed, 250'000, 400'000),
                   (0.125 * 0.20 + 0.1875 * 0.04 + 0.0875 * 0.03) / 0.4);
  // Nearly all the weight is nearly the stressed sample alone, and the reverse.
  EXPECT_NEAR(mixed_shortfall(calm, stressed, 999'999, 500'000), 0.20, 1e-6);
  EXPECT_NEAR(mixed_shortfall(calm, stressed, 1, 500'000), 0.035, 1e-6);
}

TEST(CalibrationTail, RoundsAgainstWhoWouldLikeItSmall) {
  EXPECT_EQ(ceil_ppm(0.1234561), 123'457);
  EXPECT_EQ(ceil_ppm(0.123456), 123'456);
  EXPECT_EQ(ceil_ppm(0.1 + 0.2), 300'000);  // 0.30000000000000004
  EXPECT_EQ(ceil_ppm(-0.1234569), -123'456);
  EXPECT_EQ(floor_ppm(0.1234569), 123'456);
  EXPECT_EQ(floor_ppm(0.3 - 1e-16), 300'000);
  EXPECT_EQ(outward_ppm(0.0000001), 1);
  EXPECT_EQ(outward_ppm(-0.0000001), -1);
  EXPECT_EQ(outward_ppm(0), 0);
  EXPECT_EQ(ceil_ppm(1e50), 1'000'000'000'000'000);
  EXPECT_EQ(outward_ppm(-1e50), -1'000'000'000'000'000);
}

TEST(CalibrationVolatility, KnowsOnlyWhatWasBefore) {
  const Values returns{0.01, -0.03, 0.02, 0.10};
  const Volatility volatility = volatility_of(returns, 900'000, 2);
  const double v0 = (0.0001 + 0.0009) / 2;
  const double v1 = 0.9 * v0 + 0.1 * 0.0001;
  const double v2 = 0.9 * v1 + 0.1 * 0.0009;
  const double v3 = 0.9 * v2 + 0.1 * 0.0004;
  const double v4 = 0.9 * v3 + 0.1 * 0.01;
  ASSERT_EQ(volatility.before.size(), 4u);
  const Values expected{v0, v1, v2, v3};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(volatility.before[i], std::sqrt(expected[i]), 1e-15) << i;
  EXPECT_NEAR(volatility.now, std::sqrt(v4), 1e-15);

  const Values scaled = scaled_returns(returns, volatility, 2);
  ASSERT_EQ(scaled.size(), 2u);
  EXPECT_NEAR(scaled[0], 0.02 * std::sqrt(v4 / v2), 1e-15);
  EXPECT_NEAR(scaled[1], 0.10 * std::sqrt(v4 / v3), 1e-15);
  // Over two days: by what was known before the first of them.
  const Values two = scaled_returns({-0.02, -0.01, 0.12}, volatility, 1);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_NEAR(two[0], -0.01 * std::sqrt(v4 / v1), 1e-15);
  EXPECT_NEAR(two[1], 0.12 * std::sqrt(v4 / v2), 1e-15);
}

TEST(CalibrationVolatility, WhereNothingEverMovedNothingIsScaled) {
  const Values returns{0, 0, 0.05, 0.01};
  const Volatility volatility = volatility_of(returns, 940'000, 2);
  EXPECT_EQ(volatility.before[2], 0);
  const Values scaled = scaled_returns(returns, volatility, 2);
  EXPECT_EQ(scaled[0], 0.05);
  EXPECT_GT(scaled[1], 0);
}

TEST(CalibrationDependence, IsPearsons) {
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {2, 4, 6}).value(), 1);
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {-1, -2, -3}).value(), -1);
  // (1,0), (2,2), (3,1): products 1, squares 2 and 2.
  EXPECT_DOUBLE_EQ(correlation({1, 2, 3}, {0, 2, 1}).value(), 0.5);
  EXPECT_FALSE(correlation({1, 1, 1}, {1, 2, 3}));
  EXPECT_FALSE(correlation({}, {}));
  const RollingCorrelation rolling = rolling_correlation({1, 2, 3, 3, 3}, {0, 2, 1, 5, 7}, 3);
  EXPECT_EQ(rolling.rows, (std::vector<std::size_t>{2, 3}));  // in the last three one does not move
  EXPECT_DOUBLE_EQ(rolling.values[0], 0.5);
  EXPECT_TRUE(rolling_correlation({1, 2}, {1, 2}, 3).values.empty());
}

}  // namespace
}  // namespace portcullis::feeds::calibration::calibration_tail_test
