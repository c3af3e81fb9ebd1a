#include "gateway/commands/tune_configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "config/json.h"
#include "config/load.h"
#include "gateway/commands/json_edit.h"
#include "gateway/commands/stats.h"

namespace portcullis::gateway {

namespace {

using config::Json;

constexpr std::string_view kHistoryEnding = ".csv";

// Objects whose members are numbered in their order.
struct Numbered {
  const char* file;
  const char* member;
  const char* what;
};
constexpr std::array kNumbered{
    Numbered{"assets.json", "assets", "asset"},
    Numbered{"margin.json", "groups", ""},
    Numbered{"instruments.json", "instruments", "instrument"},
    Numbered{"limits.json", "members", ""},
    Numbered{"limits.json", "groups", ""},
    Numbered{"limits.json", "accounts", "account"},
    Numbered{"sessions.json", "sessions", "session"},
};

// Those of `order` first, in its order, then the others.
void sort_like(Json& json, const Json& order) {
  std::vector<config::JsonMember> sorted;
  for (const config::JsonMember& each : order.members) {
    const auto found =
        std::find_if(json.members.begin(), json.members.end(),
                     [&](const config::JsonMember& other) { return other.name == each.name; });
    if (found == json.members.end()) continue;
    sorted.push_back(std::move(*found));
    json.members.erase(found);
  }
  std::move(json.members.begin(), json.members.end(), std::back_inserter(sorted));
  json.members = std::move(sorted);
}

// Every problem of the kind that something the recording has is missing.
void sort_numbered(std::map<std::string, Json>& files, const std::map<std::string, Json>& recorded,
                   std::vector<config::Problem>& problems) {
  for (const Numbered& of : kNumbered) {
    const auto file = files.find(of.file);
    const auto then = recorded.find(of.file);
    if (file == files.end() || then == recorded.end()) continue;
    Json* const json = member(file->second, of.member);
    const Json* const order = then->second.find(of.member);
    if (json == nullptr || order == nullptr || json->kind != Json::Kind::Object) continue;
    if (of.what[0] != '\0') {
      for (const config::JsonMember& each : order->members) {
        if (json->find(each.name) == nullptr) {
          problems.push_back({of.file, of.member, config::quote(each.name),
                              fmt::format("is not there: the journal has this {}", of.what)});
        }
      }
    }
    sort_like(*json, *order);
  }
}

std::map<std::string, Json> parse_all(const TuneTexts& texts,
                                      std::vector<config::Problem>& problems) {
  std::map<std::string, Json> files;
  for (const auto& [name, text] : texts) {
    if (name.ends_with(kHistoryEnding)) continue;
    config::JsonResult result = config::parse_json(text);
    if (!result.error.empty()) {
      problems.push_back(
          {name, result.line == 0 ? "" : fmt::format("line {}", result.line), "", result.error});
    }
    files[name] = std::move(result.json);
  }
  return files;
}

// Ticks, lots and units must mean the same.
void check_units(const config::Deployment& candidate, const config::Deployment& recorded,
                 std::vector<config::Problem>& problems) {
  const auto differs = [&](const char* file, std::string path, const char* what) {
    problems.push_back(
        {file, std::move(path), "",
         fmt::format("has another {} than the recording, which counts in it", what)});
  };
  for (std::uint32_t a = 0; a < recorded.assets.size(); ++a) {
    const std::string path = "assets." + recorded.names.assets.name({a});
    if (candidate.assets[a].decimals != recorded.assets[a].decimals)
      differs("assets.json", path, "number of decimals");
    if (candidate.assets[a].index_decimals != recorded.assets[a].index_decimals)
      differs("assets.json", path, "number of index decimals");
  }
  for (std::uint32_t i = 0; i < recorded.instruments.size(); ++i) {
    const config::InstrumentSettings& now = candidate.instruments[i];
    const config::InstrumentSettings& then = recorded.instruments[i];
    const risk::InstrumentParameters& now_risk = candidate.parameters.instruments[i];
    const risk::InstrumentParameters& then_risk = recorded.parameters.instruments[i];
    const std::string path = "instruments." + recorded.names.instruments.name({i});
    if (now.kind != then.kind) differs("instruments.json", path, "kind");
    if (now.mark_decimals != then.mark_decimals ||
        now_risk.marks_per_tick != then_risk.marks_per_tick) {
      differs("instruments.json", path, "tick");
    }
    if (now.lot != then.lot || now.quantity_decimals != then.quantity_decimals)
      differs("instruments.json", path, "lot");
    if (now_risk.units_per_lot_mark != then_risk.units_per_lot_mark ||
        now_risk.settlement != then_risk.settlement || now_risk.base != then_risk.base ||
        now_risk.base_per_lot != then_risk.base_per_lot) {
      differs("instruments.json", path, "multiplier or settlement");
    }
    if (now.venue.price_per_tick != then.venue.price_per_tick ||
        now.venue.quantity_per_lot != then.venue.quantity_per_lot ||
        now.venue.symbol != then.venue.symbol) {
      differs("sessions.json", "alias_sets", "symbol, tick or lot at the venue");
    }
  }
}

// What tells of passwords is in no recording.
bool is_secret(const std::string& name) {
  return name.starts_with("password") || name.starts_with("secret");
}

void compare(const std::string& file, const std::string& path, const Json* before,
             const Json* after, std::vector<TuneDifference>& differences) {
  const bool are_objects = before != nullptr && after != nullptr &&
                           before->kind == Json::Kind::Object && after->kind == Json::Kind::Object;
  if (!are_objects) {
    const std::string was = before == nullptr ? "" : to_text(*before);
    const std::string is = after == nullptr ? "" : to_text(*after);
    if (was != is) differences.push_back({file, path, was, is});
    return;
  }
  const auto below = [&](const std::string& name) {
    return path.empty() ? name : path + "." + name;
  };
  for (const config::JsonMember& each : before->members) {
    if (!is_secret(each.name))
      compare(file, below(each.name), &each.value, after->find(each.name), differences);
  }
  for (const config::JsonMember& each : after->members) {
    if (!is_secret(each.name) && before->find(each.name) == nullptr)
      compare(file, below(each.name), nullptr, &each.value, differences);
  }
}

}  // namespace

TuneTexts recorded_texts(std::string_view canonical) {
  TuneTexts texts;
  for (const config::JsonMember& file : config::parse_json(canonical).json.members) {
    texts[file.name] = file.name.ends_with(kHistoryEnding) ? file.value.text : to_text(file.value);
  }
  return texts;
}

TuneTexts candidate_texts(const TuneTexts& recorded, const std::filesystem::path& folder) {
  TuneTexts texts = recorded;
  bool any = false;
  for (const char* const file : config::kDeploymentFiles) {
    if (!std::filesystem::exists(folder / file)) continue;
    texts[file] = read_text(folder / file);
    any = true;
  }
  if (!any) {
    throw std::runtime_error(
        fmt::format("{}: has none of the files of a configuration", folder.string()));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kHistoryEnding) &&
        texts["margin.json"].find(config::quote(name)) != std::string::npos) {
      texts[name] = read_text(entry.path());
    }
  }
  return texts;
}

