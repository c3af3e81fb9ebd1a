// What the feeds of a process tell of themselves: copies, by name, of what their parts count, all of one
// moment but for the queues. For people and for metrics; nothing is decided by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/board/price_board.h"
#include "feeds/contract_desk.h"
#include "feeds/live/source.h"
#include "feeds/table_service.h"

namespace portcullis::feeds {

struct FeedFigures {
  // Between the feeds and the shard.
  struct Queue {
    std::string_view name{};
    std::uint64_t waiting = 0;
    std::uint64_t offered = 0;
    std::uint64_t conflated = 0;  // found another that waited: went on as one
    std::uint64_t refused = 0;    // times that there was no room
  };
  struct Source {
    std::string name{};
    SourceCounts prices{};
    std::optional<SourceStatus> live{};  // none: it is recorded
  };
  struct Reference {
    std::string name{};
    ReferenceStatus status{};
  };
  struct Table {
    std::string group{};
    TableGroupStatus status{};
  };
  struct Funding {
    std::string instrument{};
    FundingCounters counters{};
  };
  struct OpenInterest {
    std::string instrument{};
    OpenInterestCounters counters{};
  };

  std::vector<Queue> queues{};
  std::vector<Source> sources{};
  std::vector<Reference> references{};
  std::vector<Table> tables{};
  std::vector<Funding> fundings{};
  std::vector<OpenInterest> open_interests{};
};

}  // namespace portcullis::feeds
