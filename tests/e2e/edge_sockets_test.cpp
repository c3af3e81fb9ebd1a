// The sockets of the edge against peers that break HTTP, WebSocket and TLS, or just do not go on.
// Behind them is an echo, so that what the protocols do stands alone. In every test a neighbour is
// connected, and is heard before, meanwhile and after.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "gateway/edge/server.h"
#include "tests/support/journal_support.h"
#include "tests/support/raw_peer.h"

namespace portcullis::gateway::edge::edge_sockets_test {
namespace {

using journal::testing::TemporaryFolder;
using test::Frame;
using test::RawPeer;

// Says everything back; "flood N" is answered with N messages of a KiB, "close" by a close.
class Echo final : public Door {
 public:
  Outlet* outlet = nullptr;
  std::atomic<int> open{0};
  std::atomic<int> last_channel{-1};

  void on_open(ConnectionId, Channel channel, Address, std::int64_t) override {
    ++open;
    last_channel = static_cast<int>(channel);
  }
  void on_message(ConnectionId id, std::string_view text, std::int64_t) override {
    if (text.starts_with("flood ")) {
      const int count = std::stoi(std::string(text.substr(6)));
      for (int n = 0; n < count; ++n) outlet->send(id, std::string(1'024, 'x'));
    } else if (text == "close") {
      outlet->send(id, "last words");
      outlet->close(id, CloseCode::TryAgainLater, "as you wish");
      outlet->send(id, "after the close");
    } else {
      outlet->send(id, std::string(text));
    }
  }
  void on_closed(ConnectionId, std::int64_t) override { --open; }
  std::optional<HttpReply> on_request(const HttpRequest& request, std::int64_t) override {
    if (request.path != "/known") return HttpReply{.status = 404, .body = "{}"};
    if (request.method != "GET") return HttpReply{.status = 405, .body = "{}", .keep_alive = false};
    return HttpReply{.body = "{\"query\":\"" + std::string(request.query) + "\",\"key\":\"" +
                             std::string(request.api_key) + "\"}"};
  }
};

class EdgeSockets : public testing::Test {
 protected:
  EdgeSockets() {
    settings.address = "127.0.0.1";
    settings.connections_max = 8;
    settings.header_bytes_max = 2'048;
    settings.message_bytes_max = 4'096;
    settings.output_bytes_max = 262'144;
    settings.close_ns = 500'000'000;
  }
  ~EdgeSockets() override { end(); }

  void begin() {
    server = std::make_unique<Server>(io, settings, echo);
    echo.outlet = server.get();
    server->start();
    thread = std::thread([this] { io.run(); });
    neighbour = std::make_unique<RawPeer>(server->port(), tls());
    ASSERT_TRUE(neighbour->open());
    hear_neighbour();
  }
  RawPeer::Tls tls() const { return settings.tls ? RawPeer::Tls::Yes : RawPeer::Tls::No; }

  void hear_neighbour() {
    ASSERT_TRUE(neighbour->send_text("hello"));
    EXPECT_EQ(neighbour->read_text(), "hello");
  }
  // What the server counts, asked on its thread.
  ServerCounters counters() {
    std::promise<ServerCounters> counted;
    boost::asio::post(io, [&] { counted.set_value(server->counters()); });
    return counted.get_future().get();
  }
  void end() {
    if (!thread.joinable()) return;
    if (neighbour != nullptr && !HasFatalFailure()) hear_neighbour();
    boost::asio::post(io, [this] {
      server->stop();
      work.reset();
    });
    if (neighbour != nullptr) {
      EXPECT_EQ(neighbour->read_close(), 1001);
    }
    neighbour.reset();
    thread.join();
    EXPECT_EQ(server->connection_count(), 0u);
    EXPECT_EQ(echo.open, 0);
  }
  // The code with which the server closes a connection on which this was sent.
  int close_after(const std::string& bytes) {
    RawPeer peer(server->port());
    EXPECT_TRUE(peer.open());
    peer.send(bytes);
    const int code = peer.read_close();
    EXPECT_TRUE(peer.read_to_end().has_value()) << "the connection itself does not end";
    hear_neighbour();
    return code;
  }
  static std::string get(std::string_view target, std::string_view more = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
           "\r\n";
  }

  ServerSettings settings;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  Echo echo;
  std::unique_ptr<Server> server;
  std::thread thread;
  std::unique_ptr<RawPeer> neighbour;
};

// --- HTTP

TEST_F(EdgeSockets, HttpRequestsAreAnsweredOneAfterTheOther) {
  begin();
  RawPeer peer(server->port());
  peer.send(get("/known?a=1&b=%20", "X-BAPI-API-KEY: me\r\n") + get("/unknown") + get("/known"));
  const std::string first = peer.read_response();
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 ")) << first;
  EXPECT_TRUE(first.ends_with(R"({"query":"a=1&b=%20","key":"me"})")) << first;
  EXPECT_TRUE(peer.read_response().starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(peer.read_response().starts_with("HTTP/1.1 200 "));
  peer.send("POST /known HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(peer.read_response().starts_with("HTTP/1.1 405 "));
  EXPECT_EQ(peer.read_to_end(), "");
  // Whatever stands behind a request that ends the connection is not answered.
  for (const std::string method : {"HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    RawPeer other(server->port());
    other.send(method + " /known HTTP/1.1\r\nHost: x\r\n\r\n" + get("/known"));
    const std::optional<std::string> said = other.read_to_end();
    ASSERT_TRUE(said.has_value()) << method;
    EXPECT_TRUE(said->starts_with("HTTP/1.1 405 ")) << method << " -> " << *said;
    EXPECT_EQ(said->find("HTTP/1.1 200"), std::string::npos) << method;
  }
  RawPeer old(server->port());
  old.send("GET /known HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_response().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(old.read_to_end(), "");
}

TEST_F(EdgeSockets, WhatIsNoHttpIsRefusedAndTheConnectionEnds) {
  begin();
  const std::string much(4'096, 'a');
  const std::pair<std::string, std::string> wrong[] = {
      {"garbage\r\n\r\n", "HTTP/1.1 400 "},
      {std::string("\0\1\2\3\4\5\6\7\r\n\r\n", 12), "HTTP/1.1 400 "},
      {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nbad header\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "HTTP/1.1 400 "},
      {"GET /" + much + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431 "},
      {get("/", "Much: " + much + "\r\n"), "HTTP/1.1 431 "},
      {"GET / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", "HTTP/1.1 413 "},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 is a TLS hello\r\n\r\n", "HTTP/1.1 400 "},
  };
  for (const auto& [bytes, response] : wrong) {
    RawPeer peer(server->port());
    peer.send(bytes);
    const std::optional<std::string> said = peer.read_to_end();
    ASSERT_TRUE(said.has_value()) << bytes.substr(0, 40);
    EXPECT_TRUE(said->starts_with(response)) << bytes.substr(0, 40) << " -> " << *said;
    hear_neighbour();
  }
  EXPECT_EQ(counters().bad_requests, std::size(wrong));
}

TEST_F(EdgeSockets, ARequestMustNameItsHostOnce) {
  begin();
  for (const std::string& bytes :
       {std::string("GET /known HTTP/1.1\r\n\r\n"), get("/known", "Host: another\r\n"),
        get("/known", "host: x\r\n")}) {
    RawPeer peer(server->port());
    peer.send(bytes + get("/known"));
    const std::optional<std::string> said = peer.read_to_end();
    ASSERT_TRUE(said.has_value()) << bytes;
    EXPECT_TRUE(said->starts_with("HTTP/1.1 400 ")) << bytes << " -> " << *said;
    EXPECT_EQ(said->find("HTTP/1.1 200"), std::string::npos);
  }
  EXPECT_EQ(counters().bad_requests, 3u);
}

TEST_F(EdgeSockets, AnUpgradeThatIsNotOneIsRefused) {
  begin();
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::pair<std::string, std::string> wrong[] = {
      {get("/v5/other", upgrade + key + version), "HTTP/1.1 404 "},
      {get("/v5/trade", upgrade + version), "HTTP/1.1 400 "},
      {get("/v5/trade", upgrade + key), "HTTP/1.1 400 "},
      {get("/v5/trade", upgrade + key + "Sec-WebSocket-Version: 12\r\n"), "HTTP/1.1 426 "},
      {get("/v5/trade", upgrade + key + version) + bytes_of(Frame{.payload = "early"}),
       "HTTP/1.1 400 "},
  };
  for (const auto& [bytes, response] : wrong) {
    RawPeer peer(server->port());
    peer.send(bytes);
    const std::string said = peer.read_response();
    EXPECT_TRUE(said.starts_with(response)) << bytes << " -> " << said;
    EXPECT_TRUE(peer.read_to_end().has_value());
    hear_neighbour();
  }
}

TEST_F(EdgeSockets, WhoIsSlowWithARequestIsClosed) {
  settings.request_ns = 200'000'000;
  begin();
  for (const std::string& part : {std::string(), std::string("GET /known HT"),
                                  std::string("GET /known HTTP/1.1\r\nHost: x\r\nHalf")}) {
    RawPeer peer(server->port());
    peer.send(part);
    EXPECT_EQ(peer.read_to_end(), "") << part;
    hear_neighbour();
  }
  // One that goes on byte by byte has no more time than others.
  RawPeer trickle(server->port());
  bool ended = false;
  for (int n = 0; n < 2'000 && !ended; ++n) {
    ended = !trickle.send(n == 0 ? "GET /known?" : "a");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(ended);
  // Kept alive and then silent.
  RawPeer idle(server->port());
  idle.send(get("/known"));
  EXPECT_TRUE(idle.read_response().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_GE(counters().timeouts, 4u);
}

TEST_F(EdgeSockets, AHalfSentRequestWhosePeerIsGoneEnds) {
  begin();
  for (int n = 0; n < 20; ++n) {  // more than there are connections
    RawPeer peer(server->port());
    peer.send("GET /known HTTP/1.1\r\nHo");
    if (n % 2 == 0) continue;  // closed as it is
    peer.shut_down_sending();
    EXPECT_TRUE(peer.read_to_end().has_value());
  }
  RawPeer peer(server->port());
  peer.send(get("/known"));
  EXPECT_TRUE(peer.read_response().starts_with("HTTP/1.1 200 "));
}

// --- WebSocket

TEST_F(EdgeSockets, MessagesComeBackWholeHoweverTheyAreCut) {
  begin();
  RawPeer peer(server->port());
  ASSERT_TRUE(peer.open("/v5/private?max_active_time=10m"));
  EXPECT_EQ(peer.response().find("permessage-deflate"), std::string::npos);
  peer.send_frame({.fin = false, .payload = "in "});
  peer.send_frame({.opcode = 9, .payload = "ping"});
  peer.send_frame({.opcode = 0, .fin = false, .payload = ""});
  peer.send_frame({.opcode = 0, .fin = false, .payload = "three \xC3"});
  peer.send_frame({.opcode = 0, .payload = "\xA4"});
  const std::optional<Frame> pong = peer.read_frame();
  ASSERT_TRUE(pong.has_value());
  EXPECT_EQ(pong->opcode, 10);
  EXPECT_EQ(pong->payload, "ping");
  const std::optional<Frame> text = peer.read_frame();
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->payload, "in three \xC3\xA4");
  EXPECT_EQ(echo.last_channel, static_cast<int>(Channel::Private));
  EXPECT_FALSE(text->masked);
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 4'095u, 4'096u}) {
    const std::string payload(size, 'y');
    const std::string bytes = bytes_of(Frame{.payload = payload});
    for (std::size_t at = 0; at < bytes.size(); at += 997) peer.send(bytes.substr(at, 997));
    EXPECT_EQ(peer.read_text(), payload);
  }
}

TEST_F(EdgeSockets, CloseCodesSayWhatWasWrong) {
  begin();
  const auto many = [](const std::initializer_list<Frame>& frames) {
    std::string bytes;
    for (const Frame& frame : frames) bytes += bytes_of(frame);
    return bytes;
  };
  struct Row {
    const char* what;
    std::string bytes;
    int code;
  };
  const std::string big(4'097, 'b');
  const std::string half(3'000, 'h');
  const Row rows[] = {
      {"binary", many({{.opcode = 2, .payload = "{}"}}), 1003},
      {"too big", many({{.payload = big}}), 1009},
      {"too big in pieces", many({{.fin = false, .payload = half}, {.opcode = 0, .payload = half}}),
       1009},
      {"a length of 2^62", std::string("\x81\xFF\x40\0\0\0\0\0\0\0\1\2\3\4", 14), 1009},
      {"a length of 2^63", std::string("\x81\xFF\x80\0\0\0\0\0\0\0\1\2\3\4", 14), 1009},
      {"no UTF-8", many({{.payload = "\xFF"}}), 1007},
      {"a surrogate", many({{.payload = "\xED\xA0\x80"}}), 1007},
      {"cut UTF-8", many({{.payload = "a\xE2\x82"}}), 1007},
      {"overlong", many({{.payload = "\xC0\xAF"}}), 1007},
      {"not masked", many({{.masked = false, .payload = "hello"}}), 1002},
      {"a reserved bit", many({{.reserved = 4, .payload = "hello"}}), 1002},
      {"another", many({{.reserved = 1, .payload = "hello"}}), 1002},
      {"opcode 3", many({{.opcode = 3, .payload = "hello"}}), 1002},
      {"opcode 11", many({{.opcode = 11, .payload = "hello"}}), 1002},
      {"a long ping", many({{.opcode = 9, .payload = std::string(126, 'p')}}), 1002},
      {"a ping in pieces", many({{.opcode = 9, .fin = false, .payload = "p"}}), 1002},
      {"an unmasked ping", many({{.opcode = 9, .masked = false, .payload = "p"}}), 1002},
      {"a continuation of nothing", many({{.opcode = 0, .payload = "hello"}}), 1002},
      {"a message within another", many({{.fin = false, .payload = "a"}, {.payload = "b"}}), 1002},
      {"a length in too many bytes", many({{.payload = "hello", .length_bytes = 2}}), 1002},
      {"in many too many", many({{.payload = "hello", .length_bytes = 8}}), 1002},
      {"a close of one byte", many({{.opcode = 8, .payload = "x"}}), 1002},
      {"a close that says 1005", many({{.opcode = 8, .payload = "\x03\xED"}}), 1002},
      {"a close whose reason is no UTF-8", many({{.opcode = 8, .payload = "\x03\xE8\xFF"}}), 1002},
      {"a close", many({{.opcode = 8, .payload = "\x03\xE8 bye"}}), 1000},
      {"a close without a word", many({{.opcode = 8}}), 1000},
  };
  std::uint64_t wrong = 0;
  for (const Row& row : rows) {
    EXPECT_EQ(close_after(row.bytes), row.code) << row.what;
    if (row.code != 1000) ++wrong;
  }
  EXPECT_EQ(counters().protocol_errors, wrong);
}

TEST_F(EdgeSockets, AFloodOfPingsIsClosed) {
  begin();
  std::string pings;
  for (int n = 0; n < 1'000; ++n) pings += bytes_of(Frame{.opcode = 9, .payload = "p"});
  EXPECT_EQ(close_after(pings), 1008);
  std::string pongs;
  for (int n = 0; n < 1'000; ++n) pongs += bytes_of(Frame{.opcode = 10, .payload = "p"});
  EXPECT_EQ(close_after(pongs), 1008);
  EXPECT_EQ(counters().control_floods, 2u);
}

TEST_F(EdgeSockets, WhoDoesNotReadIsClosedAndCounted) {
  begin();
  RawPeer deaf(server->port(), RawPeer::Tls::No, 4'096);
  ASSERT_TRUE(deaf.open());
  for (int n = 0; n < 10; ++n) deaf.send_text("flood 1000");
  while (counters().slow_consumers == 0) std::this_thread::yield();
  hear_neighbour();
  while (echo.open != 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(counters().slow_consumers, 1u);
  // Had it gone on reading at once, it would have been told.
  RawPeer slow(server->port(), RawPeer::Tls::No, 4'096);
  ASSERT_TRUE(slow.open());
  slow.send_text("flood 1000");
  EXPECT_EQ(slow.read_close(), 1008);
}

// Echoes of a peer that only sends: the server stops reading it, and holds what it may and no more.
TEST_F(EdgeSockets, WhoOnlySendsIsNotReadFurther) {
  begin();
  RawPeer talker(server->port(), RawPeer::Tls::No, 4'096);
  ASSERT_TRUE(talker.open());
  const std::string message = bytes_of(Frame{.payload = std::string(4'000, 't')});
  std::string unsent;
  std::uint64_t sent = 0;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < give_up) {
    if (unsent.empty()) unsent = message;
    const std::size_t taken = talker.send_some(unsent);
    unsent.erase(0, taken);
    sent += taken;
    if (taken == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const ServerCounters counted = counters();
  EXPECT_EQ(counted.slow_consumers, 0u);
  EXPECT_GT(sent, 500'000u) << "it never felt the server stop";
  // Half of the output, what the kernels hold of it, and one more: whatever is sent, no more is read.
  EXPECT_LT(counted.messages, 400u);
  hear_neighbour();
  // It goes on where it stopped, as soon as it reads.
  int echoes = 0;
  while (talker.read_text(500).size() == 4'000) ++echoes;
  EXPECT_GT(echoes, 100);
}

TEST_F(EdgeSockets, WhoIsSilentIsAskedAndThenClosed) {
  settings.idle_ns = 600'000'000;
  begin();
  std::atomic<bool> done{false};
  std::thread alive([&] {  // answers pings
    RawPeer peer(server->port());
    ASSERT_TRUE(peer.open());
    while (!done) (void)peer.read_text(50);
    EXPECT_TRUE(peer.send_text("still here"));
    EXPECT_EQ(peer.read_text(), "still here");
  });
  std::thread talking([&] {
    while (!done) {
      hear_neighbour();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  RawPeer silent(server->port());
  ASSERT_TRUE(silent.open());
  const std::optional<Frame> ping = silent.read_frame();
  ASSERT_TRUE(ping.has_value());
  EXPECT_EQ(ping->opcode, 9);
  EXPECT_TRUE(silent.read_to_end().has_value());
  done = true;
  alive.join();
  talking.join();
  EXPECT_GE(counters().timeouts, 1u);
}

// A ping or pong ends the silence of its connection, and is no message: the door, and with it the
// dead man, does not hear of it.
TEST_F(EdgeSockets, PingsKeepTheConnectionAndAreNotHeardOf) {
  settings.idle_ns = 1'200'000'000;
  begin();
  RawPeer pings(server->port());
  ASSERT_TRUE(pings.open());
  const std::uint64_t before = counters().messages;
  std::uint64_t others = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3'000);
  for (bool ping = true; std::chrono::steady_clock::now() < until; ping = !ping) {
    ASSERT_TRUE(
        pings.send_frame({.opcode = static_cast<std::uint8_t>(ping ? 9 : 10), .payload = "p"}));
    hear_neighbour();
    ++others;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(counters().messages, before + others);
  EXPECT_TRUE(pings.send_text("still here"));
  EXPECT_EQ(pings.read_text(), "still here");
}

TEST_F(EdgeSockets, ThereAreSoManyConnectionsAndNoMore) {
  begin();
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::uint32_t n = 1; n < settings.connections_max; ++n) {
    peers.push_back(std::make_unique<RawPeer>(server->port()));
    ASSERT_TRUE(peers.back()->open()) << n;
  }
  RawPeer refused(server->port());
  EXPECT_FALSE(refused.open());
  EXPECT_EQ(counters().connections_refused, 1u);
  peers.pop_back();
  for (;;) {
    RawPeer next(server->port());
    if (next.open()) break;
  }
  peers.clear();
}

TEST_F(EdgeSockets, AClosesLastWordsAreHeard) {
  begin();
  RawPeer peer(server->port());
  ASSERT_TRUE(peer.open());
  peer.send_text("close");
  EXPECT_EQ(peer.read_text(), "last words");
  EXPECT_EQ(peer.read_close(), 1013);
  peer.send_frame({.opcode = 8, .payload = "\x03\xF5"});
  EXPECT_TRUE(peer.read_to_end().has_value());
  // One that does not answer the close, and sends on, is dropped all the same.
  RawPeer stubborn(server->port());
  ASSERT_TRUE(stubborn.open());
  stubborn.send_text("close");
  while (stubborn.send_text("go on")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST_F(EdgeSockets, WhoIsGoneWithoutAWordLeavesNothing) {
  begin();
  for (int n = 0; n < 50; ++n) {
    RawPeer peer(server->port());
    ASSERT_TRUE(peer.open());
    peer.send_text("flood 10");
    if (n % 3 == 0) (void)peer.read_text();
    if (n % 3 == 1) peer.send("\x81");
  }
  while (echo.open != 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// --- TLS

class EdgeTls : public EdgeSockets {
 protected:
  EdgeTls() {
    test::make_certificate(folder / "certificate.pem", folder / "key.pem");
    settings.tls = TlsFiles{folder / "certificate.pem", folder / "key.pem"};
    settings.request_ns = 500'000'000;
  }
  TemporaryFolder folder;
};

TEST_F(EdgeTls, SpeaksHttpAndWebSocket) {
  begin();
  RawPeer http(server->port(), RawPeer::Tls::Yes);
  http.send(get("/known"));
  EXPECT_TRUE(http.read_response().starts_with("HTTP/1.1 200 "));
  RawPeer peer(server->port(), RawPeer::Tls::Yes);
  ASSERT_TRUE(peer.open());
  const std::string large(4'000, 'l');
  for (int n = 0; n < 100; ++n) {
    peer.send_text(large);
    ASSERT_EQ(peer.read_text(), large);
  }
  peer.send_frame({.masked = false, .payload = "hello"});
  EXPECT_EQ(peer.read_close(), 1002);
}

TEST_F(EdgeTls, WhatIsNoTlsEnds) {
  begin();
  for (const std::string& bytes : {get("/known"), std::string("garbage garbage garbage garbage"),
                                   std::string(), std::string("\x16\x03\x01\x40\x00", 5)}) {
    RawPeer plain(server->port());
    plain.send(bytes);
    const std::optional<std::string> said = plain.read_to_end();
    ASSERT_TRUE(said.has_value()) << bytes;
    EXPECT_EQ(said->find("HTTP"), std::string::npos);
    hear_neighbour();
  }
  EXPECT_EQ(counters().handshakes_failed, 4u);
}

// A client's hello, as far as it goes; then nothing.
TEST_F(EdgeTls, AHandshakeThatStallsIsClosedAndHoldsUpNobody) {
  begin();
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const client = SSL_new(context);
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(client, BIO_new(BIO_s_mem()), sent);
  EXPECT_LT(SSL_connect(client), 1);
  std::string hello(4'096, '\0');
  hello.resize(static_cast<std::size_t>(
      std::max(0, BIO_read(sent, hello.data(), static_cast<int>(hello.size())))));
  SSL_free(client);
  SSL_CTX_free(context);
  ASSERT_GT(hello.size(), 100u);
  std::vector<std::unique_ptr<RawPeer>> stalled;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{5}, hello.size() / 2, hello.size() - 1, hello.size()}) {
    stalled.push_back(std::make_unique<RawPeer>(server->port()));
    stalled.back()->send(hello.substr(0, size));
  }
  RawPeer good(server->port(), RawPeer::Tls::Yes);
  ASSERT_TRUE(good.open());
  hear_neighbour();
  for (const auto& peer : stalled) EXPECT_TRUE(peer->read_to_end().has_value());
  good.send_text("still");
  EXPECT_EQ(good.read_text(), "still");
  EXPECT_EQ(counters().handshakes_failed, stalled.size());
}

TEST_F(EdgeTls, AFileThatIsNoneIsSaid) {
  settings.tls->key = folder / "missing.pem";
  EXPECT_THROW(Server(io, settings, echo), std::runtime_error);
  settings.tls->key = settings.tls->certificate;
  std::filesystem::permissions(settings.tls->key, std::filesystem::perms(0600));
  EXPECT_THROW(Server(io, settings, echo), std::runtime_error);
}

// As with passwords: what others can read is no secret.
TEST_F(EdgeTls, AKeyThatOthersMayReadIsRefused) {
  const std::filesystem::path key = settings.tls->key;
  for (const unsigned mode : {0640U, 0604U, 0620U, 0666U}) {
    std::filesystem::permissions(key, std::filesystem::perms(mode));
    try {
      const Server refused(io, settings, echo);
      ADD_FAILURE() << mode;
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "the key of TLS: the file " + key.string() +
                                  " may be read by others than its owner: chmod 600 it");
    }
  }
  for (const unsigned mode : {0600U, 0400U}) {
    std::filesystem::permissions(key, std::filesystem::perms(mode));
    EXPECT_NO_THROW(Server(io, settings, echo)) << mode;
  }
}

TEST_F(EdgeSockets, APortThatIsTakenIsSaid) {
  begin();
  ServerSettings same = settings;
  same.port = server->port();
  EXPECT_THROW(Server(io, same, echo), std::runtime_error);
}

}  // namespace
}  // namespace portcullis::gateway::edge::edge_sockets_test
