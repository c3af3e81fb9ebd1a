// NaiveModel: from outcomes to the requirement and R (METHOD 3.4, 3.7 and the rounding contract in
// risk/engine.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

// rho: the loss of a set's columns by its measure, in fines.
Int128 loss_of(std::vector<Int128> outcomes, const SetParameters& set) {
  if (outcomes.empty()) return 0;
  std::sort(outcomes.begin(), outcomes.end());
  if (set.measure == SetMeasure::Worst) return std::max<Int128>(0, -outcomes[0]);
  // The mean over the worst columns * tail of them: whole ones, and a part of the next.
  const auto columns = static_cast<Int128>(outcomes.size());
  const Int128 tail = columns * set.tail_numerator;
  const Int128 whole = tail / set.tail_denominator;
  Int128 sum = 0;
  for (std::size_t n = 0; static_cast<Int128>(n) < whole; ++n) {
    sum -= times(set.tail_denominator, outcomes[n]);
  }
  const Int128 part = tail - set.tail_denominator * whole;
  if (part > 0) sum -= times(part, outcomes[static_cast<std::size_t>(whole)]);
  return std::max<Int128>(0, ceil_div(sum, tail));
}

// phi: what a group's outcome counts beside the others.
Int128 offset(Int128 outcome, const GroupParameters& group) {
  if (outcome <= 0) return outcome;
  Int128 gain = outcome;
  if (group.kappa_ppm != kPpm) {
    const Int128 binary = (Int128{group.kappa_ppm} << 64) / kPpm;  // of 2^64
    gain = floor_of(outcome, binary, Int128{1} << 64);
  }
  return std::min(gain, times(group.gain_cap.raw, kPpm));
}

// How the sets of a scope become one figure.
struct Combined {
  const ScopeParameters& scope;
  Int128 largest = 0;
  Int128 sum = 0;  // times 1e6
  void add(const SetParameters& set, Int128 loss) {
    largest = std::max(largest, loss);
    sum += times(set.weight_ppm, loss);
  }
  [[nodiscard]] Int128 figure() const {
    return scope.combine == Combine::Max ? largest : ceil_div(sum, kPpm);
  }
};

}  // namespace

bool NaiveModel::counts(const SetParameters& set, SetScope scope, MarginBasis basis,
                        bool with_warnings) {
  const bool heeded =
      set.action == SetAction::Enforce || (with_warnings && set.action == SetAction::Warn);
  return heeded && set.scope == scope &&
         (basis == MarginBasis::Initial ? set.initial : set.maintenance);
}

// What a group makes in each column of a set.
std::vector<Int128> NaiveModel::outcomes(const Vectors& low, std::size_t set,
                                         std::size_t group) const {
  const SetParameters& s = parameters_.sets[set];
  const auto first = low[group].begin() + s.first_column[group];
  return {first, first + s.column_count[group]};
}

// What all groups make together in each column of a joint set.
std::vector<Int128> NaiveModel::outcomes_together(const Vectors& low, std::size_t set) const {
  std::vector<Int128> sum(parameters_.sets[set].column_count[0], 0);
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    const std::vector<Int128> part = outcomes(low, set, g);
    for (std::size_t column = 0; column < sum.size(); ++column) {
      sum[column] += offset(part[column], parameters_.groups[g]);
    }
  }
  return sum;
}

Int128 NaiveModel::alone(const Vectors& low, std::size_t set, std::size_t group) const {
  return loss_of(outcomes(low, set, group), parameters_.sets[set]);
}

// J, in fines times 1e6.
Int128 NaiveModel::joint(const Vectors& low, std::size_t set) const {
  const SetParameters& s = parameters_.sets[set];
  Int128 sum_alone = 0;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) sum_alone += alone(low, set, g);
  return times(s.joint_weight_ppm, loss_of(outcomes_together(low, set), s)) +
         times(kPpm - s.joint_weight_ppm, sum_alone);
}

// What the per-group sets ask of a group, in fines.
Int128 NaiveModel::group_sets(const Vectors& low, std::size_t group, MarginBasis basis,
                              bool with_warnings) const {
  Combined sets{parameters_.per_group};
  for (std::size_t k = 0; k < parameters_.sets.size(); ++k) {
    if (!counts(parameters_.sets[k], SetScope::PerGroup, basis, with_warnings)) continue;
    sets.add(parameters_.sets[k], alone(low, k, group));
  }
  return sets.figure();
}

// Z, in fines.
Int128 NaiveModel::group_requirement(const Vectors& low, const Charges& charges, std::size_t group,
                                     MarginBasis basis, bool with_warnings) const {
  return std::max(group_sets(low, group, basis, with_warnings) + charges.in_group[group],
                  charges.floors[group]);
}

