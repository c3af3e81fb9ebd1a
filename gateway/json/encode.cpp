// Replies and what stands around pushes and results.
#include "gateway/json/encode.h"

#include <fmt/format.h>

#include "config/decimal.h"
#include "gateway/shard/arithmetic_text.h"

namespace portcullis::gateway::json {

namespace {

// An amount of a decision as text: what its reason's integers count is in the row's unit.
std::string amount(std::int64_t value, risk::ArithmeticUnit unit, risk::InstrumentIndex instrument,
                   const Symbols& symbols) {
  constexpr int kNsScale = 9;
  switch (unit) {
    case risk::ArithmeticUnit::Lots:
      if (instrument.exists()) return symbols.quantity(instrument, value);
      break;
    case risk::ArithmeticUnit::Ticks:
      if (instrument.exists()) return symbols.price(instrument, {value});
      break;
    case risk::ArithmeticUnit::Quanta:
      return config::to_decimal(value, symbols.deployment().risk_decimals);
    case risk::ArithmeticUnit::Nanoseconds:
      return config::to_decimal(value, kNsScale);
    case risk::ArithmeticUnit::Ppm:
      return config::to_decimal(value, config::kPpmScale);
    case risk::ArithmeticUnit::None:
    case risk::ArithmeticUnit::Count:
      break;
  }
  return config::to_decimal(value, 0);
}

// What such a text is a number of.
std::string_view unit_of(risk::ArithmeticUnit unit, risk::InstrumentIndex instrument,
                         const Symbols& symbols) {
  switch (unit) {
    case risk::ArithmeticUnit::Lots:
      return instrument.exists() ? "quantity" : "lots";
    case risk::ArithmeticUnit::Ticks:
      return instrument.exists() ? "price" : "ticks";
    case risk::ArithmeticUnit::Quanta:
      return symbols.deployment().risk_currency;
    case risk::ArithmeticUnit::Nanoseconds:
      return "seconds";
    case risk::ArithmeticUnit::Ppm:
      return "ratio";
    case risk::ArithmeticUnit::Count:
      return "count";
    case risk::ArithmeticUnit::None:
      break;
  }
  return "";
}

// The binding scenario's name; empty where there is none.
std::string_view scenario_name(const config::Names& names, const risk::Decision& decision) {
  if (decision.set >= names.sets.size()) return {};
  const auto& columns = names.sets[decision.set].columns;
  const std::size_t group = decision.group == risk::kNone32 ? 0 : decision.group;
  if (group >= columns.size() || decision.scenario >= columns[group].size()) return {};
  return columns[group][decision.scenario];
}

void write_arithmetic(Writer& out, const risk::Decision& decision, risk::InstrumentIndex instrument,
                      const Symbols& symbols) {
  const config::Names& names = symbols.deployment().names;
  const risk::RejectReasonInfo& reason = risk::info(decision.reason);
  out.begin_object().text("reason", reason.name);
  out.text("level", risk::name_of(decision.level));
  out.text("node", shard::node_name(symbols.deployment(), decision));
  if (reason.unit != risk::ArithmeticUnit::None) {
    const auto text = [&](std::int64_t value) {
      return amount(value, reason.unit, instrument, symbols);
    };
    out.text("limit", text(decision.limit)).text("needed", text(decision.needed));
    out.text("available", text(decision.available)).text("shortfall", text(decision.shortfall));
    out.text("unit", unit_of(reason.unit, instrument, symbols));
  }
  if (instrument.exists())
    out.text("maxQty", symbols.quantity(instrument, decision.largest_passing.raw));
  if (decision.set < names.sets.size()) {
    out.text("set", names.sets[decision.set].name);
    if (decision.group < names.risk_groups.size())
      out.text("group", names.risk_groups.name({decision.group}));
    out.text("scenario", scenario_name(names, decision));
  }
  out.number("parameterVersion", decision.parameter_version).end_object();
}

std::string ret_msg(const OrderReply& reply, const Symbols& symbols) {
  if (reply.code == kOk) return "OK";
  if (reply.decision == nullptr) return reply.text;
  return describe(*reply.decision, reply.instrument, symbols);
}

bool has_arithmetic(const OrderReply& reply) {
  return reply.decision != nullptr && reply.decision->disposition == risk::Disposition::Reject;
}

void write_order_names(Writer& out, const OrderReply& reply) {
  out.text("orderId", reply.order_id).text("orderLinkId", reply.link);
}

// What the replies of the trade connection end with.
void end_reply(Writer& out, const ReplyTo& to) {
  out.key("header").begin_object().text("Timenow", to.now_ms).end_object();
  out.text("connId", to.conn_id);
}

}  // namespace

std::int32_t code_of(const risk::Decision& decision) {
  switch (decision.disposition) {
    case risk::Disposition::Forward:
      return kOk;
    case risk::Disposition::Reject:
      return risk::info(decision.reason).bybit;
    case risk::Disposition::Ignore:  // what it names does not live
      break;
  }
  return kUnknownOrder;
}

std::string describe(const risk::Decision& decision, risk::InstrumentIndex instrument,
                     const Symbols& symbols) {
  if (decision.disposition == risk::Disposition::Ignore)
    return "the order does not exist, or is over";
  const risk::RejectReasonInfo& reason = risk::info(decision.reason);
  std::string text(reason.name);
  if (reason.unit != risk::ArithmeticUnit::None && decision.shortfall != 0) {
    const auto value = [&](std::int64_t v) { return amount(v, reason.unit, instrument, symbols); };
    text += fmt::format(": needs {}, has {} of {} {}", value(decision.needed),
                        value(decision.available), value(decision.limit),
                        unit_of(reason.unit, instrument, symbols));
  }
  if (decision.node != risk::kNone32) {
    text += fmt::format(", {} {}", risk::name_of(decision.level),
                        shard::node_name(symbols.deployment(), decision));
  }
  return text;
}

void encode_control_reply(Buffer& buffer, const ReplyTo& to, std::int32_t code,
                          std::string_view text) {
  Writer out(buffer);
  out.begin_object().boolean("success", code == kOk);
  out.text("ret_msg", text).text("op", to.op);
  if (!to.req_id.empty()) out.text("req_id", to.req_id);
  out.text("conn_id", to.conn_id);
  out.number("retCode", code).text("retMsg", code == kOk ? "OK" : text);
  out.text("connId", to.conn_id).end_object();
}

void encode_pong(Buffer& buffer, const ReplyTo& to) {
  Writer out(buffer);
  out.begin_object();
  if (!to.req_id.empty()) out.text("req_id", to.req_id);
  out.text("op", "pong");
  out.key("args").begin_list().text(to.now_ms).end_list();
  out.text("conn_id", to.conn_id);
  out.number("retCode", kOk).text("retMsg", "OK");
  out.key("data").begin_list().text(to.now_ms).end_list();
  out.text("connId", to.conn_id).end_object();
}

void encode_order_reply(Buffer& buffer, const ReplyTo& to, const OrderReply& reply,
                        const Symbols& symbols) {
  Writer out(buffer);
  out.begin_object().text("reqId", to.req_id);
  out.number("retCode", reply.code).text("retMsg", ret_msg(reply, symbols)).text("op", to.op);
  out.key("data").begin_object();
  if (reply.code == kOk) write_order_names(out, reply);
  out.end_object().key("retExtInfo");
  if (has_arithmetic(reply)) {
    write_arithmetic(out, *reply.decision, reply.instrument, symbols);
  } else {
    out.begin_object().end_object();
  }
  end_reply(out, to);
  out.end_object();
}

void encode_batch_reply(Buffer& buffer, const ReplyTo& to, std::span<const OrderReply> replies,
                        const Symbols& symbols) {
  Writer out(buffer);
  out.begin_object().text("reqId", to.req_id);
  out.number("retCode", kOk).text("retMsg", "OK").text("op", to.op);
  out.key("data").begin_object().key("list").begin_list();
  for (const OrderReply& reply : replies) {
    out.begin_object().text("category", name_of(reply.category)).text("symbol", reply.symbol);
    write_order_names(out, reply);
    out.key("createAt");
    if (reply.code == kOk) {
      out.text(to.now_ms);
    } else {
      out.text("");
    }
    out.end_object();
  }
  out.end_list().end_object();
  out.key("retExtInfo").begin_object().key("list").begin_list();
  for (const OrderReply& reply : replies) {
    out.begin_object().number("code", reply.code).text("msg", ret_msg(reply, symbols));
    if (has_arithmetic(reply)) {
      out.key("arithmetic");
      write_arithmetic(out, *reply.decision, reply.instrument, symbols);
    }
    out.end_object();
  }
  out.end_list().end_object();
  end_reply(out, to);
  out.end_object();
}

void encode_refusal(Buffer& buffer, const ReplyTo& to, std::int32_t code, std::string_view text) {
  Writer out(buffer);
  out.begin_object().text("reqId", to.req_id);
  out.number("retCode", code).text("retMsg", text).text("op", to.op);
  out.key("data").begin_object().end_object().key("retExtInfo").begin_object().end_object();
  end_reply(out, to);
  // And for who knows only the private connection.
  out.boolean("success", false).text("ret_msg", text).text("req_id", to.req_id);
  out.text("conn_id", to.conn_id).end_object();
}

void begin_push(Writer& out, std::string_view topic, std::string_view id, std::int64_t now_ms) {
  out.begin_object().text("id", id).text("topic", topic).number("creationTime", now_ms);
  out.key("data").begin_list();
}

void end_push(Writer& out) { out.end_list().end_object(); }

void begin_result(Writer& out) {
  out.begin_object().number("retCode", kOk).text("retMsg", "OK");
  out.key("result").begin_object().key("list").begin_list();
}

void end_result(Writer& out, Category category, std::string_view next_page_cursor,
                std::int64_t now_ms) {
  out.end_list().text("nextPageCursor", next_page_cursor);
  if (category != Category::None) out.text("category", name_of(category));
  out.end_object().key("retExtInfo").begin_object().end_object();
  out.number("time", now_ms).end_object();
}

void encode_query_fault(Buffer& buffer, std::int32_t code, std::string_view text,
                        std::int64_t now_ms) {
  Writer out(buffer);
  out.begin_object().number("retCode", code).text("retMsg", text);
  out.key("result").begin_object().end_object().key("retExtInfo").begin_object().end_object();
  out.number("time", now_ms).end_object();
}

}  // namespace portcullis::gateway::json
