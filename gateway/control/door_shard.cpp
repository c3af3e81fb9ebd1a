// What goes to the shard, and what comes back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/control/door.h"
#include "gateway/control/requests.h"

namespace portcullis::gateway::control {

namespace {

constexpr std::int64_t kCommandNs = 2 * risk::kSecondNs;
constexpr std::int64_t kWhatIfNs = risk::kSecondNs;
constexpr std::size_t kPendingMax = 1'024;

}  // namespace

// --- commands

std::optional<edge::HttpReply> ControlDoor::give(const VerbInfo& verb,
                                                 const edge::HttpRequest& request,
                                                 const config::ControlToken& token,
                                                 std::int64_t now_ns) {
  std::vector<config::Problem> problems;
  std::optional<Command> command =
      read_command(verb.verb, request.body, needs_.deployment, problems);
  if (!command) return refuse(problems);
  if (!taking_) return refuse(503, "stopping", "the gate stops");
  if (verb.verb == Verb::Acknowledge) {
    if (auto refusal = refuse_alert(*command)) return refusal;
  }
  token.name.copy(command->who.by.data(), command->who.by.size());
  command->who.time = {now_ns};
  command->who.role = token.role;
  command->who.source = gate::OperatorSource::ControlPlane;
  command->request = next_request_;
  if (pending_.size() >= kPendingMax || !needs_.queue.commands.ask(*command)) return busy();
  needs_.queue.wake();
  ++counters_.commands;
  pending_.emplace(
      next_request_++,
      Pending{
          .id = request.id, .verb = verb.verb, .until_ns = now_ns + kCommandNs, .by = token.name});
  return std::nullopt;
}

void ControlDoor::take_answer(const Command& command) {
  const auto found = pending_.find(command.request);
  if (found == pending_.end()) return;  // told as queued
  Pending& pending = found->second;
  if (!command.done) {
    outlet_.reply(
        pending.id,
        command.type == Command::Type::Fact
            ? refuse(409, "not_carried_out", gate::problem_of(command.fact, command.fact_answer))
            : refuse(409, "nothing_to_decide", "the gate is not in a state that this decides"));
    pending_.erase(found);
    return;
  }
  pending.sequence = command.sequence;
}

edge::HttpReply ControlDoor::done(const Pending& pending, std::uint64_t request) const {
  if (!pending.body.empty()) return {.body = pending.body};
  json::Buffer buffer;
  json::Writer(buffer)
      .begin_object()
      .boolean("done", true)
      .text("verb", kVerbs[static_cast<std::size_t>(pending.verb)].name)
      .text("by", pending.by)
      .number("request", static_cast<std::int64_t>(request))
      .number("sequence", static_cast<std::int64_t>(pending.sequence))
      .end_object();
  return {.body = fmt::to_string(buffer)};
}

// --- what-if

std::optional<edge::HttpReply> ControlDoor::ask_what_if(const edge::HttpRequest& request,
                                                        std::int64_t now_ns) {
  std::vector<config::Problem> problems;
  const std::vector<risk::NewOrder> orders =
      read_what_if(request.body, settings_.what_if_orders_max, symbols_, problems);
  if (orders.empty()) return refuse(problems);
  if (!taking_) return refuse(503, "stopping", "the gate stops");
  // One place is kept for the figures.
  if (pending_.size() >= kPendingMax ||
      questions_open_ + orders.size() >= ShardQueue::kQuestionsMax) {
    return busy();
  }
  Pending pending{.id = request.id, .verb = Verb::WhatIf, .until_ns = now_ns + kWhatIfNs};
  for (const risk::NewOrder& order : orders) {
    Question question;
    question.request = next_request_;
    question.item = static_cast<std::uint32_t>(pending.items.size());
    question.order = order;
    const bool is_asked = needs_.queue.questions.ask(question);
    PORTCULLIS_ASSERT(is_asked);
    pending.items.push_back(question);
    ++questions_open_;
    ++counters_.what_ifs;
  }
  needs_.queue.wake();
  pending_.emplace(next_request_++, std::move(pending));
  return std::nullopt;
}

void ControlDoor::take_answer(const Question& question, std::int64_t now_ns) {
  if (question.figures != nullptr) {
    std::swap(figures_, asked_figures_);
    figures_at_ns_ = now_ns;
    figures_asked_ = false;
    return;
  }
  --questions_open_;
  const auto found = pending_.find(question.request);
  if (found == pending_.end()) return;  // nobody waits any more
  Pending& pending = found->second;
  pending.items[question.item] = question;
  if (++pending.answered < pending.items.size()) return;
  outlet_.reply(pending.id, what_if_reply(pending));
  pending_.erase(found);
}

edge::HttpReply ControlDoor::what_if_reply(const Pending& pending) const {
  json::Buffer buffer;
  json::Writer out(buffer);
  out.begin_object().key("decisions").begin_list();
  for (const Question& question : pending.items) {
    const RecordValues& records = values_.records();
    out.begin_object().number("sequence", static_cast<std::int64_t>(question.sequence));
    out.text_or_null("session", records.name(question.order.session));
    out.text_or_null("account", records.name(question.order.account));
    out.text_or_null("instrument", records.name(question.order.instrument));
    out.key("decision");
    values_.decision(out, question.order.instrument, question.decision);
    out.end_object();
  }
  out.end_list().end_object();
  return {.body = fmt::to_string(buffer)};
}

// --- answers

void ControlDoor::take_answers(std::int64_t now_ns) {
  while (const Command* command = needs_.queue.commands.answered()) {
    take_answer(*command);
    needs_.queue.commands.take();
  }
  while (const Question* question = needs_.queue.questions.answered()) {
    take_answer(*question, now_ns);
    needs_.queue.questions.take();
  }
  if (needs_.changes == nullptr || pending_changes_.empty()) return;
  for (const parameters::ChangeAnswer& answer : needs_.changes->take_answers()) take_answer(answer);
}

// A command that waits for room, or for the disk, is carried out when there is; a question that nobody
// answers in time is not asked again.
edge::HttpReply ControlDoor::late(const Pending& pending, std::uint64_t request) {
  if (pending.verb == Verb::WhatIf) return busy();
  ++counters_.queued;
  json::Buffer buffer;
  json::Writer(buffer)
      .begin_object()
      .boolean("done", false)
      .text("verb", kVerbs[static_cast<std::size_t>(pending.verb)].name)
      .text("by", pending.by)
      .number("request", static_cast<std::int64_t>(request))
      .null("sequence")
      .end_object();
  return {.status = 202, .body = fmt::to_string(buffer)};
}

void ControlDoor::end_late(std::int64_t now_ns) {
  const JournalFigures journal = needs_.journal();
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    const bool is_done =
        pending.sequence != 0 && (!journal.waits_for_disk || journal.synced >= pending.sequence);
    if (!is_done && now_ns < pending.until_ns) {
      ++at;
      continue;
    }
    outlet_.reply(pending.id, is_done ? done(pending, at->first) : late(pending, at->first));
    at = pending_.erase(at);
  }
}

void ControlDoor::on_time(std::int64_t now_ns) {
  take_answers(now_ns);
  end_late(now_ns);
  look_whether_ready(now_ns);
  ask_figures(now_ns);
}

void ControlDoor::answer_all(std::int64_t now_ns) {
  take_answers(now_ns);
  for (auto& [request, pending] : pending_) pending.until_ns = now_ns;
  end_late(now_ns);
}

}  // namespace portcullis::gateway::control
