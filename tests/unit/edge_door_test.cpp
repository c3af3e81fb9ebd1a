// The JSON door with a gate behind it, in one thread: logins, replies, limits, streams, queries.
#include <gtest/gtest.h>

#include "tests/support/json_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::edge_door_test {
namespace {

using gateway::edge::Channel;
using gateway::edge::DoorLimits;
using gateway::edge::EdgeCommand;
using gateway::edge::HttpReply;
using Type = EdgeCommand::Type;

class EdgeDoor : public testing::Test {
 protected:
  // retCode of the reply to an order request.
  static std::string code(const std::string& reply) { return value_at(reply, "retCode"); }
  // Those of the messages that are of a topic.
  static std::vector<std::string> of_topic(const std::vector<std::string>& messages,
                                           std::string_view topic) {
    std::vector<std::string> found;
    for (const std::string& message : messages) {
      if (value_at(message, "topic") == topic) found.push_back(message);
    }
    return found;
  }
  static std::string subscribe(const std::string& topics) {
    return R"({"op":"subscribe","req_id":"s","args":[)" + topics + "]}";
  }
  static std::string by_id(const std::string& id, const std::string& more = "") {
    return R"({"category":"linear","symbol":"AMZN","orderId":")" + id + "\"" + more + "}";
  }
  static std::string by_link(const std::string& link, const std::string& more = "") {
    return R"({"category":"linear","symbol":"AMZN","orderLinkId":")" + link + "\"" + more + "}";
  }
};

// --- logins

