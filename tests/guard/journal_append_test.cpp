// What the order path promises of an append: no allocation, no lock, no system call.
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <thread>

#include "tests/support/journal_support.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // the sanitizer's own work makes system calls
#else
inline constexpr bool kSanitized = false;
#endif

namespace {
thread_local bool counting = false;
thread_local std::uint64_t allocations = 0;

void* counted(std::size_t bytes) {
  if (counting) ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace portcullis::gateway::journal::journal_append_test {
namespace {

using testing::small_options;
using testing::TemporaryFolder;

struct Command {
  std::uint64_t words[12];
};

// All that a shard calls for a message. False when the ring is full.
bool append_one(Journal& journal, const Command& command) {
  if (journal.room() == Room::None || journal.degraded()) return false;
  if (!journal.can_append(command_part_bytes(sizeof command) + 2 * outbound_part_bytes(50))) {
    return false;
  }
  journal.begin(7, 1, command_bytes(command));
  const std::uint64_t number =
      journal.add_outbound(1, std::as_bytes(std::span(command.words)).first(50));
  journal.add_outbound(2, std::as_bytes(std::span(command.words)).first(33));
  journal.publish();
  std::span<const std::byte> payload;
  return journal.recent(1, number, payload) && payload.size() == 50;
}

TEST(JournalAppend, AllocatesNothingWhileTheFlusherRuns) {
  const TemporaryFolder folder;
  Options options = small_options(folder.path());
  options.ring_bytes = 1'048'576;
  options.segment_bytes = 16'777'216;
  options.manual_flush = false;
  Journal journal(options);
  Command command{};
  allocations = 0;
  counting = true;
  ::operator delete(::operator new(1));  // the count itself works; a call is never optimised away
  for (std::uint64_t i = 0; i < 100'000;) {
    command.words[0] = i;
    if (append_one(journal, command)) {
      ++i;
    } else {
      std::this_thread::yield();
    }
  }
  counting = false;
  EXPECT_EQ(allocations, 1U);
  EXPECT_EQ(journal.published_sequence(), 100'000U);
}

// The child may make no system call but read, write and exit; any other kills it.
TEST(JournalAppend, MakesNoSystemCallAndTakesNoLock) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer makes system calls of its own";
  const TemporaryFolder folder;
  Options options = small_options(folder.path());
  options.ring_bytes = 16'777'216;
  const auto run = [&](bool forbidden_call) {
    const pid_t child = ::fork();
    if (child == 0) {
      Journal journal(options);
      if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(3);
      if (forbidden_call) ::syscall(SYS_getpid);
      const Command command{};
      bool good = true;
      for (int i = 0; i < 20'000; ++i) good = append_one(journal, command) && good;
      ::syscall(SYS_exit, good ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  };
  const int refused = run(true);
  if (WIFEXITED(refused) && WEXITSTATUS(refused) == 3) GTEST_SKIP() << "no seccomp here";
  EXPECT_TRUE(WIFSIGNALED(refused));  // the check itself works
  const int status = run(false);
  ASSERT_TRUE(WIFEXITED(status)) << "killed: a system call was made";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const Journal journal(options);
  EXPECT_EQ(journal.recovery().last_sequence, 20'000U);
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_append_test
