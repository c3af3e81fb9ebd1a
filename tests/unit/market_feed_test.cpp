// The market on its own thread: recordings, a live source beside it, tables into the table log.
#include "feeds/market_feed.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "feeds/epoch_clock.h"
#include "feeds/table_log.h"
#include "tests/support/journal_support.h"
#include "tests/support/option_market.h"

namespace portcullis::feeds::market_feed_test {
namespace {

using std::chrono::milliseconds;
using test::kOptionQuotes;

class MarketThread : public testing::Test {
 protected:
  MarketThread() {
    set_epoch_ns(test::kRecordedNs);
    deployment_ = test::option_deployment();
    deployment_.feed.repeat = false;
  }

  void record() {
    std::ofstream(folder_ / "deribit.session")
        << test::recorded_session({{100, "32208.13"}, {600, "32300"}});
    deployment_.feed.sources[0].file = folder_ / "deribit.session";
  }

  void open() {
    EXPECT_EQ(open_table_log(folder_), "");
    const std::vector<std::uint64_t> versions(deployment_.groups.size());
    recorded_.emplace(deployment_, RecordedSourcesSettings{});
    market_.emplace(deployment_, prices_, tables_, versions, [](std::string_view) {});
    feed_.emplace(*market_, *recorded_, table_folder_, [](std::string_view) {});
    feed_->start(0);
  }

  // As the shard does, until so many tables are in force.
  bool serve(std::uint64_t wanted) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (in_force_.size() < wanted && std::chrono::steady_clock::now() < end) {
      std::array<PriceUpdate, 32> some;
      marks_ += prices_.drain(some);
      if (PublishedTable* const table = tables_.next()) {
        in_force_.push_back(table->hash);
        tables_.answer_next(true);
      } else {
        std::this_thread::sleep_for(milliseconds(1));
      }
    }
    return in_force_.size() >= wanted;
  }

  gateway::journal::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  TableFolder table_folder_{folder_};
  config::Deployment deployment_;
  FeedQueue prices_{64, 64, 4096, [] {}};
  TableQueue tables_{8, [] {}};
  std::optional<RecordedSources> recorded_;
  std::optional<Market> market_;
  std::optional<MarketFeed> feed_;
  std::vector<TableHash> in_force_;
  std::size_t marks_ = 0;
};

TEST_F(MarketThread, ARecordingMakesTablesThatAreInTheLogBeforeTheyArePublished) {
  record();
  open();
  ASSERT_TRUE(serve(2));
  feed_->stop();
  EXPECT_GE(marks_, 9u);
  for (const TableHash& hash : in_force_) {
    const LoadedTable loaded = load_table(folder_, hash);
    EXPECT_EQ(loaded.problem, "");
  }
  EXPECT_NE(in_force_[0], in_force_[1]);
}

TEST_F(MarketThread, ALiveSourceIsTakenBesideIt) {
  deployment_.feed.sources[0].file.clear();
  open();
  std::thread live([&] {
    for (int i = 0; i < 50; ++i) {
      for (const test::OptionQuote& quote : kOptionQuotes)
        feed_->take({0}, test::ticker(quote, epoch_ns(), i < 25 ? "32208.13" : "32500"));
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  EXPECT_TRUE(serve(2));
  live.join();
  const std::size_t references =
      feed_->look([](const Market& market) { return market.board().reference_count(); });
  EXPECT_EQ(references, 9u);
  feed_->stop();
}

// It was waiting for a time that never comes.
TEST_F(MarketThread, StopsAtOnceThoughNothingIsDue) {
  deployment_.feed.sources[0].file.clear();
  open();
  feed_->stop();
  feed_->stop();
}

}  // namespace
}  // namespace portcullis::feeds::market_feed_test
