// Option tables that lag (METHOD 3.9), by hand, on the engine and on the naive model: how far marks may
// move from a table's anchors, and what a column counts over the lag states.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/method_world.h"
#include "tests/support/option_world.h"

namespace portcullis::support::table_lag_rules_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class TableLag : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(TableLag, Subjects);

constexpr std::int64_t kMark = 100'000;

// Columns -10 % and +20 %; the perpetual of factor 0, and a row in dollars whose table may lag by half
// a percent.
struct Book {
  Parameters p = dollar_parameters();
  InstrumentIndex option;

  Book() {
    set_columns(p, {-100'000, 200'000});
    option = add_row(p);
    p.groups[0].table_move_max_ppm = 5'000;
  }
};

template <class Subject>
struct Lagging : MethodWorld<Subject> {
  explicit Lagging(const Book& book, std::int64_t price = kMark)
      : MethodWorld<Subject>(book.p, price), option(book.option) {
    this->balance(0, kUsd, 10'000'000);
  }
  // A row that gains nothing, whatever happens.
  bool publish(std::vector<Anchor> anchors) {
    RiskTable table;
    table.group = {0};
    table.gains.assign(this->subject.parameters().groups[0].raw_columns(), 0);
    table.measures.resize(1);
    table.anchors = std::move(anchors);
    return this->publish_table(std::move(table));
  }
  bool publish_at(std::int64_t mark) { return publish({{kBtcPerp, {mark}}}); }
  RejectReason buy_one() { return this->buy(0, option, 1, kMark).reason; }
  // Nothing is kept that prices and tables do not say.
  void verify() {
    if constexpr (!MethodWorld<Subject>::kModel) {
      EXPECT_STREQ(this->subject.verify(), nullptr);
    }
  }

  InstrumentIndex option;
};

// --- the bound on how far marks move

