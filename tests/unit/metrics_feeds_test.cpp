// What feeds count, as Prometheus reads it.
#include "gateway/control/metrics_feeds.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "risk/types.h"

namespace portcullis::gateway::control::metrics_feeds_test {
namespace {

std::string text_of(const feeds::FeedFigures& figures, std::int64_t now_ns = 0) {
  MetricFamilies out;
  write_feeds(out, figures, now_ns);
  return out.text();
}

// A line of its own.
bool says(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(MetricsFeeds, QueuesAndSources) {
  feeds::FeedFigures figures;
  figures.queues = {{.name = "prices", .waiting = 3, .offered = 20, .conflated = 4, .refused = 1}};
  feeds::FeedFigures::Source recorded{.name = "tape", .prices = {}, .live = {}};
  recorded.prices.outcomes[static_cast<std::size_t>(feeds::PriceOutcome::Taken)] = 7;
  recorded.prices.outcomes[static_cast<std::size_t>(feeds::PriceOutcome::Crossed)] = 2;
  recorded.prices.unused = 9;
  feeds::FeedFigures::Source live{.name = "venue", .prices = {}, .live = feeds::SourceStatus{}};
  live.live->state = feeds::SourceState::Live;
  live.live->counters.gaps = 5;
  figures.sources = {recorded, live};
  const std::string text = text_of(figures);
  EXPECT_TRUE(says(text, R"(portcullis_feed_prices_total{queue="prices",event="offered"} 20)"))
      << text;
  EXPECT_TRUE(says(text, R"(portcullis_feed_prices_total{queue="prices",event="conflated"} 4)"));
  EXPECT_TRUE(says(text, R"(portcullis_feed_prices_total{queue="prices",event="queue_full"} 1)"));
  EXPECT_TRUE(says(text, R"(portcullis_source_prices_total{source="tape",outcome="taken"} 7)"));
  EXPECT_TRUE(says(text, R"(portcullis_source_prices_total{source="tape",outcome="crossed"} 2)"));
  EXPECT_TRUE(says(text, R"(portcullis_source_prices_total{source="tape",outcome="unused"} 9)"));
  EXPECT_TRUE(says(text, R"(portcullis_source_live{source="venue"} 1)"));
  EXPECT_FALSE(says(text, R"(portcullis_source_live{source="tape"} 0)")) << "it is recorded";
  EXPECT_TRUE(says(text, R"(portcullis_source_events_total{source="venue",event="gap"} 5)"));
}

TEST(MetricsFeeds, ReferencesTablesAndContracts) {
  feeds::FeedFigures figures;
  feeds::ReferenceStatus status{
      .state = feeds::PriceState::Diverged, .venues_fresh = 3, .venues_agreeing = 2};
  status.counts.entered[static_cast<std::size_t>(feeds::PriceState::Stale)] = 4;
  status.counts.published = 100;
  figures.references = {{"index of BTC", status}};
  feeds::TableGroupStatus built{.version = 12, .as_of = {5 * risk::kSecondNs}};
  built.built[static_cast<std::size_t>(feeds::TableCause::Expiry)] = 6;
  figures.tables = {{"options", built}, {"none", {.failing = true, .attempts_failed = 8}}};
  figures.fundings = {{"BTC-PERP", {.settlements = 2, .missed = 1, .missed_ns = 1'500'000'000}}};
  figures.open_interests = {{"BTC-PERP", {.taken = 11, .refused = 1}}};
  const std::string text = text_of(figures, 8 * risk::kSecondNs);
  EXPECT_TRUE(
      says(text, R"(portcullis_reference_venues{reference="index of BTC",what="agreeing"} 2)"))
      << text;
  EXPECT_TRUE(says(text, R"(portcullis_references{state="diverged"} 1)"));
  EXPECT_TRUE(says(text, R"(portcullis_references{state="good"} 0)"));
  EXPECT_TRUE(
      says(text, R"(portcullis_reference_events_total{reference="index of BTC",event="stale"} 4)"));
  EXPECT_TRUE(
      says(text,
           R"(portcullis_reference_events_total{reference="index of BTC",event="published"} 100)"));
  EXPECT_TRUE(says(text, R"(portcullis_risk_table_version{group="options"} 12)"));
  EXPECT_TRUE(says(text, R"(portcullis_risk_table_age_seconds{group="options"} 3)"));
  EXPECT_EQ(text.find(R"(portcullis_risk_table_age_seconds{group="none"})"), std::string::npos)
      << "none was built";
  EXPECT_TRUE(says(text, R"(portcullis_risk_table_failing{group="none"} 1)"));
  EXPECT_TRUE(
      says(text, R"(portcullis_risk_tables_total{group="options",event="built_expiry"} 6)"));
  EXPECT_TRUE(says(text, R"(portcullis_risk_tables_total{group="none",event="failed"} 8)"));
  EXPECT_TRUE(says(text, R"(portcullis_funding_total{instrument="BTC-PERP",event="missed"} 1)"));
  EXPECT_TRUE(says(text, R"(portcullis_funding_missed_seconds_total{instrument="BTC-PERP"} 1.5)"));
  EXPECT_TRUE(
      says(text, R"(portcullis_open_interest_total{instrument="BTC-PERP",event="taken"} 11)"));
}

}  // namespace
}  // namespace portcullis::gateway::control::metrics_feeds_test
