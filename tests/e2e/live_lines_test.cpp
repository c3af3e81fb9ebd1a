// The port of a venue's own prices, by its sockets.
#include <gtest/gtest.h>

#include "tests/support/live_sources.h"
#include "tests/support/raw_peer.h"

namespace portcullis::feeds::live_lines_test {
namespace {

using test::kMs;
using test::Lines;
using test::Live;
using test::RawPeer;

std::string read_line(RawPeer& peer) {
  std::string line;
  for (int n = 0; n < 200 && !line.ends_with('\n'); ++n) line += peer.read_for(50);
  return line;
}

class LiveLines : public testing::Test {
 protected:
  void begin() { live.emplace(std::vector<LiveSourceSettings>{{"own", settings}}); }
  [[nodiscard]] std::uint16_t port() const { return live->sources.port(0); }

  LineSourceSettings settings;
  std::optional<Live> live;
};

TEST_F(LiveLines, APublisherComesAndGoesAndComesAgain) {
  begin();
  ASSERT_TRUE(live->wait_for_states(1));
  for (int n = 1; n <= 2; ++n) {
    RawPeer publisher(port());
    ASSERT_TRUE(publisher.send("source own\n"));
    EXPECT_EQ(read_line(publisher), "ok own\n");
    publisher.send("mark BTC-USD 5000" + std::to_string(n) + " " +
                   std::to_string(1'700'000'000'000'000'000 + n) + "\nmark BTC-USD x 1\nping\n");
    EXPECT_EQ(publisher.read_for(500), "error 3 the price is no decimal of 64 bits\npong\n");
    ASSERT_TRUE(live->wait_for_updates(static_cast<std::size_t>(n)));
    EXPECT_EQ(live->status().state, SourceState::Live);
    publisher.close();
    ASSERT_TRUE(live->wait_for_states(static_cast<std::size_t>(1 + 3 * n)));
  }
  EXPECT_EQ(live->told().updates,
            (Lines{"BTC-USD mark=50001 @1700000000000", "BTC-USD mark=50002 @1700000000000"}));
  EXPECT_EQ(live->told().states,
            (Lines{"waiting", "connecting", "live", "waiting", "connecting", "live", "waiting"}));
  const SourceCounters counters = live->counters();
  EXPECT_EQ(counters.connects, 2U);
  EXPECT_EQ(counters.failures, 2U);
  EXPECT_EQ(counters.malformed, 2U);
  EXPECT_EQ(counters.errors, 2U);
}

TEST_F(LiveLines, ASecondPublisherIsTurnedAway) {
  begin();
  RawPeer first(port());
  first.send("source own\n");
  EXPECT_EQ(read_line(first), "ok own\n");
  RawPeer second(port());
  second.send("source own\nmark A 1 1\n");
  EXPECT_EQ(second.read_to_end(), "error 0 there is a publisher already\n");
  first.send("mark A 2 2\n");
  ASSERT_TRUE(live->wait_for_updates(1));
  EXPECT_EQ(live->told().updates, Lines{"A mark=2 @0"});
  EXPECT_EQ(live->counters().turned_away, 1U);
  EXPECT_EQ(live->counters().attempts, 1U);
}

TEST_F(LiveLines, AWrongNameIsToldAndClosed) {
  begin();
  RawPeer wrong(port());
  wrong.send("source other\nmark A 1 1\n");
  EXPECT_EQ(wrong.read_to_end(), "error 1 is no source here\n");
  RawPeer right(port());
  right.send("source own\n");
  EXPECT_EQ(read_line(right), "ok own\n");
  EXPECT_TRUE(live->told().updates.empty());
}

TEST_F(LiveLines, ANameMustComeInTime) {
  settings.name_ns = 200 * kMs;
  begin();
  RawPeer silent(port());
  silent.send("sour");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(live->wait_for_problem("gave no name in time"));
}

// Half a line too, but for what it says: then another publisher may come.
TEST_F(LiveLines, ASilentPublisherIsGivenUp) {
  settings.silence_ns = 300 * kMs;
  begin();
  RawPeer silent(port());
  silent.send("source own\nmark A 1");
  EXPECT_EQ(silent.read_to_end(), "ok own\n");
  EXPECT_TRUE(live->wait_for_problem("nothing came for too long"));
  EXPECT_EQ(live->counters().silences, 1U);
  EXPECT_EQ(live->counters().malformed, 1U);
  RawPeer next(port());
  next.send("source own\n");
  EXPECT_EQ(read_line(next), "ok own\n");
}

// It floods, wrong lines most of all, and reads no answer: it waits, and nothing grows; as it is heard
// of no more, it is given up.
TEST_F(LiveLines, APublisherThatReadsNothingIsGivenUp) {
  settings.silence_ns = 300 * kMs;
  begin();
  RawPeer deaf(port(), RawPeer::Tls::No, 4'096);
  deaf.send("source own\n");
  std::string wrong;
  for (int n = 0; n < 2'000; ++n) wrong += "x\n";
  bool ended = false;
  for (int n = 0; n < 20'000 && !ended; ++n) {
    if (deaf.send_some(wrong) != 0) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ended = !live->told().problems.empty();
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(live->status().last_error, "nothing came for too long");
}

TEST_F(LiveLines, OnlyThosePublishWhoMay) {
  settings.publishers = {"127.0.0.2"};
  begin();
  RawPeer other(port());
  EXPECT_EQ(other.read_to_end(), "error 0 this address may not publish\n");
  RawPeer one(port(), RawPeer::Tls::No, 0, "127.0.0.2");
  one.send("source own\n");
  EXPECT_EQ(read_line(one), "ok own\n");
}

TEST_F(LiveLines, StopEndsThePublisher) {
  begin();
  RawPeer publisher(port());
  publisher.send("source own\n");
  EXPECT_EQ(read_line(publisher), "ok own\n");
  live->sources.stop();
  EXPECT_EQ(publisher.read_to_end(), "");
  EXPECT_EQ(live->told().states.back(), "stopped");
}

TEST_F(LiveLines, WhatCannotWorkIsSaidBeforehand) {
  const auto said = [](const LineSourceSettings& wrong, std::string name = "own") -> std::string {
    try {
      const LiveFeeds feeds({{std::move(name), wrong}}, {}, 1);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  LineSourceSettings wrong;
  EXPECT_EQ(said(wrong), "");
  EXPECT_EQ(said(wrong, "two words"), "source two words: name: two words is none");
  wrong.address = "localhost";
  EXPECT_EQ(said(wrong), "source own: address: localhost is no IP address");
  wrong.address = "0.0.0.0";
  EXPECT_EQ(said(wrong), "source own: publishers: must be named where 0.0.0.0 is listened on");
  wrong.publishers = {"127.0.0.1", "there"};
  EXPECT_EQ(said(wrong), "source own: publishers: there is no IP address");
  wrong = {};
  wrong.lines.line_bytes_max = 10;
  EXPECT_EQ(said(wrong), "source own: line_bytes_max: 10 is not within 64 and 65536");
  begin();
  wrong = {};
  wrong.port = port();
  EXPECT_EQ(said(wrong), "source own: cannot listen on 127.0.0.1:" + std::to_string(port()) +
                             ": Address already in use");
}

}  // namespace
}  // namespace portcullis::feeds::live_lines_test
