// Each message against bytes written down from the specification's tables, and real packets.
#include <gtest/gtest.h>

#include <array>

#include "gateway/ouch/messages.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::ouch::ouch_codec_test {
namespace {

using test::Bytes;
using test::bytes;
using test::hex;
using test::text;

template <class M>
Bytes encoded(const M& message) {
  std::array<std::byte, kMaxMessageSize> buffer{};
  const std::size_t size = encode(message, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

// The message is written as `wire`, and `wire` is read as the message, by its type and by the
// variant.
template <class Variant, class M>
void expect_wire(const M& message, std::string_view wire) {
  const Bytes expected = bytes(wire);
  SCOPED_TRACE(wire);
  EXPECT_EQ(hex(encoded(message)), hex(expected));
  M read;
  ASSERT_EQ(decode(expected, read), DecodeError::None);
  EXPECT_EQ(read, message);
  Variant any;
  ASSERT_EQ(decode(expected, any), DecodeError::None);
  ASSERT_TRUE(std::holds_alternative<M>(any));
  EXPECT_EQ(std::get<M>(any), message);
  EXPECT_EQ(hex(encoded(any)), hex(expected));
}

template <class M>
void expect_inbound(const M& message, std::string_view wire) {
  expect_wire<InboundMessage>(message, wire);
}
template <class M>
void expect_outbound(const M& message, std::string_view wire) {
  expect_wire<OutboundMessage>(message, wire);
}

constexpr std::uint64_t kTime = 0x0000289b4d64af87;

// --- Real packets, cut at the Soup length (Nasdaq, 2023 and 2024)

TEST(OuchRealPacket, EnterOrderOfASellShortWithAFirm) {
  EnterOrder order{.user_ref_num = 113,
                   .side = Side::SellShort,
                   .quantity = 225,
                   .symbol = text<8>("CVLT"),
                   .price = 630'200,
                   .time_in_force = TimeInForce::Day,
                   .display = kDisplayVisible,
                   .capacity = kCapacityAgency,
                   .inter_market_sweep_eligibility = kIsoNotEligible,
                   .cross_type = kCrossTypeContinuous,
                   .cl_ord_id = text<14>("H8FUB8IV"),
                   .appendage = {}};
  order.appendage.firm = text<4>("LIME");
  order.appendage.mark(Tag::Firm);
  expect_inbound(order,
                 "4f 00000071 54 000000e1 'CVLT    ' 0000000000099db8 30 59 41 4e 4e"
                 "'H8FUB8IV      ' 0006 05 02 'LIME'");
}

TEST(OuchRealPacket, AcceptedWithTwoTags) {
  Accepted accepted{.timestamp = kTime,
                    .user_ref_num = 0x00753a8d,
                    .side = Side::Buy,
                    .quantity = 40,
                    .symbol = text<8>("ADBE"),
                    .price = 4'777'800,
                    .time_in_force = TimeInForce::GoodTillExtended,
                    .display = kDisplayVisible,
                    .order_reference_number = 0x0f56b4f5,
                    .capacity = kCapacityAgency,
                    .inter_market_sweep_eligibility = kIsoNotEligible,
                    .cross_type = kCrossTypeContinuous,
                    .order_state = OrderState::Live,
                    .cl_ord_id = text<14>("7682701"),
                    .appendage = {}};
  accepted.appendage.firm = text<4>("MLRO");
  accepted.appendage.mark(Tag::Firm);
  accepted.appendage.bbo_weight_indicator = '0';
  accepted.appendage.mark(Tag::BboWeightIndicator);
  expect_outbound(accepted,
                  "41 0000289b4d64af87 00753a8d 42 00000028 'ADBE    ' 000000000048e748 35 59"
                  "000000000f56b4f5 41 4e 4e 4c '7682701       ' 0009 05 02 'MLRO' 02 12 30");
}

TEST(OuchRealPacket, CancelWithoutAnAppendage) {
  expect_inbound(CancelOrder{.user_ref_num = 0x00752e71, .quantity = 0, .appendage = {}},
                 "58 00752e71 00000000");
}

TEST(OuchRealPacket, CanceledByTheUser) {
  expect_outbound(Canceled{.timestamp = 0x0000289b4d681317,
                           .user_ref_num = 0x00753a8d,
                           .decrement = 40,
                           .reason = CancelReason::UserRequested,
                           .appendage = {}},
                  "43 0000289b4d681317 00753a8d 00000028 55");
}

// --- Every other message, by the tables

TEST(OuchCodec, ReplaceOrder) {
  expect_inbound(
      ReplaceOrder{.orig_user_ref_num = 1,
                   .user_ref_num = 2,
                   .quantity = 999'999,
                   .price = kMarketPrice,
                   .time_in_force = TimeInForce::ImmediateOrCancel,
                   .display = kDisplayHidden,
                   .inter_market_sweep_eligibility = kIsoEligible,
                   .cl_ord_id = text<14>("R-2"),
                   .appendage = {}},
      "55 00000001 00000002 000f423f 000000007fffffff '3' 'N' 'Y' 'R-2           ' 0000");
}

TEST(OuchCodec, CancelOrderWithAnAppendage) {
  CancelOrder cancel{.user_ref_num = 7, .quantity = 25, .appendage = {}};
  cancel.appendage.user_ref_idx = 5;
  cancel.appendage.mark(Tag::UserRefIdx);
  expect_inbound(cancel, "58 00000007 00000019 0003 021c05");
}

TEST(OuchCodec, ModifyOrder) {
  expect_inbound(
      ModifyOrder{
          .user_ref_num = 3, .side = Side::SellShortExempt, .quantity = 50, .appendage = {}},
      "4d 00000003 45 00000032");
}

TEST(OuchCodec, MassCancelOfOneSideAndGroup) {
  MassCancel cancel{
      .user_ref_num = 10, .firm = text<4>("FIRM"), .symbol = text<8>(""), .appendage = {}};
  cancel.appendage.group_id = 7;
  cancel.appendage.mark(Tag::GroupId);
  cancel.appendage.side = 'S';
  cancel.appendage.mark(Tag::Side);
  expect_inbound(cancel, "43 0000000a 'FIRM' '        ' 0007 03180007 021b53");
}

TEST(OuchCodec, DisableAndEnableOrderEntry) {
  expect_inbound(DisableOrderEntry{.user_ref_num = 11, .firm = text<4>("FRMA"), .appendage = {}},
                 "44 0000000b 'FRMA' 0000");
  expect_inbound(EnableOrderEntry{.user_ref_num = 12, .firm = text<4>("FRMA"), .appendage = {}},
                 "45 0000000c 'FRMA' 0000");
}

TEST(OuchCodec, AccountQuery) {
  expect_inbound(AccountQuery{}, "51");
  AccountQuery query;
  query.appendage.user_ref_idx = 3;
  query.appendage.mark(Tag::UserRefIdx);
  expect_inbound(query, "51 0003 021c03");
}

TEST(OuchCodec, SystemEvent) {
  expect_outbound(SystemEvent{.timestamp = kTime, .event_code = EventCode::StartOfDay},
                  "53 0000289b4d64af87 53");
}

TEST(OuchCodec, Replaced) {
  expect_outbound(Replaced{.timestamp = kTime,
                           .orig_user_ref_num = 1,
                           .user_ref_num = 2,
                           .side = Side::Sell,
                           .quantity = 400,
                           .symbol = text<8>("MSFT"),
                           .price = 4'000'000,
                           .time_in_force = TimeInForce::ImmediateOrCancel,
                           .display = kDisplayHidden,
                           .order_reference_number = 0x0102030405060708,
                           .capacity = kCapacityPrincipal,
                           .inter_market_sweep_eligibility = kIsoNotEligible,
                           .cross_type = kCrossTypeContinuous,
                           .order_state = OrderState::Dead,
                           .cl_ord_id = text<14>("R-2"),
                           .appendage = {}},
                  "55 0000289b4d64af87 00000001 00000002 53 00000190 'MSFT    ' 00000000003d0900"
                  "'3' 'N' 0102030405060708 'P' 'N' 'N' 'D' 'R-2           ' 0000");
}

TEST(OuchCodec, AiqCanceled) {
  expect_outbound(AiqCanceled{.timestamp = kTime,
                              .user_ref_num = 4,
                              .decrement = 100,
                              .reason = CancelReason::SelfMatchPrevention,
                              .quantity_prevented = 60,
                              .execution_price = 1'503'400,
                              .liquidity_flag = kLiquidityRemoved,
                              .aiq_strategy = 'O',
                              .appendage = {}},
                  "44 0000289b4d64af87 00000004 00000064 51 0000003c 000000000016f0a8 52 4f");
}

TEST(OuchCodec, Executed) {
  expect_outbound(
      Executed{.timestamp = kTime,
               .user_ref_num = 1,
               .quantity = 100,
               .price = 1'503'400,
               .liquidity_flag = kLiquidityAdded,
               .match_number = 987'654'321,
               .appendage = {}},
      "45 0000289b4d64af87 00000001 00000064 000000000016f0a8 41 000000003ade68b1 0000");
}

TEST(OuchCodec, BrokenTrade) {
  expect_outbound(BrokenTrade{.timestamp = kTime,
                              .user_ref_num = 1,
                              .match_number = 987'654'321,
                              .reason = kBrokenTradeErroneous,
                              .cl_ord_id = text<14>("C-1"),
                              .appendage = {}},
                  "42 0000289b4d64af87 00000001 000000003ade68b1 45 'C-1           '");
}

TEST(OuchCodec, Rejected) {
  expect_outbound(Rejected{.timestamp = kTime,
                           .user_ref_num = 9,
                           .reason = RejectCode::RiskAggregateExposureExceeded,
                           .cl_ord_id = text<14>("C-9"),
                           .appendage = {}},
                  "4a 0000289b4d64af87 00000009 0020 'C-9           '");
}

TEST(OuchCodec, CancelPendingAndCancelReject) {
  expect_outbound(CancelPending{.timestamp = kTime, .user_ref_num = 5, .appendage = {}},
                  "50 0000289b4d64af87 00000005");
  expect_outbound(CancelReject{.timestamp = kTime, .user_ref_num = 6, .appendage = {}},
                  "49 0000289b4d64af87 00000006");
}

TEST(OuchCodec, PriorityUpdate) {
  expect_outbound(PriorityUpdate{.timestamp = kTime,
                                 .user_ref_num = 7,
                                 .price = 1'503'400,
                                 .display = kDisplayVisible,
                                 .order_reference_number = 555,
                                 .appendage = {}},
                  "54 0000289b4d64af87 00000007 000000000016f0a8 59 000000000000022b");
}

TEST(OuchCodec, Modified) {
  expect_outbound(Modified{.timestamp = kTime,
                           .user_ref_num = 3,
                           .side = Side::Sell,
                           .quantity = 50,
                           .appendage = {}},
                  "4d 0000289b4d64af87 00000003 53 00000032");
}

TEST(OuchCodec, RestatedWithItsTags) {
  Restated restated{
      .timestamp = kTime, .user_ref_num = 8, .reason = kRestatedDisplayRefresh, .appendage = {}};
  restated.appendage.secondary_ord_ref_num = 777;
  restated.appendage.mark(Tag::SecondaryOrdRefNum);
  restated.appendage.display_quantity = 100;
  restated.appendage.mark(Tag::DisplayQuantity);
  expect_outbound(restated,
                  "52 0000289b4d64af87 00000008 52 0010 0901 0000000000000309 0516 00000064");
}

TEST(OuchCodec, QueryResponse) {
  expect_outbound(QueryResponse{.timestamp = kTime, .next_user_ref_num = 13, .appendage = {}},
                  "51 0000289b4d64af87 0000000d");
}

TEST(OuchCodec, ResponsesToMassCancelDisableAndEnable) {
  expect_outbound(MassCancelResponse{.timestamp = kTime,
                                     .user_ref_num = 10,
                                     .firm = text<4>("FIRM"),
                                     .symbol = text<8>("MSFT"),
                                     .appendage = {}},
                  "58 0000289b4d64af87 0000000a 'FIRM' 'MSFT    ' 0000");
  expect_outbound(
      DisableResponse{
          .timestamp = kTime, .user_ref_num = 11, .firm = text<4>("FRMA"), .appendage = {}},
      "47 0000289b4d64af87 0000000b 'FRMA' 0000");
  expect_outbound(
      EnableResponse{
          .timestamp = kTime, .user_ref_num = 12, .firm = text<4>("FRMA"), .appendage = {}},
      "4b 0000289b4d64af87 0000000c 'FRMA' 0000");
}

// --- The two forms of an optional appendage length

TEST(OuchCodec, ReadsMassCancelWithoutTheAppendageLength) {
  MassCancel cancel;
  ASSERT_EQ(decode(bytes("43 0000000a 'FIRM' '        '"), cancel), DecodeError::None);
  EXPECT_EQ(cancel.user_ref_num, 10U);
  EXPECT_EQ(cancel.appendage, Appendage{});
}

TEST(OuchCodec, ReadsCancelOrderWithAnEmptyAppendage) {
  CancelOrder cancel;
  ASSERT_EQ(decode(bytes("58 00752e71 00000000 0000"), cancel), DecodeError::None);
  EXPECT_EQ(cancel.user_ref_num, 0x00752e71U);
}

TEST(OuchCodec, RefusesAnExecutionWithoutTheAppendageLength) {
  Executed executed;
  EXPECT_EQ(decode(bytes("45 0000289b4d64af87 00000001 00000064 000000000016f0a8 41"
                         "000000003ade68b1"),
                   executed),
            DecodeError::BadLength);
}

// --- What is no message

TEST(OuchCodec, RefusesAnEmptyPayload) {
  InboundMessage inbound;
  OutboundMessage outbound;
  EnterOrder order;
  EXPECT_EQ(decode({}, inbound), DecodeError::Empty);
  EXPECT_EQ(decode({}, outbound), DecodeError::Empty);
  EXPECT_EQ(decode({}, order), DecodeError::Empty);
}

TEST(OuchCodec, KnowsExactlyTheTypesOfEachDirection) {
  std::string inbound_types;
  std::string outbound_types;
  for (int type = 0; type < 256; ++type) {
    const std::array payload{static_cast<std::byte>(type)};
    InboundMessage inbound;
    OutboundMessage outbound;
    if (decode(payload, inbound) != DecodeError::UnknownType) {
      inbound_types += static_cast<char>(type);
    }
    if (decode(payload, outbound) != DecodeError::UnknownType) {
      outbound_types += static_cast<char>(type);
    }
  }
  EXPECT_EQ(inbound_types, "CDEMOQUX");
  EXPECT_EQ(outbound_types, "ABCDEGIJKMPQRSTUX");
}

TEST(OuchCodec, RefusesTheTypeOfAnotherMessage) {
  CancelOrder cancel;
  EXPECT_EQ(decode(bytes("59 00752e71 00000000"), cancel), DecodeError::UnknownType);
}

TEST(OuchCodec, LeavesTheMeaningOfFieldsToTheGate) {
  EnterOrder order;
  ASSERT_EQ(decode(bytes("4f 00000000 00 00000000 0001020304050607 ffffffffffffffff ff ff ff ff ff"
                         "'\xff'0102030405060708090a0b0c0d 0000"),
                   order),
            DecodeError::None);
  EXPECT_EQ(order.quantity, 0U);
  EXPECT_EQ(order.price, 0xFFFFFFFFFFFFFFFFU);
  EXPECT_FALSE(is_printable_ascii(order.symbol));
}

TEST(OuchCodec, TellsPrintableTextFromTheRest) {
  EXPECT_TRUE(is_printable_ascii(text<8>("BRK A~")));
  EXPECT_TRUE(is_printable_ascii({}));
  for (const char bad : {'\0', '\n', '\x1f', '\x7f', '\x80', '\xff'}) {
    auto symbol = text<8>("AAPL");
    symbol[7] = bad;
    EXPECT_FALSE(is_printable_ascii(symbol)) << static_cast<int>(bad);
  }
}

}  // namespace
}  // namespace portcullis::gateway::ouch::ouch_codec_test
