// The audit log of a gate that is followed: a line for each change, in order, once, whatever is killed
// or fails in between.
#include "gateway/audit/audit_log.h"

#include <gtest/gtest.h>

#include "gateway/gate/records.h"
#include "gateway/parameters/change_desk.h"
#include "tests/support/audited_gate.h"
#include "tests/support/failing_disk.h"

namespace portcullis::test::audit_log_test {
namespace {

using enum risk::ControlAction;
namespace audit = gateway::audit;

class AuditLogTest : public testing::Test {
 protected:
  ~AuditLogTest() override { g_disk = {}; }
  void write() { EXPECT_TRUE(w.follower().write_audit()) << w.follower().figures().problem; }
  void expect_whole(const Lines& told) const {
    EXPECT_EQ(w.told_changes(), told);
    const Outcome verdict = w.audit({"--verify"});
    EXPECT_EQ(verdict.code, 0) << verdict.errors << verdict.out;
  }
  [[nodiscard]] std::string member(std::size_t line, std::string_view name) const {
    return audit::member_text(w.log_lines().at(line), name);
  }

  AuditedGate w;
};

TEST_F(AuditLogTest, SaysWhoDidWhatAndWhatItWasBefore) {
  const std::uint64_t killed = w.journal().published_sequence() + 2;  // behind who says so
  w.stop_account("alpha-1", Kill);
  w.now_ns += 5;
  w.stop_account("alpha-1", Resume, "bert", "");
  ASSERT_TRUE(w.reload({{Change::Kind::Set, "margin.json", "group_mult", "\"1.5\""}}));
  w.operator_is("anna", "too many");
  w.gate().sweep(gateway::gate::SweepScope::Account, w.account("bravo-1").value, risk::kNone32,
                 w.now_ns);
  w.deliver();
  write();
  expect_whole({"begin", "kill alpha-1", "resume alpha-1", "reload", "cancel_all bravo-1"});
  EXPECT_EQ(member(0, "sequence"), "0");
  EXPECT_EQ(member(0, "previous"), audit::kNoHash);
  EXPECT_EQ(member(1, "sequence"), std::to_string(killed));
  EXPECT_EQ(member(1, "by"), "anna");
  EXPECT_EQ(member(1, "role"), "risk");
  EXPECT_EQ(member(1, "source"), "control_plane");
  EXPECT_EQ(member(1, "scope"), "account");
  EXPECT_EQ(member(1, "time"), "2026-01-05T10:00:00.000000000Z");
  EXPECT_EQ(member(1, "reason"), "a drill");
  EXPECT_EQ(member(1, "before"), R"({"states":[]})");
  EXPECT_EQ(member(1, "after"), R"({"states":["killed"]})");
  EXPECT_EQ(member(1, "result"), "done");
  EXPECT_EQ(member(2, "by"), "bert");
  EXPECT_EQ(member(2, "reason"), "");
  EXPECT_EQ(member(2, "time"), "2026-01-05T10:00:00.000000005Z");
  EXPECT_EQ(member(2, "before"), R"({"states":["killed"]})");
  EXPECT_EQ(member(2, "after"), R"({"states":[]})");
  EXPECT_EQ(member(3, "by"), "a test");
  EXPECT_EQ(member(3, "source"), "configuration");
  EXPECT_NE(member(3, "after").find(R"(group_mult"],"keys_changed":1)"), std::string::npos)
      << member(3, "after");
  EXPECT_EQ(std::stoi(member(3, "parameters")), std::stoi(member(2, "parameters")) + 1);
  EXPECT_EQ(w.log_lines()[0].substr(0, 14), R"({"sequence":0,)");
}

TEST_F(AuditLogTest, AChangeOfLimitsIsToldStepByStep) {
  namespace parameters = gateway::parameters;
  parameters::ParameterDesk layers(w.deployment(), w.gate().parameters(), w.directory());
  parameters::ChangeDesk desk(
      layers, w.gate().changes(),
      {.four_eyes = true,
       .override_max_ns = 60 * risk::kSecondNs,
       .journal = w.directory(),
       .load = {}},
      [this](gateway::gate::PublishedParameters& step) { return std::optional(w.take(step)); }, {});
  parameters::ChangeRequest request;
  request.type = parameters::ChangeRequest::Type::Override;
  request.by = "anna";
  request.reason = "the roll";
  request.for_ns = risk::kSecondNs;
  request.limits = {{true, "alpha-hedge", "AMZN", "clip", "6000"}};
  ASSERT_EQ(desk.take(request, w.now_ns).change, 1U);
  request.type = parameters::ChangeRequest::Type::Approve;
  request.by = "bert";
  request.reason = "agreed";
  request.change = 1;
  ASSERT_TRUE(desk.take(request, w.now_ns).problems.empty());
  w.now_ns += risk::kSecondNs;
  desk.work(w.now_ns);
  write();
  expect_whole({"begin", "propose", "approve", "override", "expiry"});
  EXPECT_EQ(member(1, "by"), "anna");
  EXPECT_EQ(member(1, "reason"), "the roll");
  EXPECT_NE(member(1, "after").find(R"("needs_approval":true,"limits":[{"scope":"account",)"),
            std::string::npos)
      << member(1, "after");
  EXPECT_EQ(member(2, "by"), "bert");
  EXPECT_EQ(member(2, "before"), R"({"change":1,"proposed_by":"anna"})");
  EXPECT_EQ(member(3, "reason"), "the roll");
  EXPECT_NE(
      member(3, "after")
          .find(R"("change":1,"proposed_by":"anna","approver":"bert","values":[{"path":)"
                R"("limits.json: accounts.alpha-hedge.instruments.AMZN.clip","old":"\"5000\"",)"
                R"("new":"\"6000\""}],"values_changed":1)"),
      std::string::npos)
      << member(3, "after");
  EXPECT_EQ(member(4, "by"), "gate");
  EXPECT_NE(member(4, "after").find(R"("old":"\"6000\"","new":"\"5000\"")"), std::string::npos);
}

