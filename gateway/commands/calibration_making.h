// A candidate while it is made. Internal to calibration_candidate.cpp and calibration_margin.cpp.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/decimal.h"
#include "config/deployment.h"
#include "config/json.h"
#include "gateway/commands/calibration_candidate.h"

namespace portcullis::gateway {

[[nodiscard]] inline std::int64_t ppm_of(const config::Json& share) {
  return config::parse_decimal(share.text, config::kPpmScale).value;
}

[[nodiscard]] inline bool is_text(const config::Json* json, std::string_view text) {
  return json != nullptr && json->kind == config::Json::Kind::Text && json->text == text;
}

struct Making {
  using Evidence = feeds::calibration::Evidence;
  using FactorEvidence = feeds::calibration::FactorEvidence;

  const ConfigTexts& base;
  const Evidence& evidence;
  const CandidateOptions& options;
  const config::Deployment& deployment;  // the base's
  Candidate out{};

  [[nodiscard]] const FactorEvidence* evidence_of(std::string_view factor) const {
    for (const FactorEvidence& one : evidence.factors) {
      if (one.name == factor) return &one;
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t place_of(std::string_view factor) const {
    std::size_t place = 0;
    while (evidence.factors[place].name != factor) ++place;
    return place;
  }
  [[nodiscard]] const std::vector<std::string>& factors() const {
    return deployment.names.factors.names();
  }
  [[nodiscard]] std::vector<std::string> factors_of(std::size_t group) const {
    const risk::GroupParameters& of = deployment.parameters.groups[group];
    const auto first = factors().begin() + of.first_factor;
    return {first, first + of.factor_count};
  }
  [[nodiscard]] std::vector<std::string> calibrated_of(std::size_t group) const {
    std::vector<std::string> names = factors_of(group);
    std::erase_if(names, [&](const std::string& name) { return evidence_of(name) == nullptr; });
    return names;
  }
  [[nodiscard]] std::size_t group_count() const { return deployment.parameters.groups.size(); }
  [[nodiscard]] const std::string& group_name(std::size_t group) const {
    return deployment.names.risk_groups.names()[group];
  }

  void problem(std::string file, std::string path, std::string value, std::string what) {
    out.problems.push_back({std::move(file), std::move(path), std::move(value), std::move(what)});
  }
  void note(std::string file, std::string path, std::string before, std::string after) {
    if (before != after)
      out.changes.push_back(
          {std::move(file), std::move(path), std::move(before), std::move(after)});
  }
};

// margin.json and the histories beside it, from the base's.
void change_margin(Making& making);

}  // namespace portcullis::gateway
