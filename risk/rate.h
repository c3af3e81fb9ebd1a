// Token buckets as one time stamp each (the generic cell rate algorithm): `full_at` is when the
// bucket would be full again; a token is there while that is less than burst - 1 intervals ahead.
// Integer, and a pure function of the times of the commands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "risk/parameters.h"
#include "risk/types.h"

namespace portcullis::risk {

struct Bucket {
  std::int64_t full_at_ns = 0;

  [[nodiscard]] bool has_token(std::int64_t per_second, std::int64_t burst, Timestamp now) const {
    return full_at_ns - now.ns <= (burst - 1) * interval_ns(per_second);
  }
  void take(std::int64_t per_second, Timestamp now) {
    full_at_ns = std::max(full_at_ns, now.ns) + interval_ns(per_second);
  }
  [[nodiscard]] bool has_token(const ExecutionThrottle& throttle, Timestamp now) const {
    return Int128{full_at_ns} - now.ns <= Int128{throttle.burst - 1} * throttle.interval_ns;
  }
  // At the end of time at the latest: an interval may be as long.
  void take(const ExecutionThrottle& throttle, Timestamp now) {
    const Int128 full_at = Int128{std::max(full_at_ns, now.ns)} + throttle.interval_ns;
    full_at_ns = static_cast<std::int64_t>(
        std::min<Int128>(full_at, std::numeric_limits<std::int64_t>::max()));
  }
  // Rounded up: never more than `per_second` tokens in a second.
  static constexpr std::int64_t interval_ns(std::int64_t per_second) {
    return (kSecondNs + per_second - 1) / per_second;
  }
};

// The two budgets of a session or an account.
struct RateState {
  Bucket orders;
  Bucket exits;

  [[nodiscard]] bool has_order_token(const RateLimit& limit, Timestamp now) const {
    return orders.has_token(limit.per_second, limit.burst, now);
  }
  [[nodiscard]] bool has_exit_token(const RateLimit& limit, Timestamp now) const {
    return exits.has_token(limit.exit_per_second, limit.exit_burst, now);
  }
};

}  // namespace portcullis::risk
