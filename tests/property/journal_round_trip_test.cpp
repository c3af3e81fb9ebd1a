// Random work on a journal, compared at every step with records that are made again from their
// number.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_round_trip_test {
namespace {

using namespace testing;

TEST(JournalRoundTrip, WhatWasAppendedIsReadThroughDropsAndReopenings) {
  const std::uint64_t seed = test_seed();
  Random random{seed};
  const TemporaryFolder folder(memory_folder());
  const Options options = small_options(folder.path());
  auto journal = std::make_unique<Journal>(options);
  std::uint64_t last = 0;
  std::uint64_t flushed = 0;
  for (int step = 0; step < 1'500; ++step) {
    const auto kind = random() % 100;
    if (kind < 80) {
      for (auto count = random() % 40; count > 0; --count) {
        const TestRecord record = record_of(seed, last + 1);
        if (!journal->can_append(record.bytes())) break;
        ASSERT_EQ(append(*journal, record), ++last);
      }
    } else if (kind < 92) {
      ASSERT_TRUE(journal->flush());
      flushed = last;
    } else if (kind < 94) {
      const bool in_order = random() % 2 == 0;
      if (in_order) {
        ASSERT_TRUE(journal->close());
      }
      journal.reset();
      journal = std::make_unique<Journal>(options);
      ASSERT_EQ(journal->recovery().last_sequence, last);
      ASSERT_EQ(journal->recovery().records_from_ring, in_order ? 0 : last - flushed);
      ASSERT_FALSE(journal->recovery().possible_loss);
      flushed = last;
    } else if (kind < 95) {
      ASSERT_NO_FATAL_FAILURE(expect_records(folder.path(), seed, last, true));
      ASSERT_NO_FATAL_FAILURE(expect_records(folder.path(), seed, flushed, false));
    } else if (kind < 96) {
      const auto streams = streams_of(seed, flushed);
      const auto stream = static_cast<std::uint16_t>(random() % kStreams);
      const auto found = streams.find(stream);
      if (found == streams.end()) continue;
      const std::uint64_t from = 1 + random() % found->second.size();
      ASSERT_EQ(journal->stream_flushed(stream), found->second.size());
      ASSERT_NO_FATAL_FAILURE(
          expect_stream(folder.path(), stream, found->second, from, found->second.size()));
    }
    ASSERT_EQ(journal->published_sequence(), last);
    ASSERT_EQ(journal->flushed_sequence(), flushed);
  }
  // So the ring went round at least 15 times.
  ASSERT_GT(list_segments(folder.path()).size(), 10U);
  ASSERT_TRUE(journal->close());
  journal.reset();
  expect_records(folder.path(), seed, last, false);
  const Journal reopened(options);
  expect_streams(reopened, folder.path(), seed, last);
}

TEST(JournalRoundTrip, ReadersFollowALiveJournal) {
  const std::uint64_t seed = test_seed();
  const TemporaryFolder folder;
  Options options = small_options(folder.path());
  options.manual_flush = false;
  options.flush_interval = std::chrono::microseconds(100);
  options.sync_interval = std::chrono::milliseconds(20);
  constexpr std::uint64_t kLast = 20'000;
  Journal journal(options);

  const auto follow = [&](bool include_ring) {
    Reader reader(folder.path(), {.include_ring = include_ring});
    std::map<std::uint16_t, std::uint64_t> next;
    RecordView view;
    for (std::uint64_t sequence = 1; sequence <= kLast;) {
      const ReadStatus status = reader.next(view);
      ASSERT_NE(status, ReadStatus::Damaged) << reader.error();
      if (status == ReadStatus::End) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_NO_FATAL_FAILURE(expect_record(view, record_of(seed, sequence), sequence, next));
      ++sequence;
    }
  };
  const auto follow_stream = [&] {
    const auto streams = streams_of(seed, kLast);
    const std::vector<Bytes>& messages = streams.at(2);
    StreamReader reader(folder.path(), 2);
    for (std::uint64_t from = 1; from <= messages.size();) {
      const ReadStatus status = reader.read(from, journal.stream_flushed(2));
      ASSERT_NE(status, ReadStatus::Damaged) << reader.error();
      if (status == ReadStatus::End) {
        std::this_thread::yield();
        continue;
      }
      for (const StreamMessage& message : reader.messages()) {
        ASSERT_EQ(message.stream_sequence, from);
        ASSERT_TRUE(same(message.payload, messages[from - 1]));
        ++from;
      }
    }
  };
  std::thread of_ring(follow, true);
  std::thread of_segments(follow, false);
  std::thread of_stream(follow_stream);
  for (std::uint64_t sequence = 1; sequence <= kLast; ++sequence) {
    const TestRecord record = record_of(seed, sequence);
    while (!journal.can_append(record.bytes())) std::this_thread::yield();
    append(journal, record);
  }
  of_ring.join();
  of_segments.join();
  of_stream.join();
  EXPECT_EQ(journal.faults(), 0U);
}

// A follower that keeps its Reader open while the journal is closed, killed and opened again.
TEST(JournalRoundTrip, AReaderLivesThroughReopenings) {
  const std::uint64_t seed = test_seed();
  Random random{seed};
  const TemporaryFolder folder(memory_folder());
  const Options options = small_options(folder.path());
  auto journal = std::make_unique<Journal>(options);
  Reader reader(folder.path(), {.include_ring = true});
  std::map<std::uint16_t, std::uint64_t> next;
  std::uint64_t last = 0;
  std::uint64_t seen = 0;
  RecordView view;
  for (int step = 0; step < 500; ++step) {
    for (auto count = random() % 30; count > 0; --count) {
      const TestRecord record = record_of(seed, last + 1);
      if (!journal->can_append(record.bytes())) break;
      ASSERT_EQ(append(*journal, record), ++last);
    }
    for (auto count = random() % 40; count > 0 && seen < last; --count) {
      ++seen;
      ASSERT_EQ(reader.next(view), ReadStatus::Record) << reader.error();
      ASSERT_NO_FATAL_FAILURE(expect_record(view, record_of(seed, seen), seen, next));
    }
    if (seen == last) {
      ASSERT_EQ(reader.next(view), ReadStatus::End) << reader.error();
    }
    if (random() % 3 == 0) {
      ASSERT_TRUE(journal->flush());
    }
    if (random() % 10 == 0) {
      if (random() % 2 == 0) {
        ASSERT_TRUE(journal->close());
      }
      journal.reset();
      journal = std::make_unique<Journal>(options);
    }
  }
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_round_trip_test
