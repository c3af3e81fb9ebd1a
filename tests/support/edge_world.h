// The whole way of a JSON client in one process: the edge on its thread, a gate with the simulated
// venue on another, and between them the queue, the bell and the journal, as in `portcullis run`. The
// sessions are those of json_world.h. In durability fsync the edge sees what is synced.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/edge/edge.h"
#include "tests/support/json_world.h"

namespace portcullis::test {

class EdgeWorld : private gateway::edge::AccountLook {
 public:
  explicit EdgeWorld(const std::vector<Change>& more = {});
  ~EdgeWorld() override;
  EdgeWorld(const EdgeWorld&) = delete;
  EdgeWorld& operator=(const EdgeWorld&) = delete;

  [[nodiscard]] std::uint16_t port() const { return edge_->port(); }
  // f(world), while the gate's thread stands still; then it goes on.
  void with(const std::function<void(GateWorld&)>& f);
  // The edge ends, as it does where the process is stopped.
  void stop_edge();
  [[nodiscard]] const gateway::edge::Edge& edge() const { return *edge_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  std::uint64_t sequence() override;
  bool look(risk::AccountIndex account, std::int64_t now_ns,
            gateway::edge::AccountState& state) override;
  void pause() override {}
  void run();
  bool take_queue();

  std::mutex mutex_;  // of the gate
  std::condition_variable woken_;
  bool wanted_ = false;
  bool stopping_ = false;
  GateWorld world_;
  EngineLook look_;
  std::vector<config::ApiSecret> secrets_;
  gateway::edge::CommandQueue queue_;
  gateway::shard::Doorbell bell_;
  gateway::json::OrderStore store_;
  std::string failure_;
  std::unique_ptr<gateway::edge::Edge> edge_;
  std::thread gate_thread_;
};

}  // namespace portcullis::test