TEST_F(EdgeDoor, LetsInWhoSignsAndNobodyElse) {
  JsonWorld w;
  const auto id = w.connect();
  const std::string good = auth_request("JSON1", w.now_ms());
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "220")))), "10005")
      << "not logged in";
  EXPECT_EQ(code(w.ask(id, subscribe("\"order\""))), "10005");
  std::string wrong = good;
  wrong.replace(wrong.find("key-JSON1"), 9, "key-OTHER");
  EXPECT_EQ(code(w.ask(id, wrong)), "10003");
  EXPECT_EQ(code(w.ask(id, auth_request("JSON1", w.now_ms() - 6'000))), "10002") << "expired";
  EXPECT_TRUE(w.taken.empty());
  const std::string reply = w.ask(id, good);
  EXPECT_EQ(code(reply), "0");
  EXPECT_EQ(value_at(reply, "success"), "true");
  EXPECT_EQ(value_at(reply, "req_id"), "login");
  ASSERT_EQ(w.taken.size(), 1u);
  EXPECT_EQ(w.taken[0].type, Type::SessionUp);
  EXPECT_EQ(w.taken[0].session, w.world.session("JSON1"));
  EXPECT_EQ(code(w.ask(id, good)), "0") << "again";
  EXPECT_EQ(code(w.ask(id, auth_request("JSON2", w.now_ms()))), "10005") << "as somebody else";
  EXPECT_EQ(w.close_code(id), 1008) << "the third failure";
}

TEST_F(EdgeDoor, ASignatureOfAnotherSecretIsRefused) {
  JsonWorld w;
  const auto id = w.connect();
  std::string text = auth_request("JSON1", w.now_ms());
  text.replace(text.find("key-JSON1"), 9, "key-JSON2");
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ(w.close_code(id), 0);
    EXPECT_EQ(code(w.ask(id, text)), "10004");
  }
  EXPECT_EQ(w.close_code(id), 1008);
  EXPECT_EQ(w.door->counters().logins_refused, 3u);
  EXPECT_TRUE(w.taken.empty());
  // What it still says is not heard.
  w.say(id, auth_request("JSON1", w.now_ms()));
  EXPECT_TRUE(w.heard(id).empty());
}

TEST_F(EdgeDoor, WhoDoesNotLogInIsClosed) {
  JsonWorld w({.login_ns = 1'000'000'000});
  const auto id = w.connect();
  const auto other = w.log_in("JSON1");
  w.world.now_ns += 999'000'000;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(w.close_code(id), 0);
  w.world.now_ns += 100'000'000;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(w.close_code(id), 1008);
  EXPECT_EQ(w.close_code(other), 0);
}

TEST_F(EdgeDoor, ASessionIsUpFromItsFirstConnectionToItsLast) {
  JsonWorld w({.connections_per_session_max = 2});
  const auto first = w.log_in("JSON1");
  const auto second = w.log_in("JSON1");
  ASSERT_EQ(w.taken.size(), 1u);
  const auto third = w.connect();
  EXPECT_EQ(code(w.ask(third, auth_request("JSON1", w.now_ms()))), "10006");
  EXPECT_EQ(w.close_code(third), 1008);
  w.disconnect(third);
  w.disconnect(first);
  w.settle();
  EXPECT_EQ(w.taken.size(), 1u);
  w.disconnect(second);
  w.settle();
  ASSERT_EQ(w.taken.size(), 2u);
  EXPECT_EQ(w.taken[1].type, Type::SessionDown);
  // A drop copy trades nothing, and so has nothing to be cancelled.
  w.disconnect(w.log_in("DROP1"));
  w.settle();
  EXPECT_EQ(w.taken.size(), 2u);
}

// --- orders

TEST_F(EdgeDoor, OrdersAreCreatedAmendedAndCancelled) {
  JsonWorld w;
  (void)w.world.at_venue();
  const auto id = w.log_in("JSON1");
  w.say(id, w.order("create", w.amzn("Buy", 100, "219.5", "mine")));
  EXPECT_TRUE(w.heard(id).empty()) << "nothing is said before the record";
  w.take_queue();
  EXPECT_TRUE(w.heard(id).empty());
  w.feed_records();
  const std::vector<std::string> replies = w.heard(id);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(replies[0]), "0");
  EXPECT_EQ(value_at(replies[0], "op"), "order.create");
  EXPECT_EQ(value_at(replies[0], "reqId"), "1");
  EXPECT_EQ(value_at(replies[0], "data.orderLinkId"), "mine");
  const std::string order = value_at(replies[0], "data.orderId");
  EXPECT_NE(order, "");
  w.settle();
  EXPECT_EQ(w.world.at_venue().size(), 1u);

  const risk::Order* live = w.world.order(w.world.session("JSON1"), 1);
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->total.raw, 100);
  // The price alone, then the quantity alone: the other stays.
  EXPECT_EQ(code(w.ask(id, w.order("amend", by_id(order, R"(,"price":"219")"), "2"))), "0");
  EXPECT_EQ(w.taken.back().replace.price.raw, 21'900);
  EXPECT_EQ(w.taken.back().replace.total.raw, 100);
  EXPECT_EQ(code(w.ask(id, w.order("amend", by_link("mine", R"(,"qty":"40")"), "3"))), "0");
  EXPECT_EQ(w.taken.back().replace.price.raw, 21'900) << "the newest terms, answered or not";
  EXPECT_EQ(w.taken.back().replace.total.raw, 40);
  EXPECT_EQ(w.taken.back().replace.original_ref, 2u);
  const std::string cancelled = w.ask(id, w.order("cancel", by_link("mine"), "4"));
  EXPECT_EQ(code(cancelled), "0");
  EXPECT_EQ(value_at(cancelled, "data.orderId"), order);
  EXPECT_EQ(w.taken.back().cancel.client_ref, 3u);
  EXPECT_EQ(w.door->outstanding(w.world.session("JSON1")), 0u);
  EXPECT_EQ(w.world.check(), "");
}

TEST_F(EdgeDoor, ARefusalSaysWhyWithItsArithmetic) {
  JsonWorld w;
  (void)w.world.at_venue();
  const auto id = w.log_in("JSON1");
  const std::string far = w.ask(id, w.order("create", w.amzn("Buy", 1, "999.99"), "7"));
  EXPECT_EQ(code(far), "110003");
  EXPECT_EQ(value_at(far, "reqId"), "7");
  EXPECT_EQ(value_at(far, "data"), "{}");
  EXPECT_EQ(value_at(far, "retExtInfo.reason"), "price_collar");
  EXPECT_NE(value_at(far, "retExtInfo.limit"), "");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219.999")))), "110003") << "tick";
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 0, "219")))), "110017");
  const std::string unknown = R"({"category":"linear","symbol":"NONE","side":"Buy",)"
                              R"("orderType":"Limit","qty":"1","price":"1"})";
  EXPECT_EQ(code(w.ask(id, w.order("create", unknown))), "10001");
  // The decoder's refusals are numbered nowhere.
  const std::size_t before = w.taken.size();
  EXPECT_EQ(code(w.ask(id, w.order("create", R"({"category":"linear","symbol":"AMZN"})"))),
            "10001");
  EXPECT_EQ(w.taken.size(), before);
  EXPECT_TRUE(w.world.at_venue().empty());
}

