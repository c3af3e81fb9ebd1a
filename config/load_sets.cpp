// margin.json: the scenario sets (METHOD 3.4), by name:
//
//   scope        per_group or joint
//   measure      worst, or es (expected shortfall) with a tail: the mean over so large a share of
//                the columns, the worst ones
//   action       enforce: its requirement decides. warn: it marks an accepted order. report
//   requirement  both, initial or maintenance; both by default
//   combine_weight  of its requirement, where the scope combines by sum; 1 by default
//   per_group    groups, each with a grid, columns or a history (load_columns.cpp). With measure
//                worst, columns must have the zero move. A grid moves the factors of its group
//                together; the group must then also have columns in which each two of them move
//                against each other, both ways.
//   joint        weight, the share of the joint part; the rest is the groups alone. columns or a
//                history, of all factors of all groups: they are taken as they are, the
//                requirement's floor at 0 is the zero move.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "config/load_columns.h"
#include "risk/vectors.h"

namespace portcullis::config {

namespace {

using risk::kPpm;

constexpr std::size_t kSetsMax = 16;
constexpr std::int64_t kWeightMax = 10 * kPpm;

struct ScenarioSet {
  risk::SetParameters parameters;
  std::string name;
  std::vector<Columns> by_group;  // empty: the group is not in the set
  std::vector<bool> has_grid;     // by group
};

FactorSpan factors_of(const risk::GroupParameters& group) {
  return {group.first_factor, group.factor_count};
}

bool has_zero_move(const Columns& columns) {
  return std::any_of(columns.begin(), columns.end(), [](const Column& column) {
    const auto& moves = column.settings.moves_ppm;
    return std::all_of(moves.begin(), moves.end(), [](std::int32_t move) { return move == 0; });
  });
}

// A group's part in a per-group set.
Columns read_part(Loading& loading, JsonReader& part, const risk::GroupParameters& group,
                  risk::SetMeasure measure) {
  if (part.has("grid")) return read_grid(loading, part.object("grid"), factors_of(group));
  if (part.has("history")) {
    return read_history(loading, part.object("history"), factors_of(group));
  }
  JsonReader by_name = part.object("columns");
  Columns columns = read_named_columns(loading, by_name, factors_of(group), false);
  if (measure == risk::SetMeasure::Worst && !columns.empty() && !has_zero_move(columns)) {
    by_name.problem("", "must have a column in which nothing moves");
  }
  return columns;
}

void read_per_group(Loading& loading, JsonReader groups, ScenarioSet& set) {
  if (groups.readable() && groups.keys().empty()) groups.problem("", "must not be empty");
  for (const std::string& name : groups.keys()) {
    const auto group = loading.out.names.risk_groups.find(name);
    if (!group.exists()) {
      groups.problem(name, "there is no risk group of this name");
      continue;
    }
    JsonReader part = groups.object(name);
    set.has_grid[group.value] = part.has("grid");
    set.by_group[group.value] = read_part(loading, part, loading.out.parameters.groups[group.value],
                                          set.parameters.measure);
  }
}

void read_joint(Loading& loading, JsonReader& in, ScenarioSet& set) {
  const FactorSpan all{0, loading.out.parameters.factor_count};
  Columns columns;
  if (in.has("history")) {
    columns = read_history(loading, in.object("history"), all);
  } else {
    JsonReader by_name = in.object("columns");
    columns = read_named_columns(loading, by_name, all, true);
  }
  const auto& groups = loading.out.parameters.groups;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const Column& column : columns) {
      Column part = column;
      const auto first = column.settings.moves_ppm.begin() + groups[g].first_factor;
      part.settings.moves_ppm.assign(first, first + groups[g].factor_count);
      if (!column.weights_ppm.empty()) set_weight(part.settings, column.weights_ppm[g], kPpm);
      set.by_group[g].push_back(std::move(part));
    }
  }
}

