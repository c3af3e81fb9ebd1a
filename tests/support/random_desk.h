// What the edge asks of the shard for its JSON sessions, at random: as its thread does, which numbers
// their orders itself, from where the gate's records left off.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/gate_audit.h"
#include "tests/support/random_orders.h"
#include "tests/support/random_world.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {

class RandomDesk {
 public:
  // REQUIRES: a world with an edge.
  RandomDesk(support::Rng& rng, ShardWorld& world, GateAudit& audit, RandomOrders& orders);

  // The process has begun: nobody is connected.
  void begin();
  // Somebody comes, goes, or asks for something.
  void act();
  // Of one session: it comes, goes, is heard of, or asks for something.
  void come(std::size_t desk);
  void go(std::size_t desk);
  void ask(std::size_t desk);
  // Of an order by its number, whether there is one or not.
  void cancel(std::size_t desk, std::uint32_t number);

  // An order that may only reduce, in lots and ticks.
  void reduce(std::size_t desk, risk::Side side, risk::InstrumentIndex instrument,
              std::int64_t lots, std::int64_t ticks);

  // All go.
  void close();
  [[nodiscard]] bool is_up(risk::SessionIndex session) const;

  std::uint64_t refused = 0;  // the queue was full

 private:
  struct Desk {
    risk::SessionIndex session;
    std::uint32_t next = 1;
    bool is_up = false;
  };
  [[nodiscard]] gateway::edge::EdgeCommand some_order(const Desk& desk);

  support::Rng& rng_;
  ShardWorld& world_;
  GateAudit& audit_;
  RandomOrders& orders_;
  std::vector<Desk> desks_;
};

}  // namespace portcullis::test
