// The record parser over arbitrary bytes: it reads nothing outside them, and what it takes for a
// record has exactly the bytes that the format gives such a record.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "gateway/journal/format.h"

namespace {

using namespace portcullis::gateway::journal;

void put(std::vector<std::byte>& bytes, const void* from, std::size_t count) {
  const auto* begin = static_cast<const std::byte*>(from);
  bytes.insert(bytes.end(), begin, begin + count);
}

void put_padded(std::vector<std::byte>& bytes, std::span<const std::byte> part) {
  bytes.insert(bytes.end(), part.begin(), part.end());
  bytes.resize(padded(bytes.size()));
}

// The record's bytes, made from what was read of it.
std::vector<std::byte> written_again(const RecordView& record) {
  RecordHeader header;
  header.length = record.length;
  header.sequence = record.sequence;
  header.type = record.type;
  header.outbound_count = record.outbound_count;
  header.command_length = static_cast<std::uint32_t>(record.command.size());
  header.time_ns = record.time_ns;
  std::vector<std::byte> bytes;
  put(bytes, &header, sizeof header);
  put_padded(bytes, record.command);
  std::uint16_t count = 0;
  record.for_each_outbound([&](const OutboundView& outbound) {
    if (outbound.offset != bytes.size()) std::abort();
    OutboundHeader part;
    part.stream = outbound.stream;
    part.length = static_cast<std::uint16_t>(outbound.payload.size());
    part.stream_sequence = outbound.stream_sequence;
    put(bytes, &part, sizeof part);
    put_padded(bytes, outbound.payload);
    ++count;
  });
  if (count != record.outbound_count) std::abort();
  const std::uint32_t crc = record_crc32c(bytes);
  std::memcpy(bytes.data() + offsetof(RecordHeader, crc32c), &crc, sizeof crc);
  return bytes;
}

void check(const std::vector<std::byte>& bytes) {
  RecordView record;
  if (parse_record(bytes, record) != ParseError::None) return;
  const std::vector<std::byte> again = written_again(record);
  if (again.size() != record.length || again.size() > bytes.size() ||
      !std::equal(again.begin(), again.end(), bytes.begin())) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // In a vector of their own, so that a read behind the end is a read behind the allocation.
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  check(bytes);
  // Once more with the length and checksum that belong there, or chance would never get past them.
  if (size < kRecordBytesMin) return 0;
  const auto length = static_cast<std::uint32_t>(std::min(size & ~std::size_t{7}, kRecordBytesMax));
  bytes.resize(length);
  std::memcpy(bytes.data(), &length, sizeof length);
  const std::uint32_t crc = record_crc32c(bytes);
  std::memcpy(bytes.data() + offsetof(RecordHeader, crc32c), &crc, sizeof crc);
  check(bytes);
  return 0;
}
