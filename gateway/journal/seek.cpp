#include "gateway/journal/seek.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <vector>

#include "gateway/journal/files.h"

namespace portcullis::gateway::journal {

namespace {

struct SegmentStart {
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;
};

// A segment without a record is later than anything.
SegmentStart start_of(const std::filesystem::path& directory, std::uint32_t number) {
  const std::filesystem::path path = directory / segment_name(number);
  const Fd fd = open_file(path, O_RDONLY);
  if (!fd) throw_errno("opening", path, errno);
  SegmentHeader header;
  JournalId id{};
  const std::string wrong = read_segment_header(fd.get(), number, id, header);
  if (!wrong.empty()) throw JournalError("journal: " + path.string() + " offset 0: " + wrong);
  RecordHeader record;
  const bool has_record = read_at(fd.get(), writable_bytes_of(record), sizeof header) ==
                              static_cast<ssize_t>(sizeof record) &&
                          record.length != 0;
  return {header.first_sequence,
          has_record ? record.time_ns : std::numeric_limits<std::int64_t>::max()};
}

}  // namespace

std::uint64_t sequence_before(const std::filesystem::path& directory, std::int64_t time_ns) {
  const std::vector<std::uint32_t> numbers = list_segments(directory);
  if (numbers.empty()) throw JournalError("journal: no segments in " + directory.string());
  const auto first_not_before = std::partition_point(
      numbers.begin(), numbers.end(),
      [&](std::uint32_t number) { return start_of(directory, number).time_ns < time_ns; });
  const auto begin = first_not_before == numbers.begin() ? numbers.begin() : first_not_before - 1;
  return start_of(directory, *begin).sequence;
}

}  // namespace portcullis::gateway::journal
