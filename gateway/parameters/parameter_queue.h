// The way of parameters from the thread that makes them to the shard, and back: the shard neither waits
// nor frees memory (as feeds/table_queue.h). One place: what is in it is answered before the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "gateway/gate/parameters.h"

namespace portcullis::gateway::parameters {

class ParameterQueue {
 public:
  // `wake` is called on the publisher's thread; it must not block.
  explicit ParameterQueue(std::function<void()> wake);

  // --- the publisher's thread

  // REQUIRES: everything before has been answered for.
  void publish(gate::PublishedParameters parameters);
  // Whether they are in force; none: there is no answer yet. What they have replaced is freed.
  std::optional<bool> answer();

  // --- the shard's

  // What waits, until answer_next(); null: nothing.
  [[nodiscard]] gate::PublishedParameters* next() noexcept;
  void answer_next(bool in_force) noexcept;

 private:
  enum class State : std::uint8_t { Empty, Published, Answered };
  const std::function<void()> wake_;
  gate::PublishedParameters parameters_;
  bool in_force_ = false;
  std::atomic<State> state_{State::Empty};
};

}  // namespace portcullis::gateway::parameters
