// Funding and open interest in the gate: what a position pays, across restarts by replay and from a
// snapshot, and from the feed's queue through the shard, also where the journal takes nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/commands/journal.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/reader.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test::contracts_test {
namespace {

using gateway::gate::RecordType;

constexpr std::int64_t kUnit = risk::kFundingScale;

bool is_there(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// --- the gate

// alpha-1 is long 2,500 lots of BTC-PERP, which is settled in USDC of six decimals; alpha-hedge is
// short 20,000.
struct FundedWorld : GateWorld {
  // What the account has in cash once its gains are balance.
  risk::Int128 cash(risk::AccountIndex account) {
    EXPECT_EQ(tell(++number, risk::Realise{{}, account, {}}).outcome,
              gateway::gate::FactOutcome::Done);
    return engine().balance(account, usdc).raw;
  }
  const risk::InstrumentIndex btc = instrument("BTC-PERP");
  const risk::AssetIndex usdc = deployment().names.assets.find("USDC");
  const risk::AccountIndex longs = account("alpha-1");
  const risk::AccountIndex shorts = account("alpha-hedge");
  std::uint64_t number = 0;
};

TEST(ContractsOfTheGate, APositionPaysWhatALotPays) {
  FundedWorld w;
  const risk::Int128 before_long = w.cash(w.longs);
  const risk::Int128 before_short = w.cash(w.shorts);
  w.funding(w.btc, 3 * kUnit, 0);
  EXPECT_EQ(w.cash(w.longs), before_long - 3 * 2'500);
  EXPECT_EQ(w.cash(w.shorts), before_short + 3 * 20'000);
  // Parts of a unit are owed until they are one: 2,500 lots owe 2.5 of them.
  w.funding(w.btc, kUnit / 1'000, 0);
  EXPECT_EQ(w.cash(w.longs), before_long - 3 * 2'500 - 3) << "what is owed is rounded up";
  w.funding(w.btc, kUnit / 1'000, 0);
  EXPECT_EQ(w.cash(w.longs), before_long - 3 * 2'500 - 5);
  EXPECT_EQ(w.check(), "");
}

TEST(ContractsOfTheGate, AreKeptByAReplayAndByASnapshot) {
  FundedWorld w;
  w.follow(0);
  const risk::Int128 before = w.cash(w.longs);
  w.funding(w.btc, 7 * kUnit, 5 * kUnit);
  w.open_interest(w.btc, {1'234});
  w.kill();  // which compares state and counters with what they were
  EXPECT_EQ(w.from_snapshot(), 0u);
  w.connect();
  EXPECT_EQ(w.counters().fundings, 1u);
  EXPECT_EQ(w.counters().open_interests, 1u);
  ASSERT_TRUE(w.follower().write_snapshot());
  w.funding(w.btc, 2 * kUnit, 5 * kUnit);
  w.kill();
  EXPECT_GT(w.from_snapshot(), 0u);
  w.connect();
  EXPECT_EQ(w.cash(w.longs), before - (7 + 2) * 2'500);
  EXPECT_EQ(w.check(), "");
}

TEST(ContractsOfTheGate, AreToldInWordsAndCounted) {
  FundedWorld w;
  w.funding(w.btc, 1'500'000'000, -2 * kUnit);
  w.open_interest(w.btc, {1'234});
  const std::string stats =
      gateway::stats_json(w.deployment(), w.gate(), nullptr, nullptr, nullptr);
  EXPECT_TRUE(is_there(stats, R"("contracts": {"fundings": 1, "open_interests": 1})")) << stats;
  const auto told = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"journal", "--journal", w.journal_folder(), "--instrument",
                                   "BTC-PERP"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run_command(gateway::add_journal_command, words);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return outcome.out;
  };
  EXPECT_TRUE(is_there(told({"--type", "funding"}),
                       "funding BTC-PERP paid 0.0000015 predicted -0.000002 a lot\n"))
      << told({"--type", "funding"});
  EXPECT_TRUE(is_there(told({"--type", "open_interest"}), "open_interest BTC-PERP 1.234\n"))
      << told({"--type", "open_interest"});
  EXPECT_TRUE(is_there(told({"--type", "funding", "--json"}),
                       R"("paid":1500000000,"paid_decimal":"0.0000015")"));
}

// --- the shard

class ContractsOfTheShard : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.start());
    world_.price_everything();
    rest();
  }
  void TearDown() override {
    audit_.look();
    for (const std::string& problem : audit_.problems()) ADD_FAILURE() << problem;
  }
  void pass() {
    world_.transport().clock_ns += 100'000;
    EXPECT_TRUE(world_.pass());
    audit_.look();
  }
  void rest() {
    for (int turn = 0; turn < 20; ++turn) {
      pass();
      world_.carry();
      (void)world_.journal().flush();
    }
  }
  void says(std::int64_t paid, std::int64_t predicted) {
    world_.offer(feeds::ContractUpdate{.instrument = btc_,
                                       .has_funding = true,
                                       .paid = paid * kUnit,
                                       .predicted = predicted * kUnit});
  }
  // The payments that are recorded, in units.
  std::vector<std::int64_t> paid() {
    std::vector<std::int64_t> payments;
    gateway::journal::Reader reader(world_.journal_folder(), {.include_ring = true});
    gateway::journal::RecordView view;
    while (reader.next(view) == gateway::journal::ReadStatus::Record) {
      risk::FundingUpdate update;
      if (static_cast<RecordType>(view.type) == RecordType::Funding &&
          gateway::journal::read_command(view, update)) {
        payments.push_back(update.paid / kUnit);
      }
    }
    return payments;
  }
  // Prices until the journal takes no more of them.
  void fill_the_ring() {
    while (world_.journal().room() <= gateway::journal::Room::ReducingOnly) {
      world_.price_everything();
      world_.transport().clock_ns += 100'000;
      ASSERT_TRUE(world_.pass());
    }
  }

  GateAudit::Counts counts_;
  ShardWorld world_{{}, {}, {}};
  ShardAudit audit_{world_, counts_};
  const risk::InstrumentIndex btc_ = world_.deployment().names.instruments.find("BTC-PERP");
};

TEST_F(ContractsOfTheShard, TheFeedTellsThem) {
  says(3, 5);
  world_.offer(
      feeds::ContractUpdate{.instrument = btc_, .has_open_interest = true, .open_interest = {77}});
  rest();
  EXPECT_TRUE(world_.flush_contracts());
  rest();
  EXPECT_EQ(paid(), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(world_.gate().counters().fundings, 1u);
  EXPECT_EQ(world_.gate().counters().open_interests, 1u);
}

// A settlement comes while nothing can be recorded: it waits, what comes behind it is added to it, and
// both are paid once when there is room, in whatever process that is.
TEST_F(ContractsOfTheShard, WhatIsPaidWaitsWhereTheJournalIsFull) {
  fill_the_ring();
  says(100, 9);
  pass();
  says(20, 8);
  says(3, 7);
  pass();
  EXPECT_EQ(world_.gate().counters().fundings, 0u);
  (void)world_.journal().flush();
  pass();
  EXPECT_TRUE(world_.flush_contracts()) << "the first has left its place";
  rest();
  EXPECT_EQ(paid(), (std::vector<std::int64_t>{100, 23}));
  world_.kill();
  ASSERT_TRUE(world_.start());  // which compares the state with what it was
  rest();
  EXPECT_EQ(paid(), (std::vector<std::int64_t>{100, 23}));
}

// A process that ends behind the record of a payment has paid it, and the next one does not again.
TEST_F(ContractsOfTheShard, AProcessThatBeginsAnewHasPaidWhatIsRecorded) {
  says(1, 0);
  pass();
  says(2, 0);
  pass();
  world_.kill();
  ASSERT_TRUE(world_.start());
  rest();
  EXPECT_EQ(paid(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(world_.gate().counters().fundings, 2u);
}

// What was told before the shard began to stop is recorded with it.
TEST_F(ContractsOfTheShard, AStopTakesWhatWasTold) {
  says(4, 0);
  ASSERT_TRUE(world_.stop());
  EXPECT_EQ(paid(), (std::vector<std::int64_t>{4}));
}

}  // namespace
}  // namespace portcullis::test::contracts_test
