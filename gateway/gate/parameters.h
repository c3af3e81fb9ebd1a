// Parameters on their way to a gate: what a record of them says, and the engine's rules that are made of
// it (gateway/parameters).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/gate/records.h"
#include "risk/rules.h"

namespace portcullis::gateway::gate {

// What a gate is to take in one step, between two orders: a step of a change, other parameters, or both in
// this order. `rules` are of record.version; afterwards they are those that were; null: no parameters.
struct PublishedParameters {
  ParametersRecord record{};  // all but its time
  std::unique_ptr<risk::NewRules> rules{};
  std::optional<ChangeRecord> change{};  // all but its time
};

// What a record of the journal names, made again; none: the problem says why.
struct LoadedParameters {
  std::unique_ptr<risk::NewRules> rules;
  std::string problem;
};
using ParameterSource = std::function<LoadedParameters(const ParametersRecord&)>;

// Which parameters are in force, where they are others than those that the journal began with.
struct ParametersInForce {
  std::uint32_t version = 0;  // 0: those
  ParameterHash hash{};
  config::RegimeChoice regimes{};
};

}  // namespace portcullis::gateway::gate
