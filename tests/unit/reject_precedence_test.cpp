// Every reject reason by precedence: an order wrong in every way that can hold at the same time,
// put right one thing after the other, is refused for what is wrong next in the list (ORDERLIFE 6),
// and accepted at the end. Then who is named and with which arithmetic, at every level of the tree.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support {
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
    for (const Condition c : {Condition::VenueHalted, Condition::VenueDown, Condition::VenueBusy,
                              Condition::JournalDegraded}) {
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
                      const std::function<void()>& entitle) {
  const auto off = [&w](Condition c) { return [&w, c] { w.condition(c, false); }; };
  const auto resume = [&w](ControlScope scope, std::uint32_t target) {
    return [&w, scope, target] { w.control(scope, target, ControlAction::Resume); };
  };
  Ladder ladder = {
      {VenueHalted, off(Condition::VenueHalted)},
      {VenueDown, off(Condition::VenueDown)},
      {VenueBusy, off(Condition::VenueBusy)},
      {JournalDegraded, off(Condition::JournalDegraded)},
      {Killed, resume(ControlScope::Node, kVenue.value)},
      {Suspended, resume(ControlScope::Node, kMember.value)},
      {CloseOnly, resume(ControlScope::Node, kGroup.value)},
  };
  if (entitle) ladder.push_back({NotEntitled, entitle});
  ladder.push_back({InstrumentHalted, resume(ControlScope::Instrument, instrument)});
  return ladder;
}

