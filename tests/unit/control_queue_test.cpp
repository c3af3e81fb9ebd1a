// The ring between the control plane and the shard.
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "gateway/control/shard_queue.h"

namespace portcullis::gateway::control::control_queue_test {
namespace {

struct Asked {
  std::uint64_t number = 0;
  std::uint64_t square = 0;
};

TEST(ControlQueue, AnswersComeInTheOrderOfAskingAndNoSooner) {
  AnsweredRing<Asked> ring(2);
  EXPECT_EQ(ring.next(), nullptr);
  EXPECT_EQ(ring.answered(), nullptr);
  EXPECT_TRUE(ring.ask({1}));
  EXPECT_TRUE(ring.ask({2}));
  EXPECT_FALSE(ring.ask({3})) << "it holds two";
  EXPECT_EQ(ring.answered(), nullptr);
  ASSERT_NE(ring.next(), nullptr);
  EXPECT_EQ(ring.next()->number, 1u);
  ring.next()->square = 1;
  ring.answer();
  EXPECT_FALSE(ring.ask({3})) << "the answer still lies there";
  ASSERT_NE(ring.answered(), nullptr);
  EXPECT_EQ(ring.answered()->square, 1u);
  ring.take();
  EXPECT_EQ(ring.answered(), nullptr);
  EXPECT_TRUE(ring.ask({3}));
  EXPECT_EQ(ring.next()->number, 2u);
}

TEST(ControlQueue, TwoThreadsSeeEachPlaceWhole) {
  AnsweredRing<Asked> ring(8);
  constexpr std::uint64_t kCount = 20'000;
  std::thread answering([&] {
    for (std::uint64_t n = 0; n < kCount;) {
      Asked* const asked = ring.next();
      if (asked == nullptr) {
        std::this_thread::yield();
        continue;
      }
      asked->square = asked->number * asked->number;
      ring.answer();
      ++n;
    }
  });
  std::uint64_t asked = 0;
  std::uint64_t taken = 0;
  bool is_right = true;
  while (taken < kCount) {
    if (asked < kCount && ring.ask({asked})) ++asked;
    while (const Asked* answer = ring.answered()) {
      is_right = is_right && answer->number == taken && answer->square == taken * taken;
      ring.take();
      ++taken;
    }
    if (asked - taken == 8) std::this_thread::yield();
  }
  answering.join();
  EXPECT_TRUE(is_right);
}

}  // namespace
}  // namespace portcullis::gateway::control::control_queue_test
