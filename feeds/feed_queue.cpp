#include "feeds/feed_queue.h"

#include <utility>

#include "feeds/counter.h"
#include "risk/types.h"

namespace portcullis::feeds {

FeedQueue::FeedQueue(std::uint32_t instrument_count, std::uint32_t asset_count,
                     std::uint32_t capacity, std::function<void()> wake)
    : capacity_(capacity),
      instrument_count_(instrument_count),
      wake_(std::move(wake)),
      slots_(instrument_count + asset_count),
      waiting_(instrument_count + asset_count),
      queue_(capacity, 1, 0),
      token_(queue_) {
  PORTCULLIS_ASSERT(capacity > 0 && token_.valid());
}

void FeedQueue::offer(const PriceUpdate& update) noexcept {
  const std::uint32_t index =
      update.kind == PriceUpdate::Kind::Mark ? update.index : instrument_count_ + update.index;
  Slot& slot = slots_[index];
  add_one(counters_.offered);
  if (slot.is_waiting) {
    add_one(counters_.conflated);
    if (update.price != 0) {
      slot.update.price = update.price;
      slot.update.as_of_ns = update.as_of_ns;
    }
    if (update.state != PriceUpdate::State::Unchanged) slot.update.state = update.state;
    return;
  }
  slot.update = update;
  slot.is_waiting = true;
  waiting_[(first_waiting_ + waiting_count_) % waiting_.size()] = index;
  ++waiting_count_;
}

bool FeedQueue::flush() noexcept {
  bool queued = false;
  while (waiting_count_ != 0) {
    Slot& slot = slots_[waiting_[first_waiting_]];
    if (!push(slot.update)) {
      add_one(counters_.refused);
      break;
    }
    queued = true;
    slot.is_waiting = false;
    first_waiting_ = (first_waiting_ + 1) % waiting_.size();
    --waiting_count_;
  }
  if (queued && wake_) wake_();
  return waiting_count_ == 0;
}

bool FeedQueue::push(const PriceUpdate& update) noexcept {
  if (pushed_ - popped_.load(std::memory_order_acquire) >= capacity_) return false;
  if (!queue_.try_enqueue(token_, update)) return false;
  ++pushed_;
  add_one(counters_.queued);
  return true;
}

std::size_t FeedQueue::drain(std::span<PriceUpdate> out) noexcept {
  const std::size_t n = queue_.try_dequeue_bulk_from_producer(token_, out.data(), out.size());
  if (n != 0) popped_.store(popped_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  return n;
}

// A price may be popped before it is counted as queued.
std::uint64_t FeedQueue::waiting() const noexcept {
  const std::uint64_t popped = popped_.load(std::memory_order_acquire);
  const std::uint64_t queued = counters_.queued.load(std::memory_order_relaxed);
  return queued > popped ? queued - popped : 0;
}

}  // namespace portcullis::feeds
