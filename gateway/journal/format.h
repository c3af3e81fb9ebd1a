// The bytes of the journal, in its segments and in its ring. Everything is little-endian and every
// record begins on a multiple of eight.
//
// A record, in a segment and in the ring alike:
//    0  u32  length           of the whole record, this field included; a multiple of 8; 0: no record
//    4  u32  crc32c           of bytes 8 .. length
//    8  u64  sequence         1, 2, 3, ... without a gap
//   16  u16  type             the owner's command type
//   18  u16  outbound_count
//   20  u32  command_length   without its padding
//   24  i64  time_ns          the command's time, the owner's clock
//   32       command          the owner's bytes, then zeros up to a multiple of 8
//        outbound_count times, an outbound, which is one message owed to a client stream:
//         0  u16  stream           index of the stream, from 0
//         2  u16  length           of the payload, without its padding
//         4  u32  reserved         0
//         8  u64  stream_sequence  1, 2, 3, ... without a gap within the stream
//        16       payload          then zeros up to a multiple of 8
//
// A segment file (segment-0000000001, -0000000002, ...) begins with a header, its records follow
// without a gap, zeros (preallocated space) or the end of the file follow the last:
//    0  u64  magic            "PCJRNSEG"
//    8  u32  version          1
//   12  u32  number           of the segment, 1, 2, 3, ...
//   16  u64  first_sequence   of the first record in it, or of the next one if it has none
//   24  u8[16] journal id     random, made once when the journal is created
//   40  u32  crc32c           of bytes 0 .. 40
//   44  u32  durable_count    how many of its records were durable when the next ones were written:
//                             these are there whatever happens to the machine. Rewritten in place
//
// The ring file begins with 65,536 bytes of header (so that the data begin on a page of any
// machine), then ring_bytes of data. Record positions count on for ever; a record at position p
// lies at p mod ring_bytes and wraps round the end. The length word behind the last published
// record is 0.
//    0  u64  magic            "PCJRNRNG"
//    8  u32  version          1
//   12  u32  reserved         0
//   16  u64  ring_bytes       a power of two, at least 65,536
//   24  u8[16] journal id
//   64  u64  flushed_position where the first record lies that is not known to be in the segments
//   72  u64  flushed_sequence all records up to here are in the segments, in durability fsync
//                             durably; written after the position
//
// The state file says how the journal was left (64 bytes, replaced as a whole):
//    0  u64  magic            "PCJRNSTA"
//    8  u32  version          1
//   12  u32  flags            bit 0: closed cleanly
//                             bit 1: records may have been lost, not acknowledged
//                             bit 2: last opened in durability fsync
//   16  u8[16] journal id
//   32  u8[16] boot id        of the machine's boot in which it was last opened
//   48  u64  last_sequence    when closed cleanly
//   56  u32  crc32c           of bytes 0 .. 56
//   60  u32  reserved         0
//
// A stream's index (stream-00000.index) has one entry a message, that of stream_sequence s at 16 *
// (s - 1):
//    0  u32  segment          number of the segment
//    4  u32  offset           of the outbound (its 16-byte header) in the segment's file
//    8  u64  sequence         of the record that holds it
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace portcullis::gateway::journal {

static_assert(std::endian::native == std::endian::little, "the journal's bytes are little-endian");

using JournalId = std::array<std::uint8_t, 16>;

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::size_t kRecordBytesMin = 32;
inline constexpr std::size_t kRecordBytesMax = 131'072;  // bounds every buffer that holds a record
inline constexpr std::size_t kRingHeaderBytes = 65'536;

struct RecordHeader {
  std::uint32_t length = 0;
  std::uint32_t crc32c = 0;
  std::uint64_t sequence = 0;
  std::uint16_t type = 0;
  std::uint16_t outbound_count = 0;
  std::uint32_t command_length = 0;
  std::int64_t time_ns = 0;
};
static_assert(sizeof(RecordHeader) == kRecordBytesMin);

struct OutboundHeader {
  std::uint16_t stream = 0;
  std::uint16_t length = 0;
  std::uint32_t reserved = 0;
  std::uint64_t stream_sequence = 0;
};
static_assert(sizeof(OutboundHeader) == 16);

struct SegmentHeader {
  static constexpr std::uint64_t kMagic = 0x4745534E524A4350;  // "PCJRNSEG"
  std::uint64_t magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t number = 0;
  std::uint64_t first_sequence = 0;
  JournalId id{};
  std::uint32_t crc32c = 0;
  std::uint32_t durable_count = 0;
};
static_assert(sizeof(SegmentHeader) == 48 && offsetof(SegmentHeader, crc32c) == 40);

struct RingHeader {
  static constexpr std::uint64_t kMagic = 0x474E524E524A4350;  // "PCJRNRNG"
  std::uint64_t magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t reserved = 0;
  std::uint64_t ring_bytes = 0;
  JournalId id{};
  std::array<std::uint64_t, 3> unused{};  // the two words below have a cache line of their own
  std::uint64_t flushed_position = 0;
  std::uint64_t flushed_sequence = 0;
};
static_assert(offsetof(RingHeader, flushed_position) == 64);

struct StateRecord {
  static constexpr std::uint64_t kMagic = 0x4154534E524A4350;  // "PCJRNSTA"
  static constexpr std::uint32_t kClean = 1;
  static constexpr std::uint32_t kPossibleLoss = 2;
  static constexpr std::uint32_t kFsync = 4;
  std::uint64_t magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t flags = 0;
  JournalId id{};
  JournalId boot_id{};
  std::uint64_t last_sequence = 0;
  std::uint32_t crc32c = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(StateRecord) == 64 && offsetof(StateRecord, crc32c) == 56);

struct IndexEntry {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};
static_assert(sizeof(IndexEntry) == 16);

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

// What a command of `command_length` bytes, and each outbound, add to a record.
constexpr std::size_t command_part_bytes(std::size_t command_length) noexcept {
  return sizeof(RecordHeader) + padded(command_length);
}
constexpr std::size_t outbound_part_bytes(std::size_t payload_length) noexcept {
  return sizeof(OutboundHeader) + padded(payload_length);
}

// A struct that may be a command: its bytes are its value, so that two runs write the same record.
// Use: static_assert(is_journal_command<NewOrder>);
template <class T>
inline constexpr bool is_journal_command =
    std::is_trivially_copyable_v<T>&& std::has_unique_object_representations_v<T> &&
    alignof(T) <= 8;

template <class T>
std::span<const std::byte> command_bytes(const T& command) noexcept {
  static_assert(is_journal_command<T>,
                "a command has no padding, no pointer to follow, no constructor");
  return std::as_bytes(std::span<const T, 1>(&command, 1));
}

// One message owed to a client stream, as it lies in a record.
struct OutboundView {
  std::uint16_t stream = 0;
  std::uint64_t stream_sequence = 0;
  std::span<const std::byte> payload;
  std::uint32_t offset = 0;  // of the outbound's header from the beginning of the record
};

// A record as it lies in somebody's buffer; valid as long as that buffer.
struct RecordView {
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;
  std::uint16_t type = 0;
  std::uint16_t outbound_count = 0;
  std::uint32_t length = 0;  // of the whole record
  std::span<const std::byte> command;
  std::span<const std::byte> outbounds;
  std::uint32_t segment = 0;  // where it was read: segment and offset, or segment 0 for the ring
  std::uint64_t offset = 0;   // in the segment's file, or position in the ring

  // Calls f(const OutboundView&) for each outbound in order. REQUIRES: made by parse_record or
  // view_record, so that the lengths are known to be right.
  template <class F>
  void for_each_outbound(F&& f) const {
    std::size_t at = 0;
    const std::size_t before = length - outbounds.size();
    for (std::uint16_t i = 0; i < outbound_count; ++i) {
      OutboundHeader header;
      std::memcpy(&header, outbounds.data() + at, sizeof header);
      f(OutboundView{header.stream, header.stream_sequence,
                     outbounds.subspan(at + sizeof header, header.length),
                     static_cast<std::uint32_t>(before + at)});
      at += outbound_part_bytes(header.length);
    }
  }
};

// The command as the owner's struct. False when the record's command has another size.
template <class T>
[[nodiscard]] bool read_command(const RecordView& record, T& command) noexcept {
  static_assert(is_journal_command<T>);
  if (record.command.size() != sizeof(T)) return false;
  std::memcpy(&command, record.command.data(), sizeof(T));
  return true;
}

enum class ParseError : std::uint8_t {
  None,
  Empty,      // length 0: no record was written here
  Truncated,  // the bytes end before the record does
  BadLength,  // no record has this length
  BadCrc,
  BadShape,  // the parts do not add up to the record, or padding or a reserved field is not 0
};
const char* to_string(ParseError error) noexcept;

// Reads the record at the beginning of `bytes`, which may be anything, and checks all of it but the
// sequence. `record` is set only on None; its segment and offset are left to the caller.
[[nodiscard]] ParseError parse_record(std::span<const std::byte> bytes,
                                      RecordView& record) noexcept;

// The same without a check, for a record that this process wrote.
RecordView view_record(const std::byte* record) noexcept;

// The checksum that belongs into the record's crc field.
std::uint32_t record_crc32c(std::span<const std::byte> record) noexcept;

}  // namespace portcullis::gateway::journal
