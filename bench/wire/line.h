// A connection that is looked at again and again and never waited for: a TCP socket, or the engine's side of
// the shared memory link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "gateway/journal/files.h"
#include "gateway/shm/link.h"

namespace portcullis::bench::wire {

// Sockets of this machine's loopback; all throw std::runtime_error. The port is of the kernel's choice.
std::pair<gateway::journal::Fd, std::uint16_t> listen_on_loopback();
gateway::journal::Fd connect_to_loopback(std::uint16_t port);
void set_no_delay(int socket);

class Line {
 public:
  virtual ~Line() = default;
  // As of a socket that does not block. 0: nothing now; negative: it has ended.
  virtual std::ptrdiff_t read(std::span<std::byte> into) = 0;
  virtual std::ptrdiff_t write(std::span<const std::byte> from) = 0;
};

class TcpLine final : public Line {
 public:
  // A connected socket.
  explicit TcpLine(gateway::journal::Fd socket);
  std::ptrdiff_t read(std::span<std::byte> into) override;
  std::ptrdiff_t write(std::span<const std::byte> from) override;

 private:
  gateway::journal::Fd socket_;
};

// Where the venue listens.
class Door {
 public:
  virtual ~Door() = default;
  // Whoever has come; null: nobody yet.
  virtual std::unique_ptr<Line> accept() = 0;
};

class TcpDoor final : public Door {
 public:
  TcpDoor() { std::tie(socket_, port_) = listen_on_loopback(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  std::unique_ptr<Line> accept() override;

 private:
  gateway::journal::Fd socket_;
  std::uint16_t port_ = 0;
};

class MemoryDoor final : public Door {
 public:
  // Throws std::runtime_error.
  explicit MemoryDoor(const std::string& path);
  std::unique_ptr<Line> accept() override;

 private:
  gateway::journal::Fd socket_;
  gateway::journal::Fd coming_;  // has not sent its memory yet
};

}  // namespace portcullis::bench::wire
