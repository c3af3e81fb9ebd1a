// instruments.json: what can be traded.
//   instruments     by name:
//     kind            perpetual, future, equity, fx, option: linear, gains and losses are lots times
//                     the move of the price. inverse_perpetual, inverse_future: a quantity is so
//                     much of the quoted currency, paid in the coin. spot: a fill exchanges balances
//     settlement      the asset in which gains, losses and fees are paid; of spot, and of an option
//                     the premium, what is paid with
//     factor          what its price moves with
//     multiplier      linear: units of the settlement asset that a quantity of 1 gains when the price
//                     rises by 1
//     contract        inverse: what a quantity of 1 is of the quoted currency
//     base            spot: the asset of which a quantity of 1 is one
//     lot, tick       the steps of quantity and price
//     mark_decimals   marks are counted in 10^-mark_decimals; a tick is a whole number of those
//     price_max       the highest price that is believed of the feed; every link must carry it
//     maker_fee_ppm, taker_fee_ppm   of the notional; negative: a rebate, which is not counted
//     market_orders   whether they are taken
//     expiry          future, inverse_future, option: the time, UTC
//     strike, option_type (call, put), premium (upfront, futures_style)   option
//     long_value      option with an upfront premium: whether a long position counts as capital; true
//                     by default
//     risk            what the margin rests on: factor, or table, integers for a lot and column from
//                     the group's risk table. Options: table; futures: factor by default; others:
//                     factor
//     lot_value_max   table: the most that one lot can gain or lose in a column, in the risk currency
//     reference       the instrument of the same group whose notional this one has for limits and
//                     add-ons; its own by default. reference_ratio, lots of it in a lot; 1 by default
//     open_interest_max   quantity; none by default
//     json_symbol     what JSON clients call it, 1 to 32 characters and unique in its category (spot,
//                     option, inverse, or linear, which is all else); null, the default: they cannot
//                     trade it
//     venue           symbol, price_scale and quantity_scale on its link (load_sessions.cpp)
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/iso_time.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;
using risk::Payoff;

constexpr int kStepDecimalsMax = 9;
constexpr int kMarkDecimalsMax = 12;
constexpr std::int64_t kVectorMax = std::int64_t{1} << 28;
constexpr std::int64_t kPerTenthOfBp = 100'000;
constexpr std::int64_t kRatioMax = 1'000'000 * kPpm;

Payoff payoff_of(InstrumentKind kind) {
  switch (kind) {
    case InstrumentKind::Perpetual:
    case InstrumentKind::Future:
    case InstrumentKind::Equity:
    case InstrumentKind::Fx:
    case InstrumentKind::Option:
      return Payoff::Linear;
    case InstrumentKind::InversePerpetual:
    case InstrumentKind::InverseFuture:
      return Payoff::Inverse;
    case InstrumentKind::Spot:
      return Payoff::Spot;
  }
  return Payoff::Linear;
}

bool expires(InstrumentKind kind) {
  return kind == InstrumentKind::Future || kind == InstrumentKind::InverseFuture ||
         kind == InstrumentKind::Option;
}

// The digits behind the point of `value`, which has so few.
int decimals_of(const Ratio& value) {
  int decimals = 0;
  while (decimals < kDecimalScaleMax && !(value * power_of_ten(decimals))->whole()) ++decimals;
  return decimals;
}

// Money, quantities and prices have decimal steps: 1/3 of a share is none.
std::optional<Ratio> read_step(JsonReader& in, std::string_view key) {
  const auto value = in.decimal(key, kStepDecimalsMax, 1, kUnitsMax);
  if (!value) return std::nullopt;
  return std::optional(Ratio{*value, 1}) * power_of_ten(-kStepDecimalsMax);
}

// What fills pay in or out must be worth what scenarios require of it (risk/parameters.h).
void check_paid(const Loading& loading, JsonReader& in, std::string_view key,
                risk::AssetIndex index) {
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::AssetParameters& asset = parameters.assets[index.value];
  if (asset.mode == risk::CollateralMode::Static || !asset.factor.exists()) return;
  if (loading.margin_ok && risk::counts_falls(asset.mode) &&
      risk::falls_beyond_worth(asset.factor, parameters)) {
    in.problem(key,
               fmt::format("falls by {} in a scenario, of which the multipliers and the weights of "
                           "summed sets require more than it is worth",
                           to_decimal(range_of(loading, asset.factor).down_ppm, kPpmScale)));
  } else if (risk::counts_rises(asset.mode) && asset.tiers_by_value &&
             (asset.haircut.size() > 1 || asset.maintenance_haircut.size() > 1)) {
    in.problem(
        key,
        "has haircut tiers by value and counts rises: a gain may lower the rate of all of it; "
        "give it one tier, tiers in the asset, or another scenario_mode");
  }
}

