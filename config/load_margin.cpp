// margin.json: the risk groups with their factors, and the scenario sets (METHOD 3.4).
//
//   groups       by name: factors, the names of what moves; kappa, the share of a gain that may
//                offset other groups in joint sets, 0 to 1
//   sets         by name: scope per_group or joint, measure worst, action enforce, and
//     per_group  groups, each with a grid or with columns
//                grid: `points` equidistant moves from -range to +range, an odd number, so that the
//                zero move is one of them. A group of one factor has one range; in a group of
//                several, each factor has its own and they move together, the first column -range
//                of each, the last +range of each. The group must then also have columns in which
//                each two of them move against each other, both ways.
//                columns, by name: must have the zero move too
//     joint      weight, the share of the joint part; the rest is the groups alone. columns, by
//                name: moves of all factors of all groups. They are taken as they are, like
//                history: the requirement's floor at 0 is the zero move.
//                A column names a move for each factor; "default" stands for those it does not
//                name.
//   group_mult, joint_mult  on the requirement of the groups and on the joint one
#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::kPpm;

constexpr std::int64_t kShockMin = -kPpm;  // a price loses all of its value
constexpr std::int64_t kShockMax = 10 * kPpm;
constexpr std::int64_t kColumnsMax = 1'024;  // of a group, over all sets
constexpr std::size_t kFactorsMax = 64;      // of a group
constexpr std::int64_t kMultMax = 10 * kPpm;

// Moves of a group's factors in one set: by local factor, then by column.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<std::int32_t>> shocks;

  explicit Columns(std::size_t factor_count) : shocks(factor_count) {}
  [[nodiscard]] bool has_zero_move() const {
    for (std::size_t column = 0; column < names.size(); ++column) {
      const auto is_zero = [column](const auto& moves) { return moves[column] == 0; };
      if (std::all_of(shocks.begin(), shocks.end(), is_zero)) return true;
    }
    return false;
  }
};

std::int32_t read_shock(JsonReader& column, std::string_view key) {
  const auto shock = column.decimal(key, kPpmScale, kShockMin, kShockMax);
  return static_cast<std::int32_t>(shock.value_or(0));
}

const std::string& factor_name(const Loading& loading, std::uint32_t factor) {
  return loading.out.names.factors.names()[factor];
}

void read_groups(Loading& loading, JsonReader& groups) {
  Names& names = loading.out.names;
  for (const std::string& name : groups.keys()) {
    check_name(groups, name);
    names.risk_groups.add(name);
    JsonReader group = groups.object(name);
    group.not_yet({"floor", "add_ons", "orders_mode", "gain_cap"});
    risk::GroupParameters parameters;
    parameters.first_factor = names.factors.size();
    for (const std::string& factor :
         group.texts("factors", 1, 32).value_or(std::vector<std::string>())) {
      if (factor == "default") {
        group.problem("factors", "must not name a factor \"default\"");
      } else if (!names.factors.add(factor).exists()) {
        group.problem("factors", fmt::format("the factor {} is in another group already", factor));
      }
    }
    parameters.factor_count = names.factors.size() - parameters.first_factor;
    if (parameters.factor_count == 0 || parameters.factor_count > kFactorsMax) {
      group.problem("factors", fmt::format("must have 1 to {} factors", kFactorsMax));
    }
    parameters.kappa_ppm = group.decimal("kappa", kPpmScale, 0, kPpm).value_or(0);
    loading.out.parameters.groups.push_back(std::move(parameters));
  }
  if (groups.readable() && names.risk_groups.size() == 0) groups.problem("", "must not be empty");
  loading.out.parameters.factor_count = names.factors.size();
}

// The widest move of each factor of the group, in ppm.
std::vector<std::int64_t> read_ranges(const Loading& loading, JsonReader& grid,
                                      const risk::GroupParameters& group) {
  if (group.factor_count == 1) {
    return {grid.decimal("range", kPpmScale, 1, kPpm).value_or(0)};
  }
  std::vector<std::int64_t> ranges;
  JsonReader by_factor = grid.object("range");
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const std::string& name = factor_name(loading, group.first_factor + f);
    ranges.push_back(by_factor.decimal(name, kPpmScale, 1, kPpm).value_or(0));
  }
  return ranges;
}

