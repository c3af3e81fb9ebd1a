// The gate's side of a client's SoupBinTCP session, over real sockets: logins, streams, frames and
// what a client may do wrong.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/seed.h"
#include "tests/support/soup_packets.h"

namespace portcullis::test::gate_server_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;

Bytes message_packet(const ouch::InboundMessage& message) {
  return packet('U', venue_sim::bytes_of(message));
}

Bytes login_as(std::string_view user, std::string_view sequence = "0",
               std::string_view password = kClientPassword) {
  std::string text(46, ' ');
  text.replace(0, user.size(), user);
  text.replace(6, password.size(), password);
  text.replace(text.size() - sequence.size(), sequence.size(), sequence);
  return packet('L', text);
}

// A gate and a venue that are linked.
// Queries spend the budget of exits: ample, for who asks without end.
const Change kManyQueries{
    kSet, "sessions.json", "sessions.ALPHA2.rate",
    R"({"per_second":20000,"burst":5000,"exit_per_second":100000000,"exit_burst":1000000})"};

class GateServer : public GateAndVenue {
 protected:
  void start(const std::vector<Change>& changes = {}) {
    deployment_ = std::make_unique<TestDeployment>(changes);
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
    wait_for_link(gate_->port());
  }
  std::uint16_t port() const { return gate_->port(); }
};

// --- Logins

TEST_F(GateServer, RejectsLoginsWithWrongUserPasswordSessionOrNumber) {
  start();
  const auto reason = [&](std::string_view user, std::string_view password, std::uint64_t sequence,
                          std::string_view session) {
    OuchClient client(port());
    EXPECT_FALSE(client.login(user, sequence, session, password));
    client.wait_for_end();
    return client.reject_reason;
  };
  EXPECT_EQ(reason("ALPHA2", "wrong", 1, ""), 'A');
  EXPECT_EQ(reason("ALPHA2", "", 1, ""), 'A');
  EXPECT_EQ(reason("ALPHA2", "sesame1", 1, ""), 'A');
  EXPECT_EQ(reason("ALPHA2", "sesam", 1, ""), 'A');
  EXPECT_EQ(reason("NOBODY", kClientPassword, 1, ""), 'A');
  EXPECT_EQ(reason("", kClientPassword, 1, ""), 'A');
  EXPECT_EQ(reason("alpha2", kClientPassword, 1, ""), 'A');
  EXPECT_EQ(reason("ALPHA2", kClientPassword, 1, "ELSEWHERE"), 'S');
  EXPECT_EQ(reason("ALPHA2", kClientPassword, 3, ""), 'S') << "there is one message: the next is 2";
  EXPECT_EQ(reason("ALPHA2", kClientPassword, ~std::uint64_t{0}, ""), 'S');
  OuchClient client(port());
  EXPECT_TRUE(client.login("ALPHA2"));
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.logins_rejected"), 10);
}

TEST_F(GateServer, AcceptsBlankAndEqualSessionsAndTheNextNumber) {
  start();
  OuchClient blank(port());
  ASSERT_TRUE(blank.login("ALPHA2", 1));
  EXPECT_EQ(blank.session.size(), 10U);
  EXPECT_EQ(blank.first_sequence, 1U);
  EXPECT_EQ(blank.receive(1), Lines{"S"});
  OuchClient equal(port());
  ASSERT_TRUE(equal.login("ALPHA2", 2, blank.session));
  EXPECT_EQ(equal.session, blank.session);
  EXPECT_EQ(equal.first_sequence, 2U) << "one above the last there is";
  OuchClient only_new(port());
  ASSERT_TRUE(only_new.login("ALPHA2", 0));
  EXPECT_EQ(only_new.first_sequence, 2U);
  only_new.send(buy(1, 1));
  EXPECT_EQ(only_new.receive(1), Lines{"A 1 L 1@64000000"});
  stop();
}

