#include "gateway/shard/shard.h"

#include <algorithm>
#include <array>

#include "gateway/shard/arithmetic_text.h"

namespace portcullis::gateway::shard {

namespace {

constexpr int kMessagesPerPass = 32;
constexpr std::size_t kBytesPerPass = 16'384;
// Of the venue: all of them may be of one session, which is given them before its next ones push them out
// of what the journal's ring serves (journal::Options::recent_messages).
constexpr int kVenueMessagesPerPass = 512;
constexpr std::size_t kPricesPerPass = 32;
constexpr std::size_t kContractsPerPass = 8;
constexpr std::uint64_t kOldMessagesPerPass = 256;  // of all clients: copied from blocks
constexpr std::int64_t kTimersNs = 1'000'000;
constexpr std::int64_t kStopMaxNs = 5'000'000'000;
constexpr int kLastOrdersTurns = 64;  // of the edge's queue in one stop_pass()
constexpr std::uint32_t kMalformedMax = 3;

soup::LinkSettings client_settings(const config::Deployment& deployment) {
  const config::GatewaySettings& gateway = deployment.gateway;
  return {.input_size_max = 65'536,
          .output_size_max = static_cast<std::size_t>(gateway.slow_consumer_bytes),
          .inbound_payload_size_max = 1024,
          .heartbeat_ns = gateway.times.heartbeat_ns,
          .silence_ns_max = gateway.times.silence_ns,
          .login_ns_max = gateway.times.login_ns};
}

soup::LinkSettings venue_settings(const config::Deployment& deployment) {
  const config::VenueSettings& venue = deployment.venue;
  return {.input_size_max = 262'144,
          .output_size_max = static_cast<std::size_t>(venue.send_buffer_bytes),
          .inbound_payload_size_max = 1024,
          .heartbeat_ns = venue.times.heartbeat_ns,
          .silence_ns_max = venue.times.silence_ns,
          .login_ns_max = venue.times.login_ns};
}

}  // namespace

Shard::Shard(const config::Deployment& deployment, const config::Secret& venue_password,
             security::LoginChecker& logins, gate::Gate& gate, journal::Journal& journal,
             journal::StreamServer& streams, Inputs inputs, Transport& transport)
    : deployment_(deployment),
      venue_password_(venue_password),
      logins_(logins),
      gate_(gate),
      journal_(journal),
      streams_(streams),
      inputs_(inputs),
      transport_(transport),
      waits_for_disk_(journal.durability() == journal::Durability::Fsync),
      sessions_(deployment.sessions.size()),
      login_limits_(security::login_limits(deployment.gateway)),
      address_failures_(login_limits_, security::kAddressesMax),
      venue_(venue_settings(deployment), 0),
      venue_backoff_ns_(deployment.venue.reconnect_ns_min) {
  for (std::uint32_t c = 0; c < deployment.gateway.connections_max; ++c) {
    clients_.push_back(
        std::make_unique<Client>(Transport::kVenue + 1 + c, client_settings(deployment)));
  }
}

// The one clock, never going back: the end stamp of one message is the start stamp of the next.
std::int64_t Shard::tick() noexcept {
  return now_ns_ = std::max(now_ns_, transport_.now_ns() + ahead_ns_);
}

// --- a pass

void Shard::begin() {
  // Where the clock was set back meanwhile, time goes on from the newest record and the prices' time
  // with it: nothing stands still until the clock has caught up, and no fresh price is stale.
  ahead_ns_ = std::max<std::int64_t>(0, gate_.redone_until_ns() - transport_.now_ns());
  tick();
  // Whoever was connected before a restart is not now.
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    if (gate_.is_session_up({s})) gate_.on_session({s}, false, now_ns_);
    const config::SessionSettings& settings = deployment_.sessions[s];
    if (settings.cancel_on_disconnect)
      sessions_[s].cancel_at_ns = now_ns_ + settings.disconnect_grace_ns;
    sessions_[s].dead_man = {settings.dead_man_ns, now_ns_};
  }
  gate_.on_venue_down(now_ns_);
  publish_fixed_indexes();
}

