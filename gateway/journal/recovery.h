// Opening a journal: what was left is made whole before anything is appended.
#pragma once

#include <cstdint>
#include <filesystem>

#include "gateway/journal/format.h"
#include "gateway/journal/segments.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

struct RecoveryReport {
  bool created = false;                 // there was no journal
  std::uint64_t last_sequence = 0;      // of the last record found
  std::uint64_t records_from_ring = 0;  // published but not in the segments when the process ended
  // The machine went down, or the ring file is gone, and the journal had not been closed: records
  // may be missing at its end, and with them messages that a client has seen. Stays until the owner
  // says Journal::acknowledge_loss.
  bool possible_loss = false;
};

struct Recovered {
  JournalId id{};
  RecoveryReport report;
  std::filesystem::path old_ring;  // empty if there is none
};

// Creates the journal or reads it whole: checks every record, makes the stream indexes anew, copies
// what only the ring has into the segments, and leaves `segments` ready to go on. Throws
// JournalError with file, offset and what, when a record in the middle is damaged or missing; the
// files are then as they were, but for the indexes. REQUIRES: the directory is locked.
Recovered recover(const std::filesystem::path& directory, SegmentWriter& segments,
                  StreamIndex& index);

}  // namespace portcullis::gateway::journal
