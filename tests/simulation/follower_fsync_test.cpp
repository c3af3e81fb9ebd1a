// The follower of a durable journal acts on what is durable and on nothing else; and a journal that is
// damaged while it is followed, in whatever way, stops the follower with a name and nobody else.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/follower/follower.h"
#include "gateway/follower/snapshot.h"
#include "gateway/journal/segments.h"
#include "tests/support/failing_disk.h"
#include "tests/support/gate_world.h"

namespace portcullis::test::follower_fsync_test {
namespace {

namespace follower = gateway::follower;
namespace journal = gateway::journal;

constexpr auto kSet = Change::Kind::Set;

// --- durability fsync

class FollowerFsync : public testing::Test {
 protected:
  FollowerFsync() { w.follow(0); }
  ~FollowerFsync() override { g_disk = {}; }

  // Orders whose records are published, and not flushed.
  void trade(std::uint32_t first, std::uint32_t count) {
    w.hold_journal = true;
    for (std::uint32_t n = first; n < first + count; ++n) {
      EXPECT_EQ(w.enter(w.session("ALPHA2"), {.number = n}).disposition,
                risk::Disposition::Forward);
      w.deliver();
    }
  }
  [[nodiscard]] std::uint32_t orders_seen() {
    return w.follower().with([](gateway::gate::Gate& gate) { return gate.engine().live_orders(); });
  }

