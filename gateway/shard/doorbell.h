// Wakes a thread that sleeps on an eventfd, and costs the ringing thread a load when it does not.
//
// The sleeper says will_sleep(), looks once more whether there is work, and then waits until fd() is
// readable; awake() afterwards, or stay_awake() where it has not waited so long. Whoever makes work
// for it makes the work visible first and then rings.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace portcullis::gateway::shard {

class Doorbell {
 public:
  // Throws std::runtime_error: no eventfd.
  Doorbell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("no eventfd");
  }
  ~Doorbell() { ::close(fd_); }
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // --- the sleeper
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void will_sleep() noexcept { sleeping_.store(true, std::memory_order_seq_cst); }
  // What has rung meanwhile stays to be heard by the next wait.
  void stay_awake() noexcept { sleeping_.store(false, std::memory_order_relaxed); }
  void awake() noexcept {
    stay_awake();
    std::uint64_t count = 0;
    (void)!::read(fd_, &count, sizeof count);
  }

  // --- any thread, or a signal handler
  void ring() noexcept {
    // Orders the work that was made visible before the look at the sleeper.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!sleeping_.load(std::memory_order_relaxed)) return;
    sleeping_.store(false, std::memory_order_relaxed);
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }

 private:
  const int fd_;
  std::atomic<bool> sleeping_{false};
};

}  // namespace portcullis::gateway::shard
