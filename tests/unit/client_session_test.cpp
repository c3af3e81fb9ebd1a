// One OUCH session of the load client, against a server that is written down byte by byte.
#include "gateway/client/ouch_session.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "tests/support/process.h"
#include "tests/support/soup_packets.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::client::client_session_test {
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
  Times times;
  const Message order{.number = 1, .quantity = 5};
  OuchSession session;

  explicit Client(std::int64_t reconnect_limit_ns = 0)
      : session(io, plan, 10, {.user = "ALPHA1", .password = "sesame"}, times, reconnect_limit_ns) {
  }

  // Works until it holds.
  template <class F>
  void until(F&& holds) {
    const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
      session.on_time(steady_ns());
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

  explicit Connected(std::int64_t reconnect_limit_ns = 0) : Client(reconnect_limit_ns) {
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
  explicit Ready(std::int64_t reconnect_limit_ns = 0) : Connected(reconnect_limit_ns) {
    (void)read(49);
    write(test::accepted_packet("S1", "7"));
    until(Session::State::Asking);
    (void)read(4);
    write(query_response(41));
    until(Session::State::Ready);
  }
};

TEST(ClientSession, WhatIsNotConnectedWaits) {
  Client client;
  EXPECT_EQ(client.session.state(), Session::State::Connecting);
  client.session.send(client.order, 1);
  client.session.flush();
  EXPECT_EQ(client.session.ledger().counts().sent[0], 0);
  EXPECT_EQ(client.session.ledger().counts().unsent, 0) << "it is not given up";
  EXPECT_FALSE(client.session.is_settled());
}

TEST(ClientSession, WhatIsClosedCountsWhatItDidNotSend) {
  Client client;
  client.session.logout();
  EXPECT_EQ(client.session.state(), Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "") << "this side closed it";
  client.session.send(client.order, 1);
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
  client.session.send(client.order, steady_ns());
  client.session.flush();
  const test::Bytes enter = client.read(2 + 1 + 47);
  EXPECT_EQ(hex(std::span(enter).subspan(4, 4)), "00000029");
  EXPECT_EQ(client.session.ledger().unanswered_enters(), 1);
  client.write(sequenced(ouch::Accepted{
      .user_ref_num = 41, .quantity = 5, .order_state = ouch::OrderState::Live, .appendage = {}}));
  client.until([&] { return client.session.ledger().open() == 1; });
  EXPECT_EQ(client.times.answers.count(), 1);
  EXPECT_EQ(client.times.delays.count(), 1);
  EXPECT_GT(client.session.last_received_ns(), 0);
  EXPECT_EQ(client.session.ledger().counts().unexpected, 0);
}

TEST(ClientSession, IsSettledWhenEachQueryIsAnswered) {
  Ready client;
  const Message query{.kind = Kind::Query};
  client.session.send_barrier();
  client.session.send(query, 1);
  EXPECT_FALSE(client.session.is_settled()) << "they wait";
  client.session.flush();
  EXPECT_FALSE(client.session.is_settled()) << "they have no answer";
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
    client.session.send(client.order, 1);
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
  Times times;
  OuchSession session(io, plan, 1, {.user = "TOOLONG", .password = ""}, times);
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

TEST(ClientSession, AnswersThatWereNotAskedForEndIt) {
  Ready client;
  client.write(query_response(41));
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "the gate answered a query that was not sent");
}

// --- behind a lost connection

// A session that has lost its connection and gets another one from the same server.
struct Reconnecting : Ready {
  std::vector<Message> messages;  // the plan's, which stay where they are
  std::uint32_t numbers = 0;

  explicit Reconnecting(std::int64_t limit_ns = std::int64_t{1} << 60) : Ready(limit_ns) {
    messages.reserve(20);
  }

  // Handed over at once, and read by the server: its bytes.
  test::Bytes send(Message message) {
    if (takes_number(message.kind)) message.number = ++numbers;
    messages.push_back(message);
    session.send(messages.back(), steady_ns());
    session.flush();
    return read(wire(message).size());
  }
  test::Bytes wire(const Message& message) const {
    test::Bytes payload(ouch::kMaxMessageSize);
    payload.resize(encode(plan, message, 40, payload));
    return packet('U', payload);
  }
  void lose() {
    server.close();
    until([&] { return session.state() != Session::State::Ready; });
  }
  // The next connection; what it logs in with.
  std::string login() {
    until([&] {
      boost::system::error_code error;
      acceptor.non_blocking(true);
      acceptor.accept(server, error);
      return !error;
    });
    server.non_blocking(false);
    until(Session::State::LoggingIn);
    const test::Bytes request = read(49);
    std::string text;
    for (const std::byte byte : std::span(request).subspan(3)) text += static_cast<char>(byte);
    return text;
  }
  void accept(const std::string& next) { write(test::accepted_packet("S1", next)); }
  // The login was only to see where the stream ends.
  void expect_logout() {
    until(Session::State::Connecting);
    EXPECT_EQ(hex(read(3)), hex(packet('O')));
    server.close();
  }
  void expect_query() { EXPECT_EQ(hex(read(4)), hex(packet('U', "Q"))); }
  void ready(std::uint32_t next) {
    write(query_response(next));
    until(Session::State::Ready);
  }
  [[nodiscard]] const LedgerCounts& counts() const { return session.ledger().counts(); }
  [[nodiscard]] std::uint64_t again(Kind kind) const {
    return counts().again[static_cast<std::size_t>(kind)];
  }
  void expect_nothing_more() {
    session.flush();
    EXPECT_EQ(server.available(), 0);
  }
};

std::string login_text(const std::string& session, const std::string& sequence) {
  return "ALPHA1sesame    " + std::string(10 - session.size(), ' ') + session +
         std::string(20 - sequence.size(), ' ') + sequence;
}

test::Bytes accepted(std::uint32_t number) {
  return sequenced(ouch::Accepted{.user_ref_num = number,
                                  .quantity = 5,
                                  .order_state = ouch::OrderState::Live,
                                  .appendage = {}});
}

TEST(ClientReconnect, SendsAgainWhatHadNotArrivedAndNothingElse) {
  Reconnecting client;
  (void)client.send({.quantity = 5});
  const test::Bytes second = client.send({.quantity = 6});
  const test::Bytes third = client.send({.kind = Kind::Replace});
  client.lose();
  EXPECT_EQ(client.session.connections_lost(), 1);
  // The answer of the login was message 7: nothing was missed, and once is enough.
  EXPECT_EQ(client.login(), login_text("S1", "0"));
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(42);
  EXPECT_EQ(client.read(second.size()), second) << "byte for byte";
  EXPECT_EQ(client.read(third.size()), third);
  client.expect_nothing_more();
  EXPECT_EQ(client.counts().sent[static_cast<std::size_t>(Kind::Enter)], 2);
  EXPECT_EQ(client.again(Kind::Enter), 1);
  EXPECT_EQ(client.again(Kind::Replace), 1);
  EXPECT_EQ(client.again(Kind::Query), 1);
  EXPECT_EQ(client.session.ledger().unanswered_enters(), 2);
  EXPECT_EQ(client.times.delays.count(), 3) << "only the first time";
  client.write(accepted(41) + accepted(42));
  client.until([&] { return client.session.ledger().open() == 2; });
  EXPECT_EQ(client.counts().unexpected, 0);
}

TEST(ClientReconnect, HearsWhatItMissedBeforeItsNumbers) {
  Reconnecting client;
  (void)client.send({.quantity = 5});
  const test::Bytes second = client.send({.quantity = 6});
  client.lose();
  EXPECT_EQ(client.login(), login_text("S1", "0"));
  client.accept("9");
  client.expect_logout();
  EXPECT_EQ(client.login(), login_text("S1", "8"));
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.write(accepted(41));
  client.until([&] { return client.session.ledger().open() == 1; });
  client.expect_nothing_more();
  client.ready(42);
  EXPECT_EQ(client.read(second.size()), second);
  client.expect_nothing_more();
}

TEST(ClientReconnect, AnAnswerToAQueryOfBeforeIsNotTheOneToItsOwn) {
  Reconnecting client;
  const test::Bytes first = client.send({.quantity = 5});
  (void)client.send({.kind = Kind::Query});
  const test::Bytes behind = client.send({.number = 1, .kind = Kind::Cancel});
  client.lose();
  (void)client.login();
  client.accept("9");
  client.expect_logout();
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.write(query_response(42));  // message 8: the gate took the query before the loss
  client.until([&] { return client.counts().query_responses == 2; });
  EXPECT_EQ(client.session.state(), Session::State::Asking);
  client.ready(42);
  EXPECT_EQ(client.read(behind.size()), behind) << "what came before the query had arrived";
  client.expect_nothing_more();
  EXPECT_EQ(client.again(Kind::Query), 1);
  EXPECT_EQ(client.again(Kind::Cancel), 1);
}

TEST(ClientReconnect, AQueryThatWasLostIsAskedAgain) {
  Reconnecting client;
  (void)client.send({.quantity = 5});
  const test::Bytes query = client.send({.kind = Kind::Query});
  client.lose();
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(42);
  EXPECT_EQ(client.read(query.size()), query);
  EXPECT_FALSE(client.session.is_settled());
  client.write(query_response(42));
  client.until([&] { return client.session.is_settled(); });
  EXPECT_EQ(client.counts().query_responses, 3);
}

TEST(ClientReconnect, WhatHasNoNumberIsKnownByTheNumberBehindIt) {
  Reconnecting client;
  (void)client.send({.quantity = 5});
  (void)client.send({.number = 1, .kind = Kind::Cancel});
  (void)client.send({.number = 1, .kind = Kind::Repeat});
  (void)client.send({.kind = Kind::MassCancel});
  const test::Bytes cancel = client.send({.number = 1, .kind = Kind::Cancel});
  const test::Bytes repeat = client.send({.number = 1, .kind = Kind::Repeat});
  client.lose();
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(43);  // the mass cancel was taken
  EXPECT_EQ(client.read(cancel.size()), cancel);
  EXPECT_EQ(client.read(repeat.size()), repeat);
  client.expect_nothing_more();
  EXPECT_EQ(client.again(Kind::Cancel), 1);
  EXPECT_EQ(client.again(Kind::Repeat), 1);
  EXPECT_EQ(client.again(Kind::MassCancel), 0);
}

TEST(ClientReconnect, AReplaceThatTookNoNumberIsSentAgain) {
  Reconnecting client;
  (void)client.send({.quantity = 5});
  const test::Bytes ignored = client.send({.kind = Kind::Replace});
  client.lose();
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(42);  // lost or ignored: nobody can say
  EXPECT_EQ(client.read(ignored.size()), ignored);
  client.expect_nothing_more();
}

TEST(ClientReconnect, WhatComesDueMeanwhileGoesBehindWhatIsSentAgain) {
  Reconnecting client;
  const test::Bytes first = client.send({.quantity = 5});
  client.lose();
  const Message late{.number = 2, .quantity = 7};
  client.session.send(late, steady_ns());
  client.session.flush();
  EXPECT_EQ(client.counts().sent[0], 1);
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(41);
  EXPECT_EQ(client.read(first.size()), first);
  EXPECT_EQ(client.read(client.wire(late).size()), client.wire(late));
  EXPECT_EQ(client.counts().sent[0], 2);
  EXPECT_EQ(client.again(Kind::Enter), 1);
}

TEST(ClientReconnect, LosesTheNextConnectionToo) {
  Reconnecting client;
  const test::Bytes first = client.send({.quantity = 5});
  client.lose();
  (void)client.login();
  client.server.close();  // before the answer
  EXPECT_EQ(client.login(), login_text("S1", "0"));
  client.accept("9");
  client.expect_logout();
  (void)client.login();
  client.server.close();  // before what it missed
  EXPECT_EQ(client.login(), login_text("S1", "0")) << "from the beginning";
  client.accept("9");
  client.expect_logout();
  EXPECT_EQ(client.login(), login_text("S1", "8"));
  client.accept("8");
  client.until(Session::State::Asking);
  client.expect_query();
  client.write(accepted(41));
  client.until([&] { return client.session.ledger().open() == 1; });
  client.server.close();  // before its numbers
  EXPECT_EQ(client.login(), login_text("S1", "0"));
  client.accept("9");
  client.until(Session::State::Asking);
  client.expect_query();
  client.ready(42);
  client.expect_nothing_more();
  EXPECT_EQ(client.session.connections_lost(), 1);
  EXPECT_EQ(client.again(Kind::Enter), 0);
  client.lose();
  EXPECT_EQ(client.login(), login_text("S1", "0"));
  EXPECT_EQ(client.session.connections_lost(), 2);
}

TEST(ClientReconnect, ALoginThatIsRejectedEndsIt) {
  Reconnecting client;
  client.lose();
  (void)client.login();
  client.write(packet('J', "S"));
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "login rejected: S");
}

TEST(ClientReconnect, AGateThatHasForgottenNumbersEndsIt) {
  Reconnecting client;
  client.lose();
  (void)client.login();
  client.accept("8");
  client.until(Session::State::Asking);
  client.write(query_response(40));
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(), "the gate has forgotten numbers that it had taken");
}

TEST(ClientReconnect, GivesUpWhenItsTimeIsOver) {
  Reconnecting client(1);
  client.acceptor.close();
  client.server.close();
  client.until(Session::State::Closed);
  EXPECT_EQ(client.session.problem(),
            "the gate closed the connection; then cannot connect: Connection refused");
}

}  // namespace
}  // namespace portcullis::gateway::client::client_session_test
