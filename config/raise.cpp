#include "config/raise.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "config/decimal.h"
#include "config/json.h"
#include "config/load_steps.h"
#include "config/overrides.h"
#include "config/path_pattern.h"

namespace portcullis::config {

namespace {

constexpr std::array<RaiseRule, 67> kRules{{
    {"limits.json/version", Raises::Never},
    {"PROFILE/gross_notional_max", Raises::More},
    {"PROFILE/open_orders_max", Raises::More},
    {"PROFILE/leverage_max", Raises::More, Absent::NoLimit},
    {"PROFILE/daily_loss_max", Raises::More, Absent::NoLimit},
    {"PROFILE/leverage_brackets/*/upto", Raises::More, Absent::NoLimit},
    {"PROFILE/leverage_brackets/*/max", Raises::More},
    {"PROFILE/instruments/*/clip", Raises::More},
    {"PROFILE/instruments/*/notional_max", Raises::More},
    {"PROFILE/instruments/*/collar", Raises::More},
    {"PROFILE/instruments/*/collar_underlying", Raises::More, Absent::Zero},
    {"PROFILE/instruments/*/collar_ticks", Raises::More, Absent::Zero},
    {"PROFILE/instruments/*/long_max", Raises::More},
    {"PROFILE/instruments/*/short_max", Raises::More},
    {"PROFILE/instruments/*/gross_notional_max", Raises::More},
    {"PROFILE/instruments/*/open_interest_share", Raises::More, Absent::One},
    {"PROFILE/instruments/*/restricted", Raises::False},
    {"limits.json/accounts/*/rate/per_second", Raises::More, Absent::NoLimit},
    {"limits.json/accounts/*/rate/burst", Raises::More, Absent::NoLimit},
    {"limits.json/accounts/*/rate/exit_per_second", Raises::More, Absent::NoLimit},
    {"limits.json/accounts/*/rate/exit_burst", Raises::More, Absent::NoLimit},
    {"limits.json/accounts/*/executions/interval_ms", Raises::Less},
    {"limits.json/accounts/*/executions/burst", Raises::More},
    {"instruments.json/instruments/*/maker_fee_ppm", Raises::Less},
    {"instruments.json/instruments/*/taker_fee_ppm", Raises::Less},
    {"instruments.json/instruments/*/market_orders", Raises::True},
    {"instruments.json/instruments/*/open_interest_max", Raises::More, Absent::NoLimit},
    {"assets.json/assets/*/debt_addon", Raises::Less},
    {"assets.json/assets/*/haircut_tiers/*/upto", Raises::More, Absent::NoLimit},
    {"assets.json/assets/*/haircut_tiers/*/haircut", Raises::Less},
    {"assets.json/assets/*/haircut_tiers/*/residual_haircut", Raises::Less},
    {"assets.json/assets/*/maintenance_haircut_tiers/*/upto", Raises::More, Absent::NoLimit},
    {"assets.json/assets/*/maintenance_haircut_tiers/*/haircut", Raises::Less},
    {"assets.json/assets/*/maintenance_haircut_tiers/*/residual_haircut", Raises::Less},
    {"assets.json/assets/*/borrow/initial", Raises::Less},
    {"assets.json/assets/*/borrow/maintenance", Raises::Less},
    {"assets.json/assets/*/borrow/pool_max", Raises::More, Absent::Zero},
    {"assets.json/assets/*/share/max", Raises::More, Absent::NoLimit},
    {"assets.json/assets/*/share/free", Raises::More, Absent::NoLimit},
    {"sessions.json/sessions/*/accounts", Raises::Names},
    {"sessions.json/sessions/*/instruments", Raises::Names},
    {"sessions.json/sessions/*/actions", Raises::Names},
    {"sessions.json/sessions/*/rate/per_second", Raises::More},
    {"sessions.json/sessions/*/rate/burst", Raises::More},
    {"sessions.json/sessions/*/rate/exit_per_second", Raises::More},
    {"sessions.json/sessions/*/rate/exit_burst", Raises::More},
    {"margin.json/groups/*/kappa", Raises::More},
    {"margin.json/groups/*/gain_cap", Raises::More, Absent::NoLimit},
    {"margin.json/groups/*/table_age_max_ms", Raises::More},
    {"margin.json/add_ons/*/initial/*/upto", Raises::More, Absent::NoLimit},
    {"margin.json/add_ons/*/initial/*/rate", Raises::Less},
    {"margin.json/add_ons/*/maintenance/*/upto", Raises::More, Absent::NoLimit},
    {"margin.json/add_ons/*/maintenance/*/rate", Raises::Less},
    {"margin.json/add_ons/*/per_lot", Raises::Less},
    {"margin.json/bands/*/enter", Raises::Less},
    {"margin.json/bands/*/exit", Raises::Less},
    {"margin.json/group_mult", Raises::Less},
    {"margin.json/joint_mult", Raises::Less},
    {"margin.json/maintenance_group_mult", Raises::Less},
    {"margin.json/maintenance_joint_mult", Raises::Less},
    {"margin.json/maintenance_includes_orders", Raises::False, Absent::False},
    {"margin.json/liquidation_lock", Raises::False, Absent::False},
    {"margin.json/exit_allowance", Raises::More, Absent::Zero},
    {"margin.json/transfer_notional", Raises::Less, Absent::Zero},
    {"margin.json/leverage_spot", Raises::False, Absent::False},
    {"margin.json/sets/*/groups/*/grid/range", Raises::Less},
    {"margin.json/sets/*/groups/*/grid/range/*", Raises::Less},
}};

using PathParts = std::vector<std::string>;

bool is_there(const Json* json) { return json != nullptr && json->kind != Json::Kind::Null; }

// A number, with no limit above all of them.
struct Amount {
  bool no_limit = false;
  ExactDecimal number{};
};
std::optional<Amount> amount_of(const Json* json, Absent absent) {
  if (!is_there(json)) {
    if (absent == Absent::NoLimit) return Amount{true, {}};
    if (absent == Absent::Zero) return Amount{};
    if (absent == Absent::One) return Amount{false, {1, 0}};
    return std::nullopt;
  }
  if (json->kind == Json::Kind::Integer) return Amount{false, {json->integer, 0}};
  const ExactResult exact = parse_exact(json->text, false);
  if (json->kind != Json::Kind::Text || !exact.ok()) return std::nullopt;
  return Amount{false, exact.number};
}

int sign_of(std::int64_t number) { return (number > 0) - (number < 0); }

// -1, 0, 1.
int compare(const ExactDecimal& a, const ExactDecimal& b) {
  if (sign_of(a.digits) != sign_of(b.digits)) return sign_of(a.digits) < sign_of(b.digits) ? -1 : 1;
  const ExactDecimal& coarse = a.scale < b.scale ? a : b;
  const ExactDecimal& fine = a.scale < b.scale ? b : a;
  risk::Int128 scaled = coarse.digits;
  for (int n = coarse.scale; n < fine.scale; ++n) {
    if (scaled > fine.digits || -scaled > fine.digits) break;  // it only grows
    scaled *= 10;
  }
  const int order = scaled == fine.digits ? 0 : scaled < fine.digits ? -1 : 1;
  return a.scale < b.scale ? order : -order;
}
int compare(const Amount& a, const Amount& b) {
  if (a.no_limit || b.no_limit) return int{a.no_limit} - int{b.no_limit};
  return compare(a.number, b.number);
}

std::optional<bool> flag_of(const Json* json, Absent absent) {
  if (!is_there(json))
    return absent == Absent::False ? std::optional<bool>(false) : std::optional<bool>();
  if (json->kind != Json::Kind::Bool) return std::nullopt;
  return json->boolean;
}

bool has_more(const Json* from, const Json* to) {
  const auto is_list = [](const Json* json) {
    return json != nullptr && json->kind == Json::Kind::Array;
  };
  if (!is_list(from) || !is_list(to)) return true;
  return std::any_of(to->items.begin(), to->items.end(), [&](const Json& name) {
    return std::none_of(from->items.begin(), from->items.end(),
                        [&](const Json& old) { return to_text(old) == to_text(name); });
  });
}

bool is_raise(const RaiseRule& rule, const Json* from, const Json* to) {
  switch (rule.raises) {
    case Raises::Never:
      return false;
    case Raises::Names:
      return has_more(from, to);
    case Raises::True:
    case Raises::False: {
      const auto was = flag_of(from, rule.absent);
      const auto is = flag_of(to, rule.absent);
      return !was || !is || (*was != *is && *is == (rule.raises == Raises::True));
    }
    case Raises::More:
    case Raises::Less: {
      const auto was = amount_of(from, rule.absent);
      const auto is = amount_of(to, rule.absent);
      if (!was || !is) return true;
      const int order = compare(*is, *was);
      return rule.raises == Raises::More ? order > 0 : order < 0;
    }
  }
  return true;
}

class Walk {
 public:
  // Paths begin with `pattern`, by which rules are found, and are told behind `shown`.
  Walk(std::vector<Difference>& found, PathParts pattern, std::string file, PathParts shown)
      : found_(found),
        pattern_(std::move(pattern)),
        file_(std::move(file)),
        shown_(std::move(shown)) {}

