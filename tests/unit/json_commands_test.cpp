// From decoded requests to the engine's commands: lots, ticks, lives and flags.
#include "gateway/json/commands.h"

#include <gtest/gtest.h>

#include "tests/support/json_deployment.h"

namespace portcullis::gateway::json::json_commands_test {
namespace {

using risk::RejectReason;

class JsonCommands : public testing::Test {
 protected:
  // BTCUSDT: lots of 0.001, ticks of 0.5.
  static OrderRequest limit(std::string_view quantity, std::string_view price) {
    OrderRequest request;
    request.category = Category::Linear;
    request.symbol = "BTCUSDT";
    request.quantity = {quantity, true};
    request.price = {price, true};
    return request;
  }
  static OrderRequest in_json_numbers(std::string_view quantity, std::string_view price) {
    OrderRequest request = limit(quantity, price);
    request.quantity.quoted = request.price.quoted = false;
    return request;
  }
  [[nodiscard]] risk::NewOrder order(const OrderRequest& request) const {
    return new_order(request, symbols_);
  }

  const config::Deployment deployment_ = test::deployment_with_symbols();
  const Symbols symbols_{deployment_};
  const risk::InstrumentIndex btc_ = symbols_.find(Category::Linear, "BTCUSDT");
};

TEST_F(JsonCommands, SymbolsAreOfTheirCategory) {
  ASSERT_TRUE(btc_.exists());
  EXPECT_EQ(btc_, deployment_.names.instruments.find("BTC-PERP"));
  EXPECT_FALSE(symbols_.find(Category::Inverse, "BTCUSDT").exists());
  EXPECT_FALSE(symbols_.find(Category::None, "BTCUSDT").exists());
  EXPECT_FALSE(symbols_.find(Category::Linear, "BTC-PERP").exists());
  EXPECT_FALSE(symbols_.find(Category::Linear, "").exists());  // EUR/USD has none
  EXPECT_EQ(symbols_.name(btc_), "BTCUSDT");
  EXPECT_EQ(symbols_.name(deployment_.names.instruments.find("EUR/USD")), "EUR/USD");
  EXPECT_EQ(symbols_.price(btc_, {128'501}), "64250.5");
  EXPECT_EQ(symbols_.mark(btc_, {642'505}), "64250.5");
  EXPECT_EQ(symbols_.quantity(btc_, 250), "0.25");
}

TEST_F(JsonCommands, EveryKindHasItsCategory) {
  const config::Deployment model = test::model_with_symbols();
  const Symbols symbols(model);
  for (const auto& [name, category] :
       {std::pair<std::string_view, Category>{"BTC-PERP", Category::Inverse},
        {"BTC-MAR", Category::Inverse},
        {"BTC-C", Category::Option},
        {"ETH-PERP", Category::Linear},
        {"SOL-MAR", Category::Linear},
        {"SPY", Category::Linear},
        {"EUR/USD", Category::Linear},
        {"BTC-USDC", Category::Spot}}) {
    EXPECT_EQ(symbols.find(category, name), model.names.instruments.find(name)) << name;
    for (const Category other :
         {Category::Spot, Category::Linear, Category::Inverse, Category::Option}) {
      EXPECT_EQ(symbols.find(other, name).exists(), other == category) << name;
    }
  }
}

TEST_F(JsonCommands, WholeLotsAndTicks) {
  const risk::NewOrder taken = order(limit("0.25", "64250.5"));
  EXPECT_EQ(taken.instrument, btc_);
  EXPECT_EQ(taken.quantity.raw, 250);
  EXPECT_EQ(taken.price.raw, 128'501);
  EXPECT_EQ(taken.side, risk::Side::Buy);
  EXPECT_EQ(taken.ord_type, risk::OrdType::Limit);
  EXPECT_EQ(taken.min_quantity.raw, 0);
  EXPECT_EQ(taken.form, RejectReason::None);
  EXPECT_EQ(taken.unsupported, RejectReason::None);
  EXPECT_EQ(taken.flags, 0);
  // The same numbers in other words.
  for (const OrderRequest& request :
       {limit("00.2500", "064250.50"), in_json_numbers("0.25", "64250.5"),
        in_json_numbers("25e-2", "6.42505e4"), in_json_numbers("2.5E-1", "642505E-1")}) {
    EXPECT_EQ(order(request).quantity.raw, 250) << request.quantity.text;
    EXPECT_EQ(order(request).price.raw, 128'501) << request.price.text;
    EXPECT_EQ(order(request).flags, 0);
  }
}

TEST_F(JsonCommands, QuantitiesThatAreNoLots) {
  const std::int64_t most =
      deployment_.instruments[btc_.value].venue.quantity_max.raw;  // in lots of 0.001
  for (const std::string_view quantity :
       {"0.0001", "0.2505", "0", "-1", "-0.001", "0.00000000000000000000000001", "1000000000000",
        "999999999999999999999999999999",
        "0.000000000000000000000000000000000000000000000000000000000000000000000001"}) {
    const risk::NewOrder taken = order(limit(quantity, "64250.5"));
    EXPECT_EQ(taken.flags, risk::kOffLot) << quantity;
    EXPECT_EQ(taken.form, RejectReason::None);
    EXPECT_GE(taken.quantity.raw, 0);
    EXPECT_LE(taken.quantity.raw, most);
  }
  EXPECT_EQ(order(in_json_numbers("1e400", "64250.5")).flags, risk::kOffLot);
  EXPECT_EQ(order(in_json_numbers("1e-400", "64250.5")).flags, risk::kOffLot);
  const std::string last = symbols_.quantity(btc_, most);
  EXPECT_EQ(order(limit(last, "64250.5")).flags, 0) << last;
  EXPECT_EQ(order(limit(last, "64250.5")).quantity.raw, most);
  const std::string beyond = symbols_.quantity(btc_, most + 1);
  EXPECT_EQ(order(limit(beyond, "64250.5")).flags, risk::kOffLot);
  EXPECT_EQ(order(limit(beyond, "64250.5")).quantity.raw, most);
}

TEST_F(JsonCommands, PricesThatAreNoTicks) {
  for (const std::string_view price : {"64250.4", "64250.51", "0.1", "0.25", "1e-3"}) {
    const risk::NewOrder taken = order(in_json_numbers("0.25", price));
    EXPECT_EQ(taken.flags, risk::kOffTick) << price;
    EXPECT_EQ(taken.form, RejectReason::None) << price;
  }
  const std::int64_t most = deployment_.instruments[btc_.value].venue.price_max.raw;
  const std::string beyond = symbols_.price(btc_, {most + 1});
  for (const char* const price :
       {"0", "-1", "-64250.7", "1e30", "99999999999999999999", "-0", beyond.c_str()}) {
    const risk::NewOrder taken = order(in_json_numbers("0.25", price));
    EXPECT_EQ(taken.form, RejectReason::InvalidPrice) << price;
    EXPECT_GE(taken.price.raw, 0);
    EXPECT_LE(taken.price.raw, most);
  }
  const std::string last = symbols_.price(btc_, {most});
  EXPECT_EQ(order(limit("0.25", last)).form, RejectReason::None);
  EXPECT_EQ(order(limit("0.25", last)).price.raw, most);
}

TEST_F(JsonCommands, LivesAndTypes) {
  using enum risk::TimeInForce;
  struct Row {
    risk::OrdType type;
    Life life;
    risk::TimeInForce becomes;
    std::uint16_t flags;
  };
  for (const Row& row : std::initializer_list<Row>{
           {risk::OrdType::Limit, Life::NotGiven, Day, 0},
           {risk::OrdType::Limit, Life::GoodTillCancel, Day, 0},
           {risk::OrdType::Limit, Life::ImmediateOrCancel, ImmediateOrCancel, 0},
           {risk::OrdType::Limit, Life::FillOrKill, FillOrKill, 0},
           {risk::OrdType::Limit, Life::PostOnly, Day, risk::kPostOnly},
           {risk::OrdType::Market, Life::NotGiven, ImmediateOrCancel, 0},
           {risk::OrdType::Market, Life::GoodTillCancel, Day, 0},
           {risk::OrdType::Market, Life::FillOrKill, FillOrKill, 0},
           {risk::OrdType::Market, Life::PostOnly, Day, risk::kPostOnly},
       }) {
    OrderRequest request = limit("0.25", "64250.5");
    request.ord_type = row.type;
    request.life = row.life;
    const risk::NewOrder taken = order(request);
    EXPECT_EQ(taken.ord_type, row.type);
    EXPECT_EQ(taken.time_in_force, row.becomes) << static_cast<int>(row.life);
    EXPECT_EQ(taken.flags, row.flags);
    EXPECT_EQ(taken.min_quantity.raw, 0);  // all of a FillOrKill goes without saying
  }
  OrderRequest request = limit("0.25", "");
  request.ord_type = risk::OrdType::Market;
  request.side = risk::Side::Sell;
  request.reduce_only = true;
  const risk::NewOrder taken = order(request);
  EXPECT_EQ(taken.form, RejectReason::None);
  EXPECT_EQ(taken.side, risk::Side::Sell);
  EXPECT_EQ(taken.flags, risk::kReduceOnly);
  EXPECT_EQ(taken.price.raw, 0);
}

TEST_F(JsonCommands, AnUnknownSymbolIsLeftToTheEngine) {
  OrderRequest request = limit("0.25", "64250.5");
  request.symbol = "XRPUSDT";
  EXPECT_FALSE(order(request).instrument.exists());
  request.symbol = "BTCUSDT";
  request.category = Category::Spot;
  EXPECT_FALSE(order(request).instrument.exists());
}

TEST_F(JsonCommands, AmendsChangeWhatTheyGive) {
  const Terms terms{.instrument = btc_, .quantity = {500}, .price = {100'000}, .post_only = true};
  OrderRequest request;
  request.quantity = {"0.25", true};
  risk::ReplaceOrder taken = replace_order(request, terms, symbols_);
  EXPECT_EQ(taken.total.raw, 250);
  EXPECT_EQ(taken.price.raw, 100'000);
  EXPECT_EQ(taken.flags, risk::kPostOnly);
  EXPECT_EQ(taken.form, RejectReason::None);
  request.quantity = {};
  request.price = {"64250.5", false};
  taken = replace_order(request, terms, symbols_);
  EXPECT_EQ(taken.total.raw, 500);
  EXPECT_EQ(taken.price.raw, 128'501);
  request.price = {"64250.4", false};
  EXPECT_EQ(replace_order(request, terms, symbols_).flags, risk::kPostOnly | risk::kOffTick);
  request.price = {"-1", true};
  EXPECT_EQ(replace_order(request, terms, symbols_).form, RejectReason::InvalidPrice);
  request.price = {};
  request.quantity = {"0.0001", true};
  EXPECT_EQ(
      replace_order(request, {.instrument = btc_, .quantity = {1}, .price = {1}}, symbols_).flags,
      risk::kOffLot);
}

TEST_F(JsonCommands, Names) {
  EXPECT_EQ(text_of(order_name("gate-1")), "gate-1");
  EXPECT_EQ(text_of(order_name("")), "");
  const std::string longest(kLinkMax, 'x');
  EXPECT_EQ(text_of(order_name(longest)), longest);
}

}  // namespace
}  // namespace portcullis::gateway::json::json_commands_test
