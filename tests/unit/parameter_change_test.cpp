// Other parameters while orders are open (ORDERLIFE 7), by hand, on the engine and on the naive model.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "risk/rules.h"
#include "tests/support/method_world.h"

namespace portcullis::support::parameter_change_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

// In words: "account 3: another node".
std::vector<std::string> problems(const Parameters& from, const Parameters& to) {
  std::vector<std::string> texts;
  for (const ChangeProblem& problem : problems_of_change(from, to)) {
    std::string text(problem.of);
    if (problem.index != kNone32) text += ' ' + std::to_string(problem.index);
    texts.push_back(text + ": another " + std::string(problem.what));
  }
  return texts;
}

bool change(NaiveModel& model, std::int64_t now, const Parameters& to, std::uint32_t replaces) {
  return model.apply(ChangeParameters{{now}, replaces, std::make_shared<const Parameters>(to)});
}
bool change(Engine& engine, std::int64_t now, const Parameters& to, std::uint32_t replaces) {
  EXPECT_EQ(problems(engine.parameters(), to), std::vector<std::string>());
  NewRules rules(to);
  return engine.apply(ParameterChange{{now}, to.version, replaces}, rules);
}

template <class Subject>
struct World : MethodWorld<Subject> {
  explicit World(const Parameters& parameters = with_rows(), std::int64_t price = 100)
      : MethodWorld<Subject>(parameters, price) {
    this->balance(0, kUsd, 100'000);
  }
  // The perpetuals of small_parameters() in dollars, and a row of group 0's table, instrument 3.
  static Parameters with_rows() {
    Parameters p = dollar_parameters();
    add_row(p);
    return p;
  }
  bool change_to(const std::function<void(Parameters&)>& edit) {
    Parameters to = this->subject.parameters();
    const std::uint32_t from = to.version++;
    edit(to);
    return change(this->subject, this->now, to, from);
  }
  std::int64_t held() {
    if constexpr (MethodWorld<Subject>::kModel) {
      return static_cast<std::int64_t>(this->subject.position(0, kBtcPerp.value));
    } else {
      return this->subject.position({0}, kBtcPerp).raw;
    }
  }
  void verify() {
    if constexpr (!MethodWorld<Subject>::kModel) {
      EXPECT_STREQ(this->subject.verify(), nullptr);
    }
  }
};

constexpr InstrumentIndex kOption{3};

template <class Subject>
class ParameterChanges : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(ParameterChanges, Subjects);

TYPED_TEST(ParameterChanges, ALowerLimitStopsIncreasesAndCancelsNothing) {
  World<TypeParam> w;
  const Answer filled = w.buy(0, kBtcPerp, 10, 100);
  w.fill(filled.number, 10, 100);
  const Answer open = w.buy(0, kBtcPerp, 5, 100);
  ASSERT_TRUE(open.accepted());
  ASSERT_TRUE(w.change_to(
      [](Parameters& p) { p.profiles[0].instruments[kBtcPerp.value].long_max = Lots{8}; }));
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, LongLimit);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 4, 100).accepted());
  // Neither the position nor the working order is touched, and both go on.
  EXPECT_EQ(w.held(), 10);
  w.fill(open.number, 5, 100);
  EXPECT_EQ(w.held(), 15);
  w.verify();
  ASSERT_TRUE(w.change_to(
      [](Parameters& p) { p.profiles[0].instruments[kBtcPerp.value].long_max = Lots{16}; }));
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, LongLimit);
}

