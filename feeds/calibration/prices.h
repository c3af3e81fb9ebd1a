// Daily price histories from CSV text. Nothing is invented and nothing left out silently: a line that
// cannot be right is a problem, with file, line and value.
//
//   Date,Adj_Close            Date,USD,JPY,CYP
//   2014-09-17,457.334        2026-04-13,1.1684,186.75,N/A
//   2014-09-18,424.440        2026-04-10,1.1711,186.43,N/A
//
// The first column is Date. Days go forwards or backwards, which the first two lines say, and never
// twice. N/A or nothing is the absence of a price, not a price. Every other cell of the column that is
// read must be a number above zero.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "feeds/calibration/day.h"

namespace portcullis::feeds::calibration {

// Where the prices of one thing are. With a divisor its price is the column over that: JPY in USD is
// USD over JPY in a table of what one EUR costs.
struct SeriesSource {
  std::string name{};
  std::string file{};
  std::string column{};   // empty: the only one behind the date
  std::string divisor{};  // empty: none
};

// Days rise. Prices are as near to the decimal text as a double is.
struct PriceSeries {
  std::string name{};
  std::vector<Day> days{};
  std::vector<double> prices{};
  std::size_t absent = 0;  // lines without a price
};

struct ParsedPrices {
  PriceSeries series{};
  std::vector<config::Problem> problems{};  // the first 20
};

// What is believed to be a price at all.
inline constexpr double kPriceMin = 1e-12;
inline constexpr double kPriceMax = 1e15;

[[nodiscard]] ParsedPrices parse_prices(std::string_view text, const SeriesSource& source);

// The names of the columns behind the date; none where the first line is no header.
[[nodiscard]] std::vector<std::string> price_columns(std::string_view text);

// Only what is from `first` to `last`, both included.
void trim(PriceSeries& series, Day first, Day last);

}  // namespace portcullis::feeds::calibration
