#include "config/reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/json.h"
#include "config/load_steps.h"
#include "config/overrides.h"
#include "config/path_pattern.h"
#include "risk/rules.h"

namespace portcullis::config {

namespace {

constexpr std::string_view kAtRestart = "can change only where the gate starts";

// Of the files' trees what may change, with all that is below; "*" is any name. The rest is fixed, or
// tells who and what there is. What these lead to is compared once more by risk::problems_of_change.
constexpr std::array<std::string_view, 30> kHot{
    "limits.json/version",
    "limits.json/profiles",
    "limits.json/venue/profile",
    "limits.json/members/*/profile",
    "limits.json/groups/*/profile",
    "limits.json/accounts/*/profile",
    "limits.json/accounts/*/rate",
    "limits.json/accounts/*/executions",
    "limits.json/accounts/*/protections",
    "limits.json/warnings",
    "instruments.json/instruments/*/maker_fee_ppm",
    "instruments.json/instruments/*/taker_fee_ppm",
    "instruments.json/instruments/*/market_orders",
    "instruments.json/instruments/*/open_interest_max",
    "assets.json/assets/*/debt_addon",
    "assets.json/assets/*/haircut_tiers",
    "assets.json/assets/*/maintenance_haircut_tiers",
    "assets.json/assets/*/tiers_in",
    "assets.json/assets/*/borrow",
    "assets.json/assets/*/share",
    "sessions.json/sessions/*/accounts",
    "sessions.json/sessions/*/instruments",
    "sessions.json/sessions/*/actions",
    "sessions.json/sessions/*/rate",
    "margin.json/groups/*/kappa",
    "margin.json/groups/*/gain_cap",
    "margin.json/groups/*/table_age_max_ms",
    "margin.json/sets",
    "margin.json/add_ons",
    "margin.json/bands",
};
// Of margin.json itself.
constexpr std::array<std::string_view, 13> kHotOfMargin{
    "group_mult",
    "joint_mult",
    "maintenance_group_mult",
    "maintenance_joint_mult",
    "combine_groups",
    "combine_joint",
    "maintenance_includes_orders",
    "liquidation_lock",
    "exit_allowance",
    "transfer_notional",
    "leverage_equity",
    "leverage_options",
    "leverage_spot",
};

using Path = std::vector<std::string_view>;

bool is_hot(const Path& path) {
  if (path.front().ends_with(kHistoryEnding) || path.front() == kOverridesMember) return true;
  if (std::any_of(kHot.begin(), kHot.end(),
                  [&](std::string_view pattern) { return leads_to(pattern, path); })) {
    return true;
  }
  if (path.size() < 2 || path[0] != kMarginFile) return false;
  return std::find(kHotOfMargin.begin(), kHotOfMargin.end(), path[1]) != kHotOfMargin.end();
}

class Comparison {
 public:
  explicit Comparison(std::vector<Problem>& problems) : problems_(problems) {}

  // Null: it is not there.
  void compare(const Json* from, const Json* to) {
    const bool are_objects = from != nullptr && to != nullptr && from->kind == Json::Kind::Object &&
                             to->kind == Json::Kind::Object;
    if (!path_.empty() && is_hot(path_)) return;
    if (!are_objects) {
      if (text_of(from) != text_of(to)) record(from, to);
      return;
    }
    for (const JsonMember& member : from->members) {
      path_.push_back(member.name);
      compare(&member.value, to->find(member.name));
      path_.pop_back();
    }
    for (const JsonMember& member : to->members) {
      if (from->find(member.name) != nullptr) continue;
      path_.push_back(member.name);
      compare(nullptr, &member.value);
      path_.pop_back();
    }
  }

 private:
  static std::string text_of(const Json* json) { return json == nullptr ? "" : to_text(*json); }
  void record(const Json* from, const Json* to) {
    constexpr std::size_t kShown = 80;  // of what was there
    const std::string was = text_of(from);
    std::string path;
    for (std::size_t p = 1; p < path_.size(); ++p) {
      if (p > 1) path += '.';
      path += path_[p];
    }
    problems_.push_back({std::string(path_.front()), std::move(path), text_of(to),
                         fmt::format("{}{}", kAtRestart,
                                     was.empty()            ? "; it was not there"
                                     : was.size() <= kShown ? "; it was " + was
                                                            : "")});
  }

