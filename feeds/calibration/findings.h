// What a person should look at in a history before believing it. Each is named and stays in the
// figures: nothing is cut, corrected or filled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "feeds/calibration/prices.h"

namespace portcullis::feeds::calibration {

struct Finding {
  enum class Kind : std::uint8_t {
    Jump,       // the price moved by so much from one price to the next
    Split,      // the same, and the two prices are in a ratio that a split makes
    Gap,        // no price for so many days
    Unchanged,  // the same price on so many lines
    EndsEarly,  // the newest price is so many days older than the newest of all
    Short,      // the floor's period is not covered: so many days are
  };
  Kind kind = Kind::Jump;
  std::string series{};
  Day from = 0;
  Day to = 0;
  std::int64_t size = 0;  // ppm of the price before, or days, or lines
  std::string text{};     // all of it, in words
};
[[nodiscard]] std::string_view name_of(Finding::Kind kind);

struct FindingSettings {
  std::int64_t jump_ppm = 300'000;  // a fall by so much, or the rise that undoes it
  Day gap_days = 7;                 // more than so many days between two prices
  std::size_t unchanged = 5;        // so many prices alike in a row
};

[[nodiscard]] std::vector<Finding> findings_of(const std::vector<PriceSeries>& series,
                                               const FindingSettings& settings);

}  // namespace portcullis::feeds::calibration
