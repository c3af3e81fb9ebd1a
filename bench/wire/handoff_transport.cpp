#include "bench/wire/handoff_transport.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "bench/wire/line.h"
#include "feeds/epoch_clock.h"

namespace portcullis::bench::wire {

using gateway::journal::Fd;

namespace {

constexpr std::size_t kBytesMax = 1 << 24;  // under way
constexpr std::size_t kReadBytes = 65'536;

}  // namespace

// --- the queues

bool Handoff::put(std::span<const std::byte> bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_ || bytes_.size() - taken_ < kBytesMax; });
  if (is_closed_) return false;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  changed_.notify_all();
  return true;
}

std::size_t Handoff::put_some(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(bytes.size(), kBytesMax - std::min(kBytesMax, bytes_.size()));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  changed_.notify_all();
  return count;
}

std::vector<std::byte> Handoff::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_ || !bytes_.empty(); });
  return std::exchange(bytes_, {});
}

std::size_t Handoff::take_some(std::span<std::byte> into) {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(into.size(), bytes_.size() - taken_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
  taken_ += count;
  if (taken_ == bytes_.size()) {
    bytes_.clear();
    taken_ = 0;
  }
  changed_.notify_all();
  return count;
}

bool Handoff::is_empty() {
  const std::lock_guard lock(mutex_);
  return bytes_.empty();
}

void Handoff::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  has_rung_ = true;
  rung_.notify_one();
}

void Bell::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  rung_.wait_for(lock, at_most, [this] { return has_rung_; });
  has_rung_ = false;
}

// --- a connection

HandoffTransport::Connection::Connection(Fd connected, Bell& bell)
    : socket(std::move(connected)),
      reader([this, &bell] { read_all(bell); }),
      writer([this] { write_all(); }) {}

// Both threads find the socket shut and the queues closed.
HandoffTransport::Connection::~Connection() {
  in.close();
  out.close();
  ::shutdown(socket.get(), SHUT_RDWR);
  reader.join();
  writer.join();
}

void HandoffTransport::Connection::read_all(Bell& bell) {
  std::array<std::byte, kReadBytes> bytes;
  for (;;) {
    const ssize_t n = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0 || !in.put(std::span(bytes).first(static_cast<std::size_t>(n)))) break;
    bell.ring();
  }
  has_ended.store(true);
  bell.ring();
}

void HandoffTransport::Connection::write_all() {
  for (;;) {
    const std::vector<std::byte> bytes = out.take();
    if (bytes.empty()) return;
    for (std::span<const std::byte> rest(bytes); !rest.empty();) {
      const ssize_t n = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0) return;
      rest = rest.subspan(static_cast<std::size_t>(n));
    }
  }
}

// --- the transport

HandoffTransport::HandoffTransport(std::uint32_t connections_max, std::uint16_t venue_port)
    : venue_port_(venue_port), connections_(connections_max + 1) {
  std::tie(listening_, port_) = listen_on_loopback();
}

HandoffTransport::~HandoffTransport() = default;

std::int64_t HandoffTransport::now_ns() noexcept { return feeds::epoch_ns(); }

HandoffTransport::Accepted HandoffTransport::accept() {
  const auto place = std::find(connections_.begin() + 1, connections_.end(), nullptr);
  if (place == connections_.end()) return {};
  Fd socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) return {};
  set_no_delay(socket.get());
  *place = std::make_unique<Connection>(std::move(socket), bell_);
  return {.outcome = Accept::Connected,
          .connection = static_cast<std::uint32_t>(place - connections_.begin())};
}

bool HandoffTransport::connect_venue() {
  try {
    connections_[kVenue] = std::make_unique<Connection>(connect_to_loopback(venue_port_), bell_);
  } catch (const std::runtime_error&) {
    // Nobody listens there any more.
  }
  return true;
}

HandoffTransport::Connect HandoffTransport::venue_outcome() {
  return connections_[kVenue] ? Connect::Connected : Connect::Failed;
}

bool HandoffTransport::readable(std::uint32_t connection) const {
  Connection& open = *connections_[connection];
  return open.has_ended.load() || !open.in.is_empty();
}

std::ptrdiff_t HandoffTransport::read(std::uint32_t connection, std::span<std::byte> into) {
  Connection& open = *connections_[connection];
  const bool has_ended = open.has_ended.load();
  const std::size_t n = open.in.take_some(into);
  return n == 0 && has_ended ? -1 : static_cast<std::ptrdiff_t>(n);
}

std::ptrdiff_t HandoffTransport::write(std::uint32_t connection, std::span<const std::byte> from) {
  return static_cast<std::ptrdiff_t>(connections_[connection]->out.put_some(from));
}

void HandoffTransport::close(std::uint32_t connection) { connections_[connection].reset(); }

}  // namespace portcullis::bench::wire
