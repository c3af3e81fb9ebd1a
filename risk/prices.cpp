// Prices, tables, funding and open interest: what the engine is told of the market, and what a lot is
// worth at it. A change touches the group's version and no account.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// The whole numbers around a / b for b > 0.
constexpr Int128 nearest(Int128 a, Int128 b) { return floor_div(2 * a + b, 2 * b); }
// Away from 0.
constexpr Int128 away(Int128 a, Int128 b) { return a < 0 ? floor_div(a, b) : ceil_div(a, b); }

}  // namespace

// What a lot is worth at a price: of the instrument itself, or by another one's mark.
Int128 Engine::value_at(InstrumentIndex index, Int128 mark) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  const Int128 unit = assets_[parameters.settlement.value].unit.raw;
  if (mark <= 0) return 0;
  if (parameters.payoff != Payoff::Inverse) return mark * parameters.units_per_lot_mark * unit;
  return nearest(parameters.units_per_lot_mark * unit, mark);
}

Int128 Engine::notional_at(InstrumentIndex index, Int128 mark) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  if (!parameters.reference.exists()) return value_at(index, mark);
  return floor_div(
      instruments_[parameters.reference.value].notional.raw * parameters.reference_lots_ppm, kPpm);
}

// What of n(i) leverage does not count.
Int128 Engine::unlevered_lot(InstrumentIndex index) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  const InstrumentState& instrument = instruments_[index.value];
  const LeverageRules& rules = parameters_.leverage;
  if (parameters.payoff == Payoff::Spot) return rules.spot ? 0 : instrument.notional.raw;
  if (!rules.by_premium || !parameters.reference.exists()) return 0;
  return instrument.notional.raw - instrument.premium.raw;
}

void Engine::price_instrument(InstrumentIndex index) noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  InstrumentState& instrument = instruments_[index.value];
  if (anchored_[index.value].anchor.raw != 0) set_anchor(index, anchored_[index.value].anchor);
  const Wide before = instrument.notional;
  const Int128 unit = assets_[parameters.settlement.value].unit.raw;
  instrument.premium.raw = value_at(index, instrument.mark.raw);
  instrument.notional.raw = notional_at(index, instrument.mark.raw);
  const Int128 quanta = ceil_div(instrument.notional.raw, parameters_.wide_denominator);
  instrument.notional_quanta = static_cast<std::int64_t>(std::min<Int128>(quanta, kValueMax));
  instrument.funding.raw = away(instrument.funding_predicted * unit, kFundingScale);
  if (instrument.phase == InstrumentPhase::Expired) instrument.notional = {};
  const Usage* usage = usage_.data() + std::size_t{index.value} * nodes_.size();
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    nodes_[n].gross.raw += (instrument.notional.raw - before.raw) * usage[n].gross_lots.raw;
  }
  watch_.move(watched_[index.value], instrument.premium.raw, instrument.notional.raw);
  for (const InstrumentIndex referring : referring_[index.value]) price_instrument(referring);
  tick_group(group_of(index).value);
}

// What follows from an asset's index, and from when it becomes stale.
void Engine::price_asset(AssetIndex index) noexcept {
  AssetState& asset = assets_[index.value];
  asset.unit.raw = Int128{asset.index} * parameters_.assets[index.value].wide_per_index;
  asset.amount_max = amount_max(asset.unit);
  for (std::uint32_t i = 0; i < instruments_.size(); ++i) {
    const InstrumentParameters& instrument = parameters_.instruments[i];
    if (instrument.settlement == index || instrument.base == index) price_instrument({i});
  }
  for (const std::uint32_t price : watched_index_[index.value])
    watch_.move(price, asset.unit.raw, asset.unit.raw);
  tick_charged([&](const AddOnParameters& add_on) { return add_on.per == index; });
  ++index_version_;
  ++price_version_;
}

void Engine::apply(const MarkUpdate& update) noexcept {
  advance(update.time);
  InstrumentState& instrument = instruments_[update.instrument.value];
  instrument.mark = update.mark;
  instrument.as_of = std::min(update.as_of, last_time_);  // an age is not negative
  hash_.touch(EntityKind::Instrument, update.instrument.value);
  price_instrument(update.instrument);
}

void Engine::apply(const IndexUpdate& update) noexcept {
  advance(update.time);
  AssetState& asset = assets_[update.asset.value];
  asset.index = update.index;
  asset.as_of = std::min(update.as_of, last_time_);
  hash_.touch(EntityKind::Asset, update.asset.value);
  price_asset(update.asset);
}

void Engine::apply(const SetPriceState& change) noexcept {
  advance(change.time);
  if (change.kind == PriceKind::Mark) {
    instruments_[change.target].mark_state = change.state;
    hash_.touch(EntityKind::Instrument, change.target);
    price_instrument({change.target});
  } else {
    assets_[change.target].state = change.state;
    hash_.touch(EntityKind::Asset, change.target);
    price_asset({change.target});
  }
}

