#include "gateway/control/door.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/control/openapi.h"
#include "gateway/control/tokens.h"
#include "risk/types.h"

namespace portcullis::gateway::control {

namespace {

using risk::kSecondNs;
constexpr std::uint32_t kEventsPerSecondMax = 1'000;  // of a listener
constexpr std::uint32_t kRetryAfter = 1;              // seconds

std::uint32_t place_of(edge::ConnectionId id) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
}

std::uint32_t bit_of(EventKind kind) { return 1u << static_cast<unsigned>(kind); }

}  // namespace

ControlDoor::ControlDoor(const ControlNeeds& needs, edge::Outlet& outlet)
    : needs_(needs),
      settings_(needs_.settings),
      outlet_(outlet),
      values_(needs_.deployment),
      symbols_(needs_.deployment),
      history_(values_, settings_.rejects_kept,
               [this](EventKind kind, const std::string& text) { tell(kind, text); }),
      callers_(settings_.tokens.size()),
      failures_(security::login_limits(needs_.deployment.gateway), security::kAddressesMax),
      sweeps_told_(needs_.sweeps == nullptr ? 0 : needs_.sweeps->ended()),
      warnings_told_(needs_.warnings == nullptr ? 0 : needs_.warnings->noticed()),
      breakdown_(needs_.deployment.parameters) {}

// --- refusals

edge::HttpReply ControlDoor::refuse(unsigned status, std::string_view error,
                                    std::string_view message) const {
  json::Buffer buffer;
  json::Writer(buffer).begin_object().text("error", error).text("message", message).end_object();
  edge::HttpReply reply{.status = status, .body = fmt::to_string(buffer)};
  if (status == 429 || status == 503) reply.retry_after_s = kRetryAfter;
  if (status == 401) reply.authenticate = "Bearer";
  return reply;
}

edge::HttpReply ControlDoor::refuse(const std::vector<config::Problem>& problems) {
  ++counters_.malformed;
  json::Buffer buffer;
  json::Writer out(buffer);
  out.begin_object().text("error", "bad_request").text("message", "the body is wrong");
  out.key("problems").begin_list();
  for (const config::Problem& problem : problems) {
    out.begin_object().text("path", problem.path).text("what", problem.what).end_object();
  }
  out.end_list().end_object();
  return {.status = 400, .body = fmt::to_string(buffer)};
}

edge::HttpReply ControlDoor::busy() {
  ++counters_.busy;
  return refuse(503, "busy", "the gate is busy: ask again");
}

std::string ControlDoor::fault(std::string_view what) const {
  return refuse(400, "bad_request", what).body;
}

bool ControlDoor::take_token(Window& window, std::int64_t now_ns) const {
  if (now_ns - window.began_ns >= kSecondNs) window = {now_ns, 0};
  if (window.count >= settings_.requests_per_second_max) return false;
  ++window.count;
  return true;
}

// Who has shown no good token must connect again each time: nobody else holds a place for ever.
std::optional<edge::HttpReply> ControlDoor::refuse_caller(const edge::HttpRequest& request,
                                                          const VerbInfo& verb, std::int64_t now_ns,
                                                          const config::ControlToken*& token) {
  const std::string_view text = bearer(request.authorization);
  token = text.empty() ? nullptr : find_token(settings_.tokens, text);
  if (token == nullptr) {
    ++counters_.unauthenticated;
    const bool is_locked = failures_.is_locked(request.address, now_ns);
    if (!is_locked && request.address != 0) (void)failures_.failed(request.address, now_ns);
    if (is_locked) ++counters_.locked_out;
    edge::HttpReply reply =
        is_locked ? refuse(429, "locked_out", "too many requests without a good token")
                  : refuse(401, "unauthenticated", "a bearer token is needed");
    reply.keep_alive = false;
    return reply;
  }
  if (!may(token->role, verb)) {
    ++counters_.not_permitted;
    return refuse(403, "not_permitted",
                  fmt::format("the role {} may not {}", config::name_of(token->role), verb.name));
  }
  Caller& caller = callers_[static_cast<std::size_t>(token - settings_.tokens.data())];
  if (!take_token(changes_something(verb.verb) ? caller.commands : caller.looks, now_ns)) {
    ++counters_.over_rate;
    return refuse(429, "too_many_requests",
                  fmt::format("more than {} in a second", settings_.requests_per_second_max));
  }
  return std::nullopt;
}

// --- requests

