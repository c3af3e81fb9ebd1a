// A group of options for the table service: some expiries of some strikes, calls and puts, on one
// anchored underlying.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "feeds/table_service.h"
#include "tests/support/durations.h"

namespace portcullis::test {

inline constexpr risk::Timestamp kStart{1'764'000'000 * kSecond};
inline constexpr std::uint32_t kUsdAsset = 0;  // always 1
inline constexpr std::uint32_t kCoinAsset = 1;

inline risk::Timestamp later(std::int64_t ns) { return {kStart.ns + ns}; }

// Deribit's, METHOD 1.1: 27 cells and 8 damped tails.
inline std::vector<feeds::ColumnMove> deribit_columns() {
  std::vector<feeds::ColumnMove> columns;
  for (int j = -4; j <= 4; ++j) {
    for (const auto shift :
         {feeds::VolatilityShift::Down, feeds::VolatilityShift::None, feeds::VolatilityShift::Up})
      columns.push_back({.move_ppm = {j * 40'000}, .volatility = shift});
  }
  for (const int percent : {-66, -33, 50, 100, 200, 300, 400, 500}) {
    columns.push_back({.move_ppm = {percent * 10'000},
                       .volatility = feeds::VolatilityShift::Up,
                       .weight_numerator = 16,
                       .weight_denominator = percent < 0 ? -percent : percent});
  }
  return columns;
}

struct ChainsChoice {
  std::uint32_t group = 0;
  std::vector<std::int64_t> expiries_ns{};  // after kStart
  std::size_t strikes = 6;                  // of each; 5 % apart, around `price`
  double price = 92'000;
  feeds::Premium premium = feeds::Premium::Coin;
  bool with_rule = false;
  feeds::RebuildSettings rebuild{.age_ns = 2 * kSecond,
                                 .pause_ns = 100 * kMs,
                                 .price_move_ppm = 1'000,
                                 .volatility_move_ppm = 10'000,
                                 .table_age_max_ns = 20 * kSecond,
                                 .table_move_max_ppm = 5'000,
                                 .price_age_max_ns = 5 * kSecond,
                                 .volatility_age_max_ns = 10 * kSecond,
                                 .basis_max_ppm = 100'000};
  std::vector<feeds::ColumnMove> columns = deribit_columns();
};

// Marks are in tenths. Rows: chain by chain, strike by strike, a call and a put.
inline feeds::TableGroup option_chains(const ChainsChoice& choice) {
  feeds::TableGroup group;
  group.name = fmt::format("group {}", choice.group);
  group.description.parameter_version = 1;
  group.description.group = {choice.group};
  group.description.risk_decimals = 4;
  group.description.columns = choice.columns;
  group.description.table_move_max_ppm = choice.rebuild.table_move_max_ppm;
  group.description.volatility = {.up_ppm = 500'000,
                                  .down_ppm = 250'000,
                                  .pivot_days = 30,
                                  .short_power_ppm = 300'000,
                                  .long_power_ppm = 130'000,
                                  .floor_up_ppm = 500'000,
                                  .days_min_ppm = risk::kPpm};
  if (choice.with_rule) {
    group.description.initial_rule = {
        .less_otm_ppm = 150'000, .floor_ppm = 100'000, .premium_ppm = 1'000'000};
    group.description.maintenance_rule = {.floor_ppm = 75'000, .premium_ppm = 1'000'000};
  }
  group.rebuild = choice.rebuild;
  group.anchors = {{.name = "PERP", .instrument = {0}, .mark_unit = 0.1}};
  group.assets = {{.name = "USD", .fixed_index = 1.0}, {.name = "COIN"}};
  const bool coin = choice.premium == feeds::Premium::Coin;
  for (std::size_t c = 0; c < choice.expiries_ns.size(); ++c) {
    group.chains.push_back(
        {.name = fmt::format("E{}", c), .expiry = later(choice.expiries_ns[c]), .anchor = 0});
    for (std::size_t s = 0; s < choice.strikes; ++s) {
      const double step = static_cast<double>(s) - static_cast<double>(choice.strikes - 1) / 2;
      const double strike = std::round(choice.price * std::exp(0.05 * step));
      for (const auto kind : {feeds::OptionKind::Call, feeds::OptionKind::Put}) {
        const bool call = kind == feeds::OptionKind::Call;
        group.description.rows.push_back(
            {.name = fmt::format("E{}-{}-{}", c, std::lround(strike), call ? "C" : "P"),
             .vector_unit = 10'000'000,  // a thousandth
             .vector_cap = 1 << 28,
             .source = feeds::TableOption{.kind = kind,
                                          .strike = strike,
                                          .multiplier = 0.1,
                                          .factor = 0,
                                          .settlement_factor = coin ? 0 : risk::kNone32,
                                          .premium = choice.premium,
                                          .market = {}}});
        group.rows.push_back({.chain = static_cast<std::uint32_t>(c),
                              .settlement = coin ? kCoinAsset : kUsdAsset,
                              .underlying = choice.with_rule ? kCoinAsset : risk::kNone32});
      }
    }
  }
  return group;
}

}  // namespace portcullis::test
