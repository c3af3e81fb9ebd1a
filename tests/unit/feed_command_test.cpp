// `portcullis feed`.
#include "gateway/commands/feed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/json.h"
#include "tests/support/command_line.h"

namespace portcullis::gateway::feed_command_test {
namespace {

using config::Json;

class FeedCommand : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            (std::string("portcullis-feed-") +
             testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  test::Outcome run(const std::string& text, const std::string& dialect, bool json) {
    std::ofstream(path_, std::ios::binary) << text;
    std::vector<std::string> arguments = {"feed", "--session", path_, "--dialect", dialect};
    if (json) arguments.emplace_back("--json");
    return test::run_command(add_feed_command, arguments);
  }

  std::filesystem::path path_;
};

const std::string kStory =
    "wss://venue/ws <-> 99\n"
    R"(100: {"e":"markPriceUpdate","E":99900,"s":"BTCUSDT","p":"35012.50","i":"0"})"
    "\n"
    R"(101: {"e":"markPriceUpdate","E":100900,"s":"ETHUSDT","p":"1812","T":200000})"
    "\n"
    "rubbish\n"
    R"(102: {"e":"markPriceUpdate","E":101900,"s":"BTCUSDT","p":"x"})"
    "\n"
    R"(103: {"e":"depthUpdate"})"
    "\n";
// Each stream of a symbol has its own age.
const std::string kStreams =
    R"(100: {"e":"bookTicker","E":99900,"s":"BTCUSDT","b":"35012.5","a":"35013"})"
    "\n"
    R"(101: {"e":"aggTrade","E":100500,"s":"BTCUSDT","p":"35012.9"})"
    "\n"
    R"(102: {"e":"markPriceUpdate","E":98000,"s":"BTCUSDT","p":"35012"})"
    "\n"
    R"(103: {"e":"bookTicker","E":99899,"s":"BTCUSDT","b":"1","a":"2"})"
    "\n";

TEST_F(FeedCommand, PrintsForPeople) {
  const test::Outcome outcome = run(kStory, "binance", false);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "5 rows over 4.000 s; frames: 3 updates, 1 others; updates: 2 taken, 1 faults\n"
            "BTCUSDT                  1 taken, 1 faults; 3.100 s old: mark 35012.5\n"
            "ETHUSDT                  1 taken; 2.100 s old: mark 1812\n");
  EXPECT_EQ(outcome.errors, path_.filename().string() + ":4: is no row of a session\n" +
                                path_.string() + ":5: p is not a number\n");
}

TEST_F(FeedCommand, PrintsTheStreamsOfASymbolApart) {
  EXPECT_EQ(run(kStreams, "binance", false).out,
            "4 rows over 3.000 s; frames: 4 updates; updates: 3 taken, 1 out_of_order\n"
            "BTCUSDT                  1 taken; 5.000 s old: mark 35012\n"
            "BTCUSDT book             1 taken, 1 out_of_order; 3.100 s old: best_bid 35012.5 "
            "best_ask 35013\n"
            "BTCUSDT trade            1 taken; 2.500 s old: last 35012.9\n");
  const config::JsonResult result = config::parse_json(run(kStreams, "binance", true).out);
  const std::vector<Json>& symbols = result.json.find("symbols")->items;
  ASSERT_EQ(symbols.size(), 3U);
  EXPECT_EQ(symbols[0].find("kind")->text, "ticker");
  EXPECT_EQ(symbols[1].find("kind")->text, "book");
  EXPECT_EQ(to_text(*symbols[2].find("last")), R"({"last":"35012.9"})");
}

TEST_F(FeedCommand, PrintsForScripts) {
  const test::Outcome outcome = run(kStory, "binance", true);
  EXPECT_EQ(outcome.code, 0);
  const config::JsonResult result = config::parse_json(outcome.out);
  ASSERT_EQ(result.error, "");
  const Json& json = result.json;
  EXPECT_EQ(json.find("damaged_lines")->integer, 1);
  EXPECT_EQ(json.find("frames")->find("updates")->integer, 3);
  EXPECT_EQ(json.find("updates")->find("faults")->integer, 1);
  EXPECT_EQ(json.find("zeros")->integer, 1);
  const Json& eth = json.find("symbols")->items.at(1);
  EXPECT_EQ(
      to_text(eth),
      R"({"symbol":"ETHUSDT","kind":"ticker","updates":{"taken":1,"faults":0,"out_of_order":0,"duplicates":0,)"
      R"("future":0,"no_snapshot":0,"too_many_symbols":0},"zeros":0,)"
      R"("source_time_ns":100900000000,"arrival_ns":101000000000,"age_ns":2100000000,)"
      R"("last":{"mark":"1812","next_funding_ns":200000000000}})");
}

TEST_F(FeedCommand, FailsWhereThereIsNothingToPlay) {
  EXPECT_EQ(run("rubbish\n", "binance", true).code, 1);
  const test::Outcome missing = test::run_command(
      add_feed_command, {"feed", "--session", "/nowhere/at/all", "--dialect", "bybit"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.errors.find("/nowhere/at/all"), std::string::npos);
  EXPECT_NE(run(kStory, "kraken", false).code, 0);
}

}  // namespace
}  // namespace portcullis::gateway::feed_command_test
