// Start reading here. risk::Engine is the decision: a deterministic, single-threaded state machine.
//
//   commands (risk/commands.h) in, decisions with their arithmetic out; every command carries its time.
//   No I/O, clock, thread, lock, log, exception or floating point; no heap after construction.
//
// decide() is const and names the first failing check; apply() makes a decision effective and cannot
// fail. A live shard calls both, in one step, by submit(). A start-up applies recorded decisions, a
// replay decides again and compares. All calls come from one thread.
//
// THE MARGIN (METHOD 3) and its rounding contract. All sums are exact integers; rounding happens only
// where a line below says so, always against the account, and every figure is a pure function of
// (positions, balances, open orders, marks), whatever the history.
//
//   unit(a)      = index(a) * wide_per_index(a)                  Wide per unit of asset a; 0 while unpriced
//   value(line)  = (position * mark * units_per_lot_mark + cash) units of its settlement asset
//   X(a)         = balance(a) + sum of value(line) settled in a
//   H(a)         = haircut curve of X(a) in ppm-units: X >= 0: sum of tier part * rate_ppm
//                                                      X <  0: X * (1e6 + debt_addon_ppm)
//   E            = sum over a of floor(H(a) * unit(a) / (1e6 * D))          D = wide_denominator
//   c(order)     = lots * max(0, s * (worst - mark) * units_per_lot_mark + fee_per_lot), s = +1 buy, -1
//                  sell, prices in mark units; fee_per_lot = ceil(worst-fee price * units_per_lot_mark *
//                  fee_ppm / 1e6); while the instrument is unpriced the cost is lots * fee_per_lot
//   C            = sum over a of ceil(sum of c(order) settled in a * (1e6 + debt_addon) * unit / (1e6 * D))
//   n(i)         = mark * units_per_lot_mark * unit(settlement)  Wide: the notional of one lot
//   exposures of factor f: P = sum position * n(i), B = sum open buys * n(i), S = sum open sells * n(i)
//                  (sells positive), K = sum of H(a) * unit(a) over assets that move with f
//   up(f)        = floor(((P - S) * 1e6 + K) / (1e6 * D)), down(f) = ceil(((P + B) * 1e6 + K) / (1e6 * D))
//   low_g[s]     = sum over factors of floor((m >= 0 ? up : down) * m / 1e6),  m = shock_ppm
//   alone(g,k)   = max(0, -min low_g over the columns of set k)
//   Z(g)         = max over per-group sets k of alone(g,k)
//   phi(x)       = x for x <= 0, floor(x * kappa_ppm / 1e6) for x > 0
//   joint(k)     = max(0, -min over columns of the sum over groups of phi(low_g))
//   J(k)         = weight * joint(k) + (1e6 - weight) * sum over g of alone(g,k)
//   Req          = max(ceil(group_mult * sum Z / 1e6), ceil(joint_mult * max_k J(k) / 1e12))
//   R            = E - C - Req
//
// Groups in which an account has neither lines nor moving collateral contribute nothing.
//
// ACCEPTANCE (METHOD 3.6). Leg 1: R with the order among the open ones >= 0. Leg 2, the exit, with the
// order and its cost c, a replaced chain taken out and its new reservation put in its place:
//   E1 Req(open) <= Req(now);  E2 Req(filled) + c + C_exit <= Req(now), C_exit = costs of the other open
//   exits; E3 Req(positions, filled) + c <= Req(positions); and no exposure usage rises. c and C_exit are
//   converted like C, each on its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "risk/commands.h"
#include "risk/index_map.h"
#include "risk/parameters.h"
#include "risk/state.h"
#include "risk/types.h"

namespace portcullis::risk {

// What an account's margin looks like now. Values in quanta of the risk currency.
struct MarginReport {
  Value equity;
  Value costs;         // C: of open orders
  Value requirement;   // Req at the worst fill of every open order
  Value available;     // R = equity - costs - requirement
  std::uint32_t set = kNil;       // what binds: kNil where the requirement is 0; for a per-group
  std::uint32_t group = kNil;     // requirement the largest group; kNil for a joint set
  std::uint32_t scenario = kNil;  // column within the set
  bool stale = false;             // some price behind it is stale or missing
};

// Where the venue's word did not fit ours; the event is applied, counted and told to risk staff.
enum class Anomaly : std::uint8_t {
  None,
  UnknownNumber,        // not ours, or long ended: nothing could be applied
  Overfill,             // more executed than was left
  WorsePrice,           // executed beyond the limit
  AcceptedDifferently,  // other price or quantity than sent
  LateEvent,            // execution of an order that had ended: applied to the position
  UnknownTrade,         // broken, but not remembered
  Duplicate,            // acknowledged twice
};
inline constexpr std::size_t kAnomalyCount = 8;

// What a venue event did, with what the gateway needs to tell the client.
struct VenueOutcome {
  NumberRecord record;             // of the event's number as it was before the event
  NumberRecord other;              // of the original, for Replaced
  Lots leaves;                     // of the order after the event
  OrderIndex order;                // none when it has ended
  Anomaly anomaly = Anomaly::None;
  bool known = false;              // record is filled
  bool ended = false;              // the order got its terminal outcome by this event
  Side side = Side::Buy;           // of the trade, for Broken
  Lots quantity;                   // of the broken trade
};

class Engine {
 public:
  // REQUIRES first_problem(parameters) == nullptr. Allocates everything it will ever use.
  explicit Engine(const Parameters& parameters);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- orders -----------------------------------------------------------------------------------
  // Brings the caches of the order's account up to date; changes nothing semantic. REQUIRED before
  // decide(); submit() does it itself.
  void refresh(AccountIndex account) noexcept;

