// What chance need not bring about: each world begins with everything that its kind can have, and the
// test fails where one of them comes to nothing.
#include <algorithm>
#include <filesystem>

#include "gateway/follower/snapshot.h"
#include "risk/types.h"
#include "tests/support/random_shard_run.h"

namespace portcullis::test {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr std::uint64_t kMark = 64'000'000;  // of BTC-PERP, on the wire
constexpr int kMany = 2'000;                 // turns after which something will not happen any more

bool always(const ShardKind& /*kind*/) { return true; }
bool with_fsync(const ShardKind& kind) { return kind.fsync; }
bool with_follower(const ShardKind& kind) { return kind.follows; }
bool with_edge(const ShardKind& kind) { return kind.has_edge; }

}  // namespace

struct RandomShard::Drill {
  const char* name;
  bool (*suits)(const ShardKind& kind);
  std::uint64_t (RandomShard::*run)();
};

const std::vector<RandomShard::Drill>& RandomShard::drills() {
  static const std::vector<Drill> kDrills{
      {"venues busy", always, &RandomShard::busy_venue},
      {"slow consumers", always, &RandomShard::slow_consumer},
      {"overloads", always, &RandomShard::overload},
      {"failing writes", always, &RandomShard::failing_writes},
      {"full rings", always, &RandomShard::full_ring},
      {"failed syncs", with_fsync, &RandomShard::failed_sync},
      {"power losses", with_fsync, &RandomShard::power_loss},
      {"power losses in a sync", with_fsync, &RandomShard::power_loss_in_sync},
      {"power losses after a restart", with_fsync, &RandomShard::power_loss_after_a_restart},
      {"kills with a ring", always, &RandomShard::kill_with_a_ring},
      {"deaths at a record", always, &RandomShard::death_at_a_record},
      {"deaths at a write", always, &RandomShard::death_at_a_write},
      {"lost venues", always, &RandomShard::lost_venue},
      {"void orders", always, &RandomShard::void_order},
      {"lockouts", always, &RandomShard::lockout},
      {"second logins", always, &RandomShard::second_logins},
      {"crowds", always, &RandomShard::crowd},
      {"dead men", always, &RandomShard::dead_man},
      {"cancels on disconnect", always, &RandomShard::cancel_on_disconnect},
      {"cancels after a crash", always, &RandomShard::cancel_after_a_crash},
      {"damaged snapshots", with_follower, &RandomShard::damaged_snapshot},
      {"messages gone", with_follower, &RandomShard::messages_gone},
      {"excess reducers", with_edge, &RandomShard::excess_reducers},
      {"orders of the edge", with_edge, &RandomShard::edge_orders},
  };
  return kDrills;
}

void RandomShard::drill() {
  for (const Drill& drill : drills()) {
    if (!drill.suits(world_.kind())) continue;
    turns(100);
    world_.price_everything();
    if (!is_well()) return audit_.gate().problem(std::string("before the drill: ") + drill.name);
    const std::uint64_t times = (this->*drill.run)();
    look();
    totals_.drills[drill.name] += times;
    if (!is_well() || times == 0)
      return audit_.gate().problem(std::string("the drill came to nothing: ") + drill.name);
    for (const auto& person : people_) {
      person->is_deaf = person->is_mute = false;
      person->soup.close();
    }
  }
}

// --- who is in it

Person& RandomShard::person(std::string_view name) {
  return **std::find_if(people_.begin(), people_.end(),
                        [&](const auto& person) { return person->name == name; });
}

// Logs in, and has all that it is owed.
Person& RandomShard::come(std::string_view name, std::uint64_t sequence) {
  Person& who = person(name);
  who.soup.begin(
      world_.connect(),
      {.username = who.name, .password = kShardPassword, .session = "", .sequence = sequence},
      world_.now_ns());
  turns(20);
  return who;
}

