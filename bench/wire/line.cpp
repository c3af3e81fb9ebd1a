#include "bench/wire/line.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

namespace portcullis::bench::wire {

using gateway::journal::Fd;

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(fmt::format("{}: {}", what, gateway::journal::error_text(errno)));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// What a socket's call has done, as Line says it.
std::ptrdiff_t outcome(ssize_t n) {
  if (n > 0) return n;
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

class MemoryLine final : public Line {
 public:
  explicit MemoryLine(gateway::shm::Link link) : link_(std::move(link)) {}
  std::ptrdiff_t read(std::span<std::byte> into) override {
    const std::ptrdiff_t got = link_.read(into);
    // The end is looked for now and then, where nothing else is to be done.
    if (got == 0 && ++idle_ % 4'096 == 0) link_.look_at_socket();
    return got;
  }
  std::ptrdiff_t write(std::span<const std::byte> from) override { return link_.write(from); }

 private:
  gateway::shm::Link link_;
  unsigned idle_ = 0;
};

}  // namespace

std::pair<Fd, std::uint16_t> listen_on_loopback() {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!socket || ::bind(socket.get(), any, size) != 0 || ::listen(socket.get(), 8) != 0 ||
      ::getsockname(socket.get(), any, &size) != 0) {
    fail("listening");
  }
  return {std::move(socket), ntohs(address.sin_port)};
}

Fd connect_to_loopback(std::uint16_t port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connecting");
  }
  set_no_delay(socket.get());
  return socket;
}

void set_no_delay(int socket) {
  const int on = 1;
  if (::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
}

TcpLine::TcpLine(Fd socket) : socket_(std::move(socket)) { set_no_delay(socket_.get()); }

std::ptrdiff_t TcpLine::read(std::span<std::byte> into) {
  return outcome(::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT));
}

std::ptrdiff_t TcpLine::write(std::span<const std::byte> from) {
  return outcome(::send(socket_.get(), from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

std::unique_ptr<Line> TcpDoor::accept() {
  Fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) return nullptr;
  return std::make_unique<TcpLine>(std::move(socket));
}

MemoryDoor::MemoryDoor(const std::string& path) : socket_(gateway::shm::listen_at(path)) {}

std::unique_ptr<Line> MemoryDoor::accept() {
  if (!coming_) coming_ = Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!coming_) return nullptr;
  gateway::shm::Link link;
  const std::optional<std::string> problem = link.accept(coming_);
  if (!problem) return nullptr;
  if (!problem->empty()) throw std::runtime_error(*problem);
  return std::make_unique<MemoryLine>(std::move(link));
}

}  // namespace portcullis::bench::wire
