#include "gateway/control/tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <stdexcept>

namespace portcullis::gateway::control {

namespace {

constexpr std::string_view kPrefix = "pct_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kDigits = 43;  // of base64, without padding
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

}  // namespace

std::string new_token() {
  std::array<std::uint8_t, kRandomBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("no random bytes for a token");
  std::string token(kPrefix);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : random) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) token += kAlphabet[bits >> (held - 6) & 63];
  }
  token += kAlphabet[bits << (6 - held) & 63];
  OPENSSL_cleanse(random.data(), random.size());
  return token;
}

bool is_token(std::string_view text) {
  return text.size() == kPrefix.size() + kDigits && text.starts_with(kPrefix) &&
         text.find_first_not_of(kAlphabet, kPrefix.size()) == std::string_view::npos;
}

TokenHash hash_of(std::string_view token) {
  TokenHash hash{};
  static_assert(config::kTokenHashSize == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::string to_text(const TokenHash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return "";
  const std::string_view token = authorization.substr(kScheme.size());
  return is_token(token) ? token : std::string_view();
}

const config::ControlToken* find_token(const std::vector<config::ControlToken>& tokens,
                                       std::string_view token) {
  const TokenHash hash = hash_of(token);
  const config::ControlToken* found = nullptr;
  for (const config::ControlToken& one : tokens) {
    if (CRYPTO_memcmp(one.hash.data(), hash.data(), hash.size()) == 0) found = &one;
  }
  return found;
}

}  // namespace portcullis::gateway::control
