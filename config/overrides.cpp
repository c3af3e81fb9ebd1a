#include "config/overrides.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/json_reader.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

constexpr std::size_t kValueSizeMax = 64;
constexpr std::size_t kNameSizeMax = 32;

const OverridableLimit* find_limit(std::string_view key, bool of_instrument) {
  const auto* const found = std::find_if(
      kOverridableLimits.begin(), kOverridableLimits.end(), [&](const OverridableLimit& limit) {
        return limit.key == key && limit.of_instrument == of_instrument;
      });
  return found == kOverridableLimits.end() ? nullptr : found;
}

// As limits.json writes it. A text that is no such value stays a text, and the loader says what it is
// not.
Json json_of(const std::string& value, Json::Kind kind) {
  Json json;
  json.kind = Json::Kind::Text;
  json.text = value;
  if (kind == Json::Kind::Bool && (value == "true" || value == "false")) {
    json.kind = kind;
    json.boolean = value == "true";
  }
  if (kind == Json::Kind::Integer) {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), json.integer);
    if (error == std::errc() && end == value.data() + value.size()) json.kind = kind;
  }
  return json;
}

Json* find(Json& object, std::string_view name) {
  for (JsonMember& member : object.members)
    if (member.name == name) return &member.value;
  return nullptr;
}

void set(Json& object, std::string_view name, Json value) {
  if (Json* const there = find(object, name)) {
    *there = std::move(value);
  } else {
    object.members.push_back({std::string(name), std::move(value)});
  }
}

LimitOverride read_limit(JsonReader& in) {
  LimitOverride limit;
  const bool has_account = in.has("account");
  if (has_account == in.has("node")) {
    in.skip("account");
    in.skip("node");
    in.problem("", "must have one of account and node");
  } else {
    limit.of_account = has_account;
    limit.target = in.text(has_account ? "account" : "node", 1, kNameSizeMax).value_or("");
  }
  if (in.has("instrument")) limit.instrument = in.text("instrument", 1, kNameSizeMax).value_or("");
  const auto key = in.text("limit", 1, kNameSizeMax);
  limit.limit = key.value_or("");
  if (key && find_limit(*key, !limit.instrument.empty()) == nullptr) {
    in.problem("limit", limit.instrument.empty()
                            ? "must be a limit over all instruments that can be overridden"
                            : "must be a limit of an instrument that can be overridden");
  }
  limit.value = in.text("value", 1, kValueSizeMax).value_or("");
  return limit;
}

}  // namespace

std::string to_text(const std::vector<LimitOverride>& limits) {
  std::string text;
  for (const LimitOverride& limit : limits) {
    text += text.empty() ? "[" : ",";
    text +=
        fmt::format("{{{}:{}", quote(limit.of_account ? "account" : "node"), quote(limit.target));
    if (!limit.instrument.empty()) text += ",\"instrument\":" + quote(limit.instrument);
    text += fmt::format(",\"limit\":{},\"value\":{}}}", quote(limit.limit), quote(limit.value));
  }
  return text.empty() ? "[]" : text + "]";
}

std::vector<LimitOverride> read_limit_overrides(std::string_view file, const Json& object,
                                                std::string_view key,
                                                std::vector<Problem>& problems) {
  std::vector<LimitOverride> limits;
  Json only;  // so that nobody asks for its other keys
  only.kind = Json::Kind::Object;
  if (const Json* const list = object.find(key)) only.members.push_back({std::string(key), *list});
  JsonReader in(file, only, problems);
  in.each_item(key, [&](JsonReader& item) { limits.push_back(read_limit(item)); });
  if (limits.empty() && in.is_list(key)) in.problem(key, "must not be empty");
  return limits;
}

// --- layers

std::vector<OverrideSet> read_override_sets(const Json& list) {
  std::vector<OverrideSet> sets;
  std::vector<Problem> problems;  // none: it was written here
  for (const Json& item : list.items) {
    OverrideSet& set = sets.emplace_back();
    if (const Json* const change = item.find("change"))
      set.change = static_cast<std::uint32_t>(change->integer);
    if (const Json* const expires = item.find("expires_at_ns")) set.expires_at = {expires->integer};
    set.limits = read_limit_overrides(kOverridesMember, item, "limits", problems);
  }
  return sets;
}

