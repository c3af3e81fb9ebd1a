// assets.json: the risk currency, and what can be a balance (METHOD 3.2, 3.8).
//
//   risk_currency   name, and decimals: values are counted in quanta of 10^-decimals
//   assets          by name:
//     decimals        a unit is 10^-decimals of the asset
//     index_decimals  its index (price in the risk currency) is counted in 10^-index_decimals
//     index_max       the highest index that is believed; proves that sums fit their integers
//     debt_addon      a debt counts 1 + debt_addon times
//     scenario_mode   static: its haircut value does not move. both: it moves with the factor
//     factor          what the asset's price moves with in scenarios, or null (static only)
//     haircut_tiers   shares cut off a positive balance, up to so many of the asset each (the last
//                     one null: no end), never falling. haircut is what a static asset is cut by; a
//                     moving one is cut by residual_haircut, and haircut must cover that and the
//                     factor's range, so that nothing is gained by calling it static
//
// instruments.json: what can be traded (linear instruments: gains and losses are lots times the
// move of the price).
//   instruments     by name:
//     kind            perpetual, future, equity or fx
//     settlement      the asset in which gains, losses and fees are paid
//     factor          what its price moves with
//     multiplier      units of the settlement asset that a quantity of 1 gains when the price
//                     rises by 1
//     lot, tick       the steps of quantity and price
//     mark_decimals   marks are counted in 10^-mark_decimals; a tick is a whole number of those
//     price_max       the highest price that is believed of the feed; every link must carry it
//     maker_fee_ppm, taker_fee_ppm   of the notional; negative: a rebate, which is not counted
//     market_orders   whether they are taken
//     venue           symbol, price_scale and quantity_scale on its link (load_sessions.cpp)
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;

constexpr int kAssetDecimalsMax = 12;
constexpr int kRiskDecimalsMax = 9;
// wide_denominator is at most 10^kWideDigitsMax, so that a value of kValueMax quanta times 1e6 and
// times the denominator, with two digits to spare for sums, fits 127 bits.
constexpr int kWideDigitsMax = 12;
constexpr std::int64_t kUnitsMax = std::int64_t{1} << 60;

