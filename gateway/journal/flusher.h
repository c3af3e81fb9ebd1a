// Takes published records from the ring to the segments and the stream indexes. Knows no thread and
// no clock: the journal calls it from the flusher thread, or the owner does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "gateway/journal/format.h"
#include "gateway/journal/retention.h"
#include "gateway/journal/ring.h"
#include "gateway/journal/segments.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

// What is wrong with the disk, as bits. Written by the flusher, read by anybody.
enum Fault : std::uint32_t {
  kFaultWrite = 1,  // the last write failed; it is tried again, and the bit goes when one succeeds
  kFaultSync = 2,   // an fdatasync failed: what it should have made durable may be lost with the
                    // machine, so this stays until the journal is opened again. In durability fsync
                    // nothing is written to the segments any more
  kFaultSpace = 4,  // the next segment could not be preallocated; tried again
  kFaultBudget = 8,  // the disk budget is exceeded by a tenth, and nothing may be removed yet
};

struct FlusherSettings {
  bool sync_full_segments = false;    // a segment is made durable before the next one is begun
  bool sync_batches = false;          // durability fsync: a batch is flushed when it is durable
  std::uint64_t synced_sequence = 0;  // what is durable already
  std::function<void()> on_synced;    // synced_sequence() has moved
};

class Flusher {
 public:
  static constexpr std::size_t kBatchBytesMax = 1'048'576;

  enum class Result : std::uint8_t {
    Idle,    // nothing was there
    Wrote,   // all that was there is written
    More,    // a full batch was written and there may be more
    Failed,  // faults() says what; nothing moved, the same again is safe
  };

  Flusher(Ring& ring, SegmentWriter& segments, StreamIndex& index, Retention& retention,
          FlusherSettings settings)
      : ring_(ring),
        segments_(segments),
        index_(index),
        retention_(retention),
        settings_(std::move(settings)),
        synced_sequence_(settings_.synced_sequence) {}

  // Writes one batch of at most kBatchBytesMax, and where batches are synced makes it durable: all
  // that was published meanwhile is the next batch (group commit).
  Result flush_once() noexcept;
  // Makes all that was flushed durable. False: it failed, now or before.
  bool sync() noexcept;

  std::uint32_t faults() const noexcept { return faults_.load(std::memory_order_relaxed); }
  // errno of the last failure.
  int last_error() const noexcept { return last_error_.load(std::memory_order_relaxed); }
  // All records up to here survive the machine. Stays where it is after a failed fdatasync.
  std::uint64_t synced_sequence() const noexcept {
    return synced_sequence_.load(std::memory_order_acquire);
  }

 private:
  bool failed(Fault fault) noexcept;
  void clear(Fault fault) noexcept;
  bool sync_segment() noexcept;
  void set_synced(std::uint64_t sequence) noexcept;
  bool roll() noexcept;
  void watch_space() noexcept;
  void watch_budget() noexcept;

  Ring& ring_;
  SegmentWriter& segments_;
  StreamIndex& index_;
  Retention& retention_;
  FlusherSettings settings_;
  bool must_roll_ = false;  // the current segment's fdatasync failed: the next write goes elsewhere
  std::uint32_t calls_since_space_was_tried_ = 0;
  std::atomic<std::uint32_t> faults_{0};
  std::atomic<int> last_error_{0};
  std::atomic<std::uint64_t> synced_sequence_;
};

}  // namespace portcullis::gateway::journal
