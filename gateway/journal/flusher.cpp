#include "gateway/journal/flusher.h"

#include <cerrno>
#include <span>

namespace portcullis::gateway::journal {

bool Flusher::failed(Fault fault) noexcept {
  last_error_.store(errno, std::memory_order_relaxed);
  faults_.fetch_or(fault, std::memory_order_relaxed);
  return false;
}

void Flusher::clear(Fault fault) noexcept {
  if ((faults() & fault) != 0) faults_.fetch_and(~std::uint32_t{fault}, std::memory_order_relaxed);
}

void Flusher::set_synced(std::uint64_t sequence) noexcept {
  if (sequence == synced_sequence()) return;
  synced_sequence_.store(sequence, std::memory_order_release);
  if (settings_.on_synced) settings_.on_synced();
}

bool Flusher::sync_segment() noexcept {
  if (segments_.sync()) {
    if ((faults() & kFaultSync) == 0) set_synced(ring_.flushed_sequence());
    return true;
  }
  must_roll_ = true;
  return failed(kFaultSync);
}

bool Flusher::roll() noexcept {
  if (settings_.sync_full_segments && !must_roll_) sync_segment();
  if (!segments_.roll(ring_.flushed_sequence() + 1)) return failed(kFaultWrite);
  must_roll_ = false;
  retention_.begun(segments_.number(), segments_.first_sequence(), segments_.segment_bytes());
  return true;
}

// The next segment could not be preallocated: tries again now and then.
void Flusher::watch_space() noexcept {
  constexpr std::uint32_t kCallsBetweenTries = 256;
  if (segments_.has_spare()) {
    clear(kFaultSpace);
    return;
  }
  faults_.fetch_or(kFaultSpace, std::memory_order_relaxed);
  if (++calls_since_space_was_tried_ < kCallsBetweenTries) return;
  calls_since_space_was_tried_ = 0;
  if (segments_.make_spare()) {
    clear(kFaultSpace);
  } else {
    failed(kFaultSpace);
  }
}

void Flusher::watch_budget() noexcept {
  if (retention_.trim()) {
    clear(kFaultBudget);
  } else {
    faults_.fetch_or(kFaultBudget, std::memory_order_relaxed);
  }
}

Flusher::Result Flusher::flush_once() noexcept {
  // What a failed fdatasync leaves cannot be trusted, and what cannot be made durable may not look
  // flushed: it stays in the ring, where the next opening finds it.
  if (settings_.sync_batches && (faults() & kFaultSync) != 0) return Result::Failed;
  watch_space();
  watch_budget();
  const std::uint64_t begin = ring_.flushed_position();
  const std::uint32_t first_length = ring_.load_length(begin);
  if (first_length == 0) return Result::Idle;
  // Not before there is something to write: a disk that goes on failing must not be filled with empty
  // segments.
  if ((must_roll_ || !segments_.fits(first_length)) && !roll()) return Result::Failed;

  // The records that go into this segment, in one run of memory because the ring is mapped twice.
  std::uint64_t sequence = ring_.flushed_sequence();
  std::size_t bytes = 0;
  bool more = false;
  while (const std::uint32_t length = ring_.load_length(begin + bytes)) {
    more = bytes + length > kBatchBytesMax || !segments_.fits(bytes + length);
    if (more) break;
    const RecordView record = view_record(ring_.at(begin + bytes));
    const std::uint64_t offset = segments_.offset() + bytes;
    record.for_each_outbound([&](const OutboundView& outbound) {
      index_.add(outbound.stream,
                 {segments_.number(), static_cast<std::uint32_t>(offset + outbound.offset),
                  record.sequence});
    });
    sequence = record.sequence;
    bytes += length;
  }
  segments_.note_durable(synced_sequence());
  if (!segments_.write({ring_.at(begin), bytes}) || !index_.write_pending()) {
    failed(kFaultWrite);
    index_.drop_pending();
    return Result::Failed;
  }
  clear(kFaultWrite);
  if (settings_.sync_batches && !segments_.sync()) {
    failed(kFaultSync);
    return Result::Failed;
  }
  segments_.advance(bytes);
  ring_.set_flushed(begin + bytes, sequence);
  if (settings_.sync_batches) set_synced(sequence);
  return more ? Result::More : Result::Wrote;
}

bool Flusher::sync() noexcept {
  if (!must_roll_ && ring_.flushed_sequence() != synced_sequence()) sync_segment();
  return (faults() & kFaultSync) == 0;
}

}  // namespace portcullis::gateway::journal
