#pragma once
// The simulated venue as a process of its own, and a client of it over a real socket or over shared
// memory. Whoever waits here for longer than ten seconds fails instead.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/shm/link.h"
#include "gateway/soup/client_connection.h"
#include "gateway/venue_sim/server.h"
#include "tests/support/venue_driver.h"

namespace portcullis::gateway::venue_sim {

inline constexpr int kPatienceMs = 10'000;

// Forks, so the test must have no other thread. Killed with its owner.
class VenueProcess {
 public:
  // The child runs `run`, which prints "listening on PORT" to the stream and returns the exit code.
  explicit VenueProcess(const std::function<int(std::ostream&)>& run) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      int code = 99;
      try {
        std::ofstream out("/dev/fd/" + std::to_string(ends[1]));
        code = run(out);
      } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
      }
      _exit(code);
    }
    close(ends[1]);
    std::string text;
    char c = 0;
    while (read(ends[0], &c, 1) == 1 && c != '\n') text += c;
    close(ends[0]);
    const std::string expected = "listening on ";
    if (text.starts_with(expected)) {
      port = static_cast<std::uint16_t>(std::stoul(text.substr(expected.size())));
    }
  }
  explicit VenueProcess(const VenueOptions& options)
      : VenueProcess([&](std::ostream& out) { return run_venue(options, out); }) {}
  ~VenueProcess() { kill_9(); }
  VenueProcess(const VenueProcess&) = delete;
  VenueProcess& operator=(const VenueProcess&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  void kill_9() {
    if (pid_ > 0) signal(SIGKILL);
    wait();
  }
  // The exit code after SIGTERM.
  int terminate() {
    signal(SIGTERM);
    return wait();
  }

  std::uint16_t port = 0;  // 0: it did not start

 private:
  int wait() {
    if (pid_ <= 0) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t pid_ = -1;
};

class VenueClient {
 public:
  explicit VenueClient(std::uint16_t port) : soup_({}, now_ns()) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  // Over shared memory, with rings of the smallest size: they are full all the time.
  explicit VenueClient(const std::filesystem::path& socket) : soup_({}, now_ns()) {
    EXPECT_EQ(link_.begin(shm::connect_to(socket), shm::kRingBytesMin), "");
  }
  ~VenueClient() {
    if (fd_ >= 0) ::close(fd_);
  }
  VenueClient(const VenueClient&) = delete;
  VenueClient& operator=(const VenueClient&) = delete;

  // True when it was accepted; else `reject_reason` says why, or is 0 when the connection ended.
  bool login(std::uint64_t sequence = 1, const std::string& wanted_session = "",
             const std::string& user = "gate", const std::string& password = "secret") {
    EXPECT_TRUE(soup_.login(
        {.username = user, .password = password, .session = wanted_session, .sequence = sequence}));
    flush();
    while (!soup_.is_active() && !ended) step();
    return soup_.is_active();
  }

  void send(const ouch::InboundMessage& message) { send_bytes(bytes_of(message)); }
  void send_bytes(std::span<const std::byte> payload) {
    while (!soup_.send_unsequenced(payload) && !ended) step();
    flush();
  }

  // Waits until the stream has been received up to here, or the connection ends.
  bool receive_until(std::uint64_t next_sequence) {
    while (soup_.next_sequence() < next_sequence && !ended) step();
    return soup_.next_sequence() >= next_sequence;
  }
  // The next n messages that this function has not returned yet.
  Lines receive(std::size_t n) {
    while (stream.size() < taken_ + n && !ended) step();
    EXPECT_GE(stream.size(), taken_ + n) << "the connection ended";
    Lines lines;
    for (; lines.size() < n && taken_ < stream.size(); ++taken_) {
      ouch::OutboundMessage message;
      const bool good = decode(stream[taken_], message) == ouch::DecodeError::None;
      lines.push_back(good ? line_of(message) : "undecodable");
    }
    return lines;
  }
  void wait_for_bytes() { step(); }
  void wait_for_end() {
    while (!ended) step();
  }
  std::uint64_t next_sequence() const { return soup_.next_sequence(); }

  std::string session;                         // by the last login
  std::vector<std::vector<std::byte>> stream;  // what has been received, the first since the login
  char reject_reason = 0;
  bool ended = false;  // by the other side
  int heartbeats = 0;
  bool bytes_left_over = false;  // it ended in the middle of a packet

 private:
  static std::int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  void flush() {
    while (!soup_.output().empty() && !ended) {
      const std::ptrdiff_t n = put(soup_.output());
      if (n > 0) {
        soup_.sent(static_cast<std::size_t>(n));
      } else {
        step();  // what comes in may be what the other side waits to get rid of
      }
    }
  }

  // Both as of gateway/shm's link.
  std::ptrdiff_t put(std::span<const std::byte> bytes) {
    if (link_.is_open()) return link_.write(bytes);
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  std::ptrdiff_t get(std::span<std::byte> into) {
    if (link_.is_open()) return link_.read(into);
    const ssize_t n = recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return n == 0 ? -1 : n;
  }

  // Until there are bytes, or the end, or room for what is to be sent. False: nothing for so long.
  bool wait() {
    const bool sends = !soup_.output().empty();
    if (!link_.is_open()) {
      pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
      if (sends) waiting.events |= POLLOUT;
      return poll(&waiting, 1, kPatienceMs) == 1;
    }
    std::array<pollfd, 2> waiting{{{.fd = link_.bell_fd(), .events = POLLIN, .revents = 0},
                                   {.fd = link_.socket_fd(), .events = POLLIN, .revents = 0}}};
    const bool is_there =
        !link_.will_sleep(sends) || poll(waiting.data(), waiting.size(), kPatienceMs) > 0;
    link_.awake();
    if (waiting[1].revents != 0) link_.look_at_socket();
    return is_there;
  }

  // Waits for bytes and takes them.
  void step() {
    if (!wait()) {
      ADD_FAILURE() << "nothing happens";
      ended = true;
      return;
    }
    const auto input = soup_.input();
    const std::ptrdiff_t n = get(input);
    if (n == 0) return;
    if (n < 0) {
      ended = true;
      bytes_left_over = partial_ != 0;
      return;
    }
    count_partial({input.data(), static_cast<std::size_t>(n)});
    soup_.received(static_cast<std::size_t>(n), now_ns());
    using Type = soup::ClientEvent::Type;
    for (soup::ClientEvent event = soup_.next_event(); event.type != Type::None;
         event = soup_.next_event()) {
      if (event.type == Type::LoginAccepted) session = event.session;
      if (event.type == Type::LoginRejected) {
        reject_reason = static_cast<char>(event.reject_reason);
        ended = true;
      }
      if (event.type == Type::SequencedData) {
        stream.emplace_back(event.payload.begin(), event.payload.end());
      }
      EXPECT_NE(event.type, Type::Error) << name(event.error);
    }
  }

  // Follows the packets to know whether the last one is whole.
  void count_partial(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      if (partial_ < 2) {
        length_ = partial_ == 0 ? std::to_integer<std::size_t>(byte) << 8
                                : length_ | std::to_integer<std::size_t>(byte);
      }
      if (partial_ == 2 && byte == std::byte{'H'}) ++heartbeats;
      if (++partial_ >= 2 && partial_ == 2 + length_) partial_ = 0;
    }
  }

  int fd_ = -1;  // over TCP
  shm::Link link_;
  soup::ClientConnection soup_;
  std::size_t taken_ = 0;    // of `stream`, by receive
  std::size_t partial_ = 0;  // bytes of a packet that is not whole yet
  std::size_t length_ = 0;   // of what follows its first two bytes
};

}  // namespace portcullis::gateway::venue_sim