bool Shard::pass() {
  bool worked = transport_.poll();
  pass_began_ns_ = tick();
  full_budget_ = false;
  worked |= take_commands();
  worked |= accept();
  if (venue_connecting_) venue_connected();
  worked |= serve_venue();
  for (const auto& client : clients_) {
    if (client->is_open) worked |= serve(*client);
  }
  worked |= drain_queues();
  worked |= gate_.run(now_ns_);
  if (waits_for_disk_) durable_ = journal_.synced_sequence();
  // Orders leave before anything else is done, answers to clients too.
  worked |= serve_venue_output();
  if (!full_budget_) gate_.catch_up();  // or it would hold up the orders that wait already
  gate_.recheck(now_ns_);
  gate_.recheck_due(now_ns_);
  // Each in turn is the first to be given of what was read from files.
  old_messages_left_ = kOldMessagesPerPass;
  blocks_read_ = streams_.blocks_read();
  first_pumped_ = first_pumped_ + 1 < clients_.size() ? first_pumped_ + 1 : 0;
  for (std::size_t c = 0; c < clients_.size(); ++c) {
    const std::size_t at = first_pumped_ + c;
    Client& client = *clients_[at < clients_.size() ? at : at - clients_.size()];
    if (client.is_open) worked |= pump(client);
  }
  worked |= serve_venue_output();
  if (now_ns_ >= next_timers_ns_) {
    check_timers();
    next_timers_ns_ = now_ns_ + kTimersNs;
  }
  worked |= answer_questions();
  judge_pass();
  return worked;
}

bool Shard::drain_queues() {
  const bool commands = take_commands();
  const bool asked = inputs_.control != nullptr && inputs_.control->questions.next() != nullptr;
  const bool orders = drain_orders();
  const bool logins = drain_logins();
  const bool prices = drain_prices(inputs_.prices);
  const bool references = drain_prices(inputs_.references);
  const bool tables = drain_tables();
  const bool contracts = drain_contracts();
  const bool parameters = drain_parameters();
  return commands || asked || prices || references || tables || contracts || parameters || orders ||
         logins || streams_.blocks_read() != blocks_read_ ||
         (waits_for_disk_ && journal_.synced_sequence() != durable_);
}

// Overloaded: twice running a long pass while a session had its full budget (ORDERLIFE 5).
void Shard::judge_pass() {
  slow_passes_ = full_budget_ && now_ns_ - pass_began_ns_ > deployment_.gateway.overload_pass_ns
                     ? slow_passes_ + 1
                     : 0;
  if (slow_passes_ > 0) calm_since_ns_ = now_ns_;
  const bool is_calm = now_ns_ - calm_since_ns_ > deployment_.gateway.overload_calm_ns;
  // While the journal has no room nothing is decided.
  if ((overloaded_ ? !is_calm : slow_passes_ < 2) || journal_.room() == journal::Room::None) return;
  overloaded_ = !overloaded_;
  if (overloaded_) ++counters_.overloads;
  gate_.on_overload(overloaded_, now_ns_);
}

void Shard::check_timers() {
  for (const auto& client : clients_) {
    if (!client->is_open || client->is_checked) continue;         // who waits for us is not late
    if (!gate_.has_room()) client->soup.excuse_silence(now_ns_);  // nothing is read
    client->soup.on_time(now_ns_);
    client->has_input = true;  // a time limit that has passed is told as an event
  }
  if (venue_open_) {
    if (!takes_venue_messages()) venue_.excuse_silence(now_ns_);
    venue_.on_time(now_ns_);
  }
  for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
    SessionState& session = sessions_[s];
    if (!gate_.has_room()) session.dead_man.excuse(now_ns_);  // nothing is read
    const bool is_lost = session.cancel_at_ns != 0 && now_ns_ >= session.cancel_at_ns;
    const bool is_dead = session.dead_man.is_due(now_ns_);
    if ((!is_lost && !is_dead) || !gate_.has_room()) continue;
    if (is_lost) session.cancel_at_ns = 0;
    if (is_dead) {
      ++counters_.dead_men;
      session.dead_man.done();
    }
    gate_.sweep(gate::SweepScope::Session, s, risk::kNone32, now_ns_);
  }
  if (now_ns_ >= next_fixed_ns_ && journal_.room() <= journal::Room::ReducingOnly) {
    publish_fixed_indexes();
  }
  connect_venue();
}

