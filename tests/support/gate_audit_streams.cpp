// What the venue says, what the gate makes of it, and what the clients must get for it.
#include <algorithm>
#include <string>
#include <variant>

#include "tests/support/gate_audit.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

namespace ouch = gateway::ouch;
using risk::Int128;

namespace {

ouch::ClOrdId cl_ord_id_of(const ouch::InboundMessage& any) {
  return std::visit(
      [](const auto& m) -> ouch::ClOrdId {
        if constexpr (requires { m.cl_ord_id; }) return m.cl_ord_id;
        return {};
      },
      any);
}

// A message without its time and tags.
std::string essence(const ouch::OutboundMessage& any) {
  std::string line = line_of(any);
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.symbol; }) line.append(m.symbol.data(), m.symbol.size());
        if constexpr (requires { m.side; }) line += static_cast<char>(m.side);
        if constexpr (requires { m.cl_ord_id; }) line.append(m.cl_ord_id.data(), 14);
      },
      any);
  return line;
}

}  // namespace

// --- the venue says, and the gate takes

// What a message makes of an order; null, or what is wrong with it.
const char* GateAudit::tell(View& view, const ouch::OutboundMessage& any, std::uint32_t first,
                            std::int64_t per_lot) const {
  const char* wrong = nullptr;
  const auto take = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (requires { m.order_state; }) {
      const bool enter = std::is_same_v<M, ouch::Accepted>;
      if (view.ended || (enter && view.accepted)) wrong = "was answered already";
      view.accepted = true;
      view.head = m.user_ref_num;
      view.total = m.quantity / per_lot + (enter ? 0 : view.done);
      if (!enter) view.cancelled = 0;
      view.ended |= m.order_state == ouch::OrderState::Dead;
    } else if constexpr (std::is_same_v<M, ouch::Executed> || requires { m.decrement; }) {
      if (view.ended) wrong = "has ended";
      if (view.head != m.user_ref_num) wrong = "is not the live number";
      if constexpr (std::is_same_v<M, ouch::Executed>) {
        view.done += m.quantity / per_lot;
      } else if constexpr (std::is_same_v<M, ouch::AiqCanceled>) {
        view.done += m.decrement / per_lot;
      } else {
        view.cancelled += m.decrement / per_lot;
      }
      if (sound_ && view.total < view.done + view.cancelled) wrong = "had less than that left";
    } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
      if (m.user_ref_num != first) return;
      if (view.accepted || view.ended) wrong = "was answered already";
      view.ended = true;
    } else {
      return;
    }
    view.ended |= view.total <= view.done + view.cancelled;
  };
  std::visit(take, any);
  return wrong;
}

void GateAudit::said(const ouch::OutboundMessage& any) {
  const auto found = numbers_.find(number_of(any));
  if (found == numbers_.end()) return;
  Chain& chain = chains_[found->second.chain];
  const char* wrong = tell(chain.there, any, chain.numbers.front(),
                           at_venue(chain.whose.instrument).quantity_per_lot);
  if (wrong != nullptr) problem("the venue says " + line_of(any) + ": the order " + wrong);
}

// Proof: the venue has processed a number, so that every lower one without an answer is dead.
void GateAudit::prove(std::uint32_t below) {
  while (!unresolved_.empty() && *unresolved_.begin() < below) {
    const std::uint32_t number = *unresolved_.begin();
    unresolved_.erase(unresolved_.begin());
    if (!sound_) continue;
    ++counts_.voided;
    Chain& chain = *chain_of(number);
    if (number != chain.numbers.front() || chain.here.ended) continue;
    chain.here.ended = true;
    clients_[chain.session.value].rejects.insert(chain.first);
  }
}

void GateAudit::take(const ouch::OutboundMessage& any) {
  if (const auto* response = std::get_if<ouch::QueryResponse>(&any))
    return prove(response->next_user_ref_num);
  const std::uint32_t number = number_of(any);
  if (!std::holds_alternative<ouch::BrokenTrade>(any)) {
    if (const auto* m = std::get_if<ouch::Replaced>(&any);
        m != nullptr && m->orig_user_ref_num < number) {
      prove(m->orig_user_ref_num);
      unresolved_.erase(m->orig_user_ref_num);
    }
    prove(number);
    unresolved_.erase(number);
  }
  keep_books(any);
  Chain* chain = chain_of(number);
  if (!sound_ || chain == nullptr) return;
  (void)tell(chain->here, any, chain->numbers.front(),
             at_venue(chain->whose.instrument).quantity_per_lot);
  expect_at_client(any, number);
}

