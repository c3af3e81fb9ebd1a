#include "gateway/control/values.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "config/decimal.h"
#include "risk/state.h"

namespace portcullis::gateway::control {

namespace {

constexpr std::array<std::pair<std::uint8_t, std::string_view>, 6> kFlags{{
    {risk::kKilled, "killed"},
    {risk::kSuspended, "suspended"},
    {risk::kCloseOnly, "close_only"},
    {risk::kDisputed, "disputed"},
    {risk::kDayClosed, "day_closed"},
    {risk::kThrottled, "throttled"},
}};

std::string_view outcome_of(risk::Disposition disposition) {
  switch (disposition) {
    case risk::Disposition::Forward:
      return "accept";
    case risk::Disposition::Reject:
      return "reject";
    case risk::Disposition::Ignore:
      return "ignore";
  }
  return "";
}

std::string_view unit_of(risk::ArithmeticUnit unit, std::string_view currency) {
  switch (unit) {
    case risk::ArithmeticUnit::None:
      return "";
    case risk::ArithmeticUnit::Lots:
      return "quantity";
    case risk::ArithmeticUnit::Ticks:
      return "price";
    case risk::ArithmeticUnit::Quanta:
      return currency;
    case risk::ArithmeticUnit::Count:
      return "count";
    case risk::ArithmeticUnit::Nanoseconds:
      return "seconds";
    case risk::ArithmeticUnit::Ppm:
      return "share";
  }
  return "";
}

std::string_view name_of(risk::InstrumentPhase phase) {
  switch (phase) {
    case risk::InstrumentPhase::Trading:
      return "trading";
    case risk::InstrumentPhase::ReduceOnly:
      return "close_only";
    case risk::InstrumentPhase::Halted:
      return "halted";
    case risk::InstrumentPhase::Expired:
      return "expired";
  }
  return "";
}

}  // namespace

std::string_view name_of(gate::LinkState link) {
  switch (link) {
    case gate::LinkState::Down:
      return "down";
    case gate::LinkState::Recovering:
      return "recovering";
    case gate::LinkState::Resending:
      return "resending";
    case gate::LinkState::Up:
      return "up";
    case gate::LinkState::Lost:
      return "lost";
  }
  return "";
}

std::vector<std::string_view> states_of(const risk::Engine& engine, risk::ControlScope scope,
                                        std::uint32_t target) {
  std::vector<std::string_view> states;
  if (scope == risk::ControlScope::Instrument) {
    const risk::InstrumentPhase phase = engine.phase({target});
    if (phase != risk::InstrumentPhase::Trading) states.push_back(name_of(phase));
    return states;
  }
  const std::uint8_t flags = engine.flags(scope, target);
  for (const auto& [flag, name] : kFlags)
    if ((flags & flag) != 0) states.push_back(name);
  return states;
}

std::string_view state_of(const gate::Gate& gate) {
  if (gate.state_unconfirmed()) return "unconfirmed";
  return gate.state_differs() ? "differs" : "confirmed";
}

void write_flags(json::Writer& out, std::string_view key, std::uint8_t flags) {
  out.key(key).begin_list();
  for (const auto& [flag, name] : kFlags)
    if ((flags & flag) != 0) out.text(name);
  out.end_list();
}

void Values::quanta(json::Writer& out, std::string_view key, risk::Value value) const {
  out.text(key, config::to_decimal(value.raw, deployment_.risk_decimals));
}

void Values::units(json::Writer& out, std::string_view key, risk::AssetIndex asset,
                   risk::Int128 units) const {
  out.text(key, *records_.units(asset, units));
}

void Values::lots(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
                  risk::Lots lots) const {
  out.text(key, *records_.lots(instrument, lots));
}

void Values::price(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
                   risk::Price price) const {
  out.text(key, *records_.price(instrument, price));
}

void Values::mark(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
                  risk::Mark mark) const {
  if (mark.raw == 0) {
    out.null(key);
  } else {
    out.text(key, *records_.mark(instrument, mark));
  }
}

void Values::utilisation(json::Writer& out, risk::Int128 used, risk::Int128 limit) const {
  if (limit == 0) {
    out.null("utilisation");
  } else {
    out.text("utilisation", config::to_decimal(risk::ceil_div(used * risk::kPpm, limit), 6));
  }
}

void Values::target(json::Writer& out, std::string_view scope, std::uint32_t target) const {
  out.text("scope", scope);
  out.text_or_null("target", records_.name_in(scope, target));
}

void Values::decision(json::Writer& out, risk::InstrumentIndex instrument,
                      const risk::Decision& decision) const {
  const risk::RejectReasonInfo& reason = risk::info(decision.reason);
  const bool is_refused = decision.disposition == risk::Disposition::Reject;
  out.begin_object().text("outcome", outcome_of(decision.disposition));
  out.text_or_null("reason", is_refused ? reason.name : "");
  const bool has_arithmetic = is_refused && reason.unit != risk::ArithmeticUnit::None;
  const bool has_node = is_refused && decision.node != risk::kNone32;
  out.text_or_null("level", has_node ? risk::name_of(decision.level) : "");
  out.text_or_null("node", has_node ? records_.name_at(decision.level, decision.node) : "");
  const RecordContext context{.instrument = instrument,
                              .asset = {},
                              .reason = decision.reason,
                              .level = decision.level,
                              .scope = {}};
  const auto figure = [&](std::string_view key, std::int64_t value) {
    if (!has_arithmetic) {
      out.null(key);
      return;
    }
    const RecordValues::Text text = records_.arithmetic(context, value);
    out.text(key, text ? *text : fmt::to_string(value));
  };
  out.text_or_null("unit", has_arithmetic ? unit_of(reason.unit, deployment_.risk_currency) : "");
  figure("limit", decision.limit);
  figure("needed", decision.needed);
  figure("available", decision.available);
  figure("shortfall", decision.shortfall);
  if (is_refused && instrument.exists()) {
    lots(out, "largest_passing", instrument, decision.largest_passing);
  } else {
    out.null("largest_passing");
  }
  out.text_or_null("set", is_refused ? records_.set_name(decision.set) : "");
  out.text_or_null("group", is_refused ? records_.group_name(decision.group) : "");
  out.text_or_null(
      "scenario",
      is_refused ? records_.scenario_name(decision.set, decision.group, decision.scenario) : "");
  if (!is_refused && instrument.exists()) {
    price(out, "price", instrument, decision.price);
  } else {
    out.null("price");
  }
  out.boolean("exit", decision.exit != 0)
      .boolean("reducing", decision.reducing != 0)
      .boolean("warned", decision.warned != 0)
      .number("parameter_version", decision.parameter_version)
      .end_object();
}

}  // namespace portcullis::gateway::control
