// A whole gate on one thread, at random (tests/support/random_shard.h).
#include <gtest/gtest.h>

#include "tests/support/random_shard.h"
#include "tests/support/random_world.h"

namespace portcullis::test::shard_random_test {
namespace {

TEST(RandomShard, KeepsItsPromisesWhateverHappens) {
  run_random_shards({.test = "shard_random_test",
                     .seed = support::test_seed(1),
                     .worlds = support::test_scale(20),
                     .steps = 2'000});
}

}  // namespace
}  // namespace portcullis::test::shard_random_test
