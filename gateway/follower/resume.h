// A start-up: the newest good snapshot, and the records behind it, as they were decided.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "gateway/follower/snapshot.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"

namespace portcullis::gateway::audit {
class AuditLog;
}

namespace portcullis::gateway::follower {

// The risk tables of a journal's folder, for gates that redo its records.
[[nodiscard]] gate::TableSource tables_in(const std::filesystem::path& journal);

enum class From : std::uint8_t {
  Newest,    // the newest good snapshot; where there is none, the first record
  First,     // the first record; where that is gone, the newest good snapshot
  Earliest,  // the first record; where that is gone, the oldest good snapshot
};

struct ResumeOptions {
  std::filesystem::path directory;
  // Of the journal where it is open; nothing: a journal that is only read, to its end.
  std::optional<std::uint64_t> last_sequence = std::nullopt;
  bool include_ring = false;  // see journal::ReaderOptions
  std::span<Companion* const> companions{};
  audit::AuditLog* audit = nullptr;  // takes the records that are redone
  // Snapshots that cannot be of this journal, since it does not reach so far or has another record
  // there, are removed: a later one of the same sequence would be taken for them.
  bool remove_foreign = false;
  From from = From::Newest;
};

struct Resumed {
  std::unique_ptr<gate::Gate> gate;
  Position position;              // of the last record
  std::uint64_t snapshot = 0;     // of the last record in the snapshot; 0: from the first record on
  std::vector<std::string> told;  // what an operator should know, a line each
};

// Where a journal may be opened without what lies before (journal::Options): behind the last records
// of the snapshots that can be read and are of this configuration, newest first.
[[nodiscard]] std::vector<Position> start_positions(const config::Deployment& deployment,
                                                    const std::filesystem::path& directory);

// Throws std::runtime_error where there is no way to a state: the journal is damaged, or was begun
// under another configuration, a record is none of this version's, the state was not loaded whole.
// A marker that found another state is no such case: gate::Gate::differs_at() names it.
[[nodiscard]] Resumed resume(const config::Deployment& deployment, journal::Journal* journal,
                             const ResumeOptions& options);

// For a record that Gate::redo has not taken.
[[nodiscard]] std::string why_not_redone(const gate::Gate& gate, const journal::RecordView& record);

// Only the beginning of it: a gate to which the records behind `position` come next. Throws where the
// first record is gone and no snapshot is good.
[[nodiscard]] Resumed begin(const config::Deployment& deployment, journal::Journal* journal,
                            const ResumeOptions& options);

}  // namespace portcullis::gateway::follower
