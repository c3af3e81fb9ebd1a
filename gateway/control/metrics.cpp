#include "gateway/control/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/commands/margin_answer.h"
#include "gateway/control/door.h"
#include "gateway/control/metric_families.h"
#include "gateway/control/metrics_feeds.h"

namespace portcullis::gateway::control {

namespace {

constexpr double kNs = MetricFamilies::kSeconds;

class Metrics {
 public:
  Metrics(const Values& values, gate::Gate& gate, const ProcessFigures& process,
          std::int64_t now_ns)
      : deployment_(values.deployment()),
        gate_(gate),
        engine_(gate.engine()),
        process_(process),
        now_ns_(now_ns) {}

  std::string write(const ControlCounters& control) {
    write_state();
    write_orders();
    write_latency();
    write_queues();
    write_prices();
    write_feeds(out_, process_.feeds, now_ns_);
    write_utilisation();
    write_accounts();
    write_sweeps();
    write_alerts();
    write_control(control);
    return out_.text();
  }

 private:
  void gauge(std::string name, std::string help) { out_.gauge(std::move(name), std::move(help)); }
  void counter(std::string name, std::string help) {
    out_.counter(std::move(name), std::move(help));
  }
  // The shard's own, which know of what made no record; the follower's until they are told.
  [[nodiscard]] const gate::Counters& counters() const {
    return process_.shard != nullptr ? process_.shard->gate : gate_.counters();
  }

  void write_state() {
    gauge("ready", "1: orders that add risk are taken");
    out_.add({}, not_ready(gate_, process_).empty() ? 1 : 0);
    gauge("venue_link_up", "1: the venue takes orders");
    out_.add({}, gate_.link() == gate::LinkState::Up ? 1 : 0);
    gauge("state_differs",
          "1: the state is not what the journal's records make of it, or is not confirmed");
    out_.add({}, gate_.state_differs() || gate_.state_unconfirmed() ? 1 : 0);
    gauge("parameter_version", "Of the limits and models in force");
    out_.add({}, engine_.parameters().version);
    gauge("live_orders", "Orders that are not ended");
    out_.add({}, engine_.live_orders());
    gauge("sessions_up", "Clients' sessions that are logged in");
    std::uint32_t up = 0;
    for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s)
      up += gate_.is_session_up({s}) ? 1u : 0u;
    out_.add({}, up);
    gauge("stopped", "Nodes that are killed, suspended or close-only, by level");
    std::uint32_t nodes = 0;
    for (std::uint32_t n = 0; n < deployment_.parameters.nodes.size(); ++n)
      nodes += engine_.flags(risk::ControlScope::Node, n) != 0 ? 1u : 0u;
    std::uint32_t accounts = 0;
    for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a)
      accounts += engine_.flags(risk::ControlScope::Account, a) != 0 ? 1u : 0u;
    out_.add_all("level", {{"node", nodes}, {"account", accounts}});
  }

  void write_orders() {
    const gate::Counters& c = counters();
    counter("messages_total", "Messages of clients, by what became of them");
    out_.add_all("outcome", {{"forwarded", c.forwarded},
                             {"rejected", c.rejected},
                             {"ignored", c.ignored},
                             {"malformed", c.malformed},
                             {"answered", c.answered}});
    counter("orders_total", "Messages of clients that are in the journal, by what they are");
    out_.add_all("type", {{"enter", c.enters},
                          {"replace", c.replaces},
                          {"cancel", c.cancels},
                          {"control", c.controls},
                          {"query", c.queries}});
    counter("rejects_total", "Refusals, by reason");
    for (std::size_t r = 1; r < c.rejects.size(); ++r)
      out_.add({{"reason", std::string(risk::kRejectReasons[r].name)}}, c.rejects[r]);
    counter("venue_events_total", "What the venue has said");
    out_.add_all("type", {{"accepted", c.accepted},
                          {"replaced", c.replaced},
                          {"executed", c.executed},
                          {"canceled", c.canceled},
                          {"self_match_prevented", c.self_match_prevented},
                          {"rejected", c.venue_rejected},
                          {"broken", c.broken},
                          {"voided", c.voided},
                          {"adopted", c.adopted},
                          {"unattributed", c.unattributed}});
  }

  void write_latency() {
    if (process_.shard == nullptr) return;
    out_.histogram(
        "message_seconds",
        "From a client's message read to its reply and order queued; the sum is made of the "
        "buckets, right to within 1.6 %");
    out_.add({}, process_.shard->message_times);
    const shard::LinkCounters& links = process_.shard->links;
    counter("links_total", "What became of connections");
    out_.add_all("event", {{"client_connected", links.connections},
                           {"client_refused", links.connections_refused + links.refused_by_address},
                           {"login", links.logins},
                           {"login_rejected", links.logins_rejected},
                           {"slow_consumer", links.slow_consumers},
                           {"fault_disconnect", links.fault_disconnects},
                           {"venue_connected", links.venue_connects},
                           {"venue_dropped", links.venue_drops},
                           {"overload", links.overloads},
                           {"dead_man", links.dead_men}});
    gauge("overloaded",
          "1: orders that add risk are refused, since the shard has more to do than it can");
    out_.add({}, process_.shard->overloaded ? 1 : 0);
  }

