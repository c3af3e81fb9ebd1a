// The client's side of a venue's stream, under a clock that the test sets and with a connection that
// only writes down what was done to it.
#include "feeds/live/conversation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "feeds/live/venue_words.h"
#include "tests/support/feed_frames.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::conversation_test {
namespace {

using test::kArrivalNs;
using test::shown;
using Lines = std::vector<std::string>;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

class Desk : private Link {
 public:
  explicit Desk(ConversationSettings settings) : settings_(std::move(settings)) {
    EXPECT_EQ(problem_of(settings_), "");
    talk.emplace(settings_, static_cast<Link&>(*this),
                 Conversation::Listener{
                     .on_update = [this](const MarketUpdate& u) { updates.push_back(shown(u)); },
                     .on_event =
                         [this](SourceState state, bool is_problem, std::string_view text) {
                           const auto name = kSourceStateNames[static_cast<std::size_t>(state)];
                           events.push_back(std::string(name) + (is_problem ? "! " : ": ") +
                                            std::string(text));
                         }},
                 test::seed());
  }

  // Time passes as a timer would have it: what is due is done when it is.
  void pass(std::int64_t ns) {
    const std::int64_t end = now + ns;
    for (int steps = 0; talk->next_due_ns() <= end; ++steps) {
      ASSERT_LT(steps, 10'000) << "it is always due";
      now = std::max(now, talk->next_due_ns());
      talk->step(now);
    }
    now = end;
  }
  void hear(std::string_view frame) {
    bytes_.assign(frame);
    bytes_.append(kFeedFramePadding, '"');
    talk->on_message({bytes_.data(), frame.size()}, now);
  }
  // What was done to the connection since the last look.
  Lines done() { return std::exchange(done_, {}); }
  Lines told() { return std::exchange(events, {}); }
  [[nodiscard]] SourceState state() const { return talk->state(); }
  [[nodiscard]] const SourceCounters& counters() const { return talk->counters(); }

  std::int64_t now = kArrivalNs;
  std::optional<Conversation> talk;
  Lines updates;
  Lines events;

 private:
  void open() override { done_.emplace_back("open"); }
  void send(std::string text) override { done_.push_back(std::move(text)); }
  void ping() override { done_.emplace_back("ping"); }
  void close() override { done_.emplace_back("close"); }
  [[nodiscard]] std::string_view stage() const override { return "TLS handshake"; }

  ConversationSettings settings_;
  std::string bytes_;
  Lines done_;
};

ConversationSettings deribit() {
  return {.dialect = Dialect::Deribit, .symbols = {"BTC-PERPETUAL"}, .interval = "100ms"};
}
ConversationSettings bybit(std::vector<std::string> symbols = {"BTCUSDT"}) {
  return {.dialect = Dialect::Bybit, .symbols = std::move(symbols)};
}

const std::string kHello =
    R"({"jsonrpc":"2.0","id":1,"method":"public/set_heartbeat","params":{"interval":10}})";
const std::string kSubscribe =
    R"({"jsonrpc":"2.0","id":2,"method":"public/subscribe","params":{"channels":["ticker.BTC-PERPETUAL.100ms"]}})";
const std::string kSubscribed =
    R"({"jsonrpc":"2.0","id":2,"result":["ticker.BTC-PERPETUAL.100ms"]})";

std::string ticker(std::string_view mark, std::int64_t ms) {
  return R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.100ms","data":{)"
         R"("timestamp":)" +
         std::to_string(ms) + R"(,"instrument_name":"BTC-PERPETUAL","mark_price":)" +
         std::string(mark) + "}}}";
}
std::string bybit_ticker(std::string_view symbol, std::string_view type, int sequence,
                         std::string_view mark) {
  return R"({"topic":"tickers.)" + std::string(symbol) + R"(","type":")" + std::string(type) +
         R"(","data":{"symbol":")" + std::string(symbol) + R"(","markPrice":")" +
         std::string(mark) + R"("},"cs":)" + std::to_string(sequence) + R"(,"ts":)" +
         std::to_string(1'699'999'999'000 + sequence) + "}";
}
std::string bybit_reply(int id, bool success = true) {
  return R"({"success":)" + std::string(success ? "true" : "false") + R"(,"ret_msg":")" +
         (success ? "" : "error:handler not found") + R"(","conn_id":"c","req_id":")" +
         std::to_string(id) + R"(","op":"subscribe"})";
}

