// NaiveModel: the margin (METHOD 3.1-3.5 and the rounding contract in risk/engine.h).
#include <algorithm>

#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

// What an order reserves: one order of the largest leaves over head and pending replaces, at the
// worst price and the worst fee among them.
Reservation NaiveModel::reservation(const ModelOrder& order) const {
  Reservation r;
  r.instrument = order.instrument;
  r.buy = order.buy;
  r.exit = order.exit;
  r.lots = order.head_leaves();
  r.worst = order.price;
  r.fee_price = order.price;
  for (const ModelPending& pending : order.pending) {
    r.lots = std::max<Int128>(r.lots, order.leaves_of(pending.number));
    r.worst = order.buy ? std::max<Int128>(r.worst, pending.price)
                        : std::min<Int128>(r.worst, pending.price);
    r.fee_price = std::max<Int128>(r.fee_price, pending.price);
  }
  return r;
}

NaiveModel::Book NaiveModel::book(std::uint32_t account, std::uint64_t without) const {
  Book book;
  book.account = account;
  for (const auto& [instrument, line] : accounts_[account].lines) {
    book.positions[instrument] = line.position;
  }
  for (const auto& [id, order] : orders_) {
    if (order.account == account && id != without) book.open.push_back(reservation(order));
  }
  return book;
}

bool NaiveModel::fresh_mark(std::uint32_t instrument, std::int64_t now) const {
  const ModelPrice& mark = marks_[instrument];
  return mark.value > 0 && now - mark.as_of <= parameters_.instruments[instrument].mark_age_max_ns;
}

bool NaiveModel::fresh_index(std::uint32_t asset, std::int64_t now) const {
  const ModelPrice& index = indexes_[asset];
  return index.value > 0 && now - index.as_of <= parameters_.assets[asset].index_age_max_ns;
}

bool NaiveModel::priced(std::uint32_t instrument) const {
  return marks_[instrument].value > 0 &&
         indexes_[parameters_.instruments[instrument].settlement.value].value > 0;
}

bool NaiveModel::account_stale(std::uint32_t account, std::int64_t now) const {
  std::set<std::uint32_t> instruments;
  std::set<std::uint32_t> assets;
  for (const auto& [instrument, line] : accounts_[account].lines) {
    if (line.position != 0) instruments.insert(instrument);
  }
  for (const auto& [id, order] : orders_) {
    if (order.account == account) instruments.insert(order.instrument);
  }
  for (const std::uint32_t instrument : instruments) {
    if (!fresh_mark(instrument, now)) return true;
    assets.insert(parameters_.instruments[instrument].settlement.value);
  }
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    if (asset_total(account, asset) != 0) assets.insert(asset);
  }
  return std::any_of(assets.begin(), assets.end(),
                     [&](std::uint32_t asset) { return !fresh_index(asset, now); });
}

// The value of one unit of the asset, in Wide; 0 while it is unpriced.
Int128 NaiveModel::unit(std::uint32_t asset) const {
  return Int128{indexes_[asset].value} * parameters_.assets[asset].wide_per_index;
}

Int128 NaiveModel::lot_notional(std::uint32_t instrument, Int128 price_in_marks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  return price_in_marks * p.units_per_lot_mark * unit(p.settlement.value);
}

Int128 NaiveModel::fee_per_lot(std::uint32_t instrument, Int128 price_in_ticks) const {
  const InstrumentParameters& p = parameters_.instruments[instrument];
  return ceil_div(price_in_ticks * p.marks_per_tick * p.units_per_lot_mark * p.fee_ppm, kPpm);
}

// X: all the account has of an asset, unrealised gains included.
Int128 NaiveModel::asset_total(std::uint32_t account, std::uint32_t asset) const {
  Int128 total = accounts_[account].balances[asset];
  for (const auto& [instrument, line] : accounts_[account].lines) {
    const InstrumentParameters& p = parameters_.instruments[instrument];
    if (p.settlement.value != asset) continue;
    total += line.position * marks_[instrument].value * p.units_per_lot_mark + line.cash;
  }
  return total;
}

