#include "tests/support/shard_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/state_file.h"
#include "gateway/follower/resume.h"
#include "gateway/journal/reader.h"
#include "gateway/parameters/parameter_log.h"
#include "tests/support/gate_world.h"
#include "tests/support/open_journal.h"

namespace portcullis::test {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace shard = gateway::shard;

namespace {

constexpr std::int64_t kStartNs = 1'767'607'200 * risk::kSecondNs;  // 2026-01-05 10:00:00 UTC
constexpr std::uint32_t kEdgeQueue = 64;

std::string json_session(const char* member, const char* account, const char* more) {
  return std::string(R"({"protocol": "json", "member": ")") + member + R"(", "account": ")" +
         account + R"(", "instruments": ["BTC-PERP", "AMZN"], "api_key": "key-)" + account +
         R"(", "secret_env": "SECRET", "read_only": false,
             "actions": ["enter", "replace", "cancel"], "dead_man_ms": 0,
             "rate": {"per_second": 2000, "burst": 500, "exit_per_second": 4000,
                      "exit_burst": 2000}, )" +
         more + "}";
}

// One whose orders are cancelled when it goes, and one whose orders stay.
std::vector<Change> json_sessions() {
  using enum Change::Kind;
  return {{Add, "instruments.json", "instruments.BTC-PERP.json_symbol", R"("BTCUSDT")"},
          {Add, "instruments.json", "instruments.AMZN.json_symbol", R"("AMZN")"},
          {Add, "sessions.json", "sessions.JSON1",
           json_session("alpha", "alpha-1",
                        R"("cancel_on_disconnect": true, "disconnect_grace_ms": 500)")},
          {Add, "sessions.json", "sessions.JSON2",
           json_session("bravo", "bravo-2",
                        R"("cancel_on_disconnect": false, "disconnect_grace_ms": 500)")},
          {Add, "process.json", "edge",
           R"({"address": "127.0.0.1", "port": 0, "tls": null, "connections_max": 32,
               "connections_per_session_max": 4, "frame_bytes_max": 16384, "batch_max": 10,
               "requests_per_second_max": 1000, "queue_commands": 64,
               "send_buffer_bytes": 1048576, "silence_timeout_ms": 30000,
               "login_timeout_ms": 5000, "order_history": 100, "execution_history": 100,
               "recv_window_ms_max": 60000})"}};
}

// Times and sizes that a simulation comes up against.
config::Deployment small_world(const std::vector<Change>& changes, const ShardKind& kind,
                               const std::filesystem::path& directory) {
  const auto set = [](const char* path, const char* value) {
    return Change{Change::Kind::Set, "process.json", path, value};
  };
  std::vector<Change> all{
      set("gateway.connections_max", "10"), set("gateway.unauthenticated_max", "6"),
      set("gateway.slow_consumer_bytes", "262144"), set("venue.send_buffer_bytes", "98304")};
  if (kind.has_edge) {
    for (const Change& change : json_sessions()) all.push_back(change);
  }
  all.insert(all.end(), changes.begin(), changes.end());
  config::Deployment deployment = small_deployment(all);
  deployment.journal.directory = directory;
  return deployment;
}

}  // namespace

ShardWorld::ShardWorld(const std::vector<Change>& changes,
                       const gateway::venue_sim::EngineSettings& venue_settings, ShardKind kind)
    : venue(venue_settings, kStartNs),
      folder_(journal::testing::memory_folder()),
      directory_(folder_ / "journal"),
      kind_(kind),
      changes_(changes),
      deployment_(small_world(changes, kind, directory_)),
      transport_(std::make_unique<MemoryTransport>(deployment_.gateway.connections_max)),
      prices_(static_cast<std::uint32_t>(deployment_.instruments.size()),
              static_cast<std::uint32_t>(deployment_.assets.size()), 64, [] {}),
      contracts_(deployment_.instruments.size(), [] {}),
      judge_(std::make_unique<gate::Gate>(deployment_, nullptr, follower::tables_in(directory_),
                                          gateway::parameters::parameters_in(directory_))) {
  disk_budget_bytes = kind.follows ? 8 * segment_bytes : 0;
  g_disk = {};
  g_unsynced.begin(kind.fsync);
  transport_->clock_ns = kStartNs;
}

config::Deployment ShardWorld::changed(const std::vector<Change>& more) const {
  std::vector<Change> all = changes_;
  all.insert(all.end(), more.begin(), more.end());
  return small_world(all, kind_, directory_);
}

risk::SessionIndex ShardWorld::session(std::string_view name) const {
  return deployment_.names.sessions.find(name);
}

