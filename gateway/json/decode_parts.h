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
#include "config/json_walk.h"

namespace portcullis::gateway::json {

namespace ondemand = simdjson::ondemand;
using config::at_end;
using config::is_scalar_token;
using config::is_sound;
using config::token_of;

inline constexpr std::size_t kShownMax = 64;

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What a client wrote, in a message to it: quoted where it is short and printable.
inline std::string shown(std::string_view text) {
  return text.size() <= kShownMax && is_printable(text) ? config::quote(text) : "(not shown)";
}

}  // namespace portcullis::gateway::json
