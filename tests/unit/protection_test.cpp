// Market-maker protection (METHOD 3.5), by hand, on the engine and on the naive model: what quotes
// are charged where the venue lets so many lots of them fill in one go, what add-ons count, and what
// exits are beside them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/method_world.h"

namespace portcullis::support::protection_test {
namespace {

using namespace portcullis::risk;

template <class Subject>
class Protection : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(Protection, Subjects);

constexpr GroupIndex kGroup0{0};
constexpr std::int64_t kMark = 100;

// Columns -10 % and +20 %; the perpetual of factor 0 at 100, and two rows in dollars. Account 0 is
// protected, account 1 is not.
struct Book {
  Parameters p = dollar_parameters();
  InstrumentIndex first;
  InstrumentIndex second;

  explicit Book(std::int64_t lots) {
    set_columns(p, {-100'000, 200'000});
    first = add_row(p);
    second = add_row(p);
    p.accounts[0].protections = {{kGroup0, Lots{lots}}};
  }
};

// A lot of the perpetual loses 10 and 20 on its worse side, of the rows 7 and 3, 2 and 30, and half a
// dollar by the rounding of each: the worst of them are 10 and 30.5.
template <class Subject>
struct Quoting : MethodWorld<Subject> {
  explicit Quoting(const Book& book) : MethodWorld<Subject>(book.p, kMark) {
    this->publish({-7, 3, 2, -30});
    for (const std::uint32_t account : {0u, 1u}) this->balance(account, kUsd, 100'000);
  }
  [[nodiscard]] std::int64_t needed(std::uint32_t account) {
    return this->margin(account).requirement;
  }
};

TYPED_TEST(Protection, QuotesAreChargedTheWorstOfAnyInstrumentAndNoMore) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  EXPECT_EQ(w.needed(0), 0);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 1, kMark).accepted());
  EXPECT_EQ(w.needed(0), 4 * 61 / 2);  // 30.5 of any instrument, whichever it is
  for (const InstrumentIndex i : {kBtcPerp, book.first, book.second}) {
    ASSERT_TRUE(w.buy(0, i, 50, kMark).accepted());
    ASSERT_TRUE(w.sell(0, i, 50, kMark).accepted());
  }
  EXPECT_EQ(w.needed(0), 122);
}

TYPED_TEST(Protection, TheChargeGoesWithTheLastQuote) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  w.position(0, kBtcPerp, 5, kMark);
  EXPECT_EQ(w.needed(0), 50);
  const Answer one = w.sell(0, book.first, 2, kMark);
  const Answer other = w.sell(0, kBtcPerp, 3, kMark);
  ASSERT_TRUE(one.accepted() && other.accepted());
  // 5 lots fall by 50, and quotes lose 40 there; they rise by 100, and quotes lose 122.
  EXPECT_EQ(w.needed(0), 90);
  w.fill(one.number, 2, kMark);
  EXPECT_EQ(w.needed(0), 90 - 14 + 1);
  w.venue(VenueEventType::Canceled, other.number, 3);
  EXPECT_EQ(w.needed(0), 50 - 14 + 1);
}

TYPED_TEST(Protection, TheChargeFollowsMarksAndTables) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  ASSERT_TRUE(w.buy(0, book.first, 1, kMark).accepted());
  w.mark(kBtcPerp, 200);  // a lot that is not even quoted loses 40 as it rises
  EXPECT_EQ(w.needed(0), 160);
  w.publish({-90, 0, 0, 0});
  EXPECT_EQ(w.needed(0), 362);
  w.publish({0, 0, 0, 0});
  w.mark(kBtcPerp, 100);
  EXPECT_EQ(w.needed(0), 80);
}

TYPED_TEST(Protection, OnlyItsAccountAndItsGroup) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  ASSERT_TRUE(w.buy(0, kEthPerp, 50, kMark).accepted());
  EXPECT_EQ(w.needed(0), 500);
  ASSERT_TRUE(w.buy(1, kBtcPerp, 50, kMark).accepted());
  EXPECT_EQ(w.needed(1), 500);
}

