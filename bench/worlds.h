// Worlds for the benchmarks of the decision: 4 risk groups of 4 factors, accounts with as many
// positions as wanted, everything priced, all of it the same in every run.
//
// Each account is in a member and a group of the limits tree, so an order is checked against four
// levels. Its positions are of 10 lots each unless told, long and short in turn, entered at the
// mark; its collateral is dollars and one coin whose value moves with factor 0. A scenario set
// applies to each group, another one to all of them together, with a gain haircut of 0.5 unless
// told.
#pragma once

#include <cstdint>

#include "bench/desk.h"

namespace portcullis::bench {

inline constexpr std::uint32_t kGroups = 4;
inline constexpr std::uint32_t kFactorsPerGroup = 4;
inline constexpr std::uint32_t kInstrumentsMin = kGroups * kFactorsPerGroup;
inline constexpr std::uint32_t kAccountsPerSession = 10;

// What stands in for an account's limits and money: which check refuses its order of kOrderLots.
enum Kind : std::uint32_t { kRich, kLeveraged, kPoor, kKinds };
inline constexpr InstrumentIndex kInstrument{0};  // what is traded
inline constexpr InstrumentIndex kTight{1};       // whose long limit is in the order's middle
inline constexpr Lots kOrderLots{1'000};

struct WorldShape {
  std::uint32_t positions = 50;  // of each account
  std::uint32_t scenarios = 64;  // of each of the two sets
  std::int64_t kappa_ppm = 500'000;
  std::uint32_t accounts = kKinds;
  std::int64_t lots = 10;  // of each position
  SetMeasure measure = SetMeasure::Worst;
  bool of_groups = true;  // whether there is the set of each group
  bool joint = true;      // whether there is the one of all groups together
  bool operator==(const WorldShape&) const = default;
};

inline FactorIndex factor_of(std::uint32_t instrument) {
  return {instrument % kGroups * kFactorsPerGroup + instrument / kGroups % kFactorsPerGroup};
}

inline Parameters parameters_of(const WorldShape& shape) {
  Parameters p;
  p.version = 1;
  p.wide_denominator = 100;
  AssetParameters coin = dollars();
  coin.wide_per_index = 1;
  coin.haircut = {{Amount{10'000'000'000}, 950'000}, {kUnlimited, 800'000}};
  coin.debt_addon_ppm = 100'000;
  coin.mode = CollateralMode::Both;
  coin.factor = {0};
  p.assets = {dollars(), coin};

  const std::uint32_t instruments = std::max(shape.positions, kInstrumentsMin);
  for (std::uint32_t i = 0; i < instruments; ++i) p.instruments.push_back(future_on(factor_of(i)));

  p.factor_count = kGroups * kFactorsPerGroup;
  const std::uint32_t set_count = (shape.of_groups ? 1U : 0U) + (shape.joint ? 1U : 0U);
  Random random;
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    GroupParameters group;
    group.first_factor = g * kFactorsPerGroup;
    group.factor_count = kFactorsPerGroup;
    group.column_count = set_count * shape.scenarios;
    group.kappa_ppm = shape.kappa_ppm;
    for (std::uint32_t s = 0; s < kFactorsPerGroup * group.column_count; ++s)
      group.shock_ppm.push_back(random.around(kShockPpm));
    p.groups.push_back(std::move(group));
  }
  SetParameters set;
  set.first_column.assign(kGroups, 0);
  set.column_count.assign(kGroups, shape.scenarios);
  set.measure = shape.measure;
  if (shape.measure == SetMeasure::ExpectedShortfall) set.tail_denominator = 40;
  if (shape.of_groups) p.sets.push_back(set);
  if (shape.joint) {
    set.scope = SetScope::Joint;
    set.first_column.assign(kGroups, shape.of_groups ? shape.scenarios : 0);
    set.joint_weight_ppm = 800'000;
    p.sets.push_back(set);
  }
  p.per_group.initial_mult_ppm = 1'200'000;
  p.joint.initial_mult_ppm = 500'000;

  const LimitProfile wide = wide_limits(instruments);
  LimitProfile account = wide;
  account.instruments[kTight.value].long_max = {kOrderLots.raw / 2};
  LimitProfile leveraged = account;
  // With a billion dollars of equity: what the positions take, and half the order.
  leveraged.leverage_max_ppm =
      kLotDollars * (std::int64_t{shape.positions} * shape.lots + kOrderLots.raw / 2) / 1'000;
  p.profiles = {wide, account, leveraged};

  add_accounts(p, shape.accounts, kAccountsPerSession, 1);
  if (kLeveraged < shape.accounts) p.accounts[kLeveraged].profile = 2;
  p.capacities = {.orders = 4'096,
                  .positions = shape.accounts * (shape.positions + 2),
                  .group_slots = shape.accounts * kGroups,
                  .trades = 65'536};
  return p;
}

class World : public Desk {
 public:
  explicit World(const WorldShape& shape)
      : Desk(parameters_of(shape), kAccountsPerSession), shape_(shape) {
    index({0}, 1);
    index({1}, kMark);
    for (std::uint32_t i = 0; i < engine.parameters().instruments.size(); ++i) tick(i);
    for (std::uint32_t a = 0; a < shape.accounts; ++a) {
      pay({a}, 1'000'000'000 * kMicro);
      pay({a}, 100'000'000, {1});
      for (std::uint32_t i = 0; i < shape.positions; ++i)
        hold({a}, {i}, {i % 2 == 0 ? shape.lots : -shape.lots});
      engine.refresh({a});
    }
    // The poor one can pay for about half of the order.
    const std::int64_t spare = engine.margin({kPoor}, time()).available.raw;
    pay({kPoor}, kOrderLots.raw / 2 * kLotDollars * kMicro / 6 - spare);
    engine.refresh({kPoor});
  }

  // A buy of kOrderLots at the mark of before all ticks.
  NewOrder order(std::uint32_t account = kRich, InstrumentIndex instrument = kInstrument) {
    NewOrder order = order_for({account}, instrument, kOrderLots);
    order.price = {kMark};
    return order;
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
    replace.client_ref = next_ref();
    return replace;
  }
  CancelOrder cancel_of(const NewOrder& entered) {
    CancelOrder cancel;
    cancel.time = time();
    cancel.session = entered.session;
    cancel.client_ref = entered.client_ref;
    return cancel;
  }
  // One mark of every group moves, the order's last.
  void tick_all_groups() {
    for (std::uint32_t g = kGroups; g-- > 0;) tick(g);
  }
  [[nodiscard]] const WorldShape& shape() const { return shape_; }

  std::uint32_t last_number = 0;  // of enter()

 private:
  WorldShape shape_;
};

}  // namespace portcullis::bench
