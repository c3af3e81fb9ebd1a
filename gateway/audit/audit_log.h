// The audit log of a running gate: the file audit.log beside the journal, one line for each change that
// a person or a configuration made (AUDIT.md). The lines are made of the journal's records where these
// are redone, at a start and by the follower, which writes them; the order path knows nothing of it.
//
// What could not be written waits and is tried again; nothing stops for it.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config/deployment.h"
#include "gateway/audit/change_reader.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/files.h"

namespace portcullis::gateway::audit {

// Of the file.
struct AuditHead {
  std::uint64_t lines = 0;
  std::string hash;  // of the newest line; empty: none is there, or the file was not looked at yet
};

class AuditLog {
 public:
  // `directory` is the journal's, `last_sequence` of the last record that is there before anything is
  // appended: what the file has of records behind it the machine took. Looks at nothing yet.
  AuditLog(const config::Deployment& deployment, std::filesystem::path directory,
           std::uint64_t last_sequence, const journal::FileOps& ops = journal::kSystemFileOps);

  // --- one thread at a time
  // Around Gate::redo() of each record behind a snapshot, or of all. Those that the file has a line of
  // already are taken again without harm.
  void before(gate::Gate& gate, const journal::RecordView& record) {
    changes_.before(gate, record);
  }
  void after(gate::Gate& gate, const journal::RecordView& record);

  // Whether write() would do anything.
  [[nodiscard]] bool has_work() const;
  // Everything that the records so far tell is in the file, and synced; else a snapshot of the state
  // behind them may not be kept, since a start from it would not read them again.
  [[nodiscard]] bool is_whole() const { return !changes_.is_between() && waiting_.empty(); }
  // The last record tells who gives the command that the next one is.
  [[nodiscard]] bool is_between() const { return changes_.is_between(); }
  // Writes and syncs the lines that wait. The problem, or an empty text.
  [[nodiscard]] std::string write();

  // --- any thread
  [[nodiscard]] AuditHead head() const;

 private:
  [[nodiscard]] std::string open();
  [[nodiscard]] std::string read_end();
  [[nodiscard]] std::string failed(std::string_view what) const;
  void set_head(AuditHead head);

  const std::filesystem::path directory_;
  const std::filesystem::path path_;
  const std::uint64_t last_sequence_;
  const journal::FileOps& ops_;
  ChangeReader changes_;
  std::deque<Change> waiting_;
  std::uint64_t first_ = 0;  // record that was taken; 0: none was
  std::int64_t first_time_ns_ = 0;

  journal::Fd file_;            // once its end is known
  std::uint64_t end_ = 0;       // of the last line that is written and synced
  std::uint64_t written_ = 0;   // the sequence of that line
  std::optional<Change> lost_;  // to be written first

  mutable std::mutex mutex_;  // of the head alone
  AuditHead head_;
};

}  // namespace portcullis::gateway::audit
