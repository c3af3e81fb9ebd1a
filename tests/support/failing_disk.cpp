#include "tests/support/failing_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace portcullis::test {

namespace journal = gateway::journal;

namespace {

struct stat status_of(int fd) {
  struct stat status {};
  (void)::fstat(fd, &status);
  return status;
}

}  // namespace

void UnsyncedWrites::begin(bool is_on) {
  is_on_ = is_on;
  writes_.clear();
  names_.clear();
}

// One for each page that the write touches.
void UnsyncedWrites::wrote(int fd, std::size_t count, off_t offset) {
  if (!is_on_) return;
  std::vector<Write>& writes = writes_[status_of(fd).st_ino];
  const off_t end = offset + static_cast<off_t>(count);
  for (off_t at = offset; at < end;) {
    const off_t page_end = std::min(end, (at / kPage + 1) * kPage);
    std::vector<std::byte> before(static_cast<std::size_t>(page_end - at));
    // What lies beyond the end reads as zeros.
    (void)journal::read_at(fd, before, static_cast<std::uint64_t>(at));
    writes.push_back({at, std::move(before)});
    at = page_end;
  }
}

void UnsyncedWrites::synced(int fd) {
  if (!is_on_) return;
  const struct stat status = status_of(fd);
  if (!S_ISDIR(status.st_mode)) {
    writes_.erase(status.st_ino);
    return;
  }
  names_.clear();
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    struct stat found {};
    if (::stat(entry.path().c_str(), &found) != 0) continue;
    names_.insert({found.st_ino, entry.path().filename().string()});
  }
}

void UnsyncedWrites::lose_power(const std::filesystem::path& directory,
                                const std::function<std::uint32_t(std::size_t)>& below) {
  const bool names_are_written = below(2) == 0;
  for (const std::uint32_t number : journal::list_segments(directory)) {
    const std::filesystem::path path = directory / journal::segment_name(number);
    struct stat found {};
    (void)::stat(path.c_str(), &found);
    if (!names_are_written && !names_.contains({found.st_ino, path.filename().string()}))
      std::filesystem::remove(path);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const journal::Fd fd = journal::open_file(entry.path(), O_RDWR);
    const auto writes = writes_.find(status_of(fd.get()).st_ino);
    if (!fd || writes == writes_.end()) continue;
    std::map<off_t, std::uint32_t> count;  // of the writes to each page; then those that stay
    for (const Write& write : writes->second) ++count[write.offset / kPage];
    std::map<off_t, std::uint32_t> stay;
    for (const auto& [page, n] : count) stay[page] = below(n + 1);
    for (auto write = writes->second.rbegin(); write != writes->second.rend(); ++write) {
      const off_t page = write->offset / kPage;
      if (count[page]-- <= stay[page]) continue;
      (void)journal::write_at(journal::kSystemFileOps, fd.get(), write->before,
                              static_cast<std::uint64_t>(write->offset));
    }
  }
  writes_.clear();
}

const journal::FileOps kFailingDiskOps{
    [](const char* path, int flags) { return ::open(path, flags | O_CLOEXEC, 0600); },
    [](int fd, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
      g_unsynced.wrote(fd, count, offset);
      if (g_disk.writes_fail) {
        (void)!::pwrite(fd, bytes, count / 2, offset);
        errno = ENOSPC;
        return -1;
      }
      return ::pwrite(fd, bytes, count, offset);
    },
    [](int fd) {
      if (g_disk.power_goes_in_sync) g_disk.is_dark = true;
      if (g_disk.syncs_fail || g_disk.is_dark) {
        errno = EIO;
        return -1;
      }
      const int result = ::fdatasync(fd);
      if (result == 0) g_unsynced.synced(fd);
      return result;
    },
    [](int fd, off_t offset, off_t bytes) {
      return g_disk.allocations_fail ? ENOSPC : ::posix_fallocate(fd, offset, bytes);
    },
    [](const char* from, const char* to) { return ::rename(from, to); },
    [](const char* path) { return ::unlink(path); }};

}  // namespace portcullis::test
