// The regimes of a running gate: watches the marks in its journal, wherever they come from, as they are
// applied (follower::Companion), and asks for the choice that they lead to (feeds/regime_desk.h). A
// start-up shows it the marks of the records that it redoes, so that it need not warm up anew.
//
// What it knows is not in snapshots: it is made of the marks of the last while.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/regime_desk.h"
#include "gateway/follower/snapshot.h"

namespace portcullis::gateway::parameters {

class RegimeWatch : public follower::Companion {
 public:
  // `tell` is called on the follower's thread with what an operator should know.
  RegimeWatch(const config::Deployment& deployment, std::function<void(const std::string&)> tell);

  // From now on it asks; before, it only looks. `in_force`: the choice that is. `ask` is called on the
  // follower's thread and must not wait.
  void begin(const config::RegimeChoice& in_force, risk::Timestamp now,
             std::function<void(const config::RegimeChoice&)> ask);

  // --- follower::Companion
  [[nodiscard]] std::string_view name() const override { return "regimes"; }
  void take(const journal::RecordView& record, gate::Gate& gate) override;
  [[nodiscard]] std::size_t saved_bytes() const override;
  void save(std::span<std::byte> out) const override;
  [[nodiscard]] bool load(std::span<const std::byte> saved) override;

 private:
  const std::function<void(const std::string&)> tell_;
  std::mutex mutex_;
  feeds::RegimeDesk desk_;
  std::vector<bool> is_unsafe_;  // by instrument: its mark, on which nothing is to be decided
  std::function<void(const config::RegimeChoice&)> ask_;  // none: not yet
};

}  // namespace portcullis::gateway::parameters
