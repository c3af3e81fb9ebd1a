// The thread that plays a recording into a FeedQueue.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "feeds/feed_queue.h"
#include "feeds/recorded_file.h"

namespace portcullis::feeds {

struct RecordedFeedSettings {
  // When the first row is played, epoch; 0: when the thread starts. Processes that are given the
  // same time play in step. If it is past, the rows that are due come at once.
  std::int64_t start_at_ns = 0;
  // Recorded time runs so many times faster than the clock's. 0: without waiting for it.
  std::int64_t speed_ppm = risk::kPpm;
  // Begin again at the end, the first row right behind the last; not without waiting.
  bool repeat = false;
  // Every so often the last prices are published again as of now, so that they do not become stale
  // between rows or at the end; 0: never. A recording has no live source that could vouch for a
  // price. This is its owner's declaration that each stays good until the next one in the file; it
  // is no setting for a feed that can fall silent.
  std::int64_t refresh_ns = 0;
  // At most one price of each instrument in so much time. The first after a pause goes at once.
  // 0: each is queued on its own as long as there is room.
  std::int64_t conflation_ns = 1'000'000;
};

// From the deployment; never refreshed, and started with the thread.
[[nodiscard]] RecordedFeedSettings feed_settings(const config::Deployment& deployment);

// Prices are as of the time at which their row is due by the clock (epoch_clock.h), or of now where
// there is no waiting. What the thread does after its start neither
// allocates nor throws; it sleeps whenever nothing is due.
class RecordedFeed {
 public:
  // The queue must outlive the feed, which is its only producer. Throws std::invalid_argument for
  // settings that cannot work.
  RecordedFeed(std::vector<RecordedPrice> prices, const RecordedFeedSettings& settings,
               FeedQueue& queue);
  RecordedFeed(const RecordedFeed&) = delete;
  RecordedFeed& operator=(const RecordedFeed&) = delete;
  ~RecordedFeed() { stop(); }

  // Once.
  void start();
  // Returns when the thread has ended; what still waits for room in the queue is dropped. May be
  // called twice, and without start().
  void stop();

  // Rows played so far, those of all rounds. Any thread.
  [[nodiscard]] std::uint64_t played() const noexcept {
    return played_.load(std::memory_order_relaxed);
  }
  // True when every row was played and queued; never with `repeat`. Any thread.
  [[nodiscard]] bool is_finished() const noexcept {
    return finished_.load(std::memory_order_acquire);
  }

 private:
  struct Target {
    std::uint32_t index = 0;
    PriceUpdate::Kind kind = PriceUpdate::Kind::Mark;
    std::int64_t price = 0;  // the last one played; 0: none yet
  };

  void run();
  void play(const RecordedPrice& row, std::int64_t as_of_ns);
  void refresh(std::int64_t now_ns);
  void offer(const PriceUpdate& update);
  [[nodiscard]] std::int64_t due_ns(const RecordedPrice& row) const;
  // The row to be played next, or null.
  [[nodiscard]] const RecordedPrice* next_row();

  const std::vector<RecordedPrice> prices_;
  const RecordedFeedSettings settings_;
  FeedQueue& queue_;

  // The thread's.
  std::vector<Target> targets_;         // all that the recording prices
  std::vector<std::size_t> target_of_;  // by row
  std::int64_t round_start_ns_ = 0;
  std::size_t next_ = 0;

  std::atomic<std::uint64_t> played_{0};
  std::atomic<bool> finished_{false};
  std::mutex mutex_;
  std::condition_variable stopping_changed_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace portcullis::feeds
