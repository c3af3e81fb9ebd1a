#include "config/password_hash.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <span>

namespace portcullis::config {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? bytes[at + i] : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kDigits[group >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

// All of the text and nothing but these bytes: what is written again is the same text.
bool from_base64(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != (bytes.size() + 2) / 3 * 4) return false;
  std::uint32_t bits = 0;
  std::uint32_t count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (at == bytes.size()) return false;
    bytes[at++] = static_cast<std::uint8_t>(bits >> count);
  }
  return at == bytes.size() && to_base64(bytes) == text;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || text.starts_with('0')) return std::nullopt;
  return value;
}

}  // namespace

bool is_bearable(const ScryptCost& cost) {
  if (cost.n < kScryptNMin || !std::has_single_bit(cost.n) || cost.r == 0 || cost.p == 0) {
    return false;
  }
  if (cost.r == 1 && cost.n > 32'768) return false;  // the function has no such
  // Each is below 2^32 and is bounded before it is multiplied.
  const std::uint64_t memory = std::uint64_t{cost.n} * cost.r;
  return cost.p <= kScryptWorkMax && memory <= kScryptMemoryMax / 128 &&
         memory * cost.p <= kScryptWorkMax;
}

std::optional<PasswordHash> parse_password_hash(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find('$');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto n = number(parts[1]);
  const auto r = number(parts[2]);
  const auto p = number(parts[3]);
  PasswordHash hash;
  if (parts[0] != "scrypt" || !n || !r || !p) return std::nullopt;
  hash.cost = {*n, *r, *p};
  if (!is_bearable(hash.cost) || !from_base64(parts[4], hash.salt) ||
      !from_base64(parts[5], hash.hash)) {
    return std::nullopt;
  }
  return hash;
}

std::string to_text(const PasswordHash& hash) {
  return fmt::format("scrypt${}${}${}${}${}", hash.cost.n, hash.cost.r, hash.cost.p,
                     to_base64(hash.salt), to_base64(hash.hash));
}

}  // namespace portcullis::config
