// Who is let in: connections within their limits, and logins, whose passwords are looked at elsewhere.
#include <algorithm>
#include <optional>

#include "gateway/shard/shard.h"

namespace portcullis::gateway::shard {

namespace {

constexpr std::int64_t kAcceptRetryNs = 10'000'000;  // when there was no file for a connection

}  // namespace

// --- connections

// One connection a pass.
bool Shard::accept() {
  if (now_ns_ < accept_at_ns_) return false;
  const Transport::Accepted accepted = transport_.accept();
  switch (accepted.outcome) {
    case Transport::Accept::None:
      return false;
    case Transport::Accept::Failed:
      ++counters_.accepts_failed;
      accept_at_ns_ = now_ns_ + kAcceptRetryNs;
      return true;
    case Transport::Accept::Refused:
      ++counters_.connections;
      ++counters_.connections_refused;
      drop_unauthenticated(waiting().oldest);  // so that there is a place for the next
      return true;
    case Transport::Accept::Connected:
      break;
  }
  ++counters_.connections;
  Client& client = *clients_[accepted.connection - Transport::kVenue - 1];
  ++client.generation;
  client.address = accepted.address;
  if (!admit(client)) {
    transport_.close(client.connection);
    return true;
  }
  client.is_open = true;
  client.connected_ns = now_ns_;
  client.soup.reset(now_ns_);
  client.marks.clear();
  client.is_checked = false;
  client.is_current = false;
  client.session = {};
  client.next = 1;
  client.malformed = 0;
  client.has_input = false;
  client.stuck_since_ns = 0;
  client.is_behind = false;
  return true;
}

// Those that have not logged in, and the oldest of them whose login is not being looked at.
Shard::Unauthenticated Shard::waiting() const {
  Unauthenticated waiting;
  for (const auto& client : clients_) {
    if (!client->is_open || client->session.exists()) continue;
    ++waiting.count;
    if (!client->is_checked &&
        (waiting.oldest == nullptr || client->connected_ns < waiting.oldest->connected_ns))
      waiting.oldest = client.get();
  }
  return waiting;
}

void Shard::drop_unauthenticated(Client* client) {
  if (client == nullptr) return;
  ++counters_.dropped_unauthenticated;
  drop(*client);
}

// Whether there is room for one more, of its address and of those that have not logged in: for that
// the oldest of them goes.
bool Shard::admit(const Client& newcomer) {
  const auto from_there = std::count_if(clients_.begin(), clients_.end(), [&](const auto& client) {
    return client->is_open && newcomer.address != 0 && client->address == newcomer.address;
  });
  if (from_there >= deployment_.gateway.connections_per_address_max) {
    ++counters_.refused_by_address;
    return false;
  }
  const Unauthenticated waiting = this->waiting();
  if (waiting.count < deployment_.gateway.unauthenticated_max) return true;
  if (waiting.oldest == nullptr) {
    ++counters_.refused_unauthenticated;
    return false;
  }
  drop_unauthenticated(waiting.oldest);
  return true;
}

// --- logins

// The password is looked at elsewhere: nothing more is taken from this client until there is a
// verdict. A name or an address that was wrong too often is not looked at.
void Shard::ask_login(Client& client, const soup::LoginRequest& request) {
  const risk::SessionIndex session = deployment_.names.sessions.find(request.username);
  const bool locked =
      (session.exists() && sessions_[session.value].failures.is_locked(client.address, now_ns_)) ||
      address_failures_.is_locked(client.address, now_ns_);
  if (locked) {
    ++counters_.logins_locked_out;
    reject_login(client, soup::LoginRejectReason::NotAuthorized);
  } else if (!logins_.ask({client.connection, client.generation, client.address}, session,
                          request.password)) {
    ++counters_.logins_unchecked;
    reject_login(client, soup::LoginRejectReason::SessionNotAvailable);
  } else {
    client.is_checked = true;
    client.asked_session_size = request.session.copy(client.asked_session.data(), 10);
    client.asked_sequence = request.sequence;
  }
  client.soup.forget_login();
}

// While there is room for what a login causes.
bool Shard::drain_logins() {
  bool worked = false;
  while (gate_.has_room()) {
    const std::optional<security::LoginVerdict> verdict = logins_.take();
    if (!verdict) break;
    tick();
    finish_login(*verdict);
    worked = true;
  }
  return worked;
}

// A failure counts whether or not its connection is still there; nothing else does.
void Shard::finish_login(const security::LoginVerdict& verdict) {
  const security::LoginId& id = verdict.id;
  if (!verdict.good) {
    ++counters_.logins_failed;
    if (id.address != 0 && address_failures_.failed(id.address, now_ns_)) ++counters_.lockouts;
    if (verdict.session.exists() &&
        sessions_[verdict.session.value].failures.failed(login_limits_, id.address, now_ns_)) {
      ++counters_.lockouts;
    }
  }
  Client& client = *clients_[id.place - Transport::kVenue - 1];
  if (!client.is_open || client.generation != id.generation) return;
  client.is_checked = false;
  client.has_input = true;  // what has waited behind the login
  if (verdict.good) {
    log_in(client, verdict.session);
  } else {
    reject_login(client, soup::LoginRejectReason::NotAuthorized);
  }
}

void Shard::reject_login(Client& client, soup::LoginRejectReason reason) {
  ++counters_.logins_rejected;
  (void)client.soup.reject_login(reason);
}

void Shard::log_in(Client& client, risk::SessionIndex session) {
  SessionState& state = sessions_[session.value];
  state.failures.succeeded(client.address);
  const auto stream = static_cast<std::uint16_t>(session.value);
  // Numbers of the Soup session begin behind those of the sessions before it.
  const std::uint64_t base = gate_.stream_base(session);
  const std::uint64_t next = journal_.stream_next(stream);
  const std::uint64_t asked_sequence = client.asked_sequence;
  const std::string_view asked(client.asked_session.data(), client.asked_session_size);
  const bool is_gone = asked_sequence != 0 && base + asked_sequence < journal_.stream_first(stream);
  if ((!asked.empty() && asked != gate_.stream_session()) || asked_sequence > next - base ||
      is_gone) {
    return reject_login(client, soup::LoginRejectReason::SessionNotAvailable);
  }
  if (state.client != nullptr &&
      deployment_.sessions[session.value].duplicate_login == config::DuplicateLogin::Refuse) {
    ++counters_.logins_duplicate;
    return reject_login(client, soup::LoginRejectReason::SessionNotAvailable);
  }
  ++counters_.logins;
  if (state.client != nullptr) {
    // The newest login wins; what the old connection sent and we have not read is never processed.
    ++counters_.logins_superseded;
    state.client->session = {};
    close(*state.client);
  } else {
    session_up(session);
  }
  state.client = &client;
  state.dead_man.heard(now_ns_);
  client.session = session;
  client.next = asked_sequence == 0 ? next : base + asked_sequence;
  (void)client.soup.accept_login(gate_.stream_session(), client.next - base);
  client.soup.excuse_silence(now_ns_);  // while it waited for us
}

}  // namespace portcullis::gateway::shard
