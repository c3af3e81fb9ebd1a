// The shard: it owns the gate, the clients' OUCH sessions and the venue link, and runs each message
// to completion: read, decode, decide, journal, forward, reply (ORDERLIFE 5).
//
// A pass reads each ready connection once, at most 16 KiB or 32 messages a session, takes what other
// threads have queued, lets the streams owed to clients leave, then looks at the timers. It knows
// neither sockets nor a clock nor a thread (transport.h); Loop runs it over real ones.
//
// In durability fsync what was queued for a peer leaves when the records that cause it are durable.
// The journal's on_synced must then wake the loop.
//
// One thread, that of the loop. Nothing on the way of an order allocates, locks or waits.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/contract_queue.h"
#include "feeds/feed_queue.h"
#include "feeds/table_queue.h"
#include "gateway/control/shard_queue.h"
#include "gateway/edge/command_queue.h"
#include "gateway/gate/gate.h"
#include "gateway/histogram.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/stream_server.h"
#include "gateway/parameters/parameter_queue.h"
#include "gateway/security/dead_man.h"
#include "gateway/security/login_checker.h"
#include "gateway/security/login_limits.h"
#include "gateway/security/name_failures.h"
#include "gateway/shard/output_marks.h"
#include "gateway/shard/transport.h"
#include "gateway/soup/server_connection.h"

namespace portcullis::gateway::shard {

// What other threads queue for the shard; each may be null.
struct Inputs {
  feeds::FeedQueue* prices = nullptr;      // of the recording
  feeds::FeedQueue* references = nullptr;  // of others: each price comes through one of the two
  feeds::TableQueue* tables = nullptr;
  feeds::ContractQueue* contracts = nullptr;
  parameters::ParameterQueue* parameters = nullptr;
  edge::CommandQueue* orders = nullptr;  // of sessions that do not speak OUCH
  control::ShardQueue* control = nullptr;
};

struct LinkCounters {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;  // beyond connections_max
  std::uint64_t refused_by_address = 0;   // beyond connections_per_address_max
  std::uint64_t refused_unauthenticated =
      0;  // beyond unauthenticated_max, all of them being checked
  std::uint64_t dropped_unauthenticated = 0;  // beyond it, or for the next, the oldest
  std::uint64_t accepts_failed = 0;           // no file for a connection
  std::uint64_t logins = 0;
  std::uint64_t logins_rejected = 0;  // all of the next four, and wrong sessions and numbers
  std::uint64_t logins_failed = 0;    // unknown user or wrong password
  std::uint64_t logins_locked_out = 0;
  std::uint64_t logins_unchecked = 0;   // there was no room for another check
  std::uint64_t logins_duplicate = 0;   // refused, since the session has a connection
  std::uint64_t logins_superseded = 0;  // accepted, and the older connection went
  std::uint64_t lockouts = 0;           // of names and addresses, begun
  std::uint64_t protocol_errors = 0;
  std::uint64_t malformed_disconnects = 0;
  std::uint64_t slow_consumers = 0;
  std::uint64_t streams_removed = 0;     // what a client was behind by was removed with its segment
  std::uint64_t streams_unreadable = 0;  // or could not be read
  std::uint64_t fault_disconnects = 0;   // the exit budget was spent too
  std::uint64_t venue_connects = 0;
  std::uint64_t venue_drops = 0;
  std::uint64_t overloads = 0;
  std::uint64_t dead_men = 0;  // sessions not heard of for too long, whose orders were cancelled
};

// What only the shard's thread may look at, as it was when it was asked for.
struct Figures {
  gate::Counters gate;
  LinkCounters links;
  Histogram message_times;  // nanoseconds
  bool overloaded = false;
  journal::Room room = journal::Room::All;
  std::uint64_t ring_bytes_used = 0;
};

// An operator's commands are taken first in each pass, and wait for no order. Questions wait for
// all: a few are answered at the end of a pass, and none in one that has left orders unread.
//
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): fields in the order of their subjects
class Shard {
 public:
  // Everything must outlive the shard. `streams` has a place for each of connections_max.
  Shard(const config::Deployment& deployment, const config::Secret& venue_password,
        security::LoginChecker& logins, gate::Gate& gate, journal::Journal& journal,
        journal::StreamServer& streams, Inputs inputs, Transport& transport);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Once, before the first pass: nobody is connected yet.
  void begin();
  // True: something was done, and there may be more.
  bool pass();
  // Takes some of what other threads have queued. True: there was something, or more has become
  // durable. Part of a pass, and the last look before a sleep.
  bool drain_queues();

  // Instead of further passes: nobody new is let in, what the edge has accepted is decided until it
  // has closed its queue, what was taken leaves. Working orders stay, or are cancelled where that is
  // configured.
  void begin_stop();
  // True: everything has left, or a few seconds were not enough. Else to be called again, a
  // millisecond later.
  bool stop_pass();