// --- clients

void Shard::close(Client& client) {
  transport_.close(client.connection);
  client.is_open = false;
  leave_files(client);
}

void Shard::drop(Client& client) {
  close(client);
  if (!client.session.exists()) return;
  const risk::SessionIndex session = client.session;
  client.session = {};
  if (sessions_[session.value].client != &client) return;  // superseded by a newer login
  sessions_[session.value].client = nullptr;
  session_down(session);
}

void Shard::session_up(risk::SessionIndex session) {
  gate_.on_session(session, true, now_ns_);
  sessions_[session.value].cancel_at_ns = 0;
}

void Shard::heard_of(risk::SessionIndex session) {
  if (session.exists()) sessions_[session.value].dead_man.heard(now_ns_);
}

void Shard::session_down(risk::SessionIndex session) {
  gate_.on_session(session, false, now_ns_);
  if (!deployment_.sessions[session.value].cancel_on_disconnect) return;
  sessions_[session.value].cancel_at_ns =
      now_ns_ + deployment_.sessions[session.value].disconnect_grace_ns;
}

// Reads the connection once and takes what messages the budget allows.
bool Shard::serve(Client& client) {
  bool worked = false;
  if (client.has_input) worked |= take_messages(client);
  if (!client.is_open || client.has_input || !transport_.readable(client.connection) ||
      !gate_.has_room())
    return worked;
  std::span<std::byte> input = client.soup.input();
  const std::ptrdiff_t n =
      transport_.read(client.connection, input.first(std::min(input.size(), kBytesPerPass)));
  if (n < 0) {
    drop(client);
    return true;
  }
  if (n == 0) return worked;
  client.soup.received(static_cast<std::size_t>(n), tick());
  heard_of(client.session);
  take_messages(client);
  return true;
}

bool Shard::take_messages(Client& client) {
  using Type = soup::ServerEvent::Type;
  client.has_input = false;
  for (int taken = 0; client.is_open; ++taken) {
    if (taken == kMessagesPerPass || !gate_.has_room()) {
      client.has_input = true;
      full_budget_ = true;
      return taken > 0;
    }
    const soup::ServerEvent event = client.soup.next_event();
    switch (event.type) {
      case Type::None:
        return taken > 0;
      case Type::LoginRequest:
        ask_login(client, event.login);
        break;
      case Type::Debug:
        break;
      case Type::Logout:
        drop(client);
        return true;
      case Type::Error:
        ++counters_.protocol_errors;
        drop(client);
        return true;
      case Type::UnsequencedData: {
        const std::int64_t began = now_ns_;
        gate_.fetch(client.session, client.soup.coming_data());
        const gate::ClientResult result =
            gate_.on_client_message(client.session, event.payload, overloaded_, now_ns_);
        message_times_.record(tick() - began);
        if (result.rejected && deployment_.sessions[client.session.value].reject_arithmetic_debug) {
          send_arithmetic(client);
        }
        if (result.malformed) {
          (void)client.soup.send_debug("malformed message");
          if (++client.malformed == kMalformedMax) {
            ++counters_.malformed_disconnects;
            drop(client);
            return true;
          }
        }
        if (result.disconnect) {
          ++counters_.fault_disconnects;
          drop(client);
          return true;
        }
        break;
      }
    }
  }
  return true;
}

// What the session's stream owes first, so that the arithmetic comes behind its reject.
void Shard::send_arithmetic(Client& client) {
  pump(client);
  std::array<char, 256> text;
  (void)client.soup.send_debug(arithmetic_text(deployment_, gate_.last_decision(), text));
}

// --- the venue

void Shard::connect_venue() {
  if (venue_open_ || venue_connecting_ || now_ns_ < venue_retry_at_ns_ ||
      gate_.link() == gate::LinkState::Lost || gate_.has_sweep(gate::SweepScope::Lost, 0)) {
    return;
  }
  venue_connecting_ = transport_.connect_venue();
  venue_connect_until_ns_ = now_ns_ + deployment_.venue.times.login_ns;
}