TEST_F(GateServer, ClosesConnectionsThatDoNotBeginWithALogin) {
  start();
  std::vector<Bytes> beginnings = {message_packet(buy(1, 1)),
                                   packet('R'),
                                   packet('+', "hello"),
                                   packet('O'),
                                   packet('S', "x"),
                                   bytes("0000"),
                                   packet('L', "too short"),
                                   packet('L', std::string(46, '\x01')),
                                   login_as("ALPHA2", "x"),
                                   login_as("ALPHA2", "99999999999999999999"),
                                   packet('L', std::string(47, ' ')),
                                   bytes("ffff 'U'"),
                                   bytes("'GET / HTTP/1.1' 0d0a0d0a")};
  for (const Bytes& beginning : beginnings) {
    const RawSocket socket(port());
    ASSERT_TRUE(socket.send(beginning));
    EXPECT_EQ(hex(socket.read_to_end()), "") << hex(beginning);
  }
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.query(), 1U) << "nothing of it was taken for an order";
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.protocol_errors"),
            static_cast<std::int64_t>(beginnings.size()));
}

TEST_F(GateServer, ClosesConnectionsThatNeverLogIn) {
  start({{kSet, "process.json", "gateway.login_timeout_ms", "2000"}});
  const RawSocket silent(port());
  const RawSocket half_a_login(port());
  const Bytes login = login_as("ALPHA2");
  ASSERT_TRUE(half_a_login.send(std::span(login).first(20)));
  EXPECT_EQ(hex(silent.read_to_end()), "");
  EXPECT_EQ(hex(half_a_login.read_to_end()), "");
  stop();
}

TEST_F(GateServer, LetsTheNewestLoginWin) {
  start();
  OuchClient old_one(port());
  ASSERT_TRUE(old_one.login("ALPHA2"));
  old_one.send(buy(1, 1));
  EXPECT_EQ(old_one.receive(2), (Lines{"S", "A 1 L 1@64000000"}));
  OuchClient new_one(port());
  ASSERT_TRUE(new_one.login("ALPHA2", 0, old_one.session));
  old_one.wait_for_end();
  new_one.send(buy(2, 1));
  EXPECT_EQ(new_one.receive(1), Lines{"A 2 L 1@64000000"});
  EXPECT_EQ(old_one.stream.size(), 2U);
  // A refused login takes nothing from it.
  OuchClient refused(port());
  EXPECT_FALSE(refused.login("ALPHA2", 1, "", "wrong"));
  new_one.send(cancel(2));
  EXPECT_EQ(new_one.receive(1), Lines{"C 2 -1 U"});
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.logins_superseded"), 1);
}

TEST_F(GateServer, RefusesConnectionsBeyondTheMaximumAndTakesThemWhenThereIsRoom) {
  start({{kSet, "process.json", "gateway.connections_max", "3"}});
  std::vector<std::unique_ptr<OuchClient>> clients;
  for (const char* user : {"ALPHA1", "ALPHA2", "BRAVO2"}) {
    clients.push_back(std::make_unique<OuchClient>(port()));
    ASSERT_TRUE(clients.back()->login(user));
  }
  for (int i = 0; i < 10; ++i) {
    const RawSocket beyond(port());
    EXPECT_EQ(hex(beyond.read_to_end()), "");
  }
  for (const auto& client : clients) EXPECT_EQ(client->query(), 1U);
  clients.pop_back();
  // The gate has yet to notice that it is gone.
  bool logged_in = false;
  for (int i = 0; i < 1'000 && !logged_in; ++i) {
    OuchClient next(port());
    logged_in = next.login("BRAVO2");
  }
  EXPECT_TRUE(logged_in);
  stop();
  EXPECT_GE(deployment_->gate_stat("links.connections_refused"), 10);
}

// Without a file for a connection the shard tried again for ever, and did nothing else.
TEST_F(GateServer, AFloodOfConnectionsBeyondTheFileLimitStallsNobody) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan makes a pipe for each look at a virtual table, and here no file is left";
#endif
  start({{kSet, "process.json", "gateway.connections_max", "64"}});
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2", 0));
  wait_for_stream_files(*deployment_, 6);
  allow_more_files(gate_->pid(), 3);
  std::vector<std::unique_ptr<RawSocket>> flood;
  for (int i = 0; i < 40; ++i) flood.push_back(std::make_unique<RawSocket>(port()));
  for (std::uint32_t number = 1; number <= 100; ++number) {
    other.send(sell(number, 1));
    ASSERT_EQ(other.receive(1), Lines{"A " + std::to_string(number) + " L 10@6400000"});
  }
  wait_until_asleep(gate_->pid());
  flood.clear();
  OuchClient after(port());
  EXPECT_TRUE(after.login("ALPHA2", 0));
  stop();
  EXPECT_GT(deployment_->gate_stat("links.accepts_failed"), 0);
}

