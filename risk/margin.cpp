// Margin: from positions, orders and marks to R. The rounding contract is at the top of engine.h.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

constexpr std::uint32_t kColumnsMax =
    1024;  // of one group's table; also checked by first_problem()
constexpr std::uint32_t kSetsMax = 16;

// More than any equity: a requirement that is not known to be affordable.
constexpr Int128 kUnaffordable = Int128{1} << 100;

// An exposure as high * 1e6 + rest with 0 <= rest < 1e6: a product with a part per million then
// stays in 64 bits.
struct Split {
  std::int64_t high = 0;
  std::int64_t rest = 0;
};

Split split(std::int64_t exposure) {
  Split result{exposure / kPpm, exposure % kPpm};
  if (result.rest < 0) result.rest += kPpm, --result.high;
  return result;
}

// floor(exposure * shock / 1e6), exactly. REQUIRES: shock >= -1e6; then rest * (shock + 1e6) is not
// negative, and its quotient is the wanted one and rest more.
std::int64_t shocked(const Split& exposure, std::int64_t shock_ppm) {
  const auto product = static_cast<std::uint64_t>(exposure.rest * (shock_ppm + kPpm));
  return exposure.high * shock_ppm + static_cast<std::int64_t>(product / kPpm) - exposure.rest;
}

}  // namespace

// --- lines

void Engine::lift(Line& line) noexcept {
  const Usage usage = usage_of(line);
  const std::size_t row = std::size_t{line.instrument.value} * nodes_.size();
  const InstrumentState& instrument = instruments_[line.instrument.value];
  for (NodeIndex node = parameters_.accounts[line.account.value].parent; node.exists();
       node = parameters_.nodes[node.value].parent) {
    Usage& sum = usage_[row + node.value];
    sum.long_lots -= usage.long_lots;
    sum.short_lots -= usage.short_lots;
    sum.gross_lots -= usage.gross_lots;
    nodes_[node.value].gross.raw -= instrument.notional.raw * usage.gross_lots.raw;
  }
  GroupSlot& slot = slots_[line.slot];
  if (slot.version != group_version_[slot.group.value]) return;  // will be valued from nothing
  Account& account = accounts_[line.account.value];
  const std::uint32_t settlement = parameters_.instruments[line.instrument.value].settlement.value;
  line_values_[line.account.value * assets_.size() + settlement] -= line.value;
  account.gross -= line.gross;
  Exposure& exposure =
      exposures_[slot.first_exposure +
                 places_[parameters_.instruments[line.instrument.value].factor.value].local_factor];
  exposure.position.raw -= instrument.notional.raw * line.position.raw;
  exposure.buys.raw -= instrument.notional.raw * line.open[kBuys].raw;
  exposure.sells.raw -= instrument.notional.raw * line.open[kSells].raw;
}

void Engine::place(Line& line) noexcept {
  touch_line(line);
  const Usage usage = usage_of(line);
  const std::size_t row = std::size_t{line.instrument.value} * nodes_.size();
  const InstrumentState& instrument = instruments_[line.instrument.value];
  for (NodeIndex node = parameters_.accounts[line.account.value].parent; node.exists();
       node = parameters_.nodes[node.value].parent) {
    Usage& sum = usage_[row + node.value];
    sum.long_lots += usage.long_lots;
    sum.short_lots += usage.short_lots;
    sum.gross_lots += usage.gross_lots;
    nodes_[node.value].gross.raw += instrument.notional.raw * usage.gross_lots.raw;
  }
  Account& account = accounts_[line.account.value];
  account.version = 0;
  account.capital_stale = true;
  GroupSlot& slot = slots_[line.slot];
  slot.stale = true;
  if (slot.version != group_version_[slot.group.value]) return;
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  line.value.raw = Int128{line.position.raw} * instrument.mark.raw * parameters.units_per_lot_mark +
                   line.cash.raw;
  line.gross.raw = instrument.notional.raw * usage.gross_lots.raw;
  line_values_[line.account.value * assets_.size() + parameters.settlement.value] += line.value;
  account.gross += line.gross;
  Exposure& exposure =
      exposures_[slot.first_exposure + places_[parameters.factor.value].local_factor];
  exposure.position.raw += instrument.notional.raw * line.position.raw;
  exposure.buys.raw += instrument.notional.raw * line.open[kBuys].raw;
  exposure.sells.raw += instrument.notional.raw * line.open[kSells].raw;
  slot.expires = std::min(slot.expires, expires(line.instrument));
}

