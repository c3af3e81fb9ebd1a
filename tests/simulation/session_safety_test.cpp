// What the shard does about who connects, logs in, is silent or does not read: on one thread, with
// connections in memory, a clock that is set by hand, and password checks one at a time.
#include <gtest/gtest.h>

#include <array>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"
#include "gateway/security/login_checker.h"
#include "gateway/shard/shard.h"
#include "tests/support/gate_world.h"
#include "tests/support/memory_transport.h"
#include "tests/support/soup_packets.h"
#include "tests/support/soup_peers.h"

namespace portcullis::test::session_safety_test {
namespace {

using namespace gateway;

constexpr auto kSet = Change::Kind::Set;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStart = 1'800'000'000'000'000'000;
constexpr std::string_view kPassword = "sesame";

Change of_session(std::string_view session, std::string_view key, std::string_view value) {
  return {kSet, "sessions.json", "sessions." + std::string(session) + "." + std::string(key),
          std::string(value)};
}
Change of_gateway(std::string_view key, std::string_view value) {
  return {kSet, "process.json", "gateway." + std::string(key), std::string(value)};
}

// Small, so that a world is made in a moment.
std::vector<Change> all(const std::vector<Change>& changes) {
  std::vector<Change> all{of_gateway("connections_max", "16"),
                          of_gateway("slow_consumer_bytes", "65536")};
  all.insert(all.end(), changes.begin(), changes.end());
  return all;
}

class World {
 public:
  explicit World(const std::vector<Change>& changes = {},
                 journal::Durability durability = journal::Durability::Process)
      : deployment_(small_deployment(all(changes))),
        folder_(journal::testing::memory_folder()),
        transport(deployment_.gateway.connections_max),
        logins_(
            [this](risk::SessionIndex session, std::string_view password) {
              ++checks;
              return session.exists() && password == kPassword;
            },
            deployment_.gateway.unauthenticated_max, {}, security::LoginChecker::Mode::Manual),
        streams_(folder_.path(), deployment_.gateway.connections_max, {},
                 journal::StreamServer::Mode::Manual) {
    deployment_.journal.directory = folder_.path();
    journal::Options options = journal::testing::small_options(folder_.path());
    options.ring_bytes = 1 << 21;
    options.segment_bytes = 1 << 22;
    options.stream_count = static_cast<std::uint32_t>(deployment_.sessions.size());
    options.durability = durability;
    journal_ = std::make_unique<journal::Journal>(options);
    gate_ = std::make_unique<gate::Gate>(deployment_, journal_.get());
    transport.clock_ns = kStart;
    gate_->start("STREAM0001", kStart);
    gate_->loaded(kStart);
    shard_ = std::make_unique<shard::Shard>(deployment_, venue_password_, logins_, *gate_,
                                            *journal_, streams_, shard::Inputs{}, transport);
    shard_->begin();
  }

  // Old messages are read at once.
  bool pass() {
    while (streams_.step()) continue;
    return shard_->pass();
  }
  // Passes until nothing moves; what has been asked is checked where `check` says so.
  void run(bool check = true) {
    for (int rounds = 0; rounds < 200; ++rounds) {
      bool moved = false;
      for (SoupClient* client : clients_) {
        if (!client->is_connected()) continue;
        client->write(transport.clock_ns);
        Wire& wire = client->wire();
        moved |= wire.to_gate.under_way() > 0;
        wire.to_gate.arrive_all();
        wire.from_gate.arrive_all();
        EXPECT_EQ(client->read(transport.clock_ns), "");
      }
      moved |= pass();
      if (check) moved |= logins_.check_one();
      flush();
      if (!moved && rounds > 2) return;
    }
  }
  // In steps of a millisecond, with passes, and clients that send heartbeats.
  void pass_time(std::int64_t ns) {
    for (std::int64_t end = transport.clock_ns + ns; transport.clock_ns < end;) {
      transport.clock_ns += std::min(end - transport.clock_ns, 50 * kMs);
      run();
    }
  }
  // The clients do nothing.
  void pass_time_alone(std::int64_t ns) {
    for (std::int64_t end = transport.clock_ns + ns; transport.clock_ns < end;) {
      transport.clock_ns += std::min(end - transport.clock_ns, 50 * kMs);
      pass();
      flush();
    }
  }
  void flush() {
    if (!disk_stands_still && !journal_->flush()) ADD_FAILURE() << "no journal";
  }

