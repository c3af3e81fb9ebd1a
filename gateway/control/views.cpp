#include "gateway/control/views.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/commands/margin_answer.h"
#include "gateway/control/change_views.h"
#include "gateway/gate/record_names.h"

namespace portcullis::gateway::control {

namespace {

using risk::ControlScope;

std::string_view name_of(journal::Room room) {
  switch (room) {
    case journal::Room::All:
      return "all";
    case journal::Room::ReducingOnly:
      return "reducing_only";
    case journal::Room::VenueOnly:
      return "venue_only";
    case journal::Room::None:
      return "none";
  }
  return "";
}

std::string_view name_of(config::Protocol protocol) {
  return protocol == config::Protocol::Json ? "json" : "ouch";
}

template <class Count>
std::int64_t counted(Count count) {
  return static_cast<std::int64_t>(count);
}

void write_journal(json::Writer& out, const ProcessFigures& process) {
  const JournalFigures& journal = process.journal;
  out.key("journal").begin_object();
  out.number("published", counted(journal.published))
      .number("flushed", counted(journal.flushed))
      .number("synced", counted(journal.synced))
      .number("faults", journal.faults)
      .number("ring_bytes", counted(journal.ring_bytes));
  if (process.shard != nullptr) {
    out.number("ring_bytes_used", counted(process.shard->ring_bytes_used))
        .text("room", name_of(process.shard->room));
  } else {
    out.null("ring_bytes_used").null("room");
  }
  out.end_object();
}

// Everything that a control or the books have stopped.
void write_stopped(json::Writer& out, const Values& values, const risk::Engine& engine) {
  const config::Deployment& deployment = values.deployment();
  out.key("stopped").begin_list();
  const auto add = [&](ControlScope scope, std::size_t count) {
    for (std::uint32_t t = 0; t < count; ++t) {
      const std::vector<std::string_view> states = states_of(engine, scope, t);
      if (states.empty()) continue;
      out.begin_object();
      values.target(out, gate::name_of(scope), t);
      out.key("states").begin_list();
      for (const std::string_view state : states) out.text(state);
      out.end_list().end_object();
    }
  };
  add(ControlScope::Node, deployment.parameters.nodes.size());
  add(ControlScope::Account, deployment.accounts.size());
  add(ControlScope::Session, deployment.sessions.size());
  add(ControlScope::Instrument, deployment.instruments.size());
  out.end_list();
}

// Newest first.
void write_sweeps(json::Writer& out, const Values& values, gate::Gate& gate,
                  const ProcessFigures& process) {
  out.key("sweeps").begin_list();
  if (process.sweeps != nullptr) {
    for (const follower::SweepLook& sweep : process.sweeps->look(gate))
      write_sweep(out, values, sweep);
  }
  out.end_list();
}

void write_conditions(json::Writer& out, const risk::Engine& engine) {
  out.key("conditions").begin_list();
  for (const auto condition : {risk::Condition::VenueHalted, risk::Condition::VenueDown,
                               risk::Condition::VenueBusy, risk::Condition::JournalDegraded,
                               risk::Condition::StateDiffers, risk::Condition::StateUnconfirmed}) {
    if (engine.has_condition(condition)) out.text(gate::name_of(condition));
  }
  out.end_list();
}

void write_sessions(json::Writer& out, const Values& values, const gate::Gate& gate,
                    const risk::Engine& engine) {
  const config::Deployment& deployment = values.deployment();
  out.key("sessions").begin_list();
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    out.begin_object()
        .text("session", deployment.names.sessions.name({s}))
        .text("protocol", name_of(deployment.sessions[s].protocol))
        .boolean("up", gate.is_session_up({s}))
        .number("watermark", engine.watermark({s}))
        .end_object();
  }
  out.end_list();
}

// What waits for an operator (ORDERLIFE 2).
void write_decisions(json::Writer& out, const Values& values, const gate::Gate& gate,
                     const risk::Engine& engine) {
  out.key("decisions").begin_list();
  if (gate.link() == gate::LinkState::Lost) out.text("lost-orders-dead");
  if (gate.state_unconfirmed() || gate.state_differs()) out.text("accept-state");
  out.end_list();
  const risk::AccountIndex suspense = values.deployment().venue.suspense_account;
  out.key("suspense");
  if (!suspense.exists()) {
    out.null();
    return;
  }
  out.begin_object().text("account", values.deployment().names.accounts.name(suspense));
  out.number("open_orders", engine.open_orders(suspense)).key("positions").begin_list();
  for (std::uint32_t i = 0; i < values.deployment().instruments.size(); ++i) {
    const risk::Lots lots = engine.position(suspense, {i});
    if (lots.raw == 0) continue;
    out.begin_object().text("instrument", values.records().name(risk::InstrumentIndex{i}));
    values.lots(out, "position", {i}, lots);
    out.end_object();
  }
  out.end_list().end_object();
}

void write_order(json::Writer& out, const Values& values, const risk::Engine& engine,
                 risk::OrderIndex index) {
  const risk::Order& order = engine.order(index);
  const risk::InstrumentIndex instrument = order.instrument;
  const risk::NumberRecord* record = engine.find_number(order.head);
  out.begin_object()
      .number("number", order.head)
      .text("instrument", values.records().name(instrument))
      .text("side", gate::name_of(order.side))
      .text("time_in_force", gate::name_of(order.time_in_force));
  out.text_or_null("session", values.records().name(order.session));
  if (record != nullptr) {
    out.number("client_ref", record->client_ref).text("client_text", trimmed(record->client_text));
  } else {
    out.null("client_ref").null("client_text");
  }
  values.price(out, "price", instrument, order.price);
  values.lots(out, "quantity", instrument, order.total);
  values.lots(out, "executed", instrument, order.cum);
  values.lots(out, "reserved", instrument, order.reserved);
  out.number("pending_replaces", order.pending_count)
      .boolean("acknowledged", order.acknowledged != 0)
      .boolean("cancel_wanted", order.cancel_to.raw >= 0)
      .boolean("exit", order.exit != 0)
      .end_object();
}

void write_summary(json::Writer& out, const Values& values, risk::Engine& engine,
                   risk::AccountIndex account, std::int64_t now_ns) {
  const risk::MarginReport margin = engine.margin(account, {now_ns});
  const config::Deployment& deployment = values.deployment();
  out.text("account", deployment.names.accounts.name(account))
      .text("group",
            deployment.names.nodes.name(deployment.parameters.accounts[account.value].parent));
  out.text("state", gateway::name_of(engine.state(account)));
  write_flags(out, "stopped", engine.flags(ControlScope::Account, account.value));
  values.quanta(out, "equity", margin.equity);
  values.quanta(out, "order_costs", margin.costs);
  values.quanta(out, "requirement", margin.requirement);
  values.quanta(out, "available", margin.available);
  values.quanta(out, "maintenance_equity", margin.maintenance_equity);
  values.quanta(out, "maintenance_requirement", margin.maintenance_requirement);
  values.utilisation(out, margin.requirement.raw,
                     std::max<std::int64_t>(0, margin.equity.raw - margin.costs.raw));
  out.boolean("stale", margin.stale)
      .boolean("in_range", margin.in_range)
      .number("open_orders", engine.open_orders(account));
}

}  // namespace

