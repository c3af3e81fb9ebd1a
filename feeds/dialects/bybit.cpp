// Bybit, public streams of its v5 interface.
//
//   {"topic":"tickers.BTCUSDT","type":"snapshot" | "delta","cs":24987956059,"ts":1673272861686,
//    "data":{"symbol":"BTCUSDT","markPrice":"17217.33", ..}}
//   {"op":"ping","success":true,"ret_msg":"pong",..}, {"op":"pong",..}
//   {"op":"subscribe","success":true | false,"ret_msg":"..","req_id":"7",..}
//
// Options and spot send snapshots only; options without cs, and with bidPrice for bid1Price. A delta
// names what has changed; "" in it is a value that is gone.
#include <array>

#include "config/json_walk.h"
#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::array kBybitFields = std::to_array<FieldName>({
    {"markPrice", MarketField::Mark},
    {"indexPrice", MarketField::Index},
    {"lastPrice", MarketField::Last},
    {"bid1Price", MarketField::BestBid},
    {"bidPrice", MarketField::BestBid},
    {"ask1Price", MarketField::BestAsk},
    {"askPrice", MarketField::BestAsk},
    {"underlyingPrice", MarketField::Underlying},
    {"markPriceIv", MarketField::MarkIv},
    {"delta", MarketField::Delta},
    {"gamma", MarketField::Gamma},
    {"vega", MarketField::Vega},
    {"theta", MarketField::Theta},
    {"fundingRate", MarketField::PredictedFundingRate},
    {"openInterest", MarketField::OpenInterest},
});
constexpr std::string_view kTickers = "tickers.";

bool read_data(ondemand::value value, ParsedUpdate& update) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::object) {
    add_fault(update, "data", "is no object");
    return config::is_sound(value, 2);
  }
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  return each_member(object, [&](std::string_view key, ondemand::value member) {
    const FieldName* const name = find_field(kBybitFields, key);
    if (name != nullptr) return read_field(member, *name, update);
    if (key == "symbol") return read_symbol(member, key, update);
    if (key == "nextFundingTime") return read_next_funding(member, key, update);
    return config::is_sound(member, 3);
  });
}

bool read_success(ondemand::value value, std::optional<bool>& success) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::boolean) success = config::token_of(value) == "true";
  return config::is_sound(value, 2);
}

}  // namespace

bool parse_bybit(ondemand::document& document, ParsedFrame& frame) {
  enum Bit : unsigned { kTopic = 1, kType = 2, kData = 4, kOp = 8 };
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  unsigned seen = 0;
  std::string_view topic;
  std::string_view type;
  std::string_view op;
  std::optional<bool> success;
  ParsedUpdate update;
  const bool is_json = each_member(object, [&](std::string_view key, ondemand::value value) {
    if (key == "topic") return read_envelope_text(value, key, seen, kTopic, frame, topic);
    if (key == "type") return read_envelope_text(value, key, seen, kType, frame, type);
    if (key == "op") return read_envelope_text(value, key, seen, kOp, frame, op);
    if (key == "cs") return read_sequence(value, key, update);
    if (key == "ts") return read_time(value, key, update);
    if (key == "success") return read_success(value, success);
    if (key == "ret_msg") return read_error_text(value, frame);
    if (key == "req_id") return read_reply_to(value, frame);
    if (key != "data") return config::is_sound(value, 2);
    once_in_envelope(seen, kData, key, frame);
    // Before the topic is known it may be a ticker.
    if (!topic.empty() && !topic.starts_with(kTickers)) return config::is_sound(value, 2);
    return read_data(value, update);
  });
  if (!is_json || !config::at_end(document)) return false;

  if (topic.starts_with(kTickers)) {
    frame.kind = FrameKind::Updates;
    const std::string_view symbol = topic.substr(kTickers.size());
    if ((seen & kData) == 0) add_fault(update, "data", "is missing");
    if (!update.symbol.empty() && update.symbol != symbol) {
      add_fault(update, "symbol", "is not that of the topic");
    }
    update.symbol = symbol;
    update.is_delta = type == "delta";
    if (!update.is_delta && type != "snapshot")
      add_fault(update, "type", "is no snapshot or delta");
    if (update.is_delta && !update.sequence) add_fault(update, "cs", "is missing");
    frame.items.push_back(std::move(update));
  } else if (op == "pong" || op == "ping" || frame.problem == "pong") {
    frame.kind = FrameKind::Heartbeat;
  } else if (topic.empty() && success) {
    frame.kind = *success ? FrameKind::Reply : FrameKind::Error;
  }
  return true;
}

}  // namespace portcullis::feeds
