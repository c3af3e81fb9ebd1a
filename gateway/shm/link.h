// The shared memory link between the gate and a matching engine on its machine (LINK.md), of either
// side, without a loop: whoever has one waits for bell_fd() and socket_fd().
//
// One thread. Errors at the beginning are texts; what the other side does wrong later ends the link.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "gateway/journal/files.h"
#include "gateway/shm/byte_ring.h"

namespace portcullis::gateway::shm {

class Link {
 public:
  Link() = default;
  Link(Link&& other) noexcept { *this = std::move(other); }
  Link& operator=(Link&& other) noexcept;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { close(); }

  // The gate's: makes the memory and sends it over the connected socket, which is the link's from
  // then on. REQUIRES is_ring_size(ring_bytes). The problem, or an empty text.
  [[nodiscard]] std::string begin(journal::Fd socket, std::uint32_t ring_bytes);
  // The engine's: what has come over the socket it has accepted. None: nothing yet. A text that is not
  // empty: it is no link, and the socket is to be closed.
  [[nodiscard]] std::optional<std::string> accept(journal::Fd& socket);

  [[nodiscard]] bool is_open() const noexcept { return memory_ != nullptr; }
  void close() noexcept;

  // As of a socket that does not block. Reads what is there; 0: nothing now; negative: the other side
  // is gone and all of it is read, or has done what cannot be.
  std::ptrdiff_t read(std::span<std::byte> into) noexcept;
  // Writes what fits; 0: nothing now; negative: the other side is gone, or has done what cannot be.
  std::ptrdiff_t write(std::span<const std::byte> from) noexcept;
  // There may be bytes, or the end, to read.
  [[nodiscard]] bool readable() const noexcept { return reader_.has_bytes() || is_gone_; }

  // Before a sleep: the bell rings when there are bytes to read, or room where `for_room`. False: there
  // is something already, and nothing to wait for.
  [[nodiscard]] bool will_sleep(bool for_room) noexcept;
  // After it.
  void awake() noexcept;
  // Both become readable.
  [[nodiscard]] int bell_fd() const noexcept { return bell_.get(); }
  [[nodiscard]] int socket_fd() const noexcept { return socket_.get(); }
  // The socket has become readable: which it does when the other side is gone, and nothing else may be
  // there.
  void look_at_socket() noexcept;

 private:
  [[nodiscard]] std::string map(journal::Fd memory, std::uint32_t ring_bytes, bool is_gate);
  void ring_other() noexcept;

  journal::Fd socket_;
  journal::Fd memory_fd_;
  journal::Fd bell_;
  journal::Fd others_bell_;
  std::byte* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  RingWriter writer_;
  RingReader reader_;
  bool is_gone_ = false;  // the other side
};

// A socket that listens there; what is there already is removed where nobody listens to it. Throws
// std::runtime_error.
[[nodiscard]] journal::Fd listen_at(const std::filesystem::path& path);
// Connected, or an empty one and errno: a Unix domain socket does not let its caller wait.
[[nodiscard]] journal::Fd connect_to(const std::filesystem::path& path) noexcept;

}  // namespace portcullis::gateway::shm