TEST_F(EdgeDoor, UnknownOrdersAndThoseOfOthersAreNotFound) {
  JsonWorld w;
  const auto one = w.log_in("JSON1");
  const auto two = w.log_in("JSON2");
  const std::string order =
      value_at(w.ask(one, w.order("create", w.amzn("Buy", 1, "219", "link"))), "data.orderId");
  const std::size_t before = w.taken.size();
  for (const std::string op : {"amend", "cancel"}) {
    const std::string more = op == "amend" ? R"(,"qty":"2")" : "";
    EXPECT_EQ(code(w.ask(one, w.order(op, by_id("nothing", more)))), "110001");
    EXPECT_EQ(code(w.ask(one, w.order(op, by_link("nothing", more)))), "110001");
    EXPECT_EQ(code(w.ask(two, w.order(op, by_id(order, more)))), "110001");
    EXPECT_EQ(code(w.ask(two, w.order(op, by_link("link", more)))), "110001");
    const std::string symbol =
        R"({"category":"linear","symbol":"BTCUSDT","orderId":")" + order + "\"" + more + "}";
    EXPECT_EQ(code(w.ask(one, w.order(op, symbol))), "110001") << "another instrument's";
  }
  EXPECT_EQ(w.taken.size(), before);
  EXPECT_EQ(code(w.ask(one, w.order("cancel", by_id(order)))), "0");
}

// It is listed, for it is the account's, and is left to who has entered it.
TEST_F(EdgeDoor, AnOrderOfAnotherSessionOfTheAccountIsNotTouched) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  w.world.enter(w.world.session("ALPHA1"), {.number = 1, .quantity = 10, .firm = "ALP1"});
  w.settle();
  const std::string order = value_at(w.get("JSON1", "/v5/order/realtime", "category=linear").body,
                                     "result.list[0].orderId");
  ASSERT_NE(order, "");
  const std::size_t before = w.taken.size();
  EXPECT_EQ(code(w.ask(id, w.order("cancel", by_id(order)))), "110001");
  EXPECT_EQ(code(w.ask(id, w.order("amend", by_id(order, R"(,"qty":"2")")))), "110001");
  EXPECT_EQ(w.taken.size(), before);
}

TEST_F(EdgeDoor, ALinkThatIsTakenIsRefusedByTheEngine) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219", "link")))), "0");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219", "link")))), "110072");
  EXPECT_NE(w.taken.back().enter.flags & risk::kDuplicate, 0) << "it is journaled";
  // Two at once, before either is in the journal.
  (void)w.heard(id);
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "twin"), "a"));
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "twin"), "b"));
  w.settle();
  const std::vector<std::string> replies = w.heard(id);
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(code(replies[0]), "0");
  EXPECT_EQ(code(replies[1]), "110072");
  EXPECT_EQ(value_at(replies[1], "reqId"), "b");
  // Another account may use it.
  EXPECT_EQ(code(w.ask(w.log_in("JSON2"), w.order("create", w.amzn("Buy", 1, "219", "link")))),
            "0");
}

TEST_F(EdgeDoor, ABatchIsAnsweredOnceAllAreKnown) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  const auto without_category = [](std::string text) {
    const std::string category = R"("category":"linear",)";
    return text.erase(text.find(category), category.size());
  };
  const std::string batch =
      w.order("create-batch", R"({"category":"linear","request":[)" +
                                  without_category(w.amzn("Buy", 1, "219", "a")) + "," +
                                  without_category(w.amzn("Buy", 1, "999", "b")) + "," +
                                  without_category(w.amzn("Sell", 2, "221", "c")) + "]}");
  const std::string reply = w.ask(id, batch);
  EXPECT_EQ(code(reply), "0") << reply;
  EXPECT_EQ(value_at(reply, "retExtInfo.list[0].code"), "0");
  EXPECT_EQ(value_at(reply, "retExtInfo.list[1].code"), "110003");
  EXPECT_EQ(value_at(reply, "retExtInfo.list[2].code"), "0");
  EXPECT_EQ(value_at(reply, "data.list[2].orderLinkId"), "c");
  EXPECT_EQ(value_at(reply, "data.list[1].orderId"), "");
  EXPECT_TRUE(w.heard(id).empty());
  const std::string cancels = w.order(
      "cancel-batch", R"({"category":"linear","request":[{"symbol":"AMZN","orderLinkId":"a"},)"
                      R"({"symbol":"AMZN","orderLinkId":"b"},)"
                      R"({"symbol":"AMZN","orderLinkId":"c"}]})");
  const std::string cancelled = w.ask(id, cancels);
  EXPECT_EQ(value_at(cancelled, "retExtInfo.list[0].code"), "0") << cancelled;
  EXPECT_EQ(value_at(cancelled, "retExtInfo.list[1].code"), "110001");
  EXPECT_EQ(value_at(cancelled, "retExtInfo.list[2].code"), "0");
}

TEST_F(EdgeDoor, RequestsOutsideTheirWindowAreRefused) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  const std::string old = w.order("create", w.amzn("Buy", 1, "219"), "old");
  w.world.pass_time(5'001'000'000);
  const std::string reply = w.ask(id, old);
  EXPECT_EQ(code(reply), "10002");
  EXPECT_EQ(value_at(reply, "reqId"), "old");
  const std::string none =
      R"({"op":"order.create","reqId":"n","args":[)" + w.amzn("Buy", 1, "219") + "]}";
  EXPECT_EQ(code(w.ask(id, none)), "10001");
}

