// Every reject reason by precedence: an order wrong in every way that can hold at the same time,
// put right one thing after the other, is refused for what is wrong next in the list (ORDERLIFE 6),
// and accepted at the end. Who is named and with which arithmetic is in reject_arithmetic_test.cpp.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::reject_precedence_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

// A rung names the reason that is due, and how what is wrong is put right.
struct Rung {
  RejectReason reason;
  std::function<void()> repair;
};
using Ladder = std::vector<Rung>;

// Sends before every repair, and at the end; gives back what was refused.
std::set<RejectReason> climb(const Ladder& ladder, const std::function<Answer()>& send) {
  std::set<RejectReason> seen;
  for (const Rung& rung : ladder) {
    const Answer answer = send();
    EXPECT_EQ(answer.disposition, Disposition::Reject) << info(rung.reason).name << " is due";
    EXPECT_EQ(info(answer.reason).name, info(rung.reason).name);
    seen.insert(answer.reason);
    rung.repair();
  }
  const Answer answer = send();
  EXPECT_TRUE(answer.accepted()) << info(answer.reason).name;
  return seen;
}

template <class Subject>
struct World : Driver<Subject> {
  using Driver<Subject>::Driver;

  void control(ControlScope scope, std::uint32_t target, ControlAction action) {
    this->subject.apply(Control{{this->now}, target, {}, scope, action, {}});
  }
  void condition(Condition which, bool on) {
    this->subject.apply(SetCondition{{this->now}, which, on, {}});
  }
  void halt_everything(std::uint32_t instrument) {
    for (const Condition c :
         {Condition::VenueHalted, Condition::VenueDown, Condition::VenueBusy,
          Condition::JournalDegraded, Condition::StateDiffers, Condition::StateUnconfirmed}) {
      condition(c, true);
    }
    control(ControlScope::Node, kVenue.value, ControlAction::Kill);
    control(ControlScope::Node, kMember.value, ControlAction::Suspend);
    control(ControlScope::Node, kGroup.value, ControlAction::CloseOnly);
    control(ControlScope::Instrument, instrument, ControlAction::Kill);
  }
  void mark_as_of(InstrumentIndex instrument, std::int64_t price, std::int64_t as_of) {
    this->subject.apply(MarkUpdate{{this->now}, {as_of}, {price}, instrument, {}});
  }
};

// The rungs of what surrounds an order, as halt_everything() left it.
template <class Subject>
Ladder standing_rungs(World<Subject>& w, std::uint32_t instrument,
                      const std::vector<std::function<void()>>& entitle) {
  const auto off = [&w](Condition c) { return [&w, c] { w.condition(c, false); }; };
  const auto resume = [&w](ControlScope scope, std::uint32_t target) {
    return [&w, scope, target] { w.control(scope, target, ControlAction::Resume); };
  };
  Ladder ladder = {
      {VenueHalted, off(Condition::VenueHalted)},
      {VenueDown, off(Condition::VenueDown)},
      {VenueBusy, off(Condition::VenueBusy)},
      {JournalDegraded, off(Condition::JournalDegraded)},
      {StateDiffers,
       [&w] {
         w.condition(Condition::StateUnconfirmed, false);
         w.condition(Condition::StateDiffers, false);
       }},
      {Killed, resume(ControlScope::Node, kVenue.value)},
      {Suspended, resume(ControlScope::Node, kMember.value)},
      {CloseOnly, resume(ControlScope::Node, kGroup.value)},
  };
  for (const auto& step : entitle) ladder.push_back({NotEntitled, step});
  ladder.push_back({InstrumentHalted, resume(ControlScope::Instrument, instrument)});
  return ladder;
}

