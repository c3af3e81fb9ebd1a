// UTC times as text: "2026-01-05T00:00:00Z", and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "risk/types.h"

namespace portcullis::config {

// From 1970 to 2200.
[[nodiscard]] std::optional<risk::Timestamp> parse_iso_time(std::string_view text);
// Of a whole second.
[[nodiscard]] std::string to_iso_time(risk::Timestamp time);

}  // namespace portcullis::config
