// The queue between the edge and the shard, and the bell that wakes a sleeper.
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <thread>

#include "gateway/edge/command_queue.h"
#include "gateway/shard/doorbell.h"

namespace portcullis::gateway::edge_queue_test {
namespace {

using edge::CommandQueue;
using edge::EdgeCommand;

EdgeCommand cancel(std::uint32_t ref) {
  EdgeCommand command;
  command.type = EdgeCommand::Type::Cancel;
  command.cancel.client_ref = ref;
  return command;
}

TEST(EdgeQueue, HoldsSoManyAndNoMore) {
  int woken = 0;
  CommandQueue queue(2, [&] { ++woken; });
  EXPECT_TRUE(queue.push(cancel(1)));
  EXPECT_TRUE(queue.push(cancel(2)));
  EXPECT_FALSE(queue.push(cancel(3)));
  EXPECT_EQ(woken, 2);
  std::array<EdgeCommand, 1> one;
  ASSERT_EQ(queue.drain(one), 1u);
  EXPECT_EQ(one[0].cancel.client_ref, 1u);
  EXPECT_TRUE(queue.push(cancel(4)));
  EXPECT_FALSE(queue.push(cancel(5)));
  std::array<EdgeCommand, 8> rest;
  ASSERT_EQ(queue.drain(rest), 2u);
  EXPECT_EQ(rest[0].cancel.client_ref, 2u);
  EXPECT_EQ(rest[1].cancel.client_ref, 4u);
  EXPECT_EQ(queue.drain(rest), 0u);
}

TEST(EdgeQueue, AFullOneStillTakesTheComingAndGoingOfSessions) {
  CommandQueue queue(1, {});
  EXPECT_TRUE(queue.push(cancel(1)));
  EdgeCommand down;
  down.type = EdgeCommand::Type::SessionDown;
  for (std::uint32_t s = 0; s < 1'000; ++s) {
    down.session = {s};
    ASSERT_TRUE(queue.push(down));
  }
  std::array<EdgeCommand, 64> some;
  std::uint32_t seen = 0;
  bool first = true;
  while (const std::size_t n = queue.drain(some)) {
    for (std::size_t c = 0; c < n; ++c) {
      if (first) {
        first = false;
        continue;
      }
      EXPECT_EQ(some[c].session.value, seen++);
    }
  }
  EXPECT_EQ(seen, 1'000u);
  EXPECT_TRUE(queue.push(cancel(2)));
}

TEST(EdgeQueue, BetweenThreadsNothingIsLostAndTheOrderStays) {
  constexpr std::uint32_t kCommands = 200'000;
  CommandQueue queue(256, {});
  std::thread producer([&] {
    for (std::uint32_t c = 1; c <= kCommands; ++c) {
      while (!queue.push(cancel(c))) std::this_thread::yield();
    }
  });
  std::uint32_t expected = 1;
  std::array<EdgeCommand, 32> some;
  while (expected <= kCommands) {
    const std::size_t n = queue.drain(some);
    for (std::size_t c = 0; c < n; ++c) ASSERT_EQ(some[c].cancel.client_ref, expected++);
    if (n == 0) std::this_thread::yield();
  }
  producer.join();
}

// A sleeper that would miss a ring waits for the whole of its time limit and is counted.
TEST(Doorbell, NoSleeperMissesIt) {
  constexpr std::uint32_t kRings = 20'000;
  shard::Doorbell bell;
  std::atomic<std::uint32_t> work{0};
  std::thread ringer([&] {
    for (std::uint32_t r = 0; r < kRings; ++r) {
      work.fetch_add(1, std::memory_order_release);
      bell.ring();
      if (r % 64 == 0) std::this_thread::yield();
    }
  });
  std::uint32_t missed = 0;
  while (work.load(std::memory_order_acquire) < kRings) {
    const std::uint32_t seen = work.load(std::memory_order_acquire);
    bell.will_sleep();
    if (work.load(std::memory_order_seq_cst) == seen) {
      pollfd poll{.fd = bell.fd(), .events = POLLIN, .revents = 0};
      if (::poll(&poll, 1, 5'000) == 0 && work.load() != seen) ++missed;
    }
    bell.awake();
  }
  ringer.join();
  EXPECT_EQ(missed, 0u);
}

}  // namespace
}  // namespace portcullis::gateway::edge_queue_test
