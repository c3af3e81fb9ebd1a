// OUCH back: the venue's word to events of the engine and messages to the client, resolution of
// numbers by proof, and adoption (ORDERLIFE 1 and 2).
#include <algorithm>
#include <limits>

#include "gateway/gate/gate.h"
#include "gateway/gate/outbound.h"
#include "gateway/gate/proof.h"

namespace portcullis::gateway::gate {

using risk::Timestamp;
using risk::VenueEvent;
using risk::VenueEventType;
using risk::VenueOutcome;

namespace {

// Records that resolve numbers ahead of a message, in a pass.
constexpr std::uint32_t kResolvesPerPass = 4;

std::uint32_t client_quantity(risk::Lots lots, const config::Alias& alias) {
  return static_cast<std::uint32_t>(lots.raw * alias.quantity_per_lot);
}
std::uint64_t client_price(risk::Price price, const config::Alias& alias) {
  return static_cast<std::uint64_t>(price.raw * alias.price_per_tick);
}
// Quantities and a price in tags, from the venue's units to the client's.
void rescale(ouch::Appendage& appendage, const config::Alias& from, const config::Alias& to) {
  for (std::uint32_t* quantity : {&appendage.min_qty, &appendage.max_floor,
                                  &appendage.random_reserves, &appendage.display_quantity}) {
    *quantity = static_cast<std::uint32_t>(
        std::min<std::int64_t>(*quantity * to.quantity_per_lot / from.quantity_per_lot,
                               std::numeric_limits<std::uint32_t>::max()));
  }
  // More than any price of a message; the product stays within 64 bits.
  const auto price = static_cast<std::int64_t>(
      std::min<std::uint64_t>(appendage.display_price, std::numeric_limits<std::uint32_t>::max()));
  appendage.display_price =
      static_cast<std::uint64_t>(price * to.price_per_tick / from.price_per_tick);
}
// Of an adopted order the client's own text is not known.
risk::ClientText client_text(const risk::NumberRecord& record) {
  return record.client_text[0] == '\0' ? blank_text() : record.client_text;
}
// To a client, who has had the one end of an order that has ended.
bool is_news(const VenueOutcome& outcome) {
  return outcome.known && outcome.anomaly != risk::Anomaly::LateEvent &&
         outcome.record.session.exists();
}
risk::NumberRecord record_of(const risk::AdoptOrder& order) {
  return {.number = order.number,
          .account = order.account,
          .instrument = order.instrument,
          .session = order.session,
          .client_ref = order.client_ref,
          .side = order.side};
}

}  // namespace

bool Gate::on_venue_message(std::uint64_t sequence, std::span<const std::byte> payload,
                            std::int64_t now_ns) {
  if (sequence < venue_next_) return true;
  if (sequence > venue_next_) return false;
  VenueMessageRecord record;
  record.time = {now_ns};
  record.sequence = sequence;
  record.length = static_cast<std::uint32_t>(std::min(payload.size(), record.payload.size()));
  std::copy_n(payload.begin(), record.length, record.payload.begin());
  if (is_resolved_ahead(payload, now_ns)) {
    take(RecordType::VenueMessage, record.time, record);
  } else {
    waiting_message_ = record;
    has_message_waiting_ = true;
  }
  return true;
}

// What a message proves goes ahead of it in bounded records, so that no single one grows too large;
// kResolvesPerPass of them in a pass, so that what others say is served between. False: there is more,
// for the next pass, or when the journal has room again.
bool Gate::is_resolved_ahead(std::span<const std::byte> payload, std::int64_t now_ns) noexcept {
  if (engine_.next_number() - resolved_below_ <= kResolveMax) return true;
  const std::uint32_t proved = std::min(proved_by(payload), engine_.next_number());
  for (std::uint32_t records = 0;
       proved > resolved_below_ && proved - resolved_below_ > kResolveMax; ++records) {
    if (records == kResolvesPerPass || journal_->room() == journal::Room::None) return false;
    const ResolveRecord resolve{.time = {now_ns}, .below = resolved_below_ + kResolveMax};
    take(RecordType::Resolve, resolve.time, resolve);
  }
  return journal_->room() != journal::Room::None;
}

void Gate::take_waiting_message(std::int64_t now_ns) noexcept {
  if (!is_resolved_ahead(std::span(waiting_message_.payload).first(waiting_message_.length),
                         now_ns)) {
    return;
  }
  has_message_waiting_ = false;
  waiting_message_.time = {now_ns};
  take(RecordType::VenueMessage, waiting_message_.time, waiting_message_);
}

void Gate::effect(const ResolveRecord& record) noexcept {
  resolve_below(record.below, record.time);
}

template <ouch::Message M, class F>
void Gate::on_message(std::span<const std::byte> payload, F&& f) noexcept {
  M message;
  if (ouch::decode(payload, message) != ouch::DecodeError::None || !is_plausible(message)) {
    ++counters_.malformed_by_venue;
    return;
  }
  f(message);
}

void Gate::effect(const VenueMessageRecord& record) noexcept {
  venue_next_ = record.sequence + 1;
  const std::span<const std::byte> payload = std::span(record.payload).first(record.length);
  const Timestamp time = record.time;
  if (payload.empty()) {
    ++counters_.malformed_by_venue;
    return;
  }
  switch (static_cast<char>(payload[0])) {
    case 'A':
      return on_message<ouch::Accepted>(payload, [&](const auto& m) { on_accepted(m, time); });
    case 'U':
      return on_message<ouch::Replaced>(payload, [&](const auto& m) { on_replaced(m, time); });
    case 'E':
      return on_message<ouch::Executed>(payload, [&](const auto& m) { on_executed(m, time); });
    case 'C':
      return on_message<ouch::Canceled>(payload, [&](const auto& m) { on_canceled(m, time); });
    case 'D':
      return on_message<ouch::AiqCanceled>(
          payload, [&](const auto& m) { on_self_match_prevented(m, time); });
    case 'J':
      return on_message<ouch::Rejected>(payload, [&](const auto& m) { on_rejected(m, time); });
    case 'B':
      return on_message<ouch::BrokenTrade>(payload, [&](const auto& m) { on_broken(m, time); });
    case 'Q':
      return on_message<ouch::QueryResponse>(payload,
                                             [&](const auto& m) { on_query_response(m, time); });
    case 'S':
      return on_message<ouch::SystemEvent>(payload,
                                           [&](const auto& m) { on_system_event(m, time); });
    case 'P':
      return on_message<ouch::CancelPending>(payload, [&](const auto& m) { pass_on(m, time); });
    case 'I':
      return on_message<ouch::CancelReject>(payload, [&](const auto& m) { pass_on(m, time); });
    case 'T':
      return on_message<ouch::PriorityUpdate>(payload, [&](const auto& m) { pass_on(m, time); });
    case 'R':
      return on_message<ouch::Restated>(payload, [&](const auto& m) { pass_on(m, time); });
    case 'M':
      return on_message<ouch::Modified>(payload, [&](const auto& m) { pass_on(m, time); });
    case 'X':
      return on_message<ouch::MassCancelResponse>(
          payload, [&](const auto& m) { resolve(m.user_ref_num, time); });
    case 'G':
      return on_message<ouch::DisableResponse>(
          payload, [&](const auto& m) { resolve(m.user_ref_num, time); });
    case 'K':
      return on_message<ouch::EnableResponse>(
          payload, [&](const auto& m) { resolve(m.user_ref_num, time); });
    default:
      ++counters_.malformed_by_venue;
      return;
  }
}

// --- proof

// Numbers below one that the venue has processed, and not answered, were never processed.
void Gate::resolve_below(std::uint32_t number, Timestamp time) noexcept {
  number = std::min(number, engine_.next_number());
  for (; resolved_below_ < number; ++resolved_below_) {
    const risk::NumberRecord* record = engine_.find_number(resolved_below_);
    if (record == nullptr || record->order == risk::kNil) continue;
    const risk::Order& order = engine_.order({record->order});
    if (order.head == resolved_below_ && order.acknowledged != 0) continue;
    ++counters_.voided;
    const VenueOutcome outcome = apply(VenueEvent{.time = time,
                                                  .quantity = {},
                                                  .price = {},
                                                  .number = resolved_below_,
                                                  .type = VenueEventType::Void});
    // A void replace is one that the venue ignored silently; a void order has to be told.
    if (outcome.ended) {
      owe_reject(outcome.record.session, outcome.record.client_ref, client_text(outcome.record),
                 static_cast<std::uint16_t>(ouch::RejectCode::ProcessingError), time);
    }
  }
}

// And this one was: the venue speaks of it, whatever it says. It ignores what comes below its
// highest, so ours go on behind that, wherever it has it from.
void Gate::resolve(std::uint32_t number, Timestamp time) noexcept {
  resolve_below(number, time);
  skip_numbers_to(number);
}

void Gate::on_query_response(const ouch::QueryResponse& message, Timestamp time) noexcept {
  resolve_below(message.next_user_ref_num, time);
  engine_.raise_next_number(message.next_user_ref_num);
  resolved_below_ = std::max(resolved_below_, message.next_user_ref_num);
  if (link_ != LinkState::Recovering) return;
  query_answered_ = true;
  answered_by_ = venue_next_ - 1;
}

// An order at the venue that our journal does not know: found again by the ClOrdID we gave it, its
// account by the Firm it echoes, else the suspense account. A replacement takes the place of its
// original, which is not told of. False: nobody is to be told, and if it lives, nobody counts it.
template <ouch::Message M>
bool Gate::adopt(const M& message, risk::AdoptOrder& order, Timestamp time) noexcept {
  order.time = time;
  order.number = message.user_ref_num;
  order.instrument = aliases_.venue_instrument(message.symbol);
  if (order.number == 0 || !order.instrument.exists()) {
    ++counters_.unattributed;
    return false;
  }
  risk::AccountIndex firm;
  if (message.appendage.has(ouch::Tag::Firm)) firm = aliases_.account(message.appendage.firm);
  order.account = firm.exists() ? firm : deployment_.venue.suspense_account;
  std::uint32_t session = 0;
  std::uint32_t client_ref = 0;
  if (OwnClOrdId::decode(message.cl_ord_id, session, client_ref) &&
      session < deployment_.sessions.size() && (!firm.exists() || may_use({session}, firm)) &&
      engine_.find_client({session}, client_ref) == nullptr) {
    order.session = {session};
    order.client_ref = client_ref;
  } else {
    tell_drop_copy(order);
  }
  order.side = message.side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell;
  order.quantity = lots_of(order.instrument, message.quantity);
  order.price = price_of(order.instrument, order.side, message.price);
  if (message.order_state == ouch::OrderState::Dead) {
    if (order.session.exists()) engine_.consume(order.session, order.client_ref);
    return true;
  }
  if (order.quantity.raw <= 0 || !engine_.apply(order)) {
    ++counters_.unattributed;
    return false;
  }
  ++counters_.adopted;
  return true;
}

// Nobody's order: a drop copy of the account hears of it, in a number of its own, as it does of the
// orders of others. It is not the session's: what ends the session's orders does not end it.
void Gate::tell_drop_copy(risk::AdoptOrder& order) const noexcept {
  if (!order.account.exists()) return;
  const risk::SessionIndex session = drop_copies_[order.account.value];
  if (!session.exists()) return;
  order.session = session;
  order.client_ref = engine_.watermark(session) + 1;
  order.is_only_told = true;
}

// A number was processed: ours, whether the journal knows of it or not.
void Gate::skip_numbers_to(std::uint32_t number) noexcept {
  engine_.raise_next_number_above(number);
  resolved_below_ = std::max(resolved_below_, number + 1);
}

// --- quantities and prices

// Off the grid is the venue's doing: counted, and rounded against the account, so up for what an
// order may still do and down for what is taken off it.
bool Gate::is_whole(risk::InstrumentIndex instrument, std::uint32_t wire) const noexcept {
  return wire % aliases_.venue(instrument).quantity_per_lot == 0;
}

risk::Lots Gate::lots_of(risk::InstrumentIndex instrument, std::uint32_t wire) noexcept {
  const std::int64_t per_lot = aliases_.venue(instrument).quantity_per_lot;
  if (!is_whole(instrument, wire)) ++counters_.off_grid;
  return {(wire + per_lot - 1) / per_lot};
}

risk::Lots Gate::lots_taken_off(risk::InstrumentIndex instrument, std::uint32_t wire) noexcept {
  if (!is_whole(instrument, wire)) ++counters_.off_grid;
  return {wire / aliases_.venue(instrument).quantity_per_lot};
}

risk::Price Gate::price_of(risk::InstrumentIndex instrument, risk::Side side,
                           std::uint64_t wire) noexcept {
  const std::int64_t per_tick = aliases_.venue(instrument).price_per_tick;
  const auto price =
      static_cast<std::int64_t>(std::min<std::uint64_t>(wire, ouch::kMarketPriceAlt));
  if (price % per_tick != 0 || wire != static_cast<std::uint64_t>(price)) ++counters_.off_grid;
  return {side == risk::Side::Buy ? (price + per_tick - 1) / per_tick : price / per_tick};
}

// --- messages

VenueOutcome Gate::apply(const VenueEvent& event) noexcept {
  const VenueOutcome outcome = engine_.apply(event);
  ++counters_.anomalies[static_cast<std::size_t>(outcome.anomaly)];
  if (!outcome.known) ++counters_.unattributed;
  // It has a new head.
  if (outcome.order.exists() && outcome.other.number != 0) {
    sweep_replaced(outcome.order, outcome.other.number);
  }
  return outcome;
}

// What the venue holds is not what is counted here: the account only closes until somebody has
// looked.
void Gate::books_disagree(risk::AccountIndex account, Timestamp time) noexcept {
  engine_.apply(risk::Control{.time = time,
                              .target = account.value,
                              .by = {},
                              .scope = risk::ControlScope::Account,
                              .action = risk::ControlAction::CloseOnly});
}

// An Accepted or a Replaced, in the client's words.
template <ouch::Message M>
void Gate::owe_terms(M answer, const risk::NumberRecord& record, const Terms& terms,
                     Timestamp time) noexcept {
  if (!record.session.exists()) return;
  const config::Alias& alias = aliases_.of(record.session, record.instrument);
  answer.timestamp = since_midnight(time);
  answer.user_ref_num = record.client_ref;
  answer.quantity = client_quantity(terms.quantity, alias);
  answer.price = client_price(terms.price, alias);
  answer.symbol = alias.symbol;
  answer.cl_ord_id = client_text(record);
  rescale(answer.appendage, aliases_.venue(record.instrument), alias);
  owe(record.session, answer);
}

// Whether an acknowledgement is the first of a live order, of which its client is told.
bool Gate::is_first_word(const VenueOutcome& outcome, ouch::OrderState state,
                         Timestamp time) noexcept {
  if (outcome.anomaly == risk::Anomaly::LateEvent && state != ouch::OrderState::Dead) {
    books_disagree(outcome.record.account, time);  // it lives there and has ended here
  }
  return outcome.anomaly != risk::Anomaly::Duplicate && outcome.anomaly != risk::Anomaly::LateEvent;
}

void Gate::on_accepted(const ouch::Accepted& message, Timestamp time) noexcept {
  ++counters_.accepted;
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* known = engine_.find_number(message.user_ref_num);
  if (known == nullptr) {
    risk::AdoptOrder order;
    if (adopt(message, order, time)) {
      owe_terms(message, record_of(order), {order.quantity, order.price}, time);
    }
    return;
  }
  const Terms terms{lots_of(known->instrument, message.quantity),
                    price_of(known->instrument, known->side, message.price)};
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = terms.quantity,
                                      .price = terms.price,
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::Accepted,
                                      .dead = message.order_state == ouch::OrderState::Dead});
  if (!is_first_word(outcome, message.order_state, time)) return;
  owe_terms(message, outcome.record, terms, time);
}

