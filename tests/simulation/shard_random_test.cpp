// A whole gate on one thread, at random (tests/support/random_shard.h).
#include <gtest/gtest.h>

#include "tests/support/random_shard.h"
#include "tests/support/random_world.h"

namespace portcullis::test {
namespace {

TEST(RandomShard, KeepsItsPromisesWhateverHappens) {
  run_random_shards("shard_random_test", support::test_seed(1), support::test_scale(20), 2'000);
}

}  // namespace
}  // namespace portcullis::test
