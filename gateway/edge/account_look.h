// What an engine that follows the journal says of an account, for who stands outside the shard.
#pragma once

#include <cstdint>
#include <vector>

#include "config/deployment.h"
#include "gateway/json/encode.h"
#include "risk/engine.h"

namespace portcullis::gateway::follower {
class Follower;
}

namespace portcullis::gateway::edge {

struct AccountState {
  std::vector<json::Position> positions;  // that are not zero
  std::vector<json::Holding> holdings;    // that are not empty
  risk::MarginReport margin;
};

class AccountLook {
 public:
  virtual ~AccountLook() = default;
  // All records up to here are in what look() says.
  virtual std::uint64_t sequence() = 0;
  // False: it cannot be said now. Does not wait.
  virtual bool look(risk::AccountIndex account, std::int64_t now_ns, AccountState& state) = 0;
  // Waits a moment, less than a millisecond, in which another look may become possible.
  virtual void pause() = 0;
};

// An engine's account. `sequence`: of the last record that the engine has taken.
void look_at(risk::Engine& engine, const config::Deployment& deployment, risk::AccountIndex account,
             std::int64_t now_ns, std::uint64_t sequence, AccountState& state);

// The follower's, which must outlive this. Any thread. While it takes records or copies a snapshot
// there is no look.
class FollowerLook final : public AccountLook {
 public:
  FollowerLook(const config::Deployment& deployment, follower::Follower& follower)
      : deployment_(deployment), follower_(follower) {}
  std::uint64_t sequence() override;
  bool look(risk::AccountIndex account, std::int64_t now_ns, AccountState& state) override;
  void pause() override;

 private:
  const config::Deployment& deployment_;
  follower::Follower& follower_;
};

}  // namespace portcullis::gateway::edge
