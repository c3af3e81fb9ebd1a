// Logins and their secrets, with the real processes and sockets: passwords are stored hashed, are
// found in nothing that a run leaves behind, and cannot be guessed at leisure.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "config/password_hash.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"

namespace portcullis::test::gate_safety_test {
namespace {

constexpr auto kSet = Change::Kind::Set;
constexpr auto kAdd = Change::Kind::Add;
constexpr auto kRemove = Change::Kind::Remove;

// Such as nothing else contains.
constexpr std::string_view kHashed = "xK7qZ9pw";
constexpr std::string_view kOfFile = "uV3#tR8&";
constexpr std::string_view kOfVariable = "mN5!wQ2@";
constexpr std::string_view kOfVenue = "jH6*cB4^";

// What `portcullis password` says to this on its standard input.
Outcome hash_command(std::string_view input, const std::string& options = "") {
  const std::string command =
      "printf '%s' \"$INPUT\" | \"" + test::binary() + "\" password" + options;
  return run_to_end({"/bin/sh", "-c", command}, {{"INPUT", std::string(input)}});
}
std::string hash_line(std::string_view password) {
  const Outcome outcome = hash_command(password, " --cost 1024");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  return outcome.out.substr(0, outcome.out.find('\n'));
}

void write_private(const std::filesystem::path& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
}

class GateSafety : public GateAndVenue {
 protected:
  // ALPHA2 by a hash in the configuration, BRAVO2 by a file, the others by a variable.
  void start(const std::vector<Change>& changes = {}) {
    hash_ = hash_line(kHashed);
    file_hash_ = hash_line(kOfFile);
    std::vector<Change> all{
        {kRemove, "sessions.json", "sessions.ALPHA2.password_env", ""},
        {kAdd, "sessions.json", "sessions.ALPHA2.password_hash", "\"" + hash_ + "\""},
        {kRemove, "sessions.json", "sessions.BRAVO2.password_env", ""},
        {kAdd, "sessions.json", "sessions.BRAVO2.password_file", "\"bravo2.hash\""}};
    all.insert(all.end(), changes.begin(), changes.end());
    deployment_ = std::make_unique<TestDeployment>(all);
    deployment_->set_passwords(kOfVariable, kOfVenue);
    ::chmod((deployment_->config() / "sessions.json").c_str(), 0600);
    write_private(deployment_->config() / "bravo2.hash", file_hash_ + "\n");
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
    wait_for_link(gate_->port(), kOfVariable);
  }
  std::uint16_t port() const { return gate_->port(); }
  char try_login(std::string_view user, std::string_view password) const {
    OuchClient client(port());
    if (client.login(user, 0, "", password)) return 'Y';
    client.wait_for_end();
    return client.reject_reason;
  }

