// What the bound passes, the exact check passes (METHOD 3.9): random books at the edge of what they have,
// whose prices have moved and whose orders have come and gone since their vectors were last summed, and
// of every order the largest quantity that the bound lets through. It and the exact check are private to
// the engine: compiled with -fno-access-control.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/story.h"

namespace portcullis::support::bound_test {
namespace {

using namespace portcullis::risk;

// What an order, or a replace, asks of the margin.
struct Asked {
  Engine::Candidate candidate;
  Engine::Reservation reservation;
};

Asked asked(const Engine& engine, const Engine::Candidate& candidate) {
  return {candidate, engine.reservation_with(candidate.replaced, candidate.quantity,
                                             candidate.price, candidate.instrument)};
}

bool passes_by_bound(const Engine& engine, const Asked& a) {
  return engine.surely_passes(a.candidate, a.reservation,
                              engine.costs_with(a.candidate, a.reservation));
}

// R with the order among the open ones, from the lines and not from what is kept of them.
Int128 exact_available(const Engine& engine, const Asked& a) {
  Engine::Change change = engine.open_change(a.candidate, a.reservation, MarginLeg::Margin);
  change.costs = engine.costs_with(a.candidate, a.reservation);
  const AssetIndex settlement =
      engine.parameters().instruments[a.candidate.instrument.value].settlement;
  return engine.rounded_capital(
             engine.capital_with(a.candidate.account, settlement, change.costs)) -
         engine.recompute(a.candidate.account, &change, true, {}, nullptr);
}

// The largest quantity up to `most` that the bound passes, or 0: it asks for no less of more.
std::int64_t largest_by_bound(const Engine& engine, Engine::Candidate candidate,
                              std::int64_t most) {
  std::int64_t passing = 0;
  std::int64_t failing = most + 1;
  while (failing - passing > 1) {
    candidate.quantity = {passing + (failing - passing) / 2};
    (passes_by_bound(engine, asked(engine, candidate)) ? passing : failing) =
        candidate.quantity.raw;
  }
  return passing;
}

// One of the things that happen to a book between two orders.
void happen(Rng& rng, Story& story, std::vector<std::uint32_t>& numbers) {
  const std::int64_t dice = rng.between(1, 100);
  if (dice <= 45) {
    move_prices(rng, story);
  } else if (dice <= 70 || numbers.empty()) {
    const Decision d = place(story, some_order(rng, story));
    if (d.disposition == Disposition::Forward) numbers.push_back(d.number);
  } else {
    const std::size_t at = rng.next() % numbers.size();
    const std::int64_t leaves = story.leaves(numbers[at]);
    if (dice <= 90) story.fill(numbers[at], rng.between(1, leaves));
    if (dice > 90) story.cancel(numbers[at], rng.between(1, leaves));
    if (story.find(numbers[at]) == nullptr)
      numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

struct Count {
  std::string what;
  std::int64_t passed = 0;
};

// What there is to know of a case, in the order of `kinds` below.
std::vector<bool> kinds_of(const Parameters& p, const Asked& a, bool is_stale, bool costs) {
  const auto any_set = [&](auto is) { return std::any_of(p.sets.begin(), p.sets.end(), is); };
  const InstrumentParameters& i = p.instruments[a.candidate.instrument.value];
  std::size_t g = 0;
  while (i.factor.value >= p.groups[g].first_factor + p.groups[g].factor_count) ++g;
  const GroupParameters& group = p.groups[g];
  const bool joint = any_set([](const auto& s) { return s.scope == SetScope::Joint && s.initial; });
  const auto has = [&](AddOnFunction function) {
    return std::any_of(group.add_ons.begin(), group.add_ons.end(), [&](const auto& add_on) {
      return add_on.function == function && !add_on.initial.empty();
    });
  };
  return {is_stale,
          !is_stale,
          a.candidate.replaced != nullptr,
          costs,
          p.per_group.initial_mult_ppm != kPpm || p.joint.initial_mult_ppm != kPpm,
          has(AddOnFunction::Tiers),
          has(AddOnFunction::Hedged),
          has(AddOnFunction::Ramp),
          joint && group.kappa_ppm > 0 && group.kappa_ppm < kPpm,
          joint && group.gain_cap.raw < kValueMax,
          any_set([](const auto& s) { return s.measure == SetMeasure::ExpectedShortfall; }),
          p.per_group.combine == Combine::Sum || p.joint.combine == Combine::Sum,
          p.assets[i.settlement.value].haircut.size() > 1,
          p.assets[i.settlement.value].mode != CollateralMode::Static,
          i.payoff == Payoff::Inverse,
          i.payoff == Payoff::Spot,
          i.risk == RiskSource::Table,
          i.upfront,
          !p.accounts[0].protections.empty()};
}

// Makes more than a million cases.
constexpr std::int64_t kTrials = 3'300;

TEST(Bound, WhatItPassesTheExactCheckPasses) {
  std::vector<Count> counts = {{"of a stale account"},
                               {"of a fresh one"},
                               {"replaces"},
                               {"with costs"},
                               {"with a multiplier"},
                               {"tiers"},
                               {"hedged amounts"},
                               {"ramps"},
                               {"with a part of gains"},
                               {"with a gain cap"},
                               {"expected shortfall"},
                               {"summed sets"},
                               {"haircut tiers"},
                               {"paid in collateral that moves"},
                               {"inverse"},
                               {"spot"},
                               {"table"},
                               {"options"},
                               {"under a protection"}};
  Rng rng(test_seed(118));
  std::int64_t passed = 0;
  std::int64_t refused = 0;
  std::int64_t close = 0;  // R is left within a hundredth of what is required
  for (std::int64_t trial = test_scale(kTrials); trial > 0; --trial) {
    Parameters p = margin_world(rng, rng.percent(30));
    for (SetParameters& set : p.sets) {  // where some set warns, the bound passes nothing
      if (set.action == SetAction::Warn) set.action = SetAction::Report;
    }
    Story story = opening(rng, p);
    Engine& engine = story.engine();
    std::vector<std::uint32_t> numbers;
    for (int round = 0; round < 25; ++round) {
      const MarginReport now = story.margin();
      const std::int64_t edge = rng.pick({100, 10'000, 2 * now.requirement.raw});
      story.balance(0, rng.between(0, edge) - now.available.raw);
      if (rng.percent(80)) engine.refresh(Story::kAccount);
      for (std::int64_t events = rng.between(0, 3); events > 0; --events) {
        happen(rng, story, numbers);
      }
      engine.refresh_lines(Story::kAccount);
      const Account& account = engine.accounts_[Story::kAccount.value];
      const bool is_stale = account.version != engine.price_version_;
      std::vector<Asked> by_bound;
      for (int order = 0; order < 16; ++order) {
        Engine::Candidate candidate;
        if (!numbers.empty() && rng.percent(25)) {
          const Order* chain = story.find(numbers[rng.next() % numbers.size()]);
          ReplaceOrder replace;
          replace.time = Story::kNow;
          replace.price = {std::max<std::int64_t>(1, chain->price.raw + rng.between(-40, 40))};
          candidate = engine.candidate_of(replace, *chain);
        } else {
          const Intention intention = some_order(rng, story);
          NewOrder enter;
          enter.time = Story::kNow;
          enter.account = Story::kAccount;
          enter.instrument = {intention.instrument};
          enter.session = {0};
          enter.side = intention.side;
          enter.price = {intention.price};
          candidate = engine.candidate_of(enter);
        }
        const std::int64_t most = rng.pick({12, 200, 5'000});
        const std::int64_t largest = largest_by_bound(engine, candidate, most);
        if (largest < most) ++refused;
        candidate.quantity = {largest};
        if (largest > 0) by_bound.push_back(asked(engine, candidate));
        candidate.quantity = {rng.between(1, largest)};
        if (largest > 0) by_bound.push_back(asked(engine, candidate));
      }
      engine.refresh(Story::kAccount);
      for (const Asked& a : by_bound) {
        const Int128 left = exact_available(engine, a);
        ASSERT_GE(left, 0) << "trial " << trial << ": " << a.candidate.quantity.raw << " of "
                           << a.candidate.instrument.value;
        if (left * 100 <= account.requirement.raw) ++close;
        ++passed;
        const bool costs = engine.costs_with(a.candidate, a.reservation) != Amount{};
        const std::vector<bool> kinds = kinds_of(p, a, is_stale, costs);
        for (std::size_t k = 0; k < counts.size(); ++k) counts[k].passed += kinds[k];
      }
    }
  }
  std::printf("%lld passed, %lld of them within a hundredth; %lld quantities not\n",
              static_cast<long long>(passed), static_cast<long long>(close),
              static_cast<long long>(refused));
  EXPECT_GE(passed, test_scale(1'000'000));
  EXPECT_GE(close, test_scale(10'000));
  for (const Count& count : counts) {
    std::printf("  %-32s %lld\n", count.what.c_str(), static_cast<long long>(count.passed));
    EXPECT_GE(count.passed, test_scale(kTrials)) << count.what;
  }
}

}  // namespace
}  // namespace portcullis::support::bound_test
