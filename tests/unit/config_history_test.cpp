#include "config/history.h"

#include <gtest/gtest.h>

namespace portcullis::config::config_history_test {
namespace {

TEST(History, GivesTheReturnsByDay) {
  for (const char* text : {"date,BTC,ETH\n2026-01-01,-5,6\n2026-01-02,0,10000000\n",
                           "date,BTC,ETH\r\n2026-01-01,-5,6\r\n2026-01-02,0,10000000"}) {
    const History history = parse_history(text);
    EXPECT_EQ(history.error, "");
    EXPECT_EQ(history.names, (std::vector<std::string>{"BTC", "ETH"}));
    ASSERT_EQ(history.days.size(), 2u);
    EXPECT_EQ(history.days[0].date, "2026-01-01");
    EXPECT_EQ(history.days[0].returns_ppm, (std::vector<std::int32_t>{-5, 6}));
    EXPECT_EQ(history.days[1].returns_ppm, (std::vector<std::int32_t>{0, 10'000'000}));
  }
  EXPECT_EQ(parse_history("date,BTC\n").error, "");
}

TEST(History, TellsTheLineThatIsWrong) {
  const auto error = [](std::string_view text) { return parse_history(text).error; };
  EXPECT_EQ(error(""), "is empty");
  EXPECT_EQ(error("date\n"), "line 1: names no factor behind the first column");
  EXPECT_EQ(error("date,A,B,A\n"), "line 1: names A twice");
  EXPECT_EQ(error("date,A\nx,1,2\n"), "line 2: has 3 values and not 2");
  EXPECT_EQ(error("date,A\n\n"), "line 2: has 1 values and not 2");
  EXPECT_EQ(error("date,A\n,1\n"), "line 2: must begin with a date of 1 to 32 characters");
  EXPECT_EQ(error("date,A\nx,1\nx,1\n"),
            "line 3: has a date that is not behind that of the line before it");
  EXPECT_EQ(error("date,A\nx,1\nw,1\n"),
            "line 3: has a date that is not behind that of the line before it");
  for (const std::string_view value : {"0.5", "", "x", "-1000001", "10000001", " 1"}) {
    EXPECT_EQ(
        error("date,A\nx," + std::string(value) + "\n"),
        "line 2: " + std::string(value) + " is no whole number of ppm from -1000000 to 10000000");
  }
  EXPECT_EQ(error("date,A\nx\t,1\n"), "line 2: has other than printable ASCII characters");
  EXPECT_EQ(error("date,\xC3\xA4\n"), "line 1: has other than printable ASCII characters");
}

}  // namespace
}  // namespace portcullis::config::config_history_test
