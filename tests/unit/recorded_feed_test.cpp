// The thread that plays a recording. Nothing here depends on how fast it runs: where the outcome
// depends on waiting, the test waits for it, up to a limit that only a broken feed reaches.
#include "feeds/recorded_feed.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>

namespace portcullis::feeds::recorded_feed_test {
namespace {

using Kind = PriceUpdate::Kind;
using namespace std::chrono_literals;

constexpr std::int64_t kMs = 1'000'000;

std::int64_t epoch_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

RecordedPrice row(std::int64_t time_ns, std::int64_t price, std::uint32_t index = 0) {
  return {.time_ns = time_ns, .price = price, .index = index, .kind = Kind::Mark};
}

class Consumer {
 public:
  explicit Consumer(std::uint32_t capacity) : queue(4, 4, capacity, {}) {}

  // Drains until `enough`, or fails after a minute.
  void drain_until(const std::function<bool()>& enough) {
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (!enough() && std::chrono::steady_clock::now() < limit) {
      std::array<PriceUpdate, 32> some;
      const std::size_t n = queue.drain(some);
      seen.insert(seen.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
      if (n == 0) std::this_thread::sleep_for(200us);
    }
    EXPECT_TRUE(enough());
  }

  [[nodiscard]] std::int64_t last_price() const { return seen.empty() ? 0 : seen.back().price; }

  FeedQueue queue;
  std::vector<PriceUpdate> seen;
};

TEST(RecordedFeed, PlaysEveryRowInOrderWhenItNeitherWaitsNorConflates) {
  std::vector<RecordedPrice> rows;
  for (int i = 1; i <= 3'000; ++i) rows.push_back(row(i * 1'000'000'000LL, i));
  Consumer consumer(4'096);
  const std::int64_t before_ns = epoch_ns();
  RecordedFeed feed(rows, {.speed_ppm = 0, .conflation_ns = 0}, consumer.queue);
  feed.start();
  consumer.drain_until([&] { return consumer.seen.size() == rows.size(); });
  feed.stop();
  EXPECT_EQ(feed.played(), rows.size());
  EXPECT_TRUE(feed.is_finished());
  for (std::size_t i = 0; i < consumer.seen.size(); ++i) {
    EXPECT_EQ(consumer.seen[i].price, rows[i].price);
    EXPECT_GE(consumer.seen[i].as_of_ns, before_ns);
  }
}

TEST(RecordedFeed, StampsRowsWithTheTimesThatStartAndSpeedGiveThem) {
  const std::int64_t start_ns = epoch_ns() - 3'600'000 * kMs;  // past: all is due
  Consumer consumer(64);
  RecordedFeed feed({row(500, 1, 0), row(500 + 4'000, 2, 1), row(500 + 10'000, 3, 2)},
                    {.start_at_ns = start_ns, .speed_ppm = 4 * risk::kPpm}, consumer.queue);
  feed.start();
  consumer.drain_until([&] { return consumer.seen.size() == 3; });
  EXPECT_EQ(consumer.seen[0].as_of_ns, start_ns);
  EXPECT_EQ(consumer.seen[1].as_of_ns, start_ns + 1'000);
  EXPECT_EQ(consumer.seen[2].as_of_ns, start_ns + 2'500);
}

TEST(RecordedFeed, WaitsForTheRowsThatAreNotDue) {
  Consumer consumer(64);
  const std::int64_t start_ns = epoch_ns() + 30 * kMs;
  RecordedFeed feed({row(0, 1), row(20 * kMs, 2), row(3'600'000 * kMs, 3)},
                    {.start_at_ns = start_ns}, consumer.queue);
  feed.start();
  consumer.drain_until([&] { return consumer.last_price() == 2; });
  EXPECT_GE(epoch_ns(), start_ns + 20 * kMs);
  feed.stop();  // an hour before the last
  EXPECT_EQ(feed.played(), 2U);
  EXPECT_FALSE(feed.is_finished());
}

TEST(RecordedFeed, DeliversTheLastPriceOfEachInstrumentThroughAQueueThatIsMuchTooSmall) {
  std::vector<RecordedPrice> rows;
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back(row(i, 1 + i, static_cast<std::uint32_t>(i) % 4));
  }
  Consumer consumer(2);
  RecordedFeed feed(rows, {.speed_ppm = 0, .conflation_ns = 10'000}, consumer.queue);
  feed.start();
  std::map<std::uint32_t, std::int64_t> last;
  bool ordered = true;
  std::size_t looked_at = 0;
  consumer.drain_until([&] {
    for (; looked_at < consumer.seen.size(); ++looked_at) {
      const PriceUpdate& update = consumer.seen[looked_at];
      ordered = ordered && update.price > last[update.index];
      last[update.index] = update.price;
    }
    return feed.is_finished() && consumer.queue.counters().queued == looked_at;
  });
  EXPECT_TRUE(ordered);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(last[i], 19'997 + i);
  const FeedQueueCounters& counters = consumer.queue.counters();
  EXPECT_EQ(counters.queued + counters.conflated, rows.size());
  EXPECT_GT(counters.conflated, 0U);
}

TEST(RecordedFeed, RefreshesTheLastPricesUntilItIsStopped) {
  Consumer consumer(64);
  RecordedFeed feed({row(0, 1, 0), row(0, 7, 1), row(1, 2, 0)}, {.refresh_ns = kMs},
                    consumer.queue);
  feed.start();
  consumer.drain_until([&] { return consumer.seen.size() >= 20; });
  feed.stop();
  EXPECT_EQ(feed.played(), 3U);
  std::map<std::uint32_t, std::int64_t> last_ns;
  for (std::size_t i = 0; i < consumer.seen.size(); ++i) {
    const PriceUpdate& update = consumer.seen[i];
    EXPECT_GE(update.as_of_ns, last_ns[update.index]);
    last_ns[update.index] = update.as_of_ns;
    if (i >= 4) {
      EXPECT_EQ(update.price, update.index == 0 ? 2 : 7);
    }
  }
  EXPECT_GE(last_ns[0] - consumer.seen[0].as_of_ns, 5 * kMs);
}

TEST(RecordedFeed, BeginsAgainAtTheEndWhenItRepeats) {
  Consumer consumer(64);
  RecordedFeed feed({row(100, 1), row(100 + 2 * kMs, 2), row(100 + 4 * kMs, 3)},
                    {.repeat = true, .conflation_ns = 0}, consumer.queue);
  feed.start();
  consumer.drain_until([&] { return consumer.seen.size() >= 10; });
  feed.stop();
  for (std::size_t i = 0; i < consumer.seen.size(); ++i) {
    EXPECT_EQ(consumer.seen[i].price, static_cast<std::int64_t>(1 + i % 3));
    const std::int64_t round = static_cast<std::int64_t>(i / 3);
    const std::int64_t in_round = static_cast<std::int64_t>(i % 3);
    EXPECT_EQ(consumer.seen[i].as_of_ns - consumer.seen[0].as_of_ns,
              (4 * round + 2 * in_round) * kMs);
  }
}

TEST(RecordedFeed, StopsAtOnceWithoutRowsAndWithoutStart) {
  Consumer consumer(64);
  RecordedFeed never_started({row(0, 1)}, {}, consumer.queue);
  never_started.stop();
  never_started.stop();
  RecordedFeed empty({}, {}, consumer.queue);
  empty.start();
  empty.stop();
  EXPECT_EQ(empty.played(), 0U);
}

TEST(RecordedFeed, RefusesSettingsThatCannotWork) {
  Consumer consumer(64);
  const std::vector<RecordedPrice> at_once{row(5, 1), row(5, 2)};
  const std::vector<RecordedPrice> apart{row(5, 1), row(5'000'000, 2)};
  const auto construct = [&](const std::vector<RecordedPrice>& rows,
                             const RecordedFeedSettings& settings) {
    RecordedFeed feed(rows, settings, consumer.queue);
  };
  EXPECT_THROW(construct(at_once, {.repeat = true}), std::invalid_argument);
  EXPECT_THROW(construct({}, {.repeat = true}), std::invalid_argument);
  EXPECT_THROW(construct(apart, {.speed_ppm = 0, .repeat = true}), std::invalid_argument);
  EXPECT_THROW(construct(apart, {.speed_ppm = -1}), std::invalid_argument);
  EXPECT_THROW(construct(apart, {.refresh_ns = -1}), std::invalid_argument);
  EXPECT_NO_THROW(construct(apart, {.repeat = true}));
}

}  // namespace
}  // namespace portcullis::feeds::recorded_feed_test
