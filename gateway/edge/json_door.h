// The JSON door without sockets, clock or thread: who is connected and logged in, what they ask, what
// they are told (ORDERLIFE 1 and 3, the Bybit v5 trade envelope).
//
// The door is the only one to number the commands of the JSON sessions, and hands them to the shard
// through the queue. It learns what became of them from the journal's records like everybody else: a
// request is answered when its record is read, never before, and where that record never comes the
// request gets no answer. Orders and executions are pushed as the records tell of them; positions and
// the wallet once the engine that follows the journal has come as far.
//
// A session trades its default account and hears of all that happens to it, over OUCH too; it may
// cancel and amend what it has itself entered. A read-only session (drop copy) hears of every account
// of its member, and of the orders that the gate refused them; its entries say whose they are in an
// additional field "account".
//
// One thread. Times are nanoseconds since the epoch.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/deployment.h"
#include "config/password.h"
#include "gateway/edge/account_look.h"
#include "gateway/edge/command_queue.h"
#include "gateway/edge/door.h"
#include "gateway/edge/query.h"
#include "gateway/json/decode.h"
#include "gateway/json/encode.h"
#include "gateway/json/order_store.h"
#include "gateway/json/symbols.h"
#include "gateway/security/login_limits.h"

namespace portcullis::gateway::edge {

struct DoorLimits {
  std::uint32_t connections_per_session_max = 8;
  std::uint32_t login_failures_max = 3;         // of a connection, which is then closed
  std::uint32_t malformed_max = 10;             // frames that are no request; the same
  std::uint32_t requests_per_second_max = 200;  // of a connection, and of a session's queries
  std::uint32_t outstanding_max = 1'000;        // orders, amends and cancels of a session
  std::int64_t login_ns = 10'000'000'000;       // from the connection to its login
  std::int64_t recv_window_ms = 5'000;          // where a request says nothing
  std::int64_t recv_window_ms_max = 60'000;
  security::LoginLimitSettings wrong_signatures{};  // of an address, logins and queries together
  json::DecoderLimits decoder{};
};

// REQUIRES a deployment with an edge.
[[nodiscard]] DoorLimits door_limits(const config::Deployment& deployment);

struct DoorCounters {
  std::uint64_t logins = 0;
  std::uint64_t logins_refused = 0;
  std::uint64_t wrong_signatures = 0;  // or keys, of logins and of queries
  std::uint64_t locked_out = 0;        // logins and queries of an address that is not looked at
  std::uint64_t lockouts = 0;          // begun
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;
  std::uint64_t over_rate = 0;     // refused with 10006
  std::uint64_t commands = 0;      // handed to the shard
  std::uint64_t duplicates = 0;    // of them: their orderLinkId is taken
  std::uint64_t queue_full = 0;    // refused with 10016
  std::uint64_t stopping = 0;      // the same, since the gate stops
  std::uint64_t replies = 0;       // to orders, amends and cancels, or batches of them
  std::uint64_t unanswerable = 0;  // the connection had gone
  std::uint64_t ignored = 0;       // commands that the gate left without a record
  std::uint64_t pushes = 0;
  std::uint64_t queries = 0;
};

class JsonDoor final : public Door {
 public:
  // What is handed in must outlive the door. `secrets` are by session. `store` is fed by the door
  // (on_record) and holds what the records before the first have said; REQUIRES that its changes are
  // wanted.
  JsonDoor(const config::Deployment& deployment, const DoorLimits& limits,
           const std::vector<config::ApiSecret>& secrets, json::OrderStore& store,
           CommandQueue& queue, Outlet& outlet, AccountLook& look);

  // The engine's watermark of a session, where it may be higher than the records have shown.
  void set_watermark(risk::SessionIndex session, std::uint32_t client_ref);

  // --- from the sockets
  void on_open(ConnectionId id, Channel channel, Address address, std::int64_t now_ns) override;
  void on_message(ConnectionId id, std::string_view text, std::int64_t now_ns) override;
  void on_closed(ConnectionId id, std::int64_t now_ns) override;
  std::optional<HttpReply> on_request(const HttpRequest& request, std::int64_t now_ns) override;

  // --- from the journal: every record, in order
  void on_record(const journal::RecordView& record, std::int64_t now_ns);

  // --- from time to time: pushes what waited for the look, and closes who did not log in
  void on_time(std::int64_t now_ns);
  // A record or the look is awaited: on_time() is wanted within milliseconds.
  [[nodiscard]] bool is_waiting() const { return outstanding_ != 0 || !dirty_.empty(); }