TEST_F(EdgeDoor, AFullQueueIsSaidAndNumbersNothing) {
  JsonWorld w({}, {}, 2);
  const auto id = w.log_in("JSON1");
  (void)w.heard(id);
  for (const char* req : {"a", "b", "c"})
    w.say(id, w.order("create", w.amzn("Buy", 1, "219"), req));
  const std::vector<std::string> at_once = w.heard(id);
  ASSERT_EQ(at_once.size(), 1u);
  EXPECT_EQ(code(at_once[0]), "10016");
  EXPECT_EQ(value_at(at_once[0], "reqId"), "c");
  w.settle();
  EXPECT_EQ(w.heard(id).size(), 2u);
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219"), "d"))), "0");
  EXPECT_EQ(w.taken.back().enter.client_ref, 3u) << "dense";
  EXPECT_EQ(w.door->counters().queue_full, 1u);
}

TEST_F(EdgeDoor, SoManyMayBeWithoutAnAnswer) {
  JsonWorld w({.outstanding_max = 2});
  const auto id = w.log_in("JSON1");
  (void)w.heard(id);
  for (int n = 0; n < 3; ++n) w.say(id, w.order("create", w.amzn("Buy", 1, "219")));
  const std::vector<std::string> at_once = w.heard(id);
  ASSERT_EQ(at_once.size(), 1u);
  EXPECT_EQ(code(at_once[0]), "10006");
}

// Clients of the trade connection know their requests by reqId, those of the private one by req_id.
TEST_F(EdgeDoor, AnOpThatIsNotKnownIsAnsweredUnderBothNamesOfItsId) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  const std::string reply = w.ask(id, R"({"op":"order.modify","reqId":"m7","args":[{}]})");
  EXPECT_EQ(code(reply), "10404");
  EXPECT_EQ(value_at(reply, "reqId"), "m7");
  EXPECT_EQ(value_at(reply, "req_id"), "m7");
  EXPECT_EQ(value_at(reply, "success"), "false");
}

TEST_F(EdgeDoor, NumbersGoOnBehindWhatTheEngineHasSeen) {
  JsonWorld w;
  w.door->set_watermark(w.world.session("JSON1"), 41);
  const auto id = w.log_in("JSON1");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219")))), "0");
  EXPECT_EQ(w.taken.back().enter.client_ref, 42u);
}

// The gate leaves a number that is not above the session's without a record. The next answer shows it.
TEST_F(EdgeDoor, ANumberThatTheGateIgnoresIsAnsweredByTheNext) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219")))), "0");
  w.say(id, w.order("create", w.amzn("Buy", 1, "219"), "lost"));
  std::array<EdgeCommand, 1> lost;
  ASSERT_EQ(w.queue.drain(lost), 1u);
  (void)w.heard(id);
  w.say(id, w.order("create", w.amzn("Buy", 1, "219"), "next"));
  w.settle();
  const std::vector<std::string> replies = w.heard(id);
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(value_at(replies[0], "reqId"), "lost");
  EXPECT_EQ(code(replies[0]), "10016");
  EXPECT_EQ(code(replies[1]), "0");
  EXPECT_FALSE(w.door->is_waiting());
}

// Its name was taken for ever, and the number of a lost amend was what a cancel named.
TEST_F(EdgeDoor, WhatTheGateIgnoresLeavesNothingBehind) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 10, "219", "mine")))), "0");
  std::array<EdgeCommand, 2> lost;
  w.say(id, w.order("amend", by_link("mine", R"(,"qty":"40")"), "lost"));
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "name"), "lost"));
  ASSERT_EQ(w.queue.drain(lost), 2u);
  EXPECT_TRUE(w.store.has_link(w.world.account("alpha-1"), "name")) << "not known yet";
  // The next record says so.
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "next")));
  w.settle();
  EXPECT_FALSE(w.store.has_link(w.world.account("alpha-1"), "name"));
  EXPECT_TRUE(w.store.has_link(w.world.account("alpha-1"), "next"));
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219", "name")))), "0");
  EXPECT_EQ(code(w.ask(id, w.order("amend", by_link("mine", R"(,"price":"218")")))), "0");
  EXPECT_EQ(w.taken.back().replace.original_ref, 1u);
  EXPECT_EQ(w.taken.back().replace.total.raw, 10) << "not the lost terms";
  EXPECT_EQ(code(w.ask(id, w.order("cancel", by_link("mine")))), "0");
  // A refused amend, and an ignored one that has a record.
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 10, "219", "two")))), "0");
  EXPECT_EQ(code(w.ask(id, w.order("amend", by_link("two", R"(,"price":"999")")))), "110003");
  EXPECT_EQ(code(w.ask(id, w.order("cancel", by_link("two")))), "0");
  EXPECT_EQ(w.world.check(), "");
}