std::int64_t pow10(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// One tier; `previous` is the one before it, or null; `range` how far the asset falls in scenarios.
risk::HaircutTier read_tier(JsonReader& in, const AssetSettings& asset, bool moves,
                            std::int64_t range, const risk::HaircutTier* previous) {
  risk::HaircutTier tier;
  tier.upto = risk::kUnlimited;
  if (!in.null("upto")) {
    const risk::Amount before = previous != nullptr ? previous->upto : risk::Amount{};
    const auto upto = in.decimal("upto", asset.decimals, 1, kUnitsMax);
    tier.upto = upto ? risk::Amount{*upto} : before;
    if (upto && tier.upto <= before) {
      in.problem("upto", "must be more than that of the tier before it");
    }
  }
  const auto haircut = in.decimal("haircut", kPpmScale, 0, kPpm);
  const auto residual = moves ? in.decimal("residual_haircut", kPpmScale, 0, kPpm) : 0;
  const auto effective = moves ? residual : haircut;
  tier.rate_ppm = kPpm - effective.value_or(kPpm);
  if (effective && previous != nullptr && tier.rate_ppm > previous->rate_ppm) {
    in.problem(moves ? "residual_haircut" : "haircut",
               "must not be less than that of the tier before it");
  }
  if (haircut && residual && *haircut < std::min(*residual + range, kPpm)) {
    in.problem("haircut",
               fmt::format("must be at least {}, the residual haircut and the range {} of the "
                           "factor in the per-group sets",
                           to_decimal(std::min(*residual + range, kPpm), kPpmScale),
                           to_decimal(range, kPpmScale)));
  }
  return tier;
}

void read_tiers(const Loading& loading, JsonReader& in, const AssetSettings& asset,
                risk::AssetParameters& parameters) {
  const bool moves = parameters.mode != risk::CollateralMode::Static;
  const std::int64_t range = range_of(loading, parameters.factor).down_ppm;
  bool is_open = true;  // no tier without an end yet
  in.each_item("haircut_tiers", [&](JsonReader& item) {
    if (!item.readable()) return;
    if (!is_open) item.problem("", "the tier before it has no end already");
    const auto* previous = parameters.haircut.empty() ? nullptr : &parameters.haircut.back();
    parameters.haircut.push_back(
        read_tier(item, asset, moves, range, is_open ? previous : nullptr));
    is_open = is_open && !item.null("upto");
  });
  if (is_open && in.is_list("haircut_tiers")) {
    in.problem("haircut_tiers", "must end with a tier whose upto is null");
  }
}

void read_asset(Loading& loading, JsonReader in) {
  in.not_yet({"share_cap", "free_allowance", "borrow_max", "interest"});
  AssetSettings asset;
  risk::AssetParameters parameters;
  const auto decimals = in.integer("decimals", 0, kAssetDecimalsMax);
  const auto index_decimals = in.integer("index_decimals", 0, kAssetDecimalsMax);
  asset.decimals = static_cast<int>(decimals.value_or(0));
  asset.index_decimals = static_cast<int>(index_decimals.value_or(0));
  const int excess = asset.decimals + asset.index_decimals - loading.out.risk_decimals;
  if (excess > kWideDigitsMax) {
    in.problem("index_decimals",
               fmt::format("decimals and index_decimals together must be at most {}, "
                           "the risk currency's decimals and {}",
                           loading.out.risk_decimals + kWideDigitsMax, kWideDigitsMax));
  }
  asset.index_max = in.decimal("index_max", asset.index_decimals, 1, kUnitsMax).value_or(0);
  const auto whole_asset = std::optional(Ratio{std::max(asset.index_max, std::int64_t{1}), 1}) *
                           power_of_ten(loading.out.risk_decimals - asset.index_decimals);
  if (!whole_asset || whole_asset->numerator / whole_asset->denominator > risk::kValueMax) {
    in.problem("index_max", "one of the asset would be worth more than 2^60 quanta");
  }
  parameters.debt_addon_ppm = in.decimal("debt_addon", kPpmScale, 0, 10 * kPpm).value_or(0);
  const auto mode = in.choice<risk::CollateralMode>(
      "scenario_mode",
      {{"static", risk::CollateralMode::Static}, {"both", risk::CollateralMode::Both}},
      {"downside_only", "upside_only"});
  parameters.mode = mode.value_or(risk::CollateralMode::Static);
  if (!in.null("factor")) {
    parameters.factor = in.reference("factor", loading.out.names.factors, "a factor of margin.json")
                            .value_or(risk::FactorIndex{});
  } else if (parameters.mode != risk::CollateralMode::Static) {
    in.problem("factor", "must be there, since scenario_mode is not static");
  }
  if (parameters.mode != risk::CollateralMode::Static && parameters.factor.exists() &&
      loading.margin_ok && range_of(loading, parameters.factor).any_down_ppm == 0) {
    in.problem("factor", "falls in no scenario, so nothing but the residual haircut would be cut");
  }
  if (mode) {
    read_tiers(loading, in, asset, parameters);
  } else {
    in.skip("haircut_tiers");  // the mode says which keys a tier has
  }
  loading.out.assets.push_back(asset);
  loading.out.parameters.assets.push_back(std::move(parameters));
}

// index * wide_per_index / wide_denominator quanta is one unit's value:
// 10^-decimals * index * 10^-index_decimals * 10^risk_decimals.
void set_wide_units(Loading& loading, JsonReader& assets) {
  const auto excess = [&](const AssetSettings& asset) {
    return asset.decimals + asset.index_decimals - loading.out.risk_decimals;
  };
  int digits = 0;
  for (const AssetSettings& asset : loading.out.assets) digits = std::max(digits, excess(asset));
  digits = std::min(digits, kWideDigitsMax);
  loading.out.parameters.wide_denominator = pow10(digits);
  for (std::size_t a = 0; a < loading.out.assets.size(); ++a) {
    const int exponent = digits - excess(loading.out.assets[a]);
    if (exponent > kDecimalScaleMax) {
      assets.problem(
          loading.out.names.assets.names()[a],
          fmt::format("decimals and index_decimals together are more than {} below those of "
                      "another asset",
                      kDecimalScaleMax));
    } else {
      loading.out.parameters.assets[a].wide_per_index = pow10(std::max(exponent, 0));
    }
  }
}

// The digits behind the point of `value`, which has so few.
int decimals_of(const Ratio& value) {
  int decimals = 0;
  while (decimals < kDecimalScaleMax && !(value * power_of_ten(decimals))->whole()) ++decimals;
  return decimals;
}

// Money, quantities and prices have decimal steps: 1/3 of a share is none.
std::optional<Ratio> read_step(JsonReader& in, std::string_view key, int decimals_max) {
  const auto value = in.decimal(key, decimals_max, 1, kUnitsMax);
  if (!value) return std::nullopt;
  return std::optional(Ratio{*value, 1}) * power_of_ten(-decimals_max);
}

void read_sizes(Loading& loading, JsonReader& in, InstrumentSettings& instrument,
                risk::InstrumentParameters& parameters, Loading::Instrument& steps) {
  constexpr int kStepDecimalsMax = 9;
  const auto multiplier = read_step(in, "multiplier", kStepDecimalsMax);
  steps.lot = read_step(in, "lot", kStepDecimalsMax);
  const auto mark_decimals = in.integer("mark_decimals", 0, kAssetDecimalsMax);
  instrument.mark_decimals = static_cast<int>(mark_decimals.value_or(0));
  const auto tick = in.decimal("tick", instrument.mark_decimals, 1, kUnitsMax);
  const auto price_max = in.decimal("price_max", instrument.mark_decimals, 1, kUnitsMax);
  instrument.mark_max = {price_max.value_or(0)};
  parameters.marks_per_tick = tick.value_or(0);
  if (tick) steps.tick = std::optional(Ratio{*tick, 1}) * power_of_ten(-instrument.mark_decimals);
  if (tick && price_max && *price_max % *tick != 0) {
    in.problem("price_max", "must be a whole number of ticks");
  }
  if (steps.lot) {
    instrument.quantity_decimals = decimals_of(*steps.lot);
    const auto lot = steps.lot * power_of_ten(instrument.quantity_decimals);
    instrument.lot = lot->whole().value_or(0);
  }
  if (!steps.lot || !multiplier || !mark_decimals || !parameters.settlement.exists()) return;
  const AssetSettings& settlement = loading.out.assets[parameters.settlement.value];
  const auto units = *steps.lot * multiplier * power_of_ten(settlement.decimals) *
                     power_of_ten(-instrument.mark_decimals);
  const auto whole = units ? units->whole() : std::nullopt;
  parameters.units_per_lot_mark = whole.value_or(0);
  if (!whole || *whole > kUnitsMax) {
    in.problem("lot",
               fmt::format("one lot gains {} units of {} when the mark rises by one unit: lot * "
                           "multiplier * 10^-mark_decimals must be a whole number of units",
                           units ? to_text(*units) : "too many",
                           loading.out.names.assets.name(parameters.settlement)));
  }
}

// Gains and costs of fills change what an account has of the settlement asset. Where that moves in
// scenarios, no fill may change a requirement by more than it changes the equity.
void check_settlement(const Loading& loading, JsonReader& in, risk::AssetIndex settlement) {
  if (!settlement.exists()) return;
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::AssetParameters& asset = parameters.assets[settlement.value];
  if (asset.mode == risk::CollateralMode::Static || !asset.factor.exists()) return;
  const Range range = range_of(loading, asset.factor);
  const std::int64_t mult = std::max(parameters.group_mult_ppm, parameters.joint_mult_ppm);
  if (range.any_up_ppm > 0) {
    in.problem("settlement",
               fmt::format("moves in scenarios and rises by {} in one: what gains and costs are "
                           "paid in may only fall, or be static",
                           to_decimal(range.any_up_ppm, kPpmScale)));
  } else if (Int128{range.any_down_ppm} * mult > Int128{kPpm} * kPpm) {
    in.problem("settlement",
               fmt::format("falls by {} in a scenario, and {} times as much is required: more than "
                           "it is worth",
                           to_decimal(range.any_down_ppm, kPpmScale), to_decimal(mult, kPpmScale)));
  }
}

// A fee is counted in units of the settlement asset, a notional in quanta.
void check_lot_value(const Loading& loading, JsonReader& in, risk::InstrumentIndex index) {
  const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
  const Int128 units =
      Int128{instrument.units_per_lot_mark} * loading.out.instruments[index.value].mark_max.raw;
  if (units <= risk::kValueMax && value_max(loading.out, index, risk::Lots{1})) return;
  in.problem("lot", fmt::format("one lot is worth more than 2^60 units of {}, or 2^60 quanta, at "
                                "price_max and index_max",
                                loading.out.names.assets.name(instrument.settlement)));
}

void read_instrument(Loading& loading, JsonReader in, const std::string& name) {
  in.not_yet({"funding", "expiry", "strike", "option_type", "spread"});
  const std::size_t problems_before = loading.problem_count();
  const risk::InstrumentIndex index = loading.out.names.instruments.find(name);
  InstrumentSettings instrument;
  risk::InstrumentParameters parameters;
  loading.instruments.emplace_back();
  Loading::Instrument& steps = loading.instruments.back();
  instrument.kind =
      in.choice<InstrumentKind>("kind",
                                {{"perpetual", InstrumentKind::Perpetual},
                                 {"future", InstrumentKind::Future},
                                 {"equity", InstrumentKind::Equity},
                                 {"fx", InstrumentKind::Fx}},
                                {"inverse_perpetual", "inverse_future", "option", "spot"})
          .value_or(InstrumentKind::Perpetual);
  parameters.settlement =
      in.reference("settlement", loading.out.names.assets, "an asset").value_or(risk::AssetIndex{});
  check_settlement(loading, in, parameters.settlement);
  parameters.factor = in.reference("factor", loading.out.names.factors, "a factor of margin.json")
                          .value_or(risk::FactorIndex{});
  read_sizes(loading, in, instrument, parameters, steps);
  const auto maker = in.integer("maker_fee_ppm", -kPpm, kPpm);
  const auto taker = in.integer("taker_fee_ppm", -kPpm, kPpm);
  parameters.fee_ppm = std::max({maker.value_or(0), taker.value_or(0), std::int64_t{0}});
  parameters.market_orders = in.boolean("market_orders").value_or(false);

  loading.out.instruments.push_back(instrument);
  loading.out.parameters.instruments.push_back(parameters);
  JsonReader venue = in.object("venue");
  const std::string symbol = venue.text("symbol", 1, 8).value_or("");
  loading.out.instruments.back().venue = read_alias(loading, venue, symbol, index);
  if (in.readable() && loading.assets_ok && loading.problem_count() == problems_before) {
    check_lot_value(loading, in, index);
  }
  steps.ok = in.readable() && loading.problem_count() == problems_before;
}

}  // namespace

