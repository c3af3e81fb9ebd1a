#include "gateway/commands/stats.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace portcullis::gateway {

namespace {

using Pairs = std::vector<std::pair<std::string_view, std::uint64_t>>;

std::string object(const Pairs& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs) {
    text += fmt::format("{}\"{}\": {}", text.size() == 1 ? "" : ", ", name, value);
  }
  return text + "}";
}

std::string histogram(const Histogram& times) {
  return object({{"count", times.count()},
                 {"p50", times.percentile(0.5)},
                 {"p90", times.percentile(0.9)},
                 {"p99", times.percentile(0.99)},
                 {"p99.9", times.percentile(0.999)},
                 {"max", times.max()}});
}

Pairs pairs_of(const edge::ServerCounters& c) {
  return {{"connections", c.connections},
          {"connections_refused", c.connections_refused},
          {"refused_by_address", c.refused_by_address},
          {"accepts_failed", c.accepts_failed},
          {"handshakes_failed", c.handshakes_failed},
          {"requests", c.requests},
          {"bad_requests", c.bad_requests},
          {"websockets", c.websockets},
          {"messages", c.messages},
          {"protocol_errors", c.protocol_errors},
          {"control_floods", c.control_floods},
          {"slow_consumers", c.slow_consumers},
          {"timeouts", c.timeouts}};
}

Pairs pairs_of(const edge::DoorCounters& c) {
  return {{"logins", c.logins},
          {"logins_refused", c.logins_refused},
          {"wrong_signatures", c.wrong_signatures},
          {"locked_out", c.locked_out},
          {"lockouts", c.lockouts},
          {"requests", c.requests},
          {"malformed", c.malformed},
          {"over_rate", c.over_rate},
          {"commands", c.commands},
          {"duplicates", c.duplicates},
          {"queue_full", c.queue_full},
          {"stopping", c.stopping},
          {"replies", c.replies},
          {"unanswerable", c.unanswerable},
          {"ignored", c.ignored},
          {"pushes", c.pushes},
          {"queries", c.queries}};
}

constexpr std::array<std::string_view, risk::kAnomalyCount> kAnomalyNames = {
    "none",       "unknown_number", "overfill", "worse_price", "accepted_differently",
    "late_event", "unknown_trade",  "duplicate"};

}  // namespace

