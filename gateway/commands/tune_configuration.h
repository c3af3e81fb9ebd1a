// A candidate configuration beside the one that a journal was recorded under: what a folder has,
// completed by the recording's, and its things numbered as the recording's.
//
// A journal names accounts, instruments, sessions and assets by number, and counts in ticks, lots and
// units. So a candidate must have each of the recording's, by name, with the same tick, lot,
// multiplier and decimals; it may have more. How a group's table looks must be the same where the
// journal has published tables. Capacities are no limits of anybody: the recording's hold.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/problem.h"

namespace portcullis::gateway {

using TuneTexts = std::map<std::string, std::string>;  // by file name

// The files that a journal's configuration.json holds.
[[nodiscard]] TuneTexts recorded_texts(std::string_view canonical);

// The files of the folder that the loader reads, and for those it has not the recording's. Throws
// std::runtime_error where it has none of them.
[[nodiscard]] TuneTexts candidate_texts(const TuneTexts& recorded,
                                        const std::filesystem::path& folder);

// What of a candidate's files is other than the recording's, in the files' order: an object's members
// one by one, anything else as a whole.
struct TuneDifference {
  std::string file{};
  std::string path{};
  std::string before{};  // JSON text; empty: it was not there
  std::string after{};   // empty: it is not there
};
[[nodiscard]] std::vector<TuneDifference> differences_of(const TuneTexts& recorded,
                                                         const TuneTexts& candidate);

struct TuneCandidate {
  std::unique_ptr<const config::Deployment> deployment{};  // whole only without problems
  std::vector<config::Problem> problems{};
};
[[nodiscard]] TuneCandidate load_candidate(const TuneTexts& texts, const TuneTexts& recorded_texts,
                                           const config::Deployment& recorded);

}  // namespace portcullis::gateway
