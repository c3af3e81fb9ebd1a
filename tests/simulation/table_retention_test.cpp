// The files of risk tables: those that a kept record, a kept snapshot or a table in flight names stay,
// all others go once that is known; whatever is killed in between, every kept position is a start.
#include "gateway/follower/table_retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/follower/resume.h"
#include "tests/support/failing_disk.h"
#include "tests/support/random_world.h"
#include "tests/support/table_gate.h"

namespace portcullis::test::table_retention_test {
namespace {

namespace follower = gateway::follower;
using feeds::TableHash;
using Hashes = std::set<TableHash>;
using support::test_scale;
using support::test_seed;

class TableRetention : public testing::Test {
 protected:
  // A table in force, from a record.
  feeds::PublishedTable take_next() {
    const feeds::PublishedTable table = node_.table(++version_, 5);
    node_.write(table);
    EXPECT_TRUE(node_.publish(table));
    return table;
  }
  // Until the segment that is the first now is gone.
  void pass_segment() {
    const std::uint32_t first = node_.first_segment();
    for (int round = 0; node_.first_segment() == first; ++round) {
      ASSERT_LT(round, 100);
      node_.price(1'000);
      node_.snapshot();
      node_.flush();
    }
  }
  // What `what` says was told so often, by all processes.
  [[nodiscard]] std::ptrdiff_t times_told(std::string_view what) const {
    return std::ranges::count_if(node_.told(), [&](const std::string& line) {
      return line.find(what) != std::string::npos;
    });
  }
  void damage(const std::filesystem::path& path, std::streamoff at) {
    std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(at);
    bytes.put('\x5A');
    ASSERT_TRUE(bytes.good());
  }

  TableGate node_;
  std::uint64_t version_ = 0;
};

TEST_F(TableRetention, AFileGoesWithTheLastSegmentThatNamesIt) {
  const feeds::PublishedTable first = take_next();
  const feeds::PublishedTable second = take_next();
  node_.settle();
  EXPECT_EQ(node_.files(), (Hashes{first.hash, second.hash}))
      << "no snapshot needs the first, but its record is there";
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{second.hash}) << "in force, so that snapshots need it";
  EXPECT_EQ(node_.follower().figures().tables_removed, 1U);
  const feeds::PublishedTable third = take_next();
  pass_segment();
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{third.hash});
  EXPECT_EQ(node_.starts_from_everywhere(), "");
  EXPECT_TRUE(node_.told().empty()) << node_.told()[0];
}

TEST_F(TableRetention, ASnapshotNeedsItsTablesWhateverTheSegmentsSay) {
  const feeds::PublishedTable first = take_next();
  pass_segment();  // the record is gone, two snapshots name it
  const feeds::PublishedTable second = take_next();
  node_.trim();
  EXPECT_EQ(node_.files(), (Hashes{first.hash, second.hash}));
  node_.snapshot();
  node_.trim();
  EXPECT_EQ(node_.files(), (Hashes{first.hash, second.hash})) << "of the older snapshot";
  node_.snapshot();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{second.hash});
}

TEST_F(TableRetention, TheStateOfTheNextSnapshotNeedsItsTablesToo) {
  const feeds::PublishedTable table = take_next();
  pass_segment();
  for (const follower::SnapshotFile& file : follower::list_snapshots(node_.directory()))
    std::filesystem::remove(file.path);
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{table.hash});
  node_.snapshot();
  EXPECT_EQ(node_.starts_from_everywhere(), "");
}

TEST_F(TableRetention, ARefusedOneStaysAsLongAsItsRecord) {
  version_ = 10;
  const feeds::PublishedTable taken = take_next();
  const feeds::PublishedTable refused = node_.table(3, 1);
  node_.write(refused);
  EXPECT_FALSE(node_.publish(refused));
  node_.settle();
  EXPECT_EQ(node_.files(), (Hashes{taken.hash, refused.hash}));
  EXPECT_EQ(node_.starts_from_everywhere(), "");
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{taken.hash});
}

TEST_F(TableRetention, OneInFlightStaysHoweverLongItTakes) {
  const feeds::PublishedTable table = node_.table(1, 5);
  node_.write(table);
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{table.hash});
  EXPECT_TRUE(node_.publish(table));
  EXPECT_EQ(node_.starts_from_everywhere(), "");
}

