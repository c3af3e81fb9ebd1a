// Which of a factor's configured regimes its realised volatility is in: calm, usual, stressed, ... in
// the risk staff's own words and numbers. What a regime stands for (shocks, leverage caps) is the
// configuration's; here is only when it changes, so that it can be tested by itself.
//
// Realised volatility is that of a year, from samples of the price a period apart:
//
//   a sample after dt:  v = w * v + (1 - w) * ln(price / last)^2 / dt,  w = 2^(-dt / half_life)
//
// so that a gap in the samples counts as the time it took. After `warm_up` samples the first regime is
// chosen. From then on a regime is entered from below at its `enter`, and left again only below its
// `leave`; one level at a time, no sooner after the last change than `up_after` and `down_after`:
// requirements rise in steps that members can meet, and do not fall back at the first quiet minute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portcullis::feeds {

struct Regime {
  std::string name;
  // A year's volatility, 1'000'000 is 100 %. The first regime has both 0. REQUIRES, of the others:
  // leave < enter, and both above those of the regime before.
  std::int64_t enter_ppm = 0;
  std::int64_t leave_ppm = 0;
};

struct RegimeTerms {
  std::vector<Regime> regimes;     // REQUIRES at least one
  std::int64_t period_ns = 0;      // of the samples; REQUIRES > 0
  std::int64_t half_life_ns = 0;   // REQUIRES >= period_ns
  std::uint32_t warm_up = 1;       // samples; REQUIRES > 0
  std::int64_t up_after_ns = 0;    // REQUIRES >= 0
  std::int64_t down_after_ns = 0;  // REQUIRES >= 0
  // A price this long after the last sample begins anew, with warm_up: nobody knows what was between.
  // The regime stays as it is. REQUIRES >= period_ns.
  std::int64_t gap_max_ns = 0;
};

struct RegimeChange {
  std::int64_t time_ns = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t volatility_ppm = 0;
};

// Of one factor. One thread; times are the epoch's and given by the caller.
class RegimeSelector {
 public:
  // Begins in the last regime: nothing is loosened before there are samples.
  explicit RegimeSelector(const RegimeTerms& terms);

  // A good price in whatever unit, as of a time. Prices not above 0, and times that are not behind the
  // last one's, are counted and left out. At most one change.
  std::optional<RegimeChange> take(std::int64_t price, std::int64_t as_of_ns);

  [[nodiscard]] std::size_t regime() const { return regime_; }
  // None before warm_up.
  [[nodiscard]] std::optional<std::int64_t> volatility_ppm() const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }

 private:
  [[nodiscard]] std::size_t wanted(std::int64_t volatility_ppm) const;

  RegimeTerms terms_;
  std::size_t regime_;
  bool chosen_ = false;  // by a volatility
  std::int64_t changed_ns_ = 0;
  std::int64_t sampled_ns_ = 0;
  std::int64_t sample_ = 0;  // 0: none yet
  std::int64_t latest_ns_ = 0;
  std::uint32_t samples_ = 0;  // returns since the last gap
  double variance_ = 0;        // of a year
  std::uint64_t refused_ = 0;
  std::uint64_t gaps_ = 0;
};

}  // namespace portcullis::feeds
