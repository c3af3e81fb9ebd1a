// Start reading here. risk::Engine is the decision: a deterministic, single-threaded state machine.
//
//   commands (risk/commands.h) in, decisions with their arithmetic out; every command carries its
//   time. No I/O, clock, thread, lock, log, exception or floating point; no heap after
//   construction.
//
// decide() changes nothing but caches, and names the first failing check; apply() makes a decision
// effective and cannot fail. A live shard calls both, in one step, by submit(). A start-up applies recorded
// decisions, a replay decides again and compares. All calls come from one thread.
//
// clang-format off
// THE MARGIN (METHOD 3) and its rounding contract. All sums are exact integers; rounding happens
// only where a line below says so, always against the account, and every figure is a pure function
// of (positions, balances, open orders, prices, tables), whatever the history. A fine is 1e-6
// quanta: vectors and requirements are sums of whole fines and are not rounded until the end.
//
// Equity, initial and maintenance (each with its own haircut curve):
//   unit(a)      = index(a) * wide_per_index(a)              Wide per unit of asset a; 0 while unpriced
//   value(line)  Linear:  position * mark * units_per_lot_mark + cash       units of its settlement asset
//                Inverse: floor(cash - position * units_per_lot_mark / mark)
//                upfront: cash
//                to all of them floor(accrued funding) is added
//   X(a)         = balance(a) - borrowed(a) + sum of value(line) settled in a
//   H(a, x)      = the haircut curve in Wide times 1e6: of x >= 0 the sum over the tiers of part *
//                  rate_ppm * unit(a), where tiers_by_value cuts x * unit(a) at upto * D instead;
//                  of x < 0: x * (1e6 + debt_addon_ppm) * unit(a)
//   NOV          = sum over upfront lines of lots * premium, lots = position, or min(0, position)
//                  where long_value is false; premium = mark * units_per_lot_mark * unit(settlement)
//   B(a, x)      = borrow rate * max(borrowed(a), -x) * unit(a)
//   outflow(a)   = ceil((1e6 + debt_addon) * (1e6 + sum of ceil(share * 1e6 / (1e6 - share)) over the capped
//                assets, where
//                a is none of them) / 1e6) + initial borrow rate: what a unit paid takes from E at most, ppm
//   c(order)     in units of the settlement asset; s = +1 buy, -1 sell, prices in mark units:
//                Linear:  lots * max(0, s * (worst - mark) * units_per_lot_mark + fee_per_lot), where of a
//                buy that pays upfront only got = floor(mark * units_per_lot_mark * 1e6 / outflow) of the
//                mark is taken off: it is paid out of X, and counts as NOV
//                Inverse: max(0, ceil(lots * s * (worst - mark) * units_per_lot_mark / (mark * worst))
//                                + lots * fee_per_lot) + 3 * lots
//                Spot:    w = worst * units_per_lot_mark, r = the rate of an asset's last tier, 0 if capped:
//                buy:  lots * max(0, w + fee_per_lot - floor(base_per_lot * r * unit / (outflow * unit)))
//                sell: lots * max(0, ceil((base_per_lot * outflow * unit - max(0, w - fee_per_lot) * r *
//                unit + max(0, fee_per_lot - w) * outflow * unit) / ((1e6 + debt_addon) * unit))),
//                base before settlement: what is paid at most, less what is got at least
//                while there is no mark, or of Spot no index of the settlement asset, lots * fee_per_lot;
//                fee_per_lot = ceil(notional of a lot at the worst-fee price * fee_ppm / 1e6)
//                long_value false: a line's buys beyond its short position cost, a lot, also the lower
//                of `got` and the highest worst * units_per_lot_mark + fee_per_lot among them; its sells,
//                where all of them are at most its position, lots * max(0, fee_per_lot - worst *
//                units_per_lot_mark)
//   C(a)         = the sum of c(order) settled in a
//   share cap    the positive part of a capped asset's H(a, x) - C(a) * (1e6 + debt_addon) * unit counts
//                up to max(0, floor(U * share / (1e6 - share)) + share_free * D * 1e6), U = the sum of the
//                same over the uncapped assets
//   E - C        = floor((sum over a of (H(a, X) - C(a) * (1e6 + debt_addon_ppm) * unit(a) - B(a, X - C(a)))
//                         + 1e6 * NOV) / (1e6 * D)),         D = wide_denominator
//   E            the same without costs; C is what costs leave of it. One rounding, so that no part
//                of a cost that moves from C to E by a fill is rounded twice
//
// Exposures; the lots of a line are [q - S, q + B], of position alone [q, q], and each of them at most
// 0 where long_value is false. Under a protection of an account in a group, of Q lots (METHOD 3.5), they
// are [q - Sx, q + Bx] by its open exits x alone, and in drivers [q - Sx - min(S - Sx, Q), q + Bx +
// min(B - Bx, Q)]:
//   n(i)         Linear: mark * units_per_lot_mark * unit(settlement), Wide: the notional of one lot
//                Inverse: units_per_lot_mark * unit(settlement) / mark, rounded to the nearest
//                with a reference: floor(n(reference) * reference_lots_ppm / 1e6)
//   factor f     P = the interval of the sum of lots * n(i) over its Factor instruments; Spot is in no sum
//   K(a)         what of an asset moves with its factor. Falls: H(a, X(a)), of a capped asset what E - C
//                counts of it, of modes that count falls; a debt only in Both. Rises: H(a, X(a) - C(a)) of
//                modes that count rises; a debt always. By value, a rise of x >= 0 is counted at the
//                rate of the tier of x * unit * (1 + the largest rise): rate * max(0, x - C) * unit
//                + (the debt of C - x where it is above 0). Open spot orders: an uncapped asset falls at X
//                + all that they may bring (base; of sells the best price * units_per_lot_mark), rises at
//                X - C - all that they may take (base; w + fee)
//   up(f)        = floor((P.low  * 1e6 + K of rises) / (1e6 * D))     quanta
//   down(f)      = ceil ((P.high * 1e6 + K of falls) / (1e6 * D))
//   reserve      = sum over Table lines of ceil(vector_unit * max(|low|, |high|) / 2)      fines
//   low_g[s]     = min over the group's lag states l of low_g[l, s]; without table_move_max_ppm it has one
//   low_g[l, s]  = sum over the group's factors of (m >= 0 ? up : down) * m       m = shock, in every l
//                + sum over its Table lines of vector_unit * (w >= 0 ? low : high) * w    w = gain in l
//                - reserve                                                        exact, fines
//                - Q * M_g[l, s] under a protection, while the group has open orders that are no exits; spot
//                orders are not among them, nor spot in M: what they bring and take counts in full, in K
//   M_g[l, s]    the largest, over the group's instruments, of what a lot bought or sold can lose:
//                Factor: |m| * ceil(n(i) / D); Table, once there is one: vector_unit * |w| + ceil(vector_unit / 2)
//   Drivers are intervals like P, of Measure and Reach (parameters.h); |D| their larger end.
//
// The requirement, initial or maintenance (with its own sets, tiers and multipliers):
//   rho_k(v)     worst:  max(0, -min of v)
//                ES:     max(0, ceil((den * sum of the floor(t) largest losses + (num' - den * floor(t))
//                        * the next) / num')), t = columns * tail = num' / den
//   alone(g,k)   = rho_k(low_g)
//   Add-ons, in fines; N = |D| as fines, exact:
//     tiers      sum over drivers of t + ceil(max(0, ceil(N) - t) * r / 1e6), t = ceil(tiers(N)), r = 0 without
//                a ramp, or clamp(ceil((open interest - low) * 1e6 / (high - low)), 0, 1e6), initial only
//     hedged     ceil(tiers(min(sum of max(0, high), sum of max(0, -low))))
//     ramp       x = the larger end of the sum of its Net and ShortNet drivers, each end brought towards 0
//                by what the sum of its LongNet drivers surely offsets; rate = min(most, ceil((x -
//                threshold) * slope / (per_units * unit(per)))), most while unpriced, 0 where x <= threshold;
//                ceil(ceil(x * rate) * the first tier's rate / 1e6)
//   Z(g)         = max(comb over per-group sets k of alone(g,k) + A_group, the sum of floors)
//                  comb = max, or ceil(sum of weight_ppm * . / 1e6)
//   phi(x)       = x for x <= 0, otherwise min(x * k, gain_cap), k = 1 or floor(kappa * 2^64) / 2^64,
//                  the product rounded down
//   J(k)         = weight * rho_k(sum over groups of phi(low_g)) + (1e6 - weight) * sum over g of alone(g,k)
//   Req          = ceil((max(group_mult * sum of Z * 1e6, joint_mult * (comb over joint sets of J
//                  + 1e6 * A_joint)) + 1e12 * A_out) / 1e18)                        quanta
//   R            = E - C - Req
//
// Groups in which an account has neither lines nor moving collateral contribute nothing. The
// maintenance requirement is that of the positions alone (maintenance_includes_orders: of all), beside
// the maintenance equity without costs (or with them).
//
// ACCEPTANCE (METHOD 3.6). Leg 1: R with the order among the open ones >= 0. Leg 2, the exit, with
// the order and its cost c, a replaced chain taken out and its new reservation put in its place:
//   E1 Req(open) <= Req(now)
//   E2 Req(filled) + c + C_exit <= Req(now), C_exit = the costs of the other open exits
//   E3 Req(positions, filled) + c <= Req(positions)
// and no exposure usage rises; no spot order is an exit. c and C_exit are what the costs take from E at most, each rounded up
// on its own. "Filled" is with c paid; in E1, and in E2's "now", nothing is paid for open exits, so
// that what their costs take of a rise frees nothing. On the way to "filled" the requirement must not
// be above the line between the two: add-ons that are bent downwards are taken at no less than now,
//   hedged     tiers(min(longs, shorts) now + what either sum grows by)
//   ramp       where x does not grow, as now; where it does, without `most` unless now is there already.
//              What offsets x counts as it is now, moved as its own end moves
// Leg 2 judges the order as an exit, leg 1 as none: under a protection they count differently.
// Wind-down: at the Recheck that finds the account restricted, L = Req(now), L_pos = Req(positions) and
// an allowance A are fixed; `spent` is what exits that executed since then have cost. While it is
// restricted an order that is no exit, but lowers the position by the cheap test, passes where
//   Req(open) <= L + A - spent, Req(filled) + c + C_exit <= L + A - spent, and
//   Req(positions, filled) + c <= L_pos + A - spent
// so that no outcome leaves R below what it was then by more than A, but for what prices have done.
// A cash account (cash_only) trades spot alone, and an order passes where what all of its open orders may
// take of the asset is at most X: nothing else of its margin is asked.
//
// LEVERAGE (METHOD 3.15). An order is refused where G' > max * E_lev and G' > G, all before it but G':
//   G            = the sum over the account's lines of max(q + B, S - q) * l(i); l = n(i), by_premium of
//                an instrument with a reference mark * units_per_lot_mark * unit(settlement), of Spot 0
//                unless `spot`
//   E_lev        = E - C, or where plain_equity floor((sum over a of (X(a) - C(a)) * unit(a) + NOV) / D)
//   max          the profile's, that of its bracket by G', and the cap of the day, whichever is least
// Gross notional, of instruments and in all, at accounts and nodes, is the same with n(i) of every line,
// open spot orders among them.
// clang-format on
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "risk/breakdown.h"
#include "risk/commands.h"
#include "risk/index_map.h"
#include "risk/number_table.h"
#include "risk/parameters.h"
#include "risk/pool.h"
#include "risk/risk_table.h"
#include "risk/rules.h"
#include "risk/state.h"
#include "risk/state_hash.h"
#include "risk/types.h"
#include "risk/vectors.h"
#include "risk/watch.h"
#include "risk/workings.h"