TEST_F(TableRetention, WhatAKilledProcessHadWrittenForNothingGoes) {
  const feeds::PublishedTable taken = take_next();
  const feeds::PublishedTable orphan = node_.table(2, 6);
  node_.write(orphan);
  node_.settle();
  EXPECT_TRUE(node_.has(orphan.hash)) << "its record may come yet";
  node_.kill();
  node_.begin();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{taken.hash});
}

TEST_F(TableRetention, TheSameContentInFlightAgainIsNoOrphan) {
  take_next();
  const feeds::PublishedTable table = node_.table(2, 6);
  node_.write(table);
  node_.settle();
  node_.kill();
  node_.begin();
  node_.write(table);
  node_.trim();
  EXPECT_TRUE(node_.has(table.hash));
  EXPECT_TRUE(node_.publish(table));
  node_.settle();
  EXPECT_EQ(node_.starts_from_everywhere(), "");
}

TEST_F(TableRetention, AtAStartNothingGoesBeforeAllOldRecordsAreKnown) {
  const feeds::PublishedTable first = take_next();
  node_.price(100);
  const feeds::PublishedTable second = take_next();
  node_.settle();
  node_.write(node_.table(9, 9));
  node_.kill();
  node_.begin();
  const Hashes before = node_.files();
  ASSERT_EQ(before.size(), 3U);
  const std::uint64_t old_records = node_.journal().published_sequence();
  for (std::uint64_t read = 0; read + 10 < old_records; read += 10) {
    ASSERT_TRUE(node_.follower().trim_tables(10));
    ASSERT_EQ(node_.files(), before);
  }
  node_.trim();
  EXPECT_EQ(node_.files(), (Hashes{first.hash, second.hash}));
}

