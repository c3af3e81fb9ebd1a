#include "gateway/commands/calibration_candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include "config/decimal.h"
#include "config/load.h"
#include "gateway/commands/json_edit.h"
#include "gateway/commands/stats.h"

namespace portcullis::gateway {

namespace {

using config::Json;
using feeds::calibration::Evidence;
using feeds::calibration::FactorEvidence;
using feeds::calibration::HistoryRow;
using risk::kPpm;

constexpr int kPpmScale = 6;
constexpr std::int64_t kPointsByDefault = 9;
constexpr std::size_t kRowsByDefault = 500;
constexpr std::int64_t kOffsetMost = 800'000;  // EMIR RTS 153/2013, Article 27
constexpr std::size_t kNameMax = 32;
constexpr std::int64_t kMoveMin = -kPpm;
constexpr std::array<const char*, 7> kFiles{"assets.json",  "margin.json",  "instruments.json",
                                            "limits.json",  "process.json", "feeds.json",
                                            "sessions.json"};

bool is_deployment(const ConfigTexts& texts) { return texts.contains("process.json"); }

config::LoadResult load(const ConfigTexts& texts) {
  return is_deployment(texts) ? config::load_texts(texts, ".") : config::load_model_texts(texts);
}

bool is_text(const Json* json, std::string_view text) {
  return json != nullptr && json->kind == Json::Kind::Text && json->text == text;
}

std::int64_t ppm_of(const Json& json) { return config::parse_decimal(json.text, kPpmScale).value; }

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

// The deepest move of a factor in the sets: of enforced ones, or of all; down or both ways.
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

class Maker {
 public:
  Maker(const ConfigTexts& base, const Evidence& evidence, const CandidateOptions& options)
      : base_(base), evidence_(evidence), options_(options) {
    out_.texts = base;
  }

  Candidate make() {
    const config::LoadResult loaded = load(base_);
    out_.problems = loaded.problems;
    if (!loaded.ok()) return std::move(out_);
    base_deployment_ = &loaded.deployment;
    check_factors();
    if (!out_.problems.empty()) return std::move(out_);
    change_margin();
    if (!out_.problems.empty()) return std::move(out_);
    // First with every haircut at the whole value, which no range exceeds, to learn the ranges.
    change_assets(nullptr);
    change_limits();
    const config::LoadResult first = load(out_.texts);
    out_.problems = first.problems;
    if (!first.ok()) return std::move(out_);
    change_assets(&first.deployment);
    out_.problems = load(out_.texts).problems;
    return std::move(out_);
  }

 private:
  // --- names

