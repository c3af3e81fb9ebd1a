// Making a decision effective: tokens, watermarks, reservations, and the pools behind them.
#include <algorithm>

#include "risk/engine.h"
#include "risk/order_change.h"

namespace portcullis::risk {

// --- tokens and watermarks

// Every enter and replace takes a token, refused or not; an exit falls back on the exit budget.
void Engine::take_tokens(SessionIndex session, AccountIndex account, bool reducing,
                         Timestamp now) noexcept {
  const RateLimit& session_limit = parameters_.sessions[session.value].rate;
  RateState& by_session = sessions_[session.value].rate;
  hash_.touch(EntityKind::Session, session.value);
  if (account.exists()) hash_.touch(EntityKind::Account, account.value);
  if (!account.exists()) {
    if (by_session.has_order_token(session_limit, now))
      by_session.orders.take(session_limit.per_second, now);
    return;
  }
  const RateLimit& account_limit = parameters_.accounts[account.value].rate;
  RateState& by_account = accounts_[account.value].rate;
  if (by_session.has_order_token(session_limit, now) &&
      by_account.has_order_token(account_limit, now)) {
    by_session.orders.take(session_limit.per_second, now);
    by_account.orders.take(account_limit.per_second, now);
  } else if (reducing && by_session.has_exit_token(session_limit, now) &&
             by_account.has_exit_token(account_limit, now)) {
    by_session.exits.take(session_limit.exit_per_second, now);
    by_account.exits.take(account_limit.exit_per_second, now);
  }
}

void Engine::consume(SessionIndex session, std::uint32_t client_ref) noexcept {
  hash_.touch(EntityKind::Session, session.value);
  sessions_[session.value].watermark = std::max(sessions_[session.value].watermark, client_ref);
}

void Engine::raise_next_number(std::uint32_t next) noexcept {
  next_number_ = std::max(next_number_, next);
}

void Engine::raise_next_number_above(std::uint32_t number) noexcept {
  raise_next_number(std::max(number, number + 1));  // there is none above the last one
}

// The last number is given again and again: it carries no order (SessionExhausted), and a venue
// that has processed it ignores it.
std::uint32_t Engine::take_number() noexcept {
  const std::uint32_t taken = next_number_;
  raise_next_number_above(taken);
  return taken;
}

// --- pools

// A new line may need two slots: its own group's and that of a settlement asset that moves.
Engine::Room Engine::room_needed(AccountIndex account, InstrumentIndex instrument) const noexcept {
  if (find_line(account, instrument) != kNil) return {};
  Room room{.lines = 1};
  for (const GroupIndex group : line_groups_[instrument.value])
    room.slots += find_slot(account, group) == kNil ? 1U : 0U;
  return room;
}

bool Engine::has_room(AccountIndex account, AssetIndex asset) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  return parameters.mode == CollateralMode::Static || slot_count_ < slots_.size() ||
         find_slot(account, {places_[parameters.factor.value].group}) != kNil;
}

std::uint32_t Engine::new_slot(AccountIndex account, GroupIndex group) noexcept {
  if (const std::uint32_t found = find_slot(account, group); found != kNil) return found;
  PORTCULLIS_ASSERT(slot_count_ < slots_.size());
  const std::uint32_t at = slot_count_++;
  GroupSlot& slot = slots_[at];
  slot.account = account;
  slot.group = group;
  slot.first_raw = parameters_.groups[group.value].lag_states() > 1 ? at * widths_.raw : kNil;
  slot.vector_version = table_version_[group.value];  // of nothing
  slot.protection = find_protection(account, group);
  slot.next = accounts_[account.value].first_slot;
  accounts_[account.value].first_slot = at;
  slot_of_.insert(std::uint64_t{account.value} << 32 | group.value, at);
  return at;
}

// Takes back the slots after the first `count`, of what was tried and undone: nothing is in them.
void Engine::drop_slots(std::uint32_t count) noexcept {
  while (slot_count_ > count) {
    GroupSlot& slot = slots_[slot_count_ - 1];
    refresh(slot.account);
    slot.version = slot.vector_version = 0;
    slot.stale = true;
    accounts_[slot.account.value].first_slot = slot.next;
    slot_of_.erase(std::uint64_t{slot.account.value} << 32 | slot.group.value);
    --slot_count_;
  }
}