  std::shared_ptr<Wire> connect(std::uint64_t address = 1, std::size_t capacity = 65'536) {
    auto wire = std::make_shared<Wire>(capacity);
    wire->address = address;
    transport.connect(wire);
    return wire;
  }
  void login(SoupClient& client, std::string_view user, std::string_view password = kPassword,
             std::uint64_t address = 1, std::size_t capacity = 65'536) {
    client.begin(connect(address, capacity),
                 {.username = user, .password = password, .session = "", .sequence = 0},
                 transport.clock_ns);
    clients_.push_back(&client);
  }
  // A login that is answered. What came back: 'Y' for yes, or the reason of the refusal, or '-'.
  char try_login(std::string_view user, std::string_view password = kPassword,
                 std::uint64_t address = 1) {
    SoupClient client;
    login(client, user, password, address);
    run();
    clients_.pop_back();
    const char answer = client.is_logged_in()       ? 'Y'
                        : client.reject_reason != 0 ? client.reject_reason
                                                    : '-';
    client.close();
    run();
    return answer;
  }

  risk::SessionIndex session(std::string_view name) const {
    return deployment_.names.sessions.find(name);
  }
  // How often the orders of the session were swept, by the journal.
  int sweeps(std::string_view name) {
    int found = 0;
    journal::Reader reader(folder_.path(), {.include_ring = true});
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) {
      gate::SweepRecord sweep;
      if (record.type != static_cast<std::uint16_t>(gate::RecordType::Sweep) ||
          !journal::read_command(record, sweep)) {
        continue;
      }
      found += sweep.scope == gate::SweepScope::Session && sweep.target == session(name).value;
    }
    return found;
  }
  const shard::LinkCounters& counters() const { return shard_->link_counters(); }
  gate::Gate& gate() { return *gate_; }
  security::LoginChecker& logins() { return logins_; }
  shard::Shard& shard() { return *shard_; }

 private:
  config::Deployment deployment_;
  journal::testing::TemporaryFolder folder_;
  config::Secret venue_password_;

 public:
  MemoryTransport transport;
  int checks = 0;
  bool disk_stands_still = false;