void RandomShard::ask(Person& who, const ouch::InboundMessage& message) {
  (void)who.soup.send(venue_sim::bytes_of(message));
}
void RandomShard::ask_query(Person& who, int times) {
  for (; times > 0; --times) ask(who, ouch::AccountQuery{.appendage = {}});
}
// One that lives, unless the venue will not have it.
void RandomShard::enter(Person& who, char side, std::uint64_t price) {
  ouch::InboundMessage message =
      venue_sim::enter_message({.number = orders_.next_number(who.session),
                                .side = side,
                                .quantity = 10,
                                .price = price,
                                .symbol = "BTCPERP",
                                .firm = ""});
  ask(who, message);
}

// --- too much

std::uint64_t RandomShard::busy_venue() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  const std::uint64_t before = audit_.seen.busy;
  for (int t = 0; t < kMany && is_well() && audit_.seen.busy == before; ++t) {
    for (int n = 0; n < 20; ++n) {
      enter(alpha, n % 2 == 0 ? 'B' : 'S', n % 2 == 0 ? kMark - 500'000 : kMark + 500'000);
    }
    turn(risk::kNsPerMs, false);
  }
  turns(50);
  ask(alpha, ouch::MassCancel{.user_ref_num = orders_.next_number(alpha.session),
                              .firm = venue_sim::padded<4>(""),
                              .symbol = venue_sim::padded<8>(""),
                              .appendage = {}});
  turns(100);
  return audit_.seen.busy - before;
}

