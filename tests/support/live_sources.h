// Live sources with what they tell, and venues on the loopback for them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "feeds/live/live_feeds.h"
#include "tests/support/durations.h"
#include "tests/support/feed_frames.h"
#include "tests/support/feed_venue.h"
#include "tests/support/process.h"
#include "tests/support/seed.h"

namespace portcullis::test {

using Lines = std::vector<std::string>;

// Sources with what they tell, by source.
class Live {
 public:
  struct Told {
    Lines updates;
    Lines states;
    Lines problems;
  };

  explicit Live(const std::vector<feeds::LiveSourceSettings>& settings)
      : told_(settings.size()),
        sources(settings,
                {.on_update =
                     [this](std::uint32_t source, const feeds::MarketUpdate& update) {
                       const std::lock_guard lock(mutex_);
                       told_[source].updates.push_back(shown(update));
                       changed_.notify_all();
                     },
                 .on_event =
                     [this](const feeds::SourceEvent& event) {
                       const std::lock_guard lock(mutex_);
                       Told& told = told_[event.source];
                       const auto state = std::string(
                           feeds::kSourceStateNames[static_cast<std::size_t>(event.state)]);
                       if (told.states.empty() || told.states.back() != state) {
                         told.states.push_back(state);
                       }
                       if (event.is_problem) told.problems.emplace_back(event.text);
                       changed_.notify_all();
                     }},
                seed()) {
    sources.start();
  }

  // False: it did not come to be.
  template <class What>
  bool wait(std::uint32_t source, What what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return what(told_[source]); });
  }
  bool wait_for_updates(std::size_t count, std::uint32_t source = 0) {
    return wait(source, [count](const Told& told) { return told.updates.size() >= count; });
  }
  bool wait_for_problem(std::string_view text, std::uint32_t source = 0) {
    return wait(source, [text](const Told& told) {
      for (const std::string& problem : told.problems) {
        if (problem.find(text) != std::string::npos) return true;
      }
      return false;
    });
  }
  bool wait_for_states(std::size_t count, std::uint32_t source = 0) {
    return wait(source, [count](const Told& told) { return told.states.size() >= count; });
  }
  Told told(std::uint32_t source = 0) {
    const std::lock_guard lock(mutex_);
    return told_[source];
  }
  // As of what was told last: a status is published right after.
  feeds::SourceStatus status(std::uint32_t source = 0) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      const Told last = told(source);
      feeds::SourceStatus status = sources.status(source);
      const bool is_that =
          status.counters.updates == last.updates.size() &&
          (last.states.empty() ||
           last.states.back() == feeds::kSourceStateNames[static_cast<std::size_t>(status.state)]);
      if (is_that || std::chrono::steady_clock::now() > until) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  feeds::SourceCounters counters(std::uint32_t source = 0) { return status(source).counters; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;

 public:
  feeds::LiveFeeds sources;  // last: its thread is gone before what it writes to
};

inline feeds::WebSocketSourceSettings to(const FeedVenue& venue,
                                         feeds::ConversationSettings conversation) {
  conversation.back_off_first_ns = 10 * kMs;
  conversation.back_off_cap_ns = 50 * kMs;
  return {.host = "127.0.0.1",
          .port = venue.port(),
          .path = "/ws",
          .tls = std::nullopt,
          .conversation = std::move(conversation)};
}
inline feeds::ConversationSettings deribit() {
  return {.dialect = feeds::Dialect::Deribit, .symbols = {"BTC-PERPETUAL"}, .interval = "100ms"};
}

inline std::string ticker(int mark) {
  return R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.100ms","data":{)"
         R"("timestamp":)" +
         std::to_string(1'700'000'000'000 + mark) +
         R"(,"instrument_name":"BTC-PERPETUAL","mark_price":)" + std::to_string(mark) + "}}}";
}
inline std::string shown_ticker(int mark) {
  return "BTC-PERPETUAL mark=" + std::to_string(mark) + " @" +
         std::to_string(1'700'000'000'000 + mark);
}
// Subscriptions, and a price.
inline void begin(VenueConnection& connection, int mark) {
  connection.upgrade();
  connection.serve_subscriptions(VenueWords::Deribit, 1);
  connection.send_text(ticker(mark));
}
inline void go_on(VenueConnection& connection) { connection.hold(VenueWords::Deribit); }
// A venue that is well from its second connection on.
inline FeedVenue::Script well(int mark) {
  return [mark](VenueConnection& connection) {
    begin(connection, mark);
    go_on(connection);
  };
}

}  // namespace portcullis::test
