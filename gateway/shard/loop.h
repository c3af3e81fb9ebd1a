// The shard's thread: passes one after the other over sockets, and between them the waiting that is
// configured (ORDERLIFE 5).
#pragma once

#include <atomic>
#include <cstdint>

#include "config/deployment.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/stream_server.h"
#include "gateway/security/credentials.h"
#include "gateway/security/login_checker.h"
#include "gateway/shard/doorbell.h"
#include "gateway/shard/idle.h"
#include "gateway/shard/shard.h"
#include "gateway/shard/socket_transport.h"

namespace portcullis::gateway::shard {

class Loop {
 public:
  // Opens the listening socket. Everything must outlive the loop. Throws when it cannot listen.
  // `follower`, which may be null, is rung after each pass that has written to the journal.
  Loop(const config::Deployment& deployment, const security::Credentials& credentials,
       gate::Gate& gate, journal::Journal& journal, Inputs inputs, Doorbell* follower);

  [[nodiscard]] std::uint16_t port() const { return transport_.port(); }

  // Passes until stop().
  void run();
  // Once, after run(), on its thread: returns when what the edge has accepted is decided and
  // everything that had to leave has left, or after a few seconds.
  void finish();
  // From any thread or a signal handler.
  void stop() noexcept;
  // From any thread: something has been queued for the shard.
  void wake() noexcept;

  // The loop's thread, or any once run() has returned.
  [[nodiscard]] const Shard& shard() const { return shard_; }

 private:
  void ring() noexcept;

  const journal::Journal& journal_;
  Doorbell* const follower_;
  std::uint64_t rung_for_ = 0;  // the last record it was rung for
  SocketTransport transport_;
  Idle idle_;
  Shard shard_;
  std::atomic<bool> stopping_{false};
  // They wake us: begin last and end first.
  security::LoginChecker logins_;
  journal::StreamServer streams_;
};

}  // namespace portcullis::gateway::shard
