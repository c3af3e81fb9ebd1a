// A gate with everything that can happen to it: clients of the shipped example, a venue, other
// participants, prices, operators, lost links and killed processes, all at random, with GateAudit
// looking at each step.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/support/gate_audit.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

// So many worlds of so many steps, each with a seed of its own and all with the simulated venue and
// its faults (Sound), or a script that says what it likes (Hostile). The test fails at the first
// step that the audit has something against. `watch` makes of each new world what is told after
// every step.
using Watch = std::function<std::function<void()>(GateWorld& world)>;
void run_random_gates(GateAudit::Venue venue, std::uint64_t seed, std::int64_t worlds,
                      std::int64_t steps, const Watch& watch = {});

}  // namespace portcullis::test
