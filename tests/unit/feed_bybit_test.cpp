// Bybit's tickers: snapshots, and deltas that belong to them.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds::feed_bybit_test {
namespace {

using test::FeedFrames;
using test::replaced;
using test::shown;

const std::string kSnapshot =
    R"({"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT",)"
    R"("tickDirection":"PlusTick","price24hPcnt":"0.017103","lastPrice":"35012.50",)"
    R"("prevPrice24h":"34423.80","highPrice24h":"35300.00","lowPrice24h":"34100.00",)"
    R"("prevPrice1h":"34990.00","markPrice":"35011.30","indexPrice":"35009.75",)"
    R"("openInterest":"51234.567","openInterestValue":"1793791105.19","turnover24h":"2352945.5",)"
    R"("volume24h":"67890.1","nextFundingTime":"1700006400000","fundingRate":"-0.000212",)"
    R"("bid1Price":"35012.40","bid1Size":"4.5","ask1Price":"35012.50","ask1Size":"9.3"},)"
    R"("cs":24987956059,"ts":1699999999000})";
const std::string kSnapshotShown =
    "BTCUSDT mark=35011.3 index=35009.75 last=35012.5 best_bid=35012.4 best_ask=35012.5 "
    "predicted_funding_rate=-0.000212 open_interest=51234.567 next_funding=1700006400000 "
    "@1699999999000";

std::string delta(std::uint64_t sequence, std::int64_t time_ms, std::string_view members) {
  return fmt::format(
      R"({{"topic":"tickers.BTCUSDT","type":"delta","data":{{"symbol":"BTCUSDT"{}{}}},"cs":{},"ts":{}}})",
      members.empty() ? "" : ",", members, sequence, time_ms);
}
constexpr std::uint64_t kCs = 24987956059;
constexpr std::int64_t kTs = 1699999999000;

TEST(Bybit, SnapshotGivesAllItsFields) {
  FeedFrames decode(Dialect::Bybit);
  EXPECT_EQ(shown(decode(kSnapshot)), kSnapshotShown);
  EXPECT_EQ(decode->find("BTCUSDT")->sequence, kCs);
}

TEST(Bybit, OptionSnapshotHasVolatilityAndGreeks) {
  FeedFrames decode(Dialect::Bybit);
  EXPECT_EQ(
      shown(decode(
          R"({"id":"tickers.BTC-29DEC23-36000-C-1-2","topic":"tickers.BTC-29DEC23-36000-C",)"
          R"("ts":1699999999000,"data":{"symbol":"BTC-29DEC23-36000-C","bidPrice":"1500","bidSize":"5",)"
          R"("bidIv":"0.51","askPrice":"0","askSize":"0","askIv":"0","lastPrice":"1550",)"
          R"("highPrice24h":"0","lowPrice24h":"0","markPrice":"1533.25","indexPrice":"35009.7",)"
          R"("markPriceIv":"0.5234","underlyingPrice":"35400.5","openInterest":"0",)"
          R"("turnover24h":"0","volume24h":"0","delta":"0.4821","gamma":"0.00005","vega":"47.5",)"
          R"("theta":"-31.25","predictedDeliveryPrice":"0","change24h":"0"},"type":"snapshot"})")),
      "BTC-29DEC23-36000-C mark=1533.25 index=35009.7 last=1550 best_bid=1500 underlying=35400.5 "
      "mark_iv=0.5234 delta=0.4821 gamma=0.00005 vega=47.5 theta=-31.25 open_interest=0 "
      "@1699999999000");
  EXPECT_EQ(decode->counts().updates.zeros, 1U);  // nobody offers
}

TEST(Bybit, DeltaChangesWhatItNames) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  EXPECT_EQ(
      shown(decode(delta(kCs + 5, kTs + 100, R"("markPrice":"35020.00","bid1Price":"35018.10")"))),
      "BTCUSDT mark=35020 index=35009.75 last=35012.5 best_bid=35018.1 best_ask=35012.5 "
      "predicted_funding_rate=-0.000212 open_interest=51234.567 next_funding=1700006400000 "
      "@1699999999100");
  // Nothing of ours has changed: all of it is as of now.
  EXPECT_EQ(shown(decode(delta(kCs + 6, kTs + 200, R"("volume24h":"67891.0")"))),
            "BTCUSDT mark=35020 index=35009.75 last=35012.5 best_bid=35018.1 best_ask=35012.5 "
            "predicted_funding_rate=-0.000212 open_interest=51234.567 next_funding=1700006400000 "
            "@1699999999200");
}

