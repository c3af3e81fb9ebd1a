#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"

namespace portcullis::test {

Port::Port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  number_ = ntohs(address.sin_port);
}

Port::~Port() { ::close(fd_); }

Process::Process(const std::vector<std::string>& arguments, const Environment& environment,
                 const std::filesystem::path& errors) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    const int error_fd = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(error_fd, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  out_ = ends[0];
}

std::string Process::read_line() {
  std::string line;
  char c = 0;
  pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  while (::poll(&waiting, 1, static_cast<int>(patience.count())) == 1 && ::read(out_, &c, 1) == 1) {
    if (c == '\n') return line;
    line += c;
  }
  return line;
}

std::string Process::read_rest() { return pid_ > 0 ? read_to_end() : rest_; }

std::string Process::read_to_end() const {
  std::string text;
  std::array<char, 4096> chunk{};
  ssize_t n = 0;
  while ((n = ::read(out_, chunk.data(), chunk.size())) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return text;
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Process::is_running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  rest_ = read_to_end();
  ::close(out_);
  return false;
}

int Process::wait() {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (is_running()) {
    if (std::chrono::steady_clock::now() > give_up) {
      ADD_FAILURE() << "process " << pid_ << " does not end";
      signal(SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return code_;
}

void Process::kill_9() {
  if (pid_ <= 0) return;
  signal(SIGKILL);
  wait();
}

int Process::terminate() {
  signal(SIGTERM);
  return wait();
}

Outcome run_to_end(const std::vector<std::string>& arguments, const Environment& environment) {
  const gateway::journal::testing::TemporaryFolder folder;
  Process process(arguments, environment, folder / "errors");
  Outcome outcome;
  outcome.out = process.read_rest();
  outcome.code = process.wait();
  outcome.errors = read_file(folder / "errors");
  return outcome;
}

std::uint16_t port_of(std::string_view line) {
  constexpr std::string_view kExpected = "listening on ";
  std::uint16_t port = 0;
  if (line.starts_with(kExpected)) {
    line.remove_prefix(kExpected.size());
    std::from_chars(line.data(), line.data() + line.size(), port);
  }
  return port;
}

}  // namespace portcullis::test