namespace portcullis::risk {

// What an account's margin looks like now. Values in quanta of the risk currency.
struct MarginReport {
  Value equity;
  Value costs;               // C: of open orders
  Value requirement;         // Req at the worst fill of every open order
  Value available;           // R = equity - costs - requirement
  Value maintenance_equity;  // of the positions alone, or with orders (parameters)
  Value maintenance_requirement;
  std::uint32_t set = kNil;       // what binds: kNil where the requirement is 0; for a per-group
  std::uint32_t group = kNil;     // requirement the largest group; kNil for a joint set
  std::uint32_t scenario = kNil;  // column within the set
  bool stale = false;             // some price behind it is stale, missing or unsafe
  bool in_range = true;  // false: it is cut off, since some figure does not fit its integer
};

// Where the venue's word did not fit ours; the event is applied, counted and told to risk staff.
enum class Anomaly : std::uint8_t {
  None,
  UnknownNumber,        // not ours, or long ended: nothing could be applied
  Overfill,             // more executed than was left
  WorsePrice,           // executed beyond the limit
  AcceptedDifferently,  // other price or quantity than sent, or replaced without a word
  LateEvent,            // execution of an order that had ended: applied to the position
  UnknownTrade,         // broken, but not remembered
  Duplicate,            // acknowledged twice, or executed twice under one match number: not booked
};
inline constexpr std::size_t kAnomalyCount = 8;

// What a venue event did, with what the gateway needs to tell the client.
struct VenueOutcome {
  NumberRecord record;  // of the event's number as it was before the event
  NumberRecord other;   // of the original, where the order has been replaced
  Lots leaves;          // of the order after the event
  OrderIndex order;     // none when it has ended
  Anomaly anomaly = Anomaly::None;
  bool known = false;     // record is filled
  bool ended = false;     // the order got its terminal outcome by this event
  Side side = Side::Buy;  // of the trade, for Broken
  Lots quantity;          // of the broken trade
};

class Engine : private Workings {
 public:
  // REQUIRES first_problem(parameters) == nullptr. Allocates everything it will ever use.
  explicit Engine(const Parameters& parameters);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- orders
  // Brings the caches of an account up to date, which changes nothing semantic. decide() does it as far
  // as the decision needs them; where they have been brought up to date before, it is faster.
  void refresh(AccountIndex account) noexcept;
  // Has the processor bring near what a decision on an order of the account in the instrument reads, for a
  // caller that has something else to do before: a millionth account's is in no cache. Changes nothing.
  void fetch(AccountIndex account, InstrumentIndex instrument) const noexcept;

  // A client number at or below the session's watermark is Disposition::Ignore and changes nothing,
  // not even the counters; so is a replace or cancel whose original is not live here (which does
  // consume).
  [[nodiscard]] Decision decide(const NewOrder& order) noexcept;
  [[nodiscard]] Decision decide(const ReplaceOrder& order) noexcept;
  [[nodiscard]] Decision decide(const CancelOrder& order) const noexcept;
  // Makes the decision effective: watermark, rate tokens, counters, and the reservation on Forward.
  void apply(const NewOrder& order, const Decision& decision) noexcept;
  void apply(const ReplaceOrder& order, const Decision& decision) noexcept;
  void apply(const CancelOrder& order, const Decision& decision) noexcept;

  template <class Command>
  Decision submit(const Command& command) noexcept {
    const Decision decision = decide(command);
    apply(command, decision);
    return decision;
  }
  [[nodiscard]] AccountIndex account_of(const NewOrder& order) const noexcept {
    return order.account;
  }
  [[nodiscard]] AccountIndex account_of(const ReplaceOrder& order) const noexcept;
  [[nodiscard]] AccountIndex account_of(const CancelOrder& order) const noexcept;

