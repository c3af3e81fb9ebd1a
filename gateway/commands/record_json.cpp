#include "gateway/commands/record_json.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "gateway/ouch/field_names.h"

namespace portcullis::gateway {

namespace {

using gate::Meaning;

class RecordJson {
 public:
  explicit RecordJson(const RecordValues& values) : values_(values) {}

  std::string write(const journal::RecordView& view) {
    text_ += '{';
    number("sequence", view.sequence);
    time("time", view.time_ns);
    number("type", view.type);
    text_or_null("type_name", gate::name_of(static_cast<gate::RecordType>(view.type)));
    key("command");
    if (!gate::with_record(view, [&](const auto& record) { command(record); })) {
      text_ += "null";
      hex("command_bytes", view.command);
    }
    key("outbounds");
    text_ += '[';
    view.for_each_outbound([&](const journal::OutboundView& outbound) {
      if (text_.back() != '[') text_ += ',';
      text_ += '{';
      number("stream", outbound.stream);
      text_or_null("stream_name", values_.name(risk::SessionIndex{outbound.stream}));
      number("stream_sequence", outbound.stream_sequence);
      hex("payload", outbound.payload);
      message(outbound.payload);
      text_ += '}';
    });
    text_ += "]}";
    return std::move(text_);
  }

 private:
  // --- pieces

