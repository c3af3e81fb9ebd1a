#include "gateway/venue_sim/pipe.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace portcullis::gateway::venue_sim {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::posix::stream_descriptor;
using boost::system::error_code;

namespace {

class TcpPipe final : public Pipe {
 public:
  explicit TcpPipe(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }

  std::ptrdiff_t read(std::span<std::byte> into) override {
    error_code error;
    return result(socket_.read_some(asio::buffer(into.data(), into.size()), error), error);
  }
  std::ptrdiff_t write(std::span<const std::byte> from) override {
    error_code error;
    return result(socket_.write_some(asio::buffer(from.data(), from.size()), error), error);
  }
  void when_readable(std::function<void()> then) override {
    wait(tcp::socket::wait_read, std::move(then));
  }
  void when_writable(std::function<void()> then) override {
    wait(tcp::socket::wait_write, std::move(then));
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  static std::ptrdiff_t result(std::size_t n, error_code error) {
    if (error == asio::error::would_block) return 0;
    return error ? -1 : static_cast<std::ptrdiff_t>(n);
  }
  void wait(tcp::socket::wait_type what, std::function<void()> then) {
    socket_.async_wait(what, [then = std::move(then)](error_code error) {
      if (!error) then();
    });
  }

  tcp::socket socket_;
};

// Whatever has happened, everybody who waits looks again.
class MemoryPipe final : public Pipe {
 public:
  MemoryPipe(asio::io_context& io, shm::Link link)
      : shared_(std::make_shared<Shared>(io, std::move(link))) {
    wait_for_end(shared_);
  }
  ~MemoryPipe() override { close(); }

  std::ptrdiff_t read(std::span<std::byte> into) override { return shared_->link.read(into); }
  std::ptrdiff_t write(std::span<const std::byte> from) override {
    return shared_->link.write(from);
  }
  void when_readable(std::function<void()> then) override {
    shared_->reads = std::move(then);
    wait(shared_);
  }
  void when_writable(std::function<void()> then) override {
    shared_->writes = std::move(then);
    wait(shared_);
  }
  void close() override {
    Shared& shared = *shared_;
    shared.reads = shared.writes = nullptr;
    if (shared.bell.is_open()) shared.bell.release();
    if (shared.end.is_open()) shared.end.release();
    shared.link.close();
  }

 private:
  // The waits' own, as long as they are under way.
  struct Shared {
    Shared(asio::io_context& io, shm::Link taken)
        : context(io),
          link(std::move(taken)),
          bell(io, link.bell_fd()),
          end(io, link.socket_fd()) {}
    ~Shared() {
      if (bell.is_open()) bell.release();
      if (end.is_open()) end.release();
    }
    asio::io_context& context;
    shm::Link link;
    stream_descriptor bell;
    stream_descriptor end;
    std::function<void()> reads;
    std::function<void()> writes;
    bool waits = false;  // for the bell
  };

  static void wait(const std::shared_ptr<Shared>& shared) {
    if (!shared->link.will_sleep(shared->writes != nullptr)) {
      asio::post(shared->context, [shared] { look(shared); });
      return;
    }
    if (shared->waits) return;
    shared->waits = true;
    shared->bell.async_wait(stream_descriptor::wait_read, [shared](error_code) {
      shared->waits = false;
      look(shared);
    });
  }
  static void wait_for_end(const std::shared_ptr<Shared>& shared) {
    shared->end.async_wait(stream_descriptor::wait_read, [shared](error_code error) {
      if (error || !shared->link.is_open()) return;
      shared->link.look_at_socket();
      look(shared);
    });
  }
  static void look(const std::shared_ptr<Shared>& shared) {
    if (!shared->link.is_open()) return;
    shared->link.awake();
    const std::function<void()> reads = std::exchange(shared->reads, nullptr);
    const std::function<void()> writes = std::exchange(shared->writes, nullptr);
    if (reads) reads();
    if (writes) writes();
  }

  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Pipe> pipe_over(tcp::socket socket) {
  return std::make_unique<TcpPipe>(std::move(socket));
}

std::unique_ptr<Pipe> pipe_over(asio::io_context& io, shm::Link link) {
  return std::make_unique<MemoryPipe>(io, std::move(link));
}

}  // namespace portcullis::gateway::venue_sim
