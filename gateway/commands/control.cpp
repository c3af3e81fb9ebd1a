#include "gateway/commands/control.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/json.h"
#include "config/overrides.h"
#include "config/password.h"
#include "gateway/commands/control_client.h"
#include "gateway/commands/control_text.h"
#include "gateway/commands/stats.h"
#include "gateway/control/tokens.h"
#include "gateway/control/verbs.h"

namespace portcullis::gateway {

namespace {

using control::Verb;
using control::VerbInfo;

struct ControlLine {
  std::string at;
  std::string token_file;
  std::string authority;
  bool json = false;
  // of a verb
  std::string node;
  std::string account;
  std::string session;
  std::string instrument;
  std::string reason;
  std::string from;
  std::string orders;  // a file
  std::string limit_key;
  std::string value;
  std::string changes;  // a file
  std::string effective_at;
  std::string expires_at;
  std::int64_t for_s = 0;
  std::uint32_t change = 0;
  std::string fact;  // likewise
  std::string alert;
  std::uint32_t limit = 0;
  bool used_only = false;
  bool unacknowledged = false;
};

std::string first_line(const std::string& file) {
  if (const std::string problem = config::check_private(file); !problem.empty())
    throw std::runtime_error("the token: " + problem);
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error(file + ": cannot be read");
  return line;
}

ControlAddress address_of(const ControlLine& line, const VerbInfo& verb) {
  ControlAddress address;
  if (!line.at.empty()) set_address(address, line.at);
  address.authority = line.authority;
  if (verb.roles == control::kAnybody) return address;
  if (!line.token_file.empty()) {
    address.token = first_line(line.token_file);
  } else if (const char* token = std::getenv("PORTCULLIS_TOKEN")) {
    address.token = token;
  }
  if (!control::is_token(address.token))
    throw std::runtime_error("no token: --token-file, or PORTCULLIS_TOKEN in the environment");
  return address;
}

std::string target_of(const ControlLine& line, const VerbInfo& verb) {
  std::string target(verb.path);
  if (verb.method != "GET") return target;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    target += fmt::format("{}{}={}", target.find('?') == target.npos ? '?' : '&', name,
                          percent_encoded(value));
  };
  add("node", line.node);
  add("account", line.account);
  add("from", line.from);
  if (line.limit != 0) add("limit", fmt::to_string(line.limit));
  if (line.used_only) add("used_only", "true");
  if (line.unacknowledged) add("unacknowledged", "true");
  return target;
}

// A list: of a file, or the one limit that the line names.
std::string overrides_of(const ControlLine& line) {
  if (!line.changes.empty()) return read_text(line.changes);
  return config::to_text({{.of_account = line.node.empty(),
                           .target = line.node.empty() ? line.account : line.node,
                           .instrument = line.instrument,
                           .limit = line.limit_key,
                           .value = line.value}});
}

std::string body_of(const ControlLine& line, const VerbInfo& verb) {
  if (verb.method == "GET") return "";
  if (verb.verb == Verb::WhatIf) return read_text(line.orders);
  if (verb.verb == Verb::Fact) return read_text(line.fact);
  std::string body = "{";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    body += fmt::format("{}{}:{}", body.size() == 1 ? "" : ",", config::quote(name),
                        config::quote(value));
  };
  const auto add_json = [&](std::string_view name, const std::string& json) {
    body += fmt::format("{}{}:{}", body.size() == 1 ? "" : ",", config::quote(name), json);
  };
  if (control::is_of_limits(verb.verb)) {
    if (verb.verb == Verb::Override) add_json("changes", overrides_of(line));
    if (line.for_s != 0) add_json("for_s", fmt::to_string(line.for_s));
    if (line.change != 0) add_json("change", fmt::to_string(line.change));
    add("effective_at", line.effective_at);
    add("expires_at", line.expires_at);
    add("reason", line.reason);
    return body + "}";
  }
  add("node", line.node);
  add("account", line.account);
  add("session", line.session);
  add("instrument", line.instrument);
  add("alert", line.alert);
  add("reason", line.reason);
  return body + "}";
}

void run_control(const ControlLine& line, const VerbInfo& verb) {
  const ControlReply reply =
      ask_control(address_of(line, verb), verb.method, target_of(line, verb), body_of(line, verb));
  if (reply.status == 200 && (verb.verb == Verb::Metrics || verb.verb == Verb::OpenApi)) {
    std::cout << reply.body;
    return;
  }
  const config::JsonResult json = config::parse_json(reply.body);
  const bool is_answer = reply.status == 200 || reply.status == 202 ||
                         (verb.verb == Verb::Ready && reply.status == 503);
  if (line.json) {
    std::cout << reply.body << '\n';
  } else if (!json.error.empty()) {
    throw std::runtime_error("the control plane: the reply is no JSON");
  } else if (is_answer) {
    std::cout << control_text(verb.verb, json.json);
  } else {
    throw std::runtime_error(control_refusal(json.json));
  }
  if (reply.status != 200) throw CLI::RuntimeError(1);
}

