#include "feeds/market_feed.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"

namespace portcullis::feeds {

namespace {

// Rows between two looks at what else is due.
constexpr std::size_t kRows = 64;

}  // namespace

MarketFeed::MarketFeed(Market& market, RecordedSources& recorded, TableFolder& tables,
                       std::function<void(std::string_view)> tell)
    : market_(market), recorded_(recorded), tables_(tables), tell_(std::move(tell)) {}

void MarketFeed::start(std::int64_t start_at_ns) {
  const std::int64_t now_ns = epoch_ns();
  market_.begin(now_ns);
  recorded_.begin(start_at_ns == 0 ? now_ns : start_at_ns);
  thread_ = std::thread([this] { run(); });
}

void MarketFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  const std::lock_guard lock(mutex_);
  market_.finish(epoch_ns());
}

void MarketFeed::take(config::SourceIndex source, const MarketUpdate& update) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now_ns = epoch_ns();
    market_.take(source, update, now_ns);
    market_.step(now_ns);
    wakes = wakes_at_ns_ != 0 && market_.next_due_ns() < wakes_at_ns_;
  }
  if (wakes) changed_.notify_one();
}

void MarketFeed::set_parameters(const config::Deployment& in_force) {
  {
    const std::lock_guard lock(mutex_);
    market_.set_parameters(in_force);
  }
  changed_.notify_one();
}

std::int64_t MarketFeed::next_due_ns() const {
  return std::min(market_.next_due_ns(), recorded_.next_due_ns().value_or(kNever));
}

// The disk is written to without the lock: prices go on.
void MarketFeed::publish_tables(std::unique_lock<std::mutex>& lock) {
  while (std::optional<PublishedTable> table = market_.build(epoch_ns())) {
    lock.unlock();
    const std::string problem = tables_.write(*table);
    if (!problem.empty()) tell_(problem);
    lock.lock();
    if (problem.empty()) {
      market_.publish(std::move(*table));
    } else {
      market_.drop(*table, epoch_ns());
    }
    if (stopping_) return;
  }
}

void MarketFeed::run() {
  begin_thread(config::Thread::Feeds);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool all_played = recorded_.play_until(epoch_ns(), market_, kRows);
    market_.step(epoch_ns());
    publish_tables(lock);
    const std::int64_t now_ns = epoch_ns();
    const std::int64_t due_ns = all_played ? next_due_ns() : now_ns;
    if (stopping_ || due_ns <= now_ns) {
      // Whoever waits for the lock gets it.
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
      continue;
    }
    wakes_at_ns_ = due_ns;
    if (due_ns == kNever) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, std::chrono::nanoseconds(due_ns - now_ns));
    }
    wakes_at_ns_ = 0;
  }
}

}  // namespace portcullis::feeds
