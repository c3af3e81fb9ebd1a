// The gate while its venue is down, frozen, or back with another memory, over real sockets and over
// shared memory.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>

#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test::venue_down_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;

ouch::ReplaceOrder replace(std::uint32_t original, std::uint32_t number, std::uint32_t lots) {
  const ouch::EnterOrder order = buy(number, lots);
  return {.orig_user_ref_num = original,
          .user_ref_num = number,
          .quantity = order.quantity,
          .price = order.price,
          .time_in_force = order.time_in_force,
          .display = order.display,
          .inter_market_sweep_eligibility = 'N',
          .cl_ord_id = order.cl_ord_id,
          .appendage = {}};
}

ouch::MassCancel mass_cancel(std::uint32_t number) {
  return {.user_ref_num = number,
          .firm = venue_sim::padded<4>(""),
          .symbol = venue_sim::padded<8>(""),
          .appendage = {}};
}

class VenueDown : public GateAndVenue, public testing::WithParamInterface<VenueLink> {
 protected:
  void start(const std::vector<Change>& changes = {}) {
    deployment_ = std::make_unique<TestDeployment>(changes, read_example(), GetParam());
    start_venue();
    start_gate();
    wait_for_link(gate_->port());
  }
  void start_venue() { venue_ = std::make_unique<VenueProcess>(*deployment_); }
  void start_gate() {
    gate_.reset();
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  // From here on the gate knows that the link is down: it refuses orders for that. Asks with orders
  // that it refuses in any case.
  static void wait_until_down(OuchClient& client, std::uint32_t& number,
                              ouch::EnterOrder (*order)(std::uint32_t, std::uint32_t,
                                                        std::int64_t)) {
    std::string line;
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    do {
      client.send(order(number++, 0, 0));
      line = client.receive(1).at(0);
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << line;
    } while (!line.ends_with(" 2"));
  }
};

TEST_P(VenueDown, RefusesOrdersUntilTheVenueIsThere) {
  deployment_ = std::make_unique<TestDeployment>(std::vector<Change>{}, read_example(), GetParam());
  start_gate();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.first_sequence, 1U);
  client.send(buy(1, 1));
  client.send(buy(2, 1));
  EXPECT_EQ(client.receive(2), (Lines{"J 1 2", "J 2 2"}));
  EXPECT_EQ(client.query(), 3U);
  EXPECT_EQ(client.receive(1), Lines{"Q 3"});
  start_venue();
  wait_for_link(gate_->port());
  client.send(buy(3, 1));
  EXPECT_EQ(client.receive(2), (Lines{"S", "A 3 L 1@64000000"}));
  stop();
}

TEST_P(VenueDown, RefusesOrdersAndReplacesAndRemembersCancels) {
  start();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("BRAVO2"));
  for (std::uint32_t number = 1; number <= 4; ++number) client.send(sell(number, 3));
  client.receive(5);
  venue_->kill_9();
  std::uint32_t number = 5;
  wait_until_down(client, number, sell);
  client.send(cancel(1));
  client.send(cancel(2, 10));  // down to one lot
  ouch::ReplaceOrder refused = replace(3, number++, 1);
  client.send(refused);
  client.send(sell(number++, 1));
  EXPECT_EQ(client.receive(2), (Lines{"J " + std::to_string(number - 2) + " 2",
                                      "J " + std::to_string(number - 1) + " 2"}));
  EXPECT_EQ(client.query(), number);
  client.receive(1);
  start_venue();
  EXPECT_EQ(client.receive(2), (Lines{"C 1 -30 U", "C 2 -20 U"}));
  wait_for_link(gate_->port());
  client.send(cancel(3));
  EXPECT_EQ(client.receive(1), Lines{"C 3 -30 U"}) << "the refused replace has left it alone";
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 2);
}

