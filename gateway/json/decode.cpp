#include "gateway/json/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/decimal.h"
#include "config/json.h"
#include "config/json_walk.h"

namespace portcullis::gateway::json {

namespace {

namespace ondemand = simdjson::ondemand;
using config::at_end;
using config::is_scalar_token;
using config::is_sound;
using config::token_of;
using simdjson::error_code;

constexpr std::size_t kSymbolMax = 32;
constexpr std::size_t kOrderIdMax = 36;
constexpr std::size_t kApiKeyMax = 36;
constexpr std::size_t kSignatureMax = 128;
constexpr std::size_t kShownMax = 64;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What a client wrote, in a message to it: quoted where it is short and printable.
std::string shown(std::string_view text) {
  return text.size() <= kShownMax && is_printable(text) ? config::quote(text) : "(not shown)";
}

// --- the parameters of an order

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
constexpr std::uint8_t kAll = kCreate | kAmend | kCancel;
constexpr std::array kFields = std::to_array<FieldInfo>({
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

std::uint8_t in_of(Op op) {
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

// --- reading

// Where an order stands in the request.
struct Place {
  bool in_batch = false;
  std::size_t index = 0;
};
std::string path_of(const Place& place, std::string_view name) {
  return place.in_batch ? fmt::format("args[0].request[{}].{}", place.index, name)
                        : fmt::format("args[0].{}", name);
}

// One walk over a frame. Everything returns false after a fault of the whole request; what it reads
// is then left as it is. Faults of one order are put into it, and the walk goes on.
class Walk {
 public:
  Walk(const DecoderLimits& limits, Request& request) : limits_(limits), request_(request) {}

  // `op`: what a walk before this one has found, or None. False too where the arguments stand before
  // the op, and could not be read: op_is_late().
  bool document(ondemand::document& document, Op op) {
    request_.op = op;
    ondemand::json_type type{};
    if (document.type().get(type) != simdjson::SUCCESS) return fail("is no JSON");
    if (type != ondemand::json_type::object) return fail("a frame must be an object");
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return fail("is no JSON");
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(member).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return fail("is no JSON");
      }
      if (!top_level(key, field.value(), op)) return false;
    }
    if (!at_end(document)) return fail("there is something behind the object");
    if (op_is_late_) return true;
    if ((seen_ & kOp) == 0) return fail("op is missing");
    return check();
  }
  bool op_is_late() const { return op_is_late_; }

 private:
  enum TopLevel : unsigned { kOp = 1, kReqId = 2, kReqIdSnake = 4, kArgs = 8, kHeader = 16 };

  bool fail(std::string text) { return fail(kBadRequest, std::move(text)); }
  bool fail(std::int32_t code, std::string text) {
    request_.fault = {code, std::move(text)};
    return false;
  }
  bool once(unsigned bit, std::string_view key) {
    if ((seen_ & bit) != 0) return fail(fmt::format("{} is there twice", key));
    seen_ |= bit;
    return true;
  }

  bool top_level(std::string_view key, ondemand::value value, Op found) {
    if (key == "op") return once(kOp, key) && op(value);
    if (key == "reqId") return once(kReqId | kReqIdSnake, key) && req_id(value, key);
    if (key == "req_id") return once(kReqId | kReqIdSnake, key) && req_id(value, key);
    if (key == "header") return once(kHeader, key) && header(value);
    if (key != "args") return fail(fmt::format("there is no key {}", shown(key)));
    if (!once(kArgs, key)) return false;
    if ((seen_ & kOp) == 0 && found == Op::None) return op_is_late_ = true;  // skipped
    return args(value);
  }

  // --- scalars

  // Text of a member; none after a fault.
  std::optional<std::string_view> text(ondemand::value& value, std::string_view path) {
    ondemand::json_type type{};
    std::string_view text;
    if (value.type().get(type) == simdjson::SUCCESS && type != ondemand::json_type::string) {
      fail(fmt::format("{} must be text", path));
    } else if (value.get_string().get(text) != simdjson::SUCCESS) {
      fail(fmt::format("{} is no valid text", path));
    } else {
      return text;
    }
    return std::nullopt;
  }

  // A whole number, in JSON's form or as text.
  bool whole(ondemand::value& value, std::string_view path, std::int64_t& out) {
    ondemand::json_type type{};
    config::Decimal number{0, config::DecimalError::NotANumber};
    if (value.type().get(type) != simdjson::SUCCESS) return fail("is no JSON");
    if (type == ondemand::json_type::number) {
      number = config::parse_json_number(token_of(value), 0);
    } else if (std::string_view digits; type == ondemand::json_type::string &&
                                        value.get_string().get(digits) == simdjson::SUCCESS) {
      number = config::parse_decimal(digits, 0);
    }
    if (!number.ok()) return fail(fmt::format("{} must be a whole number", path));
    out = number.value;
    return true;
  }

  bool op(ondemand::value& value) {
    const auto name = text(value, "op");
    if (!name) return false;
    if (name->size() <= kShownMax && is_printable(*name)) request_.op_text = *name;
    const auto* const found = std::find(kOpNames.begin() + 1, kOpNames.end(), *name);
    if (found == kOpNames.end())
      return fail(kUnknownOp, fmt::format("there is no op {}", shown(*name)));
    request_.op = static_cast<Op>(found - kOpNames.begin());
    return true;
  }

  bool req_id(ondemand::value& value, std::string_view key) {
    const auto id = text(value, key);
    if (!id) return false;
    if (id->size() > kReqIdMax || !is_printable(*id)) {
      return fail(fmt::format("{} must have at most {} printable characters", key, kReqIdMax));
    }
    request_.req_id = *id;
    return true;
  }

  bool header(ondemand::value& value) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
      return fail("header must be an object");
    unsigned seen = 0;
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(member).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return fail("is no JSON");
      }
      unsigned bit = 0;
      std::int64_t number = 0;
      if (key == "X-BAPI-TIMESTAMP") {
        bit = 1;
        if (!whole(field.value(), "header.X-BAPI-TIMESTAMP", number)) return false;
        request_.timestamp_ms = number;
      } else if (key == "X-BAPI-RECV-WINDOW") {
        bit = 2;
        if (!whole(field.value(), "header.X-BAPI-RECV-WINDOW", number)) return false;
        request_.recv_window_ms = number;
      } else if (key == "Referer") {  // who made the client: of no interest
        bit = 4;
        if (!text(field.value(), "header.Referer")) return false;
      } else {
        return fail(fmt::format("there is no key {} in header", shown(key)));
      }
      if ((seen & bit) != 0) return fail(fmt::format("header.{} is there twice", key));
      seen |= bit;
    }
    return true;
  }

