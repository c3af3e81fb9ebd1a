// The second engine: a gate that redoes the journal's records behind the shard, on a thread of its
// own. At markers it compares its state with the shard's, every now and then it writes a snapshot,
// and other threads may look at it. It costs the shard nothing: it reads what the journal has
// published, or, where the journal is durable by fsync, what is durable.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/deployment.h"
#include "gateway/follower/snapshot.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

namespace portcullis::feeds {
class TableFolder;
}
namespace portcullis::gateway::audit {
class AuditLog;
}

namespace portcullis::gateway::follower {

class TableRetention;

struct FollowerOptions {
  std::filesystem::path directory;
  std::chrono::nanoseconds snapshot_interval{0};  // 0: none by itself
  bool durable_only = false;                      // nothing beyond Journal::synced_sequence()
  std::vector<Companion*> companions{};           // that stand where the follower begins
  // Told once two snapshots are there: records below are in both, so that no start-up needs them.
  std::function<void(std::uint64_t)> may_remove_below{};
  // Whose files that nothing needs any more are removed (table_retention.h); none: none are.
  feeds::TableFolder* tables = nullptr;
  // Where the changes that the records tell of are written; none: nowhere.
  audit::AuditLog* audit = nullptr;
  // Told on the follower's thread what an operator should know, once: see FollowerFigures::problem.
  std::function<void(const std::string&)> tell{};
  const journal::FileOps* file_ops = &journal::kSystemFileOps;
};

// What it has done; any thread.
struct FollowerFigures {
  std::uint64_t sequence = 0;    // of the last record taken
  std::uint64_t markers = 0;     // compared
  std::uint64_t differs_at = 0;  // the first marker that found another state; 0: none
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_failures = 0;
  std::uint64_t last_snapshot = 0;   // of which record
  std::uint64_t tables_removed = 0;  // files
  std::string problem;               // the last one; empty: none
};

class Follower {
 public:
  // Stands where `gate` does, which has redone the records up to `position` and nothing else; null:
  // before the first record. Everything must outlive the follower.
  Follower(const config::Deployment& deployment, journal::Journal& journal, FollowerOptions options,
           const gate::Gate* gate, Position position);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // The thread.
  void start();
  // Takes what the journal has, ends the thread and writes a last snapshot. REQUIRES: nothing is
  // appended any more, and the journal is still open.
  void stop();

  // Without a thread: takes at most so many records; how many it were. Snapshots are the caller's.
  std::size_t step(std::size_t records_max);
  // Writes a snapshot of where it stands. False: there is nothing new to write, the state is one that
  // differs or is not confirmed, or it could not be written (figures().problem).
  bool write_snapshot();
  // Writes what the audit log waits with. False: it waits still (figures().problem). What there is no
  // line of yet keeps snapshots away.
  bool write_audit();
  // Goes on with finding out which risk tables are needed, reading at most so many old records, and
  // removes the others when it is known. False: nothing is to be done before the next snapshot.
  bool trim_tables(std::size_t records_max);

  // --- any thread
  [[nodiscard]] std::uint64_t sequence() const noexcept {
    return sequence_.load(std::memory_order_acquire);
  }
  // For gate::Gate::set_follower_differs.
  [[nodiscard]] const std::atomic<bool>& differs() const noexcept { return differs_; }
  [[nodiscard]] FollowerFigures figures() const;
  // f(gate::Gate&), while the gate stands still. Short: the follower waits.
  template <class F>
  decltype(auto) with(F&& f) {
    const std::lock_guard lock(mutex_);
    return f(*gate_);
  }
  // The same for who must not wait. False: the follower is at work, taking records or copying a
  // snapshot, and f was not called. It makes room after its batch, for who asks again soon.
  template <class F>
  [[nodiscard]] bool try_with(F&& f) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) {
      wanted_.store(true, std::memory_order_relaxed);
      return false;
    }
    f(*gate_);
    return true;
  }

 private:
  void run();
  [[nodiscard]] std::uint64_t limit() const noexcept;
  [[nodiscard]] std::vector<std::byte> copy();
  void has_problem(const std::string& what);

  static constexpr std::size_t kBatch = 64;  // records for which others wait

  const config::Deployment& deployment_;
  journal::Journal& journal_;
  const FollowerOptions options_;
  journal::Reader reader_;

  mutable std::mutex mutex_;  // of everything below but the atomics
  std::unique_ptr<gate::Gate> gate_;
  Position position_;
  FollowerFigures figures_;
  std::unique_ptr<TableRetention> tables_;  // the follower's thread alone
  bool stuck_ = false;                      // the journal cannot be followed any further
  std::condition_variable wake_;
  bool stopping_ = false;

  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<bool> differs_{false};
  std::atomic<bool> wanted_{false};  // somebody was refused a look
  std::thread thread_;
};

}  // namespace portcullis::gateway::follower
