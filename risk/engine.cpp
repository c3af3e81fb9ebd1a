// Construction, commands that are no orders, and looking at the state.
#include "risk/engine.h"

#include <algorithm>

#include "risk/refusal.h"

namespace portcullis::risk {

Engine::Engine(const Parameters& parameters)
    : Workings(parameters),
      // A chain has a head and up to four pending replaces.
      numbers_(parameters.capacities.orders * (1 + kPendingReplacesMax),
               parameters.capacities.trades),
      trade_of_(parameters.capacities.trades),
      line_of_(parameters.capacities.positions),
      slot_of_(parameters.capacities.group_slots) {
  const Parameters& p = parameters_;

  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    const GroupParameters& group = p.groups[g];
    widths_.factors = std::max(widths_.factors, group.factor_count);
    widths_.columns = std::max(widths_.columns, group.column_count);
    if (group.lag_states() > 1) widths_.raw = std::max(widths_.raw, group.raw_columns());
    widths_.exposures = std::max(
        widths_.exposures, group.factor_count + static_cast<std::uint32_t>(group.drivers.size()));
  }
  lay_out_quotes();
  nothing_.resize(widths_.exposures);
  scratch_.resize(widths_.exposures);

  orders_.resize(p.capacities.orders);
  for (std::uint32_t o = p.capacities.orders; o-- > 0;)
    orders_[o].next = free_order_, free_order_ = o;
  lines_.resize(p.capacities.positions);
  for (std::uint32_t l = p.capacities.positions; l-- > 0;)
    lines_[l].next = free_line_, free_line_ = l;
  free_lines_ = p.capacities.positions;
  slots_.resize(p.capacities.group_slots);
  exposures_.resize(std::size_t{widths_.exposures} * slots_.size());
  collateral_.resize(std::size_t{widths_.factors} * slots_.size());
  in_vector_.resize(collateral_.size());
  charges_.resize(slots_.size());
  low_.resize(std::size_t{widths_.columns} * slots_.size());
  raw_.resize(std::size_t{widths_.raw} * slots_.size());
  alone_.resize(std::size_t{joint_set_count_} * slots_.size());
  for (std::uint32_t s = 0; s < slots_.size(); ++s) {
    slots_[s].first_exposure = s * widths_.exposures;
    slots_[s].first_factor = s * widths_.factors;
    slots_[s].first_column = s * widths_.columns;
    slots_[s].first_alone = s * joint_set_count_;
  }
  accounts_.resize(p.accounts.size());
  holdings_.resize(p.accounts.size() * p.assets.size());
  joint_.resize(p.accounts.size() * joint_columns_);
  alone_sum_.resize(p.accounts.size() * joint_set_count_);
  nodes_.resize(p.nodes.size());
  usage_.resize(p.nodes.size() * p.instruments.size());
  sessions_.resize(p.sessions.size());
  suspended_.resize(entitlement_count());
  instruments_.resize(p.instruments.size());
  assets_.resize(p.assets.size());
  tables_.resize(p.groups.size());
  table_as_of_.resize(p.groups.size());
  tables_since_.assign(p.groups.size(), p.version);
  group_version_.assign(p.groups.size(), 1);
  table_version_.assign(p.groups.size(), 0);
  anchored_.resize(p.instruments.size());
  moved_count_.resize(p.groups.size());
  reducers_.resize(p.capacities.positions);
  reducer_links_.resize(p.capacities.orders);
  trades_.resize(p.capacities.trades);
  touched_.resize(accounts_.size());
  due_next_ = static_cast<std::uint32_t>(accounts_.size());
  lay_out_watch();
  hash_.size(EntityKind::Order, orders_.size(), false);
  hash_.size(EntityKind::Line, lines_.size(), false);
  hash_.size(EntityKind::Account, accounts_.size(), true);
  hash_.size(EntityKind::Node, nodes_.size(), true);
  hash_.size(EntityKind::Session, sessions_.size(), true);
  hash_.size(EntityKind::Instrument, instruments_.size(), true);
  hash_.size(EntityKind::Asset, assets_.size(), true);
  hash_.size(EntityKind::Trade, trades_.size(), false);
  hash_.size(EntityKind::Suspension, suspended_.size(), false);
  hash_.size(EntityKind::Table, tables_.size(), false);
}

