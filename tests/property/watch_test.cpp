// The watch (risk/watch.h): whoever it does not name is in no other state than a look at him would
// find, and prices that tremble make it name nobody.
#include "risk/watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "tests/support/story.h"

namespace portcullis::support::watch_test {
namespace {

using namespace portcullis::risk;

// --- the classes alone, beside a list of who was put where

struct Watched {
  std::int64_t distance = 0;
  std::vector<std::int64_t> prices;  // as it was put
};

bool has_moved(const Watched& of, const std::vector<std::int64_t>& prices) {
  for (std::size_t p = 0; p < prices.size(); ++p) {
    const std::int64_t moved = prices[p] - of.prices[p];
    if ((moved < 0 ? -moved : moved) * kPpm > of.distance * of.prices[p]) return true;
  }
  return false;
}

TEST(Watch, NamesEverybodyBeforeAPriceHasMovedByItsDistance) {
  Rng rng(test_seed(131));
  constexpr std::uint32_t kSlots = 200;
  std::int64_t named = 0;
  std::int64_t moves = 0;
  for (std::int64_t trial = test_scale(200); trial > 0; --trial) {
    Watch watch(kSlots, {{1, false}, {3, trial % 2 == 0}});
    const std::uint32_t first = 1;  // of the second group
    std::vector<std::int64_t> prices;
    for (std::uint32_t p = 0; p < 3; ++p) {
      prices.push_back(rng.between(1'000'000, 1'000'000'000));
      watch.move(first + p, prices[p], prices[p]);
    }
    std::vector<Watched> watched(kSlots);
    const auto put = [&](std::uint32_t slot) {
      const std::int64_t distance = std::int64_t{1} << rng.between(0, 20);
      watched[slot] = {distance + rng.between(0, distance), prices};
      watch.put(slot, 1, watched[slot].distance);
    };
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) put(slot);
    for (std::int64_t step = 0; step < 300; ++step) {
      const auto p = static_cast<std::uint32_t>(rng.between(0, 2));
      const std::int64_t size = std::int64_t{1} << rng.between(0, rng.percent(10) ? 17 : 8);
      prices[p] += prices[p] * rng.between(-size, size) / kPpm;
      watch.move(first + p, prices[p], prices[p]);
      ++moves;
      while (!watch.is_empty()) {
        ++named;
        put(watch.take());
      }
      for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
        if (watched[slot].distance >= Watch::kBeyond) continue;
        ASSERT_FALSE(has_moved(watched[slot], prices)) << "slot " << slot << ", step " << step;
      }
    }
  }
  EXPECT_GT(named, 0);
  EXPECT_LT(named * 4, moves * kSlots);  // and far from everybody each time
}

// A sum of moves would have named it every few ticks.
TEST(Watch, APriceThatTremblesNamesNobody) {
  Watch watch(1, {{1, false}});
  watch.move(0, 1'000'000, 1'000'000);
  watch.put(0, 0, 1'000);  // 0.1 %
  for (int tick = 0; tick < 100'000; ++tick)
    watch.move(0, 1'000'000 + (tick % 2 == 0 ? 50 : -50), 1'000'000);  // 0.005 % to either side
  EXPECT_TRUE(watch.is_empty());
  watch.move(0, 1'001'000, 1'000'000);
  EXPECT_FALSE(watch.is_empty());
}

TEST(Watch, WhoeverIsDroppedOrPutAnewIsInOnePlace) {
  Watch watch(3, {{1, false}});
  watch.move(0, 1'000'000, 1'000'000);
  for (const std::uint32_t slot : {0u, 1u, 2u}) watch.put(slot, 0, 100);
  watch.put(1, 0, 100'000);
  watch.drop(2);
  watch.move(0, 1'000'200, 1'000'000);
  EXPECT_EQ(watch.take(), 0u);
  EXPECT_TRUE(watch.is_empty());
  watch.move(0, 2'000'000, 1'000'000);
  EXPECT_EQ(watch.take(), 1u);
  EXPECT_TRUE(watch.is_empty());
}

// --- on the engine

bool has_ramp(const Parameters& p) {
  for (const GroupParameters& group : p.groups) {
    for (const AddOnParameters& add_on : group.add_ons)
      if (add_on.function == AddOnFunction::Ramp) return true;
  }
  return false;
}

bool has_position(const Story& story) {
  for (std::uint32_t i = 0; i < story.parameters().instruments.size(); ++i) {
    if (story.position(i) != 0) return true;
  }
  return false;
}

// Gives or takes money until the account is near an edge of one of its bands.
void approach_an_edge(Rng& rng, Story& story) {
  const auto& bands = story.parameters().bands;
  const BandParameters& band =
      bands[static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(bands.size()) - 1))];
  const std::int64_t edge = rng.percent(50) ? band.enter_ppm : band.exit_ppm;
  const std::int64_t beside = rng.between(-20'000, 20'000);  // 2 % of the requirement
  for (int step = 0; step < 5; ++step) {
    const MarginReport now = story.margin();
    const bool initial = band.basis == MarginBasis::Initial;
    const Int128 required = (initial ? now.requirement : now.maintenance_requirement).raw;
    const Int128 value = initial ? (now.equity - now.costs).raw : now.maintenance_equity.raw;
    story.balance(0, static_cast<std::int64_t>(required * (edge + beside) / kPpm - value));
  }
}

// Prices wander in small steps, so that much of a walk is near an edge.
class Walk {
 public:
  Walk(Rng& rng, Story& story, Story& twin) : rng_(rng), story_(story), twin_(twin) {
    const Parameters& p = story.parameters();
    tables_.resize(p.groups.size());
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (p.groups[g].row_count == 0) continue;
      tables_[g] = random_table(rng, p, {g});
      both([&](Story& s) { s.publish(tables_[g]); });
    }
    for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
      indexes_.push_back(rng.between(900, 1'100));
      both([&](Story& s) { s.index(a, indexes_.back()); });
    }
  }
  void step() {
    const Parameters& p = story_.parameters();
    const std::int64_t size = rng_.percent(90) ? 3 : 40;
    if (const std::int64_t what = rng_.between(0, 9); what < 6) {
      const auto i = static_cast<std::uint32_t>(
          rng_.between(0, static_cast<std::int64_t>(p.instruments.size()) - 1));
      const std::int64_t price = story_.mark(i) + rng_.between(-size, size);
      both([&](Story& s) { s.mark(i, price); });
    } else if (what < 8) {
      const auto a = static_cast<std::uint32_t>(
          rng_.between(0, static_cast<std::int64_t>(p.assets.size()) - 1));
      indexes_[a] = std::max<std::int64_t>(1, indexes_[a] + rng_.between(-size, size));
      both([&](Story& s) { s.index(a, indexes_[a]); });
    } else {
      const auto g = static_cast<std::uint32_t>(
          rng_.between(0, static_cast<std::int64_t>(p.groups.size()) - 1));
      if (p.groups[g].row_count > 0) publish(g, size);
    }
  }
  template <class Tell>
  void both(Tell tell) {
    tell(story_);
    tell(twin_);
  }

 private:
  void publish(std::uint32_t g, std::int64_t size) {
    const Parameters& p = story_.parameters();
    RiskTable& table = tables_[g];
    for (const InstrumentParameters& instrument : p.instruments) {
      if (instrument.risk != RiskSource::Table) continue;
      const auto group = std::find_if(p.groups.begin(), p.groups.end(), [&](const auto& of) {
        return instrument.factor.value >= of.first_factor &&
               instrument.factor.value < of.first_factor + of.factor_count;
      });
      if (group != p.groups.begin() + g) continue;
      const std::int32_t cap = instrument.vector_cap;
      const std::size_t columns = p.groups[g].raw_columns();
      for (std::size_t c = 0; c < columns; ++c) {
        std::int32_t& gain = table.gains[instrument.row * columns + c];
        const auto moved = static_cast<std::int32_t>(rng_.between(-size, size) * (cap / 1'000));
        gain = std::clamp(gain + moved, -cap, cap);
      }
      for (std::int64_t& measure : table.measures[instrument.row])
        measure += measure * rng_.between(-size, size) / 1'000;
    }
    both([&](Story& s) { s.publish(table); });
  }

  Rng& rng_;
  Story& story_;
  Story& twin_;
  std::vector<RiskTable> tables_;  // by group
  std::vector<std::int64_t> indexes_;
};

// One engine is looked at only where its watch says so, its twin after every step.
TEST(Watch, WhoeverIsNotNamedIsInTheStateThatALookWouldFind) {
  Rng rng(test_seed(132));
  std::int64_t steps = 0;
  std::int64_t looks = 0;
  std::int64_t changes = 0;
  for (std::int64_t trial = test_scale(1'500); trial > 0; --trial) {
    Parameters p = margin_world(rng, true);
    if (has_ramp(p) || p.bands.empty()) continue;
    Story story = opening(rng, p);
    if (!has_position(story)) continue;  // in no group: found by rounds
    for (int orders = 0; orders < 4; ++orders) place(story, some_order(rng, story));
    approach_an_edge(rng, story);
    Story twin = story.retell();
    Walk walk(rng, story, twin);
    const auto look = [&](Story& s) { s.tell(Recheck{Story::kNow, Story::kAccount, {}}); };
    for (std::int64_t step = 0; step < 120; ++step) {
      const MarginState before = story.engine().state(Story::kAccount);
      if (step > 0) walk.step();
      while (story.engine().take_due().exists()) {
        look(story);
        if (step > 0) ++looks;
      }
      look(twin);
      if (step > 0) ++steps;
      const MarginState state = twin.engine().state(Story::kAccount);
      if (step > 0 && state != before) ++changes;
      ASSERT_EQ(story.engine().state(Story::kAccount), state)
          << "trial " << trial << ", step " << step;
      ASSERT_EQ(story.engine().state_hash(), twin.engine().state_hash());
    }
  }
  std::cout << steps << " steps, " << looks << " looks, " << changes << " changes of state\n";
  EXPECT_GT(changes, steps / 1'000);
  EXPECT_LT(looks, steps);
}

}  // namespace
}  // namespace portcullis::support::watch_test
