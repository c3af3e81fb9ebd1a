// Whether an audit log is whole: its chain, and the journal's records as far as they are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/audit/audit_chain.h"

namespace portcullis::gateway {

struct AuditVerdict {
  std::vector<audit::AuditProblem> problems;
  std::uint64_t lines = 0;
  std::string head;             // of the newest line
  std::uint64_t head_line = 0;  // that has the hash which was asked for
  // Compared with the changes of these records; last 0: there was no journal to compare with.
  std::uint64_t first_record = 0;
  std::uint64_t last_record = 0;
  std::uint64_t compared = 0;    // lines
  std::uint64_t before_log = 0;  // changes of the journal that were before the log was begun
};

// Of the log in a journal's folder, of a gate that runs or not. `head`: a hash that the chain must have;
// empty: none.
[[nodiscard]] AuditVerdict verify_audit(const std::filesystem::path& folder, std::string_view head);

// The log's text. Throws std::runtime_error where there is none.
[[nodiscard]] std::string read_audit(const std::filesystem::path& folder);

}  // namespace portcullis::gateway
