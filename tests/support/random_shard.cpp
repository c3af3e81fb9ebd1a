#include "tests/support/random_shard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "risk/types.h"
#include "tests/support/random_shard_run.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace venue_sim = gateway::venue_sim;
using support::Rng;

namespace {

constexpr int kRestTurnsMax = 20'000;

}  // namespace

// Each kind comes again after eight seeds.
ShardKind kind_of(std::uint64_t seed) {
  return {.fsync = (seed & 1) != 0, .follows = (seed & 2) != 0, .has_edge = (seed & 4) != 0};
}

std::vector<Change> RandomShard::some_changes(Rng& rng) {
  std::vector<Change> changes;
  const auto set = [&](const char* path, const char* value) {
    changes.push_back({Change::Kind::Set, "process.json", path, value});
  };
  if (rng.percent(50)) set("venue.lost_session", "\"orders_dead\"");
  // Small, so that they fill.
  set("gateway.slow_consumer_bytes", "65536");
  set("venue.send_buffer_bytes", "65536");
  if (rng.percent(50)) {
    changes.push_back(
        {Change::Kind::Set, "sessions.json", "sessions.ALPHA1.slow_consumer", "\"disconnect\""});
  }
  if (rng.percent(20)) set("gateway.cancel_working_orders_on_stop", "true");
  return changes;
}

venue_sim::EngineSettings RandomShard::some_venue(Rng& rng) {
  return {.faults = {.reject_every = 29,
                     .dead_every = 37,
                     .ignore_replace_every = 13,
                     .cancel_out_every = 41,
                     .bust_per_million = 30'000,
                     .seed = rng.next()}};
}

RandomShard::RandomShard(std::uint64_t seed, GateAudit::Counts& counts, Totals& totals)
    : rng_(seed),
      world_{some_changes(rng_), some_venue(rng_), kind_of(seed)},  // in this order, by the braces
      audit_(world_, counts),
      orders_(rng_, world_, audit_.gate()),
      totals_(totals) {
  world_.transport().read_takes_ns = rng_.percent(30) ? 20'000 : 0;
  world_.venue.wire_bytes = 4'096;
  world_.kept = [this](const Wire&) { return some_bytes(); };
  if (world_.kind().has_edge)
    desk_ = std::make_unique<RandomDesk>(rng_, world_, audit_.gate(), orders_);
  for (std::uint32_t s = 0; s < world_.deployment().sessions.size(); ++s) {
    if (world_.deployment().sessions[s].protocol == config::Protocol::Json) continue;
    for (int twin = 0; twin < 2; ++twin) {
      people_.push_back(std::make_unique<Person>());
      people_.back()->session = {s};
      people_.back()->name = world_.deployment().names.sessions.name({s});
    }
  }
}

// --- steps

// False: the disk would not, or there is a problem.
bool RandomShard::begin() {
  if (!world_.start() || !world_.is_running()) return false;
  if (desk_ != nullptr) desk_->begin();
  return true;
}

