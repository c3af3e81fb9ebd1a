#include "gateway/client/ledger.h"

#include <algorithm>

namespace portcullis::gateway::client {

void LedgerCounts::add(const LedgerCounts& other_counts) {
  const LedgerCounts& o = other_counts;
  for (std::size_t k = 0; k < sent.size(); ++k) {
    sent[k] += o.sent[k];
    again[k] += o.again[k];
    not_taken[k] += o.not_taken[k];
  }
  for (auto member : {&LedgerCounts::unsent,
                      &LedgerCounts::replies,
                      &LedgerCounts::taken,
                      &LedgerCounts::looked_up,
                      &LedgerCounts::overtaken,
                      &LedgerCounts::accepted,
                      &LedgerCounts::accepted_dead,
                      &LedgerCounts::rejected,
                      &LedgerCounts::cancel_rejected,
                      &LedgerCounts::replaced,
                      &LedgerCounts::executed,
                      &LedgerCounts::canceled,
                      &LedgerCounts::self_match_prevented,
                      &LedgerCounts::broken,
                      &LedgerCounts::mass_cancel_responses,
                      &LedgerCounts::disable_responses,
                      &LedgerCounts::enable_responses,
                      &LedgerCounts::query_responses,
                      &LedgerCounts::debug,
                      &LedgerCounts::other,
                      &LedgerCounts::undecodable,
                      &LedgerCounts::unexpected,
                      &LedgerCounts::filled,
                      &LedgerCounts::ended_canceled,
                      &LedgerCounts::executed_quantity}) {
    this->*member += o.*member;
  }
  for (const auto& [code, count] : o.rejects) rejects[code] += count;
}

void Ledger::sent(const Message& message, std::int64_t due_ns) {
  ++counts_.sent[static_cast<std::size_t>(message.kind)];
  if (!takes_number(message.kind)) return;
  Order& order = orders_[message.number];
  order.due_ns = due_ns;
  if (message.kind == Kind::Enter) {
    order.state = State::EnterSent;
    order.unanswered = &Ledger::unanswered_enters_;
  } else if (message.kind == Kind::Replace) {
    order.state = State::ReplaceSent;
    order.unanswered = &Ledger::unanswered_replaces_;
  } else {
    order.state = State::ControlSent;
    order.unanswered = &Ledger::unanswered_controls_;
  }
  ++(this->*order.unanswered);
}

Ledger::Order* Ledger::find(std::uint32_t user_ref_num, std::initializer_list<State> states) {
  if (user_ref_num <= base_) return nullptr;  // an order of before this run
  return find_number(user_ref_num - base_, states);
}

Ledger::Order* Ledger::find_number(std::uint32_t number, std::initializer_list<State> states) {
  if (number < orders_.size()) {
    Order& order = orders_[number];
    if (std::find(states.begin(), states.end(), order.state) != states.end()) return &order;
  }
  ++counts_.unexpected;
  return nullptr;
}

void Ledger::answer(Order& order, std::int64_t now_ns, Histogram& times) {
  if (order.unanswered != &Ledger::unanswered_controls_) times.record(now_ns - order.due_ns);
  --(this->*order.unanswered);
  order.unanswered = nullptr;
}

void Ledger::answer_control(std::uint32_t user_ref_num) {
  Order* const control = find(user_ref_num, {State::ControlSent});
  if (control == nullptr) return;
  --unanswered_controls_;
  control->unanswered = nullptr;
  control->state = State::Ended;
}

void Ledger::open(Order& order, std::uint32_t leaves, ouch::OrderState state) {
  if (state == ouch::OrderState::Dead) {
    ++counts_.accepted_dead;
    ++counts_.ended_canceled;
    order.state = State::Ended;
    return;
  }
  order.leaves = leaves;
  order.state = State::Open;
  ++open_;
}

void Ledger::end(Order& order) {
  order.state = State::Ended;
  --open_;
}

bool Ledger::take_off(std::uint32_t user_ref_num, std::uint32_t quantity) {
  Order* const order = find(user_ref_num, {State::Open});
  if (order == nullptr) return false;
  if (quantity > order->leaves) ++counts_.unexpected;
  order->leaves -= std::min(order->leaves, quantity);
  if (order->leaves != 0) return false;
  end(*order);
  return true;
}

template <class M, class F>
void Ledger::on(std::span<const std::byte> payload, std::uint64_t& count, F&& f) {
  M message;
  if (ouch::decode(payload, message) != ouch::DecodeError::None) {
    ++counts_.undecodable;
    return;
  }
  ++count;
  f(message);
}

void Ledger::received(std::span<const std::byte> payload, std::int64_t now_ns, Histogram& times) {
  if (payload.empty()) {
    ++counts_.undecodable;
    return;
  }
  const auto nothing = [](const auto&) {};
  switch (static_cast<char>(payload[0])) {
    case ouch::Accepted::kType:
      return on<ouch::Accepted>(payload, counts_.accepted, [&](const ouch::Accepted& m) {
        Order* const order = find(m.user_ref_num, {State::EnterSent});
        if (order == nullptr) return;
        answer(*order, now_ns, times);
        open(*order, m.quantity, m.order_state);
      });
    case ouch::Replaced::kType:
      return on<ouch::Replaced>(payload, counts_.replaced, [&](const ouch::Replaced& m) {
        Order* const original = find(m.orig_user_ref_num, {State::Open});
        if (original != nullptr) end(*original);
        Order* const order = find(m.user_ref_num, {State::ReplaceSent});
        if (order == nullptr) return;
        answer(*order, now_ns, times);
        open(*order, m.quantity, m.order_state);
      });
    case ouch::Rejected::kType:
      return on<ouch::Rejected>(payload, counts_.rejected, [&](const ouch::Rejected& m) {
        ++counts_.rejects[static_cast<std::uint16_t>(m.reason)];
        Order* const order =
            find(m.user_ref_num, {State::EnterSent, State::ReplaceSent, State::ControlSent});
        if (order == nullptr) return;
        answer(*order, now_ns, times);
        order->state = State::Ended;
      });
    case ouch::CancelReject::kType:
      return on<ouch::CancelReject>(payload, counts_.cancel_rejected, nothing);
    case ouch::Executed::kType:
      return on<ouch::Executed>(payload, counts_.executed, [&](const ouch::Executed& m) {
        counts_.executed_quantity += m.quantity;
        if (take_off(m.user_ref_num, m.quantity)) ++counts_.filled;
      });
    case ouch::Canceled::kType:
      return on<ouch::Canceled>(payload, counts_.canceled, [&](const ouch::Canceled& m) {
        if (take_off(m.user_ref_num, m.decrement)) ++counts_.ended_canceled;
      });
    case ouch::AiqCanceled::kType:
      return on<ouch::AiqCanceled>(payload, counts_.self_match_prevented,
                                   [&](const ouch::AiqCanceled& m) {
                                     if (take_off(m.user_ref_num, m.decrement))
                                       ++counts_.ended_canceled;
                                   });
    case ouch::BrokenTrade::kType:
      return on<ouch::BrokenTrade>(payload, counts_.broken, nothing);
    case ouch::MassCancelResponse::kType:
      return on<ouch::MassCancelResponse>(
          payload, counts_.mass_cancel_responses,
          [&](const ouch::MassCancelResponse& m) { answer_control(m.user_ref_num); });
    case ouch::DisableResponse::kType:
      return on<ouch::DisableResponse>(
          payload, counts_.disable_responses,
          [&](const ouch::DisableResponse& m) { answer_control(m.user_ref_num); });
    case ouch::EnableResponse::kType:
      return on<ouch::EnableResponse>(
          payload, counts_.enable_responses,
          [&](const ouch::EnableResponse& m) { answer_control(m.user_ref_num); });
    case ouch::QueryResponse::kType:
      return on<ouch::QueryResponse>(
          payload, counts_.query_responses,
          [&](const ouch::QueryResponse& m) { next_number_ = m.next_user_ref_num; });
    default: {
      ouch::OutboundMessage message;
      ++(ouch::decode(payload, message) == ouch::DecodeError::None ? counts_.other
                                                                   : counts_.undecodable);
    }
  }
}

// --- JSON

void Ledger::answered(std::uint32_t number, std::int64_t now_ns, Histogram& times) {
  if (number < orders_.size() && orders_[number].unanswered != nullptr) {
    answer(orders_[number], now_ns, times);
  } else {
    ++counts_.unexpected;
  }
}

void Ledger::accepted(std::uint32_t number) {
  Order* const order = find_number(number, {State::EnterSent});
  if (order == nullptr) return;
  ++counts_.accepted;
  open(*order, 0, ouch::OrderState::Live);
}

void Ledger::refused(std::uint32_t number) {
  Order* const order = find_number(number, {State::EnterSent, State::ReplaceSent});
  if (order != nullptr) order->state = State::Ended;
}

void Ledger::reject(std::uint32_t code) {
  ++counts_.rejected;
  ++counts_.rejects[code];
}

void Ledger::revive(std::uint32_t number) {
  Order* const order = find_number(number, {State::Ended});
  if (order != nullptr) order->state = State::EnterSent;
}

void Ledger::ended(std::uint32_t number, std::uint64_t LedgerCounts::*how) {
  Order* const order = find_number(number, {State::Open});
  if (order == nullptr) return;
  end(*order);
  ++(counts_.*how);
}

}  // namespace portcullis::gateway::client
