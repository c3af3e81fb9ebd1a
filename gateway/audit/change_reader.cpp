#include "gateway/audit/change_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "config/json.h"
#include "config/overrides.h"
#include "config/raise.h"
#include "gateway/commands/record_text.h"
#include "gateway/control/change_views.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/gate/record_fields.h"
#include "gateway/gate/record_names.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::audit {

namespace {

using gate::RecordType;

constexpr std::size_t kKeysMax = 32;    // of a reload are named; the others are counted
constexpr std::size_t kValueMax = 120;  // characters of a value
constexpr std::string_view kDone = "done";

RecordType type_of(const journal::RecordView& record) {
  return static_cast<RecordType>(record.type);
}

bool is_fact(const journal::RecordView& record) {
  return type_of(record) >= RecordType::Transfer && type_of(record) <= RecordType::LeverageCap;
}

bool is_orders_dead(const journal::RecordView& record) {
  gate::VenueLinkRecord link;
  return gate::read_record(record, link) && link.change == gate::LinkChange::OrdersDead;
}

// The paths of what differs between two configurations, "limits.accounts.bravo-1.group"; a list is one.
void find_changes(const config::Json* from, const config::Json* to, const std::string& path,
                  std::vector<std::string>& paths) {
  using Kind = config::Json::Kind;
  if (from != nullptr && to != nullptr && from->kind == Kind::Object && to->kind == Kind::Object) {
    const auto below = [&](const std::string& name) {
      return path.empty() ? name : path + '.' + name;
    };
    for (const config::JsonMember& member : from->members)
      find_changes(&member.value, to->find(member.name), below(member.name), paths);
    for (const config::JsonMember& member : to->members) {
      if (from->find(member.name) == nullptr) paths.push_back(below(member.name));
    }
    return;
  }
  if (from == nullptr || to == nullptr || config::to_text(*from) != config::to_text(*to))
    paths.push_back(path);
}

// "transfer alpha-house ...": the record without its sequence and time.
std::string fact_text(const journal::RecordView& record, const RecordValues& values) {
  std::string text = record_text(record, values);
  text.erase(0, text.find(' ', text.find(' ') + 1) + 1);
  return text;
}

}  // namespace

// The keys of a line in their order, but for the chain's.
struct ChangeReader::Line {
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;
  std::string_view by{};
  std::string_view role{};
  std::string_view source{};
  std::string_view verb{};
  std::string_view scope{};
  std::string_view target{};
  std::string_view reason{};
  std::optional<std::uint32_t> parameters{};
  std::string_view result = kDone;

  // `before` and `after` write a value each.
  template <class Before, class After>
  [[nodiscard]] Change make(Before&& before, After&& after) const {
    json::Buffer buffer;
    json::Writer out(buffer);
    out.begin_object()
        .number("sequence", static_cast<std::int64_t>(sequence))
        .number("time_ns", time_ns)
        .text("time", utc_text(time_ns))
        .text_or_null("by", by)
        .text_or_null("role", role)
        .text_or_null("source", source)
        .text_or_null("verb", verb)
        .text_or_null("scope", scope)
        .text_or_null("target", target);
    before(out.key("before"));
    after(out.key("after"));
    out.text_or_null("reason", reason);
    if (parameters) {
      out.number("parameters", *parameters);
    } else {
      out.null("parameters");
    }
    out.text_or_null("result", result);
    return {.sequence = sequence, .content = fmt::to_string(buffer)};
  }
  [[nodiscard]] Change make() const {
    const auto nothing = [](json::Writer& out) { out.null(); };
    return make(nothing, nothing);
  }
};

namespace {

auto write_sequence(std::uint64_t sequence) {
  return [sequence](json::Writer& out) {
    out.begin_object().number("sequence", static_cast<std::int64_t>(sequence)).end_object();
  };
}

}  // namespace

Change begin_change(std::uint64_t sequence, std::int64_t time_ns) {
  return ChangeReader::marker(sequence, time_ns, "begin", {});
}

Change lost_change(std::uint64_t sequence, std::uint64_t lost, std::int64_t time_ns) {
  return ChangeReader::marker(sequence, time_ns, "lost", lost);
}

Change ChangeReader::marker(std::uint64_t sequence, std::int64_t time_ns, std::string_view verb,
                            std::optional<std::uint64_t> before) {
  const Line line{.sequence = sequence, .time_ns = time_ns, .source = "gate", .verb = verb};
  if (!before) return line.make();
  return line.make(write_sequence(*before), write_sequence(sequence));
}

ChangeReader::ChangeReader(const config::Deployment& deployment, std::filesystem::path journal)
    : deployment_(deployment),
      journal_(std::move(journal)),
      values_(deployment),
      begun_hash_(parameters::hash_of(deployment.canonical_text)) {}

// --- commands

ChangeReader::Standing ChangeReader::standing(gate::Gate& gate, const journal::RecordView& record) {
  risk::Control control;
  if (type_of(record) == RecordType::Control && gate::read_record(record, control)) {
    return {.key = "states",
            .words = control::states_of(gate.engine(), control.scope, control.target),
            .is_list = true};
  }
  if (type_of(record) == RecordType::AcceptState)
    return {.key = "state", .words = {control::state_of(gate)}};
  if (type_of(record) == RecordType::VenueLink)
    return {.key = "link", .words = {control::name_of(gate.link())}};
  return {};
}

