// A venue that does not read, and one that says what no venue says, over real sockets and over shared
// memory: the gate refuses what adds risk, ends the link, comes back, and loses nothing.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "gateway/shm/byte_ring.h"
#include "gateway/soup/server_connection.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/seed.h"
#include "tests/support/soup_packets.h"
#include "tests/support/venue_end.h"

namespace portcullis::test::venue_link_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;

// --- It does not read

// Room for all that the buffers on the way to the venue hold.
std::vector<Change> many_orders() {
  const std::string rate =
      R"({"per_second":10000000,"burst":1000000,"exit_per_second":10000000,"exit_burst":1000000})";
  std::vector<Change> changes = {
      {kSet, "process.json", "venue.send_buffer_bytes", "131072"},
      {kSet, "process.json", "venue.silence_timeout_ms", "600000"},
      {kSet, "process.json", "capacities.orders", "262144"},
      // A client that is refused thousands of orders at once is no slow one.
      {kSet, "process.json", "gateway.slow_consumer_bytes", "4194304"},
      // What is measured here is the venue's buffer.
      {kSet, "process.json", "gateway.overload_pass_us", "10000000"}};
  for (const char* profile : {"venue", "member", "group", "maker"}) {
    const std::string path = std::string("profiles.") + profile + ".open_orders_max";
    changes.push_back({kSet, "limits.json", path, "200000"});
  }
  changes.push_back({kSet, "sessions.json", "sessions.ALPHA2.rate", rate});
  changes.push_back({kSet, "limits.json", "accounts.alpha-hedge.rate", rate});
  return changes;
}

class VenueLinkPressure : public GateAndVenue, public testing::WithParamInterface<VenueLink> {};

