// The engine's state as plain data. What is marked "cache" is a pure function of the rest and of
// the current marks: it is outside the state hash, and Engine::verify recomputes it from nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "risk/commands.h"
#include "risk/parameters.h"
#include "risk/rate.h"
#include "risk/types.h"

namespace portcullis::risk {

inline constexpr std::uint32_t kNil = kNone32;  // no such slot of a pool
inline constexpr std::uint32_t kPendingReplacesMax = 4;

// Which side's open orders: [kBuys] or [kSells].
enum BookSide : std::uint8_t { kBuys = 0, kSells = 1 };
constexpr BookSide book_side(Side side) { return side == Side::Buy ? kBuys : kSells; }

// A replace sent to the venue and not answered yet.
struct PendingReplace {
  std::uint32_t number = 0;
  std::uint32_t original = 0;
  Lots total;  // of the whole chain, executed lots included
  Price price;
};

// One order chain at the venue (ORDERLIFE 1). What it reserves is one order of the largest leaves
// over head and pending replaces, at the worst price and fee among them.
struct Order {
  Price price;
  Lots total;      // of the head
  Lots cum;        // executed, and prevented by self-match prevention
  Lots cancelled;  // taken off the head
  Lots reserved;
  Price worst;
  Lots cancel_to{-1};            // the total a cancel asks for, sent or remembered; -1: none
  std::int64_t fee_per_lot = 0;  // units of the settlement asset, at the worst fee
  std::array<PendingReplace, kPendingReplacesMax> pending;
  AccountIndex account;
  InstrumentIndex instrument;
  SessionIndex session;
  std::uint32_t head = 0;          // the live number; 0: a free slot
  std::uint32_t cancel_below = 0;  // of the numbers below this; a later replace is not meant
  std::uint32_t line = kNil;
  std::uint32_t next = kNil;  // among the line's orders of this side, newest first; of free slots
  std::uint32_t previous = kNil;
  std::uint8_t pending_count = 0;
  Side side = Side::Buy;
  TimeInForce time_in_force = TimeInForce::Day;
  std::uint8_t exit = 0;          // accepted by the exit leg
  std::uint8_t acknowledged = 0;  // the venue has accepted it
  std::uint16_t flags = 0;        // OrderFlag
};

// A position and what it may become by its open orders: [low, high] holds every outcome.
struct Reachable {
  Lots position;
  Lots low;
  Lots high;
};

// An account's position and open orders in one instrument. Four cache lines in a pool.
struct Line {
  Amount cash;         // exact sum of -side * lots * price, less fees, in settlement units
  Int128 funding = 0;  // sum of lots * funding_paid when they were traded
  Lots position;
  std::array<Lots, 2> open{};                      // reserved lots by side
  std::array<std::uint32_t, 2> first{kNil, kNil};  // orders by side
  AccountIndex account;                            // none: a free slot
  InstrumentIndex instrument;
  std::uint32_t slot = kNil;  // the account's GroupSlot
  std::uint32_t next = kNil;  // line of the slot; free line
  std::uint32_t previous = kNil;
  // cache
  Reachable
      in_vector;  // Table instruments: the lots whose gains and losses are in the slot's vector
  std::array<Lots, 2> exits{};            // the reserved lots of exits among them
  std::array<Price, 2> best{};            // at least as aggressive as every order of the side
  std::array<std::int64_t, 2> fee_max{};  // at least every order's fee_per_lot
  std::array<Amount, 2> cost{};           // of the side's open orders, at the slot's version
  Amount value;                           // in the settlement asset, at the slot's version
  Wide option_value;                      // beside it, at the slot's version
  Wide gross;                             // gross notional at the mark
  Wide unlevered;                         // what of it leverage does not count
};
static_assert(sizeof(Line) == 256);

// A line's reduce-only orders that have not been asked to go, by side, newest first. All cache.
struct Reducers {
  std::array<std::uint32_t, 2> first{kNil, kNil};
  std::array<Lots, 2> lots{};  // that they reserve
};
struct ReducerLink {
  std::uint32_t next = kNil;
  std::uint32_t previous = kNil;
};
constexpr bool is_reducer(const Order& order) {
  return (order.flags & kReduceOnly) != 0 && order.cancel_to.raw != 0;
}

// Reserved lots of orders that are no exits.
constexpr Int128 quoted_of(const Reachable& lots, const Reachable& exits) {
  return Int128{exits.low.raw} - lots.low.raw + lots.high.raw - exits.high.raw;
}

// The end that is further from 0.
constexpr Int128 furthest(const Reachable& lots) {
  return std::max({lots.low.raw, lots.high.raw, -lots.low.raw, -lots.high.raw});
}
// In fines: for the rounding of a Table instrument's integers; and what no part of a vector that such
// lots make, the reserve included, is larger than.
constexpr Int128 table_reserve(const InstrumentParameters& instrument, const Reachable& lots) {
  return ceil_div(furthest(lots) * instrument.vector_unit, 2);
}
constexpr Int128 table_span(const InstrumentParameters& instrument, const Reachable& lots) {
  return furthest(lots) * instrument.vector_unit * instrument.vector_cap +
         table_reserve(instrument, lots);
}

// What of a factor, or of a driver of add-ons, an account has, before rounding (METHOD 3.3, 3.11).
// All cache.
struct Exposure {
  Wide position;  // of the positions alone
  Wide low;       // the ends of what it may become
  Wide high;
  friend Exposure& operator+=(Exposure& a, const Exposure& b) {
    a.position += b.position, a.low += b.low, a.high += b.high;
    return a;
  }
  friend Exposure& operator-=(Exposure& a, const Exposure& b) {
    a.position -= b.position, a.low -= b.low, a.high -= b.high;
    return a;
  }
};

// Haircut value times 1e6 that moves with a factor: what counts of it where the factor falls, and
// where it rises.
struct Collateral {
  Wide falls;
  Wide rises;
};

// What one factor adds to a vector: quanta where it rises (up) and where it falls (down).
struct FactorExposure {
  std::int64_t up = 0;
  std::int64_t down = 0;
  Int128 up_exact = 0;  // before they were rounded, in Wide times 1e6
  Int128 down_exact = 0;
};

// What open spot orders may bring of an asset, and what they may take.
struct Flow {
  Amount in;
  Amount out;
  friend Flow& operator+=(Flow& a, const Flow& b) {
    a.in += b.in, a.out += b.out;
    return a;
  }
  friend Flow& operator-=(Flow& a, const Flow& b) {
    a.in -= b.in, a.out -= b.out;
    return a;
  }
};

// An account's holding of one asset.
struct Holding {
  Amount balance;
  Amount borrowed;
  // cache
  Flow flow;              // of its open spot orders
  Amount line_value;      // sum of value(line) settled in it
  Amount line_cost;       // sum of open orders' costs
  Collateral collateral;  // its part of the factor's
};

// What a group adds to a requirement, in fines (METHOD 3.4).
struct GroupFigures {
  Int128 requirement = 0;  // Z
  Int128 joint = 0;        // A_joint
  Int128 outside = 0;      // A_out
};
constexpr GroupFigures operator+(const GroupFigures& a, const GroupFigures& b) {
  return {a.requirement + b.requirement, a.joint + b.joint, a.outside + b.outside};
}
constexpr GroupFigures operator-(const GroupFigures& a, const GroupFigures& b) {
  return {a.requirement - b.requirement, a.joint - b.joint, a.outside - b.outside};
}

// An account's part in one risk group.
struct GroupSlot {
  AccountIndex account;
  GroupIndex group;
  std::uint32_t next = kNil;  // slot of the account
  std::uint32_t first_line = kNil;
  // cache
  std::uint32_t first_exposure = 0;  // in Engine's pools
  std::uint32_t first_factor = 0;
  std::uint32_t first_column = 0;
  std::uint32_t first_raw = kNil;  // none: without lag states its vector is not folded
  std::uint32_t first_alone = 0;
  bool stale = true;                 // the figures do not match the lines
  bool in_range = true;              // the exposures fit their integers
  std::uint64_t version = 0;         // of the group's prices that the lines were valued with
  std::uint64_t vector_version = 0;  // of the group's risk table that the vector was summed with
  std::uint32_t protection = kNil;   // that the venue gives the account's orders here
  Int128 quoted = 0;                 // reserved lots of the orders that are no exits
  Int128 table_span = 0;             // fines: the Table lines' part of `span`
  Int128 span = 0;                   // no column of the vector, nor any sum on the way, is larger
  Int128 pending = 0;                // fines: what lots moved into the vector since the figures may
                                     // have made any column worse
  GroupFigures figures;
  Timestamp expires;  // when the oldest price used by a line becomes stale
};

enum NodeFlag : std::uint8_t {
  kKilled = 1,
  kSuspended = 2,
  kCloseOnly = 4,
  kDisputed = 8,
  kDayClosed = 16,  // by the day's loss
  kThrottled = 32,  // by repeated executions
};

struct Account {
  std::uint8_t flags = 0;  // NodeFlag
  MarginState state = MarginState::Normal;
  std::uint32_t suspensions = 0;  // by sessions that act for its firm; who: Engine::suspended_
  std::int64_t open_orders = 0;
  RateState rate;
  Bucket executions;
  Value allowance;  // for winding down, since the account is restricted
  Value spent;      // what exits that executed since then have cost
  Value required;   // Req and Req(positions) as it became restricted
  Value required_positions;
  Wide day_start;  // the equity without haircuts that the day's loss counts from
  std::uint32_t first_slot = kNil;
  // cache
  bool in_range = true;  // every figure fits its integer
  bool capital_in_range = true;
  bool capital_stale = true;   // more has changed than costs in one asset
  bool touched = false;        // and waits among those to look at again
  std::uint32_t rules = 0;     // of the parameters, in Engine::rules_version_
  AssetIndex costs_changed{};  // in which open orders' costs are others than the capital's
  std::uint64_t version = 0;   // of all prices; equal to the engine's: everything below is fresh
  std::uint64_t lines_version = 0;  // the same of the lines and of what follows from them, without
                                    // the vectors
  std::uint64_t index_version = 0;
  Value requirement;         // when the vectors were last fresh
  Timestamp expires;         // when the oldest price that it stands on becomes stale
  Timestamp indexes_expire;  // of these the indexes of what it holds
  Amount costs_before;       // which were
  Value capital;             // equity less the costs of open orders
  Int128 capital_exact = 0;  // the same before it is rounded, in Wide times 1e6
  Wide plain_equity;         // without haircuts, debts' add-ons and costs
  GroupFigures figures;      // the sum over the slots
  Int128 span = 0;           // the sum over the slots
  Wide gross;
  Wide unlevered;     // what of it leverage does not count
  Wide option_value;  // NOV
};

// What a node above the accounts has in use in one instrument: sums over its accounts, not netted.
struct Usage {
  Lots long_lots;
  Lots short_lots;
  Lots gross_lots;
};

// Of one line: long max(0, q + B), short max(0, S - q), gross max(q + B, S - q).
constexpr Usage usage_of(Lots position, const std::array<Lots, 2>& open) {
  const Lots bought = position + open[kBuys];
  const Lots sold = open[kSells] - position;
  return {std::max(Lots{0}, bought), std::max(Lots{0}, sold), std::max(bought, sold)};
}
constexpr Usage usage_of(const Line& line) { return usage_of(line.position, line.open); }

struct Node {
  std::uint8_t flags = 0;  // NodeFlag
  std::int64_t open_orders = 0;
  Wide gross;  // cache: gross notional over all instruments at the marks
};

struct Session {
  std::uint8_t flags = 0;       // NodeFlag
  std::uint32_t watermark = 0;  // the highest client number consumed
  RateState rate;
};

// What is known of a number sent to the venue; kept for a while after its order has ended, so that
// a late message finds its account.
struct NumberRecord {
  std::uint32_t number = 0;
  std::uint32_t order = kNil;  // none: ended
  AccountIndex account;
  InstrumentIndex instrument;
  SessionIndex session;
  std::uint32_t client_ref = 0;
  ClientText client_text{};
  Side side = Side::Buy;
  std::uint8_t has_forgotten_trades = 0;  // executions of it were booked that are not remembered
};

// An execution, remembered so that the venue can break it, and is not booked twice.
struct Trade {
  std::uint64_t match = 0;
  std::uint32_t number = 0;
  AccountIndex account;
  InstrumentIndex instrument;
  SessionIndex session;
  std::uint32_t client_ref = 0;
  ClientText client_text{};
  Side side = Side::Buy;
  Lots quantity;
  Price price;
  std::int64_t fee_per_lot = 0;  // that it was booked with
};

constexpr std::uint64_t trade_key(std::uint64_t match, std::uint32_t number) {
  return match * 0x9E3779B97F4A7C15ULL ^ number;
}

// A step of the way from an account up to the venue, with its limits in one instrument. Without a
// value until it is given one: a path has room for more steps than it has.
inline constexpr std::uint32_t kLevelsMax = 8;
struct Level {
  NodeLevel level;
  std::uint8_t flags;
  std::uint32_t node;  // of nodes, or of accounts for the account itself
  const LimitProfile* profile;
  const InstrumentLimits* limits;
};

// Funding is counted in fractions of a settlement unit.
inline constexpr std::int64_t kFundingScale = 1'000'000'000;

enum class InstrumentPhase : std::uint8_t { Trading, ReduceOnly, Halted, Expired };

// When prices become stale among which one is unsafe: before any other time, so that the earliest of
// several tells.
inline constexpr Timestamp kUnsafe{std::numeric_limits<std::int64_t>::min()};
// As of when a table is that is not of the parameters in force: whatever its age may be, it is too old.
inline constexpr Timestamp kOutdated{std::numeric_limits<std::int64_t>::min() / 2};

// Prices as they stand, with what follows from them (cache: what is Wide).
struct InstrumentState {
  Mark mark;  // 0: never priced
  Timestamp as_of;
  Lots open_interest;
  Int128 funding_paid = 0;             // by a long lot so far, in 1e-9 settlement units
  std::int64_t funding_predicted = 0;  // until the next settlement, in the same
  InstrumentPhase phase = InstrumentPhase::Trading;
  PriceState mark_state = PriceState::Safe;
  Wide funding;   // the same, rounded away from 0
  Wide premium;   // of one lot at the mark; 0 while the instrument or its asset is unpriced
  Wide notional;  // n(i): the same, or by its payoff or reference
  std::int64_t notional_quanta = 0;  // at least n(i), in quanta
};
struct AssetState {
  std::int64_t index = 0;  // 0: never priced
  Timestamp as_of;
  PriceState state = PriceState::Safe;  // of the index
  // cache
  Wide unit;                            // of one unit
  Amount amount_max{Int128{1} << 100};  // the value of more does not fit
};

}  // namespace portcullis::risk
