// Snapshots: files from which a start-up goes on without the records before them. They lie in the
// folder `snapshots` of the journal; each is the state after one record.
//
// The file snapshot-<sequence in 20 digits>, little-endian:
//    0  u64  magic               "PCGSNAPS"
//    8  u64  version             1, of this layout of the file
//   16  u64  layout_hash         of the gate's bytes (gate::Gate::layout_hash)
//   24  u64  configuration_hash
//   32  u8[16] journal id
//   48  u64  sequence            of the last record that is in the state
//   56  u64  record_mark         of that record (mark_of), so that it is known to be the same one
//   64  i64  time_ns             of that record
//   72  u64  state_hash          gate::Gate::state_hash()
//   80  u64  file_bytes
//   88  u32  stream_count
//   92  u32  section_count
//   96       stream_count times: u64, the number of the next message of the stream
//            section_count times: {char[16] name, padded with zeros; u64 bytes}
//            the sections one behind the other, each padded with zeros to a multiple of 8
//            u32 crc32c of everything before; u32 0
//
// The first section is "gate", the second "tables" (table_retention.h), then those of companions.
// The gate's bytes are of this machine's layout: a file of another version, layout, configuration or
// journal is left alone, and the records are redone from an older one, or from the first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::gate {
class Gate;
}

namespace portcullis::gateway::follower {

inline constexpr std::uint64_t kSnapshotVersion = 1;

struct SnapshotHeader {
  static constexpr std::uint64_t kMagic = 0x5350414E53474350;  // "PCGSNAPS"
  std::uint64_t magic = kMagic;
  std::uint64_t version = kSnapshotVersion;
  std::uint64_t layout_hash = 0;
  std::uint64_t configuration_hash = 0;
  journal::JournalId journal_id{};
  std::uint64_t sequence = 0;
  std::uint64_t record_mark = 0;
  std::int64_t time_ns = 0;
  std::uint64_t state_hash = 0;
  std::uint64_t file_bytes = 0;
  std::uint32_t stream_count = 0;
  std::uint32_t section_count = 0;
};
static_assert(sizeof(SnapshotHeader) == 96);

// Tells a record from another one of the same sequence.
[[nodiscard]] std::uint64_t mark_of(const journal::RecordView& record) noexcept;

// Where a journal has been followed to.
struct Position {
  std::uint64_t sequence = 0;  // of the last record
  std::uint64_t record_mark = 0;
  std::int64_t time_ns = 0;
  std::vector<std::uint64_t> stream_next;  // by stream: the number of its next message

  void take(const journal::RecordView& record);
};

// One part of a file: its name, at most 16 characters, its size, and who writes it.
struct Section {
  std::string_view name;
  std::size_t bytes = 0;
  std::function<void(std::span<std::byte>)> save;
};
// The whole file in memory. `header` needs what is known of the state alone; the rest is filled in.
[[nodiscard]] std::vector<std::byte> compose(SnapshotHeader header, const Position& position,
                                             std::span<const Section> sections);

struct Snapshot {
  Snapshot() = default;
  Snapshot(Snapshot&&) = default;  // the sections lie in `bytes`
  Snapshot& operator=(Snapshot&&) = default;

  SnapshotHeader header;
  Position position;
  // Empty where there is none of the name.
  [[nodiscard]] std::span<const std::byte> section(std::string_view name) const;

  std::vector<std::pair<std::string, std::span<const std::byte>>> sections;  // in `bytes`
  std::vector<std::byte> bytes;
};
// Reads a file's bytes, which may be anything; the problem, or an empty text and the snapshot.
[[nodiscard]] std::string parse(std::vector<std::byte> bytes, Snapshot& snapshot);

struct SnapshotFile {
  std::uint64_t sequence = 0;
  std::filesystem::path path;
};
// Newest first. None where there is no folder.
[[nodiscard]] std::vector<SnapshotFile> list_snapshots(const std::filesystem::path& directory);
// The problem, or an empty text and the snapshot.
[[nodiscard]] std::string read_snapshot(const SnapshotFile& file, Snapshot& snapshot);

// Writes the file under another name, makes it durable, and gives it its own; then all but the two
// newest are removed. The problem, or an empty text. What is there already stays as it was until the
// new one is whole.
[[nodiscard]] std::string write_snapshot(const std::filesystem::path& directory,
                                         std::uint64_t sequence, std::span<const std::byte> bytes,
                                         const journal::FileOps& ops = journal::kSystemFileOps);

// Something beside the gate that is made of the records, and is in the snapshots with it.
class Companion {
 public:
  virtual ~Companion() = default;
  // Of its section, at most 16 characters.
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Whether a snapshot without its section, of another version, is none to begin from.
  [[nodiscard]] virtual bool is_needed() const { return true; }
  // The next record, which the gate has redone; the gate is only looked at.
  virtual void take(const journal::RecordView& record, gate::Gate& gate) = 0;
  [[nodiscard]] virtual std::size_t saved_bytes() const = 0;
  virtual void save(std::span<std::byte> out) const = 0;
  // Replaces all of it; nothing: as before the first record. False: these are not its bytes.
  [[nodiscard]] virtual bool load(std::span<const std::byte> saved) = 0;
};

}  // namespace portcullis::gateway::follower
