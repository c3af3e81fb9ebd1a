// Replies, pushes and query results: read back, they say what was to be said, in Bybit's words.
#include "gateway/json/encode.h"

#include <gtest/gtest.h>

#include "config/decimal.h"
#include "config/json.h"
#include "gateway/json/commands.h"
#include "tests/support/json_deployment.h"

namespace portcullis::gateway::json::json_encode_test {
namespace {

using config::Json;

class JsonEncode : public testing::Test {
 protected:
  Json parsed() {
    const config::JsonResult result = config::parse_json({out_.data(), out_.size()});
    EXPECT_EQ(result.error, "") << std::string_view(out_.data(), out_.size());
    out_.clear();
    return result.json;
  }
  template <class Write>
  Json written(Write write) {
    Writer writer(out_);
    write(writer);
    return parsed();
  }
  [[nodiscard]] risk::InstrumentIndex instrument(std::string_view name) const {
    return deployment_.names.instruments.find(name);
  }

  const config::Deployment deployment_ = test::deployment_with_symbols();
  const Symbols symbols_{deployment_};
  const risk::InstrumentIndex btc_ = instrument("BTC-PERP");
  Buffer out_;
  const ReplyTo to_{
      .op = "order.create", .req_id = "7", .conn_id = "c-1", .now_ms = 1'795'328'571'062};
};

// As a path of members and places: "data.list[0].orderId".
std::string at(const Json& json, std::string_view path) {
  Json copy = json;
  const Json* found = test::find(copy, path);
  return found == nullptr ? "(none)" : config::to_text(*found);
}

OrderId id(std::string_view text) {
  OrderId out{};
  text.copy(out.data(), out.size());
  return out;
}

TEST_F(JsonEncode, ControlReplies) {
  encode_control_reply(out_, {.op = "auth", .req_id = "a", .conn_id = "c-1", .now_ms = 5}, kOk, "");
  Json json = parsed();
  EXPECT_EQ(at(json, "success"), "true");
  EXPECT_EQ(at(json, "retCode"), "0");
  EXPECT_EQ(at(json, "retMsg"), "\"OK\"");
  EXPECT_EQ(at(json, "op"), "\"auth\"");
  EXPECT_EQ(at(json, "req_id"), "\"a\"");
  EXPECT_EQ(at(json, "connId"), "\"c-1\"");
  EXPECT_EQ(at(json, "conn_id"), "\"c-1\"");
  encode_control_reply(out_, {.op = "auth", .req_id = {}, .conn_id = "c-1", .now_ms = 5},
                       kBadSignature, "the signature is wrong");
  json = parsed();
  EXPECT_EQ(at(json, "success"), "false");
  EXPECT_EQ(at(json, "retCode"), "10004");
  EXPECT_EQ(at(json, "retMsg"), "\"the signature is wrong\"");
  EXPECT_EQ(at(json, "ret_msg"), "\"the signature is wrong\"");
  EXPECT_EQ(at(json, "req_id"), "(none)");
  encode_pong(out_, {.op = "ping", .req_id = "p", .conn_id = "c-1", .now_ms = 5});
  json = parsed();
  EXPECT_EQ(at(json, "op"), "\"pong\"");
  EXPECT_EQ(at(json, "req_id"), "\"p\"");
  EXPECT_EQ(at(json, "args"), "[\"5\"]");
}

TEST_F(JsonEncode, AnOrderThatIsTaken) {
  encode_order_reply(out_, to_, {.order_id = "1726-1", .link = "gate-1"}, symbols_);
  const Json json = parsed();
  EXPECT_EQ(at(json, "reqId"), "\"7\"");
  EXPECT_EQ(at(json, "retCode"), "0");
  EXPECT_EQ(at(json, "retMsg"), "\"OK\"");
  EXPECT_EQ(at(json, "op"), "\"order.create\"");
  EXPECT_EQ(at(json, "data"), R"({"orderId":"1726-1","orderLinkId":"gate-1"})");
  EXPECT_EQ(at(json, "retExtInfo"), "{}");
  EXPECT_EQ(at(json, "header.Timenow"), "\"1795328571062\"");
  EXPECT_EQ(at(json, "connId"), "\"c-1\"");
}

TEST_F(JsonEncode, TheArithmeticOfARefusal) {
  risk::Decision decision;
  decision.disposition = risk::Disposition::Reject;
  decision.reason = risk::RejectReason::Margin;
  decision.level = risk::NodeLevel::Account;
  decision.node = deployment_.names.accounts.find("alpha-1").value;
  decision.limit = 1'000'000;  // quanta of 0.0001
  decision.needed = 1'205'000;
  decision.available = 500'001;
  decision.shortfall = 704'999;
  decision.largest_passing = {12};
  decision.set = 0;
  decision.group = 0;
  decision.scenario = 0;
  decision.parameter_version = 3;
  EXPECT_EQ(code_of(decision), 110007);
  encode_order_reply(
      out_, to_, {.code = code_of(decision), .instrument = btc_, .decision = &decision}, symbols_);
  Json json = parsed();
  EXPECT_EQ(at(json, "retCode"), "110007");
  EXPECT_EQ(at(json, "retMsg"), "\"margin: needs 120.5, has 50.0001 of 100 USD, account alpha-1\"");
  EXPECT_EQ(at(json, "data"), "{}");
  EXPECT_EQ(at(json, "retExtInfo.reason"), "\"margin\"");
  EXPECT_EQ(at(json, "retExtInfo.level"), "\"account\"");
  EXPECT_EQ(at(json, "retExtInfo.node"), "\"alpha-1\"");
  EXPECT_EQ(at(json, "retExtInfo.limit"), "\"100\"");
  EXPECT_EQ(at(json, "retExtInfo.needed"), "\"120.5\"");
  EXPECT_EQ(at(json, "retExtInfo.available"), "\"50.0001\"");
  EXPECT_EQ(at(json, "retExtInfo.shortfall"), "\"70.4999\"");
  EXPECT_EQ(at(json, "retExtInfo.unit"), "\"USD\"");
  EXPECT_EQ(at(json, "retExtInfo.maxQty"), "\"0.012\"");
  EXPECT_EQ(at(json, "retExtInfo.set"), config::quote(deployment_.names.sets[0].name));
  EXPECT_EQ(at(json, "retExtInfo.parameterVersion"), "3");

  // In lots and ticks of the instrument; without one, bare counts.
  decision.reason = risk::RejectReason::PriceCollar;
  decision.set = risk::kNone32;
  decision.limit = 128'501;
  EXPECT_EQ(code_of(decision), 110003);
  encode_order_reply(
      out_, to_, {.code = code_of(decision), .instrument = btc_, .decision = &decision}, symbols_);
  json = parsed();
  EXPECT_EQ(at(json, "retExtInfo.limit"), "\"64250.5\"");
  EXPECT_EQ(at(json, "retExtInfo.unit"), "\"price\"");
  EXPECT_EQ(at(json, "retExtInfo.set"), "(none)");
  decision.reason = risk::RejectReason::ClipSize;
  encode_order_reply(out_, to_, {.code = code_of(decision), .decision = &decision}, symbols_);
  json = parsed();
  EXPECT_EQ(at(json, "retExtInfo.limit"), "\"128501\"");
  EXPECT_EQ(at(json, "retExtInfo.unit"), "\"lots\"");
  EXPECT_EQ(at(json, "retExtInfo.maxQty"), "(none)");
}

// Every reason has a code and words, whatever its unit.
TEST_F(JsonEncode, EveryReason) {
  for (const risk::RejectReasonInfo& row : risk::kRejectReasons) {
    if (row.reason == risk::RejectReason::None) continue;
    risk::Decision decision;
    decision.disposition = risk::Disposition::Reject;
    decision.reason = row.reason;
    decision.shortfall = 1;
    encode_order_reply(out_, to_,
                       {.code = code_of(decision), .instrument = btc_, .decision = &decision},
                       symbols_);
    const Json json = parsed();
    EXPECT_EQ(at(json, "retCode"), std::to_string(row.bybit));
    EXPECT_EQ(at(json, "retExtInfo.reason"), config::quote(row.name));
    EXPECT_EQ(at(json, "retExtInfo.limit") == "(none)", row.unit == risk::ArithmeticUnit::None)
        << row.name;
  }
  risk::Decision decision;
  decision.disposition = risk::Disposition::Ignore;
  EXPECT_EQ(code_of(decision), kUnknownOrder);
  decision.disposition = risk::Disposition::Forward;
  EXPECT_EQ(code_of(decision), kOk);
}

TEST_F(JsonEncode, Batches) {
  risk::Decision decision;
  decision.disposition = risk::Disposition::Reject;
  decision.reason = risk::RejectReason::ReduceOnly;
  const OrderReply replies[] = {
      {.order_id = "o-1", .link = "l-1", .category = Category::Linear, .symbol = "BTCUSDT"},
      {.code = kBadRequest,
       .text = "args[0].request[1].qty is missing",
       .category = Category::Linear,
       .symbol = "AMZN"},
      {.code = code_of(decision),
       .link = "l-3",
       .category = Category::Linear,
       .symbol = "BTCUSDT",
       .instrument = btc_,
       .decision = &decision},
  };
  encode_batch_reply(out_, to_, replies, symbols_);
  const Json json = parsed();
  EXPECT_EQ(at(json, "retCode"), "0");
  EXPECT_EQ(
      at(json, "data.list[0]"),
      R"({"category":"linear","symbol":"BTCUSDT","orderId":"o-1","orderLinkId":"l-1","createAt":"1795328571062"})");
  EXPECT_EQ(at(json, "data.list[1]"),
            R"({"category":"linear","symbol":"AMZN","orderId":"","orderLinkId":"","createAt":""})");
  EXPECT_EQ(at(json, "data.list[2].orderLinkId"), "\"l-3\"");
  EXPECT_EQ(at(json, "retExtInfo.list[0]"), R"({"code":0,"msg":"OK"})");
  EXPECT_EQ(at(json, "retExtInfo.list[1]"),
            R"({"code":10001,"msg":"args[0].request[1].qty is missing"})");
  EXPECT_EQ(at(json, "retExtInfo.list[2].code"), "110017");
  EXPECT_EQ(at(json, "retExtInfo.list[2].arithmetic.reason"), "\"reduce_only\"");
}

TEST_F(JsonEncode, RefusalsOfTheWholeRequest) {
  encode_refusal(out_, to_, kUnknownOp, "there is no op \"x\"");
  const Json json = parsed();
  EXPECT_EQ(at(json, "retCode"), "10404");
  EXPECT_EQ(at(json, "retMsg"), R"("there is no op \"x\"")");
  EXPECT_EQ(at(json, "ret_msg"), R"("there is no op \"x\"")");
  EXPECT_EQ(at(json, "success"), "false");
  EXPECT_EQ(at(json, "reqId"), "\"7\"");
  EXPECT_EQ(at(json, "req_id"), "\"7\"");
}

TEST_F(JsonEncode, EveryByteOfATextComesBack) {
  std::string text;
  for (int c = 0; c < 0x80; ++c) text += static_cast<char>(c);
  text += "\u00e9\u20ac\U0001F600";
  encode_refusal(out_, {.op = text, .req_id = text, .conn_id = text, .now_ms = 0}, kBadRequest,
                 text);
  const Json json = parsed();
  for (const char* name : {"retMsg", "ret_msg", "op", "reqId", "req_id", "connId", "conn_id"}) {
    ASSERT_NE(json.find(name), nullptr) << name;
    EXPECT_EQ(json.find(name)->text, text) << name;
  }
}

TEST_F(JsonEncode, Orders) {
  Order order;
  order.id = id("DAY-0100001");
  order.link = order_name("gate-1");
  order.instrument = btc_;
  order.side = risk::Side::Sell;
  order.ord_type = risk::OrdType::Limit;
  order.status = Status::PartiallyFilled;
  order.reduce_only = true;
  order.price = {128'501};  // 64,250.5
  order.quantity = {250};   // 0.25
  order.executed = {100};   // 0.1
  order.counted = {100};
  order.value = risk::Int128{6'425'050'000};  // 6,425.05 USDC
  order.fees = 2'570'020;                     // 2.57002 USDC
  order.created = {1'795'328'571'062'999'999};
  order.updated = {1'795'328'571'063'000'000};
  const Json json = written([&](Writer& out) { write_order(out, order, symbols_); });
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"category", "linear"},
           {"symbol", "BTCUSDT"},
           {"orderId", "DAY-0100001"},
           {"orderLinkId", "gate-1"},
           {"side", "Sell"},
           {"orderType", "Limit"},
           {"timeInForce", "GTC"},
           {"orderStatus", "PartiallyFilled"},
           {"rejectReason", "EC_NoError"},
           {"price", "64250.5"},
           {"qty", "0.25"},
           {"avgPrice", "64250.5"},
           {"leavesQty", "0.15"},
           {"leavesValue", "9637.575"},
           {"cumExecQty", "0.1"},
           {"cumExecValue", "6425.05"},
           {"cumExecFee", "2.57002"},
           {"feeCurrency", "USDC"},
           {"createdTime", "1795328571062"},
           {"updatedTime", "1795328571063"}}) {
    EXPECT_EQ(at(json, name), config::quote(value)) << name;
  }
  EXPECT_EQ(at(json, "reduceOnly"), "true");
  EXPECT_EQ(at(json, "positionIdx"), "0");
  EXPECT_EQ(at(json, "rejectText"), "(none)");