// When the prices of a line become stale: its mark, or the index of the asset it is settled in,
// even while the account has nothing of that asset.
Timestamp Engine::expires(InstrumentIndex index) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  const InstrumentState& instrument = instruments_[index.value];
  const AssetState& asset = assets_[parameters.settlement.value];
  if (instrument.mark.raw == 0 || asset.index == 0) return {};
  return std::min(
      Timestamp{instrument.as_of.ns + parameters.mark_age_max_ns},
      Timestamp{asset.as_of.ns + parameters_.assets[parameters.settlement.value].index_age_max_ns});
}

std::int64_t Engine::fee_per_lot(InstrumentIndex instrument, Price price) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  bool in_range = true;
  return narrow(ceil_div(Int128{price.raw} * parameters.marks_per_tick *
                             parameters.units_per_lot_mark * parameters.fee_ppm,
                         kPpm),
                in_range);
}

Amount Engine::cost_of(const Reservation& reservation, Side side,
                       InstrumentIndex instrument) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const InstrumentState& state = instruments_[instrument.value];
  Int128 per_lot = reservation.fee_per_lot;
  if (state.mark.raw > 0) {
    const Int128 beyond =
        Int128{reservation.worst.raw} * parameters.marks_per_tick - state.mark.raw;
    per_lot = std::max<Int128>(0, sign_of(side) * beyond * parameters.units_per_lot_mark + per_lot);
  }
  return {per_lot * reservation.lots.raw};
}

// The sum over one side's orders. Zero without a walk when the most aggressive of them is better
// than the mark by more than any fee; a walk finds out anew which that is, since it may have gone.
Amount Engine::side_cost(Line& line, BookSide side) const noexcept {
  if (line.first[side] == kNil) return {};
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  const InstrumentState& state = instruments_[line.instrument.value];
  const Int128 beyond = Int128{line.best[side].raw} * parameters.marks_per_tick - state.mark.raw;
  if (state.mark.raw > 0 &&
      (side == kBuys ? beyond : -beyond) * parameters.units_per_lot_mark + line.fee_max[side] <=
          0) {
    return {};
  }
  Amount sum;
  line.best[side] = orders_[line.first[side]].worst;
  line.fee_max[side] = 0;
  for (std::uint32_t at = line.first[side]; at != kNil; at = orders_[at].next) {
    const Order& order = orders_[at];
    sum += order_cost(order);
    line.best[side] = side == kBuys ? std::max(line.best[side], order.worst)
                                    : std::min(line.best[side], order.worst);
    line.fee_max[side] = std::max(line.fee_max[side], order.fee_per_lot);
  }
  return sum;
}

void Engine::add_cost(const Order& order, int direction) noexcept {
  Line& line = lines_[order.line];
  const GroupSlot& slot = slots_[line.slot];
  Account& account = accounts_[line.account.value];
  account.version = 0;
  account.capital_stale = true;
  if (slot.version != group_version_[slot.group.value]) return;
  const Amount cost{order_cost(order).raw * direction};
  line.cost[book_side(order.side)] += cost;
  line_costs_[line.account.value * assets_.size() +
              parameters_.instruments[line.instrument.value].settlement.value] += cost;
}

