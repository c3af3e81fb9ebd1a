#include "gateway/tune/rejudge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "gateway/gate/record_fields.h"
#include "gateway/gate/records.h"

namespace portcullis::gateway::tune {

using gate::RecordType;
using risk::Disposition;
using risk::VenueEventType;

namespace {

// Beyond the match numbers of any venue that counts from 1.
constexpr std::uint64_t kMatchFirst = 0xFFFF'0000'0000'0000;
// Reduce-only orders of one account that a fill can leave too large.
constexpr int kExcessMax = 1'000'000;

std::uint64_t client_key(risk::SessionIndex session, std::uint32_t client_ref) {
  return std::uint64_t{session.value} << 32 | client_ref;
}

template <class Record>
std::span<const std::byte> bytes_of(const Record& record) {
  return journal::command_bytes(record);
}
std::span<const std::byte> bytes_of(const gate::VenueMessageRecord& record) {
  return journal::command_bytes(record).first(gate::VenueMessageRecord::kHeaderSize +
                                              record.length);
}

template <class Record>
Record need_record(const journal::RecordView& view) {
  Record record;
  if (!gate::read_record(view, record))
    throw std::runtime_error(
        fmt::format("journal record {} is none of this version's", view.sequence));
  return record;
}

}  // namespace

Rejudge::Rejudge(const config::Deployment& recorded, const config::Deployment& candidate,
                 gate::TableSource tables, Convention convention)
    : recorded_(recorded),
      candidate_(candidate),
      convention_(convention),
      gate_(candidate, nullptr, tables),
      next_match_(kMatchFirst) {
  for (const std::string& name : recorded.names.nodes.names())
    nodes_.push_back(candidate.names.nodes.find(name));
  const auto parent_in = [](const config::Deployment& of, risk::NodeIndex parent) {
    return parent.exists() ? std::string(of.names.nodes.name(parent)) : std::string();
  };
  for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
    has_same_tree_ = has_same_tree_ && nodes_[n].exists() &&
                     parent_in(recorded, recorded.parameters.nodes[n].parent) ==
                         parent_in(candidate, candidate.parameters.nodes[nodes_[n].value].parent);
  }
  for (std::size_t a = 0; a < recorded.accounts.size(); ++a) {
    has_same_tree_ =
        has_same_tree_ && parent_in(recorded, recorded.parameters.accounts[a].parent) ==
                              parent_in(candidate, candidate.parameters.accounts[a].parent);
  }
  if (convention.follow == Follow::Candidate)
    as_recorded_ = std::make_unique<gate::Gate>(recorded, nullptr, std::move(tables));
}

void Rejudge::begin_with(const gate::Gate& recorded) {
  if (gate_.layout_hash() != recorded.layout_hash()) {
    throw std::runtime_error(
        "the first records of the journal are gone, and the state behind them is no state of the "
        "candidate: it has other instruments, accounts, groups or scenarios");
  }
  std::vector<std::byte> saved(recorded.saved_bytes());
  recorded.save(saved);
  for (gate::Gate* const gate : {&gate_, as_recorded_.get()}) {
    if (gate == nullptr) continue;
    if (const char* const problem = gate->load(saved))
      throw std::runtime_error(fmt::format("the state behind the first records: {}", problem));
  }
}

std::optional<Judged> Rejudge::take(const journal::RecordView& view) {
  const auto type = static_cast<RecordType>(view.type);
  if (type == RecordType::Enter)
    return judge(view, need_record<gate::EnterRecord>(view), Message::Enter);
  if (type == RecordType::EnterNamed)
    return judge(view, need_record<gate::EnterNamedRecord>(view), Message::Enter);
  if (type == RecordType::Replace)
    return judge(view, need_record<gate::ReplaceRecord>(view), Message::Replace);
  if (type == RecordType::Cancel)
    return judge(view, need_record<gate::CancelRecord>(view), Message::Cancel);
  if (type == RecordType::VenueMessage) {
    take_venue_message(view);
  } else {
    take_other(view);
  }
  return std::nullopt;
}

// --- messages of clients

template <class Record>
Judged Rejudge::judge(const journal::RecordView& view, const Record& record, Message message) {
  Judged judged = convention_.follow == Follow::Recorded ? follow_recording(view, record)
                                                         : follow_candidate(view, record);
  judged.message = message;
  return judged;
}

