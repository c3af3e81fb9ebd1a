// The Bybit v5 envelope, read strictly: every op, every field, and every refusal by its name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/json.h"
#include "tests/support/json_frames.h"

namespace portcullis::gateway::json::json_decode_test {
namespace {

using test::FrameDecoder;

constexpr std::string_view kHeader =
    R"("header":{"X-BAPI-TIMESTAMP":"1795328571062","X-BAPI-RECV-WINDOW":"5000"})";

// {"op":op,"reqId":"7",header,"args":[args]}
std::string frame(std::string_view op, std::string_view args) {
  return fmt::format(R"({{"op":"{}","reqId":"7",{},"args":[{}]}})", op, kHeader, args);
}
constexpr std::string_view kCreateMembers =
    R"("category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.25","price":"64250.5")";
std::string create(std::string_view more = "") {
  return frame("order.create", fmt::format("{{{}{}}}", kCreateMembers, more));
}
// The parameters of a create with one of them said otherwise; an empty value takes it away.
std::string create_with(std::string_view name, std::string_view value) {
  std::string members;
  const auto say = [&](std::string_view n, std::string_view v) {
    if (n == name ? value.empty() : v.empty()) return;
    members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", n, n == name ? value : v);
  };
  say("category", "\"linear\"");
  say("symbol", "\"BTCUSDT\"");
  say("side", "\"Buy\"");
  say("orderType", "\"Limit\"");
  say("qty", "\"0.25\"");
  say("price", "\"64250.5\"");
  for (const std::string_view other :
       {"timeInForce", "orderLinkId", "reduceOnly", "isLeverage", "positionIdx", "orderFilter",
        "marketUnit", "smpType", "closeOnTrigger", "mmp", "triggerPrice", "takeProfit"}) {
    say(other, "");
  }
  return frame("order.create", "{" + members + "}");
}

// What is wrong with a request or its only order; empty: nothing.
std::string fault_of(const Request& request) {
  if (request.fault) return request.fault.text;
  if (request.orders.size() == 1) return request.orders[0].fault.text;
  return "";
}

TEST(JsonDecode, Auth) {
  FrameDecoder decode;
  const Request& request =
      decode(R"({"op":"auth","req_id":"a","args":["key-1",1795328580707,"0a1b"]})");
  EXPECT_EQ(request.fault.text, "");
  EXPECT_EQ(request.op, Op::Auth);
  EXPECT_EQ(request.req_id, "a");
  EXPECT_EQ(request.api_key, "key-1");
  EXPECT_EQ(request.expires_ms, 1795328580707);
  EXPECT_EQ(request.signature, "0a1b");
  EXPECT_EQ(decode(R"({"op":"auth","args":["key-1","1795328580707","0a1b"]})").expires_ms,
            1795328580707);
  for (const std::string_view args : {"", R"("k",1)", R"("k",1,"s","more")"}) {
    EXPECT_EQ(decode(fmt::format(R"({{"op":"auth","args":[{}]}})", args)).fault.text,
              "args must be key, expiry and signature")
        << args;
  }
  EXPECT_EQ(decode(R"({"op":"auth"})").fault.text, "args must be key, expiry and signature");
  EXPECT_EQ(decode(R"({"op":"auth","args":["",1,"s"]})").fault.text, "args[0] is no API key");
  EXPECT_EQ(decode(R"({"op":"auth","args":["k\n",1,"s"]})").fault.text, "args[0] is no API key");
  EXPECT_EQ(decode(R"({"op":"auth","args":["k",1,""]})").fault.text, "args[2] is no signature");
  EXPECT_EQ(decode(R"({"op":"auth","args":["k",1.5,"s"]})").fault.text,
            "args[1] must be a whole number");
  EXPECT_EQ(decode(R"({"op":"auth","args":["k",9223372036854775808,"s"]})").fault.text,
            "args[1] must be a whole number");
  EXPECT_EQ(decode(R"({"op":"auth","args":[1,1,"s"]})").fault.text, "args[0] must be text");
}

TEST(JsonDecode, PingAndPong) {
  FrameDecoder decode;
  EXPECT_EQ(decode(R"({"op":"ping"})").op, Op::Ping);
  const Request& request = decode(R"({"req_id":"5","op":"ping","args":["1795328580707"]})");
  EXPECT_EQ(request.fault.text, "");
  EXPECT_EQ(request.req_id, "5");
  EXPECT_EQ(decode(R"({"op":"pong","args":[1795328580707]})").op, Op::Pong);
  EXPECT_EQ(decode(R"({"op":"ping","args":[1,2]})").fault.text, "args must hold at most a time");
  EXPECT_EQ(decode(R"({"op":"ping","args":["soon"]})").fault.text,
            "args[0] must be a whole number");
}

TEST(JsonDecode, Subscriptions) {
  FrameDecoder decode;
  const Request& request = decode(
      R"({"op":"subscribe","args":["order","execution.linear","position.inverse","wallet"]})");
  EXPECT_EQ(request.fault.text, "");
  ASSERT_EQ(request.topics.size(), 4u);
  EXPECT_EQ(request.topics[0].topic, Topic::Order);
  EXPECT_EQ(request.topics[0].category, Category::None);
  EXPECT_EQ(request.topics[1].topic, Topic::Execution);
  EXPECT_EQ(request.topics[1].category, Category::Linear);
  EXPECT_EQ(request.topics[1].text, "execution.linear");
  EXPECT_EQ(request.topics[2].category, Category::Inverse);
  EXPECT_EQ(request.topics[3].topic, Topic::Wallet);
  EXPECT_EQ(decode(R"({"op":"unsubscribe","args":["order.option"]})").topics[0].category,
            Category::Option);
  for (const std::string_view topic :
       {"orders", "order.", "order.none", "execution.fast", "wallet.spot", "", "order.spot.more"}) {
    EXPECT_EQ(decode(fmt::format(R"({{"op":"subscribe","args":["{}"]}})", topic)).fault.text,
              fmt::format("there is no topic \"{}\"", topic));
  }
  EXPECT_EQ(decode(R"({"op":"subscribe","args":[]})").fault.text,
            "args must name at least one topic");
  EXPECT_EQ(decode(R"({"op":"subscribe"})").fault.text, "args must name at least one topic");
  EXPECT_EQ(decode(R"({"op":"subscribe","args":"order"})").fault.text, "args must be a list");
  EXPECT_EQ(decode(R"({"op":"subscribe","args":[1]})").fault.text, "a topic must be text");
  FrameDecoder one({.topics_max = 1});
  EXPECT_EQ(one(R"({"op":"subscribe","args":["order"]})").fault.text, "");
  EXPECT_EQ(one(R"({"op":"subscribe","args":["order","wallet"]})").fault.text,
            "args must have at most 1 topics");
}

TEST(JsonDecode, CreateWithEveryParameter) {
  FrameDecoder decode;
  const Request& request = decode(create(
      R"(,"orderLinkId":"gate-1_A","timeInForce":"PostOnly","reduceOnly":true,"isLeverage":0,"positionIdx":0,
          "orderFilter":"Order","marketUnit":"baseCoin","smpType":"None","closeOnTrigger":false,"mmp":false,
          "triggerPrice":"","triggerDirection":0,"triggerBy":"","takeProfit":"0","stopLoss":"0.00",
          "tpslMode":"","tpTriggerBy":null,"slTriggerBy":null,"tpLimitPrice":null,"slLimitPrice":"",
          "tpOrderType":"","slOrderType":"","orderIv":"","slippageToleranceType":null,
          "slippageTolerance":null,"bboSideType":null,"bboLevel":null,"rpiTakerAccess":false)"));
  EXPECT_EQ(fault_of(request), "");
  EXPECT_FALSE(request.malformed);
  EXPECT_EQ(request.op, Op::Create);
  EXPECT_EQ(request.op_text, "order.create");
  EXPECT_EQ(request.req_id, "7");
  EXPECT_EQ(request.timestamp_ms, 1795328571062);
  EXPECT_EQ(request.recv_window_ms, 5000);
  ASSERT_EQ(request.orders.size(), 1u);
  const OrderRequest& order = request.orders[0];
  EXPECT_EQ(order.category, Category::Linear);
  EXPECT_EQ(order.symbol, "BTCUSDT");
  EXPECT_EQ(order.side, risk::Side::Buy);
  EXPECT_EQ(order.ord_type, risk::OrdType::Limit);
  EXPECT_EQ(order.life, Life::PostOnly);
  EXPECT_TRUE(order.reduce_only);
  EXPECT_EQ(order.link, "gate-1_A");
  EXPECT_EQ(order.order_id, "");
  EXPECT_EQ(order.quantity.text, "0.25");
  EXPECT_TRUE(order.quantity.quoted);
  EXPECT_EQ(order.price.text, "64250.5");
}

TEST(JsonDecode, WordsOfACreate) {
  FrameDecoder decode;
  EXPECT_EQ(decode(create_with("side", "\"Sell\"")).orders[0].side, risk::Side::Sell);
  EXPECT_EQ(decode(create_with("orderType", "\"Market\"")).orders[0].ord_type,
            risk::OrdType::Market);
  EXPECT_EQ(decode(create_with("category", "\"inverse\"")).orders[0].category, Category::Inverse);
  EXPECT_EQ(decode(create_with("category", "\"option\"")).orders[0].category, Category::Option);
  EXPECT_EQ(decode(create_with("category", "\"spot\"")).orders[0].category, Category::Spot);
  EXPECT_EQ(decode(create_with("timeInForce", "\"GTC\"")).orders[0].life, Life::GoodTillCancel);
  EXPECT_EQ(decode(create_with("timeInForce", "\"IOC\"")).orders[0].life, Life::ImmediateOrCancel);
  EXPECT_EQ(decode(create_with("timeInForce", "\"FOK\"")).orders[0].life, Life::FillOrKill);
  EXPECT_EQ(decode(create()).orders[0].life, Life::NotGiven);
  EXPECT_FALSE(decode(create()).orders[0].reduce_only);
  EXPECT_FALSE(decode(create_with("reduceOnly", "false")).orders[0].reduce_only);
  EXPECT_FALSE(decode(create_with("reduceOnly", "null")).orders[0].reduce_only);
  // Escapes are read.
  EXPECT_EQ(decode(create_with("symbol", R"("\u0042TCUSDT")")).orders[0].symbol, "BTCUSDT");
}

TEST(JsonDecode, NumbersAreKeptAsTheyAreWritten) {
  FrameDecoder decode;
  for (const std::string_view number :
       {"1", "0.25", "1e3", "1.5E-2", "-0", "2.50e+1", "123456789012345678901234567890.5"}) {
    const OrderRequest order = decode(create_with("qty", number)).orders[0];
    EXPECT_EQ(order.fault.text, "") << number;
    EXPECT_EQ(order.quantity.text, number);
    EXPECT_FALSE(order.quantity.quoted);
  }
  EXPECT_EQ(decode(create_with("qty", " 1.5 \n")).orders[0].quantity.text, "1.5");
  for (const std::string_view number : {"1", "0.25", "007.500", "-1"}) {
    const OrderRequest order =
        decode(create_with("price", fmt::format("\"{}\"", number))).orders[0];
    EXPECT_EQ(order.fault.text, "") << number;
    EXPECT_EQ(order.price.text, number);
    EXPECT_TRUE(order.price.quoted);
  }
}

struct Refused {
  std::string_view name;
  std::string_view value;
  std::string_view text;
};

TEST(JsonDecode, RefusesWrongParametersByName) {
  FrameDecoder decode;
  for (const Refused& row : std::initializer_list<Refused>{
           {"category", "\"Linear\"", "must be \"spot\", \"linear\", \"inverse\" or \"option\""},
           {"category", "1", "must be text"},
           {"category", "\"\"", "is missing"},
           {"category", "", "is missing"},
           {"symbol", "", "is missing"},
           {"symbol", "null", "is missing"},
           {"symbol", "[\"A\"]", "must be text"},
           {"symbol", "\"A\\u0000\"", "is no symbol"},
           {"symbol", "\"BTC\u00e9\"", "is no symbol"},
           {"symbol", "\"123456789012345678901234567890123\"", "is no symbol"},
           {"side", "", "is missing"},
           {"side", "\"buy\"", "must be \"Buy\" or \"Sell\""},
           {"side", "true", "must be text"},
           {"orderType", "", "is missing"},
           {"orderType", "\"Stop\"", "must be \"Limit\" or \"Market\""},
           {"qty", "", "is missing"},
           {"qty", "\"\"", "is missing"},
           {"qty", "\"1e3\"", "is not a number"},
           {"qty", "\"+1\"", "is not a number"},
           {"qty", "\" 1\"", "is not a number"},
           {"qty", "\".5\"", "is not a number"},
           {"qty", "\"0x10\"", "is not a number"},
           {"qty", "\"NaN\"", "is not a number"},
           {"qty", "true", "must be a decimal number"},
           {"qty", "{}", "must be a decimal number"},
           {"qty", "[1]", "must be a decimal number"},
           {"price", "", "is missing"},
           {"price", "\"64,250\"", "is not a number"},
           {"timeInForce", "\"GTD\"", "must be \"GTC\", \"IOC\", \"FOK\" or \"PostOnly\""},
           {"orderLinkId", "\"a b\"", "must have 1 to 36 letters, digits, - and _"},
           {"orderLinkId", "\"1234567890123456789012345678901234567\"",
            "must have 1 to 36 letters, digits, - and _"},
           {"orderLinkId", "1", "must be text"},
           {"reduceOnly", "\"true\"", "must be true or false"},
           {"reduceOnly", "1", "must be true or false"},
           {"isLeverage", "1", "is not supported"},
           {"positionIdx", "1", "is not supported"},
           {"orderFilter", "\"StopOrder\"", "is not supported"},
           {"marketUnit", "\"quoteCoin\"", "is not supported"},
           {"smpType", "\"CancelMaker\"", "is not supported"},
           {"closeOnTrigger", "true", "is not supported"},
           {"mmp", "true", "is not supported"},
           {"triggerPrice", "\"60000\"", "is not supported"},
           {"takeProfit", "1e-3", "is not supported"},
           {"takeProfit", "{}", "is not supported"},
       }) {
    const Request& request = decode(create_with(row.name, row.value));
    EXPECT_EQ(request.fault.text, "") << row.name << " " << row.value;
    ASSERT_EQ(request.orders.size(), 1u);
    EXPECT_EQ(request.orders[0].fault.text, fmt::format("args[0].{} {}", row.name, row.text))
        << row.value;
    EXPECT_EQ(request.orders[0].fault.code, kBadRequest);
    EXPECT_EQ(request.req_id, "7");
  }
}

TEST(JsonDecode, ASpotMarketBuyMustSayThatItCountsTheBaseCoin) {
  FrameDecoder decode;
  const auto order = [](std::string_view category, std::string_view side, std::string_view more) {
    return frame(
        "order.create",
        fmt::format(
            R"({{"category":"{}","symbol":"A","side":"{}","orderType":"Market","qty":"1"{}}})",
            category, side, more));
  };
  EXPECT_EQ(fault_of(decode(order("spot", "Buy", ""))), "args[0].marketUnit must be \"baseCoin\"");
  EXPECT_EQ(fault_of(decode(order("spot", "Buy", R"(,"marketUnit":"baseCoin")"))), "");
  EXPECT_EQ(fault_of(decode(order("spot", "Sell", ""))), "");
  EXPECT_EQ(fault_of(decode(order("linear", "Buy", ""))), "");
  const Request& batch =
      decode(frame("order.create-batch",
                   R"({"request":[{"symbol":"A","side":"Sell","orderType":"Market","qty":"1"},
                     {"symbol":"A","side":"Buy","orderType":"Market","qty":"1"}],"category":"spot"})"));
  ASSERT_EQ(batch.orders.size(), 2u);
  EXPECT_EQ(batch.orders[0].fault.text, "");
  EXPECT_EQ(batch.orders[1].fault.text, "args[0].request[1].marketUnit must be \"baseCoin\"");
}

TEST(JsonDecode, AmendAndCancel) {
  FrameDecoder decode;
  const Request& amend = decode(frame(
      "order.amend",
      R"({"symbol":"BTCUSDT","orderId":"1234567890","category":"linear","qty":"0.5","price":64122})"));
  EXPECT_EQ(fault_of(amend), "");
  EXPECT_EQ(amend.op, Op::Amend);
  EXPECT_EQ(amend.orders[0].order_id, "1234567890");
  EXPECT_EQ(amend.orders[0].quantity.text, "0.5");
  EXPECT_EQ(amend.orders[0].price.text, "64122");
  EXPECT_FALSE(amend.orders[0].price.quoted);
  const Request& by_link = decode(
      frame("order.amend", R"({"symbol":"A","orderLinkId":"x","category":"linear","price":"1"})"));
  EXPECT_EQ(fault_of(by_link), "");
  EXPECT_EQ(by_link.orders[0].link, "x");
  EXPECT_FALSE(by_link.orders[0].quantity.is_given());
  EXPECT_EQ(
      fault_of(decode(frame("order.amend", R"({"symbol":"A","orderId":"x","category":"linear"})"))),
      "args[0].qty is missing");
  EXPECT_EQ(
      fault_of(decode(frame("order.amend", R"({"symbol":"A","qty":"1","category":"linear"})"))),
      "args[0].orderId is missing");
  EXPECT_EQ(fault_of(decode(frame(
                "order.amend",
                R"({"symbol":"A","orderId":"x","qty":"1","category":"linear","side":"Buy"})"))),
            "there is no parameter \"side\" of order.amend");
  const Request& cancel =
      decode(frame("order.cancel", R"({"symbol":"BTCUSDT","orderId":"9","category":"linear"})"));
  EXPECT_EQ(fault_of(cancel), "");
  EXPECT_EQ(cancel.op, Op::Cancel);
  EXPECT_EQ(fault_of(decode(frame("order.cancel", R"({"symbol":"A","category":"linear"})"))),
            "args[0].orderId is missing");
  EXPECT_EQ(
      fault_of(decode(frame("order.cancel", R"({"symbol":"A","category":"linear","orderId":7})"))),
      "args[0].orderId must be text");
  EXPECT_EQ(fault_of(decode(frame(
                "order.cancel", R"({"symbol":"A","category":"linear","orderId":"x","qty":"1"})"))),
            "there is no parameter \"qty\" of order.cancel");
}

TEST(JsonDecode, Batches) {
  FrameDecoder decode({.batch_max = 2});
  const std::string one =
      R"({"symbol":"A","side":"Buy","orderType":"Limit","qty":"1","price":"2"})";
  const auto batch = [&](std::string_view requests) {
    return frame("order.create-batch",
                 fmt::format(R"({{"request":[{}],"category":"linear"}})", requests));
  };
  const Request& both = decode(batch(one + "," + one));
  EXPECT_EQ(both.fault.text, "");
  ASSERT_EQ(both.orders.size(), 2u);
  for (const OrderRequest& order : both.orders) {
    EXPECT_EQ(order.fault.text, "");
    EXPECT_EQ(order.category, Category::Linear);
  }
  EXPECT_EQ(decode(batch(one + "," + one + "," + one)).fault.text,
            "args[0].request must hold at most 2 orders");
  EXPECT_EQ(decode(batch("")).fault.text, "args[0].request must hold at least one order");
  EXPECT_EQ(decode(batch("7")).fault.text, "args[0].request[0] must be an object");
  EXPECT_EQ(decode(batch(one + ",7")).fault.text, "args[0].request[1] must be an object");
  // A fault is of one order alone, and nothing of it goes over into the next.
  const Request& second =
      decode(batch(R"({"symbol":"A","side":"Buy","orderType":"Limit","qty":"x","price":"2"},)"
                   R"({"symbol":"A","qty":"1","price":"2"})"));
  ASSERT_EQ(second.orders.size(), 2u);
  EXPECT_EQ(second.orders[0].fault.text, "args[0].request[0].qty is not a number");
  EXPECT_EQ(second.orders[1].fault.text, "args[0].request[1].side is missing");
  const Request& third = decode(batch(
      R"({"symbol":"A","side":"Buy","orderType":"Limit","qty":"1","price":"2","x":1},)" + one));
  EXPECT_EQ(third.orders[0].fault.text, "there is no parameter \"x\" of order.create-batch");
  EXPECT_EQ(third.orders[1].fault.text, "");
  EXPECT_EQ(decode(batch(R"({"category":"linear"})")).orders[0].fault.text,
            "there is no parameter \"category\" of order.create-batch");
  const std::string args = R"({"request":[)" + one + "]";
  EXPECT_EQ(decode(frame("order.create-batch", args + "}")).fault.text,
            "args[0].category is missing");
  EXPECT_EQ(decode(frame("order.create-batch", args + R"(,"category":"fx"})")).fault.text,
            "args[0].category must be \"spot\", \"linear\", \"inverse\" or \"option\"");
  EXPECT_EQ(decode(frame("order.create-batch", args + R"(,"request":[]})")).fault.text,
            "args[0].request is there twice");
  EXPECT_EQ(decode(frame("order.create-batch", args + R"(,"more":1})")).fault.text,
            "there is no key \"more\" in args[0]");
  EXPECT_EQ(decode(frame("order.create-batch", args + R"(,"category":"spot"},{})")).fault.text,
            "args must hold one batch");
  EXPECT_EQ(decode(frame("order.create-batch", R"({"request":{}})")).fault.text,
            "args[0].request must be a list");
  const Request& amends = decode(frame(
      "order.amend-batch",
      R"({"category":"option","request":[{"symbol":"A","orderId":"1","qty":"1"},{"symbol":"A","orderLinkId":"2"}]})"));
  EXPECT_EQ(amends.orders[0].fault.text, "");
  EXPECT_EQ(amends.orders[1].fault.text, "args[0].request[1].qty is missing");
  const Request& cancels = decode(frame(
      "order.cancel-batch",
      R"({"category":"option","request":[{"symbol":"A","orderId":"1"},{"orderLinkId":"2"}]})"));
  EXPECT_EQ(cancels.orders[0].fault.text, "");
  EXPECT_EQ(cancels.orders[1].fault.text, "args[0].request[1].symbol is missing");
}

TEST(JsonDecode, RefusesTheWholeRequestByName) {
  FrameDecoder decode;
  const std::string args = fmt::format("\"args\":[{{{}}}]", kCreateMembers);
  const auto text = [&](std::string_view frame) { return std::string(decode(frame).fault.text); };
  EXPECT_EQ(text("[]"), "a frame must be an object");
  EXPECT_EQ(text("\"op\""), "a frame must be an object");
  EXPECT_EQ(text("7"), "a frame must be an object");
  EXPECT_EQ(text("null"), "a frame must be an object");
  EXPECT_EQ(text("{}"), "op is missing");
  EXPECT_EQ(text(R"({"args":[]})"), "op is missing");
  EXPECT_EQ(text(R"({"op":7})"), "op must be text");
  EXPECT_EQ(text(R"({"op":"ping","op":"ping"})"), "op is there twice");
  EXPECT_EQ(text(R"({"op":"ping","reqId":"1","req_id":"1"})"), "req_id is there twice");
  EXPECT_EQ(text(R"({"op":"ping","reqId":1})"), "reqId must be text");
  EXPECT_EQ(text(fmt::format(R"({{"op":"ping","reqId":"{}"}})", std::string(129, 'x'))),
            "reqId must have at most 128 printable characters");
  EXPECT_EQ(text(R"({"op":"ping","reqId":"\u0007"})"),
            "reqId must have at most 128 printable characters");
  EXPECT_EQ(text(R"({"op":"ping","extra":1})"), "there is no key \"extra\"");
  EXPECT_EQ(text(R"({"op":"ping","\u0007":1})"), "there is no key (not shown)");
  EXPECT_EQ(text(R"({"op":"order.create",)" + args + "}"), "header.X-BAPI-TIMESTAMP is missing");
  EXPECT_EQ(text(R"({"op":"order.create","header":{}})"), "args is missing");
  EXPECT_EQ(text(R"({"op":"order.create","header":[]})"), "header must be an object");
  EXPECT_EQ(text(R"({"op":"order.create","header":{"X":1}})"), "there is no key \"X\" in header");
  EXPECT_EQ(text(R"({"op":"order.create","header":{"X-BAPI-TIMESTAMP":"1 "}})"),
            "header.X-BAPI-TIMESTAMP must be a whole number");
  EXPECT_EQ(text(R"({"op":"order.create","header":{"X-BAPI-RECV-WINDOW":null}})"),
            "header.X-BAPI-RECV-WINDOW must be a whole number");
  EXPECT_EQ(text(R"({"op":"order.create","header":{"X-BAPI-TIMESTAMP":1,"X-BAPI-TIMESTAMP":2}})"),
            "header.X-BAPI-TIMESTAMP is there twice");
  EXPECT_EQ(text(fmt::format(R"({{"op":"order.create",{},{},{}}})", kHeader, args, args)),
            "args is there twice");
  EXPECT_EQ(text(fmt::format(R"({{"op":"order.create",{},"args":{{}}}})", kHeader)),
            "args must be a list");
  EXPECT_EQ(text(frame("order.create", "")), "args is missing");
  EXPECT_EQ(text(frame("order.create", "7")), "args[0] must be an object");
  EXPECT_EQ(text(frame("order.create", fmt::format("{{{0}}},{{{0}}}", kCreateMembers))),
            "args must hold one order; there are batch forms for more");
  const Request& unknown = decode(R"({"reqId":"9","op":"order.steal","args":[]})");
  EXPECT_EQ(unknown.fault.code, kUnknownOp);
  EXPECT_EQ(unknown.fault.text, "there is no op \"order.steal\"");
  EXPECT_EQ(unknown.op_text, "order.steal");
  EXPECT_EQ(unknown.req_id, "9");
  EXPECT_FALSE(unknown.malformed);
}

TEST(JsonDecode, DoubledParameters) {
  FrameDecoder decode;
  for (const std::string_view name : {"category", "symbol", "side", "orderType", "qty", "price"}) {
    const std::string value = name == "category"    ? "\"linear\""
                              : name == "side"      ? "\"Buy\""
                              : name == "orderType" ? "\"Limit\""
                                                    : "\"1\"";
    EXPECT_EQ(fault_of(decode(create(fmt::format(",\"{}\":{}", name, value)))),
              fmt::format("args[0].{} is there twice", name));
  }
  EXPECT_EQ(fault_of(decode(create(R"(,"isLeverage":0,"isLeverage":0)"))),
            "args[0].isLeverage is there twice");
  // A null is as if it were not there, but it is there.
  EXPECT_EQ(fault_of(decode(create(R"(,"price":null)"))), "args[0].price is there twice");
  // The same key, written otherwise.
  EXPECT_EQ(fault_of(decode(create(R"(,"pr\u0069ce":"1")"))), "args[0].price is there twice");
}

TEST(JsonDecode, TheOpMayComeLast) {
  FrameDecoder decode;
  const Request& request = decode(fmt::format(
      R"({{"args":[{{{}}}],"reqId":"3",{},"op":"order.create"}})", kCreateMembers, kHeader));
  EXPECT_EQ(fault_of(request), "");
  EXPECT_EQ(request.op, Op::Create);
  EXPECT_EQ(request.req_id, "3");
  ASSERT_EQ(request.orders.size(), 1u);
  EXPECT_EQ(request.orders[0].symbol, "BTCUSDT");
  EXPECT_EQ(decode(R"({"args":[7],"reqId":"3","op":"subscribe"})").fault.text,
            "a topic must be text");
  EXPECT_EQ(decode(R"({"args":[7],"reqId":"3"})").req_id, "3");
}

// Whatever is wrong with a request, its reply carries its id, even one that stands behind the fault.
TEST(JsonDecode, TheIdIsCarried) {
  FrameDecoder decode;
  for (const std::string_view frame :
       {R"({"op":7,"reqId":"id"})", R"({"extra":[{"deep":[1,2]}],"op":"ping","reqId":"id"})",
        R"({"op":"order.create","args":[7],"reqId":"id"})",
        R"({"op":"auth","args":[1,2,3],"req_id":"id"})", R"({"reqId":"id","op":"what"})"}) {
    const Request& request = decode(frame);
    EXPECT_TRUE(request.fault) << frame;
    EXPECT_FALSE(request.malformed) << frame;
    EXPECT_EQ(request.req_id, "id") << frame;
  }
  EXPECT_EQ(decode(R"({"args":[7],"reqId":"id","extra":1,"op":"order.amend"})").op_text,
            "order.amend");
}

TEST(JsonDecode, WhatIsNoJsonIsMalformed) {
  FrameDecoder decode;
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{\"op\":\"ping\"",
                                      "{\"op\":\"ping\"}}",
                                      "{\"op\":\"ping\"} {}",
                                      "{\"op\":\"ping\"}x",
                                      "{\"op\":\"ping\",}",
                                      "{\"op\" \"ping\"}",
                                      "{'op':'ping'}",
                                      "{\"op\":\"ping\",\"args\":[1,]}",
                                      "{\"op\":\"ping\",\"args\":[01]}",
                                      "{\"op\":\"ping\",\"args\":[1}]",
                                      "{\"op\":ping}",
                                      "{\"op\":\"ping\\q\"}",
                                      "{\"op\":\"p\ning\"}",
                                      "\xFF",
                                      "{\"op\":\"\xC3\x28\"}",
                                      "nul",
                                      "[1 2]",
                                      "1 2",
                                      "\"a\" 1",
                                      "{\"op\":\"\\ud800\"}",
                                      "{\"op\":\"\\ud800\\u0041\"}",
                                      "{\"\\ud800\":1}"}) {
    const Request& request = decode(text);
    EXPECT_TRUE(request.malformed) << text;
    EXPECT_EQ(request.fault.code, kBadRequest) << text;
    EXPECT_EQ(request.fault.text, "is no JSON") << text;
  }
  // Words that only begin as one.
  for (const std::string_view value : {"trux", "fals", "nulL", "nullx", "truefalse", "1x", "-",
                                       "1.", "1e", "+1", ".5", "Infinity", "0x1", "\"\\ud800\""}) {
    for (const std::string_view name :
         {"reduceOnly", "price", "symbol", "isLeverage", "takeProfit", "side", "closeOnTrigger"}) {
      EXPECT_TRUE(decode(create_with(name, value)).malformed) << name << ": " << value;
    }
  }
  for (const std::string_view value : {"trux", "nulL", "1x", "\"\\ud800\""}) {
    EXPECT_TRUE(decode(fmt::format(R"({{"op":"ping","args":[{}]}})", value)).malformed) << value;
    EXPECT_TRUE(decode(fmt::format(R"({{"op":"ping","extra":{}}})", value)).malformed) << value;
    EXPECT_TRUE(decode(fmt::format(R"({{"op":"ping","reqId":{}}})", value)).malformed) << value;
  }
}

TEST(JsonDecode, NestingIsBounded) {
  FrameDecoder decode({.frame_bytes_max = 1 << 20});
  const auto nested = [](std::size_t depth) {
    return R"({"op":"ping","args":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(decode(nested(20)).malformed, false);
  EXPECT_TRUE(decode(nested(40)).malformed);
  EXPECT_TRUE(decode(nested(2'000)).malformed);
  EXPECT_TRUE(decode(nested(400'000)).malformed);
  EXPECT_TRUE(decode(std::string(500'000, '[')).malformed);
  std::string objects;
  for (int i = 0; i < 40'000; ++i) objects += "{\"a\":";
  EXPECT_TRUE(decode(objects).malformed);
  EXPECT_EQ(decode(R"({"op":"ping"})").fault.text, "");  // and it goes on
}

TEST(JsonDecode, FramesAreBounded) {
  FrameDecoder decode({.frame_bytes_max = 64});
  EXPECT_EQ(decode(R"({"op":"ping"})" + std::string(51, ' ')).fault.text, "");
  const Request& request = decode(R"({"op":"ping"})" + std::string(52, ' '));
  EXPECT_EQ(request.fault.text, "a frame must have at most 64 bytes");
  EXPECT_EQ(decode(R"({"op":"ping"})").fault.text, "");
}

TEST(JsonDecode, NothingIsLeftOfTheFrameBefore) {
  FrameDecoder decode;
  decode(create(R"(,"orderLinkId":"x")"));
  const Request& request = decode(R"({"op":"ping"})");
  EXPECT_TRUE(request.orders.empty());
  EXPECT_EQ(request.req_id, "");
  EXPECT_FALSE(request.timestamp_ms.has_value());
  EXPECT_EQ(decode(create()).orders[0].link, "");
}

// nst/JSONTestSuite: y_ must be JSON, n_ must not, as frames and as what stands in one.
TEST(JsonDecode, DrawsTheLineWhereTheTestSuiteDrawsIt) {
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  FrameDecoder decode({.frame_bytes_max = 1 << 20});
  int accepted = 0;
  int refused = 0;
  test::each_file_of_the_suite([&](const std::string& name, const std::string& text) {
    // None of them is a request.
    EXPECT_TRUE(decode(text).fault) << name;
    // Numbers of any size are JSON, but not for the configuration.
    if (!name.starts_with("i_number")) {
      EXPECT_EQ(decode(text).malformed, !config::parse_json(text).error.empty()) << name;
    }
    const Request& inner = decode(R"({"op":"ping","reqId":"id","extra":)" + text + "}");
    EXPECT_TRUE(inner.fault) << name;
    if (name.starts_with("y_")) {
      EXPECT_FALSE(inner.malformed) << name;
      EXPECT_EQ(inner.req_id, "id") << name;
      EXPECT_FALSE(decode(text).malformed) << name;
      ++accepted;
    } else if (name.starts_with("n_")) {
      EXPECT_TRUE(decode(text).malformed) << name;
      EXPECT_TRUE(inner.malformed || name.find("trailing") != std::string::npos) << name;
      ++refused;
    }
  });
  EXPECT_GT(accepted, 90);
  EXPECT_GT(refused, 180);
}

// What real clients send: Bybit's frames are requests, those of other exchanges are JSON.
TEST(JsonDecode, FramesOfRealClients) {
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  std::ifstream in(std::filesystem::path(test::data_folder()) / "json" / "ws_frames.jsonl");
  FrameDecoder decode;
  int of_bybit = 0;
  int others = 0;
  for (std::string line; std::getline(in, line);) {
    const config::Json json = config::parse_json(line).json;
    const std::string& text = json.find("frame")->text;
    const Request& request = decode(text);
    EXPECT_FALSE(request.malformed) << text;
    if (json.find("exchange")->text == "bybit") {
      // Orders that wait for a price are not supported.
      const bool waits = text.find("triggerPrice") != std::string::npos;
      EXPECT_EQ(fault_of(request), waits ? "args[0].triggerDirection is not supported" : "")
          << text;
      ++of_bybit;
    } else {
      EXPECT_TRUE(request.fault) << text;
      ++others;
    }
  }
  EXPECT_GT(of_bybit, 30);
  EXPECT_GT(others, 50);
}

}  // namespace
}  // namespace portcullis::gateway::json::json_decode_test
