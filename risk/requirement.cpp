// The requirement (METHOD 3.4): from vectors, drivers and sums over the groups to one figure,
// rounded up once; as it stands, as an order would make it, and from nothing.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

// --- factors

FactorExposure Engine::factor_exposure(const Exposure& exposure, const Collateral& collateral,
                                       bool with_orders, bool& fits) const noexcept {
  const Int128 low = with_orders ? exposure.low.raw : exposure.position.raw;
  const Int128 high = with_orders ? exposure.high.raw : exposure.position.raw;
  const Int128 up = low * kPpm + collateral.rises.raw;
  const Int128 down = high * kPpm + collateral.falls.raw;
  return {narrow(exact_per_quantum_.floor(up), fits), narrow(exact_per_quantum_.ceil(down), fits),
          up, down};
}

Int128 Engine::span_of(FactorIndex factor, const FactorExposure& exposure) const noexcept {
  return Int128{std::max(std::abs(exposure.up), std::abs(exposure.down))} *
         shock_max_[factor.value];
}

// Moves the vector `from`, into `raw`, with a factor's exposure: alike in every lag state, since an
// exposure is at the present mark.
void Engine::add_factor(std::int64_t* raw, const std::int64_t* from, GroupIndex group,
                        std::uint32_t factor, std::int64_t up, std::int64_t down) const noexcept {
  const GroupParameters& parameters = parameters_.groups[group.value];
  const std::uint32_t columns = parameters.column_count;
  const std::int32_t* moves = shocks(group, factor);
  for (std::uint32_t first = 0; first < parameters.raw_columns(); first += columns)
    vector_code->add_row(raw + first, from + first, moves, columns, up, down, 0);
}

// --- one group

// What the sets of one scope come to together: the largest, or their weighted sum.
Int128 Engine::scan(const std::int64_t* low, GroupIndex group, const Basis& basis) const noexcept {
  Int128 largest = 0;
  Int128 sum = 0;
  for (const std::uint32_t set : sets(basis).per_group) {
    const std::int64_t loss = loss_of(columns_of(low, group, set), parameters_.sets[set]);
    largest = std::max<Int128>(largest, loss);
    sum += Int128{loss} * parameters_.sets[set].weight_ppm;
  }
  return parameters_.per_group.combine == Combine::Max ? largest : ceil_div(sum, kPpm);
}

GroupFigures Engine::figures_of(const std::int64_t* low, GroupIndex group, const Charges& charges,
                                const Basis& basis) const noexcept {
  return {
      std::max(scan(low, group, basis) + charges[AddOnPlace::Group], charges[AddOnPlace::Floor]),
      charges[AddOnPlace::Joint], charges[AddOnPlace::Outside]};
}

// --- all groups

// comb over the joint sets of J(k), in fines times 1e6.
Int128 Engine::joint_loss(const std::int64_t* joint, const std::int64_t* alone_sum,
                          const Basis& basis) const noexcept {
  const SetList& list = sets(basis);
  Int128 largest = 0;
  Int128 sum = 0;
  for (std::size_t k = 0; k < list.joint.size(); ++k) {
    const SetParameters& set = parameters_.sets[list.joint[k]];
    const std::int64_t together = loss_of({joint + list.joint_first[k], set.column_count[0]}, set);
    const Int128 loss = Int128{set.joint_weight_ppm} * together +
                        Int128{kPpm - set.joint_weight_ppm} * alone_sum[k];
    largest = std::max(largest, loss);
    sum += loss * set.weight_ppm;
  }
  return parameters_.joint.combine == Combine::Max ? largest : ceil_div(sum, kPpm);
}

// What the groups and the joint sets require, in quanta times 1e18.
Engine::Scopes Engine::scopes(const GroupFigures& figures, const std::int64_t* joint,
                              const std::int64_t* alone_sum, const Basis& basis) const noexcept {
  const auto mult = [&](const ScopeParameters& scope) {
    return basis.maintenance ? scope.maintenance_mult_ppm : scope.initial_mult_ppm;
  };
  return {mult(parameters_.per_group) * figures.requirement * kPpm,
          mult(parameters_.joint) * (joint_loss(joint, alone_sum, basis) + figures.joint * kPpm)};
}

// Req, rounded up once.
Int128 Engine::combined(const GroupFigures& figures, const std::int64_t* joint,
                        const std::int64_t* alone_sum, const Basis& basis) const noexcept {
  const Scopes both = scopes(figures, joint, alone_sum, basis);
  const Int128 scale = Int128{kPpm} * kPpm;
  constexpr Divisor kRounded{kPpm * kPpm * kPpm};
  return kRounded.ceil(std::max(both.by_group, both.jointly) + figures.outside * scale);
}

