#include "gateway/client/web_socket.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <utility>

namespace portcullis::gateway::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr auto kConnectLimit = std::chrono::seconds(5);
constexpr auto kCloseLimit = std::chrono::seconds(1);
// Half of it without a word and the peer is asked whether it is there.
constexpr auto kSilenceLimit = std::chrono::seconds(15);
constexpr std::size_t kMessageMax = 1 << 20;

}  // namespace

WebSocket::WebSocket(asio::io_context& io, Events events)
    : stream_(io), events_(std::move(events)) {}

void WebSocket::connect(const asio::ip::tcp::endpoint& endpoint, std::string path) {
  beast::get_lowest_layer(stream_).expires_after(kConnectLimit);
  beast::get_lowest_layer(stream_).async_connect(
      endpoint, [self = shared_from_this(), endpoint, path = std::move(path)](error_code error) {
        if (self->told_) return;
        if (error) return self->lose("cannot connect", error);
        beast::tcp_stream& tcp = beast::get_lowest_layer(self->stream_);
        tcp.expires_never();
        tcp.socket().set_option(asio::ip::tcp::no_delay(true), error);
        self->stream_.set_option(websocket::stream_base::timeout{.handshake_timeout = kConnectLimit,
                                                                 .idle_timeout = kSilenceLimit,
                                                                 .keep_alive_pings = true});
        self->stream_.read_message_max(kMessageMax);
        self->stream_.auto_fragment(false);
        self->stream_.text(true);
        self->stream_.async_handshake(
            fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port()), path,
            [self](error_code failed) {
              if (self->told_) return;
              if (failed) return self->lose("no WebSocket", failed);
              self->opened_ = true;
              self->read();
              self->events_.opened();
            });
      });
}

void WebSocket::lose(const std::string& what, error_code error) {
  if (told_) return;
  told_ = true;
  std::string why = fmt::format("{}: {}", what, error.message());
  if (error == websocket::error::closed) {
    const websocket::close_reason& reason = stream_.reason();
    why = fmt::format("the gate closed the connection: {} {}", reason.code,
                      std::string_view(reason.reason.data(), reason.reason.size()));
  }
  const auto lost = std::move(events_.lost);
  drop();
  lost(why);
}

void WebSocket::read() {
  stream_.async_read(input_, [self = shared_from_this()](error_code error, std::size_t) {
    if (error && self->told_) return beast::get_lowest_layer(self->stream_).close();
    if (error) return self->lose("cannot read", error);
    if (!self->told_) {
      const auto data = self->input_.cdata();
      self->events_.text({static_cast<const char*>(data.data()), data.size()});
    }
    self->input_.consume(self->input_.size());
    self->read();
  });
}

void WebSocket::send(std::string text) {
  if (told_) return;
  waiting_ += text.size();
  output_.push_back(std::move(text));
  if (output_.size() == 1) write();
}

void WebSocket::write() {
  stream_.async_write(asio::buffer(output_.front()),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->lose("cannot write", error);
                        self->waiting_ -= self->output_.front().size();
                        self->output_.pop_front();
                        if (!self->output_.empty()) return self->write();
                        if (self->closing_) return self->begin_close();
                        if (!self->told_) self->events_.drained();
                      });
}

void WebSocket::drop() {
  told_ = true;
  beast::get_lowest_layer(stream_).close();
}

void WebSocket::close() {
  if (told_ || !opened_) return drop();
  told_ = true;
  closing_ = true;
  stream_.set_option(websocket::stream_base::timeout{
      .handshake_timeout = kCloseLimit, .idle_timeout = kCloseLimit, .keep_alive_pings = false});
  if (output_.empty()) begin_close();
}

void WebSocket::begin_close() {
  stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](error_code) {
    beast::get_lowest_layer(self->stream_).close();
  });
}

}  // namespace portcullis::gateway::client
