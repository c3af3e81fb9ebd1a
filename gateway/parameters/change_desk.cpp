#include "gateway/parameters/change_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "config/json.h"
#include "config/reload.h"
#include "gateway/commands/record_values.h"
#include "gateway/gate/record_names.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::parameters {

namespace {

constexpr std::size_t kEndedMax = 64;
constexpr std::int64_t kYearNs = 366 * 86'400 * risk::kSecondNs;

std::vector<config::Problem> one(std::string what) { return {{"", "", "", std::move(what)}}; }

std::string listed(const std::vector<config::LimitOverride>& limits) {
  return "{\"limits\":" + config::to_text(limits) + '}';
}

}  // namespace

ChangeDesk::ChangeDesk(ParameterDesk& desk, const gate::ChangeTable& table, ChangeSettings settings,
                       Publish publish, Tell tell)
    : desk_(desk),
      table_(table),
      settings_(std::move(settings)),
      publish_(std::move(publish)),
      tell_(std::move(tell)) {}

// --- to the gate and back

ChangeDesk::Outcome ChangeDesk::publish(gate::PublishedParameters parameters) {
  const std::optional<gate::ChangeRecord> change = parameters.change;
  const gate::ParametersRecord record = parameters.record;
  const bool has_parameters = parameters.rules != nullptr;
  const std::optional<ParameterAnswer> answered = publish_(parameters);
  const bool is_taken = answered && answered->is_taken;
  if (has_parameters) desk_.settle(is_taken);
  if (!is_taken) return {};
  view_.reset();
  if (change) {
    gate::ChangeRecord taken = *change;
    taken.time = {answered->time_ns};
    const gate::OpenChange* const open = table_.find(taken.id);
    using gate::ChangeStep;
    if (open != nullptr && taken.step != ChangeStep::Approve) {
      keep_ended(*open,
                 taken.step == ChangeStep::Refuse     ? ChangeStanding::Refused
                 : taken.step == ChangeStep::Withdraw ? ChangeStanding::Withdrawn
                                                      : ChangeStanding::Lapsed,
                 answered->time_ns, trimmed(taken.by), trimmed(taken.reason));
    }
    table_.apply(taken);
  }
  if (has_parameters) {
    for (const gate::OpenChange& other : table_.open()) {
      if (record.cause == gate::ParametersCause::Reload && other.id != record.change &&
          other.kind == gate::ChangeKind::Reload) {
        keep_ended(other, ChangeStanding::Lapsed, answered->time_ns, "gate",
                   "another configuration has come into force");
      }
    }
    const gate::OpenChange* const open = table_.find(record.change);
    if (open != nullptr && record.cause != gate::ParametersCause::Override) {
      const bool is_end = record.cause == gate::ParametersCause::Expiry;
      keep_ended(*open, is_end ? ChangeStanding::Expired : ChangeStanding::Done, answered->time_ns,
                 is_end ? "gate" : trimmed(open->by), "");
    }
    gate::ParametersRecord taken = record;
    taken.time = {answered->time_ns};
    table_.apply(taken);
    if (tell_.text)
      tell_.text(fmt::format("parameters of version {} are in force", record.version));
    if (tell_.in_force) tell_.in_force(desk_.in_force());
  }
  return {true, answered->sequence};
}

void ChangeDesk::keep_ended(const gate::OpenChange& change, ChangeStanding standing,
                            std::int64_t now_ns, std::string_view by, std::string_view reason) {
  ChangeLook look{.change = change,
                  .standing = standing,
                  .limits = limits_of(change),
                  .differences = std::move(proposed_[change.id]),
                  .ended_at_ns = now_ns,
                  .ended_by = std::string(by),
                  .ended_reason = std::string(reason)};
  proposed_.erase(change.id);
  ended_.push_front(std::move(look));
  if (ended_.size() > kEndedMax) ended_.pop_back();
}

