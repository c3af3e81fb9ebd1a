// Every member of the gate but its engine, once, in the order of their declaration: what of it is
// saved (risk/saved_state.h). A new member is named here, or the guard test fails.
#pragma once

#include "gateway/gate/gate.h"
#include "risk/saved_state.h"

namespace portcullis::gateway::gate {

template <class Self, class Part>
void Gate::for_each_part(Self& self, Part& part) {
  part.fixed(self.aliases_);
  part.fixed(self.drop_copies_);
  part.fixed(self.journal_);
  part.fixed(self.engine_);  // for itself
  part.fixed(self.venue_);
  part.fixed(self.mode_);
  part.one(self.counters_);
  part.one(self.last_decision_);
  part.all(self.session_up_);
  part.one(self.stream_session_);
  part.all(self.stream_base_);
  part.fixed(self.table_source_);
  part.all(self.table_hashes_);
  part.fixed(self.tables_);  // by their hashes
  part.fixed(self.published_);
  part.fixed(self.parameter_source_);
  part.one(self.parameters_);
  part.fixed(self.published_parameters_);
  part.one(self.changes_);
  part.fixed(self.source_problem_);
  part.one(self.loaded_);
  part.one(self.redone_until_ns_);
  part.one(self.link_);
  part.one(self.venue_session_);
  part.one(self.venue_next_);
  part.one(self.resolved_below_);
  part.one(self.venue_known_);
  part.one(self.query_answered_);
  part.fixed(self.answered_by_);
  part.fixed(self.venue_head_);
  part.one(self.resend_next_);
  part.fixed(self.has_message_waiting_);  // it comes again
  part.fixed(self.waiting_message_);
  std::uint32_t sweeps = self.sweep_count_;
  part.one(sweeps);
  part.first(self.sweeps_, sweeps);
  part.one(self.sweep_count_);
  part.one(self.sweep_turn_);
  part.one(self.fact_number_);
  part.one(self.recheck_next_);
  part.one(self.recheck_starts_day_);
  part.one(self.day_);
  part.fixed(self.next_recheck_ns_);
  part.fixed(self.next_due_ns_);
  part.fixed(self.entered_);
  part.fixed(self.replaced_);
  part.fixed(self.behind_);
  part.fixed(self.behind_count_);
  part.fixed(self.staged_);
  part.fixed(self.staged_bytes_);
  part.fixed(self.expected_);
  part.fixed(self.expected_next_);
  part.fixed(self.difference_);
  part.one(self.journal_degraded_);
  part.one(self.venue_busy_);
  part.one(self.state_differs_);
  part.one(self.state_unconfirmed_);
  part.fixed(self.sequence_);
  part.fixed(self.differs_at_);  // nothing is saved behind a difference
  part.fixed(self.follower_differs_);
  part.fixed(self.next_marker_ns_);
  part.fixed(self.settled_through_);
}

}  // namespace portcullis::gateway::gate
