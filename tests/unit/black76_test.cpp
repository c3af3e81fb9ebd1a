// The option pricer against values worked out to 60 digits, what must hold of any European option,
// and the marks that a venue published for a whole chain.

#include "feeds/black76.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace portcullis::feeds::black76_test {
namespace {

constexpr OptionKind kCall = OptionKind::Call;
constexpr OptionKind kPut = OptionKind::Put;

constexpr double kNs = static_cast<double>(risk::kSecondNs);

// The formula at the head of black76.h in 60 digits, with N(x) = erfc(-x / sqrt(2)) / 2, of exactly
// these doubles; delta = D * N(d1), of a put -D * N(-d1).
struct Reference {
  Black76Inputs inputs;
  double price;
  double delta;
  double tolerance = 1e-12;  // relative
};
const std::array kReferences{
    Reference{{kCall, 100, 100, 1, 0.2, 1}, 7.9655674554057967338, 0.53982783727702898367},
    Reference{{kPut, 100, 100, 1, 0.2, 1}, 7.9655674554057967338, -0.46017216272297101633},
    Reference{{kCall, 92529.807, 80000, 0.00352, 0.8733, 1},
              12533.105693056452211,
              0.99770288753405093966},
    Reference{{kPut, 92529.807, 80000, 0.00352, 0.8733, 1},
              3.2986930564515128681,
              -0.0022971124659490603431},
    Reference{{kCall, 92529.807, 102000, 0.00352, 0.6074, 1},
              3.6631221764923279259,
              0.0036163045563922489785},
    Reference{
        {kPut, 92529.807, 300000, 0.8, 0.55, 1}, 207693.60532136914762, -0.9840277340059925523},
    Reference{
        {kCall, 92529.807, 300000, 0.8, 0.55, 1}, 223.4123213691483222, 0.015972265994007447698},
    // Two large numbers that nearly cancel out.
    Reference{{kCall, 100, 100.000001, 1e-8, 0.01, 1},
              0.000039396222935634657783,
              0.49601084317655372543,
              1e-8},
    Reference{{kPut, 0.015625, 0.03125, 2.5, 1.75, 0.875},
              0.024187358986302335631,
              -0.11253290881278972358},
    Reference{{kCall, 100, 1, 0.5, 0.3, 0.95}, 94.049999999999995604, 0.94999999999999995559},
    // A tail.
    Reference{{kPut, 100, 1, 0.5, 0.3, 0.95},
              7.7565540801484271208e-106,
              -7.93252667008440788e-106,
              1e-10},
    Reference{
        {kCall, 4000, 4000, 0.0001, 0.15, 0.99}, 2.3697169234235464011, 0.49529621461542793886},
    Reference{{kPut, 1e6, 2e6, 30, 3, 0.5}, 999999.99999999985115, -7.4796283883323297921e-17},
    Reference{
        {kCall, 1e-5, 1.25e-5, 0.25, 0.9, 1}, 9.887707077866359381e-7, 0.39324375656924119967},
};

TEST(Black76, GivesTheValuesOfTheFormulaInSixtyDigits) {
  for (const Reference& reference : kReferences) {
    const Black76 value = black76(reference.inputs);
    EXPECT_NEAR(value.price, reference.price, reference.tolerance * reference.price)
        << "strike " << reference.inputs.strike << " price " << reference.price;
    EXPECT_NEAR(value.delta, reference.delta, reference.tolerance * std::abs(reference.delta))
        << "strike " << reference.inputs.strike << " price " << reference.price;
  }
}

// Every combination of these is tried.
struct Grid {
  std::array<double, 7> strikes{1, 50, 90, 100, 110, 200, 10'000};
  std::array<double, 5> years{0, 1e-9, 1.0 / 365, 0.5, 30};
  std::array<double, 5> volatilities{0, 1e-6, 0.2, 1, 20};
  static constexpr double kForward = 100;
  static constexpr double kDiscount = 0.96;

  template <class Check>
  void each(Check check) const {
    for (const double strike : strikes) {
      for (const double time : years) {
        for (const double volatility : volatilities) {
          check(Black76Inputs{kCall, kForward, strike, time, volatility, kDiscount});
        }
      }
    }
  }
};

Black76Inputs put_of(Black76Inputs inputs) {
  inputs.kind = kPut;
  return inputs;
}

TEST(Black76, CallLessPutIsTheDiscountedForwardLessTheStrike) {
  Grid{}.each([](const Black76Inputs& inputs) {
    const Black76 call = black76(inputs);
    const Black76 put = black76(put_of(inputs));
    const double parity = inputs.discount * (inputs.forward - inputs.strike);
    EXPECT_NEAR(call.price - put.price, parity, 1e-15 * (inputs.forward + inputs.strike));
    EXPECT_NEAR(call.delta - put.delta, inputs.discount, 1e-15);
  });
}

TEST(Black76, StaysBetweenTheIntrinsicValueAndWhatItCanPay) {
  Grid{}.each([](const Black76Inputs& inputs) {
    const double f = inputs.forward;
    const double k = inputs.strike;
    const double d = inputs.discount;
    const Black76 call = black76(inputs);
    const Black76 put = black76(put_of(inputs));
    EXPECT_GE(call.price, d * std::max(f - k, 0.0));
    EXPECT_GE(put.price, d * std::max(k - f, 0.0));
    EXPECT_LE(call.price, d * f * (1 + 1e-15));
    EXPECT_LE(put.price, d * k * (1 + 1e-15));
    EXPECT_GE(call.delta, 0);
    EXPECT_LE(call.delta, d);
    EXPECT_LE(put.delta, 0);
    EXPECT_GE(put.delta, -d);
  });
}

TEST(Black76, RisesWithVolatilityAndTimeACallWithTheForwardAPutAgainstIt) {
  Grid{}.each([](const Black76Inputs& inputs) {
    // Where the value cannot move any more in its last bits it may waver by one.
    const double slack = 1e-15 * (inputs.forward + inputs.strike);
    const double call = black76(inputs).price;
    const double put = black76(put_of(inputs)).price;
    Black76Inputs more = inputs;
    more.volatility += 0.1;
    EXPECT_GE(black76(more).price, call - slack);
    EXPECT_GE(black76(put_of(more)).price, put - slack);
    more = inputs;
    more.years += 0.1;
    EXPECT_GE(black76(more).price, call - slack);
    more = inputs;
    more.forward += 1;
    EXPECT_GE(black76(more).price, call - slack);
    EXPECT_LE(black76(put_of(more)).price, put + slack);
  });
  Black76Inputs inputs{kCall, 100, 110, 0.5, 0.6, 1};
  const double call = black76(inputs).price;
  inputs.volatility = 0.61;
  EXPECT_GT(black76(inputs).price, call + 0.1);
}

TEST(Black76, DeltaIsTheSlopeOfThePrice) {
  for (const OptionKind kind : {kCall, kPut}) {
    for (const double strike : {60.0, 95.0, 100.0, 140.0}) {
      Black76Inputs inputs{kind, 100, strike, 0.5, 0.6, 0.97};
      const double delta = black76(inputs).delta;
      constexpr double kStep = 1e-3;
      inputs.forward = 100 + kStep;
      const double above = black76(inputs).price;
      inputs.forward = 100 - kStep;
      EXPECT_NEAR(delta, (above - black76(inputs).price) / (2 * kStep), 1e-9);
    }
  }
}

TEST(Black76, IsTheIntrinsicValueWithoutTimeVolatilityOrForward) {
  for (const auto& [years, volatility] : {std::pair{0.0, 0.6}, {0.5, 0.0}, {0.0, 0.0}}) {
    EXPECT_EQ(black76({kCall, 100, 80, years, volatility, 0.5}).price, 10);
    EXPECT_EQ(black76({kCall, 100, 80, years, volatility, 0.5}).delta, 0.5);
    EXPECT_EQ(black76({kCall, 100, 120, years, volatility, 1}).price, 0);
    EXPECT_EQ(black76({kCall, 100, 120, years, volatility, 1}).delta, 0);
    EXPECT_EQ(black76({kPut, 100, 120, years, volatility, 1}).price, 20);
    EXPECT_EQ(black76({kPut, 100, 120, years, volatility, 1}).delta, -1);
    EXPECT_EQ(black76({kPut, 100, 80, years, volatility, 1}).price, 0);
    EXPECT_EQ(black76({kCall, 100, 100, years, volatility, 1}).price, 0);
    EXPECT_EQ(black76({kCall, 100, 100, years, volatility, 1}).delta, 0.5);
    EXPECT_EQ(black76({kPut, 100, 100, years, volatility, 1}).price, 0);
  }
  EXPECT_EQ(black76({kCall, 0, 120, 0.5, 0.6, 1}).price, 0);
  EXPECT_EQ(black76({kPut, 0, 120, 0.5, 0.6, 1}).price, 120);
  EXPECT_EQ(black76({kPut, 0, 120, 0.5, 0.6, 1}).delta, -1);
}

TEST(Black76, IsFiniteWhereTheFormulaIsAtItsEnds) {
  const std::array<double, 6> extremes{1e-300, 1e-12, 1, 1e9, 1e150, 1e300};
  for (const double forward : extremes) {
    for (const double strike : extremes) {
      for (const double volatility : extremes) {
        for (const OptionKind kind : {kCall, kPut}) {
          const Black76 value = black76({kind, forward, strike, 2, volatility, 1});
          EXPECT_TRUE(std::isfinite(value.price) && std::isfinite(value.delta))
              << forward << " " << strike << " " << volatility;
          EXPECT_GE(value.price, 0);
        }
      }
    }
  }
  // The largest deviation: a call is worth the forward, a put the strike.
  EXPECT_EQ(black76({kCall, 100, 120, 30, 1e300, 1}).price, 100);
  EXPECT_EQ(black76({kPut, 100, 120, 30, 1e300, 1}).price, 120);
}

TEST(Black76, CountsTheYearAs365DaysAndNoneBehindTheExpiry) {
  const risk::Timestamp now{1'764'000'000 * risk::kSecondNs};
  const auto later = [&](double days) {
    return risk::Timestamp{now.ns + static_cast<std::int64_t>(days * 86'400 * kNs)};
  };
  EXPECT_DOUBLE_EQ(years_between(now, later(365)), 1);
  EXPECT_DOUBLE_EQ(years_between(now, later(1)), 1.0 / 365);
  EXPECT_EQ(years_between(now, now), 0);
  EXPECT_EQ(years_between(later(1), now), 0);
}

struct PublishedMark {
  Black76Inputs inputs;
  double coins = 0;
};

// instrument_name,type,expiry_date,strike,T_years,S0,market_price_btc,market_price_usd,mark_iv,...
std::vector<PublishedMark> read_chain(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  std::vector<PublishedMark> marks;
  while (std::getline(stream, line)) {
    std::istringstream row(line);
    std::vector<std::string> fields;
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    if (fields.size() < 9) continue;
    marks.push_back({.inputs = {.kind = fields[1] == "call" ? kCall : kPut,
                                .forward = std::stod(fields[5]),
                                .strike = std::stod(fields[3]),
                                .years = std::stod(fields[4]),
                                .volatility = std::stod(fields[8]) / 100},
                     .coins = std::stod(fields[6])});
  }
  return marks;
}

TEST(Black76, GivesTheMarksThatAVenuePublished) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const std::vector<PublishedMark> marks =
      read_chain(std::filesystem::path(data) / "options" / "deribit_btc_options.csv");
  ASSERT_EQ(marks.size(), 676);
  std::vector<double> errors;
  for (const PublishedMark& mark : marks) {
    const double coins = black76(mark.inputs).price / mark.inputs.forward;
    errors.push_back(std::abs(coins - mark.coins));
  }
  std::sort(errors.begin(), errors.end());
  const auto quantile = [&](std::size_t percent) {
    return errors[(errors.size() - 1) * percent / 100];
  };
  std::printf("error of 676 marks in BTC: p10 %.2g, p50 %.2g, p90 %.2g, p99 %.2g, worst %.2g\n",
              quantile(10), quantile(50), quantile(90), quantile(99), errors.back());
  EXPECT_LT(quantile(50), 3e-6);
}

}  // namespace
}  // namespace portcullis::feeds::black76_test
