#include "gateway/soup/server_connection.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "tests/support/soup_packets.h"

namespace portcullis::gateway::soup::soup_server_connection_test {
namespace {

using test::as_string;
using test::ascii;
using test::Bytes;
using test::login_packet;
using test::packet;
using test::receive;
using test::take_output;
using test::operator+;
using Type = ServerEvent::Type;

constexpr std::int64_t kSecond = 1'000'000'000;

ServerConnection logged_in(const LinkSettings& settings = {}) {
  ServerConnection server(settings, 0);
  receive(server, login_packet());
  EXPECT_EQ(server.next_event().type, Type::LoginRequest);
  EXPECT_TRUE(server.accept_login("S1", 1));
  take_output(server);
  return server;
}

void expect_error(ServerConnection& server, LinkError error) {
  const ServerEvent event = server.next_event();
  EXPECT_EQ(event.type, Type::Error);
  EXPECT_EQ(event.error, error) << name(event.error);
  EXPECT_EQ(server.state(), LinkState::Closed);
  EXPECT_EQ(server.next_event().type, Type::None);
}

// --- Login

TEST(SoupServer, AsksForADecisionOnTheLogin) {
  ServerConnection server({}, 0);
  EXPECT_EQ(server.next_event().type, Type::None);
  receive(server, login_packet("S1", "42"));
  const ServerEvent event = server.next_event();
  ASSERT_EQ(event.type, Type::LoginRequest);
  EXPECT_EQ(event.login.username, "member");
  EXPECT_EQ(event.login.password, "secret");
  EXPECT_EQ(event.login.session, "S1");
  EXPECT_EQ(event.login.sequence, 42U);
  EXPECT_EQ(server.state(), LinkState::LoginPending);
  EXPECT_TRUE(server.output().empty());
}

TEST(SoupServer, AcceptsALogin) {
  ServerConnection server({}, 0);
  receive(server, login_packet());
  ASSERT_EQ(server.next_event().type, Type::LoginRequest);
  ASSERT_TRUE(server.accept_login("S1", 43));
  EXPECT_TRUE(server.is_active());
  EXPECT_EQ(take_output(server), test::accepted_packet("S1", "43"));
}

TEST(SoupServer, HoldsEverythingBackUntilTheLoginIsDecided) {
  ServerConnection server({}, 0);
  receive(server, login_packet() + packet('U', "order"));
  ASSERT_EQ(server.next_event().type, Type::LoginRequest);
  EXPECT_EQ(server.next_event().type, Type::None);
  EXPECT_EQ(server.next_event().type, Type::None);
  ASSERT_TRUE(server.accept_login("S1", 1));
  const ServerEvent event = server.next_event();
  EXPECT_EQ(event.type, Type::UnsequencedData);
  EXPECT_EQ(as_string(event.payload), "order");
}

TEST(SoupServer, RejectsALoginAndIsDoneWhenThatIsSent) {
  for (const auto& [reason, letter] : {std::pair{LoginRejectReason::NotAuthorized, "A"},
                                       std::pair{LoginRejectReason::SessionNotAvailable, "S"}}) {
    ServerConnection server({}, 0);
    receive(server, login_packet() + packet('U', "order"));
    ASSERT_EQ(server.next_event().type, Type::LoginRequest);
    ASSERT_TRUE(server.reject_login(reason));
    EXPECT_FALSE(server.is_done());
    EXPECT_EQ(take_output(server), packet('J', letter));
    EXPECT_TRUE(server.is_done());
    EXPECT_EQ(server.next_event().type, Type::None);
  }
}

TEST(SoupServer, CannotDecideALoginThatIsNotPending) {
  ServerConnection server({}, 0);
  EXPECT_FALSE(server.accept_login("S1", 1));
  EXPECT_FALSE(server.reject_login(LoginRejectReason::NotAuthorized));
  ServerConnection active = logged_in();
  EXPECT_FALSE(active.accept_login("S1", 1));
  EXPECT_FALSE(active.reject_login(LoginRejectReason::NotAuthorized));
  EXPECT_TRUE(active.output().empty());
}

TEST(SoupServer, CannotAcceptWithTooLongASession) {
  ServerConnection server({}, 0);
  receive(server, login_packet());
  ASSERT_EQ(server.next_event().type, Type::LoginRequest);
  EXPECT_FALSE(server.accept_login("12345678901", 1));
  EXPECT_EQ(server.state(), LinkState::LoginPending);
  EXPECT_TRUE(server.accept_login("1234567890", 1));
}

TEST(SoupServer, TakesNothingButALoginFirst) {
  for (const char type : {'U', 'R', 'O', '+', 'A', 'J', 'S', 'H', 'Z', 'x', '\0'}) {
    ServerConnection server({}, 0);
    receive(server, packet(type));
    expect_error(server, LinkError::UnexpectedPacket);
  }
}

TEST(SoupServer, RefusesAMalformedLogin) {
  for (const Bytes& payload : {ascii(std::string(46, ' ')), ascii(std::string(45, '1')),
                               ascii(std::string(47, '1')), Bytes(46)}) {
    ServerConnection server({}, 0);
    receive(server, packet('L', payload));
    expect_error(server, LinkError::MalformedLogin);
  }
}

TEST(SoupServer, RefusesASecondLogin) {
  ServerConnection server = logged_in();
  receive(server, login_packet());
  expect_error(server, LinkError::UnexpectedPacket);
}

// --- Packets

TEST(SoupServer, YieldsOnePacketAtATimeAndSkipsHeartbeats) {
  ServerConnection server = logged_in();
  receive(server, packet('R') + packet('U', "one") + packet('R') + packet('R') +
                      packet('+', "hello") + packet('U', "") + packet('O'));
  ServerEvent event = server.next_event();
  EXPECT_EQ(event.type, Type::UnsequencedData);
  EXPECT_EQ(as_string(event.payload), "one");
  event = server.next_event();
  EXPECT_EQ(event.type, Type::Debug);
  EXPECT_EQ(as_string(event.payload), "hello");
  event = server.next_event();
  EXPECT_EQ(event.type, Type::UnsequencedData);
  EXPECT_TRUE(event.payload.empty());
  EXPECT_EQ(server.next_event().type, Type::Logout);
  EXPECT_EQ(server.next_event().type, Type::None);
}

TEST(SoupServer, TellsWhatComesBehindAnEventAndTakesNothing) {
  ServerConnection server = logged_in();
  const auto coming = [&server] { return as_string(server.coming_data()); };
  EXPECT_EQ(coming(), "");
  receive(server, packet('U', "one") + packet('U', "two") + packet('R', "") + packet('U', "three"));
  EXPECT_EQ(coming(), "one");
  EXPECT_EQ(coming(), "one");
  EXPECT_EQ(as_string(server.next_event().payload), "one");
  EXPECT_EQ(coming(), "two");
  EXPECT_EQ(as_string(server.next_event().payload), "two");
  EXPECT_EQ(coming(), "") << "a heartbeat";
  EXPECT_EQ(as_string(server.next_event().payload), "three");
  EXPECT_EQ(coming(), "");
  const Bytes half = packet('U', "half");
  receive(server, std::span(half).first(half.size() - 1));
  EXPECT_EQ(coming(), "");
  receive(server, std::span(half).last(1));
  EXPECT_EQ(coming(), "half");
  EXPECT_EQ(as_string(server.next_event().payload), "half");
  receive(server, ascii(std::string(2, '\0')));
  EXPECT_EQ(coming(), "") << "a packet of no length";
  expect_error(server, LinkError::EmptyPacket);
  EXPECT_EQ(coming(), "");
}

TEST(SoupServer, PayloadsPointIntoTheInput) {
  ServerConnection server = logged_in();
  const auto input = server.input();
  receive(server, packet('U', "one") + packet('U', "two"));
  const ServerEvent one = server.next_event();
  const ServerEvent two = server.next_event();
  EXPECT_EQ(one.payload.data(), input.data() + 3);
  EXPECT_EQ(as_string(one.payload) + as_string(two.payload), "onetwo");
}

TEST(SoupServer, IgnoresWhatFollowsALogout) {
  ServerConnection server = logged_in();
  receive(server, packet('O') + packet('U', "late") + test::bytes("0000"));
  EXPECT_EQ(server.next_event().type, Type::Logout);
  EXPECT_EQ(server.next_event().type, Type::None);
  receive(server, packet('U', "later"));
  EXPECT_EQ(server.next_event().type, Type::None);
  EXPECT_TRUE(server.is_done());
  EXPECT_FALSE(server.send_sequenced(ascii("x")));
  EXPECT_TRUE(server.output().empty());
}

TEST(SoupServer, IgnoresAnyAmountOfDataOnceClosed) {
  const LinkSettings settings{.input_size_max = 100, .inbound_payload_size_max = 50};
  ServerConnection server = logged_in(settings);
  receive(server, packet('O'));
  EXPECT_EQ(server.next_event().type, Type::Logout);
  for (int i = 0; i < 1'000; ++i) receive(server, Bytes(server.input().size() / 2));
  EXPECT_EQ(server.input().size(), 100U);
  EXPECT_EQ(server.next_event().type, Type::None);
}

TEST(SoupServer, RefusesAPacketOfNoLength) {
  ServerConnection server = logged_in();
  receive(server, packet('U', "one") + test::bytes("0000") + packet('U', "two"));
  EXPECT_EQ(server.next_event().type, Type::UnsequencedData);
  expect_error(server, LinkError::EmptyPacket);
}

TEST(SoupServer, RefusesAPayloadAboveTheConfiguredLength) {
  const LinkSettings settings{.inbound_payload_size_max = 100};
  ServerConnection server = logged_in(settings);
  receive(server, packet('U', std::string(100, 'x')));
  EXPECT_EQ(server.next_event().payload.size(), 100U);
  receive(server, test::bytes("0066"));
  expect_error(server, LinkError::PacketTooLong);
}

TEST(SoupServer, RefusesAHeartbeatOrLogoutWithAPayload) {
  for (const char type : {'R', 'O'}) {
    ServerConnection server = logged_in();
    receive(server, packet(type, "x"));
    expect_error(server, LinkError::BadPacketLength);
  }
}

TEST(SoupServer, RefusesPacketsThatOnlyAServerSends) {
  for (const char type : {'A', 'J', 'S', 'H', 'Z', 'x', '\0'}) {
    ServerConnection server = logged_in();
    receive(server, packet(type));
    expect_error(server, LinkError::UnexpectedPacket);
  }
}

TEST(SoupServer, SendsSequencedDebugAndEndOfSessionInOrder) {
  ServerConnection server = logged_in();
  EXPECT_TRUE(server.send_sequenced(ascii("one")));
  EXPECT_TRUE(server.send_debug("why"));
  EXPECT_TRUE(server.send_end_of_session());
  EXPECT_EQ(take_output(server), packet('S', "one") + packet('+', "why") + packet('Z'));
  EXPECT_TRUE(server.is_done());
}

TEST(SoupServer, SendsNothingBeforeTheLogin) {
  ServerConnection server({}, 0);
  EXPECT_FALSE(server.send_sequenced(ascii("x")));
  EXPECT_FALSE(server.send_debug("x"));
  EXPECT_FALSE(server.send_end_of_session());
  server.on_time(5 * kSecond);
  EXPECT_TRUE(server.output().empty());
}

// --- A slow consumer

TEST(SoupServer, RefusesAPacketThatDoesNotFitAndKeepsTheRest) {
  const LinkSettings settings{.output_size_max = 100};
  ServerConnection server = logged_in(settings);
  const std::string payload(47, 'x');  // 50 with its header
  ASSERT_TRUE(server.send_sequenced(ascii(payload)));
  ASSERT_TRUE(server.send_sequenced(ascii(payload)));
  EXPECT_EQ(server.output_room(), 0U);
  EXPECT_FALSE(server.send_sequenced({}));
  EXPECT_FALSE(server.send_debug(""));
  EXPECT_FALSE(server.send_end_of_session());
  EXPECT_TRUE(server.is_active());

  server.sent(3);
  EXPECT_FALSE(server.send_sequenced(ascii("x")));
  EXPECT_TRUE(server.send_sequenced({}));
  EXPECT_EQ(take_output(server), ascii(payload) + packet('S', payload) + packet('S'));
}

TEST(SoupServer, RefusesAPayloadTooLongForTheProtocol) {
  const LinkSettings settings{.output_size_max = 100'000};
  ServerConnection server = logged_in(settings);
  EXPECT_FALSE(server.send_sequenced(Bytes(65'535)));
  EXPECT_TRUE(server.send_sequenced(Bytes(65'534)));
}

// --- Time

TEST(SoupServer, SendsAHeartbeatAfterASecondWithoutSending) {
  ServerConnection server = logged_in();
  server.on_time(kSecond - 1);
  EXPECT_TRUE(server.output().empty());
  EXPECT_EQ(server.deadline_ns(), kSecond);
  server.on_time(kSecond);
  EXPECT_EQ(take_output(server), packet('H'));
  server.on_time(kSecond + 1);
  EXPECT_TRUE(server.output().empty());
  server.on_time(2 * kSecond);
  EXPECT_EQ(take_output(server), packet('H'));
}

TEST(SoupServer, AnythingSentPutsTheHeartbeatOff) {
  ServerConnection server = logged_in();
  server.on_time(kSecond - 1);
  ASSERT_TRUE(server.send_sequenced(ascii("x")));
  take_output(server);
  server.on_time(kSecond);
  EXPECT_TRUE(server.output().empty());
  EXPECT_EQ(server.deadline_ns(), 2 * kSecond - 1);
  server.on_time(2 * kSecond - 1);
  EXPECT_EQ(take_output(server), packet('H'));
}

TEST(SoupServer, DoesNotHeapHeartbeatsOnAPeerThatDoesNotRead) {
  ServerConnection server = logged_in();
  for (int second = 1; second < 10; ++second) server.on_time(second * kSecond);
  EXPECT_EQ(take_output(server), packet('H'));
}

TEST(SoupServer, WaitsOnlyForThePeerWhileItHasOutput) {
  ServerConnection server = logged_in();
  ASSERT_TRUE(server.send_sequenced(ascii("x")));
  EXPECT_EQ(server.deadline_ns(), 15 * kSecond);
  server.on_time(15 * kSecond);
  EXPECT_EQ(server.deadline_ns(), std::numeric_limits<std::int64_t>::max());
  expect_error(server, LinkError::PeerSilent);
}

TEST(SoupServer, FindsAPeerDeadAfterFifteenSecondsOfSilence) {
  ServerConnection server = logged_in();
  receive(server, packet('R'), kSecond);
  EXPECT_EQ(server.next_event().type, Type::None);
  server.on_time(16 * kSecond - 1);
  EXPECT_EQ(server.next_event().type, Type::None);
  server.on_time(16 * kSecond);
  expect_error(server, LinkError::PeerSilent);
}

TEST(SoupServer, APeerThatIsNotReadIsNotSilent) {
  ServerConnection server = logged_in();
  server.excuse_silence(14 * kSecond);
  server.on_time(20 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::None);
  server.on_time(29 * kSecond);
  expect_error(server, LinkError::PeerSilent);
}

TEST(SoupServer, HalfAPacketIsASignOfLife) {
  ServerConnection server = logged_in();
  receive(server, test::bytes("00"), 14 * kSecond);
  server.on_time(15 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::None);
}

TEST(SoupServer, YieldsWhatADeadPeerSentBefore) {
  ServerConnection server = logged_in();
  receive(server, packet('U', "order"), kSecond);
  server.on_time(20 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::UnsequencedData);
  expect_error(server, LinkError::PeerSilent);
}

TEST(SoupServer, LimitsTheTimeToLogIn) {
  ServerConnection server({}, 5 * kSecond);
  EXPECT_EQ(server.deadline_ns(), 35 * kSecond);
  receive(server, test::bytes("00"), 34 * kSecond);
  server.on_time(35 * kSecond - 1);
  EXPECT_EQ(server.next_event().type, Type::None);
  server.on_time(35 * kSecond);
  expect_error(server, LinkError::LoginTimeout);
}

TEST(SoupServer, LimitsTheTimeToDecideALogin) {
  ServerConnection server({.login_ns_max = 2 * kSecond}, 0);
  receive(server, login_packet());
  ASSERT_EQ(server.next_event().type, Type::LoginRequest);
  server.on_time(2 * kSecond);
  expect_error(server, LinkError::LoginTimeout);
  EXPECT_FALSE(server.accept_login("S1", 1));
}

TEST(SoupServer, HasNoDeadlineOnceClosed) {
  ServerConnection server = logged_in();
  receive(server, packet('O'));
  EXPECT_EQ(server.next_event().type, Type::Logout);
  EXPECT_EQ(server.deadline_ns(), std::numeric_limits<std::int64_t>::max());
  server.on_time(100 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::None);
  EXPECT_TRUE(server.output().empty());
}

// --- Reuse and settings

TEST(SoupServer, ForgetsEverythingAtAReset) {
  ServerConnection server = logged_in();
  ASSERT_TRUE(server.send_sequenced(ascii("old")));
  receive(server, packet('U', "unread"));
  server.reset(100 * kSecond);
  EXPECT_TRUE(server.output().empty());
  EXPECT_EQ(server.next_event().type, Type::None);
  EXPECT_EQ(server.state(), LinkState::Connected);
  EXPECT_EQ(server.deadline_ns(), 130 * kSecond);
  receive(server, login_packet(), 100 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::LoginRequest);
}

TEST(SoupServer, ForgetsALatenessAtAReset) {
  ServerConnection server = logged_in();
  server.on_time(20 * kSecond);
  server.reset(20 * kSecond);
  EXPECT_EQ(server.next_event().type, Type::None);
  EXPECT_EQ(server.state(), LinkState::Connected);
}

TEST(SoupServer, RefusesSettingsThatCannotWork) {
  const auto make = [](const LinkSettings& settings) { ServerConnection server(settings, 0); };
  EXPECT_THROW(make({.inbound_payload_size_max = 45}), std::invalid_argument);
  EXPECT_NO_THROW(make({.inbound_payload_size_max = 46}));
  EXPECT_THROW(make({.input_size_max = 100'000, .inbound_payload_size_max = 65'535}),
               std::invalid_argument);
  EXPECT_THROW(make({.input_size_max = 102, .inbound_payload_size_max = 100}),
               std::invalid_argument);
  EXPECT_NO_THROW(make({.input_size_max = 103, .inbound_payload_size_max = 100}));
  EXPECT_THROW(make({.output_size_max = 48}), std::invalid_argument);
}

}  // namespace
}  // namespace portcullis::gateway::soup::soup_server_connection_test
