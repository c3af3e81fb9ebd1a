// One world of the random shard: who is in it and what they do. See random_shard.h.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/random_desk.h"
#include "tests/support/random_orders.h"
#include "tests/support/random_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"
#include "tests/support/world_digest.h"

namespace portcullis::test {

// Somebody with the credentials of a session; there are two for each.
struct Person {
  SoupClient soup;
  risk::SessionIndex session;
  std::string name;
  std::deque<Bytes> sent;                      // the last ones, to be sent again
  std::size_t compared = 0;                    // of its stream
  std::string stream_session = kFirstStreams;  // that it is a stream of
  std::uint64_t base = 0;                      // how many of the journal's messages lie before it
  bool is_deaf = false;                        // does not read
  bool is_mute = false;                        // says nothing, not even that it is there
};

struct Totals {
  ShardAudit::Seen seen;
  std::map<std::string, std::uint64_t> drills;  // by name, how often
  std::uint64_t steps = 0, kills = 0, deaths_in_a_pass = 0, stops = 0, failed_starts = 0,
                power_losses = 0, dark_syncs = 0, snapshots = 0, damaged = 0, queue_full = 0;
  WorldDigest digest;
};

// Of a seed: each kind comes again after eight.
[[nodiscard]] ShardKind kind_of(std::uint64_t seed);

class RandomShard {
 public:
  RandomShard(std::uint64_t seed, GateAudit::Counts& counts, Totals& totals);
  // The number of the step that went wrong, or of the last one.
  std::int64_t run(std::int64_t steps, bool is_drilled);
  [[nodiscard]] const std::vector<std::string>& problems() const { return audit_.problems(); }

 private:
  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(n) - 1));
  }
  std::size_t some_bytes() { return rng_.percent(50) ? SIZE_MAX / 2 : below(200); }
  static std::vector<Change> some_changes(support::Rng& rng);
  static gateway::venue_sim::EngineSettings some_venue(support::Rng& rng);
  [[nodiscard]] bool is_well() const { return audit_.problems().empty(); }

  void step();
  void pass();
  void person_acts(Person& person);
  void log_in(Person& person);
  void send(Person& person);
  void bytes_move();
  void carry(Person& person, std::size_t to_gate, std::size_t from_gate);
  void compare(Person& person);
  void venue_acts();
  void desk_acts();
  bool begin();
  void disk_acts();
  void flush();
  void lose_power();
  void follower_acts();
  void follow_all();
  void damage_a_snapshot();
  void change_a_byte(const std::filesystem::path& path, std::uint64_t at);
  void storm();
  void venue_fails();
  void forget_venue(std::size_t kept);
  void arm_death();
  void clock_moves();
  void price_moves();
  void price_state();
  void contract_says();
  void operator_acts();
  void stop();
  void look();
  void turn(std::int64_t ns, bool venue_reads = true);
  void turns(int n, std::int64_t ns = 2'000'000);
  void rest();
  bool is_quiet();
  void end();

  // random_shard_drills.cpp: what chance need not bring about, each of them where this kind of world
  // can have it. Each says how often it has happened.
  struct Drill;
  static const std::vector<Drill>& drills();
  void drill();
  Person& person(std::string_view name);
  Person& come(std::string_view name, std::uint64_t sequence);
  void ask(Person& person, const gateway::ouch::InboundMessage& message);
  void ask_query(Person& person, int times);
  void enter(Person& person, char side, std::uint64_t price);
  std::uint64_t busy_venue();
  std::uint64_t slow_consumer();
  std::uint64_t overload();
  std::uint64_t failing_writes();
  std::uint64_t full_ring();
  std::uint64_t failed_sync();
  std::uint64_t power_loss();
  std::uint64_t power_loss_in_sync();
  std::uint64_t power_loss_after_a_restart();
  std::uint64_t kill_with_a_ring();
  std::uint64_t death_at_a_record();
  std::uint64_t death_at_a_write();
  std::uint64_t lost_venue();
  std::uint64_t void_order();
  std::uint64_t lockout();
  std::uint64_t second_logins();
  std::uint64_t crowd();
  std::uint64_t dead_man();
  std::uint64_t cancel_on_disconnect();
  std::uint64_t cancel_after_a_crash();
  std::uint64_t damaged_snapshot();
  std::uint64_t messages_gone();
  std::uint64_t edge_orders();
  std::uint64_t excess_reducers();

  support::Rng rng_;
  ShardWorld world_;
  ShardAudit audit_;
  RandomOrders orders_;
  Totals& totals_;
  std::unique_ptr<RandomDesk> desk_;
  std::vector<std::unique_ptr<Person>> people_;
  std::vector<std::shared_ptr<Wire>> strangers_;
  std::vector<risk::Control> controls_;
  std::set<std::uint64_t> damaged_;  // snapshots
  std::uint32_t other_number_ = 1;
  int venues_ = 1;
};

}  // namespace portcullis::test