 private:
  security::LoginChecker logins_;
  journal::StreamServer streams_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<gate::Gate> gate_;
  std::unique_ptr<shard::Shard> shard_;
  std::vector<SoupClient*> clients_;
};

// --- logins

TEST(SessionSafety, APasswordIsLookedAtElsewhereAndNothingElseWaitsForIt) {
  World w;
  SoupClient alpha;
  SoupClient bravo;
  w.login(bravo, "BRAVO1");
  w.run();
  ASSERT_TRUE(bravo.is_logged_in());
  w.login(alpha, "ALPHA1");
  const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
  const Bytes behind = packet('U', query);
  alpha.write(w.transport.clock_ns);
  alpha.send_raw(behind);
  w.run(false);
  EXPECT_FALSE(alpha.is_logged_in());
  EXPECT_TRUE(bravo.send(query));
  w.run(false);
  EXPECT_EQ(bravo.stream().size(), 1U) << "the others go on";
  EXPECT_EQ(w.checks, 1);
  w.run();
  EXPECT_TRUE(alpha.is_logged_in());
  EXPECT_EQ(alpha.stream().size(), 1U) << "what waited behind the login";
  EXPECT_EQ(w.checks, 2);
}

TEST(SessionSafety, WhoWaitsForAVerdictIsNotLate) {
  World w({of_gateway("login_timeout_ms", "100"), of_gateway("heartbeat_ms", "100"),
           of_gateway("silence_timeout_ms", "200")});
  SoupClient alpha;
  w.login(alpha, "ALPHA1");
  w.run(false);
  w.pass_time_alone(500 * kMs);
  w.run();
  EXPECT_TRUE(alpha.is_logged_in());
  w.pass_time_alone(150 * kMs);
  EXPECT_TRUE(w.gate().is_session_up(w.session("ALPHA1")));
  SoupClient silent;
  silent.begin(w.connect(), {}, w.transport.clock_ns);  // its login never arrives
  w.pass_time_alone(500 * kMs);
  EXPECT_EQ(w.counters().protocol_errors, 2U)
      << "alpha, which has said nothing since, and this one";
}

TEST(SessionSafety, AVerdictOfAConnectionThatHasGoneIsNobodyElses) {
  World w;
  SoupClient gone;
  w.login(gone, "ALPHA1");
  w.run(false);
  gone.close();
  w.run(false);
  // The next connection has the same place.
  SoupClient other;
  other.begin(w.connect(), {.username = "BRAVO1", .password = "wrong", .session = {}},
              w.transport.clock_ns);
  w.pass();
  w.run();
  EXPECT_FALSE(other.is_logged_in());
  EXPECT_FALSE(w.gate().is_session_up(w.session("ALPHA1")));
  EXPECT_EQ(w.counters().logins, 0U);
}

TEST(SessionSafety, ANameThatWasWrongTooOftenIsLockedForAWhile) {
  World w({of_gateway("login_attempts_max", "3"), of_gateway("login_window_ms", "1000"),
           of_gateway("lockout_ms", "5000")});
  SoupClient there;
  w.login(there, "ALPHA1");
  w.run();
  ASSERT_TRUE(there.is_logged_in());
  // From another address each time: it is the name that is locked.
  for (std::uint64_t address = 10; address < 13; ++address) {
    EXPECT_EQ(w.try_login("ALPHA1", "guess", address), 'A');
  }
  EXPECT_EQ(w.counters().lockouts, 1U);
  const int checks = w.checks;
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 13), 'A') << "the right one, too";
  EXPECT_EQ(w.checks, checks) << "it is not looked at";
  EXPECT_EQ(w.counters().logins_locked_out, 1U);
  EXPECT_EQ(w.counters().logins_failed, 3U);
  EXPECT_EQ(w.counters().logins_rejected, 4U);
  EXPECT_EQ(w.try_login("ALPHA2", kPassword, 13), 'Y') << "another name is not";
  EXPECT_TRUE(there.is_logged_in()) << "who was logged in stays";
  w.pass_time(5'000 * kMs);
  EXPECT_TRUE(there.is_logged_in());
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 13), 'Y');
}

TEST(SessionSafety, WhoGuessesDoesNotKeepTheOwnerOut) {
  World w({of_gateway("login_attempts_max", "3"), of_gateway("login_window_ms", "1000"),
           of_gateway("lockout_ms", "5000")});
  constexpr std::uint64_t kOwner = 1;
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, kOwner), 'Y');
  for (std::uint64_t address = 10; address < 13; ++address)
    EXPECT_EQ(w.try_login("ALPHA1", "guess", address), 'A');
  const int checks = w.checks;
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 13), 'A') << "from a new address";
  EXPECT_EQ(w.checks, checks);
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, kOwner), 'Y');
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 13), 'A') << "nor has that ended the lock-out";
  // Guesses from there are bounded, too.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.try_login("ALPHA1", "guess", kOwner), 'A');
  EXPECT_EQ(w.checks, checks + 4);
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, kOwner), 'A');
  EXPECT_EQ(w.checks, checks + 4);
  EXPECT_EQ(w.counters().lockouts, 2U);
}

