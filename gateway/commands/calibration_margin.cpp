// margin.json of a candidate: grids, factors against each other, histories and breaks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/commands/calibration_making.h"
#include "gateway/commands/json_edit.h"

namespace portcullis::gateway {

namespace {

using config::Json;
using feeds::calibration::FactorEvidence;
using feeds::calibration::HistoryRow;
using risk::kPpm;

constexpr std::int64_t kPointsByDefault = 9;
constexpr std::size_t kRowsByDefault = 500;
constexpr std::int64_t kOffsetMost = 800'000;  // EMIR RTS 153/2013, Article 27
constexpr const char* kRange = "calibrated_range";
constexpr const char* kApart = "calibrated_apart";
constexpr const char* kHistory = "calibrated_history";
constexpr const char* kBreaks = "calibrated_breaks";
constexpr std::size_t kNameMax = 32;
constexpr std::int64_t kMoveMin = -kPpm;
constexpr std::int64_t kMoveMax = 10 * kPpm;

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

// Of an earlier candidate that is now the base.
void remove(Json& sets, std::string_view name) {
  std::erase_if(sets.members, [&](const auto& set) { return set.name == name; });
}

class MarginChange {
 public:
  explicit MarginChange(Making& making) : making_(making) {}

  void change() {
    Json margin = config::parse_json(making_.base.at("margin.json")).json;
    Json& sets = *member(margin, "sets");
    change_ranges(sets);
    add_apart(sets);
    change_histories(sets);
    add_breaks(sets);
    making_.out.texts["margin.json"] = pretty(margin);
  }

 private:
  // The per-group set whose grids are the proposed ones; null: there is none.
  Json* range_set(Json& sets, std::string& name) {
    Json* found = nullptr;
    for (config::JsonMember& set : sets.members) {
      if (set.name == kRange) continue;  // made anew
      Json* const groups = member(set.value, "groups");
      const bool has_grid =
          groups != nullptr &&
          std::any_of(groups->members.begin(), groups->members.end(),
                      [](auto& part) { return part.value.find("grid") != nullptr; });
      if (!has_grid || (!making_.options.set.empty() && making_.options.set != set.name)) continue;
      if (making_.options.set.empty() && !is_text(set.value.find("action"), "enforce")) continue;
      if (found != nullptr) {
        making_.problem(
            "margin.json", "sets", "",
            fmt::format("{} and {} have grids: say with --set whose ranges are calibrated", name,
                        set.name));
        return nullptr;
      }
      found = &set.value;
      name = set.name;
    }
    if (found == nullptr && !making_.options.set.empty())
      making_.problem("--set", "", config::quote(making_.options.set),
                      "is no set of margin.json with a grid");
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
      const FactorEvidence* const of = making_.evidence_of(factor);
      if (of == nullptr) return;
      Json after = json_share(range_of(*of, points));
      making_.note("margin.json", path, value.text, after.text);
      value = std::move(after);
    };
    const std::string path =
        fmt::format("sets.{}.groups.{}.grid.range", set, making_.group_name(group));
    if (range.kind != Json::Kind::Object) {
      change(making_.factors_of(group).front(), range, path);
      return;
    }
    for (config::JsonMember& each : range.members)
      change(each.name, each.value, path + '.' + each.name);
  }

  void change_ranges(Json& sets) {
    std::string name;
    Json* const set = range_set(sets, name);
    if (!making_.out.problems.empty()) return;
    Json parts = json_object();
    for (std::size_t g = 0; g < making_.group_count(); ++g) {
      if (making_.calibrated_of(g).empty()) continue;
      Json* const part =
          set == nullptr ? nullptr : member(*member(*set, "groups"), making_.group_name(g));
      if (Json* const grid = part == nullptr ? nullptr : member(*part, "grid")) {
        change_grid(name, g, *grid);
      } else {
        add_grid(g, parts);
      }
    }
    set_worst(sets, kRange, std::move(parts));
  }

  // A set of the groups' worst losses; none where no group has a part in it.
  static void set_worst(Json& sets, const char* name, Json parts) {
    if (parts.members.empty()) {
      remove(sets, name);
      return;
    }
    Json set = json_object();
    set_member(set, "scope", json_text("per_group"));
    set_member(set, "measure", json_text("worst"));
    set_member(set, "action", json_text("enforce"));
    set_member(set, "groups", std::move(parts));
    set_member(sets, name, std::move(set));
  }

