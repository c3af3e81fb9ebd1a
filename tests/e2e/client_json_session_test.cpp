// The load client's session over JSON against the real edge, with a gate and a venue behind it.
#include "gateway/client/json_session.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/address_v4.hpp>
#include <chrono>

#include "tests/support/edge_world.h"
#include "tests/support/process.h"

namespace portcullis::gateway::client::client_json_session_test {
namespace {

namespace asio = boost::asio;

struct Client {
  test::EdgeWorld world;
  const config::Deployment* deployment = nullptr;
  asio::io_context io{1};
  Plan plan;
  Times times;
  std::unique_ptr<JsonOrders> orders;
  std::unique_ptr<JsonSession> session;

  // Of JSON1, with an order that rests, one that is beyond its collar, and a cancel of the first.
  explicit Client(std::string secret) {
    world.with([this](test::GateWorld& gate) { deployment = &gate.deployment(); });
    const auto index = static_cast<std::uint16_t>(deployment->names.sessions.find("JSON1").value);
    plan.symbols = {{'A', 'M', 'Z', 'N', ' ', ' ', ' ', ' '}};
    plan.numbers.assign(deployment->sessions.size(), 0);
    plan.numbers[index] = 2;
    plan.messages = {{.price = 21'900, .number = 1, .quantity = 5, .symbol = 0},
                     {.price = 90'000, .number = 2, .quantity = 5, .symbol = 0},
                     {.number = 1, .kind = Kind::Cancel}};
    for (Message& message : plan.messages) message.session = index;
    orders = std::make_unique<JsonOrders>(plan, *deployment, "r1");
    session = std::make_unique<JsonSession>(
        io, plan, *orders, index,
        Login{.user = "JSON1", .api_key = "key-JSON1", .secret = std::move(secret)}, times);
    session->connect({asio::ip::address_v4::loopback(), world.port()});
  }
  template <class F>
  void until(F&& holds) {
    const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << session->problem();
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
      session->on_time(steady_ns());
    }
  }
  void send(std::size_t message) {
    session->send(plan.messages[message], steady_ns());
    session->flush();
    until([&] { return session->is_settled(); });
  }
};

TEST(ClientJsonSession, SendsHearsAndIsToldTheSameByTheQueries) {
  Client client(test::api_secret("JSON1"));
  client.until([&] { return client.session->state() == Session::State::Ready; });
  client.send(0);
  const Ledger& ledger = client.session->ledger();
  EXPECT_EQ(ledger.counts().accepted, 1);
  EXPECT_EQ(ledger.open(), 1);
  client.send(1);
  EXPECT_EQ(ledger.counts().rejected, 1);
  client.session->list_all();
  client.until([&] { return client.session->is_settled(); });
  EXPECT_EQ(client.session->listed().open, 1);
  client.send(2);
  client.until([&] { return ledger.open() == 0; });
  EXPECT_EQ(ledger.counts().canceled, 1);
  client.session->list_all();
  client.until([&] { return client.session->is_settled(); });
  client.session->close_books();
  EXPECT_EQ(client.session->listed().open, 0);
  EXPECT_EQ(ledger.counts().replies, 3);
  EXPECT_EQ(ledger.counts().unexpected, 0);
  client.session->logout();
  EXPECT_EQ(client.session->state(), Session::State::Closed);
  EXPECT_EQ(client.session->problem(), "");
}

TEST(ClientJsonSession, IsClosedWithoutTheSecret) {
  Client client("no secret of it");
  client.until([&] { return client.session->state() == Session::State::Closed; });
  EXPECT_EQ(client.session->problem(), "auth refused: 10004 wrong signature");
  client.session->send(client.plan.messages[0], 1);
  EXPECT_EQ(client.session->ledger().counts().unsent, 1);
}

TEST(ClientJsonSession, SaysThatTheGateHasClosed) {
  Client client(test::api_secret("JSON1"));
  client.until([&] { return client.session->state() == Session::State::Ready; });
  client.world.stop_edge();
  client.until([&] { return client.session->state() == Session::State::Closed; });
  EXPECT_NE(client.session->problem(), "");
  EXPECT_EQ(client.session->connections_lost(), 1);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_json_session_test
