// Binance's mark prices, best bids and asks, and trades.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds::feed_binance_test {
namespace {

using test::FeedFrames;
using test::replaced;
using test::shown;

const std::string kEvent =
    R"({"e":"markPriceUpdate","E":1699999999000,"s":"BTCUSDT","p":"35012.40000000",)"
    R"("i":"35010.15625000","P":"35011.87654321","r":"-0.00010250","T":1700006400000})";
const std::string kShown =
    "BTCUSDT mark=35012.4 index=35010.15625 predicted_funding_rate=-0.0001025 "
    "next_funding=1700006400000 @1699999999000";

const std::string kBook =
    R"({"e":"bookTicker","u":600859600576,"s":"BTCUSDT","b":"35012.10","B":"2.5","a":"35012.60",)"
    R"("A":"0.297","T":1699999998998,"E":1699999999000})";
const std::string kShownBook = "BTCUSDT best_bid=35012.1 best_ask=35012.6 @1699999999000";
const std::string kTrade =
    R"({"e":"aggTrade","E":1699999999000,"a":16599292,"s":"BTCUSDT","p":"35012.50","q":"0.010",)"
    R"("f":23961322,"l":23961323,"T":1699999998950,"m":false})";
const std::string kShownTrade = "BTCUSDT last=35012.5 @1699999999000";

std::string in_stream(std::string_view stream, const std::string& data) {
  return R"({"stream":")" + std::string(stream) + R"(","data":)" + data + "}";
}

TEST(Binance, EventGivesAllItsFields) {
  FeedFrames decode(Dialect::Binance);
  EXPECT_EQ(shown(decode(kEvent)), kShown);
  EXPECT_EQ(decode.updates(UpdateOutcome::Taken), 1U);
}

TEST(Binance, CombinedStreamIsTheSame) {
  FeedFrames decode(Dialect::Binance);
  EXPECT_EQ(shown(decode(R"({"stream":"btcusdt@markPrice@1s","data":)" + kEvent + "}")), kShown);
  FeedFrames again(Dialect::Binance);
  EXPECT_EQ(shown(again(R"({"data":)" + kEvent + R"(,"stream":"btcusdt@markPrice"})")), kShown);
}

TEST(Binance, BookAndTradeGiveTheirFields) {
  FeedFrames decode(Dialect::Binance);
  const FeedFrame& book = decode(kBook);
  EXPECT_EQ(shown(book), kShownBook);
  ASSERT_EQ(book.updates.size(), 1U);
  EXPECT_EQ(book.updates[0].kind, UpdateKind::Book);
  const FeedFrame& trade = decode(kTrade);
  EXPECT_EQ(shown(trade), kShownTrade);
  ASSERT_EQ(trade.updates.size(), 1U);
  EXPECT_EQ(trade.updates[0].kind, UpdateKind::Trade);
  FeedFrames combined(Dialect::Binance);
  EXPECT_EQ(shown(combined(in_stream("btcusdt@bookTicker", kBook))), kShownBook);
  EXPECT_EQ(shown(combined(in_stream("btcusdt@aggTrade", kTrade))), kShownTrade);
  EXPECT_EQ(combined.updates(UpdateOutcome::Taken), 2U);
}

TEST(Binance, KindThatSaysAFieldIsTheOneThatIsDecoded) {
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::Mark), UpdateKind::Ticker);
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::Index), UpdateKind::Ticker);
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::PredictedFundingRate), UpdateKind::Ticker);
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::BestBid), UpdateKind::Book);
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::BestAsk), UpdateKind::Book);
  EXPECT_EQ(kind_with(Dialect::Binance, MarketField::Last), UpdateKind::Trade);
  for (const Dialect dialect : {Dialect::Deribit, Dialect::Bybit}) {
    EXPECT_EQ(kind_with(dialect, MarketField::Last), UpdateKind::Ticker);
    EXPECT_EQ(kind_with(dialect, MarketField::BestBid), UpdateKind::Ticker);
  }
}

