// What is told of orders, executions, positions and money.
#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "gateway/json/commands.h"
#include "gateway/json/encode.h"
#include "risk/types.h"

namespace portcullis::gateway::json {

namespace {

using risk::Int128;
using risk::kNsPerMs;

std::int64_t ms(risk::Timestamp time) { return time.ns / kNsPerMs; }

std::string_view side_name(risk::Side side) { return side == risk::Side::Buy ? "Buy" : "Sell"; }

std::string_view type_name(risk::OrdType type) {
  return type == risk::OrdType::Limit ? "Limit" : "Market";
}

std::string_view life_name(const Order& order) {
  switch (order.time_in_force) {
    case risk::TimeInForce::ImmediateOrCancel:
      return "IOC";
    case risk::TimeInForce::FillOrKill:
      return "FOK";
    case risk::TimeInForce::Day:
    case risk::TimeInForce::GoodTillCancel:
      break;
  }
  return order.post_only ? "PostOnly" : "GTC";
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::Created:
      return "Created";
    case Status::New:
      return "New";
    case Status::PartiallyFilled:
      return "PartiallyFilled";
    case Status::Filled:
      return "Filled";
    case Status::Cancelled:
      return "Cancelled";
    case Status::PartiallyFilledCanceled:
      return "PartiallyFilledCanceled";
    case Status::Rejected:
      break;
  }
  return "Rejected";
}

std::string_view cancel_type(const Order& order) {
  if (order.cancel_reason == static_cast<char>(ouch::CancelReason::UserRequested))
    return "CancelByUser";
  if (order.cancel_reason == static_cast<char>(ouch::CancelReason::Supervisory))
    return "CancelByAdmin";
  if (order.cancel_reason == static_cast<char>(ouch::CancelReason::SelfMatchPrevention))
    return "CancelBySmp";
  return "UNKNOWN";
}

// Members that say nothing here.
void blanks(Writer& out, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) out.text(name, "");
}

// Units of an asset.
std::string amount(Int128 units, risk::AssetIndex asset, const Symbols& symbols) {
  return config::to_decimal(units, symbols.deployment().assets[asset.value].decimals);
}

struct Contract {
  const risk::InstrumentParameters& parameters;
  risk::InstrumentIndex index;
  const Symbols& symbols;

  Contract(risk::InstrumentIndex instrument, const Symbols& with)
      : parameters(with.deployment().parameters.instruments[instrument.value]),
        index(instrument),
        symbols(with) {}

  [[nodiscard]] std::string_view category() const { return name_of(symbols.category(index)); }
  [[nodiscard]] std::string_view market_unit() const {
    return parameters.payoff == risk::Payoff::Spot ? "baseCoin" : "";
  }
  [[nodiscard]] std::string quantity(risk::Lots lots) const {
    return symbols.quantity(index, lots.raw);
  }
  [[nodiscard]] std::string price(risk::Price price) const { return symbols.price(index, price); }
  // What lots are worth at a price.
  [[nodiscard]] std::string value(risk::Price price, risk::Lots lots) const {
    return settlement(value_of(symbols.deployment(), index, price, lots));
  }
  [[nodiscard]] std::string settlement(Int128 units) const {
    return amount(units, parameters.settlement, symbols);
  }
  [[nodiscard]] std::string_view settlement_name() const {
    return symbols.deployment().names.assets.name(parameters.settlement);
  }
  [[nodiscard]] std::string fee(risk::Price price, risk::Lots lots) const {
    return settlement(Int128{risk::fee_per_lot(parameters, price)} * lots.raw);
  }
  // The price at which lots are worth so much, cut off some places behind those of a price.
  [[nodiscard]] std::string average(Int128 value, risk::Lots lots) const {
    if (value <= 0 || lots.raw <= 0) return "";
    constexpr int kMorePlaces = 6;
    constexpr Int128 kMore = 1'000'000;
    const int places = symbols.deployment().instruments[index.value].mark_decimals;
    const Int128 units = Int128{parameters.units_per_lot_mark} * lots.raw;
    const bool inverse = parameters.payoff == risk::Payoff::Inverse;
    return config::to_decimal(inverse ? units * kMore / value : value * kMore / units,
                              places + kMorePlaces);
  }
};

}  // namespace

