// A collar must leave a way out: a market order is a limit at the collar, and in breach it passes where
// closing frees what it costs (METHOD 3.6).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/decimal.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;

// What a position of one on the instrument's factor is charged by the set: the smaller of long and
// short. Expected shortfall is rounded down.
std::int64_t charge_ppm(const Loading& loading, const risk::SetParameters& set,
                        risk::GroupIndex index, risk::FactorIndex factor) {
  const risk::GroupParameters& group = loading.out.parameters.groups[index.value];
  const auto first = group.shock_ppm.begin() +
                     std::ptrdiff_t{factor.value - group.first_factor} * group.column_count +
                     set.first_column[index.value];
  std::vector<std::int64_t> moves(first, first + set.column_count[index.value]);
  std::sort(moves.begin(), moves.end());
  // The worst `tail` of them, a share of a column counting for that.
  Int128 tail = Int128{set.tail_numerator} * set.column_count[index.value];
  Int128 unit = set.tail_denominator;
  if (set.measure == risk::SetMeasure::Worst) tail = unit = 1;
  const auto mean_loss = [&](const auto& loss_of) {
    Int128 sum = 0;
    Int128 left = tail;
    for (std::size_t i = 0; left > 0; ++i) {
      sum += std::min(left, unit) * loss_of(i);
      left -= std::min(left, unit);
    }
    return static_cast<std::int64_t>(std::max(Int128{0}, risk::floor_div(sum, tail)));
  };
  const std::int64_t of_long = mean_loss([&](std::size_t i) { return -moves[i]; });
  const std::int64_t of_short =
      mean_loss([&](std::size_t i) { return moves[moves.size() - 1 - i]; });
  return std::min(of_long, of_short);
}

// What closing a position of one frees in the initial requirement.
struct Freed {
  Int128 ppm2 = 0;  // in 1e-12
  std::string by;   // what frees it
};

// What a set frees, by its name.
std::string of_set(const std::string& name) {
  return name + " frees: its multiplier times the smaller adverse move";
}

// By a scope's enforced sets.
std::vector<Freed> freed_by_sets(const Loading& loading, risk::FactorIndex factor,
                                 risk::SetScope scope) {
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::ScopeParameters& rules =
      scope == risk::SetScope::Joint ? parameters.joint : parameters.per_group;
  const risk::GroupIndex group = group_of(loading, factor);
  std::vector<Freed> freed;
  for (std::size_t k = 0; k < parameters.sets.size(); ++k) {
    const risk::SetParameters& set = parameters.sets[k];
    if (set.scope != scope || set.action != risk::SetAction::Enforce || !set.initial) continue;
    if (set.column_count[group.value] == 0) continue;
    freed.push_back({Int128{rules.initial_mult_ppm} * charge_ppm(loading, set, group, factor),
                     of_set("the set " + loading.out.names.sets[k].name)});
    if (rules.combine == risk::Combine::Max) continue;
    freed.back().ppm2 = freed.back().ppm2 * set.weight_ppm / kPpm;
    if (freed.size() == 1) continue;
    freed = {{freed[0].ppm2 + freed[1].ppm2, of_set("the sets together")}};
  }
  return freed;
}

