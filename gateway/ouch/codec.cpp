#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::ouch {
namespace {

static_assert(std::endian::native == std::endian::little, "load and store swap bytes");

// --- One field

template <class T>
struct IsText : std::false_type {};
template <std::size_t N>
struct IsText<Text<N>> : std::true_type {};

template <std::size_t Size>
using Unsigned = std::conditional_t<
    Size == 1, std::uint8_t,
    std::conditional_t<Size == 2, std::uint16_t,
                       std::conditional_t<Size == 4, std::uint32_t, std::uint64_t>>>;

template <class U>
constexpr U swap_bytes(U value) {
  if constexpr (sizeof(U) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(U) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(U) == 8) return __builtin_bswap64(value);
  return value;
}

template <class T>
void load(const std::byte* from, T& value) {
  if constexpr (IsText<T>::value) {
    std::memcpy(value.data(), from, sizeof(T));
  } else {
    Unsigned<sizeof(T)> raw;
    std::memcpy(&raw, from, sizeof(T));
    value = static_cast<T>(swap_bytes(raw));
  }
}

template <class T>
void store(std::byte* to, const T& value) {
  if constexpr (IsText<T>::value) {
    std::memcpy(to, value.data(), sizeof(T));
  } else {
    const auto raw = swap_bytes(static_cast<Unsigned<sizeof(T)>>(value));
    std::memcpy(to, &raw, sizeof(T));
  }
}

// --- The fixed fields of each message, in the order of the wire

// One overload a message, for const and plain structs alike: the one list that decode, encode and
// the sizes are made from.
template <class T, class M>
concept Is = std::same_as<std::remove_const_t<T>, M>;

template <Is<EnterOrder> M>
constexpr auto fields(M& m) {
  return std::tie(m.user_ref_num, m.side, m.quantity, m.symbol, m.price, m.time_in_force, m.display,
                  m.capacity, m.inter_market_sweep_eligibility, m.cross_type, m.cl_ord_id);
}
template <Is<ReplaceOrder> M>
constexpr auto fields(M& m) {
  return std::tie(m.orig_user_ref_num, m.user_ref_num, m.quantity, m.price, m.time_in_force,
                  m.display, m.inter_market_sweep_eligibility, m.cl_ord_id);
}
template <Is<CancelOrder> M>
constexpr auto fields(M& m) {
  return std::tie(m.user_ref_num, m.quantity);
}
template <Is<ModifyOrder> M>
constexpr auto fields(M& m) {
  return std::tie(m.user_ref_num, m.side, m.quantity);
}
template <Is<MassCancel> M>
constexpr auto fields(M& m) {
  return std::tie(m.user_ref_num, m.firm, m.symbol);
}
template <class M>
requires Is<M, DisableOrderEntry> || Is<M, EnableOrderEntry>
constexpr auto fields(M& m) { return std::tie(m.user_ref_num, m.firm); }
template <Is<AccountQuery> M>
constexpr auto fields(M&) {
  return std::tuple<>();
}
template <Is<SystemEvent> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.event_code);
}
template <Is<Accepted> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.side, m.quantity, m.symbol, m.price,
                  m.time_in_force, m.display, m.order_reference_number, m.capacity,
                  m.inter_market_sweep_eligibility, m.cross_type, m.order_state, m.cl_ord_id);
}
template <Is<Replaced> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.orig_user_ref_num, m.user_ref_num, m.side, m.quantity, m.symbol,
                  m.price, m.time_in_force, m.display, m.order_reference_number, m.capacity,
                  m.inter_market_sweep_eligibility, m.cross_type, m.order_state, m.cl_ord_id);
}
template <Is<Canceled> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.decrement, m.reason);
}
template <Is<AiqCanceled> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.decrement, m.reason, m.quantity_prevented,
                  m.execution_price, m.liquidity_flag, m.aiq_strategy);
}
template <Is<Executed> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.quantity, m.price, m.liquidity_flag,
                  m.match_number);
}
template <Is<BrokenTrade> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.match_number, m.reason, m.cl_ord_id);
}
template <Is<Rejected> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.reason, m.cl_ord_id);
}
template <class M>
requires Is<M, CancelPending> || Is<M, CancelReject>
constexpr auto fields(M& m) { return std::tie(m.timestamp, m.user_ref_num); }
template <Is<PriorityUpdate> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.price, m.display, m.order_reference_number);
}
template <Is<Modified> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.side, m.quantity);
}
template <Is<Restated> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.reason);
}
template <Is<QueryResponse> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.next_user_ref_num);
}
template <Is<MassCancelResponse> M>
constexpr auto fields(M& m) {
  return std::tie(m.timestamp, m.user_ref_num, m.firm, m.symbol);
}
template <class M>
requires Is<M, DisableResponse> || Is<M, EnableResponse>
constexpr auto fields(M& m) { return std::tie(m.timestamp, m.user_ref_num, m.firm); }

