// The control plane without sockets, clock or thread: who may say what, what is answered.
//
// What is asked of it goes one of three ways:
//
//   looking     status, limits, accounts are said of the engine that follows the journal, off the
//               shard and a moment behind it (`sequence` tells the last record that it has taken, and
//               `records_behind` how many more there are). While it takes records or copies a snapshot
//               there is no look; after a short wait the request is refused with 503.
//   events      rejects and what else operators should know is read from the journal's records.
//   the shard   What-ifs are decided by the shard on its state as it is then, behind orders and a few a
//               pass. Commands are taken by the shard before the next order, one record for who
//               gave it (gate::OperatorRecord) and the command's own; the reply names that record, and in
//               durability fsync waits until it is on the disk. A command that is not answered within
//               two seconds, because the journal has no room or the shard is busy, is not lost: it is
//               told as queued (202).
//   parameters  Changes of limits go to the thread that makes parameters (parameters/change_desk.h), and are
//               answered in the same way, within ten seconds.
//
// Nothing here can stall the shard: the queue to it is bounded, and it never waits for an answer to
// be taken. Nothing grows: so many requests of a token in a second, what one may ask, what is
// remembered, and what waits are limited.
//
// Who shows no good token is told so as often as the gateway's limits of failed logins let an address,
// and whoever has one is heard whatever others of the same address say.
//
// One thread. Times are nanoseconds since the epoch.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/control_settings.h"
#include "config/deployment.h"
#include "config/problem.h"
#include "gateway/audit/audit_log.h"
#include "gateway/control/history.h"
#include "gateway/control/shard_queue.h"
#include "gateway/control/values.h"
#include "gateway/control/verbs.h"
#include "gateway/control/views.h"
#include "gateway/edge/door.h"
#include "gateway/edge/query.h"
#include "gateway/follower/sweep_watch.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/json/symbols.h"
#include "gateway/parameters/change_exchange.h"
#include "gateway/security/login_limits.h"
#include "risk/breakdown.h"

namespace portcullis::gateway::control {

// What the control plane needs of the rest of the process, all of it from its own thread.
struct ControlNeeds {
  const config::Deployment& deployment;
  const config::ControlSettings& settings;
  ShardQueue& queue;
  // Calls back with the follower's gate while that stands still. False: it cannot be looked at now.
  std::function<bool(const std::function<void(gate::Gate&)>&)> look;
  std::function<std::uint64_t()> follower_sequence;
  std::function<audit::AuditHead()> audit;
  std::function<JournalFigures()> journal;
  std::function<std::uint64_t()>
      orders_waiting{};                         // in the JSON door's queue; none: there is no door
  std::function<feeds::FeedFigures()> feeds{};  // none: there are none
  std::function<void()> pause;  // a moment, less than a millisecond, before another look
  // The follower's, read in `look` alone and before the follower runs; null: there is none, so below.
  const follower::SweepWatch* sweeps = nullptr;
  const follower::WarningWatch* warnings = nullptr;
  parameters::ChangeExchange* changes = nullptr;  // null: limits do not change
};

struct ControlCounters {
  std::uint64_t requests = 0;
  std::uint64_t unauthenticated = 0;  // without a good token
  std::uint64_t locked_out = 0;       // of them: not even told so
  std::uint64_t not_permitted = 0;    // the role may not
  std::uint64_t over_rate = 0;
  std::uint64_t malformed = 0;
  std::uint64_t busy = 0;      // no look, or no room in the queue
  std::uint64_t commands = 0;  // handed to the shard
  std::uint64_t queued = 0;    // of them: told as queued
  std::uint64_t what_ifs = 0;  // orders
  std::uint64_t events = 0;    // told, to each listener
  std::uint64_t events_missed = 0;
};

class ControlDoor final : public edge::Door {
 public:
  ControlDoor(const ControlNeeds& needs, edge::Outlet& outlet);

  void on_open(edge::ConnectionId id, edge::Channel channel, edge::Address address,
               std::int64_t now_ns) override;
  void on_message(edge::ConnectionId id, std::string_view text, std::int64_t now_ns) override;
  void on_closed(edge::ConnectionId id, std::int64_t now_ns) override;
  std::optional<edge::HttpReply> on_request(const edge::HttpRequest& request,
                                            std::int64_t now_ns) override;
  edge::Upgrade on_upgrade(const edge::HttpRequest& request, std::int64_t now_ns) override;
  [[nodiscard]] std::string fault(std::string_view what) const override;

  // The journal's next record.
  void on_record(const journal::RecordView& record, std::int64_t now_ns);
  // What the shard has answered, and what has waited too long. To be called whenever there are
  // answers, and every few milliseconds.
  void on_time(std::int64_t now_ns);
  // No more commands and questions are taken.
  void stop_taking() { taking_ = false; }
  // Every open request gets its reply now.
  void answer_all(std::int64_t now_ns);
  [[nodiscard]] bool is_waiting() const { return !pending_.empty(); }

  [[nodiscard]] const ControlCounters& counters() const { return counters_; }

