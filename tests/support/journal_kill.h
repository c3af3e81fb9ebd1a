// A child process appends and is killed -9 at a random moment, again and again in the same journal.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::testing {

// The child: goes on where the journal stops and reports every sequence it has published, until it
// is killed.
[[noreturn]] inline void append_until_killed(const Options& options, std::uint64_t seed,
                                             int report_fd) {
  Journal journal(options);
  for (std::uint64_t sequence = journal.recovery().last_sequence + 1;; ++sequence) {
    const TestRecord record = record_of(seed, sequence);
    while (!journal.can_append(record.bytes())) std::this_thread::yield();
    append(journal, record);
    if (::write(report_fd, &sequence, sizeof sequence) != sizeof sequence) ::_exit(1);
  }
}

// Starts a child, reads `reports` of its reports, waits a moment and kills it; the last sequence it
// reported, 0 if none.
inline std::uint64_t kill_after(const Options& options, std::uint64_t seed, std::uint64_t reports,
                                std::chrono::microseconds moment) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(options, seed, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t sequence = 0;
  for (; reports > 0 && ::read(ends[0], &sequence, sizeof sequence) == sizeof sequence; --reports) {
    last = sequence;
  }
  std::this_thread::sleep_for(moment);
  ::kill(child, SIGKILL);
  while (::read(ends[0], &sequence, sizeof sequence) == sizeof sequence) last = sequence;
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself";
  return last;
}

// Every sequence that was reported is in the recovered journal, which is dense, streams too.
inline void kill_and_recover(int rounds) {
  const std::uint64_t seed = test_seed();
  Random random{seed};
  const TemporaryFolder folder;
  const TemporaryFolder memory(memory_folder());
  Options options = small_options(folder.path());
  std::uint64_t from_ring = 0;
  std::uint64_t last = 0;
  for (int round = 0; round < rounds; ++round) {
    options.ring_directory = random() % 2 == 0 ? memory.path() : std::filesystem::path();
    options.manual_flush = false;
    options.flush_interval = std::chrono::microseconds(100 + random() % 2'000);
    options.sync_interval = std::chrono::milliseconds(random() % 2 * 5);
    // Now and then before the first report, which is while the child still recovers.
    const std::uint64_t reports = random() % 4 == 0 ? 0 : 1 + random() % 500;
    const std::chrono::microseconds moment(random() % (reports == 0 ? 10'000 : 2'000));
    const std::uint64_t reported = kill_after(options, seed, reports, moment);
    ASSERT_TRUE(reported == 0 || reported > last);

    options.manual_flush = true;
    Journal journal(options);
    ASSERT_GE(journal.recovery().last_sequence, std::max(reported, last)) << "round " << round;
    ASSERT_FALSE(journal.recovery().possible_loss);
    last = journal.recovery().last_sequence;
    from_ring += journal.recovery().records_from_ring;
    ASSERT_NO_FATAL_FAILURE(expect_records(folder.path(), seed, last, false)) << round;
    ASSERT_NO_FATAL_FAILURE(expect_streams(journal, folder.path(), seed, last)) << round;
    if (random() % 3 == 0) {
      ASSERT_TRUE(journal.close());
    }
  }
  std::printf("%llu records, %llu of them saved from the ring\n",
              static_cast<unsigned long long>(last), static_cast<unsigned long long>(from_ring));
  EXPECT_GT(from_ring, 0U);
}

}  // namespace portcullis::gateway::journal::testing
