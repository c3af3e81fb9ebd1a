// Where parameters are made that replace those in force (ORDERLIFE 7): a configuration that is loaded
// again, or another choice of regimes. Everything that can be wrong is found here, off the shard; what is
// handed out is in the parameter log already.
//
// One thread at a time. prepare_...() hands out at most one change, and settle() must say what became of
// it before the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/overrides.h"
#include "config/problem.h"
#include "gateway/gate/parameters.h"

namespace portcullis::gateway::parameters {

// Problems, or what is to be put in force; neither: it is in force already.
struct Prepared {
  std::vector<config::Problem> problems;
  std::optional<gate::PublishedParameters> parameters;
};

class ParameterDesk {
 public:
  // What the gate runs under: `begun`, what its journal began with, and `in_force` (gate::Gate), which is
  // looked up in the log. Throws std::runtime_error where it is not there.
  ParameterDesk(const config::Deployment& begun, const gate::ParametersInForce& in_force,
                std::filesystem::path journal);

  // Of the whole configuration, under the regimes and overrides in force.
  [[nodiscard]] Prepared prepare_reload(const config::Deployment& next, std::string_view by);
  [[nodiscard]] Prepared prepare_regimes(const config::RegimeChoice& regimes, std::string_view by);
  // Of a configuration's canonical text with these overrides. What is wrong under any choice of regimes is a
  // problem, but of an expiry: a layer that was sound is taken off.
  [[nodiscard]] Prepared prepare_layers(const std::string& configuration,
                                        const std::vector<config::OverrideSet>& overrides,
                                        gate::ParametersCause cause, std::uint32_t change,
                                        std::string_view by);
  // What was prepared last is in force now, or was not taken.
  void settle(bool is_in_force);

  // What is in force: canonical text, parameters with their version, regimes. No credentials.
  [[nodiscard]] const config::Deployment& in_force() const { return in_force_; }
  // Its layers: the configuration's text, and the overrides.
  [[nodiscard]] const std::string& configuration() const { return configuration_; }
  [[nodiscard]] const std::vector<config::OverrideSet>& overrides() const { return overrides_; }

 private:
  [[nodiscard]] Prepared prepare(const std::string& text, const config::RegimeChoice& regimes,
                                 gate::ParametersCause cause, std::string_view by);
  void split_layers();

  const std::filesystem::path journal_;
  config::Deployment in_force_;
  std::string configuration_;
  std::vector<config::OverrideSet> overrides_;
  std::optional<config::Deployment> prepared_;
};

}  // namespace portcullis::gateway::parameters