std::string stats_json(const config::Deployment& deployment, gate::Gate& gate,
                       const shard::Shard* shard, const follower::Follower* follower,
                       const edge::Edge* edge) {
  const gate::Counters& c = gate.counters();
  Pairs rejects;
  for (std::size_t r = 1; r < c.rejects.size(); ++r) {
    if (c.rejects[r] != 0) rejects.emplace_back(risk::kRejectReasons[r].name, c.rejects[r]);
  }
  Pairs anomalies;
  for (std::size_t a = 1; a < c.anomalies.size(); ++a) {
    if (c.anomalies[a] != 0) anomalies.emplace_back(kAnomalyNames[a], c.anomalies[a]);
  }
  risk::Engine& engine = gate.engine();
  Pairs watermarks;
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    watermarks.emplace_back(deployment.names.sessions.name({s}), engine.watermark({s}));
  }
  std::string positions;
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    std::int64_t net = 0;
    std::int64_t held = 0;
    for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a) {
      const std::int64_t lots = engine.position({a}, {i}).raw;
      net += lots;
      held += lots < 0 ? -lots : lots;
    }
    positions += fmt::format("{}\"{}\": {{\"net_lots\": {}, \"gross_lots\": {}}}",
                             i == 0 ? "" : ", ", deployment.names.instruments.name({i}), net, held);
  }
  const char* difference = engine.verify();

  std::string text = "{\n";
  text += fmt::format("  \"messages\": {},\n", object({{"in", c.in},
                                                       {"forwarded", c.forwarded},
                                                       {"rejected", c.rejected},
                                                       {"ignored", c.ignored},
                                                       {"malformed", c.malformed},
                                                       {"answered", c.answered}}));
  text += fmt::format("  \"journaled\": {},\n", object({{"enter", c.enters},
                                                        {"replace", c.replaces},
                                                        {"cancel", c.cancels},
                                                        {"control", c.controls},
                                                        {"query", c.queries}}));
  text += fmt::format("  \"watermarks\": {},\n", object(watermarks));
  text += fmt::format("  \"rejects\": {},\n", object(rejects));
  text +=
      fmt::format("  \"venue\": {},\n", object({{"accepted", c.accepted},
                                                {"replaced", c.replaced},
                                                {"executed", c.executed},
                                                {"canceled", c.canceled},
                                                {"self_match_prevented", c.self_match_prevented},
                                                {"rejected", c.venue_rejected},
                                                {"broken", c.broken},
                                                {"voided", c.voided},
                                                {"adopted", c.adopted},
                                                {"unattributed", c.unattributed},
                                                {"malformed", c.malformed_by_venue},
                                                {"off_grid", c.off_grid}}));
  text += fmt::format("  \"anomalies\": {},\n  \"prices\": {},\n", object(anomalies), c.prices);
  text += fmt::format("  \"tables\": {},\n",
                      object({{"in_force", c.tables}, {"refused", c.tables_refused}}));
  text += fmt::format("  \"contracts\": {},\n",
                      object({{"fundings", c.fundings}, {"open_interests", c.open_interests}}));
  text +=
      fmt::format("  \"facts\": {},\n", object({{"done", c.facts}, {"refused", c.facts_refused}}));
  std::uint64_t unsafe_marks = 0;
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i)
    unsafe_marks += engine.mark_state({i}) == risk::PriceState::Unsafe ? 1u : 0u;
  std::uint64_t unsafe_indexes = 0;
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a)
    unsafe_indexes += engine.index_state({a}) == risk::PriceState::Unsafe ? 1u : 0u;
  text += fmt::format("  \"price_states\": {},\n", object({{"changes", c.price_state_changes},
                                                           {"unsafe_marks", unsafe_marks},
                                                           {"unsafe_indexes", unsafe_indexes}}));
  text += fmt::format("  \"margin_state_changes\": {},\n  \"days_closed\": {},\n", c.state_changes,
                      c.days_closed);
  text += fmt::format("  \"live_orders\": {},\n  \"positions\": {{{}}},\n", engine.live_orders(),
                      positions);
  if (shard != nullptr) {
    const shard::LinkCounters& l = shard->link_counters();
    text += fmt::format("  \"links\": {},\n",
                        object({{"connections", l.connections},
                                {"connections_refused", l.connections_refused},
                                {"accepts_failed", l.accepts_failed},
                                {"refused_by_address", l.refused_by_address},
                                {"refused_unauthenticated", l.refused_unauthenticated},
                                {"dropped_unauthenticated", l.dropped_unauthenticated},
                                {"logins", l.logins},
                                {"logins_rejected", l.logins_rejected},
                                {"logins_failed", l.logins_failed},
                                {"logins_locked_out", l.logins_locked_out},
                                {"logins_unchecked", l.logins_unchecked},
                                {"logins_duplicate", l.logins_duplicate},
                                {"lockouts", l.lockouts},
                                {"logins_superseded", l.logins_superseded},
                                {"protocol_errors", l.protocol_errors},
                                {"malformed_disconnects", l.malformed_disconnects},
                                {"slow_consumers", l.slow_consumers},
                                {"streams_removed", l.streams_removed},
                                {"streams_unreadable", l.streams_unreadable},
                                {"fault_disconnects", l.fault_disconnects},
                                {"venue_connects", l.venue_connects},
                                {"venue_drops", l.venue_drops},
                                {"overloads", l.overloads},
                                {"dead_men", l.dead_men}}));
    text += fmt::format("  \"message_ns\": {},\n", histogram(shard->message_times()));
  }
  if (follower != nullptr) {
    const follower::FollowerFigures f = follower->figures();
    text += fmt::format("  \"follower\": {},\n", object({{"sequence", f.sequence},
                                                         {"markers", f.markers},
                                                         {"differs_at", f.differs_at},
                                                         {"snapshots", f.snapshots},
                                                         {"snapshot_failures", f.snapshot_failures},
                                                         {"last_snapshot", f.last_snapshot},
                                                         {"tables_removed", f.tables_removed}}));
  }
  if (edge != nullptr) {
    text += fmt::format("  \"edge\": {{\n    \"sockets\": {},\n    \"door\": {}\n  }},\n",
                        object(pairs_of(edge->server_counters())),
                        object(pairs_of(edge->door_counters())));
  }
  text += fmt::format("  \"stream_session\": \"{}\",\n", gate.stream_session());
  text += fmt::format("  \"state\": \"{}\",\n", gate.state_unconfirmed() ? "unconfirmed"
                                                : gate.state_differs()   ? "differs"
                                                                         : "confirmed");
  text += fmt::format("  \"verified\": {},\n",
                      difference == nullptr ? "true" : fmt::format("\"{}\"", difference));
  text += fmt::format("  \"state_hash\": \"{:016x}\"\n}}\n", engine.state_hash());
  return text;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", path.string()));
  return text.str();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path part = path;
  part += ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(fmt::format("{}: cannot be written", path.string()));
  std::filesystem::rename(part, path);
}

}  // namespace portcullis::gateway