std::optional<edge::HttpReply> ControlDoor::on_request(const edge::HttpRequest& request,
                                                       std::int64_t now_ns) {
  ++counters_.requests;
  const VerbInfo* const verb = find_verb(request.path);
  if (verb == nullptr) {
    edge::HttpReply reply = refuse(404, "unknown", "there is no such path");
    reply.keep_alive = false;
    return reply;
  }
  if (request.method != verb->method) {
    edge::HttpReply reply = refuse(405, "unknown", fmt::format("only {}", verb->method));
    reply.allow = verb->method;
    reply.keep_alive = false;
    return reply;
  }
  if (verb->verb == Verb::Ready) {
    return edge::HttpReply{.status = is_ready_ ? 200u : 503u,
                           .body = is_ready_ ? R"({"ready":true})" : R"({"ready":false})",
                           .keep_alive = false};
  }
  const config::ControlToken* token = nullptr;
  if (auto refusal = refuse_caller(request, *verb, now_ns, token)) return refusal;
  edge::Query query;
  if (!query.parse(request.query)) {
    ++counters_.malformed;
    return refuse(400, "bad_request", query.problem());
  }
  switch (verb->verb) {
    case Verb::Status:
    case Verb::Limits:
    case Verb::Accounts:
    case Verb::Account:
    case Verb::Rejects:
    case Verb::Alerts:
    case Verb::Metrics:
      return look(verb->verb, query, now_ns);
    case Verb::Changes:
      if (!query.unknown({}).empty()) {
        ++counters_.malformed;
        return refuse(400, "bad_request", "there are no parameters");
      }
      return list_changes();
    case Verb::OpenApi:
      return edge::HttpReply{.body = std::string(kOpenApiDocument)};
    case Verb::Events:
      return refuse(426, "upgrade_required", "events are pushed over a WebSocket");
    case Verb::WhatIf:
      return ask_what_if(request, now_ns);
    case Verb::Kill:
    case Verb::Suspend:
    case Verb::CloseOnly:
    case Verb::Resume:
    case Verb::CancelAll:
    case Verb::LostOrdersDead:
    case Verb::AcceptState:
    case Verb::Fact:
    case Verb::Acknowledge:
      return give(*verb, request, *token, now_ns);
    case Verb::Reload:
    case Verb::Override:
    case Verb::Approve:
    case Verb::Refuse:
    case Verb::Withdraw:
      return give_change(*verb, request, *token, now_ns);
    case Verb::Ready:
      break;
  }
  return refuse(404, "unknown", "there is no such path");
}

// --- events

std::uint32_t ControlDoor::kinds_of(const edge::Query& query, std::string& problem) const {
  std::string_view names = query.get("kinds");
  if (names.empty()) return ~0u;
  std::uint32_t kinds = 0;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const auto* const found = std::find(kEventKinds.begin(), kEventKinds.end(), name);
    if (found == kEventKinds.end()) {
      problem = "kinds: there is no kind of event of this name";
    } else {
      kinds |= bit_of(static_cast<EventKind>(found - kEventKinds.begin()));
    }
  }
  return kinds;
}

edge::Upgrade ControlDoor::on_upgrade(const edge::HttpRequest& request, std::int64_t now_ns) {
  ++counters_.requests;
  const VerbInfo* const verb = find_verb(request.path);
  if (verb == nullptr || verb->verb != Verb::Events)
    return {std::nullopt, refuse(404, "unknown", "there is no WebSocket of this path")};
  const config::ControlToken* token = nullptr;
  if (auto refusal = refuse_caller(request, *verb, now_ns, token))
    return {std::nullopt, *std::move(refusal)};
  edge::Query query;
  std::string problem;
  std::uint32_t kinds = 0;
  if (!query.parse(request.query)) {
    problem = query.problem();
  } else if (!query.unknown({"kinds"}).empty()) {
    problem = "the only parameter is kinds";
  } else {
    kinds = kinds_of(query, problem);
  }
  if (!problem.empty()) {
    ++counters_.malformed;
    return {std::nullopt, refuse(400, "bad_request", problem)};
  }
  // Whoever had the place before has gone, or never came.
  listeners_[place_of(request.id)] = Listener{.id = request.id, .kinds = kinds};
  return {edge::Channel::Events};
}

void ControlDoor::tell(EventKind kind, const std::string& text) {
  for (auto& [place, listener] : listeners_) {
    if (!listener.is_open || (listener.kinds & bit_of(kind)) == 0) continue;
    const std::int64_t now_ns = told_at_ns_;
    if (now_ns - listener.told.began_ns >= kSecondNs) {
      listener.told = {now_ns, 0};
      if (listener.missed != 0) {
        outlet_.send(listener.id,
                     fmt::format(R"({{"event":"missed","count":{}}})", listener.missed));
        listener.missed = 0;
      }
    }
    if (listener.told.count == kEventsPerSecondMax) {
      ++listener.missed;
      ++counters_.events_missed;
      continue;
    }
    ++listener.told.count;
    ++counters_.events;
    outlet_.send(listener.id, text);
  }
}

void ControlDoor::on_record(const journal::RecordView& record, std::int64_t now_ns) {
  told_at_ns_ = now_ns;
  history_.take(record, open_listeners_ != 0);
}

void ControlDoor::on_open(edge::ConnectionId id, edge::Channel, edge::Address, std::int64_t) {
  listeners_[place_of(id)].is_open = true;
  ++open_listeners_;
  outlet_.send(id, fmt::format(R"({{"event":"hello","sequence":{}}})", needs_.journal().published));
}

void ControlDoor::on_message(edge::ConnectionId id, std::string_view, std::int64_t) {
  outlet_.close(id, edge::CloseCode::Policy, "nothing is taken here");
}

void ControlDoor::on_closed(edge::ConnectionId id, std::int64_t) {
  listeners_.erase(place_of(id));
  --open_listeners_;
}

}  // namespace portcullis::gateway::control
