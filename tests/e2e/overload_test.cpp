// A real gate that is offered more than it takes, for a few seconds; overload_slow_test does it for a minute.

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/overload_run.h"
#include "tests/support/random_world.h"

namespace portcullis::test::overload_test {
namespace {

TEST(Overload, RefusesWhatAddsRiskLetsExitsAndCancelsThroughAndRecovers) {
  run_overloaded(std::chrono::milliseconds(support::test_scale(3'000)));
}

}  // namespace
}  // namespace portcullis::test::overload_test
