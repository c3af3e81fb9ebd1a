// Collars of options (METHOD 3.6): the largest of a share of the mark, a share of the underlying and
// ticks, on the engine and on the naive model.
#include <gtest/gtest.h>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::collar_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

template <class Subject>
class Collar : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(Collar, Subjects);

// Like an option on half a coin: kBtcDated, whose reference is kBtcPerp.
constexpr InstrumentIndex kOption = kBtcDated;

struct Widths {
  std::int64_t mark_ppm = 0;
  std::int32_t underlying_ppm = 0;
  std::int32_t ticks = 0;
};

template <class Subject>
struct World : Driver<Subject> {
  explicit World(const Widths& widths, std::int64_t marks_per_tick = 1)
      : Driver<Subject>(parameters(widths, marks_per_tick)) {
    this->index(kUsd, 1);
    this->mark(kBtcPerp, 1'000);
    this->mark(kOption, 10);
    this->balance(0, kUsd, std::int64_t{1} << 40);
  }

  static Parameters parameters(const Widths& widths, std::int64_t marks_per_tick) {
    Parameters p = small_parameters();
    p.instruments[kOption.value].reference = kBtcPerp;
    p.instruments[kOption.value].reference_lots_ppm = 500'000;
    p.instruments[kOption.value].marks_per_tick = marks_per_tick;
    p.instruments[kOption.value].market_orders = true;
    InstrumentLimits& limits = p.profiles[0].instruments[kOption.value];
    limits.collar_ppm = widths.mark_ppm;
    limits.collar_underlying_ppm = widths.underlying_ppm;
    limits.collar_ticks = widths.ticks;
    return p;
  }

  void expect_range(std::int64_t lowest, std::int64_t highest) {
    EXPECT_EQ(this->sell(0, kOption, 1, lowest).reason, None);
    if (lowest > 1) {
      EXPECT_EQ(this->sell(0, kOption, 1, lowest - 1).reason, PriceCollar);
    }
    EXPECT_EQ(this->buy(0, kOption, 1, highest).reason, None);
    EXPECT_EQ(this->buy(0, kOption, 1, highest + 1).reason, PriceCollar);
    const Answer sold = this->market(0, kOption, Side::Sell, 1);
    EXPECT_EQ(sold.reason, None);
    EXPECT_EQ(sold.price, lowest);
    const Answer bought = this->market(0, kOption, Side::Buy, 1);
    EXPECT_EQ(bought.reason, None);
    EXPECT_EQ(bought.price, highest);
  }
};

TYPED_TEST(Collar, TheLargestOfTheThreeBinds) {
  World<TypeParam>({.mark_ppm = 200'000}).expect_range(8, 12);
  World<TypeParam>({.underlying_ppm = 6'000}).expect_range(7, 13);
  World<TypeParam>({.ticks = 4}).expect_range(6, 14);
  World<TypeParam>({.mark_ppm = 500'000, .underlying_ppm = 6'000, .ticks = 4}).expect_range(5, 15);
  World<TypeParam>({.mark_ppm = 200'000, .underlying_ppm = 12'000, .ticks = 4}).expect_range(4, 16);
  World<TypeParam>({.mark_ppm = 200'000, .underlying_ppm = 6'000, .ticks = 7}).expect_range(3, 17);
}

// Of a lot's reference, half a coin, and not of a coin; and no part of a tick beyond it.
TYPED_TEST(Collar, AShareOfTheUnderlyingFollowsTheReference) {
  World<TypeParam> w({.underlying_ppm = 5'999});
  w.expect_range(8, 12);  // 2.9995
  w.mark(kBtcPerp, 1'001);
  w.expect_range(7, 13);  // 3.0024995
  w.mark(kBtcPerp, 1'666);
  w.expect_range(6, 14);
  w.mark(kOption, 20);
  w.expect_range(16, 24);
}

// In ticks of two and a half mark units a mark of 10 is four of them.
TYPED_TEST(Collar, OfTicksIsThatOfTheInstrument) {
  World<TypeParam> w({.ticks = 2}, 5);
  w.mark(kOption, 52);
  w.expect_range(9, 12);  // 52 - 10 is 8.4 ticks, 52 + 10 is 12.4
}

// A collar wider than the price leaves every price to sell at, and a market order goes out at the first.
TYPED_TEST(Collar, AWideOneLeavesEveryPriceToSellAt) {
  World<TypeParam>({.underlying_ppm = 100'000}).expect_range(1, 60);
  World<TypeParam>({.ticks = 10}).expect_range(1, 20);
  World<TypeParam>({.mark_ppm = kPpm}).expect_range(1, 20);
}

TYPED_TEST(Collar, WithoutAPriceOfTheReferenceTheOthersHold) {
  World<TypeParam> w({.mark_ppm = 200'000, .underlying_ppm = 100'000, .ticks = 4});
  w.position(0, kOption, 10, 10);
  w.mark(kBtcPerp, 0);
  EXPECT_EQ(w.sell(0, kOption, 1, 5).reason, PriceCollar);
  EXPECT_EQ(w.sell(0, kOption, 1, 6).reason, None);
  // And without one of its own there is nothing to send a market order at.
  w.mark(kOption, 0);
  EXPECT_EQ(w.market(0, kOption, Side::Sell, 1).reason, NoReferencePrice);
  EXPECT_EQ(w.market(0, kOption, Side::Buy, 1).reason, NoReferencePrice);
}

}  // namespace
}  // namespace portcullis::support::collar_test
