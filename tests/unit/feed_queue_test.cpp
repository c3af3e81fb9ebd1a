// The bounded queue of prices: its bound, conflation, order, and that the last price always
// arrives.
#include "feeds/feed_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/seed.h"

namespace portcullis::feeds::feed_queue_test {
namespace {

using Kind = PriceUpdate::Kind;

PriceUpdate mark(std::uint32_t instrument, std::int64_t price) {
  return {.as_of_ns = price, .price = price, .index = instrument, .kind = Kind::Mark};
}

std::vector<PriceUpdate> drain_all(FeedQueue& queue) {
  std::vector<PriceUpdate> all;
  std::array<PriceUpdate, 3> some;
  for (std::size_t n = queue.drain(some); n != 0; n = queue.drain(some)) {
    all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return all;
}

TEST(FeedQueue, DeliversOnlyWhatWasFlushedAndWakesOnce) {
  int woken = 0;
  FeedQueue queue(2, 1, 8, [&] { ++woken; });
  queue.offer(mark(1, 100));
  queue.offer({.as_of_ns = 7, .price = 8, .index = 0, .kind = Kind::Index});
  EXPECT_TRUE(queue.has_pending());
  EXPECT_TRUE(drain_all(queue).empty());
  EXPECT_EQ(woken, 0);
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(woken, 1);
  const std::vector<PriceUpdate> expected{
      mark(1, 100), {.as_of_ns = 7, .price = 8, .index = 0, .kind = Kind::Index}};
  EXPECT_EQ(drain_all(queue), expected);
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(woken, 1) << "nothing was queued";
}

TEST(FeedQueue, ConflatesToTheNewestOfEachInstrumentAndCountsTheOthers) {
  FeedQueue queue(2, 0, 8, {});
  queue.offer(mark(0, 1));
  queue.offer(mark(1, 10));
  queue.offer(mark(0, 2));
  queue.offer(mark(0, 3));
  queue.flush();
  EXPECT_EQ(drain_all(queue), (std::vector{mark(0, 3), mark(1, 10)}));
  EXPECT_EQ(queue.counters().offered, 4U);
  EXPECT_EQ(queue.counters().conflated, 2U);
  EXPECT_EQ(queue.counters().queued, 2U);
}

PriceUpdate state(std::uint32_t instrument, PriceUpdate::State told) {
  return {.index = instrument, .kind = Kind::Mark, .state = told};
}

// The newest price and the newest state of it, as one: nothing that was told of either is lost.
TEST(FeedQueue, AStateGoesOnWithThePriceThatWaits) {
  using enum PriceUpdate::State;
  struct Case {
    std::vector<PriceUpdate> offered;
    std::int64_t price;
    PriceUpdate::State state;
  };
  const Case cases[] = {{{state(0, Unsafe)}, 0, Unsafe},
                        {{mark(0, 5), state(0, Unsafe)}, 5, Unsafe},
                        {{state(0, Unsafe), mark(0, 5)}, 5, Unsafe},
                        {{mark(0, 5), state(0, Unsafe), mark(0, 6), state(0, Safe)}, 6, Safe},
                        {{state(0, Safe), state(0, Unsafe)}, 0, Unsafe},
                        {{mark(0, 5), state(0, Safe), mark(0, 7)}, 7, Safe},
                        {{mark(0, 5), mark(0, 7)}, 7, Unchanged}};
  for (const Case& c : cases) {
    FeedQueue queue(2, 0, 8, {});
    for (const PriceUpdate& update : c.offered) queue.offer(update);
    queue.flush();
    const std::vector<PriceUpdate> all = drain_all(queue);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].price, c.price);
    EXPECT_EQ(all[0].as_of_ns, c.price) << "the price's";
    EXPECT_EQ(all[0].state, c.state);
    EXPECT_EQ(queue.counters().conflated, c.offered.size() - 1);
    // What it was told once is not told again.
    queue.offer(mark(0, 9));
    queue.flush();
    EXPECT_EQ(drain_all(queue), std::vector{mark(0, 9)});
  }
}

// While the queue is full a state waits like a price, and reaches the consumer before what is told of
// the same instrument later, and behind what was told before.
TEST(FeedQueue, AStateNeitherOvertakesNorIsOvertaken) {
  using enum PriceUpdate::State;
  FeedQueue queue(3, 0, 1, {});
  queue.offer(mark(0, 1));
  queue.flush();
  queue.offer(mark(1, 2));
  queue.offer(state(0, Unsafe));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(drain_all(queue), std::vector{mark(0, 1)});
  queue.flush();
  EXPECT_EQ(drain_all(queue), std::vector{mark(1, 2)});
  queue.flush();
  queue.offer(mark(0, 3));
  queue.offer(state(0, Safe));
  EXPECT_EQ(drain_all(queue), std::vector{state(0, Unsafe)});
  queue.flush();
  PriceUpdate last = mark(0, 3);
  last.state = Safe;
  EXPECT_EQ(drain_all(queue), std::vector{last});
}

TEST(FeedQueue, NeverHoldsMoreThanItsCapacityAndKeepsTheRestPending) {
  constexpr std::uint32_t kCapacity = 5;
  FeedQueue queue(20, 0, kCapacity, {});
  for (std::uint32_t i = 0; i < 20; ++i) queue.offer(mark(i, 100 + i));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(queue.counters().queued, kCapacity);
  EXPECT_EQ(queue.counters().refused, 1U);
  queue.offer(mark(19, 999));  // waits, so it is replaced
  EXPECT_EQ(queue.counters().conflated, 1U);

  std::vector<PriceUpdate> all;
  for (int round = 0; round < 4; ++round) {
    const std::vector<PriceUpdate> some = drain_all(queue);
    EXPECT_EQ(some.size(), kCapacity);
    all.insert(all.end(), some.begin(), some.end());
    queue.flush();
  }
  ASSERT_EQ(all.size(), 20U);
  for (std::uint32_t i = 0; i < 19; ++i) EXPECT_EQ(all[i], mark(i, 100 + i));
  EXPECT_EQ(all[19], mark(19, 999));
  EXPECT_FALSE(queue.has_pending());
}

TEST(FeedQueue, HoldsAsManyAsItSaysForAnyCapacityAndAgainAfterAnyUse) {
  for (const std::uint32_t capacity : {1U, 2U, 31U, 32U, 33U, 64U, 1'000U, 4'096U}) {
    FeedQueue queue(capacity + 1, 0, capacity, {});
    for (int round = 0; round < 5; ++round) {
      for (std::uint32_t i = 0; i <= capacity; ++i) queue.offer(mark(i, 1 + round));
      EXPECT_FALSE(queue.flush());
      EXPECT_EQ(drain_all(queue).size(), capacity) << capacity << " in round " << round;
      EXPECT_TRUE(queue.flush());
      EXPECT_EQ(drain_all(queue).size(), 1U);
    }
  }
}

TEST(FeedQueue, KeepsTheOrderOfAnInstrumentAndItsLastPriceBetweenTwoThreads) {
  constexpr std::uint32_t kInstruments = 7;
  constexpr std::int64_t kOffers = 200'000;
  const std::uint64_t seed = test::seed();
  SCOPED_TRACE(seed);
  FeedQueue queue(kInstruments, kInstruments, 64, {});
  std::array<std::int64_t, 2 * kInstruments> last_offered{};
  std::array<PriceUpdate::State, 2 * kInstruments> last_told{};
  std::atomic<bool> done{false};

  std::thread producer([&] {
    std::mt19937_64 random(seed);
    for (std::int64_t n = 1; n <= kOffers; ++n) {
      const auto slot = static_cast<std::uint32_t>(random() % (2 * kInstruments));
      const auto state = static_cast<PriceUpdate::State>(random() % 3);
      last_offered[slot] = n;
      if (state != PriceUpdate::State::Unchanged) last_told[slot] = state;
      queue.offer({.as_of_ns = n,
                   .price = n,
                   .index = slot % kInstruments,
                   .kind = slot < kInstruments ? Kind::Mark : Kind::Index,
                   .state = state});
      if (random() % 3 == 0) queue.flush();
    }
    while (!queue.flush()) std::this_thread::yield();
    done.store(true, std::memory_order_release);
  });

  std::array<std::int64_t, 2 * kInstruments> last_seen{};
  std::array<PriceUpdate::State, 2 * kInstruments> last_heard{};
  std::uint64_t seen = 0;
  bool ordered = true;
  for (bool last_pass = false;;) {
    std::array<PriceUpdate, 32> some;
    const std::size_t n = queue.drain(some);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t slot = some[i].index + (some[i].kind == Kind::Mark ? 0 : kInstruments);
      ordered = ordered && some[i].price > last_seen[slot] && some[i].as_of_ns == some[i].price;
      last_seen[slot] = some[i].price;
      if (some[i].state != PriceUpdate::State::Unchanged) last_heard[slot] = some[i].state;
    }
    seen += n;
    if (n != 0) continue;
    if (last_pass) break;
    last_pass = done.load(std::memory_order_acquire);
    if (!last_pass) std::this_thread::yield();
  }
  producer.join();

  EXPECT_TRUE(ordered);
  EXPECT_EQ(last_seen, last_offered);
  EXPECT_EQ(last_heard, last_told);
  const FeedQueueCounters& counters = queue.counters();
  EXPECT_EQ(counters.offered, static_cast<std::uint64_t>(kOffers));
  EXPECT_EQ(counters.queued, seen);
  EXPECT_EQ(counters.queued + counters.conflated, counters.offered);
}

}  // namespace
}  // namespace portcullis::feeds::feed_queue_test
