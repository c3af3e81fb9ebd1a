// What is reported is there, whatever fills, of every model under config/models: random books on it,
// random prices, option tables by Black-76 or at random, and each subset of the open orders filled
// at its limits, in full and in parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/shipped_models.h"
#include "tests/support/story.h"

namespace portcullis::support {
namespace {

using namespace portcullis::risk;

constexpr std::size_t kOrdersMax = 5;

// The model for one account that nothing but the margin refuses.
Parameters world(const config::Deployment& model) {
  Parameters p = model.parameters;
  const RateLimit rate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
  p.accounts.resize(1);
  p.accounts[0].rate = rate;
  p.accounts[0].executions = {};
  SessionParameters session;
  session.member = {1};
  session.accounts = {Story::kAccount};
  session.instruments.assign(p.instruments.size(), true);
  session.rate = rate;
  p.sessions = {session};
  for (LimitProfile& profile : p.profiles) {
    profile.leverage_max_ppm = 1'000'000 * kPpm;
    profile.leverage_brackets.clear();
    for (InstrumentLimits& limits : profile.instruments) limits.collar_ppm = 700'000;
  }
  p.capacities = {.orders = 16,
                  .positions = static_cast<std::uint32_t>(p.instruments.size()),
                  .group_slots = static_cast<std::uint32_t>(p.groups.size()),
                  .trades = 64};
  return p;
}

std::int64_t scaled(std::int64_t value, std::int64_t ppm, std::int64_t most) {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(Int128{value} * ppm / kPpm), 1, most);
}

// The model's own portfolio is what its prices are near to.
class Book {
 public:
  Book(Rng& rng, const std::string& name)
      : rng_(rng),
        model_(test::shipped_model(name)),
        base_(test::shipped_portfolio(name)),
        story_(world(model_)) {}

  Story& story() { return story_; }

  void open() {
    move_prices();
    for (std::uint32_t a = 0; a < base_.assets.size(); ++a) {
      if (a != 0 && rng_.percent(40)) continue;
      const std::int64_t index = std::max<std::int64_t>(1, base_.assets[a].index);
      const Int128 dollar =
          Int128{pow10(model_.assets[a].decimals)} * pow10(model_.assets[a].index_decimals) / index;
      const std::int64_t dollars = rng_.between(a == 0 ? 100'000 : -50'000, 5'000'000);
      story_.balance(a, static_cast<std::int64_t>(dollar * dollars));
    }
    for (std::uint32_t i = 0; i < base_.instruments.size(); ++i) {
      if (rng_.percent(30)) continue;
      const std::int64_t most = clip(i) / 4 + 1;
      story_.position(i, rng_.between(-most, most), story_.at_mark(i));
    }
  }

  void move_prices() {
    std::vector<std::int64_t> factors;
    for (std::uint32_t f = 0; f < model_.parameters.factor_count; ++f)
      factors.push_back(rng_.percent(20) ? rng_.between(500'000, 1'800'000)
                                         : rng_.between(900'000, 1'100'000));
    gateway::Portfolio now = base_;
    for (std::uint32_t a = 0; a < now.assets.size(); ++a) {
      const FactorIndex factor = model_.parameters.assets[a].factor;
      const std::int64_t ppm =
          factor.exists() ? factors[factor.value] : rng_.between(980'000, 1'000'000);
      now.assets[a].index = scaled(base_.assets[a].index, ppm, model_.assets[a].index_max);
      story_.index(a, now.assets[a].index);
    }
    for (std::uint32_t i = 0; i < now.instruments.size(); ++i) {
      const bool option = model_.instruments[i].kind == config::InstrumentKind::Option;
      const std::int64_t factor = factors[model_.parameters.instruments[i].factor.value];
      gateway::PortfolioInstrument& instrument = now.instruments[i];
      const std::int64_t ppm =
          option ? rng_.between(300'000, 2'000'000) : factor + rng_.between(-10'000, 10'000);
      instrument.mark = {
          scaled(base_.instruments[i].mark.raw, ppm, model_.instruments[i].mark_max.raw)};
      story_.mark(i, instrument.mark.raw);
      if (!instrument.market) continue;
      instrument.market->forward *= static_cast<double>(factor) / 1e6;
      instrument.market->volatility *= static_cast<double>(rng_.between(500, 1'500)) / 1e3;
    }
    const bool at_random = rng_.percent(30);
    for (std::uint32_t g = 0; g < model_.parameters.groups.size(); ++g) {
      if (model_.parameters.groups[g].row_count == 0) continue;
      story_.publish(at_random ? random_table(rng_, story_.parameters(), {g})
                               : test::shipped_table(model_, now, {g}));
    }
  }

  Decision order() {
    const std::uint32_t i = some_instrument(rng_, story_.parameters());
    const std::int64_t at = story_.at_mark(i);
    const std::int64_t most = clip(i) / 4 + 1;
    return story_.order(i, rng_.percent(50) ? Side::Buy : Side::Sell,
                        rng_.between(1, rng_.percent(70) ? most / 4 + 1 : most),
                        std::max<std::int64_t>(1, at + rng_.between(-at / 10 - 1, at / 10 + 1)));
  }

 private:
  static std::int64_t pow10(int exponent) {
    std::int64_t power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
  }
  [[nodiscard]] std::int64_t clip(std::uint32_t i) const {
    const Parameters& p = story_.parameters();
    return p.profiles[p.accounts[0].profile].instruments[i].clip.raw;
  }

  Rng& rng_;
  const config::Deployment& model_;
  gateway::Portfolio base_;
  Story story_;
};

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
    Book book(rng, GetParam());
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
}  // namespace portcullis::support