// --- state

bool Engine::apply(const LoadBalance& load) noexcept {
  advance(load.time);
  if (!add_balance(load.account, load.asset, load.units)) return false;
  count_transfer(load.account, load.asset, load.units);
  return true;
}

bool Engine::apply(const LoadPosition& load) noexcept {
  advance(load.time);
  if (is_spot(load.instrument) || !has_room(load.account, load.instrument)) return false;
  const std::uint32_t at = new_line(load.account, load.instrument);
  Line& line = lines_[at];
  lift(line);
  line.position += load.lots;
  line.cash += load.lots.raw >= 0 ? traded(load.instrument, Side::Buy, load.lots, load.entry)
                                  : traded(load.instrument, Side::Sell, -load.lots, load.entry);
  line.funding += load.lots.raw * instruments_[load.instrument.value].funding_paid;
  place(line);
  free_line_if_empty(at);
  return true;
}

// --- control

void Engine::apply(const Control& control) noexcept {
  advance(control.time);
  switch (control.scope) {
    case ControlScope::Node:
      hash_.touch(EntityKind::Node, control.target);
      break;
    case ControlScope::Account:
      hash_.touch(EntityKind::Account, control.target);
      break;
    case ControlScope::Session:
      hash_.touch(EntityKind::Session, control.target);
      break;
    case ControlScope::Instrument:
      hash_.touch(EntityKind::Instrument, control.target);
      break;
  }
  if (control.scope == ControlScope::Instrument) {
    InstrumentPhase& phase = instruments_[control.target].phase;
    if (phase == InstrumentPhase::Expired) return;
    if (control.action == ControlAction::Resume) {
      phase = InstrumentPhase::Trading;
    } else {  // what has been halted is not opened by a softer word
      phase =
          std::max(phase, control.action == ControlAction::CloseOnly ? InstrumentPhase::ReduceOnly
                                                                     : InstrumentPhase::Halted);
    }
    return;
  }
  if (control.by.exists()) {
    suspend(control.by, {control.target}, control.action == ControlAction::Suspend);
    return;
  }
  std::uint8_t& flags = control.scope == ControlScope::Node      ? nodes_[control.target].flags
                        : control.scope == ControlScope::Account ? accounts_[control.target].flags
                                                                 : sessions_[control.target].flags;
  switch (control.action) {
    case ControlAction::Kill:
      flags |= kKilled;
      return;
    case ControlAction::Suspend:
      flags |= kSuspended;
      return;
    case ControlAction::CloseOnly:
      flags |= kCloseOnly;
      return;
    case ControlAction::Resume:
      flags = 0;
      if (control.scope == ControlScope::Account) accounts_[control.target].executions = {};
      for (std::uint32_t s = 0; control.scope == ControlScope::Account && s < sessions_.size(); ++s)
        suspend({s}, {control.target}, false);
      return;
  }
}

// A session suspends only accounts that it may use, and lifts only what it has imposed.
void Engine::suspend(SessionIndex session, AccountIndex account, bool on) noexcept {
  const std::uint32_t at = find_entitlement(session, account);
  if (at == kNil || (suspended_[at] != 0) == on) return;
  suspended_[at] = on ? 1 : 0;
  accounts_[account.value].suspensions += on ? 1u : -1u;
  hash_.touch(EntityKind::Suspension, at);
}

// The first session that has suspended the account, or none. For refusals: it looks at every
// session.
SessionIndex Engine::suspended_by(AccountIndex account) const noexcept {
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    const std::uint32_t at = find_entitlement({s}, account);
    if (at != kNil && suspended_[at] != 0) return {s};
  }
  return {};
}

