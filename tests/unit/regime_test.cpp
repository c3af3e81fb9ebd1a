// Which regime a factor's realised volatility selects: hysteresis, steps, gaps.
#include "feeds/regime.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "tests/support/seed.h"

namespace portcullis::feeds::regime_test {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr std::int64_t kPrice = 1'000'000'000;

RegimeTerms three() {
  return {.regimes = {{"calm", 0, 0}, {"usual", 400'000, 300'000}, {"stressed", 900'000, 700'000}},
          .period_ns = kMinute,
          .half_life_ns = 10 * kMinute,
          .warm_up = 5,
          .up_after_ns = 3 * kMinute,
          .down_after_ns = 60 * kMinute,
          .gap_max_ns = 30 * kMinute};
}

// A price that goes up and down by what a year's volatility is in a minute.
class Swings {
 public:
  explicit Swings(const RegimeTerms& terms) : selector(terms) {}
  // The changes within so many minutes, as "1>2 ".
  std::string swing(double volatility, int minutes) {
    const double step = volatility * std::sqrt(1.0 / (365 * 24 * 60));
    std::string changes;
    for (int n = 0; n < minutes; ++n) {
      now_ns += kMinute;
      is_up_ = !is_up_;
      log_ += is_up_ ? step : -step;
      changes += told(selector.take(std::llround(std::exp(log_) * 1e12), now_ns));
    }
    return changes;
  }
  static std::string told(const std::optional<RegimeChange>& change) {
    if (!change) return "";
    return std::to_string(change->from) + ">" + std::to_string(change->to) + " ";
  }

  RegimeSelector selector;
  std::int64_t now_ns = kStart;

 private:
  double log_ = 0;
  bool is_up_ = false;
};

TEST(Regime, NothingIsLoosenedBeforeTheWarmUp) {
  Swings swings(three());
  EXPECT_EQ(swings.selector.regime(), 2U);
  EXPECT_EQ(swings.swing(0.2, 5), "");
  EXPECT_FALSE(swings.selector.volatility_ppm());
  EXPECT_EQ(swings.swing(0.2, 1), "2>0 ") << "five returns: the first is chosen as it is";
  EXPECT_NEAR(static_cast<double>(swings.selector.volatility_ppm().value()), 200'000, 10);
}

TEST(Regime, IsEnteredAtOneNumberAndLeftBelowAnother) {
  Swings swings(three());
  EXPECT_EQ(swings.swing(0.35, 60), "2>0 ") << "the first is chosen by what is entered";
  EXPECT_EQ(swings.swing(0.41, 600), "0>1 ");
  EXPECT_EQ(swings.swing(0.35, 600), "") << "between the two it stays";
  EXPECT_EQ(swings.swing(0.29, 600), "1>0 ");
  EXPECT_EQ(swings.swing(0.35, 600), "");
}

TEST(Regime, RisesAndFallsByStepsThatAreTimeApart) {
  Swings swings(three());
  swings.swing(0.2, 60);
  EXPECT_EQ(swings.swing(5, 1), "0>1 ");
  EXPECT_EQ(swings.swing(5, 2), "") << "three minutes between two";
  EXPECT_EQ(swings.swing(5, 1), "1>2 ");
  EXPECT_EQ(swings.swing(0.01, 59), "") << "and an hour down";
  swings.swing(0.01, 40);
  EXPECT_EQ(swings.selector.regime(), 1U);
  EXPECT_EQ(swings.swing(0.01, 19), "");
  swings.swing(0.01, 41);
  EXPECT_EQ(swings.selector.regime(), 0U);
}

TEST(Regime, AfterAGapItWarmsUpAnewAndStaysMeanwhile) {
  Swings swings(three());
  swings.swing(0.2, 60);
  swings.now_ns += 31 * kMinute;
  EXPECT_EQ(swings.swing(8, 1), "") << "what was over the gap is no return";
  EXPECT_EQ(swings.selector.gaps(), 1U);
  EXPECT_FALSE(swings.selector.volatility_ppm());
  EXPECT_EQ(swings.swing(8, 4), "");
  EXPECT_EQ(swings.selector.regime(), 0U);
  EXPECT_EQ(swings.swing(8, 1), "0>1 ");
}

TEST(Regime, WhatIsNoPriceIsLeftOut) {
  RegimeSelector selector(three());
  EXPECT_FALSE(selector.take(0, kStart));
  EXPECT_FALSE(selector.take(-1, kStart));
  EXPECT_FALSE(selector.take(kPrice, kStart));
  EXPECT_FALSE(selector.take(2 * kPrice, kStart));
  EXPECT_FALSE(selector.take(2 * kPrice, kStart - kMinute));
  EXPECT_EQ(selector.refused(), 4U);
  // Between samples prices are not looked at, whatever they are.
  for (int n = 1; n < 60; ++n) selector.take(kPrice * (1 + n % 7), kStart + n * kMinute / 60);
  for (int n = 1; n <= 6; ++n) selector.take(kPrice, kStart + n * kMinute);
  EXPECT_EQ(selector.volatility_ppm(), 0);
}

// A random walk of a known volatility is measured as that, within what an estimate of so many samples
// can be: with weights w^n its variance is (1 - w) / (1 + w) of a sample's.
TEST(Regime, MeasuresARandomWalk) {
  const auto seed = test::seed();
  std::mt19937_64 random(seed);
  RegimeTerms terms = three();
  terms.half_life_ns = 1'000 * kMinute;
  RegimeSelector selector(terms);
  constexpr double kVolatility = 0.6;
  double log = 0;
  std::int64_t now_ns = kStart;
  std::normal_distribution<double> normal;
  for (int n = 0; n < 20'000; ++n) {
    const std::int64_t step_ns = kMinute + static_cast<std::int64_t>(random() % kMinute);
    now_ns += step_ns;
    log +=
        kVolatility * std::sqrt(static_cast<double>(step_ns) / (365 * 86'400e9)) * normal(random);
    selector.take(std::llround(std::exp(log) * 1e12), now_ns);
  }
  // About 700 samples a half-life, so 2,000 that count: sd of the volatility sqrt(1 / 2 / 2,000).
  const double measured = static_cast<double>(selector.volatility_ppm().value());
  EXPECT_NEAR(measured, kVolatility * 1e6, 6 * kVolatility * 1e6 * std::sqrt(1.0 / 4'000))
      << "seed " << seed;
  EXPECT_EQ(selector.regime(), 1U);
}

}  // namespace
}  // namespace portcullis::feeds::regime_test
