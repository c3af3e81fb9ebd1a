// What an order would make of its account: its reservation, the line and the costs with it open and
// with it filled; and whether that is an exit (METHOD 3.6, the contract in engine.h).
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

// --- with the order open, and filled

// The reservation of a chain with one more member (ORDERLIFE 1): one order of the largest leaves,
// at the worst price and the worst fee.
Engine::Reservation Engine::reservation_with(const Order* chain, Lots lots, Price price,
                                             InstrumentIndex instrument) const noexcept {
  Reservation result{lots, price, fee_per_lot(instrument, price), price};
  if (chain == nullptr) return result;
  result.best = std::max(result.best, reserved_by(*chain).best);
  result.lots = std::max(result.lots, chain->reserved);
  result.worst =
      chain->side == Side::Buy ? std::max(price, chain->worst) : std::min(price, chain->worst);
  result.fee_per_lot = std::max(result.fee_per_lot, chain->fee_per_lot);
  return result;
}

// An account's line in the instrument as it is, or none; its costs are none.
Engine::Change Engine::no_change(InstrumentIndex instrument, std::uint32_t line) const noexcept {
  Change change;
  change.instrument = instrument;
  if (line != kNil) {
    change.lots = reachable(lines_[line]);
    change.exits = reachable_by_exits(lines_[line]);
  }
  return change;
}

// The account's line with so many lots, and so many of an exit, in place of the order's chain.
Engine::Change Engine::change_of(const Candidate& candidate, Lots exits, Lots lots) const noexcept {
  Change change = no_change(candidate.instrument, candidate.line);
  if (const Order* chain = candidate.replaced; chain != nullptr) {
    lots -= chain->reserved;
    if (chain->exit != 0) exits -= chain->reserved;
  }
  if (candidate.side == Side::Buy) {
    change.lots.high += lots;
    change.exits.high += exits;
  } else {
    change.lots.low -= lots;
    change.exits.low -= exits;
  }
  return change;
}

// What the account's line becomes when the order joins the open ones, in place of its chain, as an
// exit or as none; the costs are as they are.
// Under a protection an exit enters vectors with all its lots, since over time all of them may fill, and
// brings none of Q * M; what others may lose stays as it is. So theorem 4 of METHOD 3.6 holds as it
// stands, for orders of more than Q lots too.
Engine::Change Engine::open_change(const Candidate& candidate, const Reservation& reservation,
                                   MarginLeg leg) const noexcept {
  const AssetIndex settlement = parameters_.instruments[candidate.instrument.value].settlement;
  Change change =
      change_of(candidate, leg == MarginLeg::Exit ? reservation.lots : Lots{0}, reservation.lots);
  change.costs = holding(candidate.account, settlement).line_cost;
  if (!is_spot(candidate.instrument)) return change;
  const auto flow_with = [&](AssetIndex asset) {
    Flow flow = holding(candidate.account, asset).flow;
    flow += flow_of(reservation, candidate.side, candidate.instrument, asset);
    if (const Order* chain = candidate.replaced; chain != nullptr)
      flow -= flow_of(reserved_by(*chain), candidate.side, candidate.instrument, asset);
    return flow;
  };
  change.base = flow_with(parameters_.instruments[candidate.instrument.value].base);
  change.settlement = flow_with(settlement);
  return change;
}

// What it becomes when the order has filled, its chain is gone, and its cost is paid.
Engine::Change Engine::filled_change(const Candidate& candidate, const Reservation& reservation,
                                     bool with_orders) const noexcept {
  Change change = change_of(candidate, {}, {});
  change.along_fill = true;
  if (with_orders) {
    change.costs = costs_with(candidate, reservation);
  } else {
    change.lots.low = change.lots.high = change.lots.position;
    change.exits = change.lots;
  }
  const Lots filled = candidate.side == Side::Buy ? reservation.lots : -reservation.lots;
  for (Reachable* lots : {&change.lots, &change.exits}) {
    lots->position += filled;
    lots->low += filled;
    lots->high += filled;
  }
  return change;
}