void Shard::venue_connected() {
  const Transport::Connect outcome = transport_.venue_outcome();
  if (outcome == Transport::Connect::Pending) {
    if (now_ns_ >= venue_connect_until_ns_) transport_.give_up_venue();
    return;
  }
  venue_connecting_ = false;
  venue_retry_at_ns_ = now_ns_ + venue_backoff_ns_;
  venue_backoff_ns_ = std::min(2 * venue_backoff_ns_, deployment_.venue.reconnect_ns_max);
  if (outcome == Transport::Connect::Failed) return;
  venue_open_ = true;
  venue_.reset(now_ns_);
  venue_marks_.clear();
  // Where it is not known how far the venue is, or whether it has our session, that is asked first:
  // a login for whatever session it has, and no old messages.
  venue_is_asked_ = venue_refused_ || (!gate_.is_venue_known() && !is_venue_head_known_);
  if (venue_is_asked_) {
    (void)venue_.login({.username = deployment_.venue.user,
                        .password = venue_password_.view(),
                        .session = "",
                        .sequence = 0});
    return;
  }
  ++counters_.venue_connects;
  (void)venue_.login({.username = deployment_.venue.user,
                      .password = venue_password_.view(),
                      .session = gate_.venue_session(),
                      .sequence = gate_.venue_next_sequence()});
}

void Shard::drop_venue() {
  if (!venue_open_) return;
  transport_.close(Transport::kVenue);
  venue_open_ = false;
  if (!gate_.is_venue_known()) is_venue_head_known_ = false;
  ++counters_.venue_drops;
  gate_.on_venue_down(now_ns_);
}

// The answer to where it stands. The next connection is the one that stays.
void Shard::venue_stands_at(std::string_view session, std::uint64_t next_sequence) {
  transport_.close(Transport::kVenue);
  venue_open_ = false;
  venue_refused_ = false;
  is_venue_head_known_ = true;
  venue_retry_at_ns_ = now_ns_;
  gate_.set_venue_head(next_sequence);
  const bool is_lost =
      !gate_.venue_session().empty() &&
      (session != gate_.venue_session() || next_sequence < gate_.venue_next_sequence());
  if (is_lost) {
    is_venue_head_known_ = false;
    (void)gate_.on_venue_login(session, next_sequence, now_ns_);
  }
}

bool Shard::takes_venue_messages() const {
  return journal_.room() != journal::Room::None && gate_.has_room_for_venue() &&
         !gate_.has_message_waiting();
}

bool Shard::serve_venue() {
  if (!venue_open_ || journal_.room() == journal::Room::None) return false;
  using Type = soup::ClientEvent::Type;
  bool worked = false;
  if (transport_.readable(Transport::kVenue)) {
    std::span<std::byte> input = venue_.input();
    const std::ptrdiff_t n =
        transport_.read(Transport::kVenue, input.first(std::min(input.size(), 4 * kBytesPerPass)));
    if (n < 0) {
      drop_venue();
      return true;
    }
    if (n > 0) {
      venue_.received(static_cast<std::size_t>(n), tick());
      worked = true;
    }
  }
  for (int taken = 0; venue_open_ && taken < kVenueMessagesPerPass && takes_venue_messages();
       ++taken) {
    const soup::ClientEvent event = venue_.next_event();
    switch (event.type) {
      case Type::None:
        return worked;
      case Type::LoginAccepted:
        if (venue_is_asked_) {
          venue_stands_at(event.session, event.sequence);
          return true;
        }
        gate_.set_venue(&venue_);
        if (gate_.on_venue_login(event.session, event.sequence, now_ns_)) {
          venue_backoff_ns_ = deployment_.venue.reconnect_ns_min;
        } else {
          drop_venue();
        }
        break;
      case Type::LoginRejected:
        // It may have another session, or less than we have seen, or another connection of ours that
        // has not ended there yet.
        venue_refused_ = event.reject_reason == soup::LoginRejectReason::SessionNotAvailable &&
                         !gate_.venue_session().empty();
        drop_venue();
        break;
      case Type::SequencedData:
        if (!gate_.on_venue_message(event.sequence, event.payload, now_ns_)) drop_venue();
        tick();
        break;
      case Type::Debug:
        break;
      case Type::EndOfSession:
      case Type::Error:
        drop_venue();
        break;
    }
    worked = true;
  }
  return worked;
}