void read_measure(JsonReader& in, risk::SetParameters& set) {
  using risk::SetMeasure;
  set.measure = in.choice<SetMeasure>("measure", {{"worst", SetMeasure::Worst},
                                                  {"es", SetMeasure::ExpectedShortfall}})
                    .value_or(SetMeasure::Worst);
  if (set.measure != SetMeasure::ExpectedShortfall) return;
  const std::int64_t tail = in.decimal("tail", kPpmScale, 1, kPpm).value_or(kPpm);
  const std::int64_t common = std::gcd(tail, kPpm);
  set.tail_numerator = tail / common;
  set.tail_denominator = kPpm / common;
}

void read_use(const Loading& loading, JsonReader& in, risk::SetParameters& set) {
  using risk::SetAction;
  set.action = in.choice<SetAction>("action", {{"enforce", SetAction::Enforce},
                                               {"warn", SetAction::Warn},
                                               {"report", SetAction::Report}})
                   .value_or(SetAction::Enforce);
  enum class In { Both, Initial, Maintenance };
  if (in.has("requirement")) {
    const auto part = in.choice<In>(
        "requirement",
        {{"both", In::Both}, {"initial", In::Initial}, {"maintenance", In::Maintenance}});
    set.initial = part != In::Maintenance;
    set.maintenance = part != In::Initial;
  }
  const bool is_joint = set.scope == risk::SetScope::Joint;
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::ScopeParameters& scope = is_joint ? parameters.joint : parameters.per_group;
  set.weight_ppm = read_ppm_or(in, "combine_weight", 0, kWeightMax, kPpm);
  if (in.has("combine_weight") && scope.combine != risk::Combine::Sum) {
    in.problem("combine_weight", fmt::format("must not be there, since {} is not sum",
                                             is_joint ? "combine_joint" : "combine_groups"));
  }
}

ScenarioSet read_set(Loading& loading, JsonReader in, const std::string& name) {
  ScenarioSet set;
  set.name = name;
  set.by_group.resize(loading.out.parameters.groups.size());
  set.has_grid.resize(loading.out.parameters.groups.size());
  const auto scope = in.choice<risk::SetScope>(
      "scope", {{"per_group", risk::SetScope::PerGroup}, {"joint", risk::SetScope::Joint}});
  if (!scope) {
    in.ignore_rest();
    return set;
  }
  set.parameters.scope = *scope;
  read_measure(in, set.parameters);
  read_use(loading, in, set.parameters);
  if (*scope == risk::SetScope::PerGroup) {
    read_per_group(loading, in.object("groups"), set);
  } else {
    set.parameters.joint_weight_ppm = in.decimal("weight", kPpmScale, 0, kPpm).value_or(0);
    read_joint(loading, in, set);
  }
  return set;
}

// Appends the set's columns to the groups' tables.
void append(Loading& loading, ScenarioSet& set) {
  SetNames names{set.name, {}};
  const bool is_joint = set.parameters.scope == risk::SetScope::Joint;
  for (std::size_t g = 0; g < set.by_group.size(); ++g) {
    std::vector<ColumnSettings>& table = loading.out.groups[g].columns;
    set.parameters.first_column.push_back(static_cast<std::uint32_t>(table.size()));
    set.parameters.column_count.push_back(static_cast<std::uint32_t>(set.by_group[g].size()));
    std::vector<std::string> column_names;
    for (Column& column : set.by_group[g]) {
      column_names.push_back(std::move(column.name));
      table.push_back(std::move(column.settings));
    }
    if (!is_joint || g == 0) names.columns.push_back(std::move(column_names));
  }
  loading.out.names.sets.push_back(std::move(names));
  loading.out.parameters.sets.push_back(std::move(set.parameters));
}

