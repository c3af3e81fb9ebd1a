#include "tests/support/random_change.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "risk/rules.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

// From a half of it to twice as much, at least 0 and at most `most`.
std::int64_t moved(Rng& rng, std::int64_t value, std::int64_t most) {
  const std::int64_t percent = rng.pick({0, 50, 90, 100, 110, 200});
  const std::int64_t other = rng.percent(10)
                                 ? rng.between(0, std::min<std::int64_t>(most, 1 << 20))
                                 : static_cast<std::int64_t>(Int128{value} * percent / 100);
  return std::clamp<std::int64_t>(other, 0, most);
}

std::int64_t moved_rate(Rng& rng) { return rng.pick({0, 20'000, 100'000, 500'000, kPpm}); }

RateLimit other_rate(Rng& rng) {
  const std::int64_t rate = rng.pick({1, 3, 50, 1'000, kSecondNs});
  const std::int64_t burst = rate == kSecondNs ? kPpm : rng.between(1, 20);
  return {rate, burst, std::min(kSecondNs, 2 * rate), std::min(kPpm, 4 * burst)};
}

void change_shocks(Rng& rng, Parameters& p) {
  const bool all = rng.percent(30);
  const std::int64_t percent = rng.pick({50, 90, 110, 150, 200});
  for (GroupParameters& group : p.groups) {
    if (!all && rng.percent(50)) continue;
    for (std::int32_t& shock : group.shock_ppm) {
      if (all || rng.percent(60))
        shock =
            static_cast<std::int32_t>(std::clamp<std::int64_t>(shock * percent / 100, -kPpm, kPpm));
    }
  }
}

void change_groups(Rng& rng, Parameters& p) {
  for (GroupParameters& group : p.groups) {
    if (rng.percent(50)) group.kappa_ppm = moved_rate(rng);
    if (rng.percent(40)) group.gain_cap = {rng.pick({0, 5'000, 200'000, kValueMax})};
    if (group.row_count > 0 && rng.percent(20))
      group.table_age_max_ns = rng.pick({1, 90}) * kSecondNs;
    for (AddOnParameters& add_on : group.add_ons) {
      for (auto* tiers : {&add_on.initial, &add_on.maintenance}) {
        const std::int64_t percent = rng.pick({0, 50, 100, 130});
        for (MarginTier& tier : *tiers)
          tier.rate_ppm = std::min<std::int64_t>(100 * kPpm, tier.rate_ppm * percent / 100);
      }
      if (rng.percent(30)) add_on.slope_ppm = moved(rng, add_on.slope_ppm, 10 * kPpm);
      if (rng.percent(30)) add_on.most_ppm = moved(rng, add_on.most_ppm, 10 * kPpm);
    }
    for (DriverParameters& driver : group.drivers) {
      for (DriverTerm& term : driver.terms) {
        if (rng.percent(20)) term.per_lot.raw = term.per_lot.raw * rng.between(0, 3) / 2;
      }
    }
  }
}

void change_sets(Rng& rng, Parameters& p) {
  for (SetParameters& set : p.sets) {
    if (rng.percent(40)) set.joint_weight_ppm = moved_rate(rng);
    if (rng.percent(40)) set.weight_ppm = moved(rng, set.weight_ppm, 2 * kPpm);
    if (rng.percent(30)) set.tail_numerator = rng.between(1, set.tail_denominator);
    if (rng.percent(20))
      set.measure = rng.percent(50) ? SetMeasure::Worst : SetMeasure::ExpectedShortfall;
  }
  for (ScopeParameters* scope : {&p.per_group, &p.joint}) {
    if (rng.percent(50)) scope->initial_mult_ppm = rng.pick({500'000, kPpm, 1'300'000, 2 * kPpm});
    if (rng.percent(50)) scope->maintenance_mult_ppm = rng.pick({500'000, kPpm, 1'300'000});
    if (rng.percent(20)) scope->combine = rng.percent(50) ? Combine::Max : Combine::Sum;
  }
}

void change_assets(Rng& rng, Parameters& p) {
  for (AssetParameters& asset : p.assets) {
    for (auto* tiers : {&asset.haircut, &asset.maintenance_haircut}) {
      const std::int64_t percent = rng.pick({70, 95, 100, 110});
      for (HaircutTier& tier : *tiers)
        tier.rate_ppm = std::min(kPpm, tier.rate_ppm * percent / 100);
    }
    if (rng.percent(30)) asset.debt_addon_ppm = moved_rate(rng);
    if (rng.percent(30)) asset.borrow_initial_ppm = moved_rate(rng);
    if (rng.percent(30)) asset.borrow_maintenance_ppm = moved_rate(rng);
    if (rng.percent(20)) asset.borrow_max.raw = asset.borrow_max.raw * rng.between(0, 3) / 2;
    if (rng.percent(20)) asset.share_ppm = moved_rate(rng);
    if (rng.percent(20)) asset.share_free = {rng.between(0, 300'000)};
    if (rng.percent(10)) asset.index_age_max_ns = rng.pick({1, 5, 3'000}) * kSecondNs;
  }
}

void change_instruments(Rng& rng, Parameters& p) {
  for (InstrumentParameters& instrument : p.instruments) {
    if (rng.percent(60)) instrument.fee_ppm = rng.pick({0, 50, 500, 5'000, 30'000});
    if (rng.percent(10)) instrument.mark_age_max_ns = rng.pick({1, 5, 3'000}) * kSecondNs;
    if (rng.percent(20)) instrument.market_orders = !instrument.market_orders;
    if (rng.percent(20)) instrument.open_interest_max = {rng.between(0, 1'700)};
  }
}

void change_limits(Rng& rng, Parameters& p) {
  constexpr std::int64_t kLots = 1'000'000'000;
  for (LimitProfile& profile : p.profiles) {
    if (rng.percent(30)) continue;
    for (InstrumentLimits& limits : profile.instruments) {
      if (rng.percent(30)) limits.clip = {moved(rng, limits.clip.raw, kLots)};
      if (rng.percent(30)) limits.long_max = {moved(rng, limits.long_max.raw, kLots)};
      if (rng.percent(30)) limits.short_max = {moved(rng, limits.short_max.raw, kLots)};
      if (rng.percent(30))
        limits.gross_notional_max = {moved(rng, limits.gross_notional_max.raw, kValueMax)};
      if (rng.percent(20)) limits.collar_ppm = rng.pick({0, 20'000, 150'000});
      if (rng.percent(10)) limits.restricted = !limits.restricted;
    }
    if (rng.percent(30))
      profile.gross_notional_max = {moved(rng, profile.gross_notional_max.raw, kValueMax)};
    if (rng.percent(30)) profile.open_orders_max = rng.between(0, 40);
    if (rng.percent(40)) profile.leverage_max_ppm = rng.pick({1, 3, 20, 500}) * kPpm;
    if (rng.percent(30)) profile.leverage_brackets.clear();
    if (rng.percent(30)) profile.daily_loss_max = {rng.pick({0, 5'000, 100'000, kValueMax})};
  }
}

void change_accounts(Rng& rng, Parameters& p) {
  const auto any_profile = [&] {
    return static_cast<std::uint32_t>(rng.between(0, std::ssize(p.profiles) - 1));
  };
  for (AccountParameters& account : p.accounts) {
    if (rng.percent(25)) account.profile = any_profile();
    if (rng.percent(25)) account.rate = other_rate(rng);
    if (rng.percent(25))
      account.executions = {.interval_ns = rng.pick({1, 50'000'000}), .burst = rng.between(1, 90)};
    for (MarketMakerProtection& protection : account.protections)
      if (rng.percent(50)) protection.lots = {rng.pick({0, 1, 12, 60})};
  }
  for (NodeParameters& node : p.nodes)
    if (rng.percent(20)) node.profile = any_profile();
}

void change_sessions(Rng& rng, Parameters& p) {
  for (SessionParameters& session : p.sessions) {
    if (rng.percent(40)) {
      session.accounts.clear();
      for (std::uint32_t a = 0; a < p.accounts.size(); ++a)
        if (rng.percent(85)) session.accounts.push_back({a});
    }
    if (rng.percent(20)) session.rate = other_rate(rng);
    if (rng.percent(20)) session.actions = rng.percent(80) ? kMayAll : kMayEnter | kMayCancel;
    for (auto&& may_trade : session.instruments)
      if (rng.percent(5)) may_trade = !may_trade;
  }
}

void change_states(Rng& rng, Parameters& p) {
  for (BandParameters& band : p.bands) {
    if (rng.percent(50)) band.enter_ppm = rng.between(0, 2 * kPpm);
    band.exit_ppm = std::max(band.exit_ppm, band.enter_ppm + rng.pick({0, 100'000}));
  }
  if (rng.percent(20)) p.liquidation_lock = !p.liquidation_lock;
  if (rng.percent(30)) p.exit_allowance_ppm = moved_rate(rng);
  if (rng.percent(30)) p.transfer_notional_ppm = moved_rate(rng);
  if (rng.percent(30)) p.maintenance_includes_orders = !p.maintenance_includes_orders;
  if (rng.percent(30))
    p.leverage = {
        .plain_equity = rng.percent(50), .by_premium = rng.percent(50), .spot = rng.percent(50)};
}

}  // namespace

Parameters changed_parameters(Rng& rng, const Parameters& from) {
  const std::initializer_list<std::function<void(Rng&, Parameters&)>> kChanges = {
      change_shocks, change_groups,   change_sets,     change_assets, change_instruments,
      change_limits, change_accounts, change_sessions, change_states};
  Parameters to = from;
  to.version += static_cast<std::uint32_t>(rng.between(1, 3));
  for (const auto& change : kChanges) {
    if (rng.percent(55)) continue;
    Parameters next = to;
    change(rng, next);
    if (first_problem(next) == nullptr && problems_of_change(from, next).empty()) to = next;
  }
  return to;
}

}  // namespace portcullis::support