// What an order costs is made with the initial rates, and must hold for maintenance where that is of
// open orders too (risk/parameters.h).
void check_maintenance(const Loading& loading, JsonReader& in, std::string_view key,
                       risk::AssetIndex index) {
  const risk::Parameters& parameters = loading.out.parameters;
  if (!loading.margin_ok || !loading.assets_ok || !parameters.maintenance_includes_orders) return;
  const risk::AssetParameters& asset = parameters.assets[index.value];
  if (!risk::costs_more_in_maintenance(asset)) return;
  if (asset.borrow_maintenance_ppm > asset.borrow_initial_ppm) {
    in.problem(key,
               fmt::format("has a higher borrow rate for maintenance ({}) than initially ({}), and "
                           "maintenance_includes_orders: what fills pay of it may then take more "
                           "than orders are held to cost",
                           to_decimal(asset.borrow_maintenance_ppm, kPpmScale),
                           to_decimal(asset.borrow_initial_ppm, kPpmScale)));
  } else {
    in.problem(key,
               fmt::format("counts less in its last tier for maintenance ({}) than initially ({}), "
                           "and maintenance_includes_orders: what fills bring of it may then count "
                           "less than orders are held to cost",
                           to_decimal(asset.tiers(true).back().rate_ppm, kPpmScale),
                           to_decimal(asset.haircut.back().rate_ppm, kPpmScale)));
  }
}

// Gains and costs of fills change what an account has of the settlement asset. Where that moves in
// scenarios, no fill may change a requirement by more than it changes the equity.
void check_settlement(const Loading& loading, JsonReader& in,
                      const risk::InstrumentParameters& instrument) {
  if (!instrument.settlement.exists()) return;
  const risk::Parameters& parameters = loading.out.parameters;
  const risk::AssetParameters& asset = parameters.assets[instrument.settlement.value];
  if (asset.mode == risk::CollateralMode::Static || !asset.factor.exists()) return;
  const Range range = range_of(loading, asset.factor);
  if (range.up_ppm > 0 && instrument.factor.exists() &&
      group_of(loading, asset.factor) != group_of(loading, instrument.factor)) {
    in.problem("settlement",
               fmt::format("moves in scenarios and rises by {} in one, with a factor of another "
                           "group than the instrument's: what gains and costs are paid in may then "
                           "only fall, or be static",
                           to_decimal(range.up_ppm, kPpmScale)));
  } else {
    check_paid(loading, in, "settlement", instrument.settlement);
  }
}

struct InstrumentReader {
  Loading& loading;
  JsonReader& in;
  Loading::Instrument& steps;
  InstrumentSettings settings{};
  risk::InstrumentParameters parameters{};

  void read() {
    const auto kind =
        in.choice<InstrumentKind>("kind", {{"perpetual", InstrumentKind::Perpetual},
                                           {"future", InstrumentKind::Future},
                                           {"equity", InstrumentKind::Equity},
                                           {"fx", InstrumentKind::Fx},
                                           {"inverse_perpetual", InstrumentKind::InversePerpetual},
                                           {"inverse_future", InstrumentKind::InverseFuture},
                                           {"option", InstrumentKind::Option},
                                           {"spot", InstrumentKind::Spot}});
    settings.kind = kind.value_or(InstrumentKind::Perpetual);
    parameters.payoff = payoff_of(settings.kind);
    parameters.settlement = in.reference("settlement", loading.out.names.assets, "an asset")
                                .value_or(risk::AssetIndex{});
    parameters.factor = in.reference("factor", loading.out.names.factors, "a factor of margin.json")
                            .value_or(risk::FactorIndex{});
    check_settlement(loading, in, parameters);
    read_prices();
    if (kind) {
      read_lot();
      read_life();
      read_risk();
    }
    read_trading();
    if (!kind) in.ignore_rest();  // it says which keys there are
  }

