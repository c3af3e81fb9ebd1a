// What the engine is configured with: one immutable set, built and validated by config/, named by
// its version in every decision. Every relation the engine relies on is stated here with "REQUIRES"
// and checked by config::load (all problems at once) and by valid() below (asserted by the engine).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "risk/division.h"
#include "risk/types.h"

namespace portcullis::risk {

// One tier of a haircut curve: what there is of the asset up to `upto` (cumulative) counts at
// `rate_ppm`.
struct HaircutTier {
  // Units of the asset, or quanta (AssetParameters::tiers_by_value). REQUIRES rising from tier to
  // tier; the last one's is kUnlimited.
  Amount upto{};
  std::int64_t rate_ppm = 0;  // REQUIRES 0 <= rate <= 1e6, falling from tier to tier (concave)
};
inline constexpr Amount kUnlimited{static_cast<Int128>(1) << 120};

// METHOD 3.8. Which moves of the asset's factor move its haircut value. A debt moves with every
// rise, whatever the mode, unless it is static.
enum class CollateralMode : std::uint8_t { Static, Both, DownsideOnly, UpsideOnly };
constexpr bool counts_falls(CollateralMode mode) {
  return mode == CollateralMode::Both || mode == CollateralMode::DownsideOnly;
}
constexpr bool counts_rises(CollateralMode mode) {
  return mode == CollateralMode::Both || mode == CollateralMode::UpsideOnly;
}

struct AssetParameters {
  [[nodiscard]] const std::vector<HaircutTier>& tiers(bool of_maintenance) const {
    return of_maintenance && !maintenance_haircut.empty() ? maintenance_haircut : haircut;
  }

