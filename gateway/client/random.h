// A seeded random number generator that gives the same numbers everywhere (the standard library's
// distributions do not), for generated order flow.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace portcullis::gateway::client {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // 0 to n - 1. REQUIRES: n > 0. The bias of the remainder is of no account for small n.
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero)
  std::uint64_t below(std::uint64_t n) noexcept { return next() % n; }
  bool chance(double share) noexcept { return uniform() < share; }

  // Above 0 and below 1.
  double uniform() noexcept { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }
  double exponential() noexcept { return -std::log(uniform()); }
  double normal() noexcept {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace portcullis::gateway::client
