#include "config/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/json_reader.h"
#include "risk/types.h"

namespace portcullis::config {

namespace {

constexpr std::int64_t kReturnMin = -risk::kPpm;  // a price loses all of its value
constexpr std::int64_t kReturnMax = 10 * risk::kPpm;
constexpr std::size_t kDateSizeMax = 32;

// The parts of `text` between separators; at least one.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Without the end of the text, which may end its last line or not.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (std::string_view& line : lines) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  return lines;
}

// What is wrong with the header's names; empty: nothing.
std::string check_names(const std::vector<std::string>& names) {
  if (names.empty()) return "names no factor behind the first column";
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) != name) return "names " + *name + " twice";
  }
  return "";
}

// Adds the day, or tells what is wrong with it.
std::string read_day(std::string_view line, History& history) {
  const std::vector<std::string_view> values = split(line, ',');
  if (values.size() != history.names.size() + 1) {
    return fmt::format("has {} values and not {}", values.size(), history.names.size() + 1);
  }
  History::Day day;
  day.date = values[0];
  if (day.date.empty() || day.date.size() > kDateSizeMax) {
    return fmt::format("must begin with a date of 1 to {} characters", kDateSizeMax);
  }
  if (!history.days.empty() && day.date <= history.days.back().date) {
    return "has a date that is not behind that of the line before it";
  }
  for (std::size_t i = 1; i < values.size(); ++i) {
    const Decimal value = parse_decimal(values[i], 0);
    if (!value.ok() || value.value < kReturnMin || value.value > kReturnMax) {
      return fmt::format("{} is no whole number of ppm from {} to {}", values[i], kReturnMin,
                         kReturnMax);
    }
    day.returns_ppm.push_back(static_cast<std::int32_t>(value.value));
  }
  history.days.push_back(std::move(day));
  return "";
}

}  // namespace

History parse_history(std::string_view text) {
  History history;
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size() && history.error.empty(); ++i) {
    if (!is_printable(lines[i])) {
      history.error = "has other than printable ASCII characters";
    } else if (i == 0) {
      const std::vector<std::string_view> names = split(lines[0], ',');
      history.names.assign(names.begin() + 1, names.end());
      history.error = check_names(history.names);
    } else {
      history.error = read_day(lines[i], history);
    }
    if (!history.error.empty()) history.error = fmt::format("line {}: {}", i + 1, history.error);
  }
  if (lines.empty()) history.error = "is empty";
  return history;
}

}  // namespace portcullis::config
