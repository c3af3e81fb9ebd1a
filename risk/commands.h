// What the engine is told and what it answers: plain structs without padding, so that the journal
// can hold their bytes and two runs can be compared byte for byte. Times are taken at ingress.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "risk/parameters.h"
#include "risk/reject_reason.h"
#include "risk/types.h"

namespace portcullis::risk {

// A client's free text on an order; the engine carries it and never looks at it.
using ClientText = std::array<char, 14>;

// Flags of an order command.
enum OrderFlag : std::uint16_t {
  kPostOnly = 1,
  kReduceOnly = 2,
  kOffLot = 4,       // the wire quantity is no whole number of lots, or not in the protocol's range
  kOffTick = 8,      // the wire price is no whole number of ticks
  kDuplicate = 16,   // the session layer's verdict
  kOverloaded = 32,  // the shard was in its overloaded state when the command was taken
};

// Enter an order.
struct NewOrder {
  Timestamp time;
  Price price;  // ignored for market orders
  Lots quantity;
  Lots min_quantity;     // 0: none
  AccountIndex account;  // none: not known to the session
  InstrumentIndex instrument;
  SessionIndex session;
  std::uint32_t client_ref = 0;  // the client's number of this order, unique in its session
  Side side = Side::Buy;
  OrdType ord_type = OrdType::Limit;
  TimeInForce time_in_force = TimeInForce::Day;
  RejectReason form = RejectReason::None;  // what the decoder found wrong with a field
  // What the decoder found unsupported: a type, a life or a flag, or a minimum quantity.
  RejectReason unsupported = RejectReason::None;
  std::uint8_t unused = 0;
  std::uint16_t flags = 0;
  ClientText client_text{};
  std::array<std::uint8_t, 2> padding{};
};

// Replace the order `original_ref`: a new total quantity (executed lots included) and a new price.
struct ReplaceOrder {
  Timestamp time;
  Price price;
  Lots total;
  SessionIndex session;
  std::uint32_t original_ref = 0;
  std::uint32_t client_ref = 0;
  TimeInForce time_in_force = TimeInForce::Day;
  RejectReason form = RejectReason::None;
  RejectReason unsupported = RejectReason::None;
  OrdType ord_type = OrdType::Limit;
  std::uint16_t flags = 0;
  ClientText client_text{};
};

// Cancel down to a new total (executed lots included; 0: all of it).
struct CancelOrder {
  Timestamp time;
  Lots total;
  SessionIndex session;
  std::uint32_t client_ref = 0;
};

// What the venue says of one of our numbers. Quantities in lots, prices in ticks; a price that is
// no whole tick is rounded against the account by the decoder and counted.
enum class VenueEventType : std::uint8_t {
  Accepted,     // quantity: the order's; price; dead
  Replaced,     // other: the original number; quantity: the new leaves; price; dead
  Executed,     // quantity, price, match
  Canceled,     // quantity: the decrement
  AiqCanceled,  // quantity: the decrement, counted as executed
  Rejected,
  Broken,  // match
  Void,    // proved never to have been processed (ORDERLIFE 2)
};

struct VenueEvent {
  Timestamp time;
  Lots quantity;
  Price price;
  std::uint64_t match = 0;
  std::uint32_t number = 0;
  std::uint32_t other = 0;
  VenueEventType type = VenueEventType::Accepted;
  bool dead = false;
  bool from_the_start = false;  // of a stream that may tell anew what an earlier one told
  std::array<std::uint8_t, 5> padding{};
};

// An order that the venue holds and we did not know (found after a crash of this side).
struct AdoptOrder {
  Timestamp time;
  Price price;
  Lots quantity;
  AccountIndex account;  // none: the suspense account of the configuration does not exist either
  InstrumentIndex instrument;
  SessionIndex session;  // may be none
  std::uint32_t client_ref = 0;
  std::uint32_t number = 0;
  Side side = Side::Buy;
  TimeInForce time_in_force = TimeInForce::Day;
  bool is_only_told = false;  // the session hears of it, and it is not the session's
  std::array<std::uint8_t, 1> padding{};
};

struct MarkUpdate {
  Timestamp time;   // of the command
  Timestamp as_of;  // of the price at its source; later than now counts as now
  Mark mark;        // REQUIRES > 0
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};

struct IndexUpdate {
  Timestamp time;
  Timestamp as_of;
  std::int64_t index = 0;  // of the asset, in index units; REQUIRES > 0
  AssetIndex asset;
  std::array<std::uint8_t, 4> padding{};
};

// Whether a reference price may be relied on: its feed's word (sources that agree, are fresh, and did
// not jump). An unsafe price stays what it was.
enum class PriceKind : std::uint8_t {
  Mark,   // of an instrument
  Index,  // of an asset
};
enum class PriceState : std::uint8_t { Safe, Unsafe };
struct SetPriceState {
  Timestamp time;
  std::uint32_t target = 0;  // index of the instrument or asset. REQUIRES that it exists
  PriceKind kind = PriceKind::Mark;
  PriceState state = PriceState::Safe;
  std::array<std::uint8_t, 2> padding{};
};

// A group's next risk table is in force (Engine::apply, beside the table itself).
struct TableUpdate {
  Timestamp time;
  std::uint64_t id = 0;  // RiskTable::id
  GroupIndex group;
  std::array<std::uint8_t, 4> padding{};
};

// All positions in an instrument, of one side, at the venue.
struct OpenInterestUpdate {
  Timestamp time;
  Lots lots;  // REQUIRES >= 0
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};

// State enters by load commands, never by configuration.
struct LoadBalance {
  Timestamp time;
  std::int64_t units = 0;  // added to the balance
  AccountIndex account;
  AssetIndex asset;
};
struct LoadPosition {
  Timestamp time;
  Lots lots;    // added to the position
  Price entry;  // at this price
  AccountIndex account;
  InstrumentIndex instrument;
};

// Cash that moves: a deposit (no `from`), a withdrawal (no `to`), or from one account to another.
// What leaves an account must leave its margin leg (METHOD 3.6).
struct Transfer {
  Timestamp time;
  std::int64_t units = 0;  // REQUIRES > 0
  AccountIndex from;
  AccountIndex to;
  AssetIndex asset;
  std::array<std::uint8_t, 4> padding{};
};

// Enters an order of an isolated account, with so much of the asset that its instrument is settled in
// from the account it belongs to (METHOD 3.14).
struct IsolatedOrder {
  NewOrder order;
  std::int64_t units = 0;  // REQUIRES >= 0
};

// A loan taken (units > 0) or repaid (units < 0): balance and debt change together.
struct Borrow {
  Timestamp time;
  std::int64_t units = 0;
  AccountIndex account;
  AssetIndex asset;
};

// Facts of the venue's books that change an account whatever its margin: interest charged on a debt
// (added to it), and an asset exchanged for another.
struct Interest {
  Timestamp time;
  std::int64_t units = 0;
  AccountIndex account;
  AssetIndex asset;
};
struct Conversion {
  Timestamp time;
  std::int64_t given = 0;  // units of `from`
  std::int64_t got = 0;    // units of `to`
  AccountIndex account;
  AssetIndex from;
  AssetIndex to;
  std::array<std::uint8_t, 4> padding{};
};
// A position moves from one account to another at a price, without fees: a liquidation or a default.
struct PositionTransfer {
  Timestamp time;
  Lots lots;  // added to `to`, taken from `from`
  Price price;
  AccountIndex from;
  AccountIndex to;
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};

// Funding of a perpetual contract, in 1e-9 settlement units a lot (METHOD 3.14): what a long lot has
// paid since the last update, and what it is predicted to pay until the next settlement.
struct FundingUpdate {
  Timestamp time;
  std::int64_t paid = 0;
  std::int64_t predicted = 0;
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};

// An account's unrealised gains and accrued funding become balance; R stays bit-identical.
struct Realise {
  Timestamp time;
  AccountIndex account;
  std::array<std::uint8_t, 4> padding{};
};

// The end of an instrument: its orders end, its positions are paid out at `price` and are gone.
struct Expire {
  Timestamp time;
  Mark price;  // REQUIRES >= 0
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};
// Every position is multiplied by numerator / denominator, and the mark is the one given; orders end.
struct Split {
  Timestamp time;
  Mark mark;  // REQUIRES > 0
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;  // REQUIRES both 1..1e6
  InstrumentIndex instrument;
  std::array<std::uint8_t, 4> padding{};
};

// The account's margin state is looked at again (METHOD 3.15). It changes here and nowhere else.
struct Recheck {
  Timestamp time;
  AccountIndex account;
  std::array<std::uint8_t, 4> padding{};
};
// The day's loss counts from here; what it had closed is open again.
struct DayStart {
  Timestamp time;
  AccountIndex account;
  std::array<std::uint8_t, 4> padding{};
};
// No account's leverage may be higher than this, until it is told otherwise.
struct LeverageCap {
  Timestamp time;
  std::int64_t max_ppm = 0;
};

enum class ControlAction : std::uint8_t { Kill, Suspend, CloseOnly, Resume };

// Kill, suspend, close-only and their end, at a node, an account, a session or an instrument (which
// kill and suspend halt).
enum class ControlScope : std::uint8_t { Node, Account, Session, Instrument };
struct Control {
  Timestamp time;
  std::uint32_t target = 0;  // index in the scope
  SessionIndex by;  // a session that acts for its firm (OUCH D and E), or none: the operator
  ControlScope scope = ControlScope::Node;
  ControlAction action = ControlAction::Kill;
  std::array<std::uint8_t, 6> padding{};
};

// The state of what surrounds the engine, told by commands so that a replay sees it.
enum class Condition : std::uint8_t {
  VenueHalted,
  VenueDown,
  VenueBusy,
  JournalDegraded,
  StateDiffers,      // from what the journal's records make of it: orders that reduce still pass
  StateUnconfirmed,  // it was recovered with a difference that nobody has accepted: no order passes
};
struct SetCondition {
  Timestamp time;
  Condition condition = Condition::VenueHalted;
  bool on = false;
  std::array<std::uint8_t, 6> padding{};
};

// Other parameters are in force, instead of those of the version that they replace.
struct ParameterChange {
  Timestamp time;
  std::uint32_t version = 0;  // REQUIRES: above the one that is replaced
  std::uint32_t replaces = 0;
};

// What becomes of a message.
enum class Disposition : std::uint8_t {
  Forward,  // accepted: send it on under `number`
  Reject,   // refused: tell the client
  Ignore,   // silently, as the protocol wants it: an unknown original, a cancel of nothing
};

// The engine's verdict with its arithmetic. The integers count what the reason's
// row in kRejectReasons says; shortfall = needed - available > 0 where there is arithmetic.
struct Decision {
  Price price;              // the price to forward: the order's, or the collar for a market order
  std::int64_t limit = 0;   // the binding limit
  std::int64_t needed = 0;  // what the order would take
  std::int64_t available = 0;  // what was left
  std::int64_t shortfall = 0;
  std::int64_t allowance =
      0;  // of the wind-down allowance, that the worst outcome uses (METHOD 3.6)
  // The largest quantity (of a replace: total) that would have passed now; 0: none.
  Lots largest_passing{};
  OrderIndex order;               // the order booked, replaced or to be cancelled
  std::uint32_t number = 0;       // the number it is forwarded under
  std::uint32_t node = kNone32;   // of the binding limit, at `level`
  std::uint32_t set = kNone32;    // binding scenario set of a margin refusal
  std::uint32_t group = kNone32;  // its group, none for a joint set
  std::uint32_t scenario = kNone32;
  std::uint32_t parameter_version = 0;
  RejectReason reason = RejectReason::None;
  Disposition disposition = Disposition::Reject;
  NodeLevel level = NodeLevel::Account;
  std::uint8_t exit = 0;        // accepted by the exit leg, or by the allowance (METHOD 3.6)
  std::uint8_t reducing = 0;    // lowers the position by the cheap test (ORDERLIFE 6)
  std::uint8_t disconnect = 0;  // the session has spent its exit budget too and is at fault
  std::uint8_t warned = 0;      // accepted, but not by the warning sets
  std::array<std::uint8_t, 5> padding{};
};

// The journal holds these structs as bytes.
template <class T>
inline constexpr bool is_command =
    std::is_trivially_copyable_v<T>&& std::has_unique_object_representations_v<T>;
static_assert(is_command<NewOrder> && is_command<ReplaceOrder> && is_command<CancelOrder>);
static_assert(is_command<VenueEvent> && is_command<AdoptOrder> && is_command<MarkUpdate>);
static_assert(is_command<IndexUpdate> && is_command<LoadBalance> && is_command<LoadPosition>);
static_assert(is_command<IsolatedOrder>);
static_assert(is_command<Transfer> && is_command<Borrow> && is_command<Interest>);
static_assert(is_command<Conversion> && is_command<PositionTransfer> && is_command<FundingUpdate>);
static_assert(is_command<Realise> && is_command<Expire> && is_command<Split>);
static_assert(is_command<Recheck> && is_command<DayStart> && is_command<LeverageCap>);
static_assert(is_command<TableUpdate> && is_command<OpenInterestUpdate>);
static_assert(is_command<SetPriceState> && is_command<ParameterChange>);
static_assert(is_command<Control> && is_command<SetCondition> && is_command<Decision>);

}  // namespace portcullis::risk
