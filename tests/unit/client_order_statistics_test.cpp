// The numbers of order_statistics.h: that the samplers draw what they say, and that a real day says
// the same.
#include "gateway/client/order_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/decimal.h"

namespace portcullis::gateway::client::client_order_statistics_test {
namespace {

constexpr std::size_t kDraws = 200'000;

template <class T>
T quantile(std::vector<T> values, double share) {
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

template <class F>
auto draws(F&& draw) {
  std::vector<decltype(draw())> all(kDraws);
  for (auto& value : all) value = draw();
  return all;
}

template <class T, class F>
double share(const std::vector<T>& values, F&& f) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), f)) /
         static_cast<double>(values.size());
}

std::uint32_t total(std::span<const SizeRow> rows) {
  return std::accumulate(rows.begin(), rows.end(), 0U,
                         [](std::uint32_t sum, const SizeRow& row) { return sum + row.count; });
}

// --- the samplers

TEST(OrderStatistics, ArrivalsHaveTheirMeanAndTheirBursts) {
  double offspring = 0;
  for (const Excitation& excitation : kExcitations) offspring += excitation.offspring;
  EXPECT_NEAR(offspring, 0.77, 0.005);
  EXPECT_NEAR((1 - offspring) / kBaseRatePerS, kEntryGapS, 0.001);

  Random random(1);
  Arrivals arrivals;
  const std::vector<double> gaps = draws([&] { return arrivals.next_gap_s(random); });
  const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / kDraws;
  EXPECT_NEAR(mean, kEntryGapS, 0.03 * kEntryGapS);
  EXPECT_NEAR(quantile(gaps, 0.25), 0.00045, 0.00003);
  EXPECT_NEAR(quantile(gaps, 0.5), 0.013, 0.002);
  EXPECT_NEAR(quantile(gaps, 0.75), 0.56, 0.03);
  EXPECT_NEAR(quantile(gaps, 0.99), 8.3, 0.4);
  EXPECT_GT(*std::min_element(gaps.begin(), gaps.end()), 0);
}

TEST(OrderStatistics, SizesAreDrawnAsTheTablesCountThem) {
  for (const std::span<const SizeRow> rows :
       {std::span<const SizeRow>(kRestingSizes), std::span<const SizeRow>(kMarketableSizes)}) {
    Random random(2);
    const auto sizes = draws([&] { return draw_size(random, rows); });
    std::uint32_t last = 0;
    for (const SizeRow& row : rows) {
      EXPECT_GT(row.low, last);
      EXPECT_GE(row.high, row.low);
      last = row.high;
      const double expected = static_cast<double>(row.count) / total(rows);
      const double drawn =
          share(sizes, [&](std::uint32_t s) { return s >= row.low && s <= row.high; });
      EXPECT_NEAR(drawn, expected, 5 * std::sqrt(expected / kDraws)) << row.low;
      // Within a row each is as likely as the others: the middle is where it should be.
      if (row.high - row.low >= 4 && row.count > 200) {
        std::vector<std::uint32_t> inside;
        std::copy_if(sizes.begin(), sizes.end(), std::back_inserter(inside),
                     [&](std::uint32_t s) { return s >= row.low && s <= row.high; });
        EXPECT_NEAR(quantile(inside, 0.5), (row.low + row.high) / 2.0,
                    0.1 * (row.high - row.low) + 0.5)
            << row.low;
      }
    }
    EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), rows.back().high);
    EXPECT_EQ(*std::min_element(sizes.begin(), sizes.end()), rows.front().low);
  }
}

TEST(OrderStatistics, StepsHaveTheirSharesAndPowerLaws) {
  Random random(3);
  const auto steps = draws([&] { return draw_step(random); });
  EXPECT_NEAR(share(steps, [](int k) { return k == 0; }), kAtBestShare, 0.006);
  const double ahead = share(steps, [](int k) { return k < 0; });
  EXPECT_NEAR(ahead, kAheadShare, 0.006);
  const auto weight = [](double exponent) {
    double sum = 0;
    for (int k = 1; k <= kStepMax; ++k) sum += std::pow(k, -exponent);
    return 1 / sum;
  };
  const double behind = 1 - kAtBestShare - kAheadShare;
  for (const int k : {1, 2, 5}) {
    EXPECT_NEAR(share(steps, [k](int s) { return s == -k; }),
                kAheadShare * weight(kAheadExponent) * std::pow(k, -kAheadExponent), 0.004)
        << k;
    EXPECT_NEAR(share(steps, [k](int s) { return s == k; }),
                behind * weight(kBehindExponent) * std::pow(k, -kBehindExponent), 0.004)
        << k;
  }
  EXPECT_GE(*std::min_element(steps.begin(), steps.end()), -kStepMax);
  EXPECT_LE(*std::max_element(steps.begin(), steps.end()), kStepMax);
}