TEST_F(EdgeDoor, WhoIsGoneIsNotAnswered) {
  JsonWorld w;
  const auto id = w.log_in("JSON1");
  w.say(id, w.order("create", w.amzn("Buy", 1, "219")));
  w.disconnect(id);
  (void)w.heard(id);
  w.settle();
  EXPECT_TRUE(w.heard(id).empty());
  EXPECT_EQ(w.door->counters().unanswerable, 1u);
  EXPECT_EQ(w.door->outstanding(w.world.session("JSON1")), 0u);
}

// --- limits

// The connection that had asked was closed, and the session went on by the others.
TEST_F(EdgeDoor, WhoIsOverItsExitBudgetLosesAllItsConnections) {
  JsonWorld w({}, {{Change::Kind::Set, "sessions.json", "sessions.JSON1.rate",
                    R"({"per_second": 1, "burst": 1, "exit_per_second": 1, "exit_burst": 2})"}});
  const auto asks = w.log_in("JSON1");
  const auto listens = w.log_in("JSON1");
  const auto other = w.log_in("JSON2");
  const std::string cancel = R"({"symbol":"AMZN","category":"linear","orderLinkId":"mine"})";
  EXPECT_EQ(code(w.ask(asks, w.order("create", w.amzn("Buy", 1, "219", "mine")))), "0");
  for (int n = 0; n < 3; ++n) w.say(asks, w.order("cancel", cancel));
  w.settle();
  EXPECT_EQ(w.close_code(asks), 1008);
  EXPECT_EQ(w.close_code(listens), 1008);
  EXPECT_EQ(w.close_code(other), 0);
}

