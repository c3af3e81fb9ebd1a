// What fuzz targets ask of text that may be JSON.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace portcullis::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Such as a double does not hold: JSON to a decoder, and not to the parser it is compared with.
inline bool has_large_number(std::string_view text) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    digits = is_digit ? digits + 1 : 0;
    if (digits >= 18) return true;
    if ((text[i] == 'e' || text[i] == 'E') && i > 0 && i + 3 < text.size() && text[i - 1] >= '0' &&
        text[i - 1] <= '9') {
      return true;
    }
  }
  return false;
}

}  // namespace portcullis::fuzz
