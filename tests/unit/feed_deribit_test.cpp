// Deribit's notifications.
#include <gtest/gtest.h>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds::feed_deribit_test {
namespace {

using test::FeedFrames;
using test::replaced;
using test::shown;

const std::string kOption =
    R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-27SEP24-60000-C.100ms","data":{)"
    R"("underlying_price":61250.75,"underlying_index":"BTC-27SEP24","timestamp":1699999999000,)"
    R"("stats":{"volume":12.5,"price_change":-3.25,"low":0.04,"high":0.061},"state":"open",)"
    R"("settlement_price":0.05,"open_interest":1320.5,"min_price":0.0001,"max_price":0.12,)"
    R"("mark_price":0.0521,"mark_iv":54.3,"last_price":0.0515,"interest_rate":0.01,)"
    R"("instrument_name":"BTC-27SEP24-60000-C","index_price":60890.12,)"
    R"("greeks":{"vega":71.5,"theta":-44.25,"rho":32.125,"gamma":0.00003,"delta":0.55125},)"
    R"("estimated_delivery_price":60890.12,"bid_iv":53.9,"best_bid_price":0.0515,)"
    R"("best_bid_amount":12.0,"best_ask_price":0.053,"best_ask_amount":8.5,"ask_iv":55.1}}})";

const std::string kPerpetual =
    R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.raw","data":{)"
    R"("timestamp":1699999999001,"state":"open","stats":{"volume":1,"volume_usd":2.5},)"
    R"("settlement_price":60700.1,"open_interest":512345670,"min_price":60000.5,"max_price":62000,)"
    R"("mark_price":60895.31,"last_price":60895.5,"instrument_name":"BTC-PERPETUAL",)"
    R"("index_price":60890.12,"interest_value":0.0001,"funding_8h":0.0000211,)"
    R"("estimated_delivery_price":60890.12,"current_funding":-1.5e-7,"best_bid_price":60895.5,)"
    R"("best_bid_amount":110,"best_ask_price":60896,"best_ask_amount":5000}}})";

TEST(Deribit, OptionGivesAllItsFields) {
  FeedFrames decode(Dialect::Deribit);
  const FeedFrame& frame = decode(kOption);
  ASSERT_EQ(frame.kind, FrameKind::Updates);
  EXPECT_EQ(shown(frame),
            "BTC-27SEP24-60000-C mark=0.0521 index=60890.12 last=0.0515 best_bid=0.0515 "
            "best_ask=0.053 underlying=61250.75 mark_iv=0.543 delta=0.55125 gamma=0.00003 "
            "vega=71.5 theta=-44.25 rho=32.125 interest_rate=0.01 open_interest=1320.5 "
            "@1699999999000");
  EXPECT_EQ(frame.updates[0].source_time_ns, 1'699'999'999'000'000'000);
  EXPECT_EQ(frame.updates[0].arrival_ns, test::kArrivalNs);
  EXPECT_DOUBLE_EQ(to_double(*frame.updates[0][MarketField::MarkIv]), 0.543);
}

TEST(Deribit, DataMayStandBeforeTheChannel) {
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(
      shown(decode(
          R"({"params":{"data":{"timestamp":1699999999001,"mark_price":5},"channel":"ticker.X.raw"},"method":"subscription"})")),
      "X mark=5 @1699999999001");
  // ... and then it is not that of a ticker.
  EXPECT_EQ(
      decode(
          R"({"params":{"data":[{"mark_price":true}],"channel":"book.X.raw"},"method":"subscription"})")
          .kind,
      FrameKind::Other);
}

TEST(Deribit, PercentHaveOneFormToo) {
  const std::vector<std::pair<std::string_view, config::ExactDecimal>> rows = {
      {"50", {5, 1}}, {"100.0", {1, 0}}, {"1200", {12, 0}}, {"54.30", {543, 3}}, {"0.5", {5, 3}}};
  for (const auto& [percent, number] : rows) {
    FeedFrames decode(Dialect::Deribit);
    const FeedFrame& frame = decode(replaced(kOption, "54.3", percent));
    EXPECT_EQ(frame.updates.at(0)[MarketField::MarkIv], number) << percent;
  }
}

TEST(Deribit, PerpetualGivesFundingAndIndex) {
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(shown(decode(kPerpetual)),
            "BTC-PERPETUAL mark=60895.31 index=60890.12 last=60895.5 best_bid=60895.5 "
            "best_ask=60896 funding_rate=-0.00000015 past_funding_8h=0.0000211 "
            "open_interest=512345670 @1699999999001");
}

TEST(Deribit, EachFieldMayBeAbsent) {
  struct Row {
    MarketField field;
    std::string written;
  };
  const std::vector<Row> rows = {
      {MarketField::Mark, R"("mark_price":0.0521)"},
      {MarketField::Index, R"("index_price":60890.12)"},
      {MarketField::Last, R"("last_price":0.0515)"},
      {MarketField::BestBid, R"("best_bid_price":0.0515)"},
      {MarketField::BestAsk, R"("best_ask_price":0.053)"},
      {MarketField::Underlying, R"("underlying_price":61250.75)"},
      {MarketField::MarkIv, R"("mark_iv":54.3)"},
      {MarketField::Delta, R"("delta":0.55125)"},
      {MarketField::Gamma, R"("gamma":0.00003)"},
      {MarketField::Vega, R"("vega":71.5)"},
      {MarketField::Theta, R"("theta":-44.25)"},
      {MarketField::Rho, R"("rho":32.125)"},
      {MarketField::InterestRate, R"("interest_rate":0.01)"},
      {MarketField::OpenInterest, R"("open_interest":1320.5)"},
  };
  for (const Row& row : rows) {
    const std::string name = row.written.substr(0, row.written.find(':') + 1);
    for (const std::string_view value : {"null", R"("")", R"("-")", R"("NaN")", R"("nan")"}) {
      FeedFrames decode(Dialect::Deribit);
      const FeedFrame& frame = decode(replaced(kOption, row.written, name + std::string(value)));
      ASSERT_EQ(frame.updates.size(), 1U) << name << value << shown(frame);
      EXPECT_EQ(shown(frame.updates[0], row.field), "absent") << name << value;
      EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 0U);
      EXPECT_EQ(decode->counts().updates.zeros, 0U);
    }
    FeedFrames decode(Dialect::Deribit);
    const FeedFrame& frame = decode(replaced(kOption, row.written, R"("not_known":7)"));
    ASSERT_EQ(frame.updates.size(), 1U) << name << shown(frame);
    EXPECT_EQ(shown(frame.updates[0], row.field), "absent") << name;
  }
}

