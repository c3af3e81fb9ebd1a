#include "risk/breakdown.h"

#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

// One group's vector, losses and charges.
Engine::Charges Engine::break_down_group(AccountIndex account, GroupIndex group, bool with_orders,
                                         bool maintenance,
                                         BasisBreakdown::OfGroup& of_group) const noexcept {
  const GroupParameters& parameters = parameters_.groups[group.value];
  const std::uint32_t slot = find_slot(account, group);
  std::int64_t low[kRawColumnsMax];
  of_group.is_held = sum_group(account, group, slot == kNil ? kNil : slots_[slot].first_line,
                               question(account, nullptr, with_orders, maintenance), low)
                         .is_held;
  std::copy_n(low, parameters.column_count, of_group.low.begin());
  const SetList& all = sets({maintenance, SetAction::Report});
  for (const std::vector<std::uint32_t>* list : {&all.per_group, &all.joint}) {
    for (const std::uint32_t set : *list) {
      of_group.alone[set] =
          loss_of(columns_of(of_group.low.data(), group, set), parameters_.sets[set]);
    }
  }
  Charges charges;
  for (std::size_t a = 0; a < parameters.add_ons.size(); ++a) {
    const AddOnParameters& add_on = parameters.add_ons[a];
    of_group.charges[a] = charge_of(group, add_on, scratch_.data(), {}, true, maintenance);
    charges[add_on.place] += of_group.charges[a];
  }
  of_group.floor = charges[AddOnPlace::Floor];
  return charges;
}

// Of one basis: what there is of each group, and what comes of it with the enforced sets.
bool Engine::break_down_basis(AccountIndex account, bool maintenance,
                              BasisBreakdown& basis) const noexcept {
  const bool with_orders = !maintenance || parameters_.maintenance_includes_orders;
  const Basis enforced{maintenance, SetAction::Enforce};
  const Basis warned{maintenance, SetAction::Warn};
  const Int128 decided = recompute(account, nullptr, with_orders, enforced, nullptr);
  if (decided >= kBeyondRange) return false;
  const SetList& all = sets({maintenance, SetAction::Report});
  // What an account before it has left there: the groups add to it.
  for (BasisBreakdown::OfJointSet& joint : basis.joint) {
    std::fill(joint.low.begin(), joint.low.end(), 0);
    joint.alone = 0;
  }
  GroupFigures figures;
  GroupFigures figures_warned;
  MarginReport binding;
  Int128 largest = 0;
  for (std::uint32_t g = 0; g < basis.groups.size(); ++g) {
    BasisBreakdown::OfGroup& of_group = basis.groups[g];
    const Charges charges = break_down_group(account, {g}, with_orders, maintenance, of_group);
    const std::int64_t* low = of_group.low.data();
    const GroupFigures of_enforced = figures_of(low, {g}, charges, enforced);
    of_group.requirement = of_enforced.requirement;
    figures = figures + of_enforced;
    figures_warned = figures_warned + figures_of(low, {g}, charges, warned);
    for (const std::uint32_t set : all.joint) {
      const Vector part = columns_of(low, {g}, set);
      vector_code->add_gains(basis.joint[set].low.data(), part.data(), part.size(),
                             gain_haircuts_[g]);
      basis.joint[set].alone += of_group.alone[set];
    }
    if (of_group.requirement <= largest) continue;
    largest = of_group.requirement;
    name_group({g}, low, enforced, binding);
    if (scan(low, {g}, enforced) + charges[AddOnPlace::Group] < of_group.floor)
      binding.set = binding.scenario = kNil;
  }
  for (const std::uint32_t set : all.joint) {
    BasisBreakdown::OfJointSet& joint = basis.joint[set];
    const std::int64_t weight = parameters_.sets[set].joint_weight_ppm;
    joint.together = loss_of(joint.low, parameters_.sets[set]);
    joint.requirement =
        ceil_div(Int128{weight} * joint.together + Int128{kPpm - weight} * joint.alone, kPpm);
  }

  // What decides has the columns of its joint sets one after the other.
  std::int64_t columns[kColumnsMax];
  std::int64_t alone[kSetsMax];
  const auto lay_out = [&](const SetList& list) {
    for (std::size_t k = 0; k < list.joint.size(); ++k) {
      const BasisBreakdown::OfJointSet& joint = basis.joint[list.joint[k]];
      std::copy(joint.low.begin(), joint.low.end(), columns + list.joint_first[k]);
      alone[k] = joint.alone;
    }
  };
  bool fits = true;
  lay_out(sets(warned));
  basis.with_warnings = {narrow(combined(figures_warned, columns, alone, warned), fits)};
  lay_out(sets(enforced));
  const Int128 total = combined(figures, columns, alone, enforced);
  PORTCULLIS_ASSERT(total == decided);
  PORTCULLIS_ASSERT(maintenance || total == requirement(account));
  basis.requirement = {narrow(total, fits)};

  const Scopes both = scopes(figures, columns, alone, enforced);
  const Int128 scale = Int128{kPpm} * kPpm * kPpm;
  basis.groups_part = {narrow(ceil_div(both.by_group, scale), fits)};
  basis.joint_part = {narrow(ceil_div(both.jointly, scale), fits)};
  basis.outside_part = {narrow(ceil_div(figures.outside, kPpm), fits)};
  name_joint(figures, columns, alone, enforced, binding);
  if (both.by_group <= 0 && both.jointly <= 0) binding = MarginReport{};
  basis.scope = both.jointly > both.by_group ? BindingScope::Joint
                : both.by_group > 0          ? BindingScope::Groups
                : total > 0                  ? BindingScope::Outside
                                             : BindingScope::None;
  basis.group = binding.group;
  basis.set = binding.set;
  basis.scenario = binding.scenario;

  const Costs costs = with_orders ? Costs{} : Costs::none();
  basis.equity = {
      narrow(rounded_capital(capital_exact(account, Costs::none(), maintenance)), fits)};
  basis.less_costs = {narrow(rounded_capital(capital_exact(account, costs, maintenance)), fits)};
  return fits;
}

