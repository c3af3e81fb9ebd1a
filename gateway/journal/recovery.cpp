#include "gateway/journal/recovery.h"

#include <cerrno>
#include <cstring>
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

// Adds the record's messages to the index. `number` and `offset` say where the record lies.
void index_record(const RecordView& record, std::uint32_t number, std::uint64_t offset,
                  StreamIndex& index, const std::filesystem::path& directory) {
  record.for_each_outbound([&](const OutboundView& outbound) {
    const std::string where = "journal: " + (directory / segment_name(number)).string() +
                              " offset " + std::to_string(offset + outbound.offset) + ": record " +
                              std::to_string(record.sequence);
    if (outbound.stream >= index.stream_count()) {
      throw JournalError(where + " has a message for stream " + std::to_string(outbound.stream) +
                         ", but there are " + std::to_string(index.stream_count()) + " streams");
    }
    const std::uint64_t expected = index.last(outbound.stream) + 1;
    if (outbound.stream_sequence != expected) {
      throw JournalError(where + " has message " + std::to_string(outbound.stream_sequence) +
                         " of stream " + std::to_string(outbound.stream) + ", message " +
                         std::to_string(expected) + " is missing");
    }
    index.add(outbound.stream,
              {number, static_cast<std::uint32_t>(offset + outbound.offset), record.sequence});
  });
  if (index.pending_count() >= kIndexBatch) write_index(index, directory);
}

// Copies the ring's records behind last_sequence into the segments; how many there were.
// The ring can be trusted when it was written in this boot of the machine: then every record up to
// the first empty place is whole. Else it is read as far as it is good.
std::uint64_t append_from_ring(RingReader& ring, bool trusted, std::uint64_t last_sequence,
                               const std::filesystem::path& directory, SegmentWriter& segments,
                               StreamIndex& index) {
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
    if (!segments.fits(record.length) && !segments.roll(record.sequence)) {
      throw_errno("beginning a segment in", directory, errno);
    }
    // The record is one run of bytes that begins in front of its command.
    const std::byte* bytes = record.command.data() - sizeof(RecordHeader);
    if (!segments.write({bytes, record.length})) {
      throw_errno("writing", directory / segment_name(segments.number()), errno);
    }
    index_record(record, segments.number(), segments.offset(), index, directory);
    segments.advance(record.length);
    last_sequence = record.sequence;
  }
  return last_sequence - before;
}

}  // namespace

Recovered recover(const std::filesystem::path& directory, SegmentWriter& segments,
                  StreamIndex& index) {
  Recovered recovered;
  const std::optional<StateRecord> state = read_state(directory);
  if (!state && list_segments(directory).empty()) {
    recovered.id = random_id();
    recovered.report.created = true;
    index.clear();
    segments.create(recovered.id);
    return recovered;
  }

  const bool clean = state && (state->flags & StateRecord::kClean) != 0;
  const JournalId boot = boot_id();
  const bool same_boot = state && state->boot_id == boot && boot != JournalId{};
  ReaderOptions options;
  if (!clean && !same_boot) options.flushed_floor = 0;
  Reader reader(directory, options);
  recovered.id = reader.id();
  if (state && state->id != recovered.id) {
    throw JournalError("journal: " + (directory / kStateName).string() +
                       " belongs to another journal, " + hex(state->id));
  }
  index.clear();
  RecordView record;
  ReadStatus status = reader.next(record);
  for (; status == ReadStatus::Record; status = reader.next(record)) {
    index_record(record, record.segment, record.offset, index, directory);
  }
  if (status == ReadStatus::Damaged) throw JournalError(reader.error());
  std::uint64_t last_sequence = reader.next_sequence() - 1;

  RingReader ring;
  const bool has_ring = ring.open(directory, recovered.id);
  if (!has_ring && !ring.error().empty()) throw JournalError("journal: " + ring.error());
  segments.resume(recovered.id, reader.segment(), reader.offset());
  if (has_ring) {
    recovered.old_ring = ring.path();
    recovered.report.records_from_ring =
        append_from_ring(ring, same_boot, last_sequence, directory, segments, index);
    last_sequence += recovered.report.records_from_ring;
  }
  write_index(index, directory);
  recovered.report.last_sequence = last_sequence;
  const bool loss_known = state && (state->flags & StateRecord::kPossibleLoss) != 0;
  const bool was_used = state || last_sequence > 0;
  recovered.report.possible_loss = loss_known || (!clean && was_used && (!same_boot || !has_ring));
  return recovered;
}

}  // namespace portcullis::gateway::journal