TEST(Deribit, WholeGreeksMayBeAbsent) {
  for (const std::string_view greeks : {"null", "{}"}) {
    FeedFrames decode(Dialect::Deribit);
    const std::size_t from = kOption.find(R"({"vega")");
    std::string frame = kOption;
    frame.replace(from, frame.find('}', from) + 1 - from, greeks);
    EXPECT_EQ(shown(decode(frame).updates.at(0), MarketField::Delta), "absent");
  }
}

TEST(Deribit, ZeroIsNoPrice) {
  FeedFrames decode(Dialect::Deribit);
  // As Deribit writes an empty side of the book.
  std::string frame = replaced(kOption, R"("best_bid_price":0.0515)", R"("best_bid_price":0.0)");
  frame = replaced(frame, R"("mark_iv":54.3)", R"("mark_iv":0)");
  const FeedFrame& result = decode(frame);
  EXPECT_EQ(shown(result.updates.at(0), MarketField::BestBid), "absent");
  EXPECT_EQ(shown(result.updates.at(0), MarketField::MarkIv), "absent");
  EXPECT_EQ(decode->counts().updates.zeros, 2U);
  EXPECT_EQ(decode->find("BTC-27SEP24-60000-C")->counts.zeros, 2U);
}

TEST(Deribit, OptionMayBeWorthNothingAndPerpetualMayNot) {
  FeedFrames decode(Dialect::Deribit);
  const FeedFrame& option =
      decode(replaced(kOption, R"("mark_price":0.0521)", R"("mark_price":0.0)"));
  EXPECT_EQ(shown(option.updates.at(0), MarketField::Mark), "0");
  EXPECT_EQ(decode->counts().updates.zeros, 0U);
  const FeedFrame& perpetual =
      decode(replaced(kPerpetual, R"("mark_price":60895.31)", R"("mark_price":0)"));
  EXPECT_EQ(shown(perpetual.updates.at(0), MarketField::Mark), "absent");
  EXPECT_EQ(decode->counts().updates.zeros, 1U);
}

