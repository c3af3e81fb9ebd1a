// The parameters of an order that the decoder knows, and the operations that have them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/json/words.h"

namespace portcullis::gateway::json {

enum class Field : std::uint8_t {
  Category,
  Symbol,
  Side,
  OrderType,
  Qty,
  Price,
  TimeInForce,
  OrderLinkId,
  OrderId,
  ReduceOnly,
  MarketUnit,
  Neutral,  // of those that may only say what is the case anyway
};
// Operations that have a parameter.
enum In : std::uint8_t { kCreate = 1, kAmend = 2, kCancel = 4 };
struct FieldInfo {
  std::string_view name;
  Field field;
  std::uint8_t in;
  std::string_view neutral = {};  // the word that says nothing new
};
inline constexpr std::uint8_t kAll = kCreate | kAmend | kCancel;
inline constexpr std::array kFields = std::to_array<FieldInfo>({
    {"category", Field::Category, kAll},
    {"symbol", Field::Symbol, kAll},
    {"side", Field::Side, kCreate},
    {"orderType", Field::OrderType, kCreate},
    {"qty", Field::Qty, kCreate | kAmend},
    {"price", Field::Price, kCreate | kAmend},
    {"timeInForce", Field::TimeInForce, kCreate},
    {"orderLinkId", Field::OrderLinkId, kAll},
    {"orderId", Field::OrderId, kAmend | kCancel},
    {"reduceOnly", Field::ReduceOnly, kCreate},
    {"isLeverage", Field::Neutral, kCreate},
    {"positionIdx", Field::Neutral, kCreate},
    {"orderFilter", Field::Neutral, kCreate | kCancel, "Order"},
    {"marketUnit", Field::MarketUnit, kCreate},
    {"smpType", Field::Neutral, kCreate, "None"},
    {"closeOnTrigger", Field::Neutral, kCreate},
    {"mmp", Field::Neutral, kCreate},
    {"triggerPrice", Field::Neutral, kCreate | kAmend},
    {"triggerDirection", Field::Neutral, kCreate},
    {"triggerBy", Field::Neutral, kCreate | kAmend},
    {"takeProfit", Field::Neutral, kCreate | kAmend},
    {"stopLoss", Field::Neutral, kCreate | kAmend},
    {"tpslMode", Field::Neutral, kCreate | kAmend},
    {"tpTriggerBy", Field::Neutral, kCreate | kAmend},
    {"slTriggerBy", Field::Neutral, kCreate | kAmend},
    {"tpLimitPrice", Field::Neutral, kCreate | kAmend},
    {"slLimitPrice", Field::Neutral, kCreate | kAmend},
    {"tpOrderType", Field::Neutral, kCreate},
    {"slOrderType", Field::Neutral, kCreate},
    {"orderIv", Field::Neutral, kCreate | kAmend},
    {"slippageToleranceType", Field::Neutral, kCreate},
    {"slippageTolerance", Field::Neutral, kCreate},
    {"bboSideType", Field::Neutral, kCreate},
    {"bboLevel", Field::Neutral, kCreate},
    {"rpiTakerAccess", Field::Neutral, kCreate},
});
static_assert(kFields.size() <= 64, "one bit each");

constexpr std::uint8_t in_of(Op op) {
  switch (op) {
    case Op::Create:
    case Op::CreateBatch:
      return kCreate;
    case Op::Amend:
    case Op::AmendBatch:
      return kAmend;
    case Op::Cancel:
    case Op::CancelBatch:
      return kCancel;
    case Op::None:
    case Op::Auth:
    case Op::Ping:
    case Op::Pong:
    case Op::Subscribe:
    case Op::Unsubscribe:
      break;
  }
  return 0;
}

}  // namespace portcullis::gateway::json
