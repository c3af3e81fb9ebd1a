#include "tests/support/random_shard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/random_orders.h"
#include "tests/support/random_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace soup = gateway::soup;
namespace venue_sim = gateway::venue_sim;
using support::Rng;

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr int kRestTurnsMax = 20'000;
constexpr std::size_t kRememberedMax = 20;

// Somebody with the credentials of a session; there are two for each.
struct Person {
  SoupClient soup;
  risk::SessionIndex session;
  std::string name;
  std::deque<Bytes> sent;                     // the last ones, to be sent again
  std::size_t compared = 0;                   // of its stream
  std::string stream_session = "STREAM0001";  // that it is a stream of
  std::uint64_t base = 0;                     // how many of the journal's messages lie before it
  bool is_deaf = false;                       // does not read
  bool is_mute = false;                       // says nothing, not even that it is there
};

struct Totals {
  ShardAudit::Seen seen;
  std::uint64_t steps = 0, kills = 0, deaths_in_a_pass = 0, stops = 0, failed_starts = 0;
};

class RandomShard {
 public:
  RandomShard(std::uint64_t seed, GateAudit::Counts& counts, Totals& totals);
  // The number of the step that went wrong, or of the last one.
  std::int64_t run(std::int64_t steps);
  [[nodiscard]] const std::vector<std::string>& problems() const { return audit_.problems(); }

 private:
  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(n) - 1));
  }
  std::size_t some_bytes() { return rng_.percent(50) ? SIZE_MAX / 2 : below(200); }
  static std::vector<Change> some_changes(Rng& rng);
  static venue_sim::EngineSettings some_venue(Rng& rng);
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
  void disk_acts();
  void storm();
  void venue_fails();
  void arm_death();
  void clock_moves();
  void price_moves();
  void operator_acts();
  void stop();
  void look();
  void rest();
  bool is_quiet();
  void end();

  Rng rng_;
  ShardWorld world_;
  ShardAudit audit_;
  RandomOrders orders_;
  Totals& totals_;
  std::vector<std::unique_ptr<Person>> people_;
  std::vector<std::shared_ptr<Wire>> strangers_;
  std::vector<risk::Control> controls_;
  std::uint32_t other_number_ = 1;
  int venues_ = 1;
};

std::vector<Change> RandomShard::some_changes(Rng& rng) {
  std::vector<Change> changes;
  const auto set = [&](const char* path, const char* value) {
    changes.push_back({Change::Kind::Set, "process.json", path, value});
  };
  if (rng.percent(50)) set("venue.lost_session", "\"orders_dead\"");
  if (rng.percent(20)) set("capacities.orders", "40");
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
      world_(some_changes(rng_), some_venue(rng_)),
      audit_(world_, counts),
      orders_(rng_, world_, audit_.gate()),
      totals_(totals) {
  world_.transport().read_takes_ns = rng_.percent(30) ? 20'000 : 0;
  world_.kept = [this](const Wire&) { return some_bytes(); };
  for (std::uint32_t s = 0; s < world_.deployment().sessions.size(); ++s) {
    for (int twin = 0; twin < 2; ++twin) {
      people_.push_back(std::make_unique<Person>());
      people_.back()->session = {s};
      people_.back()->name = world_.deployment().names.sessions.name({s});
    }
  }
}

// --- clients

void RandomShard::log_in(Person& person) {
  person.is_deaf = person.is_mute = false;
  // After a loss the stream is another one. Some do not know it yet, and are told.
  const bool is_old = person.stream_session != audit_.stream_session();
  const bool knows = !is_old || rng_.percent(70);
  if (is_old && knows) {
    person.soup.forget();
    person.compared = 0;
    person.stream_session = audit_.stream_session();
    person.base = audit_.base(person.session);
  }
  // Mostly from the next message; from the first, or from one that is not there yet.
  const std::uint64_t sequence = rng_.percent(80)   ? person.soup.next()
                                 : rng_.percent(80) ? 1
                                                    : person.soup.next() + 1'000'000;
  person.soup.begin(world_.connect(),
                    {.username = person.name,
                     .password = rng_.percent(97) ? kShardPassword : "wrong",
                     .session = knows && rng_.percent(50) ? ""
                                : rng_.percent(97)        ? person.stream_session.c_str()
                                                          : "STREAM0000",
                     .sequence = sequence},
                    world_.now_ns());
}

void RandomShard::send(Person& person) {
  Bytes payload;
  if (!person.sent.empty() && rng_.percent(15)) {
    payload = person.sent[below(person.sent.size())];
  } else {
    payload = venue_sim::bytes_of(orders_.of_client(person.session));
    if (rng_.percent(1)) payload.resize(below(payload.size() + 1));
    person.sent.push_back(payload);
    if (person.sent.size() > kRememberedMax) person.sent.pop_front();
  }
  (void)person.soup.send(payload);
}

void RandomShard::person_acts(Person& person) {
  if (!person.soup.is_connected()) {
    if (rng_.percent(60)) log_in(person);
    return;
  }
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 85) {
    if (!person.soup.is_logged_in() || person.is_mute) return;
    const std::int64_t burst = rng_.percent(3) ? 80 : rng_.between(1, 6);
    for (std::int64_t n = 0; n < burst; ++n) send(person);
    if (rng_.percent(20) && person.sent.size() > 3) {
      // Everything again, as after a reconnect.
      for (const Bytes& payload : person.sent) (void)person.soup.send(payload);
    }
  } else if (what <= 89) {
    person.soup.close(some_bytes());
  } else if (what <= 91) {
    person.soup.write(world_.now_ns());
    person.soup.logout();
  } else if (what <= 94) {
    person.is_deaf = !person.is_deaf;
  } else if (what <= 96) {
    person.is_mute = !person.is_mute;
  } else if (what <= 97) {
    const Bytes noise{std::byte{0}, std::byte{static_cast<unsigned char>(below(256))},
                      std::byte{static_cast<unsigned char>(below(256))}};
    person.soup.send_raw(noise);
  }
}

