#include "gateway/follower/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

#include "gateway/journal/crc32c.h"

namespace portcullis::gateway::follower {

namespace {

constexpr const char* kFolder = "snapshots";
constexpr const char* kPrefix = "snapshot-";
constexpr const char* kPart = "part";  // of a file that is not whole yet
constexpr std::size_t kKept = 2;
constexpr std::size_t kTrailer = 8;
constexpr std::size_t kCountMax = 1 << 20;  // of streams and sections; more are no snapshot

struct SectionEntry {
  std::array<char, 16> name{};
  std::uint64_t bytes = 0;
};
static_assert(sizeof(SectionEntry) == 24);

template <class T>
void put(std::span<std::byte>& out, const T& value) {
  std::memcpy(out.data(), &value, sizeof value);
  out = out.subspan(sizeof value);
}
template <class T>
T get(std::span<const std::byte>& in) {
  T value;
  std::memcpy(&value, in.data(), sizeof value);
  in = in.subspan(sizeof value);
  return value;
}

std::string problem(const char* what, const std::filesystem::path& path) {
  return fmt::format("{} {}: {}", what, path.string(), journal::error_text(errno));
}

bool sync_folder(const std::filesystem::path& path) {
  const journal::Fd fd = journal::open_file(path, O_RDONLY | O_DIRECTORY);
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

std::uint64_t mark_of(const journal::RecordView& record) noexcept {
  return std::uint64_t{journal::crc32c(record.command)} << 32 ^
         static_cast<std::uint64_t>(record.time_ns) ^ std::uint64_t{record.type} << 56 ^
         record.sequence;
}

void Position::take(const journal::RecordView& record) {
  sequence = record.sequence;
  record_mark = mark_of(record);
  time_ns = record.time_ns;
  record.for_each_outbound([this](const journal::OutboundView& outbound) {
    if (outbound.stream >= stream_next.size()) stream_next.resize(outbound.stream + 1u, 1);
    stream_next[outbound.stream] = outbound.stream_sequence + 1;
  });
}

// --- bytes

std::vector<std::byte> compose(SnapshotHeader header, const Position& position,
                               std::span<const Section> sections) {
  std::size_t size = sizeof header + position.stream_next.size() * sizeof(std::uint64_t) +
                     sections.size() * sizeof(SectionEntry) + kTrailer;
  for (const Section& section : sections) size += journal::padded(section.bytes);
  header.sequence = position.sequence;
  header.record_mark = position.record_mark;
  header.time_ns = position.time_ns;
  header.file_bytes = size;
  header.stream_count = static_cast<std::uint32_t>(position.stream_next.size());
  header.section_count = static_cast<std::uint32_t>(sections.size());

  std::vector<std::byte> bytes(size);
  std::span<std::byte> out = bytes;
  put(out, header);
  for (const std::uint64_t next : position.stream_next) put(out, next);
  for (const Section& section : sections) {
    SectionEntry entry;
    std::copy_n(section.name.begin(), std::min(section.name.size(), entry.name.size()),
                entry.name.begin());
    entry.bytes = section.bytes;
    put(out, entry);
  }
  for (const Section& section : sections) {
    section.save(out.first(section.bytes));
    out = out.subspan(journal::padded(section.bytes));
  }
  put(out, journal::crc32c(std::span(bytes).first(size - kTrailer)));
  return bytes;
}

std::string parse(std::vector<std::byte> bytes, Snapshot& snapshot) {
  SnapshotHeader header;
  if (bytes.size() < sizeof header + kTrailer) return "is too short";
  std::span<const std::byte> in = bytes;
  header = get<SnapshotHeader>(in);
  if (header.magic != SnapshotHeader::kMagic) return "is no snapshot";
  if (header.version != kSnapshotVersion)
    return fmt::format("is of version {}, not {}", header.version, kSnapshotVersion);
  if (header.file_bytes != bytes.size())
    return fmt::format("has {} bytes, not {}", bytes.size(), header.file_bytes);
  std::uint32_t crc = 0;
  std::memcpy(&crc, bytes.data() + bytes.size() - kTrailer, sizeof crc);
  if (crc != journal::crc32c(std::span(bytes).first(bytes.size() - kTrailer)))
    return "is damaged: its checksum is another one";
  in = in.first(in.size() - kTrailer);
  if (header.stream_count > kCountMax || header.section_count > kCountMax ||
      header.stream_count * sizeof(std::uint64_t) + header.section_count * sizeof(SectionEntry) >
          in.size()) {
    return "does not hold what its header says";
  }
  Snapshot read;
  for (std::uint32_t s = 0; s < header.stream_count; ++s)
    read.position.stream_next.push_back(get<std::uint64_t>(in));
  std::vector<SectionEntry> entries;
  for (std::uint32_t s = 0; s < header.section_count; ++s) entries.push_back(get<SectionEntry>(in));
  for (const SectionEntry& entry : entries) {
    if (entry.bytes > in.size() || journal::padded(entry.bytes) > in.size())
      return "does not hold what its header says";
    const std::string_view name(entry.name.data(), entry.name.size());
    read.sections.emplace_back(name.substr(0, name.find('\0')), in.first(entry.bytes));
    in = in.subspan(journal::padded(entry.bytes));
  }
  if (!in.empty()) return "holds more than its header says";
  read.header = header;
  read.position.sequence = header.sequence;
  read.position.record_mark = header.record_mark;
  read.position.time_ns = header.time_ns;
  read.bytes = std::move(bytes);  // which leaves them where they are
  snapshot = std::move(read);
  return {};
}

std::span<const std::byte> Snapshot::section(std::string_view name) const {
  for (const auto& [of, section] : sections) {
    if (of == name) return section;
  }
  return {};
}

// --- files

std::vector<SnapshotFile> list_snapshots(const std::filesystem::path& directory) {
  std::vector<SnapshotFile> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory / kFolder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const char* digits = name.data() + std::strlen(kPrefix);
    const char* end = name.data() + name.size();
    std::uint64_t sequence = 0;
    const auto [read_to, error] = std::from_chars(digits, end, sequence);
    if (error != std::errc() || read_to != end || sequence == 0) continue;
    files.push_back({sequence, entry.path()});
  }
  std::ranges::sort(files, std::ranges::greater(), &SnapshotFile::sequence);
  return files;
}

std::string read_snapshot(const SnapshotFile& file, Snapshot& snapshot) {
  const journal::Fd fd = journal::open_file(file.path, O_RDONLY);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return problem("opening", file.path);
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  if (journal::read_at(fd.get(), bytes, 0) != std::ssize(bytes))
    return problem("reading", file.path);
  if (std::string wrong = parse(std::move(bytes), snapshot); !wrong.empty())
    return fmt::format("{} {}", file.path.string(), wrong);
  if (snapshot.header.sequence != file.sequence)
    return fmt::format("{} is of record {}", file.path.string(), snapshot.header.sequence);
  return {};
}

std::string write_snapshot(const std::filesystem::path& directory, std::uint64_t sequence,
                           std::span<const std::byte> bytes, const journal::FileOps& ops) {
  const std::filesystem::path folder = directory / kFolder;
  std::error_code error;
  if (std::filesystem::create_directory(folder, error) && !sync_folder(directory))
    return problem("syncing", directory);
  if (error) return fmt::format("creating {}: {}", folder.string(), error.message());
  const std::filesystem::path part = folder / kPart;
  const std::filesystem::path whole = folder / fmt::format("{}{:020}", kPrefix, sequence);
  {
    const journal::Fd fd(
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd) return problem("creating", part);
    if (!journal::write_at(ops, fd.get(), bytes, 0)) return problem("writing", part);
    if (ops.fdatasync(fd.get()) != 0) return problem("syncing", part);
  }
  if (ops.rename(part.c_str(), whole.c_str()) != 0) return problem("renaming", part);
  if (!sync_folder(folder)) return problem("syncing", folder);
  const std::vector<SnapshotFile> files = list_snapshots(directory);
  for (std::size_t f = kKept; f < files.size(); ++f) std::filesystem::remove(files[f].path, error);
  return {};
}

}  // namespace portcullis::gateway::follower
