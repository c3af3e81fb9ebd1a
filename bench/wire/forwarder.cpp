// The floor of the wire bench: what comes from the client goes to the venue, and back, byte by byte, over the
// gate's own sockets (or its shared memory), with its loop's reads, writes and waiting. Nobody looks at a
// byte: trader and venue log in with each other.
//
// usage: wire_forwarder CONFIG, the gate's
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <iostream>
#include <optional>
#include <span>
#include <stdexcept>

#include "config/load.h"
#include "gateway/shard/idle.h"
#include "gateway/shard/socket_transport.h"
#include "gateway/soup/byte_buffer.h"

namespace portcullis::bench::wire {
namespace {

using gateway::shard::SocketTransport;
using gateway::shard::Transport;

constexpr std::size_t kBytesPerPass = 16'384;  // of a read, as of the shard's
constexpr std::size_t kBuffer = 1 << 24;

std::atomic<bool> g_stopping{false};
extern "C" void stop_forwarder(int) { g_stopping.store(true); }

class Forwarder {
 public:
  explicit Forwarder(const config::Deployment& deployment)
      : transport_(deployment), idle_(deployment.gateway.waiting, transport_) {}

  [[nodiscard]] std::uint16_t port() const { return transport_.port(); }

  void run() {
    while (!g_stopping.load(std::memory_order_relaxed)) {
      const bool worked = pass();
      const std::int64_t now = transport_.now_ns();
      if (worked) {
        idle_.worked(now);
      } else {
        idle_.wait(now, [] { return g_stopping.load(); });
      }
    }
  }

 private:
  bool pass() {
    bool worked = transport_.poll();
    if (!client_) {
      const Transport::Accepted accepted = transport_.accept();
      if (accepted.outcome == Transport::Accept::Connected) {
        client_ = accepted.connection;
        if (!transport_.connect_venue()) throw std::runtime_error("no connection to the venue");
      }
    }
    if (!client_) return worked;
    if (transport_.venue_outcome() == Transport::Connect::Failed)
      throw std::runtime_error("no connection to the venue");
    if (transport_.venue_outcome() == Transport::Connect::Pending) return worked;
    worked |= forward(Transport::kVenue, *client_, back_);
    worked |= forward(*client_, Transport::kVenue, there_);
    return worked;
  }

  bool forward(std::uint32_t from, std::uint32_t to, gateway::soup::ByteBuffer& buffer) {
    bool worked = false;
    if (transport_.readable(from) && buffer.room() > 0) {
      const std::span<std::byte> space = buffer.free_space();
      const std::ptrdiff_t n =
          transport_.read(from, space.first(std::min(space.size(), kBytesPerPass)));
      if (n < 0) g_stopping.store(true);
      if (n > 0) buffer.commit(static_cast<std::size_t>(n));
      worked = n > 0;
    }
    if (buffer.empty()) return worked;
    const std::ptrdiff_t n = transport_.write(to, buffer.content());
    if (n < 0) g_stopping.store(true);
    if (n > 0) buffer.consume(static_cast<std::size_t>(n));
    return worked || n > 0;
  }

  SocketTransport transport_;
  gateway::shard::Idle idle_;
  std::optional<std::uint32_t> client_;
  gateway::soup::ByteBuffer there_{kBuffer};
  gateway::soup::ByteBuffer back_{kBuffer};
};

int forward(const char* folder) {
  const config::LoadResult loaded = config::load(folder);
  if (!loaded.ok()) {
    std::cerr << config::to_text(loaded.problems) << '\n';
    return 1;
  }
  struct sigaction action {};
  action.sa_handler = stop_forwarder;
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Forwarder forwarder(loaded.deployment);
    std::cout << "listening on " << forwarder.port() << std::endl;
    forwarder.run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace portcullis::bench::wire

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: wire_forwarder CONFIG\n";
    return 2;
  }
  return portcullis::bench::wire::forward(argv[1]);
}
