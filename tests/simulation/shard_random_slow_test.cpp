// A million steps and more of a whole gate on one thread, at random (tests/support/random_shard.h).
#include <gtest/gtest.h>

#include "tests/support/random_shard.h"
#include "tests/support/random_world.h"

namespace portcullis::test {
namespace {

TEST(RandomShard, KeepsItsPromisesForAMillionSteps) {
  run_random_shards("shard_random_slow_test", support::test_seed(100'000), support::test_scale(600),
                    2'000);
}

}  // namespace
}  // namespace portcullis::test
