#include "gateway/shard/loop.h"

#include <immintrin.h>
#include <sched.h>

#include <chrono>

namespace portcullis::gateway::shard {

namespace {

constexpr std::int64_t kYieldNs = 200'000;          // backoff: how long it yields before it sleeps
constexpr std::chrono::milliseconds kSleepMax{10};  // timers are never later than this
constexpr std::chrono::milliseconds kStopSleep{1};

}  // namespace

Loop::Loop(const config::Deployment& deployment, const security::Credentials& credentials,
           gate::Gate& gate, journal::Journal& journal, Inputs inputs, Doorbell* follower)
    : waiting_(deployment.gateway.waiting),
      journal_(journal),
      follower_(follower),
      transport_(deployment),
      shard_(deployment, credentials.venue, logins_, gate, journal, streams_, inputs, transport_),
      logins_(
          [&credentials](risk::SessionIndex session, std::string_view password) {
            return credentials.verify(session, password);
          },
          deployment.gateway.unauthenticated_max, [this] { wake(); }),
      streams_(deployment.journal.directory, deployment.gateway.connections_max,
               [this] { wake(); }) {}

void Loop::wake() noexcept { transport_.bell().ring(); }

void Loop::stop() noexcept {
  stopping_.store(true);
  wake();
}

void Loop::run() {
  shard_.begin();
  while (!stopping_.load(std::memory_order_relaxed)) {
    const bool worked = shard_.pass();
    ring();
    if (worked) {
      idle_since_ns_ = shard_.now_ns();
    } else {
      wait();
    }
  }
}

void Loop::finish() {
  shard_.begin_stop();
  for (;;) {
    const bool is_done = shard_.stop_pass();
    ring();
    if (is_done) return;
    transport_.sleep(kStopSleep);
  }
}

void Loop::ring() noexcept {
  if (follower_ == nullptr || journal_.published_sequence() == rung_for_) return;
  rung_for_ = journal_.published_sequence();
  follower_->ring();
}

void Loop::wait() {
  if (waiting_ == config::Waiting::Spin) {
    _mm_pause();
    return;
  }
  if (waiting_ == config::Waiting::Backoff && shard_.now_ns() - idle_since_ns_ < kYieldNs) {
    ::sched_yield();
    return;
  }
  transport_.bell().will_sleep();
  if (!stopping_.load() && !shard_.drain_queues()) transport_.sleep(kSleepMax);
  transport_.bell().stay_awake();
}

}  // namespace portcullis::gateway::shard
