// Cash that moves and what becomes of positions (METHOD 3.14): transfers, loans, interest,
// conversions, funding, realisation, expiry, splits and positions given over; by hand, on the engine
// and on the naive model.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::cash_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }
constexpr std::int64_t coins(std::int64_t count) { return count * 100'000'000; }

Int128 balance(const NaiveModel& model, std::uint32_t account, AssetIndex asset) {
  return model.accounts()[account].balances[asset.value];
}
Int128 balance(const Engine& engine, std::uint32_t account, AssetIndex asset) {
  return engine.balance({account}, asset).raw;
}
std::int64_t position(const NaiveModel& model, std::uint32_t account, InstrumentIndex instrument) {
  return static_cast<std::int64_t>(model.position(account, instrument.value));
}
std::int64_t position(const Engine& engine, std::uint32_t account, InstrumentIndex instrument) {
  return engine.position({account}, instrument).raw;
}

template <class Subject>
class Cash : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(Cash, Subjects);

// Coins at 100 dollars: one asks for 16.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters = small_parameters()) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
  }
  RejectReason transfer(AccountIndex from, AccountIndex to, AssetIndex asset, std::int64_t units) {
    return this->settle(Transfer{{this->now}, units, from, to, asset, {}});
  }
  RejectReason withdraw(std::int64_t units) { return transfer({0}, {}, kUsd, units); }
  RejectReason borrow(std::uint32_t account, std::int64_t units, AssetIndex asset = kUsd) {
    return this->settle(Borrow{{this->now}, units, {account}, asset});
  }
  bool interest(std::uint32_t account, std::int64_t units) {
    return this->subject.apply(Interest{{this->now}, units, {account}, kUsd});
  }
  void funding(std::int64_t paid, std::int64_t predicted = 0) {
    this->subject.apply(FundingUpdate{{this->now}, paid, predicted, kBtcPerp, {}});
  }
  void realise(std::uint32_t account) { this->subject.apply(Realise{{this->now}, {account}, {}}); }
  void expire(InstrumentIndex instrument, std::int64_t price) {
    this->subject.apply(Expire{{this->now}, {price}, instrument, {}});
  }
  bool split(std::int64_t numerator, std::int64_t denominator, std::int64_t mark) {
    return this->subject.apply(Split{{this->now}, {mark}, numerator, denominator, kBtcPerp, {}});
  }
  [[nodiscard]] std::int64_t dollars(std::uint32_t account) const {  // on the balance, whole ones
    const auto units = static_cast<std::int64_t>(balance(this->subject, account, kUsd));
    EXPECT_EQ(units % usd(1), 0);
    return units / usd(1);
  }
};

// --- transfers

TYPED_TEST(Cash, ATransferMovesABalance) {
  World<TypeParam> w;
  EXPECT_EQ(w.transfer({}, {0}, kUsd, usd(100)), None);
  EXPECT_EQ(w.transfer({0}, {1}, kUsd, usd(30)), None);
  EXPECT_EQ(w.transfer({1}, {}, kUsd, usd(10)), None);
  EXPECT_EQ(w.dollars(0), 70);
  EXPECT_EQ(w.dollars(1), 20);
  EXPECT_EQ(w.margin(0).equity, usd(70));
}

TYPED_TEST(Cash, ATransferOfNothingOrToItselfIsNone) {
  World<TypeParam> w;
  w.balance(0, kUsd, usd(100));
  EXPECT_EQ(w.transfer({0}, {0}, kUsd, 0), InvalidQuantity);
  EXPECT_EQ(w.transfer({}, {0}, kUsd, -1), InvalidQuantity);
  EXPECT_EQ(w.transfer({0}, {0}, kUsd, 1), UnknownAccount);
  EXPECT_EQ(w.transfer({}, {}, kUsd, 1), UnknownAccount);
  EXPECT_EQ(w.dollars(0), 100);
}

