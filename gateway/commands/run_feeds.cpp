#include "gateway/commands/run_feeds.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/iso_time.h"
#include "feeds/epoch_clock.h"
#include "feeds/live/live_settings.h"
#include "feeds/table_log.h"

namespace portcullis::gateway {

namespace {

void tell(std::string_view text) { std::cerr << fmt::format("{}\n", text); }

feeds::RecordedFile read_recording(const config::Deployment& deployment) {
  if (deployment.feed.file.empty()) return {};
  feeds::RecordedFile recording = feeds::read_recorded_file(
      deployment.feed.file, deployment.feed.format, feeds::feed_targets(deployment));
  for (const std::string& problem : recording.problems) tell(problem);
  if (recording.prices.empty())
    throw std::runtime_error("feeds.json: the recording holds no price");
  const feeds::RecordedCounts& counts = recording.counts;
  if (counts.taken != counts.lines) {
    tell(fmt::format(
        "{}: {} of {} rows left out: {} malformed, {} unknown symbol, {} out of order, {} "
        "duplicate, {} not positive, {} absurd",
        deployment.feed.file.string(), counts.lines - counts.taken, counts.lines, counts.malformed,
        counts.unknown_symbol, counts.out_of_order, counts.duplicate, counts.not_positive,
        counts.absurd));
  }
  return recording;
}

std::int64_t speed_ppm(const config::Deployment& deployment, const FeedOptions& options) {
  return options.speed > 0 ? static_cast<std::int64_t>(options.speed * 1e6)
                           : deployment.feed.speed_ppm;
}

}  // namespace

void add_feed_options(CLI::App& command, FeedOptions& options) {
  command.add_option("--feed-start", options.start_ns,
                     "when what is recorded begins, nanoseconds since the epoch; 0: now");
  command.add_option("--feed-speed", options.speed,
                     "how many times faster what is recorded is played");
  command.add_option("--feed-refresh-ms", options.refresh_ms,
                     "declare each price of the recording good until the next one, told anew so "
                     "often; not those of references");
}

RunFeeds::RunFeeds(const config::Deployment& deployment, const FeedOptions& options)
    : deployment_(deployment),
      options_(options),
      table_folder_(deployment.journal.directory),
      recording_(read_recording(deployment)) {
  if (deployment.feed.sources.empty()) return;
  sources_.emplace(deployment,
                   feeds::RecordedSourcesSettings{.speed_ppm = speed_ppm(deployment, options),
                                                  .repeat = deployment.feed.repeat});
  for (const std::string& problem : sources_->problems()) tell(problem);
  open_live();
}

void RunFeeds::open_live() {
  const std::vector<feeds::LiveSourceSettings> settings = feeds::live_sources(deployment_);
  if (settings.empty()) return;
  for (const feeds::LiveSourceSettings& source : settings) live_sources_.push_back(source.source);
  live_.emplace(
      settings,
      feeds::SourceSink{
          .on_update =
              [this, settings](std::uint32_t source, const feeds::MarketUpdate& update) {
                market_feed_->take(settings[source].source, update);
              },
          .on_event =
              [settings](const feeds::SourceEvent& event) {
                tell(fmt::format("source {}: {}", settings[event.source].name, event.text));
              }},
      std::random_device{}());
}

void RunFeeds::open(const gate::Gate& gate, const std::function<void()>& wake) {
  const auto instruments = static_cast<std::uint32_t>(deployment_.instruments.size());
  const auto assets = static_cast<std::uint32_t>(deployment_.assets.size());
  if (!deployment_.feed.file.empty()) {
    feeds::RecordedFeedSettings settings = feeds::feed_settings(deployment_);
    settings.start_at_ns = options_.start_ns;
    settings.speed_ppm = speed_ppm(deployment_, options_);
    settings.refresh_ns = options_.refresh_ms * 1'000'000;
    prices_.emplace(instruments, assets, deployment_.feed.queue_slots, wake);
    feed_.emplace(std::move(recording_.prices), settings, *prices_);
  }
  if (!sources_) return;

  const std::string problem = feeds::open_table_log(deployment_.journal.directory);
  if (!problem.empty()) throw std::runtime_error(problem);
  references_.emplace(instruments, assets, deployment_.feed.queue_slots, wake);
  const auto groups = static_cast<std::uint32_t>(deployment_.groups.size());
  tables_.emplace(groups, wake);
  std::vector<std::uint64_t> versions;
  for (std::uint32_t g = 0; g < groups; ++g) versions.push_back(gate.table_version({g}));
  market_.emplace(deployment_, *references_, *tables_, versions, tell);
  if (!deployment_.feed.fundings.empty() || !deployment_.feed.open_interests.empty()) {
    contract_queue_.emplace(instruments, wake);
    // No earlier than anything that the journal has of the process before.
    const std::int64_t redone_until_ns = gate.redone_until_ns();
    const std::int64_t begin_ns = std::max(feeds::epoch_ns(), redone_until_ns);
    contracts_.emplace(deployment_, *contract_queue_, begin_ns, tell);
    if (redone_until_ns > 0 && !deployment_.feed.fundings.empty()) {
      tell(fmt::format("funding: nothing is paid of what fell due from {} to {}",
                       config::to_iso_time({redone_until_ns}), config::to_iso_time({begin_ns})));
    }
    market_->set_contracts(&*contracts_);
  }
  market_feed_.emplace(*market_, *sources_, table_folder_, tell);
}

shard::Inputs RunFeeds::inputs(edge::CommandQueue* orders) {
  return {.prices = prices_ ? &*prices_ : nullptr,
          .references = references_ ? &*references_ : nullptr,
          .tables = tables_ ? &*tables_ : nullptr,
          .contracts = contract_queue_ ? &*contract_queue_ : nullptr,
          .orders = orders};
}

void RunFeeds::set_parameters(const config::Deployment& in_force) {
  if (market_feed_) market_feed_->set_parameters(in_force);
}

feeds::FeedFigures RunFeeds::figures() const {
  feeds::FeedFigures figures;
  if (market_feed_)
    figures = market_feed_->look([](const feeds::Market& market) { return market.figures(); });
  for (std::uint32_t live = 0; live_ && live < live_->size(); ++live)
    figures.sources[live_sources_[live].value].live = live_->status(live);
  const auto add = [&](std::string_view name, const std::optional<feeds::FeedQueue>& queue) {
    if (!queue) return;
    const feeds::FeedQueueCounters& counters = queue->counters();
    figures.queues.push_back({.name = name,
                              .waiting = queue->waiting(),
                              .offered = counters.offered,
                              .conflated = counters.conflated,
                              .refused = counters.refused});
  };
  add("prices", prices_);
  add("references", references_);
  if (contract_queue_) {
    const feeds::ContractQueueCounters& counters = contract_queue_->counters();
    figures.queues.push_back({.name = "contracts",
                              .waiting = contract_queue_->waiting(),
                              .offered = counters.offered,
                              .conflated = counters.merged,
                              .refused = counters.refused});
  }
  return figures;
}

void RunFeeds::start() {
  if (feed_) feed_->start();
  if (market_feed_) market_feed_->start(options_.start_ns);
  if (!live_) return;
  live_->start();
  for (std::uint32_t source = 0; source < live_->size(); ++source) {
    if (live_->port(source) == 0) continue;
    std::cout << fmt::format("prices on {}", live_->port(source)) << std::endl;
  }
}

void RunFeeds::stop() {
  if (live_) live_->stop();
  if (feed_) feed_->stop();
  if (market_feed_) market_feed_->stop();
}

}  // namespace portcullis::gateway
