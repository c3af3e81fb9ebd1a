#include "gateway/client/order_statistics.h"

#include <algorithm>
#include <cmath>

namespace portcullis::gateway::client {

namespace {

// P(step <= k) for k = 1..kStepMax.
std::array<double, kStepMax> power_law(double exponent) {
  std::array<double, kStepMax> cumulative{};
  double sum = 0;
  for (int k = 1; k <= kStepMax; ++k) {
    sum += std::pow(k, -exponent);
    cumulative[static_cast<std::size_t>(k - 1)] = sum;
  }
  for (double& c : cumulative) c /= sum;
  return cumulative;
}

int draw_distance(Random& random, const std::array<double, kStepMax>& cumulative) {
  const auto found = std::lower_bound(cumulative.begin(), cumulative.end(), random.uniform());
  return std::min(static_cast<int>(found - cumulative.begin()) + 1, kStepMax);
}

}  // namespace

double Arrivals::rate_per_s() const noexcept {
  double rate = kBaseRatePerS;
  for (std::size_t k = 0; k < excited_.size(); ++k) {
    rate += kExcitations[k].offspring * kExcitations[k].decay_per_s * excited_[k];
  }
  return rate;
}

double Arrivals::next_gap_s(Random& random) noexcept {
  double gap_s = 0;
  // The rate only falls until the next entry, so it bounds itself: a proposal at the rate of before
  // is taken with the share that the rate of then has of it.
  while (true) {
    const double bound = rate_per_s();
    const double wait_s = random.exponential() / bound;
    gap_s += wait_s;
    for (std::size_t k = 0; k < excited_.size(); ++k) {
      excited_[k] *= std::exp(-kExcitations[k].decay_per_s * wait_s);
    }
    if (random.uniform() * bound <= rate_per_s()) break;
  }
  for (double& excited : excited_) excited += 1;
  return gap_s;
}

std::uint32_t draw_size(Random& random, std::span<const SizeRow> rows) noexcept {
  std::uint64_t total = 0;
  for (const SizeRow& row : rows) total += row.count;
  std::uint64_t drawn = random.below(total);
  for (const SizeRow& row : rows) {
    if (drawn < row.count) {
      return row.low + static_cast<std::uint32_t>(random.below(row.high - row.low + 1));
    }
    drawn -= row.count;
  }
  return rows.back().high;
}

int draw_step(Random& random) noexcept {
  static const auto ahead = power_law(kAheadExponent);
  static const auto behind = power_law(kBehindExponent);
  const double where = random.uniform();
  if (where < kAtBestShare) return 0;
  if (where < kAtBestShare + kAheadShare) return -draw_distance(random, ahead);
  return draw_distance(random, behind);
}

double draw_lifetime_s(Random& random) noexcept {
  const Lifetimes& kind = kLifetimes[random.chance(kLifetimes[0].share) ? 0 : 1];
  return kind.median_s * std::exp(kind.sigma * random.normal());
}

}  // namespace portcullis::gateway::client
