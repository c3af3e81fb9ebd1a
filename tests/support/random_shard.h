// A whole gate on one thread with everything that can happen to it, at random from one seed: clients
// that come and go, send and resend, do not read or do not speak; a venue that is slow, lost,
// restarted or without memory; a disk that fails; a clock that jumps; and a process that ends at any
// record of its journal and at any write. By the seed, in turn: the journal is durable by fsync and the
// machine loses its power; a follower writes snapshots, which are damaged, and old segments go; the
// edge has orders of JSON sessions in its queue. ShardAudit looks at each step.
#pragma once

#include <cstdint>

namespace portcullis::test {

// Before that, in the worlds of eight seeds out of `drilled_of` times as many, one by one everything
// that chance may leave out (random_shard_drills.cpp), so that every run has had all of it.
struct RandomShards {
  const char* test;  // its name
  std::uint64_t seed = 1;
  std::int64_t worlds = 1;  // each with a seed of its own
  std::int64_t steps = 1;   // of each
  std::uint64_t drilled_of = 1;
};
// The test fails at the first step that the audit has something against, and says how it is run again;
// and where too little has happened.
void run_random_shards(const RandomShards& run);

}  // namespace portcullis::test