void ChangeReader::write(json::Writer& out, const Standing& standing) {
  if (standing.key.empty()) {
    out.null();
    return;
  }
  out.begin_object().key(standing.key);
  if (standing.is_list) out.begin_list();
  for (const std::string_view word : standing.words) out.text(word);
  if (standing.is_list) out.end_list();
  out.end_object();
}

void ChangeReader::before(gate::Gate& gate, const journal::RecordView& record) {
  if (who_) before_ = standing(gate, record);
  if (type_of(record) == RecordType::Parameters) {
    const gate::ParametersInForce& in_force = gate.parameters();
    replaced_ = in_force.version == 0 ? begun_hash_ : in_force.hash;
  }
  open_.reset();
  std::uint32_t change = 0;
  if (gate::ParametersRecord of; type_of(record) == RecordType::Parameters)
    change = gate::read_record(record, of) ? of.change : 0;
  if (gate::ChangeRecord of; type_of(record) == RecordType::Change)
    change = gate::read_record(record, of) ? of.id : 0;
  if (const gate::OpenChange* const open = gate.changes().find(change)) open_ = *open;
}

// The record behind who gave it. Where a process was killed between the two it is another one, and
// the command was never given.
void ChangeReader::take_command(gate::Gate& gate, const journal::RecordView& record) {
  Line line{.sequence = record.sequence,
            .time_ns = record.time_ns,
            .by = trimmed(who_->by),
            .role = gate::name_of(who_->role),
            .source = gate::name_of(who_->source),
            .reason = trimmed(who_->reason),
            .parameters = gate.engine().parameters().version};
  risk::Control control;
  gate::SweepRecord sweep;
  std::string alert;
  const auto aim = [&](std::string_view scope, std::uint32_t target) {
    line.scope = scope;
    line.target = values_.records().name_in(scope, target);
  };
  if (type_of(record) == RecordType::Control && gate::read_record(record, control)) {
    line.verb = gate::name_of(control.action);
    aim(gate::name_of(control.scope), control.target);
  } else if (type_of(record) == RecordType::Sweep && gate::read_record(record, sweep)) {
    line.verb = "cancel_all";
    aim(gate::name_of(sweep.scope), sweep.target);
  } else if (type_of(record) == RecordType::AcceptState) {
    line.verb = "accept_state";
  } else if (type_of(record) == RecordType::VenueLink && is_orders_dead(record)) {
    line.verb = "lost_orders_dead";
  } else if (gate::AcknowledgeRecord seen;
             type_of(record) == RecordType::Acknowledge && gate::read_record(record, seen)) {
    line.verb = "acknowledge";
    line.scope = "alert";
    alert = follower::to_text({.record = seen.raised_by, .place = seen.place});
    line.target = alert;
  } else {
    line.sequence = who_sequence_;
    line.time_ns = who_->time.ns;
    line.verb = "none";
    line.result = "not_done";
    changes_.push_back(line.make());
    return;
  }
  const Standing now = standing(gate, record);
  changes_.push_back(line.make([&](json::Writer& out) { write(out, before_); },
                               [&](json::Writer& out) { write(out, now); }));
}

// --- parameters

std::string ChangeReader::text_of(const gate::ParameterHash& hash) const {
  if (hash == begun_hash_) return deployment_.canonical_text;
  std::string text;
  if (!parameters::read_parameters(journal_, hash, text).empty()) text.clear();
  return text;
}

void ChangeReader::write_keys(json::Writer& out, const std::string& from,
                              const std::string& to) const {
  const config::JsonResult old_json = config::parse_json(from);
  const config::JsonResult new_json = config::parse_json(to);
  if (!old_json.error.empty() || !new_json.error.empty()) {
    out.null("keys").null("keys_changed");
    return;
  }
  std::vector<std::string> paths;
  find_changes(&old_json.json, &new_json.json, "", paths);
  std::ranges::sort(paths);
  out.key("keys").begin_list();
  for (std::size_t n = 0; n < std::min(paths.size(), kKeysMax); ++n) out.text(paths[n]);
  out.end_list().number("keys_changed", static_cast<std::int64_t>(paths.size()));
}

void ChangeReader::take_parameters(gate::Gate& gate, const journal::RecordView& record) {
  gate::ParametersRecord change;
  if (!gate::read_record(record, change)) return;
  const bool is_in_force = gate.parameters().version == change.version;
  const Line line{.sequence = record.sequence,
                  .time_ns = record.time_ns,
                  .by = trimmed(change.by),
                  .source = "configuration",
                  .verb = gate::name_of(change.cause),
                  .reason = open_ ? trimmed(open_->reason) : std::string_view(),
                  .parameters = gate.engine().parameters().version,
                  .result = is_in_force ? kDone : "not_done"};
  changes_.push_back(line.make(
      [&](json::Writer& out) {
        out.begin_object()
            .number("version", change.replaces)
            .text("configuration", feeds::to_text(replaced_))
            .end_object();
      },
      [&](json::Writer& out) {
        out.begin_object()
            .number("version", change.version)
            .text("configuration", feeds::to_text(change.hash));
        write_keys(out, text_of(replaced_), text_of(change.hash));
        if (change.change != 0) write_changed(out, change);
        out.end_object();
      }));
}

