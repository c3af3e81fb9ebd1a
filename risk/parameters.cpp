#include "risk/parameters.h"

#include <algorithm>
#include <span>

#include "risk/vectors.h"

namespace portcullis::risk {

namespace {

constexpr std::int64_t kTimes10 = 10 * kPpm;
constexpr std::int64_t kTimes100 = 100 * kPpm;

bool between(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}
bool in_ppm(std::int64_t value) { return between(value, 0, kPpm); }
bool in_value(Value value) { return between(value.raw, 0, kValueMax); }

bool valid_rate(const RateLimit& rate) {
  return between(rate.per_second, 1, kSecondNs) && between(rate.burst, 1, kPpm) &&
         between(rate.exit_per_second, 1, kSecondNs) && between(rate.exit_burst, 1, kPpm);
}

// The group whose factor it is, or none.
GroupIndex group_of(FactorIndex factor, const Parameters& all) {
  for (std::uint32_t g = 0; g < all.groups.size(); ++g) {
    const GroupParameters& group = all.groups[g];
    if (factor.value < group.first_factor) continue;
    if (factor.value - group.first_factor < group.factor_count) return {g};
  }
  return {};
}

// Whether some column of its group raises the factor.
bool rises(FactorIndex factor, const Parameters& all) {
  const GroupIndex index = group_of(factor, all);
  if (!index.exists()) return false;
  const GroupParameters& group = all.groups[index.value];
  const std::size_t first = std::size_t{factor.value - group.first_factor} * group.column_count;
  const auto row = group.shock_ppm.begin() + static_cast<std::ptrdiff_t>(first);
  return std::any_of(row, row + group.column_count, [](std::int32_t shock) { return shock > 0; });
}

const char* problem_of(std::span<const HaircutTier> tiers) {
  if (tiers.empty()) return "asset: needs a haircut tier";
  if (tiers.back().upto != kUnlimited) return "asset: the last haircut tier must be unlimited";
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    if (!in_ppm(tiers[i].rate_ppm)) return "asset: haircut rate must be 0..1";
    if (i == 0) continue;
    if (tiers[i].upto <= tiers[i - 1].upto) return "asset: haircut tiers must rise";
    if (tiers[i].rate_ppm > tiers[i - 1].rate_ppm) return "asset: haircut rates must fall";
  }
  return nullptr;
}

const char* problem_of(const AssetParameters& asset, const Parameters& all) {
  if (asset.wide_per_index <= 0) return "asset: wide_per_index must be > 0";
  for (const bool maintenance : {false, true}) {
    if (const char* problem = problem_of(asset.tiers(maintenance))) return problem;
  }
  if (!between(asset.debt_addon_ppm, 0, kTimes10)) return "asset: debt add-on must be 0..10";
  if (!in_ppm(asset.borrow_initial_ppm) || !in_ppm(asset.borrow_maintenance_ppm))
    return "asset: borrow rates must be 0..1";
  if (asset.borrow_max < Amount{}) return "asset: borrow_max must be >= 0";
  if (asset.mode != CollateralMode::Static && asset.factor.value >= all.factor_count) {
    return "asset: moving collateral needs a factor";
  }
  if (!in_ppm(asset.share_ppm) || !in_value(asset.share_free)) {
    return "asset: share must be 0..1, and share_free a value";
  }
  if (asset.share_ppm != kPpm) {
    const auto is_uncapped = [](const AssetParameters& other) { return other.share_ppm == kPpm; };
    if (counts_rises(asset.mode)) return "asset: a capped asset counts no rises";
    if (std::none_of(all.assets.begin(), all.assets.end(), is_uncapped))
      return "asset: some asset must be uncapped";
  }
  if (asset.index_age_max_ns <= 0) return "asset: index_age_max must be > 0";
  return nullptr;
}

// Of an asset that fills pay in or out.
const char* problem_of_paid(const AssetParameters& asset, const Parameters& all) {
  if (asset.mode == CollateralMode::Static) return nullptr;
  if (counts_falls(asset.mode) && falls_beyond_worth(asset.factor, all))
    return "instrument: settled in an asset of which a scenario takes more than it is worth";
  if (counts_rises(asset.mode) && asset.tiers_by_value &&
      (asset.haircut.size() > 1 || asset.maintenance_haircut.size() > 1)) {
    return "instrument: settled in an asset with tiers by value, whose rises count";
  }
  return nullptr;
}

const char* problem_of_settlement(const InstrumentParameters& instrument, const Parameters& all) {
  if (instrument.settlement.value >= all.assets.size())
    return "instrument: unknown settlement asset";
  const AssetParameters& settlement = all.assets[instrument.settlement.value];
  if (settlement.mode != CollateralMode::Static && instrument.payoff != Payoff::Spot &&
      rises(settlement.factor, all) &&
      group_of(settlement.factor, all) != group_of(instrument.factor, all)) {
    return "instrument: settled in an asset that a scenario raises, of another group";
  }
  return problem_of_paid(settlement, all);
}

// Following the references of a chain comes to an end.
bool reference_ends(const InstrumentParameters& instrument, const Parameters& all) {
  InstrumentIndex at = instrument.reference;
  for (std::size_t steps = 0; at.exists(); ++steps) {
    if (steps == all.instruments.size()) return false;
    at = all.instruments[at.value].reference;
  }
  return true;
}

const char* problem_of_table_risk(const InstrumentParameters& instrument, const Parameters& all) {
  if (instrument.payoff == Payoff::Spot) return "instrument: spot has no table risk";
  const GroupIndex group = group_of(instrument.factor, all);
  if (instrument.row >= all.groups[group.value].row_count)
    return "instrument: its row is not in the group's table";
  for (const InstrumentParameters& other : all.instruments) {
    if (&other == &instrument || other.risk != RiskSource::Table) continue;
    if (other.row == instrument.row && group_of(other.factor, all) == group)
      return "instrument: another one has its row";
  }
  if (instrument.vector_unit <= 0) return "instrument: vector_unit must be > 0";
  if (!between(instrument.vector_cap, 1, 1 << 28)) return "instrument: vector_cap must be 1..2^28";
  return nullptr;
}

const char* problem_of(const InstrumentParameters& instrument, const Parameters& all) {
  if (instrument.factor.value >= all.factor_count) return "instrument: unknown factor";
  if (const char* problem = problem_of_settlement(instrument, all)) return problem;
  if (instrument.marks_per_tick <= 0) return "instrument: marks_per_tick must be > 0";
  if (instrument.units_per_lot_mark <= 0) return "instrument: units_per_lot_mark must be > 0";
  if (!in_ppm(instrument.fee_ppm)) return "instrument: fee must be 0..1";
  if (instrument.mark_age_max_ns <= 0) return "instrument: mark_age_max must be > 0";
  if (instrument.upfront) {
    if (instrument.payoff != Payoff::Linear) return "instrument: a premium paid upfront is linear";
    if (!counts_in_full(all.assets[instrument.settlement.value]))
      return "instrument: a premium is paid in an asset that is static, uncapped, without haircut";
  }
  if (instrument.payoff == Payoff::Spot) {
    if (instrument.base.value >= all.assets.size() || instrument.base == instrument.settlement)
      return "instrument: spot needs a base asset other than its settlement";
    if (instrument.base_per_lot <= 0) return "instrument: base_per_lot must be > 0";
    if (all.assets[instrument.settlement.value].share_ppm != kPpm)
      return "instrument: spot is paid in an uncapped asset";
    if (const char* problem = problem_of_paid(all.assets[instrument.base.value], all))
      return problem;
  }
  const bool is_spot = instrument.payoff == Payoff::Spot;
  if (all.maintenance_includes_orders && (is_spot || instrument.upfront) &&
      (costs_more_in_maintenance(all.assets[instrument.settlement.value]) ||
       (is_spot && costs_more_in_maintenance(all.assets[instrument.base.value])))) {
    return "instrument: maintenance includes orders, and its fills may take more of it than they "
           "cost";
  }
  if (instrument.reference.exists()) {
    if (instrument.reference.value >= all.instruments.size())
      return "instrument: unknown reference";
    const InstrumentParameters& reference = all.instruments[instrument.reference.value];
    if (group_of(reference.factor, all) != group_of(instrument.factor, all))
      return "instrument: its reference is of another group";
  }
  if (instrument.reference_lots_ppm <= 0) return "instrument: reference_lots must be > 0";
  if (instrument.open_interest_max < Lots{}) return "instrument: open_interest_max must be >= 0";
  return instrument.risk == RiskSource::Table ? problem_of_table_risk(instrument, all) : nullptr;
}

bool needs_table(Measure measure) {
  return measure == Measure::Vega || measure == Measure::InitialCharge ||
         measure == Measure::MaintenanceCharge;
}

const char* problem_of(const DriverParameters& driver, GroupIndex group, const Parameters& all) {
  for (const DriverTerm& term : driver.terms) {
    if (term.instrument.value >= all.instruments.size()) return "driver: unknown instrument";
    const InstrumentParameters& instrument = all.instruments[term.instrument.value];
    if (group_of(instrument.factor, all) != group) return "driver: an instrument of another group";
    if (needs_table(driver.measure) && instrument.risk != RiskSource::Table)
      return "driver: what the table measures needs table risk";
  }
  return nullptr;
}

const char* problem_of(std::span<const MarginTier> tiers) {
  if (tiers.empty()) return nullptr;
  if (tiers.back().upto != Value{kValueMax}) return "add-on: the last tier must be unlimited";
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    if (!between(tiers[i].rate_ppm, 0, kTimes100)) return "add-on: rate must be 0..100";
    if (i == 0) continue;
    if (tiers[i].upto <= tiers[i - 1].upto) return "add-on: tiers must rise";
    if (tiers[i].rate_ppm < tiers[i - 1].rate_ppm) return "add-on: rates must rise";
  }
  return nullptr;
}