  void write_queues() {
    const JournalFigures& journal = process_.journal;
    gauge("journal_records", "The newest record, by how far it has come");
    out_.add_all("mark", {{"published", journal.published},
                          {"flushed", journal.flushed},
                          {"synced", journal.synced},
                          {"followed", process_.follower_sequence}});
    const auto behind = [&](std::uint64_t mark) {
      return journal.published - std::min(journal.published, mark);
    };
    gauge("journal_lag_records", "How many records behind the newest");
    out_.add_all("mark", {{"flushed", behind(journal.flushed)},
                          {"synced", behind(journal.synced)},
                          {"followed", behind(process_.follower_sequence)}});
    gauge("journal_faults", "Bits of what is wrong with the disk; 0: nothing");
    out_.add({}, journal.faults);
    gauge("queue_depth", "What waits for the shard");
    out_.add_all("queue", {{"control_commands", process_.commands_waiting},
                           {"control_questions", process_.questions_waiting}});
    if (process_.orders_waiting) out_.add({{"queue", "json_orders"}}, *process_.orders_waiting);
    for (const feeds::FeedFigures::Queue& queue : process_.feeds.queues)
      out_.add({{"queue", std::string(queue.name)}}, queue.waiting);
    gauge("journal_ring_bytes", "Of the ring between shard and disk");
    out_.add({{"part", "size"}}, journal.ring_bytes);
    if (process_.shard != nullptr) out_.add({{"part", "used"}}, process_.shard->ring_bytes_used);
  }

  void write_prices() {
    gauge("feed_age_seconds",
          "Since a reference price was as it is, by its source; not there: never priced");
    const auto age = [&](risk::Timestamp as_of) {
      return static_cast<double>(std::max<std::int64_t>(0, now_ns_ - as_of.ns)) * kNs;
    };
    for (std::uint32_t i = 0; i < deployment_.instruments.size(); ++i) {
      if (engine_.mark({i}).raw == 0) continue;
      out_.add({{"kind", "mark"}, {"of", deployment_.names.instruments.name({i})}},
               age(engine_.mark_as_of({i})));
    }
    for (std::uint32_t a = 0; a < deployment_.assets.size(); ++a) {
      if (engine_.index({a}) == 0) continue;
      out_.add({{"kind", "index"}, {"of", deployment_.names.assets.name({a})}},
               age(engine_.index_as_of({a})));
    }
    gauge("unsafe_prices", "Reference prices that may not be relied on");
    std::uint32_t marks = 0;
    for (std::uint32_t i = 0; i < deployment_.instruments.size(); ++i)
      marks += engine_.mark_state({i}) == risk::PriceState::Unsafe ? 1u : 0u;
    std::uint32_t indexes = 0;
    for (std::uint32_t a = 0; a < deployment_.assets.size(); ++a)
      indexes += engine_.index_state({a}) == risk::PriceState::Unsafe ? 1u : 0u;
    out_.add_all("kind", {{"mark", marks}, {"index", indexes}});
  }

  [[nodiscard]] static double ratio(std::int64_t used, std::int64_t limit) {
    if (limit == 0) return used == 0 ? 0 : 1;
    return static_cast<double>(used) / static_cast<double>(limit);
  }

  void write_utilisation() {
    gauge(
        "utilisation_ratio",
        "Of a member's limits what counts against them; of long and short the instrument nearest");
    for (std::uint32_t n = 0; n < deployment_.parameters.nodes.size(); ++n) {
      const risk::NodeParameters& node = deployment_.parameters.nodes[n];
      if (node.level != risk::NodeLevel::Member) continue;
      const risk::LimitProfile& profile = engine_.parameters().profiles[node.profile];
      double longs = 0;
      double shorts = 0;
      for (std::uint32_t i = 0; i < profile.instruments.size(); ++i) {
        const risk::Usage usage = engine_.usage(risk::NodeIndex{n}, risk::InstrumentIndex{i});
        longs = std::max(longs, ratio(usage.long_lots.raw, profile.instruments[i].long_max.raw));
        shorts =
            std::max(shorts, ratio(usage.short_lots.raw, profile.instruments[i].short_max.raw));
      }
      const std::string& name = deployment_.names.nodes.name({n});
      out_.add({{"member", name}, {"limit", "long"}}, longs);
      out_.add({{"member", name}, {"limit", "short"}}, shorts);
      out_.add({{"member", name}, {"limit", "gross_notional"}},
               ratio(engine_.quanta_up(engine_.gross_notional(risk::NodeIndex{n})).raw,
                     profile.gross_notional_max.raw));
      out_.add({{"member", name}, {"limit", "open_orders"}},
               ratio(engine_.open_orders(risk::NodeIndex{n}), profile.open_orders_max));
    }
  }