template <class Order>
Judged Rejudge::decide(const journal::RecordView& view, const Order& order,
                       const risk::Decision& then) {
  risk::Engine& engine = gate_.engine();
  Judged judged;
  judged.sequence = view.sequence;
  judged.time = order.time;
  judged.account = engine.account_of(order);
  judged.session = order.session;
  judged.client_ref = order.client_ref;
  judged.then = then;
  if constexpr (std::is_same_v<Order, risk::NewOrder>) {
    judged.instrument = order.instrument;
    judged.side = order.side;
    judged.quantity = judged.open = order.quantity;
  } else {
    judged.quantity = order.total;
    std::uint32_t named = order.client_ref;
    if constexpr (std::is_same_v<Order, risk::ReplaceOrder>) named = order.original_ref;
    if (const risk::NumberRecord* const number = engine.find_client(order.session, named)) {
      judged.instrument = number->instrument;
      judged.side = number->side;
      if (std::is_same_v<Order, risk::ReplaceOrder> && number->order != risk::kNil)
        judged.open = order.total - engine.order({number->order}).cum;
    }
  }
  if constexpr (!std::is_same_v<Order, risk::CancelOrder>) judged.price = order.price;
  engine.refresh(judged.account);
  const risk::Decision now = engine.decide(order);
  judged.now = now;
  judged.by_instrument_gross = is_by_instrument_gross(judged);

  using enum Change;
  if (then.disposition == Disposition::Ignore || now.disposition == Disposition::Ignore) {
    judged.change = then.disposition == now.disposition ? None : Follows;
  } else if (then.disposition != now.disposition) {
    judged.change = now.disposition == Disposition::Reject ? Refused : Allowed;
  } else if (now.disposition == Disposition::Reject) {
    judged.change = is_same_refusal(then, now) ? None : Reason;
  } else if (!std::is_same_v<Order, risk::CancelOrder> && now.price != then.price) {
    judged.change = Price;
  }
  return judged;
}

// Both limits are checked at each level, and a decision names one reason for them: what it says was
// left tells. REQUIRES the state that was decided on.
bool Rejudge::is_by_instrument_gross(const Judged& judged) {
  const risk::Decision& now = judged.now;
  if (now.reason != risk::RejectReason::GrossNotional || !judged.instrument.exists()) return false;
  const risk::Parameters& parameters = candidate_.parameters;
  const risk::Engine& engine = gate_.engine();
  const bool at_account = now.level == risk::NodeLevel::Account;
  const std::uint32_t profile =
      at_account ? parameters.accounts[now.node].profile : parameters.nodes[now.node].profile;
  const risk::Usage usage = at_account
                                ? engine.usage(risk::AccountIndex{now.node}, judged.instrument)
                                : engine.usage(risk::NodeIndex{now.node}, judged.instrument);
  const std::int64_t limit =
      parameters.profiles[profile].instruments[judged.instrument.value].gross_notional_max.raw;
  const risk::Int128 used = risk::ceil_div(
      engine.notional(judged.instrument).raw * usage.gross_lots.raw, parameters.wide_denominator);
  return now.limit == limit && now.available == limit - used;
}

bool Rejudge::is_same_refusal(const risk::Decision& then, const risk::Decision& now) const {
  if (then.reason != now.reason || then.level != now.level) return false;
  switch (then.level) {
    case risk::NodeLevel::Account:
    case risk::NodeLevel::Session:
      return then.node == now.node;
    case risk::NodeLevel::Venue:
    case risk::NodeLevel::Member:
    case risk::NodeLevel::Group:
      break;
  }
  if (then.node >= nodes_.size()) return then.node == now.node;
  return nodes_[then.node].value == now.node;
}

// Booked, or not, as it was, but as an exit only where the candidate takes it for one.
template <class Record>
Judged Rejudge::follow_recording(const journal::RecordView& view, Record record) {
  const Judged judged = decide(view, record.order, record.decision);
  if (judged.then.disposition == Disposition::Forward) {
    if constexpr (std::is_same_v<decltype(record.order), risk::NewOrder>) {
      if (!gate_.engine().has_room(record.order.account, record.order.instrument))
        throw std::runtime_error("the candidate's capacities have no room for what was recorded");
    }
    record.decision.exit = judged.now.disposition == Disposition::Forward ? judged.now.exit : 0;
  }
  redo_as(view, record);
  return judged;
}

