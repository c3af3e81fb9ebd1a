// A gate that begins again when its oldest segments are gone, on one thread with a clock that is set
// by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "gateway/commands/replay.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;

constexpr std::int64_t kMs = 1'000'000;

class ShardRestart : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.start());
    world_.price_everything();
    rest();
  }
  void TearDown() override {
    audit_.look();
    for (const std::string& problem : audit_.problems()) ADD_FAILURE() << problem;
  }
  void rest(int turns = 60) {
    for (int turn = 0; turn < turns; ++turn) {
      world_.transport().clock_ns += kMs / 10;
      if (client_.is_connected()) {
        client_.write(world_.now_ns());
        client_.wire().to_gate.arrive_all();
      }
      EXPECT_TRUE(world_.pass());
      audit_.look();
      world_.carry();
      (void)world_.journal().flush();
      world_.follow(SIZE_MAX);
      if (!client_.is_connected()) continue;
      client_.wire().from_gate.arrive_all();
      EXPECT_EQ(client_.read(world_.now_ns()), "");
    }
  }
  void log_in(std::uint64_t sequence) {
    client_.begin(
        world_.connect(),
        {.username = "ALPHA2", .password = kShardPassword, .session = "", .sequence = sequence},
        world_.now_ns());
    rest();
  }
  std::uint64_t first_message() {
    return world_.journal().stream_first(
        static_cast<std::uint16_t>(world_.session("ALPHA2").value));
  }
  // Messages, and snapshots, until the first of them go.
  void ask_until_messages_go() {
    for (int n = 0; n < 200 && first_message() == 1; ++n) {
      for (int query = 0; query < 64; ++query)
        (void)client_.send(venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}}));
      rest(6);
      (void)world_.write_snapshot();
    }
    ASSERT_GT(first_message(), 1U);
  }

  GateAudit::Counts counts_;
  ShardWorld world_{{}, {}, {.follows = true}};
  ShardAudit audit_{world_, counts_};
  SoupClient client_;
};

// It did not begin: the journal's id was read from its first segment, which has to be there only for
// whoever wants the first record.
TEST_F(ShardRestart, BeginsFromASnapshotWhenTheFirstSegmentsAreGone) {
  log_in(1);
  ask_until_messages_go();
  world_.kill();
  ASSERT_TRUE(world_.start());
  ASSERT_TRUE(world_.is_running()) << world_.problem;
  EXPECT_GT(world_.from_snapshot(), 0U);
  rest();
}

TEST_F(ShardRestart, AReplayBeginsFromASnapshotToo) {
  log_in(1);
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
  log_in(1);
  ask_until_messages_go();
  log_in(1);
  EXPECT_FALSE(client_.is_connected());
  EXPECT_EQ(client_.reject_reason, 'S');
  EXPECT_EQ(audit_.seen.gone, 1U);
  log_in(first_message());
  EXPECT_TRUE(client_.is_logged_in());
}

}  // namespace
}  // namespace portcullis::test
