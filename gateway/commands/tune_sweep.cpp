#include "gateway/commands/tune_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "config/decimal.h"
#include "config/json.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/tune_keys.h"
#include "gateway/commands/tune_report.h"
#include "gateway/commands/tune_text.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

using config::quote;

namespace {

int decimals_of(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

// Whether a key is of the profile that a limit stands in; one that is of no profile is of all.
bool is_of(const SweepAxis& axis, const std::string& limit_key) {
  constexpr std::string_view kProfiles = "profiles.";
  const std::string path = parse_key(axis.key).path;
  if (!path.starts_with(kProfiles) || path.substr(kProfiles.size()).starts_with('*')) return true;
  const std::string profile = limit_key.substr(0, limit_key.rfind('.') + 1);  // "profiles.NAME."
  return path.starts_with(profile);
}

SweepPoint judge(const tune::Recording& recording, const std::vector<SweepAxis>& axes,
                 const TuneTexts& texts, const TuneTexts& recorded_texts,
                 const tune::StudyOptions& options) {
  SweepPoint point;
  const TuneCandidate candidate = load_candidate(texts, recorded_texts, *recording.deployment);
  if (!candidate.problems.empty()) {
    point.problem = config::to_text(candidate.problems.front());
    return point;
  }
  const tune::Study study(recording, *candidate.deployment, options);
  point.total = study.comparison().total;
  point.refused = study.comparison().refused_now;
  for (const auto& [id, use] : study.utilisation().limits()) {
    if (id.limit == tune::Limit::Gross && id.level == risk::NodeLevel::Venue)
      point.peak_gross = std::max(point.peak_gross, use.peak);
    const auto is_of_axis = [&, &place = id](const SweepAxis& axis) {
      return is_of(axis, study.utilisation().key_of(place));
    };
    if (id.limit == tune::Limit::Gross && std::any_of(axes.begin(), axes.end(), is_of_axis))
      point.peak_of_key = std::max(point.peak_of_key, use.peak);
    if (id.limit == tune::Limit::Margin)
      point.peak_margin_ppm = std::max(point.peak_margin_ppm, use.peak_ppm);
  }
  return point;
}

// The reasons for which anything was refused in any point, those with most first.
std::vector<std::size_t> reasons_of(const SweepResult& result) {
  std::vector<std::pair<std::uint64_t, std::size_t>> counts;
  for (std::size_t r = 0; r < risk::kRejectReasonCount; ++r) {
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t most = 0;
    for (const SweepPoint& point : result.points) {
      if (!point.problem.empty()) continue;
      least = std::min(least, point.refused[r]);
      most = std::max(most, point.refused[r]);
    }
    // What is the same whatever the value says nothing.
    if (most > 0 && least != most) counts.emplace_back(most - least, r);
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> reasons;
  for (const auto& [count, reason] : counts) reasons.push_back(reason);
  return reasons;
}

}  // namespace

SweepAxis parse_sweep(std::string_view text) {
  const auto wrong = [&](const char* what) {
    return std::runtime_error(fmt::format("--sweep {}: {}", text, what));
  };
  const std::size_t equals = text.rfind('=');
  const std::size_t second = text.rfind(':');
  if (equals == std::string_view::npos || second == std::string_view::npos || second < equals)
    throw wrong("must be KEY=FROM:TO:STEP");
  const std::size_t first = text.rfind(':', second - 1);
  if (first == std::string_view::npos || first < equals) throw wrong("must be KEY=FROM:TO:STEP");
  const std::string_view from_text = text.substr(equals + 1, first - equals - 1);
  const std::string_view to_text = text.substr(first + 1, second - first - 1);
  const std::string_view step_text = text.substr(second + 1);
  const int scale =
      std::max({decimals_of(from_text), decimals_of(to_text), decimals_of(step_text)});
  if (scale > config::kDecimalScaleMax) throw wrong("has more decimals than any number of ours");
  const config::Decimal from = config::parse_decimal(from_text, scale);
  const config::Decimal to = config::parse_decimal(to_text, scale);
  const config::Decimal step = config::parse_decimal(step_text, scale);
  if (!from.ok() || !to.ok() || !step.ok())
    throw wrong("FROM, TO and STEP must be decimal numbers");
  if (step.value <= 0 || to.value < from.value || from.value < 0)
    throw wrong("STEP must be above 0, and TO not below FROM");
  if ((to.value - from.value) / step.value >= static_cast<std::int64_t>(kSweepValuesMax))
    throw wrong("has more than 200 values");
  SweepAxis axis{.key = std::string(text.substr(0, equals))};
  for (std::int64_t value = from.value; value <= to.value; value += step.value)
    axis.values.push_back(config::to_decimal(value, scale));
  return axis;
}

SweepResult sweep(const tune::Recording& recording, const TuneTexts& base,
                  const TuneTexts& recorded_texts, std::vector<SweepAxis> axes,
                  const tune::StudyOptions& options,
                  const std::function<void(std::size_t)>& on_point) {
  SweepResult result{.axes = std::move(axes), .convention = options.convention};
  const std::size_t inner = result.axes.size() == 2 ? result.axes[1].values.size() : 1;
  for (std::size_t p = 0; p < result.axes[0].values.size() * inner; ++p) {
    TuneTexts texts = base;
    std::vector<std::string> values{result.axes[0].values[p / inner]};
    if (result.axes.size() == 2) values.push_back(result.axes[1].values[p % inner]);
    for (std::size_t a = 0; a < values.size(); ++a)
      set_numbers(texts, parse_key(result.axes[a].key), values[a]);
    SweepPoint point = judge(recording, result.axes, texts, recorded_texts, options);
    point.values = std::move(values);
    result.points.push_back(std::move(point));
    on_point(p + 1);
  }
  return result;
}

std::string sweep_text(const SweepResult& result, const config::Deployment& deployment) {
  std::string text = "\nsweep\n";
  for (const std::string& sentence : convention_texts(result.convention)) text += sentence + '\n';
  std::vector<std::vector<std::string>> rows{{}};
  for (const SweepAxis& axis : result.axes) rows[0].push_back(axis.key);
  rows[0].insert(rows[0].end(), kSweepColumns.begin(), kSweepColumns.end());
  const std::vector<std::size_t> reasons = reasons_of(result);
  for (const std::size_t r : reasons) rows[0].emplace_back(risk::kRejectReasons[r].name);
  const RecordValues values(&deployment);
  std::string problems;
  for (const SweepPoint& point : result.points) {
    std::vector<std::string> row = point.values;
    if (!point.problem.empty()) {
      row.emplace_back("no configuration");
      problems += fmt::format("{}: {}\n", fmt::join(point.values, ", "), point.problem);
    } else {
      row.push_back(std::to_string(point.total.refused_now));
      row.push_back(std::to_string(point.total.of(tune::Change::Refused)));
      row.push_back(std::to_string(point.total.of(tune::Change::Allowed)));
      row.push_back(*values.quanta(point.peak_of_key));
      row.push_back(*values.quanta(point.peak_gross));
      row.push_back(share_text(point.peak_margin_ppm));
      for (const std::size_t r : reasons) row.push_back(std::to_string(point.refused[r]));
    }
    rows.push_back(std::move(row));
  }
  return text + columns_text(rows) + problems;
}

std::string sweep_json(const SweepResult& result, const config::Deployment& deployment) {
  const RecordValues values(&deployment);
  std::string keys;
  for (const SweepAxis& axis : result.axes)
    keys += fmt::format("{}{}", keys.empty() ? "" : ", ", quote(axis.key));
  std::string points;
  for (const SweepPoint& point : result.points) {
    std::string at;
    for (const std::string& value : point.values)
      at += fmt::format("{}{}", at.empty() ? "" : ", ", quote(value));
    points += fmt::format("{}{{\"values\": [{}]", points.empty() ? "" : ", ", at);
    if (!point.problem.empty()) {
      points += fmt::format(", \"problem\": {}}}", quote(point.problem));
      continue;
    }
    std::string reasons;
    for (std::size_t r = 0; r < risk::kRejectReasonCount; ++r) {
      if (point.refused[r] > 0) {
        reasons += fmt::format("{}\"{}\": {}", reasons.empty() ? "" : ", ",
                               risk::kRejectReasons[r].name, point.refused[r]);
      }
    }
    points += fmt::format(
        R"(, "refused": {}, "newly_refused": {}, "newly_allowed": {}, "peak_of_key": "{}", )"
        R"("peak_gross_notional": "{}", "peak_margin_ppm": {}, "by_reason": {{{}}}}})",
        point.total.refused_now, point.total.of(tune::Change::Refused),
        point.total.of(tune::Change::Allowed), *values.quanta(point.peak_of_key),
        *values.quanta(point.peak_gross), point.peak_margin_ppm, reasons);
  }
  return fmt::format(
      R"({{"keys": [{}], "follow": "{}", "newly_allowed": "{}", "points": [{}]}})", keys,
      result.convention.follow == tune::Follow::Candidate ? "candidate" : "recorded",
      result.convention.newly_allowed == tune::NewlyAllowed::Filled ? "filled" : "unfilled",
      points);
}

}  // namespace portcullis::gateway