  std::string hash_;
  std::string file_hash_;
};

TEST(PasswordCommand, PrintsALineThatIsStored) {
  const Outcome outcome = hash_command("sesame\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.errors, "");
  ASSERT_TRUE(outcome.out.ends_with('\n'));
  const auto hash = config::parse_password_hash(outcome.out.substr(0, outcome.out.size() - 1));
  ASSERT_TRUE(hash) << outcome.out;
  EXPECT_EQ(hash->cost, config::ScryptCost{});
  EXPECT_NE(hash_command("sesame\n").out, outcome.out) << "another salt";
  EXPECT_EQ(hash_command("sesame", " --cost 2048").out.substr(0, 12), "scrypt$2048$");
  for (const char* wrong : {"", "\n", "eleven-long", "with space", "tab\there"}) {
    const Outcome refused = hash_command(wrong);
    EXPECT_EQ(refused.code, 1) << wrong;
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.errors.find("1 to 10 printable ASCII characters"), std::string::npos);
  }
  EXPECT_EQ(hash_command("sesame", " --cost 1000").code, 1);
  EXPECT_EQ(hash_command("sesame", " --cost 1073741824").code, 1);
}

TEST_F(GateSafety, LogsInByHashesFilesAndVariables) {
  start();
  EXPECT_EQ(try_login("ALPHA2", kHashed), 'Y');
  EXPECT_EQ(try_login("BRAVO2", kOfFile), 'Y');
  EXPECT_EQ(try_login("ALPHA1", kOfVariable), 'Y');
  EXPECT_EQ(try_login("ALPHA2", kOfVariable), 'A');
  EXPECT_EQ(try_login("BRAVO2", kHashed), 'A');
  EXPECT_EQ(try_login("ALPHA1", kOfFile), 'A');
  EXPECT_EQ(try_login("ALPHA1", ""), 'A');
  EXPECT_EQ(try_login("ALPHA2", std::string_view(hash_).substr(0, 10)), 'A');
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.logins_failed"), 5);
}

// All files, whatever they are, and what the machine shows of the process.
TEST_F(GateSafety, NoSecretIsInAnythingThatARunLeaves) {
  start();
  const std::string salt = hash_.substr(std::string("scrypt$1024$8$1$").size(), 22);
  const std::vector<std::string> secrets{std::string(kHashed),
                                         std::string(kOfFile),
                                         std::string(kOfVariable),
                                         std::string(kOfVenue),
                                         "guess7me",
                                         hash_,
                                         file_hash_,
                                         salt};
  const auto look = [&](const std::filesystem::path& path) {
    const std::string text = read_file(path);
    for (const std::string& secret : secrets) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " is in " << path;
    }
  };
  {
    OuchClient client(port());
    ASSERT_TRUE(client.login("ALPHA2", 0, "", kHashed));
    client.send(buy(1, 1));
    client.send(buy(2, 100'000));
    EXPECT_EQ(client.query(), 3U);
  }
  EXPECT_EQ(try_login("ALPHA2", "guess7me"), 'A');
  EXPECT_EQ(try_login("guess7", "guess7me"), 'A');
  const std::filesystem::path proc = "/proc/" + std::to_string(gate_->pid());
  EXPECT_NE(read_file(proc / "environ"), "") << "it can be read";
  look(proc / "environ");
  look(proc / "cmdline");
  gate_->kill_9();
  gate_ = std::make_unique<GateProcess>(*deployment_);
  ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  EXPECT_EQ(try_login("BRAVO2", kOfFile), 'Y');
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(venue_->terminate(), 0);
  int files = 0;
  const std::set<std::filesystem::path> stored{deployment_->config() / "sessions.json",
                                               deployment_->config() / "bravo2.hash"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(deployment_->folder())) {
    if (!entry.is_regular_file() || stored.contains(entry.path())) continue;
    look(entry.path());
    ++files;
  }
  EXPECT_GT(files, 15);
  EXPECT_TRUE(std::filesystem::exists(deployment_->journal() / "configuration.json"));
  EXPECT_TRUE(std::filesystem::exists(deployment_->folder() / "gate.json"));
}

TEST_F(GateSafety, DoesNotStartOnSecretsThatOthersMayRead) {
  start();
  EXPECT_EQ(gate_->terminate(), 0);
  const auto told = [&] {
    const Outcome outcome = run_to_end(gate_arguments(*deployment_), deployment_->environment());
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    return outcome.errors;
  };
  const std::filesystem::path file = deployment_->config() / "bravo2.hash";
  const std::filesystem::path sessions = deployment_->config() / "sessions.json";
  ::chmod(file.c_str(), 0640);
  EXPECT_EQ(told(), "password of session BRAVO2: the file " + file.string() +
                        " may be read by others than its owner: chmod 600 it\n\n");
  ::chmod(file.c_str(), 0600);
  ::chmod(sessions.c_str(), 0644);
  EXPECT_EQ(told(), "password hashes: the file " + sessions.string() +
                        " may be read by others than its owner: chmod 600 it\n\n");
  ::chmod(sessions.c_str(), 0600);
  write_private(file, std::string(kOfFile) + "\n");  // a plain password is no hash
  EXPECT_EQ(told(), "password of session BRAVO2: the file " + file.string() +
                        " must hold a line that portcullis password has printed\n\n");
  // Another password, and the same journal.
  write_private(file, hash_line("another") + "\n");
  gate_ = std::make_unique<GateProcess>(*deployment_);
  ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  EXPECT_EQ(try_login("BRAVO2", "another"), 'Y');
  EXPECT_EQ(try_login("BRAVO2", kOfFile), 'A');
  stop();
}

// From this machine's one address: the address is locked, and who is there stays.
TEST_F(GateSafety, WhoGuessesIsLockedOut) {
  start({{kSet, "process.json", "gateway.login_attempts_max", "3"},
         {kSet, "process.json", "gateway.lockout_ms", "3000"}});
  OuchClient there(port());
  ASSERT_TRUE(there.login("ALPHA2", 0, "", kHashed));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(try_login("BRAVO2", "guess7me"), 'A');
  EXPECT_EQ(try_login("BRAVO2", kOfFile), 'A') << "the name and the address are locked";
  EXPECT_EQ(try_login("ALPHA1", kOfVariable), 'A') << "the address is";
  there.send(buy(1, 1));
  EXPECT_EQ(there.receive(1), Lines{"A 1 L 1@64000000"});
  char again = 'A';
  while (again == 'A') again = try_login("BRAVO2", kOfFile);
  EXPECT_EQ(again, 'Y');
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.lockouts"), 2);
  EXPECT_EQ(deployment_->gate_stat("links.logins_failed"), 3);
  EXPECT_GE(deployment_->gate_stat("links.logins_locked_out"), 2);
}

TEST_F(GateSafety, ConnectionsThatDoNotLogInAreBounded) {
  start({{kSet, "process.json", "gateway.unauthenticated_max", "2"},
         {kSet, "process.json", "gateway.connections_per_address_max", "4"}});
  OuchClient there(port());
  ASSERT_TRUE(there.login("ALPHA2", 0, "", kHashed));
  {
    const RawSocket first(port());
    const RawSocket second(port());
    const RawSocket third(port());
    EXPECT_EQ(first.read_to_end(), Bytes{}) << "the oldest goes";
    EXPECT_EQ(try_login("BRAVO2", kOfFile), 'Y');
    EXPECT_EQ(second.read_to_end(), Bytes{});
    OuchClient bravo(port());
    ASSERT_TRUE(bravo.login("BRAVO2", 0, "", kOfFile));
    OuchClient alpha(port());
    ASSERT_TRUE(alpha.login("ALPHA1", 0, "", kOfVariable));
    const RawSocket fifth(port());  // beside third, there, bravo and alpha
    EXPECT_EQ(fifth.read_to_end(), Bytes{}) << "this address has four";
  }
  EXPECT_EQ(there.query(), 1U);
  stop();
  EXPECT_EQ(deployment_->gate_stat("links.dropped_unauthenticated"), 2);
  EXPECT_EQ(deployment_->gate_stat("links.refused_by_address"), 1);
}

// A client that is there and says nothing, not even that it is.
TEST_F(GateSafety, TheDeadManCancelsTheOrdersOfASilentClient) {
  start({{kSet, "sessions.json", "sessions.ALPHA2.dead_man_ms", "300"},
         {kSet, "sessions.json", "sessions.BRAVO2.cancel_on_disconnect", "false"}});
  OuchClient client(port());
  ASSERT_TRUE(client.login("ALPHA2", 0, "", kHashed));
  client.is_silent = true;
  client.send(buy(1, 1));
  EXPECT_EQ(client.receive(2), (Lines{"A 1 L 1@64000000", "C 1 -1 U"}));
  client.send(buy(2, 1));
  EXPECT_EQ(client.receive(2), (Lines{"A 2 L 1@64000000", "C 2 -1 U"}));
  stop();
  EXPECT_GE(deployment_->gate_stat("links.dead_men"), 2);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 0);
}

}  // namespace
}  // namespace portcullis::test::gate_safety_test
