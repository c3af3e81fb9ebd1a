// Changes of limits: proposed, approved by another person, in force at their time, and gone when they
// expire; over kills, and the same when the journal decides again.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/change_world.h"

namespace portcullis::test::gate_changes_test {
namespace {

namespace gate = gateway::gate;
using gateway::parameters::ChangeStanding;
using risk::Disposition;
using risk::RejectReason;
using Answer = ChangeWorld::Answer;
using Type = ChangeWorld::Type;

constexpr std::int64_t kHour = 3'600 * risk::kSecondNs;

// Of ALPHA2's account alone; its profile has a clip of 5,000.
config::LimitOverride clip(const std::string& shares) {
  return {true, "alpha-hedge", "AMZN", "clip", shares};
}
Change profile_clip(const std::string& shares) {
  return {Change::Kind::Set, "limits.json", "profiles.maker.instruments.AMZN.clip",
          '"' + shares + '"'};
}

class GateChanges : public testing::Test {
 protected:
  // Whether an order of so many shares passes the clip.
  bool passes(std::uint32_t shares) {
    GateWorld& gate = world_.gate;
    const auto session = gate.session("ALPHA2");
    const risk::Decision decision = gate.enter(session, {.number = ++number_, .quantity = shares});
    EXPECT_TRUE(decision.disposition == Disposition::Forward ||
                decision.reason == RejectReason::ClipSize)
        << risk::info(decision.reason).name;
    return decision.disposition == Disposition::Forward;
  }
  std::int64_t configured_clip() {
    const auto& p = world_.gate.deployment().parameters;
    const auto account = world_.gate.account("alpha-hedge");
    const auto instrument = world_.gate.instrument("AMZN");
    return p.profiles[p.accounts[account.value].profile].instruments[instrument.value].clip.raw;
  }
  // In force now, of that account.
  std::int64_t clip_now() {
    const auto& p = world_.gate.engine().parameters();
    const auto account = world_.gate.account("alpha-hedge");
    const auto instrument = world_.gate.instrument("AMZN");
    return p.profiles[p.accounts[account.value].profile].instruments[instrument.value].clip.raw;
  }
  static std::string problems(const Answer& answer) {
    std::string text;
    for (const config::Problem& problem : answer.problems) text += config::to_text(problem) + '\n';
    return text;
  }

  ChangeWorld world_{true};
  std::uint32_t number_ = 0;
};

TEST_F(GateChanges, ACutIsInForceAtOnceAndARaiseWhenAnotherPersonApproves) {
  const std::int64_t was = clip_now();
  ASSERT_GT(was, 100);
  Answer answer = world_.override_limit("ann", clip("50"), kHour);
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::InForce);
  EXPECT_EQ(answer.change, 1U);
  ASSERT_EQ(answer.differences.size(), 1U);
  EXPECT_EQ(answer.differences[0].path, "accounts.alpha-hedge.instruments.AMZN.clip");
  EXPECT_EQ(clip_now(), 50);
  EXPECT_TRUE(passes(50));
  EXPECT_FALSE(passes(51));

