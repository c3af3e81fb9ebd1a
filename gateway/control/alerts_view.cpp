// Warnings: which limits are used to a level of the configuration (follower/warning_watch.h).
#include <algorithm>
#include <vector>

#include "config/decimal.h"
#include "gateway/commands/margin_answer.h"
#include "gateway/control/views.h"

namespace portcullis::gateway::control {

AlertCounts count_alerts(const follower::WarningWatch* warnings) {
  AlertCounts counts;
  if (warnings == nullptr) return counts;
  for (const auto& [of, alert] : warnings->alerts()) {
    ++counts.active;
    if (alert.acknowledged_ns != 0) continue;
    ++counts.unacknowledged;
    if (counts.oldest_ns == 0 || alert.since_ns < counts.oldest_ns)
      counts.oldest_ns = alert.since_ns;
  }
  return counts;
}

void write_alert(json::Writer& out, const Values& values, const follower::Alert& alert) {
  const config::Deployment& deployment = values.deployment();
  const RecordValues& records = values.records();
  out.begin_object()
      .text("alert", follower::to_text(alert.id))
      .text("kind", config::name_of(alert.of.limit))
      .text("level", risk::name_of(alert.of.level))
      .text("node", records.name_at(alert.of.level, alert.of.node));
  out.text_or_null("instrument", records.name(risk::InstrumentIndex{alert.of.instrument}));
  out.number("percent", alert.level)
      .text("used", limits::used_text(deployment, alert.of, alert.used))
      .text("limit", limits::used_text(deployment, alert.of, alert.limit))
      .text("utilisation",
            config::to_decimal(limits::share_ppm(alert.used, alert.limit), config::kPpmScale))
      .text("peak_utilisation", config::to_decimal(alert.peak_ppm, config::kPpmScale))
      .number("since_ns", alert.since_ns)
      .boolean("escalated", alert.escalated)
      .key("acknowledged");
  if (alert.acknowledged_ns == 0) {
    out.null();
  } else {
    out.begin_object()
        .text("by", trimmed(alert.by))
        .text("reason", trimmed(alert.reason))
        .number("time_ns", alert.acknowledged_ns)
        .end_object();
  }
  out.end_object();
}

void write_margin_change(json::Writer& out, const Values& values, const follower::Notice& notice) {
  out.text("account", values.records().name(notice.account))
      .text("before", gateway::name_of(notice.before))
      .text("after", gateway::name_of(notice.after));
}

void write_alerts(json::Writer& out, const Values& values, const follower::WarningWatch* warnings,
                  bool only_unacknowledged, std::uint32_t limit) {
  const AlertCounts counts = count_alerts(warnings);
  out.number("active", counts.active).number("unacknowledged", counts.unacknowledged);
  std::vector<const follower::Alert*> alerts;
  if (warnings != nullptr) {
    for (const auto& [of, alert] : warnings->alerts()) {
      if (!only_unacknowledged || alert.acknowledged_ns == 0) alerts.push_back(&alert);
    }
  }
  std::ranges::sort(alerts, std::ranges::greater(), [](const auto* alert) { return alert->id; });
  out.key("alerts").begin_list();
  for (std::size_t n = 0; n < std::min<std::size_t>(alerts.size(), limit); ++n)
    write_alert(out, values, *alerts[n]);
  out.end_list();
}

void write_alert_counts(json::Writer& out, const follower::WarningWatch* warnings,
                        std::int64_t now_ns) {
  const AlertCounts counts = count_alerts(warnings);
  out.begin_object()
      .number("active", counts.active)
      .number("unacknowledged", counts.unacknowledged)
      .key("oldest_unacknowledged_ns");
  if (counts.unacknowledged == 0) {
    out.null();
  } else {
    out.number(std::max<std::int64_t>(0, now_ns - counts.oldest_ns));
  }
  out.end_object();
}

}  // namespace portcullis::gateway::control
