// The margin taken apart, on a world to compute by hand (fixtures.h): the grid is -16 % .. +16 % in
// steps of 4 %, columns 0 to 8.
#include "risk/breakdown.h"

#include <gtest/gtest.h>

#include "risk/engine.h"
#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::breakdown_test {
namespace {

using namespace portcullis::risk;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }
constexpr Int128 in_fines(std::int64_t dollars) { return Int128{usd(dollars)} * kPpm; }
constexpr AccountIndex kAccount{0};

struct World : Driver<Engine> {
  explicit World(const Parameters& parameters = small_parameters()) : Driver(parameters) {
    index(kUsd, 1);
    index(kBtc, 100);
    mark(kBtcPerp, 100);
    mark(kEthPerp, 100);
    mark(kBtcDated, 100);
  }
  Breakdown taken_apart() {
    Breakdown breakdown(subject.parameters());
    subject.break_down(kAccount, breakdown);
    return breakdown;
  }
};

TEST(Breakdown, OfTwoGroups) {
  World world;
  world.balance(0, kUsd, usd(1'000));
  world.balance(0, kBtc, 100'000'000);  // a coin, cut by 5 %
  world.position(0, kBtcPerp, 10, 90);
  world.position(0, kEthPerp, -5, 100);
  const Breakdown b = world.taken_apart();
  ASSERT_TRUE(b.in_range);
  EXPECT_EQ(b.levered_notional.raw, usd(1'500));
  EXPECT_EQ(b.leverage_equity.raw, usd(1'195));
  EXPECT_EQ(b.assets[kUsd.value].amount.raw, usd(1'100));
  EXPECT_EQ(b.initial.assets[kBtc.value].value.raw, usd(95));
  EXPECT_TRUE(b.assets[kBtc.value].is_held);
  EXPECT_EQ(b.initial.equity.raw, usd(1'195));
  EXPECT_EQ(b.initial.requirement.raw, usd(160 + 80));
  EXPECT_EQ(b.initial.groups_part.raw, usd(240));
  EXPECT_EQ(b.initial.joint_part.raw, 0);
  EXPECT_EQ(b.initial.groups[0].requirement, in_fines(160));
  EXPECT_EQ(b.initial.groups[0].low[0], in_fines(-160));
  EXPECT_EQ(b.initial.groups[1].low[8], in_fines(-80));
  EXPECT_EQ(b.initial.groups[1].alone[0], in_fines(80));
  EXPECT_EQ(b.initial.scope, BindingScope::Groups);
  EXPECT_EQ(b.initial.group, 0u);
  EXPECT_EQ(b.initial.set, 0u);
  EXPECT_EQ(b.initial.scenario, 0u);
  EXPECT_EQ(b.maintenance.requirement.raw, usd(240));
}

TEST(Breakdown, NothingIsHeldWhereNothingIs) {
  World world;
  world.position(0, kEthPerp, 1, 100);
  world.position(0, kEthPerp, -1, 100);  // and gone again
  const Breakdown b = world.taken_apart();
  EXPECT_FALSE(b.initial.groups[0].is_held);
  EXPECT_FALSE(b.initial.groups[1].is_held);
  EXPECT_FALSE(b.assets[kUsd.value].is_held);
  EXPECT_EQ(b.initial.scope, BindingScope::None);
  EXPECT_EQ(b.initial.group, kNone32);
}

TEST(Breakdown, OpenOrdersAreInTheInitialOneOnly) {
  World world;
  world.balance(0, kUsd, usd(1'000));
  world.enter(world.order(0, kBtcPerp, Side::Buy, 2, 110));
  world.enter(world.order(0, kEthPerp, Side::Sell, 1, 100));
  const Breakdown b = world.taken_apart();
  EXPECT_EQ(b.initial.equity.raw - b.initial.less_costs.raw, usd(20));
  EXPECT_EQ(b.initial.requirement.raw, usd(32 + 16));
  EXPECT_EQ(b.maintenance.less_costs.raw, usd(1'000));
  EXPECT_EQ(b.maintenance.requirement.raw, 0);
  EXPECT_TRUE(b.initial.groups[1].is_held);
  EXPECT_FALSE(b.maintenance.groups[1].is_held);
}

TEST(Breakdown, AFloorBindsWithoutASet) {
  Parameters parameters = small_parameters();
  parameters.groups[0].drivers.push_back(
      {Measure::Notional, Reach::Gross, {{kBtcPerp, {}}, {kBtcDated, {}}}});
  AddOnParameters floor;
  floor.place = AddOnPlace::Floor;
  floor.drivers = {0};
  floor.initial = floor.maintenance = {{{kValueMax}, 500'000}};
  AddOnParameters outside = floor;
  outside.place = AddOnPlace::Outside;
  outside.maintenance.clear();
  outside.drivers = {1};
  parameters.groups[0].drivers.push_back(parameters.groups[0].drivers[0]);
  parameters.groups[0].add_ons = {floor, outside};
  World world(parameters);
  world.position(0, kBtcPerp, 10, 100);
  const Breakdown b = world.taken_apart();
  EXPECT_EQ(b.initial.groups[0].floor, in_fines(500));
  EXPECT_EQ(b.initial.groups[0].charges[1], in_fines(500));
  EXPECT_EQ(b.initial.outside_part.raw, usd(500));
  EXPECT_EQ(b.initial.requirement.raw, usd(1'000));
  EXPECT_EQ(b.initial.group, 0u);
  EXPECT_EQ(b.initial.set, kNone32);
  EXPECT_EQ(b.maintenance.groups[0].charges[1], 0);
  EXPECT_EQ(b.maintenance.requirement.raw, usd(500));
}

TEST(Breakdown, WhatDoesNotFitIsSaid) {
  World world;
  world.position(0, kBtcPerp, std::int64_t{1} << 45, 100);
  EXPECT_FALSE(world.taken_apart().in_range);
  EXPECT_FALSE(world.subject.try_margin(world.order(0, kBtcPerp, Side::Buy, 1, 100)).in_range);
}

TEST(Breakdown, ATrialLooksAtTheMarginAlone) {
  World world;
  world.balance(0, kUsd, usd(320));
  world.position(0, kBtcPerp, 10, 100);
  world.subject.refresh(kAccount);
  const auto trial = [&](Side side, std::int64_t lots, std::int64_t price) {
    return world.subject.try_margin(world.order(0, kBtcPerp, side, lots, price));
  };
  EXPECT_EQ(trial(Side::Buy, 10, 100).before.raw, usd(160));
  EXPECT_EQ(trial(Side::Buy, 10, 100).after.raw, 0);
  EXPECT_EQ(trial(Side::Buy, 10, 100).leg, MarginLeg::Margin);
  EXPECT_EQ(trial(Side::Buy, 11, 100).leg, MarginLeg::None);
  EXPECT_EQ(trial(Side::Buy, 1, 200).after.raw, usd(160 - 100 - 16));
  world.balance(0, kUsd, usd(-300));  // now 140 are missing
  world.subject.refresh(kAccount);
  EXPECT_EQ(trial(Side::Sell, 10, 100).leg, MarginLeg::Exit);
  EXPECT_EQ(trial(Side::Sell, 11, 100).leg, MarginLeg::None);  // beyond the position
  EXPECT_EQ(trial(Side::Sell, 10, 84).leg, MarginLeg::Exit);   // gives away what it frees
  EXPECT_EQ(trial(Side::Sell, 10, 83).leg, MarginLeg::None);
}

}  // namespace
}  // namespace portcullis::support::breakdown_test
