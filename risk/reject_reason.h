// Why an order is refused. Declared in order of precedence: the first failing check names the
// reason (ORDERLIFE 6; Engine::decide is that list). The numbers are written to the journal: never
// reuse or renumber one; a new reason takes the next free number wherever it is declared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portcullis::risk {

enum class RejectReason : std::uint8_t {
  None = 0,
  // form
  MalformedField = 1,
  InvalidSide = 2,
  InvalidDisplay = 3,
  InvalidPrice = 4,
  // session and account
  UnknownAccount = 5,
  // instrument
  UnknownInstrument = 6,
  // venue, link, journal, state
  VenueHalted = 7,
  VenueDown = 8,
  VenueBusy = 9,
  JournalDegraded = 10,
  StateDiffers = 52,
  // kill, suspend, close-only at any node
  Killed = 11,
  Suspended = 12,
  CloseOnly = 13,
  LiquidationLock = 50,
  // entitlement
  NotEntitled = 14,
  // instrument state
  InstrumentHalted = 15,
  // type, life, flags
  UnsupportedOrdType = 16,
  UnsupportedTimeInForce = 17,
  UnsupportedFlag = 18,
  MarketOrderNotAllowed = 19,
  ReplaceNotAllowed = 20,
  // quantity and tick
  InvalidQuantity = 21,
  InvalidMinQty = 22,
  PriceTick = 23,
  // duplicate
  DuplicateOrder = 24,
  // size of one order
  ClipSize = 25,
  MaxNotional = 26,
  // price
  NoReferencePrice = 27,
  ReferencePriceUnsafe = 53,
  StaleReferencePrice = 28,
  StaleRiskTable = 29,
  PriceCollar = 30,
  Restricted = 31,
  // reduce-only
  ReduceOnly = 32,
  // capacity
  OrderCapacity = 33,
  PendingReplaces = 34,
  SessionExhausted = 35,
  OpenOrders = 36,
  // exposure
  LongLimit = 37,
  ShortLimit = 38,
  GrossNotional = 39,
  OpenInterest = 40,
  DailyLoss = 41,
  BorrowLimit = 51,
  // leverage, concentration, margin
  Leverage = 42,
  Concentration = 43,  // reserved
  ArithmeticRange = 44,
  MarginState = 49,
  Margin = 45,
  // rates and overload
  Rate = 46,
  RepeatedExecution = 47,
  Overload = 48,
};
inline constexpr std::size_t kRejectReasonCount = 54;

// What the integers of a reject's arithmetic (Decision::limit and its neighbours) count.
enum class ArithmeticUnit : std::uint8_t { None, Lots, Ticks, Quanta, Count, Nanoseconds, Ppm };

struct RejectReasonInfo {
  RejectReason reason;
  std::string_view name;
  std::uint16_t ouch;   // OUCH 5.0 reject code
  std::uint16_t fix44;  // FIX 4.4 OrdRejReason (103)
  std::uint16_t fix_latest;
  std::int32_t bybit;  // Bybit v5 retCode
  bool transient;      // the same order may pass later without anybody changing a limit
  ArithmeticUnit unit;
};

