// Recordings of prices: what is taken, what is left out and counted, and what is said about it.
#include "feeds/recorded_file.h"

#include <gtest/gtest.h>

#include "tests/support/example_config.h"

namespace portcullis::feeds::recorded_file_test {
namespace {

using config::FeedFormat;
using Kind = PriceUpdate::Kind;

const FeedTargets kTargets{
    {"BTC", {{Kind::Mark, 0, 1, 10'000'000}, {Kind::Index, 2, 2, 100'000'000}}},
    {"EUR/USD", {{Kind::Mark, 1, 5, 1'000'000}}},
};

RecordedFile csv(std::string_view lines) {
  return parse_recorded("time_ns,symbol,price\n" + std::string(lines), "marks.csv", FeedFormat::Csv,
                        kTargets);
}

RecordedFile json(std::string_view lines) {
  return parse_recorded(lines, "marks.jsonl", FeedFormat::JsonLines, kTargets);
}

// Every line is counted once.
std::uint64_t total(const RecordedCounts& counts) {
  return counts.taken + counts.malformed + counts.unknown_symbol + counts.out_of_order +
         counts.duplicate + counts.not_positive + counts.absurd;
}

TEST(RecordedFile, ReadsCsvExactlyForEachTargetOfTheSymbol) {
  const RecordedFile file = csv("0,BTC,64000.5\n1500,EUR/USD,1.08521\n");
  const std::vector<RecordedPrice> expected{
      {0, 640'005, 0, Kind::Mark}, {0, 6'400'050, 2, Kind::Index}, {1'500, 108'521, 1, Kind::Mark}};
  EXPECT_EQ(file.prices, expected);
  EXPECT_EQ(file.counts, (RecordedCounts{.lines = 2, .taken = 2, .prices = 3}));
  EXPECT_TRUE(file.problems.empty());
}

TEST(RecordedFile, ReadsTheSameFromJsonLinesWithNumbersAndTexts) {
  const RecordedFile file =
      json(R"({"time_ns": 0, "symbol": "BTC", "price": "64000.5"})"
           "\n"
           R"({"symbol":"EUR/USD","price":1.08521,"time_ns":1500,"source":"x"})"
           "\n"
           R"({"time_ns": 1600, "symbol": "BTC", "price": 64001})"
           "\n"
           R"({"time_ns": 1700, "symbol": "BTC", "price": 6.40015e4})");
  const std::vector<RecordedPrice> expected{
      {0, 640'005, 0, Kind::Mark},        {0, 6'400'050, 2, Kind::Index},
      {1'500, 108'521, 1, Kind::Mark},    {1'600, 640'010, 0, Kind::Mark},
      {1'600, 6'400'100, 2, Kind::Index}, {1'700, 640'015, 0, Kind::Mark},
      {1'700, 6'400'150, 2, Kind::Index}};
  EXPECT_EQ(file.prices, expected);
  EXPECT_TRUE(file.problems.empty());
}

TEST(RecordedFile, TakesWindowsLineEndsAndALastLineWithoutOne) {
  const RecordedFile file = parse_recorded("time_ns,symbol,price\r\n5,BTC,1\r\n\r\n6,BTC,2",
                                           "marks.csv", FeedFormat::Csv, kTargets);
  EXPECT_EQ(file.counts.taken, 2U);
  EXPECT_TRUE(file.problems.empty());
}

TEST(RecordedFile, CutsOffDigitsFinerThanTheUnitAndCountsThem) {
  const RecordedFile file = csv("0,BTC,64000.59\n1,EUR/USD,1.085219\n2,EUR/USD,1.0852\n");
  ASSERT_EQ(file.prices.size(), 4U);
  EXPECT_EQ(file.prices[0].price, 640'005);
  EXPECT_EQ(file.prices[1].price, 6'400'059);  // the index has a digit more
  EXPECT_EQ(file.prices[2].price, 108'521);
  EXPECT_EQ(file.counts.cut_off, 2U);
  EXPECT_EQ(file.counts.taken, 3U);
}

TEST(RecordedFile, NamesEachMalformedLineAndTakesTheOthers) {
  const RecordedFile file =
      csv("x,BTC,1\n"
          "1,BTC\n"
          "1,BTC,1,2\n"
          "1,BTC,abc\n"
          "1,BTC,\n"
          "-5,BTC,1\n"
          "1.5,BTC,1\n"
          "2,BTC,+7\n"
          "3,7,BTC\n"
          "4,BTC,8\n");
  const std::vector<std::string> expected{
      "marks.csv:2: the time is not a number",
      "marks.csv:3: must have three fields",
      "marks.csv:4: must have three fields",
      "marks.csv:5: the price is not a number",
      "marks.csv:6: the price is empty",
      "marks.csv:7: the time is negative",
      "marks.csv:8: the time has too many digits behind the point",
      "marks.csv:9: the price is not a number",
      "marks.csv:10: the price is not a number",
  };
  EXPECT_EQ(file.problems, expected);
  EXPECT_EQ(file.counts.malformed, 9U);
  EXPECT_EQ(file.counts.taken, 1U);
  EXPECT_EQ(total(file.counts), file.counts.lines);
}

TEST(RecordedFile, NamesMalformedJsonLines) {
  const RecordedFile file = json(
      "{\"time_ns\": 0, \"symbol\": \"BTC\"\n"
      "[1,2]\n"
      R"({"time_ns": "0", "symbol": "BTC", "price": 1})"
      "\n"
      R"({"time_ns": 0, "symbol": 7, "price": 1})"
      "\n"
      R"({"time_ns": 0, "symbol": "BTC", "price": null})"
      "\n"
      R"({"time_ns": 0, "symbol": "BTC", "price": 1})");
  ASSERT_EQ(file.problems.size(), 5U);
  EXPECT_TRUE(file.problems[0].starts_with("marks.jsonl:1: "));
  EXPECT_EQ(file.problems[1], "marks.jsonl:2: must be an object with time_ns, symbol and price");
  EXPECT_EQ(file.problems[2], "marks.jsonl:3: time_ns must be a whole number");
  EXPECT_EQ(file.problems[3], "marks.jsonl:4: symbol must be text");
  EXPECT_EQ(file.problems[4], "marks.jsonl:5: price must be a number or decimal text");
  EXPECT_EQ(file.counts.taken, 1U);
}

TEST(RecordedFile, NamesNoMoreThanSomeButCountsThemAll) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "garbage\n";
  const RecordedFile file = csv(lines + "1,BTC,1\n");
  EXPECT_EQ(file.problems.size(), kProblemsMax);
  EXPECT_EQ(file.counts.malformed, 100U);
  EXPECT_EQ(file.counts.taken, 1U);
}

TEST(RecordedFile, LeavesOutWhatCannotBeBelieved) {
  const RecordedFile file =
      csv("10,BTC,5\n"
          "11,BTC,0\n"
          "12,BTC,-5\n"
          "13,BTC,0.04\n"     // nothing is left of it
          "14,BTC,1000001\n"  // above the mark's maximum, below the index's
          "15,BTC,99999999999999999999\n"
          "9,BTC,6\n"    // older than its symbol's last
          "10,BTC,5\n"   // the same row again
          "10,BTC,6\n"   // another price at the same time: taken
          "16,DOGE,1\n"  // not ours
          "17,BTC,7\n");
  std::vector<std::int64_t> marks;
  for (const RecordedPrice& price : file.prices) {
    if (price.kind == Kind::Mark) marks.push_back(price.price);
  }
  EXPECT_EQ(marks, (std::vector<std::int64_t>{50, 60, 70}));
  EXPECT_EQ(file.counts, (RecordedCounts{.lines = 11,
                                         .taken = 3,
                                         .prices = 6,
                                         .unknown_symbol = 1,
                                         .out_of_order = 1,
                                         .duplicate = 1,
                                         .not_positive = 3,
                                         .absurd = 2}));
  EXPECT_EQ(total(file.counts), file.counts.lines);
  EXPECT_TRUE(file.problems.empty());
}

TEST(RecordedFile, PutsStreamsOfSeveralSymbolsInOrderOfTime) {
  const RecordedFile file = csv("20,BTC,5\n10,EUR/USD,1\n20,EUR/USD,2\n15,BTC,6\n");
  std::vector<std::int64_t> times;
  for (const RecordedPrice& price : file.prices) times.push_back(price.time_ns);
  EXPECT_EQ(times, (std::vector<std::int64_t>{10, 20, 20, 20}));
  EXPECT_EQ(file.counts.out_of_order, 1U);
}

TEST(RecordedFile, SaysThatAFileIsNotThereOrHoldsNothing) {
  const RecordedFile missing = read_recorded_file("no/such/file.csv", FeedFormat::Csv, kTargets);
  ASSERT_EQ(missing.problems.size(), 1U);
  EXPECT_TRUE(missing.problems[0].starts_with("no/such/file.csv: "));

  const RecordedFile header =
      parse_recorded("time,symbol,price\n1,BTC,5\n", "marks.csv", FeedFormat::Csv, kTargets);
  ASSERT_EQ(header.problems.size(), 2U);
  EXPECT_EQ(header.problems[0], "marks.csv:1: must be the header time_ns,symbol,price");
  EXPECT_EQ(header.problems[1], "marks.csv: holds no price of this deployment");

  EXPECT_EQ(parse_recorded("", "marks.csv", FeedFormat::Csv, kTargets).problems.size(), 1U);
}

TEST(RecordedFile, KnowsTheSymbolsOfTheShippedExample) {
  const config::LoadResult loaded = config::load(test::example_folder());
  ASSERT_TRUE(loaded.ok()) << test::problems_text(loaded);
  const config::Deployment& deployment = loaded.deployment;
  const FeedTargets targets = feed_targets(deployment);
  ASSERT_EQ(targets.size(), 7U);
  const FeedTarget& btc = targets.at("BTC-PERP").at(0);
  EXPECT_EQ(btc.kind, Kind::Mark);
  EXPECT_EQ(btc.index, deployment.names.instruments.find("BTC-PERP").value);
  EXPECT_EQ(btc.decimals, 1);
  EXPECT_EQ(targets.at("ETH").at(0).kind, Kind::Index);
}

}  // namespace
}  // namespace portcullis::feeds::recorded_file_test
