// A gate and the JSON door in one thread: what clients say goes through the door and the queue into
// the gate, and comes back through the journal, when the test lets it (settle). The sockets are lists
// of texts, and the engine that follows the journal is the gate itself.
//
// Sessions beside those of the example: JSON1 (alpha-1), JSON2 (bravo-1), and the drop copy DROP1 of
// alpha-1 and alpha-2. BTCUSDT is BTC-PERP, AMZN is AMZN, category linear both.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/edge/json_door.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

// The example with JSON sessions, their instruments and an edge on any port.
[[nodiscard]] std::vector<Change> json_changes();
// What JSON1, JSON2 and DROP1 sign with.
[[nodiscard]] std::string api_secret(std::string_view session);
[[nodiscard]] std::vector<config::ApiSecret> api_secrets(const config::Deployment& deployment);

// HMAC-SHA256, in hexadecimal, by OpenSSL and not by the product.
[[nodiscard]] std::string signed_text(std::string_view secret, std::string_view text);
// An auth request that is valid for some seconds from now.
[[nodiscard]] std::string auth_request(std::string_view session, std::int64_t now_ms);

// A value of a JSON text as text: "data.orderId", "data[0].size"; "" where there is none.
[[nodiscard]] std::string value_at(const std::string& json, std::string_view path);

// What the shard does with a command of the edge.
void take_command(GateWorld& world, const gateway::edge::EdgeCommand& command);

// What an engine says of its accounts.
class EngineLook : public gateway::edge::AccountLook {
 public:
  explicit EngineLook(GateWorld& world) : world_(world) {}
  std::uint64_t sequence() override { return lag ? 0 : world_.journal().published_sequence(); }
  bool look(risk::AccountIndex account, std::int64_t now_ns,
            gateway::edge::AccountState& state) override;
  void pause() override { ++pauses; }
  bool lag = false;                       // it has not seen anything yet
  std::uint64_t looks_left = UINT64_MAX;  // then it is busy
  std::uint64_t busy_for = 0;             // it is for so many looks
  std::uint64_t refused = 0;
  std::uint64_t pauses = 0;

 private:
  GateWorld& world_;
};

class JsonWorld : public gateway::edge::Outlet {
 public:
  explicit JsonWorld(const gateway::edge::DoorLimits& limits = {},
                     const std::vector<Change>& more = {}, std::uint32_t queue_capacity = 256);

  using Id = gateway::edge::ConnectionId;
  Id connect(gateway::edge::Channel channel = gateway::edge::Channel::Trade,
             gateway::edge::Address address = 0);
  void disconnect(Id id);
  // Connected and logged in.
  Id log_in(std::string_view session);
  // On its way, and not further.
  void say(Id id, const std::string& text);
  // say(), and what came of it once everything has settled.
  std::string ask(Id id, const std::string& text);
  // An order operation with a time and this request id; `args` is the list's content.
  [[nodiscard]] std::string order(std::string_view op, const std::string& args,
                                  std::string_view id = "1") const;
  // A limit order in AMZN.
  [[nodiscard]] static std::string amzn(std::string_view side, int qty, std::string_view price,
                                        std::string_view link = "");
  // The queue into the gate, the gate's messages to the venue and back, the journal to the door.
  void settle();
  void take_queue();
  void feed_records();
  // What came since it was asked last.
  std::vector<std::string> heard(Id id);
  // The last code that closed it; 0: it was not closed.
  [[nodiscard]] int close_code(Id id) const;
  // A signed query.
  gateway::edge::HttpReply get(std::string_view session, std::string_view path,
                               std::string_view query, gateway::edge::Address address = 0);

  [[nodiscard]] std::int64_t now_ms() const { return world.now_ns / 1'000'000; }

  GateWorld world;
  gateway::edge::CommandQueue queue;
  std::vector<gateway::edge::EdgeCommand> taken;  // from the queue, all of them
  gateway::json::OrderStore store;
  EngineLook look;
  std::vector<config::ApiSecret> secrets;
  std::unique_ptr<gateway::edge::JsonDoor> door;

 private:
  void send(Id id, std::string text) override { heard_[id].push_back(std::move(text)); }
  void reply(Id, gateway::edge::HttpReply) override {}  // the door answers at once
  void close(Id id, gateway::edge::CloseCode code, std::string_view) override {
    closed_[id] = static_cast<int>(code);
  }
  std::map<Id, std::vector<std::string>> heard_;
  std::map<Id, int> closed_;
  std::uint64_t next_id_ = 1;
};

}  // namespace portcullis::test
