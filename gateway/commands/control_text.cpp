#include "gateway/commands/control_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/commands/record_text.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/text_table.h"

namespace portcullis::gateway {

namespace {

using config::Json;
using control::Verb;

// A scalar as it is shown; "-" for null and for what is not there; a list of scalars with commas.
std::string shown(const Json* json) {
  if (json == nullptr) return "-";
  switch (json->kind) {
    case Json::Kind::Null:
    case Json::Kind::Object:
      return "-";
    case Json::Kind::Bool:
      return json->boolean ? "yes" : "no";
    case Json::Kind::Integer:
      return fmt::to_string(json->integer);
    case Json::Kind::Number:
    case Json::Kind::Text:
      return json->text.empty() ? "-" : json->text;
    case Json::Kind::Array:
      break;
  }
  std::string text;
  for (const Json& item : json->items) {
    if (!text.empty()) text += ',';
    text += shown(&item);
  }
  return text.empty() ? "-" : text;
}

// "margin.used": a member of a member.
const Json* find(const Json& json, std::string_view path) {
  const Json* at = &json;
  while (at != nullptr && !path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    at = at->find(name);
  }
  return at;
}

std::string at(const Json& json, std::string_view path) { return shown(find(json, path)); }

const std::vector<Json>& list(const Json& json, std::string_view path) {
  static const std::vector<Json> kNone;
  const Json* const found = find(json, path);
  return found == nullptr ? kNone : found->items;
}

class Table : public TextTable {
 public:
  using TextTable::add;
  using TextTable::TextTable;
  void add(const Json& json, std::initializer_list<std::string_view> paths) {
    std::vector<std::string> row;
    for (const std::string_view path : paths) row.push_back(at(json, path));
    add(std::move(row));
  }
};

std::string pairs(const Json& json, std::initializer_list<std::string_view> paths) {
  std::string out;
  for (const std::string_view path : paths) {
    std::string name(path.substr(path.rfind('.') + 1));
    std::replace(name.begin(), name.end(), '_', ' ');
    out += fmt::format("{:<24}{}\n", name, at(json, path));
  }
  return out;
}

// Nanoseconds as milliseconds; "-": not yet.
std::string milliseconds(const Json& json, std::string_view path) {
  const Json* const ns = find(json, path);
  if (ns == nullptr || ns->kind != Json::Kind::Integer) return "-";
  return fmt::format("{}.{:03} ms", ns->integer / 1'000'000, ns->integer / 1'000 % 1'000);
}

std::string utc(const Json& json, std::string_view path) {
  const Json* const ns = find(json, path);
  if (ns == nullptr || ns->kind != Json::Kind::Integer) return "-";
  return utc_text(ns->integer).substr(0, 19) + 'Z';
}

std::string differences_text(const Json& json) {
  if (list(json, "differences").empty()) return "";
  Table table{"limit", "from", "to", "raise"};
  for (const Json& one : list(json, "differences")) {
    table.add({at(one, "file") + ": " + at(one, "path"), at(one, "from"), at(one, "to"),
               at(one, "raise")});
  }
  std::string out = table.text();
  const Json* const total = json.find("differences_total");
  const auto shown = static_cast<std::int64_t>(list(json, "differences").size());
  if (total != nullptr && total->integer > shown)
    out += fmt::format("and {} more\n", total->integer - shown);
  return out;
}

std::string overrides_text(const Json& json) {
  if (list(json, "overrides").empty()) return "";
  Table table{"override", "of", "instrument", "limit", "value", "until"};
  for (const Json& one : list(json, "overrides")) {
    table.add({"change " + at(one, "change"), at(one, "override.target"),
               at(one, "override.instrument"), at(one, "override.limit"), at(one, "override.value"),
               utc(one, "expires_at_ns")});
  }
  return '\n' + table.text();
}

std::string changes_text(const Json& json) {
  std::string out = pairs(json, {"four_eyes", "parameter_version"});
  for (const std::string_view which : {"open", "ended"}) {
    if (list(json, which).empty()) continue;
    Table table{"change",   "kind",   "standing", "by",    "approver",
                "proposed", "begins", "until",    "reason"};
    for (const Json& one : list(json, which)) {
      table.add({at(one, "change"), at(one, "kind"), at(one, "standing"), at(one, "by"),
                 at(one, "approver"), utc(one, "proposed_at_ns"), utc(one, "effective_at_ns"),
                 utc(one, "expires_at_ns"), at(one, "reason")});
    }
    out += '\n' + table.text();
  }
  for (const Json& one : list(json, "open")) {
    const std::string changed = differences_text(one);
    if (!changed.empty()) out += fmt::format("\nchange {}\n{}", at(one, "change"), changed);
  }
  return out;
}

std::string change_text(const Json& json) {
  return fmt::format("change {}: {}, by {}, parameters of version {}\n{}", at(json, "change"),
                     at(json, "standing"), at(json, "by"), at(json, "parameter_version"),
                     differences_text(json));
}

std::string status_text(const Json& json) {
  std::string out = pairs(json, {"ready", "not_ready", "link", "state", "decisions", "conditions",
                                 "overloaded", "live_orders", "records_behind", "parameter_version",
                                 "audit_head", "journal.published", "journal.synced",
                                 "journal.room", "alerts.active", "alerts.unacknowledged"});
  if (!list(json, "stopped").empty()) {
    Table stopped{"stopped", "name", "how"};
    for (const Json& one : list(json, "stopped")) stopped.add(one, {"scope", "target", "states"});
    out += '\n' + stopped.text();
  }
  if (!list(json, "sweeps").empty()) {
    Table sweeps{"sweep", "scope",   "target",   "by",   "record", "orders",
                 "open",  "refused", "in force", "sent", "ended"};
    for (const Json& one : list(json, "sweeps")) {
      sweeps.add({at(one, "what"), at(one, "scope"), at(one, "target"), at(one, "by"),
                  at(one, "sequence"), at(one, "orders"), at(one, "open"), at(one, "refused"),
                  milliseconds(one, "in_force_after_ns"), milliseconds(one, "sent_after_ns"),
                  milliseconds(one, "ended_after_ns")});
    }
    out += '\n' + sweeps.text();
  }
  out += overrides_text(json);
  Table sessions{"session", "protocol", "up", "watermark"};
  for (const Json& one : list(json, "sessions"))
    sessions.add(one, {"session", "protocol", "up", "watermark"});
  return out + '\n' + sessions.text();
}

std::string limits_text(const Json& json) {
  std::string out = fmt::format("{} {}, profile {}\n\n", at(json, "level"), at(json, "node"),
                                at(json, "profile"));
  Table table{"limit", "used", "limit", "available", "utilisation"};
  const auto add = [&](const std::string& name, const Json* limit) {
    if (limit == nullptr || limit->kind != Json::Kind::Object) return;
    table.add({name, at(*limit, "used"), at(*limit, "limit"), at(*limit, "available"),
               at(*limit, "utilisation")});
  };
  for (const std::string_view key :
       {"margin", "leverage", "daily_loss", "gross_notional", "open_orders"}) {
    std::string name(key);
    std::replace(name.begin(), name.end(), '_', ' ');
    add(name, json.find(key));
  }
  for (const Json& one : list(json, "instruments")) {
    const std::string name = at(one, "instrument");
    add(name + " long", one.find("long"));
    add(name + " short", one.find("short"));
    add(name + " gross", one.find("gross_notional"));
  }
  return out + table.text() + overrides_text(json);
}

std::string accounts_text(const Json& json) {
  Table table{"account",     "group",     "state",       "stopped", "equity",
              "requirement", "available", "utilisation", "orders"};
  for (const Json& one : list(json, "accounts")) {
    table.add(one, {"account", "group", "state", "stopped", "equity", "requirement", "available",
                    "utilisation", "open_orders"});
  }
  return table.text();
}

std::string account_text(const Json& json) {
  std::string out =
      pairs(json, {"account", "group", "state", "stopped", "equity", "order_costs", "requirement",
                   "available", "maintenance_equity", "maintenance_requirement", "stale"});
  Table positions{"instrument", "position", "long used", "short used", "mark", "gain", "in"};
  for (const Json& one : list(json, "positions")) {
    positions.add(
        one, {"instrument", "position", "long_used", "short_used", "mark", "gain", "settlement"});
  }
  Table holdings{"asset", "balance", "borrowed"};
  for (const Json& one : list(json, "holdings"))
    holdings.add(one, {"asset", "balance", "borrowed"});
  Table orders{"number", "instrument", "side", "price", "quantity", "executed", "session", "ref"};
  for (const Json& one : list(json, "orders")) {
    orders.add(one, {"number", "instrument", "side", "price", "quantity", "executed", "session",
                     "client_ref"});
  }
  return out + '\n' + positions.text() + '\n' + holdings.text() + '\n' + orders.text();
}

std::string rejects_text(const Json& json) {
  Table table{"record", "session", "account",   "instrument", "reason",
              "by",     "needed",  "available", "unit",       "largest"};
  for (const Json& one : list(json, "rejects")) {
    table.add(one, {"sequence", "session", "account", "instrument", "decision.reason",
                    "decision.node", "decision.needed", "decision.available", "decision.unit",
                    "decision.largest_passing"});
  }
  return table.text();
}

std::string alerts_text(const Json& json) {
  Table table{"alert", "percent", "kind",        "instrument", "level", "node",
              "used",  "limit",   "utilisation", "peak",       "since", "acknowledged by"};
  for (const Json& one : list(json, "alerts")) {
    const Json* const since = find(one, "since_ns");
    table.add({at(one, "alert"), at(one, "percent"), at(one, "kind"), at(one, "instrument"),
               at(one, "level"), at(one, "node"), at(one, "used"), at(one, "limit"),
               at(one, "utilisation"), at(one, "peak_utilisation"),
               since != nullptr ? utc_text(since->integer) : "-", at(one, "acknowledged.by")});
  }
  return fmt::format("{} active, {} not acknowledged\n\n", at(json, "active"),
                     at(json, "unacknowledged")) +
         table.text();
}

std::string what_if_text(const Json& json) {
  Table table{"account", "instrument", "outcome",   "reason", "by",
              "limit",   "needed",     "available", "unit",   "largest"};
  for (const Json& one : list(json, "decisions")) {
    table.add(one, {"account", "instrument", "decision.outcome", "decision.reason", "decision.node",
                    "decision.limit", "decision.needed", "decision.available", "decision.unit",
                    "decision.largest_passing"});
  }
  return table.text();
}

}  // namespace

std::string control_text(Verb verb, const Json& reply) {
  switch (verb) {
    case Verb::Ready:
      return at(reply, "ready") == "yes" ? "ready\n" : "not ready\n";
    case Verb::Status:
      return status_text(reply);
    case Verb::Limits:
      return limits_text(reply);
    case Verb::Accounts:
      return accounts_text(reply);
    case Verb::Account:
      return account_text(reply);
    case Verb::Rejects:
      return rejects_text(reply);
    case Verb::Alerts:
      return alerts_text(reply);
    case Verb::WhatIf:
      return what_if_text(reply);
    case Verb::Changes:
      return changes_text(reply);
    case Verb::Reload:
    case Verb::Override:
    case Verb::Approve:
    case Verb::Refuse:
    case Verb::Withdraw:
      if (at(reply, "done") == "yes") return change_text(reply);
      return "taken, and not done yet: look at `portcullis changes`\n";
    case Verb::Metrics:
    case Verb::OpenApi:
    case Verb::Events:
      break;
    case Verb::Kill:
    case Verb::Suspend:
    case Verb::CloseOnly:
    case Verb::Resume:
    case Verb::CancelAll:
    case Verb::LostOrdersDead:
    case Verb::AcceptState:
    case Verb::Fact:
    case Verb::Acknowledge:
      if (at(reply, "done") == "yes")
        return fmt::format("done by {}, record {}\n", at(reply, "by"), at(reply, "sequence"));
      return "taken, and not done yet: the gate is busy or its journal has no room\n";
  }
  return "";
}

std::string control_refusal(const Json& reply) {
  std::string text = fmt::format("{}: {}", at(reply, "error"), at(reply, "message"));
  for (const Json& problem : list(reply, "problems"))
    text += fmt::format("\n  {}: {}", at(problem, "path"), at(problem, "what"));
  return text;
}

}  // namespace portcullis::gateway
