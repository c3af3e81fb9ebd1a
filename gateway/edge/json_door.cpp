#include "gateway/edge/json_door.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/json/signature.h"
#include "risk/types.h"

namespace portcullis::gateway::edge {

using json::Op;

namespace {

using risk::kNsPerMs;
using risk::kSecondNs;

constexpr std::int64_t kLoginChecksNs = 50 * kNsPerMs;  // apart
constexpr std::int64_t kAliveNs = 10 * kNsPerMs;        // said of a session once in

}  // namespace

DoorLimits door_limits(const config::Deployment& deployment) {
  const config::EdgeSettings& settings = *deployment.edge;
  DoorLimits limits;
  limits.connections_per_session_max = settings.connections_per_session_max;
  limits.requests_per_second_max = settings.requests_per_second_max;
  limits.outstanding_max = settings.queue_commands;
  limits.login_ns = settings.login_ns;
  limits.recv_window_ms_max = settings.recv_window_ms_max;
  limits.wrong_signatures = security::login_limits(deployment.gateway);
  limits.decoder.frame_bytes_max = static_cast<std::size_t>(settings.frame_bytes_max);
  limits.decoder.batch_max = settings.batch_max;
  return limits;
}

JsonDoor::JsonDoor(const config::Deployment& deployment, const DoorLimits& limits,
                   const std::vector<config::ApiSecret>& secrets, json::OrderStore& store,
                   CommandQueue& queue, Outlet& outlet, AccountLook& look)
    : deployment_(deployment),
      limits_(limits),
      secrets_(secrets),
      store_(store),
      queue_(queue),
      outlet_(outlet),
      look_(look),
      symbols_(deployment),
      decoder_(limits.decoder),
      sessions_(deployment.sessions.size()),
      hearers_(deployment.accounts.size()),
      failures_(limits.wrong_signatures, security::kAddressesMax) {
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    const config::SessionSettings& settings = deployment.sessions[s];
    if (settings.protocol != config::Protocol::Json) continue;
    Session& session = sessions_[s];
    session.read_only = settings.read_only;
    if (!settings.read_only) session.account = settings.default_account;
    session.accounts = deployment.parameters.sessions[s].accounts;
    for (const risk::AccountIndex account : session.accounts)
      hearers_[account.value].push_back({s});
    by_key_.emplace(settings.api_key.key, risk::SessionIndex{s});
  }
}

void JsonDoor::set_watermark(risk::SessionIndex session, std::uint32_t client_ref) {
  std::uint32_t& last = session_of(session).last_ref;
  last = std::max(last, client_ref);
}

std::size_t JsonDoor::outstanding(risk::SessionIndex session) const {
  const Session& s = sessions_[session.value];
  return s.commands.size() + s.cancels.size();
}

// --- connections

void JsonDoor::on_open(ConnectionId id, Channel channel, Address address, std::int64_t now_ns) {
  Connection& connection = connections_[id];
  connection.channel = channel;
  connection.address = address;
  connection.text = fmt::format("{:016x}", static_cast<std::uint64_t>(id));
  connection.login_by_ns = now_ns + limits_.login_ns;
}

void JsonDoor::on_closed(ConnectionId id, std::int64_t) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (const risk::SessionIndex index = found->second.session; index.exists()) {
    Session& session = session_of(index);
    std::erase(session.connections, id);
    if (session.connections.empty() && !session.read_only) {
      tell(EdgeCommand::Type::SessionDown, index);
    }
  }
  connections_.erase(found);
}

void JsonDoor::tell(EdgeCommand::Type type, risk::SessionIndex session) {
  EdgeCommand command;
  command.type = type;
  command.session = session;
  (void)queue_.push(command);
}

// For the dead-man timer of who only asks and listens. A full queue is no matter: the shard hears of
// somebody by every command, and the next word comes again.
void JsonDoor::heard_of(risk::SessionIndex index, std::int64_t now_ns) {
  Session& session = session_of(index);
  if (session.read_only || deployment_.sessions[index.value].dead_man_ns == 0) return;
  if (now_ns - session.alive_at_ns < kAliveNs) return;
  session.alive_at_ns = now_ns;
  tell(EdgeCommand::Type::Alive, index);
}

void JsonDoor::close(ConnectionId id, Connection& connection, CloseCode code,
                     std::string_view reason) {
  connection.closing = true;
  outlet_.close(id, code, reason);
}

// Its signatures are not looked at, right or wrong. Who is logged in stays.
bool JsonDoor::is_locked_out(Address address, std::int64_t now_ns) {
  if (address == 0 || !failures_.is_locked(address, now_ns)) return false;
  ++counters_.locked_out;
  return true;
}

// By address alone: an API key is no secret, and whoever knows one must not lock out its owner.
void JsonDoor::count_wrong_signature(Address address, std::int64_t now_ns) {
  ++counters_.wrong_signatures;
  if (address != 0 && failures_.failed(address, now_ns)) ++counters_.lockouts;
}

bool JsonDoor::take_token(Window& window, std::int64_t now_ns) const {
  if (now_ns - window.since_ns >= kSecondNs) window = {.since_ns = now_ns, .count = 0};
  return ++window.count <= limits_.requests_per_second_max;
}

