// Defects that are known of other risk gates, each as the book that shows it.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/support/method_world.h"

namespace portcullis::support::known_defects_test {
namespace {

using namespace portcullis::risk;

using World = MethodWorld<Engine>;

Decision submit(World& w, NewOrder order) {
  order.client_ref = ++w.client_ref;
  return w.subject.submit(order);
}

// --- what is summed

// A sum over positions that keeps the last loss only, or lets a gain hide the others': every line
// counts, in whatever order its price is told.
TEST(KnownDefects, ASumLosesTheLossesOfOtherPositions) {
  const Parameters p = columns_world({{-100'000}, {-100'000}, {-100'000}, {-100'000}});
  constexpr std::array<std::int64_t, 4> kMarks = {70, 130, 95, 60};
  constexpr std::array<std::int64_t, 4> kLots = {5, 1, -4, 2};
  const std::int64_t result = 5 * -30 + 1 * 30 - 4 * -5 + 2 * -40;
  const std::int64_t required = (5 * 70 + 1 * 130 - 4 * 95 + 2 * 60) / 10;
  for (std::uint32_t first = 0; first < 4; ++first) {
    World w(p);
    w.balance(0, kUsd, 1'000);
    for (std::uint32_t i = 0; i < 4; ++i) w.position(0, {i}, kLots[i], 100);
    for (std::uint32_t k = 0; k < 4; ++k) {
      const std::uint32_t i = (first + k) % 4;
      w.mark({i}, kMarks[i]);
      EXPECT_LE(w.requirement(), w.equity());
    }
    EXPECT_EQ(w.margin(0), (Figures{1'000 + result, 0, required, 1'000 + result - required}));
    EXPECT_EQ(w.subject.verify(), nullptr);
  }
}

// A gain that is counted as it is realised and again as it was not: closing pays once, and realising
// changes nothing.
TEST(KnownDefects, ARealisedProfitIsCountedTwice) {
  World w(columns_world({{-100'000}}));
  w.balance(0, kUsd, 1'000);
  w.position(0, InstrumentIndex{0}, 10, 100);
  w.mark(InstrumentIndex{0}, 130);
  const Figures before = w.margin(0);
  EXPECT_EQ(before.equity, 1'300);
  w.subject.realise({0});
  EXPECT_EQ(w.margin(0), before);
  EXPECT_EQ(w.subject.balance({0}, kUsd).raw, 1'300);
  const Answer close = w.sell(0, InstrumentIndex{0}, 10, 130);
  w.fill(close.number, 4, 130);
  EXPECT_EQ(w.equity(), 1'300);
  w.subject.realise({0});
  w.fill(close.number, 6, 130);
  EXPECT_EQ(w.margin(0), (Figures{1'300, 0, 0, 1'300}));
  EXPECT_EQ(w.subject.balance({0}, kUsd).raw, 1'300);
}

// --- checks that are left out

// An account that nobody knows, or that the session may not use, passes for want of limits.
TEST(KnownDefects, AnUnknownAccountPasses) {
  Parameters p = columns_world({{-100'000}});
  p.sessions[0].accounts = {AccountIndex{1}};
  World w(p);
  for (const std::uint32_t account : {0u, 1u}) w.balance(account, kUsd, 1'000'000);
  NewOrder order = w.order(1, InstrumentIndex{0}, Side::Buy, 1, 100);
  EXPECT_EQ(submit(w, order).disposition, Disposition::Forward);
  order.account = AccountIndex{0};
  EXPECT_EQ(submit(w, order).reason, RejectReason::NotEntitled);
  order.account = AccountIndex{};
  EXPECT_EQ(submit(w, order).reason, RejectReason::UnknownAccount);
  order.flags = kReduceOnly;
  EXPECT_EQ(submit(w, order).reason, RejectReason::UnknownAccount);
  EXPECT_EQ(w.subject.live_orders(), 1U);
}

// A market order has no price, and is let through without one: here it is judged, and goes out, at
// the collar.
TEST(KnownDefects, AMarketOrderSkipsTheCheck) {
  Parameters p = columns_world({{-100'000, 100'000}});
  InstrumentLimits& limits = p.profiles[0].instruments[0];
  limits.collar_ppm = 50'000;
  limits.notional_max = Value{10'000};
  limits.clip = Lots{500};
  World w(p);
  constexpr InstrumentIndex kOnly{0};
  w.balance(0, kUsd, 149);
  EXPECT_EQ(w.market(0, kOnly, Side::Buy, 10).reason, RejectReason::Margin);  // 50 and 100
  EXPECT_EQ(w.market(0, kOnly, Side::Sell, 10).reason, RejectReason::Margin);
  w.balance(0, kUsd, 1);
  const Answer bought = w.market(0, kOnly, Side::Buy, 10);
  EXPECT_TRUE(bought.accepted());
  EXPECT_EQ(bought.price, 105);
  EXPECT_EQ(w.margin(0), (Figures{150, 50, 100, 0}));
  w.balance(0, kUsd, 1'000'000);
  EXPECT_EQ(w.market(0, kOnly, Side::Buy, 501).reason, RejectReason::ClipSize);
  EXPECT_EQ(w.market(0, kOnly, Side::Buy, 96).reason, RejectReason::MaxNotional);  // at 105
  w.now += kHour + 1;
  w.index(kUsd, 1);
  EXPECT_EQ(w.market(0, kOnly, Side::Buy, 1).reason, RejectReason::StaleReferencePrice);
}

// Without a reference there is no band to compare with, and so any price is in it.
TEST(KnownDefects, ABandIsSkippedWithoutAReference) {
  Parameters p = columns_world({{-100'000}, {-100'000}});
  for (InstrumentLimits& limits : p.profiles[0].instruments) limits.collar_ppm = 50'000;
  Driver<Engine> w(p);
  w.index(kUsd, 1);
  w.balance(0, kUsd, 1'000'000'000);
  constexpr InstrumentIndex kOnly{0};
  w.mark(InstrumentIndex{1}, 100);
  for (const std::int64_t price : {1, 100, 1'000'000}) {
    EXPECT_EQ(w.buy(0, kOnly, 1, price).reason, RejectReason::NoReferencePrice);
    EXPECT_EQ(w.sell(0, kOnly, 1, price).reason, RejectReason::NoReferencePrice);
  }
  EXPECT_EQ(w.market(0, kOnly, Side::Buy, 1).reason, RejectReason::NoReferencePrice);
  w.mark(kOnly, 100);
  EXPECT_EQ(w.buy(0, kOnly, 1, 106).reason, RejectReason::PriceCollar);
  EXPECT_EQ(w.sell(0, kOnly, 1, 94).reason, RejectReason::PriceCollar);
  EXPECT_TRUE(w.buy(0, kOnly, 1, 105).accepted());
  w.now += kHour + 1;
  w.index(kUsd, 1);
  EXPECT_EQ(w.buy(0, kOnly, 1, 105).reason, RejectReason::StaleReferencePrice);
}

// Each copy of a reduce-only order is smaller than the position, and all of them are not.
TEST(KnownDefects, ManyCopiesOfAReduceOnlyOrderPass) {
  World w(columns_world({{-100'000, 100'000}}));
  constexpr InstrumentIndex kOnly{0};
  w.balance(0, kUsd, 1'000'000);
  w.position(0, kOnly, 10, 100);
  NewOrder sale = w.order(0, kOnly, Side::Sell, 4, 100);
  sale.flags = kReduceOnly;
  const Decision first = submit(w, sale);
  const Decision second = submit(w, sale);
  EXPECT_EQ(first.disposition, Disposition::Forward);
  EXPECT_EQ(second.disposition, Disposition::Forward);
  const Decision third = submit(w, sale);
  EXPECT_EQ(third.reason, RejectReason::ReduceOnly);
  EXPECT_EQ(third.largest_passing, Lots{2});
  sale.quantity = {2};
  EXPECT_EQ(submit(w, sale).disposition, Disposition::Forward);
  sale.quantity = {1};
  EXPECT_EQ(submit(w, sale).reason, RejectReason::ReduceOnly);
  // The position shrinks under them: the newest is to go.
  EXPECT_FALSE(w.subject.excess_reduce_only({0}, kOnly).exists());
  w.position(0, kOnly, -1, 100);
  ASSERT_TRUE(w.subject.excess_reduce_only({0}, kOnly).exists());
  EXPECT_EQ(w.subject.order(w.subject.excess_reduce_only({0}, kOnly)).total, Lots{2});
}

// --- rounding

// What was reserved for a whole and is released by parts leaves a unit behind, or is a unit short: of
// fees that are no whole units, of coins, and of half units of a table.
TEST(KnownDefects, AReserveLeaksAUnitWhenAnOrderFillsByParts) {
  Parameters p = columns_world({{-100'000, 100'000}});
  p.instruments.resize(1);
  p.instruments[0].fee_ppm = 333;
  const InstrumentIndex linear{0};
  const InstrumentIndex table = add_row(p);
  p.instruments[table.value].vector_unit = 333'333;
  InstrumentParameters coin = p.instruments[0];
  coin.payoff = Payoff::Inverse;
  coin.settlement = kBtc;
  coin.units_per_lot_mark = 7'777;
  const InstrumentIndex inverse = add_instrument(p, coin);
  p.instruments[linear.value].units_per_lot_mark = 7;
  for (const InstrumentIndex i : {linear, table, inverse}) {
    for (const bool buys : {true, false}) {
      World w(p);
      w.publish({-3, 3});
      w.balance(0, kUsd, 1'000'000);
      w.balance(0, kBtc, 1'000'000);
      w.mark(i, 97);
      const Figures before = w.margin(0);
      const Answer order = buys ? w.buy(0, i, 13, 101) : w.sell(0, i, 13, 93);
      ASSERT_TRUE(order.accepted());
      std::int64_t last = w.available();
      for (const std::int64_t part : {1, 5, 1, 4, 2}) {
        w.fill(order.number, part, buys ? 101 : 93);
        EXPECT_GE(w.available(), last);  // never short
        last = w.available();
      }
      EXPECT_EQ(w.margin(0).costs, 0);  // nothing is left of it
      EXPECT_EQ(w.subject.live_orders(), 0U);
      const Answer close = buys ? w.sell(0, i, 13, 97) : w.buy(0, i, 13, 97);
      w.fill(close.number, 13, 97);
      EXPECT_EQ(w.margin(0).costs, 0);
      EXPECT_EQ(w.requirement(), before.requirement);  // nor of the position
      EXPECT_EQ(w.subject.verify(), nullptr);
    }
  }
}

// A requirement is rounded up, equity down, and both of them once: a millionth too much is a whole
// quantum, and a quantum decides.
TEST(KnownDefects, ARequirementIsRoundedInFavourOfTheAccount) {
  for (const std::int32_t shock : {-1, -499'999, -500'001, -999'999}) {
    World w(columns_world({{shock}}), 1);
    w.position(0, InstrumentIndex{0}, 1, 1);
    EXPECT_EQ(w.requirement(), 1) << shock;
    w.position(0, InstrumentIndex{0}, 1'000'000, 1);
    EXPECT_EQ(w.requirement(), -shock + 1) << shock;
  }
  Parameters p = columns_world({{-100'000}});
  p.assets[kUsd.value].haircut = {{kUnlimited, 999'999}};
  World w(p, 1);
  w.balance(0, kUsd, 1);
  EXPECT_EQ(w.equity(), 0);
  w.balance(0, kUsd, -2);
  EXPECT_EQ(w.equity(), -1);
  World edge(columns_world({{-100'001}}), 1);
  edge.balance(0, kUsd, 1);
  EXPECT_EQ(edge.buy(0, InstrumentIndex{0}, 10, 1).reason, RejectReason::Margin);  // 1.00001
  EXPECT_TRUE(edge.buy(0, InstrumentIndex{0}, 9, 1).accepted());
}

// --- reasons

// All that has to do with money is refused as one "insufficient funds": here each limit has its own
// reason, and margin names the set, the group, the column and what is missing.
TEST(KnownDefects, AMarginReasonIsCollapsedIntoAGenericOne) {
  Parameters p = dollar_parameters();
  in_dollars(p.assets[kBtc.value]);
  set_columns(p, {50'000, -50'000, 100'000, -300'000});
  p.groups[1].shock_ppm = {50'000, -50'000, 100'000, -100'000};
  p.sets = {per_group_set(2, 0, 2), per_group_set(2, 2, 2)};
  LimitProfile& profile = p.profiles[0];
  World w(p);
  w.balance(0, kUsd, 100);
  const Decision margin = submit(w, w.order(0, kBtcPerp, Side::Buy, 4, 100));
  EXPECT_EQ(margin.reason, RejectReason::Margin);
  EXPECT_EQ(info(margin.reason).name, "margin");
  EXPECT_EQ(margin.set, 1U);
  EXPECT_EQ(margin.group, 0U);
  EXPECT_EQ(margin.scenario, 1U);
  EXPECT_EQ(margin.needed, 120);
  EXPECT_EQ(margin.available, 100);
  EXPECT_EQ(margin.shortfall, 20);
  EXPECT_EQ(margin.largest_passing, Lots{3});
  EXPECT_EQ(margin.level, NodeLevel::Account);
  EXPECT_EQ(margin.node, 0U);
  const auto reason = [&](auto change) {
    const LimitProfile was = profile;
    change(profile);
    World limited(p);
    limited.balance(0, kUsd, 100);
    const Decision d = submit(limited, limited.order(0, kBtcPerp, Side::Buy, 4, 100));
    EXPECT_GT(d.shortfall, 0);
    profile = was;
    return d.reason;
  };
  EXPECT_EQ(reason([](LimitProfile& l) { l.leverage_max_ppm = 3 * kPpm; }), RejectReason::Leverage);
  EXPECT_EQ(reason([](LimitProfile& l) { l.instruments[0].long_max = Lots{3}; }),
            RejectReason::LongLimit);
  EXPECT_EQ(reason([](LimitProfile& l) { l.gross_notional_max = Value{399}; }),
            RejectReason::GrossNotional);
  EXPECT_EQ(reason([](LimitProfile& l) { l.instruments[0].notional_max = Value{399}; }),
            RejectReason::MaxNotional);
  EXPECT_EQ(reason([](LimitProfile& l) { l.instruments[0].clip = Lots{3}; }),
            RejectReason::ClipSize);
  EXPECT_EQ(reason([](LimitProfile& l) { l.instruments[0].open_interest_share_ppm = 500'000; }),
            RejectReason::OpenInterest);
}

}  // namespace
}  // namespace portcullis::support::known_defects_test
