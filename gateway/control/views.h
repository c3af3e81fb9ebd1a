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
#include "gateway/control/values.h"
#include "gateway/follower/sweep_watch.h"
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
  const follower::SweepWatch* sweeps =
      nullptr;  // as far as the state's engine; null: there is none
  std::shared_ptr<const parameters::ChangesView> changes;  // null: limits do not change
};

// Why orders that add risk are not all taken now; empty: they are.
[[nodiscard]] std::vector<std::string> not_ready(const gate::Gate& gate,
                                                 const ProcessFigures& process);

// A kill or cancel-all: whose, what of it has happened so far and when, from its acceptance on.
void write_sweep(json::Writer& out, const Values& values, const follower::SweepLook& sweep);

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
