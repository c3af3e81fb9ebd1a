#include "tests/support/failing_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace portcullis::test {

const gateway::journal::FileOps kFailingDiskOps{
    [](const char* path, int flags) { return ::open(path, flags | O_CLOEXEC, 0600); },
    [](int fd, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
      if (g_disk.writes_fail) {
        (void)!::pwrite(fd, bytes, count / 2, offset);
        errno = ENOSPC;
        return -1;
      }
      return ::pwrite(fd, bytes, count, offset);
    },
    [](int fd) {
      if (g_disk.syncs_fail) {
        errno = EIO;
        return -1;
      }
      return ::fdatasync(fd);
    },
    [](int fd, off_t offset, off_t bytes) {
      return g_disk.allocations_fail ? ENOSPC : ::posix_fallocate(fd, offset, bytes);
    },
    [](const char* from, const char* to) { return ::rename(from, to); },
    [](const char* path) { return ::unlink(path); }};

}  // namespace portcullis::test
