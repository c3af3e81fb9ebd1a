#include "feeds/calibration/prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/json.h"

namespace portcullis::feeds::calibration {

namespace {

constexpr std::size_t kProblemsMax = 20;

using Cells = std::vector<std::string_view>;

Cells split(std::string_view text, char separator) {
  Cells cells;
  for (;;) {
    const std::size_t end = text.find(separator);
    cells.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return cells;
    text.remove_prefix(end + 1);
  }
}

// Without the end of the text, which may end its last line or not.
Cells lines_of(std::string_view text) {
  Cells lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (std::string_view& line : lines) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  return lines;
}

bool is_header(const Cells& cells) {
  return cells.size() > 1 && (cells[0] == "Date" || cells[0] == "date");
}

bool is_absent(std::string_view cell) { return cell.empty() || cell == "N/A"; }

struct Reading {
  const SeriesSource& source;
  ParsedPrices out{};
  std::size_t column = 0;
  std::size_t divisor = 0;  // 0: none
  std::size_t cells = 0;
  int direction = 0;  // of the days, from line to line; 0: not known yet
  std::optional<Day> before{};

  void problem(std::size_t line, std::string_view value, std::string what) {
    if (out.problems.size() == kProblemsMax) return;
    out.problems.push_back({source.file, line == 0 ? "" : fmt::format("line {}", line),
                            value.empty() ? "" : config::quote(value), std::move(what)});
  }

  std::size_t find_column(const Cells& header, const std::string& name) {
    const auto found = std::find(header.begin() + 1, header.end(), name);
    if (found == header.end()) {
      problem(1, name, "is no column of this table");
      return 0;
    }
    if (std::find(found + 1, header.end(), name) != header.end()) {
      problem(1, name, "is there twice");
    }
    return static_cast<std::size_t>(found - header.begin());
  }

  void read_header(std::string_view line) {
    const Cells header = split(line, ',');
    if (!is_header(header)) {
      problem(1, line.substr(0, 80), "must be a header that begins with Date and names a column");
      return;
    }
    cells = header.size();
    if (source.column.empty() && header.size() > 2) {
      problem(1, "",
              fmt::format("has {} columns: say which, as {}={}:COLUMN", header.size() - 1,
                          source.name, source.file));
      return;
    }
    column = source.column.empty() ? 1 : find_column(header, source.column);
    if (!source.divisor.empty()) divisor = find_column(header, source.divisor);
  }

  // Empty where the day cannot be right, which is then told.
  std::optional<Day> read_day(std::size_t line, std::string_view text) {
    const std::optional<Day> day = parse_day(text);
    if (!day) {
      problem(line, text, "is no date as 2020-03-12");
      return std::nullopt;
    }
    if (!before) return before = day;
    if (day == before) {
      problem(line, text, "is there twice");
      return std::nullopt;
    }
    const int step = *day > *before ? 1 : -1;
    if (direction == 0) direction = step;
    if (step != direction) {
      problem(line, text,
              fmt::format("is out of order: the lines before it go {}",
                          direction > 0 ? "forwards" : "backwards"));
      return std::nullopt;
    }
    return before = day;
  }

  std::optional<double> read_price(std::size_t line, std::string_view text) {
    double price = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), price);
    if (error != std::errc() || end != text.data() + text.size()) {
      problem(line, text, "is no number");
    } else if (!(price > 0)) {
      problem(line, text, "must be above zero");
    } else if (price < kPriceMin || price > kPriceMax) {
      problem(line, text, fmt::format("must be from {} to {}", kPriceMin, kPriceMax));
    } else {
      return price;
    }
    return std::nullopt;
  }

  void read_line(std::size_t number, std::string_view line) {
    const Cells values = split(line, ',');
    if (values.size() != cells) {
      problem(number, line.substr(0, 80),
              fmt::format("has {} values and not {}", values.size(), cells));
      return;
    }
    const std::optional<Day> day = read_day(number, values[0]);
    if (is_absent(values[column]) || (divisor != 0 && is_absent(values[divisor]))) {
      ++out.series.absent;
      return;
    }
    const std::optional<double> price = read_price(number, values[column]);
    const std::optional<double> under =
        divisor == 0 ? std::optional<double>(1) : read_price(number, values[divisor]);
    if (!day || !price || !under) return;
    out.series.days.push_back(*day);
    out.series.prices.push_back(*price / *under);
  }
};

}  // namespace

ParsedPrices parse_prices(std::string_view text, const SeriesSource& source) {
  Reading reading{.source = source};
  reading.out.series.name = source.name;
  const Cells lines = lines_of(text);
  if (lines.empty()) {
    reading.problem(0, "", "is empty");
    return std::move(reading.out);
  }
  reading.read_header(lines[0]);
  if (!reading.out.problems.empty()) return std::move(reading.out);
  for (std::size_t i = 1; i < lines.size(); ++i) reading.read_line(i + 1, lines[i]);
  PriceSeries& series = reading.out.series;
  if (series.days.empty() && reading.out.problems.empty()) {
    reading.problem(0, "", fmt::format("has no price of {}", source.name));
  }
  if (reading.direction < 0) {
    std::reverse(series.days.begin(), series.days.end());
    std::reverse(series.prices.begin(), series.prices.end());
  }
  return std::move(reading.out);
}

std::vector<std::string> price_columns(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Cells header = split(line, ',');
  if (!is_header(header)) return {};
  return {header.begin() + 1, header.end()};
}

void trim(PriceSeries& series, Day first, Day last) {
  const auto from = std::lower_bound(series.days.begin(), series.days.end(), first);
  const auto to = std::upper_bound(from, series.days.end(), last);
  const auto begin = from - series.days.begin();
  const auto end = to - series.days.begin();
  series.days = {from, to};
  series.prices = {series.prices.begin() + begin, series.prices.begin() + end};
}

}  // namespace portcullis::feeds::calibration
