// A gate whose journal, or whose snapshot, makes another state than the one its records were written in
// (ORDERLIFE 3): it names the record, takes cancels and nothing else, and is opened by an operator.

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/follower/snapshot.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"

namespace portcullis::test::gate_difference_test {
namespace {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
using namespace gateway;

constexpr auto kSet = Change::Kind::Set;
constexpr std::string_view kAccept = R"({"action": "accept_recovered_state"})";

class GateDifference : public GateAndVenue {
 protected:
  // Two orders of ALPHA2 are live, and the gate has been killed.
  void SetUp() override {
    deployment_ = std::make_unique<TestDeployment>(
        std::vector<Change>{{kSet, "process.json", "journal.snapshot_interval_ms", "0"},
                            {kSet, "process.json", "journal.marker_interval_ms", "20"}});
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    start();
    wait_for_link(gate_->port());
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send(buy(1, 1, -10));
    client.send(buy(2, 1, -20));
    EXPECT_EQ(client.receive(2).size(), 2U);
    kill();
  }
  // With an operator's command, or without.
  void start(std::string_view command = "") {
    std::vector<std::string> more;
    if (!command.empty()) {
      const std::filesystem::path file = deployment_->folder() / "commands.json";
      std::ofstream(file) << R"({"by": "operations", "commands": [)" << command << "]}";
      more = {"--commands", file.string()};
    }
    gate_ = std::make_unique<GateProcess>(*deployment_, more);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  void kill() {
    gate_->kill_9();
    gate_.reset();
  }
  [[nodiscard]] config::Deployment load() const {
    config::LoadResult loaded = config::load(deployment_->config());
    EXPECT_TRUE(loaded.ok());
    return std::move(loaded.deployment);
  }

  // The next record of the killed gate's journal is a marker of a state that never was. Its sequence.
  [[nodiscard]] std::uint64_t append_wrong_marker() const {
    const config::Deployment deployment = load();
    journal::Options options;
    options.directory = deployment.journal.directory;
    options.ring_bytes = static_cast<std::uint64_t>(deployment.journal.ring_bytes);
    options.segment_bytes = static_cast<std::uint64_t>(deployment.journal.segment_bytes);
    options.stream_count = static_cast<std::uint32_t>(deployment.sessions.size());
    journal::Journal journal(options);
    journal::Reader reader(options.directory, {.include_ring = true});
    journal::RecordView record;
    std::int64_t time_ns = 0;
    while (reader.next(record) == journal::ReadStatus::Record) time_ns = record.time_ns;
    const gate::MarkerRecord marker{.time = {time_ns}, .engine_hash = 1, .gate_hash = 2};
    journal.begin(static_cast<std::uint16_t>(gate::RecordType::Marker), time_ns,
                  journal::command_bytes(marker));
    return journal.publish();
  }
  // A snapshot in the middle of the journal, good but for a balance that is another one. The sequence
  // of the first marker behind it.
  [[nodiscard]] std::uint64_t write_wrong_snapshot() const {
    const config::Deployment deployment = load();
    gate::Gate gate(deployment, nullptr);
    follower::Position position;
    position.stream_next.assign(deployment.sessions.size(), 1);
    journal::Reader reader(deployment.journal.directory, {.include_ring = true});
    journal::RecordView record;
    const auto is_marker = [&] {
      return record.type == static_cast<std::uint16_t>(gate::RecordType::Marker);
    };
    // The first marker is of a gate that has just begun.
    while (reader.next(record) == journal::ReadStatus::Record) {
      EXPECT_TRUE(gate.redo(record));
      position.take(record);
      if (is_marker()) break;
    }
    EXPECT_TRUE(gate.engine().apply(
        risk::LoadBalance{.time = {record.time_ns}, .units = 1, .account = {0}, .asset = {0}}));
    const follower::Section section{.name = "gate",
                                    .bytes = gate.saved_bytes(),
                                    .save = [&](std::span<std::byte> out) { gate.save(out); }};
    EXPECT_EQ(
        follower::write_snapshot(deployment.journal.directory, position.sequence,
                                 follower::compose({.layout_hash = gate.layout_hash(),
                                                    .configuration_hash = deployment.canonical_hash,
                                                    .journal_id = reader.id(),
                                                    .state_hash = gate.state_hash()},
                                                   position, {&section, 1})),
        "");
    while (reader.next(record) == journal::ReadStatus::Record && !is_marker()) continue;
    EXPECT_TRUE(is_marker());
    return record.sequence;
  }

  // What it does until somebody has decided.
  void expect_only_cancels(std::uint64_t differs_at, std::uint32_t live, std::uint32_t number) {
    const std::string told = "journal record " + std::to_string(differs_at) +
                             ": the records before it make another state";
    const std::string errors = read_file(deployment_->errors());
    EXPECT_NE(errors.find(told), std::string::npos) << errors;
    EXPECT_NE(errors.find("accept_recovered_state"), std::string::npos) << errors;
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send(cancel(live));
    // The venue's answer: the link is up.
    EXPECT_EQ(client.receive(1), Lines{"C " + std::to_string(live) + " -1 U"});
    ouch::EnterOrder increase = buy(number, 1, 10);
    increase.side = ouch::Side::Sell;
    client.send(increase);
    client.send(buy(number + 1, 1, -10));  // an exit, as far as anybody knows
    EXPECT_EQ(client.receive(2), (Lines{"J " + std::to_string(number) + " a",
                                        "J " + std::to_string(number + 1) + " a"}));
  }
  void expect_orders_are_taken(std::uint32_t number) {
    wait_for_link(gate_->port());
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2", 0));
    client.send(buy(number, 1, -10));
    EXPECT_EQ(client.receive(1), Lines{"A " + std::to_string(number) + " L 1@63995000"});
  }
  void end() { EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors()); }
  // How many records of the type the journal has.
  [[nodiscard]] std::ptrdiff_t count(const char* type) const {
    const Outcome outcome = run_to_end({test::binary(), "journal", "--journal",
                                        deployment_->journal().string(), "--type", type, "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return std::ranges::count(outcome.out, '\n');
  }
};

TEST_F(GateDifference, ItTakesCancelsAloneUntilAnOperatorAcceptsIt) {
  const std::uint64_t at = append_wrong_marker();
  start();
  expect_only_cancels(at, 1, 3);
  kill();
  // It is not forgotten, nor is it a reason not to start.
  start();
  expect_only_cancels(at, 2, 5);
  end();
  EXPECT_EQ(deployment_->gate_text("state"), "\"unconfirmed\"");
  EXPECT_EQ(deployment_->gate_stat("rejects.state_differs"), 4);
  EXPECT_EQ(count("accept_state"), 0);
  start(kAccept);
  expect_orders_are_taken(7);
  kill();
  // Nor is his word.
  start();
  expect_orders_are_taken(8);
  end();
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(deployment_->gate_text("state"), "\"confirmed\"");
  EXPECT_EQ(count("accept_state"), 1);
  EXPECT_EQ(deployment_->gate_stat("live_orders"), 2);
  expect_counts_agree(*deployment_);
  // A replay says what the marker says, and nothing else is different.
  const Outcome replay = run_to_end(
      {test::binary(), "replay", "--json", "--journal", deployment_->journal().string()});
  EXPECT_EQ(replay.code, 1);
  EXPECT_EQ(replay.errors, "record " + std::to_string(at) + " (type 23): another state\n");
  EXPECT_NE(replay.out.find(deployment_->gate_text("state_hash")), std::string::npos) << replay.out;
}

TEST_F(GateDifference, ASnapshotThatMakesAnotherStateIsFoundAtTheNextMarker) {
  const std::uint64_t at = write_wrong_snapshot();
  start();
  expect_only_cancels(at, 1, 3);
  kill();
  start(kAccept);
  expect_orders_are_taken(5);
  end();
  EXPECT_EQ(deployment_->gate_text("state"), "\"confirmed\"");
  EXPECT_EQ(deployment_->gate_stat("follower.differs_at"), 0);
  EXPECT_EQ(venue_->terminate(), 0);
}

// An operator's word on a state that is as it should be says nothing, and is not in the journal.
TEST_F(GateDifference, NothingIsAcceptedWhereNothingDiffers) {
  start(kAccept);
  expect_orders_are_taken(3);
  end();
  EXPECT_EQ(venue_->terminate(), 0);
  EXPECT_EQ(read_file(deployment_->errors()),
            "accept_recovered_state: the state was recovered without a difference\n");
  EXPECT_EQ(count("accept_state"), 0);
  expect_replay_agrees(*deployment_);
}

}  // namespace
}  // namespace portcullis::test::gate_difference_test
