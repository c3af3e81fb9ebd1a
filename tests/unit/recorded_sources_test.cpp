// Recorded sources into a market, on one timeline, under a clock that the test moves.
#include "feeds/recorded_sources.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/board_world.h"
#include "tests/support/journal_support.h"

namespace portcullis::feeds::recorded_sources_test {
namespace {

using test::BoardWorld;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;
constexpr std::int64_t kStart = 2'000'000'000 * kSecond;

// The indexes of two assets: X by a venue's session, Y by lines.
class Sources : public testing::Test {
 protected:
  Sources() {
    config::ReferenceSource x;
    x.source = world_.add_source("venue", "venue", config::SourceDialect::Binance, kSecond);
    x.symbol = "X";
    x.field = config::SourceField::Index;
    world_.add_index("X", {x}).max_age_ns = 100 * kSecond;
    config::ReferenceSource y;
    y.source = world_.add_source("own", "own");
    y.symbol = "Y";
    y.field = config::SourceField::Price;
    world_.add_index("Y", {y}).max_age_ns = 100 * kSecond;
    for (config::ReferenceSettings& reference : world_.deployment.feed.references)
      reference.jump_ppm = 100'000'000;
    world_.deployment.feed.sources[0].file = folder_ / "venue.session";
    world_.deployment.feed.sources[1].file = folder_ / "own.csv";
    write_session({{0, 0, 100}, {500, 480, 101}, {500, 490, 102}, {2'000, 1'990, 103}});
    write("own.csv", "time_ns,symbol,price\n70000000000,Y,7\n71000000000,Y,8\n");
  }

  struct Row {
    std::int64_t arrival_ms = 0;  // both after the start of the recording
    std::int64_t source_ms = 0;
    int price = 0;
  };
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  void write_session(const std::vector<Row>& rows) {
    std::string text = "wss://venue.example/ws <-> 1600000000.0\n";
    for (const Row& row : rows) {
      text += fmt::format(R"({}.{:03}: {{"e":"markPriceUpdate","E":{},"s":"X","p":"1","i":"{}"}})"
                          "\n",
                          1'600'000'000 + row.arrival_ms / 1'000, row.arrival_ms % 1'000,
                          1'600'000'000'000 + row.source_ms, row.price);
    }
    write("venue.session", text);
  }

