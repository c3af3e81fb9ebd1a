// What the margin promises, judged by brute force on orders and not by its formulas: orders are
// accepted, prices move, and then they are filled, in every subset, in parts and in any order, by
// the venue's messages; what was reported available must still be there. Outcomes are tried on
// engines that are told the same story up to that point.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "risk/engine.h"
#include "tests/support/fixtures.h"
#include "tests/support/random_world.h"

namespace portcullis::support {
namespace {

using namespace portcullis::risk;

constexpr AccountIndex kAccount{0};
constexpr std::int64_t kStart = 1'700'000'000 * kSecondNs;

// One account's story: the commands so far and the engine that has heard them.
class Story {
 public:
  explicit Story(const Parameters& parameters)
      : parameters_(parameters), engine_(std::make_unique<Engine>(parameters)) {}

  // An engine that has heard the same.
  [[nodiscard]] Story retell() const {
    Story other(parameters_);
    for (const Command& command : log_) other.tell(command);
    other.client_ref_ = client_ref_;
    other.match_ = match_;
    return other;
  }

  Decision tell(const Command& command) {
    log_.push_back(command);
    Decision decision;
    std::visit(
        [&](const auto& c) {
          if constexpr (requires { engine_->decide(c); }) {
            decision = engine_->submit(c);
          } else if constexpr (requires { engine_->apply(c); }) {
            engine_->apply(c);
          }
        },
        command);
    return decision;
  }
  void mark(std::uint32_t instrument, std::int64_t price) {
    tell(MarkUpdate{{kStart}, {kStart}, {std::max<std::int64_t>(1, price)}, {instrument}, {}});
  }
  void index(std::uint32_t asset, std::int64_t value) {
    tell(IndexUpdate{{kStart}, {kStart}, value, {asset}, {}});
  }
  Decision order(std::uint32_t instrument, Side side, std::int64_t lots, std::int64_t price) {
    NewOrder o;
    o.time = {kStart};
    o.account = kAccount;
    o.instrument = {instrument};
    o.session = {0};
    o.client_ref = ++client_ref_;
    o.side = side;
    o.quantity = {lots};
    o.price = {price};
    return tell(o);
  }
  Decision replace(std::uint32_t original_ref, std::int64_t total, std::int64_t price) {
    ReplaceOrder r;
    r.time = {kStart};
    r.session = {0};
    r.original_ref = original_ref;
    r.client_ref = ++client_ref_;
    r.total = {total};
    r.price = {price};
    return tell(r);
  }
  void venue(VenueEventType type, std::uint32_t number, std::int64_t lots, std::int64_t price,
             std::uint32_t other = 0) {
    VenueEvent e;
    e.time = {kStart};
    e.type = type;
    e.number = number;
    e.quantity = {lots};
    e.price = {price};
    e.other = other;
    e.match = ++match_;
    tell(e);
  }

