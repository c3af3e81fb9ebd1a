#include "feeds/live/line_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

#include "feeds/dialects/parse.h"
#include "feeds/epoch_clock.h"
#include "feeds/live/listen.h"

namespace portcullis::feeds {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr auto kAcceptAgain = std::chrono::milliseconds(100);
constexpr auto kGoodbye = std::chrono::seconds(1);

std::string text_of(const asio::ip::address& address) {
  // The publisher of a port that takes both kinds.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// Says why and ends the connection: a socket closed with unread bytes would be reset, and what was
// said might never be read. So what still comes is read, for a while.
struct Goodbye : std::enable_shared_from_this<Goodbye> {
  Goodbye(tcp::socket&& from, std::string&& said)
      : socket(std::move(from)), text(std::move(said)), timer(socket.get_executor()) {}

  void start() {
    timer.expires_after(kGoodbye);
    timer.async_wait([self = shared_from_this()](error_code) {
      error_code ignored;
      self->socket.close(ignored);
    });
    asio::async_write(socket, asio::buffer(text),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        error_code ignored;
                        self->socket.shutdown(tcp::socket::shutdown_send, ignored);
                        if (error) {
                          self->timer.cancel();
                        } else {
                          self->discard();
                        }
                      });
  }
  void discard() {
    socket.async_read_some(asio::buffer(bytes),
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (error) {
                               self->timer.cancel();
                             } else {
                               self->discard();
                             }
                           });
  }

  tcp::socket socket;
  std::string text;
  asio::steady_timer timer;
  std::array<char, 1'024> bytes{};
};

void say_goodbye(tcp::socket&& socket, std::string text) {
  std::make_shared<Goodbye>(std::move(socket), std::move(text))->start();
}

}  // namespace

struct LineSource::Publisher {
  explicit Publisher(tcp::socket&& from) : socket(std::move(from)), timer(socket.get_executor()) {}

  tcp::socket socket;
  asio::steady_timer timer;
  std::int64_t since_ns = 0;
  std::int64_t heard_ns = 0;
  std::string answers{};
  std::array<char, kReadBytes> bytes{};
};

std::string problem_of(const LineSourceSettings& settings) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(settings.address, error);
  if (error) return fmt::format("address: {} is no IP address", settings.address);
  for (const std::string& publisher : settings.publishers) {
    (void)asio::ip::make_address(publisher, error);
    if (error) return fmt::format("publishers: {} is no IP address", publisher);
  }
  if (!address.is_loopback() && settings.publishers.empty()) {
    return fmt::format("publishers: must be named where {} is listened on", settings.address);
  }
  if (!is_symbol(settings.lines.name) || settings.lines.name.find(' ') != std::string::npos) {
    return fmt::format("name: {} is none", settings.lines.name);
  }
  if (settings.lines.line_bytes_max < 64 || settings.lines.line_bytes_max > 65'536) {
    return fmt::format("line_bytes_max: {} is not within 64 and 65536",
                       settings.lines.line_bytes_max);
  }
  if (settings.name_ns <= 0 || settings.silence_ns <= 0) return "name_ns, silence_ns: not above 0";
  return {};
}

LineSource::LineSource(asio::io_context& io, std::uint32_t index,
                       const LineSourceSettings& settings, const SourceSink& sink)
    : index_(index),
      settings_(settings),
      sink_(sink),
      on_update_([this](const MarketUpdate& update) { sink_.on_update(index_, update); }),
      acceptor_(io),
      accept_again_(io),
      lines_(settings.lines) {
  port_ = listen_on(acceptor_, settings.address, settings.port);
}

LineSource::~LineSource() = default;

void LineSource::publish() {
  status_.publish(state_, lines_.counters(), lines_.outcomes(), last_error_);
}

void LineSource::enter(SourceState state, bool is_problem, std::string_view text) {
  state_ = state;
  if (is_problem) last_error_ = text;
  publish();
  sink_.on_event({.source = index_,
                  .state = state,
                  .time_ns = epoch_ns(),
                  .is_problem = is_problem,
                  .text = text});
}

void LineSource::start() {
  enter(SourceState::Waiting, false, "listening");
  accept();
}

void LineSource::stop() {
  if (state_ == SourceState::Stopped) return;
  error_code ignored;
  acceptor_.close(ignored);
  accept_again_.cancel();
  if (publisher_ != nullptr) {
    publisher_->timer.cancel();
    publisher_->socket.close(ignored);
    publisher_.reset();
  }
  enter(SourceState::Stopped, false, "stopped");
}

