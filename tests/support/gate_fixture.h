// A gate and a venue as processes, for end-to-end tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

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

// For what must hold of both: INSTANTIATE_TEST_SUITE_P(Over, Suite, kBothLinks, link_name).
inline const auto kBothLinks = testing::Values(VenueLink::Tcp, VenueLink::SharedMemory);
inline std::string link_name(const testing::TestParamInfo<VenueLink>& info) {
  return std::string(name_of(info.param));
}

}  // namespace portcullis::test