  // Null: it is not there.
  void compare(const Json* from, const Json* to) {
    const Json* const some = is_there(to) ? to : from;
    const Json* const other = is_there(to) ? from : to;
    if (text_of(from) == text_of(to)) return;
    const RaiseRule* const rule = rule_of_path();
    // Objects are told by their members, also where one comes or goes.
    if (some != nullptr && some->kind == Json::Kind::Object &&
        (!is_there(other) || other->kind == Json::Kind::Object)) {
      return compare_members(from, to);
    }
    if (rule == nullptr && some != nullptr && some->kind == Json::Kind::Array && is_there(other) &&
        other->kind == Json::Kind::Array && some->items.size() == other->items.size()) {
      return compare_items(*from, *to);
    }
    found_.push_back(
        {file_, path(), text_of(from), text_of(to), rule == nullptr || is_raise(*rule, from, to)});
  }

 private:
  static std::string text_of(const Json* json) { return json == nullptr ? "" : to_text(*json); }
  [[nodiscard]] const RaiseRule* rule_of_path() const {
    const auto* const found =
        std::find_if(kRules.begin(), kRules.end(),
                     [&](const RaiseRule& rule) { return is_of(rule.pattern, pattern_); });
    return found == kRules.end() ? nullptr : found;
  }
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const std::string& part : shown_) {
      const bool is_item = !part.empty() && part.front() == '[';
      path += (path.empty() || is_item ? "" : ".") + part;
    }
    return path;
  }
  void step_into(const std::string& part, const std::string& shown, const Json* from,
                 const Json* to) {
    pattern_.push_back(part);
    shown_.push_back(shown);
    compare(from, to);
    pattern_.pop_back();
    shown_.pop_back();
  }
  void compare_members(const Json* from, const Json* to) {
    const auto in = [](const Json* json, const std::string& name) {
      return is_there(json) ? json->find(name) : nullptr;
    };
    if (is_there(from)) {
      for (const JsonMember& member : from->members)
        step_into(member.name, member.name, &member.value, in(to, member.name));
    }
    if (!is_there(to)) return;
    for (const JsonMember& member : to->members)
      if (in(from, member.name) == nullptr)
        step_into(member.name, member.name, nullptr, &member.value);
  }
  void compare_items(const Json& from, const Json& to) {
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      const std::string number = std::to_string(i);
      step_into(number, '[' + number + ']', &from.items[i], &to.items[i]);
    }
  }

  std::vector<Difference>& found_;
  PathParts pattern_;
  const std::string file_;
  PathParts shown_;
};