Int128 Engine::requirement(AccountIndex account) const noexcept {
  return combined(accounts_[account.value].figures,
                  joint_.data() + std::size_t{account.value} * joint_columns_,
                  alone_sum_.data() + std::size_t{account.value} * joint_set_count_, {});
}

// The initial requirement as if one line had changed, and with it the costs in its settlement
// asset. O(columns of the touched group).
Int128 Engine::requirement_with(AccountIndex account_index, const Change& change) const noexcept {
  const Account& account = accounts_[account_index.value];
  const InstrumentIndex instrument = change.instrument;
  const InstrumentParameters& traded = parameters_.instruments[instrument.value];
  const Holding& of = holding(account_index, traded.settlement);
  // What costs leave of capped assets that fall, and what spot moves, may be in any group.
  if ((has_falling_caps_ && change.costs != of.line_cost) || traded.payoff == Payoff::Spot)
    return recompute(account_index, &change, true, {}, nullptr);
  const GroupIndex group = group_of(instrument);
  const GroupParameters& parameters = parameters_.groups[group.value];
  const std::uint32_t slot_index = find_slot(account_index, group);
  const GroupSlot* slot = slot_index == kNil ? nullptr : &slots_[slot_index];
  const std::uint32_t line_index = find_line(account_index, instrument);
  const std::uint32_t protection =
      slot == nullptr ? find_protection(account_index, group) : slot->protection;
  const CountedLots before =
      line_index == kNil ? CountedLots{} : counted(lines_[line_index], protection);
  const CountedLots after = counted(instrument, change.lots, change.exits, protection);
  const std::int64_t* old_low = slot == nullptr ? nullptr : low_.data() + slot->first_column;
  // The vector as it is, and as it becomes; copied by the first pass that changes it.
  std::int64_t low[kRawColumnsMax];
  const std::int64_t* from = low;
  if (slot == nullptr) {
    std::fill_n(low, parameters.raw_columns(), 0);
  } else {
    from = raw_of(*slot);
  }
  const auto own_vector = [&] {
    if (from != low) std::copy_n(from, parameters.raw_columns(), low);
    from = low;
  };
  Int128 span = account.span;
  bool fits = true;

  const Exposure* exposures =
      slot == nullptr ? nothing_.data() : exposures_.data() + slot->first_exposure;
  const DriverChanges drivers = driver_changes(instrument, before, after, exposures);
  Charges charges = slot == nullptr ? Charges{} : charges_[slot_index];
  for_each_add_on(instrument, [&](const AddOnParameters& add_on) {
    charges[add_on.place] +=
        (change.along_fill ? charge_along(group, add_on, exposures, drivers.span())
                           : charge_of(group, add_on, exposures, drivers.span(), true, false)) -
        charge_of(group, add_on, exposures, {}, true, false);
  });

  // The factor of the instrument, and that of what its costs are paid in.
  const AssetParameters& settlement = parameters_.assets[traded.settlement.value];
  const bool costs_move = settlement.mode != CollateralMode::Static &&
                          rise_max_[settlement.factor.value] > 0 && change.costs != of.line_cost;
  const std::uint32_t own = places_[traded.factor.value].local_factor;
  const std::uint32_t other = costs_move ? places_[settlement.factor.value].local_factor : own;
  for (std::uint32_t f : {own, other}) {
    if (f == own && traded.risk == RiskSource::Table && !(costs_move && other == own)) continue;
    Exposure exposure = exposures[f];
    Collateral collateral = slot == nullptr ? Collateral{} : collateral_[slot->first_factor + f];
    if (f == own && traded.risk == RiskSource::Factor) {
      const Use& use = uses(instrument).front();  // its factor's
      exposure += exposure_of(use, instrument, after.in_vector);
      exposure -= exposure_of(use, instrument, before.in_vector);
    }
    if (costs_move && f == other) {
      const Int128 uncapped = 0;  // an asset that moves up is not capped
      collateral.rises +=
          collateral_of(account_index, traded.settlement, change.costs, of.flow, uncapped, false)
              .rises -
          of.collateral.rises;
    }
    const FactorExposure now = factor_exposure(exposure, collateral, true, fits);
    const FactorExposure old =
        slot == nullptr ? FactorExposure{} : in_vector_[slot->first_factor + f];
    const FactorIndex factor{parameters.first_factor + f};
    span += span_of(factor, now) - span_of(factor, old);
    add_factor(low, from, group, f, now.up - old.up, now.down - old.down);
    from = low;
    if (own == other) break;
  }
  own_vector();
  if (const std::int32_t* row = gains(instrument); row != nullptr) {
    move_lots(low, row, parameters.raw_columns(), traded, before.in_vector, after.in_vector);
    span += table_span(traded, after.in_vector) - table_span(traded, before.in_vector);
  }
  if (protection != kNil) {
    Int128 quoted = (slot == nullptr ? 0 : slot->quoted) + quoted_of(change.lots, change.exits);
    if (line_index != kNil)
      quoted -= quoted_of(reachable(lines_[line_index]), reachable_by_exits(lines_[line_index]));
    span += move_quotes(protection, quoted > 0, low);
  }
  if (!fits || span > kSpanMax) return kUnaffordable;
  if (parameters.lag_states() > 1) vector_code->fold(low, low, parameters.column_count);

  const GroupFigures figures = account.figures + figures_of(low, group, charges, {}) -
                               (slot == nullptr ? GroupFigures{} : slot->figures);
  const SetList& list = sets({});
  std::int64_t joint[kColumnsMax];
  std::int64_t alone_sum[kSetsMax];
  const std::int64_t* sums = joint_.data() + std::size_t{account_index.value} * joint_columns_;
  for (std::size_t k = 0; k < list.joint.size(); ++k) {
    const Vector part = columns_of(low, group, list.joint[k]);
    std::int64_t* changed = joint + list.joint_first[k];
    const std::int64_t* as_is = sums + list.joint_first[k];
    const GainHaircut& haircut = gain_haircuts_[group.value];
    const std::size_t at = std::size_t{account_index.value} * joint_set_count_ + k;
    alone_sum[k] = wrapped_sum(alone_sum_[at], loss_of(part, parameters_.sets[list.joint[k]]));
    if (slot == nullptr) {
      std::copy_n(as_is, part.size(), changed);
      vector_code->add_gains(changed, part.data(), part.size(), haircut);
      continue;
    }
    alone_sum[k] = wrapped_difference(alone_sum[k], alone_[slot->first_alone + k]);
    vector_code->change_gains(changed, as_is, columns_of(old_low, group, list.joint[k]).data(),
                              part.data(), part.size(), haircut);
  }
  return combined(figures, joint, alone_sum, {});
}

