#include "gateway/shm/link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace portcullis::gateway::shm {

namespace {

using journal::error_text;
using journal::Fd;

constexpr std::string_view kMagic = "PCSHM001";
constexpr std::size_t kPage = 4'096;
constexpr std::size_t kFds = 3;

struct Hello {
  std::array<char, 8> magic{};
  std::uint32_t ring_bytes = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(Hello) == 16);

std::string problem(std::string_view what) {
  return fmt::format("shared memory link: {}: {}", what, error_text(errno));
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path)
    throw std::runtime_error(fmt::format("{}: is too long for a socket's name", text));
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(
      &address);  // NOLINT(*-reinterpret-cast): as bind wants it
}

bool send_hello(int socket, std::uint32_t ring_bytes, const std::array<int, kFds>& fds) {
  Hello hello{.ring_bytes = ring_bytes};
  kMagic.copy(hello.magic.data(), hello.magic.size());
  iovec part{&hello, sizeof hello};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof hello;
}

// All descriptors that came are taken, so that none is lost, whatever came with them.
ssize_t receive_hello(int socket, Hello& hello, std::array<Fd, kFds>& fds, std::size_t& count) {
  iovec part{&hello, sizeof hello};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got <= 0) return got;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < here && count < kFds; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      fds[count++] = Fd(fd);
    }
  }
  return got;
}

// What another process may change under us, it must not be able to take away: a memory that shrinks
// would kill who touches it.
bool is_sound_memory(int fd, std::size_t bytes) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || static_cast<std::size_t>(status.st_size) != bytes) return false;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) == (F_SEAL_SHRINK | F_SEAL_GROW);
}

void add_one(int eventfd) noexcept {
  const std::uint64_t one = 1;
  (void)!::write(eventfd, &one, sizeof one);
}

}  // namespace

Link& Link::operator=(Link&& other) noexcept {
  if (this == &other) return *this;
  close();
  socket_ = std::move(other.socket_);
  memory_fd_ = std::move(other.memory_fd_);
  bell_ = std::move(other.bell_);
  others_bell_ = std::move(other.others_bell_);
  memory_ = std::exchange(other.memory_, nullptr);
  memory_bytes_ = std::exchange(other.memory_bytes_, 0);
  writer_ = std::exchange(other.writer_, {});
  reader_ = std::exchange(other.reader_, {});
  is_gone_ = std::exchange(other.is_gone_, false);
  return *this;
}