  void key(std::string_view name, std::string_view suffix = "") {
    if (text_.back() != '{') text_ += ',';
    fmt::format_to(std::back_inserter(text_), "\"{}{}\":", name, suffix);
  }
  template <class Number>
  void number(std::string_view name, Number value) {
    key(name);
    fmt::format_to(std::back_inserter(text_), "{}", value);
  }
  // Bytes are taken for Latin-1, so that whatever a peer has sent is JSON.
  void quote(std::string_view value) {
    text_ += '"';
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (const std::size_t at = kEscaped.find(c); at != std::string_view::npos) {
        text_ += '\\';
        text_ += kLetters[at];
      } else if (byte < 0x20 || byte > 0x7E) {
        fmt::format_to(std::back_inserter(text_), "\\u{:04x}", byte);
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }
  void text(std::string_view name, std::string_view value, std::string_view suffix = "") {
    key(name, suffix);
    quote(value);
  }
  void text_or_null(std::string_view name, std::string_view value, std::string_view suffix = "") {
    key(name, suffix);
    if (value.empty()) {
      text_ += "null";
    } else {
      quote(value);
    }
  }
  void hex(std::string_view name, std::span<const std::byte> bytes) {
    key(name);
    text_ += '"';
    for (const std::byte byte : bytes)
      fmt::format_to(std::back_inserter(text_), "{:02x}", std::to_integer<unsigned>(byte));
    text_ += '"';
  }
  void time(std::string_view name, std::int64_t ns) {
    number(name, ns);
    text(name, utc_text(ns), "_utc");
  }
  void named(std::string_view name, std::uint32_t value, std::string_view called) {
    number(name, value);
    text_or_null(name, called, "_name");
  }
  void decimal(std::string_view name, std::int64_t value, const RecordValues::Text& decimal) {
    number(name, value);
    key(name, "_decimal");
    if (decimal) {
      quote(*decimal);
    } else {
      text_ += "null";
    }
  }

  // --- the command

  template <class Record>
  void command(const Record& record) {
    context_ = {};
    find_context(record, context_);
    object(record);
  }
  void command(const gate::VenueMessageRecord& record) {
    object(record);
    text_.pop_back();
    const auto payload = std::span(record.payload).first(record.length);
    hex("payload", payload);
    message(payload);
    text_ += '}';
  }

  template <class Record>
  void object(const Record& record) {
    text_ += '{';
    gate::for_each_field(record, [&](std::string_view name, const auto& member, Meaning meaning) {
      if (meaning != Meaning::Padding && meaning != Meaning::Payload) field(name, member, meaning);
    });
    text_ += '}';
  }

  template <class Member>
  void field(std::string_view name, const Member& member, Meaning meaning) {
    if constexpr (HasFields<Member>) {
      key(name);
      object(member);
    } else if constexpr (std::is_enum_v<Member>) {
      named(name, static_cast<std::uint32_t>(member), gate::name_of(member));
    } else if constexpr (std::is_integral_v<Member>) {
      integer(name, member, meaning);
    } else {
      value(name, member);
    }
  }

  template <class Integer>
  void integer(std::string_view name, Integer value, Meaning meaning) {
    switch (meaning) {
      case Meaning::Hash:
        return text(name, fmt::format("{:016x}", static_cast<std::uint64_t>(value)));
      case Meaning::OuchType: {
        const auto type = static_cast<char>(value);
        return text(name, {&type, 1});
      }
      case Meaning::Time:
        return time(name, static_cast<std::int64_t>(value));
      case Meaning::Flags:
        number(name, value);
        return text(name, flag_names(static_cast<std::uint16_t>(value)), "_name");
      case Meaning::Arithmetic:
        return decimal(name, static_cast<std::int64_t>(value),
                       values_.arithmetic(context_, static_cast<std::int64_t>(value)));
      case Meaning::Quanta:
        return decimal(name, static_cast<std::int64_t>(value),
                       values_.quanta(static_cast<std::int64_t>(value)));
      case Meaning::AssetUnits:
        return decimal(name, static_cast<std::int64_t>(value),
                       values_.units(context_.asset, static_cast<std::int64_t>(value)));
      case Meaning::IndexUnits:
        return decimal(name, static_cast<std::int64_t>(value),
                       values_.index(context_.asset, static_cast<std::int64_t>(value)));
      case Meaning::FundingUnits:
        return decimal(name, static_cast<std::int64_t>(value),
                       values_.funding(context_.instrument, static_cast<std::int64_t>(value)));
      case Meaning::Account:
      case Meaning::Instrument:
      case Meaning::Session:
      case Meaning::Target:
      case Meaning::DecisionNode:
      case Meaning::Set:
      case Meaning::Group:
        return named(name, static_cast<std::uint32_t>(value),
                     name_of(static_cast<std::uint32_t>(value), meaning));
      case Meaning::ByType:
      case Meaning::Plain:
      case Meaning::Number:
      case Meaning::ClientRef:
      case Meaning::Text:
      case Meaning::Payload:
      case Meaning::Padding:
        return number(name, +value);
    }
  }

  [[nodiscard]] std::string_view name_of(std::uint32_t value, Meaning meaning) const {
    if (meaning == Meaning::Account) return values_.name(risk::AccountIndex{value});
    if (meaning == Meaning::Instrument) return values_.name(risk::InstrumentIndex{value});
    if (meaning == Meaning::Session) return values_.name(risk::SessionIndex{value});
    if (meaning == Meaning::Target) return values_.name_in(context_.scope, value);
    if (meaning == Meaning::DecisionNode) return values_.name_at(context_.level, value);
    if (meaning == Meaning::Set) return values_.set_name(value);
    return values_.group_name(value);
  }

  void value(std::string_view name, risk::Timestamp value) { time(name, value.ns); }
  void value(std::string_view name, risk::Price value) {
    decimal(name, value.raw, values_.price(context_.instrument, value));
  }
  void value(std::string_view name, risk::Lots value) {
    decimal(name, value.raw, values_.lots(context_.instrument, value));
  }
  void value(std::string_view name, risk::Mark value) {
    decimal(name, value.raw, values_.mark(context_.instrument, value));
  }
  void value(std::string_view name, risk::OrderIndex value) { number(name, value.value); }
  template <class Tag>
  void value(std::string_view name, risk::Index<Tag> value) {
    named(name, value.value, values_.name(value));
  }
  template <std::size_t N>
  void value(std::string_view name, const std::array<char, N>& value) {
    text(name, trimmed(value));
  }
  template <std::size_t N>
  void value(std::string_view name, const std::array<risk::AccountIndex, N>& accounts) {
    key(name);
    text_ += '[';
    for (std::size_t i = 0; i < N; ++i)
      fmt::format_to(std::back_inserter(text_), "{}{}", i == 0 ? "" : ",", accounts[i].value);
    text_ += ']';
    key(name, "_name");
    text_ += '[';
    for (std::size_t i = 0; i < N; ++i) {
      if (i != 0) text_ += ',';
      const std::string_view called = values_.name(accounts[i]);
      if (called.empty()) {
        text_ += "null";
      } else {
        quote(called);
      }
    }
    text_ += ']';
  }

  void value(std::string_view name, const feeds::TableHash& hash) {
    text(name, feeds::to_text(hash));
  }
  void value(std::string_view name, const config::RegimeChoice& regimes) {
    text(name, fmt::format("{:02x}", fmt::join(regimes, "")));
  }
  // Padding and payload, which object() leaves out.
  template <std::size_t N>
  void value(std::string_view, const std::array<std::uint8_t, N>&) {}
  template <std::size_t N>
  void value(std::string_view, const std::array<std::byte, N>&) {}

  // --- OUCH

  void message(std::span<const std::byte> payload) {
    key("message");
    ouch::OutboundMessage message;
    if (ouch::decode(payload, message) != ouch::DecodeError::None) {
      text_ += "null";
      return;
    }
    std::visit(
        [&]<class M>(const M& m) {
          text_ += '{';
          text("type", {&M::kType, 1});
          text("type_name", ouch::name_of(m));
          ouch::for_each_field(
              m, [&](std::string_view name, const auto& member) { wire(name, member); });
          if constexpr (M::kAppendage != ouch::AppendageRule::Never) appendage(m.appendage);
          text_ += '}';
        },
        message);
  }
  void appendage(const ouch::Appendage& appendage) {
    key("appendage");
    text_ += '{';
    ouch::for_each_tag(appendage,
                       [&](std::string_view name, const auto& member) { wire(name, member); });
    if (appendage.has_unknown_tag) number("unknown_tag", appendage.first_unknown_tag);
    text_ += '}';
  }
  template <class Member>
  void wire(std::string_view name, const Member& member) {
    if constexpr (std::is_same_v<Member, ouch::RejectCode>) {
      number(name, static_cast<std::uint16_t>(member));
    } else if constexpr (std::is_enum_v<Member> || std::is_same_v<Member, char>) {
      const auto c = static_cast<char>(member);
      text(name, {&c, 1});
    } else if constexpr (std::is_integral_v<Member>) {
      number(name, member);
    } else {
      text(name, trimmed(member));
    }
  }

  const RecordValues& values_;
  RecordContext context_;
  std::string text_;
};

}  // namespace

std::string record_json(const journal::RecordView& record, const RecordValues& values) {
  return RecordJson(values).write(record);
}

}  // namespace portcullis::gateway
