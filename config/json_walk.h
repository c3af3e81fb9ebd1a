// What on-demand parsing leaves to its user: simdjson looks at a value only as far as it is asked to,
// so that what is skipped, and the characters of a number, may be anything.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string_view>

namespace portcullis::config {

// Deeper than anything that means something in a message.
inline constexpr std::size_t kJsonDepthMax = 32;

// The token of a scalar that is no text. It stands where it stood.
template <class Value>
[[nodiscard]] std::string_view token_of(Value& value) {
  std::string_view token =
      simdjson::simdjson_result<std::string_view>(value.raw_json_token()).value_unsafe();
  while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\n' ||
                            token.back() == '\r')) {
    token.remove_suffix(1);
  }
  return token;
}

// null, true, false or a number.
[[nodiscard]] bool is_scalar_token(std::string_view token);

// Nothing follows the value that was read.
[[nodiscard]] bool at_end(simdjson::ondemand::document& document);

// Reads the value to its end: whether all of it is JSON, nested up to kJsonDepthMax. `depth`: where
// the value stands; that of the whole document is 1.
[[nodiscard]] bool is_sound(simdjson::ondemand::value value, std::size_t depth);

}  // namespace portcullis::config
