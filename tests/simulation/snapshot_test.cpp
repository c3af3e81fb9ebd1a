// Snapshots, markers and the follower, on a gate in memory: a start from a snapshot is a start from
// the first record; what is wrong with a file is told and the next one taken; a state that differs
// takes no orders until somebody has said so.
#include "gateway/follower/snapshot.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "gateway/follower/resume.h"
#include "gateway/journal/crc32c.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_world.h"
#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::snapshot_test {
namespace {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
using risk::RejectReason;
using support::test_scale;
using support::test_seed;

constexpr std::int64_t kSecond = risk::kSecondNs;

// Some orders that are filled in part, cancelled and refused, and time for markers.
void trade(GateWorld& w, std::uint32_t first, std::uint32_t count) {
  const risk::SessionIndex alpha = w.session("ALPHA2");
  for (std::uint32_t n = first; n < first + count; ++n) {
    w.enter(alpha, {.number = n, .side = n % 3 == 0 ? 'S' : 'B', .quantity = 1 + n % 5});
    if (n % 4 == 0) w.cancel(alpha, n);
    w.pass_time(kSecond / 2);
    w.deliver();
    w.look_again();
  }
}

std::vector<std::byte> bytes_of_file(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  ASSERT_TRUE(out.good());
}
void sign(std::vector<std::byte>& bytes) {
  const std::uint32_t crc = journal::crc32c(std::span(bytes).first(bytes.size() - 8));
  std::memcpy(bytes.data() + bytes.size() - 8, &crc, sizeof crc);
}

// The record as the journal's last one, by whoever is not the gate.
template <class Record>
void append(GateWorld& w, gate::RecordType type, const Record& record) {
  w.journal().begin(static_cast<std::uint16_t>(type), w.now_ns, journal::command_bytes(record));
  w.journal().publish();
}
void append_wrong_marker(GateWorld& w) {
  append(w, gate::RecordType::Marker,
         gate::MarkerRecord{.time = {w.now_ns}, .engine_hash = 1, .gate_hash = 2});
}

std::vector<std::string> without_snapshots(GateWorld& w) {
  gate::Gate again(w.deployment(), nullptr);
  std::vector<std::string> differences;
  journal::Reader reader(w.directory(), {.include_ring = true});
  journal::RecordView record;
  while (reader.next(record) == journal::ReadStatus::Record) EXPECT_TRUE(again.redo(record));
  if (again.state_hash() != w.gate().state_hash()) differences.emplace_back("another state");
  return differences;
}

TEST(Snapshot, AStartFromItIsAStartFromTheFirstRecord) {
  GateWorld w;
  w.follow(0);
  trade(w, 1, 20);
  ASSERT_TRUE(w.follower().write_snapshot());
  const std::uint64_t at = w.follower().sequence();
  trade(w, 21, 20);
  EXPECT_GT(w.follower().figures().markers, 10u);
  w.kill();  // which compares state and counters with what they were
  EXPECT_EQ(w.from_snapshot(), at);
  EXPECT_TRUE(w.told().empty());
  EXPECT_TRUE(without_snapshots(w).empty());
  w.connect();
  trade(w, 41, 10);
  EXPECT_EQ(w.check(), "");
}

TEST(Snapshot, RandomGatesGoOnFromTheirs) {
  run_random_gates(GateAudit::Venue::Sound, test_seed(3), test_scale(10), 2'000,
                   {.followed = true});
}
TEST(Snapshot, RandomGatesWithAHostileVenueGoOnFromTheirs) {
  run_random_gates(GateAudit::Venue::Hostile, test_seed(4), test_scale(24), 2'000,
                   {.followed = true});
}

// A world with two snapshots and records behind them.
struct TwoSnapshots : GateWorld {
  TwoSnapshots() {
    follow(0);
    trade(*this, 1, 6);
    EXPECT_TRUE(follower().write_snapshot());
    trade(*this, 7, 6);
    EXPECT_TRUE(follower().write_snapshot());
    trade(*this, 13, 3);
    files = follower::list_snapshots(directory());
    EXPECT_EQ(files.size(), 2u);
  }
  std::vector<follower::SnapshotFile> files;  // newest first
};

TEST(Snapshot, WhatIsWrongWithAFileIsToldAndTheOlderOneIsTaken) {
  struct Damage {
    const char* told;
    std::function<void(std::vector<std::byte>&)> to;
  };
  const auto word = [](std::size_t at) {
    return [at](std::vector<std::byte>& bytes) {
      bytes[at] ^= std::byte{1};
      sign(bytes);
    };
  };
  const Damage damages[] = {
      {"checksum", [](auto& bytes) { bytes[bytes.size() / 2] ^= std::byte{4}; }},
      {"bytes, not", [](auto& bytes) { bytes.resize(bytes.size() / 2); }},
      {"too short", [](auto& bytes) { bytes.clear(); }},
      {"no snapshot", word(0)},
      {"of version", word(8)},
      {"another version", word(16)},
      {"another configuration", word(24)},
      {"another journal", word(32)},
      {"is of record", word(48)},
      {"does not have", word(56)},
      {"another state", word(72)},
      {"header says", word(92)},
  };
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.told);
    TwoSnapshots w;
    std::vector<std::byte> bytes = bytes_of_file(w.files[0].path);
    damage.to(bytes);
    write_file(w.files[0].path, bytes);
    w.kill();
    EXPECT_EQ(w.from_snapshot(), w.files[1].sequence);
    ASSERT_EQ(w.told().size(), 1u);
    EXPECT_NE(w.told()[0].find(damage.told), std::string::npos) << w.told()[0];
    EXPECT_TRUE(without_snapshots(w).empty());
  }
}

