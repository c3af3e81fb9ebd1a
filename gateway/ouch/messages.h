// The messages of OUCH 5.0 (rev 1.05) as plain structs with host-endian fields, and
// their codec.
//
// A payload is what a SoupBinTCP packet carries: it begins with the type byte and has no Soup
// header. Prices are unsigned with 4 implied decimals; timestamps are nanoseconds since midnight.
//
// The decoders are strict about structure (length, appendage) and silent about meaning: a side 'Q'
// or a quantity of zero decodes, because the protocol has a reject of its own for each of them and
// the gate is who sends it. Enumerations may therefore hold any value of their underlying type.
//
// Nothing here allocates, throws or keeps state; any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <variant>

#include "gateway/ouch/appendage.h"

namespace portcullis::gateway::ouch {

enum class Side : char { Buy = 'B', Sell = 'S', SellShort = 'T', SellShortExempt = 'E' };

enum class TimeInForce : char {
  Day = '0',
  ImmediateOrCancel = '3',
  GoodTillExtended = '5',
  GoodTillTime = '6',
  AfterHours = 'E',
};

enum class OrderState : char { Live = 'L', Dead = 'D' };
enum class EventCode : char { StartOfDay = 'S', EndOfDay = 'E' };

enum class CancelReason : char {
  UserRequested = 'U',
  ImmediateOrCancel = 'I',
  Timeout = 'T',
  Supervisory = 'S',
  RegulatoryRestriction = 'D',
  SelfMatchPrevention = 'Q',
  System = 'Z',
  CrossCanceled = 'C',
  MarketCollars = 'K',
  Halted = 'H',
  OpenProtection = 'X',
  Closed = 'E',
  PostOnlyNms = 'F',         // would have been price slid for the national market system
  PostOnlyContraSide = 'G',  // would have been price slid for a displayed order on the book
};

enum class RejectCode : std::uint16_t {
  QuoteUnavailable = 0x01,
  DestinationClosed = 0x02,
  InvalidDisplay = 0x03,
  InvalidMaxFloor = 0x04,
  InvalidPegType = 0x05,
  FatFinger = 0x06,
  Halted = 0x07,
  IsoNotAllowed = 0x08,
  InvalidSide = 0x09,
  ProcessingError = 0x0A,
  CancelPending = 0x0B,
  FirmNotAuthorized = 0x0C,
  InvalidMinQty = 0x0D,
  NoClosingReferencePrice = 0x0E,
  Other = 0x0F,
  CancelNotAllowed = 0x10,
  PeggingNotAllowed = 0x11,
  CrossedMarket = 0x12,
  InvalidQuantity = 0x13,
  InvalidCrossOrder = 0x14,
  ReplaceNotAllowed = 0x15,
  RoutingNotAllowed = 0x16,
  InvalidSymbol = 0x17,
  Test = 0x18,
  LateLimitOnClose = 0x19,
  RetailNotAllowed = 0x1A,
  InvalidMidpointPostOnlyPrice = 0x1B,
  InvalidDestination = 0x1C,
  InvalidPrice = 0x1D,
  SharesExceedThreshold = 0x1E,
  ExceedsMaxNotional = 0x1F,
  RiskAggregateExposureExceeded = 0x20,
  RiskMarketImpact = 0x21,
  RiskRestrictedStock = 0x22,
  RiskShortSellRestricted = 0x23,
  RiskIsoNotAllowed = 0x24,
  RiskExceedsAdvLimit = 0x25,
  RiskFatFinger = 0x26,
  RiskLocateRequired = 0x27,
  RiskSymbolMessageRate = 0x28,
  RiskPortMessageRate = 0x29,
  RiskDuplicateMessageRate = 0x2A,
  RiskShortSellNotAllowed = 0x2B,
  RiskMarketOrderNotAllowed = 0x2C,
  RiskPreMarketNotAllowed = 0x2D,
  RiskPostMarketNotAllowed = 0x2E,
  RiskShortSellExemptNotAllowed = 0x2F,
  RiskSingleOrderNotionalExceeded = 0x30,
  RiskMaxQuantityExceeded = 0x31,
  RegShoStateNotAvailable = 0x32,
  RiskIpoMarketBuyNotAllowed = 0x33,
  InvalidAiq = 0x40,
};

inline constexpr std::uint32_t kQuantityMax = 999'999;     // 1 is the least
inline constexpr std::uint64_t kPriceMax = 1'999'999'999;  // 199,999.9999
inline constexpr std::uint64_t kMarketPrice = 0x7FFFFFFF;  // both of these mean "market"
inline constexpr std::uint64_t kMarketPriceAlt = 2'000'000'000;

inline constexpr char kDisplayVisible = 'Y';
inline constexpr char kDisplayHidden = 'N';
inline constexpr char kDisplayAttributable = 'A';
inline constexpr char kCapacityAgency = 'A';
inline constexpr char kCapacityPrincipal = 'P';
inline constexpr char kCapacityRiskless = 'R';
inline constexpr char kCapacityOther = 'O';
inline constexpr char kIsoEligible = 'Y';
inline constexpr char kIsoNotEligible = 'N';
inline constexpr char kCrossTypeContinuous = 'N';
inline constexpr char kLiquidityAdded = 'A';
inline constexpr char kLiquidityRemoved = 'R';
inline constexpr char kBrokenTradeErroneous = 'E';
inline constexpr char kBrokenTradeConsent = 'C';
inline constexpr char kBrokenTradeSupervisory = 'S';
inline constexpr char kBrokenTradeExternal = 'X';
inline constexpr char kRestatedDisplayRefresh = 'R';
inline constexpr char kRestatedDisplayPriceUpdate = 'P';
inline constexpr char kPriceTypeLimit = 'L';
inline constexpr char kPostOnly = 'P';

using Symbol = Text<8>;
using ClOrdId = Text<14>;
using Firm = Text<4>;

// Where a message carries the two bytes of appendage length. They are followed by the tags, and are
// 0 where there are none.
enum class AppendageRule : std::uint8_t {
  Never,
  Required,  // always there
  Written,   // we write it, as revision 1.05 does; the shorter form without it is understood
  Optional,  // written only where there are tags; both forms are understood
};

// The members below are in the order of the wire.

// --- Inbound: from the client to the venue

struct EnterOrder {
  static constexpr char kType = 'O';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint32_t user_ref_num = 0;
  Side side{};
  std::uint32_t quantity = 0;
  Symbol symbol{};
  std::uint64_t price = 0;
  TimeInForce time_in_force{};
  char display = 0;
  char capacity = 0;
  char inter_market_sweep_eligibility = 0;
  char cross_type = 0;
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const EnterOrder&, const EnterOrder&) = default;
};