std::uint32_t Engine::new_line(AccountIndex account, InstrumentIndex instrument) noexcept {
  if (const std::uint32_t found = find_line(account, instrument); found != kNil) return found;
  PORTCULLIS_ASSERT(free_line_ != kNil);
  for (const GroupIndex group : line_groups_[instrument.value]) new_slot(account, group);
  const std::uint32_t in = find_slot(account, group_of(instrument));
  const std::uint32_t at = free_line_;
  Line& line = lines_[at];
  free_line_ = line.next;
  lines_used_ = std::max(lines_used_, at + 1);
  --free_lines_;
  line = Line{};
  line.account = account;
  line.instrument = instrument;
  line.slot = in;
  GroupSlot& slot = slots_[in];
  line.next = slot.first_line;
  if (slot.first_line != kNil) lines_[slot.first_line].previous = at;
  slot.first_line = at;
  line_of_.insert(std::uint64_t{account.value} << 32 | instrument.value, at);
  place(line);
  return at;
}

// A flat line without orders gives its cash to the balance and its slot back; R does not change.
void Engine::free_line_if_empty(std::uint32_t at) noexcept {
  if (at == kNil) return;  // spot trades without an order leave none
  Line& line = lines_[at];
  if (line.position.raw != 0 || line.first[kBuys] != kNil || line.first[kSells] != kNil) return;
  lift(line);
  Holding& settlement =
      holding(line.account, parameters_.instruments[line.instrument.value].settlement);
  Line valued = line;
  value_line(valued);  // its cash and the funding it owes
  settlement.balance += valued.value;
  hash_.touch(EntityKind::Account, line.account.value);
  touch_line(line);
  GroupSlot& slot = slots_[line.slot];
  if (slot.version != group_version_[slot.group.value]) {
    // The cached sums still hold what the line was worth when it was last valued.
    settlement.line_value -= line.value;
    accounts_[line.account.value].gross -= line.gross;
    accounts_[line.account.value].unlevered -= line.unlevered;
    accounts_[line.account.value].option_value -= line.option_value;
    for (const BookSide side : {kBuys, kSells}) settlement.line_cost -= line.cost[side];
  }
  if (line.previous == kNil) {
    slot.first_line = line.next;
  } else {
    lines_[line.previous].next = line.next;
  }
  if (line.next != kNil) lines_[line.next].previous = line.previous;
  slot.version = 0;  // how old its prices may become depends on the lines it has
  slot.stale = true;
  const AccountIndex account = line.account;
  const bool was_isolated = parameters_.accounts[account.value].isolated_in == line.instrument;
  touch(accounts_[account.value]);
  line_of_.erase(std::uint64_t{account.value} << 32 | line.instrument.value);
  line = Line{};
  line.next = free_line_;
  free_line_ = at;
  ++free_lines_;
  if (was_isolated) return_isolated(account);
}

void Engine::count_order(AccountIndex account, std::int64_t change) noexcept {
  accounts_[account.value].open_orders += change;
  for (NodeIndex node = parameters_.accounts[account.value].parent; node.exists();
       node = parameters_.nodes[node.value].parent) {
    nodes_[node.value].open_orders += change;
  }
}

void Engine::link(std::uint32_t index) noexcept {
  Order& order = orders_[index];
  Line& line = lines_[order.line];
  const BookSide side = book_side(order.side);
  order.previous = kNil;
  order.next = line.first[side];
  if (order.next != kNil) orders_[order.next].previous = index;
  line.first[side] = index;
  if (!is_reducer(order)) return;
  std::uint32_t& first = reducers_[order.line].first[side];
  reducer_links_[index] = {.next = first, .previous = kNil};
  if (first != kNil) reducer_links_[first].previous = index;
  first = index;
}

