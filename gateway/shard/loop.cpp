#include "gateway/shard/loop.h"

#include <chrono>

namespace portcullis::gateway::shard {

namespace {

constexpr std::chrono::milliseconds kStopSleep{1};

}  // namespace

Loop::Loop(const config::Deployment& deployment, const security::Credentials& credentials,
           gate::Gate& gate, journal::Journal& journal, Inputs inputs, Doorbell* follower)
    : journal_(journal),
      follower_(follower),
      transport_(deployment),
      idle_(deployment.gateway.waiting, transport_),
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
      idle_.worked(shard_.now_ns());
    } else {
      idle_.wait(shard_.now_ns(), [this] { return stopping_.load() || shard_.drain_queues(); });
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

}  // namespace portcullis::gateway::shard
