#include "feeds/contract_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "feeds/counter.h"

namespace portcullis::feeds {

ContractQueue::ContractQueue(std::size_t instrument_count, std::function<void()> wake)
    : instrument_count_(instrument_count),
      places_(std::make_unique<Place[]>(instrument_count)),
      wake_(std::move(wake)),
      waiting_(instrument_count) {
  in_order_.reserve(instrument_count);
}

void ContractQueue::offer(const ContractUpdate& update) noexcept {
  const std::uint32_t index = update.instrument.value;
  PORTCULLIS_ASSERT(index < instrument_count_);
  add_one(counters_.offered);
  Waiting& waiting = waiting_[index];
  if (waiting.is_waiting) {
    add_one(counters_.merged);
  } else {
    waiting.is_waiting = true;
    waiting.update = {.instrument = update.instrument};
    in_order_.push_back(index);
  }
  if (update.has_funding) {
    waiting.update.has_funding = true;
    waiting.paid += update.paid;
    waiting.update.predicted = update.predicted;
  }
  if (update.has_open_interest) {
    waiting.update.has_open_interest = true;
    waiting.update.open_interest = update.open_interest;
  }
}

bool ContractQueue::flush() noexcept {
  std::size_t left = 0;
  bool queued = false;
  for (const std::uint32_t index : in_order_) {
    Place& place = places_[index];
    Waiting& waiting = waiting_[index];
    if (place.state.load(std::memory_order_acquire) == State::Full) {
      add_one(counters_.refused);
      in_order_[left++] = index;
      continue;
    }
    waiting.update.paid = static_cast<std::int64_t>(
        std::clamp<risk::Int128>(waiting.paid, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()));
    waiting.paid -= waiting.update.paid;
    place.update = waiting.update;
    place.state.store(State::Full, std::memory_order_release);
    full_.fetch_add(1, std::memory_order_release);
    add_one(counters_.queued);
    queued = true;
    waiting.is_waiting = waiting.paid != 0;
    waiting.update.has_open_interest = false;
    if (waiting.is_waiting) in_order_[left++] = index;
  }
  in_order_.resize(left);
  if (queued && wake_) wake_();
  return left == 0;
}

std::optional<ContractUpdate> ContractQueue::take() noexcept {
  if (full_.load(std::memory_order_acquire) == 0) return std::nullopt;
  while (places_[next_].state.load(std::memory_order_acquire) != State::Full)
    next_ = (next_ + 1) % instrument_count_;
  Place& place = places_[next_];
  const ContractUpdate update = place.update;
  full_.fetch_sub(1, std::memory_order_relaxed);
  place.state.store(State::Empty, std::memory_order_release);
  next_ = (next_ + 1) % instrument_count_;
  return update;
}

}  // namespace portcullis::feeds
