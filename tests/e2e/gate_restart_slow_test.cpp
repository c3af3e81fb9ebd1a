// Many more kills in mid-stream than gate_restart_test has, and kills in the middle of a start.

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/gate_fixture.h"
#include "tests/support/restart_run.h"
#include "tests/support/seed.h"

namespace portcullis::test::gate_restart_slow_test {
namespace {

constexpr int kRounds = 60;

std::vector<Change> large() {
  return {{Change::Kind::Set, "process.json", "capacities.trades", "1048576"}};
}

// A start that is killed before, while or after it reads its journal.
void kill_in_the_middle_of_a_start(RestartRun& run) {
  Process gate(gate_arguments(run.deployment), run.deployment.environment(),
               run.deployment.errors());
  std::this_thread::sleep_for(std::chrono::microseconds(run.random() % 60'000));
  gate.kill_9();
}

class GateRestartSlow : public testing::TestWithParam<VenueLink> {};

TEST_P(GateRestartSlow, GoesOnAfterManyKillsOfTheGate) {
  RestartRun run(seed(), GetParam(), large());
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.trade(static_cast<std::uint32_t>(run.random() % 1'000));
    run.kill_gate();
    while (run.random() % 3 == 0) kill_in_the_middle_of_a_start(run);
  }
  run.finish();
}

TEST_P(GateRestartSlow, GoesOnAfterManyKillsOfTheVenue) {
  RestartRun run(seed() + 1, GetParam(), large());
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    if (run.random() % 2 == 0) wait_for_link(run.gate->port());
    run.trade(static_cast<std::uint32_t>(run.random() % 1'000));
    run.kill_venue();
    run.trade(static_cast<std::uint32_t>(run.random() % 50));
  }
  run.finish();
}

TEST_P(GateRestartSlow, GoesOnAfterManyKillsOfEitherWithFaultsOfTheVenue) {
  RestartRun run(seed() + 2, GetParam(), large(),
                 {"--drop-every", "211", "--drop-mid-frame", "--reject-every", "31", "--dead-every",
                  "43", "--ignore-replace-every", "7", "--cancel-out-every", "29"});
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    if (run.random() % 2 == 0) wait_for_link(run.gate->port());
    run.trade(static_cast<std::uint32_t>(run.random() % 1'000));
    if (run.random() % 2 == 0) run.kill_venue();
    if (run.random() % 2 == 0) run.kill_gate();
  }
  run.finish();
}

TEST_P(GateRestartSlow, GoesOnWithADelayOnTheWayBack) {
  RestartRun run(seed() + 3, GetParam(), large(), {"--delay-ms", "20"});
  for (int round = 0; round < kRounds / 2; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.trade(static_cast<std::uint32_t>(run.random() % 1'000));
    if (run.random() % 2 == 0) run.kill_venue();
    if (run.random() % 2 == 0) run.kill_gate();
  }
  run.finish();
}

INSTANTIATE_TEST_SUITE_P(Over, GateRestartSlow, kBothLinks, link_name);

}  // namespace
}  // namespace portcullis::test::gate_restart_slow_test
