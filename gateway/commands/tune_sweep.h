// The same recording under a row, or a field, of values of one or two numbers: how many orders would
// have been refused, and how large exposure would have become.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/commands/tune_configuration.h"
#include "gateway/tune/study.h"

namespace portcullis::gateway {

// KEY=FROM:TO:STEP
struct SweepAxis {
  std::string key;
  std::vector<std::string> values{};
};
// Throws std::runtime_error where it is none, or has more than kSweepValuesMax values.
inline constexpr std::size_t kSweepValuesMax = 200;
[[nodiscard]] SweepAxis parse_sweep(std::string_view text);

struct SweepPoint {
  std::vector<std::string> values{};  // by axis
  std::string problem{};              // why there is no such configuration; empty: there is
  tune::Tally total{};
  tune::Comparison::Reasons refused{};  // by the candidate's reason
  // Gross notional at its peak, quanta; open orders count. Of the account or node that has most among
  // those of the swept profiles; and of all accounts together.
  std::int64_t peak_of_key = 0;
  std::int64_t peak_gross = 0;
  std::int64_t peak_margin_ppm = 0;  // the fullest account's, of its equity
};

struct SweepResult {
  std::vector<SweepAxis> axes{};     // one or two
  std::vector<SweepPoint> points{};  // the last axis runs fastest
  tune::Convention convention{};
};

// `on_point` is told how many have been done. Throws std::runtime_error where a key names nothing.
[[nodiscard]] SweepResult sweep(const tune::Recording& recording, const TuneTexts& base,
                                const TuneTexts& recorded_texts, std::vector<SweepAxis> axes,
                                const tune::StudyOptions& options,
                                const std::function<void(std::size_t)>& on_point);

// What is told of a point, behind its values. Gross notional is of the account or node, among those that
// the key is a limit of, that has most of it; and of all accounts together.
inline constexpr std::array<std::string_view, 6> kSweepColumns{"refused",       "newly refused",
                                                               "newly allowed", "peak gross of one",
                                                               "and of all",    "fullest margin"};

[[nodiscard]] std::string sweep_text(const SweepResult& result,
                                     const config::Deployment& deployment);
[[nodiscard]] std::string sweep_json(const SweepResult& result,
                                     const config::Deployment& deployment);

}  // namespace portcullis::gateway