  // --- arguments

  bool args(ondemand::value& value) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return fail("args must be a list");
    std::size_t count = 0;
    for (auto item : array) {
      ondemand::value argument;
      if (std::move(item).get(argument) != simdjson::SUCCESS) return fail("is no JSON");
      if (!arg(argument, count++)) return false;
    }
    arg_count_ = count;
    return true;
  }

  bool arg(ondemand::value& value, std::size_t index) {
    switch (request_.op) {
      case Op::Auth:
        return auth_arg(value, index);
      case Op::Subscribe:
      case Op::Unsubscribe:
        return topic(value, index);
      case Op::Ping:
      case Op::Pong: {  // a time, which is ignored
        std::int64_t ignored = 0;
        if (index > 0) return fail("args must hold at most a time");
        return whole(value, "args[0]", ignored);
      }
      case Op::Create:
      case Op::Amend:
      case Op::Cancel:
        if (index > 0) return fail("args must hold one order; there are batch forms for more");
        request_.orders.emplace_back();
        return order(value, request_.orders.back(), {});
      case Op::CreateBatch:
      case Op::AmendBatch:
      case Op::CancelBatch:
        if (index > 0) return fail("args must hold one batch");
        return batch(value);
      case Op::None:
        break;
    }
    return true;
  }

  bool auth_arg(ondemand::value& value, std::size_t index) {
    if (index == 1) return whole(value, "args[1]", request_.expires_ms);
    if (index > 2) return fail("args must be key, expiry and signature");
    const auto part = text(value, index == 0 ? "args[0]" : "args[2]");
    if (!part) return false;
    if (part->empty() || part->size() > (index == 0 ? kApiKeyMax : kSignatureMax) ||
        !is_printable(*part)) {
      return fail(index == 0 ? "args[0] is no API key" : "args[2] is no signature");
    }
    (index == 0 ? request_.api_key : request_.signature) = *part;
    return true;
  }

  bool topic(ondemand::value& value, std::size_t index) {
    if (index >= limits_.topics_max)
      return fail(fmt::format("args must have at most {} topics", limits_.topics_max));
    const auto name = text(value, "a topic");
    if (!name) return false;
    const std::size_t dot = name->find('.');
    const auto* const found =
        std::find(kTopicNames.begin(), kTopicNames.end(), name->substr(0, dot));
    const auto* category = kCategoryNames.begin();
    if (dot != std::string_view::npos) {
      category = std::find(kCategoryNames.begin() + 1, kCategoryNames.end(), name->substr(dot + 1));
    }
    if (found == kTopicNames.end() || category == kCategoryNames.end() ||
        (dot != std::string_view::npos && *found == "wallet")) {
      return fail(fmt::format("there is no topic {}", shown(*name)));
    }
    request_.topics.push_back({static_cast<Topic>(found - kTopicNames.begin()),
                               static_cast<Category>(category - kCategoryNames.begin()), *name});
    return true;
  }

  bool batch(ondemand::value& value) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
      return fail("args[0] must be an object");
    Category category = Category::None;
    unsigned seen = 0;
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(member).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return fail("is no JSON");
      }
      const unsigned bit = key == "category" ? 1U : key == "request" ? 2U : 0U;
      if (bit == 0) return fail(fmt::format("there is no key {} in args[0]", shown(key)));
      if ((seen & bit) != 0) return fail(fmt::format("args[0].{} is there twice", key));
      seen |= bit;
      if (bit == 2) {
        if (!batch_orders(field.value())) return false;
        continue;
      }
      const auto name = text(field.value(), "args[0].category");
      if (!name) return false;
      category = category_named(*name);
      if (category == Category::None)
        return fail("args[0].category " + std::string(kCategoryWords));
    }
    if ((seen & 1U) == 0) return fail("args[0].category is missing");
    if (request_.orders.empty()) return fail("args[0].request must hold at least one order");
    for (OrderRequest& order : request_.orders) order.category = category;
    return true;
  }

  bool batch_orders(ondemand::value& value) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS)
      return fail("args[0].request must be a list");
    for (auto item : array) {
      ondemand::value entry;
      if (std::move(item).get(entry) != simdjson::SUCCESS) return fail("is no JSON");
      const std::size_t index = request_.orders.size();
      if (index >= limits_.batch_max)
        return fail(fmt::format("args[0].request must hold at most {} orders", limits_.batch_max));
      request_.orders.emplace_back();
      if (!order(entry, request_.orders.back(), {true, index})) return false;
    }
    return true;
  }

  // --- an order

  static constexpr std::string_view kCategoryWords =
      "must be \"spot\", \"linear\", \"inverse\" or \"option\"";
  static Category category_named(std::string_view name) {
    const auto* const found = std::find(kCategoryNames.begin() + 1, kCategoryNames.end(), name);
    return found == kCategoryNames.end() ? Category::None
                                         : static_cast<Category>(found - kCategoryNames.begin());
  }

  // The first fault counts.
  void fault(OrderRequest& order, const Place& place, std::string_view name,
             std::string_view what) {
    if (!order.fault) order.fault = {kBadRequest, fmt::format("{} {}", path_of(place, name), what)};
  }

  bool order(ondemand::value& value, OrderRequest& order, const Place& place) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return fail(place.in_batch ? fmt::format("args[0].request[{}] must be an object", place.index)
                                 : "args[0] must be an object");
    }
    const std::uint8_t in = in_of(request_.op);
    has_side_ = has_type_ = false;
    std::uint64_t seen = 0;
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(member).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return fail("is no JSON");
      }
      const auto* const info = std::find_if(kFields.begin(), kFields.end(),
                                            [&](const FieldInfo& f) { return f.name == key; });
      // What follows a fault is only looked at as JSON (look_again).
      if (order.fault) continue;
      if (info == kFields.end() || (info->in & in) == 0 ||
          (place.in_batch && info->field == Field::Category)) {
        order.fault = {kBadRequest, fmt::format("there is no parameter {} of {}", shown(key),
                                                name_of(request_.op))};
        continue;
      }
      const std::uint64_t bit = std::uint64_t{1} << (info - kFields.begin());
      if ((seen & bit) != 0) fault(order, place, key, "is there twice");
      seen |= bit;
      if (!order.fault) parameter(field.value(), *info, order, place);
    }
    if (!order.fault) check(order, place);
    return true;
  }

  void parameter(ondemand::value& value, const FieldInfo& info, OrderRequest& order,
                 const Place& place) {
    const auto bad = [&](std::string_view what) { fault(order, place, info.name, what); };
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return bad("is no JSON");
    // Only the first character has been looked at.
    const bool is_word = type == ondemand::json_type::null || type == ondemand::json_type::boolean;
    if (is_word && !is_scalar_token(token_of(value))) return bad("is no JSON");
    if (type == ondemand::json_type::null) return;  // as if it were not there
    if (info.field == Field::Neutral) {
      if (!is_neutral(value, type, info)) bad("is not supported");
      return;
    }
    if (info.field == Field::ReduceOnly) {
      if (type != ondemand::json_type::boolean) return bad("must be true or false");
      order.reduce_only = token_of(value) == "true";
      return;
    }
    if (info.field == Field::Qty || info.field == Field::Price) {
      return number(value, type, info.field == Field::Qty ? order.quantity : order.price, bad);
    }
    std::string_view text;
    if (type != ondemand::json_type::string) return bad("must be text");
    if (value.get_string().get(text) != simdjson::SUCCESS) return bad("is no valid text");
    if (text.empty()) return;
    switch (info.field) {
      case Field::Category:
        order.category = category_named(text);
        if (order.category == Category::None) bad(kCategoryWords);
        return;
      case Field::Symbol:
        order.symbol = text;
        if (text.size() > kSymbolMax || !is_printable(text)) bad("is no symbol");
        return;
      case Field::Side:
        has_side_ = text == "Buy" || text == "Sell";
        order.side = text == "Buy" ? risk::Side::Buy : risk::Side::Sell;
        if (!has_side_) bad("must be \"Buy\" or \"Sell\"");
        return;
      case Field::OrderType:
        has_type_ = text == "Limit" || text == "Market";
        order.ord_type = text == "Limit" ? risk::OrdType::Limit : risk::OrdType::Market;
        if (!has_type_) bad("must be \"Limit\" or \"Market\"");
        return;
      case Field::TimeInForce:
        order.life = life_named(text);
        if (order.life == Life::NotGiven) bad("must be \"GTC\", \"IOC\", \"FOK\" or \"PostOnly\"");
        return;
      case Field::OrderLinkId:
        order.link = text;
        if (text.size() > kLinkMax || !std::all_of(text.begin(), text.end(), is_link_character)) {
          bad("must have 1 to 36 letters, digits, - and _");
        }
        return;
      case Field::MarketUnit:
        order.in_base_coin = text == "baseCoin";
        if (!order.in_base_coin) bad("is not supported");
        return;
      case Field::OrderId:
        order.order_id = text;
        if (text.size() > kOrderIdMax || !is_printable(text)) bad("is no order id");
        return;
      case Field::Qty:
      case Field::Price:
      case Field::ReduceOnly:
      case Field::Neutral:
        break;
    }
  }

  template <class Bad>
  static void number(ondemand::value& value, ondemand::json_type type, Number& out, Bad bad) {
    if (type == ondemand::json_type::number) {
      out = {token_of(value), false};
      if (!config::is_json_number(out.text)) bad("is not a number");
      return;
    }
    std::string_view text;
    if (type != ondemand::json_type::string) return bad("must be a decimal number");
    if (value.get_string().get(text) != simdjson::SUCCESS) return bad("is no valid text");
    out = {text, true};
    const config::DecimalError error = config::parse_decimal(text, 0).error;
    if (!text.empty() && error == config::DecimalError::NotANumber) bad("is not a number");
  }

  // It says what is the case anyway: "", 0, false or the word for it.
  static bool is_neutral(ondemand::value& value, ondemand::json_type type, const FieldInfo& info) {
    std::string_view text;
    switch (type) {
      case ondemand::json_type::boolean:
        return token_of(value) == "false";
      case ondemand::json_type::number:
        return is_zero(config::parse_json_number(token_of(value), 0));
      case ondemand::json_type::string:
        return value.get_string().get(text) == simdjson::SUCCESS &&
               (text.empty() || text == info.neutral || is_zero(config::parse_decimal(text, 0)));
      case ondemand::json_type::null:
        return true;
      case ondemand::json_type::array:
      case ondemand::json_type::object:
        break;
    }
    return false;
  }
  static bool is_zero(const config::Decimal& number) { return number.ok() && number.value == 0; }

  static bool is_link_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
  }
  static Life life_named(std::string_view name) {
    if (name == "GTC") return Life::GoodTillCancel;
    if (name == "IOC") return Life::ImmediateOrCancel;
    if (name == "FOK") return Life::FillOrKill;
    if (name == "PostOnly") return Life::PostOnly;
    return Life::NotGiven;
  }

  // What must be there.
  void check(OrderRequest& order, const Place& place) {
    const auto missing = [&](std::string_view name) { fault(order, place, name, "is missing"); };
    if (!place.in_batch && order.category == Category::None) missing("category");
    if (order.symbol.empty()) missing("symbol");
    if (in_of(request_.op) != kCreate) {
      if (order.order_id.empty() && order.link.empty()) missing("orderId");
      if (in_of(request_.op) == kAmend && !order.quantity.is_given() && !order.price.is_given())
        missing("qty");
      return;
    }
    if (!has_side_) missing("side");
    if (!has_type_) missing("orderType");
    if (!order.quantity.is_given()) missing("qty");
    if (order.ord_type == risk::OrdType::Limit && !order.price.is_given()) missing("price");
  }

  bool check() {
    if (request_.op == Op::Auth && arg_count_ != 3)
      return fail("args must be key, expiry and signature");
    if ((request_.op == Op::Subscribe || request_.op == Op::Unsubscribe) && request_.topics.empty())
      return fail("args must name at least one topic");
    if (!is_order(request_.op)) return true;
    if (request_.orders.empty()) return fail("args is missing");
    if (!request_.timestamp_ms) return fail("header.X-BAPI-TIMESTAMP is missing");
    for (std::size_t i = 0; i < request_.orders.size(); ++i) check_unit(i);
    return true;
  }

  // What a spot market order buys is so much of the quoted coin unless it says otherwise.
  void check_unit(std::size_t index) {
    OrderRequest& order = request_.orders[index];
    if (in_of(request_.op) == kCreate && order.category == Category::Spot &&
        order.ord_type == risk::OrdType::Market && order.side == risk::Side::Buy &&
        !order.in_base_coin) {
      fault(order, {is_batch(request_.op), index}, "marketUnit", "must be \"baseCoin\"");
    }
  }

  const DecoderLimits& limits_;
  Request& request_;
  unsigned seen_ = 0;
  bool op_is_late_ = false;
  std::size_t arg_count_ = 0;
  // Of the order being read.
  bool has_side_ = false;
  bool has_type_ = false;
};