bool Shard::serve_venue_output() {
  bool worked = false;
  while (venue_open_) {
    const std::span<const std::byte> output = may_leave(venue_marks_, venue_.output());
    if (output.empty()) break;
    const std::ptrdiff_t n = transport_.write(Transport::kVenue, output);
    if (n < 0) {
      drop_venue();
      return true;
    }
    if (n == 0) break;
    venue_.sent(static_cast<std::size_t>(n));
    venue_marks_.sent(static_cast<std::size_t>(n));
    worked = true;
  }
  return worked;
}

// --- orders of the edge

bool Shard::drain_orders() {
  if (inputs_.orders == nullptr) return false;
  if (next_order_ == order_count_) {
    next_order_ = 0;
    order_count_ = inputs_.orders->drain(orders_);
    if (order_count_ == 0) return false;
    tick();
  }
  const std::size_t first = next_order_;
  for (; next_order_ < order_count_ && gate_.has_room(); ++next_order_) {
    const std::int64_t began = now_ns_;
    take_order(orders_[next_order_]);
    message_times_.record(tick() - began);
  }
  if (order_count_ == orders_.size()) full_budget_ = true;
  return next_order_ > first;
}

void Shard::take_order(const edge::EdgeCommand& command) {
  using Type = edge::EdgeCommand::Type;
  if (command.type != Type::SessionDown) heard_of(command.session);
  switch (command.type) {
    case Type::Enter:
      gate_.on_order(command.enter, command.name, overloaded_, now_ns_);
      return;
    case Type::Replace:
      gate_.on_order(command.replace, overloaded_, now_ns_);
      return;
    case Type::Cancel:
      gate_.on_order(command.cancel, now_ns_);
      return;
    case Type::SessionUp:
      session_up(command.session);
      return;
    case Type::SessionDown:
      session_down(command.session);
      return;
    case Type::Alive:
      return;
  }
}

// --- prices

// Where the ring is nearly full prices wait, like clients: the rest is for the venue's word.
bool Shard::drain_prices(feeds::FeedQueue* queue) {
  if (queue == nullptr || journal_.room() > journal::Room::ReducingOnly) return false;
  std::array<feeds::PriceUpdate, kPricesPerPass> updates;
  const std::size_t count = queue->drain(updates);
  for (std::size_t u = 0; u < count; ++u) {
    const feeds::PriceUpdate& update = updates[u];
    const bool is_mark = update.kind == feeds::PriceUpdate::Kind::Mark;
    if (is_mark && update.price != 0) {
      gate_.on_mark({.time = {now_ns_},
                     .as_of = {update.as_of_ns + ahead_ns_},
                     .mark = {update.price},
                     .instrument = {update.index}});
    } else if (update.price != 0) {
      gate_.on_index({.time = {now_ns_},
                      .as_of = {update.as_of_ns + ahead_ns_},
                      .index = update.price,
                      .asset = {update.index}});
    }
    if (update.state == feeds::PriceUpdate::State::Unchanged) continue;
    gate_.on_price_state({.time = {now_ns_},
                          .target = update.index,
                          .kind = is_mark ? risk::PriceKind::Mark : risk::PriceKind::Index,
                          .state = update.state == feeds::PriceUpdate::State::Unsafe
                                       ? risk::PriceState::Unsafe
                                       : risk::PriceState::Safe});
  }
  return count > 0;
}

// One a pass: each is work for the engine.
bool Shard::drain_tables() {
  if (inputs_.tables == nullptr || journal_.room() > journal::Room::ReducingOnly) return false;
  feeds::PublishedTable* table = inputs_.tables->next();
  if (table == nullptr) return false;
  inputs_.tables->answer_next(gate_.on_table(*table, now_ns_));
  return true;
}

