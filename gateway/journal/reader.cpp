#include "gateway/journal/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace portcullis::gateway::journal {
namespace {

constexpr std::size_t kBufferBytes = 1'048'576;
static_assert(kBufferBytes >= 2 * kRecordBytesMax);

}  // namespace

Reader::Reader(std::filesystem::path directory, const ReaderOptions& options)
    : directory_(std::move(directory)),
      options_(options),
      expected_(options.from_sequence),
      buffer_(kBufferBytes) {
  open_first();
}

// Goes to the last segment that does not begin behind the wanted record.
void Reader::open_first() {
  std::vector<std::uint32_t> numbers = list_segments(directory_);
  if (numbers.empty()) {
    throw JournalError("journal: no segments in " + directory_.string());
  }
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] == numbers[i - 1] + 1) continue;
    throw JournalError("journal: " + (directory_ / segment_name(numbers[i - 1] + 1)).string() +
                       " is missing, there are segments up to number " +
                       std::to_string(numbers.back()));
  }
  std::uint32_t first = 0;
  for (const std::uint32_t number : numbers) {
    const std::filesystem::path path = directory_ / segment_name(number);
    const Fd fd = open_file(path, O_RDONLY);
    // Removed since it was listed (retention): the next one is the first now.
    if (!fd && errno == ENOENT && first == 0 && number != numbers.back()) continue;
    if (!fd) throw_errno("opening", path, errno);
    SegmentHeader header;
    const std::string wrong = read_segment_header(fd.get(), number, id_, header);
    if (!wrong.empty()) throw JournalError("journal: " + path.string() + " offset 0: " + wrong);
    if (first == 0 && expected_ == 0) expected_ = header.first_sequence;
    if (header.first_sequence > expected_) {
      if (first != 0) break;
      throw JournalError("journal: " + (directory_ / segment_name(number - 1)).string() +
                         " is missing: record " + std::to_string(expected_) +
                         " is wanted, and the first one there is record " +
                         std::to_string(header.first_sequence));
    }
    segment_sequence_ = header.first_sequence;
    first = number;
  }
  if (const std::string wrong = open_segment(first); !wrong.empty()) {
    throw JournalError("journal: " + (directory_ / segment_name(first)).string() +
                       " offset 0: " + wrong);
  }
}

// Goes on in a segment; an empty text, or what is wrong with it.
std::string Reader::open_segment(std::uint32_t number) {
  Fd fd = open_file(directory_ / segment_name(number), O_RDONLY);
  if (!fd) return error_text(errno);
  SegmentHeader header;
  std::string wrong = read_segment_header(fd.get(), number, id_, header);
  if (!wrong.empty()) return wrong;
  if (header.first_sequence > segment_sequence_) {
    return "begins with record " + std::to_string(header.first_sequence) + ", record " +
           std::to_string(segment_sequence_) + " is missing";
  }
  // A write that failed may have left whole records behind, and a sync that failed has begun another
  // segment with the same ones.
  segment_sequence_ = header.first_sequence;
  fd_ = std::move(fd);
  segment_ = number;
  offset_ = sizeof header;
  buffer_bytes_ = 0;  // what was read ahead is of the other file
  return "";
}

ReadStatus Reader::damaged(const std::filesystem::path& path, std::uint64_t offset,
                           const std::string& what) {
  damaged_ = true;
  error_ = "journal: " + path.string() + " offset " + std::to_string(offset) + ": " + what;
  return ReadStatus::Damaged;
}

ReadStatus Reader::next(RecordView& record) {
  if (damaged_) return ReadStatus::Damaged;
  for (int gaps = 0;;) {
    if (!ring_position_) {
      const ReadStatus status = next_in_segments(record);
      if (status == ReadStatus::Record) {
        if (record.sequence < expected_) continue;
        expected_ = record.sequence + 1;
        return status;
      }
      if (status == ReadStatus::Damaged || !options_.include_ring) return status;
      if (!attach_ring()) {
        return ring_.error().empty() ? ReadStatus::End : damaged(ring_.path(), 0, ring_.error());
      }
      ring_position_ = ring_.flushed_position();
    }
    switch (ring_.read(*ring_position_, record)) {
      case RingReader::Status::Record:
        if (record.sequence > expected_) {
          // The flusher was faster than this reader, and the segments have the record by now. If
          // they do not, however often one looks, it is lost.
          if (++gaps > 100) {
            return damaged(ring_.path(), *ring_position_,
                           "the ring goes on with record " + std::to_string(record.sequence) +
                               ", record " + std::to_string(expected_) + " is missing");
          }
          ring_position_.reset();
          continue;
        }
        ring_position_ = *ring_position_ + record.length;
        if (record.sequence < expected_) continue;
        expected_ = record.sequence + 1;
        return ReadStatus::Record;
      case RingReader::Status::Empty:
        if (!ring_.replaced()) return ReadStatus::End;
        ring_position_.reset();
        continue;
      case RingReader::Status::Recycled:
        ring_position_.reset();
        continue;
      case RingReader::Status::Damaged:
        return damaged(ring_.path(), *ring_position_,
                       "record " + std::to_string(expected_) + " in the ring is damaged");
    }
  }
}

