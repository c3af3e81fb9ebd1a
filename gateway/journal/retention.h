// Keeps the segments of a journal within a budget of bytes: the oldest go, when somebody has said
// that their records are not needed any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>

#include "gateway/journal/files.h"
#include "gateway/journal/segments.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

// One thread at a time, the flusher's, but for may_remove_below.
class Retention {
 public:
  // budget_bytes of all segments, the current one and the preallocated one included; 0: no limit.
  // Throws JournalError when the directory cannot be read. REQUIRES: the journal is recovered.
  Retention(std::filesystem::path directory, std::uint64_t budget_bytes, const FileOps& ops,
            const SegmentWriter& segments, StreamIndex& index);

  // A segment was begun.
  void begun(std::uint32_t number, std::uint64_t first_sequence, std::uint64_t bytes);
  // Any thread: records below this are not needed. It never goes back.
  void may_remove_below(std::uint64_t sequence) noexcept;

  // Removes what is over the budget and may go, oldest first, never the current segment. False: the
  // budget is exceeded by a tenth or more, and nothing could be done.
  bool trim() noexcept;

  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  struct Segment {
    std::uint32_t number = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t bytes = 0;
  };
  bool remove_oldest() noexcept;

  std::filesystem::path directory_;
  std::uint64_t budget_bytes_;
  const FileOps& ops_;
  StreamIndex& index_;
  Fd directory_fd_;
  std::deque<Segment> segments_;  // oldest first, the last is the current one
  std::uint64_t bytes_ = 0;
  std::atomic<std::uint64_t> needed_from_{0};
};

}  // namespace portcullis::gateway::journal
