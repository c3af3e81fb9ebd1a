// What clients of the shipped example send, at random: mostly sensible orders near the mark, some of
// everything else that the protocol knows, and a little that it does not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/ouch/messages.h"
#include "tests/support/audited_world.h"
#include "tests/support/gate_audit.h"
#include "tests/support/random_world.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

class RandomOrders {
 public:
  RandomOrders(support::Rng& rng, AuditedWorld& world, const GateAudit& audit)
      : rng_(rng), world_(world), audit_(audit), next_(world.deployment().sessions.size(), 1) {}

  // A message of a session's client, with the next number where it has one.
  gateway::ouch::InboundMessage of_client(risk::SessionIndex session);
  // The next number by itself.
  [[nodiscard]] std::uint32_t next_number(risk::SessionIndex session) {
    return next_[session.value]++;
  }
  // An order of somebody else, at the venue. Its symbol is valid until the next call.
  gateway::venue_sim::TestOrder other(std::uint32_t number);

 private:
  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(n) - 1));
  }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  gateway::ouch::EnterOrder enter_order(risk::SessionIndex session);
  std::uint32_t some_number(risk::SessionIndex session);
  gateway::ouch::Firm some_firm(risk::SessionIndex session);
  std::uint64_t some_price(risk::InstrumentIndex instrument, const config::Alias& alias);
  std::uint32_t some_quantity(const config::Alias& alias);

  support::Rng& rng_;
  AuditedWorld& world_;
  const GateAudit& audit_;
  std::vector<std::uint32_t> next_;  // number, by session
  std::string symbol_;
};

}  // namespace portcullis::test