void Engine::unlink(std::uint32_t index) noexcept {
  Order& order = orders_[index];
  Line& line = lines_[order.line];
  if (order.previous == kNil) {
    line.first[book_side(order.side)] = order.next;
  } else {
    orders_[order.previous].next = order.next;
  }
  if (order.next != kNil) orders_[order.next].previous = order.previous;
  if (is_reducer(order)) unlink_reducer(index);
}

// It reduces no more, or has been asked to go. On its own, so that other orders do not pay for it.
[[gnu::noinline]] void Engine::unlink_reducer(std::uint32_t index) noexcept {
  const Order& order = orders_[index];
  const BookSide side = book_side(order.side);
  Reducers& reducers = reducers_[order.line];
  const ReducerLink link = reducer_links_[index];
  if (link.previous == kNil) {
    reducers.first[side] = link.next;
  } else {
    reducer_links_[link.previous].next = link.next;
  }
  if (link.next != kNil) reducer_links_[link.next].previous = link.previous;
  reducer_links_[index] = {};
  reducers.lots[side] -= order.reserved;
}

// --- orders

// Puts an order into a free slot; its reservation is computed here. REQUIRES room.
void Engine::book(const Order& order, const NumberRecord& record) noexcept {
  PORTCULLIS_ASSERT(free_order_ != kNil);
  const std::uint32_t index = free_order_;
  free_order_ = orders_[index].next;
  orders_used_ = std::max(orders_used_, index + 1);
  orders_[index] = order;
  orders_[index].line = new_line(order.account, order.instrument);
  orders_[index].reserved = {};
  link(index);
  ++live_orders_;
  count_order(order.account, 1);
  NumberRecord booked = record;
  booked.order = index;
  numbers_.add(booked);
  change_order(index, [](Order&) {});
}

void Engine::end_order(std::uint32_t index) noexcept {
  change_order(index, [this](Order& order) {
    order.cancelled = order.total - order.cum;  // nothing is left
    for (std::uint8_t p = 0; p < order.pending_count; ++p) numbers_.retire(order.pending[p].number);
    order.pending_count = 0;
  });
  Order& order = orders_[index];
  const std::uint32_t line = order.line;
  count_order(order.account, -1);
  --live_orders_;
  unlink(index);
  numbers_.retire(order.head);
  order = Order{};
  order.next = free_order_;
  free_order_ = index;
  free_line_if_empty(line);
}

void Engine::apply(const NewOrder& command, const Decision& decision) noexcept {
  if (command.client_ref <= sessions_[command.session.value].watermark) return;
  advance(command.time);
  consume(command.session, command.client_ref);
  // Only who may use an account spends its tokens: anybody can name one.
  const bool may_use = decision.disposition == Disposition::Forward ||
                       (command.account.exists() && may(command.session, kMayEnter) &&
                        is_entitled(command.session, command.account));
  take_tokens(command.session, may_use ? command.account : AccountIndex{}, decision.reducing != 0,
              last_time_);
  if (decision.disposition != Disposition::Forward) return;

  PORTCULLIS_ASSERT(decision.number == next_number_);
  ++next_number_;
  Order order;
  order.price = decision.price;
  order.total = command.quantity;
  order.account = command.account;
  order.instrument = command.instrument;
  order.session = command.session;
  order.head = decision.number;
  order.side = command.side;
  order.time_in_force = command.time_in_force;
  order.exit = decision.exit;
  order.flags = command.flags;
  book(order, {.number = decision.number,
               .account = command.account,
               .instrument = command.instrument,
               .session = command.session,
               .client_ref = command.client_ref,
               .client_text = command.client_text,
               .side = command.side});
}

void Engine::apply(const ReplaceOrder& command, const Decision& decision) noexcept {
  if (command.client_ref <= sessions_[command.session.value].watermark) return;
  advance(command.time);
  consume(command.session, command.client_ref);
  take_tokens(command.session,
              may(command.session, kMayReplace) ? account_of(command) : AccountIndex{},
              decision.reducing != 0, last_time_);
  if (decision.disposition != Disposition::Forward) return;

  PORTCULLIS_ASSERT(decision.number == next_number_);
  ++next_number_;
  const NumberRecord* found = numbers_.find(command.session, command.original_ref);
  PORTCULLIS_ASSERT(found != nullptr);
  const NumberRecord original = *found;
  numbers_.add({.number = decision.number,
                .order = original.order,
                .account = original.account,
                .instrument = original.instrument,
                .session = command.session,
                .client_ref = command.client_ref,
                .client_text = command.client_text,
                .side = original.side});
  change_order(original.order, [&](Order& order) {
    order.pending[order.pending_count++] = {decision.number, original.number, command.total,
                                            decision.price};
    order.exit = decision.exit;
  });
}

