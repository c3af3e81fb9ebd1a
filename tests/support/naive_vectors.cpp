// NaiveModel: exposures, the worst outcome of every column, and what must fit (METHOD 3.3, 3.8,
// 3.10 and the rounding contract in risk/engine.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

constexpr Int128 kSpanMax = Int128{1} << 61;

}  // namespace

std::int64_t largest_rise(const GroupParameters& group, std::uint32_t local_factor) {
  std::int64_t rise = 0;
  for (std::uint32_t column = 0; column < group.column_count; ++column) {
    rise =
        std::max<std::int64_t>(rise, group.shock_ppm[local_factor * group.column_count + column]);
  }
  return rise;
}

// How many lots of the account's orders in a group the venue lets fill in one go, where it does so.
std::optional<Int128> NaiveModel::protected_lots(std::uint32_t account, std::size_t group) const {
  for (const MarketMakerProtection& p : parameters_.accounts[account].protections) {
    if (p.group.value == group) return Int128{p.lots.raw};
  }
  return std::nullopt;
}

// The lots by which the open orders that are no exits may lose in the group: as many as its
// protection lets fill; none without a protection, where each counts in its own line.
Int128 NaiveModel::quoted_lots(const Book& book, std::size_t group) const {
  for (const Reservation& r : book.open) {
    if (group_of(r.instrument) == group && !is_spot(r.instrument) && !r.exit && r.lots > 0)
      return protected_lots(book.account, group).value_or(0);
  }
  return 0;
}

// In how many states of its factors a group's table has the columns.
std::uint32_t NaiveModel::lag_states(std::size_t group) const {
  return parameters_.groups[group].table_move_max_ppm == 0 ? 1 : 3;
}

// What a lot of a Table instrument gains in a column of a lag state, in its units.
Int128 NaiveModel::gain_of(std::uint32_t instrument, std::uint32_t state,
                           std::uint32_t column) const {
  const std::size_t group = group_of(instrument);
  const std::size_t columns = parameters_.groups[group].column_count;
  const std::size_t row = parameters_.instruments[instrument].row;
  return table_of(instrument)->gains[(row * lag_states(group) + state) * columns + column];
}

// M: what a lot of the group's worst instrument loses in a column of a lag state, on its worse side,
// in fines.
Int128 NaiveModel::worst_lot(std::size_t group, std::uint32_t state, std::uint32_t column) const {
  const GroupParameters& g = parameters_.groups[group];
  Int128 worst = 0;
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
    const InstrumentParameters& p = parameters_.instruments[i];
    if (group_of(i) != group || is_spot(i)) continue;
    if (p.risk == RiskSource::Factor) {
      const Int128 quanta = ceil_div(notional(i), parameters_.wide_denominator);
      const std::uint32_t local = p.factor.value - g.first_factor;
      const Int128 shock = g.shock_ppm[local * g.column_count + column];
      worst = std::max(worst, times(quanta, magnitude(shock)));
    } else if (table_of(i) != nullptr) {
      const Int128 gain = gain_of(i, state, column);
      worst = std::max(worst, times(p.vector_unit, magnitude(gain)) + ceil_div(p.vector_unit, 2));
    }
  }
  return worst;
}