TEST_P(VenueDown, KeepsCancelsThroughARestartOfTheGate) {
  start();
  std::string session;
  std::uint32_t number = 101;
  {
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2"));
    session = client.session;
    for (std::uint32_t n = 1; n <= 100; ++n) client.send(buy(n, 2));
    client.receive(101);
    venue_->kill_9();
    wait_until_down(client, number, buy);
    client.send(mass_cancel(++number));
    EXPECT_EQ(client.receive(1), Lines{"X " + std::to_string(number)})
        << "answered by the gate at once";
    gate_->kill_9();
  }
  start_gate();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2", 0, session));
  EXPECT_EQ(client.query(), number + 1);
  client.receive(1);
  start_venue();
  for (int i = 1; i <= 100; ++i) {
    ASSERT_EQ(client.receive(1), Lines{"C " + std::to_string(i) + " -2 U"});
  }
  wait_for_link(gate_->port());
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 0);
}

// The venue is frozen, so that it cannot have read them, and then killed.
TEST_P(VenueDown, RejectsByProofOrdersThatTheVenueHasNeverProcessed) {
  start();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  client.send(buy(1, 1));
  EXPECT_EQ(client.receive(2), (Lines{"S", "A 1 L 1@64000000"}));
  venue_->signal(SIGSTOP);
  for (std::uint32_t number = 2; number <= 6; ++number) client.send(buy(number, 1));
  client.send(replace(1, 7, 5));
  EXPECT_EQ(client.query(), 8U);
  EXPECT_EQ(client.receive(1), Lines{"Q 8"}) << "the orders have no outcome yet";
  venue_->kill_9();
  std::uint32_t number = 8;
  wait_until_down(client, number, buy);
  start_venue();
  EXPECT_EQ(client.receive(5), (Lines{"J 2 a", "J 3 a", "J 4 a", "J 5 a", "J 6 a"}));
  wait_for_link(gate_->port());
  client.send(buy(number, 1));
  EXPECT_EQ(client.receive(1), Lines{"A " + std::to_string(number) + " L 1@64000000"});
  client.send(cancel(1));
  EXPECT_EQ(client.receive(1), Lines{"C 1 -1 U"}) << "it was not replaced";
  stop();
  EXPECT_EQ(deployment_->gate_stat("venue.voided"), 6);
}

// As before, with the gate killed too: its journal knows what it sent.
TEST_P(VenueDown, RejectsByProofAfterARestartOfTheGate) {
  start();
  {
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2"));
    venue_->signal(SIGSTOP);
    for (std::uint32_t number = 1; number <= 5; ++number) client.send(buy(number, 1));
    EXPECT_EQ(client.query(), 6U);
    gate_->kill_9();
    venue_->kill_9();
  }
  start_gate();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.receive(2), (Lines{"S", "Q 6"}));
  client.send(cancel(4));
  client.send(buy(6, 1));
  EXPECT_EQ(client.receive(1), Lines{"J 6 2"});
  start_venue();
  EXPECT_EQ(client.receive(5), (Lines{"J 1 a", "J 2 a", "J 3 a", "J 4 a", "J 5 a"}));
  wait_for_link(gate_->port());
  stop();
  EXPECT_EQ(deployment_->gate_stat("venue.voided"), 5);
}

// Whether the venue still reads what the killed gate had sent is its own business: each order has
// one outcome, or is live at both.
TEST_P(VenueDown, ResolvesOrdersInFlightWhenTheGateIsKilledBeforeTheVenueReadsThem) {
  start();
  {
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2"));
    venue_->signal(SIGSTOP);
    for (std::uint32_t number = 1; number <= 50; ++number) client.send(buy(number, 1));
    EXPECT_EQ(client.query(), 51U);
    gate_->kill_9();
  }
  start_gate();
  venue_->signal(SIGCONT);
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.receive(2), (Lines{"S", "Q 51"}));
  wait_for_link(gate_->port());
  std::size_t live = 0;
  for (std::uint32_t number = 1; number <= 50; ++number) {
    const std::string line = client.receive(1).at(0);
    const std::string accepted = "A " + std::to_string(number) + " L 1@64000000";
    if (line == accepted) {
      ++live;
    } else {
      ASSERT_EQ(line, "J " + std::to_string(number) + " a");
    }
  }
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), static_cast<std::int64_t>(live));
}