std::vector<std::string> not_ready(const gate::Gate& gate, const ProcessFigures& process) {
  std::vector<std::string> why;
  if (!process.shard_answers) why.emplace_back("the shard does not answer");
  if (!gate.is_loaded()) why.emplace_back("the state is not loaded");
  if (gate.link() != gate::LinkState::Up)
    why.push_back(fmt::format("the venue's link is {}", name_of(gate.link())));
  if (gate.state_unconfirmed())
    why.emplace_back("the state was recovered with a difference that nobody has accepted");
  if (gate.state_differs())
    why.emplace_back("the state differs from what the journal's records make of it");
  if (process.journal.faults != 0) why.emplace_back("the journal cannot be written");
  if (process.shard != nullptr && process.shard->room != journal::Room::All)
    why.emplace_back("the journal's ring is filling");
  return why;
}

void write_sweep(json::Writer& out, const Values& values, const follower::SweepLook& sweep) {
  const follower::SweepFigures& figures = sweep.figures;
  const auto after = [&](std::string_view key, std::int64_t time_ns) {
    if (time_ns == 0) {
      out.null(key);
    } else {
      out.number(key, time_ns - figures.accepted_ns);
    }
  };
  out.begin_object()
      .number("sequence", counted(figures.sequence))
      .text("what", figures.is_kill != 0 ? "kill" : "cancel_all");
  values.target(out, gate::name_of(figures.scope), figures.target);
  out.text("by", trimmed(figures.by)).number("accepted_ns", figures.accepted_ns);
  after("in_force_after_ns", figures.in_force_ns);
  after("sent_after_ns", figures.sent_ns);
  after("ended_after_ns", figures.ended_ns);
  out.number("orders", figures.orders)
      .number("open", sweep.open)
      .number("refused", counted(figures.refused));
  after("last_refused_after_ns", figures.last_refused_ns);
  out.end_object();
}