TEST_F(AuditLogTest, AFactOfACommandsFileIsTold) {
  w.tell(7, risk::Transfer{.time = {w.now_ns},
                           .units = 5,
                           .from = {},
                           .to = w.account("alpha-1"),
                           .asset = w.deployment().names.assets.find("USDC")});
  write();
  expect_whole({"begin", "transfer"});
  EXPECT_EQ(member(1, "source"), "commands_file");
  EXPECT_EQ(member(1, "result"), "done");
  EXPECT_NE(member(1, "after").find(R"({"number":7,"fact":"transfer )"), std::string::npos)
      << member(1, "after");
  EXPECT_NE(member(1, "after").find("alpha-1"), std::string::npos) << member(1, "after");
}

TEST_F(AuditLogTest, AFactHasWhoTellsIt) {
  const gateway::gate::OperatorRecord who = w.operator_record("anna", "by wire");
  w.tell(7,
         risk::Transfer{.time = {w.now_ns},
                        .units = 5,
                        .from = {},
                        .to = w.account("alpha-1"),
                        .asset = w.deployment().names.assets.find("USDC")},
         &who);
  write();
  expect_whole({"begin", "transfer"});
  EXPECT_EQ(member(1, "by"), "anna");
  EXPECT_EQ(member(1, "role"), "risk");
  EXPECT_EQ(member(1, "source"), "control_plane");
  EXPECT_EQ(member(1, "reason"), "by wire");
  EXPECT_EQ(member(1, "result"), "done");
}

TEST_F(AuditLogTest, AKillLosesNothingAndDoublesNothing) {
  w.stop_account("alpha-1", Kill);
  w.kill();
  EXPECT_FALSE(std::filesystem::exists(w.log_path())) << "what the process did not come to";
  write();
  expect_whole({"begin", "kill alpha-1"});
  w.kill();
  write();
  expect_whole({"begin", "kill alpha-1"});
  w.stop_account("alpha-1", Resume);
  ASSERT_TRUE(w.follower().write_snapshot());  // writes the lines before it
  EXPECT_EQ(w.log_lines().size(), 3U);
  w.stop_account("bravo-1", Suspend);
  w.kill();
  EXPECT_NE(w.from_snapshot(), 0U);
  w.stop_account("bravo-1", Resume);
  write();
  expect_whole({"begin", "kill alpha-1", "resume alpha-1", "suspend bravo-1", "resume bravo-1"});
}

TEST_F(AuditLogTest, HalfALineIsWrittenAnewFromTheJournal) {
  w.stop_account("alpha-1", Kill);
  w.stop_account("alpha-1", Resume);
  write();
  const std::string whole = w.log();
  const std::size_t second = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = 0; size < whole.size(); size += size < second ? 101 : 47) {
    w.set_log(whole.substr(0, size));
    w.kill();
    write();
    ASSERT_EQ(w.log(), whole) << size;
  }
}

