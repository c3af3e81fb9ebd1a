// Between the sockets of the edge and what lies behind them: a door is told what comes in, an outlet
// takes what is to leave. Everything happens on the edge's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace portcullis::gateway::edge {

// Of a WebSocket; never used twice.
enum class ConnectionId : std::uint64_t {};

// By the path that the client opened; clients expect their replies in other words on each.
enum class Channel : std::uint8_t { Trade, Private };

// Of WebSocket closes, RFC 6455 section 7.4.1.
enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  Unsupported = 1003,
  BadPayload = 1007,
  Policy = 1008,
  TooBig = 1009,
  TryAgainLater = 1013,
};

// Where a connection comes from: security::number_of its address; 0: not known.
using Address = std::uint64_t;

// The views end with the call. What is not there is empty.
struct HttpRequest {
  bool is_get = true;
  std::string_view path{};
  std::string_view query{};  // as it stands behind the '?', still encoded: what was signed
  std::string_view api_key{};
  std::string_view timestamp{};
  std::string_view recv_window{};
  std::string_view sign{};
  Address address = 0;
};
struct HttpReply {
  unsigned status = 200;
  std::string body;  // JSON
  bool keep_alive = true;
};

class Door {
 public:
  virtual ~Door() = default;
  virtual void on_open(ConnectionId id, Channel channel, Address address, std::int64_t now_ns) = 0;
  // A text message: UTF-8. kTextPadding bytes behind it may be read.
  virtual void on_message(ConnectionId id, std::string_view text, std::int64_t now_ns) = 0;
  virtual void on_closed(ConnectionId id, std::int64_t now_ns) = 0;
  virtual HttpReply on_request(const HttpRequest& request, std::int64_t now_ns) = 0;
};

inline constexpr std::size_t kTextPadding = 64;

class Outlet {
 public:
  virtual ~Outlet() = default;
  // Queues a message. One that is too much for the connection closes it instead; to one that is gone
  // or closing nothing is sent. Never calls the door back.
  virtual void send(ConnectionId id, std::string text) = 0;
  // Once what is queued has left.
  virtual void close(ConnectionId id, CloseCode code, std::string_view reason) = 0;
};

}  // namespace portcullis::gateway::edge