void RandomShard::carry(Person& person, std::size_t to_gate, std::size_t from_gate) {
  if (!person.soup.is_connected()) return;
  if (!person.is_mute) person.soup.write(world_.now_ns(), to_gate);
  person.soup.wire().to_gate.arrive(to_gate);
  person.soup.wire().from_gate.arrive(from_gate);
  if (person.is_deaf) return;
  const std::string wrong = person.soup.read(world_.now_ns());
  if (!wrong.empty()) audit_.gate().problem(person.name + ": " + wrong);
  compare(person);
}

// What it has got is what the journal has, from the first message on.
void RandomShard::compare(Person& person) {
  const std::vector<Bytes>& mine = person.soup.stream();
  const std::vector<Bytes>& owed = audit_.stream(person.session);
  for (; person.compared < mine.size(); ++person.compared) {
    const std::size_t at = person.base + person.compared;
    if (at >= owed.size() || mine[person.compared] != owed[at]) {
      return audit_.gate().problem(person.name + " got message " +
                                   std::to_string(person.compared + 1) +
                                   " otherwise than the journal has it");
    }
  }
}

void RandomShard::bytes_move() {
  for (const auto& person : people_) {
    if (rng_.percent(40)) carry(*person, some_bytes(), some_bytes());
  }
  // Also of those who are gone.
  for (const auto& wire : world_.transport().wires()) {
    if (wire != nullptr && rng_.percent(50)) wire->to_gate.arrive(some_bytes());
  }
  for (const auto& wire : world_.venue.wires()) {
    if (rng_.percent(60)) wire->from_gate.arrive(some_bytes());
  }
}

// Strangers: logins of nobody, with bytes that are no login, or nothing at all.
void RandomShard::storm() {
  std::erase_if(strangers_, [](const auto& wire) { return !wire->is_open_here; });
  for (std::int64_t n = rng_.between(1, 12); n > 0; --n) {
    const std::shared_ptr<Wire> wire = world_.connect();
    strangers_.push_back(wire);
    if (rng_.percent(40)) {
      SoupClient soup;
      soup.begin(wire,
                 {.username = rng_.percent(50) ? "NOBODY" : people_[below(people_.size())]->name,
                  .password = "guess",
                  .session = "",
                  .sequence = 1},
                 world_.now_ns());
      soup.write(world_.now_ns());
      wire->is_open_there = true;
    } else if (rng_.percent(50)) {
      Bytes noise(below(60));
      for (std::byte& byte : noise) byte = static_cast<std::byte>(below(256));
      wire->to_gate.write(noise);
    }
    if (rng_.percent(70)) {
      wire->to_gate.end(some_bytes());
      wire->is_open_there = false;
    }
  }
}

// --- the venue

void RandomShard::venue_acts() {
  world_.venue.take(world_.now_ns(), rng_.percent(50) ? SIZE_MAX : below(4));
  if (rng_.percent(80)) world_.venue.write(world_.now_ns());
}

void RandomShard::venue_fails() {
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 45) {
    world_.venue.restart(some_bytes());  // with its memory; or only the links are lost
  } else if (what <= 60) {
    world_.venue.is_listening = !world_.venue.is_listening;
    if (!world_.venue.is_listening) world_.venue.restart(some_bytes());
  } else if (what <= 75 && world_.is_running()) {
    world_.transport().connect_is_pending = !world_.transport().connect_is_pending;
  } else if (what <= 80) {
    audit_.gate().look_at_what_is_said();
    audit_.gate().look_at_what_is_read();
    world_.venue.forget("VENUE" + std::to_string(10'000 + ++venues_), some_bytes(),
                        world_.now_ns());
    audit_.venue_is_another();
  }
}

