// Construction, commands that are no orders, and looking at the state.
#include "risk/engine.h"

#include <algorithm>

namespace portcullis::risk {

Engine::Engine(const Parameters& parameters)
    : parameters_(parameters),
      // A chain has a head and up to four pending replaces.
      numbers_(parameters.capacities.orders * (1 + kPendingReplacesMax),
               parameters.capacities.trades),
      trade_of_(parameters.capacities.trades),
      line_of_(parameters.capacities.positions),
      slot_of_(parameters.capacities.group_slots) {
  PORTCULLIS_ASSERT(first_problem(parameters_) == nullptr);
  const Parameters& p = parameters_;

  places_.resize(p.factor_count);
  std::uint32_t factors_max = 0;
  std::uint32_t columns_max = 0;
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    const GroupParameters& group = p.groups[g];
    for (std::uint32_t f = 0; f < group.factor_count; ++f) places_[group.first_factor + f] = {g, f};
    factors_max = std::max(factors_max, group.factor_count);
    columns_max = std::max(columns_max, group.column_count);
  }
  exposure_max_ = exposure_max(p);
  for (std::uint32_t s = 0; s < p.sets.size(); ++s) {
    if (p.sets[s].scope == SetScope::PerGroup) {
      group_sets_.push_back(s);
    } else {
      joint_sets_.push_back(s);
      joint_first_.push_back(joint_columns_);
      joint_columns_ += p.sets[s].column_count.empty() ? 0 : p.sets[s].column_count[0];
    }
  }

  orders_.resize(p.capacities.orders);
  for (std::uint32_t o = p.capacities.orders; o-- > 0;)
    orders_[o].next = free_order_, free_order_ = o;
  lines_.resize(p.capacities.positions);
  for (std::uint32_t l = p.capacities.positions; l-- > 0;)
    lines_[l].next = free_line_, free_line_ = l;
  free_lines_ = p.capacities.positions;
  slots_.resize(p.capacities.group_slots);
  exposures_.resize(std::size_t{factors_max} * slots_.size());
  low_.resize(std::size_t{columns_max} * slots_.size());
  alone_.resize(joint_sets_.size() * slots_.size());
  for (std::uint32_t s = 0; s < slots_.size(); ++s) {
    slots_[s].first_exposure = s * factors_max;
    slots_[s].first_column = s * columns_max;
    slots_[s].first_alone = s * static_cast<std::uint32_t>(joint_sets_.size());
  }
  accounts_.resize(p.accounts.size());
  balances_.resize(p.accounts.size() * p.assets.size());
  line_values_.resize(balances_.size());
  line_costs_.resize(balances_.size());
  collateral_.resize(balances_.size());
  joint_.resize(p.accounts.size() * joint_columns_);
  alone_sum_.resize(p.accounts.size() * joint_sets_.size());
  nodes_.resize(p.nodes.size());
  usage_.resize(p.nodes.size() * p.instruments.size());
  sessions_.resize(p.sessions.size());
  for (const SessionParameters& session : p.sessions) {
    first_suspension_.push_back(static_cast<std::uint32_t>(suspended_.size()));
    suspended_.resize(suspended_.size() + session.accounts.size());
  }
  instruments_.resize(p.instruments.size());
  assets_.resize(p.assets.size());
  group_version_.assign(p.groups.size(), 1);
  trades_.resize(p.capacities.trades);
  hash_.size(EntityKind::Order, orders_.size(), false);
  hash_.size(EntityKind::Line, lines_.size(), false);
  hash_.size(EntityKind::Account, accounts_.size(), true);
  hash_.size(EntityKind::Node, nodes_.size(), true);
  hash_.size(EntityKind::Session, sessions_.size(), true);
  hash_.size(EntityKind::Instrument, instruments_.size(), true);
  hash_.size(EntityKind::Asset, assets_.size(), true);
  hash_.size(EntityKind::Trade, trades_.size(), false);
  hash_.size(EntityKind::Suspension, suspended_.size(), false);
}

// --- prices

void Engine::price_instrument(std::uint32_t index) noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index];
  InstrumentState& instrument = instruments_[index];
  const Wide before = instrument.notional;
  instrument.notional.raw = Int128{instrument.mark.raw} * parameters.units_per_lot_mark *
                            assets_[parameters.settlement.value].unit.raw;
  const Usage* usage = usage_.data() + std::size_t{index} * nodes_.size();
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    nodes_[n].gross.raw += (instrument.notional.raw - before.raw) * usage[n].gross_lots.raw;
  }
  tick_group(places_[parameters.factor.value].group);
}

