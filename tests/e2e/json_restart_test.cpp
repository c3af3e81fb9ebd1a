// The JSON door of a real gate, which is killed: orders and queries over sockets before and after.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "tests/support/json_gate.h"
#include "tests/support/json_world.h"
#include "tests/support/seed.h"

namespace portcullis::test::json_restart_test {
namespace {

constexpr auto kSet = Change::Kind::Set;

class JsonRestart : public JsonGate {
 protected:
  JsonRestart()
      : JsonGate({{kSet, "process.json", "journal.snapshot_interval_ms", "50"},
                  {kSet, "process.json", "journal.marker_interval_ms", "20"}}) {}
};

TEST_F(JsonRestart, QueriesAndNamesOutliveTheProcess) {
  start();
  const std::string first = ask(create("one"));
  EXPECT_EQ(value_at(first, "retCode"), "0") << first;
  EXPECT_EQ(value_at(ask(create("two")), "retCode"), "0");
  EXPECT_EQ(open_links(), (std::vector<std::string>{"two", "one"}));
  kill();
  start();
  EXPECT_EQ(open_links(), (std::vector<std::string>{"two", "one"}));
  const std::string again = ask(create("one"));
  EXPECT_EQ(value_at(again, "retCode"), "110072") << again;
  const std::string body = get("/v5/order/realtime", "category=linear&orderLinkId=one");
  EXPECT_EQ(value_at(body, "result.list[0].orderId"), value_at(first, "data.orderId")) << body;
  EXPECT_EQ(value_at(ask(cancel("one")), "retCode"), "0");
  EXPECT_EQ(value_at(ask(create("three")), "retCode"), "0");
  // The venue's word on the cancel comes before its word on the order behind it.
  wait_until_new("three");
  EXPECT_EQ(open_links(), (std::vector<std::string>{"three", "two"}));
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
      EXPECT_TRUE(peer_->send_text(create("k" + std::to_string(sent++))));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3'000));
    kill();
  }
  start();
  EXPECT_EQ(value_at(ask(create("last")), "retCode"), "0");
  wait_until_new("last");
  const std::vector<std::string> open = open_links();
  EXPECT_EQ(std::set<std::string>(open.begin(), open.end()).size(), open.size()) << "twice";
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_.errors());
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_.gate_stat("live_orders"), static_cast<std::int64_t>(open.size()));
  EXPECT_EQ(deployment_.venue_stat("open"), static_cast<std::int64_t>(open.size()));
  expect_replay_agrees(deployment_);
}

}  // namespace
}  // namespace portcullis::test::json_restart_test
