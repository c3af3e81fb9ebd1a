#include "feeds/calibration/returns.h"

#include <gtest/gtest.h>

namespace portcullis::feeds::calibration::calibration_returns_test {
namespace {

// 1970-01-01 was a Thursday: 0 Thu, 1 Fri, 2 Sat, 3 Sun, 4 Mon, 5 Tue, ...
const PriceSeries kCoin{"COIN", {0, 1, 2, 3, 4, 5, 6}, {100, 110, 121, 99, 132, 66, 33}};
const PriceSeries kStock{"STOCK", {0, 1, 4, 5}, {10, 11, 22, 11}};

using Days = std::vector<Day>;
using Values = std::vector<double>;

void expect_near(const Values& values, const Values& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-15) << i;
}

TEST(CalibrationReturns, OfOneHistoryGoFromPriceToPrice) {
  const Calendar calendar = calendar_of({kStock});
  EXPECT_EQ(calendar.days, (Days{0, 1, 4, 5}));
  const Returns returns = returns_of(kStock, calendar, 1);
  EXPECT_EQ(returns.days, (Days{1, 4, 5}));
  expect_near(returns.values, {0.1, 1, -0.5});
  const Returns two = returns_of(kStock, calendar, 2);
  EXPECT_EQ(two.days, (Days{4, 5}));
  expect_near(two.values, {1.2, 0});
  EXPECT_TRUE(returns_of(kStock, calendar, 4).values.empty());
}

TEST(CalibrationReturns, AWeekendIsInTheReturnOfTheMondayBehindIt) {
  const Calendar calendar = calendar_of({kCoin, kStock});
  // The 6th is behind the stock's end and no longer its business.
  EXPECT_EQ(calendar.days, (Days{0, 1, 4, 5, 6}));
  EXPECT_EQ(calendar.kept_off, (std::vector<std::size_t>{0, 2}));
  const Returns coin = returns_of(kCoin, calendar, 1);
  EXPECT_EQ(coin.days, (Days{1, 4, 5, 6}));
  expect_near(coin.values, {0.1, 0.2, -0.5, -0.5});  // 110 to 132, whatever lay between
  // Alone the coin has weekends.
  expect_near(returns_of(kCoin, calendar_of({kCoin}), 1).values,
              {0.1, 0.1, 99.0 / 121 - 1, 132.0 / 99 - 1, -0.5, -0.5});
}

TEST(CalibrationReturns, JointRowsEndWithTheFirstThatEnds) {
  const Calendar calendar = calendar_of({kCoin, kStock});
  const JointReturns joint = joint_returns({kCoin, kStock}, calendar, 1);
  EXPECT_EQ(joint.days, (Days{1, 4, 5}));
  ASSERT_EQ(joint.values.size(), 2u);
  expect_near(joint.values[0], {0.1, 0.2, -0.5});
  expect_near(joint.values[1], {0.1, 1, -0.5});
  const JointReturns two = joint_returns({kCoin, kStock}, calendar, 2);
  EXPECT_EQ(two.days, (Days{4, 5}));
  expect_near(two.values[0], {0.32, -0.4});
}

TEST(CalibrationReturns, JointRowsBeginWithTheYoungest) {
  const PriceSeries young{"YOUNG", {4, 5, 6}, {1, 2, 4}};
  const Calendar calendar = calendar_of({kCoin, young});
  EXPECT_EQ(calendar.days, kCoin.days);  // what is not yet there takes no day away
  const JointReturns joint = joint_returns({young, kCoin}, calendar, 1);
  EXPECT_EQ(joint.days, (Days{5, 6}));
  expect_near(joint.values[0], {1, 1});
  expect_near(joint.values[1], {-0.5, -0.5});
}

TEST(CalibrationReturns, AGapOfOneIsAGapOfAll) {
  const PriceSeries gap{"GAP", {0, 1, 3, 4}, {1, 2, 6, 3}};  // the 2nd is missing
  const PriceSeries whole{"WHOLE", {0, 1, 2, 3, 4}, {1, 2, 4, 8, 4}};
  const Calendar calendar = calendar_of({gap, whole});
  EXPECT_EQ(calendar.days, (Days{0, 1, 3, 4}));
  EXPECT_EQ(calendar.kept_off, (std::vector<std::size_t>{1, 0}));
  const JointReturns joint = joint_returns({gap, whole}, calendar, 1);
  EXPECT_EQ(joint.days, (Days{1, 3, 4}));
  expect_near(joint.values[0], {1, 2, -0.5});
  expect_near(joint.values[1], {1, 3, -0.5});
}

TEST(CalibrationReturns, WithoutACommonDayThereIsNoRow) {
  const PriceSeries before{"A", {0, 1, 2}, {1, 2, 3}};
  const PriceSeries behind{"B", {3, 4}, {1, 2}};
  const JointReturns joint = joint_returns({before, behind}, calendar_of({before, behind}), 1);
  EXPECT_TRUE(joint.days.empty());
  EXPECT_TRUE(calendar_of({}).days.empty());
  // On days that never meet nothing counts.
  const PriceSeries odd{"C", {1, 3}, {1, 2}};
  const PriceSeries even{"D", {0, 2, 4}, {1, 2, 3}};
  EXPECT_EQ(calendar_of({odd, even}).days, (Days{0, 4}));
}

}  // namespace
}  // namespace portcullis::feeds::calibration::calibration_returns_test
