// Paths into a configuration by patterns: "limits.json/accounts/*/rate", where "*" is any name.
#pragma once

#include <algorithm>
#include <string_view>

namespace portcullis::config {

// Whether a pattern leads to the path: it is of it, or of something that it is below. `path` is a list of texts.
template <class Path>
[[nodiscard]] bool leads_to(std::string_view pattern, const Path& path) {
  for (const std::string_view part : path) {
    if (pattern.empty()) return true;
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    if (wanted != "*" && wanted != part) return false;
    pattern.remove_prefix(std::min(pattern.size(), wanted.size() + 1));
  }
  return pattern.empty();
}

// Whether it is of the path itself.
template <class Path>
[[nodiscard]] bool is_of(std::string_view pattern, const Path& path) {
  const auto parts = std::count(pattern.begin(), pattern.end(), '/') + 1;
  return std::ssize(path) == parts && leads_to(pattern, path);
}

}  // namespace portcullis::config
