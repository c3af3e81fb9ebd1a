// The market and its thread: what is recorded of its sources is played at its time, what live sources
// say is taken as it comes, and the tables that are due are built and written to the table log.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "feeds/market.h"
#include "feeds/recorded_sources.h"
#include "feeds/table_folder.h"

namespace portcullis::feeds {

class MarketFeed {
 public:
  // All must outlive it. The table log of `tables` is open (table_log.h). `tell` is called for people,
  // on the threads that call in here.
  MarketFeed(Market& market, RecordedSources& recorded, TableFolder& tables,
             std::function<void(std::string_view)> tell);
  MarketFeed(const MarketFeed&) = delete;
  MarketFeed& operator=(const MarketFeed&) = delete;
  ~MarketFeed() { stop(); }

  // Once. Recordings begin at `start_at_ns`, epoch; 0: now.
  void start(std::int64_t start_at_ns);
  // Returns when the thread has ended. May be called twice, and without start().
  void stop();

  // Any thread: what a live source said. It waits while a table is being built.
  void take(config::SourceIndex source, const MarketUpdate& update);

  // Any thread: as Market::set_parameters().
  void set_parameters(const config::Deployment& in_force);

  // Any thread: looks at the market while nothing in it moves.
  template <class Look>
  auto look(Look look) const {
    const std::lock_guard lock(mutex_);
    return look(std::as_const(market_));
  }

 private:
  void run();
  [[nodiscard]] std::int64_t next_due_ns() const;
  void publish_tables(std::unique_lock<std::mutex>& lock);

  Market& market_;
  RecordedSources& recorded_;
  TableFolder& tables_;
  const std::function<void(std::string_view)> tell_;

  mutable std::mutex mutex_;  // of all that is above and below
  std::condition_variable changed_;
  std::int64_t wakes_at_ns_ = 0;  // the thread; 0: it is awake
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace portcullis::feeds