// Which change it was, who wanted it, and what became of which value.
void ChangeReader::write_changed(json::Writer& out, const gate::ParametersRecord& record) const {
  const std::string_view proposer = open_ ? trimmed(open_->by) : std::string_view();
  const std::string_view approver = open_ ? trimmed(open_->approver) : std::string_view();
  out.number("change", record.change);
  out.text_or_null("proposed_by", proposer);
  out.text_or_null("approver", approver);
  const auto differences = config::differences(text_of(replaced_), text_of(record.hash));
  out.key("values").begin_list();
  for (std::size_t n = 0; n < std::min(differences.size(), kKeysMax); ++n) {
    const config::Difference& one = differences[n];
    out.begin_object()
        .text("path", one.file + ": " + one.path)
        .text("old", one.from.substr(0, kValueMax))
        .text("new", one.to.substr(0, kValueMax))
        .end_object();
  }
  out.end_list().number("values_changed", static_cast<std::int64_t>(differences.size()));
}

void ChangeReader::take_change(gate::Gate& gate, const journal::RecordView& record) {
  gate::ChangeRecord change;
  if (!gate::read_record(record, change)) return;
  const Line line{.sequence = record.sequence,
                  .time_ns = record.time_ns,
                  .by = trimmed(change.by),
                  .role = gate::name_of(change.role),
                  .source = gate::name_of(change.source),
                  .verb = gate::name_of(change.step),
                  .reason = trimmed(change.reason),
                  .parameters = gate.engine().parameters().version};
  const auto begin = [&](json::Writer& out) -> json::Writer& {
    return out.begin_object().number("change", change.id);
  };
  if (change.step != gate::ChangeStep::Propose) {
    changes_.push_back(line.make(
        [&](json::Writer& out) {
          begin(out);
          out.text_or_null("proposed_by", open_ ? trimmed(open_->by) : std::string_view());
          out.end_object();
        },
        [](json::Writer& out) { out.null(); }));
    return;
  }
  std::string content;
  if (change.kind == gate::ChangeKind::Override) content = text_of(change.hash);
  std::vector<config::Problem> problems;
  const auto limits =
      config::read_limit_overrides("", config::parse_json(content).json, "limits", problems);
  changes_.push_back(line.make([](json::Writer& out) { out.null(); },
                               [&](json::Writer& out) {
                                 begin(out)
                                     .text("kind", gate::name_of(change.kind))
                                     .text("content", feeds::to_text(change.hash))
                                     .number_or_null("effective_at_ns", change.effective_at.ns)
                                     .number_or_null("expires_at_ns", change.expires_at.ns)
                                     .boolean("needs_approval", change.needs_approval != 0)
                                     .key("limits")
                                     .begin_list();
                                 for (const config::LimitOverride& limit : limits)
                                   control::write_limit(out, limit);
                                 out.end_list().end_object();
                               }));
}

// --- facts

template <class Fact>
void ChangeReader::take_fact(gate::Gate& gate, const journal::RecordView& record,
                             const Fact& fact) {
  Line line{.sequence = record.sequence,
            .time_ns = record.time_ns,
            .source = gate::name_of(gate::OperatorSource::CommandsFile),
            .verb = gate::name_of(type_of(record)),
            .parameters = gate.engine().parameters().version};
  if (who_) {
    line.by = trimmed(who_->by);
    line.role = gate::name_of(who_->role);
    line.source = gate::name_of(who_->source);
    line.reason = trimmed(who_->reason);
  }
  if constexpr (requires { fact.decision; }) {
    if (fact.decision.disposition == risk::Disposition::Reject) line.result = "refused";
  }
  const std::string text = fact_text(record, values_.records());
  changes_.push_back(line.make([](json::Writer& out) { out.null(); },
                               [&](json::Writer& out) {
                                 out.begin_object()
                                     .number("number", static_cast<std::int64_t>(fact.number))
                                     .text("fact", text)
                                     .end_object();
                               }));
}

void ChangeReader::after(gate::Gate& gate, const journal::RecordView& record) {
  if (is_fact(record)) {
    (void)gate::with_record(record, [&]<class Record>(const Record& read) {
      if constexpr (requires {
                      read.number;
                      read.command;
                    })
        take_fact(gate, record, read);
    });
    who_.reset();
    return;
  }
  if (who_) {
    take_command(gate, record);
    who_.reset();
  }
  if (type_of(record) == RecordType::Operator) {
    gate::OperatorRecord who;
    if (gate::read_record(record, who)) {
      who_ = who;
      who_sequence_ = record.sequence;
    }
    return;
  }
  if (type_of(record) == RecordType::Parameters) return take_parameters(gate, record);
  if (type_of(record) == RecordType::Change) take_change(gate, record);
}

}  // namespace portcullis::gateway::audit