// It takes nothing of what it is told, and goes on asking.
std::uint64_t RandomShard::slow_consumer() {
  Person& alpha = person("ALPHA2");
  alpha.soup.begin(
      world_.connect(4'096),
      {.username = alpha.name, .password = kShardPassword, .session = "", .sequence = 0},
      world_.now_ns());
  turns(20);
  alpha.is_deaf = true;
  const std::uint64_t before = world_.shard().link_counters().slow_consumers;
  std::uint64_t slow = before;
  for (int t = 0; t < kMany && is_well() && slow == before; ++t) {
    // When there must be no room any more, only time goes by.
    if (t < 150) ask_query(alpha, 32);
    turn(t < 150 ? risk::kNsPerMs : risk::kSecondNs / 2);
    slow = world_.shard().link_counters().slow_consumers;
  }
  return slow - before;
}

std::uint64_t RandomShard::overload() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  const std::uint64_t before = world_.shard().link_counters().overloads;
  const std::int64_t was = std::exchange(world_.transport().read_takes_ns, 20'000);
  ask_query(alpha, 96);
  turns(4);
  world_.transport().read_takes_ns = was;
  return world_.shard().link_counters().overloads - before;
}

// --- the disk

std::uint64_t RandomShard::failing_writes() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  const std::uint64_t before = audit_.seen.degraded;
  g_disk.writes_fail = true;
  enter(alpha, 'B', kMark - 500'000);
  turns(5);
  g_disk = {};
  turns(20);
  return audit_.seen.degraded - before;
}

// Clients wait, and then the venue does; so does the edge, and nothing of what it asks is lost.
std::uint64_t RandomShard::full_ring() {
  if (desk_ != nullptr) desk_->come(0);
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  g_disk.writes_fail = true;
  std::uint64_t full = 0;
  for (int t = 0; t < kMany && is_well() && full == 0; ++t) {
    ask_query(alpha, 32);
    turn(100'000);
    full = world_.journal().room() >= journal::Room::VenueOnly ? 1 : 0;
  }
  const std::uint64_t taken = audit_.seen.commands;
  if (desk_ != nullptr) {
    desk_->cancel(0, 1);  // it waits as all others do
    for (int n = 0; n < 20; ++n) desk_->ask(0);
  }
  turns(10);
  if (audit_.seen.commands != taken)
    audit_.gate().problem("a command of the edge was taken where there was no room for it");
  g_disk = {};
  turns(20);
  if (audit_.has_commands()) audit_.gate().problem("a command of the edge was lost");
  return full;
}

// What nobody was told is there again all the same: it was published.
std::uint64_t RandomShard::failed_sync() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  const std::uint64_t had = alpha.soup.next();
  g_disk.syncs_fail = true;
  ask_query(alpha, 5);
  turns(20);
  const std::uint64_t published = world_.last_record();
  const bool is_held = alpha.soup.next() == had && world_.durable_record() < published;
  g_disk = {};
  turns(5);
  world_.kill();
  if (!begin() || world_.records_lost != 0) return 0;
  (void)come("ALPHA2", had);
  return is_held && alpha.soup.next() >= had + 5 ? 1 : 0;
}

// All that can go goes, and what was synced in a new segment stays.
std::uint64_t RandomShard::power_loss() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  const auto segment = [this] { return journal::list_segments(world_.journal_folder()).back(); };
  for (const std::uint32_t was = segment(); segment() == was && is_well();) {
    ask_query(alpha, 32);
    turn(risk::kNsPerMs);
  }
  g_disk.writes_fail = true;
  enter(alpha, 'B', kMark - 500'000);
  ask_query(alpha, 5);
  turns(5);
  world_.lose_power([](std::size_t n) { return n == 2 ? 1 : 0; });
  return begin() ? world_.records_lost : 0;
}

// What was in the ring alone is durable as soon as the next process begins.
std::uint64_t RandomShard::power_loss_after_a_restart() {
  const std::uint64_t recovered = kill_with_a_ring();
  if (!world_.is_running()) return 0;
  const std::uint64_t there = world_.journal().recovery().last_sequence;
  world_.lose_power([](std::size_t) { return 0; });
  return begin() && world_.journal().recovery().last_sequence >= there ? recovered : 0;
}

std::uint64_t RandomShard::power_loss_in_sync() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  enter(alpha, 'B', kMark - 500'000);
  alpha.soup.write(world_.now_ns());
  alpha.soup.wire().to_gate.arrive_all();
  (void)world_.pass();
  g_disk.power_goes_in_sync = true;
  const std::uint64_t before = totals_.dark_syncs;
  flush();
  return begin() ? totals_.dark_syncs - before : 0;
}

// --- the process

std::uint64_t RandomShard::kill_with_a_ring() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  enter(alpha, 'B', kMark - 500'000);
  alpha.soup.write(world_.now_ns());
  alpha.soup.wire().to_gate.arrive_all();
  (void)world_.pass();
  world_.kill();
  return begin() ? world_.journal().recovery().records_from_ring : 0;
}

std::uint64_t RandomShard::death_at_a_record() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  ask_query(alpha, 5);
  alpha.soup.write(world_.now_ns());
  alpha.soup.wire().to_gate.arrive_all();
  world_.die_at_record(world_.last_record() + 3);
  const bool lives = world_.pass();
  return !lives && begin() ? 1 : 0;
}

// The order is in the journal, and the venue has never heard of it.
std::uint64_t RandomShard::death_at_a_write() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  enter(alpha, 'B', kMark - 500'000);
  alpha.soup.write(world_.now_ns());
  alpha.soup.wire().to_gate.arrive_all();
  world_.die_at_write(1);
  bool lives = true;
  for (int t = 0; t < 10 && lives; ++t) {
    lives = world_.pass();
    if (lives) (void)world_.journal().flush();
  }
  return !lives && begin() ? 1 : 0;
}

// --- the venue

