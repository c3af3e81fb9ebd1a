// margin.json: the columns of a scenario set, in one of three forms.
//
//   grid      `points` equidistant moves from -range to +range, an odd number, so that the zero move
//             is one of them. A group of one factor has one range; in a group of several, each
//             factor has its own and they move together, the first point -range of each, the last
//             +range of each.
//     volatility  down, same, up: every point once with each of these, the same alone by default
//     damped      further columns: moves, of every factor alike, each weighed down: weight is a
//                 share, or edge, with which the move's loss is that at the edge of the grid (range
//                 over move); volatility, of these columns
//   columns   by name: a move for each factor; "default" stands for those not named. volatility
//             down, same or up (the same by default); weight, the share of the column's gains and
//             losses that counts (1 by default); in a joint set also one by risk group
//   history   file, in the folder, CSV (history.h), and columns: so many days, the newest. Factors
//             that the file does not have do not move.
#include "config/load_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "config/decimal.h"
#include "config/history.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;

constexpr std::int64_t kMoveMin = -kPpm;  // a price loses all of its value
constexpr std::int64_t kMoveMax = 10 * kPpm;
constexpr std::int64_t kDaysMax = 1'024;  // what a group has room for
constexpr int kDown = -1;
constexpr int kSame = 0;
constexpr int kUp = 1;

const std::string& factor_name(const Loading& loading, std::uint32_t factor) {
  return loading.out.names.factors.names()[factor];
}

int read_volatility(JsonReader& in) {
  if (!in.has("volatility")) return kSame;
  return in.choice<int>("volatility", {{"down", kDown}, {"same", kSame}, {"up", kUp}})
      .value_or(kSame);
}

// "BTC -0.16, ETH -0.2, volatility up".
std::string name_of(const Loading& loading, const ColumnSettings& column, FactorSpan factors) {
  std::string name;
  for (std::uint32_t f = 0; f < factors.count; ++f) {
    name += fmt::format("{}{} {}", f == 0 ? "" : ", ", factor_name(loading, factors.first + f),
                        to_decimal(column.moves_ppm[f], kPpmScale));
  }
  if (column.volatility != kSame) {
    name += column.volatility == kUp ? ", volatility up" : ", volatility down";
  }
  return name;
}

// The widest move of each factor, in ppm; 0 where it could not be read.
std::vector<std::int64_t> read_ranges(const Loading& loading, JsonReader& grid,
                                      FactorSpan factors) {
  if (factors.count == 1) return {grid.decimal("range", kPpmScale, 1, kPpm).value_or(0)};
  std::vector<std::int64_t> ranges;
  JsonReader by_factor = grid.object("range");
  for (std::uint32_t f = 0; f < factors.count; ++f) {
    const std::string& name = factor_name(loading, factors.first + f);
    ranges.push_back(by_factor.decimal(name, kPpmScale, 1, kPpm).value_or(0));
  }
  return ranges;
}

void read_points(const Loading& loading, JsonReader& grid, FactorSpan factors,
                 const std::vector<std::int64_t>& ranges, Columns& columns) {
  const auto points = grid.integer("points", 3, 201);
  std::vector<int> volatilities{kSame};
  if (grid.has("volatility")) {
    volatilities = grid.choices<int>("volatility", {{"down", kDown}, {"same", kSame}, {"up", kUp}})
                       .value_or(volatilities);
  }
  if (!points) return;
  if (*points % 2 == 0) {
    grid.problem("points", "must be odd, so that the zero move is one of the points");
    return;
  }
  const std::int64_t half = *points / 2;
  for (std::uint32_t f = 0; f < factors.count; ++f) {
    if (ranges[f] % half == 0) continue;
    grid.problem("range", fmt::format("the range {} of {} is no whole number of ppm in {} steps",
                                      to_decimal(ranges[f], kPpmScale),
                                      factor_name(loading, factors.first + f), half));
    return;
  }
  for (std::int64_t step = -half; step <= half; ++step) {
    ColumnSettings column;
    for (const std::int64_t range : ranges) {
      column.moves_ppm.push_back(static_cast<std::int32_t>(range / half * step));
    }
    for (const int volatility : volatilities) {
      column.volatility = volatility;
      columns.push_back({name_of(loading, column, factors), column});
    }
  }
}

// The share of a damped move that counts.
struct Damping {
  bool to_edge = false;
  std::int64_t weight_ppm = kPpm;
};

Damping read_damping(JsonReader& damped, const std::vector<std::int64_t>& ranges) {
  Damping damping;
  damping.to_edge = damped.is_text("weight", "edge");
  if (!damping.to_edge) {
    damping.weight_ppm = damped.decimal("weight", kPpmScale, 1, kPpm).value_or(kPpm);
    return damping;
  }
  const auto differs = [&](std::int64_t range) { return range != ranges.front(); };
  if (std::any_of(ranges.begin(), ranges.end(), differs)) {
    damped.problem("weight", "must be a share, since the factors' ranges have different edges");
  }
  return damping;
}

void read_damped(const Loading& loading, JsonReader damped, FactorSpan factors,
                 const std::vector<std::int64_t>& ranges, Columns& columns) {
  const auto moves = damped.decimals("moves", kPpmScale, kMoveMin, kMoveMax);
  const Damping damping = read_damping(damped, ranges);
  const int volatility = read_volatility(damped);
  for (const std::int64_t move : moves.value_or(std::vector<std::int64_t>())) {
    if (move == 0 || (damping.to_edge && std::abs(move) < ranges.front())) {
      damped.problem("moves", fmt::format("the move {} is not beyond the grid's edge",
                                          to_decimal(move, kPpmScale)));
      continue;
    }
    ColumnSettings column;
    column.moves_ppm.assign(factors.count, static_cast<std::int32_t>(move));
    column.volatility = volatility;
    if (damping.to_edge) {
      set_weight(column, std::max<std::int64_t>(1, ranges.front()), std::abs(move));
    } else {
      set_weight(column, damping.weight_ppm, kPpm);
    }
    columns.push_back({name_of(loading, column, factors) + ", damped", std::move(column)});
  }
}

