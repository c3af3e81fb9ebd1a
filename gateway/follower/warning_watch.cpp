#include "gateway/follower/warning_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>

#include "gateway/commands/margin_answer.h"
#include "gateway/commands/record_values.h"
#include "gateway/follower/saved_bytes.h"
#include "gateway/gate/gate.h"
#include "gateway/gate/record_fields.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::follower {

using limits::Limit;
using limits::LimitId;
using limits::Place;
using limits::Reading;

namespace {

struct SavedWarnings {
  std::uint64_t command_by = 0;
  std::uint32_t alerts = 0;
  std::uint32_t accounts = 0;
  gate::OperatorRecord who{};
};
struct SavedAlert {
  std::uint64_t record = 0;
  std::int64_t level = 0;
  std::int64_t since_ns = 0;
  std::int64_t used = 0;
  std::int64_t limit = 0;
  std::int64_t peak_ppm = 0;
  std::int64_t acknowledged_ns = 0;
  std::uint32_t place = 0;
  std::uint32_t node = 0;
  std::uint32_t instrument = 0;
  Limit kind = Limit::Clip;
  risk::NodeLevel node_level = risk::NodeLevel::Account;
  std::uint8_t escalated = 0;
  std::uint8_t padding = 0;
  std::array<char, 64> by{};
  std::array<char, 64> reason{};
};
static_assert(std::has_unique_object_representations_v<SavedWarnings>);
static_assert(std::has_unique_object_representations_v<SavedAlert>);

constexpr std::array<std::string_view, 6> kNoticeNames{"raised",       "fell",      "cleared",
                                                       "acknowledged", "escalated", "margin_state"};

std::vector<std::vector<Place>> paths_of(const risk::Parameters& parameters) {
  std::vector<std::vector<Place>> paths;
  for (std::uint32_t a = 0; a < parameters.accounts.size(); ++a)
    paths.push_back(limits::path_of(parameters, {a}));
  return paths;
}

// Of what is the account's own, and stands on all its prices.
bool is_of_margin(Limit limit) {
  return limit == Limit::Leverage || limit == Limit::Margin || limit == Limit::DailyLoss;
}

}  // namespace

std::string to_text(const AlertId& id) { return fmt::format("{}-{}", id.record, id.place); }

