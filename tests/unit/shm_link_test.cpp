// The shared memory link: both sides in one process, in two threads, in two processes of which one is
// killed, and against a side that does what it must not.
#include "gateway/shm/link.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/journal_support.h"
#include "tests/support/seed.h"

namespace portcullis::gateway::shm::shm_link_test {
namespace {

using journal::Fd;
using journal::testing::TemporaryFolder;
using Bytes = std::vector<std::byte>;

struct Ends {
  Fd gate;
  Fd engine;
};
Ends socket_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

struct Linked {
  explicit Linked(std::uint32_t ring_bytes = kRingBytesMin) {
    Ends ends = socket_pair();
    EXPECT_EQ(gate.begin(std::move(ends.gate), ring_bytes), "");
    EXPECT_EQ(engine.accept(ends.engine), "");
  }
  Link gate;
  Link engine;
};

Bytes numbered(std::size_t count, std::size_t from = 0) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>((from + i) * 131 >> 3);
  return bytes;
}
Bytes read_all(Link& link) {
  Bytes all;
  std::array<std::byte, 777> some{};
  for (;;) {
    const std::ptrdiff_t got = link.read(some);
    if (got <= 0) return all;
    all.insert(all.end(), some.begin(), some.begin() + got);
  }
}
bool is_readable(int fd, int wait_ms = 0) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, wait_ms) == 1;
}

