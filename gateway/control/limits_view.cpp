// Limits with what counts against them, in the units that the checks compare (ORDERLIFE 6):
// used + available = limit.
#include <algorithm>

#include "gateway/control/change_views.h"
#include "gateway/control/views.h"

namespace portcullis::gateway::control {

namespace {

class LimitsView {
 public:
  LimitsView(json::Writer& out, const Values& values, risk::Engine& engine, std::uint32_t profile,
             bool only_used, const parameters::ChangesView* changes)
      : out_(out),
        values_(values),
        engine_(engine),
        profile_(engine.parameters().profiles[profile]),
        only_used_(only_used) {
    // Profiles come and go, and what is overridden has one of its own.
    const std::vector<std::string>& names = changes != nullptr && !changes->profiles.empty()
                                                ? changes->profiles
                                                : values.deployment().names.profiles.names();
    out_.text_or_null("profile", profile < names.size() ? names[profile] : std::string());
  }

  // `place`: a node or an account.
  template <class Place>
  void write(Place place) {
    quanta("gross_notional", engine_.quanta_up(engine_.gross_notional(place)),
           profile_.gross_notional_max);
    count("open_orders", engine_.open_orders(place), profile_.open_orders_max);
    out_.key("instruments").begin_list();
    for (std::uint32_t i = 0; i < profile_.instruments.size(); ++i)
      write_instrument({i}, engine_.usage(place, risk::InstrumentIndex{i}));
    out_.end_list();
  }

  void quanta(std::string_view key, risk::Value used, risk::Value limit) {
    out_.key(key).begin_object();
    values_.quanta(out_, "used", used);
    values_.quanta(out_, "limit", limit);
    values_.quanta(out_, "available", limit - used);
    values_.utilisation(out_, used.raw, limit.raw);
    out_.end_object();
  }

 private:
  void count(std::string_view key, std::int64_t used, std::int64_t limit) {
    out_.key(key)
        .begin_object()
        .number("used", used)
        .number("limit", limit)
        .number("available", limit - used);
    values_.utilisation(out_, used, limit);
    out_.end_object();
  }

  void lots(std::string_view key, risk::InstrumentIndex instrument, risk::Lots used,
            risk::Lots limit) {
    out_.key(key).begin_object();
    values_.lots(out_, "used", instrument, used);
    values_.lots(out_, "limit", instrument, limit);
    values_.lots(out_, "available", instrument, limit - used);
    values_.utilisation(out_, used.raw, limit.raw);
    out_.end_object();
  }

  void write_instrument(risk::InstrumentIndex instrument, const risk::Usage& usage) {
    if (only_used_ && usage.long_lots.raw == 0 && usage.short_lots.raw == 0) return;
    const risk::InstrumentLimits& limits = profile_.instruments[instrument.value];
    out_.begin_object().text("instrument", values_.records().name(instrument));
    lots("long", instrument, usage.long_lots, limits.long_max);
    lots("short", instrument, usage.short_lots, limits.short_max);
    // Without a mark nothing is worth anything, and orders are refused for that.
    quanta("gross_notional", engine_.notional(instrument, usage.gross_lots),
           limits.gross_notional_max);
    values_.lots(out_, "clip", instrument, limits.clip);
    values_.quanta(out_, "order_notional_max", limits.notional_max);
    out_.text("collar", config::to_decimal(limits.collar_ppm, 6))
        .boolean("restricted", limits.restricted)
        .end_object();
  }

  json::Writer& out_;
  const Values& values_;
  risk::Engine& engine_;
  const risk::LimitProfile& profile_;
  const bool only_used_;
};

}  // namespace

void write_limits(json::Writer& out, const Values& values, gate::Gate& gate, risk::NodeIndex node,
                  bool only_used, const parameters::ChangesView* changes) {
  risk::Engine& engine = gate.engine();
  const risk::NodeParameters& parameters = engine.parameters().nodes[node.value];
  out.text("node", values.deployment().names.nodes.name(node))
      .text("level", risk::name_of(parameters.level));
  out.text_or_null("parent", values.records().name(parameters.parent));
  write_flags(out, "stopped", engine.flags(risk::ControlScope::Node, node.value));
  write_overrides(out, changes, false, values.deployment().names.nodes.name(node));
  LimitsView(out, values, engine, parameters.profile, only_used, changes).write(node);
}

void write_limits(json::Writer& out, const Values& values, gate::Gate& gate,
                  risk::AccountIndex account, bool only_used,
                  const parameters::ChangesView* changes, risk::Breakdown& breakdown,
                  std::int64_t now_ns) {
  risk::Engine& engine = gate.engine();
  const risk::AccountParameters& parameters = engine.parameters().accounts[account.value];
  const risk::LimitProfile& profile = engine.parameters().profiles[parameters.profile];
  const risk::MarginReport margin = engine.margin(account, {now_ns});
  out.text("node", values.deployment().names.accounts.name(account))
      .text("level", risk::name_of(risk::NodeLevel::Account));
  out.text_or_null("parent", values.records().name(parameters.parent));
  write_flags(out, "stopped", engine.flags(risk::ControlScope::Account, account.value));
  write_overrides(out, changes, true, values.deployment().names.accounts.name(account));
  LimitsView view(out, values, engine, parameters.profile, only_used, changes);
  view.write(account);
  view.quanta("margin", margin.requirement, margin.equity - margin.costs);
  if (profile.daily_loss_max.raw == risk::kValueMax) {
    out.null("daily_loss");
  } else {
    view.quanta("daily_loss", engine.loss_of_day(account), profile.daily_loss_max);
  }
  engine.break_down(account, breakdown);
  if (!breakdown.in_range) {
    out.null("leverage");
    return;
  }
  out.key("leverage").begin_object();
  values.quanta(out, "notional", breakdown.levered_notional);
  values.quanta(out, "equity", breakdown.leverage_equity);
  out.text("limit", config::to_decimal(breakdown.leverage_max_ppm, 6));
  const std::int64_t equity = breakdown.leverage_equity.raw;
  out.text_or_null(
      "used",
      equity > 0
          ? config::to_decimal(
                risk::ceil_div(risk::Int128{breakdown.levered_notional.raw} * risk::kPpm, equity),
                6)
          : "");
  out.end_object();
}

}  // namespace portcullis::gateway::control
