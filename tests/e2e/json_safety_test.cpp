// The JSON door of a real gate against clients that guess, flood, are deaf or come in crowds: each is
// counted in the gate's figures, and the neighbour trades on.
#include <gtest/gtest.h>

#include "tests/support/json_gate.h"
#include "tests/support/json_world.h"

namespace portcullis::test::json_safety_test {
namespace {

constexpr auto kSet = Change::Kind::Set;

class JsonSafety : public JsonGate {
 protected:
  JsonSafety()
      : JsonGate({{kSet, "process.json", "edge.requests_per_second_max", "100000"},
                  {kSet, "process.json", "edge.send_buffer_bytes", "65536"}}) {}

  // JSON1 creates an order and cancels it.
  void trade() {
    const std::string link = "trade" + std::to_string(++trades_);
    EXPECT_EQ(value_at(ask(create(link)), "retCode"), "0");
    EXPECT_EQ(value_at(ask(cancel(link)), "retCode"), "0");
  }
  // retCode of a login from an address; `close` is the code with which the connection ended then.
  std::string log_in(const char* from, std::string_view secret, int* close = nullptr) const {
    RawPeer peer(port_.number(), RawPeer::Tls::No, 0, from);
    EXPECT_TRUE(peer.open());
    EXPECT_TRUE(peer.send_text(auth("JSON2", secret)));
    const std::string code = value_at(peer.read_text(), "retCode");
    if (close != nullptr) *close = peer.read_close();
    return code;
  }
  std::int64_t sockets(const std::string& name) const {
    return deployment_.gate_stat("edge.sockets." + name);
  }
  std::int64_t door(const std::string& name) const {
    return deployment_.gate_stat("edge.door." + name);
  }

