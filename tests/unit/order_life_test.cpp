// The life of an order by hand-made cases, on the engine and on the naive model: what a chain
// reserves through every answer of the venue, and the two rate budgets.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::order_life_test {
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

}  // namespace
}  // namespace portcullis::support::order_life_test
