// Makes reference prices of what sources say, and says whether they can be trusted: a price that
// collateral and margin rest on is one on which enough venues agree (config/load_references.cpp has
// the rules; price_rules.h what they are at one moment).
//
// What a source says is taken, or refused and counted under the reason; then its last good price
// stays, with its age. Nothing is invented: no price is made of older ones or carried forward.
//   - Its age is that of the source's time, or of its arrival where that is earlier.
//   - What is exact in the unit of the reference stays exact; else it is rounded half away from zero.
//   - A source's price that is too old, and one that too many others contradict, makes no price.
// The price of a reference:
//   - median: of the fresh sources, those within the divergence of the median of all of them agree;
//     the price is their median.
//   - primary with fallback: of the fresh sources that give prices, those can be used with which,
//     within the divergence, enough venues agree. The one in use stays in use. One above it in the
//     list takes over when it could be used all the time for return_after_ms; when the one in use
//     cannot be used any more, the first that can be takes over at once.
//   - A price further than the jump limit from the last good one is Jumped until it is confirmed: by
//     so many further updates of what it is made of, within the limit of it, or by another venue. A
//     price that is back within the limit of the last good one ends that. The first price is no jump.
// With any state but Good the last good price stays, with its age.
//
// Time is an argument, and what time changes (ages, the return to a source) happens at its own
// moment: how often step() is called makes no difference to what comes out, only to when. Time that
// goes back counts as standing still. One thread. Once it is made nothing allocates, no exception is
// thrown, and no floating point is used.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/deployment.h"
#include "feeds/board/price_rules.h"
#include "feeds/dialects/market_update.h"
#include "feeds/price_state.h"
#include "feeds/price_update.h"
#include "feeds/recorded_file.h"

namespace portcullis::feeds {

// What became of what a source said of a reference.
enum class PriceOutcome : std::uint8_t {
  Taken,
  Absent,      // the field is not there
  Future,      // its time is ahead of ours by more than the source's ahead_max
  OutOfOrder,  // its time is before that of the last one taken
  Crossed,     // mid: the bid is above the ask
  OutOfRange,  // cannot be expressed in the unit
  NotPositive,
  Absurd,     // outside price_min to price_max
  Duplicate,  // the same price as of the same time as the last one taken
};
inline constexpr std::array<std::string_view, 9> kPriceOutcomeNames = {
    "taken",        "absent",       "future", "out_of_order", "crossed",
    "out_of_range", "not_positive", "absurd", "duplicate"};

// Of one source, over all references that it is used for: an update counts once for each.
struct SourceCounts {
  std::array<std::uint64_t, kPriceOutcomeNames.size()> outcomes{};
  std::uint64_t rounded = 0;  // of those taken
  std::uint64_t unused = 0;   // updates that no reference asks for
  [[nodiscard]] std::uint64_t operator[](PriceOutcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)];
  }
};

struct ReferenceCounts {
  std::uint64_t published = 0;
  std::array<std::uint64_t, kPriceStateNames.size()> entered{};  // changes to each state
  std::uint64_t switches = 0;                                    // from one source to another
  std::uint64_t jumps = 0;
  std::uint64_t jumps_confirmed = 0;
  [[nodiscard]] std::uint64_t operator[](PriceState state) const {
    return entered[static_cast<std::size_t>(state)];
  }
};

inline constexpr std::uint32_t kNoSource = std::numeric_limits<std::uint32_t>::max();

struct ReferenceStatus {
  PriceUpdate::Kind kind = PriceUpdate::Kind::Mark;
  std::uint32_t index = 0;
  PriceState state = PriceState::Missing;
  // The last good one; price 0: none yet.
  std::int64_t price = 0;
  std::int64_t as_of_ns = 0;
  std::uint32_t source = kNoSource;  // in use, by its place in the list; not of a median
  std::uint32_t venues_fresh = 0;
  std::uint32_t venues_agreeing = 0;
  ReferenceCounts counts{};
};

class PriceBoard {
 public:
  struct Sinks {
    std::function<void(const PriceUpdate&)> price{};       // each new good price
    std::function<void(const PriceStateChange&)> state{};  // behind the price that it speaks of
    // For people: changes of state, of the source in use, jumps, and a source whose updates are
    // refused, at most once in max_age. The text is good until the call returns.
    std::function<void(std::string_view)> event{};
  };