// Type byte and fixed fields; offsets are compile-time sums, so that each field is one load or
// store.
template <class... Fields>
constexpr std::size_t size_of(std::tuple<Fields&...>*) {
  return (1 + ... + sizeof(Fields));
}
template <class M>
constexpr std::size_t kFixedSize =
    size_of(static_cast<decltype(fields(std::declval<M&>()))*>(nullptr));

// The sizes of the specification (type byte included, appendage length not).
static_assert(kFixedSize<EnterOrder> == 45 && kFixedSize<ReplaceOrder> == 38);
static_assert(kFixedSize<CancelOrder> == 9 && kFixedSize<ModifyOrder> == 10);
static_assert(kFixedSize<MassCancel> == 17 && kFixedSize<DisableOrderEntry> == 9);
static_assert(kFixedSize<EnableOrderEntry> == 9 && kFixedSize<AccountQuery> == 1);
static_assert(kFixedSize<SystemEvent> == 10 && kFixedSize<Accepted> == 62);
static_assert(kFixedSize<Replaced> == 66 && kFixedSize<Canceled> == 18);
static_assert(kFixedSize<AiqCanceled> == 32 && kFixedSize<Executed> == 34);
static_assert(kFixedSize<BrokenTrade> == 36 && kFixedSize<Rejected> == 29);
static_assert(kFixedSize<CancelPending> == 13 && kFixedSize<CancelReject> == 13);
static_assert(kFixedSize<PriorityUpdate> == 30 && kFixedSize<Modified> == 18);
static_assert(kFixedSize<Restated> == 14 && kFixedSize<QueryResponse> == 13);
static_assert(kFixedSize<MassCancelResponse> == 25 && kFixedSize<DisableResponse> == 17);
static_assert(kFixedSize<EnableResponse> == 17);
static_assert(kMaxMessageSize == kFixedSize<Replaced> + 2 + kMaxAppendageSize);

template <class M>
void load_fields(const std::byte* from, M& message) {
  std::apply([&](auto&... field) { ((load(from, field), from += sizeof(field)), ...); },
             fields(message));
}

template <class M>
void store_fields(std::byte* to, const M& message) {
  std::apply([&](const auto&... field) { ((store(to, field), to += sizeof(field)), ...); },
             fields(message));
}

// --- Appendage

DecodeError decode_tags(std::span<const std::byte> bytes, Appendage& out) {
  std::array<std::uint64_t, 4> seen{};  // by tag number, so that unknown tags may not repeat either
  while (!bytes.empty()) {
    const auto length = std::to_integer<std::size_t>(bytes[0]);  // of tag and value
    if (length == 0 || length >= bytes.size()) return DecodeError::BadAppendage;
    const auto number = std::to_integer<std::uint8_t>(bytes[1]);
    const std::uint64_t bit = 1ULL << (number % 64);
    if ((seen[number / 64] & bit) != 0) return DecodeError::DuplicateTag;
    seen[number / 64] |= bit;

    bool right_size = true;
    const bool known = visit_tag(out, Tag{number}, [&](auto& member) {
      right_size = length == 1 + sizeof(member);
      if (right_size) load(&bytes[2], member);
    });
    if (!right_size) return DecodeError::BadAppendage;
    if (known) {
      out.mark(Tag{number});
    } else if (!out.has_unknown_tag) {
      out.has_unknown_tag = true;
      out.first_unknown_tag = number;
    }
    bytes = bytes.subspan(1 + length);
  }
  return DecodeError::None;
}

// `bytes` is what follows the fixed fields.
template <AppendageRule Rule>
DecodeError decode_appendage(std::span<const std::byte> bytes, Appendage& out) {
  ::new (&out) Appendage;  // `out = {}` and `Appendage()` become a slow rep stos on GCC 12
  if (bytes.empty()) {
    return Rule == AppendageRule::Required ? DecodeError::BadLength : DecodeError::None;
  }
  if (bytes.size() < 2) return DecodeError::BadLength;
  std::uint16_t length = 0;
  load(bytes.data(), length);
  const auto tags = bytes.subspan(2);
  if (length != tags.size()) return DecodeError::BadAppendage;
  if (length == 0) return DecodeError::None;
  return decode_tags(tags, out);
}

// Returns the end of what was written.
std::byte* encode_tags(const Appendage& appendage, std::byte* to) {
  for (std::uint32_t left = appendage.present; left != 0; left &= left - 1) {
    const auto tag = Tag{static_cast<std::uint8_t>(std::countr_zero(left))};
    visit_tag(appendage, tag, [&](const auto& member) {
      to[0] = std::byte{static_cast<std::uint8_t>(1 + sizeof(member))};
      to[1] = std::byte{static_cast<std::uint8_t>(tag)};
      store(to + 2, member);
      to += 2 + sizeof(member);
    });
  }
  return to;
}

std::byte* encode_appendage(const Appendage& appendage, std::byte* to) {
  std::byte* const end = encode_tags(appendage, to + 2);
  store(to, static_cast<std::uint16_t>(end - (to + 2)));
  return end;
}

// --- Variants

