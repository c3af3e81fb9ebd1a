// The life of an order by hand-made cases, on the engine and on the naive model: what a chain
// reserves through every answer of the venue, the two rate budgets, and which reason is named
// first.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

template <class Subject>
class OrderLife : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(OrderLife, Subjects);

// One coin at 100 dollars reserves 16 dollars; every account has a million.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Parameters& parameters = small_parameters()) : Driver<Subject>(parameters) {
    this->index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
    this->balance(0, kUsd, usd(1'000'000));
    this->balance(1, kUsd, usd(1'000'000));
  }
  // Lots that the account's open orders reserve, at the mark.
  std::int64_t reserved() { return this->margin(0).requirement / usd(16); }
};

TYPED_TEST(OrderLife, CancelsAndSelfMatchPreventionTakeLotsOffTheHead) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.reserved(), 10);
  w.venue(VenueEventType::Accepted, a.number, 10, 100);
  w.venue(VenueEventType::Canceled, a.number, 3);
  EXPECT_EQ(w.reserved(), 7);
  w.venue(VenueEventType::AiqCanceled, a.number, 2);
  EXPECT_EQ(w.reserved(), 5);
  EXPECT_TRUE(w.cancel(a.client_ref).accepted());
  EXPECT_EQ(w.reserved(), 5);  // wanted is not done
  EXPECT_TRUE(w.venue(VenueEventType::Canceled, a.number, 5).ended);
  EXPECT_EQ(w.reserved(), 0);
  EXPECT_EQ(w.cancel(a.client_ref).disposition, Disposition::Ignore);
}

TYPED_TEST(OrderLife, AReplaceReservesTheLargerUntilItIsAnswered) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  const Answer smaller = w.replace(a.client_ref, 4, 100);
  EXPECT_EQ(w.reserved(), 10);
  w.venue(VenueEventType::Replaced, smaller.number, 4, 100, a.number);
  EXPECT_EQ(w.reserved(), 4);
  const Answer larger = w.replace(smaller.client_ref, 12, 100);
  EXPECT_EQ(w.reserved(), 12);
  w.venue(VenueEventType::Rejected, larger.number);
  EXPECT_EQ(w.reserved(), 4);
}

TYPED_TEST(OrderLife, FillsCountForTheWholeChain) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  const Answer b = w.replace(a.client_ref, 15, 100);
  EXPECT_EQ(w.reserved(), 15);
  w.fill(a.number, 4, 100);
  EXPECT_EQ(w.reserved(), 4 + 11);
  w.venue(VenueEventType::Replaced, b.number, 11, 100, a.number);
  w.fill(b.number, 1, 100);
  EXPECT_EQ(w.reserved(), 5 + 10);
}

TYPED_TEST(OrderLife, TheEndOfTheHeadVoidsEveryPendingReplace) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  const Answer b = w.replace(a.client_ref, 20, 100);
  const Answer c = w.replace(b.client_ref, 30, 100);
  EXPECT_EQ(w.reserved(), 30);
  EXPECT_TRUE(w.venue(VenueEventType::Canceled, a.number, 10).ended);
  EXPECT_EQ(w.reserved(), 0);
  EXPECT_EQ(w.replace(c.client_ref, 5, 100).disposition, Disposition::Ignore);
}

TYPED_TEST(OrderLife, ARefusedReplaceTakesItsDescendantsWithIt) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  const Answer b = w.replace(a.client_ref, 20, 100);
  w.replace(b.client_ref, 30, 100);
  const Answer d = w.replace(a.client_ref, 15, 100);
  w.venue(VenueEventType::Rejected, b.number);
  EXPECT_EQ(w.reserved(), 15);  // d replaces the head itself
  w.venue(VenueEventType::Replaced, d.number, 15, 100, a.number);
  EXPECT_EQ(w.reserved(), 15);
}

TYPED_TEST(OrderLife, AnAnsweredReplaceVoidsItsSiblingsAndKeepsItsOwn) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  const Answer b = w.replace(a.client_ref, 12, 100);
  const Answer sibling = w.replace(a.client_ref, 50, 100);
  w.replace(b.client_ref, 14, 100);
  w.venue(VenueEventType::Replaced, b.number, 12, 100, a.number);
  EXPECT_EQ(w.reserved(), 14);
  EXPECT_EQ(w.cancel(sibling.client_ref).disposition, Disposition::Ignore);
}

TYPED_TEST(OrderLife, AFifthReplaceInFlightIsRefused) {
  World<TypeParam> w;
  Answer last = w.buy(0, kBtcPerp, 10, 100);
  for (int i = 0; i < 4; ++i) {
    last = w.replace(last.client_ref, 10 + i, 100);
    EXPECT_TRUE(last.accepted());
  }
  EXPECT_EQ(w.replace(last.client_ref, 9, 100).reason, RejectReason::PendingReplaces);
}

TYPED_TEST(OrderLife, AReplaceOfWhatIsNotLiveIsIgnoredButUsesItsNumber) {
  World<TypeParam> w;
  EXPECT_EQ(w.replace(77, 5, 100).disposition, Disposition::Ignore);
  w.client_ref = 0;  // the same number again
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).disposition, Disposition::Ignore);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
}