TEST(Deribit, FaultNamesTheFieldAndTakesNothing) {
  struct Row {
    std::string_view what, with, problem;
  };
  const std::vector<Row> rows = {
      {R"("mark_price":0.0521)", R"("mark_price":"dear")", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":true)", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":[0.0521])", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":{"a":0.0521})", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":-0.0521)", "mark_price is negative"},
      {R"("mark_price":0.0521)", R"("mark_price":1e30)", "mark_price is out of range"},
      {R"("mark_price":0.0521)", R"("mark_price":99999999999999999999)",
       "mark_price is out of range"},
      {R"("mark_price":0.0521)", R"("mark_price":1e-80)", "mark_price is out of range"},
      {R"("mark_price":0.0521)", R"("mark_price":" 1")", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":"+1")", "mark_price is not a number"},
      {R"("mark_price":0.0521)", R"("mark_price":"Infinity")", "mark_price is not a number"},
      {R"("mark_iv":54.3)", R"("mark_iv":-54.3)", "mark_iv is negative"},
      {R"("open_interest":1320.5)", R"("open_interest":-1)", "open_interest is negative"},
      {R"("delta":0.55125)", R"("delta":"x")", "delta is not a number"},
      {R"("state":"open")", R"("mark_price":0.0521)", "mark_price is there twice"},
      {R"("timestamp":1699999999000,)", "", "the time is missing"},
      {R"("timestamp":1699999999000)", R"("timestamp":null)", "the time is missing"},
      {R"("timestamp":1699999999000)", R"("timestamp":0)", "the time is missing"},
      {R"("timestamp":1699999999000)", R"("timestamp":-5)", "timestamp is negative"},
      {R"("timestamp":1699999999000)", R"("timestamp":1.5)", "timestamp is not a whole number"},
      {R"("timestamp":1699999999000)", R"("timestamp":99999999999999)",
       "timestamp is out of range"},
      {R"("timestamp":1699999999000)", R"("timestamp":"soon")", "timestamp is not a number"},
      {R"("instrument_name":"BTC-27SEP24-60000-C")", R"("instrument_name":"BTC-27SEP24-60000-P")",
       "instrument_name is not that of the channel"},
      {R"("instrument_name":"BTC-27SEP24-60000-C")", R"("instrument_name":7)",
       "instrument_name is no symbol"},
      {R"("data":{"underlying)", R"("data":7,"more":{"underlying)", "data is no object"},
      {R"("data":{"underlying)", R"("more":{"underlying)", "data is missing"},
      {R"({"vega":71.5,"theta":-44.25,"rho":32.125,"gamma":0.00003,"delta":0.55125})", "7",
       "greeks is no object"},
  };
  for (const Row& row : rows) {
    FeedFrames decode(Dialect::Deribit);
    EXPECT_EQ(shown(decode(replaced(kOption, row.what, row.with))),
              "updates: " + std::string(row.problem))
        << row.with;
    EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 1U);
    EXPECT_EQ(decode.updates(UpdateOutcome::Taken), 0U);
    EXPECT_EQ(decode->find("BTC-27SEP24-60000-C"), nullptr);
  }
}

TEST(Deribit, FaultLeavesTheLastGoodUpdateAlone) {
  FeedFrames decode(Dialect::Deribit);
  decode(kOption);
  const std::string later = replaced(kOption, "1699999999000", "1699999999500");
  decode(replaced(later, R"("mark_price":0.0521)", R"("mark_price":"dear")"));
  const SymbolFeed* const feed = decode->find("BTC-27SEP24-60000-C");
  ASSERT_NE(feed, nullptr);
  EXPECT_EQ(shown(feed->last, MarketField::Mark), "0.0521");
  EXPECT_EQ(feed->last.source_time_ns, 1'699'999'999'000'000'000);
  EXPECT_EQ(feed->counts[UpdateOutcome::Fault], 1U);
  EXPECT_EQ(feed->counts[UpdateOutcome::Taken], 1U);
}

TEST(Deribit, OrderOfTimeIsKept) {
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(decode(kOption).updates.size(), 1U);
  EXPECT_EQ(decode(kOption).updates.size(), 0U);  // again
  EXPECT_EQ(decode.updates(UpdateOutcome::Duplicate), 1U);
  const std::string older = replaced(kOption, "1699999999000", "1699999998999");
  EXPECT_EQ(decode(replaced(older, "0.0521", "0.06")).updates.size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::OutOfOrder), 1U);
  // Something else at the same time is news.
  EXPECT_EQ(decode(replaced(kOption, "0.0521", "0.0522")).updates.size(), 1U);
  EXPECT_EQ(shown(decode->find("BTC-27SEP24-60000-C")->last, MarketField::Mark), "0.0522");
}

