// The way of parameters from the thread that makes them to the shard, and back: the shard neither waits
// nor frees memory (as feeds/table_queue.h). One place: what is in it is answered before the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "gateway/gate/parameters.h"

namespace portcullis::gateway::parameters {

struct ParameterAnswer {
  bool is_taken = false;
  std::uint64_t sequence = 0;  // of the last record, where they were taken
  std::int64_t time_ns = 0;    // of the records
};

class ParameterQueue {
 public:
  // `wake` is called on the publisher's thread; it must not block.
  explicit ParameterQueue(std::function<void()> wake);

  // --- the publisher's thread

  // REQUIRES: everything before has been answered for.
  void publish(gate::PublishedParameters parameters);
  // What became of them; none: there is no answer yet. What they have replaced is freed.
  std::optional<ParameterAnswer> answer();

  // --- the shard's

  // What waits, until answer_next(); null: nothing.
  [[nodiscard]] gate::PublishedParameters* next() noexcept;
  void answer_next(ParameterAnswer answer) noexcept;

 private:
  enum class State : std::uint8_t { Empty, Published, Answered };
  const std::function<void()> wake_;
  gate::PublishedParameters parameters_;
  ParameterAnswer answer_;
  std::atomic<State> state_{State::Empty};
};

}  // namespace portcullis::gateway::parameters