TEST_F(EdgeDoor, RequestsHaveARate) {
  JsonWorld w({.requests_per_second_max = 3});
  const auto id = w.log_in("JSON1");
  for (int n = 0; n < 2; ++n) EXPECT_EQ(code(w.ask(id, R"({"op":"ping"})")), "0");
  const std::string over = w.ask(id, w.order("create", w.amzn("Buy", 1, "219"), "over"));
  EXPECT_EQ(code(over), "10006");
  EXPECT_EQ(value_at(over, "reqId"), "over");
  const auto other = w.log_in("JSON2");
  EXPECT_EQ(code(w.ask(other, w.order("create", w.amzn("Buy", 1, "219")))), "0") << "not its fault";
  w.world.pass_time(1'000'000'000);
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219")))), "0");
  EXPECT_EQ(w.door->counters().over_rate, 1u);
}

TEST_F(EdgeDoor, WhatIsNoRequestIsSaidAndAtLastClosed) {
  JsonWorld w({.malformed_max = 4});
  const auto id = w.log_in("JSON1");
  for (const std::string text :
       {"no JSON", R"({"op":"order.kill","reqId":"k"})", R"({"op":"order.create","reqId":"x)"}) {
    const std::string reply = w.ask(id, text);
    EXPECT_NE(code(reply), "0") << reply;
    EXPECT_NE(reply, "{}");
  }
  EXPECT_EQ(value_at(w.ask(id, R"({"op":"pong"})"), "op"), "") << "an answer needs none";
  EXPECT_EQ(w.close_code(id), 0);
  (void)w.ask(id, "[]");
  EXPECT_EQ(w.close_code(id), 1008);
  EXPECT_EQ(w.door->counters().malformed, 4u);
}

TEST_F(EdgeDoor, PingIsAnswered) {
  JsonWorld w;
  const auto id = w.connect();
  const std::string pong = w.ask(id, R"({"op":"ping","req_id":"p"})");
  EXPECT_EQ(value_at(pong, "op"), "pong");
  EXPECT_EQ(value_at(pong, "req_id"), "p");
}

TEST_F(EdgeDoor, TheShardHearsOfWhoOnlyPings) {
  JsonWorld w({}, {{Change::Kind::Set, "sessions.json", "sessions.JSON1.dead_man_ms", "1000"}});
  const auto id = w.log_in("JSON1");
  const std::size_t before = w.taken.size();
  for (int n = 0; n < 10; ++n) (void)w.ask(id, R"({"op":"ping"})");
  ASSERT_EQ(w.taken.size(), before + 1) << "once in a while";
  EXPECT_EQ(w.taken.back().type, Type::Alive);
  w.world.now_ns += 20'000'000;
  (void)w.get("JSON1", "/v5/order/realtime", "category=linear");
  w.settle();
  EXPECT_EQ(w.taken.size(), before + 2);
}

// --- streams

TEST_F(EdgeDoor, WhatHappensToOrdersIsPushed) {
  JsonWorld w;
  w.world.use_engine();
  const auto trade = w.log_in("JSON1");
  const auto all = w.log_in("JSON1");
  const auto linear = w.log_in("JSON1");
  const auto other = w.log_in("JSON2");
  EXPECT_EQ(code(w.ask(all, subscribe(R"("order","execution","position","wallet")"))), "0");
  EXPECT_EQ(code(w.ask(linear, subscribe(R"("order.linear","execution.spot")"))), "0");
  EXPECT_EQ(code(w.ask(other, subscribe(R"("order","execution","position","wallet")"))), "0");
  for (const auto id : {trade, all, linear, other}) (void)w.heard(id);

  w.world.other_enters(
      {.number = 1, .side = 'S', .quantity = 30, .price = 2'195'000, .symbol = "AMZN"});
  const std::string reply = w.ask(trade, w.order("create", w.amzn("Buy", 100, "219.5", "mine")));
  ASSERT_EQ(code(reply), "0");
  const std::vector<std::string> messages = w.heard(all);
  const std::vector<std::string> orders = of_topic(messages, "order");
  ASSERT_GE(orders.size(), 2u);
  EXPECT_EQ(value_at(orders.back(), "data[0].orderStatus"), "PartiallyFilled");
  EXPECT_EQ(value_at(orders.back(), "data[0].leavesQty"), "70");
  EXPECT_EQ(value_at(orders.back(), "data[0].orderLinkId"), "mine");
  EXPECT_EQ(value_at(orders.back(), "data[0].account"), "");
  const std::vector<std::string> executions = of_topic(messages, "execution");
  ASSERT_EQ(executions.size(), 1u);
  EXPECT_EQ(value_at(executions[0], "data[0].execQty"), "30");
  const std::vector<std::string> positions = of_topic(messages, "position");
  ASSERT_EQ(positions.size(), 1u);
  EXPECT_EQ(value_at(positions[0], "data[0].symbol"), "AMZN");
  EXPECT_EQ(value_at(positions[0], "data[0].size"),
            std::to_string(w.world.position("alpha-1", "AMZN")));
  EXPECT_EQ(of_topic(messages, "wallet").size(), 1u);
  const std::vector<std::string> by_category = w.heard(linear);
  EXPECT_EQ(of_topic(by_category, "order.linear").size(), orders.size());
  EXPECT_EQ(by_category.size(), orders.size());
  EXPECT_TRUE(w.heard(other).empty()) << "another account";
  // No more once it is not wanted.
  EXPECT_EQ(
      code(w.ask(all, R"({"op":"unsubscribe","args":["order","execution","position","wallet"]})")),
      "0");
  (void)w.ask(trade, w.order("cancel", by_link("mine")));
  EXPECT_TRUE(w.heard(all).empty());
  EXPECT_FALSE(w.heard(linear).empty());
}

TEST_F(EdgeDoor, PositionsWaitUntilTheFollowerHasSeenTheExecution) {
  JsonWorld w;
  w.world.use_engine();
  const auto id = w.log_in("JSON1");
  (void)w.ask(id, subscribe(R"("position","wallet")"));
  w.look.lag = true;
  w.world.other_enters(
      {.number = 1, .side = 'S', .quantity = 30, .price = 2'195'000, .symbol = "AMZN"});
  (void)w.ask(id, w.order("create", w.amzn("Buy", 30, "219.5")));
  EXPECT_TRUE(w.heard(id).empty());
  EXPECT_TRUE(w.door->is_waiting());
  EXPECT_EQ(code(w.get("JSON1", "/v5/position/list", "category=linear").body), "10016");
  w.look.lag = false;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(w.heard(id).size(), 2u);
  EXPECT_FALSE(w.door->is_waiting());
}

TEST_F(EdgeDoor, ADropCopyHearsOfItsAccountsAndMayNothing) {
  JsonWorld w;
  w.world.use_engine();
  const auto drop = w.log_in("DROP1");
  const auto trade = w.log_in("JSON1");
  (void)w.ask(drop, subscribe(R"("order","execution","position","wallet")"));
  EXPECT_EQ(code(w.ask(drop, w.order("create", w.amzn("Buy", 1, "219")))), "10005");
  EXPECT_EQ(code(w.ask(drop, w.order("cancel", by_id("x")))), "10005");
  (void)w.heard(drop);
  EXPECT_EQ(code(w.ask(trade, w.order("create", w.amzn("Buy", 1, "219.5", "mine")))), "0");
  std::vector<std::string> orders = of_topic(w.heard(drop), "order");
  ASSERT_FALSE(orders.empty());
  EXPECT_EQ(value_at(orders.back(), "data[0].account"), "alpha-1");
  EXPECT_EQ(value_at(orders.back(), "data[0].orderLinkId"), "mine");
  // Refused orders, and those that OUCH sessions have entered for another account.
  EXPECT_EQ(code(w.ask(trade, w.order("create", w.amzn("Buy", 1, "999")))), "110003");
  orders = of_topic(w.heard(drop), "order");
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(value_at(orders[0], "data[0].orderStatus"), "Rejected");
  w.world.enter(w.world.session("ALPHA1"), {.number = 1, .quantity = 10, .firm = "ALP2"});
  w.settle();
  orders = of_topic(w.heard(drop), "order");
  ASSERT_FALSE(orders.empty());
  EXPECT_EQ(value_at(orders.back(), "data[0].account"), "alpha-2");
  // And in queries.
  const HttpReply reply = w.get("DROP1", "/v5/order/realtime", "category=linear");
  EXPECT_NE(reply.body.find(R"("account":"alpha-1")"), std::string::npos) << reply.body;
  EXPECT_NE(reply.body.find(R"("account":"alpha-2")"), std::string::npos);
}

// An order at the venue whose client nobody knows was counted for its account, and no drop copy of the
// account heard of it.
TEST_F(EdgeDoor, ADropCopyHearsOfOrdersThatAreNobodys) {
  JsonWorld w;
  const auto drop = w.log_in("DROP1");
  const auto trade = w.log_in("JSON1");
  for (const auto id : {drop, trade}) (void)w.ask(id, subscribe(R"("order","execution")"));
  (void)w.heard(drop);
  w.world.say(accepted(9, {.quantity = 60, .firm = "ALP1"}));
  w.world.say(executed(9, 20, kAmznPrice, 7));
  w.settle();
  for (const auto id : {drop, trade}) {
    const std::vector<std::string> heard = w.heard(id);
    const std::vector<std::string> orders = of_topic(heard, "order");
    ASSERT_EQ(orders.size(), 2u);
    EXPECT_EQ(value_at(orders[0], "data[0].orderStatus"), "New");
    EXPECT_EQ(value_at(orders[1], "data[0].orderStatus"), "PartiallyFilled");
    const std::vector<std::string> executions = of_topic(heard, "execution");
    ASSERT_EQ(executions.size(), 1u);
    EXPECT_EQ(value_at(executions[0], "data[0].execQty"), "20");
    // Of a session with one account it is known which.
    EXPECT_EQ(value_at(orders[0], "data[0].account"), id == drop ? "alpha-1" : "");
  }
  // It is not the session's: what cancels the session's orders leaves it.
  const risk::OrderIndex order{w.world.engine().find_number(9)->order};
  EXPECT_FALSE(w.world.engine().order(order).session.exists());
  w.world.sweep(gateway::gate::SweepScope::Session, w.world.session("DROP1").value);
  EXPECT_LT(w.world.engine().order(order).cancel_to.raw, 0);
  // Its replacement continues it, and its end is told.
  w.world.say(replaced(9, 12, {.quantity = 30, .firm = "ALP1"}));
  w.world.say(canceled(12, 30));
  w.settle();
  const std::vector<std::string> orders = of_topic(w.heard(drop), "order");
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(value_at(orders[1], "data[0].orderStatus"), "PartiallyFilledCanceled");
  // That of an account without one is told to nobody.
  w.world.say(accepted(20, {.quantity = 60, .firm = "BRV2"}));
  EXPECT_EQ(w.world.engine().find_number(20)->session, risk::SessionIndex{});
  EXPECT_EQ(w.world.check(), "");
}

// --- queries

TEST_F(EdgeDoor, QueriesAreSigned) {
  JsonWorld w;
  EXPECT_EQ(code(w.get("JSON1", "/v5/order/realtime", "category=linear").body), "0");
  EXPECT_TRUE(w.get("JSON1", "/v5/order/realtime", "category=linear").keep_alive);
  EXPECT_EQ(w.get("JSON1", "/v5/nothing", "").status, 404u);
  gateway::edge::HttpRequest request;
  request.path = "/v5/market/time";
  const HttpReply time = w.door->on_request(request, w.world.now_ns).value();
  EXPECT_EQ(code(time.body), "0") << "unsigned";
  EXPECT_FALSE(time.keep_alive) << "a place would be held for ever without a login";
  request.method = "POST";
  EXPECT_EQ(w.door->on_request(request, w.world.now_ns)->status, 405u);
  request = {.path = "/v5/order/realtime", .query = "category=linear"};
  EXPECT_EQ(code(w.door->on_request(request, w.world.now_ns)->body), "10003");
  request.api_key = "key-JSON1";
  const HttpReply unsigned_reply = w.door->on_request(request, w.world.now_ns).value();
  EXPECT_EQ(code(unsigned_reply.body), "10004");
  EXPECT_FALSE(unsigned_reply.keep_alive);
  const std::string old = std::to_string(w.now_ms() - 5'001);
  const std::string sign =
      signed_text(api_secret("JSON1"), old + "key-JSON1" + "5000" + "category=linear");
  request.timestamp = old;
  request.recv_window = "5000";
  request.sign = sign;
  EXPECT_EQ(code(w.door->on_request(request, w.world.now_ns)->body), "10002");
  for (const char* wrong :
       {"", "category=other", "category=linear&symbol=NONE", "category=linear&limit=0",
        "category=linear&limit=51", "category=linear&limit=x", "category=linear&cursor=x",
        "category=linear&category=linear", "category=%zz", "category=linear&openOnly=7",
        "category=linear&startTime=x", "category=linear&baseCoin=BTC"}) {
    EXPECT_EQ(code(w.get("JSON1", "/v5/order/realtime", wrong).body), "10001") << wrong;
  }
  EXPECT_EQ(code(w.get("JSON1", "/v5/account/wallet-balance", "").body), "10001");
}

TEST_F(EdgeDoor, QueriesPageThroughOrdersAndExecutions) {
  JsonWorld w;
  w.world.use_engine();
  const auto id = w.log_in("JSON1");
  std::vector<std::string> links;
  for (int n = 0; n < 7; ++n) {
    links.push_back("o" + std::to_string(n));
    ASSERT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1 + n, "219", links.back())))), "0");
  }
  const auto pages = [&](const std::string& path, const std::string& query, const char* field) {
    std::vector<std::string> found;
    std::string cursor;
    for (int page = 0; page < 20; ++page) {
      const std::string body =
          w.get("JSON1", path, query + (cursor.empty() ? "" : "&cursor=" + cursor)).body;
      EXPECT_EQ(code(body), "0") << body;
      for (int n = 0; n < 3; ++n) {
        const std::string value = value_at(body, "result.list[" + std::to_string(n) + "]." + field);
        if (!value.empty()) found.push_back(value);
      }
      cursor = value_at(body, "result.nextPageCursor");
      if (cursor.empty()) break;
    }
    return found;
  };
  std::vector<std::string> newest_first(links.rbegin(), links.rend());
  EXPECT_EQ(pages("/v5/order/realtime", "category=linear&limit=3", "orderLinkId"), newest_first);
  EXPECT_EQ(pages("/v5/order/realtime", "category=spot&limit=3", "orderLinkId"),
            std::vector<std::string>());
  EXPECT_EQ(pages("/v5/order/realtime", "category=linear&settleCoin=USDC&limit=3", "orderLinkId"),
            newest_first);
  EXPECT_EQ(pages("/v5/order/realtime", "category=linear&orderLinkId=o4&limit=3", "qty"),
            std::vector<std::string>{"5"});
  // All of them are executed, one of the first is cancelled.
  ASSERT_EQ(code(w.ask(id, w.order("cancel", by_link("o1")))), "0");
  w.world.other_enters(
      {.number = 1, .side = 'S', .quantity = 26, .price = 2'190'000, .symbol = "AMZN"});
  w.world.deliver();
  w.settle();
  EXPECT_EQ(pages("/v5/order/realtime", "category=linear&limit=3", "orderLinkId"),
            std::vector<std::string>());
  EXPECT_EQ(pages("/v5/order/history", "category=linear&limit=3", "orderLinkId").size(), 7u);
  EXPECT_EQ(pages("/v5/order/realtime", "category=linear&openOnly=1&limit=2", "orderLinkId").size(),
            7u);
  EXPECT_EQ(pages("/v5/execution/list", "category=linear&limit=3", "orderLinkId"),
            (std::vector<std::string>{"o6", "o5", "o4", "o3", "o2", "o0"}));
  const std::string position =
      w.get("JSON1", "/v5/position/list", "category=linear&symbol=AMZN").body;
  EXPECT_EQ(value_at(position, "result.list[0].size"),
            std::to_string(w.world.position("alpha-1", "AMZN")));
  const std::string wallet =
      w.get("JSON1", "/v5/account/wallet-balance", "accountType=UNIFIED&coin=USDC").body;
  EXPECT_EQ(value_at(wallet, "result.list[0].coin[0].coin"), "USDC") << wallet;
  EXPECT_EQ(value_at(wallet, "result.list[0].accountType"), "UNIFIED");
}

}  // namespace
}  // namespace portcullis::test::edge_door_test
