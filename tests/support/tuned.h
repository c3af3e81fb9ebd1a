// The journal of a world judged again under its configuration with some changes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/commands/journal_folder.h"
#include "gateway/commands/tune_configuration.h"
#include "gateway/commands/tune_report.h"
#include "gateway/tune/study.h"
#include "tests/support/example_config.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

inline constexpr gateway::tune::Convention kAsRecorded{};
inline constexpr gateway::tune::Convention kUnfilled{gateway::tune::Follow::Candidate,
                                                     gateway::tune::NewlyAllowed::Unfilled};
inline constexpr gateway::tune::Convention kFilled{gateway::tune::Follow::Candidate,
                                                   gateway::tune::NewlyAllowed::Filled};

// "profiles.client.instruments.AMZN.clip" of limits.json, as JSON text.
inline Change limit_change(std::string path, std::string value) {
  return {Change::Kind::Set, "limits.json", std::move(path), std::move(value)};
}

class Tuned {
 public:
  Tuned(const GateWorld& world, const std::vector<Change>& changes,
        gateway::tune::Convention convention = kAsRecorded) {
    const gateway::TuneTexts recorded = gateway::recorded_texts(world.deployment().canonical_text);
    gateway::TuneTexts texts = recorded;
    for (const Change& change : changes) apply(texts, change);
    candidate_ = gateway::load_candidate(texts, recorded, world.deployment());
    for (const config::Problem& problem : candidate_.problems)
      ADD_FAILURE() << config::to_text(problem);
    const std::filesystem::path& folder = world.journal_folder();
    recording_ = gateway::tune::survey(folder, gateway::reader_options(folder), world.deployment());
    study_ = std::make_unique<gateway::tune::Study>(
        recording_, *candidate_.deployment,
        gateway::tune::StudyOptions{
            .convention = convention,
            .utilisation = {.step_ns = gateway::tune::default_step_ns(recording_)}});
  }

  [[nodiscard]] const gateway::tune::Comparison& comparison() const { return study_->comparison(); }
  [[nodiscard]] const gateway::tune::Tally& total() const { return comparison().total; }
  [[nodiscard]] std::uint64_t of(gateway::tune::Change change) const { return total().of(change); }
  [[nodiscard]] gateway::tune::Study& study() { return *study_; }
  [[nodiscard]] risk::Engine& engine() { return study_->gate().engine(); }
  [[nodiscard]] const config::Deployment& deployment() const { return *candidate_.deployment; }
  [[nodiscard]] gateway::TuneReport report() const {
    return gateway::make_tune_report(recording_, *study_, "candidate", {600'000, 900'000});
  }
  [[nodiscard]] const gateway::tune::Recording& recording() const { return recording_; }

 private:
  gateway::TuneCandidate candidate_;
  gateway::tune::Recording recording_;
  std::unique_ptr<gateway::tune::Study> study_;
};

}  // namespace portcullis::test
