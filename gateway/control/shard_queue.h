// The way of an operator's commands and questions from the control plane's thread to the shard, and of
// the answers back. The shard neither waits nor allocates: it writes each answer into the place of
// what was asked.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/gate/gate.h"
#include "gateway/gate/records.h"
#include "gateway/shard/doorbell.h"
#include "risk/commands.h"

namespace portcullis::gateway::shard {
struct Figures;
}

namespace portcullis::gateway::control {

// A bounded ring between a thread that asks and one that answers, in the order of asking.
template <class T>
class AnsweredRing {
 public:
  explicit AnsweredRing(std::size_t capacity)
      : capacity_(capacity), places_(std::make_unique<T[]>(capacity)) {}

  // --- who asks
  // False: it is full.
  [[nodiscard]] bool ask(const T& asked) {
    const std::uint64_t at = asked_.load(std::memory_order_relaxed);
    if (at - taken_ == capacity_) return false;
    places_[at % capacity_] = asked;
    asked_.store(at + 1, std::memory_order_release);
    return true;
  }
  // The oldest that is answered, until take(); null: there is none.
  [[nodiscard]] const T* answered() const {
    return taken_ == answered_.load(std::memory_order_acquire) ? nullptr
                                                               : &places_[taken_ % capacity_];
  }
  void take() { ++taken_; }
  // How many are not answered yet.
  [[nodiscard]] std::uint64_t waiting() const {
    return asked_.load(std::memory_order_relaxed) - answered_.load(std::memory_order_acquire);
  }

  // --- who answers
  // The oldest that is not answered, until answer(); null: there is none.
  [[nodiscard]] T* next() noexcept {
    const std::uint64_t at = answered_.load(std::memory_order_relaxed);
    return at == asked_.load(std::memory_order_acquire) ? nullptr : &places_[at % capacity_];
  }
  void answer() noexcept {
    answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  const std::size_t capacity_;
  const std::unique_ptr<T[]> places_;
  std::uint64_t taken_ = 0;
  // Each written by one of the threads.
  alignas(64) std::atomic<std::uint64_t> asked_{0};
  alignas(64) std::atomic<std::uint64_t> answered_{0};
};

// What an operator does. The answer says whether it was done, and by which record.
struct Command {
  enum class Type : std::uint8_t {
    Control,         // kill, suspend, close-only, resume
    CancelAll,       // of control's scope and target
    LostOrdersDead,  // done: the venue has lost its session
    AcceptState,     // done: a state with a difference was there to accept
    Fact,            // done: `fact_answer` says so
    Acknowledge,     // of a warning, which whoever asks has seen standing
  };
  std::uint64_t request = 0;
  Type type = Type::Control;
  risk::Control control{};
  config::NumberedFact fact{};
  gate::AcknowledgeRecord acknowledge{};
  gate::OperatorRecord who{};  // its time: when the command was accepted
  // the answer
  bool done = false;
  std::uint64_t sequence = 0;  // of the command's record, where it was done
  gate::FactAnswer fact_answer{};
};

// What the shard is asked: the decision on an order as things stand, or its figures.
struct Question {
  std::uint64_t request = 0;
  std::uint32_t item = 0;  // of the request
  risk::NewOrder order{};
  shard::Figures* figures = nullptr;  // not null: to be filled in, and `order` says nothing
  // the answer
  risk::Decision decision{};
  std::uint64_t sequence = 0;  // of the last record when it was answered
};

// Commands wait for no order; questions come behind them (shard.h).
struct ShardQueue {
  // `wake` is called by who asks, after ask(); it must not block.
  explicit ShardQueue(std::function<void()> wake_shard)
      : commands(kCommandsMax), questions(kQuestionsMax), wake(std::move(wake_shard)) {}

  static constexpr std::size_t kCommandsMax = 256;
  static constexpr std::size_t kQuestionsMax = 1'024;

  AnsweredRing<Command> commands;
  AnsweredRing<Question> questions;
  const std::function<void()> wake;
  shard::Doorbell answers;  // rung by the shard when it has answered
};

}  // namespace portcullis::gateway::control
