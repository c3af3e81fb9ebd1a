// The naive model by itself: small cases computed by hand from METHOD 3 and the rounding contract
// in risk/engine.h, in whole dollars.
#include <gtest/gtest.h>

#include "tests/support/dollar_world.h"
#include "tests/support/naive_math.h"

namespace portcullis::support::naive_model_test {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t coins(std::int64_t count) { return count * 100'000'000; }

TEST(NaiveMath, ProductsBeyond128BitsAreDividedExactly) {
  for (const int a : {-1'000, -7, -1, 0, 1, 9, 12'345}) {
    for (const int b : {0, 1, 6, 1'000'003}) {
      for (const int d : {1, 2, 7, 999'983}) {
        EXPECT_TRUE(floor_of(a, b, d) == floor_div(Int128{a} * b, d)) << a << " " << b << " " << d;
        EXPECT_TRUE(ceil_of(a, b, d) == ceil_div(Int128{a} * b, d)) << a << " " << b << " " << d;
      }
    }
  }
  const Int128 big = (Int128{1} << 100) + 1;  // squared: 2^200 + 2^101 + 1
  EXPECT_TRUE(floor_of(big, big, Int128{1} << 101) == (Int128{1} << 99) + 1);
  EXPECT_TRUE(ceil_of(big, big, Int128{1} << 101) == (Int128{1} << 99) + 2);
  EXPECT_TRUE(floor_of(-big, big, Int128{1} << 101) == -(Int128{1} << 99) - 2);
}

// --- equity: haircuts, debts, share caps, borrowing (METHOD 3.2, 3.8)

TEST(NaiveModel, MaintenanceEquityHasItsOwnHaircuts) {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].haircut = {{kUnlimited, 950'000}};
  p.assets[kBtc.value].maintenance_haircut = {{kUnlimited, 990'000}};
  DollarWorld w(p);
  w.balance(0, kBtc, coins(10));
  EXPECT_EQ(w.equity(), 950'000);
  EXPECT_EQ(w.maintenance(), (Maintenance{990'000, 0}));
}

// OKX's tiers of BETH in units of it, and in dollars at a price of two.
TEST(NaiveModel, TiersCutUnitsOrTheirValue) {
  Parameters p = dollar_parameters();
  AssetParameters& beth = p.assets[kBtc.value];
  in_dollars(beth);
  beth.haircut = okx_beth_tiers();
  DollarWorld units(p);
  units.index(kBtc, 2);
  units.balance(0, kBtc, 3'000'000);
  EXPECT_EQ(units.equity(), 2 * 2'750'000);
  beth.tiers_by_value = true;
  DollarWorld value(p);
  value.index(kBtc, 2);
  value.balance(0, kBtc, 3'000'000);  // six millions
  EXPECT_EQ(value.equity(), 1'900'000 + 1'700'000 + 1'000'000);
}

// Equity is rounded once, and not by asset: three times a third of a dollar is a dollar.
TEST(NaiveModel, EquityIsRoundedOnce) {
  Parameters p = dollar_parameters();
  AssetParameters third = p.assets[kBtc.value];
  third.wide_per_index = 33'333'334;
  p.assets = {p.assets[kUsd.value], third, third, third};
  DollarWorld w(p, 1);
  for (std::uint32_t a = 1; a < 4; ++a) {
    w.index({a}, 1);
    w.balance(0, {a}, 1);
  }
  EXPECT_EQ(w.equity(), 1);
}

TEST(NaiveModel, AShareCapCountsNoMoreThanItsShare) {
  Parameters p = dollar_parameters();
  AssetParameters& token = p.assets[kBtc.value];
  in_dollars(token);
  const auto equity = [&](std::int64_t dollars, std::int64_t tokens) {
    DollarWorld w(p, 1);
    w.balance(0, kUsd, dollars);
    w.balance(0, kBtc, tokens);
    return w.equity();
  };
  EXPECT_EQ(equity(100, 1'000), 1'100);
  token.share_ppm = 500'000;  // as much as the rest
  EXPECT_EQ(equity(100, 1'000), 200);
  EXPECT_EQ(equity(100, 90), 190);
  EXPECT_EQ(equity(100, -10), 90);
  token.share_ppm = 200'000;  // a quarter of the rest
  EXPECT_EQ(equity(100, 1'000), 125);
  token.share_free = {30};
  EXPECT_EQ(equity(100, 1'000), 155);
  EXPECT_EQ(equity(-80, 1'000), -80 + 10);  // a quarter of the debt is off what is free
  EXPECT_EQ(equity(-200, 1'000), -200);
}

// A cost of ten in dollars takes twenty: what the tokens may count falls with it.
TEST(NaiveModel, ACostLowersTheShareOfCappedAssets) {
  Parameters p = dollar_parameters();
  AssetParameters& token = p.assets[kBtc.value];
  in_dollars(token);
  token.share_ppm = 500'000;
  DollarWorld w(p, 1);
  w.mark(kBtcPerp, 100);
  w.balance(0, kUsd, 100);
  w.balance(0, kBtc, 1'000);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 1, 110).accepted());
  EXPECT_EQ(w.margin(0), (Figures{200, 20, 16, 164}));
}

TEST(NaiveModel, MarginOnWhatIsBorrowedOrOwed) {
  Parameters p = dollar_parameters();
  AssetParameters& usd = p.assets[kUsd.value];
  usd.debt_addon_ppm = 100'000;
  usd.borrow_initial_ppm = 50'000;
  usd.borrow_maintenance_ppm = 30'000;
  DollarWorld w(p);
  w.balance(0, kUsd, 1'000);
  w.subject.apply(Interest{{w.now}, 1'000, {0}, kUsd});
  EXPECT_EQ(w.equity(), -50);  // the loan is no wealth
  EXPECT_EQ(w.maintenance(), (Maintenance{-30, 0}));
  w.balance(0, kUsd, -1'000);
  EXPECT_EQ(w.equity(), -1'100 - 50);
  EXPECT_EQ(w.settle(Borrow{{w.now}, -600, {0}, kUsd}), RejectReason::None);
  EXPECT_EQ(w.equity(), -1'100 - 50);  // a debt of 1,000, of which 400 are a loan
  EXPECT_EQ(w.maintenance(), (Maintenance{-1'130, 0}));

  DollarWorld cost(p);
  cost.mark(kBtcPerp, 100);
  cost.balance(0, kUsd, 5'000);
  ASSERT_TRUE(cost.buy(0, kBtcPerp, 30, 110).accepted());
  cost.balance(0, kUsd, -4'900);  // 100 left, and 300 of costs: 330 with their add-on, 200 owed
  EXPECT_EQ(cost.margin(0), (Figures{100, 340, 480, -720}));
}

// --- premiums paid upfront (METHOD 3.2)

TEST(NaiveModel, WhatWasPaidForCountsBesideTheEquity) {
  Parameters p = dollar_parameters();
  p.assets[kUsd.value].haircut = {{kUnlimited, 900'000}};
  InstrumentParameters option = p.instruments[kBtcPerp.value];
  option.upfront = true;
  const InstrumentIndex full = add_instrument(p, option);
  option.long_value = false;
  const InstrumentIndex none = add_instrument(p, option);
  const auto equity = [&](InstrumentIndex which, std::int64_t lots) {
    DollarWorld w(p);
    w.balance(0, kUsd, 1'000);
    w.position(0, which, lots, 5);
    w.mark(which, 7);
    return w.equity();
  };
  EXPECT_EQ(equity(full, 10), 855 + 70);
  EXPECT_EQ(equity(none, 10), 855);
  EXPECT_EQ(equity(full, -10), 945 - 70);
  EXPECT_EQ(equity(none, -10), 945 - 70);
}

// Where long lots have no value a bid costs what it pays, as far as it does not close a short.
TEST(NaiveModel, BuyingWhatHasNoValueCostsItsPremium) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  InstrumentParameters option = p.instruments[kBtcPerp.value];
  option.upfront = true;
  const InstrumentIndex full = add_instrument(p, option);
  option.long_value = false;
  const InstrumentIndex none = add_instrument(p, option);
  const auto costs = [&](InstrumentIndex which, std::int64_t held, std::int64_t first,
                         std::int64_t second) {
    DollarWorld w(p);
    w.balance(0, kUsd, 1'000);
    w.mark(which, 7);
    w.position(0, which, held, 7);
    EXPECT_TRUE(w.buy(0, which, 5, first).accepted());
    EXPECT_TRUE(w.buy(0, which, 5, second).accepted());
    return w.margin(0).costs;
  };
  EXPECT_EQ(costs(full, 0, 6, 8), 5);
  EXPECT_EQ(costs(none, 0, 6, 8), 5 + 10 * 7);
  EXPECT_EQ(costs(none, 0, 6, 5), 10 * 6);
  EXPECT_EQ(costs(none, 3, 6, 5), 10 * 6);
  EXPECT_EQ(costs(none, -4, 6, 5), 6 * 6);
  EXPECT_EQ(costs(none, -10, 6, 8), 5);
}

// --- inverse contracts (METHOD 3.3): a lot is a dollar

Parameters inverse_parameters(CollateralMode mode, std::int64_t dollars_a_lot = 1) {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].mode = mode;
  p.assets[kBtc.value].factor = FactorIndex{0};
  InstrumentParameters& perp = p.instruments[kBtcPerp.value];
  perp.payoff = Payoff::Inverse;
  perp.settlement = kBtc;
  perp.units_per_lot_mark = coins(dollars_a_lot);
  return p;
}

// A million long from 65,000, the mark at 130,000, a fall of 16 %: N * m is right only where entry
// is mark.
TEST(NaiveModel, InverseRiskIsThatOfTheCoinsWonToo) {
  DollarWorld w(inverse_parameters(CollateralMode::Both), 65'000);
  w.position(0, kBtcPerp, 1'000'000, 65'000);
  EXPECT_EQ(w.margin(0), (Figures{-1, 0, 160'000, -160'001}));
  w.mark(kBtcPerp, 130'000);
  w.index(kBtc, 130'000);
  EXPECT_EQ(w.margin(0), (Figures{999'999, 0, 320'000, 679'999}));

  DollarWorld still(inverse_parameters(CollateralMode::Static), 130'000);
  still.position(0, kBtcPerp, 1'000'000, 65'000);
  EXPECT_EQ(still.requirement(), 160'000);

  DollarWorld sold(inverse_parameters(CollateralMode::Both), 130'000);
  sold.position(0, kBtcPerp, -1'000'000, 65'000);  // 7.6923077 coins lost, rounded down
  EXPECT_EQ(sold.margin(0), (Figures{-1'000'001, 0, 320'001, -1'320'002}));
}

// The index is such that a unit of the coin is a dollar; a lot is 100 dollars, the fee 5 bp.
TEST(NaiveModel, InverseFillsAndCostsAreRoundedAgainstTheAccount) {
  Parameters p = inverse_parameters(CollateralMode::Static, 100);
  p.instruments[kBtcPerp.value].fee_ppm = 500;
  set_columns(p, {0});
  const auto world = [&] {
    DollarWorld w(p);
    w.index(kBtc, 100'000'000);
    w.mark(kBtcPerp, 60'000);
    w.balance(0, kBtc, 1'000'000);
    return w;
  };
  constexpr std::int64_t kFee = 84;  // of 166,666.67 units, 83.3
  DollarWorld once = world();
  Answer bid = once.buy(0, kBtcPerp, 3, 60'000);
  EXPECT_EQ(once.margin(0).costs, 3 * kFee + 9);
  once.fill(bid.number, 3, 60'000);
  EXPECT_EQ(once.margin(0), (Figures{1'000'000 - 3 * kFee, 0, 0, 1'000'000 - 3 * kFee}));
  once.venue(VenueEventType::Broken, bid.number);  // of another match
  EXPECT_EQ(once.equity(), 1'000'000 - 3 * kFee);
  --once.match;
  --once.match;
  once.venue(VenueEventType::Broken, bid.number);
  EXPECT_EQ(once.equity(), 1'000'000);

  DollarWorld parts = world();
  bid = parts.buy(0, kBtcPerp, 3, 60'000);
  parts.fill(bid.number, 1, 60'000);  // 166,666
  parts.fill(bid.number, 2, 60'000);  // 333,333
  EXPECT_EQ(parts.equity(), 1'000'000 - 1 - 3 * kFee);

  DollarWorld sold = world();
  const Answer ask = sold.sell(0, kBtcPerp, 3, 60'000);
  sold.fill(ask.number, 1, 60'000);  // 166,667
  sold.fill(ask.number, 2, 60'000);  // 333,334
  EXPECT_EQ(sold.equity(), 1'000'000 - 1 - 3 * kFee);

  DollarWorld beyond = world();
  bid = beyond.buy(0, kBtcPerp, 3, 61'000);
  EXPECT_EQ(beyond.margin(0).costs, 8'197 + 3 * 82 + 9);
  beyond.cancel(bid.client_ref);
  beyond.venue(VenueEventType::Canceled, bid.number, 3);
  ASSERT_TRUE(beyond.sell(0, kBtcPerp, 3, 59'000).accepted());
  EXPECT_EQ(beyond.margin(0).costs, 8'475 + 3 * 85 + 9);
  ASSERT_TRUE(beyond.sell(0, kBtcPerp, 3, 61'000).accepted());  // better than the mark
  EXPECT_EQ(beyond.margin(0).costs, 8'475 + 3 * 85 + 9 + 9);

  DollarWorld replaced = world();  // the fee is the higher one, at the lower price
  bid = replaced.buy(0, kBtcPerp, 3, 60'000);
  ASSERT_TRUE(replaced.replace(bid.client_ref, 3, 59'000).accepted());
  EXPECT_EQ(replaced.margin(0).costs, 3 * 85 + 9);
}

TEST(NaiveModel, RealisingAnInverseLineChangesNothing) {
  DollarWorld w(inverse_parameters(CollateralMode::Both), 65'000);
  w.balance(0, kBtc, coins(20));
  w.position(0, kBtcPerp, 777'777, 64'321);
  w.position(0, kBtcPerp, -333'333, 66'789);
  DollarWorld twin = w;
  for (const std::int64_t mark : {65'001, 77'777, 12'345}) {
    w.mark(kBtcPerp, mark);
    twin.mark(kBtcPerp, mark);
    w.subject.realise(AccountIndex{0});
    EXPECT_EQ(w.margin(0), twin.margin(0));
  }
}

// --- collateral in scenarios (METHOD 3.8)

// Ten coins at 100,000, or a debt of them with 10 % on it, and ten perpetuals, over +-16 %.
TEST(NaiveModel, TheModeSaysWhichMovesOfAnAssetCount) {
  struct Row {
    CollateralMode mode;
    std::int64_t held_and_long, held_and_short, owed_and_long, owed_and_short;
  };
  constexpr Row kRows[] = {
      {CollateralMode::Static, 160'000, 160'000, 160'000, 160'000},
      {CollateralMode::Both, 320'000, 0, 16'000, 336'000},
      {CollateralMode::DownsideOnly, 320'000, 160'000, 160'000, 336'000},
      {CollateralMode::UpsideOnly, 160'000, 0, 160'000, 336'000},
  };
  for (const Row& row : kRows) {
    Parameters p = dollar_parameters();
    p.assets[kBtc.value].mode = row.mode;
    p.assets[kBtc.value].factor = FactorIndex{0};
    p.assets[kBtc.value].debt_addon_ppm = 100'000;
    const auto requirement = [&](std::int64_t held, std::int64_t lots) {
      DollarWorld w(p);
      w.balance(0, kBtc, coins(held));
      w.position(0, kBtcPerp, lots, 100'000);
      return w.requirement();
    };
    EXPECT_EQ(requirement(10, 10), row.held_and_long) << int(row.mode);
    EXPECT_EQ(requirement(10, -10), row.held_and_short) << int(row.mode);
    EXPECT_EQ(requirement(-10, 10), row.owed_and_long) << int(row.mode);
    EXPECT_EQ(requirement(-10, -10), row.owed_and_short) << int(row.mode);
  }
}

// Nine millions of BETH against nine millions short: beyond eight nothing more counts, so a rise
// helps nothing. Moved as a whole, as tiers in units are, they would help with 896,000.
TEST(NaiveModel, ARiseOfTiersByValueCountsAtTheRateWhereItEnds) {
  Parameters p = dollar_parameters();
  AssetParameters& beth = p.assets[kBtc.value];
  in_dollars(beth);
  beth.haircut = okx_beth_tiers();
  beth.mode = CollateralMode::Both;
  beth.factor = FactorIndex{0};
  const auto requirement = [&](std::int64_t dollars) {
    DollarWorld w(p, 1);
    w.balance(0, kBtc, dollars);
    w.position(0, kBtcPerp, -dollars, 1);
    return w.requirement();
  };
  EXPECT_EQ(requirement(9'000'000), 544'000);
  beth.tiers_by_value = true;
  EXPECT_EQ(requirement(9'000'000), 1'440'000);
  EXPECT_EQ(requirement(1'700'000), 13'600);  // 1.972 millions: 5 % of it is not there
  EXPECT_EQ(requirement(1'900'000), 45'600);  // 2.204 millions: all of it at 85 %
}

TEST(NaiveModel, ACappedAssetFallsByWhatIsCounted) {
  Parameters p = dollar_parameters();
  AssetParameters& token = p.assets[kBtc.value];
  in_dollars(token);
  token.mode = CollateralMode::DownsideOnly;
  token.factor = FactorIndex{0};
  token.share_ppm = 500'000;
  DollarWorld w(p, 1);
  w.balance(0, kUsd, 100);
  w.balance(0, kBtc, 1'000);
  EXPECT_EQ(w.margin(0), (Figures{200, 0, 16, 184}));
}

// What a cost takes cannot rise: ten coins hedge ten short, but with an ask ten thousand below the
// mark only 9.9 of them hedge the eleven that may be short.
TEST(NaiveModel, RisesAreThoseOfWhatCostsLeave) {
  Parameters p = dollar_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  p.instruments[kBtcDated.value].settlement = kBtc;
  p.instruments[kBtcDated.value].units_per_lot_mark = 1'000;  // a coin at 100,000
  DollarWorld w(p);
  w.balance(0, kBtc, coins(10));
  w.position(0, kBtcPerp, -10, 100'000);
  EXPECT_EQ(w.requirement(), 0);
  ASSERT_TRUE(w.sell(0, kBtcDated, 1, 90'000).accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000'000, 10'000, 17'600, 972'400}));
}

// --- tables (METHOD 3.3)

TEST(NaiveModel, ATableCountsTheWorseEndOfALineAndItsRounding) {
  Parameters p = dollar_parameters();
  set_columns(p, {0, 0, 0});
  const InstrumentIndex option = add_row(p);
  DollarWorld w(p);
  ASSERT_TRUE(w.subject.publish(w.table({-3, 2, 0})));
  w.balance(0, kUsd, 1'000'000);
  w.position(0, option, 2, 100'000);
  EXPECT_EQ(w.requirement(), 7);  // 6, and half a dollar for each lot
  ASSERT_TRUE(w.buy(0, option, 1, 100'000).accepted());
  ASSERT_TRUE(w.sell(0, option, 4, 100'000).accepted());
  EXPECT_EQ(w.requirement(), 11);  // between -2 and 3
  EXPECT_EQ(w.maintenance(), (Maintenance{1'000'000, 7}));
  // With the factor in the same columns.
  p.groups[0].shock_ppm = {100, 0, 0};
  DollarWorld both(p);
  ASSERT_TRUE(both.subject.publish(both.table({-3, 2, 0})));
  both.position(0, kBtcPerp, 1, 100'000);
  both.position(0, option, 2, 100'000);
  EXPECT_EQ(both.requirement(), 1);  // 10 - 6 - 1, 4 - 1, -1
}

TEST(NaiveModel, LongLotsWithoutValueOffsetNothing) {
  Parameters p = dollar_parameters();
  set_columns(p, {0, 0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].upfront = true;
  p.instruments[option.value].long_value = false;
  const InstrumentIndex written = add_row(p);
  DollarWorld w(p);
  ASSERT_TRUE(w.subject.publish(w.table({5, -5, 4, -4})));
  w.position(0, written, 10, 100'000);
  EXPECT_EQ(w.requirement(), 45);
  w.position(0, option, -2, 100'000);
  EXPECT_EQ(w.requirement(), 45 - 10 + 1);
  w.position(0, option, 10, 100'000);  // eight long
  EXPECT_EQ(w.requirement(), 45);
}

TEST(NaiveModel, ALineWithoutAFreshTableIsStale) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex option = add_row(p);
  DollarWorld w(p);
  w.balance(0, kUsd, 1'000'000);
  EXPECT_EQ(w.buy(0, option, 1, 100'000).reason, RejectReason::NoReferencePrice);
  w.position(0, option, 2, 100'000);
  EXPECT_TRUE(w.stale());
  EXPECT_EQ(w.requirement(), 0);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::StaleRiskTable);
  EXPECT_TRUE(w.sell(0, option, 1, 100'000).accepted());  // reduces

  const auto renew = [&] {
    w.index(kUsd, 1);
    w.index(kBtc, 100'000);
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) w.mark({i}, 100'000);
  };
  RiskTable table = w.table({-10});
  ASSERT_TRUE(w.subject.publish(table));
  EXPECT_FALSE(w.stale());
  EXPECT_TRUE(w.buy(0, option, 1, 100'000).accepted());
  w.now += kHour;
  renew();
  EXPECT_FALSE(w.stale());
  w.now += 1;
  renew();
  EXPECT_TRUE(w.stale());
  EXPECT_EQ(w.buy(0, option, 1, 100'000).reason, RejectReason::StaleRiskTable);
  EXPECT_FALSE(w.stale(1));  // it holds nothing of it
  table = w.table({-10});
  table.as_of = {w.now + kHour};  // from the future: it ages from now
  ASSERT_TRUE(w.subject.publish(table));
  EXPECT_FALSE(w.stale());
  w.now += kHour + 1;
  renew();
  EXPECT_TRUE(w.stale());
}

TEST(NaiveModel, ATableThatIsNotValidIsNotTaken) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].vector_cap = 10;
  DollarWorld w(p);
  ASSERT_TRUE(w.subject.publish(w.table({-10})));
  w.position(0, option, 1, 100'000);
  const RiskTable good = w.table({-9});
  const auto refused = [&](auto change) {
    RiskTable table = good;
    change(table);
    return !w.subject.publish(table);
  };
  EXPECT_TRUE(refused([](RiskTable& t) { t.gains = {-11}; }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.gains = {11}; }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.gains = {1, 1}; }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.measures.clear(); }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.parameter_version = 2; }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.group = {7}; }));
  EXPECT_TRUE(refused([](RiskTable& t) { t.id = 1; }));
  EXPECT_EQ(w.requirement(), 11);
  EXPECT_TRUE(w.subject.publish(good));
  EXPECT_EQ(w.requirement(), 10);
}

// --- what must fit (METHOD 3.10)

TEST(NaiveModel, FiguresBeyondTheirIntegersAreOutOfRange) {
  Parameters p = dollar_parameters();
  p.wide_denominator = 1;
  p.assets.resize(1);
  p.assets[0].wide_per_index = 1;
  set_columns(p, {-1, 0});
  const auto world = [](const Parameters& parameters) {
    Driver<NaiveModel> w(parameters);
    w.index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp}) w.mark(i, 1);
    return w;
  };
  const auto in_range = [](const Driver<NaiveModel>& w) {
    return w.subject.margin(0, w.now).in_range;
  };

  Driver<NaiveModel> exposure = world(p);
  exposure.position(0, kBtcPerp, kValueMax, 1);
  EXPECT_TRUE(in_range(exposure));
  exposure.position(0, kBtcPerp, 1, 1);
  EXPECT_FALSE(in_range(exposure));

  Driver<NaiveModel> span = world(p);  // two groups of 2^60 each
  span.position(0, kBtcPerp, kValueMax, 1);
  span.position(0, kEthPerp, -kValueMax, 1);
  EXPECT_TRUE(in_range(span));
  p.groups[1].shock_ppm = {-2, 0};
  span = world(p);
  span.position(0, kBtcPerp, kValueMax, 1);
  span.position(0, kEthPerp, -kValueMax / 2, 1);
  EXPECT_TRUE(in_range(span));
  span.position(0, kEthPerp, -1, 1);
  EXPECT_FALSE(in_range(span));

  Driver<NaiveModel> total = world(p);
  total.balance(0, kUsd, kValueMax);
  EXPECT_TRUE(in_range(total));
  total.balance(0, kUsd, 1);
  EXPECT_FALSE(in_range(total));
  p.assets[0].haircut = {{kUnlimited, 500'000}};
  total = world(p);
  total.balance(0, kUsd, kValueMax);
  total.balance(0, kUsd, 1);
  EXPECT_FALSE(in_range(total));  // although the equity fits

  p.assets[0].haircut = {{kUnlimited, kPpm}};
  p.assets.push_back(p.assets[0]);
  total = world(p);
  total.index(kBtc, 1);
  total.balance(0, kUsd, kValueMax);
  total.balance(0, kBtc, 1);
  EXPECT_FALSE(in_range(total));  // although each asset fits
  total.balance(0, kUsd, -1);
  EXPECT_TRUE(in_range(total));
}

TEST(NaiveModel, TheSpanOfATableIsThatOfItsCap) {
  Parameters p = dollar_parameters();
  set_columns(p, {0});
  const InstrumentIndex option = add_row(p);
  p.instruments[option.value].vector_unit = std::int64_t{1} << 32;
  p.instruments[option.value].vector_cap = 1 << 27;  // a lot spans 2^59 + 2^31
  DollarWorld w(p);
  w.position(0, option, -4, 100'000);
  EXPECT_TRUE(w.in_range());  // nothing without a table
  ASSERT_TRUE(w.subject.publish(w.table({0})));
  EXPECT_FALSE(w.in_range());
  w.position(0, option, 1, 100'000);
  EXPECT_TRUE(w.in_range());
}

}  // namespace
}  // namespace portcullis::support::naive_model_test
