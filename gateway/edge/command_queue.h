// The bounded queue between the edge thread and the shard: what sessions that do not speak OUCH
// ask for, in the engine's terms.
//
// An order or cancel that finds the queue full is the edge's to refuse; the comings and goings of
// sessions are never lost, since cancel on disconnect hangs on them.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "gateway/gate/records.h"
#include "risk/commands.h"

namespace portcullis::gateway::edge {

struct EdgeCommand {
  // Alive: the session has been heard of (ping, query), for its dead-man timer; every other command
  // but SessionDown says so too.
  enum class Type : std::uint8_t { Enter, Replace, Cancel, SessionUp, SessionDown, Alive };
  Type type = Type::Enter;
  risk::SessionIndex session;
  // The one that `type` says; the shard sets its time.
  risk::NewOrder enter{};
  risk::ReplaceOrder replace{};
  risk::CancelOrder cancel{};
  gate::OrderName name{};  // of what is entered
};

class CommandQueue {
 public:
  // Holds at most `capacity` orders and cancels. `wake` is called on the producer's thread after
  // each push. REQUIRES: capacity > 0.
  CommandQueue(std::uint32_t capacity, std::function<void()> wake);

  // --- the edge's thread. May allocate.
  // False: full, and nothing was queued; never for SessionUp and SessionDown.
  bool push(const EdgeCommand& command);
  // No more orders and cancels come.
  void close() noexcept { closed_.store(true, std::memory_order_release); }

  // --- the shard's. Neither allocates nor locks.
  // Takes at most out.size() commands in the order in which they were pushed; returns how many.
  std::size_t drain(std::span<EdgeCommand> out) noexcept;
  // Once it is closed, what drain() leaves behind is all there will be.
  [[nodiscard]] bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  // --- any thread. How many commands wait.
  [[nodiscard]] std::uint64_t waiting() const noexcept;

 private:
  const std::uint32_t capacity_;
  const std::function<void()> wake_;
  std::atomic<std::uint64_t> pushed_{0};
  std::atomic<bool> closed_{false};
  moodycamel::ConcurrentQueue<EdgeCommand> queue_;
  moodycamel::ProducerToken token_;
  alignas(64) std::atomic<std::uint64_t> popped_{0};
};

}  // namespace portcullis::gateway::edge
