#include "gateway/follower/sweep_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "gateway/commands/record_values.h"
#include "gateway/follower/saved_bytes.h"
#include "gateway/gate/gate.h"
#include "gateway/gate/record_fields.h"
#include "gateway/gate/record_names.h"
#include "gateway/ouch/messages.h"

namespace portcullis::gateway::follower {

namespace {

using gate::RecordType;
using risk::ControlScope;

constexpr std::uint32_t kGone = 1u << 31;  // no pool has so many places

// In front of the sweeps in a snapshot; each is its figures and the places of its open orders.
struct SavedHead {
  std::uint64_t ended = 0;
  std::uint64_t command_by = 0;
  std::uint32_t sweeps = 0;
  std::uint32_t padding = 0;
  gate::OperatorRecord who{};
};
struct SavedSweep {
  SweepFigures figures;
  std::uint64_t orders = 0;
};
static_assert(std::has_unique_object_representations_v<SavedHead>);
static_assert(std::has_unique_object_representations_v<SavedSweep>);

bool is_of(const risk::Engine& engine, const risk::Order& order, ControlScope scope,
           std::uint32_t target) {
  switch (scope) {
    case ControlScope::Node:
    case ControlScope::Account:
      return engine.is_under(order.account, scope, target);
    case ControlScope::Session:
      return order.session.value == target;
    case ControlScope::Instrument:
      return order.instrument.value == target;
  }
  return false;
}

bool is_open(const risk::Engine& engine, std::uint32_t place) {
  return (place & kGone) == 0 && engine.order({place}).head != 0;
}

// Whether the venue says that it has cancelled.
bool is_cancel(const journal::RecordView& record) {
  gate::VenueMessageRecord message;
  ouch::Canceled canceled;
  return static_cast<RecordType>(record.type) == RecordType::VenueMessage &&
         gate::read_record(record, message) &&
         ouch::decode(std::span(message.payload).first(message.length), canceled) ==
             ouch::DecodeError::None;
}

std::string milliseconds(std::int64_t ns) {
  return fmt::format("{}.{:03} ms", ns / 1'000'000, ns / 1'000 % 1'000);
}

// Of what an operator cancels; nothing: of no operator.
std::optional<ControlScope> scope_of(gate::SweepScope scope) {
  switch (scope) {
    case gate::SweepScope::Node:
      return ControlScope::Node;
    case gate::SweepScope::Account:
      return ControlScope::Account;
    case gate::SweepScope::Session:
      return ControlScope::Session;
    case gate::SweepScope::Instrument:
      return ControlScope::Instrument;
    case gate::SweepScope::SessionAccounts:
    case gate::SweepScope::Lost:
    case gate::SweepScope::Excess:
      break;
  }
  return std::nullopt;
}

// Which of the nodes' levels a control of this scope is.
bool is_at(ControlScope scope, risk::NodeLevel level) {
  if (scope == ControlScope::Session) return level == risk::NodeLevel::Session;
  if (scope == ControlScope::Account) return level == risk::NodeLevel::Account;
  return scope == ControlScope::Node && level != risk::NodeLevel::Session &&
         level != risk::NodeLevel::Account;
}

}  // namespace

// --- what begins, and what is refused

void SweepWatch::begin_sweep(const journal::RecordView& record, gate::Gate& gate,
                             ControlScope scope, std::uint32_t target, bool is_kill) {
  risk::Engine& engine = gate.engine();
  Sweep sweep;
  SweepFigures& figures = sweep.figures;
  figures.sequence = record.sequence;
  figures.accepted_ns = std::min(giver_.who.time.ns, record.time_ns);
  figures.in_force_ns = record.time_ns;
  figures.by = giver_.who.by;
  figures.target = target;
  figures.scope = scope;
  figures.is_kill = is_kill ? 1 : 0;
  figures.stands = figures.is_kill;
  const std::uint32_t end = deployment_.parameters.capacities.orders;
  for (risk::OrderIndex order = engine.next_order(0, end); order.exists();
       order = engine.next_order(order.value + 1, end)) {
    if (is_of(engine, engine.order(order), scope, target)) sweep.orders.push_back(order.value);
  }
  figures.orders = static_cast<std::uint32_t>(sweep.orders.size());
  adopted_ = gate.counters().adopted;
  sweeps_.push_back(std::move(sweep));
  if (sweeps_.size() > kKept) sweeps_.pop_front();
  count_again();
}

void SweepWatch::count_again() {
  running_ = 0;
  standing_ = 0;
  for (const Sweep& sweep : sweeps_) {
    running_ += sweep.figures.place == 0 ? 1u : 0u;
    standing_ += sweep.figures.stands;
  }
}

// By the newest kill of the node, account or session that the decision names; an instrument that is
// killed is halted.
void SweepWatch::count_refusal(const journal::RecordView& record, const risk::Decision& decision,
                               risk::InstrumentIndex instrument) {
  const bool is_halted = decision.reason == risk::RejectReason::InstrumentHalted;
  if (decision.reason != risk::RejectReason::Killed && !is_halted) return;
  for (auto sweep = sweeps_.rbegin(); sweep != sweeps_.rend(); ++sweep) {
    SweepFigures& figures = sweep->figures;
    const bool is_by_it =
        is_halted ? figures.scope == ControlScope::Instrument && instrument.value == figures.target
                  : is_at(figures.scope, decision.level) && decision.node == figures.target;
    if (figures.stands == 0 || !is_by_it) continue;
    ++figures.refused;
    figures.last_refused_ns = record.time_ns;
    return;
  }
}

void SweepWatch::resumed(const risk::Control& control) {
  for (Sweep& sweep : sweeps_) {
    if (sweep.figures.scope == control.scope && sweep.figures.target == control.target)
      sweep.figures.stands = 0;
  }
  count_again();
}

// --- what ends

// Another order has this place now: who had it has ended.
void SweepWatch::forget(risk::OrderIndex place) {
  for (Sweep& sweep : sweeps_) {
    const auto found = std::ranges::lower_bound(sweep.orders, place.value, {},
                                                [](std::uint32_t p) { return p & ~kGone; });
    if (found != sweep.orders.end() && (*found & ~kGone) == place.value) *found |= kGone;
  }
}

void SweepWatch::forget_adopted(const journal::RecordView& record, gate::Gate& gate) {
  if (gate.counters().adopted == adopted_) return;
  adopted_ = gate.counters().adopted;
  gate::VenueMessageRecord message;
  if (!gate::read_record(record, message)) return;
  const auto payload = std::span(message.payload).first(message.length);
  ouch::Accepted accepted;
  ouch::Replaced replaced;
  std::uint32_t number = 0;
  if (ouch::decode(payload, accepted) == ouch::DecodeError::None) number = accepted.user_ref_num;
  if (ouch::decode(payload, replaced) == ouch::DecodeError::None) number = replaced.user_ref_num;
  const risk::NumberRecord* const adopted = gate.engine().find_number(number);
  if (adopted != nullptr && adopted->order != risk::kNil) forget({adopted->order});
}

void SweepWatch::link_changed(gate::Gate& gate) {
  if (gate.link() == gate::LinkState::Up) return;
  for (Sweep& sweep : sweeps_) {
    if (sweep.figures.place == 0) sweep.figures.sent_ns = 0;
  }
}

void SweepWatch::move_on(Sweep& sweep, gate::Gate& gate, const journal::RecordView& record) {
  SweepFigures& figures = sweep.figures;
  risk::Engine& engine = gate.engine();
  const std::vector<std::uint32_t>& orders = sweep.orders;
  while (sweep.wanted < orders.size() && (!is_open(engine, orders[sweep.wanted]) ||
                                          engine.order({orders[sweep.wanted]}).cancel_to.raw == 0))
    ++sweep.wanted;
  while (sweep.ended < orders.size() && !is_open(engine, orders[sweep.ended])) ++sweep.ended;
  const bool has_ended = sweep.ended == orders.size();
  if (figures.sent_ns == 0 && !has_ended && sweep.wanted == orders.size() &&
      gate.link() == gate::LinkState::Up) {
    figures.sent_ns = record.time_ns;
  }
  if (!has_ended) return;
  if (figures.sent_ns == 0 && is_cancel(record)) figures.sent_ns = record.time_ns;
  figures.ended_ns = record.time_ns;
  figures.place = ++ended_;
  --running_;
  sweep.orders = {};
  sweep.ended = sweep.wanted = 0;
  tell(figures);
}

void SweepWatch::tell(const SweepFigures& figures) {
  if (!tell_) return;
  times_.in_force.record(figures.in_force_ns - figures.accepted_ns);
  if (figures.sent_ns != 0) times_.sent.record(figures.sent_ns - figures.accepted_ns);
  times_.ended.record(figures.ended_ns - figures.accepted_ns);
  const auto after = [&](std::int64_t ns) { return milliseconds(ns - figures.accepted_ns); };
  const RecordValues values(&deployment_);
  std::string line =
      fmt::format("{} of {} {} by {}, record {}: in force after {}",
                  figures.is_kill != 0 ? "kill" : "cancel-all", gate::name_of(figures.scope),
                  values.name_in(gate::name_of(figures.scope), figures.target), trimmed(figures.by),
                  figures.sequence, after(figures.in_force_ns));
  if (figures.orders == 0) {
    line += ", there were no orders";
  } else {
    line += fmt::format(", {} orders", figures.orders);
    if (figures.sent_ns != 0) line += ", the last cancel sent after " + after(figures.sent_ns);
    line += ", the last order ended after " + after(figures.ended_ns);
  }
  tell_(line);
}

// --- records

void SweepWatch::decided(const journal::RecordView& record) {
  const auto take = [&](const risk::Decision& decision, risk::InstrumentIndex instrument,
                        bool is_new) {
    if (decision.disposition == risk::Disposition::Reject) {
      count_refusal(record, decision, instrument);
    } else if (decision.disposition == risk::Disposition::Forward && is_new) {
      forget(decision.order);
    }
  };
  gate::EnterRecord enter;
  gate::EnterNamedRecord named;
  gate::ReplaceRecord replace;
  const auto type = static_cast<RecordType>(record.type);
  if (type == RecordType::Enter && gate::read_record(record, enter))
    take(enter.decision, enter.order.instrument, true);
  if (type == RecordType::EnterNamed && gate::read_record(record, named))
    take(named.decision, named.order.instrument, true);
  if (type == RecordType::Replace && gate::read_record(record, replace))
    take(replace.decision, {}, false);
}

void SweepWatch::commanded(const journal::RecordView& record, gate::Gate& gate) {
  const bool is_given = giver_.take(record);
  risk::Control control;
  gate::SweepRecord sweep;
  const auto type = static_cast<RecordType>(record.type);
  if (type == RecordType::Control && gate::read_record(record, control)) {
    if (control.action == risk::ControlAction::Resume) resumed(control);
    if (control.action == risk::ControlAction::Kill && is_given)
      begin_sweep(record, gate, control.scope, control.target, true);
  }
  if (type == RecordType::Sweep && is_given && gate::read_record(record, sweep)) {
    if (const auto scope = scope_of(sweep.scope))
      begin_sweep(record, gate, *scope, sweep.target, false);
  }
}

void SweepWatch::take(const journal::RecordView& record, gate::Gate& gate) {
  const auto type = static_cast<RecordType>(record.type);
  if (running_ > 0 || standing_ > 0) decided(record);
  if (running_ > 0 && type == RecordType::VenueMessage) forget_adopted(record, gate);
  if (running_ > 0 && type == RecordType::VenueLink) link_changed(gate);
  commanded(record, gate);
  if (running_ == 0) return;
  for (Sweep& sweep : sweeps_) {
    if (sweep.figures.place == 0) move_on(sweep, gate, record);
  }
}

// --- looking

std::vector<SweepLook> SweepWatch::look(gate::Gate& gate) const {
  std::vector<SweepLook> looks;
  for (auto sweep = sweeps_.rbegin(); sweep != sweeps_.rend(); ++sweep) {
    const auto open = std::ranges::count_if(
        sweep->orders, [&](std::uint32_t place) { return is_open(gate.engine(), place); });
    looks.push_back({.figures = sweep->figures, .open = static_cast<std::uint32_t>(open)});
  }
  return looks;
}

// --- snapshots

std::size_t SweepWatch::saved_bytes() const {
  std::size_t bytes = sizeof(SavedHead);
  for (const Sweep& sweep : sweeps_)
    bytes += sizeof(SavedSweep) + sweep.orders.size() * sizeof(std::uint32_t);
  return bytes;
}

void SweepWatch::save(std::span<std::byte> out) const {
  append(out, SavedHead{.ended = ended_,
                        .command_by = giver_.command_by,
                        .sweeps = static_cast<std::uint32_t>(sweeps_.size()),
                        .padding = 0,
                        .who = giver_.who});
  for (const Sweep& sweep : sweeps_) {
    append(out, SavedSweep{.figures = sweep.figures, .orders = sweep.orders.size()});
    for (const std::uint32_t place : sweep.orders) append(out, place);
  }
}

bool SweepWatch::is_plausible(const SweepFigures& figures) const {
  switch (figures.scope) {
    case ControlScope::Node:
      return figures.target < deployment_.parameters.nodes.size();
    case ControlScope::Account:
      return figures.target < deployment_.accounts.size();
    case ControlScope::Session:
      return figures.target < deployment_.sessions.size();
    case ControlScope::Instrument:
      return figures.target < deployment_.instruments.size();
  }
  return false;
}

bool SweepWatch::load(std::span<const std::byte> saved) {
  sweeps_.clear();
  running_ = standing_ = 0;
  ended_ = 0;
  giver_ = {};
  if (saved.empty()) return true;
  SavedHead head;
  if (!take_off(saved, head) || head.sweeps > kKept) return false;
  std::deque<Sweep> sweeps;
  for (std::uint32_t s = 0; s < head.sweeps; ++s) {
    SavedSweep one;
    if (!take_off(saved, one) || !is_plausible(one.figures) ||
        one.orders > saved.size() / sizeof(std::uint32_t)) {
      return false;
    }
    Sweep& sweep = sweeps.emplace_back();
    sweep.figures = one.figures;
    sweep.orders.resize(one.orders);
    for (std::uint32_t& place : sweep.orders) {
      if (!take_off(saved, place)) return false;
      if ((place & ~kGone) >= deployment_.parameters.capacities.orders) return false;
    }
  }
  if (!saved.empty()) return false;
  sweeps_ = std::move(sweeps);
  ended_ = head.ended;
  giver_ = {.who = head.who, .command_by = head.command_by};
  count_again();
  return true;
}

}  // namespace portcullis::gateway::follower