template <class Record>
Judged Rejudge::follow_candidate(const journal::RecordView& view, Record record) {
  redo_recorded(view);
  means_original(record.order);
  const std::uint32_t free_number = gate_.engine().next_number();
  const Judged judged = decide(view, record.order, record.decision);
  const bool parts = judged.change == Change::Refused || judged.change == Change::Allowed ||
                     judged.change == Change::Follows;
  if (parts && !has_parted_) {
    has_parted_ = true;
    numbers_.part_at(free_number);
  }
  record.decision = judged.now;
  if (has_parted_) remember(record.order, judged, free_number);
  redo_as(view, record);
  if (judged.now.disposition == Disposition::Forward &&
      judged.then.disposition != Disposition::Forward) {
    venue_takes(judged);
  }
  return judged;
}

template <class Order>
void Rejudge::means_original(Order& order) const {
  if constexpr (!std::is_same_v<Order, risk::NewOrder>) {
    std::uint32_t* named = &order.client_ref;
    if constexpr (std::is_same_v<Order, risk::ReplaceOrder>) named = &order.original_ref;
    const auto found = meant_.find(client_key(order.session, *named));
    if (found != meant_.end()) *named = found->second;
  }
}

// Under which number of ours, if any, what the venue said of the order is to be taken.
template <class Order>
void Rejudge::remember(const Order& order, const Judged& judged, std::uint32_t free_number) {
  if constexpr (!std::is_same_v<Order, risk::CancelOrder>) {
    NumberMap::Entry entry{.recorded = judged.then.number,
                           .own = judged.now.number,
                           .next = free_number,
                           .kind = NumberMap::Kind::Same};
    if (judged.now.disposition != Disposition::Forward) {
      entry.own = 0;
      entry.kind = NumberMap::Kind::Absent;
    }
    if constexpr (std::is_same_v<Order, risk::ReplaceOrder>) {
      const risk::NumberRecord* const original =
          gate_.engine().find_client(order.session, order.original_ref);
      if (judged.change == Change::Refused && original != nullptr) {
        meant_[client_key(order.session, order.client_ref)] = order.original_ref;
        entry.own = original->number;
        entry.kind = NumberMap::Kind::Refused;
      }
    }
    if (judged.then.disposition == Disposition::Forward) numbers_.add(entry);
  }
}

// What the venue of NewlyAllowed answers to an order that it was never sent.
void Rejudge::venue_takes(const Judged& judged) {
  risk::Engine& engine = gate_.engine();
  const bool fills = convention_.newly_allowed == NewlyAllowed::Filled;
  const std::uint32_t number = judged.now.number;
  const risk::NumberRecord* const record = engine.find_number(number);
  if (judged.message == Message::Cancel || record == nullptr || record->order == risk::kNil) return;
  const risk::Order& order = engine.order({record->order});
  if (order.head != number) {
    const auto pending =
        std::find_if(order.pending.begin(), order.pending.begin() + order.pending_count,
                     [&](const auto& p) { return p.number == number; });
    const risk::Lots left = pending->total - order.cum;
    const bool replaces = fills && left.raw > 0;
    (void)engine.apply(
        risk::VenueEvent{.time = judged.time,
                         .quantity = replaces ? left : risk::Lots{},
                         .price = replaces ? pending->price : risk::Price{},
                         .number = number,
                         .other = replaces ? pending->original : 0,
                         .type = replaces ? VenueEventType::Replaced : VenueEventType::Rejected});
    if (replaces) fill(number, judged.now.price, judged.time);
    return;
  }
  const risk::Lots total = order.total;
  (void)engine.apply(risk::VenueEvent{.time = judged.time,
                                      .quantity = total,
                                      .price = order.price,
                                      .number = number,
                                      .type = VenueEventType::Accepted});
  if (fills) {
    fill(number, judged.now.price, judged.time);
  } else {
    (void)engine.apply(risk::VenueEvent{.time = judged.time,
                                        .quantity = total,
                                        .price = {},
                                        .number = number,
                                        .type = VenueEventType::Canceled});
  }
}