  void write_accounts() {
    std::array<std::uint64_t, 5> states{};
    for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a)
      ++states[static_cast<std::size_t>(engine_.state({a}))];
    gauge("accounts", "By margin state");
    for (std::size_t s = 0; s < states.size(); ++s) {
      out_.add({{"state", std::string(gateway::name_of(static_cast<risk::MarginState>(s)))}},
               states[s]);
    }
  }

  void write_sweeps() {
    if (process_.sweeps == nullptr) return;
    std::uint64_t running = 0;
    std::uint64_t unsent = 0;
    std::uint64_t open = 0;
    for (const follower::SweepLook& sweep : process_.sweeps->look(gate_)) {
      if (sweep.figures.place != 0) continue;
      ++running;
      unsent += sweep.figures.sent_ns == 0 ? 1u : 0u;
      open += sweep.open;
    }
    gauge("sweeps_running",
          "Kills and cancel-alls of which orders have not ended, by what they wait for");
    out_.add_all("for", {{"cancels_sent", unsent}, {"orders_ended", running - unsent}});
    gauge("sweep_open_orders", "Orders that a kill or cancel-all found and that have not ended");
    out_.add({}, open);
    out_.histogram(
        "sweep_seconds",
        "From a kill's or cancel-all's acceptance until it was in force, its last cancel was "
        "sent, its last order ended; of those that ended in this process");
    const follower::SweepTimes& times = process_.sweeps->times();
    out_.add({{"until", "in_force"}}, times.in_force);
    out_.add({{"until", "sent"}}, times.sent);
    out_.add({{"until", "ended"}}, times.ended);
  }

  void write_alerts() {
    if (process_.warnings == nullptr) return;
    const follower::WarningWatch& warnings = *process_.warnings;
    std::map<std::pair<std::int64_t, bool>, std::uint64_t> standing;
    for (const config::WarningSettings::Levels& levels : warnings.settings().levels) {
      for (const std::int64_t level : levels)
        standing[{level, false}] = standing[{level, true}] = 0;
    }
    for (const auto& [of, alert] : warnings.alerts())
      ++standing[{alert.level, alert.acknowledged_ns != 0}];
    gauge("alerts", "Limits that are used to a level of warning, in percent");
    for (const auto& [kind, count] : standing) {
      out_.add(
          {{"level", std::to_string(kind.first)}, {"acknowledged", kind.second ? "true" : "false"}},
          count);
    }
    gauge("alert_oldest_unacknowledged_seconds",
          "For how long the oldest alert stands that nobody has acknowledged; 0: there is none");
    const AlertCounts counts = count_alerts(&warnings);
    out_.add(
        {}, counts.unacknowledged == 0
                ? 0
                : static_cast<double>(std::max<std::int64_t>(0, now_ns_ - counts.oldest_ns)) * kNs);
    counter("alert_notices_total", "What has happened to alerts in this process, and to margins");
    using follower::NoticeKind;
    for (const NoticeKind kind :
         {NoticeKind::Raised, NoticeKind::Fell, NoticeKind::Cleared, NoticeKind::Acknowledged,
          NoticeKind::Escalated, NoticeKind::MarginState}) {
      out_.add({{"what", std::string(follower::name_of(kind))}}, warnings.noticed(kind));
    }
  }

  void write_control(const ControlCounters& control) {
    counter("control_requests_total", "Of the control plane, by what became of them");
    out_.add_all("outcome", {{"all", control.requests},
                             {"unauthenticated", control.unauthenticated},
                             {"not_permitted", control.not_permitted},
                             {"over_rate", control.over_rate},
                             {"malformed", control.malformed},
                             {"busy", control.busy},
                             {"command", control.commands},
                             {"queued", control.queued}});
    counter("control_events_missed_total", "Events that a listener was too slow for");
    out_.add({}, control.events_missed);
  }

  const config::Deployment& deployment_;
  gate::Gate& gate_;
  risk::Engine& engine_;
  const ProcessFigures& process_;
  const std::int64_t now_ns_;
  MetricFamilies out_;
};

}  // namespace

std::string metrics_text(const Values& values, gate::Gate& gate, const ProcessFigures& process,
                         const ControlCounters& control, std::int64_t now_ns) {
  return Metrics(values, gate, process, now_ns).write(control);
}

}  // namespace portcullis::gateway::control
