#include "gateway/json/decode_order.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "gateway/json/decode_parts.h"
#include "gateway/json/order_fields.h"

namespace portcullis::gateway::json {

namespace {

using simdjson::error_code;

constexpr std::size_t kSymbolMax = 32;
constexpr std::size_t kOrderIdMax = 36;

// The first fault counts.
void add_fault(const Place& place, OrderRequest& order, std::string_view name,
               std::string_view what) {
  if (order.fault) return;
  order.fault = {kBadRequest,
                 place.in_batch ? fmt::format("args[0].request[{}].{} {}", place.index, name, what)
                                : fmt::format("args[0].{} {}", name, what)};
}

class OrderReader {
 public:
  OrderReader(Op op, const Place& place, OrderRequest& order)
      : op_(op), place_(place), order_(order) {}

  bool read(ondemand::object& object) {
    const std::uint8_t in = in_of(op_);
    std::uint64_t seen = 0;
    for (auto member : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(member).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return false;
      }
      const auto* const info = std::find_if(kFields.begin(), kFields.end(),
                                            [&](const FieldInfo& f) { return f.name == key; });
      // What follows a fault is only looked at as JSON (look_again).
      if (order_.fault) continue;
      if (info == kFields.end() || (info->in & in) == 0 ||
          (place_.in_batch && info->field == Field::Category)) {
        order_.fault = {kBadRequest,
                        fmt::format("there is no parameter {} of {}", shown(key), name_of(op_))};
        continue;
      }
      const std::uint64_t bit = std::uint64_t{1} << (info - kFields.begin());
      if ((seen & bit) != 0) fault(key, "is there twice");
      seen |= bit;
      if (!order_.fault) parameter(field.value(), *info);
    }
    if (!order_.fault) check();
    return true;
  }

 private:
  void fault(std::string_view name, std::string_view what) {
    add_fault(place_, order_, name, what);
  }

  // Of one caller, and still GCC 12 would leave it out of line: two in a hundred instructions.
  [[gnu::always_inline]] void parameter(ondemand::value& value, const FieldInfo& info) {
    const auto bad = [&](std::string_view what) { fault(info.name, what); };
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
      order_.reduce_only = token_of(value) == "true";
      return;
    }
    if (info.field == Field::Qty || info.field == Field::Price) {
      return number(value, type, info.field == Field::Qty ? order_.quantity : order_.price, bad);
    }
    std::string_view text;
    if (type != ondemand::json_type::string) return bad("must be text");
    if (value.get_string().get(text) != simdjson::SUCCESS) return bad("is no valid text");
    if (text.empty()) return;
    switch (info.field) {
      case Field::Category:
        order_.category = category_named(text);
        if (order_.category == Category::None) bad(kCategoryWords);
        return;
      case Field::Symbol:
        order_.symbol = text;
        if (text.size() > kSymbolMax || !is_printable(text)) bad("is no symbol");
        return;
      case Field::Side:
        has_side_ = text == "Buy" || text == "Sell";
        order_.side = text == "Buy" ? risk::Side::Buy : risk::Side::Sell;
        if (!has_side_) bad("must be \"Buy\" or \"Sell\"");
        return;
      case Field::OrderType:
        has_type_ = text == "Limit" || text == "Market";
        order_.ord_type = text == "Limit" ? risk::OrdType::Limit : risk::OrdType::Market;
        if (!has_type_) bad("must be \"Limit\" or \"Market\"");
        return;
      case Field::TimeInForce:
        order_.life = life_named(text);
        if (order_.life == Life::NotGiven) bad("must be \"GTC\", \"IOC\", \"FOK\" or \"PostOnly\"");
        return;
      case Field::OrderLinkId:
        order_.link = text;
        if (text.size() > kLinkMax || !std::all_of(text.begin(), text.end(), is_link_character)) {
          bad("must have 1 to 36 letters, digits, - and _");
        }
        return;
      case Field::MarketUnit:
        order_.in_base_coin = text == "baseCoin";
        if (!order_.in_base_coin) bad("is not supported");
        return;
      case Field::OrderId:
        order_.order_id = text;
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
  void check() {
    const auto missing = [&](std::string_view name) { fault(name, "is missing"); };
    if (!place_.in_batch && order_.category == Category::None) missing("category");
    if (order_.symbol.empty()) missing("symbol");
    if (in_of(op_) != kCreate) {
      if (order_.order_id.empty() && order_.link.empty()) missing("orderId");
      if (in_of(op_) == kAmend && !order_.quantity.is_given() && !order_.price.is_given())
        missing("qty");
      return;
    }
    if (!has_side_) missing("side");
    if (!has_type_) missing("orderType");
    if (!order_.quantity.is_given()) missing("qty");
    if (order_.ord_type == risk::OrdType::Limit && !order_.price.is_given()) missing("price");
  }

  const Op op_;
  const Place& place_;
  OrderRequest& order_;
  bool has_side_ = false;
  bool has_type_ = false;
};

}  // namespace

Category category_named(std::string_view name) {
  const auto* const found = std::find(kCategoryNames.begin() + 1, kCategoryNames.end(), name);
  return found == kCategoryNames.end() ? Category::None
                                       : static_cast<Category>(found - kCategoryNames.begin());
}

bool read_order(ondemand::object& object, Op op, const Place& place, OrderRequest& order) {
  return OrderReader(op, place, order).read(object);
}

void check_unit(Op op, const Place& place, OrderRequest& order) {
  if (in_of(op) == kCreate && order.category == Category::Spot &&
      order.ord_type == risk::OrdType::Market && order.side == risk::Side::Buy &&
      !order.in_base_coin) {
    add_fault(place, order, "marketUnit", "must be \"baseCoin\"");
  }
}

}  // namespace portcullis::gateway::json