  void add_grid(std::size_t group, Json& parts) {
    const std::vector<std::string> names = making_.factors_of(group);
    if (making_.calibrated_of(group).size() != names.size()) {
      making_.problem(
          "margin.json", "groups." + making_.group_name(group), "",
          "has no grid in the set, so that every factor of it must have a price history");
      return;
    }
    Json range = json_object();
    for (const std::string& name : names) {
      Json value = json_share(range_of(*making_.evidence_of(name), kPointsByDefault));
      making_.note("margin.json",
                   fmt::format("sets.calibrated_range.groups.{}.grid.range{}",
                               making_.group_name(group), names.size() == 1 ? "" : '.' + name),
                   "", value.text);
      set_member(range, name, std::move(value));
    }
    Json grid = json_object();
    set_member(grid, "range", names.size() == 1 ? range.members.front().value : range);
    set_member(grid, "points", json_integer(kPointsByDefault));
    Json part = json_object();
    set_member(part, "grid", std::move(grid));
    set_member(parts, making_.group_name(group), std::move(part));
  }

  // How far two factors move against each other: ES of their spread, shared as their shocks are.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> apart(std::size_t a, std::size_t b) const {
    const auto is_pair = [&](const auto& pair) {
      return pair.a == std::min(a, b) && pair.b == std::max(a, b);
    };
    const auto& pair =
        *std::find_if(making_.evidence.pairs.begin(), making_.evidence.pairs.end(), is_pair);
    const std::int64_t shock_a = making_.evidence.factors[a].shock_ppm;
    const std::int64_t shock_b = making_.evidence.factors[b].shock_ppm;
    const std::int64_t sum = shock_a + shock_b;
    const std::int64_t spread = std::min(pair.spread_shock_tail_ppm, sum);
    const auto part = [&](std::int64_t shock) {
      return static_cast<std::int64_t>(risk::ceil_div(risk::Int128{shock} * spread, sum));
    };
    return {std::min(part(shock_a), kPpm), std::min(part(shock_b), kPpm)};
  }

  void add_apart(Json& sets) {
    Json parts = json_object();
    for (std::size_t g = 0; g < making_.group_count(); ++g) {
      const std::vector<std::string> names = making_.calibrated_of(g);
      if (names.size() < 2) continue;
      const bool has_others = making_.factors_of(g).size() > 2;
      Json columns = json_object();
      Json unchanged = json_object();
      set_member(unchanged, "default", json_share(0));
      set_member(columns, "unchanged", std::move(unchanged));
      for (const std::string& up : names) {
        for (const std::string& down : names) {
          if (up == down) continue;
          const auto [move_up, move_down] = apart(making_.place_of(up), making_.place_of(down));
          Json column = json_object();
          set_member(column, up, json_share(move_up));
          set_member(column, down, json_share(-move_down));
          if (has_others) set_member(column, "default", json_share(0));
          const std::string name = fit(fmt::format("{} up, {} down", up, down), columns);
          making_.note("margin.json",
                       fmt::format("sets.calibrated_apart.{}.{}", making_.group_name(g), name), "",
                       fmt::format("{} and {}", config::to_decimal(move_up, config::kPpmScale),
                                   config::to_decimal(-move_down, config::kPpmScale)));
          set_member(columns, name, std::move(column));
        }
      }
      Json part = json_object();
      set_member(part, "columns", std::move(columns));
      set_member(parts, making_.group_name(g), std::move(part));
    }
    set_worst(sets, kApart, std::move(parts));
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
    for (const std::string& name : making_.factors()) {
      if (making_.evidence_of(name) == nullptr) continue;
      places.push_back(making_.place_of(name));
      text += ',' + name;
    }
    text += '\n';
    for (std::size_t i = making_.evidence.rows.size() - rows; i < making_.evidence.rows.size();
         ++i) {
      const HistoryRow& row = making_.evidence.rows[i];
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
    const auto wanted = making_.options.rows != 0 ? making_.options.rows
                                                  : static_cast<std::size_t>(columns.integer);
    const std::size_t rows = std::min(wanted, making_.evidence.rows.size());
    making_.note("margin.json", path + ".history.columns", to_text(columns), std::to_string(rows));
    columns = json_integer(static_cast<std::int64_t>(rows));
    // Sets that share a file take their newest rows of the longest.
    const std::string text = history_text(rows);
    std::string& there = histories_[file];
    if (text.size() > there.size()) there = text;
    making_.out.texts[file] = there;
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
      making_.note("margin.json", "histories", "the base's", rows_text());
      return;
    }
    const std::size_t rows =
        std::min(making_.options.rows != 0 ? making_.options.rows : kRowsByDefault,
                 making_.evidence.rows.size());
    Json history = json_object();
    set_member(history, "file", json_text("calibrated.csv"));
    set_member(history, "columns", json_integer(static_cast<std::int64_t>(rows)));
    Json set = json_object();
    set_member(set, "scope", json_text("joint"));
    set_member(set, "measure", json_text("es"));
    set_member(set, "tail", json_share(making_.evidence.settings.floor_tail_ppm));
    set_member(set, "action", json_text("enforce"));
    set_member(set, "weight", json_share(kOffsetMost));
    set_member(set, "history", std::move(history));
    set_member(sets, kHistory, std::move(set));
    making_.out.texts["calibrated.csv"] = history_text(rows);
    making_.note("margin.json", "sets.calibrated_history", "",
                 fmt::format("{} rows, {}", rows, rows_text()));
  }

