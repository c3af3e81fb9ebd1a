// Removes the files of risk tables that nothing needs any more. The rule is in feeds/TABLES.md: a file
// stays while a record of a segment that is kept names it, or a snapshot that is kept, or the state
// that the next snapshot will be of, or while its record is still awaited; and none goes before all of
// that is known.
//
// The follower's thread, but for the functions outside of the class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "feeds/table_folder.h"
#include "gateway/follower/snapshot.h"
#include "gateway/journal/files.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway::follower {

// The section of a snapshot that names the tables of its state: u64 count, then the hashes.
inline constexpr std::string_view kTablesSection = "tables";
// `tables` by group, zeros for none.
[[nodiscard]] std::vector<std::byte> tables_section(std::span<const feeds::TableHash> tables);
// Nothing: the snapshot does not say.
[[nodiscard]] std::optional<std::vector<feeds::TableHash>> tables_of(const Snapshot& snapshot);

class TableRetention {
 public:
  // `directory` is the journal's. `last_sequence`: records behind it are told (take); what those up to
  // it name is looked up in the journal.
  TableRetention(std::filesystem::path directory, feeds::TableFolder& folder,
                 std::uint64_t last_sequence, const journal::FileOps& ops);

  // The next record.
  void take(const journal::RecordView& record);
  // A snapshot was written: others may be gone, and segments may go.
  void snapshot_written();

  // Whether step() would do anything.
  [[nodiscard]] bool has_work() const noexcept { return is_due_; }
  // Reads up to so many of the old records; once all of them are known, removes what nothing needs.
  // `in_force`: the tables of the state behind the last record taken, by group.
  void step(std::span<const feeds::TableHash> in_force, std::size_t records_max);

  [[nodiscard]] std::uint64_t removed() const noexcept { return removed_; }
  // What an operator should know since this was asked last: the first thing of a round, and not again
  // before there was a round without any.
  [[nodiscard]] std::string take_problem() { return std::exchange(problem_, {}); }

 private:
  void note(const journal::RecordView& record);
  [[nodiscard]] std::optional<std::uint64_t> first_kept();
  void look_back(std::size_t records_max);
  void cannot_look_back(std::string why);
  void remove_needless(std::span<const feeds::TableHash> in_force);
  [[nodiscard]] bool sync(const std::filesystem::path& folder);
  [[nodiscard]] bool add_tables_of_snapshots(std::vector<feeds::TableHash>& needed);
  void tell(const std::string& what);

  const std::filesystem::path directory_;
  feeds::TableFolder& folder_;
  const journal::FileOps& ops_;

  // By file that may be there, the last record that names it; 0: none that is known.
  std::map<feeds::TableHash, std::uint64_t> files_;
  bool is_due_;

  // What is looked back upon: the records next_ .. last_sequence_.
  const std::uint64_t last_sequence_;
  std::uint64_t next_ = 1;
  std::unique_ptr<journal::Reader> reader_;
  std::uint64_t opened_at_ = 0;  // the first record that was kept then

  // By sequence; nothing: it does not say.
  std::map<std::uint64_t, std::optional<std::vector<feeds::TableHash>>> snapshots_;

  std::uint64_t removed_ = 0;
  std::string problem_;
  std::string told_;
  bool is_quiet_ = true;  // this step so far
};

}  // namespace portcullis::gateway::follower