  // --- at the end
  // Logins and orders are refused from now on, and nothing more is handed over.
  void stop_taking() { taking_ = false; }
  // No further record will come: commands without one have not been taken, and are answered so.
  void no_more_records(std::int64_t now_ns);

  [[nodiscard]] const DoorCounters& counters() const { return counters_; }
  [[nodiscard]] const json::OrderStore& store() const { return store_; }
  // Commands that were handed over and not seen in a record yet.
  [[nodiscard]] std::size_t outstanding(risk::SessionIndex session) const;

 private:
  struct Window {  // of a rate: at most so many in a second from `since_ns`
    std::int64_t since_ns = 0;
    std::uint32_t count = 0;
  };
  struct Connection {
    Channel channel = Channel::Trade;
    std::string text;  // connId
    Address address = 0;
    risk::SessionIndex session;  // none before the login
    std::int64_t login_by_ns = 0;
    std::uint32_t login_failures = 0;
    std::uint32_t malformed = 0;
    std::uint32_t topics = 0;  // bits, bit_of()
    bool closing = false;
    Window requests{};
  };
  // One order of a request that is being answered.
  struct Entry {
    std::int32_t code = json::kOk;
    std::string text;
    std::string order_id;
    std::string link;
    json::Category category = json::Category::None;
    std::string symbol;
    risk::InstrumentIndex instrument;
    risk::Decision decision;
    bool is_refusal = false;  // by the engine, with this decision
  };
  struct Request {
    ConnectionId connection{};
    risk::SessionIndex session;
    json::Op op = json::Op::None;
    std::string op_text;
    std::string req_id;
    std::vector<Entry> entries;
    std::size_t missing = 0;  // of them: their record is awaited
  };
  // Behind a command on its way through the shard.
  struct Waiting {
    std::uint32_t client_ref = 0;  // of a cancel: of the order it names
    std::shared_ptr<Request> request;
    std::size_t entry = 0;
  };
  struct Session {
    bool read_only = false;
    risk::AccountIndex account;                // that it trades; none: read-only
    std::vector<risk::AccountIndex> accounts;  // that it hears of
    std::vector<ConnectionId> connections;
    std::uint32_t last_ref = 0;
    std::deque<Waiting> commands;  // enters and replaces, by client_ref
    std::deque<Waiting> cancels;   // in the order in which they were handed over
    Window queries{};
    std::int64_t alive_at_ns = 0;  // when the shard was last told
  };
  struct Dirty {
    std::uint64_t sequence = 0;  // that the look must have seen
    std::vector<risk::InstrumentIndex> instruments;
  };

  static constexpr std::string_view kStopping = "the gate is stopping";
  static constexpr std::string_view kAddressIsLockedOut =
      "too many wrong signatures from this address; try again later";

  static constexpr std::uint32_t bit_of(json::Topic topic, json::Category category) {
    static_assert(json::kTopicNames.size() * json::kCategoryNames.size() <= 32);
    return 1U << (static_cast<unsigned>(topic) * json::kCategoryNames.size() +
                  static_cast<unsigned>(category));
  }

  // json_door.cpp: connections and what they ask
  void log_in(ConnectionId id, Connection& connection, const json::Request& request,
              std::int64_t now_ns);
  void subscribe(ConnectionId id, Connection& connection, const json::Request& request,
                 std::int64_t now_ns);
  [[nodiscard]] bool is_locked_out(Address address, std::int64_t now_ns);
  void count_wrong_signature(Address address, std::int64_t now_ns);
  [[nodiscard]] bool take_token(Window& window, std::int64_t now_ns) const;
  void tell(EdgeCommand::Type type, risk::SessionIndex session);
  void heard_of(risk::SessionIndex session, std::int64_t now_ns);
  void reply(ConnectionId id, const Connection& connection, const json::Request& request,
             std::int32_t code, std::string_view text, std::int64_t now_ns);
  void close(ConnectionId id, Connection& connection, CloseCode code, std::string_view reason);

