// The volatility smile of a chain: it is as the chain says and never beyond it, refuses a chain that
// says too little, and gives a venue's own volatilities where they were left out.

#include "feeds/smile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "feeds/black76.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::smile_test {
namespace {

constexpr double kForward = 100;

Smile fitted(const std::vector<SmilePoint>& points) {
  const FittedSmile result = fit_smile(kForward, points);
  EXPECT_TRUE(result.smile);
  return result.smile.value_or(Smile{});
}

const std::vector<SmilePoint> kChain{{60, 0.9}, {80, 0.6}, {95, 0.5}, {110, 0.52}, {150, 0.8}};

TEST(Smile, GoesThroughThePointsAndIsFlatOutsideThem) {
  const Smile smile = fitted(kChain);
  for (const SmilePoint& point : kChain)
    EXPECT_DOUBLE_EQ(smile.volatility(point.strike), point.volatility);
  EXPECT_EQ(smile.volatility(59), 0.9);
  EXPECT_EQ(smile.volatility(1e-9), 0.9);
  EXPECT_EQ(smile.volatility(151), 0.8);
  EXPECT_EQ(smile.volatility(1e12), 0.8);
}

TEST(Smile, GivesALineBackAndNearlyAParabola) {
  std::vector<SmilePoint> line;
  std::vector<SmilePoint> parabola;
  const auto bend = [](double x) { return 0.5 + 0.3 * x + 0.8 * x * x; };
  for (int i = -6; i <= 6; ++i) {
    const double x = 0.1 * i;
    line.push_back({kForward * std::exp(x), 0.5 + 0.2 * x});
    parabola.push_back({kForward * std::exp(x), bend(x)});
  }
  const Smile straight = fitted(line);
  const Smile bent = fitted(parabola);
  for (double x = -0.6; x < 0.6; x += 0.013) {
    EXPECT_NEAR(straight.volatility(kForward * std::exp(x)), 0.5 + 0.2 * x, 1e-12);
    EXPECT_NEAR(bent.volatility(kForward * std::exp(x)), bend(x), 2e-3);
  }
}

TEST(Smile, TakesTheMeanOfACallAndAPut) {
  std::vector<SmilePoint> points = kChain;
  points.push_back({95, 0.7});
  EXPECT_DOUBLE_EQ(fitted(points).volatility(95), 0.6);
  EXPECT_EQ(fit_smile(kForward, points).strikes, 5);
}

TEST(Smile, DoesNotHangOnTheOrderOfThePoints) {
  std::vector<SmilePoint> points = kChain;
  points.push_back({95, 0.7});
  points.push_back({95, 0.55});
  const Smile one = fitted(points);
  std::reverse(points.begin(), points.end());
  const Smile other = fitted(points);
  for (double strike = 50; strike < 200; strike += 7)
    EXPECT_EQ(one.volatility(strike), other.volatility(strike));
}

TEST(Smile, RefusesWhatSaysTooLittle) {
  std::vector<SmilePoint> points = kChain;
  points.pop_back();
  FittedSmile result = fit_smile(kForward, points);
  EXPECT_FALSE(result.smile);
  EXPECT_EQ(result.strikes, 4);
  // A second point of a strike is no strike more.
  points.push_back({60, 0.91});
  EXPECT_FALSE(fit_smile(kForward, points).smile);
  EXPECT_FALSE(fit_smile(kForward, {}).smile);
  for (const double forward : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_FALSE(fit_smile(forward, kChain).smile) << forward;
}

TEST(Smile, CountsPointsThatAreNoneAndDoesNotUseThem) {
  std::vector<SmilePoint> points = kChain;
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double none : {0.0, -0.5, std::nan(""), infinity, -infinity, 20.1})
    points.push_back({100, none});
  points.push_back({0, 0.5});
  points.push_back({-5, 0.5});
  points.push_back({std::nan(""), 0.5});
  const FittedSmile result = fit_smile(kForward, points);
  ASSERT_TRUE(result.smile);
  EXPECT_EQ(result.refused, 9);
  EXPECT_EQ(result.strikes, 5);
  EXPECT_EQ(result.smile->volatility(100), fitted(kChain).volatility(100));
}

TEST(Smile, LeavesAnOddPointOut) {
  const Smile without = fitted(kChain);
  for (const double odd : {2.5, 0.05}) {
    for (const double strike : {40.0, 70.0, 100.0, 200.0}) {
      std::vector<SmilePoint> points = kChain;
      points.push_back({strike, odd});
      const FittedSmile result = fit_smile(kForward, points);
      ASSERT_TRUE(result.smile);
      EXPECT_EQ(result.odd, 1) << strike << " " << odd;
      for (double at = 30; at < 220; at += 3)
        EXPECT_EQ(result.smile->volatility(at), without.volatility(at)) << strike << " " << odd;
    }
  }
  // Where that leaves too few it is refused.
  std::vector<SmilePoint> few = kChain;
  few[2].volatility = 5;
  const FittedSmile refused = fit_smile(kForward, few);
  EXPECT_FALSE(refused.smile);
  EXPECT_EQ(refused.odd, 1);
  EXPECT_EQ(refused.strikes, 4);
}

// Random chains: between two strikes it stays between their volatilities and goes one way.
TEST(Smile, MakesNoHillsAndHoles) {
  std::mt19937_64 random(test::seed());
  std::uniform_real_distribution<double> share(0, 1);
  for (int round = 0; round < 500; ++round) {
    std::vector<SmilePoint> points;
    double strike = 20 * (1 + share(random));
    double volatility = 0.3 + share(random);
    for (int i = 0; i < 5 + round % 20; ++i) {
      points.push_back({strike, volatility});
      strike *= 1 + 0.001 + 0.3 * share(random) * share(random);
      volatility *= 0.75 + 0.5 * share(random);
    }
    const FittedSmile result = fit_smile(kForward, points);
    ASSERT_TRUE(result.smile);
    ASSERT_EQ(result.odd, 0);
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      const SmilePoint& left = points[i];
      const SmilePoint& right = points[i + 1];
      double last = left.volatility;
      for (int step = 1; step <= 20; ++step) {
        const double at = left.strike + (right.strike - left.strike) * step / 20;
        const double value = result.smile->volatility(at);
        const double sign = right.volatility >= left.volatility ? 1 : -1;
        EXPECT_GE(sign * (value - last), -1e-14) << "round " << round;
        last = value;
      }
      EXPECT_NEAR(last, right.volatility, 1e-12);
    }
  }
}

