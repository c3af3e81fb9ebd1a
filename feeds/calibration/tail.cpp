#include "feeds/calibration/tail.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "risk/types.h"

namespace portcullis::feeds::calibration {

namespace {

constexpr double kWhole = static_cast<double>(risk::kPpm);
constexpr double kHair = 1e-6;  // of a ppm: what double arithmetic may have added
constexpr double kPpmMax = 1e15;

std::int64_t whole(double ppm) {
  return static_cast<std::int64_t>(std::clamp(ppm, -kPpmMax, kPpmMax));
}

// floor(n * tail), and what is left over of it as a share of one.
struct Tail {
  std::size_t whole = 0;
  double rest = 0;
};
Tail tail_of(std::size_t n, std::int64_t tail_ppm) {
  const auto product = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(tail_ppm);
  constexpr auto kOne = static_cast<std::uint64_t>(risk::kPpm);
  return {static_cast<std::size_t>(product / kOne), static_cast<double>(product % kOne) / kWhole};
}

}  // namespace

std::vector<double> losses_of(const std::vector<double>& returns, Side side) {
  std::vector<double> losses = returns;
  if (side == Side::Down) {
    for (double& loss : losses) loss = -loss;
  }
  std::sort(losses.begin(), losses.end(), std::greater<>());
  return losses;
}

double value_at_risk(const std::vector<double>& losses, std::int64_t tail_ppm) {
  return losses[tail_of(losses.size(), tail_ppm).whole];
}

double expected_shortfall(const std::vector<double>& losses, std::int64_t tail_ppm) {
  const Tail tail = tail_of(losses.size(), tail_ppm);
  double sum = 0;
  for (std::size_t i = 0; i < tail.whole; ++i) sum += losses[i];
  // Otherwise 0.3 * x / 0.3 might not be x.
  if (tail.whole == 0) return losses[0];
  sum += tail.rest * losses[tail.whole];
  return sum / (static_cast<double>(tail.whole) + tail.rest);
}

double mixed_shortfall(const std::vector<double>& losses, const std::vector<double>& stressed,
                       std::int64_t weight_ppm, std::int64_t tail_ppm) {
  const double weight = static_cast<double>(weight_ppm) / kWhole;
  const double tail = static_cast<double>(tail_ppm) / kWhole;
  const double each = (1 - weight) / static_cast<double>(losses.size());
  const double each_stressed = weight / static_cast<double>(stressed.size());
  double left = tail;
  double sum = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (left > 0 && (i < losses.size() || j < stressed.size())) {
    const bool is_stressed =
        i == losses.size() || (j < stressed.size() && stressed[j] >= losses[i]);
    const double part = std::min(left, is_stressed ? each_stressed : each);
    sum += part * (is_stressed ? stressed[j++] : losses[i++]);
    left -= part;
  }
  return sum / tail;
}

std::int64_t ceil_ppm(double share) { return whole(std::ceil(share * kWhole - kHair)); }

std::int64_t floor_ppm(double share) { return whole(std::floor(share * kWhole + kHair)); }

std::int64_t outward_ppm(double share) { return share < 0 ? floor_ppm(share) : ceil_ppm(share); }

}  // namespace portcullis::feeds::calibration
