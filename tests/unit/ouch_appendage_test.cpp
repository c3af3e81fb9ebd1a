#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "gateway/ouch/messages.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::ouch::ouch_appendage_test {
namespace {

using test::Bytes;
using test::bytes;
using test::hex;
using test::operator+;
using test::text;

// An account query is the shortest message that carries tags.
Bytes query_with(const Bytes& tags) {
  const auto size = static_cast<std::uint16_t>(tags.size());
  Bytes payload = bytes("51");
  payload.push_back(static_cast<std::byte>(size >> 8));
  payload.push_back(static_cast<std::byte>(size));
  return payload + tags;
}

DecodeError decode_tags(const Bytes& tags, Appendage& out) {
  AccountQuery query;
  const DecodeError error = decode(query_with(tags), query);
  out = query.appendage;
  return error;
}

DecodeError decode_tags(std::string_view tags) {
  Appendage ignored;
  return decode_tags(bytes(tags), ignored);
}

// All tags once, in ascending order, by the specification's table.
constexpr std::string_view kAllTags =
    "0901 0102030405060708"
    "0502 'FIRM'"
    "0503 000000c8"
    "0204 'R'"
    "0505 00000064"
    "0206 'M'"
    "0507 ffffff9c"
    "0909 000000000016e360"
    "020a 'P'"
    "050b ffffffff"
    "020c 'P'"
    "050d 0000012c"
    "050e 'RTE1'"
    "050f 00000e10"
    "0210 'Y'"
    "0211 'I'"
    "0212 '2'"
    "0516 00000064"
    "0917 000000000016f0a8"
    "0318 0201"
    "0219 'Y'"
    "051a 'LCTB'"
    "021b 'T'"
    "021c 05"
    "021d 'O'"
    "031e 'AB'";

TEST(OuchAppendage, ReadsAndWritesEveryTag) {
  Appendage tags;
  ASSERT_EQ(decode_tags(bytes(kAllTags), tags), DecodeError::None);
  Appendage expected;
  expected.secondary_ord_ref_num = 0x0102030405060708;
  expected.firm = text<4>("FIRM");
  expected.min_qty = 200;
  expected.customer_type = 'R';
  expected.max_floor = 100;
  expected.price_type = 'M';
  expected.peg_offset = -100;
  expected.discretion_price = 1'500'000;
  expected.discretion_price_type = 'P';
  expected.discretion_peg_offset = -1;
  expected.post_only = 'P';
  expected.random_reserves = 300;
  expected.route = text<4>("RTE1");
  expected.expire_time = 3600;
  expected.trade_now = 'Y';
  expected.handle_inst = 'I';
  expected.bbo_weight_indicator = '2';
  expected.display_quantity = 100;
  expected.display_price = 1'503'400;
  expected.group_id = 0x0201;
  expected.shares_located = 'Y';
  expected.locate_broker = text<4>("LCTB");
  expected.side = 'T';
  expected.user_ref_idx = 5;
  expected.aiq_strategy = 'O';
  expected.aiq_group_id = text<2>("AB");
  for (const Tag tag : kTags) expected.mark(tag);
  EXPECT_EQ(tags, expected);

  std::array<std::byte, kMaxMessageSize> buffer{};
  const std::size_t size = encode(AccountQuery{.appendage = expected}, buffer);
  EXPECT_EQ(hex(std::span(buffer).first(size)), hex(query_with(bytes(kAllTags))));
  EXPECT_EQ(size, 3 + kMaxAppendageSize);
}

TEST(OuchAppendage, TheLongestMessageFillsTheMaximumSize) {
  Replaced replaced;
  for (const Tag tag : kTags) replaced.appendage.mark(tag);
  std::array<std::byte, kMaxMessageSize> buffer{};
  EXPECT_EQ(encode(replaced, buffer), kMaxMessageSize);
}

TEST(OuchAppendage, TakesTagsInAnyOrderAndWritesThemAscending) {
  AccountQuery query;
  ASSERT_EQ(decode(query_with(bytes("0212 '0' 0502 'MLRO'")), query), DecodeError::None);
  EXPECT_EQ(query.appendage.present, tag_bit(Tag::Firm) | tag_bit(Tag::BboWeightIndicator));
  std::array<std::byte, kMaxMessageSize> buffer{};
  const std::size_t size = encode(query, buffer);
  EXPECT_EQ(hex(std::span(buffer).first(size)), hex(query_with(bytes("0502 'MLRO' 0212 '0'"))));
}

TEST(OuchAppendage, RemovedTagsAreNotWritten) {
  AccountQuery query;
  ASSERT_EQ(decode(query_with(bytes("0502 'MLRO' 0212 '0'")), query), DecodeError::None);
  query.appendage.remove(Tag::Firm);
  std::array<std::byte, kMaxMessageSize> buffer{};
  const std::size_t size = encode(query, buffer);
  EXPECT_EQ(hex(std::span(buffer).first(size)), hex(query_with(bytes("0212 '0'"))));
}

TEST(OuchAppendage, RefusesEveryWrongSizeOfEveryTag) {
  for (const Tag tag : kTags) {
    std::size_t right = 0;
    Appendage appendage;
    ASSERT_TRUE(visit_tag(appendage, tag, [&](auto& member) { right = sizeof(member); }));
    for (std::size_t size = 0; size <= 20; ++size) {
      Bytes tags{static_cast<std::byte>(size + 1), static_cast<std::byte>(tag)};
      tags.resize(2 + size);
      Appendage out;
      EXPECT_EQ(decode_tags(tags, out),
                size == right ? DecodeError::None : DecodeError::BadAppendage)
          << "tag " << static_cast<int>(tag) << " size " << size;
    }
  }
}

TEST(OuchAppendage, RefusesATagThatRunsOverTheEnd) {
  EXPECT_EQ(decode_tags("0502 'FIR'"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("0502"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("05"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("0212 '0' 05"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("ff 63 00"), DecodeError::BadAppendage);
}

TEST(OuchAppendage, RefusesATagOfNoLength) {
  EXPECT_EQ(decode_tags("00"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("00 0212 '0'"), DecodeError::BadAppendage);
  EXPECT_EQ(decode_tags("00 08 63 01020304050607"), DecodeError::BadAppendage);
}

TEST(OuchAppendage, RefusesALengthThatIsNotWhatFollows) {
  AccountQuery query;
  EXPECT_EQ(decode(bytes("51 0002 021230"), query), DecodeError::BadAppendage);
  EXPECT_EQ(decode(bytes("51 0004 021230"), query), DecodeError::BadAppendage);
  EXPECT_EQ(decode(bytes("51 0000 021230"), query), DecodeError::BadAppendage);
  EXPECT_EQ(decode(bytes("51 00"), query), DecodeError::BadLength);
}

TEST(OuchAppendage, RefusesTheSameTagTwice) {
  EXPECT_EQ(decode_tags("0502 'FIRM' 0502 'FIRM'"), DecodeError::DuplicateTag);
  EXPECT_EQ(decode_tags("0502 'FIRM' 0212 '0' 0502 'OTHR'"), DecodeError::DuplicateTag);
  EXPECT_EQ(decode_tags("02c8 01 0212 '0' 02c8 01"), DecodeError::DuplicateTag);
}

TEST(OuchAppendage, RemembersTheFirstUnknownTagAndReadsTheRest) {
  Appendage tags;
  ASSERT_EQ(decode_tags(bytes("0363 0102 0502 'FIRM' 0100 0213 00"), tags), DecodeError::None);
  EXPECT_TRUE(tags.has_unknown_tag);
  EXPECT_EQ(tags.first_unknown_tag, 0x63);
  EXPECT_EQ(tags.present, tag_bit(Tag::Firm));
}

TEST(OuchAppendage, TagZeroIsUnknownAndNotNone) {
  Appendage tags;
  ASSERT_EQ(decode_tags(bytes("0100"), tags), DecodeError::None);
  EXPECT_TRUE(tags.has_unknown_tag);
  EXPECT_EQ(tags.first_unknown_tag, 0);
}

TEST(OuchAppendage, EveryUnlistedNumberIsUnknown) {
  for (int number = 0; number < 256; ++number) {
    Appendage appendage;
    const bool known = visit_tag(appendage, static_cast<Tag>(number), [](auto&) {});
    const bool listed = std::ranges::find(kTags, static_cast<Tag>(number)) != kTags.end();
    EXPECT_EQ(known, listed) << number;
  }
}

TEST(OuchAppendage, NothingOfTheMessageBeforeIsLeft) {
  AccountQuery query;
  ASSERT_EQ(decode(query_with(bytes(kAllTags)), query), DecodeError::None);
  ASSERT_EQ(decode(bytes("51"), query), DecodeError::None);
  EXPECT_EQ(query, AccountQuery{});
}

}  // namespace
}  // namespace portcullis::gateway::ouch::ouch_appendage_test
