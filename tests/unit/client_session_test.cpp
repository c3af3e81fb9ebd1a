// One session of the load client, against a server that is written down byte by byte.
#include "gateway/client/session.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "tests/support/process.h"
#include "tests/support/soup_packets.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using test::hex;
using test::operator+;
using test::packet;

tcp::endpoint loopback(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

template <class M>
test::Bytes sequenced(const M& message) {
  test::Bytes payload(ouch::kMaxMessageSize);
  payload.resize(ouch::encode(message, payload));
  return packet('S', payload);
}

test::Bytes query_response(std::uint32_t next) {
  return sequenced(ouch::QueryResponse{.next_user_ref_num = next, .appendage = {}});
}

struct Client {
  asio::io_context io{1};
  Plan plan;
  Histogram times;
  Session session{io, plan, 10, {.user = "ALPHA1", .password = "sesame"}, times};

  // Works until it holds.
  template <class F>
  void until(F&& holds) {
    const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
  }
  void until(Session::State state) {
    until([&] { return session.state() == state; });
  }
};

// With the other end of its connection, which reads and writes at once: the kernel keeps it.
struct Connected : Client {
  tcp::acceptor acceptor{io, loopback(0)};
  tcp::socket server{io};

  Connected() {
    session.connect(acceptor.local_endpoint());
    acceptor.accept(server);
    until(Session::State::LoggingIn);
  }
  test::Bytes read(std::size_t size) {
    test::Bytes data(size);
    asio::read(server, asio::buffer(data));
    return data;
  }
  void write(const test::Bytes& data) { asio::write(server, asio::buffer(data)); }
};

// Logged in, and told that the gate has seen the numbers up to 40.
struct Ready : Connected {
  Ready() {
    (void)read(49);
    write(test::accepted_packet("S1", "7"));
    until(Session::State::Asking);
    (void)read(4);
    write(query_response(41));
    until(Session::State::Ready);
  }
};

TEST(ClientSession, WhatIsNotConnectedTakesNothing) {
  Client client;
  EXPECT_EQ(client.session.state(), Session::State::Connecting);
  EXPECT_FALSE(client.session.send({.number = 1}, 0));
  EXPECT_FALSE(client.session.send_barrier());
  EXPECT_EQ(client.session.ledger().counts().sent[0], 0);
  EXPECT_EQ(client.session.ledger().counts().unsent, 0) << "it is to be tried again";
}

TEST(ClientSession, WhatIsClosedCountsWhatItDidNotSend) {
  Client client;
  client.session.logout();
  EXPECT_EQ(client.session.state(), Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "") << "this side closed it";
  EXPECT_TRUE(client.session.send({.number = 1}, 0));
  EXPECT_EQ(client.session.ledger().counts().unsent, 1);
  EXPECT_EQ(client.session.ledger().unanswered_enters(), 0);
  EXPECT_TRUE(client.session.is_settled());
}

TEST(ClientSession, SaysThatNobodyListens) {
  Client client;
  const test::Port port;
  client.session.connect(loopback(port.number()));
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "cannot connect: Connection refused");
}

TEST(ClientSession, LogsInForWhatComesFromNowOnAndAsksForItsNumbers) {
  Connected client;
  // The session is blank and the number 0: the live stream, from its end.
  EXPECT_EQ(hex(client.read(49)), hex(packet('L', "ALPHA1sesame    " + std::string(10, ' ') +
                                                      std::string(19, ' ') + "0")));
  client.write(test::accepted_packet("S1", "7"));
  client.until(Session::State::Asking);
  EXPECT_EQ(hex(client.read(4)), hex(packet('U', "Q")));
  client.write(query_response(41));
  client.until(Session::State::Ready);
  EXPECT_EQ(client.session.ledger().base(), 40);
  EXPECT_TRUE(client.session.is_settled());
}

TEST(ClientSession, SendsBehindTheNumbersThatWereSeenBeforeAndKeepsTheLedger) {
  Ready client;
  ASSERT_TRUE(client.session.send({.number = 1, .quantity = 5}, steady_ns()));
  client.session.flush();
  const test::Bytes enter = client.read(2 + 1 + 47);
  EXPECT_EQ(hex(std::span(enter).subspan(4, 4)), "00000029");
  EXPECT_EQ(client.session.ledger().unanswered_enters(), 1);
  client.write(sequenced(ouch::Accepted{
      .user_ref_num = 41, .quantity = 5, .order_state = ouch::OrderState::Live, .appendage = {}}));
  client.until([&] { return client.session.ledger().open() == 1; });
  EXPECT_EQ(client.times.count(), 1);
  EXPECT_GT(client.session.last_received_ns(), 0);
  EXPECT_EQ(client.session.ledger().counts().unexpected, 0);
}

TEST(ClientSession, IsSettledWhenEachQueryIsAnswered) {
  Ready client;
  ASSERT_TRUE(client.session.send_barrier());
  ASSERT_TRUE(client.session.send({.kind = Kind::Query}, 0));
  EXPECT_FALSE(client.session.is_settled());
  client.write(query_response(41));
  client.until([&] { return client.session.ledger().counts().query_responses == 2; });
  EXPECT_FALSE(client.session.is_settled());
  client.write(query_response(41));
  client.until([&] { return client.session.is_settled(); });
}

TEST(ClientSession, DebugPacketsAreCounted) {
  Ready client;
  client.write(packet('+', "margin") + packet('H') + packet('+', "clip"));
  client.until([&] { return client.session.ledger().counts().debug == 2; });
  EXPECT_EQ(client.session.state(), Session::State::Ready);
}

TEST(ClientSession, SaysWhyTheConnectionEnded) {
  const auto problem_after = [](const test::Bytes& data) {
    Ready client;
    client.write(data);
    if (data.empty()) client.server.close();
    client.until(Session::State::Closed);
    EXPECT_TRUE(client.session.send({.number = 1}, 0));
    EXPECT_EQ(client.session.ledger().counts().unsent, 1);
    return client.session.problem();
  };
  EXPECT_EQ(problem_after({}), "the gate closed the connection");
  EXPECT_EQ(problem_after(packet('Z')), "the gate ended the session");
  EXPECT_TRUE(problem_after(packet('?')).starts_with("protocol error: "));
}

TEST(ClientSession, SaysThatItsLoginWasRejected) {
  Connected client;
  client.write(packet('J', "A"));
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "login rejected: A");
}

TEST(ClientSession, ANameThatIsTooLongIsNotSent) {
  asio::io_context io{1};
  tcp::acceptor acceptor(io, loopback(0));
  Plan plan;
  Histogram times;
  Session session(io, plan, 1, {.user = "TOOLONG", .password = ""}, times);
  session.connect(acceptor.local_endpoint());
  while (session.state() != Session::State::Closed) io.run_one();
  EXPECT_EQ(session.problem(), "the user name or the password is too long");
}

TEST(ClientSession, ALogoutIsSaidAndIsNoProblem) {
  Ready client;
  client.session.logout();
  EXPECT_EQ(hex(client.read(3)), hex(packet('O')));
  EXPECT_EQ(client.session.state(), Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "");
}

}  // namespace
}  // namespace portcullis::gateway::client
