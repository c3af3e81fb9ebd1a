// Where in a journal a time is.
#pragma once

#include <cstdint>
#include <filesystem>

namespace portcullis::gateway::journal {

// Where to begin reading for the records of `time_ns` and later: the first sequence of the last
// segment that begins with an earlier record, or of the first segment. A binary search that reads
// the header and the first record's header of a few segments. The times of the segments' first
// records must not go back, which they do where the machine's clock was set back between two runs.
// Throws JournalError when there are no segments or a header is bad.
[[nodiscard]] std::uint64_t sequence_before(const std::filesystem::path& directory,
                                            std::int64_t time_ns);

}  // namespace portcullis::gateway::journal
