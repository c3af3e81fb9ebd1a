// Requests and queries as a hostile client, or a careless one, would make them: each is answered,
// names what is wrong, and has no effect where it is refused.
#include <gtest/gtest.h>

#include "tests/support/json_world.h"

namespace portcullis::test::edge_requests_test {
namespace {

using gateway::edge::HttpReply;

std::string code(const std::string& reply) { return value_at(reply, "retCode"); }

class EdgeRequests : public testing::Test {
 protected:
  EdgeRequests() { id = w.log_in("JSON1"); }

  std::string ask(std::string_view op, const std::string& args) {
    return w.ask(id, w.order(op, args));
  }
  // A limit order in AMZN with these parameters beside or instead of its own.
  std::string create(const std::string& more, const std::string& without = "") {
    std::string text = w.amzn("Buy", 10, "219");
    if (!without.empty()) text.erase(text.find(without), without.size());
    return ask("create", text.substr(0, text.size() - 1) + more + "}");
  }
  static std::string amzn(const std::string& more) {
    return R"({"category":"linear","symbol":"AMZN",)" + more + "}";
  }
  // The request of a create with this header.
  std::string with_header(const std::string& header) {
    return w.ask(id, R"({"op":"order.create","reqId":"h","header":)" + header + R"(,"args":[)" +
                         w.amzn("Buy", 1, "219") + "]}");
  }
  std::string time_header(std::int64_t ms, const std::string& more = "") {
    return R"({"X-BAPI-TIMESTAMP":)" + std::to_string(ms) + more + "}";
  }
  std::string query(std::string_view text, std::string_view path = "/v5/order/realtime") {
    return w.get("JSON1", path, text).body;
  }
  std::size_t entries(const std::string& body) {
    std::size_t n = 0;
    while (!value_at(body, "result.list[" + std::to_string(n) + "].orderId").empty()) ++n;
    return n;
  }

