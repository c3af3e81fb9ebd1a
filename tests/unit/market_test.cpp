// Prices of options from their source to the shard's queues, under a clock that the test moves.
#include "feeds/market.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "feeds/table_log.h"
#include "tests/support/option_market.h"

namespace portcullis::feeds::market_test {
namespace {

using test::kOptionQuotes;
using test::kRecordedNs;
using test::ticker;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

class Options : public testing::Test {
 protected:
  explicit Options(std::uint64_t version = 0) {
    versions_.assign(deployment_.groups.size(), version);
    market_ = std::make_unique<Market>(deployment_, prices_, tables_, versions_,
                                       [this](std::string_view text) { told_.emplace_back(text); });
    market_->begin(now_ns_);
    market_->step(now_ns_);
    now_ns_ += 10 * kMs;
  }

  void pass(std::int64_t ns) {
    now_ns_ += ns;
    market_->step(now_ns_);
  }
  void say(const test::OptionQuote& quote, std::string_view index = "32208.13") {
    market_->take(source_, ticker(quote, now_ns_, index), now_ns_);
  }
  void say_all(std::string_view index = "32208.13") {
    for (const test::OptionQuote& quote : kOptionQuotes) say(quote, index);
    market_->step(now_ns_);
  }
  // A table that is due, as far as the shard, which takes it or not. False: none was due.
  bool build_and_answer(bool in_force) {
    auto table = market_->build(now_ns_);
    if (!table) return false;
    market_->publish(std::move(*table));
    EXPECT_NE(tables_.next(), nullptr);
    tables_.answer_next(in_force);
    return true;
  }
  // What has arrived at the shard, the last of each: "BTC-PERP 32208.1 safe".
  std::map<std::string, PriceUpdate> arrived() {
    std::map<std::string, PriceUpdate> updates;
    std::array<PriceUpdate, 32> some;
    while (const std::size_t count = prices_.drain(some)) {
      for (std::size_t i = 0; i < count; ++i) {
        const PriceUpdate& update = some[i];
        const std::string name = update.kind == PriceUpdate::Kind::Mark
                                     ? deployment_.names.instruments.name({update.index})
                                     : "index of " + deployment_.names.assets.name({update.index});
        PriceUpdate& last = updates[name];
        if (update.price != 0) last.price = update.price;
        if (update.state != PriceUpdate::State::Unchanged) last.state = update.state;
      }
    }
    return updates;
  }