// Values every line of a slot at the current marks, and sums their exposures anew.
void Engine::value_lines(GroupSlot& slot, Account& account) noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const Wide collateral = exposures_[slot.first_exposure + f].collateral;
    exposures_[slot.first_exposure + f] = {
        .position = {}, .buys = {}, .sells = {}, .collateral = collateral};
  }
  slot.expires.ns = std::numeric_limits<std::int64_t>::max();
  const std::size_t row = slot.account.value * assets_.size();
  for (std::uint32_t at = slot.first_line; at != kNil; at = lines_[at].next) {
    Line& line = lines_[at];
    const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
    const InstrumentState& instrument = instruments_[line.instrument.value];
    const std::size_t asset = row + parameters.settlement.value;
    line_values_[asset] -= line.value;
    account.gross -= line.gross;
    line.value.raw =
        Int128{line.position.raw} * instrument.mark.raw * parameters.units_per_lot_mark +
        line.cash.raw;
    line.gross.raw = instrument.notional.raw * usage_of(line).gross_lots.raw;
    line_values_[asset] += line.value;
    account.gross += line.gross;
    for (const BookSide side : {kBuys, kSells}) {
      const Amount cost = side_cost(line, side);
      line_costs_[asset] += cost - line.cost[side];
      line.cost[side] = cost;
    }
    Exposure& exposure =
        exposures_[slot.first_exposure + places_[parameters.factor.value].local_factor];
    exposure.position.raw += instrument.notional.raw * line.position.raw;
    exposure.buys.raw += instrument.notional.raw * line.open[kBuys].raw;
    exposure.sells.raw += instrument.notional.raw * line.open[kSells].raw;
    slot.expires = std::min(slot.expires, expires(line.instrument));
  }
  slot.version = group_version_[slot.group.value];
  slot.stale = true;
}

// --- equity

// The haircut curve of an amount, times 1e6.
Int128 Engine::haircut(AssetIndex asset, Amount amount) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  if (amount.raw < 0) return amount.raw * (kPpm + parameters.debt_addon_ppm);
  Int128 sum = 0;
  Int128 counted = 0;
  for (const HaircutTier& tier : parameters.haircut) {
    const Int128 part = std::min(amount.raw, tier.upto.raw) - counted;
    if (part <= 0) break;
    sum += part * tier.rate_ppm;
    counted += part;
  }
  return sum;
}

// What the asset adds to E - C, rounded down once: a cost takes what a debt would.
Int128 Engine::capital_in(AssetIndex asset, Int128 haircut, Amount costs) const noexcept {
  const Int128 addon = parameters_.assets[asset.value].debt_addon_ppm;
  return floor_div((haircut - costs.raw * (kPpm + addon)) * assets_[asset.value].unit.raw,
                   Int128{kPpm} * parameters_.wide_denominator);
}

// What a cost in the asset takes from that at most.
Int128 Engine::cost_value(AssetIndex asset, Amount cost) const noexcept {
  if (cost.raw == 0) return 0;
  return ceil_div(cost.raw * (kPpm + parameters_.assets[asset.value].debt_addon_ppm) *
                      assets_[asset.value].unit.raw,
                  Int128{kPpm} * parameters_.wide_denominator);
}

void Engine::value_capital(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  const std::size_t row = index.value * assets_.size();
  Int128 capital = 0;
  std::int64_t expires = std::numeric_limits<std::int64_t>::max();
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    const Amount amount = held(index, {a});
    const AssetState& asset = assets_[a];
    const AssetParameters& parameters = parameters_.assets[a];
    const Int128 counted = haircut({a}, amount);
    capital += capital_in({a}, counted, line_costs_[row + a]);
    if (amount.raw != 0) {
      expires =
          std::min(expires, asset.index == 0 ? 0 : asset.as_of.ns + parameters.index_age_max_ns);
    }
    if (parameters.mode == CollateralMode::Static) continue;
    const Place& at = places_[parameters.factor.value];
    const std::uint32_t slot = find_slot(index, {at.group});
    if (slot == kNil) continue;  // never held: a slot is made with the first balance or line
    const Int128 value = counted * asset.unit.raw;
    if (value == collateral_[row + a].raw) continue;
    // Several assets may share a factor.
    exposures_[slots_[slot].first_exposure + at.local_factor].collateral.raw +=
        value - collateral_[row + a].raw;
    slots_[slot].stale = true;
    collateral_[row + a].raw = value;
  }
  account.capital_in_range = true;
  account.capital = {narrow(capital, account.capital_in_range)};
  account.expires.ns = expires;
  account.capital_stale = false;
}

