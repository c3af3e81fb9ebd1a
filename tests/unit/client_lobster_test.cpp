// A LOBSTER file as orders: what each type of event becomes, and that every row is accounted for.
#include "gateway/client/lobster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

#include "gateway/client/order_flow.h"
#include "tests/support/client_plan.h"

namespace portcullis::gateway::client::client_lobster_test {
namespace {

using Lines = std::vector<std::string>;
using test::expect_sound;
using test::instrument;
using test::lines;
using test::tally;

constexpr std::string_view kHeader = "Time,Type,OrderId,Size,Price,Direction\n";
// The file must hold an execution, which gives the opening mark; this one becomes no message.
constexpr std::string_view kHidden = "34200,5,0,1,2224000,1\n";

LobsterSettings settings(std::string_view name = "AMZN", double speed = 10) {
  return {.instrument = instrument(name), .speed = speed};
}

Plan replay(const std::string& rows, const LobsterSettings& how = settings()) {
  Plan plan = replay_lobster_text(
      test::example_market(), std::string(kHeader) + std::string(kHidden) + rows, "day.csv", how);
  expect_sound(plan);
  return plan;
}

// Whose orders those of the id are: "BRAVO1 1", with the number of its first order; and its firm.
struct Owner {
  std::string session;
  std::string firm;
};
Owner owner(int order_id) {
  const Plan plan = replay("34200,1," + std::to_string(order_id) + ",1,2224000,1\n");
  const Message& message = plan.messages.at(0);
  const auto& firm = plan.firms.at(message.firm);
  return {test::example_deployment().names.sessions.name({message.session}),
          std::string(firm.data(), firm.size())};
}

std::uint64_t all_but_rows(const Plan& plan) {
  std::uint64_t sum = 0;
  for (const Tally& tally : plan.tallies) sum += tally.name == "rows" ? 0 : tally.count;
  return sum;
}

TEST(ClientLobster, EachEventOfAnOrderBecomesItsMessage) {
  const Plan plan = replay(
      "34200.1,1,11,100,2224000,1\n"
      "34200.2,2,11,30,2224000,1\n"
      "34200.25,4,11,20,2224000,1\n"
      "34200.3,3,11,50,2224000,1\n");
  const Owner maker = owner(11);
  EXPECT_EQ(lines(plan), (Lines{"enter " + maker.session + " 1 B 100 AMZN 2224000 " + maker.firm,
                                "cancel " + maker.session + " 1 to 70",
                                "enter ALPHA2 1 S 20 AMZN 2224000 ioc ALPH",
                                "cancel " + maker.session + " 1 to 0"}));
  for (const char* name : {"entered", "partly_canceled", "executed_by_taker", "canceled",
                           "skipped_hidden_execution"}) {
    EXPECT_EQ(tally(plan, name), 1) << name;
  }
  EXPECT_EQ(tally(plan, "rows"), 5);
  EXPECT_EQ(all_but_rows(plan), 5);
  // At ten times the speed, behind the lead-in.
  const std::vector<std::int64_t> expected{10'000'000, 20'000'000, 25'000'000, 30'000'000};
  for (std::size_t m = 0; m < expected.size(); ++m) {
    EXPECT_EQ(plan.messages[m].due_ns, kLeadInNs + expected[m]) << m;
  }
}

TEST(ClientLobster, TheTakerBuysWhatRestsAsASell) {
  const Plan plan = replay(
      "34201,1,12,7,2225100,-1\n"
      "34202,4,12,7,2225100,-1\n");
  ASSERT_EQ(plan.messages.size(), 2);
  EXPECT_EQ(plan.messages[0].side, ouch::Side::Sell);
  EXPECT_EQ(lines(plan)[1], "enter ALPHA2 1 B 7 AMZN 2225100 ioc ALPH");
}

TEST(ClientLobster, TheTakerIsTheLastOfThoseWithTheLargestClipAndHasNoRestingOrders) {
  std::int64_t most = 0;
  for (const Trader& trader : test::example_market().traders) {
    for (const Book& book : trader.books) {
      if (book.instrument == instrument("AMZN")) most = std::max(most, book.clip);
    }
  }
  const Trader& taker = test::trader("alpha-hedge");
  const auto book = std::find_if(taker.books.begin(), taker.books.end(),
                                 [](const Book& b) { return b.instrument == instrument("AMZN"); });
  ASSERT_NE(book, taker.books.end());
  EXPECT_EQ(book->clip, most);

  std::string rows;
  for (int id = 1; id <= 4000; ++id) rows += "34201,1," + std::to_string(id) + ",1,2224000,1\n";
  std::map<std::string, int> orders;
  const Plan plan = replay(rows);
  for (const Message& message : plan.messages) {
    const auto& firm = plan.firms.at(message.firm);
    ++orders[std::string(firm.data(), firm.size())];
  }
  EXPECT_FALSE(orders.contains("ALPH"));
  // Nine others; a quarter and its share of the rest goes to the first.
  EXPECT_EQ(orders.size(), 9);
  EXPECT_NEAR(orders["ALP1"], 4000 * (0.25 + 0.75 / 9), 120);
  EXPECT_NEAR(orders["BRV3"], 4000 * 0.75 / 9, 75);
}

TEST(ClientLobster, ACancelOfAPartIsToATotalWithWhatWasExecuted) {
  const Plan plan = replay(
      "34201,1,11,100,2224000,1\n"
      "34202,4,11,40,2224000,1\n"
      "34203,2,11,10,2224000,1\n"
      "34204,2,11,5,2224000,1\n");
  ASSERT_EQ(plan.messages.size(), 4);
  EXPECT_EQ(plan.messages[2].quantity, 90);
  EXPECT_EQ(plan.messages[3].quantity, 85);
}

TEST(ClientLobster, EventsOfOrdersThatTheFileDidNotEnterAreSkippedAndCountedByKind) {
  const Plan plan = replay(
      "34201,2,5,10,2224000,1\n"
      "34202,3,5,10,2224000,1\n"
      "34202,3,6,10,2224000,1\n"
      "34203,4,5,10,2224000,1\n"
      "34203,4,6,10,2224000,1\n"
      "34203,4,7,10,2224000,1\n"
      "34203,5,0,10,2224000,-1\n");
  EXPECT_TRUE(plan.messages.empty());
  EXPECT_EQ(tally(plan, "skipped_partial_cancel_of_unknown"), 1);
  EXPECT_EQ(tally(plan, "skipped_cancel_of_unknown"), 2);
  EXPECT_EQ(tally(plan, "skipped_execution_of_unknown"), 3);
  EXPECT_EQ(tally(plan, "skipped_hidden_execution"), 2);
  EXPECT_EQ(all_but_rows(plan), tally(plan, "rows"));
}

TEST(ClientLobster, AnOrderThatHasEndedIsUnknown) {
  const Plan plan = replay(
      "34201,1,11,100,2224000,1\n"
      "34202,4,11,60,2224000,1\n"
      "34202,4,11,40,2224000,1\n"
      "34203,4,11,1,2224000,1\n"
      "34203,1,12,100,2224000,1\n"
      "34204,3,12,100,2224000,1\n"
      "34205,3,12,100,2224000,1\n");
  EXPECT_EQ(tally(plan, "executed_by_taker"), 2);
  EXPECT_EQ(tally(plan, "skipped_execution_of_unknown"), 1);
  EXPECT_EQ(tally(plan, "canceled"), 1);
  EXPECT_EQ(tally(plan, "skipped_cancel_of_unknown"), 1);
}

TEST(ClientLobster, AnIdIsEnteredAgainOnlyAfterItsEnd) {
  const Plan plan = replay(
      "34201,1,11,100,2224000,1\n"
      "34202,1,11,50,2224000,1\n"
      "34203,3,11,100,2224000,1\n"
      "34204,1,11,50,2224000,1\n"
      "34205,3,11,50,2224000,1\n");
  EXPECT_EQ(tally(plan, "entered"), 2);
  EXPECT_EQ(tally(plan, "skipped_entered_twice"), 1);
  ASSERT_EQ(plan.messages.size(), 4);
  EXPECT_EQ(plan.messages[1].number, 1);
  EXPECT_EQ(plan.messages[3].number, 2) << "the cancel is of the second";
}

TEST(ClientLobster, ARowOlderThanTheOneBeforeIsSkipped) {
  const Plan plan = replay(
      "34205,1,11,100,2224000,1\n"
      "34204.999999999,1,12,100,2224000,1\n"
      "34205,1,13,100,2224000,1\n");
  EXPECT_EQ(tally(plan, "entered"), 2);
  EXPECT_EQ(tally(plan, "skipped_out_of_order"), 1);
}

TEST(ClientLobster, MalformedRowsAreRefusedWithTheirLine) {
  const Plan plan = replay(
      "34201,1,11,100,2224000\n"
      "34201,1,11,100,2224000,1,1\n"
      "34201,,11,100,2224000,1\n"
      "34201,6,11,100,2224000,1\n"
      "34201,0,11,100,2224000,1\n"
      "\n"
      "34201,1,x,100,2224000,1\n"
      "34201,1,11,0,2224000,1\n"
      "34201,1,11,1.5,2224000,1\n"
      "34201,1,11,9000000001,2224000,1\n"
      "34201,1,11,100,-1,1\n"
      "34201,1,11,100,2224000,0\n"
      "34201,1,11,100,2224000,2\n"
      "-1,1,11,100,2224000,1\n"
      "86400.000000001,1,11,100,2224000,1\n"
      "34201.0000000001,1,11,100,2224000,1\n"
      "34201, 1,11,100,2224000,1\n"
      "34201,1,11,100,2224000,1\r\n");
  EXPECT_EQ(plan.problems,
            (Lines{"day.csv:3: there must be 6 fields", "day.csv:4: there must be 6 fields",
                   "day.csv:5: the type is empty", "day.csv:6: the type is out of range",
                   "day.csv:7: the type is out of range", "day.csv:9: the order id is not a number",
                   "day.csv:10: the size is out of range",
                   "day.csv:11: the size has too many digits behind the point",
                   "day.csv:12: the size is out of range", "day.csv:13: the price is out of range",
                   "day.csv:14: the direction is out of range",
                   "day.csv:15: the direction is out of range",
                   "day.csv:16: the time is out of range", "day.csv:17: the time is out of range",
                   "day.csv:18: the time has too many digits behind the point",
                   "day.csv:19: the type is not a number"}));
  EXPECT_EQ(tally(plan, "skipped_malformed"), 16);
  EXPECT_EQ(tally(plan, "rows"), 18);
  EXPECT_EQ(plan.messages.size(), 1) << "the row with the other line end is none of them";
}

TEST(ClientLobster, AllMalformedRowsAreCountedAndTheFirstAreNamed) {
  std::string rows;
  for (int i = 0; i < 100; ++i) rows += "nonsense\n";
  const Plan plan = replay(rows);
  EXPECT_EQ(tally(plan, "skipped_malformed"), 100);
  EXPECT_EQ(plan.problems.size(), kProblemsMax);
}

TEST(ClientLobster, PricesThatTheInstrumentDoesNotHaveAreSkipped) {
  const Plan plan = replay(
      "34201,1,11,100,2224050,1\n"        // half a tick
      "34202,3,11,100,2224050,1\n"        // of nothing then
      "34203,1,12,100,2000000000,1\n"     // and these are
      "34204,1,13,9000000,2224000,1\n");  // more than a message carries
  EXPECT_EQ(tally(plan, "skipped_inexpressible"), 3);
  EXPECT_EQ(tally(plan, "skipped_cancel_of_unknown"), 1);
  EXPECT_TRUE(plan.messages.empty());
}

TEST(ClientLobster, PricesAndSizesAreInTheUnitsOfTheSessionThatSendsThem) {
  // ETH-PERP has lots of 0.01; its quantities are lots in ETHPERP and tenths of a lot in ETHUSD.
  std::string rows;
  for (int id = 1; id <= 200; ++id) rows += "34201,1," + std::to_string(id) + ",3,31502500,1\n";
  const Plan plan = replay(rows, settings("ETH-PERP"));
  EXPECT_EQ(tally(plan, "entered"), 200);
  std::map<std::string, int> seen;
  for (const Message& message : plan.messages) {
    const auto& symbol = plan.symbols.at(message.symbol);
    const std::string name(symbol.data(), symbol.size());
    ++seen[name];
    EXPECT_EQ(message.price, 31'502'500);
    EXPECT_EQ(message.quantity, name == "ETHUSD  " ? 3000 : 300) << name;
  }
  EXPECT_EQ(seen.size(), 2);
}

TEST(ClientLobster, MarksAreTheExecutionsOfTheFileAndTheOthersStandStill) {
  const Plan plan = replay_lobster_text(test::example_market(),
                                        "34200,1,11,100,2224000,1\n"
                                        "34201,5,0,1,2225000,1\n"
                                        "34202,4,11,10,2224000,1\n"
                                        "34202,4,11,10,2224000,1\n"
                                        "34206,1,12,100,2224100,1\n",
                                        "day.csv", settings());
  expect_sound(plan);
  const std::uint32_t amzn = test::feed_symbol(plan, "AMZN");
  std::vector<std::pair<std::int64_t, std::int64_t>> told;
  std::map<std::uint32_t, int> others;
  for (const Mark& mark : plan.marks) {
    if (mark.symbol == amzn) {
      told.emplace_back(mark.time_ns, mark.price);
    } else {
      EXPECT_EQ(mark.price, test::example_market().opening[mark.symbol]);
      ++others[mark.symbol];
    }
  }
  // The first execution's price holds from the beginning.
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected{
      {0, 2'225'000}, {kLeadInNs + 100'000'000, 2'225'000}, {kLeadInNs + 200'000'000, 2'224'000}};
  EXPECT_EQ(told, expected);
  EXPECT_EQ(others.size(), plan.feed_symbols.size() - 1);
  // 0.7 s with the lead-in, and each is told every quarter of a second.
  for (const auto& [symbol, count] : others) EXPECT_EQ(count, 3) << symbol;
}

TEST(ClientLobster, WhatCannotBeReplayedIsRefused) {
  const Market& market = test::example_market();
  const std::string rows = std::string(kHidden);
  EXPECT_NO_THROW((void)replay_lobster_text(market, rows, "day.csv", settings()));
  for (const double speed : {0.0, -1.0, 1e-300, std::nan("")}) {
    EXPECT_THROW((void)replay_lobster_text(market, rows, "day.csv", settings("AMZN", speed)),
                 std::invalid_argument);
  }
  EXPECT_THROW((void)replay_lobster_text(market, "", "day.csv", settings()), std::runtime_error);
  EXPECT_THROW(
      (void)replay_lobster_text(market, "34201,1,11,100,2224000,1\n", "day.csv", settings()),
      std::runtime_error)
      << "no execution, no mark";
  EXPECT_THROW((void)replay_lobster(market, "/no/such/file.csv", settings()), std::runtime_error);
  Market alone = market;
  alone.traders.resize(1);
  EXPECT_THROW((void)replay_lobster_text(alone, rows, "day.csv", settings()), std::runtime_error)
      << "a taker, and nobody else";
}

TEST(ClientLobster, AllRowsOfARealDayAreAccountedFor) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const Plan plan = replay_lobster(
      test::example_market(),
      std::filesystem::path(data) / "orders" / "amzn_2012-06-21_lobster_messages.csv",
      settings("AMZN", 800));
  expect_sound(plan);
  EXPECT_EQ(tally(plan, "rows"), 57'515);
  EXPECT_EQ(all_but_rows(plan), 57'515);
  EXPECT_EQ(tally(plan, "entered"), 27'845);
  const std::uint64_t unknown2 = tally(plan, "skipped_partial_cancel_of_unknown");
  const std::uint64_t unknown3 = tally(plan, "skipped_cancel_of_unknown");
  const std::uint64_t unknown4 = tally(plan, "skipped_execution_of_unknown");
  EXPECT_EQ(tally(plan, "partly_canceled") + unknown2, 16);
  EXPECT_EQ(tally(plan, "canceled") + unknown3, 18'235);
  EXPECT_EQ(tally(plan, "executed_by_taker") + unknown4, 8'974);
  EXPECT_EQ(tally(plan, "skipped_hidden_execution"), 2'445);
  EXPECT_EQ(unknown2 + unknown3 + unknown4, 7'467);
  EXPECT_EQ(plan.messages.size(), 57'515 - 7'467 - 2'445);
  EXPECT_TRUE(plan.problems.empty());
}

// --- bugs found

TEST(ClientLobsterRegression, AFileWithoutAHeaderKeepsItsFirstRow) {
  const std::string rows = "34201,1,11,100,2224000,1\n34202,4,11,100,2224000,1\n";
  const Plan with = replay_lobster_text(test::example_market(), std::string(kHeader) + rows,
                                        "day.csv", settings());
  const Plan without = replay_lobster_text(test::example_market(), rows, "day.csv", settings());
  EXPECT_EQ(tally(without, "rows"), 2);
  EXPECT_EQ(lines(without), lines(with));
}

TEST(ClientLobsterRegression, ACancelOfMoreThanIsLeftCancelsAll) {
  const Plan plan = replay(
      "34201,1,11,100,2224000,1\n"
      "34202,2,11,150,2224000,1\n"
      "34203,3,11,100,2224000,1\n"
      "34204,1,12,100,2224000,1\n"
      "34205,4,12,40,2224000,1\n"
      "34206,2,12,60,2224000,1\n");
  ASSERT_EQ(plan.messages.size(), 5);
  EXPECT_EQ(plan.messages[1].quantity, 0);
  EXPECT_EQ(plan.messages[4].quantity, 0);
  EXPECT_EQ(tally(plan, "skipped_cancel_of_unknown"), 1);
}

TEST(ClientLobsterRegression, APriceFinerThanTheMarksIsNotCutOffToATick) {
  const Plan plan = replay(
      "34201,1,11,100,31502500,1\n"   // 3,150.25
      "34202,1,12,100,31502501,1\n",  // and a hundredth of a cent
      settings("ETH-PERP"));
  EXPECT_EQ(tally(plan, "entered"), 1);
  EXPECT_EQ(tally(plan, "skipped_inexpressible"), 1);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_lobster_test