void JsonDoor::on_message(ConnectionId id, std::string_view text, std::int64_t now_ns) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.closing) return;
  Connection& connection = found->second;
  ++counters_.requests;
  if (connection.session.exists()) heard_of(connection.session, now_ns);
  const json::Request& request = decoder_.decode(text);
  if (!take_token(connection.requests, now_ns)) {
    ++counters_.over_rate;
    reply(id, connection, request, json::kTooMany,
          fmt::format("more than {} requests in a second", limits_.requests_per_second_max),
          now_ns);
    return;
  }
  if (request.op == Op::None || request.malformed) {
    reply(id, connection, request, request.fault ? request.fault.code : json::kUnknownOp,
          request.fault ? std::string_view(request.fault.text) : "this op is not known", now_ns);
    ++counters_.malformed;
    if (++connection.malformed >= limits_.malformed_max)
      close(id, connection, CloseCode::Policy, "too many malformed messages");
    return;
  }
  if (request.fault) {
    reply(id, connection, request, request.fault.code, request.fault.text, now_ns);
    return;
  }
  if (request.op == Op::Pong) return;
  if (request.op == Op::Ping) {
    buffer_.clear();
    json::encode_pong(buffer_, {.op = request.op_text,
                                .req_id = request.req_id,
                                .conn_id = connection.text,
                                .now_ms = now_ns / kNsPerMs});
    outlet_.send(id, fmt::to_string(buffer_));
    return;
  }
  if (request.op == Op::Auth) {
    log_in(id, connection, request, now_ns);
    return;
  }
  if (!connection.session.exists()) {
    reply(id, connection, request, json::kNotPermitted, "not logged in", now_ns);
    return;
  }
  if (json::is_order(request.op)) {
    take_orders(id, connection, request, now_ns);
  } else {
    subscribe(id, connection, request, now_ns);
  }
}

void JsonDoor::reply(ConnectionId id, const Connection& connection, const json::Request& request,
                     std::int32_t code, std::string_view text, std::int64_t now_ns) {
  const json::ReplyTo to{.op = request.op_text,
                         .req_id = request.req_id,
                         .conn_id = connection.text,
                         .now_ms = now_ns / kNsPerMs};
  buffer_.clear();
  // An op that is not known may be meant as either kind: it is named as both are.
  if (json::is_order(request.op) || (request.op == Op::None && !request.malformed)) {
    json::encode_refusal(buffer_, to, code, text);
  } else {
    json::encode_control_reply(buffer_, to, code, text);
  }
  outlet_.send(id, fmt::to_string(buffer_));
}

void JsonDoor::log_in(ConnectionId id, Connection& connection, const json::Request& request,
                      std::int64_t now_ns) {
  const auto refuse = [&](std::int32_t code, std::string_view text) {
    ++counters_.logins_refused;
    reply(id, connection, request, code, text, now_ns);
    if (++connection.login_failures >= limits_.login_failures_max)
      close(id, connection, CloseCode::Policy, "too many failed logins");
  };
  if (!taking_) {
    ++counters_.stopping;
    return refuse(json::kUnavailable, kStopping);
  }
  if (is_locked_out(connection.address, now_ns)) {
    refuse(json::kLockedOut, kAddressIsLockedOut);
    if (!connection.session.exists() && !connection.closing)
      close(id, connection, CloseCode::Policy, "locked out");
    return;
  }
  const auto found = by_key_.find(request.api_key);
  if (found == by_key_.end()) {
    count_wrong_signature(connection.address, now_ns);
    return refuse(json::kBadApiKey, "this API key is not known");
  }
  const risk::SessionIndex index = found->second;
  if (!json::is_auth_signature(secrets_[index.value].view(), request.expires_ms,
                               request.signature)) {
    count_wrong_signature(connection.address, now_ns);
    return refuse(json::kBadSignature, "wrong signature");
  }
  if (request.expires_ms <= now_ns / kNsPerMs)
    return refuse(json::kBadTime, "the signature has expired");
  if (connection.session.exists()) {
    if (connection.session != index)
      return refuse(json::kNotPermitted, "logged in with another API key");
    reply(id, connection, request, json::kOk, "", now_ns);
    return;
  }
  Session& session = session_of(index);
  if (session.connections.size() >= limits_.connections_per_session_max) {
    ++counters_.logins_refused;
    reply(id, connection, request, json::kTooMany, "this API key has too many connections", now_ns);
    close(id, connection, CloseCode::Policy, "too many connections");
    return;
  }
  ++counters_.logins;
  connection.session = index;
  session.connections.push_back(id);
  if (session.connections.size() == 1 && !session.read_only)
    tell(EdgeCommand::Type::SessionUp, index);
  reply(id, connection, request, json::kOk, "", now_ns);
}

void JsonDoor::subscribe(ConnectionId id, Connection& connection, const json::Request& request,
                         std::int64_t now_ns) {
  for (const json::Subscription& topic : request.topics) {
    const std::uint32_t bit = bit_of(topic.topic, topic.category);
    if (request.op == Op::Subscribe) {
      connection.topics |= bit;
    } else {
      connection.topics &= ~bit;
    }
  }
  reply(id, connection, request, json::kOk, "", now_ns);
}

void JsonDoor::on_time(std::int64_t now_ns) {
  if (now_ns >= next_login_check_ns_) {
    next_login_check_ns_ = now_ns + kLoginChecksNs;
    for (auto& [id, connection] : connections_) {
      if (!connection.session.exists() && !connection.closing && connection.login_by_ns <= now_ns)
        close(id, connection, CloseCode::Policy, "not logged in");
    }
  }
  if (!dirty_.empty()) push_dirty(now_ns);
}

}  // namespace portcullis::gateway::edge
