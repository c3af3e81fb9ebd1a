// What follows from a risk table (risk::TableFacts), beside what its definitions say, cell by cell.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "risk/engine.h"
#include "tests/support/random_world.h"

namespace portcullis::support::table_facts_test {
namespace {

using namespace portcullis::risk;

bool is_of(const Parameters& p, const InstrumentParameters& instrument, std::uint32_t group) {
  return instrument.risk == RiskSource::Table &&
         instrument.factor.value >= p.groups[group].first_factor &&
         instrument.factor.value < p.groups[group].first_factor + p.groups[group].factor_count;
}

Int128 size_of(Int128 x) { return x < 0 ? -x : x; }

// A table whose figures go to their ends now and then.
RiskTable table_with_ends(Rng& rng, const Parameters& p, std::uint32_t group) {
  RiskTable table = random_table(rng, p, {group});
  for (const InstrumentParameters& instrument : p.instruments) {
    if (!is_of(p, instrument, group)) continue;
    const std::size_t columns = p.groups[group].raw_columns();
    const auto column = static_cast<std::size_t>(rng.between(0, std::ssize(table.gains) - 1));
    if (rng.percent(20))
      table.gains[instrument.row * columns + column % columns] = -instrument.vector_cap;
    if (rng.percent(20)) {
      table.measures[instrument.row][kVega] = rng.percent(50)
                                                  ? std::numeric_limits<std::int64_t>::min()
                                                  : std::numeric_limits<std::int64_t>::max();
    }
  }
  return table;
}

TEST(TableFacts, AreWhatTheCellsSay) {
  Rng rng(test_seed(151));
  std::int64_t rows = 0;
  for (std::int64_t world = test_scale(150); world > 0; --world) {
    const Parameters p = random_parameters(rng);
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      const std::size_t columns = p.groups[g].raw_columns();
      RiskTable before = table_with_ends(rng, p, g);
      before.id = 7;
      const RiskTable table = table_with_ends(rng, p, g);
      const std::vector<RowScale> scales = row_scales(p, {g});
      const TableFacts facts = facts_of(table, scales, &before);
      ASSERT_TRUE(facts.is_sound);
      EXPECT_EQ(facts.since, 7u);
      EXPECT_EQ(facts_of(table, scales, nullptr).since, 0u);
      std::vector<Int128> lot_loss(columns);
      for (const InstrumentParameters& instrument : p.instruments) {
        if (!is_of(p, instrument, g)) continue;
        ++rows;
        RowWorst worst;
        Int128 moved = 0;
        for (std::size_t c = 0; c < columns; ++c) {
          const std::int32_t gain = table.gains[instrument.row * columns + c];
          const std::int32_t gain_before = before.gains[instrument.row * columns + c];
          worst.gain = std::max(worst.gain, gain);
          worst.loss = std::max(worst.loss, -gain);
          const Int128 unit = instrument.vector_unit;
          moved = std::max(moved, size_of(Int128{gain} - gain_before) * unit);
          lot_loss[c] = std::max(lot_loss[c], size_of(gain) * unit + (unit + 1) / 2);
        }
        for (std::size_t m = 0; m < kTableMeasures; ++m) {
          moved = std::max(moved, kPpm * size_of(Int128{table.measures[instrument.row][m]} -
                                                 before.measures[instrument.row][m]));
        }
        EXPECT_EQ(facts.worst[instrument.row], worst);
        EXPECT_TRUE(facts.moved[instrument.row] == moved);
      }
      ASSERT_EQ(facts.lot_loss.size(), p.groups[g].row_count == 0 ? 0 : columns);
      for (std::size_t c = 0; c < facts.lot_loss.size(); ++c)
        EXPECT_TRUE(facts.lot_loss[c] == std::min(lot_loss[c], kSpanMax + 1));
    }
  }
  EXPECT_GT(rows, 0);
}

TEST(TableFacts, ATableThatBreaksARuleHasNone) {
  const std::vector<RowScale> scales{{.vector_unit = 1'000, .vector_cap = 9},
                                     {.vector_unit = 0, .vector_cap = 0}};
  RiskTable good;
  good.gains = {9, -9, 1'000, 1'000};  // nobody has the second row
  good.measures.resize(2);
  good.anchors = {{{0}, {1}}, {{4}, {1}}};
  EXPECT_TRUE(facts_of(good, scales, nullptr).is_sound);
  const auto is_sound = [&](auto change) {
    RiskTable table = good;
    change(table);
    const TableFacts facts = facts_of(table, scales, &good);
    EXPECT_EQ(facts.worst.empty(), !facts.is_sound);
    return facts.is_sound;
  };
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.gains[0] = 10; }));
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.gains[1] = -10; }));
  EXPECT_FALSE(
      is_sound([](RiskTable& t) { t.gains[1] = std::numeric_limits<std::int32_t>::min(); }));
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.gains.pop_back(); }));
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.measures.pop_back(); }));
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.anchors[1].mark = {0}; }));
  EXPECT_FALSE(is_sound([](RiskTable& t) { t.anchors[1].instrument = {0}; }));
  EXPECT_TRUE(is_sound([](RiskTable& t) { t.anchors.clear(); }));
}

TEST(TableFacts, AreOfNoOtherShape) {
  RiskTable wide;
  wide.id = 3;
  wide.gains = {1, 2, 3, 4};
  wide.measures.resize(1);
  RiskTable narrow;
  narrow.gains = {1, 2};
  narrow.measures.resize(1);
  const std::vector<RowScale> scales{{.vector_unit = 1, .vector_cap = 9}};
  const TableFacts facts = facts_of(narrow, scales, &wide);
  EXPECT_TRUE(facts.is_sound);
  EXPECT_EQ(facts.since, 0u);
  EXPECT_TRUE(facts.moved.empty());
}

}  // namespace
}  // namespace portcullis::support::table_facts_test