TYPED_TEST(Protection, DriversReachAsFarAsItLetsFill) {
  Book book(4);
  add_on(book.p, 0, {add_driver(book.p, 0, Measure::Lot, Reach::Gross, {book.first}, 1'000)},
         flat_rate(kPpm));
  Quoting<TypeParam> w(book);
  ASSERT_TRUE(w.buy(0, book.first, 3, kMark).accepted());
  EXPECT_EQ(w.needed(0), 122 + 3'000);
  ASSERT_TRUE(w.buy(0, book.first, 30, kMark).accepted());
  EXPECT_EQ(w.needed(0), 122 + 4'000);
  w.position(0, book.first, 2, kMark);
  EXPECT_EQ(w.needed(0), 122 - 6 + 1 + 6'000);  // 2 lots gain 3 each where the quotes lose most
}

// Costs are those of every quote: of 10 lots at 30 above the mark.
TYPED_TEST(Protection, CostsAreInFull) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  ASSERT_TRUE(w.buy(0, kBtcPerp, 10, kMark + 30).accepted());
  EXPECT_EQ(w.margin(0).costs, 300);
}

// 30.5 dollars a lot are 3.05e7 fines, of which 7.5e10 lots fit 2^61 and 7.6e10 do not.
TYPED_TEST(Protection, MoreThanFitsIsOutOfRange) {
  for (const std::int64_t lots : {75'000'000'000, 76'000'000'000}) {
    const Book book(lots);
    Quoting<TypeParam> w(book);
    w.balance(0, kUsd, 10'000'000'000'000);
    const bool fits = lots == 75'000'000'000;
    const Answer quote = w.buy(0, kBtcPerp, 1, kMark);
    EXPECT_EQ(quote.reason, fits ? RejectReason::None : RejectReason::ArithmeticRange);
    if (fits) {
      EXPECT_EQ(w.needed(0), lots * 61 / 2);
    }
  }
}

// METHOD 3.5: 510 series quoted 1 a side cost 3.9 million with all subsets, 0.35 million with 12
// lots. Here 51 series, each of which loses 1,000 to 1,050 and as much in the other column.
TYPED_TEST(Protection, ManySeriesCostAFewLots) {
  constexpr int kSeries = 51;
  Book book(12);
  std::vector<std::int32_t> gains{-7, 3, 2, -30};
  std::vector<InstrumentIndex> series;
  for (int i = 0; i < kSeries; ++i) {
    series.push_back(add_row(book.p));
    gains.insert(gains.end(), {-1'000 - i, 1'000 + i});
  }
  book.p.capacities.positions = 2 * kSeries;
  MethodWorld<TypeParam> w(book.p, kMark);
  w.publish(gains);
  for (const std::uint32_t account : {0u, 1u}) {
    w.balance(account, kUsd, 1'000'000);
    for (const InstrumentIndex i : series) {
      ASSERT_TRUE(w.buy(account, i, 1, kMark).accepted());
      ASSERT_TRUE(w.sell(account, i, 1, kMark).accepted());
    }
  }
  const std::int64_t in_full = w.margin(1).requirement;
  EXPECT_EQ(in_full, kSeries * (1'000 + 1'050) / 2 + 26);
  EXPECT_EQ(w.margin(0).requirement, 12 * 1'050 + 6);
  EXPECT_LT(w.margin(0).requirement * 4, in_full);
}

// --- exits

// A breached account with no quotes can close: an exit is none, and is counted in full.
TYPED_TEST(Protection, AnExitBringsNoneOfIt) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  w.position(0, kBtcPerp, 20, kMark);
  w.balance(0, kUsd, 150 - 100'000);
  EXPECT_EQ(w.margin(0).available, -50);
  const Answer close = w.sell(0, kBtcPerp, 20, kMark);
  ASSERT_TRUE(close.accepted());
  EXPECT_TRUE(close.exit);
  EXPECT_EQ(w.needed(0), 200);
  w.fill(close.number, 15, kMark);
  EXPECT_EQ(w.needed(0), 50);
}

// Two closes of more lots than the protection lets fill, of which each is an exit beside the position
// alone: the first counts in full, so that the second, with which the position would flip, is none.
TYPED_TEST(Protection, ExitsOfManyLotsCountTogether) {
  const Book book(1);
  Quoting<TypeParam> w(book);
  w.position(0, kBtcPerp, 20, kMark);
  ASSERT_TRUE(w.buy(0, book.first, 1, kMark - 50).accepted());  // a quote
  w.balance(0, kUsd, -100'000);
  const Answer most = w.sell(0, kBtcPerp, 19, kMark);
  EXPECT_TRUE(most.accepted() && most.exit);
  EXPECT_FALSE(w.sell(0, kBtcPerp, 19, kMark).accepted());
  const Answer rest = w.sell(0, kBtcPerp, 1, kMark);
  EXPECT_TRUE(rest.accepted() && rest.exit);
}

// With room for what the protection lets fill the same order is a quote, and costs it.
TYPED_TEST(Protection, ACloseWithRoomIsAQuote) {
  const Book book(4);
  Quoting<TypeParam> w(book);
  w.position(0, kBtcPerp, 20, kMark);
  const Answer close = w.sell(0, kBtcPerp, 20, kMark);
  ASSERT_TRUE(close.accepted());
  EXPECT_FALSE(close.exit);
  EXPECT_EQ(w.needed(0), 240);
  // As a replace that is an exit, it counts in full again.
  w.venue(VenueEventType::Accepted, close.number, 20, kMark);
  w.balance(0, kUsd, 210 - 100'000);
  const Answer replaced = w.replace(close.client_ref, 20, kMark);
  ASSERT_TRUE(replaced.accepted());
  EXPECT_TRUE(replaced.exit);
  EXPECT_EQ(w.needed(0), 200);
}

}  // namespace
}  // namespace portcullis::support::protection_test
