// The gate and the simulated venue as processes on a deployment folder of their own: the shipped
// example with changes, in a temporary folder, on ports that the system picks.
//
// Accounts and sessions that the tests use, none with cancel on disconnect unless it is changed:
//   ALPHA2 "buyer"   alpha-hedge, 5 BTC short, symbol BTCPERP, a lot of 0.001 is quantity 1
//   BRAVO2 "seller"  bravo-house, 5 BTC long, symbol XBTUSD, a lot is quantity 10
// so that a buy of the one and a sell of the other reduce a position: accepted with and without a
// mark, and matched with each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"
#include "tests/support/process.h"

namespace portcullis::test {

inline constexpr std::string_view kClientPassword = "sesame";
inline constexpr std::string_view kVenuePassword = "venuepass";

// What gate and venue talk over.
enum class VenueLink : std::uint8_t { Tcp, SharedMemory };
[[nodiscard]] std::string_view name_of(VenueLink link);

class TestDeployment {
 public:
  explicit TestDeployment(const std::vector<Change>& changes = {}, Texts base = read_example(),
                          VenueLink link = VenueLink::Tcp);

  // Writes the files again with one more change; a journal that was begun refuses most of them.
  void change(const Change& change);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path config() const { return folder_ / "config"; }
  [[nodiscard]] std::filesystem::path journal() const { return folder_ / "config" / "journal"; }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "config" / "state.json"; }
  [[nodiscard]] std::filesystem::path errors() const { return folder_ / "errors"; }
  [[nodiscard]] VenueLink link() const { return link_; }
  // Where the venue listens for gates over TCP, and where over shared memory.
  [[nodiscard]] std::uint16_t venue_port() const { return venue_port_.number(); }
  [[nodiscard]] std::filesystem::path venue_socket() const { return folder_.path() / "venue.sock"; }
  // Of those sessions that name the example's variable, and of the venue.
  void set_passwords(std::string_view client, std::string_view venue);
  [[nodiscard]] Environment environment() const;
  [[nodiscard]] const std::string& venue_password() const { return venue_password_; }

  // What a process wrote to its statistics when it last ended in good order: "venue.accepted".
  [[nodiscard]] std::int64_t gate_stat(std::string_view path) const;
  [[nodiscard]] std::string gate_text(std::string_view path) const;
  [[nodiscard]] std::int64_t venue_stat(std::string_view path) const;

 private:
  void write() const;

  gateway::journal::testing::TemporaryFolder folder_;
  Port venue_port_;
  const VenueLink link_;
  std::string client_password_{kClientPassword};
  std::string venue_password_{kVenuePassword};
  Texts texts_;
};

// The price of AMZN comes from a publisher of lines, source "own", at that port of the gate; it is
// safe for a second.
[[nodiscard]] std::vector<Change> priced_by_publisher(std::uint16_t port);

// The command line that starts a gate. The state is loaded when there is no journal yet.
[[nodiscard]] std::vector<std::string> gate_arguments(const TestDeployment& deployment);

// `portcullis run`.
class GateProcess {
 public:
  // port() is 0 when it did not start.
  explicit GateProcess(const TestDeployment& deployment,
                       const std::vector<std::string>& more_arguments = {});
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] bool is_running() { return process_.is_running(); }
  void signal(int number) const { process_.signal(number); }
  void kill_9() { process_.kill_9(); }
  int wait() { return process_.wait(); }
  int terminate() { return process_.terminate(); }

 private:
  Process process_;
  std::uint16_t port_ = 0;
};

// `portcullis venue`, where the gate's configuration expects it.
class VenueProcess {
 public:
  explicit VenueProcess(const TestDeployment& deployment,
                        const std::vector<std::string>& more_arguments = {});
  [[nodiscard]] bool started() const { return started_; }
  void signal(int number) const { process_.signal(number); }
  void kill_9() { process_.kill_9(); }
  int terminate() { return process_.terminate(); }

 private:
  Process process_;
  bool started_ = false;
};

// `portcullis replay` of the deployment's journal: decides everything again. Fails the test where
// anything differs.
void expect_replay_agrees(const TestDeployment& deployment);

// The statistics of both, after both have ended in good order: the venue's counts are the gate's,
// and what the clients sent is accounted for.
void expect_counts_agree(const TestDeployment& deployment);

}  // namespace portcullis::test