void Engine::apply(const SetCondition& condition) noexcept {
  advance(condition.time);
  const auto bit = static_cast<std::uint8_t>(1u << static_cast<unsigned>(condition.condition));
  conditions_ = static_cast<std::uint8_t>(condition.on ? conditions_ | bit : conditions_ & ~bit);
}

void Engine::dispute(AccountIndex account) noexcept {
  hash_.touch(EntityKind::Account, account.value);
  accounts_[account.value].flags |= kDisputed;
}

// --- looking at it

const NumberRecord* Engine::find_number(std::uint32_t number) const noexcept {
  return numbers_.find(number);
}

OrderIndex Engine::next_order(std::uint32_t from, std::uint32_t end) const noexcept {
  end = std::min(end, static_cast<std::uint32_t>(orders_.size()));
  for (std::uint32_t o = from; o < end; ++o) {
    if (orders_[o].head != 0) return {o};
  }
  return {};
}

bool Engine::is_under(AccountIndex account, ControlScope scope,
                      std::uint32_t target) const noexcept {
  if (scope == ControlScope::Account) return account.value == target;
  if (scope != ControlScope::Node) return false;
  for (NodeIndex node = parameters_.accounts[account.value].parent; node.exists();
       node = parameters_.nodes[node.value].parent) {
    if (node.value == target) return true;
  }
  return false;
}

Lots Engine::position(AccountIndex account, InstrumentIndex instrument) const noexcept {
  const std::uint32_t at = find_line(account, instrument);
  return at == kNil ? Lots{} : lines_[at].position;
}

Usage Engine::usage(AccountIndex account, InstrumentIndex instrument) const noexcept {
  const std::uint32_t at = find_line(account, instrument);
  return at == kNil ? Usage{} : usage_of(lines_[at]);
}
Value Engine::quanta_up(Wide wide) const noexcept {
  return {saturate(ceil_div(wide.raw, parameters_.wide_denominator))};
}

Amount Engine::balance(AccountIndex account, AssetIndex asset) const noexcept {
  return holding(account, asset).balance;
}

Amount Engine::borrowed(AccountIndex account, AssetIndex asset) const noexcept {
  return holding(account, asset).borrowed;
}

Amount Engine::gain(AccountIndex account, InstrumentIndex instrument) const noexcept {
  const std::uint32_t at = find_line(account, instrument);
  return at == kNil ? Amount{} : lines_[at].value;
}

std::uint32_t Engine::watermark(SessionIndex session) const noexcept {
  return sessions_[session.value].watermark;
}
bool Engine::assets_are_priced() const noexcept {
  return std::all_of(assets_.begin(), assets_.end(),
                     [](const AssetState& asset) { return asset.index > 0; });
}
Mark Engine::mark(InstrumentIndex instrument) const noexcept {
  return instruments_[instrument.value].mark;
}
std::int64_t Engine::index(AssetIndex asset) const noexcept { return assets_[asset.value].index; }
Timestamp Engine::mark_as_of(InstrumentIndex instrument) const noexcept {
  return instruments_[instrument.value].as_of;
}
Timestamp Engine::index_as_of(AssetIndex asset) const noexcept {
  return assets_[asset.value].as_of;
}
PriceState Engine::mark_state(InstrumentIndex instrument) const noexcept {
  return instruments_[instrument.value].mark_state;
}
PriceState Engine::index_state(AssetIndex asset) const noexcept {
  return assets_[asset.value].state;
}
InstrumentPhase Engine::phase(InstrumentIndex instrument) const noexcept {
  return instruments_[instrument.value].phase;
}
std::uint8_t Engine::session_flags(SessionIndex session) const noexcept {
  return sessions_[session.value].flags;
}
std::uint8_t Engine::flags(ControlScope scope, std::uint32_t target) const noexcept {
  return scope == ControlScope::Node      ? nodes_[target].flags
         : scope == ControlScope::Account ? accounts_[target].flags
                                          : sessions_[target].flags;
}

}  // namespace portcullis::risk
