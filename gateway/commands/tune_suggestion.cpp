#include "gateway/commands/tune_suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "config/decimal.h"
#include "config/json.h"
#include "gateway/commands/json_edit.h"
#include "gateway/commands/tune_keys.h"
#include "gateway/commands/tune_text.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

using config::Json;
using config::quote;
using risk::Int128;
using risk::kPpm;
using tune::Limit;
using tune::LimitId;
using tune::LimitUse;

namespace {

constexpr const char* kFile = "limits.json";

bool can_be_suggested(Limit limit) { return limit <= Limit::OpenOrders; }

// Two digits, then zeros.
std::int64_t rounded_up(Int128 value) {
  Int128 unit = 1;
  while (value / unit >= 100) unit *= 10;
  return static_cast<std::int64_t>(
      std::min<Int128>(risk::ceil_div(value, unit) * unit, risk::kValueMax));
}

// What is seen of one number, at all places where it holds.
struct Seen {
  LimitId id;  // the place where most is used
  std::int64_t observed = 0;
  std::int64_t peak = 0;
  std::int64_t limit = 0;
  std::uint64_t orders = 0;
  std::uint64_t refused = 0;
};

std::map<std::string, Seen> gather(const tune::Utilisation& utilisation,
                                   const SuggestionSettings& settings) {
  std::map<std::string, Seen> all;
  for (const auto& [id, use] : utilisation.limits()) {
    if (!can_be_suggested(id.limit)) continue;
    const auto [at, is_new] = all.try_emplace(utilisation.key_of(id), Seen{.id = id});
    Seen& seen = at->second;
    const std::int64_t observed =
        settings.percentile_ppm == kPpm
            ? use.peak
            : use.used.percentile(settings.percentile_ppm, utilisation.population(id, use));
    if (is_new || observed > seen.observed) seen.id = id;
    seen.observed = std::max(seen.observed, observed);
    seen.peak = std::max(seen.peak, use.peak);
    seen.limit = use.limit;
    seen.orders += use.passed;
    seen.refused += use.refused;
  }
  return all;
}

SuggestedLimit judge(const Seen& seen, const config::Deployment& deployment,
                     const SuggestionSettings& settings) {
  SuggestedLimit limit;
  const risk::Parameters& parameters = deployment.parameters;
  const risk::LimitProfile& profile =
      parameters.profiles[seen.id.level == risk::NodeLevel::Account
                              ? parameters.accounts[seen.id.node].profile
                              : parameters.nodes[seen.id.node].profile];
  limit.before = limit_text(deployment, profile, seen.id.limit, seen.id.instrument);
  limit.after = limit.before;
  limit.observed = used_text(deployment, seen.id, seen.observed);
  limit.peak = used_text(deployment, seen.id, seen.peak);
  limit.place = place_text(deployment, seen.id);
  limit.orders = seen.orders;
  limit.refused = seen.refused;
  if (seen.orders < settings.orders_min) {
    limit.remark = "too few orders";
    return limit;
  }
  if (seen.observed == 0) {
    limit.remark = "nothing in use";
    return limit;
  }
  const std::int64_t wanted =
      rounded_up(risk::ceil_div(Int128{seen.observed} * (kPpm + settings.headroom_ppm), kPpm));
  if (seen.refused > 0 && wanted < seen.limit) {
    limit.remark = "not lowered: it refuses";
    return limit;
  }
  limit.after = seen.id.limit == Limit::Collar
                    ? config::to_decimal(std::min(wanted, kPpm), config::kPpmScale)
                    : used_text(deployment, seen.id, wanted);
  return limit;
}

void write(Json& document, const SuggestedLimit& limit, const std::string& value) {
  for (Json* const json : members_at(document, limit.key)) {
    if (json->kind == Json::Kind::Integer) {
      json->integer = config::parse_decimal(value, 0).value;
    } else {
      json->text = value;
    }
  }
}

bool is_named_by(const SuggestedLimit& limit, const config::Problem& problem) {
  // Of a sum over a profile's numbers the path is that of their parent.
  return problem.file == kFile &&
         (limit.key == problem.path || limit.key.starts_with(problem.path + "."));
}

// Takes back what the loader complains of; of a sum that is too large first the positions, which it is a
// sum of. False: it complains of something else.
bool take_back(const std::vector<config::Problem>& problems, std::vector<SuggestedLimit>& limits) {
  for (const bool positions_only : {true, false}) {
    bool any = false;
    for (const config::Problem& problem : problems) {
      for (SuggestedLimit& limit : limits) {
        const bool is_position =
            limit.key.ends_with(".long_max") || limit.key.ends_with(".short_max");
        if (!limit.changes() || !is_named_by(limit, problem) ||
            (positions_only && !is_position && limit.key != problem.path)) {
          continue;
        }
        limit.after = limit.before;
        limit.remark = "kept: the loader would not have it";
        any = true;
      }
    }
    if (any) return true;
  }
  return false;
}

std::string reasons_text(const char* title, const tune::Comparison::Reasons& reasons) {
  std::string text;
  for (std::size_t r = 0; r < reasons.size(); ++r) {
    if (reasons[r] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", risk::kRejectReasons[r].name,
                          reasons[r]);
  }
  return text.empty() ? "" : fmt::format("{}: {}\n", title, text);
}

}  // namespace

