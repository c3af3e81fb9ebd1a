// Random order flow through the simulated venue: against a naive model that keeps a vector of
// orders and scans it for everything, and against a ledger that believes only what the messages
// say.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/seed.h"
#include "tests/support/venue_commands.h"

namespace portcullis::gateway::venue_sim::venue_engine_test {
namespace {

template <class... Parts>
std::string line(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// --- The naive model

// By the order record of ORDERLIFE 1: what is left is total - cum - cancelled.
struct ModelOrder {
  TestOrder details;
  std::uint32_t total = 0;
  std::uint32_t cum = 0;
  std::uint32_t cancelled = 0;
  std::uint32_t left() const { return total - cum - cancelled; }
};

class Model {
 public:
  Lines apply(const Command& c) {
    lines_.clear();
    switch (c.type) {
      case Command::Type::Enter:
        enter(c.order);
        break;
      case Command::Type::Replace:
        replace(c.original, c.order);
        break;
      case Command::Type::Cancel:
        if (ModelOrder* o = find(c.original)) {
          const std::uint32_t keep = c.quantity > o->cum ? c.quantity - o->cum : 0;
          if (keep < o->left()) take_off(*o, o->left() - keep, 'U');
        }
        break;
      case Command::Type::MassCancel: {
        if (!consume(c.order.number)) break;
        say(line("X ", c.order.number));
        for (ModelOrder& o : live_) {
          if (o.details.firm == c.order.firm && o.details.symbol == c.order.symbol) {
            take_off(o, o.left(), 'U');
          }
        }
        break;
      }
      case Command::Type::Disable:
        if (!consume(c.order.number)) break;
        disabled_.insert(std::string(c.order.firm));
        say(line("G ", c.order.number));
        break;
      case Command::Type::Enable:
        if (!consume(c.order.number)) break;
        disabled_.erase(std::string(c.order.firm));
        say(line("K ", c.order.number));
        break;
      case Command::Type::Query:
        say(line("Q ", last_ + 1));
        break;
    }
    std::erase_if(live_, [](const ModelOrder& o) { return o.left() == 0; });
    return lines_;
  }
  std::size_t open() const { return live_.size(); }

 private:
  void say(std::string text) { lines_.push_back(std::move(text)); }

  bool consume(std::uint32_t number) {
    if (number <= last_) return false;
    last_ = number;
    return true;
  }

  ModelOrder* find(std::uint32_t number) {
    for (ModelOrder& o : live_) {
      if (o.details.number == number && o.left() > 0) return &o;
    }
    return nullptr;
  }

  void take_off(ModelOrder& o, std::uint32_t quantity, char reason) {
    o.cancelled += quantity;
    say(line("C ", o.details.number, " -", quantity, " ", reason));
  }

  static const char* wrong(const TestOrder& o) {
    if (o.quantity == 0 || o.quantity > 999'999) return "13";
    if (o.price == 0) return "1d";
    if (o.min_qty > o.quantity) return "d";
    return nullptr;
  }

  void enter(const TestOrder& o) {
    if (!consume(o.number)) return;
    const char* reason = disabled_.contains(std::string(o.firm)) ? "c" : wrong(o);
    if (reason != nullptr) return say(line("J ", o.number, " ", reason));
    say(line("A ", o.number, " L ", o.quantity, "@", o.price));
    place({.details = o, .total = o.quantity});
  }

  void replace(std::uint32_t original, TestOrder o) {
    ModelOrder* old = find(original);
    if (old == nullptr || o.number <= last_) return;
    const bool min_qty_on_day = o.tif == '0' && o.min_qty > 0;
    if (o.quantity <= old->cum || wrong(o) != nullptr || min_qty_on_day) {
      return take_off(*old, old->left(), 'U');
    }
    last_ = o.number;
    if (disabled_.contains(std::string(old->details.firm))) return say(line("J ", o.number, " c"));
    o.side = old->details.side;
    o.symbol = old->details.symbol;
    o.firm = old->details.firm;
    o.post_only = o.post_only || old->details.post_only;
    if (o.aiq_strategy == 0) o.aiq_strategy = old->details.aiq_strategy;
    if (o.aiq_group.empty()) o.aiq_group = old->details.aiq_group;
    ModelOrder now{.details = o, .total = o.quantity, .cum = old->cum};
    old->cancelled += old->left();  // silently
    say(line("U ", original, ">", o.number, " L ", now.left(), "@", o.price));
    place(now);
  }

  bool would_trade(const ModelOrder& a, const ModelOrder& resting) const {
    const bool buy = a.details.side == 'B';
    return resting.left() > 0 && buy != (resting.details.side == 'B') &&
           a.details.symbol == resting.details.symbol &&
           (buy ? a.details.price >= resting.details.price
                : a.details.price <= resting.details.price);
  }

  // live_ is in the order of arrival, so the first of the best prices is the one.
  ModelOrder* best_for(const ModelOrder& a, const std::set<std::uint32_t>& skip = {}) {
    ModelOrder* best = nullptr;
    for (ModelOrder& r : live_) {
      if (!would_trade(a, r) || skip.contains(r.details.number)) continue;
      const bool better =
          best == nullptr || (a.details.side == 'B' ? r.details.price < best->details.price
                                                    : r.details.price > best->details.price);
      if (better) best = &r;
    }
    return best;
  }

  // 0 where the two may trade, else the strategy in effect.
  static char self_match(const ModelOrder& a, const ModelOrder& resting) {
    const auto off = [](const TestOrder& o) {
      return o.aiq_strategy == 'N' || (o.aiq_strategy == 0 && o.aiq_group.empty());
    };
    const TestOrder& x = a.details;
    const TestOrder& y = resting.details;
    if (off(x) || off(y) || x.aiq_group != y.aiq_group) return 0;
    const char strategy = x.aiq_strategy == 0 ? '*' : x.aiq_strategy;
    return x.firm == y.firm || strategy == 'o' || strategy == 'd' ? strategy : '\0';
  }

  void place(ModelOrder a) {
    if (a.details.post_only && best_for(a) != nullptr) return take_off(a, a.left(), 'G');
    if (enough(a)) {
      while (a.left() > 0) {
        ModelOrder* r = best_for(a);
        if (r == nullptr) break;
        meet(a, *r);
      }
    }
    if (a.left() > 0 && a.details.tif == '3') take_off(a, a.left(), 'I');
    if (a.left() > 0) live_.push_back(a);
  }

  bool enough(const ModelOrder& a) {
    std::uint32_t sure = 0;
    std::set<std::uint32_t> seen;
    while (sure < a.details.min_qty) {
      const ModelOrder* r = best_for(a, seen);
      if (r == nullptr) return false;
      seen.insert(r->details.number);
      const char strategy = self_match(a, *r);
      if (strategy == 0) sure += r->left();
      if (strategy != 0 && strategy != 'O' && strategy != 'o') return false;
    }
    return true;
  }

  void meet(ModelOrder& a, ModelOrder& r) {
    const std::uint32_t quantity = std::min(a.left(), r.left());
    const std::uint64_t price = r.details.price;
    const char strategy = self_match(a, r);
    if (strategy == 0) {
      ++matches_;
      a.cum += quantity;
      r.cum += quantity;
      say(line("E ", a.details.number, " ", quantity, "@", price, " R #", matches_));
      say(line("E ", r.details.number, " ", quantity, "@", price, " A #", matches_));
      return;
    }
    const auto prevent = [&](ModelOrder& o, std::uint32_t off, char liquidity) {
      o.cum += off;
      say(line("D ", o.details.number, " -", off, " Q (", quantity, "@", price, " ", liquidity, " ",
               strategy, ")"));
    };
    if (strategy == 'O' || strategy == 'o') {
      prevent(r, r.left(), 'A');
    } else if (strategy == 'D' || strategy == 'd') {
      prevent(a, quantity, 'R');
      prevent(r, quantity, 'A');
    } else {
      prevent(a, a.left(), 'R');
    }
  }

  std::vector<ModelOrder> live_;
  std::set<std::string> disabled_;
  std::uint32_t last_ = 0;
  std::uint64_t matches_ = 0;
  Lines lines_;
};

TEST(VenueEngine, SaysWhatTheNaiveModelSays) {
  const std::uint64_t used_seed = test::seed();
  Commands commands(used_seed);
  VenueDriver venue;
  Model model;
  for (int step = 0; step < 100'000; ++step) {
    const Command c = commands.next();
    ASSERT_EQ(send(venue, c), model.apply(c)) << "step " << step;
    ASSERT_EQ(venue.engine.counts().open, model.open()) << "step " << step;
  }
  const Counts counts = venue.engine.counts();
  EXPECT_GT(counts.trades, 1000U);
  EXPECT_GT(counts.aiq_canceled, 1000U);
  EXPECT_GT(counts.replaced, 1000U);
  EXPECT_GT(counts.rejected, 500U);
  EXPECT_GT(counts.ignored, 500U);
}

// --- The ledger

// What a client knows, by ORDERLIFE 1, "Messages". Every message must fit what is known.
class Ledger {
 public:
  void apply(const ouch::OutboundMessage& message) {
    std::visit([&](const auto& m) { on(m); }, message);
  }
  std::size_t open() const { return left_.size(); }
  // What every trade has had two of.
  void expect_both_sides() const {
    for (const auto& [match, sides] : trades_) {
      ASSERT_EQ(sides.size(), 2U) << "match " << match;
      EXPECT_EQ(sides[0].quantity, sides[1].quantity);
      EXPECT_EQ(sides[0].price, sides[1].price);
      EXPECT_NE(sides[0].liquidity_flag, sides[1].liquidity_flag);
    }
    for (const auto& [match, count] : broken_) {
      EXPECT_EQ(count, 2U);
      EXPECT_TRUE(trades_.contains(match));
    }
  }
  std::uint64_t volume() const {
    std::uint64_t sum = 0;
    for (const auto& [match, sides] : trades_) sum += sides[0].quantity;
    return sum;
  }

 private:
  void begin(std::uint32_t number, std::uint32_t quantity, ouch::OrderState state) {
    EXPECT_TRUE(begun_.insert(number).second) << number << " began twice";
    if (state == ouch::OrderState::Live) left_[number] = quantity;
  }
  void take(std::uint32_t number, std::uint32_t quantity) {
    const auto found = left_.find(number);
    ASSERT_NE(found, left_.end()) << number << " is not live";
    ASSERT_LE(quantity, found->second);
    ASSERT_GT(quantity, 0U);
    found->second -= quantity;
    if (found->second == 0) left_.erase(found);
  }

  void on(const ouch::Accepted& m) { begin(m.user_ref_num, m.quantity, m.order_state); }
  void on(const ouch::Replaced& m) {
    EXPECT_EQ(left_.erase(m.orig_user_ref_num), 1U);
    begin(m.user_ref_num, m.quantity, m.order_state);
  }
  void on(const ouch::Rejected& m) { EXPECT_TRUE(begun_.insert(m.user_ref_num).second); }
  void on(const ouch::Executed& m) {
    take(m.user_ref_num, m.quantity);
    trades_[m.match_number].push_back(m);
  }
  void on(const ouch::Canceled& m) { take(m.user_ref_num, m.decrement); }
  void on(const ouch::AiqCanceled& m) { take(m.user_ref_num, m.decrement); }
  void on(const ouch::BrokenTrade& m) { ++broken_[m.match_number]; }
  template <class Other>
  void on(const Other&) {}

  std::set<std::uint32_t> begun_;
  std::map<std::uint32_t, std::uint32_t> left_;
  std::map<std::uint64_t, std::vector<ouch::Executed>> trades_;
  std::map<std::uint64_t, std::uint32_t> broken_;
};

TEST(VenueEngine, ConservesOrdersAndExecutionsUnderAllFaults) {
  const std::uint64_t used_seed = test::seed();
  Commands commands(used_seed);
  VenueDriver venue({.faults = {.reject_every = 23,
                                .dead_every = 29,
                                .ignore_replace_every = 7,
                                .cancel_out_every = 31,
                                .bust_per_million = 50'000,
                                .seed = used_seed}});
  Ledger ledger;
  for (int step = 0; step < 50'000; ++step) {
    send(venue, commands.next());
    for (const ouch::OutboundMessage& m : venue.messages) ledger.apply(m);
    ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
    ASSERT_EQ(venue.engine.counts().open, ledger.open()) << "step " << step;
  }
  ledger.expect_both_sides();
  const Counts counts = venue.engine.counts();
  EXPECT_EQ(counts.volume, ledger.volume());
  EXPECT_EQ(counts.executed, 2 * counts.trades);
  EXPECT_GT(counts.broken, 0U);
}

TEST(VenueEngine, GivesTheSameBytesForTheSameInputs) {
  const std::uint64_t used_seed = test::seed();
  const EngineSettings settings{
      .faults = {.reject_every = 5, .bust_per_million = 100'000, .seed = used_seed}};
  Commands commands(used_seed);
  VenueDriver first(settings);
  VenueDriver second(settings);
  for (int step = 0; step < 10'000; ++step) {
    const Command c = commands.next();
    first.now_ns = second.now_ns = 1'000'000'000 + static_cast<std::uint64_t>(step);
    send(first, c);
    send(second, c);
    ASSERT_EQ(first.out.bytes, second.out.bytes) << "step " << step;
  }
  EXPECT_EQ(first.engine.describe(), second.engine.describe());
  EXPECT_EQ(first.engine.counts(), second.engine.counts());
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_engine_test
