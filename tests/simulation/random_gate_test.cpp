#pragma GCC diagnostic ignored "-Wold-style-cast"
// The whole gate at random, against the simulated venue and against a hostile one (ORDERLIFE 8).
#include <gtest/gtest.h>

#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test {
namespace {

using support::test_scale;
using support::test_seed;

constexpr std::int64_t kSteps = 3'000;

void run(GateAudit::Venue venue, std::uint64_t fallback) {
  const std::uint64_t seed = test_seed(fallback);
  GateAudit::Counts sum;
  for (std::int64_t trial = 0; trial < test_scale(20) && !testing::Test::HasFailure(); ++trial) {
    SCOPED_TRACE("PORTCULLIS_SEED=" + std::to_string(seed + static_cast<std::uint64_t>(trial)));
    const GateAudit::Counts counts =
        run_random_gate(venue, seed + static_cast<std::uint64_t>(trial), kSteps);
    std::printf("forwarded %llu rejected %llu ignored %llu malformed %llu executed %llu broken %llu voided %llu reservations %llu drained %llu cancels %llu restarts %llu links %llu\n", (unsigned long long)counts.forwarded, (unsigned long long)counts.rejected, (unsigned long long)counts.ignored, (unsigned long long)counts.malformed, (unsigned long long)counts.executed, (unsigned long long)counts.broken, (unsigned long long)counts.voided, (unsigned long long)counts.reservations, (unsigned long long)counts.drained, (unsigned long long)counts.cancels, (unsigned long long)counts.restarts, (unsigned long long)counts.links);
    sum.forwarded += counts.forwarded;
  }
}

TEST(RandomGate, KeepsItsPromisesWithASoundVenue) { run(GateAudit::Venue::Sound, 1); }

TEST(RandomGate, KeepsItsBooksWithAHostileVenue) { run(GateAudit::Venue::Hostile, 1); }

}  // namespace
}  // namespace portcullis::test
