// A gate and a venue as processes, for end-to-end tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/gate_process.h"

namespace portcullis::test {

class GateAndVenue : public testing::Test {
 protected:
  // Both ended in good order, and everything that must agree does.
  void stop() {
    EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors());
    EXPECT_EQ(venue_->terminate(), 0);
    expect_counts_agree(*deployment_);
    expect_replay_agrees(*deployment_);
  }

  std::unique_ptr<TestDeployment> deployment_;
  std::unique_ptr<VenueProcess> venue_;
  std::unique_ptr<GateProcess> gate_;
};

}  // namespace portcullis::test
