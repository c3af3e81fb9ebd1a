// What comes to a shard's engine one after the other: orders of many accounts that are accepted, or
// refused for their size or for margin, replaced, cancelled and filled, while marks move 10,000 times
// a second. One operation is one call of the engine: a client's message or the venue's word on one.
//
// open_loop: each operation is due at a time fixed in advance, so many a second, and takes from then
//   until it is done: what waits behind another one counts. `of` says whose times these are. empty_call is
//   the same schedule with nothing to do: clock and loop, and what else the machine does meanwhile.
//   operations_per_second below the rate: the engine does not keep up, and the times say nothing else.
//   verdict is Engine::decide alone, on fresh accounts at random.
// closed_loop: the same as fast as it goes, without a clock in it.
#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bench/timing.h"
#include "bench/worlds.h"

namespace portcullis::bench {
namespace {

enum class Kind : std::uint8_t {
  Accept,
  RefuseClip,
  RefuseMargin,
  Cancel,
  Replace,
  Fill,
  VenueWord,  // that an order, a replace or a cancel has come to be
  All,
};
constexpr std::array<std::string_view, 8> kKindNames = {
    "accept", "refuse_clip", "refuse_margin", "cancel", "replace", "fill", "venue_word", "all"};

// Which operation is next follows from numbers that are the same in every run. At most kLive orders
// are live.
class Flow {
 public:
  explicit Flow(World& world) : world_(world) { live_.reserve(kLive); }

  Kind step() {
    if (live_.size() < kLive / 2 || (live_.size() < kLive && random_.below(2) == 0)) return enter();
    const std::uint32_t at = random_.below(static_cast<std::uint32_t>(live_.size()));
    switch (live_[at].stage) {
      case Stage::Entered:
      case Stage::Replacing:
      case Stage::Cancelling:
        return hear(at);
      case Stage::Live:
        break;
    }
    switch (random_.below(4)) {
      case 0:
        return fill(at);
      case 1:
        return replace(at);
      default:
        return cancel(at);
    }
  }
  void tick() {
    world_.tick(
        random_.below(static_cast<std::uint32_t>(world_.engine.parameters().instruments.size())));
  }
  // Ends what is live, so that the world is as before but for positions.
  void end() {
    while (!live_.empty()) {
      const std::uint32_t last = static_cast<std::uint32_t>(live_.size()) - 1;
      apply(VenueEventType::Canceled, live_[last].head, live_[last].total);
      live_.pop_back();
    }
    expect(world_.engine.live_orders() == 0);
  }

  std::uint64_t decisions = 0;  // on clients' messages

 private:
  static constexpr std::size_t kLive = 2'000;
  enum class Stage : std::uint8_t { Entered, Live, Replacing, Cancelling };
  struct LiveOrder {
    NewOrder order;
    Lots total;
    std::uint32_t head = 0;     // its number at the venue
    std::uint32_t pending = 0;  // of a replacement
    Stage stage = Stage::Entered;
  };

  Kind enter() {
    ++decisions;
    const std::uint32_t what = random_.below(10);
    if (what == 0) {
      NewOrder order = world_.order(kRich);
      order.quantity = kClip + Lots{1};
      expect(world_.engine.submit(order).reason == RejectReason::ClipSize);
      return Kind::RefuseClip;
    }
    if (what == 1) {
      const Decision decision = world_.engine.submit(world_.order(kPoor));
      expect(decision.reason == RejectReason::Margin);
      return Kind::RefuseMargin;
    }
    std::uint32_t account = kRich;
    do account = random_.below(world_.shape().accounts);
    while (account == kLeveraged || account == kPoor);
    NewOrder order = world_.order(account);
    if (random_.below(2) == 0) order.side = Side::Sell;
    const Decision decision = world_.engine.submit(order);
    expect(decision.disposition == Disposition::Forward);
    live_.push_back({.order = order, .total = order.quantity, .head = decision.number});
    return Kind::Accept;
  }
  // The venue's word on what has been sent last.
  Kind hear(std::uint32_t at) {
    LiveOrder& live = live_[at];
    switch (live.stage) {
      case Stage::Entered:
        apply(VenueEventType::Accepted, live.head, live.total);
        live.stage = Stage::Live;
        break;
      case Stage::Replacing:
        // Never processed: the original stands.
        apply(VenueEventType::Void, live.pending, {});
        live.stage = Stage::Live;
        break;
      case Stage::Cancelling:
        apply(VenueEventType::Canceled, live.head, live.total);
        forget(at);
        break;
      case Stage::Live:
        break;
    }
    return Kind::VenueWord;
  }
  Kind fill(std::uint32_t at) {
    apply(VenueEventType::Executed, live_[at].head, live_[at].total);
    forget(at);
    return Kind::Fill;
  }
  Kind replace(std::uint32_t at) {
    ++decisions;
    LiveOrder& live = live_[at];
    const Decision decision = world_.engine.submit(world_.replace_of(live.order));
    expect(decision.disposition == Disposition::Forward);
    live.pending = decision.number;
    live.stage = Stage::Replacing;
    return Kind::Replace;
  }
  Kind cancel(std::uint32_t at) {
    ++decisions;
    LiveOrder& live = live_[at];
    const Decision decision = world_.engine.submit(world_.cancel_of(live.order));
    expect(decision.disposition == Disposition::Forward);
    live.stage = Stage::Cancelling;
    return Kind::Cancel;
  }
  void apply(VenueEventType type, std::uint32_t number, Lots quantity) {
    benchmark::DoNotOptimize(world_.engine.apply(world_.event(type, number, quantity)));
  }
  void forget(std::uint32_t at) {
    live_[at] = live_.back();
    live_.pop_back();
  }

