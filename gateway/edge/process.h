// The JSON door as a part of the process: what the edge, the shard and the follower share of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/edge/account_look.h"
#include "gateway/edge/command_queue.h"
#include "gateway/edge/edge.h"
#include "gateway/follower/follower.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/json/order_store.h"
#include "gateway/security/credentials.h"
#include "gateway/shard/doorbell.h"

namespace portcullis::gateway::edge {

// The follower's order store, which is in its snapshots: the edge begins with a copy of it.
class SavedOrders final : public follower::Companion {
 public:
  explicit SavedOrders(const config::Deployment& deployment);
  [[nodiscard]] std::string_view name() const override { return "orders"; }
  void take(const journal::RecordView& record, gate::Gate&) override { store_->take(record); }
  [[nodiscard]] std::size_t saved_bytes() const override;
  void save(std::span<std::byte> out) const override;
  [[nodiscard]] bool load(std::span<const std::byte> saved) override;

 private:
  const config::Deployment& deployment_;
  std::unique_ptr<json::OrderStore> store_;
  mutable std::vector<std::byte> bytes_;  // between saved_bytes() and save()
};

class Process {
 public:
  // `wake` is called when something is queued for the shard. REQUIRES: a deployment with an edge,
  // which outlives this.
  Process(const config::Deployment& deployment, std::function<void()> wake);

  [[nodiscard]] follower::Companion& orders() { return orders_; }
  [[nodiscard]] CommandQueue& queue() { return queue_; }
  [[nodiscard]] shard::Doorbell& bell() { return bell_; }

  // Listens, before the follower and the shard run: the gate and the follower's orders stand at the
  // same record. Throws as Edge does.
  void open(const security::Credentials& credentials, gate::Gate& gate,
            const journal::Journal& journal, follower::Follower& follower);
  void start() { edge_->start(); }
  // A stop in two steps: edge.h.
  void begin_stop() { edge_->begin_stop(); }
  void stop(std::uint64_t last_record) { edge_->stop(last_record); }
  [[nodiscard]] const Edge& edge() const { return *edge_; }
  [[nodiscard]] std::uint16_t port() const { return edge_->port(); }

 private:
  const config::Deployment& deployment_;
  SavedOrders orders_;
  CommandQueue queue_;
  shard::Doorbell bell_;
  json::OrderStore store_;  // the edge's
  std::unique_ptr<FollowerLook> look_;
  std::unique_ptr<Edge> edge_;
};

}  // namespace portcullis::gateway::edge
