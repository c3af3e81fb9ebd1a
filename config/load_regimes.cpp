// margin.json: the factors whose realised volatility selects among regimes (feeds/regime.h), by name:
//
//   mark         the instrument of the factor whose mark is sampled
//   period_ms    from sample to sample; half_life_ms of the weights; warm_up, the samples before the
//                first regime is chosen: until then the last one is in force
//   up_after_ms, down_after_ms  how long a regime stays at least, before the next one up or down
//   gap_max_ms   a price so long after the last sample begins anew
//   step_max     what a regime's shock may be at most of that of the one before, from 1
//   levels       from calm to wild, 2 to 16 of them:
//     name
//     enter, leave  the volatility of a year at which it is entered from below, and below which it is
//                  left again, "0.8" is 80 %; of the first both 0, of the others above those before
//     shock        what the factor's moves are multiplied by in all sets, never falling; the product is
//                  rounded away from 0 to a millionth
//     leverage_cap no account's leverage is higher, never rising; no cap by default
#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::kPpm;

constexpr std::int64_t kMsMax = 31'536'000'000;  // a year
constexpr std::int64_t kVolatilityMax = 100 * kPpm;
constexpr std::int64_t kShockMax = 10 * kPpm;
constexpr std::size_t kLevelsMax = 16;

RegimeSettings read_level(JsonReader& in, const RegimeSettings* before) {
  RegimeSettings level;
  level.name = in.text("name", 1, 32).value_or("");
  const std::int64_t most = before == nullptr ? 0 : kVolatilityMax;
  const auto enter = in.decimal("enter", kPpmScale, 0, most);
  const auto leave = in.decimal("leave", kPpmScale, 0, most);
  level.enter_ppm = enter.value_or(most);
  level.leave_ppm = leave.value_or(0);
  if (before != nullptr) {
    if (enter && leave && *leave >= *enter) in.problem("leave", "must be less than enter");
    if (enter && *enter <= before->enter_ppm)
      in.problem("enter", "must be more than that of the level before");
    if (leave && *leave <= before->leave_ppm)
      in.problem("leave", "must be more than that of the level before");
  }
  const auto shock = in.decimal("shock", kPpmScale, 1, kShockMax);
  level.shock_ppm = shock.value_or(kPpm);
  if (shock && before != nullptr && *shock < before->shock_ppm)
    in.problem("shock", "must not be less than that of the level before");
  if (in.has("leverage_cap")) {
    const auto cap = in.decimal("leverage_cap", kPpmScale, 0, kLeverageMax);
    level.leverage_max_ppm = cap.value_or(level.leverage_max_ppm);
  }
  if (before != nullptr && level.leverage_max_ppm > before->leverage_max_ppm) {
    in.problem("leverage_cap", "must not be more than that of the level before");
    level.leverage_max_ppm = before->leverage_max_ppm;
  }
  return level;
}

