// The sockets of the edge: a listener, TLS where it is set, HTTP/1.1 with its keep-alive, and the
// WebSockets that it becomes. What is said is a Door's business.
//
// Nothing a peer sends or fails to read grows without bound: a connection holds at most
// header_bytes_max + body_bytes_max of a request or message_bytes_max of a message, and
// output_bytes_max of what is to leave; beside them the kernel's buffers, which are set. So all of
// them together hold at most connections_max * (max(header_bytes_max + body_bytes_max,
// message_bytes_max) + output_bytes_max) and some KiB each.
// A connection is not read while more than half of its output is waiting.
//
// One thread, that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/door.h"

namespace portcullis::gateway::edge {

struct TlsFiles {
  std::filesystem::path certificate;  // the chain, PEM
  std::filesystem::path key;          // PEM
};

struct ServerSettings {
  std::string address;     // an IP address
  std::uint16_t port = 0;  // 0: any free one
  std::optional<TlsFiles> tls;
  std::uint32_t connections_max = 0;
  std::uint32_t connections_per_address_max = UINT32_MAX;
  std::size_t header_bytes_max = 8'192;
  std::size_t body_bytes_max = 8'192;      // of a request; a longer one is refused
  std::size_t message_bytes_max = 65'536;  // a longer one closes with 1009
  std::size_t output_bytes_max = 1'048'576;
  std::int64_t request_ns =
      10'000'000'000;                     // for a TLS handshake, a whole request, a kept-alive wait
  std::int64_t idle_ns = 30'000'000'000;  // a WebSocket is asked after half, closed after all of it
  std::int64_t close_ns = 2'000'000'000;  // for what is still to leave, and the peer's close
  std::uint32_t controls_per_second_max = 20;  // pings and pongs; more close with 1008
};

struct ServerCounters {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;  // beyond connections_max
  std::uint64_t refused_by_address = 0;   // beyond connections_per_address_max
  std::uint64_t accepts_failed = 0;
  std::uint64_t handshakes_failed = 0;  // of TLS and of WebSockets
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;  // that are no HTTP, or too large
  std::uint64_t websockets = 0;
  std::uint64_t messages = 0;
  std::uint64_t protocol_errors = 0;  // of WebSockets: closed with 1002, 1003, 1007, 1009
  std::uint64_t control_floods = 0;
  std::uint64_t slow_consumers = 0;
  std::uint64_t timeouts = 0;
};

class Peer;

class Server : public Outlet {
 public:
  // Listens; nothing is accepted before start(). `io` and `door` must outlive this. Throws
  // std::runtime_error: it cannot listen, or a file of TLS cannot be used.
  Server(boost::asio::io_context& io, const ServerSettings& settings, Door& door);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void start();
  // No more connections; those that are there go on.
  void stop_accepting();
  // And those are closed with 1001 once what is queued has left.
  void stop();
  [[nodiscard]] std::size_t connection_count() const { return connection_count_; }

  void send(ConnectionId id, std::string text) override;
  void reply(ConnectionId id, HttpReply reply) override;
  void close(ConnectionId id, CloseCode code, std::string_view reason) override;

  [[nodiscard]] const ServerCounters& counters() const { return counters_; }

 private:
  friend class Peer;
  struct Slot {
    std::shared_ptr<Peer> peer;
    std::uint32_t uses = 0;
    Address address = 0;
  };

  void accept();
  void admit(boost::asio::ip::tcp::socket&& socket);
  void gone(ConnectionId id);
  [[nodiscard]] Peer* find(ConnectionId id) const;
  [[nodiscard]] bool has_room_for(Address address) const;

  const ServerSettings settings_;
  Door& door_;
  std::optional<boost::asio::ssl::context> tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_again_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  std::vector<Slot> slots_;          // connections_max
  std::vector<std::uint32_t> free_;  // of them
  std::size_t connection_count_ = 0;
  ServerCounters counters_;
};

}  // namespace portcullis::gateway::edge
