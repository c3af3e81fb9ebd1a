// TCP may cut and merge packets anywhere: a connection must yield the same events however its input
// arrives.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "tests/support/seed.h"
#include "tests/support/soup_packets.h"

namespace portcullis::gateway::soup::soup_split_test {
namespace {

using test::as_string;
using test::Bytes;
using test::packet;
using test::operator+;

constexpr LinkSettings kSmall{.input_size_max = 103, .inbound_payload_size_max = 100};

// Everything that an event says, as text.
std::string describe(const ServerEvent& event) {
  return std::to_string(static_cast<int>(event.type)) + ' ' + std::string(name(event.error)) +
         " '" + as_string(event.payload) + "' " + std::string(event.login.username) + ' ' +
         std::string(event.login.session) + ' ' + std::to_string(event.login.sequence);
}
std::string describe(const ClientEvent& event) {
  return std::to_string(static_cast<int>(event.type)) + ' ' + std::string(name(event.error)) +
         " '" + as_string(event.payload) + "' " + std::string(event.session) + ' ' +
         std::to_string(event.sequence) + ' ' +
         std::to_string(static_cast<int>(event.reject_reason));
}

ServerConnection make(const ServerConnection*, const LinkSettings& settings) {
  return ServerConnection(settings, 0);
}
ClientConnection make(const ClientConnection*, const LinkSettings& settings) {
  ClientConnection client(settings, 0);
  EXPECT_TRUE(client.login({.username = "member", .password = "secret", .session = ""}));
  return client;
}

void take_events(ServerConnection& server, std::vector<std::string>& out) {
  while (true) {
    const ServerEvent event = server.next_event();
    if (event.type == ServerEvent::Type::None) return;
    out.push_back(describe(event));
    if (event.type == ServerEvent::Type::LoginRequest && !server.accept_login("S1", 1)) return;
  }
}
void take_events(ClientConnection& client, std::vector<std::string>& out) {
  while (true) {
    const ClientEvent event = client.next_event();
    if (event.type == ClientEvent::Type::None) return;
    out.push_back(describe(event));
  }
}

// Feeds `stream` in pieces that end at the given positions, as far as there is room each time.
template <class Connection>
std::vector<std::string> events_of(const Bytes& stream, const std::vector<std::size_t>& ends,
                                   const LinkSettings& settings) {
  Connection connection = make(static_cast<const Connection*>(nullptr), settings);
  std::vector<std::string> events;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    while (at < end) {
      const std::size_t n = std::min(end - at, connection.input().size());
      if (n == 0) {
        ADD_FAILURE() << "no room and no event";
        return events;
      }
      test::receive(connection, std::span(stream).subspan(at, n));
      at += n;
      take_events(connection, events);
    }
  }
  return events;
}

template <class Connection>
void check_splits(const Bytes& stream, std::size_t expected_events) {
  std::mt19937_64 random(test::seed());

  const auto whole = events_of<Connection>(stream, {stream.size()}, {});
  EXPECT_EQ(whole.size(), expected_events);

  // Every position as the only cut.
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ASSERT_EQ(events_of<Connection>(stream, {cut, stream.size()}, {}), whole) << "cut at " << cut;
  }
  // Byte by byte, and in small pieces through an input that holds hardly a packet.
  std::vector<std::size_t> every;
  for (std::size_t end = 1; end <= stream.size(); ++end) every.push_back(end);
  ASSERT_EQ(events_of<Connection>(stream, every, kSmall), whole);
  ASSERT_EQ(events_of<Connection>(stream, {stream.size()}, kSmall), whole);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::size_t> ends;
    for (std::size_t end = 0; end < stream.size();) {
      end = std::min(stream.size(), end + 1 + random() % 150);
      ends.push_back(end);
    }
    ASSERT_EQ(events_of<Connection>(stream, ends, round % 2 == 0 ? kSmall : LinkSettings{}), whole);
  }
}

Bytes random_packets(char data_type, char heartbeat_type) {
  std::mt19937_64 random(7);  // the stream itself is always the same
  Bytes stream;
  for (int i = 0; i < 200; ++i) {
    const auto kind = random() % 4;
    if (kind == 0) {
      stream = stream + packet(heartbeat_type);
    } else {
      const auto payload = test::random_bytes(random, random() % 20 == 0 ? 100 : random() % 30);
      stream = stream + packet(kind == 1 ? '+' : data_type, payload);
    }
  }
  return stream;
}

