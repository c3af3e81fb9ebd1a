// What is reported is there, whatever fills, of every model under config/models: random books on it,
// random prices, option tables by Black-76 or at random, and each subset of the open orders filled
// at its limits, in full and in parts.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/model_book.h"
#include "tests/support/shipped_models.h"

namespace portcullis::support::models_economics_test {
namespace {

using namespace portcullis::risk;

constexpr std::size_t kOrdersMax = 5;

std::set<std::uint32_t> instruments_of(const Story& story,
                                       const std::vector<std::uint32_t>& numbers) {
  std::set<std::uint32_t> instruments;
  for (const std::uint32_t number : numbers) {
    if (const Order* order = story.find(number)) instruments.insert(order->instrument.value);
  }
  return instruments;
}

class ModelEconomics : public ::testing::TestWithParam<std::string> {};

// A fill lowers no requirement's cover by more than the roundings that story.h allows for.
TEST_P(ModelEconomics, NothingThatFillsLeavesLessThanWasReported) {
  for (const gateway::PortfolioInstrument& instrument :
       test::shipped_portfolio(GetParam()).instruments) {
    ASSERT_GT(instrument.mark.raw, 0) << "its portfolio must have every mark";
  }
  Rng rng(test_seed(401));
  std::int64_t outcomes = 0;
  std::int64_t lower = 0;
  std::int64_t orders = 0;
  for (std::int64_t trial = test_scale(300); trial > 0; --trial) {
    ModelBook book(rng, GetParam());
    book.open();
    std::vector<std::uint32_t> numbers;
    for (int attempt = 0; attempt < 25 && numbers.size() < kOrdersMax; ++attempt) {
      const Decision d = book.order();
      if (d.disposition == Disposition::Forward) numbers.push_back(d.number);
    }
    orders += static_cast<std::int64_t>(numbers.size());
    if (rng.percent(80)) book.move_prices();
    Story& story = book.story();
    const MarginReport report = story.margin();
    ASSERT_TRUE(report.in_range);
    const std::int64_t reported = report.available.raw;
    const std::int64_t rounding = fill_rounding(story.parameters(), instruments_of(story, numbers));
    for (std::uint32_t subset = 1; subset < (1u << numbers.size()); ++subset) {
      for (const bool in_full : {true, false}) {
        Story outcome = story.retell();
        for (std::size_t n = 0; n < numbers.size(); ++n) {
          if ((subset >> n & 1u) == 0) continue;
          const std::int64_t leaves = outcome.leaves(numbers[n]);
          outcome.fill(numbers[n], in_full ? leaves : rng.between(1, leaves));
        }
        ASSERT_GE(outcome.available(), reported - rounding)
            << "trial " << trial << " subset " << subset << (in_full ? " in full" : " in part");
        lower += outcome.available() < reported;
        ++outcomes;
      }
    }
    // One after the other, in parts, in any order: no step lowers what was there before it.
    std::int64_t before = reported;
    for (int step = 0; step < 40 && !numbers.empty(); ++step) {
      const auto n =
          static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(numbers.size()) - 1));
      if (story.leaves(numbers[n]) == 0) continue;
      const auto filled = instruments_of(story, {numbers[n]});
      story.fill(numbers[n], rng.between(1, story.leaves(numbers[n])));
      const std::int64_t after = story.available();
      ASSERT_GE(after, before - fill_rounding(story.parameters(), filled)) << "trial " << trial;
      ASSERT_GE(after, reported - rounding) << "trial " << trial;
      before = after;
    }
  }
  std::printf("%s: %lld orders, %lld outcomes, %lld lower by rounding\n", GetParam().c_str(),
              static_cast<long long>(orders), static_cast<long long>(outcomes),
              static_cast<long long>(lower));
  EXPECT_GE(orders, test_scale(600));
  EXPECT_GE(outcomes, test_scale(3'000));
}

INSTANTIATE_TEST_SUITE_P(Shipped, ModelEconomics, ::testing::ValuesIn(test::shipped_models()),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace portcullis::support::models_economics_test