  int trades_ = 0;
};

TEST_F(JsonSafety, WhatComesIsInTheFigures) {
  start();
  EXPECT_EQ(value_at(ask(create("one")), "retCode"), "0");
  EXPECT_EQ(value_at(ask(create("one")), "retCode"), "110072");
  EXPECT_EQ(value_at(ask("no JSON"), "retCode"), "10001");
  EXPECT_EQ(log_in("127.0.0.1", "guess"), "10004");
  EXPECT_EQ(value_at(get("/v5/order/realtime", "category=linear"), "retCode"), "0");
  EXPECT_EQ(value_at(get("/v5/order/realtime", "category=linear", "guess"), "retCode"), "10004");
  {
    RawPeer flood(port_.number());
    ASSERT_TRUE(flood.open());
    for (int n = 0; n < 100; ++n) flood.send_frame({.opcode = 9, .payload = "p"});
    EXPECT_EQ(flood.read_close(), 1008);
    RawPeer unmasked(port_.number());
    ASSERT_TRUE(unmasked.open());
    unmasked.send_frame({.masked = false, .payload = "x"});
    EXPECT_EQ(unmasked.read_close(), 1002);
    RawPeer garbage(port_.number());
    garbage.send("garbage\r\n\r\n");
    EXPECT_TRUE(garbage.read_response().starts_with("HTTP/1.1 400 "));
  }
  EXPECT_EQ(value_at(ask(cancel("one")), "retCode"), "0");
  stop();
  EXPECT_EQ(sockets("connections"), 7);
  EXPECT_EQ(sockets("connections_refused"), 0);
  EXPECT_EQ(sockets("websockets"), 4);
  EXPECT_EQ(sockets("requests"), 6) << "upgrades and queries";
  EXPECT_EQ(sockets("bad_requests"), 1);
  EXPECT_EQ(sockets("messages"), 6) << "of JSON1, and the failed login";
  EXPECT_EQ(sockets("protocol_errors"), 1);
  EXPECT_EQ(sockets("control_floods"), 1);
  EXPECT_EQ(sockets("slow_consumers"), 0);
  EXPECT_EQ(door("logins"), 1);
  EXPECT_EQ(door("logins_refused"), 1);
  EXPECT_EQ(door("wrong_signatures"), 2);
  EXPECT_EQ(door("lockouts"), 0);
  EXPECT_EQ(door("requests"), 6);
  EXPECT_EQ(door("malformed"), 1);
  EXPECT_EQ(door("commands"), 3);
  EXPECT_EQ(door("duplicates"), 1);
  EXPECT_EQ(door("queue_full"), 0);
  EXPECT_EQ(door("replies"), 3);
  EXPECT_EQ(door("queries"), 2);
  expect_replay_agrees(deployment_);
}

TEST_F(JsonSafety, AnAddressThatGuessesIsLockedOutAndNoOther) {
  deployment_.change({kSet, "process.json", "gateway.login_attempts_max", "3"});
  deployment_.change({kSet, "process.json", "gateway.login_window_ms", "600000"});
  deployment_.change({kSet, "process.json", "gateway.lockout_ms", "600000"});
  start();
  const char* const bad = "127.0.0.2";
  const std::string query = "category=linear";
  EXPECT_EQ(log_in(bad, kSecret), "0") << "whatever is right before";
  EXPECT_EQ(log_in(bad, "guess"), "10004");
  EXPECT_EQ(value_at(get("/v5/order/realtime", query, "guess", bad), "retCode"), "10004");
  EXPECT_EQ(log_in(bad, "guess"), "10004");
  int close = 0;
  EXPECT_EQ(log_in(bad, kSecret, &close), "10018");
  EXPECT_EQ(close, 1008);
  EXPECT_EQ(value_at(get("/v5/order/realtime", query, kSecret, bad), "retCode"), "10018");
  // The same key from elsewhere, and who is logged in.
  EXPECT_EQ(log_in("127.0.0.3", kSecret), "0");
  EXPECT_EQ(log_in("127.0.0.1", kSecret), "0");
  EXPECT_EQ(value_at(get("/v5/order/realtime", query), "retCode"), "0");
  trade();
  stop();
  EXPECT_EQ(door("wrong_signatures"), 3);
  EXPECT_EQ(door("lockouts"), 1);
  EXPECT_EQ(door("locked_out"), 2);
}

TEST_F(JsonSafety, ConnectionsOfAnAddressAreBounded) {
  deployment_.change({kSet, "process.json", "gateway.connections_per_address_max", "3"});
  start();
  {
    RawPeer second(port_.number());
    ASSERT_TRUE(second.open());
    RawPeer third(port_.number());
    ASSERT_TRUE(third.open());
    RawPeer fourth(port_.number());
    EXPECT_FALSE(fourth.open());
    RawPeer elsewhere(port_.number(), RawPeer::Tls::No, 0, "127.0.0.2");
    EXPECT_TRUE(elsewhere.open());
    trade();
  }
  stop();
  EXPECT_EQ(sockets("refused_by_address"), 1);
  EXPECT_EQ(sockets("connections_refused"), 0);
}

TEST_F(JsonSafety, ADeafDropCopyIsClosedAndHoldsUpNobody) {
  start();
  RawPeer deaf(port_.number(), RawPeer::Tls::No, 4'096);
  ASSERT_TRUE(deaf.open("/v5/private"));
  deaf.send_text(auth("DROP1"));
  ASSERT_EQ(value_at(deaf.read_text(), "retCode"), "0");
  deaf.send_text(R"({"op":"subscribe","args":["order"]})");
  ASSERT_NE(deaf.read_text(), "");
  for (int n = 0; n < 1'000; ++n) trade();
  // On a slow machine it is deaf for so long that the gate no longer waits for it to read the close.
  const int close = deaf.read_close();
  EXPECT_TRUE(close == 1008 || close == 0) << close;
  stop();
  EXPECT_EQ(sockets("slow_consumers"), 1);
  EXPECT_GT(door("pushes"), 1'000);
}

}  // namespace
}  // namespace portcullis::test::json_safety_test