void Gate::on_replaced(const ouch::Replaced& message, Timestamp time) noexcept {
  ++counters_.replaced;
  resolve(std::min(message.orig_user_ref_num, message.user_ref_num), time);
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* known = engine_.find_number(message.user_ref_num);
  if (known == nullptr) {
    replaced_unknown(message, time);
    return;
  }
  const Terms terms{lots_of(known->instrument, message.quantity),
                    price_of(known->instrument, known->side, message.price)};
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = terms.quantity,
                                      .price = terms.price,
                                      .number = message.user_ref_num,
                                      .other = message.orig_user_ref_num,
                                      .type = VenueEventType::Replaced,
                                      .dead = message.order_state == ouch::OrderState::Dead});
  if (!is_first_word(outcome, message.order_state, time)) return;
  ouch::Replaced answer = message;
  answer.orig_user_ref_num = outcome.other.client_ref;
  owe_terms(answer, outcome.record, terms, time);
}

// A replacement that the journal does not know is an order of its own, and its original is over:
// its client is told of the replacement, and of nothing else; or of the end of the original, where
// nothing shows that the replacement is the client's.
void Gate::replaced_unknown(const ouch::Replaced& message, Timestamp time) noexcept {
  risk::NumberRecord original;
  if (const auto* found = engine_.find_number(message.orig_user_ref_num)) original = *found;
  risk::AdoptOrder order;
  if (!adopt(message, order, time)) {
    if (original.account.exists()) books_disagree(original.account, time);
    return;
  }
  if (original.order == risk::kNil) {
    // It has ended here, and was there to be replaced.
    if (original.account.exists() && message.order_state != ouch::OrderState::Dead) {
      books_disagree(original.account, time);
    }
  } else {
    const risk::Order& replaced = engine_.order({original.order});
    const risk::Lots cancel_to = replaced.cancel_to;
    if (order.session != original.session) {
      end_lost({original.order}, time);
    } else {
      apply({.time = time,
             .quantity = replaced.total - replaced.cum - replaced.cancelled,
             .price = {},
             .number = replaced.head,
             .type = VenueEventType::Canceled});
    }
    // Whoever wanted the original to go wants the replacement to.
    const risk::NumberRecord* replacement = engine_.find_number(order.number);
    if (cancel_to.raw >= 0 && replacement != nullptr && replacement->order != risk::kNil) {
      engine_.want_cancel({replacement->order}, cancel_to);
      stage_cancels({replacement->order});
    }
  }
  ouch::Replaced answer = message;
  answer.orig_user_ref_num = original.client_ref;
  owe_terms(answer, record_of(order), {order.quantity, order.price}, time);
}

