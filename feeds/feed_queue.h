// The bounded queue between one feed thread and the shard, with conflation in front of it: the one
// place where moodycamel's queue is used for prices.
//
// Each instrument and each asset has a pending slot on the producer's side. An offered price goes
// into its slot, and replaces the one that waits there (counted); flush() moves what waits into the
// queue, longest waiting first, as far as there is room. So the producer never blocks, the newest
// price of each instrument is never lost, and the prices of one instrument arrive in order; those
// of different instruments may not.
//
// A state of a price (PriceUpdate::state) waits in the same slot: the newest state and the newest price
// arrive, neither before an older one of the same instrument, and no price that was offered before
// "unsafe" after it. What is offered together arrives together, the price first: so a price that is
// safe again is never the old one.
//
// What ORDERLIFE 5 knows of that queue: its capacity is no bound, hence the count
// here; only with a producer token, room for one producer and try_enqueue does it never allocate.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "feeds/price_update.h"

namespace portcullis::feeds {

// Any thread may read them; each is written by one thread only.
struct FeedQueueCounters {
  std::atomic<std::uint64_t> offered{0};
  std::atomic<std::uint64_t> queued{0};
  std::atomic<std::uint64_t> conflated{0};  // found another in their slot: went on as one
  std::atomic<std::uint64_t> refused{0};    // times that flush() found the queue full
};

class FeedQueue {
 public:
  // Holds at most `capacity` prices beside the pending ones. `wake` is called on the producer's
  // thread after a flush that queued something; it must not block (for example: writes an eventfd).
  // Allocates here and never again. REQUIRES: capacity > 0.
  FeedQueue(std::uint32_t instrument_count, std::uint32_t asset_count, std::uint32_t capacity,
            std::function<void()> wake);

  // --- the producer's thread

  // REQUIRES: the index exists, and a price or a state is told.
  void offer(const PriceUpdate& update) noexcept;

  // True when nothing waits any more.
  bool flush() noexcept;
  // Before that is tried again, at the least.
  static constexpr std::int64_t kRetryNs = 100'000;

  [[nodiscard]] bool has_pending() const noexcept { return waiting_count_ != 0; }

  // --- the consumer's thread

  // Takes at most out.size() prices in the order in which they were queued; returns how many.
  std::size_t drain(std::span<PriceUpdate> out) noexcept;

  // --- any thread

  [[nodiscard]] const FeedQueueCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  // How many prices are in the queue.
  [[nodiscard]] std::uint64_t waiting() const noexcept;

 private:
  struct Slot {
    PriceUpdate update;
    bool is_waiting = false;
  };

  bool push(const PriceUpdate& update) noexcept;

  const std::uint32_t capacity_;
  const std::uint32_t instrument_count_;
  const std::function<void()> wake_;

  // The producer's.
  std::vector<Slot> slots_;             // instruments, then assets
  std::vector<std::uint32_t> waiting_;  // ring of the slots that wait, oldest first
  std::size_t first_waiting_ = 0;
  std::size_t waiting_count_ = 0;
  std::uint64_t pushed_ = 0;
  FeedQueueCounters counters_;

  moodycamel::ConcurrentQueue<PriceUpdate> queue_;
  moodycamel::ProducerToken token_;

  // Written by the consumer for each drain and read by the producer for each push: on its own cache
  // line, or the shard would pay for the producer's counters.
  alignas(64) std::atomic<std::uint64_t> popped_{0};
};

}  // namespace portcullis::feeds
