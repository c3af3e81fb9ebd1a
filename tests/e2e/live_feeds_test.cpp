// Live sources against venues on the loopback that do what venues do, and what they should not.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/live_sources.h"

namespace portcullis::feeds::live_feeds_test {
namespace {

using test::begin;
using test::deribit;
using test::FeedVenue;
using test::go_on;
using test::kMs;
using test::kPatience;
using test::Lines;
using test::Live;
using test::shown_ticker;
using test::ticker;
using test::to;
using test::VenueConnection;
using test::VenueWords;
using test::well;

TEST(LiveFeeds, StreamsAreInThePath) {
  std::string head;
  FeedVenue venue({[&](VenueConnection& connection) {
    connection.upgrade();
    head = connection.request_head();
    connection.send_text(
        R"({"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"5"}})");
    connection.hold(VenueWords::Binance);
  }});
  {
    WebSocketSourceSettings settings = to(
        venue,
        {.dialect = Dialect::Binance, .symbols = {"BTCUSDT", "ETHUSDT"}, .topics_in_path = true});
    settings.path = "/stream";
    Live live({{"venue", settings}});
    ASSERT_TRUE(live.wait_for_updates(1));
  }
  EXPECT_TRUE(
      head.starts_with("GET /stream?streams=btcusdt@markPrice/ethusdt@markPrice HTTP/1.1\r\n"))
      << head;
}

// --- connections that end

// Each ends the first connection in its way; the second one is well.
void expect_recovery(const FeedVenue::Script& first, std::string_view problem,
                     ConversationSettings conversation = deribit(), bool was_live = true) {
  FeedVenue venue({first, well(2)});
  FeedVenue other({well(3)});
  Live live({{"venue", to(venue, std::move(conversation))}, {"other", to(other, deribit())}});
  EXPECT_TRUE(live.wait(0, [](const Live::Told& told) {
    return !told.updates.empty() && told.updates.back() == shown_ticker(2);
  })) << problem;
  const Live::Told told = live.told();
  ASSERT_EQ(told.problems.size(), 1U) << problem;
  EXPECT_NE(told.problems[0].find(problem), std::string::npos) << told.problems[0];
  EXPECT_EQ(live.status(0).last_error, told.problems[0]);
  EXPECT_EQ(told.states, was_live ? (Lines{"connecting", "live", "waiting", "connecting", "live"})
                                  : (Lines{"connecting", "waiting", "connecting", "live"}));
  EXPECT_EQ(live.counters().attempts, 2U);
  EXPECT_EQ(live.counters().failures, 1U);
  EXPECT_EQ(live.counters().connects, was_live ? 2U : 1U);
  // The other source has not noticed.
  EXPECT_TRUE(live.wait_for_updates(1, 1));
  EXPECT_EQ(live.told(1).states, (Lines{"connecting", "live"}));
  EXPECT_EQ(live.counters(1).failures, 0U);
}

TEST(LiveFeeds, AConnectionThatIsDroppedComesBack) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.close();
      },
      "connection to 127.0.0.1:");
}

TEST(LiveFeeds, AConnectionThatIsResetComesBack) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.reset();
      },
      "connection to 127.0.0.1:");
}

TEST(LiveFeeds, AnOrderlyCloseIsTold) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.send_frame({.opcode = 8, .payload = "\x03\xE9maintenance"});
        go_on(connection);
      },
      "closed by the venue: 1001 maintenance");
}

TEST(LiveFeeds, AMessageThatBreaksOffIsNone) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        const std::string frame =
            test::bytes_of({.masked = false, .payload = std::string(ticker(9))});
        connection.send(frame.substr(0, frame.size() / 2));
        connection.close();
      },
      "connection to 127.0.0.1:");
}