// --- the second look: whether a frame that has a fault is JSON at all

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The same of a frame that is no object.
bool is_sound_scalar(ondemand::document& document, ondemand::json_type type,
                     std::string_view frame) {
  if (type == ondemand::json_type::string)
    return document.get_string().error() == simdjson::SUCCESS && at_end(document);
  return is_scalar_token(trimmed(frame));
}

// The lists keep their memory.
void clear(Request& request) {
  std::vector<Subscription> topics = std::move(request.topics);
  std::vector<OrderRequest> orders = std::move(request.orders);
  topics.clear();
  orders.clear();
  request = {};
  request.topics = std::move(topics);
  request.orders = std::move(orders);
}

}  // namespace

Decoder::Decoder(const DecoderLimits& limits) : limits_(limits) {
  // What cannot be allocated here cannot be later, and then the frame is refused.
  if (parser_.allocate(limits.frame_bytes_max) != simdjson::SUCCESS) return;
  if (checker_.allocate(limits.frame_bytes_max) != simdjson::SUCCESS) return;
}

const Request& Decoder::decode(std::string_view frame) {
  clear(request_);
  if (frame.size() > limits_.frame_bytes_max) {
    request_.fault = {kBadRequest,
                      fmt::format("a frame must have at most {} bytes", limits_.frame_bytes_max)};
    return request_;
  }
  ondemand::document document;
  if (parser_.iterate(frame.data(), frame.size(), frame.size() + kFramePadding).get(document) !=
      simdjson::SUCCESS) {
    refuse_malformed();
    return request_;
  }
  {
    Walk walk(limits_, request_);
    const bool ok = walk.document(document, Op::None);
    if (ok && walk.op_is_late()) {
      // Once more, now that it is known what the arguments are of.
      const Op op = request_.op;
      clear(request_);
      document.rewind();
      Walk again(limits_, request_);
      if (op == Op::None) {
        request_.fault = {kBadRequest, "op is missing"};
      } else {
        again.document(document, op);
      }
    }
  }
  const bool has_fault =
      request_.fault || std::any_of(request_.orders.begin(), request_.orders.end(),
                                    [](const OrderRequest& order) { return bool(order.fault); });
  if (has_fault) look_again(frame);
  return request_;
}