void Rejudge::fill(std::uint32_t number, risk::Price price, risk::Timestamp time) {
  risk::Engine& engine = gate_.engine();
  const risk::NumberRecord record = *engine.find_number(number);
  const risk::Order& order = engine.order({record.order});
  (void)engine.apply(risk::VenueEvent{.time = time,
                                      .quantity = order.total - order.cum - order.cancelled,
                                      .price = price,
                                      .match = next_match_++,
                                      .number = number,
                                      .type = VenueEventType::Executed});
  for (int i = 0; i < kExcessMax; ++i) {
    const risk::OrderIndex excess = engine.excess_reduce_only(record.account, record.instrument);
    if (!excess.exists()) return;
    engine.want_cancel(excess, {0});
  }
}

// --- the venue

// The number of the same order here. False: there is none, and what is said of it is left out.
bool Rejudge::translate(std::uint32_t& number) {
  if (number == 0) return true;
  const auto entry = numbers_.find(number);
  if (!entry) {  // not the recording's either: an order that it has adopted
    const std::uint32_t next = gate_.engine().next_number();
    const std::uint32_t own = std::max(number, next);
    numbers_.add({.recorded = number, .own = own, .next = next, .kind = NumberMap::Kind::Same});
    number = own;
    return true;
  }
  if (entry->kind != NumberMap::Kind::Same) return false;
  const risk::NumberRecord* const then = as_recorded_->engine().find_number(number);
  const risk::NumberRecord* const own = gate_.engine().find_number(entry->own);
  const bool has_ended_here_alone =
      then != nullptr && then->order != risk::kNil && (own == nullptr || own->order == risk::kNil);
  number = entry->own;
  return !has_ended_here_alone;
}

template <class M>
bool Rejudge::translate_message(M& message) {
  if constexpr (std::is_same_v<M, ouch::QueryResponse>) {
    message.next_user_ref_num =
        numbers_.below(message.next_user_ref_num, gate_.engine().next_number());
  } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
    return translate(message.orig_user_ref_num) && translate(message.user_ref_num);
  } else if constexpr (!std::is_same_v<M, ouch::SystemEvent>) {
    return translate(message.user_ref_num);
  }
  return true;
}

void Rejudge::take_venue_message(const journal::RecordView& view) {
  if (!has_parted_) {
    redo_recorded(view);
    redo(view);
    if (runs_own_sweeps()) run_sweeps(view);
    return;
  }
  auto record = need_record<gate::VenueMessageRecord>(view);
  ouch::OutboundMessage message;
  const auto payload = std::span(record.payload).first(record.length);
  if (ouch::decode(payload, message) != ouch::DecodeError::None) {
    redo_recorded(view);
    redo(view);
    return;
  }
  // The order it names in the recording, and here.
  std::uint32_t named = 0;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.user_ref_num; }) named = m.user_ref_num;
      },
      message);
  const risk::NumberRecord* const then = as_recorded_->engine().find_number(named);
  const std::uint32_t order = then == nullptr ? risk::kNil : then->order;

  const bool is_for_us = std::visit([&](auto& m) { return translate_message(m); }, message);
  redo_recorded(view);
  if (is_for_us) {
    record.length = static_cast<std::uint32_t>(ouch::encode(message, record.payload));
    redo_as(view, record);
  }
  const bool has_ended = order != risk::kNil && as_recorded_->engine().order({order}).head == 0;
  if (const auto entry = numbers_.find(named);
      has_ended && entry && entry->kind != NumberMap::Kind::Absent) {
    end_with_recorded(entry->own, record.time);
  }
  if (runs_own_sweeps()) run_sweeps(view);
}

// The order has ended in the recording; what is left of it here ends with it.
void Rejudge::end_with_recorded(std::uint32_t own, risk::Timestamp time) {
  risk::Engine& engine = gate_.engine();
  const risk::NumberRecord* const record = engine.find_number(own);
  if (record == nullptr || record->order == risk::kNil) return;
  const risk::Order& order = engine.order({record->order});
  const bool was_taken = order.acknowledged != 0;
  (void)engine.apply(risk::VenueEvent{
      .time = time,
      .quantity = was_taken ? order.total - order.cum - order.cancelled : risk::Lots{},
      .price = {},
      .number = order.head,
      .type = was_taken ? VenueEventType::Canceled : VenueEventType::Void});
}

