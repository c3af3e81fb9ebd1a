// Equity: what an account has, asset by asset, after haircuts, debts, borrow margin and share caps,
// and what of it moves in scenarios (METHOD 3.2 and 3.8). Values here are exact: in Wide times 1e6.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// floor(a * b / c) for a of either sign, without the product: b and c are shares in ppm.
constexpr Int128 scaled(Int128 a, std::int64_t b, std::int64_t c) {
  const Int128 quotient = floor_div(a, c);
  return quotient * b + floor_div((a - quotient * c) * b, c);
}

}  // namespace

Amount Engine::amount_max(Wide unit) const noexcept {
  if (unit.raw == 0) return {Int128{1} << 100};
  return {Int128{kValueMax} * parameters_.wide_denominator / unit.raw};
}

// An amount whose value fits; with more the account is out of range.
Amount Engine::in_range(AssetIndex asset, Amount amount, bool& fits) const noexcept {
  const Int128 most = assets_[asset.value].amount_max.raw;
  if (amount.raw <= most && amount.raw >= -most) return amount;
  fits = false;
  return {amount.raw > 0 ? most : -most};
}

// H(a, x).
Int128 Engine::haircut_value(AssetIndex asset, Amount amount, bool maintenance) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  const Int128 unit = assets_[asset.value].unit.raw;
  if (amount.raw < 0) return amount.raw * (kPpm + parameters.debt_addon_ppm) * unit;
  const auto& tiers = parameters.tiers(maintenance);
  const Int128 all = parameters.tiers_by_value ? amount.raw * unit : amount.raw;
  const Int128 scale = parameters.tiers_by_value ? parameters_.wide_denominator : 1;
  Int128 sum = 0;
  Int128 counted = 0;
  for (const HaircutTier& tier : tiers) {
    const Int128 upto =
        tier.upto == kUnlimited ? all : std::min(all, Int128{tier.upto.raw} * scale);
    if (upto <= counted) break;
    sum += (upto - counted) * tier.rate_ppm;
    counted = upto;
  }
  return parameters.tiers_by_value ? sum : sum * unit;
}

// H(a, X) less the costs, which take what a debt would.
Int128 Engine::asset_value(AssetIndex asset, const Holding& holding, Amount costs,
                           bool maintenance) const noexcept {
  const Int128 addon = parameters_.assets[asset.value].debt_addon_ppm;
  bool fits = true;
  return haircut_value(asset, in_range(asset, held(holding), fits), maintenance) -
         in_range(asset, costs, fits).raw * (kPpm + addon) * assets_[asset.value].unit.raw;
}

// B(a, X - C).
Int128 Engine::borrow_margin(AssetIndex asset, const Holding& holding, Amount costs,
                             bool maintenance) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  const std::int64_t rate =
      maintenance ? parameters.borrow_maintenance_ppm : parameters.borrow_initial_ppm;
  if (rate == 0) return 0;
  bool fits = true;
  const Amount debt =
      in_range(asset, std::max({Amount{0}, holding.borrowed, costs - held(holding)}), fits);
  return rate * debt.raw * assets_[asset.value].unit.raw;
}

// The most that a capped asset counts for.
Int128 Engine::share_limit(AssetIndex asset, Int128 uncapped) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  return std::max<Int128>(
      0, scaled(uncapped, parameters.share_ppm, kPpm - parameters.share_ppm) +
             Int128{parameters.share_free.raw} * parameters_.wide_denominator * kPpm);
}

// U: the value of all assets that are not capped.
Int128 Engine::uncapped_value(AccountIndex account, const Costs& costs,
                              bool maintenance) const noexcept {
  Int128 sum = 0;
  for (std::uint32_t a = 0; has_share_caps_ && a < assets_.size(); ++a) {
    if (parameters_.assets[a].share_ppm != kPpm) continue;
    const Holding& of = holding(account, {a});
    sum += asset_value({a}, of, costs_in(account, {a}, costs), maintenance);
  }
  return sum;
}

