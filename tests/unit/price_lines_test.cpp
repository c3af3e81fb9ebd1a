// Lines of a venue's own prices: what each is, and what is answered.
#include "feeds/live/price_lines.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/feed_frames.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::price_lines_test {
namespace {

using test::kArrivalNs;
using test::shown;

class Lines {
 public:
  explicit Lines(PriceLineSettings settings = {})
      : lines([&] {
          settings.name = "own";
          return settings;
        }()) {
    lines.connected();
  }
  // What is answered.
  std::string operator()(std::string_view bytes) {
    std::string answers;
    goes_on = lines.take(
        bytes, now, [this](const MarketUpdate& update) { updates.push_back(shown(update)); },
        answers);
    return answers;
  }
  [[nodiscard]] std::uint64_t count(UpdateOutcome outcome) const {
    return lines.outcomes()[outcome];
  }

  PriceLines lines;
  std::int64_t now = kArrivalNs;
  std::vector<std::string> updates;
  bool goes_on = true;
};

using Shown = std::vector<std::string>;

TEST(PriceLines, MarksAndIndexesAreTaken) {
  Lines say;
  EXPECT_EQ(say("source own\n"), "ok own\n");
  EXPECT_EQ(say("mark BTC-USD 50000.10 1699999999000000000\n"
                "index BTC 50001 1699999999001000000\r\n"
                "mark BTC-USD 50002 1699999999000000000\n"
                "ping\n"),
            "pong\n");
  EXPECT_EQ(say.updates,
            (Shown{"BTC-USD mark=50000.1 @1699999999000", "BTC index=50001 @1699999999001",
                   "BTC-USD mark=50002 @1699999999000"}));
  EXPECT_EQ(say.lines.counters().messages, 5U);
  EXPECT_EQ(say.lines.counters().updates, 3U);
  EXPECT_EQ(say.lines.counters().errors, 0U);
}

TEST(PriceLines, AMarkAndAnIndexOfOneNameAreTwoThings) {
  Lines say;
  (void)say("source own\n");
  EXPECT_EQ(say("mark BTC 2 20\nindex BTC 1 10\n"), "");
  EXPECT_EQ(say.updates, (Shown{"BTC mark=2 @0", "BTC index=1 @0"}));
}

TEST(PriceLines, WhatIsWrongIsAnsweredWithItsLine) {
  struct Row {
    std::string line;
    std::string what;
    UpdateOutcome outcome = UpdateOutcome::Fault;
  };
  const std::vector<Row> rows = {
      {"mark BTC 0 1000", "the price is not above zero"},
      {"mark BTC 0.000 1000", "the price is not above zero"},
      {"mark BTC -1 1000", "the price is not above zero"},
      {"mark BTC 1e5 1000", "the price is no decimal of 64 bits"},
      {"mark BTC +1 1000", "the price is no decimal of 64 bits"},
      {"mark BTC .5 1000", "the price is no decimal of 64 bits"},
      {"mark BTC NaN 1000", "the price is no decimal of 64 bits"},
      {"mark BTC 99999999999999999999 1000", "the price is no decimal of 64 bits"},
      {"mark BTC  1 1000", "the price is no decimal of 64 bits"},
      {"mark BTC", "the price is no decimal of 64 bits"},
      {"mark", "the symbol is none"},
      {"mark  BTC 1 1000", "the symbol is none"},
      {std::string("mark B\0C 1 1000", 15), "the symbol is none"},
      {"mark \xC3\xA4 1 1000", "the symbol is none"},
      {"mark " + std::string(65, 'B') + " 1 1000", "the symbol is none"},
      {"mark BTC 1", "the time is no number of nanoseconds"},
      {"mark BTC 1 ", "the time is no number of nanoseconds"},
      {"mark BTC 1 -5", "the time is no number of nanoseconds"},
      {"mark BTC 1 1000 ", "the time is no number of nanoseconds"},
      {"mark BTC 1 1000 more", "the time is no number of nanoseconds"},
      {"mark BTC 1 1e3", "the time is no number of nanoseconds"},
      {"mark BTC 1 99999999999999999999", "the time is no number of nanoseconds"},
      {"mark BTC 1 999", "the time is before that of the last", UpdateOutcome::OutOfOrder},
      {"mark BTC 1 1700000002000000001", "the time is ahead of the clock here",
       UpdateOutcome::Future},
  };
  Lines say;
  (void)say("source own\nmark BTC 7 1000\n");
  std::uint64_t number = 2;
  for (const Row& row : rows) {
    const std::uint64_t before = say.count(row.outcome);
    EXPECT_EQ(say(row.line + "\n"), "error " + std::to_string(++number) + " " + row.what + "\n")
        << row.line;
    EXPECT_EQ(say.count(row.outcome), before + 1) << row.line;
    EXPECT_TRUE(say.goes_on);
    EXPECT_EQ(say.lines.last_error(), row.what);
  }
  for (const std::string line :
       {"", "Mark BTC 1 2000", "markBTC", "ping 1", "source own", "\r\r"}) {
    EXPECT_EQ(say(line + "\n"),
              "error " + std::to_string(++number) + " is no mark, index or ping\n");
  }
  EXPECT_EQ(say.lines.counters().malformed, rows.size() - 2 + 6);
  EXPECT_EQ(say.lines.counters().errors, rows.size() + 6);
  EXPECT_EQ(say.updates.size(), 1U);
  EXPECT_EQ(say("mark BTC 8 1000\n"), "");
  EXPECT_EQ(say.updates.back(), "BTC mark=8 @0");
}

TEST(PriceLines, TheSameAgainIsNoErrorAndNoPrice) {
  Lines say;
  (void)say("source own\nmark BTC 7.0 1000\n");
  EXPECT_EQ(say("mark BTC 7 1000\n"), "");
  EXPECT_EQ(say.updates.size(), 1U);
  EXPECT_EQ(say.count(UpdateOutcome::Duplicate), 1U);
  EXPECT_EQ(say("mark BTC 7 1001\n"), "");  // as of later
  EXPECT_EQ(say.updates.size(), 2U);
}

TEST(PriceLines, TheFirstLineIsTheName) {
  for (const std::string line : {"source other", "source", "source ", "source own ", "SOURCE own",
                                 "mark BTC 1 1", "ping", "", "GET / HTTP/1.1"}) {
    Lines say;
    const std::string answer = say(line + "\nmark BTC 1 1\n");
    EXPECT_TRUE(answer == "error 1 must be: source NAME\n" ||
                answer == "error 1 is no source here\n")
        << answer;
    EXPECT_FALSE(say.goes_on) << line;
    EXPECT_TRUE(say.updates.empty());
  }
  Lines say;
  EXPECT_EQ(say("source other\n"), "error 1 is no source here\n");
}

TEST(PriceLines, LinesAreBounded) {
  PriceLineSettings settings;
  settings.line_bytes_max = 64;
  Lines say(settings);
  (void)say("source own\n");
  EXPECT_EQ(say(std::string(64, 'x') + "\r\n"), "error 2 is no mark, index or ping\n");
  EXPECT_EQ(say(std::string(65, 'x') + "\n"), "error 3 is too long\n");
  EXPECT_EQ(say(std::string(66, 'x') + "\nping\n"), "error 4 has more than 64 bytes\npong\n");
  // Said once, however much comes.
  std::string answers;
  for (int n = 0; n < 1'000; ++n) answers += say(std::string(1'000, 'x'));
  EXPECT_EQ(answers, "error 6 has more than 64 bytes\n");
  EXPECT_EQ(say(" mark BTC 1 1\nmark BTC 2 2\n"), "");
  EXPECT_EQ(say.updates, Shown{"BTC mark=2 @0"});

