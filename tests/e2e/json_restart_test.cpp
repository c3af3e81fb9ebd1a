// The JSON door of a real gate, which is killed: orders and queries over sockets before and after.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "tests/support/gate_process.h"
#include "tests/support/json_client.h"
#include "tests/support/json_world.h"
#include "tests/support/link_state.h"
#include "tests/support/seed.h"

namespace portcullis::test {
namespace {

constexpr auto kSet = Change::Kind::Set;

class JsonRestart : public ::testing::Test {
 protected:
  JsonRestart() : deployment_(changes()) {}

  std::vector<Change> changes() {
    std::vector<Change> all = json_changes();
    all.push_back({kSet, "process.json", "edge.port", std::to_string(port_.number())});
    all.push_back({kSet, "process.json", "journal.snapshot_interval_ms", "50"});
    all.push_back({kSet, "process.json", "journal.marker_interval_ms", "20"});
    return all;
  }
  void start() {
    if (!venue_) venue_ = std::make_unique<VenueProcess>(deployment_);
    gate_ = std::make_unique<GateProcess>(deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_.errors());
    wait_for_link(gate_->port());
    client_ = std::make_unique<JsonClient>(port_.number());
  }
  void kill() {
    gate_->kill_9();
    gate_.reset();
  }

  Port port_;
  TestDeployment deployment_;
  std::unique_ptr<VenueProcess> venue_;
  std::unique_ptr<GateProcess> gate_;
  std::unique_ptr<JsonClient> client_;
};

TEST_F(JsonRestart, QueriesAndNamesOutliveTheProcess) {
  start();
  const std::string first = client_->create("one");
  EXPECT_EQ(value_at(first, "retCode"), "0") << first;
  EXPECT_EQ(value_at(client_->create("two"), "retCode"), "0");
  EXPECT_EQ(client_->open_links(), (std::vector<std::string>{"two", "one"}));
  kill();
  start();
  EXPECT_EQ(client_->open_links(), (std::vector<std::string>{"two", "one"}));
  const std::string again = client_->create("one");
  EXPECT_EQ(value_at(again, "retCode"), "110072") << again;
  const std::string body = client_->get("/v5/order/realtime", "category=linear&orderLinkId=one");
  EXPECT_EQ(value_at(body, "result.list[0].orderId"), value_at(first, "data.orderId")) << body;
  EXPECT_EQ(value_at(client_->cancel("one"), "retCode"), "0");
  EXPECT_EQ(value_at(client_->create("three"), "retCode"), "0");
  // The venue's word on the cancel comes before its word on the order behind it.
  client_->wait_until_new("three");
  EXPECT_EQ(client_->open_links(), (std::vector<std::string>{"three", "two"}));
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_.errors());
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_.gate_stat("live_orders"), 2);
  expect_counts_agree(deployment_);
  expect_replay_agrees(deployment_);
}

// Orders are sent without waiting for the answer, and the gate is killed at any moment: what a query
// says afterwards is what the gate and the venue have.
TEST_F(JsonRestart, AfterKillsQueriesSayWhatTheGateHas) {
  std::mt19937_64 random(seed());
  int sent = 0;
  for (int round = 0; round < 5; ++round) {
    start();
    const int orders = static_cast<int>(random() % 12);
    for (int o = 0; o < orders; ++o)
      EXPECT_TRUE(client_->send_create("k" + std::to_string(sent++)));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3'000));
    kill();
  }
  start();
  EXPECT_EQ(value_at(client_->create("last"), "retCode"), "0");
  client_->wait_until_new("last");
  const std::vector<std::string> open = client_->open_links();
  EXPECT_EQ(std::set<std::string>(open.begin(), open.end()).size(), open.size()) << "twice";
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_.errors());
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_.gate_stat("live_orders"), static_cast<std::int64_t>(open.size()));
  EXPECT_EQ(deployment_.venue_stat("open"), static_cast<std::int64_t>(open.size()));
  expect_replay_agrees(deployment_);
}

}  // namespace
}  // namespace portcullis::test