TEST_P(VenueDown, NoticesAVenueThatFallsSilentAndRecoversWhenItSpeaksAgain) {
  start({{kSet, "process.json", "venue.heartbeat_ms", "50"},
         {kSet, "process.json", "venue.silence_timeout_ms", "2000"}});
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  client.send(buy(1, 1));
  client.receive(2);
  venue_->signal(SIGSTOP);
  client.send(buy(2, 1));
  client.send(cancel(1));
  std::uint32_t number = 3;
  std::string line;
  // Orders after the time-out are refused; those before it are under way like the second.
  while (!line.ends_with(" 2") && !client.ended) {
    client.send(buy(number++, 1));
    client.step(20);
    if (client.stream.size() > 2) line = line_of_payload(client.stream.back());
  }
  venue_->signal(SIGCONT);
  wait_for_link(gate_->port());
  // The fence of the recovery has resolved them all.
  const std::uint32_t next = client.query();
  EXPECT_EQ(next, number);
  std::vector<int> outcomes(number, 0);
  int cancelled = 0;
  for (std::size_t i = 2; i < client.stream.size(); ++i) {
    const std::string text = line_of_payload(client.stream[i]);
    if (text[0] == 'A' || text[0] == 'J') ++outcomes.at(std::stoul(text.substr(2)));
    if (text == "C 1 -1 U") ++cancelled;
  }
  for (std::uint32_t n = 2; n < number; ++n) EXPECT_EQ(outcomes[n], 1) << n;
  EXPECT_TRUE(client.wait_until(
      [&] { return cancelled == 1 || line_of_payload(client.stream.back()) == "C 1 -1 U"; }));
  stop();
}

// --- The venue has lost its session

void lose_venue_memory(const TestDeployment& deployment) {
  std::filesystem::rename(deployment.folder() / "venue", deployment.folder() / "venue-before");
}

TEST_P(VenueDown, KeepsOrdersOfALostSessionAndRefusesNewOnesUntilItIsTold) {
  start();
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  client.send(buy(1, 1));
  client.receive(2);
  venue_->kill_9();
  lose_venue_memory(*deployment_);
  start_venue();
  std::uint32_t number = 2;
  wait_until_down(client, number, buy);
  wait_for_venue_stat(*deployment_, *venue_, "logins", 1);
  client.send(buy(number++, 1));
  client.send(cancel(1));
  EXPECT_EQ(client.receive(1), Lines{"J " + std::to_string(number - 1) + " 2"});
  EXPECT_EQ(client.query(), number);
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1) << "counted in full";
  expect_replay_agrees(*deployment_);

  start_gate();
  OuchClient again(gate_->port());
  ASSERT_TRUE(again.login("ALPHA2", 0));
  again.send(buy(number, 1));
  EXPECT_EQ(again.receive(1), Lines{"J " + std::to_string(number) + " 2"});
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1);
  EXPECT_EQ(deployment_->gate_stat("links.venue_connects"), 0);
  expect_replay_agrees(*deployment_);
}

TEST_P(VenueDown, EndsOrdersOfALostSessionWhereThatIsConfiguredAndBeginsAnew) {
  start({{kSet, "process.json", "venue.lost_session", "\"orders_dead\""}});
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  for (std::uint32_t number = 1; number <= 3; ++number) client.send(buy(number, 2));
  client.receive(4);
  venue_->signal(SIGSTOP);
  client.send(buy(4, 1));
  EXPECT_EQ(client.query(), 5U);
  client.receive(1);
  venue_->kill_9();
  lose_venue_memory(*deployment_);
  start_venue();
  Lines ends = client.receive(5);
  std::ranges::sort(ends);
  EXPECT_EQ(ends, (Lines{"C 1 -2 Z", "C 2 -2 Z", "C 3 -2 Z", "J 4 a", "S"}));
  wait_for_link(gate_->port());
  client.send(buy(5, 1));
  EXPECT_EQ(client.receive(1), Lines{"A 5 L 1@64000000"});
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1);
  EXPECT_EQ(deployment_->venue_stat("open"), 1);
  expect_replay_agrees(*deployment_);
}

