// What a journal comes to, written as a state and loaded again, is the same margin to the unit: for
// every kind of instrument, at the prices it was closed at and at any others.
#include "gateway/commands/closing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/example_config.h"
#include "tests/support/seed.h"

namespace portcullis::gateway::closing_test {
namespace {

using Random = std::mt19937_64;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

struct Prices {
  const config::Deployment& deployment;
  Random& random;

  [[nodiscard]] risk::MarkUpdate mark(std::uint32_t instrument) const {
    const std::int64_t most = deployment.instruments[instrument].mark_max.raw;
    return {.time = {1'000},
            .as_of = {1'000},
            .mark = {between(random, 1, std::max<std::int64_t>(1, most / 100))},
            .instrument = {instrument}};
  }
  [[nodiscard]] risk::IndexUpdate index(std::uint32_t asset) const {
    const std::int64_t most = deployment.assets[asset].index_max;
    return {.time = {1'000},
            .as_of = {1'000},
            .index = between(random, 1, std::max<std::int64_t>(1, most / 100)),
            .asset = {asset}};
  }
};

void expect_same_margins(const config::Deployment& deployment, risk::Engine& ours,
                         risk::Engine& loaded, int& compared) {
  for (std::uint32_t account = 0; account < deployment.accounts.size(); ++account) {
    const risk::MarginReport before = ours.margin({account}, {2'000});
    const risk::MarginReport after = loaded.margin({account}, {2'000});
    if (!before.in_range) continue;
    ++compared;
    const std::string& name = deployment.names.accounts.name({account});
    ASSERT_TRUE(after.in_range) << name;
    ASSERT_EQ(before.equity, after.equity) << name;
    ASSERT_EQ(before.requirement, after.requirement) << name;
    ASSERT_EQ(before.available, after.available) << name;
    ASSERT_EQ(before.maintenance_equity, after.maintenance_equity) << name;
    ASSERT_EQ(before.maintenance_requirement, after.maintenance_requirement) << name;
  }
}

TEST(Closing, IsTheSameMarginAtAnyPrice) {
  config::LoadResult model = config::load_model(test::model_folder());
  ASSERT_TRUE(model.ok());
  model.deployment.parameters.capacities.orders = 16;  // an engine is made in a moment
  model.deployment.parameters.capacities.trades = 16;
  const config::Deployment& deployment = model.deployment;
  Random random(test::seed());
  int compared = 0;
  for (int round = 0; round < 300; ++round) {
    // Positions from several trades, so that they cost what no price of entry says.
    auto ours = std::make_unique<risk::Engine>(deployment.parameters);
    const Prices prices{deployment, random};
    for (std::uint32_t account = 0; account < deployment.accounts.size(); ++account) {
      for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
        const risk::InstrumentParameters& of = deployment.parameters.instruments[i];
        const std::int64_t ticks = deployment.instruments[i].mark_max.raw / of.marks_per_tick / 100;
        for (std::int64_t trade = between(random, 0, 3); trade > 0; --trade) {
          (void)ours->apply(
              risk::LoadPosition{.time = {1},
                                 .lots = {between(random, -20, 20)},
                                 .entry = {between(random, 1, std::max<std::int64_t>(1, ticks))},
                                 .account = {account},
                                 .instrument = {i}});
        }
      }
      for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
        if (between(random, 0, 2) == 0) continue;
        EXPECT_TRUE(ours->apply(risk::LoadBalance{.time = {1},
                                                  .units = between(random, -1'000'000, 9'000'000),
                                                  .account = {account},
                                                  .asset = {a}}));
      }
    }
    // Some have a price and some have none.
    LastPrices last;
    last.marks.resize(deployment.instruments.size());
    last.indexes.resize(deployment.assets.size());
    last.loaded[{0, 0}] = {7};
    for (std::uint32_t i = 0; i < last.marks.size(); ++i) {
      if (between(random, 0, 4) == 0) continue;
      last.marks[i] = prices.mark(i);
      ours->apply(last.marks[i]);
    }
    for (std::uint32_t a = 0; a < last.indexes.size(); ++a) {
      if (between(random, 0, 4) == 0) continue;
      last.indexes[a] = prices.index(a);
      ours->apply(last.indexes[a]);
    }
    config::StateFile state;
    try {
      state = entries_of(deployment, holdings_of(deployment, *ours), last);
    } catch (const std::runtime_error&) {
      continue;  // figures that do not fit their integers
    }
    state.by = "test";
    const config::StateFile read =
        config::parse_state(state_text(deployment, state), "state", deployment);
    ASSERT_TRUE(read.problems.empty()) << config::to_text(read.problems.front());
    auto loaded = std::make_unique<risk::Engine>(deployment.parameters);
    for (const risk::LoadBalance& load : read.balances) ASSERT_TRUE(loaded->apply(load));
    for (const risk::LoadPosition& load : read.positions) ASSERT_TRUE(loaded->apply(load));
    for (const risk::MarkUpdate& mark : last.marks) {
      if (mark.mark.raw > 0) loaded->apply(mark);
    }
    for (const risk::IndexUpdate& index : last.indexes) {
      if (index.index > 0) loaded->apply(index);
    }
    ASSERT_NO_FATAL_FAILURE(expect_same_margins(deployment, *ours, *loaded, compared));
    for (int tick = 0; tick < 5; ++tick) {
      for (std::uint32_t i = 0; i < last.marks.size(); ++i) {
        const risk::MarkUpdate mark = prices.mark(i);
        ours->apply(mark);
        loaded->apply(mark);
      }
      for (std::uint32_t a = 0; a < last.indexes.size(); ++a) {
        const risk::IndexUpdate index = prices.index(a);
        ours->apply(index);
        loaded->apply(index);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same_margins(deployment, *ours, *loaded, compared));
    }
  }
  EXPECT_GE(compared, 2'000);
}

}  // namespace
}  // namespace portcullis::gateway::closing_test
