// A gate that is given risk tables, with a journal of small segments under a budget and a follower that
// is stepped by hand, which removes segments and tables; killed and begun again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/table_folder.h"
#include "gateway/follower/follower.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "tests/support/journal_support.h"
#include "tests/support/risk_tables.h"

namespace portcullis::test {

class TableGate {
 public:
  static constexpr std::uint64_t kSegmentBytes = 131'072;

  // It runs.
  explicit TableGate(std::uint64_t disk_budget_bytes = 4 * kSegmentBytes);
  TableGate(const TableGate&) = delete;
  TableGate& operator=(const TableGate&) = delete;

  // --- the process
  // What was written and not published stays in the folder.
  void kill();
  // From the newest snapshot; a journal that was never begun is.
  void begin();

  // --- what it does
  // The content differs from that of any other version and loss.
  [[nodiscard]] feeds::PublishedTable table(std::uint64_t version, std::int32_t loss) const;
  // As the feeds' thread does, and the shard after it.
  void write(const feeds::PublishedTable& table);
  bool publish(feeds::PublishedTable table);
  // So many records of prices.
  void price(std::uint32_t records);
  // The flusher's turn, in which segments may go.
  void flush() { journal_->flush(); }
  void follow();
  // A price, and a snapshot of the state with it.
  void snapshot();
  // Until the follower has nothing more to do about tables.
  void trim();
  // Snapshots until the segments and with them the tables that may go are gone.
  void settle();

  // --- looking at it
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path file(const feeds::TableHash& hash) const;
  [[nodiscard]] bool has(const feeds::TableHash& hash) const;
  [[nodiscard]] std::set<feeds::TableHash> files() const;
  [[nodiscard]] std::uint32_t first_segment() const;
  [[nodiscard]] gateway::gate::Gate& gate() { return *gate_; }
  [[nodiscard]] gateway::follower::Follower& follower() { return *follower_; }
  [[nodiscard]] gateway::journal::Journal& journal() { return *journal_; }
  [[nodiscard]] const config::Deployment& deployment() const { return deployment_; }
  // By the last begin().
  [[nodiscard]] const std::vector<std::string>& start_told() const { return start_told_; }
  // By the follower, of all processes.
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }

  // The naive answer, from what lies on the disk: what kept records name, and the states that kept
  // snapshots hold.
  [[nodiscard]] std::set<feeds::TableHash> needed() const;
  // A start from each snapshot and from the first record, as far as they are there, comes to the
  // state that the gate is in, and deciding anew finds no difference. Empty is good.
  [[nodiscard]] std::string starts_from_everywhere();

  std::int64_t now_ns = 1'767'607'200 * risk::kSecondNs;

 private:
  void open_journal();

  gateway::journal::testing::TemporaryFolder folder_;
  const std::filesystem::path directory_;
  const std::uint64_t disk_budget_bytes_;
  const config::Deployment deployment_;
  std::unique_ptr<feeds::TableFolder> tables_;
  std::unique_ptr<gateway::journal::Journal> journal_;
  std::unique_ptr<gateway::gate::Gate> gate_;
  std::unique_ptr<gateway::follower::Follower> follower_;
  std::vector<std::string> start_told_;
  std::vector<std::string> told_;
  std::uint32_t prices_ = 0;
};

}  // namespace portcullis::test