TEST(Bybit, DeltaTakesAValueAway) {
  for (const std::string_view none : {R"("")", "null", R"("0")", R"("-")"}) {
    FeedFrames decode(Dialect::Bybit);
    decode(kSnapshot);
    const FeedFrame& frame =
        decode(delta(kCs + 1, kTs + 1, fmt::format(R"("bid1Price":{})", none)));
    EXPECT_EQ(shown(frame.updates.at(0), MarketField::BestBid), "absent") << none;
    EXPECT_EQ(shown(frame.updates.at(0), MarketField::BestAsk), "35012.5");
  }
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  EXPECT_EQ(
      decode(delta(kCs + 1, kTs + 1, R"("nextFundingTime":"")")).updates.at(0).next_funding_ns,
      std::nullopt);
}

TEST(Bybit, SnapshotSaysEverythingAnew) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  EXPECT_EQ(
      shown(decode(R"({"topic":"tickers.BTCUSDT","type":"snapshot","cs":1,"ts":1699999999001,)"
                   R"("data":{"symbol":"BTCUSDT","markPrice":"35000"}})")),
      "BTCUSDT mark=35000 @1699999999001");
  EXPECT_EQ(decode->find("BTCUSDT")->sequence, 1U);
}

TEST(Bybit, DeltaWithoutSnapshotIsNothing) {
  FeedFrames decode(Dialect::Bybit);
  EXPECT_EQ(decode(delta(kCs, kTs, R"("markPrice":"1")")).updates.size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::NoSnapshot), 1U);
  EXPECT_EQ(decode->find("BTCUSDT"), nullptr);
  decode(kSnapshot);
  EXPECT_EQ(decode(delta(kCs + 1, kTs + 1, R"("markPrice":"2")")).updates.size(), 1U);
}

TEST(Bybit, SequenceAndTimeOnlyGrow) {
  struct Row {
    std::uint64_t sequence;
    std::int64_t time_ms;
    UpdateOutcome outcome;
  };
  for (const Row& row : std::vector<Row>{{kCs - 1, kTs + 10, UpdateOutcome::OutOfOrder},
                                         {kCs + 1, kTs - 1, UpdateOutcome::OutOfOrder},
                                         {kCs, kTs, UpdateOutcome::Taken},
                                         {kCs, kTs + 10, UpdateOutcome::Taken},
                                         {kCs + 1, kTs, UpdateOutcome::Taken},
                                         {kCs + 1'000'000, kTs + 10, UpdateOutcome::Taken}}) {
    FeedFrames decode(Dialect::Bybit);
    decode(kSnapshot);
    const FeedFrame& frame = decode(delta(row.sequence, row.time_ms, R"("markPrice":"36000")"));
    EXPECT_EQ(frame.updates.size(), row.outcome == UpdateOutcome::Taken ? 1U : 0U);
    EXPECT_EQ(decode->find("BTCUSDT")->counts[row.outcome],
              row.outcome == UpdateOutcome::Taken ? 2U : 1U);
  }
}

TEST(Bybit, SameDeltaAgainIsADuplicate) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  decode(delta(kCs + 1, kTs + 1, R"("markPrice":"36000")"));
  EXPECT_EQ(decode(delta(kCs + 1, kTs + 1, R"("markPrice":"36000")")).updates.size(), 0U);
  EXPECT_EQ(decode.updates(UpdateOutcome::Duplicate), 1U);
  EXPECT_TRUE(decode->find("BTCUSDT")->has_snapshot);
}