std::size_t count_events(const Bytes& stream, char heartbeat_type) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < stream.size();) {
    if (stream[at + 2] != std::byte(heartbeat_type)) ++count;
    at += 2 + std::to_integer<std::size_t>(stream[at]) * 256 +
          std::to_integer<std::size_t>(stream[at + 1]);
  }
  return count;
}

TEST(SoupSplit, AServerYieldsTheSameEventsHoweverItsInputIsCut) {
  const Bytes stream = test::login_packet("S1", "42") + random_packets('U', 'R') + packet('O');
  check_splits<ServerConnection>(stream + packet('U', "ignored"), count_events(stream, 'R'));
}

TEST(SoupSplit, AServerFailsAtTheSameByteHoweverItsInputIsCut) {
  const Bytes stream = test::login_packet() + random_packets('U', 'R');
  check_splits<ServerConnection>(stream + packet('S', "not from a client") + packet('U', "ignored"),
                                 count_events(stream, 'R') + 1);
  check_splits<ServerConnection>(stream + test::bytes("0000") + packet('U', "ignored"),
                                 count_events(stream, 'R') + 1);
}

TEST(SoupSplit, AClientYieldsTheSameEventsHoweverItsInputIsCut) {
  const Bytes stream = test::accepted_packet("S1", "42") + random_packets('S', 'H') + packet('Z');
  check_splits<ClientConnection>(stream + packet('S', "ignored"), count_events(stream, 'H'));
}

// Both ends against each other, with pieces of random size both ways.
TEST(SoupSplit, TwoEndsCarryEveryPayloadInOrder) {
  std::mt19937_64 random(11);
  ServerConnection server(
      LinkSettings{.input_size_max = 500, .output_size_max = 300, .inbound_payload_size_max = 100},
      0);
  ClientConnection client(
      LinkSettings{.input_size_max = 500, .output_size_max = 300, .inbound_payload_size_max = 100},
      0);
  ASSERT_TRUE(client.login({.username = "member", .password = "secret", .session = ""}));
  const auto carry = [&](auto& from, auto& to) {
    const auto output = from.output();
    const std::size_t n = std::min({output.size(), to.input().size(), std::size_t(random() % 90)});
    test::receive(to, output.first(n));
    from.sent(n);
  };
  std::vector<Bytes> orders;
  std::vector<Bytes> answers;
  std::size_t orders_seen = 0;
  std::size_t answers_seen = 0;
  for (int step = 0; step < 50'000; ++step) {
    carry(client, server);
    carry(server, client);
    const Bytes payload = test::random_bytes(random, random() % 100);
    if (random() % 4 == 0 && client.send_unsequenced(payload)) orders.push_back(payload);
    if (random() % 4 == 0 && server.send_sequenced(payload)) answers.push_back(payload);
    const ServerEvent at_server = server.next_event();
    if (at_server.type == ServerEvent::Type::LoginRequest) {
      ASSERT_TRUE(server.accept_login("S1", 1));
    } else if (at_server.type == ServerEvent::Type::UnsequencedData) {
      ASSERT_LT(orders_seen, orders.size());
      ASSERT_EQ(as_string(at_server.payload), as_string(orders[orders_seen++]));
    } else {
      ASSERT_EQ(at_server.type, ServerEvent::Type::None);
    }
    const ClientEvent at_client = client.next_event();
    if (at_client.type == ClientEvent::Type::SequencedData) {
      ASSERT_LT(answers_seen, answers.size());
      ASSERT_EQ(as_string(at_client.payload), as_string(answers[answers_seen++]));
      ASSERT_EQ(at_client.sequence, answers_seen);
    } else {
      ASSERT_TRUE(at_client.type == ClientEvent::Type::None ||
                  at_client.type == ClientEvent::Type::LoginAccepted);
    }
  }
  EXPECT_GT(orders_seen, 5'000U);
  EXPECT_GT(answers_seen, 5'000U);
}

}  // namespace
}  // namespace portcullis::gateway::soup::soup_split_test
