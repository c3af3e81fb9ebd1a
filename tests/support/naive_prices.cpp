// NaiveModel: what orders reserve, what lots are worth, and which prices are old (the rounding
// contract in risk/engine.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

// Of two prices the one with the higher fee: a lot of an inverse instrument is worth more coins
// where the price is lower.
Int128 NaiveModel::dearer(std::uint32_t instrument, Int128 price, Int128 other) const {
  const bool inverse = parameters_.instruments[instrument].payoff == Payoff::Inverse;
  return inverse ? std::min(price, other) : std::max(price, other);
}

// What an order reserves: one order of the largest leaves over head and pending replaces, at the
// worst price and the worst fee among them.
Reservation NaiveModel::reservation(const ModelOrder& order) const {
  Reservation r;
  r.instrument = order.instrument;
  r.buy = order.buy;
  r.exit = order.exit;
  r.lots = order.head_leaves();
  r.worst = order.price;
  r.fee_price = order.price;
  r.highest = order.price;
  for (const ModelPending& pending : order.pending) {
    r.lots = std::max<Int128>(r.lots, order.leaves_of(pending.number));
    r.worst = order.buy ? std::max<Int128>(r.worst, pending.price)
                        : std::min<Int128>(r.worst, pending.price);
    r.fee_price = dearer(order.instrument, r.fee_price, pending.price);
    r.highest = std::max<Int128>(r.highest, pending.price);
  }
  return r;
}

NaiveModel::Book NaiveModel::book(std::uint32_t account, std::uint64_t without) const {
  Book book;
  book.account = account;
  for (const auto& [instrument, line] : accounts_[account].lines) {
    book.positions[instrument] = line.position;
  }
  for (const auto& [id, order] : orders_) {
    if (order.account == account && id != without) book.open.push_back(reservation(order));
  }
  return book;
}

// --- which prices are there, and how old they are

bool NaiveModel::fresh_mark(std::uint32_t instrument, std::int64_t now) const {
  const ModelPrice& mark = marks_[instrument];
  if (unsafe_mark(instrument)) return false;
  return mark.value > 0 && now - mark.as_of <= parameters_.instruments[instrument].mark_age_max_ns;
}

bool NaiveModel::fresh_index(std::uint32_t asset, std::int64_t now) const {
  const ModelPrice& index = indexes_[asset];
  if (unsafe_index(asset)) return false;
  return index.value > 0 && now - index.as_of <= parameters_.assets[asset].index_age_max_ns;
}

// What the margin of a line in the instrument stands on beside its own mark: the index of the asset
// it is settled in, its group's table, the prices of its reference.
bool NaiveModel::fresh_beside_mark(std::uint32_t instrument, std::int64_t now) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  if (!fresh_index(p.settlement.value, now)) return false;
  if (is_spot(instrument) && !fresh_index(p.base.value, now)) return false;
  if (p.risk == RiskSource::Table) {
    const RiskTable* table = table_of(instrument);
    if (table == nullptr) return false;
    if (table->parameter_version < oldest_tables_[table->group.value]) return false;
    const GroupParameters& group = parameters_.groups[table->group.value];
    if (now - table->as_of.ns > group.table_age_max_ns || out_of_bounds(*table)) return false;
  }
  if (!p.reference.exists()) return true;
  const InstrumentParameters& reference = parameters_.instruments[p.reference.value];
  return fresh_mark(p.reference.value, now) && fresh_index(reference.settlement.value, now);
}

// Whether the mark is further from the anchor than the group lets tables lag.
bool NaiveModel::has_moved(const Anchor& anchor) const {
  const std::uint32_t instrument = anchor.instrument.value;
  const Int128 most = parameters_.groups[group_of(instrument)].table_move_max_ppm;
  const Int128 moved = magnitude(marks_[instrument].value - Int128{anchor.mark.raw});
  return most > 0 && times(moved, kPpm) > times(most, anchor.mark.raw);
}

bool NaiveModel::out_of_bounds(const RiskTable& table) const {
  return std::any_of(table.anchors.begin(), table.anchors.end(),
                     [&](const Anchor& anchor) { return has_moved(anchor); });
}

std::optional<NaiveModel::Anchored> NaiveModel::anchor_of(std::uint32_t instrument) const {
  const std::size_t group = group_of(instrument);
  if (!tables_[group] || parameters_.groups[group].table_move_max_ppm == 0) return std::nullopt;
  for (const Anchor& anchor : tables_[group]->anchors) {
    if (anchor.instrument.value != instrument) continue;
    return Anchored{.mark = anchor.mark.raw,
                    .move_max_ppm = parameters_.groups[group].table_move_max_ppm,
                    .has_moved = has_moved(anchor)};
  }
  return std::nullopt;
}

bool NaiveModel::priced(std::uint32_t instrument) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  return marks_[instrument].value > 0 && indexes_[p.settlement.value].value > 0 &&
         (p.risk == RiskSource::Factor || table_of(instrument) != nullptr);
}

