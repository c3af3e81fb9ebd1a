// A connection of the simulated venue, without what is said over it: a TCP socket, or shared memory
// (gateway/shm).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "gateway/shm/link.h"

namespace portcullis::gateway::venue_sim {

// Nothing here blocks. `then` is called once, later, from the io_context, and not after close(); one
// wait of a kind at a time.
class Pipe {
 public:
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  virtual ~Pipe() = default;

  // What is there. 0: nothing now; negative: ended or failed.
  virtual std::ptrdiff_t read(std::span<std::byte> into) = 0;
  // What fits. 0: nothing now; negative: ended or failed.
  virtual std::ptrdiff_t write(std::span<const std::byte> from) = 0;
  virtual void when_readable(std::function<void()> then) = 0;
  virtual void when_writable(std::function<void()> then) = 0;
  // Unread bytes are never processed.
  virtual void close() = 0;
};

[[nodiscard]] std::unique_ptr<Pipe> pipe_over(boost::asio::ip::tcp::socket socket);
[[nodiscard]] std::unique_ptr<Pipe> pipe_over(boost::asio::io_context& io, shm::Link link);

}  // namespace portcullis::gateway::venue_sim
