#include "gateway/journal/journal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_test {
namespace {

using testing::append;
using testing::expect_records;
using testing::expect_streams;
using testing::record_of;
using testing::small_options;
using testing::TemporaryFolder;

constexpr std::uint64_t kSeed = 11;

std::string error_of(const Options& options) {
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

TEST(Journal, BeginsEmptyAndCountsFromOne) {
  const TemporaryFolder folder;
  Journal journal(small_options(folder.path()));
  EXPECT_TRUE(journal.recovery().created);
  EXPECT_FALSE(journal.recovery().possible_loss);
  EXPECT_EQ(journal.stream_next(0), 1U);
  EXPECT_EQ(append(journal, record_of(kSeed, 1)), 1U);
  EXPECT_EQ(append(journal, record_of(kSeed, 2)), 2U);
  EXPECT_EQ(journal.published_sequence(), 2U);
  EXPECT_EQ(journal.flushed_sequence(), 0U);
  EXPECT_TRUE(journal.flush());
  EXPECT_EQ(journal.flushed_sequence(), 2U);
  EXPECT_EQ(journal.occupancy_bytes(), 0U);
}

TEST(Journal, GoesOnAfterAnOrderlyClose) {
  const TemporaryFolder folder;
  std::uint64_t sequence = 0;
  for (int opening = 0; opening < 4; ++opening) {
    Journal journal(small_options(folder.path()));
    EXPECT_EQ(journal.recovery().created, opening == 0);
    EXPECT_EQ(journal.recovery().last_sequence, sequence);
    EXPECT_EQ(journal.recovery().records_from_ring, 0U);
    EXPECT_FALSE(journal.recovery().possible_loss);
    ASSERT_NO_FATAL_FAILURE(expect_streams(journal, folder.path(), kSeed, sequence));
    for (int i = 0; i < 50; ++i) append(journal, record_of(kSeed, ++sequence));
    ASSERT_TRUE(journal.close());
    EXPECT_FALSE(std::filesystem::exists(folder / "ring"));
    expect_records(folder.path(), kSeed, sequence, true);
  }
}

TEST(Journal, TakesFromTheRingWhatADroppedJournalHadPublished) {
  const TemporaryFolder folder;
  for (const std::filesystem::path& ring_directory :
       {std::filesystem::path(), folder / "elsewhere"}) {
    const std::filesystem::path directory = folder / (ring_directory.empty() ? "one" : "two");
    std::filesystem::create_directories(folder / "elsewhere");
    Options options = small_options(directory);
    options.ring_directory = ring_directory;
    {
      Journal journal(options);
      for (std::uint64_t i = 1; i <= 20; ++i) append(journal, record_of(kSeed, i));
      ASSERT_TRUE(journal.flush());
      for (std::uint64_t i = 21; i <= 50; ++i) append(journal, record_of(kSeed, i));
    }
    expect_records(directory, kSeed, 20, false);
    expect_records(directory, kSeed, 50, true);
    Journal journal(options);
    EXPECT_EQ(journal.recovery().records_from_ring, 30U);
    EXPECT_EQ(journal.recovery().last_sequence, 50U);
    EXPECT_FALSE(journal.recovery().possible_loss);
    expect_records(directory, kSeed, 50, false);
    expect_streams(journal, directory, kSeed, 50);
    EXPECT_EQ(append(journal, record_of(kSeed, 51)), 51U);
    ASSERT_TRUE(journal.close());
    // No ring file is left behind, whichever way the process went.
    EXPECT_TRUE(std::filesystem::is_empty(folder / "elsewhere"));
  }
}

TEST(Journal, ARecordThatWasNotPublishedIsNotThere) {
  const TemporaryFolder folder;
  {
    Journal journal(small_options(folder.path()));
    append(journal, record_of(kSeed, 1));
    journal.begin(1, 2, record_of(kSeed, 2).command);
    journal.add_outbound(0, record_of(kSeed, 3).command);
  }
  Journal journal(small_options(folder.path()));
  EXPECT_EQ(journal.recovery().last_sequence, 1U);
  expect_streams(journal, folder.path(), kSeed, 1);
}

TEST(Journal, ASecondOpeningIsRefused) {
  const TemporaryFolder folder;
  const Options options = small_options(folder.path());
  {
    const Journal journal(options);
    EXPECT_TRUE(contains(error_of(options), folder.path().string() + " is in use"))
        << error_of(options);
  }
  EXPECT_EQ(error_of(options), "");
}

TEST(Journal, RefusesOptionsByName) {
  const TemporaryFolder folder;
  const auto error_with = [&](auto change) {
    Options options = small_options(folder.path());
    change(options);
    return error_of(options);
  };
  EXPECT_TRUE(contains(error_with([](Options& o) { o.directory = ""; }), "directory"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.ring_bytes = 65'537; }), "ring_bytes"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.ring_bytes = 32'768; }), "ring_bytes"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.segment_bytes = 1'000; }), "segment_bytes"));
  EXPECT_TRUE(
      contains(error_with([](Options& o) { o.segment_bytes = 1ULL << 32; }), "segment_bytes"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.stream_count = 65'537; }), "stream_count"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.recent_messages = 3; }), "recent_messages"));
  EXPECT_TRUE(contains(error_with([](Options& o) { o.ring_directory = "/nowhere/at/all"; }),
                       "/nowhere/at/all"));
}

TEST(Journal, RefusesToGoOnWithFewerStreamsThanItHolds) {
  const TemporaryFolder folder;
  Options options = small_options(folder.path());
  {
    Journal journal(options);
    journal.begin(1, 1, {});
    journal.add_outbound(4, {});
    journal.publish();
    ASSERT_TRUE(journal.close());
  }
  options.stream_count = 4;
  EXPECT_TRUE(contains(error_of(options), "stream 4, but there are 4 streams"))
      << error_of(options);
  options.stream_count = 6;
  EXPECT_EQ(error_of(options), "");
}

TEST(Journal, SaysHowFullTheRingIs) {
  const TemporaryFolder folder;
  Journal journal(small_options(folder.path()));
  const testing::Bytes command(992);  // 1,024 bytes a record, 64 of them fill the ring
  const auto append_to = [&](std::uint64_t bytes) {
    while (journal.occupancy_bytes() < bytes) {
      ASSERT_TRUE(journal.can_append(1'024));
      journal.begin(1, 1, command);
      journal.publish();
    }
  };
  EXPECT_EQ(journal.room(), Room::All);
  append_to(32 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::All);
  EXPECT_FALSE(journal.degraded());
  append_to(33 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::ReducingOnly);
  EXPECT_TRUE(journal.degraded());
  append_to(56 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::ReducingOnly);
  append_to(57 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::VenueOnly);
  append_to(60 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::VenueOnly);
  EXPECT_TRUE(journal.can_append(journal.record_bytes_max()));
  append_to(61 * 1'024UL);
  EXPECT_EQ(journal.room(), Room::None);
  append_to(63 * 1'024UL);
  EXPECT_FALSE(journal.can_append(1'024));
  EXPECT_TRUE(journal.can_append(1'016));
  ASSERT_TRUE(journal.flush());
  EXPECT_EQ(journal.room(), Room::All);
  EXPECT_FALSE(journal.degraded());
  EXPECT_TRUE(journal.can_append(journal.record_bytes_max()));
  EXPECT_FALSE(journal.can_append(journal.record_bytes_max() + 8));
}

TEST(Journal, TheFlusherCatchesUpWithAFullRing) {
  const TemporaryFolder folder;
  Options options = small_options(folder.path());
  options.manual_flush = false;
  options.flush_interval = std::chrono::milliseconds(50);  // the ring is full long before
  Journal journal(options);
  std::uint64_t waits = 0;
  for (std::uint64_t i = 1; i <= 3'000; ++i) {
    const testing::TestRecord record = record_of(kSeed, i);
    for (; !journal.can_append(record.bytes()); ++waits) std::this_thread::yield();
    append(journal, record);
  }
  EXPECT_GT(waits, 0U);
  while (journal.flushed_sequence() < 3'000) std::this_thread::yield();
  expect_records(folder.path(), kSeed, 3'000, false);
  expect_streams(journal, folder.path(), kSeed, 3'000);
}

TEST(JournalDeathTest, StopsRatherThanOverwriteARecord) {
  const TemporaryFolder folder;
  Journal journal(small_options(folder.path()));
  const testing::Bytes command(992);
  EXPECT_DEATH(
      for (int i = 0; i < 65; ++i) {
        journal.begin(1, 1, command);
        journal.publish();
      },
      "no room");
  EXPECT_DEATH(journal.begin(1, 1, testing::Bytes(5'000)), "no room");
  EXPECT_DEATH(journal.publish(), "without begin");
  EXPECT_DEATH(
      {
        journal.begin(1, 1, command);
        journal.add_outbound(testing::kStreams, {});
      },
      "unknown stream");
}

TEST(Journal, RollsSegmentsAndReadsFromAnySequence) {
  const TemporaryFolder folder;
  Journal journal(small_options(folder.path()));
  for (std::uint64_t i = 1; i <= 2'000; ++i) {
    append(journal, record_of(kSeed, i));
    if (journal.room() != Room::All) {
      ASSERT_TRUE(journal.flush());
    }
  }
  ASSERT_TRUE(journal.close());
  const auto segments = list_segments(folder.path());
  ASSERT_GT(segments.size(), 4U);
  for (const std::uint32_t number : segments) {
    EXPECT_LE(std::filesystem::file_size(folder / segment_name(number)), 100'000U);
  }
  for (const std::uint64_t from : {1UL, 2UL, 500UL, 1'234UL, 1'999UL, 2'000UL}) {
    Reader reader(folder.path(), {.from_sequence = from});
    EXPECT_EQ(reader.next_sequence(), from);
    RecordView record;
    for (std::uint64_t i = from; i <= 2'000; ++i) {
      ASSERT_EQ(reader.next(record), ReadStatus::Record) << reader.error();
      ASSERT_EQ(record.sequence, i);
      ASSERT_TRUE(testing::same(record.command, record_of(kSeed, i).command));
    }
    EXPECT_EQ(reader.next(record), ReadStatus::End);
  }
}

TEST(Journal, ServesRecentMessagesFromTheRing) {
  const TemporaryFolder folder;
  Journal journal(small_options(folder.path()));
  std::span<const std::byte> payload;
  EXPECT_FALSE(journal.recent(1, 0, payload));
  EXPECT_FALSE(journal.recent(1, 1, payload));
  const auto message = [](std::uint64_t number) {
    return testing::Bytes(10 + number % 50, std::byte(number & 0xFF));
  };
  for (std::uint64_t i = 1; i <= 5'000; ++i) {
    journal.begin(1, 1, {});
    journal.add_outbound(1, message(i));
    EXPECT_FALSE(journal.recent(1, i, payload));  // not before it is published
    journal.publish();
    if (i % 100 == 0) {
      ASSERT_TRUE(journal.flush());
    }
    for (std::uint64_t back = 0; back < 64 && back < i; ++back) {
      ASSERT_TRUE(journal.recent(1, i - back, payload)) << i << " " << back;
      ASSERT_TRUE(testing::same(payload, message(i - back)));
    }
    ASSERT_FALSE(journal.recent(1, i + 1, payload));
    if (i > 64) {
      ASSERT_FALSE(journal.recent(1, i - 64, payload));
    }
  }
  // Other records go round the ring once: the space is gone, and the messages with it.
  const testing::Bytes command(992);
  for (int i = 0; i < 64; ++i) {
    journal.begin(1, 1, command);
    journal.publish();
    if (i % 16 == 0) {
      ASSERT_TRUE(journal.flush());
    }
  }
  EXPECT_FALSE(journal.recent(1, 5'000, payload));
}

TEST(Journal, RemembersAPossibleLossUntilItIsAcknowledged) {
  const TemporaryFolder folder;
  const Options options = small_options(folder.path());
  {
    Journal journal(options);
    for (std::uint64_t i = 1; i <= 10; ++i) append(journal, record_of(kSeed, i));
    ASSERT_TRUE(journal.flush());
    append(journal, record_of(kSeed, 11));
  }
  std::filesystem::remove(folder / "ring-a.ring");  // as after a restart with the ring in tmpfs
  for (int opening = 0; opening < 3; ++opening) {
    Journal journal(options);
    EXPECT_TRUE(journal.recovery().possible_loss) << opening;
    EXPECT_EQ(journal.recovery().last_sequence, 10U);
    if (opening == 1) {
      ASSERT_TRUE(journal.close());
    }
    if (opening == 2) journal.acknowledge_loss();
  }
  const Journal journal(options);
  EXPECT_FALSE(journal.recovery().possible_loss);
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_test
