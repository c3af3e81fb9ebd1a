// `portcullis run` that cannot start: it ends with code 1, says what is wrong, and leaves nothing
// behind, so that the same command works once that is put right.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "config/load.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "tests/support/gate_process.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"
#include "tests/support/thread_affinity.h"

namespace portcullis::test::gate_start_test {
namespace {

constexpr auto kSet = Change::Kind::Set;

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

class GateStart : public testing::Test {
 protected:
  // Always with the state, as on the first day.
  [[nodiscard]] std::vector<std::string> arguments() const {
    std::vector<std::string> all = {test::binary(), "run",
                                    "--config",     deployment.config().string(),
                                    "--load",       deployment.state().string()};
    all.insert(all.end(), more_arguments.begin(), more_arguments.end());
    return all;
  }
  void expect_refused(std::string_view what) const {
    const Outcome outcome = run_to_end(arguments(), deployment.environment());
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_NE(outcome.errors.find(what), std::string::npos) << outcome.errors;
    EXPECT_EQ(outcome.out, "") << "it listened";
  }
  void expect_starts() const {
    Process gate(arguments(), deployment.environment(), deployment.errors());
    EXPECT_NE(port_of(gate.read_line()), 0) << read_file(deployment.errors());
    EXPECT_EQ(gate.terminate(), 0);
  }

  TestDeployment deployment;
  std::vector<std::string> more_arguments;
};

TEST_F(GateStart, RefusesAPortThatIsInUse) {
  const Port port;
  deployment.change({kSet, "process.json", "gateway.port", std::to_string(port.number())});
  {
    TestDeployment other({{kSet, "process.json", "gateway.port", std::to_string(port.number())}});
    const GateProcess gate(other);
    ASSERT_EQ(gate.port(), port.number());
    expect_refused("cannot listen on 127.0.0.1 port " + std::to_string(port.number()) +
                   ": Address already in use");
  }
  expect_starts();
}

TEST_F(GateStart, RefusesARecordingWithoutPrices) {
  const std::string marks = read_file(deployment.config() / "marks.csv");
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {"", "holds no price"},
           {"symbol,price\n", "marks.csv:1: must be the header time_ns,symbol,price"},
           {"time_ns,symbol,price\n1,BTC-PERP,many\n", "marks.csv:2: the price"}}) {
    write_file(deployment.config() / "marks.csv", text);
    expect_refused(problem);
  }
  std::filesystem::remove(deployment.config() / "marks.csv");
  expect_refused("marks.csv: No such file or directory");
  write_file(deployment.config() / "marks.csv", marks);
  expect_starts();
}

TEST_F(GateStart, RefusesCommandsThatMeanNothing) {
  const std::filesystem::path commands = deployment.folder() / "commands.json";
  more_arguments = {"--commands", commands.string()};
  expect_refused("commands.json: cannot be read");
  write_file(commands,
             R"({"by": "operations", "commands": [{"action": "kill", "node": "nobody"}]})");
  expect_refused("commands.json: commands[0].node: \"nobody\"");
  write_file(commands,
             R"({"by": "operations", "commands": [{"action": "explode", "node": "venue"}]})");
  expect_refused("commands.json: commands[0].action: \"explode\"");
  write_file(commands,
             R"({"by": "operations", "commands": [{"action": "kill", "account": "bravo-1"}]})");
  expect_starts();
}

TEST_F(GateStart, RefusesAStateThatIsWrongOrTooLarge) {
  const std::string state = read_file(deployment.state());
  write_file(deployment.state(), "{}");
  expect_refused("state.json: balances");
  write_file(deployment.state(), state);
  // Three positions, of which two fit: none is loaded.
  deployment.change({kSet, "process.json", "capacities.positions", "2"});
  expect_refused("capacities.positions or group_slots is too small for the state file");
  deployment.change({kSet, "process.json", "capacities.positions", "1024"});
  expect_starts();
}

TEST_F(GateStart, RefusesToLoadAStateIntoAJournalThatIsNotEmpty) {
  expect_starts();
  expect_refused("--load: the journal is not empty");
}

