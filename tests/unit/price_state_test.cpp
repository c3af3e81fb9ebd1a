// A reference price that is unsafe (SetPriceState): what is refused for it and with which reason, and
// that exits pass, on the engine and on the naive model.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::price_state_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

template <class Subject>
class PriceStates : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(PriceStates, Subjects);

Parameters collared() {
  Parameters p = small_parameters();
  p.assets.push_back(p.assets[kBtc.value]);
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 50'000;
  return p;
}
constexpr AssetIndex kUnheld{2};

// Coins at 100 dollars. The account is long and short as much, holds both currencies, and has a buy
// and a sale resting; it can afford everything.
template <class Subject>
struct World : Driver<Subject> {
  World() : Driver<Subject>(collared()) {
    this->index(kUsd, 1);
    this->index(kBtc, 100);
    this->index(kUnheld, 100);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) this->mark(i, 100);
    this->balance(0, kUsd, usd(1'000'000));
    this->balance(0, kBtc, 100'000'000);
    this->position(0, kBtcPerp, 10, 100);
    this->position(0, kBtcDated, -10, 100);
    bid = this->buy(0, kBtcPerp, 1, 99);
    ask = this->sell(0, kBtcPerp, 1, 101);
  }
  Answer bid;
  Answer ask;
};

struct Price {
  std::string name;
  PriceKind kind = PriceKind::Mark;
  std::uint32_t target = 0;
};
const std::vector<Price> kPrices{{"own mark", PriceKind::Mark, kBtcPerp.value},
                                 {"mark of another position", PriceKind::Mark, kBtcDated.value},
                                 {"mark of no position", PriceKind::Mark, kEthPerp.value},
                                 {"settlement index", PriceKind::Index, kUsd.value},
                                 {"index of collateral", PriceKind::Index, kBtc.value},
                                 {"index of nothing held", PriceKind::Index, kUnheld.value}};

template <class Subject>
struct Row {
  std::string order;
  Answer (*send)(World<Subject>& w);
  RejectReason safe;                 // with every price safe
  std::vector<RejectReason> unsafe;  // by kPrices, with that one unsafe
};

template <class Subject>
std::vector<Row<Subject>> rows() {
  using W = World<Subject>;
  constexpr RejectReason U = ReferencePriceUnsafe;
  constexpr RejectReason C = PriceCollar;
  const std::vector<RejectReason> increase{U, U, None, U, U, None};
  const std::vector<RejectReason> exit{None, None, None, None, None, None};
  return {
      {"buy", [](W& w) { return w.buy(0, kBtcPerp, 1, 100); }, None, increase},
      {"market buy", [](W& w) { return w.market(0, kBtcPerp, Side::Buy, 1); }, None, increase},
      {"buy beyond the collar",
       [](W& w) { return w.buy(0, kBtcPerp, 1, 106); },
       C,
       {U, U, C, U, U, C}},
      {"larger bid", [](W& w) { return w.replace(w.bid.client_ref, 2, 99); }, None, increase},
      {"smaller bid", [](W& w) { return w.replace(w.bid.client_ref, 1, 98); }, None, increase},
      {"sale through 0", [](W& w) { return w.sell(0, kBtcPerp, 10, 100); }, None, increase},
      {"sale of the rest", [](W& w) { return w.sell(0, kBtcPerp, 9, 100); }, None, exit},
      {"larger ask", [](W& w) { return w.replace(w.ask.client_ref, 10, 101); }, None, exit},
      {"market sale", [](W& w) { return w.market(0, kBtcPerp, Side::Sell, 9); }, None, exit},
      {"sale beyond the collar",
       [](W& w) { return w.sell(0, kBtcPerp, 1, 94); },
       C,
       {None, C, C, C, C, C}},
      {"cancel", [](W& w) { return w.cancel(w.bid.client_ref); }, None, exit},
  };
}

TYPED_TEST(PriceStates, ATableOfOrdersAndUnsafePrices) {
  for (const auto& row : rows<TypeParam>()) {
    World<TypeParam> quiet;
    EXPECT_EQ(info(row.send(quiet).reason).name, info(row.safe).name) << row.order;
    for (std::size_t p = 0; p < kPrices.size(); ++p) {
      SCOPED_TRACE(row.order + ", " + kPrices[p].name);
      World<TypeParam> w;
      w.state(kPrices[p].kind, kPrices[p].target, PriceState::Unsafe);
      EXPECT_EQ(info(row.send(w).reason).name, info(row.unsafe[p]).name);
      World<TypeParam> again;
      again.state(kPrices[p].kind, kPrices[p].target, PriceState::Unsafe);
      again.state(kPrices[p].kind, kPrices[p].target, PriceState::Safe);
      EXPECT_EQ(info(row.send(again).reason).name, info(row.safe).name) << "safe again";
    }
  }
}

