// The times that a person names on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::gateway {

// "2026-01-05T10:00:00Z" or, of the UTC day that `day_of_ns` lies in, "10:00:00"; both with up to
// nine digits of a second behind a point. Nanoseconds since the epoch; none: it is no such time.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t day_of_ns);

}  // namespace portcullis::gateway