void load_assets(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  {
    JsonReader root(kAssetsFile, json, loading.problems);
    JsonReader currency = root.object("risk_currency");
    loading.out.risk_currency = currency.text("name", 1, 32).value_or("");
    loading.out.risk_decimals =
        static_cast<int>(currency.integer("decimals", 0, kRiskDecimalsMax).value_or(0));
    JsonReader assets = root.object("assets");
    for (const std::string& name : assets.keys()) {
      check_name(assets, name);
      loading.out.names.assets.add(name);
      read_asset(loading, assets.object(name));
    }
    if (assets.readable() && loading.out.assets.empty()) assets.problem("", "must not be empty");
    set_wide_units(loading, assets);
  }
  loading.assets_ok = loading.problem_count() == problems_before;
}

void load_instruments(Loading& loading, const Json& json) {
  JsonReader root(kInstrumentsFile, json, loading.problems);
  JsonReader instruments = root.object("instruments");
  std::set<WireSymbol> symbols;
  for (const std::string& name : instruments.keys()) {
    check_name(instruments, name);
    loading.out.names.instruments.add(name);
    read_instrument(loading, instruments.object(name), name);
    const WireSymbol symbol = loading.out.instruments.back().venue.symbol;
    if (symbol != padded<8>("") && !symbols.insert(symbol).second) {
      instruments.problem(name, "another instrument has this venue symbol");
    }
  }
  if (instruments.readable() && loading.out.instruments.empty()) {
    instruments.problem("", "must not be empty");
  }
}

}  // namespace portcullis::config