TEST_P(VenueLinkPressure, AVenueThatDoesNotReadIsBusyForWhatAddsRiskAndNothingIsLost) {
  deployment_ = std::make_unique<TestDeployment>(many_orders(), read_example(), GetParam());
  venue_ = std::make_unique<VenueProcess>(*deployment_);
  gate_ = std::make_unique<GateProcess>(*deployment_);
  ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  wait_for_link(gate_->port());
  OuchClient adds(gate_->port());
  OuchClient takes(gate_->port());
  ASSERT_TRUE(adds.login("ALPHA2"));
  ASSERT_TRUE(takes.login("BRAVO2"));
  adds.send(buy(1, 1, -100));
  EXPECT_EQ(adds.receive(2).size(), 2U);
  venue_->signal(SIGSTOP);

  // No order is answered, until what adds risk is refused: the ring, or the kernel's buffers, and half
  // of the gate's own are full.
  constexpr std::uint32_t kOrdersMax = 150'000;
  std::uint32_t sent = 1;
  std::vector<int> outcomes(kOrdersMax + 1'000, 0);
  std::size_t seen = 1;
  std::size_t answered = 0;
  std::size_t refused = 0;
  bool cancelled = false;
  const auto take = [&] {
    for (; seen < adds.stream.size(); ++seen) {
      const std::string line = line_of_payload(adds.stream[seen]);
      cancelled = cancelled || line == "C 1 -1 U";
      if (line[0] == 'Q' || line[0] == 'C') continue;
      EXPECT_TRUE(line[0] == 'A' || (line[0] == 'J' && line.ends_with(" a"))) << line;
      ++outcomes.at(std::stoul(line.substr(2)));
      ++answered;
      if (line[0] == 'J') ++refused;
    }
  };
  while (refused == 0 && sent < kOrdersMax) {
    for (int n = 0; n < 500; ++n) {
      ++sent;
      ouch::EnterOrder order = buy(sent, 1, sent % 2 == 0 ? 100 : -100);
      if (sent % 2 == 0) order.side = ouch::Side::Sell;
      adds.send(order);
    }
    EXPECT_EQ(adds.query(), sent + 1) << "the gate has taken them";
    take();
  }
  ASSERT_GT(refused, 0U) << "the buffers have no end";
  // An exit and a cancel are taken all the same. Their answers are the venue's.
  takes.send(sell(1, 1, 100));
  adds.send(cancel(1));
  EXPECT_EQ(takes.query(), 2U);
  EXPECT_EQ(takes.receive(2), (Lines{"S", "Q 2"}));

  venue_->signal(SIGCONT);
  EXPECT_EQ(takes.receive(1), Lines{"A 1 L 10@6405000"});
  EXPECT_TRUE(adds.wait_until([&] {
    take();
    return cancelled && answered >= sent;
  }));
  for (std::uint32_t number = 1; number <= sent; ++number) ASSERT_EQ(outcomes[number], 1) << number;
  // It reads again, and everything is taken.
  EXPECT_EQ(adds.query(), sent + 1);
  const std::size_t before = adds.stream.size();
  ouch::EnterOrder order = buy(sent + 1, 1, 100);
  order.side = ouch::Side::Sell;
  adds.send(order);
  EXPECT_TRUE(adds.wait_until([&] { return adds.stream.size() > before; }));
  EXPECT_EQ(line_of_payload(adds.stream[before])[0], 'A');
  stop();
  EXPECT_GT(deployment_->gate_stat("rejects.venue_busy"), 0);
}

INSTANTIATE_TEST_SUITE_P(Over, VenueLinkPressure, kBothLinks, link_name);

// --- It says what no venue says

// A gate whose venue is the test.
class HostileVenueLink : public testing::TestWithParam<VenueLink> {
 protected:
  // Only what the venue does ends the link, no time-out; and where it is not the one that it was, the gate
  // begins anew with it.
  void start(VenueLink link) {
    deployment_ = std::make_unique<TestDeployment>(
        std::vector<Change>{{kSet, "process.json", "venue.heartbeat_ms", "20"},
                            {kSet, "process.json", "venue.silence_timeout_ms", "600000"},
                            {kSet, "process.json", "venue.login_timeout_ms", "600000"},
                            {kSet, "process.json", "venue.lost_session", "\"orders_dead\""}},
        read_example(), link);
    door_ =
        std::make_unique<VenueDoor>(link, deployment_->venue_port(), deployment_->venue_socket());
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  // Until this is true; false after kPatience.
  template <class Condition>
  static bool wait_for(Condition&& condition) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static void say(VenueEnd& end, std::span<const std::byte> bytes) {
    EXPECT_TRUE(wait_for([&] {
      const std::ptrdiff_t n = bytes.empty() ? 0 : end.write(bytes);
      if (n < 0) return true;  // it has heard enough
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      return bytes.empty();
    }));
  }
  static void wait_for_end(VenueEnd& end) {
    std::array<std::byte, 4'096> ignored{};
    EXPECT_TRUE(wait_for([&] { return end.read(ignored) < 0; })) << "the gate stays connected";
  }
  // The next connection, on which the gate has said its login.
  std::unique_ptr<VenueEnd> accept() {
    std::unique_ptr<VenueEnd> end = door_->accept();
    if (end == nullptr) return nullptr;
    constexpr std::size_t kLogin = 49;
    std::size_t got = 0;
    std::array<std::byte, kLogin> login{};
    EXPECT_TRUE(wait_for([&] {
      const std::ptrdiff_t n = end->read(std::span(login).subspan(got));
      got += n > 0 ? static_cast<std::size_t>(n) : 0;
      return n < 0 || got == kLogin;
    }));
    EXPECT_EQ(got, kLogin);
    EXPECT_EQ(std::to_integer<char>(login[2]), 'L');
    return end;
  }
  // Nothing of it has harmed the gate: with a venue that is one, orders pass.
  void go_on_with_a_good_venue() {
    door_.reset();
    VenueProcess venue(*deployment_);
    ASSERT_TRUE(venue.started());
    wait_for_link(gate_->port());
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send(buy(1, 1, -10));
    EXPECT_EQ(client.receive(1), Lines{"A 1 L 1@63995000"});
    EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors());
    EXPECT_EQ(venue.terminate(), 0);
    EXPECT_EQ(deployment_->gate_stat("live_orders"), 1);
    EXPECT_EQ(deployment_->venue_stat("open"), 1);
    expect_replay_agrees(*deployment_);
  }

  std::unique_ptr<TestDeployment> deployment_;
  std::unique_ptr<VenueDoor> door_;
  std::unique_ptr<GateProcess> gate_;
};

Bytes random_bytes(std::mt19937_64& random, std::size_t count) {
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST_P(HostileVenueLink, WhatIsNoAnswerToALoginEndsTheLink) {
  std::mt19937_64 random(seed());
  start(GetParam());
  std::vector<Bytes> all = {
      ascii("HTTP/1.1 400 Bad Request\r\n\r\n"),
      Bytes(2),                          // a packet of nothing
      packet('?', "unknown"),            //
      packet('S', "before the login"),   //
      packet('A', "too short"),          //
      accepted_packet("VENUE", "many"),  // no number
      packet('Z'),                       // the end of the session, before it began
      Bytes(10'000, std::byte{0xff}),    // longer than any packet
      accepted_packet("VENUE", "0"),     // there is no such message
  };
  for (int n = 0; n < 5; ++n) all.push_back(random_bytes(random, 20'000));
  for (const Bytes& bytes : all) {
    const std::unique_ptr<VenueEnd> end = accept();
    ASSERT_NE(end, nullptr);
    say(*end, bytes);
    wait_for_end(*end);
  }
  // Half of an answer, and it is gone.
  const Bytes answer = accepted_packet("VENUE", "1");
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{17}}) {
    const std::unique_ptr<VenueEnd> end = accept();
    ASSERT_NE(end, nullptr);
    say(*end, std::span(answer).first(size));
  }
  go_on_with_a_good_venue();
}

// It has taken the login, and from then on its messages are journaled: what no message of a venue is
// ends nothing or the link, and the gate comes back for the same session.
TEST_P(HostileVenueLink, WhatIsNoMessageOfAVenueIsCountedOrEndsTheLink) {
  std::mt19937_64 random(seed());
  start(GetParam());
  std::uint64_t next = 1;
  for (int round = 0; round < 12; ++round) {
    std::unique_ptr<VenueEnd> end = accept();
    ASSERT_NE(end, nullptr);
    say(*end, accepted_packet("VENUE", std::to_string(next)));
    if (round == 0) {  // it has only asked where we stand
      wait_for_end(*end);
      continue;
    }
    switch (round % 4) {
      case 0:
        say(*end, packet('S', random_bytes(random, 40)));  // a number of its own, no message
        ++next;
        say(*end, packet('Z'));
        break;
      case 1:
        say(*end, packet('S', Bytes(1'024, std::byte{'S'})));
        ++next;
        say(*end, Bytes(10'000, std::byte{0xff}));
        break;
      case 2:
        say(*end, packet('S', Bytes{}));
        ++next;
        say(*end, Bytes(2));
        break;
      case 3:
        say(*end, packet('+', "a word, and then nothing that is one"));
        say(*end, packet('U', "clients say this"));
        break;
    }
    wait_for_end(*end);
  }
  go_on_with_a_good_venue();
  EXPECT_GT(deployment_->gate_stat("venue.malformed"), 0);
}

INSTANTIATE_TEST_SUITE_P(Over, HostileVenueLink, kBothLinks, link_name);

// --- and what it can do to memory that both have

using HostileVenueMemory = HostileVenueLink;

std::atomic<std::uint64_t>& count_at(VenueEnd& end, std::size_t offset) {
  return *reinterpret_cast<std::atomic<std::uint64_t>*>(end.page().data() + offset);
}

TEST_P(HostileVenueMemory, CountsThatCannotBeEndTheLink) {
  std::mt19937_64 random(seed());
  start(GetParam());
  // In the first page (LINK.md).
  constexpr std::size_t kGatesRing = 0;
  constexpr std::size_t kVenuesRing = 256;
  constexpr std::size_t kRead = 64;
  {
    const std::unique_ptr<VenueEnd> asked = accept();
    ASSERT_NE(asked, nullptr);
    say(*asked, accepted_packet("VENUE", "1"));
    wait_for_end(*asked);
  }
  for (const std::uint64_t by : {std::uint64_t{shm::kRingBytesMin} + 1, std::uint64_t{1} << 63}) {
    for (const std::size_t count : {kGatesRing + kRead, kVenuesRing}) {
      const std::unique_ptr<VenueEnd> end = accept();
      ASSERT_NE(end, nullptr);
      say(*end, accepted_packet("VENUE", "1"));
      const std::uint64_t wrong = count_at(*end, count) + by;
      EXPECT_TRUE(wait_for([&] {
        count_at(*end, count) = wrong;
        return end->write({}) < 0;
      })) << "the gate stays connected";
    }
  }
  // Anything, anywhere, all the time.
  for (int round = 0; round < 20; ++round) {
    const std::unique_ptr<VenueEnd> end = accept();
    ASSERT_NE(end, nullptr);
    for (int n = 0; n < 64; ++n) {
      const std::size_t at = random() % (2 * sizeof(shm::RingBlock) / 8) * 8;
      count_at(*end, at) = random() >> random() % 64;
      std::this_thread::yield();
    }
  }
  go_on_with_a_good_venue();
}

INSTANTIATE_TEST_SUITE_P(Over, HostileVenueMemory, testing::Values(VenueLink::SharedMemory),
                         link_name);

}  // namespace
}  // namespace portcullis::test::venue_link_test
