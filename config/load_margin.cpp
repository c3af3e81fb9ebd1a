// margin.json, first step: the risk groups with their factors, the scenario sets (load_sets.cpp),
// and how requirements are made of them (METHOD 3.4, 3.6, 3.15). The add-ons are read when the
// instruments are known (load_add_ons.cpp).
//
//   groups       by name: factors, the names of what moves
//     kappa        the share of a gain that may offset other groups in joint sets, 0 to 1
//     gain_cap     the most of a gain that may, in the risk currency; null: no cap, the default
//     table_age_max_ms  after which the group's risk table is stale; where instruments have table
//                  risk
//     table_move_max  how far marks may move from those that the table was built at, and for which moves
//                  it is sure to be enough, as a share of them, 0 to 0.5 (METHOD 3.9); 0: however far,
//                  and for none. Where there are options with table risk; otherwise 0 by default
//     volatility   how columns move it (deployment.h): up, down, short_power, long_power, pivot_days,
//                  floor_up; where columns do and there are options
//     table_rebuild  how the gate builds the table of a group of options itself (feeds/table_service.h):
//                  anchor, the instrument without table risk beside whose mark they stand; anew after age_ms,
//                  and when a price has moved by price_move, a share of it, or a volatility by
//                  volatility_move ("0.01": a point), but not within pause_ms of the last time; from
//                  prices and volatilities no older than price_age_max_ms and volatility_age_max_ms, and
//                  forwards no further than basis_max, a share, from the anchor's mark
//   regimes      by factor, of those whose volatility selects among several (load_regimes.cpp); none by
//                default
//   sets         by name (load_sets.cpp)
//   group_mult, joint_mult  on the initial requirement of the groups and on the joint one;
//   maintenance_group_mult, maintenance_joint_mult  on the maintenance ones, the same by default
//   combine_groups, combine_joint  how sets become one requirement: max, the default, or sum
//   add_ons      by name (load_add_ons.cpp)
//   bands        when an account is in which state: state warned, restricted, liquidation or
//                bankrupt, each at most once; basis initial or maintenance, the requirement; enter,
//                below which ratio of equity to it; exit, from which on no more. By default
//                restricted below 1 of initial, liquidation below 1 and bankrupt below 0 of
//                maintenance
//   maintenance_includes_orders  false by default; then no asset of spot, or in which a premium is paid
//                upfront, may cost more in maintenance (risk/parameters.h); liquidation_lock, whether an account in
//                liquidation may not even close, false by default
//   exit_allowance  METHOD 3.6, 0 by default; transfer_notional, what a withdrawal must leave, as a
//                share of gross notional, 0 by default
//   leverage_equity  with what leverage compares: haircut, the equity of the initial requirement, the
//                default, or plain, without haircuts, add-ons of debts, share caps and borrow margin
//   leverage_options  what it counts of an instrument with a reference: underlying, that notional, the
//                default, or premium, its own at its mark
//   leverage_spot  whether it counts open spot orders, false by default
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::kPpm;

constexpr std::size_t kFactorsMax = 64;  // of a group
constexpr std::int64_t kTimes10 = 10 * kPpm;
constexpr std::int64_t kTimes100 = 100 * kPpm;

// Keys of a column beside the factors' names.
constexpr std::array<std::string_view, 3> kReserved{"default", "volatility", "weight"};