void write_order(Writer& out, const Order& order, const Symbols& symbols) {
  const Contract contract(order.instrument, symbols);
  const bool refused = order.status == Status::Rejected;
  out.begin_object().text("category", contract.category());
  out.text("symbol", symbols.name(order.instrument));
  out.text("orderId", text_of(order.id)).text("orderLinkId", text_of(order.link));
  out.text("side", side_name(order.side)).number("positionIdx", 0);
  out.text("orderStatus", status_name(order.status)).text("createType", "CreateByUser");
  out.text("cancelType", cancel_type(order));
  out.text("rejectReason", refused ? "EC_Others" : "EC_NoError");
  if (refused) {
    out.text("rejectText", order.reason != risk::RejectReason::None
                               ? std::string(risk::info(order.reason).name)
                               : fmt::format("venue code {:#04x}", order.venue_code));
  }
  out.text("orderType", type_name(order.ord_type)).text("timeInForce", life_name(order));
  out.text("price", contract.price(order.price)).text("qty", contract.quantity(order.quantity));
  out.text("avgPrice", contract.average(order.value, order.executed));
  out.text("leavesQty", contract.quantity(order.leaves()));
  out.text("leavesValue", contract.value(order.price, order.leaves()));
  out.text("cumExecQty", contract.quantity(order.executed));
  out.text("cumExecValue", contract.settlement(order.value));
  out.text("cumExecFee", contract.settlement(order.fees));
  out.text("feeCurrency", contract.settlement_name()).text("marketUnit", contract.market_unit());
  out.boolean("reduceOnly", order.reduce_only).boolean("closeOnTrigger", false);
  out.number("triggerDirection", 0).text("smpType", "None").number("smpGroup", 0);
  blanks(out, {"blockTradeId", "isLeverage", "closedPnl", "stopOrderType", "orderIv",
               "triggerPrice", "takeProfit", "stopLoss", "tpslMode", "tpLimitPrice", "slLimitPrice",
               "tpTriggerBy", "slTriggerBy", "triggerBy", "placeType", "smpOrderId", "basePrice",
               "ocoTriggerType", "lastPriceOnCreated"});
  out.text("createdTime", ms(order.created)).text("updatedTime", ms(order.updated)).end_object();
}

void write_execution(Writer& out, const Execution& execution, const Symbols& symbols) {
  const Contract contract(execution.instrument, symbols);
  out.begin_object().text("category", contract.category());
  out.text("symbol", symbols.name(execution.instrument));
  out.text("orderId", text_of(execution.order_id)).text("orderLinkId", text_of(execution.link));
  out.text("side", side_name(execution.side)).text("orderType", type_name(execution.ord_type));
  out.text("orderPrice", contract.price(execution.order_price));
  out.text("orderQty", contract.quantity(execution.order_quantity));
  out.text("leavesQty", contract.quantity(execution.leaves));
  out.text("createType", "CreateByUser").text("stopOrderType", "UNKNOWN");
  out.text("execId", execution_id(execution));
  out.text("execType", execution.broken ? "BrokenTrade" : "Trade");
  out.text("execPrice", contract.price(execution.price));
  out.text("execQty", contract.quantity(execution.quantity));
  out.text("execValue", contract.value(execution.price, execution.quantity));
  out.text("execTime", ms(execution.time));
  out.boolean("isMaker", execution.liquidity == ouch::kLiquidityAdded);
  out.text("execFee", contract.fee(execution.price, execution.quantity));
  out.text("feeRate", config::to_decimal(contract.parameters.fee_ppm, config::kPpmScale));
  out.text("feeCurrency", contract.settlement_name()).text("marketUnit", contract.market_unit());
  blanks(out, {"isLeverage", "execPnl", "tradeIv", "markIv", "markPrice", "indexPrice",
               "underlyingPrice", "blockTradeId", "closedSize", "extraFees"});
  out.number("seq", static_cast<std::int64_t>(execution.sequence)).end_object();
}

