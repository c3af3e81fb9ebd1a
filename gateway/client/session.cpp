#include "gateway/client/session.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace portcullis::gateway::client {

namespace {

// Between two tries to connect again.
constexpr std::int64_t kRetryNs = 20'000'000;

}  // namespace

std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Session::Session(const Plan& plan, std::uint32_t numbers, std::string user, Times& times,
                 std::int64_t reconnect_limit_ns)
    : plan_(plan),
      user_(std::move(user)),
      ledger_(numbers),
      times_(times),
      reconnect_limit_ns_(reconnect_limit_ns) {}

void Session::connect(const boost::asio::ip::tcp::endpoint& endpoint) {
  endpoint_ = endpoint;
  open_connection();
}

void Session::lost(const std::string& why) {
  drop_connection();
  const std::int64_t now_ns = steady_ns();
  if (state_ == State::Ready) ++connections_lost_;
  if (lost_at_ns_ == 0) {
    lost_at_ns_ = now_ns;
    lost_why_ = why;
  }
  if (now_ns - lost_at_ns_ >= reconnect_limit_ns_) {
    return close(why == lost_why_ ? why : fmt::format("{}; then {}", lost_why_, why));
  }
  retry_at_ns_ = now_ns + kRetryNs;
  state_ = State::Waiting;
}

void Session::close(std::string problem) {
  if (state_ == State::Closed) return;
  drop_connection();
  state_ = State::Closed;
  problem_ = std::move(problem);
}

void Session::ready() {
  lost_at_ns_ = 0;
  state_ = State::Ready;
}

void Session::on_time(std::int64_t now_ns) {
  if (state_ == State::Closed || state_ == State::Connecting) return;
  if (state_ == State::Waiting) {
    if (now_ns >= retry_at_ns_) open_connection();
    return;
  }
  keep_up(now_ns);
}

}  // namespace portcullis::gateway::client
