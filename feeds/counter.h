// A counter that one thread counts and others read.
#pragma once

#include <atomic>
#include <cstdint>

namespace portcullis::feeds {

inline void add_one(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace portcullis::feeds