  std::vector<Problem>& problems_;
  Path path_;
};

// Things are numbered in the order in which the files name them.
template <class Table>
void compare_names(const Table& from, const Table& to, std::string_view file, std::string_view of,
                   std::vector<Problem>& problems) {
  if (from.names() == to.names()) return;
  auto sorted_from = from.names();
  auto sorted_to = to.names();
  std::sort(sorted_from.begin(), sorted_from.end());
  std::sort(sorted_to.begin(), sorted_to.end());
  if (sorted_from != sorted_to) return;  // told by name
  problems.push_back({std::string(file), std::string(of), "",
                      fmt::format("{}: they stand in another order", kAtRestart)});
}

std::string name_of(const risk::ChangeProblem& problem, const Names& names) {
  const auto named = [&](const auto& table) {
    return problem.index < table.size() ? table.names()[problem.index] : std::string();
  };
  if (problem.of == "asset") return named(names.assets);
  if (problem.of == "instrument") return named(names.instruments);
  if (problem.of == "group") return named(names.risk_groups);
  if (problem.of == "node") return named(names.nodes);
  if (problem.of == "account") return named(names.accounts);
  if (problem.of == "session") return named(names.sessions);
  if (problem.of == "set" && problem.index < names.sets.size())
    return names.sets[problem.index].name;
  return "";
}

std::string_view file_of(const risk::ChangeProblem& problem) {
  if (problem.of == "asset") return kAssetsFile;
  if (problem.of == "instrument") return kInstrumentsFile;
  if (problem.of == "group" || problem.of == "set") return kMarginFile;
  if (problem.of == "node" || problem.of == "account") return kLimitsFile;
  return problem.of == "session" ? kSessionsFile : "";
}

// What the engine could not take, by the names of the files.
void compare_parameters(const Deployment& running, const Deployment& next,
                        std::vector<Problem>& problems) {
  for (const risk::ChangeProblem& problem :
       risk::problems_of_change(running.parameters, next.parameters)) {
    const std::string name = name_of(problem, running.names);
    problems.push_back({std::string(file_of(problem)), name, "",
                        fmt::format("another {}: {}", problem.what, kAtRestart)});
  }
}

// What risk tables are built of beside the shocks, which the engine compares.
void compare_columns(const Deployment& running, const Deployment& next,
                     std::vector<Problem>& problems) {
  for (std::size_t g = 0; g < running.groups.size() && g < next.groups.size(); ++g) {
    if (running.parameters.groups[g].row_count == 0) continue;
    const auto& from = running.groups[g].columns;
    const auto& to = next.groups[g].columns;
    const bool is_same = std::equal(from.begin(), from.end(), to.begin(), to.end(),
                                    [](const ColumnSettings& a, const ColumnSettings& b) {
                                      return a.volatility == b.volatility &&
                                             a.weight_numerator == b.weight_numerator &&
                                             a.weight_denominator == b.weight_denominator;
                                    });
    if (is_same) continue;
    problems.push_back({std::string(kMarginFile),
                        fmt::format("groups.{}", running.names.risk_groups.names()[g]), "",
                        fmt::format("other volatilities or weights of columns: {}", kAtRestart)});
  }
}

// What the door for JSON clients, which follows the orders by itself, knows of its sessions, and of what
// executions pay.
void compare_json_clients(const Deployment& running, const Deployment& next,
                          std::vector<Problem>& problems) {
  for (std::size_t s = 0; s < running.sessions.size() && s < next.sessions.size(); ++s) {
    if (running.sessions[s].protocol != Protocol::Json ||
        running.parameters.sessions[s].accounts == next.parameters.sessions[s].accounts) {
      continue;
    }
    problems.push_back({std::string(kSessionsFile),
                        fmt::format("sessions.{}.accounts", running.names.sessions.names()[s]), "",
                        fmt::format("of a JSON session: {}", kAtRestart)});
  }
  for (std::size_t i = 0; running.edge && i < running.instruments.size(); ++i) {
    if (running.instruments[i].json_symbol.empty() ||
        running.parameters.instruments[i].fee_ppm == next.parameters.instruments[i].fee_ppm) {
      continue;
    }
    problems.push_back({std::string(kInstrumentsFile),
                        fmt::format("instruments.{}", running.names.instruments.names()[i]), "",
                        fmt::format("another fee, and JSON clients trade it: {}", kAtRestart)});
  }
}

}  // namespace

std::vector<Problem> problems_of_reload(const Deployment& running, const Deployment& next) {
  std::vector<Problem> problems;
  const JsonResult from = parse_json(running.canonical_text);
  const JsonResult to = parse_json(next.canonical_text);
  Comparison(problems).compare(&from.json, &to.json);
  compare_names(running.names.assets, next.names.assets, kAssetsFile, "assets", problems);
  compare_names(running.names.factors, next.names.factors, kMarginFile, "groups", problems);
  compare_names(running.names.risk_groups, next.names.risk_groups, kMarginFile, "groups", problems);
  compare_names(running.names.instruments, next.names.instruments, kInstrumentsFile, "instruments",
                problems);
  compare_names(running.names.nodes, next.names.nodes, kLimitsFile, "members and groups", problems);
  compare_names(running.names.accounts, next.names.accounts, kLimitsFile, "accounts", problems);
  compare_names(running.names.sessions, next.names.sessions, kSessionsFile, "sessions", problems);
  if (!problems.empty()) return problems;  // the indexes below are those of the same things
  compare_parameters(running, next, problems);
  compare_columns(running, next, problems);
  compare_json_clients(running, next, problems);
  return problems;
}

}  // namespace portcullis::config
