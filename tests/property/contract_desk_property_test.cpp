// Random words of sources, marks, silences, clocks and restarts, and a shard that takes something now
// and then, against a model that keeps all that was said and works with numbers of any size: what the
// shard gets is what was due, once.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "feeds/contract_desk.h"
#include "risk/state.h"
#include "tests/support/example_config.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::contract_desk_property_test {
namespace {

using Whole = boost::multiprecision::cpp_int;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'767'600'000 * kSecond;
constexpr int kRateDigits = 15;

// a / b, b > 0, to the nearest, halves away from zero.
Whole nearest(const Whole& a, const Whole& b) {
  const Whole size = (2 * abs(a) + b) / (2 * b);
  return a < 0 ? Whole(-size) : size;
}

// Everything that one contract was told, in the order of its times.
class Model {
 public:
  Model(const FundingTerms& terms, std::int64_t begin_ns)
      : terms_(terms), begin_ns_(begin_ns), settled_ns_(begin_ns) {
    moments_.insert(begin_ns);
  }

  void mark(std::int64_t mark, std::int64_t as_of_ns) {
    if (!marks_.empty() && as_of_ns < marks_.back().time_ns) return;
    reach(as_of_ns);
    marks_.push_back({as_of_ns, reached(), mark});
  }
  // False: it must be refused.
  bool rate(std::int64_t rate, std::int64_t time_ns, std::int64_t next_ns) {
    if (abs(Whole(rate)) > Whole(terms_.rate_max_ppm) * 1'000'000'000) return false;
    if (!rates_.empty() && time_ns < rates_.back().time_ns) return false;
    if (is_continuous()) {
      reach(time_ns);
    } else {
      if (next_ns <= time_ns || next_ns - time_ns > terms_.interval_ns) return false;
      if (next_ns <= settled_ns_ || (next_ns_ && next_ns < *next_ns_)) return false;
      if (next_ns_ && next_ns > *next_ns_) settle();
      next_ns_ = next_ns;
    }
    rates_.push_back({time_ns, reached(), rate});
    return true;
  }
  void step(std::int64_t now_ns) {
    reach(now_ns);
    if (next_ns_ && now_ns >= *next_ns_) settle();
  }

  // All that is due by the last step.
  [[nodiscard]] Whole paid() const {
    if (!is_continuous()) return settled_;
    Whole sum = 0;
    for (auto at = moments_.begin(); std::next(at) != moments_.end(); ++at) {
      const std::int64_t from = *at;
      const std::int64_t to = *std::next(at);
      if (from < begin_ns_) continue;
      const Said* rate = last_by(rates_, from);
      const Said* mark = last_by(marks_, from);
      if (rate == nullptr || mark == nullptr) continue;
      const std::int64_t good = std::min(rate->time_ns, mark->time_ns) + terms_.age_max_ns;
      if (good > from) sum += payment(*rate, *mark, std::min(to, good) - from);
    }
    return sum;
  }
  [[nodiscard]] const std::vector<std::int64_t>& settlements() const { return settlements_; }

 private:
  struct Said {
    std::int64_t time_ns = 0;
    std::int64_t since_ns = 0;  // it counts: what is accrued stays as it is, whatever is said later
    std::int64_t value = 0;
  };
  void reach(std::int64_t time_ns) {
    if (time_ns > reached()) moments_.insert(time_ns);
  }
  [[nodiscard]] std::int64_t reached() const { return *moments_.rbegin(); }
  [[nodiscard]] bool is_continuous() const { return terms_.style == FundingStyle::Continuous; }
  static const Said* last_by(const std::vector<Said>& said, std::int64_t time_ns) {
    const Said* last = nullptr;
    for (const Said& one : said)
      if (one.since_ns <= time_ns) last = &one;
    return last;
  }
  [[nodiscard]] Whole payment(const Said& rate, const Said& mark, std::int64_t part_ns) const {
    Whole above = Whole(rate.value) * terms_.units_per_lot_mark * part_ns * risk::kFundingScale;
    Whole below = Whole(terms_.interval_ns) * 1'000'000'000'000'000;
    (terms_.payoff == risk::Payoff::Linear ? above : below) *= mark.value;
    return nearest(above, below);
  }
  void settle() {
    const std::int64_t at_ns = *next_ns_;
    next_ns_.reset();
    settled_ns_ = at_ns;
    if (rates_.empty() || marks_.empty()) return;
    const Said& rate = rates_.back();
    const Said& mark = marks_.back();
    if (at_ns - rate.time_ns > terms_.age_max_ns) return;
    if (std::abs(at_ns - mark.time_ns) > terms_.age_max_ns) return;
    settled_ += payment(rate, mark, terms_.interval_ns);
    settlements_.push_back(at_ns);
  }

  const FundingTerms terms_;
  const std::int64_t begin_ns_;
  std::vector<Said> marks_;
  std::vector<Said> rates_;
  std::set<std::int64_t> moments_;  // at which a payment that accrues is rounded
  std::optional<std::int64_t> next_ns_;
  std::int64_t settled_ns_ = 0;
  Whole settled_ = 0;
  std::vector<std::int64_t> settlements_;
};

class Story {
 public:
  explicit Story(std::uint64_t seed)
      : random_(seed),
        loaded_(config::load_texts(test::read_example_with_fundings(), test::example_folder())),
        deployment_(loaded_.deployment),
        queue_(deployment_.instruments.size(), {}) {
    for (config::FundingSettings& funding : deployment_.feed.fundings) {
      auto& instrument = deployment_.parameters.instruments[funding.instrument.value];
      const bool is_inverse = below(2) == 1;
      instrument.payoff = is_inverse ? risk::Payoff::Inverse : risk::Payoff::Linear;
      instrument.units_per_lot_mark = 1 + below(is_inverse ? 100'000'000'000 : 1'000);
      funding.interval_ns = (60 + below(600)) * kSecond;
      funding.age_max_ns = (1 + below(60)) * kSecond;
      funding.period_ns = 1 + below(10 * kSecond);
      paid_.emplace_back(0);
      due_before_.emplace_back(0);
    }
    begin();
  }

