#include "gateway/control/metrics_feeds.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "feeds/price_state.h"

namespace portcullis::gateway::control {

namespace {

using feeds::FeedFigures;

// By feeds::TableCause.
constexpr std::array<std::string_view, feeds::kTableCauseCount> kCauses{
    "first", "refused", "price_move", "volatility_move", "expiry", "age", "parameters"};

void write_queues(MetricFamilies& out, const FeedFigures& feeds) {
  out.counter("feed_prices_total", "What feeds have offered to the shard, by what became of it");
  for (const FeedFigures::Queue& queue : feeds.queues) {
    out.add_all(
        "event",
        {{"offered", queue.offered}, {"conflated", queue.conflated}, {"queue_full", queue.refused}},
        {{"queue", std::string(queue.name)}});
  }
}

void write_sources(MetricFamilies& out, const FeedFigures& feeds) {
  out.counter("source_prices_total",
              "What a source has said of each price that it is used for, by what was made of it");
  for (const FeedFigures::Source& source : feeds.sources) {
    for (std::size_t o = 0; o < feeds::kPriceOutcomeNames.size(); ++o) {
      out.add({{"source", source.name}, {"outcome", std::string(feeds::kPriceOutcomeNames[o])}},
              source.prices.outcomes[o]);
    }
    out.add({{"source", source.name}, {"outcome", "unused"}}, source.prices.unused);
  }
  out.gauge("source_live", "1: the source is connected and speaks; of those that are not recorded");
  for (const FeedFigures::Source& source : feeds.sources) {
    if (source.live)
      out.add({{"source", source.name}}, source.live->state == feeds::SourceState::Live ? 1 : 0);
  }
  out.counter("source_events_total", "What became of a source's connections and messages");
  for (const FeedFigures::Source& source : feeds.sources) {
    if (!source.live) continue;
    const feeds::SourceCounters& c = source.live->counters;
    out.add_all("event",
                {{"attempt", c.attempts},
                 {"connected", c.connects},
                 {"failure", c.failures},
                 {"silence", c.silences},
                 {"message", c.messages},
                 {"malformed", c.malformed},
                 {"update", c.updates},
                 {"refused", c.refused},
                 {"error", c.errors},
                 {"gap", c.gaps},
                 {"resubscribed", c.resubscribes},
                 {"unsubscribed", c.unsubscribed},
                 {"turned_away", c.turned_away}},
                {{"source", source.name}});
  }
}

void write_references(MetricFamilies& out, const FeedFigures& feeds) {
  out.gauge("reference_venues", "Venues that a reference price rests on");
  for (const FeedFigures::Reference& reference : feeds.references) {
    out.add_all(
        "what",
        {{"fresh", reference.status.venues_fresh}, {"agreeing", reference.status.venues_agreeing}},
        {{"reference", reference.name}});
  }
  out.gauge("references", "Reference prices, by the state that they are in");
  std::array<std::uint64_t, feeds::kPriceStateNames.size()> states{};
  for (const FeedFigures::Reference& reference : feeds.references)
    ++states[static_cast<std::size_t>(reference.status.state)];
  for (std::size_t s = 0; s < states.size(); ++s)
    out.add({{"state", std::string(feeds::kPriceStateNames[s])}}, states[s]);
  out.counter("reference_events_total", "What became of a reference price");
  for (const FeedFigures::Reference& reference : feeds.references) {
    const feeds::ReferenceCounts& counts = reference.status.counts;
    for (std::size_t s = 0; s < feeds::kPriceStateNames.size(); ++s) {
      out.add({{"reference", reference.name}, {"event", std::string(feeds::kPriceStateNames[s])}},
              counts.entered[s]);
    }
    out.add_all("event",
                {{"published", counts.published},
                 {"switched", counts.switches},
                 {"jump", counts.jumps},
                 {"jump_confirmed", counts.jumps_confirmed}},
                {{"reference", reference.name}});
  }
}

void write_tables(MetricFamilies& out, const FeedFigures& feeds, std::int64_t now_ns) {
  out.gauge("risk_table_version", "Of the risk group's last table that was built");
  for (const FeedFigures::Table& table : feeds.tables)
    out.add({{"group", table.group}}, table.status.version);
  out.gauge("risk_table_age_seconds",
            "Since what the risk group's last table rests on; not there: none was built");
  for (const FeedFigures::Table& table : feeds.tables) {
    if (table.status.as_of.ns == 0) continue;
    out.add({{"group", table.group}},
            static_cast<double>(std::max<std::int64_t>(0, now_ns - table.status.as_of.ns)) *
                MetricFamilies::kSeconds);
  }
  out.gauge("risk_table_failing", "1: the risk group's table could not be built when it was due");
  for (const FeedFigures::Table& table : feeds.tables)
    out.add({{"group", table.group}}, table.status.failing ? 1 : 0);
  out.counter("risk_tables_total", "Risk tables that were built, by why; or not, or were refused");
  for (const FeedFigures::Table& table : feeds.tables) {
    for (std::size_t c = 0; c < kCauses.size(); ++c) {
      out.add({{"group", table.group}, {"event", "built_" + std::string(kCauses[c])}},
              table.status.built[c]);
    }
    out.add_all("event",
                {{"failed", table.status.attempts_failed},
                 {"not_in_force", table.status.refused},
                 {"smile_refused", table.status.smiles_refused}},
                {{"group", table.group}});
  }
}

void write_contracts(MetricFamilies& out, const FeedFigures& feeds) {
  out.counter("funding_total", "What became of a perpetual contract's rates and payments");
  for (const FeedFigures::Funding& funding : feeds.fundings) {
    out.add_all("event",
                {{"rate", funding.counters.rates},
                 {"settlement", funding.counters.settlements},
                 {"refused", funding.counters.refused},
                 {"missed", funding.counters.missed}},
                {{"instrument", funding.instrument}});
  }
  out.counter("funding_missed_seconds_total", "Of continuous funding, time that was not paid");
  for (const FeedFigures::Funding& funding : feeds.fundings) {
    out.add({{"instrument", funding.instrument}},
            static_cast<double>(funding.counters.missed_ns) * MetricFamilies::kSeconds);
  }
  out.counter("open_interest_total", "What a venue has said of a contract's open interest");
  for (const FeedFigures::OpenInterest& interest : feeds.open_interests) {
    out.add_all("event",
                {{"taken", interest.counters.taken}, {"refused", interest.counters.refused}},
                {{"instrument", interest.instrument}});
  }
}

}  // namespace

void write_feeds(MetricFamilies& out, const FeedFigures& feeds, std::int64_t now_ns) {
  write_queues(out, feeds);
  write_sources(out, feeds);
  write_references(out, feeds);
  write_tables(out, feeds, now_ns);
  write_contracts(out, feeds);
}

}  // namespace portcullis::gateway::control
