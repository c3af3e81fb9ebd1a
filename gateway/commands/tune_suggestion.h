// Limits from what a recording shows of them, as a candidate with its evidence. Nothing applies it.
//
// Of each number in limits.json for a clip, the notional of an order, a collar, a long, short or gross
// limit and the number of open orders: what is in use at a percentile, at the place where that is most,
// and a headroom, rounded up to two digits. A limit that has refused anything is not lowered, since
// what was wanted beyond it is not known; one to which too few orders have come stays; so does one that
// the loader would not have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/commands/tune_configuration.h"
#include "gateway/commands/tune_report.h"
#include "gateway/tune/study.h"

namespace portcullis::gateway {

struct SuggestionSettings {
  std::int64_t percentile_ppm = 999'000;
  std::int64_t headroom_ppm = 500'000;
  std::uint64_t orders_min = 100;
};

struct SuggestedLimit {
  std::string key;
  std::string before;
  std::string after;
  std::string observed;  // at the percentile
  std::string peak;
  std::string place;  // where most was used
  std::uint64_t orders = 0;
  std::uint64_t refused = 0;
  std::string remark;  // why it is not what is observed; empty: it is
  [[nodiscard]] bool changes() const { return before != after; }
};

struct Suggestion {
  SuggestionSettings settings;
  std::vector<SuggestedLimit> limits{};  // by key
  std::string limits_json{};             // the file, whole
  // What it would have changed, under the recording's course of events.
  tune::Tally effect{};
  tune::Comparison::Reasons newly_refused{};
  tune::Comparison::Reasons newly_allowed{};
};

// From the study of the configuration whose texts these are. Throws std::runtime_error where no part of it
// can be loaded.
[[nodiscard]] Suggestion suggest(const tune::Recording& recording, const TuneReport& report,
                                 const TuneTexts& texts, const TuneTexts& recorded_texts,
                                 const SuggestionSettings& settings,
                                 const tune::StudyOptions& options);

[[nodiscard]] std::string suggestion_text(const Suggestion& suggestion);
[[nodiscard]] std::string suggestion_json(const Suggestion& suggestion);
// How the numbers were made, a sentence.
[[nodiscard]] std::string suggestion_rule(const SuggestionSettings& settings);

}  // namespace portcullis::gateway
