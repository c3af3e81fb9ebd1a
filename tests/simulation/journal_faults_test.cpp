// A disk that fails, at any call, in any way: nothing published is lost, and the journal says so.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <set>
#include <thread>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_faults_test {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 3;

// What the disk does. Atomic, because the flusher's thread calls it too.
struct Disk {
  std::atomic<bool> writes_fail{false};
  std::atomic<bool> syncs_fail{false};
  std::atomic<bool> allocations_fail{false};
  std::atomic<bool> read_only{false};
  std::atomic<long> calls_left{std::numeric_limits<long>::max()};  // then everything fails
  std::set<ino_t> synced;                                          // manual mode only

  void heal() {
    writes_fail = false;
    syncs_fail = false;
    allocations_fail = false;
    read_only = false;
    calls_left = std::numeric_limits<long>::max();
    synced.clear();
  }
  bool dead() { return calls_left.fetch_sub(1) <= 0; }
};
Disk disk;

ino_t inode(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 ? found.st_ino : 0;
}

const FileOps kFailingOps{
    [](const char* path, int flags) {
      if (disk.dead() || disk.read_only) {
        errno = disk.read_only ? EROFS : EIO;
        return -1;
      }
      return kSystemFileOps.open(path, flags);
    },
    [](int fd, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
      // A write that fails leaves half of its bytes behind.
      if (disk.read_only) {
        errno = EROFS;
        return -1;
      }
      if (disk.dead() || disk.writes_fail) {
        (void)!::pwrite(fd, bytes, count / 2, offset);
        errno = ENOSPC;
        return -1;
      }
      return ::pwrite(fd, bytes, count, offset);
    },
    [](int fd) {
      if (disk.dead() || disk.syncs_fail) {
        errno = EIO;
        return -1;
      }
      disk.synced.insert(inode(fd));
      return ::fdatasync(fd);
    },
    [](int fd, off_t offset, off_t bytes) {
      if (disk.read_only) return EROFS;
      if (disk.dead() || disk.allocations_fail) return ENOSPC;
      return ::posix_fallocate(fd, offset, bytes);
    },
    [](const char* from, const char* to) {
      if (disk.dead() || disk.read_only) {
        errno = disk.read_only ? EROFS : EIO;
        return -1;
      }
      return ::rename(from, to);
    },
    [](const char* path) {
      if (disk.dead() || disk.read_only) {
        errno = disk.read_only ? EROFS : EIO;
        return -1;
      }
      return ::unlink(path);
    }};

class JournalFaults : public ::testing::Test {
 protected:
  JournalFaults() {
    disk.heal();
    options_.file_ops = &kFailingOps;
  }
  ~JournalFaults() override { disk.heal(); }

  const TemporaryFolder folder_{memory_folder()};
  Options options_ = small_options(folder_.path());
};

TEST_F(JournalFaults, AFailedWriteIsDegradedUntilOneSucceeds) {
  Journal journal(options_);
  for (std::uint64_t i = 1; i <= 20; ++i) append(journal, record_of(kSeed, i));
  ASSERT_TRUE(journal.flush());
  for (std::uint64_t i = 21; i <= 40; ++i) append(journal, record_of(kSeed, i));
  disk.writes_fail = true;
  EXPECT_FALSE(journal.flush());
  EXPECT_EQ(journal.faults(), kFaultWrite);
  EXPECT_EQ(journal.last_error(), ENOSPC);
  EXPECT_TRUE(journal.degraded());
  EXPECT_EQ(journal.room(), Room::ReducingOnly);
  EXPECT_EQ(journal.flushed_sequence(), 20U);
  for (std::uint64_t i = 41; i <= 50; ++i) append(journal, record_of(kSeed, i));
  EXPECT_FALSE(journal.flush());
  expect_records(folder_.path(), kSeed, 50, true);  // they wait in the ring
  disk.writes_fail = false;
  EXPECT_TRUE(journal.flush());
  EXPECT_EQ(journal.faults(), 0U);
  EXPECT_EQ(journal.room(), Room::All);
  expect_records(folder_.path(), kSeed, 50, false);
  expect_streams(journal, folder_.path(), kSeed, 50);
}