  // The value of one unit is index * wide_per_index in Wide, exactly.
  std::int64_t wide_per_index = 0;     // REQUIRES > 0
  std::vector<HaircutTier> haircut{};  // for a positive balance; REQUIRES at least one tier
  std::vector<HaircutTier> maintenance_haircut{};  // of the maintenance equity; empty: the same
  bool tiers_by_value = false;                     // the tiers' `upto` are quanta
  std::int64_t debt_addon_ppm = 0;                 // a debt counts (1 + add-on); REQUIRES >= 0
  std::int64_t borrow_initial_ppm = 0;             // margin on what is borrowed; REQUIRES 0..1e6
  std::int64_t borrow_maintenance_ppm = 0;         // REQUIRES 0..1e6
  Amount borrow_max{};  // of all accounts together; 0: nothing can be borrowed. REQUIRES >= 0
  // At most share/(1 - share) of the value of the uncapped assets, and `share_free` more, counts;
  // 1e6: uncapped. REQUIRES 0..1e6, and of a capped asset: it counts no rises, some asset is
  // uncapped, and where its falls count, as of `settlement`.
  std::int64_t share_ppm = kPpm;
  Value share_free{};  // REQUIRES 0..kValueMax
  CollateralMode mode = CollateralMode::Static;
  FactorIndex factor{};  // REQUIRES exists() when mode is not Static
  std::int64_t index_age_max_ns = 0;
};

// How a position pays.
//   Linear   position * mark * units_per_lot_mark, against what was paid
//   Inverse  position * units_per_lot_mark / mark, with the sign turned: a lot is a fixed amount of
//            the quoted currency, paid in the coin (METHOD 3.3)
//   Spot     the fill itself moves `base` against `settlement`; there is no position
enum class Payoff : std::uint8_t { Linear, Inverse, Spot };

// What the margin of a position rests on: the exposure of its notional to its factor, or integers
// per lot and column from the group's published table (RiskTable).
enum class RiskSource : std::uint8_t { Factor, Table };

struct InstrumentParameters {
  FactorIndex factor{};  // what its price moves with; its group is the instrument's
  // The asset in which gains, losses and fees are paid. REQUIRES, where it moves with a factor: where
  // falls count, the largest fall in the sets of a scope, or the sum of their falls by weight where they
  // are summed, times its multiplier is at most 1, so that no gain requires more than it is worth; where rises
  // of it happen (they count for a debt whatever the mode), the factor is of the instrument's own
  // group; and where rises count its tiers are not by value, or there is one (METHOD 3.8).
  AssetIndex settlement{};
  std::int64_t marks_per_tick = 0;  // mark units in a tick; REQUIRES > 0
  // Linear: settlement units that one lot gains when the mark rises by one. Inverse: a lot at mark x
  // is units_per_lot_mark / x settlement units. REQUIRES > 0.
  std::int64_t units_per_lot_mark = 0;
  std::int64_t fee_ppm = 0;          // max(maker, taker, 0) of the notional
  std::int64_t mark_age_max_ns = 0;  // an older mark is stale
  bool market_orders = false;        // whether market orders are taken
  Payoff payoff = Payoff::Linear;
  RiskSource risk = RiskSource::Factor;
  // The premium is paid when the position is opened, and the position's value counts in full beside
  // the haircut equity; otherwise gains and losses since then are paid. REQUIRES Linear, and a
  // settlement asset that is static, without haircut (in both curves) and without a share cap: else
  // a fill at the mark would move value between the two at a loss that no cost holds.
  bool upfront = false;
  // Upfront: whether a long position counts, as value and as an offset (METHOD 3.2).
  bool long_value = true;
  // Spot: what is bought; REQUIRES another than the settlement, which is uncapped; and where it moves, as
  // of `settlement`, but that both may be of any group.
  AssetIndex base{};
  std::int64_t base_per_lot = 0;  // Spot: its units in a lot; REQUIRES > 0
  // What a lot's notional is, for limits, leverage and add-ons: that of `reference_lots_ppm` of a lot of
  // another instrument in the same group; none: its own. REQUIRES of a chain of them: an end.
  InstrumentIndex reference{};
  std::int64_t reference_lots_ppm = kPpm;  // REQUIRES > 0
  // Table (REQUIRES not Spot): its row in the group's table, REQUIRES its alone.
  std::uint32_t row = kNone32;
  std::int64_t vector_unit = 0;  // fines (1e-6 quanta) in one integer of the row; REQUIRES > 0
  std::int32_t vector_cap = 0;   // the largest |integer|; REQUIRES 1..2^28
  Lots open_interest_max = Lots{std::numeric_limits<std::int64_t>::max()};
};

// The fee that is counted for a lot at a price: the higher of maker and taker, in units of the
// settlement asset, rounded up.
constexpr std::int64_t fee_per_lot(const InstrumentParameters& instrument, Price price) {
  const Int128 marks = Int128{price.raw} * instrument.marks_per_tick;
  bool fits = true;
  if (instrument.payoff == Payoff::Inverse) {
    if (marks <= 0) return 0;
    return narrow(
        ceil_div(Int128{instrument.units_per_lot_mark} * instrument.fee_ppm, marks * kPpm), fits);
  }
  if (instrument.fee_ppm == 0) return 0;
  return narrow(kByPpm.ceil(marks * instrument.units_per_lot_mark * instrument.fee_ppm), fits);
}

// What a driver sums over its instruments, a lot's worth each (Wide), all at the current versions.
enum class Measure : std::uint8_t {
  Notional,
  Delta,          // Table instruments: RiskTable::measures[kDelta]; others: the notional
  Premium,        // mark * units_per_lot_mark * unit(settlement); Inverse: a lot at its own mark
  Funding,        // what a long lot pays until the next settlement, at the predicted rate; signed
  Lot,            // DriverTerm::per_lot
  Vega,           // RiskTable::measures[kVega]
  InitialCharge,  // RiskTable::measures[kInitialCharge]
  MaintenanceCharge,  // RiskTable::measures[kMaintenanceCharge]
};

// Over which lots, and so between which ends, where q is the position, B and S the open buys and
// sells; with "q" alone where only positions count.
enum class Reach : std::uint8_t {
  Net,       // sum of measure * lots in [q - S, q + B]
  LongNet,   // the same of max(0, lots)
  ShortNet,  // the same of min(0, lots)
  Gross,     // sum of |measure| * max(q + B, S - q), not below 0
  Long,      // sum of |measure| * max(0, q + B)
  Short,     // sum of |measure| * max(0, S - q)
  Payable,   // sum of max(0, measure * lots) over both ends: what may have to be paid
};

struct DriverTerm {
  InstrumentIndex instrument{};  // REQUIRES: of the driver's group; Vega and charges: Table
  Wide per_lot{};                // Measure::Lot
};
struct DriverParameters {
  Measure measure = Measure::Notional;
  Reach reach = Reach::Net;
  std::vector<DriverTerm> terms{};
};

// One marginal tier: what there is of an amount up to `upto` (cumulative) is charged at `rate_ppm`.
struct MarginTier {
  Value upto{};               // REQUIRES rising; the last tier's is kValueMax
  std::int64_t rate_ppm = 0;  // REQUIRES 0..100e6, rising from tier to tier (convex)
};

inline constexpr std::size_t kUsesMax =
    16;  // sums that one instrument is part of, its factor's too

// METHOD 3.11. |D| is the larger end of a driver's interval.
enum class AddOnFunction : std::uint8_t {
  Tiers,   // sum over the drivers of tiers(|D|)
  Hedged,  // tiers(min(sum of max(0, high end), sum of max(0, -low end)))
  Ramp,    // x = |the sum of its Net and ShortNet drivers|, less what those of LongNet, of opposite
  // sign, surely offset: tiers' first rate times x * min(max(x - threshold, 0) * slope, most)
};
// Where an add-on goes in the formula of METHOD 3.4.
enum class AddOnPlace : std::uint8_t {
  Group,    // into the group's requirement, A_in
  Floor,    // the sum of a group's floors is what its requirement is at least
  Joint,    // into the joint requirement, inside its multiplier
  Outside,  // A_out, outside every multiplier
};
struct AddOnParameters {
  AddOnFunction function = AddOnFunction::Tiers;
  AddOnPlace place = AddOnPlace::Group;
  // Local to the group. REQUIRES one at least, each in one add-on; Hedged: Net; Ramp: Net, ShortNet
  // or LongNet.
  std::vector<std::uint32_t> drivers{};
  std::vector<MarginTier> initial{};      // empty: not in the initial requirement
  std::vector<MarginTier> maintenance{};  // empty: not in the maintenance requirement
  // Tiers: as open interest of this instrument goes from `open_interest_low` to `_high`, the charge
  // goes from tiers(N) to N, in the initial requirement only. REQUIRES 0 <= low < high.
  InstrumentIndex ramped_by{};
  Lots open_interest_low{};
  Lots open_interest_high{};
  // Ramp: the charge rises by slope_ppm of x for each `per_units` of `per` in excess of
  // the threshold, to most_ppm of x. REQUIRES that the asset is there, units > 0, the others >= 0.
  Value threshold{};
  AssetIndex per{};
  std::int64_t per_units = 1;
  std::int64_t slope_ppm = 0;
  std::int64_t most_ppm = 0;
};

// How many lag states a group has whose tables lag (METHOD 3.9): its factors as they are when the
// table is built, moved down, and moved up.
inline constexpr std::uint32_t kLagStates = 3;

// A risk group: factors [first_factor, first_factor + factor_count) and the columns of its scenario
// table: first those of each per-group set, then those of each joint set, set after set.
struct GroupParameters {
  [[nodiscard]] std::uint32_t lag_states() const { return table_move_max_ppm > 0 ? kLagStates : 1; }
  // Columns before they are folded: those of each lag state, state after state.
  [[nodiscard]] std::uint32_t raw_columns() const { return column_count * lag_states(); }