const char* problem_of(const AddOnParameters& add_on, const GroupParameters& group,
                       const Parameters& all) {
  if (add_on.drivers.empty()) return "add-on: needs a driver";
  for (const std::uint32_t driver : add_on.drivers) {
    if (driver >= group.drivers.size()) return "add-on: unknown driver";
  }
  const auto reach = [&](std::size_t i) { return group.drivers[add_on.drivers[i]].reach; };
  if (add_on.function == AddOnFunction::Hedged) {
    for (std::size_t i = 0; i < add_on.drivers.size(); ++i) {
      if (reach(i) != Reach::Net) return "add-on: hedged drivers are net";
    }
  }
  if (add_on.function == AddOnFunction::Ramp) {
    for (std::size_t i = 0; i < add_on.drivers.size(); ++i) {
      if (reach(i) != Reach::Net && reach(i) != Reach::ShortNet && reach(i) != Reach::LongNet)
        return "add-on: the drivers of a ramp are net, short net or long net";
    }
    if (add_on.per.value >= all.assets.size() || add_on.per_units <= 0 ||
        !in_value(add_on.threshold) || add_on.slope_ppm < 0 || add_on.most_ppm < 0)
      return "add-on: a ramp needs its asset, and values that are not negative";
  }
  for (const auto* tiers : {&add_on.initial, &add_on.maintenance}) {
    if (const char* problem = problem_of(*tiers)) return problem;
  }
  if (!add_on.ramped_by.exists()) return nullptr;
  if (add_on.ramped_by.value >= all.instruments.size()) return "add-on: unknown instrument";
  if (add_on.function != AddOnFunction::Tiers) return "add-on: open interest ramps tiers";
  if (add_on.open_interest_low < Lots{} || add_on.open_interest_high <= add_on.open_interest_low)
    return "add-on: open interest must rise from low to high";
  return nullptr;
}