// The age of an unsafe price refuses nothing more, and that of a safe one does as ever.
TYPED_TEST(PriceStates, TheLastGoodMarkStaysAndItsAgeRefusesNoExit) {
  World<TypeParam> w;
  w.state(kBtcPerp, PriceState::Unsafe);
  w.now += 3 * kHour;
  w.index(kUsd, 1);
  w.index(kBtc, 100);
  w.mark(kBtcDated, 100);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, ReferencePriceUnsafe);
  const Answer market = w.market(0, kBtcPerp, Side::Sell, 1);
  EXPECT_TRUE(market.accepted());
  EXPECT_EQ(market.price, 95);  // the last good mark and the collar
  EXPECT_TRUE(w.sell(0, kBtcPerp, 8, 1).accepted());
  w.state(kBtcPerp, PriceState::Safe);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, StaleReferencePrice);
  w.mark(kBtcPerp, 100);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
}

// Only the word that it is safe makes it so: prices that come in are taken, and the mark follows.
TYPED_TEST(PriceStates, AFreshPriceDoesNotMakeItSafe) {
  World<TypeParam> w;
  w.state(kBtcPerp, PriceState::Unsafe);
  w.state(kUsd, PriceState::Unsafe);
  w.mark(kBtcPerp, 200);
  w.index(kUsd, 1);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 200).reason, ReferencePriceUnsafe);
  EXPECT_EQ(w.market(0, kBtcPerp, Side::Sell, 1).price, 190);
  w.state(kBtcPerp, PriceState::Safe);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 200).reason, ReferencePriceUnsafe) << "the index";
  w.state(kUsd, PriceState::Safe);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 200).accepted());
}

// A price that nobody has told yet is missing, safe or not; exits by position pass.
TYPED_TEST(PriceStates, WhereNothingWasEverPricedItIsMissing) {
  Driver<TypeParam> w(small_parameters());
  w.state(kBtcPerp, PriceState::Unsafe);
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, NoReferencePrice);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 1, 100).accepted());
}

// What asks whether R holds cannot tell: nothing leaves, no state changes.
TYPED_TEST(PriceStates, NothingIsPaidOutAndNoStateChanges) {
  World<TypeParam> w;
  const auto withdraw = [&] { return w.settle(Transfer{{w.now}, 1, {0}, {}, kUsd, {}}); };
  const auto borrow = [&] { return w.settle(Borrow{{w.now}, 1, {0}, kUnheld}); };
  EXPECT_EQ(withdraw(), None);
  w.state(kBtcDated, PriceState::Unsafe);
  EXPECT_EQ(withdraw(), ReferencePriceUnsafe);
  EXPECT_EQ(w.settle(Transfer{{w.now}, 1, {}, {0}, kUsd, {}}), None) << "a deposit";
  w.state(kBtcDated, PriceState::Safe);
  EXPECT_EQ(withdraw(), None);
  w.state(kUnheld, PriceState::Unsafe);
  EXPECT_EQ(borrow(), ReferencePriceUnsafe);
}

TYPED_TEST(PriceStates, AMarginStateStaysWhatItIs) {
  Parameters p = small_parameters();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
  Driver<TypeParam> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.balance(0, kUsd, usd(1));
  w.position(0, kBtcPerp, 10, 100);  // needs 160
  w.state(kBtcPerp, PriceState::Unsafe);
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  EXPECT_EQ(w.subject.state({0}), MarginState::Normal);
  w.state(kBtcPerp, PriceState::Safe);
  w.subject.apply(Recheck{{w.now}, {0}, {}});
  EXPECT_EQ(w.subject.state({0}), MarginState::Restricted);
}

// States of prices are in the hash and in what is saved; what is cached of them is recomputed.
TEST(PriceStatesOfTheEngine, AreSavedAndHashed) {
  World<Engine> w;
  const std::uint64_t safe = w.subject.state_hash();
  w.state(kBtcPerp, PriceState::Unsafe);
  const std::uint64_t mark = w.subject.state_hash();
  w.state(kBtc, PriceState::Unsafe);
  const std::uint64_t both = w.subject.state_hash();
  EXPECT_NE(safe, mark);
  EXPECT_NE(mark, both);
  EXPECT_EQ(w.subject.verify(), nullptr);

  std::vector<std::byte> bytes(w.subject.saved_bytes());
  w.subject.save(bytes);
  Engine loaded(collared());
  ASSERT_EQ(loaded.load(bytes), nullptr);
  EXPECT_EQ(loaded.mark_state(kBtcPerp), PriceState::Unsafe);
  EXPECT_EQ(loaded.index_state(kBtc), PriceState::Unsafe);
  EXPECT_EQ(loaded.mark_state(kEthPerp), PriceState::Safe);
  EXPECT_EQ(loaded.state_hash(), both);
  NewOrder order = w.order(0, kBtcPerp, Side::Buy, 1, 100);
  order.client_ref = w.client_ref + 1;
  EXPECT_EQ(loaded.submit(order).reason, ReferencePriceUnsafe);

  w.state(kBtc, PriceState::Safe);
  w.state(kBtcPerp, PriceState::Safe);
  EXPECT_EQ(w.subject.state_hash(), safe);
  EXPECT_EQ(w.subject.verify(), nullptr);
}

}  // namespace
}  // namespace portcullis::support::price_state_test
