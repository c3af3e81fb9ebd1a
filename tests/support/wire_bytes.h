// Byte strings as a person writes them down from a specification or a packet dump.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::test {

using Bytes = std::vector<std::byte>;

// Hexadecimal digits and 'quoted ASCII', spaces free: "00 0a 'U' 58 00752e71".
inline Bytes bytes(std::string_view text) {
  Bytes out;
  int high = -1;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted) {
      out.push_back(std::byte(c));
    } else if (c != ' ') {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) throw std::invalid_argument("not hexadecimal");
      if (high < 0) {
        high = static_cast<int>(digit);
      } else {
        out.push_back(std::byte(high * 16 + static_cast<int>(digit)));
        high = -1;
      }
    }
  }
  if (high >= 0 || quoted) throw std::invalid_argument("half a byte or an open quote");
  return out;
}

inline std::string hex(std::span<const std::byte> data) {
  std::string out;
  for (const std::byte b : data) {
    out += "0123456789abcdef"[std::to_integer<std::size_t>(b >> 4)];
    out += "0123456789abcdef"[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return out;
}

// A fixed text field of N characters: "AAPL" -> "AAPL    ".
template <std::size_t N>
std::array<char, N> text(std::string_view value) {
  if (value.size() > N) throw std::invalid_argument("too long a text");
  std::array<char, N> out;
  out.fill(' ');
  value.copy(out.data(), value.size());
  return out;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes out(size);
  for (std::byte& b : out) b = static_cast<std::byte>(random());
  return out;
}

}  // namespace portcullis::test