  // A cancel down to `total` is wanted, by a session's loss, a kill or a mass cancel: remembered
  // with the order, so that it can be sent again. Sending is the caller's.
  // It asks for every number the chain has now. `named` is the one a client named: a partial cancel
  // of an older number, which a replace has overtaken, gives way to it.
  void want_cancel(OrderIndex index, Lots total, std::uint32_t named = 0) noexcept;
  // A number of ours that carries no order (the fence): consumes and returns the next number.
  std::uint32_t take_number() noexcept;
  // Of the newest command; it never goes back.
  [[nodiscard]] Timestamp last_time() const noexcept { return last_time_; }
  [[nodiscard]] std::uint32_t next_number() const noexcept { return next_number_; }
  // The venue knows higher numbers than we do (adoption). Numbers never begin again at 0.
  void raise_next_number(std::uint32_t next) noexcept;
  void raise_next_number_above(std::uint32_t number) noexcept;
  // The session's budget of cancels, for those that are not of one order.
  [[nodiscard]] bool has_exit_token(SessionIndex session, Timestamp time) const noexcept;
  void take_exit_token(SessionIndex session, Timestamp time) noexcept;
  // A message of the session that is not an order consumed its client number.
  void consume(SessionIndex session, std::uint32_t client_ref) noexcept;

  // --- the venue's word, applied whatever it says
  VenueOutcome apply(const VenueEvent& event) noexcept;
  // False when there is no room or no account for it: the caller raises an alarm.
  bool apply(const AdoptOrder& order) noexcept;
  // A live reduce-only order of this account and instrument that exceeds the position, newest
  // first, and has not been asked to go; or none. The gate cancels it. However many orders there are,
  // none of them is looked at.
  [[nodiscard]] OrderIndex excess_reduce_only(AccountIndex account,
                                              InstrumentIndex instrument) const noexcept;

  // --- prices, state, control
  void apply(const MarkUpdate& update) noexcept;
  void apply(const IndexUpdate& update) noexcept;
  // On an unsafe price the engine does as on a stale one, whatever its age: what is refused for it is
  // refused as ReferencePriceUnsafe, and what reduces passes by position, on the last price it was
  // told. Prices that are told meanwhile are taken, and leave it unsafe.
  void apply(const SetPriceState& change) noexcept;
  // The table is in force from now on; it must stay where it is until the next one of its group is.
  // O(rows + anchors). False, and nothing happens, where it is not as RiskTable requires. Where it is too old, or out of
  // bounds (RiskTable::anchors), the prices of its instruments are stale: increases are refused.
  bool apply(const TableUpdate& update, const RiskTable& table) noexcept;
  void apply(const OpenInterestUpdate& update) noexcept;
  void apply(const FundingUpdate& update) noexcept;
  void apply(const LeverageCap& cap) noexcept;
  // False when a pool is full.
  bool apply(const LoadBalance& load) noexcept;
  bool apply(const LoadPosition& load) noexcept;
  void apply(const Control& control) noexcept;
  // Other parameters are in force from now on, and `rules` has those that were. What is kept of an
  // account is brought up to date when it is next looked at, as after prices, and all accounts are due
  // (take_due); working orders are not judged again. A group whose shocks have changed needs a table of
  // these parameters: until it has one the prices of its Table instruments are stale. What a session has
  // suspended and may no longer use is suspended by the venue from then on. False, and nothing happens,
  // where what is in force is not what the change replaces, or `rules` not what it says. REQUIRES no
  // problems_of_change() from parameters() to those of `rules`.
  bool apply(const ParameterChange& change, NewRules& rules) noexcept;
  void apply(const SetCondition& condition) noexcept;
  // An account's unrealised gains and accrued funding become balance; R stays bit-identical.
  void realise(AccountIndex account) noexcept;
  void apply(const Realise& command) noexcept {
    advance(command.time);
    realise(command.account);
  }

  // --- cash and life cycle (METHOD 3.14). What leaves an account, and a loan, must leave R at 0 or
  // above: decide() tells, and leaves everything as it was; apply() does it where it was forwarded.
  [[nodiscard]] Decision decide(const Transfer& transfer) noexcept;
  [[nodiscard]] Decision decide(const Borrow& borrow) noexcept;
  void apply(const Transfer& transfer, const Decision& decision) noexcept;
  void apply(const Borrow& borrow, const Decision& decision) noexcept;
  // The order of an isolated account, with the cash it is opened with, or nothing of both. There is no
  // decide(): submit() tries the order with the cash there. apply() does what a decision says.
  Decision submit(const IsolatedOrder& command) noexcept;
  void apply(const IsolatedOrder& command, const Decision& decision) noexcept;
  // Facts. False, and nothing happens, when a pool is full or a figure would not fit.
  bool apply(const Interest& interest) noexcept;
  bool apply(const Conversion& conversion) noexcept;
  bool apply(const PositionTransfer& transfer) noexcept;
  // Ends the instrument's orders, pays out its positions and takes no orders in it any more.
  // O(capacities): looks at every position and order.
  void apply(const Expire& expire) noexcept;
  // False, and nothing happens, where a position would not be a whole number of lots, or not fit.
  bool apply(const Split& split) noexcept;

  // --- states (METHOD 3.15)
  struct StateChange {
    MarginState before = MarginState::Normal;
    MarginState after = MarginState::Normal;
    bool day_closed = false;  // by this: the day's loss is crossed
  };
  // On stale prices, or where a figure does not fit, nothing changes.
  StateChange apply(const Recheck& recheck) noexcept;
  void apply(const DayStart& start) noexcept;
  // An account whose state its own trading since its last Recheck, or prices (watch.h), can have
  // changed: each once, those that prices have moved first; none: there is nobody. A Recheck should
  // follow. What funding, open interest, interest and time change is not in it: a round over all
  // accounts finds that.
  AccountIndex take_due() noexcept;
  [[nodiscard]] MarginState state(AccountIndex account) const noexcept {
    return accounts_[account.value].state;
  }