// A refused one moves nothing. What is paid out of unrealised gains is borrowed.
TYPED_TEST(Cash, WhatLeavesMustLeaveTheMargin) {
  Parameters p = small_parameters();
  p.assets[kUsd.value].borrow_max = {usd(20)};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(300));
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.withdraw(usd(140) + 1), RejectReason::Margin);
  EXPECT_EQ(w.transfer({0}, {1}, kUsd, usd(140) + 1), RejectReason::Margin);
  EXPECT_EQ(w.dollars(0), 300);
  EXPECT_EQ(w.withdraw(usd(140)), None);
  EXPECT_EQ(w.margin(0).available, 0);
  ASSERT_EQ(w.sell(0, kBtcPerp, 10, 100).reason, None);
  EXPECT_EQ(w.withdraw(1), RejectReason::Margin);  // open orders count at their worst
  w.mark(kBtcPerp, 200);                           // 1,000 gained, 320 required, 160 on the balance
  EXPECT_EQ(w.margin(0).costs, usd(1'000));
  w.venue(VenueEventType::Canceled, 1, 10);
  EXPECT_EQ(w.withdraw(usd(180) + 1), BorrowLimit);
  EXPECT_EQ(w.withdraw(usd(180)), None);
  EXPECT_EQ(w.dollars(0), -20);
}

TYPED_TEST(Cash, AWithdrawalLeavesAShareOfTheNotional) {
  for (const auto& [share, left] : {std::pair{0, 160}, {150'000, 160}, {250'000, 250}}) {
    Parameters p = small_parameters();
    p.transfer_notional_ppm = share;
    World<TypeParam> w(p);
    w.balance(0, kUsd, usd(1'000));
    w.position(0, kBtcPerp, 10, 100);
    EXPECT_EQ(w.withdraw(usd(1'000 - left) + 1), RejectReason::Margin);
    EXPECT_EQ(w.withdraw(usd(1'000 - left)), None);
  }
}

TYPED_TEST(Cash, AWithdrawalNeedsFreshPricesFittingFiguresAndANormalState) {
  Parameters p = small_parameters();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, 3 * kPpm}};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(1'000));
  w.balance(1, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.transfer({0}, {}, kBtc, 1), StaleRiskTable);  // it has no price
  w.now += kHour;
  EXPECT_EQ(w.withdraw(1), None);
  w.now += 1;
  EXPECT_EQ(w.withdraw(1), StaleRiskTable);
  w.index(kUsd, 1);
  EXPECT_EQ(w.withdraw(1), StaleRiskTable);  // the position's
  EXPECT_EQ(w.transfer({1}, {0}, kUsd, 1), None);
  EXPECT_EQ(w.transfer({}, {0}, kUsd, 1), None);
  w.mark(kBtcPerp, 100);
  EXPECT_EQ(w.withdraw(1), None);
  w.position(0, kEthPerp, 1'000'000'000'000, 100);
  w.mark(kEthPerp, 100);
  EXPECT_EQ(w.withdraw(1), ArithmeticRange);
  w.position(0, kEthPerp, -1'000'000'000'000, 100);
  EXPECT_EQ(w.withdraw(1), None);
  w.balance(0, kUsd, -usd(900));
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  w.balance(0, kUsd, usd(300));  // 400 of 160, of 480 to be normal again
  EXPECT_EQ(w.withdraw(1), RejectReason::MarginState);
  w.balance(0, kUsd, usd(100));
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  EXPECT_EQ(w.withdraw(1), None);
}

// A contract that pays a lot of coins; nobody may hold more than 2^90 of anything.
TYPED_TEST(Cash, ABalanceBeyondItsIntegerIsRefused) {
  World<TypeParam> w;
  w.balance(1, kUsd, usd(1));
  w.position(0, kBtcPerp, 1'000'000'000'000, 1);
  w.expire(kBtcPerp, 1'000'000'000'000);  // 1e30
  EXPECT_EQ(w.transfer({}, {0}, kUsd, 1), OrderCapacity);
  EXPECT_EQ(w.transfer({1}, {0}, kUsd, 1), OrderCapacity);
  EXPECT_EQ(w.transfer({0}, {1}, kUsd, 1), OrderCapacity);
  EXPECT_EQ(w.borrow(0, 1), OrderCapacity);
  EXPECT_FALSE(w.subject.apply(LoadBalance{{w.now}, 1, {0}, kUsd}));
  EXPECT_FALSE(w.subject.apply(Conversion{{w.now}, 1, 1, {0}, kBtc, kUsd, {}}));
  EXPECT_EQ(balance(w.subject, 0, kBtc), 0);
  EXPECT_EQ(w.dollars(1), 1);
}

// --- loans

TYPED_TEST(Cash, ALoanIsNoWealth) {
  Parameters p = small_parameters();
  p.assets[kUsd.value].borrow_max = {usd(100)};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10));
  EXPECT_EQ(w.borrow(0, 0), InvalidQuantity);
  EXPECT_EQ(w.borrow(0, usd(100) + 1), BorrowLimit);
  EXPECT_EQ(w.borrow(0, usd(100)), None);
  EXPECT_EQ(w.dollars(0), 110);
  EXPECT_EQ(w.margin(0).equity, usd(10));
  EXPECT_EQ(w.borrow(0, -usd(100) - 1), InvalidQuantity);
  EXPECT_EQ(w.borrow(0, -usd(70)), None);
  EXPECT_EQ(w.dollars(0), 40);
  EXPECT_EQ(w.borrow(0, -usd(31)), InvalidQuantity);
  EXPECT_EQ(w.borrow(0, -usd(30)), None);
  EXPECT_EQ(w.dollars(0), 10);
}

// A loan has its margin, and must leave that of the account.
TYPED_TEST(Cash, ALoanTakesTheMarginLeg) {
  Parameters p = small_parameters();
  p.assets[kUsd.value].borrow_max = {usd(1'000)};
  p.assets[kUsd.value].borrow_initial_ppm = 100'000;
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(200));
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.borrow(0, usd(400) + 1), RejectReason::Margin);  // a tenth of it, and 160
  EXPECT_EQ(w.borrow(0, usd(400)), None);
  EXPECT_EQ(w.margin(0).available, 0);
  EXPECT_TRUE(w.interest(0, 1));
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  EXPECT_EQ(w.borrow(0, 1), RejectReason::MarginState);
  EXPECT_EQ(w.borrow(0, -usd(100)), None);  // to repay is free
  w.now += kHour + 1;
  EXPECT_EQ(w.borrow(0, 1), StaleRiskTable);
  EXPECT_EQ(w.borrow(0, -1), None);
}

// Loans and overdrafts of all accounts draw on one pool; what does not raise them is not refused.
TYPED_TEST(Cash, ThePoolIsThatOfAllAccounts) {
  Parameters p = small_parameters();
  p.assets[kUsd.value].borrow_max = {usd(100)};
  World<TypeParam> w(p);
  w.index(kBtc, 100'000);
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kBtc, coins(1));
  EXPECT_EQ(w.borrow(0, usd(60)), None);
  EXPECT_EQ(w.borrow(1, usd(41)), BorrowLimit);
  EXPECT_EQ(w.borrow(1, usd(30)), None);
  EXPECT_EQ(w.withdraw(usd(71)), BorrowLimit);  // 11 overdrawn
  EXPECT_EQ(w.withdraw(usd(70)), None);
  EXPECT_EQ(w.dollars(0), -10);
  EXPECT_TRUE(w.interest(1, usd(5)));                   // a fact: 105
  EXPECT_EQ(w.transfer({1}, {}, kUsd, usd(30)), None);  // out of what it has
  EXPECT_EQ(w.transfer({1}, {}, kUsd, 1), BorrowLimit);
  // To whom it goes is another matter, even if that lowers what is borrowed.
  EXPECT_EQ(w.transfer({1}, {0}, kUsd, usd(1)), BorrowLimit);
  EXPECT_EQ(w.borrow(1, -usd(30)), None);  // by an overdraft: what is owed stays
  EXPECT_EQ(w.dollars(1), -30);
}

TYPED_TEST(Cash, InterestIsAddedToTheDebt) {
  World<TypeParam> w;
  w.balance(0, kUsd, usd(10));
  EXPECT_TRUE(w.interest(0, usd(3)));
  EXPECT_EQ(w.dollars(0), 10);
  EXPECT_EQ(w.margin(0).equity, usd(7));
  EXPECT_EQ(w.borrow(0, -usd(3)), None);
  EXPECT_EQ(w.dollars(0), 7);
  EXPECT_EQ(w.margin(0).equity, usd(7));
}

TYPED_TEST(Cash, AConversionExchangesOneAssetForAnother) {
  World<TypeParam> w;
  w.index(kBtc, 100'000);
  w.balance(0, kUsd, usd(1'000'000));
  EXPECT_TRUE(w.subject.apply(Conversion{{w.now}, usd(500'500), coins(5), {0}, kUsd, kBtc, {}}));
  EXPECT_EQ(w.dollars(0), 499'500);
  EXPECT_EQ(balance(w.subject, 0, kBtc), coins(5));
  EXPECT_EQ(w.margin(0).equity, usd(499'500 + 475'000));  // 5 % off the coins
}

// --- funding

// A long lot pays 2.5 dollars and a bit: what is owed is rounded up, what is due down.
TYPED_TEST(Cash, FundingIsOwedFromWhenTheLotsWereTraded) {
  World<TypeParam> w;
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.funding(usd(7) * kFundingScale);  // before anything was held
  w.position(0, kBtcPerp, 3, 100);
  const Answer offer = w.sell(1, kBtcPerp, 3, 100);
  w.fill(offer.number, 2, 100);
  w.funding(2'500'000 * kFundingScale + 1);
  EXPECT_EQ(w.margin(0).equity, usd(1'000) - 7'500'001);
  EXPECT_EQ(w.margin(1).equity, usd(1'000) + 5'000'000);
  w.fill(offer.number, 1, 100);
  w.funding(kFundingScale / 2);                           // half a micro-dollar
  EXPECT_EQ(w.margin(0).equity, usd(1'000) - 7'500'002);  // 7,500,001.500000003
  EXPECT_EQ(w.margin(1).equity, usd(1'000) + 5'000'001);  // 5,000,001.500000002
  w.funding(-3 * kFundingScale);
  EXPECT_EQ(w.margin(0).equity, usd(1'000) - 7'499'993);
  EXPECT_EQ(w.margin(1).equity, usd(1'000) + 4'999'992);
  // Closed, it is on the balance.
  w.position(0, kBtcPerp, -3, 100);
  EXPECT_EQ(balance(w.subject, 0, kUsd), usd(1'000) - 7'499'993);
}

// Settling it, or any other gain, changes nothing of the margin, now or later.
TYPED_TEST(Cash, RealisingLeavesEveryFigureAsItWas) {
  Parameters p = small_parameters();
  p.assets[kBtc.value].mode = CollateralMode::Both;
  p.assets[kBtc.value].factor = FactorIndex{0};
  p.instruments[kEthPerp.value].payoff = Payoff::Inverse;  // of 1,000 dollars, in the coin
  p.instruments[kEthPerp.value].units_per_lot_mark = 1'000 * coins(1);
  p.instruments[kEthPerp.value].settlement = kBtc;
  p.instruments[kEthPerp.value].factor = FactorIndex{0};
  p.instruments[kBtcDated.value].upfront = true;
  for (const std::int64_t sign : {1, -1}) {
    World<TypeParam> realised(p);
    World<TypeParam> left(p);
    const auto both = [&](auto tell) {
      tell(realised);
      tell(left);
    };
    both([&](World<TypeParam>& w) {
      w.index(kBtc, 60'000);
      w.mark(kEthPerp, 60'000);
      w.balance(0, kUsd, usd(10'000));
      w.balance(0, kBtc, coins(2));
      w.funding(123'456'789);
      w.position(0, kBtcPerp, 7 * sign, 97);
      w.position(0, kEthPerp, 77 * sign, 61'234);
      w.position(0, kBtcDated, 5 * sign, 90);
    });
    for (const std::int64_t paid : {333'333'333, -1, 1'666'666'667, -999'999'999}) {
      both([&](World<TypeParam>& w) { w.funding(paid); });
      EXPECT_EQ(realised.margin(0), left.margin(0));
      realised.realise(0);
      EXPECT_EQ(realised.margin(0), left.margin(0));
      both([&](World<TypeParam>& w) {
        w.mark(kBtcPerp, 100 + paid % 7);
        w.mark(kEthPerp, 60'000 + paid % 10'007);
        w.position(0, kBtcPerp, paid % 3, 99);
      });
      EXPECT_EQ(realised.margin(0), left.margin(0));
    }
    realised.realise(0);
    both([](World<TypeParam>& w) {
      for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) {
        w.position(0, i, -position(w.subject, 0, i), 50);
      }
    });
    EXPECT_EQ(realised.margin(0), left.margin(0));
    for (const AssetIndex a : {kUsd, kBtc})
      EXPECT_TRUE(balance(realised.subject, 0, a) == balance(left.subject, 0, a));
  }
}

// A broken trade pays back what it cost at the funding of now.
TYPED_TEST(Cash, ABrokenTradeOwesNoFundingAfterwards) {
  World<TypeParam> w;
  w.balance(0, kUsd, usd(1'000));
  const Answer bid = w.buy(0, kBtcPerp, 2, 100);
  w.fill(bid.number, 2, 100);
  w.funding(usd(1) * kFundingScale);
  VenueEvent broken;
  broken.time = {w.now};
  broken.type = VenueEventType::Broken;
  broken.number = bid.number;
  broken.match = w.match;
  w.subject.apply(broken);
  EXPECT_EQ(w.margin(0), (Figures{usd(998), 0, 0, usd(998)}));
  w.funding(usd(1) * kFundingScale);
  EXPECT_EQ(w.margin(0).equity, usd(998));
}

// What the next settlement may take is charged in full: a cent and a part of one, from either side.
TYPED_TEST(Cash, PredictedFundingIsMeasuredAwayFromNothing) {
  Parameters p = small_parameters();
  DriverParameters payable;
  payable.measure = Measure::Funding;
  payable.reach = Reach::Payable;
  payable.terms = {{.instrument = kBtcPerp, .per_lot = {}}};
  p.groups[0].drivers = {payable};
  AddOnParameters add_on;
  add_on.place = AddOnPlace::Outside;
  add_on.drivers = {0};
  add_on.initial = {{{kValueMax}, kPpm}};
  p.groups[0].add_ons = {add_on};
  World<TypeParam> w(p);
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 3, 100);
  w.position(1, kBtcPerp, -3, 100);
  w.funding(0, 10'000 * kFundingScale + 1);  // in Wide, hundredths, 1,000,001
  EXPECT_EQ(w.margin(0).requirement, usd(48) + 30'001);
  EXPECT_EQ(w.margin(1).requirement, usd(48));
  EXPECT_EQ(w.margin(0).equity, usd(1'000));  // nothing is paid yet
  w.funding(0, -10'000 * kFundingScale - 1);
  EXPECT_EQ(w.margin(0).requirement, usd(48));
  EXPECT_EQ(w.margin(1).requirement, usd(48) + 30'001);
}

// --- positions given over

TYPED_TEST(Cash, APositionIsGivenOverAtAPriceWithoutFees) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].fee_ppm = 10'000;
  World<TypeParam> w(p);
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  const auto give = [&](std::uint32_t from, std::uint32_t to, std::int64_t lots) {
    return w.subject.apply(PositionTransfer{{w.now}, {lots}, {95}, {from}, {to}, kBtcPerp, {}});
  };
  EXPECT_FALSE(give(0, 0, 1));
  w.funding(usd(1) * kFundingScale);
  EXPECT_TRUE(give(0, 1, 4));
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 6);
  EXPECT_EQ(position(w.subject, 1, kBtcPerp), 4);
  EXPECT_EQ(w.margin(0).equity, usd(1'000 - 4 * 5 - 10));  // the funding is the first one's
  EXPECT_EQ(w.margin(1).equity, usd(1'000 + 4 * 5));
  w.funding(usd(1) * kFundingScale);
  EXPECT_EQ(w.margin(0).equity, usd(1'000 - 4 * 5 - 16));
  EXPECT_EQ(w.margin(1).equity, usd(1'000 + 4 * 5 - 4));
  EXPECT_TRUE(give(1, 0, 4));  // empty: what it was worth is on the balance
  EXPECT_EQ(w.dollars(1), 1'000 - 4);
  EXPECT_TRUE(give(1, 0, -2));
  EXPECT_EQ(position(w.subject, 1, kBtcPerp), 2);
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 8);
}

TYPED_TEST(Cash, APositionThatFindsNoRoomStaysWhereItIs) {
  Parameters p = small_parameters();
  p.capacities.positions = 1;
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_FALSE(w.subject.apply(PositionTransfer{{w.now}, {5}, {100}, {0}, {1}, kBtcPerp, {}}));
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 10);
  EXPECT_EQ(position(w.subject, 1, kBtcPerp), 0);
}

// --- the end of an instrument

TYPED_TEST(Cash, AnExpiredFutureIsPaidOut) {
  World<TypeParam> w;
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 10, 100);
  w.position(1, kBtcPerp, -4, 110);
  w.funding(usd(1) * kFundingScale);
  const Answer bid = w.buy(0, kBtcPerp, 5, 99);
  const Answer other = w.buy(0, kBtcDated, 5, 99);
  w.expire(kBtcPerp, 120);
  EXPECT_EQ(w.dollars(0), 1'000 + 10 * 20 - 10);
  EXPECT_EQ(w.dollars(1), 1'000 - 4 * 10 + 4);
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 0);
  EXPECT_EQ(w.margin(0), (Figures{usd(1'190), 0, usd(80), usd(1'110)}));  // the other bid's
  EXPECT_EQ(w.margin(1), (Figures{usd(964), 0, 0, usd(964)}));
  EXPECT_EQ(w.cancel(bid.client_ref).disposition, Disposition::Ignore);  // it has ended
  EXPECT_TRUE(w.cancel(other.client_ref).accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 120).reason, InstrumentHalted);
  w.mark(kBtcPerp, 200);
  EXPECT_EQ(w.margin(0).equity, usd(1'190));
}

// A coin future of 1,000 dollars a lot: bought at 50,000 and paid at 40,000, a lot loses half a
// hundredth of a coin.
TYPED_TEST(Cash, AnExpiredInverseFutureIsPaidInTheCoin) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].payoff = Payoff::Inverse;
  p.instruments[kBtcPerp.value].units_per_lot_mark = 1'000 * coins(1);
  p.instruments[kBtcPerp.value].settlement = kBtc;
  World<TypeParam> w(p);
  w.index(kBtc, 50'000);
  w.mark(kBtcPerp, 50'000);
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kBtc, coins(1));
  w.position(0, kBtcPerp, 3, 50'000);
  w.position(1, kBtcPerp, -3, 50'000);
  w.expire(kBtcPerp, 40'000);
  EXPECT_EQ(balance(w.subject, 0, kBtc), 98'500'000);
  EXPECT_EQ(balance(w.subject, 1, kBtc), 101'500'000);

  World<TypeParam> odd(p);  // 3,000 / 70,001 is 0.0428565306... coins: rounded against both
  odd.index(kBtc, 50'000);
  odd.mark(kBtcPerp, 50'000);
  odd.position(0, kBtcPerp, 3, 50'000);
  odd.position(1, kBtcPerp, -3, 50'000);
  odd.expire(kBtcPerp, 70'001);
  EXPECT_EQ(balance(odd.subject, 0, kBtc), 6'000'000 - 4'285'654);
  EXPECT_EQ(balance(odd.subject, 1, kBtc), -6'000'000 + 4'285'653);
}

// An option is paid what it is worth, whether it counted or not, and from the other side too.
TYPED_TEST(Cash, AnExpiredOptionIsPaidItsValueWhetherItCountedOrNot) {
  for (const bool long_value : {true, false}) {
    Parameters p = small_parameters();
    p.instruments[kBtcPerp.value].upfront = true;
    p.instruments[kBtcPerp.value].long_value = long_value;
    World<TypeParam> w(p);
    for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
    w.position(0, kBtcPerp, 5, 100);
    w.position(1, kBtcPerp, -5, 100);
    w.mark(kBtcPerp, 90);
    EXPECT_EQ(w.margin(0).equity, usd(long_value ? 950 : 500));
    EXPECT_EQ(w.margin(1).equity, usd(1'050));
    w.expire(kBtcPerp, 130);
    EXPECT_EQ(w.dollars(0), 1'150);
    EXPECT_EQ(w.dollars(1), 850);
    EXPECT_EQ(w.margin(0), (Figures{usd(1'150), 0, 0, usd(1'150)}));

    World<TypeParam> worthless(p);
    worthless.position(0, kBtcPerp, 5, 100);
    worthless.position(1, kBtcPerp, -5, 100);
    worthless.expire(kBtcPerp, 0);
    EXPECT_EQ(worthless.dollars(0), -500);
    EXPECT_EQ(worthless.dollars(1), 500);
  }
}

// What has expired has no notional: whoever had its as a reference has none either.
TYPED_TEST(Cash, AnExpiredInstrumentIsNoNotional) {
  Parameters p = small_parameters();
  p.profiles[0].gross_notional_max = {usd(1'000)};
  p.instruments[kBtcDated.value].reference = kBtcPerp;
  World<TypeParam> w(p);
  w.balance(0, kUsd, usd(10'000));
  w.position(0, kBtcPerp, 6, 100);
  w.position(0, kBtcDated, 4, 100);
  EXPECT_EQ(w.buy(0, kBtcDated, 1, 100).reason, GrossNotional);
  EXPECT_EQ(w.margin(0).requirement, usd(160));
  w.expire(kBtcPerp, 100);
  EXPECT_EQ(w.margin(0).requirement, 0);
  EXPECT_EQ(w.buy(0, kBtcDated, 10, 100).reason, None);
}

// --- splits

TYPED_TEST(Cash, ASplitMultipliesPositionsAndLeavesTheMargin) {
  World<TypeParam> w;
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 6, 90);
  w.position(1, kBtcPerp, -3, 110);
  const Answer bid = w.buy(0, kBtcPerp, 1, 100);
  w.venue(VenueEventType::Canceled, bid.number, 1);
  const Figures first = w.margin(0);
  const Figures second = w.margin(1);
  const Answer rests = w.buy(1, kBtcPerp, 2, 100);
  EXPECT_TRUE(w.split(2, 3, 150));
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 4);
  EXPECT_EQ(position(w.subject, 1, kBtcPerp), -2);
  EXPECT_EQ(w.margin(0), first);
  EXPECT_EQ(w.margin(1), second);  // its order has ended
  EXPECT_EQ(w.cancel(rests.client_ref).disposition, Disposition::Ignore);
  EXPECT_EQ(w.dollars(0), 1'060);  // what was gained is realised
  w.mark(kBtcPerp, 160);
  EXPECT_EQ(w.margin(0).equity, first.equity + usd(40));
  EXPECT_TRUE(w.split(5, 1, 32));
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 20);
  EXPECT_EQ(w.margin(0).equity, first.equity + usd(40));
  // A mark that moves as well is no gain.
  EXPECT_TRUE(w.split(1, 1, 50));
  EXPECT_EQ(w.margin(0).equity, first.equity + usd(40));
}

TYPED_TEST(Cash, ASplitThatLeavesPartsOfALotIsNone) {
  World<TypeParam> w;
  for (const std::uint32_t a : {0U, 1U}) w.balance(a, kUsd, usd(1'000));
  w.position(0, kBtcPerp, 6, 90);
  w.position(1, kBtcPerp, -3, 110);
  const Answer rests = w.buy(1, kBtcPerp, 2, 100);
  EXPECT_FALSE(w.split(1, 2, 200));
  EXPECT_EQ(position(w.subject, 0, kBtcPerp), 6);
  EXPECT_EQ(w.dollars(0), 1'000);
  EXPECT_EQ(w.margin(0).equity, usd(1'060));
  EXPECT_TRUE(w.cancel(rests.client_ref).accepted());
  EXPECT_TRUE(w.split(1, 3, 300));
}

// A third of a micro-dollar of funding, owed and due, stays so.
TYPED_TEST(Cash, ASplitKeepsWhatIsOwedOfAPartOfAUnit) {
  World<TypeParam> w;
  World<TypeParam> twin;
  for (World<TypeParam>* it : {&w, &twin}) {
    for (const std::uint32_t a : {0U, 1U}) it->balance(a, kUsd, usd(1'000));
    it->position(0, kBtcPerp, 1, 100);
    it->position(1, kBtcPerp, -1, 100);
    it->funding(kFundingScale / 3);
  }
  EXPECT_TRUE(w.split(2, 1, 50));
  w.mark(kBtcPerp, 50);
  const auto same = [&] {
    for (const std::uint32_t a : {0U, 1U})
      EXPECT_EQ(w.margin(a).equity, twin.margin(a).equity) << a;
  };
  same();
  EXPECT_EQ(w.margin(0).equity, usd(1'000) - 1);
  EXPECT_EQ(w.margin(1).equity, usd(1'000));
  for (int n = 0; n < 4; ++n) {  // a lot that is half as large pays half
    w.funding(kFundingScale / 6);
    twin.funding(kFundingScale / 6 * 2);
    same();
  }
  EXPECT_EQ(w.margin(0).equity, usd(1'000) - 2);
  EXPECT_EQ(w.margin(1).equity, usd(1'000) + 1);
}

}  // namespace
}  // namespace portcullis::support::cash_test