struct ReplaceOrder {
  static constexpr char kType = 'U';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint32_t orig_user_ref_num = 0;
  std::uint32_t user_ref_num = 0;
  std::uint32_t quantity = 0;  // total of the whole chain, executed shares included
  std::uint64_t price = 0;
  TimeInForce time_in_force{};
  char display = 0;
  char inter_market_sweep_eligibility = 0;
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const ReplaceOrder&, const ReplaceOrder&) = default;
};

struct CancelOrder {
  static constexpr char kType = 'X';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint32_t user_ref_num = 0;
  std::uint32_t quantity = 0;  // the intended total, executed shares included; 0 cancels all
  Appendage appendage;
  friend bool operator==(const CancelOrder&, const CancelOrder&) = default;
};

struct ModifyOrder {
  static constexpr char kType = 'M';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint32_t user_ref_num = 0;
  Side side{};
  std::uint32_t quantity = 0;
  Appendage appendage;
  friend bool operator==(const ModifyOrder&, const ModifyOrder&) = default;
};

struct MassCancel {
  static constexpr char kType = 'C';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Symbol symbol{};  // blank: every symbol
  Appendage appendage;
  friend bool operator==(const MassCancel&, const MassCancel&) = default;
};

struct DisableOrderEntry {
  static constexpr char kType = 'D';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Appendage appendage;
  friend bool operator==(const DisableOrderEntry&, const DisableOrderEntry&) = default;
};

