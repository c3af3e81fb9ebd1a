// The whole gate at random, with the simulated venue and with a hostile one (ORDERLIFE 8).
#include <gtest/gtest.h>

#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test::random_gate_test {
namespace {

using support::test_scale;
using support::test_seed;

TEST(RandomGate, KeepsItsPromisesWithASoundVenue) {
  run_random_gates(GateAudit::Venue::Sound, test_seed(1), test_scale(30), 3'000);
}

TEST(RandomGate, KeepsItsBooksWithAHostileVenue) {
  run_random_gates(GateAudit::Venue::Hostile, test_seed(1), test_scale(30), 3'000);
}

}  // namespace
}  // namespace portcullis::test::random_gate_test
