// What the parts of the decoder share: values as they stand in a frame, and the words for them in a
// fault. Not for others.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/decimal.h"
#include "config/json.h"

namespace portcullis::gateway::json {

namespace ondemand = simdjson::ondemand;

inline constexpr std::size_t kShownMax = 64;

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What a client wrote, in a message to it: quoted where it is short and printable.
inline std::string shown(std::string_view text) {
  return text.size() <= kShownMax && is_printable(text) ? config::quote(text) : "(not shown)";
}

// The token of a scalar that is no text. It stands where it stood.
template <class Value>
std::string_view token_of(Value& value) {
  std::string_view token =
      simdjson::simdjson_result<std::string_view>(value.raw_json_token()).value_unsafe();
  while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\n' ||
                            token.back() == '\r')) {
    token.remove_suffix(1);
  }
  return token;
}

inline bool is_scalar_token(std::string_view token) {
  return token == "null" || token == "true" || token == "false" || config::is_json_number(token);
}

// Nothing follows the value that was read.
inline bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace portcullis::gateway::json