// ... in whose middle nothing comes any more.
TEST(LiveFeeds, AMessageThatStallsIsSilence) {
  ConversationSettings settings = deribit();
  settings.silence_ns = 500 * kMs;
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        const std::string frame =
            test::bytes_of({.masked = false, .payload = std::string(ticker(9))});
        connection.send(frame.substr(0, frame.size() / 2));
        connection.hold();
      },
      "nothing came for", settings);
}

TEST(LiveFeeds, BytesThatAreNoWebSocketEndIt) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.send("garbage that is no frame at all");
        go_on(connection);
      },
      "connection to 127.0.0.1:");
}

TEST(LiveFeeds, ABinaryMessageEndsIt) {
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.send_frame({.opcode = 2, .payload = "binary"});
        go_on(connection);
      },
      "a binary message came");
}

TEST(LiveFeeds, AMessageThatIsTooLongEndsIt) {
  ConversationSettings settings = deribit();
  settings.limits.frame_bytes_max = 4'096;
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.send_text(std::string(4'097, ' '));
        go_on(connection);
      },
      "a message has more than 4096 bytes", settings);
  // And one in pieces without end.
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        connection.send_frame({.fin = false, .payload = std::string(1'000, ' ')});
        for (int n = 0; n < 10; ++n) {
          connection.send_frame({.opcode = 0, .fin = false, .payload = std::string(1'000, ' ')});
        }
        go_on(connection);
      },
      "a message has more than 4096 bytes", settings);
}

TEST(LiveFeeds, ATooLongFrameIsNotEvenWaitedFor) {
  ConversationSettings settings = deribit();
  settings.limits.frame_bytes_max = 4'096;
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        // The head of a frame of 2^40 bytes.
        connection.send(std::string("\x81\x7F\x00\x00\x01\x00\x00\x00\x00\x00", 10));
        go_on(connection);
      },
      "a message has more than 4096 bytes", settings);
}

TEST(LiveFeeds, SilenceEndsIt) {
  ConversationSettings settings = deribit();
  settings.silence_ns = 500 * kMs;
  std::atomic<int> pings{0};
  expect_recovery(
      [&](VenueConnection& connection) {
        connection.deaf = true;
        begin(connection, 1);
        go_on(connection);
        pings += connection.pings;
      },
      "nothing came for", settings);
  EXPECT_EQ(pings, 1);
}

// A venue that has nothing to say, but answers.
TEST(LiveFeeds, PongsAreNoSilence) {
  ConversationSettings settings = deribit();
  settings.silence_ns = 400 * kMs;
  settings.updates_silence_ns = 2'000 * kMs;
  expect_recovery(
      [](VenueConnection& connection) {
        begin(connection, 1);
        go_on(connection);
        EXPECT_GE(connection.pings, 3);
      },
      "no price came for", settings);
}

TEST(LiveFeeds, ARefusedUpgradeIsTold) {
  expect_recovery(
      [](VenueConnection& connection) {
        connection.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        connection.hold();
      },
      "the WebSocket was refused: HTTP 503", deribit(), false);
}

TEST(LiveFeeds, AHandshakeThatStallsHasADeadline) {
  ConversationSettings settings = deribit();
  settings.connect_ns = 500 * kMs;
  expect_recovery([](VenueConnection& connection) { connection.hold(); },
                  "no connection within 500 ms: WebSocket handshake", settings, false);
}

TEST(LiveFeeds, ASubscriptionThatIsNotAnsweredHasADeadline) {
  ConversationSettings settings = deribit();
  settings.reply_ns = 500 * kMs;
  expect_recovery(
      [](VenueConnection& connection) {
        connection.upgrade();
        connection.hold();
      },
      "no reply to a subscription within 500 ms", settings, false);
}

TEST(LiveFeeds, NobodyThereIsTriedAgain) {
  std::uint16_t port = 0;
  {
    FeedVenue gone({well(1)});
    port = gone.port();
  }
  WebSocketSourceSettings settings{
      .host = "localhost", .port = port, .tls = std::nullopt, .conversation = deribit()};
  settings.conversation.back_off_first_ns = 10 * kMs;
  settings.conversation.back_off_cap_ns = 50 * kMs;
  Live live({{"venue", settings}});
  EXPECT_TRUE(live.wait_for_states(6));
  EXPECT_EQ(live.told().problems[0],
            "connection to localhost:" + std::to_string(port) + ": Connection refused");
  EXPECT_GE(live.counters().failures, 3U);
}

TEST(LiveFeeds, AHostThatIsNoneIsTold) {
  WebSocketSourceSettings settings{.host = "no-such-host.invalid", .conversation = deribit()};
  Live live({{"venue", settings}});
  EXPECT_TRUE(live.wait_for_problem("host no-such-host.invalid: "));
}

// --- what is said

TEST(LiveFeeds, GarbageBetweenGoodFramesIsCountedAndPassedOver) {
  FeedVenue venue({[](VenueConnection& connection) {
    begin(connection, 1);
    for (const std::string_view text : {"", "garbage", "{\"jsonrpc\":", "[[[[", "{}", "null"}) {
      connection.send_text(text);
    }
    connection.send_text(ticker(2));
    go_on(connection);
  }});
  Live live({{"venue", to(venue, deribit())}});
  ASSERT_TRUE(live.wait_for_updates(2));
  EXPECT_EQ(live.told().updates, (Lines{shown_ticker(1), shown_ticker(2)}));
  EXPECT_EQ(live.counters().malformed, 5U);
  EXPECT_EQ(live.counters().failures, 0U);
}

TEST(LiveFeeds, AFragmentedMessageIsOne) {
  FeedVenue venue({[](VenueConnection& connection) {
    begin(connection, 1);
    const std::string text = ticker(2);
    connection.send_frame({.fin = false, .payload = text.substr(0, 20)});
    connection.send_frame({.opcode = 9, .payload = "ping"});
    connection.send_frame({.opcode = 0, .payload = text.substr(20)});
    go_on(connection);
  }});
  Live live({{"venue", to(venue, deribit())}});
  ASSERT_TRUE(live.wait_for_updates(2));
  EXPECT_EQ(live.told().updates[1], shown_ticker(2));
}

TEST(LiveFeeds, DeribitsTestRequestIsAnswered) {
  FeedVenue venue({[](VenueConnection& connection) {
    begin(connection, 1);
    connection.send_text(
        R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})");
    const test::VenueRequest request = connection.read_request();
    EXPECT_EQ(request.verb, test::VenueRequest::Verb::Test) << request.text;
    connection.answer(VenueWords::Deribit, request);
    connection.send_text(ticker(2));
    go_on(connection);
  }});
  Live live({{"venue", to(venue, deribit())}});
  EXPECT_TRUE(live.wait_for_updates(2));
  EXPECT_EQ(live.counters().test_requests, 1U);
}

ConversationSettings bybit() {
  return {.dialect = Dialect::Bybit, .symbols = {"BTCUSDT"}, .resubscribe_ns = kMs};
}

std::string bybit_ticker(std::string_view type, int sequence, int mark) {
  return R"({"topic":"tickers.BTCUSDT","type":")" + std::string(type) +
         R"(","data":{"symbol":"BTCUSDT","markPrice":")" + std::to_string(mark) + R"("},"cs":)" +
         std::to_string(sequence) + R"(,"ts":)" + std::to_string(1'700'000'000'000 + sequence) +
         "}";
}
std::string shown_bybit(int sequence, int mark) {
  return "BTCUSDT mark=" + std::to_string(mark) + " @" +
         std::to_string(1'700'000'000'000 + sequence);
}

