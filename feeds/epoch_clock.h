// The one clock of the process: nanoseconds since the epoch as the machine told them when the
// process began, and steady from there on. Where the machine's clock is set while it runs, the
// times of messages are off by that until the next start, and nothing else: no timer stands still,
// no price is fresh or stale for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace portcullis::feeds {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

inline std::int64_t steady_ns() noexcept {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::int64_t g_steady_to_epoch_ns =
    std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count() -
    steady_ns();

inline std::int64_t epoch_ns() noexcept { return g_steady_to_epoch_ns + steady_ns(); }

// The process lives at another time from here on: that of a recording that it works with. Before
// anything has asked for the time, and before there is a second thread.
inline void set_epoch_ns(std::int64_t now_ns) noexcept {
  g_steady_to_epoch_ns = now_ns - steady_ns();
}

}  // namespace portcullis::feeds