TEST(Snapshot, WithoutAGoodOneEverythingIsRedone) {
  TwoSnapshots w;
  for (const follower::SnapshotFile& file : w.files) {
    std::vector<std::byte> bytes = bytes_of_file(file.path);
    bytes.back() = bytes[100] = std::byte{99};
    write_file(file.path, bytes);
  }
  w.kill();
  EXPECT_EQ(w.from_snapshot(), 0u);
  EXPECT_EQ(w.told().size(), 2u);
}

// Any bytes whatever under a good checksum: refused, or of another state, and the next one is taken.
// What neither finds are bytes of room that nothing stands in, and of what is kept beside the state the
// hash is of: for these there is the checksum alone.
TEST(Snapshot, ARandomByteUnderAGoodChecksumIsFound) {
  TwoSnapshots w;
  support::Rng rng(test_seed(5));
  const std::vector<std::byte> good = bytes_of_file(w.files[0].path);
  const std::int64_t tries = test_scale(60);
  std::int64_t refused = 0;
  for (std::int64_t i = 0; i < tries || (refused == 0 && i < 600); ++i) {
    std::vector<std::byte> bytes = good;
    const auto at = static_cast<std::size_t>(rng.between(96, std::ssize(bytes) - 9));
    bytes[at] ^= std::byte{1} << rng.between(0, 7);
    sign(bytes);
    write_file(w.files[0].path, bytes);
    auto resumed = follower::resume(w.deployment(), nullptr,
                                    {.directory = w.directory(), .include_ring = true});
    if (resumed.snapshot != w.files[0].sequence) ++refused;
  }
  std::printf("%lld refused\n", static_cast<long long>(refused));
  EXPECT_GT(refused, 0);
}

// A snapshot of records that the machine took with it.
TEST(Snapshot, OneOfAnotherHistoryIsRemoved) {
  TwoSnapshots w;
  std::vector<std::byte> bytes = bytes_of_file(w.files[0].path);
  const std::uint64_t beyond = w.journal().published_sequence() + 100;
  std::memcpy(bytes.data() + 48, &beyond, sizeof beyond);
  sign(bytes);
  std::string name = std::to_string(beyond);
  name = "snapshot-" + std::string(20 - name.size(), '0') + name;
  const std::filesystem::path path = w.files[0].path.parent_path() / name;
  write_file(path, bytes);
  w.kill();
  EXPECT_EQ(w.from_snapshot(), w.files[0].sequence);
  EXPECT_EQ(w.told().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Snapshot, TheTwoNewestAreKept) {
  GateWorld w;
  w.follow(0);
  std::vector<std::uint64_t> written;
  for (std::uint32_t n = 0; n < 5; ++n) {
    trade(w, 1 + n, 1);
    ASSERT_TRUE(w.follower().write_snapshot());
    EXPECT_FALSE(w.follower().write_snapshot());  // nothing new
    written.push_back(w.follower().sequence());
  }
  const auto files = follower::list_snapshots(w.directory());
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].sequence, written[4]);
  EXPECT_EQ(files[1].sequence, written[3]);
}

// --- writing that fails, or ends in the middle

