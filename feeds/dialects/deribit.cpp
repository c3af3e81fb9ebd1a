// Deribit: JSON-RPC 2.0.
//
//   {"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.NAME.INTERVAL","data":{..}}}
//   {"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat" | "test_request"}}
//   {"jsonrpc":"2.0","id":7,"result":..} and {"jsonrpc":"2.0","id":7,"error":{"code":..,"message":..}}
#include <array>

#include "config/json_walk.h"
#include "feeds/dialects/parse.h"

namespace portcullis::feeds {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::array kDeribitFields = std::to_array<FieldName>({
    {"mark_price", MarketField::Mark},
    {"index_price", MarketField::Index},
    {"last_price", MarketField::Last},
    {"best_bid_price", MarketField::BestBid},
    {"best_ask_price", MarketField::BestAsk},
    {"underlying_price", MarketField::Underlying},
    {"mark_iv", MarketField::MarkIv, 2},
    {"interest_rate", MarketField::InterestRate},
    {"current_funding", MarketField::FundingRate},
    {"funding_8h", MarketField::PastFunding8h},
    {"open_interest", MarketField::OpenInterest},
});
constexpr std::array kGreeks = std::to_array<FieldName>({
    {"delta", MarketField::Delta},
    {"gamma", MarketField::Gamma},
    {"vega", MarketField::Vega},
    {"theta", MarketField::Theta},
    {"rho", MarketField::Rho},
});

constexpr std::string_view kTicker = "ticker.";

// NAME of ticker.NAME.INTERVAL; empty: it is none.
std::string_view name_of(std::string_view channel) {
  const std::size_t dot = channel.rfind('.');
  if (!channel.starts_with(kTicker) || dot < kTicker.size()) return {};
  return channel.substr(kTicker.size(), dot - kTicker.size());
}

bool read_greeks(ondemand::value value, ParsedUpdate& update) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::object) {
    if (type != ondemand::json_type::null) add_fault(update, "greeks", "is no object");
    return config::is_sound(value, 4);
  }
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  return each_member(object, [&](std::string_view key, ondemand::value member) {
    const FieldName* const name = find_field(kGreeks, key);
    return name != nullptr ? read_field(member, *name, update) : config::is_sound(member, 5);
  });
}

bool read_ticker(ondemand::value value, ParsedUpdate& update) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::object) {
    add_fault(update, "data", "is no object");
    return config::is_sound(value, 3);
  }
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  return each_member(object, [&](std::string_view key, ondemand::value member) {
    const FieldName* const name = find_field(kDeribitFields, key);
    if (name != nullptr) return read_field(member, *name, update);
    if (key == "timestamp") return read_time(member, key, update);
    if (key == "instrument_name") return read_symbol(member, key, update);
    if (key == "greeks") return read_greeks(member, update);
    return config::is_sound(member, 4);
  });
}

// What the members of the envelope were.
struct Envelope {
  enum Bit : unsigned { kMethod = 1, kParams = 2, kChannel = 4, kData = 8, kType = 16 };
  unsigned seen = 0;
  std::string_view method{};
  std::string_view channel{};
  std::string_view type{};
  bool has_result = false;
  bool has_error = false;
  ParsedUpdate update{};
};

bool read_params(ondemand::value value, Envelope& envelope, ParsedFrame& frame) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type != ondemand::json_type::object) return config::is_sound(value, 2);
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  return each_member(object, [&](std::string_view key, ondemand::value member) {
    if (key == "channel") {
      return read_envelope_text(member, key, envelope.seen, Envelope::kChannel, frame,
                                envelope.channel);
    }
    if (key == "type") {
      return read_envelope_text(member, key, envelope.seen, Envelope::kType, frame, envelope.type);
    }
    if (key != "data") return config::is_sound(member, 3);
    once_in_envelope(envelope.seen, Envelope::kData, key, frame);
    // Before the channel is known it may be a ticker.
    if (!envelope.channel.empty() && name_of(envelope.channel).empty()) {
      return config::is_sound(member, 3);
    }
    return read_ticker(member, envelope.update);
  });
}

}  // namespace

bool parse_deribit(ondemand::document& document, ParsedFrame& frame) {
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  Envelope envelope;
  const bool is_json = each_member(object, [&](std::string_view key, ondemand::value value) {
    if (key == "method") {
      return read_envelope_text(value, key, envelope.seen, Envelope::kMethod, frame,
                                envelope.method);
    }
    if (key == "params") {
      once_in_envelope(envelope.seen, Envelope::kParams, key, frame);
      return read_params(value, envelope, frame);
    }
    if (key == "id") return read_reply_to(value, frame);
    if (key == "error") {
      envelope.has_error = true;
      return read_error(value, frame);
    }
    envelope.has_result |= key == "result";
    return config::is_sound(value, 2);
  });
  if (!is_json || !config::at_end(document)) return false;

  if (envelope.has_error) {
    frame.kind = FrameKind::Error;
  } else if (envelope.has_result) {
    frame.kind = FrameKind::Reply;
  } else if (envelope.method == "heartbeat") {
    frame.kind = envelope.type == "test_request" ? FrameKind::TestRequest : FrameKind::Heartbeat;
  } else if (const std::string_view name = name_of(envelope.channel);
             envelope.method == "subscription" && !name.empty()) {
    frame.kind = FrameKind::Updates;
    ParsedUpdate& update = envelope.update;
    if ((envelope.seen & Envelope::kData) == 0) add_fault(update, "data", "is missing");
    if (!update.symbol.empty() && update.symbol != name) {
      add_fault(update, "instrument_name", "is not that of the channel");
    }
    update.symbol = name;
    frame.items.push_back(std::move(update));
  }
  return true;
}

}  // namespace portcullis::feeds
