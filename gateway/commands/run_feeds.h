// All feeds of a running gate: the recording, and the market that the deployment's sources make,
// recorded ones and live ones.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/deployment.h"
#include "feeds/contract_desk.h"
#include "feeds/contract_queue.h"
#include "feeds/feed_figures.h"
#include "feeds/feed_queue.h"
#include "feeds/live/live_feeds.h"
#include "feeds/market.h"
#include "feeds/market_feed.h"
#include "feeds/recorded_feed.h"
#include "feeds/recorded_file.h"
#include "feeds/recorded_sources.h"
#include "feeds/table_folder.h"
#include "feeds/table_queue.h"
#include "gateway/gate/gate.h"
#include "gateway/shard/shard.h"

namespace CLI {
class App;
}

namespace portcullis::gateway {

struct FeedOptions {
  std::int64_t start_ns = 0;
  double speed = 0;  // 0: as configured
  std::int64_t refresh_ms = 0;
};
void add_feed_options(CLI::App& command, FeedOptions& options);

// In the order of its functions, each once; stop() more often, and without start().
class RunFeeds {
 public:
  // Reads what is recorded, and listens where prices are published to. What cannot be read or listened
  // to stops the start: std::runtime_error; rows that cannot be believed are left out and told.
  RunFeeds(const config::Deployment& deployment, const FeedOptions& options);
  ~RunFeeds() { stop(); }
  RunFeeds(const RunFeeds&) = delete;
  RunFeeds& operator=(const RunFeeds&) = delete;

  // `wake` is called on the feeds' threads. The journal's folder must be there.
  void open(const gate::Gate& gate, const std::function<void()>& wake);
  [[nodiscard]] shard::Inputs inputs(edge::CommandQueue* orders);
  // Of the journal's folder: for who removes what is not needed.
  [[nodiscard]] feeds::TableFolder& table_folder() { return table_folder_; }
  // Risk tables are built under these from now on: what is in force (parameters::ParameterDesk). Any
  // thread, after open().
  void set_parameters(const config::Deployment& in_force);
  // Any thread, after open(): waits while a table is being built.
  [[nodiscard]] feeds::FeedFigures figures() const;
  // Says on standard output where prices are published to.
  void start();
  void stop();

 private:
  void open_live();

  const config::Deployment& deployment_;
  const FeedOptions options_;
  feeds::TableFolder table_folder_;
  feeds::RecordedFile recording_;
  std::optional<feeds::RecordedSources> sources_;  // none: nothing is asked of them
  std::optional<feeds::FeedQueue> prices_;
  std::optional<feeds::FeedQueue> references_;
  std::optional<feeds::TableQueue> tables_;
  std::optional<feeds::ContractQueue> contract_queue_;
  std::optional<feeds::ContractDesk> contracts_;  // where the deployment asks for something of it
  std::optional<feeds::Market> market_;
  // They end first.
  std::optional<feeds::RecordedFeed> feed_;
  std::optional<feeds::MarketFeed> market_feed_;
  std::optional<feeds::LiveFeeds> live_;           // none: all sources are recorded
  std::vector<config::SourceIndex> live_sources_;  // which they are of the deployment's
};

}  // namespace portcullis::gateway