std::string without_overrides(std::string_view canonical_text) {
  JsonResult all = parse_json(canonical_text);
  if (all.json.find(kOverridesMember) == nullptr) return std::string(canonical_text);
  std::erase_if(all.json.members,
                [](const JsonMember& member) { return member.name == kOverridesMember; });
  return to_text(all.json);
}

std::vector<OverrideSet> overrides_of(std::string_view canonical_text) {
  const JsonResult all = parse_json(canonical_text);
  const Json* const list = all.json.find(kOverridesMember);
  return list == nullptr ? std::vector<OverrideSet>() : read_override_sets(*list);
}

std::string with_overrides(const std::string& configuration_text,
                           const std::vector<OverrideSet>& overrides) {
  if (overrides.empty()) return configuration_text;
  std::string list;
  for (const OverrideSet& set : overrides) {
    list +=
        fmt::format("{}{{\"change\":{},\"expires_at_ns\":{},\"limits\":{}}}",
                    list.empty() ? "" : ",", set.change, set.expires_at.ns, to_text(set.limits));
  }
  return fmt::format("{{{}:[{}],{}", quote(kOverridesMember), list, configuration_text.substr(1));
}

// --- limits.json

namespace {

struct OverrideTarget {
  Json* object = nullptr;  // with a profile; null: there is none of this name
  std::string path;        // "accounts.alpha-house"
};

OverrideTarget find_target(Json& limits, const LimitOverride& limit) {
  const auto in = [&](std::string_view of) {
    Json* const all = find(limits, of);
    return all == nullptr ? nullptr : find(*all, limit.target);
  };
  if (limit.of_account) return {in("accounts"), "accounts." + limit.target};
  if (Json* const member = in("members")) return {member, "members." + limit.target};
  if (Json* const group = in("groups")) return {group, "groups." + limit.target};
  Json* const venue = find(limits, "venue");
  const Json* const name = venue == nullptr ? nullptr : venue->find("name");
  if (name != nullptr && name->text == limit.target) return {venue, "venue"};
  return {nullptr, "node " + limit.target};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> apply_overrides(
    Json& limits, const std::vector<OverrideSet>& overrides, std::vector<Problem>& problems) {
  std::vector<std::pair<std::string, std::string>> added;
  Json* const profiles = find(limits, "profiles");
  if (profiles == nullptr) return added;
  const auto refuse = [&](const std::string& path, std::string_view what) {
    problems.push_back({std::string(kLimitsFile), path, "", "override: " + std::string(what)});
  };
  int number = 0;
  // The profile that is the target's own.
  const auto own_profile = [&](OverrideTarget& target) -> Json* {
    Json* const name = find(*target.object, "profile");
    const Json* const shared = name == nullptr ? nullptr : profiles->find(name->text);
    if (shared == nullptr) return nullptr;
    const auto is_own = [&](const auto& one) { return one.first == name->text; };
    if (std::none_of(added.begin(), added.end(), is_own)) {
      Json copy = *shared;
      std::string fresh;
      do {
        fresh = fmt::format("override {}", ++number);
      } while (profiles->find(fresh) != nullptr);
      added.emplace_back(fresh, target.path);
      name->text = fresh;
      profiles->members.push_back({fresh, std::move(copy)});
    }
    return find(*profiles, name->text);
  };
  for (const OverrideSet& set_of : overrides) {
    for (const LimitOverride& limit : set_of.limits) {
      OverrideTarget target = find_target(limits, limit);
      const OverridableLimit* const key = find_limit(limit.limit, !limit.instrument.empty());
      Json* place = target.object == nullptr ? nullptr : own_profile(target);
      if (place == nullptr || key == nullptr) {
        refuse(target.path, "there is no such account, node or limit");
        continue;
      }
      if (key->of_instrument) {
        Json* const instruments = find(*place, "instruments");
        place = instruments == nullptr ? nullptr : find(*instruments, limit.instrument);
        if (place == nullptr) {
          refuse(target.path + ".instruments." + limit.instrument, "there is no such instrument");
          continue;
        }
      }
      set(*place, key->key, json_of(limit.value, key->kind));
    }
  }
  return added;
}

}  // namespace portcullis::config