TEST(SessionSafety, AnAddressThatWasWrongTooOftenIsLockedForAWhile) {
  World w({of_gateway("login_attempts_max", "3"), of_gateway("login_window_ms", "1000"),
           of_gateway("lockout_ms", "5000")});
  for (const char* user : {"NOBODY", "ALPHA1", "BRAVO1"}) {
    EXPECT_EQ(w.try_login(user, "guess", 7), 'A');
  }
  EXPECT_EQ(w.try_login("ALPHA2", kPassword, 7), 'A');
  EXPECT_EQ(w.counters().logins_locked_out, 1U);
  EXPECT_EQ(w.try_login("ALPHA2", kPassword, 8), 'Y') << "from elsewhere";
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 8), 'Y');
  w.pass_time(5'000 * kMs);
  EXPECT_EQ(w.try_login("ALPHA2", kPassword, 7), 'Y');
}

// Whoever has one password does not guess others for ever.
TEST(SessionSafety, AGoodLoginForgetsTheFailuresOfItsNameAlone) {
  World w({of_gateway("login_attempts_max", "4")});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(w.try_login("ALPHA2", "guess", 7), 'A');
    EXPECT_EQ(w.try_login("ALPHA1", kPassword, 7), 'Y');
  }
  EXPECT_EQ(w.try_login("ALPHA1", "guess", 8), 'A');
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 8), 'Y');
  EXPECT_EQ(w.try_login("ALPHA2", "guess", 7), 'A');
  EXPECT_EQ(w.counters().lockouts, 2U) << "of ALPHA2 and of the address";
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 7), 'A');
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 8), 'Y');
}

// Whoever closes before the verdict is counted all the same.
TEST(SessionSafety, AFailureCountsAfterItsConnectionHasGone) {
  World w({of_gateway("login_attempts_max", "3")});
  std::array<SoupClient, 3> clients;  // the world keeps them
  for (unsigned i = 0; i < clients.size(); ++i) {
    w.login(clients[i], "ALPHA1", "guess", 10U + i);
    w.run(false);
    clients[i].close();
    w.run(false);
    w.run();
  }
  EXPECT_EQ(w.counters().lockouts, 1U);
  EXPECT_EQ(w.try_login("ALPHA1", kPassword, 99), 'A');
}

TEST(SessionSafety, NoMoreChecksArePendingThanThereMayBe) {
  World w({of_gateway("unauthenticated_max", "3")});
  // Their connections have gone, but not their checks.
  std::array<SoupClient, 3> clients;  // the world keeps them
  for (SoupClient& client : clients) {
    w.login(client, "ALPHA1");
    w.run(false);
    client.close();
    w.run(false);
  }
  SoupClient fourth;
  w.login(fourth, "ALPHA2");
  w.run(false);
  EXPECT_EQ(fourth.reject_reason, 'S') << "not now";
  EXPECT_EQ(w.counters().logins_unchecked, 1U);
  w.run();
  EXPECT_EQ(w.try_login("ALPHA2"), 'Y');
}

TEST(SessionSafety, ADuplicateLoginIsTakenOrRefusedAsTheSessionSays) {
  World w({of_session("ALPHA1", "duplicate_login", "\"newest_wins\""),
           of_session("ALPHA2", "duplicate_login", "\"refuse\"")});
  SoupClient one;
  SoupClient two;
  w.login(one, "ALPHA1");
  w.login(two, "ALPHA2");
  w.run();
  ASSERT_TRUE(one.is_logged_in() && two.is_logged_in());
  EXPECT_EQ(w.try_login("ALPHA1"), 'Y');
  EXPECT_FALSE(one.is_connected()) << "superseded";
  EXPECT_EQ(w.try_login("ALPHA2"), 'S');
  EXPECT_TRUE(two.is_logged_in());
  EXPECT_EQ(w.counters().logins_duplicate, 1U);
  EXPECT_EQ(w.counters().logins_superseded, 1U);
  two.close();
  w.run();
  EXPECT_EQ(w.try_login("ALPHA2"), 'Y');
}

// --- connections

