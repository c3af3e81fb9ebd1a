#include "feeds/regime_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace portcullis::feeds {

namespace {

RegimeTerms terms_of(const config::FactorRegimes& of) {
  RegimeTerms terms{.regimes = {},
                    .period_ns = of.period_ns,
                    .half_life_ns = of.half_life_ns,
                    .warm_up = of.warm_up,
                    .up_after_ns = of.up_after_ns,
                    .down_after_ns = of.down_after_ns,
                    .gap_max_ns = of.gap_max_ns};
  for (const config::RegimeSettings& level : of.levels)
    terms.regimes.push_back({level.name, level.enter_ppm, level.leave_ppm});
  return terms;
}

}  // namespace

RegimeDesk::RegimeDesk(const config::Deployment& deployment, risk::Timestamp now)
    : asked_(deployment.regime_choice) {
  for (std::size_t r = 0; r < deployment.regimes.size(); ++r) {
    const config::FactorRegimes& of = deployment.regimes[r];
    Factor factor{.name = deployment.names.factors.name(of.factor),
                  .mark = of.mark,
                  .levels = {},
                  .selector = RegimeSelector(terms_of(of)),
                  .up_after_ns = of.up_after_ns,
                  .down_after_ns = of.down_after_ns,
                  .level = std::min<std::size_t>(asked_[r], of.levels.size() - 1),
                  .changed_ns = now.ns};
    for (const config::RegimeSettings& level : of.levels) factor.levels.push_back(level.name);
    factors_.push_back(std::move(factor));
  }
}

void RegimeDesk::begin(const config::RegimeChoice& in_force, risk::Timestamp now) {
  asked_ = in_force;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    factors_[f].level = std::min<std::size_t>(in_force[f], factors_[f].levels.size() - 1);
    factors_[f].changed_ns = now.ns;
  }
}

void RegimeDesk::take_mark(risk::InstrumentIndex instrument, risk::Mark price,
                           risk::Timestamp as_of) {
  for (Factor& factor : factors_)
    if (factor.mark == instrument) (void)factor.selector.take(price.raw, as_of.ns);
}

std::optional<config::RegimeChoice> RegimeDesk::step(risk::Timestamp now) {
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    Factor& factor = factors_[f];
    const std::optional<std::int64_t> volatility = factor.selector.volatility_ppm();
    const std::size_t wanted = factor.selector.regime();
    if (!volatility || wanted == factor.level) continue;
    const bool is_up = wanted > factor.level;
    if (now.ns - factor.changed_ns < (is_up ? factor.up_after_ns : factor.down_after_ns)) continue;
    const std::size_t from = factor.level;
    factor.level = is_up ? from + 1 : from - 1;
    factor.changed_ns = now.ns;
    told_.push_back(fmt::format("{}: {} -> {} at a volatility of {:.1f} %", factor.name,
                                factor.levels[from], factor.levels[factor.level],
                                static_cast<double>(*volatility) / 1e4));
  }
  config::RegimeChoice due = asked_;
  for (std::size_t f = 0; f < factors_.size(); ++f)
    due[f] = static_cast<std::uint8_t>(factors_[f].level);
  if (due == asked_) return std::nullopt;
  asked_ = due;
  return due;
}

std::vector<std::string> RegimeDesk::take_told() { return std::exchange(told_, {}); }

}  // namespace portcullis::feeds