// --- vectors

// Adds (sign 1) or takes off (sign -1) one factor's part of the group's vector. False when the
// exposure is too large for sums of vectors to stay in 64 bits; the vector is then too small.
bool Engine::factor_vector(GroupIndex group, std::uint32_t local_factor, const Exposure& exposure,
                           bool with_orders, int sign, std::int64_t* low) const noexcept {
  const Int128 buys = with_orders ? exposure.buys.raw : 0;
  const Int128 sells = with_orders ? exposure.sells.raw : 0;
  const Int128 denominator = Int128{kPpm} * parameters_.wide_denominator;
  const Int128 up_exact =
      floor_div((exposure.position.raw - sells) * kPpm + exposure.collateral.raw, denominator);
  const Int128 down_exact =
      ceil_div((exposure.position.raw + buys) * kPpm + exposure.collateral.raw, denominator);
  const auto up =
      static_cast<std::int64_t>(std::clamp<Int128>(up_exact, -exposure_max_, exposure_max_));
  const auto down =
      static_cast<std::int64_t>(std::clamp<Int128>(down_exact, -exposure_max_, exposure_max_));
  const bool in_range = up == up_exact && down == down_exact;
  if (up == 0 && down == 0) return in_range;
  const GroupParameters& parameters = parameters_.groups[group.value];
  const std::int32_t* shock =
      parameters.shock_ppm.data() + std::size_t{local_factor} * parameters.column_count;
  const Split parts[2] = {split(up), split(down)};
  for (std::uint32_t c = 0; c < parameters.column_count; ++c) {
    low[c] += sign * shocked(parts[shock[c] < 0 ? 1 : 0], shock[c]);
  }
  return in_range;
}

std::int64_t Engine::alone(const std::int64_t* low, GroupIndex group,
                           std::uint32_t set) const noexcept {
  const std::uint32_t first = parameters_.sets[set].first_column[group.value];
  const std::uint32_t count = parameters_.sets[set].column_count[group.value];
  std::int64_t worst = 0;
  for (std::uint32_t c = first; c < first + count; ++c) worst = std::min(worst, low[c]);
  return -worst;
}

std::int64_t Engine::group_requirement(const std::int64_t* low, GroupIndex group) const noexcept {
  std::int64_t requirement = 0;
  for (const std::uint32_t set : group_sets_)
    requirement = std::max(requirement, alone(low, group, set));
  return requirement;
}

std::int64_t Engine::phi(std::int64_t x, GroupIndex group) const noexcept {
  const std::int64_t kappa = parameters_.groups[group.value].kappa_ppm;
  return x <= 0 || kappa == kPpm ? x : shocked(split(x), kappa);
}

