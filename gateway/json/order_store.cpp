// Records and the messages owed with them: what they say of orders.
#include "gateway/json/order_store.h"

#include <algorithm>
#include <cstring>

#include "gateway/gate/proof.h"
#include "gateway/json/symbols.h"

namespace portcullis::gateway::json {

using gate::RecordType;
using risk::Disposition;

void OrderStore::take(const journal::RecordView& view) {
  sequence_ = view.sequence;
  time_ = {view.time_ns};
  venue_number_ = venue_original_ = 0;
  switch (static_cast<RecordType>(view.type)) {
    case RecordType::Start: {
      gate::StartRecord record;
      if (journal::read_command(view, record)) stream_session_ = record.stream_session;
      return;
    }
    case RecordType::StreamSession: {
      gate::StreamSessionRecord record;
      if (journal::read_command(view, record)) stream_session_ = record.stream_session;
      return;
    }
    case RecordType::Enter: {
      gate::EnterRecord record;
      if (journal::read_command(view, record)) take_enter(record.order, record.decision, {});
      return;
    }
    case RecordType::EnterNamed: {
      gate::EnterNamedRecord record;
      if (journal::read_command(view, record))
        take_enter(record.order, record.decision, record.name);
      return;
    }
    case RecordType::Replace: {
      gate::ReplaceRecord record;
      if (journal::read_command(view, record)) take_replace(record);
      return;
    }
    case RecordType::FirmControl: {
      gate::FirmControlRecord record;
      if (!journal::read_command(view, record) || record.session >= highest_.size()) return;
      count_number({record.session}, record.client_ref);
      return;
    }
    case RecordType::VenueMessage:
      return take_venue(view);
    case RecordType::Resolve: {
      gate::ResolveRecord record;
      if (journal::read_command(view, record)) resolve_below(record.below);
      return take_outbounds(view);
    }
    case RecordType::SweepSlice:  // orders that the venue has lost end by it
      return take_outbounds(view);
    case RecordType::VenueLink: {
      gate::VenueLinkRecord record;
      if (journal::read_command(view, record) && record.change == gate::LinkChange::OrdersDead)
        resolved_below_ = std::max(resolved_below_, next_number_);
      return;
    }
    case RecordType::Cancel:
    case RecordType::Session:
    case RecordType::Mark:
    case RecordType::Index:
    case RecordType::LoadBalance:
    case RecordType::LoadPosition:
    case RecordType::Control:
    case RecordType::Condition:
    case RecordType::Sweep:
    case RecordType::Fence:
    case RecordType::Loaded:
    case RecordType::Recheck:
    case RecordType::Due:
    case RecordType::Marker:
    case RecordType::AcceptState:
    case RecordType::PriceState:
    case RecordType::PublishTable:
    case RecordType::Overload:
    case RecordType::Funding:
    case RecordType::OpenInterest:
    case RecordType::Transfer:
    case RecordType::Borrow:
    case RecordType::Interest:
    case RecordType::Conversion:
    case RecordType::PositionTransfer:
    case RecordType::Realise:
    case RecordType::Expire:
    case RecordType::Split:
    case RecordType::LeverageCap:
    case RecordType::Parameters:  // fees are the same (config/reload.h)
    case RecordType::Operator:
    case RecordType::Acknowledge:
    case RecordType::Change:
      return;
  }
}

void OrderStore::take_enter(const risk::NewOrder& command, const risk::Decision& decision,
                            const gate::OrderName& name) {
  if (command.session.value >= highest_.size()) return;
  count_number(command.session, command.client_ref);
  Order order;
  order.sequence = sequence_;
  order.id = id_of(command.session, command.client_ref);
  order.link = name;
  order.account = command.account;
  order.instrument = command.instrument;
  order.session = command.session;
  order.root = order.head = command.client_ref;
  order.number = decision.number;
  order.side = command.side;
  order.ord_type = command.ord_type;
  order.time_in_force = command.time_in_force;
  order.reduce_only = (command.flags & risk::kReduceOnly) != 0;
  order.post_only = (command.flags & risk::kPostOnly) != 0;
  order.price = decision.price;
  order.quantity = command.quantity;
  order.created = order.updated = time_;
  if (decision.disposition == Disposition::Forward) {
    next_number_ = std::max(next_number_, decision.number + 1);
    add(order);
    tell(Change::Kind::Order, order);
    return;
  }
  if (decision.disposition != Disposition::Reject) return;
  order.price = command.price;
  order.status = Status::Rejected;
  order.reason = decision.reason;
  tell(Change::Kind::Refused, order);
}

void OrderStore::take_replace(const gate::ReplaceRecord& record) {
  const risk::ReplaceOrder& command = record.order;
  if (command.session.value >= highest_.size()) return;
  count_number(command.session, command.client_ref);
  if (record.decision.disposition != Disposition::Forward) return;
  next_number_ = std::max(next_number_, record.decision.number + 1);
  const std::uint32_t slot = slot_of(command.session, command.original_ref);
  if (slot == risk::kNil || slots_[slot].order.pending_count == risk::kPendingReplacesMax) {
    ++unattributed_;
    return;
  }
  Order& order = slots_[slot].order;
  order.pending[order.pending_count++] = {.client_ref = command.client_ref,
                                          .original_ref = command.original_ref,
                                          .number = record.decision.number,
                                          .quantity = command.total,
                                          .price = record.decision.price};
  name(order, command.client_ref, slot);
  pending_[record.decision.number] = key(command.session, command.client_ref);
}

// --- the venue

void OrderStore::take_venue(const journal::RecordView& view) {
  constexpr std::size_t kHeader = gate::VenueMessageRecord::kHeaderSize;
  if (view.command.size() < kHeader) return;
  ouch::OutboundMessage message;
  if (ouch::decode(view.command.subspan(kHeader), message) == ouch::DecodeError::None) {
    const std::uint32_t proved = gate::proved_by(message);
    resolve_below(proved);
    // It was processed itself, but where the venue says which will be next.
    const bool is_next = std::holds_alternative<ouch::QueryResponse>(message);
    if (proved != 0) resolved_below_ = std::max(resolved_below_, proved + (is_next ? 0 : 1));
    venue_number_ = proved;
    if (const auto* replaced = std::get_if<ouch::Replaced>(&message))
      venue_original_ = replaced->orig_user_ref_num;
  }
  take_outbounds(view);
}

// Replaces below a number that the venue has processed, and not answered, were ignored there. Of an
// order that was, its client is told.
void OrderStore::resolve_below(std::uint32_t number) {
  for (auto at = pending_.lower_bound(resolved_below_); at != pending_.end() && at->first < number;
       at = pending_.lower_bound(resolved_below_)) {
    resolved_below_ = at->first + 1;
    const std::uint64_t client = at->second;
    const std::uint32_t slot =
        slot_of({static_cast<std::uint32_t>(client >> 32)}, static_cast<std::uint32_t>(client));
    pending_.erase(at);
    if (slot == risk::kNil) continue;
    const Order& order = slots_[slot].order;
    for (std::uint8_t p = 0; p < order.pending_count; ++p) {
      if (order.pending[p].number + 1 != resolved_below_) continue;
      drop_pending(slot, p);
      drop_orphans(slot);
      break;
    }
  }
  resolved_below_ = std::max(resolved_below_, std::min(number, next_number_));
}

void OrderStore::take_outbounds(const journal::RecordView& view) {
  view.for_each_outbound([&](const journal::OutboundView& outbound) {
    const risk::SessionIndex session{outbound.stream};
    if (session.value >= highest_.size()) return;
    ouch::OutboundMessage message;
    if (ouch::decode(outbound.payload, message) != ouch::DecodeError::None) {
      ++unattributed_;
      return;
    }
    stream_sequence_ = outbound.stream_sequence;
    std::visit(
        [&](const auto& m) {
          if constexpr (requires { on(session, m); }) on(session, m);
        },
        message);
  });
}

namespace {

risk::Lots lots_of(std::uint32_t wire, const config::Alias& alias) {
  return {wire / alias.quantity_per_lot};
}
risk::Price price_of(std::uint64_t wire, const config::Alias& alias) {
  return {static_cast<std::int64_t>(wire) / alias.price_per_tick};
}

}  // namespace

// An order that was found at the venue, and that no record tells of.
template <class Message>
void OrderStore::adopt(risk::SessionIndex session, const Message& message) {
  const config::Alias* alias = aliases_.find(session, message.symbol);
  Order order;
  order.instrument =
      alias != nullptr ? alias->instrument : aliases_.venue_instrument(message.symbol);
  if (message.appendage.has(ouch::Tag::Firm))
    order.account = aliases_.account(message.appendage.firm);
  if (!order.account.exists()) order.account = deployment_.venue.suspense_account;
  if (!order.instrument.exists() || !order.account.exists()) {
    ++unattributed_;
    return;
  }
  const config::Alias& units = aliases_.of(session, order.instrument);
  order.sequence = sequence_;
  order.id = id_of(session, message.user_ref_num);
  order.session = session;
  order.root = order.head = message.user_ref_num;
  order.number = venue_number_;
  order.side = message.side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell;
  order.acknowledged = true;
  order.status = Status::New;
  order.price = price_of(message.price, units);
  order.quantity = lots_of(message.quantity, units);
  if (message.order_state == ouch::OrderState::Dead) order.cancelled = order.quantity;
  order.created = order.updated = time_;
  count_number(session, message.user_ref_num);
  add(order);
  settle(slot_of(session, message.user_ref_num));
}

void OrderStore::on(risk::SessionIndex session, const ouch::Accepted& message) {
  const std::uint32_t slot = slot_of(session, message.user_ref_num);
  if (slot == risk::kNil || !is_open(slots_[slot].order.status)) return adopt(session, message);
  Order& order = slots_[slot].order;
  const config::Alias& units = aliases_.of(session, order.instrument);
  order.acknowledged = true;
  order.quantity = lots_of(message.quantity, units);
  order.price = price_of(message.price, units);
  if (message.order_state == ouch::OrderState::Dead)
    order.cancelled = order.quantity - order.counted;
  settle(slot);
}

void OrderStore::on(risk::SessionIndex session, const ouch::Replaced& message) {
  std::uint32_t slot = slot_of(session, message.user_ref_num);
  const auto is_pending = [&] {
    const Order& order = slots_[slot].order;
    return std::any_of(order.pending.begin(), order.pending.begin() + order.pending_count,
                       [&](const Pending& p) { return p.client_ref == message.user_ref_num; });
  };
  if (slot != risk::kNil && is_open(slots_[slot].order.status) && is_pending()) {
    slot = live_slot(session, message.user_ref_num);
  } else {
    // A replacement that no record tells of. It continues the order that it took the place of, where
    // that is this client's.
    slot = slot_of(session, message.orig_user_ref_num);
    const bool continues = slot != risk::kNil && is_open(slots_[slot].order.status) &&
                           slots_[slot].order.number == venue_original_ &&
                           (!message.appendage.has(ouch::Tag::Firm) ||
                            aliases_.account(message.appendage.firm) == slots_[slot].order.account);
    if (!continues) return adopt(session, message);
    Order& order = slots_[slot].order;
    drop_all_pending(slot);
    retire(slot, order.head);
    order.head = message.user_ref_num;
    order.number = venue_number_;
    name(order, order.head, slot);
    count_number(session, message.user_ref_num);
  }
  Order& order = slots_[slot].order;
  const config::Alias& units = aliases_.of(session, order.instrument);
  const risk::Lots leaves = lots_of(message.quantity, units);
  order.acknowledged = true;
  order.quantity = order.counted + leaves;
  order.cancelled = message.order_state == ouch::OrderState::Dead ? leaves : risk::Lots{0};
  order.price = price_of(message.price, units);
  settle(slot);
}

void OrderStore::on(risk::SessionIndex session, const ouch::Executed& message) {
  const std::uint32_t live = live_slot(session, message.user_ref_num);
  const std::uint32_t slot = live != risk::kNil ? live : slot_of(session, message.user_ref_num);
  if (slot == risk::kNil) {
    ++unattributed_;
    return;
  }
  Order& order = slots_[slot].order;
  const config::Alias& units = aliases_.of(session, order.instrument);
  const risk::Lots lots = lots_of(message.quantity, units);
  const risk::Price price = price_of(message.price, units);
  if (live != risk::kNil) order.counted += lots;
  order.executed += lots;
  order.value += value_of(deployment_, order.instrument, price, lots);
  order.fees += risk::Int128{risk::fee_per_lot(
                    deployment_.parameters.instruments[order.instrument.value], price)} *
                lots.raw;
  Execution execution;
  execution.sequence = sequence_;
  execution.stream_sequence = stream_sequence_;
  execution.match = message.match_number;
  execution.order_id = order.id;
  execution.link = order.link;
  execution.account = order.account;
  execution.instrument = order.instrument;
  execution.session = session;
  execution.client_ref = message.user_ref_num;
  execution.side = order.side;
  execution.ord_type = order.ord_type;
  execution.liquidity = message.liquidity_flag;
  execution.price = price;
  execution.quantity = lots;
  execution.order_price = order.price;
  execution.order_quantity = order.quantity;
  execution.leaves = order.leaves();
  execution.time = time_;
  execution.stream_session = stream_session_;
  add_execution(execution);
  tell(Change::Kind::Execution, order, execution);
  settle(slot);
}

// What a cancel takes off adds to what is cancelled, or, prevented by self-match prevention, to what
// is counted as executed.
template <class Message>
void OrderStore::take_off(risk::SessionIndex session, const Message& message,
                          risk::Lots Order::*taken) {
  const std::uint32_t slot = live_slot(session, message.user_ref_num);
  if (slot == risk::kNil) return;
  Order& order = slots_[slot].order;
  order.*taken += lots_of(message.decrement, aliases_.of(session, order.instrument));
  order.cancel_reason = static_cast<char>(message.reason);
  settle(slot);
}

void OrderStore::on(risk::SessionIndex session, const ouch::Canceled& message) {
  take_off(session, message, &Order::cancelled);
}

void OrderStore::on(risk::SessionIndex session, const ouch::AiqCanceled& message) {
  take_off(session, message, &Order::counted);
}

void OrderStore::on(risk::SessionIndex session, const ouch::Rejected& message) {
  const std::uint32_t slot = slot_of(session, message.user_ref_num);
  if (slot == risk::kNil || !is_open(slots_[slot].order.status)) return;
  Order& order = slots_[slot].order;
  if (order.head == message.user_ref_num) {
    order.venue_code = static_cast<std::uint16_t>(message.reason);
    close(slot, Status::Rejected);
    return;
  }
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    if (order.pending[p].client_ref != message.user_ref_num) continue;
    drop_pending(slot, p);
    drop_orphans(slot);
    tell(Change::Kind::Order, order);
    return;
  }
}

void OrderStore::on(risk::SessionIndex session, const ouch::BrokenTrade& message) {
  // Of an order that is not kept any more the executions may still be.
  const std::uint64_t number = key(session, message.user_ref_num);
  for (auto at = traded_.lower_bound({number, 0}); at != traded_.end() && at->first.first == number;
       ++at) {
    OfAccount& of = accounts_[at->first.second];
    const auto found =
        std::find_if(of.executions.rbegin(), of.executions.rend(), [&](const Execution& e) {
          return e.session == session && e.client_ref == message.user_ref_num &&
                 e.match == message.match_number && !e.broken;
        });
    if (found == of.executions.rend()) continue;
    found->broken = true;
    const std::uint32_t slot = slot_of(session, message.user_ref_num);
    tell(Change::Kind::Broken, slot == risk::kNil ? Order{} : slots_[slot].order, *found);
    return;
  }
  ++unattributed_;
}

}  // namespace portcullis::gateway::json
