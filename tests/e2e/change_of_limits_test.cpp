// Changes of limits of a real gate by two people over its control plane: four eyes, overrides that expire,
// kills in between, and the audit log of it all.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/control_world.h"
#include "tests/support/gate_process.h"
#include "tests/support/json_world.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"

namespace portcullis::test::change_of_limits_test {
namespace {

using config::Role;

// Of the buyer's profile and account, in lots of 0.001 BTC; "0.005" in the configuration at first.
Change profile_clip(const std::string& btc) {
  return {Change::Kind::Set, "limits.json", "profiles.maker.instruments.BTC-PERP.clip",
          '"' + btc + '"'};
}

class ChangeOfLimits : public testing::Test {
 protected:
  void SetUp() override {
    deployment_ = std::make_unique<TestDeployment>(std::vector<Change>{
        profile_clip("0.005"),
        {Change::Kind::Add, "process.json", "control",
         control_json(port_.number(), "null", R"("request_timeout_ms":60000,"four_eyes":true,)")}});
    start();
  }
  // The gate's clock stands `ahead_s` before the machine's.
  void start(std::int64_t ahead_s = 0) {
    std::vector<std::string> more;
    if (ahead_s != 0) {
      const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                      std::chrono::system_clock::now().time_since_epoch())
                                      .count();
      more = {"--clock", std::to_string(now_ns + ahead_s * 1'000'000'000)};
    }
    gate_ = std::make_unique<GateProcess>(*deployment_, more);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  void kill_and_start(std::int64_t ahead_s = 0) {
    gate_->kill_9();
    start(ahead_s);
  }
  Outcome say(Role role, std::vector<std::string> words) {
    return say_to_control(port_.number(), role, std::move(words));
  }
  std::string told(Role role, std::vector<std::string> words) {
    words.emplace_back("--json");
    const Outcome outcome = say(role, std::move(words));
    return outcome.out.empty() ? outcome.errors : outcome.out;
  }
  std::string override_clip(const std::string& btc, int for_s, const std::string& what) {
    return value_at(told(Role::Risk, {"override", "--account", "alpha-hedge", "--instrument",
                                      "BTC-PERP", "--limit", "clip", "--value", btc, "--for",
                                      std::to_string(for_s), "--reason", "a drill"}),
                    what);
  }
  // The largest order that the gate would take now, in BTC; asked of the follower's state until it is
  // that one.
  bool clip_becomes(const std::string& btc) {
    for (int tries = 0; tries < 2'000; ++tries) {
      const std::string limits = told(Role::Viewer, {"limits", "--account", "alpha-hedge"});
      if (value_at(limits, "instruments[0].clip") == btc) return true;
      last_ = limits;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::string changes() { return told(Role::Viewer, {"changes"}); }
  void stop() {
    EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors());
    expect_replay_agrees(*deployment_);
    const Outcome audit =
        run_to_end({binary(), "audit", "--journal", deployment_->journal().string(), "--verify"},
                   deployment_->environment());
    EXPECT_EQ(audit.code, 0) << audit.out << audit.errors;
  }
  std::string audit_log() const { return read_file(deployment_->journal() / "audit.log"); }

  Port port_;
  std::unique_ptr<TestDeployment> deployment_;
  std::unique_ptr<GateProcess> gate_;
  std::string last_;
};

TEST_F(ChangeOfLimits, ARaiseNeedsTwoPeopleAndACutOne) {
  EXPECT_EQ(override_clip("0.003", 3'600, "standing"), "in_force");
  EXPECT_TRUE(clip_becomes("0.003")) << last_;
  EXPECT_EQ(override_clip("0.02", 3'600, "standing"), "awaits_approval");
  EXPECT_EQ(value_at(told(Role::Risk, {"approve", "2"}), "error"), "not_permitted");
  const Outcome list = say(Role::Approver, {"changes"});
  EXPECT_EQ(list.code, 0) << list.errors;
  EXPECT_NE(list.out.find("accounts.alpha-hedge.instruments.BTC-PERP.clip"), std::string::npos)
      << list.out;
  EXPECT_NE(list.out.find("awaits_approval"), std::string::npos) << list.out;
  EXPECT_EQ(value_at(told(Role::Approver, {"approve", "2", "--reason", "agreed"}), "standing"),
            "in_force");
  EXPECT_TRUE(clip_becomes("0.02")) << last_;
  EXPECT_EQ(value_at(told(Role::Approver, {"approve", "2"}), "error"), "conflict");
  // Several at once, from a file; and a time that is too far away.
  const auto file = deployment_->folder() / "changes.json";
  std::ofstream(file) << R"([{"node":"alpha","limit":"open_orders_max","value":"5"},)"
                      << R"({"account":"alpha-hedge","limit":"leverage_max","value":"0.5"}])";
  const std::string refused =
      told(Role::Risk, {"override", "--changes", file.string(), "--for", "60", "--effective-at",
                        "2199-01-05T00:00:00Z", "--reason", "a drill"});
  EXPECT_EQ(value_at(refused, "error"), "refused") << refused;
  const std::string several = told(
      Role::Risk, {"override", "--changes", file.string(), "--for", "3600", "--reason", "a drill"});
  EXPECT_EQ(value_at(several, "differences_total"), "2") << several;
  EXPECT_EQ(override_clip("0.03", 3'600, "change"), "4");
  EXPECT_EQ(value_at(told(Role::Approver, {"refuse", "4", "--reason", "no"}), "standing"),
            "refused");
  EXPECT_EQ(override_clip("0.03", 3'600, "change"), "5");
  EXPECT_EQ(value_at(told(Role::Risk, {"withdraw", "5", "--reason", "a mistake"}), "standing"),
            "withdrawn");
  stop();
  const std::string log = audit_log();
  for (
      const char* const line :
      {R"("by":"risk","role":"risk","source":"control_plane","verb":"propose")",
       R"("by":"approver","role":"approver","source":"control_plane","verb":"approve")",
       R"("verb":"refuse")", R"("verb":"withdraw")", R"("reason":"a mistake")",
       R"("proposed_by":"risk","approver":"approver","values":[{"path":"limits.json: accounts.alpha-hedge.instruments.BTC-PERP.clip","old":"\"0.003\"","new":"\"0.02\""}])"}) {
    EXPECT_NE(log.find(line), std::string::npos) << line << '\n' << log;
  }
}

TEST_F(ChangeOfLimits, AReloadOfARaiseWaitsWhicheverWayItIsAskedFor) {
  deployment_->change(profile_clip("0.02"));
  Outcome outcome = run_to_end({binary(), "reload", "--config", deployment_->config().string()},
                               deployment_->environment());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out.rfind("proposed: change 1 ", 0), 0U) << outcome.out;
  // Nor does a start take it.
  kill_and_start();
  EXPECT_EQ(value_at(changes(), "open[0].change"), "1") << changes();
  EXPECT_EQ(value_at(changes(), "open[0].standing"), "awaits_approval");
  EXPECT_TRUE(clip_becomes("0.005")) << last_;
  EXPECT_EQ(value_at(told(Role::Approver, {"approve", "1"}), "standing"), "done");
  EXPECT_TRUE(clip_becomes("0.02")) << last_;
  // A cut is in force at once, by the plane too.
  deployment_->change(profile_clip("0.004"));
  EXPECT_EQ(value_at(told(Role::Risk, {"reload", "--reason", "a drill"}), "standing"), "done");
  EXPECT_TRUE(clip_becomes("0.004")) << last_;
  EXPECT_EQ(value_at(told(Role::Risk, {"reload", "--reason", "again"}), "standing"), "unchanged");
  // What cannot change is refused whole, with every problem.
  deployment_->change({Change::Kind::Set, "process.json", "capacities.trades", "4711"});
  deployment_->change({Change::Kind::Set, "limits.json", "accounts.alpha-1.firm", "\"ZZZ9\""});
  deployment_->change(profile_clip("0.001"));
  const std::string refused = told(Role::Risk, {"reload", "--reason", "a mistake"});
  EXPECT_EQ(value_at(refused, "error"), "refused") << refused;
  EXPECT_NE(refused.find("process.json: capacities.trades"), std::string::npos) << refused;
  EXPECT_NE(refused.find("limits.json: accounts.alpha-1.firm"), std::string::npos) << refused;
  EXPECT_TRUE(clip_becomes("0.004")) << last_;
  deployment_->change({Change::Kind::Set, "limits.json", "profiles", "17"});
  EXPECT_EQ(value_at(told(Role::Risk, {"reload", "--reason", "no json"}), "error"), "refused");
  stop();
}

// Killed between the approval and its time, and between that and the end; time goes by while it is down.
TEST_F(ChangeOfLimits, TimesHoldOverKills) {
  EXPECT_EQ(override_clip("0.03", 7'200, "standing"), "awaits_approval");
  kill_and_start();
  EXPECT_EQ(value_at(told(Role::Approver, {"approve", "1"}), "standing"), "in_force");
  EXPECT_TRUE(clip_becomes("0.03")) << last_;
  kill_and_start(3'600);
  EXPECT_TRUE(clip_becomes("0.03")) << last_;
  EXPECT_EQ(value_at(told(Role::Viewer, {"status"}), "overrides[0].override.value"), "0.03");
  kill_and_start(7'300);
  EXPECT_TRUE(clip_becomes("0.005")) << last_;
  EXPECT_EQ(value_at(changes(), "open"), "[]") << changes();
  // It ends by itself while the gate runs, too.
  EXPECT_EQ(override_clip("0.002", 2, "standing"), "in_force");
  EXPECT_TRUE(clip_becomes("0.005")) << last_;
  EXPECT_EQ(value_at(changes(), "ended[0].standing"), "expired") << changes();
  stop();
  EXPECT_NE(audit_log().find(R"("verb":"expiry")"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::test::change_of_limits_test