// What one kind says is neither late by another's times, nor takes anything away from it.
TEST(Binance, KindsOfASymbolHaveTheirOwnOrder) {
  FeedFrames decode(Dialect::Binance);
  const auto at = [](const std::string& event, std::string_view ms) {
    return replaced(event, "1699999999000", ms);
  };
  EXPECT_EQ(shown(decode(kTrade)), kShownTrade);
  EXPECT_EQ(shown(decode(at(kEvent, "1699999998000"))), replaced(kShown, "9000", "8000"));
  EXPECT_EQ(shown(decode(at(kBook, "1699999997000"))), replaced(kShownBook, "9000", "7000"));
  EXPECT_EQ(decode.updates(UpdateOutcome::Taken), 3U);
  // Each by its own last.
  EXPECT_EQ(shown(decode(at(kTrade, "1699999998999"))), "updates");
  EXPECT_EQ(shown(decode(at(kEvent, "1699999997999"))), "updates");
  EXPECT_EQ(shown(decode(at(kBook, "1699999996999"))), "updates");
  EXPECT_EQ(decode.updates(UpdateOutcome::OutOfOrder), 3U);
  EXPECT_EQ(shown(decode(at(kBook, "1699999997000"))), "updates");
  EXPECT_EQ(decode.updates(UpdateOutcome::Duplicate), 1U);

  ASSERT_EQ(decode->symbols().size(), 3U);
  EXPECT_EQ(shown(decode->find("BTCUSDT")->last), replaced(kShown, "9000", "8000"));
  EXPECT_EQ(shown(decode->find("BTCUSDT", UpdateKind::Book)->last),
            replaced(kShownBook, "9000", "7000"));
  EXPECT_EQ(shown(decode->find("BTCUSDT", UpdateKind::Trade)->last), kShownTrade);
  EXPECT_EQ(decode->find("BTCUSDT", UpdateKind::Book)->counts[UpdateOutcome::Duplicate], 1U);
  EXPECT_EQ(decode->find("BTCUSDT", UpdateKind::Trade)->counts[UpdateOutcome::Duplicate], 0U);
}

TEST(Binance, SideOfTheBookThatIsEmptyIsAbsent) {
  FeedFrames decode(Dialect::Binance);
  EXPECT_EQ(shown(decode(kBook)), kShownBook);
  // Not the last ask.
  EXPECT_EQ(shown(decode(replaced(replaced(kBook, "35012.60", "0.00"), R"("E":1699999999000)",
                                  R"("E":1699999999001)"))),
            "BTCUSDT best_bid=35012.1 @1699999999001");
  EXPECT_EQ(decode->counts().updates.zeros, 1U);
}

TEST(Binance, SymbolsAreLimitedByKind) {
  FeedFrames decode(Dialect::Binance, {.symbols_max = 1});
  for (const std::string& event : {kEvent, kBook, kTrade}) {
    EXPECT_EQ(decode(event).updates.size(), 1U) << event;
    EXPECT_EQ(decode(replaced(event, "BTCUSDT", "ETHUSDT")).updates.size(), 0U) << event;
  }
  EXPECT_EQ(decode.updates(UpdateOutcome::TooManySymbols), 3U);
}

// The members of one event, in every order: p, a, b and T mean what they mean in this event wherever
// its name stands.
TEST(Binance, OrderOfTheMembersDoesNotMatter) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> events = {
      {{R"("e":"aggTrade")", R"("E":1699999999000)", R"("s":"BTCUSDT")", R"("p":"35012.50")",
        R"("a":7)", R"("T":"x")"},
       kShownTrade},
      {{R"("e":"bookTicker")", R"("E":1699999999000)", R"("s":"BTCUSDT")", R"("b":"35012.10")",
        R"("a":"35012.60")", R"("p":[])"},
       kShownBook},
      {{R"("e":"markPriceUpdate")", R"("E":1699999999000)", R"("s":"BTCUSDT")", R"("p":"35012.4")",
        R"("b":[["1","2"]])", R"("a":{"p":"1"})"},
       "BTCUSDT mark=35012.4 @1699999999000"},
      {{R"("e":"depthUpdate")", R"("E":1699999999000)", R"("s":"BTCUSDT")", R"("b":[["1","2"]])",
        R"("a":[])", R"("p":"1")"},
       "others"}};
  for (auto [members, expected] : events) {
    std::sort(members.begin(), members.end());
    do {
      std::string text;
      for (const std::string& member : members) text += (text.empty() ? "{" : ",") + member;
      FeedFrames decode(Dialect::Binance);
      ASSERT_EQ(shown(decode(text + "}")), expected) << text;
    } while (std::next_permutation(members.begin(), members.end()));
  }
}