  void read_prices() {
    const auto mark_decimals = in.integer("mark_decimals", 0, kMarkDecimalsMax);
    settings.mark_decimals = static_cast<int>(mark_decimals.value_or(0));
    const auto tick = in.decimal("tick", settings.mark_decimals, 1, kUnitsMax);
    const auto price_max = in.decimal("price_max", settings.mark_decimals, 1, kUnitsMax);
    settings.mark_max = {price_max.value_or(0)};
    parameters.marks_per_tick = tick.value_or(0);
    if (tick) steps.tick = std::optional(Ratio{*tick, 1}) * power_of_ten(-settings.mark_decimals);
    if (tick && price_max && *price_max % *tick != 0) {
      in.problem("price_max", "must be a whole number of ticks");
    }
    steps.lot = read_step(in, "lot");
    if (!steps.lot) return;
    settings.quantity_decimals = decimals_of(*steps.lot);
    const auto lot = steps.lot * power_of_ten(settings.quantity_decimals);
    settings.lot = lot->whole().value_or(0);
  }

  // What a lot is, in units of the assets.
  void read_lot() {
    std::optional<Ratio> size;
    std::string_view what;
    switch (parameters.payoff) {
      case Payoff::Linear:
        size = read_step(in, "multiplier");
        what = "lot * multiplier * 10^-mark_decimals";
        break;
      case Payoff::Inverse:
        size = read_step(in, "contract");
        what = "lot * contract * 10^mark_decimals";
        break;
      case Payoff::Spot:
        size = Ratio{};
        what = "lot * 10^-mark_decimals";
        read_base();
        break;
    }
    if (!steps.lot || !size || !parameters.settlement.exists()) return;
    const AssetSettings& settlement = loading.out.assets[parameters.settlement.value];
    const bool is_inverse = parameters.payoff == Payoff::Inverse;
    const auto units = *steps.lot * size * power_of_ten(settlement.decimals) *
                       power_of_ten(is_inverse ? settings.mark_decimals : -settings.mark_decimals);
    const auto whole = units ? units->whole() : std::nullopt;
    parameters.units_per_lot_mark = whole.value_or(0);
    if (whole && *whole <= kUnitsMax) return check_rounding();
    in.problem("lot", fmt::format("one lot {} {} units of {}{}: {} must be a whole number of units",
                                  is_inverse ? "at a price of one mark unit is" : "gains",
                                  units ? to_text(*units) : "too many",
                                  loading.out.names.assets.name(parameters.settlement),
                                  is_inverse ? "" : " when the mark rises by one unit", what));
  }

  void read_base() {
    const auto base = in.reference("base", loading.out.names.assets, "an asset");
    if (!base) return;
    parameters.base = *base;
    if (*base == parameters.settlement) {
      in.problem("base", "must be another asset than the settlement");
    }
    check_paid(loading, in, "base", *base);
    check_maintenance(loading, in, "base", *base);
    if (parameters.settlement.exists())
      check_maintenance(loading, in, "settlement", parameters.settlement);
    if (parameters.settlement.exists() && loading.assets_ok &&
        loading.out.parameters.assets[parameters.settlement.value].share_ppm != risk::kPpm) {
      in.problem("settlement", "has a share cap: what spot is paid in must count in full");
    }
    if (!steps.lot) return;
    const auto units = *steps.lot * power_of_ten(loading.out.assets[base->value].decimals);
    const auto whole = units ? units->whole() : std::nullopt;
    parameters.base_per_lot = whole.value_or(0);
    if (whole && *whole <= kUnitsMax) return;
    in.problem("lot", fmt::format("one lot is {} units of {}, and must be a whole number of them",
                                  units ? to_text(*units) : "too many",
                                  loading.out.names.assets.name(*base)));
  }

  // Coin amounts of fills are rounded: up to 3 units a lot are held for it.
  void check_rounding() {
    const std::int64_t mark_max = settings.mark_max.raw;
    if (parameters.payoff != Payoff::Inverse || mark_max == 0) return;
    if (Int128{3} * kPerTenthOfBp * mark_max <= parameters.units_per_lot_mark) return;
    in.problem("contract",
               fmt::format("a lot is {} units of {} at price_max, and 3 units, which are held for "
                           "rounding, are more than 0.1 bp of that: give the asset more decimals, "
                           "or make the lot larger",
                           parameters.units_per_lot_mark / mark_max,
                           loading.out.names.assets.name(parameters.settlement)));
  }