  void run(int steps) {
    for (int s = 0; s < steps && !testing::Test::HasFailure(); ++s) step();
    settle();
    for (std::size_t f = 0; f < models_.size(); ++f) {
      EXPECT_EQ(paid_[f], due_before_[f] + models_[f].paid()) << "funding " << f;
      const std::set<std::int64_t> once(settlements_[f].begin(), settlements_[f].end());
      EXPECT_EQ(once.size(), settlements_[f].size()) << "a settlement twice";
      settled += settlements_[f].size();
      if (models_[f].paid() != 0) ++with_payments;
    }
  }

  std::uint64_t settled = 0;
  std::uint64_t refused = 0;
  std::uint64_t restarts = 0;
  std::uint64_t with_payments = 0;

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  void begin() {
    desk_ = std::make_unique<ContractDesk>(deployment_, queue_, now_ns_, [](std::string_view) {});
    models_.clear();
    for (const config::FundingSettings& funding : deployment_.feed.fundings)
      models_.emplace_back(funding_terms(deployment_, funding), now_ns_);
    settlements_.resize(models_.size());
  }
  void take() {
    const auto update = queue_.take();
    if (!update) return;
    for (std::size_t f = 0; f < models_.size(); ++f) {
      if (deployment_.feed.fundings[f].instrument == update->instrument) paid_[f] += update->paid;
    }
  }
  // Everything is told, and the shard takes all of it.
  void settle() {
    now_ns_ += 20 * kSecond;  // no period is longer
    desk_->step(now_ns_);
    for (Model& model : models_) model.step(now_ns_);
    for (int turn = 0; turn < 3; ++turn) {
      (void)queue_.flush();
      for (std::size_t f = 0; f < 2 * models_.size(); ++f) take();
    }
    for (std::size_t f = 0; f < models_.size(); ++f) {
      const auto& of = models_[f].settlements();
      settlements_[f].insert(settlements_[f].end(), of.begin(), of.end());
      EXPECT_EQ(desk_->funding_counters(f).settlements, of.size());
    }
  }
  void restart() {
    settle();
    for (std::size_t f = 0; f < models_.size(); ++f) due_before_[f] += models_[f].paid();
    ++restarts;
    now_ns_ += below(3 * kSecond);
    begin();
  }
  void step() {
    now_ns_ += below(4) == 0 ? below(30 * kSecond) : below(kSecond);
    const std::size_t f = static_cast<std::size_t>(below(std::ssize(models_)));
    const config::FundingSettings& funding = deployment_.feed.fundings[f];
    switch (below(20)) {
      case 0:
        if (below(15) == 0) return restart();
        [[fallthrough]];
      case 1:
      case 2:
      case 3:
      case 4: {
        const std::int64_t as_of = now_ns_ - below(2 * kSecond);
        const std::int64_t mark = 1'000'000 + below(9'000'000);
        desk_->take_mark(funding.instrument, mark, as_of);
        models_[f].mark(mark, as_of);
        return;
      }
      case 5:
      case 6:
      case 7:
      case 8:
        return says(f);
      case 9:
      case 10:
      case 11:
        return take();
      default:
        desk_->step(now_ns_);
        for (Model& model : models_) model.step(now_ns_);
    }
  }
  void says(std::size_t f) {
    const config::FundingSettings& funding = deployment_.feed.fundings[f];
    const bool is_continuous = funding.style == FundingStyle::Continuous;
    MarketUpdate update{.symbol = funding.symbol, .source_time_ns = now_ns_ - below(3 * kSecond)};
    // Up to 4 %, where 3 % is the most that is believed.
    const std::int64_t rate = below(80'000'000'000'000) - 40'000'000'000'000;
    update[is_continuous ? MarketField::FundingRate : MarketField::PredictedFundingRate] =
        config::ExactDecimal{rate, kRateDigits};
    std::int64_t& next = next_ns_[f];
    if (!is_continuous) {
      // Settlements come every interval; now and then a source is behind, or confused.
      while (next <= update.source_time_ns) next += funding.interval_ns;
      if (next == 0) next = now_ns_ + below(funding.interval_ns);
      update.next_funding_ns = below(10) == 0 ? next - below(2 * funding.interval_ns) : next;
    }
    const std::uint64_t before = desk_->funding_counters(f).rates;
    desk_->take(funding.source, update, now_ns_);
    const bool is_taken =
        models_[f].rate(rate, update.source_time_ns, update.next_funding_ns.value_or(0));
    EXPECT_EQ(desk_->funding_counters(f).rates - before, is_taken ? 1U : 0U);
    if (!is_taken) ++refused;
  }