TEST(Binance, FaultsOfBookAndTradeNameTheField) {
  const std::vector<std::array<std::string, 4>> rows = {
      {kBook, R"("35012.10")", R"("-1")", "b is negative"},
      {kBook, R"("35012.60")", "[]", "a is not a number"},
      {kBook, R"("B":"2.5")", R"("b":"1")", "b is there twice"},
      {kBook, R"("B":"2.5")", R"("e":"bookTicker")", "e is there twice"},
      {kBook, R"("B":"2.5")", R"("e":"aggTrade")", "e is there twice"},
      {kBook, R"("E":1699999999000)", R"("E":"")", "the time is missing"},
      {kBook, R"("s":"BTCUSDT",)", "", "the symbol is missing"},
      {kTrade, R"("35012.50")", R"("1e19")", "p is out of range"},
      {kTrade, R"("35012.50")", "true", "p is not a number"},
      {kTrade, R"("E":1699999999000)", R"("E":1.5)", "E is not a whole number"},
      // Of a member that it does not use nothing is said.
      {kTrade, R"("q":"0.010")", R"("a":5)", ""},
      {kTrade, R"("q":"0.010")", R"("i":{},"b":"x","r":true)", ""}};
  for (const auto& [event, what, with, problem] : rows) {
    FeedFrames decode(Dialect::Binance);
    EXPECT_EQ(shown(decode(replaced(event, what, with))),
              problem.empty() ? kShownTrade : "updates: " + problem);
  }
  // JSON all of it must be, whether it is used or not.
  for (const std::string& text :
       {replaced(kTrade, R"("a":16599292)", R"("a":016599292)"),
        replaced(kTrade, R"("a":16599292)", R"("a":1x)"),
        replaced(kBook, R"("B":"2.5")", R"("p":[1)"), replaced(kBook, "1699999998998", "-")}) {
    FeedFrames decode(Dialect::Binance);
    EXPECT_EQ(decode(text).kind, FrameKind::Malformed) << text;
  }
}

TEST(Binance, ListGivesOneUpdateEach) {
  const std::string other = replaced(replaced(kEvent, "BTCUSDT", "ETHUSDT"), "35012.4", "1812.5");
  for (const bool combined : {false, true}) {
    std::string frame = "[" + kEvent + "," + other + "]";
    if (combined) frame = R"({"stream":"!markPrice@arr@1s","data":)" + frame + "}";
    FeedFrames decode(Dialect::Binance);
    const FeedFrame& result = decode(frame);
    ASSERT_EQ(result.updates.size(), 2U);
    EXPECT_EQ(shown(result.updates[0]), kShown);
    EXPECT_EQ(result.updates[1].symbol, "ETHUSDT");
    EXPECT_EQ(shown(result.updates[1], MarketField::Mark), "1812.5");
    EXPECT_EQ(decode.frames(FrameKind::Updates), 1U);
    EXPECT_EQ(decode.updates(UpdateOutcome::Taken), 2U);
  }
}

TEST(Binance, FaultOfOneInAListIsOfThatAlone) {
  const std::string bad = replaced(replaced(kEvent, "BTCUSDT", "ETHUSDT"), "35012.4", "x");
  const std::string last = replaced(kEvent, "BTCUSDT", "SOLUSDT");
  FeedFrames decode(Dialect::Binance);
  const FeedFrame& frame = decode("[" + kEvent + "," + bad + "," + last + ",7,null,[]]");
  ASSERT_EQ(frame.updates.size(), 2U);
  EXPECT_EQ(frame.updates[1].symbol, "SOLUSDT");
  EXPECT_EQ(frame.problem, "p is not a number");
  EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 1U);
}

TEST(Binance, SymbolTwiceInAListIsTakenInOrder) {
  const std::string newer =
      replaced(replaced(kEvent, "1699999999000", "1699999999001"), "35012.4", "35012.5");
  FeedFrames decode(Dialect::Binance);
  const FeedFrame& frame = decode("[" + kEvent + "," + newer + "," + kEvent + "]");
  ASSERT_EQ(frame.updates.size(), 2U);
  EXPECT_EQ(shown(frame.updates[0], MarketField::Mark), "35012.4");
  EXPECT_EQ(shown(frame.updates[1], MarketField::Mark), "35012.5");
  EXPECT_EQ(decode.updates(UpdateOutcome::OutOfOrder), 1U);
}

TEST(Binance, DatedFutureHasNoFunding) {
  FeedFrames decode(Dialect::Binance);
  std::string frame = replaced(kEvent, R"("r":"-0.00010250")", R"("r":"")");
  frame = replaced(frame, R"("T":1700006400000)", R"("T":0)");
  EXPECT_EQ(shown(decode(frame)), "BTCUSDT mark=35012.4 index=35010.15625 @1699999999000");
}

TEST(Binance, EachFieldMayBeAbsent) {
  const std::vector<std::pair<std::string, std::string_view>> rows = {
      {R"("p":"35012.40000000")", "mark="},
      {R"("i":"35010.15625000")", "index="},
      {R"("r":"-0.00010250")", "predicted_funding_rate="},
      {R"("T":1700006400000)", "next_funding="},
  };
  for (const auto& [written, name] : rows) {
    for (const std::string_view value : {"null", R"("")", R"("-")", R"("NaN")"}) {
      FeedFrames decode(Dialect::Binance);
      const std::string text =
          shown(decode(replaced(kEvent, written, written.substr(0, 4) + std::string(value))));
      EXPECT_EQ(text.find(name), std::string::npos) << text;
      EXPECT_NE(text.find("@1699999999000"), std::string::npos) << text;
    }
    FeedFrames decode(Dialect::Binance);
    const std::string text = shown(decode(replaced(kEvent, written, R"("unknown":[1,{"p":"2"}])")));
    EXPECT_EQ(text.find(name), std::string::npos) << text;
    EXPECT_NE(text.find("@1699999999000"), std::string::npos) << text;
  }
}