// What a refused delta would have changed is missing from then on.
TEST(Bybit, RefusedDeltaLeavesAHole) {
  const std::vector<std::pair<std::string, UpdateOutcome>> refused = {
      {delta(kCs + 1, kTs + 1, R"("markPrice":"dear")"), UpdateOutcome::Fault},
      {delta(kCs + 1, kTs + 1, R"("markPrice":"-1")"), UpdateOutcome::Fault},
      {delta(kCs - 1, kTs + 1, R"("markPrice":"36000")"), UpdateOutcome::OutOfOrder},
      {delta(kCs + 1, kTs + 5'000'000'000, R"("markPrice":"36000")"), UpdateOutcome::Future},
  };
  for (const auto& [frame, outcome] : refused) {
    FeedFrames decode(Dialect::Bybit);
    decode(kSnapshot);
    EXPECT_TRUE(decode(frame).has_hole);
    EXPECT_EQ(decode->find("BTCUSDT")->counts[outcome], 1U);
    // The mark of the snapshot must not seem to be of this time.
    const FeedFrame& next = decode(delta(kCs + 2, kTs + 2, R"("lastPrice":"35001")"));
    EXPECT_EQ(next.updates.size(), 0U);
    EXPECT_FALSE(next.has_hole);  // was said already
    EXPECT_EQ(decode->find("BTCUSDT")->counts[UpdateOutcome::NoSnapshot], 1U);
    EXPECT_EQ(shown(decode->find("BTCUSDT")->last), kSnapshotShown);
    // Until a snapshot comes: the same as before is news then.
    const FeedFrame& anew = decode(kSnapshot);
    EXPECT_EQ(shown(anew), kSnapshotShown);
    EXPECT_EQ(decode(delta(kCs + 3, kTs + 3, R"("lastPrice":"35001")")).updates.size(), 1U);
  }
}

TEST(Bybit, MalformedFrameLeavesAHoleInAll) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  decode(replaced(replaced(kSnapshot, "BTCUSDT", "ETHUSDT"), "BTCUSDT", "ETHUSDT"));
  EXPECT_TRUE(decode(R"({"topic":"tickers.BTCUSDT","type":"delta","da)").has_hole);
  EXPECT_FALSE(decode->find("BTCUSDT")->has_snapshot);
  EXPECT_FALSE(decode->find("ETHUSDT")->has_snapshot);
}

// So may one that does not say whose it is.
TEST(Bybit, TickerOfNoSymbolLeavesAHoleInAll) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  EXPECT_TRUE(
      decode(R"({"topic":"tickers.","type":"delta","cs":1,"ts":5,"data":{"markPrice":"1"}})")
          .has_hole);
  EXPECT_FALSE(decode->find("BTCUSDT")->has_snapshot);
}

TEST(Bybit, FaultOfOneSymbolIsOfThatAlone) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  const std::string other =
      replaced(replaced(kSnapshot, "BTCUSDT", "ETHUSDT"), "BTCUSDT", "ETHUSDT");
  EXPECT_FALSE(decode(replaced(other, "35011.30", "x")).has_hole);
  EXPECT_TRUE(decode->find("BTCUSDT")->has_snapshot);
  EXPECT_EQ(decode->find("ETHUSDT"), nullptr);
}

TEST(Bybit, NewConnectionNeedsNewSnapshots) {
  FeedFrames decode(Dialect::Bybit);
  decode(kSnapshot);
  decode->connected();
  EXPECT_EQ(decode(delta(kCs + 1, kTs + 1, R"("lastPrice":"35001")")).updates.size(), 0U);
  EXPECT_EQ(shown(decode(kSnapshot)), kSnapshotShown);
}

