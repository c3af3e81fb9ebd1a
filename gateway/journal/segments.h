// Writes records to the append-only segment files. One thread at a time: recovery, then the
// flusher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "gateway/journal/files.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::journal {

class SegmentWriter {
 public:
  SegmentWriter(std::filesystem::path directory, std::uint64_t segment_bytes, const FileOps& ops);

  // Start-up; these throw JournalError. create makes segment 1 of a new journal; resume goes on in
  // an existing segment at `offset`, where its last good record ends, and clears what lies behind,
  // later segments too.
  void create(const JournalId& id);
  void resume(const JournalId& id, std::uint32_t number, std::uint64_t offset);

  std::uint32_t number() const noexcept { return number_; }
  // Of the first record in the current segment, or of the next one if it has none.
  std::uint64_t first_sequence() const noexcept { return first_sequence_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t segment_bytes() const noexcept { return segment_bytes_; }
  bool fits(std::uint64_t bytes) const noexcept { return offset_ + bytes <= segment_bytes_; }

  // Writes at the end without moving it, so that a failed write is simply made again. False and
  // errno on failure. REQUIRES: fits(bytes.size()).
  [[nodiscard]] bool write(std::span<const std::byte> bytes) noexcept;
  void advance(std::uint64_t bytes) noexcept { offset_ += bytes; }

  // Goes on in the next segment, whose first record will be `first_sequence`. False and errno on
  // failure, when nothing has changed and it can be tried again.
  [[nodiscard]] bool roll(std::uint64_t first_sequence) noexcept;
  // Makes what was written to the current segment durable. False and errno on failure; the segment
  // must then be left (roll) and never synced again, because the kernel forgets what it could not
  // write.
  [[nodiscard]] bool sync() noexcept;
  // Notes in the current segment that its records up to this one are durable; on the disk with the
  // next sync. It is a lower bound, so a failure does not matter.
  void note_durable(std::uint64_t sequence) noexcept;

  // The next segment, preallocated. Without it the disk is full, or nearly.
  bool has_spare() const noexcept { return static_cast<bool>(spare_); }
  bool make_spare() noexcept;

 private:
  std::filesystem::path directory_;
  std::filesystem::path spare_path_;
  std::uint64_t segment_bytes_;
  const FileOps& ops_;
  Fd directory_fd_;
  JournalId id_{};
  Fd fd_;
  Fd spare_;
  std::uint32_t number_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t noted_sequence_ = 0;
  bool name_is_durable_ = false;  // of the current segment, in the directory
};

}  // namespace portcullis::gateway::journal