ChangeAnswer ChangeDesk::refused(std::vector<config::Problem> problems, bool is_conflict) const {
  ChangeAnswer answer;
  answer.problems = std::move(problems);
  answer.is_conflict = is_conflict;
  answer.version = desk_.in_force().parameters.version;
  return answer;
}

ChangeAnswer ChangeDesk::answer(ChangeStanding standing, std::uint32_t change,
                                std::uint64_t sequence) const {
  ChangeAnswer answer;
  answer.change = change;
  answer.standing = standing;
  answer.version = desk_.in_force().parameters.version;
  answer.sequence = sequence;
  return answer;
}

// --- proposals

ChangeAnswer ChangeDesk::take(const ChangeRequest& request, std::int64_t now_ns) {
  using Type = ChangeRequest::Type;
  work(now_ns);  // what was due first
  ChangeAnswer taken;
  if (request.type == Type::Reload) {
    config::LoadResult next = settings_.load();
    taken = next.ok() ? propose_reload(request, next.deployment, now_ns)
                      : refused(std::move(next.problems), false);
  } else if (request.type == Type::Override) {
    taken = propose_override(request, now_ns);
  } else {
    taken = decide(request, now_ns);
  }
  taken.request = request.request;
  return taken;
}

namespace {

gate::ChangeRecord record_of(const ChangeRequest& request, gate::ChangeStep step) {
  gate::ChangeRecord record;
  request.by.copy(record.by.data(), record.by.size());
  request.reason.copy(record.reason.data(), record.reason.size());
  record.step = step;
  record.role = request.role;
  record.source = request.source;
  return record;
}

}  // namespace

ChangeAnswer ChangeDesk::propose_reload(const ChangeRequest& request,
                                        const config::Deployment& next, std::int64_t now_ns) {
  if (next.canonical_text == desk_.configuration()) {
    return answer(ChangeStanding::Unchanged, 0, 0);
  }
  if (auto problems = config::problems_of_reload(desk_.in_force(), next); !problems.empty())
    return refused(std::move(problems), false);
  gate::ChangeRecord record = record_of(request, gate::ChangeStep::Propose);
  record.kind = gate::ChangeKind::Reload;
  record.effective_at = request.effective_at;
  return propose(
      record, next.canonical_text,
      {.problems = {}, .configuration = next.canonical_text, .overrides = desk_.overrides()},
      now_ns);
}

ChangeAnswer ChangeDesk::propose_override(const ChangeRequest& request, std::int64_t now_ns) {
  gate::ChangeRecord record = record_of(request, gate::ChangeStep::Propose);
  record.kind = gate::ChangeKind::Override;
  record.effective_at = request.effective_at;
  const std::int64_t begins_ns = std::max(now_ns, request.effective_at.ns);
  record.expires_at =
      request.for_ns == 0 ? request.expires_at : risk::Timestamp{begins_ns + request.for_ns};
  std::vector<config::Problem> problems;
  if (record.expires_at.ns <= begins_ns)
    problems.push_back({"", "expires_at", "", "must be later than the override begins"});
  if (record.expires_at.ns - begins_ns > settings_.override_max_ns) {
    problems.push_back({"", request.for_ns == 0 ? "expires_at" : "for_s", "",
                        fmt::format("must be at most {} s after the override begins",
                                    settings_.override_max_ns / risk::kSecondNs)});
  }
  if (!problems.empty()) return refused(std::move(problems), false);
  Candidate candidate{
      .problems = {}, .configuration = desk_.configuration(), .overrides = desk_.overrides()};
  candidate.overrides.push_back(
      {.change = table_.next_id(), .expires_at = record.expires_at, .limits = request.limits});
  return propose(record, listed(request.limits), candidate, now_ns);
}

