#include "feeds/table_queue.h"

#include <utility>

namespace portcullis::feeds {

TableQueue::TableQueue(std::size_t group_count, std::function<void()> wake)
    : group_count_(group_count),
      places_(std::make_unique<Place[]>(group_count)),
      wake_(std::move(wake)) {}

void TableQueue::publish(PublishedTable table) {
  PORTCULLIS_ASSERT(table.group.value < group_count_);
  Place& place = places_[table.group.value];
  PORTCULLIS_ASSERT(place.state.load(std::memory_order_relaxed) == State::Empty);
  place.version = table.version;
  place.table = std::move(table);
  place.state.store(State::Published, std::memory_order_release);
  published_.fetch_add(1, std::memory_order_release);
  wake_();
}

std::optional<TableAnswer> TableQueue::answer() {
  for (std::size_t n = 0; n < group_count_; ++n) {
    Place& place = places_[answer_turn_];
    const risk::GroupIndex group{static_cast<std::uint32_t>(answer_turn_)};
    answer_turn_ = (answer_turn_ + 1) % group_count_;
    if (place.state.load(std::memory_order_acquire) != State::Answered) continue;
    place.table.table.reset();
    place.state.store(State::Empty, std::memory_order_relaxed);
    return TableAnswer{.group = group, .version = place.version, .in_force = place.in_force};
  }
  return std::nullopt;
}

PublishedTable* TableQueue::next() noexcept {
  if (published_.load(std::memory_order_acquire) == 0) return nullptr;
  while (places_[next_].state.load(std::memory_order_acquire) != State::Published)
    next_ = (next_ + 1) % group_count_;
  return &places_[next_].table;
}

void TableQueue::answer_next(bool in_force) noexcept {
  published_.fetch_sub(1, std::memory_order_relaxed);
  places_[next_].in_force = in_force;
  places_[next_].state.store(State::Answered, std::memory_order_release);
}

}  // namespace portcullis::feeds
