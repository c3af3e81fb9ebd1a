// No change of a configuration's shape goes unnoticed: of the shipped example, and of a margin model
// with every key.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_shape_test {
namespace {

using test::Change;
using test::Sample;
using test::Texts;

// Visits every member of every object, with its path.
template <class Visit>
void each_member(const Json& json, const std::string& path, Visit& visit) {
  for (const JsonMember& member : json.members) {
    const std::string member_path = path.empty() ? member.name : path + "." + member.name;
    visit(member_path, member.value);
    each_member(member.value, member_path, visit);
  }
  for (std::size_t i = 0; i < json.items.size(); ++i) {
    each_member(json.items[i], path + "[" + std::to_string(i) + "]", visit);
  }
}

// Calls visit(sample, file, path, value) for every member of every file, the documents first.
template <class Visit>
void each_member_of_all(Visit visit) {
  for (const Sample& sample : test::samples()) {
    for (const std::string& file : sample.files) {
      const Json json = parse_json(sample.texts.at(file)).json;
      const auto visit_member = [&](const std::string& path, const Json& value) {
        visit(sample, file, path, value);
      };
      visit_member("", json);
      each_member(json, "", visit_member);
    }
  }
}

std::vector<Problem> problems_with(const Sample& sample, const Change& change) {
  Texts texts = sample.texts;
  test::apply(texts, change);
  return sample.load(texts).problems;
}

bool has_problem_at(const std::vector<Problem>& problems, const std::string& file,
                    const std::string& path) {
  return std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.file == file && problem.path == path;
  });
}

std::string last_key(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// Keys that can be left out alone, since something stands for them.
const std::set<std::string>& optional_keys() {
  static const std::set<std::string> keys{
      // assets.json
      "tiers_in", "maintenance_haircut_tiers", "borrow", "share",
      // margin.json
      "gain_cap", "volatility", "table_rebuild", "regimes", "leverage_cap", "damped", "requirement",
      "combine_weight", "maintenance_group_mult", "maintenance_joint_mult", "combine_joint",
      "add_ons", "kinds", "factors", "instruments", "each", "initial", "maintenance",
      "ramp_open_interest", "short_of", "offset", "bands", "maintenance_includes_orders",
      "liquidation_lock", "exit_allowance", "transfer_notional", "leverage_equity",
      "leverage_options", "leverage_spot",
      // instruments.json
      "risk", "long_value", "reference_ratio", "open_interest_max", "json_symbol",
      // process.json; the control plane listens on loopback
      "address", "control", "four_eyes", "override_max_s", "cores",
      // sessions.json; the demo is without an edge, but where JSON sessions are it cannot be missing
      "protocol",
      // limits.json
      "leverage_brackets", "collar_underlying", "collar_ticks", "open_interest_share", "cash_only",
      "protections", "warnings", "levels_percent", "hysteresis_percent", "limits",
      "escalate_after_s",
      // feeds.json
      "price_multiplier", "interval", "authorities_file", "connect_ms", "silence_ms",
      "prices_silence_ms", "reconnect_ms_min", "reconnect_ms_max", "publishers", "funding",
      "open_interest", "quantity_multiplier"};
  return keys;
}

// Names that nothing else refers to: of what a file has several of.
bool is_free_name(const std::string& file, const std::string& path) {
  const std::string list = path.substr(0, path.find('.') == path.npos ? 0 : path.rfind('.'));
  const auto ends_with = [&](std::string_view end) { return list.ends_with(end); };
  if (file == "margin.json") {
    // In a column, what "default" stands for.
    return list == "sets" || list == "add_ons" || list == "regimes" || ends_with(".groups") ||
           list.find(".columns") != list.npos;
  }
  if (file == "assets.json") return list == "assets";
  if (file == "limits.json") return list == "accounts" || list == "warnings.limits";
  if (file == "process.json") return list == "control.tokens" || list == "gateway.cores";
  return file == "sessions.json" && list == "sessions";
}

TEST(ConfigShape, NoKeyCanBeMissingForWhichNothingStands) {
  int removed = 0;
  std::set<std::string> left_out;
  each_member_of_all(
      [&](const Sample& sample, const std::string& file, const std::string& path, const Json&) {
        if (path.empty()) return;
        const auto problems = problems_with(sample, {Change::Kind::Remove, file, path, ""});
        ++removed;
        if (!problems.empty()) return;
        if (is_free_name(file, path)) return;
        const std::string key = last_key(path);
        EXPECT_TRUE(optional_keys().contains(key)) << file << ": " << path;
        left_out.insert(key);
      });
  EXPECT_GT(removed, 1'000);
  for (const std::string& key : optional_keys()) {
    EXPECT_TRUE(left_out.contains(key)) << key << " could never be left out";
  }
}

TEST(ConfigShape, NoKeyCanBeAdded) {
  int added = 0;
  each_member_of_all([&](const Sample& sample, const std::string& file, const std::string& path,
                         const Json& value) {
    if (value.kind != Json::Kind::Object) return;
    const std::string key = path.empty() ? "zzz" : path + ".zzz";
    EXPECT_TRUE(
        has_problem_at(problems_with(sample, {Change::Kind::Add, file, key, "17"}), file, key))
        << file << ": " << key;
    ++added;
  });
  EXPECT_GT(added, 200);
}

TEST(ConfigShape, NoKeyCanBeThereTwice) {
  each_member_of_all([&](const Sample& sample, const std::string& file, const std::string& path,
                         const Json& value) {
    if (path.empty()) return;
    EXPECT_TRUE(has_problem_at(
        problems_with(sample, {Change::Kind::Add, file, path, to_text(value)}), file, path))
        << file << ": " << path;
  });
}

TEST(ConfigShape, NoValueCanBeOfAnotherType) {
  // May be null, or what is there.
  const std::set<std::string> nullable{"leverage_max",    "daily_loss_max",
                                       "default_account", "suspense_account",
                                       "ring_directory",  "upto",
                                       "gain_cap",        "initial",
                                       "maintenance",     "edge",
                                       "control",         "tls",
                                       "json_symbol",     "rate"};
  int changed = 0;
  each_member_of_all([&](const Sample& sample, const std::string& file, const std::string& path,
                         const Json& value) {
    if (path.empty()) return;
    for (const std::string_view other : {"17", "1.5", "\"?\"", "true", "{}", "[]", "null"}) {
      const Json json = parse_json(other).json;
      if (json.kind == value.kind) continue;
      const bool is_of_cores = path.starts_with("gateway.cores");
      const bool may_be_null = nullable.contains(last_key(path)) || is_of_cores;
      if (may_be_null && (json.kind == Json::Kind::Null || value.kind == Json::Kind::Null)) {
        if (json.kind == Json::Kind::Null || other == "\"?\"" || other == "[]" || other == "{}")
          continue;
      }
      // One core, or a list of them.
      if (is_of_cores && value.kind == Json::Kind::Array && other == "17") continue;
      // A list of tiers that is empty, and so on, is told elsewhere.
      const auto problems =
          problems_with(sample, {Change::Kind::Set, file, path, std::string(other)});
      EXPECT_TRUE(has_problem_at(problems, file, path)) << file << ": " << path << ": " << other;
      ++changed;
    }
  });
  EXPECT_GT(changed, 5'000);
}

}  // namespace
}  // namespace portcullis::config::config_shape_test
