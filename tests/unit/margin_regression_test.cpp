// One test for each place where the margin has broken a promise of METHOD 3.5 and 3.6, named after the
// promise: the smallest book that showed it, in whole dollars, on the engine and on the naive model.
#include <gtest/gtest.h>

#include "tests/support/method_world.h"

namespace portcullis::support::margin_regression_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class MarginRegression : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(MarginRegression, Subjects);

// A unit of either asset is a dollar, every mark is 100, and nothing moves until it is told to.
Parameters still_world() {
  Parameters p = dollar_parameters();
  in_dollars(p.assets[kBtc.value]);
  set_columns(p, {0});
  return p;
}

template <class Subject>
struct World : MethodWorld<Subject> {
  using MethodWorld<Subject>::MethodWorld;
  // As much money as leaves so much available.
  void leave(std::int64_t available) {
    this->balance(0, kUsd, available - this->available());
    ASSERT_EQ(this->available(), available);
  }
  void fill_part(const Answer& order, std::int64_t lots, std::int64_t price, std::int64_t rest) {
    this->fill(order.number, lots, price);
    this->cancel_at_venue(order, rest);
  }
  void cancel_at_venue(const Answer& order, std::int64_t lots) {
    this->venue(VenueEventType::Canceled, order.number, lots);
  }
};

// --- a gain is never worth less than what it adds to the requirement (3.5)

