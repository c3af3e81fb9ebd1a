#include "feeds/dialects/parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/json_walk.h"
#include "risk/types.h"

namespace portcullis::feeds {

namespace {

namespace ondemand = simdjson::ondemand;
using config::DecimalError;
using config::ExactDecimal;

// Where the values stand in a frame; what is passed over may be nested as deeply as it likes up to
// the bound of is_sound.
constexpr std::size_t kDepth = 4;
constexpr std::size_t kSymbolMax = 64;
constexpr std::size_t kShownMax = 128;
constexpr std::int64_t kMillisecondsMax = 9'000'000'000'000;  // of the year 2255
using risk::kNsPerMs;

enum class Sign : std::uint8_t {
  Any,          // zero is a value like any other
  NotNegative,  // zero too
  Positive,     // zero is an absence
  OptionMark,   // zero is one unless it is of an option, which the decoder knows
};
constexpr std::array<Sign, kMarketFieldCount> kSigns = {
    Sign::OptionMark, Sign::Positive,   Sign::Positive, Sign::Positive, Sign::Positive,
    Sign::Positive,   Sign::Positive,   Sign::Any,      Sign::Any,      Sign::Any,
    Sign::Any,        Sign::Any,        Sign::Any,      Sign::Any,      Sign::Any,
    Sign::Any,        Sign::NotNegative};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// How sources write that there is none.
bool is_absence(std::string_view text) {
  return text.empty() || text == "-" || text == "NaN" || text == "nan" || text == "null";
}

// False where the frame is no JSON. None after a fault and of an absence.
bool take_number(const Scalar& scalar, std::string_view name, ParsedUpdate& update,
                 std::optional<ExactDecimal>& out) {
  if (!scalar.is_given) return true;
  const config::ExactResult number = config::parse_exact(scalar.text, !scalar.is_text);
  if (number.ok()) {
    out = number.number;
    return true;
  }
  add_fault(update, name, describe(scalar.text.empty() ? DecimalError::NotANumber : number.error));
  return is_sound(scalar);
}

bool take_whole(const Scalar& scalar, std::string_view name, std::int64_t max, ParsedUpdate& update,
                std::optional<std::int64_t>& out) {
  std::optional<ExactDecimal> number;
  if (!take_number(scalar, name, update, number)) return false;
  if (!number) return true;
  if (number->scale != 0) {
    add_fault(update, name, "is not a whole number");
  } else if (number->digits < 0) {
    add_fault(update, name, "is negative");
  } else if (number->digits > max) {
    add_fault(update, name, describe(DecimalError::OutOfRange));
  } else {
    out = number->digits;
  }
  return true;
}

ExactDecimal of_percent(ExactDecimal number, int places) {
  if (number.digits == 0) return number;
  int scale = number.scale + places;
  for (; scale > 0 && number.digits % 10 == 0; --scale) number.digits /= 10;
  return {number.digits, scale};
}

}  // namespace

const FieldName* find_field(std::span<const FieldName> names, std::string_view key) {
  for (const FieldName& name : names) {
    if (name.name == key) return &name;
  }
  return nullptr;
}

bool is_symbol(std::string_view text) {
  return !text.empty() && text.size() <= kSymbolMax && is_printable(text);
}

void add_fault(ParsedUpdate& update, std::string_view name, std::string_view what) {
  if (update.fault.empty()) update.fault = fmt::format("{} {}", name, what);
}

bool once(ParsedUpdate& update, unsigned bit, std::string_view name) {
  if (is_given(update, bit)) {
    add_fault(update, name, "is there twice");
    return false;
  }
  update.given |= 1U << bit;
  return true;
}

bool read_scalar(ondemand::value value, Scalar& scalar) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::null:
      return config::token_of(value) == "null";
    case ondemand::json_type::string:
      if (value.get_string().get(scalar.text) != simdjson::SUCCESS) return false;
      scalar.is_text = true;
      scalar.is_given = !is_absence(scalar.text);
      return true;
    case ondemand::json_type::number:
      scalar.text = config::token_of(value);
      scalar.is_given = true;
      return true;
    case ondemand::json_type::boolean:
    case ondemand::json_type::array:
    case ondemand::json_type::object:
      break;
  }
  scalar.is_given = true;
  return config::is_sound(value, kDepth);
}

bool is_sound(const Scalar& scalar) {
  return scalar.is_text || scalar.text.empty() || config::is_json_number(scalar.text);
}

bool take_field(const Scalar& scalar, const FieldName& name, ParsedUpdate& update) {
  const auto index = static_cast<unsigned>(name.field);
  if (!once(update, index, name.name)) return is_sound(scalar);
  std::optional<ExactDecimal> number;
  if (!take_number(scalar, name.name, update, number)) return false;
  if (!number) return true;
  const Sign sign = kSigns[index];
  if (number->digits < 0 && sign != Sign::Any) {
    add_fault(update, name.name, "is negative");
  } else if (number->digits == 0 && sign == Sign::Positive) {
    ++update.zeros;
  } else {
    update.values[index] = of_percent(*number, name.percent_places);
  }
  return true;
}

