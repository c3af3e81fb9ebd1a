// What the sources say of contracts beside prices, made into what the engine is told: funding of
// perpetual contracts (funding.h) and open interest, as the configuration asks for them.
//
// One thread, and no clock: whoever owns it says what time it is, and times do not go back. What it
// tells goes into a queue to the shard (contract_queue.h); step() moves on what the shard had no place
// for.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/deployment.h"
#include "feeds/contract_queue.h"
#include "feeds/dialects/market_update.h"
#include "feeds/funding.h"

namespace portcullis::feeds {

// What an entry of feeds.json asks for. REQUIRES: the deployment that it is of.
[[nodiscard]] FundingTerms funding_terms(const config::Deployment& deployment,
                                         const config::FundingSettings& settings);

struct OpenInterestCounters {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;  // late ones, and such as are below 0 or beyond 64 bits
};

class ContractDesk {
 public:
  // What was due until `begin_ns` is not paid: REQUIRES it to be no earlier than anything that a
  // process before this one may have told (the clock's time, or that of the journal's last record if
  // it is later). `tell` is called in step(): funding that is not paid, and when it is again.
  ContractDesk(const config::Deployment& deployment, ContractQueue& queue, std::int64_t begin_ns,
               std::function<void(std::string_view)> tell);

  // A source of a dialect. REQUIRES: the source exists.
  void take(config::SourceIndex source, const MarketUpdate& update, std::int64_t now_ns);
  // An instrument's mark as the engine is told it. REQUIRES: the instrument exists.
  void take_mark(risk::InstrumentIndex instrument, std::int64_t mark, std::int64_t as_of_ns);
  // Tells what is due.
  void step(std::int64_t now_ns);
  // The last time: what is paid does not wait for its period.
  void finish(std::int64_t now_ns);
  // When step() has something to do, unless something is taken before; the largest time for never.
  [[nodiscard]] std::int64_t next_due_ns() const;

  // In the order of FeedSettings::fundings and open_interests.
  [[nodiscard]] const FundingCounters& funding_counters(std::size_t funding) const {
    return fundings_[funding].funding.counters();
  }
  [[nodiscard]] const OpenInterestCounters& open_interest_counters(std::size_t interest) const {
    return interests_[interest].counters;
  }
  // Updates whose time is ahead of ours by more than the source's ahead_max.
  [[nodiscard]] std::uint64_t ahead() const { return ahead_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // Who listens to a symbol.
  struct Uses {
    std::vector<std::uint32_t> fundings{};
    std::vector<std::uint32_t> interests{};
  };
  struct Source {
    std::int64_t ahead_max_ns = 0;
    std::unordered_map<std::string, Uses, Hash, std::equal_to<>> uses{};  // by symbol
  };
  struct FundingOf {
    risk::InstrumentIndex instrument{};
    std::string name{};
    Funding funding;
    // Told of what its counters say.
    FundingCounters told{};
    std::int64_t looked_ns = 0;
    bool is_paid = true;
    std::int64_t unpaid_ns = 0;  // since it is not
  };
  struct Interest {
    config::OpenInterestSettings settings{};
    int quantity_decimals = 0;
    std::int64_t lot = 0;
    std::int64_t source_time_ns = std::numeric_limits<std::int64_t>::min();
    risk::Lots lots{};
    risk::Lots told{-1};  // none yet
    std::int64_t told_ns = 0;
    OpenInterestCounters counters{};
  };

  void tell(std::int64_t now_ns, bool is_last);
  void tell_unpaid(FundingOf& of, std::int64_t now_ns);
  static void take_interest(Interest& interest, const MarketUpdate& update);

  ContractQueue& queue_;
  const std::function<void(std::string_view)> tell_;
  std::vector<Source> sources_;
  std::vector<FundingOf> fundings_;
  std::vector<Interest> interests_;
  std::vector<std::uint32_t> funding_of_;  // by instrument: its place; kNone32: none
  std::int64_t shortest_period_ns_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t next_look_ns_ = std::numeric_limits<std::int64_t>::max();
  std::uint64_t ahead_ = 0;
};

}  // namespace portcullis::feeds
