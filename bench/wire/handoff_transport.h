// Connections whose reading and writing is done by threads of their own, two of each: what comes is put into
// a queue under a mutex and the shard's thread woken by a condition variable, and what goes is handed back
// in the same way. How gates are often built, and here for what that costs beside SocketTransport.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/shard/transport.h"

namespace portcullis::bench::wire {

// Bytes on their way from one thread to another.
class Handoff {
 public:
  // Waits while too much is under way. False: it is closed.
  bool put(std::span<const std::byte> bytes);
  // As much as fits, at once.
  std::size_t put_some(std::span<const std::byte> bytes);
  // Waits until there is something. Empty: it is closed.
  std::vector<std::byte> take();
  // As much as there is and fits, at once.
  std::size_t take_some(std::span<std::byte> into);
  [[nodiscard]] bool is_empty();
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> bytes_;
  std::size_t taken_ = 0;  // of bytes_, from its front
  bool is_closed_ = false;
};

// Wakes the shard's thread.
class Bell {
 public:
  void ring();
  // Until it has rung since the last time, or for so long.
  void wait(std::chrono::milliseconds at_most);

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  bool has_rung_ = false;
};

class HandoffTransport final : public gateway::shard::Transport {
 public:
  // Listens at a port of the kernel's choice; the venue is at a port of this machine. Throws
  // std::runtime_error.
  HandoffTransport(std::uint32_t connections_max, std::uint16_t venue_port);
  ~HandoffTransport() override;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Bell& bell() { return bell_; }

  [[nodiscard]] std::int64_t now_ns() noexcept override;
  bool poll() override { return false; }
  Accepted accept() override;
  void stop_accepting() override {}
  bool connect_venue() override;
  Connect venue_outcome() override;
  void give_up_venue() override {}
  [[nodiscard]] bool readable(std::uint32_t connection) const override;
  std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) override;
  std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) override;
  void close(std::uint32_t connection) override;

 private:
  struct Connection {
    Connection(gateway::journal::Fd connected, Bell& bell);
    ~Connection();
    void read_all(Bell& bell);
    void write_all();

    gateway::journal::Fd socket;
    Handoff in;
    Handoff out;
    std::atomic<bool> has_ended{false};
    std::thread reader;
    std::thread writer;
  };

  Bell bell_;
  gateway::journal::Fd listening_;
  std::uint16_t port_ = 0;
  const std::uint16_t venue_port_;
  std::vector<std::unique_ptr<Connection>> connections_;  // null: not open
};

}  // namespace portcullis::bench::wire
