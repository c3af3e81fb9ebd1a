// The control plane's door in front of a whole gate on one thread (ShardWorld): what is asked goes
// through the door and the queue into the shard, and comes back when the test lets it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/control_settings.h"
#include "gateway/control/door.h"
#include "gateway/journal/reader.h"
#include "gateway/parameters/change_desk.h"
#include "tests/support/process.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {

// One of each role, "viewer", "risk", "approver" and "operator", with their tokens.
[[nodiscard]] config::ControlSettings control_settings();
[[nodiscard]] std::string token_of(config::Role role);
// "control" of process.json with these tokens; `tls` and `more`, members with a comma behind each, as JSON.
[[nodiscard]] std::string control_json(std::uint16_t port, const std::string& tls,
                                       const std::string& more);

// A command of the program to the control plane at that port of this machine, as who has the role's
// token; said again while the gate is busy and has not taken it.
[[nodiscard]] Outcome say_to_control(std::uint16_t port, config::Role role,
                                     std::vector<std::string> words);

class ControlWorld : public gateway::edge::Outlet {
 public:
  // The world runs already.
  explicit ControlWorld(ShardWorld& world,
                        const config::ControlSettings& with = control_settings());

  using Id = gateway::edge::ConnectionId;
  using Reply = gateway::edge::HttpReply;

  struct Ask {
    std::string authorization{};  // of a role: see as()
    std::string method = "GET";
    std::string target{};
    std::string body{};
    gateway::edge::Address address = 1;
  };
  [[nodiscard]] static std::string as(config::Role role) { return "Bearer " + token_of(role); }
  // On its way: the reply where it comes at once, and otherwise none; then it is in late().
  std::optional<Reply> say(const Ask& ask);
  // say(), and passes of the shard until the reply is there.
  Reply ask(const Ask& ask);
  Reply get(const std::string& target, config::Role role = config::Role::Viewer);
  Reply post(const std::string& target, const std::string& body,
             config::Role role = config::Role::Operator);
  // A pass of the shard, and what comes of it.
  void pass();
  // The reply that came since it was asked last; none: none did.
  std::optional<Reply> late();

  // A listener to events, and what it was told since it was asked last.
  std::optional<Id> listen(const std::string& query, config::Role role = config::Role::Viewer);
  std::vector<std::string> heard(Id id);
  [[nodiscard]] bool is_closed(Id id) const { return closed_.contains(id); }
  void leave(Id id) { door->on_closed(id, world.now_ns()); }

  ShardWorld& world;
  const config::ControlSettings settings;
  bool is_busy = false;      // the follower: there is no look
  std::uint64_t synced = 0;  // with `waits_for_disk`
  bool waits_for_disk = false;
  std::unique_ptr<gateway::control::ControlDoor> door;
  // Of changes of limits; what the files say is `next`.
  gateway::parameters::ChangeExchange changes;
  config::LoadResult next;

 private:
  void send(Id id, std::string text) override { heard_[id].push_back(std::move(text)); }
  void reply(Id, Reply reply) override { late_ = std::move(reply); }
  void close(Id id, gateway::edge::CloseCode, std::string_view) override { closed_[id] = true; }
  void feed_records();
  void answer_changes();

  gateway::journal::Reader reader_;
  gateway::parameters::ParameterDesk layers_;
  gateway::parameters::ChangeDesk change_desk_;
  std::optional<Reply> late_;
  std::map<Id, std::vector<std::string>> heard_;
  std::map<Id, bool> closed_;
  std::uint64_t next_id_ = 1;
};

}  // namespace portcullis::test
