#include "feeds/calibration/volatility.h"

#include <cmath>

#include "risk/types.h"

namespace portcullis::feeds::calibration {

Volatility volatility_of(const std::vector<double>& returns, std::int64_t lambda_ppm,
                         std::size_t warm_up) {
  const double lambda = static_cast<double>(lambda_ppm) / static_cast<double>(risk::kPpm);
  double variance = 0;
  for (std::size_t i = 0; i < warm_up; ++i) variance += returns[i] * returns[i];
  variance /= static_cast<double>(warm_up);
  Volatility volatility;
  for (const double value : returns) {
    volatility.before.push_back(std::sqrt(variance));
    variance = lambda * variance + (1 - lambda) * value * value;
  }
  volatility.now = std::sqrt(variance);
  return volatility;
}

std::vector<double> scaled_returns(const std::vector<double>& returns, const Volatility& volatility,
                                   std::size_t warm_up) {
  std::vector<double> scaled;
  for (std::size_t i = warm_up; i < returns.size(); ++i) {
    const double before = volatility.before[i];
    scaled.push_back(before > 0 ? returns[i] * (volatility.now / before) : returns[i]);
  }
  return scaled;
}

}  // namespace portcullis::feeds::calibration