 private:
  struct Window {
    std::int64_t began_ns = 0;
    std::uint32_t count = 0;
  };
  struct Caller {  // by token
    Window looks;
    Window commands;
  };
  struct Pending {
    edge::ConnectionId id;
    Verb verb = Verb::Status;
    std::int64_t until_ns = 0;
    std::string by{};
    // A command that is done, and waits for the disk.
    std::uint64_t sequence = 0;
    std::string body{};  // of the reply; empty: as of any command
    // What-if: the questions as they were answered, by item.
    std::vector<Question> items{};
    std::size_t answered = 0;
  };
  struct Listener {
    edge::ConnectionId id{};
    std::uint32_t kinds = 0;  // bits of EventKind
    bool is_open = false;
    Window told{};
    std::uint64_t missed = 0;
  };

  // --- door.cpp: who, and which verb
  [[nodiscard]] std::optional<edge::HttpReply> refuse_caller(const edge::HttpRequest& request,
                                                             const VerbInfo& verb,
                                                             std::int64_t now_ns,
                                                             const config::ControlToken*& token);
  [[nodiscard]] bool take_token(Window& window, std::int64_t now_ns) const;
  [[nodiscard]] edge::HttpReply refuse(unsigned status, std::string_view error,
                                       std::string_view message) const;
  [[nodiscard]] edge::HttpReply refuse(const std::vector<config::Problem>& problems);
  [[nodiscard]] edge::HttpReply busy();
  void tell(EventKind kind, const std::string& text);
  [[nodiscard]] std::uint32_t kinds_of(const edge::Query& query, std::string& problem) const;

  // --- door_looks.cpp: what is said of the follower's state
  struct Asked;
  [[nodiscard]] std::string read(Verb verb, const edge::Query& query, Asked& asked) const;
  [[nodiscard]] edge::HttpReply look(Verb verb, const edge::Query& query, std::int64_t now_ns);
  void write(const Asked& asked, gate::Gate& gate, std::int64_t now_ns, json::Buffer& buffer);
  [[nodiscard]] edge::HttpReply list_rejects(const Asked& asked) const;
  [[nodiscard]] ProcessFigures process_figures(std::int64_t now_ns) const;
  void look_whether_ready(std::int64_t now_ns);
  void tell_sweeps(gate::Gate& gate, std::int64_t now_ns);
  void tell_warnings(std::int64_t now_ns);
  // f(gate), within some milliseconds. False: the follower is at work all the time.
  template <class F>
  [[nodiscard]] bool look_soon(F&& f) const;
  void ask_figures(std::int64_t now_ns);
  [[nodiscard]] std::optional<edge::HttpReply> refuse_alert(const Command& command);

  // --- door_shard.cpp: what goes to the shard
  [[nodiscard]] std::optional<edge::HttpReply> give(const VerbInfo& verb,
                                                    const edge::HttpRequest& request,
                                                    const config::ControlToken& token,
                                                    std::int64_t now_ns);
  [[nodiscard]] std::optional<edge::HttpReply> ask_what_if(const edge::HttpRequest& request,
                                                           std::int64_t now_ns);
  // --- door_changes.cpp: what goes to who makes parameters
  [[nodiscard]] std::optional<edge::HttpReply> give_change(const VerbInfo& verb,
                                                           const edge::HttpRequest& request,
                                                           const config::ControlToken& token,
                                                           std::int64_t now_ns);
  void take_answer(const parameters::ChangeAnswer& answer);
  [[nodiscard]] edge::HttpReply list_changes() const;
  [[nodiscard]] std::shared_ptr<const parameters::ChangesView> changes_now() const;

  void take_answers(std::int64_t now_ns);
  void take_answer(const Command& command);
  void take_answer(const Question& question, std::int64_t now_ns);
  [[nodiscard]] edge::HttpReply done(const Pending& pending, std::uint64_t request) const;
  [[nodiscard]] edge::HttpReply what_if_reply(const Pending& pending) const;
  [[nodiscard]] edge::HttpReply late(const Pending& pending, std::uint64_t request);
  void end_late(std::int64_t now_ns);

  const ControlNeeds needs_;
  const config::ControlSettings& settings_;
  edge::Outlet& outlet_;
  const Values values_;
  const json::Symbols symbols_;
  History history_;
  std::vector<Caller> callers_;  // by token
  security::AddressFailures failures_;
  std::map<std::uint64_t, Pending> pending_;  // by request
  std::set<std::uint64_t> pending_changes_;   // of them, whether somebody still waits or not
  std::uint64_t next_request_ = 1;
  std::size_t questions_open_ = 0;  // in the queue, whether somebody still waits or not
  bool taking_ = true;

  std::map<std::uint32_t, Listener> listeners_;  // by place among the connections
  std::uint32_t open_listeners_ = 0;
  std::int64_t told_at_ns_ = 0;  // the event that is told now
  std::uint64_t sweeps_told_;    // of those that have ended
  std::uint64_t warnings_told_;  // notices

  risk::Breakdown breakdown_;
  shard::Figures asked_figures_;  // the shard's, while figures_asked_
  shard::Figures figures_;
  std::int64_t figures_at_ns_ = 0;  // when the shard told them; 0: never
  bool figures_asked_ = false;
  std::int64_t next_figures_ns_ = 0;
  std::uint64_t published_ = 0;       // as it was seen last
  std::int64_t published_at_ns_ = 0;  // and when it last moved
  bool is_ready_ = false;
  std::int64_t next_ready_ns_ = 0;
  ControlCounters counters_;
};

}  // namespace portcullis::gateway::control
