#include "gateway/commands/password.h"

#include <termios.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <array>
#include <bit>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "config/password.h"
#include "gateway/security/credentials.h"

namespace portcullis::gateway {

namespace {

// A terminal shows nothing of what is typed, until this goes.
class NoEcho {
 public:
  NoEcho() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    is_terminal_ = true;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_ = false;
};

// One line, byte by byte: no buffer of a stream keeps it.
config::Secret read_line() {
  std::array<char, 256> line{};
  std::size_t size = 0;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
    if (size < line.size()) line[size++] = c;
  }
  if (size > 0 && line[size - 1] == '\r') --size;
  const std::string_view text(line.data(), size);
  const bool good = config::is_password(text);
  const config::Secret secret = good ? config::Secret(text) : config::Secret();
  ::explicit_bzero(line.data(), line.size());
  ::explicit_bzero(&c, 1);
  if (!good) {
    throw std::runtime_error("a password has 1 to 10 printable ASCII characters without spaces");
  }
  return secret;
}

void print_hash(std::uint32_t n) {
  const config::ScryptCost cost{.n = n};
  if (!config::is_bearable(cost))
    throw std::runtime_error("--cost: must be a power of two within bounds");
  const NoEcho no_echo;
  const auto ask = [&](const char* what) {
    if (no_echo.is_terminal()) std::cerr << what << std::flush;
    const config::Secret secret = read_line();
    if (no_echo.is_terminal()) std::cerr << '\n';
    return secret;
  };
  const config::Secret secret = ask("password: ");
  if (no_echo.is_terminal() && ask("again: ").view() != secret.view())
    throw std::runtime_error("the two are not the same");
  std::cout << config::to_text(security::hash_password(secret.view(), cost)) << '\n';
}

}  // namespace

void add_password_command(CLI::App& app) {
  auto n = std::make_shared<std::uint32_t>(config::ScryptCost{}.n);
  CLI::App* command = app.add_subcommand(
      "password", "reads a password and prints the line that sessions.json stores of it");
  command->add_option("--cost", *n, "scrypt's N, a power of two: how much work a guess is")
      ->capture_default_str();
  command->callback([n] {
    try {
      print_hash(*n);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      throw CLI::RuntimeError(1);
    }
  });
}

}  // namespace portcullis::gateway