// The costs in the settlement asset with the order among the open ones, in place of its chain; with
// no lots reserved, those without either.
Amount Engine::costs_with(const Candidate& candidate,
                          const Reservation& reservation) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[candidate.instrument.value];
  const Amount costs = holding(candidate.account, parameters.settlement).line_cost;
  if (parameters.long_value) {
    const Amount old = candidate.replaced != nullptr ? order_cost(*candidate.replaced) : Amount{0};
    return costs - old + cost_of(reservation, candidate.side, candidate.instrument);
  }
  const Line line = candidate.line == kNil ? Line{} : lines_[candidate.line];
  const BookSide side = book_side(candidate.side);
  return costs - line.cost[side] +
         coupled_cost(candidate.instrument, line, side, {candidate.replaced, reservation});
}

// c: what the order adds to them.
Amount Engine::own_cost(const Candidate& candidate, const Reservation& reservation) const noexcept {
  if (parameters_.instruments[candidate.instrument.value].long_value)
    return cost_of(reservation, candidate.side, candidate.instrument);
  return costs_with(candidate, reservation) - costs_with(candidate, {});
}

// --- what an order is

// How many lots may close the position beside the resting orders of that side.
Lots Engine::closable(const Candidate& candidate) const noexcept {
  if (candidate.line == kNil) return {};
  const Line& line = lines_[candidate.line];
  const Lots others = line.open[book_side(candidate.side)] -
                      (candidate.replaced != nullptr ? candidate.replaced->reserved : Lots{0});
  const Lots position = candidate.side == Side::Buy ? -line.position : line.position;
  return std::max(Lots{0}, position - others);
}

// The cheap test of ORDERLIFE 6: it lowers the position against every resting order of its side,
// without a flip.
bool Engine::is_reducing(const Candidate& candidate, Lots reserve) const noexcept {
  return reserve.raw > 0 && reserve <= closable(candidate);
}

// What the account uses of the instrument now, and with the order among the open ones.
Engine::UsageChange Engine::usage_change(const Candidate& candidate, Lots reserve) const noexcept {
  Lots position;
  std::array<Lots, 2> open{};
  if (candidate.line != kNil) {
    position = lines_[candidate.line].position;
    open = lines_[candidate.line].open;
  }
  UsageChange change;
  change.before = usage_of(position, open);
  open[book_side(candidate.side)] +=
      reserve - (candidate.replaced != nullptr ? candidate.replaced->reserved : Lots{0});
  change.after = usage_of(position, open);
  return change;
}

// --- the exit

// What the account's open exits other than `except` may cost in one asset.
Amount Engine::exit_costs(AccountIndex account, AssetIndex asset,
                          const Order* except) const noexcept {
  Amount sum;
  each_line(account, [&](const Line& line) {
    const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
    if (parameters.settlement != asset) return;
    for (const BookSide side : {kBuys, kSells}) {
      if (!parameters.long_value) {
        sum += coupled_cost(line.instrument, line, side, {except, {}, true});
        continue;
      }
      for (std::uint32_t o = line.first[side]; o != kNil; o = orders_[o].next) {
        if (orders_[o].exit != 0 && &orders_[o] != except) sum += order_cost(orders_[o]);
      }
    }
  });
  return sum;
}

// Whether some of them are paid in what counts as it rises.
bool Engine::exit_costs_rise(AccountIndex account) const noexcept {
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    const AssetParameters& parameters = parameters_.assets[a];
    if (parameters.mode == CollateralMode::Static || rise_max_[parameters.factor.value] == 0)
      continue;
    if (exit_costs(account, {a}, nullptr).raw != 0) return true;
  }
  return false;
}

// The add-ons of the group that sum_group() has just summed with the change in it, on the way to it.
Engine::Charges Engine::charges_along(GroupIndex group, AccountIndex account,
                                      const Question& asked) const noexcept {
  const Change& change = *asked.change;
  const std::uint32_t protection = find_protection(account, group);
  const auto lots_of = [&](const Change& of) {
    const Reachable held{of.lots.position, of.lots.position, of.lots.position};
    return asked.with_orders ? counted(of.instrument, of.lots, of.exits, protection)
                             : counted(of.instrument, held, held, protection);
  };
  const CountedLots before =
      lots_of(no_change(change.instrument, find_line(account, change.instrument)));
  const CountedLots after = lots_of(change);
  for (const Use& use : uses(change.instrument)) {
    scratch_[use.exposure] -= exposure_of(use, change.instrument, after.in(use));
    scratch_[use.exposure] += exposure_of(use, change.instrument, before.in(use));
  }
  const DriverChanges drivers = driver_changes(change.instrument, before, after, scratch_.data());
  Charges charges;
  for (const AddOnParameters& add_on : parameters_.groups[group.value].add_ons) {
    charges[add_on.place] += charge_along(group, add_on, scratch_.data(), drivers.span());
  }
  return charges;
}

