// Margin, from lines to vectors: what a position and its open orders are worth at the current
// prices, what they stand to move with, and the account's vectors of the worst fills. The rounding
// contract is at the top of engine.h.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

// --- lots, and what one of them is worth

Reachable Engine::counted(InstrumentIndex instrument, Reachable lots) const noexcept {
  if (parameters_.instruments[instrument.value].long_value) return lots;
  return {std::min(Lots{0}, lots.position), std::min(Lots{0}, lots.low),
          std::min(Lots{0}, lots.high)};
}

const std::int32_t* Engine::gains(InstrumentIndex instrument) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const std::uint32_t group = places_[parameters.factor.value].group;
  const RiskTable* table = tables_[group];
  if (parameters.risk != RiskSource::Table || table == nullptr) return nullptr;
  return table->gains.data() +
         std::size_t{parameters.row} * parameters_.groups[group].raw_columns();
}

// Of one lot, in Wide.
Int128 Engine::measure(const Use& use, InstrumentIndex instrument) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const InstrumentState& state = instruments_[instrument.value];
  const bool is_table = parameters.risk == RiskSource::Table;
  const auto of_table = [&](TableMeasure which) -> Int128 {
    const RiskTable* table = tables_[places_[parameters.factor.value].group];
    if (!is_table || table == nullptr) return 0;
    return Int128{table->measures[parameters.row][which]} * parameters_.wide_denominator;
  };
  switch (use.measure) {
    case Measure::Notional:
      return state.notional.raw;
    case Measure::Delta:
      return is_table ? of_table(kDelta) : state.notional.raw;
    case Measure::Premium:
      return state.premium.raw;
    case Measure::Funding:
      return state.funding.raw;
    case Measure::Lot:
      return use.per_lot.raw;
    case Measure::Vega:
      return of_table(kVega);
    case Measure::InitialCharge:
      return of_table(kInitialCharge);
    case Measure::MaintenanceCharge:
      return of_table(kMaintenanceCharge);
  }
  return 0;
}

Exposure Engine::exposure_of(const Use& use, InstrumentIndex instrument,
                             const Reachable& lots) const noexcept {
  const Int128 one = measure(use, instrument);
  const Int128 size = one < 0 ? -one : one;
  const auto interval = [one](Lots position, Lots low, Lots high) -> Exposure {
    if (one < 0) std::swap(low, high);
    return {{one * position.raw}, {one * low.raw}, {one * high.raw}};
  };
  const auto up_to = [](Int128 worth, Lots position, Lots high) -> Exposure {
    return {{worth * position.raw}, {0}, {worth * high.raw}};
  };
  const Lots zero{0};
  switch (use.reach) {
    case Reach::Net:
      return interval(lots.position, lots.low, lots.high);
    case Reach::LongNet:
      return interval(std::max(zero, lots.position), std::max(zero, lots.low),
                      std::max(zero, lots.high));
    case Reach::ShortNet:
      return interval(std::min(zero, lots.position), std::min(zero, lots.low),
                      std::min(zero, lots.high));
    case Reach::Gross:
      return up_to(size, std::max(lots.position, -lots.position), std::max(lots.high, -lots.low));
    case Reach::Long:
      return up_to(size, std::max(zero, lots.position), std::max(zero, lots.high));
    case Reach::Short:
      return up_to(size, std::max(zero, -lots.position), std::max(zero, -lots.low));
    case Reach::Payable:
      return {{std::max<Int128>(0, one * lots.position.raw)},
              {0},
              {std::max({Int128{0}, one * lots.low.raw, one * lots.high.raw})}};
  }
  return {};
}