  std::mt19937_64 random_;
  const config::LoadResult loaded_;
  config::Deployment deployment_;
  ContractQueue queue_;
  std::unique_ptr<ContractDesk> desk_;
  std::vector<Model> models_;
  std::vector<Whole> paid_;        // what the shard got
  std::vector<Whole> due_before_;  // in earlier processes
  std::vector<std::vector<std::int64_t>> settlements_;
  std::map<std::size_t, std::int64_t> next_ns_;
  std::int64_t now_ns_ = kStart;
};

TEST(ContractDeskProperty, TheShardGetsWhatWasDueOnce) {
  std::mt19937_64 seeds(test::seed());
  std::uint64_t settled = 0;
  std::uint64_t refused = 0;
  std::uint64_t restarts = 0;
  std::uint64_t with_payments = 0;
  for (int n = 0; n < 60 && !HasFailure(); ++n) {
    const std::uint64_t seed = seeds();
    SCOPED_TRACE(testing::Message() << "story " << n);
    Story story(seed);
    story.run(600);
    settled += story.settled;
    refused += story.refused;
    restarts += story.restarts;
    with_payments += story.with_payments;
  }
  EXPECT_GT(settled, 80U);
  EXPECT_GT(refused, 500U);
  EXPECT_GT(restarts, 40U);
  EXPECT_GT(with_payments, 60U);
}

}  // namespace
}  // namespace portcullis::feeds::contract_desk_property_test
