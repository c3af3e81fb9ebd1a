#include "gateway/journal/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/journal/crc32c.h"

namespace portcullis::gateway::journal {

const FileOps kSystemFileOps{
    [](const char* path, int flags) { return ::open(path, flags | O_CLOEXEC, 0600); },
    ::pwrite,
    ::fdatasync,
    ::posix_fallocate,
    ::rename,
    ::unlink};

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Fd open_file(const std::filesystem::path& path, int flags, const FileOps& ops) noexcept {
  return Fd(ops.open(path.c_str(), flags));
}

std::string error_text(int error_number) { return std::generic_category().message(error_number); }

void throw_errno(const char* what, const std::filesystem::path& path, int error_number) {
  throw JournalError(std::string("journal: ") + what + " " + path.string() + ": " +
                     error_text(error_number));
}

bool write_at(const FileOps& ops, int fd, std::span<const std::byte> bytes,
              std::uint64_t offset) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ops.pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = EIO;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

ssize_t read_at(int fd, std::span<std::byte> bytes, std::uint64_t offset) noexcept {
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + got, bytes.size() - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(got);
}

std::string segment_name(std::uint32_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "segment-%010u", number);
  return name;
}

std::string index_name(std::uint16_t stream) {
  char name[32];
  std::snprintf(name, sizeof name, "stream-%05u.index", static_cast<unsigned>(stream));
  return name;
}

std::vector<std::uint32_t> list_segments(const std::filesystem::path& directory) {
  std::vector<std::uint32_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    constexpr std::string_view kPrefix = "segment-";
    if (!name.starts_with(kPrefix)) continue;
    std::uint32_t number = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
    if (number > 0 && name == segment_name(number)) numbers.push_back(number);
  }
  if (error) throw_errno("reading the directory", directory, error.value());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string other_version(std::uint32_t version) {
  return "format version " + std::to_string(version) + ", this program reads " +
         std::to_string(kFormatVersion) + "; go on with the program that wrote it, or move the " +
         "folder away and begin a new journal";
}

std::string read_segment_header(int fd, std::uint32_t number, JournalId& id,
                                SegmentHeader& header) {
  if (read_at(fd, writable_bytes_of(header), 0) != static_cast<ssize_t>(sizeof header)) {
    return "the segment header is cut off";
  }
  if (header.magic != SegmentHeader::kMagic) return "not a journal segment (wrong magic)";
  if (header.version != kFormatVersion) {
    return other_version(header.version);
  }
  if (header.crc32c != crc32c(bytes_of(header).first(offsetof(SegmentHeader, crc32c)))) {
    return "crc32c of the segment header does not match";
  }
  if (header.number != number) return "holds segment " + std::to_string(header.number);
  if (id == JournalId{}) id = header.id;
  if (header.id != id) return "belongs to another journal, " + hex(header.id);
  return "";
}

std::optional<StateRecord> read_state(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kStateName;
  const Fd fd = open_file(path, O_RDONLY);
  StateRecord state;
  if (!fd || read_at(fd.get(), writable_bytes_of(state), 0) != static_cast<ssize_t>(sizeof state) ||
      state.magic != StateRecord::kMagic) {
    return std::nullopt;
  }
  if (state.version != kFormatVersion) {
    throw JournalError("journal: " + path.string() + ": " + other_version(state.version));
  }
  if (state.crc32c != crc32c(bytes_of(state).first(offsetof(StateRecord, crc32c)))) {
    return std::nullopt;
  }
  return state;
}

bool write_state(const std::filesystem::path& directory, StateRecord state, const FileOps& ops) {
  state.crc32c = crc32c(bytes_of(state).first(offsetof(StateRecord, crc32c)));
  const std::filesystem::path path = directory / kStateName;
  const std::filesystem::path fresh = directory / "state.new";
  const Fd fd = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, ops);
  if (!fd || !write_at(ops, fd.get(), bytes_of(state), 0) || ops.fdatasync(fd.get()) != 0 ||
      ops.rename(fresh.c_str(), path.c_str()) != 0) {
    return false;
  }
  // The directory too: an old state must not come back with the machine.
  const Fd directory_fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  return directory_fd && ops.fdatasync(directory_fd.get()) == 0;
}

JournalId random_id() {
  JournalId id{};
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    throw_errno("getrandom", "", errno);
  }
  return id;
}

JournalId boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text;
  in >> text;
  std::erase(text, '-');
  JournalId id{};
  if (text.size() != 2 * id.size()) return id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, id[i], 16);
  }
  return id;
}

std::string hex(const JournalId& id) {
  std::string text;
  for (const std::uint8_t byte : id) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(byte));
    text += digits;
  }
  return text;
}

}  // namespace portcullis::gateway::journal