// What a failed write left behind was taken for records that the next segment must not have.
TEST_F(JournalFaults, RecordsOfAFailedWriteAreReadOnceWhenAFailedSyncWritesThemElsewhere) {
  {
    Journal journal(options_);
    for (std::uint64_t i = 1; i <= 20; ++i) append(journal, record_of(kSeed, i));
    ASSERT_TRUE(journal.flush());
    for (std::uint64_t i = 21; i <= 40; ++i) append(journal, record_of(kSeed, i));
    disk.writes_fail = true;
    EXPECT_FALSE(journal.flush());  // half of the bytes: some whole records
    disk.writes_fail = false;
    disk.syncs_fail = true;
    EXPECT_FALSE(journal.sync());
    EXPECT_TRUE(journal.flush());  // to the next segment
    expect_records(folder_.path(), kSeed, 40, false);
    disk.syncs_fail = false;
    for (std::uint64_t i = 41; i <= 50; ++i) append(journal, record_of(kSeed, i));
  }
  const Journal journal(options_);
  expect_records(folder_.path(), kSeed, 50, false);
  expect_streams(journal, folder_.path(), kSeed, 50);
}

TEST_F(JournalFaults, ADiskWhoseSyncsGoOnFailingIsNotFilledWithEmptySegments) {
  Journal journal(options_);
  append(journal, record_of(kSeed, 1));
  ASSERT_TRUE(journal.flush());
  disk.syncs_fail = true;
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(journal.sync());
    EXPECT_TRUE(journal.flush());
  }
  EXPECT_EQ(list_segments(folder_.path()).size(), 1U);
  append(journal, record_of(kSeed, 2));
  EXPECT_TRUE(journal.flush());
  EXPECT_EQ(list_segments(folder_.path()).size(), 2U);
}

TEST_F(JournalFaults, ASegmentWhoseSyncFailedIsNeverSyncedAgain) {
  Journal journal(options_);
  append(journal, record_of(kSeed, 1));
  ASSERT_TRUE(journal.flush());
  ASSERT_TRUE(journal.sync());
  EXPECT_EQ(journal.synced_sequence(), 1U);
  append(journal, record_of(kSeed, 2));
  ASSERT_TRUE(journal.flush());
  disk.synced.clear();
  disk.syncs_fail = true;
  EXPECT_FALSE(journal.sync());
  EXPECT_EQ(journal.faults(), kFaultSync);
  EXPECT_EQ(journal.last_error(), EIO);
  EXPECT_TRUE(journal.degraded());
  disk.syncs_fail = false;
  EXPECT_FALSE(journal.sync());
  EXPECT_TRUE(disk.synced.empty());
  append(journal, record_of(kSeed, 3));
  ASSERT_TRUE(journal.flush());
  EXPECT_FALSE(journal.sync());
  EXPECT_EQ(journal.synced_sequence(), 1U);
  EXPECT_EQ(list_segments(folder_.path()).size(), 2U);
  struct stat first {};
  ASSERT_EQ(::stat((folder_ / segment_name(1)).c_str(), &first), 0);
  EXPECT_FALSE(disk.synced.contains(first.st_ino));
  EXPECT_FALSE(disk.synced.empty());  // the new one is
  EXPECT_TRUE(journal.degraded());
  EXPECT_FALSE(journal.close());
  expect_records(folder_.path(), kSeed, 3, true);
}

