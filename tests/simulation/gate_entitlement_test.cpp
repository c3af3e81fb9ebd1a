// What a session may do and how often, over OUCH: the answers to actions that it has not, and to the
// member's kill switch and queries beyond its exit budget.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/gate_world.h"

namespace portcullis::test::gate_entitlement_test {
namespace {

using namespace gateway;
using risk::RejectReason;

constexpr auto kSet = Change::Kind::Set;
constexpr std::uint64_t kAmznPrice = 2'200'000;

std::vector<Change> bravo_may(std::string_view actions) {
  return {{kSet, "sessions.json", "sessions.BRAVO1.actions", std::string(actions)}};
}
std::vector<Change> bravo_rate(std::string_view rate) {
  return {{kSet, "sessions.json", "sessions.BRAVO1.rate", std::string(rate)}};
}

TestOrder amzn(std::uint32_t number, std::uint32_t quantity = 100) {
  return {.number = number,
          .quantity = quantity,
          .price = kAmznPrice,
          .symbol = "AMZN",
          .firm = "BRV1"};
}
ouch::InboundMessage mass_cancel(std::uint32_t number) {
  return ouch::MassCancel{
      .user_ref_num = number, .firm = padded<4>(""), .symbol = padded<8>(""), .appendage = {}};
}
ouch::InboundMessage disable(std::uint32_t number) {
  return ouch::DisableOrderEntry{
      .user_ref_num = number, .firm = padded<4>("BRV1"), .appendage = {}};
}
ouch::InboundMessage enable(std::uint32_t number) {
  return ouch::EnableOrderEntry{.user_ref_num = number, .firm = padded<4>("BRV1"), .appendage = {}};
}
const ouch::InboundMessage kQuery = ouch::AccountQuery{.appendage = {}};

std::uint64_t refused(GateWorld& w, RejectReason reason) {
  return w.counters().rejects[static_cast<std::size_t>(reason)];
}

TEST(GateEntitlement, EverythingIsRefusedToASessionThatMayNothing) {
  GateWorld w(bravo_may("[]"));
  w.at_venue();
  const auto bravo = w.session("BRAVO1");
  EXPECT_EQ(w.enter(bravo, amzn(1)).reason, RejectReason::NotEntitled);
  EXPECT_FALSE(w.send(bravo, mass_cancel(2)).disconnect);
  EXPECT_FALSE(w.send(bravo, disable(3)).disconnect);
  EXPECT_FALSE(w.send(bravo, enable(4)).disconnect);
  EXPECT_EQ(w.owed(bravo), (Lines{"J 1 c", "J 2 c", "J 3 c", "J 4 c"}));
  EXPECT_EQ(refused(w, RejectReason::NotEntitled), 4U);
  EXPECT_FALSE(w.send(bravo, kQuery).disconnect);
  EXPECT_EQ(w.owed(bravo), Lines{"Q 5"}) << "who only looks may ask";
  EXPECT_EQ(w.at_venue(), Lines{});
  EXPECT_EQ(w.check(), "");
}

TEST(GateEntitlement, AReplaceLeavesTheOrderAndACancelIsRejected) {
  GateWorld w(bravo_may(R"(["enter", "mass_cancel"])"));
  const auto bravo = w.session("BRAVO1");
  ASSERT_EQ(w.enter(bravo, amzn(1)).reason, RejectReason::None);
  w.at_venue();
  EXPECT_EQ(w.replace(bravo, 1, amzn(2, 150)).reason, RejectReason::NotEntitled);
  const risk::Decision cancelled = w.cancel(bravo, 1);
  EXPECT_EQ(cancelled.reason, RejectReason::NotEntitled);
  EXPECT_EQ(cancelled.level, risk::NodeLevel::Session);
  EXPECT_EQ(cancelled.node, bravo.value);
  EXPECT_EQ(w.owed(bravo), (Lines{"J 2 c", "I 1"}));
  EXPECT_EQ(w.at_venue(), Lines{});
  w.send(bravo, mass_cancel(3));
  w.deliver();
  EXPECT_EQ(w.at_venue(), Lines{"X 1 0"});
  EXPECT_EQ(w.owed(bravo), Lines{"X 3"});
  w.send(bravo, disable(4));
  EXPECT_EQ(w.owed(bravo), Lines{"J 4 c"});
  EXPECT_EQ(w.check(), "");
}

TEST(GateEntitlement, ASessionMayDisableAndEnableWhereItSaysSo) {
  GateWorld w(bravo_may(R"(["enter", "disable"])"));
  const auto bravo = w.session("BRAVO1");
  w.send(bravo, disable(1));
  EXPECT_EQ(w.enter(bravo, amzn(2)).reason, RejectReason::Suspended);
  w.send(bravo, enable(3));
  EXPECT_EQ(w.enter(bravo, amzn(4)).reason, RejectReason::None);
  w.send(bravo, mass_cancel(5));
  EXPECT_EQ(w.owed(bravo), (Lines{"G 1", "J 2 c", "K 3", "J 5 c"}));
  EXPECT_EQ(w.check(), "");
}

// Queries, disable and enable have no price, and each writes to the journal: they take of the exit
// budget like cancels.
TEST(GateEntitlement, QueriesAndTheKillSwitchSpendTheExitBudget) {
  const auto message = [](int kind, std::uint32_t number) {
    return kind == 0 ? kQuery : kind == 1 ? disable(number) : enable(number);
  };
  for (int kind = 0; kind < 3; ++kind) {
    SCOPED_TRACE(kind);
    GateWorld w(bravo_rate(R"({"per_second": 1, "burst": 1, "exit_per_second": 2,
                               "exit_burst": 3})"));
    const auto bravo = w.session("BRAVO1");
    for (std::uint32_t number = 1; number <= 3; ++number)
      EXPECT_FALSE(w.send(bravo, message(kind, number)).disconnect);
    EXPECT_EQ(w.owed(bravo).size(), 3U);
    EXPECT_TRUE(w.send(bravo, message(kind, 4)).disconnect);
    EXPECT_EQ(w.owed(bravo), kind == 0 ? Lines{} : Lines{"J 4 29"});
    EXPECT_EQ(refused(w, RejectReason::Rate), 1U);
    // And cancels find it spent.
    EXPECT_TRUE(w.send(bravo, mass_cancel(5)).disconnect);
    w.pass_time(risk::kSecondNs);
    EXPECT_FALSE(w.send(bravo, message(kind, 6)).disconnect);
    EXPECT_FALSE(w.send(bravo, mass_cancel(7)).disconnect);
    EXPECT_TRUE(w.send(bravo, message(kind, 8)).disconnect);
    EXPECT_EQ(w.check(), "");
  }
}

}  // namespace
}  // namespace portcullis::test::gate_entitlement_test
