#include "gateway/follower/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "gateway/audit/audit_log.h"
#include "gateway/journal/reader.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::follower {

namespace {

// Whether the record that a snapshot ends with is in the journal.
enum class Ending : std::uint8_t {
  There,
  Foreign,  // another record is, or none: it was made of another history
  Gone,     // its segment was removed, or is damaged
};

Ending ending(const Position& position, const ResumeOptions& options) {
  if (options.last_sequence && *options.last_sequence < position.sequence) return Ending::Foreign;
  try {
    journal::Reader reader(options.directory, {.from_sequence = position.sequence,
                                               .include_ring = options.include_ring});
    journal::RecordView record;
    const journal::ReadStatus status = reader.next(record);
    if (status == journal::ReadStatus::Damaged) return Ending::Gone;
    const bool is_same = status == journal::ReadStatus::Record &&
                         record.sequence == position.sequence &&
                         mark_of(record) == position.record_mark;
    return is_same ? Ending::There : Ending::Foreign;
  } catch (const journal::JournalError&) {
    return Ending::Gone;
  }
}

// The problem, or an empty text and the gate and the companions as they were saved.
std::string load(const config::Deployment& deployment, const Snapshot& snapshot,
                 const journal::JournalId& id, std::span<Companion* const> companions,
                 gate::Gate& gate) {
  const SnapshotHeader& header = snapshot.header;
  if (header.journal_id != id) return "is of another journal";
  if (header.configuration_hash != deployment.canonical_hash)
    return "was written under another configuration";
  if (header.layout_hash != gate.layout_hash()) return "was written by another version";
  if (const char* problem = gate.load(snapshot.section("gate")))
    return fmt::format("cannot be loaded: {}{}{}", problem,
                       gate.source_problem().empty() ? "" : ": ", gate.source_problem());
  if (gate.state_hash() != header.state_hash)
    return fmt::format("holds another state, {:016x}, than it says, {:016x}", gate.state_hash(),
                       header.state_hash);
  for (Companion* companion : companions) {
    const auto section = snapshot.section(companion->name());
    if ((section.empty() && companion->is_needed()) || !companion->load(section))
      return fmt::format("has no good section {}", companion->name());
  }
  return {};
}

// The first good snapshot in the order that is asked for; no gate where there is none. What is wrong with
// those before it is told.
Resumed load_snapshot(const config::Deployment& deployment, journal::Journal* journal,
                      const ResumeOptions& options, const journal::JournalId& id) {
  Resumed resumed;
  std::vector<SnapshotFile> files = list_snapshots(options.directory);
  if (options.from == From::Earliest) std::ranges::reverse(files);
  for (const SnapshotFile& file : files) {
    Snapshot snapshot;
    std::string wrong = read_snapshot(file, snapshot);
    if (wrong.empty()) {
      auto gate = std::make_unique<gate::Gate>(deployment, journal, tables_in(options.directory),
                                               parameters::parameters_in(options.directory));
      wrong = load(deployment, snapshot, id, options.companions, *gate);
      if (wrong.empty()) {
        const Ending found = ending(snapshot.position, options);
        if (found == Ending::There) {
          resumed.gate = std::move(gate);
          resumed.position = snapshot.position;
          resumed.snapshot = file.sequence;
          return resumed;
        }
        wrong = "ends with a record that the journal does not have";
        std::error_code ignored;
        if (found == Ending::Foreign && options.remove_foreign)
          std::filesystem::remove(file.path, ignored);
      }
      wrong = fmt::format("{} {}", file.path.string(), wrong);
    }
    resumed.told.push_back(wrong);
  }
  for (Companion* companion : options.companions) (void)companion->load({});
  return resumed;
}

}  // namespace

gate::TableSource tables_in(const std::filesystem::path& journal) {
  return [journal](const feeds::TableHash& hash) { return feeds::load_table(journal, hash); };
}

std::vector<Position> start_positions(const config::Deployment& deployment,
                                      const std::filesystem::path& directory) {
  std::vector<Position> positions;
  for (const SnapshotFile& file : list_snapshots(directory)) {
    Snapshot snapshot;
    if (!read_snapshot(file, snapshot).empty()) continue;
    if (snapshot.header.configuration_hash != deployment.canonical_hash) continue;
    positions.push_back(std::move(snapshot.position));
  }
  return positions;
}

std::string why_not_redone(const gate::Gate& gate, const journal::RecordView& record) {
  if (gate.source_problem().empty())
    return fmt::format("journal record {} is none of this version's", record.sequence);
  return fmt::format("journal record {} cannot be redone: {}", record.sequence,
                     gate.source_problem());
}

Resumed begin(const config::Deployment& deployment, journal::Journal* journal,
              const ResumeOptions& options) {
  const journal::Reader reader(options.directory, {.from_sequence = 0});
  const bool is_whole = reader.next_sequence() == 1;
  Resumed begun;
  if (options.from == From::Newest || !is_whole)
    begun = load_snapshot(deployment, journal, options, reader.id());
  if (begun.gate != nullptr) return begun;
  if (!is_whole) {
    std::string text = fmt::format(
        "{}: the first record there is {}, and there is no good snapshot of what came before",
        options.directory.string(), reader.next_sequence());
    for (const std::string& told : begun.told) text += '\n' + told;
    throw std::runtime_error(text);
  }
  begun.gate = std::make_unique<gate::Gate>(deployment, journal, tables_in(options.directory),
                                            parameters::parameters_in(options.directory));
  return begun;
}

Resumed resume(const config::Deployment& deployment, journal::Journal* journal,
               const ResumeOptions& options) {
  Resumed resumed = begin(deployment, journal, options);
  if (resumed.position.stream_next.size() < deployment.sessions.size())
    resumed.position.stream_next.resize(deployment.sessions.size(), 1);

  journal::Reader reader(options.directory, {.from_sequence = resumed.position.sequence + 1,
                                             .include_ring = options.include_ring});
  journal::RecordView record;
  journal::ReadStatus status{};
  while ((status = reader.next(record)) == journal::ReadStatus::Record) {
    if (record.sequence == 1) {
      gate::StartRecord start;
      if (!journal::read_command(record, start) ||
          start.configuration_hash != deployment.canonical_hash) {
        throw std::runtime_error(fmt::format(
            "{}: begun under another configuration, which is kept there as configuration.json",
            options.directory.string()));
      }
    }
    if (options.audit != nullptr) options.audit->before(*resumed.gate, record);
    if (!resumed.gate->redo(record)) {
      throw std::runtime_error(why_not_redone(*resumed.gate, record));
    }
    if (options.audit != nullptr) options.audit->after(*resumed.gate, record);
    for (Companion* companion : options.companions) companion->take(record, *resumed.gate);
    resumed.position.take(record);
  }
  if (status == journal::ReadStatus::Damaged) throw std::runtime_error(reader.error());
  if (!resumed.gate->is_loaded()) {
    throw std::runtime_error(
        fmt::format("{}: the process was killed while the state was loaded; move the folder away "
                    "and load it again",
                    options.directory.string()));
  }
  if (const std::uint64_t at = resumed.gate->differs_at(); at != 0) {
    resumed.told.push_back(fmt::format(
        "journal record {}: the records before it make another state than the one it was written "
        "in; no order is taken until an operator accepts this one (accept_recovered_state)",
        at));
  }
  return resumed;
}

}  // namespace portcullis::gateway::follower