TEST_F(JournalFaults, AFullDiskIsNoticedASegmentAhead) {
  Journal journal(options_);
  disk.allocations_fail = true;
  std::uint64_t last = 0;
  while (list_segments(folder_.path()).size() < 2) {
    append(journal, record_of(kSeed, ++last));
    ASSERT_TRUE(journal.flush());
  }
  ASSERT_TRUE(journal.flush());
  EXPECT_EQ(journal.faults(), kFaultSpace);
  EXPECT_TRUE(journal.degraded());
  // There is room for one segment still; then the ring fills.
  while (journal.room() != Room::None) {
    append(journal, record_of(kSeed, ++last));
    (void)journal.flush();
  }
  EXPECT_EQ(journal.faults(), kFaultSpace | kFaultWrite);
  expect_records(folder_.path(), kSeed, last, true);
  disk.allocations_fail = false;
  EXPECT_TRUE(journal.flush());
  EXPECT_EQ(journal.room(), Room::All);
  EXPECT_EQ(journal.faults(), 0U);
  expect_records(folder_.path(), kSeed, last, false);
  expect_streams(journal, folder_.path(), kSeed, last);
}

TEST_F(JournalFaults, TheMissingSpareIsTriedAgainWithoutAnAppend) {
  Journal journal(options_);
  disk.allocations_fail = true;
  std::uint64_t last = 0;
  while (list_segments(folder_.path()).size() < 2) {
    append(journal, record_of(kSeed, ++last));
    ASSERT_TRUE(journal.flush());
  }
  disk.allocations_fail = false;
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(journal.flush());
  EXPECT_EQ(journal.faults(), 0U);
}

TEST_F(JournalFaults, AReadOnlyDiskIsRefusedByName) {
  const auto expect_refused = [&] {
    disk.read_only = true;
    try {
      const Journal journal(options_);
      ADD_FAILURE() << "it was opened";
    } catch (const JournalError& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find(folder_.path().string()), std::string::npos) << what;
      EXPECT_NE(what.find("Read-only file system"), std::string::npos) << what;
    }
    disk.read_only = false;
  };
  expect_refused();  // a new one
  {
    Journal journal(options_);
    for (std::uint64_t i = 1; i <= 20; ++i) append(journal, record_of(kSeed, i));
    ASSERT_TRUE(journal.flush());
    for (std::uint64_t i = 21; i <= 40; ++i) append(journal, record_of(kSeed, i));
  }
  expect_refused();  // one that was killed
  expect_records(folder_.path(), kSeed, 40, true);
  {
    Journal journal(options_);
    EXPECT_EQ(journal.recovery().records_from_ring, 20U);
    ASSERT_TRUE(journal.close());
  }
  expect_refused();  // one that was closed; who only reads it reads it
  expect_records(folder_.path(), kSeed, 40, true);
}

TEST_F(JournalFaults, ADiskThatBecomesReadOnlyIsDegradedUntilItIsNot) {
  Journal journal(options_);
  for (std::uint64_t i = 1; i <= 20; ++i) append(journal, record_of(kSeed, i));
  ASSERT_TRUE(journal.flush());
  disk.read_only = true;
  std::uint64_t last = 20;
  while (journal.room() != Room::None) {
    append(journal, record_of(kSeed, ++last));
    EXPECT_FALSE(journal.flush());
  }
  EXPECT_NE(journal.faults() & kFaultWrite, 0U);
  EXPECT_EQ(journal.last_error(), EROFS);
  EXPECT_TRUE(journal.degraded());
  EXPECT_EQ(journal.flushed_sequence(), 20U);
  EXPECT_FALSE(journal.close());
  expect_records(folder_.path(), kSeed, last, true);
  disk.read_only = false;
  EXPECT_TRUE(journal.flush());
  EXPECT_EQ(journal.faults(), 0U);
  EXPECT_EQ(journal.room(), Room::All);
  expect_records(folder_.path(), kSeed, last, false);
  expect_streams(journal, folder_.path(), kSeed, last);
}

