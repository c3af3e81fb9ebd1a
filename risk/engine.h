// Start reading here. risk::Engine is the decision: a deterministic, single-threaded state machine.
//
//   commands (risk/commands.h) in, decisions with their arithmetic out; every command carries its
//   time. No I/O, clock, thread, lock, log, exception or floating point; no heap after
//   construction.
//
// decide() is const and names the first failing check; apply() makes a decision effective and
// cannot fail. A live shard calls both, in one step, by submit(). A start-up applies recorded
// decisions, a replay decides again and compares. All calls come from one thread.
//
// clang-format off
// THE MARGIN (METHOD 3) and its rounding contract. All sums are exact integers; rounding happens
// only where a line below says so, always against the account, and every figure is a pure function
// of (positions, balances, open orders, marks), whatever the history.
//
//   unit(a)      = index(a) * wide_per_index(a)              Wide per unit of asset a; 0 while unpriced
//   value(line)  = position * mark * units_per_lot_mark + cash       units of its settlement asset
//   X(a)         = balance(a) + sum of value(line) settled in a
//   H(a)         = the haircut curve of X(a), in units times 1e6:
//                  X >= 0: sum of tier part * rate_ppm;  X < 0: X * (1e6 + debt_addon_ppm)
//   E            = sum over a of floor(H(a) * unit(a) / (1e6 * D)),         D = wide_denominator
//   c(order)     = lots * max(0, s * (worst - mark) * units_per_lot_mark + fee_per_lot),
//                  s = +1 buy, -1 sell, prices in mark units; while unpriced lots * fee_per_lot;
//                  fee_per_lot = ceil(worst-fee price * units_per_lot_mark * fee_ppm / 1e6)
//   E - C        = sum over a of floor((H(a) - sum of c(order) settled in a * (1e6 + debt_addon_ppm))
//                                      * unit(a) / (1e6 * D))
//                  one rounding for both, so that no part of a cost that moves from C to E by a fill
//                  is rounded twice; C is what this leaves of E
//   n(i)         = mark * units_per_lot_mark * unit(settlement)       Wide: the notional of one lot
//   exposures of factor f:  P = sum of position * n(i), B = sum of open buys * n(i),
//                  S = sum of open sells * n(i) (positive), K = sum of H(a) * unit(a) over the
//                  assets that move with f
//   up(f)        = floor(((P - S) * 1e6 + K) / (1e6 * D))
//   down(f)      = ceil (((P + B) * 1e6 + K) / (1e6 * D))
//   low_g[s]     = sum over the group's factors of floor((m >= 0 ? up : down) * m / 1e6), m = shock
//   alone(g,k)   = max(0, -min of low_g over the columns of set k)
//   Z(g)         = max over per-group sets k of alone(g,k)
//   phi(x)       = x for x <= 0, floor(x * kappa_ppm / 1e6) for x > 0
//   joint(k)     = max(0, -min over columns of the sum over groups of phi(low_g))
//   J(k)         = weight * joint(k) + (1e6 - weight) * sum over g of alone(g,k)
//   Req          = max(ceil(group_mult * sum of Z / 1e6), ceil(joint_mult * max over k of J(k) / 1e12))
//   R            = E - C - Req
//
// Groups in which an account has neither lines nor moving collateral contribute nothing. K counts
// what the account has before any fill: fills change it by gains and costs paid in an asset that
// moves, which is why such an asset may only fall in scenarios (InstrumentParameters::settlement).
//
// ACCEPTANCE (METHOD 3.6). Leg 1: R with the order among the open ones >= 0. Leg 2, the exit, with
// the order and its cost c, a replaced chain taken out and its new reservation put in its place:
//   E1 Req(open) <= Req(now)
//   E2 Req(filled) + c + C_exit <= Req(now), C_exit = the costs of the other open exits
//   E3 Req(positions, filled) + c <= Req(positions)
// and no exposure usage rises. c and C_exit are what the costs take from E at most, each rounded up
// on its own.
// clang-format on
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "risk/commands.h"
#include "risk/index_map.h"
#include "risk/number_table.h"
#include "risk/parameters.h"
#include "risk/state.h"
#include "risk/state_hash.h"
#include "risk/types.h"

