// Whatever happens to a gate: judged again under the same configuration nothing is different, under
// both conventions, and what is there at the end is the same bit for bit.
#include <gtest/gtest.h>

#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"
#include "tests/support/tuned.h"

namespace portcullis::test {
namespace {

using support::test_scale;
using support::test_seed;

constexpr int kStepsBetween = 250;

std::function<void()> tune_now_and_then(GateWorld& world) {
  return [&world, steps = 0]() mutable {
    if (++steps % kStepsBetween != 0) return;
    for (const auto convention : {kAsRecorded, kUnfilled}) {
      Tuned tuned(world, {}, convention);
      ASSERT_EQ(tuned.total().differences(), 0U);
      ASSERT_EQ(tuned.of(gateway::tune::Change::Follows), 0U);
      ASSERT_EQ(tuned.engine().state_hash(), world.gate().engine().state_hash());
    }
  };
}

TEST(TuneProperty, ASoundVenueUnderTheSameConfiguration) {
  run_random_gates(GateAudit::Venue::Sound, test_seed(1), test_scale(3), 1'000,
                   {.watch = tune_now_and_then});
}

TEST(TuneProperty, AHostileVenueUnderTheSameConfiguration) {
  run_random_gates(GateAudit::Venue::Hostile, test_seed(2), test_scale(3), 1'000,
                   {.watch = tune_now_and_then});
}

}  // namespace
}  // namespace portcullis::test
