#include "risk/rules.h"

#include <algorithm>

namespace portcullis::risk {

namespace {

constexpr Int128 kOne = Int128{1} << 40;  // Rules::kSlopeBits

// A slope of so many ppm of ppm.
std::int64_t slope_of(Int128 ppm2) {
  return static_cast<std::int64_t>(ceil_div(ppm2 * kOne, Int128{kPpm} * kPpm));
}

}  // namespace

Rules::Rules(const Parameters& parameters) : parameters_(parameters) {
  PORTCULLIS_ASSERT(first_problem(parameters_) == nullptr);
  lay_out_groups();
  lay_out_uses();
  lay_out_sets();
  lay_out_slopes();
  lay_out_sessions();
  lay_out_protections();
  lay_out_reactions();
}

NewRules::NewRules(const Parameters& parameters)
    : rules(parameters),
      suspended(rules.entitlement_count()),
      suspension_hashes(rules.entitlement_count()) {}

// What follows from the groups' tables and from what moves with them.
void Rules::lay_out_groups() {
  const Parameters& p = parameters_;
  places_.resize(p.factor_count);
  shock_max_.resize(p.factor_count);
  rise_max_.resize(p.factor_count);
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    const GroupParameters& group = p.groups[g];
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      const std::uint32_t factor = group.first_factor + f;
      places_[factor] = {g, f};
      for (std::uint32_t c = 0; c < group.column_count; ++c) {
        const std::int64_t shock = shocks({g}, f)[c];
        shock_max_[factor] = std::max(shock_max_[factor], std::abs(shock));
        rise_max_[factor] = std::max(rise_max_[factor], shock);
      }
    }
    GainHaircut haircut;
    haircut.full = group.kappa_ppm == kPpm;
    haircut.kappa = static_cast<std::uint64_t>((Int128{group.kappa_ppm} << 64) / kPpm);
    const Int128 cap = Int128{group.gain_cap.raw} * kPpm;
    haircut.cap =
        static_cast<std::int64_t>(std::min<Int128>(cap, std::numeric_limits<std::int64_t>::max()));
    gain_haircuts_.push_back(haircut);
  }
  Int128 shares = kPpm;  // what a unit of the uncapped assets carries, ppm
  for (const AssetParameters& asset : p.assets) {
    if (asset.share_ppm != kPpm)
      shares += ceil_div(Int128{asset.share_ppm} * kPpm, kPpm - asset.share_ppm);
  }
  for (const AssetParameters& asset : p.assets) {
    const Int128 debt = kPpm + asset.debt_addon_ppm;
    outflow_ppm_.push_back(
        asset.borrow_initial_ppm +
        static_cast<std::int64_t>(asset.share_ppm == kPpm ? ceil_div(debt * shares, kPpm) : debt));
    inflow_ppm_.push_back(asset.share_ppm == kPpm ? asset.haircut.back().rate_ppm : 0);
  }
  for (const InstrumentParameters& instrument : p.instruments) {
    has_unlevered_ = has_unlevered_ || (instrument.payoff == Payoff::Spot && !p.leverage.spot) ||
                     (instrument.reference.exists() && p.leverage.by_premium);
  }
  group_assets_.resize(p.groups.size());
  for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
    const bool is_capped = p.assets[a].share_ppm != kPpm;
    has_share_caps_ = has_share_caps_ || is_capped;
    has_falling_caps_ = has_falling_caps_ || (is_capped && counts_falls(p.assets[a].mode));
    if (p.assets[a].mode != CollateralMode::Static)
      group_assets_[places_[p.assets[a].factor.value].group].push_back({a});
  }
}