bool take_symbol(const Scalar& scalar, std::string_view name, ParsedUpdate& update) {
  if (once(update, kOfSymbol, name) && scalar.is_given) {
    if (!scalar.is_text || !is_symbol(scalar.text)) {
      add_fault(update, name, "is no symbol");
    } else {
      update.symbol = scalar.text;
    }
  }
  return is_sound(scalar);
}

bool take_time(const Scalar& scalar, std::string_view name, ParsedUpdate& update) {
  if (!once(update, kOfTime, name)) return is_sound(scalar);
  std::optional<std::int64_t> ms;
  if (!take_whole(scalar, name, kMillisecondsMax, update, ms)) return false;
  if (ms && *ms != 0) update.time_ns = *ms * kNsPerMs;
  return true;
}

bool take_next_funding(const Scalar& scalar, std::string_view name, ParsedUpdate& update) {
  if (!once(update, kOfNextFunding, name)) return is_sound(scalar);
  std::optional<std::int64_t> ms;
  if (!take_whole(scalar, name, kMillisecondsMax, update, ms)) return false;
  if (ms && *ms != 0) update.next_funding_ns = *ms * kNsPerMs;
  return true;
}

bool read_field(ondemand::value value, const FieldName& name, ParsedUpdate& update) {
  Scalar scalar;
  return read_scalar(value, scalar) && take_field(scalar, name, update);
}

bool read_symbol(ondemand::value value, std::string_view name, ParsedUpdate& update) {
  Scalar scalar;
  return read_scalar(value, scalar) && take_symbol(scalar, name, update);
}

bool read_time(ondemand::value value, std::string_view name, ParsedUpdate& update) {
  Scalar scalar;
  return read_scalar(value, scalar) && take_time(scalar, name, update);
}

bool read_next_funding(ondemand::value value, std::string_view name, ParsedUpdate& update) {
  Scalar scalar;
  return read_scalar(value, scalar) && take_next_funding(scalar, name, update);
}

bool read_sequence(ondemand::value value, std::string_view name, ParsedUpdate& update) {
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  if (!once(update, kOfSequence, name)) return is_sound(scalar);
  std::optional<std::int64_t> number;
  if (!take_whole(scalar, name, std::numeric_limits<std::int64_t>::max(), update, number))
    return false;
  if (number) update.sequence = static_cast<std::uint64_t>(*number);
  return true;
}

void once_in_envelope(unsigned& seen, unsigned bit, std::string_view name, ParsedFrame& frame) {
  if ((seen & bit) != 0 && !frame.bad_envelope) {
    frame.bad_envelope = true;
    frame.problem = fmt::format("{} is there twice", name);
  }
  seen |= bit;
}

bool read_envelope_text(ondemand::value value, std::string_view name, unsigned& seen, unsigned bit,
                        ParsedFrame& frame, std::string_view& out) {
  once_in_envelope(seen, bit, name, frame);
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::string) return value.get_string().get(out) == simdjson::SUCCESS;
  if (type != ondemand::json_type::null && !frame.bad_envelope) {
    frame.bad_envelope = true;
    frame.problem = fmt::format("{} must be text", name);
  }
  return config::is_sound(value, kDepth);
}

bool read_reply_to(ondemand::value value, ParsedFrame& frame) {
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  if (scalar.is_given && scalar.text.size() <= kShownMax && is_printable(scalar.text)) {
    frame.reply_to = scalar.text;
  }
  return is_sound(scalar);
}

bool read_error_code(ondemand::value value, ParsedFrame& frame) {
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  const config::ExactResult code = config::parse_exact(scalar.text, !scalar.is_text);
  if (code.ok() && code.number.scale == 0) frame.error_code = code.number.digits;
  return is_sound(scalar);
}

bool read_error_text(ondemand::value value, ParsedFrame& frame) {
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  if (scalar.is_text && is_printable(scalar.text) && !frame.bad_envelope) {
    frame.problem = scalar.text.substr(0, kShownMax);
  }
  return is_sound(scalar);
}

bool read_error(ondemand::value value, ParsedFrame& frame) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (type != ondemand::json_type::object) return config::is_sound(value, kDepth);
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  return each_member(object, [&](std::string_view key, ondemand::value member) {
    if (key == "code") return read_error_code(member, frame);
    if (key == "message" || key == "msg") return read_error_text(member, frame);
    return config::is_sound(member, kDepth);
  });
}

}  // namespace portcullis::feeds