// By add-ons alone, where no enforced set has the group. Tiers of the notional free their first tier's
// rate or more; what the requirement is made of them is convex, so that the smallest position frees
// least: the larger of group and floor, the larger of both groups and joint, each times its multiplier,
// and what is outside. None where another add-on may free more.
std::optional<Freed> freed_by_add_ons(const Loading& loading, risk::InstrumentIndex index) {
  using risk::AddOnPlace;
  using risk::Measure;
  using risk::Reach;
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::InstrumentParameters& instrument = parameters.instruments[index.value];
  const risk::GroupParameters& group =
      parameters.groups[group_of(loading, instrument.factor).value];
  std::array<std::array<Int128, 4>, 2> rates{};  // of a long and of a short position, by place
  bool may_free_more = false;
  for (const risk::AddOnParameters& add_on : group.add_ons) {
    if (add_on.initial.empty()) continue;
    const auto place = static_cast<std::size_t>(add_on.place);
    for (const std::uint32_t d : add_on.drivers) {
      const risk::DriverParameters& driver = group.drivers[d];
      const auto is_it = [&](const risk::DriverTerm& term) { return term.instrument == index; };
      if (std::none_of(driver.terms.begin(), driver.terms.end(), is_it)) continue;
      const bool of_notional =
          (driver.measure == Measure::Notional || driver.measure == Measure::Delta) &&
          !instrument.reference.exists();
      if (add_on.function != risk::AddOnFunction::Tiers || !of_notional) {
        may_free_more = true;
        continue;
      }
      const Reach reach = driver.reach;
      const std::int64_t rate = add_on.initial[0].rate_ppm;
      if (reach != Reach::Short && reach != Reach::ShortNet) rates[0][place] += rate;
      if (reach != Reach::Long && reach != Reach::LongNet && reach != Reach::Payable)
        rates[1][place] += rate;
    }
  }
  if (may_free_more) return std::nullopt;
  const auto freed = [&](const std::array<Int128, 4>& of) {
    const auto at = [&](AddOnPlace place) { return of[static_cast<std::size_t>(place)]; };
    return std::max(parameters.per_group.initial_mult_ppm *
                        std::max(at(AddOnPlace::Group), at(AddOnPlace::Floor)),
                    parameters.joint.initial_mult_ppm * at(AddOnPlace::Joint)) +
           kPpm * at(AddOnPlace::Outside);
  };
  return Freed{std::min(freed(rates[0]), freed(rates[1])),
               "add-ons alone free: the rates of their first tiers on the side that frees less, "
               "times the multipliers of their places"};
}

// Of per-group sets that which frees least, since any can be the one that binds. Where the group has
// none, of joint sets that which frees most: they can be about other factors. Where no set has the
// group, add-ons alone are its margin. None where it cannot be said.
std::optional<Freed> freed_by_closing(const Loading& loading, risk::InstrumentIndex index) {
  const auto less = [](const Freed& a, const Freed& b) { return a.ppm2 < b.ppm2; };
  const risk::FactorIndex factor = loading.out.parameters.instruments[index.value].factor;
  std::vector<Freed> freed = freed_by_sets(loading, factor, risk::SetScope::PerGroup);
  if (!freed.empty()) return *std::min_element(freed.begin(), freed.end(), less);
  freed = freed_by_sets(loading, factor, risk::SetScope::Joint);
  if (!freed.empty()) return *std::max_element(freed.begin(), freed.end(), less);
  if (!loading.add_ons_ok) return std::nullopt;
  return freed_by_add_ons(loading, index);
}

}  // namespace

// Closing frees the requirement of the adverse move, and must pay for the collar and the fee. What
// closing frees of table risk is in the table, and seen when it is there; spot has no position to close.
void check_collar(const Loading& loading, JsonReader& in, risk::InstrumentIndex index,
                  const risk::InstrumentLimits& limits) {
  const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
  if (instrument.risk == risk::RiskSource::Table || instrument.payoff == risk::Payoff::Spot) return;
  const auto freed = freed_by_closing(loading, index);
  if (!freed) return;
  const std::int64_t debt_addon =
      loading.out.parameters.assets[instrument.settlement.value].debt_addon_ppm;
  // Shares of the notional at the mark, in 1e-12. In the coin, an amount at a price lower by the
  // collar is more by as much: cost and fee are over 1 - collar. The collar is a share of the mark, or
  // more: of ticks this is known where they are least, at price_max, of the reference nowhere.
  const std::int64_t price_max = loading.out.instruments[index.value].mark_max.raw;
  const Int128 ticks_ppm =
      Int128{limits.collar_ticks} * instrument.marks_per_tick * kPpm / price_max;
  const std::int64_t collar_ppm = std::max(limits.collar_ppm, static_cast<std::int64_t>(ticks_ppm));
  const bool is_inverse = instrument.payoff == risk::Payoff::Inverse;
  const Int128 fee = Int128{instrument.fee_ppm} * (is_inverse ? kPpm : kPpm + collar_ppm);
  const Int128 cost = Int128{collar_ppm} * kPpm + fee;
  const std::int64_t over = is_inverse ? kPpm - collar_ppm : kPpm;
  if (cost == 0 || cost * (kPpm + debt_addon) < freed->ppm2 * over) return;
  in.problem(
      "collar",
      fmt::format("is wider than the shock pays for: collar and fee ({}){}, times 1 + the debt "
                  "add-on of the settlement asset ({}), must be less than what {} ({})",
                  to_decimal(cost, 12), is_inverse ? ", over 1 - collar" : "",
                  to_decimal(debt_addon, kPpmScale), freed->by, to_decimal(freed->ppm2, 12)));
}

}  // namespace portcullis::config