bool Engine::break_down_assets(AccountIndex account, Breakdown& breakdown) const noexcept {
  bool fits = true;
  for (const bool maintenance : {false, true}) {
    const Int128 uncapped = uncapped_value(account, Costs::none(), maintenance);
    BasisBreakdown& basis = maintenance ? breakdown.maintenance : breakdown.initial;
    for (std::uint32_t a = 0; a < assets_.size(); ++a) {
      const Holding& of = holding(account, {a});
      Int128 value = asset_value({a}, of, {}, maintenance);
      if (parameters_.assets[a].share_ppm != kPpm)
        value = std::min(value, share_limit({a}, uncapped));
      const Int128 scale = Int128{kPpm} * parameters_.wide_denominator;
      basis.assets[a].value = {narrow(floor_div(value, scale), fits)};
      basis.assets[a].borrow_margin = {
          narrow(ceil_div(borrow_margin({a}, of, {}, maintenance), scale), fits)};
    }
  }
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    const Holding& of = holding(account, {a});
    breakdown.assets[a] = {held(of), of.line_cost,
                           held(of).raw != 0 || of.line_cost.raw != 0 || of.borrowed.raw != 0};
  }
  return fits;
}

void Engine::break_down(AccountIndex index, Breakdown& breakdown) noexcept {
  PORTCULLIS_ASSERT(breakdown.assets.size() == assets_.size());
  refresh(index);
  const Account& account = accounts_[index.value];
  breakdown.in_range = account.in_range;
  if (!account.in_range) return;
  bool fits = break_down_assets(index, breakdown);
  fits = break_down_basis(index, false, breakdown.initial) && fits;
  fits = break_down_basis(index, true, breakdown.maintenance) && fits;
  PORTCULLIS_ASSERT(breakdown.initial.less_costs == account.capital);
  const std::int64_t denominator = parameters_.wide_denominator;
  breakdown.levered_notional = {narrow(ceil_div(levered(account), denominator), fits)};
  breakdown.leverage_equity = {narrow(leverage_equity(index), fits)};
  breakdown.leverage_max_ppm = leverage_max(index, levered(account));
  breakdown.option_value = {narrow(floor_div(account.option_value.raw, denominator), fits)};
  breakdown.in_range = fits;
}

MarginTrial Engine::try_margin(const NewOrder& order) const noexcept {
  Candidate candidate = candidate_of(order);
  candidate.legs_only = true;
  const Reservation reservation =
      reservation_with(nullptr, candidate.quantity, candidate.price, candidate.instrument);
  const AssetIndex settlement = parameters_.instruments[candidate.instrument.value].settlement;
  Change change = open_change(candidate, reservation, MarginLeg::Margin);
  change.costs = costs_with(candidate, reservation);
  const Int128 before = accounts_[order.account.value].capital.raw - requirement(order.account);
  const Int128 after = rounded_capital(capital_with(order.account, settlement, change.costs)) -
                       requirement_with(order.account, change);
  MarginTrial trial;
  trial.in_range = accounts_[order.account.value].in_range;
  trial.before = {narrow(before, trial.in_range)};
  trial.after = {narrow(after, trial.in_range)};
  if (!trial.in_range) return trial;
  Decision ignored;
  trial.leg = after >= 0                                  ? MarginLeg::Margin
              : may_exit(candidate, reservation, ignored) ? MarginLeg::Exit
                                                          : MarginLeg::None;
  return trial;
}

}  // namespace portcullis::risk