inline constexpr std::array<RejectReasonInfo, kRejectReasonCount> kRejectReasons{{
    {RejectReason::None, "none", 0x00, 0, 0, 0, false, ArithmeticUnit::None},
    {RejectReason::MalformedField, "malformed_field", 0x0F, 99, 99, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::InvalidSide, "invalid_side", 0x09, 99, 99, 10001, false, ArithmeticUnit::None},
    {RejectReason::InvalidDisplay, "invalid_display", 0x03, 99, 99, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::InvalidPrice, "invalid_price", 0x1D, 99, 99, 110003, false,
     ArithmeticUnit::None},
    {RejectReason::UnknownAccount, "unknown_account", 0x0C, 15, 15, 10005, false,
     ArithmeticUnit::None},
    {RejectReason::UnknownInstrument, "unknown_instrument", 0x17, 1, 1, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::VenueHalted, "venue_halted", 0x02, 2, 2, 10016, true, ArithmeticUnit::None},
    {RejectReason::VenueDown, "venue_down", 0x02, 2, 2, 10016, true, ArithmeticUnit::None},
    {RejectReason::VenueBusy, "venue_busy", 0x0A, 0, 0, 10016, true, ArithmeticUnit::None},
    {RejectReason::JournalDegraded, "journal_degraded", 0x0A, 0, 0, 10016, true,
     ArithmeticUnit::None},
    {RejectReason::Killed, "killed", 0x0C, 0, 0, 10005, false, ArithmeticUnit::None},
    {RejectReason::Suspended, "suspended", 0x0C, 0, 0, 10005, false, ArithmeticUnit::None},
    {RejectReason::CloseOnly, "close_only", 0x20, 99, 99, 110023, false, ArithmeticUnit::None},
    {RejectReason::NotEntitled, "not_entitled", 0x0C, 0, 0, 10005, false, ArithmeticUnit::None},
    {RejectReason::InstrumentHalted, "instrument_halted", 0x07, 2, 2, 10001, true,
     ArithmeticUnit::None},
    {RejectReason::UnsupportedOrdType, "unsupported_ord_type", 0x0F, 11, 11, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::UnsupportedTimeInForce, "unsupported_time_in_force", 0x0F, 11, 11, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::UnsupportedFlag, "unsupported_flag", 0x0F, 11, 11, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::MarketOrderNotAllowed, "market_order_not_allowed", 0x2C, 11, 11, 10001, false,
     ArithmeticUnit::None},
    {RejectReason::ReplaceNotAllowed, "replace_not_allowed", 0x15, 99, 99, 110001, false,
     ArithmeticUnit::None},
    {RejectReason::InvalidQuantity, "invalid_quantity", 0x13, 13, 13, 110017, false,
     ArithmeticUnit::Lots},
    {RejectReason::InvalidMinQty, "invalid_min_qty", 0x0D, 13, 13, 10001, false,
     ArithmeticUnit::Lots},
    {RejectReason::PriceTick, "price_tick", 0x1D, 99, 18, 110003, false, ArithmeticUnit::None},
    {RejectReason::DuplicateOrder, "duplicate_order", 0x0F, 6, 6, 110072, false,
     ArithmeticUnit::None},
    {RejectReason::ClipSize, "clip_size", 0x31, 3, 26, 10001, false, ArithmeticUnit::Lots},
    {RejectReason::MaxNotional, "max_notional", 0x30, 3, 27, 10001, false, ArithmeticUnit::Quanta},
    {RejectReason::NoReferencePrice, "no_reference_price", 0x0A, 99, 19, 10016, true,
     ArithmeticUnit::None},
    {RejectReason::StaleReferencePrice, "stale_reference_price", 0x0A, 99, 19, 10016, true,
     ArithmeticUnit::Nanoseconds},
    {RejectReason::StaleRiskTable, "stale_risk_table", 0x0A, 99, 19, 10016, true,
     ArithmeticUnit::Nanoseconds},
    {RejectReason::PriceCollar, "price_collar", 0x26, 99, 16, 110003, true, ArithmeticUnit::Ticks},
    {RejectReason::Restricted, "restricted", 0x22, 0, 0, 10005, false, ArithmeticUnit::None},
    {RejectReason::ReduceOnly, "reduce_only", 0x20, 99, 99, 110017, false, ArithmeticUnit::Lots},
    {RejectReason::OrderCapacity, "order_capacity", 0x0A, 0, 0, 10016, true, ArithmeticUnit::Count},
    {RejectReason::PendingReplaces, "pending_replaces", 0x15, 99, 99, 110001, true,
     ArithmeticUnit::Count},
    {RejectReason::SessionExhausted, "session_exhausted", 0x0A, 0, 0, 10016, false,
     ArithmeticUnit::Count},
    {RejectReason::OpenOrders, "open_orders", 0x20, 3, 3, 110009, true, ArithmeticUnit::Count},
    {RejectReason::LongLimit, "long_limit", 0x20, 3, 3, 110004, true, ArithmeticUnit::Lots},
    {RejectReason::ShortLimit, "short_limit", 0x20, 3, 3, 110004, true, ArithmeticUnit::Lots},
    {RejectReason::GrossNotional, "gross_notional", 0x20, 3, 3, 110004, true,
     ArithmeticUnit::Quanta},
    {RejectReason::OpenInterest, "open_interest", 0x20, 3, 3, 110004, true, ArithmeticUnit::Lots},
    {RejectReason::DailyLoss, "daily_loss", 0x20, 3, 3, 110007, false, ArithmeticUnit::Quanta},
    {RejectReason::Leverage, "leverage", 0x20, 3, 3, 110007, true, ArithmeticUnit::Quanta},
    {RejectReason::Concentration, "concentration", 0x20, 3, 3, 110007, true,
     ArithmeticUnit::Quanta},
    {RejectReason::ArithmeticRange, "arithmetic_range", 0x0A, 0, 0, 10016, false,
     ArithmeticUnit::None},
    {RejectReason::Margin, "margin", 0x20, 3, 25, 110007, true, ArithmeticUnit::Quanta},
    {RejectReason::Rate, "rate", 0x29, 0, 0, 10006, true, ArithmeticUnit::Nanoseconds},
    {RejectReason::RepeatedExecution, "repeated_execution", 0x29, 0, 0, 10006, false,
     ArithmeticUnit::None},
    {RejectReason::Overload, "overload", 0x0A, 0, 0, 10016, true, ArithmeticUnit::None},
    {RejectReason::MarginState, "margin_state", 0x20, 3, 25, 110007, true, ArithmeticUnit::Ppm},
    {RejectReason::LiquidationLock, "liquidation_lock", 0x20, 3, 25, 110023, true,
     ArithmeticUnit::None},
    {RejectReason::BorrowLimit, "borrow_limit", 0x20, 3, 3, 110007, true, ArithmeticUnit::Quanta},
    {RejectReason::StateDiffers, "state_differs", 0x0A, 0, 0, 10016, true, ArithmeticUnit::None},
    {RejectReason::ReferencePriceUnsafe, "reference_price_unsafe", 0x0A, 99, 19, 10016, true,
     ArithmeticUnit::None},
}};

consteval bool table_matches_enum() {
  for (std::size_t i = 0; i < kRejectReasonCount; ++i) {
    const RejectReasonInfo& row = kRejectReasons[i];
    if (static_cast<std::size_t>(row.reason) != i || row.name.empty()) return false;
    if (i != 0 && (row.ouch == 0 || row.bybit == 0)) return false;
    // FIX 4.4 knows 0-11, 13, 15 and 99 of what we use; a peer that validates rejects the others.
    if (row.fix44 > 11 && row.fix44 != 13 && row.fix44 != 15 && row.fix44 != 99) return false;
  }
  return true;
}
static_assert(table_matches_enum(), "kRejectReasons must list every reason, by number");

constexpr const RejectReasonInfo& info(RejectReason reason) {
  return kRejectReasons[static_cast<std::size_t>(reason)];
}

}  // namespace portcullis::risk
