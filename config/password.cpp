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

Secret::Secret(std::string_view text) : size_(std::min(text.size(), kSizeMax)) {
  std::copy_n(text.begin(), size_, text_.begin());
}

void Secret::wipe() {
  ::explicit_bzero(text_.data(), text_.size());
  size_ = 0;
}

bool is_password(std::string_view text) {
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  return !text.empty() && text.size() <= Secret::kSizeMax &&
         std::all_of(text.begin(), text.end(), is_printable);
}

Password read_password(const PasswordSource& source) {
  Password password;
  if (source.environment.empty()) {
    password.problem = read_first_line(source.file, [&](std::string_view line) {
      if (!is_password(line)) return text_of(source.file) + std::string(kNoPassword);
      password.secret = Secret(line);
      return std::string();
    });
    return password;
  }
  const std::string where = "the environment variable " + source.environment;
  const char* const text = variable(source);
  if (text == nullptr) {
    password.problem = where + " is not set";
  } else if (!is_password(text)) {
    password.problem = where + std::string(kNoPassword);
  } else {
    password.secret = Secret(text);
  }
  return password;
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