// H: the haircut curve of X, times 1e6.
Int128 NaiveModel::haircut(std::uint32_t account, std::uint32_t asset) const {
  const AssetParameters& p = parameters_.assets[asset];
  const Int128 total = asset_total(account, asset);
  if (total < 0) return total * (kPpm + p.debt_addon_ppm);
  Int128 sum = 0;
  Int128 below = 0;
  for (const HaircutTier& tier : p.haircut) {
    const Int128 top = std::min(total, tier.upto.raw);
    if (top > below) sum += (top - below) * tier.rate_ppm;
    below = tier.upto.raw;
  }
  return sum;
}

Int128 NaiveModel::equity(std::uint32_t account) const {
  Int128 sum = 0;
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    sum += floor_div(haircut(account, asset) * unit(asset),
                     Int128{kPpm} * parameters_.wide_denominator);
  }
  return sum;
}

// The cost of an order if it fills now at its worst price, in units of the settlement asset.
Int128 NaiveModel::cost_units(const Reservation& r) const {
  const InstrumentParameters& p = parameters_.instruments[r.instrument];
  const Int128 fee = fee_per_lot(r.instrument, r.fee_price);
  if (!priced(r.instrument)) return r.lots * fee;
  const Int128 beyond =
      (r.worst * p.marks_per_tick - marks_[r.instrument].value) * (r.buy ? 1 : -1);
  return r.lots * std::max<Int128>(0, beyond * p.units_per_lot_mark + fee);
}

// E - C: a cost may become a debt, so it is converted as one.
Int128 NaiveModel::free_equity(std::uint32_t account, const std::vector<Reservation>& open) const {
  Int128 sum = 0;
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    Int128 wide = haircut(account, asset);
    for (const Reservation& r : open) {
      if (parameters_.instruments[r.instrument].settlement.value != asset) continue;
      wide -= cost_units(r) * (kPpm + parameters_.assets[asset].debt_addon_ppm);
    }
    sum += floor_div(wide * unit(asset), Int128{kPpm} * parameters_.wide_denominator);
  }
  return sum;
}

// What costs take from it at most.
Int128 NaiveModel::costs(const std::vector<Reservation>& open) const {
  Int128 sum = 0;
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    Int128 units = 0;
    for (const Reservation& r : open) {
      if (parameters_.instruments[r.instrument].settlement.value == asset) units += cost_units(r);
    }
    sum += ceil_div(units * (kPpm + parameters_.assets[asset].debt_addon_ppm) * unit(asset),
                    Int128{kPpm} * parameters_.wide_denominator);
  }
  return sum;
}

// The worst outcome of every group in every column of its table. The collateral is the account's as
// it is: a fill moves the position and its cost only.
std::vector<std::vector<Int128>> NaiveModel::worst_outcomes(const Book& book) const {
  const Parameters& p = parameters_;
  const Int128 scale = Int128{kPpm} * p.wide_denominator;
  std::vector<std::vector<Int128>> low(p.groups.size());
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    const GroupParameters& group = p.groups[g];
    low[g].assign(group.column_count, 0);
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const std::uint32_t factor = group.first_factor + f;
      Int128 position = 0;
      Int128 buys = 0;
      Int128 sells = 0;
      Int128 collateral = 0;
      for (const auto& [instrument, lots] : book.positions) {
        if (p.instruments[instrument].factor.value != factor) continue;
        position += lots * lot_notional(instrument, marks_[instrument].value);
      }
      for (const Reservation& r : book.open) {
        if (p.instruments[r.instrument].factor.value != factor) continue;
        (r.buy ? buys : sells) += r.lots * lot_notional(r.instrument, marks_[r.instrument].value);
      }
      for (std::uint32_t asset = 0; asset < p.assets.size(); ++asset) {
        if (p.assets[asset].mode == CollateralMode::Static) continue;
        if (p.assets[asset].factor.value != factor) continue;
        collateral += haircut(book.account, asset) * unit(asset);
      }
      const Int128 up = floor_div((position - sells) * kPpm + collateral, scale);
      const Int128 down = ceil_div((position + buys) * kPpm + collateral, scale);
      for (std::uint32_t column = 0; column < group.column_count; ++column) {
        const Int128 shock = group.shock_ppm[f * group.column_count + column];
        low[g][column] += floor_div((shock >= 0 ? up : down) * shock, kPpm);
      }
    }
  }
  return low;
}

// The loss of one group in its worst column of a set; 0 where none loses.
Int128 NaiveModel::alone(const std::vector<std::vector<Int128>>& low, std::size_t set,
                         std::size_t group) const {
  const SetParameters& s = parameters_.sets[set];
  Int128 worst = 0;
  for (std::uint32_t column = 0; column < s.column_count[group]; ++column) {
    worst = std::max(worst, -low[group][s.first_column[group] + column]);
  }
  return worst;
}

