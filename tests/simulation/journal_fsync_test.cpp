// Durability fsync: what is at or below the durable mark survives the machine, whatever happens to
// it, and nothing above it counts as durable.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "tests/support/journal_machine.h"
#include "tests/support/random_world.h"

namespace portcullis::gateway::journal::journal_fsync_test {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 7;

class JournalFsync : public ::testing::Test {
 protected:
  JournalFsync() {
    options_.durability = Durability::Fsync;
    options_.file_ops = &Machine::ops();
  }
  void append_through(Journal& journal, std::uint64_t last) {
    for (std::uint64_t i = journal.published_sequence() + 1; i <= last; ++i) {
      append(journal, record_of(kSeed, i));
    }
  }

  Machine machine_;
  const TemporaryFolder folder_{memory_folder()};
  Options options_ = small_options(folder_.path());
};

TEST_F(JournalFsync, TheMarkMovesWithEachBatchAndTellsTheOwner) {
  std::vector<std::uint64_t> marks;
  const Journal* watched = nullptr;
  options_.on_synced = [&] { marks.push_back(watched->synced_sequence()); };
  Journal journal(options_);
  watched = &journal;
  append_through(journal, 10);
  EXPECT_EQ(journal.synced_sequence(), 0U);
  const std::uint64_t before = machine_.syncs;
  ASSERT_TRUE(journal.flush());
  EXPECT_EQ(machine_.syncs, before + 1) << "one sync for ten records";
  EXPECT_EQ(journal.synced_sequence(), 10U);
  EXPECT_EQ(journal.flushed_sequence(), 10U);
  append_through(journal, 11);
  ASSERT_TRUE(journal.flush());
  ASSERT_TRUE(journal.flush());  // nothing is there: nothing is synced
  EXPECT_EQ(machine_.syncs, before + 2);
  EXPECT_EQ(marks, (std::vector<std::uint64_t>{10, 11}));
  ASSERT_TRUE(journal.close());
}

TEST_F(JournalFsync, WhatWasRecoveredIsDurableBeforeAnythingElseHappens) {
  {
    Journal journal(options_);
    append_through(journal, 30);
    ASSERT_TRUE(journal.flush());
    append_through(journal, 50);
  }
  {
    const Journal journal(options_);
    EXPECT_EQ(journal.recovery().records_from_ring, 20U);
    EXPECT_EQ(journal.synced_sequence(), 50U);
  }
  Random random{kSeed};
  machine_.lose_power(folder_.path(), random);
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 50U);
  EXPECT_FALSE(journal.recovery().possible_loss);
  expect_records(folder_.path(), kSeed, 50, false);
}

TEST_F(JournalFsync, AJournalOfTheOtherDurabilityIsMadeDurableWhenItIsOpened) {
  options_.durability = Durability::Process;
  options_.sync_interval = std::chrono::milliseconds(0);
  {
    Journal journal(options_);
    for (std::uint64_t i = 1; i <= 1'500; ++i) {
      append(journal, record_of(kSeed, i));
      if (journal.room() != Room::All) {
        ASSERT_TRUE(journal.flush());
      }
    }
  }
  ASSERT_GT(list_segments(folder_.path()).size(), 2U);
  options_.durability = Durability::Fsync;
  { const Journal journal(options_); }
  Random random{kSeed};
  machine_.lose_power(folder_.path(), random);
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 1'500U);
  expect_records(folder_.path(), kSeed, 1'500, false);
}

TEST_F(JournalFsync, AfterAFailedSyncNothingIsDurableAnyMoreAndARestartLosesNothing) {
  {
    Journal journal(options_);
    append_through(journal, 10);
    ASSERT_TRUE(journal.flush());
    append_through(journal, 20);
    machine_.syncs_fail = true;
    EXPECT_FALSE(journal.flush());
    EXPECT_EQ(journal.faults(), kFaultSync);
    EXPECT_EQ(journal.last_error(), EIO);
    EXPECT_EQ(journal.room(), Room::ReducingOnly);
    machine_.syncs_fail = false;
    EXPECT_FALSE(journal.flush());  // the disk is well again, and is not believed
    EXPECT_EQ(journal.synced_sequence(), 10U);
    EXPECT_EQ(journal.flushed_sequence(), 10U);
    std::uint64_t last = 20;
    while (journal.room() != Room::None) append_through(journal, ++last);
    EXPECT_FALSE(journal.flush());
    EXPECT_EQ(journal.synced_sequence(), 10U);
    EXPECT_FALSE(journal.close());
    // Readers find everything, in the segments or in the ring.
    expect_records(folder_.path(), kSeed, last, true);
  }
  // The kernel has forgotten what it could not write, but shows it until the machine goes down.
  Journal journal(options_);
  const std::uint64_t last = journal.recovery().last_sequence;
  EXPECT_EQ(journal.recovery().records_from_ring, last - 10);
  EXPECT_EQ(journal.synced_sequence(), last);
  EXPECT_EQ(journal.room(), Room::All);
  expect_streams(journal, folder_.path(), kSeed, last);
  expect_records(folder_.path(), kSeed, last, false);
}

// A bit that has rotted among the durable records is damage; behind the mark it is a torn end.
TEST_F(JournalFsync, AfterALossOfPowerOnlyWhatWasNotDurableIsCutOff) {
  {
    Journal journal(options_);
    append_through(journal, 10);
    ASSERT_TRUE(journal.flush());
    append_through(journal, 20);
    ASSERT_TRUE(journal.flush());  // says that ten are durable
    append_through(journal, 30);
    ASSERT_TRUE(journal.flush());  // says that twenty are
  }
  const auto place_of = [&](std::uint64_t sequence) {
    Reader reader(folder_.path(), {.from_sequence = sequence});
    RecordView record;
    EXPECT_EQ(reader.next(record), ReadStatus::Record);
    return record.offset;
  };
  const std::uint64_t twentieth = place_of(20);
  const std::uint64_t twenty_fifth = place_of(25);
  Random random{kSeed};
  machine_.lose_power(folder_.path(), random);
  const std::filesystem::path path = folder_ / segment_name(1);
  const auto flip = [&](std::uint64_t offset) {
    const Fd fd = open_file(path, O_RDWR);
    std::byte byte{};
    ASSERT_EQ(read_at(fd.get(), {&byte, 1}, offset + 20), 1);
    byte ^= std::byte{1};
    ASSERT_TRUE(write_at(kSystemFileOps, fd.get(), {&byte, 1}, offset + 20));
  };
  flip(twentieth);
  EXPECT_THROW(Journal{options_}, JournalError);
  flip(twentieth);
  flip(twenty_fifth);
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 24U);
  expect_records(folder_.path(), kSeed, 24, false);
}