TYPED_TEST(OrderLife, TheVenuesWordOnPriceAndQuantityHolds) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  w.venue(VenueEventType::Accepted, a.number, 6, 103);
  EXPECT_EQ(w.reserved(), 6);
  EXPECT_EQ(w.margin(0).costs, usd(18));
}

TYPED_TEST(OrderLife, ABrokenTradeIsTakenBackWithItsFee) {
  Parameters p = small_parameters();
  p.instruments[kBtcPerp.value].fee_ppm = 1'000;
  World<TypeParam> w(p);
  const Figures before = w.margin(0);
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  w.fill(a.number, 10, 99);
  EXPECT_NE(w.margin(0), before);
  VenueEvent broken;
  broken.time = {w.now};
  broken.type = VenueEventType::Broken;
  broken.number = a.number;
  broken.match = w.match;
  w.subject.apply(broken);
  EXPECT_EQ(w.margin(0), before);
}

// The venue is right about trades: an overfill and a late fill are booked, and the account may only
// close until somebody has looked.
TYPED_TEST(OrderLife, WhatShouldNotHaveHappenedIsBookedAndDisputed) {
  World<TypeParam> w;
  const Answer a = w.buy(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.venue(VenueEventType::Executed, a.number, 12, 100).anomaly, Anomaly::Overfill);
  EXPECT_EQ(w.margin(0).requirement, 12 * usd(16));
  EXPECT_EQ(w.buy(0, kEthPerp, 1, 100).reason, RejectReason::CloseOnly);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
  EXPECT_EQ(w.venue(VenueEventType::Executed, a.number, 1, 100).anomaly, Anomaly::LateEvent);
  w.subject.apply(Control{{w.now}, 0, {}, ControlScope::Account, ControlAction::Resume, {}});
  EXPECT_TRUE(w.buy(0, kEthPerp, 1, 100).accepted());
}

TYPED_TEST(OrderLife, ExitsAndCancelsHaveABudgetOfTheirOwn) {
  Parameters p = small_parameters();
  p.sessions[0].rate = {.per_second = 1, .burst = 3, .exit_per_second = 1, .exit_burst = 2};
  World<TypeParam> w(p);
  w.position(0, kBtcPerp, 10, 100);
  const Answer first = w.buy(0, kBtcPerp, 1, 100);
  EXPECT_TRUE(first.accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 0, 100).reason, RejectReason::InvalidQuantity);  // costs a token too
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, RejectReason::Rate);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());  // an exit, from the second budget
  EXPECT_TRUE(w.cancel(first.client_ref).accepted());
  EXPECT_EQ(w.cancel(first.client_ref).reason, RejectReason::Rate);
  EXPECT_EQ(w.sell(0, kBtcPerp, 1, 100).reason, RejectReason::Rate);
  w.now += kSecondNs;
  EXPECT_TRUE(w.cancel(first.client_ref).accepted());
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
}

