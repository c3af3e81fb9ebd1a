// A stored password in its text form, "scrypt$N$r$p$SALT$HASH" (RFC 7914; salt and hash in base64).
// Only the text is read here: the work is gateway/security/credentials.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::config {

// Memory is 128 * n * r bytes, time goes with n * r * p.
struct ScryptCost {
  std::uint32_t n = 16'384;  // a power of two
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  friend bool operator==(const ScryptCost&, const ScryptCost&) = default;
};

struct PasswordHash {
  ScryptCost cost;
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> hash{};
  friend bool operator==(const PasswordHash&, const PasswordHash&) = default;
};

// What a check may cost at most: nobody's line in a file stops the process. At least what makes
// guessing slow.
inline constexpr std::uint32_t kScryptNMin = 1'024;
inline constexpr std::uint64_t kScryptMemoryMax = 64U << 20;  // bytes
inline constexpr std::uint64_t kScryptWorkMax = 2U << 20;     // n * r * p
[[nodiscard]] bool is_bearable(const ScryptCost& cost);

// None: another form, or a cost out of bounds.
[[nodiscard]] std::optional<PasswordHash> parse_password_hash(std::string_view text);
[[nodiscard]] std::string to_text(const PasswordHash& hash);

}  // namespace portcullis::config
