// Transport over TCP sockets, and to the venue over shared memory where that is configured. Asio waits for
// them; reading and writing is done directly.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/deployment.h"
#include "gateway/shard/doorbell.h"
#include "gateway/shard/handler_memory.h"
#include "gateway/shard/memory_link.h"
#include "gateway/shard/socket.h"
#include "gateway/shard/transport.h"

namespace portcullis::gateway::shard {

class SocketTransport final : public Transport {
 public:
  // Opens the listening socket. The deployment must outlive it. Throws when it cannot listen.
  explicit SocketTransport(const config::Deployment& deployment);
  ~SocketTransport() override;  // NOLINT(bugprone-exception-escape): see there

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // Waits until something can be read or written, somebody connects, or the bell rings.
  void sleep(std::chrono::nanoseconds at_most);
  [[nodiscard]] Doorbell& bell() noexcept { return bell_; }

  [[nodiscard]] std::int64_t now_ns() noexcept override;
  bool poll() override;
  Accepted accept() override;
  void stop_accepting() override;
  bool connect_venue() override;
  Connect venue_outcome() override;
  void give_up_venue() override;
  [[nodiscard]] bool readable(std::uint32_t connection) const override;
  std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) override;
  std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) override;
  void close(std::uint32_t connection) override;

 private:
  Accepted admit(boost::asio::ip::tcp::socket&& socket);
  [[nodiscard]] bool is_in_memory(std::uint32_t connection) const noexcept {
    return connection == kVenue && memory_;
  }

  const config::Deployment& deployment_;
  boost::asio::io_context io_;
  // There are moments with nothing to wait for, which Asio would take for the end.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  HandlerMemory accept_memory_;
  bool accepting_ = false;
  Accepted accepted_;  // not told yet
  Doorbell bell_;
  boost::asio::posix::stream_descriptor bell_wait_;
  HandlerMemory bell_memory_;
  bool bell_waiting_ = false;
  boost::asio::ip::tcp::socket connecting_;
  HandlerMemory connect_memory_;
  Connect connect_outcome_ = Connect::Pending;
  std::vector<std::unique_ptr<Socket>> sockets_;  // by connection, open or not
  std::optional<MemoryLink> memory_;              // instead of kVenue's socket; none: that
};

}  // namespace portcullis::gateway::shard
