#include "feeds/contract_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "feeds/board/unit_price.h"

namespace portcullis::feeds {

namespace {

// Before what found the queue's place full is tried again.
constexpr std::int64_t kRetryNs = 1'000'000;

}  // namespace

FundingTerms funding_terms(const config::Deployment& deployment,
                           const config::FundingSettings& settings) {
  const risk::InstrumentParameters& instrument =
      deployment.parameters.instruments[settings.instrument.value];
  return {.instrument = settings.instrument,
          .payoff = instrument.payoff,
          .units_per_lot_mark = instrument.units_per_lot_mark,
          .style = settings.style,
          .interval_ns = settings.interval_ns,
          .age_max_ns = settings.age_max_ns,
          .period_ns = settings.period_ns,
          .rate_max_ppm = settings.rate_max_ppm};
}

ContractDesk::ContractDesk(const config::Deployment& deployment, ContractQueue& queue,
                           std::int64_t begin_ns, std::function<void(std::string_view)> tell)
    : queue_(queue),
      tell_(std::move(tell)),
      funding_of_(deployment.instruments.size(), risk::kNone32) {
  for (const config::SourceSettings& source : deployment.feed.sources)
    sources_.push_back({.ahead_max_ns = source.ahead_max_ns});
  for (const config::FundingSettings& settings : deployment.feed.fundings) {
    const auto place = static_cast<std::uint32_t>(fundings_.size());
    sources_[settings.source.value].uses[settings.symbol].fundings.push_back(place);
    funding_of_[settings.instrument.value] = place;
    shortest_period_ns_ = std::min(shortest_period_ns_, settings.period_ns);
    fundings_.push_back(
        {.instrument = settings.instrument,
         .name = std::string(deployment.names.instruments.name(settings.instrument)),
         .funding = Funding(funding_terms(deployment, settings), begin_ns)});
  }
  for (const config::OpenInterestSettings& settings : deployment.feed.open_interests) {
    const auto place = static_cast<std::uint32_t>(interests_.size());
    const config::InstrumentSettings& instrument =
        deployment.instruments[settings.instrument.value];
    sources_[settings.source.value].uses[settings.symbol].interests.push_back(place);
    shortest_period_ns_ = std::min(shortest_period_ns_, settings.period_ns);
    interests_.push_back({.settings = settings,
                          .quantity_decimals = instrument.quantity_decimals,
                          .lot = instrument.lot});
  }
}

void ContractDesk::take(config::SourceIndex source, const MarketUpdate& update,
                        std::int64_t now_ns) {
  const Source& from = sources_[source.value];
  const auto uses = from.uses.find(update.symbol);
  if (uses == from.uses.end()) return;
  if (update.source_time_ns > now_ns + from.ahead_max_ns) {
    ++ahead_;
    return;
  }
  for (const std::uint32_t f : uses->second.fundings) fundings_[f].funding.take(update);
  for (const std::uint32_t i : uses->second.interests) take_interest(interests_[i], update);
}

void ContractDesk::take_mark(risk::InstrumentIndex instrument, std::int64_t mark,
                             std::int64_t as_of_ns) {
  const std::uint32_t place = funding_of_[instrument.value];
  if (place != risk::kNone32) fundings_[place].funding.take_mark(mark, as_of_ns);
}

// What is open is counted in whole lots, of the rest nothing.
void ContractDesk::take_interest(Interest& interest, const MarketUpdate& update) {
  const auto& said = update[MarketField::OpenInterest];
  if (!said) return;
  const UnitPrice quantity =
      unit_price(*said, interest.settings.multiplier, interest.quantity_decimals);
  if (quantity.out_of_range || quantity.value < 0 ||
      update.source_time_ns < interest.source_time_ns) {
    ++interest.counters.refused;
    return;
  }
  interest.source_time_ns = update.source_time_ns;
  interest.lots = {quantity.value / interest.lot};
  ++interest.counters.taken;
}

void ContractDesk::step(std::int64_t now_ns) { tell(now_ns, false); }

void ContractDesk::finish(std::int64_t now_ns) { tell(now_ns, true); }

void ContractDesk::tell(std::int64_t now_ns, bool is_last) {
  for (FundingOf& of : fundings_) {
    const auto update = of.funding.step(now_ns, is_last);
    tell_unpaid(of, now_ns);
    if (!update) continue;
    queue_.offer({.instrument = of.instrument,
                  .has_funding = true,
                  .paid = update->paid,
                  .predicted = update->predicted});
  }
  for (Interest& interest : interests_) {
    const bool is_first = interest.told.raw < 0;
    if (interest.counters.taken == 0 || interest.lots == interest.told ||
        (!is_first && now_ns - interest.told_ns < interest.settings.period_ns)) {
      continue;
    }
    interest.told = interest.lots;
    interest.told_ns = now_ns;
    queue_.offer({.instrument = interest.settings.instrument,
                  .has_open_interest = true,
                  .open_interest = interest.lots});
  }
  const bool all = queue_.flush();
  if (!fundings_.empty() || !interests_.empty())
    next_look_ns_ = now_ns + (all ? shortest_period_ns_ : std::min(shortest_period_ns_, kRetryNs));
}

// A settlement once; as time goes by when it begins, and when it has ended how long it was.
void ContractDesk::tell_unpaid(FundingOf& of, std::int64_t now_ns) {
  const FundingCounters& counters = of.funding.counters();
  if (counters.missed != of.told.missed) {
    tell_(fmt::format("funding of {}: {} settlement(s) without a fresh rate and mark, not paid",
                      of.name, counters.missed - of.told.missed));
  }
  const std::int64_t unpaid_ns = counters.missed_ns - of.told.missed_ns;
  if (unpaid_ns > 0) {
    if (of.is_paid) tell_(fmt::format("funding of {}: no fresh rate and mark, not paid", of.name));
    of.is_paid = false;
    of.unpaid_ns += unpaid_ns;
  } else if (!of.is_paid && now_ns > of.looked_ns) {
    tell_(fmt::format("funding of {}: paid again, {} ms were not", of.name,
                      of.unpaid_ns / risk::kNsPerMs));
    of.is_paid = true;
    of.unpaid_ns = 0;
  }
  of.told = counters;
  of.looked_ns = now_ns;
}

std::int64_t ContractDesk::next_due_ns() const {
  std::int64_t due_ns = next_look_ns_;
  for (const FundingOf& of : fundings_)
    due_ns = std::min(due_ns, of.funding.next_settlement_ns().value_or(due_ns));
  return due_ns;
}

}  // namespace portcullis::feeds