// An order that is wrong in every way, put right one thing after the other: the reasons come in the
// order of the list.
TYPED_TEST(OrderLife, TheFirstReasonInTheListIsNamed) {
  Parameters p = small_parameters();
  LimitProfile tight = p.profiles[0];
  tight.open_orders_max = 1;
  tight.leverage_max_ppm = 2 * kPpm;
  InstrumentLimits& limits = tight.instruments[kBtcDated.value];
  limits.clip = {50};
  limits.notional_max = {usd(4'000)};
  limits.collar_ppm = 50'000;
  limits.long_max = {20};
  limits.restricted = true;
  p.profiles.push_back(tight);
  p.accounts[1].profile = 1;
  p.sessions[0].accounts = {AccountIndex{0}};
  World<TypeParam> w(p);
  w.balance(1, kUsd, usd(150) - usd(1'000'000));

  NewOrder o = w.order(1, kBtcDated, Side::Buy, 60, 0);
  o.form = RejectReason::InvalidDisplay;
  o.account = AccountIndex{};
  o.instrument = InstrumentIndex{};
  o.ord_type = OrdType::Market;
  o.unsupported = RejectReason::UnsupportedOrdType;
  o.flags = kPostOnly | kOffLot | kOffTick | kDuplicate | kReduceOnly | kOverloaded;
  o.min_quantity = {61};
  const auto control = [&](ControlScope scope, std::uint32_t target, ControlAction action) {
    w.subject.apply(Control{{w.now}, target, {}, scope, action, {}});
  };
  const auto condition = [&](Condition which, bool on) {
    w.subject.apply(SetCondition{{w.now}, which, on, {}});
  };
  for (const Condition c : {Condition::VenueHalted, Condition::VenueDown, Condition::VenueBusy,
                            Condition::JournalDegraded}) {
    condition(c, true);
  }
  control(ControlScope::Node, kVenue.value, ControlAction::Kill);
  control(ControlScope::Node, kMember.value, ControlAction::Suspend);
  control(ControlScope::Account, 1, ControlAction::CloseOnly);
  control(ControlScope::Instrument, kBtcDated.value, ControlAction::Kill);
  const auto reason = [&] {
    o.time = {w.now};
    return w.enter(o).reason;
  };

  EXPECT_EQ(reason(), RejectReason::InvalidDisplay);
  o.form = RejectReason::None;
  EXPECT_EQ(reason(), RejectReason::UnknownAccount);
  o.account = AccountIndex{1};
  EXPECT_EQ(reason(), RejectReason::UnknownInstrument);
  o.instrument = kBtcDated;
  EXPECT_EQ(reason(), RejectReason::VenueHalted);
  condition(Condition::VenueHalted, false);
  EXPECT_EQ(reason(), RejectReason::VenueDown);
  condition(Condition::VenueDown, false);
  EXPECT_EQ(reason(), RejectReason::VenueBusy);
  condition(Condition::VenueBusy, false);
  EXPECT_EQ(reason(), RejectReason::JournalDegraded);
  condition(Condition::JournalDegraded, false);
  EXPECT_EQ(reason(), RejectReason::Killed);
  control(ControlScope::Node, kVenue.value, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::Suspended);
  control(ControlScope::Node, kMember.value, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::CloseOnly);
  control(ControlScope::Account, 1, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::NotEntitled);
  o.session = SessionIndex{1};
  EXPECT_EQ(reason(), RejectReason::InstrumentHalted);
  control(ControlScope::Instrument, kBtcDated.value, ControlAction::Resume);
  EXPECT_EQ(reason(), RejectReason::UnsupportedOrdType);
  o.unsupported = RejectReason::None;
  EXPECT_EQ(reason(), RejectReason::MarketOrderNotAllowed);
  o.ord_type = OrdType::Limit;
  o.time_in_force = TimeInForce::FillOrKill;
  EXPECT_EQ(reason(), RejectReason::UnsupportedFlag);
  o.time_in_force = TimeInForce::Day;
  EXPECT_EQ(reason(), RejectReason::InvalidQuantity);
  o.flags = static_cast<std::uint16_t>(o.flags & ~kOffLot);
  EXPECT_EQ(reason(), RejectReason::InvalidMinQty);
  o.min_quantity = {0};
  EXPECT_EQ(reason(), RejectReason::PriceTick);
  o.flags = static_cast<std::uint16_t>(o.flags & ~kOffTick);
  o.price = {120};
  EXPECT_EQ(reason(), RejectReason::DuplicateOrder);
  o.flags = static_cast<std::uint16_t>(o.flags & ~kDuplicate);
  EXPECT_EQ(reason(), RejectReason::ClipSize);
  o.quantity = {50};
  EXPECT_EQ(reason(), RejectReason::MaxNotional);
  o.quantity = {30};
  w.now += kHour + 1;
  w.index(kUsd, 1);
  EXPECT_EQ(reason(), RejectReason::StaleReferencePrice);
  w.mark(kBtcDated, 100);
  w.position(1, kEthPerp, 1, 100);
  EXPECT_EQ(reason(), RejectReason::StaleRiskTable);
  w.mark(kEthPerp, 100);
  EXPECT_EQ(reason(), RejectReason::PriceCollar);
  o.price = {105};
  EXPECT_EQ(reason(), RejectReason::Restricted);
}

TYPED_TEST(OrderLife, AfterThePriceComeTheAmountsAndTheRatesLast) {
  Parameters p = small_parameters();
  LimitProfile tight = p.profiles[0];
  tight.open_orders_max = 1;
  tight.leverage_max_ppm = 10 * kPpm;
  tight.instruments[kBtcPerp.value].long_max = {30};
  p.profiles.push_back(tight);
  p.accounts[1].profile = 1;
  p.accounts[1].rate = {.per_second = 1, .burst = 6, .exit_per_second = 1, .exit_burst = 1};
  World<TypeParam> w(p);
  w.balance(1, kUsd, usd(150) - usd(1'000'000));
  const Answer resting = w.buy(1, kBtcPerp, 1, 100);
  ASSERT_TRUE(resting.accepted());

  NewOrder o = w.order(1, kBtcPerp, Side::Buy, 31, 100);
  o.flags = kReduceOnly | kOverloaded;
  const auto reason = [&] {
    o.time = {w.now};
    return w.enter(o).reason;
  };
  EXPECT_EQ(reason(), RejectReason::ReduceOnly);
  o.flags = kOverloaded;
  EXPECT_EQ(reason(), RejectReason::OpenOrders);
  w.venue(VenueEventType::Rejected, resting.number);
  EXPECT_EQ(reason(), RejectReason::LongLimit);
  o.quantity = {30};
  EXPECT_EQ(reason(), RejectReason::Leverage);  // 3,000 against ten times 150
  o.quantity = {15};
  EXPECT_EQ(reason(), RejectReason::Margin);  // 240 of 150
  o.quantity = {9};
  EXPECT_EQ(reason(), RejectReason::Rate);
  w.now += kSecondNs;
  EXPECT_EQ(reason(), RejectReason::Overload);
  w.now += kSecondNs;
  o.flags = 0;
  EXPECT_EQ(reason(), RejectReason::None);
}

}  // namespace
}  // namespace portcullis::support