  // Of the deployment's sources and references. Sinks that are empty are not called.
  PriceBoard(const config::Deployment& deployment, Sinks sinks);

  // Tells the state of every reference, so that who hears it knows the whole.
  void tell_states(std::int64_t now_ns);

  // A source of a dialect, or a live one of lines: of a line the mark is meant for references of
  // instruments, the index for those of assets. REQUIRES: the source exists; so for the next.
  void take(config::SourceIndex source, const MarketUpdate& update, std::int64_t now_ns);
  // A recorded source of lines: the price is in the unit of the reference already.
  void take(config::SourceIndex source, const PriceUpdate& line, std::int64_t now_ns);

  // What has changed by time alone.
  void step(std::int64_t now_ns);
  // When something will, unless something is taken before; the largest time for never.
  [[nodiscard]] std::int64_t next_due_ns() const;

  // In the order of the deployment.
  [[nodiscard]] std::size_t reference_count() const { return references_.size(); }
  [[nodiscard]] const ReferenceStatus& status(std::size_t reference) const {
    return references_[reference].status;
  }
  // "index of BTC".
  [[nodiscard]] const std::string& name(std::size_t reference) const {
    return references_[reference].name;
  }
  [[nodiscard]] const SourceCounts& counts(config::SourceIndex source) const {
    return sources_[source.value].counts;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // One source of one reference.
  struct Use {
    std::uint32_t reference = 0;
    std::uint32_t place = 0;  // in the reference's list
  };
  struct Source {
    std::int64_t ahead_max_ns = 0;
    std::unordered_map<std::string, std::vector<Use>, Hash, std::equal_to<>> uses{};  // by symbol
    SourceCounts counts{};
  };
  // What is known of a source beside its price.
  struct Input {
    std::int64_t source_time_ns = std::numeric_limits<std::int64_t>::min();
    std::int64_t usable_since_ns = 0;  // while it can be used
    std::int64_t next_complaint_ns = std::numeric_limits<std::int64_t>::min();
    std::string name{};  // "deribit BTC-PERPETUAL index"
  };
  struct Reference {
    config::ReferenceSettings rules{};
    std::string name{};
    std::vector<SourcePrice> prices{};  // by place
    std::vector<Input> inputs{};        // by place
    SourceSet usable = 0;               // at the last look
    ReferenceStatus status{};
    std::int64_t jump_price = 0;  // that waits to be confirmed; 0: none
    std::uint32_t jump_updates = 0;
    std::int64_t due_ns = std::numeric_limits<std::int64_t>::max();
  };
  struct Reading {
    PriceOutcome outcome = PriceOutcome::Taken;
    std::int64_t price = 0;
    bool rounded = false;
  };

  // What the update says of the source in that place of the list.
  [[nodiscard]] static Reading read(const config::ReferenceSettings& rules, std::uint32_t place,
                                    const MarketUpdate& update);
  void take_reading(Source& source, Use use, const Reading& reading, std::int64_t source_time_ns);
  [[nodiscard]] PriceOutcome judge(const Source& source, const Reference& reference,
                                   std::uint32_t place, const Reading& reading,
                                   std::int64_t source_time_ns) const;

  // All that has come due until now, each thing at its moment.
  void catch_up(Reference& reference);
  // `news`: the sources that have just said something.
  void settle(Reference& reference, std::int64_t now_ns, SourceSet news);
  Opinion opinion_in_order(Reference& reference, std::int64_t now_ns);
  void judge_jump(Reference& reference, Opinion& opinion, SourceSet news) const;
  static void set_due(Reference& reference, std::int64_t now_ns);
  void publish(Reference& reference, const Opinion& opinion, std::int64_t now_ns);

  std::vector<Source> sources_;
  std::vector<Reference> references_;
  std::vector<std::uint32_t> reference_of_instrument_;  // or kNoSource
  std::vector<std::uint32_t> reference_of_asset_;
  Sinks sinks_;
  std::int64_t now_ns_ = std::numeric_limits<std::int64_t>::min();
};

// What the lines of such a source may name, for read_recorded_file() and its like.
[[nodiscard]] FeedTargets line_targets(const config::Deployment& deployment,
                                       config::SourceIndex source);

}  // namespace portcullis::feeds