  order.status = Status::Rejected;
  order.reason = risk::RejectReason::Margin;
  order.post_only = true;
  Json refused = written([&](Writer& out) { write_order(out, order, symbols_); });
  EXPECT_EQ(at(refused, "orderStatus"), "\"Rejected\"");
  EXPECT_EQ(at(refused, "rejectReason"), "\"EC_Others\"");
  EXPECT_EQ(at(refused, "rejectText"), "\"margin\"");
  EXPECT_EQ(at(refused, "timeInForce"), "\"PostOnly\"");
  EXPECT_EQ(at(refused, "leavesQty"), "\"0\"");
  order.reason = risk::RejectReason::None;
  order.venue_code = 0x0A;
  refused = written([&](Writer& out) { write_order(out, order, symbols_); });
  EXPECT_EQ(at(refused, "rejectText"), "\"venue code 0x0a\"");
  order.status = Status::Cancelled;
  order.cancel_reason = 'U';
  EXPECT_EQ(at(written([&](Writer& out) { write_order(out, order, symbols_); }), "cancelType"),
            "\"CancelByUser\"");
  order.cancel_reason = 'Q';
  EXPECT_EQ(at(written([&](Writer& out) { write_order(out, order, symbols_); }), "cancelType"),
            "\"CancelBySmp\"");
}

TEST_F(JsonEncode, Executions) {
  Execution execution;
  execution.sequence = 77;
  execution.stream_sequence = 36;
  execution.stream_session = {'D', 'A', 'Y', '1', ' ', ' '};
  execution.session = {1};
  execution.order_id = id("DAY1-0100001");
  execution.link = order_name("gate-1");
  execution.instrument = btc_;
  execution.liquidity = 'A';
  execution.price = {128'501};
  execution.quantity = {100};
  execution.order_price = {128'502};
  execution.order_quantity = {250};
  execution.leaves = {150};
  execution.time = {1'795'328'571'062'000'000};
  const Json json = written([&](Writer& out) { write_execution(out, execution, symbols_); });
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"category", "linear"},
           {"symbol", "BTCUSDT"},
           {"orderId", "DAY1-0100001"},
           {"orderLinkId", "gate-1"},
           {"side", "Buy"},
           {"orderPrice", "64251"},
           {"orderQty", "0.25"},
           {"leavesQty", "0.15"},
           {"execId", "DAY1-1-10"},
           {"execType", "Trade"},
           {"execPrice", "64250.5"},
           {"execQty", "0.1"},
           {"execValue", "6425.05"},
           {"execFee", "2.5701"},  // of a lot 64.2505 * 0.0004, up to the next unit; of 100
           {"feeRate", "0.0004"},
           {"execTime", "1795328571062"}}) {
    EXPECT_EQ(at(json, name), config::quote(value)) << name;
  }
  EXPECT_EQ(at(json, "isMaker"), "true");
  EXPECT_EQ(at(json, "seq"), "77");
  execution.liquidity = 'R';
  execution.broken = true;
  const Json broken = written([&](Writer& out) { write_execution(out, execution, symbols_); });
  EXPECT_EQ(at(broken, "isMaker"), "false");
  EXPECT_EQ(at(broken, "execType"), "\"BrokenTrade\"");
}

