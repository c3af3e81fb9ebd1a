// A watch of warnings behind the gate of a GateWorld, as the follower has one: with a gate of its own
// that redoes the journal's records, also of a journal of which a killed process left only a part.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/follower/warning_watch.h"
#include "gateway/parameters/parameter_log.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

class WatchedGate {
 public:
  WatchedGate(GateWorld& world, gateway::follower::WarningSource source)
      : world_(world),
        source_(std::move(source)),
        gate_(world.deployment(), nullptr, {},
              [&world](const gateway::gate::ParametersRecord& record) {
                return gateway::parameters::load_parameters(world.directory(), record);
              }),
        watch_(make()) {}

  // Takes what is in the journal.
  void follow(const std::function<void(const gateway::journal::RecordView&)>& behind = {}) {
    world_.for_each_record(taken_, [&](const gateway::journal::RecordView& record) {
      ASSERT_TRUE(gate_.redo(record)) << record.sequence << ": " << gate_.source_problem();
      watch_->take(record, gate_);
      taken_ = record.sequence;
      if (behind) behind(record);
    });
  }
  // The watch goes, and another one goes on from what a snapshot has of it.
  void begin_again_from_snapshot() {
    std::vector<std::byte> saved(watch_->saved_bytes());
    watch_->save(saved);
    watch_ = make();
    EXPECT_TRUE(watch_->load(saved));
  }
  [[nodiscard]] gateway::gate::Gate& gate() { return gate_; }
  [[nodiscard]] gateway::follower::WarningWatch& watch() { return *watch_; }

  std::vector<std::string> told;  // lines of the log

 private:
  [[nodiscard]] std::unique_ptr<gateway::follower::WarningWatch> make() {
    auto made = std::make_unique<gateway::follower::WarningWatch>(world_.deployment(), source_);
    made->begin([this](const std::string& line) { told.push_back(line); });
    return made;
  }

  GateWorld& world_;
  const gateway::follower::WarningSource source_;
  gateway::gate::Gate gate_;
  std::unique_ptr<gateway::follower::WarningWatch> watch_;
  std::uint64_t taken_ = 0;
};

}  // namespace portcullis::test
