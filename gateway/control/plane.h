// The control plane's thread, with its sockets, its door and its way through the journal. A thread of
// its own, so that no flood of clients is ahead of a kill; at a lower priority than the shard's.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "config/control_settings.h"
#include "config/deployment.h"
#include "gateway/control/door.h"
#include "gateway/control/shard_queue.h"
#include "gateway/edge/command_queue.h"
#include "gateway/edge/server.h"
#include "gateway/follower/follower.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway::control {

[[nodiscard]] edge::ServerSettings server_settings(const config::ControlSettings& settings);

class Plane {
 public:
  // `needs` as of ControlDoor. Listens already; connections wait. The records in `journal`, a
  // directory, are read from a while before `published` on, those up to visible_through() (empty: all
  // that can be read). on_failure is called on the plane's thread where the journal cannot be read on:
  // then there are no more events, and all else goes on. Throws std::runtime_error as Server does.
  Plane(const ControlNeeds& needs, const std::filesystem::path& journal, std::uint64_t published,
        std::function<std::uint64_t()> visible_through,
        std::function<void(const std::string&)> on_failure);
  ~Plane();  // stop()
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  void start();
  // A stop in two steps: nothing more is taken; then, once the shard has answered what it will, the
  // replies leave and the connections are closed. The second waits for it, some seconds at most.
  void begin_stop();
  void stop();

  // After stop(), or on the plane's thread.
  [[nodiscard]] const ControlCounters& counters() const { return door_.counters(); }
  [[nodiscard]] const edge::ServerCounters& server_counters() const { return server_.counters(); }

 private:
  void run();
  [[nodiscard]] bool follow();
  void wait_for_time(bool is_more);
  void wait_for_answers();
  void end();

  const ControlNeeds needs_;
  const edge::ServerSettings settings_;
  const std::function<std::uint64_t()> visible_through_;
  const std::function<void(const std::string&)> on_failure_;
  boost::asio::io_context io_;
  edge::Server server_;
  ControlDoor door_;
  std::unique_ptr<journal::Reader> reader_;  // null: it cannot be read
  boost::asio::posix::stream_descriptor answers_;
  boost::asio::steady_timer timer_;
  std::int64_t give_up_ns_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

// The control plane as a part of the process: what the shard and the follower share of it.
class Process {
 public:
  // `wake` is called when something is queued for the shard; it must not block. The deployment and
  // the settings outlive this.
  Process(const config::Deployment& deployment, const config::ControlSettings& settings,
          std::function<void()> wake)
      : deployment_(deployment), settings_(settings), queue_(std::move(wake)) {}

  [[nodiscard]] ShardQueue& queue() { return queue_; }
  // Before the shard runs. Throws as Plane does.
  // `orders` is the JSON door's queue; null: there is none. `feeds` may be called on the plane's thread
  // until it has stopped.
  void open(const journal::Journal& journal, follower::Follower& follower,
            const follower::SweepWatch& sweeps, const follower::WarningWatch& warnings,
            const audit::AuditLog& audit, const edge::CommandQueue* orders,
            std::function<feeds::FeedFigures()> feeds, parameters::ChangeExchange& changes);
  [[nodiscard]] Plane& plane() { return *plane_; }

 private:
  const config::Deployment& deployment_;
  const config::ControlSettings& settings_;
  ShardQueue queue_;
  std::unique_ptr<Plane> plane_;
};

}  // namespace portcullis::gateway::control
