// What a plan's messages are on the wire, and its prices in a file.
#include "gateway/client/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "feeds/recorded_file.h"
#include "gateway/client/random.h"
#include "tests/support/client_plan.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"

namespace portcullis::gateway::client::client_plan_test {
namespace {

using journal::testing::TemporaryFolder;
using test::payload;
using test::text;

constexpr std::uint32_t kBase = 1'000;

struct TwoNames : Plan {
  TwoNames() {
    symbols = {text<8>("AMZN"), text<8>("BTCPERP")};
    firms = {text<4>("ALP1"), text<4>("BRV1")};
  }
};

template <class M>
M decoded(const Message& message) {
  M out;
  EXPECT_EQ(ouch::decode(payload(TwoNames(), message, kBase), out), ouch::DecodeError::None);
  return out;
}

ouch::DecodeError error_of(const Message& message) {
  ouch::InboundMessage out;
  return ouch::decode(payload(TwoNames(), message, kBase), out);
}

TEST(ClientPlan, AnEnterCarriesEverythingAndItsNumberBehindTheBase) {
  const Message message{.price = 2'224'000,
                        .number = 12,
                        .quantity = 7,
                        .symbol = 1,
                        .firm = 1,
                        .kind = Kind::Enter,
                        .side = ouch::Side::SellShort,
                        .time_in_force = ouch::TimeInForce::ImmediateOrCancel,
                        .display = ouch::kDisplayHidden};
  ouch::Appendage firm;
  firm.firm = text<4>("BRV1");
  firm.mark(ouch::Tag::Firm);
  const ouch::EnterOrder expected{.user_ref_num = kBase + 12,
                                  .side = ouch::Side::SellShort,
                                  .quantity = 7,
                                  .symbol = text<8>("BTCPERP"),
                                  .price = 2'224'000,
                                  .time_in_force = ouch::TimeInForce::ImmediateOrCancel,
                                  .display = ouch::kDisplayHidden,
                                  .capacity = ouch::kCapacityPrincipal,
                                  .inter_market_sweep_eligibility = ouch::kIsoNotEligible,
                                  .cross_type = ouch::kCrossTypeContinuous,
                                  .cl_ord_id = text<14>("1012"),
                                  .appendage = firm};
  EXPECT_EQ(decoded<ouch::EnterOrder>(message), expected);
}

TEST(ClientPlan, ARepeatIsAnEnter) {
  const Message enter{.number = 3, .quantity = 7, .symbol = 0};
  Message repeat = enter;
  repeat.kind = Kind::Repeat;
  EXPECT_EQ(payload(TwoNames(), repeat, kBase), payload(TwoNames(), enter, kBase));
}

TEST(ClientPlan, NoSymbolIsBlankAndNoFirmIsNoAppendage) {
  const auto enter = decoded<ouch::EnterOrder>({.number = 1});
  EXPECT_EQ(enter.symbol, text<8>(""));
  EXPECT_EQ(enter.appendage, ouch::Appendage{});
  EXPECT_EQ(decoded<ouch::MassCancel>({.number = 1, .kind = Kind::MassCancel}).firm, text<4>(""));
}

TEST(ClientPlan, ExtrasAreAppendages) {
  const auto with = [](Extra extra) {
    return decoded<ouch::EnterOrder>({.number = 1, .quantity = 9, .extra = extra}).appendage;
  };
  EXPECT_EQ(with(Extra::None).present, 0);
  EXPECT_EQ(with(Extra::PostOnly).present, ouch::tag_bit(ouch::Tag::PostOnly));
  EXPECT_EQ(with(Extra::PostOnly).post_only, ouch::kPostOnly);
  EXPECT_EQ(with(Extra::AllOrNone).present, ouch::tag_bit(ouch::Tag::MinQty));
  EXPECT_EQ(with(Extra::AllOrNone).min_qty, 9);
  EXPECT_EQ(with(Extra::Pegged).present, ouch::tag_bit(ouch::Tag::PegOffset));
}

TEST(ClientPlan, ReplacesAndCancelsNameTheirOrderBehindTheBase) {
  const auto replace = decoded<ouch::ReplaceOrder>(
      {.price = 5, .number = 8, .original = 2, .quantity = 4, .kind = Kind::Replace});
  EXPECT_EQ(replace.orig_user_ref_num, kBase + 2);
  EXPECT_EQ(replace.user_ref_num, kBase + 8);
  EXPECT_EQ(replace.quantity, 4);
  EXPECT_EQ(replace.price, 5);
  EXPECT_EQ(replace.cl_ord_id, text<14>("1008"));
  const auto cancel =
      decoded<ouch::CancelOrder>({.number = 8, .quantity = 3, .kind = Kind::Cancel});
  EXPECT_EQ(cancel.user_ref_num, kBase + 8);
  EXPECT_EQ(cancel.quantity, 3);
}

TEST(ClientPlan, MessagesOfAFirmNameItAndItsSymbol) {
  const auto mass =
      decoded<ouch::MassCancel>({.number = 4, .symbol = 0, .firm = 1, .kind = Kind::MassCancel});
  EXPECT_EQ(mass.user_ref_num, kBase + 4);
  EXPECT_EQ(mass.firm, text<4>("BRV1"));
  EXPECT_EQ(mass.symbol, text<8>("AMZN"));
  const auto disable =
      decoded<ouch::DisableOrderEntry>({.number = 5, .firm = 0, .kind = Kind::Disable});
  EXPECT_EQ(disable.user_ref_num, kBase + 5);
  EXPECT_EQ(disable.firm, text<4>("ALP1"));
  const auto enable =
      decoded<ouch::EnableOrderEntry>({.number = 6, .firm = 0, .kind = Kind::Enable});
  EXPECT_EQ(enable.user_ref_num, kBase + 6);
  EXPECT_EQ(enable.firm, text<4>("ALP1"));
  (void)decoded<ouch::AccountQuery>({.kind = Kind::Query});
}

TEST(ClientPlan, EachMalformedMessageIsSoInItsWay) {
  for (const std::uint16_t firm : {kNone16, std::uint16_t{0}}) {
    const auto malformed = [&](Malformed how) {
      return error_of({.number = 1, .firm = firm, .kind = Kind::Malformed, .malformed = how});
    };
    EXPECT_EQ(malformed(Malformed::UnknownType), ouch::DecodeError::UnknownType);
    EXPECT_EQ(malformed(Malformed::CutOff), ouch::DecodeError::BadLength);
    EXPECT_EQ(malformed(Malformed::BrokenAppendage), ouch::DecodeError::BadAppendage);
    EXPECT_EQ(malformed(Malformed::Modify), ouch::DecodeError::None) << "only not supported";
  }
  const auto modify = decoded<ouch::ModifyOrder>(
      {.number = 1, .kind = Kind::Malformed, .malformed = Malformed::Modify});
  EXPECT_EQ(modify.user_ref_num, kBase + 1);
}

TEST(ClientPlan, KindsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::uint8_t k = 0; k < kKindCount; ++k) names.insert(name(Kind{k}));
  EXPECT_EQ(names.size(), kKindCount);
  EXPECT_FALSE(names.contains(""));
}

TEST(ClientPlan, TextsAreKeptOnce) {
  Plan plan;
  EXPECT_EQ(plan.symbol(text<8>("AMZN")), 0);
  EXPECT_EQ(plan.symbol(text<8>("BTCPERP")), 1);
  EXPECT_EQ(plan.symbol(text<8>("AMZN")), 0);
  EXPECT_EQ(plan.symbols.size(), 2);
  EXPECT_EQ(plan.firm(text<4>("ALP1")), 0);
  EXPECT_EQ(plan.firm(text<4>("ALP1")), 0);
  EXPECT_EQ(plan.firms.size(), 1);
}

TEST(ClientPlan, ItsPricesAreWhatTheFeedReadsBack) {
  Plan plan;
  plan.feed_symbols = {{"AMZN", 4, false}, {"EUR/USD", 5, false}};
  plan.marks = {{0, 2'224'000, 0}, {0, 108'512, 1}, {1'500, 2'224'001, 0}};
  const TemporaryFolder folder;
  write_marks(plan, folder / "marks.csv");
  EXPECT_EQ(test::read_file(folder / "marks.csv"),
            "time_ns,symbol,price\n0,AMZN,222.4\n0,EUR/USD,1.08512\n1500,AMZN,222.4001\n");
  const feeds::RecordedFile read =
      feeds::read_recorded_file(folder / "marks.csv", config::FeedFormat::Csv,
                                feeds::feed_targets(test::example_deployment()));
  EXPECT_TRUE(read.problems.empty());
  EXPECT_EQ(read.counts.taken, 3);
  EXPECT_THROW(write_marks(plan, folder / "nowhere" / "marks.csv"), std::runtime_error);
}

TEST(ClientPlan, RandomNumbersAreTheSameEverywhere) {
  // The first outputs of SplitMix64 from 0, as published with it.
  Random random(0);
  EXPECT_EQ(random.next(), 0xE220A8397B1DCDAF);
  EXPECT_EQ(random.next(), 0x6E789E6AA1B965F4);
  EXPECT_EQ(random.next(), 0x06C45D188009454F);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_plan_test