void Engine::apply(const CancelOrder& command, const Decision& decision) noexcept {
  advance(command.time);
  const AccountIndex account = account_of(command);
  if (decision.reason == RejectReason::Rate || !has_exit_token(command.session, last_time_)) return;
  take_exit_token(command.session, last_time_);
  // Only who may cancel spends an account's tokens.
  if (!account.exists() || decision.disposition == Disposition::Reject) return;
  hash_.touch(EntityKind::Account, account.value);
  accounts_[account.value].rate.exits.take(parameters_.accounts[account.value].rate.exit_per_second,
                                           last_time_);
  if (decision.disposition == Disposition::Forward)
    want_cancel(decision.order, command.total, decision.number);
}

void Engine::take_exit_token(SessionIndex session, Timestamp time) noexcept {
  advance(time);
  hash_.touch(EntityKind::Session, session.value);
  sessions_[session.value].rate.exits.take(parameters_.sessions[session.value].rate.exit_per_second,
                                           last_time_);
}

void Engine::want_cancel(OrderIndex index, Lots total, std::uint32_t named) noexcept {
  hash_.touch(EntityKind::Order, index.value);
  Order& order = orders_[index.value];
  const bool overtaken = order.cancel_to.raw > 0 && named >= order.cancel_below;
  const bool reduces = is_reducer(order);
  order.cancel_to = order.cancel_to.raw < 0 || overtaken ? total : std::min(order.cancel_to, total);
  order.cancel_below = next_number_;
  if (reduces && total.raw == 0) unlink_reducer(index.value);
}

// A partial cancel has been answered when no number that it meant has more than it asked for.
void Engine::forget_answered_cancel(Order& order) noexcept {
  if (order.cancel_to.raw <= 0) return;
  if (order.head < order.cancel_below && order.total - order.cancelled > order.cancel_to) return;
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    if (order.pending[p].number < order.cancel_below && order.pending[p].total > order.cancel_to)
      return;
  }
  order.cancel_to = Lots{-1};
}

bool Engine::apply(const AdoptOrder& adopted) noexcept {
  advance(adopted.time);
  raise_next_number_above(adopted.number);
  if (!adopted.account.exists() || free_order_ == kNil ||
      !has_room(adopted.account, adopted.instrument)) {
    return false;
  }
  if (const NumberRecord* known = numbers_.find(adopted.number);
      known != nullptr && known->order != kNil) {
    return false;
  }
  Order order;
  order.price = adopted.price;
  order.total = adopted.quantity;
  order.account = adopted.account;
  order.instrument = adopted.instrument;
  if (!adopted.is_only_told) order.session = adopted.session;
  order.head = adopted.number;
  order.side = adopted.side;
  order.time_in_force = adopted.time_in_force;
  order.acknowledged = 1;
  book(order, {.number = adopted.number,
               .account = adopted.account,
               .instrument = adopted.instrument,
               .session = adopted.session,
               .client_ref = adopted.client_ref,
               .side = adopted.side});
  if (adopted.session.exists()) consume(adopted.session, adopted.client_ref);
  return true;
}

OrderIndex Engine::excess_reduce_only(AccountIndex account,
                                      InstrumentIndex instrument) const noexcept {
  const std::uint32_t at = find_line(account, instrument);
  if (at == kNil) return {};
  const Reducers& reducers = reducers_[at];
  for (const BookSide side : {kBuys, kSells}) {
    const Lots position = lines_[at].position;
    const Lots closable = std::max(Lots{0}, side == kBuys ? -position : position);
    if (reducers.lots[side] > closable) return {reducers.first[side]};
  }
  return {};
}

}  // namespace portcullis::risk