template <class... Alternatives>
DecodeError decode_any(std::span<const std::byte> payload, std::variant<Alternatives...>& out) {
  if (payload.empty()) return DecodeError::Empty;
  const auto type = std::to_integer<char>(payload[0]);
  auto error = DecodeError::UnknownType;
  const auto try_one = [&]<class M>(std::type_identity<M>) {
    if (type == M::kType) error = decode(payload, out.template emplace<M>());
    return type == M::kType;
  };
  static_cast<void>((try_one(std::type_identity<Alternatives>{}) || ...));
  return error;
}

template <class... Alternatives>
std::size_t encode_any(const std::variant<Alternatives...>& message, std::span<std::byte> out) {
  std::size_t size = 0;
  const auto try_one = [&]<class M>(const M* held) {
    if (held != nullptr) size = encode(*held, out);
    return held != nullptr;
  };
  static_cast<void>((try_one(std::get_if<Alternatives>(&message)) || ...));
  return size;
}

}  // namespace

template <Message M>
DecodeError decode(std::span<const std::byte> payload, M& out) noexcept {
  if (payload.empty()) return DecodeError::Empty;
  if (std::to_integer<char>(payload[0]) != M::kType) return DecodeError::UnknownType;
  if (payload.size() < kFixedSize<M>) return DecodeError::BadLength;
  load_fields(payload.data() + 1, out);
  if constexpr (M::kAppendage == AppendageRule::Never) {
    return payload.size() == kFixedSize<M> ? DecodeError::None : DecodeError::BadLength;
  } else {
    return decode_appendage<M::kAppendage>(payload.subspan(kFixedSize<M>), out.appendage);
  }
}

DecodeError decode(std::span<const std::byte> payload, InboundMessage& out) noexcept {
  return decode_any(payload, out);
}

DecodeError decode(std::span<const std::byte> payload, OutboundMessage& out) noexcept {
  return decode_any(payload, out);
}

template <Message M>
std::size_t encode(const M& message, std::span<std::byte> out) noexcept {
  out[0] = std::byte{static_cast<unsigned char>(M::kType)};
  store_fields(out.data() + 1, message);
  std::byte* end = out.data() + kFixedSize<M>;
  if constexpr (M::kAppendage == AppendageRule::Optional) {
    if (message.appendage.present != 0) end = encode_appendage(message.appendage, end);
  } else if constexpr (M::kAppendage != AppendageRule::Never) {
    end = encode_appendage(message.appendage, end);
  }
  return static_cast<std::size_t>(end - out.data());
}

std::size_t encode(const InboundMessage& message, std::span<std::byte> out) noexcept {
  return encode_any(message, out);
}

std::size_t encode(const OutboundMessage& message, std::span<std::byte> out) noexcept {
  return encode_any(message, out);
}

bool is_printable_ascii(std::span<const char> text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// NOLINTBEGIN(bugprone-macro-parentheses): M is a type
#define PORTCULLIS_OUCH_MESSAGE(M)                                                  \
  template DecodeError decode(std::span<const std::byte> payload, M& out) noexcept; \
  template std::size_t encode(const M& message, std::span<std::byte> out) noexcept;
// NOLINTEND(bugprone-macro-parentheses)
PORTCULLIS_OUCH_MESSAGE(EnterOrder)
PORTCULLIS_OUCH_MESSAGE(ReplaceOrder)
PORTCULLIS_OUCH_MESSAGE(CancelOrder)
PORTCULLIS_OUCH_MESSAGE(ModifyOrder)
PORTCULLIS_OUCH_MESSAGE(MassCancel)
PORTCULLIS_OUCH_MESSAGE(DisableOrderEntry)
PORTCULLIS_OUCH_MESSAGE(EnableOrderEntry)
PORTCULLIS_OUCH_MESSAGE(AccountQuery)
PORTCULLIS_OUCH_MESSAGE(SystemEvent)
PORTCULLIS_OUCH_MESSAGE(Accepted)
PORTCULLIS_OUCH_MESSAGE(Replaced)
PORTCULLIS_OUCH_MESSAGE(Canceled)
PORTCULLIS_OUCH_MESSAGE(AiqCanceled)
PORTCULLIS_OUCH_MESSAGE(Executed)
PORTCULLIS_OUCH_MESSAGE(BrokenTrade)
PORTCULLIS_OUCH_MESSAGE(Rejected)
PORTCULLIS_OUCH_MESSAGE(CancelPending)
PORTCULLIS_OUCH_MESSAGE(CancelReject)
PORTCULLIS_OUCH_MESSAGE(PriorityUpdate)
PORTCULLIS_OUCH_MESSAGE(Modified)
PORTCULLIS_OUCH_MESSAGE(Restated)
PORTCULLIS_OUCH_MESSAGE(QueryResponse)
PORTCULLIS_OUCH_MESSAGE(MassCancelResponse)
PORTCULLIS_OUCH_MESSAGE(DisableResponse)
PORTCULLIS_OUCH_MESSAGE(EnableResponse)
#undef PORTCULLIS_OUCH_MESSAGE

}  // namespace portcullis::gateway::ouch
