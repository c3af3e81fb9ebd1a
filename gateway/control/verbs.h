// What can be said to the control plane, and by whom: the one list that routes requests, authorises
// them and is compared with openapi.json.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "config/role.h"

namespace portcullis::gateway::control {

enum class Verb : std::uint8_t {
  Ready,
  Status,
  Limits,
  Accounts,
  Account,
  Rejects,
  Alerts,
  Metrics,
  OpenApi,
  Events,  // a WebSocket
  Changes,
  WhatIf,
  Kill,
  Suspend,
  CloseOnly,
  Resume,
  CancelAll,
  LostOrdersDead,
  AcceptState,
  Fact,
  Acknowledge,
  Reload,
  Override,
  Approve,
  Refuse,
  Withdraw,
};

// Roles as bits.
constexpr std::uint8_t bit_of(config::Role role) {
  return static_cast<std::uint8_t>(1 << static_cast<unsigned>(role));
}
inline constexpr std::uint8_t kAnybody = 0;  // without a token
inline constexpr std::uint8_t kEveryRole =
    bit_of(config::Role::Viewer) | bit_of(config::Role::Risk) | bit_of(config::Role::Approver) |
    bit_of(config::Role::Operator);
inline constexpr std::uint8_t kWhoAsks =
    bit_of(config::Role::Risk) | bit_of(config::Role::Approver) | bit_of(config::Role::Operator);
inline constexpr std::uint8_t kWhoStops =
    bit_of(config::Role::Risk) | bit_of(config::Role::Operator);
// Who stops trading is not who lets it go on.
inline constexpr std::uint8_t kWhoReinstates = bit_of(config::Role::Approver);
static_assert((kWhoStops & kWhoReinstates) == 0);
// Who proposes other limits is not who approves them.
inline constexpr std::uint8_t kWhoProposes = bit_of(config::Role::Risk);
inline constexpr std::uint8_t kWhoApproves = bit_of(config::Role::Approver);
static_assert((kWhoProposes & kWhoApproves) == 0);
inline constexpr std::uint8_t kWhoDecides = bit_of(config::Role::Operator);

struct VerbInfo {
  Verb verb;
  std::string_view name;  // of the command line too
  std::string_view method;
  std::string_view path;
  std::uint8_t roles;
};
inline constexpr std::array<VerbInfo, 26> kVerbs{{
    {Verb::Ready, "ready", "GET", "/v1/ready", kAnybody},
    {Verb::Status, "status", "GET", "/v1/status", kEveryRole},
    {Verb::Limits, "limits", "GET", "/v1/limits", kEveryRole},
    {Verb::Accounts, "accounts", "GET", "/v1/accounts", kEveryRole},
    {Verb::Account, "account", "GET", "/v1/account", kEveryRole},
    {Verb::Rejects, "rejects", "GET", "/v1/rejects", kEveryRole},
    {Verb::Alerts, "alerts", "GET", "/v1/alerts", kEveryRole},
    {Verb::Metrics, "metrics", "GET", "/metrics", kEveryRole},
    {Verb::OpenApi, "openapi", "GET", "/v1/openapi.json", kEveryRole},
    {Verb::Events, "events", "GET", "/v1/events", kEveryRole},
    {Verb::Changes, "changes", "GET", "/v1/changes", kEveryRole},
    {Verb::WhatIf, "what-if", "POST", "/v1/what-if", kWhoAsks},
    {Verb::Kill, "kill", "POST", "/v1/kill", kWhoStops},
    {Verb::Suspend, "suspend", "POST", "/v1/suspend", kWhoStops},
    {Verb::CloseOnly, "close-only", "POST", "/v1/close-only", kWhoStops},
    {Verb::Resume, "resume", "POST", "/v1/resume", kWhoReinstates},
    {Verb::CancelAll, "cancel-all", "POST", "/v1/cancel-all", kWhoStops},
    {Verb::LostOrdersDead, "lost-orders-dead", "POST", "/v1/lost-orders-dead", kWhoDecides},
    {Verb::AcceptState, "accept-state", "POST", "/v1/accept-state", kWhoDecides},
    {Verb::Fact, "fact", "POST", "/v1/fact", kWhoDecides},
    {Verb::Acknowledge, "acknowledge", "POST", "/v1/acknowledge", kWhoStops},
    {Verb::Reload, "reload", "POST", "/v1/reload", kWhoProposes},
    {Verb::Override, "override", "POST", "/v1/override", kWhoProposes},
    {Verb::Approve, "approve", "POST", "/v1/approve", kWhoApproves},
    {Verb::Refuse, "refuse", "POST", "/v1/refuse", kWhoApproves},
    {Verb::Withdraw, "withdraw", "POST", "/v1/withdraw", kWhoProposes},
}};

constexpr bool may(config::Role role, const VerbInfo& verb) {
  return verb.roles == kAnybody || (verb.roles & bit_of(role)) != 0;
}
constexpr bool changes_something(Verb verb) { return verb >= Verb::Kill; }
// Not for the shard, but for who makes its parameters.
constexpr bool is_of_limits(Verb verb) { return verb >= Verb::Reload; }

// Null: there is no such path.
constexpr const VerbInfo* find_verb(std::string_view path) {
  const auto* const found =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&](const VerbInfo& v) { return v.path == path; });
  return found == kVerbs.end() ? nullptr : found;
}

consteval bool list_matches_enum() {
  for (std::size_t v = 0; v < kVerbs.size(); ++v)
    if (static_cast<std::size_t>(kVerbs[v].verb) != v) return false;
  return true;
}
static_assert(list_matches_enum(), "kVerbs must list every verb, in its order");

}  // namespace portcullis::gateway::control