// Rebuilds a slot's vector from its exposures and moves the account's sums by the difference.
void Engine::value_vectors(GroupSlot& slot) noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  Account& account = accounts_[slot.account.value];
  std::int64_t* low = low_.data() + slot.first_column;
  std::int64_t* joint = joint_.data() + std::size_t{slot.account.value} * joint_columns_;
  std::int64_t* sums = alone_sum_.data() + slot.account.value * joint_sets_.size();
  for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
    const SetParameters& set = parameters_.sets[joint_sets_[k]];
    const std::int64_t* part = low + set.first_column[slot.group.value];
    for (std::uint32_t c = 0; c < set.column_count[slot.group.value]; ++c) {
      joint[joint_first_[k] + c] -= phi(part[c], slot.group);
    }
    sums[k] -= alone_[slot.first_alone + k];
  }
  account.groups_sum -= slot.requirement;

  std::fill_n(low, group.column_count, 0);
  slot.in_range = true;
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const Exposure& exposure = exposures_[slot.first_exposure + f];
    slot.in_range &= factor_vector(slot.group, f, exposure, true, 1, low);
  }
  slot.requirement = group_requirement(low, slot.group);
  account.groups_sum += slot.requirement;
  for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
    const SetParameters& set = parameters_.sets[joint_sets_[k]];
    const std::int64_t* part = low + set.first_column[slot.group.value];
    for (std::uint32_t c = 0; c < set.column_count[slot.group.value]; ++c) {
      joint[joint_first_[k] + c] += phi(part[c], slot.group);
    }
    alone_[slot.first_alone + k] = alone(low, slot.group, joint_sets_[k]);
    sums[k] += alone_[slot.first_alone + k];
  }
  slot.stale = false;
}

void Engine::refresh(AccountIndex index) noexcept {
  if (!index.exists()) return;
  Account& account = accounts_[index.value];
  if (account.version == price_version_) return;
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    GroupSlot& slot = slots_[at];
    if (slot.version == group_version_[slot.group.value]) continue;
    value_lines(slot, account);
    account.capital_stale = true;
  }
  if (account.index_version != index_version_) account.capital_stale = true;
  if (account.capital_stale) value_capital(index);
  account.in_range = account.capital_in_range;
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    GroupSlot& slot = slots_[at];
    if (slot.stale) value_vectors(slot);
    account.in_range = account.in_range && slot.in_range;
  }
  account.index_version = index_version_;
  account.version = price_version_;
}

// --- the requirement

// Req of METHOD 3.4, rounded up once per scope.
Int128 Engine::combine(Int128 groups_sum, const std::int64_t* joint,
                       const std::int64_t* alone_sum) const noexcept {
  Int128 largest = 0;
  for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
    const std::int64_t weight = parameters_.sets[joint_sets_[k]].joint_weight_ppm;
    const std::uint32_t end = k + 1 < joint_sets_.size() ? joint_first_[k + 1] : joint_columns_;
    std::int64_t worst = 0;
    for (std::uint32_t c = joint_first_[k]; c < end; ++c) worst = std::min(worst, joint[c]);
    largest = std::max(largest, Int128{weight} * -worst + Int128{kPpm - weight} * alone_sum[k]);
  }
  return std::max(ceil_div(groups_sum * parameters_.group_mult_ppm, kPpm),
                  ceil_div(largest * parameters_.joint_mult_ppm, Int128{kPpm} * kPpm));
}

Int128 Engine::requirement(AccountIndex account) const noexcept {
  return combine(accounts_[account.value].groups_sum,
                 joint_.data() + std::size_t{account.value} * joint_columns_,
                 alone_sum_.data() + account.value * joint_sets_.size());
}

Exposure Engine::changed(const Exposure& exposure, InstrumentIndex instrument,
                         const Change& change) const noexcept {
  const Int128 notional = instruments_[instrument.value].notional.raw;
  Exposure result = exposure;
  result.position.raw += notional * change.position.raw;
  result.buys.raw += notional * change.buys.raw;
  result.sells.raw += notional * change.sells.raw;
  return result;
}