// The loss of all groups together in one column of a joint set, gains counted by kappa only.
Int128 NaiveModel::together(const std::vector<std::vector<Int128>>& low, std::size_t set,
                            std::uint32_t column) const {
  Int128 sum = 0;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    const Int128 move = low[g][parameters_.sets[set].first_column[g] + column];
    sum += move <= 0 ? move : floor_div(move * parameters_.groups[g].kappa_ppm, kPpm);
  }
  return -sum;
}

// J of METHOD 3.4, times 1e6.
Int128 NaiveModel::joint(const std::vector<std::vector<Int128>>& low, std::size_t set) const {
  const SetParameters& s = parameters_.sets[set];
  Int128 worst = 0;
  for (std::uint32_t column = 0; column < s.column_count[0]; ++column) {
    worst = std::max(worst, together(low, set, column));
  }
  Int128 sum_alone = 0;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) sum_alone += alone(low, set, g);
  return s.joint_weight_ppm * worst + (kPpm - s.joint_weight_ppm) * sum_alone;
}

Int128 NaiveModel::group_requirement(const std::vector<std::vector<Int128>>& low,
                                     std::size_t group) const {
  Int128 worst = 0;
  for (std::size_t k = 0; k < parameters_.sets.size(); ++k) {
    if (parameters_.sets[k].scope == SetScope::PerGroup)
      worst = std::max(worst, alone(low, k, group));
  }
  return worst;
}

NaiveModel::Scopes NaiveModel::scopes(const std::vector<std::vector<Int128>>& low) const {
  const Parameters& p = parameters_;
  Int128 groups_sum = 0;
  for (std::size_t g = 0; g < p.groups.size(); ++g) groups_sum += group_requirement(low, g);
  Int128 joint_max = 0;
  for (std::size_t k = 0; k < p.sets.size(); ++k) {
    if (p.sets[k].scope == SetScope::Joint) joint_max = std::max(joint_max, joint(low, k));
  }
  return {.by_group = ceil_div(p.group_mult_ppm * groups_sum, kPpm),
          .jointly = ceil_div(p.joint_mult_ppm * joint_max, Int128{kPpm} * kPpm)};
}

Int128 NaiveModel::requirement(const Book& book) const {
  const Scopes both = scopes(worst_outcomes(book));
  return std::max(both.by_group, both.jointly);
}

// Whether this set, group and column make the account's requirement what it is.
bool NaiveModel::binds(std::uint32_t account, std::uint32_t set, std::uint32_t group,
                       std::uint32_t column) const {
  const auto low = worst_outcomes(book(account));
  const Scopes both = scopes(low);
  if (both.by_group == 0 && both.jointly == 0) return set == kNil;
  if (set >= parameters_.sets.size()) return false;
  const SetParameters& s = parameters_.sets[set];
  if (s.scope == SetScope::Joint) {
    if (group != kNil || column >= s.column_count[0] || both.jointly < both.by_group) return false;
    for (std::size_t k = 0; k < parameters_.sets.size(); ++k) {
      const bool larger =
          parameters_.sets[k].scope == SetScope::Joint && joint(low, k) > joint(low, set);
      if (larger) return false;
    }
    for (std::uint32_t other = 0; other < s.column_count[0]; ++other) {
      if (together(low, set, other) > together(low, set, column)) return false;
    }
    return true;
  }
  if (group >= parameters_.groups.size() || column >= s.column_count[group]) return false;
  for (std::size_t g = 0; g < parameters_.groups.size(); ++g) {
    if (group_requirement(low, g) > group_requirement(low, group)) return false;
  }
  return both.by_group >= both.jointly &&
         -low[group][s.first_column[group] + column] == group_requirement(low, group);
}

ModelMargin NaiveModel::margin(std::uint32_t account, std::int64_t now) const {
  const Book now_book = book(account);
  ModelMargin m;
  m.equity = equity(account);
  m.costs = m.equity - free_equity(account, now_book.open);
  m.requirement = requirement(now_book);
  m.available = m.equity - m.costs - m.requirement;
  m.stale = account_stale(account, now);
  return m;
}

}  // namespace portcullis::support