void Gate::on_executed(const ouch::Executed& message, Timestamp time) noexcept {
  ++counters_.executed;
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* known = engine_.find_number(message.user_ref_num);
  if (known == nullptr) {
    ++counters_.unattributed;
    ++counters_.anomalies[static_cast<std::size_t>(risk::Anomaly::UnknownNumber)];
    return;
  }
  const risk::Lots quantity = lots_of(known->instrument, message.quantity);
  const risk::Price price = price_of(known->instrument, known->side, message.price);
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = quantity,
                                      .price = price,
                                      .match = message.match_number,
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::Executed,
                                      .from_the_start = !venue_known_});
  if (outcome.anomaly == risk::Anomaly::Duplicate) return;  // booked, and told, before
  const risk::NumberRecord& record = outcome.record;
  if (record.session.exists()) {
    const config::Alias& alias = aliases_.of(record.session, record.instrument);
    ouch::Executed answer = message;
    answer.timestamp = since_midnight(time);
    answer.user_ref_num = record.client_ref;
    answer.quantity = client_quantity(quantity, alias);
    answer.price = client_price(price, alias);
    owe(record.session, answer);
  }
  if (!is_whole(record.instrument, message.quantity)) books_disagree(record.account, time);
  cancel_excess(record.account, record.instrument, time);
}