VolatilitySettings read_volatility(JsonReader in) {
  VolatilitySettings volatility;
  volatility.up_ppm = in.decimal("up", kPpmScale, 0, kTimes10).value_or(0);
  volatility.down_ppm = in.decimal("down", kPpmScale, 0, kPpm).value_or(0);
  volatility.short_power_ppm = in.decimal("short_power", kPpmScale, 0, kPpm).value_or(0);
  volatility.long_power_ppm = in.decimal("long_power", kPpmScale, 0, kPpm).value_or(0);
  volatility.pivot_days = in.integer("pivot_days", 1, 3'650).value_or(1);
  volatility.floor_up_ppm = in.decimal("floor_up", kPpmScale, 0, kTimes10).value_or(0);
  return volatility;
}

// What it must be for the bounds of the table to be kept (the anchor: load_add_ons.cpp).
TableRebuildSettings read_rebuild(JsonReader& in, const risk::GroupParameters& group) {
  TableRebuildSettings rebuild;
  rebuild.age_ns = read_ns(in, "age_ms", kNsPerMs, 1, kAgeMsMax);
  rebuild.pause_ns = read_ns(in, "pause_ms", kNsPerMs, 0, kAgeMsMax);
  const auto price_move = in.decimal("price_move", kPpmScale, 1, kPpm / 2);
  rebuild.price_move_ppm = price_move.value_or(0);
  rebuild.volatility_move_ppm = in.decimal("volatility_move", kPpmScale, 1, kTimes10).value_or(0);
  rebuild.price_age_max_ns = read_ns(in, "price_age_max_ms", kNsPerMs, 1, kAgeMsMax);
  rebuild.volatility_age_max_ns = read_ns(in, "volatility_age_max_ms", kNsPerMs, 1, kAgeMsMax);
  rebuild.basis_max_ppm = in.decimal("basis_max", kPpmScale, 1, kPpm).value_or(0);
  if (rebuild.age_ns > 0 && rebuild.pause_ns > rebuild.age_ns)
    in.problem("pause_ms", "must not be more than age_ms");
  if (price_move && group.table_move_max_ppm > 0 && *price_move >= group.table_move_max_ppm)
    in.problem("price_move", "must be below table_move_max");
  const std::int64_t oldest = std::max(rebuild.price_age_max_ns, rebuild.volatility_age_max_ns);
  if (group.table_age_max_ns > 0 && oldest + rebuild.age_ns > group.table_age_max_ns) {
    in.problem("age_ms",
               "must leave room: with the larger of price_age_max_ms and volatility_age_max_ms it "
               "must not be more than table_age_max_ms");
  }
  return rebuild;
}

void read_factors(Loading& loading, JsonReader& group, risk::GroupParameters& parameters) {
  SymbolTable<risk::FactorIndex>& factors = loading.out.names.factors;
  parameters.first_factor = factors.size();
  for (const std::string& factor :
       group.texts("factors", 1, 32).value_or(std::vector<std::string>())) {
    if (std::find(kReserved.begin(), kReserved.end(), factor) != kReserved.end()) {
      group.problem("factors", "must not name a factor \"" + factor + "\"");
    } else if (!factors.add(factor).exists()) {
      group.problem("factors", fmt::format("the factor {} is in another group already", factor));
    }
  }
  parameters.factor_count = factors.size() - parameters.first_factor;
  if (parameters.factor_count == 0 || parameters.factor_count > kFactorsMax) {
    group.problem("factors", fmt::format("must have 1 to {} factors", kFactorsMax));
  }
}

void read_groups(Loading& loading, JsonReader& groups) {
  Names& names = loading.out.names;
  for (const std::string& name : groups.keys()) {
    check_name(groups, name);
    names.risk_groups.add(name);
    JsonReader in = groups.object(name);
    risk::GroupParameters parameters;
    GroupSettings settings;
    read_factors(loading, in, parameters);
    parameters.kappa_ppm = in.decimal("kappa", kPpmScale, 0, kPpm).value_or(0);
    if (in.has("gain_cap") && !in.null("gain_cap")) {
      parameters.gain_cap = read_value(loading, in, "gain_cap");
    }
    if (in.has("table_age_max_ms")) {
      parameters.table_age_max_ns = read_ns(in, "table_age_max_ms", kNsPerMs, 1, kAgeMsMax);
    }
    if (in.has("table_move_max")) {
      parameters.table_move_max_ppm =
          in.decimal("table_move_max", kPpmScale, 0, kPpm / 2).value_or(0);
      settings.has_table_move_max = true;
    }
    if (in.has("volatility")) settings.volatility = read_volatility(in.object("volatility"));
    std::string& anchor = loading.table_anchors.emplace_back();
    if (in.has("table_rebuild")) {
      JsonReader rebuild = in.object("table_rebuild");
      anchor = rebuild.text("anchor", 1, 32).value_or("");
      settings.rebuild = read_rebuild(rebuild, parameters);
    }
    loading.out.parameters.groups.push_back(std::move(parameters));
    loading.out.groups.push_back(std::move(settings));
  }
  if (groups.readable() && names.risk_groups.size() == 0) groups.problem("", "must not be empty");
  loading.out.parameters.factor_count = names.factors.size();
}

risk::ScopeParameters read_scope(JsonReader& root, const std::string& mult,
                                 std::string_view combine) {
  risk::ScopeParameters scope;
  scope.initial_mult_ppm = root.decimal(mult, kPpmScale, 1, kTimes10).value_or(kPpm);
  scope.maintenance_mult_ppm =
      read_ppm_or(root, "maintenance_" + mult, 1, kTimes10, scope.initial_mult_ppm);
  if (root.has(combine)) {
    scope.combine = root.choice<risk::Combine>(
                            combine, {{"max", risk::Combine::Max}, {"sum", risk::Combine::Sum}})
                        .value_or(risk::Combine::Max);
  }
  return scope;
}

risk::BandParameters read_band(JsonReader& in, const std::vector<risk::BandParameters>& before) {
  using risk::MarginBasis;
  using risk::MarginState;
  risk::BandParameters band;
  const auto state = in.choice<MarginState>("state", {{"warned", MarginState::Warned},
                                                      {"restricted", MarginState::Restricted},
                                                      {"liquidation", MarginState::Liquidation},
                                                      {"bankrupt", MarginState::Bankrupt}});
  band.state = state.value_or(MarginState::Normal);
  const auto is_same = [&](const auto& other) { return other.state == band.state; };
  if (state && std::any_of(before.begin(), before.end(), is_same)) {
    in.problem("state", "has a band already");
  }
  band.basis = in.choice<MarginBasis>("basis", {{"initial", MarginBasis::Initial},
                                                {"maintenance", MarginBasis::Maintenance}})
                   .value_or(MarginBasis::Initial);
  band.enter_ppm = in.decimal("enter", kPpmScale, 0, kTimes100).value_or(0);
  const auto exit = in.decimal("exit", kPpmScale, 0, kTimes100);
  band.exit_ppm = exit.value_or(kTimes100);
  if (exit && *exit < band.enter_ppm) in.problem("exit", "must not be less than enter");
  return band;
}

std::vector<risk::BandParameters> read_bands(JsonReader& root) {
  using risk::MarginBasis;
  using risk::MarginState;
  if (!root.has("bands")) {
    return {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm},
            {MarginState::Liquidation, MarginBasis::Maintenance, kPpm, kPpm},
            {MarginState::Bankrupt, MarginBasis::Maintenance, 0, 0}};
  }
  std::vector<risk::BandParameters> bands;
  root.each_item("bands", [&](JsonReader& in) {
    if (in.readable()) bands.push_back(read_band(in, bands));
  });
  return bands;
}

