#include "gateway/parameters/parameter_queue.h"

#include <utility>

namespace portcullis::gateway::parameters {

ParameterQueue::ParameterQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

void ParameterQueue::publish(gate::PublishedParameters parameters) {
  PORTCULLIS_ASSERT(state_.load(std::memory_order_relaxed) == State::Empty);
  parameters_ = std::move(parameters);
  state_.store(State::Published, std::memory_order_release);
  wake_();
}

std::optional<ParameterAnswer> ParameterQueue::answer() {
  if (state_.load(std::memory_order_acquire) != State::Answered) return std::nullopt;
  parameters_ = {};
  const ParameterAnswer answer = answer_;
  state_.store(State::Empty, std::memory_order_relaxed);
  return answer;
}

gate::PublishedParameters* ParameterQueue::next() noexcept {
  return state_.load(std::memory_order_acquire) == State::Published ? &parameters_ : nullptr;
}

void ParameterQueue::answer_next(ParameterAnswer answer) noexcept {
  answer_ = answer;
  state_.store(State::Answered, std::memory_order_release);
}

}  // namespace portcullis::gateway::parameters
