#include "gateway/edge/process.h"

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace portcullis::gateway::edge {

namespace {

json::OrderStoreLimits store_limits(const config::Deployment& deployment, bool with_changes) {
  return {.closed_per_account = deployment.edge->order_history,
          .executions_per_account = deployment.edge->execution_history,
          .with_changes = with_changes};
}

}  // namespace

SavedOrders::SavedOrders(const config::Deployment& deployment) : deployment_(deployment) {
  (void)load({});
}

std::size_t SavedOrders::saved_bytes() const {
  bytes_.clear();
  store_->save(bytes_);
  return bytes_.size();
}

void SavedOrders::save(std::span<std::byte> out) const {
  std::ranges::copy(bytes_, out.begin());
  bytes_ = {};
}

bool SavedOrders::load(std::span<const std::byte> saved) {
  auto store = std::make_unique<json::OrderStore>(deployment_, store_limits(deployment_, false));
  if (!saved.empty() && !store->load(saved).empty()) return false;
  store_ = std::move(store);
  return true;
}

Process::Process(const config::Deployment& deployment, std::function<void()> wake)
    : deployment_(deployment),
      orders_(deployment),
      queue_(deployment.edge->queue_commands, std::move(wake)),
      store_(deployment, store_limits(deployment, true)) {}

void Process::open(const security::Credentials& credentials, gate::Gate& gate,
                   const journal::Journal& journal, follower::Follower& follower) {
  std::vector<std::byte> bytes(orders_.saved_bytes());
  orders_.save(bytes);
  if (const std::string problem = store_.load(bytes); !problem.empty())
    throw std::runtime_error(problem);
  look_ = std::make_unique<FollowerLook>(deployment_, follower);
  std::function<std::uint64_t()> visible_through;
  if (journal.durability() == journal::Durability::Fsync) {
    visible_through = [&journal] { return journal.synced_sequence(); };
  }
  edge_ = std::make_unique<Edge>(EdgeNeeds{.deployment = deployment_,
                                           .secrets = credentials.signing,
                                           .journal = deployment_.journal.directory,
                                           .store = store_,
                                           .queue = queue_,
                                           .bell = bell_,
                                           .look = *look_,
                                           .visible_through = std::move(visible_through),
                                           .on_failure = [](const std::string& what) {
                                             std::cerr << "the JSON door has closed: " << what
                                                       << '\n';
                                           }});
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s) {
    if (deployment_.sessions[s].protocol == config::Protocol::Json)
      edge_->set_watermark({s}, gate.engine().watermark({s}));
  }
}

}  // namespace portcullis::gateway::edge