// When the prices of a line become stale, or kUnsafe: its mark and the index of the asset it is settled in, even
// while the account has nothing of that asset; those of its reference; its table,
// which is out of bounds at once where an anchor has moved too far.
Timestamp Engine::expires(InstrumentIndex index) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  Timestamp first = price_expires(index);
  if (parameters.payoff == Payoff::Spot) first = std::min(first, index_expires(parameters.base));
  if (parameters.reference.exists()) first = std::min(first, price_expires(parameters.reference));
  if (parameters.risk != RiskSource::Table) return first;
  const std::uint32_t group = places_[parameters.factor.value].group;
  if (tables_[group] == nullptr || moved_count_[group] != 0) return std::min(first, Timestamp{});
  const std::int64_t age_max = parameters_.groups[group].table_age_max_ns;
  return std::min(first, Timestamp{table_as_of_[group].ns + age_max});
}

Timestamp Engine::price_expires(InstrumentIndex index) const noexcept {
  return std::min(mark_expires(index),
                  index_expires(parameters_.instruments[index.value].settlement));
}

Timestamp Engine::index_expires(AssetIndex index) const noexcept {
  const AssetState& asset = assets_[index.value];
  if (asset.state == PriceState::Unsafe) return kUnsafe;
  if (asset.index == 0) return {};
  return {asset.as_of.ns + parameters_.assets[index.value].index_age_max_ns};
}

// --- what trades pay, and what orders may cost

// What a trade adds to a line's cash before its fee.
Amount Engine::traded(InstrumentIndex instrument, Side side, Lots lots,
                      Price price) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const Int128 marks = Int128{price.raw} * parameters.marks_per_tick;
  if (parameters.payoff == Payoff::Linear)
    return {-sign_of(side) * Int128{lots.raw} * marks * parameters.units_per_lot_mark};
  if (marks <= 0) return {};
  return {floor_div(sign_of(side) * Int128{lots.raw} * parameters.units_per_lot_mark, marks)};
}

std::int64_t Engine::fee_per_lot(InstrumentIndex instrument, Price price) const noexcept {
  return risk::fee_per_lot(parameters_.instruments[instrument.value], price);
}

Amount Engine::cost_of(const Reservation& reservation, Side side,
                       InstrumentIndex instrument) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const InstrumentState& state = instruments_[instrument.value];
  const Int128 lots = reservation.lots.raw;
  const Int128 fees = lots * reservation.fee_per_lot;
  if (state.mark.raw <= 0 || lots == 0) return {fees};
  if (parameters.payoff == Payoff::Spot) return spot_cost(reservation, side, instrument);
  const Int128 worst = Int128{reservation.worst.raw} * parameters.marks_per_tick;
  if (parameters.payoff == Payoff::Linear) {
    const Int128 beyond = worst * parameters.units_per_lot_mark - got_per_lot(instrument, side);
    return {std::max<Int128>(0, sign_of(side) * beyond + reservation.fee_per_lot) * lots};
  }
  const Int128 beyond = sign_of(side) * (worst - state.mark.raw);
  if (worst <= 0) return {fees + 3 * lots};
  // Each part of a fill may be rounded by up to three units (METHOD 3.3).
  const Int128 exact =
      ceil_div(lots * beyond * parameters.units_per_lot_mark, worst * state.mark.raw);
  return {std::max<Int128>(0, exact + fees) + 3 * lots};
}

// A certain loss in equity: what is paid counts at most, what is got at least (METHOD 3.13).
Amount Engine::spot_cost(const Reservation& reservation, Side side,
                         InstrumentIndex instrument) const noexcept {
  const InstrumentParameters& spot = parameters_.instruments[instrument.value];
  const Int128 base = Int128{spot.base_per_lot} * assets_[spot.base.value].unit.raw;
  const Int128 unit = assets_[spot.settlement.value].unit.raw;
  const Int128 paid = price_of_lot(instrument, reservation.worst);
  const Int128 lots = reservation.lots.raw;
  const Int128 fee = reservation.fee_per_lot;
  if (unit == 0) return {lots * fee};
  const Int128 outflow = outflow_ppm_[spot.settlement.value];
  if (side == Side::Buy) {
    const Int128 got = base * inflow_ppm_[spot.base.value] / (outflow * unit);
    return {lots * std::max<Int128>(0, paid + fee - got)};
  }
  const Int128 lost = base * outflow_ppm_[spot.base.value] +
                      std::max<Int128>(0, fee - paid) * outflow * unit -
                      std::max<Int128>(0, paid - fee) * inflow_ppm_[spot.settlement.value] * unit;
  const Int128 addon = parameters_.assets[spot.settlement.value].debt_addon_ppm;
  return {lots * std::max<Int128>(0, ceil_div(lost, (kPpm + addon) * unit))};
}

