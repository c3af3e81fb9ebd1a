#include "gateway/follower/follower.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "feeds/thread_cores.h"
#include "gateway/audit/audit_log.h"
#include "gateway/follower/resume.h"
#include "gateway/follower/table_retention.h"
#include "gateway/gate/records.h"
#include "gateway/parameters/parameter_log.h"

namespace portcullis::gateway::follower {

namespace {

constexpr std::chrono::milliseconds kIdle{2};         // between two looks at a journal at rest
constexpr std::chrono::microseconds kRoom{250};       // for who was refused a look
constexpr std::chrono::milliseconds kStopMax{2'000};  // for the last records to be durable
constexpr std::chrono::seconds kAuditAgain{1};        // behind a write that failed
constexpr std::size_t kLookBack = 2'048;              // old records at once
constexpr int kNice = 10;                             // of its thread: whoever trades goes first

std::unique_ptr<gate::Gate> copy_of(const gate::Gate* gate, const config::Deployment& deployment,
                                    const std::filesystem::path& directory) {
  auto copy = std::make_unique<gate::Gate>(deployment, nullptr, tables_in(directory),
                                           parameters::parameters_in(directory));
  if (gate == nullptr) return copy;
  std::vector<std::byte> saved(gate->saved_bytes());
  gate->save(saved);
  if (const char* problem = copy->load(saved))
    throw std::runtime_error(fmt::format("the state cannot be copied: {}", problem));
  return copy;
}

}  // namespace

Follower::Follower(const config::Deployment& deployment, journal::Journal& journal,
                   FollowerOptions options, const gate::Gate* gate, Position position)
    : deployment_(deployment),
      journal_(journal),
      options_(std::move(options)),
      reader_(options_.directory, {.from_sequence = position.sequence + 1, .include_ring = true}),
      gate_(copy_of(gate, deployment, options_.directory)),
      position_(std::move(position)),
      sequence_(position_.sequence) {
  position_.stream_next.resize(std::max(position_.stream_next.size(), deployment.sessions.size()),
                               1);
  if (options_.tables != nullptr)
    tables_ = std::make_unique<TableRetention>(options_.directory, *options_.tables,
                                               position_.sequence, *options_.file_ops);
}

Follower::~Follower() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::uint64_t Follower::limit() const noexcept {
  return options_.durable_only ? journal_.synced_sequence() : journal_.published_sequence();
}

FollowerFigures Follower::figures() const {
  const std::lock_guard lock(mutex_);
  FollowerFigures figures = figures_;
  figures.sequence = position_.sequence;
  return figures;
}

// Under the mutex.
void Follower::has_problem(const std::string& what) {
  if (figures_.problem == what) return;
  figures_.problem = what;
  if (options_.tell) options_.tell(what);
}

std::size_t Follower::step(std::size_t records_max) {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  const std::uint64_t last = limit();
  while (!stuck_ && taken < records_max && reader_.next_sequence() <= last) {
    journal::RecordView record;
    const journal::ReadStatus status = reader_.next(record);
    if (status == journal::ReadStatus::End) break;
    if (status == journal::ReadStatus::Damaged) {
      stuck_ = true;
      has_problem("the journal cannot be followed: " + reader_.error());
      break;
    }
    if (options_.audit != nullptr) options_.audit->before(*gate_, record);
    if (!gate_->redo(record)) {
      stuck_ = true;
      has_problem("the journal cannot be followed: " + why_not_redone(*gate_, record));
      break;
    }
    if (options_.audit != nullptr) options_.audit->after(*gate_, record);
    for (Companion* companion : options_.companions) companion->take(record, *gate_);
    position_.take(record);
    if (tables_ != nullptr) tables_->take(record);
    ++taken;
    if (static_cast<gate::RecordType>(record.type) == gate::RecordType::Marker) ++figures_.markers;
    if (figures_.differs_at == 0 && gate_->differs_at() != 0) {
      figures_.differs_at = gate_->differs_at();
      has_problem(
          fmt::format("journal record {} was written in another state than the records "
                      "before it make; orders that increase are refused",
                      record.sequence));
      differs_.store(true, std::memory_order_relaxed);
    }
  }
  sequence_.store(position_.sequence, std::memory_order_release);
  return taken;
}

// Empty: nothing is to be written. Under the mutex, so that it is one state; the file is written
// without it.
std::vector<std::byte> Follower::copy() {
  if (position_.sequence == figures_.last_snapshot || !gate_->is_loaded() ||
      figures_.differs_at != 0 || gate_->state_differs() || gate_->state_unconfirmed()) {
    return {};
  }
  std::vector<Section> sections{{.name = "gate",
                                 .bytes = gate_->saved_bytes(),
                                 .save = [this](std::span<std::byte> out) { gate_->save(out); }}};
  const std::vector<std::byte> tables = tables_section(gate_->tables());
  sections.push_back(
      {.name = kTablesSection, .bytes = tables.size(), .save = [&tables](std::span<std::byte> out) {
         std::ranges::copy(tables, out.begin());
       }});
  for (const Companion* companion : options_.companions) {
    sections.push_back({.name = companion->name(),
                        .bytes = companion->saved_bytes(),
                        .save = [companion](std::span<std::byte> out) { companion->save(out); }});
  }
  return compose({.layout_hash = gate_->layout_hash(),
                  .configuration_hash = deployment_.canonical_hash,
                  .journal_id = journal_.id(),
                  .state_hash = gate_->state_hash()},
                 position_, sections);
}

bool Follower::write_audit() {
  if (options_.audit == nullptr || !options_.audit->has_work()) return true;
  const std::string problem = options_.audit->write();
  if (problem.empty()) return true;
  const std::lock_guard lock(mutex_);
  has_problem(problem);
  return false;
}

bool Follower::write_snapshot() {
  // A start from it would not see the records before it.
  if (!write_audit() || (options_.audit != nullptr && !options_.audit->is_whole())) return false;
  std::vector<std::byte> bytes;
  std::uint64_t sequence = 0;
  {
    const std::lock_guard lock(mutex_);
    bytes = copy();
    sequence = position_.sequence;
  }
  if (bytes.empty()) return false;
  const std::string problem =
      follower::write_snapshot(options_.directory, sequence, bytes, *options_.file_ops);
  const std::vector<SnapshotFile> files = list_snapshots(options_.directory);
  {
    const std::lock_guard lock(mutex_);
    if (!problem.empty()) {
      ++figures_.snapshot_failures;
      has_problem("no snapshot: " + problem);
      return false;
    }
    ++figures_.snapshots;
    figures_.last_snapshot = sequence;
  }
  if (options_.may_remove_below && files.size() >= 2) options_.may_remove_below(files[1].sequence);
  if (tables_ != nullptr) tables_->snapshot_written();
  return true;
}

bool Follower::trim_tables(std::size_t records_max) {
  if (tables_ == nullptr || !tables_->has_work()) return false;
  std::vector<feeds::TableHash> in_force;
  {
    const std::lock_guard lock(mutex_);
    in_force.assign(gate_->tables().begin(), gate_->tables().end());
  }
  tables_->step(in_force, records_max);
  const std::string problem = tables_->take_problem();
  const std::lock_guard lock(mutex_);
  figures_.tables_removed = tables_->removed();
  if (!problem.empty()) has_problem(problem);
  return tables_->has_work();
}

// --- the thread

void Follower::start() {
  thread_ = std::thread([this] { run(); });
}

void Follower::run() {
  feeds::begin_thread(config::Thread::Follower);
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of the calling thread alone, on Linux
  auto written_at = std::chrono::steady_clock::now();
  auto audit_at = written_at;  // a disk that fails is not asked again at once
  while (true) {
    const std::size_t taken = step(kBatch);
    // The mutex is free for moments only where there is much to take.
    if (wanted_.exchange(false, std::memory_order_relaxed)) std::this_thread::sleep_for(kRoom);
    const auto now = std::chrono::steady_clock::now();
    if (now >= audit_at && !write_audit()) audit_at = now + kAuditAgain;
    const bool is_between = options_.audit != nullptr && options_.audit->is_between();
    if (options_.snapshot_interval.count() > 0 && now - written_at >= options_.snapshot_interval &&
        !is_between) {
      write_snapshot();
      written_at = now;
    }
    if (taken < kBatch) trim_tables(kLookBack);
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (taken == 0) wake_.wait_for(lock, kIdle, [this] { return stopping_; });
  }
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  const auto give_up = std::chrono::steady_clock::now() + kStopMax;
  while (sequence() < journal_.published_sequence()) {
    if (step(kBatch) > 0) continue;
    if (stuck_ || std::chrono::steady_clock::now() > give_up) break;
    std::this_thread::sleep_for(kIdle);
  }
  write_audit();
  if (options_.snapshot_interval.count() > 0) write_snapshot();
}

}  // namespace portcullis::gateway::follower