// --- tables

// Of the group's shape, as facts_of() requires, and anchored in the group.
bool Engine::fits(const RiskTable& table) const noexcept {
  const GroupParameters& group = parameters_.groups[table.group.value];
  return table.facts.is_sound && table.measures.size() == group.row_count &&
         table.gains.size() == std::size_t{group.row_count} * group.raw_columns() &&
         table.facts.worst.size() == group.row_count &&
         std::all_of(table.anchors.begin(), table.anchors.end(), [&](const Anchor& anchor) {
           return anchor.instrument.value < instruments_.size() &&
                  group_of(anchor.instrument) == table.group;
         });
}

// Whether an instrument's mark is further from its anchor than its group's tables may lag.
bool Engine::has_moved(InstrumentIndex index, Mark anchor) const noexcept {
  const Int128 moved = Int128{instruments_[index.value].mark.raw} - anchor.raw;
  const std::int64_t most = parameters_.groups[group_of(index).value].table_move_max_ppm;
  return (moved < 0 ? -moved : moved) * kPpm > Int128{most} * anchor.raw;
}

// The instrument has this anchor, or none, and its mark may have moved.
void Engine::set_anchor(InstrumentIndex index, Mark anchor) noexcept {
  Anchored& anchored = anchored_[index.value];
  const bool moved = anchor.raw != 0 && has_moved(index, anchor);
  if (moved != anchored.has_moved) moved_count_[group_of(index).value] += moved ? 1u : -1u;
  anchored = {anchor, moved};
}

// The groups with an add-on that stands on what has changed.
template <class Stands>
void Engine::tick_charged(Stands stands) noexcept {
  for (std::uint32_t g = 0; g < parameters_.groups.size(); ++g) {
    const std::vector<AddOnParameters>& add_ons = parameters_.groups[g].add_ons;
    if (std::any_of(add_ons.begin(), add_ons.end(), stands)) tick_group(g);
  }
}

// By how much a lot of any Table instrument, as a share of its notional, may lose more in some column by
// the new table of its group, or be charged more; and the other way round. What it was not compared with
// may have been anything.
std::int64_t Engine::shift_ppm(const RiskTable& table) const noexcept {
  const RiskTable* last = tables_[table.group.value];
  if (last == nullptr || table.facts.since != last->id) return Watch::kBeyond;
  const std::vector<InstrumentIndex>& rows = rows_[table.group.value];
  std::int64_t shift = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Int128 fines = table.facts.moved[row];
    if (fines == 0) continue;
    const std::int64_t quanta = instruments_[rows[row].value].notional_quanta;
    if (fines <= Int128{shift} * quanta) continue;  // ceil(fines / quanta) is not above it
    if (quanta == 0) return Watch::kBeyond;
    shift = static_cast<std::int64_t>(std::min<Int128>(ceil_div(fines, quanta), Watch::kBeyond));
  }
  return shift;
}

bool Engine::apply(const TableUpdate& update, const RiskTable& table) noexcept {
  advance(update.time);
  if (table.group.value >= parameters_.groups.size() || table.id != update.id ||
      table.parameter_version < tables_since_[table.group.value] ||
      table.parameter_version > parameters_.version || !fits(table)) {
    return false;
  }
  const RiskTable* last = tables_[table.group.value];
  if (last != nullptr && table.id <= last->id) return false;
  watch_.shift(table.group.value, shift_ppm(table));
  const auto set_anchors = [&](const RiskTable& of, bool on) {
    for (const Anchor& anchor : of.anchors)
      set_anchor(anchor.instrument, on ? anchor.mark : Mark{});
  };
  if (last != nullptr) set_anchors(*last, false);
  if (parameters_.groups[table.group.value].table_move_max_ppm > 0) set_anchors(table, true);
  tables_[table.group.value] = &table;
  table_as_of_[table.group.value] = std::min(table.as_of, last_time_);
  hash_.touch(EntityKind::Table, table.group.value);
  ++table_version_[table.group.value];
  tick_group(table.group.value);
  return true;
}

void Engine::apply(const FundingUpdate& update) noexcept {
  advance(update.time);
  InstrumentState& instrument = instruments_[update.instrument.value];
  instrument.funding_paid += update.paid;
  instrument.funding_predicted = update.predicted;
  hash_.touch(EntityKind::Instrument, update.instrument.value);
  price_instrument(update.instrument);
}

void Engine::apply(const OpenInterestUpdate& update) noexcept {
  advance(update.time);
  instruments_[update.instrument.value].open_interest = update.lots;
  hash_.touch(EntityKind::Instrument, update.instrument.value);
  tick_charged(
      [&](const AddOnParameters& add_on) { return add_on.ramped_by == update.instrument; });
}

}  // namespace portcullis::risk