// The requirement as if one line had changed. O(columns of the touched group).
Int128 Engine::requirement_with(AccountIndex account_index, InstrumentIndex instrument,
                                const Change& change) const noexcept {
  const Account& account = accounts_[account_index.value];
  const Place& at = places_[parameters_.instruments[instrument.value].factor.value];
  const GroupIndex group{at.group};
  const GroupParameters& parameters = parameters_.groups[at.group];
  const std::uint32_t slot_index = find_slot(account_index, group);
  std::int64_t low[kColumnsMax];
  std::int64_t joint[kColumnsMax];
  std::int64_t sums[kSetsMax];
  const std::int64_t* old_low = nullptr;
  const std::int64_t* old_alone = nullptr;
  std::int64_t old_requirement = 0;
  Exposure exposure;
  if (slot_index == kNil) {
    std::fill_n(low, parameters.column_count, 0);
  } else {
    const GroupSlot& slot = slots_[slot_index];
    old_low = low_.data() + slot.first_column;
    old_alone = alone_.data() + slot.first_alone;
    old_requirement = slot.requirement;
    exposure = exposures_[slot.first_exposure + at.local_factor];
    std::copy_n(old_low, parameters.column_count, low);
    factor_vector(group, at.local_factor, exposure, true, -1, low);
  }
  if (!factor_vector(group, at.local_factor, changed(exposure, instrument, change), true, 1, low)) {
    return kUnaffordable;
  }

  std::copy_n(joint_.data() + std::size_t{account_index.value} * joint_columns_, joint_columns_,
              joint);
  for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
    const SetParameters& set = parameters_.sets[joint_sets_[k]];
    const std::uint32_t first = set.first_column[at.group];
    for (std::uint32_t c = 0; c < set.column_count[at.group]; ++c) {
      const std::int64_t before = old_low == nullptr ? 0 : phi(old_low[first + c], group);
      joint[joint_first_[k] + c] += phi(low[first + c], group) - before;
    }
    sums[k] = alone_sum_[account_index.value * joint_sets_.size() + k] +
              alone(low, group, joint_sets_[k]) - (old_alone == nullptr ? 0 : old_alone[k]);
  }
  return combine(account.groups_sum - old_requirement + group_requirement(low, group), joint, sums);
}

// The requirement from the exposures of every group, with a change to one line; `report`, where
// given, names what binds. Off the fast path: for the exit leg and for refusals.
Int128 Engine::recompute(AccountIndex account, InstrumentIndex instrument, const Change& change,
                         bool with_orders, MarginReport* report) const noexcept {
  const Place* at = instrument.exists()
                        ? &places_[parameters_.instruments[instrument.value].factor.value]
                        : nullptr;
  std::int64_t low[kColumnsMax];
  std::int64_t joint[kColumnsMax];
  std::int64_t sums[kSetsMax] = {};
  std::fill_n(joint, joint_columns_, 0);
  Int128 groups_sum = 0;
  std::int64_t largest = 0;
  bool in_range = true;
  const auto add_group = [&](GroupIndex group, const Exposure* exposures) {
    const GroupParameters& parameters = parameters_.groups[group.value];
    std::fill_n(low, parameters.column_count, 0);
    for (std::uint32_t f = 0; f < parameters.factor_count; ++f) {
      Exposure exposure = exposures == nullptr ? Exposure{} : exposures[f];
      if (at != nullptr && group.value == at->group && f == at->local_factor) {
        exposure = changed(exposure, instrument, change);
      }
      in_range &= factor_vector(group, f, exposure, with_orders, 1, low);
    }
    const std::int64_t needed = group_requirement(low, group);
    groups_sum += needed;
    if (report != nullptr && needed > largest) {
      largest = needed;
      name_group(group, low, needed, *report);
    }
    for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
      const SetParameters& set = parameters_.sets[joint_sets_[k]];
      for (std::uint32_t c = 0; c < set.column_count[group.value]; ++c) {
        joint[joint_first_[k] + c] += phi(low[set.first_column[group.value] + c], group);
      }
      sums[k] += alone(low, group, joint_sets_[k]);
    }
  };
  bool found = at == nullptr;
  for (std::uint32_t s = accounts_[account.value].first_slot; s != kNil; s = slots_[s].next) {
    found = found || slots_[s].group.value == at->group;
    add_group(slots_[s].group, exposures_.data() + slots_[s].first_exposure);
  }
  if (!found) add_group({at->group}, nullptr);
  if (report != nullptr) name_joint(groups_sum, joint, sums, *report);
  return in_range ? combine(groups_sum, joint, sums) : kUnaffordable;
}

