// The disk budget: old segments go, what is needed stays, and everybody who reads is told.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>
#include <memory>
#include <thread>

#include "tests/support/journal_support.h"
#include "tests/support/random_world.h"

namespace portcullis::gateway::journal::journal_retention_test {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 9;
constexpr std::uint64_t kSegmentBytes = 100'000;
constexpr std::uint64_t kBudget = 8 * kSegmentBytes;

std::uint64_t bytes_of_segments(const std::filesystem::path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("segment-")) bytes += entry.file_size();
  }
  return bytes;
}

class JournalRetention : public ::testing::Test {
 protected:
  JournalRetention() { options_.disk_budget_bytes = kBudget; }
  void append_through(Journal& journal, std::uint64_t last) {
    for (std::uint64_t i = journal.published_sequence() + 1; i <= last; ++i) {
      append(journal, record_of(kSeed, i));
      if (journal.occupancy_bytes() > journal.capacity_bytes() / 4) {
        ASSERT_TRUE(journal.flush());
      }
    }
    ASSERT_TRUE(journal.flush());
  }
  std::uint32_t first_segment() const { return list_segments(folder_.path()).front(); }

  const TemporaryFolder folder_{memory_folder()};
  Options options_ = small_options(folder_.path());
};

TEST_F(JournalRetention, NothingGoesThatIsNotAllowedTo) {
  Journal journal(options_);
  std::uint64_t last = 0;
  while (bytes_of_segments(folder_.path()) < kBudget) append_through(journal, ++last);
  EXPECT_EQ(journal.faults(), 0U);
  while (bytes_of_segments(folder_.path()) < kBudget + kBudget / 10)
    append_through(journal, ++last);
  EXPECT_EQ(journal.faults(), kFaultBudget);
  EXPECT_EQ(journal.room(), Room::ReducingOnly);
  EXPECT_TRUE(journal.degraded());
  EXPECT_EQ(first_segment(), 1U);
  // The second segment's first record is needed, or the third's: whole segments only.
  Reader reader(folder_.path());
  RecordView record;
  std::vector<std::uint64_t> firsts = {0};
  while (reader.next(record) == ReadStatus::Record) {
    if (record.segment > firsts.size() - 1) firsts.push_back(record.sequence);
  }
  journal.may_remove_below(firsts[2] - 1);
  ASSERT_TRUE(journal.flush());
  EXPECT_EQ(first_segment(), 1U);
  EXPECT_EQ(journal.faults(), kFaultBudget);
  journal.may_remove_below(firsts[2]);
  ASSERT_TRUE(journal.flush());
  EXPECT_EQ(first_segment(), 2U);
  EXPECT_EQ(journal.faults(), 0U);
  EXPECT_EQ(journal.room(), Room::All);
  // All may go: no more goes than the budget asks for.
  journal.may_remove_below(last);
  ASSERT_TRUE(journal.flush());
  EXPECT_LE(bytes_of_segments(folder_.path()), kBudget);
  EXPECT_GT(bytes_of_segments(folder_.path()), kBudget - kSegmentBytes);
}