  [[nodiscard]] MarginReport margin() { return engine_->margin(kAccount, {kStart}); }
  [[nodiscard]] std::int64_t available() { return margin().available.raw; }
  [[nodiscard]] std::uint32_t client_ref() const { return client_ref_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  [[nodiscard]] std::int64_t position(std::uint32_t instrument) const {
    return engine_->position(kAccount, {instrument}).raw;
  }
  // Ticks.
  [[nodiscard]] std::int64_t at_mark(std::uint32_t instrument) const {
    return std::max<std::int64_t>(
        1, engine_->mark({instrument}).raw / parameters_.instruments[instrument].marks_per_tick);
  }
  // The live order under a number, or null.
  [[nodiscard]] const Order* find(std::uint32_t number) const {
    const NumberRecord* record = engine_->find_number(number);
    return record == nullptr || record->order == kNil ? nullptr : &engine_->order({record->order});
  }
  void fill(std::uint32_t number, std::int64_t lots) {
    const Order* order = find(number);
    if (order == nullptr) return;
    venue(VenueEventType::Executed, number, lots, order->price.raw);
  }
  void cancel(std::uint32_t number) {
    const Order* order = find(number);
    if (order == nullptr) return;
    venue(VenueEventType::Canceled, number, (order->total - order->cum - order->cancelled).raw, 0);
  }
  [[nodiscard]] std::int64_t leaves(std::uint32_t number) const {
    const Order* order = find(number);
    return order == nullptr ? 0 : (order->total - order->cum - order->cancelled).raw;
  }

 private:
  Parameters parameters_;
  std::vector<Command> log_;
  std::unique_ptr<Engine> engine_;
  std::uint32_t client_ref_ = 0;
  std::uint64_t match_ = 0;
};

// A world in which only margin refuses: random assets, tiers, groups, sets and instruments.
Parameters margin_world(Rng& rng) {
  Parameters p = random_parameters(rng, {.tight_limits = false});
  const RateLimit rate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
  for (AccountParameters& a : p.accounts) a.rate = rate;
  for (SessionParameters& s : p.sessions) s.rate = rate;
  p.sessions[0].accounts = {kAccount};
  p.sessions[0].instruments.assign(p.instruments.size(), true);
  for (InstrumentParameters& i : p.instruments) i.market_orders = true;
  for (LimitProfile& profile : p.profiles) {
    profile.leverage_max_ppm = 1'000'000 * kPpm;
    for (InstrumentLimits& limits : profile.instruments) limits.collar_ppm = 200'000;
  }
  p.capacities = {.orders = 32, .positions = 8, .group_slots = 8, .trades = 64};
  return p;
}

Story opening(Rng& rng, const Parameters& p) {
  Story story(p);
  for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
    story.index(a, rng.between(900, 1'100));
    const std::int64_t units = a == 0 ? rng.between(20'000, 400'000) : rng.between(-10'000, 60'000);
    story.tell(LoadBalance{{kStart}, units, kAccount, {a}});
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    story.mark(i, rng.between(500, 5'000));
    if (rng.percent(60)) {
      story.tell(LoadPosition{{kStart}, {rng.between(-20, 20)}, {story.at_mark(i)}, kAccount, {i}});
    }
  }
  return story;
}

std::uint32_t some_instrument(Rng& rng, const Parameters& p) {
  return static_cast<std::uint32_t>(
      rng.between(0, static_cast<std::int64_t>(p.instruments.size()) - 1));
}

// A random order near the mark, on either side of it; its number, or 0 when it was refused.
std::uint32_t random_order(Rng& rng, Story& story) {
  const std::uint32_t i = some_instrument(rng, story.parameters());
  const std::int64_t at = story.at_mark(i);
  const std::int64_t price = std::max<std::int64_t>(1, at + rng.between(-at / 10, at / 10));
  return story.order(i, rng.percent(50) ? Side::Buy : Side::Sell, rng.between(1, 12), price).number;
}

// Marks and indexes wander, now and then far.
void move_prices(Rng& rng, Story& story) {
  const Parameters& p = story.parameters();
  for (std::int64_t moves = rng.between(1, 6); moves > 0; --moves) {
    if (rng.percent(20)) {
      const auto asset = rng.between(0, static_cast<std::int64_t>(p.assets.size()) - 1);
      story.index(static_cast<std::uint32_t>(asset), rng.between(600, 1'400));
      continue;
    }
    const std::uint32_t i = some_instrument(rng, p);
    const std::int64_t mark = story.at_mark(i) * p.instruments[i].marks_per_tick;
    const std::int64_t range = rng.percent(70) ? mark / 20 : mark / 2;
    story.mark(i, mark + rng.between(-range, range));
  }
}

// Where what gains are paid in stands still in scenarios, every promise holds to the quantum: E and
// C are rounded together. Where it moves, what its fall takes is rounded too: the exposure, the
// vector and the requirement once each. It does not add up: the difference is so much at most,
// whatever has been filled.
std::int64_t rounding(const Parameters& p) {
  std::int64_t quanta = 0;
  for (const AssetParameters& asset : p.assets) {
    if (asset.mode != CollateralMode::Static) quanta += 4;
  }
  return quanta;
}

// --- what is reported is there, whatever fills

TEST(Economics, NoSubsetOfTheWorkingOrdersLeavesLessThanWasReported) {
  Rng rng(test_seed(101));
  std::int64_t outcomes = 0;
  for (std::int64_t trial = test_scale(60); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    std::vector<std::uint32_t> numbers;
    for (int attempt = 0; attempt < 40 && numbers.size() < 10; ++attempt) {
      if (const std::uint32_t number = random_order(rng, story); number != 0)
        numbers.push_back(number);
    }
    move_prices(rng, story);
    const std::int64_t reported = story.available() - rounding(p);
    for (std::uint32_t subset = 0; subset < (1u << numbers.size()); ++subset) {
      Story outcome = story.retell();
      for (std::size_t n = 0; n < numbers.size(); ++n) {
        if ((subset >> n & 1u) != 0) outcome.fill(numbers[n], outcome.leaves(numbers[n]));
      }
      ASSERT_GE(outcome.available(), reported) << "subset " << subset;
      for (const std::uint32_t number : numbers) outcome.cancel(number);
      ASSERT_GE(outcome.available(), reported) << "subset " << subset << ", the rest cancelled";
      ++outcomes;
    }
  }
  std::printf("%lld outcomes\n", static_cast<long long>(outcomes));
  EXPECT_GE(outcomes, test_scale(100));
}

// Fills by parts, at the limit or better, cancels by parts, replaces answered in any way: step by
// step nothing is lost.
TEST(Economics, NoStepOfAnyPartitionLowersWhatIsAvailable) {
  Rng rng(test_seed(102));
  std::int64_t steps = 0;
  std::int64_t replaced = 0;
  std::int64_t by_rounding = 0;
  for (std::int64_t trial = test_scale(400); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    struct Working {
      std::uint32_t number = 0;
      std::uint32_t pending = 0;
      std::int64_t pending_total = 0;
      std::int64_t pending_price = 0;
    };
    std::vector<Working> working;
    for (int attempt = 0; attempt < 20 && working.size() < 8; ++attempt) {
      const std::uint32_t number = random_order(rng, story);
      if (number == 0) continue;
      Working w{.number = number};
      const Order order = *story.find(number);
      if (rng.percent(50)) {
        w.pending_total = std::max<std::int64_t>(1, order.total.raw + rng.between(-5, 5));
        w.pending_price = std::max<std::int64_t>(1, order.price.raw + rng.between(-30, 30));
        w.pending = story.replace(story.client_ref(), w.pending_total, w.pending_price).number;
      }
      working.push_back(w);
    }
    move_prices(rng, story);
    const std::int64_t reported = story.available();
    std::int64_t before = reported;
    while (!working.empty()) {
      const auto at =
          static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(working.size()) - 1));
      Working& w = working[at];
      const Order* order = story.find(w.number);
      if (order == nullptr) {
        working.erase(working.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      }
      const std::int64_t part = rng.between(1, story.leaves(w.number));
      const std::int64_t dice = rng.between(1, 100);
      if (dice <= 40) {
        const std::int64_t better = rng.percent(70) ? 0 : rng.between(0, 50);
        const std::int64_t price = order->side == Side::Buy
                                       ? std::max<std::int64_t>(1, order->price.raw - better)
                                       : order->price.raw + better;
        story.venue(VenueEventType::Executed, w.number, part, price);
      } else if (dice <= 60) {
        story.venue(VenueEventType::Canceled, w.number, part, 0);
      } else if (dice <= 70) {
        story.venue(VenueEventType::AiqCanceled, w.number, part, 0);
      } else if (w.pending != 0 && dice <= 80) {
        story.venue(VenueEventType::Rejected, w.pending, 0, 0);
        w.pending = 0;
      } else if (w.pending != 0 && w.pending_total > order->cum.raw) {
        story.venue(VenueEventType::Replaced, w.pending, w.pending_total - order->cum.raw,
                    w.pending_price, w.number);
        w = {.number = w.pending};
        ++replaced;
      }
      const std::int64_t after = story.available();
      ASSERT_GE(after, before - rounding(p));
      ASSERT_GE(after, reported - rounding(p));
      if (after < before) ++by_rounding;
      before = after;
      ++steps;
    }
  }
  std::printf("%lld steps, %lld replaces, %lld times lower by rounding\n",
              static_cast<long long>(steps), static_cast<long long>(replaced),
              static_cast<long long>(by_rounding));
  EXPECT_LT(by_rounding * 20, steps);
  EXPECT_GE(steps, test_scale(1'000));
  EXPECT_GE(replaced, test_scale(50));
}

// Req is convex along a fill up to its own roundings: one for each factor and group, and the last.
std::int64_t exit_rounding(const Parameters& p) {
  return rounding(p) + 2 * static_cast<std::int64_t>(p.factor_count + p.groups.size() + 1);
}

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
        story.tell(LoadBalance{{kStart}, edge - story.available(), kAccount, {0}});
      }
      Decision d;
      if (!orders.empty() && rng.percent(40)) {
        const auto& [number, client] = orders[static_cast<std::size_t>(
            rng.between(0, static_cast<std::int64_t>(orders.size()) - 1))];
        const Order* order = story.find(number);
        if (order == nullptr) continue;
        const std::int64_t dice = rng.between(1, 100);
        if (dice <= 20) {
          story.fill(number, rng.between(1, story.leaves(number)));
          continue;
        }
        if (dice <= 40) {  // what is cancelled may come back by a replace
          story.venue(VenueEventType::Canceled, number, rng.between(1, story.leaves(number)), 0);
          ++cancelled;
          continue;
        }
        d = story.replace(client, order->total.raw + rng.between(-2, 12),
                          std::max<std::int64_t>(1, order->price.raw + rng.between(-40, 40)));
        if (d.disposition == Disposition::Forward) ++replaced;
      } else {
        const std::uint32_t i = some_instrument(rng, p);
        const std::int64_t at = story.at_mark(i);
        d = story.order(i, rng.percent(50) ? Side::Buy : Side::Sell, rng.between(1, 30),
                        std::max<std::int64_t>(1, at + rng.between(-at / 10, at / 10)));
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

// --- breached accounts

// Takes money away until R is a little below zero. False when it could not.
bool breach(Rng& rng, Story& story) {
  for (int step = 0; step < 20; ++step) {
    const std::int64_t available = story.available();
    if (available < 0) return true;
    story.tell(LoadBalance{{kStart}, -available - rng.between(1, 5'000), kAccount, {0}});
  }
  return story.available() < 0;
}

// An order that closes some of a position, at a price from the mark to the collar; 0 lots for none.
struct Close {
  std::uint32_t instrument = 0;
  Side side = Side::Sell;
  std::int64_t lots = 0;
  std::int64_t price = 0;
};
Close random_close(Rng& rng, const Story& story) {
  Close close;
  close.instrument = some_instrument(rng, story.parameters());
  const std::int64_t held = story.position(close.instrument);
  if (held == 0) return close;
  close.side = held > 0 ? Side::Sell : Side::Buy;
  close.lots = rng.between(1, std::abs(held));
  const std::int64_t at = story.at_mark(close.instrument);
  const std::int64_t beyond = rng.percent(30) ? 0 : rng.between(-at / 50, at / 12);
  close.price = std::max<std::int64_t>(1, at + sign_of(close.side) * beyond);
  return close;
}

// In every mode a breached account can close: per-group sets only or joint ones too, with
// collateral that moves or without.
TEST(Economics, BreachedAccountsCanClose) {
  Rng rng(test_seed(103));
  std::int64_t tried[4] = {};
  std::int64_t accepted[4] = {};
  for (std::int64_t trial = test_scale(2'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    for (int i = 0; i < 4; ++i) random_order(rng, story);
    if (!breach(rng, story)) continue;
    const bool joint = std::any_of(p.sets.begin(), p.sets.end(), [](const SetParameters& s) {
      return s.scope == SetScope::Joint;
    });
    const bool moving = std::any_of(p.assets.begin(), p.assets.end(), [](const AssetParameters& a) {
      return a.mode == CollateralMode::Both;
    });
    const std::size_t mode = (joint ? 1u : 0u) + (moving ? 2u : 0u);
    for (int attempt = 0; attempt < 4; ++attempt) {
      const Close close = random_close(rng, story);
      if (close.lots == 0) continue;
      ++tried[mode];
      const Decision d = story.order(close.instrument, close.side, close.lots, close.price);
      if (d.disposition == Disposition::Forward) ++accepted[mode];
    }
  }
  for (std::size_t mode = 0; mode < 4; ++mode) {
    std::printf("%s, %s collateral: %lld of %lld closes accepted\n",
                (mode & 1u) != 0 ? "joint sets" : "per group",
                (mode & 2u) != 0 ? "moving" : "static", static_cast<long long>(accepted[mode]),
                static_cast<long long>(tried[mode]));
    EXPECT_GE(accepted[mode], test_scale(50));
  }
}

// An order that is accepted while R is negative never leaves R lower once it is done, whether it
// fills, fills in part or is cancelled; while it is open, R is lower by its own cost at most.
TEST(Economics, NoAcceptanceBelowZeroMakesItWorse) {
  Rng rng(test_seed(104));
  std::int64_t accepted = 0;
  std::int64_t worst = 0;
  for (std::int64_t trial = test_scale(2'000); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    std::vector<std::uint32_t> others;
    for (int i = 0; i < 4; ++i) others.push_back(random_order(rng, story));
    if (!breach(rng, story)) continue;
    const MarginReport before = story.margin();
    Story bare = story.retell();
    for (const std::uint32_t other : others) bare.cancel(other);
    const std::int64_t positions_before = bare.available();
    const std::uint32_t i = some_instrument(rng, story.parameters());
    Close order = random_close(rng, story);
    if (order.lots == 0 || rng.percent(20)) {
      const std::int64_t at = story.at_mark(i);
      order = {i, rng.percent(50) ? Side::Buy : Side::Sell, rng.between(1, 12),
               std::max<std::int64_t>(1, at + rng.between(-at / 10, at / 10))};
    }
    const Decision d = story.order(order.instrument, order.side, order.lots, order.price);
    if (d.disposition != Disposition::Forward) continue;
    ++accepted;
    const MarginReport open = story.margin();
    ASSERT_LE(open.requirement.raw, before.requirement.raw);
    ASSERT_EQ(open.equity.raw, before.equity.raw);
    for (std::int64_t filled = 0; filled <= order.lots; ++filled) {
      Story outcome = story.retell();
      if (filled > 0) outcome.fill(d.number, filled);
      outcome.cancel(d.number);
      worst = std::max(worst, before.available.raw - outcome.available());
      const std::int64_t slack =
          filled == 0 || filled == order.lots ? rounding(p) : exit_rounding(p);
      ASSERT_GE(outcome.available(), before.available.raw - slack)
          << filled << " of " << order.lots;
      // Nor did it hide behind a resting order: with all of them gone it is no worse either.
      for (const std::uint32_t other : others) outcome.cancel(other);
      ASSERT_GE(outcome.available(), positions_before - slack) << filled << " of " << order.lots;
    }
  }
  std::printf("%lld accepted, worst %lld\n", static_cast<long long>(accepted),
              static_cast<long long>(worst));
  EXPECT_GE(accepted, test_scale(100));
}

// METHOD 3.6, theorem 4: with several exits open, no subset and no partial fill of them leaves R
// below what it was before the first of them.
TEST(Economics, NoSubsetOfOpenExitsLeavesLessThanBeforeTheFirst) {
  Rng rng(test_seed(105));
  std::int64_t outcomes = 0;
  std::int64_t several = 0;
  for (std::int64_t trial = test_scale(1'500); trial > 0; --trial) {
    const Parameters p = margin_world(rng);
    Story story = opening(rng, p);
    for (int i = 0; i < 3; ++i) random_order(rng, story);
    if (!breach(rng, story)) continue;
    const std::int64_t before = story.available() - exit_rounding(p);
    std::vector<std::uint32_t> exits;
    for (int attempt = 0; attempt < 16 && exits.size() < 5; ++attempt) {
      const Close close = random_close(rng, story);
      if (close.lots == 0) continue;
      const Decision d = story.order(close.instrument, close.side, close.lots, close.price);
      if (d.disposition != Disposition::Forward) continue;
      ASSERT_EQ(d.exit, 1);
      exits.push_back(d.number);
    }
    if (exits.size() > 1) ++several;
    for (std::uint32_t subset = 0; subset < (1u << exits.size()); ++subset) {
      for (const bool in_full : {true, false}) {
        Story outcome = story.retell();
        for (std::size_t n = 0; n < exits.size(); ++n) {
          if ((subset >> n & 1u) == 0) continue;
          const std::int64_t leaves = outcome.leaves(exits[n]);
          outcome.fill(exits[n], in_full ? leaves : rng.between(1, leaves));
        }
        for (const std::uint32_t number : exits) outcome.cancel(number);
        ASSERT_GE(outcome.available(), before) << "subset " << subset << " of " << exits.size();
        ++outcomes;
      }
    }
  }
  std::printf("%lld outcomes, %lld books with several exits\n", static_cast<long long>(outcomes),
              static_cast<long long>(several));
  EXPECT_GE(outcomes, test_scale(1'000));
  EXPECT_GE(several, test_scale(50));
}

}  // namespace
}  // namespace portcullis::support
