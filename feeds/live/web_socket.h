// One connection of a WebSocket client, from the name of its host to its end; TLS where it is set.
//
// Bounded: a message that comes by message_bytes_max, what waits to leave by kOutputMessagesMax, the
// reply to the upgrade by Beast (8 KiB and a head). Not compressed. There are no deadlines here; who
// waits closes.
//
// One thread, that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace portcullis::feeds {

struct WebSocketEvents {
  std::function<void()> on_open;
  // kFeedFramePadding readable bytes follow the text.
  std::function<void(std::string_view text)> on_message;
  std::function<void()> on_control;
  std::function<void(std::string_view why)> on_closed;  // the last
};

struct WebSocketTarget {
  std::string host{};  // a name or an IP address
  std::uint16_t port = 0;
  std::string target{"/"};  // path and query
  std::size_t message_bytes_max = 0;
};

class WebSocket {
 public:
  static constexpr std::size_t kOutputMessagesMax = 64;

  virtual ~WebSocket() = default;
  virtual void connect() = 0;  // once
  // More than kOutputMessagesMax that the other side does not take end the connection.
  virtual void send(std::string text) = 0;
  // If none is on its way.
  virtual void ping() = 0;
  // No event follows. An open WebSocket is closed with 1000, within a second.
  virtual void close() = 0;
  // What connect() is at.
  [[nodiscard]] virtual std::string_view stage() const = 0;
};

// A context that trusts the certificates of `authorities`, a file of PEM, or where it is empty those
// that the system trusts. TLS 1.2 and later. Throws std::runtime_error with the file's name.
[[nodiscard]] boost::asio::ssl::context make_client_tls(const std::string& authorities);

// `tls` may be null: then nothing is encrypted, and only addresses of the loopback are connected to.
// With it the other side must have a certificate of `host`. It must outlive the connection, which
// goes on after close() until the io_context has seen its end. No event comes from within a call.
[[nodiscard]] std::shared_ptr<WebSocket> make_web_socket(boost::asio::io_context& io,
                                                         const WebSocketTarget& target,
                                                         boost::asio::ssl::context* tls,
                                                         WebSocketEvents events);

}  // namespace portcullis::feeds
