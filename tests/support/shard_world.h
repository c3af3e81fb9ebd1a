// A whole gate on one thread: the real shard, gate and journal over connections in memory, with a
// clock that is set by hand, a disk that fails on demand and a simulated venue. The process can end
// at any moment, at any record of its journal, and begin again from what the journal has. Where the
// journal is durable by fsync the machine can lose its power, and what was not synced with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/contract_queue.h"
#include "feeds/feed_queue.h"
#include "feeds/table_queue.h"
#include "gateway/control/shard_queue.h"
#include "gateway/edge/command_queue.h"
#include "gateway/follower/follower.h"
#include "gateway/follower/sweep_watch.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/parameters/parameter_queue.h"
#include "gateway/security/login_checker.h"
#include "gateway/shard/shard.h"
#include "tests/support/audited_world.h"
#include "tests/support/example_config.h"
#include "tests/support/failing_disk.h"
#include "tests/support/journal_support.h"
#include "tests/support/memory_transport.h"
#include "tests/support/soup_peers.h"

namespace portcullis::test {

inline constexpr const char* kShardPassword = "secret";     // of every session
inline constexpr const char* kFirstStreams = "STREAM0001";  // the Soup session that it begins with

struct ShardKind {
  bool fsync = false;     // durability fsync; the flusher has its turn when it is given one
  bool follows = false;   // a follower, which writes snapshots, and segments that go in time
  bool has_edge = false;  // and JSON sessions
};

class ShardWorld : public AuditedWorld {
 public:
  // Balances and positions are loaded; the process does not run yet.
  explicit ShardWorld(const std::vector<Change>& changes = {},
                      const gateway::venue_sim::EngineSettings& venue = {}, ShardKind kind = {});

  // --- the process
  // Begins it from what is on disk. False: the disk would not.
  bool start();
  [[nodiscard]] bool is_running() const { return shard_ != nullptr; }
  // Passwords are looked at before it, and so many blocks of old messages read. False: it has ended meanwhile.
  bool pass();
  // Something an operator does, between two passes. False: it has ended meanwhile.
  bool operate(const std::function<void(gateway::gate::Gate&)>& what);
  void kill() { die_at_record(0); }
  // It ends once its journal has this record: nothing that it does after that has happened.
  void die_at_record(std::uint64_t sequence);
  // The machine went down after it had ended; nothing that was published is lost, but who can know?
  // REQUIRES: it does not run.
  void restart_machine();
  // It ends with its n-th write to a connection from now on.
  void die_at_write(std::uint64_t n) { die_at_write_ = transport_->writes + n; }
  void stay_alive() { die_at_record_.reset(), die_at_write_.reset(); }
  // The machine stops, and the process with it where there is one; with g_disk.is_dark it has
  // stopped in the middle of a sync, and this must be next. REQUIRES: ShardKind::fsync.
  void lose_power(const std::function<std::uint32_t(std::size_t)>& below);
  // The follower's: at most so many records. REQUIRES: ShardKind::follows.
  void follow(std::size_t records_max);
  bool write_snapshot();
  // The edge's thread. False: the queue is full. REQUIRES: ShardKind::has_edge.
  bool push(const gateway::edge::EdgeCommand& command);
  // In good order, with the connections still carrying bytes. False: the disk would not.
  bool stop();
  // What of the bytes that an ended process had sent still arrives.
  std::function<std::size_t(const Wire&)> kept = [](const Wire&) { return SIZE_MAX; };