Flow Engine::flow_of(const Reservation& reservation, Side side, InstrumentIndex instrument,
                     AssetIndex asset) const noexcept {
  const InstrumentParameters& spot = parameters_.instruments[instrument.value];
  const Int128 lots = reservation.lots.raw;
  if (asset == spot.base) {
    const Amount moved{lots * spot.base_per_lot};
    return side == Side::Buy ? Flow{moved, {}} : Flow{{}, moved};
  }
  if (side == Side::Buy) return {{}, {lots * paid_per_lot(reservation, instrument)}};
  return {{lots * price_of_lot(instrument, reservation.best)}, {}};
}

Engine::Reservation Engine::reserved_by(const Order& order) noexcept {
  Reservation result{order.reserved, order.worst, order.fee_per_lot, order.price};
  for (std::uint8_t p = 0; p < order.pending_count; ++p)
    result.best = std::max(result.best, order.pending[p].price);
  return result;
}

// A spot order's part in what its assets may become.
void Engine::add_flow(const Order& order, int direction) noexcept {
  accounts_[order.account.value].capital_stale = true;
  const InstrumentParameters& spot = parameters_.instruments[order.instrument.value];
  const Reservation reservation = reserved_by(order);
  for (const AssetIndex asset : {spot.base, spot.settlement}) {
    const Flow part = flow_of(reservation, order.side, order.instrument, asset);
    Flow& flow = holding(order.account, asset).flow;
    if (direction > 0) {
      flow += part;
    } else {
      flow -= part;
    }
  }
}

// What a lot at the mark is worth to who trades it, in settlement units. A premium is paid out of X,
// where a unit may take more than its value, and counts as option value.
Int128 Engine::got_per_lot(InstrumentIndex instrument, Side side) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
  const Int128 value =
      Int128{instruments_[instrument.value].mark.raw} * parameters.units_per_lot_mark;
  if (!parameters.upfront || side != Side::Buy) return value;
  return value * kPpm / outflow_ppm_[parameters.settlement.value];
}

// What buys cost beyond that where a long position counts for nothing: what is bought beyond the
// short position has been counted as worth something, but at most as what is paid for it.
Amount Engine::long_cost(InstrumentIndex instrument, Lots position, Lots buys,
                         Int128 highest) const noexcept {
  const Lots beyond = buys - std::max(Lots{0}, -position);
  if (parameters_.instruments[instrument.value].long_value || beyond.raw <= 0) return {};
  return {beyond.raw * std::min(highest, got_per_lot(instrument, Side::Buy))};
}

// The costs of one side of a line whose long position counts for nothing: they depend on each other.
// Buys pay for what does not count; sells that only close lose nothing that counted.
Amount Engine::coupled_cost(InstrumentIndex instrument, const Line& line, BookSide side,
                            const Asked& asked) const noexcept {
  Lots lots = asked.more.lots;
  const bool is_here = asked.except != nullptr && asked.except->instrument == instrument &&
                       book_side(asked.except->side) == side;
  const Lots open =
      line.open[side] + asked.more.lots - (is_here ? asked.except->reserved : Lots{0});
  const bool only_closes = side == kSells && open <= line.position;
  const auto cost = [&](const Reservation& reservation) {
    return only_closes ? closing_cost(reservation, instrument)
                       : cost_of(reservation, side == kBuys ? Side::Buy : Side::Sell, instrument);
  };
  Amount sum = cost(asked.more);
  Int128 highest = asked.more.lots.raw > 0 ? paid_per_lot(asked.more, instrument) : 0;
  for (std::uint32_t at = line.first[side]; at != kNil; at = orders_[at].next) {
    const Order& order = orders_[at];
    if (&order == asked.except || order.reserved.raw == 0) continue;
    if (asked.exits_only && order.exit == 0) continue;
    const Reservation reservation = reserved_by(order);
    sum += cost(reservation);
    lots += order.reserved;
    highest = std::max(highest, paid_per_lot(reservation, instrument));
  }
  if (side == kBuys) sum += long_cost(instrument, line.position, lots, highest);
  return sum;
}