// In which it has a position or an order.
std::set<std::uint32_t> NaiveModel::instruments_of(std::uint32_t account) const {
  std::set<std::uint32_t> instruments;
  for (const auto& [instrument, line] : accounts_[account].lines) {
    if (line.position != 0) instruments.insert(instrument);
  }
  for (const auto& [id, order] : orders_) {
    if (order.account == account) instruments.insert(order.instrument);
  }
  return instruments;
}

bool NaiveModel::account_stale(std::uint32_t account, std::int64_t now) const {
  for (const std::uint32_t instrument : instruments_of(account)) {
    if (!fresh_mark(instrument, now) || !fresh_beside_mark(instrument, now)) return true;
  }
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const bool held = asset_sum(account, asset) != 0 || accounts_[account].borrowed[asset] != 0;
    if (held && !fresh_index(asset, now)) return true;
  }
  return false;
}

// --- which prices are unsafe

bool NaiveModel::unsafe_mark(std::uint32_t instrument) const {
  return unsafe_.contains({PriceKind::Mark, instrument});
}
bool NaiveModel::unsafe_index(std::uint32_t asset) const {
  return unsafe_.contains({PriceKind::Index, asset});
}

// Some price that the margin of a line in the instrument stands on.
bool NaiveModel::unsafe_line(std::uint32_t instrument) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  if (unsafe_mark(instrument) || unsafe_index(p.settlement.value)) return true;
  if (is_spot(instrument) && unsafe_index(p.base.value)) return true;
  if (!p.reference.exists()) return false;
  const InstrumentParameters& reference = parameters_.instruments[p.reference.value];
  return unsafe_mark(p.reference.value) || unsafe_index(reference.settlement.value);
}

bool NaiveModel::unsafe_account(std::uint32_t account) const {
  for (const std::uint32_t instrument : instruments_of(account)) {
    if (unsafe_line(instrument)) return true;
  }
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const bool held = asset_sum(account, asset) != 0 || accounts_[account].borrowed[asset] != 0;
    if (held && unsafe_index(asset)) return true;
  }
  return false;
}

// --- what a lot is worth

std::size_t NaiveModel::group_of(std::uint32_t instrument) const {
  const std::uint32_t factor = parameters_.instruments[instrument].factor.value;
  std::size_t group = 0;
  while (factor >=
         parameters_.groups[group].first_factor + parameters_.groups[group].factor_count) {
    ++group;
  }
  return group;
}

// The table that an instrument's rows are in, or null while there is none.
const RiskTable* NaiveModel::table_of(std::uint32_t instrument) const {
  const auto& table = tables_[group_of(instrument)];
  return table ? &*table : nullptr;
}

// The value of one unit of the asset, in Wide; 0 while it is unpriced.
Int128 NaiveModel::unit(std::uint32_t asset) const {
  return times(indexes_[asset].value, parameters_.assets[asset].wide_per_index);
}

// n(i) as it would be at a mark; 0 where there is none, and of what has expired. Not that of a
// reference.
Int128 NaiveModel::notional_at(std::uint32_t instrument, Int128 price_in_marks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  if (phases_[instrument] == InstrumentPhase::Expired) return 0;
  if (p.reference.exists()) {
    return floor_of(notional(p.reference.value), p.reference_lots_ppm, kPpm);
  }
  return value_at(instrument, price_in_marks);
}

// What a lot itself is worth at a price.
Int128 NaiveModel::value_at(std::uint32_t instrument, Int128 price_in_marks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  if (price_in_marks <= 0) return 0;
  const Int128 value = times(p.units_per_lot_mark, unit(p.settlement.value));
  if (p.payoff == Payoff::Inverse) {
    return floor_div(2 * value + price_in_marks, 2 * price_in_marks);  // the nearest
  }
  return times(price_in_marks, value);
}

Int128 NaiveModel::notional(std::uint32_t instrument) const {
  return notional_at(instrument, marks_[instrument].value);
}

// What a lot costs at the mark, in Wide.
Int128 NaiveModel::premium(std::uint32_t instrument) const {
  return value_at(instrument, marks_[instrument].value);
}

// In units of the settlement asset, rounded up once.
Int128 NaiveModel::fee_per_lot(std::uint32_t instrument, Int128 price_in_ticks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  const Int128 price = times(price_in_ticks, p.marks_per_tick);
  if (p.payoff == Payoff::Inverse) {
    PORTCULLIS_ASSERT(price > 0);
    return ceil_div(times(p.units_per_lot_mark, p.fee_ppm), times(price, kPpm));
  }
  return ceil_div(times(price, p.units_per_lot_mark, p.fee_ppm), kPpm);
}

// What the cash gains when `lots` (negative: sold) are traded at this price, before the fee.
Int128 NaiveModel::paid_for(std::uint32_t instrument, Int128 lots, Int128 price_in_ticks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  const Int128 price = times(price_in_ticks, p.marks_per_tick);
  if (p.payoff == Payoff::Inverse) {
    PORTCULLIS_ASSERT(price > 0);
    return floor_div(times(lots, p.units_per_lot_mark), price);
  }
  return -times(lots, price, p.units_per_lot_mark);
}

}  // namespace portcullis::support