void Gate::on_canceled(const ouch::Canceled& message, Timestamp time) noexcept {
  ++counters_.canceled;
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* known = engine_.find_number(message.user_ref_num);
  const risk::Lots decrement =
      known == nullptr ? risk::Lots{} : lots_taken_off(known->instrument, message.decrement);
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = decrement,
                                      .price = {},
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::Canceled});
  if (!is_news(outcome)) return;
  ouch::Canceled answer = message;
  answer.timestamp = since_midnight(time);
  answer.user_ref_num = outcome.record.client_ref;
  answer.decrement =
      client_quantity(decrement, aliases_.of(outcome.record.session, outcome.record.instrument));
  owe(outcome.record.session, answer);
}

void Gate::on_self_match_prevented(const ouch::AiqCanceled& message, Timestamp time) noexcept {
  ++counters_.self_match_prevented;
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* known = engine_.find_number(message.user_ref_num);
  const risk::Lots decrement =
      known == nullptr ? risk::Lots{} : lots_taken_off(known->instrument, message.decrement);
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = decrement,
                                      .price = {},
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::AiqCanceled});
  if (!is_news(outcome)) return;
  const risk::NumberRecord& record = outcome.record;
  const config::Alias& alias = aliases_.of(record.session, record.instrument);
  ouch::AiqCanceled answer = message;
  answer.timestamp = since_midnight(time);
  answer.user_ref_num = record.client_ref;
  answer.decrement = client_quantity(decrement, alias);
  answer.quantity_prevented =
      client_quantity(lots_of(record.instrument, message.quantity_prevented), alias);
  answer.execution_price =
      client_price(price_of(record.instrument, record.side, message.execution_price), alias);
  owe(record.session, answer);
}