TEST(Deribit, FutureIsRefusedAndBlocksNothing) {
  FeedDecoderLimits limits;
  limits.ahead_max_ns = 1'000'000'000;
  FeedFrames decode(Dialect::Deribit, limits);
  const std::int64_t time = 1'699'999'999'000'000'000;
  EXPECT_EQ(decode(kOption, time - 1'000'000'001).updates.size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::Future), 1U);
  EXPECT_EQ(decode(kOption, time - 1'000'000'000).updates.size(), 1U);  // as far as it may be
  const std::string far = replaced(kOption, "1699999999000", "1899999999000");
  EXPECT_EQ(decode(far, time).updates.size(), 0U);
  const std::string next = replaced(kOption, "1699999999000", "1699999999001");
  EXPECT_EQ(decode(next, time).updates.size(), 1U);
}

TEST(Deribit, OtherFramesAreOfTheirKind) {
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(decode(R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}})").kind,
            FrameKind::Heartbeat);
  EXPECT_EQ(
      decode(R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})").kind,
      FrameKind::TestRequest);
  const FeedFrame& reply = decode(
      R"({"jsonrpc":"2.0","id":42,"result":["ticker.BTC-PERPETUAL.raw"],"usIn":1,"testnet":false})");
  EXPECT_EQ(reply.kind, FrameKind::Reply);
  EXPECT_EQ(reply.reply_to, "42");
  const FeedFrame& error = decode(
      R"({"jsonrpc":"2.0","id":43,"error":{"code":11050,"message":"bad_request","data":{"param":"x"}}})");
  EXPECT_EQ(error.kind, FrameKind::Error);
  EXPECT_EQ(error.reply_to, "43");
  EXPECT_EQ(error.error_code, 11050);
  EXPECT_EQ(error.problem, "bad_request");
  EXPECT_EQ(decode(replaced(kOption, "ticker.BTC", "incremental_ticker.BTC")).kind,
            FrameKind::Other);
  EXPECT_EQ(
      decode(
          R"({"method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"bids":[["new",1.5,2]]}}})")
          .kind,
      FrameKind::Other);
  EXPECT_EQ(decode("{}").kind, FrameKind::Other);
  EXPECT_EQ(decode(R"({"method":"subscription","params":7})").kind, FrameKind::Other);
  EXPECT_EQ(decode.frames(FrameKind::Other), 4U);
  EXPECT_EQ(decode.frames(FrameKind::Malformed), 0U);
}

