// Whatever is done to an audit log is found: by its chain, and where all of it was chained anew, by the
// journal.
#include <gtest/gtest.h>

#include <cstdio>

#include "gateway/commands/audit_verify.h"
#include "tests/support/audited_gate.h"
#include "tests/support/random_world.h"

namespace portcullis::test::audit_tampering_test {
namespace {

using support::Rng;
using support::test_scale;
using support::test_seed;

// Random commands and reloads; closed in good order.
class Written : public AuditedGate {
 public:
  explicit Written(Rng& rng) {
    const std::int64_t count = rng.between(3, 14);
    for (std::int64_t n = 0; n < count; ++n) {
      const auto target =
          static_cast<std::uint32_t>(rng.between(0, std::ssize(deployment().accounts) - 1));
      const auto action = static_cast<risk::ControlAction>(rng.between(0, 3));
      now_ns += rng.between(1, 1'000'000'000);
      if (rng.percent(15)) {
        const std::string times = std::to_string(rng.between(1, 9));
        (void)reload({{Change::Kind::Set, "margin.json", "group_mult", "\"1." + times + "\""}});
      } else {
        stop_account(deployment().names.accounts.name({target}), action,
                     rng.percent(50) ? "anna" : "bert", rng.percent(50) ? "it \\ \"said\" so" : "");
      }
    }
    EXPECT_TRUE(follower().write_snapshot());
    EXPECT_TRUE(journal().close());
    text = log();
    lines = log_lines();
  }
  std::string text;
  Lines lines;
};

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::vector<std::string> contents_of(const Lines& lines) {
  std::vector<std::string> contents;
  for (const std::string& line : lines) {
    gateway::audit::AuditLine parts;
    EXPECT_EQ(gateway::audit::parse_line(line, parts), "");
    contents.emplace_back(parts.content);
  }
  return contents;
}

std::size_t one_of(Rng& rng, std::size_t from, std::size_t count) {
  return from +
         static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(count - from) - 1));
}

// Changes the text in one way; what was done.
std::string tamper(Rng& rng, const Written& gate, std::string& text) {
  Lines lines = gate.lines;
  std::vector<std::string> contents = contents_of(lines);
  const std::size_t at = one_of(rng, 0, lines.size());
  const std::size_t behind_begin = one_of(rng, 1, lines.size());
  const auto iterator = [](auto& list, std::size_t n) {
    return list.begin() + static_cast<std::ptrdiff_t>(n);
  };
  switch (rng.between(0, 9)) {
    case 0: {
      const std::size_t byte = one_of(rng, 0, text.size());
      text[byte] = static_cast<char>(text[byte] ^ (1 << rng.between(0, 7)));
      return "a bit of byte " + std::to_string(byte);
    }
    case 1:
      lines.erase(iterator(lines, at));
      text = joined(lines);
      return "line " + std::to_string(at + 1) + " deleted";
    case 2: {
      const std::size_t other = (at + one_of(rng, 1, lines.size())) % lines.size();
      std::swap(lines[at], lines[other]);
      text = joined(lines);
      return "lines " + std::to_string(at + 1) + " and " + std::to_string(other + 1) + " swapped";
    }
    case 3:
      lines.insert(iterator(lines, one_of(rng, 0, lines.size() + 1)), std::string(lines[at]));
      text = joined(lines);
      return "line " + std::to_string(at + 1) + " doubled";
    case 4:
      text.resize(one_of(rng, 0, text.size()));
      return "cut off at " + std::to_string(text.size());
    case 5: {
      std::string& content = contents[behind_begin];
      const std::size_t digit = content.find_first_of("0123456789", content.find("\"time_ns\""));
      content[digit] = content[digit] == '9' ? '8' : static_cast<char>(content[digit] + 1);
      text = chained_anew(contents);
      return "a time of line " + std::to_string(behind_begin + 1) + ", and chained anew";
    }
    case 6:
      contents.erase(iterator(contents, behind_begin));
      text = chained_anew(contents);
      return "line " + std::to_string(behind_begin + 1) + " deleted, and chained anew";
    case 7: {
      std::string content = contents[behind_begin];
      const std::size_t comma = content.find(',');
      content.insert(comma, "0");  // of a record that is another one, or is not there
      contents.push_back(content);
      text = chained_anew(contents);
      return "a line inserted at the end, and chained anew";
    }
    case 8: {
      std::string& content = contents[behind_begin];
      const std::size_t by = content.find("\"by\":\"");
      content[by + 6] = 'z';
      text = chained_anew(contents);
      return "who did line " + std::to_string(behind_begin + 1) + ", and chained anew";
    }
    default:
      lines.resize(behind_begin);
      text = joined(lines);
      return "the lines from " + std::to_string(behind_begin + 1) + " on cut off";
  }
}

TEST(AuditTampering, IsFoundWhateverItIs) {
  Rng rng(test_seed(20'260'105));
  const std::int64_t gates = test_scale(6);
  for (std::int64_t g = 0; g < gates; ++g) {
    const Written gate(rng);
    ASSERT_GE(gate.lines.size(), 3U);
    const gateway::AuditVerdict good = gateway::verify_audit(gate.directory(), "");
    ASSERT_TRUE(good.problems.empty()) << good.problems[0].line << ": " << good.problems[0].what;
    EXPECT_EQ(good.lines, gate.lines.size());
    EXPECT_EQ(good.compared, gate.lines.size() - 1);
    for (int n = 0; n < 40; ++n) {
      std::string text = gate.text;
      const std::string what = tamper(rng, gate, text);
      ASSERT_NE(text, gate.text) << what;
      gate.set_log(text);
      const gateway::AuditVerdict verdict = gateway::verify_audit(gate.directory(), "");
      EXPECT_FALSE(verdict.problems.empty()) << "gate " << g << ", " << n << ": " << what;
      // The whole log's head is noted: no other chain has it, unless that was only lengthened.
      if (what.find("anew") != std::string::npos && what.find("inserted") == std::string::npos) {
        EXPECT_EQ(gateway::verify_audit(gate.directory(), good.head).head_line, 0U) << what;
      }
    }
  }
}

}  // namespace
}  // namespace portcullis::test::audit_tampering_test