TEST(SessionSafety, OfThoseWhoDoNotLogInTheOldestGoes) {
  World w({of_gateway("unauthenticated_max", "3")});
  SoupClient alpha;
  w.login(alpha, "ALPHA1");
  w.run();
  std::vector<std::shared_ptr<Wire>> wires;
  for (int i = 0; i < 3; ++i) {
    wires.push_back(w.connect(static_cast<std::uint64_t>(i + 1)));
    w.transport.clock_ns += kMs;
    w.run();
  }
  for (const auto& wire : wires) EXPECT_TRUE(wire->is_open_here);
  wires.push_back(w.connect(9));
  w.run();
  EXPECT_FALSE(wires[0]->is_open_here);
  for (int i = 1; i < 4; ++i) EXPECT_TRUE(wires[static_cast<std::size_t>(i)]->is_open_here) << i;
  EXPECT_EQ(w.counters().dropped_unauthenticated, 1U);
  EXPECT_EQ(w.try_login("BRAVO1"), 'Y') << "a flood keeps nobody out";
  EXPECT_TRUE(alpha.is_logged_in()) << "who has logged in is not counted";
  w.run();
}

// Those whose password is being looked at are not pushed out by those who only connect.
TEST(SessionSafety, AFloodOfConnectionsDoesNotCutOffALogin) {
  World w({of_gateway("unauthenticated_max", "2")});
  SoupClient alpha;
  SoupClient bravo;
  w.login(alpha, "ALPHA1");
  w.run(false);
  w.login(bravo, "BRAVO1");
  w.run(false);
  const auto flood = w.connect();
  w.run(false);
  EXPECT_FALSE(flood->is_open_here);
  EXPECT_EQ(w.counters().refused_unauthenticated, 1U);
  w.run();
  EXPECT_TRUE(alpha.is_logged_in());
  EXPECT_TRUE(bravo.is_logged_in());
}

// Where those who do not log in had taken the last place, nobody came in before their time was up,
// and others took their places then.
TEST(SessionSafety, AFloodThatTakesEveryPlaceKeepsNobodyOut) {
  World w({of_gateway("connections_max", "4"), of_gateway("unauthenticated_max", "4")});
  SoupClient bravo;
  w.login(bravo, "BRAVO1");
  w.run();
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::uint64_t address = 10; address < 13; ++address) {
    wires.push_back(w.connect(address));
    w.transport.clock_ns += kMs;
    w.run();
  }
  EXPECT_EQ(w.try_login("ALPHA1"), '-') << "there is no place";
  EXPECT_EQ(w.counters().connections_refused, 1U);
  EXPECT_FALSE(wires[0]->is_open_here) << "for the next";
  EXPECT_EQ(w.try_login("ALPHA1"), 'Y');
  EXPECT_TRUE(wires[1]->is_open_here && wires[2]->is_open_here);
  EXPECT_TRUE(bravo.is_logged_in());
}

TEST(SessionSafety, AnAddressHasSoManyConnections) {
  World w({of_gateway("connections_per_address_max", "2")});
  const auto one = w.connect(7);
  const auto two = w.connect(7);
  w.run();
  const auto three = w.connect(7);
  const auto other = w.connect(8);
  w.run();
  EXPECT_TRUE(one->is_open_here && two->is_open_here && other->is_open_here);
  EXPECT_FALSE(three->is_open_here);
  EXPECT_EQ(w.counters().refused_by_address, 1U);
  one->is_open_there = false;
  one->to_gate.end(0);
  w.run();
  const auto again = w.connect(7);
  w.run();
  EXPECT_TRUE(again->is_open_here);
}

// --- silence