// A grid moves the factors of its group together, which would make any two of them perfect hedges
// of each other: some column of the same requirement must move them apart, both ways.
void check_factors_move_apart(const Loading& loading, JsonReader& groups,
                              const std::vector<ScenarioSet>& sets, std::uint32_t g,
                              bool risk::SetParameters::*requirement) {
  const auto decides = [&](const ScenarioSet& set) {
    return set.parameters.scope == risk::SetScope::PerGroup &&
           set.parameters.action == risk::SetAction::Enforce && set.parameters.*requirement;
  };
  const auto moves_together = [&](const ScenarioSet& set) {
    return decides(set) && set.has_grid[g];
  };
  if (std::none_of(sets.begin(), sets.end(), moves_together)) return;
  const risk::GroupParameters& group = loading.out.parameters.groups[g];
  const auto move_apart = [&](std::uint32_t up, std::uint32_t down) {
    const auto moves = [&](const Column& column) {
      const auto& by_factor = column.settings.moves_ppm;
      return by_factor[up] > 0 && by_factor[down] < 0;
    };
    return std::any_of(sets.begin(), sets.end(), [&](const ScenarioSet& set) {
      return decides(set) && std::any_of(set.by_group[g].begin(), set.by_group[g].end(), moves);
    });
  };
  const auto& factors = loading.out.names.factors.names();
  for (std::uint32_t a = 0; a < group.factor_count; ++a) {
    for (std::uint32_t b = a + 1; b < group.factor_count; ++b) {
      if (move_apart(a, b) && move_apart(b, a)) continue;
      groups.problem(
          loading.out.names.risk_groups.names()[g],
          fmt::format("a grid moves {} and {} together, so a per-group set that is enforced in the "
                      "{} requirement must also have columns in which they move against each "
                      "other, both ways",
                      factors[group.first_factor + a], factors[group.first_factor + b],
                      requirement == &risk::SetParameters::initial ? "initial" : "maintenance"));
    }
  }
}

// A move under the regimes in force, rounded away from zero; a price loses all of its value at most.
std::int32_t under_regime(std::int32_t move, std::int64_t shock_ppm) {
  const std::int64_t scaled = std::int64_t{move} * shock_ppm;
  const std::int64_t away = (scaled + (scaled < 0 ? 1 - kPpm : kPpm - 1)) / kPpm;
  return static_cast<std::int32_t>(std::clamp(away, -kPpm, 10 * kPpm));
}

// The engine's tables: what the columns move times what counts of it.
void finish_tables(Loading& loading, JsonReader& groups) {
  for (std::size_t g = 0; g < loading.out.groups.size(); ++g) {
    std::vector<ColumnSettings>& columns = loading.out.groups[g].columns;
    risk::GroupParameters& group = loading.out.parameters.groups[g];
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const std::int64_t shock_ppm = shock_ppm_of(loading, {group.first_factor + f});
      for (ColumnSettings& column : columns)
        column.moves_ppm[f] = under_regime(column.moves_ppm[f], shock_ppm);
    }
    if (columns.size() > risk::kColumnsMax) {
      groups.problem(loading.out.names.risk_groups.names()[g],
                     fmt::format("has {} columns in all sets together, more than {}",
                                 columns.size(), risk::kColumnsMax));
    }
    group.column_count = static_cast<std::uint32_t>(columns.size());
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      for (const ColumnSettings& column : columns) group.shock_ppm.push_back(shock_of(column, f));
    }
  }
}

}  // namespace

void read_sets(Loading& loading, JsonReader& root, JsonReader& groups) {
  const std::size_t problems_before = loading.problem_count();
  std::vector<ScenarioSet> sets;
  JsonReader by_name = root.object("sets");
  for (const std::string& name : by_name.keys()) {
    check_name(by_name, name);
    sets.push_back(read_set(loading, by_name.object(name), name));
  }
  if (sets.size() > kSetsMax) by_name.problem("", fmt::format("has more than {} sets", kSetsMax));
  std::stable_partition(sets.begin(), sets.end(), [](const ScenarioSet& set) {
    return set.parameters.scope == risk::SetScope::PerGroup;
  });
  if (groups.readable() && loading.problem_count() == problems_before) {
    using risk::SetParameters;
    for (std::uint32_t g = 0; g < loading.out.groups.size(); ++g) {
      for (const auto requirement : {&SetParameters::initial, &SetParameters::maintenance}) {
        const std::size_t before = loading.problem_count();
        check_factors_move_apart(loading, groups, sets, g, requirement);
        if (loading.problem_count() != before) break;  // one mistake is told once
      }
    }
  }
  for (ScenarioSet& set : sets) append(loading, set);
  finish_tables(loading, groups);
}

}  // namespace portcullis::config
