// The way from one feed thread to the shard of what a contract's venue says beside prices: funding and
// open interest. Nobody waits, and no payment is lost on the way: what the shard has not taken yet
// adds up. Of predictions and open interest the newest arrives.
//
// There is one place for each instrument, filled by flush() when the shard has emptied it; what is
// told meanwhile waits in front of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "risk/types.h"

namespace portcullis::feeds {

// In the terms of risk::FundingUpdate and risk::OpenInterestUpdate.
struct ContractUpdate {
  risk::InstrumentIndex instrument{};
  bool has_funding = false;
  bool has_open_interest = false;
  std::int64_t paid = 0;
  std::int64_t predicted = 0;
  risk::Lots open_interest{};
  friend bool operator==(const ContractUpdate&, const ContractUpdate&) = default;
};

// Any thread may read them; each is written by one thread only.
struct ContractQueueCounters {
  std::atomic<std::uint64_t> offered{0};
  std::atomic<std::uint64_t> merged{0};  // found another that waited: went on as one
  std::atomic<std::uint64_t> queued{0};
  std::atomic<std::uint64_t> refused{0};  // times that a flush found a place that was still full
};

class ContractQueue {
 public:
  // `wake` is called on the producer's thread after a flush that queued something; it must not
  // block. Allocates here and never again.
  ContractQueue(std::size_t instrument_count, std::function<void()> wake);

  // --- the producer's thread

  // REQUIRES: the instrument exists.
  void offer(const ContractUpdate& update) noexcept;
  // Of each instrument what waits goes on where its place is empty. True: nothing waits any more.
  bool flush() noexcept;

  // --- the shard's

  // What an instrument's venue has said since it was taken last; none: nothing is there.
  std::optional<ContractUpdate> take() noexcept;

  // --- any thread

  [[nodiscard]] const ContractQueueCounters& counters() const noexcept { return counters_; }
  // How many instruments' updates are there for the shard.
  [[nodiscard]] std::uint32_t waiting() const noexcept {
    return full_.load(std::memory_order_relaxed);
  }

 private:
  enum class State : std::uint8_t { Empty, Full };
  struct Place {
    std::atomic<State> state{State::Empty};
    ContractUpdate update{};
  };
  struct Waiting {
    ContractUpdate update{};
    risk::Int128 paid = 0;  // all of it; 64 bits of it go on at a time
    bool is_waiting = false;
  };

  const std::size_t instrument_count_;
  const std::unique_ptr<Place[]> places_;  // by instrument
  const std::function<void()> wake_;
  std::vector<Waiting> waiting_;         // by instrument
  std::vector<std::uint32_t> in_order_;  // whoever waits, longest first
  ContractQueueCounters counters_;
  alignas(64) std::atomic<std::uint32_t> full_{0};  // places in that state
  std::size_t next_ = 0;                            // the shard's
};

}  // namespace portcullis::feeds
