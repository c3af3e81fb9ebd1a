// The parameters in force, and what follows from them alone: where everything is, and the largest
// effects that the bound on acceptance reckons with. Worked out once, off the order path; an engine
// takes other ones in one step (Engine::apply(ParameterChange)), which moves pointers and allocates
// nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "risk/division.h"
#include "risk/parameters.h"
#include "risk/pool.h"
#include "risk/state.h"
#include "risk/state_hash.h"
#include "risk/types.h"
#include "risk/vectors.h"

namespace portcullis::risk {

// Which requirement: with which sets, tiers, multipliers and haircuts.
struct Basis {
  bool maintenance = false;
  SetAction level = SetAction::Enforce;  // sets of this action and of stricter ones
};

class Rules {
 public:
  // REQUIRES first_problem(parameters) == nullptr.
  explicit Rules(const Parameters& parameters);
  [[nodiscard]] const Parameters& parameters() const noexcept { return parameters_; }
  // Pairs of a session and an account that it may use, counted through: session after session, in the
  // order of its accounts. None where it may not use it.
  [[nodiscard]] std::uint32_t find_entitlement(SessionIndex session,
                                               AccountIndex account) const noexcept;
  [[nodiscard]] std::size_t entitlement_count() const noexcept { return entitlement_count_; }

 protected:
  // A factor's place in the risk tables.
  struct Place {
    std::uint32_t group = 0;
    std::uint32_t local_factor = 0;
  };
  // One sum of a group that an instrument is part of: its factor's or a driver's.
  struct Use {
    std::int64_t slope = 0;      // what its add-on charges at most for more of it: see Slopes
    std::uint32_t exposure = 0;  // local: factors first, then drivers
    std::uint32_t add_on = kNil;
    Measure measure = Measure::Notional;
    Reach reach = Reach::Net;
    Wide per_lot;
  };
  // How much more may be required for more of something, in 2^-kSlopeBits quanta for each: of a
  // quantum of a factor's exposure, where rises or falls hurt, and of a fine of any column.
  static constexpr int kSlopeBits = 40;
  struct Slopes {
    std::int64_t up = 0;
    std::int64_t down = 0;
  };
  // The sets of one basis, and where each joint one's columns are in a joint vector.
  struct SetList {
    std::vector<std::uint32_t> per_group;
    std::vector<std::uint32_t> joint;
    std::vector<std::uint32_t> joint_first;
    std::uint32_t joint_columns = 0;
  };

  [[nodiscard]] std::span<const Use> uses(InstrumentIndex instrument) const noexcept {
    return {uses_.data() + first_use_[instrument.value],
            uses_.data() + first_use_[instrument.value + 1]};
  }
  [[nodiscard]] GroupIndex group_of(InstrumentIndex instrument) const noexcept {
    return {places_[parameters_.instruments[instrument.value].factor.value].group};
  }
  // Whether what is had of the asset moves with the group's prices: with its own, of a static one with
  // those of every group.
  [[nodiscard]] bool stands_in(AssetIndex asset, GroupIndex group) const noexcept {
    const AssetParameters& of = parameters_.assets[asset.value];
    return of.mode == CollateralMode::Static || places_[of.factor.value].group == group.value;
  }
  [[nodiscard]] const std::int32_t* shocks(GroupIndex group, std::uint32_t factor) const noexcept {
    const GroupParameters& parameters = parameters_.groups[group.value];
    return parameters.shock_ppm.data() + std::size_t{factor} * parameters.column_count;
  }
  [[nodiscard]] const SetList& sets(const Basis& basis) const noexcept {
    return set_lists_[basis.maintenance ? 1 : 0][static_cast<std::size_t>(basis.level)];
  }

  Parameters parameters_;
  std::vector<Place> places_;                          // by factor
  std::vector<std::int64_t> shock_max_;                // by factor: the largest |shock|
  std::vector<std::int64_t> rise_max_;                 // by factor: the largest shock above 0
  std::vector<GainHaircut> gain_haircuts_;             // by group
  std::vector<Use> uses_;                              // by instrument
  std::vector<std::uint32_t> first_use_;               // by instrument, and the end
  std::vector<std::vector<AssetIndex>> group_assets_;  // by group: those that move with its factors
  std::vector<std::vector<InstrumentIndex>> referring_;  // by instrument: those with its notional
  std::vector<std::vector<InstrumentIndex>> rows_;  // by group and row of its table; none: nobody's
  // By instrument: the groups in which its line needs slots, its own and those of the assets it moves.
  std::vector<std::vector<GroupIndex>> line_groups_;
  std::array<std::array<SetList, 3>, 2> set_lists_;  // by basis
  std::vector<std::int64_t> outflow_ppm_;            // by asset: what a unit takes of E at most
  std::vector<std::int64_t> inflow_ppm_;             // and what one adds at least
  std::vector<Slopes> slopes_;                       // by factor
  std::array<std::int64_t, 4> charge_slopes_{};      // of a fine charged, by AddOnPlace
  std::int64_t fine_slope_ = 0;                      // of a fine of every column
  Divisor exact_per_quantum_{1};                     // 1e6 * D
  int exact_shift_ = 0;                              // quanta_at_most(): 2^shift <= 1e6 * D
  std::int64_t exact_factor_ = 0;                    // and 2^(shift + 31) / (1e6 * D), rounded up
  bool has_share_caps_ = false;
  bool has_falling_caps_ = false;  // some capped asset falls in scenarios
  bool has_warning_sets_ = false;
  bool has_unlevered_ = false;         // leverage does not count some gross notional, or otherwise
  std::uint32_t joint_columns_ = 0;    // of the enforced initial sets
  std::uint32_t joint_set_count_ = 0;  // of them
  std::vector<std::uint32_t> first_entitlement_;  // by session
  std::size_t entitlement_count_ = 0;
  std::vector<std::uint32_t> first_protection_;  // by account
  std::vector<Lots> protected_lots_;             // by protection
  std::int64_t equity_reaction_ppm_ = 0;  // what E loses at most with a value that falls by one
  std::vector<std::int64_t>
      reaction_ppm_;  // by group: what Req gains with a notional that rises by one

 private:
  void lay_out_groups();
  void lay_out_uses();
  void lay_out_sets();
  void lay_out_slopes();
  void lay_out_sessions();
  void lay_out_protections();
  void lay_out_reactions();
};

// What an engine is given for a ParameterChange, and afterwards what it had: made, and freed, where
// memory may be had, that is not on the order path.
struct NewRules {
  explicit NewRules(const Parameters& parameters);

  Rules rules;
  Pool<std::uint8_t> suspended;           // room for Engine::suspended_
  StateHash::Entities suspension_hashes;  // and for what is known of their hashes
};

// One thing that an engine cannot take while it runs: "account 3: another node".
struct ChangeProblem {
  std::string_view of;  // what kind it is of: "account", or "parameters" for what is of no one
  std::uint32_t index = kNone32;  // which of them; none: of all of them
  std::string_view what;          // "node"
};
// What `to` would change of `from` that an engine cannot take while it runs; nothing: it can. REQUIRES
// that neither has a first_problem(). What it can take: limits, rates, leverage, collars, fees, ages,
// shocks, haircuts, borrowing, tiers, weights, multipliers, tails, kappa and caps, bands, allowances,
// entitlements, protections' lots, charges per lot.
[[nodiscard]] std::vector<ChangeProblem> problems_of_change(const Parameters& from,
                                                            const Parameters& to);

}  // namespace portcullis::risk