void go_live(Desk& desk) {
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  desk.hear(kSubscribed);
  ASSERT_EQ(desk.state(), SourceState::Live);
  (void)desk.done();
  (void)desk.told();
}

TEST(Conversation, EveryTransition) {
  Desk desk(deribit());
  EXPECT_EQ(desk.state(), SourceState::Stopped);
  desk.pass(kSecond);
  EXPECT_EQ(desk.done(), Lines{});

  desk.talk->start(desk.now);
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  EXPECT_EQ(desk.done(), Lines{"open"});
  desk.talk->on_open(desk.now);
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  EXPECT_EQ(desk.done(), (Lines{kHello, kSubscribe}));
  desk.hear(R"({"jsonrpc":"2.0","id":1,"result":"ok"})");
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.hear(kSubscribed);
  EXPECT_EQ(desk.state(), SourceState::Live);
  desk.hear(ticker("50000.5", 1'699'999'999'000));
  EXPECT_EQ(desk.updates, Lines{"BTC-PERPETUAL mark=50000.5 @1699999999000"});

  desk.talk->on_closed("reset", desk.now);  // Live -> Waiting
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.done(), Lines{});
  desk.pass(500 * kMs);  // -> Connecting
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.talk->on_closed("refused", desk.now);  // -> Waiting
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  desk.talk->stop(desk.now);  // Waiting -> Stopped
  EXPECT_EQ(desk.state(), SourceState::Stopped);
  EXPECT_EQ(desk.done(), Lines{"open"});
  desk.pass(100 * kSecond);
  EXPECT_EQ(desk.done(), Lines{});

  desk.talk->start(desk.now);
  desk.talk->stop(desk.now);  // Connecting -> Stopped
  EXPECT_EQ(desk.done(), (Lines{"open", "close"}));
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  desk.talk->on_closed("late", desk.now);
  desk.talk->stop(desk.now);
  EXPECT_EQ(desk.counters().attempts, 4U);
  EXPECT_EQ(desk.counters().connects, 1U);
  EXPECT_EQ(desk.counters().failures, 3U);
  EXPECT_EQ(desk.told(), (Lines{"connecting: connecting", "live: live", "waiting! reset",
                                "connecting: connecting", "waiting! refused", "stopped: stopped",
                                "connecting: connecting", "stopped: stopped",
                                "connecting: connecting", "waiting! late", "stopped: stopped"}));
}

TEST(Conversation, StopsWhileLive) {
  Desk desk(deribit());
  go_live(desk);
  desk.talk->stop(desk.now);
  EXPECT_EQ(desk.done(), Lines{"close"});
  EXPECT_EQ(desk.told(), Lines{"stopped: stopped"});
  desk.hear(ticker("1", 1));
  desk.talk->on_closed("again", desk.now);
  EXPECT_EQ(desk.told(), Lines{});
  EXPECT_EQ(desk.updates, Lines{});
  EXPECT_EQ(desk.counters().failures, 0U);
}

