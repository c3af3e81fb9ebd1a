// A gate that is followed and has an audit log: what operators do to it, and the log as it lies there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/audit/audit_chain.h"
#include "gateway/commands/audit.h"
#include "gateway/gate/records.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

class AuditedGate : public GateWorld {
 public:
  AuditedGate() {
    follow(0);
    (void)journal_folder();  // the configuration beside the journal
  }
  // Who gives the command that follows.
  [[nodiscard]] gateway::gate::OperatorRecord operator_record(std::string_view by,
                                                              std::string_view reason) const {
    gateway::gate::OperatorRecord who;
    who.time = {now_ns};
    std::copy(by.begin(), by.end(), who.by.begin());
    std::copy(reason.begin(), reason.end(), who.reason.begin());
    who.role = config::Role::Risk;
    who.source = gateway::gate::OperatorSource::ControlPlane;
    return who;
  }
  void operator_is(std::string_view by, std::string_view reason) {
    gate().on_operator(operator_record(by, reason));
  }
  void stop_account(std::string_view name, risk::ControlAction action, std::string_view by = "anna",
                    std::string_view reason = "a drill") {
    operator_is(by, reason);
    control({.time = {now_ns},
             .target = account(name).value,
             .by = {},
             .scope = risk::ControlScope::Account,
             .action = action});
  }

  [[nodiscard]] std::filesystem::path log_path() const {
    return directory() / gateway::audit::kAuditName;
  }
  [[nodiscard]] std::string log() const { return read_file(log_path()); }
  void set_log(std::string_view text) const {
    std::ofstream(log_path(), std::ios::binary | std::ios::trunc) << text;
  }
  [[nodiscard]] Lines log_lines() const {
    Lines lines;
    std::istringstream in(log());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  // "kill alpha-1", a line each: verb and target.
  [[nodiscard]] Lines told_changes() const {
    Lines told;
    for (const std::string& line : log_lines()) {
      const std::string target = gateway::audit::member_text(line, "target");
      told.push_back(gateway::audit::member_text(line, "verb") +
                     (target.empty() ? "" : " " + target));
    }
    return told;
  }
  [[nodiscard]] Outcome audit(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"audit", "--journal", directory().string()});
    return run_command(gateway::add_audit_command, more);
  }
};

// A log of these contents, chained anew by whoever can write the file.
inline std::string chained_anew(const std::vector<std::string>& contents) {
  std::string text;
  std::string previous(gateway::audit::kNoHash);
  for (const std::string& content : contents) {
    const std::string line = gateway::audit::chained(content, previous);
    previous = gateway::audit::hash_in(line);
    text += line + '\n';
  }
  return text;
}

}  // namespace portcullis::test
