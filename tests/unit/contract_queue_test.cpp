// The way of funding and open interest to the shard: what is paid adds up and arrives once, of the rest
// the newest arrives, and nobody waits.
#include "feeds/contract_queue.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/seed.h"

namespace portcullis::feeds::contract_queue_test {
namespace {

ContractUpdate funding(std::uint32_t instrument, std::int64_t paid, std::int64_t predicted) {
  return {.instrument = {instrument}, .has_funding = true, .paid = paid, .predicted = predicted};
}
ContractUpdate interest(std::uint32_t instrument, std::int64_t lots) {
  return {.instrument = {instrument}, .has_open_interest = true, .open_interest = {lots}};
}

TEST(ContractQueue, DeliversOnlyWhatWasFlushedAndWakesOnce) {
  int woken = 0;
  ContractQueue queue(3, [&woken] { ++woken; });
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(woken, 0) << "nothing was queued";
  queue.offer(funding(2, 7, 8));
  queue.offer(interest(0, 9));
  EXPECT_FALSE(queue.take());
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(queue.take(), interest(0, 9));
  EXPECT_EQ(queue.take(), funding(2, 7, 8));
  EXPECT_FALSE(queue.take());
}

TEST(ContractQueue, WhatIsPaidAddsUpWhileTheShardTakesNothing) {
  ContractQueue queue(2, {});
  queue.offer(funding(1, 10, 1));
  EXPECT_TRUE(queue.flush());
  queue.offer(funding(1, -4, 2));
  queue.offer(interest(1, 5));
  EXPECT_FALSE(queue.flush()) << "the first is still there";
  queue.offer(funding(1, 7, 3));
  queue.offer(interest(1, 6));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(queue.take(), funding(1, 10, 1));
  EXPECT_FALSE(queue.take());
  EXPECT_TRUE(queue.flush());
  ContractUpdate both = funding(1, 3, 3);
  both.has_open_interest = true;
  both.open_interest = {6};
  EXPECT_EQ(queue.take(), both);
  EXPECT_TRUE(queue.flush());
  EXPECT_FALSE(queue.take()) << "nothing twice";
  EXPECT_EQ(queue.counters().offered, 5U);
  EXPECT_EQ(queue.counters().queued, 2U);
  EXPECT_EQ(queue.counters().merged, 3U);
  EXPECT_EQ(queue.counters().refused, 2U);
}

TEST(ContractQueue, OpenInterestAloneSaysNothingOfFunding) {
  ContractQueue queue(1, {});
  queue.offer(funding(0, 1, 50));
  queue.flush();
  EXPECT_TRUE(queue.take());
  queue.offer(interest(0, 3));
  queue.flush();
  EXPECT_EQ(queue.take(), interest(0, 3));
}

TEST(ContractQueue, OneInstrumentDoesNotHoldUpAnother) {
  ContractQueue queue(2, {});
  queue.offer(funding(0, 1, 1));
  queue.flush();
  queue.offer(funding(0, 2, 2));
  queue.offer(funding(1, 3, 3));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(queue.take(), funding(0, 1, 1));
  EXPECT_EQ(queue.take(), funding(1, 3, 3));
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(queue.take(), funding(0, 2, 2));
}

TEST(ContractQueue, ASumBeyond64BitsGoesOnInParts) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  ContractQueue queue(1, {});
  queue.offer(funding(0, kMost, 1));
  queue.offer(funding(0, kMost, 2));
  queue.offer(funding(0, 5, 3));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(queue.take(), funding(0, kMost, 3));
  EXPECT_FALSE(queue.flush());
  EXPECT_EQ(queue.take(), funding(0, kMost, 3));
  EXPECT_TRUE(queue.flush());
  EXPECT_EQ(queue.take(), funding(0, 5, 3));
}

TEST(ContractQueue, BetweenTwoThreadsEverythingPaidArrivesOnce) {
  constexpr std::uint32_t kInstruments = 5;
  constexpr std::int64_t kRounds = 20'000;
  ContractQueue queue(kInstruments, [] {});
  std::vector<std::int64_t> sent(kInstruments, 0);
  std::vector<std::int64_t> taken(kInstruments, 0);
  std::vector<std::int64_t> newest(kInstruments, 0);
  std::atomic<bool> is_over{false};
  std::thread shard([&] {
    for (;;) {
      const bool was_over = is_over.load();
      const auto update = queue.take();
      if (!update) {
        if (was_over) return;
        std::this_thread::yield();
        continue;
      }
      const std::uint32_t i = update->instrument.value;
      EXPECT_TRUE(update->has_funding);
      EXPECT_GT(update->predicted, newest[i]) << "in order";
      newest[i] = update->predicted;
      taken[i] += update->paid;
    }
  });
  std::mt19937_64 random(test::seed());
  for (std::int64_t n = 1; n <= kRounds; ++n) {
    const auto i = static_cast<std::uint32_t>(random() % kInstruments);
    const auto paid = static_cast<std::int64_t>(random() % 2001) - 1000;
    sent[i] += paid;
    queue.offer(funding(i, paid, n));
    if (random() % 3 == 0) (void)queue.flush();
  }
  while (!queue.flush()) std::this_thread::yield();
  is_over = true;
  shard.join();
  EXPECT_EQ(taken, sent);
}

}  // namespace
}  // namespace portcullis::feeds::contract_queue_test
