// Accounts that are brought up to date behind their orders: nothing is decided in another way for it, and they
// are up to date then.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/support/gate_world.h"
#include "tests/support/random_gate.h"
#include "tests/support/seed.h"

namespace portcullis::test::catch_up_test {
namespace {

using risk::RejectReason;

constexpr std::array kUsers{"ALPHA2", "BRAVO1", "BRAVO2", "CHARL1", "CHARL2", "ALPHA1"};
constexpr std::uint64_t kBtcPrice = 64'000'000;
constexpr std::uint64_t kAmznPrice = 2'200'000;

bool is_same(const risk::Decision& left, const risk::Decision& right) {
  return std::memcmp(&left, &right, sizeof left) == 0;
}

// Margin is what runs out first.
const std::vector<Change> kDear{{Change::Kind::Set, "margin.json", "group_mult", "\"10\""}};

// Two gates that are told the same; only the second is ever brought up to date from outside.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : first(kDear), second(kDear), random_(seed) {
    first.use_engine();
    second.use_engine();
    both([](GateWorld& world) { ASSERT_TRUE(world.connect()); });
  }

  template <class F>
  void both(F&& f) {
    f(first);
    f(second);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  // An order near the mark, sometimes one that is too large for its account; what became of it.
  RejectReason enter(std::uint32_t user) {
    const bool is_btc = below(2) == 0;
    const std::uint64_t price = is_btc ? kBtcPrice : kAmznPrice;
    const TestOrder order{.number = ++numbers_[user],
                          .side = below(2) == 0 ? 'B' : 'S',
                          .quantity = 1 + below(below(4) == 0 ? 5'000 : 50),
                          .price = price + price / 1'000 * below(5) - price / 500,
                          .symbol = is_btc ? "BTCPERP" : "AMZN"};
    both([&](GateWorld& world) { world.enter(world.session(kUsers[user]), order); });
    return first.gate().last_decision().reason;
  }
  void replace(std::uint32_t user) {
    const std::uint32_t original = 1 + below(numbers_[user] + 1);
    const TestOrder order{.number = ++numbers_[user],
                          .quantity = 1 + below(100),
                          .price = kAmznPrice - 100 * below(20)};
    both([&](GateWorld& world) { world.replace(world.session(kUsers[user]), original, order); });
  }
  void cancel(std::uint32_t user) {
    const std::uint32_t number = 1 + below(numbers_[user] + 1);
    both([&](GateWorld& world) { world.cancel(world.session(kUsers[user]), number); });
  }
  void move_mark() {
    const bool is_btc = below(2) == 0;
    const std::int64_t mark = is_btc ? 640'000 + 100 * below(9) : 2'200'000 + 400 * below(9);
    both([&](GateWorld& world) {
      world.mark(world.instrument(is_btc ? "BTC-PERP" : "AMZN"), {mark});
    });
  }
  // Somebody else at the venue, who trades with what rests there.
  void other_enters() {
    const bool is_btc = below(2) == 0;
    const std::uint64_t price = is_btc ? kBtcPrice : kAmznPrice;
    const TestOrder order{.number = ++others_,
                          .side = below(2) == 0 ? 'B' : 'S',
                          .quantity = 1 + below(100),
                          .price = price + price / 1'000 * below(5) - price / 500,
                          .symbol = is_btc ? "BTCPERP" : "AMZN"};
    both([&](GateWorld& world) { world.other_enters(order); });
  }

  GateWorld first;
  GateWorld second;

 private:
  std::mt19937_64 random_;
  std::array<std::uint32_t, kUsers.size()> numbers_{};
  std::uint32_t others_ = 0;
};

// Once a pass and more often, or so rarely that the list of accounts is full before.
TEST(CatchUp, AGateOnWhichItIsCalledAtRandomDecidesAsOneOnWhichItIsNot) {
  const std::uint64_t given = seed();
  std::uint64_t filled = 0;
  std::uint64_t refused_for_margin = 0;
  for (const std::uint32_t every : {1U, 3U, 200U}) {
    Twins twins(given + every);
    for (int step = 0; step < 1'500 && !testing::Test::HasFailure(); ++step) {
      const std::uint32_t user = twins.below(kUsers.size());
      switch (twins.below(12)) {
        case 0:
          twins.replace(user);
          break;
        case 1:
        case 2:
          twins.cancel(user);
          break;
        case 3:
        case 4:
          twins.move_mark();
          break;
        case 5:
        case 6:
          twins.other_enters();
          break;
        case 7:
          twins.both([](GateWorld& world) { world.now_ns += 5'000'000; });
          twins.both([](GateWorld& world) { (void)world.look_again(); });
          break;
        case 8:
          twins.both([](GateWorld& world) { world.pass_time(100'000'000); });
          break;
        default:
          (void)twins.enter(user);
      }
      if (twins.below(every) == 0) twins.second.gate().catch_up();
      EXPECT_TRUE(is_same(twins.first.gate().last_decision(), twins.second.gate().last_decision()))
          << "step " << step;
      EXPECT_EQ(twins.first.gate().state_hash(), twins.second.gate().state_hash())
          << "step " << step;
      EXPECT_EQ(twins.first.at_venue(), twins.second.at_venue());
    }
    EXPECT_EQ(twins.first.streams(), twins.second.streams());
    EXPECT_EQ(twins.first.check(), "");
    EXPECT_EQ(twins.second.check(), "");
    filled += twins.second.counters().executed;
    refused_for_margin +=
        twins.second.counters().rejects[static_cast<std::size_t>(RejectReason::Margin)];
  }
  EXPECT_GT(filled, 50U);
  EXPECT_GT(refused_for_margin, 5U);
}

// With all that can happen to a gate: each of its records is decided again by one on which it is never called.
TEST(CatchUp, WhateverHappensToTheGate) {
  const std::uint64_t given = seed();
  std::mt19937_64 random(given);
  run_random_gates(GateAudit::Venue::Sound, given, 3, 400, {.watch = [&](GateWorld& world) {
                     return [&] {
                       if (random() % 2 == 0) world.gate().catch_up();
                     };
                   }});
}

// What the engine says of an account that is up to date, and does not see to by itself.
std::vector<std::int64_t> figures(GateWorld& world, risk::AccountIndex account) {
  const risk::Engine& engine = world.engine();
  risk::NewOrder order;
  order.account = account;
  order.instrument = world.instrument("BTC-PERP");
  order.quantity = {1};
  order.price = {engine.mark(order.instrument).raw};
  const risk::MarginTrial trial = engine.try_margin(order);
  const auto leverage = engine.leverage(account);
  return {trial.before.raw, trial.after.raw, leverage.used.raw, leverage.most.raw,
          engine.loss_of_day(account).raw};
}

TEST(CatchUp, AnAccountThatAnOrderHasTouchedIsUpToDateThen) {
  Twins twins(seed());
  int taken = 0, refused = 0, was_behind = 0;
  for (int step = 0; step < 300; ++step) {
    for (std::uint32_t moves = twins.below(3); moves > 0; --moves) twins.move_mark();
    if (twins.below(4) == 0) twins.other_enters();
    const RejectReason reason = twins.enter(0);
    ++(reason == RejectReason::None ? taken : refused);
    const risk::AccountIndex account = twins.first.account("alpha-hedge");
    const std::vector<std::int64_t> before = figures(twins.second, account);
    twins.second.gate().catch_up();
    twins.first.engine().refresh(account);
    const std::vector<std::int64_t> after = figures(twins.second, account);
    EXPECT_EQ(after, figures(twins.first, account)) << "step " << step;
    was_behind += before != after ? 1 : 0;
  }
  EXPECT_GT(taken, 20);
  EXPECT_GT(refused, 3);
  EXPECT_GT(was_behind, 20) << "or there would be nothing to bring up to date";
}

}  // namespace
}  // namespace portcullis::test::catch_up_test