// The disk dies at its k-th call, for every k; the process is then killed and opened on a good
// disk.
TEST_F(JournalFaults, ADiskThatDiesAtAnyCallLosesNothing) {
  const std::uint64_t seed = test_seed();
  for (long calls = 0;; calls += calls < 60 ? 1 : 7) {
    const TemporaryFolder folder(memory_folder());
    Options options = options_;
    options.directory = folder.path();
    Random random{seed};
    std::uint64_t last = 0;
    disk.heal();
    {
      Journal journal(options);
      disk.calls_left = calls;
      for (int i = 0; i < 40; ++i) {
        for (int count = 0; count < 40; ++count) {
          const TestRecord record = record_of(seed, last + 1);
          if (!journal.can_append(record.bytes())) break;
          ASSERT_EQ(append(journal, record), ++last);
        }
        (void)journal.flush();
        if (random() % 4 == 0) (void)journal.sync();
      }
    }
    const bool died = disk.calls_left < 0;
    disk.heal();
    expect_records(folder.path(), seed, last, true);
    const Journal journal(options);
    ASSERT_EQ(journal.recovery().last_sequence, last) << calls;
    ASSERT_NO_FATAL_FAILURE(expect_records(folder.path(), seed, last, false)) << calls;
    ASSERT_NO_FATAL_FAILURE(expect_streams(journal, folder.path(), seed, last)) << calls;
    if (!died) break;
    ASSERT_LT(calls, 1'000);
  }
}

// And at any call of the recovery itself.
TEST_F(JournalFaults, ARecoveryThatFailsAtAnyCallCanBeMadeAgain) {
  const std::uint64_t seed = test_seed();
  std::uint64_t last = 0;
  {
    Journal journal(options_);
    while (journal.room() != Room::None) append(journal, record_of(seed, ++last));
    ASSERT_TRUE(journal.flush());
    while (journal.room() != Room::None) append(journal, record_of(seed, ++last));
  }
  const TemporaryFolder copies(memory_folder());
  for (long calls = 0;; calls += calls < 60 ? 1 : 7) {
    Options options = options_;
    options.directory = copies / std::to_string(calls);
    std::filesystem::copy(
        folder_.path(), options.directory,
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    disk.calls_left = calls;
    bool failed = false;
    try {
      const Journal journal(options);
    } catch (const JournalError&) {
      failed = true;
    }
    disk.heal();
    {
      const Journal journal(options);
      ASSERT_EQ(journal.recovery().last_sequence, last) << calls;
      ASSERT_NO_FATAL_FAILURE(expect_records(options.directory, seed, last, false)) << calls;
      ASSERT_NO_FATAL_FAILURE(expect_streams(journal, options.directory, seed, last)) << calls;
    }
    std::filesystem::remove_all(options.directory);
    if (!failed) break;
    ASSERT_LT(calls, 1'000);
  }
}

TEST_F(JournalFaults, TheFlusherThreadKeepsTryingOnAFailingDisk) {
  options_.manual_flush = false;
  options_.sync_interval = std::chrono::milliseconds(0);
  Journal journal(options_);
  disk.writes_fail = true;
  for (std::uint64_t i = 1; i <= 50; ++i) append(journal, record_of(kSeed, i));
  while (!journal.degraded()) std::this_thread::yield();
  EXPECT_EQ(journal.flushed_sequence(), 0U);
  disk.writes_fail = false;
  while (journal.flushed_sequence() < 50) std::this_thread::yield();
  while (journal.faults() != 0) std::this_thread::yield();
  expect_records(folder_.path(), kSeed, 50, false);
}

// A real failure of the operating system: the process may not write beyond 4 KiB of a file. (A
// limit also raises a signal, which must not end the process.)
TEST_F(JournalFaults, AFileSizeLimitIsAFailedWrite) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    options_.file_ops = &kSystemFileOps;
    options_.manual_flush = false;
    options_.sync_interval = std::chrono::milliseconds(0);
    Journal journal(options_);
    const rlimit limit{4'096, 4'096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    for (std::uint64_t i = 1; i <= 100; ++i) append(journal, record_of(kSeed, i));
    while (!journal.degraded()) std::this_thread::yield();
    ::_exit(journal.faults() == kFaultWrite && journal.last_error() == EFBIG ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 100U);
  expect_records(folder_.path(), kSeed, 100, false);
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_faults_test
