// Every member of the engine, once, in the order of their declaration: what of it is saved, and how
// (saved_state.h). A new member is named here, or the guard test fails.
#pragma once

#include "risk/engine.h"
#include "risk/saved_state.h"

namespace portcullis::risk {

// What has never been used is as it was constructed.
template <class Self, class Part>
void NumberTable::for_each_part(Self& self, Part& part) {
  part.one(self.records_used_);
  part.one(self.ended_used_);
  part.one(self.forgotten_max_);
  part.first(self.records_, self.records_used_);
  part.rebuilt(self.free_);
  part.rebuilt(self.free_count_);
  part.first(self.ended_, self.ended_used_);
  part.one(self.ended_next_);
  part.rebuilt(self.by_number_);
  part.rebuilt(self.by_client_);
}

template <class Self, class Part>
void Engine::for_each_part(Self& self, Part& part) {
  part.fixed(self.parameters_);
  part.fixed(self.places_);
  part.fixed(self.shock_max_);
  part.fixed(self.rise_max_);
  part.fixed(self.gain_haircuts_);
  part.fixed(self.uses_);
  part.fixed(self.first_use_);
  part.fixed(self.group_assets_);
  part.fixed(self.referring_);
  part.fixed(self.rows_);
  part.fixed(self.line_groups_);
  part.fixed(self.set_lists_);
  part.fixed(self.outflow_ppm_);
  part.fixed(self.inflow_ppm_);
  part.fixed(self.slopes_);
  part.fixed(self.charge_slopes_);
  part.fixed(self.fine_slope_);
  part.fixed(self.exact_per_quantum_);
  part.fixed(self.exact_shift_);
  part.fixed(self.exact_factor_);
  part.fixed(self.has_share_caps_);
  part.fixed(self.has_falling_caps_);
  part.fixed(self.has_warning_sets_);
  part.fixed(self.has_unlevered_);
  part.fixed(self.joint_columns_);
  part.fixed(self.joint_set_count_);
  part.fixed(self.first_entitlement_);
  part.fixed(self.entitlement_count_);
  part.fixed(self.first_protection_);
  part.fixed(self.protected_lots_);
  part.fixed(self.equity_reaction_ppm_);
  part.fixed(self.reaction_ppm_);
  part.fixed(self.nothing_);
  part.fixed(self.scratch_);
  part.fixed(self.widths_);
  part.fixed(self.watched_);
  part.fixed(self.watched_index_);

  // The places of orders are in decisions, so the free ones are saved as they are linked; behind
  // those that were ever used they are as they were constructed. So are lines.
  part.one(self.orders_used_);
  part.one(self.lines_used_);
  part.one(self.trades_used_);
  part.first(self.orders_, self.orders_used_);
  part.one(self.free_order_);
  part.one(self.live_orders_);
  part.first(self.lines_, self.lines_used_);
  part.one(self.free_line_);
  part.one(self.free_lines_);
  std::uint32_t slots_used = self.slot_count_;
  part.one(slots_used);
  part.first(self.slots_, slots_used);
  part.one(self.slot_count_);
  part.all(self.accounts_);
  part.all(self.holdings_);
  part.all(self.nodes_);
  part.all(self.sessions_);
  part.all(self.suspended_);
  part.all(self.instruments_);
  part.all(self.assets_);
  part.rebuilt(self.tables_);  // the owner has them; here are their names
  for (const RiskTable* table : self.tables_) {
    part.same(std::uint8_t{table != nullptr});
    part.same(table != nullptr ? table->id : std::uint64_t{0});
  }
  part.all(self.table_as_of_);
  part.all(self.tables_since_);
  NumberTable::for_each_part(self.numbers_, part);
  part.first(self.trades_, self.trades_used_);
  part.one(self.next_trade_);
  part.rebuilt(self.trade_of_);
  part.one(self.next_number_);
  part.one(self.conditions_);
  part.one(self.leverage_cap_ppm_);
  part.one(self.last_time_);
  part.rebuilt(self.hash_);
  part.rebuilt(self.line_of_);
  part.rebuilt(self.slot_of_);

  const auto of_slots = [&](const auto& values) {
    return values.size() / self.slots_.size() * slots_used;
  };
  part.first(self.exposures_, of_slots(self.exposures_));
  part.first(self.collateral_, of_slots(self.collateral_));
  part.first(self.in_vector_, of_slots(self.in_vector_));
  part.first(self.charges_, of_slots(self.charges_));
  part.first(self.low_, of_slots(self.low_));
  part.first(self.raw_, of_slots(self.raw_));
  part.first(self.alone_, of_slots(self.alone_));
  part.all(self.joint_);
  part.all(self.alone_sum_);
  part.all(self.usage_);
  part.all(self.group_version_);
  part.all(self.table_version_);
  part.all(self.anchored_);
  part.all(self.moved_count_);
  part.rebuilt(self.reducers_);
  part.rebuilt(self.reducer_links_);
  part.rebuilt(self.protections_);  // their places are the parameters'
  for (auto& protection : self.protections_) {
    part.all(protection.in_vector);
    part.one(protection.span);
  }
  part.fixed(self.lot_loss_);  // worked out when it is asked for
  part.one(self.price_version_);
  part.one(self.index_version_);
  part.one(self.rules_version_);
  part.rebuilt(self.watch_);
  part.rebuilt(self.touched_);
  part.rebuilt(self.touched_first_);
  part.rebuilt(self.touched_count_);
  part.rebuilt(self.due_next_);
}

}  // namespace portcullis::risk