// Of a column of all groups: those that are not named have weight 1.
std::vector<std::int64_t> read_group_weights(const Loading& loading, JsonReader by_group) {
  const SymbolTable<risk::GroupIndex>& groups = loading.out.names.risk_groups;
  std::vector<std::int64_t> weights(groups.size(), kPpm);
  for (const std::string& name : by_group.keys()) {
    const risk::GroupIndex group = groups.find(name);
    if (!group.exists()) {
      by_group.problem(name, "there is no risk group of this name");
      continue;
    }
    weights[group.value] = by_group.decimal(name, kPpmScale, 1, kPpm).value_or(kPpm);
  }
  return weights;
}

// The text of a file in the folder, which becomes part of the deployment.
std::optional<std::string> read_file(Loading& loading, JsonReader& history) {
  const auto name = history.text("file", 1, 64);
  if (!name) return std::nullopt;
  if (!name->ends_with(kHistoryEnding) || name->find_first_of("/\\") != std::string::npos) {
    history.problem("file", "must be the name of a .csv file beside margin.json");
    return std::nullopt;
  }
  auto text = loading.read_file(*name);
  if (text) {
    loading.histories.emplace(*name, *text);
  } else {
    history.problem("file", "cannot be read");
  }
  return text;
}

}  // namespace

void set_weight(ColumnSettings& column, std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t common = std::gcd(numerator, denominator);
  column.weight_numerator = numerator / common;
  column.weight_denominator = denominator / common;
}

std::int32_t shock_of(const ColumnSettings& column, std::uint32_t factor) {
  const Int128 product = Int128{column.moves_ppm[factor]} * column.weight_numerator;
  const Int128 shock = product < 0 ? -risk::ceil_div(-product, column.weight_denominator)
                                   : risk::ceil_div(product, column.weight_denominator);
  return static_cast<std::int32_t>(shock);
}

Columns read_grid(const Loading& loading, JsonReader grid, FactorSpan factors) {
  Columns columns;
  if (factors.count == 0) {  // the group's fault, and told there
    grid.ignore_rest();
    return columns;
  }
  const std::vector<std::int64_t> ranges = read_ranges(loading, grid, factors);
  read_points(loading, grid, factors, ranges, columns);
  if (grid.has("damped")) {
    read_damped(loading, grid.object("damped"), factors, ranges, columns);
  }
  return columns;
}

Columns read_named_columns(const Loading& loading, JsonReader& by_name, FactorSpan factors,
                           bool of_all_groups) {
  Columns columns;
  for (const std::string& name : by_name.keys()) {
    check_name(by_name, name);
    JsonReader in = by_name.object(name);
    const auto read_move = [&](std::string_view key) {
      const auto move = in.decimal(key, kPpmScale, kMoveMin, kMoveMax);
      return static_cast<std::int32_t>(move.value_or(0));
    };
    const std::int32_t others = in.has("default") ? read_move("default") : 0;
    ColumnSettings column;
    for (std::uint32_t f = 0; f < factors.count; ++f) {
      const std::string& factor = factor_name(loading, factors.first + f);
      const bool by_default = in.has("default") && !in.has(factor);
      column.moves_ppm.push_back(by_default ? others : read_move(factor));
    }
    column.volatility = read_volatility(in);
    std::vector<std::int64_t> weights_ppm;
    if (of_all_groups && in.is_object("weight")) {
      weights_ppm = read_group_weights(loading, in.object("weight"));
    } else {
      set_weight(column, read_ppm_or(in, "weight", 1, kPpm, kPpm), kPpm);
    }
    columns.push_back({name, std::move(column), std::move(weights_ppm)});
  }
  if (by_name.readable() && columns.empty()) by_name.problem("", "must not be empty");
  return columns;
}

Columns read_history(Loading& loading, JsonReader in, FactorSpan factors) {
  const auto count = in.integer("columns", 1, kDaysMax);
  const auto text = read_file(loading, in);
  if (!text) return {};
  const History history = parse_history(*text);
  if (!history.error.empty()) {
    in.problem("file", history.error);
    return {};
  }
  std::vector<std::optional<std::size_t>> places(factors.count);  // of the factors, in a line
  bool moves = false;
  for (std::size_t i = 0; i < history.names.size(); ++i) {
    const auto factor = loading.out.names.factors.find(history.names[i]);
    if (!factor.exists()) {
      in.problem("file", fmt::format("line 1: there is no factor {}", history.names[i]));
      return {};
    }
    if (factor.value < factors.first || factor.value - factors.first >= factors.count) continue;
    places[factor.value - factors.first] = i;
    moves = true;
  }
  if (!moves) in.problem("file", "line 1: names no factor of the group");
  if (!count) return {};
  if (static_cast<std::size_t>(*count) > history.days.size()) {
    in.problem("columns", fmt::format("the file has {} days", history.days.size()));
    return {};
  }
  Columns columns;
  for (auto day = history.days.end() - *count; day != history.days.end(); ++day) {
    Column column{day->date, {}};
    for (const auto& place : places) {
      column.settings.moves_ppm.push_back(place ? day->returns_ppm[*place] : 0);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace portcullis::config