// --- everything else, which is taken as it was recorded but for what it names by number

void Rejudge::take_other(const journal::RecordView& view) {
  const auto type = static_cast<RecordType>(view.type);
  if (type == RecordType::Parameters) return;  // the candidate's are in force all the time
  redo_recorded(view);
  if (type == RecordType::Marker) return;  // of another state
  if (type == RecordType::Sweep) {
    take_sweep(view);
  } else if (type == RecordType::Control) {
    auto record = need_record<risk::Control>(view);
    if (record.scope == risk::ControlScope::Node) record.target = node_of(record.target);
    redo_as(view, record);
  } else if (type == RecordType::Fence && has_parted_) {
    auto record = need_record<gate::FenceRecord>(view);
    const std::uint32_t next = gate_.engine().next_number();
    numbers_.add({record.number, next, next, NumberMap::Kind::Same});
    record.number = next;
    redo_as(view, record);
  } else if (type == RecordType::Resolve && has_parted_) {
    auto record = need_record<gate::ResolveRecord>(view);
    record.below = numbers_.below(record.below, gate_.engine().next_number());
    redo_as(view, record);
  } else if (type == RecordType::PublishTable) {
    take_table(view);
  } else if (type != RecordType::SweepSlice || !runs_own_sweeps()) {
    check_room(view);
    redo(view);
  }
  if (runs_own_sweeps()) run_sweeps(view);
}

void Rejudge::take_sweep(const journal::RecordView& view) {
  auto record = need_record<gate::SweepRecord>(view);
  if (record.scope == gate::SweepScope::Node) record.target = node_of(record.target);
  if (has_parted_) record.below = numbers_.below(record.below, gate_.engine().next_number());
  redo_as(view, record);
}

void Rejudge::take_table(const journal::RecordView& view) {
  const std::uint64_t refused = gate_.counters().tables_refused;
  redo(view);
  if (gate_.counters().tables_refused == refused) return;
  throw std::runtime_error(
      fmt::format("journal record {}: the candidate does not take the risk table, whose columns "
                  "and instruments "
                  "are those of the recording",
                  view.sequence));
}

// What is loaded finds room, or the candidate is of no use.
void Rejudge::check_room(const journal::RecordView& view) {
  const auto type = static_cast<RecordType>(view.type);
  bool has_room = true;
  if (type == RecordType::LoadBalance) {
    const auto load = need_record<risk::LoadBalance>(view);
    has_room = gate_.engine().has_room(load.account, load.asset);
  } else if (type == RecordType::LoadPosition) {
    const auto load = need_record<risk::LoadPosition>(view);
    has_room = gate_.engine().has_room(load.account, load.instrument);
  }
  if (!has_room)
    throw std::runtime_error("the candidate's capacities have no room for what was loaded");
}

std::uint32_t Rejudge::node_of(std::uint32_t recorded) const {
  if (recorded < nodes_.size() && nodes_[recorded].exists()) return nodes_[recorded].value;
  throw std::runtime_error(
      fmt::format("the candidate has no member or group {}, which an operator named",
                  recorded < nodes_.size() ? recorded_.names.nodes.name({recorded})
                                           : std::to_string(recorded)));
}

// At once, where the slices of the recording are not those of this state.
void Rejudge::run_sweeps(const journal::RecordView& view) {
  while (const auto slice = gate_.next_slice(view.time_ns)) {
    journal::RecordView slice_view = view;
    slice_view.type = static_cast<std::uint16_t>(RecordType::SweepSlice);
    redo_as(slice_view, *slice);
  }
}

void Rejudge::redo(const journal::RecordView& view) {
  if (gate_.redo(view)) return;
  throw std::runtime_error(
      gate_.source_problem().empty()
          ? fmt::format("journal record {} is none of this version's", view.sequence)
          : gate_.source_problem());
}

template <class Record>
void Rejudge::redo_as(const journal::RecordView& view, const Record& record) {
  journal::RecordView as = view;
  as.command = bytes_of(record);
  redo(as);
}

void Rejudge::redo_recorded(const journal::RecordView& view) {
  if (as_recorded_ != nullptr && !as_recorded_->redo(view))
    throw std::runtime_error(fmt::format("journal record {} cannot be redone", view.sequence));
}

}  // namespace portcullis::gateway::tune