// With nothing left to wait for, no venue, no client and no file, Asio stopped for good.
TEST_F(GateServer, GoesOnAfterAMomentWithNothingToWaitFor) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan makes a pipe for each look at a virtual table, and here no file is left";
#endif
  deployment_ = std::make_unique<TestDeployment>();
  gate_ = std::make_unique<GateProcess>(*deployment_,
                                        std::vector<std::string>{"--feed-refresh-ms", "20"});
  ASSERT_NE(port(), 0) << read_file(deployment_->errors());
  allow_more_files(gate_->pid(), 0);
  for (int i = 0; i < 3; ++i) const RawSocket socket(port());
  wait_until_asleep(gate_->pid());
  allow_more_files(gate_->pid(), 8);
  OuchClient client(port());
  EXPECT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(gate_->terminate(), 0);
}

// --- Streams

TEST_F(GateServer, ReplaysTheSameBytesFromTheNumberAskedForAndGoesOnLive) {
  start();
  std::vector<Bytes> all;
  {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2"));
    for (std::uint32_t number = 1; number <= 5; ++number) client.send(buy(number, number));
    EXPECT_EQ(client.receive(6),
              (Lines{"S", "A 1 L 1@64000000", "A 2 L 2@64000000", "A 3 L 3@64000000",
                     "A 4 L 4@64000000", "A 5 L 5@64000000"}));
    client.send(cancel(3, 1));
    EXPECT_EQ(client.receive(1), Lines{"C 3 -2 U"});
    client.send(buy(6, 0));
    EXPECT_EQ(client.receive(1), Lines{"J 6 13"});
    all = client.stream;
  }
  for (std::uint64_t from = 1; from <= all.size(); ++from) {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2", from));
    EXPECT_EQ(client.first_sequence, from);
    client.receive(all.size() - (from - 1));
    EXPECT_TRUE(std::ranges::equal(client.stream, std::span(all).subspan(from - 1)));
  }
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2", 7));
  client.send(buy(7, 1));
  EXPECT_EQ(client.receive(3), (Lines{"C 3 -2 U", "J 6 13", "A 7 L 1@64000000"}));
  stop();
}

