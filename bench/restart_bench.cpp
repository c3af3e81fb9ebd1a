// Start-up: the journal's records redone as they were decided, from the first one or behind a
// snapshot; and decided again and compared, as `portcullis replay` does.
//
// The journal is that of two traders whose orders meet at the simulated venue. A round is five
// messages: an order that rests, one that is filled, a replace, and a cancel of each. A message makes
// about two records: itself and what the venue says to it. Items are records;
// million_messages_ns is the time that a million messages of clients take with what belongs to them.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "gateway/follower/resume.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_world.h"

namespace portcullis::bench {
namespace {

namespace follower = gateway::follower;
namespace journal = gateway::journal;
using test::Change;
using test::GateWorld;

constexpr const char* kRate =
    R"({"per_second":1000000,"burst":1000000,"exit_per_second":1000000,"exit_burst":1000000})";

std::vector<Change> without_rates() {
  std::vector<Change> changes;
  for (const char* session : {"ALPHA2", "BRAVO2"}) {
    changes.push_back(
        {Change::Kind::Set, "sessions.json", std::string("sessions.") + session + ".rate", kRate});
  }
  for (const char* account : {"alpha-hedge", "bravo-house"}) {
    changes.push_back(
        {Change::Kind::Set, "limits.json", std::string("accounts.") + account + ".rate", kRate});
  }
  changes.push_back({Change::Kind::Set, "process.json", "capacities.trades", "1048576"});
  return changes;
}

struct Traders {
  Traders() : world(without_rates()) {
    world.use_engine();
    sessions = {world.session("ALPHA2"), world.session("BRAVO2")};
  }
  void trade(std::uint64_t count) {
    for (const std::uint64_t end = messages + count; messages < end; messages += 10) {
      const bool first_buys = messages / 10 % 2 == 0;
      for (std::size_t i = 0; i < 2; ++i) {
        const bool buys = first_buys == (i == 0);
        const risk::SessionIndex session = sessions[i];
        const std::uint32_t n = next;
        const char side = buys ? 'B' : 'S';
        const std::uint64_t away = buys ? 2'190'000 : 2'210'000;
        world.enter(session, {.number = n, .side = side, .quantity = 3, .price = away});
        world.enter(session, {.number = n + 1, .side = side, .quantity = 2, .price = 2'200'000});
        world.replace(session, n, {.number = n + 2, .quantity = 4, .price = away});
        world.deliver();
        world.cancel(session, n + 1);
        world.cancel(session, n + 2);
        world.deliver();
      }
      next += 3;
      if (messages % 1'000 == 0) world.pass_time(1'000'000);
    }
    if (!world.journal().flush()) std::abort();
  }

  GateWorld world;
  std::array<risk::SessionIndex, 2> sessions;
  std::uint32_t next = 1;
  std::uint64_t messages = 0;
};

constexpr std::uint64_t kMessages = 200'000;
constexpr std::uint64_t kBehind = 20'000;  // a snapshot

// The journal without a snapshot.
Traders& whole() {
  static const std::unique_ptr<Traders> kept = [] {
    auto made = std::make_unique<Traders>();
    made->trade(kMessages);
    return made;
  }();
  return *kept;
}

// The journal with one, and some records behind it.
Traders& with_snapshot() {
  static const std::unique_ptr<Traders> kept = [] {
    auto made = std::make_unique<Traders>();
    made->trade(kMessages);
    made->world.follow(0);
    while (made->world.follower().step(1'000) != 0) {
    }
    if (!made->world.follower().write_snapshot()) std::abort();
    made->trade(kBehind);
    return made;
  }();
  return *kept;
}

void count(benchmark::State& state, std::uint64_t messages, std::uint64_t records) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records));
  state.counters["million_messages_ns"] = benchmark::Counter(
      static_cast<double>(messages) * static_cast<double>(state.iterations()) / 1e15,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void start(benchmark::State& state, Traders& traders, std::uint64_t messages, bool from_snapshot,
           std::vector<follower::Companion*> companions = {}) {
  const follower::ResumeOptions options{.directory = traders.world.directory(),
                                        .companions = companions};
  std::uint64_t records = 0;
  for (auto _ : state) {
    const follower::Resumed resumed =
        follower::resume(traders.world.deployment(), nullptr, options);
    if ((resumed.snapshot != 0) != from_snapshot ||
        resumed.gate->state_hash() != traders.world.gate().state_hash()) {
      state.SkipWithError("another start, or another state");
      break;
    }
    records = resumed.position.sequence - resumed.snapshot;
  }
  if (!from_snapshot) count(state, messages, records);
}

void redo_from_first_record(benchmark::State& state) { start(state, whole(), kMessages, false); }
BENCHMARK(redo_from_first_record)->Unit(benchmark::kMillisecond);

// What the follower has beside it as well.
void redo_with_warnings(benchmark::State& state) {
  const config::Deployment& deployment = whole().world.deployment();
  follower::WarningWatch warnings(deployment,
                                  follower::warnings_of(deployment, whole().world.directory()));
  start(state, whole(), kMessages, false, {&warnings});
}
BENCHMARK(redo_with_warnings)->Unit(benchmark::kMillisecond);

void redo_behind_snapshot(benchmark::State& state) { start(state, with_snapshot(), kBehind, true); }
BENCHMARK(redo_behind_snapshot)->Unit(benchmark::kMillisecond);

void replay(benchmark::State& state) {
  GateWorld& world = whole().world;
  std::uint64_t records = 0;
  for (auto _ : state) {
    gateway::gate::Gate gate(world.deployment(), nullptr);
    journal::Reader reader(world.directory());
    journal::RecordView record;
    for (records = 0; reader.next(record) == journal::ReadStatus::Record; ++records) {
      if (!gate.replay(record).empty()) state.SkipWithError("decided otherwise");
    }
  }
  count(state, kMessages, records);
}
BENCHMARK(replay)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portcullis::bench
