#include "gateway/follower/table_retention.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/gate/records.h"

namespace portcullis::gateway::follower {

using feeds::TableHash;

namespace {

std::optional<TableHash> named_by(const journal::RecordView& record) {
  gate::PublishTableRecord published;
  if (static_cast<gate::RecordType>(record.type) != gate::RecordType::PublishTable ||
      !journal::read_command(record, published)) {
    return std::nullopt;
  }
  return published.hash;
}

}  // namespace

std::vector<std::byte> tables_section(std::span<const TableHash> tables) {
  std::uint64_t count = 0;
  std::vector<std::byte> bytes(sizeof count);
  for (const TableHash& hash : tables) {
    if (hash == TableHash{}) continue;
    ++count;
    const auto of_hash = std::as_bytes(std::span(hash));
    bytes.insert(bytes.end(), of_hash.begin(), of_hash.end());
  }
  std::memcpy(bytes.data(), &count, sizeof count);
  return bytes;
}

std::optional<std::vector<TableHash>> tables_of(const Snapshot& snapshot) {
  std::span<const std::byte> in = snapshot.section(kTablesSection);
  std::uint64_t count = 0;
  if (in.size() < sizeof count) return std::nullopt;
  std::memcpy(&count, in.data(), sizeof count);
  in = in.subspan(sizeof count);
  if (in.size() % sizeof(TableHash) != 0 || in.size() / sizeof(TableHash) != count)
    return std::nullopt;
  std::vector<TableHash> tables(count);
  if (count > 0) std::memcpy(tables.data(), in.data(), in.size());
  return tables;
}

// What is there before anything is written was left by processes before this one, and only the records
// that they have written can name it.
TableRetention::TableRetention(std::filesystem::path directory, feeds::TableFolder& folder,
                               std::uint64_t last_sequence, const journal::FileOps& ops)
    : directory_(std::move(directory)), folder_(folder), ops_(ops), last_sequence_(last_sequence) {
  for (const TableHash& hash : feeds::list_tables(directory_)) files_[hash] = 0;
  if (files_.empty()) next_ = last_sequence_ + 1;
  is_due_ = !files_.empty();
}

void TableRetention::note(const journal::RecordView& record) {
  if (const std::optional<TableHash> hash = named_by(record)) {
    std::uint64_t& last = files_[*hash];
    last = std::max(last, record.sequence);
  }
}

void TableRetention::take(const journal::RecordView& record) {
  note(record);
  if (const std::optional<TableHash> hash = named_by(record)) folder_.recorded(*hash);
}

void TableRetention::snapshot_written() { is_due_ = !files_.empty(); }

void TableRetention::tell(const std::string& what) {
  if (!std::exchange(is_quiet_, false) || what == told_) return;
  told_ = what;
  problem_ = what;
}

void TableRetention::step(std::span<const TableHash> in_force, std::size_t records_max) {
  if (!is_due_) return;
  is_quiet_ = true;
  if (next_ <= last_sequence_) look_back(records_max);
  if (!is_due_ || next_ <= last_sequence_) return;
  reader_.reset();
  is_due_ = false;
  remove_needless(in_force);
  if (is_quiet_) told_.clear();
}

// --- what the records name

// By the folder, not by whoever removes segments: whatever is there may be read.
std::optional<std::uint64_t> TableRetention::first_kept() {
  try {
    const std::vector<std::uint32_t> segments = journal::list_segments(directory_);
    if (segments.empty()) return std::nullopt;
    const std::uint32_t number = segments.front();
    const journal::Fd fd = journal::open_file(directory_ / journal::segment_name(number), O_RDONLY);
    journal::JournalId id{};
    journal::SegmentHeader header;
    if (!fd || !journal::read_segment_header(fd.get(), number, id, header).empty())
      return std::nullopt;
    return header.first_sequence;
  } catch (const journal::JournalError&) {
    return std::nullopt;
  }
}

// A segment may be removed under the reader: then it begins anew with the first that is left.
void TableRetention::look_back(std::size_t records_max) {
  try {
    if (reader_ == nullptr) {
      const std::optional<std::uint64_t> first = first_kept();
      if (!first) return cannot_look_back("its first segment cannot be read");
      opened_at_ = *first;
      next_ = std::max(next_, *first);
      if (next_ > last_sequence_) return;
      reader_ = std::make_unique<journal::Reader>(
          directory_, journal::ReaderOptions{.from_sequence = next_, .include_ring = true});
    }
    journal::RecordView record;
    for (std::size_t n = 0; n < records_max && next_ <= last_sequence_; ++n) {
      const journal::ReadStatus status = reader_->next(record);
      if (status == journal::ReadStatus::Damaged) return cannot_look_back(reader_->error());
      if (status == journal::ReadStatus::End)
        return cannot_look_back(fmt::format("record {} is not there", next_));
      note(record);
      next_ = record.sequence + 1;
    }
  } catch (const journal::JournalError& error) {
    cannot_look_back(error.what());
  }
}

// It is tried again at the next snapshot: what is damaged may be removed by then. `why` may be the
// reader's own word, which goes with it.
void TableRetention::cannot_look_back(std::string why) {
  reader_.reset();
  if (const auto first = first_kept(); first && *first != opened_at_) return;
  is_due_ = false;
  tell("no risk table that is not needed can be removed: " + std::move(why));
}

// --- what goes

bool TableRetention::sync(const std::filesystem::path& folder) {
  const journal::Fd fd = journal::open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!fd && errno == ENOENT) return true;
  if (fd && ops_.fdatasync(fd.get()) == 0) return true;
  const int error_number = errno;
  tell(fmt::format("no risk table that is not needed can be removed: syncing {}: {}",
                   folder.string(), journal::error_text(error_number)));
  return false;
}