Columns read_grid(const Loading& loading, JsonReader grid, const risk::GroupParameters& group) {
  Columns columns(group.factor_count);
  const auto points = grid.integer("points", 3, 201);
  const std::vector<std::int64_t> ranges = read_ranges(loading, grid, group);
  if (!points) return columns;
  if (*points % 2 == 0) {
    grid.problem("points", "must be odd, so that the zero move is one of the points");
    return columns;
  }
  const std::int64_t half = *points / 2;
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    if (ranges[f] % half != 0) {
      grid.problem("range", fmt::format("the range {} of {} is no whole number of ppm in {} steps",
                                        to_decimal(ranges[f], kPpmScale),
                                        factor_name(loading, group.first_factor + f), half));
      return columns;
    }
  }
  for (std::int64_t step = -half; step <= half; ++step) {
    std::string name;
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const std::int64_t shock = ranges[f] / half * step;
      columns.shocks[f].push_back(static_cast<std::int32_t>(shock));
      name +=
          fmt::format("{}{} {}", f == 0 ? "" : ", ", factor_name(loading, group.first_factor + f),
                      to_decimal(shock, kPpmScale));
    }
    columns.names.push_back(std::move(name));
  }
  return columns;
}

// Columns by name, each with a move for the factors [first_factor, first_factor + factor_count).
Columns read_columns(const Loading& loading, JsonReader& by_name, std::uint32_t first_factor,
                     std::uint32_t factor_count) {
  Columns columns(factor_count);
  for (const std::string& name : by_name.keys()) {
    check_name(by_name, name);
    columns.names.push_back(name);
    JsonReader column = by_name.object(name);
    const std::int32_t others = column.has("default") ? read_shock(column, "default") : 0;
    for (std::uint32_t f = 0; f < factor_count; ++f) {
      const std::string& factor = factor_name(loading, first_factor + f);
      const bool by_default = column.has("default") && !column.has(factor);
      columns.shocks[f].push_back(by_default ? others : read_shock(column, factor));
    }
  }
  if (by_name.readable() && columns.names.empty()) by_name.problem("", "must not be empty");
  return columns;
}

// A group's part in a per-group set.
Columns read_part(const Loading& loading, JsonReader& part, const risk::GroupParameters& group) {
  if (part.has("grid")) return read_grid(loading, part.object("grid"), group);
  JsonReader by_name = part.object("columns");
  Columns columns = read_columns(loading, by_name, group.first_factor, group.factor_count);
  if (!columns.names.empty() && !columns.has_zero_move()) {
    by_name.problem("", "must have a column in which nothing moves");
  }
  return columns;
}

struct ScenarioSet {
  risk::SetParameters parameters;
  std::string name;
  std::vector<Columns> by_group;  // empty columns: the group is not in the set
  std::vector<bool> has_grid;     // by group
};

void read_per_group(const Loading& loading, JsonReader groups, ScenarioSet& set) {
  if (groups.readable() && groups.keys().empty()) groups.problem("", "must not be empty");
  for (const std::string& name : groups.keys()) {
    const auto group = loading.out.names.risk_groups.find(name);
    if (!group.exists()) {
      groups.problem(name, "there is no risk group of this name");
      continue;
    }
    JsonReader part = groups.object(name);
    set.has_grid[group.value] = part.has("grid");
    set.by_group[group.value] =
        read_part(loading, part, loading.out.parameters.groups[group.value]);
  }
}

void read_joint(const Loading& loading, JsonReader columns, ScenarioSet& set) {
  const auto& groups = loading.out.parameters.groups;
  const Columns all = read_columns(loading, columns, 0, loading.out.parameters.factor_count);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    set.by_group[g].names = all.names;
    for (std::uint32_t f = 0; f < groups[g].factor_count; ++f) {
      set.by_group[g].shocks[f] = all.shocks[groups[g].first_factor + f];
    }
  }
}

ScenarioSet read_set(const Loading& loading, JsonReader in, const std::string& name) {
  in.not_yet({"alpha", "damping", "tail_weight", "history"});
  ScenarioSet set;
  set.name = name;
  for (const risk::GroupParameters& group : loading.out.parameters.groups) {
    set.by_group.emplace_back(group.factor_count);
    set.has_grid.push_back(false);
  }
  in.choice<bool>("measure", {{"worst", true}}, {"es", "var"});
  in.choice<bool>("action", {{"enforce", true}}, {"warn", "report"});
  const auto scope = in.choice<risk::SetScope>(
      "scope", {{"per_group", risk::SetScope::PerGroup}, {"joint", risk::SetScope::Joint}});
  if (!scope) {
    in.ignore_rest();
  } else if (*scope == risk::SetScope::PerGroup) {
    read_per_group(loading, in.object("groups"), set);
  } else {
    set.parameters.joint_weight_ppm = in.decimal("weight", kPpmScale, 0, kPpm).value_or(0);
    read_joint(loading, in.object("columns"), set);
  }
  set.parameters.scope = scope.value_or(risk::SetScope::PerGroup);
  return set;
}

