#include "tests/support/link_state.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "tests/support/ouch_client.h"

namespace portcullis::test {

namespace {

bool wait_for(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

std::string address_text(const sockaddr_in& address) {
  char text[32];
  std::snprintf(text, sizeof text, "%08X:%04X", address.sin_addr.s_addr, ntohs(address.sin_port));
  return text;
}

// What the other end of the connection has received and not read, by the kernel's table.
bool other_end_is_empty(const std::string& own, const std::string& other) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  while (std::getline(table, line)) {
    // "  sl  local_address rem_address   st tx_queue:rx_queue ..."
    if (line.find(other + " " + own) == std::string::npos) continue;
    const std::size_t queues = line.find(':', line.find(own) + own.size());
    return line.compare(queues + 1, 8, "00000000") == 0;
  }
  return true;  // closed
}

}  // namespace

void wait_for_link(std::uint16_t gate_port, std::string_view password) {
  OuchClient client(gate_port);
  ASSERT_TRUE(client.login("CHARL1", 0, "", password));
  std::uint32_t number = client.query();
  const bool up = wait_for([&] {
    client.send(sell(number++, 1, -30'000));
    const std::size_t before = client.stream.size();
    if (!client.wait_until([&] { return client.stream.size() > before; })) return true;
    return line_of_payload(client.stream.back()).ends_with(" 26");
  });
  EXPECT_TRUE(up && !client.ended) << "the gate does not take orders";
}

void wait_until_read(int fd) {
  sockaddr_in own{};
  sockaddr_in other{};
  socklen_t size = sizeof own;
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size), 0);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &size) != 0) return;  // closed
  const bool read = wait_for([&] {
    int unsent = 0;
    ::ioctl(fd, SIOCOUTQ, &unsent);
    return unsent == 0 && other_end_is_empty(address_text(own), address_text(other));
  });
  EXPECT_TRUE(read) << "the other end does not read";
}

void wait_for_venue_stat(const TestDeployment& deployment, const VenueProcess& venue,
                         std::string_view name, std::int64_t value) {
  const bool reached = wait_for([&] {
    venue.signal(SIGUSR1);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return std::filesystem::exists(deployment.folder() / "venue.json") &&
           deployment.venue_stat(name) == value;
  });
  EXPECT_TRUE(reached) << name << " is " << deployment.venue_stat(name);
}

void wait_until_asleep(pid_t pid) {
  int looks = 0;
  const bool asleep = wait_for([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat);  // "PID (NAME) STATE ...", of its first thread
    looks = stat.find(") S ") != std::string::npos ? looks + 1 : 0;
    return looks == 10;
  });
  EXPECT_TRUE(asleep) << "it never sleeps";
}

void wait_for_stream_files(const TestDeployment& deployment, std::ptrdiff_t sessions) {
  const bool there = wait_for([&] {
    const std::filesystem::directory_iterator files(deployment.journal());
    return std::count_if(begin(files), end(files), [](const auto& file) {
             return file.path().extension() == ".index";
           }) == sessions;
  });
  EXPECT_TRUE(there) << "some session has no stream";
}

void allow_more_files(pid_t pid, std::uint64_t count) {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  const auto files = static_cast<std::uint64_t>(std::distance(begin(open), end(open)));
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = files + count;
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

void limit_file_size(pid_t pid, std::uint64_t bytes) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_FSIZE, nullptr, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(::prlimit(pid, RLIMIT_FSIZE, &limit, nullptr), 0);
}

std::int64_t resident_bytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    std::int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace portcullis::test
