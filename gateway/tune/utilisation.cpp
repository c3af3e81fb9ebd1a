#include "gateway/tune/utilisation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gateway/gate/record_fields.h"
#include "gateway/ouch/messages.h"
#include "risk/types.h"

namespace portcullis::gateway::tune {

using limits::cut_off;
using limits::path_of;
using limits::profile_at;
using limits::read_limit;
using limits::share_ppm;
using risk::Disposition;
using risk::Int128;
using risk::kPpm;
using risk::NodeLevel;

namespace {

using risk::kDayNs;
constexpr std::size_t kSeriesMax = 5'000;  // limits, beyond which no series are kept
constexpr std::int64_t kPerMille = 1'000;  // ppm
constexpr std::int64_t kSeriesTop = 65'535;

// n(i) of a lot at a price (Engine::notional_at), from that at the mark.
Int128 notional_at(const risk::Engine& engine, risk::InstrumentIndex index, risk::Price price) {
  const risk::InstrumentParameters& of = engine.parameters().instruments[index.value];
  const Int128 at_mark = engine.notional(index).raw;
  const std::int64_t mark = engine.mark(index).raw;
  const Int128 at = Int128{price.raw} * of.marks_per_tick;
  if (of.reference.exists() || mark <= 0 || at <= 0) return at_mark;
  return of.payoff == risk::Payoff::Inverse ? at_mark * mark / at : at_mark * at / mark;
}

// Which limit has refused it; nothing: none of those that are measured.
std::optional<Limit> refused_by(const Judged& judged) {
  const risk::Decision& now = judged.now;
  if (now.reason == risk::RejectReason::ClipSize) return Limit::Clip;
  if (now.reason == risk::RejectReason::MaxNotional) return Limit::NotionalMax;
  if (now.reason == risk::RejectReason::PriceCollar) return Limit::Collar;
  if (now.reason == risk::RejectReason::LongLimit) return Limit::LongMax;
  if (now.reason == risk::RejectReason::ShortLimit) return Limit::ShortMax;
  if (now.reason == risk::RejectReason::OpenOrders) return Limit::OpenOrders;
  if (now.reason == risk::RejectReason::Leverage) return Limit::Leverage;
  if (now.reason == risk::RejectReason::Margin) return Limit::Margin;
  if (now.reason == risk::RejectReason::DailyLoss) return Limit::DailyLoss;
  if (now.reason == risk::RejectReason::Rate) return Limit::Rate;
  if (now.reason != risk::RejectReason::GrossNotional) return std::nullopt;
  return judged.by_instrument_gross ? Limit::InstrumentGross : Limit::Gross;
}

}  // namespace

Utilisation::Utilisation(const config::Deployment& candidate, risk::Engine& engine,
                         Settings settings)
    : candidate_(candidate),
      engine_(engine),
      settings_(settings),
      orders_(candidate.instruments.size()) {}

std::string Utilisation::key_of(const LimitId& id) const {
  if (id.level == NodeLevel::Session || id.limit == Limit::Rate || id.limit == Limit::Margin)
    return "";
  const risk::Parameters& parameters = candidate_.parameters;
  const std::uint32_t profile = id.level == NodeLevel::Account
                                    ? parameters.accounts[id.node].profile
                                    : parameters.nodes[id.node].profile;
  const std::string_view key = id.limit == Limit::InstrumentGross || id.limit == Limit::Gross
                                   ? "gross_notional_max"
                               : id.limit == Limit::Leverage ? "leverage_max"
                                                             : name_of(id.limit);
  const std::string& name = candidate_.names.profiles.name({profile});
  if (id.instrument == risk::kNone32) return fmt::format("profiles.{}.{}", name, key);
  return fmt::format("profiles.{}.instruments.{}.{}", name,
                     candidate_.names.instruments.name({id.instrument}), key);
}

// --- standing limits

void Utilisation::touch(risk::AccountIndex account, risk::InstrumentIndex instrument) {
  for (const Place& place : path_of(candidate_.parameters, account)) {
    for (const Limit limit : {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross})
      limits_.try_emplace({limit, place.level, place.node, instrument.value});
    for (const Limit limit : {Limit::Gross, Limit::OpenOrders})
      limits_.try_emplace({limit, place.level, place.node});
  }
  if (candidate_.parameters.accounts[account.value].cash_only) return;
  for (const Limit limit : {Limit::Leverage, Limit::Margin, Limit::DailyLoss})
    limits_.try_emplace({limit, NodeLevel::Account, account.value});
}

void Utilisation::peak(LimitUse& use, const Reading& reading, risk::Timestamp time) const {
  const std::int64_t share = share_ppm(reading.used, reading.limit);
  use.limit = reading.limit;
  if (share < use.peak_ppm || (share == use.peak_ppm && reading.used <= use.peak)) return;
  use.peak_ppm = share;
  use.peak = reading.used;
  use.peak_limit = reading.limit;
  use.peak_at = time;
}

void Utilisation::count_order(LimitUse& use, risk::Timestamp time) const {
  const std::int64_t day = time.ns / kDayNs;
  if (use.last_day == day) return;
  use.last_day = day;
  ++use.days;
}

void Utilisation::sample() {
  const std::size_t at = sample_times_.size();
  sample_times_.push_back(engine_.last_time());
  const bool has_series = limits_.size() <= kSeriesMax;
  for (auto& [id, use] : limits_) {
    if (is_of_one_order(id.limit) || id.limit == Limit::Rate) continue;
    const auto reading = read_limit(engine_, id);
    const std::int64_t share = reading ? share_ppm(reading->used, reading->limit) : 0;
    if (use.series.empty()) use.series_from = at;
    if (has_series && use.series.size() == at - use.series_from)
      use.series.push_back(static_cast<std::uint16_t>(std::min(share / kPerMille, kSeriesTop)));
    if (!reading) continue;
    peak(use, *reading, engine_.last_time());
    if (reading->used <= 0) continue;
    use.used.record(reading->used);
    use.shares.record(share);
  }
}

std::int64_t Utilisation::time_above_ppm(const LimitId& id, const LimitUse& use,
                                         std::int64_t level_ppm) const {
  const std::uint64_t all = population(id, use);
  if (all == 0) return 0;
  std::uint64_t above = 0;
  for (const auto& [share, count] : use.shares.counts()) {
    if (static_cast<std::int64_t>(share) > level_ppm) above += count;
  }
  return static_cast<std::int64_t>(Int128{above} * kPpm / all);
}

// --- orders

void Utilisation::take(const Judged& judged) {
  if (judged.message == Message::Cancel || !judged.account.exists() ||
      !judged.instrument.exists()) {
    return;
  }
  if (judged.then.disposition == Disposition::Forward)
    numbers_.emplace_back(judged.then.number, judged.instrument);
  if (judged.now.disposition == Disposition::Forward) passes(judged);
  if (judged.now.disposition == Disposition::Reject) is_refused(judged);
}

void Utilisation::passes(const Judged& judged) {
  orders_[judged.instrument.value].lots.record(judged.open.raw);
  touch(judged.account, judged.instrument);
  for (const Place& place : path_of(candidate_.parameters, judged.account)) {
    passes_one(place, judged);
    for (const Limit limit :
         {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross, Limit::Gross, Limit::OpenOrders,
          Limit::Leverage, Limit::Margin, Limit::DailyLoss}) {
      const LimitId id{limit, place.level, place.node,
                       has_instrument(limit) ? judged.instrument.value : risk::kNone32};
      const auto found = limits_.find(id);
      if (found == limits_.end()) continue;
      LimitUse& use = found->second;
      ++use.passed;
      count_order(use, judged.time);
      const auto reading = read_limit(engine_, id);
      if (!reading) continue;
      peak(use, *reading, judged.time);
      if (share_ppm(reading->used, reading->limit) >= settings_.near_ppm) ++use.near_misses;
    }
  }
}

// The limits of one order, at one level.
void Utilisation::passes_one(const Place& place, const Judged& judged) {
  const risk::InstrumentIndex instrument = judged.instrument;
  const risk::InstrumentLimits& limits =
      profile_at(candidate_.parameters, place.level, place.node).instruments[instrument.value];
  const risk::InstrumentParameters& of = candidate_.parameters.instruments[instrument.value];
  const auto take = [&](Limit limit, std::int64_t used, std::int64_t most) {
    LimitUse& use = limits_[{limit, place.level, place.node, instrument.value}];
    ++use.passed;
    count_order(use, judged.time);
    const Reading reading{used, most};
    peak(use, reading, judged.time);
    const std::int64_t share = share_ppm(used, most);
    use.used.record(used);
    use.shares.record(share);
    if (share >= settings_.near_ppm) ++use.near_misses;
  };
  take(Limit::Clip, judged.open.raw, limits.clip.raw);
  const Int128 lot = std::max(notional_at(engine_, instrument, judged.now.price),
                              engine_.notional(instrument).raw);
  take(Limit::NotionalMax,
       cut_off(risk::ceil_div(lot * judged.open.raw, candidate_.parameters.wide_denominator)),
       limits.notional_max.raw);
  const std::int64_t mark = engine_.mark(instrument).raw;
  if (mark <= 0) return;
  const Int128 beyond = (Int128{judged.now.price.raw} * of.marks_per_tick - mark) *
                        sign_of(judged.side) * kPpm / mark;
  take(Limit::Collar, cut_off(std::max<Int128>(0, beyond)),
       cut_off(engine_.collar_of(instrument, limits) / mark));
}

void Utilisation::is_refused(const Judged& judged) {
  const auto limit = refused_by(judged);
  if (!limit) return;
  if (*limit != Limit::Rate) touch(judged.account, judged.instrument);
  LimitUse& use = limits_[{*limit, judged.now.level, judged.now.node,
                           has_instrument(*limit) ? judged.instrument.value : risk::kNone32}];
  ++use.refused;
  count_order(use, judged.time);
  const std::int64_t day = judged.time.ns / kDayNs;
  if (use.last_day_refused != day) ++use.days_refused;
  use.last_day_refused = day;
  if (use.limit == 0) use.limit = judged.now.limit;
}

// --- records

void Utilisation::take(const journal::RecordView& view) {
  const auto type = static_cast<gate::RecordType>(view.type);
  if (type == gate::RecordType::LoadPosition) {
    risk::LoadPosition load;
    if (journal::read_command(view, load)) touch(load.account, load.instrument);
  }
  if (type == gate::RecordType::VenueMessage) {
    gate::VenueMessageRecord record;
    ouch::Executed executed;
    if (gate::read_record(view, record) &&
        ouch::decode(std::span(record.payload).first(record.length), executed) ==
            ouch::DecodeError::None) {
      const auto found = std::lower_bound(
          numbers_.begin(), numbers_.end(), executed.user_ref_num,
          [](const auto& known, std::uint32_t number) { return known.first < number; });
      if (found != numbers_.end() && found->first == executed.user_ref_num) {
        const std::size_t i = found->second.value;
        orders_[i].traded += executed.quantity / candidate_.instruments[i].venue.quantity_per_lot;
      }
    }
  }
  if (limits_.empty()) return;
  const std::int64_t step = view.time_ns / settings_.step_ns;
  if (step == step_) return;
  step_ = step;
  sample();
}

}  // namespace portcullis::gateway::tune
