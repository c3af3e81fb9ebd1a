// Volatility by exponentially weighted squares, and returns scaled to today's.
//
//   v[0]     = the mean of the squares of the first `warm_up` returns
//   v[i + 1] = lambda * v[i] + (1 - lambda) * return[i]^2
//
// v[i] is what was known before return i, v[n] what is known now: no return is scaled by itself. The
// mean is taken as zero, as it is for daily returns everywhere. Scaled, return i is
// return[i] * sqrt(v[n] / v[i]); the first `warm_up` returns, which v[0] has seen, are not in the
// scaled sample. A return over k days is scaled by what was known before its first day. Where v[i] is
// zero, nothing ever moved, and the return is not scaled.
//
// Multiplication, division and the square root alone: the same bits wherever IEEE 754 holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace portcullis::feeds::calibration {

struct Volatility {
  std::vector<double> before{};  // by return: what was known before it, a day's standard deviation
  double now = 0;
};
// REQUIRES: 1 <= warm_up <= returns.size(), 0 < lambda_ppm < 1,000,000.
[[nodiscard]] Volatility volatility_of(const std::vector<double>& returns, std::int64_t lambda_ppm,
                                       std::size_t warm_up);

// `returns` over `steps` days, of the days whose volatility is given: their i-th goes over the days i
// to i + steps - 1. Without the first warm_up.
[[nodiscard]] std::vector<double> scaled_returns(const std::vector<double>& returns,
                                                 const Volatility& volatility, std::size_t warm_up);

}  // namespace portcullis::feeds::calibration