TEST_F(AuditLogTest, WhatCannotBeWrittenWaitsAndKeepsSnapshotsAway) {
  w.stop_account("alpha-1", Kill);
  for (const auto fails : {&FailingDisk::writes_fail, &FailingDisk::syncs_fail}) {
    g_disk.*fails = true;
    EXPECT_FALSE(w.follower().write_audit());
    EXPECT_FALSE(w.follower().write_snapshot());
    g_disk = {};
    EXPECT_NE(w.follower().figures().problem.find("changes wait for the audit log"),
              std::string::npos)
        << w.follower().figures().problem;
    EXPECT_EQ(w.follower().figures().snapshots, 0U);
    w.stop_account("alpha-1", Resume);  // nothing stops for it
  }
  EXPECT_TRUE(w.follower().write_snapshot());
  expect_whole({"begin", "kill alpha-1", "resume alpha-1", "resume alpha-1"});
}

TEST_F(AuditLogTest, ALogWhoseLastLineIsNoneIsLeftAlone) {
  w.stop_account("alpha-1", Kill);
  write();
  const std::string good = w.log();
  std::string bad = good;
  bad[bad.find("drill")] = 'D';
  w.set_log(bad);
  w.kill();
  w.stop_account("alpha-1", Resume);
  EXPECT_FALSE(w.follower().write_audit());
  EXPECT_NE(w.follower().figures().problem.find("line 2: it was altered"), std::string::npos)
      << w.follower().figures().problem;
  EXPECT_FALSE(w.follower().write_snapshot());
  EXPECT_EQ(w.log(), bad);
  std::filesystem::remove(w.log_path());
  w.kill();
  write();
  expect_whole({"begin", "kill alpha-1", "resume alpha-1"});
}

TEST_F(AuditLogTest, AnOperatorWithoutHisCommandIsToldAndNoSnapshotComesBetween) {
  w.operator_is("anna", "never said");
  while (w.follower().step(64) > 0) continue;
  EXPECT_FALSE(w.follower().write_snapshot());
  w.kill();
  w.stop_account("alpha-1", Kill);
  write();
  expect_whole({"begin", "none", "kill alpha-1"});
  EXPECT_EQ(member(1, "result"), "not_done");
  EXPECT_EQ(member(1, "reason"), "never said");
}

TEST_F(AuditLogTest, RecordsThatTheMachineTookAreNamedAndTheChainGoesOn) {
  w.stop_account("alpha-1", Kill);
  const std::uint64_t kept = w.journal().published_sequence();
  w.stop_account("alpha-1", Resume);
  write();
  const std::uint64_t lost = w.journal().published_sequence();
  audit::AuditLog log(w.deployment(), w.directory(), kept);
  EXPECT_EQ(log.write(), "");
  EXPECT_EQ(log.head().lines, 4U);
  EXPECT_EQ(w.told_changes(), (Lines{"begin", "kill alpha-1", "resume alpha-1", "lost"}));
  EXPECT_EQ(member(3, "sequence"), std::to_string(kept));
  EXPECT_GE(lost, std::stoull(member(2, "sequence")));
  EXPECT_EQ(member(3, "before"), R"({"sequence":)" + member(2, "sequence") + "}");
  const std::string text = w.log();
  const audit::CheckedChain chain = audit::check_chain(text);
  EXPECT_TRUE(chain.problems.empty()) << chain.problems[0].what;
  EXPECT_EQ(chain.lost, (std::vector<bool>{false, false, true, false}));
}

TEST_F(AuditLogTest, ALogThatIsBegunLateSaysBehindWhat) {
  w.stop_account("alpha-1", Kill);
  ASSERT_TRUE(w.follower().write_snapshot());
  std::filesystem::remove(w.log_path());
  w.kill();
  w.stop_account("alpha-1", Resume);
  write();
  expect_whole({"begin", "resume alpha-1"});
  EXPECT_EQ(member(0, "sequence"), std::to_string(w.from_snapshot()));
  EXPECT_NE(w.audit({"--verify"}).out.find("1 changes of the journal were before"),
            std::string::npos);
}

}  // namespace
}  // namespace portcullis::test::audit_log_test