// E - C before it is rounded.
Int128 Engine::capital_exact(AccountIndex account, const Costs& costs,
                             bool maintenance) const noexcept {
  const Int128 uncapped = uncapped_value(account, costs, maintenance);
  Int128 sum = accounts_[account.value].option_value.raw * kPpm;
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    const Holding& of = holding(account, {a});
    const Amount cost = costs_in(account, {a}, costs);
    const Int128 value = asset_value({a}, of, cost, maintenance);
    const bool is_capped = parameters_.assets[a].share_ppm != kPpm;
    sum += is_capped ? std::min(value, share_limit({a}, uncapped)) : value;
    sum -= borrow_margin({a}, of, cost, maintenance);
  }
  return sum;
}

// What costs in an asset without a share cap take from E more than others do: of asset_value() their part
// alone is another.
Int128 Engine::costs_taken(AssetIndex asset, const Holding& of, Amount before,
                           Amount after) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  bool fits = true;
  const Amount more = in_range(asset, after, fits) - in_range(asset, before, fits);
  const Int128 taken =
      more.raw * (kPpm + parameters.debt_addon_ppm) * assets_[asset.value].unit.raw;
  if (parameters.borrow_initial_ppm == 0) return taken;
  return taken + borrow_margin(asset, of, after, false) - borrow_margin(asset, of, before, false);
}

// The same from the cached one, where the costs in one asset are others.
Int128 Engine::capital_with(AccountIndex account, AssetIndex asset, Amount costs) const noexcept {
  const Holding& of = holding(account, asset);
  if (has_share_caps_) return capital_exact(account, {true, asset, costs}, false);
  const Int128 exact = accounts_[account.value].capital_exact;
  if (costs == of.line_cost) return exact;
  return exact - costs_taken(asset, of, of.line_cost, costs);
}

// Nobody waits for the capital here; but it is remembered what of it has changed.
void Engine::change_costs(AccountIndex index, AssetIndex asset, Amount added) noexcept {
  if (added.raw == 0) return;
  Account& account = accounts_[index.value];
  Holding& of = holding(index, asset);
  if (!account.costs_changed.exists()) {
    account.costs_changed = asset;
    account.costs_before = of.line_cost;
  } else if (account.costs_changed != asset) {
    account.capital_stale = true;
  }
  of.line_cost += added;
}

// Where nothing but the costs in one asset has changed since the capital was worked out over all of them.
void Engine::value_costs(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  const AssetIndex asset = account.costs_changed;
  const Holding& of = holding(index, asset);
  bool fits = account.capital_in_range;
  in_range(asset, account.costs_before, fits);
  in_range(asset, of.line_cost, fits);
  if (!fits || has_share_caps_ || parameters_.assets[asset.value].mode != CollateralMode::Static)
    return value_capital(index);
  account.capital_exact -= costs_taken(asset, of, account.costs_before, of.line_cost);
  account.capital = {narrow(rounded_capital(account.capital_exact), account.capital_in_range)};
  account.costs_changed = {};
}

// E - C without haircuts, add-ons of debts, share caps and borrow margin.
Int128 Engine::plain_less_costs(AccountIndex index) const noexcept {
  Int128 sum = accounts_[index.value].plain_equity.raw;
  bool fits = true;
  for (std::uint32_t a = 0; a < assets_.size(); ++a)
    sum -= in_range({a}, holding(index, {a}).line_cost, fits).raw * assets_[a].unit.raw;
  return narrow(floor_div(sum, parameters_.wide_denominator), fits);
}

// What costs of so much in each asset take from E at most, exact: a debt with its margin, and what
// capped assets count less for where it is paid in an uncapped one.
Int128 Engine::cost_value(AssetIndex asset, Amount cost) const noexcept {
  if (cost.raw == 0) return 0;
  return cost.raw * outflow_ppm_[asset.value] * assets_[asset.value].unit.raw;
}

