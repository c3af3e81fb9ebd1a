// Spot orders, cash accounts and isolated accounts (METHOD 3.13, 3.14), by hand, on the engine and on
// the naive model.
#include <gtest/gtest.h>

#include "tests/support/method_world.h"

namespace portcullis::support::account_kinds_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class AccountKinds : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(AccountKinds, Subjects);

constexpr std::int64_t kMark = 100;

// A coin at 100 dollars of which 90 count, in whole coins, for dollars; 16 % in every scenario.
struct Coins {
  Parameters p = dollar_parameters();
  InstrumentIndex spot;

  Coins() {
    set_columns(p, {-160'000, 160'000});
    AssetParameters& coin = p.assets[kBtc.value];
    in_dollars(coin);
    coin.haircut = coin.maintenance_haircut = {{kUnlimited, 900'000}};
    InstrumentParameters i = p.instruments[kBtcPerp.value];
    i.payoff = Payoff::Spot;
    i.base = kBtc;
    i.base_per_lot = 1;
    spot = add_instrument(p, i);
  }
};

template <class Subject>
struct World : MethodWorld<Subject> {
  explicit World(const Parameters& p) : MethodWorld<Subject>(p, kMark) {
    this->index(kBtc, kMark);
    this->balance(0, kUsd, 1'000);
  }
};

TYPED_TEST(AccountKinds, ASpotOrderCostsWhatItLosesInEquity) {
  const Coins coins;
  World<TypeParam> w(coins.p);
  const Answer buy = w.buy(0, coins.spot, 5, 100);
  ASSERT_TRUE(buy.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000, 50, 0, 950}));  // 100 paid, 90 got
  w.fill(buy.number, 2, 98);
  EXPECT_EQ(w.margin(0), (Figures{984, 30, 0, 954}));  // two bought for 196
  w.fill(buy.number, 3, 100);
  EXPECT_EQ(w.margin(0), (Figures{954, 0, 0, 954}));
  // What is sold may have counted in full, were it a debt: at the mark that costs nothing.
  const Answer sale = w.sell(0, coins.spot, 5, 97);
  ASSERT_TRUE(sale.accepted());
  EXPECT_EQ(w.margin(0), (Figures{954, 15, 0, 939}));
  w.fill(sale.number, 5, 97);
  EXPECT_EQ(w.margin(0), (Figures{504 + 485, 0, 0, 989}));
  EXPECT_EQ(w.buy(0, coins.spot, 99, 100).reason, RejectReason::Margin);  // 990 of 989
}

// Nothing can be said of what they exchange without an index of what spot is paid in: the fee is left.
TEST(AccountKindsOnTheEngine, ASpotOrderCostsItsFeeWhileUnpriced) {
  Coins coins;
  coins.p.instruments[coins.spot.value].fee_ppm = 10'000;
  World<Engine> w(coins.p);
  w.balance(0, kBtc, 10);
  ASSERT_TRUE(w.buy(0, coins.spot, 2, 100).accepted());
  ASSERT_TRUE(w.sell(0, coins.spot, 3, 100).accepted());
  const auto costs = [&] {
    Breakdown breakdown(w.subject.parameters());
    w.subject.break_down({0}, breakdown);
    return static_cast<std::int64_t>(breakdown.assets[kUsd.value].costs.raw);
  };
  EXPECT_EQ(costs(), 2 * 11 + 3);  // 101 for 90, and 99 for what may have counted 100
  w.index(kUsd, 0);
  EXPECT_EQ(costs(), 5);
}

// The coin moves: what is bought falls as soon as it may be there, what is sold does not rise.
TYPED_TEST(AccountKinds, WhatASpotOrderMovesMovesInScenarios) {
  Coins coins;
  coins.p.assets[kBtc.value].mode = CollateralMode::Both;
  coins.p.assets[kBtc.value].factor = {0};
  World<TypeParam> w(coins.p);
  const Answer buy = w.buy(0, coins.spot, 5, 100);
  ASSERT_TRUE(buy.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000, 50, 72, 878}));  // 16 % of 450
  w.fill(buy.number, 5, 100);
  EXPECT_EQ(w.margin(0), (Figures{950, 0, 72, 878}));
  // Five coins cover a short position of five at 90: of 80 a rise leaves 8.
  w.position(0, kBtcPerp, -5, 100);
  EXPECT_EQ(w.margin(0).requirement, 8);
  const Answer sale = w.sell(0, coins.spot, 5, 100);
  ASSERT_TRUE(sale.accepted());
  EXPECT_EQ(w.margin(0), (Figures{950, 0, 80, 870}));
  w.fill(sale.number, 5, 100);
  EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 80, 920}));
}