void write_position(Writer& out, const Position& position, const Symbols& symbols) {
  const Contract contract(position.instrument, symbols);
  const std::int64_t lots = position.lots.raw;
  const Int128 size = lots < 0 ? -Int128{lots} : Int128{lots};
  const std::int64_t marks = position.mark.raw;
  const bool priced = marks > 0;
  const Int128 units = Int128{contract.parameters.units_per_lot_mark} * size;
  Int128 value = units * marks;
  if (priced && contract.parameters.payoff == risk::Payoff::Inverse) value = units / marks;
  out.begin_object().text("category", contract.category());
  out.text("symbol", symbols.name(position.instrument)).number("positionIdx", 0);
  out.text("side", lots == 0 ? "" : lots > 0 ? "Buy" : "Sell");
  out.text("size", symbols.quantity(position.instrument, size));
  out.text("markPrice", priced ? symbols.mark(position.instrument, position.mark) : "");
  out.text("positionValue", priced ? contract.settlement(value) : "");
  out.text("unrealisedPnl", contract.settlement(position.unrealised.raw));
  out.text("positionStatus", "Normal").number("tradeMode", 0).number("autoAddMargin", 0);
  out.number("riskId", 0).number("adlRankIndicator", 0).boolean("isReduceOnly", false);
  // What it was entered at is in its gain, and margin is the account's, not a position's.
  blanks(out, {"avgPrice",
               "entryPrice",
               "breakEvenPrice",
               "sessionAvgPrice",
               "curRealisedPnl",
               "cumRealisedPnl",
               "riskLimitValue",
               "leverage",
               "positionBalance",
               "positionIM",
               "positionMM",
               "positionIMByMp",
               "positionMMByMp",
               "liqPrice",
               "bustPrice",
               "tpslMode",
               "takeProfit",
               "stopLoss",
               "trailingStop",
               "delta",
               "gamma",
               "vega",
               "theta",
               "mmrSysUpdatedTime",
               "leverageSysUpdatedTime",
               "createdTime"});
  out.text("updatedTime", ms(position.updated)).number("openTime", 0);
  out.number("seq", static_cast<std::int64_t>(position.sequence)).end_object();
}

void write_wallet(Writer& out, const Wallet& wallet, const Symbols& symbols) {
  const risk::MarginReport& margin = wallet.margin;
  const auto quanta = [&](Int128 value) {
    return config::to_decimal(value, symbols.deployment().risk_decimals);
  };
  out.begin_object().text("accountType", "UNIFIED");
  out.text("totalEquity", quanta(margin.equity.raw));
  out.text("totalMarginBalance", quanta(margin.equity.raw));
  out.text("totalAvailableBalance", quanta(margin.available.raw));
  // All that the margin holds back, open orders' costs among it.
  out.text("totalInitialMargin", quanta(Int128{margin.requirement.raw} + margin.costs.raw));
  out.text("totalMaintenanceMargin", quanta(margin.maintenance_requirement.raw));
  blanks(out, {"totalWalletBalance", "totalPerpUPL", "accountLTV", "accountIMRate", "accountMMRate",
               "accountIMRateByMp", "accountMMRateByMp", "totalInitialMarginByMp",
               "totalMaintenanceMarginByMp"});
  out.key("coin").begin_list();
  for (const Holding& holding : wallet.holdings) {
    const auto units = [&](Int128 value) { return amount(value, holding.asset, symbols); };
    out.begin_object().text("coin", symbols.deployment().names.assets.name(holding.asset));
    out.text("equity", units(holding.balance.raw - holding.borrowed.raw + holding.unrealised.raw));
    out.text("walletBalance", units(holding.balance.raw));
    out.text("borrowAmount", units(holding.borrowed.raw));
    out.text("unrealisedPnl", units(holding.unrealised.raw));
    out.boolean("collateralSwitch", true).boolean("marginCollateral", true);
    blanks(out, {"usdValue", "locked", "free", "spotHedgingQty", "availableToBorrow",
                 "availableToWithdraw", "accruedInterest", "totalOrderIM", "totalPositionIM",
                 "totalPositionMM", "cumRealisedPnl", "bonus", "spotBorrow"});
    out.end_object();
  }
  out.end_list().end_object();
}

}  // namespace portcullis::gateway::json
