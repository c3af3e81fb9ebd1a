#include "tests/support/shard_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/state_file.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace shard = gateway::shard;

namespace {

constexpr std::int64_t kStartNs = 1'767'607'200 * risk::kSecondNs;  // 2026-01-05 10:00:00 UTC

// Times and sizes that a simulation comes up against.
config::Deployment small_world(const std::vector<Change>& changes,
                               const std::filesystem::path& directory) {
  const auto set = [](const char* path, const char* value) {
    return Change{Change::Kind::Set, "process.json", path, value};
  };
  std::vector<Change> all{
      set("gateway.connections_max", "10"), set("gateway.unauthenticated_max", "6"),
      set("gateway.slow_consumer_bytes", "262144"), set("venue.send_buffer_bytes", "98304")};
  all.insert(all.end(), changes.begin(), changes.end());
  config::Deployment deployment = small_deployment(all);
  deployment.journal.directory = directory;
  return deployment;
}

}  // namespace

ShardWorld::ShardWorld(const std::vector<Change>& changes,
                       const gateway::venue_sim::EngineSettings& venue_settings)
    : venue(venue_settings, kStartNs),
      folder_(journal::testing::memory_folder()),
      directory_(folder_ / "journal"),
      deployment_(small_world(changes, directory_)),
      transport_(std::make_unique<MemoryTransport>(deployment_.gateway.connections_max)),
      prices_(static_cast<std::uint32_t>(deployment_.instruments.size()),
              static_cast<std::uint32_t>(deployment_.assets.size()), 64, [] {}),
      follower_(std::make_unique<gate::Gate>(deployment_, nullptr)) {
  g_disk = {};
  transport_->clock_ns = kStartNs;
}

risk::SessionIndex ShardWorld::session(std::string_view name) const {
  return deployment_.names.sessions.find(name);
}

std::uint64_t ShardWorld::last_record() const {
  if (journal_ == nullptr) return records_;
  return died_at_.value_or(journal_->published_sequence());
}

std::uint64_t ShardWorld::durable_record() const { return last_record(); }

// --- the process

bool ShardWorld::start() {
  journal::Options options;
  options.directory = directory_;
  options.ring_bytes = 262'144;
  options.segment_bytes = segment_bytes;
  options.disk_budget_bytes = disk_budget_bytes;
  options.stream_count = static_cast<std::uint32_t>(deployment_.sessions.size());
  options.recent_messages = 64;
  options.manual_flush = true;
  options.file_ops = &kFailingDiskOps;
  try {
    journal_ = std::make_unique<journal::Journal>(options);
  } catch (const journal::JournalError& error) {
    if (g_disk.is_well()) problem = error.what();
    return false;
  }
  if (journal_->published_sequence() != records_)
    problem = "the journal has lost records, or made some";
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

  gate_ = std::make_unique<gate::Gate>(deployment_, journal_.get());
  if (records_ == 0) {
    gate_->start("STREAM0001", now);
    load_state();
  } else {
    journal::Reader reader(directory_);
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) {
      if (!gate_->redo(record)) problem = "a record is none of this version";
    }
    if (reader.next_sequence() != records_ + 1) problem = "not every record can be read";
    if (kept_of(*gate_) != kept_of(*follower_)) problem = "another state after a restart";
  }
  if (on_start) on_start();
  if (journal_->recovery().possible_loss) begin_streams();
  logins_ = std::make_unique<gateway::security::LoginChecker>(
      [](risk::SessionIndex session, std::string_view password) {
        return session.exists() && password == kShardPassword;
      },
      deployment_.gateway.unauthenticated_max, [] {},
      gateway::security::LoginChecker::Mode::Manual);
  streams_ = std::make_unique<journal::StreamServer>(
      directory_, deployment_.gateway.connections_max, [] {}, journal::StreamServer::Mode::Manual);
  shard_ =
      std::make_unique<shard::Shard>(deployment_, venue_password_, *logins_, *gate_, *journal_,
                                     *streams_, shard::Inputs{.prices = &prices_}, *transport_);
  shard_->begin();
  return true;
}