  [[nodiscard]] const FactorEvidence* evidence_of(std::string_view factor) const {
    for (const FactorEvidence& one : evidence_.factors) {
      if (one.name == factor) return &one;
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t place_of(std::string_view factor) const {
    std::size_t place = 0;
    while (evidence_.factors[place].name != factor) ++place;
    return place;
  }
  [[nodiscard]] const std::vector<std::string>& factors() const {
    return base_deployment_->names.factors.names();
  }
  [[nodiscard]] std::vector<std::string> factors_of(std::size_t group) const {
    const risk::GroupParameters& of = base_deployment_->parameters.groups[group];
    const auto first = factors().begin() + of.first_factor;
    return {first, first + of.factor_count};
  }
  [[nodiscard]] std::vector<std::string> calibrated_of(std::size_t group) const {
    std::vector<std::string> names = factors_of(group);
    std::erase_if(names, [&](const std::string& name) { return evidence_of(name) == nullptr; });
    return names;
  }
  [[nodiscard]] std::size_t group_count() const {
    return base_deployment_->parameters.groups.size();
  }
  [[nodiscard]] const std::string& group_name(std::size_t group) const {
    return base_deployment_->names.risk_groups.names()[group];
  }

  void problem(std::string file, std::string path, std::string value, std::string what) {
    out_.problems.push_back({std::move(file), std::move(path), std::move(value), std::move(what)});
  }
  void note(std::string file, std::string path, std::string before, std::string after) {
    if (before != after)
      out_.changes.push_back(
          {std::move(file), std::move(path), std::move(before), std::move(after)});
  }

  void check_factors() {
    const auto is_kept = [&](const std::string& name) {
      return std::find(options_.keep.begin(), options_.keep.end(), name) != options_.keep.end();
    };
    bool any = false;
    for (const std::string& name : factors()) {
      const bool has_history = evidence_of(name) != nullptr;
      any = any || has_history;
      if (has_history && is_kept(name)) {
        problem("--keep", "", config::quote(name), "has a history");
      } else if (!has_history && !is_kept(name)) {
        problem("margin.json", "groups", config::quote(name),
                "has no price history: name one with --series, or keep its shocks with --keep");
      }
    }
    if (!any) problem("margin.json", "groups", "", "has no factor with a price history");
    for (const std::string& name : options_.keep) {
      if (std::find(factors().begin(), factors().end(), name) == factors().end())
        problem("--keep", "", config::quote(name), "is no factor of margin.json");
    }
  }

  // --- margin.json

  void change_margin() {
    Json margin = config::parse_json(base_.at("margin.json")).json;
    Json& sets = *member(margin, "sets");
    for (const char* name : {"calibrated_range", "calibrated_apart", "calibrated_breaks"})
      std::erase_if(sets.members, [&](const auto& set) { return set.name == name; });
    change_ranges(sets);
    add_apart(sets);
    change_histories(sets);
    add_breaks(sets);
    out_.texts["margin.json"] = pretty(margin);
  }

  // The per-group set whose grids are the proposed ones; null: there is none.
  Json* range_set(Json& sets, std::string& name) {
    Json* found = nullptr;
    for (config::JsonMember& set : sets.members) {
      Json* const groups = member(set.value, "groups");
      const bool has_grid =
          groups != nullptr &&
          std::any_of(groups->members.begin(), groups->members.end(),
                      [](auto& part) { return part.value.find("grid") != nullptr; });
      if (!has_grid || (!options_.set.empty() && options_.set != set.name)) continue;
      if (options_.set.empty() && !is_text(set.value.find("action"), "enforce")) continue;
      if (found != nullptr) {
        problem("margin.json", "sets", "",
                fmt::format("{} and {} have grids: say with --set whose ranges are calibrated",
                            name, set.name));
        return nullptr;
      }
      found = &set.value;
      name = set.name;
    }
    if (found == nullptr && !options_.set.empty())
      problem("--set", "", config::quote(options_.set), "is no set of margin.json with a grid");
    return found;
  }

  // The shock, in whole steps of the grid, at most the whole price.
  static std::int64_t range_of(const FactorEvidence& factor, std::int64_t points) {
    const std::int64_t half = points / 2;
    return std::min(round_up(factor.shock_ppm, half), kPpm / half * half);
  }

  void change_grid(const std::string& set, std::size_t group, Json& grid) {
    const std::int64_t points = member(grid, "points")->integer;
    Json& range = *member(grid, "range");
    const auto change = [&](const std::string& factor, Json& value, const std::string& path) {
      const FactorEvidence* const of = evidence_of(factor);
      if (of == nullptr) return;
      Json after = json_share(range_of(*of, points));
      note("margin.json", path, value.text, after.text);
      value = std::move(after);
    };
    const std::string path = fmt::format("sets.{}.groups.{}.grid.range", set, group_name(group));
    if (range.kind != Json::Kind::Object) {
      change(factors_of(group).front(), range, path);
      return;
    }
    for (config::JsonMember& each : range.members)
      change(each.name, each.value, path + '.' + each.name);
  }

  void change_ranges(Json& sets) {
    std::string name;
    Json* const set = range_set(sets, name);
    if (!out_.problems.empty()) return;
    Json parts = json_object();
    for (std::size_t g = 0; g < group_count(); ++g) {
      if (calibrated_of(g).empty()) continue;
      Json* const part = set == nullptr ? nullptr : member(*member(*set, "groups"), group_name(g));
      if (Json* const grid = part == nullptr ? nullptr : member(*part, "grid")) {
        change_grid(name, g, *grid);
      } else {
        add_grid(g, parts);
      }
    }
    if (parts.members.empty()) return;
    Json added = json_object();
    set_member(added, "scope", json_text("per_group"));
    set_member(added, "measure", json_text("worst"));
    set_member(added, "action", json_text("enforce"));
    set_member(added, "groups", std::move(parts));
    set_member(sets, "calibrated_range", std::move(added));
  }

  void add_grid(std::size_t group, Json& parts) {
    const std::vector<std::string> names = factors_of(group);
    if (calibrated_of(group).size() != names.size()) {
      problem("margin.json", "groups." + group_name(group), "",
              "has no grid in the set, so that every factor of it must have a price history");
      return;
    }
    Json range = json_object();
    for (const std::string& name : names) {
      Json value = json_share(range_of(*evidence_of(name), kPointsByDefault));
      note("margin.json",
           fmt::format("sets.calibrated_range.groups.{}.grid.range{}", group_name(group),
                       names.size() == 1 ? "" : '.' + name),
           "", value.text);
      set_member(range, name, std::move(value));
    }
    Json grid = json_object();
    set_member(grid, "range", names.size() == 1 ? range.members.front().value : range);
    set_member(grid, "points", json_integer(kPointsByDefault));
    Json part = json_object();
    set_member(part, "grid", std::move(grid));
    set_member(parts, group_name(group), std::move(part));
  }

  // How far two factors move against each other: ES of their spread, shared as their shocks are.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> apart(std::size_t a, std::size_t b) const {
    const auto is_pair = [&](const auto& pair) {
      return pair.a == std::min(a, b) && pair.b == std::max(a, b);
    };
    const auto& pair = *std::find_if(evidence_.pairs.begin(), evidence_.pairs.end(), is_pair);
    const std::int64_t shock_a = evidence_.factors[a].shock_ppm;
    const std::int64_t shock_b = evidence_.factors[b].shock_ppm;
    const std::int64_t sum = shock_a + shock_b;
    const std::int64_t spread = std::min(pair.spread_shock_tail_ppm, sum);
    const auto part = [&](std::int64_t shock) {
      return static_cast<std::int64_t>(risk::ceil_div(risk::Int128{shock} * spread, sum));
    };
    return {std::min(part(shock_a), kPpm), std::min(part(shock_b), kPpm)};
  }

  void add_apart(Json& sets) {
    Json parts = json_object();
    for (std::size_t g = 0; g < group_count(); ++g) {
      const std::vector<std::string> names = calibrated_of(g);
      if (names.size() < 2) continue;
      const bool has_others = factors_of(g).size() > 2;
      Json columns = json_object();
      Json unchanged = json_object();
      set_member(unchanged, "default", json_share(0));
      set_member(columns, "unchanged", std::move(unchanged));
      for (const std::string& up : names) {
        for (const std::string& down : names) {
          if (up == down) continue;
          const auto [move_up, move_down] = apart(place_of(up), place_of(down));
          Json column = json_object();
          set_member(column, up, json_share(move_up));
          set_member(column, down, json_share(-move_down));
          if (has_others) set_member(column, "default", json_share(0));
          const std::string name = fit(fmt::format("{} up, {} down", up, down), columns);
          note("margin.json", fmt::format("sets.calibrated_apart.{}.{}", group_name(g), name), "",
               fmt::format("{} and {}", config::to_decimal(move_up, kPpmScale),
                           config::to_decimal(-move_down, kPpmScale)));
          set_member(columns, name, std::move(column));
        }
      }
      Json part = json_object();
      set_member(part, "columns", std::move(columns));
      set_member(parts, group_name(g), std::move(part));
    }
    if (parts.members.empty()) return;
    Json set = json_object();
    set_member(set, "scope", json_text("per_group"));
    set_member(set, "measure", json_text("worst"));
    set_member(set, "action", json_text("enforce"));
    set_member(set, "groups", std::move(parts));
    set_member(sets, "calibrated_apart", std::move(set));
  }

  // A column's name, or a number where it is too long.
  static std::string fit(std::string name, const Json& columns) {
    return name.size() <= kNameMax ? std::move(name)
                                   : fmt::format("column {}", columns.members.size() + 1);
  }

  // The newest rows of the factors that the base has.
  [[nodiscard]] std::string history_text(std::size_t rows) const {
    std::vector<std::size_t> places;
    std::string text = "date";
    for (const std::string& name : factors()) {
      if (evidence_of(name) == nullptr) continue;
      places.push_back(place_of(name));
      text += ',' + name;
    }
    text += '\n';
    for (std::size_t i = evidence_.rows.size() - rows; i < evidence_.rows.size(); ++i) {
      const HistoryRow& row = evidence_.rows[i];
      text += feeds::calibration::to_text(row.day);
      for (const std::size_t place : places)
        text += fmt::format(",{}", std::max(row.moves_ppm[place], kMoveMin));
      text += '\n';
    }
    return text;
  }

  void change_history(const std::string& path, Json& history) {
    const std::string file = member(history, "file")->text;
    Json& columns = *member(history, "columns");
    const auto wanted =
        options_.rows != 0 ? options_.rows : static_cast<std::size_t>(columns.integer);
    const std::size_t rows = std::min(wanted, evidence_.rows.size());
    note("margin.json", path + ".history.columns", to_text(columns), std::to_string(rows));
    columns = json_integer(static_cast<std::int64_t>(rows));
    // Sets that share a file take their newest rows of the longest.
    const std::string text = history_text(rows);
    std::string& there = histories_[file];
    if (text.size() > there.size()) there = text;
    out_.texts[file] = there;
  }

  void change_histories(Json& sets) {
    bool any = false;
    for (config::JsonMember& set : sets.members) {
      const std::string path = "sets." + set.name;
      if (Json* const history = member(set.value, "history")) {
        change_history(path, *history);
        any = true;
      }
      Json* const groups = member(set.value, "groups");
      if (groups == nullptr) continue;
      for (config::JsonMember& part : groups->members) {
        if (Json* const history = member(part.value, "history")) {
          change_history(path + ".groups." + part.name, *history);
          any = true;
        }
      }
    }
    if (any) {
      note("margin.json", "histories", "the base's", rows_text());
      return;
    }
    const std::size_t rows =
        std::min(options_.rows != 0 ? options_.rows : kRowsByDefault, evidence_.rows.size());
    Json history = json_object();
    set_member(history, "file", json_text("calibrated.csv"));
    set_member(history, "columns", json_integer(static_cast<std::int64_t>(rows)));
    Json set = json_object();
    set_member(set, "scope", json_text("joint"));
    set_member(set, "measure", json_text("es"));
    set_member(set, "tail", json_share(evidence_.settings.floor_tail_ppm));
    set_member(set, "action", json_text("enforce"));
    set_member(set, "weight", json_share(kOffsetMost));
    set_member(set, "history", std::move(history));
    set_member(sets, "calibrated_history", std::move(set));
    out_.texts["calibrated.csv"] = history_text(rows);
    note("margin.json", "sets.calibrated_history", "",
         fmt::format("{} rows, {}", rows, rows_text()));
  }

  [[nodiscard]] std::string rows_text() const {
    return fmt::format("the newest joint rows until {}",
                       feeds::calibration::to_text(evidence_.rows.back().day));
  }

  // --- breaks

  // A column that moves each calibrated factor of the base as `move_of` says.
  template <class MoveOf>
  void add_break(Json& columns, std::string name, MoveOf move_of) {
    name = fit(std::move(name), columns);
    if (member(columns, name) != nullptr) return;
    Json column = json_object();
    bool moves_all = true;
    for (std::size_t g = 0; g < group_count(); ++g) {
      for (const std::string& factor : factors_of(g)) {
        if (evidence_of(factor) == nullptr) {
          moves_all = false;
        } else {
          const std::int64_t move = move_of(g, place_of(factor));
          set_member(column, factor, json_share(std::clamp(move, kMoveMin, 10 * kPpm)));
        }
      }
    }
    if (!moves_all) set_member(column, "default", json_share(0));
    set_member(columns, name, std::move(column));
  }

  void add_breaks(Json& sets) {
    Json columns = json_object();
    const auto shock = [&](std::size_t place) { return evidence_.factors[place].shock_ppm; };
    for (const std::string& factor : factors()) {
      if (evidence_of(factor) == nullptr) continue;
      const std::size_t place = place_of(factor);
      const auto by_move = [&](const HistoryRow& a, const HistoryRow& b) {
        return a.moves_ppm[place] < b.moves_ppm[place];
      };
      const auto [low, high] =
          std::minmax_element(evidence_.rows.begin(), evidence_.rows.end(), by_move);
      for (const HistoryRow& row : {*low, *high}) {
        add_break(columns, feeds::calibration::to_text(row.day),
                  [&](std::size_t, std::size_t of) { return row.moves_ppm[of]; });
      }
    }
    add_break(columns, "all down", [&](std::size_t, std::size_t of) { return -shock(of); });
    add_break(columns, "all up", [&](std::size_t, std::size_t of) { return shock(of); });
    for (std::size_t g = 0; g < group_count() && group_count() > 1; ++g) {
      if (calibrated_of(g).empty()) continue;
      add_break(columns, group_name(g) + " down, rest up", [&](std::size_t group, std::size_t of) {
        return group == g ? -shock(of) : shock(of);
      });
      add_break(columns, group_name(g) + " up, rest down", [&](std::size_t group, std::size_t of) {
        return group == g ? shock(of) : -shock(of);
      });
    }
    note("margin.json", "sets.calibrated_breaks", "",
         fmt::format("{} columns, a warning", columns.members.size()));
    Json set = json_object();
    set_member(set, "scope", json_text("joint"));
    set_member(set, "measure", json_text("worst"));
    set_member(set, "action", json_text("warn"));
    set_member(set, "weight", json_share(kPpm));
    set_member(set, "columns", std::move(columns));
    set_member(sets, "calibrated_breaks", std::move(set));
  }

  // --- assets.json

  // Without a deployment every haircut is the whole value.
  void change_assets(const config::Deployment* candidate) {
    Json document = config::parse_json(base_.at("assets.json")).json;
    for (config::JsonMember& asset : member(document, "assets")->members) {
      const Json* const factor = asset.value.find("factor");
      if (factor == nullptr || factor->kind != Json::Kind::Text) continue;
      const risk::FactorIndex index = base_deployment_->names.factors.find(factor->text);
      if (const FactorEvidence* const of = evidence_of(factor->text)) {
        change_asset(asset, *of, candidate, index);
      } else {
        raise_haircuts(asset.value, candidate, index);
      }
    }
    out_.texts["assets.json"] = pretty(document);
  }

  static bool counts_falls(const Json& asset) {
    const Json* const mode = asset.find("scenario_mode");
    return is_text(mode, "both") || is_text(mode, "downside_only");
  }

  void change_asset(config::JsonMember& asset, const FactorEvidence& of,
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
        note("assets.json", fmt::format("{}.haircut_tiers[{}].{}", path, t, key), value.text,
             after.text);
      value = std::move(after);
    }
    std::vector<std::string> cuts;
    for (const Json& tier : tiers.items) cuts.push_back(tier.find("haircut")->text);
    raise_haircuts(asset.value, candidate, index);
    for (std::size_t t = 0; t < cuts.size() && candidate != nullptr; ++t) {
      note("assets.json", fmt::format("{}.haircut_tiers[{}].haircut", path, t), cuts[t],
           tiers.items[t].find("haircut")->text);
    }
    Json addon = json_share(std::min(is_static ? of.rise_ppm : of.debt_addon_ppm, 10 * kPpm));
    Json& debt = *member(asset.value, "debt_addon");
    if (candidate != nullptr) note("assets.json", path + ".debt_addon", debt.text, addon.text);
    debt = std::move(addon);
  }