struct EnableOrderEntry {
  static constexpr char kType = 'E';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Appendage appendage;
  friend bool operator==(const EnableOrderEntry&, const EnableOrderEntry&) = default;
};

struct AccountQuery {
  static constexpr char kType = 'Q';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  Appendage appendage;
  friend bool operator==(const AccountQuery&, const AccountQuery&) = default;
};

// --- Outbound: from the venue to the client

struct SystemEvent {
  static constexpr char kType = 'S';
  static constexpr AppendageRule kAppendage = AppendageRule::Never;
  std::uint64_t timestamp = 0;
  EventCode event_code{};
  friend bool operator==(const SystemEvent&, const SystemEvent&) = default;
};

struct Accepted {
  static constexpr char kType = 'A';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Side side{};
  std::uint32_t quantity = 0;
  Symbol symbol{};
  std::uint64_t price = 0;
  TimeInForce time_in_force{};
  char display = 0;
  std::uint64_t order_reference_number = 0;
  char capacity = 0;
  char inter_market_sweep_eligibility = 0;
  char cross_type = 0;
  OrderState order_state{};
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const Accepted&, const Accepted&) = default;
};

struct Replaced {
  static constexpr char kType = 'U';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint64_t timestamp = 0;
  std::uint32_t orig_user_ref_num = 0;
  std::uint32_t user_ref_num = 0;
  Side side{};
  std::uint32_t quantity = 0;  // what is left, not the total
  Symbol symbol{};
  std::uint64_t price = 0;
  TimeInForce time_in_force{};
  char display = 0;
  std::uint64_t order_reference_number = 0;
  char capacity = 0;
  char inter_market_sweep_eligibility = 0;
  char cross_type = 0;
  OrderState order_state{};
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const Replaced&, const Replaced&) = default;
};

struct Canceled {
  static constexpr char kType = 'C';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  std::uint32_t decrement = 0;  // shares taken off by this message
  CancelReason reason{};
  Appendage appendage;
  friend bool operator==(const Canceled&, const Canceled&) = default;
};

struct AiqCanceled {
  static constexpr char kType = 'D';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  std::uint32_t decrement = 0;
  CancelReason reason{};
  std::uint32_t quantity_prevented = 0;  // from trading
  std::uint64_t execution_price = 0;
  char liquidity_flag = 0;
  char aiq_strategy = 0;
  Appendage appendage;
  friend bool operator==(const AiqCanceled&, const AiqCanceled&) = default;
};

struct Executed {
  static constexpr char kType = 'E';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  std::uint32_t quantity = 0;
  std::uint64_t price = 0;
  char liquidity_flag = 0;
  std::uint64_t match_number = 0;
  Appendage appendage;
  friend bool operator==(const Executed&, const Executed&) = default;
};

struct BrokenTrade {
  static constexpr char kType = 'B';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  std::uint64_t match_number = 0;
  char reason = 0;
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const BrokenTrade&, const BrokenTrade&) = default;
};

struct Rejected {
  static constexpr char kType = 'J';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  RejectCode reason{};
  ClOrdId cl_ord_id{};
  Appendage appendage;
  friend bool operator==(const Rejected&, const Rejected&) = default;
};

struct CancelPending {
  static constexpr char kType = 'P';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Appendage appendage;
  friend bool operator==(const CancelPending&, const CancelPending&) = default;
};

struct CancelReject {
  static constexpr char kType = 'I';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Appendage appendage;
  friend bool operator==(const CancelReject&, const CancelReject&) = default;
};

struct PriorityUpdate {
  static constexpr char kType = 'T';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  std::uint64_t price = 0;
  char display = 0;
  std::uint64_t order_reference_number = 0;
  Appendage appendage;
  friend bool operator==(const PriorityUpdate&, const PriorityUpdate&) = default;
};

struct Modified {
  static constexpr char kType = 'M';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Side side{};
  std::uint32_t quantity = 0;
  Appendage appendage;
  friend bool operator==(const Modified&, const Modified&) = default;
};

