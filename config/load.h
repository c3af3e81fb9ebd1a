// From the files of a deployment folder to a Deployment, or to everything that is wrong with them.
//
// The files: process.json, assets.json, margin.json, instruments.json, feeds.json, limits.json and
// sessions.json, and the histories of returns (history.h) that margin.json names. config/schema
// describes their keys for editors; what each means, its unit and its relations to others is said
// where it is read (load_*.cpp), and shown by config/examples/demo; what may be left out as well, by
// tests/data/model; whole methodologies, by config/models.
//
// Every key is required unless it says what stands for it, and no other key is allowed. Money,
// quantities, prices and shares are decimal text ("0.05"), counts and times are JSON numbers. Things
// are numbered in the order in which the files name them.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/control_settings.h"
#include "config/deployment.h"
#include "config/problem.h"

namespace portcullis::config {

// Of a whole deployment.
inline constexpr std::array<const char*, 7> kDeploymentFiles{
    "assets.json",  "margin.json", "instruments.json", "limits.json",
    "process.json", "feeds.json",  "sessions.json"};

struct LoadResult {
  Deployment deployment;                   // whole and checked only when there are no problems
  std::optional<ControlSettings> control;  // of process.json; none: no control plane
  std::vector<Problem> problems;           // all of them
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

// Under the last regimes, but problems are those under all of them: each level is tried.
[[nodiscard]] LoadResult load(const std::filesystem::path& folder);

// The margin model and its limits alone: assets.json, margin.json, instruments.json and limits.json.
// Nobody logs in, prices do not age, and an account can hold every instrument.
[[nodiscard]] LoadResult load_model(const std::filesystem::path& folder);

// From Deployment::canonical_text, without the files. Relative paths are taken from `folder`. Nobody
// can log in: there are no passwords in that text.
[[nodiscard]] LoadResult load_canonical(std::string_view text, const std::filesystem::path& folder);

// The same under other regimes than the last ones. A function of the text and the choice alone.
[[nodiscard]] LoadResult with_regimes(std::string_view text, const std::filesystem::path& folder,
                                      const RegimeChoice& regimes);

// From the files' texts by name.
[[nodiscard]] LoadResult load_texts(const std::map<std::string, std::string>& texts,
                                    const std::filesystem::path& folder);
[[nodiscard]] LoadResult load_model_texts(const std::map<std::string, std::string>& texts);

}  // namespace portcullis::config
