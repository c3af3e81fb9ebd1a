// What the control plane shows of the state that an engine has, in JSON: of the engine that follows
// the journal, a moment behind the shard. Each says behind which record it stands.
//
// One thread, that which may look at the gate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/feed_figures.h"
#include "gateway/audit/audit_log.h"
#include "gateway/control/values.h"
#include "gateway/follower/sweep_watch.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/gate/gate.h"
#include "gateway/json/writer.h"
#include "gateway/parameters/change_exchange.h"
#include "gateway/shard/shard.h"
#include "risk/breakdown.h"

namespace portcullis::gateway::control {

// What is known of the journal without looking at any state.
struct JournalFigures {
  std::uint64_t published = 0;  // records that the shard has taken
  std::uint64_t flushed = 0;    // of these, on disk
  std::uint64_t synced = 0;     // of these, safe from the machine
  std::uint32_t faults = 0;
  std::uint64_t ring_bytes = 0;
  bool waits_for_disk = false;  // durability fsync
};

// What the process says of itself, beside the state.
struct ProcessFigures {
  JournalFigures journal;
  bool shard_answers = false;  // it has answered, or written, lately
  std::uint64_t follower_sequence = 0;
  audit::AuditHead audit;
  std::uint64_t commands_waiting = 0;  // for the shard
  std::uint64_t questions_waiting = 0;
  std::optional<std::uint64_t>
      orders_waiting{};                   // of JSON clients; none: there is no door for them
  feeds::FeedFigures feeds{};             // for metrics alone
  const shard::Figures* shard = nullptr;  // as it last told them; null: not yet
  // As far as the state's engine; null: there is none.
  const follower::SweepWatch* sweeps = nullptr;
  const follower::WarningWatch* warnings = nullptr;
  std::shared_ptr<const parameters::ChangesView> changes;  // null: limits do not change
};

// Why orders that add risk are not all taken now; empty: they are.
[[nodiscard]] std::vector<std::string> not_ready(const gate::Gate& gate,
                                                 const ProcessFigures& process);

// A kill or cancel-all: whose, what of it has happened so far and when, from its acceptance on.
void write_sweep(json::Writer& out, const Values& values, const follower::SweepLook& sweep);

// --- alerts_view.cpp
struct AlertCounts {
  std::int64_t active = 0;
  std::int64_t unacknowledged = 0;
  std::int64_t oldest_ns = 0;  // of these: since when; 0: there are none
};
[[nodiscard]] AlertCounts count_alerts(const follower::WarningWatch* warnings);
// An alert: which limit of whom, how much of it is used, since when, and who has acknowledged it.
void write_alert(json::Writer& out, const Values& values, const follower::Alert& alert);
// Whose margin state was what, and is what now: members.
void write_margin_change(json::Writer& out, const Values& values, const follower::Notice& notice);
// How many there are, and the newest of them, at most `limit`; null: there are none.
void write_alerts(json::Writer& out, const Values& values, const follower::WarningWatch* warnings,
                  bool only_unacknowledged, std::uint32_t limit);
// How many alerts there are, and how long the oldest that nobody has acknowledged stands.
void write_alert_counts(json::Writer& out, const follower::WarningWatch* warnings,
                        std::int64_t now_ns);

void write_status(json::Writer& out, const Values& values, gate::Gate& gate,
                  const ProcessFigures& process, std::int64_t now_ns);

// Each account from `from` on under the node, at most `limit`: equity, R, state, what is open. Returns
// the account to go on with; none: that was all.
[[nodiscard]] risk::AccountIndex write_accounts(json::Writer& out, const Values& values,
                                                gate::Gate& gate, risk::NodeIndex under,
                                                risk::AccountIndex from, std::uint32_t limit,
                                                std::int64_t now_ns);
// One account, with positions, holdings and at most so many working orders.
void write_account(json::Writer& out, const Values& values, gate::Gate& gate,
                   risk::AccountIndex account, std::uint32_t orders_max, std::int64_t now_ns);

// What counts against the limits of a node, or of an account, and what is left.
// `changes` as in ProcessFigures.
void write_limits(json::Writer& out, const Values& values, gate::Gate& gate, risk::NodeIndex node,
                  bool only_used, const parameters::ChangesView* changes);
// `breakdown` as constructed from the engine's parameters.
void write_limits(json::Writer& out, const Values& values, gate::Gate& gate,
                  risk::AccountIndex account, bool only_used,
                  const parameters::ChangesView* changes, risk::Breakdown& breakdown,
                  std::int64_t now_ns);

}  // namespace portcullis::gateway::control
