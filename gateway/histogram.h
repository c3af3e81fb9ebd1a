// A log-linear histogram of durations in the manner of HdrHistogram: 64 buckets for each power of
// two, so that a percentile is right to within 1.6 %. Fixed size, allocates once.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace portcullis::gateway {

class Histogram {
 public:
  Histogram() : counts_(kBuckets) {}

  void record(std::int64_t value) noexcept {
    const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(0, value));
    ++counts_[bucket(v)];
    ++count_;
    max_ = std::max(max_, v);
  }

  // The smallest bucket's upper end that at least `share` (0..1) of the values do not exceed; the
  // largest value itself where that is smaller. 0 when there are none.
  [[nodiscard]] std::uint64_t percentile(double share) const {
    if (count_ == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.999999);
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      seen += counts_[b];
      if (seen >= std::max<std::uint64_t>(1, wanted)) return std::min(max_, upper_end(b));
    }
    return max_;
  }
  // How many are surely at most `value`: those whose bucket ends there or before.
  [[nodiscard]] std::uint64_t count_upto(std::uint64_t value) const {
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < counts_.size() && upper_end(b) <= value; ++b) seen += counts_[b];
    return seen;
  }
  // Of all values, each taken for its bucket's upper end: right to within 1.6 %.
  [[nodiscard]] double sum() const {
    double sum = 0;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      if (counts_[b] != 0)
        sum += static_cast<double>(counts_[b]) * static_cast<double>(upper_end(b));
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr std::size_t kBuckets = std::size_t{64 - kSubBits + 1} << kSubBits;

  static std::size_t bucket(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kSubBits + 1) return value;
    const unsigned shift = width - kSubBits - 1;
    return (std::size_t{shift} << kSubBits) + (value >> shift);
  }
  static std::uint64_t upper_end(std::size_t bucket) {
    if (bucket < (std::size_t{2} << kSubBits)) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket >> kSubBits) - 1;
    const std::uint64_t top = bucket - (std::size_t{shift} << kSubBits);
    return ((top + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace portcullis::gateway
