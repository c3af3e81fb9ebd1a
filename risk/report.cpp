// What an account's margin looks like, and what makes it so.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// What a set's loss counts for beside the others of its scope.
Int128 part_of(Int128 loss, const SetParameters& set, const ScopeParameters& scope) {
  return scope.combine == Combine::Max ? loss : loss * set.weight_ppm;
}

}  // namespace

// The set and worst column that make most of a group's requirement; none where add-ons or a floor
// alone do.
void Engine::name_group(GroupIndex group, const std::int64_t* low, const Basis& basis,
                        MarginReport& report) const noexcept {
  Int128 largest = 0;
  report.set = report.scenario = kNil;
  report.group = group.value;
  for (const std::uint32_t set : sets(basis).per_group) {
    const Vector columns = columns_of(low, group, set);
    const Int128 loss = part_of(loss_of(columns, parameters_.sets[set]), parameters_.sets[set],
                                parameters_.per_group);
    if (loss <= largest) continue;
    largest = loss;
    report.set = set;
    report.scenario = static_cast<std::uint32_t>(std::min_element(columns.begin(), columns.end()) -
                                                 columns.begin());
  }
}

// The joint set and column, where the joint requirement is the larger one.
void Engine::name_joint(const GroupFigures& figures, const std::int64_t* joint,
                        const std::int64_t* alone_sum, const Basis& basis,
                        MarginReport& report) const noexcept {
  const SetList& list = sets(basis);
  const Scopes both = scopes(figures, joint, alone_sum, basis);
  if (both.jointly <= both.by_group) return;
  Int128 largest = 0;
  report.set = report.group = report.scenario = kNil;
  for (std::size_t k = 0; k < list.joint.size(); ++k) {
    const SetParameters& set = parameters_.sets[list.joint[k]];
    const Vector columns{joint + list.joint_first[k], set.column_count[0]};
    const Int128 loss = part_of(Int128{set.joint_weight_ppm} * loss_of(columns, set) +
                                    Int128{kPpm - set.joint_weight_ppm} * alone_sum[k],
                                set, parameters_.joint);
    if (loss <= largest) continue;
    largest = loss;
    report.set = list.joint[k];
    report.scenario = static_cast<std::uint32_t>(std::min_element(columns.begin(), columns.end()) -
                                                 columns.begin());
  }
}

MarginReport Engine::margin(AccountIndex index, Timestamp now) noexcept {
  refresh(index);
  const Account& account = accounts_[index.value];
  MarginReport report;
  bool in_range = true;
  const Int128 equity = rounded_capital(capital_exact(index, Costs::none(), false));
  const Int128 needed = requirement(index);
  report.equity = {narrow(equity, in_range)};
  report.costs = {narrow(equity - account.capital.raw, in_range)};
  report.requirement = {narrow(needed, in_range)};
  report.available = {narrow(account.capital.raw - needed, in_range)};
  recompute(index, nullptr, true, {}, &report);
  const Ratio maintenance = ratio_of(index, MarginBasis::Maintenance);
  report.maintenance_equity = {narrow(maintenance.value, in_range)};
  report.maintenance_requirement = {narrow(maintenance.required, in_range)};
  report.in_range = in_range && account.in_range;
  report.stale = is_stale(index, now);
  return report;
}

}  // namespace portcullis::risk