  // door_orders.cpp: orders on their way, and back
  void take_orders(ConnectionId id, Connection& connection, const json::Request& request,
                   std::int64_t now_ns);
  void create(risk::SessionIndex session, const json::OrderRequest& wanted,
              const std::shared_ptr<Request>& request, std::size_t at);
  void amend(risk::SessionIndex session, const json::OrderRequest& wanted,
             const std::shared_ptr<Request>& request, std::size_t at);
  void cancel(risk::SessionIndex session, const json::OrderRequest& wanted,
              const std::shared_ptr<Request>& request, std::size_t at);
  [[nodiscard]] bool find_target(risk::SessionIndex session, const json::OrderRequest& wanted,
                                 Entry& entry, json::Target& target) const;
  [[nodiscard]] bool push(const EdgeCommand& command, Entry& entry);
  [[nodiscard]] std::uint32_t next_ref(risk::SessionIndex session) const;
  void answer_command(risk::SessionIndex session, std::uint32_t client_ref,
                      const risk::Decision& decision, std::int64_t now_ns);
  void answer_cancel(risk::SessionIndex session, std::uint32_t client_ref,
                     const risk::Decision& decision, std::int64_t now_ns);
  void answer(const Waiting& waiting, const risk::Decision* decision, std::int64_t now_ns);
  void end_session(risk::SessionIndex session);
  void send_reply(const Request& request, std::int64_t now_ns);

  // door_streams.cpp: what is pushed
  void push_changes(std::uint64_t sequence, std::int64_t now_ns);
  void push_dirty(std::int64_t now_ns);
  void push_account(risk::AccountIndex account, const AccountState& state, const Dirty& dirty,
                    std::int64_t now_ns);
  template <class Write>
  void push_entry(risk::AccountIndex account, json::Topic topic, json::Category category,
                  bool only_read_only, std::int64_t now_ns, Write&& write);
  [[nodiscard]] bool is_heard(risk::AccountIndex account, json::Topic topic) const;

  // door_queries.cpp: REST
  struct Asked;
  [[nodiscard]] json::Fault read(const Query& query, std::uint32_t limit_default,
                                 std::uint32_t limit_max, Asked& asked) const;
  [[nodiscard]] static json::Fault read_page(const Query& query, std::uint32_t limit_default,
                                             std::uint32_t limit_max, Asked& asked);
  [[nodiscard]] bool matches(const Asked& asked, risk::InstrumentIndex instrument) const;
  template <class Each, class Write>
  void page(const Session& session, const Asked& asked, std::int64_t now_ms, Each&& each,
            Write&& write);
  json::Fault list_orders(const Session& session, const Query& query, bool history,
                          std::int64_t now_ms);
  json::Fault list_executions(const Session& session, const Query& query, std::int64_t now_ms);
  [[nodiscard]] std::uint32_t tries_at(std::int64_t now_ms) const;
  [[nodiscard]] bool look(risk::AccountIndex account, std::int64_t now_ns, std::uint32_t& tries,
                          AccountState& state);
  json::Fault list_positions(const Session& session, const Query& query, std::int64_t now_ms);
  json::Fault list_wallets(const Session& session, const Query& query, std::int64_t now_ms);
  void write_time(std::int64_t now_ns);

  [[nodiscard]] Session& session_of(risk::SessionIndex session) { return sessions_[session.value]; }
  [[nodiscard]] const Session& session_of(risk::SessionIndex session) const {
    return sessions_[session.value];
  }
  // Where a session's entries say whose they are.
  void add_account(const Session& session, risk::AccountIndex account, json::Buffer& out) const;

  const config::Deployment& deployment_;
  const DoorLimits limits_;
  const std::vector<config::ApiSecret>& secrets_;
  json::OrderStore& store_;
  CommandQueue& queue_;
  Outlet& outlet_;
  AccountLook& look_;
  const json::Symbols symbols_;
  json::Decoder decoder_;

  std::vector<Session> sessions_;                                    // by session
  std::vector<std::vector<risk::SessionIndex>> hearers_;             // by account
  std::unordered_map<std::string_view, risk::SessionIndex> by_key_;  // API keys
  std::unordered_map<ConnectionId, Connection> connections_;
  security::AddressFailures failures_;
  std::int64_t next_login_check_ns_ = 0;
  std::size_t outstanding_ = 0;  // of all sessions
  bool taking_ = true;
  std::map<risk::AccountIndex, Dirty> dirty_;
  risk::AccountIndex next_dirty_{0};  // the one to begin with
  std::int64_t patient_at_ns_ = 0;    // from then on a query may wait for a look again
  std::uint64_t push_number_ = 0;
  json::Buffer buffer_;
  DoorCounters counters_;
};

}  // namespace portcullis::gateway::edge