// --- limits.json

const Json kNothing;

const Json& member(const Json& json, std::string_view name) {
  const Json* const found = json.find(name);
  return found == nullptr ? kNothing : *found;
}

// One side of the comparison.
struct Side {
  explicit Side(std::string_view text) : all(parse_json(text).json) {
    limits = member(all, kLimitsFile);
    if (const Json* const list = all.find(kOverridesMember)) {
      std::vector<Problem> problems;  // what there is not changes nothing
      for (auto& [name, target] : apply_overrides(limits, read_override_sets(*list), problems))
        own.insert(std::move(target));
    }
  }
  Json all;
  Json limits;                // with overrides
  std::set<std::string> own;  // what has some: "accounts.alpha-house"
};

class Limits {
 public:
  Limits(const Side& from, const Side& to, std::vector<Difference>& found)
      : from_(from), to_(to), found_(found) {}

  void compare() {
    for (const JsonMember& profile : member(from_base(), "profiles").members) {
      const Json* const next = member(to_base(), "profiles").find(profile.name);
      if (next != nullptr)
        Walk(found_, {"PROFILE"}, file(), {"profiles", profile.name}).compare(&profile.value, next);
    }
    compare_place("venue", from_.limits.find("venue"), to_.limits.find("venue"), {"venue"});
    for (const char* const of : {"members", "groups", "accounts"}) {
      for (const JsonMember& place : member(from_.limits, of).members) {
        compare_place(std::string(of) + '.' + place.name, &place.value,
                      member(to_.limits, of).find(place.name), {of, place.name});
      }
    }
    // What else is there, and places that come.
    Json from = from_base();
    Json to = to_base();
    for (Json* const side : {&from, &to}) forget_places(*side);
    Walk(found_, {file()}, file(), {}).compare(&from, &to);
  }

