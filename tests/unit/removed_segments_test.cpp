// Commands that look at a journal whose first segments have been removed (retention): they begin with a
// snapshot and come to what they come to with the whole journal; where no snapshot is good they say so.
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/commands/journal.h"
#include "gateway/commands/reconcile.h"
#include "gateway/commands/replay.h"
#include "gateway/commands/state.h"
#include "gateway/follower/snapshot.h"
#include "gateway/journal/segments.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::removed_segments_test {
namespace {

namespace follower = gateway::follower;
namespace journal = gateway::journal;

using Arguments = std::vector<std::string>;

class RemovedSegments : public testing::Test {
 protected:
  // Positions, prices and an operator's words in the first segment, a snapshot in the third and one in
  // the fifth, and trades behind them.
  RemovedSegments() {
    w.follow(0);
    trade(1);
    const auto control = [&](risk::ControlScope scope, std::uint32_t target,
                             risk::ControlAction action) {
      w.control({.time = {}, .target = target, .by = {}, .scope = scope, .action = action});
    };
    control(risk::ControlScope::Account, w.account("bravo-3").value, risk::ControlAction::Kill);
    control(risk::ControlScope::Node, 1, risk::ControlAction::CloseOnly);
    control(risk::ControlScope::Session, w.session("CHARL1").value, risk::ControlAction::Suspend);
    control(risk::ControlScope::Instrument, w.instrument("ETH-PERP").value,
            risk::ControlAction::CloseOnly);
    fill_segments(3);
    EXPECT_TRUE(w.follower().write_snapshot());
    fill_segments(5);
    EXPECT_TRUE(w.follower().write_snapshot());
    // Taken back: what a snapshot says is not the last word.
    control(risk::ControlScope::Session, w.session("CHARL1").value, risk::ControlAction::Resume);
    trade(3);
    w.mark(w.instrument("AMZN"), {2'218'137});
    snapshots = follower::list_snapshots(w.directory());
    std::filesystem::copy(
        w.journal_folder(), folder(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  }
  // bravo-1 buys 100 AMZN at 220, in an order of this number.
  void trade(std::uint32_t number) {
    w.enter(w.session("BRAVO1"), {.number = number, .quantity = 100});
    w.say(accepted(number));
    w.say(executed(number, 100, kAmznPrice, number));
    w.enter(w.session("BRAVO1"), {.number = number + 1, .quantity = 0});  // refused
  }
  // Prices until the journal has so many segments.
  void fill_segments(std::size_t count) {
    for (int i = 0; journal::list_segments(w.directory()).size() < count; ++i) {
      ASSERT_LT(i, 100'000);
      w.price();
    }
  }

  // A copy of the journal, and what is done to it.
  [[nodiscard]] std::filesystem::path folder() const { return copy_ / "journal"; }
  void remove_segments(std::uint32_t through) const {
    for (std::uint32_t number = 1; number <= through; ++number)
      ASSERT_TRUE(std::filesystem::remove(folder() / journal::segment_name(number)));
  }
  void damage(std::size_t snapshot) const {
    std::fstream file(folder() / "snapshots" / snapshots[snapshot].path.filename(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4'000);
    file.put('\x55').put('\x54');
    ASSERT_TRUE(file.good());
  }

  static Outcome run(void (*add)(CLI::App&), const Arguments& arguments) {
    return run_command(add, arguments);
  }
  static Outcome state(const std::filesystem::path& folder) {
    return run(gateway::add_state_command, {"state", "--journal", folder.string(), "--json"});
  }
  static Outcome reconcile(const std::filesystem::path& folder,
                           const std::filesystem::path& against) {
    return run(gateway::add_reconcile_command,
               {"reconcile", "--journal", folder.string(), "--against", against.string()});
  }
  static Outcome replay(const std::filesystem::path& folder) {
    return run(gateway::add_replay_command, {"replay", "--journal", folder.string(), "--json"});
  }
  static std::string state_hash(const Outcome& outcome) {
    config::Json report = config::parse_json(outcome.out).json;
    const config::Json* hash = find(report, "state_hash");
    EXPECT_NE(hash, nullptr) << outcome.errors;
    return hash == nullptr ? "" : hash->text;
  }
  [[nodiscard]] std::string from(std::size_t snapshot) const {
    return "the first records are gone: from the snapshot of record " +
           std::to_string(snapshots[snapshot].sequence) + " on\n";
  }
  // Every command says so and prints nothing.
  void expect_refused(const std::string& why) const {
    const std::filesystem::path theirs = copy_ / "theirs.csv";
    std::ofstream(theirs) << "account,asset,amount\n";
    for (const Outcome& outcome :
         {state(folder()), replay(folder()), reconcile(folder(), theirs)}) {
      EXPECT_NE(outcome.code, 0);
      EXPECT_EQ(outcome.out, "");
      EXPECT_NE(outcome.errors.find(why), std::string::npos) << outcome.errors;
    }
    EXPECT_EQ(reconcile(folder(), theirs).code, 2) << "bad input, not a difference";
  }

  GateWorld w{{{Change::Kind::Set, "process.json", "journal.segment_bytes", "1048576"}}};
  journal::testing::TemporaryFolder copy_{journal::testing::memory_folder()};
  std::vector<follower::SnapshotFile> snapshots;  // newest first
};

TEST_F(RemovedSegments, TheStateIsThatOfTheWholeJournal) {
  const Outcome whole = state(w.journal_folder());
  ASSERT_EQ(whole.code, 0) << whole.errors;
  for (const char* line :
       {"not in it: kill account bravo-3, ", "not in it: close_only node alpha, ",
        "not in it: close_only instrument ETH-PERP, "}) {
    EXPECT_NE(whole.errors.find(line), std::string::npos) << line << whole.errors;
  }
  EXPECT_EQ(whole.errors.find("CHARL1"), std::string::npos) << whole.errors;
  remove_segments(2);
  const Outcome outcome = state(folder());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, whole.out);
  EXPECT_EQ(outcome.errors, from(0) + whole.errors);
}

TEST_F(RemovedSegments, BooksAreComparedWithWhatTheWholeJournalComesTo) {
  const std::filesystem::path theirs = copy_ / "theirs.json";
  std::ofstream(theirs) << state(w.journal_folder()).out;
  const Outcome whole = reconcile(w.journal_folder(), theirs);
  remove_segments(2);
  const Outcome outcome = reconcile(folder(), theirs);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
  EXPECT_EQ(outcome.out, whole.out);
  EXPECT_EQ(outcome.errors, from(0));
  // And a book that is not equal is not.
  std::ofstream(copy_ / "other.csv") << "account,instrument,lots\nbravo-1,AMZN,199\n";
  EXPECT_EQ(reconcile(folder(), copy_ / "other.csv").code, 1);
}

TEST_F(RemovedSegments, AReplayBeginsWithTheOldestSnapshot) {
  const std::string hash = state_hash(replay(w.journal_folder()));
  remove_segments(2);
  const Outcome outcome = replay(folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, from(1));
  EXPECT_EQ(state_hash(outcome), hash);
}

TEST_F(RemovedSegments, TheRecordsThatAreThereArePrinted) {
  remove_segments(2);
  const Outcome outcome =
      run(gateway::add_journal_command,
          {"journal", "--journal", folder().string(), "--json", "--limit", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  config::Json first = config::parse_json(outcome.out).json;
  journal::Reader reader(folder(), {.from_sequence = 0});
  EXPECT_GT(reader.next_sequence(), 1U);
  EXPECT_EQ(static_cast<std::uint64_t>(find(first, "sequence")->integer), reader.next_sequence());
}

TEST_F(RemovedSegments, WhereASnapshotIsDamagedTheOtherOneIsTaken) {
  const Outcome whole = state(w.journal_folder());
  const std::string hash = state_hash(replay(w.journal_folder()));
  remove_segments(2);
  damage(0);
  const Outcome outcome = state(folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, whole.out);
  EXPECT_NE(outcome.errors.find("its checksum is another one\n" + from(1)), std::string::npos)
      << outcome.errors;
  EXPECT_EQ(state_hash(replay(folder())), hash);
}

TEST_F(RemovedSegments, AReplayTakesTheNewestWhereTheOldestIsDamaged) {
  remove_segments(2);
  damage(1);
  const Outcome outcome = replay(folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find(from(0)), std::string::npos) << outcome.errors;
}

TEST_F(RemovedSegments, WithoutAGoodSnapshotThereIsNoState) {
  remove_segments(2);
  damage(0);
  damage(1);
  expect_refused(", and there is no good snapshot of what came before\n");
  expect_refused("its checksum is another one");
  std::filesystem::remove_all(folder() / "snapshots");
  expect_refused(", and there is no good snapshot of what came before\n");
}

// Somebody has removed more than retention does.
TEST_F(RemovedSegments, ASnapshotWhoseRecordIsGoneIsNoBeginning) {
  remove_segments(4);
  const Outcome outcome = replay(folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find("ends with a record that the journal does not have\n" + from(0)),
            std::string::npos)
      << outcome.errors;
  damage(0);
  expect_refused(", and there is no good snapshot of what came before\n");
}

TEST_F(RemovedSegments, ASegmentThatIsMissingInTheMiddleIsNamed) {
  remove_segments(2);
  ASSERT_TRUE(std::filesystem::remove(folder() / journal::segment_name(4)));
  expect_refused("segment-0000000004 is missing, there are segments up to number 5");
}

}  // namespace
}  // namespace portcullis::test::removed_segments_test
