#include "gateway/journal/format.h"

#include <algorithm>

#include "gateway/journal/crc32c.h"

namespace portcullis::gateway::journal {
namespace {

bool all_zero(std::span<const std::byte> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// The outbounds fill their bytes exactly.
bool outbounds_add_up(std::span<const std::byte> bytes, std::uint16_t count) noexcept {
  for (std::uint16_t i = 0; i < count; ++i) {
    OutboundHeader header;
    if (bytes.size() < sizeof header) return false;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::size_t whole = outbound_part_bytes(header.length);
    if (header.reserved != 0 || header.stream_sequence == 0 || bytes.size() < whole) return false;
    if (!all_zero(
            bytes.subspan(sizeof header + header.length, whole - sizeof header - header.length))) {
      return false;
    }
    bytes = bytes.subspan(whole);
  }
  return bytes.empty();
}

}  // namespace

const char* to_string(ParseError error) noexcept {
  switch (error) {
    case ParseError::None:
      return "a good record";
    case ParseError::Empty:
      return "no record (length 0)";
    case ParseError::Truncated:
      return "the file ends inside the record";
    case ParseError::BadLength:
      return "impossible record length";
    case ParseError::BadCrc:
      return "crc32c does not match";
    case ParseError::BadShape:
      return "the record's parts do not add up";
  }
  return "unknown";
}

std::uint32_t record_crc32c(std::span<const std::byte> record) noexcept {
  return crc32c(record.subspan(offsetof(RecordHeader, sequence)));
}

RecordView view_record(const std::byte* record) noexcept {
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  const std::size_t head = command_part_bytes(header.command_length);
  RecordView view;
  view.sequence = header.sequence;
  view.time_ns = header.time_ns;
  view.type = header.type;
  view.outbound_count = header.outbound_count;
  view.length = header.length;
  view.command = {record + sizeof header, header.command_length};
  view.outbounds = {record + head, header.length - head};
  return view;
}

ParseError parse_record(std::span<const std::byte> bytes, RecordView& record) noexcept {
  std::uint32_t length = 0;
  if (bytes.size() < sizeof length) return ParseError::Truncated;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length == 0) return ParseError::Empty;
  if (length < kRecordBytesMin || length > kRecordBytesMax || length % 8 != 0) {
    return ParseError::BadLength;
  }
  if (bytes.size() < length) return ParseError::Truncated;
  bytes = bytes.first(length);
  RecordHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.crc32c != record_crc32c(bytes)) return ParseError::BadCrc;
  if (header.sequence == 0 || header.command_length > length) return ParseError::BadShape;
  const std::size_t head = command_part_bytes(header.command_length);
  if (head > length) return ParseError::BadShape;
  const std::size_t command_end = sizeof header + header.command_length;
  if (!all_zero(bytes.subspan(command_end, head - command_end)) ||
      !outbounds_add_up(bytes.subspan(head), header.outbound_count)) {
    return ParseError::BadShape;
  }
  record = view_record(bytes.data());
  return ParseError::None;
}

}  // namespace portcullis::gateway::journal
