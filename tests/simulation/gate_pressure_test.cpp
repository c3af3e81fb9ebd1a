// A journal or a venue that does not keep up: what adds risk is refused for that by name, exits and
// cancels go on, and when there is room again everything does (ORDERLIFE 3 and 5).
#include <gtest/gtest.h>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::gate_pressure_test {
namespace {

namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using risk::RejectReason;

// An order of alpha-hedge, which is short of BTC: buying is an exit.
TestOrder btc(std::uint32_t number, char side) {
  return {.number = number, .side = side, .quantity = 1, .price = 64'000'000, .symbol = "BTCPERP"};
}

TEST(GatePressure, AJournalThatIsHalfFullRefusesWhatAddsRiskUntilItIsWritten) {
  GateWorld w;
  w.hold_journal = true;
  const auto alpha = w.session("ALPHA2");
  ASSERT_EQ(w.enter(alpha, btc(1, 'S')).reason, RejectReason::None);
  const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
  while (w.journal().occupancy_bytes() <= w.journal().capacity_bytes() / 2) {
    w.gate().on_client_message(alpha, query, false, w.now_ns);
  }
  w.deliver();
  EXPECT_TRUE(w.gate().has_room()) << "clients are read";
  EXPECT_EQ(w.enter(alpha, btc(2, 'S')).reason, RejectReason::JournalDegraded);
  EXPECT_EQ(w.replace(alpha, 1, btc(3, 'S')).reason, RejectReason::JournalDegraded);
  EXPECT_EQ(w.enter(alpha, btc(4, 'B')).reason, RejectReason::None);
  w.at_venue();
  w.cancel(alpha, 1);
  EXPECT_EQ(w.at_venue(), Lines{"X 1 0"});

  ASSERT_TRUE(w.journal().flush());
  w.deliver();
  EXPECT_EQ(w.enter(alpha, btc(5, 'S')).reason, RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

TEST(GatePressure, AJournalThatIsNearlyFullTakesNothingOfClientsAndStillTheVenuesWord) {
  GateWorld w;
  w.hold_journal = true;
  const auto alpha = w.session("ALPHA2");
  w.enter(alpha, btc(1, 'B'));
  const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
  while (w.gate().has_room()) w.gate().on_client_message(alpha, query, false, w.now_ns);
  EXPECT_TRUE(w.gate().has_room_for_venue());
  w.say(accepted(1));
  EXPECT_NE(w.order(alpha, 1)->acknowledged, 0);
  w.disconnect();
  EXPECT_TRUE(w.connect()) << "the link too has room";
  EXPECT_FALSE(w.gate().has_room());
  ASSERT_TRUE(w.journal().flush());
  EXPECT_TRUE(w.gate().has_room());
  w.deliver();
  EXPECT_EQ(w.check(), "");
}

TEST(GatePressure, AVenueThatDoesNotReadIsBusy) {
  // Twice what the world's connection holds: half is taken by the first byte that waits.
  GateWorld w({{Change::Kind::Set, "process.json", "venue.send_buffer_bytes", "2097152"}});
  const auto alpha = w.session("ALPHA2");
  w.at_venue();
  w.hold_to_venue = true;
  ASSERT_EQ(w.enter(alpha, btc(1, 'S')).reason, RejectReason::None);
  EXPECT_EQ(w.enter(alpha, btc(2, 'S')).reason, RejectReason::VenueBusy);
  EXPECT_EQ(w.enter(alpha, btc(3, 'B')).reason, RejectReason::None);
  w.cancel(alpha, 1);
  w.hold_to_venue = false;
  w.deliver();
  EXPECT_EQ(w.at_venue(), (Lines{"O 1 S 1 BTCPERP@64000000", "O 2 B 1 BTCPERP@64000000", "X 1 0"}));
  EXPECT_EQ(w.enter(alpha, btc(4, 'S')).reason, RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

}  // namespace
}  // namespace portcullis::test::gate_pressure_test