void Decoder::refuse_malformed() {
  request_.malformed = true;
  request_.fault = {kBadRequest, "is no JSON"};
  request_.orders.clear();
  request_.topics.clear();
}

// A frame with a fault is JSON with a fault, or no JSON; and the id of the request may stand behind
// the fault.
void Decoder::look_again(std::string_view frame) {
  ondemand::document document;
  ondemand::json_type type{};
  if (checker_.iterate(frame.data(), frame.size(), frame.size() + kFramePadding).get(document) !=
          simdjson::SUCCESS ||
      document.type().get(type) != simdjson::SUCCESS) {
    return refuse_malformed();
  }
  if (type != ondemand::json_type::object && type != ondemand::json_type::array) {
    if (!is_sound_scalar(document, type, frame)) refuse_malformed();
    return;
  }
  ondemand::value root;
  if (type == ondemand::json_type::array) {
    if (document.get_value().get(root) != simdjson::SUCCESS || !is_sound(root, 1) ||
        !at_end(document)) {
      refuse_malformed();
    }
    return;
  }
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return refuse_malformed();
  for (auto member : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(member).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return refuse_malformed();
    }
    ondemand::value value = field.value();
    ondemand::json_type kind{};
    std::string_view text;
    if (request_.req_id.empty() && (key == "reqId" || key == "req_id") &&
        value.type().get(kind) == simdjson::SUCCESS && kind == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return refuse_malformed();
      if (text.size() <= kReqIdMax && is_printable(text)) request_.req_id = text;
    } else if (request_.op_text.empty() && key == "op" &&
               value.type().get(kind) == simdjson::SUCCESS && kind == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return refuse_malformed();
      if (text.size() <= kShownMax && is_printable(text)) request_.op_text = text;
    } else if (!is_sound(value, 2)) {
      return refuse_malformed();
    }
  }
  if (!at_end(document)) refuse_malformed();
}

}  // namespace portcullis::gateway::json