TEST_F(JournalRetention, ASegmentThatIsStillNeededWithoutABudgetStays) {
  options_.disk_budget_bytes = 0;
  Journal journal(options_);
  journal.may_remove_below(1'000'000);
  append_through(journal, 6'000);
  EXPECT_EQ(first_segment(), 1U);
  EXPECT_GT(list_segments(folder_.path()).size(), 8U);
}

TEST_F(JournalRetention, IndexEntriesAreGivenBackToTheDisk) {
  Journal journal(options_);
  const Bytes command(16);
  // Small records with one message each, so that a segment's entries fill blocks.
  for (std::uint64_t i = 1; i <= 30'000; ++i) {
    journal.begin(1, 1, command);
    journal.add_outbound(0, {});
    journal.publish();
    journal.may_remove_below(i);
    if (i % 200 == 0) {
      ASSERT_TRUE(journal.flush());
    }
  }
  const Fd fd = open_file(folder_ / index_name(0), O_RDONLY);
  struct stat found {};
  ASSERT_EQ(::fstat(fd.get(), &found), 0);
  EXPECT_EQ(found.st_size, 30'000 * 16);
  EXPECT_LT(found.st_blocks * 512,
            30'000 * 16 - (static_cast<off_t>(journal.stream_first(0)) - 2) * 16 + 16'384);
  EXPECT_GT(journal.stream_first(0), 10'000U);
  StreamReader reader(folder_.path(), 0);
  EXPECT_EQ(reader.read(journal.stream_first(0) - 1, 30'000), ReadStatus::Removed);
  EXPECT_EQ(reader.read(journal.stream_first(0), 30'000), ReadStatus::Record);
}

// Files stay bounded over a long run with restarts from snapshots, of which the older of two is
// always kept; what is there is right.
TEST_F(JournalRetention, FilesStayBoundedOverALongRun) {
  const std::uint64_t seed = test_seed();
  Random random{seed};
  struct Snapshot {
    std::uint64_t sequence;
    std::vector<std::uint64_t> stream_next;
  };
  std::deque<Snapshot> snapshots;
  auto journal = std::make_unique<Journal>(options_);
  std::uint64_t last = 0;
  std::uint64_t restarts = 0;
  std::uint64_t restarted_at = 0;
  const auto count = static_cast<std::uint64_t>(support::test_scale(40'000));
  while (last < count) {
    for (auto n = random() % 300; n > 0; --n) {
      append(*journal, record_of(seed, ++last));
      if (journal->occupancy_bytes() > journal->capacity_bytes() / 4) {
        ASSERT_TRUE(journal->flush());
      }
    }
    // Often enough that what two of them need is well below the budget.
    const std::uint64_t newest = snapshots.empty() ? 0 : snapshots.back().sequence;
    if ((random() % 3 == 0 && last > 0) || last > newest + 600) {
      Snapshot snapshot{last, {}};
      for (std::uint16_t s = 0; s < kStreams; ++s) {
        snapshot.stream_next.push_back(journal->stream_next(s));
      }
      snapshots.push_back(snapshot);
      if (snapshots.size() > 2) snapshots.pop_front();
      journal->may_remove_below(snapshots.front().sequence);
    }
    // Now and then, and within every 3,000 records.
    if ((random() % 20 == 0 || last > restarted_at + 2'000) && !snapshots.empty()) {
      restarted_at = last;
      if (random() % 2 == 0) {
        ASSERT_TRUE(journal->close());
      }
      journal.reset();
      const Snapshot& snapshot = snapshots[random() % snapshots.size()];
      options_.start_sequence = snapshot.sequence;
      options_.stream_next = snapshot.stream_next;
      journal = std::make_unique<Journal>(options_);
      ASSERT_EQ(journal->recovery().last_sequence, last);
      journal->may_remove_below(snapshots.front().sequence);
      ++restarts;
    }
    ASSERT_LE(bytes_of_segments(folder_.path()), kBudget + 3 * kSegmentBytes)
        << "at record " << last << ", needed from "
        << (snapshots.empty() ? 0 : snapshots.front().sequence);
  }
  EXPECT_GE(restarts, count / 3'000);
  EXPECT_GT(first_segment(), static_cast<std::uint32_t>(support::test_scale(30)));
  ASSERT_TRUE(journal->flush());
  const auto streams = streams_of(seed, last);
  for (std::uint16_t s = 0; s < kStreams; ++s) {
    ASSERT_GT(journal->stream_first(s), 1U);
    ASSERT_NO_FATAL_FAILURE(expect_stream(folder_.path(), s, streams.at(s),
                                          journal->stream_first(s), streams.at(s).size()));
  }
  Reader reader(folder_.path(), {.from_sequence = 0});
  RecordView record;
  std::uint64_t next = reader.next_sequence();
  for (; reader.next(record) == ReadStatus::Record; ++next) {
    ASSERT_TRUE(same(record.command, record_of(seed, next).command));
  }
  EXPECT_EQ(next, last + 1) << reader.error();
}

// Whoever reads in the ring leaves his place in the segments behind, and it may go.
TEST_F(JournalRetention, AReaderThatWasInTheRingGoesOnInTheSegmentsThatAreThere) {
  Journal journal(options_);
  append_through(journal, 10);
  Reader reader(folder_.path(), {.include_ring = true});
  RecordView record;
  std::uint64_t read = 0;
  const auto read_all = [&] {
    while (reader.next(record) == ReadStatus::Record) {
      ASSERT_EQ(record.sequence, ++read);
      ASSERT_TRUE(same(record.command, record_of(kSeed, read).command));
    }
  };
  ASSERT_NO_FATAL_FAILURE(read_all());
  std::uint64_t last = 10;
  while (first_segment() < 4) {
    append(journal, record_of(kSeed, ++last));
    ASSERT_NO_FATAL_FAILURE(read_all());
    ASSERT_EQ(record.segment, 0U) << "from the ring";
    journal.may_remove_below(last);
    ASSERT_TRUE(journal.flush());
  }
  for (std::uint64_t end = last + 1'000; last < end;) {
    append(journal, record_of(kSeed, ++last));
    ASSERT_TRUE(journal.flush());
  }
  ASSERT_NO_FATAL_FAILURE(read_all());
  EXPECT_EQ(read, last) << reader.error();
}

// A client is served while the segments it reads go: it is told, and never served anything wrong.
TEST_F(JournalRetention, AClientThatIsServedWhileSegmentsGoIsTold) {
  options_.manual_flush = false;
  options_.flush_interval = std::chrono::microseconds(100);
  options_.sync_interval = std::chrono::milliseconds(0);
  Journal journal(options_);
  constexpr std::uint64_t kLast = 20'000;
  std::atomic<bool> removed{false};
  std::atomic<bool> done{false};
  std::thread client([&] {
    const auto streams = streams_of(kSeed, kLast);
    const std::vector<Bytes>& messages = streams.at(1);
    StreamReader reader(folder_.path(), 1);
    std::uint64_t from = 1;
    while (!done || from <= journal.stream_flushed(1)) {
      // A slow one: it waits with the first chunk until the segment behind it is gone.
      const ReadStatus status = reader.read(from, journal.stream_flushed(1));
      if (status == ReadStatus::End) {
        std::this_thread::yield();
        continue;
      }
      if (status == ReadStatus::Removed) {
        ASSERT_LT(from, journal.stream_first(1));
        removed = true;
        from = journal.stream_first(1);
        continue;
      }
      ASSERT_EQ(status, ReadStatus::Record) << reader.error();
      for (const StreamMessage& message : reader.messages()) {
        ASSERT_EQ(message.stream_sequence, from);
        ASSERT_TRUE(same(message.payload, messages[from - 1]));
        ++from;
      }
      while (!removed && !done && journal.stream_first(1) <= from) std::this_thread::yield();
    }
  });
  for (std::uint64_t i = 1; i <= kLast; ++i) {
    const TestRecord record = record_of(kSeed, i);
    while (!journal.can_append(record.bytes())) std::this_thread::yield();
    append(journal, record);
    journal.may_remove_below(i);
  }
  while (journal.flushed_sequence() < kLast) std::this_thread::yield();
  done = true;
  client.join();
  EXPECT_TRUE(removed);
}

// A reader that was overtaken says which record is gone.
TEST_F(JournalRetention, AReaderThatWasOvertakenSaysSo) {
  Journal journal(options_);
  append_through(journal, 100);
  Reader reader(folder_.path(), {.include_ring = true});
  RecordView record;
  ASSERT_EQ(reader.next(record), ReadStatus::Record);
  for (std::uint64_t i = 0; first_segment() < 4; ++i) {
    append_through(journal, journal.published_sequence() + 50);
    journal.may_remove_below(journal.published_sequence());
    ASSERT_LT(i, 1'000U);
  }
  ReadStatus status = ReadStatus::Record;
  while (status == ReadStatus::Record) status = reader.next(record);
  ASSERT_EQ(status, ReadStatus::Damaged);
  EXPECT_NE(reader.error().find("has been removed: the first is " + segment_name(first_segment())),
            std::string::npos)
      << reader.error();
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_retention_test
