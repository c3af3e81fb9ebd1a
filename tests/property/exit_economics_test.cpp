// What exits promise (METHOD 3.6), by brute force: what is accepted while R is below 0 makes nothing
// worse once it is done, alone, beside others and against positions alone, and an account that is
// breached can close.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "tests/support/story.h"

namespace portcullis::support::exit_economics_test {
namespace {

using namespace portcullis::risk;

const AssetParameters& settlement_of(const Parameters& p, std::uint32_t instrument) {
  return p.assets[p.instruments[instrument].settlement.value];
}

// What a fill may leave R lower by rounding.
std::int64_t rounding(const Parameters& p, const std::set<std::uint32_t>& instruments,
                      bool in_parts) {
  return in_parts ? exit_rounding(p, instruments) : fill_rounding(p, instruments);
}

Intention close_of(Rng& rng, const Story& story) {
  return rng.percent(50) ? edge_close(rng, story) : some_close(rng, story);
}

// --- what is accepted below zero

// An order that is accepted while R is below 0 never leaves R lower once it is done, whether it
// fills, fills in part or is cancelled; nor when it replaces another. While it is open it raises no
// requirement, except that its cost cannot rise, and that where a replace costs less more may fall.
TEST(ExitEconomics, NoAcceptanceBelowZeroMakesItWorse) {
  Rng rng(test_seed(104));
  std::int64_t accepted = 0;
  std::int64_t replaced = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(5'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng, true);
    Story story = opening(rng, p);
    std::vector<std::uint32_t> others;
    for (int i = 0; i < 4; ++i) {
      const Decision d = place(story, some_order(rng, story));
      if (d.disposition == Disposition::Forward) others.push_back(d.number);
    }
    const std::uint32_t last_ref = story.client_ref();
    if (!breach(rng, story, 5'000)) continue;
    const MarginReport before = story.margin();
    Story bare = story.retell();
    for (const std::uint32_t other : others) bare.cancel(other);
    const std::int64_t positions_before = bare.available();

    Intention order = close_of(rng, story);
    std::int64_t judged = 0;  // lots: a chain is judged by the largest of its members
    if (order.lots == 0 || rng.percent(20)) order = some_order(rng, story);
    Decision d;
    if (!others.empty() && rng.percent(30)) {
      const Order* original = story.find(others.back());
      order.instrument = original->instrument.value;
      order.lots = std::max<std::int64_t>(1, original->total.raw + rng.between(-8, 8));
      order.price = std::max<std::int64_t>(1, original->price.raw + rng.between(-9, 9));
      judged = std::max(order.lots, original->reserved.raw);
      d = story.replace(last_ref, order.lots, order.price);
      if (d.disposition == Disposition::Forward) {
        story.venue(VenueEventType::Replaced, d.number, order.lots, order.price, others.back());
        others.pop_back();
        ++replaced;
      }
    } else {
      judged = order.lots;
      d = place(story, order);
    }
    if (d.disposition != Disposition::Forward) continue;
    ++accepted;
    const MarginReport open = story.margin();
    ASSERT_EQ(open.equity.raw, before.equity.raw);
    if (settlement_of(p, order.instrument).mode == CollateralMode::Static) {
      // A replace at a better price leaves more of what falls, which requires less than it is worth.
      const std::int64_t freed = std::max<std::int64_t>(0, before.costs.raw - open.costs.raw);
      ASSERT_LE(open.requirement.raw, before.requirement.raw + freed);
    }
    for (std::int64_t filled = 0; filled <= order.lots; ++filled) {
      const bool in_part = filled > 0 && filled < judged;
      Story outcome = story.retell();
      outcome.fill(d.number, filled);
      outcome.cancel(d.number);
      if (outcome.available() < before.available.raw) ++lower;
      const std::int64_t slack = filled == 0 ? 0 : rounding(p, {order.instrument}, in_part);
      ASSERT_GE(outcome.available(), before.available.raw - slack)
          << "trial " << trial << ": " << filled << " of " << order.lots;
      // Nor did it hide behind a resting order: with all of them gone it is no worse either.
      for (const std::uint32_t other : others) outcome.cancel(other);
      ASSERT_GE(outcome.available(), positions_before - slack)
          << "trial " << trial << ": " << filled << " of " << order.lots << " alone";
    }
  }
  std::printf("%lld accepted, %lld of them replaces, %lld outcomes lower by rounding\n",
              static_cast<long long>(accepted), static_cast<long long>(replaced),
              static_cast<long long>(lower));
  EXPECT_GE(accepted, test_scale(500));
  EXPECT_GE(replaced, test_scale(5));
}

// METHOD 3.6, theorem 4: with several exits open, no subset and no partial fill of them leaves R
// below what it was before the first of them.
TEST(ExitEconomics, NoSubsetOfOpenExitsLeavesLessThanBeforeTheFirst) {
  Rng rng(test_seed(105));
  std::int64_t outcomes = 0;
  std::int64_t several = 0;
  for (std::int64_t trial = test_scale(3'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng, true);
    Story story = opening(rng, p);
    for (int i = 0; i < 3; ++i) place(story, some_order(rng, story));
    if (!breach(rng, story, 5'000)) continue;
    const std::int64_t before = story.available();
    std::vector<std::uint32_t> exits;
    std::set<std::uint32_t> instruments;
    for (int attempt = 0; attempt < 16 && exits.size() < 5; ++attempt) {
      const Intention close = close_of(rng, story);
      if (close.lots == 0) continue;
      const Decision d = place(story, close);
      if (d.disposition != Disposition::Forward) continue;
      ASSERT_EQ(d.exit, 1);
      exits.push_back(d.number);
      instruments.insert(close.instrument);
    }
    if (exits.size() > 1) ++several;
    for (std::uint32_t subset = 1; subset < (1u << exits.size()); ++subset) {
      for (const bool in_parts : {false, true}) {
        Story outcome = story.retell();
        for (std::size_t n = 0; n < exits.size(); ++n) {
          if ((subset >> n & 1u) == 0) continue;
          const std::int64_t leaves = outcome.leaves(exits[n]);
          outcome.fill(exits[n], in_parts ? rng.between(1, leaves) : leaves);
        }
        for (const std::uint32_t number : exits) outcome.cancel(number);
        ASSERT_GE(outcome.available(), before - rounding(p, instruments, in_parts))
            << "trial " << trial << ": subset " << subset << " of " << exits.size();
        ++outcomes;
      }
    }
  }
  std::printf("%lld outcomes, %lld books with several exits\n", static_cast<long long>(outcomes),
              static_cast<long long>(several));
  EXPECT_GE(outcomes, test_scale(1'000));
  EXPECT_GE(several, test_scale(50));
}

// The same while it goes on: exits come, fill in parts, are cancelled, and other orders fill between
// them. What is left when all exits are gone is never less than before the first, but for rounding:
// once for each exit that was judged, since it was judged on figures that had been rounded.
TEST(ExitEconomics, ExitsThatComeAndGoLeaveNoLessThanBeforeTheFirst) {
  Rng rng(test_seed(107));
  std::int64_t accepted = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(3'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng, false);  // others fill too
    Story story = opening(rng, p);
    std::vector<std::uint32_t> others;
    for (int i = 0; i < 3; ++i) others.push_back(place(story, some_order(rng, story)).number);
    if (!breach(rng, story, 5'000)) continue;
    const std::int64_t before = story.available();
    std::vector<std::uint32_t> exits;
    std::set<std::uint32_t> instruments;
    for (const std::uint32_t other : others) {
      if (const Order* order = story.find(other)) instruments.insert(order->instrument.value);
    }
    std::int64_t judged = 0;
    for (int step = 0; step < 24; ++step) {
      const Intention close = close_of(rng, story);
      const std::int64_t dice = rng.between(1, 100);
      if (dice <= 40 && close.lots > 0 && story.available() < 0) {
        const Decision d = place(story, close);
        if (d.disposition != Disposition::Forward) continue;
        exits.push_back(d.number);
        instruments.insert(close.instrument);
        ++judged;
      } else if (dice <= 50) {
        const std::uint32_t other = others[rng.next() % others.size()];
        story.fill(other, rng.between(1, story.leaves(other)));
      } else if (!exits.empty()) {
        const std::uint32_t exit = exits[rng.next() % exits.size()];
        const std::int64_t part = rng.between(1, story.leaves(exit));
        if (dice <= 90) story.fill(exit, part);
        if (dice > 90) story.cancel(exit, part);
      }
      Story outcome = story.retell();
      for (const std::uint32_t exit : exits) outcome.cancel(exit);
      const std::int64_t left = outcome.available();
      ASSERT_GE(left, before - (1 + judged) * exit_rounding(p, instruments)) << "trial " << trial;
      if (left < before) ++lower;
    }
    accepted += judged;
  }
  std::printf("%lld accepted, %lld times lower by rounding\n", static_cast<long long>(accepted),
              static_cast<long long>(lower));
  EXPECT_GE(accepted, test_scale(500));
}

// --- both legs

// What rests, with a replace of it in flight.
struct Resting {
  std::uint32_t number = 0;
  std::uint32_t client_ref = 0;
  std::uint32_t pending = 0;
  std::uint32_t pending_ref = 0;
  std::int64_t pending_total = 0;
  std::int64_t pending_price = 0;
};

// Orders of both legs come and go on one book: R goes up and down through 0, marks move, orders fill in
// parts, are cancelled by parts and replaced. Now and then all subsets of what rests are filled, in full
// and in parts. None leaves less than is reported at that moment; nor, with the exits that are left
// cancelled, less than when prices or money last changed or the margin leg last took an order.
TEST(ExitEconomics, OrdersOfBothLegsKeepTheirPromisesWhilePricesMove) {
  Rng rng(test_seed(119));
  std::int64_t by_margin = 0;
  std::int64_t as_exits = 0;
  std::int64_t replaces = 0;
  std::int64_t outcomes = 0;
  std::int64_t of_both = 0;
  for (std::int64_t trial = test_scale(700); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    std::vector<Resting> resting;
    std::set<std::uint32_t> touched;  // since `base`
    std::int64_t base = 0;
    std::int64_t judged = 0;
    const auto begin = [&] {
      base = story.available();
      judged = 0;
      touched.clear();
    };
    const auto count = [&](const Decision& d) {
      ++(d.exit != 0 ? as_exits : by_margin);
      if (d.exit != 0) ++judged;
      if (d.exit == 0) begin();
    };
    begin();
    for (int step = 0; step < 50; ++step) {
      std::erase_if(resting, [&](const Resting& r) { return story.find(r.number) == nullptr; });
      const std::int64_t dice = rng.between(1, 100);
      if (dice <= 8) {
        move_prices(rng, story);
        begin();
      } else if (dice <= 16) {
        story.balance(0, rng.between(-4'000, 2'000) - story.available());
        begin();
      } else if (dice <= 55 && resting.size() < 6) {
        Intention order = story.available() < 0 ? close_of(rng, story) : some_order(rng, story);
        if (order.lots == 0) order = some_order(rng, story);
        const Decision d = place(story, order);
        if (d.disposition != Disposition::Forward) continue;
        resting.push_back({.number = d.number, .client_ref = story.client_ref()});
        touched.insert(order.instrument);
        count(d);
      } else if (!resting.empty()) {
        Resting& r = resting[rng.next() % resting.size()];
        const std::int64_t part = rng.between(1, story.leaves(r.number));
        const Order* order = story.find(r.number);
        touched.insert(order->instrument.value);
        if (dice <= 68 && r.pending == 0) {
          r.pending_total = std::max<std::int64_t>(1, order->total.raw + rng.between(-6, 3));
          r.pending_price = std::max<std::int64_t>(1, order->price.raw + rng.between(-9, 9));
          const Decision d = story.replace(r.client_ref, r.pending_total, r.pending_price);
          if (d.disposition != Disposition::Forward) continue;
          r.pending = d.number;
          r.pending_ref = story.client_ref();
          ++replaces;
          count(d);
        } else if (dice <= 76 && r.pending != 0 && r.pending_total > order->cum.raw) {
          story.venue(VenueEventType::Replaced, r.pending, r.pending_total - order->cum.raw,
                      r.pending_price, r.number);
          r = {.number = r.pending, .client_ref = r.pending_ref};
        } else if (dice <= 92) {
          story.fill(r.number, part);
        } else {
          story.cancel(r.number, part);
        }
      }
      if (step % 8 != 7) continue;
      const std::int64_t reported = story.available();
      std::vector<std::uint32_t> open;
      std::vector<std::uint32_t> exits;
      for (const Resting& r : resting) {
        const Order* order = story.find(r.number);
        if (order == nullptr) continue;
        open.push_back(r.number);
        touched.insert(order->instrument.value);
        if (order->exit != 0) exits.push_back(r.number);
      }
      if (!exits.empty() && exits.size() < open.size()) ++of_both;
      for (std::uint32_t subset = 0; subset < (1u << open.size()); ++subset) {
        const bool in_parts = rng.percent(50);
        Story outcome = story.retell();
        for (std::size_t n = 0; n < open.size(); ++n) {
          if ((subset >> n & 1u) == 0) continue;
          const std::int64_t leaves = outcome.leaves(open[n]);
          outcome.fill(open[n], in_parts ? rng.between(1, leaves) : leaves);
        }
        ASSERT_GE(outcome.available(), reported - fill_rounding(p, touched))
            << "trial " << trial << ": subset " << subset << " of " << open.size();
        for (const std::uint32_t exit : exits) outcome.cancel(exit);
        ASSERT_GE(outcome.available(), base - (1 + judged) * exit_rounding(p, touched))
            << "trial " << trial << ": subset " << subset << " without the other exits";
        ++outcomes;
      }
    }
  }
  std::printf("%lld by margin, %lld as exits, %lld replaces; %lld outcomes, %lld books of both\n",
              static_cast<long long>(by_margin), static_cast<long long>(as_exits),
              static_cast<long long>(replaces), static_cast<long long>(outcomes),
              static_cast<long long>(of_both));
  EXPECT_GE(by_margin, test_scale(1'000));
  EXPECT_GE(as_exits, test_scale(600));
  EXPECT_GE(replaces, test_scale(300));
  EXPECT_GE(outcomes, test_scale(10'000));
  EXPECT_GE(of_both, test_scale(250));
}

// --- a breached account can close

// What there is to know of a close, by name.
std::vector<std::string> modes_of(const Story& story, std::uint32_t instrument) {
  const Parameters& p = story.parameters();
  const InstrumentParameters& i = p.instruments[instrument];
  const AssetParameters& settlement = settlement_of(p, instrument);
  const auto any_set = [&](auto is) { return std::any_of(p.sets.begin(), p.sets.end(), is); };
  const auto any_asset = [&](auto is) { return std::any_of(p.assets.begin(), p.assets.end(), is); };
  std::vector<std::string> modes;
  const auto name = [&](bool is, const char* mode) {
    if (is) modes.emplace_back(mode);
  };
  const bool joint = any_set([](const auto& s) { return s.scope == SetScope::Joint; });
  name(joint, "joint sets");
  name(!joint, "per-group sets only");
  name(any_set([](const auto& s) { return s.measure == SetMeasure::ExpectedShortfall; }),
       "expected shortfall");
  name(p.per_group.combine == Combine::Sum, "summed sets");
  name(settlement.mode == CollateralMode::Static, "paid in static collateral");
  name(settlement.mode == CollateralMode::Both, "paid in collateral that moves both ways");
  name(settlement.mode == CollateralMode::DownsideOnly, "paid in collateral that falls");
  name(settlement.mode == CollateralMode::UpsideOnly, "paid in collateral that rises");
  name(any_asset([](const auto& a) { return a.mode != CollateralMode::Static; }),
       "beside collateral that moves");
  name(any_asset([](const auto& a) { return a.share_ppm != kPpm; }), "share caps");
  name(any_asset([](const auto& a) { return a.borrow_initial_ppm > 0; }), "borrow margin");
  name(i.payoff == Payoff::Inverse, "inverse");
  name(i.payoff == Payoff::Linear && !i.upfront, "linear");
  name(i.upfront && i.long_value, "option");
  name(!i.long_value, "option without long value");
  name(i.risk == RiskSource::Table, "table");
  name(i.reference.exists(), "reference");
  const MarginState state = story.engine().state(Story::kAccount);
  name(state == MarginState::Restricted, "restricted");
  name(state == MarginState::Liquidation && !p.liquidation_lock, "in liquidation");
  name(state == MarginState::Bankrupt && !p.liquidation_lock, "bankrupt");
  for (const GroupParameters& group : p.groups) {
    if (i.factor.value < group.first_factor ||
        i.factor.value >= group.first_factor + group.factor_count)
      continue;
    const auto has = [&](AddOnFunction function) {
      return std::any_of(group.add_ons.begin(), group.add_ons.end(),
                         [&](const auto& a) { return a.function == function; });
    };
    name(has(AddOnFunction::Tiers), "tiers");
    name(has(AddOnFunction::Hedged), "hedged amounts");
    name(has(AddOnFunction::Ramp), "ramps");
    name(std::any_of(p.accounts[0].protections.begin(), p.accounts[0].protections.end(),
                     [&](const auto& of) { return &p.groups[of.group.value] == &group; }),
         "under a protection");
    name(group.gain_cap.raw < kValueMax, "gain cap");
  }
  return modes;
}

// In every mode closes are accepted while R is below 0.
TEST(ExitEconomics, BreachedAccountsCanClose) {
  Rng rng(test_seed(103));
  struct Count {
    std::int64_t tried = 0;
    std::int64_t accepted = 0;
  };
  std::map<std::string, Count> counts;
  for (std::int64_t trial = test_scale(6'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng, true);
    Story story = opening(rng, p);
    for (int i = 0; i < 3; ++i) place(story, some_order(rng, story));
    if (!breach(rng, story, 5'000)) continue;
    if (rng.percent(50)) story.tell(Recheck{Story::kNow, Story::kAccount, {}});
    for (int attempt = 0; attempt < 4; ++attempt) {
      const Intention close = some_close(rng, story);
      if (close.lots == 0) continue;
      const Decision d = place(story, close);
      for (const std::string& mode : modes_of(story, close.instrument)) {
        Count& count = counts[mode];
        ++count.tried;
        if (d.disposition == Disposition::Forward) ++count.accepted;
      }
    }
  }
  EXPECT_EQ(counts.size(), 25U);
  for (const auto& [mode, count] : counts) {
    std::printf("%s: %lld of %lld closes accepted\n", mode.c_str(),
                static_cast<long long>(count.accepted), static_cast<long long>(count.tried));
    EXPECT_GE(count.accepted, test_scale(20)) << mode;
  }
}

}  // namespace
}  // namespace portcullis::support::exit_economics_test
