#include "gateway/edge/command_queue.h"

#include <stdexcept>
#include <utility>

namespace portcullis::gateway::edge {

CommandQueue::CommandQueue(std::uint32_t capacity, std::function<void()> wake)
    : capacity_(capacity), wake_(std::move(wake)), queue_(capacity, 1, 0), token_(queue_) {
  if (capacity == 0 || !token_.valid()) throw std::runtime_error("the edge's queue has no room");
}

bool CommandQueue::push(const EdgeCommand& command) {
  using Type = EdgeCommand::Type;
  const bool must = command.type == Type::SessionUp || command.type == Type::SessionDown;
  const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
  if (!must && pushed - popped_.load(std::memory_order_acquire) >= capacity_) return false;
  if (!queue_.enqueue(token_, command)) return false;
  pushed_.store(pushed + 1, std::memory_order_relaxed);
  if (wake_) wake_();
  return true;
}

std::size_t CommandQueue::drain(std::span<EdgeCommand> out) noexcept {
  const std::size_t n = queue_.try_dequeue_bulk_from_producer(token_, out.data(), out.size());
  if (n != 0) popped_.store(popped_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  return n;
}

// A command may be popped before it is counted as pushed.
std::uint64_t CommandQueue::waiting() const noexcept {
  const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
  const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
  return pushed > popped ? pushed - popped : 0;
}

}  // namespace portcullis::gateway::edge