struct ChainPoint {
  double forward = 0;
  double years = 0;
  double volatility = 0;
};

// A venue's chain of 11 expiries, every third strike without its volatility: what the smile of the
// others makes of it, in volatility and in the price in coins.
TEST(Smile, GivesTheVolatilitiesOfAVenueThatWereLeftOut) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  std::ifstream stream(std::filesystem::path(data) / "options" / "deribit_btc_options.csv");
  std::map<std::string, std::map<double, ChainPoint>> chains;  // by expiry and strike
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::istringstream row(line);
    std::vector<std::string> fields;
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    chains[fields.at(2)][std::stod(fields.at(3))] = {
        std::stod(fields.at(5)), std::stod(fields.at(4)), std::stod(fields.at(8)) / 100};
  }
  ASSERT_EQ(chains.size(), 11);
  std::vector<double> volatilities;
  std::vector<double> coins;
  for (const auto& [expiry, chain] : chains) {
    const double forward = chain.begin()->second.forward;
    for (std::size_t left_out = 0; left_out < 3; ++left_out) {
      std::vector<SmilePoint> points;
      std::size_t i = 0;
      for (const auto& [strike, point] : chain)
        if (i++ % 3 != left_out) points.push_back({strike, point.volatility});
      const FittedSmile result = fit_smile(forward, points);
      ASSERT_TRUE(result.smile) << expiry;
      EXPECT_EQ(result.odd, 0) << expiry;
      i = 0;
      for (const auto& [strike, point] : chain) {
        if (i++ % 3 != left_out) continue;
        const double volatility = result.smile->volatility(strike);
        const auto price = [&, at = strike, years = point.years](double of) {
          return black76({OptionKind::Call, forward, at, years, of, 1}).price / forward;
        };
        volatilities.push_back(std::abs(volatility - point.volatility));
        coins.push_back(std::abs(price(volatility) - price(point.volatility)));
      }
    }
  }
  ASSERT_EQ(coins.size(), 338);
  std::sort(volatilities.begin(), volatilities.end());
  std::sort(coins.begin(), coins.end());
  std::printf("338 strikes: volatility p50 %.2g, p90 %.2g; BTC p50 %.2g, p90 %.2g, worst %.2g\n",
              volatilities[169], volatilities[304], coins[169], coins[304], coins.back());
  EXPECT_LT(volatilities[169], 0.002);
  EXPECT_LT(coins[169], 1e-4);
  EXPECT_LT(coins[304], 4e-4);
}

}  // namespace
}  // namespace portcullis::feeds::smile_test
