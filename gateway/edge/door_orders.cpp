// Orders on their way through the shard, and what became of them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/edge/json_door.h"
#include "gateway/gate/records.h"
#include "gateway/json/commands.h"
#include "gateway/json/signature.h"
#include "risk/types.h"

namespace portcullis::gateway::edge {

using json::Op;
using risk::Disposition;

namespace {

using risk::kNsPerMs;

}  // namespace

void JsonDoor::take_orders(ConnectionId id, Connection& connection, const json::Request& request,
                           std::int64_t now_ns) {
  Session& session = session_of(connection.session);
  if (session.read_only)
    return reply(id, connection, request, json::kNotPermitted, "a read-only session", now_ns);
  if (!taking_) {
    ++counters_.stopping;
    return reply(id, connection, request, json::kUnavailable, kStopping, now_ns);
  }
  if (!request.timestamp_ms) {
    return reply(id, connection, request, json::kBadRequest, "header.X-BAPI-TIMESTAMP is missing",
                 now_ns);
  }
  const std::int64_t window =
      std::min(request.recv_window_ms.value_or(limits_.recv_window_ms), limits_.recv_window_ms_max);
  if (!json::is_in_window(*request.timestamp_ms, window, now_ns / kNsPerMs)) {
    return reply(id, connection, request, json::kBadTime,
                 fmt::format("the timestamp is {}, the time {}, the receive window {}",
                             *request.timestamp_ms, now_ns / kNsPerMs, window),
                 now_ns);
  }
  if (session.commands.size() + session.cancels.size() + request.orders.size() >
      limits_.outstanding_max) {
    ++counters_.over_rate;
    return reply(id, connection, request, json::kTooMany, "too many requests without an answer",
                 now_ns);
  }
  const auto mine = std::make_shared<Request>();
  mine->connection = id;
  mine->session = connection.session;
  mine->op = request.op;
  mine->op_text = request.op_text;
  mine->req_id = request.req_id;
  mine->entries.resize(request.orders.size());
  for (std::size_t at = 0; at < request.orders.size(); ++at) {
    const json::OrderRequest& wanted = request.orders[at];
    Entry& entry = mine->entries[at];
    entry.link = wanted.link;
    entry.category = wanted.category;
    entry.symbol = wanted.symbol;
    entry.instrument = symbols_.find(wanted.category, wanted.symbol);
    if (wanted.fault) {
      entry.code = wanted.fault.code;
      entry.text = wanted.fault.text;
    } else if (request.op == Op::Create || request.op == Op::CreateBatch) {
      create(connection.session, wanted, mine, at);
    } else if (request.op == Op::Amend || request.op == Op::AmendBatch) {
      amend(connection.session, wanted, mine, at);
    } else {
      cancel(connection.session, wanted, mine, at);
    }
  }
  if (mine->missing == 0) send_reply(*mine, now_ns);
}

std::uint32_t JsonDoor::next_ref(risk::SessionIndex session) const {
  return std::max(sessions_[session.value].last_ref, store_.highest_ref(session)) + 1;
}

bool JsonDoor::push(const EdgeCommand& command, Entry& entry) {
  if (!queue_.push(command)) {
    ++counters_.queue_full;
    entry.code = json::kUnavailable;
    entry.text = "too many orders at once; try again";
    return false;
  }
  ++counters_.commands;
  ++outstanding_;
  return true;
}

void JsonDoor::create(risk::SessionIndex index, const json::OrderRequest& wanted,
                      const std::shared_ptr<Request>& request, std::size_t at) {
  Session& session = session_of(index);
  Entry& entry = request->entries[at];
  EdgeCommand command;
  command.type = EdgeCommand::Type::Enter;
  command.session = index;
  command.name = json::order_name(wanted.link);
  command.enter = json::new_order(wanted, symbols_);
  command.enter.session = index;
  command.enter.account = session.account;
  command.enter.client_ref = next_ref(index);
  if (!wanted.link.empty() && store_.has_link(session.account, wanted.link))
    command.enter.flags |= risk::kDuplicate;
  if (!push(command, entry)) return;
  if ((command.enter.flags & risk::kDuplicate) != 0) ++counters_.duplicates;
  session.last_ref = command.enter.client_ref;
  store_.expect(command.enter, command.name);
  entry.order_id = json::text_of(store_.id_of(index, command.enter.client_ref));
  session.commands.push_back({command.enter.client_ref, request, at});
  ++request->missing;
}

bool JsonDoor::find_target(risk::SessionIndex index, const json::OrderRequest& wanted, Entry& entry,
                           json::Target& target) const {
  const risk::AccountIndex account = sessions_[index.value].account;
  target = !wanted.order_id.empty() ? store_.target_by_id(account, wanted.order_id)
                                    : store_.target_by_link(account, wanted.link);
  if (target.known) {
    entry.order_id = json::text_of(target.id);
    entry.link = json::text_of(target.link);
  }
  if (target.known && target.open && target.session == index &&
      target.instrument == entry.instrument)
    return true;
  entry.code = json::kUnknownOrder;
  if (!target.known || target.instrument != entry.instrument) {
    entry.order_id = wanted.order_id;
    entry.link = wanted.link;
    entry.text = "order not exists or too late to operate";
  } else if (!target.open) {
    entry.text = "the order has ended: too late to operate";
  } else {
    entry.text = "the order was entered by another session";
  }
  return false;
}

void JsonDoor::amend(risk::SessionIndex index, const json::OrderRequest& wanted,
                     const std::shared_ptr<Request>& request, std::size_t at) {
  Session& session = session_of(index);
  Entry& entry = request->entries[at];
  json::Target target;
  if (!find_target(index, wanted, entry, target)) return;
  EdgeCommand command;
  command.type = EdgeCommand::Type::Replace;
  command.session = index;
  command.replace = json::replace_order(wanted,
                                        {.instrument = target.instrument,
                                         .quantity = target.quantity,
                                         .price = target.price,
                                         .post_only = target.post_only},
                                        symbols_);
  command.replace.session = index;
  command.replace.original_ref = target.newest;
  command.replace.client_ref = next_ref(index);
  if (!push(command, entry)) return;
  session.last_ref = command.replace.client_ref;
  store_.expect(command.replace);
  session.commands.push_back({command.replace.client_ref, request, at});
  ++request->missing;
}

void JsonDoor::cancel(risk::SessionIndex index, const json::OrderRequest& wanted,
                      const std::shared_ptr<Request>& request, std::size_t at) {
  Session& session = session_of(index);
  Entry& entry = request->entries[at];
  json::Target target;
  if (!find_target(index, wanted, entry, target)) return;
  EdgeCommand command;
  command.type = EdgeCommand::Type::Cancel;
  command.session = index;
  command.cancel.session = index;
  command.cancel.client_ref = target.newest;
  if (!push(command, entry)) return;
  session.cancels.push_back({target.newest, request, at});
  ++request->missing;
}

// --- back from the journal

void JsonDoor::on_record(const journal::RecordView& record, std::int64_t now_ns) {
  store_.take(record);
  const auto type = static_cast<gate::RecordType>(record.type);
  if (type == gate::RecordType::EnterNamed) {
    if (gate::EnterNamedRecord taken; journal::read_command(record, taken))
      answer_command(taken.order.session, taken.order.client_ref, taken.decision, now_ns);
  } else if (type == gate::RecordType::Replace) {
    if (gate::ReplaceRecord taken; journal::read_command(record, taken))
      answer_command(taken.order.session, taken.order.client_ref, taken.decision, now_ns);
  } else if (type == gate::RecordType::Cancel) {
    if (gate::CancelRecord taken; journal::read_command(record, taken))
      answer_cancel(taken.order.session, taken.order.client_ref, taken.decision, now_ns);
  }
  if (!store_.changes().empty()) push_changes(record.sequence, now_ns);
  store_.clear_changes();
}

void JsonDoor::answer_command(risk::SessionIndex index, std::uint32_t client_ref,
                              const risk::Decision& decision, std::int64_t now_ns) {
  std::deque<Waiting>& commands = session_of(index).commands;
  while (!commands.empty() && commands.front().client_ref <= client_ref) {
    const Waiting waiting = std::move(commands.front());
    commands.pop_front();
    const bool is_it = waiting.client_ref == client_ref;
    answer(waiting, is_it ? &decision : nullptr, now_ns);
  }
}

void JsonDoor::answer_cancel(risk::SessionIndex index, std::uint32_t client_ref,
                             const risk::Decision& decision, std::int64_t now_ns) {
  std::deque<Waiting>& cancels = session_of(index).cancels;
  if (cancels.empty() || cancels.front().client_ref != client_ref) return;
  const Waiting waiting = std::move(cancels.front());
  cancels.pop_front();
  answer(waiting, &decision, now_ns);
}

void JsonDoor::no_more_records(std::int64_t now_ns) {
  for (Session& session : sessions_) {
    for (std::deque<Waiting>* waiting : {&session.commands, &session.cancels}) {
      for (const Waiting& command : std::exchange(*waiting, {})) answer(command, nullptr, now_ns);
    }
  }
}

// No decision: the gate has left it without a record, and taken a later one, or ended.
void JsonDoor::answer(const Waiting& waiting, const risk::Decision* decision, std::int64_t now_ns) {
  Request& request = *waiting.request;
  Entry& entry = request.entries[waiting.entry];
  if (decision == nullptr) {
    ++counters_.ignored;
    entry.code = json::kUnavailable;
    entry.text = "the gate has not taken it; try again";
    entry.order_id.clear();
  } else {
    entry.code = json::code_of(*decision);
    entry.is_refusal = decision->disposition == Disposition::Reject;
    entry.decision = *decision;
    if (decision->disposition == Disposition::Ignore)
      entry.text = "order not exists or too late to operate";
    if (entry.is_refusal && (request.op == Op::Create || request.op == Op::CreateBatch))
      entry.order_id.clear();
  }
  --outstanding_;
  if (--request.missing == 0) send_reply(request, now_ns);
  if (decision != nullptr && decision->disconnect != 0) end_session(request.session);
}

// The session is at fault, and not the connection alone by which it asked (ORDERLIFE 6).
void JsonDoor::end_session(risk::SessionIndex session) {
  for (const ConnectionId id : std::vector(session_of(session).connections)) {
    const auto found = connections_.find(id);
    if (found != connections_.end())
      close(id, found->second, CloseCode::Policy, "over its rates, exits included");
  }
}

void JsonDoor::send_reply(const Request& request, std::int64_t now_ns) {
  const auto found = connections_.find(request.connection);
  if (found == connections_.end()) {
    ++counters_.unanswerable;
    return;
  }
  const json::ReplyTo to{.op = request.op_text,
                         .req_id = request.req_id,
                         .conn_id = found->second.text,
                         .now_ms = now_ns / kNsPerMs};
  std::vector<json::OrderReply> replies;
  replies.reserve(request.entries.size());
  for (const Entry& entry : request.entries) {
    replies.push_back({.code = entry.code,
                       .text = entry.text,
                       .order_id = entry.order_id,
                       .link = entry.link,
                       .category = entry.category,
                       .symbol = entry.symbol,
                       .instrument = entry.instrument,
                       .decision = entry.is_refusal ? &entry.decision : nullptr});
  }
  buffer_.clear();
  if (json::is_batch(request.op)) {
    json::encode_batch_reply(buffer_, to, replies, symbols_);
  } else {
    json::encode_order_reply(buffer_, to, replies.front(), symbols_);
  }
  ++counters_.replies;
  outlet_.send(request.connection, fmt::to_string(buffer_));
}

}  // namespace portcullis::gateway::edge