ChangeAnswer ChangeDesk::propose(gate::ChangeRecord record, const std::string& content,
                                 const Candidate& candidate, std::int64_t now_ns) {
  if (record.effective_at.ns <= now_ns) record.effective_at = {0};
  if (record.effective_at.ns - now_ns > kYearNs)
    return refused({{"", "effective_at", "", "must be within a year"}}, false);
  record.id = table_.next_id();
  record.hash = hash_of(content);
  Prepared prepared =
      desk_.prepare_layers(candidate.configuration, candidate.overrides,
                           gate::cause_of(record.kind), record.id, trimmed(record.by));
  if (!prepared.problems.empty()) return refused(std::move(prepared.problems), false);
  if (!prepared.parameters) return answer(ChangeStanding::Unchanged, 0, 0);
  std::vector<config::Difference> differences =
      config::differences(desk_.in_force().canonical_text,
                          config::with_overrides(candidate.configuration, candidate.overrides));
  record.needs_approval = settings_.four_eyes && config::has_raise(differences) ? 1 : 0;
  gate::ChangeRecord now = record;
  now.time = {now_ns};
  std::string problem;
  if (const char* const against = table_.problem_of(now)) problem = against;
  if (problem.empty()) problem = write_parameters(settings_.journal, content);
  if (!problem.empty()) {
    desk_.settle(false);
    return refused(one(std::move(problem)), true);
  }
  gate::PublishedParameters step;
  const bool is_now = record.needs_approval == 0 && record.effective_at.ns == 0;
  if (is_now) {
    step = *std::move(prepared.parameters);
  } else {
    desk_.settle(false);
  }
  step.change = record;
  proposed_[record.id] = differences;
  const Outcome outcome = publish(std::move(step));
  if (!outcome.is_taken) {
    proposed_.erase(record.id);
    return refused(one("the gate has not taken the change"), true);
  }
  const gate::OpenChange* const open = table_.find(record.id);
  ChangeAnswer proposed = answer(open == nullptr ? ChangeStanding::Done : standing_of(*open),
                                 record.id, outcome.sequence);
  proposed.differences = std::move(differences);
  return proposed;
}

ChangeAnswer ChangeDesk::take_configuration(const config::Deployment& next, std::string_view by,
                                            std::int64_t now_ns) {
  work(now_ns);
  Prepared prepared = desk_.prepare_reload(next, by);
  if (!prepared.problems.empty()) return refused(std::move(prepared.problems), false);
  if (!prepared.parameters) return answer(ChangeStanding::Unchanged, 0, 0);
  const bool must_wait =
      settings_.four_eyes && config::has_raise(config::differences(
                                 desk_.in_force().canonical_text,
                                 config::with_overrides(next.canonical_text, desk_.overrides())));
  if (must_wait) {
    desk_.settle(false);
    const gate::ParameterHash hash = hash_of(next.canonical_text);
    for (const gate::OpenChange& open : table_.open()) {
      if (open.kind == gate::ChangeKind::Reload && open.hash == hash)
        return answer(standing_of(open), open.id, 0);
    }
    return propose_reload({.request = 0,
                           .type = ChangeRequest::Type::Reload,
                           .by = std::string(by),
                           .role = config::Role::Risk,
                           .source = gate::OperatorSource::Configuration,
                           .reason = "the files have been changed",
                           .change = 0,
                           .effective_at = {},
                           .expires_at = {},
                           .for_ns = 0,
                           .limits = {}},
                          next, now_ns);
  }
  const Outcome outcome = publish(*std::move(prepared.parameters));
  if (!outcome.is_taken)
    return refused(one("the gate has other parameters than were to be replaced, or is stopped"),
                   true);
  return answer(ChangeStanding::Done, 0, outcome.sequence);
}

std::vector<config::Problem> ChangeDesk::take_regimes(const config::RegimeChoice& regimes) {
  Prepared prepared = desk_.prepare_regimes(regimes, "regimes");
  if (!prepared.parameters) return std::move(prepared.problems);
  if (publish(*std::move(prepared.parameters)).is_taken) return {};
  return one("the gate has other parameters than were to be replaced, or is stopped");
}

// --- what others say of a proposal