  Lines nameless(settings);
  EXPECT_EQ(nameless(std::string(100, 'x')), "error 1 has more than 64 bytes\n");
  EXPECT_FALSE(nameless.goes_on);
}

TEST(PriceLines, SymbolsAreBounded) {
  PriceLineSettings settings;
  settings.symbols_max = 2;
  Lines say(settings);
  (void)say("source own\n");
  EXPECT_EQ(say("mark A 1 1\nindex A 1 1\nmark B 1 1\nmark A 2 2\n"),
            "error 4 there are too many symbols\n");
  EXPECT_EQ(say.count(UpdateOutcome::TooManySymbols), 1U);
  EXPECT_EQ(say.updates.size(), 3U);
}

TEST(PriceLines, ANewConnectionBeginsAnewAndKnowsTheLastPrices) {
  Lines say;
  (void)say("source own\nmark BTC 7 1000\nmark BTC 8 2000");
  say.lines.ended();
  EXPECT_EQ(say.lines.counters().malformed, 1U);
  EXPECT_EQ(say.lines.last_error(), "the connection ended within a line");
  say.lines.connected();
  EXPECT_FALSE(say.lines.has_name());
  EXPECT_EQ(say("source own\nmark BTC 6 999\n"),
            "ok own\nerror 2 the time is before that of the last\n");
  EXPECT_EQ(say.updates.size(), 1U);
}

// However the bytes are cut into pieces, the same comes of them.
TEST(PriceLines, PiecesMakeNoDifference) {
  std::mt19937_64 random(test::seed());
  PriceLineSettings settings;
  settings.line_bytes_max = 64;
  std::string text = "source own\n";
  for (int n = 0; n < 200; ++n) {
    switch (random() % 6) {
      case 0:
        text += "index A " + std::to_string(random() % 100) + " " + std::to_string(n) + "\r\n";
        break;
      case 1:
        text += std::string(random() % 150, 'y') + "\n";
        break;
      case 2:
        text += "ping\n";
        break;
      case 3:
        text += static_cast<char>(random() % 256);
        text += '\n';
        break;
      default:
        text += "mark B 1." + std::to_string(random() % 100) + " " + std::to_string(n) + "\n";
    }
  }
  Lines whole(settings);
  const std::string expected = whole(text);
  ASSERT_GT(whole.updates.size(), 50U);
  for (int round = 0; round < 50; ++round) {
    Lines parts(settings);
    std::string answers;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 40, text.size() - at);
      answers += parts(std::string_view(text).substr(at, size));
      at += size;
    }
    ASSERT_EQ(answers, expected);
    ASSERT_EQ(parts.updates, whole.updates);
    ASSERT_EQ(parts.lines.counters(), whole.lines.counters());
  }
}

}  // namespace
}  // namespace portcullis::feeds::price_lines_test
