#include "gateway/commands/calibration_candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "config/load.h"
#include "gateway/commands/calibration_making.h"
#include "gateway/commands/json_edit.h"
#include "gateway/commands/stats.h"

namespace portcullis::gateway {

namespace {

using config::Json;
using feeds::calibration::FactorEvidence;
using risk::kPpm;

constexpr std::int64_t kCollarStep = 100;

config::LoadResult load(const ConfigTexts& texts) {
  return texts.contains("process.json") ? config::load_texts(texts, ".")
                                        : config::load_model_texts(texts);
}

// The deepest move of a factor in the enforced sets, down or either way.
std::int64_t deepest(const config::Deployment& deployment, risk::FactorIndex factor,
                     bool down_only) {
  const risk::Parameters& parameters = deployment.parameters;
  std::int64_t deepest = 0;
  for (std::size_t g = 0; g < parameters.groups.size(); ++g) {
    const risk::GroupParameters& group = parameters.groups[g];
    if (factor.value < group.first_factor ||
        factor.value - group.first_factor >= group.factor_count)
      continue;
    const std::size_t first = std::size_t{factor.value - group.first_factor} * group.column_count;
    for (const risk::SetParameters& set : parameters.sets) {
      if (set.action != risk::SetAction::Enforce) continue;
      for (std::uint32_t c = 0; c < set.column_count[g]; ++c) {
        const std::int64_t shock = group.shock_ppm[first + set.first_column[g] + c];
        deepest = std::max({deepest, -shock, down_only ? 0 : shock});
      }
    }
  }
  return deepest;
}

void check_factors(Making& making) {
  const auto is_kept = [&](const std::string& name) {
    return std::find(making.options.keep.begin(), making.options.keep.end(), name) !=
           making.options.keep.end();
  };
  bool any = false;
  for (const std::string& name : making.factors()) {
    const bool has_history = making.evidence_of(name) != nullptr;
    any = any || has_history;
    if (has_history && is_kept(name)) {
      making.problem("--keep", "", config::quote(name), "has a history");
    } else if (!has_history && !is_kept(name)) {
      making.problem(
          "margin.json", "groups", config::quote(name),
          "has no price history: name one with --series, or keep its shocks with --keep");
    }
  }
  if (!any) making.problem("margin.json", "groups", "", "has no factor with a price history");
  for (const std::string& name : making.options.keep) {
    if (std::find(making.factors().begin(), making.factors().end(), name) == making.factors().end())
      making.problem("--keep", "", config::quote(name), "is no factor of margin.json");
  }
}

// --- assets.json

bool counts_falls(const Json& asset) {
  const Json* const mode = asset.find("scenario_mode");
  return is_text(mode, "both") || is_text(mode, "downside_only");
}

// What the loader demands: the residual and the deepest enforced fall. Of an asset whose falls are in
// the scenarios `haircut` says no more than that, so that it may fall with the shock.
void raise_haircuts(Json& asset, const config::Deployment* candidate, risk::FactorIndex index,
                    bool may_fall) {
  const bool falls = counts_falls(asset);
  for (const char* key : {"haircut_tiers", "maintenance_haircut_tiers"}) {
    Json* const tiers = member(asset, key);
    if (tiers == nullptr) continue;
    for (Json& tier : tiers->items) {
      Json& haircut = *member(tier, "haircut");
      const std::int64_t residual = falls ? ppm_of(*tier.find("residual_haircut")) : 0;
      const std::int64_t least =
          candidate == nullptr ? kPpm : std::min(residual + deepest(*candidate, index, true), kPpm);
      haircut = json_share(falls && may_fall ? least : std::max(ppm_of(haircut), least));
    }
  }
}

void change_asset(Making& making, config::JsonMember& asset, const FactorEvidence& of,
                  const config::Deployment* candidate, risk::FactorIndex index) {
  const bool is_static = is_text(asset.value.find("scenario_mode"), "static");
  const bool falls = counts_falls(asset.value);
  const std::string path = "assets." + asset.name;
  Json& tiers = *member(asset.value, "haircut_tiers");
  // What the first tier becomes; the others keep their distance.
  const char* const key = falls ? "residual_haircut" : "haircut";
  const std::int64_t proposed = std::min(falls ? of.residual_ppm : of.fall_ppm, kPpm);
  const std::int64_t before = ppm_of(*tiers.items.front().find(key));
  for (std::size_t t = 0; t < tiers.items.size(); ++t) {
    Json& value = *member(tiers.items[t], key);
    Json after = json_share(std::min(ppm_of(value) - before + proposed, kPpm));
    if (candidate != nullptr)
      making.note("assets.json", fmt::format("{}.haircut_tiers[{}].{}", path, t, key), value.text,
                  after.text);
    value = std::move(after);
  }
  std::vector<std::string> cuts;
  for (const Json& tier : tiers.items) cuts.push_back(tier.find("haircut")->text);
  raise_haircuts(asset.value, candidate, index, true);
  for (std::size_t t = 0; t < cuts.size() && candidate != nullptr; ++t) {
    making.note("assets.json", fmt::format("{}.haircut_tiers[{}].haircut", path, t), cuts[t],
                tiers.items[t].find("haircut")->text);
  }
  Json addon = json_share(std::min(is_static ? of.rise_ppm : of.debt_addon_ppm, 10 * kPpm));
  Json& debt = *member(asset.value, "debt_addon");
  if (candidate != nullptr) making.note("assets.json", path + ".debt_addon", debt.text, addon.text);
  debt = std::move(addon);
}

// Without a deployment every haircut is the whole value.
void change_assets(Making& making, const config::Deployment* candidate) {
  Json document = config::parse_json(making.base.at("assets.json")).json;
  for (config::JsonMember& asset : member(document, "assets")->members) {
    const Json* const factor = asset.value.find("factor");
    if (factor == nullptr || factor->kind != Json::Kind::Text) continue;
    const risk::FactorIndex index = making.deployment.names.factors.find(factor->text);
    if (const FactorEvidence* const of = making.evidence_of(factor->text)) {
      change_asset(making, asset, *of, candidate, index);
    } else {
      raise_haircuts(asset.value, candidate, index, false);
    }
  }
  making.out.texts["assets.json"] = pretty(document);
}

// --- limits.json

// profiles.NAME.instruments.NAME.collar; null where the path is another. Names may have points.
Json* collar_at(Json& document, const std::string& path) {
  for (config::JsonMember& profile : member(document, "profiles")->members) {
    Json* const instruments = member(profile.value, "instruments");
    for (config::JsonMember& instrument : instruments->members) {
      if (path == "profiles." + profile.name + ".instruments." + instrument.name + ".collar")
        return member(instrument.value, "collar");
    }
  }
  return nullptr;
}

// A collar must be paid for by what closing frees, which lower shocks make less (config/check_collar.cpp).
// Those that the loader refuses are lowered by tenths, to whole 0.0001, until it takes them.
config::LoadResult load_with_collars(Making& making) {
  constexpr int kTenthsMax = 100;
  Json document = config::parse_json(making.out.texts["limits.json"]).json;
  std::map<std::string, std::pair<std::string, std::string>> changed;  // before and after, by path
  for (int round = 0;; ++round) {
    config::LoadResult result = load(making.out.texts);
    bool any = false;
    for (const config::Problem& found : result.problems) {
      Json* const collar = found.file == "limits.json" ? collar_at(document, found.path) : nullptr;
      if (collar == nullptr) continue;
      const std::int64_t lower = ppm_of(*collar) * 9 / 10 / kCollarStep * kCollarStep;
      changed.try_emplace(found.path, collar->text, "");
      *collar = json_share(lower);
      changed[found.path].second = collar->text;
      any = lower > 0;
    }
    if (!any || round == kTenthsMax) {
      for (const auto& [path, texts] : changed)
        making.note("limits.json", path, texts.first, texts.second);
      return result;
    }
    making.out.texts["limits.json"] = pretty(document);
  }
}

// What the factor with the smallest shock lets an account carry.
std::int64_t leverage_cap(const Making& making) {
  std::int64_t cap = 0;
  for (std::uint32_t f = 0; f < making.factors().size(); ++f) {
    const FactorEvidence* const of = making.evidence_of(making.factors()[f]);
    const std::int64_t range = deepest(making.deployment, {f}, false);
    if (of != nullptr) {
      cap = std::max(cap, of->leverage_ppm);
    } else if (range > 0) {
      cap = std::max(cap, kPpm * kPpm / range);
    }
  }
  return cap;
}

void lower(Making& making, Json& value, std::int64_t cap, const std::string& path) {
  if (value.kind != Json::Kind::Text || ppm_of(value) <= cap) return;
  making.note("limits.json", path, value.text, config::to_decimal(cap, config::kPpmScale));
  value = json_share(cap);
}

void change_limits(Making& making) {
  Json document = config::parse_json(making.base.at("limits.json")).json;
  Json& version = *member(document, "version");
  making.note("limits.json", "version", to_text(version), std::to_string(version.integer + 1));
  version = json_integer(version.integer + 1);
  const std::int64_t cap = leverage_cap(making);
  for (config::JsonMember& profile : member(document, "profiles")->members) {
    const std::string path = "profiles." + profile.name;
    if (Json* const most = member(profile.value, "leverage_max"))
      lower(making, *most, cap, path + ".leverage_max");
    Json* const brackets = member(profile.value, "leverage_brackets");
    if (brackets == nullptr) continue;
    for (std::size_t b = 0; b < brackets->items.size(); ++b) {
      lower(making, *member(brackets->items[b], "max"), cap,
            fmt::format("{}.leverage_brackets[{}].max", path, b));
    }
  }
  making.out.texts["limits.json"] = pretty(document);
}

}  // namespace

ConfigTexts read_configuration(const std::string& folder) {
  ConfigTexts texts;
  const std::filesystem::path path(folder);
  for (const char* file : config::kDeploymentFiles) {
    if (std::filesystem::exists(path / file)) texts[file] = read_text(path / file);
  }
  for (const char* file : {"assets.json", "margin.json", "instruments.json", "limits.json"}) {
    if (!texts.contains(file)) throw std::runtime_error(fmt::format("{}: has no {}", folder, file));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".csv") &&
        texts["margin.json"].find(config::quote(name)) != std::string::npos)
      texts[name] = read_text(entry.path());
  }
  return texts;
}

Candidate make_candidate(const ConfigTexts& base, const feeds::calibration::Evidence& evidence,
                         const CandidateOptions& options) {
  const config::LoadResult loaded = load(base);
  if (!loaded.ok()) return {.problems = loaded.problems};
  Making making{base, evidence, options, loaded.deployment};
  making.out.texts = base;
  check_factors(making);
  if (!making.out.problems.empty()) return std::move(making.out);
  change_margin(making);
  if (!making.out.problems.empty()) return std::move(making.out);
  // First with every haircut at the whole value, which no range exceeds, to learn the ranges.
  change_assets(making, nullptr);
  change_limits(making);
  const config::LoadResult first = load_with_collars(making);
  making.out.problems = first.problems;
  if (!first.ok()) return std::move(making.out);
  change_assets(making, &first.deployment);
  making.out.problems = load(making.out.texts).problems;
  return std::move(making.out);
}

}  // namespace portcullis::gateway
