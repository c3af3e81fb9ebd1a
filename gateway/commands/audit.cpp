#include "gateway/commands/audit.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/json.h"
#include "gateway/audit/audit_chain.h"
#include "gateway/commands/audit_verify.h"
#include "gateway/commands/text_table.h"
#include "gateway/json/writer.h"

namespace portcullis::gateway {

namespace {

struct AuditCommandLine {
  std::string folder;
  std::string head;
  std::uint64_t limit = 0;  // 0: none
  bool json = false;
  bool verify = false;
};

using config::Json;

// "states killed", "version 2, ...": the members of what was before or after.
std::string standing_text(const Json* json) {
  if (json == nullptr || json->kind != Json::Kind::Object) return "-";
  std::string out;
  for (const config::JsonMember& member : json->members) {
    if (member.name == "configuration" || member.name == "keys_changed") continue;
    std::string value =
        member.value.kind == Json::Kind::Text ? member.value.text : config::to_text(member.value);
    if (member.value.kind == Json::Kind::Array) {
      value.clear();
      for (const Json& item : member.value.items)
        value += fmt::format("{}{}", value.empty() ? "" : ",", item.text);
      if (value.empty()) value = "none";
    }
    const bool says_itself = member.name == "states" || member.name == "fact" ||
                             member.name == "link" || member.name == "state";
    out += fmt::format("{}{}{}{}", out.empty() ? "" : " ", says_itself ? "" : member.name,
                       says_itself ? "" : " ", value);
  }
  return out.empty() ? "-" : out;
}

std::string audit_table(const std::vector<std::string_view>& lines, std::size_t first) {
  TextTable table{"line", "record", "time",   "by",    "role",   "source", "what",
                  "of",   "name",   "before", "after", "result", "reason"};
  for (std::size_t n = first; n < lines.size(); ++n) {
    const config::JsonResult read = config::parse_json(lines[n]);
    if (!read.error.empty()) {
      table.add({fmt::to_string(n + 1), "no line of an audit log"});
      continue;
    }
    const auto cell = [&](std::string_view key) {
      const Json* const member = read.json.find(key);
      if (member == nullptr || member->kind == Json::Kind::Null) return std::string("-");
      return member->kind == Json::Kind::Text ? member->text : config::to_text(*member);
    };
    table.add({fmt::to_string(n + 1), cell("sequence"), cell("time"), cell("by"), cell("role"),
               cell("source"), cell("verb"), cell("scope"), cell("target"),
               standing_text(read.json.find("before")), standing_text(read.json.find("after")),
               cell("result"), cell("reason")});
  }
  return table.text();
}

// False: damage, after all that is there.
bool print_audit(const AuditCommandLine& line) {
  const std::string text = read_audit(line.folder);
  const audit::CheckedChain chain = audit::check_chain(text);
  const std::size_t count = chain.lines.size();
  const std::size_t first = line.limit == 0 || line.limit >= count ? 0 : count - line.limit;
  if (line.json) {
    for (std::size_t n = first; n < count; ++n) std::cout << chain.lines[n] << '\n';
  } else {
    std::cout << audit_table(chain.lines, first);
  }
  std::cout.flush();
  if (chain.problems.empty()) return true;
  std::cerr << "the log is not whole: --verify says more\n";
  return false;
}

std::string verdict_json(const AuditVerdict& verdict) {
  json::Buffer buffer;
  json::Writer out(buffer);
  const auto count = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  out.begin_object()
      .boolean("good", verdict.problems.empty())
      .number("lines", count(verdict.lines))
      .text("head", verdict.head)
      .number("head_line", count(verdict.head_line))
      .number("compared", count(verdict.compared))
      .number("before_log", count(verdict.before_log))
      .number("first_record", count(verdict.first_record))
      .number("last_record", count(verdict.last_record))
      .key("problems")
      .begin_list();
  for (const audit::AuditProblem& problem : verdict.problems) {
    out.begin_object().number("line", count(problem.line)).text("what", problem.what).end_object();
  }
  out.end_list().end_object();
  return fmt::to_string(buffer);
}

bool print_verdict(const AuditCommandLine& line) {
  const AuditVerdict verdict = verify_audit(line.folder, line.head);
  const bool is_good = verdict.problems.empty();
  if (line.json) {
    std::cout << verdict_json(verdict) << '\n';
    return is_good;
  }
  for (const audit::AuditProblem& problem : verdict.problems) {
    std::cerr << (problem.line == 0 ? problem.what
                                    : fmt::format("line {}: {}", problem.line, problem.what))
              << '\n';
  }
  std::cout << fmt::format(
      "{} lines, {}\n", verdict.lines,
      is_good ? "a whole chain" : fmt::format("{} problems", verdict.problems.size()));
  if (verdict.last_record != 0) {
    std::cout << fmt::format("{} compared with the journal's records {} to {}\n", verdict.compared,
                             verdict.first_record, verdict.last_record);
  }
  if (verdict.before_log != 0)
    std::cout << fmt::format("{} changes of the journal were before the log was begun\n",
                             verdict.before_log);
  if (verdict.head_line != 0)
    std::cout << fmt::format("the hash that was noted is line {}'s\n", verdict.head_line);
  std::cout << fmt::format("head {}\n", verdict.head.empty() ? "none" : verdict.head);
  return is_good;
}

}  // namespace

void add_audit_command(CLI::App& app) {
  auto line = std::make_shared<AuditCommandLine>();
  CLI::App* command = app.add_subcommand(
      "audit", "who changed what: the log of operators' commands and reloads, a hash chain");
  command->add_option("--journal", line->folder, "the journal's folder")->required();
  command->add_flag("--json", line->json, "the lines as they are (gateway/audit/AUDIT.md)");
  command->add_option("--limit", line->limit, "the newest so many lines only")
      ->check(CLI::PositiveNumber);
  CLI::Option* const verify = command->add_flag(
      "--verify", line->verify,
      "instead: whether every line is there as it was written, by the chain, and by the journal's "
      "records as far as they are kept");
  command
      ->add_option("--head", line->head,
                   "with --verify: a line must have this hash, which was noted elsewhere "
                   "(audit_head of `portcullis status --json`)")
      ->needs(verify);
  command->callback([line] {
    std::signal(SIGPIPE, SIG_IGN);  // who reads the first lines only ends it quietly
    bool good = false;
    try {
      good = line->verify ? print_verdict(*line) : print_audit(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!good) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