TEST(OrderStatistics, LifetimesAreOfTwoKinds) {
  double shares = 0;
  for (const Lifetimes& kind : kLifetimes) shares += kind.share;
  EXPECT_NEAR(shares, 1, 1e-9);
  Random random(4);
  const auto lifetimes = draws([&] { return draw_lifetime_s(random); });
  for (const double time_s : {0.0003, 0.00338, 0.05, 0.5, 1.5234, 10.0}) {
    double expected = 0;
    for (const Lifetimes& kind : kLifetimes) {
      const double z = std::log(time_s / kind.median_s) / kind.sigma;
      expected += kind.share * 0.5 * std::erfc(-z / std::sqrt(2));
    }
    EXPECT_NEAR(share(lifetimes, [&](double t) { return t <= time_s; }), expected, 0.006) << time_s;
  }
}

// --- the day that they were fitted to

struct Event {
  std::int64_t time = 0;  // in units of 10 us, those of the file
  std::int64_t type = 0;
  std::int64_t id = 0;
  std::int64_t size = 0;
  std::int64_t price = 0;
  std::int64_t direction = 0;
};

// Read on its own, not by the replay.
std::vector<Event> read_day() {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) return {};
  std::ifstream in(std::filesystem::path(data) / "orders" / "amzn_2012-06-21_lobster_messages.csv");
  std::vector<Event> events;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    if (line.ends_with('\r')) line.pop_back();
    std::istringstream fields(line);
    Event event;
    for (auto [value, scale] :
         {std::pair(&event.time, 5), std::pair(&event.type, 0), std::pair(&event.id, 0),
          std::pair(&event.size, 0), std::pair(&event.price, 0), std::pair(&event.direction, 0)}) {
      std::string text;
      std::getline(fields, text, ',');
      const config::Decimal decimal = config::parse_decimal(text, scale);
      EXPECT_TRUE(decimal.ok()) << line;
      *value = decimal.value;
    }
    events.push_back(event);
  }
  EXPECT_EQ(events.size(), 57'515);
  return events;
}

class RealDay : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::vector<Event> day = read_day();
    events = day;
    if (events.empty()) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  }

  // Consecutive visible executions with the same time and side are one: time and size.
  [[nodiscard]] std::vector<Event> marketable() const {
    std::vector<Event> all;
    const Event* before = nullptr;
    for (const Event& event : events) {
      if (event.type == 4) {
        if (before != nullptr && before->time == event.time &&
            before->direction == event.direction) {
          all.back().size += event.size;
        } else {
          all.push_back(event);
        }
      }
      before = event.type == 4 ? &event : nullptr;
    }
    return all;
  }

  [[nodiscard]] std::vector<Event> of_type(std::int64_t type) const {
    std::vector<Event> all;
    std::copy_if(events.begin(), events.end(), std::back_inserter(all),
                 [type](const Event& event) { return event.type == type; });
    return all;
  }

  std::vector<Event> events;
};

void expect_counts(const std::vector<Event>& orders, std::span<const SizeRow> rows) {
  EXPECT_EQ(orders.size(), total(rows));
  for (const SizeRow& row : rows) {
    const auto count = std::count_if(orders.begin(), orders.end(), [&](const Event& event) {
      return event.size >= row.low && event.size <= row.high;
    });
    EXPECT_EQ(count, row.count) << row.low << " to " << row.high;
  }
}

TEST_F(RealDay, HasTheSizesOfTheTables) {
  expect_counts(of_type(1), kRestingSizes);
  expect_counts(marketable(), kMarketableSizes);
  const auto resting = static_cast<double>(of_type(1).size());
  const auto taking = static_cast<double>(marketable().size());
  EXPECT_NEAR(kMarketableShare, taking / (resting + taking), 0.0001);
}

TEST_F(RealDay, HasTheGapsBetweenEntries) {
  std::vector<std::int64_t> times;
  for (const Event& event : of_type(1)) times.push_back(event.time);
  for (const Event& event : marketable()) times.push_back(event.time);
  std::sort(times.begin(), times.end());
  EXPECT_NEAR(kEntryGapS, 23'400.0 / static_cast<double>(times.size()), 0.0001);
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    gaps.push_back(static_cast<double>(times[i] - times[i - 1]) * 1e-5);
  }
  EXPECT_NEAR(quantile(gaps, 0.25), 0.00033, 0.00001);
  EXPECT_NEAR(quantile(gaps, 0.5), 0.011, 0.0005);
  EXPECT_NEAR(quantile(gaps, 0.75), 0.53, 0.005);
  EXPECT_NEAR(quantile(gaps, 0.99), 8.9, 0.05);
}

