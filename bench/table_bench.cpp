// How long it takes to publish a group's risk table, off the order path: a refresh of every option
// of a chain after its market has moved.

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "feeds/black76.h"
#include "feeds/table_builder.h"

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
