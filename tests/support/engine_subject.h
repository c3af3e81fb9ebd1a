// An engine, and what it answers to random commands in words, so that two can be compared.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "risk/engine.h"
#include "tests/support/random_world.h"

namespace portcullis::support {

class Subject {
 public:
  explicit Subject(const risk::Parameters& parameters)
      : engine(std::make_unique<risk::Engine>(parameters)), in_force(parameters.groups.size()) {}

  // The tables are shared: what an engine points to stays.
  std::string tell(const Command& command, const risk::RiskTable* table) {
    answer_.str("");
    std::visit([&](const auto& c) { run(c, table); }, command);
    return answer_.str();
  }
  std::string margin(std::uint32_t account, risk::Timestamp now) {
    const risk::MarginReport r = engine->margin({account}, now);
    std::ostringstream text;
    text << r.equity.raw << ' ' << r.costs.raw << ' ' << r.requirement.raw << ' ' << r.available.raw
         << ' ' << r.maintenance_equity.raw << ' ' << r.maintenance_requirement.raw << ' ' << r.set
         << ' ' << r.group << ' ' << r.scenario << ' ' << r.stale << r.in_range;
    return text.str();
  }

  std::unique_ptr<risk::Engine> engine;
  std::vector<const risk::RiskTable*> in_force;

 private:
  void answer(const risk::Decision& decision) {
    for (const std::byte byte : std::as_bytes(std::span(&decision, 1)))
      answer_ << static_cast<int>(byte) << ' ';
  }
  void answer(const risk::VenueOutcome& o) {
    answer_ << o.record.number << ' ' << o.record.order << ' ' << o.record.account.value << ' '
            << o.record.client_ref << ' ' << o.other.number << ' ' << o.leaves.raw << ' '
            << o.order.value << ' ' << static_cast<int>(o.anomaly) << o.known << o.ended << ' '
            << o.quantity.raw;
  }
  void answer(bool taken) { answer_ << taken; }
  void answer(const risk::Engine::StateChange& change) {
    answer_ << static_cast<int>(change.before) << static_cast<int>(change.after)
            << change.day_closed;
  }

  template <class C>
  void run(const C& command, const risk::RiskTable* table) {
    if constexpr (std::is_same_v<C, ChangeParameters>) {
      risk::NewRules rules(*command.to);
      answer(engine->apply(
          risk::ParameterChange{command.time, command.to->version, command.replaces}, rules));
    } else if constexpr (requires { command.seed; }) {
      const bool taken =
          engine->apply(risk::TableUpdate{command.time, command.id, command.group, {}}, *table);
      if (taken) in_force[command.group.value] = table;
      answer(taken);
    } else if constexpr (std::is_same_v<C, risk::IsolatedOrder> ||
                         requires { command.client_text; } ||
                         std::is_same_v<C, risk::CancelOrder>) {
      answer(engine->submit(command));
    } else if constexpr (requires { engine->decide(command); }) {
      const risk::Decision decision = engine->decide(command);
      engine->apply(command, decision);
      answer(decision);
    } else if constexpr (requires { command.next; }) {
      engine->raise_next_number(command.next);
    } else if constexpr (requires { engine->apply(command); }) {
      if constexpr (std::is_void_v<decltype(engine->apply(command))>) {
        engine->apply(command);
      } else {
        answer(engine->apply(command));
      }
    } else {
      engine->consume(command.session, command.client_ref);
    }
  }

  std::ostringstream answer_;
};

}  // namespace portcullis::support
