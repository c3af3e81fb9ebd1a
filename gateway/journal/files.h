// The few operating system calls the journal makes, and the names of its files.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/journal/format.h"

namespace portcullis::gateway::journal {

// Thrown at start-up only, with the file and what is wrong with it.
class JournalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The snapshot that Options::start_sequence tells of is none of this journal's: another one may be, or
// the first record is there to begin with.
class SnapshotMismatch : public JournalError {
 public:
  using JournalError::JournalError;
};

// The calls that can fail on a full, dying or read-only disk, so that a test can make them fail.
// Each is as the system call of its name; open creates files with mode 0600, allocate is
// posix_fallocate and returns the error number.
struct FileOps {
  int (*open)(const char* path, int flags);
  ssize_t (*pwrite)(int fd, const void* bytes, std::size_t count, off_t offset);
  int (*fdatasync)(int fd);
  int (*allocate)(int fd, off_t offset, off_t bytes);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};
extern const FileOps kSystemFileOps;

// A file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC; an empty Fd and errno on failure.
Fd open_file(const std::filesystem::path& path, int flags,
             const FileOps& ops = kSystemFileOps) noexcept;
// What an errno means; unlike strerror it may be called from any thread.
std::string error_text(int error_number);
// Throws JournalError "journal: WHAT PATH: error_text(error_number)".
[[noreturn]] void throw_errno(const char* what, const std::filesystem::path& path,
                              int error_number);

// Writes all of it; false and errno on failure, when a part may have been written.
[[nodiscard]] bool write_at(const FileOps& ops, int fd, std::span<const std::byte> bytes,
                            std::uint64_t offset) noexcept;
// Reads until `bytes` is full or the file ends; the number read, or -1 and errno.
[[nodiscard]] ssize_t read_at(int fd, std::span<std::byte> bytes, std::uint64_t offset) noexcept;

template <class T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}
template <class T>
std::span<std::byte> writable_bytes_of(T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_writable_bytes(std::span<T, 1>(&value, 1));
}

// Names inside the journal's directory.
std::string segment_name(std::uint32_t number);
std::string index_name(std::uint16_t stream);
inline constexpr const char* kSpareName = "segment-spare";
inline constexpr const char* kRingLink = "ring";  // a symbolic link to the ring file
inline constexpr const char* kStateName = "state";

// Numbers of the segments in the directory, ascending. Throws JournalError when the directory
// cannot be read.
std::vector<std::uint32_t> list_segments(const std::filesystem::path& directory);
// An empty text when the header is that of segment `number`, else what is wrong with it. Takes the
// journal id from the header when `id` is all zeros, else compares.
std::string read_segment_header(int fd, std::uint32_t number, JournalId& id, SegmentHeader& header);
// "format version 2, this program reads 1: ..." and what to do about it.
std::string other_version(std::uint32_t version);

// Nothing when the file is missing or is not a whole state record. Throws JournalError when it is
// one of another format version.
std::optional<StateRecord> read_state(const std::filesystem::path& directory);
// Replaces the state file as a whole, so that it survives the machine; fills in the crc. False and
// errno on failure, when the old one is still there.
[[nodiscard]] bool write_state(const std::filesystem::path& directory, StateRecord state,
                               const FileOps& ops = kSystemFileOps);

JournalId random_id();
// The kernel's id of this boot; all zeros where there is none.
JournalId boot_id();
std::string hex(const JournalId& id);

}  // namespace portcullis::gateway::journal