// The sum over one side's orders. Zero without a walk when the most aggressive of them is better
// than the mark by more than any fee; a walk finds out anew which that is, since it may have gone.
Amount Engine::side_cost(Line& line, BookSide side) const noexcept {
  if (line.first[side] == kNil) return {};
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  if (!parameters.long_value) return coupled_cost(line.instrument, line, side, {});
  const InstrumentState& state = instruments_[line.instrument.value];
  const Int128 beyond = Int128{line.best[side].raw} * parameters.marks_per_tick - state.mark.raw;
  if (state.mark.raw > 0 && parameters.payoff == Payoff::Linear && !parameters.upfront &&
      (side == kBuys ? beyond : -beyond) * parameters.units_per_lot_mark + line.fee_max[side] <=
          0) {
    return {};
  }
  Amount sum;
  line.best[side] = orders_[line.first[side]].worst;
  line.fee_max[side] = 0;
  for (std::uint32_t at = line.first[side]; at != kNil; at = orders_[at].next) {
    const Order& order = orders_[at];
    if (order.reserved.raw == 0) continue;  // it has ended
    sum += order_cost(order);
    line.best[side] = side == kBuys ? std::max(line.best[side], order.worst)
                                    : std::min(line.best[side], order.worst);
    line.fee_max[side] = std::max(line.fee_max[side], order.fee_per_lot);
  }
  return sum;
}

void Engine::add_cost(const Order& order, int direction) noexcept {
  Line& line = lines_[order.line];
  if (is_spot(line.instrument)) add_flow(order, direction);
  const GroupSlot& slot = slots_[line.slot];
  touch_orders(accounts_[line.account.value]);
  if (slot.version != group_version_[slot.group.value]) return;  // will be valued from nothing
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  const BookSide side = book_side(order.side);
  if (!parameters.long_value && direction < 0) return;  // those of the side depend on each other
  const Amount added = parameters.long_value ? Amount{order_cost(order).raw * direction}
                                             : side_cost(line, side) - line.cost[side];
  line.cost[side] += added;
  change_costs(line.account, parameters.settlement, added);
}

// --- lines

void Engine::add_usage(const Line& line, int sign) noexcept {
  const Usage usage = usage_of(line);
  const std::size_t row = std::size_t{line.instrument.value} * nodes_.size();
  const Int128 gross =
      sign * instruments_[line.instrument.value].notional.raw * usage.gross_lots.raw;
  for (NodeIndex node = parameters_.accounts[line.account.value].parent; node.exists();
       node = parameters_.nodes[node.value].parent) {
    Usage& sum = usage_[row + node.value];
    sum.long_lots.raw += sign * usage.long_lots.raw;
    sum.short_lots.raw += sign * usage.short_lots.raw;
    sum.gross_lots.raw += sign * usage.gross_lots.raw;
    nodes_[node.value].gross.raw += gross;
  }
}