// The exit (ORDERLIFE 6), which raises no usage: passes leg 2 of METHOD 3.6; or lowers the position and
// stays within the allowance to wind down. Says which, and what of the allowance is used at the worst.
bool Engine::may_exit(const Candidate& candidate, const Reservation& reservation,
                      Decision& decision) const noexcept {
  decision.exit = 0;
  decision.allowance = 0;
  if (is_spot(candidate.instrument)) return false;
  const UsageChange usage = usage_change(candidate, reservation.lots);
  if (usage.after.long_lots > usage.before.long_lots ||
      usage.after.short_lots > usage.before.short_lots ||
      usage.after.gross_lots > usage.before.gross_lots) {
    return false;
  }
  const AccountIndex index = candidate.account;
  const Account& account = accounts_[index.value];
  const bool may_worsen =
      account.allowance.raw > 0 && !candidate.legs_only && is_reducing(candidate, reservation.lots);

  Change change = open_change(candidate, reservation, MarginLeg::Exit);
  Int128 now = 0;
  Int128 open = 0;
  if (exit_costs_rise(index)) {
    Change none = no_change(candidate.instrument, candidate.line);
    none.costs = change.costs;
    none.without_exits = change.without_exits = true;
    now = recompute(index, &none, true, {}, nullptr);
    open = recompute(index, &change, true, {}, nullptr);
  } else {
    now = requirement(index);
    open = requirement_with(index, change);
  }
  bool is_exit = open <= now;  // E1
  if (!is_exit && !may_worsen) return false;

  const Int128 scale = Int128{kPpm} * parameters_.wide_denominator;
  const AssetIndex settlement = parameters_.instruments[candidate.instrument.value].settlement;
  const Amount own = own_cost(candidate, reservation);
  const Int128 cost = ceil_div(cost_value(settlement, own), scale);
  Int128 exits = 0;
  for (std::uint32_t a = 0; a < assets_.size(); ++a)
    exits += cost_value({a}, exit_costs(index, {a}, candidate.replaced));
  const Int128 filled = requirement_with(index, filled_change(candidate, reservation, true)) +
                        cost + ceil_div(exits, scale);
  is_exit = is_exit && filled <= now;  // E2
  if (!is_exit && !may_worsen) return false;

  change = filled_change(candidate, reservation, false);
  change.costs = own;
  const Int128 positions_filled = recompute(index, &change, false, {}, nullptr) + cost;
  if (is_exit && positions_filled <= recompute(index, nullptr, false, {}, nullptr)) {  // E3
    decision.exit = 1;
    return true;
  }
  if (!may_worsen) return false;
  const Int128 worse = std::max(std::max(open, filled) - account.required.raw,
                                positions_filled - account.required_positions.raw) +
                       account.spent.raw;
  if (worse > account.allowance.raw) return false;
  decision.exit = 1;
  decision.allowance = static_cast<std::int64_t>(std::max<Int128>(0, worse));
  return true;
}

// What an exit pays of the allowance to wind down.
void Engine::spend_allowance(const Order& order, Lots lots, Price price) noexcept {
  Account& account = accounts_[order.account.value];
  if (account.allowance.raw == 0 || order.exit == 0) return;
  const InstrumentParameters& parameters = parameters_.instruments[order.instrument.value];
  const Reservation traded{lots, price, fee_per_lot(order.instrument, price)};
  const Amount cost = parameters.long_value || order.side == Side::Buy
                          ? cost_of(traded, order.side, order.instrument)
                          : closing_cost(traded, order.instrument);
  bool fits = true;
  account.spent = {narrow(account.spent.raw + ceil_div(cost_value(parameters.settlement, cost),
                                                       Int128{kPpm} * parameters_.wide_denominator),
                          fits)};
  hash_.touch(EntityKind::Account, order.account.value);
}

}  // namespace portcullis::risk