// What they have paid waits where the ring is nearly full, and adds up meanwhile.
bool Shard::drain_contracts() {
  if (inputs_.contracts == nullptr) return false;
  for (std::size_t n = 0; n < kContractsPerPass; ++n) {
    if (journal_.room() > journal::Room::ReducingOnly) return n > 0;
    const auto update = inputs_.contracts->take();
    if (!update) return n > 0;
    if (update->has_funding) {
      gate_.on_funding({.time = {now_ns_},
                        .paid = update->paid,
                        .predicted = update->predicted,
                        .instrument = update->instrument});
    }
    if (update->has_open_interest) {
      gate_.on_open_interest(
          {.time = {now_ns_}, .lots = update->open_interest, .instrument = update->instrument});
    }
  }
  return true;
}

bool Shard::drain_parameters() {
  if (inputs_.parameters == nullptr || journal_.room() > journal::Room::ReducingOnly) return false;
  gate::PublishedParameters* parameters = inputs_.parameters->next();
  if (parameters == nullptr) return false;
  // Not before whoever has found that it is time.
  const std::int64_t now_ns = tick();
  const bool is_taken = gate_.on_parameters(*parameters, now_ns);
  inputs_.parameters->answer_next({is_taken, journal_.published_sequence(), now_ns});
  return true;
}

// Indexes that the configuration fixes, told anew before they would be stale.
void Shard::publish_fixed_indexes() {
  std::int64_t shortest = 60 * risk::kSecondNs;
  for (std::uint32_t a = 0; a < deployment_.assets.size(); ++a) {
    if (deployment_.assets[a].fixed_index == 0) continue;
    shortest = std::min(shortest, gate_.engine().parameters().assets[a].index_age_max_ns / 2);
    gate_.on_index({.time = {now_ns_},
                    .as_of = {now_ns_},
                    .index = deployment_.assets[a].fixed_index,
                    .asset = {a}});
  }
  next_fixed_ns_ = now_ns_ + shortest;
}

// --- the end

void Shard::begin_stop() {
  transport_.stop_accepting();
  give_up_ns_ = tick() + kStopMaxNs;
}

// What the edge has accepted; nothing is behind it once the queue is closed.
bool Shard::drain_last_orders() {
  if (inputs_.orders == nullptr) return true;
  const bool is_closed = inputs_.orders->is_closed();
  for (int turn = 0; turn < kLastOrdersTurns; ++turn) {
    if (!drain_orders()) return is_closed && next_order_ == order_count_;
  }
  return false;
}

bool Shard::stop_pass() {
  transport_.poll();
  tick();
  take_commands();
  if (waits_for_disk_) durable_ = journal_.synced_sequence();
  if (venue_connecting_) venue_connected();
  drain_contracts();  // what was paid is not lost with the process
  if (!swept_) {
    if (!drain_last_orders() && now_ns_ < give_up_ns_) return false;
    swept_ = true;
    if (deployment_.gateway.cancel_working_orders_on_stop)
      gate_.sweep(gate::SweepScope::Node, 0, risk::kNone32, now_ns_);
  }
  if (deployment_.gateway.cancel_working_orders_on_stop && now_ns_ < give_up_ns_ &&
      (!gate_.is_idle() || gate_.engine().live_orders() > 0)) {
    serve_venue();
    gate_.run(now_ns_);
    serve_venue_output();
    return false;
  }
  // What was taken is answered, and the answer waits for the disk.
  if (waits_for_disk_ && durable_ < journal_.published_sequence() && now_ns_ < give_up_ns_) {
    return false;
  }
  // All that is to leave before any session's end is published, for which it would wait.
  serve_venue_output();
  for (int turn = 0; turn < 2; ++turn) {
    for (const auto& client : clients_) {
      old_messages_left_ = kOldMessagesPerPass;
      if (client->is_open) pump(*client);
    }
  }
  for (const auto& client : clients_) {
    if (client->is_open && client->soup.is_active()) drop(*client);
  }
  drop_venue();
  return true;
}

}  // namespace portcullis::gateway::shard