// One group from its lines and from what of the collateral moves with its factors: its vector in
// `low`, which has room for the raw columns, its exposures in scratch_.
Engine::Summed Engine::sum_group(AccountIndex account, GroupIndex group, std::uint32_t first_line,
                                 const Question& asked, std::int64_t* low) const noexcept {
  const GroupParameters& parameters = parameters_.groups[group.value];
  Summed summed;
  std::fill_n(scratch_.begin(), parameters.factor_count + parameters.drivers.size(), Exposure{});
  std::fill_n(low, parameters.raw_columns(), 0);
  const std::uint32_t protection = find_protection(account, group);
  Int128 quoted = 0;
  const auto add_line = [&](InstrumentIndex instrument, Reachable lots, Reachable exits) {
    if (!asked.with_orders) {
      lots.low = lots.high = lots.position;
      exits = lots;
    }
    summed.is_held = summed.is_held || lots.position.raw != 0 || lots.low != lots.high;
    if (!is_spot(instrument)) quoted += quoted_of(lots, exits);
    const CountedLots counts = counted(instrument, lots, exits, protection);
    for (const Use& use : uses(instrument))
      scratch_[use.exposure] += exposure_of(use, instrument, counts.in(use));
    const std::int32_t* row = gains(instrument);
    if (row == nullptr) return;
    const InstrumentParameters& of = parameters_.instruments[instrument.value];
    move_lots(low, row, parameters.raw_columns(), of, {}, counts.in_vector);
    summed.span += table_span(of, counts.in_vector);
  };
  const Change* change = asked.change;
  bool is_there = change == nullptr || group_of(change->instrument) != group;
  for (std::uint32_t l = first_line; l != kNil; l = lines_[l].next) {
    const bool is_changed = change != nullptr && lines_[l].instrument == change->instrument;
    add_line(lines_[l].instrument, is_changed ? change->lots : reachable(lines_[l]),
             is_changed ? change->exits : reachable_by_exits(lines_[l]));
    is_there = is_there || is_changed;
  }
  if (!is_there) add_line(change->instrument, change->lots, change->exits);
  if (protection != kNil && quoted > 0) {
    const LotLoss& loss = lot_loss(group);
    const Lots lots = protected_lots_[protection];
    for (std::uint32_t c = 0; c < parameters.raw_columns(); ++c)
      low[c] = wrapped_difference(low[c], loss_of_lots(lots, loss.most[c]));
    summed.span += loss_of_lots(lots, loss.largest);
  }
  for (std::uint32_t f = 0; f < parameters.factor_count; ++f) {
    const FactorIndex factor{parameters.first_factor + f};
    Collateral collateral;
    for (const AssetIndex asset : group_assets_[group.value]) {
      if (parameters_.assets[asset.value].factor != factor) continue;
      const Amount cost = costs_in(account, asset, asked.costs);
      const Collateral part = collateral_of(account, asset, cost, flow_in(account, asset, asked),
                                            asked.uncapped, asked.maintenance);
      collateral.falls += part.falls;
      collateral.rises += part.rises;
    }
    summed.is_held = summed.is_held || collateral.falls.raw != 0 || collateral.rises.raw != 0;
    const FactorExposure exposure = factor_exposure(scratch_[f], collateral, true, summed.fits);
    summed.span += span_of(factor, exposure);
    add_factor(low, low, group, f, exposure.up, exposure.down);
  }
  if (parameters.lag_states() > 1) vector_code->fold(low, low, parameters.column_count);
  return summed;
}

