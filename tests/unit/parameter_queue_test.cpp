// The way of parameters to the shard and back.
#include "gateway/parameters/parameter_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "tests/support/fixtures.h"

namespace portcullis::gateway::parameters::parameter_queue_test {
namespace {

gate::PublishedParameters version(std::uint32_t number) {
  risk::Parameters made = support::small_parameters();
  made.version = number;
  gate::PublishedParameters published;
  published.record.version = number;
  published.rules = std::make_unique<risk::NewRules>(made);
  return published;
}

TEST(ParameterQueue, GivesOneAndItsAnswer) {
  int woken = 0;
  ParameterQueue queue([&woken] { ++woken; });
  EXPECT_EQ(queue.next(), nullptr);
  EXPECT_FALSE(queue.answer());
  for (const bool in_force : {true, false}) {
    queue.publish(version(7));
    EXPECT_FALSE(queue.answer());
    ASSERT_NE(queue.next(), nullptr);
    EXPECT_EQ(queue.next()->record.version, 7U);
    queue.answer_next({in_force, 11, 5});
    EXPECT_EQ(queue.next(), nullptr);
    const auto answered = queue.answer();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->is_taken, in_force);
    EXPECT_EQ(answered->sequence, 11U);
    EXPECT_FALSE(queue.answer());
  }
  EXPECT_EQ(woken, 2);
}

TEST(ParameterQueue, CarriesEachOnceBetweenThreads) {
  ParameterQueue queue([] {});
  constexpr std::uint32_t kChanges = 200;
  std::uint32_t seen = 0;
  std::thread shard([&] {
    while (seen < kChanges) {
      gate::PublishedParameters* next = queue.next();
      if (next == nullptr) {
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(next->record.version, ++seen);
      EXPECT_EQ(next->rules->rules.parameters().version, seen);
      queue.answer_next({seen % 3 != 0, seen, 5});
    }
  });
  for (std::uint32_t n = 1; n <= kChanges; ++n) {
    queue.publish(version(n));
    std::optional<ParameterAnswer> answered;
    while (!(answered = queue.answer())) std::this_thread::yield();
    EXPECT_EQ(answered->is_taken, n % 3 != 0);
    EXPECT_EQ(answered->sequence, n);
  }
  shard.join();
}

}  // namespace
}  // namespace portcullis::gateway::parameters::parameter_queue_test
