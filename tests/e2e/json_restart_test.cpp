// The JSON door of a real gate, which is killed: orders and queries over sockets before and after.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "tests/support/gate_process.h"
#include "tests/support/json_world.h"
#include "tests/support/link_state.h"
#include "tests/support/raw_peer.h"
#include "tests/support/seed.h"

namespace portcullis::test {
namespace {

constexpr auto kSet = Change::Kind::Set;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

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
    peer_ = std::make_unique<RawPeer>(port_.number());
    ASSERT_TRUE(peer_->open());
    const std::string expires = std::to_string(now_ms() + 5'000);
    EXPECT_EQ(value_at(ask(R"({"op":"auth","args":["key-JSON1",)" + expires + ",\"" +
                           signed_text(kSecret, "GET/realtime" + expires) + "\"]}"),
                       "retCode"),
              "0");
  }
  void kill() {
    gate_->kill_9();
    gate_.reset();
  }

  std::string ask(const std::string& text) {
    EXPECT_TRUE(peer_->send_text(text));
    return peer_->read_text();
  }
  static std::string request(const std::string& op, const std::string& args) {
    return R"({"op":")" + op + R"(","reqId":"r","header":{"X-BAPI-TIMESTAMP":")" +
           std::to_string(now_ms()) + R"("},"args":[)" + args + "]}";
  }
  // A buy that rests.
  static std::string create(const std::string& link) {
    return request("order.create", JsonWorld::amzn("Buy", 1, "219.50", link));
  }
  static std::string cancel(const std::string& link) {
    return request("order.cancel",
                   R"({"category":"linear","symbol":"AMZN","orderLinkId":")" + link + "\"}");
  }

  // The body of a signed query.
  std::string get(const std::string& path, const std::string& query) const {
    RawPeer peer(port_.number());
    const std::string time = std::to_string(now_ms());
    peer.send("GET " + path + "?" + query +
              " HTTP/1.1\r\nHost: gate\r\nX-BAPI-API-KEY: key-JSON1\r\nX-BAPI-TIMESTAMP: " + time +
              "\r\nX-BAPI-RECV-WINDOW: 5000\r\nX-BAPI-SIGN: " +
              signed_text(kSecret, time + "key-JSON1" + "5000" + query) + "\r\n\r\n");
    const std::string response = peer.read_response();
    const std::size_t body = response.find("\r\n\r\n");
    EXPECT_NE(body, std::string::npos) << response;
    return body == std::string::npos ? "" : response.substr(body + 4);
  }
  void wait_until_new(const std::string& link) const {
    const std::string query = "category=linear&orderLinkId=" + link;
    for (int wait = 0; wait < 500; ++wait) {
      if (value_at(get("/v5/order/realtime", query), "result.list[0].orderStatus") == "New") return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << link << " has not been accepted";
  }
  // The links of the open orders, newest first.
  std::vector<std::string> open_links() const {
    std::vector<std::string> links;
    const std::string body = get("/v5/order/realtime", "category=linear&limit=50");
    EXPECT_EQ(value_at(body, "retCode"), "0") << body;
    for (int o = 0;; ++o) {
      const std::string at = "result.list[" + std::to_string(o) + "].";
      const std::string link = value_at(body, at + "orderLinkId");
      if (link.empty()) break;
      const std::string status = value_at(body, at + "orderStatus");
      if (status == "New" || status == "Created") links.push_back(link);
    }
    return links;
  }

  static constexpr const char* kSecret = "for-tests-only";
  Port port_;
  TestDeployment deployment_;
  std::unique_ptr<VenueProcess> venue_;
  std::unique_ptr<GateProcess> gate_;
  std::unique_ptr<RawPeer> peer_;
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
}  // namespace portcullis::test
