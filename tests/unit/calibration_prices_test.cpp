#include "feeds/calibration/prices.h"

#include <gtest/gtest.h>

#include "feeds/calibration/findings.h"

namespace portcullis::feeds::calibration::calibration_prices_test {
namespace {

const SeriesSource kBtc{.name = "BTC", .file = "BTC.csv"};

std::string problems_of(std::string_view text, const SeriesSource& source = kBtc) {
  std::string all;
  for (const config::Problem& problem : parse_prices(text, source).problems)
    all += to_text(problem) + '\n';
  return all;
}

Day day(std::string_view text) { return parse_day(text).value(); }

TEST(CalibrationDay, IsADateOfTheCalendar) {
  EXPECT_EQ(parse_day("1970-01-01"), 0);
  EXPECT_EQ(parse_day("2020-03-12"), 18'333);
  EXPECT_EQ(to_text(18'333), "2020-03-12");
  EXPECT_EQ(to_text(day("2024-02-29")), "2024-02-29");
  for (const char* text :
       {"", "2020-3-12", "2020-02-30", "2023-02-29", "2020-13-01", "2020-00-10", "2020-01-00",
        "20200312", "2020/03/12", "2020-03-12 ", "1899-12-31", "2200-01-01", "x020-01-01"})
    EXPECT_FALSE(parse_day(text)) << text;
  EXPECT_EQ(to_text(years_before(day("2025-09-30"), 10)), "2015-09-30");
  EXPECT_EQ(to_text(years_before(day("2024-02-29"), 1)), "2023-03-01");
}

TEST(CalibrationPrices, ReadsForwardsAndBackwards) {
  for (const char* text : {"Date,Adj_Close\n2020-01-01,1.5\n2020-01-03,2\n2020-01-06,1e1\n",
                           "date,Adj_Close\r\n2020-01-06,10\r\n2020-01-03,2.0\r\n2020-01-01,1.5"}) {
    const ParsedPrices parsed = parse_prices(text, kBtc);
    EXPECT_EQ(problems_of(text), "");
    EXPECT_EQ(parsed.series.name, "BTC");
    EXPECT_EQ(parsed.series.days,
              (std::vector<Day>{day("2020-01-01"), day("2020-01-03"), day("2020-01-06")}));
    EXPECT_EQ(parsed.series.prices, (std::vector<double>{1.5, 2, 10}));
  }
}

TEST(CalibrationPrices, TakesAColumnOfATableAndItsDivisor) {
  const char* const text =
      "Date,USD,JPY,CYP,\n2020-01-03,1.25,150,N/A,\n2020-01-02,1.2,N/A,0.58,\n2020-01-01,1,100,,\n";
  EXPECT_EQ(price_columns(text), (std::vector<std::string>{"USD", "JPY", "CYP", ""}));
  const auto dollar = parse_prices(text, {.name = "EUR", .file = "x.csv", .column = "USD"}).series;
  EXPECT_EQ(dollar.prices, (std::vector<double>{1, 1.2, 1.25}));
  const auto yen =
      parse_prices(text, {.name = "JPY", .file = "x.csv", .column = "USD", .divisor = "JPY"})
          .series;
  EXPECT_EQ(yen.days, (std::vector<Day>{day("2020-01-01"), day("2020-01-03")}));
  EXPECT_EQ(yen.prices, (std::vector<double>{0.01, 1.25 / 150}));
  EXPECT_EQ(yen.absent, 1u);
  const auto pound = parse_prices(text, {.name = "C", .file = "x.csv", .column = "CYP"}).series;
  EXPECT_EQ(pound.absent, 2u);
  EXPECT_EQ(pound.prices, (std::vector<double>{0.58}));
}

TEST(CalibrationPrices, NamesFileLineAndValueOfWhatIsWrong) {
  const std::string head = "Date,Adj_Close\n2020-01-01,1\n";
  const auto at_3 = [&](const std::string& line, const std::string& what) {
    EXPECT_EQ(problems_of(head + line + "\n"), "BTC.csv: line 3: " + what + "\n");
  };
  at_3("2020-01-01,1", "\"2020-01-01\": is there twice");
  at_3("2020-01-01,2", "\"2020-01-01\": is there twice");
  at_3("2020-02-30,1", "\"2020-02-30\": is no date as 2020-03-12");
  at_3("2020-01-02,0", "\"0\": must be above zero");
  at_3("2020-01-02,-1.5", "\"-1.5\": must be above zero");
  at_3("2020-01-02,nan", "\"nan\": must be above zero");
  at_3("2020-01-02,inf", "\"inf\": must be from 1e-12 to 1000000000000000");
  at_3("2020-01-02,1e-13", "\"1e-13\": must be from 1e-12 to 1000000000000000");
  at_3("2020-01-02,1.5x", "\"1.5x\": is no number");
  at_3("2020-01-02, 1", "\" 1\": is no number");
  at_3("2020-01-02,1e999", "\"1e999\": is no number");
  at_3("2020-01-02,n/a", "\"n/a\": is no number");
  at_3("2020-01-02", "\"2020-01-02\": has 1 values and not 2");
  at_3("2020-01-02,1,2", "\"2020-01-02,1,2\": has 3 values and not 2");
  at_3("", "has 1 values and not 2");
  EXPECT_EQ(problems_of(head + "2020-01-05,1\n2020-01-04,1\n"),
            "BTC.csv: line 4: \"2020-01-04\": is out of order: the lines before it go forwards\n");
  EXPECT_EQ(problems_of(head + "2019-01-05,1\n2019-01-06,1\n"),
            "BTC.csv: line 4: \"2019-01-06\": is out of order: the lines before it go backwards\n");
  // A day without a price is still a day.
  EXPECT_EQ(problems_of(head + "2020-01-02,N/A\n2020-01-02,1\n"),
            "BTC.csv: line 4: \"2020-01-02\": is there twice\n");
}

TEST(CalibrationPrices, NamesWhatIsWrongWithTheWholeFile) {
  EXPECT_EQ(problems_of(""), "BTC.csv: is empty\n");
  EXPECT_EQ(
      problems_of("Date\n"),
      "BTC.csv: line 1: \"Date\": must be a header that begins with Date and names a column\n");
  EXPECT_EQ(problems_of("2020-01-01,5\n"),
            "BTC.csv: line 1: \"2020-01-01,5\": must be a header that begins with Date and names a "
            "column\n");
  EXPECT_EQ(problems_of("Date,A\n2020-01-01,N/A\n"), "BTC.csv: has no price of BTC\n");
  EXPECT_EQ(problems_of("Date,A,B\n"),
            "BTC.csv: line 1: has 2 columns: say which, as BTC=BTC.csv:COLUMN\n");
  EXPECT_EQ(problems_of("Date,A,B\n", {.name = "X", .file = "x.csv", .column = "C"}),
            "x.csv: line 1: \"C\": is no column of this table\n");
  EXPECT_EQ(problems_of("Date,A,A\n", {.name = "X", .file = "x.csv", .column = "A"}),
            "x.csv: line 1: \"A\": is there twice\n");
  // Not more than 20 of a file.
  std::string text = "Date,A\n";
  for (int i = 0; i < 100; ++i) text += "x,1\n";
  EXPECT_EQ(parse_prices(text, kBtc).problems.size(), 20u);
}

TEST(CalibrationPrices, AreTrimmedToAPeriod) {
  ParsedPrices parsed =
      parse_prices("Date,A\n2020-01-01,1\n2020-01-02,2\n2020-01-05,3\n2020-01-06,4\n", kBtc);
  trim(parsed.series, day("2020-01-02"), day("2020-01-05"));
  EXPECT_EQ(parsed.series.prices, (std::vector<double>{2, 3}));
  trim(parsed.series, day("2021-01-01"), day("2022-01-01"));
  EXPECT_TRUE(parsed.series.days.empty());
}

// --- what to look at

std::vector<std::string> found(const std::vector<PriceSeries>& series) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings_of(series, {}))
    texts.push_back(std::string(name_of(finding.kind)) + ": " + finding.text);
  return texts;
}

TEST(CalibrationFindings, NameJumpsAndSplitsAndLeaveThem) {
  EXPECT_EQ(found({{"A", {0, 1, 2, 3}, {100, 71, 100, 70}}}),
            (std::vector<std::string>{"jump: A: -30 % on 1970-01-04, from 100 to 70"}));
  EXPECT_EQ(found({{"A", {0, 1}, {100, 49.5}}}),
            (std::vector<std::string>{"split: A: -50.5 % on 1970-01-02, from 100 to 49.5, which is "
                                      "what a 2 for 1 split does"}));
  EXPECT_EQ(
      found({{"A", {0, 1}, {1, 10.1}}}),
      (std::vector<std::string>{
          "split: A: 910 % on 1970-01-02, from 1 to 10.1, which is what a 1 for 10 split does"}));
  EXPECT_EQ(found({{"A", {0, 1}, {90, 60}}}),
            (std::vector<std::string>{"split: A: -33.3334 % on 1970-01-02, from 90 to 60, which is "
                                      "what a 3 for 2 split does"}));
  // The rise that undoes the fall is as suspicious.
  EXPECT_EQ(found({{"A", {0, 1}, {70, 100}}}).size(), 1u);
  EXPECT_EQ(found({{"A", {0, 1}, {71, 100}}}).size(), 0u);
}

TEST(CalibrationFindings, NameGapsRepeatsAndWhatEndsEarly) {
  EXPECT_EQ(
      found({{"A", {0, 7, 15}, {1, 1.1, 1.2}}}),
      (std::vector<std::string>{"gap: A: no price between 1970-01-08 and 1970-01-16, 8 days"}));
  EXPECT_EQ(found({{"A", {0, 1, 2, 3, 4, 5}, {1, 2, 2, 2, 2, 2}}}).back(),
            "unchanged: A: 5 prices alike, 1970-01-02 to 1970-01-06");
  EXPECT_TRUE(found({{"A", {0, 1, 2, 3}, {2, 2, 2, 2}}}).empty());
  EXPECT_EQ(found({{"A", {0, 1}, {1, 1.1}}, {"B", {8, 9}, {1, 1.1}}}),
            (std::vector<std::string>{"ends_early: A: ends on 1970-01-02, 8 days before the newest "
                                      "price of all, and so do the joint rows"}));
  EXPECT_TRUE(found({{"A", {0, 2}, {1, 1.1}}, {"B", {8, 9}, {1, 1.1}}}).empty());
}

}  // namespace
}  // namespace portcullis::feeds::calibration::calibration_prices_test
