// Changing a configuration's JSON and writing it as a person would.
#pragma once

#include <string>
#include <string_view>

#include "config/json.h"

namespace portcullis::gateway {

[[nodiscard]] config::Json json_text(std::string text);
[[nodiscard]] config::Json json_integer(std::int64_t value);
[[nodiscard]] config::Json json_share(std::int64_t ppm);  // decimal text, "0.16"
[[nodiscard]] config::Json json_object();

// The member, or null; json is an object.
[[nodiscard]] config::Json* member(config::Json& json, std::string_view name);
// The member, put behind the others where there is none.
config::Json& set_member(config::Json& json, std::string_view name, config::Json value);

// With line breaks and two spaces a level; what fits into a line of 100 stays on one.
[[nodiscard]] std::string pretty(const config::Json& json);

}  // namespace portcullis::gateway