void Engine::add_exposures(const Line& line, const GroupSlot& slot, int sign) noexcept {
  const auto add = [&](auto lots_in) {
    for (const Use& use : uses(line.instrument)) {
      Exposure& exposure = exposures_[slot.first_exposure + use.exposure];
      const Exposure part = exposure_of(use, line.instrument, lots_in(use));
      if (sign > 0) {
        exposure += part;
      } else {
        exposure -= part;
      }
    }
  };
  if (slot.protection != kNil) [[unlikely]] {
    const CountedLots lots = counted(line, slot.protection);
    return add([&](const Use& use) -> const Reachable& { return lots.in(use); });
  }
  const Reachable lots = counted(line.instrument, reachable(line));
  add([&](const Use&) -> const Reachable& { return lots; });
}

void Engine::value_line(Line& line) noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  const InstrumentState& instrument = instruments_[line.instrument.value];
  line.value = line.cash;
  line.option_value = {};
  const Int128 funding_due = line.position.raw * instrument.funding_paid - line.funding;
  if (funding_due != 0) line.value.raw -= ceil_div(funding_due, kFundingScale);
  if (parameters.upfront) {
    line.option_value.raw =
        instrument.premium.raw * counted(line.instrument, reachable(line)).position.raw;
  } else if (parameters.payoff == Payoff::Linear) {
    line.value.raw +=
        Int128{line.position.raw} * instrument.mark.raw * parameters.units_per_lot_mark;
  } else if (instrument.mark.raw > 0) {
    line.value.raw -=
        ceil_div(Int128{line.position.raw} * parameters.units_per_lot_mark, instrument.mark.raw);
  }
  line.gross.raw = instrument.notional.raw * usage_of(line).gross_lots.raw;
  if (has_unlevered_)
    line.unlevered.raw = unlevered_lot(line.instrument) * usage_of(line).gross_lots.raw;
}

void Engine::lift(Line& line) noexcept {
  add_usage(line, -1);
  GroupSlot& slot = slots_[line.slot];
  if (slot.version != group_version_[slot.group.value]) return;  // will be valued from nothing
  Account& account = accounts_[line.account.value];
  holding(line.account, parameters_.instruments[line.instrument.value].settlement).line_value -=
      line.value;
  account.gross -= line.gross;
  if (has_unlevered_) account.unlevered -= line.unlevered;
  account.option_value -= line.option_value;
  add_exposures(line, slot, -1);
}

void Engine::place(Line& line) noexcept {
  touch_line(line);
  add_usage(line, 1);
  Account& account = accounts_[line.account.value];
  touch_orders(account);
  GroupSlot& slot = slots_[line.slot];
  slot.stale = true;
  move_in_vector(line, slot);
  if (slot.version != group_version_[slot.group.value]) return;
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  Holding& settlement = holding(line.account, parameters.settlement);
  const Amount value = line.value;
  const Wide option_value = line.option_value;
  value_line(line);
  if (line.value != value || line.option_value != option_value) account.capital_stale = true;
  settlement.line_value += line.value;
  account.gross += line.gross;
  if (has_unlevered_) account.unlevered += line.unlevered;
  account.option_value += line.option_value;
  add_exposures(line, slot, 1);
  if (!parameters.long_value) {
    for (const BookSide side : {kBuys, kSells}) {
      const Amount cost = side_cost(line, side);
      change_costs(line.account, parameters.settlement, cost - line.cost[side]);
      line.cost[side] = cost;
    }
  }
  slot.expires = std::min(slot.expires, expires(line.instrument));
}

// Brings the slot's vector to the lots that a line of a Table instrument has now.
void Engine::move_in_vector(Line& line, GroupSlot& slot) noexcept {
  const std::int32_t* row = gains(line.instrument);
  if (row == nullptr || slot.vector_version != table_version_[slot.group.value]) return;
  const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
  const Reachable lots = counted(line, slot.protection).in_vector;
  const Reachable before = line.in_vector;
  if (lots.low == before.low && lots.high == before.high) return;
  slot.table_span += table_span(parameters, lots) - table_span(parameters, before);
  const RowWorst& worst = tables_[slot.group.value]->facts.worst[parameters.row];
  slot.pending +=
      std::max<Int128>(0, table_reserve(parameters, lots) - table_reserve(parameters, before)) +
      (std::max<Int128>(0, (before.low - lots.low).raw) * worst.gain +
       std::max<Int128>(0, (lots.high - before.high).raw) * worst.loss) *
          parameters.vector_unit;
  add_joint(slot, -1);
  move_lots(raw_of(slot), row, parameters_.groups[slot.group.value].raw_columns(), parameters,
            before, lots);
  add_joint(slot, 1);
  line.in_vector = lots;
}