TEST(Conversation, WaitsLongerEachTimeUpToTheCap) {
  Desk desk(deribit());
  desk.talk->start(desk.now);
  std::int64_t longest = 500 * kMs;
  bool differs = false;
  for (int n = 0; n < 20; ++n) {
    desk.talk->on_closed("refused", desk.now);
    const std::int64_t wait = desk.talk->next_due_ns() - desk.now;
    EXPECT_GE(wait, longest / 2) << n;
    EXPECT_LE(wait, longest) << n;
    differs |= wait != longest && wait != longest / 2;
    desk.pass(wait - 1);
    EXPECT_EQ(desk.state(), SourceState::Waiting);
    desk.pass(1);
    EXPECT_EQ(desk.state(), SourceState::Connecting);
    longest = std::min(2 * longest, 30 * kSecond);
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(longest, 30 * kSecond);

  // What was live for less than the cap is no better than what never was; for the cap, it is.
  for (const std::int64_t live : {30 * kSecond - 1, 30 * kSecond}) {
    desk.talk->on_open(desk.now);
    const std::string reply = R"({"id":)" + std::to_string(live == 30 * kSecond ? 4 : 2) +
                              R"(,"result":["ticker.BTC-PERPETUAL.100ms"]})";
    desk.hear(reply);
    ASSERT_EQ(desk.state(), SourceState::Live);
    for (std::int64_t left = live; left > 0; left -= kSecond) {
      desk.pass(std::min(left, kSecond));
      desk.talk->on_control(desk.now);
    }
    desk.talk->on_closed("lost", desk.now);
    const std::int64_t wait = desk.talk->next_due_ns() - desk.now;
    if (live == 30 * kSecond) {
      EXPECT_LE(wait, 500 * kMs);
    } else {
      EXPECT_GE(wait, 15 * kSecond);
    }
    desk.pass(wait);
    ASSERT_EQ(desk.state(), SourceState::Connecting);
  }
}

TEST(Conversation, ConnectionsHaveADeadline) {
  Desk desk(deribit());
  desk.talk->start(desk.now);
  desk.pass(10 * kSecond - 1);
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.pass(1);
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.done(), (Lines{"open", "close"}));
  EXPECT_EQ(desk.told().back(), "waiting! no connection within 10000 ms: TLS handshake");
}

TEST(Conversation, RepliesHaveADeadline) {
  Desk desk(deribit());
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  desk.pass(9 * kSecond);
  desk.talk->on_control(desk.now);
  desk.pass(kSecond - 1);
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.pass(1);
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.told().back(), "waiting! no reply to a subscription within 10000 ms");
}

TEST(Conversation, SilenceIsAskedAfterAndThenTheEnd) {
  Desk desk(deribit());
  go_live(desk);
  desk.pass(7'500 * kMs - 1);
  EXPECT_EQ(desk.done(), Lines{});
  desk.pass(1);
  EXPECT_EQ(desk.done(), Lines{"ping"});
  desk.talk->on_control(desk.now);  // the pong
  desk.pass(7'500 * kMs);
  EXPECT_EQ(desk.done(), Lines{"ping"});
  desk.pass(7'500 * kMs - 1);
  EXPECT_EQ(desk.state(), SourceState::Live);
  desk.pass(1);
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.told(), Lines{"waiting! nothing came for 15000 ms"});
  EXPECT_EQ(desk.done(), Lines{"close"});
  EXPECT_EQ(desk.counters().silences, 1U);
  EXPECT_EQ(desk.counters().pings, 2U);
}

TEST(Conversation, ALivingConnectionWithoutPricesEnds) {
  Desk desk(deribit());
  go_live(desk);
  const std::string heartbeat =
      R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}})";
  for (int n = 0; n < 4; ++n) {
    desk.pass(5 * kSecond);
    desk.hear(heartbeat);
  }
  desk.hear(ticker("50000", 1'699'999'999'000));
  for (int n = 0; n < 11; ++n) {
    desk.pass(5 * kSecond);
    desk.hear(heartbeat);
    desk.hear(ticker("50000", 1'699'999'998'000));  // older: no price
  }
  EXPECT_EQ(desk.state(), SourceState::Live);
  EXPECT_EQ(desk.counters().refused, 11U);
  desk.pass(5 * kSecond);
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.told(), Lines{"waiting! no price came for 60000 ms"});
}

