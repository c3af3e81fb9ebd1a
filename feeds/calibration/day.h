// Days as numbers, and their text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::feeds::calibration {

using Day = std::int32_t;  // since 1970-01-01

// "2020-03-12", a day of the calendar from 1900 to 2199.
[[nodiscard]] std::optional<Day> parse_day(std::string_view text);
[[nodiscard]] std::string to_text(Day day);
// The same date so many years before; of 29 February, where there is none, 1 March.
[[nodiscard]] Day years_before(Day day, int years);

}  // namespace portcullis::feeds::calibration