TYPED_TEST(TableLag, IncreasesAreRefusedWhileAMarkIsTooFarFromItsAnchor) {
  Lagging<TypeParam> w{Book()};
  ASSERT_TRUE(w.publish_at(kMark));
  const std::pair<std::int64_t, RejectReason> marks[] = {
      {100'500, RejectReason::None},           {100'501, RejectReason::StaleRiskTable},
      {100'500, RejectReason::None},           {99'500, RejectReason::None},
      {99'499, RejectReason::StaleRiskTable},  {1, RejectReason::StaleRiskTable},
      {200'000, RejectReason::StaleRiskTable}, {kMark, RejectReason::None}};
  for (const auto& [mark, reason] : marks) {
    w.mark(kBtcPerp, mark);
    EXPECT_EQ(w.buy_one(), reason) << mark;
    w.verify();
  }
}

TYPED_TEST(TableLag, ANewTableMovesTheAnchor) {
  Lagging<TypeParam> w{Book()};
  ASSERT_TRUE(w.publish_at(kMark));
  w.mark(kBtcPerp, 101'000);
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  ASSERT_TRUE(w.publish_at(101'000));
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.verify();
  ASSERT_TRUE(w.publish_at(100'000));  // of a moment that has gone
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.verify();
  ASSERT_TRUE(w.publish({}));  // holds for its whole age
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.mark(kBtcPerp, 50'000);
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.verify();
}

TYPED_TEST(TableLag, EachAnchorCounts) {
  Lagging<TypeParam> w{Book()};
  ASSERT_TRUE(w.publish({{kBtcPerp, {kMark}}, {kBtcDated, {kMark}}}));
  w.mark(kBtcPerp, 101'000);
  w.mark(kBtcDated, 101'000);
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.mark(kBtcPerp, kMark);
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.mark(kBtcDated, kMark);
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.verify();
}

// What the account holds in the table stales it too; an account without is not concerned.
TYPED_TEST(TableLag, ExitsPassAndOtherAccountsDo) {
  Lagging<TypeParam> w{Book()};
  w.balance(1, kUsd, 10'000'000);
  w.position(0, w.option, 3, kMark);
  ASSERT_TRUE(w.publish_at(kMark));
  w.mark(kBtcPerp, 110'000);
  EXPECT_EQ(w.buy(0, w.option, 1, kMark).reason, RejectReason::StaleRiskTable);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 110'000).reason, RejectReason::StaleRiskTable);
  EXPECT_TRUE(w.sell(0, w.option, 3, kMark).accepted());
  EXPECT_TRUE(w.buy(1, kBtcPerp, 1, 110'000).accepted());
  w.verify();
}

TYPED_TEST(TableLag, WithoutABoundAnchorsMeanNothing) {
  Book book;
  book.p.groups[0].table_move_max_ppm = 0;
  Lagging<TypeParam> w{book};
  ASSERT_TRUE(w.publish_at(kMark));
  w.mark(kBtcPerp, 1);
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.verify();
}

// The anchor of what has no mark yet is as far as can be.
TYPED_TEST(TableLag, ATableIsOutOfBoundsUntilItsAnchorsHaveMarks) {
  Book book;
  const InstrumentIndex unpriced = add_instrument(book.p, book.p.instruments[kBtcPerp.value]);
  Lagging<TypeParam> w{book};
  w.subject.apply(MarkUpdate{{w.now}, {w.now}, {0}, unpriced, {}});
  ASSERT_TRUE(w.publish({{unpriced, {kMark}}}));
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.mark(unpriced, kMark);
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.verify();
}

// A split moves the mark: until a table is there that was built beside the new one.
TYPED_TEST(TableLag, ASplitOfTheAnchorTakesTheTableOutOfBounds) {
  Lagging<TypeParam> w{Book()};
  ASSERT_TRUE(w.publish_at(kMark));
  EXPECT_TRUE(w.subject.apply(Split{{w.now}, {kMark / 2}, 2, 1, kBtcPerp}));
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.verify();
  ASSERT_TRUE(w.publish_at(kMark / 2));
  EXPECT_EQ(w.buy_one(), RejectReason::None);
}

TYPED_TEST(TableLag, ATableOfBadAnchorsIsRefusedAndTheLastOneStays) {
  Lagging<TypeParam> w{Book()};
  ASSERT_TRUE(w.publish_at(kMark));
  const Anchor perp{kBtcPerp, {50'000}};
  EXPECT_FALSE(w.publish({perp, perp}));
  EXPECT_FALSE(w.publish({perp, {kEthPerp, {kMark}}}));  // of another group
  EXPECT_FALSE(w.publish({perp, {{99}, {kMark}}}));
  EXPECT_FALSE(w.publish({perp, {{}, {kMark}}}));
  EXPECT_FALSE(w.publish({{kBtcPerp, {0}}}));
  EXPECT_FALSE(w.publish({{kBtcPerp, {-1}}}));
  EXPECT_EQ(w.buy_one(), RejectReason::None);
  w.mark(kBtcPerp, 100'501);
  EXPECT_EQ(w.buy_one(), RejectReason::StaleRiskTable);
  w.verify();
}

// --- lag states

// Of the row in its three states, with half a dollar for its rounding, beside a perpetual at 100:
//            -10 %                    +20 %
//   as is    -10 + 5 - 0.5 = -5.5     20 - 5 - 0.5  =  14.5
//   down     -10 + 1 - 0.5 = -9.5     20 - 30 - 0.5 = -10.5
//   up       -10 - 2 - 0.5 = -12.5    20 + 3 - 0.5  =  22.5
//   least                    -12.5                    -10.5
struct Folded : Book {
  const std::vector<std::int32_t> gains{5, -5, 1, -30, -2, 3};
};

template <class Subject>
std::int64_t required(const Folded& book) {
  Lagging<Subject> w(book, 100);
  w.MethodWorld<Subject>::publish(book.gains);
  w.position(0, kBtcPerp, 1, 100);
  w.position(0, book.option, 1, 100);
  w.verify();
  return w.requirement();
}

TYPED_TEST(TableLag, AColumnCountsAtTheLeastOfItsLagStates) {
  Folded book;
  EXPECT_EQ(required<TypeParam>(book), 13);
  // The mean of both; state by state it would be 10 at the most.
  book.p.sets[0].measure = SetMeasure::ExpectedShortfall;
  EXPECT_EQ(required<TypeParam>(book), 12);
  book.p.groups[0].table_move_max_ppm = 1;  // however little
  EXPECT_EQ(required<TypeParam>(book), 12);
}

// Group by group, before gains offset and before columns are added up: ETH loses 10 and gains 20 more,
// of which half offsets.
TYPED_TEST(TableLag, JointSetsAddTheFoldedColumns) {
  Folded book;
  for (GroupParameters& group : book.p.groups) group.kappa_ppm = 500'000;
  book.p.sets[0].scope = SetScope::Joint;
  const auto with_eth = [&](std::int64_t lots) {
    Lagging<TypeParam> w(book, 100);
    w.MethodWorld<TypeParam>::publish(book.gains);
    w.position(0, kBtcPerp, 1, 100);
    w.position(0, book.option, 1, 100);
    w.position(0, kEthPerp, lots, 100);
    const std::int64_t required = w.requirement();
    w.verify();
    return required;
  };
  EXPECT_EQ(with_eth(1), 23);   // -12.5 - 10
  EXPECT_EQ(with_eth(-1), 31);  // -10.5 - 20
  EXPECT_EQ(with_eth(0), 13);
}

// Quotes under a protection lose in each state what its worst instrument does there: 10 and 20 as it is
// and moved up, 10 and 30.5 moved down.
TYPED_TEST(TableLag, ProtectedQuotesCountTheWorstOfEachState) {
  Folded book;
  book.p.accounts[0].protections = {{GroupIndex{0}, Lots{4}}};
  Lagging<TypeParam> w(book, 100);
  w.MethodWorld<TypeParam>::publish(book.gains);
  ASSERT_TRUE(w.buy(0, book.option, 50, 100).accepted());
  EXPECT_EQ(w.requirement(), 122);
  w.verify();
}

// An order is charged by the worse of the states at its own fill.
TYPED_TEST(TableLag, OrdersAreFoldedWithPositions) {
  Folded book;
  Lagging<TypeParam> w(book, 100);
  w.MethodWorld<TypeParam>::publish(book.gains);
  ASSERT_TRUE(w.buy(0, book.option, 2, 100).accepted());
  EXPECT_EQ(w.requirement(), 61);  // moved down: 2 * 30, and 1 for the rounding
  ASSERT_TRUE(w.sell(0, book.option, 3, 100).accepted());
  EXPECT_EQ(w.requirement(), 62);  // 1.5 for the rounding
  ASSERT_TRUE(w.sell(0, book.option, 7, 100).accepted());
  EXPECT_EQ(w.requirement(), 65);  // 5 of it
  w.verify();
}

// --- METHOD 3.9's example

// 100 straddles short, 30 days at 46.5 %: what a lag of half a percent asks for beside the 1,108,094
// without one, by the slopes of the account's vector, and by the lag states.
TEST(TableLagExample, ShortStraddlesThatLagByHalfAPercent) {
  const OptionWorld world({.years = 30.0 / 365, .volatility = 0.465, .strikes = {1.0}});
  const OptionBook straddles{.lines = {{0, -100}, {1, -100}}};
  const std::int64_t fresh = world.required(straddles, 0, {});
  const std::int64_t lagging = world.required(straddles, 5'000, {});
  EXPECT_EQ(fresh, 1'108'094 + 1);  // half a cent of each lot may be rounded
  EXPECT_EQ(lagging, 1'108'094 + 31'819 + 2);
  // That is what a table built at the worse end says, and no more.
  EXPECT_EQ(lagging, world.required_by_fresh_tables(straddles, {0.005}));
  EXPECT_LT(world.required_by_fresh_tables(straddles, {-0.005}), fresh);

  // By the slopes: the most of lag * ((1 + m) * |slope(m)| + |slope(0)|) over neighbouring nodes.
  double by_slopes = 0;
  for (const feeds::VolatilityShift shift :
       {feeds::VolatilityShift::Down, feeds::VolatilityShift::None, feeds::VolatilityShift::Up}) {
    const auto value = [&](int step) { return world.gain(straddles, step, shift); };
    const auto unmoved = [&](int step) {
      return world.gain(straddles, step, feeds::VolatilityShift::None);
    };
    const double step_size = OptionWorld::kStepPpm / 1e6;
    const double at_zero = std::abs(unmoved(1) - unmoved(-1)) / (2 * step_size);
    for (int step = -4; step < 4; ++step) {
      const double slope = std::abs(value(step + 1) - value(step)) / step_size;
      by_slopes = std::max(by_slopes, 0.005 * ((1 + (step + 1) * step_size) * slope + at_zero));
    }
  }
  EXPECT_NEAR(by_slopes, 50'330, 1);
}

}  // namespace
}  // namespace portcullis::support::table_lag_rules_test
