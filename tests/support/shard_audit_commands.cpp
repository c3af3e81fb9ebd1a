// The audit of what the edge asks for: a command is one record, in order, or one that makes none.
#include "tests/support/shard_audit.h"

namespace portcullis::test {

namespace edge = gateway::edge;
namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using Type = edge::EdgeCommand::Type;

bool ShardAudit::is_of_edge(risk::SessionIndex session) const {
  return deployment_.sessions[session.value].protocol == config::Protocol::Json;
}

// The same over OUCH, in whole lots and ticks.
Bytes ShardAudit::as_ouch(const edge::EdgeCommand& command) const {
  const auto life = [](risk::TimeInForce tif) {
    return tif == risk::TimeInForce::ImmediateOrCancel || tif == risk::TimeInForce::FillOrKill
               ? ouch::TimeInForce::ImmediateOrCancel
               : ouch::TimeInForce::Day;
  };
  const auto price = [](const auto& order) {
    return order.ord_type == risk::OrdType::Market ? ouch::kMarketPrice
                                                   : static_cast<std::uint64_t>(order.price.raw);
  };
  const auto tag_post_only = [](std::uint16_t flags, ouch::Appendage& tags) {
    if ((flags & risk::kPostOnly) == 0) return;
    tags.post_only = ouch::kPostOnly;
    tags.mark(ouch::Tag::PostOnly);
  };
  if (command.type == Type::Cancel) {
    return venue_sim::bytes_of(
        ouch::CancelOrder{.user_ref_num = command.cancel.client_ref,
                          .quantity = static_cast<std::uint32_t>(command.cancel.total.raw),
                          .appendage = {}});
  }
  if (command.type == Type::Replace) {
    const risk::ReplaceOrder& order = command.replace;
    ouch::ReplaceOrder message = venue_sim::replace_message(
        order.original_ref, {.number = order.client_ref,
                             .quantity = static_cast<std::uint32_t>(order.total.raw),
                             .price = price(order)});
    message.time_in_force = life(order.time_in_force);
    message.cl_ord_id = order.client_text;
    tag_post_only(order.flags, message.appendage);
    return venue_sim::bytes_of(message);
  }
  const risk::NewOrder& order = command.enter;
  ouch::EnterOrder message =
      venue_sim::enter_message({.number = order.client_ref,
                                .side = order.side == risk::Side::Buy ? 'B' : 'S',
                                .quantity = static_cast<std::uint32_t>(order.quantity.raw),
                                .price = price(order),
                                .firm = ""});
  message.time_in_force = life(order.time_in_force);
  message.cl_ord_id = order.client_text;
  message.symbol = deployment_.instruments[order.instrument.value].venue.symbol;
  message.appendage.firm = deployment_.accounts[order.account.value].firm;
  message.appendage.mark(ouch::Tag::Firm);
  tag_post_only(order.flags, message.appendage);
  if (order.time_in_force == risk::TimeInForce::FillOrKill) {
    message.appendage.min_qty = message.quantity;
    message.appendage.mark(ouch::Tag::MinQty);
  }
  return venue_sim::bytes_of(message);
}

// What makes no record: a session that was heard of, and a number that is not new.
void ShardAudit::pass_over_commands() {
  for (; !commands_.empty(); commands_.pop_front()) {
    const edge::EdgeCommand& command = commands_.front();
    const bool is_order = command.type == Type::Enter || command.type == Type::Replace;
    const std::uint32_t number =
        command.type == Type::Enter ? command.enter.client_ref : command.replace.client_ref;
    const bool is_old = is_order && number <= gate_.watermark(command.session);
    if (command.type != Type::Alive && !is_old) return;
    ++seen.commands_passed_over;
    if (!is_order) continue;
    const Bytes message = as_ouch(command);
    gate_.sent(command.session, message, gate_.expect(command.session, message), {});
  }
}

// The command behind a record: the next one, whatever its session.
bool ShardAudit::next_command(risk::SessionIndex session, Type type, edge::EdgeCommand& command) {
  pass_over_commands();
  if (commands_.empty() || commands_.front().type != type || commands_.front().session != session) {
    gate_.problem("record " + std::to_string(next_record_ - 1) + " of session " +
                  std::to_string(session.value) +
                  " has no command of the edge behind it, or another was passed over");
    return false;
  }
  command = commands_.front();
  commands_.pop_front();
  ++seen.commands;
  return true;
}

namespace {

// The terms of an order that the record takes over as they are.
template <class Order>
bool is_same(const Order& sent, const Order& recorded) {
  bool same = sent.session == recorded.session && sent.client_ref == recorded.client_ref;
  if constexpr (requires { sent.price; }) {
    same &= sent.price == recorded.price && sent.ord_type == recorded.ord_type &&
            sent.time_in_force == recorded.time_in_force &&
            sent.client_text == recorded.client_text;
  }
  if constexpr (requires { sent.total; }) same &= sent.total == recorded.total;
  if constexpr (requires { sent.original_ref; }) same &= sent.original_ref == recorded.original_ref;
  if constexpr (requires { sent.quantity; }) {
    same &= sent.quantity == recorded.quantity && sent.account == recorded.account &&
            sent.instrument == recorded.instrument && sent.side == recorded.side;
  }
  return same;
}

}  // namespace

void ShardAudit::take_command(const gate::EnterNamedRecord& record) {
  edge::EdgeCommand command;
  if (!next_command(record.order.session, Type::Enter, command)) return;
  const bool only_reduces = (command.enter.flags & risk::kReduceOnly) != 0;
  if (!is_same(command.enter, record.order) || command.name != record.name)
    gate_.problem("an order of the edge is another one in its record");
  if ((command.enter.flags & risk::kDuplicate) != 0 &&
      record.decision.disposition != risk::Disposition::Reject) {
    gate_.problem("a name was taken twice");
  }
  judge_order(record.order.session, as_ouch(command), record.decision,
              only_reduces ? record.order.client_ref : 0);
}

void ShardAudit::take_command(const gate::ReplaceRecord& record) {
  edge::EdgeCommand command;
  if (!next_command(record.order.session, Type::Replace, command)) return;
  if (!is_same(command.replace, record.order))
    gate_.problem("a replace of the edge is another one in its record");
  judge_order(record.order.session, as_ouch(command), record.decision);
}

void ShardAudit::take_command(const gate::CancelRecord& record) {
  edge::EdgeCommand command;
  if (!next_command(record.order.session, Type::Cancel, command)) return;
  if (!is_same(command.cancel, record.order))
    gate_.problem("a cancel of the edge is another one in its record");
  judge_order(record.order.session, as_ouch(command), record.decision);
}

}  // namespace portcullis::test