void Gate::on_rejected(const ouch::Rejected& message, Timestamp time) noexcept {
  ++counters_.venue_rejected;
  resolve(message.user_ref_num, time);
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = {},
                                      .price = {},
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::Rejected});
  if (!outcome.known || outcome.anomaly != risk::Anomaly::None) return;
  owe_reject(outcome.record.session, outcome.record.client_ref, client_text(outcome.record),
             static_cast<std::uint16_t>(message.reason), time);
}

void Gate::on_broken(const ouch::BrokenTrade& message, Timestamp time) noexcept {
  ++counters_.broken;
  const VenueOutcome outcome = apply({.time = time,
                                      .quantity = {},
                                      .price = {},
                                      .match = message.match_number,
                                      .number = message.user_ref_num,
                                      .type = VenueEventType::Broken});
  if (!outcome.known) return;
  cancel_excess(outcome.record.account, outcome.record.instrument, time);
  if (!outcome.record.session.exists()) return;
  ouch::BrokenTrade answer = message;
  answer.timestamp = since_midnight(time);
  answer.user_ref_num = outcome.record.client_ref;
  answer.cl_ord_id = client_text(outcome.record);
  owe(outcome.record.session, answer);
}

void Gate::on_system_event(const ouch::SystemEvent& message, Timestamp time) noexcept {
  if (message.event_code != ouch::EventCode::StartOfDay &&
      message.event_code != ouch::EventCode::EndOfDay) {
    ++counters_.malformed_by_venue;
    return;
  }
  engine_.apply(risk::SetCondition{.time = time,
                                   .condition = risk::Condition::VenueHalted,
                                   .on = message.event_code == ouch::EventCode::EndOfDay});
  ouch::SystemEvent answer = message;
  answer.timestamp = since_midnight(time);
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s) owe({s}, answer);
}

