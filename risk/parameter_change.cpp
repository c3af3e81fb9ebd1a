// Which parameters may change while an engine runs: those on whose values, and not on whose number or
// kind, its memory and its books stand.
#include <string_view>
#include <utility>

#include "risk/rules.h"

namespace portcullis::risk {

namespace {

class Comparison {
 public:
  // Of what, from here on.
  void of(std::string_view kind, std::uint32_t index = kNone32) { of_ = kind, index_ = index; }
  template <class T>
  void same(const T& from, const T& to, std::string_view what) {
    if (!(from == to)) problems_.push_back({of_, index_, what});
  }
  // Whether both have as many, so that they may be compared one by one.
  template <class T>
  bool same_count(const std::vector<T>& from, const std::vector<T>& to, std::string_view what) {
    same(from.size(), to.size(), what);
    return from.size() == to.size();
  }
  [[nodiscard]] std::vector<ChangeProblem> take() { return std::move(problems_); }

 private:
  std::string_view of_;
  std::uint32_t index_ = kNone32;
  std::vector<ChangeProblem> problems_;
};

void compare(const AssetParameters& from, const AssetParameters& to, Comparison& is) {
  is.same(from.wide_per_index, to.wide_per_index, "unit");
  is.same(from.mode, to.mode, "collateral mode");
  is.same(from.factor, to.factor, "factor");
}

void compare(const InstrumentParameters& from, const InstrumentParameters& to, Comparison& is) {
  is.same(from.factor, to.factor, "factor");
  is.same(from.settlement, to.settlement, "settlement asset");
  is.same(from.marks_per_tick, to.marks_per_tick, "tick");
  is.same(from.units_per_lot_mark, to.units_per_lot_mark, "lot or multiplier");
  is.same(from.payoff, to.payoff, "payoff");
  is.same(from.risk, to.risk, "source of risk");
  is.same(from.upfront, to.upfront, "way to pay the premium");
  is.same(from.long_value, to.long_value, "value of long positions");
  is.same(from.base, to.base, "base asset");
  is.same(from.base_per_lot, to.base_per_lot, "lot of the base asset");
  is.same(from.reference, to.reference, "reference");
  is.same(from.reference_lots_ppm, to.reference_lots_ppm, "lot of the reference");
  is.same(from.row, to.row, "row of the risk table");
  is.same(from.vector_unit, to.vector_unit, "unit of the risk table");
  is.same(from.vector_cap, to.vector_cap, "cap of the risk table");
}

void compare(const GroupParameters& from, const GroupParameters& to, Comparison& is) {
  is.same(from.first_factor, to.first_factor, "first factor");
  is.same(from.factor_count, to.factor_count, "number of factors");
  is.same(from.column_count, to.column_count, "number of scenarios");
  is.same(from.row_count, to.row_count, "number of rows in the risk table");
  is.same(from.table_move_max_ppm, to.table_move_max_ppm, "bound on what risk tables may lag");
  is.same(from.drivers.size(), to.drivers.size(), "number of add-on drivers");
}

void compare(const SetParameters& from, const SetParameters& to, Comparison& is) {
  is.same(from.scope, to.scope, "scope");
  is.same(from.first_column, to.first_column, "place of its scenarios");
  is.same(from.column_count, to.column_count, "number of scenarios");
  is.same(from.action, to.action, "action");
  is.same(from.initial, to.initial, "part in the initial requirement");
  is.same(from.maintenance, to.maintenance, "part in the maintenance requirement");
}

void compare(const NodeParameters& from, const NodeParameters& to, Comparison& is) {
  is.same(from.level, to.level, "level");
  is.same(from.parent, to.parent, "parent");
}

void compare(const AccountParameters& from, const AccountParameters& to, Comparison& is) {
  is.same(from.parent, to.parent, "node");
  is.same(from.isolated_from, to.isolated_from, "account that it is isolated from");
  is.same(from.isolated_in, to.isolated_in, "instrument that it is isolated in");
  is.same(from.cash_only, to.cash_only, "kind, cash or margin");
  if (!is.same_count(from.protections, to.protections, "number of protections")) return;
  for (std::size_t p = 0; p < from.protections.size(); ++p)
    is.same(from.protections[p].group, to.protections[p].group, "group of a protection");
}

void compare(const SessionParameters& from, const SessionParameters& to, Comparison& is) {
  is.same(from.member, to.member, "member");
}

template <class T>
void compare(const std::vector<T>& from, const std::vector<T>& to, std::string_view kind,
             std::string_view count, Comparison& is) {
  is.of("parameters");
  if (!is.same_count(from, to, count)) return;
  for (std::uint32_t i = 0; i < from.size(); ++i) {
    is.of(kind, i);
    compare(from[i], to[i], is);
  }
}

}  // namespace

std::vector<ChangeProblem> problems_of_change(const Parameters& from, const Parameters& to) {
  Comparison is;
  is.of("parameters");
  is.same(from.wide_denominator, to.wide_denominator, "denominator of values");
  is.same(from.factor_count, to.factor_count, "number of factors");
  is.same(from.capacities.orders, to.capacities.orders, "capacity for orders");
  is.same(from.capacities.positions, to.capacities.positions, "capacity for positions");
  is.same(from.capacities.group_slots, to.capacities.group_slots, "capacity for group slots");
  is.same(from.capacities.trades, to.capacities.trades, "capacity for trades");
  if (is.same_count(from.bands, to.bands, "number of margin bands")) {
    for (std::size_t b = 0; b < from.bands.size(); ++b)
      is.same(from.bands[b].state, to.bands[b].state, "state of a margin band");
  }
  compare(from.assets, to.assets, "asset", "number of assets", is);
  compare(from.instruments, to.instruments, "instrument", "number of instruments", is);
  compare(from.groups, to.groups, "group", "number of groups", is);
  compare(from.sets, to.sets, "set", "number of scenario sets", is);
  compare(from.nodes, to.nodes, "node", "number of nodes", is);
  compare(from.accounts, to.accounts, "account", "number of accounts", is);
  compare(from.sessions, to.sessions, "session", "number of sessions", is);
  return is.take();
}

}  // namespace portcullis::risk