// K(a): what of the asset moves where its factor falls, and where it rises after the costs; `uncapped` is
// after the costs too.
Collateral Engine::collateral_of(AccountIndex account, AssetIndex asset, Amount costs,
                                 const Flow& flow, Int128 uncapped,
                                 bool maintenance) const noexcept {
  const AssetParameters& parameters = parameters_.assets[asset.value];
  if (parameters.mode == CollateralMode::Static) return {};
  const Int128 unit = assets_[asset.value].unit.raw;
  bool fits = true;
  const Amount now = in_range(asset, held(holding(account, asset)), fits);
  const Amount amount = in_range(asset, now + flow.in, fits);
  const Amount left = in_range(asset, now - costs - flow.out, fits);
  Collateral result;
  if (counts_falls(parameters.mode)) {
    Int128 value = haircut_value(asset, amount, maintenance);
    if (parameters.share_ppm != kPpm) {
      value = std::min(asset_value(asset, holding(account, asset), costs, maintenance),
                       share_limit(asset, uncapped));
    }
    if (parameters.mode == CollateralMode::Both || value > 0) result.falls.raw = value;
  }
  const Int128 debt = haircut_value(asset, std::min(Amount{0}, left), maintenance);
  if (!counts_rises(parameters.mode) || left.raw < 0) {
    result.rises.raw = debt;
  } else if (!parameters.tiers_by_value) {
    result.rises.raw = haircut_value(asset, left, maintenance);
  } else {
    // A rise takes the value up the tiers: it is counted at the rate of the highest one reached.
    const auto& tiers = parameters.tiers(maintenance);
    const Int128 value = std::max<Int128>(0, amount.raw) * unit;
    const Int128 reached = value - scaled(-value, rise_max_[parameters.factor.value], kPpm);
    const auto tier = std::find_if(tiers.begin(), tiers.end(), [&](const HaircutTier& t) {
      return t.upto == kUnlimited || reached <= Int128{t.upto.raw} * parameters_.wide_denominator;
    });
    result.rises.raw = left.raw * unit * tier->rate_ppm;
  }
  return result;
}

void Engine::value_capital(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  account.capital_in_range = true;
  account.capital_exact = capital_exact(index, {}, false);
  account.capital = {narrow(rounded_capital(account.capital_exact), account.capital_in_range)};
  account.indexes_expire.ns = std::numeric_limits<std::int64_t>::max();
  account.plain_equity = account.option_value;
  const Int128 uncapped = uncapped_value(index, {}, false);
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    Holding& of = holding(index, {a});
    const AssetState& asset = assets_[a];
    const AssetParameters& parameters = parameters_.assets[a];
    const Amount amount = in_range({a}, held(of), account.capital_in_range);
    account.plain_equity.raw += amount.raw * asset.unit.raw;
    in_range({a}, of.line_cost, account.capital_in_range);
    if (held(of).raw != 0 || of.borrowed.raw != 0)
      account.indexes_expire = std::min(account.indexes_expire, index_expires({a}));
    if (parameters.mode == CollateralMode::Static) continue;
    const Place& at = places_[parameters.factor.value];
    const std::uint32_t slot = find_slot(index, {at.group});
    if (slot == kNil) continue;  // never held: a slot is made with the first balance or line
    const Collateral now = collateral_of(index, {a}, of.line_cost, of.flow, uncapped, false);
    if (now.falls == of.collateral.falls && now.rises == of.collateral.rises) continue;
    // Several assets may share a factor.
    Collateral& sum = collateral_[slots_[slot].first_factor + at.local_factor];
    sum.falls += now.falls - of.collateral.falls;
    sum.rises += now.rises - of.collateral.rises;
    of.collateral = now;
    slots_[slot].stale = true;
  }
  account.capital_stale = false;
  account.costs_changed = {};
}

}  // namespace portcullis::risk
