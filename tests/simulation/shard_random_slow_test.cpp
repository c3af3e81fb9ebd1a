// A million steps and more of a whole gate on one thread, at random (tests/support/random_shard.h).
#include <gtest/gtest.h>

#include "tests/support/random_shard.h"
#include "tests/support/random_world.h"

namespace portcullis::test::shard_random_slow_test {
namespace {

TEST(RandomShard, KeepsItsPromisesForAMillionSteps) {
  run_random_shards({.test = "shard_random_slow_test",
                     .seed = support::test_seed(100'000),
                     .worlds = support::test_scale(600),
                     .steps = 2'000,
                     .drilled_of = 4});
}

}  // namespace
}  // namespace portcullis::test::shard_random_slow_test