std::vector<TuneDifference> differences_of(const TuneTexts& recorded, const TuneTexts& candidate) {
  std::vector<TuneDifference> differences;
  for (const auto& [name, text] : candidate) {
    const auto before = recorded.find(name);
    const std::string& was = before == recorded.end() ? std::string() : before->second;
    if (was == text) continue;
    if (name.ends_with(kHistoryEnding)) {
      differences.push_back({name, "", was.empty() ? "" : "another history", "a history"});
      continue;
    }
    const Json then = config::parse_json(was).json;
    const Json now = config::parse_json(text).json;
    compare(name, "", &then, &now, differences);
  }
  return differences;
}

TuneCandidate load_candidate(const TuneTexts& texts, const TuneTexts& recorded_texts,
                             const config::Deployment& recorded) {
  TuneCandidate candidate;
  std::map<std::string, Json> files = parse_all(texts, candidate.problems);
  if (!candidate.problems.empty()) return candidate;
  std::vector<config::Problem> ignored;
  sort_numbered(files, parse_all(recorded_texts, ignored), candidate.problems);

  // In the one text that a journal keeps: of a recording's files nobody has the passwords.
  std::string text;
  for (const auto& [name, json] : files)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", config::quote(name), to_text(json));
  for (const auto& [name, history] : texts) {
    if (name.ends_with(kHistoryEnding))
      text += fmt::format(",{}:{}", config::quote(name), config::quote(history));
  }
  config::LoadResult loaded = config::load_canonical("{" + text + "}", recorded.folder);
  candidate.problems.insert(candidate.problems.begin(), loaded.problems.begin(),
                            loaded.problems.end());
  if (!candidate.problems.empty()) return candidate;
  check_units(loaded.deployment, recorded, candidate.problems);
  if (!candidate.problems.empty()) return candidate;
  risk::Capacities& capacities = loaded.deployment.parameters.capacities;
  const std::uint32_t slots = capacities.group_slots;
  capacities = recorded.parameters.capacities;
  capacities.group_slots = std::max(capacities.group_slots, slots);
  candidate.deployment = std::make_unique<const config::Deployment>(std::move(loaded.deployment));
  return candidate;
}

}  // namespace portcullis::gateway
