// Binance's mark prices.
#include <gtest/gtest.h>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds {
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
          R"({"e":"aggTrade","E":1699999999000,"a":5,"s":"BTCUSDT","p":"35000.1","q":"0.5","f":1,"l":2,"T":1699999998999,"m":true})",
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
}  // namespace portcullis::feeds
