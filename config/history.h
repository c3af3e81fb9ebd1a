// Historical returns, as CSV:
//
//   date,BTC,ETH
//   2020-03-11,-3012,-11870
//   2020-03-12,-371695,-423472
//
// A header line: anything, then the factors. A line a day, the oldest first: a date that rises from
// line to line as text, then each factor's return in ppm of its price.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::config {

struct History {
  struct Day {
    std::string date;
    std::vector<std::int32_t> returns_ppm;  // by name
  };
  std::vector<std::string> names;
  std::vector<Day> days;
  std::string error;  // empty: all of it was read
};

[[nodiscard]] History parse_history(std::string_view text);

}  // namespace portcullis::config
