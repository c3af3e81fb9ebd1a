// Lengths of time in nanoseconds, by short names.
#pragma once

#include <cstdint>

#include "risk/types.h"

namespace portcullis::test {

inline constexpr std::int64_t kMs = risk::kNsPerMs;
inline constexpr std::int64_t kSecond = risk::kSecondNs;
inline constexpr std::int64_t kHour = 3'600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;

}  // namespace portcullis::test
