// What a plan's messages are as JSON requests: the text of some, and of a whole generated plan that
// the gate's own decoder finds the same prices, quantities and words in them.
#include "gateway/client/json_orders.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>

#include "gateway/client/market.h"
#include "gateway/client/order_flow.h"
#include "gateway/json/commands.h"
#include "gateway/json/decode.h"
#include "tests/support/client_plan.h"
#include "tests/support/example_config.h"

namespace portcullis::gateway::client::client_json_orders_test {
namespace {

using test::session;
using test::text;

constexpr std::int64_t kNowMs = 1'795'328'571'062;

// The example, and JSON clients have names for its instruments.
const config::Deployment& deployment() {
  static const config::LoadResult loaded = [] {
    test::Texts texts = test::read_example();
    const std::array<std::array<const char*, 2>, 4> names{{{"BTC-PERP", "BTCUSDT"},
                                                           {"ETH-PERP", "ETHUSDT"},
                                                           {"AMZN", "AMZN"},
                                                           {"EUR/USD", "EURUSD"}}};
    for (const auto& [name, symbol] : names) {
      test::apply(texts, {.kind = test::Change::Kind::Add,
                          .file = "instruments.json",
                          .path = fmt::format("instruments.{}.json_symbol", name),
                          .value = fmt::format("\"{}\"", symbol)});
    }
    return config::load_texts(texts, test::example_folder());
  }();
  if (!loaded.ok()) throw std::runtime_error(test::problems_text(loaded));
  return loaded.deployment;
}

// At ALPHA2, whose key's account is its default. Of BTCPERP there the wire's price 6425.05 is
// 64250.5, and a quantity counts thousandths.
struct Written {
  Plan plan;
  std::uint16_t at = session("ALPHA2");

