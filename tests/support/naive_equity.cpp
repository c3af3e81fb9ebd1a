// NaiveModel: E and C (METHOD 3.2, 3.5, 3.8 and the rounding contract in risk/engine.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

// value(line), in units of the settlement asset: its gains, and the funding since they were bought.
Int128 NaiveModel::line_value(std::uint32_t instrument, const ModelLine& line) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  const Int128 mark = marks_[instrument].value;
  const Int128 lost = times(line.position, funding_paid_[instrument]) - line.funding;
  const Int128 settled = line.cash - ceil_div(lost, kFundingParts);
  if (p.upfront || mark == 0) return settled;
  const Int128 lots = times(line.position, p.units_per_lot_mark);
  if (p.payoff == Payoff::Inverse) return settled + floor_div(-lots, mark);
  return settled + times(lots, mark);
}

// All the account has of an asset, unrealised gains included.
Int128 NaiveModel::asset_sum(std::uint32_t account, std::uint32_t asset) const {
  Int128 total = accounts_[account].balances[asset] - accounts_[account].borrowed[asset];
  for (const auto& [instrument, line] : accounts_[account].lines) {
    if (parameters_.instruments[instrument].settlement.value != asset) continue;
    total += line_value(instrument, line);
  }
  return total;
}

// X: the same, as far as it fits.
Int128 NaiveModel::asset_total(std::uint32_t account, std::uint32_t asset) const {
  const Int128 most = most_units(asset);
  return std::clamp(asset_sum(account, asset), -most, most);
}

const std::vector<HaircutTier>& NaiveModel::curve(std::uint32_t asset, MarginBasis basis) const {
  const AssetParameters& p = parameters_.assets[asset];
  return basis == MarginBasis::Initial || p.maintenance_haircut.empty() ? p.haircut
                                                                        : p.maintenance_haircut;
}

// H: the haircut curve, in Wide times 1e6.
Int128 NaiveModel::haircut(std::uint32_t asset, MarginBasis basis, Int128 units) const {
  const AssetParameters& p = parameters_.assets[asset];
  if (units < 0) return times(units, kPpm + p.debt_addon_ppm, unit(asset));
  // By value the tiers cut the value of the units, otherwise the units themselves.
  const Int128 amount = p.tiers_by_value ? times(units, unit(asset)) : units;
  Int128 sum = 0;
  Int128 below = 0;
  for (const HaircutTier& tier : curve(asset, basis)) {
    Int128 top = amount;
    if (tier.upto != kUnlimited) {
      const Int128 scale = p.tiers_by_value ? parameters_.wide_denominator : 1;
      top = std::min(amount, times(tier.upto.raw, scale));
    }
    if (top > below) sum += times(top - below, tier.rate_ppm);
    below = std::max(below, top);
  }
  return p.tiers_by_value ? sum : times(sum, unit(asset));
}

// U: what the assets without a share cap are worth once the costs are paid; Wide times 1e6.
Int128 NaiveModel::uncapped_value(std::uint32_t account, MarginBasis basis,
                                  const Units& costs) const {
  Int128 sum = 0;
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const AssetParameters& p = parameters_.assets[asset];
    if (p.share_ppm < kPpm) continue;
    sum += haircut(asset, basis, asset_total(account, asset)) -
           times(costs[asset], kPpm + p.debt_addon_ppm, unit(asset));
  }
  return sum;
}

// As much of an asset's value as its share cap counts.
Int128 NaiveModel::counted(std::uint32_t asset, Int128 value, Int128 uncapped) const {
  const AssetParameters& p = parameters_.assets[asset];
  if (p.share_ppm >= kPpm || value <= 0) return value;
  const Int128 free = times(p.share_free.raw, parameters_.wide_denominator, kPpm);
  const Int128 most = floor_of(uncapped, p.share_ppm, kPpm - p.share_ppm) + free;
  return std::min(value, std::max<Int128>(0, most));
}

// NOV: the value of what was paid for when it was opened, in Wide.
Int128 NaiveModel::options_value(std::uint32_t account) const {
  Int128 sum = 0;
  for (const auto& [instrument, line] : accounts_[account].lines) {
    const InstrumentParameters& p = parameters_.instruments[instrument];
    if (!p.upfront) continue;
    const Int128 lots = p.long_value ? line.position : std::min<Int128>(0, line.position);
    sum += times(lots, premium(instrument));
  }
  return sum;
}

