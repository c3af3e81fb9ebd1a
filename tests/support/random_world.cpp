#include "tests/support/random_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/fixtures.h"
#include "tests/support/random_margin.h"

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

LimitProfile random_profile(Rng& rng, const Parameters& p, std::int64_t scale,
                            const WorldChoice& choice) {
  LimitProfile profile = wide_profile(p.instruments.size());
  profile.leverage_max_ppm = rng.pick({3, 8, 20, 500}) * kPpm;
  if (!choice.tight_limits) {
    profile.leverage_max_ppm = 1'000 * kPpm;
    return profile;
  }
  if (rng.percent(40)) {
    const std::int64_t first = rng.between(1, 30) * kPpm;
    profile.leverage_brackets = {{Value{rng.between(20'000, 300'000)}, first},
                                 {Value{kValueMax}, rng.between(0, first)}};
  }
  for (InstrumentLimits& limits : profile.instruments) {
    limits.clip = Lots{rng.pick({10, 25, 60}) * scale};
    limits.collar_ppm = rng.percent(5) ? 0 : rng.pick({20'000, 50'000, 150'000});
    if (rng.percent(10)) limits.collar_ticks = static_cast<std::int32_t>(rng.between(1, 40));
    if (rng.percent(50)) limits.long_max = Lots{rng.between(20, 90) * scale};
    if (rng.percent(50)) limits.short_max = Lots{rng.between(20, 90) * scale};
    if (rng.percent(30)) limits.gross_notional_max = Value{rng.between(100'000, 900'000) * scale};
    if (rng.percent(30)) limits.notional_max = Value{rng.between(50'000, 400'000) * scale};
    limits.restricted = rng.percent(2);
  }
  if (rng.percent(30)) profile.gross_notional_max = Value{rng.between(300'000, 2'000'000) * scale};
  profile.open_orders_max = rng.between(4, 12) * scale;
  for (InstrumentLimits& limits : profile.instruments) {
    if (rng.percent(12))
      limits.open_interest_share_ppm = static_cast<std::int32_t>(rng.between(0, 60'000) * scale);
  }
  for (std::size_t i = 0; i < p.instruments.size(); ++i) {
    if (p.instruments[i].reference.exists() && p.instruments[i].payoff == Payoff::Linear &&
        rng.percent(50)) {
      profile.instruments[i].collar_underlying_ppm =
          static_cast<std::int32_t>(rng.pick({100, 10'000, rng.between(1, kPpm)}));
    }
  }
  if (rng.percent(35)) profile.daily_loss_max = Value{rng.pick({0, 5'000, 20'000, 100'000})};
  return profile;
}

ExecutionThrottle random_throttle(Rng& rng) {
  if (rng.percent(75)) return {};
  return {.interval_ns = rng.pick({1'000'000, 50'000'000, 2 * kSecondNs}),
          .burst = rng.between(1, 8)};
}

// Each state with a chance of its own, mostly in the order of their ratios.
std::vector<BandParameters> random_bands(Rng& rng) {
  std::vector<BandParameters> bands;
  if (rng.percent(25)) return bands;
  for (int state = 1; state <= 4; ++state) {
    if (rng.percent(20)) continue;
    BandParameters band;
    band.state = static_cast<MarginState>(state);
    band.basis = rng.percent(50) ? MarginBasis::Initial : MarginBasis::Maintenance;
    band.enter_ppm = 1'500'000 - 300'000 * state + rng.between(-200'000, 200'000);
    if (rng.percent(25)) band.enter_ppm = rng.pick({0, kPpm, rng.between(0, 2 * kPpm)});
    band.exit_ppm = band.enter_ppm + rng.pick({0, rng.between(0, 100'000), 400'000});
    bands.push_back(band);
  }
  if (bands.size() > 1 && rng.percent(30)) std::swap(bands.front(), bands.back());
  return bands;
}

// What is said of states, cash and open interest.
void random_rules(Rng& rng, Parameters& p) {
  p.bands = random_bands(rng);
  p.liquidation_lock = rng.percent(15);
  p.exit_allowance_ppm = rng.pick({0, 30'000, 100'000, 500'000, kPpm});
  p.leverage = {
      .plain_equity = rng.percent(25), .by_premium = rng.percent(40), .spot = rng.percent(40)};
  p.transfer_notional_ppm = rng.pick({0, 0, 100'000, rng.between(0, kPpm)});
  for (InstrumentParameters& i : p.instruments) {
    if (rng.percent(20)) i.open_interest_max = Lots{rng.between(0, 1'700)};
  }
}

}  // namespace

Parameters random_parameters(Rng& rng, const WorldChoice& choice) {
  Parameters p;
  p.version = static_cast<std::uint32_t>(rng.between(1, 1'000));
  random_margin(rng, p);
  random_rules(rng, p);

  for (std::int64_t level = 0; level < 4; ++level) {  // two profiles for each level of the tree
    for (int twice = 0; twice < 2; ++twice) {
      p.profiles.push_back(random_profile(rng, p, level + 1, choice));
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
    p.accounts.back().executions = random_throttle(rng);
  }
  for (std::int64_t count = rng.between(2, 4); count > 0; --count) {
    SessionParameters s;
    s.member = members[0];
    for (std::uint32_t a = 0; a < p.accounts.size(); ++a) {
      if (rng.percent(98)) s.accounts.push_back({a});
    }
    for (std::size_t i = 0; i < p.instruments.size(); ++i) s.instruments.push_back(rng.percent(99));
    for (const SessionAction action :
         {kMayEnter, kMayReplace, kMayCancel, kMayMassCancel, kMayDisable}) {
      if (rng.percent(97)) s.actions = static_cast<std::uint8_t>(s.actions | action);
    }
    s.rate = random_rate(rng);
    p.sessions.push_back(s);
  }
  for (AccountParameters& account : p.accounts) {
    if (choice.special_accounts && rng.percent(15)) account.cash_only = true;
    if (!choice.protections || rng.percent(55)) continue;
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (rng.percent(70))
        account.protections.push_back({{g}, Lots{rng.pick({0, 1, 12, rng.between(0, 60)})}});
    }
  }
  if (choice.special_accounts && p.accounts.size() > 1 && rng.percent(60)) {
    AccountParameters& isolated = p.accounts.back();
    const InstrumentIndex in{static_cast<std::uint32_t>(rng.next() % p.instruments.size())};
    if (p.instruments[in.value].payoff != Payoff::Spot) {
      isolated.cash_only = false;
      isolated.isolated_from = {0};
      isolated.isolated_in = in;
    }
  }
  const auto pairs = static_cast<std::uint32_t>(p.accounts.size() * p.instruments.size());
  p.capacities = {.orders = choice.small_pools ? 9 : 256u,
                  .positions = choice.small_pools && rng.percent(50) ? pairs / 2 : pairs,
                  .group_slots = static_cast<std::uint32_t>(p.accounts.size() * p.groups.size()),
                  .trades = 3'000};
  return p;
}

void tell(NaiveModel& model, const Command& command) {
  std::visit(
      [&](const auto& c) {
        if constexpr (requires { model.decide(c); }) {
          model.submit(c);
        } else if constexpr (requires { model.apply(c); }) {
          model.apply(c);
        } else if constexpr (requires { table_of(c, model.parameters()); }) {
          model.publish(table_of(c, model.parameters()), c.time);
        } else if constexpr (requires { c.next; }) {
          model.raise_next_number(c.next);
        } else {
          model.consume(c.session, c.client_ref);
        }
      },
      command);
}

}  // namespace portcullis::support