  config::Deployment deployment_ = test::option_deployment();
  config::SourceIndex source_ = deployment_.names.sources.find("deribit");
  FeedQueue prices_{static_cast<std::uint32_t>(deployment_.instruments.size()),
                    static_cast<std::uint32_t>(deployment_.assets.size()), 4096, [] {}};
  TableQueue tables_{deployment_.groups.size(), [] {}};
  std::vector<std::uint64_t> versions_;
  std::vector<std::string> told_;
  std::int64_t now_ns_ = kRecordedNs;
  std::unique_ptr<Market> market_;
};
class OptionsAgain : public Options {
 protected:
  OptionsAgain() : Options(41) {}
};

TEST_F(Options, NothingIsSafeBeforeItHasAPrice) {
  const auto first = arrived();
  EXPECT_EQ(first.size(), 9u);  // seven options, the perpetual, the index
  for (const auto& [name, update] : first) {
    EXPECT_EQ(update.price, 0) << name;
    EXPECT_EQ(update.state, PriceUpdate::State::Unsafe) << name;
  }
  EXPECT_FALSE(market_->build(now_ns_));
}

TEST_F(Options, MarksArriveAndMakeATable) {
  (void)arrived();
  pass(10 * kMs);
  say_all();
  const auto prices = arrived();
  ASSERT_EQ(prices.size(), 9u);
  for (const auto& [name, update] : prices)
    EXPECT_EQ(update.state, PriceUpdate::State::Safe) << name;
  EXPECT_EQ(prices.at("BTC-PERP").price, 322'081);  // 0.1; half away from zero
  EXPECT_EQ(prices.at("index of BTC").price, 3'220'813);
  EXPECT_EQ(prices.at("BTC-24SEP21-34000-P").price, 1'565'551);

  auto table = market_->build(now_ns_);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->version, 1u);
  EXPECT_EQ(table->table->as_of.ns, now_ns_);
  ASSERT_EQ(table->table->anchors.size(), 1u);
  EXPECT_EQ(table->table->anchors[0].mark.raw, 322'081);
  EXPECT_EQ(table->table->measures.size(), std::size(kOptionQuotes));
  EXPECT_FALSE(market_->build(now_ns_)) << "one is in flight";

  market_->publish(std::move(*table));
  PublishedTable* const waiting = tables_.next();
  ASSERT_NE(waiting, nullptr);
  EXPECT_EQ(waiting->version, 1u);
  tables_.answer_next(true);
  EXPECT_FALSE(market_->build(now_ns_)) << "nothing has moved";
  EXPECT_EQ(market_->tables().status(0).version, 1u);
}

// The first ticker of the chain was refused for want of a mark, and the second came seconds later.
TEST_F(Options, AForwardThatCameBeforeTheMarkIsTakenWithIt) {
  ASSERT_EQ(kOptionQuotes[0].symbol, "BTC-30JUL21-24000-P");
  say(kOptionQuotes[0]);
  EXPECT_EQ(market_->tables().status(0).inputs[static_cast<std::size_t>(InputVerdict::NoReference)],
            1u);
  say_all();
  EXPECT_TRUE(market_->build(now_ns_));
}

TEST_F(Options, WhatMovesMakesTheNextTable) {
  say_all();
  ASSERT_TRUE(build_and_answer(true));

  pass(kSecond);
  say_all("32230");  // less than a thousandth
  EXPECT_FALSE(market_->build(now_ns_));
  pass(kSecond);
  say_all("32300");
  const auto second = market_->build(now_ns_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->version, 2u);
  EXPECT_EQ(second->table->anchors[0].mark.raw, 323'000);
}

TEST_F(Options, ATableThatTheShardRefusesIsBuiltAnew) {
  say_all();
  ASSERT_TRUE(build_and_answer(false));
  EXPECT_FALSE(market_->build(now_ns_)) << "within the pause";
  pass(kSecond);
  const auto second = market_->build(now_ns_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->version, 2u);
}

TEST_F(Options, ATableThatCouldNotBeWrittenIsBuiltAnew) {
  say_all();
  const auto first = market_->build(now_ns_);
  ASSERT_TRUE(first);
  market_->drop(*first, now_ns_);
  EXPECT_EQ(tables_.next(), nullptr);
  pass(kSecond);
  const auto second = market_->build(now_ns_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->version, 2u);
  market_->publish(*second);
  EXPECT_NE(tables_.next(), nullptr);
}

TEST_F(OptionsAgain, VersionsGoOnBehindTheJournals) {
  say_all();
  const auto table = market_->build(now_ns_);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->version, 42u);
}

TEST_F(Options, ASilentSourceMakesPricesUnsafeAndNoTables) {
  say_all();
  ASSERT_TRUE(build_and_answer(true));
  (void)arrived();

  EXPECT_FALSE(market_->build(now_ns_));
  EXPECT_GT(market_->next_due_ns(), now_ns_);
  pass(41 * kSecond);
  const auto unsafe = arrived();
  EXPECT_EQ(unsafe.size(), 9u);
  for (const auto& [name, update] : unsafe) {
    EXPECT_EQ(update.price, 0) << name << ": the last good one stays";
    EXPECT_EQ(update.state, PriceUpdate::State::Unsafe) << name;
  }
  pass(20 * kSecond);
  EXPECT_FALSE(market_->build(now_ns_));
  EXPECT_TRUE(market_->tables().status(0).failing);
  ASSERT_FALSE(told_.empty());
  EXPECT_NE(told_.back().find("risk table of crypto: cannot be built: "), std::string::npos)
      << told_.back();
}

TEST_F(Options, AMarkWithoutVolatilityMakesNoTable) {
  for (const test::OptionQuote& quote : kOptionQuotes) {
    if (quote.symbol == "BTC-24SEP21-34000-P") {
      MarketUpdate update = ticker(quote, now_ns_);
      update[MarketField::MarkIv].reset();
      market_->take(source_, update, now_ns_);
    } else {
      say(quote);
    }
  }
  market_->step(now_ns_);
  EXPECT_EQ(arrived().at("BTC-24SEP21-34000-P").state, PriceUpdate::State::Safe);
  EXPECT_FALSE(market_->build(now_ns_)) << "an option without volatility, and too few for a smile";
}

TEST_F(Options, PricesOfOneInstrumentLeaveOnceInTheConflationTime) {
  say_all();
  (void)arrived();
  const std::int64_t start_ns = now_ns_;
  const std::uint64_t before = prices_.counters().queued;
  for (int i = 1; i <= 8; ++i) {
    now_ns_ += kMs / 10;
    say(kOptionQuotes[1], std::to_string(32'208 + i));
    market_->step(now_ns_);
  }
  EXPECT_EQ(prices_.counters().queued, before);
  while (market_->build(now_ns_)) {
  }
  EXPECT_EQ(market_->next_due_ns(), start_ns + kMs);
  pass(kMs);
  // The perpetual and the index; the option's mark is what it was, of another time.
  EXPECT_EQ(prices_.counters().queued, before + 3);
  EXPECT_EQ(arrived().at("BTC-PERP").price, 322'160);
}

TEST_F(Options, FiguresAreOfAllParts) {
  say_all();
  EXPECT_TRUE(build_and_answer(true));
  const FeedFigures figures = market_->figures();
  ASSERT_EQ(figures.sources.size(), deployment_.feed.sources.size());
  EXPECT_EQ(figures.sources[source_.value].name, "deribit");
  EXPECT_GT(figures.sources[source_.value].prices[PriceOutcome::Taken], 0u);
  ASSERT_EQ(figures.references.size(), 9u);
  for (const FeedFigures::Reference& reference : figures.references) {
    EXPECT_EQ(reference.status.state, PriceState::Good) << reference.name;
    EXPECT_EQ(reference.status.counts.published, 1u) << reference.name;
  }
  ASSERT_EQ(figures.tables.size(), 1u);
  EXPECT_EQ(figures.tables[0].group, deployment_.names.risk_groups.name({0}));
  EXPECT_EQ(figures.tables[0].status.version, 1u);
  EXPECT_EQ(figures.tables[0].status.built[static_cast<std::size_t>(TableCause::First)], 1u);
}

}  // namespace
}  // namespace portcullis::feeds::market_test