struct Restated {
  static constexpr char kType = 'R';
  static constexpr AppendageRule kAppendage = AppendageRule::Required;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  char reason = 0;
  Appendage appendage;
  friend bool operator==(const Restated&, const Restated&) = default;
};

struct QueryResponse {
  static constexpr char kType = 'Q';
  static constexpr AppendageRule kAppendage = AppendageRule::Optional;
  std::uint64_t timestamp = 0;
  std::uint32_t next_user_ref_num = 0;
  Appendage appendage;
  friend bool operator==(const QueryResponse&, const QueryResponse&) = default;
};

struct MassCancelResponse {
  static constexpr char kType = 'X';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Symbol symbol{};
  Appendage appendage;
  friend bool operator==(const MassCancelResponse&, const MassCancelResponse&) = default;
};

struct DisableResponse {
  static constexpr char kType = 'G';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Appendage appendage;
  friend bool operator==(const DisableResponse&, const DisableResponse&) = default;
};

struct EnableResponse {
  static constexpr char kType = 'K';
  static constexpr AppendageRule kAppendage = AppendageRule::Written;
  std::uint64_t timestamp = 0;
  std::uint32_t user_ref_num = 0;
  Firm firm{};
  Appendage appendage;
  friend bool operator==(const EnableResponse&, const EnableResponse&) = default;
};

using InboundMessage = std::variant<EnterOrder, ReplaceOrder, CancelOrder, ModifyOrder, MassCancel,
                                    DisableOrderEntry, EnableOrderEntry, AccountQuery>;
using OutboundMessage =
    std::variant<SystemEvent, Accepted, Replaced, Canceled, AiqCanceled, Executed, BrokenTrade,
                 Rejected, CancelPending, CancelReject, PriorityUpdate, Modified, Restated,
                 QueryResponse, MassCancelResponse, DisableResponse, EnableResponse>;

// --- Codec

enum class DecodeError : std::uint8_t {
  None,
  Empty,         // no type byte
  UnknownType,   // not a type of this direction, or not the type of the struct asked for
  BadLength,     // shorter than the fixed part, or bytes where there can be none
  BadAppendage,  // its length is not what follows, or a tag is truncated or has the wrong size
  DuplicateTag,
};

// No message that `encode` writes is longer.
inline constexpr std::size_t kMaxMessageSize = 68 + kMaxAppendageSize;

template <class M, class Variant>
struct IsAlternative;
template <class M, class... Alternatives>
struct IsAlternative<M, std::variant<Alternatives...>>
    : std::bool_constant<(std::same_as<M, Alternatives> || ...)> {};

template <class M>
concept Message =
    IsAlternative<M, InboundMessage>::value || IsAlternative<M, OutboundMessage>::value;

// Reads `payload`, all of it, as an M. `out` is unspecified unless the result is None.
template <Message M>
[[nodiscard]] DecodeError decode(std::span<const std::byte> payload, M& out) noexcept;

// Reads a message of the direction by its type byte. Clearing the variant takes longer than reading
// the message: where nanoseconds count, switch on payload[0] and call the above.
[[nodiscard]] DecodeError decode(std::span<const std::byte> payload, InboundMessage& out) noexcept;
[[nodiscard]] DecodeError decode(std::span<const std::byte> payload, OutboundMessage& out) noexcept;

// Writes the payload and returns its length. REQUIRES: out.size() >= kMaxMessageSize, or at least
// the length of this message; nothing beyond that length is written.
template <Message M>
std::size_t encode(const M& message, std::span<std::byte> out) noexcept;
std::size_t encode(const InboundMessage& message, std::span<std::byte> out) noexcept;
std::size_t encode(const OutboundMessage& message, std::span<std::byte> out) noexcept;

// Whether every character is printable ASCII, space included. Symbols and ClOrdIDs that are not
// decode all the same; who logs them or passes them on asks here first.
[[nodiscard]] bool is_printable_ascii(std::span<const char> text) noexcept;

}  // namespace portcullis::gateway::ouch
