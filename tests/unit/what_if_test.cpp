// What a what-if says is what the order gets, bit for bit, and asking changes nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/support/gate_world.h"
#include "tests/support/seed.h"

namespace portcullis::test::what_if_test {
namespace {

TEST(WhatIf, IsTheLaterDecisionOfTheSameState) {
  GateWorld w;
  w.use_engine();
  std::mt19937_64 random(seed());
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const config::Deployment& deployment = w.deployment();
  int accepted = 0;
  int refused = 0;
  for (int n = 0; n < 3'000; ++n) {
    if (n % 50 == 0) w.pass_time(1'000'000'000);
    if (n % 400 == 200) {
      w.control(
          {.time = {w.now_ns},
           .target = static_cast<std::uint32_t>(below(deployment.accounts.size())),
           .by = {},
           .scope = risk::ControlScope::Account,
           .action = below(2) == 0 ? risk::ControlAction::CloseOnly : risk::ControlAction::Resume});
    }
    const risk::SessionIndex session{static_cast<std::uint32_t>(below(deployment.sessions.size()))};
    const auto& accounts = deployment.parameters.sessions[session.value].accounts;
    risk::NewOrder order;
    order.session = session;
    order.account = accounts[below(accounts.size())];
    order.instrument = {static_cast<std::uint32_t>(below(deployment.instruments.size()))};
    order.side = below(2) == 0 ? risk::Side::Buy : risk::Side::Sell;
    order.quantity = {static_cast<std::int64_t>(1 + below(below(4) == 0 ? 1'000'000 : 200))};
    const risk::InstrumentParameters& instrument =
        deployment.parameters.instruments[order.instrument.value];
    const std::int64_t mark = w.engine().mark(order.instrument).raw / instrument.marks_per_tick;
    order.price = {
        std::max<std::int64_t>(1, mark * static_cast<std::int64_t>(950 + below(100)) / 1'000)};
    if (below(10) == 0) order.flags |= risk::kReduceOnly;
    if (below(20) == 0) {
      order.ord_type = risk::OrdType::Market;
      order.time_in_force = risk::TimeInForce::ImmediateOrCancel;
    }
    const bool overloaded = below(30) == 0;
    const std::uint64_t hash = w.gate().state_hash();
    const risk::Decision foretold = w.gate().what_if(order, overloaded, w.now_ns);
    const risk::Decision again = w.gate().what_if(order, overloaded, w.now_ns);
    EXPECT_EQ(w.gate().state_hash(), hash) << "order " << n;
    EXPECT_EQ(std::memcmp(&foretold, &again, sizeof foretold), 0) << "order " << n;
    order.client_ref = w.engine().watermark(session) + 1;
    (void)w.gate().on_order(order, {}, overloaded, w.now_ns);
    const risk::Decision& decided = w.gate().last_decision();
    ASSERT_EQ(std::memcmp(&foretold, &decided, sizeof foretold), 0)
        << "order " << n << ": " << risk::info(foretold.reason).name << ", later "
        << risk::info(decided.reason).name;
    ++(decided.disposition == risk::Disposition::Forward ? accepted : refused);
    w.deliver();
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 100);
  EXPECT_EQ(w.check(), "");
}

}  // namespace
}  // namespace portcullis::test::what_if_test
