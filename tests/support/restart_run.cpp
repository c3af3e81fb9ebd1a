#include "tests/support/restart_run.h"

#include <gtest/gtest.h>

namespace portcullis::test {

namespace {

// Orders under way: enough for every stage from here to the venue and back to hold some of them.
constexpr std::size_t kUnansweredMax = 100;

}  // namespace

RestartRun::RestartRun(std::uint64_t seed, VenueLink link, const std::vector<Change>& changes,
                       std::vector<std::string> venue_arguments)
    : random(seed),
      deployment(changes, read_example(), link),
      buyer("ALPHA2", random),
      seller("BRAVO2", random),
      venue_arguments_(std::move(venue_arguments)) {}

void RestartRun::start() {
  if (!venue) venue = std::make_unique<VenueProcess>(deployment, venue_arguments_);
  const bool link_first = random() % 2 == 0;
  if (!gate) gate = std::make_unique<GateProcess>(deployment);
  ASSERT_NE(gate->port(), 0) << read_file(deployment.errors());
  if (link_first) wait_for_link(gate->port());
  for (Trader* trader : {&buyer, &seller}) {
    if (!trader->is_connected()) trader->connect(gate->port(), random() % 2 == 0);
  }
}

void RestartRun::trade(std::uint32_t messages) {
  for (; messages > 0; --messages) {
    Trader& trader = random() % 2 == 0 ? buyer : seller;
    if (!trader.is_connected()) return;
    trader.send_random();
    trader.take(kUnansweredMax);
  }
}

void RestartRun::settle() {
  buyer.settle();
  seller.settle();
}

void RestartRun::kill_gate() {
  gate->kill_9();
  gate.reset();
  buyer.wait_for_end();
  seller.wait_for_end();
}

void RestartRun::kill_venue() {
  venue->kill_9();
  venue.reset();
}

void RestartRun::finish() {
  start();
  wait_for_link(gate->port());
  settle();
  // The last order of all: what was sent before it has been processed, here and at the venue, when
  // it is live.
  seller.send_resting();
  settle();
  buyer.send_resting();
  settle();
  stop_and_compare();
  EXPECT_EQ(static_cast<std::size_t>(deployment.gate_stat("live_orders")),
            buyer.audit().live().size() + seller.audit().live().size());

  start();
  for (Trader* trader : {&buyer, &seller}) {
    trader->cancel_everything();
    trader->wait_until_flat();
  }
  stop_and_compare();
  EXPECT_EQ(deployment.gate_stat("live_orders"), 0);
}

void RestartRun::stop_and_compare() {
  EXPECT_EQ(gate->terminate(), 0) << read_file(deployment.errors());
  EXPECT_EQ(venue->terminate(), 0) << read_file(deployment.errors());
  gate.reset();
  venue.reset();
  std::size_t executed = 0;
  std::size_t accepted = 0;
  for (Trader* trader : {&buyer, &seller}) {
    trader->wait_for_end();
    const OrderAudit& audit = trader->audit();
    EXPECT_EQ(audit.unanswered(), 0U);
    EXPECT_TRUE(audit.problems().empty())
        << audit.problems().size() << " problems, the first: " << audit.problems().front();
    executed += audit.counts().executed;
    accepted += audit.counts().accepted;
  }
  EXPECT_EQ(static_cast<std::size_t>(deployment.gate_stat("venue.accepted")), accepted);
  EXPECT_EQ(static_cast<std::size_t>(deployment.gate_stat("venue.executed")), executed);
  EXPECT_EQ(deployment.gate_stat("positions.BTC-PERP.net_lots"), 1'000)
      << "bravo-1's, which does not trade: every trade has both sides";
  expect_counts_agree(deployment);
  expect_replay_agrees(deployment);
}

}  // namespace portcullis::test
