#include "feeds/live/web_socket.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "feeds/dialects/decoder.h"

namespace portcullis::feeds {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr auto kCloseTime = std::chrono::seconds(1);
constexpr const char* kUserAgent = "portcullis";

// Asio calls back with a share of the connection, so that it outlives what was begun. Once it is
// Closing or Gone no event comes any more.
template <class Stream>
class SocketClient final : public WebSocket,
                           public std::enable_shared_from_this<SocketClient<Stream>> {
 public:
  static constexpr bool kHasTls = !std::is_same_v<Stream, beast::tcp_stream>;

  template <class... Args>
  SocketClient(asio::io_context& io, const WebSocketTarget& target, WebSocketEvents events,
               Args&&... args)
      : target_(target),
        events_(std::move(events)),
        resolver_(io),
        ws_(io, std::forward<Args>(args)...),
        message_(target.message_bytes_max + kFeedFramePadding) {}

  void connect() override {
    error_code error;
    const asio::ip::address address = asio::ip::make_address(target_.host, error);
    if (!error) {
      is_address_ = true;
      const std::vector<tcp::endpoint> endpoints{{address, target_.port}};
      asio::post(ws_.get_executor(),
                 [self = this->shared_from_this(), endpoints] { self->connect_to(endpoints); });
      return;
    }
    resolver_.async_resolve(
        target_.host, std::to_string(target_.port), tcp::resolver::numeric_service,
        [self = this->shared_from_this()](error_code failed,
                                          const tcp::resolver::results_type& found) {
          if (self->state_ != State::Connecting) return;
          if (failed)
            return self->end(fmt::format("host {}: {}", self->target_.host, failed.message()));
          self->connect_to({found.begin(), found.end()});
        });
  }

  void send(std::string text) override {
    if (state_ != State::Open) return;
    if (output_.size() >= kOutputMessagesMax) {
      // Not from within this call, which may be one of an event.
      asio::post(ws_.get_executor(), [self = this->shared_from_this()] {
        if (self->state_ == State::Open) self->end("takes nothing of what is sent");
      });
      return;
    }
    output_.push_back(std::move(text));
    if (output_.size() == 1) write();
  }

  void ping() override {
    if (state_ != State::Open || pinging_) return;
    pinging_ = true;
    ws_.async_ping({}, [self = this->shared_from_this()](error_code) { self->pinging_ = false; });
  }

  void close() override {
    if (state_ == State::Open) {
      state_ = State::Closing;
      ws_.async_close(websocket::close_code::normal,
                      [self = this->shared_from_this()](error_code) { self->drop(); });
    } else if (state_ == State::Connecting) {
      drop();
    }
  }

  [[nodiscard]] std::string_view stage() const override { return stage_; }

 private:
  enum class State : std::uint8_t { Connecting, Open, Closing, Gone };

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(ws_); }

  // --- to the open connection

  void connect_to(std::vector<tcp::endpoint> endpoints) {
    if (state_ != State::Connecting) return;
    if constexpr (!kHasTls) {
      std::erase_if(endpoints, [](const tcp::endpoint& e) { return !e.address().is_loopback(); });
      if (endpoints.empty()) {
        return end(
            fmt::format("host {}: without TLS only the loopback is connected to", target_.host));
      }
    }
    stage_ = "TCP connection";
    // For as long as the operation takes.
    endpoints_ = std::move(endpoints);
    lowest().async_connect(
        endpoints_, [self = this->shared_from_this()](error_code error, const tcp::endpoint&) {
          if (self->state_ != State::Connecting) return;
          if (error) return self->end(self->failed("connection", error));
          error_code ignored;
          self->lowest().socket().set_option(tcp::no_delay(true), ignored);
          self->lowest().socket().set_option(asio::socket_base::keep_alive(true), ignored);
          if constexpr (kHasTls) {
            self->shake_hands();
          } else {
            self->upgrade();
          }
        });
  }

