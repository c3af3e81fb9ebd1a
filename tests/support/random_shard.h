// A whole gate on one thread with everything that can happen to it, at random from one seed: clients
// that come and go, send and resend, do not read or do not speak; a venue that is slow, lost,
// restarted or without memory; a disk that fails; a clock that jumps; and a process that ends at any
// record of its journal and at any write. ShardAudit looks at each step.
#pragma once

#include <cstdint>

namespace portcullis::test {

// So many worlds of so many steps, each with a seed of its own. The test fails at the first step
// that the audit has something against, and says how it is run again.
void run_random_shards(const char* test, std::uint64_t seed, std::int64_t worlds,
                       std::int64_t steps);

}  // namespace portcullis::test