// The best price of a side is taken to be that of the visible event on it before.
TEST_F(RealDay, HasTheDistancesFromTheBestPrice) {
  std::map<std::int64_t, std::int64_t> best;
  std::vector<int> steps;
  for (const Event& event : events) {
    if (event.type == 5) continue;
    const auto found = best.find(event.direction);
    if (event.type == 1 && found != best.end()) {
      steps.push_back(static_cast<int>((found->second - event.price) * event.direction / 100));
    }
    best[event.direction] = event.price;
  }
  EXPECT_NEAR(share(steps, [](int k) { return k == 0; }), kAtBestShare, 0.0005);
  EXPECT_NEAR(share(steps, [](int k) { return k < 0; }), kAheadShare, 0.0005);
  for (const auto& [sign, exponent] :
       {std::pair(-1, kAheadExponent), std::pair(1, kBehindExponent)}) {
    // The likelihood's slope at the exponent that is most likely is 0: the mean logarithm of the
    // steps is that of the law.
    double sum = 0;
    double count = 0;
    for (const int step : steps) {
      if (step * sign < 1 || step * sign > kStepMax) continue;
      sum += std::log(step * sign);
      ++count;
    }
    double weights = 0;
    double logs = 0;
    for (int k = 1; k <= kStepMax; ++k) {
      weights += std::pow(k, -exponent);
      logs += std::pow(k, -exponent) * std::log(k);
    }
    EXPECT_NEAR(sum / count, logs / weights, 0.01) << sign;
  }
}

TEST_F(RealDay, HasTheLifetimesAndEndsOfOrders) {
  struct Live {
    std::int64_t entered = 0;
    std::int64_t left = 0;
  };
  std::map<std::int64_t, Live> orders;
  std::vector<double> lifetimes;
  std::size_t filled = 0;
  for (const Event& event : events) {
    if (event.type == 1) orders[event.id] = {event.time, event.size};
    const auto order = orders.find(event.id);
    if (event.type == 1 || event.type == 5 || order == orders.end()) continue;
    if (event.type == 3) {
      lifetimes.push_back(static_cast<double>(event.time - order->second.entered) * 1e-5);
    }
    order->second.left -= event.size;
    if (event.type == 4 && order->second.left == 0) ++filled;
  }
  EXPECT_EQ(orders.size(), 27'845);
  EXPECT_EQ(lifetimes.size(), 13'843);
  EXPECT_EQ(orders.size() - filled, 23'611);
  EXPECT_NEAR(kCanceledShare, 13'843.0 / 23'611, 0.001);
  EXPECT_EQ(orders.size() - filled - lifetimes.size(), 9'768);

  // Kolmogorov's distance from what is drawn.
  Random random(5);
  auto drawn = draws([&] { return draw_lifetime_s(random); });
  std::sort(drawn.begin(), drawn.end());
  std::sort(lifetimes.begin(), lifetimes.end());
  double distance = 0;
  for (std::size_t i = 0; i < lifetimes.size(); ++i) {
    const auto below = std::upper_bound(drawn.begin(), drawn.end(), lifetimes[i]) - drawn.begin();
    distance = std::max(
        distance, std::abs(static_cast<double>(below) / kDraws -
                           static_cast<double>(i + 1) / static_cast<double>(lifetimes.size())));
  }
  EXPECT_LT(distance, 0.03);
}

TEST_F(RealDay, HasTheSharesOfReplacesAndPartialCancels) {
  const auto deletions = static_cast<double>(of_type(3).size());
  const auto partial = static_cast<double>(of_type(2).size());
  EXPECT_NEAR(kPartialCancelShare, partial / (deletions + partial), 0.00005);
  std::size_t replaced = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].type != 3) continue;
    for (std::size_t j = i + 1; j < events.size() && events[j].time - events[i].time < 10; ++j) {
      if (events[j].type == 1 && events[j].size == events[i].size &&
          events[j].direction == events[i].direction) {
        ++replaced;
        break;
      }
    }
  }
  EXPECT_NEAR(kReplacedShare, static_cast<double>(replaced) / deletions, 0.002);
}

TEST_F(RealDay, HasTheVolatility) {
  double sum = 0;
  int samplings = 0;
  for (const std::int64_t step_s : {1, 5, 10, 30, 60}) {
    double squares = 0;
    double count = 0;
    std::optional<double> before;
    std::size_t next = 0;
    double price = 0;
    for (std::int64_t time_s = 34'200; time_s < 57'600; time_s += step_s) {
      for (; next < events.size() && events[next].time <= time_s * 100'000; ++next) {
        if (events[next].type >= 4) price = static_cast<double>(events[next].price);
      }
      if (price == 0) continue;
      if (before) squares += std::pow(std::log(price / *before), 2), ++count;
      before = price;
    }
    sum += std::sqrt(squares / count / static_cast<double>(step_s)) * 1e6;
    ++samplings;
  }
  EXPECT_NEAR(kVolatilityPpm, sum / samplings, 0.05 * kVolatilityPpm);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_order_statistics_test