// Values every line of a slot at the current prices, and sums their exposures anew.
void Engine::value_lines(GroupSlot& slot, Account& account) noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  std::fill_n(exposures_.begin() + slot.first_exposure, group.factor_count + group.drivers.size(),
              Exposure{});
  slot.expires.ns = std::numeric_limits<std::int64_t>::max();
  for (std::uint32_t at = slot.first_line; at != kNil; at = lines_[at].next) {
    Line& line = lines_[at];
    Holding& settlement =
        holding(slot.account, parameters_.instruments[line.instrument.value].settlement);
    settlement.line_value -= line.value;
    account.gross -= line.gross;
    if (has_unlevered_) account.unlevered -= line.unlevered;
    account.option_value -= line.option_value;
    value_line(line);
    settlement.line_value += line.value;
    account.gross += line.gross;
    if (has_unlevered_) account.unlevered += line.unlevered;
    account.option_value += line.option_value;
    for (const BookSide side : {kBuys, kSells}) {
      const Amount cost = side_cost(line, side);
      settlement.line_cost += cost - line.cost[side];
      line.cost[side] = cost;
    }
    add_exposures(line, slot, 1);
    slot.expires = std::min(slot.expires, expires(line.instrument));
  }
  slot.version = group_version_[slot.group.value];
  slot.stale = true;
}

// --- vectors

// The slot's part in the account's joint sums: taken off before its vector changes, and put back,
// once its lag states are folded.
void Engine::add_joint(const GroupSlot& slot, int sign) noexcept {
  const SetList& list = set_lists_[0][0];
  if (sign > 0 && slot.first_raw != kNil) {
    vector_code->fold(low_.data() + slot.first_column, raw_.data() + slot.first_raw,
                      parameters_.groups[slot.group.value].column_count);
  }
  const std::int64_t* low = low_.data() + slot.first_column;
  std::int64_t* joint = joint_.data() + std::size_t{slot.account.value} * joint_columns_;
  for (std::size_t k = 0; k < list.joint.size(); ++k) {
    const Vector part = columns_of(low, slot.group, list.joint[k]);
    const auto change = sign > 0 ? vector_code->add_gains : vector_code->take_gains;
    change(joint + list.joint_first[k], part.data(), part.size(), gain_haircuts_[slot.group.value]);
  }
}

// A new table: the lines' part is summed from nothing.
void Engine::rebuild_tables(GroupSlot& slot) noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  std::int64_t* raw = raw_of(slot);
  add_joint(slot, -1);
  std::fill_n(raw, group.raw_columns(), 0);
  std::fill_n(in_vector_.begin() + slot.first_factor, group.factor_count, FactorExposure{});
  slot.table_span = 0;
  if (slot.protection != kNil) forget_quotes(slot.protection);
  for (std::uint32_t at = slot.first_line; at != kNil; at = lines_[at].next) {
    Line& line = lines_[at];
    line.in_vector = {};
    const std::int32_t* row = gains(line.instrument);
    if (row == nullptr) continue;
    const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
    const Reachable lots = counted(line, slot.protection).in_vector;
    move_lots(raw, row, group.raw_columns(), parameters, {}, lots);
    slot.table_span += table_span(parameters, lots);
    line.in_vector = lots;
  }
  add_joint(slot, 1);
  slot.vector_version = table_version_[slot.group.value];
}

