#include "gateway/commands/audit_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

#include "config/json.h"
#include "gateway/audit/change_reader.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/files.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway {

namespace {

using audit::AuditProblem;
using audit::Change;
using audit::CheckedChain;

// What the journal's records tell.
struct Recorded {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::map<std::uint64_t, std::string> changes;  // contents by sequence
};

Recorded read_changes(const std::filesystem::path& folder) {
  const auto deployment = need_deployment(folder);
  const follower::Resumed start = begin_reading(folder, *deployment, follower::From::Earliest);
  gate::Gate& gate = *start.gate;
  journal::ReaderOptions options = reader_options(folder);
  options.from_sequence = start.position.sequence + 1;
  journal::Reader reader(folder, options);
  audit::ChangeReader changes(*deployment, folder);
  Recorded recorded{.first = options.from_sequence, .last = start.position.sequence, .changes = {}};
  journal::RecordView record;
  journal::ReadStatus status{};
  while ((status = reader.next(record)) == journal::ReadStatus::Record) {
    changes.before(gate, record);
    if (!gate.redo(record)) throw std::runtime_error(follower::why_not_redone(gate, record));
    changes.after(gate, record);
    for (Change& change : changes.take())
      recorded.changes.emplace(change.sequence, std::move(change.content));
    recorded.last = record.sequence;
  }
  if (status == journal::ReadStatus::Damaged) throw std::runtime_error(reader.error());
  return recorded;
}

// The first member that differs, and both its values.
std::string difference(std::string_view line, std::string_view recorded) {
  const config::JsonResult ours = config::parse_json(std::string(line) + '}');
  const config::JsonResult theirs = config::parse_json(std::string(recorded) + '}');
  if (ours.error.empty() && theirs.error.empty()) {
    for (const config::JsonMember& member : theirs.json.members) {
      const config::Json* const said = ours.json.find(member.name);
      const std::string is = said == nullptr ? "nothing" : config::to_text(*said);
      if (is != config::to_text(member.value)) {
        return fmt::format("{} is {}, and by the journal {}", member.name, is,
                           config::to_text(member.value));
      }
    }
  }
  return "it is written otherwise than the journal's record makes it";
}

std::string verb_of(std::string_view content) {
  return audit::member_text(std::string(content) + '}', "verb");
}

class Comparison {
 public:
  // `known`: so many lines were there before the journal was read; others may be of later records.
  Comparison(const CheckedChain& chain, std::size_t known, const Recorded& recorded,
             AuditVerdict& verdict)
      : chain_(chain), known_(known), recorded_(recorded), verdict_(verdict) {}

  void compare() {
    std::map<std::uint64_t, std::size_t> lines;  // by sequence, those that stand for a record
    for (std::size_t n = 0; n < chain_.parts.size(); ++n) {
      const audit::AuditLine& parts = chain_.parts[n];
      if (parts.content.empty() || chain_.lost[n]) continue;
      const std::string verb = verb_of(parts.content);
      if (verb == "begin" || verb == "lost") {
        if (verb == "begin" && n == 0) begins_behind_ = parts.sequence;
        continue;
      }
      lines.emplace(parts.sequence, n);
      look_at(n);
    }
    for (const auto& [sequence, content] : recorded_.changes) {
      if (sequence <= begins_behind_) ++verdict_.before_log;
      if (sequence <= begins_behind_ || lines.contains(sequence)) continue;
      const auto next = lines.upper_bound(sequence);
      const bool is_last = next == lines.end();
      problem(
          is_last ? chain_.lines.size() + 1 : next->second + 1,
          fmt::format("{}the journal's record {} ({}) has no line{}",
                      is_last ? "" : "before it a line is missing: ", sequence, verb_of(content),
                      is_last ? ": the log's end was cut off, or its gate was killed before it "
                                "wrote the line, and writes it when it starts"
                              : ""));
    }
  }

 private:
  void look_at(std::size_t n) {
    const audit::AuditLine& parts = chain_.parts[n];
    if (parts.sequence < recorded_.first || parts.sequence <= begins_behind_) return;
    if (parts.sequence > recorded_.last) {
      if (n >= known_) return;
      problem(n + 1, fmt::format("there is no record {}: the journal ends with {}", parts.sequence,
                                 recorded_.last));
      return;
    }
    const auto found = recorded_.changes.find(parts.sequence);
    if (found == recorded_.changes.end()) {
      problem(n + 1, fmt::format("the journal's record {} changes nothing: the line was inserted",
                                 parts.sequence));
      return;
    }
    ++verdict_.compared;
    if (found->second != parts.content) problem(n + 1, difference(parts.content, found->second));
  }
  void problem(std::size_t line, std::string what) {
    verdict_.problems.push_back({line, std::move(what)});
  }

  const CheckedChain& chain_;
  const std::size_t known_;
  const Recorded& recorded_;
  AuditVerdict& verdict_;
  std::uint64_t begins_behind_ = 0;
};

// A gate that runs writes a line a moment after the record.
std::string read_when_written(const std::filesystem::path& folder, const Recorded& recorded) {
  constexpr std::chrono::milliseconds kMoment{50};
  constexpr int kMomentsMax = 40;
  const auto state = journal::read_state(folder);
  const bool is_closed = state && (state->flags & journal::StateRecord::kClean) != 0;
  std::string text = read_audit(folder);
  for (int n = 0; n < kMomentsMax && !is_closed; ++n) {
    const CheckedChain chain = audit::check_chain(text);
    const std::uint64_t last = chain.parts.empty() ? 0 : chain.parts.back().sequence;
    const bool is_whole = text.empty() || text.back() == '\n';
    if (is_whole && recorded.changes.upper_bound(last) == recorded.changes.end()) break;
    std::this_thread::sleep_for(kMoment);
    text = read_audit(folder);
  }
  return text;
}

}  // namespace

std::string read_audit(const std::filesystem::path& folder) {
  return read_text(folder / audit::kAuditName);
}

AuditVerdict verify_audit(const std::filesystem::path& folder, std::string_view head) {
  AuditVerdict verdict;
  Recorded recorded;
  const std::string known = read_audit(folder);
  std::string why;
  try {
    recorded = read_changes(folder);
  } catch (const std::exception& error) {
    why = fmt::format("it cannot be compared with the journal: {}", error.what());
  }
  const std::string text = read_when_written(folder, recorded);
  const CheckedChain chain = audit::check_chain(text);
  verdict.lines = chain.lines.size();
  if (!chain.parts.empty()) verdict.head = std::string(chain.parts.back().hash);
  verdict.problems = chain.problems;
  if (why.empty()) {
    verdict.first_record = recorded.first;
    verdict.last_record = recorded.last;
    Comparison(chain, static_cast<std::size_t>(std::ranges::count(known, '\n')), recorded, verdict)
        .compare();
  } else {
    verdict.problems.push_back({0, why});
  }
  if (!head.empty()) {
    for (std::size_t n = 0; n < chain.parts.size() && verdict.head_line == 0; ++n)
      if (chain.parts[n].hash == head) verdict.head_line = n + 1;
    if (verdict.head_line == 0) {
      verdict.problems.push_back({0, fmt::format("no line has the hash {}: lines were cut off, or "
                                                 "the log was written anew",
                                                 head)});
    }
  }
  std::ranges::stable_sort(verdict.problems, {}, &AuditProblem::line);
  return verdict;
}

}  // namespace portcullis::gateway
