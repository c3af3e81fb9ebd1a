// Binance futures, USD-M and COIN-M.
//
//   {"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15","i":"11784.62","P":"..",
//    "r":"0.00038167","T":1562306400000}   and a list of these
//   {"e":"bookTicker","u":600859600576,"E":1626992741017,"T":1626992741012,"s":"BTCUSDT",
//    "b":"7.6110","B":"2","a":"7.6120","A":"297"}
//   {"e":"aggTrade","E":1626992741575,"a":16599292,"s":"BTCUSDT","p":"1.01100","q":"10",..}
//   {"stream":"btcusdt@markPrice@1s","data":{..}}  with any of them inside
//   {"result":..,"id":7}, {"error":{"code":..,"msg":..},"id":7}, {"code":..,"msg":..}
//
// P, the estimated price of a settlement, means something only in the last hour before it, and is not
// taken. Of a dated future r is "" and T is 0. The time is E, that of the
// event; T is that of the trade or of the change in the book, and of a mark price that of the next
// funding.
#include <algorithm>
#include <array>

#include "config/json_walk.h"
#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::array kMarkFields = std::to_array<FieldName>({
    {"p", MarketField::Mark},
    {"i", MarketField::Index},
    {"r", MarketField::PredictedFundingRate},
});
constexpr std::array kBookFields = std::to_array<FieldName>({
    {"b", MarketField::BestBid},
    {"a", MarketField::BestAsk},
});
constexpr std::array kTradeFields = std::to_array<FieldName>({
    {"p", MarketField::Last},
});

struct EventKind {
  std::string_view name;
  UpdateKind kind = UpdateKind::Ticker;
  std::span<const FieldName> fields{};
  bool has_funding = false;  // T is that of the next one
};
constexpr std::array kEvents = std::to_array<EventKind>({
    {"markPriceUpdate", UpdateKind::Ticker, kMarkFields, true},
    {"bookTicker", UpdateKind::Book, kBookFields, false},
    {"aggTrade", UpdateKind::Trade, kTradeFields, false},
});

// The members of all of these. Each has a letter, and means what it means only in its own event, of
// which the name may come last: so they are kept as they are until the event has ended.
constexpr std::string_view kMembers = "EsTpirba";

struct Event {
  bool has_name = false;
  bool has_name_twice = false;
  const EventKind* kind = nullptr;  // null: none of ours, or not known yet
  std::array<Scalar, kMembers.size()> members{};
  unsigned seen = 0;   // by member
  unsigned twice = 0;  // by member; the first is kept
};

bool read_event_name(ondemand::value value, Event& event) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  event.has_name_twice = event.has_name;
  if (event.has_name || type != ondemand::json_type::string) {
    event.has_name = true;
    return config::is_sound(value, 3);
  }
  event.has_name = true;
  std::string_view name;
  if (value.get_string().get(name) != simdjson::SUCCESS) return false;
  for (const EventKind& kind : kEvents) {
    if (kind.name == name) event.kind = &kind;
  }
  return true;
}

bool read_member(std::string_view key, ondemand::value value, Event& event) {
  if (key == "e") return read_event_name(value, event);
  const bool is_anothers = event.has_name && event.kind == nullptr;
  const std::size_t place = key.size() == 1 ? kMembers.find(key[0]) : std::string_view::npos;
  if (is_anothers || place == std::string_view::npos) return config::is_sound(value, 3);
  const unsigned bit = 1U << place;
  if ((event.seen & bit) != 0) {
    event.twice |= bit;
    return config::is_sound(value, 3);
  }
  event.seen |= bit;
  return read_scalar(value, event.members[place]) && is_sound(event.members[place]);
}

// take(member, name) where the event has it. False where the frame is no JSON.
template <class Take>
bool take_member(const Event& event, std::string_view name, ParsedUpdate& update, Take take) {
  const std::size_t place = kMembers.find(name);
  const unsigned bit = 1U << place;
  if ((event.twice & bit) != 0) add_fault(update, name, "is there twice");
  return (event.seen & bit) == 0 || take(event.members[place], name, update);
}

bool add_event(const Event& event, ParsedFrame& frame) {
  if (event.kind == nullptr) return true;
  frame.kind = FrameKind::Updates;
  ParsedUpdate& update = frame.items.emplace_back();
  update.kind = event.kind->kind;
  if (event.has_name_twice) add_fault(update, "e", "is there twice");
  bool is_json =
      take_member(event, "E", update, take_time) && take_member(event, "s", update, take_symbol);
  if (event.kind->has_funding) {
    is_json = is_json && take_member(event, "T", update, take_next_funding);
  }
  for (const FieldName& field : event.kind->fields) {
    is_json = is_json && take_member(event, field.name, update,
                                     [&](const Scalar& scalar, std::string_view, ParsedUpdate& to) {
                                       return take_field(scalar, field, to);
                                     });
  }
  return is_json;
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
  return is_json && add_event(event, frame);
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
    if (key == "code" && !event.has_name) {
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
  if (!is_json || !add_event(event, frame)) return false;
  if (has_error) {
    frame.kind = FrameKind::Error;
  } else if (has_result) {
    frame.kind = FrameKind::Reply;
  }
  return true;
}

}  // namespace

UpdateKind binance_kind_with(MarketField field) {
  for (const EventKind& event : kEvents) {
    if (std::any_of(event.fields.begin(), event.fields.end(),
                    [field](const FieldName& name) { return name.field == field; })) {
      return event.kind;
    }
  }
  return UpdateKind::Ticker;
}

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