TEST(Bybit, FaultNamesTheField) {
  struct Row {
    std::string_view what, with, problem;
  };
  for (const Row& row : std::vector<Row>{
           {R"("markPrice":"35011.30")", R"("markPrice":"x")", "markPrice is not a number"},
           {R"("bid1Price":"35012.40")", R"("bid1Price":"-1")", "bid1Price is negative"},
           {R"("bid1Size":"4.5")", R"("bidPrice":"4.5")", "bidPrice is there twice"},
           {R"("nextFundingTime":"1700006400000")", R"("nextFundingTime":"1.5")",
            "nextFundingTime is not a whole number"},
           {R"("type":"snapshot")", R"("type":"whole")", "type is no snapshot or delta"},
           {R"("type":"snapshot",)", "", "type is no snapshot or delta"},
           {R"("type":"snapshot")", R"("type":"delta","cs":1)", "cs is there twice"},
           {R"("cs":24987956059)", R"("cs":-1)", "cs is negative"},
           {R"("ts":1699999999000)", R"("tz":1699999999000)", "the time is missing"},
           {R"("symbol":"BTCUSDT")", R"("symbol":"ETHUSDT")", "symbol is not that of the topic"},
           {R"("topic":"tickers.BTCUSDT")", R"("topic":"tickers.")", "the symbol is missing"},
           {R"("data":{)", R"("other":{)", "data is missing"},
       }) {
    FeedFrames decode(Dialect::Bybit);
    EXPECT_EQ(shown(decode(replaced(kSnapshot, row.what, row.with))),
              row.problem == "the symbol is missing" ? "updates: symbol is not that of the topic"
                                                     : "updates: " + std::string(row.problem))
        << row.with;
    EXPECT_EQ(decode.updates(UpdateOutcome::Fault), 1U);
  }
  FeedFrames decode(Dialect::Bybit);
  EXPECT_EQ(shown(decode(R"({"topic":"tickers.","type":"snapshot","ts":5,"data":{}})")),
            "updates: the symbol is missing");
  EXPECT_EQ(shown(decode(R"({"topic":"tickers.X","type":"snapshot","ts":5,"data":[]})")),
            "updates: data is no object");
  EXPECT_EQ(shown(decode(replaced(delta(1, 5, ""), R"("cs":1,)", ""))), "updates: cs is missing");
}

TEST(Bybit, OtherFramesAreOfTheirKind) {
  FeedFrames decode(Dialect::Bybit);
  EXPECT_EQ(
      decode(R"({"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"})").kind,
      FrameKind::Heartbeat);
  EXPECT_EQ(decode(R"({"args":["1699999999000"],"op":"pong"})").kind, FrameKind::Heartbeat);
  const FeedFrame& reply = decode(
      R"({"success":true,"ret_msg":"subscribe","conn_id":"c","req_id":"7","op":"subscribe"})");
  EXPECT_EQ(reply.kind, FrameKind::Reply);
  EXPECT_EQ(reply.reply_to, "7");
  const FeedFrame& error = decode(
      R"({"success":false,"ret_msg":"error:handler not found","conn_id":"c","req_id":"8","op":"subscribe"})");
  EXPECT_EQ(error.kind, FrameKind::Error);
  EXPECT_EQ(error.problem, "error:handler not found");
  EXPECT_EQ(error.reply_to, "8");
  EXPECT_EQ(
      decode(
          R"({"topic":"orderbook.1.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1","2"]]},"cs":2})")
          .kind,
      FrameKind::Other);
  // Before it is known what it is of.
  EXPECT_EQ(decode(R"({"data":[{"markPrice":true}],"topic":"publicTrade.BTCUSDT"})").kind,
            FrameKind::Other);
  EXPECT_EQ(decode(R"({"topic":"instrument_info.100ms.BTCUSD","type":"delta","data":{}})").kind,
            FrameKind::Other);  // of the second version
  EXPECT_EQ(decode("{}").kind, FrameKind::Other);
}

}  // namespace
}  // namespace portcullis::feeds::feed_bybit_test