// The books are what the venue says, sound or not.
void GateAudit::keep_books(const ouch::OutboundMessage& any) {
  const std::uint32_t number = number_of(any);
  Whose whose;
  if (const Chain* chain = chain_of(number)) whose = chain->whose;
  if (const auto at = adopted_.find(number); at != adopted_.end()) whose = at->second;
  const auto take = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (std::is_same_v<M, ouch::Executed>) {
      if (!whose.account.exists() || trades_.contains({m.match_number, number})) return;
      ++counts_.executed;
      const config::Alias& name = at_venue(whose.instrument);
      const auto wire = static_cast<std::int64_t>(m.price);
      // Against the account where it is no whole lot or tick.
      const std::int64_t up = whose.side == risk::Side::Buy ? name.price_per_tick - 1 : 0;
      const Execution execution{
          whose, (m.quantity + name.quantity_per_lot - 1) / name.quantity_per_lot,
          (wire + up) / name.price_per_tick,
          world_.engine().parameters().instruments[whose.instrument.value].fee_ppm};
      book(execution, 1);
      trades_[{m.match_number, number}] = execution;
    } else if constexpr (std::is_same_v<M, ouch::BrokenTrade>) {
      const auto trade = trades_.find({m.match_number, number});
      if (trade == trades_.end()) return;
      ++counts_.broken;
      book(trade->second, -1);
      trades_.erase(trade);
    } else if constexpr (requires { m.order_state; }) {
      // What nobody here has sent is counted for the account whose Firm it has.
      if (whose.account.exists() || number == 0 || m.quantity == 0 ||
          m.order_state == ouch::OrderState::Dead) {
        return;
      }
      for (std::uint32_t i = 0; i < marks_.size(); ++i) {
        if (at_venue({i}).symbol != m.symbol) continue;
        risk::AccountIndex account;
        if (m.appendage.has(ouch::Tag::Firm)) account = account_of(m.appendage.firm);
        if (!account.exists()) account = deployment_.venue.suspense_account;
        adopted_[number] = {
            account, {i}, m.side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell};
      }
    }
  };
  std::visit(take, any);
}

void GateAudit::book(const Execution& execution, int direction) {
  const Whose& whose = execution.whose;
  const auto& instrument = deployment_.parameters.instruments[whose.instrument.value];
  const int sign = risk::sign_of(whose.side);
  positions_[whose.account.value * marks_.size() + whose.instrument.value] +=
      direction * sign * execution.lots;
  // The higher fee of maker and taker, for each lot, rounded up.
  const Int128 paid =
      Int128{execution.price} * instrument.marks_per_tick * instrument.units_per_lot_mark;
  const Int128 fee = risk::ceil_div(paid * execution.fee_ppm, risk::kPpm);
  cash_[whose.account.value * deployment_.assets.size() + instrument.settlement.value] -=
      direction * (sign * paid + fee) * execution.lots;
  look_at_reducers(whose);
}

// --- clients

// The venue's message in the client's words, but for its time.
void GateAudit::expect_at_client(const ouch::OutboundMessage& any, std::uint32_t number) {
  const Key client = numbers_.at(number).client;
  const Chain& chain = *chain_of(number);
  const config::Alias& theirs = alias(chain.session, chain.whose.instrument);
  const config::Alias& ours = at_venue(chain.whose.instrument);
  const auto quantity = [&](std::uint32_t& wire) {
    wire = static_cast<std::uint32_t>(wire / ours.quantity_per_lot * theirs.quantity_per_lot);
  };
  const auto price = [&](std::uint64_t& wire) {
    wire = static_cast<std::uint64_t>(static_cast<std::int64_t>(wire) / ours.price_per_tick *
                                      theirs.price_per_tick);
  };
  ouch::OutboundMessage told = any;
  const auto translate = [&](auto& m) {
    if constexpr (requires { m.user_ref_num; }) m.user_ref_num = client.second;
    if constexpr (requires { m.orig_user_ref_num; })
      m.orig_user_ref_num = numbers_.at(m.orig_user_ref_num).client.second;
    if constexpr (requires { m.quantity; }) quantity(m.quantity);
    if constexpr (requires { m.decrement; }) quantity(m.decrement);
    if constexpr (requires { m.quantity_prevented; }) quantity(m.quantity_prevented);
    if constexpr (requires { m.price; }) price(m.price);
    if constexpr (requires { m.execution_price; }) price(m.execution_price);
    if constexpr (requires { m.symbol; }) m.symbol = theirs.symbol;
    if constexpr (requires { m.cl_ord_id; }) m.cl_ord_id = cl_ord_id_of(asked_.at(client).message);
  };
  std::visit(translate, told);
  clients_[client.first].expected.push_back(told);
}

