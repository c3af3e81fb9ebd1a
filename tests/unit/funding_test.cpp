// What a perpetual contract pays: at settlements and as time goes by, and what is not invented.
#include "feeds/funding.h"

#include <gtest/gtest.h>

#include "config/decimal.h"

namespace portcullis::feeds::funding_test {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kStart = 1'700'000'000 * kSecond;

// A lot of 0.001 of a coin, marks in cents, settled in micro-dollars: a cent of the mark is 10 units.
FundingTerms linear(FundingStyle style) {
  return {.instrument = {3},
          .payoff = risk::Payoff::Linear,
          .units_per_lot_mark = 10,
          .style = style,
          .interval_ns = 8 * kHour,
          .age_max_ns = 60 * kSecond,
          .period_ns = 10 * kSecond,
          .rate_max_ppm = 20'000};
}

MarketUpdate said(MarketField field, const char* rate, std::int64_t time_ns) {
  MarketUpdate update{.symbol = "PERP", .source_time_ns = time_ns};
  update[field] = config::parse_exact(rate, true).number;
  return update;
}
MarketUpdate predicted(const char* rate, std::int64_t time_ns, std::int64_t next_ns) {
  MarketUpdate update = said(MarketField::PredictedFundingRate, rate, time_ns);
  update.next_funding_ns = next_ns;
  return update;
}

// --- at settlements

TEST(FundingAtSettlement, PredictsThenPaysOnce) {
  Funding funding(linear(FundingStyle::AtSettlement));
  EXPECT_FALSE(funding.step(kStart));
  funding.take_mark(6'000'000, kStart);  // 60,000: a lot is 60
  EXPECT_FALSE(funding.step(kStart)) << "no rate is no rate of 0";
  funding.take(predicted("0.0001", kStart, kStart + 30 * kSecond));
  EXPECT_EQ(funding.next_settlement_ns(), kStart + 30 * kSecond);
  auto update = funding.step(kStart);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 0);
  EXPECT_EQ(update->predicted, 6'000 * kSecond) << "0.006 of 60, in 1e-9 of a micro-dollar";
  EXPECT_EQ(update->instrument.value, 3U);
  EXPECT_EQ(update->time.ns, kStart);
  EXPECT_FALSE(funding.step(kStart + 29 * kSecond)) << "nothing is new";
  update = funding.step(kStart + 30 * kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 6'000 * kSecond);
  EXPECT_FALSE(funding.next_settlement_ns());
  EXPECT_FALSE(funding.step(kStart + 31 * kSecond));
  EXPECT_EQ(funding.counters().settlements, 1U);
  EXPECT_EQ(funding.counters().missed, 0U);
}

TEST(FundingAtSettlement, ALateWordOfASettlementThatIsPaidDoesNotPayItAgain) {
  Funding funding(linear(FundingStyle::AtSettlement));
  funding.take_mark(6'000'000, kStart);
  funding.take(predicted("0.0001", kStart, kStart + 30 * kSecond));
  ASSERT_TRUE(funding.step(kStart + 30 * kSecond));
  funding.take(predicted("0.0001", kStart + 29 * kSecond, kStart + 30 * kSecond));
  EXPECT_FALSE(funding.step(kStart + 31 * kSecond));
  EXPECT_EQ(funding.counters().refused, 1U);
  EXPECT_EQ(funding.counters().settlements, 1U);
}

TEST(FundingAtSettlement, ASourceInTheNextIntervalEndsTheLastAtItsOwnRate) {
  Funding funding(linear(FundingStyle::AtSettlement));
  funding.take_mark(6'000'000, kStart);
  const std::int64_t first = kStart + 30 * kSecond;
  funding.take(predicted("-0.0002", kStart, first));
  funding.take(
      predicted("0.0003", first + 1, first + 8 * kHour));  // and the clock was not looked at
  const auto update = funding.step(first + 2);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, -12'000 * kSecond) << "short lots pay at a negative rate";
  EXPECT_EQ(update->predicted, 18'000 * kSecond);
  EXPECT_EQ(funding.next_settlement_ns(), first + 8 * kHour);
}

TEST(FundingAtSettlement, WithoutAFreshRateOrMarkNothingIsPaid) {
  for (const bool rate_is_old : {true, false}) {
    Funding funding(linear(FundingStyle::AtSettlement));
    const std::int64_t next = kStart + kHour;
    funding.take_mark(6'000'000, rate_is_old ? next : kStart);
    funding.take(predicted("0.0001", rate_is_old ? kStart : next - 1, next));
    const auto update = funding.step(next);
    ASSERT_TRUE(update) << "the prediction";
    EXPECT_EQ(update->paid, 0);
    EXPECT_EQ(funding.counters().missed, 1U);
    EXPECT_EQ(funding.counters().settlements, 0U);
    EXPECT_FALSE(funding.step(next + 1)) << "and not later";
  }
}

TEST(FundingAtSettlement, WhatCannotBeIsRefused) {
  Funding funding(linear(FundingStyle::AtSettlement));
  const std::int64_t next = kStart + kHour;
  funding.take(predicted("0.020000000000001", kStart, next));  // above 2 %
  funding.take(predicted("-0.03", kStart, next));
  funding.take(predicted("99999999", kStart, next));
  funding.take(predicted("0.0001", next, next));      // over already
  funding.take(predicted("0.0001", next + 1, next));  // past
  EXPECT_EQ(funding.counters().refused, 5U);
  funding.take(predicted("0.02", kStart, next));
  funding.take(predicted("0.01", kStart - 1, next));      // before the last
  funding.take(predicted("0.01", kStart + 1, next - 1));  // settlements do not come nearer
  EXPECT_EQ(funding.counters().refused, 7U);
  EXPECT_EQ(funding.counters().rates, 1U);
  funding.take_mark(0, kStart);
  funding.take_mark(-1, kStart);
  funding.take_mark(5, kStart);
  funding.take_mark(6, kStart - 1);
  EXPECT_EQ(funding.counters().refused, 10U);
  MarketUpdate nothing{.symbol = "PERP", .source_time_ns = kStart};
  funding.take(nothing);
  funding.take(said(MarketField::PredictedFundingRate, "0.01", kStart));  // of when?
  EXPECT_EQ(funding.counters().refused, 10U);
  EXPECT_EQ(funding.counters().rates, 1U);
}

TEST(FundingAtSettlement, ASettlementFurtherAwayThanAnIntervalIsNoSettlement) {
  Funding funding(linear(FundingStyle::AtSettlement));
  funding.take(predicted("0.0001", kStart, kStart + 8 * kHour + 1));
  EXPECT_EQ(funding.counters().refused, 1U);
  funding.take(predicted("0.0001", kStart, kStart + 8 * kHour));
  EXPECT_EQ(funding.counters().rates, 1U);
}

TEST(FundingAtSettlement, WhatWasDueBeforeItBeganIsSomebodyElses) {
  Funding funding(linear(FundingStyle::AtSettlement), kStart);
  funding.take_mark(6'000'000, kStart);
  funding.take(predicted("0.0001", kStart - 1, kStart));
  EXPECT_FALSE(funding.step(kStart + 1));
  EXPECT_EQ(funding.counters().refused, 1U);
  funding.take(predicted("0.0001", kStart - 1, kStart + 1));
  const auto update = funding.step(kStart + 1);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 6'000 * kSecond);
}

TEST(FundingContinuous, OfTheTimeBeforeItBeganNothingIsPaid) {
  Funding funding(linear(FundingStyle::Continuous), kStart);
  funding.take_mark(6'000'000, kStart - 20 * kSecond);
  funding.take(said(MarketField::FundingRate, "0.00288", kStart - 20 * kSecond));
  const auto update = funding.step(kStart + 10 * kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 60 * kSecond);
}

TEST(FundingAtSettlement, APredictionDoesNotComeTooOften) {
  Funding funding(linear(FundingStyle::AtSettlement));
  funding.take_mark(6'000'000, kStart);
  funding.take(predicted("0.0001", kStart, kStart + kHour));
  ASSERT_TRUE(funding.step(kStart));
  funding.take(predicted("0.0002", kStart + 1, kStart + kHour));
  EXPECT_FALSE(funding.step(kStart + 10 * kSecond - 1));
  const auto update = funding.step(kStart + 10 * kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->predicted, 12'000 * kSecond);
}

// --- as time goes by

TEST(FundingContinuous, PaysForTheTimeAtTheRateAndMarkThatHeld) {
  Funding funding(linear(FundingStyle::Continuous));
  funding.take_mark(6'000'000, kStart);
  funding.take(said(MarketField::FundingRate, "0.00288", kStart));
  auto update = funding.step(kStart);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 0);
  EXPECT_EQ(update->predicted, 172'800 * kSecond) << "of 8 hours";
  // 10 s at 0.00288 and 60,000; then 20 s at half the rate; then 30 s at twice the mark.
  funding.take(said(MarketField::FundingRate, "0.00144", kStart + 10 * kSecond));
  funding.take_mark(12'000'000, kStart + 30 * kSecond);
  update = funding.step(kStart + 60 * kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, (60 + 60 + 180) * kSecond);
  EXPECT_EQ(funding.counters().missed_ns, 0);
}

TEST(FundingContinuous, TimeWithoutAFreshRateIsCountedAndNotPaid) {
  Funding funding(linear(FundingStyle::Continuous));
  funding.take_mark(6'000'000, kStart);
  funding.take(said(MarketField::FundingRate, "0.00288", kStart));
  ASSERT_TRUE(funding.step(kStart));
  const auto update = funding.step(kStart + 100 * kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 360 * kSecond) << "a minute's";
  EXPECT_EQ(funding.counters().missed_ns, 40 * kSecond);
}

TEST(FundingContinuous, ManySmallStepsPayWhatOneDoesButForTheRounding) {
  Funding often(linear(FundingStyle::Continuous));
  Funding once(linear(FundingStyle::Continuous));
  std::int64_t sum = 0;
  for (Funding* funding : {&often, &once}) {
    funding->take_mark(6'543'217, kStart);
    funding->take(said(MarketField::FundingRate, "-0.000123456789012345", kStart));
    static_cast<void>(funding->step(kStart));
  }
  for (int n = 1; n <= 6'000; ++n) {
    const auto update = often.step(kStart + n * kSecond / 100);
    if (update) sum += update->paid;
  }
  const auto whole = once.step(kStart + 60 * kSecond);
  ASSERT_TRUE(whole);
  EXPECT_LT(whole->paid, 0);
  EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(whole->paid), 3'000.0)
      << "half a unit each";
}

// --- payoffs and bounds

TEST(FundingPayoff, InverseLotsPayInTheCoin) {
  FundingTerms terms = linear(FundingStyle::AtSettlement);
  terms.payoff = risk::Payoff::Inverse;
  terms.units_per_lot_mark = 1'000'000'000'000;  // 100 dollars a lot, marks in cents, in satoshi
  Funding funding(terms);
  funding.take_mark(6'000'000, kStart);  // a lot is 166,666.67 satoshi
  funding.take(predicted("0.0001", kStart, kStart + kSecond));
  const auto update = funding.step(kStart + kSecond);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->paid, 16'666'666'667) << "16.666666667 satoshi, rounded to the nearest";
}

TEST(FundingPayoff, HalvesAreRoundedAwayFromZero) {
  for (const bool is_negative : {false, true}) {
    FundingTerms terms = linear(FundingStyle::AtSettlement);
    terms.units_per_lot_mark = 1;
    Funding funding(terms);
    funding.take_mark(1, kStart);
    funding.take(predicted(is_negative ? "-0.0000000005" : "0.0000000005", kStart, kStart + 1));
    const auto update = funding.step(kStart + 1);
    ASSERT_TRUE(update);
    EXPECT_EQ(update->paid, is_negative ? -1 : 1);
  }
}

TEST(FundingPayoff, WhatDoesNotFitIsMissedAndNotWrapped) {
  FundingTerms terms = linear(FundingStyle::AtSettlement);
  terms.units_per_lot_mark = std::int64_t{1} << 62;
  Funding funding(terms);
  funding.take_mark(std::int64_t{1} << 62, kStart);
  funding.take(predicted("0.02", kStart, kStart + 1));
  EXPECT_FALSE(funding.step(kStart + 1));
  EXPECT_EQ(funding.counters().missed, 1U);
}

}  // namespace
}  // namespace portcullis::feeds::funding_test
