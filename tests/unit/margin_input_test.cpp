#include "gateway/commands/margin_input.h"

#include <gtest/gtest.h>

namespace portcullis::gateway::margin_input_test {
namespace {

using Lines = std::vector<std::pair<std::size_t, std::string>>;

Lines portfolios(std::string_view text) {
  Lines lines;
  for (const PortfolioText& portfolio : split_portfolios(text).portfolios)
    lines.emplace_back(portfolio.line, portfolio.json);
  return lines;
}

std::vector<std::string> problems(std::string_view text) { return split_portfolios(text).problems; }

TEST(MarginInput, OneObjectAfterTheOther) {
  const Lines expected{{1, R"({"a":"b"})"}, {3, "{\"c\": {\n \"d\": []}}"}, {4, "{}"}, {4, "{}"}};
  const std::string text = "{\"a\":\"b\"}\n\n{\"c\": {\n \"d\": []}} {} {}\n";
  EXPECT_EQ(portfolios(text), expected);
  EXPECT_EQ(problems(text), std::vector<std::string>{});
}

TEST(MarginInput, OneListOfThem) {
  const Lines expected{{1, "{}"}, {2, R"({"a":[{}]})"}};
  const std::string text = "[{},\n{\"a\":[{}]}\n]\n";
  EXPECT_EQ(portfolios(text), expected);
  EXPECT_EQ(problems(text), std::vector<std::string>{});
}

TEST(MarginInput, NumbersBecomeTheTextThatTheyAre) {
  const Lines expected{
      {1, R"({"a":"-0.10000000000000000001","1":["2","1e5"],"b":"c 3 \" 4\\","d":"5"})"}};
  EXPECT_EQ(portfolios(R"({"a":-0.10000000000000000001,"1":[2,1e5],"b":"c 3 \" 4\\","d":5})"),
            expected);
}

TEST(MarginInput, ABrokenLineCostsOnePortfolio) {
  const Lines expected{{1, R"({"a":{)"}, {2, R"({"b":"c)"}, {3, "{}"}};
  EXPECT_EQ(portfolios("{\"a\":{\n{\"b\":\"c\n{}\n"), expected);
}

TEST(MarginInput, WhatIsBetweenThemIsTold) {
  using Problems = std::vector<std::string>;
  EXPECT_EQ(problems("{}\nx {}"),
            Problems{"line 2: \"x\" where nothing was expected between portfolios"});
  EXPECT_EQ(problems("[{} {}]"),
            Problems{"line 1: nothing where \",\" was expected between portfolios"});
  EXPECT_EQ(problems("[{}\n"),
            Problems{"line 2: nothing where \"]\" was expected between portfolios"});
  EXPECT_EQ(problems("{}}"),
            Problems{"line 1: \"}\" where nothing was expected between portfolios"});
  EXPECT_EQ(problems(" \n"), Problems{"there is no portfolio"});
  EXPECT_EQ(problems("7"), Problems{"line 1: \"7\" where nothing was expected between portfolios"});
}

}  // namespace
}  // namespace portcullis::gateway::margin_input_test
