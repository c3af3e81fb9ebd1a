#include "tests/support/table_gate.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "gateway/commands/replay.h"
#include "gateway/commands/stats.h"
#include "gateway/follower/resume.h"
#include "gateway/gate/records.h"
#include "gateway/journal/reader.h"
#include "tests/support/command_line.h"
#include "tests/support/failing_disk.h"
#include "tests/support/gate_world.h"
#include "tests/support/open_journal.h"

namespace portcullis::test {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;

TableGate::TableGate(std::uint64_t disk_budget_bytes)
    : folder_(journal::testing::memory_folder()),
      directory_(folder_ / "journal"),
      disk_budget_bytes_(disk_budget_bytes),
      deployment_(small_deployment(with_table_future())) {
  g_disk = {};
  begin();
}

// --- the process

void TableGate::kill() {
  follower_.reset();
  gate_.reset();
  journal_.reset();  // without close(): what kill -9 leaves
  tables_.reset();
}

void TableGate::open_journal() {
  journal::Options options;
  options.directory = directory_;
  options.segment_bytes = kSegmentBytes;
  options.disk_budget_bytes = disk_budget_bytes_;
  journal_ = open_small_journal(deployment_, std::move(options));
}

void TableGate::begin() {
  open_journal();
  EXPECT_EQ(feeds::open_table_log(directory_), "");
  tables_ = std::make_unique<feeds::TableFolder>(directory_);
  const bool is_new = journal_->published_sequence() == 0;
  follower::Resumed resumed;
  if (is_new) {
    resumed.gate =
        std::make_unique<gate::Gate>(deployment_, journal_.get(), follower::tables_in(directory_));
  } else {
    resumed = follower::resume(deployment_, journal_.get(),
                               {.directory = directory_,
                                .last_sequence = journal_->published_sequence(),
                                .include_ring = true,
                                .remove_foreign = true});
  }
  start_told_ = resumed.told;
  gate_ = std::move(resumed.gate);
  follower_ = std::make_unique<follower::Follower>(
      deployment_, *journal_,
      follower::FollowerOptions{
          .directory = directory_,
          .may_remove_below =
              [this](std::uint64_t sequence) { journal_->may_remove_below(sequence); },
          .tables = tables_.get(),
          .tell = [this](const std::string& what) { told_.push_back(what); },
          .file_ops = &kFailingDiskOps},
      is_new ? nullptr : gate_.get(), resumed.position);
  if (!is_new) return;
  gateway::write_text(directory_ / "configuration.json", deployment_.canonical_text);
  gate_->start("STREAM0001", now_ns);
  gate_->loaded(now_ns);
}

// --- what it does

feeds::PublishedTable TableGate::table(std::uint64_t version, std::int32_t loss) const {
  return future_table(deployment_, version, loss, {now_ns});
}

void TableGate::write(const feeds::PublishedTable& table) { EXPECT_EQ(tables_->write(table), ""); }

bool TableGate::publish(feeds::PublishedTable table) { return gate_->on_table(table, now_ns); }

void TableGate::price(std::uint32_t records) {
  const risk::InstrumentIndex future = deployment_.names.instruments.find("BTC-DEC");
  for (std::uint32_t n = 0; n < records; ++n) {
    gate_->on_mark({.time = {now_ns},
                    .as_of = {now_ns},
                    .mark = {640'000 + ++prices_ % 100},
                    .instrument = future});
    if (journal_->degraded()) journal_->flush();
  }
}

void TableGate::follow() {
  while (follower_->step(64) > 0) continue;
}

void TableGate::snapshot() {
  price(1);
  follow();
  EXPECT_TRUE(follower_->write_snapshot()) << follower_->figures().problem;
}

void TableGate::trim() {
  while (follower_->trim_tables(64)) continue;
}

void TableGate::settle() {
  snapshot();
  snapshot();
  flush();
  trim();
}

// --- looking at it

std::filesystem::path TableGate::file(const feeds::TableHash& hash) const {
  return directory_ / "tables" / feeds::to_text(hash);
}

bool TableGate::has(const feeds::TableHash& hash) const {
  return feeds::load_table(directory_, hash).table != nullptr;
}

std::set<feeds::TableHash> TableGate::files() const {
  const std::vector<feeds::TableHash> listed = feeds::list_tables(directory_);
  return {listed.begin(), listed.end()};
}

std::uint32_t TableGate::first_segment() const {
  return journal::list_segments(directory_).front();
}

std::set<feeds::TableHash> TableGate::needed() const {
  std::set<feeds::TableHash> needed;
  journal::Reader reader(directory_, {.from_sequence = 0, .include_ring = true});
  journal::RecordView record;
  while (reader.next(record) == journal::ReadStatus::Record) {
    gate::PublishTableRecord published;
    if (record.type == static_cast<std::uint16_t>(gate::RecordType::PublishTable) &&
        journal::read_command(record, published)) {
      needed.insert(published.hash);
    }
  }
  EXPECT_EQ(reader.error(), "");
  for (const follower::SnapshotFile& file : follower::list_snapshots(directory_)) {
    follower::Snapshot snapshot;
    if (!follower::read_snapshot(file, snapshot).empty()) continue;
    gate::Gate saved(deployment_, nullptr, follower::tables_in(directory_));
    const char* wrong = saved.load(snapshot.section("gate"));
    EXPECT_EQ(wrong, nullptr) << wrong << ": " << saved.source_problem();
    for (const feeds::TableHash& hash : saved.tables())
      if (hash != feeds::TableHash{}) needed.insert(hash);
  }
  return needed;
}

std::string TableGate::starts_from_everywhere() {
  std::string wrong;
  for (const follower::From from :
       {follower::From::Newest, follower::From::First, follower::From::Earliest}) {
    try {
      const follower::Resumed resumed = follower::resume(
          deployment_, nullptr, {.directory = directory_, .include_ring = true, .from = from});
      for (const std::string& told : resumed.told) wrong += told + "\n";
      if (resumed.gate->state_hash() != gate_->state_hash()) wrong += "another state\n";
    } catch (const std::runtime_error& error) {
      wrong += error.what() + std::string("\n");
    }
  }
  const Outcome replayed =
      run_command(gateway::add_replay_command, {"replay", "--journal", directory_.string()});
  if (replayed.code != 0) wrong += replayed.errors;
  if (replayed.out.find(" 0 differences,") == std::string::npos) wrong += replayed.out;
  return wrong;
}

}  // namespace portcullis::test