TEST_F(JournalFsync, TheFlusherThreadSyncsAtOnceAndTellsTheOwner) {
  std::atomic<std::uint64_t> told{0};
  options_.manual_flush = false;
  options_.on_synced = [&] { ++told; };
  Journal journal(options_);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    append(journal, record_of(kSeed, i));
    while (journal.synced_sequence() < i) std::this_thread::yield();
  }
  while (told < 200) std::this_thread::yield();
  EXPECT_EQ(told, 200U);
  // Published while a sync hangs: all of it is the next batch.
  const std::uint64_t before = machine_.syncs;
  machine_.syncs_hang = true;
  append_through(journal, 201);
  while (machine_.syncs == before) std::this_thread::yield();
  append_through(journal, 260);
  EXPECT_EQ(journal.synced_sequence(), 200U);
  machine_.syncs_hang = false;
  while (journal.synced_sequence() < 260) std::this_thread::yield();
  EXPECT_EQ(machine_.syncs, before + 2);
}

// The gate did not begin any more: the ring's header was not on the disk yet when the machine stopped.
TEST_F(JournalFsync, ARingWhoseHeaderWentWithTheMachineIsNone) {
  {
    Journal journal(options_);
    append_through(journal, 30);
    ASSERT_TRUE(journal.flush());
    append_through(journal, 40);
  }
  const std::filesystem::path ring =
      folder_.path() / std::filesystem::read_symlink(folder_.path() / kRingLink);
  const Fd fd = open_file(ring, O_RDWR);
  ASSERT_TRUE(write_at(kSystemFileOps, fd.get(), Bytes(sizeof(RingHeader)), 0));
  EXPECT_THROW(Journal{options_}, JournalError) << "the machine has not stopped: it is damaged";
  StateRecord state = read_state(folder_.path()).value();
  state.boot_id[0] ^= 1;
  ASSERT_TRUE(write_state(folder_.path(), state));
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 30U);
  EXPECT_FALSE(journal.recovery().possible_loss);
}

// Whatever was durable is there again, whenever the power goes or the process is killed, and the
// rest is a beginning of what had been published.
TEST_F(JournalFsync, WhatWasDurableSurvivesRandomCuts) {
  const std::uint64_t seed = test_seed();
  Random random{seed};
  auto journal = std::make_unique<Journal>(options_);
  std::uint64_t last = 0;
  std::uint64_t losses = 0;
  std::uint64_t cut_off = 0;
  for (std::uint64_t step = 0; step < static_cast<std::uint64_t>(support::test_scale(3'000));
       ++step) {
    const auto kind = random() % 100;
    if (kind < 60) {
      for (auto count = random() % 30; count > 0; --count) {
        const TestRecord record = record_of(seed, last + 1);
        if (!journal->can_append(record.bytes())) break;
        ASSERT_EQ(append(*journal, record), ++last);
      }
      continue;
    }
    if (kind < 90) {
      machine_.syncs_fail = random() % 40 == 0;
      (void)journal->flush();
      machine_.syncs_fail = false;
      continue;
    }
    const std::uint64_t durable = journal->synced_sequence();
    const bool power = random() % 3 != 0;
    if (random() % 8 == 0 && journal->close()) {
      ASSERT_EQ(journal->synced_sequence(), last);
    }
    journal.reset();
    if (power) {
      machine_.lose_power(folder_.path(), random);
      ++losses;
    }
    journal = std::make_unique<Journal>(options_);
    const std::uint64_t found = journal->recovery().last_sequence;
    ASSERT_FALSE(journal->recovery().possible_loss);
    ASSERT_GE(found, durable);
    ASSERT_LE(found, last);
    if (!power) {
      ASSERT_EQ(found, last);
    }
    cut_off += last - found;
    last = found;
    ASSERT_EQ(journal->synced_sequence(), last);
    if (random() % 4 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_records(folder_.path(), seed, last, false));
      ASSERT_NO_FATAL_FAILURE(expect_streams(*journal, folder_.path(), seed, last));
    }
  }
  EXPECT_GT(losses, static_cast<std::uint64_t>(support::test_scale(50)));
  EXPECT_GT(cut_off, static_cast<std::uint64_t>(support::test_scale(100)));
  EXPECT_GT(list_segments(folder_.path()).size(),
            static_cast<std::uint64_t>(support::test_scale(20)));
  expect_records(folder_.path(), seed, last, true);
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_fsync_test