  // The newest time it knows.
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }
  [[nodiscard]] const LinkCounters& link_counters() const { return counters_; }
  // Of a client's message, from its start stamp to its end stamp, in nanoseconds.
  [[nodiscard]] const Histogram& message_times() const { return message_times_; }

 private:
  struct Client {
    Client(std::uint32_t number, const soup::LinkSettings& settings)
        : connection(number), soup(settings, 0) {}
    std::uint32_t connection;
    bool is_open = false;
    std::uint32_t generation = 0;  // which connection it is of this place
    std::uint64_t address = 0;
    std::int64_t connected_ns = 0;
    soup::ServerConnection soup;
    OutputMarks marks;
    bool is_checked = false;  // its password is being looked at, for:
    std::array<char, 10> asked_session{};
    std::size_t asked_session_size = 0;
    std::uint64_t asked_sequence = 0;
    risk::SessionIndex session;  // none before the login
    std::uint64_t next = 1;      // the next message of the session's stream, as the journal counts
    std::uint32_t malformed = 0;
    bool has_input = false;           // unread messages were left for the next pass
    bool is_current = false;          // it has had all that there was, once
    std::int64_t stuck_since_ns = 0;  // output is full and the socket takes nothing; 0: it does
    bool is_behind = false;           // old messages are read for it
  };
  struct SessionState {
    Client* client = nullptr;
    std::int64_t cancel_at_ns = 0;  // cancel on disconnect is due; 0: it is not
    security::DeadMan dead_man{0, 0};
    security::NameFailures failures;
  };

  bool accept();
  bool serve(Client& client);
  bool take_messages(Client& client);
  struct Unauthenticated {
    std::uint32_t count = 0;
    Client* oldest = nullptr;
  };
  Unauthenticated waiting() const;
  void drop_unauthenticated(Client* client);
  bool admit(const Client& newcomer);
  void ask_login(Client& client, const soup::LoginRequest& request);
  bool drain_logins();
  void finish_login(const security::LoginVerdict& verdict);
  void log_in(Client& client, risk::SessionIndex session);
  void reject_login(Client& client, soup::LoginRejectReason reason);
  void let_go_if_slow(Client& client);
  bool pump(Client& client);
  std::span<const std::byte> may_leave(OutputMarks& marks,
                                       std::span<const std::byte> output) noexcept;
  bool queue_old(Client& client, std::uint16_t stream);
  void leave_files(Client& client);
  void close(Client& client);
  void drop(Client& client);
  void send_arithmetic(Client& client);
  void check_timers();
  void judge_pass();
  void connect_venue();
  void venue_connected();
  [[nodiscard]] bool takes_venue_messages() const;
  bool serve_venue();
  bool serve_venue_output();
  void drop_venue();
  void venue_stands_at(std::string_view session, std::uint64_t next_sequence);
  bool take_commands();
  void take_command(control::Command& command);
  bool answer_questions();
  void answer_question(control::Question& question);
  bool drain_prices(feeds::FeedQueue* queue);
  bool drain_tables();
  bool drain_contracts();
  bool drain_parameters();
  bool drain_orders();
  bool drain_last_orders();
  void take_order(const edge::EdgeCommand& command);
  void session_up(risk::SessionIndex session);
  void heard_of(risk::SessionIndex session);
  void session_down(risk::SessionIndex session);
  void publish_fixed_indexes();
  std::int64_t tick() noexcept;

  const config::Deployment& deployment_;
  const config::Secret& venue_password_;
  security::LoginChecker& logins_;
  gate::Gate& gate_;
  journal::Journal& journal_;
  journal::StreamServer& streams_;
  const Inputs inputs_;
  Transport& transport_;

  const bool waits_for_disk_;  // durability fsync
  std::uint64_t durable_ = 0;  // the journal's durable mark, as seen by this pass

  std::int64_t accept_at_ns_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;  // connections_max of them, free or not
  std::size_t first_pumped_ = 0;
  std::uint64_t old_messages_left_ = 0;  // that this pass may still copy from blocks
  std::uint64_t blocks_read_ = 0;        // of old messages, as seen by this pass
  std::vector<SessionState> sessions_;
  const security::LoginLimitSettings login_limits_;
  security::AddressFailures address_failures_;
  // Taken out of the edge's queue; those that found no room wait here.
  std::array<edge::EdgeCommand, 32> orders_{};
  std::size_t next_order_ = 0;
  std::size_t order_count_ = 0;

  soup::ClientConnection venue_;
  OutputMarks venue_marks_;
  bool venue_open_ = false;
  bool venue_connecting_ = false;
  bool venue_refused_ = false;  // our session, for whatever reason
  bool is_venue_head_known_ = false;
  bool venue_is_asked_ = false;  // by this connection, where it stands
  std::int64_t venue_connect_until_ns_ = 0;
  std::int64_t venue_retry_at_ns_ = 0;
  std::int64_t venue_backoff_ns_ = 0;

  std::int64_t now_ns_ = 0;
  std::int64_t ahead_ns_ = 0;  // of the transport's clock
  std::int64_t pass_began_ns_ = 0;
  std::int64_t next_timers_ns_ = 0;
  std::int64_t next_fixed_ns_ = 0;
  std::int64_t give_up_ns_ = 0;  // of a stop
  bool swept_ = false;           // the orders that a stop cancels, where it does
  bool overloaded_ = false;
  bool full_budget_ = false;  // some session used its whole budget in this pass
  std::uint32_t slow_passes_ = 0;
  std::int64_t calm_since_ns_ = 0;
  LinkCounters counters_;
  Histogram message_times_;
};

}  // namespace portcullis::gateway::shard