  World& world_;
  Random random_;
  std::vector<LiveOrder> live_;
};

// The poor account can pay for half an order at the marks of the beginning, and nothing happens to it.
World& flow_world(const WorldShape& shape) { return kept<World>(shape); }

using Clock = std::chrono::steady_clock;

std::int64_t clock_ns() { return Clock::now().time_since_epoch().count(); }

constexpr std::int64_t kMarkEveryNs = 100'000;
constexpr double kRunSeconds = 0.05;

// `step` does one operation and says what it was; `tick` moves a mark.
template <class Step, class Tick>
void open_loop_of(benchmark::State& state, std::int64_t rate, Kind of, Step&& step, Tick&& tick) {
  const auto operations = static_cast<std::int64_t>(kRunSeconds * static_cast<double>(rate));
  std::vector<std::int64_t> times_ns;
  times_ns.reserve(static_cast<std::size_t>(operations) *
                   static_cast<std::size_t>(state.max_iterations));
  double seconds = 0;
  for (auto _ : state) {
    const std::int64_t began_ns = clock_ns();
    std::int64_t marked_ns = began_ns;
    std::int64_t now_ns = began_ns;
    for (std::int64_t n = 0; n < operations; ++n) {
      const std::int64_t due_ns = began_ns + n * risk::kSecondNs / rate;
      while (now_ns < due_ns) {
        _mm_pause();
        now_ns = clock_ns();
      }
      if (now_ns - marked_ns >= kMarkEveryNs) {
        marked_ns += kMarkEveryNs;
        tick();
      }
      const Kind kind = step();
      now_ns = clock_ns();
      if (of == Kind::All || kind == of) times_ns.push_back(now_ns - due_ns);
    }
    seconds += static_cast<double>(now_ns - began_ns) * 1e-9;
    state.SetIterationTime(static_cast<double>(now_ns - began_ns) * 1e-9);
  }
  report(state, times_ns);
  state.counters["p99.99_ns"] = percentile(times_ns, 0.9999);
  state.counters["operations_per_second"] =
      static_cast<double>(operations) * static_cast<double>(state.iterations()) / seconds;
}

void open_loop(benchmark::State& state, const WorldShape& shape, std::int64_t rate, Kind of) {
  Flow flow(flow_world(shape));
  open_loop_of(
      state, rate, of, [&] { return flow.step(); }, [&] { flow.tick(); });
  flow.end();
}

void open_loop_empty(benchmark::State& state, std::int64_t rate) {
  open_loop_of(
      state, rate, Kind::All, [] { return Kind::All; }, [] {});
}

void closed_loop_flow(benchmark::State& state, const WorldShape& shape) {
  Flow flow(flow_world(shape));
  std::int64_t operations = 0;
  for (auto _ : state) {
    flow.step();
    // As often as at two million operations a second.
    if (++operations % 200 == 0) flow.tick();
  }
  state.counters["decisions_per_second"] =
      benchmark::Counter(static_cast<double>(flow.decisions), benchmark::Counter::kIsRate);
  state.SetItemsProcessed(operations);
  flow.end();
}

// Orders of accounts at random, each of which is fresh.
class Verdicts {
 public:
  explicit Verdicts(World& world) : world_(world) {
    Random random;
    while (orders_.size() < kOrders) {
      const std::uint32_t account = random.below(world.shape().accounts);
      if (account == kLeveraged || account == kPoor) continue;
      world.engine.refresh({account});
      orders_.push_back(world.order(account));
    }
  }
  void step() {
    const Decision decision = world_.engine.decide(orders_[at_++ % kOrders]);
    benchmark::DoNotOptimize(decision.reason);
  }