  std::uint32_t first_factor = 0;
  std::uint32_t factor_count = 0;
  std::uint32_t column_count = 0;
  // shock_ppm[local factor * column_count + column], parts per million of the factor's price, times
  // the column's weight.
  std::vector<std::int32_t> shock_ppm{};  // REQUIRES -1e6..10e6
  std::uint32_t row_count = 0;            // instruments with rows in the group's published table
  std::int64_t table_age_max_ns = 0;  // an older table is stale; REQUIRES > 0 where there are rows
  // How far marks may move from the table's anchors, and the factors of the lag states do; 0: no lag
  // is counted. REQUIRES 0..500'000, and where it is above 0 that the group's Table instruments have
  // one factor: several may move apart.
  std::int64_t table_move_max_ppm = 0;
  // Joint sets: the share of a gain that may offset other groups, and the most of it.
  std::int64_t kappa_ppm = kPpm;  // REQUIRES 0..1e6
  Value gain_cap{kValueMax};      // REQUIRES 0..kValueMax
  std::vector<DriverParameters> drivers{};
  std::vector<AddOnParameters> add_ons{};
};

inline constexpr std::size_t kSetsMax = 16;

enum class SetScope : std::uint8_t { PerGroup, Joint };
enum class SetMeasure : std::uint8_t { Worst, ExpectedShortfall };
// Enforced sets decide; with warning sets added, an accepted order is marked; reports show all.
enum class SetAction : std::uint8_t { Enforce, Warn, Report };

// A scenario set (METHOD 3.4). A per-group set has its own number of columns in each group (0: the
// group is not in it); a joint set has the same columns in every group.
struct SetParameters {
  SetScope scope = SetScope::PerGroup;
  std::vector<std::uint32_t> first_column{};  // by group, into the group's table
  std::vector<std::uint32_t> column_count{};  // by group
  std::int64_t joint_weight_ppm =
      kPpm;  // wt: the joint part; the rest is the sum of the groups alone; REQUIRES 0..1e6
  SetMeasure measure = SetMeasure::Worst;
  // Expected shortfall at the level 1 - tail: of n columns the mean over the worst n * tail.
  std::int64_t tail_numerator = 1;
  std::int64_t tail_denominator = 1;  // REQUIRES 0 < numerator <= denominator <= 1e6
  SetAction action = SetAction::Enforce;
  bool initial = true;             // part of the initial requirement
  bool maintenance = true;         // part of the maintenance requirement
  std::int64_t weight_ppm = kPpm;  // where sets are summed; REQUIRES 0..10e6
};

// How the sets of one scope become one requirement, and its multipliers.
enum class Combine : std::uint8_t { Max, Sum };
struct ScopeParameters {
  Combine combine = Combine::Max;
  std::int64_t initial_mult_ppm = kPpm;      // REQUIRES 0..10e6
  std::int64_t maintenance_mult_ppm = kPpm;  // REQUIRES 0..10e6
};

// States of an account by its margin (METHOD 3.15), from good to bad.
enum class MarginState : std::uint8_t { Normal, Warned, Restricted, Liquidation, Bankrupt };
enum class MarginBasis : std::uint8_t { Initial, Maintenance };
// The account is in the worst state that it has entered, and not left again. A ratio is (E - C) to
// the initial requirement, or the maintenance equity to the maintenance requirement.
struct BandParameters {
  MarginState state = MarginState::Restricted;  // REQUIRES not Normal; each state at most once
  MarginBasis basis = MarginBasis::Initial;
  std::int64_t enter_ppm = kPpm;  // entered where the ratio is below; REQUIRES 0..100e6
  std::int64_t exit_ppm = kPpm;   // left where it is this or more; REQUIRES >= enter_ppm
};

// The leverage and per-order and exposure limits of one instrument in one profile. Nothing has a
// default that means "no limit": zero refuses everything.
struct InstrumentLimits {
  Lots clip{};           // lots in one order
  Value notional_max{};  // value of one order, at the worse of limit and mark
  // How far the limit may be beyond the mark, on the aggressive side: the largest of a share of the mark,
  // a share of the notional of the lot's reference, as a price (rounded down to 1e-6 mark units; 0 while
  // it has none), and ticks. A market order goes out at the last tick inside the narrowest collar above
  // it, of a sale at the first tick at least.
  std::int64_t collar_ppm = 0;             // REQUIRES 0..1e6
  std::int32_t collar_underlying_ppm = 0;  // REQUIRES 0..1e6; above 0: Linear, with a reference
  std::int32_t collar_ticks = 0;           // REQUIRES >= 0, in mark units at most 2^60
  Lots long_max{};                         // max(0, position + open buys)
  Lots short_max{};                        // max(0, open sells - position)
  // max(position + open buys, open sells - position) at the mark; open spot orders count as well
  Value gross_notional_max{};
  // Long and short usage as a share of open interest; REQUIRES 0..1e6.
  std::int32_t open_interest_share_ppm = kPpm;
  bool restricted = false;
};
static_assert(sizeof(InstrumentLimits) == 64);  // an order reads one at each level of the tree

// The leverage allowed while what it counts is at most `upto`.
struct LeverageBracket {
  Value upto{};              // REQUIRES rising; the last one's is kValueMax
  std::int64_t max_ppm = 0;  // REQUIRES >= 0 and falling
};

// What leverage compares (METHOD 3.15, the contract in engine.h).
struct LeverageRules {
  bool plain_equity =
      false;  // equity without haircuts, debts' add-ons, share caps and borrow margin
  bool by_premium =
      false;          // an instrument with a reference counts at its own mark, not that notional
  bool spot = false;  // open spot orders count
};

// Limits by name in configuration; every node and account refers to one.
struct LimitProfile {
  std::vector<InstrumentLimits> instruments{};  // by instrument
  Value gross_notional_max{};                   // over all instruments, spot too
  std::int64_t open_orders_max = 0;
  std::int64_t leverage_max_ppm = 0;  // accounts only: what leverage counts <= this share of equity
  std::vector<LeverageBracket> leverage_brackets{};  // the same by what it counts; may be empty
  // Accounts only: a larger loss since the day's start closes. REQUIRES >= 0.
  Value daily_loss_max{kValueMax};
};

// Two token buckets: one for every order, and a wider one for cancels, and for exits when the first
// is empty. `per_second` sustained, `burst` at once.
struct RateLimit {
  std::int64_t per_second = 0;       // REQUIRES 1..1e9
  std::int64_t burst = 0;            // REQUIRES 1..1e6
  std::int64_t exit_per_second = 0;  // REQUIRES 1..1e9; usually twice the rate
  std::int64_t exit_burst = 0;       // REQUIRES 1..1e6; usually four times the burst
};

enum class NodeLevel : std::uint8_t { Venue, Member, Group, Account, Session };
inline constexpr std::array<std::string_view, 5> kNodeLevelNames{"venue", "member", "group",
                                                                 "account", "session"};
constexpr std::string_view name_of(NodeLevel level) {
  return kNodeLevelNames[static_cast<std::size_t>(level)];
}

// A node above the accounts; node 0 is the venue.
struct NodeParameters {
  NodeLevel level = NodeLevel::Venue;
  NodeIndex parent{};  // none for the venue
  std::uint32_t profile = 0;
};

// Executions one after another without a person having looked (RTS 6): when `burst` of them have
// come faster than one each `interval_ns`, orders that add risk are refused.
struct ExecutionThrottle {
  std::int64_t interval_ns = 1;        // REQUIRES > 0
  std::int64_t burst = 1'000'000'000;  // REQUIRES > 0
};

// A protection of the venue, enforced there in one step: of the account's orders in a group at most
// `lots` fill before it cancels the rest (METHOD 3.5).
struct MarketMakerProtection {
  GroupIndex group;  // REQUIRES that it is there, and of an account each at most once
  // The quantity limit and what the largest execution may overshoot it by, whichever the instruments;
  // REQUIRES >= 0.
  Lots lots{};
};

struct AccountParameters {
  NodeIndex parent{};  // its group
  std::uint32_t profile = 0;
  RateLimit rate;
  ExecutionThrottle executions{};
  // An isolated account is one position's: its cash comes from `isolated_from` with its opening
  // order, and goes back when it is flat. It trades `isolated_in` alone. REQUIRES both or none, and
  // that the other account is not isolated, nor this one cash_only, and a position: no Spot.
  AccountIndex isolated_from{};
  InstrumentIndex isolated_in{};
  bool cash_only = false;  // trades Spot alone, and what an order pays out must be there
  std::vector<MarketMakerProtection> protections{};
};

// What a session may do, as bits.
enum SessionAction : std::uint8_t {
  kMayEnter = 1,
  kMayReplace = 2,
  kMayCancel = 4,
  kMayMassCancel = 8,
  kMayDisable = 16,  // suspend its accounts, and resume what it has suspended
};
inline constexpr std::uint8_t kMayAll = 31;

struct SessionParameters {
  NodeIndex member{};                    // the member it belongs to
  std::vector<AccountIndex> accounts{};  // that it may use, sorted, each once
  std::vector<bool> instruments{};       // by instrument: may it trade it
  std::uint8_t actions = 0;              // bits of SessionAction
  RateLimit rate;
};

// Sizes fixed at start; everything the engine will ever hold is allocated from them.
struct Capacities {
  std::uint32_t orders = 0;     // live orders
  std::uint32_t positions = 0;  // (account, instrument) pairs with a position or an order
  // (account, risk group) pairs ever used; REQUIRES at most group_slots_max().
  std::uint32_t group_slots = 0;
  std::uint32_t trades = 0;  // executions remembered for broken-trade messages, and ended orders
                             // remembered for late messages
};

struct Parameters {
  std::uint32_t version = 0;
  std::int64_t wide_denominator = 0;  // Wide per quantum of the risk currency; REQUIRES 1..1e12
  std::vector<AssetParameters> assets{};
  std::vector<InstrumentParameters> instruments{};
  std::uint32_t factor_count = 0;
  std::vector<GroupParameters> groups{};
  std::vector<SetParameters> sets{};
  ScopeParameters per_group;  // on the sum of the groups' requirements
  ScopeParameters joint;      // on the joint requirement
  std::vector<BandParameters> bands{};
  // Then C is held against the maintenance equity too, but of spot and of what is paid upfront it is made
  // with the initial rates. REQUIRES that none of their assets costs_more_in_maintenance().
  bool maintenance_includes_orders = false;
  bool liquidation_lock = false;  // in liquidation the account's own orders are refused, exits too
  std::int64_t exit_allowance_ppm = 0;  // METHOD 3.6, the wind-down allowance; REQUIRES 0..1e6
  // What a withdrawal must leave at least, of gross notional; REQUIRES 0..1e6.
  std::int64_t transfer_notional_ppm = 0;
  LeverageRules leverage;
  std::vector<LimitProfile> profiles{};
  std::vector<NodeParameters> nodes{};  // parents before children
  std::vector<AccountParameters> accounts{};
  std::vector<SessionParameters> sessions{};
  Capacities capacities;
};

// Whether what there is of an asset counts as it is, whatever happens: static, uncapped, without
// haircut.
[[nodiscard]] bool counts_in_full(const AssetParameters& asset);
// Whether what is paid in the asset may take more of the maintenance equity than of the initial one, or
// what is got of it adds less: a higher borrow rate, or uncapped a lower rate in the last tier.
[[nodiscard]] bool costs_more_in_maintenance(const AssetParameters& asset);
// The most group slots whose vectors can be told apart by 32 bits.
[[nodiscard]] std::uint32_t group_slots_max(const Parameters& parameters);
// Whether scenarios take more of an asset's fall than it is worth (InstrumentParameters::settlement).
// REQUIRES sound groups.
[[nodiscard]] bool falls_beyond_worth(FactorIndex factor, const Parameters& parameters);

// The first relation of the REQUIRES above that does not hold, or nullptr.
[[nodiscard]] const char* first_problem(const Parameters& parameters);

}  // namespace portcullis::risk
