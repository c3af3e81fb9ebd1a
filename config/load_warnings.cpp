// limits.json, "warnings", all of which may be left out:
//
//   levels_percent      of a limit at which an operator is warned, rising, 1 to 1000; by default 60, 75,
//                       90 and 100; none: there are no warnings
//   hysteresis_percent  by default 5: a level is left below the level less so much, which is below the
//                       lowest level
//   limits              other levels of one kind of limit: long_max, short_max, instrument_gross, gross,
//                       open_orders_max, leverage, margin or daily_loss_max
//   escalate_after_s    a warning that nobody has acknowledged for so long is told again, once; by
//                       default 300; 0: never
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/load_steps.h"
#include "config/warnings.h"
#include "risk/types.h"

namespace portcullis::config {

namespace {

WarningSettings::Levels read_levels(JsonReader& in, std::string_view key,
                                    std::int64_t hysteresis_percent) {
  const auto levels = in.integers(key, 1, WarningSettings::kPercentMax);
  if (!levels) return {};
  if (!std::ranges::is_sorted(*levels, std::ranges::less_equal())) in.problem(key, "must rise");
  if (!levels->empty() && levels->front() <= hysteresis_percent)
    in.problem(key, "must be above hysteresis_percent");
  return *levels;
}

}  // namespace

WarningSettings read_warnings(JsonReader& in) {
  WarningSettings settings;
  if (in.has("hysteresis_percent"))
    settings.hysteresis_percent = in.integer("hysteresis_percent", 0, 99).value_or(0);
  if (in.has("levels_percent")) {
    settings.levels.fill(read_levels(in, "levels_percent", settings.hysteresis_percent));
  } else if (settings.hysteresis_percent >= settings.of(Limit::Margin).front()) {
    in.problem("hysteresis_percent", "must be below the lowest level");
  }
  if (in.has("limits")) {
    JsonReader limits = in.object("limits");
    for (const std::string& name : limits.keys()) {
      const auto* const found = std::ranges::find(kLimitNames, name);
      const auto place = static_cast<std::size_t>(std::distance(kLimitNames.begin(), found));
      if (found == kLimitNames.end() || !is_standing(static_cast<Limit>(place))) continue;
      settings.levels[place] = read_levels(limits, name, settings.hysteresis_percent);
    }
  }
  if (in.has("escalate_after_s")) {
    settings.escalate_after_ns =
        in.integer("escalate_after_s", 0, 86'400).value_or(0) * risk::kSecondNs;
  }
  return settings;
}

WarningSettings warnings_in(std::string_view canonical_text) {
  const JsonResult all = parse_json(canonical_text);
  const Json* const limits = all.json.find(kLimitsFile);
  const Json* const warnings = limits != nullptr ? limits->find("warnings") : nullptr;
  if (warnings == nullptr) return {};
  std::vector<Problem> problems;
  JsonReader in(kLimitsFile, *limits, "warnings", problems);
  return read_warnings(in);
}

std::int64_t level_after(const WarningSettings& settings, Limit limit, std::int64_t before,
                         std::int64_t used, std::int64_t most) {
  if (used <= 0) return 0;
  const auto reaches = [&](std::int64_t percent) {
    return most <= 0 || risk::Int128{used} * 100 >= risk::Int128{most} * percent;
  };
  std::int64_t level = 0;
  for (const std::int64_t each : settings.of(limit)) {
    const bool holds = each <= before && reaches(each - settings.hysteresis_percent);
    if (holds || reaches(each)) level = each;
  }
  return level;
}

}  // namespace portcullis::config