 private:
  static std::string file() { return std::string(kLimitsFile); }
  [[nodiscard]] const Json& from_base() const { return member(from_.all, kLimitsFile); }
  [[nodiscard]] const Json& to_base() const { return member(to_.all, kLimitsFile); }

  void compare_place(const std::string& name, const Json* from, const Json* to,
                     const PathParts& path) {
    if (from == nullptr || to == nullptr) return;  // what there is does not change
    const Json& old_name = member(*from, "profile");
    const Json& new_name = member(*to, "profile");
    if (old_name.text == new_name.text && !from_.own.contains(name) && !to_.own.contains(name))
      return;
    Walk(found_, {"PROFILE"}, file(), path)
        .compare(member(from_.limits, "profiles").find(old_name.text),
                 member(to_.limits, "profiles").find(new_name.text));
  }

  // Which profile a place has says nothing that its limits do not say.
  static void forget_places(Json& limits) {
    std::erase_if(limits.members, [](const JsonMember& m) { return m.name == "profiles"; });
    const auto forget = [](Json& place) {
      std::erase_if(place.members, [](const JsonMember& m) { return m.name == "profile"; });
    };
    for (JsonMember& of : limits.members) {
      if (of.name == "venue") forget(of.value);
      if (of.name != "members" && of.name != "groups" && of.name != "accounts") continue;
      for (JsonMember& place : of.value.members) forget(place.value);
    }
  }

  const Side& from_;
  const Side& to_;
  std::vector<Difference>& found_;
};

}  // namespace

std::span<const RaiseRule> raise_rules() { return kRules; }

std::vector<Difference> differences(std::string_view from, std::string_view to) {
  const Side old_side(from);
  const Side new_side(to);
  std::vector<Difference> found;
  Limits(old_side, new_side, found).compare();
  const auto is_file = [](const std::string& name) {
    return name != kLimitsFile && name != kOverridesMember;
  };
  for (const JsonMember& file : old_side.all.members) {
    if (!is_file(file.name)) continue;
    Walk(found, {file.name}, file.name, {}).compare(&file.value, new_side.all.find(file.name));
  }
  for (const JsonMember& file : new_side.all.members) {
    if (!is_file(file.name) || old_side.all.find(file.name) != nullptr) continue;
    Walk(found, {file.name}, file.name, {}).compare(nullptr, &file.value);
  }
  return found;
}

bool has_raise(const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(),
                     [](const Difference& difference) { return difference.is_raise; });
}

}  // namespace portcullis::config
