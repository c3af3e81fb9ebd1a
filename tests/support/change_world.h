// A gate without a process (GateWorld) with the desk that decides on changes of limits beside it; both come
// back together when the process is killed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/parameters/change_desk.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

class ChangeWorld {
 public:
  using Request = gateway::parameters::ChangeRequest;
  using Answer = gateway::parameters::ChangeAnswer;
  using Type = Request::Type;

  explicit ChangeWorld(bool four_eyes) : four_eyes_(four_eyes) { begin(); }

  // The process is killed, and another one begins: what time has brought about comes first.
  void restart() {
    gate.kill();
    begin();
    desk->work(gate.now_ns);
  }
  void pass_time(std::int64_t ns) {
    gate.pass_time(ns);
    desk->work(gate.now_ns);
  }

  // The files are so, and somebody asks for a reload.
  Answer reload(const std::string& by, const std::vector<Change>& changes,
                std::int64_t effective_in_ns = 0) {
    next = {.deployment = small_deployment(changes), .control = {}, .problems = {}};
    Request request = asked(Type::Reload, by);
    if (effective_in_ns != 0) request.effective_at = {gate.now_ns + effective_in_ns};
    return desk->take(request, gate.now_ns);
  }
  Answer override_limit(const std::string& by, config::LimitOverride limit, std::int64_t for_ns,
                        std::int64_t effective_in_ns = 0) {
    Request request = asked(Type::Override, by);
    request.limits = {std::move(limit)};
    request.for_ns = for_ns;
    if (effective_in_ns != 0) request.effective_at = {gate.now_ns + effective_in_ns};
    return desk->take(request, gate.now_ns);
  }
  Answer decide(Type type, const std::string& by, std::uint32_t change) {
    Request request = asked(type, by);
    request.change = change;
    return desk->take(request, gate.now_ns);
  }

  GateWorld gate;
  std::unique_ptr<gateway::parameters::ChangeDesk> desk;
  config::LoadResult next;        // what the files say
  std::vector<std::string> told;  // to operators
  bool is_stopped = false;        // nothing reaches the gate any more

 private:
  static Request asked(Type type, const std::string& by) {
    Request request;
    request.type = type;
    request.by = by;
    request.reason = "a test";
    return request;
  }
  void begin() {
    layers_ = std::make_unique<gateway::parameters::ParameterDesk>(
        gate.deployment(), gate.gate().parameters(), gate.directory());
    desk = std::make_unique<gateway::parameters::ChangeDesk>(
        *layers_, gate.gate().changes(),
        gateway::parameters::ChangeSettings{.four_eyes = four_eyes_,
                                            .override_max_ns = 86'400 * risk::kSecondNs,
                                            .journal = gate.directory(),
                                            .load = [this] { return next; }},
        [this](gateway::gate::PublishedParameters& step)
            -> std::optional<gateway::parameters::ParameterAnswer> {
          if (is_stopped) return std::nullopt;
          return gate.take(step);
        },
        gateway::parameters::ChangeDesk::Tell{
            .in_force = {}, .text = [this](const std::string& text) { told.push_back(text); }});
  }

  const bool four_eyes_;
  std::unique_ptr<gateway::parameters::ParameterDesk> layers_;
};

}  // namespace portcullis::test
