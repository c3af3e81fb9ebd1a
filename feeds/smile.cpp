#include "feeds/smile.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace portcullis::feeds {

namespace {

bool is_price(double value) { return std::isfinite(value) && value > 0; }

// The slope at an end, from the parabola through it and the next two points; turned or cut where it
// would leave the range of its piece.
double end_slope(double near_width, double far_width, double near_rise, double far_rise) {
  const double slope =
      ((2 * near_width + far_width) * near_rise - near_width * far_rise) / (near_width + far_width);
  if (slope * near_rise <= 0) return 0;
  if (near_rise * far_rise < 0 && std::abs(slope) > 3 * std::abs(near_rise)) return 3 * near_rise;
  return slope;
}

void set_slopes(std::vector<Smile::Knot>& knots) {
  const std::size_t last = knots.size() - 1;
  const auto width = [&](std::size_t i) { return knots[i + 1].place - knots[i].place; };
  const auto rise = [&](std::size_t i) {
    return (knots[i + 1].volatility - knots[i].volatility) / width(i);
  };
  for (std::size_t i = 1; i < last; ++i) {
    const double before = rise(i - 1);
    const double behind = rise(i);
    if (before * behind <= 0) continue;  // a top, a bottom or a plain: level
    const double a = 2 * width(i) + width(i - 1);
    const double b = width(i) + 2 * width(i - 1);
    knots[i].slope = (a + b) / (a / before + b / behind);
  }
  knots[0].slope = end_slope(width(0), width(1), rise(0), rise(1));
  knots[last].slope = end_slope(width(last - 1), width(last - 2), rise(last - 1), rise(last - 2));
}

}  // namespace

bool is_volatility(double value) {
  return std::isfinite(value) && value > 0 && value <= kVolatilityMax;
}

double Smile::volatility(double strike) const {
  const double place = std::log(strike / forward);
  if (place <= knots.front().place) return knots.front().volatility;
  if (place >= knots.back().place) return knots.back().volatility;
  const auto right = std::upper_bound(knots.begin(), knots.end(), place,
                                      [](double x, const Knot& knot) { return x < knot.place; });
  const auto left = right - 1;
  const double width = right->place - left->place;
  const double t = (place - left->place) / width;
  const double u = 1 - t;
  const double value = u * u * (1 + 2 * t) * left->volatility + u * u * t * width * left->slope +
                       t * t * (1 + 2 * u) * right->volatility - t * t * u * width * right->slope;
  // Its last bits may be outside.
  return std::clamp(value, std::min(left->volatility, right->volatility),
                    std::max(left->volatility, right->volatility));
}

FittedSmile fit_smile(double forward, const std::vector<SmilePoint>& points) {
  FittedSmile fitted;
  if (!is_price(forward)) return fitted;
  std::vector<SmilePoint> sorted;
  for (const SmilePoint& point : points) {
    if (is_price(point.strike) && is_volatility(point.volatility)) {
      sorted.push_back(point);
    } else {
      ++fitted.refused;
    }
  }
  // By volatility too: so that the mean does not hang on the order of the points.
  std::sort(sorted.begin(), sorted.end(), [](const SmilePoint& a, const SmilePoint& b) {
    return a.strike < b.strike || (a.strike == b.strike && a.volatility < b.volatility);
  });
  Smile smile;
  smile.forward = forward;
  std::vector<Smile::Knot>& knots = smile.knots;
  for (std::size_t i = 0; i < sorted.size();) {
    double sum = 0;
    std::size_t end = i;
    for (; end < sorted.size() && sorted[end].strike == sorted[i].strike; ++end)
      sum += sorted[end].volatility;
    const double place = std::log(sorted[i].strike / forward);
    // Strikes that differ in their last bits may lie at one place.
    if (knots.empty() || place > knots.back().place)
      knots.push_back({.place = place, .volatility = sum / static_cast<double>(end - i)});
    i = end;
  }

  const auto oddness = [&](std::size_t i) {
    const std::size_t last = knots.size() - 1;
    const double a = knots[i == 0 ? 2 : i - 1].volatility;
    const double b = knots[i == last ? last - 2 : i + 1].volatility;
    return std::max(knots[i].volatility / std::max(a, b), std::min(a, b) / knots[i].volatility);
  };
  while (knots.size() >= kSmileStrikesMin) {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < knots.size(); ++i)
      if (oddness(i) > oddness(worst)) worst = i;
    if (oddness(worst) <= kOddRatio) break;
    knots.erase(knots.begin() + static_cast<std::ptrdiff_t>(worst));
    ++fitted.odd;
  }
  fitted.strikes = static_cast<std::uint32_t>(knots.size());
  if (knots.size() < kSmileStrikesMin) return fitted;
  set_slopes(knots);
  fitted.smile = std::move(smile);
  return fitted;
}

}  // namespace portcullis::feeds