std::uint64_t ShardWorld::last_record() const {
  if (journal_ == nullptr) return records_;
  return died_at_.value_or(journal_->published_sequence());
}

std::uint64_t ShardWorld::durable_record() const {
  if (!kind_.fsync) return last_record();
  return journal_ == nullptr ? durable_ : std::min(last_record(), journal_->synced_sequence());
}

// --- the process

void ShardWorld::open_journal() {
  journal::Options options;
  options.directory = directory_;
  options.segment_bytes = segment_bytes;
  options.disk_budget_bytes = disk_budget_bytes;
  options.durability = kind_.fsync ? journal::Durability::Fsync : journal::Durability::Process;
  journal_ = open_small_journal(deployment_, std::move(options));
}

bool ShardWorld::start() {
  try {
    open_journal();
  } catch (const journal::JournalError& error) {
    if (g_disk.is_well()) wrong(error.what());
    return false;
  }
  const std::uint64_t found = journal_->published_sequence();
  records_lost = records_ - found;
  if (found < certain_ || found > records_) wrong("the journal has lost records, or made some");
  if (kind_.fsync && journal_->recovery().possible_loss)
    wrong("records may be lost that were durable");
  records_ = found;
  die_at_record_.reset();
  die_at_write_.reset();
  died_at_.reset();
  const std::int64_t now = transport_->clock_ns;
  const auto read_takes_ns = transport_->read_takes_ns;
  auto on_write = std::move(transport_->on_write);
  auto on_read = std::move(transport_->on_read);
  transport_ = std::make_unique<MemoryTransport>(deployment_.gateway.connections_max);
  transport_->clock_ns = now;
  transport_->read_takes_ns = read_takes_ns;
  transport_->reach_venue = [this] { return venue.accept(transport_->clock_ns); };
  transport_->is_dead = [this] { return !lives(); };
  transport_->on_read = std::move(on_read);
  transport_->on_write = std::move(on_write);

  if (kind_.follows) {
    sweeps_ = std::make_unique<follower::SweepWatch>(deployment_);
    warnings_ = std::make_unique<follower::WarningWatch>(
        deployment_, follower::warnings_of(deployment_, directory_));
  }
  if (records_ == 0) {
    gate_ =
        std::make_unique<gate::Gate>(deployment_, journal_.get(), follower::tables_in(directory_),
                                     gateway::parameters::parameters_in(directory_));
    begin_following(nullptr, {});
    gate_->start(kFirstStreams, now);
    load_state();
    if (on_start) on_start();
  } else {
    resume();
  }
  if (gate_ == nullptr) return true;
  if (kind_.follows) {
    sweeps_->begin([this](const std::string& what) { told_sweeps.push_back(what); });
    warnings_->begin([this](const std::string& what) { told_warnings.push_back(what); });
  }
  if (journal_->recovery().possible_loss) begin_streams();
  tables_ = std::make_unique<feeds::TableQueue>(deployment_.parameters.groups.size(), [] {});
  parameters_ = std::make_unique<gateway::parameters::ParameterQueue>([] {});
  if (kind_.has_edge) orders_ = std::make_unique<gateway::edge::CommandQueue>(kEdgeQueue, [] {});
  logins_ = std::make_unique<gateway::security::LoginChecker>(
      [](risk::SessionIndex session, std::string_view password) {
        return session.exists() && password == kShardPassword;
      },
      deployment_.gateway.unauthenticated_max, [] {},
      gateway::security::LoginChecker::Mode::Manual);
  streams_ = std::make_unique<journal::StreamServer>(
      directory_, deployment_.gateway.connections_max, [] {}, journal::StreamServer::Mode::Manual);
  shard_ = std::make_unique<shard::Shard>(deployment_, venue_password_, *logins_, *gate_, *journal_,
                                          *streams_,
                                          shard::Inputs{.prices = &prices_,
                                                        .tables = tables_.get(),
                                                        .contracts = &contracts_,
                                                        .parameters = parameters_.get(),
                                                        .orders = orders_.get(),
                                                        .control = &control_},
                                          *transport_);
  shard_->begin();
  return true;
}

