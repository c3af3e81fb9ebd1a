#include "gateway/json/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstddef>

namespace portcullis::gateway::json {

std::string hmac_sha256(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Null where the library cannot: then nothing is signed, and no signature is right.
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           &size) == nullptr) {
    return {};
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

namespace {

bool is_signature(std::string_view secret, std::string_view text, std::string_view signature) {
  const std::string right = hmac_sha256(secret, text);
  return !right.empty() && equal_in_constant_time(right, signature);
}

}  // namespace

bool is_auth_signature(std::string_view secret, std::int64_t expires_ms,
                       std::string_view signature) {
  return is_signature(secret, "GET/realtime" + std::to_string(expires_ms), signature);
}

bool is_query_signature(std::string_view secret, std::string_view timestamp,
                        std::string_view api_key, std::string_view recv_window,
                        std::string_view query, std::string_view signature) {
  std::string text;
  for (const std::string_view part : {timestamp, api_key, recv_window, query}) text += part;
  return is_signature(secret, text, signature);
}

bool is_in_window(std::int64_t timestamp_ms, std::int64_t recv_window_ms, std::int64_t now_ms) {
  constexpr std::int64_t kAheadMs = 1'000;
  // Times before the epoch are wrong, and would not leave the differences in range.
  if (timestamp_ms < 0 || recv_window_ms < 0 || now_ms < 0) return false;
  return now_ms - timestamp_ms <= recv_window_ms && timestamp_ms - now_ms < kAheadMs;
}

}  // namespace portcullis::gateway::json