// What of the groups the other relations stand on.
const char* problem_of_factors(const Parameters& all) {
  std::uint32_t factors = 0;
  for (const GroupParameters& group : all.groups) {
    if (group.first_factor != factors || group.factor_count == 0)
      return "group: factors must be dense";
    factors += group.factor_count;
    if (group.column_count > kColumnsMax) return "group: at most 1024 columns";
    if (group.shock_ppm.size() != std::size_t{group.factor_count} * group.column_count)
      return "group: a shock for every factor and column";
    for (const std::int32_t shock : group.shock_ppm) {
      if (!between(shock, -kPpm, kTimes10)) return "group: shock must be -1..10";
    }
  }
  return factors == all.factor_count ? nullptr : "factor_count must be the sum over groups";
}

bool tables_have_one_factor(GroupIndex group, const Parameters& all) {
  FactorIndex factor;
  for (const InstrumentParameters& instrument : all.instruments) {
    if (instrument.risk != RiskSource::Table || group_of(instrument.factor, all) != group) continue;
    if (factor.exists() && instrument.factor != factor) return false;
    factor = instrument.factor;
  }
  return true;
}

const char* problem_of(const GroupParameters& group, GroupIndex index, const Parameters& all) {
  if (!in_ppm(group.kappa_ppm)) return "group: kappa must be 0..1";
  if (!in_value(group.gain_cap)) return "group: gain_cap must be a value";
  if (group.row_count > 0 && group.table_age_max_ns <= 0)
    return "group: table_age_max must be > 0 where there are rows";
  if (!between(group.table_move_max_ppm, 0, kPpm / 2))
    return "group: table_move_max must be 0..0.5";
  if (group.table_move_max_ppm > 0 && !tables_have_one_factor(index, all))
    return "group: where its tables may lag, its table instruments have one factor";
  for (const DriverParameters& driver : group.drivers) {
    if (const char* problem = problem_of(driver, index, all)) return problem;
  }
  std::vector<bool> is_charged(group.drivers.size());
  for (const AddOnParameters& add_on : group.add_ons) {
    if (const char* problem = problem_of(add_on, group, all)) return problem;
    for (const std::uint32_t driver : add_on.drivers) {
      if (is_charged[driver]) return "group: each driver is in one add-on";
      is_charged[driver] = true;
    }
  }
  std::vector<std::size_t> uses(all.instruments.size(), 1);  // its factor's
  for (const DriverParameters& driver : group.drivers) {
    for (const DriverTerm& term : driver.terms) {
      if (++uses[term.instrument.value] > kUsesMax)
        return "group: an instrument is in more drivers than are counted";
    }
  }
  return nullptr;
}

