// Worlds for the benchmarks of the decision: 4 risk groups of 4 factors, accounts with as many
// positions as wanted, everything priced, all of it the same in every run.
//
// Each account is in a member and a group of the limits tree, so an order is checked against four
// levels. Its positions are of 10 lots each, long and short in turn, entered at the mark; its
// collateral is dollars and one coin whose value moves with factor 0. A scenario set applies to
// each group, another one to all of them together, with a gain haircut of 0.5 unless told.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "risk/engine.h"

namespace portcullis::bench {

using namespace portcullis::risk;

inline constexpr std::uint32_t kGroups = 4;
inline constexpr std::uint32_t kFactorsPerGroup = 4;
inline constexpr std::uint32_t kInstrumentsMin = kGroups * kFactorsPerGroup;
inline constexpr std::uint32_t kAccountsPerSession = 10;
inline constexpr std::int64_t kMark = 50'000;
inline constexpr std::int64_t kHour = 3600 * kSecondNs;
// A lot is worth 50 dollars.
inline constexpr std::int64_t kUnitsPerLotMark = 1'000;
inline constexpr std::int64_t kLotDollars = 50;
inline constexpr std::int64_t kMicro = 1'000'000;

// What stands in for an account's limits and money: which check refuses its order of kOrderLots.
enum Kind : std::uint32_t { kRich, kLeveraged, kPoor, kKinds };
inline constexpr InstrumentIndex kInstrument{0};  // what is traded
inline constexpr InstrumentIndex kTight{1};       // whose long limit is in the order's middle
inline constexpr Lots kOrderLots{1'000};
inline constexpr Lots kClip{5'000};

struct WorldShape {
  std::uint32_t positions = 50;  // of each account
  std::uint32_t scenarios = 64;  // of each of the two sets
  std::int64_t kappa_ppm = 500'000;
  std::uint32_t accounts = kKinds;
  bool operator==(const WorldShape&) const = default;
};

inline FactorIndex factor_of(std::uint32_t instrument) {
  return {instrument % kGroups * kFactorsPerGroup + instrument / kGroups % kFactorsPerGroup};
}

inline Parameters parameters_of(const WorldShape& shape) {
  Parameters p;
  p.version = 1;
  p.wide_denominator = 100;
  AssetParameters dollar;
  dollar.wide_per_index = 100;
  dollar.haircut = {{kUnlimited, kPpm}};
  dollar.index_age_max_ns = kHour;
  AssetParameters coin = dollar;
  coin.wide_per_index = 1;
  coin.haircut = {{Amount{10'000'000'000}, 950'000}, {kUnlimited, 800'000}};
  coin.debt_addon_ppm = 100'000;
  coin.mode = CollateralMode::Both;
  coin.factor = {0};
  p.assets = {dollar, coin};

  const std::uint32_t instruments = std::max(shape.positions, kInstrumentsMin);
  for (std::uint32_t i = 0; i < instruments; ++i) {
    p.instruments.push_back({.factor = factor_of(i),
                             .settlement = {0},
                             .marks_per_tick = 1,
                             .units_per_lot_mark = kUnitsPerLotMark,
                             .fee_ppm = 200,
                             .mark_age_max_ns = kHour,
                             .market_orders = true});
  }

  p.factor_count = kGroups * kFactorsPerGroup;
  std::uint64_t random = 1;
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    GroupParameters group;
    group.first_factor = g * kFactorsPerGroup;
    group.factor_count = kFactorsPerGroup;
    group.column_count = 2 * shape.scenarios;
    group.kappa_ppm = shape.kappa_ppm;
    for (std::uint32_t s = 0; s < kFactorsPerGroup * group.column_count; ++s) {
      random = random * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      group.shock_ppm.push_back(static_cast<std::int32_t>(random >> 33) % 160'000 *
                                (random >> 40 & 1 ? 1 : -1));
    }
    p.groups.push_back(std::move(group));
  }
  SetParameters set;
  set.first_column.assign(kGroups, 0);
  set.column_count.assign(kGroups, shape.scenarios);
  p.sets = {set, set};
  p.sets[1].scope = SetScope::Joint;
  p.sets[1].first_column.assign(kGroups, shape.scenarios);
  p.sets[1].joint_weight_ppm = 800'000;
  p.per_group.initial_mult_ppm = 1'200'000;
  p.joint.initial_mult_ppm = 500'000;

  LimitProfile wide;
  wide.instruments.assign(instruments, {.clip = kClip,
                                        .notional_max = {kValueMax},
                                        .collar_ppm = 50'000,
                                        .long_max = {1'000'000'000},
                                        .short_max = {1'000'000'000},
                                        .gross_notional_max = {kValueMax},
                                        .restricted = false});
  wide.gross_notional_max = {kValueMax};
  wide.open_orders_max = 1'000'000;
  wide.leverage_max_ppm = 1'000 * kPpm;
  LimitProfile account = wide;
  account.instruments[kTight.value].long_max = {kOrderLots.raw / 2};
  LimitProfile leveraged = account;
  // With a billion dollars of equity: what the positions take, and half the order.
  leveraged.leverage_max_ppm =
      kLotDollars * (std::int64_t{shape.positions} * 10 + kOrderLots.raw / 2) / 1'000;
  p.profiles = {wide, account, leveraged};

  p.nodes = {{NodeLevel::Venue, NodeIndex{}, 0},
             {NodeLevel::Member, NodeIndex{0}, 0},
             {NodeLevel::Group, NodeIndex{1}, 0}};
  const RateLimit rate{kSecondNs, kPpm, kSecondNs, kPpm};
  for (std::uint32_t a = 0; a < shape.accounts; ++a) {
    p.accounts.push_back({NodeIndex{2}, a == kLeveraged ? 2U : 1U, rate});
    if (a % kAccountsPerSession == 0) {
      SessionParameters session;
      session.member = {1};
      session.instruments.assign(instruments, true);
      session.rate = rate;
      p.sessions.push_back(session);
    }
    p.sessions.back().accounts.push_back({a});
  }
  p.capacities = {.orders = 4'096,
                  .positions = shape.accounts * (shape.positions + 2),
                  .group_slots = shape.accounts * kGroups,
                  .trades = 65'536};
  return p;
}

class World {
 public:
  explicit World(const WorldShape& shape) : engine(parameters_of(shape)), shape_(shape) {
    for (std::uint32_t a = 0; a < 2; ++a) {
      engine.apply(
          IndexUpdate{.time = time(), .as_of = time(), .index = a == 0 ? 1 : kMark, .asset = {a}});
    }
    for (std::uint32_t i = 0; i < engine.parameters().instruments.size(); ++i) tick(i);
    for (std::uint32_t a = 0; a < shape.accounts; ++a) {
      pay({a}, 1'000'000'000);
      engine.apply(LoadBalance{.time = time(), .units = 100'000'000, .account = {a}, .asset = {1}});
      for (std::uint32_t i = 0; i < shape.positions; ++i) {
        const bool loaded = engine.apply(LoadPosition{.time = time(),
                                                      .lots = {i % 2 == 0 ? 10 : -10},
                                                      .entry = {kMark},
                                                      .account = {a},
                                                      .instrument = {i}});
        PORTCULLIS_ASSERT(loaded);
      }
      engine.refresh({a});
    }
    // The poor one can pay for about half of the order.
    const std::int64_t spare = engine.margin({kPoor}, time()).available.raw / kMicro;
    pay({kPoor}, kOrderLots.raw / 2 * kLotDollars / 6 - spare);
    engine.refresh({kPoor});
  }

  // A buy of kOrderLots at the mark.
  NewOrder order(std::uint32_t account = kRich, InstrumentIndex instrument = kInstrument) {
    NewOrder order;
    order.time = time();
    order.price = {kMark};
    order.quantity = kOrderLots;
    order.account = {account};
    order.instrument = instrument;
    order.session = {account / kAccountsPerSession};
    order.client_ref = ++last_ref_;
    return order;
  }
  VenueEvent event(VenueEventType type, std::uint32_t number, Lots quantity = {}) {
    VenueEvent event;
    event.time = time();
    event.type = type;
    event.number = number;
    event.quantity = quantity;
    event.price = {kMark};
    event.match = ++last_match_;
    return event;
  }
  // Enters an order that is accepted here and at the venue; returns it.
  NewOrder enter(Side side = Side::Buy) {
    NewOrder entered = order();
    entered.side = side;
    const Decision decision = engine.submit(entered);
    PORTCULLIS_ASSERT(decision.disposition == Disposition::Forward);
    last_number = decision.number;
    engine.apply(event(VenueEventType::Accepted, last_number, entered.quantity));
    return entered;
  }
  // Ends the order that enter() entered, nothing of it executed.
  void end() {
    const VenueOutcome outcome =
        engine.apply(event(VenueEventType::Canceled, last_number, kOrderLots));
    PORTCULLIS_ASSERT(outcome.ended && engine.live_orders() == 0);
  }
  ReplaceOrder replace_of(const NewOrder& entered) {
    ReplaceOrder replace;
    replace.time = time();
    replace.price = {kMark - 1};
    replace.total = kOrderLots + Lots{200};
    replace.session = entered.session;
    replace.original_ref = entered.client_ref;
    replace.client_ref = ++last_ref_;
    return replace;
  }
  CancelOrder cancel_of(const NewOrder& entered) {
    CancelOrder cancel;
    cancel.time = time();
    cancel.session = entered.session;
    cancel.client_ref = entered.client_ref;
    return cancel;
  }
  // A forwarded order never came to be.
  void forget(const Decision& decision) {
    PORTCULLIS_ASSERT(decision.disposition == Disposition::Forward);
    engine.apply(event(VenueEventType::Void, decision.number));
  }
  // The instrument's mark moves by one.
  void tick(std::uint32_t instrument) {
    flip_ = !flip_;
    engine.apply(MarkUpdate{.time = time(),
                            .as_of = time(),
                            .mark = {kMark + (flip_ ? 1 : 0)},
                            .instrument = {instrument}});
  }
  // One mark of every group moves, the order's last.
  void tick_all_groups() {
    for (std::uint32_t g = kGroups; g-- > 0;) tick(g);
  }
  Timestamp time() { return {time_ns_ += 10}; }
  [[nodiscard]] const WorldShape& shape() const { return shape_; }

  Engine engine;
  std::uint32_t last_number = 0;  // of enter()

 private:
  void pay(AccountIndex account, std::int64_t dollars) {
    engine.apply(
        LoadBalance{.time = time(), .units = dollars * kMicro, .account = account, .asset = {0}});
  }

  WorldShape shape_;
  std::int64_t time_ns_ = kHour;
  std::uint32_t last_ref_ = 0;
  std::uint64_t last_match_ = 0;
  bool flip_ = false;
};

}  // namespace portcullis::bench
