// Who signs wrongly too often, by address, with a clock that is set by hand; and a door that is being
// closed.
#include <gtest/gtest.h>

#include "tests/support/json_world.h"

namespace portcullis::test::edge_lockout_test {
namespace {

using gateway::edge::Address;
using gateway::edge::Channel;
using gateway::edge::DoorLimits;
using gateway::edge::HttpReply;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr Address kBad = 7;
constexpr Address kGood = 8;

std::string code(const std::string& reply) { return value_at(reply, "retCode"); }
std::string wrong_auth(const JsonWorld& w) {
  std::string text = auth_request("JSON1", w.now_ms());
  text.replace(text.find("key-JSON1"), 9, "key-JSON2");
  return text;
}

class EdgeLockout : public testing::Test {
 protected:
  // retCode of a login on a connection of its own.
  std::string log_in(Address from, bool right = true) {
    last_ = w.connect(Channel::Trade, from);
    return code(w.ask(last_, right ? auth_request("JSON1", w.now_ms()) : wrong_auth(w)));
  }
  std::string query(Address from, bool right = true) {
    w.secrets[w.world.session("JSON1").value] =
        config::ApiSecret(right ? api_secret("JSON1") : "another");
    const HttpReply reply = w.get("JSON1", "/v5/order/realtime", "category=linear", from);
    w.secrets[w.world.session("JSON1").value] = config::ApiSecret(api_secret("JSON1"));
    kept_alive_ = reply.keep_alive;
    return code(reply.body);
  }

  JsonWorld w{{.connections_per_session_max = 100,
               .wrong_signatures = {
                   .attempts_max = 3, .window_ns = 10 * kSecond, .lockout_ns = 60 * kSecond}}};
  JsonWorld::Id last_{};
  bool kept_alive_ = false;
};

TEST_F(EdgeLockout, ThreeWrongSignaturesLockTheAddressOut) {
  const auto inside = w.connect(Channel::Trade, kBad);
  EXPECT_EQ(code(w.ask(inside, auth_request("JSON1", w.now_ms()))), "0");
  EXPECT_EQ(log_in(kBad, false), "10004");
  EXPECT_EQ(log_in(kBad), "0") << "a good one forgets nothing of an address";
  EXPECT_EQ(query(kBad, false), "10004");
  EXPECT_EQ(query(kBad), "0");
  EXPECT_EQ(log_in(kBad, false), "10004");
  EXPECT_EQ(log_in(kBad), "10018");
  EXPECT_EQ(w.close_code(last_), 1008);
  EXPECT_EQ(query(kBad), "10018");
  EXPECT_FALSE(kept_alive_);
  EXPECT_EQ(log_in(kGood), "0") << "the same key from elsewhere";
  EXPECT_EQ(query(kGood), "0");
  // Who is in stays, trades, and may not guess either.
  EXPECT_EQ(code(w.ask(inside, w.order("create", w.amzn("Buy", 1, "219")))), "0");
  EXPECT_EQ(code(w.ask(inside, auth_request("JSON1", w.now_ms()))), "10018");
  EXPECT_EQ(w.close_code(inside), 0);
  EXPECT_EQ(w.door->counters().lockouts, 1u);
  EXPECT_EQ(w.door->counters().locked_out, 3u);
  EXPECT_EQ(w.door->counters().wrong_signatures, 3u);
  w.world.pass_time(59 * kSecond);
  EXPECT_EQ(log_in(kBad), "10018");
  w.world.pass_time(kSecond);
  EXPECT_EQ(log_in(kBad), "0");
  EXPECT_EQ(query(kBad), "0");
}

TEST_F(EdgeLockout, WrongOnesFarApartDoNot) {
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(log_in(kBad, false), "10004");
    EXPECT_EQ(query(kBad, false), "10004");
    w.world.pass_time(10 * kSecond);
  }
  EXPECT_EQ(log_in(kBad), "0");
  EXPECT_EQ(w.door->counters().lockouts, 0u);
}

TEST_F(EdgeLockout, AnUnknownKeyCountsAndALateSignatureDoesNot) {
  std::string unknown = auth_request("JSON1", w.now_ms());
  unknown.replace(unknown.find("key-JSON1"), 9, "key-OTHER");
  const std::string late = auth_request("JSON1", w.now_ms() - 10'000);
  for (int n = 0; n < 2; ++n) {
    const auto id = w.connect(Channel::Trade, kBad);
    EXPECT_EQ(code(w.ask(id, unknown)), "10003");
    EXPECT_EQ(code(w.ask(id, late)), "10002") << "whoever made it knows the secret";
  }
  EXPECT_EQ(log_in(kBad), "0");
  EXPECT_EQ(log_in(kBad, false), "10004");
  EXPECT_EQ(log_in(kBad), "10018");
}

// --- the door is being closed

TEST(EdgeStop, NothingNewIsTakenAndWhatWasIsAnswered) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  (void)w.heard(id);
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "before"), "before"));
  w.door->stop_taking();
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "behind"), "behind"));
  w.say(id, w.order("cancel", R"({"category":"linear","symbol":"AMZN","orderLinkId":"before"})",
                    "cancel"));
  for (const std::string& reply : w.heard(id)) {
    EXPECT_EQ(code(reply), "10016") << reply;
    EXPECT_EQ(value_at(reply, "retMsg"), "the gate is stopping");
  }
  const auto other = w.connect();
  EXPECT_EQ(code(w.ask(other, auth_request("JSON2", w.now_ms()))), "10016");
  const std::vector<std::string> replies = w.heard(id);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(value_at(replies[0], "reqId"), "before");
  EXPECT_EQ(code(replies[0]), "0");
  ASSERT_EQ(w.taken.size(), 2u) << "the login and the order";
  // Queries and pings are answered to the end.
  EXPECT_EQ(code(w.get("JSON1", "/v5/order/realtime", "category=linear").body), "0");
  EXPECT_EQ(value_at(w.ask(id, R"({"op":"ping"})"), "op"), "pong");
  EXPECT_EQ(w.door->counters().stopping, 3u);
}

TEST(EdgeStop, WhatHasNoRecordAtTheEndWasNotTaken) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219", "mine")))), "0");
  w.say(id, w.order("create", w.amzn("Buy", 1, "219"), "lost"));
  w.say(id,
        w.order("cancel", R"({"category":"linear","symbol":"AMZN","orderLinkId":"mine"})", "too"));
  EXPECT_TRUE(w.heard(id).empty());
  EXPECT_TRUE(w.door->is_waiting());
  w.door->no_more_records(w.world.now_ns);
  const std::vector<std::string> replies = w.heard(id);
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(code(replies[0]), "10016");
  EXPECT_EQ(value_at(replies[0], "reqId"), "lost");
  EXPECT_EQ(value_at(replies[1], "reqId"), "too");
  EXPECT_FALSE(w.door->is_waiting());
}

}  // namespace
}  // namespace portcullis::test::edge_lockout_test