void ShardWorld::restart_machine() {
  journal::StateRecord state = journal::read_state(directory_).value();
  state.boot_id[0] ^= 1;
  if (!journal::write_state(directory_, state)) problem = "no state file to write to";
}

// Where the disk does not take it that the loss is known, the next start begins them again.
void ShardWorld::begin_streams() {
  const std::string name = "STR" + std::to_string(1'000'000 + ++stream_sessions_);
  for (std::uint32_t s = 0; s < deployment_.sessions.size(); ++s)
    gate_->begin_stream({s}, name, std::max(now_ns(), gate_->redone_until_ns()));
  try {
    journal_->acknowledge_loss();
  } catch (const journal::JournalError& error) {
    if (g_disk.is_well()) problem = error.what();
  }
}

void ShardWorld::load_state() {
  const config::StateFile state = config::parse_state(
      read_file(example_folder() / "demo-state.json"), "demo-state.json", deployment_);
  for (risk::LoadBalance load : state.balances) {
    load.time = {now_ns()};
    if (!gate_->load(load)) problem = "no room for a balance";
  }
  for (risk::LoadPosition load : state.positions) {
    load.time = {now_ns()};
    if (!gate_->load(load)) problem = "no room for a position";
  }
  gate_->loaded(now_ns());
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
  records_ = *died_at_;
  journal::Reader reader(directory_, {.from_sequence = records_ + 1, .include_ring = true});
  journal::RecordView record;
  if (journal_->published_sequence() > records_) {
    if (reader.next(record) != journal::ReadStatus::Record || record.segment != 0) {
      problem = "a record of a process that is gone has reached the disk";
    } else {
      const int ring = ::open((directory_ / journal::kRingLink).c_str(), O_RDWR | O_CLOEXEC);
      const std::uint32_t none = 0;
      const auto at = static_cast<off_t>(journal::kRingHeaderBytes +
                                         record.offset % journal_->capacity_bytes());
      if (::pwrite(ring, &none, sizeof none, at) != sizeof none) problem = "no ring to write to";
      ::close(ring);
    }
  }
  shard_.reset();
  gate_.reset();
  journal_.reset();  // without close(): what kill -9 leaves
  transport_->kill(kept);
  return false;
}

bool ShardWorld::stop() {
  shard_->begin_stop();
  for (int turns = 0; !shard_->stop_pass() && turns < 10'000; ++turns) {
    transport_->clock_ns += 1'000'000;
    carry();
    if (!lives()) return bury();
  }
  if (!lives()) return bury();
  // A sync that failed once is never taken as made good.
  const bool closed = journal_->close();
  if (!closed && g_disk.is_well() && journal_->faults() == 0)
    problem = "a sound disk did not take the journal's end";
  died_at_ = journal_->published_sequence();
  bury();
  return closed;
}

// --- its surroundings

std::shared_ptr<Wire> ShardWorld::connect() {
  auto wire = std::make_shared<Wire>();
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

void ShardWorld::price_everything() {
  using Kind = feeds::PriceUpdate::Kind;
  struct Named {
    const char* name;
    std::int64_t value;
  };
  for (const Named& mark : {Named{"BTC-PERP", 640'000}, Named{"ETH-PERP", 320'000},
                            Named{"AMZN", 2'200'000}, Named{"EUR/USD", 108'500}}) {
    offer({.price = mark.value,
           .index = deployment_.names.instruments.find(mark.name).value,
           .kind = Kind::Mark});
  }
  for (const Named& index :
       {Named{"USDC", 1'000'000}, Named{"BTC", 6'400'000}, Named{"ETH", 320'000}}) {
    offer({.price = index.value,
           .index = deployment_.names.assets.find(index.name).value,
           .kind = Kind::Index});
  }
}

void ShardWorld::carry() {
  for (const auto& wire : venue.wires()) wire->from_gate.arrive_all();
  venue.take(now_ns());
  venue.write(now_ns());
  for (const auto& wire : venue.wires()) wire->to_gate.arrive_all();
}

}  // namespace portcullis::test