void add_options(CLI::App& command, const VerbInfo& verb, ControlLine& line) {
  command.add_option("--at", line.at, "HOST:PORT of the gate's control plane, or a port here")
      ->envname("PORTCULLIS_CONTROL");
  if (verb.roles != control::kAnybody) {
    command.add_option("--token-file", line.token_file,
                       "its first line is the token; else PORTCULLIS_TOKEN is");
  }
  command
      .add_option("--ca", line.authority, "over TLS: who has signed the gate's certificate, PEM")
      ->envname("PORTCULLIS_CONTROL_CA");
  command.add_flag("--json", line.json, "the reply as it is");
}

CLI::Option* add_reason(CLI::App& command, ControlLine& line) {
  return command.add_option("--reason", line.reason, "in your words, for the journal");
}

void add_target(CLI::App& command, ControlLine& line) {
  auto* const target = command.add_option_group("target", "exactly one");
  target->add_option("--node", line.node, "the venue, a member or a group");
  target->add_option("--account", line.account);
  target->add_option("--session", line.session);
  target->add_option("--instrument", line.instrument);
  target->require_option(1);
  add_reason(command, line);
}

constexpr const char* kTimeHelp = "UTC, as 2026-01-05T00:00:00Z; without it at once";

void add_override(CLI::App& command, ControlLine& line) {
  auto* const what = command.add_option_group("what", "one limit, or a file of several");
  auto* const account = what->add_option("--account", line.account, "whose limit");
  auto* const node = what->add_option("--node", line.node, "or the venue's, a member's, a group's");
  auto* const file = what->add_option("--changes", line.changes,
                                      "a list: [{\"account\": .., \"instrument\": .., \"limit\": "
                                      "..., \"value\": ..}, ..]");
  account->excludes(node);
  file->excludes(account)->excludes(node);
  what->require_option(1);
  command.add_option("--instrument", line.instrument, "of which it is a limit")->excludes(file);
  auto* const limit = command.add_option("--limit", line.limit_key, "the profile's key: clip, ...");
  auto* const value = command.add_option("--value", line.value, "as limits.json writes it");
  limit->excludes(file)->needs(value);
  value->excludes(file)->needs(limit);
  account->needs(limit);
  node->needs(limit);
  auto* const until = command.add_option_group("until", "when it ends by itself");
  until->add_option("--for", line.for_s, "seconds from when it comes into force");
  until->add_option("--expires-at", line.expires_at, "UTC, as 2026-01-05T00:00:00Z");
  until->require_option(1);
  command.add_option("--effective-at", line.effective_at, kTimeHelp);
  add_reason(command, line)->required();
}

void add_parameters(CLI::App& command, Verb verb, ControlLine& line) {
  switch (verb) {
    case Verb::Ready:
    case Verb::Status:
    case Verb::Metrics:
    case Verb::OpenApi:
    case Verb::Events:
    case Verb::Changes:
    case Verb::Reload:
      return;
    case Verb::Limits:
      command.add_option("--node", line.node,
                         "the venue, which it is by default, a member or a group");
      command.add_option("--account", line.account, "or an account");
      command.add_flag("--used", line.used_only, "only instruments of which something counts");
      return;
    case Verb::Accounts:
      command.add_option("--node", line.node, "those under it");
      command.add_option("--from", line.from, "the account to begin with");
      command.add_option("--limit", line.limit, "at most so many");
      return;
    case Verb::Account:
      command.add_option("account", line.account)->required();
      command.add_option("--limit", line.limit, "at most so many orders");
      return;
    case Verb::Rejects:
      command.add_option("--account", line.account, "of orders of this account");
      command.add_option("--limit", line.limit, "the newest, at most so many");
      return;
    case Verb::Alerts:
      command.add_flag("--unacknowledged", line.unacknowledged,
                       "only those that nobody has acknowledged");
      command.add_option("--limit", line.limit, "the newest, at most so many");
      return;
    case Verb::WhatIf:
      command.add_option("--orders", line.orders, "a file, {\"orders\": [..]}")->required();
      return;
    case Verb::Kill:
    case Verb::Suspend:
    case Verb::CloseOnly:
    case Verb::Resume:
    case Verb::CancelAll:
      add_target(command, line);
      return;
    case Verb::Fact:
      command
          .add_option("--file", line.fact,
                      "an object as in a file of commands, {\"action\": \"transfer\", ..}")
          ->required();
      return;
    case Verb::LostOrdersDead:
    case Verb::AcceptState:
      add_reason(command, line)->required();
      return;
    case Verb::Acknowledge:
      command.add_option("alert", line.alert, "its name, as alerts has it")->required();
      add_reason(command, line);
      return;
    case Verb::Override:
      add_override(command, line);
      return;
    case Verb::Approve:
    case Verb::Refuse:
    case Verb::Withdraw: {
      command.add_option("change", line.change, "its number, as `portcullis changes` lists it")
          ->required();
      auto* const reason = add_reason(command, line);
      if (verb != Verb::Approve) reason->required();
      return;
    }
  }
}

