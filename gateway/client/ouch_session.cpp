#include "gateway/client/ouch_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <utility>

namespace portcullis::gateway::client {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Message kQuery{.kind = Kind::Query};
}  // namespace

OuchSession::OuchSession(asio::io_context& io, const Plan& plan, std::uint32_t numbers, Login login,
                         Times& times, std::int64_t reconnect_limit_ns)
    : Session(plan, numbers, std::move(login.user), times, reconnect_limit_ns),
      socket_(io),
      password_(std::move(login.password)),
      soup_({}, steady_ns()) {}

// --- connections

void OuchSession::open_connection() {
  state_ = State::Connecting;
  const std::uint64_t connection = ++connection_;
  socket_.async_connect(endpoint_, [this, connection](error_code error) {
    if (connection != connection_) return;
    if (error) return lost(fmt::format("cannot connect: {}", error.message()));
    socket_.non_blocking(true);
    socket_.set_option(tcp::no_delay(true));
    soup_.reset(steady_ns());
    log_in();
  });
}

// A session that has lost its connection logs in to the end of its stream first: what the gate took
// before this login has its answers before that end, and what comes behind it is new. Only then does
// it log in for what it missed. Where it missed nothing, once is enough.
void OuchSession::log_in() {
  const std::uint64_t sequence = missing_ ? next_sequence_ : 0;
  if (!soup_.login({.username = user(),
                    .password = password_,
                    .session = stream_session_,
                    .sequence = sequence})) {
    return close("the user name or the password is too long");
  }
  state_ = State::LoggingIn;
  flush();
  if (state_ == State::LoggingIn) wait_readable();
}

void OuchSession::logged_in(const soup::ClientEvent& event) {
  if (!missing_) {
    fresh_sequence_ = event.sequence;
    stream_session_ = event.session;
    if (next_sequence_ != 0 && next_sequence_ != fresh_sequence_) {
      missing_ = true;
      (void)soup_.logout();
      flush();
      if (state_ != State::LoggingIn) return;
      close_socket();
      return open_connection();
    }
  }
  missing_ = false;
  next_sequence_ = event.sequence;
  state_ = State::Asking;
  ask();
}

void OuchSession::ask() {
  std::array<std::byte, ouch::kMaxMessageSize> payload;
  const std::size_t size = encode(plan_, kQuery, 0, payload);
  if (!soup_.send_unsequenced(std::span(payload).first(size))) {
    return close("there is no room for a query");
  }
  if (has_asked_) {
    ledger_.sent_again(kQuery);
  } else {
    ledger_.sent(kQuery, 0);
  }
  has_asked_ = true;
  asked_.push_back(known_);
}

void OuchSession::drop_connection() {
  missing_ = false;
  close_socket();
}

void OuchSession::close_socket() {
  ++connection_;
  waiting_writable_ = false;
  error_code ignored;
  socket_.close(ignored);
}

void OuchSession::logout() {
  if (state_ == State::Closed) return;
  (void)soup_.logout();
  if (socket_.is_open()) flush();
  close("");
}

void OuchSession::keep_up(std::int64_t now_ns) {
  soup_.on_time(now_ns);
  take_events();
}

// --- out

void OuchSession::send(const Message& message, std::int64_t due_ns) {
  if (state_ == State::Closed) return ledger_.not_sent();
  log_.push_back({&message, due_ns});
}

void OuchSession::send_barrier() {
  if (state_ != State::Closed) log_.push_back({&kQuery, 0});
}

void OuchSession::pump() {
  if (state_ != State::Ready || next_ == log_.size()) return;
  std::array<std::byte, ouch::kMaxMessageSize> payload;
  const std::int64_t now_ns = steady_ns();
  while (next_ < log_.size()) {
    const auto [message, due_ns] = log_[next_];
    const std::size_t size = encode(plan_, *message, ledger_.base(), payload);
    if (!soup_.send_unsequenced(std::span(payload).first(size))) return;
    ++next_;
    if (message->kind == Kind::Query) asked_.push_back(next_);
    if (next_ <= handed_) {
      ledger_.sent_again(*message);
      continue;
    }
    handed_ = next_;
    ledger_.sent(*message, due_ns);
    if (due_ns == 0) continue;
    last_handed_ns_ = now_ns;
    times_.delays.record(now_ns - due_ns);
  }
}