ChangeAnswer ChangeDesk::decide(const ChangeRequest& request, std::int64_t now_ns) {
  using Type = ChangeRequest::Type;
  gate::ChangeRecord record =
      record_of(request, request.type == Type::Approve  ? gate::ChangeStep::Approve
                         : request.type == Type::Refuse ? gate::ChangeStep::Refuse
                                                        : gate::ChangeStep::Withdraw);
  record.id = request.change;
  record.time = {now_ns};
  if (const char* const problem = table_.problem_of(record)) return refused(one(problem), true);
  gate::PublishedParameters step;
  std::vector<config::Difference> differences;
  if (request.type == Type::Approve) {
    const gate::OpenChange change = *table_.find(request.change);
    const Candidate candidate = candidate_of(change);
    Prepared prepared = prepare(change, candidate);
    if (!prepared.problems.empty()) return refused(std::move(prepared.problems), true);
    differences =
        config::differences(desk_.in_force().canonical_text,
                            config::with_overrides(candidate.configuration, candidate.overrides));
    if (prepared.parameters && change.effective_at.ns <= now_ns) {
      step = *std::move(prepared.parameters);
    } else {
      desk_.settle(false);
    }
  }
  step.change = record;
  const Outcome outcome = publish(std::move(step));
  if (!outcome.is_taken) return refused(one("the gate has not taken the change"), true);
  const gate::OpenChange* const open = table_.find(request.change);
  const ChangeStanding ended = ended_.empty() ? ChangeStanding::Unknown : ended_.front().standing;
  ChangeAnswer decided =
      answer(open == nullptr ? ended : standing_of(*open), request.change, outcome.sequence);
  decided.differences = std::move(differences);
  work(now_ns);  // an approval that changes nothing any more
  return decided;
}

// --- what a change would put in force

std::vector<config::LimitOverride> ChangeDesk::limits_of(const gate::OpenChange& change) const {
  if (change.kind != gate::ChangeKind::Override) return {};
  std::string text;
  if (!read_parameters(settings_.journal, change.hash, text).empty()) return {};
  std::vector<config::Problem> problems;  // none: it was written here
  return config::read_limit_overrides("", config::parse_json(text).json, "limits", problems);
}

ChangeDesk::Candidate ChangeDesk::candidate_of(const gate::OpenChange& change) const {
  Candidate candidate{
      .problems = {}, .configuration = desk_.configuration(), .overrides = desk_.overrides()};
  if (change.kind == gate::ChangeKind::Reload) {
    const std::string problem =
        read_parameters(settings_.journal, change.hash, candidate.configuration);
    if (!problem.empty()) candidate.problems = one(problem);
    return candidate;
  }
  candidate.overrides.push_back(
      {.change = change.id, .expires_at = change.expires_at, .limits = limits_of(change)});
  if (candidate.overrides.back().limits.empty())
    candidate.problems = one("the list of overridden limits is not in the parameter log");
  return candidate;
}

Prepared ChangeDesk::prepare(const gate::OpenChange& change, const Candidate& candidate) {
  if (!candidate.problems.empty()) return {.problems = candidate.problems, .parameters = {}};
  return desk_.prepare_layers(candidate.configuration, candidate.overrides,
                              gate::cause_of(change.kind), change.id, trimmed(change.by));
}

// --- time

void ChangeDesk::work(std::int64_t now_ns) {
  while (const auto due = gate::first_due(table_, now_ns)) {
    const gate::OpenChange change = *table_.find(due->id);
    switch (due->step) {
      case gate::DueStep::Begin:
        begin(change);
        break;
      case gate::DueStep::End:
        end(change);
        break;
      case gate::DueStep::Lapse:
        lapse(change.id, "it has expired");
        break;
    }
    // The gate has not taken it: it is stopped, or has more to do first.
    if (const auto next = gate::first_due(table_, now_ns);
        next && next->id == due->id && next->step == due->step) {
      return;
    }
  }
}

