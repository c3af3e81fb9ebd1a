// Changes of limits: what goes to the thread that makes parameters, and what comes back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/control/change_views.h"
#include "gateway/control/door.h"
#include "gateway/control/requests.h"

namespace portcullis::gateway::control {

namespace {

// Files are read, and parameters made of them several times over.
constexpr std::int64_t kChangeNs = 10 * risk::kSecondNs;

std::string place_of(const config::Problem& problem) {
  if (problem.file.empty() || problem.path.empty()) return problem.file + problem.path;
  return problem.file + ": " + problem.path;
}

std::string what_of(const config::Problem& problem) {
  return problem.value.empty() ? problem.what : problem.value + ": " + problem.what;
}

}  // namespace

std::optional<edge::HttpReply> ControlDoor::give_change(const VerbInfo& verb,
                                                        const edge::HttpRequest& request,
                                                        const config::ControlToken& token,
                                                        std::int64_t now_ns) {
  std::vector<config::Problem> problems;
  std::optional<parameters::ChangeRequest> change =
      read_change(verb.verb, request.body, needs_.deployment, problems);
  if (!change) return refuse(problems);
  if (!taking_ || needs_.changes == nullptr) return refuse(503, "stopping", "the gate stops");
  change->request = next_request_;
  change->by = token.name;
  change->role = token.role;
  if (pending_changes_.size() >= parameters::ChangeExchange::kRequestsMax ||
      !needs_.changes->ask(*std::move(change))) {
    return busy();
  }
  ++counters_.commands;
  const Pending pending{
      .id = request.id, .verb = verb.verb, .until_ns = now_ns + kChangeNs, .by = token.name};
  pending_changes_.insert(next_request_);
  pending_.emplace(next_request_++, pending);
  return std::nullopt;
}

void ControlDoor::take_answer(const parameters::ChangeAnswer& answer) {
  pending_changes_.erase(answer.request);
  const auto found = pending_.find(answer.request);
  if (found == pending_.end()) return;  // told as queued
  Pending& pending = found->second;
  if (!answer.problems.empty()) {
    json::Buffer buffer;
    json::Writer out(buffer);
    out.begin_object()
        .text("error", answer.is_conflict ? "conflict" : "refused")
        .text("message", answer.is_conflict ? "not as things stand" : "refused whole");
    out.key("problems").begin_list();
    for (const config::Problem& problem : answer.problems) {
      out.begin_object()
          .text("path", place_of(problem))
          .text("what", what_of(problem))
          .end_object();
    }
    out.end_list().end_object();
    outlet_.reply(pending.id,
                  {.status = answer.is_conflict ? 409u : 422u, .body = fmt::to_string(buffer)});
    pending_.erase(found);
    return;
  }
  json::Buffer buffer;
  json::Writer out(buffer);
  out.begin_object()
      .boolean("done", true)
      .text("verb", kVerbs[static_cast<std::size_t>(pending.verb)].name)
      .text("by", pending.by)
      .number("request", static_cast<std::int64_t>(answer.request))
      .number_or_null("sequence", static_cast<std::int64_t>(answer.sequence))
      .number_or_null("change", answer.change)
      .text("standing", name_of(answer.standing))
      .number("parameter_version", answer.version);
  write_differences(out, answer.differences);
  out.end_object();
  pending.body = fmt::to_string(buffer);
  pending.sequence = std::max<std::uint64_t>(answer.sequence, 1);
}

edge::HttpReply ControlDoor::list_changes() const {
  json::Buffer buffer;
  json::Writer out(buffer);
  const auto view = changes_now();
  write_changes(out, view != nullptr ? *view : parameters::ChangesView());
  return {.body = fmt::to_string(buffer)};
}

std::shared_ptr<const parameters::ChangesView> ControlDoor::changes_now() const {
  return needs_.changes == nullptr ? nullptr : needs_.changes->view();
}

}  // namespace portcullis::gateway::control
