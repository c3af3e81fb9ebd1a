// As random_gate_test, with other seeds, longer.
#include <gtest/gtest.h>

#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test::random_gate_slow_test {
namespace {

using support::test_scale;
using support::test_seed;

TEST(RandomGateSlow, KeepsItsPromisesWithASoundVenue) {
  run_random_gates(GateAudit::Venue::Sound, test_seed(1'000'000), test_scale(50), 10'000);
}

TEST(RandomGateSlow, KeepsItsBooksWithAHostileVenue) {
  run_random_gates(GateAudit::Venue::Hostile, test_seed(1'000'000), test_scale(50), 10'000);
}

}  // namespace
}  // namespace portcullis::test::random_gate_slow_test
