// Between the sockets of the edge and what lies behind them: a door is told what comes in, an outlet
// takes what is to leave. Everything happens on the edge's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::gateway::edge {

// Of a WebSocket; never used twice.
enum class ConnectionId : std::uint64_t {};

// What a WebSocket is for; clients expect their replies in other words on each.
enum class Channel : std::uint8_t { Trade, Private, Events };

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
  ConnectionId id{};
  std::string_view method = "GET";
  std::string_view path{};
  std::string_view query{};  // as it stands behind the '?', still encoded: what was signed
  std::string_view body{};
  std::string_view authorization{};
  std::string_view api_key{};
  std::string_view timestamp{};
  std::string_view recv_window{};
  std::string_view sign{};
  Address address = 0;
};
struct HttpReply {
  unsigned status = 200;
  std::string body;
  bool keep_alive = true;
  // Of static storage. What is empty or 0 is not said.
  std::string_view content_type = "application/json";
  std::string_view allow{};         // the methods, of 405
  std::string_view authenticate{};  // the scheme, of 401
  std::uint32_t retry_after_s = 0;  // of 429 and 503
};
// What becomes of a request for a WebSocket: none is opened without a channel.
struct Upgrade {
  std::optional<Channel> channel;
  HttpReply refusal{};
};

class Door {
 public:
  virtual ~Door() = default;
  virtual void on_open(ConnectionId id, Channel channel, Address address, std::int64_t now_ns) = 0;
  // A text message: UTF-8. kTextPadding bytes behind it may be read.
  virtual void on_message(ConnectionId id, std::string_view text, std::int64_t now_ns) = 0;
  virtual void on_closed(ConnectionId id, std::int64_t now_ns) = 0;
  // None: the reply comes by Outlet::reply, before the server is stopped. Meanwhile nothing is read
  // of the connection.
  virtual std::optional<HttpReply> on_request(const HttpRequest& request, std::int64_t now_ns) = 0;
  // As it is here, the two channels of JSON clients, by their paths.
  virtual Upgrade on_upgrade(const HttpRequest& request, std::int64_t now_ns);
  // The body of a reply to what is no request.
  [[nodiscard]] virtual std::string fault(std::string_view what) const;
};

inline constexpr std::size_t kTextPadding = 64;

class Outlet {
 public:
  virtual ~Outlet() = default;
  // Queues a message. One that is too much for the connection closes it instead; to one that is gone
  // or closing nothing is sent. Never calls the door back.
  virtual void send(ConnectionId id, std::string text) = 0;
  // To a request that was left open.
  virtual void reply(ConnectionId id, HttpReply reply) = 0;
  // Once what is queued has left.
  virtual void close(ConnectionId id, CloseCode code, std::string_view reason) = 0;
};

}  // namespace portcullis::gateway::edge
