// What a thread that makes passes over a SocketTransport does behind one that had nothing to do: as it is
// configured (ORDERLIFE 5).
#pragma once

#include <immintrin.h>
#include <sched.h>

#include <chrono>
#include <cstdint>

#include "config/deployment.h"
#include "gateway/shard/socket_transport.h"

namespace portcullis::gateway::shard {

class Idle {
 public:
  Idle(config::Waiting waiting, SocketTransport& transport)
      : waiting_(waiting), transport_(transport) {}

  // A pass had something to do.
  void worked(std::int64_t now_ns) noexcept { since_ns_ = now_ns; }
  // `is_busy` is asked before a sleep, when whoever makes work would already wake us.
  template <class IsBusy>
  void wait(std::int64_t now_ns, IsBusy&& is_busy) {
    if (waiting_ == config::Waiting::Spin) {
      _mm_pause();
      return;
    }
    if (waiting_ == config::Waiting::Backoff && now_ns - since_ns_ < kYieldNs) {
      ::sched_yield();
      return;
    }
    transport_.bell().will_sleep();
    if (!is_busy()) transport_.sleep(kSleepMax);
    transport_.bell().stay_awake();
  }

 private:
  static constexpr std::int64_t kYieldNs = 200'000;  // backoff: how long it yields before it sleeps
  static constexpr std::chrono::milliseconds kSleepMax{10};  // timers are never later than this

  const config::Waiting waiting_;
  SocketTransport& transport_;
  std::int64_t since_ns_ = 0;
};

}  // namespace portcullis::gateway::shard
