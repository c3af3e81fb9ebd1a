// How long it takes to publish a group's risk table, off the order path: a refresh of every option
// of a chain after its market has moved; what is told to who decides about it; and its file.

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "feeds/black76.h"
#include "feeds/smile.h"
#include "feeds/table_builder.h"
#include "feeds/table_log.h"
#include "feeds/table_service.h"
#include "tests/support/option_chains.h"

namespace portcullis::feeds {
namespace {

constexpr double kForward = 92'000;

// As many options as a venue listed on one coin in December 2025: 338 strikes over 11 expiries, a
// call and a put each, premium in the coin; 27 cells and 8 damped tails.
TableDescription chain() {
  TableDescription table;
  table.risk_decimals = 6;
  table.volatility = {.up_ppm = 500'000,
                      .down_ppm = 250'000,
                      .pivot_days = 30,
                      .short_power_ppm = 300'000,
                      .long_power_ppm = 130'000,
                      .floor_up_ppm = 500'000,
                      .days_min_ppm = 10'000};
  for (int step = -4; step <= 4; ++step) {
    for (const VolatilityShift shift :
         {VolatilityShift::Down, VolatilityShift::None, VolatilityShift::Up}) {
      table.columns.push_back({.move_ppm = {step * 40'000}, .volatility = shift});
    }
  }
  for (const int percent : {-66, -33, 50, 100, 200, 300, 400, 500}) {
    table.columns.push_back({.move_ppm = {percent * 10'000},
                             .volatility = VolatilityShift::Up,
                             .weight_numerator = 16,
                             .weight_denominator = std::abs(percent)});
  }
  constexpr std::array<double, 11> kDays{1, 2, 3, 8, 15, 22, 50, 85, 113, 204, 295};
  for (std::size_t i = 0; i < 338; ++i) {
    const double days = kDays[i % kDays.size()];
    const double width = 0.02 + 0.05 * std::sqrt(days / 10);
    const std::size_t strike = i / kDays.size();
    const double place = static_cast<double>(strike) - 15;  // -15 .. 15
    for (const OptionKind kind : {OptionKind::Call, OptionKind::Put}) {
      const TableOption option{.kind = kind,
                               .strike = kForward * std::exp(place / 5 * width),
                               .multiplier = 0.1,
                               .factor = 0,
                               .settlement_factor = 0,
                               .premium = Premium::Coin,
                               .market = {.forward = kForward,
                                          .volatility = 0.45 + 0.001 * place * place,
                                          .years = days / kDaysPerYear,
                                          .discount = 1,
                                          .settlement_index = kForward}};
      table.rows.push_back(
          {.name = {}, .vector_unit = 1'000'000'000, .vector_cap = 1 << 28, .source = option});
    }
  }
  return table;
}

void BM_BuildTable(benchmark::State& state) {
  const TableDescription description = chain();
  for (auto _ : state) {
    const BuiltTable built = build_table(description);
    if (!built.table) {
      state.SkipWithError("the table has problems");
      break;
    }
    benchmark::DoNotOptimize(built.table->gains.data());
  }
  state.SetLabel("676 options, 35 columns");
  state.SetItemsProcessed(
      state.iterations() *
      static_cast<std::int64_t>(description.rows.size() * description.columns.size()));
}
BENCHMARK(BM_BuildTable)->Unit(benchmark::kMicrosecond);

// A chain of `count` options in ten expiries, in 64 cells: 21 moves of the price with the volatility
// down, as it is and up, and one damped tail. Whoever is told of it has its whole market.
constexpr std::int64_t kExpiries = 10;

TableGroup group_of(std::int64_t count, std::int64_t table_move_max_ppm) {
  test::ChainsChoice choice{.strikes = static_cast<std::size_t>(count / kExpiries / 2)};
  for (std::int64_t i = 1; i <= kExpiries; ++i) choice.expiries_ns.push_back(i * i * test::kDay);
  choice.rebuild.table_move_max_ppm = table_move_max_ppm;
  choice.rebuild.age_ns = test::kMs;
  choice.rebuild.pause_ns = 0;
  choice.columns.clear();
  for (std::int32_t step = -10; step <= 10; ++step) {
    for (const VolatilityShift shift :
         {VolatilityShift::Down, VolatilityShift::None, VolatilityShift::Up})
      choice.columns.push_back({.move_ppm = {step * 16'000}, .volatility = shift});
  }
  choice.columns.push_back({.move_ppm = {500'000},
                            .volatility = VolatilityShift::Up,
                            .weight_numerator = 16,
                            .weight_denominator = 50});
  return option_chains(choice);
}

void tell_all(TableService& service, const TableGroup& group, risk::Timestamp now, bool smiles) {
  service.set_mark(0, 0, {920'000}, now, now);
  service.set_index(0, test::kCoinAsset, kForward, now, now);
  for (std::uint32_t c = 0; c < group.chains.size(); ++c)
    service.set_forward(0, c, kForward, now, now);
  for (std::uint32_t row = 0; row < group.rows.size(); ++row)
    if (!smiles || row % 2 == 0)
      service.set_volatility(0, row, 0.5 + 0.001 * (row / 2 % 50), now, now);
}

// From what it was told to a table with its hash. `lag`: with three states of each cell; `smile`: half
// of the options have the volatility of their chain's.
void build_by_service(benchmark::State& state, std::int64_t count, bool lag, bool smiles) {
  const TableGroup group = group_of(count, lag ? 5'000 : 0);
  TableService service({group});
  std::int64_t now_ns = 0;
  for (auto _ : state) {
    state.PauseTiming();
    now_ns += 2 * test::kMs;
    tell_all(service, group, test::later(now_ns), smiles);
    state.ResumeTiming();
    const std::optional<PublishedTable> table = service.step(test::later(now_ns));
    if (!table) {
      state.SkipWithError("there is no table");
      break;
    }
    service.settle(table->group, table->version, true, table->valid_from);
  }
  state.counters["per_instrument"] =
      benchmark::Counter(static_cast<double>(state.iterations() * count),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
void BM_RebuildTable(benchmark::State& state) {
  build_by_service(state, state.range(0), state.range(1) != 0, state.range(2) != 0);
}
BENCHMARK(BM_RebuildTable)
    ->ArgNames({"options", "lag", "smile"})
    ->Args({20, 0, 0})
    ->Args({1'000, 0, 0})
    ->Args({1'000, 0, 1})
    ->Args({1'000, 1, 0})
    ->Unit(benchmark::kMicrosecond);

// A forward and a volatility, and the question whether a table is due: what a ticker costs.
void BM_TakeTicker(benchmark::State& state) {
  const TableGroup group = group_of(1'000, 0);
  TableService service({group});
  const risk::Timestamp now = test::kStart;
  tell_all(service, group, now, false);
  benchmark::DoNotOptimize(service.step(now));
  MarketUpdate update{.source_time_ns = now.ns};
  update[MarketField::Underlying] = config::ExactDecimal{92'000'01, 2};
  update[MarketField::MarkIv] = config::ExactDecimal{5'001, 4};
  std::uint32_t row = 0;
  for (auto _ : state) {
    row = (row + 1) % 1'000;
    service.take(0, row, update, now);
    benchmark::DoNotOptimize(service.step(now));
  }
}
BENCHMARK(BM_TakeTicker);

void BM_FitSmile(benchmark::State& state) {
  std::vector<SmilePoint> points;
  for (int i = 0; i < 100; ++i)
    points.push_back({kForward * (0.5 + 0.01 * (i / 2)), 0.9 - 0.005 * (i / 2)});
  for (auto _ : state) benchmark::DoNotOptimize(fit_smile(kForward, points));
  state.SetLabel("50 strikes, a call and a put each");
}
BENCHMARK(BM_FitSmile)->Unit(benchmark::kMicrosecond);

// The bytes of a table of 1,000 options and 64 cells, and their SHA-256.
void BM_EncodeAndHash(benchmark::State& state) {
  risk::RiskTable table;
  table.gains.assign(64'000, 12'345);
  table.measures.resize(1'000);
  for (auto _ : state) benchmark::DoNotOptimize(hash_of(encode_table(table)));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(encode_table(table).size()));
}
BENCHMARK(BM_EncodeAndHash)->Unit(benchmark::kMicrosecond);

void BM_Black76(benchmark::State& state) {
  Black76Inputs inputs{OptionKind::Call, kForward, 95'000, 0.1, 0.45, 1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(inputs);
    benchmark::DoNotOptimize(black76(inputs));
  }
}
BENCHMARK(BM_Black76);

}  // namespace
}  // namespace portcullis::feeds