  answer = world_.override_limit("ann", clip("80"), kHour / 2);
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::AwaitsApproval);
  EXPECT_TRUE(answer.differences.at(0).is_raise);
  EXPECT_EQ(clip_now(), 50);
  EXPECT_NE(problems(world_.decide(Type::Approve, "ann", 2)).find("cannot approve it"),
            std::string::npos);
  EXPECT_EQ(clip_now(), 50);
  // Who approves sees what.
  const auto view = world_.desk->view();
  ASSERT_EQ(view->open.size(), 2U);
  EXPECT_EQ(view->open[1].limits, (std::vector{clip("80")}));
  EXPECT_EQ(view->open[1].differences.at(0).from, "\"50\"");
  answer = world_.decide(Type::Approve, "bob", 2);
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::InForce);
  EXPECT_EQ(clip_now(), 80);
  EXPECT_FALSE(problems(world_.decide(Type::Approve, "bob", 2)).empty()) << "once";
  EXPECT_FALSE(problems(world_.decide(Type::Refuse, "bob", 2)).empty()) << "it is in force";
  EXPECT_FALSE(problems(world_.decide(Type::Approve, "bob", 9)).empty()) << "unknown";

  world_.pass_time(kHour / 2);
  EXPECT_EQ(clip_now(), 50) << "the later one has expired";
  world_.pass_time(kHour / 2);
  EXPECT_EQ(clip_now(), was);
  EXPECT_TRUE(world_.gate.gate().changes().open().empty());
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, RefusedAndWithdrawnOnesHaveEnded) {
  const std::int64_t was = clip_now();
  const std::string more = std::to_string(was * 2);
  ASSERT_EQ(world_.override_limit("ann", clip(more), kHour).standing,
            ChangeStanding::AwaitsApproval);
  ASSERT_EQ(world_.override_limit("ann", clip(more), kHour).standing,
            ChangeStanding::AwaitsApproval);
  EXPECT_EQ(world_.decide(Type::Refuse, "bob", 1).standing, ChangeStanding::Refused);
  EXPECT_EQ(world_.decide(Type::Withdraw, "ann", 2).standing, ChangeStanding::Withdrawn);
  for (const std::uint32_t change : {1U, 2U}) {
    EXPECT_TRUE(world_.decide(Type::Approve, "bob", change).is_conflict);
    EXPECT_TRUE(world_.decide(Type::Withdraw, "ann", change).is_conflict);
  }
  // Nobody has approved it when its time is over.
  ASSERT_EQ(world_.override_limit("ann", clip(more), kHour).change, 3U);
  world_.pass_time(kHour);
  EXPECT_TRUE(world_.decide(Type::Approve, "bob", 3).is_conflict);
  EXPECT_EQ(clip_now(), was);
  const auto view = world_.desk->view();
  ASSERT_EQ(view->ended.size(), 3U);
  EXPECT_EQ(view->ended[0].standing, ChangeStanding::Lapsed);
  EXPECT_EQ(view->ended[1].ended_by, "ann");
  EXPECT_EQ(view->ended[2].ended_by, "bob");
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, AReloadIsAChangeTooAndOverridesStayAcrossIt) {
  const std::int64_t was = clip_now();
  ASSERT_EQ(world_.override_limit("ann", clip("40"), kHour).standing, ChangeStanding::InForce);
  Answer answer = world_.reload("ann", {profile_clip(std::to_string(was + 1))});
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::AwaitsApproval);
  EXPECT_FALSE(problems(world_.decide(Type::Approve, "ann", answer.change)).empty());
  EXPECT_EQ(world_.decide(Type::Approve, "bob", answer.change).standing, ChangeStanding::Done);
  EXPECT_EQ(clip_now(), 40) << "the override is over it";
  answer = world_.reload("ann", {profile_clip("90")});
  EXPECT_EQ(answer.standing, ChangeStanding::Done) << "a cut: " << problems(answer);
  EXPECT_EQ(world_.reload("ann", {profile_clip("90")}).standing, ChangeStanding::Unchanged);
  world_.pass_time(kHour);
  EXPECT_EQ(clip_now(), 90);
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, WhatSignalsAndStartsAskForWaitsOnceWhereItRaises) {
  const std::int64_t was = clip_now();
  const auto raise = small_deployment({profile_clip(std::to_string(was + 1))});
  Answer answer = world_.desk->take_configuration(raise, "uid 1", world_.gate.now_ns);
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::AwaitsApproval);
  EXPECT_EQ(answer.change, 1U);
  world_.restart();
  answer = world_.desk->take_configuration(raise, "start", world_.gate.now_ns);
  EXPECT_EQ(answer.change, 1U) << "it is there already";
  EXPECT_EQ(clip_now(), was);
  EXPECT_EQ(world_.decide(Type::Approve, "bob", 1).standing, ChangeStanding::Done);
  EXPECT_EQ(clip_now(), was + 1);
  const auto cut = small_deployment({profile_clip("70")});
  answer = world_.desk->take_configuration(cut, "uid 1", world_.gate.now_ns);
  EXPECT_EQ(answer.standing, ChangeStanding::Done);
  EXPECT_EQ(answer.change, 0U) << "nobody had to be asked";
  EXPECT_EQ(clip_now(), 70);
  EXPECT_EQ(world_.gate.check(), "");
}