// Found by a property test: the inflow of a sale is counted at the best price of its chain, or R would
// fall as a replace at a better price is told.
TYPED_TEST(AccountKinds, AReplaceOfASaleBringsNoLess) {
  Coins coins;
  set_columns(coins.p, {-160'000});
  coins.p.assets[kUsd.value].mode = CollateralMode::Both;
  coins.p.assets[kUsd.value].factor = {1};
  World<TypeParam> w(coins.p);
  w.balance(0, kBtc, 5);
  const Answer sale = w.sell(0, coins.spot, 5, 100);
  ASSERT_TRUE(sale.accepted());
  const Answer better = w.replace(sale.client_ref, 5, 110);
  ASSERT_TRUE(better.accepted());
  const std::int64_t reported = w.margin(0).available;
  w.venue(VenueEventType::Replaced, better.number, 5, 110, sale.number);
  EXPECT_GE(w.margin(0).available, reported);
  w.fill(better.number, 5, 110);
  EXPECT_GE(w.margin(0).available, reported);
}

TYPED_TEST(AccountKinds, ACashAccountPaysWithWhatIsThere) {
  Coins coins;
  coins.p.accounts[0].cash_only = true;
  World<TypeParam> w(coins.p);
  const Answer first = w.buy(0, coins.spot, 6, 100);
  ASSERT_TRUE(first.accepted());
  EXPECT_EQ(w.buy(0, coins.spot, 5, 100).reason, RejectReason::Margin);  // 500 of 400
  EXPECT_TRUE(w.buy(0, coins.spot, 4, 100).accepted());
  EXPECT_EQ(w.sell(0, coins.spot, 1, 100).reason, RejectReason::Margin);  // no coin is there
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::NotEntitled);
  w.fill(first.number, 6, 90);  // 60 are left over
  const Answer sale = w.sell(0, coins.spot, 6, 100);
  EXPECT_TRUE(sale.accepted());
  EXPECT_FALSE(w.sell(0, coins.spot, 1, 100).accepted());
  EXPECT_FALSE(w.buy(0, coins.spot, 1, 100).accepted());  // 60
  EXPECT_TRUE(w.buy(0, coins.spot, 1, 60).accepted());
  w.venue(VenueEventType::Canceled, sale.number, 6);
  EXPECT_TRUE(w.sell(0, coins.spot, 6, 101).accepted());
}

// Account 1 is one position's, in the perpetual of account 0.
template <class Subject>
struct Isolated : World<Subject> {
  static Parameters parameters() {
    Coins coins;
    coins.p.accounts[1].isolated_from = {0};
    coins.p.accounts[1].isolated_in = kBtcPerp;
    return coins.p;
  }
  Isolated() : World<Subject>(parameters()) {}
  Answer open(std::int64_t lots, std::int64_t units) {
    IsolatedOrder command{this->order(1, kBtcPerp, Side::Buy, lots, 100), units};
    command.order.client_ref = ++this->client_ref;
    return answer_of(this->subject.submit(command));
  }
};

TYPED_TEST(AccountKinds, AnIsolatedPositionIsOpenedWithItsCashOrNotAtAll) {
  Isolated<TypeParam> w;
  EXPECT_EQ(w.open(10, 159).reason, RejectReason::Margin);  // 160 are required
  EXPECT_EQ(w.open(10, 1'001).reason, RejectReason::BorrowLimit);
  EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 0, 1'000}));
  EXPECT_EQ(w.margin(1), (Figures{0, 0, 0, 0}));
  EXPECT_TRUE(w.open(10, 160).accepted());
  EXPECT_EQ(w.margin(0), (Figures{840, 0, 0, 840}));
  EXPECT_EQ(w.margin(1), (Figures{160, 0, 160, 0}));
  EXPECT_EQ(w.buy(1, kEthPerp, 1, 100).reason, RejectReason::NotEntitled);
}

TYPED_TEST(AccountKinds, WhatIsLeftOfAnIsolatedPositionGoesBackWhenItIsFlat) {
  Isolated<TypeParam> w;
  const Answer opened = w.open(10, 200);
  w.fill(opened.number, 10, 100);
  w.mark(kBtcPerp, 110);
  const Answer half = w.sell(1, kBtcPerp, 5, 110);
  w.fill(half.number, 5, 110);
  EXPECT_EQ(w.margin(1).equity, 300);
  const Answer rest = w.sell(1, kBtcPerp, 5, 110);
  w.fill(rest.number, 5, 110);
  EXPECT_EQ(w.margin(1), (Figures{0, 0, 0, 0}));
  EXPECT_EQ(w.margin(0), (Figures{1'100, 0, 0, 1'100}));
  // A loss beyond its cash stays where it is.
  const Answer again = w.open(10, 200);
  w.fill(again.number, 10, 100);
  w.mark(kBtcPerp, 70);
  const Answer close = w.sell(1, kBtcPerp, 10, 70);
  ASSERT_TRUE(close.accepted());
  w.fill(close.number, 10, 70);
  EXPECT_EQ(w.margin(1).equity, -100);
  EXPECT_EQ(w.margin(0).equity, 900);
}

}  // namespace
}  // namespace portcullis::support::account_kinds_test
