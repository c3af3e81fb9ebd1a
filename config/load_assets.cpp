// assets.json: the risk currency, and what can be a balance (METHOD 3.2, 3.8).
//
//   risk_currency   name, and decimals: values are counted in quanta of 10^-decimals
//   assets          by name:
//     decimals        a unit is 10^-decimals of the asset
//     index_decimals  its index (price in the risk currency) is counted in 10^-index_decimals
//     index_max       the highest index that is believed; proves that sums fit their integers
//     debt_addon      a debt counts 1 + debt_addon times
//     scenario_mode   which moves of the factor its haircut value moves with: static (none),
//                     downside_only, upside_only or both; a debt moves with every rise unless static
//     factor          what the asset's price moves with in scenarios, or null (static only)
//     haircut_tiers   shares cut off a positive balance, up to so much of it each (the last one
//                     null: no end), never falling. haircut is what an asset is cut by whose falls
//                     are in no scenario; one whose falls are is cut by residual_haircut, and
//                     haircut must cover that and the factor's range, so that nothing is gained by
//                     calling it static
//     maintenance_haircut_tiers  of the maintenance equity; the same by default
//     tiers_in        what `upto` of the tiers counts: asset, the default, or value, in the risk
//                     currency
//     borrow          initial and maintenance, margin as a share of what is borrowed, and pool_max,
//                     the most that all accounts together may borrow; by default nothing
//     share           max, the most of the value of all capital that this asset may be, and free,
//                     what counts beside that; no cap by default. A capped asset counts no rises
#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::CollateralMode;
using risk::kPpm;

constexpr int kAssetDecimalsMax = 12;
constexpr int kRiskDecimalsMax = 9;
// wide_denominator is at most 10^kWideDigitsMax, so that a value of kValueMax quanta times 1e6 and
// times the denominator, with two digits to spare for sums, fits 127 bits.
constexpr int kWideDigitsMax = 12;

