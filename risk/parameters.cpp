#include "risk/parameters.h"

#include <algorithm>

namespace portcullis::risk {

namespace {

bool in_ppm(std::int64_t value) { return value >= 0 && value <= kPpm; }

bool valid_rate(const RateLimit& rate) {
  return rate.per_second >= 1 && rate.per_second <= kSecondNs && rate.burst >= 1 &&
         rate.burst <= kPpm && rate.exit_per_second >= 1 && rate.exit_per_second <= kSecondNs &&
         rate.exit_burst >= 1 && rate.exit_burst <= kPpm;
}

const char* problem_of(const AssetParameters& asset, const Parameters& all) {
  if (asset.wide_per_index <= 0) return "asset: wide_per_index must be > 0";
  if (asset.haircut.empty()) return "asset: needs a haircut tier";
  if (asset.haircut.back().upto != kUnlimited)
    return "asset: the last haircut tier must be unlimited";
  for (std::size_t i = 0; i < asset.haircut.size(); ++i) {
    if (!in_ppm(asset.haircut[i].rate_ppm)) return "asset: haircut rate must be 0..1";
    if (i == 0) continue;
    if (asset.haircut[i].upto <= asset.haircut[i - 1].upto) return "asset: haircut tiers must rise";
    if (asset.haircut[i].rate_ppm > asset.haircut[i - 1].rate_ppm)
      return "asset: haircut rates must fall";
  }
  if (asset.debt_addon_ppm < 0 || asset.debt_addon_ppm > 10 * kPpm)
    return "asset: debt add-on must be 0..10";
  if (asset.mode != CollateralMode::Static && asset.factor.value >= all.factor_count) {
    return "asset: moving collateral needs a factor";
  }
  if (asset.index_age_max_ns <= 0) return "asset: index_age_max must be > 0";
  return nullptr;
}

// A factor's moves over all columns of its group.
struct Moves {
  std::int64_t lowest_ppm = 0;
  std::int64_t highest_ppm = 0;
};
Moves moves_of(FactorIndex factor, const Parameters& all) {
  Moves moves;
  for (const GroupParameters& group : all.groups) {
    const std::uint32_t local = factor.value - group.first_factor;
    if (factor.value < group.first_factor || local >= group.factor_count) continue;
    const auto row = group.shock_ppm.begin() + std::ptrdiff_t{local} * group.column_count;
    for (auto shock = row; shock != row + group.column_count; ++shock) {
      moves.lowest_ppm = std::min<std::int64_t>(moves.lowest_ppm, *shock);
      moves.highest_ppm = std::max<std::int64_t>(moves.highest_ppm, *shock);
    }
  }
  return moves;
}

const char* problem_of(const InstrumentParameters& instrument, const Parameters& all) {
  if (instrument.factor.value >= all.factor_count) return "instrument: unknown factor";
  if (instrument.settlement.value >= all.assets.size())
    return "instrument: unknown settlement asset";
  const AssetParameters& settlement = all.assets[instrument.settlement.value];
  if (settlement.mode != CollateralMode::Static) {
    const Moves moves = moves_of(settlement.factor, all);
    if (moves.highest_ppm > 0) return "instrument: settled in an asset that a scenario raises";
    if (Int128{-moves.lowest_ppm} * std::max(all.group_mult_ppm, all.joint_mult_ppm) >
        Int128{kPpm} * kPpm) {
      return "instrument: settled in an asset of which a scenario takes more than it is worth";
    }
  }
  if (instrument.marks_per_tick <= 0) return "instrument: marks_per_tick must be > 0";
  if (instrument.units_per_lot_mark <= 0) return "instrument: units_per_lot_mark must be > 0";
  if (!in_ppm(instrument.fee_ppm)) return "instrument: fee must be 0..1";
  if (instrument.mark_age_max_ns <= 0) return "instrument: mark_age_max must be > 0";
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
  return nullptr;
}

}  // namespace

std::int64_t exposure_max(const Parameters& parameters) {
  Int128 shocks = 0;  // the sum over factors of the largest shock
  for (const GroupParameters& group : parameters.groups) {
    for (std::uint32_t f = 0; f < group.factor_count; ++f) {
      std::int64_t largest = 0;
      for (std::uint32_t c = 0; c < group.column_count; ++c) {
        largest = std::max<std::int64_t>(
            largest, std::abs(group.shock_ppm[std::size_t{f} * group.column_count + c]));
      }
      shocks += largest;
    }
  }
  return static_cast<std::int64_t>(
      std::min<Int128>(kValueMax, (Int128{1} << 61) * kPpm / std::max<Int128>(1, shocks)));
}

std::uint32_t group_slots_max(const Parameters& parameters) {
  std::size_t widest = std::max<std::size_t>(1, parameters.sets.size());
  for (const GroupParameters& group : parameters.groups) {
    widest = std::max<std::size_t>({widest, group.column_count, group.factor_count});
  }
  return static_cast<std::uint32_t>(kNone32 / widest);
}

const char* first_problem(const Parameters& p) {
  if (p.wide_denominator < 1 || p.wide_denominator > 1'000'000'000'000)
    return "wide_denominator must be 1..1e12";
  if (p.assets.empty()) return "needs an asset";
  std::uint32_t factors = 0;
  for (const GroupParameters& group : p.groups) {
    if (group.first_factor != factors || group.factor_count == 0)
      return "group: factors must be dense";
    factors += group.factor_count;
    if (group.column_count > 1024) return "group: at most 1024 columns";
    if (group.shock_ppm.size() != std::size_t{group.factor_count} * group.column_count) {
      return "group: a shock for every factor and column";
    }
    for (const std::int32_t shock : group.shock_ppm) {
      if (shock < -kPpm || shock > 10 * kPpm) return "group: shock must be -1..10";
    }
    if (!in_ppm(group.kappa_ppm)) return "group: kappa must be 0..1";
  }
  if (factors != p.factor_count) return "factor_count must be the sum over groups";
  for (const AssetParameters& asset : p.assets) {
    if (const char* problem = problem_of(asset, p)) return problem;
  }
  for (const InstrumentParameters& instrument : p.instruments) {
    if (const char* problem = problem_of(instrument, p)) return problem;
  }
  if (p.sets.size() > 16) return "at most 16 scenario sets";
  std::uint64_t joint_columns = 0;
  for (const SetParameters& set : p.sets) {
    if (const char* problem = problem_of(set, p)) return problem;
    if (set.scope == SetScope::Joint)
      joint_columns += set.column_count.empty() ? 0 : set.column_count[0];
  }
  if (joint_columns > 1024) return "at most 1024 joint columns";
  if (p.group_mult_ppm < 0 || p.group_mult_ppm > 10 * kPpm) return "group_mult must be 0..10";
  if (p.joint_mult_ppm < 0 || p.joint_mult_ppm > 10 * kPpm) return "joint_mult must be 0..10";
  for (const LimitProfile& profile : p.profiles) {
    if (profile.instruments.size() != p.instruments.size())
      return "profile: limits for every instrument";
  }
  if (p.nodes.empty() || p.nodes[0].parent.exists()) return "node 0 is the venue";
  for (std::size_t n = 0; n < p.nodes.size(); ++n) {
    if (n != 0 && p.nodes[n].parent.value >= n) return "node: parents come before children";
    if (p.nodes[n].profile >= p.profiles.size()) return "node: unknown profile";
    std::size_t depth = 0;
    for (NodeIndex up = p.nodes[n].parent; up.exists(); up = p.nodes[up.value].parent) ++depth;
    if (depth > 5) return "node: at most six levels above the accounts";
  }
  for (const AccountParameters& account : p.accounts) {
    if (account.parent.value >= p.nodes.size()) return "account: unknown node";
    if (account.profile >= p.profiles.size()) return "account: unknown profile";
    if (!valid_rate(account.rate)) return "account: rate out of range";
  }
  for (const SessionParameters& session : p.sessions) {
    if (session.member.value >= p.nodes.size()) return "session: unknown member";
    if (!std::is_sorted(session.accounts.begin(), session.accounts.end()))
      return "session: accounts sorted";
    if (session.instruments.size() != p.instruments.size())
      return "session: entitlements for every instrument";
    if (!valid_rate(session.rate)) return "session: rate out of range";
    for (const AccountIndex account : session.accounts) {
      if (account.value >= p.accounts.size()) return "session: unknown account";
    }
  }
  const Capacities& c = p.capacities;
  const std::uint32_t pool_max = 1u << 28;
  for (const std::uint32_t size : {c.orders, c.positions, c.group_slots, c.trades}) {
    if (size == 0 || size > pool_max) return "capacities must be 1..2^28";
  }
  if (c.group_slots > group_slots_max(p)) return "group_slots: too many for the groups' columns";
  return nullptr;
}

}  // namespace portcullis::risk