FactorRegimes read_factor(JsonReader& in) {
  FactorRegimes of;
  of.period_ns = read_ns(in, "period_ms", kNsPerMs, 1, kMsMax);
  of.half_life_ns = read_ns(in, "half_life_ms", kNsPerMs, 1, kMsMax);
  if (of.half_life_ns < of.period_ns) in.problem("half_life_ms", "must not be less than period_ms");
  of.warm_up = static_cast<std::uint32_t>(in.integer("warm_up", 1, 1'000'000).value_or(1));
  of.up_after_ns = read_ns(in, "up_after_ms", kNsPerMs, 0, kMsMax);
  of.down_after_ns = read_ns(in, "down_after_ms", kNsPerMs, 0, kMsMax);
  of.gap_max_ns = read_ns(in, "gap_max_ms", kNsPerMs, 1, kMsMax);
  if (of.gap_max_ns < of.period_ns) in.problem("gap_max_ms", "must not be less than period_ms");
  const std::int64_t step_max =
      in.decimal("step_max", kPpmScale, kPpm, kShockMax).value_or(kShockMax);
  in.each_item("levels", [&](JsonReader& level) {
    const RegimeSettings* before = of.levels.empty() ? nullptr : &of.levels.back();
    RegimeSettings next = read_level(level, before);
    if (before != nullptr &&
        risk::Int128{next.shock_ppm} * kPpm > risk::Int128{before->shock_ppm} * step_max) {
      level.problem("shock",
                    fmt::format("must be at most {}, step_max of the level before",
                                to_decimal(static_cast<std::int64_t>(
                                               risk::Int128{before->shock_ppm} * step_max / kPpm),
                                           kPpmScale)));
    }
    if (std::any_of(of.levels.begin(), of.levels.end(),
                    [&](const RegimeSettings& other) { return other.name == next.name; })) {
      level.problem("name", "is there twice");
    }
    of.levels.push_back(std::move(next));
  });
  if (in.readable() && in.is_list("levels") &&
      (of.levels.size() < 2 || of.levels.size() > kLevelsMax))
    in.problem("levels", fmt::format("must have 2 to {} levels", kLevelsMax));
  return of;
}

}  // namespace

void read_regimes(Loading& loading, JsonReader& root) {
  if (!root.has("regimes")) return;
  JsonReader by_factor = root.object("regimes");
  for (const std::string& name : by_factor.keys()) {
    JsonReader in = by_factor.object(name);
    const risk::FactorIndex factor = loading.out.names.factors.find(name);
    if (!factor.exists()) {
      by_factor.problem(name, "there is no factor of this name");
      in.ignore_rest();
      continue;
    }
    std::string mark = in.text("mark", 1, 32).value_or("");
    FactorRegimes of = read_factor(in);
    of.factor = factor;
    if (of.levels.empty()) continue;  // told already
    const std::size_t at = loading.out.regimes.size();
    if (at == kRegimeFactorsMax) {
      by_factor.problem("", fmt::format("must have at most {} factors", kRegimeFactorsMax));
      return;
    }
    loading.out.regime_choice[at] =
        std::min(loading.regimes[at], static_cast<std::uint8_t>(of.levels.size() - 1));
    loading.out.regimes.push_back(std::move(of));
    loading.regime_marks.push_back(std::move(mark));
  }
}

std::int64_t shock_ppm_of(const Loading& loading, risk::FactorIndex factor) {
  for (std::size_t r = 0; r < loading.out.regimes.size(); ++r) {
    const FactorRegimes& of = loading.out.regimes[r];
    if (of.factor == factor) return of.levels[loading.out.regime_choice[r]].shock_ppm;
  }
  return kPpm;
}

void find_regime_marks(Loading& loading) {
  const Names& names = loading.out.names;
  for (std::size_t r = 0; r < loading.regime_marks.size(); ++r) {
    FactorRegimes& of = loading.out.regimes[r];
    of.mark = names.instruments.find(loading.regime_marks[r]);
    if (of.mark.exists() && loading.out.parameters.instruments[of.mark.value].factor == of.factor)
      continue;
    loading.problems.push_back(
        {std::string(kMarginFile), fmt::format("regimes.{}.mark", names.factors.name(of.factor)),
         quote(loading.regime_marks[r]), "must be the name of an instrument of the factor"});
  }
}

void cap_leverage(Deployment& deployment) {
  std::int64_t cap = std::numeric_limits<std::int64_t>::max();
  for (std::size_t r = 0; r < deployment.regimes.size(); ++r)
    cap = std::min(cap, deployment.regimes[r].levels[deployment.regime_choice[r]].leverage_max_ppm);
  for (risk::LimitProfile& profile : deployment.parameters.profiles) {
    profile.leverage_max_ppm = std::min(profile.leverage_max_ppm, cap);
    for (risk::LeverageBracket& bracket : profile.leverage_brackets)
      bracket.max_ppm = std::min(bracket.max_ppm, cap);
  }
}

}  // namespace portcullis::config
