#include "tests/support/random_margin.h"

#include <algorithm>
#include <set>

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

std::uint32_t any(Rng& rng, std::size_t size) {
  return static_cast<std::uint32_t>(rng.between(0, static_cast<std::int64_t>(size) - 1));
}

std::size_t group_of(const Parameters& p, FactorIndex factor) {
  std::size_t group = 0;
  while (factor.value >= p.groups[group].first_factor + p.groups[group].factor_count) ++group;
  return group;
}

void random_groups(Rng& rng, Parameters& p) {
  for (std::int64_t groups = rng.between(2, 4); groups > 0; --groups) {
    GroupParameters group;
    group.first_factor = p.factor_count;
    group.factor_count = static_cast<std::uint32_t>(rng.between(1, 2));
    p.factor_count += group.factor_count;
    p.groups.push_back(group);
  }
}

// The scenario tables: per-group grids first, then the joint sets with break columns.
void random_scenarios(Rng& rng, Parameters& p) {
  const std::size_t groups = p.groups.size();
  const std::int64_t grids = rng.between(1, 2);
  const std::int64_t joints = rng.pick({0, 1, 1, 2});
  for (std::int64_t k = 0; k < grids + joints; ++k) {
    SetParameters set;
    set.scope = k < grids ? SetScope::PerGroup : SetScope::Joint;
    const auto joint_columns = static_cast<std::uint32_t>(rng.between(1, 8));
    for (std::size_t g = 0; g < groups; ++g) {
      std::uint32_t columns = joint_columns;
      if (k < grids)
        columns = static_cast<std::uint32_t>(k > 0 && rng.percent(40) ? 0 : rng.between(3, 9));
      set.first_column.push_back(p.groups[g].column_count);
      set.column_count.push_back(columns);
      p.groups[g].column_count += columns;
    }
    set.joint_weight_ppm = rng.pick({kPpm, kPpm, 500'000, rng.between(0, kPpm)});
    p.sets.push_back(set);
  }
  for (GroupParameters& g : p.groups) {
    g.kappa_ppm = rng.pick({0, 500'000, kPpm, rng.between(0, kPpm)});
    for (std::uint32_t f = 0; f < g.factor_count; ++f) {
      const std::int64_t range = rng.pick({40'000, 160'000, 371'695});
      for (std::uint32_t column = 0; column < g.column_count; ++column) {
        const std::int64_t shock = column % 4 == 1 ? 0 : rng.between(-range, range);
        g.shock_ppm.push_back(static_cast<std::int32_t>(column == 0   ? -range
                                                        : column == 2 ? range
                                                                      : shock));
      }
    }
  }
  p.per_group.initial_mult_ppm = rng.pick({kPpm, 1'300'000, 800'000, 1'234'567});
  p.joint.initial_mult_ppm = rng.pick({kPpm, 1'300'000, 777'777});
}

// How the sets are measured and put together.
void random_measures(Rng& rng, Parameters& p) {
  for (SetParameters& set : p.sets) {
    if (rng.percent(40)) {
      set.measure = SetMeasure::ExpectedShortfall;
      set.tail_denominator = rng.pick({1, 3, 8, 40, 1'000, 999'983});
      set.tail_numerator =
          rng.percent(20) ? set.tail_denominator : rng.between(1, (set.tail_denominator + 1) / 2);
    }
    if (rng.percent(20)) set.action = rng.percent(50) ? SetAction::Warn : SetAction::Report;
    set.initial = rng.percent(92);
    set.maintenance = rng.percent(92);
    set.weight_ppm = rng.pick({kPpm, 250'000, rng.between(0, kPpm)});
  }
  for (ScopeParameters* scope : {&p.per_group, &p.joint}) {
    if (rng.percent(35)) scope->combine = Combine::Sum;
    scope->maintenance_mult_ppm = rng.pick({kPpm, 500'000, 769'231, scope->initial_mult_ppm});
  }
  for (GroupParameters& g : p.groups) {
    if (rng.percent(30)) g.gain_cap = Value{rng.between(0, 20'000)};
  }
  p.maintenance_includes_orders = rng.percent(30);
}

std::vector<HaircutTier> random_curve(Rng& rng) {
  std::vector<HaircutTier> curve;
  std::int64_t rate = rng.between(800'000, kPpm);
  std::int64_t upto = 0;
  for (std::int64_t tiers = rng.between(0, 2); tiers > 0; --tiers) {
    upto += rng.between(10'000, 2'000'000);
    curve.push_back({Amount{upto}, rate});
    rate = rng.between(rate / 2, rate);
  }
  curve.push_back({kUnlimited, rate});
  return curve;
}

AssetParameters random_asset(Rng& rng, std::int64_t wide_per_index, std::uint32_t factors,
                             bool may_move) {
  AssetParameters a;
  a.wide_per_index = wide_per_index;
  a.haircut = random_curve(rng);
  a.maintenance_haircut = a.haircut;
  a.debt_addon_ppm = rng.pick({0, 0, 50'000, 123'457});
  if (may_move && rng.percent(60)) {
    a.mode = CollateralMode::Both;
    a.factor = FactorIndex{any(rng, factors)};
  }
  a.index_age_max_ns = rng.pick({60, 300, 3'600}) * kSecondNs;
  return a;
}

// What else there is to an asset; the first one is never capped.
void random_asset_rules(Rng& rng, AssetParameters& a, bool first) {
  if (rng.percent(40)) a.maintenance_haircut = random_curve(rng);
  if (rng.percent(20)) a.maintenance_haircut = {{kUnlimited, kPpm}};
  a.tiers_by_value = rng.percent(30);
  if (a.mode != CollateralMode::Static) {
    a.mode = static_cast<CollateralMode>(rng.pick({1, 1, 2, 3}));
  }
  if (rng.percent(40)) {
    a.borrow_initial_ppm = rng.between(0, 200'000);
    a.borrow_maintenance_ppm = rng.between(0, a.borrow_initial_ppm);
  }
  a.borrow_max = Amount{rng.pick({0, 100'000, 10'000'000})};
  if (first || counts_rises(a.mode) || rng.percent(60)) return;
  a.share_ppm = rng.pick({0, 200'000, 500'000, 900'000});
  a.share_free = Value{rng.pick({0, 5'000, 50'000})};
}

// Indexes start near 1,000, so a unit is worth one quantum, or three, or half of one.
void random_assets(Rng& rng, Parameters& p) {
  const std::int64_t wide = p.wide_denominator / 1'000;
  p.assets.push_back(random_asset(rng, wide, p.factor_count, rng.percent(20)));
  for (std::int64_t more = rng.between(1, 2); more > 0; --more) {
    p.assets.push_back(
        random_asset(rng, rng.pick({wide, 3 * wide, (wide + 1) / 2}), p.factor_count, true));
  }
  for (AssetParameters& a : p.assets) random_asset_rules(rng, a, &a == &p.assets[0]);
}

// The asset is one that gains are paid in by instruments of other groups: where it moves, it only
// falls.
void fall_only(Parameters& p, const AssetParameters& settlement) {
  if (settlement.mode == CollateralMode::Static) return;
  GroupParameters& g = p.groups[group_of(p, settlement.factor)];
  const std::uint32_t f = settlement.factor.value - g.first_factor;
  for (std::uint32_t column = 0; column < g.column_count; ++column) {
    std::int32_t& shock = g.shock_ppm[f * g.column_count + column];
    shock = std::min(shock, -shock);
  }
}

// What orders are held to cost is enough for maintenance (Parameters::maintenance_includes_orders).
void keep_costs(Parameters& p) {
  if (!p.maintenance_includes_orders) return;
  const auto keep = [&](AssetIndex index) {
    AssetParameters& asset = p.assets[index.value];
    if (costs_more_in_maintenance(asset)) asset.maintenance_haircut = asset.haircut;
  };
  for (const InstrumentParameters& i : p.instruments) {
    if (i.payoff != Payoff::Spot && !i.upfront) continue;
    keep(i.settlement);
    if (i.payoff == Payoff::Spot) keep(i.base);
  }
}

// No gain requires more than it is worth (InstrumentParameters::settlement).
void keep_gains(Parameters& p) {
  const auto is_paid_in = [&](std::size_t a) {
    return std::any_of(p.instruments.begin(), p.instruments.end(),
                       [&](const auto& i) { return i.settlement.value == a || i.base.value == a; });
  };
  for (std::size_t a = 0; a < p.assets.size(); ++a) {
    AssetParameters& asset = p.assets[a];
    if (is_paid_in(a) && counts_rises(asset.mode) &&
        (asset.haircut.size() > 1 || asset.maintenance_haircut.size() > 1)) {
      asset.tiers_by_value = false;
    }
    if (!counts_falls(asset.mode) || (!is_paid_in(a) && asset.share_ppm == kPpm)) continue;
    while (falls_beyond_worth(asset.factor, p)) {
      for (SetParameters& set : p.sets) set.weight_ppm = set.weight_ppm * 3 / 4;
    }
  }
}

InstrumentParameters random_instrument(Rng& rng, const Parameters& p) {
  InstrumentParameters i;
  i.factor = FactorIndex{any(rng, p.factor_count)};
  i.settlement = AssetIndex{rng.percent(70) ? 0 : any(rng, p.assets.size())};
  i.marks_per_tick = rng.pick({1, 2, 5, 10});
  i.units_per_lot_mark = rng.pick({1, 1, 2, 7});
  i.fee_ppm = rng.pick({0, 100, 777, 2'000});
  i.mark_age_max_ns = rng.pick({40, 300, 3'600}) * kSecondNs;
  i.market_orders = rng.percent(80);
  return i;
}

void random_row(Rng& rng, Parameters& p, InstrumentParameters& i) {
  GroupParameters& group = p.groups[group_of(p, i.factor)];
  i.risk = RiskSource::Table;
  i.row = group.row_count++;
  group.table_age_max_ns = rng.pick({60, 600, 3'600}) * kSecondNs;
  // A lot gains a thousand quanta or so at most.
  i.vector_unit = rng.pick({1, 1'000, 999'983, 2'500'000});
  i.vector_cap = static_cast<std::int32_t>(
      std::min<std::int64_t>(std::int64_t{1} << 28, 1'500'000'000 / i.vector_unit));
}

// Makes more of an instrument than a linear one: a coin future, an option, a share, a future with
// rows in the table; or leaves it as it is.
void random_kind(Rng& rng, Parameters& p, InstrumentParameters& i) {
  if (rng.percent(20)) {
    i.payoff = Payoff::Spot;
    const auto count = static_cast<std::uint32_t>(p.assets.size());
    i.base_per_lot = rng.pick({1, 100, 777});
    // What pays is uncapped, as the first asset is.
    i.settlement = AssetIndex{any(rng, count)};
    if (p.assets[i.settlement.value].share_ppm != kPpm) i.settlement = AssetIndex{0};
    i.base = AssetIndex{(i.settlement.value + 1 + any(rng, count - 1)) % count};
    if (p.assets[i.base.value].mode != CollateralMode::Static)
      i.factor = p.assets[i.base.value].factor;
    return;
  }
  const std::int64_t dice = rng.between(1, 100);
  const bool inverse = dice <= 25 || (dice > 55 && dice <= 60);
  if (inverse) {
    i.payoff = Payoff::Inverse;
    i.units_per_lot_mark = rng.pick({1'000'000, 3'000'000, 777'777});
    for (std::uint32_t a = 1; a < p.assets.size(); ++a) {  // preferably in the coin of its factor
      if (p.assets[a].mode == CollateralMode::Static || rng.percent(20)) continue;
      i.settlement = AssetIndex{a};
      if (rng.percent(80)) i.factor = p.assets[a].factor;
    }
  }
  i.upfront = dice > 25 && dice <= 50;
  if (i.upfront) {
    i.long_value = rng.percent(65);
    i.settlement = AssetIndex{0};
    p.assets[0].mode = CollateralMode::Static;
    p.assets[0].haircut = p.assets[0].maintenance_haircut = {{kUnlimited, kPpm}};
  }
  const AssetParameters& settlement = p.assets[i.settlement.value];
  if (settlement.mode != CollateralMode::Static && rng.percent(75)) {
    const GroupParameters& group = p.groups[group_of(p, settlement.factor)];
    if (group_of(p, i.factor) != group_of(p, settlement.factor)) {
      i.factor = FactorIndex{group.first_factor + any(rng, group.factor_count)};
    }
  }
  if (dice > 30 && dice <= 60) random_row(rng, p, i);
  if (i.risk == RiskSource::Factor || rng.percent(50)) return;
  for (std::uint32_t other = 0; other < p.instruments.size(); ++other) {
    const InstrumentParameters& reference = p.instruments[other];
    if (reference.reference.exists()) continue;
    if (group_of(p, reference.factor) != group_of(p, i.factor)) continue;
    i.reference = InstrumentIndex{other};
    i.reference_lots_ppm = rng.pick({kPpm, 100'000, rng.between(1, 2 * kPpm)});
  }
}

std::vector<MarginTier> random_tiers(Rng& rng) {
  std::vector<MarginTier> tiers;
  std::int64_t rate = rng.between(0, 30'000);
  std::int64_t upto = 0;
  for (std::int64_t more = rng.between(0, 2); more > 0; --more) {
    upto += rng.between(1'000, 100'000);
    tiers.push_back({Value{upto}, rate});
    rate += rng.between(0, 60'000);
  }
  tiers.push_back({Value{kValueMax}, rate});
  return tiers;
}

// Adds a driver to a group; its number there.
std::uint32_t random_driver(Rng& rng, Parameters& p, std::size_t g, Reach reach) {
  DriverParameters driver;
  driver.measure = static_cast<Measure>(rng.between(0, 7));
  driver.reach = reach;
  const bool published = driver.measure == Measure::Vega ||
                         driver.measure == Measure::InitialCharge ||
                         driver.measure == Measure::MaintenanceCharge;
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    const InstrumentParameters& instrument = p.instruments[i];
    if (group_of(p, instrument.factor) != g || rng.percent(15)) continue;
    if (published && instrument.risk != RiskSource::Table) continue;
    DriverTerm term;
    term.instrument = InstrumentIndex{i};
    if (driver.measure == Measure::Lot) {
      term.per_lot = Wide{Int128{rng.between(-200'000, 2'000'000)} * p.wide_denominator / 1'000};
    }
    driver.terms.push_back(term);
  }
  p.groups[g].drivers.push_back(driver);
  return static_cast<std::uint32_t>(p.groups[g].drivers.size() - 1);
}

AddOnParameters random_add_on(Rng& rng, Parameters& p, std::size_t g) {
  AddOnParameters a;
  const auto driver = [&](Reach reach) { a.drivers.push_back(random_driver(rng, p, g, reach)); };
  a.function = static_cast<AddOnFunction>(rng.pick({0, 0, 0, 1, 2}));
  a.place = static_cast<AddOnPlace>(rng.between(0, 3));
  if (rng.percent(90)) a.initial = random_tiers(rng);
  if (rng.percent(80)) a.maintenance = random_tiers(rng);
  switch (a.function) {
    case AddOnFunction::Tiers:
      for (std::int64_t n = rng.between(1, 2); n > 0; --n) {
        driver(static_cast<Reach>(rng.between(0, 6)));
      }
      if (rng.percent(60)) break;
      a.ramped_by = InstrumentIndex{any(rng, p.instruments.size())};
      a.open_interest_low = Lots{rng.between(0, 500)};
      a.open_interest_high = a.open_interest_low + Lots{rng.between(1, 1'000)};
      break;
    case AddOnFunction::Hedged:
      for (std::int64_t n = rng.between(1, 3); n > 0; --n) driver(Reach::Net);
      break;
    case AddOnFunction::Ramp:
      driver(rng.percent(50) ? Reach::ShortNet : Reach::Net);
      if (rng.percent(70)) driver(Reach::LongNet);
      a.threshold = Value{rng.pick({0, 5'000, rng.between(0, 60'000)})};
      a.per = AssetIndex{any(rng, p.assets.size())};
      a.per_units = rng.pick({1, 1'000, 50'000});
      a.slope_ppm = rng.pick({0, 7, 1'000, 400'000});
      a.most_ppm = rng.pick({0, 100'000, kPpm, 3 * kPpm});
      break;
  }
  return a;
}

// Tables that may lag, where the rows have one factor.
void random_lag(Rng& rng, Parameters& p) {
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    if (rng.percent(40)) continue;
    std::set<std::uint32_t> factors;
    for (const InstrumentParameters& i : p.instruments) {
      if (i.risk == RiskSource::Table && group_of(p, i.factor) == g) factors.insert(i.factor.value);
    }
    if (factors.size() > 1) continue;
    p.groups[g].table_move_max_ppm = rng.pick({1, 20'000, 100'000, 300'000, kPpm / 2});
  }
}

}  // namespace

void random_margin(Rng& rng, Parameters& p) {
  p.wide_denominator = rng.pick({1'000, 1'000'000, 12'345'000});
  random_groups(rng, p);
  random_scenarios(rng, p);
  random_measures(rng, p);
  random_assets(rng, p);
  for (std::int64_t count = rng.between(3, 6); count > 0; --count) {
    InstrumentParameters i = random_instrument(rng, p);
    random_kind(rng, p, i);
    const AssetParameters& settlement = p.assets[i.settlement.value];
    const bool own_group = settlement.mode != CollateralMode::Static &&
                           group_of(p, settlement.factor) == group_of(p, i.factor);
    if (!own_group && i.payoff != Payoff::Spot) fall_only(p, settlement);
    p.instruments.push_back(i);
  }
  keep_gains(p);
  keep_costs(p);
  random_lag(rng, p);
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    for (std::int64_t count = rng.pick({0, 1, 1, 2, 3}); count > 0; --count) {
      p.groups[g].add_ons.push_back(random_add_on(rng, p, g));
    }
  }
}

RiskTable random_table(Rng& rng, const Parameters& p, GroupIndex index) {
  const GroupParameters& group = p.groups[index.value];
  RiskTable table;
  table.parameter_version = p.version;
  table.group = index;
  table.gains.resize(std::size_t{group.row_count} * group.raw_columns());
  table.measures.resize(group.row_count);
  for (const InstrumentParameters& i : p.instruments) {
    if (i.risk != RiskSource::Table || group_of(p, i.factor) != index.value) continue;
    // An option: a slope and a bend of the factor's move; or anything at all.
    std::int64_t slope = rng.between(-2'000, 2'000);
    const std::int64_t bend = rng.between(-2'000, 4'000);
    const bool anything = rng.percent(25);
    const std::uint32_t local = i.factor.value - group.first_factor;
    for (std::uint32_t raw = 0; raw < group.raw_columns(); ++raw) {
      const std::uint32_t column = raw % group.column_count;
      if (raw > 0 && column == 0) slope += rng.between(-400, 400);  // in the next lag state
      const std::int64_t shock = group.shock_ppm[local * group.column_count + column];
      const std::int64_t fines = slope * shock + bend * (shock * shock / kPpm);
      const std::int64_t gain = anything ? rng.between(-i.vector_cap, i.vector_cap)
                                         : fines / i.vector_unit + rng.between(-1, 1);
      table.gains[i.row * group.raw_columns() + raw] =
          static_cast<std::int32_t>(std::clamp<std::int64_t>(gain, -i.vector_cap, i.vector_cap));
    }
    table.measures[i.row] = {rng.between(-3'000, 3'000), rng.between(0, 60), rng.between(0, 500),
                             rng.between(0, 300)};
  }
  return table;
}

}  // namespace portcullis::support