TEST(Conversation, DeribitsTestRequestIsAnswered) {
  Desk desk(deribit());
  go_live(desk);
  desk.hear(R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})");
  EXPECT_EQ(desk.done(), Lines{R"({"jsonrpc":"2.0","id":3,"method":"public/test","params":{}})"});
  EXPECT_EQ(desk.counters().test_requests, 1U);
}

TEST(Conversation, GarbageCountsAndTheRestGoesOn) {
  Desk desk(deribit());
  go_live(desk);
  for (const std::string_view frame : {"", "garbage", "{", "[1,2", "{\"id\":", "\xFF\xFE"}) {
    desk.hear(frame);
  }
  EXPECT_EQ(desk.counters().malformed, 6U);
  EXPECT_EQ(desk.talk->last_error(), "malformed frame: is no JSON message");
  EXPECT_EQ(desk.told(), Lines{});
  desk.hear(ticker("-1", 1'699'999'999'000));
  EXPECT_EQ(desk.counters().refused, 1U);
  desk.hear(ticker("50000", 1'699'999'999'000));
  EXPECT_EQ(desk.updates, Lines{"BTC-PERPETUAL mark=50000 @1699999999000"});
  EXPECT_EQ(desk.counters().messages, 9U);  // with the reply
}

TEST(Conversation, AChannelThatTheVenueLeavesOutIsSaidAndAskedForAgain) {
  ConversationSettings settings = deribit();
  settings.symbols = {"BTC-PERPETUAL", "NO-SUCH"};
  Desk desk(settings);
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  (void)desk.told();
  desk.hear(kSubscribed);
  EXPECT_EQ(desk.told(),
            (Lines{"connecting! ticker.NO-SUCH.100ms was refused: the venue does not know it",
                   "live: live"}));
  EXPECT_EQ(desk.counters().unsubscribed, 1U);
  (void)desk.done();
  for (int n = 0; n < 12; ++n) {
    desk.pass(5 * kSecond);
    desk.hear(ticker("50000", 1'699'999'000'000 + n));
  }
  EXPECT_EQ(
      desk.done(),
      Lines{
          R"({"jsonrpc":"2.0","id":3,"method":"public/subscribe","params":{"channels":["ticker.NO-SUCH.100ms"]}})"});
  desk.hear(R"({"jsonrpc":"2.0","id":3,"result":["ticker.NO-SUCH.100ms"]})");
  EXPECT_EQ(desk.state(), SourceState::Live);
  EXPECT_EQ(desk.counters().resubscribes, 1U);
}

TEST(Conversation, WhereNothingIsTakenTheConnectionEnds) {
  Desk desk(deribit());
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  desk.hear(R"({"jsonrpc":"2.0","id":2,"error":{"code":10028,"message":"too_many_requests"}})");
  EXPECT_EQ(desk.state(), SourceState::Waiting);
  EXPECT_EQ(desk.told().back(),
            "waiting! no subscription was taken; the last: ticker.BTC-PERPETUAL.100ms was refused: "
            "the venue says: too_many_requests (10028)");
  EXPECT_EQ(desk.counters().errors, 1U);
}