// The one end of an order whose venue is gone.
bool GateAudit::told_as_lost(std::uint32_t session, const ouch::OutboundMessage& any) {
  Chain* chain = sound_ ? chain_of({session}, number_of(any)) : nullptr;
  if (chain == nullptr || !chain->is_lost) return false;
  if (const auto* canceled = std::get_if<ouch::Canceled>(&any)) {
    if (canceled->decrement / alias({session}, chain->whose.instrument).quantity_per_lot !=
        chain->here.total - chain->here.done - chain->here.cancelled) {
      problem("another rest than was left: " + line_of(any));
    }
  } else if (!std::holds_alternative<ouch::Rejected>(any)) {
    return false;
  }
  chain->is_lost = false;
  chain->here.ended = true;
  return true;
}

void GateAudit::got(std::uint32_t session, const Bytes& payload) {
  Client& client = clients_[session];
  ouch::OutboundMessage any;
  if (ouch::decode(payload, any) != ouch::DecodeError::None)
    return problem("session " + std::to_string(session) + " got what is no message");
  const std::uint32_t number = number_of(any);
  const auto answers = [&](char type) {
    const auto control = client.controls.find(number);
    if (control == client.controls.end() || control->second != type)
      return problem("an answer to nothing: " + line_of(any));
    client.controls.erase(control);
  };
  if (const auto* response = std::get_if<ouch::QueryResponse>(&any)) {
    if (client.queries-- == 0) problem("a query was answered that was not sent");
    if (response->next_user_ref_num != client.watermark + 1)
      problem("a query was answered with another number than the next");
  } else if (std::holds_alternative<ouch::MassCancelResponse>(any)) {
    answers('C');
  } else if (std::holds_alternative<ouch::DisableResponse>(any)) {
    answers('D');
  } else if (std::holds_alternative<ouch::EnableResponse>(any)) {
    answers('E');
  } else if (std::holds_alternative<ouch::SystemEvent>(any) ||
             std::holds_alternative<ouch::CancelReject>(any) ||
             (std::holds_alternative<ouch::Rejected>(any) && client.rejects.erase(number) == 1) ||
             told_as_lost(session, any)) {
    return;
  } else if (sound_) {
    if (client.expected.empty() || essence(client.expected.front()) != essence(any)) {
      problem("session " + std::to_string(session) + " got " + line_of(any) + " and not " +
              (client.expected.empty() ? "nothing" : line_of(client.expected.front())));
    }
    if (!client.expected.empty()) client.expected.pop_front();
  } else if (Chain* chain = chain_of({session}, number)) {
    const bool reduces = !chain->told.ended && (std::holds_alternative<ouch::Canceled>(any) ||
                                                std::holds_alternative<ouch::AiqCanceled>(any));
    const char* wrong = tell(chain->told, any, chain->first,
                             alias({session}, chain->whose.instrument).quantity_per_lot);
    if (wrong == nullptr) return;
    // A hostile venue executes what has ended, and speaks of a replace that it has not answered:
    // the client has to hear of it.
    if (reduces || std::holds_alternative<ouch::Executed>(any)) {
      counts_.muddled += chain->muddled ? 0 : 1;
      chain->muddled = true;
    } else if (!chain->muddled) {
      problem("session " + std::to_string(session) + " got " + line_of(any) + ": the order " +
              wrong);
    }
  } else if (!std::holds_alternative<ouch::BrokenTrade>(any)) {
    problem("session " + std::to_string(session) + " got " + line_of(any) + " about nothing");
  }
}

}  // namespace portcullis::test
