// The parts of a decision on margin, each by itself, and the size of what the engine keeps. They are
// private to the engine: what includes this is compiled with -fno-access-control.
#pragma once

#include <cstddef>
#include <vector>

#include "risk/engine.h"

namespace portcullis::bench {

using namespace portcullis::risk;

// What an order asks of the margin. It holds while the account and its prices do.
struct MarginQuestion {
  MarginQuestion(const Engine& engine, const NewOrder& order)
      : candidate(engine.candidate_of(order)),
        reservation(
            engine.reservation_with(nullptr, order.quantity, order.price, order.instrument)),
        change(engine.open_change(candidate, reservation, risk::MarginLeg::Margin)) {
    change.costs = engine.costs_with(candidate, reservation);
  }

  Engine::Candidate candidate;
  Engine::Reservation reservation;
  Engine::Change change;
};

// The bound: whether the order surely passes.
inline bool is_passed_by_bound(const Engine& engine, const MarginQuestion& asked) {
  return engine.surely_passes(asked.candidate, asked.reservation, asked.change.costs);
}

// The exact check of a fresh account: the requirement with the order.
inline Int128 exact_requirement(const Engine& engine, const MarginQuestion& asked) {
  return engine.requirement_with(asked.candidate.account, asked.change);
}

// R with the order, from nothing: of no cache but the values of the lines.
inline Int128 recomputed_margin(const Engine& engine, const MarginQuestion& asked) {
  const AssetIndex settlement =
      engine.parameters().instruments[asked.candidate.instrument.value].settlement;
  return engine.rounded_capital(
             engine.capital_with(asked.candidate.account, settlement, asked.change.costs)) -
         engine.recompute(asked.candidate.account, &asked.change, true, {}, nullptr);
}

// Brings the account's lines up to date, and not its vectors: what the bound needs.
inline void refresh_lines(Engine& engine, AccountIndex account) { engine.refresh_lines(account); }

// Whether the account's vectors are those of the prices as they are.
inline bool is_fresh(const Engine& engine, AccountIndex account) {
  return engine.accounts_[account.value].version == engine.price_version_;
}

// Bytes of the pools whose sizes follow from the number of accounts and the capacities, without the
// parameters themselves.
inline std::size_t pool_bytes(const Engine& engine) {
  const auto of = [](const auto&... pools) {
    return ((pools.capacity() * sizeof(pools[0])) + ...);
  };
  std::size_t bytes =
      of(engine.accounts_, engine.holdings_, engine.joint_, engine.alone_sum_, engine.slots_,
         engine.exposures_, engine.collateral_, engine.in_vector_, engine.charges_, engine.low_,
         engine.alone_, engine.lines_, engine.reducers_, engine.reducer_links_, engine.orders_,
         engine.trades_, engine.suspended_, engine.line_of_.entries_, engine.slot_of_.entries_,
         engine.trade_of_.entries_, engine.numbers_.records_, engine.numbers_.free_,
         engine.numbers_.ended_, engine.numbers_.by_number_.entries_,
         engine.numbers_.by_client_.entries_);
  for (const auto& entities : engine.hash_.kinds_)
    bytes += of(entities.hash, entities.is_changed, entities.changed);
  return bytes;
}

}  // namespace portcullis::bench
