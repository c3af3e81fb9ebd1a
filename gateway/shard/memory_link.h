// The venue's link over shared memory (gateway/shm) beside the shard's sockets: the shard looks at the
// rings itself, without a system call; Asio waits for the bell while the shard sleeps, and for the end.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <span>

#include "config/deployment.h"
#include "gateway/shard/handler_memory.h"
#include "gateway/shm/link.h"

namespace portcullis::gateway::shard {

class MemoryLink {
 public:
  // The settings must outlive it.
  MemoryLink(boost::asio::io_context& io, const config::SharedMemorySettings& settings);
  ~MemoryLink() { close(); }
  MemoryLink(const MemoryLink&) = delete;
  MemoryLink& operator=(const MemoryLink&) = delete;

  // False: nobody listens, or the memory could not be had. REQUIRES is_free().
  bool connect();
  void close() noexcept;
  // Closed, and the last waits have been called back: may be connected again.
  [[nodiscard]] bool is_free() const noexcept {
    return !link_.is_open() && !waits_for_bell_ && !waits_for_end_;
  }

  [[nodiscard]] bool readable() const noexcept { return link_.is_open() && link_.readable(); }
  // As of Socket.
  std::ptrdiff_t read(std::span<std::byte> into) noexcept;
  std::ptrdiff_t write(std::span<const std::byte> from) noexcept;

  // Before a sleep. False: there is something to do.
  [[nodiscard]] bool will_sleep();
  // After one, or instead.
  void awake() noexcept;

 private:
  void wait_for_bell();
  void wait_for_end();

  const config::SharedMemorySettings& settings_;
  shm::Link link_;
  boost::asio::posix::stream_descriptor bell_;
  boost::asio::posix::stream_descriptor end_;
  HandlerMemory bell_memory_;
  HandlerMemory end_memory_;
  bool waits_for_bell_ = false;
  bool waits_for_end_ = false;
  bool wants_room_ = false;  // the last write did not fit
};

}  // namespace portcullis::gateway::shard
