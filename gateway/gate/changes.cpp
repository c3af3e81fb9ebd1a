#include "gateway/gate/changes.h"

#include <algorithm>
#include <limits>

namespace portcullis::gateway::gate {

const OpenChange* ChangeTable::find(std::uint32_t id) const noexcept {
  const auto all = open();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const OpenChange& change) { return change.id == id; });
  return found == all.end() ? nullptr : &*found;
}

OpenChange* ChangeTable::place_of(std::uint32_t id) noexcept {
  return const_cast<OpenChange*>(find(id));  // NOLINT: of an object that is not const
}

void ChangeTable::remove(std::uint32_t id) noexcept {
  OpenChange* const end = open_.data() + count_;
  OpenChange* const place = place_of(id);
  if (place == nullptr) return;
  std::copy(place + 1, end, place);
  open_[--count_] = {};
}

bool ChangeTable::is_sound() const noexcept {
  if (count_ > kOpenMax) return false;
  std::uint32_t last = 0;
  for (const OpenChange& change : open()) {
    if (change.id <= last || change.id > last_id_ || change.kind > ChangeKind::Override ||
        change.state > ChangeState::InForce || change.needs_approval > 1 ||
        change.role > config::Role::Operator) {
      return false;
    }
    last = change.id;
  }
  return true;
}

// --- what people say

const char* ChangeTable::problem_of(const ChangeRecord& record) const noexcept {
  if (record.step == ChangeStep::Propose) {
    if (record.id != next_id()) return "the change has not the next number";
    if (count_ == kOpenMax) return "too many changes are open";
    if (record.kind > ChangeKind::Override || record.needs_approval > 1)
      return "not a change of this version";
    if (record.kind == ChangeKind::Override && record.expires_at <= record.time)
      return "an override must expire later than now";
    if (record.kind == ChangeKind::Override && record.expires_at <= record.effective_at)
      return "an override must expire later than it begins";
    return nullptr;
  }
  const OpenChange* const change = find(record.id);
  if (change == nullptr) return "there is no open change of this number";
  switch (record.step) {
    case ChangeStep::Approve:
      if (change->state == ChangeState::InForce) return "the change is in force already";
      if (change->needs_approval == 0) return "the change needs no approval";
      if (change->state == ChangeState::Approved) return "the change is approved already";
      if (change->by == record.by) return "who has proposed a change cannot approve it";
      return nullptr;
    case ChangeStep::Refuse:
    case ChangeStep::Withdraw:
      return change->state == ChangeState::InForce ? "the change is in force already" : nullptr;
    case ChangeStep::Lapse:
      return nullptr;
    case ChangeStep::Propose:
      break;
  }
  return "not a change of this version";
}

void ChangeTable::apply(const ChangeRecord& record) noexcept {
  switch (record.step) {
    case ChangeStep::Propose:
      open_[count_++] = {.proposed_at = record.time,
                         .effective_at = record.effective_at,
                         .expires_at = record.expires_at,
                         .hash = record.hash,
                         .by = record.by,
                         .reason = record.reason,
                         .approver = {},
                         .id = record.id,
                         .kind = record.kind,
                         .state = ChangeState::Proposed,
                         .needs_approval = record.needs_approval,
                         .role = record.role};
      last_id_ = record.id;
      return;
    case ChangeStep::Approve: {
      OpenChange& change = *place_of(record.id);
      change.state = ChangeState::Approved;
      change.approver = record.by;
      return;
    }
    case ChangeStep::Refuse:
    case ChangeStep::Withdraw:
    case ChangeStep::Lapse:
      remove(record.id);
      return;
  }
}

// --- what comes into force

const char* ChangeTable::problem_of(const ParametersRecord& record) const noexcept {
  if (record.change == 0) return nullptr;
  const OpenChange* const change = find(record.change);
  if (change == nullptr) return "parameters of a change that is not open";
  if (record.cause == ParametersCause::Expiry) {
    if (change->state != ChangeState::InForce) return "the end of a change that is not in force";
    return record.time < change->expires_at ? "the end of a change that has not expired" : nullptr;
  }
  if (record.cause != cause_of(change->kind)) return "parameters of another kind of change";
  if (change->state == ChangeState::InForce) return "the change is in force already";
  if (!change->may_begin()) return "the change is not approved";
  if (record.time < change->effective_at) return "it is too early for the change";
  return nullptr;
}

void ChangeTable::apply(const ParametersRecord& record) noexcept {
  if (record.change != 0 && record.cause == ParametersCause::Override) {
    place_of(record.change)->state = ChangeState::InForce;
    return;
  }
  if (record.change != 0) remove(record.change);
  if (record.cause != ParametersCause::Reload) return;
  // What else was proposed as a whole was so beside another configuration, and would undo this one.
  for (std::uint32_t at = count_; at-- > 0;)
    if (open_[at].kind == ChangeKind::Reload) remove(open_[at].id);
}

// --- time

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t end_ns(const OpenChange& change) {
  return change.kind == ChangeKind::Override ? change.expires_at.ns : kNever;
}

}  // namespace

std::optional<DueChange> first_due(const ChangeTable& table, std::int64_t now_ns) {
  std::optional<DueChange> first;
  const auto consider = [&](const DueChange& due) {
    const bool is_earlier =
        !first || due.at_ns < first->at_ns ||
        (due.at_ns == first->at_ns && first->step == DueStep::Begin && due.step != DueStep::Begin);
    if (due.at_ns <= now_ns && is_earlier) first = due;
  };
  for (const OpenChange& change : table.open()) {
    const bool is_in_force = change.state == ChangeState::InForce;
    if (end_ns(change) <= now_ns) {
      consider({change.id, is_in_force ? DueStep::End : DueStep::Lapse, end_ns(change)});
    } else if (!is_in_force && change.may_begin()) {
      consider({change.id, DueStep::Begin, change.effective_at.ns});
    }
  }
  return first;
}

std::int64_t next_due_ns(const ChangeTable& table, std::int64_t now_ns) {
  std::int64_t next = kNever;
  for (const OpenChange& change : table.open()) {
    if (end_ns(change) > now_ns) next = std::min(next, end_ns(change));
    if (change.may_begin() && change.effective_at.ns > now_ns)
      next = std::min(next, change.effective_at.ns);
  }
  return next;
}

}  // namespace portcullis::gateway::gate
