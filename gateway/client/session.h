// One SoupBinTCP session of the load client over a TCP socket: log in, ask for the numbers, send
// what the plan says, keep the ledger.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "gateway/client/ledger.h"
#include "gateway/client/plan.h"
#include "gateway/soup/client_connection.h"

namespace portcullis::gateway::client {

struct Login {
  std::string user;
  std::string password;
};

// One thread, that of the io_context. Times are of steady_ns().
class Session {
 public:
  enum class State : std::uint8_t {
    Connecting,
    LoggingIn,
    Asking,  // for the next number
    Ready,
    Closed,  // problem() says why, unless this side closed it
  };

  // Latencies of this session go to `times`, which outlives it, as does the plan.
  Session(boost::asio::io_context& io, const Plan& plan, std::uint32_t numbers, Login login,
          Histogram& times);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void connect(const boost::asio::ip::tcp::endpoint& endpoint);

  // Queues one message. False when the connection has no room for it now: try again later. On a
  // closed connection it is counted as unsent.
  [[nodiscard]] bool send(const Message& message, std::int64_t due_ns);
  // Queues an account query as the last message; false as above.
  [[nodiscard]] bool send_barrier();
  // Hands what is queued to the socket.
  void flush();

  // Heartbeats and silence.
  void on_time(std::int64_t now_ns);
  void logout();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& user() const { return login_.user; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // Every query was answered: the gate has processed all that was sent before the last one.
  [[nodiscard]] bool is_settled() const {
    return state_ == State::Closed || ledger_.counts().query_responses >= queries_;
  }
  // When the last message came.
  [[nodiscard]] std::int64_t last_received_ns() const { return last_received_ns_; }

 private:
  void wait_readable();
  void on_readable();
  void take_events();
  void take(std::span<const std::byte> payload);
  void wait_writable();
  void close(std::string problem);

  boost::asio::ip::tcp::socket socket_;
  const Plan& plan_;
  const Login login_;
  soup::ClientConnection soup_;
  Ledger ledger_;
  Histogram& times_;
  State state_ = State::Connecting;
  std::string problem_;
  std::uint64_t queries_ = 0;  // sent
  std::int64_t now_ns_ = 0;    // of the last read
  std::int64_t last_received_ns_ = 0;
  bool waiting_writable_ = false;
};

[[nodiscard]] std::int64_t steady_ns();

}  // namespace portcullis::gateway::client