namespace portcullis::risk {

// What an account's margin looks like now. Values in quanta of the risk currency.
struct MarginReport {
  Value equity;
  Value costs;                    // C: of open orders
  Value requirement;              // Req at the worst fill of every open order
  Value available;                // R = equity - costs - requirement
  std::uint32_t set = kNil;       // what binds: kNil where the requirement is 0; for a per-group
  std::uint32_t group = kNil;     // requirement the largest group; kNil for a joint set
  std::uint32_t scenario = kNil;  // column within the set
  bool stale = false;             // some price behind it is stale or missing
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
  Duplicate,            // acknowledged twice, executed twice under one match number
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

class Engine {
 public:
  // REQUIRES first_problem(parameters) == nullptr. Allocates everything it will ever use.
  explicit Engine(const Parameters& parameters);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- orders
  // Brings the caches of the order's account up to date; changes nothing semantic. REQUIRED before
  // decide(); submit() does it itself.
  void refresh(AccountIndex account) noexcept;

  // A client number at or below the session's watermark is Disposition::Ignore and changes nothing,
  // not even the counters; so is a replace or cancel whose original is not live here (which does
  // consume).
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
  // first, and has not been asked to go; or none. The gate cancels it.
  [[nodiscard]] OrderIndex excess_reduce_only(AccountIndex account,
                                              InstrumentIndex instrument) const noexcept;

  // --- prices, state, control
  void apply(const MarkUpdate& update) noexcept;
  void apply(const IndexUpdate& update) noexcept;
  // False when a pool is full.
  bool apply(const LoadBalance& load) noexcept;
  bool apply(const LoadPosition& load) noexcept;
  void apply(const Control& control) noexcept;
  void apply(const SetCondition& condition) noexcept;
  // Moves the realised cash of all flat or open lines into the balances; R stays bit-identical.
  void realise(AccountIndex account) noexcept;