// The costs of the account's open exits other than `except`, converted asset by asset.
Int128 Engine::open_exit_costs(AccountIndex account, const Order* except) const noexcept {
  Int128 sum = 0;
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    Amount cost;
    for (std::uint32_t s = accounts_[account.value].first_slot; s != kNil; s = slots_[s].next) {
      for (std::uint32_t l = slots_[s].first_line; l != kNil; l = lines_[l].next) {
        if (parameters_.instruments[lines_[l].instrument.value].settlement.value != a) continue;
        for (const BookSide side : {kBuys, kSells}) {
          for (std::uint32_t o = lines_[l].first[side]; o != kNil; o = orders_[o].next) {
            if (orders_[o].exit != 0 && &orders_[o] != except) cost += order_cost(orders_[o]);
          }
        }
      }
    }
    sum += cost_value({a}, cost);
  }
  return sum;
}

// --- reports

// The per-group set and column that make a group's requirement.
void Engine::name_group(GroupIndex group, const std::int64_t* low, std::int64_t needed,
                        MarginReport& report) const noexcept {
  for (const std::uint32_t set : group_sets_) {
    if (alone(low, group, set) != needed) continue;
    const std::int64_t* first = low + parameters_.sets[set].first_column[group.value];
    report.set = set;
    report.group = group.value;
    report.scenario = static_cast<std::uint32_t>(
        std::find(first, first + parameters_.sets[set].column_count[group.value], -needed) - first);
    return;
  }
}

// The joint set and column, where the joint requirement is the larger one.
void Engine::name_joint(Int128 groups_sum, const std::int64_t* joint, const std::int64_t* alone_sum,
                        MarginReport& report) const noexcept {
  Int128 largest = 0;
  MarginReport named = report;
  for (std::size_t k = 0; k < joint_sets_.size(); ++k) {
    const std::uint32_t end = k + 1 < joint_sets_.size() ? joint_first_[k + 1] : joint_columns_;
    const std::int64_t* worst = std::min_element(joint + joint_first_[k], joint + end);
    const std::int64_t weight = parameters_.sets[joint_sets_[k]].joint_weight_ppm;
    const Int128 loss =
        Int128{weight} * std::max<std::int64_t>(0, -*worst) + Int128{kPpm - weight} * alone_sum[k];
    if (loss <= largest) continue;
    largest = loss;
    named.set = joint_sets_[k];
    named.group = kNil;
    named.scenario = static_cast<std::uint32_t>(worst - (joint + joint_first_[k]));
  }
  if (combine(groups_sum, joint, alone_sum) >
      ceil_div(groups_sum * parameters_.group_mult_ppm, kPpm)) {
    report = named;
  }
}

MarginReport Engine::margin(AccountIndex index, Timestamp now) noexcept {
  refresh(index);
  const Account& account = accounts_[index.value];
  MarginReport report;
  bool in_range = true;
  Int128 equity = 0;
  for (std::uint32_t a = 0; a < assets_.size(); ++a)
    equity += capital_in({a}, haircut({a}, held(index, {a})), {});
  const Int128 needed = requirement(index);
  report.equity = {narrow(equity, in_range)};
  report.costs = {narrow(equity - account.capital.raw, in_range)};
  report.requirement = {narrow(needed, in_range)};
  report.available = {narrow(account.capital.raw - needed, in_range)};
  recompute(index, {}, {}, true, &report);
  report.in_range = in_range && account.in_range;
  report.stale = now > account.expires;
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    report.stale = report.stale || now > slots_[at].expires;
  }
  return report;
}

}  // namespace portcullis::risk
