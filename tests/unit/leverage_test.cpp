// What leverage compares (METHOD 3.15, the contract in risk/engine.h): which equity, what it counts of
// an instrument with a reference, and whether open spot orders count; by hand, in dollars, on the engine
// and on the naive model.
#include <gtest/gtest.h>

#include "tests/support/method_world.h"

namespace portcullis::support::leverage_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

template <class Subject>
class LeverageRule : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(LeverageRule, Subjects);

// A coin at 100 dollars of which 90 count, for dollars on spot; and like an option kBtcDated, at 5
// dollars on two coins of kBtcPerp. Nothing is required of positions; ten times is the most.
struct Coins {
  Parameters p = dollar_parameters();
  InstrumentIndex spot;

  Coins() {
    set_columns(p, {0});
    AssetParameters& coin = p.assets[kBtc.value];
    in_dollars(coin);
    coin.haircut = coin.maintenance_haircut = {{kUnlimited, 900'000}};
    p.instruments[kBtcDated.value].reference = kBtcPerp;
    p.instruments[kBtcDated.value].reference_lots_ppm = 2 * kPpm;
    InstrumentParameters i = p.instruments[kBtcPerp.value];
    i.payoff = Payoff::Spot;
    i.base = kBtc;
    i.base_per_lot = 1;
    spot = add_instrument(p, i);
    p.profiles[0].leverage_max_ppm = 10 * kPpm;
  }
};

template <class Subject>
struct World : MethodWorld<Subject> {
  World(const Parameters& p, std::int64_t dollars, std::int64_t coins) : MethodWorld<Subject>(p) {
    this->index(kBtc, 100);
    this->mark(kBtcDated, 5);
    this->balance(0, kUsd, dollars);
    this->balance(0, kBtc, coins);
  }
};

// 11 coins that count 990 against a debt of 980: by leverage 10 * 10 could be sold.
TYPED_TEST(LeverageRule, ASaleOfCoinsThatPaysADebtIsNone) {
  const Coins coins;
  World<TypeParam> w(coins.p, -980, 11);
  EXPECT_EQ(w.available(), 10);
  const Answer sale = w.sell(0, coins.spot, 10, 100);
  EXPECT_EQ(sale.reason, None);
  EXPECT_FALSE(sale.exit);
  EXPECT_EQ(w.available(), 10);
  w.fill(sale.number, 10, 100);
  EXPECT_EQ(w.available(), 110);
}

// With less than nothing it is no question of leverage either: the margin says no while the sale is open.
TYPED_TEST(LeverageRule, WithoutEquityASpotOrderIsJudgedByItsMargin) {
  const Coins coins;
  World<TypeParam> w(coins.p, -1'000, 11);
  EXPECT_EQ(w.available(), -10);
  EXPECT_EQ(w.sell(0, coins.spot, 10, 100).reason, Margin);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Leverage);
}

TYPED_TEST(LeverageRule, SpotOrdersCountWhereTheyAreSaidTo) {
  Coins coins;
  coins.p.leverage.spot = true;
  World<TypeParam> w(coins.p, -980, 11);
  EXPECT_EQ(w.sell(0, coins.spot, 2, 100).reason, Leverage);
  EXPECT_EQ(w.sell(0, coins.spot, 1, 100).reason, None);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Leverage);  // the sale has taken all of it
}

// Beside open spot orders the others are counted as if there were none.
TYPED_TEST(LeverageRule, OpenSpotOrdersTakeNoneOfIt) {
  const Coins coins;
  World<TypeParam> w(coins.p, 30, 0);
  EXPECT_EQ(w.buy(0, coins.spot, 1, 20).reason, None);
  EXPECT_EQ(w.buy(0, kBtcPerp, 3, 100).reason, None);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Leverage);
}

// Gross notional is another thing: at accounts and at nodes open spot orders are in it.
TYPED_TEST(LeverageRule, GrossNotionalCountsSpotOrders) {
  Coins coins;
  coins.p.profiles.push_back(coins.p.profiles[0]);
  coins.p.nodes[kMember.value].profile = 1;
  for (const std::size_t profile : {std::size_t{0}, std::size_t{1}}) {
    Parameters p = coins.p;
    p.profiles[profile].gross_notional_max = Value{250};
    World<TypeParam> w(p, 1'000, 0);
    EXPECT_EQ(w.buy(0, coins.spot, 2, 90).reason, None);
    EXPECT_EQ(w.buy(0, coins.spot, 1, 90).reason, GrossNotional);
    EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, GrossNotional);
  }
}

TYPED_TEST(LeverageRule, AnOptionCountsAsItsUnderlyingOrAsItsPremium) {
  Coins coins;
  {
    World<TypeParam> w(coins.p, 100, 0);
    EXPECT_EQ(w.buy(0, kBtcDated, 6, 5).reason, Leverage);
    EXPECT_EQ(w.buy(0, kBtcDated, 5, 5).reason, None);  // on ten coins
    EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Leverage);
  }
  coins.p.leverage.by_premium = true;
  World<TypeParam> w(coins.p, 100, 0);
  EXPECT_EQ(w.sell(0, kBtcDated, 201, 5).reason, Leverage);
  EXPECT_EQ(w.sell(0, kBtcDated, 100, 5).reason, None);
  EXPECT_EQ(w.buy(0, kBtcPerp, 6, 100).reason, Leverage);  // what has no reference counts as it did
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, None);
  w.mark(kBtcDated, 4);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, None);
}

TYPED_TEST(LeverageRule, BracketsGoByWhatIsCounted) {
  Coins coins;
  coins.p.profiles[0].leverage_brackets = {{{500}, 10 * kPpm}, {{kValueMax}, 2 * kPpm}};
  World<TypeParam> w(coins.p, 100, 0);
  w.buy(0, coins.spot, 10, 1);
  EXPECT_EQ(w.buy(0, kBtcPerp, 6, 100).reason, Leverage);
  EXPECT_EQ(w.buy(0, kBtcPerp, 5, 100).reason, None);
}

// Plain equity counts coins in full and a debt without its add-on, less the costs of open orders.
TYPED_TEST(LeverageRule, PlainEquityIsWithoutHaircuts) {
  Coins coins;
  coins.p.assets[kUsd.value].debt_addon_ppm = 100'000;
  const auto most = [&](bool is_plain) {
    coins.p.leverage.plain_equity = is_plain;
    World<TypeParam> w(coins.p, -500, 10);
    EXPECT_EQ(w.equity(), 350);
    EXPECT_EQ(w.buy(0, kEthPerp, 1, 110).reason,
              None);  // costs 10, or 11 of equity, and counts 100
    std::int64_t lots = 60;
    while (lots > 0 && w.buy(0, kBtcPerp, lots, 100).reason == Leverage) --lots;
    return lots;
  };
  EXPECT_EQ(most(false), 32);
  EXPECT_EQ(most(true), 48);
}

}  // namespace
}  // namespace portcullis::support::leverage_test
