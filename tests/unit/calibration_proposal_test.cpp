#include "feeds/calibration/proposal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "tests/support/example_config.h"

namespace portcullis::feeds::calibration::calibration_proposal_test {
namespace {

// Up and down by so much in turn, from 100, a day each: falls first.
void add_days(PriceSeries& series, int count, double size) {
  if (series.days.empty()) {
    series.days.push_back(0);
    series.prices.push_back(100);
  }
  for (int i = 0; i < count; ++i) {
    series.days.push_back(series.days.back() + 1);
    series.prices.push_back(series.prices.back() * (i % 2 == 0 ? 1 - size : 1 + size));
  }
}

PriceSeries storm_then_calm() {
  PriceSeries series{.name = "A"};
  add_days(series, 400, 0.05);
  add_days(series, 600, 0.01);
  return series;
}

FactorEvidence propose(const PriceSeries& series, const Settings& settings = {},
                       const std::map<std::string, std::int64_t>& previous = {}) {
  const Calibration result = calibrate({series}, settings, previous);
  EXPECT_EQ(result.problems, std::vector<std::string>{});
  return result.evidence.factors.at(0);
}

const Estimate& estimate(const FactorEvidence& factor, Side side, std::int64_t tail) {
  for (const Estimate& one : factor.estimates) {
    if (one.side == side && one.tail_ppm == tail) return one;
  }
  throw std::runtime_error("no such estimate");
}

const Figure& figure(const FactorEvidence& factor, Window window, std::size_t days, Side side,
                     std::int64_t tail) {
  for (const Figure& one : factor.figures) {
    if (one.window == window && one.days == days && one.side == side && one.tail_ppm == tail)
      return one;
  }
  throw std::runtime_error("no such figure");
}

// Where every day moves by one percent, everything is one percent.
TEST(CalibrationProposal, OfAnEvenMarketIsItsMove) {
  PriceSeries series{.name = "A"};
  add_days(series, 1'000, 0.01);
  const FactorEvidence factor = propose(series);
  EXPECT_EQ(factor.volatility_ppm, 10'000);
  EXPECT_EQ(factor.scaled_ppm, 10'000);
  EXPECT_EQ(factor.floor_ppm, 10'000);
  EXPECT_EQ(factor.target_ppm, 10'000);
  EXPECT_EQ(factor.shock_ppm, 10'000);
  EXPECT_EQ(factor.leverage_ppm, 100'000'000);
  EXPECT_EQ(estimate(factor, Side::Down, 10'000).buffered_ppm, 12'500);
  EXPECT_EQ(estimate(factor, Side::Down, 10'000).stressed_ppm, 10'000);
  EXPECT_EQ(factor.worst_fall.move_ppm, -10'000);
  // Over five days an odd step is left: 0.99^3 * 1.01^2 down, 0.99^2 * 1.01^3 up; scaled by one.
  EXPECT_EQ(factor.fall_ppm, std::ceil(1e6 * (1 - std::pow(0.99, 3) * std::pow(1.01, 2)) - 1e-6));
  EXPECT_EQ(factor.rise_ppm, std::ceil(1e6 * (std::pow(0.99, 2) * std::pow(1.01, 3) - 1) - 1e-6));
}

// The floor remembers the storm that today's volatility has forgotten.
TEST(CalibrationProposal, FloorHoldsInACalmMarket) {
  const PriceSeries series = storm_then_calm();
  const FactorEvidence factor = propose(series);
  EXPECT_EQ(factor.floor_ppm, 50'000);
  EXPECT_LT(factor.scaled_ppm, 15'000);
  EXPECT_EQ(factor.shock_ppm, 50'000);
  EXPECT_EQ(factor.floor_returns, 1'000u);
  const Estimate& calm = estimate(factor, Side::Down, 10'000);
  EXPECT_EQ(calm.unscaled_ppm, 50'000);
  EXPECT_EQ(calm.floored_ppm, 50'000);
  EXPECT_EQ(calm.scaled_ppm, factor.scaled_ppm);
  // The stressed returns have a quarter of the weight, half of them fall by five percent: all of a tail.
  EXPECT_EQ(calm.stressed_ppm, 50'000);
  // One year's floor, of 1972, has no storm in it; the day itself a year before still counts.
  Settings settings;
  settings.floor_years = 1;
  const FactorEvidence forgetful = propose(series, settings);
  EXPECT_EQ(forgetful.floor_ppm, 10'000);
  EXPECT_EQ(forgetful.floor_returns, 367u);
  EXPECT_EQ(forgetful.shock_ppm, forgetful.scaled_ppm);
}

// A storm of today is in the scaled figure at once: calm days count as stormy ones.
TEST(CalibrationProposal, ScalingFollowsAStorm) {
  PriceSeries series{.name = "A"};
  add_days(series, 800, 0.01);
  add_days(series, 200, 0.05);
  const FactorEvidence factor = propose(series);
  EXPECT_EQ(factor.volatility_ppm, 50'000);
  EXPECT_EQ(factor.floor_ppm, 50'000);
  EXPECT_GT(factor.scaled_ppm, 75'000);  // its first days were five times what was known before
  EXPECT_EQ(factor.shock_ppm, factor.scaled_ppm);
}

TEST(CalibrationProposal, MovesByAtMostAStepFromTheOneBefore) {
  const PriceSeries series = storm_then_calm();  // target 50,000
  const auto shock = [&](std::int64_t previous) {
    return propose(series, {}, {{"A", previous}, {"B", 1}}).shock_ppm;
  };
  EXPECT_EQ(shock(100'000), 90'000);
  EXPECT_EQ(shock(40'000), 44'000);
  EXPECT_EQ(shock(47'000), 50'000);
  EXPECT_EQ(shock(33), 37);          // 36.3, rounded up
  EXPECT_EQ(shock(99'999), 90'000);  // 89,999.1, rounded up
  const FactorEvidence limited = propose(series, {}, {{"A", 100'000}});
  EXPECT_EQ(limited.target_ppm, 50'000);
  EXPECT_EQ(limited.previous_ppm, 100'000);
  EXPECT_EQ(propose(series, {}, {{"B", 100'000}}).previous_ppm, std::nullopt);
  Settings settings;
  settings.step_max_ppm = 250'000;
  EXPECT_EQ(propose(series, settings, {{"A", 100'000}}).shock_ppm, 75'000);
}

TEST(CalibrationProposal, ResidualAndDebtAreWhatIsBeyondTheShock) {
  PriceSeries series{.name = "A"};
  add_days(series, 600, 0.01);
  // A slow fall: five days of it are worse than one.
  for (int i = 0; i < 100; ++i) {
    series.days.push_back(series.days.back() + 1);
    series.prices.push_back(series.prices.back() * 0.99);
  }
  const FactorEvidence factor = propose(series);
  const auto five = std::ceil(1e6 * (1 - std::pow(0.99, 5)) - 1e-6);
  EXPECT_EQ(factor.shock_ppm, 10'000);
  EXPECT_EQ(factor.fall_ppm, five);
  EXPECT_EQ(factor.residual_ppm, factor.fall_ppm - factor.shock_ppm);
  EXPECT_EQ(factor.debt_addon_ppm, std::max<std::int64_t>(0, factor.rise_ppm - factor.shock_ppm));
  // Held back, the shock leaves more to the haircut.
  const FactorEvidence limited = propose(series, {}, {{"A", 5'000}});
  EXPECT_EQ(limited.shock_ppm, 5'500);
  EXPECT_EQ(limited.residual_ppm, factor.fall_ppm - 5'500);
}

TEST(CalibrationProposal, RefusesWhatIsTooShort) {
  PriceSeries small{.name = "SMALL"};
  add_days(small, 249, 0.01);
  PriceSeries enough{.name = "ENOUGH"};
  add_days(enough, 250, 0.01);
  const auto problems = [](const std::vector<PriceSeries>& series) {
    return calibrate(series, {}, {}).problems;
  };
  EXPECT_EQ(problems({enough}), std::vector<std::string>{});
  EXPECT_EQ(problems({small, enough}),
            (std::vector<std::string>{
                "SMALL: has 249 returns over the days that count, fewer than 250"}));
  EXPECT_EQ(problems({{"NONE", {}, {}}}),
            (std::vector<std::string>{"NONE: has no price in the period"}));
  // Each is long enough, and they hardly meet.
  PriceSeries later{.name = "LATER"};
  later.days.push_back(100);
  later.prices.push_back(100);
  add_days(later, 300, 0.01);
  EXPECT_EQ(problems({enough, later}),
            (std::vector<std::string>{
                "all together have 150 returns on common days, fewer than 250: leave out a series "
                "that begins late or ends early"}));
}

TEST(CalibrationProposal, SaysOnWhatAFloorStands) {
  const Calibration result = calibrate({storm_then_calm()}, {}, {});
  ASSERT_EQ(result.evidence.findings.size(), 1u);
  EXPECT_EQ(result.evidence.findings[0].text,
            "A: the floor of 10 years stands on 1970-01-02 to 1972-09-27, 1000 returns");
}

TEST(CalibrationProposal, PairsAndRowsAreOfTheCommonDays) {
  PriceSeries a{.name = "A"};
  add_days(a, 400, 0.01);
  PriceSeries b{.name = "B"};
  add_days(b, 400, 0.03);
  PriceSeries c{.name = "C"};
  for (int i = 0; i <= 400; ++i) {
    c.days.push_back(i);
    c.prices.push_back(7);
  }
  const Evidence evidence = calibrate({a, b, c}, {}, {}).evidence;
  ASSERT_EQ(evidence.pairs.size(), 3u);
  EXPECT_EQ(evidence.pairs[0].correlation_ppm, 1'000'000);
  EXPECT_EQ(evidence.pairs[0].lowest_ppm, 1'000'000);
  EXPECT_EQ(evidence.pairs[0].spread_floor_tail_ppm, 20'000);
  EXPECT_EQ(evidence.pairs[1].correlation_ppm, std::nullopt);  // C does not move
  EXPECT_EQ(evidence.pairs[1].spread_shock_tail_ppm, 10'000);
  EXPECT_EQ(evidence.factors[2].shock_ppm, 1);  // never nothing at all
  ASSERT_EQ(evidence.rows.size(), 400u);
  EXPECT_EQ(evidence.rows[0].moves_ppm, (std::vector<std::int64_t>{-10'000, -30'000, 0}));
  // A third of each, long: (1 + 3 + 0) / 3, and the parts are the same, since they fall together.
  const BookFigure& book = evidence.book.at(0);
  EXPECT_EQ(book.es_ppm, 13'334);
  EXPECT_EQ(book.parts_es_ppm, 13'334);
}

// METHOD, section 4: one day, of falls, on the business days that all have.
TEST(CalibrationProposal, GivesTheMethodsTable) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const std::vector<SeriesSource> sources{
      {.name = "BTC", .file = "BTC-USD.csv"}, {.name = "ETH", .file = "ETH-USD.csv"},
      {.name = "SPY", .file = "SPY.csv"},     {.name = "QQQ", .file = "QQQ.csv"},
      {.name = "GLD", .file = "GLD.csv"},     {.name = "IEF", .file = "IEF.csv"}};
  std::vector<PriceSeries> series;
  for (const SeriesSource& source : sources) {
    ParsedPrices parsed = parse_prices(
        test::read_file(std::filesystem::path(data) / "history" / source.file), source);
    ASSERT_TRUE(parsed.problems.empty()) << to_text(parsed.problems[0]);
    trim(parsed.series, 0, parse_day("2025-09-29").value());
    series.push_back(std::move(parsed.series));
  }
  const Evidence evidence = calibrate(series, {}, {}).evidence;
  EXPECT_EQ(evidence.joint.days.size(), 1'980u);
  EXPECT_EQ(to_text(evidence.joint.days.front()), "2017-11-10");
  struct Row {
    double es975;
    double es99;
    double worst;
    double recent;
  };
  const std::vector<Row> table{{12.2, 15.7, 37.2, 7.1}, {15.7, 19.9, 42.4, 10.6},
                               {3.85, 5.2, 10.9, 3.00}, {4.38, 5.5, 12.0, 3.67},
                               {2.52, 3.2, 5.4, 2.51},  {1.16, 1.4, 2.5, 1.06}};
  const auto es = [](const FactorEvidence& factor, Window window, std::int64_t tail) {
    return static_cast<double>(figure(factor, window, 1, Side::Down, tail).es_ppm) / 1e4;
  };
  for (std::size_t f = 0; f < table.size(); ++f) {
    const FactorEvidence& factor = evidence.factors[f];
    SCOPED_TRACE(factor.name);
    // As many digits as the table has.
    const double digit = f < 2 ? 0.051 : 0.0051;
    EXPECT_NEAR(es(factor, Window::Common, 25'000), table[f].es975, digit);
    EXPECT_NEAR(es(factor, Window::Common, 10'000), table[f].es99, 0.051);
    EXPECT_NEAR(es(factor, Window::Recent, 25'000), table[f].recent, digit);
    double worst = 0;
    for (const double value : evidence.joint.values[f]) worst = std::max(worst, -value);
    EXPECT_NEAR(worst * 100, table[f].worst, 0.06);  // ETH is 42.35 and there 42.4
  }
  // METHOD 3.12.
  const PairEvidence& pair = evidence.pairs[0];
  EXPECT_EQ(pair.spread_floor_tail_ppm, 130'312);
  EXPECT_NEAR(static_cast<double>(*pair.lowest_ppm), 390'000, 5'000);
  EXPECT_NEAR(static_cast<double>(*pair.highest_ppm), 970'000, 5'000);
  const auto row = std::find_if(evidence.rows.begin(), evidence.rows.end(),
                                [](const auto& one) { return to_text(one.day) == "2020-03-12"; });
  ASSERT_NE(row, evidence.rows.end());
  // There in whole ppm towards zero, here away from it.
  EXPECT_EQ(row->moves_ppm,
            (std::vector<std::int64_t>{-371'696, -423'473, -95'677, -91'692, -39'889, 508}));
}

}  // namespace
}  // namespace portcullis::feeds::calibration::calibration_proposal_test