// --- disk, process, clock, prices, operators

void RandomShard::disk_acts() {
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 6) {
    g_disk.writes_fail = rng_.percent(40);
    g_disk.syncs_fail = rng_.percent(20);
    g_disk.allocations_fail = rng_.percent(20);
  } else if (what <= 12) {
    g_disk = {};
  } else if (world_.is_running()) {
    if (rng_.percent(80)) (void)world_.journal().flush();
    if (rng_.percent(30)) (void)world_.journal().sync();
  }
}

void RandomShard::arm_death() {
  if (!world_.is_running()) return;
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 15) {
    ++totals_.kills;
    world_.kill();
  } else if (what <= 70) {
    world_.die_at_record(world_.journal().published_sequence() + 1 + below(30));
  } else {
    world_.die_at_write(1 + below(12));
  }
}

void RandomShard::clock_moves() {
  std::int64_t& clock = world_.transport().clock_ns;
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 10) {
    clock -= rng_.between(0, 50 * kMillisecond);
  } else if (what <= 90) {
    clock += rng_.between(0, 200 * kMillisecond);
  } else if (what <= 98) {
    clock += rng_.between(0, 3'000 * kMillisecond);
  } else {
    clock += rng_.between(0, 20'000 * kMillisecond);
  }
  if (rng_.percent(70)) world_.price_everything();
}

void RandomShard::price_moves() {
  if (rng_.percent(10)) return world_.price_everything();
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t mark = world_.engine().mark(instrument).raw;
  const std::int64_t move = mark * rng_.between(-20, 20) / (rng_.percent(10) ? 1'000 : 10'000);
  world_.offer({.price = std::max(mark + move, 100 * parameters.marks_per_tick),
                .index = instrument.value,
                .kind = feeds::PriceUpdate::Kind::Mark});
}

void RandomShard::operator_acts() {
  using risk::ControlAction;
  using risk::ControlScope;
  if (!world_.is_running() || !world_.gate().has_room()) return;
  if (world_.gate().link() == gate::LinkState::Lost) {
    world_.operate([this](gate::Gate& g) { g.lost_orders_are_dead(world_.shard().now_ns()); });
    return;
  }
  const config::Deployment& d = world_.deployment();
  risk::Control control;
  if (!controls_.empty() && rng_.percent(70)) {
    const std::uint32_t c = below(controls_.size());
    control = controls_[c];
    control.action = ControlAction::Resume;
    controls_.erase(controls_.begin() + c);
  } else {
    control.scope = static_cast<ControlScope>(below(4));
    control.target = below(control.scope == ControlScope::Node      ? d.parameters.nodes.size()
                           : control.scope == ControlScope::Account ? d.accounts.size()
                           : control.scope == ControlScope::Session ? d.sessions.size()
                                                                    : d.instruments.size());
    if (rng_.percent(30)) {
      const std::uint32_t node = below(d.parameters.nodes.size());
      world_.operate([&](gate::Gate& g) {
        g.sweep(gate::SweepScope::Node, node, risk::kNone32, world_.shard().now_ns());
      });
      return;
    }
    control.action = static_cast<ControlAction>(below(3));  // kill, suspend, close only
    controls_.push_back(control);
  }
  control.time = {world_.shard().now_ns()};
  world_.operate([&](gate::Gate& g) { g.control(control); });
}

void RandomShard::stop() {
  if (!world_.is_running()) return;
  ++totals_.stops;
  (void)world_.stop();
}

// --- steps

void RandomShard::pass() {
  world_.transport().clock_ns +=
      rng_.percent(90) ? rng_.between(0, 200'000) : rng_.between(0, 20 * kMillisecond);
  if (!world_.is_running()) {
    if (rng_.percent(5)) world_.restart_machine();
    if (rng_.percent(30) && !world_.start()) {
      ++totals_.failed_starts;
      if (rng_.percent(30)) g_disk = {};
    }
    return;
  }
  world_.blocks_per_pass = rng_.percent(50) ? 0 : 1;
  if (!world_.pass()) ++totals_.deaths_in_a_pass;
}

void RandomShard::step() {
  const std::int64_t what = rng_.between(1, 1000);
  if (what <= 240) {
    pass();
  } else if (what <= 500) {
    person_acts(*people_[below(people_.size())]);
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

bool RandomShard::is_quiet() {
  if (world_.gate().link() != gate::LinkState::Up || !world_.gate().is_idle()) return false;
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
  for (const auto& wire : strangers_) {
    wire->to_gate.end(0);
    wire->is_open_there = false;
  }
  int quiet_turns = 0;
  for (int turn = 0; quiet_turns < 3 && is_well(); ++turn) {
    if (turn == kRestTurnsMax) return audit_.gate().problem("the world does not come to rest");
    if (!world_.is_running() && !world_.start())
      return audit_.gate().problem("a sound disk does not let the gate begin");
    world_.stay_alive();
    world_.blocks_per_pass = 100;
    world_.transport().connect_is_pending = false;
    world_.transport().clock_ns += 2 * kMillisecond;
    if (turn == 0 && all_leave) {
      until_ns = world_.now_ns() + 2'100 * kMillisecond;  // the longest grace
    }
    for (const auto& wire : world_.transport().wires()) {
      if (wire != nullptr) wire->to_gate.arrive_all();
    }
    for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
    if (!world_.pass()) return audit_.gate().problem("it ended without a reason");
    world_.carry();
    (void)world_.journal().flush();
    if (world_.gate().link() == gate::LinkState::Lost)
      world_.operate([this](gate::Gate& g) { g.lost_orders_are_dead(world_.shard().now_ns()); });
    for (const auto& person : people_) carry(*person, SIZE_MAX / 2, SIZE_MAX / 2);
    look();
    quiet_turns = is_quiet() && world_.now_ns() >= until_ns ? quiet_turns + 1 : 0;
  }
  audit_.look_at_rest();
  for (std::uint32_t s = 0; s < world_.deployment().sessions.size(); ++s) {
    const bool is_there =
        people_[2 * s]->soup.is_logged_in() || people_[2 * s + 1]->soup.is_logged_in();
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
  if (is_well() && !world_.start()) audit_.gate().problem("it does not begin again");
  audit_.look();
  if (is_well()) audit_.finish();
}

std::int64_t RandomShard::run(std::int64_t steps) {
  if (!world_.start()) audit_.gate().problem("it does not begin");
  world_.price_everything();
  std::int64_t s = 0;
  for (; s < steps && is_well(); ++s) {
    step();
    if (rng_.between(1, 500) == 1 && is_well()) rest();
  }
  if (is_well()) end();
  totals_.steps += static_cast<std::uint64_t>(s);
  totals_.seen += audit_.seen;
  return s;
}

}  // namespace

void run_random_shards(const char* test, std::uint64_t seed, std::int64_t worlds,
                       std::int64_t steps) {
  GateAudit::Counts counts;
  Totals totals;
  for (std::int64_t w = 0; w < worlds && !testing::Test::HasFailure(); ++w, ++seed) {
    RandomShard shard(seed, counts, totals);
    const std::int64_t step = shard.run(steps);
    for (const std::string& problem : shard.problems()) {
      ADD_FAILURE() << "seed " << seed << ", step " << step << ": " << problem
                    << "\nagain: PORTCULLIS_SEED=" << seed
                    << " ctest --test-dir build/release -R '^" << test << "$' --output-on-failure";
    }
  }
  std::printf(
      "%llu steps, %llu records, %llu starts (%llu deaths in a pass, %llu stops, %llu starts "
      "failed), %llu logins, %llu superseded, %llu refused, %llu slow, %llu overloads, %llu "
      "cancels "
      "on disconnect, %llu venues lost, %llu degraded, %llu busy, %llu rests, %llu passed over, "
      "%llu streams begun again\n",
      static_cast<unsigned long long>(totals.steps),
      static_cast<unsigned long long>(totals.seen.records),
      static_cast<unsigned long long>(totals.seen.starts),
      static_cast<unsigned long long>(totals.deaths_in_a_pass),
      static_cast<unsigned long long>(totals.stops),
      static_cast<unsigned long long>(totals.failed_starts),
      static_cast<unsigned long long>(totals.seen.logins),
      static_cast<unsigned long long>(totals.seen.superseded),
      static_cast<unsigned long long>(totals.seen.refused),
      static_cast<unsigned long long>(totals.seen.slow_consumers),
      static_cast<unsigned long long>(totals.seen.overloads),
      static_cast<unsigned long long>(totals.seen.cancels_on_disconnect),
      static_cast<unsigned long long>(totals.seen.lost_venues),
      static_cast<unsigned long long>(totals.seen.degraded),
      static_cast<unsigned long long>(totals.seen.busy),
      static_cast<unsigned long long>(totals.seen.rests),
      static_cast<unsigned long long>(totals.seen.passed_over),
      static_cast<unsigned long long>(totals.seen.streams_begun));
  std::printf("%llu forwarded, %llu rejected, %llu executed, %llu voided, %llu reservations\n",
              static_cast<unsigned long long>(counts.forwarded),
              static_cast<unsigned long long>(counts.rejected),
              static_cast<unsigned long long>(counts.executed),
              static_cast<unsigned long long>(counts.voided),
              static_cast<unsigned long long>(counts.reservations));
}

}  // namespace portcullis::test
