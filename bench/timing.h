// Timing of operations one by one, and the worlds that benchmarks keep between them.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "risk/types.h"

namespace portcullis::bench {

// The world of this shape, kept from benchmark to benchmark: each puts back what it changes.
template <class World, class Shape>
World& kept(const Shape& shape) {
  static std::vector<std::unique_ptr<World>> worlds;
  for (const auto& world : worlds) {
    if (world->shape() == shape) return *world;
  }
  worlds.push_back(std::make_unique<World>(shape));
  return *worlds.back();
}

// Of sorted times.
inline double percentile(const std::vector<std::int64_t>& times_ns, double share) {
  const auto index = static_cast<std::size_t>(share * static_cast<double>(times_ns.size() - 1));
  return static_cast<double>(times_ns[index]);
}

// The percentiles as counters. Sorts the times.
inline void report(benchmark::State& state, std::vector<std::int64_t>& times_ns) {
  std::sort(times_ns.begin(), times_ns.end());
  state.counters["p50_ns"] = percentile(times_ns, 0.5);
  state.counters["p99_ns"] = percentile(times_ns, 0.99);
  state.counters["p99.9_ns"] = percentile(times_ns, 0.999);
  state.counters["max_ns"] = percentile(times_ns, 1.0);
}

// Times `work` on what `prepare` returns; `undo` gets what `work` returned. Only `work` is timed.
template <class Prepare, class Work, class Undo>
void each(benchmark::State& state, Prepare&& prepare, Work&& work, Undo&& undo) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::int64_t> times_ns;
  times_ns.reserve(static_cast<std::size_t>(state.max_iterations));
  for (auto _ : state) {
    auto input = prepare();
    const Clock::time_point begin = Clock::now();
    auto output = work(input);
    benchmark::DoNotOptimize(output);
    const std::int64_t took = (Clock::now() - begin).count();
    undo(output);
    times_ns.push_back(took);
    state.SetIterationTime(static_cast<double>(took) * 1e-9);
  }
  report(state, times_ns);
}

class NamedBenchmark final : public benchmark::internal::Benchmark {
 public:
  NamedBenchmark(const std::string& name, std::function<void(benchmark::State&)> run)
      : Benchmark(name.c_str()), run_(std::move(run)) {}
  void Run(benchmark::State& state) override { run_(state); }

 private:
  std::function<void(benchmark::State&)> run_;
};

// A benchmark of this name, which is a row of RESULTS.md, that runs `run` with these arguments.
template <class... Arguments>
benchmark::internal::Benchmark* add(const std::string& name,
                                    void (*run)(benchmark::State&, Arguments...),
                                    std::type_identity_t<Arguments>... arguments) {
  // The library owns it from now on.
  return benchmark::internal::RegisterBenchmarkInternal(  // NOLINT(*-cplusplus.NewDeleteLeaks)
      new NamedBenchmark(name, [=](benchmark::State& state) { run(state, arguments...); }));
}

inline void expect(bool good) { PORTCULLIS_ASSERT(good); }

inline const auto kNothing = [](const auto&) {};

}  // namespace portcullis::bench