TYPED_TEST(ParameterChanges, TheRequirementIsThatOfTheNewShocksAtOnce) {
  World<TypeParam> w;
  const Answer filled = w.buy(0, kBtcPerp, 100, 100);
  w.fill(filled.number, 100, 100);
  EXPECT_EQ(w.requirement(), 1'600);
  ASSERT_TRUE(w.change_to([](Parameters& p) {
    for (std::int32_t& shock : p.groups[0].shock_ppm) shock *= 2;
  }));
  EXPECT_EQ(w.requirement(), 3'200);
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.per_group.initial_mult_ppm = 1'500'000; }));
  EXPECT_EQ(w.requirement(), 4'800);
  ASSERT_TRUE(
      w.change_to([](Parameters& p) { p.assets[kUsd.value].haircut[0].rate_ppm = 900'000; }));
  EXPECT_EQ(w.equity(), 90'000);
  w.verify();
}

// An open order is counted with the fee that a fill would pay now, and a trade that is broken gives back
// the fee that it paid.
TYPED_TEST(ParameterChanges, FeesOfOpenOrdersAreNewAndThoseOfTradesAreOld) {
  World<TypeParam> w;
  const auto with_fee = [](std::int64_t ppm) {
    return [ppm](Parameters& p) { p.instruments[kBtcPerp.value].fee_ppm = ppm; };
  };
  ASSERT_TRUE(w.change_to(with_fee(10'000)));
  const Answer filled = w.buy(0, kBtcPerp, 10, 100);
  w.fill(filled.number, 10, 100);  // a dollar each
  EXPECT_EQ(w.equity(), 99'990);
  const std::uint64_t match = w.match;
  ASSERT_TRUE(w.buy(0, kBtcPerp, 7, 100).accepted());
  EXPECT_EQ(w.margin(0).costs, 7);
  ASSERT_TRUE(w.change_to(with_fee(30'000)));
  EXPECT_EQ(w.margin(0).costs, 21);
  w.verify();
  VenueEvent broken;
  broken.time = {w.now};
  broken.type = VenueEventType::Broken;
  broken.number = filled.number;
  broken.match = match;
  w.subject.apply(broken);
  EXPECT_EQ(w.equity(), 100'000);
  w.verify();
}

TYPED_TEST(ParameterChanges, ATableOfOtherShocksIsStaleUntilTheNextOneIsThere) {
  World<TypeParam> w;
  const std::vector<std::int32_t> gains(9, 0);
  w.publish(gains);
  EXPECT_TRUE(w.buy(0, kOption, 1, 100).accepted());
  // What its tables are not made of does not matter to them.
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.groups[0].kappa_ppm = 500'000; }));
  EXPECT_TRUE(w.buy(0, kOption, 1, 100).accepted());
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.groups[1].shock_ppm[0] = -170'000; }));
  EXPECT_TRUE(w.buy(0, kOption, 1, 100).accepted());
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.groups[0].shock_ppm[0] = -170'000; }));
  EXPECT_EQ(w.buy(0, kOption, 1, 100).reason, StaleRiskTable);
  w.verify();
  w.publish(gains);
  EXPECT_TRUE(w.buy(0, kOption, 1, 100).accepted());
  w.verify();
}

TYPED_TEST(ParameterChanges, ATableOfEarlierParametersIsTakenWhileItFits) {
  World<TypeParam> w;
  const std::vector<std::int32_t> gains(9, 0);
  w.publish(gains);
  RiskTable table = w.tables.back();
  const std::uint32_t built_under = table.parameter_version;
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.groups[0].kappa_ppm = 500'000; }));
  const auto publish = [&](std::uint32_t version) {
    table.id = ++w.table_id;
    table.parameter_version = version;
    w.tables.push_back(table);
    if constexpr (MethodWorld<TypeParam>::kModel) {
      return w.subject.publish(w.tables.back(), {w.now});
    } else {
      return w.subject.apply(TableUpdate{{w.now}, w.table_id, {0}, {}}, w.tables.back());
    }
  };
  EXPECT_TRUE(publish(built_under));
  EXPECT_FALSE(publish(built_under - 1));
  EXPECT_FALSE(publish(built_under + 2));  // of parameters to come
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.groups[0].shock_ppm[0] = -170'000; }));
  EXPECT_FALSE(publish(built_under + 1));
  EXPECT_TRUE(publish(built_under + 2));
}

TYPED_TEST(ParameterChanges, WhatASessionHasSuspendedAndMayNoLongerUseIsTheVenues) {
  World<TypeParam> w;
  const auto say = [&](std::uint32_t session, std::uint32_t account, ControlAction action) {
    Control control{{w.now}, account, {}, ControlScope::Account, action, {}};
    if (session != kNone32) control.by = {session};
    w.subject.apply(control);
  };
  say(1, 0, ControlAction::Suspend);
  say(1, 1, ControlAction::Suspend);
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.sessions[1].accounts = {{1}}; }));
  w.balance(1, kUsd, 100'000);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Suspended);
  EXPECT_EQ(w.buy(1, kBtcPerp, 1, 100).reason, Suspended);
  w.verify();
  say(1, 0, ControlAction::Resume);
  say(1, 1, ControlAction::Resume);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100).reason, Suspended);
  EXPECT_TRUE(w.buy(1, kBtcPerp, 1, 100).accepted());
  say(kNone32, 0, ControlAction::Resume);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100).accepted());
  w.verify();
}

TYPED_TEST(ParameterChanges, OnlyWhatFollowsTheVersionInForceIsTaken) {
  World<TypeParam> w;
  Parameters to = w.subject.parameters();
  to.version = 5;
  EXPECT_FALSE(change(w.subject, w.now, to, 2));
  EXPECT_EQ(w.subject.parameters().version, 1u);
  EXPECT_TRUE(change(w.subject, w.now, to, 1));
  EXPECT_FALSE(change(w.subject, w.now, to, 5));
  to.version = 4;
  EXPECT_FALSE(change(w.subject, w.now, to, 5));
  EXPECT_EQ(w.subject.parameters().version, 5u);
}

// --- of the engine alone

// They are looked for in blocks.
TEST(ParameterChange, SuspensionsAreFoundAmongMany) {
  Parameters p = dollar_parameters();
  p.accounts.resize(200, p.accounts[0]);
  p.sessions.resize(3, p.sessions[0]);
  for (SessionParameters& session : p.sessions) session.accounts.clear();
  for (std::uint32_t a = 0; a < 70; ++a) p.sessions[0].accounts.push_back({a});
  for (std::uint32_t a = 70; a < 200; ++a) p.sessions[2].accounts.push_back({a});
  ASSERT_STREQ(first_problem(p), nullptr);
  Engine engine(p);
  const std::vector<std::uint32_t> all{0, 63, 64, 69, 70, 127, 128, 199};
  const auto say = [&](std::uint32_t account, ControlAction action) {
    engine.apply(
        Control{{1}, account, {account < 70 ? 0u : 2u}, ControlScope::Account, action, {}});
  };
  for (const std::uint32_t account : all) say(account, ControlAction::Suspend);
  Parameters to = p;
  to.version = p.version + 1;
  std::erase(to.sessions[2].accounts, AccountIndex{128});
  ASSERT_TRUE(change(engine, 2, to, p.version));
  EXPECT_STREQ(engine.verify(), nullptr);
  for (const std::uint32_t account : all) {
    EXPECT_EQ((engine.flags(ControlScope::Account, account) & kSuspended) != 0, account == 128)
        << account;
    say(account, ControlAction::Resume);
  }
  EXPECT_STREQ(engine.verify(), nullptr);
  EXPECT_NE(engine.flags(ControlScope::Account, 128) & kSuspended, 0) << "the venue's";
}

TEST(ParameterChange, EveryDecisionNamesTheVersionItWasMadeUnder) {
  World<Engine> w;
  const auto decide = [&] {
    NewOrder order = w.order(0, kBtcPerp, Side::Buy, 1, 100);
    order.client_ref = ++w.client_ref;
    return w.subject.submit(order).parameter_version;
  };
  EXPECT_EQ(decide(), 1u);
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.version = 9; }));
  EXPECT_EQ(decide(), 9u);
}

TEST(ParameterChange, EverybodyIsDueOnceMore) {
  World<Engine> w;
  while (w.subject.take_due().exists()) {
  }
  ASSERT_TRUE(w.change_to([](Parameters& p) { p.per_group.initial_mult_ppm = 2 * kPpm; }));
  EXPECT_EQ(w.subject.take_due(), AccountIndex{0});
  EXPECT_EQ(w.subject.take_due(), AccountIndex{1});
  EXPECT_FALSE(w.subject.take_due().exists());
}

// What was in force comes back, to be freed where the new ones were made.
TEST(ParameterChange, TheOldParametersAreHandedBack) {
  World<Engine> w;
  Parameters to = w.subject.parameters();
  to.version = 2;
  NewRules rules(to);
  ASSERT_TRUE(w.subject.apply(ParameterChange{{w.now}, 2, 1}, rules));
  EXPECT_EQ(rules.rules.parameters().version, 1u);
  EXPECT_EQ(w.subject.parameters().version, 2u);
}

struct Refused {
  const char* problem;
  std::function<void(Parameters&)> edit;
};

TEST(ParameterChange, WhatCannotChangeIsRefusedByName) {
  Parameters from = World<Engine>::with_rows();
  add_driver(from, 0, Measure::Notional, Reach::Net, {kBtcPerp});
  add_on(from, 0, {0}, flat_rate(10'000));
  from.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
  from.accounts[0].protections = {{{0}, Lots{5}}};
  from.accounts.push_back(from.accounts[0]);
  from.accounts[2].protections.clear();
  EXPECT_EQ(problems(from, from), std::vector<std::string>());
  const Refused rows[] = {
      {"parameters: another denominator of values", [](auto& p) { ++p.wide_denominator; }},
      {"parameters: another number of factors", [](auto& p) { ++p.factor_count; }},
      {"parameters: another capacity for orders", [](auto& p) { ++p.capacities.orders; }},
      {"parameters: another capacity for positions", [](auto& p) { ++p.capacities.positions; }},
      {"parameters: another capacity for group slots", [](auto& p) { ++p.capacities.group_slots; }},
      {"parameters: another capacity for trades", [](auto& p) { ++p.capacities.trades; }},
      {"parameters: another number of margin bands", [](auto& p) { p.bands.clear(); }},
      {"parameters: another state of a margin band",
       [](auto& p) { p.bands[0].state = MarginState::Bankrupt; }},
      {"parameters: another number of assets", [](auto& p) { p.assets.push_back(p.assets[0]); }},
      {"asset 1: another unit", [](auto& p) { p.assets[1].wide_per_index = 7; }},
      {"asset 1: another collateral mode",
       [](auto& p) { p.assets[1].mode = CollateralMode::Both; }},
      {"asset 1: another factor", [](auto& p) { p.assets[1].factor = {0}; }},
      {"parameters: another number of instruments", [](auto& p) { p.instruments.pop_back(); }},
      {"instrument 2: another factor", [](auto& p) { p.instruments[2].factor = {1}; }},
      {"instrument 2: another settlement asset",
       [](auto& p) { p.instruments[2].settlement = kBtc; }},
      {"instrument 2: another tick", [](auto& p) { p.instruments[2].marks_per_tick = 2; }},
      {"instrument 2: another lot or multiplier",
       [](auto& p) { p.instruments[2].units_per_lot_mark = 2; }},
      {"instrument 2: another payoff", [](auto& p) { p.instruments[2].payoff = Payoff::Inverse; }},
      {"instrument 3: another source of risk",
       [](auto& p) { p.instruments[3].risk = RiskSource::Factor; }},
      {"instrument 2: another way to pay the premium",
       [](auto& p) { p.instruments[2].upfront = true; }},
      {"instrument 2: another value of long positions",
       [](auto& p) { p.instruments[2].long_value = false; }},
      {"instrument 2: another base asset", [](auto& p) { p.instruments[2].base = kBtc; }},
      {"instrument 2: another lot of the base asset",
       [](auto& p) { p.instruments[2].base_per_lot = 3; }},
      {"instrument 2: another reference", [](auto& p) { p.instruments[2].reference = kBtcPerp; }},
      {"instrument 2: another lot of the reference",
       [](auto& p) { p.instruments[2].reference_lots_ppm = 3; }},
      {"instrument 3: another row of the risk table", [](auto& p) { p.instruments[3].row = 2; }},
      {"instrument 3: another unit of the risk table",
       [](auto& p) { p.instruments[3].vector_unit = 2; }},
      {"instrument 3: another cap of the risk table",
       [](auto& p) { p.instruments[3].vector_cap = 2; }},
      {"parameters: another number of groups", [](auto& p) { p.groups.pop_back(); }},
      {"group 1: another first factor", [](auto& p) { p.groups[1].first_factor = 0; }},
      {"group 1: another number of factors", [](auto& p) { p.groups[1].factor_count = 2; }},
      {"group 1: another number of scenarios", [](auto& p) { p.groups[1].column_count = 8; }},
      {"group 0: another number of rows in the risk table",
       [](auto& p) { p.groups[0].row_count = 2; }},
      {"group 0: another bound on what risk tables may lag",
       [](auto& p) { p.groups[0].table_move_max_ppm = 1; }},
      {"group 0: another number of add-on drivers", [](auto& p) { p.groups[0].drivers.clear(); }},
      {"parameters: another number of scenario sets", [](auto& p) { p.sets.push_back(p.sets[0]); }},
      {"set 0: another scope", [](auto& p) { p.sets[0].scope = SetScope::Joint; }},
      {"set 0: another place of its scenarios", [](auto& p) { p.sets[0].first_column[1] = 1; }},
      {"set 0: another number of scenarios", [](auto& p) { p.sets[0].column_count[1] = 8; }},
      {"set 0: another action", [](auto& p) { p.sets[0].action = SetAction::Warn; }},
      {"set 0: another part in the initial requirement",
       [](auto& p) { p.sets[0].initial = false; }},
      {"set 0: another part in the maintenance requirement",
       [](auto& p) { p.sets[0].maintenance = false; }},
      {"parameters: another number of nodes", [](auto& p) { p.nodes.push_back(p.nodes[2]); }},
      {"node 2: another level", [](auto& p) { p.nodes[2].level = NodeLevel::Member; }},
      {"node 2: another parent", [](auto& p) { p.nodes[2].parent = kVenue; }},
      {"parameters: another number of accounts",
       [](auto& p) { p.accounts.push_back(p.accounts[1]); }},
      {"account 1: another node", [](auto& p) { p.accounts[1].parent = kMember; }},
      {"account 1: another account that it is isolated from",
       [](auto& p) { p.accounts[1].isolated_from = {0}; }},
      {"account 1: another instrument that it is isolated in",
       [](auto& p) { p.accounts[1].isolated_in = kBtcPerp; }},
      {"account 1: another kind, cash or margin", [](auto& p) { p.accounts[1].cash_only = true; }},
      {"account 0: another number of protections",
       [](auto& p) { p.accounts[0].protections.clear(); }},
      {"account 0: another group of a protection",
       [](auto& p) { p.accounts[0].protections[0].group = {1}; }},
      {"parameters: another number of sessions", [](auto& p) { p.sessions.pop_back(); }},
      {"session 1: another member", [](auto& p) { p.sessions[1].member = kVenue; }},
  };
  for (const Refused& row : rows) {
    Parameters to = from;
    row.edit(to);
    EXPECT_EQ(problems(from, to), std::vector<std::string>{row.problem});
  }
}

TEST(ParameterChange, EveryProblemIsNamed) {
  const Parameters from = World<Engine>::with_rows();
  Parameters to = from;
  to.capacities.orders = 3;
  to.instruments[2].marks_per_tick = 4;
  to.nodes[1].parent = {};
  to.sessions[0].actions = 0;  // which may change
  EXPECT_EQ(problems(from, to),
            (std::vector<std::string>{"parameters: another capacity for orders",
                                      "instrument 2: another tick", "node 1: another parent"}));
}

}  // namespace
}  // namespace portcullis::support::parameter_change_test