// One pass filled the whole buffer of a client which is behind, with some 12,500 messages, before
// anybody else had a turn.
TEST_F(GateServer, ALongReplayTakesTurnsWithTheOthersMessages) {
  start({kManyQueries});
  constexpr std::size_t kMessages = 100'000;
  OuchClient replay(port());
  ASSERT_TRUE(replay.login("ALPHA2"));
  const ouch::InboundMessage query = ouch::AccountQuery{.appendage = {}};
  for (std::size_t asked = 0; asked < kMessages; asked += 1'000) {
    for (int i = 0; i < 1'000; ++i) replay.send(query);
    ASSERT_TRUE(replay.wait_until([&] { return replay.stream.size() >= 1'001 + asked; }));
  }
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2", 0));
  OuchClient again(port());
  ASSERT_TRUE(again.login("ALPHA2", 1));
  // The least that is replayed between a question and its answer: many passes may go by while this
  // process waits for its turn on a busy machine, but not each time.
  std::size_t least = kMessages;
  while (again.stream.size() <= kMessages && !again.ended) {
    const std::size_t before = again.stream.size();
    const std::size_t answered = other.stream.size();
    other.send(query);
    while (other.stream.size() == answered && !other.ended) {
      other.step(0);
      again.step(0);
    }
    if (again.stream.size() <= kMessages) least = std::min(least, again.stream.size() - before);
  }
  EXPECT_EQ(again.stream, replay.stream);
  EXPECT_LT(least, 6'000U);
  stop();
}

TEST_F(GateServer, TakesTwoClientsAtOnceAndTellsEachItsOwn) {
  start();
  OuchClient buyer(port());
  OuchClient seller(port());
  ASSERT_TRUE(buyer.login("ALPHA2"));
  ASSERT_TRUE(seller.login("BRAVO2"));
  EXPECT_EQ(buyer.session, seller.session) << "one name, a stream each";
  buyer.send(buy(1, 30));
  EXPECT_EQ(buyer.receive(2), (Lines{"S", "A 1 L 30@64000000"}));
  seller.send(sell(1, 20));
  EXPECT_EQ(seller.receive(3), (Lines{"S", "A 1 L 200@6400000", "E 1 200@6400000 R #1"}));
  EXPECT_EQ(buyer.receive(1), Lines{"E 1 20@64000000 A #1"});
  seller.send(cancel(1));
  seller.send(cancel(7));
  EXPECT_EQ(seller.query(), 2U) << "neither is live: ignored";
  EXPECT_EQ(seller.receive(1), Lines{"Q 2"});
  stop();
  EXPECT_EQ(deployment_->gate_stat("messages.ignored"), 2);
}

TEST_F(GateServer, SendsHeartbeatsToAnIdleClient) {
  start({{kSet, "process.json", "gateway.heartbeat_ms", "20"}});
  const RawSocket socket(port());
  ASSERT_TRUE(socket.send(login_as("ALPHA2")));
  // The acceptance, then heartbeats for as long as nothing else is said.
  constexpr std::size_t kAccepted = 3 + 30;
  Bytes received;
  while (received.size() < kAccepted + 5 * 3 && socket.read_more(received)) continue;
  ASSERT_GE(received.size(), kAccepted + 5 * 3);
  EXPECT_EQ(hex(std::span(received).subspan(kAccepted, 5 * 3)), "000148000148000148000148000148");
}

TEST_F(GateServer, ClosesAClientThatFallsSilent) {
  start({{kSet, "process.json", "gateway.heartbeat_ms", "20"},
         {kSet, "process.json", "gateway.silence_timeout_ms", "2000"}});
  OuchClient client(port());
  client.is_silent = true;
  ASSERT_TRUE(client.login("ALPHA2"));
  client.wait_for_end();
  stop();
  EXPECT_GE(deployment_->gate_stat("links.protocol_errors"), 1);
}

TEST_F(GateServer, ClosesTheConnectionAfterALogout) {
  start();
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2"));
  client.send(buy(1, 1));
  EXPECT_EQ(client.receive(2), (Lines{"S", "A 1 L 1@64000000"}));
  client.logout();
  client.wait_for_end();
  OuchClient again(port());
  ASSERT_TRUE(again.login("ALPHA2", 2));
  EXPECT_EQ(again.receive(1), Lines{"A 1 L 1@64000000"});
  stop();
}

TEST_F(GateServer, IgnoresDebugPacketsOfAClient) {
  start();
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2"));
  for (int i = 0; i < 10; ++i) client.send_debug("is anybody there?");
  client.send_debug("");
  client.send(buy(1, 1));
  EXPECT_EQ(client.receive(2), (Lines{"S", "A 1 L 1@64000000"}));
  EXPECT_TRUE(client.debugs.empty());
  stop();
}

TEST_F(GateServer, SendsTheArithmeticBehindARejectWhereThatIsSet) {
  start();
  OuchClient with(port());
  OuchClient without(port());
  ASSERT_TRUE(with.login("BRAVO1", 0));
  ASSERT_TRUE(without.login("ALPHA2", 0));
  ouch::EnterOrder too_large = buy(1, 900'000);
  with.send(too_large);
  without.send(too_large);
  EXPECT_EQ(with.receive(1), Lines{"J 1 31"});
  EXPECT_EQ(without.receive(1), Lines{"J 1 31"});
  EXPECT_TRUE(with.wait_until([&] { return !with.debugs.empty(); }));
  EXPECT_NE(with.debugs.at(0).find("clip_size "), std::string::npos) << with.debugs.at(0);
  EXPECT_EQ(without.query(), 2U);
  EXPECT_TRUE(without.debugs.empty());
  stop();
}

// --- Frames

// What a client says in one session: login, orders, a cancel, a heartbeat, a query.
struct Script {
  Bytes bytes;
  Lines answers;
};
Script script(std::uint32_t number) {
  const std::string first = std::to_string(number);
  const std::string next = std::to_string(number + 1);
  return {login_as("ALPHA2") + message_packet(buy(number, 2)) + packet('R') +
              message_packet(cancel(number, 1)) + packet('+', "x") +
              message_packet(cancel(number)) + message_packet(ouch::AccountQuery{.appendage = {}}),
          {"A " + first + " L 2@64000000", "C " + first + " -1 U", "C " + first + " -1 U",
           "Q " + next}};
}

// The sequenced messages in a server's bytes, as lines, the query's answer first or last: the venue
// is asked for the others and the gate is not.
Lines answers_in(const Bytes& received) {
  Lines lines;
  std::span<const std::byte> rest = received;
  soup::Frame frame;
  while (soup::decode_frame(rest, soup::kPayloadSizeMax, frame) == soup::FrameStatus::Complete) {
    if (frame.type == soup::PacketType::SequencedData) {
      lines.push_back(line_of_payload(frame.payload));
    }
    rest = rest.subspan(soup::kHeaderSize + frame.payload.size());
  }
  std::ranges::stable_partition(lines, [](const std::string& line) { return line[0] != 'Q'; });
  return lines;
}

// Reads until so many sequenced messages are there, without saying anything.
Lines read_answers(const RawSocket& socket, std::size_t count) {
  Bytes received;
  while (answers_in(received).size() < count && socket.read_more(received)) continue;
  return answers_in(received);
}

TEST_F(GateServer, TakesFramesSplitAtEveryByteBoundary) {
  start();
  const std::size_t size = script(1'000).bytes.size();
  std::uint32_t number = 1'000;  // of as many digits from here on
  for (std::size_t split = 1; split < size; ++split, ++number) {
    const Script said = script(number);
    ASSERT_EQ(said.bytes.size(), size);
    const RawSocket socket(port());
    ASSERT_TRUE(socket.send(std::span(said.bytes).first(split)));
    wait_until_read(socket.fd());
    ASSERT_TRUE(socket.send(std::span(said.bytes).subspan(split)));
    ASSERT_EQ(read_answers(socket, said.answers.size()), said.answers) << "split at " << split;
  }
  stop();
}

TEST_F(GateServer, TakesFramesByteByByte) {
  start();
  const Script said = script(1);
  const RawSocket socket(port());
  for (const std::byte& byte : said.bytes) {
    ASSERT_TRUE(socket.send(std::span(&byte, 1)));
    wait_until_read(socket.fd());
  }
  EXPECT_EQ(read_answers(socket, said.answers.size()), said.answers);
  stop();
}

TEST_F(GateServer, TakesManyFramesInOnePiece) {
  start();
  constexpr std::uint32_t kOrders = 400;  // many times what one pass takes
  Bytes all = login_as("ALPHA2");
  Lines answers;
  for (std::uint32_t number = 1; number <= kOrders; ++number) {
    all = all + message_packet(buy(number, 1));
    answers.push_back("A " + std::to_string(number) + " L 1@64000000");
  }
  const RawSocket socket(port());
  ASSERT_TRUE(socket.send(all));
  EXPECT_EQ(read_answers(socket, kOrders), answers);
  stop();
}

// --- What a client may do wrong

TEST_F(GateServer, AnswersMalformedMessagesAndClosesAtTheThird) {
  start();
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2"));
  const Bytes enter = venue_sim::bytes_of(buy(1, 1));
  const std::vector<Bytes> malformed = {
      {},                                        // no type
      ascii("?"),                                // unknown type
      {enter.begin(), enter.end() - 1},          // too short
      enter + bytes("00"),                       // bytes behind the message
      venue_sim::bytes_of(ouch::ModifyOrder{}),  // a message that the gate does not take
  };
  std::uint32_t number = 0;
  for (std::size_t first = 0; first < malformed.size(); ++first) {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send_payload(malformed[first]);
    EXPECT_TRUE(client.wait_until([&] { return !client.debugs.empty(); }));
    EXPECT_EQ(client.debugs, Lines{"malformed message"});
    client.send_payload(malformed[(first + 1) % malformed.size()]);
    client.send(buy(++number, 1));
    EXPECT_EQ(client.receive(1), Lines{"A " + std::to_string(number) + " L 1@64000000"})
        << "two do no harm";
    client.send_payload(malformed[(first + 2) % malformed.size()]);
    client.wait_for_end();
  }
  EXPECT_EQ(other.query(), 1U);
  stop();
  EXPECT_EQ(deployment_->gate_stat("messages.malformed"), 15);
  EXPECT_EQ(deployment_->gate_stat("links.malformed_disconnects"), 5);
}

TEST_F(GateServer, ClosesOnlyTheConnectionThatSendsJunkOrTooLongFrames) {
  start();
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2"));
  std::mt19937_64 random(seed());
  const Bytes login = login_as("ALPHA2");
  for (int i = 0; i < 100; ++i) {
    // The type is none of a client's, so that the junk cannot happen to be a session's.
    Bytes junk = bytes("0010 ff") + random_bytes(random, 1 + random() % 3'000);
    if (i % 3 == 1) junk = bytes("0401") + ascii("U") + Bytes(1'500);  // longer than a message is
    if (i % 3 == 2) junk = bytes("ffff") + ascii("U") + Bytes(70'000);
    const RawSocket socket(port());
    if (i % 2 == 0) {
      ASSERT_TRUE(socket.send(login));
    }
    (void)socket.send(junk);  // the gate may have closed before all of it is sent
    socket.read_to_end();
    if (i % 10 == 0) {
      EXPECT_EQ(other.query(), 1U);
    }
  }
  EXPECT_EQ(other.query(), 1U);
  EXPECT_FALSE(other.ended);
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.protocol_errors"), 100);
}

TEST_F(GateServer, SurvivesRandomMessagesInValidFrames) {
  start();
  std::mt19937_64 random(seed());
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2"));
  const std::string types = "OUXCDEQM";
  for (int connection = 0; connection < 40; ++connection) {
    const RawSocket socket(port());
    Bytes all = login_as("ALPHA2");
    for (int i = 0; i < 50; ++i) {
      Bytes payload = venue_sim::bytes_of(buy(1 + static_cast<std::uint32_t>(random() % 9), 1));
      if (random() % 2 == 0) payload = random_bytes(random, 1 + random() % 80);
      payload[0] = static_cast<std::byte>(types[random() % types.size()]);
      for (std::uint64_t changes = random() % 4; changes > 0; --changes) {
        payload[random() % payload.size()] = static_cast<std::byte>(random());
      }
      all = all + packet('U', payload);
    }
    ASSERT_TRUE(socket.send(all + packet('O')));
    socket.read_to_end();
  }
  EXPECT_GT(other.query(), 0U);
  EXPECT_FALSE(other.ended);
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(venue_->terminate(), 0);
  expect_replay_agrees(*deployment_);
}

// A client that sends and never reads: what it is owed waits in the journal, not in memory, others
// go on, and it is let go. When it comes back it gets everything.
// A sanitizer's shadow memory grows with what is touched, so resident memory tells nothing there.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST_F(GateServer, AClientThatNeverReadsHarmsNobodyAndIsLetGo) {
  start({{kSet, "process.json", "gateway.silence_timeout_ms", "3000"}, kManyQueries});
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2"));
  EXPECT_EQ(other.receive(1), Lines{"S"});
  const std::int64_t memory_before = resident_bytes(gate_->pid());
  std::int64_t memory_most = memory_before;
  // More answers than the buffers of the gate and of the kernel hold; then only heartbeats.
  constexpr std::uint32_t kBatches = 600;
  constexpr std::uint32_t kBatch = 1'000;
  Bytes queries;
  for (std::uint32_t i = 0; i < kBatch; ++i) {
    queries = queries + message_packet(ouch::AccountQuery{.appendage = {}});
  }
  const RawSocket socket(port(), 4'096);
  ASSERT_TRUE(socket.send(login_as("ALPHA2", "1")));
  std::uint32_t number = 0;
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (socket.send(number < kBatches ? queries : packet('R')) &&
         std::chrono::steady_clock::now() < give_up) {
    ++number;
    other.send(sell(number, 1));
    ASSERT_EQ(other.receive(1), Lines{"A " + std::to_string(number) + " L 10@6400000"});
    other.send(cancel(number));
    ASSERT_EQ(other.receive(1), Lines{"C " + std::to_string(number) + " -10 U"});
    memory_most = std::max(memory_most, resident_bytes(gate_->pid()));
  }
  EXPECT_GT(number, kBatches) << "it was let go before it had said all";
  if (!kSanitized) {
    EXPECT_LT(memory_most - memory_before, 32 << 20);
  }

  OuchClient again(port());
  ASSERT_TRUE(again.login("ALPHA2", 1));
  EXPECT_EQ(again.receive(1), Lines{"S"});
  again.send(buy(1, 1));
  again.wait_until([&] { return line_of_payload(again.stream.back())[0] == 'A'; });
  // What it had sent and the gate had not read yet went with its connection.
  const std::size_t answers = again.stream.size() - 2;
  EXPECT_GT(answers, kBatches * kBatch / 6);
  EXPECT_LE(answers, kBatches * kBatch);
  for (std::size_t i = 1; i <= answers; ++i) {
    ASSERT_EQ(line_of_payload(again.stream[i]), "Q 1") << i;
  }
  if (!kSanitized) {
    EXPECT_LT(resident_bytes(gate_->pid()) - memory_before, 32 << 20);
  }
  stop();
  EXPECT_EQ(deployment_->gate_stat("journaled.query"), answers + 1) << "start() asks one";
  EXPECT_EQ(deployment_->gate_stat("links.slow_consumers"), 1);
}

// --- Overload

// Orders far from the mark, so that none matches; the one account sells what adds to its position,
// the other what takes from it.
TEST_F(GateServer, WhileOverloadedItRefusesWhatAddsRiskAndNothingElse) {
  start({{kSet, "process.json", "gateway.overload_pass_us", "1"},
         {kSet, "process.json", "gateway.overload_calm_ms", "1"}});
  constexpr std::uint32_t kOrders = 300;  // many times what one pass takes
  Bytes adding = login_as("ALPHA2");
  Bytes taking = login_as("BRAVO2");
  for (std::uint32_t number = 1; number <= kOrders; ++number) {
    ouch::EnterOrder order = buy(number, 1, 10);
    order.side = ouch::Side::Sell;
    adding = adding + message_packet(order);
    taking = taking + message_packet(sell(number, 1, 10));
  }
  const RawSocket adds(port());
  const RawSocket takes(port());
  ASSERT_TRUE(adds.send(adding) && takes.send(taking));
  const Lines added = read_answers(adds, kOrders);
  const Lines taken = read_answers(takes, kOrders);
  const auto refused = [](const Lines& lines) {
    return std::ranges::count_if(lines, [](const std::string& l) { return l[0] == 'J'; });
  };
  EXPECT_GT(refused(added), 0);
  EXPECT_EQ(refused(taken), 0);
  EXPECT_EQ(std::ranges::count_if(taken, [](const std::string& l) { return l[0] == 'A'; }),
            kOrders);
  // And no longer once it has been calm.
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2", 0));
  ouch::EnterOrder order = buy(kOrders, 1, 10);
  order.side = ouch::Side::Sell;
  std::string answer;
  while (!answer.starts_with("A ")) {
    ++order.user_ref_num;
    client.send(order);
    const Lines answers = client.receive(1);
    ASSERT_EQ(answers.size(), 1U);
    answer = answers[0];
    ASSERT_TRUE(answer.starts_with("A ") || answer.starts_with("J ")) << answer;
  }
  stop();
  EXPECT_GT(deployment_->gate_stat("links.overloads"), 0);
  EXPECT_GE(deployment_->gate_stat("rejects.overload"), refused(added));
}

// --- A full disk

// What the ring still holds is for exits and cancels, then for the venue alone. Prices filled it to
// the last, and the venue was not heard either.
TEST_F(GateServer, WithAFullDiskItTakesNoOrdersAndStillHearsTheVenue) {
  deployment_ = std::make_unique<TestDeployment>(
      std::vector<Change>{{kSet, "process.json", "journal.ring_bytes", "1048576"}});
  venue_ = std::make_unique<VenueProcess>(*deployment_);
  gate_ = std::make_unique<GateProcess>(*deployment_,
                                        std::vector<std::string>{"--feed-refresh-ms", "1"});
  ASSERT_NE(port(), 0) << read_file(deployment_->errors());
  wait_for_link(port());
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2", 0));
  venue_->signal(SIGSTOP);
  client.send(buy(1, 1));
  EXPECT_EQ(client.query(), 2U);
  limit_file_size(gate_->pid(), 1);
  // Until the ring is so full that clients are not read.
  while (true) {
    const std::size_t before = client.stream.size();
    client.send(ouch::AccountQuery{.appendage = {}});
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (client.stream.size() == before && std::chrono::steady_clock::now() < give_up) {
      client.step(10);
    }
    ASSERT_FALSE(client.ended);
    if (client.stream.size() == before) break;
  }
  const std::size_t before = client.stream.size();
  venue_->signal(SIGCONT);
  EXPECT_TRUE(client.wait_until([&] { return client.stream.size() > before; }));
  EXPECT_EQ(line_of_payload(client.stream[before]), "A 1 L 1@64000000");
  wait_until_asleep(gate_->pid());
  limit_file_size(gate_->pid(), RLIM_INFINITY);
  EXPECT_EQ(client.query(), 2U) << "the last that was asked";
  stop();
}

// --- Cancel on disconnect

TEST_F(GateServer, CancelsOrdersAfterADisconnectAndItsGrace) {
  start({{kSet, "sessions.json", "sessions.ALPHA2.cancel_on_disconnect", "true"},
         {kSet, "sessions.json", "sessions.ALPHA2.disconnect_grace_ms", "50"}});
  OuchClient other(port());
  ASSERT_TRUE(other.login("BRAVO2"));
  other.send(sell(1, 5, 10));
  EXPECT_EQ(other.receive(2), (Lines{"S", "A 1 L 50@6400500"}));
  Lines expected = {"S", "A 1 L 1@64000000", "A 2 L 1@64000000", "A 3 L 1@64000000"};
  {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2"));
    for (std::uint32_t number = 1; number <= 3; ++number) client.send(buy(number, 1));
    EXPECT_EQ(client.receive(4), expected);
  }
  wait_for_venue_stat(*deployment_, *venue_, "canceled", 3);
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2"));
  for (const char* line : {"C 1 -1 U", "C 2 -1 U", "C 3 -1 U"}) expected.emplace_back(line);
  EXPECT_EQ(client.receive(7), expected);
  EXPECT_EQ(other.query(), 2U) << "the other session's order is not touched";
  EXPECT_EQ(other.receive(1), Lines{"Q 2"});
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 1);
}

TEST_F(GateServer, KeepsOrdersOfAClientThatComesBackWithinTheGrace) {
  start({{kSet, "sessions.json", "sessions.ALPHA2.cancel_on_disconnect", "true"},
         {kSet, "sessions.json", "sessions.ALPHA2.disconnect_grace_ms", "3600000"}});
  for (std::uint32_t number = 1; number <= 5; ++number) {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send(buy(number, 1));
    EXPECT_EQ(client.receive(1), Lines{"A " + std::to_string(number) + " L 1@64000000"});
    if (number % 2 == 0) client.logout();
  }
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2", 0));
  EXPECT_EQ(client.query(), 6U);
  stop();
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 5);
}

// --- Durability fsync

// Nobody told the loop that its records had become durable: what they caused left when it woke for
// another reason, ten milliseconds later.
TEST_F(GateServer, WhatHasBecomeDurableLeavesAtOnce) {
  start({{kSet, "process.json", "journal.durability", "\"fsync\""},
         {kSet, "process.json", "gateway.waiting", "\"block\""},
         kManyQueries});
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2"));
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 50; ++i) {
    const auto began = std::chrono::steady_clock::now();
    ASSERT_EQ(client.query(), 1U);
    fastest = std::min(fastest, std::chrono::steady_clock::now() - began);
  }
  EXPECT_LT(fastest, std::chrono::milliseconds(7));
  stop();
}

}  // namespace
}  // namespace portcullis::test::gate_server_test
