#include "gateway/shard/output_marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "tests/support/random_world.h"

namespace portcullis::gateway::shard::output_marks_test {
namespace {

TEST(OutputMarks, BytesLeaveWhenWhatWasPublishedBeforeThemIsDurable) {
  OutputMarks marks;
  EXPECT_EQ(marks.may_leave(0, 5, 4), 0U);
  EXPECT_EQ(marks.may_leave(100, 5, 4), 0U);
  EXPECT_EQ(marks.may_leave(150, 7, 5), 100U);
  marks.sent(40);
  EXPECT_EQ(marks.may_leave(110, 8, 6), 60U);
  EXPECT_EQ(marks.may_leave(110, 8, 7), 110U);
  marks.sent(110);
  EXPECT_EQ(marks.may_leave(0, 9, 7), 0U);
  EXPECT_EQ(marks.may_leave(10, 9, 9), 10U);
}

TEST(OutputMarks, AnotherConnectionOwesNothingOfTheOldOne) {
  OutputMarks marks;
  EXPECT_EQ(marks.may_leave(100, 5, 4), 0U);
  marks.clear();
  EXPECT_EQ(marks.may_leave(0, 5, 5), 0U);
  EXPECT_EQ(marks.may_leave(3, 6, 5), 0U);
  EXPECT_EQ(marks.may_leave(3, 6, 6), 3U);
}

// Against every byte with the record published before it. Never one too early; none too late while
// there are fewer than 64 marks, and none at all once everything is durable.
TEST(OutputMarks, AgreeWithAMarkForEachByte) {
  support::Rng random(support::test_seed(11));
  OutputMarks marks;
  std::deque<std::uint64_t> queued;  // by byte: the record published before
  std::uint64_t published = 0;
  std::uint64_t durable = 0;
  std::size_t looks_since_all_was_durable = 0;
  std::uint64_t full = 0;
  for (std::int64_t step = 0; step < support::test_scale(200'000); ++step) {
    published += static_cast<std::uint64_t>(random.between(0, 2));
    queued.insert(queued.end(), static_cast<std::size_t>(random.between(0, 9)), published);
    if (random.between(0, 9) == 0) {
      durable = static_cast<std::uint64_t>(
          random.between(static_cast<std::int64_t>(durable), static_cast<std::int64_t>(published)));
    }
    if (random.between(0, 99) == 0) durable = published;
    looks_since_all_was_durable = durable == published ? 0 : looks_since_all_was_durable + 1;
    const std::size_t n = marks.may_leave(queued.size(), published, durable);
    const auto ready = static_cast<std::size_t>(
        std::find_if(queued.begin(), queued.end(), [&](auto r) { return r > durable; }) -
        queued.begin());
    ASSERT_LE(n, ready);
    if (looks_since_all_was_durable < 60) {
      ASSERT_EQ(n, ready);
    } else {
      ++full;
    }
    const auto sent = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(n)));
    marks.sent(sent);
    queued.erase(queued.begin(), queued.begin() + static_cast<std::ptrdiff_t>(sent));
  }
  EXPECT_GT(full, 0U);
}

}  // namespace
}  // namespace portcullis::gateway::shard::output_marks_test