// E, or E - C with costs: a cost may become a debt, so it is converted as one.
Int128 NaiveModel::equity(std::uint32_t account, MarginBasis basis, const Units& costs) const {
  const Int128 uncapped = uncapped_value(account, basis, costs);
  Int128 sum = times(kPpm, options_value(account));
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const AssetParameters& p = parameters_.assets[asset];
    const Int128 total = asset_total(account, asset);
    const Int128 value =
        haircut(asset, basis, total) - times(costs[asset], kPpm + p.debt_addon_ppm, unit(asset));
    const Int128 borrowed = std::max(accounts_[account].borrowed[asset], costs[asset] - total);
    const std::int64_t rate =
        basis == MarginBasis::Initial ? p.borrow_initial_ppm : p.borrow_maintenance_ppm;
    sum += counted(asset, value, uncapped) - times(borrowed, rate, unit(asset));
  }
  return floor_div(sum, times(kPpm, parameters_.wide_denominator));
}

// What a unit of the asset that is paid takes from E at most, in ppm: as a debt with its margin, and
// what capped assets count less for where it is none of them.
Int128 NaiveModel::outflow_ppm(std::uint32_t asset) const {
  const AssetParameters& paid = parameters_.assets[asset];
  Int128 carried = kPpm;
  for (const AssetParameters& p : parameters_.assets) {
    const bool leans = p.share_ppm < kPpm && paid.share_ppm == kPpm;
    if (leans) carried += ceil_div(times(p.share_ppm, kPpm), kPpm - p.share_ppm);
  }
  return ceil_div(times(kPpm + paid.debt_addon_ppm, carried), kPpm) + paid.borrow_initial_ppm;
}

// What a lot that is bought at the mark is worth, in units: what is paid upfront is paid out of X.
Int128 NaiveModel::got(std::uint32_t instrument) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  const Int128 value = times(marks_[instrument].value, p.units_per_lot_mark);
  return p.upfront ? floor_div(times(value, kPpm), outflow_ppm(p.settlement.value)) : value;
}

// c(order): what it loses if it fills now at its worst price, in units of the settlement asset.
Int128 NaiveModel::order_cost(const Reservation& r) const {
  const InstrumentParameters& p = parameters_.instruments[r.instrument];
  const Int128 fee = fee_per_lot(r.instrument, r.fee_price);
  const Int128 mark = marks_[r.instrument].value;
  if (mark == 0) return times(r.lots, fee);
  if (is_spot(r.instrument)) return spot_cost(r);
  const Int128 worst = times(r.worst, p.marks_per_tick);
  if (p.payoff == Payoff::Linear) {
    const Int128 paid = times(worst, p.units_per_lot_mark);
    const Int128 lost = r.buy ? paid - got(r.instrument) : times(mark, p.units_per_lot_mark) - paid;
    return times(r.lots, std::max<Int128>(0, lost + fee));
  }
  const Int128 beyond = times(r.buy ? worst - mark : mark - worst, p.units_per_lot_mark);
  if (p.payoff == Payoff::Inverse) {
    // In coins; three of the smallest a lot more, since every part of a fill is rounded.
    const Int128 lost =
        ceil_of(r.lots * (beyond < 0 ? -1 : 1), magnitude(beyond), times(mark, worst));
    return std::max<Int128>(0, lost + times(r.lots, fee)) + 3 * r.lots;
  }
  return times(r.lots, std::max<Int128>(0, beyond + fee));
}

bool NaiveModel::is_spot(std::uint32_t instrument) const {
  return parameters_.instruments[instrument].payoff == Payoff::Spot;
}

// What equity surely loses of a spot order's fill: what is paid counts at most, what is got at least.
Int128 NaiveModel::spot_cost(const Reservation& r) const {
  const InstrumentParameters& p = parameters_.instruments[r.instrument];
  const std::uint32_t settlement = p.settlement.value;
  const auto least_ppm = [&](std::uint32_t asset) -> Int128 {
    const AssetParameters& of = parameters_.assets[asset];
    return of.share_ppm < kPpm ? 0 : of.haircut.back().rate_ppm;
  };
  const Int128 fee = fee_per_lot(r.instrument, r.fee_price);
  const Int128 price = times(r.worst, p.marks_per_tick, p.units_per_lot_mark);
  const Int128 each = unit(settlement);
  if (each == 0) return times(r.lots, fee);
  const Int128 base = times(p.base_per_lot, unit(p.base.value));
  if (r.buy) {
    const Int128 got =
        floor_div(times(base, least_ppm(p.base.value)), times(outflow_ppm(settlement), each));
    return times(r.lots, std::max<Int128>(0, price + fee - got));
  }
  Int128 lost = times(base, outflow_ppm(p.base.value));
  if (price >= fee) lost -= times(price - fee, least_ppm(settlement), each);
  if (price < fee) lost += times(fee - price, outflow_ppm(settlement), each);
  const Int128 counts = times(kPpm + parameters_.assets[settlement].debt_addon_ppm, each);
  return times(r.lots, std::max<Int128>(0, ceil_div(lost, counts)));
}