// Brings a slot's vector and figures to its exposures, and moves the account's sums by the
// difference.
void Engine::value_vector(GroupSlot& slot) noexcept {
  const GroupParameters& group = parameters_.groups[slot.group.value];
  Account& account = accounts_[slot.account.value];
  if (slot.vector_version != table_version_[slot.group.value]) rebuild_tables(slot);

  std::int64_t* raw = raw_of(slot);
  slot.in_range = true;
  Int128 span = slot.table_span;
  bool is_out = false;  // of the joint sums
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const FactorExposure now =
        factor_exposure(exposures_[slot.first_exposure + f], collateral_[slot.first_factor + f],
                        true, slot.in_range);
    span += span_of({group.first_factor + f}, now);
    FactorExposure& in_vector = in_vector_[slot.first_factor + f];
    const FactorExposure before = in_vector;
    in_vector = now;
    if (now.up == before.up && now.down == before.down) continue;
    if (!is_out) add_joint(slot, -1), is_out = true;
    add_factor(raw, raw, slot.group, f, now.up - before.up, now.down - before.down);
  }
  if (slot.protection != kNil) {
    if (!is_out) add_joint(slot, -1), is_out = true;
    move_quotes(slot.protection, slot.quoted > 0, raw);
    keep_quotes(slot.protection, slot.quoted > 0);
    span += protections_[slot.protection].span;
  }
  if (is_out) add_joint(slot, 1);
  account.span += span - slot.span;
  slot.span = span;

  const std::int64_t* low = low_.data() + slot.first_column;
  Charges& charges = charges_[static_cast<std::size_t>(&slot - slots_.data())];
  charges = charges_of(slot.group, exposures_.data() + slot.first_exposure, true, false);
  const GroupFigures figures = figures_of(low, slot.group, charges, {});
  account.figures = account.figures + (figures - slot.figures);
  slot.figures = figures;
  const SetList& list = set_lists_[0][0];
  for (std::size_t k = 0; k < list.joint.size(); ++k) {
    const std::int64_t alone =
        loss_of(columns_of(low, slot.group, list.joint[k]), parameters_.sets[list.joint[k]]);
    std::int64_t& sum = alone_sum_[std::size_t{slot.account.value} * joint_set_count_ + k];
    sum = wrapped_sum(sum, wrapped_difference(alone, alone_[slot.first_alone + k]));
    alone_[slot.first_alone + k] = alone;
  }
  slot.pending = 0;
  slot.stale = false;
}

// Everything but the vectors, and what follows from them.
void Engine::refresh_lines(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  if (account.lines_version == price_version_) return;
  if (account.index_version != index_version_) {
    account.capital_stale = true;
    if (account.rules != rules_version_) take_rules(index);
  }
  Timestamp marks_expire{std::numeric_limits<std::int64_t>::max()};
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    GroupSlot& slot = slots_[at];
    if (slot.version != group_version_[slot.group.value]) {
      value_lines(slot, account);
      account.capital_stale = true;
    }
    marks_expire = std::min(marks_expire, slot.expires);
  }
  if (account.capital_stale) {
    value_capital(index);
  } else if (account.costs_changed.exists()) {
    value_costs(index);
  }
  account.expires = std::min(marks_expire, account.indexes_expire);
  account.index_version = index_version_;
  account.lines_version = price_version_;
}

void Engine::refresh(AccountIndex index) noexcept {
  if (!index.exists()) return;
  Account& account = accounts_[index.value];
  if (account.version == price_version_) return;
  refresh_lines(index);
  account.in_range = account.capital_in_range;
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    GroupSlot& slot = slots_[at];
    if (slot.stale) value_vector(slot);
    account.in_range = account.in_range && slot.in_range;
  }
  account.in_range = account.in_range && account.span <= kSpanMax;
  account.requirement = {narrow(requirement(index), account.in_range)};
  account.version = price_version_;
}

}  // namespace portcullis::risk