void LineSource::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (state_ == SourceState::Stopped) return;
    if (!error) {
      admit(std::move(socket));
      accept();
      return;
    }
    accept_again_.expires_after(kAcceptAgain);
    accept_again_.async_wait([this](error_code) {
      if (state_ != SourceState::Stopped) accept();
    });
  });
}

void LineSource::turn_away(tcp::socket&& socket, std::string_view why) {
  ++lines_.counters().turned_away;
  last_error_ = why;
  publish();
  say_goodbye(std::move(socket), fmt::format("error 0 {}\n", why));
}

void LineSource::admit(tcp::socket&& socket) {
  error_code error;
  const tcp::endpoint from = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const std::string address = text_of(from.address());
  const auto is_it = [&](const std::string& text) {
    return text_of(asio::ip::make_address(text)) == address;
  };
  if (!settings_.publishers.empty() &&
      std::none_of(settings_.publishers.begin(), settings_.publishers.end(), is_it)) {
    return turn_away(std::move(socket), "this address may not publish");
  }
  if (publisher_ != nullptr) return turn_away(std::move(socket), "there is a publisher already");

  ++lines_.counters().attempts;
  socket.set_option(asio::socket_base::keep_alive(true), error);
  const auto publisher = std::make_shared<Publisher>(std::move(socket));
  publisher_ = publisher;
  publisher->since_ns = publisher->heard_ns = epoch_ns();
  lines_.connected();
  enter(SourceState::Connecting, false, fmt::format("a publisher from {}", address));
  watch(publisher);
  if (publisher == publisher_) read(publisher);
}

void LineSource::read(const std::shared_ptr<Publisher>& publisher) {
  publisher->socket.async_read_some(
      asio::buffer(publisher->bytes), [this, publisher](error_code error, std::size_t size) {
        if (publisher != publisher_) return;
        if (!error) {
          on_read(publisher, size);
        } else {
          end(publisher, error == asio::error::eof ? "the publisher has left" : error.message());
        }
      });
}

void LineSource::on_read(const std::shared_ptr<Publisher>& publisher, std::size_t size) {
  publisher->heard_ns = epoch_ns();
  const bool had_name = lines_.has_name();
  const bool goes_on = lines_.take({publisher->bytes.data(), size}, publisher->heard_ns, on_update_,
                                   publisher->answers);
  if (!lines_.last_error().empty()) last_error_ = lines_.last_error();
  if (!had_name && lines_.has_name()) {
    ++lines_.counters().connects;
    enter(SourceState::Live, false, "live");
    watch(publisher);  // another time counts from here on
    if (publisher != publisher_) return;
  }
  publish();
  answer(publisher, goes_on);
}

void LineSource::answer(const std::shared_ptr<Publisher>& publisher, bool goes_on) {
  if (!goes_on) {
    std::string last = std::move(publisher->answers);
    tcp::socket socket = std::move(publisher->socket);
    end(publisher, lines_.last_error());
    return say_goodbye(std::move(socket), std::move(last));
  }
  if (publisher->answers.empty()) return read(publisher);
  asio::async_write(publisher->socket, asio::buffer(publisher->answers),
                    [this, publisher](error_code error, std::size_t) {
                      if (publisher != publisher_) return;
                      publisher->answers.clear();
                      if (error) {
                        end(publisher, error.message());
                      } else {
                        read(publisher);
                      }
                    });
}

// Whether it gives its name in time, and is heard of.
void LineSource::watch(const std::shared_ptr<Publisher>& publisher) {
  const std::int64_t due_ns = lines_.has_name() ? publisher->heard_ns + settings_.silence_ns
                                                : publisher->since_ns + settings_.name_ns;
  const std::int64_t wait_ns = due_ns - epoch_ns();
  if (wait_ns <= 0) {
    if (lines_.has_name()) ++lines_.counters().silences;
    return end(publisher, lines_.has_name() ? "nothing came for too long" : "gave no name in time");
  }
  publisher->timer.expires_after(std::chrono::nanoseconds(wait_ns));
  publisher->timer.async_wait([this, publisher](error_code error) {
    if (!error && publisher == publisher_) watch(publisher);
  });
}

void LineSource::end(const std::shared_ptr<Publisher>& publisher, std::string_view why) {
  error_code ignored;
  publisher->timer.cancel();
  publisher->socket.close(ignored);
  publisher_.reset();
  lines_.ended();
  ++lines_.counters().failures;
  enter(SourceState::Waiting, true, std::string(why));
}

}  // namespace portcullis::feeds