  void shake_hands() {
    stage_ = "TLS handshake";
    SSL* const ssl = ws_.next_layer().native_handle();
    // The name in the certificate, and that which the server chooses its certificate by.
    std::string name = target_.host;
    const bool ok = is_address_
                        ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                        : SSL_set1_host(ssl, name.c_str()) == 1 &&
                              SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                       name.data()) == 1;
    if (!ok) return end(fmt::format("host {}: no name for TLS", target_.host));
    ws_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                     [self = this->shared_from_this()](error_code error) {
                                       if (self->state_ != State::Connecting) return;
                                       if (error) return self->end(self->tls_failed(error));
                                       self->upgrade();
                                     });
  }

  void upgrade() {
    stage_ = "WebSocket handshake";
    set_handshake_timeout(websocket::stream_base::none());
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, kUserAgent);
    }));
    ws_.read_message_max(target_.message_bytes_max);
    ws_.auto_fragment(false);
    ws_.text(true);
    // Within Beast's reading, where nothing may be closed.
    ws_.control_callback([this](websocket::frame_type type, beast::string_view) {
      if (type == websocket::frame_type::close) return;
      asio::post(ws_.get_executor(), [self = this->shared_from_this()] {
        if (self->state_ == State::Open) self->events_.on_control();
      });
    });
    const std::string host = target_.host.find(':') == std::string::npos
                                 ? fmt::format("{}:{}", target_.host, target_.port)
                                 : fmt::format("[{}]:{}", target_.host, target_.port);
    ws_.async_handshake(
        response_, host, target_.target,
        [self = this->shared_from_this()](error_code error) { self->on_upgrade(error); });
  }

  void set_handshake_timeout(websocket::stream_base::duration time) {
    ws_.set_option(websocket::stream_base::timeout{.handshake_timeout = time,
                                                   .idle_timeout = websocket::stream_base::none(),
                                                   .keep_alive_pings = false});
  }

  void on_upgrade(error_code error) {
    if (state_ != State::Connecting) return;
    if (error == websocket::error::upgrade_declined) {
      return end(fmt::format("the WebSocket was refused: HTTP {}", response_.result_int()));
    }
    if (error) return end(failed("WebSocket handshake", error));
    state_ = State::Open;
    set_handshake_timeout(kCloseTime);  // from here on that of the close
    events_.on_open();
    read();
  }

  // --- the open connection

  void read() {
    if (state_ != State::Open) return;
    ws_.async_read(message_, [self = this->shared_from_this()](error_code error, std::size_t) {
      self->on_read(error);
    });
  }

  void on_read(error_code error) {
    if (state_ != State::Open) return;  // Beast reads on, for the close
    if (error) return end(read_failed(error));
    if (!ws_.got_text()) return end("a binary message came");
    (void)message_.prepare(kFeedFramePadding);
    const auto data = message_.cdata();
    events_.on_message({static_cast<const char*>(data.data()), data.size()});
    message_.consume(message_.size());
    read();
  }

  void write() {
    ws_.async_write(asio::buffer(output_.front()),
                    [self = this->shared_from_this()](error_code error, std::size_t) {
                      if (self->state_ != State::Open) return;
                      if (error) return self->end(self->failed("sending", error));
                      self->output_.pop_front();
                      if (!self->output_.empty()) self->write();
                    });
  }

  // --- its end

  std::string failed(std::string_view what, error_code error) const {
    return fmt::format("{} to {}:{}: {}", what, target_.host, target_.port, error.message());
  }

  std::string tls_failed(error_code error) {
    const long verdict = SSL_get_verify_result(ws_.next_layer().native_handle());
    if (verdict == X509_V_OK) return failed("TLS handshake", error);
    return fmt::format("the certificate of {}:{} is not accepted: {}", target_.host, target_.port,
                       X509_verify_cert_error_string(verdict));
  }

  std::string read_failed(error_code error) {
    if (error == websocket::error::closed) {
      const websocket::close_reason& reason = ws_.reason();
      return fmt::format("closed by the venue: {} {}", reason.code,
                         std::string_view(reason.reason.data(), reason.reason.size()));
    }
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
      return fmt::format("a message has more than {} bytes", target_.message_bytes_max);
    }
    return failed("connection", error);
  }

  // `why` last, for nothing may be touched behind it.
  void end(std::string why) {
    drop();
    events_.on_closed(why);
  }

  void drop() {
    if (state_ == State::Gone) return;
    state_ = State::Gone;
    resolver_.cancel();
    lowest().close();
  }

  const WebSocketTarget target_;
  const WebSocketEvents events_;
  tcp::resolver resolver_;
  websocket::stream<Stream, false> ws_;  // no permessage-deflate
  State state_ = State::Connecting;
  std::string_view stage_ = "host name";
  bool is_address_ = false;
  bool pinging_ = false;
  std::vector<tcp::endpoint> endpoints_;
  websocket::response_type response_;
  beast::flat_buffer message_;
  std::deque<std::string> output_;
};

}  // namespace

asio::ssl::context make_client_tls(const std::string& authorities) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION);
  context.set_verify_mode(asio::ssl::verify_peer);
  error_code error;
  if (authorities.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(authorities, error);
  }
  if (error) {
    throw std::runtime_error(fmt::format("{}: no certificates: {}",
                                         authorities.empty() ? "the system" : authorities,
                                         error.message()));
  }
  return context;
}

std::shared_ptr<WebSocket> make_web_socket(asio::io_context& io, const WebSocketTarget& target,
                                           asio::ssl::context* tls, WebSocketEvents events) {
  if (tls == nullptr) {
    return std::make_shared<SocketClient<beast::tcp_stream>>(io, target, std::move(events));
  }
  return std::make_shared<SocketClient<beast::ssl_stream<beast::tcp_stream>>>(
      io, target, std::move(events), *tls);
}

}  // namespace portcullis::feeds