// Messages that change no exposure.
template <ouch::Message M>
void Gate::pass_on(M message, Timestamp time) noexcept {
  resolve(message.user_ref_num, time);
  const risk::NumberRecord* record = engine_.find_number(message.user_ref_num);
  if (record == nullptr) {
    ++counters_.unattributed;
    ++counters_.anomalies[static_cast<std::size_t>(risk::Anomaly::UnknownNumber)];
    return;
  }
  // What tells of an order in the venue's book, and of more than is counted here: a cancel may
  // cross with the end of its order.
  constexpr bool kInBook =
      !std::is_same_v<M, ouch::CancelPending> && !std::is_same_v<M, ouch::CancelReject>;
  if (record->order == risk::kNil) {
    ++counters_.anomalies[static_cast<std::size_t>(risk::Anomaly::LateEvent)];
    if (kInBook) books_disagree(record->account, time);
    return;
  }
  const risk::Order& order = engine_.order({record->order});
  risk::Lots quantity;
  risk::Price price;
  bool more = false;
  if constexpr (requires { message.quantity; }) {
    quantity = lots_of(record->instrument, message.quantity);
    more = quantity > order.reserved ||
           (message.side == ouch::Side::Buy) != (record->side == risk::Side::Buy);
  }
  if constexpr (requires { message.price; }) {
    price = price_of(record->instrument, record->side, message.price);
    more = record->side == risk::Side::Buy ? price > order.worst : price < order.worst;
  }
  if (more) {
    ++counters_.anomalies[static_cast<std::size_t>(risk::Anomaly::AcceptedDifferently)];
    books_disagree(record->account, time);
  }
  if (!record->session.exists()) return;
  const config::Alias& alias = aliases_.of(record->session, record->instrument);
  message.timestamp = since_midnight(time);
  message.user_ref_num = record->client_ref;
  if constexpr (requires { message.quantity; }) message.quantity = client_quantity(quantity, alias);
  if constexpr (requires { message.price; }) message.price = client_price(price, alias);
  rescale(message.appendage, aliases_.venue(record->instrument), alias);
  owe(record->session, message);
}

// An order that the venue's lost session took with it.
void Gate::end_lost(risk::OrderIndex index, Timestamp time) noexcept {
  const risk::Order order = engine_.order(index);
  const risk::NumberRecord record = *engine_.find_number(order.head);
  const risk::Lots leaves = order.total - order.cum - order.cancelled;
  if (order.acknowledged == 0 && order.cum.raw == 0 && order.cancelled.raw == 0) {
    apply({.time = time,
           .quantity = {},
           .price = {},
           .number = order.head,
           .type = VenueEventType::Void});
    owe_reject(record.session, record.client_ref, client_text(record),
               static_cast<std::uint16_t>(ouch::RejectCode::ProcessingError), time);
    return;
  }
  apply({.time = time,
         .quantity = leaves,
         .price = {},
         .number = order.head,
         .type = VenueEventType::Canceled});
  if (!record.session.exists()) return;
  owe(record.session, ouch::Canceled{.timestamp = since_midnight(time),
                                     .user_ref_num = record.client_ref,
                                     .decrement = client_quantity(
                                         leaves, aliases_.of(record.session, record.instrument)),
                                     .reason = ouch::CancelReason::System,
                                     .appendage = {}});
}

}  // namespace portcullis::gateway::gate
