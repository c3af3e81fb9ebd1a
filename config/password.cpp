#include "config/password.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace portcullis::config {

namespace {

constexpr std::string_view kNoPassword =
    " must hold 1 to 10 printable ASCII characters without spaces";

constexpr std::string_view kNoSigningSecret =
    " must hold 8 to 128 printable ASCII characters without spaces";

// The start-up's one thread: nobody else changes the environment.
char* variable(const PasswordSource& source) {
  return std::getenv(source.environment.c_str());  // NOLINT(concurrency-mt-unsafe)
}

std::string text_of(const std::filesystem::path& file) { return "the file " + file.string(); }

// Why others may read it; of the open file, so that it is the one that is read.
std::string check_mode(int descriptor, const std::filesystem::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return text_of(file) + " cannot be read";
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return "";
  return text_of(file) + " may be read by others than its owner: chmod 600 it";
}

// The first line, without its end, handed to `use`; the buffer is wiped. The problem, or empty.
template <class Use>
std::string read_first_line(const std::filesystem::path& file, Use&& use) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return text_of(file) + " cannot be read";
  std::string problem = check_mode(descriptor, file);
  std::array<char, 512> buffer{};
  std::size_t size = 0;
  while (problem.empty() && size < buffer.size()) {
    const ssize_t n = ::read(descriptor, buffer.data() + size, buffer.size() - size);
    if (n < 0) problem = text_of(file) + " cannot be read";
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  ::close(descriptor);
  std::string_view line(buffer.data(), size);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (problem.empty()) problem = use(line);
  ::explicit_bzero(buffer.data(), buffer.size());
  return problem;
}

}  // namespace

namespace {

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The text at a source, handed to `use`, which tells whether it may be. The problem, or empty.
template <class Use>
std::string read_text(const PasswordSource& source, std::string_view must, Use&& use) {
  if (source.environment.empty()) {
    return read_first_line(source.file, [&](std::string_view line) {
      return use(line) ? std::string() : text_of(source.file) + std::string(must);
    });
  }
  const std::string where = "the environment variable " + source.environment;
  const char* const text = variable(source);
  if (text == nullptr) return where + " is not set";
  return use(text) ? std::string() : where + std::string(must);
}

}  // namespace

bool is_password(std::string_view text) {
  return !text.empty() && text.size() <= Secret::kSizeMax && is_word(text);
}

Password read_password(const PasswordSource& source) {
  Password password;
  password.problem = read_text(source, kNoPassword, [&](std::string_view text) {
    password.secret = Secret(text);
    return is_password(text);
  });
  if (!password.problem.empty()) password.secret.wipe();
  return password;
}

SigningSecret read_signing_secret(const PasswordSource& source) {
  SigningSecret signing;
  signing.problem = read_text(source, kNoSigningSecret, [&](std::string_view text) {
    signing.secret = ApiSecret(text);
    return text.size() >= 8 && text.size() <= ApiSecret::kSizeMax && is_word(text);
  });
  if (!signing.problem.empty()) signing.secret.wipe();
  return signing;
}

void forget_environment(const PasswordSource& source) {
  if (source.environment.empty()) return;
  char* const text = variable(source);
  if (text == nullptr) return;
  ::explicit_bzero(text, std::strlen(text));  // it is shown as the process's environment
  ::unsetenv(source.environment.c_str());     // NOLINT(concurrency-mt-unsafe)
}

StoredPassword read_password_hash(const std::filesystem::path& file) {
  StoredPassword stored;
  stored.problem = read_first_line(file, [&](std::string_view line) {
    stored.hash = parse_password_hash(line);
    return stored.hash ? std::string()
                       : text_of(file) + " must hold a line that portcullis password has printed";
  });
  return stored;
}

std::string check_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return text_of(file) + " cannot be read";
  std::string problem = check_mode(descriptor, file);
  ::close(descriptor);
  return problem;
}

}  // namespace portcullis::config