Suggestion suggest(const tune::Recording& recording, const TuneReport& report,
                   const TuneTexts& texts, const TuneTexts& recorded_texts,
                   const SuggestionSettings& settings, const tune::StudyOptions& options) {
  const config::Deployment& deployment = report.study->candidate();
  Suggestion suggestion{.settings = settings};
  for (const auto& [key, seen] : gather(report.study->utilisation(), settings)) {
    suggestion.limits.push_back(judge(seen, deployment, settings));
    suggestion.limits.back().key = key;
  }
  TuneCandidate candidate;
  do {
    Json document = config::parse_json(texts.at(kFile)).json;
    Json& version = *member(document, "version");
    version = json_integer(version.integer + 1);
    for (const SuggestedLimit& limit : suggestion.limits) {
      if (limit.changes()) write(document, limit, limit.after);
    }
    TuneTexts changed = texts;
    changed[kFile] = suggestion.limits_json = pretty(document);
    candidate = load_candidate(changed, recorded_texts, *recording.deployment);
  } while (!candidate.problems.empty() && take_back(candidate.problems, suggestion.limits));
  if (!candidate.problems.empty())
    throw std::runtime_error(config::to_text(candidate.problems.front()));

  tune::StudyOptions as_recorded = options;
  as_recorded.convention = {};
  as_recorded.examples_max = 0;
  const tune::Study study(recording, *candidate.deployment, as_recorded);
  suggestion.effect = study.comparison().total;
  suggestion.newly_refused = study.comparison().newly_refused;
  suggestion.newly_allowed = study.comparison().newly_allowed;
  return suggestion;
}

std::string suggestion_rule(const SuggestionSettings& settings) {
  return fmt::format(
      "What {} % of the orders, or of the samples of time, do not exceed, at the place where that "
      "is "
      "most, and {} % more, rounded up to two digits. A limit that has refused anything is not "
      "lowered; with fewer than {} orders it stays.",
      config::to_decimal(settings.percentile_ppm, 4), config::to_decimal(settings.headroom_ppm, 4),
      settings.orders_min);
}

std::string suggestion_text(const Suggestion& suggestion) {
  std::vector<std::vector<std::string>> rows{
      {"suggested", "now", "suggestion", "observed", "peak", "orders", "refused", "remark"}};
  for (const SuggestedLimit& limit : suggestion.limits) {
    rows.push_back({fmt::format("  {}", limit.key), limit.before,
                    limit.changes() ? limit.after : "-", limit.observed, limit.peak,
                    std::to_string(limit.orders), std::to_string(limit.refused), limit.remark});
  }
  std::string text =
      fmt::format("\n{}\n{}", suggestion_rule(suggestion.settings), columns_text(rows));
  text += fmt::format(
      "as recorded it would have refused {} of {} messages, {} newly, and {} less\n",
      suggestion.effect.refused_now, suggestion.effect.messages,
      suggestion.effect.of(tune::Change::Refused), suggestion.effect.of(tune::Change::Allowed));
  text += reasons_text("newly refused", suggestion.newly_refused);
  return text + reasons_text("newly allowed", suggestion.newly_allowed);
}

std::string suggestion_json(const Suggestion& suggestion) {
  std::string limits;
  for (const SuggestedLimit& limit : suggestion.limits) {
    limits += fmt::format(
        R"({}{{"key": {}, "now": "{}", "suggested": "{}", "observed": "{}", "peak": "{}", "at": {}, )"
        R"("orders": {}, "refused": {}, "remark": {}}})",
        limits.empty() ? "" : ", ", quote(limit.key), limit.before, limit.after, limit.observed,
        limit.peak, quote(limit.place), limit.orders, limit.refused, quote(limit.remark));
  }
  return fmt::format(
      R"({{"percentile_ppm": {}, "headroom_ppm": {}, "orders_min": {}, "messages": {}, )"
      R"("refused_then": {}, "refused_now": {}, "newly_refused": {}, "newly_allowed": {}, "limits": [{}]}})",
      suggestion.settings.percentile_ppm, suggestion.settings.headroom_ppm,
      suggestion.settings.orders_min, suggestion.effect.messages, suggestion.effect.refused_then,
      suggestion.effect.refused_now, suggestion.effect.of(tune::Change::Refused),
      suggestion.effect.of(tune::Change::Allowed), limits);
}

}  // namespace portcullis::gateway