void write_status(json::Writer& out, const Values& values, gate::Gate& gate,
                  const ProcessFigures& process, std::int64_t now_ns) {
  risk::Engine& engine = gate.engine();
  const std::vector<std::string> why = not_ready(gate, process);
  out.begin_object().boolean("ready", why.empty()).key("not_ready").begin_list();
  for (const std::string& reason : why) out.text(reason);
  out.end_list()
      .number("time_ns", now_ns)
      .number("sequence", counted(process.follower_sequence))
      .number("records_behind",
              counted(process.journal.published -
                      std::min(process.journal.published, process.follower_sequence)))
      .text("link", name_of(gate.link()));
  out.text_or_null("venue_session", gate.venue_session());
  out.text("stream_session", gate.stream_session())
      .text("state", state_of(gate))
      .number("parameter_version", engine.parameters().version)
      .number("live_orders", engine.live_orders())
      .number("audit_lines", counted(process.audit.lines));
  out.text_or_null("audit_head", process.audit.hash);
  if (process.shard != nullptr) {
    out.boolean("overloaded", process.shard->overloaded);
  } else {
    out.null("overloaded");
  }
  write_conditions(out, engine);
  write_decisions(out, values, gate, engine);
  write_stopped(out, values, engine);
  write_open_changes(out, process.changes.get());
  write_sweeps(out, values, gate, process);
  out.key("alerts");
  write_alert_counts(out, process.warnings, now_ns);
  write_journal(out, process);
  write_sessions(out, values, gate, engine);
  out.end_object();
}

risk::AccountIndex write_accounts(json::Writer& out, const Values& values, gate::Gate& gate,
                                  risk::NodeIndex under, risk::AccountIndex from,
                                  std::uint32_t limit, std::int64_t now_ns) {
  risk::Engine& engine = gate.engine();
  const auto count = static_cast<std::uint32_t>(values.deployment().accounts.size());
  std::uint32_t written = 0;
  out.key("accounts").begin_list();
  risk::AccountIndex next{};
  for (std::uint32_t a = from.exists() ? from.value : 0; a < count; ++a) {
    if (!engine.is_under({a}, ControlScope::Node, under.value)) continue;
    if (written++ == limit) {
      next = {a};
      break;
    }
    out.begin_object();
    write_summary(out, values, engine, {a}, now_ns);
    out.end_object();
  }
  out.end_list();
  return next;
}

void write_account(json::Writer& out, const Values& values, gate::Gate& gate,
                   risk::AccountIndex account, std::uint32_t orders_max, std::int64_t now_ns) {
  risk::Engine& engine = gate.engine();
  const config::Deployment& deployment = values.deployment();
  write_summary(out, values, engine, account, now_ns);
  out.key("positions").begin_list();
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const risk::InstrumentIndex instrument{i};
    const risk::Lots lots = engine.position(account, instrument);
    const risk::Usage usage = engine.usage(account, instrument);
    if (lots.raw == 0 && usage.long_lots.raw == 0 && usage.short_lots.raw == 0) continue;
    out.begin_object().text("instrument", deployment.names.instruments.name(instrument));
    values.lots(out, "position", instrument, lots);
    values.lots(out, "long_used", instrument, usage.long_lots);
    values.lots(out, "short_used", instrument, usage.short_lots);
    values.mark(out, "mark", instrument, engine.mark(instrument));
    const risk::AssetIndex settlement = deployment.parameters.instruments[i].settlement;
    values.units(out, "gain", settlement, engine.gain(account, instrument).raw);
    out.text("settlement", deployment.names.assets.name(settlement)).end_object();
  }
  out.end_list().key("holdings").begin_list();
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
    const risk::Amount balance = engine.balance(account, {a});
    const risk::Amount borrowed = engine.borrowed(account, {a});
    if (balance.raw == 0 && borrowed.raw == 0) continue;
    out.begin_object().text("asset", deployment.names.assets.name({a}));
    values.units(out, "balance", {a}, balance.raw);
    values.units(out, "borrowed", {a}, borrowed.raw);
    out.end_object();
  }
  out.end_list().key("orders").begin_list();
  std::uint32_t written = 0;
  engine.each_order(account, [&](risk::OrderIndex order) {
    if (written < orders_max) write_order(out, values, engine, order);
    ++written;
  });
  out.end_list().boolean("all_orders", written <= orders_max);
}

}  // namespace portcullis::gateway::control
