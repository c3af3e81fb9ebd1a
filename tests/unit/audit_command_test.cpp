// `portcullis audit`: what it prints, what it finds, and its exit codes.
#include "gateway/commands/audit.h"

#include <gtest/gtest.h>

#include "tests/support/audited_gate.h"

namespace portcullis::test::audit_command_test {
namespace {

using enum risk::ControlAction;
namespace audit = gateway::audit;

class AuditCommand : public testing::Test {
 protected:
  AuditCommand() {
    w.stop_account("alpha-1", Kill);
    w.stop_account("alpha-1", Resume, "bert", "");
    w.stop_account("bravo-1", CloseOnly);
    EXPECT_TRUE(w.follower().write_audit());
    EXPECT_TRUE(w.journal().close());
    lines = w.log_lines();
  }
  [[nodiscard]] std::string problems(const std::string& text) const {
    w.set_log(text);
    const Outcome verdict = w.audit({"--verify"});
    EXPECT_EQ(verdict.code, 1);
    return verdict.errors;
  }
  [[nodiscard]] std::string joined(std::initializer_list<std::size_t> order) const {
    std::string text;
    for (const std::size_t n : order) text += lines[n] + '\n';
    return text;
  }
  static bool says(const Outcome& outcome, std::string_view what) {
    return outcome.out.find(what) != std::string::npos;
  }

  AuditedGate w;
  Lines lines;
};

TEST_F(AuditCommand, PrintsATableAndTheLinesThemselves) {
  const Outcome table = w.audit();
  EXPECT_EQ(table.code, 0) << table.errors;
  EXPECT_TRUE(table.out.starts_with("line  record  time ")) << table.out;
  EXPECT_TRUE(says(table, "anna  risk  control_plane  kill        account  alpha-1  none "))
      << table.out;
  EXPECT_TRUE(says(table, "a drill")) << table.out;
  const Outcome newest = w.audit({"--json", "--limit", "2"});
  EXPECT_EQ(newest.code, 0);
  EXPECT_EQ(newest.out, lines[2] + '\n' + lines[3] + '\n');
  EXPECT_NE(w.audit({"--limit", "0"}).code, 0);
  EXPECT_NE(w.audit({"--head", "x"}).code, 0) << "of --verify alone";
}

TEST_F(AuditCommand, SaysThatAllIsThere) {
  const Outcome good = w.audit({"--verify"});
  EXPECT_EQ(good.code, 0) << good.errors;
  const std::string head(audit::hash_in(lines.back()));
  EXPECT_TRUE(says(good, "4 lines, a whole chain\n3 compared with the journal's records 1 to "))
      << good.out;
  EXPECT_TRUE(says(good, "head " + head + "\n")) << good.out;
  const std::string noted(audit::hash_in(lines[1]));
  const Outcome with_head = w.audit({"--verify", "--head", noted});
  EXPECT_EQ(with_head.code, 0);
  EXPECT_TRUE(says(with_head, "the hash that was noted is line 2's\n")) << with_head.out;
  const Outcome json = w.audit({"--verify", "--json"});
  EXPECT_TRUE(json.out.starts_with(R"({"good":true,"lines":4,"head":")" + head)) << json.out;
  const Outcome unknown = w.audit({"--verify", "--head", std::string(64, '1')});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_NE(unknown.errors.find("no line has the hash 111"), std::string::npos) << unknown.errors;
}

TEST_F(AuditCommand, NamesTheLineOfWhatIsWrong) {
  std::string altered = joined({0, 1, 2, 3});
  altered[altered.find("drill")] = 'D';
  const std::string told = problems(altered);
  EXPECT_NE(told.find("line 2: it was altered"), std::string::npos) << told;
  EXPECT_NE(told.find(R"(line 2: reason is "a Drill", and by the journal "a drill")"),
            std::string::npos)
      << told;
  EXPECT_NE(problems(joined({0, 1, 3})).find("line 3: the line before it is missing"),
            std::string::npos);
  EXPECT_NE(problems(joined({0, 1, 3})).find("line 3: before it a line is missing"),
            std::string::npos);
  EXPECT_NE(problems(joined({1, 2, 3})).find("line 1: the lines before it are missing"),
            std::string::npos);
  EXPECT_NE(problems(joined({0, 2, 1, 3})).find("line 2: it belongs behind line 3"),
            std::string::npos);
  EXPECT_NE(problems(joined({0, 1, 1, 2, 3})).find("line 3: it belongs behind line 1"),
            std::string::npos);
  const std::string cut = problems(joined({0, 1, 2}));
  EXPECT_NE(cut.find("line 4: the journal's record"), std::string::npos) << cut;
  EXPECT_NE(cut.find("was cut off"), std::string::npos) << cut;
  EXPECT_NE(
      problems(joined({0, 1, 2, 3}).substr(0, lines[0].size() + 20)).find("line 2: it is cut off"),
      std::string::npos);
  EXPECT_NE(problems("hello\n").find("line 1: it is no line of an audit log"), std::string::npos);
  const Outcome table = w.audit();
  EXPECT_EQ(table.code, 1);
  EXPECT_TRUE(says(table, "no line of an audit log")) << table.out;
}

TEST_F(AuditCommand, WithoutALogOrAJournalThereIsNothingToSay) {
  std::filesystem::rename(w.directory() / "configuration.json", w.directory() / "elsewhere");
  const Outcome alone = w.audit({"--verify"});
  EXPECT_EQ(alone.code, 1);
  EXPECT_NE(alone.errors.find("it cannot be compared with the journal"), std::string::npos)
      << alone.errors;
  std::filesystem::remove(w.log_path());
  for (const auto& more : {std::vector<std::string>{}, std::vector<std::string>{"--verify"}}) {
    const Outcome none = w.audit(more);
    EXPECT_EQ(none.code, 1);
    EXPECT_NE(none.errors.find("audit.log: cannot be read"), std::string::npos) << none.errors;
  }
}

}  // namespace
}  // namespace portcullis::test::audit_command_test
