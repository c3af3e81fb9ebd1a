// Once started, a feed and its queue allocate nothing, on either thread: every operator new of this
// program is counted.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "feeds/recorded_feed.h"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Not inlined, or GCC would take the pair of malloc and free apart and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace portcullis::feeds {
namespace {

TEST(FeedNoAlloc, TheCounterCounts) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(1));  // a new-expression could be left out by the compiler
  EXPECT_GT(allocations, before);
}

TEST(FeedNoAlloc, PlayingAndDrainingARecordingAllocatesNothing) {
  constexpr std::size_t kRows = 100'000;
  std::vector<RecordedPrice> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    rows.push_back({.time_ns = static_cast<std::int64_t>(i),
                    .price = static_cast<std::int64_t>(i + 1),
                    .index = static_cast<std::uint32_t>(i % 50)});
  }
  std::atomic<std::uint64_t> woken{0};
  FeedQueue queue(50, 0, 512, [&woken] { ++woken; });
  RecordedFeed feed(std::move(rows), {.speed_ppm = 0, .refresh_ns = 1'000, .conflation_ns = 0},
                    queue);
  feed.start();
  // The first price proves that the thread runs: what it allocated to start is behind it.
  std::array<PriceUpdate, 32> some;
  while (queue.drain(some) == 0) std::this_thread::yield();
  const std::size_t before = allocations;
  while (feed.played() < kRows) {
    if (queue.drain(some) == 0) std::this_thread::yield();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(woken, 0U);
  feed.stop();
}

}  // namespace
}  // namespace portcullis::feeds
