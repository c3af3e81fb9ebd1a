// Secrets and what is stored of them: where the configuration says, never in its canonical text.
#pragma once

#include <string.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/deployment.h"
#include "config/password_hash.h"

namespace portcullis::config {

// Plain text of at most so many characters, wiped where it ends.
template <std::size_t kMost>
class SecretText {
 public:
  static constexpr std::size_t kSizeMax = kMost;

  SecretText() = default;
  // Of a longer text only the beginning is kept.
  explicit SecretText(std::string_view text) : size_(std::min(text.size(), kSizeMax)) {
    std::copy_n(text.begin(), size_, text_.begin());
  }
  SecretText(const SecretText&) = default;
  SecretText& operator=(const SecretText&) = default;
  ~SecretText() { wipe(); }

  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
  void wipe() {
    ::explicit_bzero(text_.data(), text_.size());
    size_ = 0;
  }

 private:
  std::array<char, kSizeMax> text_{};
  std::size_t size_ = 0;
};
using Secret = SecretText<10>;      // a password, as a SoupBinTCP login carries it
using ApiSecret = SecretText<128>;  // what a JSON client signs with

// 1 to 10 printable ASCII characters without spaces.
[[nodiscard]] bool is_password(std::string_view text);

struct Password {
  Secret secret;
  std::string problem;  // empty: it is there; never contains it
};

// A plain password from an environment variable or the first line of a file. Called when the
// process starts, so that a configuration can be checked without its secrets. A file that others
// may read is a problem.
[[nodiscard]] Password read_password(const PasswordSource& source);
// The same of what a JSON client signs with: 8 to 128 such characters.
struct SigningSecret {
  ApiSecret secret;
  std::string problem;  // empty: it is there; never contains it
};
[[nodiscard]] SigningSecret read_signing_secret(const PasswordSource& source);
// Nobody finds it in this process's environment any more: the variable is gone and its text wiped.
void forget_environment(const PasswordSource& source);

struct StoredPassword {
  std::optional<PasswordHash> hash;
  std::string problem;  // empty: it is there
};
// The first line of a file that only its owner may read: what `portcullis password` prints.
[[nodiscard]] StoredPassword read_password_hash(const std::filesystem::path& file);

// Empty, or why what is in this file is no secret: others than its owner may read it.
[[nodiscard]] std::string check_private(const std::filesystem::path& file);

}  // namespace portcullis::config
