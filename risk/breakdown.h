// An account's margin taken apart, for reports and what-ifs: the figures of the contract (engine.h)
// on the way to E - C and Req. Engine::break_down works them out off the order path, from nothing,
// with the functions that decide; that its totals are those of the decisions is asserted.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "risk/parameters.h"
#include "risk/types.h"

namespace portcullis::risk {

// Which of the three parts the requirement comes from.
enum class BindingScope : std::uint8_t { None, Groups, Joint, Outside };

// One requirement and what it is held against. Lists have one entry for each thing there is, held or
// not: risk/ allocates nothing, so their sizes come with the constructor.
struct BasisBreakdown {
  struct OfAsset {
    Value value;  // after haircut or debt add-on and the share cap, before costs; rounded down
    Value borrow_margin;  // before costs; rounded up
  };
  struct OfGroup {
    bool is_held = false;             // the account has lines in it, or collateral that moves
    Int128 requirement = 0;           // Z, fines
    Int128 floor = 0;                 // the sum of its floors, fines
    std::vector<std::int64_t> low;    // by column of the group's table, fines
    std::vector<std::int64_t> alone;  // by set: its loss, fines
    std::vector<Int128> charges;      // by add-on, fines; 0 where it is not in this requirement
  };
  struct OfJointSet {
    std::vector<std::int64_t> low;  // by column: the sum of the groups after gain haircuts, fines
    std::int64_t together = 0;      // the loss of that, fines
    std::int64_t alone = 0;         // the sum of the groups' own losses, fines
    Int128 requirement = 0;         // J, fines, rounded up
  };

  explicit BasisBreakdown(const Parameters& parameters)
      : assets(parameters.assets.size()),
        groups(parameters.groups.size()),
        joint(parameters.sets.size()) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      groups[g].low.resize(parameters.groups[g].column_count);
      groups[g].alone.resize(parameters.sets.size());
      groups[g].charges.resize(parameters.groups[g].add_ons.size());
    }
    for (std::size_t k = 0; k < joint.size(); ++k) {
      if (parameters.sets[k].scope == SetScope::Joint && !groups.empty())
        joint[k].low.resize(parameters.sets[k].column_count[0]);
    }
  }

  Value equity;         // E, without costs
  Value less_costs;     // E - C; where orders do not count, E
  Value requirement;    // Req of the enforced sets
  Value with_warnings;  // and of those that only warn
  // What the requirement is made of, each rounded up on its own: outside and the larger of the others.
  Value groups_part;
  Value joint_part;
  Value outside_part;
  BindingScope scope = BindingScope::None;
  // What binds, as in MarginReport; without a set where add-ons or floors alone do.
  std::uint32_t group = kNone32;
  std::uint32_t set = kNone32;
  std::uint32_t scenario = kNone32;
  std::vector<OfAsset> assets;
  std::vector<OfGroup> groups;
  std::vector<OfJointSet> joint;  // by set; those of a group are empty
};

struct Breakdown {
  struct OfAsset {
    Amount amount;         // X
    Amount costs;          // C
    bool is_held = false;  // one of them, or the debt, is not 0
  };

  explicit Breakdown(const Parameters& parameters)
      : assets(parameters.assets.size()), initial(parameters), maintenance(parameters) {}

  bool in_range = true;  // false: some figure does not fit its integer, and none below is filled in
  Value levered_notional;             // what leverage counts of the gross notional, rounded up
  Value leverage_equity;              // and with what that is compared
  std::int64_t leverage_max_ppm = 0;  // of the account at this notional
  Value option_value;                 // NOV, rounded down
  std::vector<OfAsset> assets;
  BasisBreakdown initial;
  BasisBreakdown maintenance;
};

// What an order would do to the margin, whatever the other checks say of it (METHOD 3.6).
enum class MarginLeg : std::uint8_t { None, Margin, Exit };
struct MarginTrial {
  bool in_range = true;             // false: some figure does not fit, and the others say nothing
  Value before;                     // R now
  Value after;                      // with the order among the open ones
  MarginLeg leg = MarginLeg::None;  // by which it passes; the allowance to wind down is none
};

}  // namespace portcullis::risk
