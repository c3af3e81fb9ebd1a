// At how much of a limit an operator is warned. A part of limits.json (load_warnings.cpp), so that the
// journal keeps it and a reload changes it; it decides nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/limit_kinds.h"

namespace portcullis::config {

struct WarningSettings {
  using Levels = std::vector<std::int64_t>;  // percent of the limit, rising
  static constexpr std::int64_t kPercentMax = 1'000;

  WarningSettings() { levels.fill({60, 75, 90, 100}); }
  [[nodiscard]] const Levels& of(Limit limit) const {
    return levels[static_cast<std::size_t>(limit)];
  }

  std::array<Levels, kLimitNames.size()> levels;  // by limit
  // A level is left where less than so much under it is used.
  std::int64_t hysteresis_percent = 5;
  // Who has not been heard of for so long is told again, once; 0: never.
  std::int64_t escalate_after_ns = 300'000'000'000;

  friend bool operator==(const WarningSettings&, const WarningSettings&) = default;
};

// The level at which a limit is, of which so much is used, where it was at `before`; 0: at none. A
// level is reached where used / limit is the level or more. What is left behind holds until less than
// the level by the hysteresis is used. Of a limit of 0 or less nothing may be used: whatever is used
// of it is at the highest level.
[[nodiscard]] std::int64_t level_after(const WarningSettings& settings, Limit limit,
                                       std::int64_t before, std::int64_t used, std::int64_t most);

// Of Deployment::canonical_text; the defaults where it has none.
[[nodiscard]] WarningSettings warnings_in(std::string_view canonical_text);

}  // namespace portcullis::config
