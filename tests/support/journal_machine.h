// A machine that can lose its power: what was written and not synced is then gone, or there in
// part, in no order. The journal's files are real ones; this remembers what of them an fdatasync
// has made durable.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::testing {

// One at a time, because FileOps are plain functions. Any thread.
class Machine {
 public:
  Machine() { current() = this; }
  ~Machine() { current() = nullptr; }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  static const FileOps& ops() {
    static const FileOps kOps{
        kSystemFileOps.open,
        [](int fd, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
          return current()->pwrite(fd, bytes, count, offset);
        },
        [](int fd) { return current()->fdatasync(fd); },
        kSystemFileOps.allocate,
        kSystemFileOps.rename,
        kSystemFileOps.unlink,
    };
    return kOps;
  }

  std::atomic<bool> syncs_fail{false};
  // While it is set a sync waits for it to be cleared, as on a slow disk.
  std::atomic<bool> syncs_hang{false};
  std::atomic<std::uint64_t> syncs{0};

  // The power goes while nobody writes. Of what was not durable each block of 4,096 bytes was
  // written or was not. The directory's names are as they were synced last, or as they are now. The
  // ring goes too. The next opening finds another boot.
  void lose_power(const std::filesystem::path& directory, Random& random) {
    const std::lock_guard lock(mutex_);
    RingReader ring;
    std::error_code ignored;
    const std::filesystem::path link = directory / kRingLink;
    std::filesystem::path target = std::filesystem::read_symlink(link, ignored);
    if (!ignored) std::filesystem::remove(target.is_absolute() ? target : directory / target);
    std::filesystem::remove(link, ignored);
    const bool names_are_written = random() % 2 == 0;
    for (const std::uint32_t number : list_segments(directory)) {
      const std::filesystem::path path = directory / segment_name(number);
      const Fd fd = open_file(path, O_RDWR);
      const ino_t inode = inode_of(fd.get());
      if (!names_are_written && !names_.contains({inode, path.filename().string()})) {
        std::filesystem::remove(path);
        continue;
      }
      Bytes durable = durable_[inode];
      Bytes now(std::filesystem::file_size(path));
      (void)!read_at(fd.get(), now, 0);
      durable.resize(now.size());  // preallocated space reads as zeros
      constexpr std::size_t kBlock = 4'096;
      for (std::size_t at = 0; at < now.size(); at += kBlock) {
        if (random() % 2 == 0) continue;
        std::copy_n(now.begin() + static_cast<std::ptrdiff_t>(at),
                    std::min(kBlock, now.size() - at),
                    durable.begin() + static_cast<std::ptrdiff_t>(at));
      }
      (void)write_at(kSystemFileOps, fd.get(), durable, 0);
      durable_[inode] = durable;
    }
    // The indexes are never synced: anything may have become of them.
    for (std::uint16_t stream = 0; stream < kStreams; ++stream) {
      const std::filesystem::path path = directory / index_name(stream);
      if (!std::filesystem::exists(path) || random() % 3 == 0) continue;
      std::filesystem::resize_file(path, random() % (std::filesystem::file_size(path) + 1));
    }
    StateRecord state = read_state(directory).value();
    state.boot_id[0] ^= 1;
    (void)write_state(directory, state);
  }

 private:
  static Machine*& current() {
    static Machine* machine = nullptr;
    return machine;
  }
  static ino_t inode_of(int fd) {
    struct stat found {};
    return ::fstat(fd, &found) == 0 ? found.st_ino : 0;
  }
  static std::filesystem::path path_of(int fd) {
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
  }

  ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
    const std::lock_guard lock(mutex_);
    return ::pwrite(fd, bytes, count, offset);
  }
  int fdatasync(int fd) {
    ++syncs;
    while (syncs_hang) ::usleep(100);
    const std::lock_guard lock(mutex_);
    if (syncs_fail) {
      errno = EIO;
      return -1;
    }
    const std::filesystem::path path = path_of(fd);
    if (std::filesystem::is_directory(path)) {
      names_.clear();
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        struct stat found {};
        if (::stat(entry.path().c_str(), &found) != 0) continue;
        names_.insert({found.st_ino, entry.path().filename().string()});
      }
      return 0;
    }
    struct stat found {};
    ::fstat(fd, &found);
    Bytes bytes(static_cast<std::size_t>(found.st_size));
    (void)!read_at(fd, bytes, 0);
    durable_[found.st_ino] = std::move(bytes);
    return 0;
  }

  std::mutex mutex_;
  std::map<ino_t, Bytes> durable_;
  std::set<std::pair<ino_t, std::string>> names_;
};

}  // namespace portcullis::gateway::journal::testing
