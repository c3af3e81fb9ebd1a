// How often which values were seen, in little memory however they lie: each is counted with the largest
// that has the same first binary digits. Of seven, that is at most 1.6 % above.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "risk/types.h"

namespace portcullis::gateway::tune {

class Distribution {
 public:
  explicit Distribution(unsigned digits = 7) : digits_(digits) {}

  // Below 0 counts as 0.
  void record(std::int64_t value) {
    const auto exact = static_cast<std::uint64_t>(std::max<std::int64_t>(0, value));
    const std::uint64_t at = upper_end(exact);
    const auto found =
        std::lower_bound(counts_.begin(), counts_.end(), std::pair{at, std::uint64_t{0}});
    if (found != counts_.end() && found->first == at) {
      ++found->second;
    } else {
      counts_.insert(found, {at, 1});
    }
    ++count_;
    max_ = std::max(max_, exact);
  }

  // The smallest that at least so many millionths of `total` values do not exceed, where the values
  // that were not recorded are 0. 0 when there are none. REQUIRES total >= count().
  [[nodiscard]] std::int64_t percentile(std::int64_t ppm, std::uint64_t total) const {
    const auto wanted =
        static_cast<std::uint64_t>(risk::ceil_div(risk::Int128{total} * ppm, risk::kPpm));
    std::uint64_t seen = total - count_;
    if (count_ == 0 || wanted <= seen) return 0;
    for (const auto& [value, count] : counts_) {
      seen += count;
      if (seen >= wanted) return static_cast<std::int64_t>(std::min(value, max_));
    }
    return static_cast<std::int64_t>(max_);
  }
  [[nodiscard]] std::int64_t percentile(std::int64_t ppm) const { return percentile(ppm, count_); }
  [[nodiscard]] std::int64_t max() const { return static_cast<std::int64_t>(max_); }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Values and how often they were seen, rising.
  [[nodiscard]] const std::vector<std::pair<std::uint64_t, std::uint64_t>>& counts() const {
    return counts_;
  }

 private:
  [[nodiscard]] std::uint64_t upper_end(std::uint64_t value) const {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= digits_) return value;
    const unsigned cut = width - digits_;
    return (((value >> cut) + 1) << cut) - 1;
  }

  unsigned digits_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace portcullis::gateway::tune