TEST(Conversation, ErrorsThatAnswerNothingAreToldOnceASecond) {
  Desk desk(deribit());
  go_live(desk);
  const std::string error =
      R"({"jsonrpc":"2.0","id":99,"error":{"code":13009,"message":"unauthorized"}})";
  for (int n = 0; n < 1'000; ++n) desk.hear(error);
  EXPECT_EQ(desk.told(), Lines{"live! the venue says: unauthorized (13009)"});
  desk.pass(kSecond);
  desk.hear(error);
  EXPECT_EQ(desk.told().size(), 1U);
  EXPECT_EQ(desk.counters().errors, 1'001U);
  EXPECT_EQ(desk.state(), SourceState::Live);
}

// Bybit refuses ten for the one that is wrong.
TEST(Conversation, AfterARefusalEachTopicIsAskedForAlone) {
  Desk desk(bybit({"AUSDT", "BUSDT", "CUSDT"}));
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  EXPECT_EQ(
      desk.done(),
      (Lines{
          "open",
          R"({"req_id":"1","op":"subscribe","args":["tickers.AUSDT","tickers.BUSDT","tickers.CUSDT"]})"}));
  desk.hear(bybit_reply(1, false));
  EXPECT_EQ(desk.done(), Lines{R"({"req_id":"2","op":"subscribe","args":["tickers.AUSDT"]})"});
  desk.hear(bybit_reply(2));
  EXPECT_EQ(desk.done(), Lines{R"({"req_id":"3","op":"subscribe","args":["tickers.BUSDT"]})"});
  desk.hear(bybit_reply(3, false));
  EXPECT_EQ(desk.done(), Lines{R"({"req_id":"4","op":"subscribe","args":["tickers.CUSDT"]})"});
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.hear(bybit_reply(4));
  EXPECT_EQ(desk.state(), SourceState::Live);
  EXPECT_EQ(desk.counters().unsubscribed, 1U);
}

TEST(Conversation, ManyTopicsGoInBatches) {
  std::vector<std::string> symbols;
  for (int n = 0; n < 25; ++n) symbols.push_back("S" + std::to_string(n));
  Desk desk(bybit(symbols));
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  (void)desk.done();
  desk.hear(bybit_reply(1));
  desk.hear(bybit_reply(2));
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  const Lines sent = desk.done();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(
      sent[1],
      R"({"req_id":"3","op":"subscribe","args":["tickers.S20","tickers.S21","tickers.S22","tickers.S23","tickers.S24"]})");
  desk.hear(bybit_reply(3));
  EXPECT_EQ(desk.state(), SourceState::Live);
}

class BybitLive : public testing::Test {
 protected:
  BybitLive() : desk(bybit({"AUSDT", "BUSDT"})) {
    desk.talk->start(desk.now);
    desk.talk->on_open(desk.now);
    desk.hear(bybit_reply(1));
    desk.hear(bybit_ticker("BUSDT", "snapshot", 1, "20"));
    (void)desk.done();
    (void)desk.told();
    desk.updates.clear();
  }
  const Lines again = {R"({"req_id":"2","op":"unsubscribe","args":["tickers.AUSDT"]})",
                       R"({"req_id":"3","op":"subscribe","args":["tickers.AUSDT"]})"};
  Desk desk;
};

TEST_F(BybitLive, ADeltaWithoutASnapshotIsRefusedAndSubscribedToAgain) {
  desk.pass(2 * kSecond);
  desk.hear(bybit_ticker("AUSDT", "delta", 1, "10"));
  EXPECT_EQ(desk.updates, Lines{});
  EXPECT_EQ(desk.done(), again);
  EXPECT_EQ(desk.told(), Lines{"live! tickers.AUSDT has no snapshot"});
  EXPECT_EQ(desk.counters().gaps, 1U);
  // Those that were on their way.
  desk.hear(bybit_ticker("AUSDT", "delta", 2, "11"));
  desk.hear(R"({"success":true,"ret_msg":"","req_id":"2","op":"unsubscribe"})");
  desk.hear(bybit_reply(3));
  desk.hear(bybit_ticker("AUSDT", "snapshot", 3, "12"));
  desk.hear(bybit_ticker("AUSDT", "delta", 4, "13"));
  EXPECT_EQ(desk.updates, (Lines{"AUSDT mark=12 @1699999999003", "AUSDT mark=13 @1699999999004"}));
  EXPECT_EQ(desk.done(), Lines{});
  EXPECT_EQ(desk.counters().gaps, 1U);
  EXPECT_EQ(desk.counters().resubscribes, 1U);
}

TEST_F(BybitLive, ItIsNotAskedForAgainMoreThanOnceInAWhile) {
  desk.hear(bybit_ticker("AUSDT", "delta", 1, "10"));  // just subscribed to
  EXPECT_EQ(desk.done(), Lines{});
  desk.pass(kSecond - 1);
  EXPECT_EQ(desk.done(), Lines{});
  desk.pass(1);
  EXPECT_EQ(desk.done(), again);
}

TEST_F(BybitLive, ASnapshotThatComesInTheMeantimeIsEnough) {
  desk.hear(bybit_ticker("AUSDT", "delta", 1, "10"));
  desk.hear(bybit_ticker("AUSDT", "snapshot", 2, "10"));
  desk.pass(2 * kSecond);
  EXPECT_EQ(desk.done(), Lines{});
  EXPECT_EQ(desk.updates, Lines{"AUSDT mark=10 @1699999999002"});
}

TEST_F(BybitLive, ASnapshotThatDoesNotComeIsAskedForAgain) {
  desk.pass(5 * kSecond - 1);
  EXPECT_EQ(desk.done(), Lines{});
  desk.pass(1);
  EXPECT_EQ(desk.done(), again);
  EXPECT_EQ(desk.told(), Lines{"live! tickers.AUSDT sent no snapshot"});
}

TEST_F(BybitLive, AnOlderDeltaAndAMalformedFrameAreHoles) {
  desk.hear(bybit_ticker("AUSDT", "snapshot", 5, "10"));
  desk.pass(2 * kSecond);
  desk.hear(bybit_ticker("AUSDT", "delta", 4, "9"));
  EXPECT_EQ(desk.done(), again);
  desk.hear(bybit_reply(3));
  desk.hear(bybit_ticker("AUSDT", "snapshot", 6, "11"));
  desk.pass(2 * kSecond);
  (void)desk.told();
  desk.hear("{garbage");
  EXPECT_EQ(desk.done(),
            (Lines{R"({"req_id":"4","op":"unsubscribe","args":["tickers.AUSDT","tickers.BUSDT"]})",
                   R"({"req_id":"5","op":"subscribe","args":["tickers.AUSDT","tickers.BUSDT"]})"}));
  EXPECT_EQ(desk.told(), Lines{"live! tickers.AUSDT and 1 others have no snapshot"});
  EXPECT_EQ(desk.counters().gaps, 2U);
}

TEST_F(BybitLive, PingsEveryTwentySeconds) {
  desk.hear(bybit_ticker("AUSDT", "snapshot", 5, "10"));
  for (int n = 0; n < 8; ++n) {
    desk.pass(5 * kSecond);
    desk.hear(R"({"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"})");
  }
  EXPECT_EQ(desk.done(), (Lines{R"({"req_id":"2","op":"ping"})", R"({"req_id":"3","op":"ping"})"}));
}

// All snapshots come anew with a connection.
TEST_F(BybitLive, AReconnectionSubscribesToAll) {
  desk.talk->on_closed("lost", desk.now);
  desk.pass(kSecond);
  desk.talk->on_open(desk.now);
  EXPECT_EQ(desk.done(),
            (Lines{"open",
                   R"({"req_id":"2","op":"subscribe","args":["tickers.AUSDT","tickers.BUSDT"]})"}));
  EXPECT_EQ(desk.counters().resubscribes, 2U);
  desk.hear(bybit_reply(2));
  EXPECT_EQ(desk.state(), SourceState::Live);
  desk.hear(bybit_ticker("BUSDT", "delta", 9, "21"));
  EXPECT_EQ(desk.updates, Lines{});
  EXPECT_EQ(desk.counters().gaps, 1U);
}

TEST(Conversation, BinanceSubscribesByPathOrRequest) {
  ConversationSettings settings{
      .dialect = Dialect::Binance, .symbols = {"BTCUSDT", "ETHUSDT"}, .interval = "1s"};
  Desk desk(settings);
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  EXPECT_EQ(
      desk.done(),
      (Lines{
          "open",
          R"({"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s","ethusdt@markPrice@1s"],"id":1})"}));
  EXPECT_EQ(desk.state(), SourceState::Connecting);
  desk.hear(R"({"result":null,"id":1})");
  EXPECT_EQ(desk.state(), SourceState::Live);

  settings.topics_in_path = true;
  Desk other(settings);
  EXPECT_EQ(streams_query(other.talk->topics()),
            "streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s");
  other.talk->start(other.now);
  other.talk->on_open(other.now);
  EXPECT_EQ(other.done(), Lines{"open"});
  EXPECT_EQ(other.state(), SourceState::Live);
}

TEST(Conversation, BinanceHasAStreamForEachKind) {
  ConversationSettings settings{
      .dialect = Dialect::Binance, .books = {"BTCUSDT"}, .trades = {"ETHUSDT", "BTCUSDT"}};
  Desk desk(settings);
  desk.talk->start(desk.now);
  desk.talk->on_open(desk.now);
  EXPECT_EQ(
      desk.done(),
      (Lines{
          "open",
          R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","ethusdt@aggTrade","btcusdt@aggTrade"],"id":1})"}));
  desk.hear(R"({"result":null,"id":1})");
  EXPECT_EQ(desk.state(), SourceState::Live);
  settings.symbols = {"BTCUSDT"};
  EXPECT_EQ(streams_query(Desk(settings).talk->topics()),
            "streams=btcusdt@markPrice/btcusdt@bookTicker/ethusdt@aggTrade/btcusdt@aggTrade");
}

TEST(Conversation, SettingsThatCannotWorkAreNamed) {
  const auto with = [](auto change) {
    ConversationSettings settings = deribit();
    change(settings);
    return problem_of(settings);
  };
  EXPECT_EQ(with([](auto& s) { s.symbols = {}; }), "symbols: there are none");
  EXPECT_EQ(with([](auto& s) { s.books = {"A"}; }), "books: only Binance has them apart");
  EXPECT_EQ(with([](auto& s) { s.trades = {"A"}; }), "trades: only Binance has them apart");
  EXPECT_EQ(with([](auto& s) { s.symbols = {"A", "B", "A"}; }), "symbols: A is there twice");
  EXPECT_EQ(with([](auto& s) { s.symbols = {"A\"B"}; }), "symbols: A\"B is none");
  EXPECT_EQ(with([](auto& s) { s.symbols = {std::string(65, 'A')}; }),
            "symbols: " + std::string(65, 'A') + " is none");
  EXPECT_EQ(with([](auto& s) { s.limits.symbols_max = 0; }), "symbols: more than 0");
  EXPECT_EQ(with([](auto& s) { s.interval = ""; }), "interval: is missing");
  EXPECT_EQ(with([](auto& s) { s.interval = "a b"; }), "interval: a b is none");
  EXPECT_EQ(with([](auto& s) { s.dialect = Dialect::Bybit; }), "interval: 100ms is none");
  EXPECT_EQ(with([](auto& s) {
              s.dialect = Dialect::Binance;
              s.topics_in_path = true;
              for (int n = 0; n < 100; ++n) s.books.push_back("S" + std::to_string(n));
              s.trades = s.books;
            }),
            "symbols: more than 200 topics do not go into a path");
  EXPECT_EQ(with([](auto& s) { s.topics_in_path = true; }), "topics_in_path: only Binance has it");
  EXPECT_EQ(with([](auto& s) { s.silence_ns = 0; }), "silence_ns: 0 is not within 1 ns and a day");
  EXPECT_EQ(with([](auto& s) { s.back_off_first_ns = s.back_off_cap_ns + 1; }),
            "back_off_first_ns: is above back_off_cap_ns");
}

}  // namespace
}  // namespace portcullis::feeds::conversation_test
