#include "tests/support/ouch_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "tests/support/soup_packets.h"

namespace portcullis::test {

using namespace gateway;

namespace {

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr soup::LinkSettings kSettings{.input_size_max = 1 << 20,
                                       .output_size_max = 1 << 20,
                                       .heartbeat_ns = 500'000'000,
                                       .silence_ns_max = 3'600'000'000'000,
                                       .login_ns_max = 3'600'000'000'000};

std::uint64_t price_at(std::uint64_t mark, std::uint64_t tick, std::int64_t ticks) {
  return mark + tick * static_cast<std::uint64_t>(ticks);
}

bool is_type(const Bytes& payload, char type) {
  return !payload.empty() && std::to_integer<char>(payload[0]) == type;
}

}  // namespace

ouch::EnterOrder buy(std::uint32_t number, std::uint32_t lots, std::int64_t ticks_from_mark) {
  return venue_sim::enter_message({.number = number,
                                   .side = 'B',
                                   .quantity = lots,
                                   .price = price_at(kBuyersPrice, kBuyersTick, ticks_from_mark),
                                   .symbol = "BTCPERP",
                                   .firm = ""});
}

ouch::EnterOrder sell(std::uint32_t number, std::uint32_t lots, std::int64_t ticks_from_mark) {
  return venue_sim::enter_message({.number = number,
                                   .side = 'S',
                                   .quantity = lots * kSellersLot,
                                   .price = price_at(kSellersPrice, kSellersTick, ticks_from_mark),
                                   .symbol = "XBTUSD",
                                   .firm = ""});
}

ouch::CancelOrder cancel(std::uint32_t number, std::uint32_t quantity) {
  return {.user_ref_num = number, .quantity = quantity, .appendage = {}};
}

std::string line_of_payload(std::span<const std::byte> payload) {
  ouch::OutboundMessage message;
  if (decode(payload, message) != ouch::DecodeError::None) return "undecodable";
  return venue_sim::line_of(message);
}

// --- RawSocket

RawSocket::RawSocket(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer != 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

RawSocket::~RawSocket() { ::close(fd_); }

bool RawSocket::send(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t RawSocket::send_some(std::span<const std::byte> bytes) const {
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

bool RawSocket::read_more(Bytes& bytes) const {
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) {
    ADD_FAILURE() << "nothing comes, and the connection stays open";
    return false;
  }
  std::array<std::byte, 4096> chunk{};
  const ssize_t n = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (n <= 0) return false;
  bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + n);
  return true;
}

Bytes RawSocket::read_to_end() const {
  Bytes all;
  while (read_more(all)) continue;
  return all;
}

// --- OuchClient

OuchClient::OuchClient(std::uint16_t port) : socket_(port), soup_(kSettings, now_ns()) {}

bool OuchClient::login(std::string_view user, std::uint64_t sequence, std::string_view wanted,
                       std::string_view password) {
  EXPECT_TRUE(soup_.login(
      {.username = user, .password = password, .session = wanted, .sequence = sequence}));
  wait_until([&] { return soup_.is_active() || reject_reason != 0; });
  return soup_.is_active();
}

void OuchClient::send(const ouch::InboundMessage& message) {
  send_payload(venue_sim::bytes_of(message));
}

void OuchClient::send_payload(std::span<const std::byte> payload) {
  while (!ended && !soup_.send_unsequenced(payload)) step(100);
  flush();
}

void OuchClient::send_bytes(std::span<const std::byte> bytes) {
  flush();
  EXPECT_TRUE(soup_.output().empty());
  socket_.send(bytes);
}

void OuchClient::send_debug(std::string_view text) {
  EXPECT_TRUE(soup_.send_debug(text));
  flush();
}

void OuchClient::logout() {
  EXPECT_TRUE(soup_.logout());
  flush();
}

void OuchClient::flush() {
  while (!soup_.output().empty()) {
    const std::size_t n = socket_.send_some(soup_.output());
    if (n == 0) return;
    soup_.sent(n);
  }
}

bool OuchClient::step(int timeout_ms) {
  if (ended) return false;
  if (!is_silent) soup_.on_time(now_ns());
  flush();
  pollfd waiting{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  if (!soup_.output().empty()) waiting.events |= POLLOUT;
  if (::poll(&waiting, 1, timeout_ms) <= 0) return false;
  if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
  const std::span<std::byte> input = soup_.input();
  const ssize_t n = ::recv(socket_.fd(), input.data(), input.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) {
    ended = true;
    return true;
  }
  soup_.received(static_cast<std::size_t>(n), now_ns());
  take_events();
  return true;
}

void OuchClient::take_events() {
  using Type = soup::ClientEvent::Type;
  for (soup::ClientEvent event = soup_.next_event(); event.type != Type::None;
       event = soup_.next_event()) {
    switch (event.type) {
      case Type::None:
        return;
      case Type::LoginAccepted:
        session = event.session;
        first_sequence = event.sequence;
        break;
      case Type::LoginRejected:
        reject_reason = static_cast<char>(event.reject_reason);
        break;
      case Type::SequencedData:
        stream.emplace_back(event.payload.begin(), event.payload.end());
        break;
      case Type::Debug:
        debugs.emplace_back(as_string(event.payload));
        break;
      case Type::EndOfSession:
        break;
      case Type::Error:
        error = event.error;
        ADD_FAILURE() << "the gate sent what it may not: " << name(event.error);
        break;
    }
  }
}

bool OuchClient::wait_until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (ended) return false;
    if (std::chrono::steady_clock::now() > give_up) {
      ADD_FAILURE() << "what was waited for does not come";
      return false;
    }
    step(50);
  }
  return true;
}

Lines OuchClient::receive(std::size_t n) {
  EXPECT_TRUE(wait_until([&] { return stream.size() >= taken_ + n; })) << "the connection ended";
  Lines lines;
  for (; lines.size() < n && taken_ < stream.size(); ++taken_) {
    lines.push_back(line_of_payload(stream[taken_]));
  }
  return lines;
}

std::uint32_t OuchClient::query() {
  const auto answers = [&] {
    return std::ranges::count_if(stream,
                                 [](const Bytes& payload) { return is_type(payload, 'Q'); });
  };
  const auto before = answers();
  send(ouch::AccountQuery{.appendage = {}});
  if (!wait_until([&] { return answers() > before; })) return 0;
  ouch::QueryResponse response;
  const auto last = std::ranges::find_if(stream.rbegin(), stream.rend(),
                                         [](const Bytes& p) { return is_type(p, 'Q'); });
  EXPECT_EQ(decode(*last, response), ouch::DecodeError::None);
  return response.next_user_ref_num;
}

void OuchClient::wait_for_end() {
  wait_until([] { return false; });
}

}  // namespace portcullis::test
