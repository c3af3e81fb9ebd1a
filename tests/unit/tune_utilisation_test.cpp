// How limits are used over a journal: percentiles, near misses, and the limits that are worth a look,
// planted and found.
#include "gateway/tune/utilisation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "gateway/tune/distribution.h"
#include "tests/support/tuned.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::tune_utilisation_test {
namespace {

using gateway::Finding;
using gateway::KeyUse;
using gateway::tune::Limit;
using gateway::tune::LimitId;
using gateway::tune::LimitUse;

constexpr const char* kClip = "profiles.client.instruments.AMZN.clip";
constexpr const char* kLong = "profiles.client.instruments.AMZN.long_max";

TEST(TuneDistribution, ItsPercentilesAreThoseOfTheSortedValues) {
  std::mt19937_64 random(7);
  for (const std::size_t count : {1UL, 2UL, 99UL, 1'000UL}) {
    gateway::tune::Distribution distribution;
    std::vector<std::int64_t> values(count + count / 2);  // the others are 0, and not recorded
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = static_cast<std::int64_t>(random() >> (3 + random() % 60));
      distribution.record(values[i]);
    }
    std::sort(values.begin(), values.end());
    for (const std::int64_t ppm : {1, 10'000, 333'333, 500'000, 950'000, 999'999, 1'000'000}) {
      const auto rank = static_cast<std::size_t>(
          risk::ceil_div(risk::Int128{ppm} * static_cast<std::int64_t>(values.size()), risk::kPpm));
      const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
      const std::int64_t found = distribution.percentile(ppm, values.size());
      EXPECT_GE(found, exact);
      EXPECT_LE(found, exact + exact / 63);
    }
    EXPECT_EQ(distribution.max(), values.back());
  }
}

TEST(TuneDistribution, OfNothingEverythingIsNothing) {
  const gateway::tune::Distribution distribution;
  EXPECT_EQ(distribution.percentile(990'000), 0);
  EXPECT_EQ(distribution.percentile(990'000, 10), 0);
}

// bravo-1 buys AMZN.
class TuneUtilisation : public testing::Test {
 protected:
  void buy(std::uint32_t quantity) {
    const risk::Decision decision = w.enter(bravo, {.number = ++number, .quantity = quantity});
    if (decision.disposition == risk::Disposition::Forward)
      w.say(accepted(decision.number, {.quantity = quantity}));
  }
  void trade(std::uint32_t quantity) {
    const risk::Decision decision = w.enter(bravo, {.number = ++number, .quantity = quantity});
    ASSERT_EQ(decision.disposition, risk::Disposition::Forward);
    w.say(accepted(decision.number, {.quantity = quantity}));
    w.say(executed(decision.number, quantity, kAmznPrice, number));
  }
  [[nodiscard]] const LimitUse& use(Tuned& tuned, Limit limit) const {
    const LimitId id{limit, risk::NodeLevel::Account, w.account("bravo-1").value,
                     has_instrument(limit) ? w.instrument("AMZN").value : risk::kNone32};
    return tuned.study().utilisation().limits().at(id);
  }
  [[nodiscard]] static KeyUse key(const gateway::TuneReport& report, std::string_view name) {
    for (const KeyUse& key : report.keys) {
      if (key.key == name) return key;
    }
    ADD_FAILURE() << name << " is no key";
    return {};
  }
  [[nodiscard]] static bool has(const KeyUse& key, Finding finding) {
    return std::count(key.findings.begin(), key.findings.end(), finding) > 0;
  }

  GateWorld w;
  const risk::SessionIndex bravo = w.session("BRAVO1");
  std::uint32_t number = 0;
};

TEST_F(TuneUtilisation, SamplesWhatIsInUseOverTime) {
  buy(50);
  for (int second = 0; second < 5; ++second) w.pass_time(risk::kSecondNs);
  buy(45);
  for (int second = 0; second < 5; ++second) w.pass_time(risk::kSecondNs);
  Tuned tuned(w, {limit_change(kLong, "\"100\"")});
  const gateway::tune::Utilisation& utilisation = tuned.study().utilisation();
  const LimitUse& longs = use(tuned, Limit::LongMax);
  // At the beginning nothing, five times 50, five times 95.
  EXPECT_EQ(utilisation.samples(), 11U);
  EXPECT_EQ(longs.shares.count(), 10U);
  EXPECT_EQ(longs.used.percentile(500'000, 11), 50);
  EXPECT_EQ(longs.used.percentile(950'000, 11), 95);
  EXPECT_EQ(longs.peak, 95);
  EXPECT_EQ(longs.peak_ppm, 950'000);
  EXPECT_EQ(longs.near_misses, 1U);
  EXPECT_EQ(longs.passed, 2U);
  EXPECT_EQ(longs.limit, 100);
  const LimitId id{Limit::LongMax, risk::NodeLevel::Account, w.account("bravo-1").value,
                   w.instrument("AMZN").value};
  EXPECT_EQ(utilisation.time_above_ppm(id, longs, 900'000), 454'545);
  EXPECT_EQ(utilisation.time_above_ppm(id, longs, 400'000), 909'090);
  EXPECT_EQ(utilisation.key_of(id), kLong);
  // The engine's own figures at the end.
  risk::Engine& engine = w.gate().engine();
  engine.refresh(w.account("bravo-1"));
  EXPECT_EQ(use(tuned, Limit::OpenOrders).peak, 2);
  const auto quanta = [&](risk::Wide wide) {
    return static_cast<std::int64_t>(
        risk::ceil_div(wide.raw, w.deployment().parameters.wide_denominator));
  };
  EXPECT_EQ(use(tuned, Limit::Gross).peak, quanta(engine.gross_notional(w.account("bravo-1"))));
  const risk::MarginReport margin = engine.margin(w.account("bravo-1"), engine.last_time());
  EXPECT_EQ(use(tuned, Limit::Margin).peak, margin.requirement.raw + margin.costs.raw);
  EXPECT_EQ(use(tuned, Limit::Margin).peak_limit, margin.equity.raw);
}

TEST_F(TuneUtilisation, FindsAClipFarAboveAnyOrderAndAboveEverythingTraded) {
  for (int i = 0; i < 25; ++i) trade(10);
  const auto clip = [&](const char* value) {
    const Tuned tuned(w, {limit_change(kClip, value)});
    return key(tuned.report(), kClip);
  };
  const KeyUse merrill = clip("\"5000\"");
  EXPECT_TRUE(has(merrill, Finding::FarAbove));
  EXPECT_TRUE(has(merrill, Finding::AboveTraded));
  EXPECT_TRUE(has(merrill, Finding::NeverBinds));
  EXPECT_EQ(merrill.before, "1000");
  EXPECT_EQ(merrill.limit, "5000");
  EXPECT_EQ(merrill.peak_ppm, 2'000);
  EXPECT_TRUE(has(clip("\"251\""), Finding::AboveTraded));
  EXPECT_FALSE(has(clip("\"250\""), Finding::AboveTraded));
  EXPECT_TRUE(has(clip("\"100\""), Finding::FarAbove));
  EXPECT_FALSE(has(clip("\"99\""), Finding::FarAbove));
  EXPECT_TRUE(has(clip("\"20\""), Finding::NeverBinds));
  EXPECT_FALSE(has(clip("\"19\""), Finding::NeverBinds));
}

TEST_F(TuneUtilisation, TooFewOrdersSayNothingOfALimitsSize) {
  for (int i = 0; i < 19; ++i) trade(10);
  const Tuned tuned(w, {limit_change(kClip, "\"5000\"")});
  EXPECT_TRUE(key(tuned.report(), kClip).findings.empty());
}

TEST_F(TuneUtilisation, FindsALimitThatRefusesOnMostDays) {
  buy(40);
  for (int day = 0; day < 2; ++day) {
    w.pass_time(86'400 * risk::kSecondNs);
    buy(100);
  }
  const Tuned tuned(w, {limit_change(kClip, "\"50\"")});
  const KeyUse found = key(tuned.report(), kClip);
  EXPECT_TRUE(has(found, Finding::RefusesMostDays));
  EXPECT_EQ(found.days, 3U);
  EXPECT_EQ(found.days_refused, 2U);
  EXPECT_EQ(found.refused, 2U);
  const Tuned wider(w, {limit_change(kClip, "\"100\"")});
  EXPECT_FALSE(has(key(wider.report(), kClip), Finding::RefusesMostDays));
  EXPECT_EQ(wider.comparison().by_day.size(), 3U);
}

TEST_F(TuneUtilisation, FindsALimitThatIsNearlyFull) {
  const risk::Decision decision = w.enter(bravo, {.number = 1, .side = 'S', .quantity = 95});
  w.say(accepted(decision.number, {.quantity = 95, .side = 'S'}));
  for (int second = 0; second < 5; ++second) w.pass_time(risk::kSecondNs);
  const std::string shorts = "profiles.client.instruments.AMZN.short_max";
  const Tuned tuned(w, {limit_change(shorts, "\"105\"")});
  EXPECT_TRUE(has(key(tuned.report(), shorts), Finding::NearlyFull));
  const Tuned wider(w, {limit_change(shorts, "\"106\"")});
  EXPECT_FALSE(has(key(wider.report(), shorts), Finding::NearlyFull));
}

TEST_F(TuneUtilisation, TellsWhichOfTwoGrossLimitsRefuses) {
  buy(900);
  const std::string one = "profiles.client.instruments.AMZN.gross_notional_max";
  const std::string all = "profiles.client.gross_notional_max";
  const Tuned by_instrument(w, {limit_change(one, "\"100000\"")});
  EXPECT_EQ(key(by_instrument.report(), one).refused, 1U);
  EXPECT_EQ(key(by_instrument.report(), all).refused, 0U);
  const Tuned together(w, {limit_change(all, "\"100000\"")});
  EXPECT_EQ(key(together.report(), one).refused, 0U);
  EXPECT_EQ(key(together.report(), all).refused, 1U);
}

}  // namespace
}  // namespace portcullis::test::tune_utilisation_test
