#include "feeds/recorded_feed.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"

namespace portcullis::feeds {

namespace {

using std::chrono::nanoseconds;

// Rows between two looks at the clock and at the stop sign.
constexpr int kBatch = 256;

std::int64_t after(std::int64_t time_ns, std::int64_t duration_ns) {
  return time_ns > kNever - duration_ns ? kNever : time_ns + duration_ns;
}

}  // namespace

RecordedFeedSettings feed_settings(const config::Deployment& deployment) {
  return {.speed_ppm = deployment.feed.speed_ppm,
          .repeat = deployment.feed.repeat,
          .conflation_ns = deployment.feed.conflation_ns};
}

RecordedFeed::RecordedFeed(std::vector<RecordedPrice> prices, const RecordedFeedSettings& settings,
                           FeedQueue& queue)
    : prices_(std::move(prices)), settings_(settings), queue_(queue) {
  if (settings.speed_ppm < 0 || settings.refresh_ns < 0 || settings.conflation_ns < 0 ||
      settings.start_at_ns < 0) {
    throw std::invalid_argument("recorded feed: a setting is negative");
  }
  if (settings.repeat && (settings.speed_ppm == 0 || prices_.empty() ||
                          due_ns(prices_.back()) == due_ns(prices_.front()))) {
    throw std::invalid_argument("recorded feed: there is no time between the rows to repeat");
  }
  std::map<std::pair<PriceUpdate::Kind, std::uint32_t>, std::size_t> places;
  target_of_.reserve(prices_.size());
  for (const RecordedPrice& row : prices_) {
    const auto [place, is_new] = places.try_emplace({row.kind, row.index}, targets_.size());
    if (is_new) targets_.push_back({.index = row.index, .kind = row.kind});
    target_of_.push_back(place->second);
  }
}

void RecordedFeed::start() {
  thread_ = std::thread([this] { run(); });
}

void RecordedFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopping_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::int64_t RecordedFeed::due_ns(const RecordedPrice& row) const {
  if (settings_.speed_ppm == 0) return round_start_ns_;
  const risk::Int128 elapsed = risk::Int128{row.time_ns} - prices_.front().time_ns;
  const risk::Int128 due = round_start_ns_ + elapsed * risk::kPpm / settings_.speed_ppm;
  return due > kNever ? kNever : static_cast<std::int64_t>(due);
}

const RecordedPrice* RecordedFeed::next_row() {
  if (next_ == prices_.size() && settings_.repeat) {
    round_start_ns_ = due_ns(prices_.back());
    next_ = 0;
  }
  return next_ == prices_.size() ? nullptr : &prices_[next_];
}

void RecordedFeed::offer(const PriceUpdate& update) {
  queue_.offer(update);
  if (settings_.conflation_ns == 0) queue_.flush();
}

void RecordedFeed::play(const RecordedPrice& row, std::int64_t as_of_ns) {
  targets_[target_of_[next_]].price = row.price;
  offer({as_of_ns, row.price, row.index, row.kind});
  ++next_;
  played_.store(played_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void RecordedFeed::refresh(std::int64_t now_ns) {
  for (const Target& target : targets_) {
    if (target.price != 0) offer({now_ns, target.price, target.index, target.kind});
  }
}

void RecordedFeed::run() {
  begin_thread(config::Thread::Feeds);
  std::int64_t now_ns = epoch_ns();
  round_start_ns_ = settings_.start_at_ns == 0 ? now_ns : settings_.start_at_ns;
  std::int64_t next_flush_ns = now_ns;
  std::int64_t next_refresh_ns =
      settings_.refresh_ns == 0 ? kNever : after(now_ns, settings_.refresh_ns);

  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    now_ns = epoch_ns();
    const RecordedPrice* row = next_row();
    for (int i = 0; i < kBatch && row != nullptr && due_ns(*row) <= now_ns; ++i) {
      play(*row, settings_.speed_ppm == 0 ? now_ns : due_ns(*row));
      row = next_row();
    }
    if (now_ns >= next_refresh_ns) {
      refresh(now_ns);
      next_refresh_ns = after(now_ns, settings_.refresh_ns);
    }
    if (queue_.has_pending() && now_ns >= next_flush_ns) {
      const bool all = queue_.flush();
      next_flush_ns = after(now_ns, all ? settings_.conflation_ns
                                        : std::max(settings_.conflation_ns, FeedQueue::kRetryNs));
    }

    std::int64_t wake_ns = next_refresh_ns;
    if (row != nullptr) wake_ns = std::min(wake_ns, due_ns(*row));
    if (queue_.has_pending()) wake_ns = std::min(wake_ns, next_flush_ns);
    if (row == nullptr && !queue_.has_pending()) finished_.store(true, std::memory_order_release);

    lock.lock();
    if (stopping_ || wake_ns <= now_ns) continue;
    const auto stopping = [this] { return stopping_; };
    if (wake_ns == kNever) {
      stopping_changed_.wait(lock, stopping);
    } else {
      stopping_changed_.wait_for(lock, nanoseconds(wake_ns - now_ns), stopping);
    }
  }
}

}  // namespace portcullis::feeds
