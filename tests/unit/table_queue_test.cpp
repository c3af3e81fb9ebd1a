// The way of risk tables to the shard and back.
#include "feeds/table_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace portcullis::feeds::table_queue_test {
namespace {

PublishedTable table(std::uint32_t group, std::uint64_t version) {
  auto made = std::make_shared<risk::RiskTable>();
  made->id = version;
  made->group = {group};
  return {.group = {group}, .version = version, .table = std::move(made)};
}

TEST(TableQueue, TakesOneOfEachGroupAndAnswersForIt) {
  int woken = 0;
  TableQueue queue(3, [&woken] { ++woken; });
  EXPECT_EQ(queue.next(), nullptr);
  EXPECT_FALSE(queue.answer());
  queue.publish(table(2, 7));
  queue.publish(table(0, 9));
  EXPECT_EQ(woken, 2);
  EXPECT_FALSE(queue.answer());
  std::vector<std::uint64_t> versions;
  while (PublishedTable* next = queue.next()) {
    versions.push_back(next->version);
    queue.answer_next(next->version == 7);
  }
  EXPECT_EQ(versions, (std::vector<std::uint64_t>{9, 7}));
  const auto first = queue.answer();
  const auto second = queue.answer();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->group.value, 0U);
  EXPECT_FALSE(first->in_force);
  EXPECT_EQ(second->group.value, 2U);
  EXPECT_EQ(second->version, 7U);
  EXPECT_TRUE(second->in_force);
  EXPECT_FALSE(queue.answer());
}

TEST(TableQueue, WhatTheShardGivesBackIsFreedByThePublisher) {
  TableQueue queue(1, [] {});
  const PublishedTable old = table(0, 1);
  const std::weak_ptr<const risk::RiskTable> watched = [] {
    auto last = table(0, 1).table;
    return std::weak_ptr(last);
  }();
  EXPECT_TRUE(watched.expired());
  queue.publish(table(0, 2));
  PublishedTable* next = queue.next();
  ASSERT_NE(next, nullptr);
  const auto in_force = std::exchange(next->table, old.table);
  queue.answer_next(true);
  EXPECT_EQ(old.table.use_count(), 2) << "not on the shard's thread";
  ASSERT_TRUE(queue.answer());
  EXPECT_EQ(old.table.use_count(), 1);
  EXPECT_EQ(in_force->id, 2U);
}

TEST(TableQueue, BetweenTwoThreadsEachVersionArrivesOnceAndInOrder) {
  constexpr std::uint32_t kGroups = 5;
  constexpr std::uint64_t kVersions = 500;
  TableQueue queue(kGroups, [] {});
  std::vector<std::uint64_t> taken(kGroups, 0);
  std::thread shard([&] {
    for (std::uint64_t n = 0; n < kGroups * kVersions;) {
      PublishedTable* next = queue.next();
      if (next == nullptr) {
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(next->version, ++taken[next->group.value]);
      EXPECT_EQ(next->table->id, next->version);
      queue.answer_next(next->version % 2 == 0);
      ++n;
    }
  });
  std::vector<std::uint64_t> sent(kGroups, 0);
  std::vector<bool> in_flight(kGroups, false);
  for (std::uint64_t answered = 0; answered < kGroups * kVersions;) {
    for (std::uint32_t g = 0; g < kGroups; ++g) {
      if (in_flight[g] || sent[g] == kVersions) continue;
      in_flight[g] = true;
      queue.publish(table(g, ++sent[g]));
    }
    while (const auto answer = queue.answer()) {
      EXPECT_EQ(answer->version, sent[answer->group.value]);
      EXPECT_EQ(answer->in_force, answer->version % 2 == 0);
      in_flight[answer->group.value] = false;
      ++answered;
    }
  }
  shard.join();
}

}  // namespace
}  // namespace portcullis::feeds::table_queue_test
