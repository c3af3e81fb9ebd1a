// TLS to a venue: whose certificate is accepted, and how it is told where it is not.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/journal_support.h"
#include "tests/support/live_sources.h"

namespace portcullis::feeds::live_tls_test {
namespace {

using gateway::journal::testing::TemporaryFolder;
using test::begin;
using test::deribit;
using test::FeedVenue;
using test::go_on;
using test::kMs;
using test::Live;
using test::shown_ticker;
using test::ticker;
using test::to;
using test::VenueConnection;
using test::well;

class LiveTls : public testing::Test {
 protected:
  LiveTls() { test::make_certificate(certificate, key); }
  WebSocketSourceSettings source(const FeedVenue& venue, const std::string& authorities) {
    WebSocketSourceSettings settings = to(venue, deribit());
    settings.host = "localhost";
    settings.tls = TlsTrust{authorities};
    return settings;
  }
  // The first connection is refused so; and so are the next.
  void expect_problem(const FeedVenue::Script& script, WebSocketSourceSettings settings,
                      std::string_view problem) {
    FeedVenue venue({script});
    settings.port = venue.port();
    Live live({{"venue", settings}});
    EXPECT_TRUE(live.wait_for_states(4));
    const Live::Told told = live.told();
    ASSERT_FALSE(told.problems.empty());
    EXPECT_NE(told.problems[0].find(problem), std::string::npos) << told.problems[0];
    EXPECT_EQ(told.states[1], "waiting");
    EXPECT_TRUE(told.updates.empty());
    EXPECT_EQ(live.counters().connects, 0U);
  }
  FeedVenue::Script with_tls(int mark) {
    return [this, mark](VenueConnection& connection) {
      if (connection.shake_hands(certificate, key)) well(mark)(connection);
    };
  }

  TemporaryFolder folder;
  const std::filesystem::path certificate = folder / "certificate.pem";
  const std::filesystem::path key = folder / "key.pem";
};

TEST_F(LiveTls, PricesComeEncrypted) {
  FeedVenue venue({[this](VenueConnection& connection) {
    ASSERT_TRUE(connection.shake_hands(certificate, key));
    begin(connection, 1);
    for (int n = 2; n <= 200; ++n) connection.send_text(ticker(n));
    go_on(connection);
  }});
  Live live({{"venue", source(venue, certificate)}});
  ASSERT_TRUE(live.wait_for_updates(200));
  EXPECT_EQ(live.told().updates.back(), shown_ticker(200));
  EXPECT_TRUE(live.told().problems.empty());
}

TEST_F(LiveTls, ACertificateThatNobodyTrustsIsRefused) {
  FeedVenue venue({with_tls(1)});
  expect_problem(with_tls(1), source(venue, ""), "is not accepted: self-signed certificate");
  test::make_certificate(folder / "other.pem", folder / "other_key.pem");
  expect_problem(with_tls(1), source(venue, folder / "other.pem"), "is not accepted: self-signed");
}

TEST_F(LiveTls, ACertificateOfAnotherHostIsRefused) {
  FeedVenue venue({with_tls(1)});
  WebSocketSourceSettings settings = source(venue, certificate);
  settings.host = "127.0.0.1";
  expect_problem(with_tls(1), settings, "is not accepted: IP address mismatch");
}

TEST_F(LiveTls, ACertificateThatHasEndedIsRefused) {
  test::make_certificate(certificate, key, -60);
  FeedVenue venue({with_tls(1)});
  expect_problem(with_tls(1), source(venue, certificate),
                 "is not accepted: certificate has expired");
}

TEST_F(LiveTls, AVenueThatRefusesTlsIsTold) {
  FeedVenue venue({with_tls(1)});
  const WebSocketSourceSettings settings = source(venue, certificate);
  expect_problem([](VenueConnection& connection) { connection.close(); }, settings,
                 "TLS handshake to localhost:");
  expect_problem(
      [](VenueConnection& connection) {
        connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        connection.hold();
      },
      settings, "TLS handshake to localhost:");
  WebSocketSourceSettings hasty = settings;
  hasty.conversation.connect_ns = 300 * kMs;
  expect_problem([](VenueConnection& connection) { connection.hold(); }, hasty,
                 "no connection within 300 ms: TLS handshake");
}

TEST_F(LiveTls, WhatCannotWorkIsSaidBeforehand) {
  FeedVenue venue({with_tls(1)});
  const auto said = [](const WebSocketSourceSettings& settings) -> std::string {
    try {
      const LiveFeeds feeds({{"venue", settings}}, {}, 1);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(said(source(venue, folder / "missing.pem")),
            "source venue: " + (folder / "missing.pem").string() +
                ": no certificates: No such file or directory");
  WebSocketSourceSettings plain = source(venue, "");
  plain.tls.reset();
  EXPECT_EQ(said(plain), "");
  plain.host = "venue.example";
  EXPECT_EQ(said(plain),
            "source venue: tls: venue.example is not the loopback, and cannot be without");
  plain.host = "192.0.2.1";
  EXPECT_EQ(said(plain), "source venue: tls: 192.0.2.1 is not the loopback, and cannot be without");
  plain.host = "a b";
  EXPECT_EQ(said(plain), "source venue: host: a b is none");
  plain.host = "localhost";
  plain.path = "ws";
  EXPECT_EQ(said(plain), "source venue: path: ws is none");
}

}  // namespace
}  // namespace portcullis::feeds::live_tls_test