const char* problem_of(const SetParameters& set, const Parameters& all) {
  if (set.first_column.size() != all.groups.size() ||
      set.column_count.size() != all.groups.size()) {
    return "set: needs columns for every group";
  }
  for (std::size_t g = 0; g < all.groups.size(); ++g) {
    if (std::uint64_t{set.first_column[g]} + set.column_count[g] > all.groups[g].column_count) {
      return "set: columns beyond the group's table";
    }
    if (set.scope == SetScope::Joint &&
        (set.column_count[g] == 0 || set.column_count[g] != set.column_count[0])) {
      return "set: a joint set has the same columns in every group";
    }
  }
  if (!in_ppm(set.joint_weight_ppm)) return "set: joint weight must be 0..1";
  if (set.tail_numerator <= 0 || set.tail_numerator > set.tail_denominator ||
      set.tail_denominator > kPpm)
    return "set: tail must be above 0 and at most 1, in millionths at the finest";
  if (!between(set.weight_ppm, 0, kTimes10)) return "set: weight must be 0..10";
  return nullptr;
}

const char* problem_of_sets(const Parameters& all) {
  if (all.sets.size() > kSetsMax) return "at most 16 scenario sets";
  std::uint64_t joint_columns = 0;
  for (const SetParameters& set : all.sets) {
    if (const char* problem = problem_of(set, all)) return problem;
    if (set.scope == SetScope::Joint)
      joint_columns += set.column_count.empty() ? 0 : set.column_count[0];
  }
  if (joint_columns > kColumnsMax) return "at most 1024 joint columns";
  for (const ScopeParameters& scope : {all.per_group, all.joint}) {
    if (!between(scope.initial_mult_ppm, 0, kTimes10) ||
        !between(scope.maintenance_mult_ppm, 0, kTimes10))
      return "group_mult and joint_mult must be 0..10";
  }
  return nullptr;
}

const char* problem_of_bands(const Parameters& all) {
  for (std::size_t b = 0; b < all.bands.size(); ++b) {
    const BandParameters& band = all.bands[b];
    if (band.state == MarginState::Normal) return "band: normal is the state without one";
    for (std::size_t before = 0; before < b; ++before) {
      if (all.bands[before].state == band.state) return "band: each state at most once";
    }
    if (!between(band.enter_ppm, 0, kTimes100)) return "band: enter must be 0..100";
    if (band.exit_ppm < band.enter_ppm) return "band: exit must not be below enter";
  }
  return nullptr;
}