TEST_F(JsonEncode, PositionsAndMoney) {
  Position position{.instrument = btc_,
                    .lots = {-1'500},
                    .mark = {642'505},
                    .unrealised = {-1'250'000},
                    .updated = {5'000'000},
                    .sequence = 9};
  Json json = written([&](Writer& out) { write_position(out, position, symbols_); });
  EXPECT_EQ(at(json, "side"), "\"Sell\"");
  EXPECT_EQ(at(json, "size"), "\"1.5\"");
  EXPECT_EQ(at(json, "markPrice"), "\"64250.5\"");
  EXPECT_EQ(at(json, "positionValue"), "\"96375.75\"");
  EXPECT_EQ(at(json, "unrealisedPnl"), "\"-1.25\"");
  EXPECT_EQ(at(json, "seq"), "9");
  position.lots = {};
  position.mark = {};
  json = written([&](Writer& out) { write_position(out, position, symbols_); });
  EXPECT_EQ(at(json, "side"), "\"\"");
  EXPECT_EQ(at(json, "size"), "\"0\"");
  EXPECT_EQ(at(json, "markPrice"), "\"\"");

  Wallet wallet;
  wallet.margin.equity.raw = 1'234'567;
  wallet.margin.available.raw = -5'000;
  wallet.margin.requirement.raw = 1'000'000;
  wallet.margin.costs.raw = 500;
  const Holding holding{.asset = deployment_.names.assets.find("USDC"),
                        .balance = {2'500'000},
                        .borrowed = {500'000},
                        .unrealised = {250'000}};
  wallet.holdings = {&holding, 1};
  json = written([&](Writer& out) { write_wallet(out, wallet, symbols_); });
  EXPECT_EQ(at(json, "accountType"), "\"UNIFIED\"");
  EXPECT_EQ(at(json, "totalEquity"), "\"123.4567\"");
  EXPECT_EQ(at(json, "totalAvailableBalance"), "\"-0.5\"");
  EXPECT_EQ(at(json, "totalInitialMargin"), "\"100.05\"");
  EXPECT_EQ(at(json, "coin[0].coin"), "\"USDC\"");
  EXPECT_EQ(at(json, "coin[0].walletBalance"), "\"2.5\"");
  EXPECT_EQ(at(json, "coin[0].borrowAmount"), "\"0.5\"");
  EXPECT_EQ(at(json, "coin[0].equity"), "\"2.25\"");
}

// Of an inverse contract the average price is what its value says, and of options, spot and inverse
// contracts everything can be said.
TEST_F(JsonEncode, EveryKind) {
  const config::Deployment model = test::model_with_symbols();
  const Symbols symbols(model);
  for (std::uint32_t i = 0; i < model.instruments.size(); ++i) {
    Order order;
    order.instrument = {i};
    order.status = Status::Filled;
    order.price = {2'000};
    order.quantity = order.executed = order.counted = {100};
    order.value = value_of(model, {i}, order.price, order.executed);
    const Json json = written([&](Writer& out) { write_order(out, order, symbols); });
    const Category category = symbols.category({i});
    EXPECT_EQ(at(json, "category"), config::quote(name_of(category)));
    if (category == Category::Inverse) {
      // Rounded down to a unit of the coin, so that the price is a little higher.
      const config::Decimal average = config::parse_decimal(json.find("avgPrice")->text, 12);
      const config::Decimal price = config::parse_decimal(symbols.price({i}, order.price), 12);
      EXPECT_GE(average.value, price.value);
      EXPECT_LE(average.value - price.value, price.value / 1'000'000);
    } else {
      EXPECT_EQ(at(json, "avgPrice"), config::quote(symbols.price({i}, order.price)));
    }
    EXPECT_EQ(at(json, "marketUnit"), category == Category::Spot ? "\"baseCoin\"" : "\"\"");
  }
}

TEST_F(JsonEncode, PushesAndResults) {
  Json json = written([&](Writer& out) {
    begin_push(out, "order.linear", "c-1-5", 1'795'328'571'062);
    out.begin_object().text("a", "1").end_object().begin_object().end_object();
    end_push(out);
  });
  EXPECT_EQ(
      config::to_text(json),
      R"({"id":"c-1-5","topic":"order.linear","creationTime":1795328571062,"data":[{"a":"1"},{}]})");
  json = written([&](Writer& out) {
    begin_result(out);
    out.begin_object().end_object();
    end_result(out, Category::Linear, "next", 5);
  });
  EXPECT_EQ(
      config::to_text(json),
      R"({"retCode":0,"retMsg":"OK","result":{"list":[{}],"nextPageCursor":"next","category":"linear"},"retExtInfo":{},"time":5})");
  encode_query_fault(out_, kBadApiKey, "there is no such key", 5);
  EXPECT_EQ(
      config::to_text(parsed()),
      R"({"retCode":10003,"retMsg":"there is no such key","result":{},"retExtInfo":{},"time":5})");
}

}  // namespace
}  // namespace portcullis::gateway::json::json_encode_test
