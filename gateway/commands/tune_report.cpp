#include "gateway/commands/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/decimal.h"
#include "gateway/commands/record_values.h"

namespace portcullis::gateway {

using risk::kPpm;
using tune::Limit;
using tune::LimitId;
using tune::LimitUse;

namespace {

constexpr std::int64_t kHalfPpm = 500'000;
constexpr std::int64_t kTenthPpm = 100'000;
constexpr std::int64_t kNineTenthsPpm = 900'000;
constexpr std::int64_t kTwentiethPpm = 50'000;
// So many orders must have come to a limit before its size is judged by them.
constexpr std::uint64_t kOrdersMin = 20;
// And on so many days, before most of them are spoken of.
constexpr std::uint64_t kDaysMin = 2;

const risk::LimitProfile* recorded_profile(const tune::Recording& recording,
                                           const config::Deployment& candidate, const LimitId& id) {
  const risk::Parameters& parameters = candidate.parameters;
  const std::uint32_t profile = id.level == risk::NodeLevel::Account
                                    ? parameters.accounts[id.node].profile
                                    : parameters.nodes[id.node].profile;
  const auto found =
      recording.deployment->names.profiles.find(candidate.names.profiles.name({profile}));
  return found.exists() ? &recording.deployment->parameters.profiles[found.value] : nullptr;
}

const risk::LimitProfile& candidate_profile(const config::Deployment& candidate,
                                            const LimitId& id) {
  const risk::Parameters& parameters = candidate.parameters;
  return parameters
      .profiles[id.level == risk::NodeLevel::Account ? parameters.accounts[id.node].profile
                                                     : parameters.nodes[id.node].profile];
}

// What is no number of limits.json has a name of its own.
std::string key_text(const config::Deployment& candidate, const tune::Utilisation& utilisation,
                     const LimitId& id) {
  if (id.limit == Limit::Margin) {
    const std::uint32_t profile = candidate.parameters.accounts[id.node].profile;
    return fmt::format("margin of accounts with {}", candidate.names.profiles.name({profile}));
  }
  if (id.limit == Limit::Rate) {
    return id.level == risk::NodeLevel::Session
               ? fmt::format("sessions.{}.rate", candidate.names.sessions.name({id.node}))
               : fmt::format("accounts.{}.rate", candidate.names.accounts.name({id.node}));
  }
  return utilisation.key_of(id);
}

void add_place(KeyUse& key, const tune::Utilisation& utilisation, const LimitId& id,
               const LimitUse& use, const std::vector<std::int64_t>& levels_ppm) {
  if (key.places++ == 0 || use.peak_ppm > key.peak_ppm) {
    key.worst = id;
    key.worst_used = use.peak;
    key.worst_limit = use.peak_limit;
    key.worst_at = use.peak_at;
  }
  const std::uint64_t population = utilisation.population(id, use);
  const auto percentile = [&](std::int64_t ppm) {
    return std::min(use.shares.percentile(ppm, population), use.peak_ppm);
  };
  key.peak_ppm = std::max(key.peak_ppm, use.peak_ppm);
  key.p50_ppm = std::max(key.p50_ppm, percentile(500'000));
  key.p95_ppm = std::max(key.p95_ppm, percentile(950'000));
  key.p99_ppm = std::max(key.p99_ppm, percentile(990'000));
  key.time_above_ppm.resize(levels_ppm.size());
  for (std::size_t l = 0; l < levels_ppm.size(); ++l) {
    key.time_above_ppm[l] =
        std::max(key.time_above_ppm[l], utilisation.time_above_ppm(id, use, levels_ppm[l]));
  }
  if (use.days_refused > key.days_refused || key.days == 0) {
    key.days = use.days;
    key.days_refused = use.days_refused;
  }
  key.passed += use.passed;
  key.refused += use.refused;
  key.near_misses += use.near_misses;
}

void add_findings(KeyUse& key, const tune::Utilisation& utilisation,
                  const config::Deployment& candidate, std::int64_t nearly_full_ppm) {
  const Limit limit = key.worst.limit;
  const bool refuses_most_days = key.days >= kDaysMin && key.days_refused * 2 > key.days;
  if (limit == Limit::Rate) {
    if (refuses_most_days) key.findings.push_back(Finding::RefusesMostDays);
    return;
  }
  const bool is_seen = key.passed + key.refused >= kOrdersMin;
  if (is_seen && key.refused == 0 && key.peak_ppm <= kHalfPpm && limit != Limit::Margin)
    key.findings.push_back(Finding::NeverBinds);
  if (is_seen && tune::is_of_one_order(limit) && key.passed > 0 && key.peak_ppm <= kTenthPpm)
    key.findings.push_back(Finding::FarAbove);
  if (is_seen && limit == Limit::Clip) {
    const std::int64_t clip =
        candidate_profile(candidate, key.worst).instruments[key.worst.instrument].clip.raw;
    if (clip > utilisation.orders()[key.worst.instrument].traded)
      key.findings.push_back(Finding::AboveTraded);
  }
  if (refuses_most_days) key.findings.push_back(Finding::RefusesMostDays);
  if (nearly_full_ppm >= kTwentiethPpm && !tune::is_of_one_order(limit))
    key.findings.push_back(Finding::NearlyFull);
}

}  // namespace

std::string_view name_of(Finding finding) {
  switch (finding) {
    case Finding::NeverBinds:
      return "never_binds";
    case Finding::FarAbove:
      return "far_above";
    case Finding::AboveTraded:
      return "above_traded";
    case Finding::RefusesMostDays:
      return "refuses_most_days";
    case Finding::NearlyFull:
      return "nearly_full";
  }
  return "";
}

std::string_view name_of(tune::Change change) {
  switch (change) {
    case tune::Change::None:
      return "none";
    case tune::Change::Refused:
      return "newly_refused";
    case tune::Change::Allowed:
      return "newly_allowed";
    case tune::Change::Reason:
      return "other_reason";
    case tune::Change::Price:
      return "other_price";
    case tune::Change::Follows:
      return "consequence";
  }
  return "";
}

std::string_view name_of(tune::Message message) {
  switch (message) {
    case tune::Message::Enter:
      return "enter";
    case tune::Message::Replace:
      return "replace";
    case tune::Message::Cancel:
      return "cancel";
  }
  return "";
}

TuneReport make_tune_report(const tune::Recording& recording, const tune::Study& study,
                            std::string candidate, std::vector<std::int64_t> levels_ppm) {
  TuneReport report{.recording = &recording,
                    .study = &study,
                    .candidate = std::move(candidate),
                    .levels_ppm = std::move(levels_ppm),
                    .keys = {}};
  const config::Deployment& deployment = study.candidate();
  const tune::Utilisation& utilisation = study.utilisation();
  std::map<std::string, KeyUse> keys;
  std::map<std::string, std::int64_t> nearly_full;
  for (const auto& [id, use] : utilisation.limits()) {
    const std::string name = key_text(deployment, utilisation, id);
    KeyUse& key = keys[name];
    if (key.places == 0 && id.limit != Limit::Rate) {
      key.limit =
          limit_text(deployment, candidate_profile(deployment, id), id.limit, id.instrument);
      const risk::LimitProfile* const before = recorded_profile(recording, deployment, id);
      if (before != nullptr &&
          (id.instrument == risk::kNone32 || id.instrument < before->instruments.size())) {
        key.before = limit_text(*recording.deployment, *before, id.limit, id.instrument);
      }
    }
    key.key = name;
    add_place(key, utilisation, id, use, report.levels_ppm);
    std::int64_t& full = nearly_full[name];
    full = std::max(full, utilisation.time_above_ppm(id, use, kNineTenthsPpm));
  }
  for (auto& [name, key] : keys) {
    add_findings(key, utilisation, deployment, nearly_full[name]);
    std::sort(key.findings.begin(), key.findings.end());
    report.keys.push_back(std::move(key));
  }
  return report;
}

std::vector<const KeyUse*> keys_with_findings(const TuneReport& report) {
  std::vector<const KeyUse*> keys;
  for (const KeyUse& key : report.keys) {
    if (!key.findings.empty()) keys.push_back(&key);
  }
  std::stable_sort(keys.begin(), keys.end(), [](const KeyUse* a, const KeyUse* b) {
    return a->findings.front() < b->findings.front();
  });
  return keys;
}

std::string limit_text(const config::Deployment& deployment, const risk::LimitProfile& profile,
                       Limit limit, std::uint32_t instrument) {
  const RecordValues values(&deployment);
  const risk::InstrumentIndex index{instrument};
  switch (limit) {
    case Limit::Clip:
      return *values.lots(index, profile.instruments[instrument].clip);
    case Limit::NotionalMax:
      return *values.quanta(profile.instruments[instrument].notional_max.raw);
    case Limit::Collar:
      return config::to_decimal(profile.instruments[instrument].collar_ppm, config::kPpmScale);
    case Limit::LongMax:
      return *values.lots(index, profile.instruments[instrument].long_max);
    case Limit::ShortMax:
      return *values.lots(index, profile.instruments[instrument].short_max);
    case Limit::InstrumentGross:
      return *values.quanta(profile.instruments[instrument].gross_notional_max.raw);
    case Limit::Gross:
      return *values.quanta(profile.gross_notional_max.raw);
    case Limit::OpenOrders:
      return std::to_string(profile.open_orders_max);
    case Limit::Leverage:
      return config::to_decimal(profile.leverage_max_ppm, config::kPpmScale);
    case Limit::DailyLoss:
      return *values.quanta(profile.daily_loss_max.raw);
    case Limit::Margin:
    case Limit::Rate:
      break;
  }
  return "";
}

std::string share_text(std::int64_t ppm) {
  if (ppm == 0) return "0 %";
  if (ppm < 100) return "< 0.01 %";
  const double percent = static_cast<double>(ppm) / 10'000;
  return percent < 1     ? fmt::format("{:.2f} %", percent)
         : percent < 100 ? fmt::format("{:.1f} %", percent)
                         : fmt::format("{:.0f} %", percent);
}

std::string verdict_text(const config::Deployment& deployment, const tune::Judged& judged,
                         const risk::Decision& decision) {
  if (decision.disposition != risk::Disposition::Reject)
    return std::string(gate::name_of(decision.disposition));
  const RecordValues values(&deployment);
  std::string text = fmt::format("reject {}", gate::name_of(decision.reason));
  if (const std::string_view name = values.name_at(decision.level, decision.node); !name.empty())
    text += fmt::format(" at {} {}", risk::name_of(decision.level), name);
  const RecordContext context{.instrument = judged.instrument,
                              .asset = {},
                              .reason = decision.reason,
                              .level = decision.level,
                              .scope = {}};
  if (risk::info(decision.reason).unit == risk::ArithmeticUnit::None) return text;
  const auto figure = [&](std::int64_t value) {
    return values.arithmetic(context, value).value_or(std::to_string(value));
  };
  return text + fmt::format(": limit {}, needed {}, available {}", figure(decision.limit),
                            figure(decision.needed), figure(decision.available));
}

std::string message_text(const config::Deployment& deployment, const tune::Judged& judged) {
  const RecordValues values(&deployment);
  std::string text = fmt::format("{} {}", name_of(judged.message), values.name(judged.account));
  if (!judged.instrument.exists()) return text;
  text += fmt::format(" {} {} {}", gate::name_of(judged.side),
                      values.lots(judged.instrument, judged.quantity).value_or("?"),
                      values.name(judged.instrument));
  if (judged.message != tune::Message::Cancel)
    text += " @ " + values.price(judged.instrument, judged.price).value_or("?");
  return text;
}

std::vector<std::string> convention_texts(const tune::Convention& convention) {
  std::vector<std::string> texts{
      "A replay cannot know what traders would have done next: they are taken to have sent what "
      "they "
      "sent."};
  if (convention.follow == tune::Follow::Recorded) {
    texts.push_back(
        "As recorded: the state follows what really happened, and each decision is compared on its "
        "own. Orders that are newly refused are booked with the fills they had, orders that are "
        "newly "
        "allowed are not booked.");
    return texts;
  }
  texts.push_back(
      "As decided: the state follows the candidate. Newly refused orders, their fills and their "
      "replacements never were; where a replace is newly refused its original works on, and ends "
      "when the replacement ended.");
  texts.push_back(
      convention.newly_allowed == tune::NewlyAllowed::Unfilled
          ? "Newly allowed orders are taken by the venue and cancelled at once, unfilled; a newly "
            "allowed replace leaves its original as it was."
          : "Newly allowed orders fill in full at once, at the price they are forwarded at; a "
            "newly "
            "allowed replace takes effect and then does.");
  return texts;
}

std::array<std::uint64_t, 8> counts_of(const tune::Tally& tally) {
  using tune::Change;
  return {tally.messages,
          tally.refused_then,
          tally.refused_now,
          tally.of(Change::Refused),
          tally.of(Change::Allowed),
          tally.of(Change::Reason),
          tally.of(Change::Price),
          tally.of(Change::Follows)};
}

std::vector<std::uint32_t> members_of(const config::Deployment& deployment) {
  std::vector<std::uint32_t> members;
  for (std::uint32_t n = 0; n < deployment.parameters.nodes.size(); ++n) {
    if (deployment.parameters.nodes[n].level == risk::NodeLevel::Member) members.push_back(n);
  }
  return members;
}

}  // namespace portcullis::gateway