TEST_F(GateStart, RefusesAJournalOfAnotherConfiguration) {
  { EXPECT_NE(GateProcess(deployment).port(), 0); }
  deployment.change({kSet, "process.json", "capacities.trades", "77"});
  const GateProcess other(deployment);
  EXPECT_EQ(other.port(), 0);
  EXPECT_NE(read_file(deployment.errors()).find("begun under another configuration"),
            std::string::npos);
}

TEST_F(GateStart, RefusesAJournalThatAnotherGateHas) {
  const GateProcess first(deployment);
  ASSERT_NE(first.port(), 0) << read_file(deployment.errors());
  expect_refused("is in use: another journal holds its lock");
  OuchClient client(first.port());
  EXPECT_TRUE(client.login("ALPHA2")) << "the first goes on";
}

TEST_F(GateStart, RefusesFoldersThatCannotBeWritten) {
  write_file(deployment.folder() / "file", "");
  const std::string file = '"' + (deployment.folder() / "file").string() + '"';
  deployment.change({kSet, "process.json", "journal.directory", file});
  expect_refused("file");
  deployment.change({kSet, "process.json", "journal.directory", "\"journal\""});
  deployment.change({kSet, "process.json", "journal.ring_directory", "\"/nonexistent\""});
  expect_refused("journal: creating the ring /nonexistent/");
  deployment.change({kSet, "process.json", "journal.ring_directory", "null"});
  expect_starts();
}

// Killed among the load commands, a gate left a journal that the next start took for the whole
// state.
TEST_F(GateStart, RefusesAJournalWhoseStateWasNotLoadedToItsEnd) {
  const config::LoadResult loaded = config::load(deployment.config());
  ASSERT_TRUE(loaded.ok());
  {
    gateway::journal::Journal journal(gateway::journal_options(loaded.deployment));
    gateway::gate::Gate gate(loaded.deployment, &journal);
    gate.start("STREAM0001", 1);
    EXPECT_TRUE(gate.load(risk::LoadBalance{{2}, 5, {0}, {0}}));
  }
  expect_refused("the process was killed while the state was loaded");
  std::filesystem::remove_all(loaded.deployment.journal.directory);
  expect_starts();
}

TEST_F(GateStart, RaisesItsLimitOfOpenFilesOrRefuses) {
  deployment.change({kSet, "process.json", "gateway.connections_max", "64"});
  std::vector<std::string> command = {"/bin/sh", "-c", "ulimit -n 100; exec \"$0\" \"$@\""};
  const std::vector<std::string> gate = arguments();
  command.insert(command.end(), gate.begin(), gate.end());
  const Outcome outcome = run_to_end(command, deployment.environment());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("need 134 open files, and the limit is 100"), std::string::npos)
      << outcome.errors;
  command[2] = "ulimit -S -n 100; exec \"$0\" \"$@\"";
  Process raised(command, deployment.environment(), deployment.errors());
  EXPECT_NE(port_of(raised.read_line()), 0) << read_file(deployment.errors());
  EXPECT_EQ(raised.terminate(), 0);
}

TEST_F(GateStart, RefusesACoreThatIsNotThere) {
  const std::vector<std::uint32_t> mine = own_cores();
  const std::uint32_t absent = config::CoreSettings::kCoreMax;
  if (mine.back() == absent) GTEST_SKIP() << "all cores are there";
  const std::string settings = "{\"shard\": " + std::to_string(mine.front()) + ", \"follower\": [" +
                               std::to_string(absent) + "]}";
  deployment.change({Change::Kind::Add, "process.json", "gateway.cores", settings});
  expect_refused("process.json: gateway.cores.follower: " + std::to_string(absent) +
                 ": is no core that this process may use; it may use ");
  EXPECT_FALSE(std::filesystem::exists(deployment.journal()));
  deployment.change({kSet, "process.json", "gateway.cores.follower", "null"});
  expect_starts();
}

TEST_F(GateStart, RefusesAMissingPassword) {
  Environment environment = deployment.environment();
  environment.erase("PORTCULLIS_VENUE_PASSWORD");
  const Outcome outcome = run_to_end(arguments(), environment);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("venue password: the environment variable "
                                "PORTCULLIS_VENUE_PASSWORD"),
            std::string::npos)
      << outcome.errors;
  expect_starts();
}

}  // namespace
}  // namespace portcullis::test::gate_start_test
