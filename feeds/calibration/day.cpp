#include "feeds/calibration/day.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace portcullis::feeds::calibration {

namespace {

std::chrono::year_month_day date_of(Day day) {
  return std::chrono::sys_days(std::chrono::days(day));
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return std::nullopt;
  unsigned parts[3] = {0, 0, 0};
  int part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kForm[i] == '-') {
      if (text[i] != '-') return std::nullopt;
      ++part;
    } else if (text[i] >= '0' && text[i] <= '9') {
      parts[part] = parts[part] * 10 + static_cast<unsigned>(text[i] - '0');
    } else {
      return std::nullopt;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(parts[0])),
                                         std::chrono::month(parts[1]), std::chrono::day(parts[2])};
  if (!date.ok() || parts[0] < 1900 || parts[0] > 2199) return std::nullopt;
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::string to_text(Day day) {
  const std::chrono::year_month_day date = date_of(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

Day years_before(Day day, int years) {
  std::chrono::year_month_day date = date_of(day) - std::chrono::years(years);
  if (!date.ok()) date = {date.year(), std::chrono::March, std::chrono::day(1)};
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

}  // namespace portcullis::feeds::calibration
