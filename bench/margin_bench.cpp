// What the margin check costs on a fresh account of 50 positions in 4 groups of 4 factors, exactly
// and by the bound, by number of scenarios, measure and gain haircut (kappa).
//
//   exact/         the requirement with the order, alone: O(columns of the touched group)
//   bound/         that the order surely passes, alone: O(factors of what has changed)
//   decide_exact/  the whole verdict on an order that passes, but not by the bound
//   decide_bound/  the whole verdict on one that the bound passes
//   submit_exact/  the verdict and its reservation, each timed by itself
//   loss/          worst loss, or expected shortfall at 97.5 %, of so many columns, alone
//
// two_sets: one of each group and one of all groups together, each with so many scenarios, as in
// decision_bench; group_set, joint_set: that one alone. The branches of a selection that is always the
// same are foreseen, and it then looks several times cheaper than it is: loss/ is asked for ever other
// vectors, exact/ for many orders of one account, decide_exact/ and submit_exact/ for fewer.
#include <string>

#include "bench/engine_parts.h"
#include "bench/timing.h"
#include "bench/worlds.h"

namespace portcullis::bench {
namespace {

constexpr std::int64_t kLotsHeld = 50'000;  // over all positions

WorldShape shape_of(std::uint32_t positions, std::uint32_t scenarios) {
  return {.positions = positions, .scenarios = scenarios, .lots = kLotsHeld / positions};
}

// An account with little to spare, and orders that pass all the same, since what they may add hedges
// what is held. The bound does not know of that, and passes none.
struct Tight {
  explicit Tight(const WorldShape& shape) : world(shape) {
    Random random;
    std::vector<std::pair<std::int64_t, NewOrder>> asked;  // what each takes of R
    const std::int64_t available = world.engine.margin({kRich}, world.time()).available.raw;
    for (int i = 0; i < 1'000; ++i) {
      const NewOrder order = random_order(random);
      asked.emplace_back(available - world.engine.try_margin(order).after.raw, order);
    }
    const auto quarter = asked.begin() + 250;
    std::nth_element(asked.begin(), quarter, asked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    world.pay({kRich}, quarter->first - available);
    world.engine.refresh({kRich});
    for (auto at = asked.begin(); at <= quarter; ++at) {
      if (!is_passed_by_bound(world.engine, {world.engine, at->second}))
        orders.push_back(at->second);
    }
    expect(orders.size() > 100);
  }
  [[nodiscard]] const WorldShape& shape() const { return world.shape(); }
  NewOrder random_order(Random& random) {
    const InstrumentIndex instrument{random.below(shape().positions)};
    const Side side = random.below(2) == 0 ? Side::Buy : Side::Sell;
    const Lots lots{kOrderLots.raw / 2 + random.below(kOrderLots.raw / 2)};
    return world.order_for({kRich}, instrument, lots, side);
  }
  const NewOrder& next() { return orders[next_++ % orders.size()]; }

  World world;
  std::vector<NewOrder> orders;

 private:
  std::size_t next_ = 0;
};

constexpr std::size_t kQuestions = 4'096;

void exact(benchmark::State& state, const WorldShape& shape) {
  Tight& tight = kept<Tight>(shape);
  tight.world.engine.refresh({kRich});
  Random random;
  std::vector<MarginQuestion> questions;
  while (questions.size() < kQuestions)
    questions.emplace_back(tight.world.engine, tight.random_order(random));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(exact_requirement(tight.world.engine, questions[next++ % kQuestions]));
  }
}

void decide_exact(benchmark::State& state, const WorldShape& shape) {
  Tight& tight = kept<Tight>(shape);
  tight.world.engine.refresh({kRich});
  for (NewOrder& order : tight.orders) {
    order.client_ref = tight.world.next_ref();
    expect(tight.world.engine.decide(order).disposition == Disposition::Forward);
  }
  for (auto _ : state) benchmark::DoNotOptimize(tight.world.engine.decide(tight.next()));
}

void submit_exact(benchmark::State& state, const WorldShape& shape) {
  Tight& tight = kept<Tight>(shape);
  World& world = tight.world;
  each(
      state,
      [&] {
        world.engine.refresh({kRich});
        NewOrder order = tight.next();
        order.time = world.time();
        order.client_ref = world.next_ref();
        return order;
      },
      [&](const NewOrder& order) { return world.engine.submit(order); },
      [&](const Decision& decision) { world.forget(decision); });
}

World& rich_world_of(const WorldShape& shape) {
  World& world = kept<World>(shape);
  const NewOrder order = world.order();
  world.leave(order, 1'000'000'000 * kMicro);
  expect(is_passed_by_bound(world.engine, {world.engine, order}));
  return world;
}

void decide_bound(benchmark::State& state, const WorldShape& shape) {
  World& world = rich_world_of(shape);
  NewOrder order = world.order();
  expect(world.engine.decide(order).disposition == Disposition::Forward);
  for (auto _ : state) {
    benchmark::DoNotOptimize(order);
    benchmark::DoNotOptimize(world.engine.decide(order));
  }
}

// Of an account in which so many groups, the order's first, have ticked since its vectors were
// summed.
void bound(benchmark::State& state, const WorldShape& shape, std::uint32_t groups) {
  World& world = rich_world_of(shape);
  for (std::uint32_t g = 0; g < groups; ++g) world.tick(g);
  refresh_lines(world.engine, {kRich});
  MarginQuestion asked(world.engine, world.order());
  expect(is_passed_by_bound(world.engine, asked));
  expect(is_fresh(world.engine, {kRich}) == (groups == 0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(asked);
    benchmark::DoNotOptimize(is_passed_by_bound(world.engine, asked));
  }
}

// --- the columns alone

constexpr std::size_t kWindows = 4'096;

// Of ever other columns: a window that moves over many.
void loss(benchmark::State& state, SetMeasure measure, std::uint32_t columns) {
  Random random;
  std::vector<std::int64_t> all(kWindows + columns);
  for (std::int64_t& column : all) column = std::int64_t{random.around(kShockPpm)} << 20;
  SetParameters set;
  set.measure = measure;
  set.tail_denominator = 40;
  std::size_t first = 0;
  for (auto _ : state) {
    first = (first + 997) % kWindows;  // a prime, so that every window has its turn
    benchmark::DoNotOptimize(loss_of({all.data() + first, columns}, set));
  }
}

// --- which

void add_measure(const std::string& measure_name, SetMeasure measure) {
  const auto name = [&](const std::string& what, const WorldShape& shape) {
    const std::string sets = !shape.joint       ? "group_set"
                             : !shape.of_groups ? "joint_set"
                                                : "two_sets";
    const std::string kappa = shape.kappa_ppm == 0 ? "0" : shape.kappa_ppm == kPpm ? "1" : "0.5";
    return what + "/" + sets + "/" + measure_name +
           "/scenarios:" + std::to_string(shape.scenarios) + (shape.joint ? "/kappa:" + kappa : "");
  };
  for (const std::uint32_t scenarios : {16U, 64U, 256U, 512U}) {
    WorldShape two = shape_of(50, scenarios);
    two.measure = measure;
    WorldShape group = two;
    group.joint = false;
    std::vector<WorldShape> shapes{group};
    for (const std::int64_t kappa_ppm : {std::int64_t{0}, kPpm / 2, kPpm}) {
      WorldShape shape = two;
      shape.kappa_ppm = kappa_ppm;
      shapes.push_back(shape);
      shape.of_groups = false;
      shapes.push_back(shape);
    }
    for (const WorldShape& shape : shapes) {
      add(name("exact", shape), exact, shape);
      add(name("decide_exact", shape), decide_exact, shape);
    }
    add(name("submit_exact", two), submit_exact, two)->UseManualTime();
    add("loss/" + measure_name + "/columns:" + std::to_string(scenarios), loss, measure, scenarios);
  }
}

[[maybe_unused]] const bool kAdded = [] {
  add_measure("worst", SetMeasure::Worst);
  add_measure("es", SetMeasure::ExpectedShortfall);
  for (const std::uint32_t scenarios : {16U, 64U, 256U, 512U}) {
    const WorldShape shape = shape_of(50, scenarios);
    const std::string size = "/scenarios:" + std::to_string(scenarios);
    add("decide_bound" + size, decide_bound, shape);
    add("bound/fresh" + size, bound, shape, 0);
    add("bound/one_group_ticked" + size, bound, shape, 1);
    add("bound/all_groups_ticked" + size, bound, shape, kGroups);
  }
  for (const std::uint32_t positions : {1U, 10U, 100U, 1'000U}) {
    const WorldShape shape = shape_of(positions, 64);
    const std::string size = "/positions:" + std::to_string(positions);
    add("decide_exact" + size, decide_exact, shape);
    add("decide_bound" + size, decide_bound, shape);
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
