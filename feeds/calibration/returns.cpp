#include "feeds/calibration/returns.h"

#include <algorithm>
#include <iterator>

namespace portcullis::feeds::calibration {

Calendar calendar_of(const std::vector<PriceSeries>& series) {
  std::vector<Day> days;
  for (const PriceSeries& one : series) days.insert(days.end(), one.days.begin(), one.days.end());
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());

  Calendar calendar;
  calendar.kept_off.assign(series.size(), 0);
  std::vector<std::size_t> next(series.size(),
                                0);  // of each series, its first day not before `day`
  for (const Day day : days) {
    std::size_t missing = 0;
    std::size_t alive = 0;
    std::size_t by = 0;
    for (std::size_t s = 0; s < series.size(); ++s) {
      const std::vector<Day>& own = series[s].days;
      if (own.empty() || day < own.front() || day > own.back()) continue;
      ++alive;
      while (own[next[s]] < day) ++next[s];
      if (own[next[s]] == day) continue;
      ++missing;
      by = s;
    }
    if (missing == 0) {
      calendar.days.push_back(day);
    } else if (missing == 1 && alive > 1) {
      ++calendar.kept_off[by];
    }
  }
  return calendar;
}

Returns returns_of(const PriceSeries& series, const Calendar& calendar, std::size_t steps) {
  std::vector<Day> days;
  std::vector<double> prices;
  auto counts = calendar.days.begin();
  for (std::size_t i = 0; i < series.days.size(); ++i) {
    counts = std::lower_bound(counts, calendar.days.end(), series.days[i]);
    if (counts == calendar.days.end()) break;
    if (*counts != series.days[i]) continue;
    days.push_back(series.days[i]);
    prices.push_back(series.prices[i]);
  }
  Returns returns;
  for (std::size_t i = steps; i < prices.size(); ++i) {
    returns.days.push_back(days[i]);
    returns.values.push_back(prices[i] / prices[i - steps] - 1);
  }
  return returns;
}

JointReturns joint_returns(const std::vector<PriceSeries>& series, const Calendar& calendar,
                           std::size_t steps) {
  JointReturns joint;
  std::vector<Returns> each;
  for (const PriceSeries& one : series) each.push_back(returns_of(one, calendar, steps));
  if (each.empty()) return joint;
  joint.days = each.front().days;
  for (const Returns& one : each) {
    std::vector<Day> both;
    std::set_intersection(joint.days.begin(), joint.days.end(), one.days.begin(), one.days.end(),
                          std::back_inserter(both));
    joint.days = std::move(both);
  }
  // Between the first and the last common day every series has every day of the calendar.
  for (const Returns& one : each) {
    const auto first = joint.days.empty()
                           ? one.days.end()
                           : std::lower_bound(one.days.begin(), one.days.end(), joint.days.front());
    const auto values = one.values.begin() + (first - one.days.begin());
    joint.values.emplace_back(values, values + static_cast<std::ptrdiff_t>(joint.days.size()));
  }
  return joint;
}

}  // namespace portcullis::feeds::calibration