void ChangeDesk::begin(const gate::OpenChange& change) {
  const Candidate candidate = candidate_of(change);
  Prepared prepared = prepare(change, candidate);
  if (!prepared.problems.empty())
    return lapse(change.id, config::to_text(prepared.problems.front()));
  if (!prepared.parameters) return lapse(change.id, "it is in force already");
  // What needed nobody's approval when it was proposed can do so now: other limits are in force.
  const bool is_raise = settings_.four_eyes && change.state != gate::ChangeState::Approved &&
                        config::has_raise(config::differences(
                            desk_.in_force().canonical_text,
                            config::with_overrides(candidate.configuration, candidate.overrides)));
  if (is_raise) {
    desk_.settle(false);
    return lapse(change.id, "it has become a raise that nobody has approved");
  }
  (void)publish(*std::move(prepared.parameters));
}

// Nothing keeps an override beyond its time: where those that are left do not fit without it, they end
// with it.
void ChangeDesk::end(const gate::OpenChange& change) {
  std::vector<config::OverrideSet> left = desk_.overrides();
  std::erase_if(left, [&](const config::OverrideSet& set) { return set.change == change.id; });
  Prepared prepared = desk_.prepare_layers(desk_.configuration(), left,
                                           gate::ParametersCause::Expiry, change.id, "gate");
  const bool all_end = !prepared.problems.empty();
  if (all_end) {
    prepared = desk_.prepare_layers(desk_.configuration(), {}, gate::ParametersCause::Expiry,
                                    change.id, "gate");
  }
  if (!prepared.parameters) {
    for (const config::Problem& problem : prepared.problems)
      if (tell_.text) tell_.text("an override cannot end: " + config::to_text(problem));
    return;
  }
  if (!publish(*std::move(prepared.parameters)).is_taken || !all_end) return;
  for (const config::OverrideSet& set : left)
    lapse(set.change, "it does not fit without one that has expired");
}

void ChangeDesk::lapse(std::uint32_t id, std::string_view why) {
  gate::ChangeRecord record;
  std::string_view("gate").copy(record.by.data(), record.by.size());
  why.copy(record.reason.data(), record.reason.size());
  record.id = id;
  record.step = gate::ChangeStep::Lapse;
  record.source = gate::OperatorSource::Gate;
  gate::PublishedParameters step;
  step.change = record;
  if (publish(std::move(step)).is_taken && tell_.text)
    tell_.text(fmt::format("change {} has lapsed: {}", id, why));
}

// --- for people

ChangeStanding ChangeDesk::standing_of(const gate::OpenChange& change) const {
  if (change.state == gate::ChangeState::InForce) return ChangeStanding::InForce;
  return change.may_begin() ? ChangeStanding::AwaitsTime : ChangeStanding::AwaitsApproval;
}

std::shared_ptr<const ChangesView> ChangeDesk::view() {
  if (view_ != nullptr) return view_;
  auto made = std::make_shared<ChangesView>();
  made->four_eyes = settings_.four_eyes;
  made->version = desk_.in_force().parameters.version;
  made->profiles = desk_.in_force().names.profiles.names();
  for (const gate::OpenChange& change : table_.open()) {
    ChangeLook look;
    look.change = change;
    look.standing = standing_of(change);
    look.limits = limits_of(change);
    if (change.state != gate::ChangeState::InForce) {
      const Candidate candidate = candidate_of(change);
      if (candidate.problems.empty()) {
        look.differences = config::differences(
            desk_.in_force().canonical_text,
            config::with_overrides(candidate.configuration, candidate.overrides));
      }
    }
    if (const auto proposed = proposed_.find(change.id);
        change.state == gate::ChangeState::InForce && proposed != proposed_.end()) {
      look.differences = proposed->second;
    }
    made->open.push_back(std::move(look));
  }
  made->ended = ended_;
  view_ = std::move(made);
  return view_;
}

}  // namespace portcullis::gateway::parameters
