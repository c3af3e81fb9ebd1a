// Opening a journal of which the owner has a snapshot: only what lies behind it is read, and the
// first segments may be gone.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_start_test {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 21;
constexpr std::uint64_t kLast = 2'000;
constexpr std::uint64_t kSnapshot = 1'234;

std::string error_of_opening(const Options& options) {
  try {
    const Journal journal(options);
  } catch (const JournalError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class JournalStart : public ::testing::Test {
 protected:
  // The whole run; what a snapshot of kSnapshot would know goes into the options.
  void write(bool close) {
    Journal journal(options_);
    for (std::uint64_t i = 1; i <= kLast; ++i) {
      append(journal, record_of(kSeed, i));
      if (i == kSnapshot) {
        for (std::uint16_t s = 0; s < kStreams; ++s) stream_next_.push_back(journal.stream_next(s));
      }
      if (journal.room() != Room::All) {
        ASSERT_TRUE(journal.flush());
      }
    }
    if (close) {
      ASSERT_TRUE(journal.close());
    }
    options_.start_sequence = kSnapshot;
    options_.stream_next = stream_next_;
  }
  // The first segments are gone, up to the one that holds this record.
  void remove_segments_before(std::uint64_t sequence) {
    Reader reader(folder_.path(), {.from_sequence = sequence});
    for (std::uint32_t number = 1; number < reader.segment(); ++number) {
      std::filesystem::remove(folder_ / segment_name(number));
    }
  }
  std::uint64_t first_record() const {
    return Reader(folder_.path(), {.from_sequence = 0}).next_sequence();
  }
  // From the first record that is there to the end.
  void expect_rest() const {
    Reader reader(folder_.path(), {.from_sequence = 0});
    RecordView record;
    const std::uint64_t first = reader.next_sequence();
    for (std::uint64_t i = first; i <= kLast; ++i) {
      ASSERT_EQ(reader.next(record), ReadStatus::Record) << reader.error();
      ASSERT_EQ(record.sequence, i);
      ASSERT_TRUE(same(record.command, record_of(kSeed, i).command));
    }
    EXPECT_EQ(reader.next(record), ReadStatus::End);
  }
  // Of each stream the messages that lie in records that are there, and no others.
  void expect_streams_from(const Journal& journal, std::uint64_t first) const {
    const auto streams = streams_of(kSeed, kLast);
    const auto gone = streams_of(kSeed, first - 1);
    for (std::uint16_t s = 0; s < kStreams; ++s) {
      const std::vector<Bytes>& messages = streams.at(s);
      const auto found = gone.find(s);
      const std::uint64_t begin = 1 + (found == gone.end() ? 0 : found->second.size());
      ASSERT_EQ(journal.stream_first(s), begin);
      ASSERT_EQ(journal.stream_next(s), messages.size() + 1);
      ASSERT_NO_FATAL_FAILURE(expect_stream(folder_.path(), s, messages, begin, messages.size()));
    }
  }
  void restart_machine() {
    StateRecord state = read_state(folder_.path()).value();
    state.boot_id[3] ^= 1;
    ASSERT_TRUE(write_state(folder_.path(), state));
    std::filesystem::remove(std::filesystem::canonical(folder_ / "ring"));
  }

  const TemporaryFolder folder_{memory_folder()};
  Options options_ = small_options(folder_.path());
  std::vector<std::uint64_t> stream_next_;
};

TEST_F(JournalStart, OnlyWhatLiesBehindTheSnapshotIsRead) {
  write(true);
  auto journal = std::make_unique<Journal>(options_);
  EXPECT_EQ(journal->recovery().last_sequence, kLast);
  EXPECT_EQ(journal->recovery().records_read, kLast - kSnapshot + 1);  // and the snapshot's own
  expect_streams_from(*journal, 1);
  // It goes on as if all had been read.
  append(*journal, record_of(kSeed, kLast + 1));
  ASSERT_TRUE(journal->close());
  journal.reset();
  options_.start_sequence = 0;
  const Journal whole(options_);
  EXPECT_EQ(whole.recovery().records_read, kLast + 1);
  expect_streams(whole, folder_.path(), kSeed, kLast + 1);
}

TEST_F(JournalStart, TheRingAndEntriesBehindTheSnapshotAreTakenAsEver) {
  write(false);
  const Journal journal(options_);
  EXPECT_GT(journal.recovery().records_from_ring, 0U);
  EXPECT_EQ(journal.recovery().last_sequence, kLast);
  expect_streams_from(journal, 1);
}

TEST_F(JournalStart, ASnapshotOfTheLastRecordLeavesNothingToRead) {
  write(true);
  options_.stream_next.clear();
  for (std::uint16_t s = 0; s < kStreams; ++s) {
    options_.stream_next.push_back(streams_of(kSeed, kLast).at(s).size() + 1);
  }
  options_.start_sequence = kLast;
  Journal journal(options_);
  EXPECT_EQ(journal.recovery().records_read, 1U);
  expect_streams_from(journal, 1);
  EXPECT_EQ(append(journal, record_of(kSeed, kLast + 1)), kLast + 1);
}

TEST_F(JournalStart, AnIndexThatIsMissingOrTooShortIsMadeAnew) {
  write(true);
  const auto expect_whole = [&] {
    Journal journal(options_);
    EXPECT_EQ(journal.recovery().records_read, kLast);
    expect_streams_from(journal, 1);
    ASSERT_TRUE(journal.close());
  };
  std::filesystem::remove(folder_ / index_name(3));
  expect_whole();
  std::filesystem::resize_file(folder_ / index_name(2), (stream_next_[2] - 1) * 16 - 1);
  expect_whole();
  std::filesystem::resize_file(folder_ / index_name(2), (stream_next_[2] - 1) * 16);
  Journal journal(options_);  // long enough: the rest is made anew anyway
  EXPECT_EQ(journal.recovery().records_read, kLast - kSnapshot + 1);
  expect_streams_from(journal, 1);
}

TEST_F(JournalStart, TheFirstSegmentsMayBeGone) {
  write(true);
  remove_segments_before(kSnapshot - 100);
  const std::uint64_t first = first_record();
  ASSERT_GT(first, 1U);
  ASSERT_LE(first, kSnapshot);
  for (int opening = 0; opening < 2; ++opening) {
    if (opening == 1) std::filesystem::remove(folder_ / index_name(1));
    Journal journal(options_);
    EXPECT_EQ(journal.recovery().last_sequence, kLast);
    EXPECT_EQ(journal.recovery().records_read,
              opening == 0 ? kLast - kSnapshot + 1 : kLast - first + 1);
    expect_streams_from(journal, first);
    expect_rest();
    // What the index said of removed messages is not served.
    StreamReader reader(folder_.path(), 0);
    EXPECT_EQ(reader.read(1, 10), ReadStatus::Removed) << reader.error();
    EXPECT_EQ(reader.read(journal.stream_first(0), journal.stream_flushed(0)), ReadStatus::Record);
    ASSERT_TRUE(journal.close());
  }
}

TEST_F(JournalStart, AfterARestartOfTheMachineTheIndexesAreNotTrusted) {
  write(false);
  remove_segments_before(kSnapshot - 100);
  const std::uint64_t first = first_record();
  restart_machine();
  const Journal journal(options_);
  EXPECT_TRUE(journal.recovery().possible_loss);
  EXPECT_EQ(journal.recovery().records_read, journal.recovery().last_sequence - first + 1);
  EXPECT_EQ(journal.stream_first(2), streams_of(kSeed, first - 1).at(2).size() + 1);
}

TEST_F(JournalStart, WhatDoesNotFitTogetherIsRefusedByName) {
  write(true);
  const auto error_with = [&](auto change) {
    Options options = options_;
    change(options);
    return error_of_opening(options);
  };
  EXPECT_TRUE(contains(
      error_with([](Options& o) { o.start_sequence = kLast + 1; }),
      "snapshot of record 2001, but the last record in " + folder_.path().string() + " is 2000"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.stream_count = 3; }), "there are 3 streams"));
  // Another number for a stream: the indexes do not end there, nor do the segments.
  EXPECT_TRUE(contains(error_with([](Options& o) { o.stream_next[1] += 2; }),
                       "the snapshot of record 1234 goes on with message"));
  // Another snapshot may fit better, and what was found out about this one has changed nothing.
  {
    Options ahead = options_;
    ahead.start_sequence = kLast + 1;
    EXPECT_THROW(Journal{ahead}, SnapshotMismatch);
    Journal journal(options_);
    expect_streams_from(journal, 1);
    ASSERT_TRUE(journal.close());
  }
  remove_segments_before(kSnapshot - 100);
  const std::uint64_t first = first_record();
  EXPECT_TRUE(contains(error_with([](Options& o) { o.start_sequence = 0; }),
                       "is missing: record 1 is wanted, and the first one there is record " +
                           std::to_string(first)));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.start_sequence = 5; }),
                       "snapshot of record 5, but the first record in"));
  EXPECT_THROW(Reader(folder_.path()), JournalError);
  EXPECT_THROW(Reader(folder_.path(), {.from_sequence = first - 1}), JournalError);
  const std::vector<std::uint32_t> numbers = list_segments(folder_.path());
  ASSERT_GE(numbers.size(), 3U);
  std::filesystem::remove(folder_ / segment_name(numbers[1]));
  EXPECT_TRUE(contains(error_with([](Options&) {}), segment_name(numbers[1]) + " is missing"));
  const TemporaryFolder empty;
  EXPECT_TRUE(contains(error_with([&](Options& o) { o.directory = empty.path(); }),
                       "there is a snapshot of record 1234, but no journal"));
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_start_test
