// What a frame says, before the decoder judges it: the part of decoder.h that knows the venues' words.
//
// A bool that is returned is false where the frame is no JSON; nothing of it counts then.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feeds/dialects/decoder.h"
#include "feeds/dialects/market_update.h"

namespace portcullis::feeds {

struct ParsedUpdate {
  UpdateKind kind = UpdateKind::Ticker;
  std::string_view symbol{};
  std::optional<std::int64_t> time_ns{};
  std::array<std::optional<config::ExactDecimal>, kMarketFieldCount> values{};
  std::optional<std::int64_t> next_funding_ns{};
  std::optional<std::uint64_t> sequence{};
  bool is_delta = false;
  // What the frame names, with a value or without: a bit for each market field and each of kOf...
  std::uint32_t given = 0;
  std::uint32_t zeros = 0;  // of `values`, taken for an absence
  std::string fault{};      // the first; empty: none
};
inline constexpr unsigned kOfSymbol = kMarketFieldCount;
inline constexpr unsigned kOfTime = kMarketFieldCount + 1;
inline constexpr unsigned kOfNextFunding = kMarketFieldCount + 2;
inline constexpr unsigned kOfSequence = kMarketFieldCount + 3;

[[nodiscard]] inline bool is_given(const ParsedUpdate& update, unsigned bit) {
  return (update.given >> bit & 1U) != 0;
}

struct ParsedFrame {
  FrameKind kind = FrameKind::Other;
  std::vector<ParsedUpdate> items{};  // of Updates
  std::string problem{};              // of Error; an envelope's fault makes the frame Malformed
  bool bad_envelope = false;
  std::string_view reply_to{};
  std::int64_t error_code = 0;
};

[[nodiscard]] bool parse_deribit(simdjson::ondemand::document& document, ParsedFrame& frame);
[[nodiscard]] bool parse_binance(simdjson::ondemand::document& document, ParsedFrame& frame);
[[nodiscard]] bool parse_bybit(simdjson::ondemand::document& document, ParsedFrame& frame);

// kind_with() of Binance.
[[nodiscard]] UpdateKind binance_kind_with(MarketField field);

// --- what they have in common

// A member of a ticker that is a number: its name there, and what it is.
struct FieldName {
  std::string_view name;
  MarketField field = MarketField::Mark;
  int percent_places = 0;  // 2: the number is in percent
};

// visit(key, value) returns false where the value is no JSON; it must read it, or pass over it with
// config::is_sound.
template <class Visit>
[[nodiscard]] bool each_member(simdjson::ondemand::object& object, Visit visit) {
  for (auto member : object) {
    simdjson::ondemand::field field;
    std::string_view key;
    if (std::move(member).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS || !visit(key, field.value())) {
      return false;
    }
  }
  return true;
}

// Null: it is none of them.
[[nodiscard]] const FieldName* find_field(std::span<const FieldName> names, std::string_view key);

// What a member that is text, a number or none of both says, before it is known what it means.
struct Scalar {
  bool is_given = false;  // no absence
  bool is_text = false;
  std::string_view text{};  // or the token; empty: neither text nor number
};
// A token may still be no number.
[[nodiscard]] bool read_scalar(simdjson::ondemand::value value, Scalar& scalar);
[[nodiscard]] bool is_sound(const Scalar& scalar);

// These put into the update what was read, or a fault. The times are milliseconds since the epoch; of
// the next funding's 0 is an absence.
[[nodiscard]] bool take_field(const Scalar& scalar, const FieldName& name, ParsedUpdate& update);
[[nodiscard]] bool take_symbol(const Scalar& scalar, std::string_view name, ParsedUpdate& update);
[[nodiscard]] bool take_time(const Scalar& scalar, std::string_view name, ParsedUpdate& update);
[[nodiscard]] bool take_next_funding(const Scalar& scalar, std::string_view name,
                                     ParsedUpdate& update);

// These read a member and take it.
[[nodiscard]] bool read_field(simdjson::ondemand::value value, const FieldName& name,
                              ParsedUpdate& update);
[[nodiscard]] bool read_symbol(simdjson::ondemand::value value, std::string_view name,
                               ParsedUpdate& update);
[[nodiscard]] bool read_time(simdjson::ondemand::value value, std::string_view name,
                             ParsedUpdate& update);
[[nodiscard]] bool read_next_funding(simdjson::ondemand::value value, std::string_view name,
                                     ParsedUpdate& update);
[[nodiscard]] bool read_sequence(simdjson::ondemand::value value, std::string_view name,
                                 ParsedUpdate& update);

// 1 to 64 printable characters.
[[nodiscard]] bool is_symbol(std::string_view text);

// The first fault counts.
void add_fault(ParsedUpdate& update, std::string_view name, std::string_view what);
// False, and a fault, where the bit was given before.
[[nodiscard]] bool once(ParsedUpdate& update, unsigned bit, std::string_view name);

// A member of the envelope that is text; otherwise `out` stays as it is, and null is as if it were
// not there. The bits of `seen` are the caller's.
[[nodiscard]] bool read_envelope_text(simdjson::ondemand::value value, std::string_view name,
                                      unsigned& seen, unsigned bit, ParsedFrame& frame,
                                      std::string_view& out);
void once_in_envelope(unsigned& seen, unsigned bit, std::string_view name, ParsedFrame& frame);

// The id of a request, text or number, into frame.reply_to.
[[nodiscard]] bool read_reply_to(simdjson::ondemand::value value, ParsedFrame& frame);
// {"code": -1, "message" or "msg": "..."} into frame.problem and error_code; anything else is passed
// over.
[[nodiscard]] bool read_error(simdjson::ondemand::value value, ParsedFrame& frame);
[[nodiscard]] bool read_error_code(simdjson::ondemand::value value, ParsedFrame& frame);
[[nodiscard]] bool read_error_text(simdjson::ondemand::value value, ParsedFrame& frame);

}  // namespace portcullis::feeds