const char* problem_of(const LimitProfile& profile, const Parameters& all) {
  if (profile.instruments.size() != all.instruments.size())
    return "profile: limits for every instrument";
  for (std::size_t i = 0; i < profile.instruments.size(); ++i) {
    const InstrumentLimits& limits = profile.instruments[i];
    const InstrumentParameters& instrument = all.instruments[i];
    if (!in_ppm(limits.open_interest_share_ppm)) return "profile: open_interest_share must be 0..1";
    if (!in_ppm(limits.collar_ppm) || !in_ppm(limits.collar_underlying_ppm))
      return "profile: collar and collar_underlying must be 0..1";
    if (limits.collar_underlying_ppm > 0 &&
        (!instrument.reference.exists() || instrument.payoff != Payoff::Linear))
      return "profile: collar_underlying needs a linear instrument with a reference";
    if (!between(limits.collar_ticks, 0, kValueMax / instrument.marks_per_tick))
      return "profile: collar_ticks must be >= 0, and fit";
  }
  const std::vector<LeverageBracket>& brackets = profile.leverage_brackets;
  if (!brackets.empty() && brackets.back().upto != Value{kValueMax})
    return "profile: the last leverage bracket must be unlimited";
  for (std::size_t i = 0; i < brackets.size(); ++i) {
    if (brackets[i].max_ppm < 0) return "profile: leverage must be >= 0";
    if (i == 0) continue;
    if (brackets[i].upto <= brackets[i - 1].upto) return "profile: leverage brackets must rise";
    if (brackets[i].max_ppm > brackets[i - 1].max_ppm) return "profile: leverage must fall";
  }
  return profile.daily_loss_max < Value{} ? "profile: daily_loss_max must be >= 0" : nullptr;
}

const char* problem_of_nodes(const Parameters& all) {
  if (all.nodes.empty() || all.nodes[0].parent.exists()) return "node 0 is the venue";
  for (std::size_t n = 0; n < all.nodes.size(); ++n) {
    if (n != 0 && all.nodes[n].parent.value >= n) return "node: parents come before children";
    if (all.nodes[n].profile >= all.profiles.size()) return "node: unknown profile";
    std::size_t depth = 0;
    for (NodeIndex up = all.nodes[n].parent; up.exists(); up = all.nodes[up.value].parent) ++depth;
    if (depth > 5) return "node: at most six levels above the accounts";
  }
  return nullptr;
}

const char* problem_of(const AccountParameters& account, const Parameters& all) {
  if (account.parent.value >= all.nodes.size()) return "account: unknown node";
  if (account.profile >= all.profiles.size()) return "account: unknown profile";
  if (!valid_rate(account.rate)) return "account: rate out of range";
  if (account.executions.interval_ns <= 0 || account.executions.burst <= 0)
    return "account: executions must be > 0";
  if (account.isolated_from.exists() != account.isolated_in.exists())
    return "account: isolated from an account and in an instrument, or neither";
  if (account.isolated_from.exists()) {
    if (account.isolated_from.value >= all.accounts.size() ||
        account.isolated_in.value >= all.instruments.size())
      return "account: isolated from an unknown account or instrument";
    if (all.accounts[account.isolated_from.value].isolated_from.exists())
      return "account: isolated from an isolated one";
    if (account.cash_only || all.instruments[account.isolated_in.value].payoff == Payoff::Spot)
      return "account: what is isolated is a position";
  }
  for (std::size_t i = 0; i < account.protections.size(); ++i) {
    const MarketMakerProtection& protection = account.protections[i];
    if (protection.group.value >= all.groups.size()) return "account: protection of no group";
    if (protection.lots < Lots{}) return "account: protection's lots must be >= 0";
    for (std::size_t before = 0; before < i; ++before) {
      if (account.protections[before].group == protection.group)
        return "account: two protections of a group";
    }
  }
  return nullptr;
}

const char* problem_of(const SessionParameters& session, const Parameters& all) {
  if (session.member.value >= all.nodes.size()) return "session: unknown member";
  if (std::adjacent_find(session.accounts.begin(), session.accounts.end(),
                         [](AccountIndex a, AccountIndex b) { return a >= b; }) !=
      session.accounts.end())
    return "session: accounts sorted, each once";
  if (session.instruments.size() != all.instruments.size())
    return "session: entitlements for every instrument";
  if (session.actions > kMayAll) return "session: unknown action";
  if (!valid_rate(session.rate)) return "session: rate out of range";
  for (const AccountIndex account : session.accounts) {
    if (account.value >= all.accounts.size()) return "session: unknown account";
  }
  return nullptr;
}

const char* problem_of_capacities(const Parameters& all) {
  const Capacities& c = all.capacities;
  const std::uint32_t pool_max = 1u << 28;
  for (const std::uint32_t size : {c.orders, c.positions, c.group_slots, c.trades}) {
    if (size == 0 || size > pool_max) return "capacities must be 1..2^28";
  }
  if (c.group_slots > group_slots_max(all)) return "group_slots: too many for the groups' columns";
  return nullptr;
}

