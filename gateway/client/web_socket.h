// A client's WebSocket, plain: connect, texts out, texts in, and an end. One thread, that of the
// io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace portcullis::gateway::client {

class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  struct Events {
    std::function<void()> opened;
    std::function<void(std::string_view)> text;
    std::function<void()> drained;  // nothing waits to leave any more
    std::function<void(const std::string&)> lost;
  };

  WebSocket(boost::asio::io_context& io, Events events);

  void connect(const boost::asio::ip::tcp::endpoint& endpoint, std::string path);
  // REQUIRES: it was opened.
  void send(std::string text);
  // Bytes that wait to leave.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // No event is told any more. The connection ends at once.
  void drop();
  // Likewise, but what waits leaves first, and then a close that the peer is given a second to answer.
  void close();

 private:
  void lose(const std::string& what, boost::system::error_code error);
  void read();
  void write();
  void begin_close();

  boost::beast::websocket::stream<boost::beast::tcp_stream, false> stream_;
  Events events_;
  boost::beast::flat_buffer input_;
  std::deque<std::string> output_;
  std::size_t waiting_ = 0;
  bool opened_ = false;
  bool told_ = false;  // nothing is to be told any more
  bool closing_ = false;
};

}  // namespace portcullis::gateway::client
