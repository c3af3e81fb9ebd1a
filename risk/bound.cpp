// Most acceptances are proved without looking at a column (METHOD 3.9): the requirement when the
// vectors were last summed, and at most how much worse every change since then, and the order, can
// have made it. O(factors of what has changed); a pure function of state and prices, like all
// caches outside the hash. Where it does not suffice the vectors are brought up to date and the
// decision is exact: the bound never refuses, and accepts nothing that the exact check would not.
//
// Req rises with each column's loss at most by the multiplier of its scope: worst loss and expected
// shortfall by 1, kappa and caps by 1, weights as they are given. A column's loss rises with a
// factor's exposure by at most the largest shock on that side, with a lot of a Table instrument by
// the worst integer of its row, with a driver by the top rate of its add-on; ramps are worked out.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

Int128 rising(Int128 now, Int128 before) { return std::max<Int128>(0, now - before); }

}  // namespace

// At least exact / (1e6 * D), without a division.
Int128 Engine::quanta_at_most(Int128 exact) const noexcept {
  return (((exact >> exact_shift_) + 1) * exact_factor_ >> 31) + 1;
}

// How much more a group may require than when its vector was last summed, in slopes' units; and how
// much further its span may be.
Int128 Engine::worse_at_most(const GroupSlot& slot, Int128& span) const noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  Int128 worse = slot.pending * fine_slope_;
  span += slot.pending;
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const Exposure& exposure = exposures_[slot.first_exposure + f];
    const Collateral& collateral = collateral_[slot.first_factor + f];
    const FactorExposure& before = in_vector_[slot.first_factor + f];
    const Int128 up = exposure.low.raw * kPpm + collateral.rises.raw;
    const Int128 down = exposure.high.raw * kPpm + collateral.falls.raw;
    if (up == before.up_exact && down == before.down_exact) continue;
    const std::uint32_t factor = group.first_factor + f;
    const Int128 less = rising(before.up_exact, up);
    const Int128 more = rising(down, before.down_exact);
    const Int128 as_it_rises = less > 0 ? quanta_at_most(less) * slopes_[factor].up : 0;
    const Int128 as_it_falls = more > 0 ? quanta_at_most(more) * slopes_[factor].down : 0;
    // A column rises or falls, not both; but of sets that are summed one may rise and another fall.
    const bool is_sum =
        parameters_.per_group.combine == Combine::Sum || parameters_.joint.combine == Combine::Sum;
    worse += is_sum ? as_it_rises + as_it_falls : std::max(as_it_rises, as_it_falls);
    span += (quanta_at_most(less + rising(up, before.up_exact)) +
             quanta_at_most(more + rising(before.down_exact, down))) *
            shock_max_[factor];
  }
  if (slot.protection != kNil) worse += quotes_worse(slot, span);
  if (group.add_ons.empty()) return worse;
  const Charges& old = charges_[static_cast<std::size_t>(&slot - slots_.data())];
  const Charges now = charges_of(slot.group, exposures_.data() + slot.first_exposure, true, false);
  for (std::size_t place = 0; place < now.at.size(); ++place)
    worse += rising(now.at[place], old.at[place]) * charge_slopes_[place];
  return worse;
}

// How much more an order may require that adds so many lots to one side; a quote under a protection
// adds nothing to vectors, once there is one.
Int128 Engine::worse_by(const Candidate& candidate, Lots grown, bool in_vectors,
                        Int128& span) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[candidate.instrument.value];
  const InstrumentState& state = instruments_[candidate.instrument.value];
  const Int128 lots = grown.raw;
  const bool buys = candidate.side == Side::Buy;
  Int128 worse = 0;
  if (in_vectors && parameters.risk == RiskSource::Table) {
    const RiskTable* table = tables_[group_of(candidate.instrument).value];
    const RowWorst worst = table != nullptr ? table->facts.worst[parameters.row] : RowWorst{};
    const Int128 fines = lots * parameters.vector_unit;
    worse = (fines * (buys ? worst.loss : worst.gain) + fines / 2 + 1) * fine_slope_;
    span += fines * (Int128{parameters.vector_cap} + 1);
  } else if (in_vectors) {
    const Slopes& slopes = slopes_[parameters.factor.value];
    const Int128 quanta = lots * state.notional_quanta + 1;
    worse = quanta * (buys ? slopes.down : slopes.up);
    span += quanta * shock_max_[parameters.factor.value];
  }
  for (const Use& use : uses(candidate.instrument)) {
    if (use.slope == 0) continue;
    const Int128 one = measure(use, candidate.instrument);
    worse += (quanta_at_most(lots * (one < 0 ? -one : one) * kPpm) + 1) * use.slope;
  }
  return worse + ramps_worse_by(candidate, grown);
}

