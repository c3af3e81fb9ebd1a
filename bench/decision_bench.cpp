// What a decision costs, in process. Two kinds of benchmarks:
//
// decide_*: Engine::decide alone, over and over on an account whose caches are fresh: what stands
//   between an order and its verdict. The mean, without a clock in the loop.
// Others: operations that change the state, each timed by itself with two clock reads, and the
//   percentiles of the single times in the counters. empty_call is the same with nothing between
//   the two reads: it is in every one of these numbers. submit and submit_cold have more shapes of the
//   account, and of how many there are.
//
// Nearly every order here is passed by the bound; margin_bench has what the exact check costs.
//
// Arguments: positions of the account (in 4 risk groups), scenarios of each of the two sets.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/timing.h"
#include "bench/worlds.h"

namespace portcullis::bench {
namespace {

World& world_of(const WorldShape& shape) { return kept<World>(shape); }

World& world_of(const benchmark::State& state) {
  return world_of({.positions = static_cast<std::uint32_t>(state.range(0)),
                   .scenarios = static_cast<std::uint32_t>(state.range(1))});
}

// --- decide alone

void decide_of(benchmark::State& state, World& world, NewOrder order, RejectReason reason) {
  world.engine.refresh(order.account);
  expect(world.engine.decide(order).reason == reason);
  for (auto _ : state) {
    benchmark::DoNotOptimize(order);
    benchmark::DoNotOptimize(world.engine.decide(order));
  }
}

void decide_accept(benchmark::State& state) {
  World& world = world_of(state);
  decide_of(state, world, world.order(), RejectReason::None);
}

void decide_refuse_form(benchmark::State& state) {
  World& world = world_of(state);
  NewOrder order = world.order();
  order.form = RejectReason::MalformedField;
  decide_of(state, world, order, RejectReason::MalformedField);
}

void decide_refuse_clip(benchmark::State& state) {
  World& world = world_of(state);
  NewOrder order = world.order();
  order.quantity = kClip + Lots{1};
  decide_of(state, world, order, RejectReason::ClipSize);
}

void decide_refuse_collar(benchmark::State& state) {
  World& world = world_of(state);
  NewOrder order = world.order();
  order.price.raw *= 2;
  decide_of(state, world, order, RejectReason::PriceCollar);
}

void decide_refuse_exposure(benchmark::State& state) {
  World& world = world_of(state);
  decide_of(state, world, world.order(kRich, kTight), RejectReason::LongLimit);
}

void decide_refuse_leverage(benchmark::State& state) {
  World& world = world_of(state);
  decide_of(state, world, world.order(kLeveraged), RejectReason::Leverage);
}

void decide_refuse_margin(benchmark::State& state) {
  World& world = world_of(state);
  decide_of(state, world, world.order(kPoor), RejectReason::Margin);
}

// An account without the means for its position: what reduces it passes by the exit leg.
void decide_accept_exit(benchmark::State& state) {
  World& world = world_of(state);
  NewOrder order = world.order(kPoor);
  order.side = Side::Sell;
  order.quantity = {10};
  world.pay({kPoor}, -100'000 * kMicro);
  world.engine.refresh({kPoor});
  expect(world.engine.decide(order).exit == 1);
  decide_of(state, world, order, RejectReason::None);
  world.pay({kPoor}, 100'000 * kMicro);
}

void decide_replace(benchmark::State& state) {
  World& world = world_of(state);
  ReplaceOrder replace = world.replace_of(world.enter());
  world.engine.refresh({kRich});
  expect(world.engine.decide(replace).disposition == Disposition::Forward);
  for (auto _ : state) {
    benchmark::DoNotOptimize(replace);
    benchmark::DoNotOptimize(world.engine.decide(replace));
  }
  world.end();
}

void decide_cancel(benchmark::State& state) {
  World& world = world_of(state);
  CancelOrder cancel = world.cancel_of(world.enter());
  expect(world.engine.decide(cancel).disposition == Disposition::Forward);
  for (auto _ : state) {
    benchmark::DoNotOptimize(cancel);
    benchmark::DoNotOptimize(world.engine.decide(cancel));
  }
  world.end();
}

// --- in the order path, one by one

void empty_call(benchmark::State& state) {
  each(
      state, [] { return 0; }, [](int input) { return input; }, kNothing);
}

// Decide on a fresh account and make it effective. The order ends untimed.
void submit_fresh(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state,
      [&] {
        world.engine.refresh({kRich});
        return world.order();
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

// The account's last order has changed its vectors; they are brought up to date on this order's
// time.
void submit_after_own_order(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state, [&] { return world.order(); },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

void submit_after_tick(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state,
      [&] {
        world.engine.refresh({kRich});
        world.tick(kInstrument.value);
        return world.order();
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

void submit_after_ticks_of_all_groups(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state,
      [&] {
        world.engine.refresh({kRich});
        world.tick_all_groups();
        return world.order();
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

// Nothing kept: every cache of the world's accounts rebuilt from positions, orders and marks, and
// compared, before the verdict.
void full_recompute_per_order(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state, [&] { return world.order(); },
      [&](const NewOrder& order) {
        expect(world.engine.verify() == nullptr);
        return world.engine.submit(order);
      },
      [&](const Decision& decision) { world.forget(decision); });
}

void cancel(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state, [&] { return world.cancel_of(world.enter()); },
      [&](const CancelOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) {
        expect(decision.disposition == Disposition::Forward);
        world.end();
      });
}

void replace(benchmark::State& state) {
  World& world = world_of(state);
  each(
      state,
      [&] {
        const NewOrder order = world.enter();
        world.engine.refresh(order.account);
        return world.replace_of(order);
      },
      [&](const ReplaceOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) {
        world.forget(decision);
        world.end();
      });
}

// Buys and sells in turn, so that the position stays.
void fill(benchmark::State& state) {
  World& world = world_of(state);
  bool buy = false;
  each(
      state,
      [&] {
        buy = !buy;
        world.enter(buy ? Side::Buy : Side::Sell);
        return world.event(VenueEventType::Executed, world.last_number, kOrderLots);
      },
      [&](const VenueEvent& event) { return world.engine.apply(event); },
      [&](const VenueOutcome& outcome) { expect(outcome.ended); });
}

// The whole of a price: it touches the group's table and the tree, no account.
void mark_update(benchmark::State& state) {
  World& world = world_of(state);
  std::int64_t mark = kMark;
  each(
      state,
      [&] {
        mark = mark == kMark ? kMark + 1 : kMark;
        return MarkUpdate{
            .time = world.time(), .as_of = world.time(), .mark = {mark}, .instrument = kInstrument};
      },
      [&](const MarkUpdate& update) {
        world.engine.apply(update);
        return 0;
      },
      kNothing);
}

// On accounts touched at random while fresh: with enough of them each is in no cache of the processor.
void submit_cold(benchmark::State& state, const WorldShape& shape) {
  World& world = world_of(shape);
  Random random;
  std::uint32_t account = 0;
  each(
      state,
      [&] {
        do account = random.below(shape.accounts);
        while (account == kPoor || account == kLeveraged);
        return world.order(account);
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) {
        world.forget(decision);
        world.engine.refresh({account});
      });
}

// Likewise on the one account, of any shape: fresh, or behind ticks of everything it holds.
void submit_shaped(benchmark::State& state, const WorldShape& shape, bool stale) {
  World& world = world_of(shape);
  each(
      state,
      [&] {
        world.engine.refresh({kRich});
        if (stale) world.tick_all_groups();
        return world.order();
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

// --- which

[[maybe_unused]] const bool kGridAdded = [] {
  for (const SetMeasure measure : {SetMeasure::Worst, SetMeasure::ExpectedShortfall}) {
    const std::string of = measure == SetMeasure::Worst ? "worst" : "es";
    for (const std::uint32_t scenarios : {16U, 64U, 256U, 512U}) {
      for (const bool stale : {false, true}) {
        add("submit/" + of + (stale ? "/stale" : "/fresh") +
                "/positions:50/scenarios:" + std::to_string(scenarios),
            submit_shaped, WorldShape{.scenarios = scenarios, .measure = measure}, stale)
            ->UseManualTime();
      }
    }
  }
  const auto add_cold = [](const WorldShape& shape) {
    add("submit_cold/positions:" + std::to_string(shape.positions) + "/scenarios:" +
            std::to_string(shape.scenarios) + "/accounts:" + std::to_string(shape.accounts),
        submit_cold, shape)
        ->UseManualTime();
  };
  for (const std::uint32_t accounts : {1'000U, 100'000U}) {
    add_cold({.positions = 8, .scenarios = 64, .accounts = accounts});
  }
  for (const std::uint32_t accounts : {1'000U, 100'000U, 1'000'000U}) {
    add_cold({.positions = 1, .scenarios = 16, .accounts = accounts});
  }
  add_cold({.positions = 100, .scenarios = 64, .accounts = 1'000});
  return true;
}();

void all_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"positions", "scenarios"});
  for (const std::int64_t scenarios : {16, 64}) {
    for (const std::int64_t positions : {1, 10, 50, 100, 1'000}) b->Args({positions, scenarios});
  }
}
void one_size(benchmark::internal::Benchmark* b) {
  b->ArgNames({"positions", "scenarios"})->Args({50, 64});
}
void two_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"positions", "scenarios"})->Args({50, 16})->Args({50, 64});
}

BENCHMARK(empty_call)->UseManualTime();
BENCHMARK(decide_accept)->Apply(all_sizes);
BENCHMARK(decide_accept_exit)->Apply(one_size);
BENCHMARK(decide_refuse_form)->Apply(one_size);
BENCHMARK(decide_refuse_clip)->Apply(one_size);
BENCHMARK(decide_refuse_collar)->Apply(one_size);
BENCHMARK(decide_refuse_exposure)->Apply(two_sizes);
BENCHMARK(decide_refuse_leverage)->Apply(two_sizes);
BENCHMARK(decide_refuse_margin)->Apply(two_sizes);
BENCHMARK(decide_replace)->Apply(two_sizes);
BENCHMARK(decide_cancel)->Apply(one_size);
BENCHMARK(submit_fresh)->Apply(all_sizes)->UseManualTime();
BENCHMARK(submit_after_own_order)->Apply(all_sizes)->UseManualTime();
BENCHMARK(submit_after_tick)->Apply(all_sizes)->UseManualTime();
BENCHMARK(submit_after_ticks_of_all_groups)->Apply(all_sizes)->UseManualTime();
BENCHMARK(full_recompute_per_order)->Apply(all_sizes)->UseManualTime();
BENCHMARK(cancel)->Apply(one_size)->UseManualTime();
BENCHMARK(replace)->Apply(one_size)->UseManualTime();
BENCHMARK(fill)->Apply(one_size)->UseManualTime();
BENCHMARK(mark_update)->Apply(one_size)->UseManualTime();

}  // namespace
}  // namespace portcullis::bench
