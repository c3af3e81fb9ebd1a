#include "gateway/commands/record_text.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "gateway/ouch/field_names.h"

namespace portcullis::gateway {

namespace {

using gate::Meaning;

constexpr int kWirePriceScale = 4;

std::string_view unit_name(risk::RejectReason reason) {
  switch (risk::info(reason).unit) {
    case risk::ArithmeticUnit::None:
    case risk::ArithmeticUnit::Count:
      return "";
    case risk::ArithmeticUnit::Lots:
      return " lots";
    case risk::ArithmeticUnit::Ticks:
      return " ticks";
    case risk::ArithmeticUnit::Quanta:
      return " quanta";
    case risk::ArithmeticUnit::Nanoseconds:
      return " ns";
    case risk::ArithmeticUnit::Ppm:
      return " ppm";
  }
  return "";
}

// A name, or what the thing is and its number.
std::string called(std::string_view name, std::string_view what, std::uint32_t index) {
  if (!name.empty()) return std::string(name);
  return index == risk::kNone32 ? "none" : fmt::format("{}#{}", what, index);
}

std::string or_raw(const RecordValues::Text& decimal, std::int64_t raw, std::string_view unit) {
  return decimal ? *decimal : fmt::format("{}{}", raw, unit);
}

class RecordText {
 public:
  explicit RecordText(const RecordValues& values) : values_(values) {}