  JsonWorld w;
  JsonWorld::Id id{};
};

// --- the receive window

TEST_F(EdgeRequests, ItsTimeIsWithinTheWindowOnBothSides) {
  const std::int64_t now = w.now_ms();
  EXPECT_EQ(code(with_header(time_header(now - 5'000))), "0");
  EXPECT_EQ(code(with_header(time_header(now - 5'001))), "10002");
  EXPECT_EQ(code(with_header(time_header(now + 999))), "0");
  EXPECT_EQ(code(with_header(time_header(now + 1'000))), "10002");
  const std::string window = R"(,"X-BAPI-RECV-WINDOW":)";
  EXPECT_EQ(code(with_header(time_header(now - 59'000, window + "60000"))), "0");
  EXPECT_EQ(code(with_header(time_header(now - 60'001, window + "\"99999999\""))), "10002")
      << "no window is larger than the gate's";
  EXPECT_EQ(code(with_header(time_header(now, window + "0"))), "0");
  EXPECT_EQ(code(with_header(time_header(now - 1, window + "0"))), "10002");
  EXPECT_EQ(code(with_header(time_header(now, window + "-1"))), "10002");
  EXPECT_EQ(code(with_header(time_header(INT64_MAX))), "10002");
  EXPECT_EQ(code(with_header(time_header(-now))), "10002");
  const std::size_t before = w.taken.size();
  for (const char* header :
       {R"({"X-BAPI-TIMESTAMP":""})", R"({"X-BAPI-TIMESTAMP":"soon"})",
        R"({"X-BAPI-TIMESTAMP":1e3})", R"({"X-BAPI-TIMESTAMP":99999999999999999999})",
        R"({"X-BAPI-TIMESTAMP":null})", R"({})", R"([])", R"(7)",
        R"({"X-BAPI-TIMESTAMP":"1","X-BAPI-TIMESTAMP":"1"})"}) {
    const std::string reply = with_header(header);
    EXPECT_TRUE(code(reply) == "10001" || code(reply) == "10002") << header << " -> " << reply;
    EXPECT_EQ(value_at(reply, "reqId"), "h") << header;
  }
  EXPECT_EQ(w.taken.size(), before);
}

// --- orders

TEST_F(EdgeRequests, NumbersMayBeTextOrNumbers) {
  const std::string no_price = R"(,"price":"219")";
  for (const char* price : {R"("219")", R"("219.00")", "219", "219.0", "2.19e2"})
    EXPECT_EQ(code(create(std::string(R"(,"price":)") + price, no_price)), "0") << price;
  const std::size_t before = w.taken.size();
  for (const char* price : {R"("2.19e2")", R"("+219")", R"(" 219")", R"("219 ")", R"("0219x")",
                            R"("21,9")", R"("")", "true", "{}", R"("-")", R"(".")"})
    EXPECT_EQ(code(create(std::string(R"(,"price":)") + price, no_price)), "10001") << price;
  EXPECT_EQ(w.taken.size(), before);
}

TEST_F(EdgeRequests, AMarketOrderIsForwardedAtTheCollar) {
  (void)w.world.at_venue();
  const std::string market = R"("side":"Buy","orderType":"Market","qty":"10")";
  EXPECT_EQ(code(ask("create", amzn(market))), "0");
  EXPECT_EQ(w.world.at_venue().size(), 1u);
  EXPECT_EQ(code(ask("create", amzn(market + R"(,"timeInForce":"IOC")"))), "0");
  EXPECT_EQ(code(ask("create", amzn(market + R"(,"price":"1")"))), "0") << "its price says nothing";
  for (const char* life : {"GTC", "PostOnly"}) {
    const std::string reply = ask("create", amzn(market + R"(,"timeInForce":")" + life + "\""));
    EXPECT_NE(code(reply), "0") << life;
    EXPECT_NE(value_at(reply, "retExtInfo.reason"), "") << reply;
  }
  EXPECT_EQ(code(ask("create", amzn(R"("side":"Buy","orderType":"Market")"))), "10001") << "no qty";
}

TEST_F(EdgeRequests, ReduceOnlyDoesNotOpen) {
  const std::string reply = create(R"(,"reduceOnly":true)");
  EXPECT_EQ(code(reply), "110017") << reply;
  EXPECT_EQ(code(create(R"(,"reduceOnly":false)")), "0");
  EXPECT_EQ(code(create(R"(,"reduceOnly":"true")")), "10001") << "text is not true";
  EXPECT_EQ(code(create(R"(,"reduceOnly":1)")), "10001");
}

TEST_F(EdgeRequests, ASymbolOfAnotherCategoryIsUnknown) {
  for (const char* category : {"spot", "inverse", "option"}) {
    std::string text = w.amzn("Buy", 1, "219");
    text.replace(text.find("linear"), 6, category);
    EXPECT_EQ(code(ask("create", text)), "10001") << category;
  }
  const std::string order =
      value_at(ask("create", w.amzn("Buy", 1, "219", "mine")), "data.orderId");
  std::string other = amzn(R"("orderId":")" + order + "\"");
  other.replace(other.find("linear"), 6, "option");
  EXPECT_EQ(code(ask("cancel", other)), "110001");
  EXPECT_EQ(code(ask("cancel", amzn(R"("orderId":")" + order + "\""))), "0");
}

TEST_F(EdgeRequests, AnAmendThatChangesNothingIsTaken) {
  (void)ask("create", w.amzn("Buy", 10, "219", "mine"));
  EXPECT_EQ(code(ask("amend", amzn(R"("orderLinkId":"mine","qty":"10","price":"219")"))), "0");
  EXPECT_EQ(code(ask("amend", amzn(R"("orderLinkId":"mine")"))), "10001") << "it says nothing";
  EXPECT_EQ(code(ask("amend", amzn(R"("orderLinkId":"mine","qty":"","price":null)"))), "10001");
  const std::string zero = ask("amend", amzn(R"("orderLinkId":"mine","qty":"0")"));
  EXPECT_NE(code(zero), "0");
  EXPECT_EQ(code(ask("amend", amzn(R"("orderLinkId":"mine","side":"Sell","qty":"5")"))), "10001");
  // The order is what it was.
  EXPECT_EQ(value_at(query("category=linear&orderLinkId=mine"), "result.list[0].qty"), "10");
  EXPECT_EQ(value_at(query("category=linear&orderLinkId=mine"), "result.list[0].side"), "Buy");
  EXPECT_EQ(w.world.check(), "");
}

TEST_F(EdgeRequests, AnOrderIsNamedByItsIdBeforeItsLink) {
  w.world.use_engine();
  const std::string one = value_at(ask("create", w.amzn("Buy", 1, "219", "one")), "data.orderId");
  (void)ask("create", w.amzn("Buy", 1, "219", "two"));
  const std::string reply =
      ask("cancel", amzn(R"("orderId":")" + one + R"(","orderLinkId":"two")"));
  EXPECT_EQ(code(reply), "0");
  EXPECT_EQ(value_at(reply, "data.orderLinkId"), "one");
  EXPECT_EQ(code(ask("cancel", amzn(R"("orderLinkId":"one")"))), "110001") << "it has ended";
  EXPECT_EQ(code(ask("cancel", amzn(R"("orderLinkId":"two")"))), "0");
  EXPECT_EQ(code(ask("cancel", amzn(R"("side":"Buy")"))), "10001");
}

// --- batches

TEST_F(EdgeRequests, EachOfABatchStandsForItself) {
  w.world.use_engine();
  const auto order = [](const std::string& link, const std::string& qty) {
    return R"({"symbol":"AMZN","side":"Buy","orderType":"Limit","price":"219","qty":")" + qty +
           R"(","orderLinkId":")" + link + "\"}";
  };
  const auto batch = [&](std::string_view op, const std::string& list) {
    return ask(op, R"({"category":"linear","request":[)" + list + "]}");
  };
  const auto each = [](const std::string& reply) {
    std::string codes;
    for (int n = 0;; ++n) {
      const std::string at = value_at(reply, "retExtInfo.list[" + std::to_string(n) + "].code");
      if (at.empty()) return codes;
      codes += (n == 0 ? "" : " ") + at;
    }
  };
  const std::string created =
      batch("create-batch", order("a", "1") + "," + order("a", "1") + "," + order("b", "x") + "," +
                                order("c", "1000000000000") + "," + order("d", "1"));
  EXPECT_EQ(code(created), "0");
  EXPECT_EQ(each(created), "0 110072 10001 110017 0") << created;
  EXPECT_EQ(value_at(created, "data.list[1].orderId"), "");
  const auto by_link = [](const std::string& link, const std::string& more = "") {
    return R"({"symbol":"AMZN","orderLinkId":")" + link + "\"" + more + "}";
  };
  const std::string amended =
      batch("amend-batch", by_link("a", R"(,"qty":"2")") + "," + by_link("a", R"(,"qty":"3")") +
                               "," + by_link("none", R"(,"qty":"3")") + "," + by_link("d"));
  EXPECT_EQ(each(amended), "0 0 110001 10001") << amended;
  EXPECT_EQ(value_at(query("category=linear&orderLinkId=a"), "result.list[0].qty"), "3");
  const std::string cancelled =
      batch("cancel-batch", by_link("a") + "," + by_link("a") + "," + by_link("d"));
  EXPECT_EQ(value_at(cancelled, "retExtInfo.list[0].code"), "0");
  EXPECT_EQ(value_at(cancelled, "retExtInfo.list[2].code"), "0");
  EXPECT_EQ(entries(query("category=linear")), 0u);
  // Of the whole: nothing of it is done.
  const std::size_t before = w.taken.size();
  EXPECT_EQ(code(batch("create-batch", order("e", "1") + ",7")), "10001");
  EXPECT_EQ(code(batch("create-batch", "")), "10001");
  std::string many = order("m", "1");
  for (int n = 0; n < 20; ++n) many += "," + order("m" + std::to_string(n), "1");
  EXPECT_EQ(code(batch("create-batch", many)), "10001");
  EXPECT_EQ(code(ask("create-batch", R"({"category":"none","request":[)" + order("e", "1") + "]}")),
            "10001");
  EXPECT_EQ(w.taken.size(), before);
}

// --- subscriptions

TEST_F(EdgeRequests, AnUnknownTopicSubscribesToNothing) {
  const auto subscribe = [&](const std::string& topics) {
    return w.ask(id, R"({"op":"subscribe","req_id":"s","args":[)" + topics + "]}");
  };
  const auto pushes = [&] {
    (void)ask("create", w.amzn("Buy", 1, "219"));
    std::size_t count = 0;
    w.settle();
    for (const std::string& message : w.heard(id)) {
      if (!value_at(message, "topic").empty()) ++count;
    }
    return count;
  };
  EXPECT_EQ(code(subscribe(R"("order","orders")")), "10001");
  EXPECT_EQ(code(subscribe(R"("order",7)")), "10001");
  EXPECT_EQ(code(subscribe(R"("wallet.linear")")), "10001");
  EXPECT_EQ(pushes(), 0u) << "all of it or none";
  EXPECT_EQ(code(subscribe(R"("order.option")")), "0");
  EXPECT_EQ(pushes(), 0u) << "another category";
  EXPECT_EQ(code(subscribe(R"("order","order","order.linear")")), "0");
  EXPECT_EQ(code(subscribe(R"("order")")), "0");
  const std::string created = ask("create", w.amzn("Buy", 1, "219", "once"));
  EXPECT_EQ(code(w.ask(id, R"({"op":"unsubscribe","args":["order","order.linear"]})")), "0");
  EXPECT_EQ(pushes(), 0u);
  EXPECT_EQ(code(w.ask(id, R"({"op":"unsubscribe","args":["order"]})")), "0") << "again";
}

TEST_F(EdgeRequests, ADoubledSubscriptionIsPushedOnce) {
  EXPECT_EQ(code(w.ask(id, R"({"op":"subscribe","args":["order","order","order.linear"]})")), "0");
  (void)w.heard(id);
  w.say(id, w.order("cancel", amzn(R"("orderLinkId":"none")")));
  w.say(id, w.order("create", w.amzn("Buy", 1, "219", "once")));
  w.take_queue();
  w.feed_records();
  std::size_t created = 0;
  for (const std::string& message : w.heard(id)) {
    if (value_at(message, "data[0].orderLinkId") == "once") ++created;
  }
  EXPECT_EQ(created, 1u);
}

// --- queries

TEST_F(EdgeRequests, QueriesAreReadStrictly) {
  for (int n = 0; n < 3; ++n) (void)ask("create", w.amzn("Buy", 1, "219", "q" + std::to_string(n)));
  EXPECT_EQ(entries(query("category=linear")), 3u);
  EXPECT_EQ(entries(query("category=linear&symbol=AMZ%4E")), 3u) << "percent-encoded";
  EXPECT_EQ(entries(query("c%61tegory=line%61r&orderLinkId=q1")), 1u);
  EXPECT_EQ(entries(query("category=linear&&symbol=&limit=2")), 2u) << "what is empty is not there";
  EXPECT_EQ(entries(query("category=linear&settleCoin=USDC")), 3u);
  EXPECT_EQ(entries(query("category=linear&settleCoin=BTC")), 0u);
  EXPECT_EQ(entries(query("category=linear&startTime=1&endTime=2")), 0u);
  for (const char* text : {"",
                           "category",
                           "category=",
                           "category=Linear",
                           "category=linear%00",
                           "category=linear&category=linear",
                           "category=linear&symbol=AMZN&symbol=BTCUSDT",
                           "category=linear&%73ymbol=AMZN&symbol=AMZN",
                           "category=linear&symbol=AMZ%4",
                           "category=linear&symbol=AMZ%",
                           "category=linear&symbol=AMZ%zz",
                           "category=linear&symbol=%",
                           "category=linear&symbol=NONE",
                           "category=option&symbol=AMZN",
                           "category=linear&limit=0",
                           "category=linear&limit=51",
                           "category=linear&limit=-1",
                           "category=linear&limit=2x",
                           "category=linear&limit=99999999999",
                           "category=linear&limit=%32%30%30",
                           "category=linear&cursor=x",
                           "category=linear&cursor=1-2",
                           "category=linear&cursor=1-2-3-4",
                           "category=linear&cursor=-1-2-3",
                           "category=linear&cursor=99999999999-1-1",
                           "category=linear&startTime=-1",
                           "category=linear&startTime=99999999999999999",
                           "category=linear&endTime=now",
                           "category=linear&openOnly=2",
                           "category=linear&baseCoin=BTC",
                           "category=linear&orderFilter=StopOrder"}) {
    const std::string body = query(text);
    EXPECT_EQ(code(body), "10001") << text << " -> " << body;
    EXPECT_NE(value_at(body, "retMsg"), "") << text;
  }
  std::string many = "category=linear";
  for (int n = 0; n < 40; ++n) many += "&p" + std::to_string(n) + "=1";
  EXPECT_EQ(code(query(many)), "10001");
  // Cursors of nobody's entries, of another's account, and of no account at all.
  EXPECT_EQ(code(query("category=linear&cursor=0-18446744073709551615-0")), "0");
  EXPECT_EQ(entries(query("category=linear&cursor=4294967295-1-0")), 0u);
  EXPECT_EQ(code(query("accountType=SPOT", "/v5/account/wallet-balance")), "10001");
  EXPECT_EQ(code(query("category=linear&limit=201", "/v5/position/list")), "10001");
  EXPECT_EQ(code(query("category=linear&limit=101", "/v5/execution/list")), "10001");
}

TEST_F(EdgeRequests, APageBeginsBehindItsCursor) {
  for (int n = 0; n < 5; ++n) (void)ask("create", w.amzn("Buy", 1, "219", "p" + std::to_string(n)));
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 5; ++page) {
    const std::string body = query("category=linear&limit=2&cursor=" + cursor);
    for (std::size_t n = 0; n < entries(body); ++n)
      seen += value_at(body, "result.list[" + std::to_string(n) + "].orderLinkId");
    cursor = value_at(body, "result.nextPageCursor");
    if (cursor.empty()) break;
  }
  EXPECT_EQ(seen, "p4p3p2p1p0");
}

TEST_F(EdgeRequests, AQuerysTimeAndWindowAreWholeNumbers) {
  const auto get = [&](const std::string& timestamp, const std::string& window) {
    const std::string sign =
        signed_text(api_secret("JSON1"), timestamp + "key-JSON1" + window + "category=linear");
    return code(w.door
                    ->on_request({.path = "/v5/order/realtime",
                                  .query = "category=linear",
                                  .api_key = "key-JSON1",
                                  .timestamp = timestamp,
                                  .recv_window = window,
                                  .sign = sign},
                                 w.world.now_ns)
                    ->body);
  };
  const std::string now = std::to_string(w.now_ms());
  EXPECT_EQ(get(now, "5000"), "0");
  EXPECT_EQ(get(now, ""), "0");
  for (const std::string& timestamp : {std::string(), "+" + now, " " + now, now + ".0", "-" + now,
                                       std::string("99999999999999999999"), std::string("now")})
    EXPECT_EQ(get(timestamp, "5000"), "10002") << timestamp;
  for (const std::string window : {"-1", "5s", "1e3", "99999999999999999999"})
    EXPECT_EQ(get(now, window), "10002") << window;
}

}  // namespace
}  // namespace portcullis::test::edge_requests_test