TEST(ShmLink, BytesCrossBothWaysWhateverTheirSizes) {
  std::mt19937_64 random(test::seed());
  Linked both;
  struct Way {
    Link& from;
    Link& to;
    std::size_t sent = 0;
    std::size_t got = 0;
  };
  Way ways[] = {{both.gate, both.engine}, {both.engine, both.gate}};
  for (int step = 0; step < 20'000; ++step) {
    Way& way = ways[random() % 2];
    if (random() % 2 == 0) {
      const Bytes some = numbered(random() % 3'000, way.sent);
      const std::ptrdiff_t put = way.from.write(some);
      ASSERT_GE(put, 0);
      const std::size_t room = kRingBytesMin - (way.sent - way.got);
      ASSERT_EQ(static_cast<std::size_t>(put), std::min(some.size(), room));
      way.sent += static_cast<std::size_t>(put);
    } else {
      Bytes some(random() % 3'000);
      const std::ptrdiff_t got = way.to.read(some);
      ASSERT_GE(got, 0);
      some.resize(static_cast<std::size_t>(got));
      ASSERT_EQ(some, numbered(some.size(), way.got));
      way.got += some.size();
    }
    ASSERT_EQ(way.to.readable(), way.sent != way.got);
  }
  EXPECT_GT(ways[0].got, 1'000'000u);
}

TEST(ShmLink, WhoSleepsIsWokenAndWhoIsAwakeIsLeftAlone) {
  Linked both;
  EXPECT_GT(both.gate.write(numbered(1)), 0);
  EXPECT_FALSE(is_readable(both.engine.bell_fd())) << "it does not sleep";
  EXPECT_FALSE(both.engine.will_sleep(false)) << "there is something";
  both.engine.awake();
  EXPECT_EQ(read_all(both.engine).size(), 1u);
  EXPECT_TRUE(both.engine.will_sleep(false));
  EXPECT_GT(both.gate.write(numbered(1)), 0);
  EXPECT_TRUE(is_readable(both.engine.bell_fd()));
  both.engine.awake();
  EXPECT_FALSE(is_readable(both.engine.bell_fd()));
  EXPECT_EQ(read_all(both.engine).size(), 1u);

  // And for room.
  EXPECT_EQ(both.gate.write(numbered(2 * kRingBytesMin)), kRingBytesMin);
  EXPECT_EQ(both.gate.write(numbered(1)), 0);
  EXPECT_TRUE(both.gate.will_sleep(true));
  std::array<std::byte, 1> one{};
  EXPECT_EQ(both.engine.read(one), 1);
  EXPECT_TRUE(is_readable(both.gate.bell_fd()));
  both.gate.awake();
  EXPECT_EQ(both.gate.write(numbered(2)), 1);
}

TEST(ShmLink, WhatWasWrittenBeforeTheEndIsThere) {
  Linked both;
  EXPECT_EQ(both.engine.write(numbered(100)), 100);
  both.engine.close();
  EXPECT_TRUE(is_readable(both.gate.socket_fd()));
  both.gate.look_at_socket();
  EXPECT_TRUE(both.gate.readable());
  EXPECT_EQ(both.gate.write(numbered(1)), -1);
  EXPECT_EQ(read_all(both.gate), numbered(100));
  std::array<std::byte, 1> one{};
  EXPECT_EQ(both.gate.read(one), -1);
  EXPECT_TRUE(both.gate.readable()) << "the end";
}

// Two threads, which sleep whenever they have nothing to do.
TEST(ShmLink, NoWakeIsLost) {
  Linked both;
  constexpr std::size_t kAll = 3'000'000;
  std::thread other([&] {
    std::size_t sent = 0;
    while (sent < kAll) {
      const std::ptrdiff_t put =
          both.engine.write(numbered(std::min<std::size_t>(1 + sent % 997, kAll - sent), sent));
      ASSERT_GE(put, 0);
      sent += static_cast<std::size_t>(put);
      if (put == 0) {
        const bool sleeps = both.engine.will_sleep(true);
        ASSERT_TRUE(!sleeps || is_readable(both.engine.bell_fd(), 60'000)) << "a wake is lost";
        both.engine.awake();
      }
    }
  });
  std::size_t got = 0;
  std::array<std::byte, 1'500> some{};
  while (got < kAll) {
    const std::ptrdiff_t now = both.gate.read(some);
    ASSERT_GE(now, 0);
    const auto count = static_cast<std::size_t>(now);
    ASSERT_EQ(Bytes(some.begin(), some.begin() + now), numbered(count, got));
    got += count;
    if (now == 0) {
      const bool sleeps = both.gate.will_sleep(false);
      ASSERT_TRUE(!sleeps || is_readable(both.gate.bell_fd(), 60'000)) << "a wake is lost";
      both.gate.awake();
    }
  }
  other.join();
}

TEST(ShmLink, AKilledProcessIsSeenAndWhatItWroteIsThere) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "engine.sock";
  const Fd listening = listen_at(path);
  const pid_t child = ::fork();
  if (child == 0) {
    Link link;
    if (!link.begin(connect_to(path), kRingBytesMin).empty()) ::_exit(1);
    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    if (link.write(bytes) != 3) ::_exit(1);
    for (;;) ::pause();
  }
  ASSERT_GT(child, 0);
  ASSERT_TRUE(is_readable(listening.get(), 60'000));
  Fd socket(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  ASSERT_TRUE(is_readable(socket.get(), 60'000));
  Link engine;
  ASSERT_EQ(engine.accept(socket), "");
  std::array<std::byte, 1> first{};
  while (engine.read(first) == 0) {
    const bool sleeps = engine.will_sleep(false);
    ASSERT_TRUE(!sleeps || is_readable(engine.bell_fd(), 60'000));
    engine.awake();
  }
  EXPECT_EQ(first[0], std::byte{1});
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_TRUE(is_readable(engine.socket_fd(), 60'000));
  engine.look_at_socket();
  EXPECT_EQ(read_all(engine), (Bytes{std::byte{2}, std::byte{3}}));
  EXPECT_EQ(engine.read(first), -1);
  EXPECT_EQ(engine.write(first), -1);
}

TEST(ShmLink, ACountThatCannotBeEndsTheLink) {
  auto block = std::make_unique<RingBlock>();
  Bytes ring(kRingBytesMin);
  RingReader reader(*block, ring);
  Bytes some(10);
  block->written = kRingBytesMin + 1;
  EXPECT_EQ(reader.read(some), -1);
  block->written = 20;
  EXPECT_EQ(reader.read(some), 10);
  block->written = 9;
  EXPECT_EQ(reader.read(some), -1) << "it went back";
  block->written = 0;
  block->read = 0;
  RingWriter writer(*block, ring);
  EXPECT_EQ(writer.write(some), 10);
  block->read = 11;
  EXPECT_EQ(writer.write(some), -1) << "more than was written";
  block->read = 10;
  EXPECT_EQ(writer.write(some), 10);
  block->read = 9;
  EXPECT_EQ(writer.write(some), -1);
}

// --- what is no beginning of a link

struct Wrong {
  std::string hello;
  std::size_t memory_bytes = 4'096 + 2 * kRingBytesMin;
  int seals = F_SEAL_SHRINK | F_SEAL_GROW;
  int fds = 3;
};
std::string answer_to(const Wrong& wrong) {
  Ends ends = socket_pair();
  const Fd memory(::memfd_create("wrong", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(memory.get(), static_cast<off_t>(wrong.memory_bytes)), 0);
  EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, wrong.seals), 0);
  const Fd bell(::eventfd(0, EFD_CLOEXEC));
  std::array<int, 3> fds{memory.get(), bell.get(), bell.get()};
  std::string text = wrong.hello;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (wrong.fds > 0) {
    const std::size_t size = sizeof(int) * static_cast<std::size_t>(wrong.fds);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), fds.data(), size);
  }
  EXPECT_GT(::sendmsg(ends.gate.get(), &message, 0), 0);
  Link engine;
  const std::optional<std::string> answer = engine.accept(ends.engine);
  EXPECT_TRUE(answer.has_value());
  EXPECT_EQ(engine.is_open(), answer && answer->empty());
  return answer.value_or("");
}
std::string hello(std::string_view magic, std::uint32_t ring_bytes, std::uint32_t zero = 0) {
  std::string text(magic);
  text.append(reinterpret_cast<const char*>(&ring_bytes), 4);  // NOLINT(*-reinterpret-cast)
  text.append(reinterpret_cast<const char*>(&zero), 4);        // NOLINT(*-reinterpret-cast)
  return text;
}

TEST(ShmLink, WhatIsNoBeginningIsRefused) {
  const std::string good = hello("PCSHM001", kRingBytesMin);
  EXPECT_EQ(answer_to({good}), "");
  constexpr std::string_view kNone = "what came is not the beginning of one";
  EXPECT_NE(answer_to({hello("PCSHM002", kRingBytesMin)}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({good.substr(0, 15)}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({hello("PCSHM001", kRingBytesMin + 1)}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({hello("PCSHM001", 0)}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({hello("PCSHM001", kRingBytesMin, 1)}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({.hello = good, .fds = 2}).find(kNone), std::string::npos);
  EXPECT_NE(answer_to({.hello = good, .fds = 0}).find(kNone), std::string::npos);
  constexpr std::string_view kMemory = "the memory has another size, or is not sealed";
  EXPECT_NE(answer_to({.hello = good, .memory_bytes = 4'096}).find(kMemory), std::string::npos);
  EXPECT_NE(answer_to({.hello = good, .seals = F_SEAL_GROW}).find(kMemory), std::string::npos);
  EXPECT_NE(answer_to({.hello = good, .seals = F_SEAL_SHRINK}).find(kMemory), std::string::npos);

  Ends ends = socket_pair();
  Link engine;
  EXPECT_FALSE(engine.accept(ends.engine).has_value()) << "nothing has come yet";
  ends.gate = {};
  EXPECT_NE(engine.accept(ends.engine).value_or("").find("has gone"), std::string::npos);
}

TEST(ShmLink, ASocketThatNobodyListensToIsReplaced) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "engine.sock";
  EXPECT_FALSE(connect_to(path));
  {
    const Fd first = listen_at(path);
    EXPECT_TRUE(connect_to(path));
    EXPECT_THROW((void)listen_at(path), std::runtime_error) << "somebody listens";
    EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_FALSE(connect_to(path));
  const Fd second = listen_at(path);
  EXPECT_TRUE(connect_to(path));
  EXPECT_THROW((void)listen_at(folder / std::string(200, 'x')), std::runtime_error);
}

}  // namespace
}  // namespace portcullis::gateway::shm::shm_link_test
