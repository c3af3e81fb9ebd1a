// What must hold of every history, whatever its numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "feeds/calibration/proposal.h"
#include "tests/support/random_world.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::calibration::calibration_property_test {
namespace {

using Random = std::mt19937_64;

double uniform(Random& random) { return static_cast<double>(random() >> 11) / 9007199254740992.0; }

std::vector<double> random_returns(Random& random, std::size_t count) {
  std::vector<double> returns(count);
  for (double& value : returns) {
    value = (uniform(random) + uniform(random) + uniform(random) - 1.5) * 0.04;
    if (random() % 50 == 0) value *= 5;  // a tail
    if (random() % 20 == 0) value = 0;
  }
  return returns;
}

// Days with holes in them, from a random one on.
PriceSeries random_series(Random& random, std::string name, std::size_t count) {
  PriceSeries series{.name = std::move(name)};
  Day day = static_cast<Day>(random() % 30);
  double price = 1 + uniform(random) * 1'000;
  for (const double value : random_returns(random, count)) {
    series.days.push_back(day);
    series.prices.push_back(price);
    price *= 1 + value;
    day += random() % 10 == 0 ? 3 : 1;
  }
  return series;
}

std::int64_t random_tail(Random& random) {
  return 1 + static_cast<std::int64_t>(random() % 999'999);
}

// The mean of the worst by integrating the quantile in small steps: slow and obvious.
double naive_es(std::vector<double> losses, std::int64_t tail_ppm) {
  std::sort(losses.rbegin(), losses.rend());
  const long double mass = static_cast<long double>(losses.size()) * tail_ppm / 1e6L;
  long double left = mass;
  long double sum = 0;
  for (const double loss : losses) {
    const long double part = std::min(left, 1.0L);
    sum += part * loss;
    left -= part;
  }
  return static_cast<double>(sum / mass);
}

TEST(CalibrationProperty, TheMeanOfATailIsNoBetterThanItsEdge) {
  Random random(test::seed());
  for (int i = 0; i < 2'000; ++i) {
    const std::vector<double> returns = random_returns(random, 1 + random() % 400);
    const Side side = random() % 2 == 0 ? Side::Down : Side::Up;
    const std::vector<double> losses = losses_of(returns, side);
    const std::int64_t tail = random_tail(random);
    const double es = expected_shortfall(losses, tail);
    const double var = value_at_risk(losses, tail);
    ASSERT_GE(es, var - 1e-15);
    ASSERT_LE(es, losses.front() + 1e-15);
    ASSERT_NEAR(es, naive_es(losses, tail), 1e-12);
    // At most the tail's share is worse than VaR, and with VaR itself it is more.
    const auto worse =
        std::count_if(losses.begin(), losses.end(), [&](double x) { return x > var; });
    const auto as_bad =
        std::count_if(losses.begin(), losses.end(), [&](double x) { return x >= var; });
    const auto n = static_cast<std::int64_t>(losses.size());
    ASSERT_LE(worse * 1'000'000, n * tail);
    ASSERT_GT(as_bad * 1'000'000, n * tail);
    // A smaller tail is a worse one.
    const std::int64_t smaller =
        1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(tail));
    ASSERT_GE(expected_shortfall(losses, smaller), es - 1e-15);
    ASSERT_GE(value_at_risk(losses, smaller), var);
  }
}

TEST(CalibrationProperty, TheOrderOfTheDaysDoesNotMatterUnscaled) {
  Random random(test::seed());
  for (int i = 0; i < 500; ++i) {
    std::vector<double> returns = random_returns(random, 2 + random() % 300);
    const std::int64_t tail = random_tail(random);
    const double es = expected_shortfall(losses_of(returns, Side::Down), tail);
    std::shuffle(returns.begin(), returns.end(), random);
    // To the last bit.
    ASSERT_EQ(expected_shortfall(losses_of(returns, Side::Down), tail), es);
  }
}

TEST(CalibrationProperty, AWorseDayMakesNoFigureBetter) {
  Random random(test::seed());
  for (int i = 0; i < 500; ++i) {
    std::vector<double> returns = random_returns(random, 2 + random() % 300);
    const std::int64_t tail = random_tail(random);
    const std::vector<double> before = losses_of(returns, Side::Down);
    returns[random() % returns.size()] -= uniform(random) * 0.1;
    const std::vector<double> after = losses_of(returns, Side::Down);
    ASSERT_GE(expected_shortfall(after, tail), expected_shortfall(before, tail) - 1e-15);
    ASSERT_GE(value_at_risk(after, tail), value_at_risk(before, tail));
  }
}

TEST(CalibrationProperty, StressedWeightLiesBetweenItsTwoSamples) {
  Random random(test::seed());
  for (int i = 0; i < 500; ++i) {
    const std::vector<double> calm =
        losses_of(random_returns(random, 1 + random() % 300), Side::Down);
    const std::int64_t tail = random_tail(random);
    const std::int64_t weight = random_tail(random);
    // Of a sample with itself it is that sample's own.
    ASSERT_NEAR(mixed_shortfall(calm, calm, weight, tail), expected_shortfall(calm, tail), 1e-9);
    // More weight on losses that are all worse is worse.
    std::vector<double> stressed = calm;
    for (double& loss : stressed) loss += 0.5;
    const double mixed = mixed_shortfall(calm, stressed, weight, tail);
    ASSERT_GE(mixed, expected_shortfall(calm, tail) - 1e-9);
    ASSERT_LE(mixed, expected_shortfall(stressed, tail) + 1e-9);
  }
}

// What prices are counted in is no risk: the factor of two changes no bit.
TEST(CalibrationProperty, AnotherUnitOfThePriceChangesNothing) {
  Random random(test::seed());
  for (int i = 0; i < support::test_scale(20); ++i) {
    PriceSeries series = random_series(random, "A", 300 + random() % 200);
    const FactorEvidence before = calibrate({series}, {}, {}).evidence.factors.at(0);
    for (double& price : series.prices) price *= 1024;
    const FactorEvidence after = calibrate({series}, {}, {}).evidence.factors.at(0);
    ASSERT_EQ(after.returns.values, before.returns.values);
    ASSERT_EQ(after.shock_ppm, before.shock_ppm);
    ASSERT_EQ(after.residual_ppm, before.residual_ppm);
    for (double& price : series.prices) price *= 10;
    const FactorEvidence tenfold = calibrate({series}, {}, {}).evidence.factors.at(0);
    for (std::size_t r = 0; r < before.returns.values.size(); ++r)
      ASSERT_NEAR(tenfold.returns.values[r], before.returns.values[r], 1e-14);
    ASSERT_NEAR(static_cast<double>(tenfold.shock_ppm), static_cast<double>(before.shock_ppm), 1);
  }
}

// The calendar by its definition, day by day.
bool counts(const std::vector<PriceSeries>& all, Day day) {
  bool any = false;
  for (const PriceSeries& one : all) {
    if (one.days.empty() || day < one.days.front() || day > one.days.back()) continue;
    if (!std::binary_search(one.days.begin(), one.days.end(), day)) return false;
    any = true;
  }
  return any;
}

TEST(CalibrationProperty, ReturnsOfDifferentCalendarsMultiplyToThePricesTheyCameFrom) {
  Random random(test::seed());
  std::size_t rows = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<PriceSeries> all;
    for (const char* name : {"A", "B", "C"})
      all.push_back(random_series(random, name, 2 + random() % 60));
    const Calendar calendar = calendar_of(all);
    std::vector<Day> expected;
    for (Day day = 0; day < 400; ++day) {
      if (counts(all, day)) expected.push_back(day);
    }
    ASSERT_EQ(calendar.days, expected);
    const JointReturns joint = joint_returns(all, calendar, 1);
    rows += joint.days.size();
    for (std::size_t s = 0; s < all.size(); ++s) {
      const PriceSeries& one = all[s];
      const Returns returns = returns_of(one, calendar, 1);
      const auto price = [&](Day day) {
        return one.prices[static_cast<std::size_t>(
            std::lower_bound(one.days.begin(), one.days.end(), day) - one.days.begin())];
      };
      double product = 1;
      for (const double value : returns.values) product *= 1 + value;
      if (!returns.days.empty()) {
        const auto first =
            std::lower_bound(calendar.days.begin(), calendar.days.end(), one.days.front());
        ASSERT_NEAR(product, price(returns.days.back()) / price(*first), 1e-9);
      }
      // A joint row is the series' own return of that day.
      ASSERT_EQ(joint.values[s].size(), joint.days.size());
      for (std::size_t r = 0; r < joint.days.size(); ++r) {
        const auto place =
            std::lower_bound(returns.days.begin(), returns.days.end(), joint.days[r]);
        ASSERT_EQ(*place, joint.days[r]);
        ASSERT_EQ(joint.values[s][r],
                  returns.values[static_cast<std::size_t>(place - returns.days.begin())]);
      }
    }
  }
  EXPECT_GT(rows, 1'000u);
}

TEST(CalibrationProperty, ProposalsKeepTheirOrder) {
  Random random(test::seed());
  for (int i = 0; i < support::test_scale(30); ++i) {
    std::vector<PriceSeries> all{random_series(random, "A", 400), random_series(random, "B", 400)};
    // Both every day, so that enough is common.
    for (PriceSeries& one : all) {
      for (std::size_t d = 0; d < one.days.size(); ++d) one.days[d] = static_cast<Day>(d);
    }
    const std::int64_t previous = 1 + static_cast<std::int64_t>(random() % 200'000);
    const Evidence evidence = calibrate(all, {}, {{"A", previous}}).evidence;
    for (const FactorEvidence& factor : evidence.factors) {
      ASSERT_EQ(factor.target_ppm, std::max(factor.scaled_ppm, factor.floor_ppm));
      if (factor.previous_ppm) {
        ASSERT_LE(factor.shock_ppm * 10, previous * 11 + 10);
        ASSERT_GE(factor.shock_ppm * 10, previous * 9);
        if (factor.shock_ppm != factor.target_ppm) {
          ASSERT_TRUE((factor.shock_ppm < factor.target_ppm) == (previous < factor.target_ppm));
        }
      } else {
        ASSERT_EQ(factor.shock_ppm, factor.target_ppm);
      }
      // No less equity than the shock takes.
      ASSERT_LE(factor.leverage_ppm * factor.shock_ppm, 1'000'000'000'000);
      ASSERT_EQ(factor.residual_ppm, std::max<std::int64_t>(0, factor.fall_ppm - factor.shock_ppm));
      for (const Estimate& estimate : factor.estimates) {
        ASSERT_GE(estimate.floored_ppm, estimate.scaled_ppm);
        if (estimate.scaled_ppm > 0) {
          ASSERT_GE(estimate.buffered_ppm, estimate.scaled_ppm);
        }
      }
      for (const Figure& figure : factor.figures) ASSERT_GE(figure.es_ppm, figure.var_ppm);
    }
    // A spread can lose no more than both of its sides can.
    const PairEvidence& pair = evidence.pairs.at(0);
    ASSERT_LE(*pair.lowest_ppm, *pair.latest_ppm);
    ASSERT_GE(*pair.highest_ppm, *pair.latest_ppm);
    // Together the factors lose no more than apart: the mean of tails is no smaller than a tail's mean.
    for (const BookFigure& book : evidence.book) ASSERT_LE(book.es_ppm, book.parts_es_ppm);
  }
}

// Text that is nearly a history: no crash, and what is accepted is a history.
TEST(CalibrationProperty, AcceptsOnlyHistories) {
  Random random(test::seed());
  std::size_t accepted = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string text = "Date,Price\n";
    for (int line = 0; line < 8; ++line)
      text += to_text(18'000 + line) + "," + std::to_string(line + 1) + ".5\n";
    for (auto changes = random() % 3; changes > 0; --changes) {
      constexpr std::string_view kBytes = "0123456789,.-+\nDateN/A \r\0\xff";
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = kBytes[random() % kBytes.size()];
      } else {
        text.erase(at, 1 + random() % 12);
      }
    }
    const ParsedPrices parsed = parse_prices(text, {.name = "X", .file = "x.csv"});
    if (!parsed.problems.empty()) continue;
    ++accepted;
    const PriceSeries& series = parsed.series;
    ASSERT_FALSE(series.days.empty()) << text;
    ASSERT_EQ(series.days.size(), series.prices.size());
    ASSERT_TRUE(std::is_sorted(series.days.begin(), series.days.end(), std::less_equal<>()))
        << text;
    for (const double price : series.prices) ASSERT_TRUE(std::isfinite(price) && price > 0) << text;
  }
  EXPECT_GT(accepted, 500u);
  EXPECT_LT(accepted, 2'900u);
}

}  // namespace
}  // namespace portcullis::feeds::calibration::calibration_property_test
