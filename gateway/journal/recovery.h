// Opening a journal: what was left is made whole before anything is appended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "gateway/journal/format.h"
#include "gateway/journal/segments.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

struct RecoverySettings {
  bool fsync = false;  // leave nothing that is not durable
  // The owner has a snapshot of its state behind this record, and by stream the numbers that the
  // next messages had then (of streams beyond the end: 1). 0: none.
  std::uint64_t start_sequence = 0;
  std::span<const std::uint64_t> stream_next;
};

struct RecoveryReport {
  bool created = false;                 // there was no journal
  std::uint64_t last_sequence = 0;      // of the last record found
  std::uint64_t records_read = 0;       // in the segments
  std::uint64_t records_from_ring = 0;  // published but not in the segments when the process ended
  // The machine went down, or the ring file is gone, and the journal, in durability process, had
  // not been closed: records may be missing at its end, and with them messages that a client has
  // seen. Stays until the owner says Journal::acknowledge_loss. In durability fsync such records
  // may be missing too, but nothing of them had left.
  bool possible_loss = false;
};

struct Recovered {
  JournalId id{};
  RecoveryReport report;
  std::filesystem::path old_ring;  // empty if there is none
};

// Creates the journal or reads it: checks every record behind start_sequence, brings the stream
// indexes up to date, copies what only the ring has into the segments, and leaves `segments` ready
// to go on. The indexes up to the snapshot are kept where they are whole and the machine has not
// gone down since; else they are made anew from all segments that are there.
//
// After the machine went down the records that were known to be durable must be there, and the
// first bad one behind them is the end. Throws JournalError with file, offset and what, when a
// record in the middle is damaged or missing, or the journal does not reach from start_sequence to
// its end; the files are then as they were, but for the indexes. REQUIRES: the directory is locked.
Recovered recover(const std::filesystem::path& directory, const RecoverySettings& settings,
                  const FileOps& ops, SegmentWriter& segments, StreamIndex& index);

}  // namespace portcullis::gateway::journal
