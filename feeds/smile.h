// The volatility smile of one expiry: what an option's volatility is by its strike, from those of its
// chain that have one, for those that have none of their own (METHOD 3.9).
//
// A monotone cubic through the points, in ln(strike / forward): Fritsch and Carlson's, with slopes
// that are weighted harmonic means. Between two points it stays between their volatilities, so it
// makes no hill, no hole and nothing negative that the chain has not; and it is as the chain says
// where the chain says something. Outside the outermost points it is flat.
//
// What it is not: free of arbitrage, or smooth in its second derivative. Neither is needed for a gain
// between scenarios, and a chain that is not free of it is not improved here.
//
// Left out are points that are no volatilities, and odd ones: more than kOddRatio times, or less than
// one kOddRatio-th of, both that are next to it (of an end point: the two next to it); the worst one
// first, until none is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace portcullis::feeds {

inline constexpr double kVolatilityMax = 20;  // 2,000 %; more is not believed
inline constexpr std::size_t kSmileStrikesMin = 5;
inline constexpr double kOddRatio = 2;

[[nodiscard]] bool is_volatility(double value);  // above zero, and no more than kVolatilityMax

struct SmilePoint {
  double strike = 0;
  double volatility = 0;
};

struct Smile {
  struct Knot {
    double place = 0;  // ln(strike / forward)
    double volatility = 0;
    double slope = 0;
  };
  double forward = 0;
  std::vector<Knot> knots{};  // rising

  // REQUIRES strike > 0.
  [[nodiscard]] double volatility(double strike) const;
};

struct FittedSmile {
  std::optional<Smile>
      smile{};                // none: fewer than kSmileStrikesMin strikes are left, or no forward
  std::uint32_t strikes = 0;  // left
  std::uint32_t refused = 0;  // points whose strike is none, or whose volatility
  std::uint32_t odd = 0;      // strikes left out
};
// Several points of one strike, as of a call and a put, count as their mean.
[[nodiscard]] FittedSmile fit_smile(double forward, const std::vector<SmilePoint>& points);

}  // namespace portcullis::feeds