std::string Link::begin(Fd socket, std::uint32_t ring_bytes) {
  const std::size_t bytes = kPage + 2 * std::size_t{ring_bytes};
  Fd memory(::memfd_create("portcullis-link", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  Fd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  Fd others_bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!memory || !bell || !others_bell) return problem("no memory or no bell");
  if (::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return problem("memory");
  }
  const std::array<int, kFds> fds{memory.get(), bell.get(), others_bell.get()};
  std::string failed = map(std::move(memory), ring_bytes, true);
  if (!failed.empty()) return failed;
  if (!send_hello(socket.get(), ring_bytes, fds)) {
    failed = problem("sending the memory");
    close();
    return failed;
  }
  socket_ = std::move(socket);
  bell_ = std::move(bell);
  others_bell_ = std::move(others_bell);
  return {};
}

std::optional<std::string> Link::accept(Fd& socket) {
  Hello hello;
  std::array<Fd, kFds> fds;
  std::size_t count = 0;
  const ssize_t got = receive_hello(socket.get(), hello, fds, count);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (got < 0) return problem("receiving the memory");
  if (got == 0) return "shared memory link: the other side has gone";
  if (got != sizeof hello || std::string_view(hello.magic.data(), hello.magic.size()) != kMagic ||
      hello.zero != 0 || !is_ring_size(hello.ring_bytes) || count != kFds) {
    return "shared memory link: what came is not the beginning of one";
  }
  const std::size_t bytes = kPage + 2 * std::size_t{hello.ring_bytes};
  if (!is_sound_memory(fds[0].get(), bytes))
    return "shared memory link: the memory has another size, or is not sealed";
  for (std::size_t bell = 1; bell < kFds; ++bell) {
    // Whatever it is, a wake must not block.
    if (::fcntl(fds[bell].get(), F_SETFL, O_NONBLOCK) != 0) return problem("a bell");
  }
  std::string failed = map(std::move(fds[0]), hello.ring_bytes, false);
  if (!failed.empty()) return failed;
  others_bell_ = std::move(fds[1]);
  bell_ = std::move(fds[2]);
  socket_ = std::move(socket);
  return "";
}

std::string Link::map(Fd memory, std::uint32_t ring_bytes, bool is_gate) {
  close();
  const std::size_t bytes = kPage + 2 * std::size_t{ring_bytes};
  // Its pages are there from the beginning: none is made under an order.
  void* const at =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory.get(), 0);
  if (at == MAP_FAILED) return problem("mapping the memory");  // NOLINT(*-cstyle-cast)
  memory_fd_ = std::move(memory);
  memory_ = static_cast<std::byte*>(at);
  memory_bytes_ = bytes;
  // The gate's memory is new, and zero: which is how the blocks begin.
  auto* const blocks = std::launder(static_cast<RingBlock*>(at));
  const std::span first(memory_ + kPage, ring_bytes);
  const std::span second(memory_ + kPage + ring_bytes, ring_bytes);
  writer_ = RingWriter(blocks[is_gate ? 0 : 1], is_gate ? first : second);
  reader_ = RingReader(blocks[is_gate ? 1 : 0], is_gate ? second : first);
  return {};
}

void Link::close() noexcept {
  if (memory_ != nullptr) ::munmap(memory_, memory_bytes_);
  memory_ = nullptr;
  memory_bytes_ = 0;
  writer_ = {};
  reader_ = {};
  is_gone_ = false;
  socket_ = {};
  memory_fd_ = {};
  bell_ = {};
  others_bell_ = {};
}

void Link::ring_other() noexcept { add_one(others_bell_.get()); }

std::ptrdiff_t Link::read(std::span<std::byte> into) noexcept {
  // The end is looked at first: what was written before it is there then.
  const bool is_gone = is_gone_;
  const std::ptrdiff_t got = reader_.read(into);
  if (got > 0 && reader_.must_wake()) ring_other();
  return got == 0 && is_gone ? -1 : got;
}

std::ptrdiff_t Link::write(std::span<const std::byte> from) noexcept {
  if (is_gone_) return -1;
  const std::ptrdiff_t put = writer_.write(from);
  if (put > 0 && writer_.must_wake()) ring_other();
  return put;
}

bool Link::will_sleep(bool for_room) noexcept {
  reader_.will_sleep();
  if (for_room) writer_.will_wait();
  return !readable() && !(for_room && writer_.has_room());
}

void Link::awake() noexcept {
  reader_.sleeps_no_more();
  writer_.waits_no_more();
  std::uint64_t count = 0;
  (void)!::read(bell_.get(), &count, sizeof count);
}

void Link::look_at_socket() noexcept {
  std::byte byte{};
  const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  is_gone_ = true;
}

// --- the socket

Fd listen_at(const std::filesystem::path& path) {
  const sockaddr_un address = address_of(path);
  if (connect_to(path))
    throw std::runtime_error(fmt::format("{}: somebody listens there", path.string()));
  if (std::filesystem::is_socket(path)) std::filesystem::remove(path);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::bind(socket.get(), generic(address), sizeof address) != 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    throw std::runtime_error(
        fmt::format("cannot listen at {}: {}", path.string(), error_text(errno)));
  }
  return socket;
}

Fd connect_to(const std::filesystem::path& path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view text = path.native();
  if (text.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), generic(address), sizeof address) != 0) return {};
  return socket;
}

}  // namespace portcullis::gateway::shm