  // --- looking at it
  [[nodiscard]] MarginReport margin(AccountIndex account, Timestamp now) noexcept;
  // The margin taken apart. REQUIRES `breakdown` as constructed from parameters().
  void break_down(AccountIndex account, Breakdown& breakdown) noexcept;
  // What an order would do to it, whatever else is checked. REQUIRES refresh(), and a price of
  // everything that the order and the account stand on.
  [[nodiscard]] MarginTrial try_margin(const NewOrder& order) const noexcept;
  using Rules::parameters;
  [[nodiscard]] const Order& order(OrderIndex index) const noexcept { return orders_[index.value]; }
  [[nodiscard]] const NumberRecord* find_number(std::uint32_t number) const noexcept;
  // The live number behind a client's number, or null.
  [[nodiscard]] const NumberRecord* find_client(SessionIndex session,
                                                std::uint32_t client_ref) const noexcept {
    return numbers_.find(session, client_ref);
  }
  // The first live order with an index in [from, end), or none; for cancels by node in bounded
  // slices.
  [[nodiscard]] OrderIndex next_order(std::uint32_t from, std::uint32_t end) const noexcept;
  // Whether a position in a further instrument fits the pools.
  [[nodiscard]] bool has_room(AccountIndex account, InstrumentIndex instrument) const noexcept {
    return has_room(room_needed(account, instrument));
  }
  // Whether a balance in a further asset does.
  [[nodiscard]] bool has_room(AccountIndex account, AssetIndex asset) const noexcept;
  [[nodiscard]] bool is_under(AccountIndex account, ControlScope scope,
                              std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t live_orders() const noexcept { return live_orders_; }
  [[nodiscard]] Lots position(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Amount balance(AccountIndex account, AssetIndex asset) const noexcept;
  [[nodiscard]] Amount borrowed(AccountIndex account, AssetIndex asset) const noexcept;
  // What the position, and the trades that made it, are worth at the mark, less fees (value(line)),
  // in settlement units. REQUIRES refresh(account).
  [[nodiscard]] Amount gain(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::uint32_t watermark(SessionIndex session) const noexcept;
  [[nodiscard]] bool assets_are_priced() const noexcept;
  [[nodiscard]] Mark mark(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::int64_t index(AssetIndex asset) const noexcept;  // 0: never priced
  // When a price was as it is, by its source; 0: never priced.
  [[nodiscard]] Timestamp mark_as_of(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Timestamp index_as_of(AssetIndex asset) const noexcept;
  [[nodiscard]] PriceState mark_state(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] PriceState index_state(AssetIndex asset) const noexcept;
  [[nodiscard]] InstrumentPhase phase(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::uint8_t session_flags(SessionIndex session) const noexcept;
  // Of a node, an account or a session.
  [[nodiscard]] std::uint8_t flags(ControlScope scope, std::uint32_t target) const noexcept;
  [[nodiscard]] bool has_condition(Condition condition) const noexcept {
    return (conditions_ >> static_cast<unsigned>(condition) & 1) != 0;
  }
  // f(InstrumentIndex) for each that the account has a position or orders in, and maybe more, in the
  // order of its lines.
  template <class F>
  void each_instrument(AccountIndex account, F&& f) const {
    each_line(account, [&](const Line& line) { f(line.instrument); });
  }
  // f(OrderIndex) for each live order of the account.
  template <class F>
  void each_order(AccountIndex account, F&& f) const {
    each_line(account, [&](const Line& line) {
      for (const std::uint32_t first : line.first)
        for (std::uint32_t o = first; o != kNil; o = orders_[o].next) f(OrderIndex{o});
    });
  }

  // --- what of its limits is in use, as the checks count it
  // Of a node: the sum of its accounts' usages.
  [[nodiscard]] Usage usage(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Usage usage(NodeIndex node, InstrumentIndex instrument) const noexcept {
    return usage_[std::size_t{instrument.value} * nodes_.size() + node.value];
  }
  [[nodiscard]] std::int64_t open_orders(AccountIndex account) const noexcept {
    return accounts_[account.value].open_orders;
  }
  [[nodiscard]] std::int64_t open_orders(NodeIndex node) const noexcept {
    return nodes_[node.value].open_orders;
  }
  // n(i), the notional of one lot at the mark; 0 while it is not priced.
  [[nodiscard]] Wide notional(InstrumentIndex instrument) const noexcept {
    return instruments_[instrument.value].notional;
  }
  // Of so many lots.
  [[nodiscard]] Value notional(InstrumentIndex instrument, Lots lots) const noexcept {
    return quanta_up({notional(instrument).raw * lots.raw});
  }
  // Rounded up.
  [[nodiscard]] Value quanta_up(Wide wide) const noexcept;
  // Over all instruments, at the marks. Of an account: REQUIRES refresh().
  [[nodiscard]] Wide gross_notional(AccountIndex account) const noexcept {
    return accounts_[account.value].gross;
  }
  [[nodiscard]] Wide gross_notional(NodeIndex node) const noexcept {
    return nodes_[node.value].gross;
  }
  // What leverage counts of an account's notional, and how much of it the equity allows; quanta, the
  // first rounded up and the second down. REQUIRES refresh().
  struct LeverageUse {
    Value used;
    Value most;
  };
  [[nodiscard]] LeverageUse leverage(AccountIndex account) const noexcept;
  // Since the start of the day, rounded up; below 0: a gain. REQUIRES refresh().
  [[nodiscard]] Value loss_of_day(AccountIndex account) const noexcept;
  // How far a limit may be beyond the mark, in 1e-6 mark units.
  [[nodiscard]] Int128 collar_of(InstrumentIndex instrument,
                                 const InstrumentLimits& limit) const noexcept;

  // A commutative sum of the hashes of all entities, semantic state only.
  [[nodiscard]] std::uint64_t state_hash() noexcept;
  // Does a part of that work, hashing at most so many of the entities that have changed since it was
  // done last: for a caller who may not stop as long. True: none is left, and state_hash() costs
  // nothing now.
  bool settle_hash(std::size_t entities_max) noexcept;
  // Recomputes every cache and every sum from the semantic state and compares bit for bit. The name
  // of the first difference, or nullptr. Slow: for tests, markers and the demo. Refreshes all
  // accounts.
  [[nodiscard]] const char* verify() noexcept;

  // --- saving it: the whole state as bytes of this machine's layout (saved_state.h)
  // Bytes of another layout hash mean nothing here.
  [[nodiscard]] std::uint64_t layout_hash() const noexcept;
  [[nodiscard]] std::size_t saved_bytes() const noexcept;
  // REQUIRES out.size() == saved_bytes().
  void save(std::span<std::byte> out) const noexcept;
  // Decides from now on as the engine that was saved; all accounts are due (take_due). What does not
  // fit, or nullptr; after a problem the engine is of no use. REQUIRES a new engine with the same
  // parameters, and the risk tables in force, by group. Whether the state is the one that was saved,
  // its hash tells: compare.
  [[nodiscard]] const char* load(std::span<const std::byte> saved,
                                 std::span<const RiskTable* const> tables = {}) noexcept;

 private:
  // decide.cpp: the list of checks, in order. Each part names the first failure and its arithmetic; what
  // needs the account's vectors brings them up to date.
  RejectReason first_failure(const Candidate& asked, Decision& decision) noexcept;
  RejectReason check_standing(const Candidate& candidate, const Reservation& reservation,
                              const Facts& facts, Decision& decision) noexcept;
  RejectReason check_form(const Candidate& candidate, Decision& decision) const noexcept;
  RejectReason check_size(const Candidate& candidate, const Facts& facts,
                          Decision& decision) const noexcept;
  RejectReason check_price(const Candidate& candidate, const Facts& facts,
                           Decision& decision) const noexcept;
  RejectReason check_capacity(const Candidate& candidate, const Facts& facts,
                              Decision& decision) const noexcept;
  RejectReason check_exposure(const Candidate& candidate, const Facts& facts,
                              Decision& decision) const noexcept;
  RejectReason check_margin(const Candidate& candidate, const Reservation& reservation,
                            const Facts& facts, Decision& decision) noexcept;
  [[nodiscard]] std::uint32_t levels_of(AccountIndex account, InstrumentIndex instrument,
                                        std::array<Level, kLevelsMax>& path) const noexcept;
  [[nodiscard]] std::int64_t collar_tick(const Candidate& candidate, Int128 collar) const noexcept;
  [[nodiscard]] Price collar_price(const Candidate& candidate, const Facts& facts) const noexcept;
  [[nodiscard]] Decision ignored() const noexcept;
  Decision judge(const Candidate& candidate) noexcept;
  Lots largest_passing(const Candidate& candidate) noexcept;
  [[nodiscard]] Candidate candidate_of(const NewOrder& order) const noexcept;
  [[nodiscard]] Candidate candidate_of(const ReplaceOrder& order,
                                       const Order& chain) const noexcept;
  [[nodiscard]] bool is_warned(AccountIndex account, const Change& change) const noexcept;
  [[nodiscard]] std::int64_t leverage_max(AccountIndex account, Int128 gross) const noexcept;
  // Of the account at the prices it is at: what leverage counts, in Wide, and with what it is compared.
  [[nodiscard]] static Int128 levered(const Account& account) noexcept {
    return account.gross.raw - account.unlevered.raw;
  }
  [[nodiscard]] Int128 leverage_equity(AccountIndex account) const noexcept {
    return parameters_.leverage.plain_equity ? plain_less_costs(account)
                                             : Int128{accounts_[account.value].capital.raw};
  }
  RejectReason check_cash(const Candidate& candidate, const Reservation& reservation,
                          Decision& decision) const noexcept;
  RejectReason check_open_interest(const Candidate& candidate, const Facts& facts,
                                   Decision& decision) const noexcept;
  RejectReason check_day(const Candidate& candidate, const Reservation& reservation,
                         const Facts& facts, Decision& decision) noexcept;
  [[nodiscard]] bool passes_rate(const Candidate& candidate, bool reducing,
                                 Decision& decision) const noexcept;
  void refuse_rate(SessionIndex session, AccountIndex account, bool exits, Timestamp now,
                   Decision& decision) const noexcept;

  // orders.cpp
  [[nodiscard]] bool may(SessionIndex session, SessionAction action) const noexcept {
    return (parameters_.sessions[session.value].actions & action) != 0;
  }
  [[nodiscard]] bool is_entitled(SessionIndex session, AccountIndex account) const noexcept {
    // A firm's accounts mostly follow each other: then none of them is read.
    const auto& accounts = parameters_.sessions[session.value].accounts;
    if (accounts.empty() || account < accounts.front() || account > accounts.back()) return false;
    return accounts.back().value - accounts.front().value == accounts.size() - 1 ||
           std::binary_search(accounts.begin(), accounts.end(), account);
  }
  // What new lines take of the pools.
  struct Room {
    std::uint32_t lines = 0;
    std::uint32_t slots = 0;
    friend Room operator+(Room a, Room b) { return {a.lines + b.lines, a.slots + b.slots}; }
  };
  [[nodiscard]] Room room_needed(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] bool has_room(Room room) const noexcept {
    return room.lines <= free_lines_ && slot_count_ + room.slots <= slots_.size();
  }
  void take_tokens(SessionIndex session, AccountIndex account, bool reducing,
                   Timestamp now) noexcept;
  std::uint32_t new_line(AccountIndex account, InstrumentIndex instrument) noexcept;
  std::uint32_t new_slot(AccountIndex account, GroupIndex group) noexcept;
  void drop_slots(std::uint32_t count) noexcept;
  void free_line_if_empty(std::uint32_t line) noexcept;
  void book(const Order& order, const NumberRecord& record) noexcept;
  template <class Edit>
  void change_order(std::uint32_t index, Edit edit) noexcept;
  void end_order(std::uint32_t index) noexcept;
  void count_order(AccountIndex account, std::int64_t change) noexcept;
  void link(std::uint32_t index) noexcept;
  void unlink(std::uint32_t index) noexcept;
  void unlink_reducer(std::uint32_t index) noexcept;
  template <class F>
  void each_line(AccountIndex account, F&& f) const {
    for (std::uint32_t s = accounts_[account.value].first_slot; s != kNil; s = slots_[s].next)
      for (std::uint32_t l = slots_[s].first_line; l != kNil; l = lines_[l].next) f(lines_[l]);
  }
  [[nodiscard]] std::uint32_t find_line(AccountIndex account,
                                        InstrumentIndex instrument) const noexcept {
    return line_of_.find(std::uint64_t{account.value} << 32 | instrument.value);
  }
  [[nodiscard]] std::uint32_t find_slot(AccountIndex account, GroupIndex group) const noexcept {
    return slot_of_.find(std::uint64_t{account.value} << 32 | group.value);
  }

  // venue_events.cpp
  void trade(AccountIndex account, InstrumentIndex instrument, Side side, Lots lots, Price price,
             std::int64_t fee_per_lot, int direction) noexcept;
  void count_execution(AccountIndex account) noexcept;
  void accepted(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void replaced(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  [[nodiscard]] bool is_trade(std::uint32_t at, const VenueEvent& event) const noexcept;
  void forget_trade(std::uint32_t at) noexcept;
  void remember_trade(const VenueEvent& event, const NumberRecord& record,
                      std::int64_t fee_per_lot) noexcept;
  void executed(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void reduced(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void refused(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void break_trade(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void make_head(Order& order, PendingReplace& pending) noexcept;
  void replaced_silently(std::uint32_t index, std::uint32_t number, VenueOutcome& outcome) noexcept;
  void drop_orphans(Order& order) noexcept;
  static void forget_answered_cancel(Order& order) noexcept;
  void end_if_done(std::uint32_t index, VenueOutcome& outcome) noexcept;
  void dispute(AccountIndex account) noexcept;

  // bound.cpp
  [[nodiscard]] bool surely_passes(const Candidate& candidate, const Reservation& reservation,
                                   Amount costs) const noexcept;
  [[nodiscard]] Int128 quanta_at_most(Int128 exact) const noexcept;
  [[nodiscard]] Int128 worse_at_most(const GroupSlot& slot, Int128& span) const noexcept;
  [[nodiscard]] Int128 worse_by(const Candidate& candidate, Lots grown, bool in_vectors,
                                Int128& span) const noexcept;
  // Whether an asset of a spot instrument moves in scenarios.
  [[nodiscard]] bool moves_collateral(InstrumentIndex instrument) const noexcept {
    const InstrumentParameters& spot = parameters_.instruments[instrument.value];
    return parameters_.assets[spot.base.value].mode != CollateralMode::Static ||
           parameters_.assets[spot.settlement.value].mode != CollateralMode::Static;
  }
  [[nodiscard]] Int128 ramps_worse_by(const Candidate& candidate, Lots grown) const noexcept;
  [[nodiscard]] Int128 requirement_bound(AccountIndex account) const noexcept;

  // change_parameters.cpp
  void forget(AccountIndex account) noexcept;
  void renew_fees(AccountIndex account) noexcept;
  void take_rules(AccountIndex account) noexcept;
  [[nodiscard]] std::int64_t worst_fee(const Order& order) const noexcept;
  void move_suspensions(NewRules& rules) noexcept;

  // margin.cpp
  void refresh_lines(AccountIndex account) noexcept;
  // Something of the account has changed, and with it its capital; or not, or the capital is told apart.
  void touch(Account& account) noexcept {
    account.capital_stale = true;
    touch_orders(account);
  }
  void touch_orders(Account& account) noexcept {
    account.version = account.lines_version = 0;
    if (account.touched) return;
    account.touched = true;
    const auto index = static_cast<std::uint32_t>(&account - accounts_.data());
    std::size_t at = touched_first_ + touched_count_++;
    if (at >= touched_.size()) at -= touched_.size();
    touched_[at] = {index};
  }
  void lift(Line& line) noexcept;   // takes a line's part out of every sum, before it changes
  void place(Line& line) noexcept;  // and puts it back
  void add_usage(const Line& line, int sign) noexcept;
  void add_exposures(const Line& line, const GroupSlot& slot, int sign) noexcept;
  void move_in_vector(Line& line, GroupSlot& slot) noexcept;
  void value_line(Line& line) noexcept;
  void add_cost(const Order& order, int direction) noexcept;
  void value_lines(GroupSlot& slot, Account& account) noexcept;
  void value_vector(GroupSlot& slot) noexcept;
  void rebuild_tables(GroupSlot& slot) noexcept;
  void add_joint(const GroupSlot& slot, int sign) noexcept;
  // A slot's raw columns; without lag states its vector itself.
  [[nodiscard]] const std::int64_t* raw_of(const GroupSlot& slot) const noexcept {
    return slot.first_raw == kNil ? low_.data() + slot.first_column : raw_.data() + slot.first_raw;
  }
  [[nodiscard]] std::int64_t* raw_of(const GroupSlot& slot) noexcept {
    return slot.first_raw == kNil ? low_.data() + slot.first_column : raw_.data() + slot.first_raw;
  }
  [[nodiscard]] Amount order_cost(const Order& order) const noexcept {
    return cost_of({order.reserved, order.worst, order.fee_per_lot}, order.side, order.instrument);
  }
  [[nodiscard]] Amount cost_of(const Reservation& reservation, Side side,
                               InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Amount side_cost(Line& line, BookSide side) const noexcept;
  // Which of a line's orders are asked for.
  struct Asked {
    const Order* except = nullptr;
    Reservation more{};  // beside them
    bool exits_only = false;
  };
  [[nodiscard]] Amount coupled_cost(InstrumentIndex instrument, const Line& line, BookSide side,
                                    const Asked& asked) const noexcept;
  [[nodiscard]] Amount spot_cost(const Reservation& reservation, Side side,
                                 InstrumentIndex instrument) const noexcept;
  // What the order may bring of one asset of a spot instrument, or take.
  [[nodiscard]] Flow flow_of(const Reservation& reservation, Side side, InstrumentIndex instrument,
                             AssetIndex asset) const noexcept;
  [[nodiscard]] bool is_spot(InstrumentIndex instrument) const noexcept {
    return parameters_.instruments[instrument.value].payoff == Payoff::Spot;
  }
  [[nodiscard]] static Reservation reserved_by(const Order& order) noexcept;
  void add_flow(const Order& order, int direction) noexcept;
  void trade_spot(AccountIndex account, InstrumentIndex instrument, Side side, Lots lots,
                  Price price, std::int64_t fee_per_lot, int direction) noexcept;
  // What a lot is traded for at a price, in settlement units; not Inverse.
  [[nodiscard]] Int128 price_of_lot(InstrumentIndex instrument, Price price) const noexcept {
    const InstrumentParameters& parameters = parameters_.instruments[instrument.value];
    return Int128{price.raw} * parameters.marks_per_tick * parameters.units_per_lot_mark;
  }
  [[nodiscard]] Int128 got_per_lot(InstrumentIndex instrument, Side side) const noexcept;
  [[nodiscard]] Int128 paid_per_lot(const Reservation& reservation,
                                    InstrumentIndex instrument) const noexcept {
    return price_of_lot(instrument, reservation.worst) + reservation.fee_per_lot;
  }
  [[nodiscard]] Amount long_cost(InstrumentIndex instrument, Lots position, Lots buys,
                                 Int128 highest) const noexcept;
  // What a sale costs that closes a long position which counts for nothing.
  [[nodiscard]] Amount closing_cost(const Reservation& reservation,
                                    InstrumentIndex instrument) const noexcept {
    const Int128 paid = price_of_lot(instrument, reservation.worst);
    return {reservation.lots.raw * std::max<Int128>(0, reservation.fee_per_lot - paid)};
  }
  [[nodiscard]] Amount traded(InstrumentIndex instrument, Side side, Lots lots,
                              Price price) const noexcept;
  [[nodiscard]] Timestamp expires(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Timestamp mark_expires(InstrumentIndex instrument) const noexcept {
    const InstrumentState& of = instruments_[instrument.value];
    if (of.mark_state == PriceState::Unsafe) return kUnsafe;
    if (of.mark.raw == 0) return {};
    return {of.as_of.ns + parameters_.instruments[instrument.value].mark_age_max_ns};
  }
  [[nodiscard]] Timestamp price_expires(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Timestamp index_expires(AssetIndex asset) const noexcept;
  [[nodiscard]] std::int64_t fee_per_lot(InstrumentIndex instrument, Price price) const noexcept;
  [[nodiscard]] static Reachable reachable(const Line& line) noexcept {
    return {line.position, line.position - line.open[kSells], line.position + line.open[kBuys]};
  }
  [[nodiscard]] static Reachable reachable_by_exits(const Line& line) noexcept {
    return {line.position, line.position - line.exits[kSells], line.position + line.exits[kBuys]};
  }
  // The lots that count: at most 0 each where a long position has no value.
  [[nodiscard]] Reachable counted(InstrumentIndex instrument, Reachable lots) const noexcept;
  [[nodiscard]] CountedLots counted(InstrumentIndex instrument, const Reachable& lots,
                                    const Reachable& exits,
                                    std::uint32_t protection) const noexcept {
    if (protection != kNil) [[unlikely]]
      return protected_lots(instrument, lots, exits, protection);
    const Reachable all = counted(instrument, lots);
    return {all, all};
  }
  [[nodiscard]] CountedLots counted(const Line& line, std::uint32_t protection) const noexcept {
    return counted(line.instrument, reachable(line), reachable_by_exits(line), protection);
  }
  [[nodiscard]] Int128 measure(const Use& use, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Exposure exposure_of(const Use& use, InstrumentIndex instrument,
                                     const Reachable& lots) const noexcept;
  // Of the instrument's group, each that it is charged in; the uses of one follow each other.
  template <class Visit>
  void for_each_add_on(InstrumentIndex instrument, Visit visit) const noexcept {
    std::uint32_t last = kNil;
    for (const Use& use : uses(instrument)) {
      if (use.add_on == kNil || use.add_on == last) continue;
      last = use.add_on;
      visit(parameters_.groups[group_of(instrument).value].add_ons[last]);
    }
  }
  [[nodiscard]] const std::int32_t* gains(InstrumentIndex instrument) const noexcept;

  // protection.cpp
  [[nodiscard]] CountedLots protected_lots(InstrumentIndex instrument, const Reachable& lots,
                                           const Reachable& exits,
                                           std::uint32_t protection) const noexcept;
  [[nodiscard]] std::uint32_t find_protection(AccountIndex account,
                                              GroupIndex group) const noexcept;
  [[nodiscard]] const LotLoss& lot_loss(GroupIndex group) const noexcept;
  // What quotes under a protection may lose in a column, and the span of that.
  [[nodiscard]] static std::int64_t loss_of_lots(Lots lots, std::int64_t loss) noexcept;
  Int128 move_quotes(std::uint32_t protection, bool quotes, std::int64_t* low) const noexcept;
  void keep_quotes(std::uint32_t protection, bool quotes) noexcept;
  void forget_quotes(std::uint32_t protection) noexcept {
    std::fill(protections_[protection].in_vector.begin(), protections_[protection].in_vector.end(),
              0);
    protections_[protection].span = 0;
  }
  [[nodiscard]] Int128 quotes_worse(const GroupSlot& slot, Int128& span) const noexcept;

  // equity.cpp
  void value_capital(AccountIndex index) noexcept;
  void value_costs(AccountIndex index) noexcept;
  void change_costs(AccountIndex account, AssetIndex asset, Amount added) noexcept;
  [[nodiscard]] Int128 costs_taken(AssetIndex asset, const Holding& of, Amount before,
                                   Amount after) const noexcept;
  [[nodiscard]] Holding& holding(AccountIndex account, AssetIndex asset) noexcept {
    return holdings_[account.value * assets_.size() + asset.value];
  }
  [[nodiscard]] const Holding& holding(AccountIndex account, AssetIndex asset) const noexcept {
    return holdings_[account.value * assets_.size() + asset.value];
  }
  // Of the asset that has so much a unit: what in_range() takes.
  [[nodiscard]] Amount amount_max(Wide unit) const noexcept;
  [[nodiscard]] Int128 plain_less_costs(AccountIndex account) const noexcept;
  // X of the asset.
  [[nodiscard]] static Amount held(const Holding& holding) noexcept {
    return {holding.balance.raw - holding.borrowed.raw + holding.line_value.raw};
  }
  // The costs of open orders in each asset, where those of `changed` are others.
  struct Costs {
    bool counted = true;  // false: none at all, but those of `changed`
    AssetIndex changed;
    Amount costs;
    bool without_exits = false;  // exits cost nothing, whether `changed` or not
    static Costs none() {
      Costs costs;
      costs.counted = false;
      return costs;
    }
  };
  [[nodiscard]] Amount costs_in(AccountIndex account, AssetIndex asset,
                                const Costs& costs) const noexcept {
    Amount all = asset == costs.changed ? costs.costs
                 : costs.counted        ? holding(account, asset).line_cost
                                        : Amount{};
    if (costs.without_exits) all -= exit_costs(account, asset, nullptr);
    return all;
  }
  Amount in_range(AssetIndex asset, Amount amount, bool& fits) const noexcept;
  [[nodiscard]] Int128 haircut_value(AssetIndex asset, Amount amount,
                                     bool maintenance) const noexcept;
  [[nodiscard]] Int128 asset_value(AssetIndex asset, const Holding& holding, Amount costs,
                                   bool maintenance) const noexcept;
  [[nodiscard]] Int128 borrow_margin(AssetIndex asset, const Holding& holding, Amount costs,
                                     bool maintenance) const noexcept;
  [[nodiscard]] Int128 share_limit(AssetIndex asset, Int128 uncapped) const noexcept;
  [[nodiscard]] Int128 uncapped_value(AccountIndex account, const Costs& costs,
                                      bool maintenance) const noexcept;
  [[nodiscard]] Int128 capital_exact(AccountIndex account, const Costs& costs,
                                     bool maintenance) const noexcept;
  [[nodiscard]] Int128 capital_with(AccountIndex account, AssetIndex asset,
                                    Amount costs) const noexcept;
  [[nodiscard]] Collateral collateral_of(AccountIndex account, AssetIndex asset, Amount costs,
                                         const Flow& flow, Int128 uncapped,
                                         bool maintenance) const noexcept;
  [[nodiscard]] Int128 rounded_capital(Int128 exact) const noexcept {
    return exact_per_quantum_.floor(exact);
  }
  [[nodiscard]] Int128 cost_value(AssetIndex asset, Amount cost) const noexcept;

  // requirement.cpp
  [[nodiscard]] FactorExposure factor_exposure(const Exposure& exposure,
                                               const Collateral& collateral, bool with_orders,
                                               bool& fits) const noexcept;
  [[nodiscard]] Int128 span_of(FactorIndex factor, const FactorExposure& exposure) const noexcept;
  void add_factor(std::int64_t* raw, const std::int64_t* from, GroupIndex group,
                  std::uint32_t factor, std::int64_t up, std::int64_t down) const noexcept;
  [[nodiscard]] Vector columns_of(const std::int64_t* low, GroupIndex group,
                                  std::uint32_t set) const noexcept {
    return {low + parameters_.sets[set].first_column[group.value],
            parameters_.sets[set].column_count[group.value]};
  }
  [[nodiscard]] Int128 scan(const std::int64_t* low, GroupIndex group,
                            const Basis& basis) const noexcept;
  [[nodiscard]] GroupFigures figures_of(const std::int64_t* low, GroupIndex group,
                                        const Charges& charges, const Basis& basis) const noexcept;
  // A requirement that is not known to be affordable, since some sum of it does not fit: more than any
  // equity; and what none that is known comes to.
  static constexpr Int128 kUnaffordable = Int128{1} << 100;
  static constexpr Int128 kBeyondRange = Int128{1} << 99;
  struct Scopes {
    Int128 by_group = 0;
    Int128 jointly = 0;
  };
  [[nodiscard]] Scopes scopes(const GroupFigures& figures, const std::int64_t* joint,
                              const std::int64_t* alone_sum, const Basis& basis) const noexcept;
  [[nodiscard]] Int128 combined(const GroupFigures& figures, const std::int64_t* joint,
                                const std::int64_t* alone_sum, const Basis& basis) const noexcept;
  [[nodiscard]] Int128 joint_loss(const std::int64_t* joint, const std::int64_t* alone_sum,
                                  const Basis& basis) const noexcept;
  [[nodiscard]] Int128 requirement(AccountIndex account) const noexcept;
  [[nodiscard]] Int128 requirement_with(AccountIndex account, const Change& change) const noexcept;
  // What is asked of a sum from nothing, and what it answers beside the vector.
  struct Question {
    const Change* change = nullptr;
    bool with_orders = true;
    bool maintenance = false;
    Costs costs;
    Int128 uncapped = 0;
  };
  struct Summed {
    Int128 span = 0;
    bool fits = true;
    bool is_held = false;  // there is a position, an order, or collateral that moves
  };
  [[nodiscard]] Question question(AccountIndex account, const Change* change, bool with_orders,
                                  bool maintenance) const noexcept;
  [[nodiscard]] Flow flow_in(AccountIndex account, AssetIndex asset,
                             const Question& asked) const noexcept;
  Summed sum_group(AccountIndex account, GroupIndex group, std::uint32_t first_line,
                   const Question& asked, std::int64_t* low) const noexcept;
  Int128 recompute(AccountIndex account, const Change* change, bool with_orders, const Basis& basis,
                   MarginReport* report) const noexcept;

  // change.cpp
  [[nodiscard]] Reservation reservation_with(const Order* chain, Lots lots, Price price,
                                             InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Change no_change(InstrumentIndex instrument, std::uint32_t line) const noexcept;
  [[nodiscard]] Change change_of(const Candidate& candidate, Lots exits, Lots lots) const noexcept;
  [[nodiscard]] Change open_change(const Candidate& candidate, const Reservation& reservation,
                                   MarginLeg leg) const noexcept;
  [[nodiscard]] Change filled_change(const Candidate& candidate, const Reservation& reservation,
                                     bool with_orders) const noexcept;
  [[nodiscard]] Amount costs_with(const Candidate& candidate,
                                  const Reservation& reservation) const noexcept;
  [[nodiscard]] Amount own_cost(const Candidate& candidate,
                                const Reservation& reservation) const noexcept;
  [[nodiscard]] UsageChange usage_change(const Candidate& candidate, Lots reserve) const noexcept;
  [[nodiscard]] Lots closable(const Candidate& candidate) const noexcept;
  [[nodiscard]] bool is_reducing(const Candidate& candidate, Lots reserve) const noexcept;
  [[nodiscard]] Amount exit_costs(AccountIndex account, AssetIndex asset,
                                  const Order* except) const noexcept;
  [[nodiscard]] bool exit_costs_rise(AccountIndex account) const noexcept;
  Charges charges_along(GroupIndex group, AccountIndex account,
                        const Question& asked) const noexcept;
  [[nodiscard]] bool may_exit(const Candidate& candidate, const Reservation& reservation,
                              Decision& decision) const noexcept;
  void spend_allowance(const Order& order, Lots lots, Price price) noexcept;

  // add_ons.cpp
  // A driver as the changes make it, or as it is.
  [[nodiscard]] static const Exposure& with_changes(const Exposure* drivers,
                                                    std::span<const DriverChange> changes,
                                                    std::uint32_t driver) noexcept {
    for (const DriverChange& change : changes) {
      if (change.driver == driver) return change.exposure;
    }
    return drivers[driver];
  }
  [[nodiscard]] bool is_offset(GroupIndex group, std::uint32_t driver) const noexcept {
    return parameters_.groups[group.value].drivers[driver].reach == Reach::LongNet;
  }
  [[nodiscard]] Int128 tiers_of(const AddOnParameters& add_on, Int128 amount,
                                bool maintenance) const noexcept;
  [[nodiscard]] Int128 charge_of(GroupIndex group, const AddOnParameters& add_on,
                                 const Exposure* exposures, std::span<const DriverChange> changes,
                                 bool with_orders, bool maintenance) const noexcept;
  [[nodiscard]] Int128 ramp_rate(const AddOnParameters& add_on, Int128 amount) const noexcept;
  [[nodiscard]] Int128 ramp_charge(const AddOnParameters& add_on, Int128 amount, Int128 rate_ppm,
                                   bool maintenance) const noexcept;
  [[nodiscard]] DriverChanges driver_changes(InstrumentIndex instrument, const CountedLots& before,
                                             const CountedLots& after,
                                             const Exposure* exposures) const noexcept;
  [[nodiscard]] Int128 charge_along(GroupIndex group, const AddOnParameters& add_on,
                                    const Exposure* exposures,
                                    std::span<const DriverChange> changes) const noexcept;
  [[nodiscard]] Charges charges_of(GroupIndex group, const Exposure* exposures, bool with_orders,
                                   bool maintenance) const noexcept;

  // report.cpp
  void name_group(GroupIndex group, const std::int64_t* low, const Basis& basis,
                  MarginReport& report) const noexcept;
  void name_joint(const GroupFigures& figures, const std::int64_t* joint,
                  const std::int64_t* alone_sum, const Basis& basis,
                  MarginReport& report) const noexcept;

  // breakdown.cpp
  Charges break_down_group(AccountIndex account, GroupIndex group, bool with_orders,
                           bool maintenance, BasisBreakdown::OfGroup& of_group) const noexcept;
  bool break_down_basis(AccountIndex account, bool maintenance,
                        BasisBreakdown& basis) const noexcept;
  bool break_down_assets(AccountIndex account, Breakdown& breakdown) const noexcept;

  // states.cpp
  // REQUIRES fresh lines.
  [[nodiscard]] bool is_stale(AccountIndex account, Timestamp now) const noexcept {
    return now > accounts_[account.value].expires;
  }
  struct Ratio {
    Int128 value = 0;
    Int128 required = 0;
    [[nodiscard]] bool is_below(std::int64_t ppm) const { return value * kPpm < required * ppm; }
  };
  using Ratios = std::array<Ratio, 2>;  // by MarginBasis
  [[nodiscard]] Ratio ratio_of(AccountIndex account, MarginBasis basis) const noexcept;
  [[nodiscard]] MarginState state_of(AccountIndex account, const Ratios& ratios) const noexcept;
  [[nodiscard]] Int128 distance(AccountIndex account, const Ratios& ratios, GroupIndex group,
                                Int128 stake) const noexcept;
  [[nodiscard]] Int128 stake_of(const GroupSlot& slot) const noexcept;
  void watch(AccountIndex account, const Ratios& ratios) noexcept;
  void unwatch(AccountIndex account) noexcept;
  RejectReason refuse_state(AccountIndex account, Decision& decision) const noexcept;
  [[nodiscard]] Int128 day_loss(AccountIndex account) const noexcept;
  [[nodiscard]] bool day_is_lost(AccountIndex account) const noexcept;

  // cash.cpp
  bool add_balance(AccountIndex account, AssetIndex asset, Int128 units) noexcept;
  void count_transfer(AccountIndex account, AssetIndex asset, Int128 units) noexcept;
  [[nodiscard]] Int128 borrowed_of(AccountIndex account, AssetIndex asset) const noexcept;
  RejectReason check_withdrawal(AccountIndex account, AssetIndex asset, Timestamp now,
                                Int128 borrowed_before, Decision& decision) noexcept;
  [[nodiscard]] Transfer transfer_of(const IsolatedOrder& command) const noexcept;
  void return_isolated(AccountIndex account) noexcept;
  void realise_line(Line& line) noexcept;
  void end_orders_in(InstrumentIndex instrument) noexcept;

  const char* verify_account(AccountIndex account) noexcept;
  [[nodiscard]] const char* verify_anchors() const noexcept;
  [[nodiscard]] const char* verify_tables() const noexcept;

  // state_hash.cpp
  [[nodiscard]] std::uint64_t hash_of(const Order& order) const noexcept;
  [[nodiscard]] std::uint64_t hash_of(EntityKind kind, std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint64_t hash_of_rest() const noexcept;
  [[nodiscard]] std::uint64_t recomputed_hash() const noexcept;
  void touch_line(const Line& line) noexcept {
    hash_.touch(EntityKind::Line, static_cast<std::uint32_t>(&line - lines_.data()));
  }

  // saved_state.cpp
  template <class Self, class Part>
  static void for_each_part(Self& self, Part& part);
  [[nodiscard]] const char* check_slots() const noexcept;
  [[nodiscard]] const char* check_lines() const noexcept;
  [[nodiscard]] const char* check_orders() const noexcept;
  [[nodiscard]] const char* check_rest() const noexcept;
  [[nodiscard]] const char* rebuild() noexcept;

  // layout.cpp
  void lay_out_quotes();
  void lay_out_watch();

  // engine.cpp: what sessions have suspended
  void suspend(SessionIndex session, AccountIndex account, bool on) noexcept;
  [[nodiscard]] SessionIndex suspended_by(AccountIndex account) const noexcept;

  void advance(Timestamp time) noexcept {
    if (last_time_ < time) last_time_ = time;
  }
  [[nodiscard]] Int128 value_at(InstrumentIndex instrument, Int128 mark) const noexcept;
  [[nodiscard]] std::int64_t shift_ppm(const RiskTable& table) const noexcept;
  [[nodiscard]] Int128 unlevered_lot(InstrumentIndex index) const noexcept;
  [[nodiscard]] Int128 notional_at(InstrumentIndex instrument, Int128 mark) const noexcept;
  void price_instrument(InstrumentIndex instrument) noexcept;
  void price_asset(AssetIndex asset) noexcept;
  [[nodiscard]] bool fits(const RiskTable& table) const noexcept;
  [[nodiscard]] bool has_moved(InstrumentIndex instrument, Mark anchor) const noexcept;
  void set_anchor(InstrumentIndex instrument, Mark anchor) noexcept;
  template <class Stands>
  void tick_charged(Stands stands) noexcept;
  void tick_group(std::uint32_t group) noexcept {
    ++group_version_[group];
    ++price_version_;
  }

  // Fixed by the parameters' shape, which no change alters.
  std::vector<Exposure> nothing_;          // as many as a group can have
  mutable std::vector<Exposure> scratch_;  // of recompute()
  SlotWidths widths_;
  std::vector<std::uint32_t> watched_;                     // by instrument: its price in the watch
  std::vector<std::vector<std::uint32_t>> watched_index_;  // by asset: its prices there

  // How many of the first ones have ever been used: what is saved.
  std::uint32_t orders_used_ = 0;
  std::uint32_t lines_used_ = 0;
  std::uint32_t trades_used_ = 0;

  // Semantic state.
  Pool<Order> orders_;
  std::uint32_t free_order_ = kNil;
  std::uint32_t live_orders_ = 0;
  Pool<Line> lines_;
  std::uint32_t free_line_ = kNil;
  std::uint32_t free_lines_ = 0;
  Pool<GroupSlot> slots_;
  std::uint32_t slot_count_ = 0;
  Pool<Account> accounts_;
  Pool<Holding> holdings_;  // [account * assets + asset]
  std::vector<Node> nodes_;
  std::vector<Session> sessions_;
  Pool<std::uint8_t> suspended_;  // by entitlement: whether the session has suspended it
  std::vector<InstrumentState> instruments_;
  std::vector<AssetState> assets_;
  std::vector<const RiskTable*> tables_;  // by group; null: none yet
  std::vector<Timestamp> table_as_of_;    // by group
  std::vector<std::uint32_t>
      tables_since_;  // by group: its tables are of this version or a later one
  NumberTable numbers_;
  Pool<Trade> trades_;
  std::uint32_t next_trade_ = 0;
  IndexMap trade_of_;
  std::uint32_t next_number_ = 1;
  std::uint8_t conditions_ = 0;  // bit by Condition
  std::int64_t leverage_cap_ppm_ = std::numeric_limits<std::int64_t>::max();
  Timestamp last_time_;

  StateHash hash_;  // of the above

  // Where things are; functions of the above.
  IndexMap line_of_;  // account, instrument -> line
  IndexMap slot_of_;  // account, group -> slot

  // Caches.
  Pool<Exposure> exposures_;                  // by slot: local factors, then drivers
  Pool<Collateral> collateral_;               // by slot and local factor
  Pool<FactorExposure> in_vector_;            // by slot and local factor: what low_ holds of it
  Pool<Charges> charges_;                     // by slot
  Pool<std::int64_t> low_;                    // by slot and column: the worst of all fills
  Pool<std::int64_t> raw_;                    // by slot and raw column: what is folded into low_
  Pool<std::int64_t> alone_;                  // by slot and enforced joint set
  Pool<std::int64_t> joint_;                  // [account * joint_columns + column]: sum of phi(low)
  Pool<std::int64_t> alone_sum_;              // [account * joint sets + k]: sum of alone
  Pool<Usage> usage_;                         // [instrument * nodes + node]
  std::vector<std::uint64_t> group_version_;  // of prices
  std::vector<std::uint64_t> table_version_;  // of the published table
  std::vector<Anchored> anchored_;            // by instrument
  std::vector<std::uint32_t> moved_count_;    // by group: of its anchors
  Pool<Reducers> reducers_;                   // by line
  Pool<ReducerLink> reducer_links_;           // by order
  std::vector<Protection> protections_;       // account after account
  mutable std::vector<LotLoss> lot_loss_;     // by group
  std::uint64_t price_version_ = 1;
  std::uint64_t index_version_ = 1;
  std::uint32_t rules_version_ = 0;  // counts changes of parameters: see Account::rules

  // Who is to be looked at again: a proposal to the caller, a function of nothing.
  Watch watch_;
  Pool<AccountIndex> touched_;  // a ring
  std::size_t touched_first_ = 0;
  std::size_t touched_count_ = 0;
  std::uint32_t due_next_ =
      0;  // from here on everybody is due, since other parameters are in force
};

}  // namespace portcullis::risk