// Between which lots a line may end: [q - S, q + B]; long lots that have no value are not there.
// Under a protection only by its exits, and by so many of its quotes.
NaiveModel::Interval NaiveModel::lots(const Book& book, std::uint32_t instrument,
                                      Int128 quotes_most) const {
  if (is_spot(instrument)) return {};  // it has no position
  Int128 bought = 0;
  Int128 sold = 0;
  Int128 quoted_buys = 0;
  Int128 quoted_sells = 0;
  const bool has_protection = protected_lots(book.account, group_of(instrument)).has_value();
  for (const Reservation& r : book.open) {
    if (r.instrument != instrument) continue;
    if (has_protection && !r.exit) {
      (r.buy ? quoted_buys : quoted_sells) += r.lots;
    } else {
      (r.buy ? bought : sold) += r.lots;
    }
  }
  const auto held = book.positions.find(instrument);
  const Int128 position = held == book.positions.end() ? 0 : held->second;
  const Interval lots{.low = position - sold - std::min(quoted_sells, quotes_most),
                      .high = position + bought + std::min(quoted_buys, quotes_most)};
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
NaiveModel::Exposed NaiveModel::collateral(const Book& book, MarginBasis basis,
                                           std::uint32_t factor, const Units& paid) const {
  Exposed moves;
  const std::uint32_t account = book.account;
  const Int128 uncapped = uncapped_value(account, basis, paid);
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    const AssetParameters& p = parameters_.assets[asset];
    if (p.mode == CollateralMode::Static || p.factor.value != factor) continue;
    // Open spot orders may bring some before it falls, and take some before it rises.
    const Interval moved = flows(book, asset);
    const Int128 most = most_units(asset);
    const auto cut = [&](Int128 units) { return std::clamp(units, -most, most); };
    const Int128 held = asset_total(account, asset);
    const Int128 total = cut(held + moved.high);
    Int128 value = haircut(asset, basis, total);
    // Of a capped asset what equity counts of it.
    if (p.share_ppm < kPpm) {
      value = haircut(asset, basis, held) -
              times(cut(paid[asset]), kPpm + p.debt_addon_ppm, unit(asset));
    }
    if (value >= 0 ? counts_falls(p.mode) : p.mode == CollateralMode::Both) {
      moves.down += counted(asset, value, uncapped);
    }
    const Int128 left = cut(held - paid[asset] + moved.low);
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
    const Exposed moves = collateral(book, basis, factor, paid);
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

// What a group's lines and collateral make in one column of a lag state at worst, in fines.
Int128 NaiveModel::worst_outcome(const Book& book, const std::vector<Exposed>& exposed,
                                 std::size_t g, std::uint32_t state, std::uint32_t column) const {
  const GroupParameters& group = parameters_.groups[g];
  Int128 sum = -reserve(book, g);
  for (std::uint32_t f = 0; f < group.factor_count; ++f) {
    const Exposed& at = exposed[group.first_factor + f];
    const Int128 shock = group.shock_ppm[f * group.column_count + column];
    sum += times(shock >= 0 ? at.up : at.down, shock);
  }
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
    const InstrumentParameters& p = parameters_.instruments[i];
    if (p.risk != RiskSource::Table || group_of(i) != g || table_of(i) == nullptr) continue;
    const Interval ends = lots(book, i);
    const Int128 gain = gain_of(i, state, column);
    sum += times(p.vector_unit, gain >= 0 ? ends.low : ends.high, gain);
  }
  const Int128 quoted = quoted_lots(book, g);
  return quoted > 0 ? sum - times(quoted, worst_lot(g, state, column)) : sum;
}

// low: the worst outcome of every group in every column, over its lag states, in fines.
NaiveModel::Vectors NaiveModel::worst_outcomes(const Book& book, MarginBasis basis,
                                               const Units& paid) const {
  const std::vector<Exposed> exposed = exposures(book, basis, paid);
  Vectors low;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    low.emplace_back();
    for (std::uint32_t column = 0; column < parameters_.groups[g].column_count; ++column) {
      Int128 worst = worst_outcome(book, exposed, g, 0, column);
      for (std::uint32_t state = 1; state < lag_states(g); ++state)
        worst = std::min(worst, worst_outcome(book, exposed, g, state, column));
      low[g].push_back(worst);
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
    Int128 worst = 0;
    for (std::uint32_t state = 0; state < lag_states(g); ++state) {
      for (std::uint32_t column = 0; column < group.column_count; ++column)
        worst = std::max(worst, worst_lot(g, state, column));
    }
    span += times(quoted_lots(book, g), worst);
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