  void read_life() {
    if (expires(settings.kind)) {
      const auto text = in.text("expiry", 1, 64);
      const auto time = text ? parse_iso_time(*text) : std::nullopt;
      if (text && !time) {
        in.problem("expiry", "must be a UTC time such as \"2026-01-05T00:00:00Z\"");
      }
      settings.expiry = time.value_or(risk::Timestamp{});
    }
    if (settings.kind != InstrumentKind::Option) return;
    settings.strike = in.decimal("strike", kStrikeScale, 1, kUnitsMax).value_or(0);
    settings.option_type =
        in.choice<OptionType>("option_type", {{"call", OptionType::Call}, {"put", OptionType::Put}})
            .value_or(OptionType::Call);
    const auto upfront = in.choice<bool>("premium", {{"upfront", true}, {"futures_style", false}});
    parameters.upfront = upfront.value_or(false);
    parameters.long_value = read_bool_or(in, "long_value", true);
    if (upfront == false && !parameters.long_value) {
      in.problem("long_value", "must be true, since the premium is not paid upfront");
    }
    // Elsewhere a fill at the mark would move value from the asset to the option at a loss.
    if (parameters.upfront && parameters.settlement.exists() && loading.assets_ok &&
        !risk::counts_in_full(loading.out.parameters.assets[parameters.settlement.value])) {
      in.problem(
          "premium",
          fmt::format("is paid upfront in {}, which must then be static, without haircut and "
                      "without a share cap",
                      loading.out.names.assets.name(parameters.settlement)));
    } else if (parameters.upfront && parameters.settlement.exists()) {
      check_maintenance(loading, in, "settlement", parameters.settlement);
    }
  }

  void read_risk() {
    using risk::RiskSource;
    const bool is_option = settings.kind == InstrumentKind::Option;
    parameters.risk = is_option ? RiskSource::Table : RiskSource::Factor;
    if (in.has("risk")) {
      const auto source = in.choice<RiskSource>(
          "risk", {{"factor", RiskSource::Factor}, {"table", RiskSource::Table}});
      if (source == RiskSource::Factor && is_option) {
        in.problem("risk", "must be \"table\", since it is an option");
      } else if (source == RiskSource::Table && !is_option &&
                 settings.kind != InstrumentKind::Future) {
        in.problem("risk", "must be \"factor\": only options and futures have table risk");
      } else {
        parameters.risk = source.value_or(parameters.risk);
      }
    }
    if (parameters.risk == RiskSource::Table) read_table_risk();
  }

  // The unit of the table's integers: so fine that they use their bits.
  void read_table_risk() {
    const int scale = loading.out.risk_decimals + kFinesScale;
    const auto most = in.decimal("lot_value_max", scale, 1, kFinesMax);
    parameters.vector_unit = 1;
    while (most && *most > Int128{parameters.vector_unit} * kVectorMax) {
      parameters.vector_unit *= 10;
    }
    parameters.vector_cap = static_cast<std::int32_t>(std::clamp<Int128>(
        risk::ceil_div(most.value_or(1), parameters.vector_unit), 1, kVectorMax));
    if (most && Int128{parameters.vector_unit} * kPerTenthOfBp > Int128{*most} * 2) {
      in.problem("lot_value_max",
                 fmt::format("half a unit of its integers, 10^-{} of the risk currency, is more "
                             "than 0.1 bp of it: give the risk currency more decimals, or make the "
                             "lot larger",
                             scale));
    }
    const risk::GroupIndex group = group_of(loading, parameters.factor);
    if (group.exists()) {
      parameters.row = loading.out.parameters.groups[group.value].row_count++;
    }
  }

  void read_trading() {
    const auto maker = in.integer("maker_fee_ppm", -kPpm, kPpm);
    const auto taker = in.integer("taker_fee_ppm", -kPpm, kPpm);
    parameters.fee_ppm = std::max({maker.value_or(0), taker.value_or(0), std::int64_t{0}});
    parameters.market_orders = in.boolean("market_orders").value_or(false);
    if (in.has("reference")) {
      parameters.reference =
          in.reference("reference", loading.out.names.instruments, "an instrument")
              .value_or(risk::InstrumentIndex{});
      parameters.reference_lots_ppm = read_ppm_or(in, "reference_ratio", 1, kRatioMax, kPpm);
    }
    if (in.has("open_interest_max")) {
      parameters.open_interest_max = read_lots(in, "open_interest_max", settings);
    }
    if (in.has("json_symbol") && !in.null("json_symbol"))
      settings.json_symbol = in.text("json_symbol", 1, 32).value_or("");
  }
};