// Killed between any two steps, what was said holds, and what came due meanwhile is put right.
TEST_F(GateChanges, TimeGoesOnWhileNoProcessRuns) {
  const std::int64_t was = clip_now();
  const std::string more = std::to_string(was * 2);
  Answer answer = world_.override_limit("ann", clip(more), kHour, kHour);
  ASSERT_EQ(problems(answer), "");
  EXPECT_EQ(answer.standing, ChangeStanding::AwaitsApproval);
  world_.restart();
  answer = world_.decide(Type::Approve, "bob", 1);
  EXPECT_EQ(answer.standing, ChangeStanding::AwaitsTime) << problems(answer);
  EXPECT_EQ(clip_now(), was);
  world_.pass_time(kHour / 2);
  world_.restart();
  EXPECT_EQ(clip_now(), was);
  world_.gate.pass_time(kHour / 2);  // and nobody looks
  world_.restart();
  EXPECT_EQ(clip_now(), was * 2);
  EXPECT_EQ(world_.gate.gate().changes().find(1)->state, gate::ChangeState::InForce);
  world_.restart();
  EXPECT_EQ(clip_now(), was * 2);
  world_.gate.pass_time(kHour);
  world_.restart();
  EXPECT_EQ(clip_now(), was);
  // Behind each record the state comes back as it was there.
  const std::uint64_t last = world_.gate.journal().published_sequence();
  EXPECT_EQ(world_.gate.check(), "");
  for (std::uint64_t through = last; through > last - 20; through -= 3) {
    world_.gate.kill(through);
    EXPECT_EQ(world_.gate.check(), "") << through;
  }
}

TEST_F(GateChanges, ASnapshotHasThem) {
  world_.gate.follow(3);
  ASSERT_EQ(world_.override_limit("ann", clip("40"), kHour).standing, ChangeStanding::InForce);
  ASSERT_EQ(world_.override_limit("ann", clip("60"), kHour).standing,
            ChangeStanding::AwaitsApproval);
  for (int n = 0; n < 9; ++n) EXPECT_TRUE(passes(10));
  world_.restart();
  EXPECT_NE(world_.gate.from_snapshot(), 0U);
  ASSERT_EQ(world_.gate.gate().changes().open().size(), 2U);
  EXPECT_EQ(clip_now(), 40);
  EXPECT_EQ(world_.decide(Type::Approve, "bob", 2).standing, ChangeStanding::InForce);
  EXPECT_EQ(clip_now(), 60);
  EXPECT_EQ(world_.gate.check(), "");
}

