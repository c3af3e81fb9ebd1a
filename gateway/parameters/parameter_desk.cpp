#include "gateway/parameters/parameter_desk.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "config/load.h"
#include "config/reload.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::parameters {

ParameterDesk::ParameterDesk(const config::Deployment& begun,
                             const gate::ParametersInForce& in_force, std::filesystem::path journal)
    : journal_(std::move(journal)), in_force_(begun) {
  split_layers();
  if (in_force.version == 0) return;
  std::string text;
  if (const std::string problem = read_parameters(journal_, in_force.hash, text); !problem.empty())
    throw std::runtime_error(problem);
  config::LoadResult loaded = config::with_regimes(text, journal_, in_force.regimes);
  if (!loaded.ok()) throw std::runtime_error(config::to_text(loaded.problems.front()));
  in_force_ = std::move(loaded.deployment);
  in_force_.parameters.version = in_force.version;
  split_layers();
}

void ParameterDesk::split_layers() {
  configuration_ = config::without_overrides(in_force_.canonical_text);
  overrides_ = config::overrides_of(in_force_.canonical_text);
}

Prepared ParameterDesk::prepare_reload(const config::Deployment& next, std::string_view by) {
  if (next.canonical_text == configuration_) return {};
  if (auto problems = config::problems_of_reload(in_force_, next); !problems.empty())
    return {.problems = std::move(problems), .parameters = {}};
  return prepare_layers(next.canonical_text, overrides_, gate::ParametersCause::Reload, 0, by);
}

Prepared ParameterDesk::prepare_layers(const std::string& configuration,
                                       const std::vector<config::OverrideSet>& overrides,
                                       gate::ParametersCause cause, std::uint32_t change,
                                       std::string_view by) {
  const std::string text = config::with_overrides(configuration, overrides);
  if (cause != gate::ParametersCause::Expiry && !overrides.empty()) {
    config::LoadResult tried = config::load_canonical(text, journal_);
    if (!tried.ok()) return {.problems = std::move(tried.problems), .parameters = {}};
  }
  Prepared prepared = prepare(text, in_force_.regime_choice, cause, by);
  if (prepared.parameters) prepared.parameters->record.change = change;
  return prepared;
}

Prepared ParameterDesk::prepare_regimes(const config::RegimeChoice& regimes, std::string_view by) {
  return prepare(in_force_.canonical_text, regimes, gate::ParametersCause::Regime, by);
}

Prepared ParameterDesk::prepare(const std::string& text, const config::RegimeChoice& regimes,
                                gate::ParametersCause cause, std::string_view by) {
  config::LoadResult loaded = config::with_regimes(text, journal_, regimes);
  if (!loaded.ok()) return {.problems = std::move(loaded.problems), .parameters = {}};
  config::Deployment& next = loaded.deployment;
  if (next.canonical_text == in_force_.canonical_text &&
      next.regime_choice == in_force_.regime_choice) {
    return {};
  }
  next.parameters.version = std::max(next.parameters.version, in_force_.parameters.version + 1);
  // Of a choice of regimes too: nothing leaves this desk that the engine could not take.
  if (const auto problems = config::problems_of_reload(in_force_, next); !problems.empty())
    return {.problems = problems, .parameters = {}};
  if (const std::string problem = write_parameters(journal_, next.canonical_text); !problem.empty())
    return {.problems = {{"", "", "", problem}}, .parameters = {}};
  Prepared prepared;
  prepared.parameters.emplace();
  gate::ParametersRecord& record = prepared.parameters->record;
  record.version = next.parameters.version;
  record.replaces = in_force_.parameters.version;
  record.hash = hash_of(next.canonical_text);
  record.regimes = next.regime_choice;
  record.cause = cause;
  by.copy(record.by.data(), record.by.size());
  prepared.parameters->rules = std::make_unique<risk::NewRules>(next.parameters);
  prepared_ = std::move(next);
  return prepared;
}

void ParameterDesk::settle(bool is_in_force) {
  if (is_in_force && prepared_) {
    in_force_ = std::move(*prepared_);
    split_layers();
  }
  prepared_.reset();
}

}  // namespace portcullis::gateway::parameters