void Engine::apply(const MarkUpdate& update) noexcept {
  advance(update.time);
  InstrumentState& instrument = instruments_[update.instrument.value];
  instrument.mark = update.mark;
  instrument.as_of = std::min(update.as_of, last_time_);  // an age is not negative
  hash_.touch(EntityKind::Instrument, update.instrument.value);
  price_instrument(update.instrument.value);
}

void Engine::apply(const IndexUpdate& update) noexcept {
  advance(update.time);
  AssetState& asset = assets_[update.asset.value];
  asset.index = update.index;
  asset.as_of = std::min(update.as_of, last_time_);
  hash_.touch(EntityKind::Asset, update.asset.value);
  asset.unit.raw = Int128{update.index} * parameters_.assets[update.asset.value].wide_per_index;
  for (std::uint32_t i = 0; i < instruments_.size(); ++i) {
    if (parameters_.instruments[i].settlement == update.asset) price_instrument(i);
  }
  ++index_version_;
  ++price_version_;
}

// --- state

bool Engine::apply(const LoadBalance& load) noexcept {
  advance(load.time);
  if (!has_room(load.account, load.asset)) return false;
  balances_[load.account.value * assets_.size() + load.asset.value].raw += load.units;
  Account& account = accounts_[load.account.value];
  hash_.touch(EntityKind::Account, load.account.value);
  account.capital_stale = true;
  account.version = 0;
  const AssetParameters& asset = parameters_.assets[load.asset.value];
  if (asset.mode != CollateralMode::Static)
    new_slot(load.account, {places_[asset.factor.value].group});
  return true;
}

bool Engine::apply(const LoadPosition& load) noexcept {
  advance(load.time);
  if (!has_room(load.account, load.instrument)) return false;
  const InstrumentParameters& parameters = parameters_.instruments[load.instrument.value];
  const std::uint32_t at = new_line(load.account, load.instrument);
  Line& line = lines_[at];
  lift(line);
  line.position += load.lots;
  line.cash.raw -= Int128{load.lots.raw} * load.entry.raw * parameters.marks_per_tick *
                   parameters.units_per_lot_mark;
  place(line);
  free_line_if_empty(at);
  return true;
}

void Engine::realise(AccountIndex index) noexcept {
  hash_.touch(EntityKind::Account, index.value);
  Account& account = accounts_[index.value];
  for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next) {
    for (std::uint32_t l = slots_[s].first_line; l != kNil; l = lines_[l].next) {
      Line& line = lines_[l];
      // What closing at the mark would pay moves into the balance; the position is carried at the
      // mark.
      const InstrumentParameters& parameters = parameters_.instruments[line.instrument.value];
      const Int128 carried = Int128{line.position.raw} *
                             instruments_[line.instrument.value].mark.raw *
                             parameters.units_per_lot_mark;
      lift(line);
      balances_[index.value * assets_.size() + parameters.settlement.value].raw +=
          line.cash.raw + carried;
      line.cash.raw = -carried;
      place(line);
    }
  }
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
    instruments_[control.target].halted = control.action != ControlAction::Resume;
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
      for (std::uint32_t s = 0; control.scope == ControlScope::Account && s < sessions_.size(); ++s)
        suspend({s}, {control.target}, false);
      return;
  }
}

// A session suspends only accounts that it may use, and lifts only what it has imposed.
std::uint32_t Engine::find_suspension(SessionIndex session, AccountIndex account) const noexcept {
  const auto& accounts = parameters_.sessions[session.value].accounts;
  const auto at = std::lower_bound(accounts.begin(), accounts.end(), account);
  if (at == accounts.end() || *at != account) return kNil;
  return first_suspension_[session.value] + static_cast<std::uint32_t>(at - accounts.begin());
}

void Engine::suspend(SessionIndex session, AccountIndex account, bool on) noexcept {
  const std::uint32_t at = find_suspension(session, account);
  if (at == kNil || (suspended_[at] != 0) == on) return;
  suspended_[at] = on ? 1 : 0;
  accounts_[account.value].suspensions += on ? 1u : -1u;
  hash_.touch(EntityKind::Suspension, at);
}

// The first session that has suspended the account, or none. For refusals: it looks at every
// session.
SessionIndex Engine::suspended_by(AccountIndex account) const noexcept {
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    const std::uint32_t at = find_suspension({s}, account);
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

Amount Engine::balance(AccountIndex account, AssetIndex asset) const noexcept {
  return balances_[account.value * assets_.size() + asset.value];
}

std::uint32_t Engine::watermark(SessionIndex session) const noexcept {
  return sessions_[session.value].watermark;
}
Mark Engine::mark(InstrumentIndex instrument) const noexcept {
  return instruments_[instrument.value].mark;
}
std::uint8_t Engine::session_flags(SessionIndex session) const noexcept {
  return sessions_[session.value].flags;
}

}  // namespace portcullis::risk