// By default the words that come first.
bool read_second_word(JsonReader& root, std::string_view key, std::string_view first,
                      std::string_view second) {
  return root.has(key) && root.choice<bool>(key, {{first, false}, {second, true}}).value_or(false);
}

risk::LeverageRules read_leverage(JsonReader& root) {
  return {.plain_equity = read_second_word(root, "leverage_equity", "haircut", "plain"),
          .by_premium = read_second_word(root, "leverage_options", "underlying", "premium"),
          .spot = read_bool_or(root, "leverage_spot", false)};
}

}  // namespace

void load_margin(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  {
    JsonReader root(kMarginFile, json, loading.problems);
    root.skip("add_ons");
    risk::Parameters& parameters = loading.out.parameters;
    JsonReader groups = root.object("groups");
    read_groups(loading, groups);
    read_regimes(loading, root);
    parameters.per_group = read_scope(root, "group_mult", "combine_groups");
    parameters.joint = read_scope(root, "joint_mult", "combine_joint");
    read_sets(loading, root, groups);
    parameters.bands = read_bands(root);
    parameters.maintenance_includes_orders =
        read_bool_or(root, "maintenance_includes_orders", false);
    parameters.liquidation_lock = read_bool_or(root, "liquidation_lock", false);
    parameters.exit_allowance_ppm = read_ppm_or(root, "exit_allowance", 0, kPpm, 0);
    parameters.transfer_notional_ppm = read_ppm_or(root, "transfer_notional", 0, kPpm, 0);
    parameters.leverage = read_leverage(root);
  }
  loading.margin_ok = loading.problem_count() == problems_before;
}

}  // namespace portcullis::config