std::int64_t pow10(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// What counts of a tier. `range` is how far the asset's factor, if it has one, falls in the enforced
// scenarios.
std::int64_t read_rate_ppm(JsonReader& in, const risk::AssetParameters& asset, std::int64_t range,
                           const risk::HaircutTier* previous) {
  const bool moves = risk::counts_falls(asset.mode);
  const auto haircut = in.decimal("haircut", kPpmScale, 0, kPpm);
  const auto residual = moves ? in.decimal("residual_haircut", kPpmScale, 0, kPpm) : 0;
  const auto effective = moves ? residual : haircut;
  const std::int64_t rate = kPpm - effective.value_or(0);
  if (effective && previous != nullptr && rate > previous->rate_ppm) {
    in.problem(moves ? "residual_haircut" : "haircut",
               "must not be less than that of the tier before it");
  }
  if (haircut && residual && *haircut < std::min(*residual + range, kPpm)) {
    in.problem("haircut",
               fmt::format("must be at least {}, the residual haircut and the range {} of the "
                           "factor in the enforced sets",
                           to_decimal(std::min(*residual + range, kPpm), kPpmScale),
                           to_decimal(range, kPpmScale)));
  }
  return rate;
}

std::vector<risk::HaircutTier> read_haircut(const Loading& loading, JsonReader& in,
                                            std::string_view key, const AssetSettings& settings,
                                            const risk::AssetParameters& asset) {
  const std::int64_t range = range_of(loading, asset.factor).enforced_down_ppm;
  const int scale = asset.tiers_by_value ? loading.out.risk_decimals : settings.decimals;
  std::vector<risk::HaircutTier> tiers;
  read_tiers(in, key, scale, kUnitsMax, [&](JsonReader& item, const Tier& tier) {
    const auto* const previous = tier.follows ? &tiers.back() : nullptr;
    const std::int64_t rate = read_rate_ppm(item, asset, range, previous);
    tiers.push_back({tier.upto ? risk::Amount{*tier.upto} : risk::kUnlimited, rate});
  });
  return tiers;
}

void read_tiers_of(const Loading& loading, JsonReader& in, const AssetSettings& settings,
                   risk::AssetParameters& asset) {
  if (in.has("tiers_in")) {
    asset.tiers_by_value =
        in.choice<bool>("tiers_in", {{"asset", false}, {"value", true}}).value_or(false);
  }
  asset.haircut = read_haircut(loading, in, "haircut_tiers", settings, asset);
  asset.maintenance_haircut = asset.haircut;
  if (in.has("maintenance_haircut_tiers")) {
    asset.maintenance_haircut =
        read_haircut(loading, in, "maintenance_haircut_tiers", settings, asset);
  }
}

// scenario_mode and factor; none when the mode could not be read.
std::optional<CollateralMode> read_mode(const Loading& loading, JsonReader& in,
                                        risk::AssetParameters& asset) {
  const auto mode =
      in.choice<CollateralMode>("scenario_mode", {{"static", CollateralMode::Static},
                                                  {"both", CollateralMode::Both},
                                                  {"downside_only", CollateralMode::DownsideOnly},
                                                  {"upside_only", CollateralMode::UpsideOnly}});
  asset.mode = mode.value_or(CollateralMode::Static);
  if (!in.null("factor")) {
    asset.factor = in.reference("factor", loading.out.names.factors, "a factor of margin.json")
                       .value_or(risk::FactorIndex{});
  } else if (asset.mode != CollateralMode::Static) {
    in.problem("factor", "must be there, since scenario_mode is not static");
  }
  if (risk::counts_falls(asset.mode) && asset.factor.exists() && loading.margin_ok &&
      range_of(loading, asset.factor).enforced_down_ppm == 0) {
    in.problem("factor", "falls in no scenario, so nothing but the residual haircut would be cut");
  }
  return mode;
}

void read_borrow(JsonReader in, const AssetSettings& settings, risk::AssetParameters& asset) {
  asset.borrow_initial_ppm = in.decimal("initial", kPpmScale, 0, kPpm).value_or(0);
  asset.borrow_maintenance_ppm = in.decimal("maintenance", kPpmScale, 0, kPpm).value_or(0);
  asset.borrow_max = {in.decimal("pool_max", settings.decimals, 0, kUnitsMax).value_or(0)};
}

void read_share(const Loading& loading, JsonReader in, risk::AssetParameters& asset) {
  asset.share_ppm = in.decimal("max", kPpmScale, 0, kPpm - 1).value_or(0);
  asset.share_free = read_value(loading, in, "free");
  if (in.readable() && risk::counts_rises(asset.mode)) {
    in.problem("", "must not be there, since scenario_mode counts rises");
  } else if (in.readable() && risk::counts_falls(asset.mode) && asset.factor.exists() &&
             loading.margin_ok && risk::falls_beyond_worth(asset.factor, loading.out.parameters)) {
    in.problem("",
               "must not be there, since the multipliers and the weights of summed sets require "
               "more of a fall than the asset is worth");
  }
}

void read_index(const Loading& loading, JsonReader& in, AssetSettings& asset) {
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
}

void read_asset(Loading& loading, JsonReader in) {
  in.not_yet({"interest"});
  AssetSettings settings;
  risk::AssetParameters asset;
  read_index(loading, in, settings);
  asset.debt_addon_ppm = in.decimal("debt_addon", kPpmScale, 0, 10 * kPpm).value_or(0);
  if (read_mode(loading, in, asset)) {
    read_tiers_of(loading, in, settings, asset);
    if (in.has("share")) read_share(loading, in.object("share"), asset);
  } else {
    // The mode says which keys a tier has, and whether there may be a share.
    for (const auto* key : {"haircut_tiers", "maintenance_haircut_tiers", "tiers_in", "share"}) {
      in.skip(key);
    }
  }
  if (in.has("borrow")) read_borrow(in.object("borrow"), settings, asset);
  loading.out.assets.push_back(settings);
  loading.out.parameters.assets.push_back(std::move(asset));
}

// A share cap is a share of what the uncapped assets are worth.
void check_shares(const Loading& loading, JsonReader& assets) {
  const auto& all = loading.out.parameters.assets;
  const auto is_capped = [](const auto& asset) { return asset.share_ppm != kPpm; };
  if (!all.empty() && std::all_of(all.begin(), all.end(), is_capped)) {
    assets.problem("", "must have an asset without a share cap, whose value the caps refer to");
  }
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

}  // namespace

void load_currency(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  bool is_there = false;
  {
    JsonReader currency(kAssetsFile, json, "risk_currency", loading.problems);
    is_there = currency.readable();
    loading.out.risk_currency = currency.text("name", 1, 32).value_or("");
    loading.out.risk_decimals =
        static_cast<int>(currency.integer("decimals", 0, kRiskDecimalsMax).value_or(0));
  }
  loading.currency_ok = is_there && loading.problem_count() == problems_before;
}

void load_assets(Loading& loading, const Json& json) {
  const std::size_t problems_before = loading.problem_count();
  {
    JsonReader root(kAssetsFile, json, loading.problems);
    if (root.has("risk_currency")) {
      root.skip("risk_currency");  // read by load_currency()
    } else {
      root.object("risk_currency");
    }
    JsonReader assets = root.object("assets");
    for (const std::string& name : assets.keys()) {
      check_name(assets, name);
      loading.out.names.assets.add(name);
      read_asset(loading, assets.object(name));
    }
    if (assets.readable() && loading.out.assets.empty()) assets.problem("", "must not be empty");
    check_shares(loading, assets);
    set_wide_units(loading, assets);
  }
  loading.assets_ok = loading.currency_ok && loading.problem_count() == problems_before;
}

}  // namespace portcullis::config
