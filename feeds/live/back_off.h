// How long to wait before the next attempt: twice as long each time up to a cap, less up to a half by
// chance, so that the clients of a venue that comes back do not come all at once.
#pragma once

#include <cstdint>

namespace portcullis::feeds {

class BackOff {
 public:
  // REQUIRES: 0 < first_ns <= cap_ns.
  BackOff(std::int64_t first_ns, std::int64_t cap_ns, std::uint64_t seed)
      : first_ns_(first_ns), cap_ns_(cap_ns), wait_ns_(first_ns), random_(seed) {}

  // Of w = min(cap, first * 2^attempt): w/2 <= wait <= w.
  std::int64_t next() {
    const std::int64_t longest = wait_ns_;
    wait_ns_ = wait_ns_ > cap_ns_ / 2 ? cap_ns_ : wait_ns_ * 2;
    const std::int64_t shortest = longest / 2;
    return shortest +
           static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(longest - shortest + 1));
  }
  void reset() { wait_ns_ = first_ns_; }

 private:
  // SplitMix64.
  std::uint64_t draw() {
    std::uint64_t z = random_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  const std::int64_t first_ns_;
  const std::int64_t cap_ns_;
  std::int64_t wait_ns_;
  std::uint64_t random_;
};

}  // namespace portcullis::feeds