  // --- looking at it
  [[nodiscard]] MarginReport margin(AccountIndex account, Timestamp now) noexcept;
  [[nodiscard]] const Parameters& parameters() const noexcept { return parameters_; }
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
  [[nodiscard]] bool has_room(AccountIndex account, InstrumentIndex instrument) const noexcept;
  // Whether a balance in a further asset does.
  [[nodiscard]] bool has_room(AccountIndex account, AssetIndex asset) const noexcept;
  [[nodiscard]] bool is_under(AccountIndex account, ControlScope scope,
                              std::uint32_t target) const noexcept;
  [[nodiscard]] std::uint32_t live_orders() const noexcept { return live_orders_; }
  [[nodiscard]] Lots position(AccountIndex account, InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Amount balance(AccountIndex account, AssetIndex asset) const noexcept;
  [[nodiscard]] std::uint32_t watermark(SessionIndex session) const noexcept;
  [[nodiscard]] Mark mark(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::uint8_t session_flags(SessionIndex session) const noexcept;

  // A commutative sum of the hashes of all entities, semantic state only.
  [[nodiscard]] std::uint64_t state_hash() noexcept;
  // Recomputes every cache and every sum from the semantic state and compares bit for bit. The name
  // of the first difference, or nullptr. Slow: for tests, markers and the demo. Refreshes all
  // accounts.
  [[nodiscard]] const char* verify() noexcept;

 private:
  // What one order, or one replace, asks for; both kinds go through the same list of checks.
  struct Candidate {
    AccountIndex account;
    InstrumentIndex instrument;
    SessionIndex session;
    Side side = Side::Buy;
    OrdType ord_type = OrdType::Limit;
    TimeInForce time_in_force = TimeInForce::Day;
    RejectReason form = RejectReason::None;
    RejectReason unsupported = RejectReason::None;
    std::uint16_t flags = 0;
    Price price;
    Lots quantity;  // that may still execute
    Lots min_quantity;
    const Order* replaced = nullptr;  // the chain it joins
    Timestamp now;
    bool verdict_only = false;  // a trial of the bisection: what binds need not be named
  };
  // What an order chain reserves.
  struct Reservation {
    Lots lots;
    Price worst;
    std::int64_t fee_per_lot = 0;
  };
  // A change to one line, against what it is now.
  struct Change {
    Lots position;
    Lots buys;
    Lots sells;
  };
  // An instrument's place in the risk tables, fixed at load.
  struct Place {
    std::uint32_t group = 0;
    std::uint32_t local_factor = 0;
  };

  struct UsageChange {
    Usage before;
    Usage after;
  };
  // What several checks need to know of an order.
  struct Facts {
    std::array<Level, kLevelsMax> path;
    std::uint32_t levels = 0;
    bool priced = false;  // the instrument has a mark and its settlement asset an index
    bool mark_stale = false;
    Timestamp expires;      // when the first price that the margin stands on becomes stale
    bool stale = false;     // some such price is stale or missing
    bool reducing = false;  // by the cheap test
  };

  // decide.cpp: the list of checks, in order. Each part names the first failure and its arithmetic.
  RejectReason first_failure(const Candidate& asked, Decision& decision) const noexcept;
  RejectReason check_standing(const Candidate& candidate, const Reservation& reservation,
                              const Facts& facts, Decision& decision) const noexcept;
  RejectReason check_form(const Candidate& candidate, Decision& decision) const noexcept;
  RejectReason check_size(const Candidate& candidate, const Facts& facts,
                          Decision& decision) const noexcept;
  RejectReason check_price(const Candidate& candidate, const Facts& facts,
                           Decision& decision) const noexcept;
  RejectReason check_capacity(const Candidate& candidate, const Facts& facts,
                              Decision& decision) const noexcept;
  RejectReason check_exposure(const Candidate& candidate, const Reservation& reservation,
                              const Facts& facts, Decision& decision) const noexcept;
  RejectReason check_margin(const Candidate& candidate, const Reservation& reservation,
                            Decision& decision) const noexcept;
  [[nodiscard]] std::uint32_t levels_of(AccountIndex account,
                                        std::array<Level, kLevelsMax>& path) const noexcept;
  [[nodiscard]] std::int64_t collar_tick(const Candidate& candidate,
                                         std::int64_t collar_ppm) const noexcept;
  [[nodiscard]] Price collar_price(const Candidate& candidate, const Facts& facts) const noexcept;
  [[nodiscard]] UsageChange usage_change(const Candidate& candidate, Lots reserve) const noexcept;
  [[nodiscard]] Lots closable(const Candidate& candidate) const noexcept;
  [[nodiscard]] bool has_condition(Condition condition) const noexcept {
    return (conditions_ >> static_cast<unsigned>(condition) & 1) != 0;
  }
  [[nodiscard]] Decision ignored() const noexcept;
  Decision judge(const Candidate& candidate) const noexcept;
  Lots largest_passing(const Candidate& candidate) const noexcept;
  [[nodiscard]] Candidate candidate_of(const NewOrder& order) const noexcept;
  [[nodiscard]] bool is_reducing(const Candidate& candidate, Lots reserve) const noexcept;
  [[nodiscard]] bool is_exit(const Candidate& candidate,
                             const Reservation& reservation) const noexcept;
  [[nodiscard]] bool passes_rate(const Candidate& candidate, bool reducing,
                                 Decision& decision) const noexcept;
  void refuse_rate(SessionIndex session, AccountIndex account, bool exits, Timestamp now,
                   Decision& decision) const noexcept;
  [[nodiscard]] Timestamp prices_expire(const Candidate& candidate) const noexcept;
  [[nodiscard]] Reservation reservation_with(const Order* chain, Lots lots, Price price,
                                             InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Change open_change(const Candidate& candidate,
                                   const Reservation& reservation) const noexcept;
  [[nodiscard]] const InstrumentLimits& limits(std::uint32_t profile,
                                               InstrumentIndex instrument) const noexcept {
    return parameters_.profiles[profile].instruments[instrument.value];
  }

  // orders.cpp
  [[nodiscard]] bool is_entitled(SessionIndex session, AccountIndex account) const noexcept {
    const auto& accounts = parameters_.sessions[session.value].accounts;
    return std::binary_search(accounts.begin(), accounts.end(), account);
  }
  void take_tokens(SessionIndex session, AccountIndex account, bool reducing,
                   Timestamp now) noexcept;
  std::uint32_t new_line(AccountIndex account, InstrumentIndex instrument) noexcept;
  std::uint32_t new_slot(AccountIndex account, GroupIndex group) noexcept;
  void free_line_if_empty(std::uint32_t line) noexcept;
  void book(const Order& order, const NumberRecord& record) noexcept;
  template <class Edit>
  void change_order(std::uint32_t index, Edit edit) noexcept;
  void end_order(std::uint32_t index) noexcept;
  void count_order(AccountIndex account, std::int64_t change) noexcept;
  void link(std::uint32_t index) noexcept;
  void unlink(std::uint32_t index) noexcept;
  [[nodiscard]] std::uint32_t find_line(AccountIndex account,
                                        InstrumentIndex instrument) const noexcept {
    return line_of_.find(std::uint64_t{account.value} << 32 | instrument.value);
  }
  [[nodiscard]] std::uint32_t find_slot(AccountIndex account, GroupIndex group) const noexcept {
    return slot_of_.find(std::uint64_t{account.value} << 32 | group.value);
  }

  // venue_events.cpp
  void trade(AccountIndex account, InstrumentIndex instrument, Side side, Lots lots, Price price,
             int direction) noexcept;
  void accepted(const VenueEvent& event, VenueOutcome& outcome) noexcept;
  void replaced(const VenueEvent& event, VenueOutcome& outcome) noexcept;
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

  // margin.cpp
  void lift(Line& line) noexcept;   // takes a line's part out of every sum, before it changes
  void place(Line& line) noexcept;  // and puts it back
  void add_cost(const Order& order, int direction) noexcept;
  void value_lines(GroupSlot& slot, Account& account) noexcept;
  void value_capital(AccountIndex index) noexcept;
  void value_vectors(GroupSlot& slot) noexcept;
  [[nodiscard]] Amount order_cost(const Order& order) const noexcept {
    return cost_of({order.reserved, order.worst, order.fee_per_lot}, order.side, order.instrument);
  }
  [[nodiscard]] Amount cost_of(const Reservation& reservation, Side side,
                               InstrumentIndex instrument) const noexcept;
  [[nodiscard]] Amount side_cost(Line& line, BookSide side) const noexcept;
  [[nodiscard]] Timestamp expires(InstrumentIndex instrument) const noexcept;
  [[nodiscard]] std::int64_t fee_per_lot(InstrumentIndex instrument, Price price) const noexcept;
  [[nodiscard]] Int128 cost_value(AssetIndex asset, Amount cost) const noexcept;
  [[nodiscard]] Amount held(AccountIndex account, AssetIndex asset) const noexcept {
    const std::size_t at = account.value * assets_.size() + asset.value;
    return balances_[at] + line_values_[at];
  }
  [[nodiscard]] Int128 capital_in(AssetIndex asset, Int128 haircut, Amount costs) const noexcept;
  [[nodiscard]] Int128 haircut(AssetIndex asset, Amount amount) const noexcept;
  bool factor_vector(GroupIndex group, std::uint32_t local_factor, const Exposure& exposure,
                     bool with_orders, int sign, std::int64_t* low) const noexcept;
  [[nodiscard]] std::int64_t alone(const std::int64_t* low, GroupIndex group,
                                   std::uint32_t set) const noexcept;
  [[nodiscard]] std::int64_t group_requirement(const std::int64_t* low,
                                               GroupIndex group) const noexcept;
  [[nodiscard]] std::int64_t phi(std::int64_t x, GroupIndex group) const noexcept;
  [[nodiscard]] Int128 combine(Int128 groups_sum, const std::int64_t* joint,
                               const std::int64_t* alone_sum) const noexcept;
  [[nodiscard]] Int128 requirement(AccountIndex account) const noexcept;
  [[nodiscard]] Int128 requirement_with(AccountIndex account, InstrumentIndex instrument,
                                        const Change& change) const noexcept;
  Int128 recompute(AccountIndex account, InstrumentIndex instrument, const Change& change,
                   bool with_orders, MarginReport* report) const noexcept;
  void name_group(GroupIndex group, const std::int64_t* low, std::int64_t needed,
                  MarginReport& report) const noexcept;
  void name_joint(Int128 groups_sum, const std::int64_t* joint, const std::int64_t* alone_sum,
                  MarginReport& report) const noexcept;
  [[nodiscard]] Exposure changed(const Exposure& exposure, InstrumentIndex instrument,
                                 const Change& change) const noexcept;
  [[nodiscard]] Int128 open_exit_costs(AccountIndex account, const Order* except) const noexcept;

  const char* verify_account(AccountIndex account) noexcept;

  // state_hash.cpp
  [[nodiscard]] std::uint64_t hash_of(const Order& order) const noexcept;
  [[nodiscard]] std::uint64_t hash_of(EntityKind kind, std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint64_t hash_of_rest() const noexcept;
  [[nodiscard]] std::uint64_t recomputed_hash() const noexcept;
  void touch_line(const Line& line) noexcept {
    hash_.touch(EntityKind::Line, static_cast<std::uint32_t>(&line - lines_.data()));
  }

  // engine.cpp: what sessions have suspended
  [[nodiscard]] std::uint32_t find_suspension(SessionIndex session,
                                              AccountIndex account) const noexcept;
  void suspend(SessionIndex session, AccountIndex account, bool on) noexcept;
  [[nodiscard]] SessionIndex suspended_by(AccountIndex account) const noexcept;

  void advance(Timestamp time) noexcept {
    if (last_time_ < time) last_time_ = time;
  }
  void price_instrument(std::uint32_t instrument) noexcept;
  void tick_group(std::uint32_t group) noexcept {
    ++group_version_[group];
    ++price_version_;
  }

  const Parameters parameters_;
  // Fixed at load.
  std::vector<Place> places_;              // by factor
  std::vector<std::uint32_t> group_sets_;  // indexes of per-group sets
  std::vector<std::uint32_t> joint_sets_;  // indexes of joint sets
  std::vector<std::uint32_t>
      joint_first_;  // by joint set: its first column in an account's joint sums
  std::uint32_t joint_columns_ = 0;
  std::vector<std::uint32_t> first_suspension_;  // by session
  std::int64_t exposure_max_ = 0;                // no sum of vectors can overflow below this

  // Semantic state.
  std::vector<Order> orders_;
  std::uint32_t free_order_ = kNil;
  std::uint32_t live_orders_ = 0;
  std::vector<Line> lines_;
  std::uint32_t free_line_ = kNil;
  std::uint32_t free_lines_ = 0;
  std::vector<GroupSlot> slots_;
  std::uint32_t slot_count_ = 0;
  std::vector<Account> accounts_;
  std::vector<Amount> balances_;  // [account * assets + asset]
  std::vector<Node> nodes_;
  std::vector<Session> sessions_;
  // Whether a session has suspended an account it may use: [first_suspension_[session] + place of
  // the account in its list].
  std::vector<std::uint8_t> suspended_;
  std::vector<InstrumentState> instruments_;
  std::vector<AssetState> assets_;
  NumberTable numbers_;
  std::vector<Trade> trades_;
  std::uint32_t next_trade_ = 0;
  IndexMap trade_of_;
  std::uint32_t next_number_ = 1;
  std::uint8_t conditions_ = 0;  // bit by Condition
  Timestamp last_time_;

  StateHash hash_;  // of the above

  // Where things are; functions of the above.
  IndexMap line_of_;  // account, instrument -> line
  IndexMap slot_of_;  // account, group -> slot

  // Caches.
  std::vector<Exposure> exposures_;  // by slot and local factor
  std::vector<std::int64_t> low_;    // by slot and column: the worst of all fills
  std::vector<std::int64_t> alone_;  // by slot and joint set
  std::vector<Amount> line_values_;  // [account * assets + asset]: sum of value(line)
  std::vector<Wide> collateral_;     // [account * assets + asset]: its part of Exposure::collateral
  std::vector<Amount> line_costs_;   // [account * assets + asset]: sum of open orders' costs
  std::vector<std::int64_t> joint_;  // [account * joint_columns + column]: sum of phi(low)
  std::vector<std::int64_t> alone_sum_;  // [account * joint sets + k]: sum of alone
  std::vector<Usage> usage_;             // [instrument * nodes + node]
  std::vector<std::uint64_t> group_version_;
  std::uint64_t price_version_ = 1;
  std::uint64_t index_version_ = 1;
};

}  // namespace portcullis::risk