  // A client number at or below the session's watermark is Disposition::Ignore and changes nothing, not
  // even the counters; so is a replace or cancel whose original is not live here (which does consume).
  [[nodiscard]] Decision decide(const NewOrder& order) const noexcept;
  [[nodiscard]] Decision decide(const ReplaceOrder& order) const noexcept;
  [[nodiscard]] Decision decide(const CancelOrder& order) const noexcept;
  // Makes the decision effective: watermark, rate tokens, counters, and the reservation on Forward.
  void apply(const NewOrder& order, const Decision& decision) noexcept;
  void apply(const ReplaceOrder& order, const Decision& decision) noexcept;
  void apply(const CancelOrder& order, const Decision& decision) noexcept;

  template <class Command>
  Decision submit(const Command& command) noexcept {
    refresh(account_of(command));
    const Decision decision = decide(command);
    apply(command, decision);
    return decision;
  }
  [[nodiscard]] AccountIndex account_of(const NewOrder& order) const noexcept { return order.account; }
  [[nodiscard]] AccountIndex account_of(const ReplaceOrder& order) const noexcept;
  [[nodiscard]] AccountIndex account_of(const CancelOrder& order) const noexcept;

  // A number of ours that carries no order (the fence): consumes and returns the next number.
  std::uint32_t take_number() noexcept { return next_number_++; }
  [[nodiscard]] std::uint32_t next_number() const noexcept { return next_number_; }
  // The venue knows higher numbers than we do (adoption).
  void raise_next_number(std::uint32_t next) noexcept;
  // A message of the session that is not an order consumed its client number.
  void consume(SessionIndex session, std::uint32_t client_ref) noexcept;

  // --- the venue's word, applied whatever it says --------------------------------------------------
  VenueOutcome apply(const VenueEvent& event) noexcept;
  // False when there is no room or no account for it: the caller raises an alarm.
  bool apply(const AdoptOrder& order) noexcept;
  // A live reduce-only order of this account and instrument that exceeds the position, newest first, and
  // has not been asked to go; or none. The gate cancels it.
  [[nodiscard]] OrderIndex excess_reduce_only(AccountIndex account, InstrumentIndex instrument) const noexcept;

  // --- prices, state, control ----------------------------------------------------------------------
  void apply(const MarkUpdate& update) noexcept;
  void apply(const IndexUpdate& update) noexcept;
  void apply(const LoadBalance& load) noexcept;
  // False when the positions pool is full.
  bool apply(const LoadPosition& load) noexcept;
  void apply(const Control& control) noexcept;
  void apply(const SetCondition& condition) noexcept;
  // Moves the realised cash of all flat or open lines into the balances; R stays bit-identical.
  void realise(AccountIndex account) noexcept;

  // --- looking at it -------------------------------------------------------------------------------
  [[nodiscard]] MarginReport margin(AccountIndex account, Timestamp now) noexcept;
  [[nodiscard]] const Parameters& parameters() const noexcept { return parameters_; }
  [[nodiscard]] const Order& order(OrderIndex index) const noexcept { return orders_[index.value]; }
  [[nodiscard]] const NumberRecord* find_number(std::uint32_t number) const noexcept;
  [[nodiscard]] std::uint32_t number_of(SessionIndex session, std::uint32_t client_ref) const noexcept;
  // The first live order with index >= `from` that `matches`; for cancels by node in bounded slices.
  [[nodiscard]] OrderIndex next_order(std::uint32_t from) const noexcept;
  [[nodiscard]] bool is_under(AccountIndex account, ControlScope scope, std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t live_orders() const noexcept { return live_orders_; }
  [[nodiscard]] Lots position(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Amount balance(AccountIndex account, AssetIndex asset) const noexcept;
  [[nodiscard]] std::uint32_t watermark(SessionIndex session) const noexcept;
  [[nodiscard]] Mark mark(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::uint8_t session_flags(SessionIndex session) const noexcept;
  [[nodiscard]] SessionIndex suspended_by(AccountIndex account) const noexcept;

  // A commutative sum of the hashes of all entities, semantic state only.
  [[nodiscard]] std::uint64_t state_hash() const noexcept;
  // Recomputes every cache and every sum from the semantic state and compares bit for bit. The name of
  // the first difference, or nullptr. Slow: for tests, markers and the demo. Refreshes all accounts.
  [[nodiscard]] const char* verify() noexcept;
};

}  // namespace portcullis::risk