// A delta without its snapshot, one that comes twice, one that comes late: each of the last is a hole,
// after which nothing counts until the new snapshot, which the client asks for.
TEST(LiveFeeds, BybitsHolesAreSubscribedToAgain) {
  FeedVenue venue({[](VenueConnection& connection) {
    using Verb = test::VenueRequest::Verb;
    const auto expect_again = [&] {
      const test::VenueRequest leave = connection.read_request();
      EXPECT_EQ(leave.verb, Verb::Unsubscribe) << leave.text;
      EXPECT_EQ(leave.topics, Lines{"tickers.BTCUSDT"});
      connection.answer(VenueWords::Bybit, leave);
      EXPECT_TRUE(connection.serve_subscriptions(VenueWords::Bybit, 1));
    };
    connection.upgrade();
    connection.serve_subscriptions(VenueWords::Bybit, 1);
    connection.send_text(bybit_ticker("delta", 1, 1));
    expect_again();
    connection.send_text(bybit_ticker("snapshot", 2, 2));
    connection.send_text(bybit_ticker("delta", 3, 3));
    connection.send_text(bybit_ticker("delta", 3, 3));  // repeated: no hole
    connection.send_text(bybit_ticker("delta", 4, 4));
    connection.send_text(bybit_ticker("delta", 2, 9));  // late
    connection.send_text(bybit_ticker("delta", 5, 9));
    expect_again();
    connection.send_text(bybit_ticker("snapshot", 6, 6));
    connection.hold(VenueWords::Bybit);
  }});
  Live live({{"venue", to(venue, bybit())}});
  ASSERT_TRUE(live.wait_for_updates(4));
  EXPECT_EQ(live.told().updates,
            (Lines{shown_bybit(2, 2), shown_bybit(3, 3), shown_bybit(4, 4), shown_bybit(6, 6)}));
  EXPECT_EQ(live.counters().gaps, 2U);
  EXPECT_EQ(live.counters().resubscribes, 2U);
  EXPECT_EQ(live.status(0).outcomes[UpdateOutcome::Duplicate], 1U);
  EXPECT_EQ(live.counters().failures, 0U);
}