// Which sums each instrument is part of: its factor's, and those of drivers, add-on after add-on.
void Rules::lay_out_uses() {
  const Parameters& p = parameters_;
  referring_.resize(p.instruments.size());
  for (const GroupParameters& group : p.groups) rows_.emplace_back(group.row_count);
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    const InstrumentParameters& instrument = p.instruments[i];
    const Place& place = places_[instrument.factor.value];
    const GroupParameters& group = p.groups[place.group];
    if (instrument.reference.exists()) referring_[instrument.reference.value].push_back({i});
    if (instrument.risk == RiskSource::Table) rows_[place.group][instrument.row] = {i};
    line_groups_.push_back({{place.group}});
    for (const AssetIndex asset : {instrument.settlement, instrument.base}) {
      if (!asset.exists() || p.assets[asset.value].mode == CollateralMode::Static) continue;
      const GroupIndex moved{places_[p.assets[asset.value].factor.value].group};
      auto& groups = line_groups_.back();
      if (std::find(groups.begin(), groups.end(), moved) == groups.end()) groups.push_back(moved);
    }
    first_use_.push_back(static_cast<std::uint32_t>(uses_.size()));
    if (instrument.risk == RiskSource::Factor && instrument.payoff != Payoff::Spot) {
      Use use;
      use.exposure = place.local_factor;
      uses_.push_back(use);
    }
    for (std::uint32_t a = 0; a < group.add_ons.size(); ++a) {
      if (instrument.payoff == Payoff::Spot) break;
      for (const std::uint32_t d : group.add_ons[a].drivers) {
        const DriverParameters& driver = group.drivers[d];
        for (const DriverTerm& term : driver.terms) {
          if (term.instrument.value != i) continue;
          uses_.push_back({.exposure = group.factor_count + d,
                           .add_on = a,
                           .measure = driver.measure,
                           .reach = driver.reach,
                           .per_lot = term.per_lot});
        }
      }
    }
  }
  first_use_.push_back(static_cast<std::uint32_t>(uses_.size()));
}

// The sets of each basis: those of an action and of stricter ones.
void Rules::lay_out_sets() {
  const Parameters& p = parameters_;
  for (std::uint32_t s = 0; s < p.sets.size(); ++s) {
    const SetParameters& set = p.sets[s];
    for (const bool maintenance : {false, true}) {
      if (!(maintenance ? set.maintenance : set.initial)) continue;
      for (auto level = static_cast<std::size_t>(set.action); level < 3; ++level) {
        has_warning_sets_ = has_warning_sets_ || set.action == SetAction::Warn;
        SetList& list = set_lists_[maintenance ? 1 : 0][level];
        if (set.scope == SetScope::PerGroup) {
          list.per_group.push_back(s);
          continue;
        }
        list.joint.push_back(s);
        list.joint_first.push_back(list.joint_columns);
        list.joint_columns += set.column_count.empty() ? 0 : set.column_count[0];
      }
    }
  }
  joint_columns_ = set_lists_[0][0].joint_columns;
  joint_set_count_ = static_cast<std::uint32_t>(set_lists_[0][0].joint.size());
}

void Rules::lay_out_slopes() {
  const Parameters& p = parameters_;
  const SetList& list = sets({});
  const std::int64_t group_mult = p.per_group.initial_mult_ppm;
  const std::int64_t joint_mult = p.joint.initial_mult_ppm;
  // Of what hurts so much in each set, in ppm, how much it adds to the sets of a scope together.
  const auto together = [&](const std::vector<std::uint32_t>& of, const ScopeParameters& scope,
                            auto&& hurts) {
    Int128 largest = 0;
    Int128 sum = 0;
    for (const std::uint32_t set : of) {
      const Int128 ppm = hurts(set);
      largest = std::max(largest, ppm);
      sum += ceil_div(ppm * p.sets[set].weight_ppm, kPpm);
    }
    return scope.combine == Combine::Max ? largest : sum;
  };
  const auto slope = [&](auto&& hurts) {
    return slope_of(std::max(group_mult * together(list.per_group, p.per_group, hurts),
                             joint_mult * together(list.joint, p.joint, hurts)));
  };
  for (std::uint32_t factor = 0; factor < p.factor_count; ++factor) {
    const Place& place = places_[factor];
    const auto largest = [&](std::uint32_t set, int sign) {
      const SetParameters& of = p.sets[set];
      const std::int32_t* row =
          shocks({place.group}, place.local_factor) + of.first_column[place.group];
      std::int64_t most = 0;
      for (std::uint32_t c = 0; c < of.column_count[place.group]; ++c)
        most = std::max<std::int64_t>(most, std::int64_t{sign} * row[c]);
      return Int128{most};
    };
    slopes_.push_back({slope([&](std::uint32_t set) { return largest(set, 1); }),
                       slope([&](std::uint32_t set) { return largest(set, -1); })});
  }
  // A fine is 1e-6 quanta.
  fine_slope_ = slope([](std::uint32_t) { return Int128{1}; });
  charge_slopes_[static_cast<std::size_t>(AddOnPlace::Group)] = slope_of(group_mult);
  charge_slopes_[static_cast<std::size_t>(AddOnPlace::Floor)] = slope_of(group_mult);
  charge_slopes_[static_cast<std::size_t>(AddOnPlace::Joint)] = slope_of(joint_mult);
  charge_slopes_[static_cast<std::size_t>(AddOnPlace::Outside)] = slope_of(kPpm);
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    const GroupParameters& group = p.groups[group_of({i}).value];
    for (std::uint32_t u = first_use_[i]; u < first_use_[i + 1]; ++u) {
      if (uses_[u].add_on == kNil) continue;
      const AddOnParameters& add_on = group.add_ons[uses_[u].add_on];
      if (add_on.initial.empty()) continue;
      if (add_on.function == AddOnFunction::Ramp) continue;  // its slope depends on prices
      Int128 rate = add_on.initial.back().rate_ppm;
      if (add_on.ramped_by.exists()) rate = std::max<Int128>(rate, kPpm);
      const std::int64_t mult = add_on.place == AddOnPlace::Outside ? kPpm
                                : add_on.place == AddOnPlace::Joint ? joint_mult
                                                                    : group_mult;
      uses_[u].slope = slope_of(rate * mult);
    }
  }
  const Int128 denominator = Int128{kPpm} * p.wide_denominator;
  exact_per_quantum_ = Divisor(kPpm * p.wide_denominator);
  while ((Int128{1} << (exact_shift_ + 1)) <= denominator) ++exact_shift_;
  exact_factor_ =
      static_cast<std::int64_t>(ceil_div(Int128{1} << (exact_shift_ + 31), denominator));
}