TEST(Deribit, WhatIsNoJsonIsMalformed) {
  const std::vector<std::string> frames = {
      "",
      "hello",
      "{",
      kOption.substr(0, kOption.size() / 2),  // a source that stops mid-message
      kOption.substr(0, kOption.size() - 1),
      kOption + "}",
      kOption + kOption,
      replaced(kOption, "0.0521", "0.05.21"),
      replaced(kOption, "0.0521", "00.0521"),
      replaced(kOption, "0.0521", "NaN"),
      replaced(kOption, "0.0521", "nul"),
      replaced(kOption, "0.0521", "+1"),
      replaced(kOption, R"("state":"open")", R"("state":"open)"),
      replaced(kOption, R"("volume":12.5)", R"("volume":12.5x)"),  // in what is passed over
      replaced(kOption, R"("mark_price":0.0521)", R"("mark_price" 0.0521)"),
      replaced(kOption, "BTC-27SEP24", "BTC\xff"),
      "[]",
      "7",
      "\"text\"",
  };
  for (const std::string& text : frames) {
    FeedFrames decode(Dialect::Deribit);
    const FeedFrame& frame = decode(text);
    EXPECT_EQ(frame.kind, FrameKind::Malformed) << text;
    EXPECT_EQ(frame.problem, "is no JSON message");
    EXPECT_EQ(decode.frames(FrameKind::Malformed), 1U);
  }
}

TEST(Deribit, WhatIsPassedOverHasABoundToo) {
  const auto nested = [](std::size_t depth) {
    const std::string open(depth, '[');
    const std::string close(depth, ']');
    return replaced(kOption, R"("state":"open")", R"("state":)" + open + close);
  };
  // The state itself is the fourth level.
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(decode(nested(29)).kind, FrameKind::Updates);
  EXPECT_EQ(decode(nested(30)).kind, FrameKind::Malformed);
  EXPECT_EQ(decode(nested(100'000)).kind, FrameKind::Malformed);
}

TEST(Deribit, EnvelopeSaysThingsOnce) {
  FeedFrames decode(Dialect::Deribit);
  EXPECT_EQ(shown(decode(replaced(kOption, R"("jsonrpc":"2.0")", R"("method":"subscription")"))),
            "malformed: method is there twice");
  EXPECT_EQ(shown(decode(replaced(kOption, R"("method":"subscription")", R"("method":7)"))),
            "malformed: method must be text");
  EXPECT_EQ(shown(decode(replaced(kOption, R"("params":{)", R"("params":{"data":{},)"))),
            "malformed: data is there twice");
}

TEST(Deribit, BoundsHold) {
  FeedDecoderLimits limits;
  limits.frame_bytes_max = kOption.size();
  limits.symbols_max = 2;
  FeedFrames decode(Dialect::Deribit, limits);
  EXPECT_EQ(decode(kOption).updates.size(), 1U);
  EXPECT_EQ(shown(decode(kOption + " ")),
            "malformed: has more than " + std::to_string(kOption.size()) + " bytes");
  EXPECT_EQ(decode(kPerpetual).updates.size(), 1U);
  const std::string third =
      replaced(replaced(kPerpetual, "BTC-PERP", "ETH-PERP"), "BTC-P", "ETH-P");
  EXPECT_EQ(decode(third).updates.size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::TooManySymbols), 1U);
  EXPECT_EQ(decode->symbols().size(), 2U);
  EXPECT_EQ(decode->symbols()[0]->last.symbol, "BTC-27SEP24-60000-C");
  EXPECT_EQ(decode->symbols()[1]->last.symbol, "BTC-PERPETUAL");
}

TEST(Dialects, HaveNames) {
  EXPECT_EQ(dialect_named("deribit"), Dialect::Deribit);
  EXPECT_EQ(dialect_named("binance"), Dialect::Binance);
  EXPECT_EQ(dialect_named("bybit"), Dialect::Bybit);
  EXPECT_EQ(dialect_named("kraken"), std::nullopt);
}

}  // namespace
}  // namespace portcullis::feeds::feed_deribit_test