// --- The gate has lost its journal

TEST_P(VenueDown, AdoptsOrdersThatOnlyTheVenueRemembers) {
  start();
  std::string session;
  {
    OuchClient buyer(gate_->port());
    OuchClient seller(gate_->port());
    ASSERT_TRUE(buyer.login("ALPHA2"));
    ASSERT_TRUE(seller.login("BRAVO2"));
    session = buyer.session;
    for (std::uint32_t number = 1; number <= 3; ++number) buyer.send(buy(number, 2));
    buyer.receive(4);
    seller.send(sell(1, 3));
    EXPECT_EQ(seller.receive(4),
              (Lines{"S", "A 1 L 30@6400000", "E 1 20@6400000 R #1", "E 1 10@6400000 R #2"}));
    gate_->kill_9();
  }
  std::filesystem::rename(deployment_->journal(), deployment_->folder() / "journal-before");
  start_gate();
  {
    OuchClient stale(gate_->port());
    EXPECT_FALSE(stale.login("ALPHA2", 1, session)) << "its stream is another one now";
    EXPECT_EQ(stale.reject_reason, 'S');
  }
  OuchClient buyer(gate_->port());
  ASSERT_TRUE(buyer.login("ALPHA2"));
  EXPECT_NE(buyer.session, session);
  EXPECT_EQ(buyer.receive(6),
            (Lines{"S", "A 1 L 2@64000000", "A 2 L 2@64000000", "A 3 L 2@64000000",
                   "E 1 2@64000000 A #1", "E 2 1@64000000 A #2"}));
  wait_for_link(gate_->port());
  EXPECT_EQ(buyer.query(), 4U) << "numbers go on behind the adopted ones";
  buyer.receive(1);
  buyer.send(cancel(2));
  buyer.send(buy(4, 1));
  EXPECT_EQ(buyer.receive(2), (Lines{"C 2 -1 U", "A 4 L 1@64000000"}));
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_stat("venue.adopted"), 4);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), deployment_->venue_stat("open"));
  EXPECT_EQ(deployment_->gate_stat("positions.BTC-PERP.net_lots"), 1'000);
  EXPECT_EQ(deployment_->gate_stat("positions.BTC-PERP.gross_lots"), 2 * (5'000 - 3) + 1'000);
  expect_replay_agrees(*deployment_);
}

// --- The gate was down

TEST_P(VenueDown, CountsACrashOfTheGateAsADisconnectForCancelOnDisconnect) {
  start({{kSet, "sessions.json", "sessions.ALPHA2.cancel_on_disconnect", "true"},
         {kSet, "sessions.json", "sessions.ALPHA2.disconnect_grace_ms", "100"}});
  {
    OuchClient client(gate_->port());
    OuchClient other(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2"));
    ASSERT_TRUE(other.login("BRAVO2"));
    client.send(buy(1, 1));
    client.receive(2);
    other.send(sell(1, 1, 10));
    other.receive(2);
    gate_->kill_9();
  }
  start_gate();
  wait_for_venue_stat(*deployment_, *venue_, "canceled", 1);
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.receive(3), (Lines{"S", "A 1 L 1@64000000", "C 1 -1 U"}));
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1) << "the other session's";
}

INSTANTIATE_TEST_SUITE_P(Over, VenueDown, kBothLinks, link_name);

}  // namespace
}  // namespace portcullis::test::venue_down_test
