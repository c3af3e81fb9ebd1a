#include "gateway/edge/peer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include "feeds/epoch_clock.h"

namespace portcullis::gateway::edge {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using std::chrono::nanoseconds;

namespace {

constexpr const char* kServerName = "portcullis";
constexpr int kSendBufferBytes = 131'072;     // the kernel's, so that slowness shows here
constexpr std::size_t kMessageOverhead = 64;  // what a queued message costs beside its text
constexpr std::int64_t kControlWindowNs = 1'000'000'000;

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }
std::string_view query_of(std::string_view target) {
  const std::size_t at = target.find('?');
  return at == std::string_view::npos ? std::string_view() : target.substr(at + 1);
}

http::status status_of(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return http::status::request_header_fields_too_large;
  }
  if (error == http::error::body_limit) return http::status::payload_too_large;
  return http::status::bad_request;
}

// Asio calls back with a share of the connection, so that it outlives what was begun. Once it is
// Gone nothing happens any more.
template <class Stream>
class SocketPeer final : public Peer, public std::enable_shared_from_this<SocketPeer<Stream>> {
 public:
  template <class... Args>
  SocketPeer(Server& server, ConnectionId id, Address address, Args&&... args)
      : Peer(server, id, address),
        ws_(std::forward<Args>(args)...),
        deadline_(ws_.get_executor()),
        head_(settings().header_bytes_max),
        message_(settings().message_bytes_max + kTextPadding) {
    error_code ignored;
    socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    socket().set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
  }

