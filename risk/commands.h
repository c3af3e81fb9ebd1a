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
  std::array<std::uint8_t, 6> padding{};
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
  std::array<std::uint8_t, 2> padding{};
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

enum class ControlAction : std::uint8_t { Kill, Suspend, CloseOnly, Resume };

// Kill, suspend, close-only and their end, at a node, an account, a session or an instrument
// (halt).
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
enum class Condition : std::uint8_t { VenueHalted, VenueDown, VenueBusy, JournalDegraded };
struct SetCondition {
  Timestamp time;
  Condition condition = Condition::VenueHalted;
  bool on = false;
  std::array<std::uint8_t, 6> padding{};
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
  std::uint8_t exit = 0;        // accepted by the exit leg (METHOD 3.6)
  std::uint8_t reducing = 0;    // lowers the position by the cheap test (ORDERLIFE 6)
  std::uint8_t disconnect = 0;  // the session has spent its exit budget too and is at fault
  std::array<std::uint8_t, 6> padding{};
};

// The journal holds these structs as bytes.
template <class T>
inline constexpr bool is_command =
    std::is_trivially_copyable_v<T>&& std::has_unique_object_representations_v<T>;
static_assert(is_command<NewOrder> && is_command<ReplaceOrder> && is_command<CancelOrder>);
static_assert(is_command<VenueEvent> && is_command<AdoptOrder> && is_command<MarkUpdate>);
static_assert(is_command<IndexUpdate> && is_command<LoadBalance> && is_command<LoadPosition>);
static_assert(is_command<Control> && is_command<SetCondition> && is_command<Decision>);

}  // namespace portcullis::risk
