// What all live sources of prices have in common: their states, counters, and what they tell.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "feeds/dialects/decoder.h"
#include "feeds/dialects/market_update.h"

namespace portcullis::feeds {

enum class SourceState : std::uint8_t {
  // A connection is being made: as far as the answers to the subscriptions; of a line source, the
  // publisher's name.
  Connecting,
  Live,
  // Without a connection: until the next attempt, or until the publisher comes.
  Waiting,
  Stopped,  // before start() and after stop()
};
inline constexpr std::array<std::string_view, 4> kSourceStateNames = {"connecting", "live",
                                                                      "waiting", "stopped"};

// Since the start of the process; none of them ever goes back.
struct SourceCounters {
  std::uint64_t attempts = 0;       // to connect; of a line source, connections that came
  std::uint64_t connects = 0;       // connections that became Live
  std::uint64_t failures = 0;       // attempts and connections that ended, unless by stop()
  std::uint64_t messages = 0;       // frames, lines
  std::uint64_t bytes = 0;          // of them
  std::uint64_t malformed = 0;      // of them
  std::uint64_t updates = 0;        // taken
  std::uint64_t refused = 0;        // updates that were not: UpdateCounts says why
  std::uint64_t errors = 0;         // that the venue reported; of a line source, that it was told
  std::uint64_t gaps = 0;           // frames by which a symbol lost its snapshot, or had none
  std::uint64_t resubscribes = 0;   // topics asked for again, for whatever reason
  std::uint64_t unsubscribed = 0;   // topics that the venue refused
  std::uint64_t silences = 0;       // connections given up because nothing came (of `failures`)
  std::uint64_t pings = 0;          // sent
  std::uint64_t test_requests = 0;  // answered
  std::uint64_t turned_away = 0;    // of a line source: connections that were not its publisher's
  friend bool operator==(const SourceCounters&, const SourceCounters&) = default;
};

struct SourceStatus {
  SourceState state = SourceState::Stopped;
  SourceCounters counters{};
  UpdateCounts outcomes{};
  std::string last_error{};  // empty: none yet. It stays when all is well again
};

struct SourceEvent {
  std::uint32_t source = 0;
  SourceState state = SourceState::Stopped;  // after it
  std::int64_t time_ns = 0;                  // epoch
  bool is_problem = false;
  std::string_view text{};  // until the call returns
};

// Called on the thread of the sources. They must not throw, and what they take long for all sources
// wait for.
struct SourceSink {
  // The update is good until the call returns; its symbol as long as the source.
  std::function<void(std::uint32_t source, const MarketUpdate& update)> on_update;
  // Each change of state, and each problem, but of the malformed and refused updates, which only
  // count and are told by the last error.
  std::function<void(const SourceEvent& event)> on_event;
};

}  // namespace portcullis::feeds
