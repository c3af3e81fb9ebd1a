// The optional fields of OUCH 5.0: an appendage is a two-byte length and then a sequence of
// {u8 length of tag and value, u8 tag, value}. Source: OUCH 5.0 rev 1.05, Appendix A.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace portcullis::gateway::ouch {

// A fixed-width text field, padded on the right with spaces.
template <std::size_t N>
using Text = std::array<char, N>;

enum class Tag : std::uint8_t {
  SecondaryOrdRefNum = 1,
  Firm = 2,
  MinQty = 3,
  CustomerType = 4,
  MaxFloor = 5,
  PriceType = 6,
  PegOffset = 7,
  DiscretionPrice = 9,
  DiscretionPriceType = 10,
  DiscretionPegOffset = 11,
  PostOnly = 12,
  RandomReserves = 13,
  Route = 14,
  ExpireTime = 15,
  TradeNow = 16,
  HandleInst = 17,
  BboWeightIndicator = 18,
  DisplayQuantity = 22,
  DisplayPrice = 23,
  GroupId = 24,
  SharesLocated = 25,
  LocateBroker = 26,
  Side = 27,
  UserRefIdx = 28,
  AiqStrategy = 29,
  AiqGroupId = 30,
};

inline constexpr std::array<Tag, 26> kTags{Tag::SecondaryOrdRefNum,
                                           Tag::Firm,
                                           Tag::MinQty,
                                           Tag::CustomerType,
                                           Tag::MaxFloor,
                                           Tag::PriceType,
                                           Tag::PegOffset,
                                           Tag::DiscretionPrice,
                                           Tag::DiscretionPriceType,
                                           Tag::DiscretionPegOffset,
                                           Tag::PostOnly,
                                           Tag::RandomReserves,
                                           Tag::Route,
                                           Tag::ExpireTime,
                                           Tag::TradeNow,
                                           Tag::HandleInst,
                                           Tag::BboWeightIndicator,
                                           Tag::DisplayQuantity,
                                           Tag::DisplayPrice,
                                           Tag::GroupId,
                                           Tag::SharesLocated,
                                           Tag::LocateBroker,
                                           Tag::Side,
                                           Tag::UserRefIdx,
                                           Tag::AiqStrategy,
                                           Tag::AiqGroupId};

// A set of tags as a bit mask, so that the gate tests its allow-list with one instruction:
// `(appendage.present & ~kAllowed) != 0`.
constexpr std::uint32_t tag_bit(Tag tag) { return 1U << static_cast<std::uint8_t>(tag); }

// The parsed appendage. A value means something only where its bit is set in `present`; the others
// are zero. An appendage is encoded in ascending order of the tags, whatever order it came in.
struct Appendage {
  std::uint32_t present = 0;  // tag_bit of every known tag that is there

  // The number of the first tag that this revision does not list (0 is one too). Its value is not
  // kept and it is not encoded: the gate refuses such a message by name.
  bool has_unknown_tag = false;
  std::uint8_t first_unknown_tag = 0;

  char customer_type = 0;
  char price_type = 0;
  char discretion_price_type = 0;
  char post_only = 0;
  char trade_now = 0;
  char handle_inst = 0;
  char bbo_weight_indicator = 0;
  char shares_located = 0;
  char side = 0;
  std::uint8_t user_ref_idx = 0;
  char aiq_strategy = 0;
  std::uint16_t group_id = 0;
  Text<2> aiq_group_id{};
  Text<4> firm{};
  Text<4> route{};
  Text<4> locate_broker{};
  std::uint32_t min_qty = 0;
  std::uint32_t max_floor = 0;
  std::uint32_t random_reserves = 0;
  std::uint32_t display_quantity = 0;
  std::uint32_t expire_time = 0;           // seconds
  std::int32_t peg_offset = 0;             // 4 implied decimals
  std::int32_t discretion_peg_offset = 0;  // 4 implied decimals
  std::uint64_t discretion_price = 0;      // 4 implied decimals
  std::uint64_t display_price = 0;         // 4 implied decimals
  std::uint64_t secondary_ord_ref_num = 0;

  [[nodiscard]] constexpr bool has(Tag tag) const { return (present & tag_bit(tag)) != 0; }

  // A caller that builds an appendage writes the member and marks its tag.
  constexpr void mark(Tag tag) { present |= tag_bit(tag); }
  constexpr void remove(Tag tag) { present &= ~tag_bit(tag); }

  friend bool operator==(const Appendage&, const Appendage&) = default;
};

// Calls f(member) with the member of `appendage` that holds the value of `tag`; false when the tag
// is unknown. This is the one list that ties tags to members; a value's size on the wire is the
// member's size.
template <class AnyAppendage, class F>
constexpr bool visit_tag(AnyAppendage& appendage, Tag tag, F&& f) {
  switch (tag) {
    case Tag::SecondaryOrdRefNum:
      f(appendage.secondary_ord_ref_num);
      return true;
    case Tag::Firm:
      f(appendage.firm);
      return true;
    case Tag::MinQty:
      f(appendage.min_qty);
      return true;
    case Tag::CustomerType:
      f(appendage.customer_type);
      return true;
    case Tag::MaxFloor:
      f(appendage.max_floor);
      return true;
    case Tag::PriceType:
      f(appendage.price_type);
      return true;
    case Tag::PegOffset:
      f(appendage.peg_offset);
      return true;
    case Tag::DiscretionPrice:
      f(appendage.discretion_price);
      return true;
    case Tag::DiscretionPriceType:
      f(appendage.discretion_price_type);
      return true;
    case Tag::DiscretionPegOffset:
      f(appendage.discretion_peg_offset);
      return true;
    case Tag::PostOnly:
      f(appendage.post_only);
      return true;
    case Tag::RandomReserves:
      f(appendage.random_reserves);
      return true;
    case Tag::Route:
      f(appendage.route);
      return true;
    case Tag::ExpireTime:
      f(appendage.expire_time);
      return true;
    case Tag::TradeNow:
      f(appendage.trade_now);
      return true;
    case Tag::HandleInst:
      f(appendage.handle_inst);
      return true;
    case Tag::BboWeightIndicator:
      f(appendage.bbo_weight_indicator);
      return true;
    case Tag::DisplayQuantity:
      f(appendage.display_quantity);
      return true;
    case Tag::DisplayPrice:
      f(appendage.display_price);
      return true;
    case Tag::GroupId:
      f(appendage.group_id);
      return true;
    case Tag::SharesLocated:
      f(appendage.shares_located);
      return true;
    case Tag::LocateBroker:
      f(appendage.locate_broker);
      return true;
    case Tag::Side:
      f(appendage.side);
      return true;
    case Tag::UserRefIdx:
      f(appendage.user_ref_idx);
      return true;
    case Tag::AiqStrategy:
      f(appendage.aiq_strategy);
      return true;
    case Tag::AiqGroupId:
      f(appendage.aiq_group_id);
      return true;
  }
  return false;
}

// The bytes of all known tags together, length field excluded: the longest appendage that we send.
inline constexpr std::size_t kMaxAppendageSize = [] {
  std::size_t total = 0;
  Appendage appendage;
  for (const Tag tag : kTags) {
    visit_tag(appendage, tag, [&](const auto& member) { total += 2 + sizeof(member); });
  }
  return total;
}();
static_assert(kMaxAppendageSize == 2 * 26 + 3 * 8 + 10 * 4 + 2 * 2 + 11 * 1);

}  // namespace portcullis::gateway::ouch