// What the open spot orders may bring and take of an asset.
Flow Engine::flow_in(AccountIndex account, AssetIndex asset, const Question& asked) const noexcept {
  if (!asked.with_orders) return {};
  if (asked.change != nullptr && is_spot(asked.change->instrument)) {
    const InstrumentParameters& spot = parameters_.instruments[asked.change->instrument.value];
    if (asset == spot.base) return asked.change->base;
    if (asset == spot.settlement) return asked.change->settlement;
  }
  return holding(account, asset).flow;
}

Engine::Question Engine::question(AccountIndex account, const Change* change, bool with_orders,
                                  bool maintenance) const noexcept {
  Question asked{change, with_orders, maintenance, with_orders ? Costs{} : Costs::none()};
  if (change != nullptr) {
    asked.costs.changed = parameters_.instruments[change->instrument.value].settlement;
    asked.costs.costs = change->costs;
    asked.costs.without_exits = change->without_exits;
  }
  asked.uncapped = uncapped_value(account, asked.costs, maintenance);
  return asked;
}

// A requirement from the lines of every group, as they are or with one of them changed; `report`,
// where given, names what binds. Without orders: of the positions alone, costs paid only where the
// change says so. Off the fast path: for the exit leg, for refusals, and for maintenance.
Int128 Engine::recompute(AccountIndex account_index, const Change* change, bool with_orders,
                         const Basis& basis, MarginReport* report) const noexcept {
  const SetList& list = sets(basis);
  std::int64_t low[kRawColumnsMax];
  std::int64_t joint[kColumnsMax];
  std::int64_t alone_sum[kSetsMax] = {};
  std::fill_n(joint, list.joint_columns, 0);
  GroupFigures figures;
  Int128 largest = 0;
  Int128 span = 0;
  bool fits = true;
  const Question asked = question(account_index, change, with_orders, basis.maintenance);

  const auto add_group = [&](GroupIndex group, std::uint32_t first_line) {
    const Summed summed = sum_group(account_index, group, first_line, asked, low);
    span += summed.span;
    fits = fits && summed.fits;
    const bool along =
        change != nullptr && change->along_fill && group == group_of(change->instrument);
    const Charges charges = along ? charges_along(group, account_index, asked)
                                  : charges_of(group, scratch_.data(), true, basis.maintenance);
    const GroupFigures of_group = figures_of(low, group, charges, basis);
    figures = figures + of_group;
    if (report != nullptr && of_group.requirement > largest) {
      largest = of_group.requirement;
      name_group(group, low, basis, *report);
    }
    for (std::size_t k = 0; k < list.joint.size(); ++k) {
      const Vector part = columns_of(low, group, list.joint[k]);
      vector_code->add_gains(joint + list.joint_first[k], part.data(), part.size(),
                             gain_haircuts_[group.value]);
      alone_sum[k] = wrapped_sum(alone_sum[k], loss_of(part, parameters_.sets[list.joint[k]]));
    }
  };
  for (std::uint32_t s = accounts_[account_index.value].first_slot; s != kNil; s = slots_[s].next)
    add_group(slots_[s].group, slots_[s].first_line);
  if (change != nullptr) {
    for (const GroupIndex group : line_groups_[change->instrument.value]) {
      if (find_slot(account_index, group) == kNil) add_group(group, kNil);
    }
  }
  if (report != nullptr) name_joint(figures, joint, alone_sum, basis, *report);
  if (!fits || span > kSpanMax) return kUnaffordable;
  return combined(figures, joint, alone_sum, basis);
}

}  // namespace portcullis::risk