  // --- its surroundings
  // A connection of a client, that holds so many bytes each way; closed at once when nobody listens.
  std::shared_ptr<Wire> connect(std::size_t wire_bytes = 65'536);
  // One price, as of now, to where the shard takes them from.
  void offer(feeds::PriceUpdate update);
  void price_everything();
  // What a contract's venue says of it, likewise.
  void offer(const feeds::ContractUpdate& update);
  // The feed's thread looks whether there is a place again. True: nothing waits any more.
  bool flush_contracts() { return contracts_.flush(); }
  // Of who makes tables and parameters; what waits there is gone with the process. REQUIRES: it runs.
  [[nodiscard]] feeds::TableQueue& tables() { return *tables_; }
  [[nodiscard]] gateway::parameters::ParameterQueue& parameters() { return *parameters_; }
  // The configuration with further changes.
  [[nodiscard]] config::Deployment changed(const std::vector<Change>& more) const;
  // All that is under way arrives; the venue takes all of it and answers.
  void carry();

  // --- looking at it
  [[nodiscard]] const config::Deployment& deployment() const override { return deployment_; }
  [[nodiscard]] ShardKind kind() const { return kind_; }
  // That is to be judged: of records that may be acted upon. Where no process runs, the state that
  // the next one begins with.
  [[nodiscard]] gateway::gate::Gate& gate() override {
    return gate_ && !kind_.fsync ? *gate_ : *judge_;
  }
  [[nodiscard]] gateway::gate::Gate& running_gate() { return *gate_; }
  [[nodiscard]] std::int64_t time_ns() const override { return audited_ns; }
  [[nodiscard]] bool is_drained() const override { return drained; }
  [[nodiscard]] const std::vector<Bytes>& venue_stream() const override { return venue.stream(); }
  std::vector<gateway::ouch::InboundMessage> messages_at_venue() override {
    return std::exchange(venue.read, {});
  }
  [[nodiscard]] const gateway::venue_sim::MatchingEngine& venue_engine() const override {
    return venue.engine();
  }
  [[nodiscard]] gateway::shard::Shard& shard() { return *shard_; }
  [[nodiscard]] gateway::journal::Journal& journal() { return *journal_; }
  // The control plane's thread.
  [[nodiscard]] gateway::control::ShardQueue& control() { return control_; }
  [[nodiscard]] gateway::journal::StreamServer& streams() { return *streams_; }
  [[nodiscard]] MemoryTransport& transport() { return *transport_; }
  // Decides every record again, when it is there.
  [[nodiscard]] gateway::gate::Gate& judge() { return *judge_; }
  [[nodiscard]] const gateway::follower::Follower& follower() const { return *follower_; }
  // The follower's; null where there is none.
  [[nodiscard]] const gateway::follower::SweepWatch* sweeps() const { return sweeps_.get(); }
  [[nodiscard]] const gateway::follower::WarningWatch* warnings() const { return warnings_.get(); }
  // Of the last record in the snapshot that the process has begun with; 0: none.
  [[nodiscard]] std::uint64_t from_snapshot() const { return from_snapshot_; }
  [[nodiscard]] const std::filesystem::path& journal_folder() const { return directory_; }
  [[nodiscard]] std::int64_t now_ns() const { return transport_->clock_ns; }
  [[nodiscard]] risk::SessionIndex session(std::string_view name) const;
  // Records that exist, while it runs and when it has ended.
  [[nodiscard]] std::uint64_t last_record() const;
  // Of these, what may be acted upon, and is never lost.
  [[nodiscard]] std::uint64_t durable_record() const;

  // Called when the process has ended, before anything else happens; and when it runs again, before
  // it does anything: what its journal has is then there for good.
  std::function<void()> on_end;
  std::function<void()> on_start;
  std::function<void(const gateway::edge::EdgeCommand&)> on_push;  // taken by the queue
  int blocks_per_pass = 100;
  // Of the journal, as from the next start.
  std::uint64_t segment_bytes = 131'072;  // small, as a new one is all zeros each time
  std::uint64_t disk_budget_bytes;        // without a follower nothing is removed
  std::string problem;                    // of the process itself
  std::vector<std::string> told_sweeps;   // a line for each that has ended
  std::vector<std::string> told_warnings;
  std::uint64_t records_lost = 0;  // with the machine, before the last start
  SoupVenue venue;
  std::int64_t audited_ns = 0;
  bool drained = false;

 private:
  void wrong(std::string what);
  bool lives();
  bool bury();
  void begin_streams();
  void load_state();
  void open_journal();
  void resume();
  [[nodiscard]] std::vector<gateway::follower::Companion*> companions() const;
  void begin_following(const gateway::gate::Gate* gate, gateway::follower::Position position);

  gateway::journal::testing::TemporaryFolder folder_;
  const std::filesystem::path directory_;
  const ShardKind kind_;
  const std::vector<Change> changes_;
  const config::Deployment deployment_;
  const config::Secret venue_password_{"venue"};
  std::unique_ptr<gateway::security::LoginChecker> logins_;
  std::unique_ptr<gateway::journal::StreamServer> streams_;
  std::unique_ptr<MemoryTransport> transport_;
  feeds::FeedQueue prices_;
  feeds::ContractQueue contracts_;
  std::unique_ptr<feeds::TableQueue> tables_;
  std::unique_ptr<gateway::parameters::ParameterQueue> parameters_;
  std::unique_ptr<gateway::journal::Journal> journal_;
  std::unique_ptr<gateway::gate::Gate> gate_;
  std::unique_ptr<gateway::follower::SweepWatch> sweeps_;
  std::unique_ptr<gateway::follower::WarningWatch> warnings_;
  std::unique_ptr<gateway::follower::Follower> follower_;
  std::unique_ptr<gateway::edge::CommandQueue> orders_;
  gateway::control::ShardQueue control_{[] {}};
  std::unique_ptr<gateway::shard::Shard> shard_;
  std::unique_ptr<gateway::gate::Gate> judge_;
  std::optional<std::uint64_t> die_at_record_;
  std::optional<std::uint64_t> die_at_write_;
  std::optional<std::uint64_t> died_at_;  // the last record it had
  std::uint64_t records_ = 0;             // of an ended process
  std::uint64_t durable_ = 0;             // of these, what survives the machine
  std::uint64_t certain_ = 0;             // and what must be there for the next one
  std::uint64_t from_snapshot_ = 0;
  int stream_sessions_ = 1;  // names that clients have seen
};

}  // namespace portcullis::test
