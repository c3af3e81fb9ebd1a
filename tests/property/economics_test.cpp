// What the margin promises, judged by brute force on orders and not by its formulas: orders are
// accepted, prices move, and then they are filled, in every subset, in parts and in any order, by
// the venue's messages; what was reported available must still be there. Exits have a file of their
// own.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "tests/support/story.h"

namespace portcullis::support::economics_test {
namespace {

using namespace portcullis::risk;

std::set<std::uint32_t> instruments_of(const Story& story,
                                       const std::vector<std::uint32_t>& numbers) {
  std::set<std::uint32_t> instruments;
  for (const std::uint32_t number : numbers) {
    if (const Order* order = story.find(number)) instruments.insert(order->instrument.value);
  }
  return instruments;
}

std::size_t at_random(Rng& rng, std::size_t size) {
  return static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(size) - 1));
}

// What maintenance leaves; where that is of positions alone, nothing that orders could lower.
std::int64_t maintenance_left(Story& story) {
  if (!story.parameters().maintenance_includes_orders) return 0;
  const MarginReport margin = story.margin();
  return margin.maintenance_equity.raw - margin.maintenance_requirement.raw;
}

// --- what is reported is there, whatever fills

TEST(Economics, NoSubsetOfTheWorkingOrdersLeavesLessThanWasReported) {
  Rng rng(test_seed(101));
  std::int64_t outcomes = 0;
  std::int64_t lower = 0;
  std::int64_t of_maintenance = 0;
  for (std::int64_t trial = test_scale(60); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    std::vector<std::uint32_t> numbers;
    for (int attempt = 0; attempt < 40 && numbers.size() < 9; ++attempt) {
      const Decision d = place(story, some_order(rng, story));
      if (d.disposition == Disposition::Forward) numbers.push_back(d.number);
    }
    move_prices(rng, story);
    const std::int64_t reported = story.available();
    const std::int64_t rounding = fill_rounding(p, instruments_of(story, numbers));
    const std::int64_t least = reported - rounding;
    const std::int64_t least_of_maintenance = maintenance_left(story) - rounding;
    if (p.maintenance_includes_orders) ++of_maintenance;
    for (std::uint32_t subset = 0; subset < (1u << numbers.size()); ++subset) {
      for (const bool in_full : {true, false}) {
        Story outcome = story.retell();
        for (std::size_t n = 0; n < numbers.size(); ++n) {
          if ((subset >> n & 1u) == 0) continue;
          const std::int64_t leaves = outcome.leaves(numbers[n]);
          outcome.fill(numbers[n], in_full ? leaves : rng.between(1, leaves));
        }
        ASSERT_GE(outcome.available(), least) << "subset " << subset;
        ASSERT_GE(maintenance_left(outcome), least_of_maintenance) << "subset " << subset;
        for (const std::uint32_t number : numbers) outcome.cancel(number);
        ASSERT_GE(outcome.available(), least) << "subset " << subset << ", the rest cancelled";
        if (outcome.available() < reported) ++lower;
        ++outcomes;
      }
    }
  }
  std::printf("%lld outcomes, %lld lower by rounding\n", static_cast<long long>(outcomes),
              static_cast<long long>(lower));
  EXPECT_GE(outcomes, test_scale(100));
  EXPECT_GE(of_maintenance, test_scale(8));
}