ReadStatus Reader::next_in_segments(RecordView& record) {
  const auto take = [&](ParseError error) {
    if (error != ParseError::None || record.sequence != segment_sequence_) return false;
    record.segment = segment_;
    record.offset = offset_;
    ++segment_sequence_;
    offset_ += record.length;
    return true;
  };
  // The segment it stands in was removed while it read on in the ring: to that of the record it
  // wants, unless that is gone too.
  const auto skip_removed = [this] {
    const std::vector<std::uint32_t> numbers = list_segments(directory_);
    if (numbers.empty() || numbers.front() <= segment_) return false;
    try {
      open_first();
    } catch (const JournalError&) {
      return false;
    }
    return true;
  };
  for (;;) {
    if (take(parse_here(record, false))) return ReadStatus::Record;
    // Not there, or not yet when the buffer was read. What is known to be complete is found out
    // first and the file read again afterwards, so that a journal being written cannot look
    // damaged.
    const std::filesystem::path path = directory_ / segment_name(segment_);
    struct stat next_segment {};
    // In this order: a record known to be flushed that is not here is in a segment that is there.
    const bool must_be_there = segment_sequence_ <= flushed_floor();
    const bool sealed =
        ::stat((directory_ / segment_name(segment_ + 1)).c_str(), &next_segment) == 0;
    const ParseError error = parse_here(record, true);
    if (take(error)) return ReadStatus::Record;
    if (read_errno_ != 0) return damaged(path, offset_, error_text(read_errno_));
    std::string what = "record " + std::to_string(segment_sequence_) + " expected: ";
    what += error == ParseError::None ? "record " + std::to_string(record.sequence) + " is here"
                                      : to_string(error);
    if (sealed) {
      const std::string wrong = open_segment(segment_ + 1);
      if (wrong.empty() || skip_removed()) continue;
      what += "; " + segment_name(segment_ + 1) + ": " + wrong;
      return damaged(path, offset_, what);
    }
    if (must_be_there && error == ParseError::Empty) {
      if (skip_removed()) continue;
      const std::vector<std::uint32_t> numbers = list_segments(directory_);
      if (!numbers.empty() && numbers.front() > segment_) {
        what += ", it has been removed: the first is " + segment_name(numbers.front());
      }
    }
    if (error == ParseError::None || must_be_there) return damaged(path, offset_, what);
    if (options_.flushed_floor || end_is_certain(error)) return ReadStatus::End;
    if (!good_record_behind()) return ReadStatus::End;
    if (take(parse_here(record, true))) return ReadStatus::Record;
    what += ", but good records follow";
    return damaged(path, offset_, what);
  }
}

// Nothing lies here and somebody who knows says that nothing should: no need to search what
// follows.
bool Reader::end_is_certain(ParseError error) {
  if (error != ParseError::Empty) return false;
  if (attach_ring()) return true;
  const std::optional<StateRecord> state = read_state(directory_);
  return state && (state->flags & StateRecord::kClean) != 0;
}

std::uint64_t Reader::flushed_floor() {
  if (options_.flushed_floor) return *options_.flushed_floor;
  if (attach_ring()) return ring_.flushed_sequence();
  const std::optional<StateRecord> state = read_state(directory_);
  if (state && state->id == id_ && (state->flags & StateRecord::kClean) != 0) {
    return state->last_sequence;
  }
  return 0;
}

bool Reader::attach_ring() {
  if (!ring_open_ || ring_.replaced()) ring_open_ = ring_.open(directory_, id_);
  return ring_open_;
}

// Parses at offset_, from what was read ahead or from the file as it is now.
ParseError Reader::parse_here(RecordView& record, bool fresh) {
  if (fresh) {
    std::uint32_t length = 0;
    const ssize_t got = read_at(fd_.get(), writable_bytes_of(length), offset_);
    read_errno_ = got < 0 ? errno : 0;
    if (got <= 0 || length == 0) return ParseError::Empty;
    fill(offset_);
  }
  if (offset_ < buffer_offset_ || offset_ >= buffer_offset_ + buffer_bytes_) {
    return ParseError::Truncated;
  }
  return parse_record(
      std::span<const std::byte>(buffer_).first(buffer_bytes_).subspan(offset_ - buffer_offset_),
      record);
}

void Reader::fill(std::uint64_t offset) {
  const ssize_t got = read_at(fd_.get(), buffer_, offset);
  if (got < 0) read_errno_ = errno;
  buffer_offset_ = offset;
  buffer_bytes_ = got > 0 ? static_cast<std::size_t>(got) : 0;
}

// Whether a whole good record with a sequence that could follow lies anywhere behind offset_ in
// this segment. Such a record was written after the one that is not there: this is not a torn end.
bool Reader::good_record_behind() {
  RecordView record;
  fill(offset_);
  for (std::uint64_t at = offset_ + 8;; at += 8) {
    // A whole record's bytes in the buffer, unless the file ends before.
    const bool file_goes_on = buffer_bytes_ == kBufferBytes;
    if (file_goes_on && at + kRecordBytesMax > buffer_offset_ + buffer_bytes_) fill(at);
    if (at + kRecordBytesMin > buffer_offset_ + buffer_bytes_) return false;
    const std::span<const std::byte> bytes =
        std::span<const std::byte>(buffer_).first(buffer_bytes_).subspan(at - buffer_offset_);
    RecordHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.sequence < segment_sequence_) continue;
    if (parse_record(bytes, record) == ParseError::None) return true;
  }
}

}  // namespace portcullis::gateway::journal
