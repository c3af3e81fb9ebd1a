// What an account costs when prices have moved since it was looked at, which at thousands of ticks
// a second is nearly every account.
//
//   refresh/           the account brought up to date: lines valued, vectors, requirement. In one
//                      group of 64 scenarios, by futures on so many factors, or by so many options
//                      beside one future. after_tick: the mark of one future has moved; after_ticks:
//                      of every future; after_table: a new table of the group is in force
//   decide_exact/      the verdict on an order that passes, but not by the bound, on such an account,
//                      with the refresh that it needs
//   decide_bound/      the same where the bound passes it, and the vectors stay as they are
//   apply_table/       a new table of one group of 64 scenarios, by rows: no account is touched
//   apply_mark/        a new mark of one of so many futures of a group, of whose accounts one is watched:
//                      neither is one
//   order_after_ticks/ how often the bound decides: see below
//   timer_alone        is in every one of these times
#include <array>
#include <string>
#include <utility>

#include "bench/books.h"
#include "bench/engine_parts.h"
#include "bench/timing.h"
#include "bench/worlds.h"

namespace portcullis::bench {
namespace {

constexpr AccountIndex kAccount{0};

void timer_alone(benchmark::State& state) {
  each(
      state, [] { return 0; }, [](int input) { return input; }, kNothing);
}

// --- an account out of date

enum class Stale : std::uint8_t { Tick, Ticks, Table };

void make_stale(Book& book, Stale how) {
  switch (how) {
    case Stale::Tick:
      return book.tick(0);
    case Stale::Ticks:
      return book.tick_futures();
    case Stale::Table:
      return book.publish(0);
  }
}

void refresh(benchmark::State& state, const BookShape& shape, Stale how) {
  Book& book = kept<Book>(shape);
  book.engine.refresh(kAccount);
  each(
      state,
      [&] {
        make_stale(book, how);
        return kAccount;
      },
      [&](AccountIndex account) {
        book.engine.refresh(account);
        return 0;
      },
      kNothing);
}

// The verdict, and what it needs brought up to date, on an order in the first future against what
// the account holds of it and beyond.
void decide(benchmark::State& state, const BookShape& shape, Stale how, bool by_bound) {
  Book& book = kept<Book>(shape);
  // What ticks take of the margin is a few dollars at most.
  const std::int64_t spare = by_bound ? 1'000'000'000 * kMicro : 5 * kMicro;
  NewOrder order = book.order_for(kAccount, book.future(0, 0), {100}, Side::Sell);
  order.price = {kMark};
  book.leave(order, spare);
  each(
      state,
      [&] {
        book.engine.refresh(kAccount);
        make_stale(book, how);
        return order;
      },
      [&](const NewOrder& asked) { return book.engine.decide(asked); },
      [&](const Decision& decision) {
        expect(decision.disposition == Disposition::Forward);
        expect(is_fresh(book.engine, kAccount) != by_bound);
      });
}

void apply_table(benchmark::State& state, const BookShape& shape) {
  Book& book = kept<Book>(shape);
  each(
      state, [&]() -> const RiskTable* { return &book.next_table(0); },
      [&](const RiskTable* table) { return book.publish(*table); }, expect);
}

void apply_mark(benchmark::State& state, const BookShape& shape) {
  Book& book = kept<Book>(shape);
  book.watch(kAccount);
  std::uint32_t mark = 0;
  each(
      state,
      [&] {
        ++mark;
        return MarkUpdate{.time = book.time(),
                          .as_of = book.time(),
                          .mark = {kMark + mark / shape.factors % 2},
                          .instrument = book.future(0, mark % shape.factors)};
      },
      [&](const MarkUpdate& update) {
        book.engine.apply(update);
        return 0;
      },
      kNothing);
}

// --- how often the bound decides

// An account of 50 positions in 16 factors, 64 scenarios in two sets, has so much more equity than is
// required (its cushion), in parts of what is required. Between an order and the next every factor's
// marks walk up or down by `move`; an order, a buy or a sell in any instrument, would alone need
// about `order` of what the account needs. It is accepted and cancelled, or refused. Every 100 orders
// the walk begins again, and the cushion is what it was.
struct Ticking {
  std::int64_t cushion_ppm = 0;
  std::int64_t move_ppm = 0;
  std::int64_t order_ppm = 0;
};
constexpr std::int64_t kOrders = 10'000;
constexpr std::int64_t kRound = 100;

// Counters, shares of the orders: by_bound and by_exact, which way they were accepted; refused; wrong,
// accepted by the bound where a recompute from nothing would have refused: none.
void order_after_ticks(benchmark::State& state, const Ticking& ticking) {
  constexpr WorldShape kShape{.lots = 1'000};
  World& world = kept<World>(kShape);
  Engine& engine = world.engine;
  Random random;
  std::array<std::int64_t, std::size_t{kGroups} * kFactorsPerGroup> marks{};
  Lots lots;
  std::int64_t order_count = 0;
  std::int64_t by_bound = 0;
  std::int64_t refused = 0;
  std::int64_t wrong = 0;
  NewOrder order;
  const auto set_marks = [&] {
    for (std::uint32_t i = 0; i < kShape.positions; ++i) world.mark({i}, marks[factor_of(i).value]);
  };
  const auto begin_round = [&] {
    marks.fill(kMark);
    set_marks();
    const MarginReport report = engine.margin(kAccount, world.time());
    const std::int64_t required = report.requirement.raw;
    const auto part = [&](std::int64_t ppm) {
      return static_cast<std::int64_t>(Int128{required} * ppm / kPpm);
    };
    world.pay(kAccount, part(ticking.cushion_ppm) - report.available.raw);
    engine.refresh(kAccount);
    const std::int64_t lot_needs = kLotDollars * kShockPpm * 12 / 10;  // quanta
    lots = {std::max<std::int64_t>(1, part(ticking.order_ppm) / lot_needs)};
  };
  each(
      state,
      [&] {
        if (order_count++ % kRound == 0) begin_round();
        for (std::int64_t& mark : marks)
          mark += (random.below(2) == 0 ? 1 : -1) * kMark * ticking.move_ppm / kPpm;
        set_marks();
        order = world.order_for(kAccount, {random.below(kShape.positions)}, lots,
                                random.below(2) == 0 ? Side::Buy : Side::Sell);
        return order;
      },
      [&](const NewOrder& next) {
        const Decision decision = engine.decide(next);
        const bool is_by_bound = !is_fresh(engine, kAccount);
        by_bound += is_by_bound ? 1 : 0;
        engine.apply(next, decision);
        return std::pair{decision, is_by_bound};
      },
      [&](const std::pair<Decision, bool>& decided) {
        const auto& [decision, is_by_bound] = decided;
        if (decision.reason == RejectReason::Margin) {
          ++refused;
          return;
        }
        world.forget(decision);
        if (!is_by_bound) return;
        refresh_lines(engine, kAccount);
        wrong += recomputed_margin(engine, {engine, order}) < 0 ? 1 : 0;
      });
  const auto share = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(order_count);
  };
  state.counters["by_bound_share"] = share(by_bound);
  state.counters["by_exact_share"] = share(order_count - by_bound - refused);
  state.counters["refused_share"] = share(refused);
  state.counters["wrong_share"] = share(wrong);
  expect(wrong == 0);
}

// --- which

[[maybe_unused]] const bool kAdded = [] {
  const auto add_timed = [](const std::string& name, auto run, auto... arguments) {
    return add(name, run, arguments...)->UseManualTime();
  };
  add_timed("timer_alone", timer_alone);
  for (const std::uint32_t factors : {1U, 4U, 16U, 64U}) {
    const BookShape shape{.factors = factors, .futures_held = factors};
    const std::string size = "/factors:" + std::to_string(factors);
    add_timed("refresh/after_tick" + size, refresh, shape, Stale::Tick);
    add_timed("refresh/after_ticks" + size, refresh, shape, Stale::Ticks);
    add_timed("decide_exact/after_ticks" + size, decide, shape, Stale::Ticks, false);
    add_timed("decide_bound/after_ticks" + size, decide, shape, Stale::Ticks, true);
  }
  const auto add_options = [&](const BookShape& shape, const std::string& more) {
    const std::string size = "/options:" + std::to_string(shape.options) + more;
    add_timed("refresh/after_tick" + size, refresh, shape, Stale::Tick);
    add_timed("refresh/after_table" + size, refresh, shape, Stale::Table);
    add_timed("decide_exact/after_tick" + size, decide, shape, Stale::Tick, false);
    add_timed("decide_bound/after_tick" + size, decide, shape, Stale::Tick, true);
  };
  for (const std::uint32_t options : {1U, 10U, 30U, 100U})
    add_options({.options = options, .options_held = options}, "");
  add_options({.options = 30, .options_held = 30, .table_move_max_ppm = 5'000}, "/lag");
  for (const std::uint32_t factors : {10U, 100U}) {
    const BookShape shape{.factors = factors, .futures_held = factors};
    add_timed("apply_mark/instruments:" + std::to_string(factors), apply_mark, shape);
  }
  for (const std::uint32_t rows : {10U, 100U, 500U, 1'000U}) {
    const BookShape shape{.options = rows, .options_held = 10};
    add_timed("apply_table/rows:" + std::to_string(rows), apply_table, shape);
    if (rows == 100 || rows == 500) {
      add_timed("refresh/after_table/options:10/rows:" + std::to_string(rows), refresh, shape,
                Stale::Table);
    }
  }
  for (const std::int64_t cushion : {1, 5, 20, 100}) {
    for (const std::int64_t move_bp : {1, 10, 100}) {
      for (const std::int64_t order_permille : {1, 10}) {
        const Ticking ticking{cushion * kPpm / 100, move_bp * kPpm / 10'000,
                              order_permille * kPpm / 1'000};
        add_timed("order_after_ticks/cushion:" + std::to_string(cushion) + "%/move:" +
                      std::to_string(move_bp) + "bp/order:" + (order_permille == 1 ? "0.1%" : "1%"),
                  order_after_ticks, ticking)
            ->Iterations(kOrders);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
