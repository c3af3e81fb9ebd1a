// One SoupBinTCP session of the load client over a TCP socket: log in, ask for the numbers, send
// what the plan says, keep the ledger. It can outlive its connections: then it logs in again, hears
// what it missed, and sends once more what the gate is not known to have taken.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "gateway/client/ledger.h"
#include "gateway/client/plan.h"
#include "gateway/soup/client_connection.h"

namespace portcullis::gateway::client {

struct Login {
  std::string user;
  std::string password;
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
    Asking,  // for the next number
    Ready,
    Waiting,  // to connect again
    Closed,   // problem() says why, unless this side closed it
  };

  // Latencies of this session go to `times`, which outlives it, as does the plan. For so long after
  // the loss of a connection it tries to get another one; 0: a lost connection is the end.
  Session(boost::asio::io_context& io, const Plan& plan, std::uint32_t numbers, Login login,
          Times& times, std::int64_t reconnect_limit_ns = 0);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void connect(const boost::asio::ip::tcp::endpoint& endpoint);

  // Queues one message of the plan; flush() hands it over once there is a connection with room. On
  // a closed session it is counted as unsent.
  void send(const Message& message, std::int64_t due_ns);
  // Queues an account query as the last message.
  void send_barrier();
  // Hands what is queued to the socket.
  void flush();

  // Heartbeats, silence, and the next try to connect.
  void on_time(std::int64_t now_ns);
  void logout();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& user() const { return login_.user; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // Everything is handed over and every query was answered: the gate has processed all that was
  // sent before the last one.
  [[nodiscard]] bool is_settled() const {
    return state_ == State::Closed ||
           (state_ == State::Ready && next_ == log_.size() && asked_.empty());
  }
  // When the last message came.
  [[nodiscard]] std::int64_t last_received_ns() const { return last_received_ns_; }
  // When the last message of the plan was handed over for the first time; 0: none was.
  [[nodiscard]] std::int64_t last_handed_ns() const { return last_handed_ns_; }
  // Messages of the plan that were handed over.
  [[nodiscard]] std::uint64_t handed() const { return handed_; }
  [[nodiscard]] std::uint64_t connections_lost() const { return connections_lost_; }

 private:
  struct Entry {
    const Message* message = nullptr;
    std::int64_t due_ns = 0;  // 0: a barrier
  };

  void open_connection();
  void log_in();
  void ask();
  void pump();
  void wait_readable();
  void on_readable();
  void take_events();
  void logged_in(const soup::ClientEvent& event);
  void take(const soup::ClientEvent& event);
  void answered_query(std::uint64_t sequence);
  void go_on();
  void wait_writable();
  void lost(const std::string& why);
  void close(std::string problem);
  void close_socket();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::endpoint endpoint_;
  const Plan& plan_;
  const Login login_;
  const std::int64_t reconnect_limit_ns_;
  soup::ClientConnection soup_;
  Ledger ledger_;
  Times& times_;
  State state_ = State::Connecting;
  std::string problem_;
  std::uint64_t connection_ = 0;  // which one; callbacks of an earlier one mean nothing
  bool waiting_writable_ = false;
  std::int64_t now_ns_ = 0;  // of the last read
  std::int64_t last_received_ns_ = 0;
  std::int64_t last_handed_ns_ = 0;

  // What was sent or waits for it, in order. Before `known_` the gate has taken everything, before
  // `next_` everything was handed to this connection, before `handed_` to this or one before.
  std::vector<Entry> log_;
  std::size_t known_ = 0;
  std::size_t next_ = 0;
  std::size_t handed_ = 0;
  // For each query without an answer, in order: what is known once it is answered.
  std::deque<std::size_t> asked_;
  bool has_asked_ = false;
  bool has_base_ = false;
  std::uint32_t next_number_ = 1;  // of the last answer

  // The gate's stream of messages to us.
  std::string stream_session_;
  std::uint64_t next_sequence_ = 0;  // 0: of the first login
  // Messages from here on were caused after the login, so that the answer to a query is one to ours.
  std::uint64_t fresh_sequence_ = 0;
  bool missing_ = false;  // messages before it have still to be asked for, with another login

  std::uint64_t connections_lost_ = 0;
  std::string lost_why_;
  std::int64_t lost_at_ns_ = 0;  // 0: not since the last time that it was ready
  std::int64_t retry_at_ns_ = 0;
};

[[nodiscard]] std::int64_t steady_ns();

}  // namespace portcullis::gateway::client