// Coins at 100,000 dollars. Account 0 has the limits that the ladders cross, and one token a
// second; session 0 may not use it, and session 2 may not enter an order of it.
// The quantum is a hundredth of a cent, so that what the larger orders need fits (METHOD 3.10).
constexpr std::int64_t quanta(std::int64_t dollars) { return dollars * 10'000; }
Parameters ladder_parameters() {
  Parameters p = small_parameters();
  p.wide_denominator *= 100;
  for (InstrumentLimits& limits : p.profiles[0].instruments)
    limits.gross_notional_max = {INT64_MAX};
  p.profiles[0].gross_notional_max = {INT64_MAX};
  LimitProfile tight = p.profiles[0];
  tight.open_orders_max = 1;
  for (const InstrumentIndex i : {kBtcPerp, kBtcDated}) {
    InstrumentLimits& limits = tight.instruments[i.value];
    limits.clip = {900};
    limits.notional_max = {quanta(100'000'000)};
    limits.collar_ppm = 50'000;
    limits.long_max = {700};
    limits.short_max = {700};
    limits.gross_notional_max = {quanta(65'000'000)};
  }
  tight.instruments[kBtcDated.value].restricted = true;
  p.profiles.push_back(tight);
  p.accounts[0].profile = 1;
  p.accounts[0].rate = {.per_second = 1, .burst = 1, .exit_per_second = 1, .exit_burst = 1};
  p.sessions.push_back(p.sessions[1]);
  p.sessions[0].accounts = {AccountIndex{1}};
  p.sessions[2].actions = kMayAll & ~kMayEnter;
  p.capacities.orders = 2;
  p.capacities.positions = 2;
  return p;
}

// A buy. One reason for which nothing can be repaired is in the ladder of the sell: a session that
// has no numbers left; the limit on shorts is there too.
template <class Subject>
std::set<RejectReason> climb_with_a_buy() {
  World<Subject> w(ladder_parameters());
  w.index(kUsd, 1);
  w.mark(kEthPerp, 100'000);
  w.mark(kBtcPerp, 100'000);
  w.balance(0, kUsd, usd(1'000'000));
  w.balance(1, kUsd, usd(1'000'000));
  NewOrder rests = w.order(0, kEthPerp, Side::Buy, 1, 100'000);
  rests.session = {1};
  const Answer own = w.enter(rests);
  const Answer others = w.buy(1, kEthPerp, 1, 100'000);
  EXPECT_TRUE(own.accepted() && others.accepted());
  w.position(1, kEthPerp, 1, 100'000);
  const std::int64_t beyond = 20'000'000;  // 2e16 quanta: their moves do not fit
  w.position(0, kEthPerp, beyond, 100'000);
  w.balance(0, kBtc, 1);
  w.state(kBtcDated, PriceState::Unsafe);
  w.state(kBtc, PriceState::Unsafe);
  w.halt_everything(kBtcDated.value);

  NewOrder o = w.order(0, kBtcDated, Side::Buy, 1'000, 0);
  o.form = MalformedField;
  o.account = AccountIndex{};
  o.instrument = InstrumentIndex{};
  o.unsupported = UnsupportedOrdType;
  o.ord_type = OrdType::Market;
  o.flags = kPostOnly | kOffLot | kOffTick | kDuplicate | kReduceOnly | kOverloaded;
  o.min_quantity = {1'001};
  const auto drop = [&](OrderFlag flag) {
    return [&o, flag] { o.flags = static_cast<std::uint16_t>(o.flags & ~flag); };
  };
  const auto reduce_to = [&](std::int64_t lots) { return [&o, lots] { o.quantity = {lots}; }; };

  Ladder ladder = {
      {MalformedField, [&] { o.form = InvalidSide; }},
      {InvalidSide, [&] { o.form = InvalidDisplay; }},
      {InvalidDisplay, [&] { o.form = InvalidPrice; }},
      {InvalidPrice, [&] { o.form = None; }},
      {UnknownAccount, [&] { o.account = AccountIndex{0}; }},
      {UnknownInstrument, [&] { o.instrument = kBtcDated; }},
  };
  const auto log_in_as = [&o](std::uint32_t session) {
    return [&o, session] { o.session = SessionIndex{session}; };
  };
  for (const Rung& rung : standing_rungs(w, kBtcDated.value, {log_in_as(2), log_in_as(1)}))
    ladder.push_back(rung);
  const Ladder rest = {
      {UnsupportedOrdType, [&] { o.unsupported = None; }},
      {UnsupportedTimeInForce, [&] { o.time_in_force = TimeInForce::ImmediateOrCancel; }},
      {UnsupportedFlag, drop(kPostOnly)},
      {MarketOrderNotAllowed, [&] { o.ord_type = OrdType::Limit; }},
      {InvalidQuantity, drop(kOffLot)},
      {InvalidMinQty, [&] { o.min_quantity = {0}; }},
      {PriceTick, drop(kOffTick)},
      {PriceTick, [&] { o.price = {120'000}; }},
      {DuplicateOrder, drop(kDuplicate)},
      {ClipSize, reduce_to(900)},
      {MaxNotional, reduce_to(800)},  // 96 million of 100
      {NoReferencePrice, [&] { w.mark_as_of(kBtcDated, 100'000, w.now - kHour - 1); }},
      {ReferencePriceUnsafe, [&] { w.state(kBtcDated, PriceState::Safe); }},
      {ReferencePriceUnsafe, [&] { w.state(kBtc, PriceState::Safe); }},
      {StaleReferencePrice, [&] { w.mark(kBtcDated, 100'000); }},
      {StaleRiskTable, [&] { w.index(kBtc, 100'000); }},
      {PriceCollar, [&] { o.price = {105'000}; }},
      {Restricted, [&] { o.instrument = kBtcPerp; }},
      {ReduceOnly, drop(kReduceOnly)},
      {OrderCapacity, [&] { w.venue(VenueEventType::Rejected, others.number); }},
      {OrderCapacity, [&] { w.position(1, kEthPerp, -1, 100'000); }},  // the other pool
      {OpenOrders, [&] { w.venue(VenueEventType::Rejected, own.number); }},
      {LongLimit, reduce_to(700)},
      {GrossNotional, reduce_to(600)},                          // 60 million of 65
      {Leverage, [&] { w.balance(0, kUsd, usd(2'000'000)); }},  // a million times 3 million dollars
      {ArithmeticRange,
       [&] {
         w.position(0, kEthPerp, -beyond, 100'000);
         reduce_to(144)();  // the most of which the vectors fit: 16 % is 2.304 million
       }},
      {Margin, reduce_to(50)},  // 0.8 million and 0.25 of cost
      {Rate, [&] { w.now += kSecondNs; }},
      {Overload,
       [&] {
         drop(kOverloaded)();
         w.now += kSecondNs;  // the refusal took a token
       }},
  };
  ladder.insert(ladder.end(), rest.begin(), rest.end());
  return climb(ladder, [&] {
    o.time = {w.now};
    return w.enter(o);
  });
}

// A sell, and what only a new session repairs: then the world is built anew.
template <class Subject>
std::set<RejectReason> climb_with_a_sell() {
  const auto build = [](bool exhausted) {
    Parameters p = ladder_parameters();
    p.accounts[0].rate = p.accounts[1].rate;
    auto w = std::make_unique<World<Subject>>(p);
    w->index(kUsd, 1);
    w->mark(kBtcPerp, 100'000);
    w->mark(kEthPerp, 100'000);
    w->balance(0, kUsd, usd(1'000'000));
    w->balance(1, kUsd, usd(1'000'000));
    NewOrder rests = w->order(0, kEthPerp, Side::Buy, 1, 100'000);
    rests.session = {1};
    EXPECT_EQ(w->enter(rests).number, 1U);
    if (!exhausted) return w;
    EXPECT_EQ(w->buy(1, kEthPerp, 1, 100'000).number, 2U);
    w->subject.raise_next_number(0xFFFFFFFF - 999'998);
    return w;
  };
  std::unique_ptr<World<Subject>> w = build(true);
  NewOrder o = w->order(0, kBtcPerp, Side::Sell, 800, 95'000);
  o.session = {1};
  const Ladder ladder = {
      {OrderCapacity, [&] { w->venue(VenueEventType::Rejected, 2); }},
      {SessionExhausted, [&] { w = build(false); }},
      {OpenOrders, [&] { w->venue(VenueEventType::Rejected, 1); }},
      {ShortLimit, [&] { o.quantity = {700}; }},
      {GrossNotional, [&] { o.quantity = {140}; }},
      {Margin, [&] { o.quantity = {40}; }},
  };
  return climb(ladder, [&] { return w->enter(o); });
}

// A replace: account, instrument and side are its chain's, and a rise of the open orders it is not.
template <class Subject>
std::set<RejectReason> climb_with_a_replace() {
  Parameters p = ladder_parameters();
  p.sessions[0].accounts = {AccountIndex{0}, AccountIndex{1}};
  p.profiles[1].instruments[kBtcDated.value].restricted = false;
  p.profiles[1].leverage_max_ppm = 60 * kPpm;
  World<Subject> w(p);
  w.index(kUsd, 1);
  w.mark(kBtcDated, 100'000);
  w.balance(0, kUsd, usd(900'000));
  const Answer first = w.buy(0, kBtcDated, 1, 100'000);
  EXPECT_TRUE(first.accepted());
  w.venue(VenueEventType::Accepted, first.number, 1, 100'000);
  Answer pending;
  for (int i = 0; i < 4; ++i) {
    w.now += kSecondNs;
    pending = w.replace(first.client_ref, 2 + i, 100'000);
    EXPECT_TRUE(pending.accepted());
  }
  w.now += kHour + 1;  // the mark is stale
  w.index(kUsd, 1);
  w.balance(0, kBtc, 1);
  w.state(kBtcDated, PriceState::Unsafe);
  w.halt_everything(kBtcDated.value);
  NewOrder spends_the_token = w.order(0, kBtcDated, Side::Buy, 1, 100'000);
  EXPECT_EQ(w.enter(spends_the_token).reason, VenueHalted);

  ReplaceOrder r = w.replacement(first.client_ref, 1'000, 0);
  r.form = MalformedField;
  r.unsupported = UnsupportedOrdType;
  r.ord_type = OrdType::Market;
  r.flags = kPostOnly | kOffLot | kOffTick | kDuplicate | kReduceOnly | kOverloaded;
  const auto drop = [&](OrderFlag flag) {
    return [&r, flag] { r.flags = static_cast<std::uint16_t>(r.flags & ~flag); };
  };
  const auto reduce_to = [&](std::int64_t lots) { return [&r, lots] { r.total = {lots}; }; };
  Ladder ladder = {
      {MalformedField, [&] { r.form = InvalidDisplay; }},
      {InvalidDisplay, [&] { r.form = InvalidPrice; }},
      {InvalidPrice, [&] { r.form = None; }},
  };
  for (const Rung& rung : standing_rungs(w, kBtcDated.value, {})) ladder.push_back(rung);
  const Ladder rest = {
      // The decoder names the first of what it finds: then the minimum quantity.
      {UnsupportedOrdType, [&] { r.unsupported = InvalidMinQty; }},
      {UnsupportedTimeInForce, [&] { r.time_in_force = TimeInForce::ImmediateOrCancel; }},
      {UnsupportedFlag, drop(kPostOnly)},
      {MarketOrderNotAllowed, [&] { r.ord_type = OrdType::Limit; }},
      {ReplaceNotAllowed, [&] { r.time_in_force = TimeInForce::Day; }},
      {InvalidQuantity, drop(kOffLot)},
      {InvalidMinQty, [&] { r.unsupported = None; }},
      {PriceTick, drop(kOffTick)},
      {PriceTick, [&] { r.price = {120'000}; }},
      {DuplicateOrder, drop(kDuplicate)},
      {ClipSize, reduce_to(900)},
      {MaxNotional, reduce_to(800)},
      {ReferencePriceUnsafe, [&] { w.state(kBtcDated, PriceState::Safe); }},
      {StaleReferencePrice, [&] { w.mark(kBtcDated, 100'000); }},
      {StaleRiskTable, [&] { w.index(kBtc, 100'000); }},
      {PriceCollar, [&] { r.price = {105'000}; }},
      {ReduceOnly, drop(kReduceOnly)},
      {PendingReplaces, [&] { w.venue(VenueEventType::Rejected, pending.number); }},
      {LongLimit, reduce_to(700)},
      {GrossNotional, reduce_to(600)},
      {Leverage, reduce_to(140)},  // 14 million of 54
      {Margin, reduce_to(40)},
      {Rate, [&] { w.now += kSecondNs; }},
      {Overload,
       [&] {
         drop(kOverloaded)();
         w.now += kSecondNs;  // the refusal took a token
       }},
  };
  ladder.insert(ladder.end(), rest.begin(), rest.end());
  return climb(ladder, [&] {
    r.time = {w.now};
    return w.enter(r);
  });
}

// What states, days, open interest and executions forbid. Ten coins bought at 110 are worth 100
// each, and ask for 160 dollars: of the 170 that were paid in there are 70 left.
Parameters state_parameters() {
  Parameters p = small_parameters();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, 1'500'000},
             {MarginState::Liquidation, MarginBasis::Initial, 500'000, 600'000}};
  p.liquidation_lock = true;
  p.instruments[kBtcPerp.value].open_interest_max = {12};
  p.profiles.push_back(p.profiles[0]);
  p.profiles[1].instruments[kBtcPerp.value].open_interest_share_ppm = 500'000;
  p.profiles[1].daily_loss_max = {usd(20)};
  p.accounts[0].profile = 1;
  p.accounts[0].rate = {.per_second = 1, .burst = 1, .exit_per_second = 1, .exit_burst = 1};
  p.accounts[0].executions = {.interval_ns = kHour, .burst = 1};
  p.sessions[0].accounts = {AccountIndex{1}};
  return p;
}

template <class Subject>
std::set<RejectReason> climb_through_states() {
  World<Subject> w(state_parameters());
  w.index(kUsd, 1);
  w.mark(kBtcPerp, 100);
  w.mark(kEthPerp, 100);
  w.balance(0, kUsd, usd(1'170));
  for (const Side side : {Side::Buy, Side::Sell}) {  // two executions, and one too many
    NewOrder o = w.order(0, kEthPerp, side, 1, 100);
    o.session = {1};
    const Answer answer = w.enter(o);
    EXPECT_TRUE(answer.accepted());
    w.fill(answer.number, 1, 100);
    w.now += kSecondNs;
  }
  w.balance(0, kUsd, -usd(1'000));
  w.position(0, kEthPerp, 10, 110);
  const auto recheck = [&] { w.subject.apply(Recheck{{w.now}, {0}, {}}); };
  const auto pay_in = [&](std::int64_t dollars) {
    return [&w, recheck, dollars] {
      w.balance(0, kUsd, usd(dollars));
      recheck();
    };
  };
  const auto open_interest = [&](std::int64_t lots) {
    w.subject.apply(OpenInterestUpdate{{w.now}, {lots}, kBtcPerp, {}});
  };
  const auto leverage_cap = [&](std::int64_t times) {
    w.subject.apply(LeverageCap{{w.now}, times * kPpm});
  };
  recheck();
  open_interest(10);
  leverage_cap(5);
  w.control(ControlScope::Instrument, kBtcPerp.value, ControlAction::CloseOnly);

  NewOrder o = w.order(0, kBtcPerp, Side::Buy, 6, 100);
  o.flags = kOverloaded;
  const Ladder ladder = {
      {CloseOnly,
       [&] { w.control(ControlScope::Instrument, kBtcPerp.value, ControlAction::Resume); }},
      {LiquidationLock, pay_in(60)},  // 130 of 160: restricted
      {NotEntitled, [&] { o.session = SessionIndex{1}; }},
      {OpenInterest, [&] { open_interest(12); }},  // half of it: 6
      {OpenInterest,
       [&] {
         open_interest(10);
         o.quantity = {2};
       }},
      {DailyLoss,
       [&] {
         w.subject.apply(DayStart{{w.now}, {0}, {}});
       }},
      {Leverage, [&] { leverage_cap(10); }},  // 1,200 of 1,300
      {Margin, pay_in(70)},                   // 200 of 192
      {MarginState, pay_in(40)},              // 240 of 160: as much as it takes
      {Rate, [&] { w.now += kSecondNs; }},
      {RepeatedExecution,
       [&] {
         w.control(ControlScope::Account, 0, ControlAction::Resume);
         w.now += kSecondNs;  // the refusal took a token
       }},
      {Overload,
       [&] {
         o.flags = 0;
         w.now += kSecondNs;
       }},
  };
  return climb(ladder, [&] {
    o.time = {w.now};
    return w.enter(o);
  });
}

// A transfer. Ten coins bought at 90 have gained 100 dollars, ask for 160, and 50 are on the account.
template <class Subject>
std::set<RejectReason> climb_with_a_transfer() {
  Parameters p = small_parameters();
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, 1'200'000}};
  p.assets[kUsd.value].borrow_max = {usd(100)};
  p.transfer_notional_ppm = 200'000;
  World<Subject> w(p);
  w.index(kUsd, 1);
  w.mark(kEthPerp, 100);
  w.mark(kBtcPerp, 100);
  w.balance(0, kUsd, usd(50));
  w.position(0, kEthPerp, 10, 90);
  const auto recheck = [&] { w.subject.apply(Recheck{{w.now}, {0}, {}}); };
  recheck();
  const std::int64_t beyond = 20'000'000;
  w.position(0, kBtcPerp, beyond, 100);
  w.mark_as_of(kEthPerp, 100, w.now - kHour - 1);
  w.state(kEthPerp, PriceState::Unsafe);

  Transfer t{{w.now}, 0, {0}, {0}, kUsd, {}};
  const Ladder ladder = {
      {InvalidQuantity, [&] { t.units = usd(200); }},
      {UnknownAccount, [&] { t.to = {1}; }},
      {ReferencePriceUnsafe, [&] { w.state(kEthPerp, PriceState::Safe); }},
      {StaleRiskTable, [&] { w.mark(kEthPerp, 100); }},
      {ArithmeticRange, [&] { w.position(0, kBtcPerp, -beyond, 100); }},
      {BorrowLimit, [&] { t.units = usd(150); }},  // 100 to be borrowed
      {MarginState,
       [&] {
         w.balance(0, kUsd, usd(100));
         recheck();
       }},
      {Margin, [&] { t.units = usd(51); }},
      {Margin, [&] { t.units = usd(50); }},  // leaves a fifth of the notional
  };
  return climb(ladder, [&] {
    Answer answer;
    answer.reason = w.settle(t);
    if (answer.reason == None) answer.disposition = Disposition::Forward;
    return answer;
  });
}

template <class Subject>
class RejectPrecedence : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(RejectPrecedence, Subjects);

TYPED_TEST(RejectPrecedence, ABuyThatIsWrongInEveryWay) { climb_with_a_buy<TypeParam>(); }
TYPED_TEST(RejectPrecedence, ASellWithoutRoomNumbersOrMargin) { climb_with_a_sell<TypeParam>(); }
TYPED_TEST(RejectPrecedence, AReplaceThatIsWrongInEveryWay) { climb_with_a_replace<TypeParam>(); }

TYPED_TEST(RejectPrecedence, StatesDaysOpenInterestAndExecutions) {
  climb_through_states<TypeParam>();
}
TYPED_TEST(RejectPrecedence, ATransferThatIsWrongInEveryWay) { climb_with_a_transfer<TypeParam>(); }

TYPED_TEST(RejectPrecedence, EveryReasonIsOnALadder) {
  std::set<RejectReason> seen = climb_with_a_buy<TypeParam>();
  seen.merge(climb_with_a_sell<TypeParam>());
  seen.merge(climb_with_a_replace<TypeParam>());
  seen.merge(climb_through_states<TypeParam>());
  seen.merge(climb_with_a_transfer<TypeParam>());
  const std::set<RejectReason> reserved = {None, Concentration};
  for (const RejectReasonInfo& row : kRejectReasons) {
    EXPECT_EQ(seen.contains(row.reason), !reserved.contains(row.reason)) << row.name;
  }
}

}  // namespace
}  // namespace portcullis::support::reject_precedence_test
