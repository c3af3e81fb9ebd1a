// Which choice of regimes is due, under a clock that is moved by hand.
#include "feeds/regime_desk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace portcullis::feeds::regime_desk_test {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr risk::InstrumentIndex kBtc{0};
constexpr risk::InstrumentIndex kEth{1};

config::FactorRegimes of(std::uint32_t factor, risk::InstrumentIndex mark) {
  return {.factor = {factor},
          .mark = mark,
          .period_ns = kMinute,
          .half_life_ns = 10 * kMinute,
          .warm_up = 5,
          .up_after_ns = 3 * kMinute,
          .down_after_ns = 60 * kMinute,
          .gap_max_ns = 30 * kMinute,
          .levels = {{.name = "calm"},
                     {.name = "usual", .enter_ppm = 400'000, .leave_ppm = 300'000},
                     {.name = "stressed", .enter_ppm = 900'000, .leave_ppm = 700'000}}};
}

config::Deployment two_factors(std::uint8_t btc, std::uint8_t eth) {
  config::Deployment deployment;
  deployment.names.factors.add("BTC");
  deployment.names.factors.add("ETH");
  deployment.regimes = {of(0, kBtc), of(1, kEth)};
  deployment.regime_choice[0] = btc;
  deployment.regime_choice[1] = eth;
  return deployment;
}

// Prices that go up and down by what a year's volatility is in a minute.
struct World {
  explicit World(std::uint8_t btc = 2, std::uint8_t eth = 2)
      : desk(two_factors(btc, eth), {kStart}) {}

  // What is asked for in so many minutes: "1/2 " is the first factor's level and the second's.
  std::string swing(double btc, double eth, int minutes) {
    std::string asked;
    for (int n = 0; n < minutes; ++n) {
      now_ns += kMinute;
      is_up = !is_up;
      move(kBtc, btc_log, btc);
      move(kEth, eth_log, eth);
      if (const auto due = desk.step({now_ns})) {
        EXPECT_EQ((*due)[2], config::kLastRegime);
        asked += std::to_string((*due)[0]) + "/" + std::to_string((*due)[1]) + " ";
      }
    }
    return asked;
  }
  void move(risk::InstrumentIndex instrument, double& log, double volatility) {
    if (volatility < 0) return;  // no price
    const double step = volatility * std::sqrt(1.0 / (365 * 24 * 60));
    log += is_up ? step : -step;
    desk.take_mark(instrument, {std::llround(std::exp(log) * 1e12)}, {now_ns});
  }

  RegimeDesk desk;
  std::int64_t now_ns = kStart;
  bool is_up = false;
  double btc_log = 0;
  double eth_log = 0;
};

TEST(RegimeDesk, NothingIsAskedForBeforeThereAreSamples) {
  World world;
  EXPECT_EQ(world.swing(-1, -1, 300), "");
  EXPECT_EQ(world.swing(0.1, 0.1, 5), "");
  EXPECT_EQ(world.desk.level(0), 2U);
}

TEST(RegimeDesk, ItComesDownOneLevelAtATimeAndWaitsBetween) {
  World world;
  EXPECT_EQ(world.swing(0.1, 2.0, 59), "");
  EXPECT_EQ(world.swing(0.1, 2.0, 1), "1/2 ");
  EXPECT_EQ(world.swing(0.1, 2.0, 59), "");
  EXPECT_EQ(world.swing(0.1, 2.0, 1), "0/2 ");
  EXPECT_EQ(world.swing(0.1, 2.0, 300), "");
  EXPECT_EQ(world.desk.take_told().size(), 2U);
}

TEST(RegimeDesk, ItGoesUpStepByStepSoonerThanItComesDown) {
  World world(0, 0);
  EXPECT_EQ(world.swing(0.1, 0.1, 30), "");
  const std::string asked = world.swing(3.0, 0.1, 20);
  EXPECT_EQ(asked, "1/0 2/0 ");
  EXPECT_EQ(world.swing(3.0, 0.1, 100), "");
  // Between leave and enter it stays.
  EXPECT_EQ(world.swing(0.8, 0.1, 300), "");
  EXPECT_EQ(world.swing(0.5, 0.1, 300), "1/0 ");
  const std::vector<std::string> told = world.desk.take_told();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[0].starts_with("BTC: calm -> usual at a volatility of ")) << told[0];
}

// What is in force when the process begins anew stays for as long as after a change.
TEST(RegimeDesk, ARestartLoosensNothingAtOnce) {
  World world(1, 0);
  EXPECT_EQ(world.swing(0.1, 0.1, 59), "");
  EXPECT_EQ(world.swing(0.1, 0.1, 1), "0/0 ");
}

TEST(RegimeDesk, TwoFactorsThatChangeTogetherAreOneChoice) {
  World world(2, 2);
  EXPECT_EQ(world.swing(0.1, 0.1, 60), "1/1 ");
}

TEST(RegimeDesk, MarksOfOtherInstrumentsAreNothing) {
  World world(0, 0);
  for (int n = 0; n < 100; ++n) {
    world.now_ns += kMinute;
    world.desk.take_mark({7}, {n % 2 == 0 ? 100 : 200}, {world.now_ns});
    EXPECT_FALSE(world.desk.step({world.now_ns}));
  }
  EXPECT_FALSE(world.desk.volatility_ppm(0));
}

}  // namespace
}  // namespace portcullis::feeds::regime_desk_test
