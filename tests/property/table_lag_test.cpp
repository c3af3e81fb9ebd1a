// Option tables that lag (METHOD 3.9): whatever the book, and wherever within the bound the underlying
// is, the requirement by the table that lags is at least that by a table built there.
//
// At the ends of the bound and in its middle up to rounding. Between two of them, h apart, a column's
// true gain may be below both by h^2 / 8 times its largest bend in the forward F. The gain of a lot in
// a column m is V(F (1 + m), shifted) - V(F), and its bend at most
//   (1 + m)^2 gamma(F (1 + m), shifted) + (1 + |m|) gamma(F),  gamma(F) <= 0.39895 / (F v sqrt(T)).
// Worst loss, expected shortfall and joint sets pass on no more than the sum over the groups.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tests/support/option_world.h"
#include "tests/support/random_world.h"

namespace portcullis::support::table_lag_test {
namespace {

using namespace portcullis::risk;

double share(Rng& rng, std::int64_t low, std::int64_t high) {
  return static_cast<double>(rng.between(low, high)) / 1'000;
}

OptionWorldChoice random_choice(Rng& rng) {
  OptionWorldChoice choice;
  choice.years = static_cast<double>(rng.between(2, 120)) / 365;
  choice.volatility = share(rng, 250, 1'200);
  choice.skew = share(rng, -300, 600);
  choice.strikes = {0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.2};
  choice.premium = rng.percent(30) ? feeds::Premium::Coin : feeds::Premium::Cash;
  if (choice.premium == feeds::Premium::Cash && rng.percent(50)) choice.groups = 2;
  choice.scope = rng.percent(50) ? SetScope::Joint : SetScope::PerGroup;
  choice.measure = rng.percent(50) ? SetMeasure::ExpectedShortfall : SetMeasure::Worst;
  return choice;
}

// Single options, spreads, straddles and butterflies, bought and sold, and often a hedge.
OptionBook random_book(Rng& rng, const OptionWorld& world) {
  OptionBook book;
  const auto strikes = static_cast<std::int64_t>(world.choice().strikes.size());
  book.perpetuals.assign(world.choice().groups, 0);
  for (std::uint32_t g = 0; g < world.choice().groups; ++g) {
    const std::uint32_t first = g * static_cast<std::uint32_t>(2 * strikes);
    for (std::int64_t parts = rng.between(1, 3); parts > 0; --parts) {
      const std::int64_t size = rng.pick({1, 10, 100});
      const std::int64_t lots = rng.pick({size, -size});
      const std::int64_t at = rng.between(1, strikes - 2);
      const std::int64_t put = rng.between(0, 1);
      const auto add = [&](std::int64_t strike, std::int64_t kind, std::int64_t times) {
        book.lines.push_back({first + static_cast<std::uint32_t>(2 * strike + kind), times * lots});
      };
      add(at, put, 1);
      switch (rng.between(0, 3)) {
        case 0:
          break;
        case 1:  // a spread
          add(at + 1, put, -1);
          break;
        case 2:  // a straddle
          add(at, 1 - put, 1);
          break;
        default:  // a butterfly
          add(at, put, -3);
          add(at - 1, put, 1);
          add(at + 1, put, 1);
      }
    }
    double delta = 0;
    for (const OptionBook::Line& line : book.lines) {
      if (line.option >= first)
        delta +=
            static_cast<double>(line.lots) * feeds::black76(world.inputs_of(line.option)).delta;
    }
    if (rng.percent(70)) book.perpetuals[g] = -std::lround(delta);
  }
  return book;
}

// What the requirement may be too low by between the lag states, in dollars.
double bound(const OptionWorld& world, const OptionBook& book, double move_max) {
  const double h = move_max * OptionWorld::kForward;
  const double up = 1 + 4 * OptionWorld::kStepPpm / 1e6;
  double bend = 0;
  for (const OptionBook::Line& line : book.lines) {
    const feeds::Black76Inputs inputs = world.inputs_of(line.option);
    const auto gamma = [&](double volatility) {
      return 0.39895 / ((1 - move_max) * inputs.forward * volatility * std::sqrt(inputs.years));
    };
    const double down = world.shifted(inputs.volatility, feeds::VolatilityShift::Down);
    bend +=
        static_cast<double>(std::abs(line.lots)) * up * (gamma(down) + gamma(inputs.volatility));
  }
  return bend * h * h / 8;
}

// Half a cent of each lot twice, and a dollar for the rounding up.
double rounding(const OptionBook& book) {
  double lots = 0;
  for (const OptionBook::Line& line : book.lines) lots += static_cast<double>(std::abs(line.lots));
  return 1 + lots / 100;
}

TEST(TableLag, ALaggingTableAsksForAtLeastWhatAFreshOneWould) {
  Rng rng(test_seed(3'091));
  double largest_share = 0;     // of the bound
  double largest_fraction = 0;  // of the requirement
  std::int64_t tried = 0;
  std::int64_t below = 0;   // too low, within the bound
  std::int64_t needed = 0;  // without lag states too low by more than that
  const std::int64_t trials = test_scale(600);
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    const OptionWorld world(random_choice(rng));
    const OptionBook book = random_book(rng, world);
    const std::int64_t max_ppm = rng.pick({1'000, 5'000, 20'000});
    const auto max = static_cast<double>(max_ppm) / 1e6;
    const double slack = rounding(book);
    const auto some_end = [&] { return static_cast<double>(rng.between(-1, 1)) * max; };
    const auto between = [&] {  // at a whole dollar
      const std::int64_t most = max_ppm * OptionWorld::kForward / kPpm;
      return static_cast<double>(rng.between(-most, most)) / OptionWorld::kForward;
    };
    const ForwardMoves ends{some_end(), some_end()};
    ASSERT_GE(static_cast<double>(world.required(book, max_ppm, ends)),
              static_cast<double>(world.required_by_fresh_tables(book, ends)) - slack)
        << "trial " << trial << " at " << ends[0] << ", " << ends[1];

    const double most = bound(world, book, max);
    for (int at = 0; at < 4; ++at) {
      const ForwardMoves moves{between(), between()};
      const auto lagging = static_cast<double>(world.required(book, max_ppm, moves));
      const auto fresh = static_cast<double>(world.required_by_fresh_tables(book, moves));
      ASSERT_GE(lagging, fresh - most - slack)
          << "trial " << trial << " at " << moves[0] << ", " << moves[1];
      ++tried;
      const double too_low = fresh - lagging - slack;
      if (too_low > 0) {
        ++below;
        largest_share = std::max(largest_share, too_low / most);
        largest_fraction = std::max(largest_fraction, too_low / fresh);
      }
      const auto without = static_cast<double>(world.required(book, 0, moves));
      if (without < fresh - most - slack) ++needed;
    }
  }
  std::printf(
      "%lld of %lld too low, by %.4f of the bound and %.6f of the requirement at most; "
      "without lag states %lld were beyond it\n",
      static_cast<long long>(below), static_cast<long long>(tried), largest_share, largest_fraction,
      static_cast<long long>(needed));
  // Of 24,000 books 27 were too low, by 0.083 of the bound and 0.5 % of the requirement at most: a
  // column's gain has a slope in F too, which decides where bends do not.
  EXPECT_LE(largest_share, 0.25);
  EXPECT_LE(largest_fraction, 0.02);
  EXPECT_GE(needed * 5, tried);
}

}  // namespace
}  // namespace portcullis::support::table_lag_test
