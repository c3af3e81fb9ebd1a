// The shape of the margin as a function: expected shortfall is what a plain sort says, a book mirrored
// with its columns asks for the same, what is worse never asks for less, and the order in which things
// were told means nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "risk/vectors.h"
#include "tests/support/story.h"

namespace portcullis::support::margin_shape_test {
namespace {

using namespace portcullis::risk;

// --- expected shortfall (METHOD 3.7)

// All of the losses sorted, and of each as much as is left of the tail; the mean of that in exact
// arithmetic, rounded up.
std::int64_t sorted_shortfall(std::vector<std::int64_t> gains, std::int64_t numerator,
                              std::int64_t denominator) {
  std::sort(gains.begin(), gains.end());
  const Int128 tail = Int128{numerator} * static_cast<std::int64_t>(gains.size());
  Int128 left = tail;  // in parts of a column
  Int128 losses = 0;
  for (const std::int64_t gain : gains) {
    const Int128 part = std::min<Int128>(left, denominator);
    losses -= part * gain;
    left -= part;
  }
  return static_cast<std::int64_t>(std::max<Int128>(0, ceil_div(losses, tail)));
}

TEST(MarginShape, ExpectedShortfallIsWhatASortSays) {
  Rng rng(test_seed(111));
  std::int64_t positive = 0;
  const std::int64_t trials = test_scale(60'000);
  for (std::int64_t trial = trials; trial > 0; --trial) {
    const std::int64_t columns = rng.percent(90) ? rng.between(1, 40) : rng.between(1, 1'024);
    const std::int64_t range =
        rng.pick({1, 9, 1'000, std::int64_t{1} << 40, std::int64_t{1} << 61});
    const std::int64_t shift = rng.percent(50) ? 0 : rng.between(-range, range) / 2;
    std::vector<std::int64_t> gains;
    for (std::int64_t c = 0; c < columns; ++c) {
      gains.push_back(std::clamp<std::int64_t>(rng.between(-range, range) + shift,
                                               -(std::int64_t{1} << 61), std::int64_t{1} << 61));
    }
    const std::int64_t denominator =
        rng.percent(30) ? columns : rng.pick({1, 2, 40, 100, 999'983, kPpm, rng.between(1, kPpm)});
    const std::int64_t numerator =
        rng.percent(10) ? denominator : rng.between(1, 1 + denominator / rng.pick({1, 3, 40}));
    if (numerator > denominator) continue;
    const std::int64_t expected = sorted_shortfall(gains, numerator, denominator);
    ASSERT_EQ(expected_shortfall(gains, numerator, denominator), expected)
        << columns << " columns, tail " << numerator << " / " << denominator;
    // Between the mean and the worst; and the worst where no column is whole.
    ASSERT_LE(expected, worst_loss(gains));
    ASSERT_GE(expected, sorted_shortfall(gains, 1, 1));
    if (numerator * columns <= denominator) {
      ASSERT_EQ(expected, worst_loss(gains));
    }
    if (expected > 0) ++positive;
  }
  EXPECT_GT(positive * 3, trials);
}

// --- mirrored

// What rises falls and what is long is short: the same sets, tables and drivers the other way round.
Parameters mirrored(Parameters p) {
  for (GroupParameters& group : p.groups) {
    for (std::int32_t& shock : group.shock_ppm) shock = -shock;
    for (DriverParameters& driver : group.drivers) {
      if (driver.reach == Reach::Long) {
        driver.reach = Reach::Short;
      } else if (driver.reach == Reach::Short) {
        driver.reach = Reach::Long;
      }
    }
  }
  return p;
}
RiskTable mirrored(RiskTable table) {
  for (std::int32_t& gain : table.gains) gain = -gain;
  return table;
}

// Whether each add-on means the same both ways, but for the reaches that change places.
bool has_mirror(const Parameters& p) {
  for (const GroupParameters& group : p.groups) {
    for (const std::int32_t shock : group.shock_ppm) {
      if (shock > kPpm) return false;  // nothing falls that far
    }
    for (const AddOnParameters& add_on : group.add_ons) {
      if (add_on.function == AddOnFunction::Ramp) return false;
    }
    for (const DriverParameters& driver : group.drivers) {
      if (driver.reach == Reach::Payable || driver.reach == Reach::LongNet ||
          driver.reach == Reach::ShortNet) {
        return false;
      }
    }
  }
  return true;
}

TEST(MarginShape, AMirroredBookAsksForTheSame) {
  Rng rng(test_seed(112));
  std::int64_t books = 0;
  for (std::int64_t trial = test_scale(6'000); trial > 0; --trial) {
    Parameters p = margin_world(rng);
    for (InstrumentParameters& i : p.instruments) i.fee_ppm = 0, i.long_value = true;
    for (AssetParameters& a : p.assets) a.mode = CollateralMode::Static;
    if (!has_mirror(p)) continue;
    ++books;
    Story story(p);
    Story mirror(mirrored(p));
    for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
      const std::int64_t index = rng.between(900, 1'100);
      for (Story* s : {&story, &mirror}) {
        s->index(a, index);
        s->balance(a, 10'000'000);
      }
    }
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (p.groups[g].row_count == 0) continue;
      const RiskTable table = random_table(rng, p, {g});
      story.publish(table);
      mirror.publish(mirrored(table));
    }
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
      const std::int64_t at = rng.between(100, 2'000);
      const std::int64_t lots = rng.percent(70) ? rng.between(-20, 20) : 0;
      story.mark(i, at * p.instruments[i].marks_per_tick);
      mirror.mark(i, at * p.instruments[i].marks_per_tick);
      story.position(i, lots, at);
      mirror.position(i, -lots, at);
    }
    for (int n = 0; n < 6; ++n) {
      Intention order = some_order(rng, story);
      const std::int64_t beyond = order.price - story.at_mark(order.instrument);
      const Decision d = place(story, order);
      order.side = order.side == Side::Buy ? Side::Sell : Side::Buy;
      order.price = story.at_mark(order.instrument) - beyond;
      ASSERT_EQ(place(mirror, order).disposition, d.disposition) << "trial " << trial;
    }
    const MarginReport a = story.margin();
    const MarginReport b = mirror.margin();
    ASSERT_EQ(a.requirement.raw, b.requirement.raw) << "trial " << trial;
    ASSERT_EQ(a.maintenance_requirement.raw, b.maintenance_requirement.raw) << "trial " << trial;
  }
  EXPECT_GE(books, test_scale(400));
}

// --- monotone

// Everything priced, and positions in most instruments, without orders.
Story positions_only(Rng& rng, const Parameters& p) {
  Story story(p);
  for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
    story.index(a, rng.between(900, 1'100));
    story.balance(a, rng.between(-10'000, 60'000));
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    const std::int64_t at = rng.between(100, 2'000);
    story.mark(i, at * p.instruments[i].marks_per_tick);
    if (rng.percent(80)) story.position(i, rng.between(-20, 20), at);
  }
  return story;
}

// A table in which every lot that is held gains less in some columns, or every short one more.
TEST(MarginShape, AWorseTableNeverAsksForLess) {
  Rng rng(test_seed(113));
  std::int64_t more = 0;
  for (std::int64_t trial = test_scale(3'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = positions_only(rng, p);
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      const GroupParameters& group = p.groups[g];
      if (group.row_count == 0) continue;
      RiskTable table = random_table(rng, p, {g});
      story.publish(table);
      const MarginReport before = story.margin();
      for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
        const InstrumentParameters& instrument = p.instruments[i];
        const bool in_group = instrument.factor.value - group.first_factor < group.factor_count;
        if (instrument.risk != RiskSource::Table || !in_group) continue;
        for (std::uint32_t c = 0; c < group.raw_columns(); ++c) {
          if (rng.percent(60)) continue;
          std::int32_t& gain = table.gains[std::size_t{instrument.row} * group.raw_columns() + c];
          const auto worse = static_cast<std::int32_t>(rng.between(0, instrument.vector_cap / 8));
          gain = std::clamp(story.position(i) < 0 ? gain + worse : gain - worse,
                            -instrument.vector_cap, instrument.vector_cap);
        }
      }
      story.publish(table);
      const MarginReport after = story.margin();
      ASSERT_GE(after.requirement.raw, before.requirement.raw) << "trial " << trial;
      ASSERT_GE(after.maintenance_requirement.raw, before.maintenance_requirement.raw);
      if (after.requirement.raw > before.requirement.raw) ++more;
    }
  }
  EXPECT_GE(more, test_scale(200));
}

// One column more in a set that takes the worst, whatever is in it.
TEST(MarginShape, AFurtherColumnNeverAsksForLess) {
  Rng rng(test_seed(114));
  std::int64_t more = 0;
  for (std::int64_t trial = test_scale(6'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    const auto has_rows = [](const GroupParameters& group) { return group.row_count > 0; };
    if (std::any_of(p.groups.begin(), p.groups.end(), has_rows)) continue;
    const auto set =
        static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(p.sets.size()) - 1));
    if (p.sets[set].measure != SetMeasure::Worst) continue;

    Parameters wider = p;
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      GroupParameters& group = wider.groups[g];
      const std::uint32_t end = p.sets[set].first_column[g] + p.sets[set].column_count[g];
      for (std::uint32_t f = group.factor_count; f > 0; --f) {
        const std::size_t at = std::size_t{f - 1} * group.column_count + end;
        group.shock_ppm.insert(group.shock_ppm.begin() + static_cast<std::ptrdiff_t>(at),
                               static_cast<std::int32_t>(rng.between(-400'000, 400'000)));
      }
      ++group.column_count;
      for (SetParameters& other : wider.sets) {
        if (&other != &wider.sets[set] && other.first_column[g] >= end) ++other.first_column[g];
      }
      ++wider.sets[set].column_count[g];
    }
    if (first_problem(wider) != nullptr) continue;
    const std::uint64_t seed = rng.next();
    Rng same(seed);
    Rng again(seed);
    const std::int64_t before = positions_only(same, p).margin().requirement.raw;
    const std::int64_t after = positions_only(again, wider).margin().requirement.raw;
    ASSERT_GE(after, before) << "trial " << trial;
    if (after > before) ++more;
  }
  EXPECT_GE(more, test_scale(50));
}

// A larger position of one instrument, with nothing else that moves. Where a mean is taken over columns
// that gain, a larger position may be rounded better: the exposure's rounding, as far as it counts.
TEST(MarginShape, ALargerPositionNeverAsksForLess) {
  Rng rng(test_seed(115));
  std::int64_t more = 0;
  for (std::int64_t trial = test_scale(6'000); trial > 0; --trial) {
    Parameters p = margin_world(rng);
    for (AssetParameters& a : p.assets) a.mode = CollateralMode::Static;
    const std::uint32_t i = some_instrument(rng, p);
    const std::int64_t lots = rng.percent(50) ? 1 : -1;
    Story story = positions_only(rng, p);
    for (std::uint32_t other = 0; other < p.instruments.size(); ++other) {
      story.position(other, -story.position(other), story.at_mark(other));
    }
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (p.groups[g].row_count > 0) story.publish(random_table(rng, p, {g}));
    }
    const bool is_mean = std::any_of(p.sets.begin(), p.sets.end(), [](const SetParameters& s) {
      return s.measure == SetMeasure::ExpectedShortfall;
    });
    const Taken taken = taken_of(p, p.instruments[i].factor);
    const std::int64_t slack =
        is_mean ? 1 + std::max(taken.of_fall_ppm, taken.of_rise_ppm) / kPpm : 0;
    MarginReport before = story.margin();
    ASSERT_EQ(before.requirement.raw, 0);
    for (int step = 0; step < 12; ++step) {
      story.position(i, lots * rng.between(1, 9), story.at_mark(i));
      const MarginReport after = story.margin();
      ASSERT_GE(after.requirement.raw, before.requirement.raw - slack) << "trial " << trial;
      if (after.requirement.raw > before.requirement.raw) ++more;
      before = after;
    }
  }
  EXPECT_GE(more, test_scale(5'000));
}

// An order that joins the open ones frees nothing, and what it takes it gives back when it is gone. (Of
// a capped asset less counts after its cost, and so less falls: by no more than a rounding in excess.)
TEST(MarginShape, AnOpenOrderNeverFreesAnything) {
  Rng rng(test_seed(116));
  std::int64_t orders = 0;
  for (std::int64_t trial = test_scale(2'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    for (int n = 0; n < 8; ++n) {
      const MarginReport before = story.margin();
      const Decision d = place(story, some_order(rng, story));
      if (d.disposition != Disposition::Forward) continue;
      ++orders;
      const MarginReport after = story.margin();
      ASSERT_EQ(after.equity.raw, before.equity.raw);
      ASSERT_GE(after.costs.raw, before.costs.raw);
      if (has_falling_caps(p)) {
        ASSERT_LE(after.available.raw, before.available.raw + p.factor_count) << "trial " << trial;
      } else {
        ASSERT_GE(after.requirement.raw, before.requirement.raw) << "trial " << trial;
      }
      Story without = story.retell();
      without.cancel(d.number);
      ASSERT_EQ(without.available(), before.available.raw) << "trial " << trial;
    }
  }
  EXPECT_GE(orders, test_scale(2'000));
}

// --- realising (METHOD 3.2)

// Whatever is traded, owed and open: what is realised, now and again, changes no figure, to the last bit,
// nor any later one.
TEST(MarginShape, RealisingChangesNoFigure) {
  Rng rng(test_seed(120));
  std::int64_t moved = 0;  // times that it moved a balance
  for (std::int64_t trial = test_scale(400); trial > 0; --trial) {
    const Parameters p = margin_world(rng, true);
    Story left = opening(rng, p);
    Story realised = left.retell();
    const auto expect_same = [&] {
      const MarginReport a = left.margin();
      const MarginReport b = realised.margin();
      ASSERT_EQ(b.equity.raw, a.equity.raw) << "trial " << trial;
      ASSERT_EQ(b.costs.raw, a.costs.raw) << "trial " << trial;
      ASSERT_EQ(b.requirement.raw, a.requirement.raw) << "trial " << trial;
      ASSERT_EQ(b.available.raw, a.available.raw) << "trial " << trial;
      ASSERT_EQ(b.maintenance_equity.raw, a.maintenance_equity.raw) << "trial " << trial;
      ASSERT_EQ(b.maintenance_requirement.raw, a.maintenance_requirement.raw);
      ASSERT_EQ(b.set, a.set);
      ASSERT_EQ(b.group, a.group);
      ASSERT_EQ(b.scenario, a.scenario);
    };
    for (int step = 0; step < 20; ++step) {
      const std::uint64_t seed = rng.next();
      std::vector<Amount> before;
      for (std::uint32_t a = 0; a < p.assets.size(); ++a)
        before.push_back(realised.engine().balance(Story::kAccount, {a}));
      realised.tell(Realise{Story::kNow, Story::kAccount, {}});
      for (std::uint32_t a = 0; a < p.assets.size(); ++a)
        moved += realised.engine().balance(Story::kAccount, {a}) != before[a];
      ASSERT_NO_FATAL_FAILURE(expect_same());
      for (Story* story : {&left, &realised}) {
        Rng same(seed);
        move_prices(same, *story);
        const Decision d = place(*story, some_order(same, *story));
        if (d.disposition == Disposition::Forward && same.percent(70))
          story->fill(d.number, same.between(1, story->leaves(d.number)));
      }
      ASSERT_NO_FATAL_FAILURE(expect_same());
    }
  }
  EXPECT_GE(moved, test_scale(4'000));
}

// --- the order of events

// Marks, tables, balances and positions in any order, then the same orders, then their fills and
// cancels in any order among further prices: the same figures, and the same state to the last bit. (The
// indexes come first: the day's loss counts a deposit at the index it came at.)
TEST(MarginShape, TheOrderOfEventsMeansNothing) {
  Rng rng(test_seed(117));
  std::int64_t filled = 0;
  for (std::int64_t trial = test_scale(400); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    using Events = std::vector<std::function<void(Story&)>>;
    Events indexes;
    Events first;
    Events last;
    for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
      const std::int64_t index = rng.between(900, 1'100);
      const std::int64_t units =
          a == 0 ? rng.between(100'000, 900'000) : rng.between(-9'000, 60'000);
      indexes.emplace_back([=](Story& s) { s.index(a, index); });
      first.emplace_back([=](Story& s) { s.balance(a, units); });
      const Interest interest{Story::kNow, rng.between(0, 9'000), Story::kAccount, {a}};
      first.emplace_back([=](Story& s) { s.tell(interest); });
      const std::int64_t later = rng.between(900, 1'100);
      last.emplace_back([=](Story& s) { s.index(a, later); });
    }
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (p.groups[g].row_count == 0) continue;
      for (Events* events : {&first, &last}) {
        const RiskTable table = random_table(rng, p, {g});
        events->emplace_back([=](Story& s) { s.publish(table); });
      }
    }
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
      const std::int64_t mark = rng.between(500, 5'000);
      const std::int64_t lots = rng.between(-20, 20);
      const std::int64_t entry = rng.between(50, 500);
      const OpenInterestUpdate interest{Story::kNow, {rng.between(0, 1'600)}, {i}, {}};
      first.emplace_back([=](Story& s) { s.mark(i, mark); });
      first.emplace_back([=](Story& s) { s.position(i, lots, entry); });
      first.emplace_back([=](Story& s) { s.tell(interest); });
      const std::int64_t later = mark + rng.between(-mark / 5, mark / 5);
      last.emplace_back([=](Story& s) { s.mark(i, later); });
    }
    const auto shuffle = [&](Events& events) {
      for (std::size_t k = events.size(); k > 1; --k) {
        std::swap(events[k - 1], events[rng.next() % k]);
      }
    };
    std::vector<Intention> intentions;
    MarginReport expected;
    std::uint64_t hash = 0;
    for (int permutation = 0; permutation < 4; ++permutation) {
      shuffle(indexes);
      shuffle(first);
      Story story(p);
      for (const auto& event : indexes) event(story);
      for (const auto& event : first) event(story);
      if (permutation == 0) {
        for (int n = 0; n < 6; ++n) intentions.push_back(some_order(rng, story));
      }
      std::uint64_t match = 1'000;
      for (const Intention& intention : intentions) {
        const Decision d = place(story, intention);
        if (d.disposition != Disposition::Forward || permutation > 0) continue;
        for (std::int64_t left = intention.lots; left > 0; ++match) {
          VenueEvent e;
          e.time = Story::kNow;
          e.type = rng.percent(70) ? VenueEventType::Executed : VenueEventType::Canceled;
          e.number = d.number;
          e.quantity = {rng.between(1, left)};
          e.price = {intention.price};
          e.match = match;
          left -= e.quantity.raw;
          last.emplace_back([=](Story& s) { s.tell(e); });
          ++filled;
          if (rng.percent(30)) break;  // the rest stays open
        }
      }
      shuffle(last);
      for (const auto& event : last) event(story);
      const MarginReport report = story.margin();
      if (permutation == 0) {
        expected = report;
        hash = story.engine().state_hash();
        continue;
      }
      ASSERT_EQ(report.equity.raw, expected.equity.raw) << "trial " << trial;
      ASSERT_EQ(report.costs.raw, expected.costs.raw) << "trial " << trial;
      ASSERT_EQ(report.requirement.raw, expected.requirement.raw) << "trial " << trial;
      ASSERT_EQ(report.available.raw, expected.available.raw) << "trial " << trial;
      ASSERT_EQ(report.maintenance_equity.raw, expected.maintenance_equity.raw);
      ASSERT_EQ(report.maintenance_requirement.raw, expected.maintenance_requirement.raw);
      ASSERT_EQ(story.engine().state_hash(), hash) << "trial " << trial;
    }
  }
  EXPECT_GE(filled, test_scale(1'000));
}

}  // namespace
}  // namespace portcullis::support::margin_shape_test