NaiveModel::Interval NaiveModel::flow(const Reservation& r, std::uint32_t asset) const {
  const InstrumentParameters& p = parameters_.instruments[r.instrument];
  Interval moved;
  if (asset == p.base.value) {
    const Int128 units = times(r.lots, p.base_per_lot);
    (r.buy ? moved.high : moved.low) = r.buy ? units : -units;
  } else if (asset == p.settlement.value) {
    const Int128 price = times(r.worst, p.marks_per_tick, p.units_per_lot_mark);
    const Int128 fee = fee_per_lot(r.instrument, r.fee_price);
    if (r.buy) moved.low = -times(r.lots, price + fee);
    if (!r.buy) moved.high = times(r.lots, r.highest, p.marks_per_tick, p.units_per_lot_mark);
  }
  return moved;
}

NaiveModel::Interval NaiveModel::flows(const Book& book, std::uint32_t asset) const {
  Interval sum;
  for (const Reservation& r : book.open) {
    if (!is_spot(r.instrument)) continue;
    const Interval part = flow(r, asset);
    sum.low += part.low;
    sum.high += part.high;
  }
  return sum;
}

// C: what all open orders of a book lose, and what they pay for lots that do not count.
NaiveModel::Units NaiveModel::costs(const Book& book, bool exits_only) const {
  Units sum = no_costs();
  std::map<std::uint32_t, Int128> sells;
  for (const Reservation& r : book.open) {
    if (!r.buy) sells[r.instrument] += r.lots;
  }
  std::map<std::uint32_t, Int128> buys;
  std::map<std::uint32_t, Int128> highest;  // paid for a lot, its fee too
  for (const Reservation& r : book.open) {
    if (exits_only && !r.exit) continue;
    const InstrumentParameters& p = parameters_.instruments[r.instrument];
    const auto position = book.positions.find(r.instrument);
    const Int128 held_now = position == book.positions.end() ? 0 : position->second;
    if (!r.buy && !p.long_value && sells[r.instrument] <= held_now) {
      // It closes what counts for nothing: only the fee can be more than is paid for it.
      sum[p.settlement.value] += times(
          r.lots, std::max<Int128>(0, fee_per_lot(r.instrument, r.fee_price) -
                                          times(r.worst, p.marks_per_tick, p.units_per_lot_mark)));
      continue;
    }
    sum[p.settlement.value] += order_cost(r);
    if (!r.buy || p.long_value) continue;
    buys[r.instrument] += r.lots;
    const Int128 paid = times(r.worst, p.marks_per_tick, p.units_per_lot_mark) +
                        fee_per_lot(r.instrument, r.fee_price);
    highest[r.instrument] = std::max(highest[r.instrument], paid);
  }
  for (const auto& [instrument, bought] : buys) {
    const InstrumentParameters& p = parameters_.instruments[instrument];
    const auto at = book.positions.find(instrument);
    const Int128 held = at == book.positions.end() ? 0 : at->second;
    const Int128 beyond = std::max<Int128>(0, held + bought) - std::max<Int128>(0, held);
    sum[p.settlement.value] += times(beyond, std::min(got(instrument), highest[instrument]));
  }
  return sum;
}

// What costs take from E at most, in quanta.
Int128 NaiveModel::taken_at_most(const Units& costs) const {
  Int128 sum = 0;
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset)
    sum += times(costs[asset], outflow_ppm(asset), unit(asset));
  return ceil_div(sum, times(kPpm, parameters_.wide_denominator));
}

// The most units of an asset whose value fits; of an unpriced one there is no limit.
Int128 NaiveModel::most_units(std::uint32_t asset) const {
  if (unit(asset) == 0) return kUnlimited.raw;
  return times(kValueMax, parameters_.wide_denominator) / unit(asset);
}

// Whether the value of every asset's total fits, or is cut off above.
bool NaiveModel::totals_fit(std::uint32_t account) const {
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    if (unit(asset) == 0) continue;
    if (magnitude(asset_sum(account, asset)) > most_units(asset)) return false;
  }
  return true;
}

}  // namespace portcullis::support