void RandomShard::pass() {
  world_.transport().clock_ns +=
      rng_.percent(90) ? rng_.between(0, 200'000) : rng_.between(0, 20 * risk::kNsPerMs);
  if (!world_.is_running()) {
    // Before it begins again, something may have become of its files.
    if (world_.kind().follows && rng_.percent(3)) damage_a_snapshot();
    if (world_.kind().fsync && rng_.percent(2)) lose_power();
    if (!world_.kind().fsync && rng_.percent(5)) world_.restart_machine();
    if (!rng_.percent(30)) return;
    if (begin()) {
      if (world_.kind().fsync && rng_.percent(5)) lose_power();
    } else {
      ++totals_.failed_starts;
      if (g_disk.is_dark) lose_power();
      if (rng_.percent(30)) g_disk = {};
    }
    return;
  }
  world_.blocks_per_pass = rng_.percent(50) ? 0 : 1;
  if (!world_.pass()) ++totals_.deaths_in_a_pass;
  // The flusher is never far behind, or nothing would leave.
  if (world_.kind().fsync && rng_.percent(70)) flush();
  if (world_.kind().follows && rng_.percent(30)) follower_acts();
}

void RandomShard::desk_acts() {
  if (desk_ != nullptr && world_.is_running()) desk_->act();
}

void RandomShard::step() {
  const std::int64_t what = rng_.between(1, 1000);
  if (what <= 240) {
    pass();
  } else if (what <= 460 || (what <= 500 && desk_ == nullptr)) {
    person_acts(*people_[below(people_.size())]);
  } else if (what <= 500) {
    desk_acts();
  } else if (what <= 640) {
    bytes_move();
  } else if (what <= 740) {
    venue_acts();
  } else if (what <= 790) {
    if (rng_.percent(15)) {
      world_.venue.other_cancels(below(other_number_) + 1, world_.now_ns());
    } else {
      world_.venue.other_enters(orders_.other(other_number_++), world_.now_ns());
    }
  } else if (what <= 820) {
    price_moves();
  } else if (what <= 860) {
    disk_acts();
  } else if (what <= 862) {
    storm();
  } else if (what <= 866) {
    venue_fails();
  } else if (what <= 872) {
    arm_death();
  } else if (what <= 873) {
    stop();
  } else if (what <= 880) {
    clock_moves();
  } else if (what <= 885) {
    operator_acts();
  } else {
    // Things go well for a while.
    for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
    pass();
    if (world_.is_running()) world_.carry();
    for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
  }
  look();
}

void RandomShard::look() { audit_.look(); }

// --- rest

// Everything that is under way arrives, everybody does what is theirs, and nothing else.
void RandomShard::turn(std::int64_t ns, bool venue_reads) {
  if (!world_.is_running()) return audit_.gate().problem("it does not run");
  world_.blocks_per_pass = 100;
  world_.transport().clock_ns += ns;
  for (const auto& wire : world_.transport().wires()) {
    if (wire != nullptr) wire->to_gate.arrive_all();
  }
  for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
  if (!world_.pass()) return audit_.gate().problem("it ended without a reason");
  if (venue_reads) world_.carry();
  (void)world_.journal().flush();
  if (world_.kind().follows) follow_all();
  for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
  look();
}

// And a snapshot now and then, or the disk would be full.
void RandomShard::follow_all() {
  constexpr std::uint64_t kRecordsPerSnapshot = 1'000;
  world_.follow(SIZE_MAX);
  const gateway::follower::FollowerFigures figures = world_.follower().figures();
  if (figures.sequence >=
          std::max(figures.last_snapshot, world_.from_snapshot()) + kRecordsPerSnapshot &&
      world_.write_snapshot()) {
    ++totals_.snapshots;
  }
}

void RandomShard::turns(int n, std::int64_t ns) {
  for (; n > 0 && is_well(); --n) turn(ns);
}

bool RandomShard::is_quiet() {
  const gate::Gate& gate = world_.running_gate();
  if (gate.link() != gate::LinkState::Up || !gate.is_idle()) return false;
  if (world_.durable_record() != world_.last_record()) return false;
  if (world_.kind().follows && world_.follower().sequence() != world_.last_record()) return false;
  if (!world_.venue.is_idle() || world_.venue.wires().size() != 1) return false;
  for (const auto& wire : world_.venue.wires()) {
    if (!wire->to_gate.is_empty() || !wire->from_gate.is_empty()) return false;
  }
  for (const auto& person : people_) {
    if (!person->soup.is_connected()) continue;
    if (!person->soup.is_logged_in() || person->soup.has_output() ||
        !person->soup.wire().to_gate.is_empty() || !person->soup.wire().from_gate.is_empty() ||
        person->base + person->soup.next() != audit_.stream(person->session).size() + 1) {
      return false;
    }
  }
  return true;
}

// Nothing fails any more, and everything comes to an end. Whoever is there stays, or everybody
// goes for so long that what is cancelled then is cancelled.
void RandomShard::rest() {
  g_disk = {};
  world_.venue.is_listening = true;
  const bool all_leave = rng_.percent(40);
  std::int64_t until_ns = 0;
  for (const auto& person : people_) {
    person->is_deaf = person->is_mute = false;
    if (all_leave || rng_.percent(20)) person->soup.close();
  }
  if (desk_ != nullptr && world_.is_running() && (all_leave || rng_.percent(20))) desk_->close();
  for (const auto& wire : strangers_) {
    wire->to_gate.end(0);
    wire->is_open_there = false;
  }
  int quiet_turns = 0;
  for (int turn = 0; quiet_turns < 3 && is_well(); ++turn) {
    if (turn == kRestTurnsMax) return audit_.gate().problem("the world does not come to rest");
    // After a failed sync nothing is durable any more until it begins again.
    if (world_.is_running() && world_.kind().fsync &&
        (world_.journal().faults() & gateway::journal::kFaultSync) != 0) {
      world_.kill();
    }
    if (!world_.is_running() && !begin())
      return audit_.gate().problem("a sound disk does not let the gate begin");
    world_.stay_alive();
    world_.transport().connect_is_pending = false;
    if (turn == 0 && all_leave) {
      until_ns = world_.now_ns() + 2'100 * risk::kNsPerMs;  // the longest grace
    }
    this->turn(2 * risk::kNsPerMs);
    if (!is_well()) return;
    if (world_.running_gate().link() == gate::LinkState::Lost)
      world_.operate([this](gate::Gate& g) { g.lost_orders_are_dead(world_.shard().now_ns()); });
    quiet_turns = is_quiet() && world_.now_ns() >= until_ns ? quiet_turns + 1 : 0;
  }
  audit_.look_at_rest();
  for (std::uint32_t s = 0; s < world_.deployment().sessions.size(); ++s) {
    bool is_there = desk_ != nullptr && desk_->is_up({s});
    for (const auto& person : people_)
      is_there |= person->session.value == s && person->soup.is_logged_in();
    if (audit_.is_up({s}) != is_there)
      audit_.gate().problem("session " + std::to_string(s) + " is up or down and should not be");
  }
}

void RandomShard::end() {
  rest();
  if (!is_well()) return;
  world_.operate([this](gate::Gate& g) {
    g.sweep(gate::SweepScope::Node, 0, risk::kNone32, world_.shard().now_ns());
  });
  rest();
  if (!is_well()) return;
  (void)world_.stop();
  audit_.look();
  if (is_well() && !begin()) audit_.gate().problem("it does not begin again");
  flush();
  if (is_well() && world_.kind().follows) world_.follow(SIZE_MAX);
  audit_.look();
  if (is_well()) audit_.finish();
}

std::int64_t RandomShard::run(std::int64_t steps, bool is_drilled) {
  if (!begin()) audit_.gate().problem("it does not begin");
  world_.price_everything();
  if (is_drilled) drill();
  std::int64_t s = 0;
  for (; s < steps && is_well(); ++s) {
    step();
    if (rng_.between(1, 500) == 1 && is_well()) rest();
  }
  if (is_well()) end();
  totals_.steps += static_cast<std::uint64_t>(s);
  totals_.seen += audit_.seen;
  totals_.digest.add(world_.last_record(), world_.gate().state_hash());
  if (desk_ != nullptr) totals_.queue_full += desk_->refused;
  return s;
}

namespace {

void report(const Totals& totals, const GateAudit::Counts& counts) {
  const ShardAudit::Seen& seen = totals.seen;
  const std::pair<const char*, std::uint64_t> figures[] = {
      {"steps", totals.steps},
      {"records", seen.records},
      {"starts", seen.starts},
      {"from a snapshot", seen.late_starts},
      {"failed", totals.failed_starts},
      {"kills between passes", totals.kills},
      {"deaths in a pass", totals.deaths_in_a_pass},
      {"power losses", totals.power_losses},
      {"in a sync", totals.dark_syncs},
      {"stops", totals.stops},
      {"snapshots", totals.snapshots},
      {"damaged", totals.damaged},
      {"markers", seen.markers},
      {"logins", seen.logins},
      {"superseded", seen.superseded},
      {"connections refused", seen.refused},
      {"messages gone", seen.gone},
      {"streams begun again", seen.streams_begun},
      {"slow consumers", seen.slow_consumers},
      {"overloads", seen.overloads},
      {"cancels on disconnect", seen.cancels_on_disconnect},
      {"cancel-alls of an operator", seen.cancel_alls},
      {"venues lost", seen.lost_venues},
      {"degraded", seen.degraded},
      {"venue busy", seen.busy},
      {"rests", seen.rests},
      {"prices unsafe", seen.unsafe},
      {"safe again", seen.safe_again},
      {"fundings", seen.fundings},
      {"passed over", seen.passed_over},
      {"commands of the edge", seen.commands},
      {"passed over", seen.commands_passed_over},
      {"queue full", totals.queue_full},
      {"forwarded", counts.forwarded},
      {"rejected", counts.rejected},
      {"executed", counts.executed},
      {"voided", counts.voided},
      {"reservations", counts.reservations},
  };
  std::string line;
  for (const auto& [name, value] : figures)
    line += (line.empty() ? "" : ", ") + std::to_string(value) + " " + name;
  std::puts(line.c_str());
  line.clear();
  for (const auto& [name, value] : totals.drills)
    line += (line.empty() ? "drilled: " : ", ") + std::to_string(value) + " " + name;
  std::puts(line.c_str());
  totals.digest.print();
}

// What chance makes of so many steps, so far below what it is on the average that no seed falls short.
void expect_enough(const Totals& totals, const GateAudit::Counts& counts) {
  const ShardAudit::Seen& seen = totals.seen;
  const auto one_in = [&](std::uint64_t n) { return totals.steps / n; };
  EXPECT_GT(seen.records, one_in(4));
  EXPECT_GT(seen.passed_over, one_in(40));
  EXPECT_GT(seen.logins, one_in(150));
  EXPECT_GT(seen.superseded, one_in(200));
  EXPECT_GT(counts.forwarded, one_in(80));
  EXPECT_GT(counts.rejected, one_in(60));
  EXPECT_GT(counts.executed, one_in(120));
  EXPECT_GT(counts.reservations, totals.steps);
  EXPECT_GT(seen.starts, one_in(800));
  EXPECT_GE(seen.unsafe, one_in(8'000));
  EXPECT_GE(seen.safe_again, one_in(8'000));
  EXPECT_GE(seen.fundings, one_in(1'600));
}

}  // namespace

void run_random_shards(const RandomShards& run) {
  GateAudit::Counts counts;
  Totals totals;
  std::uint64_t seed = run.seed;
  for (std::int64_t w = 0; w < run.worlds && !testing::Test::HasFailure(); ++w, ++seed) {
    RandomShard shard(seed, counts, totals);
    const bool is_drilled = seed / 8 % run.drilled_of == 0;
    const std::int64_t step = shard.run(run.steps, is_drilled);
    for (const std::string& problem : shard.problems()) {
      ADD_FAILURE() << "seed " << seed << ", step " << step << ": " << problem
                    << "\nagain: PORTCULLIS_SEED=" << seed
                    << " ctest --test-dir build/release -R '^" << run.test
                    << "$' --output-on-failure";
    }
  }
  report(totals, counts);
  // One world alone may have had a quiet time.
  if (run.worlds >= 5 && !testing::Test::HasFailure()) expect_enough(totals, counts);
}

}  // namespace portcullis::test