  // The haircut is what the loader demands: the residual and the enforced range. Of an asset whose
  // falls are in the scenarios it is that; otherwise at least.
  static void raise_haircuts(Json& asset, const config::Deployment* candidate,
                             risk::FactorIndex index) {
    const bool falls = counts_falls(asset);
    for (const char* key : {"haircut_tiers", "maintenance_haircut_tiers"}) {
      Json* const tiers = member(asset, key);
      if (tiers == nullptr) continue;
      for (Json& tier : tiers->items) {
        Json& haircut = *member(tier, "haircut");
        const std::int64_t residual = falls ? ppm_of(*tier.find("residual_haircut")) : 0;
        const std::int64_t least =
            candidate == nullptr ? kPpm
                                 : std::min(residual + deepest(*candidate, index, true), kPpm);
        haircut = json_share(falls ? least : std::max(ppm_of(haircut), least));
      }
    }
  }

  // --- limits.json

  // What the factor with the smallest shock lets an account carry.
  [[nodiscard]] std::int64_t leverage_cap() const {
    std::int64_t cap = 0;
    for (std::uint32_t f = 0; f < factors().size(); ++f) {
      const FactorEvidence* const of = evidence_of(factors()[f]);
      const std::int64_t range = deepest(*base_deployment_, {f}, false);
      if (of != nullptr) {
        cap = std::max(cap, of->leverage_ppm);
      } else if (range > 0) {
        cap = std::max(cap, kPpm * kPpm / range);
      }
    }
    return cap;
  }