std::optional<AlertId> parse_alert_id(std::string_view text) {
  AlertId id;
  const char* const end = text.data() + text.size();
  const auto [dash, no_record] = std::from_chars(text.data(), end, id.record);
  if (no_record != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [stop, no_place] = std::from_chars(dash + 1, end, id.place);
  if (no_place != std::errc() || stop != end || to_text(id) != text) return std::nullopt;
  return id;
}

std::string_view name_of(NoticeKind kind) { return kNoticeNames[static_cast<std::size_t>(kind)]; }

WarningSource warnings_of(const config::Deployment& deployment,
                          const std::filesystem::path& journal) {
  return [&deployment, journal](
             const gate::ParametersInForce& in_force) -> std::optional<config::WarningSettings> {
    if (in_force.version == 0) return config::warnings_in(deployment.canonical_text);
    std::string text;
    if (!parameters::read_parameters(journal, in_force.hash, text).empty()) return std::nullopt;
    return config::warnings_in(text);
  };
}

WarningWatch::WarningWatch(const config::Deployment& deployment, WarningSource source)
    : deployment_(deployment),
      source_(std::move(source)),
      paths_(paths_of(deployment.parameters)),
      settings_(source_({}).value_or(config::WarningSettings())),
      states_(deployment.parameters.accounts.size(), risk::MarginState::Normal) {}

const Alert* WarningWatch::find(const AlertId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &alerts_.at(found->second);
}

// --- what is told

void WarningWatch::note(NoticeKind kind, const Alert& alert) {
  note(Notice{.kind = kind, .alert = alert});
}

void WarningWatch::note(Notice notice) {
  if (!tell_) return;
  notice.sequence = sequence_;
  notice.time_ns = time_ns_;
  if (notice.kind != NoticeKind::Fell) tell_(line_of(notice));
  ++noticed_;
  ++noticed_of_[static_cast<std::size_t>(notice.kind)];
  notices_.push_back(std::move(notice));
  if (notices_.size() > kNoticesKept) notices_.pop_front();
}

std::string WarningWatch::line_of(const Notice& notice) const {
  const RecordValues values(&deployment_);
  if (notice.kind == NoticeKind::MarginState) {
    return fmt::format("account {} is {} by its margin, it was {}", values.name(notice.account),
                       gateway::name_of(notice.after), gateway::name_of(notice.before));
  }
  const Alert& alert = notice.alert;
  std::string what = fmt::format("warning {}: ", to_text(alert.id));
  if (notice.kind == NoticeKind::Acknowledged)
    what += fmt::format("acknowledged by {}: ", trimmed(alert.by));
  if (notice.kind == NoticeKind::Escalated) what += "nobody has acknowledged it: ";
  if (notice.kind == NoticeKind::Cleared) what += "over: ";
  const bool has_instrument = config::has_instrument(alert.of.limit);
  return what + fmt::format("{} of {}{}{} is at {} %: {} of {}", config::name_of(alert.of.limit),
                            limits::place_text(deployment_, alert.of), has_instrument ? " in " : "",
                            has_instrument ? values.name(risk::InstrumentIndex{alert.of.instrument})
                                           : std::string_view(),
                            alert.level, limits::used_text(deployment_, alert.of, alert.used),
                            limits::used_text(deployment_, alert.of, alert.limit));
}

// --- alerts

void WarningWatch::add(const Alert& alert) {
  alerts_.insert_or_assign(alert.of, alert);
  by_id_.emplace(alert.id, alert.of);
  if (alert.acknowledged_ns == 0 && !alert.escalated) waiting_.insert(alert.id);
}

void WarningWatch::raise(const LimitId& id, std::int64_t level, const Reading& reading) {
  const Alert alert{.id = {.record = sequence_, .place = raised_++},
                    .of = id,
                    .level = level,
                    .since_ns = time_ns_,
                    .used = reading.used,
                    .limit = reading.limit,
                    .peak_ppm = limits::share_ppm(reading.used, reading.limit)};
  add(alert);
  note(NoticeKind::Raised, alert);
}

void WarningWatch::consider(const LimitId& id, const Reading& reading) {
  const auto found = alerts_.find(id);
  const std::int64_t before = found == alerts_.end() ? 0 : found->second.level;
  const std::int64_t level =
      config::level_after(settings_, id.limit, before, reading.used, reading.limit);
  if (level == 0 && before == 0) return;
  if (level > before && before == 0) return raise(id, level, reading);
  Alert& alert = found->second;
  if (level > before || level == 0) {
    by_id_.erase(alert.id);
    waiting_.erase(alert.id);
    if (level != 0) return raise(id, level, reading);
  }
  alert.used = reading.used;
  alert.limit = reading.limit;
  alert.peak_ppm = std::max(alert.peak_ppm, limits::share_ppm(reading.used, reading.limit));
  if (level == before) return;
  if (level != 0) {
    alert.level = level;
    return note(NoticeKind::Fell, alert);
  }
  note(NoticeKind::Cleared, alert);
  alerts_.erase(found);
}

void WarningWatch::escalate() {
  while (settings_.escalate_after_ns != 0 && !waiting_.empty()) {
    Alert& alert = alerts_.at(by_id_.at(*waiting_.begin()));
    if (time_ns_ - alert.since_ns < settings_.escalate_after_ns) return;
    waiting_.erase(waiting_.begin());
    alert.escalated = true;
    note(NoticeKind::Escalated, alert);
  }
}

// --- records

void WarningWatch::count_order(risk::AccountIndex account, risk::InstrumentIndex instrument,
                               gate::Gate& gate) {
  if (account.value >= paths_.size() || instrument.value >= deployment_.instruments.size()) return;
  const auto read = [&](const LimitId& id) {
    if (const auto reading = limits::read_limit(gate.engine(), id)) consider(id, *reading);
  };
  for (const Place& place : paths_[account.value]) {
    read({Limit::LongMax, place.level, place.node, instrument.value});
    read({Limit::ShortMax, place.level, place.node, instrument.value});
    read({Limit::OpenOrders, place.level, place.node});
  }
}

// All that the account counts in, and what has an alert there already.
void WarningWatch::find_limits(risk::AccountIndex account, const risk::Engine& engine) {
  const std::vector<Place>& path = paths_[account.value];
  looked_at_.clear();
  for (const Place& place : path) {
    looked_at_.push_back({Limit::Gross, place.level, place.node});
    looked_at_.push_back({Limit::OpenOrders, place.level, place.node});
    const auto end = alerts_.end();
    for (auto at = alerts_.lower_bound({Limit::Clip, place.level, place.node, 0});
         at != end && Place{at->first.level, at->first.node} == place; ++at)
      looked_at_.push_back(at->first);
  }
  engine.each_instrument(account, [&](risk::InstrumentIndex instrument) {
    const risk::Usage usage = engine.usage(account, instrument);
    if (usage.long_lots.raw == 0 && usage.short_lots.raw == 0 && usage.gross_lots.raw == 0) return;
    for (const Place& place : path) {
      for (const Limit limit : {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross})
        looked_at_.push_back({limit, place.level, place.node, instrument.value});
    }
  });
  if (!deployment_.parameters.accounts[account.value].cash_only) {
    for (const Limit limit : {Limit::Leverage, Limit::Margin, Limit::DailyLoss})
      looked_at_.push_back({limit, risk::NodeLevel::Account, account.value});
  }
  std::ranges::sort(looked_at_);
  const auto repeated = std::ranges::unique(looked_at_);
  looked_at_.erase(repeated.begin(), repeated.end());
}

void WarningWatch::look_at(risk::AccountIndex account, gate::Gate& gate) {
  if (account.value >= paths_.size()) return;
  risk::Engine& engine = gate.engine();
  const risk::MarginState before = std::exchange(states_[account.value], engine.state(account));
  if (before != states_[account.value]) {
    note({.kind = NoticeKind::MarginState,
          .account = account,
          .before = before,
          .after = states_[account.value]});
  }
  const risk::MarginReport margin = engine.margin(account, engine.last_time());
  find_limits(account, engine);
  for (const LimitId& id : looked_at_) {
    if (is_of_margin(id.limit) && margin.stale) continue;
    if (const auto reading = limits::read_limit(engine, id, &margin)) consider(id, *reading);
  }
}

void WarningWatch::take_order(const journal::RecordView& record, gate::Gate& gate) {
  using gate::RecordType;
  gate::EnterRecord enter;
  gate::EnterNamedRecord named;
  gate::ReplaceRecord replace;
  const auto type = static_cast<RecordType>(record.type);
  const auto passes = [](const risk::Decision& decision) {
    return decision.disposition == risk::Disposition::Forward;
  };
  if (type == RecordType::Enter && gate::read_record(record, enter) && passes(enter.decision))
    count_order(enter.order.account, enter.order.instrument, gate);
  if (type == RecordType::EnterNamed && gate::read_record(record, named) && passes(named.decision))
    count_order(named.order.account, named.order.instrument, gate);
  if (type == RecordType::Replace && gate::read_record(record, replace) &&
      passes(replace.decision) &&
      replace.decision.order.value < deployment_.parameters.capacities.orders) {
    const risk::Order& order = gate.engine().order(replace.decision.order);
    if (order.head != 0) count_order(order.account, order.instrument, gate);
  }
}

void WarningWatch::take_look(const journal::RecordView& record, gate::Gate& gate) {
  gate::RecheckRecord recheck;
  gate::DueRecord due;
  const auto type = static_cast<gate::RecordType>(record.type);
  if (type == gate::RecordType::Recheck && gate::read_record(record, recheck)) {
    const std::size_t end = std::min(paths_.size(), std::size_t{recheck.from} + recheck.count);
    for (std::uint32_t a = recheck.from; a < end; ++a) look_at({a}, gate);
  }
  if (type == gate::RecordType::Due && gate::read_record(record, due)) {
    for (std::uint32_t a = 0; a < std::min<std::size_t>(due.count, due.accounts.size()); ++a)
      look_at(due.accounts[a], gate);
  }
}

void WarningWatch::take_acknowledgement(const journal::RecordView& record) {
  const bool is_given = giver_.take(record);
  const bool is_seen =
      static_cast<gate::RecordType>(record.type) == gate::RecordType::Acknowledge && is_given;
  gate::AcknowledgeRecord seen;
  if (!is_seen || !gate::read_record(record, seen)) return;
  const auto found = by_id_.find({.record = seen.raised_by, .place = seen.place});
  if (found == by_id_.end()) return;  // it was over by then, or higher
  Alert& alert = alerts_.at(found->second);
  if (alert.acknowledged_ns != 0) return;
  alert.acknowledged_ns = record.time_ns;
  alert.by = giver_.who.by;
  alert.reason = giver_.who.reason;
  waiting_.erase(alert.id);
  note(NoticeKind::Acknowledged, alert);
}

void WarningWatch::take_settings(const gate::Gate& gate) {
  const gate::ParametersInForce& parameters = gate.parameters();
  const gate::ParameterHash hash =
      parameters.version == 0 ? gate::ParameterHash{} : parameters.hash;
  if (hash == in_force_) return;
  in_force_ = hash;
  settings_ = source_(parameters).value_or(settings_);
}

void WarningWatch::take(const journal::RecordView& record, gate::Gate& gate) {
  sequence_ = record.sequence;
  time_ns_ = record.time_ns;
  raised_ = 0;
  take_settings(gate);
  take_order(record, gate);
  take_look(record, gate);
  take_acknowledgement(record);
  escalate();
}

// --- snapshots

std::size_t WarningWatch::saved_bytes() const {
  return sizeof(SavedWarnings) + alerts_.size() * sizeof(SavedAlert) + states_.size();
}

void WarningWatch::save(std::span<std::byte> out) const {
  append(out, SavedWarnings{.command_by = giver_.command_by,
                            .alerts = static_cast<std::uint32_t>(alerts_.size()),
                            .accounts = static_cast<std::uint32_t>(states_.size()),
                            .who = giver_.who});
  for (const auto& [of, alert] : alerts_) {
    append(out, SavedAlert{.record = alert.id.record,
                           .level = alert.level,
                           .since_ns = alert.since_ns,
                           .used = alert.used,
                           .limit = alert.limit,
                           .peak_ppm = alert.peak_ppm,
                           .acknowledged_ns = alert.acknowledged_ns,
                           .place = alert.id.place,
                           .node = of.node,
                           .instrument = of.instrument,
                           .kind = of.limit,
                           .node_level = of.level,
                           .escalated = static_cast<std::uint8_t>(alert.escalated ? 1 : 0),
                           .padding = 0,
                           .by = alert.by,
                           .reason = alert.reason});
  }
  for (const risk::MarginState state : states_) append(out, state);
}

bool WarningWatch::is_plausible(const Alert& alert) const {
  const LimitId& of = alert.of;
  const auto& nodes = deployment_.parameters.nodes;
  const bool has_place = of.level == risk::NodeLevel::Account
                             ? of.node < paths_.size()
                             : of.node < nodes.size() && nodes[of.node].level == of.level;
  if (static_cast<std::size_t>(of.limit) >= config::kLimitNames.size() ||
      !config::is_standing(of.limit) || !has_place ||
      (is_of_margin(of.limit) && of.level != risk::NodeLevel::Account)) {
    return false;
  }
  const bool has_instrument = config::has_instrument(of.limit)
                                  ? of.instrument < deployment_.instruments.size()
                                  : of.instrument == risk::kNone32;
  return has_instrument && alert.level > 0 && alert.level <= config::WarningSettings::kPercentMax &&
         !by_id_.contains(alert.id) && !alerts_.contains(of);
}

void WarningWatch::clear() {
  alerts_.clear();
  by_id_.clear();
  waiting_.clear();
  std::ranges::fill(states_, risk::MarginState::Normal);
  giver_ = {};
  in_force_ = {};
  settings_ = source_({}).value_or(settings_);
}

bool WarningWatch::load(std::span<const std::byte> saved) {
  clear();
  if (saved.empty()) return true;
  SavedWarnings head;
  if (!take_off(saved, head) || head.accounts != states_.size()) return false;
  const auto read = [&] {
    for (std::uint32_t n = 0; n < head.alerts; ++n) {
      SavedAlert one;
      if (!take_off(saved, one) || one.escalated > 1) return false;
      const Alert alert{.id = {.record = one.record, .place = one.place},
                        .of = {one.kind, one.node_level, one.node, one.instrument},
                        .level = one.level,
                        .since_ns = one.since_ns,
                        .used = one.used,
                        .limit = one.limit,
                        .peak_ppm = one.peak_ppm,
                        .acknowledged_ns = one.acknowledged_ns,
                        .by = one.by,
                        .reason = one.reason,
                        .escalated = one.escalated != 0};
      if (!is_plausible(alert)) return false;
      add(alert);
    }
    for (risk::MarginState& state : states_) {
      if (!take_off(saved, state) || state > risk::MarginState::Bankrupt) return false;
    }
    return saved.empty();
  };
  if (!read()) {
    clear();
    return false;
  }
  giver_ = {.who = head.who, .command_by = head.command_by};
  return true;
}

}  // namespace portcullis::gateway::follower
