#include "gateway/control/change_views.h"

#include <algorithm>
#include <string>

#include "gateway/commands/record_text.h"
#include "gateway/gate/record_names.h"

namespace portcullis::gateway::control {

namespace {

constexpr std::size_t kShownMax = 120;  // of a value

// A JSON text as people read it.
void write_value(json::Writer& out, std::string_view key, std::string text) {
  if (text.empty() || text == "null") {
    out.null(key);
    return;
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  out.text(key, text);
}

void write_change(json::Writer& out, const parameters::ChangeLook& look) {
  const gate::OpenChange& change = look.change;
  out.begin_object()
      .number("change", change.id)
      .text("kind", gate::name_of(change.kind))
      .text("standing", name_of(look.standing))
      .text("by", trimmed(change.by))
      .text("role", gate::name_of(change.role));
  out.text_or_null("reason", trimmed(change.reason));
  out.number_or_null("proposed_at_ns", change.proposed_at.ns);
  out.number_or_null("effective_at_ns", change.effective_at.ns);
  out.number_or_null("expires_at_ns", change.expires_at.ns);
  out.boolean("needs_approval", change.needs_approval != 0);
  out.text_or_null("approver", trimmed(change.approver));
  out.key("limits").begin_list();
  for (const config::LimitOverride& limit : look.limits) write_limit(out, limit);
  out.end_list();
  write_differences(out, look.differences);
  out.number_or_null("ended_at_ns", look.ended_at_ns);
  out.text_or_null("ended_by", look.ended_by);
  out.text_or_null("ended_reason", look.ended_reason);
  out.end_object();
}

template <class Want>
void write_in_force(json::Writer& out, const parameters::ChangesView* view, Want&& want) {
  out.key("overrides").begin_list();
  if (view != nullptr) {
    for (const parameters::ChangeLook& look : view->open) {
      if (look.standing != parameters::ChangeStanding::InForce) continue;
      for (const config::LimitOverride& limit : look.limits) {
        if (!want(limit)) continue;
        out.begin_object()
            .number("change", look.change.id)
            .number("expires_at_ns", look.change.expires_at.ns)
            .key("override");
        write_limit(out, limit);
        out.end_object();
      }
    }
  }
  out.end_list();
}

}  // namespace

void write_limit(json::Writer& out, const config::LimitOverride& limit) {
  out.begin_object()
      .text("scope", limit.of_account ? "account" : "node")
      .text("target", limit.target);
  out.text_or_null("instrument", limit.instrument);
  out.text("limit", limit.limit).text("value", limit.value).end_object();
}

void write_differences(json::Writer& out, const std::vector<config::Difference>& differences) {
  out.key("differences").begin_list();
  for (std::size_t d = 0; d < std::min(differences.size(), kDifferencesMax); ++d) {
    const config::Difference& one = differences[d];
    out.begin_object().text("file", one.file).text("path", one.path);
    write_value(out, "from", one.from);
    write_value(out, "to", one.to);
    out.boolean("raise", one.is_raise).end_object();
  }
  out.end_list().number("differences_total", static_cast<std::int64_t>(differences.size()));
}

void write_changes(json::Writer& out, const parameters::ChangesView& view) {
  out.begin_object()
      .boolean("four_eyes", view.four_eyes)
      .number("parameter_version", view.version)
      .key("open")
      .begin_list();
  for (const parameters::ChangeLook& look : view.open) write_change(out, look);
  out.end_list().key("ended").begin_list();
  for (const parameters::ChangeLook& look : view.ended) write_change(out, look);
  out.end_list().end_object();
}

void write_open_changes(json::Writer& out, const parameters::ChangesView* view) {
  const auto count = [&](parameters::ChangeStanding standing) {
    return view == nullptr
               ? 0
               : std::ranges::count(view->open, standing, &parameters::ChangeLook::standing);
  };
  out.key("changes_open")
      .begin_object()
      .number("awaiting_approval", count(parameters::ChangeStanding::AwaitsApproval))
      .number("awaiting_time", count(parameters::ChangeStanding::AwaitsTime))
      .end_object();
  write_in_force(out, view, [](const config::LimitOverride&) { return true; });
}

void write_overrides(json::Writer& out, const parameters::ChangesView* view, bool of_account,
                     std::string_view target) {
  write_in_force(out, view, [&](const config::LimitOverride& limit) {
    return limit.of_account == of_account && limit.target == target;
  });
}

}  // namespace portcullis::gateway::control