  void lower(Json& value, std::int64_t cap, const std::string& path) {
    if (value.kind != Json::Kind::Text || ppm_of(value) <= cap) return;
    note("limits.json", path, value.text, config::to_decimal(cap, kPpmScale));
    value = json_share(cap);
  }

  void change_limits() {
    Json document = config::parse_json(base_.at("limits.json")).json;
    Json& version = *member(document, "version");
    note("limits.json", "version", to_text(version), std::to_string(version.integer + 1));
    version = json_integer(version.integer + 1);
    const std::int64_t cap = leverage_cap();
    for (config::JsonMember& profile : member(document, "profiles")->members) {
      const std::string path = "profiles." + profile.name;
      if (Json* const most = member(profile.value, "leverage_max"))
        lower(*most, cap, path + ".leverage_max");
      Json* const brackets = member(profile.value, "leverage_brackets");
      if (brackets == nullptr) continue;
      for (std::size_t b = 0; b < brackets->items.size(); ++b) {
        lower(*member(brackets->items[b], "max"), cap,
              fmt::format("{}.leverage_brackets[{}].max", path, b));
      }
    }
    out_.texts["limits.json"] = pretty(document);
  }

  const ConfigTexts& base_;
  const Evidence& evidence_;
  const CandidateOptions& options_;
  const config::Deployment* base_deployment_ = nullptr;
  std::map<std::string, std::string> histories_{};
  Candidate out_{};
};

}  // namespace

ConfigTexts read_configuration(const std::string& folder) {
  ConfigTexts texts;
  const std::filesystem::path path(folder);
  for (const char* file : kFiles) {
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

Candidate make_candidate(const ConfigTexts& base, const Evidence& evidence,
                         const CandidateOptions& options) {
  return Maker(base, evidence, options).make();
}

}  // namespace portcullis::gateway
