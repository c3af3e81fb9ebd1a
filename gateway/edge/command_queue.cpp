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
  if (!must && pushed_ - popped_.load(std::memory_order_acquire) >= capacity_) return false;
  if (!queue_.enqueue(token_, command)) return false;
  ++pushed_;
  if (wake_) wake_();
  return true;
}

std::size_t CommandQueue::drain(std::span<EdgeCommand> out) noexcept {
  const std::size_t n = queue_.try_dequeue_bulk_from_producer(token_, out.data(), out.size());
  if (n != 0) popped_.store(popped_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  return n;
}

}  // namespace portcullis::gateway::edge