  GateWorld w{{{kSet, "process.json", "journal.durability", "\"fsync\""}}};
};

TEST_F(FollowerFsync, ItActsOnWhatIsSyncedAndOnNothingElse) {
  const std::uint64_t durable = w.journal().published_sequence();
  ASSERT_EQ(w.journal().synced_sequence(), durable);
  EXPECT_EQ(w.follower().sequence(), durable);
  trade(1, 5);
  EXPECT_EQ(w.journal().synced_sequence(), durable);
  EXPECT_EQ(w.follower().sequence(), durable);
  EXPECT_EQ(orders_seen(), 0U);
  ASSERT_TRUE(w.follower().write_snapshot());
  EXPECT_EQ(follower::list_snapshots(w.directory()).front().sequence, durable);

  ASSERT_TRUE(w.journal().flush());
  EXPECT_EQ(w.follower().step(3), 3U);
  EXPECT_EQ(w.follower().sequence(), durable + 3);
  while (w.follower().step(64) > 0) continue;
  EXPECT_EQ(w.follower().sequence(), w.journal().published_sequence());
  EXPECT_EQ(orders_seen(), 5U);
}

// The bytes may be in the file, and shown to whoever reads it: they are not durable.
TEST_F(FollowerFsync, ARecordWhoseSyncFailedIsNotSeen) {
  const std::uint64_t durable = w.journal().synced_sequence();
  trade(1, 3);
  g_disk.syncs_fail = true;
  EXPECT_FALSE(w.journal().flush());
  {
    journal::Reader reader(w.directory(), {.include_ring = true});
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) continue;
    EXPECT_EQ(reader.next_sequence(), w.journal().published_sequence() + 1) << "it is to be read";
  }
  EXPECT_EQ(w.follower().step(64), 0U);
  g_disk.syncs_fail = false;
  EXPECT_FALSE(w.journal().flush()) << "a disk that failed once is not believed";
  trade(4, 1);
  EXPECT_EQ(w.follower().step(64), 0U);
  EXPECT_EQ(w.follower().sequence(), durable);
  EXPECT_EQ(orders_seen(), 0U);
  ASSERT_TRUE(w.follower().write_snapshot());
  EXPECT_EQ(follower::list_snapshots(w.directory()).front().sequence, durable);
  // The next process makes durable what the ring has, and all of it is followed.
  w.hold_journal = false;
  w.kill();
  EXPECT_EQ(w.from_snapshot(), durable);
  w.connect();
  EXPECT_EQ(w.follower().sequence(), w.journal().published_sequence());
  EXPECT_EQ(w.follower().sequence(), w.journal().synced_sequence());
  EXPECT_EQ(w.check(), "");
}

// --- damage

// A journal of three segments, of which a follower has read the beginning of the first.
class DamagedWhileFollowed : public testing::Test {
 protected:
  DamagedWhileFollowed() {
    for (int i = 0; journal::list_segments(w.directory()).size() < 3; ++i) {
      EXPECT_LT(i, 100'000);
      w.price();
    }
    EXPECT_TRUE(w.journal().flush());
    beside = std::make_unique<follower::Follower>(
        w.deployment(), w.journal(),
        follower::FollowerOptions{
            .directory = w.directory(),
            .tell = [this](const std::string& what) { told.push_back(what); }},
        nullptr, follower::Position{});
    EXPECT_EQ(beside->step(100), 100U);
  }
  [[nodiscard]] std::filesystem::path segment(std::uint32_t number) const {
    return w.directory() / journal::segment_name(number);
  }
  // The first record of the second segment.
  [[nodiscard]] std::uint64_t first_of_second() const {
    const journal::Fd fd = journal::open_file(segment(2), O_RDONLY);
    journal::JournalId id{};
    journal::SegmentHeader header;
    EXPECT_EQ(journal::read_segment_header(fd.get(), 2, id, header), "");
    return header.first_sequence;
  }
  // It stops in front of that record, says why once, and stays there; the gate goes on.
  void expect_stuck_before(std::uint64_t sequence, const std::string& why) {
    while (beside->step(64) > 0) continue;
    EXPECT_EQ(beside->sequence(), sequence - 1);
    const std::string problem = beside->figures().problem;
    EXPECT_NE(problem.find("the journal cannot be followed: journal: "), std::string::npos)
        << problem;
    EXPECT_NE(problem.find(why), std::string::npos) << problem;
    w.price();
    EXPECT_EQ(beside->step(64), 0U);
    EXPECT_EQ(told, std::vector<std::string>{problem});
    EXPECT_FALSE(beside->differs()) << "nothing is known to be different";
    EXPECT_EQ(w.enter(w.session("ALPHA2"), {.number = 1}).disposition, risk::Disposition::Forward);
    // What it has followed is good.
    EXPECT_TRUE(beside->write_snapshot()) << beside->figures().problem;
    EXPECT_EQ(follower::list_snapshots(w.directory()).front().sequence, sequence - 1);
    EXPECT_FALSE(beside->write_snapshot());
  }

  GateWorld w{{{kSet, "process.json", "journal.segment_bytes", "1048576"}}};
  std::unique_ptr<follower::Follower> beside;
  std::vector<std::string> told;
};

TEST_F(DamagedWhileFollowed, AFlippedBitIsNamedWithFileAndOffset) {
  journal::Reader reader(w.directory(), {.from_sequence = first_of_second() + 50});
  journal::RecordView record;
  ASSERT_EQ(reader.next(record), journal::ReadStatus::Record);
  std::fstream file(segment(2), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<long>(record.offset) + 40).put('\x7e');
  file.close();
  expect_stuck_before(record.sequence, segment(2).string() + " offset " +
                                           std::to_string(record.offset) + ": record " +
                                           std::to_string(record.sequence) +
                                           " expected: crc32c does not match");
}

TEST_F(DamagedWhileFollowed, AMissingSegmentIsNamed) {
  const std::uint64_t first = first_of_second();
  std::filesystem::remove(segment(2));
  expect_stuck_before(first, "record " + std::to_string(first) + " expected: no record");
}

TEST_F(DamagedWhileFollowed, ASegmentThatIsCutOffIsNamed) {
  journal::Reader reader(w.directory(), {.from_sequence = first_of_second() + 50});
  journal::RecordView record;
  ASSERT_EQ(reader.next(record), journal::ReadStatus::Record);
  std::filesystem::resize_file(segment(2), record.offset + 8);
  expect_stuck_before(record.sequence, segment(2).string() + " offset " +
                                           std::to_string(record.offset) + ": record " +
                                           std::to_string(record.sequence) + " expected: ");
}

TEST_F(DamagedWhileFollowed, ASegmentOfAnotherFormatIsNamed) {
  const std::uint64_t first = first_of_second();
  std::fstream file(segment(2), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8).put('\x02');
  file.close();
  expect_stuck_before(first, "format version 2, this program reads 1");
}

// Retention has been faster than the follower, because somebody has said that it may.
TEST_F(DamagedWhileFollowed, ASegmentThatWasRemovedIsNamed) {
  const std::uint64_t first = first_of_second();
  std::filesystem::remove(segment(1));
  std::filesystem::remove(segment(2));
  expect_stuck_before(first, "it has been removed: the first is segment-0000000003");
}

}  // namespace
}  // namespace portcullis::test::follower_fsync_test