void OuchSession::flush() {
  if (state_ == State::Closed || state_ == State::Waiting || state_ == State::Connecting) return;
  pump();
  while (!waiting_writable_ && !soup_.output().empty()) {
    error_code error;
    const std::span<const std::byte> output = soup_.output();
    const std::size_t n = socket_.write_some(asio::buffer(output.data(), output.size()), error);
    if (error == asio::error::would_block) return wait_writable();
    if (error) return lost(fmt::format("cannot write: {}", error.message()));
    soup_.sent(n);
    pump();
  }
}

void OuchSession::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(tcp::socket::wait_write, [this, connection = connection_](error_code error) {
    if (connection != connection_) return;
    waiting_writable_ = false;
    if (!error) flush();
  });
}

// --- in

void OuchSession::wait_readable() {
  socket_.async_wait(tcp::socket::wait_read, [this, connection = connection_](error_code error) {
    if (connection != connection_ || error) return;
    on_readable();
    if (connection == connection_) wait_readable();
  });
}

// One read: what came together has come at the same time. A level-triggered wait brings the rest.
void OuchSession::on_readable() {
  error_code error;
  const std::span<std::byte> input = soup_.input();
  const std::size_t n = socket_.read_some(asio::buffer(input.data(), input.size()), error);
  now_ns_ = steady_ns();
  if (error == asio::error::would_block) return;
  if (error == asio::error::eof) return lost("the gate closed the connection");
  if (error) return lost(fmt::format("cannot read: {}", error.message()));
  soup_.received(n, now_ns_);
  take_events();
}

void OuchSession::take_events() {
  using Type = soup::ClientEvent::Type;
  const std::uint64_t connection = connection_;
  while (connection == connection_) {
    const soup::ClientEvent event = soup_.next_event();
    switch (event.type) {
      case Type::None:
        return flush();
      case Type::LoginAccepted:
        logged_in(event);
        break;
      case Type::LoginRejected:
        return close(fmt::format("login rejected: {}", static_cast<char>(event.reject_reason)));
      case Type::SequencedData:
        take(event);
        break;
      case Type::Debug:
        ledger_.received_debug();
        break;
      case Type::EndOfSession:
        return close("the gate ended the session");
      case Type::Error: {
        const std::string why = fmt::format("protocol error: {}", soup::name(event.error));
        const bool is_silence = event.error == soup::LinkError::PeerSilent ||
                                event.error == soup::LinkError::LoginTimeout;
        return is_silence ? lost(why) : close(why);
      }
    }
  }
}

void OuchSession::take(const soup::ClientEvent& event) {
  last_received_ns_ = now_ns_;
  next_sequence_ = event.sequence + 1;
  const std::uint64_t answers = ledger_.counts().query_responses;
  ledger_.received(event.payload, now_ns_, times_.answers);
  if (ledger_.counts().query_responses != answers) answered_query(event.sequence);
}

// Answers come in the order of the queries. The one that this connection began with is the only one
// it has sent: an answer that is fresh is its answer, and the queries before it were lost.
void OuchSession::answered_query(std::uint64_t sequence) {
  const bool is_ours = state_ == State::Asking && sequence >= fresh_sequence_;
  if (asked_.empty() || (state_ == State::Asking && !is_ours && asked_.size() == 1)) {
    return close("the gate answered a query that was not sent");
  }
  const std::uint32_t next = ledger_.next_number();
  if (next < next_number_) return close("the gate has forgotten numbers that it had taken");
  next_number_ = next;
  if (is_ours) return go_on();
  known_ = std::max(known_, asked_.front());
  asked_.pop_front();
}

void OuchSession::go_on() {
  asked_.clear();
  if (!has_base_) ledger_.set_base(next_number_ - 1);
  has_base_ = true;
  const std::uint32_t last = next_number_ - 1 - ledger_.base();
  // The message that took the last number was processed, and so was everything before it.
  for (std::size_t i = next_; i > known_; --i) {
    const Message& message = *log_[i - 1].message;
    if (takes_number(message.kind) && message.number == last) known_ = i;
  }
  next_ = known_;
  ready();
}

}  // namespace portcullis::gateway::client