// A limit below what is used stops increases, and cancels nothing.
TEST_F(GateChanges, ALimitBelowItsUsageStopsIncreasesAndCancelsNothing) {
  for (int n = 0; n < 3; ++n) EXPECT_TRUE(passes(100));
  const std::uint32_t live = world_.gate.engine().live_orders();
  (void)world_.gate.at_venue();
  ASSERT_EQ(world_.override_limit("ann", {true, "alpha-hedge", "AMZN", "long_max", "200"}, kHour)
                .standing,
            ChangeStanding::InForce);
  world_.gate.deliver();
  EXPECT_EQ(world_.gate.engine().live_orders(), live);
  EXPECT_TRUE(world_.gate.at_venue().empty());
  const auto session = world_.gate.session("ALPHA2");
  EXPECT_EQ(world_.gate.enter(session, {.number = ++number_, .quantity = 1}).reason,
            RejectReason::LongLimit);
  EXPECT_EQ(world_.gate.cancel(session, 1).disposition, Disposition::Forward);
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, WhatIsWrongIsRefusedWholeWithEveryProblem) {
  const std::uint64_t before = world_.gate.journal().published_sequence();
  struct Refused {
    std::vector<Change> changes;
    std::size_t problems;
  };
  using enum Change::Kind;
  const Refused refused[] = {
      {{{Set, "instruments.json", "instruments.AMZN.tick", "\"0.02\""}}, 1},
      {{{Set, "instruments.json", "instruments.AMZN.tick", "\"0.02\""},
        {Set, "limits.json", "accounts.alpha-1.firm", "\"ZZZ9\""},
        profile_clip("50")},
       2},
  };
  for (const Refused& one : refused) {
    const Answer answer = world_.reload("ann", one.changes);
    EXPECT_EQ(answer.problems.size(), one.problems) << problems(answer);
    EXPECT_FALSE(answer.is_conflict);
  }
  // Files that are wrong in themselves.
  config::LoadResult wrong;
  wrong.problems = {{"limits.json", "a", "", "is missing"}, {"margin.json", "b", "", "is wrong"}};
  world_.next = wrong;
  ChangeWorld::Request request;
  request.by = "ann";
  EXPECT_EQ(world_.desk->take(request, world_.gate.now_ns).problems.size(), 2U);
  for (const auto& limit :
       {clip("many"), clip("-1"), config::LimitOverride{true, "nobody", "AMZN", "clip", "1"}}) {
    EXPECT_FALSE(world_.override_limit("ann", limit, kHour).problems.empty()) << limit.value;
  }
  EXPECT_EQ(world_.override_limit("ann", clip("1"), 25 * kHour).problems.size(), 1U)
      << "more than a day";
  EXPECT_EQ(world_.override_limit("ann", clip("1"), -kHour).problems.size(), 1U);
  EXPECT_EQ(world_.reload("ann", {profile_clip("7")}, 9'000 * kHour).problems.size(), 1U)
      << "more than a year from now";
  EXPECT_EQ(world_.gate.journal().published_sequence(), before) << "nothing was written";
  EXPECT_EQ(clip_now(), configured_clip());
}

// A collar of a tenth is paid for by a shock of 0.15 times 1.2, and not by one of 0.06.
TEST_F(GateChanges, AReloadUnderWhichAnOverrideDoesNotFitIsRefused) {
  const Change shock{Change::Kind::Set, "margin.json", "sets.range.groups.equity.grid.range",
                     "\"0.06\""};
  ASSERT_EQ(
      world_.override_limit("ann", {true, "alpha-hedge", "AMZN", "collar", "0.1"}, kHour).standing,
      ChangeStanding::AwaitsApproval);
  ASSERT_EQ(world_.decide(Type::Approve, "bob", 1).standing, ChangeStanding::InForce);
  const Answer refused = world_.reload("ann", {shock, profile_clip("30")});
  ASSERT_EQ(refused.problems.size(), 1U) << problems(refused);
  EXPECT_EQ(refused.problems[0].path, "accounts.alpha-hedge.instruments.AMZN.collar");
  EXPECT_EQ(clip_now(), configured_clip());
  // What fits is taken, and the account's own profile follows the one that it was made of.
  ASSERT_EQ(world_.reload("ann", {profile_clip("30")}).standing, ChangeStanding::Done);
  EXPECT_EQ(clip_now(), 30);
  world_.pass_time(kHour);
  EXPECT_EQ(world_.reload("ann", {shock, profile_clip("30")}).standing,
            ChangeStanding::AwaitsApproval);
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, SoManyAreOpenAtOnce) {
  const std::string more = std::to_string(clip_now() * 2);
  for (std::size_t n = 0; n < gate::ChangeTable::kOpenMax; ++n)
    ASSERT_EQ(world_.override_limit("ann", clip(more), kHour).standing,
              ChangeStanding::AwaitsApproval);
  const Answer answer = world_.override_limit("ann", clip(more), kHour);
  EXPECT_TRUE(answer.is_conflict);
  EXPECT_NE(problems(answer).find("too many changes"), std::string::npos);
  EXPECT_EQ(world_.decide(Type::Withdraw, "ann", 1).standing, ChangeStanding::Withdrawn);
  EXPECT_EQ(world_.override_limit("ann", clip(more), kHour).standing,
            ChangeStanding::AwaitsApproval);
  EXPECT_EQ(world_.gate.check(), "");
}

// What needed nobody when it was proposed needs somebody when other limits are in force by then.
TEST_F(GateChanges, ACutThatHasBecomeARaiseLapses) {
  ASSERT_EQ(world_.override_limit("ann", clip("90"), kHour, kHour).standing,
            ChangeStanding::AwaitsTime);
  ASSERT_EQ(world_.reload("ann", {profile_clip("50")}).standing, ChangeStanding::Done);
  world_.pass_time(kHour);
  EXPECT_EQ(clip_now(), 50);
  ASSERT_FALSE(world_.told.empty());
  EXPECT_NE(world_.told.back().find("raise that nobody has approved"), std::string::npos);
  EXPECT_TRUE(world_.gate.gate().changes().open().empty());
  EXPECT_EQ(world_.gate.check(), "");
}

// A configuration is proposed beside the one in force; where another has come meanwhile it would undo that.
TEST_F(GateChanges, AReloadThatComesIntoForceEndsTheOthersThatWait) {
  const std::string more = std::to_string(clip_now() * 2);
  ASSERT_EQ(world_.reload("ann", {profile_clip(more)}).standing, ChangeStanding::AwaitsApproval);
  ASSERT_EQ(world_.reload("ann", {profile_clip("90")}, kHour).standing, ChangeStanding::AwaitsTime);
  ASSERT_EQ(world_.override_limit("ann", clip("10"), 2 * kHour).standing, ChangeStanding::InForce);
  ASSERT_EQ(world_.reload("ann", {profile_clip("50")}).standing, ChangeStanding::Done);
  EXPECT_TRUE(world_.decide(Type::Approve, "bob", 1).is_conflict);
  world_.restart();
  world_.pass_time(kHour);
  ASSERT_EQ(world_.gate.gate().changes().open().size(), 1U);
  EXPECT_EQ(clip_now(), 10);
  world_.pass_time(kHour);
  EXPECT_EQ(clip_now(), 50);
  EXPECT_EQ(world_.gate.check(), "");
}

// The gate has the last word, whatever is brought to it.
TEST_F(GateChanges, TheGateTakesNoParametersOfWhatIsNotApproved) {
  const std::string more = std::to_string(clip_now() * 2);
  ASSERT_EQ(world_.override_limit("ann", clip(more), kHour).standing,
            ChangeStanding::AwaitsApproval);
  gateway::parameters::ParameterDesk layers(
      world_.gate.deployment(), world_.gate.gate().parameters(), world_.gate.directory());
  auto prepared = layers.prepare_layers(
      layers.configuration(),
      {{.change = 1, .expires_at = {world_.gate.now_ns + kHour}, .limits = {clip(more)}}},
      gate::ParametersCause::Override, 1, "mallory");
  ASSERT_TRUE(prepared.parameters);
  const std::uint64_t before = world_.gate.journal().published_sequence();
  EXPECT_FALSE(world_.gate.take(*prepared.parameters).is_taken);
  gate::PublishedParameters approval;
  approval.change.emplace();
  approval.change->id = 1;
  approval.change->step = gate::ChangeStep::Approve;
  approval.change->by = {'a', 'n', 'n'};
  EXPECT_FALSE(world_.gate.take(approval).is_taken) << "her own";
  EXPECT_EQ(world_.gate.journal().published_sequence(), before);
  EXPECT_EQ(world_.gate.check(), "");
}

TEST_F(GateChanges, AStoppedGateIsToldAndNothingIsBelieved) {
  world_.is_stopped = true;
  const Answer answer = world_.override_limit("ann", clip("50"), kHour);
  EXPECT_TRUE(answer.is_conflict);
  EXPECT_TRUE(world_.desk->view()->open.empty());
  world_.is_stopped = false;
  EXPECT_EQ(world_.override_limit("ann", clip("50"), kHour).standing, ChangeStanding::InForce);
}

TEST(GateChangesOfOne, WithoutFourEyesNobodyIsAsked) {
  ChangeWorld world(false);
  const Answer answer = world.override_limit("ann", clip("6000"), kHour);
  EXPECT_EQ(answer.standing, ChangeStanding::InForce);
  EXPECT_TRUE(answer.differences.at(0).is_raise);
  EXPECT_TRUE(world.decide(Type::Approve, "bob", answer.change).is_conflict);
  EXPECT_EQ(world.gate.check(), "");
}

}  // namespace
}  // namespace portcullis::test::gate_changes_test
