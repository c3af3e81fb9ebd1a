// One session of the load client, over either protocol: log in, send what the plan says, keep the
// ledger. It can outlive its connections: then it logs in again, hears what it missed, and sends once
// more what the gate is not known to have taken.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "gateway/client/ledger.h"
#include "gateway/client/plan.h"

namespace portcullis::gateway::client {

struct Login {
  std::string user;        // the session's name
  std::string password{};  // over OUCH
  std::string api_key{};   // over JSON,
  std::string secret{};    // and what it signs with
};

struct Times {
  Histogram answers;  // from the intended time to the first answer of enters and replaces, ns
  Histogram delays;   // from the intended time to the first hand-over to a connection, ns
};

// One thread, that of the io_context. Times are of steady_ns().
class Session {
 public:
  enum class State : std::uint8_t {
    Connecting,
    LoggingIn,
    Asking,  // for the next number, or for what happened meanwhile
    Ready,
    Waiting,  // to connect again
    Closed,   // problem() says why, unless this side closed it
  };

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  void connect(const boost::asio::ip::tcp::endpoint& endpoint);

  // Queues one message of the plan; flush() hands it over once there is a connection with room. On
  // a closed session it is counted as unsent.
  virtual void send(const Message& message, std::int64_t due_ns) = 0;
  // Nothing more of the plan will come.
  virtual void send_barrier() = 0;
  // Hands what is queued to the socket.
  virtual void flush() = 0;

  // Heartbeats, silence, and the next try to connect.
  void on_time(std::int64_t now_ns);
  virtual void logout() = 0;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // Everything is handed over, and the gate has processed all of it.
  [[nodiscard]] virtual bool is_settled() const = 0;
  // When the last message came.
  [[nodiscard]] std::int64_t last_received_ns() const { return last_received_ns_; }
  // When the last message of the plan was handed over for the first time; 0: none was.
  [[nodiscard]] std::int64_t last_handed_ns() const { return last_handed_ns_; }
  // Messages of the plan that were handed over.
  [[nodiscard]] std::uint64_t handed() const { return handed_; }
  [[nodiscard]] std::uint64_t connections_lost() const { return connections_lost_; }

 protected:
  // Latencies of this session go to `times`, which outlives it, as does the plan. For so long after
  // the loss of a connection it tries to get another one; 0: a lost connection is the end.
  Session(const Plan& plan, std::uint32_t numbers, std::string user, Times& times,
          std::int64_t reconnect_limit_ns);

  // Begins a connection to endpoint_, in state Connecting.
  virtual void open_connection() = 0;
  // Nothing of the connection calls back any more.
  virtual void drop_connection() = 0;
  // While there is a connection.
  virtual void keep_up(std::int64_t now_ns) = 0;

  void lost(const std::string& why);
  void close(std::string problem);
  void ready();

  const Plan& plan_;
  const std::string user_;
  Ledger ledger_;
  Times& times_;
  boost::asio::ip::tcp::endpoint endpoint_;
  State state_ = State::Connecting;
  std::int64_t last_received_ns_ = 0;
  std::int64_t last_handed_ns_ = 0;
  std::size_t handed_ = 0;  // of what was sent or waits for it, in order

 private:
  const std::int64_t reconnect_limit_ns_;
  std::string problem_;
  std::uint64_t connections_lost_ = 0;
  std::string lost_why_;
  std::int64_t lost_at_ns_ = 0;  // 0: not since the last time that it was ready
  std::int64_t retry_at_ns_ = 0;
};

[[nodiscard]] std::int64_t steady_ns();

}  // namespace portcullis::gateway::client
