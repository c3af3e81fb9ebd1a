// What the engine works with inside one decision, and what it keeps beside its state (state.h): plain data,
// private to it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "risk/commands.h"
#include "risk/rules.h"
#include "risk/state.h"
#include "risk/types.h"

namespace portcullis::risk {

class Workings : protected Rules {
 protected:
  using Rules::Rules;

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
    std::uint32_t line = kNil;        // the account's in the instrument
    Timestamp now;
    bool verdict_only = false;  // a trial of the bisection: what binds need not be named
    bool legs_only = false;     // the allowance to wind down is not asked
  };
  // What an order chain reserves.
  struct Reservation {
    Lots lots;
    Price worst;
    std::int64_t fee_per_lot = 0;
    Price best{};  // of a spot sale: the highest
  };
  // What one line would become, and the costs in its settlement asset with it.
  struct Change {
    InstrumentIndex instrument;
    Reachable lots;
    Reachable exits;  // by those of its orders that are exits
    Amount costs;
    Flow base;  // Spot: what open orders may bring and take of its two assets
    Flow settlement;
    bool along_fill = false;     // the way to it must not be above the line from now (E2, E3)
    bool without_exits = false;  // nothing is paid for open exits (E1, E2)
  };
  // What of a line counts: in vectors, and in the drivers of add-ons. The same but under a protection.
  struct CountedLots {
    Reachable in_vector;
    Reachable in_drivers;
    [[nodiscard]] const Reachable& in(const Use& use) const {
      return use.add_on == kNil ? in_vector : in_drivers;
    }
  };
  // The venue's protection of an account's orders in a group, and what its slot's vector holds of it.
  struct Protection {
    GroupIndex group;
    std::vector<std::int64_t> in_vector{};  // by raw column, a loss
    Int128 span = 0;
  };
  // The most that a lot of any instrument of a group loses in a column: M. Cut off above kSpanMax.
  struct LotLoss {
    std::vector<InstrumentIndex> futures{};  // of a group with protections: its Factor instruments
    std::vector<std::int64_t> most{};        // by raw column
    std::int64_t largest = 0;
    std::uint64_t version = 0;
  };
  // The anchor of an instrument in its group's table, and whether its mark is too far from it.
  struct Anchored {
    Mark anchor{};  // 0: none
    bool has_moved = false;
  };
  // What a group's add-ons charge, in fines.
  struct Charges {
    std::array<Int128, 4> at{};  // by AddOnPlace
    Int128& operator[](AddOnPlace place) { return at[static_cast<std::size_t>(place)]; }
    Int128 operator[](AddOnPlace place) const { return at[static_cast<std::size_t>(place)]; }
  };
  // A driver's exposure as a change would make it.
  struct DriverChange {
    std::uint32_t driver = 0;
    Exposure exposure;
  };
  struct DriverChanges {
    [[nodiscard]] std::span<const DriverChange> span() const { return {at.data(), count}; }
    std::array<DriverChange, kUsesMax> at;
    std::size_t count = 0;
  };

  struct UsageChange {
    Usage before;
    Usage after;
  };
  // How many values every slot has room for in each pool.
  struct SlotWidths {
    std::uint32_t exposures = 0;
    std::uint32_t factors = 0;
    std::uint32_t columns = 0;
    std::uint32_t raw = 0;  // raw columns, where there are lag states
  };
  // What several checks need to know of an order.
  struct Facts {
    std::array<Level, kLevelsMax> path;  // the first `levels`
    std::uint32_t levels = 0;
    bool priced = false;  // the instrument has a mark and its settlement asset an index
    bool mark_stale = false;
    Timestamp expires;      // when the first price that the margin stands on becomes stale
    bool stale = false;     // some such price is stale, missing or unsafe
    bool reducing = false;  // by the cheap test
    UsageChange usage;      // of the account
  };
};

}  // namespace portcullis::risk