TEST(Binance, ZeroMarkAndIndexAreNone) {
  FeedFrames decode(Dialect::Binance);
  std::string frame = replaced(kEvent, "35012.40000000", "0.00000000");
  frame = replaced(frame, "35010.15625000", "0");
  frame = replaced(frame, "-0.00010250", "0.00000000");
  EXPECT_EQ(shown(decode(frame)),
            "BTCUSDT predicted_funding_rate=0 next_funding=1700006400000 @1699999999000");
  EXPECT_EQ(decode->counts().updates.zeros, 2U);
}

TEST(Binance, FaultNamesTheField) {
  const std::vector<std::pair<std::pair<std::string_view, std::string_view>, std::string_view>>
      rows = {
          {{R"("35012.40000000")", R"("-1")"}, "p is negative"},
          {{R"("35012.40000000")", R"("1e19")"}, "p is out of range"},
          {{R"("35010.15625000")", R"("1,5")"}, "i is not a number"},
          {{R"("-0.00010250")", "false"}, "r is not a number"},
          {{"1700006400000", R"("x")"}, "T is not a number"},
          {{R"("E":1699999999000,)", ""}, "the time is missing"},
          {{R"("s":"BTCUSDT",)", ""}, "the symbol is missing"},
          {{R"("s":"BTCUSDT")", R"("s":"")"}, "the symbol is missing"},
          {{R"("s":"BTCUSDT")", R"("s":17)"}, "s is no symbol"},
          {{R"("s":"BTCUSDT")", "\"s\":\"BTC\\u0001\""}, "s is no symbol"},
          {{R"("s":"BTCUSDT")", R"("p":"1")"}, "p is there twice"},
          {{R"("s":"BTCUSDT")", R"("e":"markPriceUpdate")"}, "e is there twice"},
      };
  for (const auto& [change, problem] : rows) {
    FeedFrames decode(Dialect::Binance);
    EXPECT_EQ(shown(decode(replaced(kEvent, change.first, change.second))),
              "updates: " + std::string(problem));
    EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 1U);
  }
}

TEST(Binance, OtherFramesAreOfTheirKind) {
  FeedFrames decode(Dialect::Binance);
  // Members of other events have the same names and mean something else.
  for (
      const std::string_view frame : {
          R"({"e":"24hrTicker","E":1699999999000,"s":"BTCUSDT","p":"35.1","b":"1","a":"2","T":1})",
          // Spot has no event's name and no time.
          R"({"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21","a":"25.36520000","A":"40.66"})",
          R"({"p":[],"i":{},"r":true,"T":"x","s":5,"E":null,"e":"depthUpdate","b":[["1","2"]]})",
          R"({"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{"i":"1m"}}})",
          R"({"stream":"btcusdt@depth","data":7})",
          "[]",
          "{}",
          R"([{"e":"24hrTicker","p":"x"}])",
      }) {
    EXPECT_EQ(decode(frame).kind, FrameKind::Other) << frame;
  }
  const FeedFrame& reply = decode(R"({"result":null,"id":3})");
  EXPECT_EQ(reply.kind, FrameKind::Reply);
  EXPECT_EQ(reply.reply_to, "3");
  const FeedFrame& error =
      decode(R"({"error":{"code":2,"msg":"Invalid request: unknown"},"id":"a-1"})");
  EXPECT_EQ(error.kind, FrameKind::Error);
  EXPECT_EQ(error.reply_to, "a-1");
  EXPECT_EQ(error.problem, "Invalid request: unknown");
  const FeedFrame& old_error = decode(R"({"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_EQ(old_error.kind, FrameKind::Error);
  EXPECT_EQ(old_error.error_code, -1121);
  EXPECT_EQ(decode->symbols().size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 0U);
}

TEST(Binance, WhatIsNoJsonIsMalformed) {
  for (const std::string& text :
       {std::string(), std::string("["), "[" + kEvent, "[" + kEvent + ",]", kEvent + "]",
        kEvent.substr(0, kEvent.size() - 3), "[" + kEvent + kEvent + "]", kEvent + kEvent,
        kEvent + " 7 }", "[" + kEvent + "][" + kEvent + "]",
        R"({"stream":"x","stream":"y","data":)" + kEvent + "}"}) {
    FeedFrames decode(Dialect::Binance);
    EXPECT_EQ(decode(text).kind, FrameKind::Malformed) << text;
    EXPECT_EQ(decode.updates(UpdateOutcome::Taken), 0U);
  }
}

}  // namespace
}  // namespace portcullis::feeds::feed_binance_test
