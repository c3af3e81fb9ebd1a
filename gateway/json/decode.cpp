#include "gateway/json/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/decimal.h"
#include "gateway/json/decode_order.h"
#include "gateway/json/decode_parts.h"

namespace portcullis::gateway::json {

namespace {

using simdjson::error_code;

constexpr std::size_t kApiKeyMax = 36;
constexpr std::size_t kSignatureMax = 128;

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
        return order(value, {});
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
      if (!order(entry, {true, index})) return false;
    }
    return true;
  }

  bool order(ondemand::value& value, const Place& place) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return fail(place.in_batch ? fmt::format("args[0].request[{}] must be an object", place.index)
                                 : "args[0] must be an object");
    }
    request_.orders.emplace_back();
    return read_order(object, request_.op, place, request_.orders.back()) || fail("is no JSON");
  }

  // --- what must be there

  bool check() {
    if (request_.op == Op::Auth && arg_count_ != 3)
      return fail("args must be key, expiry and signature");
    if ((request_.op == Op::Subscribe || request_.op == Op::Unsubscribe) && request_.topics.empty())
      return fail("args must name at least one topic");
    if (!is_order(request_.op)) return true;
    if (request_.orders.empty()) return fail("args is missing");
    if (!request_.timestamp_ms) return fail("header.X-BAPI-TIMESTAMP is missing");
    for (std::size_t i = 0; i < request_.orders.size(); ++i)
      check_unit(request_.op, {is_batch(request_.op), i}, request_.orders[i]);
    return true;
  }

  const DecoderLimits& limits_;
  Request& request_;
  unsigned seen_ = 0;
  bool op_is_late_ = false;
  std::size_t arg_count_ = 0;
};

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

}  // namespace portcullis::gateway::json