// Coins at 100,000 dollars. Account 0 has the limits that the ladders cross, and one token a
// second; session 0 may not use it.
Parameters ladder_parameters() {
  Parameters p = small_parameters();
  for (InstrumentLimits& limits : p.profiles[0].instruments)
    limits.gross_notional_max = {INT64_MAX};
  p.profiles[0].gross_notional_max = {INT64_MAX};
  LimitProfile tight = p.profiles[0];
  tight.open_orders_max = 1;
  for (const InstrumentIndex i : {kBtcPerp, kBtcDated}) {
    InstrumentLimits& limits = tight.instruments[i.value];
    limits.clip = {900};
    limits.notional_max = {usd(100'000'000)};
    limits.collar_ppm = 50'000;
    limits.long_max = {700};
    limits.short_max = {700};
    limits.gross_notional_max = {usd(65'000'000)};
  }
  tight.instruments[kBtcDated.value].restricted = true;
  p.profiles.push_back(tight);
  p.accounts[0].profile = 1;
  p.accounts[0].rate = {.per_second = 1, .burst = 1, .exit_per_second = 1, .exit_burst = 1};
  p.sessions[0].accounts = {AccountIndex{1}};
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
  const std::int64_t beyond = 20'000'000;  // 2e18 quanta, more than 2^60
  w.position(0, kEthPerp, beyond, 100'000);
  w.balance(0, kBtc, 1);
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
  const auto entitle = [&] { o.session = SessionIndex{1}; };
  for (const Rung& rung : standing_rungs(w, kBtcDated.value, entitle)) ladder.push_back(rung);
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
      {ArithmeticRange, [&] { w.position(0, kEthPerp, -beyond, 100'000); }},
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
      {GrossNotional, [&] { o.quantity = {600}; }},
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
      {StaleReferencePrice, [&] { w.mark(kBtcDated, 100'000); }},
      {StaleRiskTable, [&] { w.index(kBtc, 100'000); }},
      {PriceCollar, [&] { r.price = {105'000}; }},
      {ReduceOnly, drop(kReduceOnly)},
      {PendingReplaces, [&] { w.venue(VenueEventType::Rejected, pending.number); }},
      {LongLimit, reduce_to(700)},
      {GrossNotional, reduce_to(600)},
      {Leverage, reduce_to(500)},  // 50 million of 54
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

template <class Subject>
class RejectPrecedence : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(RejectPrecedence, Subjects);

TYPED_TEST(RejectPrecedence, ABuyThatIsWrongInEveryWay) { climb_with_a_buy<TypeParam>(); }
TYPED_TEST(RejectPrecedence, ASellWithoutRoomNumbersOrMargin) { climb_with_a_sell<TypeParam>(); }
TYPED_TEST(RejectPrecedence, AReplaceThatIsWrongInEveryWay) { climb_with_a_replace<TypeParam>(); }

TYPED_TEST(RejectPrecedence, EveryReasonIsOnALadder) {
  std::set<RejectReason> seen = climb_with_a_buy<TypeParam>();
  seen.merge(climb_with_a_sell<TypeParam>());
  seen.merge(climb_with_a_replace<TypeParam>());
  const std::set<RejectReason> reserved = {None, OpenInterest, DailyLoss, Concentration,
                                           RepeatedExecution};
  for (const RejectReasonInfo& row : kRejectReasons) {
    EXPECT_EQ(seen.contains(row.reason), !reserved.contains(row.reason)) << row.name;
  }
}

// --- who is named, and the arithmetic (on the engine: the model has none)

// A coin at 100 dollars; a profile for every level from the account up to the venue.
constexpr std::uint32_t kLevels = 4;
constexpr std::array<NodeLevel, kLevels> kUpwards = {NodeLevel::Account, NodeLevel::Group,
                                                     NodeLevel::Member, NodeLevel::Venue};
constexpr std::array<std::uint32_t, kLevels> kNodes = {0, kGroup.value, kMember.value,
                                                       kVenue.value};

Parameters parameters_by_level() {
  Parameters p = small_parameters();
  p.profiles.assign(kLevels, p.profiles[0]);
  p.nodes[kGroup.value].profile = 1;
  p.nodes[kMember.value].profile = 2;
  p.nodes[kVenue.value].profile = 3;
  p.accounts[1].profile = kLevels;  // not account 0's
  p.profiles.push_back(p.profiles[0]);
  return p;
}

struct LevelWorld : Driver<Engine> {
  explicit LevelWorld(const Parameters& p) : Driver<Engine>(p) {
    index(kUsd, 1);
    for (const InstrumentIndex i : {kBtcPerp, kEthPerp, kBtcDated}) mark(i, 100);
    balance(0, kUsd, usd(1'000'000));
    balance(1, kUsd, usd(1'000'000));
  }
  Decision decide(NewOrder o) {
    o.client_ref = ++client_ref;
    return subject.submit(o);
  }
  Decision decide(Side side, std::int64_t lots) {
    return decide(order(0, kBtcPerp, side, lots, 100));
  }
};

struct LimitCase {
  const char* name;
  RejectReason reason;
  Side side;
  std::int64_t unit;    // of the arithmetic, in a lot
  std::int64_t others;  // lots that account 1 uses of the limit of a node
  void (*tighten)(LimitProfile& profile, std::int64_t lots);
};

InstrumentLimits& perp(LimitProfile& profile) { return profile.instruments[kBtcPerp.value]; }

constexpr std::int64_t kLot = usd(100);
const LimitCase kLimitCases[] = {
    {"clip", ClipSize, Side::Buy, 1, 0,
     [](LimitProfile& p, std::int64_t lots) { perp(p).clip = {lots}; }},
    {"notional of an order", MaxNotional, Side::Sell, kLot, 0,
     [](LimitProfile& p, std::int64_t lots) { perp(p).notional_max = {lots * kLot}; }},
    {"long", LongLimit, Side::Buy, 1, 3,
     [](LimitProfile& p, std::int64_t lots) { perp(p).long_max = {lots}; }},
    {"short", ShortLimit, Side::Sell, 1, 2,
     [](LimitProfile& p, std::int64_t lots) { perp(p).short_max = {lots}; }},
    {"gross notional of the instrument", GrossNotional, Side::Sell, kLot, 3,
     [](LimitProfile& p, std::int64_t lots) { perp(p).gross_notional_max = {lots * kLot}; }},
    {"gross notional of all", GrossNotional, Side::Buy, kLot, 3 + 4,
     [](LimitProfile& p, std::int64_t lots) { p.gross_notional_max = {lots * kLot}; }},
};

// Account 1 is long 3 with 5 on offer: of both it uses 3 long, 2 short and 3 gross, and 4 gross in
// the other coin.
void trade_beside(LevelWorld& w) {
  w.position(1, kBtcPerp, 3, 100);
  w.sell(1, kBtcPerp, 5, 100);
  w.position(1, kEthPerp, -4, 100);
}

TEST(RejectArithmetic, TheFirstCrossedLevelIsNamedWithWhatIsLeftThere) {
  constexpr std::int64_t kLimit = 20;
  for (const LimitCase& limit : kLimitCases) {
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      SCOPED_TRACE(std::string(limit.name) + ", level " + std::to_string(level));
      Parameters p = parameters_by_level();
      for (std::uint32_t up = level; up < kLevels; ++up) limit.tighten(p.profiles[up], kLimit);
      LevelWorld w(p);
      trade_beside(w);
      const std::int64_t used = level == 0 ? 0 : limit.others;
      const std::int64_t fits = kLimit - used;
      for (const std::int64_t lots : {fits + 1, 3 * kLimit}) {
        const Decision refused = w.decide(limit.side, lots);
        EXPECT_EQ(refused.reason, limit.reason);
        EXPECT_EQ(refused.level, kUpwards[level]);
        EXPECT_EQ(refused.node, kNodes[level]);
        EXPECT_EQ(refused.limit, kLimit * limit.unit);
        EXPECT_EQ(refused.needed, lots * limit.unit);
        EXPECT_EQ(refused.available, fits * limit.unit);
        EXPECT_EQ(refused.shortfall, (lots - fits) * limit.unit);
        // A stricter limit further up allows less.
        EXPECT_EQ(refused.largest_passing, Lots{kLimit - limit.others});
      }
      const std::int64_t most = kLimit - limit.others;
      EXPECT_EQ(w.decide(limit.side, most + 1).reason, limit.reason);
      EXPECT_EQ(w.decide(limit.side, most).reason, None);
    }
  }
}

// With the limit of one level only, the order at the limit passes and one lot more does not.
TEST(RejectArithmetic, AtTheLimitOfEveryLevelPassesAndALotMoreDoesNot) {
  constexpr std::int64_t kLimit = 20;
  for (const LimitCase& limit : kLimitCases) {
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      SCOPED_TRACE(std::string(limit.name) + ", level " + std::to_string(level));
      Parameters p = parameters_by_level();
      limit.tighten(p.profiles[level], kLimit);
      LevelWorld w(p);
      trade_beside(w);
      const std::int64_t fits = kLimit - (level == 0 ? 0 : limit.others);
      const Decision refused = w.decide(limit.side, fits + 1);
      EXPECT_EQ(refused.reason, limit.reason);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.largest_passing, Lots{fits});
      EXPECT_EQ(w.decide(limit.side, fits).reason, None);
    }
  }
}

TEST(RejectArithmetic, OpenOrdersAreCountedAtEveryLevel) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) p.profiles[up].open_orders_max = 2;
    LevelWorld w(p);
    if (level != 0) w.buy(1, kEthPerp, 1, 100);
    for (int own = level == 0 ? 2 : 1; own > 0; --own)
      EXPECT_EQ(w.decide(Side::Buy, 1).reason, None);
    const Decision refused = w.decide(Side::Buy, 1);
    EXPECT_EQ(refused.reason, OpenOrders);
    EXPECT_EQ(refused.level, kUpwards[level]);
    EXPECT_EQ(refused.node, kNodes[level]);
    EXPECT_EQ(refused.limit, 2);
    EXPECT_EQ(refused.needed, 1);
    EXPECT_EQ(refused.available, 0);
    EXPECT_EQ(refused.shortfall, 1);
  }
}

TEST(RejectArithmetic, TheCollarOfEveryLevelIsNamedInTicks) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    SCOPED_TRACE(level);
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) perp(p.profiles[up]).collar_ppm = 50'000;
    LevelWorld w(p);
    for (const Side side : {Side::Buy, Side::Sell}) {
      const int sign = sign_of(side);
      const Decision refused = w.decide(w.order(0, kBtcPerp, side, 1, 100 + 8 * sign));
      EXPECT_EQ(refused.reason, PriceCollar);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
      EXPECT_EQ(refused.limit, 100 + 5 * sign);
      EXPECT_EQ(refused.shortfall, 3);
      EXPECT_EQ(w.decide(w.order(0, kBtcPerp, side, 1, 100 + 6 * sign)).reason, PriceCollar);
      EXPECT_EQ(w.decide(w.order(0, kBtcPerp, side, 1, 100 + 5 * sign)).reason, None);
    }
  }
}

TEST(RejectArithmetic, RestrictedNamesTheFirstLevelThatHasItOnItsList) {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    Parameters p = parameters_by_level();
    for (std::uint32_t up = level; up < kLevels; ++up) perp(p.profiles[up]).restricted = true;
    LevelWorld w(p);
    const Decision refused = w.decide(Side::Buy, 1);
    EXPECT_EQ(refused.reason, Restricted);
    EXPECT_EQ(refused.level, kUpwards[level]);
    EXPECT_EQ(refused.node, kNodes[level]);
  }
}

TEST(RejectArithmetic, KilledSuspendedAndCloseOnlyNameWhereTheyWereSet) {
  constexpr std::array<std::pair<ControlAction, RejectReason>, 3> kActions = {
      {{ControlAction::Kill, Killed},
       {ControlAction::Suspend, Suspended},
       {ControlAction::CloseOnly, CloseOnly}}};
  for (const auto& [action, reason] : kActions) {
    LevelWorld w(parameters_by_level());
    const auto set = [&w, action = action](ControlScope scope, std::uint32_t target) {
      w.subject.apply(Control{{w.now}, target, {}, scope, action, {}});
      return w.decide(Side::Buy, 1);
    };
    // From the venue downwards, each nearer than the one before.
    for (std::uint32_t level = kLevels; level-- > 0;) {
      const Decision refused =
          set(level == 0 ? ControlScope::Account : ControlScope::Node, kNodes[level]);
      EXPECT_EQ(refused.reason, reason);
      EXPECT_EQ(refused.level, kUpwards[level]);
      EXPECT_EQ(refused.node, kNodes[level]);
    }
    const Decision refused = set(ControlScope::Session, 0);
    EXPECT_EQ(refused.reason, reason);
    EXPECT_EQ(refused.level, NodeLevel::Session);
    EXPECT_EQ(refused.node, 0U);
  }
}

TEST(RejectArithmetic, EntitlementAndRatesNameTheSession) {
  Parameters p = parameters_by_level();
  p.sessions[1].accounts = {AccountIndex{1}};
  p.sessions[1].rate = {.per_second = 4, .burst = 2, .exit_per_second = 4, .exit_burst = 2};
  LevelWorld w(p);
  NewOrder o = w.order(0, kBtcPerp, Side::Buy, 1, 100);
  o.session = {1};
  const Decision foreign = w.decide(o);  // takes a token
  EXPECT_EQ(foreign.reason, NotEntitled);
  EXPECT_EQ(foreign.level, NodeLevel::Session);
  EXPECT_EQ(foreign.node, 1U);
  o.account = {1};
  EXPECT_EQ(w.decide(o).reason, None);
  const Decision fast = w.decide(o);
  EXPECT_EQ(fast.reason, Rate);
  EXPECT_EQ(fast.level, NodeLevel::Session);
  EXPECT_EQ(fast.node, 1U);
  EXPECT_EQ(fast.shortfall, kSecondNs / 4);
  o.time = {w.now + kSecondNs / 4 - 1};
  EXPECT_EQ(w.decide(o).shortfall, 1);
  o.time = {w.now + kSecondNs / 4};
  EXPECT_EQ(w.decide(o).reason, None);
}

TEST(RejectArithmetic, LeverageIsNamedInDollars) {
  Parameters p = parameters_by_level();
  p.profiles[0].leverage_max_ppm = 2 * kPpm;
  LevelWorld w(p);
  w.balance(0, kUsd, usd(500) - usd(1'000'000));
  w.position(0, kEthPerp, 3, 100);
  const Decision refused = w.decide(Side::Buy, 9);
  EXPECT_EQ(refused.reason, Leverage);
  EXPECT_EQ(refused.level, NodeLevel::Account);
  EXPECT_EQ(refused.node, 0U);
  EXPECT_EQ(refused.limit, usd(1'000));
  EXPECT_EQ(refused.needed, usd(900));
  EXPECT_EQ(refused.available, usd(700));
  EXPECT_EQ(refused.shortfall, usd(200));
  EXPECT_EQ(refused.largest_passing, Lots{7});
  EXPECT_EQ(w.decide(Side::Buy, 8).reason, Leverage);
  EXPECT_EQ(w.decide(Side::Buy, 7).reason, None);
}

TEST(RejectArithmetic, MarginIsNamedInDollarsWithItsScenario) {
  LevelWorld w(parameters_by_level());
  w.balance(0, kUsd, usd(208) - usd(1'000'000));
  w.position(0, kEthPerp, 3, 100);
  ASSERT_EQ(w.margin(0).available, usd(160));
  const Decision refused = w.decide(Side::Sell, 12);
  EXPECT_EQ(refused.reason, Margin);
  EXPECT_EQ(refused.level, NodeLevel::Account);
  EXPECT_EQ(refused.node, 0U);
  EXPECT_EQ(refused.limit, 0);
  EXPECT_EQ(refused.needed, usd(12 * 16));
  EXPECT_EQ(refused.available, usd(160));
  EXPECT_EQ(refused.shortfall, usd(32));
  EXPECT_EQ(refused.set, 0U);
  EXPECT_EQ(refused.group, 0U);     // the coin that is sold
  EXPECT_EQ(refused.scenario, 8U);  // +16 %
  EXPECT_EQ(refused.largest_passing, Lots{10});
  EXPECT_EQ(w.decide(Side::Sell, 11).reason, Margin);
  EXPECT_EQ(w.decide(Side::Sell, 10).reason, None);
  EXPECT_EQ(w.margin(0).available, 0);
}

TEST(RejectArithmetic, ReduceOnlyNamesWhatMayBeClosed) {
  LevelWorld w(parameters_by_level());
  w.position(0, kBtcPerp, 10, 100);
  EXPECT_EQ(w.decide(Side::Sell, 4).reason, None);
  NewOrder o = w.order(0, kBtcPerp, Side::Sell, 9, 100);
  o.flags = kReduceOnly;
  const Decision refused = w.decide(o);
  EXPECT_EQ(refused.reason, ReduceOnly);
  EXPECT_EQ(refused.limit, 6);
  EXPECT_EQ(refused.needed, 9);
  EXPECT_EQ(refused.available, 6);
  EXPECT_EQ(refused.shortfall, 3);
  EXPECT_EQ(refused.largest_passing, Lots{6});
  o.quantity = {7};
  EXPECT_EQ(w.decide(o).reason, ReduceOnly);
  o.quantity = {6};
  EXPECT_EQ(w.decide(o).reason, None);
}

}  // namespace
}  // namespace portcullis::support
