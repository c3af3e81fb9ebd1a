#include "gateway/soup/client_connection.h"

#include <gtest/gtest.h>

#include "tests/support/soup_packets.h"

namespace portcullis::gateway::soup::soup_client_connection_test {
namespace {

using test::accepted_packet;
using test::as_string;
using test::ascii;
using test::Bytes;
using test::packet;
using test::receive;
using test::take_output;
using test::operator+;
using Type = ClientEvent::Type;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr LoginRequest kLogin{
    .username = "member", .password = "secret", .session = "S1", .sequence = 42};

ClientConnection asking() {
  ClientConnection client({}, 0);
  EXPECT_TRUE(client.login(kLogin));
  take_output(client);
  return client;
}

ClientConnection logged_in() {
  ClientConnection client = asking();
  receive(client, accepted_packet("S1", "42"));
  EXPECT_EQ(client.next_event().type, Type::LoginAccepted);
  return client;
}

void expect_error(ClientConnection& client, LinkError error) {
  const ClientEvent event = client.next_event();
  EXPECT_EQ(event.type, Type::Error);
  EXPECT_EQ(event.error, error) << name(event.error);
  EXPECT_EQ(client.state(), LinkState::Closed);
  EXPECT_EQ(client.next_event().type, Type::None);
}

TEST(SoupClient, SendsItsLoginOnce) {
  ClientConnection client({}, 0);
  ASSERT_TRUE(client.login(kLogin));
  EXPECT_FALSE(client.login(kLogin));
  EXPECT_EQ(take_output(client), test::login_packet("S1", "42"));
}

TEST(SoupClient, DoesNotSendALoginThatDoesNotFit) {
  ClientConnection client({}, 0);
  EXPECT_FALSE(client.login({.username = "toolong", .password = "", .session = ""}));
  EXPECT_TRUE(client.output().empty());
  EXPECT_EQ(client.state(), LinkState::Connected);
}

TEST(SoupClient, LearnsSessionAndNextNumberFromTheAcceptance) {
  ClientConnection client = asking();
  EXPECT_EQ(client.next_sequence(), 0U);
  EXPECT_FALSE(client.is_active());
  receive(client, accepted_packet("S2", "17"));
  const ClientEvent event = client.next_event();
  ASSERT_EQ(event.type, Type::LoginAccepted);
  EXPECT_EQ(event.session, "S2");
  EXPECT_EQ(event.sequence, 17U);
  EXPECT_EQ(client.next_sequence(), 17U);
  EXPECT_TRUE(client.is_active());
}

TEST(SoupClient, LearnsWhyItIsRejected) {
  for (const char reason : {'A', 'S', '?'}) {
    ClientConnection client = asking();
    receive(client, packet('J', std::string(1, reason)) + packet('S', "x"));
    const ClientEvent event = client.next_event();
    ASSERT_EQ(event.type, Type::LoginRejected);
    EXPECT_EQ(static_cast<char>(event.reject_reason), reason);
    EXPECT_EQ(client.next_event().type, Type::None);
    EXPECT_TRUE(client.is_done());
  }
}

TEST(SoupClient, CountsSequencedPacketsAndNothingElse) {
  ClientConnection client = logged_in();
  receive(client, packet('S', "a") + packet('H') + packet('+', "text") + packet('S', "") +
                      packet('S', "c"));
  ClientEvent event = client.next_event();
  EXPECT_EQ(event.type, Type::SequencedData);
  EXPECT_EQ(event.sequence, 42U);
  EXPECT_EQ(as_string(event.payload), "a");
  event = client.next_event();
  EXPECT_EQ(event.type, Type::Debug);
  EXPECT_EQ(as_string(event.payload), "text");
  event = client.next_event();
  EXPECT_EQ(event.sequence, 43U);
  EXPECT_TRUE(event.payload.empty());
  event = client.next_event();
  EXPECT_EQ(event.sequence, 44U);
  EXPECT_EQ(as_string(event.payload), "c");
  EXPECT_EQ(client.next_event().type, Type::None);
  EXPECT_EQ(client.next_sequence(), 45U);
}

TEST(SoupClient, StopsAtTheEndOfSession) {
  ClientConnection client = logged_in();
  receive(client, packet('S', "a") + packet('Z') + packet('S', "b"));
  EXPECT_EQ(client.next_event().type, Type::SequencedData);
  EXPECT_EQ(client.next_event().type, Type::EndOfSession);
  EXPECT_EQ(client.next_event().type, Type::None);
  EXPECT_FALSE(client.send_unsequenced(ascii("x")));
  EXPECT_TRUE(client.is_done());
}

TEST(SoupClient, TakesDebugTextBeforeTheAnswerToItsLogin) {
  ClientConnection client = asking();
  receive(client, packet('+', "welcome") + packet('H') + accepted_packet("S1", "1"));
  EXPECT_EQ(client.next_event().type, Type::Debug);
  EXPECT_EQ(client.next_event().type, Type::LoginAccepted);
}

TEST(SoupClient, RefusesDataBeforeTheAnswerToItsLogin) {
  for (const char type : {'S', 'Z'}) {
    ClientConnection client = asking();
    receive(client, packet(type));
    expect_error(client, LinkError::UnexpectedPacket);
  }
}

TEST(SoupClient, RefusesAnAnswerThatItDidNotAskFor) {
  ClientConnection early({}, 0);
  receive(early, accepted_packet("S1", "1"));
  expect_error(early, LinkError::UnexpectedPacket);
  for (const Bytes& answer : {accepted_packet("S1", "1"), packet('J', "A")}) {
    ClientConnection client = logged_in();
    receive(client, answer);
    expect_error(client, LinkError::UnexpectedPacket);
  }
}

TEST(SoupClient, RefusesPacketsThatOnlyAClientSends) {
  for (const char type : {'L', 'U', 'R', 'O', 'x', '\0'}) {
    ClientConnection client = logged_in();
    receive(client, packet(type));
    expect_error(client, LinkError::UnexpectedPacket);
  }
}

TEST(SoupClient, RefusesPacketsOfTheWrongLength) {
  for (const char type : {'H', 'Z'}) {
    ClientConnection client = logged_in();
    receive(client, packet(type, "x"));
    expect_error(client, LinkError::BadPacketLength);
  }
  for (const Bytes& rejection : {packet('J'), packet('J', "AB")}) {
    ClientConnection client = asking();
    receive(client, rejection);
    expect_error(client, LinkError::BadPacketLength);
  }
  ClientConnection client = asking();
  receive(client, packet('A', "short"));
  expect_error(client, LinkError::MalformedLogin);
}

TEST(SoupClient, RefusesAPacketOfNoLength) {
  ClientConnection client = logged_in();
  receive(client, test::bytes("0000"));
  expect_error(client, LinkError::EmptyPacket);
}

TEST(SoupClient, SendsUnsequencedDebugAndLogoutInOrder) {
  ClientConnection client = logged_in();
  EXPECT_TRUE(client.send_unsequenced(ascii("order")));
  EXPECT_TRUE(client.send_debug("why"));
  EXPECT_TRUE(client.logout());
  EXPECT_FALSE(client.send_unsequenced(ascii("late")));
  EXPECT_EQ(take_output(client), packet('U', "order") + packet('+', "why") + packet('O'));
  EXPECT_TRUE(client.is_done());
}

TEST(SoupClient, SendsNothingBeforeItIsAccepted) {
  ClientConnection client = asking();
  EXPECT_FALSE(client.send_unsequenced(ascii("x")));
  EXPECT_FALSE(client.send_debug("x"));
  EXPECT_FALSE(client.logout());
  client.on_time(5 * kSecond);
  EXPECT_TRUE(client.output().empty());
}

TEST(SoupClient, RefusesAPacketThatDoesNotFit) {
  ClientConnection client({.output_size_max = 100}, 0);
  ASSERT_TRUE(client.login(kLogin));
  receive(client, accepted_packet("S1", "1"));
  ASSERT_EQ(client.next_event().type, Type::LoginAccepted);
  EXPECT_EQ(client.output_room(), 51U);
  EXPECT_FALSE(client.send_unsequenced(Bytes(49)));
  EXPECT_TRUE(client.send_unsequenced(Bytes(48)));
  EXPECT_FALSE(client.logout());
  take_output(client);
  EXPECT_TRUE(client.logout());
}

TEST(SoupClient, SendsAHeartbeatAfterASecondWithoutSending) {
  ClientConnection client = logged_in();
  client.on_time(kSecond - 1);
  EXPECT_TRUE(client.output().empty());
  client.on_time(kSecond);
  EXPECT_EQ(take_output(client), packet('R'));
}

TEST(SoupClient, FindsASilentServerDead) {
  ClientConnection client = logged_in();
  receive(client, packet('H'), kSecond);
  EXPECT_EQ(client.next_event().type, Type::None);
  client.on_time(16 * kSecond - 1);
  EXPECT_EQ(client.next_event().type, Type::None);
  client.on_time(16 * kSecond);
  expect_error(client, LinkError::PeerSilent);
}

TEST(SoupClient, TakesWhatADeadServerSentBefore) {
  ClientConnection client = logged_in();
  receive(client, packet('S', "a") + packet('S', "b"));
  client.on_time(20 * kSecond);
  EXPECT_EQ(client.next_event().sequence, 42U);
  EXPECT_EQ(client.next_event().sequence, 43U);
  expect_error(client, LinkError::PeerSilent);
}

TEST(SoupClient, LimitsTheWaitForAnAnswerToItsLogin) {
  ClientConnection client = asking();
  client.on_time(30 * kSecond - 1);
  EXPECT_EQ(client.next_event().type, Type::None);
  client.on_time(30 * kSecond);
  expect_error(client, LinkError::LoginTimeout);
}

TEST(SoupClient, StartsAgainAfterAReset) {
  ClientConnection client = logged_in();
  receive(client, packet('S', "a"));
  client.reset(kSecond);
  EXPECT_EQ(client.next_sequence(), 0U);
  EXPECT_EQ(client.next_event().type, Type::None);
  EXPECT_TRUE(client.login(kLogin));
}

}  // namespace
}  // namespace portcullis::gateway::soup::soup_client_connection_test