  void begin(const RecordedSourcesSettings& settings) {
    world_.deployment.feed.conflation_ns = 0;
    prices_.emplace(0, 2, 4096, [] {});
    market_.emplace(world_.deployment, *prices_, tables_, std::vector<std::uint64_t>{},
                    [](std::string_view) {});
    sources_.emplace(world_.deployment, settings);
    market_->begin(kStart);
    sources_->begin(kStart);
    (void)played();
  }
  // Prices told since the last look: "X 100@0", in milliseconds after the start.
  std::string played() {
    std::string text;
    std::array<PriceUpdate, 32> some;
    while (const std::size_t count = prices_->drain(some)) {
      for (std::size_t i = 0; i < count; ++i) {
        if (some[i].price == 0) continue;
        text += fmt::format("{}{} {}@{}", text.empty() ? "" : ", ", some[i].index == 0 ? "X" : "Y",
                            some[i].price, (some[i].as_of_ns - kStart) / kMs);
      }
    }
    return text;
  }
  std::string play_until(std::int64_t ms) {
    EXPECT_TRUE(sources_->play_until(kStart + ms * kMs, *market_, 1'000));
    return played();
  }

  gateway::journal::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  BoardWorld world_;
  TableQueue tables_{0, [] {}};
  std::optional<FeedQueue> prices_;
  std::optional<Market> market_;
  std::optional<RecordedSources> sources_;
};

// What a source said by its own clock is as old as it was.
TEST_F(Sources, BeginTogetherAndKeepTheirTimes) {
  write_session({{0, 0, 100}, {500, 480, 101}, {500, 490, 102}, {2'000, 2'100, 103}});
  begin({});
  EXPECT_EQ(sources_->next_due_ns(), kStart);
  EXPECT_EQ(play_until(499), "X 100@0, Y 7@0");
  EXPECT_EQ(sources_->next_due_ns(), kStart + 500 * kMs);
  EXPECT_EQ(play_until(500), "X 101@480, X 102@490");
  EXPECT_EQ(play_until(1'000), "Y 8@1000");
  // Its clock is ahead: its age counts from its arrival.
  EXPECT_EQ(play_until(5'000), "X 103@2000");
  EXPECT_EQ(sources_->next_due_ns(), std::nullopt);
}

TEST_F(Sources, HowLateTheClockLooksMakesNoDifference) {
  begin({});
  EXPECT_EQ(play_until(9'000), "X 100@0, Y 7@0, X 101@480, X 102@490, Y 8@1000, X 103@1990");
}

TEST_F(Sources, ARecordingIsStretched) {
  begin({.speed_ppm = risk::kPpm / 2});
  EXPECT_EQ(play_until(999), "X 100@0, Y 7@0");
  EXPECT_EQ(play_until(1'000), "X 101@960, X 102@980");
  EXPECT_EQ(sources_->next_due_ns(), kStart + 2'000 * kMs);
}

TEST_F(Sources, WithoutWaitingAllIsDueAtTheStart) {
  begin({.speed_ppm = 0});
  EXPECT_EQ(play_until(0), "X 100@0, X 101@0, X 102@0, X 103@0, Y 7@0, Y 8@0");
  EXPECT_EQ(sources_->next_due_ns(), std::nullopt);
}

// Each begins again right behind its own end, whatever the others do.
TEST_F(Sources, EachRepeatsByItself) {
  begin({.repeat = true});
  EXPECT_EQ(play_until(999), "X 100@0, Y 7@0, X 101@480, X 102@490");
  EXPECT_EQ(play_until(1'000), "Y 8@1000, Y 7@1000");
  EXPECT_EQ(play_until(2'000), "X 103@1990, X 100@2000, Y 8@2000, Y 7@2000");
  EXPECT_EQ(play_until(2'600), "X 101@2480, X 102@2490");
  EXPECT_EQ(sources_->next_due_ns(), kStart + 3'000 * kMs);
}

TEST_F(Sources, SomeRowsAtATime) {
  begin({});
  EXPECT_FALSE(sources_->play_until(kStart + 9'000 * kMs, *market_, 1));
  EXPECT_FALSE(sources_->play_until(kStart + 9'000 * kMs, *market_, 1));
  EXPECT_TRUE(sources_->play_until(kStart + 9'000 * kMs, *market_, 100));
  EXPECT_EQ(played(), "X 100@0, Y 7@0, X 101@480, X 102@490, Y 8@1000, X 103@1990");
}

TEST_F(Sources, AnEmptyRecordingStopsTheStart) {
  write("own.csv", "time_ns,symbol,price\n");
  EXPECT_THROW(RecordedSources(world_.deployment, {}), std::runtime_error);
}

TEST_F(Sources, ARecordingOfOneMomentCannotBeRepeated) {
  write("own.csv", "time_ns,symbol,price\n5,Y,7\n");
  EXPECT_NO_THROW(RecordedSources(world_.deployment, {}));
  EXPECT_THROW(RecordedSources(world_.deployment, {.repeat = true}), std::runtime_error);
}

TEST_F(Sources, DamagedRowsAreTold) {
  write("own.csv", "time_ns,symbol,price\n5,Y,7\nnonsense\n");
  const RecordedSources sources(world_.deployment, {});
  ASSERT_EQ(sources.problems().size(), 1u);
  EXPECT_NE(sources.problems()[0].find("own.csv:3"), std::string::npos) << sources.problems()[0];
}

}  // namespace
}  // namespace portcullis::feeds::recorded_sources_test