// Appends the set's columns to the groups' tables, which are kept by factor until all sets are
// there.
void append(Loading& loading, std::vector<Columns>& tables, ScenarioSet& set) {
  SetNames names{set.name, {}};
  for (std::size_t g = 0; g < tables.size(); ++g) {
    const Columns& columns = set.by_group[g];
    set.parameters.first_column.push_back(static_cast<std::uint32_t>(tables[g].names.size()));
    set.parameters.column_count.push_back(static_cast<std::uint32_t>(columns.names.size()));
    tables[g].names.insert(tables[g].names.end(), columns.names.begin(), columns.names.end());
    for (std::size_t f = 0; f < columns.shocks.size(); ++f) {
      auto& row = tables[g].shocks[f];
      row.insert(row.end(), columns.shocks[f].begin(), columns.shocks[f].end());
    }
    const bool is_joint = set.parameters.scope == risk::SetScope::Joint;
    if (!is_joint || g == 0) names.columns.push_back(columns.names);
  }
  loading.out.names.sets.push_back(std::move(names));
  loading.out.parameters.sets.push_back(std::move(set.parameters));
}

// A grid moves the factors of its group together, which would make any two of them perfect hedges
// of each other: some column must move them apart, both ways.
void check_factors_move_apart(const Loading& loading, JsonReader& groups,
                              const std::vector<ScenarioSet>& sets, std::uint32_t g) {
  const risk::GroupParameters& group = loading.out.parameters.groups[g];
  const auto move_apart = [&](std::uint32_t up, std::uint32_t down) {
    for (const ScenarioSet& set : sets) {
      if (set.parameters.scope != risk::SetScope::PerGroup) continue;
      const Columns& columns = set.by_group[g];
      for (std::size_t c = 0; c < columns.names.size(); ++c) {
        if (columns.shocks[up][c] > 0 && columns.shocks[down][c] < 0) return true;
      }
    }
    return false;
  };
  for (std::uint32_t a = 0; a < group.factor_count; ++a) {
    for (std::uint32_t b = a + 1; b < group.factor_count; ++b) {
      if (move_apart(a, b) && move_apart(b, a)) continue;
      groups.problem(
          loading.out.names.risk_groups.names()[g],
          fmt::format("a grid moves {} and {} together, so a per-group set must also have "
                      "columns in which they move against each other, both ways",
                      factor_name(loading, group.first_factor + a),
                      factor_name(loading, group.first_factor + b)));
    }
  }
}

void finish_tables(Loading& loading, JsonReader& groups, const std::vector<Columns>& tables) {
  for (std::size_t g = 0; g < tables.size(); ++g) {
    risk::GroupParameters& group = loading.out.parameters.groups[g];
    if (tables[g].names.size() > kColumnsMax) {
      groups.problem(loading.out.names.risk_groups.names()[g],
                     fmt::format("has {} columns in all sets together, more than {}",
                                 tables[g].names.size(), kColumnsMax));
    }
    group.column_count = static_cast<std::uint32_t>(tables[g].names.size());
    for (const auto& row : tables[g].shocks) {
      group.shock_ppm.insert(group.shock_ppm.end(), row.begin(), row.end());
    }
  }
}

}  // namespace

void load_margin(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  {
    JsonReader root(kMarginFile, json, loading.problems);
    root.not_yet({"add_ons", "mm_group_mult", "mm_joint_mult", "bands", "exit_allowance"});
    risk::Parameters& parameters = loading.out.parameters;
    JsonReader groups = root.object("groups");
    read_groups(loading, groups);

    constexpr std::size_t kSetsMax = 16;
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
    std::vector<Columns> tables;
    for (std::uint32_t g = 0; g < parameters.groups.size(); ++g) {
      tables.emplace_back(parameters.groups[g].factor_count);
      const auto has_grid = [g](const ScenarioSet& set) { return set.has_grid[g]; };
      const bool is_read = loading.problem_count() == problems_before;
      if (is_read && std::any_of(sets.begin(), sets.end(), has_grid)) {
        check_factors_move_apart(loading, groups, sets, g);
      }
    }
    for (ScenarioSet& set : sets) append(loading, tables, set);
    finish_tables(loading, groups, tables);

    parameters.group_mult_ppm = root.decimal("group_mult", kPpmScale, 1, kMultMax).value_or(kPpm);
    parameters.joint_mult_ppm = root.decimal("joint_mult", kPpmScale, 1, kMultMax).value_or(kPpm);
  }
  loading.margin_ok = loading.problem_count() == problems_before;
}

}  // namespace portcullis::config