// False: one of them does not say.
bool TableRetention::add_tables_of_snapshots(std::vector<TableHash>& needed) {
  const std::vector<SnapshotFile> files = list_snapshots(directory_);
  std::erase_if(snapshots_, [&](const auto& known) {
    return std::ranges::find(files, known.first, &SnapshotFile::sequence) == files.end();
  });
  for (const SnapshotFile& file : files) {
    auto known = snapshots_.find(file.sequence);
    if (known == snapshots_.end()) {
      Snapshot snapshot;
      const std::string wrong = read_snapshot(file, snapshot);
      known = snapshots_.emplace(file.sequence, wrong.empty() ? tables_of(snapshot) : std::nullopt)
                  .first;
    }
    if (!known->second) {
      tell(
          fmt::format("no risk table that is not needed can be removed while {} is there: it "
                      "does not say which ones it needs",
                      file.path.string()));
      return false;
    }
    needed.insert(needed.end(), known->second->begin(), known->second->end());
  }
  return true;
}

// Segments and snapshots that were removed must not come back with the machine, and name tables that
// are gone.
void TableRetention::remove_needless(std::span<const TableHash> in_force) {
  const std::optional<std::uint64_t> first = first_kept();
  if (!first || !sync(directory_) || !sync(directory_ / "snapshots")) return;
  std::vector<TableHash> needed(in_force.begin(), in_force.end());
  const auto is_candidate = [&](const auto& file) {
    return file.second < *first && std::ranges::find(needed, file.first) == needed.end();
  };
  if (std::ranges::none_of(files_, is_candidate) || !add_tables_of_snapshots(needed)) return;
  for (auto file = files_.begin(); file != files_.end();) {
    if (!is_candidate(*file)) {
      ++file;
      continue;
    }
    const feeds::TableFolder::Removal removal = folder_.remove(file->first);
    const int error_number = errno;
    if (removal == feeds::TableFolder::Removal::Failed) {
      tell(fmt::format("{}: a risk table that is not needed cannot be removed: {}",
                       (directory_ / "tables" / feeds::to_text(file->first)).string(),
                       journal::error_text(error_number)));
    }
    if (removal != feeds::TableFolder::Removal::Done) {
      ++file;
      continue;
    }
    ++removed_;
    file = files_.erase(file);
  }
}

}  // namespace portcullis::gateway::follower
