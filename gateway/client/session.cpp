#include "gateway/client/session.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <chrono>
#include <utility>

namespace portcullis::gateway::client {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Session::Session(asio::io_context& io, const Plan& plan, std::uint32_t numbers, Login login,
                 Histogram& times)
    : socket_(io),
      plan_(plan),
      login_(std::move(login)),
      soup_({}, steady_ns()),
      ledger_(numbers),
      times_(times) {}

void Session::connect(const tcp::endpoint& endpoint) {
  socket_.async_connect(endpoint, [this](error_code error) {
    if (state_ == State::Closed) return;
    if (error) return close(fmt::format("cannot connect: {}", error.message()));
    socket_.non_blocking(true);
    socket_.set_option(tcp::no_delay(true));
    soup_.reset(steady_ns());
    // Only what comes from now on: a run begins where the last one ended.
    if (!soup_.login({.username = login_.user, .password = login_.password, .session = {}})) {
      return close("the user name or the password is too long");
    }
    state_ = State::LoggingIn;
    flush();
    wait_readable();
  });
}

bool Session::send(const Message& message, std::int64_t due_ns) {
  if (state_ == State::Closed) {
    ledger_.not_sent();
    return true;
  }
  std::array<std::byte, ouch::kMaxMessageSize> payload;
  const std::size_t size = encode(plan_, message, ledger_.base(), payload);
  if (!soup_.send_unsequenced(std::span(payload).first(size))) return false;
  ledger_.sent(message, due_ns);
  if (message.kind == Kind::Query) ++queries_;
  return true;
}

bool Session::send_barrier() { return send({.kind = Kind::Query}, 0); }

void Session::flush() {
  if (waiting_writable_) return;
  while (state_ != State::Closed && !soup_.output().empty()) {
    error_code error;
    const std::span<const std::byte> output = soup_.output();
    const std::size_t n = socket_.write_some(asio::buffer(output.data(), output.size()), error);
    if (error == asio::error::would_block) return wait_writable();
    if (error) return close(fmt::format("cannot write: {}", error.message()));
    soup_.sent(n);
  }
}

void Session::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(tcp::socket::wait_write, [this](error_code error) {
    waiting_writable_ = false;
    if (!error) flush();
  });
}

void Session::wait_readable() {
  socket_.async_wait(tcp::socket::wait_read, [this](error_code error) {
    if (error || state_ == State::Closed) return;
    on_readable();
    if (state_ != State::Closed) wait_readable();
  });
}

// One read: what came together has come at the same time. A level-triggered wait brings the rest.
void Session::on_readable() {
  error_code error;
  const std::span<std::byte> input = soup_.input();
  const std::size_t n = socket_.read_some(asio::buffer(input.data(), input.size()), error);
  now_ns_ = steady_ns();
  if (error == asio::error::would_block) return;
  if (error == asio::error::eof) return close("the gate closed the connection");
  if (error) return close(fmt::format("cannot read: {}", error.message()));
  soup_.received(n, now_ns_);
  take_events();
}

void Session::take_events() {
  using Type = soup::ClientEvent::Type;
  while (state_ != State::Closed) {
    const soup::ClientEvent event = soup_.next_event();
    switch (event.type) {
      case Type::None:
        return flush();
      case Type::LoginAccepted:
        state_ = State::Asking;
        if (!send_barrier()) close("there is no room for a query");
        break;
      case Type::LoginRejected:
        return close(fmt::format("login rejected: {}", static_cast<char>(event.reject_reason)));
      case Type::SequencedData:
        take(event.payload);
        break;
      case Type::Debug:
        ledger_.received_debug();
        break;
      case Type::EndOfSession:
        return close("the gate ended the session");
      case Type::Error:
        return close(fmt::format("protocol error: {}", soup::name(event.error)));
    }
  }
}

void Session::take(std::span<const std::byte> payload) {
  last_received_ns_ = now_ns_;
  ledger_.received(payload, now_ns_, times_);
  if (state_ == State::Asking && ledger_.next_number() != 0) {
    ledger_.set_base(ledger_.next_number() - 1);
    state_ = State::Ready;
  }
}

void Session::on_time(std::int64_t now_ns) {
  if (state_ == State::Closed || state_ == State::Connecting) return;
  soup_.on_time(now_ns);
  take_events();
}

void Session::logout() {
  if (state_ == State::Closed) return;
  (void)soup_.logout();
  flush();
  close("");
}

void Session::close(std::string problem) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  problem_ = std::move(problem);
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace portcullis::gateway::client