void Rules::lay_out_sessions() {
  for (const SessionParameters& session : parameters_.sessions) {
    first_entitlement_.push_back(static_cast<std::uint32_t>(entitlement_count_));
    entitlement_count_ += session.accounts.size();
  }
}

std::uint32_t Rules::find_entitlement(SessionIndex session, AccountIndex account) const noexcept {
  const auto& accounts = parameters_.sessions[session.value].accounts;
  const auto at = std::lower_bound(accounts.begin(), accounts.end(), account);
  if (at == accounts.end() || *at != account) return kNil;
  return first_entitlement_[session.value] + static_cast<std::uint32_t>(at - accounts.begin());
}

void Rules::lay_out_protections() {
  for (const AccountParameters& account : parameters_.accounts) {
    first_protection_.push_back(static_cast<std::uint32_t>(protected_lots_.size()));
    for (const MarketMakerProtection& of : account.protections) protected_lots_.push_back(of.lots);
  }
}

// How much an account's margin moves with the prices that it stands on: what the watch goes by.
void Rules::lay_out_reactions() {
  const Parameters& p = parameters_;
  equity_reaction_ppm_ = *std::max_element(outflow_ppm_.begin(), outflow_ppm_.end());
  // All that the sets of a scope, weighted where they are summed, and their multiplier make of a loss.
  const auto reaction = [&](SetScope scope, const ScopeParameters& of) {
    Int128 weights = of.combine == Combine::Max ? kPpm : 0;
    for (const SetParameters& set : p.sets) {
      if (of.combine == Combine::Sum && set.scope == scope) weights += set.weight_ppm;
    }
    return weights * std::max(of.initial_mult_ppm, of.maintenance_mult_ppm) / kPpm;
  };
  const Int128 of_loss =
      std::max(reaction(SetScope::PerGroup, p.per_group), reaction(SetScope::Joint, p.joint));
  const std::int64_t mult_max =
      std::max({kPpm, p.per_group.initial_mult_ppm, p.per_group.maintenance_mult_ppm,
                p.joint.initial_mult_ppm, p.joint.maintenance_mult_ppm});
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    const GroupParameters& group = p.groups[g];
    Int128 loss = group.row_count > 0 ? kPpm : 0;  // of a value that is lost
    for (std::uint32_t f = 0; f < group.factor_count; ++f)
      loss = std::max<Int128>(loss, shock_max_[group.first_factor + f]);
    Int128 charged = 0;
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
      if (group_of({i}).value != g) continue;
      Int128 sum = 0;
      for (const Use& use : uses({i})) {
        if (use.add_on == kNil) continue;
        const AddOnParameters& add_on = group.add_ons[use.add_on];
        Int128 rate = 0;
        for (const auto* tiers : {&add_on.initial, &add_on.maintenance})
          if (!tiers->empty()) rate = std::max<Int128>(rate, tiers->back().rate_ppm);
        if (add_on.ramped_by.exists()) rate = std::max<Int128>(rate, kPpm);
        if (add_on.function == AddOnFunction::Ramp) rate = rate * 2 * add_on.most_ppm / kPpm;
        sum += rate;
      }
      charged = std::max(charged, sum);
    }
    reaction_ppm_.push_back(
        static_cast<std::int64_t>((loss * of_loss + charged * mult_max) / kPpm + 1));
  }
}

}  // namespace portcullis::risk
