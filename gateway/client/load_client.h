// Runs a plan against a gate: all sessions at once, on one thread, open loop. Each message has its
// time from the start; what is late is sent as soon as possible and is late in the latencies too,
// which count from the time it should have been sent.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/client/json_ledger.h"
#include "gateway/client/json_orders.h"
#include "gateway/client/json_session.h"
#include "gateway/client/ledger.h"
#include "gateway/client/plan.h"
#include "gateway/client/session.h"
#include "gateway/histogram.h"

namespace portcullis::gateway::client {

struct RunSettings {
  std::string host;  // an IP address
  std::uint16_t port = 0;
  std::vector<Login> logins;  // by session of the plan; without a user: it takes no part
  // Where the sessions speak JSON; null: OUCH. Its plan is the client's.
  const JsonOrders* json = nullptr;
  std::int64_t start_at_ns = 0;  // epoch; 0, or past when all are logged in: as soon as they are
  std::int64_t login_limit_ns = 30'000'000'000;
  // How long the last answers may take after the last message is sent.
  std::int64_t drain_limit_ns = 20'000'000'000;
  // How long a session that has lost its connection tries to get another one; 0: it does not.
  std::int64_t reconnect_limit_ns = 0;
  bool progress = false;  // a line on stderr, once a second
};

struct SessionResult {
  std::string user;
  std::string problem;  // why the connection was lost for good; empty: it was not
  LedgerCounts counts;
  std::uint64_t connections_lost = 0;  // others were found for them
  std::uint32_t next_number = 0;       // as the gate said last
  std::uint64_t open = 0;
  std::uint64_t unanswered_enters = 0;
  std::uint64_t unanswered_replaces = 0;
  std::uint64_t unanswered_controls = 0;
  // What the queries list at the end; nothing over OUCH, which has none.
  std::optional<JsonLedger::Listed> listed{};
};

struct RunResult {
  std::string problem;  // why the run is not complete; empty: it is
  std::vector<SessionResult> sessions;
  Times times;
  std::int64_t late_ns = 0;      // that the run began after start_at
  std::int64_t duration_ns = 0;  // from the start to the last message sent
};

class LoadClient {
 public:
  // The plan must outlive the client.
  LoadClient(const Plan& plan, RunSettings settings);

  // Returns when everything is sent and answered, a limit has passed, or stop() was called. The
  // sessions stay logged in.
  RunResult run();
  // Leaves, and gives the WebSockets of sessions over JSON time to close.
  void log_out();

  // Stays logged in until the gate has closed all connections or stop() is called.
  void hold();
  // Ends run() or hold() soon. Any thread, or a signal handler.
  void stop() noexcept { stopping_.store(true); }

 private:
  void log_in();
  void send_all();
  void settle();
  void list_all();
  // Lets the sessions work until the time, or until something has happened before.
  void work(std::int64_t until_ns);
  void keep_up();
  void flush();
  template <class F>
  [[nodiscard]] std::uint64_t sum(F&& f) const;
  template <class F>
  [[nodiscard]] bool all(F&& f) const;

  const Plan& plan_;
  const RunSettings settings_;
  boost::asio::io_context io_;
  // There may be nothing to do for a while: every session waits to connect again.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  boost::asio::steady_timer timer_{io_};
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<Session*> by_index_;           // of the plan; null: takes no part
  std::vector<JsonSession*> json_sessions_;  // those of sessions_, over JSON
  Times times_;
  std::atomic<bool> stopping_{false};
  std::string problem_;
  std::size_t next_ = 0;       // message of the plan
  std::int64_t start_ns_ = 0;  // steady
  std::int64_t next_tick_ns_ = 0;
  std::int64_t next_progress_ns_ = 0;
};

}  // namespace portcullis::gateway::client
