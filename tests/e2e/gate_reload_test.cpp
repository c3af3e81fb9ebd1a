// `portcullis reload` and SIGHUP, while orders come: what is put in force is what decides from that record
// on, whole or not at all, over a kill and at a start with changed files.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gateway/follower/resume.h"
#include "gateway/gate/record_fields.h"
#include "gateway/journal/reader.h"
#include "gateway/parameters/parameter_log.h"
#include "tests/support/gate_process.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"

namespace portcullis::test::gate_reload_test {
namespace {

namespace gate = gateway::gate;
namespace journal = gateway::journal;

constexpr auto kSet = Change::Kind::Set;

// Of the buyer's profile, in lots of 0.001.
Change clip(int lots) {
  return {kSet, "limits.json", "profiles.maker.instruments.BTC-PERP.clip",
          "\"0.0" + std::string(lots < 10 ? "0" : "") + std::to_string(lots) + "\""};
}

class GateReload : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> reload_arguments() const {
    return {test::binary(), "reload", "--config", deployment.config().string()};
  }
  [[nodiscard]] Outcome reload() const {
    return run_to_end(reload_arguments(), deployment.environment());
  }
  // By record, from the journal's files and ring, once the gate has ended.
  void for_each_record(const std::function<void(const journal::RecordView&)>& f) const {
    journal::Reader reader(deployment.journal(), {.include_ring = true});
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) f(record);
  }

  TestDeployment deployment;
};

// The clip changes again and again under a client that does not wait: each decision is that of the version
// it names, and versions are those that were put in force, in their order.
TEST_F(GateReload, EveryDecisionIsThatOfItsVersion) {
  deployment.change(clip(5));
  const VenueProcess venue(deployment);
  ASSERT_TRUE(venue.started());
  GateProcess process(deployment);
  ASSERT_NE(process.port(), 0) << read_file(deployment.errors());
  OuchClient client(process.port());
  ASSERT_TRUE(client.login("ALPHA2"));
  constexpr int kReloads = 12;
  std::uint32_t number = 0;
  for (int n = 0; n < kReloads; ++n) {
    deployment.change(clip(n % 2 == 0 ? 20 : 5));
    Process asking(reload_arguments(), deployment.environment(), deployment.errors());
    while (asking.is_running()) {
      ++number;
      client.send(buy(number, 1 + number % 25));
      client.send(cancel(number));
      client.step(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(asking.wait(), 0) << read_file(deployment.errors());
    EXPECT_EQ(asking.read_rest(), "in force: version " + std::to_string(n + 2) + "\n");
  }
  ASSERT_NE(client.query(), 0U);
  EXPECT_EQ(process.terminate(), 0);

  std::map<std::uint32_t, std::int64_t> clips{{1, 5}};
  std::uint32_t version = 1;
  int decided = 0;
  std::map<std::uint32_t, int> by_version;
  for_each_record([&](const journal::RecordView& view) {
    gate::ParametersRecord parameters;
    gate::EnterRecord enter;
    if (view.type == static_cast<std::uint16_t>(gate::RecordType::Parameters)) {
      ASSERT_TRUE(journal::read_command(view, parameters));
      EXPECT_EQ(parameters.replaces, version);
      version = parameters.version;
      const auto loaded = gateway::parameters::load_parameters(deployment.journal(), parameters);
      ASSERT_NE(loaded.rules, nullptr) << loaded.problem;
      const risk::Parameters& p = loaded.rules->rules.parameters();
      // The buyer's account has the profile "maker", which is the fourth.
      clips[version] = p.profiles[3].instruments[0].clip.raw;
    }
    if (view.type != static_cast<std::uint16_t>(gate::RecordType::Enter)) return;
    ASSERT_TRUE(journal::read_command(view, enter));
    ++decided;
    ++by_version[version];
    EXPECT_EQ(enter.decision.parameter_version, version);
    const bool is_too_large = enter.order.quantity.raw > clips.at(version);
    EXPECT_EQ(enter.decision.reason == risk::RejectReason::ClipSize, is_too_large)
        << enter.order.quantity.raw << " lots under version " << version;
  });
  EXPECT_EQ(clips.size(), 1U + kReloads);
  EXPECT_EQ(decided, static_cast<int>(number));
  EXPECT_GT(by_version.size(), 6U);
  expect_replay_agrees(deployment);
}

TEST_F(GateReload, WhatCannotChangeIsRefusedWholeAndByName) {
  GateProcess process(deployment);
  ASSERT_NE(process.port(), 0) << read_file(deployment.errors());
  deployment.change(clip(5));
  deployment.change({kSet, "process.json", "capacities.trades", "4711"});
  Outcome outcome = reload();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("process.json: capacities.trades: 4711: can change only where the "
                                "gate starts"),
            std::string::npos)
      << outcome.errors;
  // Files that are wrong are told before anybody is asked.
  deployment.change({kSet, "process.json", "capacities.trades", "\"many\""});
  outcome = reload();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("capacities.trades"), std::string::npos) << outcome.errors;
  EXPECT_EQ(process.terminate(), 0);
  for_each_record([](const journal::RecordView& view) {
    EXPECT_NE(view.type, static_cast<std::uint16_t>(gate::RecordType::Parameters));
  });
}

TEST_F(GateReload, WithoutAGateThereIsNobodyToAsk) {
  { ASSERT_NE(GateProcess(deployment).port(), 0); }
  const Outcome outcome = reload();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.errors.find("no gate runs that has this journal"), std::string::npos)
      << outcome.errors;
}

// Killed, it comes back under the parameters that were in force; started with changed files, it takes
// what they say first.
TEST_F(GateReload, WhatIsInForceOutlivesTheProcess) {
  {
    GateProcess process(deployment);
    ASSERT_NE(process.port(), 0) << read_file(deployment.errors());
    deployment.change(clip(5));
    process.signal(SIGHUP);
    for (int n = 0; n < 1'000 && !std::filesystem::exists(deployment.journal() / "reload.json");
         ++n)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    process.kill_9();
  }
  const auto clip_refused = [&](std::uint16_t port, std::uint32_t number, std::uint32_t lots) {
    OuchClient client(port);
    EXPECT_TRUE(client.login("ALPHA2"));
    client.send(buy(number, lots));
    EXPECT_NE(client.query(), 0U);
    return line_of_payload(client.stream.at(client.stream.size() - 2));
  };
  {
    GateProcess process(deployment);
    ASSERT_NE(process.port(), 0) << read_file(deployment.errors());
    EXPECT_EQ(clip_refused(process.port(), 1, 6).substr(0, 1), "J");
    EXPECT_EQ(process.terminate(), 0);
  }
  deployment.change(clip(6));
  {
    GateProcess process(deployment);
    ASSERT_NE(process.port(), 0) << read_file(deployment.errors());
    EXPECT_EQ(clip_refused(process.port(), 2, 7).substr(0, 1), "J");
    EXPECT_EQ(process.terminate(), 0);
  }
  std::vector<std::string> by;
  for_each_record([&](const journal::RecordView& view) {
    gate::ParametersRecord record;
    if (view.type != static_cast<std::uint16_t>(gate::RecordType::Parameters)) return;
    ASSERT_TRUE(journal::read_command(view, record));
    by.emplace_back(record.by.data());
  });
  ASSERT_EQ(by.size(), 2U);
  EXPECT_TRUE(by[0].starts_with("uid ")) << by[0];
  EXPECT_EQ(by[1], "start");
  expect_replay_agrees(deployment);
}

}  // namespace
}  // namespace portcullis::test::gate_reload_test
