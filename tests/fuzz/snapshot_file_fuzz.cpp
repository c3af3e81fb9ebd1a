// Files of snapshots from anywhere, as they are and with a magic, size and checksum that are right, so
// that what lies behind them is reached: no crash, no section outside of the file, and the same parts
// composed anew are read as the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "gateway/follower/snapshot.h"
#include "gateway/follower/table_retention.h"
#include "gateway/journal/crc32c.h"

namespace {

using namespace portcullis::gateway;
using follower::Snapshot;
using follower::SnapshotHeader;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(std::vector<std::byte> bytes) {
  const std::size_t size = bytes.size();
  Snapshot snapshot;
  if (!follower::parse(std::move(bytes), snapshot).empty()) return;
  require(snapshot.bytes.size() == size && snapshot.header.file_bytes == size);
  require(snapshot.position.stream_next.size() == snapshot.header.stream_count);
  require(snapshot.sections.size() == snapshot.header.section_count);
  std::vector<follower::Section> sections;
  for (const auto& [name, section] : snapshot.sections) {
    require(section.data() >= snapshot.bytes.data() &&
            section.data() + section.size() <= snapshot.bytes.data() + size);
    sections.push_back(
        {.name = name, .bytes = section.size(), .save = [part = section](std::span<std::byte> out) {
           std::ranges::copy(part, out.begin());
         }});
  }
  if (const auto tables = follower::tables_of(snapshot))
    require(tables->size() <= size / sizeof(portcullis::feeds::TableHash));

  Snapshot again;
  require(follower::parse(follower::compose(snapshot.header, snapshot.position, sections), again)
              .empty());
  require(again.position.stream_next == snapshot.position.stream_next);
  require(again.sections.size() == snapshot.sections.size());
  for (std::size_t s = 0; s < sections.size(); ++s) {
    require(again.sections[s].first == snapshot.sections[s].first);
    require(std::ranges::equal(again.sections[s].second, snapshot.sections[s].second));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> given = std::as_bytes(std::span(data, size));
  std::vector<std::byte> bytes(given.begin(), given.end());
  check(bytes);
  constexpr std::size_t kTrailer = 8;
  if (size < sizeof(SnapshotHeader) + kTrailer) return 0;
  const auto put = [&bytes](std::size_t at, const auto& value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  put(offsetof(SnapshotHeader, magic), SnapshotHeader::kMagic);
  put(offsetof(SnapshotHeader, version), follower::kSnapshotVersion);
  put(offsetof(SnapshotHeader, file_bytes), std::uint64_t{size});
  put(size - kTrailer, journal::crc32c(std::span(bytes).first(size - kTrailer)));
  check(std::move(bytes));
  return 0;
}
