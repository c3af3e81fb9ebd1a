// The simulated venue as a process, over real sockets and over shared memory.

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "gateway/venue_sim/command.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/journal_support.h"
#include "tests/support/paths.h"
#include "tests/support/seed.h"
#include "tests/support/venue_process.h"

namespace portcullis::gateway::venue_sim::venue_server_test {
namespace {

using journal::testing::TemporaryFolder;

VenueOptions options_in(const std::filesystem::path& folder) {
  return {.journal_directory = folder / "journal",
          .users = {{"gate", "secret"}, {"other", "word"}},
          .stats_file = folder / "stats.json",
          .ring_bytes = 1'048'576};
}

class VenueServer : public testing::TestWithParam<test::VenueLink> {
 protected:
  VenueOptions options() const {
    VenueOptions options = options_in(directory_.path());
    if (GetParam() == test::VenueLink::SharedMemory) options.memory_socket = socket();
    return options;
  }
  std::filesystem::path socket() const { return directory_.path() / "venue.sock"; }
  VenueClient client_of(const VenueProcess& venue) const {
    if (GetParam() == test::VenueLink::SharedMemory) return VenueClient(socket());
    return VenueClient(venue.port);
  }
  std::string stats() const {
    std::ifstream file(directory_.path() / "stats.json");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool stats_have(const std::string& name, std::uint64_t value) const {
    const std::string text = stats();
    const std::string entry = "\"" + name + "\": " + std::to_string(value);
    return text.find(entry + ",") != std::string::npos ||
           text.find(entry + "}") != std::string::npos;
  }

  TemporaryFolder directory_;
};

TEST_P(VenueServer, TakesOrdersOfTwoSessionsAndReportsFillsAndCounts) {
  VenueProcess venue(options());
  ASSERT_NE(venue.port, 0);
  VenueClient gate = client_of(venue);
  VenueClient other = client_of(venue);
  ASSERT_TRUE(gate.login());
  ASSERT_TRUE(other.login(1, "", "other", "word"));
  EXPECT_NE(gate.session, other.session);
  EXPECT_EQ(gate.receive(1), Lines{"S"});
  EXPECT_EQ(other.receive(1), Lines{"S"});

  gate.send(enter_message({.number = 1, .side = 'S'}));
  EXPECT_EQ(gate.receive(1), Lines{"A 1 L 100@5000"});
  other.send(enter_message({.number = 1, .quantity = 60}));
  EXPECT_EQ(other.receive(2), (Lines{"A 1 L 60@5000", "E 1 60@5000 R #1"}));
  EXPECT_EQ(gate.receive(1), Lines{"E 1 60@5000 A #1"});
  gate.send(ouch::CancelOrder{.user_ref_num = 1, .quantity = 0, .appendage = {}});
  EXPECT_EQ(gate.receive(1), Lines{"C 1 -40 U"});

  EXPECT_EQ(venue.terminate(), 0);
  for (const auto& [name, value] : std::map<std::string, std::uint64_t>{{"messages", 3},
                                                                        {"accepted", 2},
                                                                        {"executed", 2},
                                                                        {"trades", 1},
                                                                        {"volume", 60},
                                                                        {"canceled", 1},
                                                                        {"rejected", 0},
                                                                        {"open", 0},
                                                                        {"logins", 2}}) {
    EXPECT_TRUE(stats_have(name, value)) << name << " in " << stats();
  }
}

TEST_P(VenueServer, WritesStatisticsWhenAskedWhileItRuns) {
  VenueProcess venue(options());
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  gate.send(enter_message({.number = 1}));
  gate.receive(2);
  venue.signal(SIGUSR1);
  gate.send(ouch::AccountQuery{.appendage = {}});
  // The signal may be taken after the query, so look until the file is there.
  for (int i = 0; i < 1000 && !stats_have("accepted", 1); ++i) usleep(10'000);
  EXPECT_TRUE(stats_have("accepted", 1)) << stats();
  EXPECT_EQ(gate.receive(1), Lines{"Q 2"}) << "and goes on";
}

TEST_P(VenueServer, RejectsLoginsWithWrongPasswordSessionOrNumber) {
  VenueProcess venue(options());
  const auto reason = [&](std::uint64_t sequence, const std::string& session,
                          const std::string& user, const std::string& password) {
    VenueClient client = client_of(venue);
    EXPECT_FALSE(client.login(sequence, session, user, password));
    return client.reject_reason;
  };
  EXPECT_EQ(reason(1, "", "gate", "wrong"), 'A');
  EXPECT_EQ(reason(1, "", "nobody", "secret"), 'A');
  EXPECT_EQ(reason(1, "", "gate", "word"), 'A');
  EXPECT_EQ(reason(1, "ELSEWHERE", "gate", "secret"), 'S');
  EXPECT_EQ(reason(3, "", "gate", "secret"), 'S') << "there is one message, so the next is 2";
  VenueClient client = client_of(venue);
  EXPECT_TRUE(client.login(2));
  VenueClient named = client_of(venue);
  EXPECT_TRUE(named.login(1, client.session));
}

TEST_P(VenueServer, EndsConnectionsThatDoNotBeginWithALogin) {
  VenueProcess venue(options());
  for (const std::string& bytes :
       {std::string("\0\1R", 3), std::string("\0\0", 2), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    journal::Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(venue.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (GetParam() == test::VenueLink::SharedMemory) {
      fd = shm::connect_to(socket());  // where it waits for memory
    } else {
      ASSERT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ASSERT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&waiting, 1, kPatienceMs), 1);
    char byte = 0;
    EXPECT_LE(recv(fd.get(), &byte, 1, 0), 0);
  }
  VenueClient gate = client_of(venue);
  EXPECT_TRUE(gate.login());
}

TEST_P(VenueServer, CountsPayloadsThatAreNoMessageAndKeepsTheConnection) {
  VenueProcess venue(options());
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  gate.send_bytes(std::vector<std::byte>(5));
  gate.send_bytes({});
  gate.send(ouch::AccountQuery{.appendage = {}});
  EXPECT_EQ(gate.receive(2), (Lines{"S", "Q 1"}));
  EXPECT_EQ(venue.terminate(), 0);
  EXPECT_TRUE(stats_have("malformed", 2)) << stats();
}

TEST_P(VenueServer, ReplaysFromTheNumberAskedForAndGoesOnLive) {
  VenueProcess venue(options());
  std::vector<std::vector<std::byte>> all;
  {
    VenueClient gate = client_of(venue);
    ASSERT_TRUE(gate.login());
    for (std::uint32_t number = 1; number <= 4; ++number) {
      gate.send(enter_message({.number = number}));
    }
    ASSERT_TRUE(gate.receive_until(6));
    all = gate.stream;
  }
  {
    VenueClient gate = client_of(venue);
    ASSERT_TRUE(gate.login(3));
    ASSERT_TRUE(gate.receive_until(6));
    EXPECT_TRUE(std::ranges::equal(gate.stream, std::span(all).subspan(2)));
  }
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login(0));
  EXPECT_EQ(gate.next_sequence(), 6U) << "only new ones";
  gate.send(ouch::AccountQuery{.appendage = {}});
  EXPECT_EQ(gate.receive(1), Lines{"Q 5"});
}

// More than the ring's recent messages, the output buffer and a chunk of the stream reader hold.
TEST_P(VenueServer, ReplaysALongStreamWhileItGrows) {
  VenueProcess venue(options());
  constexpr std::uint32_t kOrders = 20'000;
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  for (std::uint32_t number = 1; number <= kOrders; ++number) {
    gate.send(enter_message({.number = number, .side = 'S'}));
  }
  VenueClient other = client_of(venue);
  ASSERT_TRUE(other.login(0, "", "other", "word"));
  ASSERT_TRUE(gate.receive_until(kOrders + 2));
  const std::vector<std::vector<std::byte>> before = gate.stream;

  VenueClient again = client_of(venue);
  ASSERT_TRUE(again.login(1));
  for (std::uint32_t number = 1; number <= 500; ++number) {
    other.send(enter_message({.number = number, .quantity = 100}));
  }
  ASSERT_TRUE(again.receive_until(kOrders + 2 + 500));
  EXPECT_TRUE(std::ranges::equal(std::span(again.stream).first(before.size()), before));
  EXPECT_EQ(again.stream.size(), before.size() + 500);
}

TEST_P(VenueServer, LetsTheNewestLoginWin) {
  VenueProcess venue(options());
  VenueClient old_one = client_of(venue);
  ASSERT_TRUE(old_one.login());
  ASSERT_EQ(old_one.receive(1), Lines{"S"});
  VenueClient new_one = client_of(venue);
  ASSERT_TRUE(new_one.login(0, old_one.session));
  old_one.wait_for_end();
  new_one.send(enter_message({.number = 1}));
  EXPECT_EQ(new_one.receive(1), Lines{"A 1 L 100@5000"});
}

TEST_P(VenueServer, SendsHeartbeatsToAnIdleClient) {
  VenueProcess venue(options());
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login(0));
  gate.wait_for_bytes();
  gate.wait_for_bytes();
  EXPECT_EQ(gate.heartbeats, 2);
}

// --- Faults of the link

TEST_P(VenueServer, DropsTheLinkBeforeEveryNthAnswer) {
  VenueOptions faulty = options();
  faulty.link_faults.drop_every = 3;
  VenueProcess venue(faulty);
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  ASSERT_EQ(gate.receive(1), Lines{"S"});
  gate.send(enter_message({.number = 1}));
  EXPECT_EQ(gate.receive(1), Lines{"A 1 L 100@5000"});
  gate.send(enter_message({.number = 2}));
  EXPECT_EQ(gate.receive(1), Lines{"A 2 L 100@5000"});
  gate.send(enter_message({.number = 3}));
  gate.wait_for_end();
  EXPECT_EQ(gate.next_sequence(), 4U);
  VenueClient again = client_of(venue);
  ASSERT_TRUE(again.login(4));
  EXPECT_EQ(again.receive(1), Lines{"A 3 L 100@5000"}) << "it had been processed";
}

TEST_P(VenueServer, DropsTheLinkInTheMiddleOfAPacket) {
  VenueOptions faulty = options();
  faulty.link_faults = {.drop_every = 2, .drop_mid_frame = true};
  VenueProcess venue(faulty);
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  ASSERT_EQ(gate.receive(1), Lines{"S"});
  gate.send(enter_message({.number = 1}));
  EXPECT_EQ(gate.receive(1), Lines{"A 1 L 100@5000"});
  gate.send(enter_message({.number = 2}));
  gate.wait_for_end();
  EXPECT_TRUE(gate.bytes_left_over);
  EXPECT_EQ(gate.next_sequence(), 3U);
  VenueClient again = client_of(venue);
  ASSERT_TRUE(again.login(3));
  EXPECT_EQ(again.receive(1), Lines{"A 2 L 100@5000"});
}

TEST_P(VenueServer, DelaysWhatItSendsButNotAReplay) {
  VenueOptions slow = options();
  slow.link_faults.delay = std::chrono::milliseconds(200);
  VenueProcess venue(slow);
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login());
  ASSERT_EQ(gate.receive(1), Lines{"S"}) << "said before the start is not delayed";
  const auto sent = std::chrono::steady_clock::now();
  gate.send(enter_message({.number = 1}));
  gate.send(enter_message({.number = 2, .side = 'S'}));
  EXPECT_EQ(gate.receive(4),
            (Lines{"A 1 L 100@5000", "A 2 L 100@5000", "E 2 100@5000 R #1", "E 1 100@5000 A #1"}));
  EXPECT_GE(std::chrono::steady_clock::now() - sent, std::chrono::milliseconds(200));
}

// --- Restart

// The client behaves as the gate does: after each restart it takes the stream from where it was,
// asks for the next number and sends again what the venue had not processed.
TEST_P(VenueServer, GoesOnAfterKill9InMidStream) {
  const std::uint64_t used_seed = test::seed();
  std::mt19937_64 random(used_seed);
  constexpr std::uint32_t kOrders = 6'000;
  std::vector<std::vector<std::byte>> stream;
  std::string session;
  std::uint32_t next_number = 1;
  for (int life = 0; next_number <= kOrders; ++life) {
    VenueProcess venue(options());
    ASSERT_NE(venue.port, 0);
    VenueClient gate = client_of(venue);
    ASSERT_TRUE(gate.login(stream.size() + 1, session));
    if (life == 0) session = gate.session;
    // Asks and waits for the answer; everything before it has then been received.
    const auto query = [&] {
      const auto is_answer = [](const std::vector<std::byte>& payload) {
        return std::to_integer<char>(payload[0]) == 'Q';
      };
      const auto before = std::ranges::count_if(gate.stream, is_answer);
      gate.send(ouch::AccountQuery{.appendage = {}});
      while (!gate.ended && std::ranges::count_if(gate.stream, is_answer) == before) {
        gate.wait_for_bytes();
      }
    };
    query();
    ASSERT_FALSE(gate.ended);
    ouch::QueryResponse response;
    ASSERT_EQ(decode(gate.stream.back(), response), ouch::DecodeError::None);
    next_number = response.next_user_ref_num;

    const std::uint32_t through =
        life == 5 ? kOrders
                  : std::min(kOrders, next_number + static_cast<std::uint32_t>(random() % 900));
    for (; next_number <= through; ++next_number) {
      gate.send(enter_message({.number = next_number,
                               .side = next_number % 2 == 0 ? 'B' : 'S',
                               .quantity = static_cast<std::uint32_t>(1 + random() % 50)}));
    }
    if (life < 5) {
      if (random() % 2 == 0) gate.wait_for_bytes();
      venue.kill_9();
      next_number = 1;
      gate.wait_for_end();
    } else {
      query();
      EXPECT_EQ(venue.terminate(), 0);
    }
    stream.insert(stream.end(), gate.stream.begin(), gate.stream.end());
  }

  // Each number was accepted once, in order, and both sides of every trade are there.
  std::uint32_t accepted = 0;
  std::map<std::uint64_t, std::uint32_t> sides;
  for (const std::vector<std::byte>& payload : stream) {
    ouch::Accepted order;
    ouch::Executed execution;
    if (decode(payload, order) == ouch::DecodeError::None) {
      EXPECT_EQ(order.user_ref_num, ++accepted);
    } else if (decode(payload, execution) == ouch::DecodeError::None) {
      ++sides[execution.match_number];
    }
  }
  EXPECT_EQ(accepted, kOrders);
  EXPECT_GT(sides.size(), 100U);
  for (const auto& [match, count] : sides) EXPECT_EQ(count, 2U) << "match " << match;

  // And a replay of everything says the same.
  VenueProcess venue(options());
  VenueClient gate = client_of(venue);
  ASSERT_TRUE(gate.login(1, session));
  ASSERT_TRUE(gate.receive_until(stream.size() + 1));
  EXPECT_TRUE(std::ranges::equal(gate.stream, stream));
}

INSTANTIATE_TEST_SUITE_P(Over, VenueServer, test::kBothLinks, test::link_name);

// --- Command line

class VenueCommand : public testing::Test {
 protected:
  TemporaryFolder directory_;
};

TEST_F(VenueCommand, RunsFromTheCommandLine) {
  const std::string journal = (directory_.path() / "journal").string();
  ::setenv("PORTCULLIS_TEST_PASSWORD", "secret", 1);  // NOLINT(concurrency-mt-unsafe)
  VenueProcess venue([&](std::ostream& out) {
    std::cout.rdbuf(out.rdbuf());
    CLI::App app;
    add_venue_command(app);
    const char* arguments[] = {
        "portcullis", "venue",   "--journal",      journal.c_str(),
        "--user",     "gate",    "--password-env", "PORTCULLIS_TEST_PASSWORD",
        "--symbols",  "XYZ,ABC", "--reject-every", "2"};
    try {
      app.parse(static_cast<int>(std::size(arguments)), arguments);
    } catch (const CLI::Error& error) {
      return app.exit(error);
    }
    return 0;
  });
  ASSERT_NE(venue.port, 0);
  VenueClient gate(venue.port);
  ASSERT_TRUE(gate.login());
  gate.send(enter_message({.number = 1}));
  gate.send(enter_message({.number = 2, .symbol = "ELSE"}));
  gate.send(enter_message({.number = 3, .symbol = "ABC"}));
  EXPECT_EQ(gate.receive(4), (Lines{"S", "A 1 L 100@5000", "J 2 17", "J 3 a"}));
  EXPECT_EQ(venue.terminate(), 0);
}

TEST_F(VenueCommand, TakesUserPasswordAndSymbolsFromADeployment) {
  const test::TestDeployment deployment;
  const std::string journal = (directory_.path() / "journal").string();
  const std::vector<std::string> arguments = {
      test::binary(), "venue", "--journal", journal, "--config", deployment.config().string(),
      "--port",       "0"};
  test::Environment environment = deployment.environment();
  {
    test::Process venue(arguments, environment, deployment.errors());
    VenueClient gate(test::port_of(venue.read_line()));
    ASSERT_TRUE(gate.login(1, "", "GATE01", environment["PORTCULLIS_VENUE_PASSWORD"]));
    gate.send(enter_message({.number = 1, .symbol = "AMZN"}));
    gate.send(enter_message({.number = 2, .symbol = "ELSE"}));
    EXPECT_EQ(gate.receive(3), (Lines{"S", "A 1 L 100@5000", "J 2 17"}));
    EXPECT_EQ(venue.terminate(), 0);
  }
  environment.erase("PORTCULLIS_VENUE_PASSWORD");
  const test::Outcome outcome = test::run_to_end(arguments, environment);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("venue password: "), std::string::npos) << outcome.errors;
}

// Arguments are shown to everybody who asks for the processes of the machine.
TEST_F(VenueCommand, ItsPasswordIsNoArgument) {
  const std::string journal = (directory_.path() / "journal").string();
  const auto run = [&](std::vector<std::string> more, const test::Environment& environment = {}) {
    std::vector<std::string> arguments{test::binary(), "venue", "--journal", journal,
                                       "--port",       "0",     "--user",    "gate"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_to_end(arguments, environment);
  };
  EXPECT_NE(run({"--password", "secret"}).code, 0);
  EXPECT_EQ(run({}).code, 1) << "none at all";
  const test::Outcome missing = run({"--password-env", "PORTCULLIS_TEST_NO_PASSWORD"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.errors.find("venue password: "), std::string::npos) << missing.errors;
  const std::filesystem::path file = directory_.path() / "password";
  std::ofstream(file) << "secret\n";
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  const test::Outcome open = run({"--password-file", file.string()});
  EXPECT_EQ(open.code, 1);
  EXPECT_NE(open.errors.find("may be read by others"), std::string::npos) << open.errors;
  EXPECT_EQ(run({"--password-file", file.string(), "--password-env", "X"}, {{"X", "secret"}}).code,
            1)
      << "which of them?";
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  test::Process venue({test::binary(), "venue", "--journal", journal, "--port", "0", "--user",
                       "gate", "--password-file", file.string()},
                      {}, directory_.path() / "errors");
  VenueClient gate(test::port_of(venue.read_line()));
  EXPECT_TRUE(gate.login(1, "", "gate", "secret"));
  EXPECT_EQ(venue.terminate(), 0);
}

TEST_F(VenueCommand, DoesNotStartOnAJournalThatIsInUse) {
  const VenueOptions options = options_in(directory_.path());
  VenueProcess first(options);
  ASSERT_NE(first.port, 0);
  VenueProcess second(options);
  EXPECT_EQ(second.port, 0);
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_server_test
