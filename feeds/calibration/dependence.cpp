#include "feeds/calibration/dependence.h"

#include <algorithm>
#include <cmath>

namespace portcullis::feeds::calibration {

namespace {

std::optional<double> correlation_of(const double* a, const double* b, std::size_t n) {
  double mean_a = 0;
  double mean_b = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mean_a += a[i];
    mean_b += b[i];
  }
  mean_a /= static_cast<double>(n);
  mean_b /= static_cast<double>(n);
  double squares_a = 0;
  double squares_b = 0;
  double products = 0;
  for (std::size_t i = 0; i < n; ++i) {
    squares_a += (a[i] - mean_a) * (a[i] - mean_a);
    squares_b += (b[i] - mean_b) * (b[i] - mean_b);
    products += (a[i] - mean_a) * (b[i] - mean_b);
  }
  if (!(squares_a > 0) || !(squares_b > 0)) return std::nullopt;
  return std::clamp(products / (std::sqrt(squares_a) * std::sqrt(squares_b)), -1.0, 1.0);
}

}  // namespace

std::optional<double> correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty()) return std::nullopt;
  return correlation_of(a.data(), b.data(), a.size());
}

RollingCorrelation rolling_correlation(const std::vector<double>& a, const std::vector<double>& b,
                                       std::size_t window) {
  RollingCorrelation rolling;
  for (std::size_t end = window; end <= a.size(); ++end) {
    const auto value = correlation_of(a.data() + end - window, b.data() + end - window, window);
    if (!value) continue;
    rolling.rows.push_back(end - 1);
    rolling.values.push_back(*value);
  }
  return rolling;
}

}  // namespace portcullis::feeds::calibration
