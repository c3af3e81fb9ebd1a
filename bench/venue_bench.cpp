// The simulated venue must not be what a run through the gate waits for.

#include <benchmark/benchmark.h>

#include <random>

#include "tests/support/venue_driver.h"

namespace portcullis::gateway::venue_sim {
namespace {

// Enters around a price that stands still, about a third of which trade, and cancels; some thousand
// orders rest. Journal and sockets are not included.
void BM_VenueEngine(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::vector<std::vector<std::byte>> inputs;
  for (std::uint32_t number = 1; number <= 200'000; ++number) {
    const bool buy = random() % 2 == 0;
    const std::uint64_t away = random() % 100;
    inputs.push_back(
        bytes_of(enter_message({.number = number,
                                .side = buy ? 'B' : 'S',
                                .quantity = static_cast<std::uint32_t>(1 + random() % 200),
                                .price = buy ? 10'020 - away : 9'980 + away})));
    if (number > 2000) {
      inputs.push_back(bytes_of(
          ouch::CancelOrder{.user_ref_num = number - 2000, .quantity = 0, .appendage = {}}));
    }
  }
  for (auto _ : state) {
    MatchingEngine engine;
    Outbox out;
    engine.open_session(0, out);
    for (const std::vector<std::byte>& input : inputs) {
      out.clear();
      benchmark::DoNotOptimize(engine.apply(0, 1, input, out));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(inputs.size()));
}
BENCHMARK(BM_VenueEngine)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portcullis::gateway::venue_sim