  std::string write(const journal::RecordView& view) {
    const std::string_view name = gate::name_of(static_cast<gate::RecordType>(view.type));
    add("{} {} {}", view.sequence, utc_text(view.time_ns),
        name.empty() ? fmt::format("type#{}", view.type) : std::string(name));
    const bool known = gate::with_record(view, [&](const auto& record) {
      context_ = {};
      find_context(record, context_);
      say(record);
    });
    if (!known) add(" {} bytes that this version does not know", view.command.size());
    bool first = true;
    view.for_each_outbound([&](const journal::OutboundView& outbound) {
      add("{} {}#{} ", first ? " |" : ",", session({outbound.stream}), outbound.stream_sequence);
      first = false;
      in_short(outbound.payload);
    });
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Parts>(parts)...);
  }
  void add_printable(std::string_view bytes) {
    for (const char c : bytes) {
      if (c >= ' ' && c <= '~') {
        text_ += c;
      } else {
        add("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      }
    }
  }

  // --- things by name

  [[nodiscard]] std::string account(risk::AccountIndex index) const {
    return called(values_.name(index), "account", index.value);
  }
  [[nodiscard]] std::string instrument(risk::InstrumentIndex index) const {
    return called(values_.name(index), "instrument", index.value);
  }
  [[nodiscard]] std::string session(risk::SessionIndex index) const {
    return called(values_.name(index), "session", index.value);
  }
  [[nodiscard]] std::string asset(risk::AssetIndex index) const {
    return called(values_.name(index), "asset", index.value);
  }
  [[nodiscard]] std::string target(std::uint32_t index) const {
    return called(values_.name_in(context_.scope, index), context_.scope, index);
  }
  [[nodiscard]] std::string price(risk::Price price) const {
    return or_raw(values_.price(context_.instrument, price), price.raw, " ticks");
  }
  [[nodiscard]] std::string lots(risk::Lots lots) const {
    return or_raw(values_.lots(context_.instrument, lots), lots.raw, " lots");
  }

  // --- orders and what was decided of them

  void terms(risk::OrdType type, risk::Price limit, risk::TimeInForce life, std::uint16_t flags,
             const risk::ClientText& text) {
    if (type == risk::OrdType::Market) {
      add(" market");
    } else {
      add(" @ {}", price(limit));
    }
    add(" {}", gate::name_of(life));
    if (flags != 0) add(" {}", flag_names(flags));
    if (const std::string_view client = trimmed(text); !client.empty()) {
      add(" \"");
      add_printable(client);
      add("\"");
    }
  }
  void say(const risk::NewOrder& order) {
    add(" {} {}:{} {} {} {}", account(order.account), session(order.session), order.client_ref,
        gate::name_of(order.side), lots(order.quantity), instrument(order.instrument));
    terms(order.ord_type, order.price, order.time_in_force, order.flags, order.client_text);
    if (order.min_quantity.raw != 0) add(" min {}", lots(order.min_quantity));
  }
  void say(const risk::ReplaceOrder& order) {
    add(" {}:{} by {} to {}", session(order.session), order.original_ref, order.client_ref,
        lots(order.total));
    terms(order.ord_type, order.price, order.time_in_force, order.flags, order.client_text);
  }
  void say(const risk::CancelOrder& order) {
    add(" {}:{}", session(order.session), order.client_ref);
    if (order.total.raw != 0) add(" to {}", lots(order.total));
  }
  void say(const risk::Decision& decision) {
    add(" -> {}", gate::name_of(decision.disposition));
    if (decision.disposition == risk::Disposition::Reject) return refusal(decision);
    if (decision.number != 0) add(" as {}", decision.number);
    if (decision.exit != 0) add(" exit");
    if (decision.warned != 0) add(" warned");
  }
  void refusal(const risk::Decision& decision) {
    const std::string_view reason = gate::name_of(decision.reason);
    if (reason.empty()) return add(" reason#{}", static_cast<unsigned>(decision.reason));
    add(" {}", reason);
    if (decision.node != risk::kNone32) {
      add(" at {} {}", gate::name_of(decision.level),
          called(values_.name_at(decision.level, decision.node), "number", decision.node));
    }
    if (decision.disconnect != 0) add(", and disconnect");
    if (risk::info(decision.reason).unit == risk::ArithmeticUnit::None) return;
    const auto figure = [&](std::int64_t value) {
      return or_raw(values_.arithmetic(context_, value), value, unit_name(decision.reason));
    };
    add(": limit {}, needed {}, available {}, short {}, largest passing {}", figure(decision.limit),
        figure(decision.needed), figure(decision.available), figure(decision.shortfall),
        lots(decision.largest_passing));
    if (decision.set == risk::kNone32) return;
    add(", set {}", called(values_.set_name(decision.set), "set", decision.set));
    if (decision.group != risk::kNone32)
      add(" group {}", called(values_.group_name(decision.group), "group", decision.group));
    add(" scenario {}",
        called(values_.scenario_name(decision.set, decision.group, decision.scenario), "column",
               decision.scenario));
  }
  void say(const gate::EnterRecord& record) { say(record.order), say(record.decision); }
  void say(const gate::ReplaceRecord& record) { say(record.order), say(record.decision); }
  void say(const gate::CancelRecord& record) { say(record.order), say(record.decision); }
  void say(const gate::EnterNamedRecord& record) {
    add(" \"");
    add_printable(trimmed(record.name));
    add("\"");
    say(record.order);
    say(record.decision);
  }

  // --- others that read better than a list of their fields

  void say(const gate::VenueMessageRecord& record) {
    add(" #{} ", record.sequence);
    const auto payload = std::span(record.payload).first(record.length);
    ouch::OutboundMessage message;
    if (ouch::decode(payload, message) != ouch::DecodeError::None)
      return add("{} bytes that are no message", payload.size());
    std::visit(
        [&](const auto& m) {
          add("{}", ouch::name_of(m));
          ouch::for_each_field(m, [&](std::string_view name, const auto& member) {
            if (name != "timestamp") wire(name, member);
          });
          if constexpr (requires { m.appendage; }) {
            ouch::for_each_tag(m.appendage, [&](std::string_view name, const auto& member) {
              wire(name, member);
            });
          }
        },
        message);
  }
  void say(const gate::VenueLinkRecord& record) {
    add(" {}", gate::name_of(record.change));
    if (record.change != gate::LinkChange::LoggedIn) return;
    add(" session ");
    add_printable(trimmed(record.session));
    add(" next {}", record.sequence);
  }
  void say(const gate::SessionRecord& record) {
    add(" {} {}", session({record.session}), record.up != 0 ? "up" : "down");
  }
  void say(const risk::MarkUpdate& update) {
    add(" {} {}", instrument(update.instrument),
        or_raw(values_.mark(update.instrument, update.mark), update.mark.raw, " mark units"));
    if (update.as_of != update.time) add(" as of {}", utc_text(update.as_of.ns));
  }
  void say(const risk::IndexUpdate& update) {
    add(" {} {}", asset(update.asset),
        or_raw(values_.index(update.asset, update.index), update.index, " index units"));
    if (update.as_of != update.time) add(" as of {}", utc_text(update.as_of.ns));
  }
  void say(const risk::SetPriceState& change) {
    const bool is_mark = change.kind == risk::PriceKind::Mark;
    add(" {} of {} {}", gate::name_of(change.kind),
        is_mark ? instrument({change.target}) : asset({change.target}),
        gate::name_of(change.state));
  }
  void say(const risk::FundingUpdate& update) {
    const auto funding = [&](std::int64_t value) {
      return or_raw(values_.funding(update.instrument, value), value, " funding units");
    };
    add(" {} paid {} predicted {} a lot", instrument(update.instrument), funding(update.paid),
        funding(update.predicted));
  }
  void say(const risk::OpenInterestUpdate& update) {
    add(" {} {}", instrument(update.instrument), lots(update.lots));
  }
  void say(const gate::FactRecord<risk::Conversion>& record) {
    const risk::Conversion& conversion = record.command;
    add(" number {} {} gives {} {} for {} {}", record.number, account(conversion.account),
        or_raw(values_.units(conversion.from, conversion.given), conversion.given, " units"),
        asset(conversion.from),
        or_raw(values_.units(conversion.to, conversion.got), conversion.got, " units"),
        asset(conversion.to));
  }
  void say(const risk::LoadBalance& load) {
    add(" {} {} {}", account(load.account), asset(load.asset),
        or_raw(values_.units(load.asset, load.units), load.units, " units"));
  }
  void say(const risk::LoadPosition& load) {
    add(" {} {} {} @ {}", account(load.account), instrument(load.instrument), lots(load.lots),
        price(load.entry));
  }
  void say(const risk::Control& control) {
    add(" {} {} {}", gate::name_of(control.action), gate::name_of(control.scope),
        target(control.target));
    if (control.by.exists()) add(" by {}", session(control.by));
  }

  // --- any record: its fields by name

  template <class Record>
  void say(const Record& record) {
    gate::for_each_field(record, [&](std::string_view name, const auto& member, Meaning meaning) {
      if (meaning != Meaning::Padding && name != "time") field(name, member, meaning);
    });
  }
  template <class Member>
  void field(std::string_view name, const Member& member, Meaning meaning) {
    if constexpr (HasFields<Member>) {
      say(member);
    } else if constexpr (std::is_enum_v<Member>) {
      add(" {} {}", name, gate::name_of(member));
    } else if constexpr (std::is_integral_v<Member>) {
      add(" {} {}", name, number(member, meaning));
    } else {
      value(name, member);
    }
  }
  template <class Integer>
  [[nodiscard]] std::string number(Integer value, Meaning meaning) const {
    const auto index = static_cast<std::uint32_t>(value);
    if (meaning == Meaning::Hash) return fmt::format("{:016x}", value);
    if (meaning == Meaning::Time) return utc_text(static_cast<std::int64_t>(value));
    if (meaning == Meaning::OuchType) return {static_cast<char>(value)};
    if (meaning == Meaning::Flags) return flag_names(static_cast<std::uint16_t>(value));
    if (meaning == Meaning::Account) return account({index});
    if (meaning == Meaning::Instrument) return instrument({index});
    if (meaning == Meaning::Session) return session({index});
    if (meaning == Meaning::Target) return target(index);
    if (meaning == Meaning::AssetUnits) {
      const auto units = static_cast<std::int64_t>(value);
      return or_raw(values_.units(context_.asset, units), units, " units");
    }
    return fmt::format("{}", +value);
  }
  void value(std::string_view name, risk::Timestamp time) {
    add(" {} {}", name, utc_text(time.ns));
  }
  template <class Tag>
  void value(std::string_view name, risk::Index<Tag> index) {
    add(" {} {}", name, called(values_.name(index), name, index.value));
  }
  void value(std::string_view name, risk::Mark value) {
    add(" {} {}", name, or_raw(values_.mark(context_.instrument, value), value.raw, " mark units"));
  }
  void value(std::string_view name, risk::Price value) { add(" {} {}", name, price(value)); }
  void value(std::string_view name, risk::Lots value) { add(" {} {}", name, lots(value)); }
  template <std::size_t N>
  void value(std::string_view name, const std::array<char, N>& text) {
    if (trimmed(text).empty()) return;
    add(" {} ", name);
    add_printable(trimmed(text));
  }
  template <std::size_t N>
  void value(std::string_view, const std::array<risk::AccountIndex, N>& accounts) {
    for (const risk::AccountIndex index : accounts) {
      if (index.exists()) add(" {}", account(index));
    }
  }
  void value(std::string_view name, const feeds::TableHash& hash) {
    add(" {} {}", name, feeds::to_text(hash));
  }
  void value(std::string_view name, const config::RegimeChoice& regimes) {
    add(" {} {:02x}", name, fmt::join(regimes, ""));
  }
  template <std::size_t N>  // of padding, which say() leaves out
  void value(std::string_view, const std::array<std::uint8_t, N>&) {}

  // --- OUCH

  template <class Member>
  void wire(std::string_view name, const Member& member) {
    if constexpr (std::is_same_v<Member, ouch::RejectCode>) {
      add(" {} {:#04x}", name, static_cast<unsigned>(member));
    } else if constexpr (std::is_enum_v<Member> || std::is_same_v<Member, char>) {
      const auto c = static_cast<char>(member);
      add(" {} ", name);
      add_printable({&c, 1});
    } else if constexpr (std::is_integral_v<Member>) {
      if (name == "price" || name == "execution_price") {
        add(" {} {}", name, config::to_decimal(member, kWirePriceScale));
      } else {
        add(" {} {}", name, +member);
      }
    } else if (const std::string_view text = trimmed(member); !text.empty()) {
      add(" {} ", name);
      add_printable(text);
    }
  }
  void in_short(std::span<const std::byte> payload) {
    ouch::OutboundMessage message;
    if (ouch::decode(payload, message) != ouch::DecodeError::None)
      return add("{} bytes that are no message", payload.size());
    std::visit(
        [&](const auto& m) {
          add("{}", ouch::name_of(m));
          if constexpr (requires { m.user_ref_num; }) add(" {}", m.user_ref_num);
        },
        message);
  }

  const RecordValues& values_;
  RecordContext context_;
  std::string text_;
};

}  // namespace

std::string record_text(const journal::RecordView& record, const RecordValues& values) {
  return RecordText(values).write(record);
}

}  // namespace portcullis::gateway