// The same of ramps, whose slope depends on prices: worked out. (Under a protection the lots are no
// fewer than those that count.)
Int128 Engine::ramps_worse_by(const Candidate& candidate, Lots grown) const noexcept {
  const InstrumentIndex instrument = candidate.instrument;
  const GroupIndex group = group_of(instrument);
  Int128 worse = 0;
  for_each_add_on(instrument, [&](const AddOnParameters& add_on) {
    if (add_on.function != AddOnFunction::Ramp) return;
    const std::uint32_t slot = find_slot(candidate.account, group);
    const Exposure* exposures =
        slot == kNil ? nothing_.data() : exposures_.data() + slots_[slot].first_exposure;
    const Reachable before = no_change(instrument, candidate.line).lots;
    Reachable after = before;
    (candidate.side == Side::Buy ? after.high.raw : after.low.raw) +=
        sign_of(candidate.side) * grown.raw;
    const DriverChanges drivers =
        driver_changes(instrument, counted(instrument, before, before, kNil),
                       counted(instrument, after, after, kNil), exposures);
    worse += rising(charge_of(group, add_on, exposures, drivers.span(), true, false),
                    charge_of(group, add_on, exposures, {}, true, false)) *
             charge_slopes_[static_cast<std::size_t>(add_on.place)];
  });
  return worse;
}

// Whether R is surely 0 or above with the order among the open ones. REQUIRES fresh lines.
bool Engine::surely_passes(const Candidate& candidate, const Reservation& reservation,
                           Amount costs) const noexcept {
  const Account& account = accounts_[candidate.account.value];
  if (!account.in_range || !account.capital_in_range || has_warning_sets_ ||
      account.state >= MarginState::Restricted) {
    return false;
  }
  const bool spot = is_spot(candidate.instrument);
  if (spot && moves_collateral(candidate.instrument)) return false;
  // What rises and pays the costs lies beside the vectors that it moves: left to the exact check.
  const AssetIndex settlement = parameters_.instruments[candidate.instrument.value].settlement;
  const AssetParameters& asset = parameters_.assets[settlement.value];
  const Amount paid = holding(candidate.account, settlement).line_cost;
  if (asset.mode != CollateralMode::Static && rise_max_[asset.factor.value] > 0 && costs != paid)
    return false;
  // The first quote under a protection brings in all that it lets fill: left to the exact check.
  bool in_vectors = true;
  if (!spot && !parameters_.accounts[candidate.account.value].protections.empty()) {
    const GroupIndex group = group_of(candidate.instrument);
    in_vectors = find_protection(candidate.account, group) == kNil;
    const std::uint32_t slot = find_slot(candidate.account, group);
    if (!in_vectors && (slot == kNil || slots_[slot].quoted == 0)) return false;
  }
  Int128 span = account.span;
  Int128 worse = 0;
  if (account.version != price_version_) {
    for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next) {
      const GroupSlot& slot = slots_[s];
      if (slot.vector_version != table_version_[slot.group.value]) return false;
      if (slot.stale) worse += worse_at_most(slot, span);
    }
  }
  const Lots grown =
      reservation.lots - (candidate.replaced != nullptr ? candidate.replaced->reserved : Lots{0});
  if (grown.raw > 0 && !spot) worse += worse_by(candidate, grown, in_vectors, span);
  if (span > kSpanMax) return false;
  const Int128 required = account.requirement.raw + (worse >> kSlopeBits) + 2;
  return capital_with(candidate.account, settlement, costs) >=
         required * kPpm * parameters_.wide_denominator;
}

// What the requirement is at most, without the vectors. REQUIRES fresh lines.
Int128 Engine::requirement_bound(AccountIndex index) const noexcept {
  const Account& account = accounts_[index.value];
  Int128 span = 0;
  Int128 worse = 0;
  for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next) {
    const GroupSlot& slot = slots_[s];
    if (slot.vector_version != table_version_[slot.group.value]) return kUnaffordable;
    if (slot.stale) worse += worse_at_most(slot, span);
  }
  return account.requirement.raw + (worse >> kSlopeBits) + 2;
}

}  // namespace portcullis::risk
