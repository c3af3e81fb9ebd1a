#include "tests/support/venue_end.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "gateway/shm/link.h"

namespace portcullis::test {

namespace {

using gateway::journal::Fd;

constexpr std::size_t kPage = 4'096;

bool wait_for_input(int fd) {
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  const bool is_there = ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
  EXPECT_TRUE(is_there) << "the gate does not come";
  return is_there;
}

class TcpEnd final : public VenueEnd {
 public:
  explicit TcpEnd(Fd socket) : socket_(std::move(socket)) {
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  std::ptrdiff_t read(std::span<std::byte> into) override {
    const ssize_t n = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return n == 0 ? -1 : n;
  }
  std::ptrdiff_t write(std::span<const std::byte> from) override {
    const ssize_t n = ::send(socket_.get(), from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
  }

 private:
  Fd socket_;
};

class MemoryEnd final : public VenueEnd {
 public:
  explicit MemoryEnd(Fd socket) {
    const Fd memory = memory_of(socket.get());
    void* const at = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    EXPECT_NE(at, MAP_FAILED);
    page_ = {static_cast<std::byte*>(at), kPage};
    EXPECT_EQ(link_.accept(socket), "");
  }
  ~MemoryEnd() override { ::munmap(page_.data(), page_.size()); }
  // It never sleeps, so nobody wakes it.
  std::ptrdiff_t read(std::span<std::byte> into) override {
    const std::ptrdiff_t n = link_.read(into);
    if (n == 0) link_.look_at_socket();
    return n;
  }
  std::ptrdiff_t write(std::span<const std::byte> from) override {
    const std::ptrdiff_t n = link_.write(from);
    if (n == 0) link_.look_at_socket();
    return n;
  }
  std::span<std::byte> page() override { return page_; }

 private:
  // A look at what has come with the first message leaves everything there.
  static Fd memory_of(int socket) {
    std::byte byte{};
    iovec part{&byte, 1};
    std::array<int, 3> fds{-1, -1, -1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    EXPECT_EQ(::recvmsg(socket, &message, MSG_PEEK | MSG_CMSG_CLOEXEC), 1);
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header != nullptr) std::memcpy(fds.data(), CMSG_DATA(header), sizeof fds);
    const Fd others[] = {Fd(fds[1]), Fd(fds[2])};
    return Fd(fds[0]);
  }

  gateway::shm::Link link_;
  std::span<std::byte> page_;
};

}  // namespace

VenueDoor::VenueDoor() { listen(0); }

VenueDoor::VenueDoor(VenueLink link, std::uint16_t port, const std::filesystem::path& socket)
    : link_(link) {
  if (link == VenueLink::SharedMemory) {
    door_ = gateway::shm::listen_at(socket);
  } else {
    listen(port);
  }
}

void VenueDoor::listen(std::uint16_t port) {
  door_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(door_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::bind(door_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(door_.get(), 4), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(door_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
}

std::unique_ptr<VenueEnd> VenueDoor::accept() {
  if (!wait_for_input(door_.get())) return nullptr;
  Fd socket(::accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (link_ == VenueLink::Tcp) return std::make_unique<TcpEnd>(std::move(socket));
  if (!wait_for_input(socket.get())) return nullptr;
  return std::make_unique<MemoryEnd>(std::move(socket));
}

}  // namespace portcullis::test
