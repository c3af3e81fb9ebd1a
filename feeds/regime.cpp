#include "feeds/regime.h"

#include <algorithm>
#include <cmath>

#include "risk/types.h"

namespace portcullis::feeds {
namespace {

constexpr double kYearNs = 365.0 * 86'400e9;
// A price that moves so much has no volatility that anybody set a regime for.
constexpr double kVolatilityMaxPpm = 1e12;

}  // namespace

RegimeSelector::RegimeSelector(const RegimeTerms& terms)
    : terms_(terms), regime_(terms.regimes.size() - 1) {
  PORTCULLIS_ASSERT(!terms.regimes.empty());
  PORTCULLIS_ASSERT(terms.period_ns > 0 && terms.half_life_ns >= terms.period_ns &&
                    terms.warm_up > 0 && terms.up_after_ns >= 0 && terms.down_after_ns >= 0 &&
                    terms.gap_max_ns >= terms.period_ns);
  PORTCULLIS_ASSERT(terms.regimes[0].enter_ppm == 0 && terms.regimes[0].leave_ppm == 0);
  for (std::size_t i = 1; i < terms.regimes.size(); ++i) {
    const Regime& regime = terms.regimes[i];
    const Regime& before = terms.regimes[i - 1];
    PORTCULLIS_ASSERT(regime.leave_ppm < regime.enter_ppm && regime.enter_ppm > before.enter_ppm &&
                      regime.leave_ppm > before.leave_ppm);
  }
}

std::optional<RegimeChange> RegimeSelector::take(std::int64_t price, std::int64_t as_of_ns) {
  if (price <= 0 || as_of_ns <= latest_ns_) {
    ++refused_;
    return std::nullopt;
  }
  latest_ns_ = as_of_ns;
  const std::int64_t elapsed_ns = as_of_ns - sampled_ns_;
  if (sample_ != 0 && elapsed_ns < terms_.period_ns) return std::nullopt;
  const std::int64_t last = sample_;
  sample_ = price;
  sampled_ns_ = as_of_ns;
  if (last == 0) return std::nullopt;
  if (elapsed_ns > terms_.gap_max_ns) {
    ++gaps_;
    samples_ = 0;
    return std::nullopt;
  }
  const double move = std::log(static_cast<double>(price) / static_cast<double>(last));
  const double rate = move * move / static_cast<double>(elapsed_ns) * kYearNs;
  const double weight =
      std::exp2(-static_cast<double>(elapsed_ns) / static_cast<double>(terms_.half_life_ns));
  // The first ones are weighted alike.
  const double oldest = static_cast<double>(samples_) / static_cast<double>(samples_ + 1);
  const double kept = std::min(weight, oldest);
  variance_ = kept * variance_ + (1 - kept) * rate;
  ++samples_;
  const auto volatility = volatility_ppm();
  if (!volatility) return std::nullopt;

  const std::size_t to = wanted(*volatility);
  chosen_ = true;
  if (to == regime_) return std::nullopt;
  const RegimeChange change{
      .time_ns = as_of_ns, .from = regime_, .to = to, .volatility_ppm = *volatility};
  regime_ = to;
  changed_ns_ = as_of_ns;
  return change;
}

std::optional<std::int64_t> RegimeSelector::volatility_ppm() const {
  if (samples_ < terms_.warm_up) return std::nullopt;
  return std::llround(std::min(std::sqrt(variance_) * 1e6, kVolatilityMaxPpm));
}

std::size_t RegimeSelector::wanted(std::int64_t volatility_ppm) const {
  const auto& regimes = terms_.regimes;
  if (!chosen_) {
    std::size_t first = 0;
    while (first + 1 < regimes.size() && volatility_ppm >= regimes[first + 1].enter_ppm) ++first;
    return first;
  }
  const std::int64_t since_ns = latest_ns_ - changed_ns_;
  if (regime_ + 1 < regimes.size() && volatility_ppm >= regimes[regime_ + 1].enter_ppm) {
    return since_ns >= terms_.up_after_ns ? regime_ + 1 : regime_;
  }
  if (volatility_ppm < regimes[regime_].leave_ppm) {
    return since_ns >= terms_.down_after_ns ? regime_ - 1 : regime_;
  }
  return regime_;
}

}  // namespace portcullis::feeds