  void start() override {
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      read_request();
    } else {
      lowest().expires_after(nanoseconds(settings().request_ns));
      ws_.next_layer().async_handshake(
          asio::ssl::stream_base::server,
          [self = this->shared_from_this()](error_code error) { self->on_handshake(error); });
    }
  }

  void send(std::string text) override {
    if (state_ != State::WebSocket) return;
    const std::size_t bytes = text.size() + kMessageOverhead;
    if (output_bytes_ + bytes > settings().output_bytes_max) {
      ++counters().slow_consumers;
      drop_output();
      close(CloseCode::Policy, "slow consumer");
      return;
    }
    output_bytes_ += bytes;
    output_.push_back(std::move(text));
    if (!writing_) write();
  }

  void reply(HttpReply answer) override {
    if (state_ != State::Http || !is_asked_) return;
    is_asked_ = false;
    write_reply(std::move(answer));
  }

  void close(CloseCode code, std::string_view reason) override {
    switch (state_) {
      case State::Http:
        last_ = true;
        if (!writing_ && !is_asked_) finish();
        return;
      case State::Accepting:
        finish();
        return;
      case State::WebSocket:
        state_ = State::Closing;
        close_ = {websocket::close_code{static_cast<std::uint16_t>(code)},
                  beast::string_view(reason.data(), reason.size())};
        deadline_.expires_after(nanoseconds(settings().close_ns));
        deadline_.async_wait([self = this->shared_from_this()](error_code error) {
          if (!error) self->finish();
        });
        if (!writing_) begin_close();
        return;
      case State::Closing:
      case State::Gone:
        return;
    }
  }

 private:
  enum class State : std::uint8_t { Http, Accepting, WebSocket, Closing, Gone };

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(ws_); }
  asio::ip::tcp::socket& socket() { return lowest().socket(); }

  // --- HTTP

  void on_handshake(error_code error) {
    if (state_ == State::Gone) return;
    if (error) {
      ++counters().handshakes_failed;
      finish();
      return;
    }
    read_request();
  }

  void read_request() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(settings().header_bytes_max));
    parser_->body_limit(settings().body_bytes_max);
    lowest().expires_after(nanoseconds(settings().request_ns));
    http::async_read(ws_.next_layer(), head_, *parser_,
                     [self = this->shared_from_this()](error_code error, std::size_t) {
                       self->on_request(error);
                     });
  }

  void on_request(error_code error) {
    if (state_ == State::Gone) return;
    if (error) {
      if (error == beast::error::timeout) ++counters().timeouts;
      const bool is_wrong =
          error.category() == make_error_code(http::error::bad_method).category() &&
          error != http::error::end_of_stream && error != http::error::partial_message;
      if (!is_wrong) {
        finish();
        return;
      }
      ++counters().bad_requests;
      refuse(static_cast<unsigned>(status_of(error)), "no HTTP request, or too large");
      return;
    }
    ++counters().requests;
    const auto& request = parser_->get();
    if (request.version() == 11 && request.count(http::field::host) != 1) {  // RFC 9112, 3.2
      ++counters().bad_requests;
      refuse(400, "Host must be there once");
      return;
    }
    const auto view = [](const auto& text) { return std::string_view(text.data(), text.size()); };
    const std::string_view target = view(request.target());
    const HttpRequest asked{.id = id_,
                            .method = view(request.method_string()),
                            .path = path_of(target),
                            .query = query_of(target),
                            .body = request.body(),
                            .authorization = view(request[http::field::authorization]),
                            .api_key = view(request["X-BAPI-API-KEY"]),
                            .timestamp = view(request["X-BAPI-TIMESTAMP"]),
                            .recv_window = view(request["X-BAPI-RECV-WINDOW"]),
                            .sign = view(request["X-BAPI-SIGN"]),
                            .address = address_};
    if (websocket::is_upgrade(request)) {
      upgrade(door().on_upgrade(asked, feeds::epoch_ns()));
      return;
    }
    is_asked_ = true;
    if (auto answer = door().on_request(asked, feeds::epoch_ns())) reply(*std::move(answer));
  }

  void refuse(unsigned status, std::string_view what) {
    write_reply({.status = status, .body = door().fault(what), .keep_alive = false});
  }

  // The reply to HEAD and other methods that no door knows would have another form.
  [[nodiscard]] bool may_stay_open() const {
    const auto& request = parser_->get();
    return request.keep_alive() &&
           (request.method() == http::verb::get || request.method() == http::verb::post);
  }

  void write_reply(HttpReply answer) {
    response_ = {};
    response_.version(11);
    response_.result(answer.status);
    response_.set(http::field::server, kServerName);
    const auto set = [this](http::field field, std::string_view value) {
      if (!value.empty()) response_.set(field, beast::string_view(value.data(), value.size()));
    };
    set(http::field::content_type, answer.content_type);
    set(http::field::allow, answer.allow);
    set(http::field::www_authenticate, answer.authenticate);
    if (answer.retry_after_s != 0)
      set(http::field::retry_after, std::to_string(answer.retry_after_s));
    response_.body() = std::move(answer.body);
    response_.keep_alive(answer.keep_alive && may_stay_open() && !last_);
    response_.prepare_payload();
    writing_ = true;
    lowest().expires_after(nanoseconds(settings().request_ns));
    http::async_write(ws_.next_layer(), response_,
                      [self = this->shared_from_this()](error_code error, std::size_t) {
                        self->on_reply(error);
                      });
  }

  void on_reply(error_code error) {
    if (state_ == State::Gone) return;
    writing_ = false;
    if (error) {
      if (error == beast::error::timeout) ++counters().timeouts;
      finish();
    } else if (response_.keep_alive() && !last_) {
      read_request();
    } else {
      error_code ignored;
      socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      lowest().expires_after(nanoseconds(settings().close_ns));
      discard();
    }
  }

  // Reads what the peer still sends until it ends or time is up: a socket closed with unread bytes
  // would reset the connection, and the reply might never be read.
  void discard() {
    head_.clear();
    lowest().async_read_some(head_.prepare(head_.max_size()),
                             [self = this->shared_from_this()](error_code error, std::size_t) {
                               if (self->state_ == State::Gone) return;
                               if (error) {
                                 self->finish();
                               } else {
                                 self->discard();
                               }
                             });
  }

  // --- WebSocket

  void upgrade(Upgrade asked) {
    if (!asked.channel) {
      asked.refusal.keep_alive = false;
      write_reply(std::move(asked.refusal));
      return;
    }
    if (head_.size() != 0) {  // frames before the handshake's end
      ++counters().handshakes_failed;
      refuse(400, "bytes behind the upgrade");
      return;
    }
    channel_ = *asked.channel;
    state_ = State::Accepting;
    lowest().expires_never();
    ws_.set_option(
        websocket::stream_base::timeout{.handshake_timeout = nanoseconds(settings().close_ns),
                                        .idle_timeout = nanoseconds(settings().idle_ns),
                                        .keep_alive_pings = true});
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(http::field::server, kServerName);
    }));
    ws_.read_message_max(settings().message_bytes_max);
    ws_.auto_fragment(false);
    ws_.text(true);
    // Within Beast's reading, where nothing may be closed.
    ws_.control_callback([this](websocket::frame_type type, beast::string_view) {
      if (type == websocket::frame_type::close || !is_flood(feeds::epoch_ns())) return;
      asio::post(ws_.get_executor(), [self = this->shared_from_this()] {
        if (self->state_ != State::WebSocket) return;
        ++self->counters().control_floods;
        self->close(CloseCode::Policy, "too many pings");
      });
    });
    ws_.async_accept(parser_->get(), [self = this->shared_from_this()](error_code error) {
      self->on_accept(error);
    });
  }

  void on_accept(error_code error) {
    if (state_ == State::Gone) return;
    parser_.reset();
    if (error) {
      ++counters().handshakes_failed;
      finish();
      return;
    }
    ++counters().websockets;
    state_ = State::WebSocket;
    is_open_ = true;
    door().on_open(id_, channel_, address_, feeds::epoch_ns());
    read();
  }

  void read() {
    ws_.async_read(message_, [self = this->shared_from_this()](error_code error, std::size_t) {
      self->on_read(error);
    });
  }

  void on_read(error_code error) {
    if (state_ == State::Gone) return;
    if (error) {
      if (error == beast::error::timeout) {
        ++counters().timeouts;
      } else if (error != websocket::error::closed &&
                 error.category() == make_error_code(websocket::error::closed).category()) {
        ++counters().protocol_errors;
      }
      finish();
      return;
    }
    if (state_ == State::Closing) return;  // Beast reads on, for the close
    ++counters().messages;
    if (!ws_.got_text()) {
      ++counters().protocol_errors;
      close(CloseCode::Unsupported, "text only");
      return;
    }
    (void)message_.prepare(kTextPadding);
    const auto data = message_.cdata();
    door().on_message(id_, {static_cast<const char*>(data.data()), data.size()}, feeds::epoch_ns());
    message_.consume(message_.size());
    read_on();
  }

  void read_on() {
    if (state_ != State::WebSocket) return;
    if (output_bytes_ > settings().output_bytes_max / 2) {
      paused_ = true;
    } else {
      read();
    }
  }

  bool is_flood(std::int64_t now_ns) {
    if (now_ns - controls_since_ns_ >= kControlWindowNs) {
      controls_since_ns_ = now_ns;
      controls_ = 0;
    }
    return ++controls_ > settings().controls_per_second_max;
  }

  void write() {
    writing_ = true;
    ws_.async_write(asio::buffer(output_.front()),
                    [self = this->shared_from_this()](error_code error, std::size_t) {
                      self->on_write(error);
                    });
  }

  void on_write(error_code error) {
    if (state_ == State::Gone) return;
    writing_ = false;
    output_bytes_ -= output_.front().size() + kMessageOverhead;
    output_.pop_front();
    if (error) {
      finish();
    } else if (!output_.empty()) {
      write();
    } else if (state_ == State::Closing) {
      begin_close();
    }
    if (paused_ && state_ == State::WebSocket && output_bytes_ <= settings().output_bytes_max / 2) {
      paused_ = false;
      read();
    }
  }

  // All but the message that is being written.
  void drop_output() {
    while (output_.size() > (writing_ ? 1U : 0U)) {
      output_bytes_ -= output_.back().size() + kMessageOverhead;
      output_.pop_back();
    }
  }

  void begin_close() {
    ws_.async_close(close_, [self = this->shared_from_this()](error_code) { self->finish(); });
  }

  void finish() {
    if (state_ == State::Gone) return;
    state_ = State::Gone;
    const std::shared_ptr<Peer> self = this->shared_from_this();
    deadline_.cancel();
    lowest().close();
    if (is_open_) door().on_closed(id_, feeds::epoch_ns());
    gone();
  }

  websocket::stream<Stream, false> ws_;  // no permessage-deflate
  asio::steady_timer deadline_;
  State state_ = State::Http;
  bool is_open_ = false;   // the door knows of it
  bool is_asked_ = false;  // HTTP: a reply is awaited of the door
  bool last_ = false;      // HTTP: this reply ends the connection
  bool writing_ = false;
  bool paused_ = false;  // not read, for its output is not taken
  Channel channel_ = Channel::Trade;
  websocket::close_reason close_;

  beast::flat_buffer head_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;

  beast::flat_buffer message_;
  std::deque<std::string> output_;
  std::size_t output_bytes_ = 0;
  std::int64_t controls_since_ns_ = 0;
  std::uint32_t controls_ = 0;
};

}  // namespace

std::shared_ptr<Peer> make_peer(Server& server, ConnectionId id, Address address,
                                asio::ip::tcp::socket&& socket, asio::ssl::context* tls) {
  if (tls == nullptr) {
    return std::make_shared<SocketPeer<beast::tcp_stream>>(server, id, address, std::move(socket));
  }
  return std::make_shared<SocketPeer<beast::ssl_stream<beast::tcp_stream>>>(
      server, id, address, std::move(socket), *tls);
}

}  // namespace portcullis::gateway::edge