 private:
  static constexpr std::size_t kOrders = 4'096;
  World& world_;
  std::vector<NewOrder> orders_;
  std::size_t at_ = 0;
};

void open_loop_verdict(benchmark::State& state, const WorldShape& shape, std::int64_t rate) {
  Verdicts verdicts(flow_world(shape));
  open_loop_of(
      state, rate, Kind::All,
      [&] {
        verdicts.step();
        return Kind::All;
      },
      [] {});
}

// What one shard decides in a second at most.
void closed_loop_decide(benchmark::State& state, const WorldShape& shape) {
  Verdicts verdicts(flow_world(shape));
  for (auto _ : state) verdicts.step();
  state.counters["decisions_per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// An order that is accepted and never came to be: two calls that change the state.
void closed_loop_accept(benchmark::State& state, const WorldShape& shape) {
  World& world = flow_world(shape);
  Random random;
  for (auto _ : state) {
    std::uint32_t account = kRich;
    do account = random.below(shape.accounts);
    while (account == kLeveraged || account == kPoor);
    world.forget(world.engine.submit(world.order(account)));
  }
  state.counters["decisions_per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool kAdded = [] {
  const WorldShape ordinary{.positions = 8, .scenarios = 64, .accounts = 1'000};
  constexpr std::array<std::int64_t, 3> kRates = {100'000, 1'000'000, 2'000'000};
  const auto name = [](std::string_view what, const WorldShape& shape) {
    return std::string(what) + "/" + (shape.measure == SetMeasure::Worst ? "worst" : "es") +
           "/positions:" + std::to_string(shape.positions) +
           "/scenarios:" + std::to_string(shape.scenarios) +
           "/accounts:" + std::to_string(shape.accounts);
  };
  for (const std::int64_t rate : kRates) {
    const std::string at = "/rate:" + std::to_string(rate);
    add("open_loop/empty_call" + at, open_loop_empty, rate)->UseManualTime();
    add(name("open_loop/verdict", ordinary) + at, open_loop_verdict, ordinary, rate)
        ->UseManualTime();
    add(name("open_loop/of:all", ordinary) + at, open_loop, ordinary, rate, Kind::All)
        ->UseManualTime();
  }
  for (const Kind kind : {Kind::Accept, Kind::RefuseClip, Kind::RefuseMargin, Kind::Cancel,
                          Kind::Replace, Kind::Fill}) {
    const std::string of(kKindNames[static_cast<std::size_t>(kind)]);
    add(name("open_loop/of:" + of, ordinary) + "/rate:1000000", open_loop, ordinary,
        std::int64_t{1'000'000}, kind)
        ->UseManualTime();
  }
  // One thing at a time away from the ordinary.
  std::vector<WorldShape> others;
  const auto with = [&](auto&& change) {
    WorldShape shape = ordinary;
    change(shape);
    others.push_back(shape);
  };
  with([](WorldShape& s) { s.positions = 1; });
  with([](WorldShape& s) { s.positions = 100; });
  with([](WorldShape& s) { s.positions = 1'000, s.accounts = 100; });
  with([](WorldShape& s) { s.scenarios = 16; });
  with([](WorldShape& s) { s.scenarios = 512, s.accounts = 100; });
  with([](WorldShape& s) { s.measure = SetMeasure::ExpectedShortfall; });
  with([](WorldShape& s) {
    s.measure = SetMeasure::ExpectedShortfall, s.scenarios = 512, s.accounts = 100;
  });
  with([](WorldShape& s) { s.accounts = 100'000; });
  with([](WorldShape& s) { s.accounts = 1'000'000, s.positions = 1, s.scenarios = 16; });
  for (const WorldShape& shape : others) {
    add(name("open_loop/of:all", shape) + "/rate:1000000", open_loop, shape,
        std::int64_t{1'000'000}, Kind::All)
        ->UseManualTime();
  }
  others.insert(others.begin(), ordinary);
  for (const WorldShape& shape : others)
    add(name("closed_loop/flow", shape), closed_loop_flow, shape);
  WorldShape few = ordinary;  // which stay in the processor's caches
  few.accounts = 10;
  for (const WorldShape& shape : {few, ordinary, others[others.size() - 2], others.back()}) {
    add(name("closed_loop/decide", shape), closed_loop_decide, shape);
    add(name("closed_loop/accept", shape), closed_loop_accept, shape);
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
