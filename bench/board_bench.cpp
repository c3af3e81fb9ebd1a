// Reference prices: nanoseconds for one update of one of three venues, to the price that comes of it,
// and for a step over a thousand references when nothing is due.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "feeds/board/price_board.h"

namespace portcullis::feeds {
namespace {

constexpr std::uint32_t kVenues = 3;

config::Deployment deployment(config::ReferenceRule rule, std::uint32_t references) {
  config::Deployment out;
  for (std::uint32_t v = 0; v < kVenues; ++v) {
    config::SourceSettings source;
    source.dialect = config::SourceDialect::Deribit;
    source.venue = fmt::format("venue{}", v);
    out.names.sources.add(source.venue);
    out.feed.sources.push_back(std::move(source));
  }
  for (std::uint32_t i = 0; i < references; ++i) {
    config::ReferenceSettings rules;
    rules.rule = rule;
    rules.asset = out.names.assets.add(fmt::format("A{}", i));
    rules.decimals = 2;
    rules.price_min = 1;
    rules.price_max = 1'000'000'000;
    rules.min_sources = 2;
    rules.max_age_ns = 1'000'000'000'000;
    rules.divergence_ppm = 10'000;
    rules.jump_ppm = 100'000;
    rules.jump_updates = 3;
    for (std::uint32_t v = 0; v < kVenues; ++v) {
      const bool is_median = rule == config::ReferenceRule::Median;
      rules.sources.push_back({.source = {v},
                               .symbol = fmt::format("SYMBOL-{}", i),
                               .field = config::SourceField::Mark,
                               .role = is_median || v == 2 ? config::SourceRole::Voter
                                       : v == 0            ? config::SourceRole::Primary
                                                           : config::SourceRole::Fallback});
    }
    out.assets.emplace_back();
    out.feed.references.push_back(std::move(rules));
  }
  return out;
}

void take(benchmark::State& state, config::ReferenceRule rule) {
  constexpr std::uint32_t kReferences = 1'000;
  std::uint64_t prices = 0;
  PriceBoard board(deployment(rule, kReferences), {.price = [&](const PriceUpdate&) { ++prices; }});
  std::vector<std::string> symbols;
  for (std::uint32_t i = 0; i < kReferences; ++i) symbols.push_back(fmt::format("SYMBOL-{}", i));
  MarketUpdate update;
  std::int64_t now = 0;
  std::uint32_t at = 0;
  for (auto _ : state) {
    ++now;
    update.symbol = symbols[at / kVenues];
    update.source_time_ns = now;
    update[MarketField::Mark] = config::ExactDecimal{6'000'000 + now % 100, 2};
    board.take({at % kVenues}, update, now);
    at = at + 1 == kReferences * kVenues ? 0 : at + 1;
  }
  // Of each venue's first prices one is too few.
  if (state.iterations() > 10 && prices == 0) std::abort();
}
BENCHMARK_CAPTURE(take, median_of_three, config::ReferenceRule::Median);
BENCHMARK_CAPTURE(take, primary_with_fallback, config::ReferenceRule::PrimaryWithFallback);

void BM_StepOverAThousand(benchmark::State& state) {
  PriceBoard board(deployment(config::ReferenceRule::Median, 1'000), {});
  std::int64_t now = 0;
  for (auto _ : state) board.step(++now);
}
BENCHMARK(BM_StepOverAThousand);

}  // namespace
}  // namespace portcullis::feeds
