// What one pass of the gate does has a bound, whatever there is: the rest is for the next passes, what
// others say is taken between, and what comes of it is the same.
#include <gtest/gtest.h>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::gate_bounds_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using gate::LinkState;
using risk::RejectReason;

// ALPHA2 may have as many orders as there are places in the pool, as fast as it likes.
std::vector<Change> many_orders(const char* pool) {
  const auto set = [](const char* file, const char* path, const char* value) {
    return Change{Change::Kind::Set, file, path, value};
  };
  return {set("process.json", "capacities.orders", pool),
          set("limits.json", "accounts.alpha-hedge.rate", "null"),
          set("limits.json", "profiles.maker.open_orders_max", "40000"),
          set("limits.json", "profiles.group.open_orders_max", "40000"),
          set("limits.json", "profiles.member.open_orders_max", "40000"),
          set("sessions.json", "sessions.ALPHA2.rate",
              R"({"per_second": 1000000, "burst": 1000000, "exit_per_second": 1000000,
                  "exit_burst": 1000000})")};
}

class GateBounds : public ::testing::Test {
 protected:
  void begin(const char* pool) {
    world_ = std::make_unique<GateWorld>(many_orders(pool));
    alpha_ = world_->session("ALPHA2");
    bravo_ = world_->session("BRAVO1");
  }
  GateWorld& w() { return *world_; }
  void pass() {
    w().gate().run(w().now_ns);
    w().deliver();
  }
  // Somebody else is served meanwhile.
  RejectReason other_enters() {
    return w().enter(bravo_, {.number = ++bravo_number_, .quantity = 1}).reason;
  }

  std::unique_ptr<GateWorld> world_;
  risk::SessionIndex alpha_;
  risk::SessionIndex bravo_;
  std::uint32_t bravo_number_ = 0;
};

// --- reduce-only orders beyond the position

class ManyReducers : public GateBounds {
 protected:
  static constexpr std::uint32_t kReducers = 300;  // of one lot each
  static constexpr std::uint32_t kFirst = 10;      // client number of the oldest

  void SetUp() override {
    begin("4096");
    w().enter(alpha_, {.number = 1, .quantity = kReducers});
    w().say(accepted(1, {.quantity = kReducers}));
    w().say(executed(1, kReducers, kAmznPrice, 1));
    const risk::InstrumentIndex amzn = w().instrument("AMZN");
    const config::Alias& alias = w().deployment().instruments[amzn.value].venue;
    for (std::uint32_t n = 0; n < kReducers; ++n) {
      risk::NewOrder order;
      order.price = {static_cast<std::int64_t>(kAmznPrice) / alias.price_per_tick};
      order.quantity = {1};
      order.account = w().account("alpha-hedge");
      order.instrument = amzn;
      order.session = alpha_;
      order.client_ref = kFirst + n;
      order.side = risk::Side::Sell;
      order.flags = risk::kReduceOnly;
      w().gate().on_order(order, {}, false, w().now_ns);
      ASSERT_EQ(w().gate().last_decision().reason, RejectReason::None) << n;
      w().say(accepted(w().gate().last_decision().number, {.quantity = 1, .side = 'S'}));
    }
    const std::uint32_t plain = kFirst + kReducers;
    ASSERT_EQ(w().enter(alpha_, {.number = plain, .side = 'S', .quantity = 200}).reason,
              RejectReason::None);
    plain_ = w().engine().next_number() - 1;
    w().say(accepted(plain_, {.quantity = 200, .side = 'S'}));
    w().hold_steps = true;
  }
  // How many were asked to go. They are the newest of those that were not.
  std::uint32_t asked() {
    std::uint32_t count = 0;
    for (std::uint32_t n = kReducers; n-- > 0;) {
      const risk::Order* order = w().order(alpha_, kFirst + n);
      if (order == nullptr) continue;
      const bool is_asked = order->cancel_to.raw == 0;
      EXPECT_TRUE(!is_asked || count + n == kReducers - 1) << n << " before a newer one";
      count += is_asked ? 1 : 0;
    }
    return count;
  }
  std::uint32_t plain_ = 0;
};

TEST_F(ManyReducers, GoInSlicesNewestFirst) {
  w().say(executed(plain_, 200, kAmznPrice, 2));  // a hundred are left to be sold
  EXPECT_EQ(asked(), gate::kSweepSlice);
  for (std::uint32_t expected = 2 * gate::kSweepSlice; expected < 200;
       expected += gate::kSweepSlice) {
    EXPECT_EQ(other_enters(), RejectReason::None);
    pass();
    EXPECT_EQ(asked(), expected);
  }
  pass();
  EXPECT_EQ(asked(), 200U) << "and no more";
  EXPECT_TRUE(w().gate().is_idle());
  pass();
  EXPECT_EQ(asked(), 200U);
  EXPECT_EQ(w().check(), "");
}

