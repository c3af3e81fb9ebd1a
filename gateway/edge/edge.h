// The edge: the thread of the JSON clients, with their sockets, their door, and its way through the
// journal. It never touches the gate: orders go through the queue, everything else is read from the
// journal, behind the shard.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/deployment.h"
#include "config/password.h"
#include "gateway/edge/json_door.h"
#include "gateway/edge/server.h"
#include "gateway/journal/reader.h"
#include "gateway/shard/doorbell.h"

namespace portcullis::gateway::edge {

// REQUIRES a deployment with an edge.
[[nodiscard]] ServerSettings server_settings(const config::Deployment& deployment);

// What the edge needs of the rest of the process. All of it must outlive the edge.
struct EdgeNeeds {
  const config::Deployment& deployment;           // with an edge
  const std::vector<config::ApiSecret>& secrets;  // by session, of those that speak JSON
  std::filesystem::path journal;                  // its directory
  json::OrderStore& store;  // of the records up to its sequence; then the edge's
  CommandQueue& queue;
  shard::Doorbell& bell;  // rung when the journal has grown
  AccountLook& look;      // asked on the edge's thread
  // The last record that may be acted on: what is published, or, in durability fsync, what is synced.
  // Empty: every record that can be read. Called on the edge's thread.
  std::function<std::uint64_t()> visible_through;
  // The journal cannot be read on, or something else ends the edge. Called on its thread, once;
  // its connections are closed then.
  std::function<void(const std::string&)> on_failure;
};

class Edge {
 public:
  // Listens already; connections wait. Throws std::runtime_error as Server does, and JournalError.
  explicit Edge(const EdgeNeeds& needs);
  ~Edge();  // stop()
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  // What the engine has counted for a session, before start().
  void set_watermark(risk::SessionIndex session, std::uint32_t client_ref) {
    door_.set_watermark(session, client_ref);
  }
  // Reads what the journal has, then takes connections.
  void start();
  // A stop in good order has two steps, so that what was accepted is decided and answered; any
  // thread, one after the other.
  // First: nobody new is let in, logins and orders are refused, what was accepted is in the queue,
  // and the queue is closed. Does not wait.
  void begin_stop();
  // Then, once the shard has written its last record: answers go out while their records come in, and
  // what clients have sent before is read, at most as long as a connection may take to close. What
  // has no record up to `last_record`, where it is not 0, is answered as not taken. The connections
  // are closed with 1001 once what is queued has left; waits for it, a little longer than a
  // connection may take at most.
  void stop(std::uint64_t last_record = 0);

  // After stop(), or on the edge's thread.
  [[nodiscard]] const ServerCounters& server_counters() const { return server_.counters(); }
  [[nodiscard]] const DoorCounters& door_counters() const { return door_.counters(); }

 private:
  void run();
  void catch_up();
  bool follow();
  void follow_on();
  void wait_for_bell();
  void wait_for_time(bool more);
  void fail(const std::string& what);
  void stop_taking();
  void end(std::int64_t now_ns);

  EdgeNeeds needs_;
  const ServerSettings settings_;
  boost::asio::io_context io_;
  Server server_;
  JsonDoor door_;
  journal::Reader reader_;
  boost::asio::posix::stream_descriptor bell_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer grace_;
  bool failed_ = false;
  bool ending_ = false;  // stop(): what is outstanding is awaited
  bool closing_ = false;
  std::uint64_t last_record_ = 0;
  std::int64_t give_up_ns_ = 0;
  std::uint64_t heard_ = 0;  // messages and requests
  std::int64_t quiet_since_ns_ = 0;
  std::atomic<bool> stop_wanted_{false};  // while what the journal has is read
  std::thread thread_;
};

}  // namespace portcullis::gateway::edge
