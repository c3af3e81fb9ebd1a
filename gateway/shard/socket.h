// A non-blocking TCP socket that tells, between passes, whether it can be read or written. The
// shard reads and writes it itself; Asio only waits.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <span>

#include "gateway/shard/handler_memory.h"

namespace portcullis::gateway::shard {

class Socket {
 public:
  explicit Socket(boost::asio::io_context& io) : socket_(io) {}

  // Takes over a connected socket. REQUIRES: closed, and no wait of an earlier one outstanding.
  void open(boost::asio::ip::tcp::socket&& connected);
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  // Closed, and its last waits have been called back: may be opened again.
  [[nodiscard]] bool is_free() const noexcept { return !open_ && !reading_ && !writing_; }
  [[nodiscard]] bool readable() const noexcept { return readable_; }

  // Reads what is there into `into`. 0: nothing now, the wait has begun. Negative: closed or
  // failed.
  std::ptrdiff_t read(std::span<std::byte> into);
  // Writes what fits. 0: nothing now, the wait has begun. Negative: failed.
  std::ptrdiff_t write(std::span<const std::byte> from);

 private:
  void wait_read();
  void wait_write();

  boost::asio::ip::tcp::socket socket_;
  HandlerMemory read_memory_;
  HandlerMemory write_memory_;
  bool open_ = false;
  bool readable_ = false;
  bool writable_ = false;
  bool reading_ = false;  // a wait is outstanding
  bool writing_ = false;
};

}  // namespace portcullis::gateway::shard
