// The lines of the audit log and the chain that they make (AUDIT.md: byte by byte).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::gateway::audit {

// Beside the journal.
inline constexpr const char* kAuditName = "audit.log";
// What the first line stands behind: the digits of a hash that there is not.
inline constexpr std::string_view kNoHash =
    "0000000000000000000000000000000000000000000000000000000000000000";

// A line, without its end: `content` is an object without its closing brace.
[[nodiscard]] std::string chained(std::string_view content, std::string_view previous);

// Of a line that chained() has made.
[[nodiscard]] std::string_view hash_in(std::string_view line);

// A line's parts, which lie in it.
struct AuditLine {
  std::uint64_t sequence = 0;  // of the journal's record
  std::string_view content;
  std::string_view previous;
  std::string_view hash;
};
// What is wrong with it, or an empty text: it is no line of an audit log, or has another hash than it
// says.
[[nodiscard]] std::string parse_line(std::string_view line, AuditLine& parts);

struct AuditProblem {
  std::uint64_t line = 0;  // from 1; 0: none of them
  std::string what;
};
// What of a log can be used, and all that is wrong with it.
struct CheckedChain {
  std::vector<std::string_view> lines;  // whole ones, as they stand in the text
  std::vector<AuditLine> parts;         // of each; without content where it is no line
  std::vector<bool> lost;               // its record went with the machine: see AUDIT.md, "lost"
  std::vector<AuditProblem> problems;
};
// Of a log's whole text, which must outlive the result. Any bytes.
[[nodiscard]] CheckedChain check_chain(std::string_view text);

// The text of a member of a line that is good; empty: null, or there is none.
[[nodiscard]] std::string member_text(std::string_view line, std::string_view name);

}  // namespace portcullis::gateway::audit
