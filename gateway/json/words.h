// The words of the Bybit v5 envelope that both directions share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "config/deployment.h"

namespace portcullis::gateway::json {

enum class Category : std::uint8_t { None, Spot, Linear, Inverse, Option };
inline constexpr std::array<std::string_view, 5> kCategoryNames{"", "spot", "linear", "inverse",
                                                                "option"};
constexpr std::string_view name_of(Category category) {
  return kCategoryNames[static_cast<std::size_t>(category)];
}

// What is linear there is every contract whose gains are lots times the move of the price, shares
// and currency pairs among them.
constexpr Category category_of(config::InstrumentKind kind) {
  switch (kind) {
    case config::InstrumentKind::Spot:
      return Category::Spot;
    case config::InstrumentKind::Option:
      return Category::Option;
    case config::InstrumentKind::InversePerpetual:
    case config::InstrumentKind::InverseFuture:
      return Category::Inverse;
    case config::InstrumentKind::Perpetual:
    case config::InstrumentKind::Future:
    case config::InstrumentKind::Equity:
    case config::InstrumentKind::Fx:
      break;
  }
  return Category::Linear;
}

enum class Op : std::uint8_t {
  None,  // not known
  Auth,
  Ping,
  Pong,
  Subscribe,
  Unsubscribe,
  Create,
  Amend,
  Cancel,
  CreateBatch,
  AmendBatch,
  CancelBatch,
};
inline constexpr std::array<std::string_view, 12> kOpNames{"",
                                                           "auth",
                                                           "ping",
                                                           "pong",
                                                           "subscribe",
                                                           "unsubscribe",
                                                           "order.create",
                                                           "order.amend",
                                                           "order.cancel",
                                                           "order.create-batch",
                                                           "order.amend-batch",
                                                           "order.cancel-batch"};
constexpr std::string_view name_of(Op op) { return kOpNames[static_cast<std::size_t>(op)]; }
constexpr bool is_order(Op op) { return op >= Op::Create; }
constexpr bool is_batch(Op op) { return op >= Op::CreateBatch; }

enum class Topic : std::uint8_t { Order, Execution, Position, Wallet };
inline constexpr std::array<std::string_view, 4> kTopicNames{"order", "execution", "position",
                                                             "wallet"};
constexpr std::string_view name_of(Topic topic) {
  return kTopicNames[static_cast<std::size_t>(topic)];
}

// retCodes that are not of a reason to refuse an order (risk/reject_reason.h has those).
inline constexpr std::int32_t kOk = 0;
inline constexpr std::int32_t kBadRequest = 10001;  // a parameter is wrong, or not supported
inline constexpr std::int32_t kBadTime = 10002;     // outside the receive window
inline constexpr std::int32_t kBadApiKey = 10003;
inline constexpr std::int32_t kBadSignature = 10004;
inline constexpr std::int32_t kNotPermitted = 10005;  // not this account, or a read-only session
inline constexpr std::int32_t kTooMany = 10006;       // requests, connections
inline constexpr std::int32_t kUnavailable = 10016;   // the gate cannot take it now
inline constexpr std::int32_t kLockedOut = 10018;  // the address, after too many wrong signatures
inline constexpr std::int32_t kUnknownOp = 10404;
inline constexpr std::int32_t kUnknownOrder = 110001;
inline constexpr std::int32_t kDuplicateLink = 110072;

}  // namespace portcullis::gateway::json