// BTC falls by 60 % in both of two sets that are summed.
Parameters summed_sets(std::int64_t weight_ppm) {
  Parameters p = still_world();
  p.assets[kBtc.value].mode = CollateralMode::DownsideOnly;
  p.assets[kBtc.value].factor = {0};
  set_columns(p, {-600'000});
  p.groups[1].shock_ppm = {0};
  p.sets = {per_group_set(2, 0, 1), per_group_set(2, 0, 1)};
  for (SetParameters& set : p.sets) set.weight_ppm = weight_ppm;
  p.per_group.combine = Combine::Sum;
  p.instruments[kEthPerp.value].settlement = kBtc;
  return p;
}
constexpr const char* kBeyondWorth =
    "instrument: settled in an asset of which a scenario takes more than it is worth";

// With both of weight 1 a gain of 10 took 12: each fall was looked at alone.
TYPED_TEST(MarginRegression, SummedSetsTakeNoMoreThanAGain) {
  EXPECT_STREQ(first_problem(summed_sets(kPpm)), kBeyondWorth);
  EXPECT_STREQ(first_problem(summed_sets(833'334)), kBeyondWorth);  // 1.2 * 0.8334 is above 1
  World<TypeParam> w(summed_sets(833'333));
  w.balance(0, kUsd, 1'000);
  const Answer bid = w.buy(0, kEthPerp, 1, 90);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.available(), 1'000);
  w.fill(bid.number, 1, 90);
  EXPECT_EQ(w.available(), 1'000);  // 10 are gained, and 9.999996 more required: rounded up
}

// A multiplier takes the falls that often as well, in the scope it belongs to.
TYPED_TEST(MarginRegression, TheFallsOfAScopeAreTakenByItsOwnMultiplier) {
  Parameters p = summed_sets(500'000);  // 0.6 of a fall
  p.joint.initial_mult_ppm = 10'000'000;
  EXPECT_EQ(first_problem(p), nullptr);  // there is no joint set
  p.per_group.initial_mult_ppm = 1'700'000;
  EXPECT_STREQ(first_problem(p), kBeyondWorth);
  p.per_group.initial_mult_ppm = 1'600'000;
  World<TypeParam> w(p);
  w.balance(0, kBtc, 1'000);
  EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 960, 40}));
}

// 66 coins count nothing up to 100 of value and in full beyond; a rise of 50 % reaches the lower tier,
// and a gain of 1 made all of them count at that: 32 less were available.
TYPED_TEST(MarginRegression, TiersByValueAreNotThoseOfARisingSettlement) {
  Parameters p = still_world();
  AssetParameters& btc = p.assets[kBtc.value];
  btc.mode = CollateralMode::UpsideOnly;
  btc.factor = {0};
  btc.tiers_by_value = true;
  btc.haircut = {{Amount{100}, kPpm}, {kUnlimited, 0}};
  btc.maintenance_haircut = {{kUnlimited, kPpm}};
  set_columns(p, {500'000});
  p.groups[1].shock_ppm = {0};
  p.instruments[kBtcDated.value].settlement = kBtc;
  constexpr const char* kRefused =
      "instrument: settled in an asset with tiers by value, whose rises count";
  EXPECT_STREQ(first_problem(p), kRefused);
  std::swap(btc.haircut, btc.maintenance_haircut);  // of the maintenance equity alone
  EXPECT_STREQ(first_problem(p), kRefused);
  btc.tiers_by_value = false;
  EXPECT_EQ(first_problem(p), nullptr);
  btc.tiers_by_value = true;
  btc.mode = CollateralMode::DownsideOnly;
  EXPECT_EQ(first_problem(p), nullptr);
  btc.mode = CollateralMode::UpsideOnly;
  btc.maintenance_haircut = btc.haircut = {{kUnlimited, kPpm}};
  World<TypeParam> w(p);
  w.mark(kBtcDated, 1);
  w.balance(0, kUsd, 1'000);
  w.balance(0, kBtc, 66);
  w.position(0, kBtcPerp, -1, 100);
  const Answer offer = w.sell(0, kBtcDated, 1, 2);
  ASSERT_TRUE(offer.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'066, 0, 18, 1'048}));  // 0.5 * (66 - 101), rounded up
  w.fill(offer.number, 1, 2);
  EXPECT_EQ(w.margin(0), (Figures{1'067, 0, 17, 1'050}));
}

// Of BTC at most nine times the dollars count, and all of it may fall.
Parameters capped(std::int32_t fall_ppm) {
  Parameters p = still_world();
  AssetParameters& btc = p.assets[kBtc.value];
  btc.mode = CollateralMode::DownsideOnly;
  btc.factor = {0};
  btc.share_ppm = 900'000;
  set_columns(p, {-fall_ppm});
  p.groups[1].shock_ppm = {0};
  return p;
}

// A gain of 10 let 90 more of the coins count, of which 1.3 * 90 were required.
TYPED_TEST(MarginRegression, AShareCapOpensToNoMoreThanAGain) {
  Parameters p = capped(1'000'000);
  p.per_group.initial_mult_ppm = 1'000'001;
  EXPECT_STREQ(first_problem(p), "asset: a scenario takes more of what is capped than it is worth");
  p.per_group.initial_mult_ppm = kPpm;
  World<TypeParam> w(p);
  w.balance(0, kUsd, 1'000);
  w.balance(0, kBtc, 1'000'000);
  const Answer bid = w.buy(0, kEthPerp, 1, 90);
  ASSERT_TRUE(bid.accepted());
  EXPECT_EQ(w.margin(0), (Figures{10'000, 0, 9'000, 1'000}));
  w.fill(bid.number, 1, 90);
  EXPECT_EQ(w.margin(0), (Figures{10'100, 0, 9'090, 1'010}));
}

// Twenty bids that cost 60 each leave no dollar, so that no coin counts, nor falls. Falls were those of
// what counts before costs: half of nine times what is gained was required when the offer filled.
TYPED_TEST(MarginRegression, WhatFallsOfACappedAssetIsWhatCostsLeaveOfIt) {
  World<TypeParam> w(capped(500'000));
  w.balance(0, kUsd, 1'000);
  w.balance(0, kBtc, 1'000'000);
  const Answer bids = w.buy(0, kEthPerp, 20, 100);
  ASSERT_TRUE(bids.accepted());
  const Answer offer = w.sell(0, kEthPerp, 1, 110);
  ASSERT_TRUE(offer.accepted());
  w.mark(kEthPerp, 40);
  EXPECT_EQ(w.margin(0), (Figures{10'000, 10'200, 0, -200}));
  w.fill(offer.number, 1, 110);
  EXPECT_EQ(w.margin(0), (Figures{10'700, 10'830, 0, -130}));
  w.cancel_at_venue(bids, 15);  // 300 are left to cost, and nine times 770 count
  EXPECT_EQ(w.margin(0), (Figures{10'700, 3'000, 3'465, 4'235}));
}

// A bid at 76 takes 36 for each coin of a mark of 40, and with each dollar nine of coins, which fall by
// half. In flight a better price takes as much; answered, it frees 5.5 for each dollar.
TYPED_TEST(MarginRegression, AReplaceAtABetterPriceFreesWhatCapsOpenTo) {
  World<TypeParam> w(capped(500'000));
  w.balance(0, kUsd, 1'300);
  w.balance(0, kBtc, 1'000'000);
  w.mark(kEthPerp, 40);
  const Answer bids = w.buy(0, kEthPerp, 20, 76);
  ASSERT_TRUE(bids.accepted());
  EXPECT_EQ(w.margin(0), (Figures{13'000, 7'200, 2'610, 3'190}));
  const Answer better = w.replace(bids.client_ref, 20, 50);
  ASSERT_TRUE(better.accepted());
  EXPECT_EQ(w.margin(0), (Figures{13'000, 7'200, 2'610, 3'190}));
  w.venue(VenueEventType::Replaced, better.number, 20, 50, bids.number);
  EXPECT_EQ(w.margin(0), (Figures{13'000, 2'000, 4'950, 6'050}));
  EXPECT_EQ(w.buy(0, kEthPerp, 44, 66).reason, RejectReason::Margin);  // 44 more than the 1,100
  EXPECT_TRUE(w.buy(0, kEthPerp, 44, 65).accepted());
  EXPECT_EQ(w.available(), 0);
}

// --- a part of an exit leaves no less than all of it (3.6, theorem 4)

// Half of the smaller of two legs is charged: of 2,000 and of 800.
Parameters hedged_amounts() {
  Parameters p = still_world();
  const std::uint32_t longs = add_driver(p, 0, Measure::Notional, Reach::Net, {kBtcPerp});
  const std::uint32_t shorts = add_driver(p, 0, Measure::Notional, Reach::Net, {kBtcDated});
  add_on(p, 0, {longs, shorts}, flat_rate(500'000)).function = AddOnFunction::Hedged;
  return p;
}

// A sale of all 20 frees 400, but the first twelve of them nothing, and they cost their part.
TYPED_TEST(MarginRegression, AnExitFreesNoHedgedAmountOnTheWay) {
  World<TypeParam> w(hedged_amounts());
  w.position(0, kBtcPerp, 20, 100);
  w.position(0, kBtcDated, -8, 100);
  w.leave(-1);
  ASSERT_EQ(w.requirement(), 400);
  EXPECT_EQ(w.sell(0, kBtcPerp, 20, 80).reason,
            RejectReason::Margin);  // it cost as much as it freed
  EXPECT_EQ(w.sell(0, kBtcPerp, 20, 99).reason, RejectReason::Margin);
  const Answer exit = w.sell(0, kBtcPerp, 20, 100);
  ASSERT_TRUE(exit.accepted());
  w.fill_part(exit, 12, 100, 8);
  EXPECT_EQ(w.available(), -1);
  const Answer rest = w.sell(0, kBtcPerp, 8, 100);
  ASSERT_TRUE(rest.accepted());
  w.fill(rest.number, 8, 100);
  EXPECT_EQ(w.available(), 399);
}

// A ramp: nothing up to 15,000 and 20 % of all from 15,100 on.
void add_ramp(Parameters& p) {
  const std::uint32_t net = add_driver(p, 0, Measure::Notional, Reach::Net, {kBtcPerp, kBtcDated});
  AddOnParameters& ramp = add_on(p, 0, {net}, flat_rate(kPpm));
  ramp.function = AddOnFunction::Ramp;
  ramp.threshold = Value{15'000};
  ramp.per = kUsd;
  ramp.slope_ppm = 2'000;  // for each dollar
  ramp.most_ppm = 200'000;
}

// A sale of fifty coins of 200 frees 4,000, but 48 of them only 960.
TYPED_TEST(MarginRegression, AnExitDoesNotLeaveTheCapOfARampOnTheWay) {
  Parameters p = still_world();
  add_ramp(p);
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 200, 100);
  w.leave(-1);
  ASSERT_EQ(w.requirement(), 4'000);
  EXPECT_EQ(w.sell(0, kBtcPerp, 50, 30).reason, RejectReason::Margin);  // 3,500 for 4,000
  EXPECT_EQ(w.sell(0, kBtcPerp, 50, 99).reason, RejectReason::Margin);
  const Answer exit = w.sell(0, kBtcPerp, 50, 100);
  ASSERT_TRUE(exit.accepted());
  w.fill_part(exit, 48, 100, 2);
  EXPECT_EQ(w.available(), -1 + 4'000 - 3'040);
}

// A short leg of sixty, charged 55 %, is bought back: of the positions alone 3,300 are freed, and a ramp is
// climbed from 0 to 3,200. But 51 of them free 2,805 and climb to 3,020. Behind a resting offer, which
// has the ramp at its cap on the other side, that was seen by nothing.
TYPED_TEST(MarginRegression, AnExitIsChargedForAllThatARampBendsOnTheWay) {
  Parameters p = still_world();
  add_ramp(p);
  const std::uint32_t shorts = add_driver(p, 0, Measure::Notional, Reach::Gross, {kBtcDated});
  add_on(p, 0, {shorts}, flat_rate(550'000));
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 160, 100);
  w.position(0, kBtcDated, -60, 100);
  w.leave(10'000);
  ASSERT_EQ(w.requirement(), 3'300);
  const Answer offer = w.sell(0, kBtcPerp, 400, 110);
  ASSERT_TRUE(offer.accepted());
  ASSERT_EQ(w.requirement(), 3'300 + 6'000);  // 20 % of 300 short
  w.leave(-1);
  EXPECT_EQ(w.buy(0, kBtcDated, 60, 100).reason, RejectReason::Margin);
  EXPECT_EQ(w.buy(0, kBtcDated, 51, 100).reason, RejectReason::Margin);
  const Answer exit = w.buy(0, kBtcDated, 50, 100);
  ASSERT_TRUE(exit.accepted());
  w.cancel_at_venue(offer, 400);
  const std::int64_t alone = w.equity() - 3'300;
  w.fill_part(exit, 49, 100, 1);
  EXPECT_EQ(w.available(), alone + 2'695);
  w.position(0, kBtcDated, 2, 100);  // what 51 would have left
  EXPECT_EQ(w.available(), alone + 2'805 - 3'020);
}

// --- what has no long value can be sold (3.6)

template <class Subject>
struct WorthlessLong : World<Subject> {
  explicit WorthlessLong(std::int64_t available, std::int64_t fee_ppm = 0)
      : World<Subject>(with_fee(fee_ppm)) {
    this->position(0, kBtcPerp, 10, 100);
    this->leave(available);
  }
  static Parameters with_fee(std::int64_t fee_ppm) {
    Parameters p = still_world();
    InstrumentParameters& option = p.instruments[kBtcPerp.value];
    option.upfront = true;
    option.long_value = false;
    option.fee_ppm = fee_ppm;
    return p;
  }
};

// A sale at any price brings money and takes nothing that counts: it was held to cost what the price is
// below the mark.
TYPED_TEST(MarginRegression, ALongPositionWithoutValueIsSoldBelowTheMark) {
  WorthlessLong<TypeParam> w(-1);
  const Answer sale = w.sell(0, kBtcPerp, 9, 20);
  ASSERT_TRUE(sale.accepted());
  EXPECT_EQ(w.margin(0).costs, 0);
  w.fill_part(sale, 4, 20, 5);
  EXPECT_EQ(w.available(), 79);
}

// Only where the fee is more than what is got it costs: that of a price that is being left. And where more
// is offered than is held, which of the offers open a short nobody knows, so that all of them count
// below the mark.
TYPED_TEST(MarginRegression, ASaleThatOnlyClosesCostsItsFeeBeyondWhatItBrings) {
  WorthlessLong<TypeParam> w(1'000, kPpm);  // all of the notional
  const Answer sale = w.sell(0, kBtcPerp, 4, 90);
  ASSERT_TRUE(sale.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 0, 1'000}));
  const Answer lower = w.replace(sale.client_ref, 4, 20);
  ASSERT_TRUE(lower.accepted());
  EXPECT_EQ(w.margin(0), (Figures{1'000, 280, 0, 720}));  // 4 * (90 - 20)
  w.venue(VenueEventType::Replaced, lower.number, 4, 20, sale.number);
  EXPECT_EQ(w.margin(0), (Figures{1'000, 0, 0, 1'000}));

  WorthlessLong<TypeParam> free(1'000);
  ASSERT_TRUE(free.sell(0, kBtcPerp, 4, 20).accepted());
  EXPECT_EQ(free.margin(0).costs, 0);
  ASSERT_TRUE(free.sell(0, kBtcPerp, 7, 90).accepted());
  EXPECT_EQ(free.margin(0).costs, 4 * 80 + 7 * 10);
}

// --- a second exit does not spend what the first one's cost takes of a rise (3.6)

// Exits are paid in coins that rise by 50 %: a cost of 400 that is not paid yet raises the requirement
// by 200 and was compared with. Two columns require
//              now     without a   without b   without both
//     first  10,000       9,400       9,600          9,000
//     second  9,300       9,400       9,500          9,600
// and in both what is owed of the coins, by half of it.
TYPED_TEST(MarginRegression, ASecondExitDoesNotSpendWhatTheFirstOnesCostRaises) {
  Parameters p = still_world();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = {0};
  set_columns(p, {500'000, 500'000});
  const InstrumentIndex a = add_row(p);
  const InstrumentIndex b = add_row(p);
  const InstrumentIndex rest = add_row(p);
  for (const InstrumentIndex i : {a, b, rest}) {
    p.instruments[i.value].settlement = kBtc;
    p.instruments[i.value].vector_unit = 1;
    p.instruments[i.value].vector_cap = 1 << 28;
  }
  p.instruments[rest.value].vector_unit = 100;
  const auto open = [&](World<TypeParam>& w) {
    constexpr std::int32_t kTenth = 100'000;  // of a dollar
    w.publish(
        {-600 * kTenth, 100 * kTenth, -400 * kTenth, 200 * kTenth, -90 * kTenth, -96 * kTenth});
    for (const InstrumentIndex i : {a, b, rest}) w.position(0, i, 10, 1'000);
    w.leave(-1);
  };
  World<TypeParam> w(p, 1'000);
  open(w);
  EXPECT_EQ(w.requirement(), 10'001);  // with half a unit for each lot
  const Answer dear = w.sell(0, a, 10, 960);
  ASSERT_TRUE(dear.accepted());  // 9,400 + 200 + 400
  EXPECT_EQ(w.requirement(), 10'201);
  EXPECT_EQ(w.sell(0, b, 10, 1'000).reason, RejectReason::Margin);  // 9,600 + 200 + 400
  w.fill(dear.number, 10, 960);
  EXPECT_EQ(w.available(), -1);

  World<TypeParam> other(p, 1'000);
  open(other);
  const Answer first = other.sell(0, a, 10, 980);
  ASSERT_TRUE(first.accepted());
  const Answer second = other.sell(0, b, 10, 1'000);
  ASSERT_TRUE(second.accepted());  // 9,600 + 100 + 200
  other.fill(first.number, 10, 980);
  other.fill(second.number, 10, 1'000);
  EXPECT_EQ(other.available(), 99);
}

// --- the wind-down allowance (3.6)

// A coin asks for 16. The allowance is a share of the larger of what is required and two per cent of
// the gross notional.
template <class Subject>
struct Restricted : World<Subject> {
  explicit Restricted(std::int64_t allowance_ppm = kPpm)
      : World<Subject>(with_allowance(allowance_ppm)) {}
  static Parameters with_allowance(std::int64_t allowance_ppm) {
    Parameters p = still_world();
    set_columns(p, {-160'000, 0, 160'000});
    p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
    p.exit_allowance_ppm = allowance_ppm;
    return p;
  }
  void book(std::int64_t perp, std::int64_t dated) {
    this->position(0, kBtcPerp, perp, 100);
    this->position(0, kBtcDated, dated, 100);
  }
  void restrict() {
    this->leave(-1);
    this->subject.apply(Recheck{{this->now}, {0}, {}});
  }
};

// The first purchase frees 16 and costs 16. The second freed the same 16 as long as the first was
// open, and booked nothing.
TYPED_TEST(MarginRegression, AWindDownCountsWhatOpenExitsHavePromised) {
  Restricted<TypeParam> w;
  w.book(10, -11);
  w.restrict();  // 42 are allowed
  const Answer exit = w.buy(0, kBtcDated, 1, 116);
  ASSERT_TRUE(exit.accepted());
  EXPECT_EQ(exit.allowance, 0);
  const Answer second = w.buy(0, kBtcDated, 1, 100);
  ASSERT_TRUE(second.accepted());
  EXPECT_EQ(second.allowance, 16);
  w.fill(exit.number, 1, 116);
  w.fill(second.number, 1, 100);
  EXPECT_EQ(w.available(), -17);
}

// What an open order raised was free for the next one, though it gave its booking back when it went.
TYPED_TEST(MarginRegression, AWindDownIsMeasuredFromWhatWasRequiredAtFirst) {
  Restricted<TypeParam> w;
  w.book(10, -10);
  w.restrict();  // 40 are allowed
  const Answer first = w.sell(0, kBtcPerp, 2, 100);
  ASSERT_TRUE(first.accepted());
  EXPECT_EQ(first.allowance, 32);
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, RejectReason::Margin);  // 48 with the first
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 125).reason, RejectReason::Margin);  // 16 and 25 of cost
  const Answer second = w.buy(0, kBtcDated, 1, 116);
  ASSERT_TRUE(second.accepted());
  EXPECT_EQ(second.allowance, 32);
  w.cancel_at_venue(first, 2);
  w.fill(second.number, 1, 116);
  EXPECT_EQ(w.available(), -33);
}

// A resting bid for thirty required 320 whatever was sold: it hid that the short grew, from ten.
TYPED_TEST(MarginRegression, AWindDownDoesNotHideBehindARestingOrder) {
  Restricted<TypeParam> w(125'000);
  w.book(10, -20);
  w.leave(1'000);
  const Answer bid = w.buy(0, kBtcDated, 30, 90);
  ASSERT_TRUE(bid.accepted());
  w.restrict();
  ASSERT_EQ(w.requirement(), 320);  // 40 are allowed
  EXPECT_EQ(w.sell(0, kBtcPerp, 3, 100).reason, RejectReason::Margin);
  const Answer sale = w.sell(0, kBtcPerp, 2, 100);
  ASSERT_TRUE(sale.accepted());
  EXPECT_EQ(sale.allowance, 32);
  const std::int64_t alone = w.equity() - 160;
  w.fill(sale.number, 2, 100);
  w.cancel_at_venue(bid, 30);
  EXPECT_EQ(w.available(), alone - 32);
}

// What was booked never came back when the other leg closed: two of ten pairs could be closed.
TYPED_TEST(MarginRegression, AHedgedBookIsWoundDownToFlat) {
  Restricted<TypeParam> w(400'000);  // 16: one leg of a pair
  w.book(10, -10);
  w.restrict();
  for (int pair = 0; pair < 10; ++pair) {
    const Answer sale = w.sell(0, kBtcPerp, 1, 100);
    ASSERT_TRUE(sale.accepted()) << pair;
    EXPECT_EQ(sale.allowance, 16);
    w.fill(sale.number, 1, 100);
    EXPECT_EQ(w.available(), -17);
    EXPECT_FALSE(w.sell(0, kBtcPerp, 1, 100).accepted());
    const Answer purchase = w.buy(0, kBtcDated, 1, 100);
    ASSERT_TRUE(purchase.accepted()) << pair;
    EXPECT_EQ(purchase.allowance, 0);
    w.fill(purchase.number, 1, 100);
    EXPECT_EQ(w.available(), -1);
  }
}

// --- what is accepted by a bound is accepted by the exact check (3.9)

// At 15,000 a ramp charges nothing, and one coin more 3,020: far more than twice its rate.
TYPED_TEST(MarginRegression, TheSlopeOfARampIsWhatItIsAtItsThreshold) {
  Parameters p = still_world();
  add_ramp(p);
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 150, 100);
  w.leave(3'019);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::Margin);
  w.leave(3'020);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
  EXPECT_EQ(w.available(), 0);
}

// Of two sets that are summed one falls and one rises, by half: bids and offers of six ask for 300 each.
// The bound took the larger of the two for both, and let seven more through.
TYPED_TEST(MarginRegression, SummedSetsLoseOnBothSidesOfWhatIsOpen) {
  Parameters p = still_world();
  set_columns(p, {-500'000, 500'000});
  p.sets = {per_group_set(2, 0, 1), per_group_set(2, 1, 1)};
  p.per_group.combine = Combine::Sum;
  World<TypeParam> w(p);
  w.leave(700);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 6, 100).accepted());
  ASSERT_TRUE(w.sell(0, kBtcPerp, 6, 100).accepted());
  EXPECT_EQ(w.sell(0, kBtcPerp, 7, 100).reason, RejectReason::Margin);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 2, 100).accepted());
  EXPECT_EQ(w.margin(0), (Figures{700, 0, 700, 0}));
}

}  // namespace
}  // namespace portcullis::support::margin_regression_test