template <class List>
const char* first_of(const List& list, const Parameters& all) {
  for (const auto& one : list) {
    if (const char* problem = problem_of(one, all)) return problem;
  }
  return nullptr;
}

}  // namespace

bool counts_in_full(const AssetParameters& asset) {
  const auto is_whole = [](const HaircutTier& tier) { return tier.rate_ppm == kPpm; };
  for (const bool maintenance : {false, true}) {
    const std::vector<HaircutTier>& tiers = asset.tiers(maintenance);
    if (!std::all_of(tiers.begin(), tiers.end(), is_whole)) return false;
  }
  return asset.mode == CollateralMode::Static && asset.share_ppm == kPpm;
}

bool costs_more_in_maintenance(const AssetParameters& asset) {
  return asset.borrow_maintenance_ppm > asset.borrow_initial_ppm ||
         (asset.share_ppm == kPpm &&
          asset.tiers(true).back().rate_ppm < asset.haircut.back().rate_ppm);
}

bool falls_beyond_worth(FactorIndex factor, const Parameters& all) {
  const GroupIndex index = group_of(factor, all);
  if (!index.exists()) return false;
  const GroupParameters& group = all.groups[index.value];
  const std::size_t row = std::size_t{factor.value - group.first_factor} * group.column_count;
  for (const SetScope scope : {SetScope::PerGroup, SetScope::Joint}) {
    const ScopeParameters& of = scope == SetScope::PerGroup ? all.per_group : all.joint;
    Int128 largest = 0;
    Int128 sum = 0;
    for (const SetParameters& set : all.sets) {
      if (set.scope != scope) continue;
      std::int64_t fall = 0;
      for (std::uint32_t c = 0; c < set.column_count[index.value]; ++c) {
        const std::int64_t shock = group.shock_ppm[row + set.first_column[index.value] + c];
        fall = std::max(fall, -shock);
      }
      largest = std::max<Int128>(largest, Int128{fall} * kPpm);
      sum += Int128{fall} * set.weight_ppm;
    }
    const Int128 mult = std::max(of.initial_mult_ppm, of.maintenance_mult_ppm);
    const Int128 taken = of.combine == Combine::Max ? largest : sum;
    if (mult * taken > Int128{kPpm} * kPpm * kPpm) return true;
  }
  return false;
}

std::uint32_t group_slots_max(const Parameters& parameters) {
  std::size_t widest = std::max<std::size_t>(1, parameters.sets.size());
  for (const GroupParameters& group : parameters.groups) {
    widest = std::max<std::size_t>(
        {widest, group.raw_columns(), group.factor_count + group.drivers.size()});
  }
  return static_cast<std::uint32_t>(kNone32 / widest);
}

const char* first_problem(const Parameters& p) {
  if (!between(p.wide_denominator, 1, 1'000'000'000'000)) return "wide_denominator must be 1..1e12";
  if (p.assets.empty()) return "needs an asset";
  // Each of these stands on those before it.
  if (const char* problem = problem_of_factors(p)) return problem;
  if (const char* problem = first_of(p.assets, p)) return problem;
  if (const char* problem = problem_of_sets(p)) return problem;
  for (const AssetParameters& asset : p.assets) {
    if (asset.share_ppm != kPpm && counts_falls(asset.mode) && falls_beyond_worth(asset.factor, p))
      return "asset: a scenario takes more of what is capped than it is worth";
  }
  if (const char* problem = first_of(p.instruments, p)) return problem;
  for (const InstrumentParameters& instrument : p.instruments) {
    if (!reference_ends(instrument, p)) return "instrument: references come back to themselves";
  }
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    if (const char* problem = problem_of(p.groups[g], {g}, p)) return problem;
  }
  if (const char* problem = problem_of_bands(p)) return problem;
  if (!in_ppm(p.exit_allowance_ppm)) return "exit_allowance must be 0..1";
  if (!in_ppm(p.transfer_notional_ppm)) return "transfer_notional must be 0..1";
  if (const char* problem = first_of(p.profiles, p)) return problem;
  if (const char* problem = problem_of_nodes(p)) return problem;
  if (const char* problem = first_of(p.accounts, p)) return problem;
  if (const char* problem = first_of(p.sessions, p)) return problem;
  return problem_of_capacities(p);
}

}  // namespace portcullis::risk