  [[nodiscard]] std::string rows_text() const {
    return fmt::format("the newest joint rows until {}",
                       feeds::calibration::to_text(making_.evidence.rows.back().day));
  }

  // --- breaks

  // A column that moves each calibrated factor of the base as `move_of` says.
  template <class MoveOf>
  void add_break(Json& columns, std::string name, MoveOf move_of) {
    name = fit(std::move(name), columns);
    if (member(columns, name) != nullptr) return;
    Json column = json_object();
    bool moves_all = true;
    for (std::size_t g = 0; g < making_.group_count(); ++g) {
      for (const std::string& factor : making_.factors_of(g)) {
        if (making_.evidence_of(factor) == nullptr) {
          moves_all = false;
        } else {
          const std::int64_t move = move_of(g, making_.place_of(factor));
          set_member(column, factor, json_share(std::clamp(move, kMoveMin, kMoveMax)));
        }
      }
    }
    if (!moves_all) set_member(column, "default", json_share(0));
    set_member(columns, name, std::move(column));
  }

  void add_breaks(Json& sets) {
    Json columns = json_object();
    const auto shock = [&](std::size_t place) { return making_.evidence.factors[place].shock_ppm; };
    for (const HistoryRow& row : making_.evidence.breaks) {
      add_break(columns, feeds::calibration::to_text(row.day),
                [&](std::size_t, std::size_t of) { return row.moves_ppm[of]; });
    }
    add_break(columns, "all down", [&](std::size_t, std::size_t of) { return -shock(of); });
    add_break(columns, "all up", [&](std::size_t, std::size_t of) { return shock(of); });
    for (std::size_t g = 0; g < making_.group_count() && making_.group_count() > 1; ++g) {
      if (making_.calibrated_of(g).empty()) continue;
      add_break(
          columns, making_.group_name(g) + " down, rest up",
          [&](std::size_t group, std::size_t of) { return group == g ? -shock(of) : shock(of); });
      add_break(
          columns, making_.group_name(g) + " up, rest down",
          [&](std::size_t group, std::size_t of) { return group == g ? shock(of) : -shock(of); });
    }
    making_.note("margin.json", "sets.calibrated_breaks", "",
                 fmt::format("{} columns, a warning", columns.members.size()));
    Json set = json_object();
    set_member(set, "scope", json_text("joint"));
    set_member(set, "measure", json_text("worst"));
    set_member(set, "action", json_text("warn"));
    set_member(set, "weight", json_share(kPpm));
    set_member(set, "columns", std::move(columns));
    set_member(sets, kBreaks, std::move(set));
  }

  Making& making_;
  std::map<std::string, std::string> histories_{};  // by file
};

}  // namespace

void change_margin(Making& making) { MarginChange(making).change(); }

}  // namespace portcullis::gateway
