// How two factors move together, over joint rows.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace portcullis::feeds::calibration {

// Pearson's correlation of two samples of one size; none where one of them does not move.
[[nodiscard]] std::optional<double> correlation(const std::vector<double>& a,
                                                const std::vector<double>& b);

// The same of each `window` rows that follow each other, dated at the last: n - window + 1 of them,
// without those in which one of the two does not move. None where there are not so many rows.
struct RollingCorrelation {
  std::vector<std::size_t> rows{};  // the last row of each
  std::vector<double> values{};
};
[[nodiscard]] RollingCorrelation rolling_correlation(const std::vector<double>& a,
                                                     const std::vector<double>& b,
                                                     std::size_t window);

}  // namespace portcullis::feeds::calibration
