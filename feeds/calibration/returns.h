// From prices of different calendars to returns.
//
// The calendar: a day counts when every series that has begun and not ended has a price on it (from
// its first day to its last one). So bitcoin beside a stock has no weekends, alone it has them, and
// what began later or ended earlier takes no day from the others outside its own life.
//
// A return is from one day of the calendar to the next, p1 / p0 - 1, dated at its end, whatever lies
// between the two: a gap's return belongs to the whole gap, nothing is spread or filled in. A return
// over k days goes over k steps of the calendar; those that follow each other overlap.
//
// Joint rows are the days on which every series has its return: they begin with the youngest series
// and end with the first that ends.
//
// Each return is one division and one subtraction of doubles, the same bits on every machine that
// follows IEEE 754. No series is scaled: ten times all prices gives the same returns up to the last
// bit, a power of two the very same.
#pragma once

#include <cstddef>
#include <vector>

#include "feeds/calibration/prices.h"

namespace portcullis::feeds::calibration {

struct Calendar {
  std::vector<Day> days{};
  std::vector<std::size_t> kept_off{};  // by series: days that all others have and it alone has not
};
[[nodiscard]] Calendar calendar_of(const std::vector<PriceSeries>& series);

struct Returns {
  std::vector<Day> days{};  // each the end of its return
  std::vector<double> values{};
};
// Over `steps` of the calendar, which has the days of the series' prices in it, and from 1.
[[nodiscard]] Returns returns_of(const PriceSeries& series, const Calendar& calendar,
                                 std::size_t steps);

struct JointReturns {
  std::vector<Day> days{};
  std::vector<std::vector<double>> values{};  // by series, then day
};
[[nodiscard]] JointReturns joint_returns(const std::vector<PriceSeries>& series,
                                         const Calendar& calendar, std::size_t steps);

}  // namespace portcullis::feeds::calibration