NaiveModel::Scopes NaiveModel::scopes(const Vectors& low, const Charges& charges, MarginBasis basis,
                                      bool with_warnings) const {
  const Parameters& p = parameters_;
  Int128 groups_sum = 0;
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    groups_sum += group_requirement(low, charges, g, basis, with_warnings);
  }
  Combined sets{p.joint};
  for (std::size_t k = 0; k < p.sets.size(); ++k) {
    if (!counts(p.sets[k], SetScope::Joint, basis, with_warnings)) continue;
    sets.add(p.sets[k], joint(low, k));
  }
  const bool initial = basis == MarginBasis::Initial;
  const std::int64_t group_mult =
      initial ? p.per_group.initial_mult_ppm : p.per_group.maintenance_mult_ppm;
  const std::int64_t joint_mult = initial ? p.joint.initial_mult_ppm : p.joint.maintenance_mult_ppm;
  return {.by_group = times(group_mult, groups_sum, kPpm),
          .jointly = times(joint_mult, sets.figure() + times(kPpm, charges.joint)),
          .outside = times(kPpm, kPpm, charges.outside)};
}

// Req, in quanta.
Int128 NaiveModel::requirement(const Book& book, MarginBasis basis, const Units& paid,
                               bool with_warnings, const Book* from) const {
  const Scopes parts =
      scopes(worst_outcomes(book, basis, paid), charges(book, basis, from), basis, with_warnings);
  return ceil_div(std::max(parts.by_group, parts.jointly) + parts.outside, times(kPpm, kPpm, kPpm));
}

Int128 NaiveModel::requirement(const Book& book) const {
  return requirement(book, MarginBasis::Initial, costs(book));
}

// Whether this set, group and column make the account's requirement what it is. None does where it
// is made by add-ons and floors alone.
bool NaiveModel::binds(std::uint32_t account, std::uint32_t set, std::uint32_t group,
                       std::uint32_t column) const {
  constexpr MarginBasis kBasis = MarginBasis::Initial;
  const Parameters& p = parameters_;
  const Book now = book(account);
  const Vectors low = worst_outcomes(now, kBasis, costs(now));
  const Charges charged = charges(now, kBasis);
  const Scopes parts = scopes(low, charged, kBasis, false);
  if (std::max(parts.by_group, parts.jointly) == 0) return set == kNil;
  const auto larger_of = [&](std::size_t k, Int128 loss, const ScopeParameters& scope) {
    return scope.combine == Combine::Max ? loss : times(p.sets[k].weight_ppm, loss);
  };
  const auto is_worst = [&](const std::vector<Int128>& outcomes) {
    return column < outcomes.size() &&
           outcomes[column] == *std::min_element(outcomes.begin(), outcomes.end());
  };

  if (parts.jointly >= parts.by_group && group == kNil) {
    Int128 largest = 0;
    for (std::size_t k = 0; k < p.sets.size(); ++k) {
      if (!counts(p.sets[k], SetScope::Joint, kBasis, false)) continue;
      largest = std::max(largest, larger_of(k, joint(low, k), p.joint));
    }
    if (set == kNil) return largest == 0;
    return set < p.sets.size() && counts(p.sets[set], SetScope::Joint, kBasis, false) &&
           larger_of(set, joint(low, set), p.joint) == largest &&
           is_worst(outcomes_together(low, set));
  }

  if (parts.by_group < parts.jointly || group >= p.groups.size()) return false;
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    const Int128 other = group_requirement(low, charged, g, kBasis, false);
    if (other > group_requirement(low, charged, group, kBasis, false)) return false;
  }
  Int128 largest = 0;
  for (std::size_t k = 0; k < p.sets.size(); ++k) {
    if (!counts(p.sets[k], SetScope::PerGroup, kBasis, false)) continue;
    largest = std::max(largest, larger_of(k, alone(low, k, group), p.per_group));
  }
  if (set == kNil) return largest == 0;
  return set < p.sets.size() && counts(p.sets[set], SetScope::PerGroup, kBasis, false) &&
         larger_of(set, alone(low, set, group), p.per_group) == largest &&
         is_worst(outcomes(low, set, group));
}

ModelMargin NaiveModel::margin(std::uint32_t account, std::int64_t now) const {
  ModelMargin m;
  m.stale = account_stale(account, now);
  m.in_range = figures_fit(account);
  const Book all = book(account);
  const Units paid = costs(all);
  m.equity = equity(account, MarginBasis::Initial, no_costs());
  m.costs = m.equity - equity(account, MarginBasis::Initial, paid);
  if (!m.in_range) return m;
  m.requirement = requirement(all);
  m.available = m.equity - m.costs - m.requirement;

  const Ratio maintenance = ratio(account, MarginBasis::Maintenance);
  m.maintenance_equity = maintenance.value;
  m.maintenance_requirement = maintenance.required;
  return m;
}

}  // namespace portcullis::support
