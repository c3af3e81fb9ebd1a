// A gate that begins again when its oldest segments are gone, on one thread with a clock that is set
// by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "gateway/commands/replay.h"
#include "tests/support/command_line.h"
#include "tests/support/shard_fixture.h"

namespace portcullis::test::shard_restart_test {
namespace {

class ShardRestart : public ShardFixture {
 protected:
  ShardRestart() : ShardFixture({.follows = true}) {}
  std::uint64_t first_message() {
    return world_.journal().stream_first(
        static_cast<std::uint16_t>(world_.session("ALPHA2").value));
  }
  // Messages, and snapshots, until the first of them go.
  void ask_until_messages_go() {
    for (int n = 0; n < 200 && first_message() == 1; ++n) {
      query(client_, 64);
      (void)world_.write_snapshot();
    }
    ASSERT_GT(first_message(), 1U);
  }

  SoupClient client_;
};

// It did not begin: the journal's id was read from its first segment, which has to be there only for
// whoever wants the first record.
TEST_F(ShardRestart, BeginsFromASnapshotWhenTheFirstSegmentsAreGone) {
  log_in(client_, 1);
  ask_until_messages_go();
  world_.kill();
  ASSERT_TRUE(world_.start());
  ASSERT_TRUE(world_.is_running()) << world_.problem;
  EXPECT_GT(world_.from_snapshot(), 0U);
  turns(client_, 20);
}

TEST_F(ShardRestart, AReplayBeginsFromASnapshotToo) {
  log_in(client_, 1);
  ask_until_messages_go();
  std::ofstream(world_.journal_folder() / "configuration.json")
      << world_.deployment().canonical_text;
  const Outcome outcome = run_command(gateway::add_replay_command,
                                      {"replay", "--json", "--journal", world_.journal_folder()});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_NE(outcome.out.find("\"differences\": 0"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.errors.find("the first records are gone"), std::string::npos);
}

TEST_F(ShardRestart, AClientThatWantsMessagesThatAreGoneIsRefused) {
  log_in(client_, 1);
  ask_until_messages_go();
  log_in(client_, 1);
  EXPECT_FALSE(client_.is_connected());
  EXPECT_EQ(client_.reject_reason, 'S');
  EXPECT_EQ(audit_.seen.gone, 1U);
  log_in(client_, first_message());
  EXPECT_TRUE(client_.is_logged_in());
}

}  // namespace
}  // namespace portcullis::test::shard_restart_test