// METHOD 3.5: under a protection the same of any of them that fill by no more lots in all than the venue
// lets fill in one go, and of any subset in groups without one.
TEST(Economics, NothingThatAProtectionLetsFillLeavesLessThanWasReported) {
  Rng rng(test_seed(108));
  std::int64_t outcomes = 0;
  std::int64_t at_the_limit = 0;  // all that may fill does
  for (std::int64_t trial = test_scale(1'500); trial > 0; --trial) {
    const Parameters p = margin_world(rng, true);
    Story story = opening(rng, p);
    std::vector<std::uint32_t> numbers;
    for (int attempt = 0; attempt < 24 && numbers.size() < 9; ++attempt) {
      const Decision d = place(story, some_order(rng, story));
      if (d.disposition == Disposition::Forward) numbers.push_back(d.number);
    }
    move_prices(rng, story);
    const std::int64_t reported = story.available();
    const std::int64_t least = reported - fill_rounding(p, instruments_of(story, numbers));
    for (int attempt = 0; attempt < 8; ++attempt) {
      std::vector<std::int64_t> left(p.groups.size(), std::numeric_limits<std::int64_t>::max());
      for (const MarketMakerProtection& of : p.accounts[0].protections)
        left[of.group.value] = of.lots.raw;
      Story outcome = story.retell();
      for (std::size_t n = 0; n < numbers.size(); ++n) {
        const std::uint32_t number =
            numbers[(n + static_cast<std::size_t>(attempt)) % numbers.size()];
        const Order* order = outcome.find(number);
        std::size_t group = 0;
        const std::uint32_t factor = p.instruments[order->instrument.value].factor.value;
        while (factor >= p.groups[group].first_factor + p.groups[group].factor_count) ++group;
        const std::int64_t most = std::min(order->reserved.raw, left[group]);
        const std::int64_t lots = rng.percent(40) ? most : rng.between(0, most);
        if (order->exit == 0) left[group] -= lots;
        if (lots > 0) outcome.fill(number, lots);
      }
      for (const std::uint32_t number : numbers) outcome.cancel(number);
      ASSERT_GE(outcome.available(), least) << "trial " << trial;
      for (const MarketMakerProtection& of : p.accounts[0].protections) {
        if (of.lots.raw > 0 && left[of.group.value] == 0) ++at_the_limit;
      }
      ++outcomes;
    }
  }
  std::printf("%lld outcomes, %lld at the limit\n", static_cast<long long>(outcomes),
              static_cast<long long>(at_the_limit));
  EXPECT_GE(outcomes, test_scale(5'000));
  EXPECT_GE(at_the_limit, test_scale(500));
}

// Orders come, are replaced, fill by parts at their limit or better, are cancelled by parts, and
// replaces are answered in any way, while prices move: no message of the venue lowers what is
// available, whatever came before, nor do all of them together below what was there at the last
// order or price.
TEST(Economics, NoStepOfAnyPartitionLowersWhatIsAvailable) {
  Rng rng(test_seed(102));
  std::int64_t steps = 0;
  std::int64_t replaced = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(600); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    struct Working {
      std::uint32_t number = 0;
      std::uint32_t client_ref = 0;
      std::uint32_t pending = 0;  // the number of a replace in flight
      std::uint32_t pending_ref = 0;
      std::int64_t pending_total = 0;
      std::int64_t pending_price = 0;
    };
    std::vector<Working> working;
    std::int64_t reported = story.available();
    std::int64_t before = reported;
    std::set<std::uint32_t> filled;  // since `reported`
    for (int step = 0; step < 80; ++step) {
      const std::int64_t dice = rng.between(1, 100);
      if (dice <= 35 || working.empty()) {
        if (dice <= 4) {
          move_prices(rng, story);
        } else if (!working.empty() && dice <= 12) {
          Working& w = working[at_random(rng, working.size())];
          const Order* order = story.find(w.number);
          if (order == nullptr || w.pending != 0) continue;
          w.pending_total = std::max<std::int64_t>(1, order->total.raw + rng.between(-5, 5));
          w.pending_price = std::max<std::int64_t>(1, order->price.raw + rng.between(-30, 30));
          w.pending = story.replace(w.client_ref, w.pending_total, w.pending_price).number;
          w.pending_ref = story.client_ref();
        } else {
          const Decision d = place(story, some_order(rng, story));
          if (d.disposition == Disposition::Forward)
            working.push_back({.number = d.number, .client_ref = story.client_ref()});
        }
        reported = before = story.available();
        filled.clear();
        continue;
      }
      const std::size_t at = at_random(rng, working.size());
      Working& w = working[at];
      const Order* order = story.find(w.number);
      if (order == nullptr) {
        working.erase(working.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      }
      const std::uint32_t instrument = order->instrument.value;
      const std::int64_t part = rng.between(1, story.leaves(w.number));
      if (dice <= 65) {
        const std::int64_t better = rng.percent(70) ? 0 : rng.between(0, 1 + order->price.raw / 10);
        story.fill(w.number, part,
                   std::max<std::int64_t>(1, order->price.raw - sign_of(order->side) * better));
        filled.insert(instrument);
      } else if (dice <= 75) {
        story.cancel(w.number, part);
      } else if (dice <= 80) {
        story.venue(VenueEventType::AiqCanceled, w.number, part);
      } else if (w.pending != 0 && dice <= 85) {
        story.venue(VenueEventType::Rejected, w.pending, 0);
        w.pending = 0;
      } else if (w.pending != 0 && w.pending_total > order->cum.raw) {
        story.venue(VenueEventType::Replaced, w.pending, w.pending_total - order->cum.raw,
                    w.pending_price, w.number);
        w = {.number = w.pending, .client_ref = w.pending_ref};
        ++replaced;
      }
      const std::int64_t after = story.available();
      ASSERT_GE(after, before - fill_rounding(p, {instrument})) << "trial " << trial;
      ASSERT_GE(after, reported - fill_rounding(p, filled)) << "trial " << trial;
      if (after < before) ++lower;
      before = after;
      ++steps;
    }
  }
  std::printf("%lld steps, %lld replaces, %lld times lower by rounding\n",
              static_cast<long long>(steps), static_cast<long long>(replaced),
              static_cast<long long>(lower));
  EXPECT_LT(lower * 100, steps);
  EXPECT_GE(steps, test_scale(1'000));
  EXPECT_GE(replaced, test_scale(50));
}

// --- what is accepted

// The order that would take R below zero is the one refused: whatever is accepted otherwise than as
// an exit leaves R at zero or above, in flight or not, at amounts brought to the edge.
TEST(Economics, WhatTheMarginLegAcceptsLeavesNothingBelowZero) {
  Rng rng(test_seed(106));
  std::int64_t accepted = 0;
  std::int64_t replaced = 0;
  std::int64_t cancelled = 0;
  std::int64_t refused = 0;
  for (std::int64_t trial = test_scale(600); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> orders;  // our number, the client's
    for (int step = 0; step < 40; ++step) {
      if (rng.percent(15)) move_prices(rng, story);
      if (rng.percent(40)) {
        const std::int64_t edge = rng.between(0, 20'000);
        story.balance(0, edge - story.available());
      }
      Decision d;
      if (!orders.empty() && rng.percent(40)) {
        const auto& [number, client] = orders[at_random(rng, orders.size())];
        const Order* order = story.find(number);
        if (order == nullptr) continue;
        const std::int64_t dice = rng.between(1, 100);
        if (dice <= 20) {
          story.fill(number, rng.between(1, story.leaves(number)));
          continue;
        }
        if (dice <= 40) {  // what is cancelled may come back by a replace
          story.cancel(number, rng.between(1, story.leaves(number)));
          ++cancelled;
          continue;
        }
        const std::int64_t total = order->total.raw + rng.between(-2, 12);
        const std::int64_t price = order->price.raw + rng.between(-40, 40);
        d = story.replace(client, total, std::max<std::int64_t>(1, price));
        if (d.disposition == Disposition::Forward) ++replaced;
      } else {
        Intention intention = some_order(rng, story);
        intention.lots = rng.between(1, 30);
        d = place(story, intention);
        if (d.disposition == Disposition::Forward)
          orders.emplace_back(d.number, story.client_ref());
      }
      if (d.reason == RejectReason::Margin) ++refused;
      if (d.disposition != Disposition::Forward || d.exit != 0) continue;
      ++accepted;
      ASSERT_GE(story.available(), 0);
    }
  }
  std::printf("%lld accepted, %lld replaces, %lld refused for margin\n",
              static_cast<long long>(accepted), static_cast<long long>(replaced),
              static_cast<long long>(refused));
  EXPECT_GE(accepted, test_scale(500));
  EXPECT_GE(replaced, test_scale(100));
  EXPECT_GE(cancelled, test_scale(100));
  EXPECT_GE(refused, test_scale(500));
}

}  // namespace
}  // namespace portcullis::support::economics_test