// --- the end

TEST(LiveFeeds, StopsInEveryState) {
  std::atomic<int> close_code{0};
  FeedVenue live_venue({[&](VenueConnection& connection) {
    begin(connection, 1);
    go_on(connection);
    close_code = connection.close_code;
  }});
  FeedVenue stalled({[](VenueConnection& connection) { connection.hold(); }});
  FeedVenue dropping({[](VenueConnection& connection) { connection.close(); }});
  WebSocketSourceSettings waiting = to(dropping, deribit());
  waiting.conversation.back_off_first_ns = waiting.conversation.back_off_cap_ns = 60'000 * kMs;
  Live live({{"live", to(live_venue, deribit())},
             {"connecting", to(stalled, deribit())},
             {"waiting", waiting},
             {"lines", LineSourceSettings{}}});
  ASSERT_TRUE(live.wait_for_updates(1));
  ASSERT_TRUE(live.wait_for_states(2, 2));
  live.sources.stop();
  for (std::uint32_t source = 0; source < 4; ++source) {
    EXPECT_EQ(live.status(source).state, SourceState::Stopped);
    EXPECT_EQ(live.told(source).states.back(), "stopped");
  }
  live.sources.stop();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (close_code == 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(close_code, 1000);
}

TEST(LiveFeeds, AVenueThatDoesNotAnswerTheCloseHoldsUpNothing) {
  FeedVenue venue({[](VenueConnection& connection) {
    connection.deaf = true;
    begin(connection, 1);
    connection.hold();
  }});
  Live live({{"venue", to(venue, deribit())}});
  ASSERT_TRUE(live.wait_for_updates(1));
  live.sources.stop();
  EXPECT_EQ(live.status(0).state, SourceState::Stopped);
}

TEST(LiveFeeds, WithoutStartThereIsNothingToStop) {
  FeedVenue venue({well(1)});
  LiveFeeds feeds({{"venue", to(venue, deribit())}}, {}, 1);
  EXPECT_EQ(feeds.status(0).state, SourceState::Stopped);
  feeds.stop();
  EXPECT_EQ(venue.connections(), 0);
}

}  // namespace
}  // namespace portcullis::feeds::live_feeds_test