std::uint64_t RandomShard::lost_venue() {
  const std::uint64_t before = audit_.seen.lost_venues;
  enter(come("ALPHA2", person("ALPHA2").soup.next()), 'B', kMark - 500'000);
  turns(20);
  forget_venue(0);
  for (int t = 0; t < kMany && is_well() && audit_.seen.lost_venues == before; ++t)
    turn(2 * risk::kNsPerMs);
  if (is_well() && world_.running_gate().link() == gate::LinkState::Lost)
    world_.operate([this](gate::Gate& g) { g.lost_orders_are_dead(world_.shard().now_ns()); });
  turns(100);
  return audit_.seen.lost_venues - before;
}

// It is lost on its way, and the next number proves it.
std::uint64_t RandomShard::void_order() {
  Person& alpha = come("ALPHA2", person("ALPHA2").soup.next());
  turns(100, 20 * risk::kNsPerMs);
  world_.price_everything();
  const std::uint64_t before = audit_.gate().voided();
  enter(alpha, 'B', kMark - 500'000);
  turn(risk::kNsPerMs, false);
  turn(risk::kNsPerMs, false);
  world_.venue.restart(0);
  turns(200, 20 * risk::kNsPerMs);
  return audit_.gate().voided() - before;
}

// --- logins

std::uint64_t RandomShard::lockout() {
  const std::uint64_t before = world_.shard().link_counters().logins_locked_out;
  SoupClient guesser;
  for (std::uint32_t n = 0; n <= world_.deployment().gateway.login_attempts_max && is_well(); ++n) {
    guesser.begin(world_.connect(),
                  {.username = "BRAVO1", .password = "guess", .session = "", .sequence = 1},
                  world_.now_ns());
    guesser.write(world_.now_ns());
    turns(5);
    guesser.close();
  }
  turns(130, risk::kSecondNs / 2);  // until it is over
  return world_.shard().link_counters().logins_locked_out - before;
}

// The newest wins, or the one that is there stays.
std::uint64_t RandomShard::second_logins() {
  const gateway::shard::LinkCounters before = world_.shard().link_counters();
  for (const char* name : {"ALPHA2", "CHARL2"}) {
    (void)come(name, 0);
    SoupClient second;
    second.begin(world_.connect(),
                 {.username = name, .password = kShardPassword, .session = "", .sequence = 0},
                 world_.now_ns());
    second.write(world_.now_ns());
    second.wire().to_gate.arrive_all();
    turns(5);
    second.close();
  }
  const gateway::shard::LinkCounters& after = world_.shard().link_counters();
  return std::min(after.logins_superseded - before.logins_superseded,
                  after.logins_duplicate - before.logins_duplicate);
}

// More connections than there are places, and more that say nothing than may wait.
std::uint64_t RandomShard::crowd() {
  const gateway::shard::LinkCounters before = world_.shard().link_counters();
  for (const auto& who : people_) {
    if (&person(who->name) == who.get()) (void)come(who->name, 0);
  }
  std::vector<std::shared_ptr<Wire>> crowd;
  for (int n = 0; n < 12; ++n) crowd.push_back(world_.connect());
  turns(30);
  for (const auto& wire : crowd) wire->to_gate.end(0);
  turns(20);
  const gateway::shard::LinkCounters& after = world_.shard().link_counters();
  return after.connections_refused + after.dropped_unauthenticated - before.connections_refused -
         before.dropped_unauthenticated;
}

// --- sessions that go

std::uint64_t RandomShard::dead_man() {
  (void)come("CHARL2", 0);
  const std::uint64_t before = world_.shard().link_counters().dead_men;
  person("CHARL2").is_mute = true;
  turns(130, risk::kSecondNs / 2);
  return world_.shard().link_counters().dead_men - before;
}

std::uint64_t RandomShard::cancel_on_disconnect() {
  Person& alpha = come("ALPHA2", 0);
  for (int n = 0; n < 3; ++n) enter(alpha, 'B', kMark - 500'000);
  turns(20);
  if (audit_.gate().live(alpha.session).empty()) return 0;
  alpha.soup.close();
  const std::uint64_t before = audit_.seen.cancels_on_disconnect;
  turns(120, 20 * risk::kNsPerMs);
  return audit_.gate().live(alpha.session).empty() ? audit_.seen.cancels_on_disconnect - before : 0;
}

std::uint64_t RandomShard::cancel_after_a_crash() {
  Person& alpha = come("ALPHA2", 0);
  for (int n = 0; n < 3; ++n) enter(alpha, 'B', kMark - 500'000);
  turns(20);
  if (audit_.gate().live(alpha.session).empty()) return 0;
  world_.kill();
  alpha.soup.close();
  if (!begin()) return 0;
  turns(200, 20 * risk::kNsPerMs);
  return audit_.gate().live(alpha.session).empty() ? 1 : 0;
}

// --- the follower

std::uint64_t RandomShard::damaged_snapshot() {
  Person& alpha = come("ALPHA2", 0);
  for (int n = 0; n < 2; ++n) {
    ask_query(alpha, 5);
    turns(5);
    if (!world_.write_snapshot()) return 0;
  }
  totals_.snapshots += 2;
  ask_query(alpha, 5);
  turns(5);
  const auto files = follower::list_snapshots(world_.journal_folder());
  if (files.size() != 2) return 0;
  change_a_byte(files[0].path, std::filesystem::file_size(files[0].path) / 2);
  damaged_.insert(files[0].sequence);
  world_.kill();
  return begin() && world_.from_snapshot() == files[1].sequence ? 1 : 0;
}

// Their segments have been removed.
std::uint64_t RandomShard::messages_gone() {
  Person& alpha = come("ALPHA2", 0);
  const auto first = [&] {
    return world_.journal().stream_first(static_cast<std::uint16_t>(alpha.session.value));
  };
  for (int t = 0; t < kMany && is_well() && first() == 1; ++t) {
    ask_query(alpha, 32);
    turn(risk::kNsPerMs);
    if (t % 16 == 0 && world_.write_snapshot()) ++totals_.snapshots;
  }
  const std::uint64_t before = audit_.seen.gone;
  alpha.soup.close();
  turns(5);
  (void)come("ALPHA2", 1);
  world_.kill();
  return begin() ? audit_.seen.gone - before : 0;
}

// --- the edge

std::uint64_t RandomShard::edge_orders() {
  const std::uint64_t before = audit_.seen.commands;
  const std::uint64_t refused = desk_->refused;
  for (const std::size_t desk : {0U, 1U}) {
    desk_->come(desk);
    for (int n = 0; n < 60; ++n) desk_->ask(desk);
    turns(10);
    for (int n = 0; n < 100; ++n) desk_->ask(desk);  // more than the queue holds
    turns(10);
  }
  desk_->close();
  turns(100, 20 * risk::kNsPerMs);
  return desk_->refused > refused ? audit_.seen.commands - before : 0;
}

// All of a position is to be reduced by an order that rests, and then some of it goes otherwise.
std::uint64_t RandomShard::excess_reducers() {
  const risk::AccountIndex account = world_.deployment().names.accounts.find("alpha-1");
  const risk::InstrumentIndex btc = world_.deployment().names.instruments.find("BTC-PERP");
  const auto held = [&] { return world_.engine().position(account, btc).raw; };
  std::uint64_t cut = 0;
  // The venue does not take every order.
  for (int tries = 0; tries < 20 && is_well() && cut == 0 && held() != 0; ++tries) {
    const bool sells = held() > 0;
    desk_->come(0);
    desk_->reduce(0, sells ? risk::Side::Sell : risk::Side::Buy, btc,
                  std::min<std::int64_t>(std::abs(held()), 10'000), sells ? 129'000 : 127'000);
    world_.venue.other_enters({.number = other_number_++,
                               .side = sells ? 'B' : 'S',
                               .quantity = 1'000,
                               .price = kMark,
                               .symbol = "BTCPERP"},
                              world_.now_ns());
    turns(20);
    Person& alpha = come("ALPHA1", 0);
    ouch::EnterOrder order = venue_sim::enter_message({.number = orders_.next_number(alpha.session),
                                                       .side = sells ? 'S' : 'B',
                                                       .quantity = 1'000,
                                                       .price = kMark,
                                                       .symbol = "BTCPERP",
                                                       .firm = ""});
    order.appendage.firm = world_.deployment().accounts[account.value].firm;
    order.appendage.mark(ouch::Tag::Firm);
    ask(alpha, order);
    turns(20);
    cut = audit_.gate().reducers_cut();
  }
  return cut;
}

}  // namespace portcullis::test
