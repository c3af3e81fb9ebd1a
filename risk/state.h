// The engine's state as plain data. What is marked "cache" is a pure function of the rest and of
// the current marks: it is outside the state hash, and Engine::verify recomputes it from nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
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

// An account's position and open orders in one instrument.
struct Line {
  Lots position;
  Amount cash;                 // exact sum of -side * lots * price, less fees, in settlement units
  std::array<Lots, 2> open{};  // reserved lots by side
  std::array<std::uint32_t, 2> first{kNil, kNil};  // orders by side
  AccountIndex account;                            // none: a free slot
  InstrumentIndex instrument;
  std::uint32_t slot = kNil;  // the account's GroupSlot
  std::uint32_t next = kNil;  // line of the slot; free line
  std::uint32_t previous = kNil;
  // cache
  std::array<Price, 2> best{};            // at least as aggressive as every order of the side
  std::array<std::int64_t, 2> fee_max{};  // at least every order's fee_per_lot
  Amount value;                           // position * mark + cash, at the slot's version
  std::array<Amount, 2> cost{};           // of the side's open orders, at the slot's version
  Wide gross;                             // gross notional at the mark
};

// Exposure of an account to one factor, before rounding (METHOD 3.3). All cache.
struct Exposure {
  Wide position;
  Wide buys;        // open buys, as positive exposure
  Wide sells;       // open sells, as positive exposure
  Wide collateral;  // haircut value that moves with the factor, times 1e6
};

// An account's part in one risk group.
struct GroupSlot {
  AccountIndex account;
  GroupIndex group;
  std::uint32_t next = kNil;  // slot of the account
  std::uint32_t first_line = kNil;
  // cache
  std::uint32_t first_exposure = 0;  // in Engine's pools
  std::uint32_t first_column = 0;
  std::uint32_t first_alone = 0;
  bool stale = true;             // the vectors do not match the exposures
  bool in_range = true;          // the exposures fit their integers
  std::uint64_t version = 0;     // of the group's table that the lines were valued with
  std::int64_t requirement = 0;  // Z of METHOD 3.4
  Timestamp expires;             // when the oldest mark used by a line becomes stale
};

enum NodeFlag : std::uint8_t { kKilled = 1, kSuspended = 2, kCloseOnly = 4, kDisputed = 8 };

struct Account {
  std::uint8_t flags = 0;         // NodeFlag
  std::uint32_t suspensions = 0;  // by sessions that act for its firm; who: Engine::suspended_
  std::int64_t open_orders = 0;
  RateState rate;
  std::uint32_t first_slot = kNil;
  // cache
  bool in_range = true;  // every figure fits its integer
  bool capital_in_range = true;
  bool capital_stale = true;  // balances, line values or open orders' costs changed
  std::uint64_t version = 0;  // of all prices; equal to the engine's: everything below is fresh
  std::uint64_t index_version = 0;
  Value capital;          // equity less the costs of open orders
  Int128 groups_sum = 0;  // of the slots' requirements
  Wide gross;
  Timestamp expires;
};

// What a node above the accounts has in use in one instrument: sums over its accounts, not netted.
struct Usage {
  Lots long_lots;
  Lots short_lots;
  Lots gross_lots;
};

// Of one line: long max(0, q + B), short max(0, S - q), gross max(q + B, S - q).
constexpr Usage usage_of(const Line& line) {
  const Lots bought = line.position + line.open[kBuys];
  const Lots sold = line.open[kSells] - line.position;
  return {std::max(Lots{0}, bought), std::max(Lots{0}, sold), std::max(bought, sold)};
}

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
};

// An execution, remembered so that the venue can break it.
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
};

// A step of the way from an account up to the venue.
inline constexpr std::uint32_t kLevelsMax = 8;
struct Level {
  NodeLevel level = NodeLevel::Account;
  std::uint32_t node = kNil;  // of nodes, or of accounts for the account itself
  std::uint32_t profile = 0;
  std::uint8_t flags = 0;
};

// Prices as they stand, with what follows from them (cache: unit and notional).
struct InstrumentState {
  Mark mark;  // 0: never priced
  Timestamp as_of;
  bool halted = false;
  Wide notional;  // of one lot at the mark; 0 while the instrument or its asset is unpriced
};
struct AssetState {
  std::int64_t index = 0;  // 0: never priced
  Timestamp as_of;
  Wide unit;  // of one unit
};

}  // namespace portcullis::risk