// From a snapshot where there is a good one, from the first record else: it must be the state of the
// judge, who has seen every record.
void ShardWorld::resume() {
  try {
    const std::vector<follower::Companion*> beside = companions();
    follower::Resumed resumed = follower::resume(deployment_, journal_.get(),
                                                 {.directory = directory_,
                                                  .last_sequence = records_,
                                                  .companions = beside,
                                                  .remove_foreign = true});
    gate_ = std::move(resumed.gate);
    from_snapshot_ = resumed.snapshot;
    if (resumed.position.sequence != records_) wrong("not every record can be read");
    begin_following(gate_.get(), std::move(resumed.position));
  } catch (const std::runtime_error& error) {
    wrong(error.what());
    return;
  }
  if (gate_->differs_at() != 0) wrong("a marker found another state");
  if (on_start) on_start();
  if (kept_of(*gate_) != kept_of(*judge_) || gate_->state_hash() != judge_->state_hash())
    wrong("another state after a restart");
}

std::vector<follower::Companion*> ShardWorld::companions() const {
  if (!kind_.follows) return {};
  return {sweeps_.get(), warnings_.get()};
}

void ShardWorld::begin_following(const gate::Gate* gate, follower::Position position) {
  if (!kind_.follows) return;
  follower_ = std::make_unique<follower::Follower>(
      deployment_, *journal_,
      follower::FollowerOptions{
          .directory = directory_,
          .durable_only = kind_.fsync,
          .companions = companions(),
          .may_remove_below =
              [this](std::uint64_t sequence) { journal_->may_remove_below(sequence); },
          .file_ops = &kFailingDiskOps},
      gate, std::move(position));
  gate_->set_follower_differs(&follower_->differs());
}

void ShardWorld::restart_machine() {
  journal::StateRecord state = journal::read_state(directory_).value();
  state.boot_id[0] ^= 1;
  if (!journal::write_state(directory_, state)) wrong("no state file to write to");
}

// Where the disk does not take it that the loss is known, the next start begins them again.
void ShardWorld::begin_streams() {
  const std::string name = "STR" + std::to_string(1'000'000 + ++stream_sessions_);
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s)
    gate_->begin_stream({s}, name, std::max(now_ns(), gate_->redone_until_ns()));
  try {
    journal_->acknowledge_loss();
  } catch (const journal::JournalError& error) {
    if (g_disk.is_well()) wrong(error.what());
  }
}

void ShardWorld::load_state() {
  const config::StateFile state = config::parse_state(
      read_file(example_folder() / "demo-state.json"), "demo-state.json", deployment_);
  for (risk::LoadBalance load : state.balances) {
    load.time = {now_ns()};
    if (!gate_->load(load)) wrong("no room for a balance");
  }
  for (risk::LoadPosition load : state.positions) {
    load.time = {now_ns()};
    if (!gate_->load(load)) wrong("no room for a position");
  }
  gate_->loaded(now_ns());
  (void)journal_->flush();  // what a machine loses of this is loaded again by whoever has begun it
}

// The first one is the cause of the others.
void ShardWorld::wrong(std::string what) {
  if (problem.empty()) problem = std::move(what);
}

// It stops being there with the record or the write that was chosen.
bool ShardWorld::lives() {
  if (died_at_) return false;
  const std::uint64_t published = journal_->published_sequence();
  if (die_at_record_ && published >= *die_at_record_) {
    died_at_ = std::min(published, *die_at_record_);
  } else if (die_at_write_ && transport_->writes >= *die_at_write_) {
    died_at_ = published;
  }
  return !died_at_;
}

void ShardWorld::die_at_record(std::uint64_t sequence) {
  const std::uint64_t published = journal_->published_sequence();
  die_at_record_ = std::max(published, sequence);
  if (sequence <= published && !lives()) bury();
}

bool ShardWorld::pass() {
  while (logins_->check_one()) continue;
  for (int block = 0; block < blocks_per_pass && streams_->step(); ++block) continue;
  shard_->pass();
  return lives() || bury();
}

bool ShardWorld::operate(const std::function<void(gate::Gate&)>& what) {
  what(*gate_);
  return lives() || bury();
}

// What happened after its end has not: the record behind its last one was never finished.
bool ShardWorld::bury() {
  if (on_end) on_end();
  durable_ = durable_record();
  certain_ = records_ = *died_at_;  // all of it, unless the machine stops too
  journal::Reader reader(directory_, {.from_sequence = records_ + 1, .include_ring = true});
  journal::RecordView record;
  if (journal_->published_sequence() > records_) {
    if (reader.next(record) != journal::ReadStatus::Record || record.segment != 0) {
      wrong("a record of a process that is gone has reached the disk");
    } else {
      const int ring = ::open((directory_ / journal::kRingLink).c_str(), O_RDWR | O_CLOEXEC);
      const std::uint32_t none = 0;
      const auto at = static_cast<off_t>(journal::kRingHeaderBytes +
                                         record.offset % journal_->capacity_bytes());
      if (::pwrite(ring, &none, sizeof none, at) != sizeof none) wrong("no ring to write to");
      ::close(ring);
    }
  }
  shard_.reset();
  streams_.reset();
  orders_.reset();
  tables_.reset();
  parameters_.reset();
  follower_.reset();
  gate_.reset();
  journal_.reset();  // without close(): what kill -9 leaves
  transport_->kill(kept);
  return false;
}

