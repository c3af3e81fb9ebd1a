// What the engine is configured with: one immutable set, built and validated by config/, named by
// its version in every decision. Every relation the engine relies on is stated here with "REQUIRES"
// and checked by config::load (all problems at once) and by valid() below (asserted by the engine).
#pragma once

#include <cstdint>
#include <vector>

#include "risk/types.h"

namespace portcullis::risk {

// One tier of a haircut curve: units of the asset up to `upto` (cumulative) count at `rate_ppm`.
struct HaircutTier {
  Amount upto;                // in units of the asset; the last tier's is kUnlimited
  std::int64_t rate_ppm = 0;  // REQUIRES 0 <= rate <= 1e6, falling from tier to tier (concave)
};
inline constexpr Amount kUnlimited{static_cast<Int128>(1) << 120};

// METHOD 3.8. Static: a haircut value that no scenario moves. Both: the haircut value moves with
// the asset's factor, up and down.
enum class CollateralMode : std::uint8_t { Static, Both };

struct AssetParameters {
  // The value of one unit is index * wide_per_index in Wide, exactly.
  std::int64_t wide_per_index = 0;   // REQUIRES > 0
  std::vector<HaircutTier> haircut;  // for a positive balance; REQUIRES at least one tier
  std::int64_t debt_addon_ppm = 0;   // a debt counts (1 + add-on); REQUIRES >= 0
  CollateralMode mode = CollateralMode::Static;
  FactorIndex factor;  // REQUIRES exists() when mode is not Static
  std::int64_t index_age_max_ns = 0;
};

struct InstrumentParameters {
  FactorIndex factor;  // what its price moves with
  // The asset in which gains, losses and fees are paid. REQUIRES: where it moves with a factor, no
  // scenario raises that factor, and none takes more than the asset is worth: a fall's share times
  // the larger multiplier is at most 1. Then no fill's cost takes away a gain that was counted on,
  // and no fill's gain loses more in a scenario than it is worth.
  AssetIndex settlement;
  std::int64_t marks_per_tick = 0;  // mark units in a tick; REQUIRES > 0
  std::int64_t units_per_lot_mark =
      0;                     // settlement units that one lot gains when the mark rises by one; > 0
  std::int64_t fee_ppm = 0;  // max(maker, taker, 0) of the notional
  std::int64_t mark_age_max_ns = 0;  // an older mark is stale
  bool market_orders = false;        // whether market orders are taken
};

// A risk group: factors [first_factor, first_factor + factor_count) and the columns of its scenario
// table: first those of each per-group set, then those of each joint set, set after set.
struct GroupParameters {
  std::uint32_t first_factor = 0;
  std::uint32_t factor_count = 0;
  std::uint32_t column_count = 0;
  // shock_ppm[local factor * column_count + column], parts per million of the factor's price.
  std::vector<std::int32_t> shock_ppm;
  std::int64_t kappa_ppm =
      kPpm;  // share of a gain that may offset other groups in joint sets; <= 1e6
};

enum class SetScope : std::uint8_t { PerGroup, Joint };

// A scenario set, worst loss (METHOD 3.4). A per-group set has its own number of columns in each
// group (0: the group is not in it); a joint set has the same columns in every group.
struct SetParameters {
  SetScope scope = SetScope::PerGroup;
  std::vector<std::uint32_t> first_column;  // by group, into the group's table
  std::vector<std::uint32_t> column_count;  // by group
  std::int64_t joint_weight_ppm =
      kPpm;  // wt: the joint part; the rest is the sum of the groups alone
};

// The leverage and per-order and exposure limits of one instrument in one profile. Nothing has a
// default that means "no limit": zero refuses everything.
struct InstrumentLimits {
  Lots clip{};                  // lots in one order
  Value notional_max{};         // value of one order, at the worse of limit and mark
  std::int64_t collar_ppm = 0;  // how far the limit may be beyond the mark, on the aggressive side
  Lots long_max{};              // max(0, position + open buys)
  Lots short_max{};             // max(0, open sells - position)
  Value gross_notional_max{};   // max(position + open buys, open sells - position) at the mark
  bool restricted = false;
};

// Limits by name in configuration; every node and account refers to one.
struct LimitProfile {
  std::vector<InstrumentLimits> instruments;  // by instrument
  Value gross_notional_max{};                 // over all instruments
  std::int64_t open_orders_max = 0;
  std::int64_t leverage_max_ppm = 0;  // accounts only: gross notional <= this share of equity
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

// A node above the accounts; node 0 is the venue.
struct NodeParameters {
  NodeLevel level = NodeLevel::Venue;
  NodeIndex parent;  // none for the venue
  std::uint32_t profile = 0;
};

struct AccountParameters {
  NodeIndex parent;  // its group
  std::uint32_t profile = 0;
  RateLimit rate;
};

struct SessionParameters {
  NodeIndex member;                    // the member it belongs to
  std::vector<AccountIndex> accounts;  // that it may use, sorted
  std::vector<bool> instruments;       // by instrument: may it trade it
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
  std::vector<AssetParameters> assets;
  std::vector<InstrumentParameters> instruments;
  std::uint32_t factor_count = 0;
  std::vector<GroupParameters> groups;
  std::vector<SetParameters> sets;
  std::int64_t group_mult_ppm = kPpm;  // on the sum of the groups' requirements
  std::int64_t joint_mult_ppm = kPpm;  // on the joint requirement
  std::vector<LimitProfile> profiles;
  std::vector<NodeParameters> nodes;  // parents before children
  std::vector<AccountParameters> accounts;
  std::vector<SessionParameters> sessions;
  Capacities capacities;
};

// The largest exposure to a factor, in quanta, with which no sum of vectors can leave 64 bits; with
// more an account is out of range.
[[nodiscard]] std::int64_t exposure_max(const Parameters& parameters);
// The most group slots whose vectors can be told apart by 32 bits.
[[nodiscard]] std::uint32_t group_slots_max(const Parameters& parameters);

// The first relation of the REQUIRES above that does not hold, or nullptr.
[[nodiscard]] const char* first_problem(const Parameters& parameters);

}  // namespace portcullis::risk
