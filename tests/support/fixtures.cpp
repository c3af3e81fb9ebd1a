#include "tests/support/fixtures.h"

namespace portcullis::support {

using namespace portcullis::risk;

LimitProfile wide_profile(std::size_t instruments) {
  InstrumentLimits limits;
  limits.clip = Lots{1'000'000'000};
  limits.notional_max = Value{kValueMax};
  limits.collar_ppm = 900'000;
  limits.long_max = Lots{1'000'000'000'000};
  limits.short_max = Lots{1'000'000'000'000};
  limits.gross_notional_max = Value{kValueMax};
  LimitProfile profile;
  profile.instruments.assign(instruments, limits);
  profile.gross_notional_max = Value{kValueMax};
  profile.open_orders_max = 1'000'000;
  profile.leverage_max_ppm = 1'000'000 * kPpm;
  return profile;
}

SetParameters per_group_set(std::size_t groups, std::uint32_t first, std::uint32_t count) {
  SetParameters set;
  set.scope = SetScope::PerGroup;
  set.first_column.assign(groups, first);
  set.column_count.assign(groups, count);
  return set;
}

Parameters small_parameters() {
  constexpr std::int64_t kMicro = 1'000'000;
  Parameters p;
  p.version = 1;

  AssetParameters usd;
  usd.wide_per_index = 1;
  usd.haircut = {{kUnlimited, kPpm}};
  usd.index_age_max_ns = kHour;
  AssetParameters btc = usd;
  // One dollar a coin is 1e6 quanta over 1e8 units; a unit is 1/100 quantum for each dollar of the
  // index. To keep it exact the denominator is 100 for both assets.
  p.wide_denominator = 100;
  usd.wide_per_index = 100;
  btc.wide_per_index = 1;
  btc.haircut = {{kUnlimited, 950'000}};
  usd.maintenance_haircut = usd.haircut;
  btc.maintenance_haircut = btc.haircut;
  p.assets = {usd, btc};

  InstrumentParameters perp;
  perp.factor = FactorIndex{0};
  perp.settlement = kUsd;
  perp.marks_per_tick = 1;
  perp.units_per_lot_mark = kMicro;
  perp.mark_age_max_ns = kHour;
  perp.market_orders = true;
  InstrumentParameters eth = perp;
  eth.factor = FactorIndex{1};
  InstrumentParameters dated = perp;
  dated.market_orders = false;
  p.instruments = {perp, eth, dated};

  p.factor_count = 2;
  GroupParameters group;
  group.factor_count = 1;
  group.column_count = 9;
  for (std::int32_t step = -4; step <= 4; ++step) group.shock_ppm.push_back(step * 40'000);
  p.groups = {group, group};
  p.groups[1].first_factor = 1;
  p.sets = {per_group_set(2, 0, 9)};

  p.profiles = {wide_profile(p.instruments.size())};
  p.nodes = {{NodeLevel::Venue, NodeIndex{}, 0},
             {NodeLevel::Member, kVenue, 0},
             {NodeLevel::Group, kMember, 0}};
  const RateLimit rate{1'000'000, 1'000'000, 1'000'000, 1'000'000};
  p.accounts = {{kGroup, 0, rate}, {kGroup, 0, rate}};
  SessionParameters session;
  session.member = kMember;
  session.accounts = {AccountIndex{0}, AccountIndex{1}};
  session.instruments.assign(p.instruments.size(), true);
  session.actions = risk::kMayAll;
  session.rate = rate;
  p.sessions = {session, session};
  p.capacities = {.orders = 1024, .positions = 64, .group_slots = 16, .trades = 1024};
  return p;
}

}  // namespace portcullis::support
