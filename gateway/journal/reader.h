// Reads a journal's records in order: a closed one, one that was killed, or one that is being
// written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/journal/format.h"
#include "gateway/journal/ring.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

struct ReaderOptions {
  // Where to begin; the segments before it are not read. 0: with the first record that is there,
  // which is a later one than the first where old segments have been removed (retention).
  std::uint64_t from_sequence = 1;
  // Also the published records that are not in the segments yet.
  bool include_ring = false;
  // All records up to here must be in the segments, so that one missing is damage and not the end.
  // Nothing: what the ring says, or the state file of a closed journal. Recovery says it after a
  // restart of the machine, when the ring's word is worth nothing; then the first bad record behind
  // it is the end, whatever follows, because the machine wrote what it had in no order.
  std::optional<std::uint64_t> flushed_floor = std::nullopt;
};

// One thread. Changes nothing, takes no lock.
class Reader {
 public:
  // Throws JournalError when there is no journal, its segments are not N, N + 1, ..., one's header
  // is bad, or the record to begin with is in none of them any more.
  explicit Reader(std::filesystem::path directory, const ReaderOptions& options = {});

  // Record: `record` is the next one and lies in this reader's buffer until the next call.
  // End: there is none now; on a live journal a later call may find one.
  // Damaged: a record that must be there is not, or is not what was written; error() says where and
  // what, and every later call says the same.
  [[nodiscard]] ReadStatus next(RecordView& record);

  const std::string& error() const noexcept { return error_; }
  const JournalId& id() const noexcept { return id_; }
  // The sequence next() will look for.
  std::uint64_t next_sequence() const noexcept { return expected_; }
  // Where the segments were read up to.
  std::uint32_t segment() const noexcept { return segment_; }
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  void open_first();
  std::string open_segment(std::uint32_t number);
  ReadStatus next_in_segments(RecordView& record);
  ParseError parse_here(RecordView& record, bool fresh);
  void fill(std::uint64_t offset);
  bool end_is_certain(ParseError error);
  bool good_record_behind();
  std::uint64_t flushed_floor();
  bool attach_ring();
  ReadStatus damaged(const std::filesystem::path& path, std::uint64_t offset,
                     const std::string& what);

  std::filesystem::path directory_;
  ReaderOptions options_;
  JournalId id_{};
  std::uint64_t expected_ = 1;

  // The segments: what next_in_segments looks for, where, and the bytes read ahead there.
  std::uint64_t segment_sequence_ = 1;
  std::uint32_t segment_ = 0;
  std::uint64_t offset_ = 0;
  Fd fd_;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_offset_ = 0;
  std::size_t buffer_bytes_ = 0;
  int read_errno_ = 0;

  RingReader ring_;
  bool ring_open_ = false;
  std::optional<std::uint64_t> ring_position_;  // of the record `expected_`, while reading the ring

  bool damaged_ = false;
  std::string error_;
};

}  // namespace portcullis::gateway::journal