// The ring goes, or some of its pages do. The next opening finds another boot of the machine.
void ShardWorld::lose_power(const std::function<std::uint32_t(std::size_t)>& below) {
  if (is_running()) kill();
  certain_ = durable_;
  g_disk = {};
  g_unsynced.lose_power(directory_, below);
  const std::filesystem::path link = directory_ / journal::kRingLink;
  std::error_code ignored;
  const std::filesystem::path ring = directory_ / std::filesystem::read_symlink(link, ignored);
  if (!ignored && below(2) == 0) {
    std::filesystem::remove(ring);
    std::filesystem::remove(link);
  } else if (!ignored) {
    const journal::Fd fd = journal::open_file(ring, O_RDWR);
    const std::vector<std::byte> nothing(4'096);
    for (std::uint64_t at = 0; at < std::filesystem::file_size(ring); at += nothing.size()) {
      if (below(3) == 0) (void)journal::write_at(journal::kSystemFileOps, fd.get(), nothing, at);
    }
  }
  if (auto state = journal::read_state(directory_)) {
    state->boot_id = journal::JournalId{1};
    (void)journal::write_state(directory_, *state);
  }
}

void ShardWorld::follow(std::size_t records_max) {
  (void)follower_->step(records_max);
  const follower::FollowerFigures figures = follower_->figures();
  if (figures.differs_at != 0 || (!figures.problem.empty() && figures.snapshot_failures == 0))
    wrong(figures.problem);
}

bool ShardWorld::write_snapshot() { return follower_->write_snapshot(); }

bool ShardWorld::push(const gateway::edge::EdgeCommand& command) {
  if (!orders_->push(command)) return false;
  if (on_push) on_push(command);
  return true;
}

bool ShardWorld::stop() {
  shard_->begin_stop();
  for (int turns = 0; !shard_->stop_pass() && turns < 10'000; ++turns) {
    transport_->clock_ns += 1'000'000;
    carry();
    if (!lives()) return bury();
    if (kind_.fsync) (void)journal_->flush();
  }
  if (!lives()) return bury();
  // A sync that failed once is never taken as made good.
  const bool closed = journal_->close();
  if (!closed && g_disk.is_well() && journal_->faults() == 0)
    wrong("a sound disk did not take the journal's end");
  died_at_ = journal_->published_sequence();
  bury();
  return closed;
}

// --- its surroundings

std::shared_ptr<Wire> ShardWorld::connect(std::size_t wire_bytes) {
  auto wire = std::make_shared<Wire>(wire_bytes);
  if (is_running()) {
    transport_->connect(wire);
  } else {
    wire->is_open_here = false;
    wire->from_gate.end(0);
  }
  return wire;
}

void ShardWorld::offer(feeds::PriceUpdate update) {
  update.as_of_ns = now_ns();
  prices_.offer(update);
  prices_.flush();
}

void ShardWorld::offer(const feeds::ContractUpdate& update) {
  contracts_.offer(update);
  contracts_.flush();
}

void ShardWorld::price_everything() {
  using Kind = feeds::PriceUpdate::Kind;
  using State = feeds::PriceUpdate::State;
  struct Named {
    const char* name;
    std::int64_t value;
  };
  for (const Named& mark : {Named{"BTC-PERP", 640'000}, Named{"ETH-PERP", 320'000},
                            Named{"AMZN", 2'200'000}, Named{"EUR/USD", 108'500}}) {
    offer({.price = mark.value,
           .index = deployment_.names.instruments.find(mark.name).value,
           .kind = Kind::Mark,
           .state = State::Safe});
  }
  for (const Named& index :
       {Named{"USDC", 1'000'000}, Named{"BTC", 6'400'000}, Named{"ETH", 320'000}}) {
    offer({.price = index.value,
           .index = deployment_.names.assets.find(index.name).value,
           .kind = Kind::Index,
           .state = State::Safe});
  }
}

void ShardWorld::carry() {
  for (const auto& wire : venue.wires()) wire->from_gate.arrive_all();
  venue.take(now_ns());
  venue.write(now_ns());
  for (const auto& wire : venue.wires()) wire->to_gate.arrive_all();
}

}  // namespace portcullis::test