int g_writes_left = 0;
ssize_t pwrite_until(int fd, const void* bytes, std::size_t count, off_t offset) {
  if (g_writes_left-- > 0) return ::pwrite(fd, bytes, std::min<std::size_t>(count, 4096), offset);
  errno = ENOSPC;
  return -1;
}
int failing_sync(int) {
  errno = EIO;
  return -1;
}
int failing_rename(const char*, const char*) {
  errno = EROFS;
  return -1;
}

TEST(Snapshot, OneThatCannotBeWrittenLeavesTheOthersAlone) {
  TwoSnapshots w;
  const std::vector<std::byte> bytes(100'000);
  journal::FileOps full = journal::kSystemFileOps;
  full.pwrite = pwrite_until;
  journal::FileOps sync = journal::kSystemFileOps;
  sync.fdatasync = failing_sync;
  journal::FileOps rename = journal::kSystemFileOps;
  rename.rename = failing_rename;
  g_writes_left = 7;
  EXPECT_NE(follower::write_snapshot(w.directory(), 999'999, bytes, full).find("writing"),
            std::string::npos);
  EXPECT_NE(follower::write_snapshot(w.directory(), 999'999, bytes, sync).find("syncing"),
            std::string::npos);
  EXPECT_NE(follower::write_snapshot(w.directory(), 999'999, bytes, rename).find("renaming"),
            std::string::npos);
  // What a process leaves that is killed in the middle of it.
  EXPECT_TRUE(std::filesystem::exists(w.files[0].path.parent_path() / "part"));
  EXPECT_EQ(follower::list_snapshots(w.directory()).size(), 2u);
  w.kill();
  EXPECT_EQ(w.from_snapshot(), w.files[0].sequence);
  EXPECT_TRUE(w.told().empty());
  w.connect();
  trade(w, 20, 3);
  EXPECT_TRUE(w.follower().write_snapshot());
}

// --- differences

TEST(Snapshot, AFollowerThatDiffersStopsIncreasesAndNothingElse) {
  GateWorld w;
  const risk::SessionIndex alpha = w.session("ALPHA2");
  w.follow(0);
  w.gate().set_follower_differs(&w.follower().differs());
  ASSERT_EQ(w.enter(alpha, {.number = 1, .side = 'B', .quantity = 5}).reason, RejectReason::None);
  const std::uint32_t number = w.order(alpha, 1)->head;
  w.say(accepted(number, {.quantity = 5}));
  w.say(executed(number, 3, 2'200'000, 1));
  ASSERT_EQ(w.position(w.deployment().names.accounts.name(
                           w.deployment().sessions[alpha.value].default_account),
                       "AMZN"),
            3);
  w.follows_difference = true;
  append_wrong_marker(w);
  w.pass_time(kSecond);
  w.deliver();
  EXPECT_TRUE(w.follower().differs());
  EXPECT_TRUE(w.gate().state_differs());
  EXPECT_EQ(w.enter(alpha, {.number = 2, .side = 'B', .quantity = 1}).reason,
            RejectReason::StateDiffers);
  EXPECT_EQ(w.enter(alpha, {.number = 3, .side = 'S', .quantity = 1}).reason, RejectReason::None);
  EXPECT_EQ(w.cancel(alpha, 1).disposition, risk::Disposition::Forward);
  EXPECT_FALSE(w.follower().write_snapshot());
}

TEST(Snapshot, AStateRecoveredWithADifferenceTakesNoOrdersUntilItIsAccepted) {
  GateWorld w;
  const risk::SessionIndex alpha = w.session("ALPHA2");
  w.follow(0);
  trade(w, 1, 3);
  w.say(accepted(w.order(alpha, 2)->head, {.quantity = 3}));
  ASSERT_TRUE(w.follower().write_snapshot());
  append_wrong_marker(w);
  const std::uint64_t at = w.journal().published_sequence();
  w.recovers_difference = true;
  w.kill();
  EXPECT_EQ(w.gate().differs_at(), at);
  ASSERT_EQ(w.told().size(), 1u);
  EXPECT_NE(w.told()[0].find("record " + std::to_string(at)), std::string::npos) << w.told()[0];
  w.recovers_difference = false;
  w.gate().await_confirmation(w.now_ns);
  w.connect();
  EXPECT_TRUE(w.gate().state_unconfirmed());
  const RejectReason refused = RejectReason::StateDiffers;
  EXPECT_EQ(w.enter(alpha, {.number = 10, .side = 'B'}).reason, refused);
  EXPECT_EQ(w.enter(alpha, {.number = 11, .side = 'S'}).reason, refused);
  EXPECT_EQ(w.cancel(alpha, 2).disposition, risk::Disposition::Forward);
  EXPECT_FALSE(w.follower().write_snapshot());
  // It is not forgotten.
  w.recovers_difference = true;
  w.kill();
  EXPECT_TRUE(w.gate().state_unconfirmed());
  w.recovers_difference = false;
  w.connect();
  EXPECT_EQ(w.enter(alpha, {.number = 12, .side = 'B'}).reason, refused);
  w.gate().accept_state(w.now_ns);
  w.deliver();
  EXPECT_EQ(w.enter(alpha, {.number = 13, .side = 'B'}).reason, RejectReason::None);
  trade(w, 14, 4);
  EXPECT_TRUE(w.follower().write_snapshot());
  // Nor is that, whether the records before it are redone or not.
  w.kill();
  EXPECT_EQ(w.gate().differs_at(), 0u);
  EXPECT_FALSE(w.gate().state_unconfirmed());
  std::filesystem::remove_all(w.directory() / "snapshots");
  w.kill();
  EXPECT_EQ(w.from_snapshot(), 0u);
  EXPECT_EQ(w.gate().differs_at(), 0u);
  EXPECT_FALSE(w.gate().state_unconfirmed());
  w.connect();
  EXPECT_EQ(w.enter(alpha, {.number = 30, .side = 'B'}).reason, RejectReason::None);
}

TEST(Snapshot, AReplayComparesMarkers) {
  GateWorld w;
  trade(w, 1, 4);
  EXPECT_EQ(w.replay(), "");
  append_wrong_marker(w);
  EXPECT_NE(w.replay().find("another state"), std::string::npos);
}

// --- companions

class Count : public follower::Companion {
 public:
  std::string_view name() const override { return "count"; }
  void take(const journal::RecordView&, gateway::gate::Gate&) override { ++records; }
  std::size_t saved_bytes() const override { return sizeof records; }
  void save(std::span<std::byte> out) const override {
    std::memcpy(out.data(), &records, sizeof records);
  }
  bool load(std::span<const std::byte> saved) override {
    records = 0;
    if (saved.empty()) return true;
    if (saved.size() != sizeof records) return false;
    std::memcpy(&records, saved.data(), sizeof records);
    return true;
  }
  std::uint64_t records = 0;
};

TEST(Snapshot, ACompanionIsInItAndComesBackWithIt) {
  GateWorld w;
  trade(w, 1, 5);
  Count count;
  follower::Follower beside(w.deployment(), w.journal(),
                            {.directory = w.directory(), .companions = {&count}}, nullptr, {});
  while (beside.step(64) > 0) {
  }
  EXPECT_EQ(count.records, w.journal().published_sequence());
  ASSERT_TRUE(beside.write_snapshot());
  trade(w, 6, 5);
  Count again;
  follower::Companion* const companions[] = {&again};
  const follower::Resumed resumed = follower::resume(
      w.deployment(), nullptr,
      {.directory = w.directory(), .include_ring = true, .companions = companions});
  EXPECT_GT(resumed.snapshot, 0u);
  EXPECT_EQ(again.records, w.journal().published_sequence());
}

// --- the thread

TEST(Snapshot, TheThreadFollowsAndWritesALastOneWhenItStops) {
  GateWorld w;
  follower::Follower beside(
      w.deployment(), w.journal(),
      {.directory = w.directory(), .snapshot_interval = std::chrono::hours(1)}, nullptr, {});
  beside.start();
  std::uint64_t looks = 0;
  for (std::uint32_t n = 1; n < 60; n += 10) {
    trade(w, n, 10);
    looks += beside.with([](gate::Gate& gate) { return gate.engine().live_orders(); });
  }
  beside.stop();
  EXPECT_EQ(beside.sequence(), w.journal().published_sequence());
  EXPECT_FALSE(beside.differs());
  EXPECT_EQ(beside.with([](gate::Gate& gate) { return gate.state_hash(); }), w.gate().state_hash());
  EXPECT_EQ(beside.figures().last_snapshot, beside.sequence()) << beside.figures().problem;
  EXPECT_GE(looks, 0u);
}

}  // namespace
}  // namespace portcullis::test::snapshot_test