// A fee is counted in units of the settlement asset, a notional in quanta.
void check_lot_value(const Loading& loading, JsonReader& in, risk::InstrumentIndex index) {
  const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
  const std::int64_t mark_max = loading.out.instruments[index.value].mark_max.raw;
  const bool is_inverse = instrument.payoff == Payoff::Inverse;
  const Int128 units = Int128{instrument.units_per_lot_mark} * (is_inverse ? 1 : mark_max);
  if (units <= risk::kValueMax && value_max(loading.out, index, risk::Lots{1})) return;
  in.problem("lot", fmt::format("one lot is worth more than 2^60 units of {}, or 2^60 quanta, at "
                                "price_max and index_max",
                                loading.out.names.assets.name(instrument.settlement)));
}

void read_instrument(Loading& loading, JsonReader in, risk::InstrumentIndex index) {
  in.not_yet({"funding", "spread"});
  const std::size_t problems_before = loading.problem_count();
  loading.instruments.emplace_back();
  Loading::Instrument& steps = loading.instruments.back();
  InstrumentReader reader{loading, in, steps};
  reader.read();
  loading.out.instruments.push_back(reader.settings);
  loading.out.parameters.instruments.push_back(reader.parameters);
  JsonReader venue = in.object("venue");
  const std::string symbol = venue.text("symbol", 1, 8).value_or("");
  loading.out.instruments.back().venue = read_alias(loading, venue, symbol, index);
  if (in.readable() && loading.assets_ok && loading.problem_count() == problems_before) {
    check_lot_value(loading, in, index);
  }
  steps.ok = in.readable() && loading.problem_count() == problems_before;
}

// References go to an instrument of the group that has a notional of its own.
void check_references(Loading& loading) {
  const auto& instruments = loading.out.parameters.instruments;
  for (std::uint32_t i = 0; i < instruments.size(); ++i) {
    const risk::InstrumentIndex index = instruments[i].reference;
    if (!index.exists() || !loading.instruments[i].ok) continue;
    const risk::InstrumentParameters& reference = instruments[index.value];
    std::string what;
    if (reference.reference.exists()) {
      what = "must not have a reference itself";
    } else if (reference.factor.exists() &&
               group_of(loading, reference.factor) != group_of(loading, instruments[i].factor)) {
      what = "must be an instrument of the same risk group";
    }
    if (what.empty()) continue;
    const Names& names = loading.out.names;
    loading.problems.push_back(
        {std::string(kInstrumentsFile),
         fmt::format("instruments.{}.reference", names.instruments.names()[i]),
         quote(names.instruments.name(index)), std::move(what)});
    loading.instruments[i].ok = false;
  }
}

// Payoff and option or not: what JSON clients have categories for.
int category_of(InstrumentKind kind) {
  return kind == InstrumentKind::Option ? -1 : static_cast<int>(payoff_of(kind));
}

void check_json_symbols(const Loading& loading, JsonReader& in) {
  std::set<std::pair<int, std::string>> symbols;
  for (std::uint32_t i = 0; i < loading.out.instruments.size(); ++i) {
    const InstrumentSettings& instrument = loading.out.instruments[i];
    if (instrument.json_symbol.empty() ||
        symbols.emplace(category_of(instrument.kind), instrument.json_symbol).second) {
      continue;
    }
    in.problem(loading.out.names.instruments.names()[i],
               "another instrument of the category has this json_symbol");
  }
}

}  // namespace

void load_instruments(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  {
    JsonReader root(kInstrumentsFile, json, loading.problems);
    JsonReader instruments = root.object("instruments");
    for (const std::string& name : instruments.keys()) {
      check_name(instruments, name);
      loading.out.names.instruments.add(name);
    }
    std::set<WireSymbol> symbols;
    for (const std::string& name : instruments.keys()) {
      read_instrument(loading, instruments.object(name), loading.out.names.instruments.find(name));
      const WireSymbol symbol = loading.out.instruments.back().venue.symbol;
      if (symbol != padded<8>("") && !symbols.insert(symbol).second) {
        instruments.problem(name, "another instrument has this venue symbol");
      }
    }
    if (instruments.readable() && loading.out.instruments.empty()) {
      instruments.problem("", "must not be empty");
    }
    check_references(loading);
    check_json_symbols(loading, instruments);
  }
  loading.instruments_ok = loading.problem_count() == problems_before;
}

}  // namespace portcullis::config
