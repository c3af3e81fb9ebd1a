// Gate and venue killed, frozen and cut off in mid-stream, over real sockets and over shared memory: nothing
// is lost, nothing happens twice, and what a client was told does not change.

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/gate_fixture.h"
#include "tests/support/restart_run.h"
#include "tests/support/seed.h"

namespace portcullis::test::gate_restart_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;

class GateRestart : public testing::TestWithParam<VenueLink> {};

// --- Kills in mid-stream

TEST_P(GateRestart, GoesOnAfterKill9OfTheGateInMidStream) {
  RestartRun run(seed(), GetParam());
  for (int round = 0; round < 5; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.trade(300 + static_cast<std::uint32_t>(run.random() % 700));
    run.kill_gate();
  }
  run.finish();
}

TEST_P(GateRestart, GoesOnAfterKill9OfTheVenueInMidStream) {
  RestartRun run(seed(), GetParam());
  for (int round = 0; round < 5; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    if (round > 0) wait_for_link(run.gate->port());
    run.trade(300 + static_cast<std::uint32_t>(run.random() % 700));
    run.kill_venue();
    run.trade(static_cast<std::uint32_t>(run.random() % 50));
  }
  run.finish();
}

TEST_P(GateRestart, GoesOnAfterKill9OfBoth) {
  RestartRun run(seed(), GetParam());
  for (int round = 0; round < 5; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.trade(300 + static_cast<std::uint32_t>(run.random() % 700));
    if (round % 2 == 0) run.kill_venue();
    run.kill_gate();
    if (run.venue) run.kill_venue();
  }
  run.finish();
}

// Each start goes on from a snapshot that the process before was writing all the time.
TEST_P(GateRestart, GoesOnFromSnapshots) {
  RestartRun run(seed(), GetParam(),
                 {{kSet, "process.json", "journal.snapshot_interval_ms", "50"},
                  {kSet, "process.json", "journal.marker_interval_ms", "20"}});
  for (int round = 0; round < 4; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.trade(300 + static_cast<std::uint32_t>(run.random() % 700));
    run.kill_gate();
    if (round > 0) {
      EXPECT_FALSE(std::filesystem::is_empty(run.deployment.journal() / "snapshots"));
    }
  }
  run.finish();
  EXPECT_GT(run.deployment.gate_stat("follower.snapshots"), 0);
  EXPECT_GT(run.deployment.gate_stat("follower.markers"), 0);
  EXPECT_EQ(run.deployment.gate_stat("follower.differs_at"), 0);
  EXPECT_EQ(run.deployment.gate_text("state"), "\"confirmed\"");
  EXPECT_EQ(read_file(run.deployment.errors()), "");
}

TEST_P(GateRestart, GoesOnWhenTheVenueDropsTheLinkAfterEveryNthMessage) {
  RestartRun run(seed(), GetParam(), {}, {"--drop-every", "97"});
  ASSERT_NO_FATAL_FAILURE(run.start());
  for (int burst = 0; burst < 30; ++burst) {
    wait_for_link(run.gate->port());
    run.trade(60);
    run.settle();
  }
  run.finish();
}

TEST_P(GateRestart, GoesOnWhenTheVenueDropsTheLinkInTheMiddleOfAPacket) {
  RestartRun run(seed(), GetParam(), {}, {"--drop-every", "53", "--drop-mid-frame"});
  ASSERT_NO_FATAL_FAILURE(run.start());
  for (int burst = 0; burst < 30; ++burst) {
    wait_for_link(run.gate->port());
    run.trade(40);
    run.settle();
  }
  run.finish();
}

INSTANTIATE_TEST_SUITE_P(Over, GateRestart, kBothLinks, link_name);

}  // namespace
}  // namespace portcullis::test::gate_restart_test