// What is under way is state: a process that begins anew goes on with it.
TEST_F(ManyReducers, GoOnBehindARestart) {
  w().say(executed(plain_, 200, kAmznPrice, 2));
  pass();
  EXPECT_EQ(asked(), 2 * gate::kSweepSlice);
  w().kill();
  EXPECT_EQ(asked(), 2 * gate::kSweepSlice);
  EXPECT_FALSE(w().gate().is_idle());
  w().hold_steps = false;
  if (!w().is_connected()) w().connect();
  w().deliver();
  EXPECT_EQ(asked(), 200U);
  EXPECT_EQ(w().check(), "");
}

// A fill in the middle of it, and one that makes room again: each slice looks at what there is then.
TEST_F(ManyReducers, FollowThePosition) {
  w().say(executed(plain_, 150, kAmznPrice, 2));
  pass();
  w().say(executed(plain_, 40, kAmznPrice, 3));  // 64 more with it
  EXPECT_EQ(asked(), 3 * gate::kSweepSlice - 2) << "as many as are beyond 110";
  w().say(broken(plain_, 3));
  pass();
  EXPECT_EQ(asked(), 190U);
  EXPECT_EQ(w().check(), "");
}

// --- cancels that are remembered while the link is down

TEST_F(GateBounds, RememberedCancelsAreLookedForInAPartOfThePoolAtATime) {
  begin("40000");
  w().enter(alpha_, {.number = 1, .quantity = 1});
  w().enter(alpha_, {.number = 2, .quantity = 1});
  w().say(accepted(1, {.quantity = 1}));
  w().say(accepted(2, {.quantity = 1}));
  w().at_venue();
  w().disconnect();
  w().cancel(alpha_, 1);
  w().hold_steps = true;
  w().connect();
  w().deliver();
  int passes = 0;
  for (; w().gate().link() != LinkState::Up && passes < 100; ++passes) {
    EXPECT_EQ(other_enters(), RejectReason::VenueDown);
    if (passes == 2) w().cancel(alpha_, 2);  // its place has been looked at
    pass();
  }
  EXPECT_EQ(passes, 5);  // 8,192 places each
  EXPECT_EQ(w().at_venue(), (Lines{"Q", "X 1 0", "X 2 0"}));
  EXPECT_EQ(other_enters(), RejectReason::None);
  EXPECT_EQ(w().check(), "");
}

// --- numbers that one message proves

TEST_F(GateBounds, NumbersThatOneMessageProvesAreResolvedInSeveralPasses) {
  begin("32768");
  constexpr std::uint32_t kOrders = 10'000;
  constexpr std::uint32_t kPerPass = 4 * gate::kResolveMax;
  for (std::uint32_t n = 1; n <= kOrders; ++n)
    ASSERT_EQ(w().enter(alpha_, {.number = n, .quantity = 1}).reason, RejectReason::None) << n;
  w().hold_steps = true;
  w().say(query_response(kOrders + 1));
  std::uint32_t resolved = kPerPass;
  for (; w().gate().has_message_waiting() && resolved < 2 * kOrders; resolved += kPerPass) {
    EXPECT_EQ(w().counters().voided, resolved);
    EXPECT_EQ(other_enters(), RejectReason::None);
    pass();
  }
  EXPECT_GE(resolved, kOrders);
  EXPECT_EQ(w().counters().voided, kOrders);
  EXPECT_EQ(w().engine().live_orders(), bravo_number_) << "those that came meanwhile";
  EXPECT_EQ(w().owed(alpha_).size(), kOrders);
  EXPECT_EQ(w().check(), "");
}

// The link goes while it waits: the message comes again.
TEST_F(GateBounds, AMessageThatWaitedComesAgainWithTheLink) {
  begin("32768");
  constexpr std::uint32_t kOrders = 5'000;
  for (std::uint32_t n = 1; n <= kOrders; ++n) w().enter(alpha_, {.number = n, .quantity = 1});
  w().hold_steps = true;
  w().say(query_response(kOrders + 1));
  ASSERT_TRUE(w().gate().has_message_waiting());
  w().disconnect();
  EXPECT_FALSE(w().gate().has_message_waiting());
  w().hold_steps = false;
  EXPECT_TRUE(w().connect());
  EXPECT_EQ(w().gate().link(), LinkState::Up);
  EXPECT_EQ(w().counters().voided, kOrders);
  EXPECT_EQ(w().check(), "");
}

}  // namespace
}  // namespace portcullis::test::gate_bounds_test
