// Other parameters between two orders: what the shard does to put them in force, and what the first order
// of an account costs behind them, beside an order of an account that is fresh. The rules are made
// beforehand, as they are off the shard.
#include <memory>
#include <string>
#include <utility>

#include "bench/timing.h"
#include "bench/worlds.h"

namespace portcullis::bench {
namespace {

// The same limits under the next version.
std::unique_ptr<NewRules> next_rules(const Engine& engine) {
  Parameters next = engine.parameters();
  ++next.version;
  return std::make_unique<NewRules>(next);
}
bool put_in_force(World& world, NewRules& rules) {
  const std::uint32_t version = rules.rules.parameters().version;
  return world.engine.apply(
      ParameterChange{.time = world.time(), .version = version, .replaces = version - 1}, rules);
}

void reload(benchmark::State& state, const WorldShape& shape) {
  World& world = kept<World>(shape);
  each(
      state, [&] { return next_rules(world.engine); },
      [&](const std::unique_ptr<NewRules>& rules) { return put_in_force(world, *rules); },
      [](bool is_in_force) { PORTCULLIS_ASSERT(is_in_force); });
  world.engine.refresh({kRich});
}

void order(benchmark::State& state, const WorldShape& shape, bool behind_reload) {
  World& world = kept<World>(shape);
  each(
      state,
      [&] {
        if (behind_reload) PORTCULLIS_ASSERT(put_in_force(world, *next_rules(world.engine)));
        return world.order();
      },
      [&](const NewOrder& asked) { return world.engine.decide(asked); },
      [](const Decision& decision) {
        PORTCULLIS_ASSERT(decision.disposition == Disposition::Forward);
      });
  world.engine.refresh({kRich});
}

[[maybe_unused]] const bool kAdded = [] {
  for (const std::uint32_t accounts : {1'000U, 100'000U}) {
    const WorldShape shape{.positions = 2, .accounts = accounts};
    add("reload/accounts:" + std::to_string(accounts), reload, shape)
        ->UseManualTime()
        ->Iterations(accounts == 1'000 ? 2'000 : 50);
  }
  const WorldShape shape{};
  add("order/fresh", order, shape, false)->UseManualTime()->Iterations(2'000);
  add("order/behind_reload", order, shape, true)->UseManualTime()->Iterations(2'000);
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
