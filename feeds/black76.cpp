#include "feeds/black76.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace portcullis::feeds {

namespace {

// The normal distribution function; erfc keeps the digits of a small tail.
double normal(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

// ln(F / K) / s, and its limits.
double moneyness(double forward, double strike, double deviation) {
  if (forward == strike) return 0;
  if (deviation > 0 && forward > 0) return std::log(forward / strike) / deviation;
  const double infinity = std::numeric_limits<double>::infinity();
  return forward > strike ? infinity : -infinity;
}

}  // namespace

Black76 black76(const Black76Inputs& inputs) {
  const double f = inputs.forward;
  const double k = inputs.strike;
  const double deviation = inputs.volatility * std::sqrt(inputs.years);
  const double middle = moneyness(f, k, deviation);
  const double d1 = middle + deviation / 2;
  const double d2 = middle - deviation / 2;
  // The side that is out of the money is what call and put are worth beyond their intrinsic values:
  // so nothing is lost by taking a small time value from the difference of two large numbers.
  const double wing = f > k ? k * normal(-d2) - f * normal(-d1) : f * normal(d1) - k * normal(d2);
  const bool call = inputs.kind == OptionKind::Call;
  const double intrinsic = std::max(call ? f - k : k - f, 0.0);
  return {.price = inputs.discount * (intrinsic + std::max(wing, 0.0)),
          .delta = inputs.discount * (call ? normal(d1) : -normal(-d1))};
}

double years_between(risk::Timestamp now, risk::Timestamp expiry) {
  const double ns_per_year = kDaysPerYear * 86'400 * static_cast<double>(risk::kSecondNs);
  return static_cast<double>(std::max<std::int64_t>(expiry.ns - now.ns, 0)) / ns_per_year;
}

}  // namespace portcullis::feeds
