// A connection that is looked at again and again and never waited for: a TCP socket, or the engine's side of
// the shared memory link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gateway/journal/files.h"
#include "gateway/shm/link.h"

namespace portcullis::bench::wire {

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
  // To a port of this machine. Throws std::runtime_error.
  static std::unique_ptr<Line> connect(std::uint16_t port);
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
  // At a port of the kernel's choice. Throws std::runtime_error.
  TcpDoor();
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