std::string_view description_of(Verb verb) {
  switch (verb) {
    case Verb::Ready:
      return "whether the gate takes orders that add risk";
    case Verb::Status:
      return "how the gate stands, and what waits for an operator";
    case Verb::Limits:
      return "limits of a node or an account, and what counts against them";
    case Verb::Accounts:
      return "accounts with their equity and what is available";
    case Verb::Account:
      return "one account, with positions and working orders";
    case Verb::Rejects:
      return "the newest refusals, with their arithmetic";
    case Verb::Alerts:
      return "limits that are used to a level of warning, and who has acknowledged it";
    case Verb::Metrics:
      return "its figures in the text form of Prometheus";
    case Verb::OpenApi:
      return "how the control plane describes itself";
    case Verb::Events:
      return "";  // they are pushed
    case Verb::WhatIf:
      return "what would become of orders, as things stand";
    case Verb::Kill:
      return "cancels all orders of a target and refuses every new one";
    case Verb::Suspend:
      return "refuses new orders of a target; working ones stay";
    case Verb::CloseOnly:
      return "takes of a target only orders that reduce";
    case Verb::Resume:
      return "takes back kill, suspend and close-only of a target";
    case Verb::CancelAll:
      return "cancels all orders of a target";
    case Verb::LostOrdersDead:
      return "the venue has lost its session: nothing of ours is left there";
    case Verb::AcceptState:
      return "the state that was recovered with a difference is the one to go on from";
    case Verb::Changes:
      return "changes of limits: those that wait, overrides in force, and the newest that ended";
    case Verb::Reload:
      return "";  // reload.cpp, which has two ways to ask
    case Verb::Override:
      return "gives limits of an account or a node another value for a while";
    case Verb::Approve:
      return "approves a change of limits that somebody else has proposed";
    case Verb::Refuse:
      return "refuses such a change";
    case Verb::Withdraw:
      return "takes back a change of limits that is not in force yet";
    case Verb::Fact:
      return "tells what has happened in the venue's books: cash, loans, positions that move";
    case Verb::Acknowledge:
      return "a warning is seen: it is not told again";
  }
  return "";
}

template <class F>
void or_fail(F&& f) {
  try {
    f();
  } catch (const CLI::Error&) {
    throw;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    throw CLI::RuntimeError(1);
  }
}

}  // namespace

void add_control_commands(CLI::App& app) {
  for (const VerbInfo& verb : control::kVerbs) {
    const std::string_view description = description_of(verb.verb);
    if (description.empty()) continue;
    auto line = std::make_shared<ControlLine>();
    CLI::App* const command = app.add_subcommand(std::string(verb.name), std::string(description));
    add_options(*command, verb, *line);
    add_parameters(*command, verb.verb, *line);
    command->callback([line, &verb] { or_fail([&] { run_control(*line, verb); }); });
  }
}

std::function<void()> add_control_reload(CLI::App& command) {
  const VerbInfo& verb = control::kVerbs[static_cast<std::size_t>(Verb::Reload)];
  auto line = std::make_shared<ControlLine>();
  add_options(command, verb, *line);
  command.add_option("--effective-at", line->effective_at, kTimeHelp);
  add_reason(command, *line);
  return [line, &verb] { or_fail([&] { run_control(*line, verb); }); };
}

void add_token_command(CLI::App& app) {
  CLI::App* const command = app.add_subcommand(
      "token", "makes a token of the control plane, and what process.json stores of it");
  command->callback([] {
    or_fail([] {
      const std::string token = control::new_token();
      std::cout << fmt::format("token         {}\ntoken_sha256  {}\n", token,
                               control::to_text(control::hash_of(token)));
    });
  });
}

}  // namespace portcullis::gateway