TEST_F(TableRetention, WhatIsRemovedWhileOldRecordsAreReadIsNotMissed) {
  const feeds::PublishedTable first = take_next();
  node_.price(1'000);
  node_.snapshot();
  const feeds::PublishedTable second = take_next();
  node_.snapshot();
  while (node_.journal().published_sequence() < 6'000) node_.price(100);
  node_.kill();
  node_.begin();
  ASSERT_EQ(node_.first_segment(), 1U);
  ASSERT_TRUE(node_.follower().trim_tables(10));
  pass_segment();
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files(), Hashes{second.hash});
  EXPECT_TRUE(node_.told().empty()) << node_.told()[0];
}

TEST_F(TableRetention, ForeignFilesAreLeftAlone) {
  take_next();
  const std::filesystem::path folder = node_.directory() / "tables";
  const std::string hash = feeds::to_text(node_.table(77, 7).hash);
  const std::vector<std::string> names = {"README", hash.substr(1), hash + ".old", hash + ".new",
                                          "Z" + hash.substr(1)};
  node_.settle();
  for (const std::string& name : names) std::ofstream(folder / name) << "somebody's";
  std::filesystem::create_directory(folder / "a folder");
  node_.write(node_.table(2, 6));
  for (int segments = 0; segments < 3; ++segments) {
    pass_segment();
    node_.trim();
  }
  node_.kill();
  for (const std::string& name : names) EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  std::filesystem::remove(folder / (hash + ".new"));  // what the log itself removes at a start
  node_.begin();
  node_.trim();
  EXPECT_EQ(node_.files().size(), 1U);
  for (const std::string& name : names) {
    EXPECT_EQ(std::filesystem::exists(folder / name), !name.ends_with(".new")) << name;
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a folder"));
}

TEST_F(TableRetention, OneThatCannotBeRemovedIsToldOnceAndHarmsNothing) {
  const feeds::PublishedTable first = take_next();
  const TableHash stuck = node_.table(55, 5).hash;
  const TableHash stuck_too = node_.table(56, 5).hash;
  node_.settle();
  node_.kill();
  std::filesystem::create_directories(node_.file(stuck) / "in it");
  std::filesystem::create_directories(node_.file(stuck_too) / "in it");
  std::ofstream(node_.file(node_.table(57, 5).hash)) << "left by somebody";
  node_.begin();
  node_.trim();
  EXPECT_EQ(node_.files(), (Hashes{first.hash, stuck, stuck_too}));
  EXPECT_EQ(times_told("cannot be removed: "), 1);
  const feeds::PublishedTable second = take_next();
  for (int segments = 0; segments < 3; ++segments) {
    pass_segment();
    node_.trim();
  }
  EXPECT_EQ(node_.files(), (Hashes{second.hash, stuck, stuck_too}));
  EXPECT_EQ(node_.told().size(), 1U) << node_.told()[1];
  EXPECT_EQ(node_.starts_from_everywhere(), "");
  std::filesystem::remove_all(node_.file(stuck));
  std::filesystem::remove_all(node_.file(stuck_too));
  node_.settle();
  EXPECT_EQ(node_.files(), Hashes{second.hash});
  EXPECT_EQ(node_.told().size(), 1U);
}

TEST_F(TableRetention, ADiskThatDoesNotSyncFoldersKeepsThem) {
  take_next();
  const feeds::PublishedTable second = take_next();
  node_.snapshot();
  pass_segment();
  g_disk.syncs_fail = true;
  node_.trim();
  g_disk.syncs_fail = false;
  EXPECT_EQ(node_.files().size(), 2U);
  EXPECT_EQ(times_told("syncing "), 1);
  node_.settle();
  EXPECT_EQ(node_.files(), Hashes{second.hash});
}

TEST_F(TableRetention, ASnapshotThatDoesNotSayWhatItNeedsKeepsAllOfThem) {
  take_next();
  take_next();
  pass_segment();
  node_.kill();
  const std::vector<follower::SnapshotFile> snapshots = follower::list_snapshots(node_.directory());
  ASSERT_EQ(snapshots.size(), 2U);
  damage(snapshots[1].path, 200);
  node_.begin();
  node_.trim();
  EXPECT_EQ(node_.files().size(), 2U);
  EXPECT_EQ(times_told("does not say which ones it needs"), 1);
  node_.snapshot();  // and the damaged one is not among the two newest any more
  node_.trim();
  EXPECT_EQ(node_.files().size(), 1U);
  EXPECT_EQ(node_.told().size(), 1U);
}

TEST_F(TableRetention, ADamagedOldRecordKeepsAllOfThemUntilItsSegmentIsGone) {
  take_next();
  take_next();
  node_.price(3'000);
  node_.snapshot();
  node_.snapshot();
  node_.flush();
  ASSERT_EQ(node_.first_segment(), 1U);
  node_.kill();
  damage(node_.directory() / gateway::journal::segment_name(1), 4'096);
  std::ofstream(node_.file(node_.table(57, 5).hash)) << "left by somebody";
  node_.begin();
  node_.trim();
  EXPECT_EQ(node_.files().size(), 3U);
  EXPECT_EQ(times_told("no risk table that is not needed can be removed: "), 1);
  node_.snapshot();
  node_.trim();
  EXPECT_EQ(node_.files().size(), 3U);
  EXPECT_EQ(node_.told().size(), 1U);
  pass_segment();
  node_.trim();
  EXPECT_EQ(node_.files().size(), 1U);
  EXPECT_EQ(node_.told().size(), 1U);
}

TEST_F(TableRetention, WithoutABudgetOnlyWhatNothingEverNamedGoes) {
  TableGate node(0);
  for (std::uint64_t version = 1; version <= 3; ++version) {
    node.write(node.table(version, 5));
    ASSERT_TRUE(node.publish(node.table(version, 5)));
    node.price(3'000);
    node.settle();
  }
  node.write(node.table(4, 5));
  node.kill();
  node.begin();
  node.settle();
  EXPECT_EQ(node.files().size(), 3U);
  EXPECT_EQ(node.files(), node.needed());
  EXPECT_EQ(node.starts_from_everywhere(), "");
}

// Its own thread, beside a flusher that is not this one.
TEST_F(TableRetention, TheThreadDoesItToo) {
  take_next();
  const feeds::PublishedTable second = take_next();
  node_.snapshot();
  pass_segment();
  ASSERT_EQ(node_.files().size(), 2U);
  node_.follower().start();
  while (node_.follower().figures().tables_removed == 0) std::this_thread::yield();
  EXPECT_EQ(node_.files(), Hashes{second.hash});
}

// --- random runs against the naive answer

class RandomRun {
 public:
  // Where tables are rare, one is in force while segments go.
  RandomRun(std::uint64_t seed, bool tables_are_rare)
      : random_(seed), tables_are_rare_(tables_are_rare) {}

  void step() {
    switch (below(12)) {
      case 0:
      case 1:
        if (!tables_are_rare_ || below(6) == 0) write();
        break;
      case 2:
      case 3:
      case 4:
        publish();
        break;
      case 5:
      case 6:
        node_.price(1 + below(1'000));
        break;
      case 7:
        node_.flush();
        break;
      case 8:
        (void)node_.follower().step(below(2'000));
        break;
      case 9:
        node_.price(1);
        node_.follow();
        (void)node_.follower().write_snapshot();
        break;
      case 10:
        (void)node_.follower().trim_tables(below(300));
        expect_needed();
        break;
      default:
        if (below(5) == 0) kill();
        break;
    }
  }
  void quiesce() {
    while (!in_flight_.empty()) publish();
    node_.settle();
    expect_needed();
    EXPECT_EQ(node_.files(), node_.needed());
    EXPECT_EQ(node_.starts_from_everywhere(), "");
    EXPECT_TRUE(node_.told().empty()) << node_.told()[0];
  }
  [[nodiscard]] TableGate& node() { return node_; }
  [[nodiscard]] std::uint64_t kills() const { return kills_; }

 private:
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(random_() % count); }

  // A new content, or one that was there before: taken, refused, or never published.
  void write() {
    if (in_flight_.size() >= 3) return;
    feeds::PublishedTable table =
        node_.table(version_ + 1, static_cast<std::int32_t>(below(1'000)));
    if (!lost_.empty() && below(2) == 0) {
      table = lost_.back();
      lost_.pop_back();
    } else if (!seen_.empty() && below(4) == 0) {
      table = seen_[below(static_cast<std::uint32_t>(seen_.size()))];
    } else {
      ++version_;
    }
    seen_.push_back(table);
    if (seen_.size() > 6) seen_.erase(seen_.begin());
    node_.write(table);
    in_flight_.push_back(table);
  }
  void publish() {
    if (in_flight_.empty()) return;
    (void)node_.publish(in_flight_.front());
    in_flight_.erase(in_flight_.begin());
  }
  void kill() {
    ++kills_;
    lost_ = std::exchange(in_flight_, {});
    node_.kill();
    expect_needed();
    node_.begin();
    EXPECT_TRUE(node_.start_told().empty()) << node_.start_told()[0];
    EXPECT_EQ(node_.starts_from_everywhere(), "");
  }
  void expect_needed() {
    Hashes needed = node_.needed();
    for (const feeds::PublishedTable& table : in_flight_) needed.insert(table.hash);
    for (const TableHash& hash : needed) EXPECT_TRUE(node_.has(hash)) << feeds::to_text(hash);
  }

  std::mt19937_64 random_;
  const bool tables_are_rare_;
  TableGate node_;
  std::uint64_t version_ = 0;
  std::vector<feeds::PublishedTable> in_flight_;  // oldest first
  std::vector<feeds::PublishedTable> lost_;       // were that when the process was killed
  std::vector<feeds::PublishedTable> seen_;
  std::uint64_t kills_ = 0;
};

TEST(TableRetentionRandom, IsWhatTheNaiveAnswerSays) {
  const std::uint64_t seed = test_seed(11);
  std::uint64_t removed = 0;
  std::uint64_t kills = 0;
  for (std::int64_t run = 0; run < test_scale(8); ++run) {
    SCOPED_TRACE(run);
    RandomRun random(seed + static_cast<std::uint64_t>(run), run % 2 == 0);
    for (int round = 0; round < 4; ++round) {
      for (int n = 0; n < 120; ++n) {
        ASSERT_NO_FATAL_FAILURE(random.step());
        if (testing::Test::HasFailure()) return;
      }
      ASSERT_NO_FATAL_FAILURE(random.quiesce());
      if (testing::Test::HasFailure()) return;
    }
    removed += random.node().follower().figures().tables_removed;
    kills += random.kills();
  }
  EXPECT_GT(removed, 0U);
  EXPECT_GT(kills, static_cast<std::uint64_t>(test_scale(8)));
}

}  // namespace
}  // namespace portcullis::test::table_retention_test
