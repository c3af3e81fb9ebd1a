// NaiveModel: exposures, the worst outcome of every column, and what must fit (METHOD 3.3, 3.8,
// 3.10 and the rounding contract in risk/engine.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

constexpr Int128 kSpanMax = Int128{1} << 61;

std::int64_t largest_rise(const GroupParameters& group, std::uint32_t local_factor) {
  std::int64_t rise = 0;
  for (std::uint32_t column = 0; column < group.column_count; ++column) {
    rise =
        std::max<std::int64_t>(rise, group.shock_ppm[local_factor * group.column_count + column]);
  }
  return rise;
}

}  // namespace

// Between which lots a line may end: [q - S, q + B]; long lots that have no value are not there.
NaiveModel::Interval NaiveModel::lots(const Book& book, std::uint32_t instrument) const {
  Interval lots;
  const auto held = book.positions.find(instrument);
  if (held != book.positions.end()) lots = {held->second, held->second};
  for (const Reservation& r : book.open) {
    if (r.instrument != instrument) continue;
    if (r.buy) lots.high += r.lots;
    if (!r.buy) lots.low -= r.lots;
  }
  if (parameters_.instruments[instrument].long_value) return lots;
  return {std::min<Int128>(0, lots.low), std::min<Int128>(0, lots.high)};
}

// Tiers by value: the rate of the last of it after the largest rise.
Int128 NaiveModel::risen_rate(std::uint32_t asset, MarginBasis basis, Int128 total) const {
  const std::uint32_t factor = parameters_.assets[asset].factor.value;
  std::int64_t rise = 0;
  for (const GroupParameters& group : parameters_.groups) {
    const std::uint32_t local = factor - group.first_factor;
    if (factor >= group.first_factor && local < group.factor_count) {
      rise = largest_rise(group, local);
    }
  }
  const Int128 risen = times(total, unit(asset), kPpm + rise);
  for (const HaircutTier& tier : curve(asset, basis)) {
    if (tier.upto == kUnlimited) return tier.rate_ppm;
    if (risen <= times(tier.upto.raw, parameters_.wide_denominator, kPpm)) return tier.rate_ppm;
  }
  return 0;  // a curve has a last tier
}

// K: what of the account's assets moves with a factor where it falls (down) and where it rises
// (up), in Wide times 1e6.
NaiveModel::Exposed NaiveModel::collateral(std::uint32_t account, MarginBasis basis,
                                           std::uint32_t factor, const Units& paid) const {
  Exposed moves;
  const Int128 uncapped = uncapped_value(account, basis, no_costs());
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const AssetParameters& p = parameters_.assets[asset];
    if (p.mode == CollateralMode::Static || p.factor.value != factor) continue;
    const Int128 total = asset_total(account, asset);
    const Int128 value = haircut(asset, basis, total);
    if (value >= 0 ? counts_falls(p.mode) : p.mode == CollateralMode::Both) {
      moves.down += counted(asset, value, uncapped);
    }
    const Int128 left = total - paid[asset];
    if (left < 0) {
      moves.up += haircut(asset, basis, left);
    } else if (counts_rises(p.mode)) {
      moves.up += p.tiers_by_value ? times(risen_rate(asset, basis, total), left, unit(asset))
                                   : haircut(asset, basis, left);
    }
  }
  return moves;
}

// What the book stands to move with each factor, up and down, in quanta.
std::vector<NaiveModel::Exposed> NaiveModel::exposures(const Book& book, MarginBasis basis,
                                                       const Units& paid) const {
  const Int128 scale = times(kPpm, parameters_.wide_denominator);
  std::vector<Exposed> exposed;
  for (std::uint32_t factor = 0; factor < parameters_.factor_count; ++factor) {
    Interval sum;
    for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
      const InstrumentParameters& p = parameters_.instruments[i];
      if (p.risk != RiskSource::Factor || p.factor.value != factor) continue;
      const Interval ends = lots(book, i);
      sum.low += times(ends.low, notional(i));
      sum.high += times(ends.high, notional(i));
    }
    const Exposed moves = collateral(book.account, basis, factor, paid);
    exposed.push_back({.up = floor_div(times(sum.low, kPpm) + moves.up, scale),
                       .down = ceil_div(times(sum.high, kPpm) + moves.down, scale)});
  }
  return exposed;
}

// What the rounding of a group's table may hide, in fines.
Int128 NaiveModel::reserve(const Book& book, std::size_t group) const {
  Int128 sum = 0;
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
    const InstrumentParameters& p = parameters_.instruments[i];
    if (p.risk != RiskSource::Table || group_of(i) != group || table_of(i) == nullptr) continue;
    const Interval ends = lots(book, i);
    const Int128 larger = std::max(magnitude(ends.low), magnitude(ends.high));
    sum += ceil_div(times(p.vector_unit, larger), 2);
  }
  return sum;
}

// low: the worst outcome of every group in every column of its table, in fines.
NaiveModel::Vectors NaiveModel::worst_outcomes(const Book& book, MarginBasis basis,
                                               const Units& paid) const {
  const std::vector<Exposed> exposed = exposures(book, basis, paid);
  Vectors low;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    const GroupParameters& group = parameters_.groups[g];
    low.emplace_back(group.column_count, -reserve(book, g));
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const Exposed& at = exposed[group.first_factor + f];
      for (std::uint32_t column = 0; column < group.column_count; ++column) {
        const Int128 shock = group.shock_ppm[f * group.column_count + column];
        low[g][column] += times(shock >= 0 ? at.up : at.down, shock);
      }
    }
    for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
      const InstrumentParameters& p = parameters_.instruments[i];
      if (p.risk != RiskSource::Table || group_of(i) != g || table_of(i) == nullptr) continue;
      const Interval ends = lots(book, i);
      for (std::uint32_t column = 0; column < group.column_count; ++column) {
        const Int128 gain = table_of(i)->gains[p.row * group.column_count + column];
        low[g][column] += times(p.vector_unit, gain >= 0 ? ends.low : ends.high, gain);
      }
    }
  }
  return low;
}

// Whether every exposure fits, and the sums of whole vectors whatever the prices do.
bool NaiveModel::exposures_fit(const Book& book, const Units& paid) const {
  const std::vector<Exposed> exposed = exposures(book, MarginBasis::Initial, paid);
  Int128 span = 0;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    const GroupParameters& group = parameters_.groups[g];
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const Exposed& at = exposed[group.first_factor + f];
      const Int128 larger = std::max(magnitude(at.up), magnitude(at.down));
      if (larger > kValueMax) return false;
      Int128 shock = 0;
      for (std::uint32_t column = 0; column < group.column_count; ++column) {
        shock = std::max(shock, magnitude(group.shock_ppm[f * group.column_count + column]));
      }
      span += times(larger, shock);
    }
    for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
      const InstrumentParameters& p = parameters_.instruments[i];
      if (p.risk != RiskSource::Table || group_of(i) != g || table_of(i) == nullptr) continue;
      const Interval ends = lots(book, i);
      const Int128 larger = std::max(magnitude(ends.low), magnitude(ends.high));
      span += times(larger, p.vector_unit, p.vector_cap);
    }
    span += reserve(book, g);
  }
  return span <= kSpanMax;
}

// Whether all figures of an account fit their integers.
bool NaiveModel::figures_fit(std::uint32_t account) const {
  if (!totals_fit(account)) return false;
  const Book now = book(account);
  const Units paid = costs(now);
  const Int128 capital = equity(account, MarginBasis::Initial, paid);
  return -kValueMax <= capital && capital <= kValueMax && exposures_fit(now, paid);
}

}  // namespace portcullis::support
