#include "gateway/journal/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include "gateway/journal/files.h"
#include "gateway/journal/reader.h"
#include "gateway/journal/ring.h"

namespace portcullis::gateway::journal {
namespace {

constexpr std::size_t kIndexBatch = 65'536;

void write_index(StreamIndex& index, const std::filesystem::path& directory) {
  if (!index.write_pending()) throw_errno("writing a stream index in", directory, errno);
}

std::string place(const std::filesystem::path& directory, std::uint32_t number,
                  std::uint64_t offset) {
  return "journal: " + (directory / segment_name(number)).string() + " offset " +
         std::to_string(offset);
}

// Adds the record's messages to the index. `number` and `offset` say where the record lies. The
// messages before the first one of a stream may have been removed with their segments.
void index_record(const RecordView& record, std::uint32_t number, std::uint64_t offset,
                  bool front_is_removed, StreamIndex& index,
                  const std::filesystem::path& directory) {
  record.for_each_outbound([&](const OutboundView& outbound) {
    const auto fail = [&](const std::string& what) {
      throw JournalError(place(directory, number, offset + outbound.offset) + ": record " +
                         std::to_string(record.sequence) + " has " + what);
    };
    if (outbound.stream >= index.stream_count()) {
      fail("a message for stream " + std::to_string(outbound.stream) + ", but there are " +
           std::to_string(index.stream_count()) + " streams");
    }
    if (front_is_removed && index.last(outbound.stream) == 0) {
      index.begin_at(outbound.stream, outbound.stream_sequence);
    }
    const std::uint64_t expected = index.last(outbound.stream) + 1;
    if (outbound.stream_sequence != expected) {
      fail("message " + std::to_string(outbound.stream_sequence) + " of stream " +
           std::to_string(outbound.stream) + ", message " + std::to_string(expected) +
           " is missing");
    }
    index.add(outbound.stream,
              {number, static_cast<std::uint32_t>(offset + outbound.offset), record.sequence});
  });
  if (index.pending_count() >= kIndexBatch) write_index(index, directory);
}

// The machine went down before the header of the last segment was on the disk: it is all zeros, and
// nothing in it can have been durable.
void remove_empty_segment(const std::filesystem::path& directory) {
  const std::vector<std::uint32_t> numbers = list_segments(directory);
  if (numbers.size() < 2) return;
  const std::filesystem::path path = directory / segment_name(numbers.back());
  const Fd fd = open_file(path, O_RDONLY);
  std::array<std::byte, sizeof(SegmentHeader)> header{};
  if (!fd || read_at(fd.get(), header, 0) < 0) throw_errno("reading", path, errno);
  if (header != std::array<std::byte, sizeof(SegmentHeader)>{}) return;
  if (::unlink(path.c_str()) != 0) throw_errno("removing", path, errno);
}

// The journal's id, by the header of its last segment; all zeros when that cannot be read.
JournalId id_of(const std::filesystem::path& directory) {
  const std::vector<std::uint32_t> numbers = list_segments(directory);
  JournalId id{};
  if (numbers.empty()) return id;
  const Fd fd = open_file(directory / segment_name(numbers.back()), O_RDONLY);
  SegmentHeader header;
  (void)read_segment_header(fd.get(), numbers.back(), id, header);
  return id;
}

// The last record that is known to be durable, whatever became of the machine: in all segments but
// the last everything is, or its end is looked for like any other.
std::uint64_t durable_sequence(const std::filesystem::path& directory) {
  const std::vector<std::uint32_t> numbers = list_segments(directory);
  if (numbers.empty()) return 0;
  const std::filesystem::path path = directory / segment_name(numbers.back());
  const Fd fd = open_file(path, O_RDONLY);
  JournalId id{};
  SegmentHeader header;
  if (!fd || !read_segment_header(fd.get(), numbers.back(), id, header).empty()) return 0;
  return header.first_sequence + header.durable_count - 1;
}

// From here on the streams are what the snapshot says they were.
void meet_snapshot(const RecoverySettings& settings, StreamIndex& index) {
  for (std::size_t s = 0; s < std::max<std::size_t>(settings.stream_next.size(), 1); ++s) {
    const std::uint64_t next = s < settings.stream_next.size() ? settings.stream_next[s] : 1;
    const auto stream = static_cast<std::uint16_t>(s);
    const std::uint64_t found = s < index.stream_count() ? index.last(stream) + 1 : 1;
    if (found == next || s >= index.stream_count()) continue;
    if (found == 1) {
      index.begin_at(stream, next);
      continue;
    }
    throw SnapshotMismatch("journal: the snapshot of record " +
                           std::to_string(settings.start_sequence) + " goes on with message " +
                           std::to_string(next) + " of stream " + std::to_string(s) +
                           ", the journal with message " + std::to_string(found));
  }
}

// What the segments hold is durable, and so is every name.
void make_durable(const std::filesystem::path& directory, bool all, const FileOps& ops,
                  SegmentWriter& segments) {
  for (const std::uint32_t number : list_segments(directory)) {
    if (!all || number == segments.number()) continue;
    const std::filesystem::path path = directory / segment_name(number);
    const Fd fd = open_file(path, O_RDWR, ops);
    if (!fd || ops.fdatasync(fd.get()) != 0) throw_errno("syncing", path, errno);
  }
  if (!segments.sync()) {
    throw_errno("syncing", directory / segment_name(segments.number()), errno);
  }
}

// Copies the ring's records behind last_sequence into the segments; how many there were. Each is
// shown to take_messages(record, segment, offset).
// The ring can be trusted when it was written in this boot of the machine: then every record up to
// the first empty place is whole. Else it is read as far as it is good.
template <class F>
std::uint64_t append_from_ring(RingReader& ring, bool trusted, std::uint64_t last_sequence,
                               const std::filesystem::path& directory, SegmentWriter& segments,
                               F&& take_messages) {
  std::uint64_t position = ring.flushed_position();
  const std::uint64_t before = last_sequence;
  RecordView record;
  for (;;) {
    const RingReader::Status status = ring.read(position, record);
    if (status == RingReader::Status::Empty) break;
    const bool good = status == RingReader::Status::Record && record.sequence <= last_sequence + 1;
    if (!good && !trusted) break;
    if (!good) {
      throw JournalError("journal: " + ring.path().string() + " offset " +
                         std::to_string(position) + ": record " +
                         std::to_string(last_sequence + 1) + " expected, " +
                         (status == RingReader::Status::Record
                              ? "record " + std::to_string(record.sequence) + " found"
                              : "which is damaged"));
    }
    position += record.length;
    if (record.sequence <= last_sequence) continue;
    if (!segments.fits(record.length)) {
      if (!segments.sync()) {
        throw_errno("syncing", directory / segment_name(segments.number()), errno);
      }
      if (!segments.roll(record.sequence)) throw_errno("beginning a segment in", directory, errno);
    }
    // The record is one run of bytes that begins in front of its command.
    const std::byte* bytes = record.command.data() - sizeof(RecordHeader);
    if (!segments.write({bytes, record.length})) {
      throw_errno("writing", directory / segment_name(segments.number()), errno);
    }
    take_messages(record, segments.number(), segments.offset());
    segments.advance(record.length);
    last_sequence = record.sequence;
  }
  return last_sequence - before;
}

}  // namespace

Recovered recover(const std::filesystem::path& directory, const RecoverySettings& settings,
                  const FileOps& ops, SegmentWriter& segments, StreamIndex& index) {
  Recovered recovered;
  const std::optional<StateRecord> state = read_state(directory);
  const auto has_flag = [&](std::uint32_t flag) { return state && (state->flags & flag) != 0; };
  const std::uint64_t start = settings.start_sequence;
  if (!state && list_segments(directory).empty()) {
    if (start != 0) {
      throw JournalError("journal: there is a snapshot of record " + std::to_string(start) +
                         ", but no journal in " + directory.string());
    }
    recovered.id = random_id();
    recovered.report.created = true;
    index.clear();
    segments.create(recovered.id);
    if (settings.fsync) make_durable(directory, false, ops, segments);
    return recovered;
  }

  const bool clean = has_flag(StateRecord::kClean);
  const bool was_fsync = has_flag(StateRecord::kFsync);
  const JournalId boot = boot_id();
  const bool same_boot = state && state->boot_id == boot && boot != JournalId{};
  const bool index_is_trusted =
      start != 0 && (clean || same_boot) && index.keep(start, settings.stream_next);
  if (!clean && !same_boot) remove_empty_segment(directory);
  RingReader ring;
  // Where the last segment has no good header there is no id to compare: the reader says what is wrong.
  const JournalId id = id_of(directory);
  const bool has_ring = id != JournalId{} && ring.open(directory, id);
  // A machine that went down may not have written the ring's header: then it is as if there were none.
  if (!has_ring && !ring.error().empty() && (clean || same_boot))
    throw JournalError("journal: " + ring.error());
  ReaderOptions options;
  options.from_sequence = 1;
  if (start != 0) options.from_sequence = index_is_trusted ? start : 0;
  // Records up to the snapshot may be in the ring only; the others are all in the segments.
  if (index_is_trusted && has_ring) {
    options.from_sequence = std::min(start, std::max<std::uint64_t>(ring.flushed_sequence(), 1));
  }
  if (!clean && !same_boot) options.flushed_floor = durable_sequence(directory);
  Reader reader(directory, options);
  recovered.id = reader.id();
  if (state && state->id != recovered.id) {
    throw JournalError("journal: " + (directory / kStateName).string() +
                       " belongs to another journal, " + hex(state->id));
  }
  const std::uint64_t first = reader.next_sequence();
  if (first > std::max<std::uint64_t>(start, 1)) {
    throw SnapshotMismatch("journal: there is a snapshot of record " + std::to_string(start) +
                           ", but the first record in " + directory.string() + " is " +
                           std::to_string(first));
  }
  // What was written behind the durable mark is in the ring too, and taken from there: the kernel
  // forgets what it could not write, but shows it to readers until the machine goes down.
  const std::uint64_t through = was_fsync && !clean && same_boot && has_ring
                                    ? ring.flushed_sequence()
                                    : std::numeric_limits<std::uint64_t>::max();

  if (!index_is_trusted) index.clear();
  const auto take_messages = [&](const RecordView& record, std::uint32_t number,
                                 std::uint64_t offset) {
    if (record.sequence > start || !index_is_trusted) {
      index_record(record, number, offset, first > 1 && record.sequence <= start, index, directory);
    }
    if (record.sequence == start) meet_snapshot(settings, index);
  };
  RecordView record;
  ReadStatus status = ReadStatus::End;
  while (reader.next_sequence() <= through &&
         (status = reader.next(record)) == ReadStatus::Record) {
    ++recovered.report.records_read;
    take_messages(record, record.segment, record.offset);
  }
  if (status == ReadStatus::Damaged) throw JournalError(reader.error());
  std::uint64_t last_sequence = reader.next_sequence() - 1;

  segments.resume(recovered.id, reader.segment(), reader.offset());
  if (has_ring) {
    recovered.old_ring = ring.path();
    recovered.report.records_from_ring =
        append_from_ring(ring, same_boot, last_sequence, directory, segments, take_messages);
    last_sequence += recovered.report.records_from_ring;
  }
  if (last_sequence < start) {
    throw SnapshotMismatch("journal: there is a snapshot of record " + std::to_string(start) +
                           ", but the last record in " + directory.string() + " is " +
                           std::to_string(last_sequence));
  }
  write_index(index, directory);
  if (!index.begin_with_segment(list_segments(directory).front())) {
    throw_errno("reading a stream index in", directory, errno);
  }
  if (settings.fsync) make_durable(directory, !was_fsync, ops, segments);
  recovered.report.last_sequence = last_sequence;
  const bool was_used = state || last_sequence > 0;
  recovered.report.possible_loss = has_flag(StateRecord::kPossibleLoss) ||
                                   (!clean && !was_fsync && was_used && (!same_boot || !has_ring));
  return recovered;
}

}  // namespace portcullis::gateway::journal
