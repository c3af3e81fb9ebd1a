#include "tests/support/random_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/fixtures.h"

namespace portcullis::support {

using namespace portcullis::risk;

std::uint64_t Rng::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::int64_t Rng::between(std::int64_t low, std::int64_t high) {
  if (high <= low) return low;
  const std::uint64_t span = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(next() % span);
}

std::int64_t Rng::pick(std::initializer_list<std::int64_t> values) {
  return values.begin()[between(0, static_cast<std::int64_t>(values.size()) - 1)];
}

std::uint64_t test_seed(std::uint64_t fallback) {
  const char* text = std::getenv("PORTCULLIS_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : fallback;
  std::printf("PORTCULLIS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::int64_t test_scale(std::int64_t ordinary) {
  const char* text = std::getenv("PORTCULLIS_SCALE");
  return text == nullptr ? ordinary : std::max<std::int64_t>(1, ordinary * std::atoll(text) / 100);
}

namespace {

RateLimit random_rate(Rng& rng) {
  if (rng.percent(70)) return {1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
  const std::int64_t rate = rng.pick({1, 3, 50, 1'000});
  const std::int64_t burst = rng.between(1, 20);
  return {rate, burst, 2 * rate, rng.between(1, 4 * burst)};
}

AssetParameters random_asset(Rng& rng, std::int64_t wide_per_index, std::uint32_t factors,
                             bool may_move) {
  AssetParameters a;
  a.wide_per_index = wide_per_index;
  std::int64_t rate = rng.between(800'000, kPpm);
  std::int64_t upto = 0;
  for (std::int64_t tiers = rng.between(0, 2); tiers > 0; --tiers) {
    upto += rng.between(10'000, 2'000'000);
    a.haircut.push_back({Amount{upto}, rate});
    rate = rng.between(rate / 2, rate);
  }
  a.haircut.push_back({kUnlimited, rate});
  a.debt_addon_ppm = rng.pick({0, 0, 50'000, 123'457});
  if (may_move && rng.percent(60)) {
    a.mode = CollateralMode::Both;
    a.factor = FactorIndex{static_cast<std::uint32_t>(rng.between(0, factors - 1))};
  }
  a.index_age_max_ns = rng.pick({60, 300, 3'600}) * kSecondNs;
  return a;
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
}

// The asset is one that gains are paid in: where it moves, it only falls.
void fall_only(Parameters& p, const AssetParameters& settlement) {
  if (settlement.mode == CollateralMode::Static) return;
  for (GroupParameters& g : p.groups) {
    for (std::uint32_t f = 0; f < g.factor_count; ++f) {
      if (g.first_factor + f != settlement.factor.value) continue;
      for (std::uint32_t column = 0; column < g.column_count; ++column) {
        std::int32_t& shock = g.shock_ppm[f * g.column_count + column];
        shock = std::min(shock, -shock);
      }
    }
  }
}

LimitProfile random_profile(Rng& rng, const Parameters& p, std::int64_t scale, bool tight) {
  LimitProfile profile = wide_profile(p.instruments.size());
  profile.leverage_max_ppm = rng.pick({3, 8, 20, 500}) * kPpm;
  if (!tight) {
    profile.leverage_max_ppm = 1'000 * kPpm;
    return profile;
  }
  for (InstrumentLimits& limits : profile.instruments) {
    limits.clip = Lots{rng.pick({10, 25, 60}) * scale};
    limits.collar_ppm = rng.percent(5) ? 0 : rng.pick({20'000, 50'000, 150'000});
    if (rng.percent(50)) limits.long_max = Lots{rng.between(20, 90) * scale};
    if (rng.percent(50)) limits.short_max = Lots{rng.between(20, 90) * scale};
    if (rng.percent(30)) limits.gross_notional_max = Value{rng.between(100'000, 900'000) * scale};
    if (rng.percent(30)) limits.notional_max = Value{rng.between(50'000, 400'000) * scale};
    limits.restricted = rng.percent(2);
  }
  if (rng.percent(30)) profile.gross_notional_max = Value{rng.between(300'000, 2'000'000) * scale};
  profile.open_orders_max = rng.between(4, 12) * scale;
  return profile;
}

}  // namespace

Parameters random_parameters(Rng& rng, const WorldChoice& choice) {
  Parameters p;
  p.version = static_cast<std::uint32_t>(rng.between(1, 1'000));
  p.wide_denominator = rng.pick({1'000, 1'000'000, 12'345'000});
  for (std::int64_t groups = rng.between(2, 4); groups > 0; --groups) {
    GroupParameters group;
    group.first_factor = p.factor_count;
    group.factor_count = static_cast<std::uint32_t>(rng.between(1, 2));
    p.factor_count += group.factor_count;
    p.groups.push_back(group);
  }
  random_scenarios(rng, p);
  p.group_mult_ppm = rng.pick({kPpm, 1'300'000, 800'000, 1'234'567});
  p.joint_mult_ppm = rng.pick({kPpm, 1'300'000, 777'777});

  // Indexes start near 1,000, so a unit is worth one quantum, or three, or half of one.
  const std::int64_t wide = p.wide_denominator / 1'000;
  p.assets.push_back(random_asset(rng, wide, p.factor_count, rng.percent(20)));
  for (std::int64_t more = rng.between(1, 2); more > 0; --more) {
    p.assets.push_back(
        random_asset(rng, rng.pick({wide, 3 * wide, (wide + 1) / 2}), p.factor_count, true));
  }

  for (std::int64_t count = rng.between(3, 6); count > 0; --count) {
    InstrumentParameters i;
    i.factor = FactorIndex{static_cast<std::uint32_t>(rng.between(0, p.factor_count - 1))};
    const std::int64_t assets = static_cast<std::int64_t>(p.assets.size());
    i.settlement =
        AssetIndex{static_cast<std::uint32_t>(rng.percent(70) ? 0 : rng.between(0, assets - 1))};
    fall_only(p, p.assets[i.settlement.value]);
    i.marks_per_tick = rng.pick({1, 2, 5, 10});
    i.units_per_lot_mark = rng.pick({1, 1, 2, 7});
    i.fee_ppm = rng.pick({0, 100, 777, 2'000});
    i.mark_age_max_ns = rng.pick({40, 300, 3'600}) * kSecondNs;
    i.market_orders = rng.percent(80);
    p.instruments.push_back(i);
  }

  for (std::int64_t level = 0; level < 4; ++level) {  // two profiles for each level of the tree
    for (int twice = 0; twice < 2; ++twice) {
      p.profiles.push_back(random_profile(rng, p, level + 1, choice.tight_limits));
    }
  }
  const auto profile = [&](std::int64_t level) {
    return static_cast<std::uint32_t>(2 * level + rng.between(0, 1));
  };
  p.nodes.push_back({NodeLevel::Venue, NodeIndex{}, profile(3)});
  std::vector<NodeIndex> members;
  std::vector<NodeIndex> groups;
  for (std::int64_t count = rng.between(1, 2); count > 0; --count) {
    members.push_back({static_cast<std::uint32_t>(p.nodes.size())});
    p.nodes.push_back({NodeLevel::Member, NodeIndex{0}, profile(2)});
  }
  for (const NodeIndex member : members) {
    for (std::int64_t count = rng.between(1, 2); count > 0; --count) {
      groups.push_back({static_cast<std::uint32_t>(p.nodes.size())});
      p.nodes.push_back({NodeLevel::Group, member, profile(1)});
    }
  }
  for (std::int64_t count = rng.between(2, 5); count > 0; --count) {
    const auto at =
        static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(groups.size()) - 1));
    p.accounts.push_back({groups[at], profile(0), random_rate(rng)});
  }
  for (std::int64_t count = rng.between(2, 4); count > 0; --count) {
    SessionParameters s;
    s.member = members[0];
    for (std::uint32_t a = 0; a < p.accounts.size(); ++a) {
      if (rng.percent(98)) s.accounts.push_back({a});
    }
    for (std::size_t i = 0; i < p.instruments.size(); ++i) s.instruments.push_back(rng.percent(99));
    s.rate = random_rate(rng);
    p.sessions.push_back(s);
  }
  const auto pairs = static_cast<std::uint32_t>(p.accounts.size() * p.instruments.size());
  p.capacities = {.orders = choice.small_pools ? 9 : 256u,
                  .positions = choice.small_pools && rng.percent(50) ? pairs / 2 : pairs,
                  .group_slots = static_cast<std::uint32_t>(p.accounts.size() * p.groups.size()),
                  .trades = 3'000};
  return p;
}

}  // namespace portcullis::support
