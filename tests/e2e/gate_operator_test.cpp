// What an operator can say to a gate: commands at its start, a stop, and how it waits.

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test::gate_operator_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;

// Adds to alpha-hedge's short position, far from the mark.
ouch::EnterOrder increase(std::uint32_t number) {
  ouch::EnterOrder order = buy(number, 1, 10);
  order.side = ouch::Side::Sell;
  return order;
}

class GateOperator : public GateAndVenue {
 protected:
  void start(const std::vector<Change>& changes = {}) {
    deployment_ = std::make_unique<TestDeployment>(changes);
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    start_gate();
  }
  // With these commands, or none.
  void start_gate(const std::string& commands = "") {
    std::vector<std::string> more;
    if (!commands.empty()) {
      const std::filesystem::path file = deployment_->folder() / "commands.json";
      std::ofstream(file) << R"({"by": "operations", "commands": [)" << commands << "]}";
      more = {"--commands", file.string()};
    }
    gate_.reset();
    gate_ = std::make_unique<GateProcess>(*deployment_, more);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
    wait_for_link(gate_->port());
  }
  // A new connection of ALPHA2, and what it is told of an order that increases, and of an exit.
  Lines answers_of(std::uint32_t number) {
    OuchClient client(gate_->port());
    EXPECT_TRUE(client.login("ALPHA2", 0));
    client.send(increase(number));
    client.send(buy(number + 1, 1, -10));
    return client.receive(2);
  }
  static Lines lines(std::uint32_t number, std::string_view first, std::string_view second) {
    const auto line = [](std::uint32_t n, std::string_view answer, std::string_view price) {
      const std::string text = std::to_string(n);
      return answer == "A" ? "A " + text + " L 1@" + std::string(price)
                           : "J " + text + " " + std::string(answer);
    };
    return {line(number, first, "64005000"), line(number + 1, second, "63995000")};
  }
};

TEST_F(GateOperator, AKillCancelsAndRefusesEverythingUnderItsNodeAndSurvivesARestart) {
  start();
  OuchClient other(gate_->port());
  ASSERT_TRUE(other.login("BRAVO2", 0));
  other.send(sell(1, 1, 20));
  EXPECT_EQ(other.receive(1), Lines{"A 1 L 10@6401000"});
  EXPECT_EQ(answers_of(1), lines(1, "A", "A"));
  gate_->kill_9();
  start_gate(R"({"action": "kill", "node": "alpha"})");
  wait_for_venue_stat(*deployment_, *venue_, "canceled", 2);
  EXPECT_EQ(answers_of(3), lines(3, "c", "c"));
  gate_->kill_9();
  start_gate();
  EXPECT_EQ(answers_of(5), lines(5, "c", "c"));
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1) << "of the other member";
  start_gate(R"({"action": "resume", "node": "alpha"})");
  EXPECT_EQ(answers_of(7), lines(7, "A", "A"));
  stop();
}

TEST_F(GateOperator, ASuspensionRefusesExitsTooAndKeepsWorkingOrders) {
  start();
  EXPECT_EQ(answers_of(1), lines(1, "A", "A"));
  EXPECT_EQ(gate_->terminate(), 0);
  start_gate(R"({"action": "suspend", "account": "alpha-hedge"})");
  EXPECT_EQ(answers_of(3), lines(3, "c", "c"));
  EXPECT_EQ(gate_->terminate(), 0);
  start_gate(R"({"action": "resume", "account": "alpha-hedge"})");
  EXPECT_EQ(answers_of(5), lines(5, "A", "A"));
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 4);
}

TEST_F(GateOperator, CloseOnlyTakesExits) {
  start();
  EXPECT_EQ(gate_->terminate(), 0);
  start_gate(R"({"action": "close_only", "node": "bravo"})");
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("BRAVO2", 0));
  ouch::EnterOrder adds = sell(1, 1, -10);  // to bravo-house's long position
  adds.side = ouch::Side::Buy;
  client.send(adds);
  client.send(sell(2, 1, 10));
  EXPECT_EQ(client.receive(2), (Lines{"J 1 20", "A 2 L 10@6400500"}));
  stop();
}

TEST_F(GateOperator, ACancelOfAllRefusesNothing) {
  start();
  EXPECT_EQ(answers_of(1), lines(1, "A", "A"));
  EXPECT_EQ(gate_->terminate(), 0);
  start_gate(R"({"action": "cancel_all", "session": "ALPHA2"})");
  wait_for_venue_stat(*deployment_, *venue_, "canceled", 2);
  EXPECT_EQ(answers_of(3), lines(3, "A", "A"));
  stop();
}

TEST_F(GateOperator, AStopKeepsWorkingOrdersUnlessItIsToldToCancelThem) {
  start();
  EXPECT_EQ(answers_of(1), lines(1, "A", "A"));
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 2);

  start({{kSet, "process.json", "gateway.cancel_working_orders_on_stop", "true"}});
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2", 0));
  client.send(increase(1));
  client.send(buy(2, 1, -10));
  EXPECT_EQ(client.receive(2), lines(1, "A", "A"));
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 0);
  EXPECT_EQ(client.receive(2), (Lines{"C 1 -1 U", "C 2 -1 U"}));
  client.wait_for_end();
}

TEST_F(GateOperator, WaitsAsItIsTold) {
  for (const char* waiting : {"\"block\"", "\"spin\"", "\"backoff\""}) {
    start({{kSet, "process.json", "gateway.waiting", waiting}});
    EXPECT_EQ(answers_of(1), lines(1, "A", "A")) << waiting;
    if (waiting != std::string_view("\"spin\"")) wait_until_asleep(gate_->pid());
    stop();
  }
}

}  // namespace
}  // namespace portcullis::test::gate_operator_test