TEST(SessionSafety, TheDeadManCancelsOnceUntilTheClientSpeaksAgain) {
  World w({of_session("ALPHA1", "dead_man_ms", "3000"),
           of_session("ALPHA1", "cancel_on_disconnect", "false"),
           of_session("ALPHA2", "cancel_on_disconnect", "false")});
  SoupClient alpha;
  w.login(alpha, "ALPHA1");
  w.pass_time(10'000 * kMs);  // with heartbeats
  EXPECT_EQ(w.sweeps("ALPHA1"), 0);
  w.pass_time_alone(1'900 * kMs);  // and up to a second before
  EXPECT_EQ(w.sweeps("ALPHA1"), 0);
  w.pass_time_alone(1'200 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1);
  w.pass_time_alone(9'000 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1) << "once";
  EXPECT_TRUE(alpha.is_logged_in());
  EXPECT_EQ(w.counters().dead_men, 1U);
  w.run();  // it speaks
  w.pass_time_alone(3'200 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 2);
  EXPECT_EQ(w.sweeps("ALPHA2"), 0) << "another has none";
}

TEST(SessionSafety, TheDeadManCountsWithoutAConnectionToo) {
  World w({of_session("ALPHA1", "dead_man_ms", "3000"),
           of_session("ALPHA1", "cancel_on_disconnect", "false")});
  w.pass_time(2'900 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 0);
  w.pass_time(200 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1) << "from the start on: it may have orders of before";
  EXPECT_EQ(w.try_login("ALPHA1"), 'Y');
  w.pass_time(2'800 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1);
  w.pass_time(400 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 2);
  // A login that fails is not the session speaking.
  EXPECT_EQ(w.try_login("ALPHA1", "guess"), 'A');
  w.pass_time(9'000 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 2);
}

TEST(SessionSafety, TheGraceOfADisconnectIsTheSessions) {
  World w({of_session("ALPHA1", "disconnect_grace_ms", "1000"),
           of_session("ALPHA2", "disconnect_grace_ms", "4000"),
           of_session("ALPHA1", "cancel_on_disconnect", "true"),
           of_session("ALPHA2", "cancel_on_disconnect", "true")});
  w.pass_time(5'000 * kMs);  // that of the start
  EXPECT_EQ(w.sweeps("ALPHA1"), 1);
  EXPECT_EQ(w.sweeps("ALPHA2"), 1);
  EXPECT_EQ(w.try_login("ALPHA1"), 'Y');
  EXPECT_EQ(w.try_login("ALPHA2"), 'Y');
  w.pass_time(900 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1);
  w.pass_time(200 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 2);
  EXPECT_EQ(w.sweeps("ALPHA2"), 1);
  w.pass_time(3'000 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA2"), 2);
}

// --- slow consumers

// Answers to queries until the session's buffer is full, of a client that reads nothing.
void drown(World& w, SoupClient& client, int queries) {
  const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
  for (int i = 0; i < queries && client.is_connected() && client.wire().is_open_here; ++i) {
    ASSERT_TRUE(client.send(query));
    client.write(w.transport.clock_ns);
    client.wire().to_gate.arrive_all();
    if (i % 32 == 31) w.pass_time_alone(kMs);
  }
  w.pass_time_alone(kMs);
}

std::vector<Change> slow(const char* policy) {
  return {of_gateway("slow_consumer_bytes", "65536"), of_session("ALPHA1", "slow_consumer", policy),
          of_session("ALPHA1", "rate",
                     R"({"per_second": 1000000, "burst": 1000000, "exit_per_second": 1000000,
                         "exit_burst": 1000000})")};
}

TEST(SessionSafety, ASlowConsumerIsLetGoAtOnceWhereThatIsItsPolicy) {
  World w(slow("\"disconnect\""));
  SoupClient alpha;
  w.login(alpha, "ALPHA1", kPassword, 1, 1'024);
  w.run();
  ASSERT_TRUE(alpha.is_logged_in());
  drown(w, alpha, 10'000);
  EXPECT_EQ(w.counters().slow_consumers, 1U);
  EXPECT_FALSE(w.gate().is_session_up(w.session("ALPHA1")));
  // It comes back and asks for all of it: more than is kept, but it reads.
  SoupClient again;
  again.begin(w.connect(1, 1'024),
              {.username = "ALPHA1", .password = kPassword, .session = {}, .sequence = 1},
              w.transport.clock_ns);
  for (int i = 0; i < 4'000; ++i) {
    again.write(w.transport.clock_ns);
    again.wire().to_gate.arrive_all();
    again.wire().from_gate.arrive_all();
    EXPECT_EQ(again.read(w.transport.clock_ns), "");
    w.pass();
    w.logins().check_one();
  }
  EXPECT_TRUE(again.is_logged_in());
  EXPECT_GT(again.stream().size(), 3'000U);
  EXPECT_EQ(w.counters().slow_consumers, 1U);
}

TEST(SessionSafety, ASlowConsumerWaitsWhereThatIsItsPolicy) {
  World w(slow("\"wait\""));
  SoupClient alpha;
  w.login(alpha, "ALPHA1", kPassword, 1, 1'024);
  w.run();
  drown(w, alpha, 10'000);
  EXPECT_EQ(w.counters().slow_consumers, 0U);
  EXPECT_TRUE(w.gate().is_session_up(w.session("ALPHA1")));
  // As long as a silent peer is given.
  w.pass_time_alone(16'000 * kMs);
  EXPECT_FALSE(w.gate().is_session_up(w.session("ALPHA1")));
}

// A client was let go for what waited for the disk, and its orders with it, though it read all that
// it was given.
TEST(SessionSafety, WhoWaitsForTheDiskIsNotASlowConsumer) {
  World w(slow("\"disconnect\""), journal::Durability::Fsync);
  SoupClient alpha;
  w.login(alpha, "ALPHA1");
  w.run();
  ASSERT_TRUE(alpha.is_logged_in());
  w.disk_stands_still = true;
  drown(w, alpha, 5'000);
  w.pass_time_alone(2'000 * kMs);
  EXPECT_EQ(w.counters().slow_consumers, 0U);
  w.disk_stands_still = false;
  w.pass_time(1'000 * kMs);
  EXPECT_TRUE(alpha.is_connected());
  EXPECT_EQ(alpha.stream().size(), 5'000U);
}

// The orders of a client that spoke were cancelled, for what it said lay unread while the journal
// stood still.
TEST(SessionSafety, NobodyIsDeadWhoIsNotListenedTo) {
  std::vector<Change> changes = slow("\"wait\"");
  changes.push_back(of_session("ALPHA1", "dead_man_ms", "3000"));
  changes.push_back(of_session("ALPHA1", "cancel_on_disconnect", "false"));
  World w(changes);
  SoupClient alpha;
  w.login(alpha, "ALPHA1");
  w.run();
  w.disk_stands_still = true;
  // So much at once that some of it was read and not taken.
  const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
  for (int rounds = 0; rounds < 1'000 && w.gate().has_room(); ++rounds) {
    for (int i = 0; i < 200 && alpha.send(query); ++i) continue;
    alpha.write(w.transport.clock_ns);
    alpha.wire().to_gate.arrive_all();
    w.pass_time_alone(kMs);
  }
  ASSERT_FALSE(w.gate().has_room());
  for (int second = 0; second < 5; ++second) {
    alpha.write(w.transport.clock_ns);  // a heartbeat, where nothing else
    alpha.wire().to_gate.arrive_all();
    w.pass_time_alone(1'000 * kMs);
  }
  w.disk_stands_still = false;
  w.pass_time_alone(100 * kMs);
  EXPECT_TRUE(w.gate().has_room());
  EXPECT_EQ(w.sweeps("ALPHA1"), 0);
  w.pass_time_alone(4'000 * kMs);
  EXPECT_EQ(w.sweeps("ALPHA1"), 1) << "it is silent now";
}

// --- what is too long

TEST(SessionSafety, AMessageLongerThanAnyEndsItsConnectionAlone) {
  World w;
  SoupClient alpha;
  SoupClient bravo;
  w.login(alpha, "ALPHA1");
  w.login(bravo, "BRAVO1");
  w.run();
  alpha.send_raw(packet('U', std::string(1'024, 'O')));
  w.run();
  EXPECT_TRUE(alpha.is_connected()) << "the longest that is looked at, though it is no message";
  alpha.send_raw(packet('U', std::string(1'025, 'O')));
  w.run();
  EXPECT_FALSE(alpha.is_connected());
  EXPECT_EQ(w.counters().protocol_errors, 1U);
  EXPECT_TRUE(bravo.is_logged_in());
}

}  // namespace
}  // namespace portcullis::test::session_safety_test