  Written() {
    plan.symbols = {text<8>("BTCPERP"), text<8>("AMZN"), text<8>("NOPE"), text<8>("EURUSD")};
    plan.firms = {deployment().accounts[deployment().sessions[at].default_account.value].firm,
                  text<4>("NONE")};
    plan.numbers.resize(deployment().sessions.size());
    plan.numbers[at] = 40;
  }
  void add(Message message) {
    message.session = at;
    plan.messages.push_back(message);
  }
  [[nodiscard]] std::string request(Message message) const {
    message.session = at;
    return JsonOrders(plan, deployment(), "r1").request(message, 7, kNowMs);
  }
  // The op, and what stands in args[0].
  [[nodiscard]] std::string short_form(const Message& message) const {
    const std::string whole = request(message);
    if (whole.empty()) return "";
    const std::size_t op = whole.find("order.");
    const std::size_t args = whole.find("[{") + 2;
    return whole.substr(op, whole.find('"', op) - op) + " " +
           whole.substr(args, whole.size() - args - 3);
  }
};

constexpr Message kEnter{.price = 64'250'500, .number = 12, .quantity = 250, .symbol = 0};

std::string link(int number) {
  return fmt::format(R"("orderLinkId":"r1-{}-{}")", session("ALPHA2"), number);
}

TEST(ClientJsonOrders, AnEnterIsACreate) {
  EXPECT_EQ(Written().request(kEnter),
            R"({"op":"order.create","reqId":"7","header":{"X-BAPI-TIMESTAMP":"1795328571062",)"
            R"("X-BAPI-RECV-WINDOW":"5000"},"args":[{"category":"linear","symbol":"BTCUSDT",)"
            R"("side":"Buy","orderType":"Limit","qty":"0.25","price":"64250.5",)"
            R"("timeInForce":"GTC",)" +
                link(12) + "}]}");
}

// The enter with one thing changed; what changes in the text, or that there is none.
struct Variant {
  const char* what;
  void (*change)(Message&);
  const char* expected;  // a part of the text; "": there is no form
};

TEST(ClientJsonOrders, WhatAnEnterSaysHasItsWordOrNoForm) {
  using ouch::Side;
  using ouch::TimeInForce;
  const Variant variants[] = {
      {"sell", [](Message& m) { m.side = Side::Sell; }, R"("side":"Sell")"},
      {"short", [](Message& m) { m.side = Side::SellShort; }, R"("side":"Sell")"},
      {"exempt", [](Message& m) { m.side = Side::SellShortExempt; }, R"("side":"Sell")"},
      {"no side", [](Message& m) { m.side = Side{'X'}; }, R"("side":"X")"},
      {"ioc", [](Message& m) { m.time_in_force = TimeInForce::ImmediateOrCancel; },
       R"("timeInForce":"IOC")"},
      {"other life", [](Message& m) { m.time_in_force = TimeInForce::GoodTillExtended; },
       R"("timeInForce":"GTX")"},
      {"post-only", [](Message& m) { m.extra = Extra::PostOnly; }, R"("timeInForce":"PostOnly")"},
      {"immediate post-only",
       [](Message& m) {
         m.extra = Extra::PostOnly;
         m.time_in_force = TimeInForce::ImmediateOrCancel;
       },
       ""},
      {"all or none",
       [](Message& m) {
         m.extra = Extra::AllOrNone;
         m.time_in_force = TimeInForce::ImmediateOrCancel;
       },
       R"("timeInForce":"FOK")"},
      {"resting all or none", [](Message& m) { m.extra = Extra::AllOrNone; }, ""},
      {"pegged", [](Message& m) { m.extra = Extra::Pegged; }, ""},
      {"hidden", [](Message& m) { m.display = ouch::kDisplayHidden; }, ""},
      {"no display", [](Message& m) { m.display = '!'; }, ""},
      {"own firm", [](Message& m) { m.firm = 0; }, R"("price":"64250.5")"},
      {"foreign firm", [](Message& m) { m.firm = 1; }, ""},
      {"market", [](Message& m) { m.price = ouch::kMarketPrice; },
       R"("orderType":"Market","qty":"0.25","timeInForce")"},
      {"market, the other way", [](Message& m) { m.price = ouch::kMarketPriceAlt; },
       R"("orderType":"Market","qty":"0.25","timeInForce")"},
      {"off tick", [](Message& m) { ++m.price; }, R"("price":"64250.501")"},
      {"nothing", [](Message& m) { m.price = 0; }, R"("price":"0")"},
      {"beyond the wire", [](Message& m) { m.price = ouch::kPriceMax + 3; },
       R"("price":"2000000.002")"},
      {"no quantity", [](Message& m) { m.quantity = 0; }, R"("qty":"0")"},
      {"a thousand and one", [](Message& m) { m.quantity = 1'001; }, R"("qty":"1.001")"},
      {"shares", [](Message& m) { m.symbol = 1; }, R"("symbol":"AMZN",)"},
      {"shares in whole ones", [](Message& m) { m.symbol = 1; },
       R"("qty":"250","price":"6425.05")"},
      {"thousands", [](Message& m) { m.symbol = 3; }, R"("qty":"250000","price":"642.505")"},
      {"unknown symbol", [](Message& m) { m.symbol = 2; },
       R"("category":"linear","symbol":"NOPE","side":"Buy","orderType":"Limit","qty":"250","price":"6425.05")"},
      {"no symbol", [](Message& m) { m.symbol = kNone16; }, R"("symbol":"")"},
  };
  for (const Variant& variant : variants) {
    Message message = kEnter;
    variant.change(message);
    const std::string found = Written().request(message);
    if (*variant.expected == '\0') {
      EXPECT_EQ(found, "") << variant.what;
    } else {
      EXPECT_NE(found.find(variant.expected), std::string::npos) << variant.what << ": " << found;
    }
  }
}

TEST(ClientJsonOrders, AnOrderKeepsItsNameThroughItsReplaces) {
  Written written;
  written.add(kEnter);
  const Message first{
      .price = 64'251'000, .number = 13, .original = 12, .quantity = 100, .kind = Kind::Replace};
  written.add(first);
  const Message second{
      .price = 64'251'500, .number = 14, .original = 13, .quantity = 90, .kind = Kind::Replace};
  written.add(second);
  const std::string head = R"("category":"linear","symbol":"BTCUSDT",)" + link(12);
  EXPECT_EQ(written.short_form(first), "order.amend " + head + R"(,"qty":"0.1","price":"64251")");
  EXPECT_EQ(written.short_form(second),
            "order.amend " + head + R"(,"qty":"0.09","price":"64251.5")");
  EXPECT_EQ(written.short_form({.number = 14, .kind = Kind::Cancel}), "order.cancel " + head);
  EXPECT_EQ(written.short_form({.number = 13, .quantity = 40, .kind = Kind::Cancel}),
            "order.amend " + head + R"(,"qty":"0.04")");
  const JsonOrders orders(written.plan, deployment(), "r1");
  EXPECT_EQ(orders.link(written.at, 14), fmt::format("r1-{}-12", written.at));
  EXPECT_EQ(orders.link(written.at, 15), "");
  EXPECT_EQ(orders.link(written.at, 1'000'000), "");
}

TEST(ClientJsonOrders, WhatIsNotThereIsAskedForByItsOwnName) {
  const std::string head = R"("category":"linear","symbol":"BTCUSDT",)" + link(1'000'040);
  EXPECT_EQ(Written().short_form({.number = 1'000'040, .kind = Kind::Cancel}),
            "order.cancel " + head);
  EXPECT_EQ(Written().short_form({.price = 64'250'500,
                                  .number = 13,
                                  .original = 1'000'040,
                                  .quantity = 1,
                                  .kind = Kind::Replace}),
            "order.amend " + head + R"(,"qty":"0.001","price":"64250.5")");
}

TEST(ClientJsonOrders, ARepeatHasTheNameOfTheOrderThatHadItsNumber) {
  Written written;
  written.add(kEnter);
  written.add({.price = 1, .number = 13, .original = 12, .quantity = 1, .kind = Kind::Replace});
  written.add({.number = 14, .kind = Kind::MassCancel});
  Message repeat = kEnter;
  repeat.kind = Kind::Repeat;
  for (const std::uint32_t number : {12U, 13U}) {
    repeat.number = number;
    EXPECT_NE(written.short_form(repeat).find("order.create "), std::string::npos);
    EXPECT_NE(written.short_form(repeat).find(link(12)), std::string::npos);
  }
  repeat.number = 14;
  EXPECT_EQ(written.short_form(repeat), "") << "it would be a new order";
}

TEST(ClientJsonOrders, SomeKindsHaveNoForm) {
  for (const Kind kind : {Kind::MassCancel, Kind::Disable, Kind::Enable, Kind::Query}) {
    EXPECT_EQ(Written().request({.number = 1, .kind = kind}), "") << name(kind);
  }
}

TEST(ClientJsonOrders, APriceThatIsNoFiniteDecimalHasNoForm) {
  config::Deployment thirds = deployment();
  Written written;
  thirds.sessions[written.at].aliases[0].price_per_tick = 3;
  Message message = kEnter;
  message.session = written.at;
  message.price = 3;
  const JsonOrders orders(written.plan, thirds, "r1");
  EXPECT_NE(orders.request(message, 7, kNowMs).find(R"("price":"0.5")"), std::string::npos);
  message.price = 4;
  EXPECT_EQ(orders.request(message, 7, kNowMs), "");
  message.kind = Kind::Replace;
  EXPECT_EQ(orders.request(message, 7, kNowMs), "");
}

// --- with the gate's own decoder

struct Read {
  json::Decoder decoder{json::DecoderLimits{}};
  std::string frame;

  const json::Request& operator()(std::string_view text) {
    frame.assign(text);
    frame.append(json::kFramePadding, ' ');
    return decoder.decode(std::string_view(frame).substr(0, text.size()));
  }
};

TEST(ClientJsonOrders, WhatIsMalformedIsRefusedByTheDecoder) {
  Read read;
  const auto fault = [&](Malformed malformed) -> const json::Request& {
    return read(Written().request({.number = 3, .kind = Kind::Malformed, .malformed = malformed}));
  };
  EXPECT_EQ(fault(Malformed::UnknownType).fault.code, json::kUnknownOp);
  EXPECT_TRUE(fault(Malformed::CutOff).malformed);
  const json::Request& unknown = fault(Malformed::BrokenAppendage);
  ASSERT_EQ(unknown.orders.size(), 1);
  EXPECT_EQ(unknown.orders[0].fault.text, "there is no parameter \"appendage\" of order.amend");
  const json::Request& unsupported = fault(Malformed::Modify);
  ASSERT_EQ(unsupported.orders.size(), 1);
  EXPECT_EQ(unsupported.orders[0].fault.text, "args[0].triggerPrice is not supported");
}

// What the decoder makes of a generated plan is what the OUCH message means.
TEST(ClientJsonOrders, AGeneratedPlanMeansTheSame) {
  const Market market = load_market(deployment(), test::example_folder() / "opening.csv");
  const Plan plan = generate_orders(market, {.seed = 3, .messages = 6'000, .rate_per_s = 1'000});
  const JsonOrders orders(plan, deployment(), "r1");
  const json::Symbols symbols(deployment());
  Read read;
  std::map<Kind, int> with_form;
  int faults = 0;
  for (const Message& message : plan.messages) {
    const std::string text = orders.request(message, 1, kNowMs);
    if (text.empty()) continue;
    ++with_form[message.kind];
    const json::Request& request = read(text);
    if (message.kind == Kind::Malformed) {
      EXPECT_TRUE(request.fault || request.orders.at(0).fault) << text;
      continue;
    }
    ASSERT_FALSE(request.fault) << text << ": " << request.fault.text;
    ASSERT_EQ(request.orders.size(), 1) << text;
    const json::OrderRequest& order = request.orders[0];
    if (message.kind == Kind::Enter && order.fault) {
      const bool is_wrong = message.side == ouch::Side{'X'} ||
                            message.time_in_force == ouch::TimeInForce::GoodTillExtended;
      EXPECT_TRUE(is_wrong) << text << ": " << order.fault.text;
      ++faults;
      continue;
    }
    ASSERT_FALSE(order.fault) << text << ": " << order.fault.text;
    if (message.kind != Kind::Enter) continue;
    EXPECT_EQ(order.link, orders.link(message.session, message.number));
    const risk::NewOrder made = json::new_order(order, symbols);
    const auto& aliases = deployment().sessions[message.session].aliases;
    const auto alias = std::find_if(aliases.begin(), aliases.end(), [&](const auto& a) {
      return std::ranges::equal(a.symbol, plan.symbols[message.symbol]);
    });
    if (alias == aliases.end()) {
      EXPECT_FALSE(made.instrument.exists()) << text;
      continue;
    }
    ASSERT_EQ(made.instrument, alias->instrument) << text;
    EXPECT_EQ(made.side == risk::Side::Buy, message.side == ouch::Side::Buy) << text;
    EXPECT_EQ((made.flags & risk::kPostOnly) != 0, message.extra == Extra::PostOnly) << text;
    if ((made.flags & risk::kOffLot) == 0) {
      EXPECT_EQ(made.quantity.raw * alias->quantity_per_lot, message.quantity) << text;
    }
    const bool is_market = message.price == ouch::kMarketPrice;
    EXPECT_EQ(made.ord_type == risk::OrdType::Market, is_market) << text;
    if (is_market || made.form != risk::RejectReason::None) continue;
    const bool on_tick = message.price % static_cast<std::uint64_t>(alias->price_per_tick) == 0;
    EXPECT_EQ((made.flags & risk::kOffTick) == 0, on_tick) << text;
    if (on_tick) {
      EXPECT_EQ(made.price.raw * alias->price_per_tick, static_cast<std::int64_t>(message.price));
    }
  }
  EXPECT_GT(with_form[Kind::Enter], 500);
  EXPECT_GT(with_form[Kind::Replace], 20);
  EXPECT_GT(with_form[Kind::Cancel], 500);
  EXPECT_GT(with_form[Kind::Malformed], 5);
  EXPECT_GT(faults, 0);
  EXPECT_EQ(with_form[Kind::MassCancel] + with_form[Kind::Query], 0);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_json_orders_test
