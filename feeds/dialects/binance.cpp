// Binance futures, USD-M and COIN-M.
//
//   {"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15","i":"11784.62","P":"..",
//    "r":"0.00038167","T":1562306400000}   and a list of these
//   {"stream":"btcusdt@markPrice@1s","data":{..}}  with either inside
//   {"result":..,"id":7}, {"error":{"code":..,"msg":..},"id":7}, {"code":..,"msg":..}
//
// P, the estimated price of a settlement, means something only in the last hour before it, and is not
// taken. Of a dated future r is "" and T is 0.
#include <array>

#include "config/json_walk.h"
#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::array kFields = std::to_array<FieldName>({
    {"p", MarketField::Mark},
    {"i", MarketField::Index},
    {"r", MarketField::PredictedFundingRate},
});
constexpr std::string_view kEvent = "markPriceUpdate";

// One event, which may be of another kind: the members of each are named alike and mean other
// things, so what was read counts only where the event is a mark price.
struct Event {
  std::string_view name{};
  ParsedUpdate update{};
};

bool read_event_name(ondemand::value value, Event& event) {
  if (!once(event.update, kOfType, "e")) return config::is_sound(value, 3);
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::string)
    return value.get_string().get(event.name) == simdjson::SUCCESS;
  return config::is_sound(value, 3);
}

bool read_member(std::string_view key, ondemand::value value, Event& event) {
  if (key == "e") return read_event_name(value, event);
  if (!event.name.empty() && event.name != kEvent) return config::is_sound(value, 3);
  const FieldName* const name = find_field(kFields, key);
  if (name != nullptr) return read_field(value, *name, event.update);
  if (key == "E") return read_time(value, key, event.update);
  if (key == "s") return read_symbol(value, key, event.update);
  if (key == "T") return read_next_funding(value, key, event.update);
  return config::is_sound(value, 3);
}

void add_event(Event& event, ParsedFrame& frame) {
  if (event.name != kEvent) return;
  frame.kind = FrameKind::Updates;
  frame.items.push_back(std::move(event.update));
}

bool read_event(ondemand::value value, ParsedFrame& frame) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::object) return config::is_sound(value, 3);
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  Event event;
  const bool is_json = each_member(object, [&](std::string_view key, ondemand::value member) {
    return read_member(key, member, event);
  });
  if (is_json) add_event(event, frame);
  return is_json;
}

bool read_events(ondemand::array& array, ParsedFrame& frame) {
  for (auto item : array) {
    ondemand::value value;
    if (std::move(item).get(value) != simdjson::SUCCESS || !read_event(value, frame)) return false;
  }
  return true;
}

bool read_data(ondemand::value value, ParsedFrame& frame) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::array) return read_event(value, frame);
  ondemand::array array;
  return value.get_array().get(array) == simdjson::SUCCESS && read_events(array, frame);
}

bool parse_object(ondemand::object& object, ParsedFrame& frame) {
  enum Bit : unsigned { kStream = 1, kData = 2 };
  unsigned seen = 0;
  bool has_result = false;
  bool has_error = false;
  std::string_view stream;
  Event event;
  const bool is_json = each_member(object, [&](std::string_view key, ondemand::value value) {
    if (key == "stream") return read_envelope_text(value, key, seen, kStream, frame, stream);
    if (key == "data") {
      once_in_envelope(seen, kData, key, frame);
      return read_data(value, frame);
    }
    if (key == "id") return read_reply_to(value, frame);
    if (key == "error") {
      has_error = true;
      return read_error(value, frame);
    }
    if (key == "code" && event.name.empty()) {
      has_error = true;
      return read_error_code(value, frame);
    }
    if (key == "msg") return read_error_text(value, frame);
    if (key == "result") {
      has_result = true;
      return config::is_sound(value, 2);
    }
    return read_member(key, value, event);
  });
  if (!is_json) return false;
  add_event(event, frame);
  if (has_error) {
    frame.kind = FrameKind::Error;
  } else if (has_result) {
    frame.kind = FrameKind::Reply;
  }
  return true;
}

}  // namespace

bool parse_binance(ondemand::document& document, ParsedFrame& frame) {
  ondemand::json_type type{};
  if (document.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (document.get_array().get(array) != simdjson::SUCCESS || !read_events(array, frame))
      return false;
  } else {
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS || !parse_object(object, frame))
      return false;
  }
  return config::at_end(document);
}

}  // namespace portcullis::feeds
