#include "feeds/calibration/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/decimal.h"
#include "feeds/calibration/tail.h"
#include "risk/types.h"

namespace portcullis::feeds::calibration {

namespace {

using Kind = Finding::Kind;

constexpr Day kEndsEarlyDays = 7;
constexpr double kSplitTolerance = 0.02;  // a day's own move beside the split

// "2 for 1" where the price before over the price behind is about that; empty where it is no split's.
std::string split_of(double before_over_after) {
  const bool is_reverse = before_over_after < 1;
  const double ratio = is_reverse ? 1 / before_over_after : before_over_after;
  if (std::abs(ratio / 1.5 - 1) <= kSplitTolerance) return is_reverse ? "2 for 3" : "3 for 2";
  const double whole = std::round(ratio);
  if (whole < 2 || whole > 50 || std::abs(ratio / whole - 1) > kSplitTolerance) return "";
  return is_reverse ? fmt::format("1 for {}", whole) : fmt::format("{} for 1", whole);
}

std::string percent(std::int64_t ppm) { return config::to_decimal(ppm, 4) + " %"; }

void find_jumps(const PriceSeries& series, const FindingSettings& settings,
                std::vector<Finding>& found) {
  const double low = 1 - static_cast<double>(settings.jump_ppm) / static_cast<double>(risk::kPpm);
  for (std::size_t i = 1; i < series.days.size(); ++i) {
    const double ratio = series.prices[i] / series.prices[i - 1];
    if (ratio > low && ratio * low < 1) continue;
    const std::string split = split_of(1 / ratio);
    Finding finding{.kind = split.empty() ? Kind::Jump : Kind::Split,
                    .series = series.name,
                    .from = series.days[i - 1],
                    .to = series.days[i],
                    .size = outward_ppm(ratio - 1)};
    finding.text =
        fmt::format("{}: {} on {}, from {:.8g} to {:.8g}{}", series.name, percent(finding.size),
                    to_text(finding.to), series.prices[i - 1], series.prices[i],
                    split.empty() ? "" : ", which is what a " + split + " split does");
    found.push_back(std::move(finding));
  }
}

void find_gaps(const PriceSeries& series, const FindingSettings& settings,
               std::vector<Finding>& found) {
  for (std::size_t i = 1; i < series.days.size(); ++i) {
    const Day days = series.days[i] - series.days[i - 1];
    if (days <= settings.gap_days) continue;
    found.push_back({Kind::Gap, series.name, series.days[i - 1], series.days[i], days,
                     fmt::format("{}: no price between {} and {}, {} days", series.name,
                                 to_text(series.days[i - 1]), to_text(series.days[i]), days)});
  }
}

void find_unchanged(const PriceSeries& series, const FindingSettings& settings,
                    std::vector<Finding>& found) {
  for (std::size_t first = 0; first < series.days.size();) {
    std::size_t end = first + 1;
    const auto is_same = [&](std::size_t i) {
      return !(series.prices[i] < series.prices[first]) &&
             !(series.prices[i] > series.prices[first]);
    };
    while (end < series.days.size() && is_same(end)) ++end;
    if (end - first >= settings.unchanged) {
      found.push_back({Kind::Unchanged, series.name, series.days[first], series.days[end - 1],
                       static_cast<std::int64_t>(end - first),
                       fmt::format("{}: {} prices alike, {} to {}", series.name, end - first,
                                   to_text(series.days[first]), to_text(series.days[end - 1]))});
    }
    first = end;
  }
}

void find_end(const PriceSeries& series, Day newest, std::vector<Finding>& found) {
  const Day days = newest - series.days.back();
  if (days <= kEndsEarlyDays) return;
  found.push_back({Kind::EndsEarly, series.name, series.days.back(), newest, days,
                   fmt::format("{}: ends on {}, {} days before the newest price of all, and so do "
                               "the joint rows",
                               series.name, to_text(series.days.back()), days)});
}

}  // namespace

std::string_view name_of(Finding::Kind kind) {
  switch (kind) {
    case Kind::Jump:
      return "jump";
    case Kind::Split:
      return "split";
    case Kind::Gap:
      return "gap";
    case Kind::Unchanged:
      return "unchanged";
    case Kind::EndsEarly:
      return "ends_early";
    case Kind::Short:
      return "short";
  }
  return "";
}

std::vector<Finding> findings_of(const std::vector<PriceSeries>& series,
                                 const FindingSettings& settings) {
  std::vector<Finding> found;
  Day newest = 0;
  for (const PriceSeries& one : series) {
    if (!one.days.empty()) newest = std::max(newest, one.days.back());
  }
  for (const PriceSeries& one : series) {
    if (one.days.empty()) continue;
    find_jumps(one, settings, found);
    find_gaps(one, settings, found);
    find_unchanged(one, settings, found);
    find_end(one, newest, found);
  }
  return found;
}

}  // namespace portcullis::feeds::calibration
