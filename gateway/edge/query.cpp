#include "gateway/edge/query.h"

#include <fmt/format.h>

#include <algorithm>

namespace portcullis::gateway::edge {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return true;
}

}  // namespace

bool Query::parse(std::string_view text) {
  parameters_.clear();
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    std::string name;
    std::string value;
    if (!decode(part.substr(0, equals), name) ||
        !decode(part.substr(std::min(equals + 1, part.size())), value)) {
      problem_ = "a percent sign is not followed by two hexadecimal digits";
      return false;
    }
    for (const auto& [known, unused] : parameters_) {
      if (known == name) {
        problem_ = fmt::format("{} is there twice", name.substr(0, 32));
        return false;
      }
    }
    if (parameters_.size() == kParametersMax) {
      problem_ = "too many parameters";
      return false;
    }
    parameters_.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

std::string_view Query::get(std::string_view name) const {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return value;
  }
  return {};
}

std::string_view Query::unknown(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : parameters_)
    if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end()) return name;
  return "";
}

}  // namespace portcullis::gateway::edge
