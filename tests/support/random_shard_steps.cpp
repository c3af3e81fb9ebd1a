// What everybody in the world of a random shard does at a step.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gateway/follower/snapshot.h"
#include "risk/types.h"
#include "tests/support/random_shard_run.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr std::size_t kRememberedMax = 20;

}  // namespace

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
  const bool was_gone = person.soup.reject_reason == 'S';  // perhaps
  const std::uint64_t sequence = rng_.percent(was_gone ? 50 : 2) ? 0
                                 : rng_.percent(80)              ? person.soup.next()
                                 : rng_.percent(80)              ? 1
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
    if (mine[person.compared].empty() && at < owed.size()) continue;  // left out
    if (at >= owed.size() || mine[person.compared] != owed[at]) {
      return audit_.gate().problem(person.name + " got message " +
                                   std::to_string(person.compared + 1) +
                                   " otherwise than the journal has it");
    }
  }
}

void RandomShard::bytes_move() {
  for (const auto& person : people_) {
    if (!rng_.percent(40)) continue;
    const std::size_t there = some_bytes();
    carry(*person, there, some_bytes());
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
    forget_venue(some_bytes());
  }
}

void RandomShard::forget_venue(std::size_t kept) {
  audit_.gate().look_at_what_is_said();
  audit_.gate().look_at_what_is_read();
  world_.venue.forget("VENUE" + std::to_string(10'000 + ++venues_), kept, world_.now_ns());
  audit_.venue_is_another();
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
  } else if (what <= 13 && world_.kind().fsync) {
    g_disk.power_goes_in_sync = true;
  } else if (world_.is_running()) {
    if (rng_.percent(80)) flush();
    if (world_.is_running() && rng_.percent(30)) (void)world_.journal().sync();
  }
}

// The flusher's turn.
void RandomShard::flush() {
  if (!world_.is_running()) return;
  (void)world_.journal().flush();
  if (g_disk.is_dark) lose_power();
}

void RandomShard::lose_power() {
  if (g_disk.is_dark) ++totals_.dark_syncs;
  ++totals_.power_losses;
  world_.lose_power([this](std::size_t n) { return below(n); });
}

void RandomShard::follower_acts() {
  if (!world_.is_running()) return;
  world_.follow(rng_.percent(50) ? SIZE_MAX : below(40));
  if (rng_.percent(6) && world_.write_snapshot()) ++totals_.snapshots;
}

// A byte of it, or its end; one of them stays good, or records that are gone could not be made up for.
void RandomShard::change_a_byte(const std::filesystem::path& path, std::uint64_t at) {
  std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto where = static_cast<std::streamoff>(at);
  bytes.seekg(where);
  const int byte = bytes.get();
  bytes.seekp(where);
  bytes.put(static_cast<char>(byte ^ static_cast<int>(1 + below(255))));
}

void RandomShard::damage_a_snapshot() {
  auto files = gateway::follower::list_snapshots(world_.journal_folder());
  std::erase_if(files, [this](const auto& file) { return damaged_.contains(file.sequence); });
  if (files.size() < 2) return;
  ++totals_.damaged;
  const gateway::follower::SnapshotFile& file = files[below(files.size())];
  damaged_.insert(file.sequence);
  const std::filesystem::path& path = file.path;
  const auto size = std::filesystem::file_size(path);
  if (rng_.percent(30)) return std::filesystem::resize_file(path, below(size));
  change_a_byte(path, below(size));
}

void RandomShard::arm_death() {
  if (!world_.is_running()) return;
  const std::int64_t what = rng_.between(1, 100);
  if (what <= 20 && world_.kind().fsync) {
    lose_power();
  } else if (what <= 35) {
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
    clock -= rng_.between(0, 50 * risk::kNsPerMs);
  } else if (what <= 90) {
    clock += rng_.between(0, 200 * risk::kNsPerMs);
  } else if (what <= 98) {
    clock += rng_.between(0, 3'000 * risk::kNsPerMs);
  } else {
    clock += rng_.between(0, 20'000 * risk::kNsPerMs);
  }
  if (rng_.percent(70)) world_.price_everything();
}

// The feed says that a price is unsafe, or safe again, with a price or without.
void RandomShard::price_state() {
  const risk::Engine& engine = world_.engine();
  feeds::PriceUpdate update;
  update.kind = rng_.percent(70) ? feeds::PriceUpdate::Kind::Mark : feeds::PriceUpdate::Kind::Index;
  const bool is_mark = update.kind == feeds::PriceUpdate::Kind::Mark;
  update.index =
      below(is_mark ? world_.deployment().instruments.size() : world_.deployment().assets.size());
  update.state =
      rng_.percent(30) ? feeds::PriceUpdate::State::Unsafe : feeds::PriceUpdate::State::Safe;
  if (rng_.percent(50))
    update.price = is_mark ? engine.mark({update.index}).raw : engine.index({update.index});
  world_.offer(update);
}

// In whole units: the audit knows of no others.
void RandomShard::contract_says() {
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t most =
      world_.engine().mark(instrument).raw * parameters.units_per_lot_mark / 1'000;
  feeds::ContractUpdate update{.instrument = instrument};
  update.has_funding = rng_.percent(80);
  update.has_open_interest = !update.has_funding || rng_.percent(20);
  if (update.has_funding) {
    update.paid = rng_.between(-most, most) * risk::kFundingScale;
    update.predicted = rng_.between(-most, most) * risk::kFundingScale;
  }
  if (update.has_open_interest) update.open_interest = {rng_.between(0, 10'000)};
  world_.offer(update);
}

void RandomShard::price_moves() {
  if (rng_.percent(15)) return contract_says();
  if (rng_.percent(10)) return world_.price_everything();
  if (rng_.percent(10)) return price_state();
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t mark = world_.engine().mark(instrument).raw;
  const std::int64_t most = mark / (rng_.percent(10) ? 50 : 500);
  const std::int64_t move = rng_.between(-most, most);
  world_.offer({.price = std::max(mark + move, 100 * parameters.marks_per_tick),
                .index = instrument.value,
                .kind = feeds::PriceUpdate::Kind::Mark});
}

void RandomShard::operator_acts() {
  using risk::ControlAction;
  using risk::ControlScope;
  if (!world_.is_running() || !world_.running_gate().has_room()) return;
  if (world_.running_gate().link() == gate::LinkState::Lost) {
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
      world_.operate([&](gate::Gate& g) {
        const std::int64_t now_ns = world_.shard().now_ns();
        g.on_operator({.time = {now_ns}, .source = gate::OperatorSource::ControlPlane});
        g.sweep(gate::sweep_scope_of(control.scope), control.target, risk::kNone32, now_ns);
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
  if (g_disk.is_dark) lose_power();
}

}  // namespace portcullis::test
