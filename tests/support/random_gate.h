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
// step that the audit has something against.
struct RandomGateOptions {
  bool followed = false;  // with a follower beside each gate; a process begins with its snapshots
  bool reloads = true;    // other parameters are put in force now and then
  bool facts = true;      // an operator tells of transfers, positions, settlements and so on
  // Makes of each new world what is told after every step.
  std::function<std::function<void()>(GateWorld& world)> watch{};
};
void run_random_gates(GateAudit::Venue venue, std::uint64_t seed, std::int64_t worlds,
                      std::int64_t steps, const RandomGateOptions& options = {});

}  // namespace portcullis::test
